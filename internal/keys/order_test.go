package keys_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/trial"
)

// tuples returns the number of tuples of a property test.
func tuples() int { return trial.Size(50_000, 1_000_000) }

func compareValues(a, b keys.Value) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.S, b.S), bytes.Compare(a.B, b.B),
		cmp.Compare(a.I, b.I), cmp.Compare(a.U, b.U), cmp.Compare(a.F, b.F), a.T.Compare(b.T))
}

func compareTuples(a, b []keys.Value) int { return slices.CompareFunc(a, b, compareValues) }

var timeLayouts = []string{
	"2006", "2006-01", "2006-01-02", "2006-01-02T15", "2006-01-02T15:04", "2006-01-02T15:04:05Z",
	"2006-01-02T15:04:05.000Z", "2006-01-02T15:04:05.000000Z", "2006-01-02T15:04:05.000000000Z",
}

func randomComponent(r *rand.Rand, kinds []keys.Kind) keys.Segment {
	s := comp(fmt.Sprintf("a%d", r.IntN(100)), kinds[r.IntN(len(kinds))])
	switch {
	case s.Kind == keys.Int && r.IntN(2) == 0:
		s.Width = 1 + r.IntN(19)
	case s.Kind == keys.Uint && r.IntN(2) == 0:
		s.Width = 1 + r.IntN(20)
	case s.Kind == keys.Time && r.IntN(2) == 0:
		s.Layout = timeLayouts[r.IntN(len(timeLayouts))]
	}
	return s
}

var allKinds = []keys.Kind{keys.Text, keys.Int, keys.Uint, keys.Float, keys.Bool, keys.Time, keys.Bytes}

// fixedKinds keep their order under every separator.
var fixedKinds = []keys.Kind{keys.Int, keys.Uint, keys.Float, keys.Bool, keys.Time}

var pieces = []string{"a", "ab", "b", "A", "~", "#", "%", "$", "!", "\"", " ", "&", "'", "-", ".", ":", "|", "/", "0", "9",
	"\x00", "\x01", "\t", "\x1f", "\x7f", "%23", "%25", "é", "ß", "日", "🎈", "\u0080", "\uffff", "\U0010ffff"}

func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(1+r.IntN(6)) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

var ints = []int64{0, 1, -1, 9, 10, -9, -10, 99, 100, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, math.MinInt64 + 1}

func randomInt(r *rand.Rand) int64 {
	if r.IntN(3) == 0 {
		return ints[r.IntN(len(ints))]
	}
	return int64(r.Uint64()) >> r.IntN(64)
}

var floats = []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 0.30000000000000004, 1e21, 1e22, 9.999999999999999e22, 5e-324, -5e-324,
	1e-323, 2.2250738585072014e-308, 2.225073858507201e-308, math.MaxFloat64, -math.MaxFloat64, 1 << 53, 1<<53 + 2}

func randomFloat(r *rand.Rand) float64 {
	f := math.NaN()
	for f-f != 0 {
		switch r.IntN(5) {
		case 0:
			f = floats[r.IntN(len(floats))]
		case 1:
			f = math.Float64frombits(r.Uint64() >> (11 + r.IntN(50))) // subnormal and tiny
		case 2:
			f = math.Nextafter(floats[r.IntN(len(floats))], r.NormFloat64())
		case 3:
			f = float64(r.IntN(2000)-1000) / 8
		default:
			f = math.Float64frombits(r.Uint64())
		}
	}
	return f
}

// randomTime returns a time that is set, and exact in the layout: what that drops is
// removed in UTC, which of a day in the year 1 may leave the time that is not set.
func randomTime(r *rand.Rand, layout string) time.Time {
	from, to := date(0, 1, 1).Unix(), date(10000, 1, 1).Unix()
	var at time.Time
	for at.IsZero() {
		at = time.Unix(from+r.Int64N(to-from), r.Int64N(1e9))
		if r.IntN(2) == 0 {
			at = time.Unix(1700000000+r.Int64N(3), []int64{0, 1, 999_999_999, 1e6, 1e3, 500}[r.IntN(6)])
		}
		if layout != "" {
			at, _ = time.Parse(layout, at.UTC().Format(layout))
		}
	}
	return at.In(time.FixedZone("z", r.IntN(48*1800)-24*1800))
}

// randomValue returns a value that fits the component.
func randomValue(r *rand.Rand, s keys.Segment) keys.Value {
	v := keys.Value{Kind: s.Kind}
	switch s.Kind {
	case keys.Text:
		v.S = randomText(r)
	case keys.Int:
		v.I = randomInt(r)
		for limit := math.Pow10(s.Width); s.Width != 0 && math.Abs(float64(v.I)) >= limit; {
			v.I /= 10
		}
	case keys.Uint:
		v.U = r.Uint64() >> r.IntN(64)
		if r.IntN(20) == 0 {
			v.U = math.MaxUint64
		}
		for limit := math.Pow10(s.Width); s.Width != 0 && float64(v.U) >= limit; {
			v.U /= 10
		}
	case keys.Float:
		v.F = randomFloat(r)
	case keys.Bool:
		v.I = r.Int64N(2)
	case keys.Time:
		v.T = randomTime(r, s.Layout)
	case keys.Bytes:
		v.B = make([]byte, 1+r.IntN(1+r.IntN(20)))
		for i := range v.B {
			v.B[i] = []byte{0, 1, 0x7f, 0x80, 0xff, byte(r.Uint64())}[r.IntN(6)]
		}
	}
	return v
}

// layout is a random pattern with its components.
type layout struct {
	*keys.Pattern
	comps []keys.Segment
}

func randomLayout(t *testing.T, r *rand.Rand, prefix, separator string, kinds []keys.Kind) layout {
	var l layout
	var all []keys.Segment
	for range 1 + r.IntN(3) {
		if r.IntN(4) == 0 {
			all = append(all, lit([]string{"L", "ORDER", "0", "%23"}[r.IntN(4)]))
		}
		c := randomComponent(r, kinds)
		all, l.comps = append(all, c), append(l.comps, c)
	}
	if r.IntN(4) == 0 {
		all = append(all, lit("END"))
	}
	l.Pattern = compile(t, prefix, separator, all...)
	return l
}

// randomTuples draws components from small pools, so that tuples share leading
// components and differ by little.
func randomTuples(r *rand.Rand, l layout, n int) [][]keys.Value {
	pools := make([][]keys.Value, len(l.comps))
	for i, c := range l.comps {
		for range 1 + r.IntN(40) {
			pools[i] = append(pools[i], randomValue(r, c))
		}
	}
	tuples := make([][]keys.Value, n)
	for i := range tuples {
		for j, c := range l.comps {
			v := pools[j][r.IntN(len(pools[j]))]
			if r.IntN(8) == 0 {
				v = randomValue(r, c)
			}
			tuples[i] = append(tuples[i], v)
		}
	}
	return tuples
}

const batch = 500

// TestKeysOrderLikeValues sorts tuples by value; their keys must then ascend,
// and be equal only for equal tuples: this is order and injectivity at once.
func TestKeysOrderLikeValues(t *testing.T) {
	r := trial.Rand(t)
	for done := 0; done < tuples(); done += batch {
		separator, kinds := []string{"#", "#", "!", "\"", "$"}[r.IntN(5)], allKinds
		if r.IntN(4) == 0 {
			separator, kinds = []string{"&", "-", ".", ":", "/", "_", "|", "~"}[r.IntN(8)], fixedKinds
		}
		l := randomLayout(t, r, []string{"", "P"}[r.IntN(2)], separator, kinds)
		tuples := randomTuples(r, l, batch)
		slices.SortFunc(tuples, compareTuples)
		last := ""
		for i, tuple := range tuples {
			key := render(t, l.Pattern, tuple...)
			if i > 0 && compareTuples(tuples[i-1], tuple) != strings.Compare(last, key) {
				t.Fatalf("%s: %v renders as %q\nand %v as %q", l, tuples[i-1], last, tuple, key)
			}
			last = key
		}
	}
}

// TestKeysOrderBetweenPatterns takes patterns that begin with the same segments, as
// those of an item and of all that is below it do: ORG#{org} and ORG#{org}#REPO#{id}.
// Their keys are in the order of their values too, and what is below an item comes
// right behind it.
func TestKeysOrderBetweenPatterns(t *testing.T) {
	r := trial.Rand(t)
	type item struct {
		values []keys.Value
		key    string
	}
	for done := 0; done < tuples(); done += batch {
		separator, kinds := []string{"#", "#", "!", "\"", "$"}[r.IntN(5)], allKinds
		if r.IntN(4) == 0 {
			separator, kinds = []string{"&", "-", ".", ":", "/", "_", "|", "~"}[r.IntN(8)], fixedKinds
		}
		whole := randomLayout(t, r, "P", separator, kinds)
		layouts := []layout{whole}
		for i, s := range whole.Segments() {
			if s.Attr != "" {
				p := compile(t, "P", separator, whole.Segments()[:i+1]...)
				layouts = append(layouts, layout{p, whole.comps[:p.Components()]})
			}
		}
		var items []item
		for _, tuple := range randomTuples(r, whole, batch) {
			l := layouts[r.IntN(len(layouts))]
			values := tuple[:len(l.comps)]
			items = append(items, item{values, render(t, l.Pattern, values...)})
		}
		slices.SortFunc(items, func(a, b item) int { return compareTuples(a.values, b.values) })
		for i := range items[1:] {
			a, b := items[i], items[i+1]
			if order := compareTuples(a.values, b.values); order != 0 && order != strings.Compare(a.key, b.key) {
				t.Fatalf("%s: %v renders as %q\nand %v as %q", whole, a.values, a.key, b.values, b.key)
			}
		}
	}
}

// TestKeysParseBack covers all kinds under all separators, also those that do
// not keep the order of text. Parsing back makes rendering injective.
func TestKeysParseBack(t *testing.T) {
	r := trial.Rand(t)
	const separators = "!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~"
	for done := 0; done < tuples(); done += batch {
		at := r.IntN(len(separators))
		l := randomLayout(t, r, "", separators[at:at+1], allKinds)
		var back []keys.Value
		for _, tuple := range randomTuples(r, l, batch) {
			key := render(t, l.Pattern, tuple...)
			var err error
			if back, err = l.Parse(key, back[:0]); err != nil || compareTuples(back, tuple) != 0 || !l.Match(key) {
				t.Fatalf("%s: %v renders as %q, which parses as %v, %v", l, tuple, key, back, err)
			}
		}
	}
}

// TestLeadingPartCoversExactlyItsKeys compares neighbours in value order, which
// share leading components, and keys of a pattern whose prefix is longer.
func TestLeadingPartCoversExactlyItsKeys(t *testing.T) {
	r := trial.Rand(t)
	for done := 0; done < tuples(); done += batch {
		separator := []string{"#", "#", "-", "|"}[r.IntN(4)]
		l := randomLayout(t, r, "CN", separator, allKinds)
		longer := compile(t, "CNI", separator, l.Segments()...)
		tuples := randomTuples(r, l, batch)
		slices.SortFunc(tuples, compareTuples)
		for i, tuple := range tuples {
			other := tuples[max(0, i-1-r.IntN(3))]
			for n := range tuple {
				lead, _, err := l.AppendLeading(nil, tuple[:n])
				if err != nil {
					t.Fatal(err)
				}
				for _, candidate := range [][]keys.Value{tuple, other} {
					key := render(t, l.Pattern, candidate...)
					covered := compareTuples(tuple[:n], candidate[:n]) == 0
					if strings.HasPrefix(key, string(lead)) != covered {
						t.Fatalf("%s: leading part %q of %v and key %q of %v", l, lead, tuple, key, candidate)
					}
					if after := keys.After(string(lead)); covered && (key < string(lead) || key >= after) {
						t.Fatalf("%s: key %q is not between %q and %q", l, key, lead, after)
					}
				}
				if key := render(t, longer, tuple...); strings.HasPrefix(key, string(lead)) {
					t.Fatalf("%s: leading part %q covers %q of %s", l, lead, key, longer)
				}
			}
			if full, _, _ := l.AppendLeading(nil, tuple); string(full) != render(t, l.Pattern, tuple...) {
				t.Fatalf("%s: leading part %q of all components is not the key", l, full)
			}
		}
	}
}
