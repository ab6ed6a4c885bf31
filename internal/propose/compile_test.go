package propose_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/entable/entable/internal/propose"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/internal/wire"
)

// program declares proposals, puts their items into tables as they are stored, reads them with the types and writes them
// again, all with what users have.
const program = `package main

import (
	"context"
	"fmt"
	"os"
	"reflect"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"

%s)

func main() {
%s}

func try(name string, table *entable.Table, rewrite ...func(context.Context) error) {
	ctx := context.Background()
	db := memory.New()
	defer db.Close()
	table.Use(db.Client())
	must(table.CreateTable(ctx))
	in, err := os.Open(name + "/items.jsonl")
	must(err)
	must(db.SeedJSON(table.Name(), in))
	before, err := db.Items(table.Name())
	must(err)
	for finding, err := range table.Audit(ctx, entable.AuditOptions{}) {
		must(err)
		fmt.Printf("%%s: the audit finds %%s\n", name, finding)
	}
	differences, err := table.Diff(ctx)
	must(err)
	for _, d := range differences {
		fmt.Printf("%%s: the table differs: %%v\n", name, d)
	}
	for _, f := range rewrite {
		must(f(ctx))
	}
	after, err := db.Items(table.Name())
	must(err)
	if !reflect.DeepEqual(before, after) {
		fmt.Printf("%%s: the items are others when they are written again\n", name)
	}
	fmt.Printf("%%s: %%d items are the same\n", name, len(after))
}

func all[T any](e *entable.Entity[T]) func(context.Context) error {
	return func(ctx context.Context) error {
		for v, err := range e.Scan().All(ctx) {
			if err != nil {
				return err
			}
			if err := e.Put(ctx, v); err != nil {
				return err
			}
		}
		return nil
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
`

// The files of all tables compile.
func TestProposalsCompile(t *testing.T) {
	files := token.NewFileSet()
	compiled := importer.ForCompiler(files, "gc", exports(t))
	for _, f := range slices.Concat(forms, odd) {
		p, err := propose.Propose(f.table, f.items())
		if err != nil {
			t.Fatal(err)
		}
		source, err := p.Source("model")
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(files, f.name, source, parser.ParseComments)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		config := types.Config{Importer: compiled, Error: func(err error) { t.Errorf("%s: %v", f.name, err) }}
		_, _ = config.Check("model", files, []*ast.File{file}, nil) // Error is told each
		if again, err := format.Source(source); err != nil || !bytes.Equal(source, again) {
			t.Errorf("%s: it is not formatted: %v", f.name, err)
		}
	}
}

// exports gives what the compiler knows of the packages that a proposal imports.
func exports(t *testing.T) importer.Lookup {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}", "github.com/entable/entable")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		files[path] = file
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}

// They compile in a module of their own, too, and do there with the public package what the check says. ENTABLE_SOAK takes all
// tables, and runs go vet on them; without it every twelfth is tried, from a random one on.
func TestProposalsKeepItems(t *testing.T) {
	dir, first := t.TempDir(), trial.Rand(t).IntN(12)
	t.Logf("every twelfth table, from %d on", first)
	var imports, calls, want strings.Builder
	for i, f := range slices.Concat(forms, odd) {
		if !trial.Soak() && i%12 != first {
			continue
		}
		items := f.items()
		p, err := propose.Propose(f.table, items)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("table%02d", i+1)
		source, err := p.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name, "model.go"), source)
		write(t, filepath.Join(dir, name, "items.jsonl"), lines(t, items))
		fmt.Fprintf(&imports, "\t\"proposals/%s\"\n", name)
		fmt.Fprintf(&calls, "\ttry(%q, %s.Table", name, name)
		for _, k := range p.Kinds {
			fmt.Fprintf(&calls, ", all(%s.%s)", name, k.Var)
		}
		fmt.Fprint(&calls, ")\n")
		fmt.Fprintf(&want, "%s: %d items are the same\n", name, len(items))
	}
	write(t, filepath.Join(dir, "main.go"), fmt.Appendf(nil, program, &imports, &calls))
	module(t, dir)
	if trial.Soak() {
		runGo(t, dir, "vet", "./...")
	}
	if out := runGo(t, dir, "run", "."); out != want.String() {
		t.Errorf("got:\n%s\nwant:\n%s", out, &want)
	}
}

func runGo(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// lines writes items as lines of DynamoDB's JSON.
func lines(t *testing.T, items []propose.Item) []byte {
	t.Helper()
	var out []byte
	for _, item := range items {
		var err error
		if out, err = wire.AppendItem(out, item); err != nil {
			t.Fatal(err)
		}
		out = append(out, '\n')
	}
	return out
}

// module makes dir a module that needs what this one does, and this one as it is here.
func module(t *testing.T, dir string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(text, []byte("\n"))
	head := fmt.Sprintf("module proposals\n\nrequire github.com/entable/entable v0.0.0\n\nreplace github.com/entable/entable => %s\n", root)
	write(t, filepath.Join(dir, "go.mod"), append([]byte(head), rest...))
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.sum"), sums)
}
