package keys_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/entable/entable/internal/keys"
)

// A byte that is encoded is found wherever it stands, and what is above ASCII is not taken for one.
func TestCutTextLooksAtEachByte(t *testing.T) {
	for n := 1; n <= 40; n++ {
		for at := range n {
			for c, plain := range map[string]bool{"%": false, "#": false, " ": false, "\x01": false, `\`: false, "&": true, "~": true, "\xc3": true, "]": true, "[": true} {
				s := strings.Repeat("z", at) + c + strings.Repeat("&", n-at-1)
				if rest, ok := keys.CutText(s+"#x", s); ok != plain || ok && rest != "#x" {
					t.Fatalf("%q: %q, %t", s, rest, ok)
				}
			}
		}
	}
}

// What Cut… are sure of, Append renders, and the usual values they are sure of.
func FuzzCut(f *testing.F) {
	f.Add("a#x", "a", int64(7), int64(5), int64(6))
	f.Add(`a\`, `a\`, int64(-7), int64(-62135596800), int64(0))
	f.Add("9223372036854775807", "é", int64(1<<63-1), int64(1<<40), int64(999999999))
	f.Add("2024-02-29T13:04:05.000000006Z", "%", int64(0), int64(0), int64(1))
	p, int4, at := compile(f, "", "#", comp("s", keys.Text)), compile(f, "", "#", wide(keys.Int, 4)), compile(f, "", "#", laid(""))
	int19 := compile(f, "", "#", comp("i", keys.Int))
	f.Fuzz(func(t *testing.T, key, s string, i, sec, nsec int64) {
		if !utf8.ValidString(key) { // no JSON
			return
		}
		when := time.Unix(sec, nsec)
		for _, c := range []struct {
			p      *keys.Pattern
			v      keys.Value
			cut    func(string) (string, bool)
			always bool
		}{
			{p, text(s), func(k string) (string, bool) { return keys.CutText(k, s) }, s != "" && strings.Trim(s, "abcxyz019-_.") == ""},
			{int4, keys.Value{Kind: keys.Int, I: i}, func(k string) (string, bool) { return keys.CutInt(k, i, 4) }, i >= 0 && i < 9000},
			{int19, keys.Value{Kind: keys.Int, I: i}, func(k string) (string, bool) { return keys.CutInt(k, i, 19) }, i >= 0 && i < 9e18},
			{at, keys.Value{Kind: keys.Time, T: when}, func(k string) (string, bool) { return keys.CutTime(k, when) }, true},
		} {
			want, err := c.p.Append(nil, []keys.Value{c.v})
			for _, k := range []string{key, string(want), string(want) + "#z"} {
				rest, ok := c.cut(k)
				if ok && (err != nil || string(want)+rest != k) {
					t.Fatalf("%q is cut to %q, want %q, %v", k, rest, want, err)
				}
				if !ok && err == nil && c.always && strings.HasPrefix(k, string(want)) {
					t.Fatalf("%q is not sure to begin with %q", k, want)
				}
			}
		}
	})
}
