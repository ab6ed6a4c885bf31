package entable_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const modulePath = "github.com/entable/entable"

// place is a part of the module: a folder with all below it that is not a place of its own.
type place struct {
	folder  string
	imports []string // places that its code may import, besides itself
	tests   []string // and those that its tests may import as well
	stdOnly bool     // nothing from outside the module but the standard library
	never   []string // packages that its code, tests aside, may not import, whatever else may
}

// places are the arrows of the architecture. Above all, the in-process DynamoDB (memory, engine) and the mapper share
// no code, not even in tests: it gets bytes and expression text, as the real service does, so that
// one bug cannot pass on both sides.
var places = []place{
	{folder: ".", imports: []string{"internal/schema", "internal/manifest", "internal/change", "internal/codec", "internal/wire", "internal/route", "internal/cursor", "internal/work", "internal/audit", "internal/aggregate", "internal/bridge"}, tests: []string{"memory", "seal", "internal/enginetest"}},
	{folder: "internal/schema", imports: []string{"internal/keys", "internal/codec", "internal/wire", "internal/manifest"}, tests: []string{"seal"}, never: requests},
	{folder: "internal/route", imports: []string{"internal/wire", "internal/lean"}},
	{folder: "internal/lean"},
	{folder: "internal/audit", imports: []string{"internal/route", "internal/schema", "internal/wire", "internal/work"}},
	{folder: "internal/aggregate", imports: []string{"internal/route", "internal/schema", "internal/change", "internal/codec", "internal/wire"}, tests: []string{".", "memory", "internal/enginetest"}},
	{folder: "internal/bridge", imports: []string{"internal/route", "internal/schema"}},
	{folder: "internal/cursor", imports: []string{"internal/wire"}},
	{folder: "seal", stdOnly: true, tests: []string{".", "memory", "internal/enginetest"}},
	{folder: "internal/work", stdOnly: true},
	{folder: "internal/keys", stdOnly: true},
	{folder: "internal/manifest", stdOnly: true},
	{folder: "internal/change", imports: []string{"internal/codec", "internal/wire"}, never: requests},
	{folder: "internal/codec", imports: []string{"internal/wire"}, tests: []string{"memory", "internal/ddblocal"}},
	{folder: "internal/wire", tests: []string{"memory", "internal/ddblocal"}},
	{folder: "stream", imports: []string{".", "internal/work"}, tests: []string{"memory", "seal", "internal/ddblocal"}},
	{folder: "hotkeys", imports: []string{"."}, tests: []string{"memory", "internal/enginetest"}},
	{folder: "progress", stdOnly: true, tests: []string{".", "memory"}},
	{folder: "infra", imports: []string{".", "internal/manifest", "internal/wire"}, tests: []string{"memory", "stream", "internal/enginetest"}},
	{folder: "explorer", imports: []string{".", "internal/bridge", "internal/schema", "internal/manifest", "internal/codec", "internal/wire", "internal/route", "internal/cursor", "internal/propose"}, tests: []string{"memory", "seal"}},
	{folder: "internal/browsertest", tests: []string{".", "explorer", "memory", "examples"}},
	{folder: "entabletest", imports: []string{"."}},
	{folder: "memory", imports: []string{"internal/engine"}, tests: []string{"internal/ddblocal"}},
	{folder: "internal/engine", tests: []string{"memory", "internal/ddblocal"}},
	{folder: "internal/ddblocal"},
	{folder: "internal/enginetest", imports: []string{".", "memory", "internal/ddblocal"}},
	{folder: "internal/trial", stdOnly: true},
	{folder: "internal/forms", tests: []string{".", "memory", "internal/ddblocal", "internal/wire"}},
	{folder: "internal/twin", tests: []string{".", "memory", "seal", "internal/enginetest"}},
	{folder: "internal/moved", tests: []string{".", "memory", "internal/enginetest"}},
	{folder: "internal/bench", imports: []string{".", "memory", "internal/engine", "internal/schema", "internal/codec", "internal/wire", "internal/keys", "internal/ddblocal"}},
	{folder: "cmd/entable", imports: []string{"internal/propose", "progress"}, tests: []string{"memory"}},
	{folder: "internal/propose", imports: []string{"internal/schema", "internal/codec", "internal/keys", "internal/wire"}, tests: []string{"memory"}},
	{folder: "internal/propose/proposetest", imports: []string{"internal/propose"}},
	{folder: "docs", tests: []string{".", "memory", "stream", "infra", "entabletest", "seal"}},
	{folder: "examples", imports: []string{".", "memory", "explorer", "progress", "stream"}, tests: []string{"internal/ddblocal", "internal/propose/proposetest", "entabletest"}},
}

// everyTest is what the tests of all places may import besides. It and internal/enginetest are for tests alone: no code may.
const everyTest = "internal/trial"

// requests are what packages that send nothing do not know. The values of the service, its package types, are no requests.
var requests = []string{"context", "net/http", "github.com/aws/aws-sdk-go-v2/service/dynamodb"}

// placeOf returns the place that folder is in. The root is the one folder that does not take in what is below it.
func placeOf(folder string) (place, bool) {
	for f := folder; f != "." || folder == "."; f = path.Dir(f) {
		if i := slices.IndexFunc(places, func(p place) bool { return p.folder == f }); i >= 0 {
			return places[i], true
		}
	}
	return place{}, false
}

// wrongImports lists the imports below fsys, the module's root, that go against the arrows. It parses the files itself,
// whatever their build constraints, so that the test cache sees each file that the result depends on.
func wrongImports(fsys fs.FS) (wrong []string, err error) {
	files := token.NewFileSet()
	err = fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(files, name, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if reason := wrongImport(name, imported); reason != "" {
				wrong = append(wrong, fmt.Sprintf("%s: %s", files.Position(spec.Pos()), reason))
			}
		}
		return nil
	})
	return wrong, err
}

func wrongImport(file, imported string) string {
	test := strings.HasSuffix(file, "_test.go")
	from, ok := placeOf(path.Dir(file))
	if !ok {
		return fmt.Sprintf("%s belongs to no place: add it to the table in imports_test.go", path.Dir(file))
	}
	if slices.Contains(from.never, imported) && !test {
		return fmt.Sprintf("%s sends nothing and may not import %s", from.folder, imported)
	}
	rest, ours := strings.CutPrefix(imported+"/", modulePath+"/")
	if !ours {
		first, _, _ := strings.Cut(imported, "/")
		if from.stdOnly && !test && strings.Contains(first, ".") {
			return fmt.Sprintf("%s may only import the standard library, not %s", from.folder, imported)
		}
		return ""
	}
	to, ok := placeOf(path.Clean(rest))
	if !ok {
		return fmt.Sprintf("import of %s, which belongs to no place", imported)
	}
	allowed := to.folder == from.folder || slices.Contains(from.imports, to.folder) || test && (to.folder == everyTest || slices.Contains(from.tests, to.folder))
	if allowed {
		return ""
	}
	return fmt.Sprintf("%s may not import %s", from.folder, to.folder)
}

func TestImportsFollowTheArchitecture(t *testing.T) {
	wrong, err := wrongImports(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
}

func TestImportCheckSeesWrongArrows(t *testing.T) {
	for _, test := range []struct {
		file, imports, want string // want is empty where the import is right
	}{
		{"table.go", "internal/codec", ""},
		{"table.go", "internal/schema", ""},
		{"table.go", "internal/manifest", ""},
		{"internal/manifest/lock.go", "internal/keys", "internal/manifest may not import internal/keys"},
		{"internal/manifest/lock.go", "", "internal/manifest may not import ."},
		{"table.go", "memory", ". may not import memory"},
		{"table_test.go", "memory", ""},
		{"table_test.go", "internal/engine/value", ". may not import internal/engine"},
		{"table_windows.go", "internal/engine", ". may not import internal/engine"},
		{"table.go", "internal/ddblocal", ". may not import internal/ddblocal"},
		{"update.go", "internal/change", ""},
		{"internal/change/apply.go", "internal/codec", ""},
		{"internal/change/apply.go", "", "internal/change may not import ."},
		{"internal/change/apply_test.go", "memory", "internal/change may not import memory"},
		{"internal/codec/plan.go", "internal/change", "internal/codec may not import internal/change"},
		{"internal/codec/plan.go", "internal/wire", ""},
		{"internal/codec/plan.go", "internal/keys", "internal/codec may not import internal/keys"},
		{"internal/wire/call.go", "internal/codec", "internal/wire may not import internal/codec"},
		{"internal/wire/call.go", "", "internal/wire may not import ."},
		{"internal/engine/put.go", "internal/engine/expr", ""},
		{"internal/engine/expr/parse.go", "internal/wire", "internal/engine may not import internal/wire"},
		{"internal/engine/expr/parse_test.go", "internal/keys", "internal/engine may not import internal/keys"},
		{"memory/memory.go", "internal/engine", ""},
		{"memory/memory.go", "", "memory may not import ."},
		{"memory/memory_test.go", "internal/codec", "memory may not import internal/codec"},
		{"stream/record.go", "", ""},
		{"stream/record.go", "internal/wire", "stream may not import internal/wire"},
		{"infra/terraform_test.go", "memory", ""},
		{"explorer/read.go", "internal/bridge", ""},
		{"explorer/read.go", "memory", "explorer may not import memory"},
		{"internal/bridge/bridge.go", "", "internal/bridge may not import ."},
		{"stream/record.go", "internal/bridge", "stream may not import internal/bridge"},
		{"infra/terraform.go", "memory", "infra may not import memory"},
		{"seal/ring_test.go", "internal/enginetest", ""},
		{"seal/ring.go", "internal/enginetest", "seal may not import internal/enginetest"},
		{"internal/engine/put_test.go", "internal/enginetest", "internal/engine may not import internal/enginetest"},
		{"internal/engine/put_test.go", "internal/trial", ""},
		{"internal/keys/keys.go", "internal/trial", "internal/keys may not import internal/trial"},
		{"table.go", "stream", ". may not import stream"},
		{"examples/devices/main.go", "memory", ""},
		{"examples/devices/main.go", "", ""},
		{"examples/devices/main.go", "internal/keys", "examples may not import internal/keys"},
		{"cmd/entable/main.go", "internal/propose", ""},
		{"internal/propose/check.go", "internal/schema", ""},
		{"internal/propose/check.go", "", "internal/propose may not import ."},
		{"examples/devices/main.go", "internal/propose/proposetest", "examples may not import internal/propose/proposetest"},
		{"examples/devices/propose_test.go", "internal/propose/proposetest", ""},
		{"internal/bench/run.go", "internal/codec", ""},
		{"table_test.go", "internal/bench", ". may not import internal/bench"},
		{"internal/new/new.go", "internal/wire", "internal/new belongs to no place: add it to the table in imports_test.go"},
		{"table.go", "internal/new", "import of " + modulePath + "/internal/new, which belongs to no place"},
	} {
		imported := strings.TrimSuffix(modulePath+"/"+test.imports, "/")
		checkWrongImports(t, test.file, imported, test.want)
	}
	checkWrongImports(t, "internal/schema/span.go", "context", "internal/schema sends nothing and may not import context")
	checkWrongImports(t, "internal/schema/span_test.go", "context", "")
	checkWrongImports(t, "internal/change/apply.go", "github.com/aws/aws-sdk-go-v2/service/dynamodb",
		"internal/change sends nothing and may not import github.com/aws/aws-sdk-go-v2/service/dynamodb")
	checkWrongImports(t, "internal/schema/span.go", "github.com/aws/aws-sdk-go-v2/service/dynamodb/types", "")
	checkWrongImports(t, "internal/keys/keys.go", "unicode/utf8", "")
	checkWrongImports(t, "internal/keys/keys_test.go", "github.com/google/go-cmp/cmp", "")
	checkWrongImports(t, "internal/keys/keys.go", "github.com/google/uuid", "internal/keys may only import the standard library, not github.com/google/uuid")
	checkWrongImports(t, "internal/manifest/manifest.go", "github.com/aws/aws-sdk-go-v2/service/dynamodb/types", "internal/manifest may only import the standard library, not github.com/aws/aws-sdk-go-v2/service/dynamodb/types")
}

func checkWrongImports(t *testing.T, file, imported, want string) {
	t.Helper()
	src := "//go:build never\n\npackage p\n\nimport _ " + strconv.Quote(imported) + "\n"
	wrong, err := wrongImports(fstest.MapFS{file: {Data: []byte(src)}})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(wrong, "\n")
	if want != "" {
		want = file + ":5:8: " + want
	}
	if got != want {
		t.Errorf("%s imports %s: got %q, want %q", file, imported, got, want)
	}
}
