package keys_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/entable/entable/internal/keys"
)

func TestApart(t *testing.T) {
	of := func(prefix, separator string, s ...keys.Segment) *keys.Pattern {
		return compile(t, prefix, separator, s...)
	}
	row := func(p ...*keys.Pattern) []*keys.Pattern { return p }
	id, other, n := comp("id", keys.Text), comp("other", keys.Text), wide(keys.Int, 4)
	u4, u5 := keys.Segment{Attr: "u", Kind: keys.Uint, Width: 4}, keys.Segment{Attr: "u", Kind: keys.Uint, Width: 5}
	tests := []struct {
		where    string
		a, b     []*keys.Pattern
		ok       bool
		examples []string
	}{
		{where(), row(of("A", "#", id)), row(of("B", "#", id)), true, nil},
		{where(), row(of("A", "#", id), of("S", "#", n)), row(of("A", "#", id), of("T", "#", n)), true, nil},
		{where(), row(of("A", "#", id), of("", "#", n)), row(of("A", "#", id), of("", "#", other)), false, []string{"A#x", "0000"}},
		{where(), row(), row(), false, nil}, // no key is a string

		// One attribute in two keys.
		{where(), row(of("", "#", id), of("", "#", id)), row(of("L", "#"), of("R", "#")), true, nil},
		{where(), row(of("", "#", id), of("", "#", id)), row(of("L", "#"), of("L", "#")), false, []string{"L", "L"}},
		{where(), row(of("", "#", id), of("", "#", id)), row(of("L", "#"), of("", "#", other)), false, []string{"L", "L"}},
		{where(), row(of("", "#", id), of("", "#", id)), row(of("", "#", n), of("", "#", u4)), false, []string{"0000", "0000"}},
		{where(), row(of("", "#", id), of("", "#", id)), row(of("", "#", n), of("", "#", comp("b", keys.Bool))), true, nil},
		{where(), row(of("", "#", id), of("", "#", id)), row(of("", "#", n), of("", "#", u5)), true, nil},
		{where(), row(of("", "#", n), of("", "#", wide(keys.Int, 6))), row(of("", "#", lit("0017")), of("", "#", lit("000017"))), false, []string{"0017", "000017"}},
		{where(), row(of("", "#", n), of("", "#", wide(keys.Int, 6))), row(of("", "#", lit("0017")), of("", "#", lit("000018"))), true, nil},
		{where(), row(of("", "#", n), of("", "#", wide(keys.Int, 6))), row(of("", "#", lit("0017")), of("", "#", id)), false, []string{"0017", "000017"}},
		{where(), row(of("", "#", wide(keys.Int, 6)), of("", "#", n)), row(of("", "#", lit("123456")), of("", "#", id)), true, nil},
		// A space stays as it is only at the end of a key.
		{where(), row(of("", "#", id, n), of("", "#", id)), row(of("", "#", other, n), of("", "#", lit("a b"))), false, []string{"a%20b#0000", "a b"}},
		{where(), row(of("", "#", id, n), of("", "#", id)), row(of("", "#", lit("a"), n), of("", "#", lit("a b"))), true, nil},
		{where(), row(of("", "#", id, id, id)), row(of("", "#", n, other, u5)), true, nil},
		// Of two separators only what is found to fit.
		{where(), row(of("", "#", id), of("", "#", id)), row(of("", "|", n), of("", "|", n)), false, []string{"0000", "0000"}},
	}
	for _, tt := range tests {
		for i, pair := range [][2][]*keys.Pattern{{tt.a, tt.b}, {tt.b, tt.a}} {
			ok, examples := keys.Apart(pair[0], pair[1])
			if ok != tt.ok || i == 0 && !slices.Equal(examples, tt.examples) {
				t.Errorf("%s: Apart(%s, %s) is %t, %q", tt.where, pair[0], pair[1], ok, examples)
			}
		}
	}
}

// TestSetMeetsWhatIsNotApart compares the search in a set with the comparison of
// all pairs.
func TestSetMeetsWhatIsNotApart(t *testing.T) {
	r := seeded(t)
	met := 0
	for range 200 {
		var set keys.Set
		var all [][]*keys.Pattern
		for range 100 {
			row := randomRow(t, r)
			want := slices.ContainsFunc(all, func(o []*keys.Pattern) bool {
				apart, _ := keys.Apart(row, o)
				return !apart
			})
			id, examples, found := set.Meets(row)
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

// randomRow is the two keys of a kind of items, made of few texts and forms.
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
