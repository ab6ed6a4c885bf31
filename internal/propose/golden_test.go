package propose_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable/internal/propose"
)

// The files of a few tables, whole: types, tags, names, comments. ENTABLE_GOLDEN=1 writes them.
func TestFilesAreAsTheyWere(t *testing.T) {
	for _, name := range []string{
		"components inside a map", "indexes that share an attribute", "one type value for two kinds", "projections",
		"values of all kinds", "names that are none in Go",
	} {
		all := slices.Concat(forms, odd)
		f := all[slices.IndexFunc(all, func(s stored) bool { return s.name == name })]
		p, err := propose.Propose(f.table, f.items())
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Source("model")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".golden")
		if os.Getenv("ENTABLE_GOLDEN") != "" {
			write(t, file, got)
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
