package wire_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"

	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/internal/wire"
)

// strictTexts are JSON texts and whether Skip takes them. They are the seeds of the fuzz tests too.
var strictTexts = []struct {
	text string
	ok   bool
}{
	{`{}`, true}, {`[]`, true}, {`""`, true}, {`null`, true}, {`true`, true}, {`false`, true}, {`0`, true}, {`-0`, true}, {`1.5e+10`, true}, {`10E-2`, true},
	{` { "a" : [ 1 , { } , "x" ] , "b" : null } `, true}, {`[[[[[[[[]]]]]]]]`, true}, {"\t\r\n 1", true},
	{`"\u0041\ud83d\ude00\"\\\/\b\f\n\r\t"`, true}, {`"é€😀"`, true}, {"\"\x7f\"", true}, {`"\uFFFD"`, true},
	{itemA, true}, {itemB, true},
	{``, false}, {` `, false}, {`{`, false}, {`[`, false}, {`"`, false}, {`"\"`, false}, {`{"a"}`, false}, {`{"a":}`, false}, {`{"a":1,}`, false}, {`[1,]`, false}, {`[,1]`, false},
	{`{,}`, false}, {`{1:2}`, false}, {`[1 2]`, false}, {`{"a":1 "b":2}`, false}, {`[1}`, false}, {`{"a":1]`, false}, {`tru`, false}, {`nul`, false}, {`True`, false}, {`NaN`, false},
	{`01`, false}, {`1.`, false}, {`.5`, false}, {`-`, false}, {`+1`, false}, {`1e`, false}, {`1e+`, false}, {`0x1`, false}, {`--1`, false},
	{"\"\x00\"", false}, {"\"\n\"", false}, {"\"\x1f\"", false}, {`"\x"`, false}, {`"\u12"`, false}, {`"\u12g4"`, false}, {"\"\xff\"", false}, {"\"\xc3\"", false}, {"\"\xed\xa0\x80\"", false},
	{`"\ud800"`, false}, {`"\udc00"`, false}, {`"\ud800\u0041"`, false}, {`"\ud800x"`, false}, {`1 2`, false}, {`{} x`, false}, {"\ufeff1", false}, {"\v1", false}, {"\u00a01", false},
}

func TestSkipIsStrict(t *testing.T) {
	for _, tc := range strictTexts {
		if err := skipAll([]byte(tc.text)); (err == nil) != tc.ok {
			t.Errorf("%q: error %v", tc.text, err)
		}
	}
}

func skipAll(data []byte) error {
	r := wire.NewReader(data)
	if _, err := r.Skip(); err != nil {
		return err
	}
	return r.End()
}

func TestSkipLimitsDepth(t *testing.T) {
	nested := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	deepest := 2*wire.MaxDepth + 3
	if err := skipAll(nested(deepest)); err != nil {
		t.Error(err)
	}
	for _, n := range []int{deepest + 1, 1000, 1_000_000} {
		if _, ok := errors.AsType[*wire.SyntaxError](skipAll(nested(n))); !ok {
			t.Errorf("depth %d is no error", n)
		}
	}
}

// FuzzSkip compares Skip with encoding/json, which differs in the depth, in text that is not UTF-8 and in half surrogates.
func FuzzSkip(f *testing.F) {
	for _, tc := range strictTexts {
		f.Add([]byte(tc.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want := json.Valid(data) && utf8.Valid(data) && jsonDepth(data) <= 2*wire.MaxDepth+3 && !halfSurrogate(data)
		before := string(data)
		if err := skipAll(data); (err == nil) != want {
			t.Errorf("%q: error %v, want valid %t", data, err, want)
		}
		if string(data) != before {
			t.Error("the input was changed")
		}
	})
}

// jsonDepth takes valid JSON.
func jsonDepth(data []byte) int {
	depth, deepest, text := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// halfSurrogate takes valid JSON. A \u outside strings is not possible there.
func halfSurrogate(data []byte) bool {
	high := false // a high half stands right before i
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			if high {
				return true
			}
			continue
		}
		i++
		if data[i] != 'u' {
			if high {
				return true
			}
			continue
		}
		u, _ := strconv.ParseUint(string(data[i+1:i+5]), 16, 16)
		i += 4
		low := u >= 0xdc00 && u < 0xe000
		if high != low {
			return true
		}
		high = u >= 0xd800 && u < 0xdc00
	}
	return high
}

// The fast scan of strings must find what a plain one finds, wherever the text lies in its word.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a", "0123456", "01234567", "012345678", "é", "aaaaaaaé", `\"`, "aaaaaaa\\n", "\x7f\x80", "😀😀😀", "\x00", "aaaaaaaaaaa\x1f", `\ud83d\ude00`, "!\"#"} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(5))
	}
	f.Fuzz(func(t *testing.T, s string, shift uint8) {
		pad := strings.Repeat(" ", int(shift%9))
		for _, quoted := range []string{`"` + s + `"`, `"` + s, string(wire.AppendString(nil, s))} {
			for _, tail := range []string{"", "}", `}]  ,"next":1`} {
				data := pad + quoted + tail
				got, err := wire.NewReader([]byte(data)).Text()
				want, ok := plainText(data[len(pad):])
				if ok != (err == nil) || ok && got != want {
					t.Fatalf("%q: got %q, %v, want %q, %t", data, got, err, want, ok)
				}
			}
		}
	})
}

// plainText returns what encoding/json makes of the string at the start of data, if its text is UTF-8.
func plainText(data string) (string, bool) {
	end := 1
	for ; end < len(data) && data[end] != '"'; end++ {
		if data[end] == '\\' {
			end++
		}
	}
	if end >= len(data) {
		return "", false
	}
	raw := data[:end+1]
	var s string
	if err := json.Unmarshal([]byte(raw), &s); err != nil || !utf8.ValidString(raw) || halfSurrogate([]byte(raw)) {
		return "", false
	}
	return s, true
}

func FuzzAppendText(f *testing.F) {
	for _, s := range []string{"", "a", "01234567", "0123456\"", "é\n\x00", "\xff", "aaaaaaaaaaaaaaa\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := wire.AppendText([]byte("x"), s)
		if (err == nil) != utf8.ValidString(s) {
			t.Fatalf("%q: %v", s, err)
		}
		if err != nil {
			if string(b) != "x" {
				t.Fatalf("%q was appended", b[1:])
			}
			return
		}
		var back string
		if err := json.Unmarshal(b[1:], &back); err != nil || back != s {
			t.Fatalf("%q became %s, %q, %v", s, b, back, err)
		}
	})
}

func TestTextAliasesUnlessCopied(t *testing.T) {
	data := []byte(`"plain text"`)
	r := wire.NewReader(data)
	aliased, err := r.Text()
	if err != nil {
		t.Fatal(err)
	}
	if unsafe.StringData(aliased) != &data[1] {
		t.Error("the text was copied")
	}
	r.Copy = true
	r.Reset(data)
	copied, err := r.Text()
	if err != nil {
		t.Fatal(err)
	}
	if unsafe.StringData(copied) == &data[1] {
		t.Error("the text was not copied")
	}
}

func TestShortNumbersAreThoseOfStrconv(t *testing.T) {
	g := trial.Rand(t)
	texts := []string{
		"", "-", "+1", "00", "-0", "0", "007", "1.", ".1", "-.5", "1..2", "1.2.3", "1e3", "1E3", "0.1", "999999999999999", "9999999999999999", "0.000000000000001",
		"999999999999999999", "9999999999999999999", "-999999999999999999", "9223372036854775807", "-9223372036854775808", "1 ", " 1", "1a", "1234567.12345678", "12345678901234.5",
	}
	for range 20_000 {
		n := int64(g.Uint64()) >> g.IntN(64)
		texts = append(texts, strconv.FormatInt(n, 10), strconv.FormatFloat(float64(n)/math.Pow10(g.IntN(20)), 'f', g.IntN(12), 64))
	}
	for _, text := range texts {
		for _, tail := range []string{`"`, `"}`, `","`, `x`, ``} {
			data := []byte(`"` + text + tail)
			closed := strings.HasPrefix(tail, `"`)
			r := wire.NewReader(data)
			if n, ok := r.ShortInt(); ok {
				want, err := strconv.ParseInt(text, 10, 64)
				if err != nil || n != want || !closed || r.Offset() != len(text)+2 {
					t.Errorf("ShortInt of %q is %d, want %d, %v", data, n, want, err)
				}
			} else if r.Offset() != 0 {
				t.Errorf("ShortInt of %q moved", data)
			}
			r = wire.NewReader(data)
			if f, ok := r.ShortFloat(); ok {
				want, err := strconv.ParseFloat(text, 64)
				if err != nil || math.Float64bits(f) != math.Float64bits(want) || !closed || r.Offset() != len(text)+2 {
					t.Errorf("ShortFloat of %q is %g, want %g, %v", data, f, want, err)
				}
			} else if r.Offset() != 0 {
				t.Errorf("ShortFloat of %q moved", data)
			}
		}
	}
}

func TestShortNumbersAreFound(t *testing.T) {
	for _, text := range []string{"0", "-1", "123456789012345678"} {
		if _, ok := wire.NewReader([]byte(`"` + text + `"`)).ShortInt(); !ok {
			t.Errorf("ShortInt does not take %q", text)
		}
	}
	for _, text := range []string{"0", "-0.5", "123456.789", "99.99", "5."} {
		if _, ok := wire.NewReader([]byte(`"` + text + `"`)).ShortFloat(); !ok {
			t.Errorf("ShortFloat does not take %q", text)
		}
	}
}

func TestNumberText(t *testing.T) {
	for _, ok := range []string{"0", "-0", "+5", "007", "1.50", ".5", "5.", "1e10", "1E-130", "-1.5e+3", strings.Repeat("9", 100)} {
		if got, err := wire.NewReader([]byte(`"` + ok + `"`)).Number(); err != nil || got != ok {
			t.Errorf("%q: %q, %v", ok, got, err)
		}
	}
	for _, bad := range []string{"", "-", "+", ".", "e5", "1e", "1e+", "NaN", "Infinity", "-Inf", "0x10", "1_000", "1 ", " 1", "1.2.3", "--1", "1e5e5", "１"} {
		if _, err := wire.NewReader([]byte(`"` + bad + `"`)).Number(); err == nil {
			t.Errorf("%q is a number", bad)
		}
		if _, err := wire.AppendN(nil, bad); !errors.Is(err, wire.ErrNumber) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSyntaxErrorMessages(t *testing.T) {
	for _, tc := range []struct {
		text, want string
	}{
		{``, `invalid DynamoDB JSON at offset 0: unexpected end, want '{'`},
		{`[]`, `invalid DynamoDB JSON at offset 0: unexpected "[", want '{'`},
		{`{"a":1}`, `invalid DynamoDB JSON at offset 5: unexpected "1", want '{'`},
		{`{"a":{}}`, `invalid DynamoDB JSON at offset 7: attribute value without a type tag`},
		{`{"a":{"X":1}}`, `invalid DynamoDB JSON at offset 6: unknown type tag "X"`},
		{`{"a":{"S":"x","N":"1"}}`, `invalid DynamoDB JSON at offset 13: attribute value with more than one type tag`},
		{`{"a":{"S":1}}`, `invalid DynamoDB JSON at offset 10: unexpected "1", want a string`},
		{`{"a":{"N":"one"}}`, `invalid DynamoDB JSON at offset 10: invalid number "one"`},
		{`{"a":{"B":"*"}}`, `invalid DynamoDB JSON at offset 10: invalid base64`},
		{`{"a":{"BOOL":1}}`, `invalid DynamoDB JSON at offset 13: unexpected "1", want a boolean`},
		{`{"a":{"S":"x"}`, `invalid DynamoDB JSON at offset 14: unexpected end, want ',' or '}'`},
		{`{"a" {"S":"x"}}`, `invalid DynamoDB JSON at offset 5: unexpected "{", want ':'`},
		{"{\"a\":{\"S\":\"\x01\"}}", `invalid DynamoDB JSON at offset 11: control character in string`},
		{"{\"a\":{\"S\":\"\xff\"}}", `invalid DynamoDB JSON at offset 11: invalid UTF-8`},
		{`{"a":{"S":"\ud800"}}`, `invalid DynamoDB JSON at offset 11: invalid escape in string`},
		{`{"a":{"S":"x`, `invalid DynamoDB JSON at offset 12: unexpected end in string`},
		{`{"a":{"L":[{"S":"x"}}}`, `invalid DynamoDB JSON at offset 20: unexpected "}", want ',' or ']'`},
		{`{"a":` + strings.Repeat(`{"L":[`, 33), `invalid DynamoDB JSON at offset 202: lists and maps nest deeper than 32 levels`},
		{`{} {}`, `invalid DynamoDB JSON at offset 3: unexpected "{", want the end`},
	} {
		if _, err := wire.ReadItem([]byte(tc.text)); err == nil || err.Error() != tc.want {
			t.Errorf("%s\ngot  %v\nwant %s", tc.text, err, tc.want)
		}
	}
}

// Matches is Match, whatever the lengths of the prefix and of what is left.
func TestMatchesIsMatch(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	matched := 0
	for range 20_000 {
		prefix := strings.Repeat("ab", 20)[:rnd.IntN(40)]
		data := []byte(prefix + strings.Repeat("ab", 20)[:rnd.IntN(40)])
		if len(data) > 0 && rnd.IntN(2) == 0 {
			data[rnd.IntN(len(data))] ^= 1 << rnd.IntN(8)
		}
		data = data[:len(data)-rnd.IntN(len(data)/2+1)]
		p := wire.NewPrefix(prefix)
		fast, slow := wire.NewReader(data), wire.NewReader(data)
		got, want := fast.Matches(&p), slow.Match(prefix)
		if got != want || fast.Offset() != slow.Offset() {
			t.Fatalf("%q before %q: Matches %t at %d, Match %t at %d", prefix, data, got, fast.Offset(), want, slow.Offset())
		}
		if got {
			matched++
		}
	}
	if matched < 1000 || matched > 19_000 {
		t.Errorf("%d of 20,000 matched", matched)
	}
}

// NextMember goes on only where CloseValue and More would.
func TestNextMemberIsCloseValueAndMore(t *testing.T) {
	for _, data := range []string{`},"a"`, `}}`, `} ,"a"`, ` },"a"`, `}`, `,`, ``, `},`, `x,`} {
		fast, slow := wire.NewReader([]byte(data)), wire.NewReader([]byte(data))
		if !fast.NextMember() {
			if fast.Offset() != 0 {
				t.Errorf("%q: it stands at %d after nothing", data, fast.Offset())
			}
			continue
		}
		err := slow.CloseValue()
		more, moreErr := slow.More('}')
		if err != nil || moreErr != nil || !more || slow.Offset() != fast.Offset() {
			t.Errorf("%q: it goes on at %d, but CloseValue and More: %t at %d, %v, %v", data, fast.Offset(), more, slow.Offset(), err, moreErr)
		}
	}
}
