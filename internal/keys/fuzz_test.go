package keys_test

import (
	"cmp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/entable/entable/internal/keys"
)

func FuzzParse(f *testing.F) {
	var patterns []*keys.Pattern
	for _, separator := range []string{"#", "!", "-", ".", ":", "|"} {
		for _, c := range []keys.Segment{
			comp("s", keys.Text), comp("i", keys.Int), wide(keys.Int, 4), comp("u", keys.Uint), wide(keys.Uint, 2),
			comp("f", keys.Float), comp("b", keys.Bool), comp("x", keys.Bytes), laid(""), laid("2006-01"), laid("2006-01-02T15:04:05Z"),
		} {
			patterns = append(patterns,
				compile(f, "", separator, c),
				compile(f, "P", separator, c, comp("s", keys.Text), lit("END")))
		}
	}
	for _, t := range []string{"{a}[#{n}][|{t:2006-01}]", "A[#{o}/{f}]", "{a}##{n:02}[-{u}]", "{z}x[xx{a}x{i}]", "{t}[#{b:uuid}{y}]"} {
		patterns = append(patterns, template(f, t))
	}
	for i, key := range []string{
		"", "#", "x#1|2026-01", "A#false/0", "A#true/0.5", "x##07-5", "00xxxaxx1", "2026-01-31T10:00:00.5Z", "a%23b", "%2D99", "0042", "-9999", "9223372036854775808", "503e1.2345000000000000", "-496e8.7654999999999999",
		"808e1.7976931348623158", "true", "00ff", "2024-02-30", "2024-02-29T13:04:05.000000006Z", "2024%2D01", "P#a%20b#c#END", "P#0042#c#END",
	} {
		f.Add(uint8(i), key)
		f.Add(uint8(len(patterns)-1-i%5), key)
	}
	f.Fuzz(func(t *testing.T, which uint8, key string) {
		p := patterns[int(which)%len(patterns)]
		v, err := p.Parse(key, nil)
		if (err == nil) != p.Match(key) {
			t.Fatalf("%s: Parse(%q) gives %v, Match %t", p, key, err, p.Match(key))
		}
		if err != nil {
			return
		}
		if got, err := p.Append(nil, v); err != nil || string(got) != key {
			t.Fatalf("%s: %q parses as %v, which renders as %q, %v", p, key, v, got, err)
		}
	})
}

func FuzzText(f *testing.F) {
	last := compile(f, "P", "#", comp("s", keys.Text))
	inner := compile(f, "P", "#", comp("s", keys.Text), comp("t", keys.Text))
	high := compile(f, "P", "|", comp("s", keys.Text), comp("t", keys.Text))
	f.Add("a", "a!")
	f.Add("a#b", "a%23b")
	f.Add("a ", "a\x00")
	f.Add("é", "日\U0010ffff")
	f.Add("", "\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, s := range []string{a, b} {
			valid := s != "" && utf8.ValidString(s)
			if _, err := last.Append(nil, vals(text(s))); (err == nil) != valid {
				t.Fatalf("%q: %v", s, err)
			}
			if !valid {
				return
			}
		}
		ab, ba := vals(text(a), text(b)), vals(text(b), text(a))
		for _, p := range []*keys.Pattern{last, inner, high} {
			x, y := render(t, p, ab[:p.Components()]...), render(t, p, ba[:p.Components()]...)
			if back, err := p.Parse(x, nil); err != nil || compareTuples(back, ab[:p.Components()]) != 0 {
				t.Fatalf("%s: %q parses as %v, %v", p, x, back, err)
			}
			if p != high && strings.Compare(x, y) != cmp.Compare(a, b) || (x == y) != (a == b) {
				t.Fatalf("%s: %q renders as %q, %q as %q", p, a, x, b, y)
			}
		}
		// What is below b stands behind b and before every longer text.
		if x, y := render(t, last, ab[0]), render(t, inner, ba...); strings.Compare(x, y) != cmp.Or(cmp.Compare(a, b), -1) {
			t.Fatalf("%q renders as %q, %v as %q", a, x, ba, y)
		}
	})
}
