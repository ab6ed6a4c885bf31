package keys_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/entable/entable/internal/keys"
)

func TestDisjoint(t *testing.T) {
	of := func(prefix, separator string, s ...keys.Segment) *keys.Pattern {
		return compile(t, prefix, separator, s...)
	}
	id, n := comp("id", keys.Text), comp("n", keys.Int)
	tests := []struct {
		where   string
		a, b    *keys.Pattern
		ok      bool
		example string
	}{
		{where(), of("CD", "#", id), of("CC", "#", id), true, ""},
		{where(), of("CN", "#", id), of("CNI", "#", id), true, ""},
		{where(), of("CD", "#", id), of("CD", "#", comp("other", keys.Text)), false, "CD#x"},
		{where(), of("CD", "#", id), of("CD", "#", id, n), true, ""},
		{where(), of("A", "#"), of("A", "#"), false, "A"},
		{where(), of("A", "#"), of("AB", "#"), true, ""},
		{where(), of("A", "#"), of("A", "#", id), true, ""},
		{where(), of("A", "#"), of("", "#", id), false, "A"},
		{where(), of("O", "#", id, lit("LINE")), of("O", "#", id, lit("NOTE")), true, ""},
		{where(), of("O", "#", id, lit("LINE")), of("O", "#", id, id), false, "O#x#LINE"},
		{where(), of("O", "#", lit("ORDER"), id), of("O", "#", n, id), true, ""},
		{where(), of("O", "#", lit("0017"), id), of("O", "#", wide(keys.Int, 4), id), false, "O#0017#x"},
		{where(), of("O", "#", lit("A B"), id), of("O", "#", id, id), true, ""},
		{where(), of("O", "#", lit("A%20B"), id), of("O", "#", id, id), false, "O#A%20B#x"},
		{where(), of("O", "#", lit("a$")), of("O", "#", id), true, ""},
		{where(), of("O", "#", id, n), of("O", "#", comp("b", keys.Bool), id), false, "O#false#0000000000000000000"},

		{where(), of("", "#", n), of("", "#", comp("u", keys.Uint)), true, ""},
		{where(), of("", "#", n), of("", "#", wide(keys.Uint, 19)), false, "0000000000000000000"},
		{where(), of("", "#", wide(keys.Int, 4)), of("", "#", wide(keys.Int, 5)), true, ""},
		{where(), of("", "#", wide(keys.Int, 4)), of("", "#", laid("2006")), false, "0000"},
		{where(), of("", "#", wide(keys.Uint, 3)), of("", "#", laid("2006")), true, ""},
		{where(), of("", "#", wide(keys.Uint, 4)), of("", "#", comp("b", keys.Bytes)), false, "0000"},
		{where(), of("", "#", wide(keys.Uint, 5)), of("", "#", comp("b", keys.Bytes)), true, ""},
		{where(), of("", "#", laid("2006")), of("", "#", comp("b", keys.Bytes)), false, "2006"},
		{where(), of("", "#", laid("2006-01")), of("", "#", comp("b", keys.Bytes)), true, ""},
		{where(), of("", "#", laid("2006-01")), of("", "#", laid("2006-01-02")), true, ""},
		{where(), of("", "#", comp("f", keys.Float)), of("", "#", n), true, ""},
		{where(), of("", "#", comp("f", keys.Float)), of("", "#", id), false, "500e1.0000000000000000"},
		{where(), of("", "#", comp("b", keys.Bool)), of("", "#", comp("b", keys.Bytes)), true, ""},
		{where(), of("", "-", wide(keys.Int, 7)), of("", "-", laid("2006-01")), true, ""},

		{where(), of("A", "#", id), of("A", "|", id), true, ""},
		{where(), of("A", "#", id), of("", "|", id), false, "A#x"},
		{where(), of("A", "#"), of("", "|", id), false, "A"},
		{where(), of("A", "#", lit("|")), of("", "|", id), true, ""},
		{where(), of("", "#", n, n), of("", "|", n, n), true, ""},
		{where(), of("", "#", id, id), of("", "|", id, id), false, "x|#x"},
		{where(), of("", "#", n, id), of("", "|", id, n), false, "0000000000000000000#|0000000000000000000"},
		{where(), of("", "#", n, id), of("", "|", n, id), true, ""},
	}
	for _, tt := range tests {
		for _, pair := range [][2]*keys.Pattern{{tt.a, tt.b}, {tt.b, tt.a}} {
			ok, example := keys.Disjoint(pair[0], pair[1])
			if ok != tt.ok || example == "" != (tt.example == "") {
				t.Errorf("%s: Disjoint(%s, %s) is %t, %q", tt.where, pair[0], pair[1], ok, example)
			}
			if example != "" && (!tt.a.Match(example) || !tt.b.Match(example)) {
				t.Errorf("%s: %q is not a key of both %s and %s", tt.where, example, tt.a, tt.b)
			}
		}
		if _, example := keys.Disjoint(tt.a, tt.b); example != tt.example {
			t.Errorf("%s: example %q, want %q", tt.where, example, tt.example)
		}
	}
}

// similarLayout has short components, and literals that are components' texts,
// so that patterns often meet.
func similarLayout(t *testing.T, r *rand.Rand, separator string) layout {
	var l layout
	var all []keys.Segment
	for range 1 + r.IntN(2) {
		c := randomComponent(r, allKinds)
		if c.Width != 0 {
			c.Width = 3 + r.IntN(4)
		}
		if c.Kind == keys.Time && r.IntN(2) == 0 {
			c.Layout = "2006"
		}
		if r.IntN(4) != 0 {
			all, l.comps = append(all, c), append(l.comps, c)
			continue
		}
		if b, err := compile(t, "", separator, c).Append(nil, vals(randomValue(r, c))); err == nil {
			all = append(all, lit(string(b)))
		}
	}
	l.Pattern = compile(t, []string{"", "P", "0000"}[r.IntN(3)], separator, all...)
	return l
}

// TestDisjointIsAProof tries random keys of each pattern on the other, and
// checks every example.
func TestDisjointIsAProof(t *testing.T) {
	r := seeded(t)
	met := 0
	for range soak() / 10 {
		separator, other := []string{"#", "-", "."}[r.IntN(3)], ""
		if other = separator; r.IntN(3) == 0 {
			other = []string{"#", "-", ":", "|"}[r.IntN(4)]
		}
		a, b := similarLayout(t, r, separator), similarLayout(t, r, other)
		ok, example := keys.Disjoint(a.Pattern, b.Pattern)
		if example != "" && (ok || !a.Match(example) || !b.Match(example)) {
			t.Fatalf("%s and %s: disjoint %t, example %q", a, b, ok, example)
		}
		if !ok {
			met++
			if example == "" && (separator == other || !loose(a) && !loose(b)) {
				t.Fatalf("%s and %s: not disjoint without an example", a, b)
			}
			continue
		}
		for _, pair := range [][2]layout{{a, b}, {b, a}} {
			for range 10 {
				if key := randomKey(t, r, pair[0]); pair[1].Match(key) {
					t.Fatalf("%s and %s are said to be disjoint, but %q is a key of both", a, b, key)
				}
			}
		}
	}
	if met == 0 {
		t.Error("no two patterns met")
	}
}

// loose reports whether a pattern has a kind that is not compared exactly with
// patterns of another separator.
func loose(l layout) bool {
	return slices.ContainsFunc(l.comps, func(c keys.Segment) bool { return c.Kind == keys.Float || c.Kind == keys.Time })
}

func randomKey(t *testing.T, r *rand.Rand, l layout) string {
	var tuple []keys.Value
	for _, c := range l.comps {
		tuple = append(tuple, randomValue(r, c))
	}
	return render(t, l.Pattern, tuple...)
}

func TestAThousandPatternsArePairwiseDisjoint(t *testing.T) {
	patterns := manyPatterns(t)
	for i, a := range patterns {
		for _, b := range patterns[:i] {
			if ok, example := keys.Disjoint(a, b); !ok {
				t.Fatalf("%s and %s: %q", a, b, example)
			}
		}
	}
}

// manyPatterns returns 1,000 patterns, half of which differ by their prefix and
// half only after a component.
func manyPatterns(t testing.TB) []*keys.Pattern {
	var patterns []*keys.Pattern
	for i := range 500 {
		patterns = append(patterns,
			compile(t, fmt.Sprintf("P%d", i), "#", comp("id", keys.Text), comp("at", keys.Time)),
			compile(t, "TENANT", "#", comp("tenant", keys.Text), lit(fmt.Sprintf("E%d", i)), comp("id", keys.Int)))
	}
	return slices.Clip(patterns)
}
