package docs_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// called are methods that the standard library calls in a user's place.
var called = []string{"Error", "Is", "Unwrap", "String", "GoString", "LogValue"}

// examples is what the Examples of a package show.
type examples struct {
	named map[string]bool // "Table_Diff": has one of its own
	used  map[string]bool // "entable.Path", ".Diff": is used in one, or in what they share
}

// publicPackages returns the folders of the packages that other modules can import.
func publicPackages(t *testing.T) (folders []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		base := entry.Name()
		if name != "." && (strings.HasPrefix(base, ".") || slices.Contains([]string{"internal", "testdata", "cmd", "docs", "examples"}, base)) {
			return fs.SkipDir
		}
		if files, _ := fs.Glob(os.DirFS(root), path.Join(name, "*.go")); len(files) > 0 {
			folders = append(folders, name)
		}
		return nil
	})
	if err != nil || len(folders) < 9 {
		t.Fatalf("%v, %v", folders, err)
	}
	return folders
}

// parsed returns a package's documentation and what its Examples show.
func parsed(t *testing.T, folder string) (*doc.Package, examples) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var code, tests []*ast.File
	shown := examples{map[string]bool{}, map[string]bool{}}
	for _, name := range names {
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case !strings.HasSuffix(name, "_test.go"):
			code = append(code, file)
		case strings.HasPrefix(filepath.Base(name), "example"): // with what Examples share
			shown.use(file)
			fallthrough
		default:
			tests = append(tests, file)
		}
	}
	for _, e := range doc.Examples(tests...) {
		shown.named[e.Name] = e.Output != "" || e.EmptyOutput || folder == "entabletest" // whose functions take a test
		shown.use(e.Code)
	}
	p, err := doc.NewFromFiles(set, code, folder)
	if err != nil {
		t.Fatal(err)
	}
	return p, shown
}

func (e examples) use(code ast.Node) {
	ast.Inspect(code, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			e.used["."+s.Sel.Name] = true
			if x, ok := s.X.(*ast.Ident); ok {
				e.used[x.Name+"."+s.Sel.Name] = true
			}
		}
		return true
	})
}

// Each public function, method and type of error has an Example or is used in one. Methods count by their names: what a query and a
// scan have in common is shown once.
func TestPublicNamesHaveExamples(t *testing.T) {
	found := 0
	for _, folder := range publicPackages(t) {
		p, shown := parsed(t, folder)
		check := func(name, use string) {
			found++
			if !shown.named[strings.ReplaceAll(name, ".", "_")] && !shown.used[use] {
				t.Errorf("%s.%s has no Example and is used in none", p.Name, name)
			}
		}
		functions := p.Funcs
		for _, typ := range p.Types {
			functions = append(functions, typ.Funcs...)
			for _, m := range typ.Methods {
				if !slices.Contains(called, m.Name) {
					check(typ.Name+"."+m.Name, "."+m.Name)
				}
				if m.Name == "Error" {
					check(typ.Name, p.Name+"."+typ.Name)
				}
			}
		}
		for _, f := range functions {
			check(f.Name, p.Name+"."+f.Name)
		}
	}
	if found < 300 {
		t.Errorf("%d names found", found)
	}
}
