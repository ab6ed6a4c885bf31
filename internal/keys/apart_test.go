package keys_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/trial"
)

func disjoint(a, b *keys.Pattern) (ok bool, example string) {
	ok, examples := keys.Apart([]*keys.Pattern{a}, []*keys.Pattern{b})
	if examples == nil {
		return ok, ""
	}
	return ok, examples[0]
}

func TestDisjoint(t *testing.T) {
	of := func(prefix, separator string, s ...keys.Segment) *keys.Pattern {
		return compile(t, prefix, separator, s...)
	}
	id, other, n, m := comp("id", keys.Text), comp("other", keys.Text), comp("n", keys.Int), comp("m", keys.Int)
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
		{where(), of("O", "#", id, lit("LINE")), of("O", "#", id, other), false, "O#x#LINE"},
		{where(), of("O", "#", lit("ORDER"), id), of("O", "#", n, id), true, ""},
		{where(), of("O", "#", lit("0017"), id), of("O", "#", wide(keys.Int, 4), id), false, "O#0017#x"},
		{where(), of("O", "#", lit("A B"), id), of("O", "#", id, other), true, ""},
		{where(), of("O", "#", lit("A%20B"), id), of("O", "#", id, other), false, "O#A%20B#x"},
		{where(), of("O", "#", lit("a$")), of("O", "#", id), true, ""},
		{where(), of("O", "#", id, n), of("O", "#", comp("b", keys.Bool), id), false, "O#true#0000000000000000000"},

		{where(), of("", "#", n), of("", "#", comp("u", keys.Uint)), true, ""},
		{where(), of("", "#", n), of("", "#", wide(keys.Uint, 19)), false, "0000000000000000000"},
		{where(), of("", "#", wide(keys.Int, 4)), of("", "#", wide(keys.Int, 5)), true, ""},
		{where(), of("", "#", wide(keys.Int, 4)), of("", "#", laid("2006")), false, "0000"},
		{where(), of("", "#", wide(keys.Uint, 3)), of("", "#", laid("2006")), true, ""},
		{where(), of("", "#", wide(keys.Uint, 4)), of("", "#", comp("b", keys.Bytes)), false, "0000"},
		{where(), of("", "#", wide(keys.Uint, 5)), of("", "#", comp("b", keys.Bytes)), true, ""},
		{where(), of("", "#", laid("2006")), of("", "#", comp("b", keys.Bytes)), false, "0000"},
		{where(), of("", "#", laid("2006-01")), of("", "#", comp("b", keys.Bytes)), true, ""},
		{where(), of("", "#", laid("2006-01")), of("", "#", laid("2006-01-02")), true, ""},
		{where(), of("", "#", comp("f", keys.Float)), of("", "#", n), true, ""},
		{where(), of("", "#", comp("f", keys.Float)), of("", "#", id), false, "000e0.0000000000000000"},
		{where(), of("", "#", comp("b", keys.Bool)), of("", "#", comp("b", keys.Bytes)), true, ""},
		{where(), of("", "-", wide(keys.Int, 7)), of("", "-", laid("2006-01")), true, ""},

		{where(), of("A", "#", id), of("A", "|", id), true, ""},
		{where(), of("A", "#", id), of("", "|", id), false, "A#x"},
		{where(), of("A", "#"), of("", "|", id), false, "A"},
		{where(), of("A", "#", lit("|")), of("", "|", id), true, ""},
		{where(), of("", "#", n, m), of("", "|", n, m), true, ""},
		{where(), of("", "#", id, other), of("", "|", id, other), false, "x|#x"},
		{where(), of("", "#", n, id), of("", "|", id, n), false, "0000000000000000000#|0000000000000000000"},
		{where(), of("", "#", n, id), of("", "|", n, id), true, ""},
	}
	for _, tt := range tests {
		for _, pair := range [][2]*keys.Pattern{{tt.a, tt.b}, {tt.b, tt.a}} {
			ok, example := disjoint(pair[0], pair[1])
			if ok != tt.ok || example == "" != (tt.example == "") {
				t.Errorf("%s: Disjoint(%s, %s) is %t, %q", tt.where, pair[0], pair[1], ok, example)
			}
			if example != "" && (!tt.a.Match(example) || !tt.b.Match(example)) {
				t.Errorf("%s: %q is not a key of both %s and %s", tt.where, example, tt.a, tt.b)
			}
		}
		if _, example := disjoint(tt.a, tt.b); example != tt.example {
			t.Errorf("%s: example %q, want %q", tt.where, example, tt.example)
		}
	}
}

// few returns values of a component: some that look alike, some of each kind.
func few(s keys.Segment) (out []keys.Value) {
	switch s.Kind {
	case keys.Text:
		for _, v := range []string{"x", "0", "20", "true", "-", "#", "|", "x|x", "x#x", "x-x", "x|x#x", "x#x|x", "0001", "0000-"} {
			out = append(out, text(v))
		}
	case keys.Int:
		for _, v := range []int64{0, 1, 20, -1, -80} {
			out = append(out, integer(v))
		}
	case keys.Uint:
		out = vals(unsigned(0), unsigned(1), unsigned(20))
	case keys.Float:
		out = vals(float(0), float(1))
	case keys.Bool:
		out = vals(boolean(0), boolean(1))
	case keys.Time:
		out = vals(instant(date(0, 1, 1)), instant(date(20, 1, 1)), instant(date(2000, 2, 1)), instant(date(2000, 2, 29)))
	case keys.Bytes:
		out = vals(binary(0), binary(1), binary(0x20), binary(0, 1))
		if s.Size == 2 {
			out = vals(binary(0, 1), binary(0x20, 0))
		}
	}
	return out
}

// kind is a kind of items by the patterns of its keys.
type kind struct {
	patterns []*keys.Pattern
	sharded  bool
	fewer    bool // of the values of few
}

// randomKind returns a kind with keys of as many segments as sizes says, of attributes
// that repeat and of texts that some values have. If texts, two of three are two texts.
func randomKind(t *testing.T, r *rand.Rand, sizes []int, texts bool) (k kind) {
	attrs := []keys.Segment{
		comp("a", keys.Text), comp("a", keys.Text), comp("b", keys.Text), comp("n", keys.Int), {Attr: "i", Kind: keys.Int, Bits: 8},
		comp("u", keys.Uint), comp("f", keys.Float), comp("o", keys.Bool), comp("t", keys.Time), comp("z", keys.Bytes), {Attr: "y", Kind: keys.Bytes, Size: 2},
	}
	for _, size := range sizes {
		var all []keys.Segment
		for range size {
			s := attrs[r.IntN(len(attrs))]
			if texts && r.IntN(3) > 0 {
				s = attrs[1+r.IntN(2)]
			}
			switch s.Kind {
			case keys.Int, keys.Uint:
				s.Width = []int{1, 2, 4, 19}[r.IntN(4)]
			case keys.Time:
				s.Layout = []string{"2006", "2006-01", "2006-01-02"}[r.IntN(3)]
			}
			switch r.IntN(8) {
			case 0, 1:
				s = lit([]string{"x", "0", "20", "true", "0001", "00", "2000", "02", "29", "80", "500e1"}[r.IntN(11)])
			case 2:
				if !k.sharded { // an entity has one; even numbers of shards have patterns of their own
					s.Width, s.Layout = 0, ""
					s, k.sharded = shard(3+2*r.IntN(2), s), true
				}
			}
			all = append(all, s)
		}
		k.patterns = append(k.patterns, compile(t, "", []string{"#", "#", "|", "-"}[r.IntN(4)], all...))
	}
	return k
}

// components returns the attributes of the keys but for the shards, each once.
func (k kind) components() (out []keys.Segment) {
	for _, p := range k.patterns {
		for _, s := range p.Segments() {
			if s.Of != nil {
				s = *s.Of
			}
			if s.Derived {
				s = comp("a", keys.Text)
			}
			same := func(o keys.Segment) bool { return o.Attr == s.Attr }
			if s.Attr != "" && !slices.ContainsFunc(out, same) {
				out = append(out, s)
			}
		}
	}
	return out
}

// item renders the keys of an item. It is not ok if a value does not fit.
func (k kind) item(values map[string]keys.Value) (texts string, ok bool) {
	for _, p := range k.patterns {
		var tuple []keys.Value
		for _, s := range p.Segments() {
			switch {
			case s.Of != nil:
				tuple = append(tuple, integer(int64(keys.Shard(values[s.Of.Attr], s.Shards))))
			case s.Derived:
				tuple = append(tuple, derive(s.Attr, values))
			case s.Attr != "":
				tuple = append(tuple, values[s.Attr])
			}
		}
		text, err := p.Append(nil, tuple)
		if err != nil {
			return "", false
		}
		texts += string(text) + "\x00"
	}
	return texts, true
}

// each goes through the items of few values.
func (k kind) each(do func(texts string)) {
	values := map[string]keys.Value{}
	var fill func(rest []keys.Segment)
	fill = func(rest []keys.Segment) {
		if len(rest) == 0 {
			if texts, ok := k.item(values); ok {
				do(texts)
			}
			return
		}
		list := few(rest[0])
		if k.fewer && rest[0].Kind == keys.Text {
			list = fewer
		}
		for _, v := range list {
			values[rest[0].Attr] = v
			fill(rest[1:])
		}
	}
	fill(k.components())
}

// builds reports whether some item has these keys.
func (k kind) builds(r *rand.Rand, texts []string) bool {
	values := map[string]keys.Value{}
	var free []keys.Segment
	for i, p := range k.patterns {
		got, err := p.Parse(texts[i], nil)
		if err != nil {
			return false
		}
		component := 0
		for _, s := range p.Segments() {
			if s.Attr == "" {
				continue
			}
			_, known := values[s.Attr]
			switch {
			case s.Of != nil:
				free = append(free, *s.Of)
			case !known || !p.Part(component):
				values[s.Attr] = got[0]
			}
			got, component = got[1:], component+1
		}
	}
	want := strings.Join(texts, "\x00") + "\x00"
	free = slices.DeleteFunc(free, func(s keys.Segment) bool { _, known := values[s.Attr]; return known })
	for range 200 { // what is only hashed can have any value
		for _, s := range free {
			values[s.Attr] = randomValue(r, s)
		}
		if again, ok := k.item(values); ok && again == want {
			return true
		}
	}
	return false
}

// TestApartIsSound compares the proof with brute force: kinds of items that have a key in common are never apart, and what
// is shown as an example both build.
func TestApartIsSound(t *testing.T) {
	r := trial.Rand(t)
	apart, shown, met, open := 0, 0, 0, 0
	rounds := tuples() / 50
	random := func(sizes []int) kind {
		if r.IntN(2) == 0 {
			return randomKind(t, r, sizes, r.IntN(2) == 0)
		}
		return randomTemplates(t, r, sizes)
	}
	for range rounds {
		sizes := []int{1 + r.IntN(3), 1 + r.IntN(3)}[:1+r.IntN(2)]
		a := random(sizes)
		if r.IntN(3) == 0 {
			sizes[0] = 1 + r.IntN(3)
		}
		b := random(sizes)
		ok, examples := keys.Apart(a.patterns, b.patterns)
		switch {
		case ok && examples == nil:
			apart++
		case !ok && examples == nil:
			open++
		case ok || !a.builds(r, examples) || !b.builds(r, examples):
			t.Errorf("%s and %s: apart %t, examples %q", a.patterns, b.patterns, ok, examples)
		default:
			shown++
		}
		if len(a.components())+len(b.components()) > 8 {
			continue
		}
		if common := a.common(b); common != "" {
			met++
			if ok {
				t.Errorf("%s and %s are said to be apart, but %q is of both", a.patterns, b.patterns, common)
			}
		}
	}
	t.Logf("%d apart, %d with an example, %d that cannot be shown; %d meet by brute force", apart, shown, open, met)
	if apart < rounds/4 || shown < rounds/20 || met < rounds/50 || open > rounds/5 {
		t.Error("the kinds of items are too much alike, or too many cannot be shown")
	}
}

// common returns keys that items of few values of both kinds have, "" if there are none.
func (k kind) common(o kind) (common string) {
	all := map[string]bool{}
	k.each(func(texts string) { all[texts] = true })
	o.each(func(texts string) {
		if all[texts] {
			common = texts
		}
	})
	return common
}

// TestHardProofsEnd compares keys of so many texts that not all ways through them
// can be gone.
func TestHardProofsEnd(t *testing.T) {
	var many, alike []keys.Segment
	for i := range 15 {
		many = append(many, comp(fmt.Sprint("a", i), keys.Text))
		alike = append(alike, comp(fmt.Sprint("a", i/2), keys.Text))
	}
	for _, pair := range [][2]*keys.Pattern{
		{compile(t, "", "#", many...), compile(t, "", "|", many...)},
		{compile(t, "", "#", alike...), compile(t, "", "|", many...)},
		{compile(t, "", "#", slices.Insert(slices.Clone(many), 7, shard(9, many[0]))...), compile(t, "", "|", slices.Insert(slices.Clone(many), 9, shard(9, many[1]))...)},
	} {
		ok, example := disjoint(pair[0], pair[1])
		if ok || example != "" && (!pair[0].Match(example) || !pair[1].Match(example)) {
			t.Errorf("%s and %s: apart %t, %q", pair[0], pair[1], ok, example)
		}
	}
}

func TestAThousandPatternsArePairwiseDisjoint(t *testing.T) {
	patterns := manyPatterns(t)
	for i, a := range patterns {
		for _, b := range patterns[:i] {
			if ok, example := disjoint(a, b); !ok {
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

func TestApart(t *testing.T) {
	of := func(prefix, separator string, s ...keys.Segment) *keys.Pattern {
		return compile(t, prefix, separator, s...)
	}
	row := func(p ...*keys.Pattern) []*keys.Pattern { return p }
	id, other, n, k := comp("id", keys.Text), comp("other", keys.Text), wide(keys.Int, 4), lit("k")
	most := func(of keys.Segment, attr string) keys.Segment {
		return keys.Segment{Attr: attr, Kind: keys.Int, Width: 3, Shards: 256, Of: &of}
	}
	z, u2 := comp("z", keys.Bytes), wide(keys.Uint, 2)
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
		{where(), row(of("", "#", id), of("", "#", id)), row(of("L", "#"), of("R", "#")), false, nil},
		{where(), row(of("", "#", id), of("", "#", id)), row(of("L", "#"), of("L", "#")), false, []string{"L", "L"}},
		{where(), row(of("", "#", id), of("", "#", id)), row(of("L", "#"), of("", "#", other)), false, []string{"L", "L"}},
		{where(), row(of("", "#", id), of("", "#", id)), row(of("", "#", n), of("", "#", u4)), false, []string{"0000", "0000"}},
		{where(), row(of("", "#", id), of("", "#", id)), row(of("", "#", n), of("", "#", comp("b", keys.Bool))), false, nil},
		{where(), row(of("", "#", id), of("", "#", id)), row(of("", "#", n), of("", "#", u5)), false, nil},
		{where(), row(of("", "#", n), of("", "#", wide(keys.Int, 6))), row(of("", "#", lit("0017")), of("", "#", lit("000017"))), false, []string{"0017", "000017"}},
		{where(), row(of("", "#", n), of("", "#", wide(keys.Int, 6))), row(of("", "#", lit("0017")), of("", "#", lit("000018"))), false, nil},
		{where(), row(of("", "#", n), of("", "#", wide(keys.Int, 6))), row(of("", "#", lit("0017")), of("", "#", id)), false, []string{"0017", "000017"}},
		{where(), row(of("", "#", wide(keys.Int, 6)), of("", "#", n)), row(of("", "#", lit("123456")), of("", "#", id)), false, nil},
		{where(), row(of("", "#", laid("2006")), of("", "#", laid("2006-01"))), row(of("", "#", lit("2024")), of("", "#", lit("2024-01"))), false, []string{"2024", "2024-01"}},
		{where(), row(of("", "#", laid("2006")), of("", "#", laid("2006-01"))), row(of("", "#", lit("2024")), of("", "#", lit("2024-02"))), false, nil},
		{where(), row(of("", "#", n), of("", "-", n)), row(of("", "#", lit("-9999")), of("", "-", lit("%2D9999"))), false, []string{"-9999", "%2D9999"}},
		{where(), row(of("", "#", n), of("", "-", n)), row(of("", "#", lit("-9999")), of("", "-", lit("%2D9998"))), false, nil},
		{where(), row(of("", "-", z), of("", "#", z, u2)), row(of("", "#", id), of("", "#", array(2), id)), false, nil}, // 2 digits are not 2 bytes
		// A text renders the same in every place.
		{where(), row(of("", "#", id, n), of("", "#", id)), row(of("", "#", other, n), of("", "#", lit("a b"))), true, nil},
		{where(), row(of("", "#", id, n), of("", "#", id)), row(of("", "#", other, n), of("", "#", lit("a%20b"))), false, nil},
		{where(), row(of("", "#", id, n), of("", "#", id)), row(of("", "#", lit("a"), n), of("", "#", lit("a b"))), true, nil},
		{where(), row(of("", "#", id, id, id)), row(of("", "#", n, other, u5)), false, nil},

		// The same across two separators.
		{where(), row(of("", "#", id), of("", "#", id)), row(of("", "|", n), of("", "|", n)), false, []string{"0000", "0000"}},
		{where(), row(of("", "#", id), of("", "#", id)), row(of("", "|", n), of("", "|", u5)), false, nil},
		{where(), row(of("", "#", id, id)), row(of("", "|", id, other)), false, nil}, // the middle cannot be both
		{where(), row(of("", "#", id, other), of("", "#", id)), row(of("", "|", lit("a#b")), of("", "|", lit("b"))), false, nil},
		{where(), row(of("", "#", id, other), of("", "#", other)), row(of("", "|", lit("a#b")), of("", "|", lit("b"))), false, []string{"a#b", "b"}},
		{where(), row(of("", "#", n, k), of("", "#", wide(keys.Int, 6), k)), row(of("", "|", id), of("", "|", lit("-999983#k"))), false, []string{"-9983#k", "-999983#k"}},
		{where(), row(of("", "#", n, k), of("", "#", wide(keys.Int, 6), k)), row(of("", "|", id), of("", "|", lit("-899983#k"))), false, nil},
		{where(), row(of("", "#", n, k), of("", "#", wide(keys.Int, 6), k)), row(of("", "|", id), of("", "|", lit("000017#k"))), false, []string{"0017#k", "000017#k"}},
		{where(), row(of("", "#", n, k), of("", "#", wide(keys.Int, 6), k)), row(of("", "|", id), of("", "|", lit("990017#k"))), false, nil},
		{where(), row(of("", "#", laid("2006-01"), k), of("", "#", laid(""), k)), row(of("", "|", id), of("", "|", lit("2024-05-01T00:00:00.000000000Z#k"))), false, []string{"2024-05#k", "2024-05-01T00:00:00.000000000Z#k"}},
		{where(), row(of("", "#", laid("2006-01"), k), of("", "#", laid(""), k)), row(of("", "|", id), of("", "|", lit("2024-05-02T00:00:00.000000000Z#k"))), false, nil},
		{where(), row(of("", "#", id, n), of("", "#", id, k)), row(of("", "|", lit("a%20b#0000")), of("", "|", lit("a%20b#k"))), false, []string{"a%20b#0000", "a%20b#k"}},
		{where(), row(of("", "#", id, n), of("", "#", k, id)), row(of("", "|", lit("a%20b#0000")), of("", "|", lit("k#a b"))), true, nil},
		{where(), row(of("", "#", id, n), of("", "#", k, id)), row(of("", "|", lit("a%20b#0000")), of("", "|", lit("k#a%20b"))), false, []string{"a%20b#0000", "k#a%20b"}},
		{where(), row(of("", "#", id, other), of("", "#", id)), row(of("", "|", comp("c", keys.Text), comp("d", keys.Text)), of("", "#", lit("p|q"))), false, nil},
		{where(), row(of("", "#", id), of("", "#", id, n)), row(of("", "|", k, other), of("", "#", comp("y", keys.Text), lit("0017"))), false, nil},
		{where(), row(of("", "#", id), of("", "#", id, n)), row(of("", "|", k, other), of("", "#", lit("0017"), comp("y", keys.Text))), false, nil},
		{where(), row(of("", "-", wide(keys.Int, 4), k)), row(of("", "|", lit("%2D9999-k"))), false, []string{"%2D9999-k"}},
		{where(), row(of("", "-", wide(keys.Int, 4), k)), row(of("", "|", lit("-9999-k"))), true, nil},
		// The other text, which is known, decides.
		{where(), row(of("", "#", lit("29"), k), of("", "#", id, id)), row(of("", "|", other), of("", "|", array(2), other)), false, nil},
		{where(), row(of("", "#", lit("29"), k), of("", "#", id, comp("id2", keys.Text))), row(of("", "|", other), of("", "|", array(2), other)), false, nil},
		// What stands in several places.
		{where(), row(of("", "#", id, most(id, "shard"), keys.Segment{Attr: "next", Kind: keys.Int, Width: 3, Shards: 255, Of: &id})), row(of("", "|", other, lit("k#017#042"))), false, nil},
		{where(), row(of("", "-", id, id, lit("29")), of("", "#", comp("o", keys.Bool))), row(of("", "#", array(2), other, other), of("", "#", comp("p", keys.Bool))), false, nil},
		{where(), row(of("", "#", id, other), of("", "#", other, id)), row(of("", "|", id, other), of("", "|", other, id)), false, nil},

		// The calendar, floats, and what a Go type cannot hold.
		{where(), row(of("", "#", laid("2006-01-02"))), row(of("", "-", lit("2024"), lit("02"), lit("29"))), false, []string{"2024-02-29"}},
		{where(), row(of("", "#", laid("2006-01-02"))), row(of("", "-", lit("2023"), lit("02"), lit("29"))), true, nil},
		{where(), row(of("", "#", laid("2006-01-02"))), row(of("", "-", n, lit("02"), lit("30"))), true, nil},
		{where(), row(of("", "#", laid("2006-01-02"))), row(of("", "-", n, lit("02"), lit("29"))), false, []string{"0004-02-29"}},
		{where(), row(of("", "#", laid("2006"))), row(of("", "#", lit("0001"))), true, nil}, // no key has the zero time
		{where(), row(of("", "#", laid("2006"))), row(of("", "|", lit("0001"))), false, nil},
		{where(), row(of("", "#", laid("2006-01-02"))), row(of("", "-", lit("2008"), lit("02"), lit("29"))), false, []string{"2008-02-29"}},
		{where(), row(of("", "#", laid("2006-01-02"))), row(of("", "-", lit("1900"), lit("02"), lit("29"))), true, nil},
		{where(), row(of("", "#", laid("2006-01-02"))), row(of("", "-", lit("2000"), lit("02"), lit("29"))), false, []string{"2000-02-29"}},
		{where(), row(of("", "#", laid("2006-01-02"))), row(of("", "-", lit("0400"), lit("02"), lit("29"))), false, []string{"0400-02-29"}},
		{where(), row(of("", "#", laid("2006-01-02"))), row(of("", "-", n, lit("04"), lit("31"))), true, nil},
		{where(), row(of("", "#", laid("2006-01-02"))), row(of("", "-", n, lit("12"), lit("31"))), false, []string{"0000-12-31"}},
		{where(), row(of("", "#", comp("f", keys.Float), k)), row(of("", "|", lit("-823e4.9999999999999999#k"))), false, []string{"-823e4.9999999999999999#k"}}, // -5e-324
		{where(), row(of("", "#", comp("f", keys.Float), k)), row(of("", "|", lit("808e1.7976931348623157#k"))), false, []string{"808e1.7976931348623157#k"}},
		{where(), row(of("", "#", comp("f", keys.Float), k)), row(of("", ".", id, lit("2345678901234567#k"))), false, nil},      // few floats are of these digits
		{where(), row(of("", "#", comp("f", keys.Float))), row(of("", ".", lit("500e1"), lit("0000000000000001"))), false, nil}, // is 1 in 53 bits
		{where(), row(of("", "#", comp("f", keys.Float))), row(of("", ".", lit("500e1"), lit("0000000000000002"))), false, []string{"500e1.0000000000000002"}},
		{where(), row(of("", "#", keys.Segment{Attr: "f", Kind: keys.Float, Bits: 32})), row(of("", "#", lit("499e1.0000000000000000"))), false, nil},
		{where(), row(of("", "#", keys.Segment{Attr: "n", Kind: keys.Int, Width: 4, Bits: 8})), row(of("", "#", lit("0127"))), false, []string{"0127"}},
		{where(), row(of("", "#", keys.Segment{Attr: "n", Kind: keys.Int, Width: 4, Bits: 8})), row(of("", "#", lit("0128"))), true, nil},
		{where(), row(of("", "#", keys.Segment{Attr: "n", Kind: keys.Int, Width: 4, Bits: 8})), row(of("", "|", lit("-9872"))), false, []string{"-9872"}},
		{where(), row(of("", "#", keys.Segment{Attr: "n", Kind: keys.Int, Width: 4, Bits: 8}, k)), row(of("", "|", lit("-9872#k"))), false, []string{"-9872#k"}},
		{where(), row(of("", "#", keys.Segment{Attr: "n", Kind: keys.Int, Width: 4, Bits: 8}, k)), row(of("", "|", lit("-9871#k"))), true, nil},
		{where(), row(of("", "#", keys.Segment{Attr: "n", Kind: keys.Int, Width: 4, Bits: 8}, k)), row(of("", "|", n, lit("x"))), true, nil},
		{where(), row(of("", "#", keys.Segment{Attr: "n", Kind: keys.Int, Width: 4, Bits: 8})), row(of("", "|", lit("-9871"))), true, nil},
		{where(), row(of("", "#", comp("u", keys.Uint))), row(of("", "|", lit("18446744073709551616"))), true, nil},
		{where(), row(of("", "#", array(2))), row(of("", "#", lit("00"))), true, nil},
		{where(), row(of("", "#", array(2))), row(of("", "|", lit("0000"))), true, nil}, // an array that is not set
		{where(), row(of("", "#", array(2))), row(of("", "#", n)), false, []string{"0100"}},

		// The number of a shard: "a" is in shard 0 of 2, "b" in shard 1.
		{where(), row(of("", "#", id, shard(2, id))), row(of("", "#", lit("a"), lit("0"))), false, []string{"a#0"}},
		{where(), row(of("", "#", id, shard(2, id))), row(of("", "#", lit("b"), lit("0"))), false, nil},
		{where(), row(of("", "#", id, shard(2, id))), row(of("", "|", lit("b#0"))), false, nil},
		{where(), row(of("", "#", id, shard(2, id))), row(of("", "|", lit("b#1"))), false, []string{"b#1"}},
		{where(), row(of("", "#", id, shard(2, id))), row(of("", "#", id, lit("2"))), true, nil},
		{where(), row(of("", "#", other, shard(2, id)), of("", "#", id)), row(of("", "#", other, lit("1")), of("", "#", n)), false, []string{"x#1", "0000"}},
		{where(), row(of("", "#", id, shard(2, comp("b", keys.Bool)))), row(of("", "#", id, lit("1"))), false, nil},
		{where(), row(of("", "#", id, shard(7, comp("b", keys.Bool)))), row(of("", "#", id, lit("2"))), false, nil}, // false is in shard 4, true in 1
		{where(), row(of("", "#", id, shard(8, id))), row(of("", "|", id, shard(8, id))), true, nil},
		{where(), row(of("", "#", id, most(id, "shard")), of("", "#", other)), row(of("", "#", other, most(id, "shard")), of("", "#", id)), false, nil},
		{where(), row(of("", "-", id, other)), row(of("", "#", most(id, "shard"), comp("f", keys.Float))), false, nil}, // a negative float
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
