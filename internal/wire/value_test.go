package wire_test

import (
	"bytes"
	"errors"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

func TestItemSizeIsThatOfTheService(t *testing.T) {
	// Measured on DynamoDB Local by filling items up to the limit of 400 KB.
	for _, tc := range []struct {
		value string
		size  int
	}{
		{`{"S":""}`, 0}, {`{"S":"é€😀"}`, 9}, {`{"S":"\u00e9\n"}`, 3}, {`{"BOOL":true}`, 1}, {`{"NULL":true}`, 1}, {`{"B":"AAAA"}`, 3}, {`{"B":""}`, 0}, {`{"B":"AQ=="}`, 1},
		{`{"L":[]}`, 3}, {`{"M":{}}`, 3}, {`{"L":[{"S":""}]}`, 4}, {`{"L":[{"S":"abc"},{"N":"1"}]}`, 10}, {`{"L":[{"L":[]}]}`, 7},
		{`{"M":{"ab":{"S":"cd"}}}`, 8}, {`{"M":{"ab":{"S":"cd"},"e":{"NULL":true}}}`, 11},
		{`{"SS":["a","bc"]}`, 3}, {`{"NS":["1","22","333"]}`, 7}, {`{"BS":["AAAA","AQ=="]}`, 4},
		{`{"N":"0"}`, 1}, {`{"N":"-0.00"}`, 1}, {`{"N":"1"}`, 2}, {`{"N":"10"}`, 2}, {`{"N":"100"}`, 2}, {`{"N":"1000"}`, 2}, {`{"N":"12"}`, 2}, {`{"N":"123"}`, 3}, {`{"N":"1234"}`, 3},
		{`{"N":"12345"}`, 4}, {`{"N":"-1"}`, 3}, {`{"N":"-12"}`, 3}, {`{"N":"-123"}`, 4}, {`{"N":"0.1"}`, 2}, {`{"N":"0.01"}`, 2}, {`{"N":"0.001"}`, 2}, {`{"N":"0.123"}`, 3}, {`{"N":"1.5"}`, 3},
		{`{"N":"10.5"}`, 3}, {`{"N":"12.5"}`, 3}, {`{"N":"123.45"}`, 4}, {`{"N":"100.01"}`, 4}, {`{"N":"1e10"}`, 2}, {`{"N":"1e11"}`, 2}, {`{"N":"1e-11"}`, 2}, {`{"N":"12e10"}`, 2}, {`{"N":"12E+11"}`, 3},
		{`{"N":"99999999999999999999999999999999999999"}`, 20}, {`{"N":"-99999999999999999999999999999999999999"}`, 21}, {`{"N":"9.9999999999999999999999999999999999999"}`, 21},
		{`{"N":"-9.9999999999999999999999999999999999999"}`, 21}, {`{"N":"1e125"}`, 2}, {`{"N":"-1e-130"}`, 3}, {`{"N":"-1.1e-129"}`, 3}, {`{"N":"1234567e-3"}`, 5}, {`{"N":"1234567e-4"}`, 5},
		{`{"N":"000.00100"}`, 2}, {`{"N":"1.00"}`, 2}, {`{"N":"1e999999999999999999999"}`, 2}, {`{"N":"99e2147483646"}`, 2}, {`{"N":"-99e-2147483647"}`, 3},
	} {
		got, err := wire.ItemSize([]byte(`{"pk":{"S":"a"},"é":` + tc.value + `}`))
		if want := 3 + 2 + tc.size; err != nil || got != want {
			t.Errorf("%s: size %d, %v, want %d", tc.value, got-5, err, tc.size)
		}
	}
	for _, bad := range []string{``, `{`, `{"a":{"B":"A"}}`, `{"a":{"N":"x"}}`, `{"a":1}`, `{}x`} {
		if n, err := wire.ItemSize([]byte(bad)); err == nil {
			t.Errorf("%s has size %d", bad, n)
		}
	}
}

func TestAttributeValuesRoundTrip(t *testing.T) {
	for _, item := range []string{
		`{}`, `{"a":{"S":""}}`, `{"":{"S":"no name"}}`, `{"a":{"NULL":false}}`, `{"a":{"L":[]},"b":{"M":{}},"c":{"SS":[]},"d":{"B":""}}`,
		`{"a \"q\"\n":{"S":"é\u0000"}}`, `{"a":{"NS":["1","-2.50"]},"b":{"BS":["","AQI="]},"c":{"L":[{"M":{"x":{"L":[{"N":"1e5"}]}}},{"BOOL":false}]}}`,
	} {
		m, err := wire.ReadItem([]byte(item))
		if err != nil {
			t.Fatalf("%s: %v", item, err)
		}
		b, err := wire.AppendItem([]byte("x"), m)
		if err != nil || string(b) != "x"+item {
			t.Errorf("%s became %s, %v", item, b, err)
		}
	}
}

func TestReadItemSharesNothing(t *testing.T) {
	item := []byte(itemA)
	m, err := wire.ReadItem(item)
	if err != nil {
		t.Fatal(err)
	}
	want := attrs(t, itemA)
	for i := range item {
		item[i] = 'x'
	}
	if !reflect.DeepEqual(m, want) {
		t.Error("the attribute values changed with the bytes")
	}
}

func TestValuesThatCannotBeWritten(t *testing.T) {
	deep := types.AttributeValue(&types.AttributeValueMemberS{})
	for range wire.MaxDepth + 1 {
		deep = &types.AttributeValueMemberL{Value: []types.AttributeValue{deep}}
	}
	for _, tc := range []struct {
		value types.AttributeValue
		want  string
	}{
		{nil, `attribute "a": cannot write an attribute value of type <nil>`},
		{(*types.AttributeValueMemberS)(nil), `attribute "a": cannot write a nil *types.AttributeValueMemberS`},
		{&types.UnknownUnionMember{Tag: "X"}, `attribute "a": cannot write an attribute value of type *types.UnknownUnionMember`},
		{str("\xff"), `attribute "a": text is not valid UTF-8`},
		{&types.AttributeValueMemberN{Value: "one"}, `attribute "a": invalid number "one"`},
		{&types.AttributeValueMemberNS{Value: []string{"1", ""}}, `attribute "a": element 1: invalid number ""`},
		{&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"b": str("\xff")}}, `attribute "a": attribute "b": text is not valid UTF-8`},
	} {
		b, err := wire.AppendItem([]byte("x"), map[string]types.AttributeValue{"a": tc.value})
		if err == nil || err.Error() != tc.want || string(b) != "x" {
			t.Errorf("got  %v\nwant %s\nappended %q", err, tc.want, b)
		}
	}
	if _, err := wire.AppendValue(nil, deep); err == nil || !strings.Contains(err.Error(), "nest deeper than 32 levels") {
		t.Errorf("deep value: %v", err)
	}
}

func TestFindAttrs(t *testing.T) {
	item := `{"x":{"M":{"_type":{"S":"inner"}}},"note":{"S":"\"_type\":{\"S\":\"text\"}"},"_type":{"S":"order"},"pk":{"S":"a"},"_type":{"S":"second"}} trailing`
	r := wire.NewReader([]byte(item))
	values := make([][]byte, 3)
	if err := r.FindAttrs([]string{"_type", "pk", "absent"}, values); err != nil {
		t.Fatal(err)
	}
	if string(values[0]) != `{"S":"order"}` || string(values[1]) != `{"S":"a"}` || values[2] != nil || r.Offset() != 0 {
		t.Errorf("got %q at offset %d", values, r.Offset())
	}
	if err := wire.FindAttrs([]byte(`{"a":{"S":"x"},"b":`), []string{"a"}, values[:1]); err != nil || string(values[0]) != `{"S":"x"}` {
		t.Errorf("got %q, %v: it has to stop when all is found", values[0], err)
	}
	if err := wire.FindAttrs([]byte(`{"a":{"S":"x"},"b":`), []string{"c"}, values[:1]); err == nil {
		t.Error("no error for broken JSON")
	}
	if err := wire.FindAttrs([]byte(`{}`), nil, nil); err != nil {
		t.Error(err)
	}
}

func TestGuessText(t *testing.T) {
	for _, tc := range []struct {
		item, want string
		ok         bool
	}{
		{`{"_type":{"S":"order"}}`, "order", true},
		{`{"a":{"S":"_type"},"_type":{"S":"order"}}`, "order", true},
		{`{"a_type":{"S":"no"},"_type":{"S":"order"}}`, "order", true},
		{`{"a":{"S":"\"_type\":{\"S\":\"text\"}"},"_type":{"S":"order"}}`, "order", true},
		{`{"m":{"M":{"_type":{"S":"inner"}}},"_type":{"S":"order"}}`, "inner", true}, // a guess
		{`{"_type":{"N":"1"}}`, "", false},
		{`{"_type":{"S":"a\"b"}}`, "", false},
		{`{"_type":{"S":"a`, "", false},
		{`{"_type":`, "", false},
		{`{}`, "", false},
		{``, "", false},
	} {
		if got, ok := wire.NewReader([]byte(tc.item)).GuessText("_type"); got != tc.want || ok != tc.ok {
			t.Errorf("%s: %q, %t", tc.item, got, ok)
		}
	}
}

func TestScalar(t *testing.T) {
	for _, tc := range []struct {
		value string
		kind  wire.Kind
		want  string
		ok    bool
	}{
		{`{"S":"a\n"}`, wire.S, "a\n", true}, {`{"N":"1.50"}`, wire.N, "1.50", true}, {`{"B":"AQI="}`, wire.B, "\x01\x02", true}, {` { "S" : "" } `, wire.S, "", true},
		{`{"BOOL":true}`, wire.BOOL, "", false}, {`{"S":"a"`, 0, "", false}, {`{"S":"a"}x`, 0, "", false}, {`{"S":"a","N":"1"}`, 0, "", false}, {``, 0, "", false},
	} {
		k, got, err := wire.Scalar([]byte(tc.value))
		if (err == nil) != tc.ok || tc.ok && (k != tc.kind || got != tc.want) {
			t.Errorf("%s: %s %q, %v", tc.value, k, got, err)
		}
	}
}

func TestWholeValues(t *testing.T) {
	b, err := wire.AppendS(nil, `a"b`)
	if err != nil {
		t.Fatal(err)
	}
	b, err = wire.AppendN(b, "1.50")
	if err != nil {
		t.Fatal(err)
	}
	b = wire.AppendNull(wire.AppendBool(wire.AppendBool(wire.AppendB(wire.AppendInt(b, -5), []byte{1, 2}), true), false))
	if want := `{"S":"a\"b"}{"N":"1.50"}{"N":"-5"}{"B":"AQI="}{"BOOL":true}{"BOOL":false}{"NULL":true}`; string(b) != want {
		t.Errorf("got %s", b)
	}
	if b, err := wire.AppendS([]byte("x"), "\xff"); !errors.Is(err, wire.ErrUTF8) || string(b) != "x" {
		t.Errorf("%q, %v", b, err)
	}
	if got := string(wire.AppendString(nil, "a\xffb")); got != "\"a\ufffdb\"" {
		t.Errorf("got %s", got)
	}
}

// Whatever the bytes, reading allocates at most a multiple of their number: what an empty map costs for six bytes of `{"M":`.
func TestMemoryIsBoundedByTheInput(t *testing.T) {
	for _, unit := range []string{`{"L":[]},`, `{"M":{}},`, `{"S":""},`, `{"SS":["",""]},`, `{"B":""},`, `{"L":[{"L":[{"L":[]}]}]},`} {
		n := 200_000 / len(unit)
		item := []byte(`{"a":{"L":[` + strings.Repeat(unit, n) + `{"NULL":true}]}}`)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := wire.ReadItem(item); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) / uint64(len(item)); got > 40 {
			t.Errorf("%s: %d bytes for each byte", unit, got)
		}
	}
}

// FuzzItem reads arbitrary bytes in every way there is. What can be read can be written, and is then read the same.
func FuzzItem(f *testing.F) {
	for _, tc := range strictTexts {
		f.Add([]byte(tc.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := wire.ReadItem(data)
		size, sizeErr := wire.ItemSize(data)
		if err == nil && sizeErr != nil && !bytes.Contains(data, []byte(`\`)) {
			t.Errorf("item without size: %v", sizeErr)
		}
		if size < 0 || size > len(data) {
			t.Errorf("an item of %d bytes of JSON has size %d", len(data), size)
		}
		values := make([][]byte, 2)
		findErr := wire.FindAttrs(data, []string{"a", "pk"}, values)
		r := wire.NewReader(data)
		r.GuessText("a")
		_, _, _ = wire.Scalar(data)
		if err != nil {
			return
		}
		if findErr != nil {
			t.Errorf("attributes of a good item: %v", findErr)
		}
		if err := skipAll(data); err != nil {
			t.Errorf("skipping a good item: %v", err)
		}
		b, err := wire.AppendItem(nil, m)
		if err != nil {
			t.Fatalf("writing: %v", err)
		}
		if again, err := wire.ReadItem(b); err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("read again: %v\n%s", err, b)
		}
	})
}
