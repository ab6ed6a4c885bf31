package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/ddblocal"
	"github.com/entable/entable/memory"
)

// std is what go list says of the standard library, read in another way than the program does.
var std = sync.OnceValues(func() (map[string]listed, error) {
	const lines = `{{.ImportPath}} {{.Name}}|{{join .GoFiles " "}}|{{join .TestGoFiles " "}}|{{join .XTestGoFiles " "}}|{{join .Imports " "}}`
	out, err := exec.Command("go", "list", "-f", lines, "std").Output()
	if err != nil {
		return nil, fmt.Errorf("cannot run go list: %w", err)
	}
	packages := map[string]listed{}
	for line := range strings.Lines(string(out)) {
		part := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		path, name, _ := strings.Cut(part[0], " ")
		packages[path] = listed{
			ImportPath:   path,
			Name:         name,
			GoFiles:      strings.Fields(part[1]),
			TestGoFiles:  strings.Fields(part[2]),
			XTestGoFiles: strings.Fields(part[3]),
			Imports:      strings.Fields(part[4]),
		}
	}
	return packages, nil
})

func listStd(t *testing.T) map[string]listed {
	t.Helper()
	packages, err := std()
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// summary is the last line of the program, without the time.
func summary(packages map[string]listed) string {
	files, imports := 0, 0
	for _, p := range packages {
		files += len(p.GoFiles)
		imports += len(p.Imports)
	}
	return fmt.Sprintf("packages=%d files=%d imports=%d written=", len(packages), files, imports)
}

func TestAgreesWithGoList(t *testing.T) {
	want := listStd(t)
	var out bytes.Buffer
	if err := run(t.Context(), memory.New().Client(), goList(t.Context(), io.Discard, "std"), questions{}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), summary(want)) {
		t.Errorf("the summary is %q, want %q", out.String(), summary(want))
	}
	importers := map[string][]string{}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		checkCollection(t, want[path])
		for _, imported := range want[path].Imports {
			importers[imported] = append(importers[imported], path)
		}
	}
	for imported, want := range importers {
		checkImporters(t, imported, want)
	}
}

func checkCollection(t *testing.T, want listed) {
	t.Helper()
	items, err := Tree.Get(t.Context(), Package{ImportPath: want.ImportPath})
	if err != nil {
		t.Fatal(err)
	}
	if items.Package == nil {
		t.Errorf("package %s is not in the table", want.ImportPath)
		return
	}
	got := listed{ImportPath: items.Package.ImportPath, Name: items.Package.Name}
	for _, f := range items.Sources {
		got.GoFiles = append(got.GoFiles, f.File)
	}
	for _, f := range items.Tests {
		if f.External {
			got.XTestGoFiles = append(got.XTestGoFiles, f.File)
		} else {
			got.TestGoFiles = append(got.TestGoFiles, f.File)
		}
	}
	for _, i := range items.Imports {
		got.Imports = append(got.Imports, i.Imported)
	}
	for _, names := range [][]string{want.GoFiles, want.TestGoFiles, want.XTestGoFiles, want.Imports} {
		slices.Sort(names) // as sort keys are; go list sorts them, too, but does not say so
	}
	if diff := cmp.Diff(want, got, cmpEmptyIsNil); diff != "" {
		t.Errorf("package %s differs from go list (-want +got):\n%s", want.ImportPath, diff)
	}
}

// cmpEmptyIsNil makes no difference between a list without elements and none.
var cmpEmptyIsNil = cmp.Transformer("list", func(s []string) string { return strings.Join(s, "\n") })

func checkImporters(t *testing.T, imported string, want []string) {
	t.Helper()
	var out bytes.Buffer
	if err := printImporters(t.Context(), imported, &out); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(want, "\n") + fmt.Sprintf("\n%d packages import %s\n", len(want), imported)
	if diff := cmp.Diff(text, out.String()); diff != "" {
		t.Errorf("-importers %s differs from go list (-want +got):\n%s", imported, diff)
	}
}

// twoPackages have import paths that no real list has: the table of an -endpoint may hold one.
const twoPackages = `
{"ImportPath": "test/a/b", "Name": "b", "Doc": "Package b is here.", "GoFiles": ["x.go", "y.go"], "Imports": ["test/fmt", "test/io"],
 "TestGoFiles": ["x_test.go"], "XTestGoFiles": ["example_test.go"], "Unknown": {"to": ["us"]}}
{"ImportPath": "test/a", "Name": "main", "GoFiles": ["a.go"], "Imports": ["test/fmt"]}`

func TestPrintsAnswersAndSummary(t *testing.T) {
	for _, engine := range []struct {
		name   string
		client func(*testing.T) *dynamodb.Client
	}{
		{"memory", func(*testing.T) *dynamodb.Client { return memory.New().Client() }},
		{"endpoint", func(t *testing.T) *dynamodb.Client {
			server := httptest.NewServer(memory.New())
			t.Cleanup(server.Close)
			return connect(server.URL)
		}},
		{"DynamoDB Local", func(t *testing.T) *dynamodb.Client { return connect(ddblocal.Endpoint(t)) }},
	} {
		t.Run(engine.name, func(t *testing.T) {
			var out, messages bytes.Buffer
			q := questions{packagePath: "test/a/b", importersOf: "test/fmt"}
			if err := run(t.Context(), engine.client(t), decode(strings.NewReader(twoPackages)), q, &out, &messages); err != nil {
				t.Fatal(err)
			}
			want := `package b // import "test/a/b"
Package b is here.
2 source files
	x.go
	y.go
2 test files
	example_test.go (external)
	x_test.go
2 imports
	test/fmt
	test/io
test/a
test/a/b
2 packages import test/fmt
packages=2 files=3 imports=3 written=10 seconds=`
			got, _, _ := strings.Cut(out.String(), "seconds=")
			if diff := cmp.Diff(want, got+"seconds="); diff != "" {
				t.Errorf("the output differs (-want +got):\n%s", diff)
			}
			if messages.Len() > 0 {
				t.Errorf("%q is written to what is no terminal", &messages)
			}
		})
	}
}

// countingClient counts queries.
type countingClient struct {
	*dynamodb.Client
	queries int
}

func (c *countingClient) Query(ctx context.Context, in *dynamodb.QueryInput, opts ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	c.queries++
	return c.Client.Query(ctx, in, opts...)
}

func TestReadsAPackageWithOneQuery(t *testing.T) {
	client := memory.New().Client()
	if err := run(t.Context(), client, decode(strings.NewReader(twoPackages)), questions{}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	counting := &countingClient{Client: client}
	if err := printPackage(entable.WithClient(t.Context(), counting), "test/a/b", io.Discard); err != nil {
		t.Fatal(err)
	}
	if counting.queries != 1 {
		t.Errorf("it sends %d queries, want 1", counting.queries)
	}
}

// changedPackages is twoPackages after some work on it: another comment, a file more, a file and an
// import less, a test that has become internal.
const changedPackages = `
{"ImportPath": "test/a/b", "Name": "b", "Doc": "Package b has moved.", "GoFiles": ["x.go", "z.go"], "Imports": ["test/fmt"],
 "TestGoFiles": ["x_test.go", "example_test.go"]}
{"ImportPath": "test/a", "Name": "main", "GoFiles": ["a.go"], "Imports": ["test/fmt"]}`

func TestSendsOnlyWhatHasChanged(t *testing.T) {
	client := memory.New().Client()
	for _, load := range []struct{ list, written string }{
		{twoPackages, " written=10 "},
		{twoPackages, " written=0 "},
		{changedPackages, " written=5 "}, // the package, z.go, y.go, example_test.go, test/io
	} {
		var out bytes.Buffer
		if err := run(t.Context(), client, decode(strings.NewReader(load.list)), questions{}, &out, io.Discard); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.Contains(got, load.written) {
			t.Errorf("the summary is %q, want %q", got, load.written)
		}
	}
	checkCollection(t, listed{
		ImportPath: "test/a/b", Name: "b", GoFiles: []string{"x.go", "z.go"}, Imports: []string{"test/fmt"},
		TestGoFiles: []string{"example_test.go", "x_test.go"},
	})
	checkImporters(t, "test/fmt", []string{"test/a", "test/a/b"})
}

func TestReportsWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name, list string
		q          questions
		want       string
	}{
		{"cut list", `{"ImportPath": "a"} {"ImportPath": "b", "Na`, questions{}, "cannot read package 2 of the list: unexpected EOF"},
		{"no JSON", "std\n", questions{}, "cannot read package 1 of the list: invalid character 's' looking for beginning of value"},
		{"not go list", `{"Path": "a"}`, questions{}, "cannot read package 1 of the list: it has no ImportPath"},
		{"file without a name", `{"ImportPath": "a", "GoFiles": [""]}`, questions{}, `entable: batch: 2 of 2 writes failed, the first at 1, SourceFile: cannot build key sk: attribute "file": text is empty`},
		{"unknown package", `{"ImportPath": "a"}`, questions{packagePath: "b"}, "package b is not in the table"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			err := run(t.Context(), memory.New().Client(), decode(strings.NewReader(test.list)), test.q, &out, io.Discard)
			if err == nil || err.Error() != test.want {
				t.Errorf("the error is %v, want %s", err, test.want)
			}
			if out.Len() > 0 {
				t.Errorf("it prints %q all the same", &out)
			}
		})
	}
}

func TestShowsErrorsOfGoList(t *testing.T) {
	var stderr bytes.Buffer
	err := run(t.Context(), memory.New().Client(), goList(t.Context(), &stderr, "no/such/package"), questions{}, io.Discard, io.Discard)
	if err == nil || err.Error() != "cannot run go list no/such/package: exit status 1" {
		t.Errorf("the error is %v", err)
	}
	if !strings.Contains(stderr.String(), "no/such/package") {
		t.Errorf("go list's own message is lost: %q", &stderr)
	}
}

func TestStopsWhenTheContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	endless := func(yield func(listed, error) bool) {
		for n := 0; yield(listed{ImportPath: fmt.Sprint("p", n)}, nil); n++ {
			if n == 100 {
				cancel()
			}
		}
	}
	if err := run(ctx, memory.New().Client(), endless, questions{}, io.Discard, io.Discard); err == nil {
		t.Error("it ends without an error")
	}
}
