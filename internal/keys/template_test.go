package keys_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/trial"
)

// template compiles a template whose attributes have kinds by their first letter; see kindOf.
func template(t testing.TB, text string) *keys.Pattern {
	t.Helper()
	p, err := tryTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func tryTemplate(text string) (*keys.Pattern, error) {
	segments, err := keys.ParseTemplate(text)
	if err != nil {
		return nil, err
	}
	for i := range segments {
		if s := &segments[i]; s.Attr != "" {
			kindOf(s)
		}
	}
	return keys.CompileTemplate(segments)
}

func kindOf(s *keys.Segment) {
	switch s.Attr[0] {
	case 'n':
		s.Kind = keys.Int
	case 'i':
		s.Kind, s.Bits = keys.Int, 8
	case 'u':
		s.Kind = keys.Uint
	case 'f':
		s.Kind = keys.Float
	case 'F':
		s.Kind, s.Bits = keys.Float, 32
	case 'o':
		s.Kind = keys.Bool
	case 't':
		s.Kind = keys.Time
	case 'z':
		s.Kind = keys.Bytes
	case 'y':
		s.Kind, s.Size = keys.Bytes, 2
	case 'U':
		s.Width = 36
	case 'D', 'E':
		s.Derived = true
	}
}

const someUUID = "0b7ee6a2-55c5-4a57-8d3e-6f5f2f7a9f01"

func TestTemplates(t *testing.T) {
	east := time.FixedZone("", 2*3600)
	at := time.Date(2026, 1, 31, 10, 0, 0, 123456000, time.UTC)
	tests := []struct {
		where, template string
		values          []keys.Value
		want            string
	}{
		{where(), "PROBLEM#{n}", vals(integer(12)), "PROBLEM#12"},
		{where(), "VAR#{n}", vals(integer(-3)), "VAR#-3"},
		{where(), "S#{u}", vals(unsigned(1 << 63)), "S#9223372036854775808"},
		{where(), "ORG#{a}/{n:08}", vals(text("Acme Inc"), integer(42)), "ORG#Acme Inc/00000042"},
		{where(), "#FUNC:{a}/{b}#v{n}", vals(text("user:1"), text("name"), integer(3)), "#FUNC:user:1/name#v3"},
		{where(), "{a}::{b}", vals(text("a"), text("b")), "a::b"},
		{where(), "{a}|{t:2006-01-02}", vals(text("acme"), instant(date(2026, 1, 31))), "acme|2026-01-31"},
		{where(), "TAG#{a}", vals(text("C#")), "TAG#C#"},
		{where(), "{U}-{V:uuid}", vals(text(someUUID), text(strings.ToUpper(someUUID))), someUUID + "-" + strings.ToUpper(someUUID)},
		{where(), "{a:ulid}{b:ksuid}", vals(text("01ARZ3NDEKTSV4RRFFQ69G5FAV"), text("0ujtsYcgvSTl8PAuAdqWYSMnLOv")), "01ARZ3NDEKTSV4RRFFQ69G5FAV0ujtsYcgvSTl8PAuAdqWYSMnLOv"},
		{where(), "{{{a}}}", vals(text("a}b")), ""},
		{where(), "{{{a}}}", vals(text("ab")), "{ab}"},
		{where(), "{t:2006-01-02 15:04:05.000000}", vals(instant(at)), "2026-01-31 10:00:00.123456"},
		{where(), "CT#{t:2006-01-02 15:04:05.999999}", vals(instant(time.Date(2023, 8, 27, 1, 10, 36, 357227000, time.UTC))), "CT#2023-08-27 01:10:36.357227"},
		{where(), "{t:2006-01-02T15:04:05Z07:00}", vals(instant(date(2026, 1, 31).In(east))), "2026-01-31T02:00:00+02:00"},
		{where(), "{t}#x", vals(instant(at)), "2026-01-31T10:00:00.123456Z#x"},
		{where(), "{t:unix}#{n}", vals(instant(date(2026, 1, 31)), integer(1)), "1769817600#1"},
		{where(), "{t:unixms}", vals(instant(at.Truncate(time.Millisecond))), "1769853600123"},
		{where(), "{o}#{f}", vals(boolean(1), float(0.25)), "true#0.25"},
		{where(), "{F}", vals(float(float64(float32(0.1)))), "0.1"},
		{where(), "{f}", vals(float(float64(float32(0.1)))), "0.10000000149011612"},
		{where(), "{z}", vals(binary(0xab, 1)), "ab01"},
		{where(), "{z:uuid}x", vals(binary(0x0b, 0x7e, 0xe6, 0xa2, 0x55, 0xc5, 0x4a, 0x57, 0x8d, 0x3e, 0x6f, 0x5f, 0x2f, 0x7a, 0x9f, 0x01)), someUUID + "x"},
		{where(), "{z:uuid}", vals(binary(1)), ""},
		{where(), "LOCK", nil, "LOCK"},
		{where(), "A#{n}[#{a}]", vals(integer(1), text("B")), "A#1#B"},
		{where(), "A#{n}[#{a}]", vals(integer(1), text("")), "A#1"},
		{where(), "A[#{n}]", vals(integer(0)), "A"},
		{where(), "{a}[##{n}/{b}]", vals(text("x"), integer(0), text("y")), "x##0/y"},
		{where(), "{a}[##{n}/{b}]", vals(text("x#"), integer(0), text("")), ""},
		{where(), "{a}[#{o}][#{f}]", vals(text("x"), boolean(0), float(0.5)), "x#false#0.5"},
		{where(), "{a}[#{o}][#{f}]", vals(text("x"), boolean(1), float(0)), "x#true"},
		{where(), "{U}[{a}]", nil, "-"},
		{where(), "[[{a}]][#[[{b}]]]", vals(text("x"), text("y")), "[x]#[y]"},
		{where(), "x[#{t:2006}]", vals(instant(date(1, 6, 1))), ""},
	}
	for _, tt := range tests {
		if tt.want == "-" {
			if p, err := tryTemplate(tt.template); err == nil {
				t.Errorf("%s: %s is a template", tt.where, p)
			}
			continue
		}
		p := template(t, tt.template)
		got, err := p.Append(nil, tt.values)
		if tt.want == "" {
			if err == nil {
				t.Errorf("%s: got %q, want an error", tt.where, got)
			}
			continue
		}
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.where, got, err, tt.want)
			continue
		}
		back, err := p.Parse(string(got), nil)
		if err != nil || compareTuples(back, tt.values) != 0 || !p.Match(string(got)) {
			t.Errorf("%s: parsed %v, %v", tt.where, back, err)
		}
	}
}

func TestPartsOfTimes(t *testing.T) {
	at := time.Date(2026, 1, 31, 10, 7, 8, 9, time.UTC)
	for layout, want := range map[string]string{
		"200601": "202601", "2006-01-02": "2026-01-31", "~2006-01-02T15:04:05Z": "2026-01-31T10:07:08Z", "~unix": "1769854028",
	} {
		p := template(t, "{t:"+layout+"}#{n}")
		got, err := p.Append(nil, vals(instant(at), integer(1)))
		if err != nil || string(got) != want+"#1" || !p.Part(0) || p.Part(1) {
			t.Errorf("%s: got %q, %v, part %t", layout, got, err, p.Part(0))
		}
		back, err := p.Parse(want+"#1", nil)
		if err != nil || back[0].T.Format(strings.TrimPrefix(layout, "~")) != want && layout != "~unix" {
			t.Errorf("%s: parsed %v, %v", layout, back, err)
		}
	}
	first := template(t, "{t:2006}")
	if key, err := first.Append(nil, vals(instant(time.Date(1, 6, 1, 0, 0, 0, 0, time.UTC)))); err != nil || !first.Match(string(key)) {
		t.Errorf("the year of the zero time: %q, %v", key, err)
	}
	if template(t, "{t:2006-01-02 15:04:05}").Part(0) {
		t.Error("a layout down to the second is said to be a part")
	}
}

func TestTemplateErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":             `invalid template: it is empty`,
		"a{":           `invalid template "a{": a brace is not closed: write {{ for the character`,
		"a}":           `invalid template "a}": a brace is closed that is not open: write }} for the character`,
		"{a{b}":        `invalid template "{a{b}": a brace is not closed: write {{ for the character`,
		"{}":           `invalid template "{}": braces without an attribute`,
		"{a:}":         `invalid template "{a:}": attribute "a" has a colon and no format behind it`,
		"{a}{b}":       `attribute "a": nothing tells where it ends: put a fixed text behind it, or give it a fixed width`,
		"{n}{a}":       `attribute "n": nothing tells where it ends: put a fixed text behind it, or give it a fixed width`,
		"{a:8}":        `attribute "a": invalid format "8": text takes uuid, ulid or ksuid`,
		"{n:8}":        `attribute "n": invalid format "8": int takes a number of digits, 01 to 019`,
		"{n:020}":      `attribute "n": invalid format "020": int takes a number of digits, 01 to 019`,
		"{o:x}":        `attribute "o": invalid format "x": bool takes none`,
		"{t:nothing}":  `attribute "t": invalid layout "nothing": it shows no part of a time`,
		"{t:Monday}":   `attribute "t": invalid layout "Monday": its times cannot be read again`,
		"{a}\xff":      `invalid template "\xff": it is not valid UTF-8`,
		"{t:2006\xff}": `attribute "t": invalid layout "2006\xff": it is not valid UTF-8`,
		"{t:2006}{a}":  "",
		"{n:08}{n:08}": "",
	} {
		if _, err := tryTemplate(text); fmt.Sprint(err) != want && (want != "" || err != nil) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestTemplatesDoNotAllocate(t *testing.T) {
	at := instant(time.Date(2026, 1, 31, 10, 0, 0, 123456000, time.UTC))
	for text, values := range map[string][]keys.Value{
		"ORG#{a}|{n}#{n:08}":                   vals(text("acme"), integer(-7), integer(7)),
		"{t}#{t:2006-01-02}#{t:~unix}":         vals(at, at, at),
		"CT#{t:2006-01-02 15:04:05.000000}":    vals(at),
		"{u:04}{f}#{o}":                        vals(unsigned(1), float(0.5), boolean(1)),
		"A#{a}[#{n}][|{t:2006-01-02}]":         vals(text("x"), integer(7), keys.Value{Kind: keys.Time}),
		"B#{u}[#{o}/{t:2006-01-02}]":           vals(unsigned(1), boolean(0), at),
		"{z:uuid}#{U}{z}":                      vals(binary([]byte("0123456789abcdef")...), text(someUUID), binary(1, 2)),
		"{t:2006-01-02T15:04:05.999999Z07:00}": vals(at),
	} {
		p := template(t, text)
		key := render(t, p, values...)
		buf := make([]byte, 0, 512)
		if n := testing.AllocsPerRun(100, func() { buf, _ = p.Append(buf[:0], values) }); n != 0 {
			t.Errorf("%s: Append allocates %v times", text, n)
		}
		if n := testing.AllocsPerRun(100, func() { p.Match(key) }); n != 0 {
			t.Errorf("%s: Match allocates %v times", text, n)
		}
	}
}

func TestTemplatesRefuseWhatWouldNotReadBack(t *testing.T) {
	for _, tt := range []struct {
		where, template string
		values          []keys.Value
		want            string
	}{
		{where(), "{a}#{b}", vals(text("x#y"), text("z")), `attribute "a": "x#y" cannot be read back from a key in which "#" ends it: the value may not contain that text`},
		{where(), "{a}##{b}", vals(text("x#"), text("z")), `attribute "a": "x#" cannot be read back from a key in which "##" ends it: the value may not contain that text`},
		{where(), "{n}0{a}", vals(integer(-30), text("z")), `attribute "n": "-30" cannot be read back from a key in which "0" ends it: the value may not contain that text`},
		{where(), "{a}", vals(text("")), `attribute "a": text is empty`},
		{where(), "{U}", vals(text("x")), `attribute "U": text "x" is not 36 letters, digits and hyphens`},
		{where(), "{n:02}", vals(integer(100)), `attribute "n": 100 does not fit in 2 digits without a sign`},
		{where(), "{n:02}", vals(integer(-1)), `attribute "n": -1 does not fit in 2 digits without a sign`},
		{where(), "{u:02}", vals(unsigned(100)), `attribute "u": 100 does not fit in 2 digits`},
		{where(), "{t:unix}", vals(instant(date(1999, 1, 1))), `attribute "t": time 1999-01-01T00:00:00Z is not 10 digits as a Unix time: 2001-09-09 to 2286-11-20 are`},
		{where(), "{t:2006-01-02 15:04:05}", vals(instant(clock(1, 2, 3, 4, time.UTC))), `attribute "t": time 2024-02-29T01:02:03.000000004Z does not fit layout "2006-01-02 15:04:05", which would drop a part of it: truncate the time in UTC, or let the key hold that part only with {t:~2006-01-02 15:04:05}`},
		{where(), "{t:2006}", vals(instant(time.Time{})), `attribute "t": time is not set`},
	} {
		if got, err := template(t, tt.template).Append([]byte("kept"), tt.values); fmt.Sprint(err) != tt.want || string(got) != "kept" {
			t.Errorf("%s: got %q, %v", tt.where, got, err)
		}
	}
	for text, keys := range map[string][]string{
		"{n}":          {"", "+1", "01", "-0", "1 ", "x", "9223372036854775808"},
		"A#{a}#{b}":    {"A#", "A##b", "A#a#", "A#a", "B#a#b"},
		"{n:03}":       {"1", "0001", "-01", "00x"},
		"{f}":          {"1.0", "1e3", "-0", "NaN", "+Inf"},
		"{t:unix}":     {"999999999", "0999999999", "17698540281", ""},
		"{t:2006-1-2}": {"2026-01-02", "2026-2-30", "2026-1-2 "},
		"{z}":          {"AB", "abc", ""},
		"{o}":          {"True", "1", ""},
		"A#{n}[#{b}]":  {"A#", "A#1#", "A#x", "1#b"},
		"A[#{n}]":      {"A#", "A#0", "A#00", "AB", ""},
		"{a}[##{b}]":   {"", "x#", "x##", "##x"},
		"x[#{o}/{n}]":  {"x#false/0", "x#true", "x#true/", "x/1"},
		"{z:uuid}":     {strings.ToUpper(someUUID), someUUID[1:] + "0", strings.Repeat("a", 36), ""},
	} {
		p := template(t, text)
		for _, key := range keys {
			if v, err := p.Parse(key, nil); err == nil || p.Match(key) {
				t.Errorf("%s: %q parses as %v", text, key, v)
			}
		}
	}
}

func TestTemplatesKnowTheirOrder(t *testing.T) {
	for text, want := range map[string][]bool{
		"{a}#{b}":     {false, true},
		"{n}#{n2:08}": {false, true},
		"{U}#{u}":     {true, false},
		"{t:2006-01-02}#{t:2006-01-02 15:04:05.000}": {true, true},
		"{t:02.01.2006}":                     {false},
		"{t:2006-1-2}":                       {false},
		"{t:2006-01-02T15:04:05.999999999Z}": {false},
		"{t:2006-01-02T15:04:05Z07:00}":      {false},
		"{t:2006-01-02 03:04 PM}":            {false},
		"{t:unix}#{t:unixms}":                {true, true},
		"{f}":                                {false},
		"{o}#{y}{z}":                         {true, true, true},
		"{z}#":                               {false},
	} {
		p := template(t, text)
		for i, ordered := range want {
			if p.Ordered(i) != ordered {
				t.Errorf("%s: component %d: ordered %t", text, i, !ordered)
			}
		}
	}
}

var templateParts = []string{"{a}", "{a}", "{b}", "{n}", "{n:02}", "{i}", "{u}", "{u:04}", "{f}", "{F}", "{o}", "{t:2006}", "{t:2006-01-02}", "{t:unix}", "{z}", "{y}", "{D}"}

// randomTemplates returns a kind with keys of as many components as sizes says, with fixed texts that values have too.
func randomTemplates(t *testing.T, r *rand.Rand, sizes []int) (k kind) {
	texts := []string{"#", "#", "|", "-", "x", "0", "##", "#x#", "true", "xx", "x|x", "2000-0", "1"}
	texts = texts[:2+r.IntN(len(texts)-1)]
	for _, size := range sizes {
		for {
			var b strings.Builder
			for i := range size {
				if r.IntN(5) > 1 || i > 0 && r.IntN(4) > 0 {
					b.WriteString(texts[r.IntN(len(texts))])
				}
				if r.IntN(6) > 0 {
					b.WriteString(templateParts[r.IntN(len(templateParts))])
				}
			}
			for range r.IntN(6) / 4 * (1 + r.IntN(2)) {
				b.WriteString("[" + texts[r.IntN(len(texts))] + templateParts[r.IntN(len(templateParts))])
				if r.IntN(4) == 0 {
					b.WriteString("#" + templateParts[r.IntN(len(templateParts))])
				}
				b.WriteString("]")
			}
			if p, err := tryTemplate(b.String()); err == nil {
				k.patterns = append(k.patterns, p)
				break
			}
		}
	}
	return k
}

// TestTemplatesParseBack renders random tuples: what a template does not refuse reads back, so that no two tuples render alike.
func TestTemplatesParseBack(t *testing.T) {
	r := trial.Rand(t)
	refused, done, tailed := 0, 0, 0
	for done < tuples() {
		p := randomTemplates(t, r, []int{1 + r.IntN(4)}).patterns[0]
		ordered := func(n int) bool {
			for i := range n {
				if !p.Ordered(i) {
					return false
				}
			}
			return true
		}
		type item struct {
			values []keys.Value
			key    string
		}
		var items []item
		for range batch {
			var tuple []keys.Value
			tail, gone := false, false
			for i, s := range p.Segments() {
				if s.Tail && i > 0 {
					tail, gone = true, gone || r.IntN(3) == 0
				}
				switch {
				case s.Attr == "":
				case gone:
					tuple = append(tuple, keys.Value{Kind: s.Kind})
				default:
					tuple = append(tuple, templateValue(r, s))
				}
			}
			if tail {
				tailed++
			}
			done++
			key, err := p.Append(nil, tuple)
			if err != nil {
				refused++
				continue
			}
			back, err := p.Parse(string(key), nil)
			for i := range back {
				if p.Part(i) {
					tuple[i] = back[i]
				}
			}
			if err != nil || compareTuples(back, tuple) != 0 || !p.Match(string(key)) {
				t.Fatalf("%s: %v renders as %q, which parses as %v, %v", p, tuple, key, back, err)
			}
			for n := range tuple {
				lead, ends, err := p.AppendLeading(nil, tuple[:n])
				has := func(key string) bool {
					return ends >= 0 && key == string(lead[:ends]) || ends < len(lead) && strings.HasPrefix(key, string(lead))
				}
				if err != nil || !has(string(key)) {
					t.Fatalf("%s: leading part %q of %q, %v", p, lead, key, err)
				}
				if n > 0 && len(items) > 0 {
					other := items[r.IntN(len(items))]
					same, sameEnds, _ := p.AppendLeading(nil, other.values[:n])
					if has(other.key) != (string(same) == string(lead) && sameEnds == ends) {
						t.Fatalf("%s: leading part %q of %v and key %q of %v", p, lead, tuple, other.key, other.values)
					}
				}
			}
			items = append(items, item{tuple, string(key)})
		}
		if !ordered(p.Components()) {
			continue
		}
		slices.SortFunc(items, func(a, b item) int { return compareTuples(a.values, b.values) })
		for i := range items {
			if i > 0 && items[i-1].key > items[i].key {
				t.Fatalf("%s: %v renders as %q\nand %v as %q", p, items[i-1].values, items[i-1].key, items[i].values, items[i].key)
			}
		}
	}
	t.Logf("%d of %d tuples were refused, %d have a tail or could", refused, done, tailed)
	if refused > done/2 {
		t.Error("too many are refused to test anything")
	}
}

func templateValue(r *rand.Rand, s keys.Segment) keys.Value {
	switch s.Kind {
	case keys.Text:
		if r.IntN(2) == 0 {
			return text([]string{"x", "xx", "#", "##", "0", "x#", "#x", "xx#", "true", "|", "x|", "x|x"}[r.IntN(12)])
		}
		return text(randomText(r))
	case keys.Time:
		return instant(time.Unix(r.Int64N(2e9)+1e9, 0).UTC().Truncate(time.Duration(r.IntN(2)*24) * time.Hour))
	case keys.Bytes:
		if s.Size > 0 {
			return binary(byte(r.IntN(256)), byte(r.IntN(256)))
		}
	case keys.Int:
		if s.Format != "" || s.Bits == 8 {
			return integer(int64(r.IntN(100)))
		}
	case keys.Float:
		if s.Bits == 32 {
			return float(float64(float32(r.NormFloat64())))
		}
	case keys.Uint:
		if s.Format != "" {
			return unsigned(uint64(r.IntN(10000)))
		}
	}
	return randomValue(r, s)
}
