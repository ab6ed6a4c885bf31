package keys_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/trial"
)

// TestSetMeetsWhatIsNotApart compares the search in a set with the comparison of
// all pairs.
func TestSetMeetsWhatIsNotApart(t *testing.T) {
	r := trial.Rand(t)
	met := 0
	for range 25 {
		var set keys.Set
		var all [][]*keys.Pattern
		for range 100 {
			row := randomRow(t, r)
			want := slices.ContainsFunc(all, func(o []*keys.Pattern) bool {
				apart, _ := keys.Apart(row, o)
				return !apart
			})
			id, examples, found := set.Meets(row, nil)
			if found != want {
				t.Fatalf("%s meets one of %s: %t, want %t", row, all, found, want)
			}
			if !found {
				set.Add(len(all), row)
				all = append(all, row)
				continue
			}
			met++
			apart, same := keys.Apart(row, all[id])
			if apart || !slices.Equal(examples, same) {
				t.Fatalf("%s meets %s: apart %t, examples %q and %q", row, all[id], apart, examples, same)
			}
		}
	}
	if met == 0 {
		t.Error("nothing met")
	}
}

// randomRow returns the two keys of a kind of items, made of few texts and forms.
func randomRow(t *testing.T, r *rand.Rand) (row []*keys.Pattern) {
	for range 2 {
		var s []keys.Segment
		for range 1 + r.IntN(3) {
			s = append(s, []keys.Segment{lit("x"), lit("xx"), lit("0"), comp("id", keys.Text), wide(keys.Int, 1), comp("b", keys.Bool)}[r.IntN(6)])
		}
		row = append(row, compile(t, []string{"", "P", "x"}[r.IntN(3)], []string{"#", "#", "#", "|"}[r.IntN(4)], s...))
	}
	return row
}
