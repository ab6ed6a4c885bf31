package keys_test

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/entable/entable/internal/keys"
)

// where returns the file and line of the table entry that calls it.
func where() string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file[strings.LastIndex(file, "/")+1:], line)
}

func lit(s string) keys.Segment               { return keys.Segment{Literal: s} }
func comp(a string, k keys.Kind) keys.Segment { return keys.Segment{Attr: a, Kind: k} }
func wide(k keys.Kind, w int) keys.Segment    { return keys.Segment{Attr: "n", Kind: k, Width: w} }
func laid(layout string) keys.Segment {
	return keys.Segment{Attr: "t", Kind: keys.Time, Layout: layout}
}
func array(size int) keys.Segment {
	return keys.Segment{Attr: "z", Kind: keys.Bytes, Size: size}
}
func shard(n int, of keys.Segment) keys.Segment {
	return keys.Segment{Attr: "shard of " + of.Attr, Kind: keys.Int, Width: 1, Shards: n, Of: &of}
}
func segs(s ...keys.Segment) []keys.Segment     { return s }
func vals(v ...keys.Value) []keys.Value         { return v }
func text(s string) keys.Value                  { return keys.Value{Kind: keys.Text, S: s} }
func integer(i int64) keys.Value                { return keys.Value{Kind: keys.Int, I: i} }
func unsigned(u uint64) keys.Value              { return keys.Value{Kind: keys.Uint, U: u} }
func float(f float64) keys.Value                { return keys.Value{Kind: keys.Float, F: f} }
func boolean(i int64) keys.Value                { return keys.Value{Kind: keys.Bool, I: i} }
func instant(t time.Time) keys.Value            { return keys.Value{Kind: keys.Time, T: t} }
func binary(b ...byte) keys.Value               { return keys.Value{Kind: keys.Bytes, B: b} }
func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
func clock(h, m, s, ns int, z *time.Location) time.Time {
	return time.Date(2024, 2, 29, h, m, s, ns, z)
}

func compile(t testing.TB, prefix, separator string, segments ...keys.Segment) *keys.Pattern {
	t.Helper()
	p, err := keys.Compile(prefix, separator, segments)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func render(t testing.TB, p *keys.Pattern, v ...keys.Value) string {
	t.Helper()
	b, err := p.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRendering(t *testing.T) {
	east := time.FixedZone("", 5*3600+1800)
	tests := []struct {
		where     string
		prefix    string
		separator string
		segments  []keys.Segment
		values    []keys.Value
		want      string
	}{
		{where(), "A", "#", nil, nil, "A"},
		{where(), "", "#", segs(lit("A")), nil, "A"},
		{where(), "CD", "#", segs(comp("id", keys.Text)), vals(text("7f")), "CD#7f"},
		{where(), "", "#", segs(lit("ORDER"), comp("id", keys.Text), lit("LINE"), wide(keys.Int, 3)), vals(text("x"), integer(7)), "ORDER#x#LINE#007"},

		{where(), "P", "#", segs(comp("s", keys.Text)), vals(text("a#b")), "P#a%23b"},
		{where(), "P", "#", segs(comp("s", keys.Text)), vals(text("#$%&")), "P#%23%24%25&"},
		{where(), "P", "#", segs(comp("s", keys.Text)), vals(text("Hello, \"world\"!\x00")), "P#Hello,%20%22world%22%21%00"},
		{where(), "P", "#", segs(comp("s", keys.Text), lit("Z")), vals(text("Hello, \"world\"!\x00")), "P#Hello,%20%22world%22%21%00#Z"},
		{where(), "P", "#", segs(comp("s", keys.Text)), vals(text("žluť 日本 🎈")), "P#žluť%20日本%20🎈"},
		{where(), "P", "!", segs(comp("s", keys.Text)), vals(text(" !\"#$%&")), "P!%20%21%22%23%24%25&"},
		{where(), "P", "|", segs(comp("s", keys.Text), lit("Z")), vals(text(" #%|!")), "P| #%25%7C!|Z"},

		{where(), "P", "#", segs(comp("n", keys.Int)), vals(integer(42)), "P#0000000000000000042"},
		{where(), "P", "#", segs(comp("n", keys.Int)), vals(integer(-1)), "P#-9999999999999999999"},
		{where(), "P", "#", segs(comp("n", keys.Int)), vals(integer(math.MaxInt64)), "P#9223372036854775807"},
		{where(), "P", "#", segs(comp("n", keys.Int)), vals(integer(math.MinInt64)), "P#-0776627963145224192"},
		{where(), "P", "#", segs(wide(keys.Int, 4)), vals(integer(9999)), "P#9999"},
		{where(), "P", "#", segs(wide(keys.Int, 4)), vals(integer(-9999)), "P#-0001"},
		{where(), "P", "-", segs(wide(keys.Int, 4)), vals(integer(-1)), "P-%2D9999"},
		{where(), "P", "#", segs(comp("n", keys.Uint)), vals(unsigned(42)), "P#00000000000000000042"},
		{where(), "P", "#", segs(comp("n", keys.Uint)), vals(unsigned(math.MaxUint64)), "P#18446744073709551615"},
		{where(), "P", "#", segs(wide(keys.Uint, 1)), vals(unsigned(9)), "P#9"},

		{where(), "P", "#", segs(comp("f", keys.Float)), vals(float(0)), "P#000e0.0000000000000000"},
		{where(), "P", "#", segs(comp("f", keys.Float)), vals(float(math.Copysign(0, -1))), "P#000e0.0000000000000000"},
		{where(), "P", "#", segs(comp("f", keys.Float)), vals(float(1234.5)), "P#503e1.2345000000000000"},
		{where(), "P", "#", segs(comp("f", keys.Float)), vals(float(-1234.5)), "P#-496e8.7654999999999999"},
		{where(), "P", "#", segs(comp("f", keys.Float)), vals(float(0.1)), "P#499e1.0000000000000000"},
		{where(), "P", "#", segs(comp("f", keys.Float)), vals(float(5e-324)), "P#176e5.0000000000000000"},
		{where(), "P", "#", segs(comp("f", keys.Float)), vals(float(math.MaxFloat64)), "P#808e1.7976931348623157"},
		{where(), "P", ".", segs(comp("f", keys.Float)), vals(float(3)), "P.500e3%2E0000000000000000"},

		{where(), "P", "#", segs(comp("b", keys.Bool)), vals(boolean(0)), "P#false"},
		{where(), "P", "#", segs(comp("b", keys.Bool)), vals(boolean(1)), "P#true"},
		{where(), "P", "#", segs(comp("b", keys.Bytes)), vals(binary(0, 0xab, 0xff)), "P#00abff"},

		{where(), "P", "#", segs(laid("")), vals(instant(clock(13, 4, 5, 6, time.UTC))), "P#2024-02-29T13:04:05.000000006Z"},
		{where(), "P", "#", segs(laid("")), vals(instant(clock(3, 4, 5, 0, east))), "P#2024-02-28T21:34:05.000000000Z"},
		{where(), "P", "#", segs(laid("2006")), vals(instant(date(987, 1, 1))), "P#0987"},
		{where(), "P", "#", segs(laid("2006-01")), vals(instant(date(2024, 12, 1))), "P#2024-12"},
		{where(), "P", "#", segs(laid("2006-01-02")), vals(instant(date(2024, 12, 31))), "P#2024-12-31"},
		{where(), "P", "#", segs(laid("2006-01-02T15")), vals(instant(clock(13, 0, 0, 0, time.UTC))), "P#2024-02-29T13"},
		{where(), "P", "#", segs(laid("2006-01-02T15:04")), vals(instant(clock(13, 4, 0, 0, time.UTC))), "P#2024-02-29T13:04"},
		{where(), "P", "#", segs(laid("2006-01-02T15:04:05Z")), vals(instant(clock(13, 4, 5, 0, time.UTC))), "P#2024-02-29T13:04:05Z"},
		{where(), "P", "#", segs(laid("2006-01-02T15:04:05.000Z")), vals(instant(clock(13, 4, 5, 7e6, time.UTC))), "P#2024-02-29T13:04:05.007Z"},
		{where(), "P", "#", segs(laid("2006-01-02T15:04:05.000000Z")), vals(instant(clock(13, 4, 5, 7e3, time.UTC))), "P#2024-02-29T13:04:05.000007Z"},
		{where(), "P", ":", segs(laid("2006-01-02T15:04")), vals(instant(clock(13, 4, 0, 0, time.UTC))), "P:2024-02-29T13%3A04"},
		{where(), "P", "-", segs(laid("2006-01-02")), vals(instant(date(2024, 12, 31))), "P-2024%2D12%2D31"},
	}
	for _, tt := range tests {
		p := compile(t, tt.prefix, tt.separator, tt.segments...)
		got := render(t, p, tt.values...)
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.where, got, tt.want)
		}
		back, err := p.Parse(got, nil)
		if err != nil {
			t.Errorf("%s: %v", tt.where, err)
		} else if compareTuples(back, tt.values) != 0 {
			t.Errorf("%s: parsed %v, want %v", tt.where, back, tt.values)
		}
		if !p.Match(got) {
			t.Errorf("%s: %q does not match its own pattern", tt.where, got)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	tests := []struct {
		where     string
		prefix    string
		separator string
		segments  []keys.Segment
		want      string
	}{
		{where(), "P", "", nil, `invalid separator "": it must be one ASCII punctuation character other than "%"`},
		{where(), "P", "##", nil, `invalid separator "##": it must be one ASCII punctuation character other than "%"`},
		{where(), "P", "%", nil, `invalid separator "%": it must be one ASCII punctuation character other than "%"`},
		{where(), "P", "7", nil, `invalid separator "7": it must be one ASCII punctuation character other than "%"`},
		{where(), "P", "Z", nil, `invalid separator "Z": it must be one ASCII punctuation character other than "%"`},
		{where(), "P", " ", nil, `invalid separator " ": it must be one ASCII punctuation character other than "%"`},
		{where(), "P", "§", nil, `invalid separator "§": it must be one ASCII punctuation character other than "%"`},
		{where(), "", "#", nil, `invalid key: it has neither a prefix nor a segment`},
		{where(), "A#B", "#", nil, `invalid prefix "A#B": it contains the separator "#": leave that out, give several parts, or set another with entable.Separator`},
		{where(), "A\xff", "#", nil, `invalid prefix "A\xff": it is not valid UTF-8`},
		{where(), "P", "#", segs(lit("A#B")), `invalid literal "A#B": it contains the separator "#": leave that out, give several parts, or set another with entable.Separator`},
		{where(), "P", "#", segs(lit("\xff")), `invalid literal "\xff": it is not valid UTF-8`},
		{where(), "P", "#", segs(keys.Segment{}), `invalid segment: it has neither a literal nor an attribute`},
		{where(), "P", "#", segs(keys.Segment{Literal: "L", Attr: "a"}), `invalid segment: it has both the literal "L" and the attribute "a"`},
		{where(), "P", "#", segs(comp("a", 9)), `attribute "a": invalid kind 9`},
		{where(), "P", "#", segs(wide(keys.Text, 4)), `attribute "n": invalid width 4: text takes no width`},
		{where(), "P", "#", segs(wide(keys.Int, 20)), `attribute "n": invalid width 20: int takes 1 to 19 digits`},
		{where(), "P", "#", segs(wide(keys.Uint, -1)), `attribute "n": invalid width -1: uint takes 1 to 20 digits`},
		{where(), "P", "#", segs(keys.Segment{Attr: "a", Kind: keys.Int, Layout: "2006"}), `attribute "a": invalid layout "2006": int takes no layout`},
		{where(), "P", "#", segs(laid("02.01.2006")), `attribute "t": invalid layout "02.01.2006": time takes ["2006" "2006-01" "2006-01-02" "2006-01-02T15" "2006-01-02T15:04" "2006-01-02T15:04:05Z" "2006-01-02T15:04:05.000Z" "2006-01-02T15:04:05.000000Z" "2006-01-02T15:04:05.000000000Z"]`},
	}
	for _, tt := range tests {
		_, err := keys.Compile(tt.prefix, tt.separator, tt.segments)
		if got := fmt.Sprint(err); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.where, got, tt.want)
		}
	}
}

func TestAppendErrors(t *testing.T) {
	tests := []struct {
		where   string
		segment keys.Segment
		value   keys.Value
		want    string
	}{
		{where(), comp("s", keys.Text), text(""), `attribute "s": text is empty`},
		{where(), comp("s", keys.Text), text("a\xffb"), `attribute "s": text "a\xffb" is not valid UTF-8`},
		{where(), comp("s", keys.Text), integer(1), `attribute "s": cannot use int as text`},
		{where(), keys.Segment{Attr: "year", Kind: keys.Int, Width: 4}, integer(123456), `attribute "year": 123456 does not fit in 4 digits`},
		{where(), wide(keys.Int, 4), integer(10000), `attribute "n": 10000 does not fit in 4 digits`},
		{where(), wide(keys.Int, 1), integer(-10), `attribute "n": -10 does not fit in 1 digit`},
		{where(), wide(keys.Int, 18), integer(math.MinInt64), `attribute "n": -9223372036854775808 does not fit in 18 digits`},
		{where(), wide(keys.Uint, 19), unsigned(math.MaxUint64), `attribute "n": 18446744073709551615 does not fit in 19 digits`},
		{where(), comp("f", keys.Float), float(math.NaN()), `attribute "f": float NaN is not finite`},
		{where(), comp("f", keys.Float), float(math.Inf(-1)), `attribute "f": float -Inf is not finite`},
		{where(), comp("b", keys.Bool), boolean(2), `attribute "b": bool 2 is neither 0 nor 1`},
		{where(), comp("b", keys.Bytes), binary(), `attribute "b": bytes are empty`},
		{where(), laid(""), instant(date(10000, 1, 1)), `attribute "t": time 10000-01-01T00:00:00Z has a year outside 0000 to 9999`},
		{where(), laid(""), instant(date(-1, 1, 1)), `attribute "t": time -0001-01-01T00:00:00Z has a year outside 0000 to 9999`},
		{where(), laid(""), instant(time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -7200))), `attribute "t": time 10000-01-01T01:00:00Z has a year outside 0000 to 9999`},
		{where(), laid("2006"), instant(date(2024, 2, 1)), `attribute "t": time 2024-02-01T00:00:00Z does not fit layout "2006", which would drop a part of it; truncate the time in UTC, or use a longer layout`},
		{where(), laid("2006-01"), instant(date(2024, 2, 2)), `attribute "t": time 2024-02-02T00:00:00Z does not fit layout "2006-01", which would drop a part of it; truncate the time in UTC, or use a longer layout`},
		{where(), laid("2006-01-02"), instant(clock(0, 0, 0, 1, time.UTC)), `attribute "t": time 2024-02-29T00:00:00.000000001Z does not fit layout "2006-01-02", which would drop a part of it; truncate the time in UTC, or use a longer layout`},
		{where(), laid("2006-01-02T15:04"), instant(clock(1, 2, 3, 0, time.UTC)), `attribute "t": time 2024-02-29T01:02:03Z does not fit layout "2006-01-02T15:04", which would drop a part of it; truncate the time in UTC, or use a longer layout`},
		{where(), laid("2006"), instant(time.Time{}.In(time.FixedZone("", 60))), `attribute "t": time is not set`},
		{where(), laid("2006-01-02T15:04:05.000Z"), instant(clock(1, 2, 3, 4000, time.UTC)), `attribute "t": time 2024-02-29T01:02:03.000004Z does not fit layout "2006-01-02T15:04:05.000Z", which would drop a part of it; truncate the time in UTC, or use a longer layout`},
	}
	for _, tt := range tests {
		p := compile(t, "P", "#", tt.segment)
		got, err := p.Append([]byte("kept"), vals(tt.value))
		if fmt.Sprint(err) != tt.want {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.where, err, tt.want)
		}
		if string(got) != "kept" {
			t.Errorf("%s: dst is now %q", tt.where, got)
		}
	}
}

func TestAppendRefusesAWrongNumberOfValues(t *testing.T) {
	p := compile(t, "P", "#", comp("a", keys.Text), comp("b", keys.Text))
	_, err := p.Append(nil, vals(text("x")))
	if got, want := fmt.Sprint(err), `cannot build key P#{a}#{b} from 1 value: it has 2 components`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	_, _, err = p.AppendLeading(nil, vals(text("x"), text("y"), text("z")))
	if got, want := fmt.Sprint(err), `cannot build leading part of key P#{a}#{b} from 3 values: it has 2 components`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseIsStrict(t *testing.T) {
	tests := []struct {
		where     string
		separator string
		segment   keys.Segment
		text      string // of the segment
		want      string // what follows "cannot parse key … as P#{…}: "
	}{
		{where(), "#", comp("s", keys.Text), "", `attribute "s": "" is not escaped text`},
		{where(), "#", comp("s", keys.Text), "a#b", `attribute "s": "a#b" is not escaped text`},
		{where(), "#", comp("s", keys.Text), "a$b", `attribute "s": "a$b" is not escaped text`},
		{where(), "#", comp("s", keys.Text), "a%", `attribute "s": "a%" is not escaped text`},
		{where(), "#", comp("s", keys.Text), "a%2", `attribute "s": "a%2" is not escaped text`},
		{where(), "#", comp("s", keys.Text), "a%2x", `attribute "s": "a%2x" is not escaped text`},
		{where(), "#", comp("s", keys.Text), "a%41", `attribute "s": "a%41" is not escaped text`},
		{where(), "#", comp("s", keys.Text), "a b", `attribute "s": "a b" is not escaped text`},
		{where(), ":", comp("s", keys.Text), "a%3a", `attribute "s": "a%3a" is not escaped text`},
		{where(), "#", comp("s", keys.Text), "a\xff", `attribute "s": "a\xff" is not escaped text`},
		{where(), "#", wide(keys.Int, 4), "123", `attribute "n": "123" is not an int of 4 digits`},
		{where(), "#", wide(keys.Int, 4), "+123", `attribute "n": "+123" is not an int of 4 digits`},
		{where(), "#", wide(keys.Int, 4), "-0000", `attribute "n": "-0000" is not an int of 4 digits`},
		{where(), "#", wide(keys.Int, 1), "-", `attribute "n": "-" is not an int of 1 digit`},
		{where(), "#", comp("n", keys.Int), "9223372036854775808", `attribute "n": "9223372036854775808" is not an int of 19 digits`},
		{where(), "#", comp("n", keys.Int), "-0776627963145224191", `attribute "n": "-0776627963145224191" is not an int of 19 digits`},
		{where(), "-", wide(keys.Int, 2), "%2d99", `attribute "n": "%2d99" is not an int of 2 digits`},
		{where(), ".", laid("2006-01-02T15:04:05.000Z"), "2024-02-29T13:04:05.006Z", `attribute "t": "2024-02-29T13:04:05.006Z" is not a time of layout "2006-01-02T15:04:05.000Z"`},
		{where(), "#", wide(keys.Int, 2), "%2D99", `attribute "n": "%2D99" is not an int of 2 digits`},
		{where(), "#", comp("n", keys.Uint), "18446744073709551616", `attribute "n": "18446744073709551616" is not a uint of 20 digits`},
		{where(), "#", comp("n", keys.Uint), strings.Repeat("0", 40), `attribute "n": "0000000000000000000000000000000000000000" is not a uint of 20 digits`},
		{where(), "#", comp("f", keys.Float), "-999e9.9999999999999999", `attribute "f": "-999e9.9999999999999999" is not a float`},
		{where(), "#", comp("f", keys.Float), "000e0.0000000000000001", `attribute "f": "000e0.0000000000000001" is not a float`},
		{where(), "#", comp("f", keys.Float), "500e0.5000000000000000", `attribute "f": "500e0.5000000000000000" is not a float`},
		{where(), "#", comp("f", keys.Float), "499e1.0000000000000001", `attribute "f": "499e1.0000000000000001" is not a float`},
		{where(), "#", comp("f", keys.Float), "808e1.7976931348623158", `attribute "f": "808e1.7976931348623158" is not a float`},
		{where(), "#", comp("f", keys.Float), "809e1.0000000000000000", `attribute "f": "809e1.0000000000000000" is not a float`},
		{where(), "#", comp("f", keys.Float), "176e1.0000000000000000", `attribute "f": "176e1.0000000000000000" is not a float`},
		{where(), "#", comp("f", keys.Float), "5x0e1.0000000000000000", `attribute "f": "5x0e1.0000000000000000" is not a float`},
		{where(), "#", comp("f", keys.Float), "500e1_0000000000000000", `attribute "f": "500e1_0000000000000000" is not a float`},
		{where(), "#", comp("f", keys.Float), "500e1.00000000e0000000", `attribute "f": "500e1.00000000e0000000" is not a float`},
		{where(), "#", comp("b", keys.Bool), "TRUE", `attribute "b": "TRUE" is not a bool`},
		{where(), "#", comp("b", keys.Bool), "1", `attribute "b": "1" is not a bool`},
		{where(), "#", comp("b", keys.Bytes), "", `attribute "b": "" is not bytes in hex`},
		{where(), "#", comp("b", keys.Bytes), "abc", `attribute "b": "abc" is not bytes in hex`},
		{where(), "#", comp("b", keys.Bytes), "AB", `attribute "b": "AB" is not bytes in hex`},
		{where(), "#", laid("2006-01-02"), "2023-02-29", `attribute "t": "2023-02-29" is not a time of layout "2006-01-02"`},
		{where(), "#", laid("2006-01-02"), "2023-00-10", `attribute "t": "2023-00-10" is not a time of layout "2006-01-02"`},
		{where(), "#", laid("2006-01-02"), "2023-01-00", `attribute "t": "2023-01-00" is not a time of layout "2006-01-02"`},
		{where(), "#", laid("2006-01-02"), "2023/01/01", `attribute "t": "2023/01/01" is not a time of layout "2006-01-02"`},
		{where(), "#", laid("2006-01"), "2023-13", `attribute "t": "2023-13" is not a time of layout "2006-01"`},
		{where(), "#", laid("2006-01-02T15"), "2023-01-01T24", `attribute "t": "2023-01-01T24" is not a time of layout "2006-01-02T15"`},
		{where(), "#", laid("2006-01-02T15:04"), "2023-01-01T12:60", `attribute "t": "2023-01-01T12:60" is not a time of layout "2006-01-02T15:04"`},
		{where(), "#", laid("2006-01-02T15:04:05Z"), "2023-01-01T12:00:60Z", `attribute "t": "2023-01-01T12:00:60Z" is not a time of layout "2006-01-02T15:04:05Z"`},
		{where(), "#", laid("2006-01-02T15:04"), "2023-01-01T23:60", `attribute "t": "2023-01-01T23:60" is not a time of layout "2006-01-02T15:04"`},
		{where(), "#", laid("2006-01-02T15:04:05Z"), "2023-01-01T23:59:60Z", `attribute "t": "2023-01-01T23:59:60Z" is not a time of layout "2006-01-02T15:04:05Z"`},
		{where(), "#", laid("2006-01-02T15:04:05Z"), "2023-01-01T23:59:59z", `attribute "t": "2023-01-01T23:59:59z" is not a time of layout "2006-01-02T15:04:05Z"`},
		{where(), "#", laid("2006-01"), "0001-01", `attribute "t": "0001-01" is not a time of layout "2006-01"`},
		{where(), "#", lit("ORDER"), "ORDERS", `it goes on with "S"`},
	}
	for _, tt := range tests {
		p := compile(t, "P", tt.separator, tt.segment)
		key := "P" + tt.separator + tt.text
		kept := vals(text("kept"))
		got, err := p.Parse(key, kept)
		want := fmt.Sprintf("cannot parse key %q as %s: %s", key, p, tt.want)
		if fmt.Sprint(err) != want {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.where, err, want)
		}
		if len(got) != 1 {
			t.Errorf("%s: values are now %v", tt.where, got)
		}
		if p.Match(key) {
			t.Errorf("%s: %q matches but does not parse", tt.where, key)
		}
	}
	pair := compile(t, "P", "#", comp("a", keys.Text), comp("b", keys.Text))
	if got, err := pair.Parse("P#x#y#z", vals(text("kept"))); err == nil || len(got) != 1 {
		t.Errorf("a key that is too long gives %v, %v", got, err)
	}
	p := compile(t, "CN", "#", comp("id", keys.Text))
	for _, key := range []string{"", "CN", "CN#", "CNI#x", "CM#x", "CN#x#y"} {
		if _, err := p.Parse(key, nil); err == nil || p.Match(key) {
			t.Errorf("%q parses as %s", key, p)
		}
	}
}

func TestPatternTexts(t *testing.T) {
	tests := []struct {
		where      string
		pattern    *keys.Pattern
		text, lead string
		components int
	}{
		{where(), compile(t, "CD", "#", comp("device_id", keys.Text)), "CD#{device_id}", "CD#", 1},
		{where(), compile(t, "A", "#"), "A", "A", 0},
		{where(), compile(t, "A", "#", lit("B")), "A#B", "A#B", 0},
		{where(), compile(t, "O", "|", lit("B"), comp("y", keys.Int), lit("C"), comp("z", keys.Int)), "O|B|{y}|C|{z}", "O|B|", 2},
		{where(), compile(t, "", "#", comp("y", keys.Int), lit("C")), "{y}#C", "", 1},
	}
	for _, tt := range tests {
		p := tt.pattern
		if p.String() != tt.text || p.Lead() != tt.lead || p.Components() != tt.components {
			t.Errorf("%s: got %q, %q, %d", tt.where, p.String(), p.Lead(), p.Components())
		}
	}
	p := tests[3].pattern
	p.Segments()[0].Literal = "changed"
	if got := p.Segments()[0].Literal; got != "B" {
		t.Errorf("a caller changed the pattern's segments: %q", got)
	}
}

func TestAppendLeading(t *testing.T) {
	p := compile(t, "O", "#", lit("B"), comp("y", keys.Text), lit("C"), wide(keys.Int, 2), lit("D"))
	for n, want := range []string{"O#B#", "O#B#a%21#C#", "O#B#a%21#C#07#D"} {
		got, _, err := p.AppendLeading([]byte(">"), vals(text("a!"), integer(7))[:n])
		if err != nil || string(got) != ">"+want {
			t.Errorf("%d values: got %q, %v", n, got, err)
		}
	}
}

func TestBounds(t *testing.T) {
	tests := []struct{ where, lead, want string }{
		{where(), "CD#", "CD$"},
		{where(), "A", "B"},
		{where(), "", ""},
		{where(), "a\x7f", "a\u0080"},
		{where(), "\u07ff", "\u0800"},
		{where(), "\ud7ff", "\ue000"},
		{where(), "a\U0010ffff\U0010ffff", "b"},
		{where(), "\U0010ffff", ""},
	}
	for _, tt := range tests {
		if got := keys.After(tt.lead); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.where, got, tt.want)
		}
	}
	if got := keys.Successor("CD#x"); got != "CD#x\x00" {
		t.Errorf("Successor: got %q", got)
	}
}

func TestAppendMatchAndApartDoNotAllocate(t *testing.T) {
	for _, separator := range []string{"#", "-", "."} {
		p := compile(t, "P", separator, lit("L"), comp("s", keys.Text), comp("i", keys.Int), comp("u", keys.Uint),
			comp("f", keys.Float), comp("b", keys.Bool), laid(""), comp("x", keys.Bytes))
		other := compile(t, "P", separator, lit("M"), comp("s", keys.Text))
		v := vals(text("a#b c"), integer(-5), unsigned(5), float(-1.5e-300), boolean(1),
			instant(clock(1, 2, 3, 4, time.FixedZone("", 3600))), binary(1, 2, 3))
		buf := make([]byte, 0, 512)
		key := render(t, p, v...)
		wrong := key + "x"
		if n := testing.AllocsPerRun(100, func() { buf, _ = p.Append(buf[:0], v) }); n != 0 {
			t.Errorf("separator %q: Append allocates %v times", separator, n)
		}
		if n := testing.AllocsPerRun(100, func() { p.Match(key); p.Match(wrong) }); n != 0 {
			t.Errorf("separator %q: Match allocates %v times", separator, n)
		}
		a, b := []*keys.Pattern{p}, []*keys.Pattern{other}
		if n := testing.AllocsPerRun(100, func() { keys.Apart(a, b) }); n != 0 {
			t.Errorf("separator %q: Apart allocates %v times", separator, n)
		}
	}
}
