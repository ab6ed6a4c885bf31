package propose_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable/internal/propose"
)

var zone = time.FixedZone("", 2*3600)

func TestFormsArePlaced(t *testing.T) {
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) { checkForm(t, f) })
	}
}

// checkForm compares the kinds that are proposed for a table with those that it has.
func checkForm(t *testing.T, f stored) {
	p, err := propose.Propose(f.table, f.items())
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range p.Unplaced {
		t.Errorf("%d items are not placed, such as %s: %s", u.Items, strings.Join(u.Keys, "; "), u.Reason)
	}
	var got []string
	for _, k := range p.Kinds {
		got = append(got, k.String())
	}
	slices.Sort(got)
	if diff := cmp.Diff(f.want, got); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	source, err := p.Source("model")
	if err != nil {
		t.Fatal(err)
	}
	if t.Failed() {
		t.Logf("%s", source)
	}
}
