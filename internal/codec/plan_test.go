package codec_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

func TestWrongTypesAreRefused(t *testing.T) {
	type contradiction struct {
		A int `dynamodbav:"a,omitempty,nullempty"`
	}
	type twins struct {
		A int `dynamodbav:"x"`
		B int `dynamodbav:"x"`
	}
	type typo struct {
		Inner struct {
			A int `dynamodbav:"a,omitemtpy"`
		}
	}
	type key struct{ M map[[2]int]string }
	type nested struct{ N []*key }
	for _, tc := range []struct {
		typ  reflect.Type
		want string
	}{
		{nil, `type <nil> cannot be an item; use a struct with a field for each attribute`},
		{reflect.TypeFor[int](), `type int cannot be an item; use a struct with a field for each attribute`},
		{reflect.TypeFor[*order](), `type *codec_test.order cannot be an item; use a struct with a field for each attribute`},
		{reflect.TypeFor[time.Time](), `type time.Time cannot be an item; use a struct with a field for each attribute`},
		{reflect.TypeFor[contradiction](), `field codec_test.contradiction.A: a value cannot be omitted and be NULL when it is empty; remove one of the options`},
		{reflect.TypeFor[twins](), `fields codec_test.twins.A and codec_test.twins.B are both attribute "x"; rename one in its tag`},
		{reflect.TypeFor[typo](), `field codec_test.typo.Inner: field struct { A int "dynamodbav:\"a,omitemtpy\"" }.A: unknown option "omitemtpy" in the dynamodbav tag; correct or remove it`},
		{reflect.TypeFor[nested](), `field codec_test.nested.N: field codec_test.key.M: type map[[2]int]string: the keys of a map must be text, numbers, booleans or TextMarshalers that are no pointers`},
	} {
		for range 2 { // the error is kept
			if _, err := codec.PlanOf(tc.typ); err == nil || err.Error() != tc.want {
				t.Errorf("%v\ngot  %v\nwant %s", tc.typ, err, tc.want)
			}
		}
	}
}

func TestPlansAreKept(t *testing.T) {
	type fresh struct {
		Next *fresh
		Kids map[string][]fresh
	}
	var wg sync.WaitGroup
	plans := make([]*codec.Plan, 16)
	for i := range plans {
		wg.Go(func() {
			plan, err := codec.PlanOf(reflect.TypeFor[fresh]())
			if err != nil {
				t.Error(err)
				return
			}
			plans[i] = plan
			var got fresh
			if err := plan.Decode(wire.NewReader([]byte(`{"x":{"S":"y"},"Next":{"M":{"Kids":{"M":{"a":{"L":[{"M":{}}]}}}}}}`)), unsafe.Pointer(&got)); err != nil || len(got.Next.Kids["a"]) != 1 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	wg.Wait()
	for _, plan := range plans {
		if plan != plans[0] {
			t.Fatal("several plans for one type")
		}
	}
}

func TestFields(t *testing.T) {
	plan, _ := planOf(t, &outer{})
	var names []string
	for _, f := range plan.Fields() {
		names = append(names, f.Name)
		if plan.Field(f.Name) != f {
			t.Errorf("field %s is not found", f.Name)
		}
	}
	if want := []string{"p1", "e1", "e2", "Q", "TS", "F0", "Set"}; !reflect.DeepEqual(names, want) {
		t.Errorf("fields %v, want %v", names, want)
	}
	if plan.Field("P1") != nil || plan.Field("") != nil {
		t.Error("found a field by another name")
	}
	ts, e2 := plan.Field("TS"), plan.Field("e2")
	if !ts.UnixTime || ts.OmitEmpty || !e2.OmitEmpty || e2.Type != reflect.TypeFor[*int]() || !reflect.DeepEqual(e2.Index, []int{0, 1, 1}) || e2.Tag.Get("dynamodbav") != "e2,omitempty" {
		t.Errorf("got %+v, %+v", ts, e2)
	}

	o := &outer{F0: "x"}
	p := unsafe.Pointer(o)
	if _, ok := ts.Value(p); ok {
		t.Error("found a field behind a nil pointer")
	}
	if b, err := ts.AppendFrom([]byte("x"), p); string(b) != "x" || err != nil {
		t.Errorf("appended %s, %v", b, err)
	}
	if b, err := e2.AppendFrom([]byte("x"), p); string(b) != "x" || err != nil {
		t.Errorf("appended %s, %v", b, err)
	}
	if err := ts.DecodeValue(wire.NewReader([]byte(`{"N":"5"}`)), p); err != nil || time.Time(o.TS).Unix() != 5 {
		t.Errorf("%v, %v", o.EmbeddedPtr, err)
	}
	if b, err := ts.AppendFrom(nil, p); string(b) != `{"N":"5"}` || err != nil {
		t.Errorf("appended %s, %v", b, err)
	}
	if b, err := ts.AppendValue(nil, reflect.ValueOf(date(time.Unix(7, 0)))); string(b) != `{"N":"7"}` || err != nil {
		t.Errorf("appended %s, %v", b, err)
	}
	if _, err := ts.AppendValue(nil, reflect.ValueOf(7)); err == nil {
		t.Error("appended an int for a date")
	}
	if err := ts.DecodeValue(wire.NewReader([]byte(`{"BOOL":true}`)), p); err == nil || err.Error() != "attribute TS: cannot decode BOOL into codec_test.date" {
		t.Error(err)
	}
	f0, ok := plan.Field("F0").Value(p)
	if !ok || f0.String() != "x" || !f0.CanSet() {
		t.Errorf("%v, %t", f0, ok)
	}
	f0.SetString("y")
	if o.F0 != "y" {
		t.Error("the field was not set")
	}
}

func TestDecodingKeepsWhatTheItemLacks(t *testing.T) {
	plan, _ := planOf(t, &node{})
	kids := []*node{{Name: "old"}}
	n := node{Name: "old", Next: &node{Name: "old next"}, Kids: kids, By: map[string]node{"k": {Name: "old"}}}
	next := n.Next
	item := `{"Next":{"M":{"Kids":{"L":[]}}},"By":{"M":{"j":{"M":{}}}},"Kids":{"L":[{"M":{"Name":{"S":"new"}}}]}}`
	if err := plan.Decode(wire.NewReader([]byte(item)), unsafe.Pointer(&n)); err != nil {
		t.Fatal(err)
	}
	if n.Name != "old" || n.Next != next || next.Name != "old next" || len(next.Kids) != 0 || len(n.By) != 2 || n.Kids[0].Name != "new" {
		t.Errorf("got %+v", n)
	}
	if kids[0].Name != "old" {
		t.Error("a slice of the caller's was written to")
	}
}

func TestDecodeRest(t *testing.T) {
	plan, _ := planOf(t, &v[string]{})
	for range 3 { // names are learned
		var got v[string]
		rest := map[string]string{}
		r := wire.NewReader([]byte(`{"a":{"S":"1"},"V":{"S":"x"},"b\u0062":{"L":[{"N":"1"}]},"v":{"S":"y"}}`))
		err := plan.DecodeRest(r, unsafe.Pointer(&got), func(name string, value []byte) error {
			rest[strings.Clone(name)] = string(value)
			return nil
		})
		if want := map[string]string{"a": `{"S":"1"}`, "bb": `{"L":[{"N":"1"}]}`, "v": `{"S":"y"}`}; err != nil || got.V != "x" || !reflect.DeepEqual(rest, want) {
			t.Errorf("got %+v, %v, %v", got, rest, err)
		}
	}
	var got v[string]
	rest := map[string]string{}
	err := plan.DecodeRest(wire.NewReader([]byte(`{"v":{"S":"y"},"V":{"S":"x"}}`)), unsafe.Pointer(&got), func(name string, value []byte) error {
		rest[name] = string(value)
		return nil
	})
	if err != nil || got.V != "x" || len(rest) != 1 || rest["v"] != `{"S":"y"}` {
		t.Errorf("another spelling in front: %+v, %v, %v", got, rest, err)
	}
	err = plan.DecodeRest(wire.NewReader([]byte(`{"a":{"S":"1"}}`)), unsafe.Pointer(new(v[string])), func(string, []byte) error { return io.EOF })
	if !errors.Is(err, io.EOF) || err.Error() != "attribute a: EOF" {
		t.Error(err)
	}
}

func TestExpect(t *testing.T) {
	type typed struct {
		Type string `dynamodbav:"_type"`
		N    int    `dynamodbav:"n"`
	}
	untyped, _ := planOf(t, &struct {
		N int `dynamodbav:"n"`
	}{})
	withField, _ := planOf(t, &typed{})
	for _, plan := range []*codec.Plan{untyped, withField, withField} {
		expecting := plan.Expect("_type", "order")
		for _, tc := range []struct {
			item string
			ok   bool
		}{
			{`{"_type":{"S":"order"},"n":{"N":"1"}} `, true},
			{`{"n":{"N":"1"},"x":{"M":{"_type":{"S":"other"}}},"_type":{"S":"order"}} `, true},
			{`{"n":{"N":"1"},"_type":{"S":"order\u0000"}} `, false},
			{`{"n":{"N":"1"},"_type":{"S":"other"}} `, false},
			{`{"n":{"N":"1"},"x":{"M":{"_type":{"S":"order"}}}} `, false},
			{`{"n":{"N":"1"},"_type":{"N":"1"}} `, false},
			{`{} `, false},
		} {
			r := wire.NewReader([]byte(" " + tc.item))
			p := reflect.New(plan.Type())
			err := expecting.Decode(r, p.UnsafePointer())
			if tc.ok && (err != nil || r.Offset() != len(tc.item) || p.Elem().FieldByName("N").Int() != 1) {
				t.Errorf("%s: %v at %d", tc.item, err, r.Offset())
			}
			if !tc.ok && (err != codec.ErrUnexpected || r.Offset() != 0) {
				t.Errorf("%s: %v at %d, want ErrUnexpected at 0", tc.item, err, r.Offset())
			}
			if f := p.Elem().FieldByName("Type"); tc.ok && f.IsValid() && f.String() != "order" {
				t.Errorf("%s: the field is %q", tc.item, f)
			}
		}
	}
	custom, _ := planOf(t, &item{})
	got := item{}
	if err := custom.Expect("custom", "a").Decode(wire.NewReader([]byte(`{"custom":{"S":"a"}}`)), unsafe.Pointer(&got)); err != nil || got.Name != "a" {
		t.Error(err)
	}
	if err := custom.Expect("custom", "a").Decode(wire.NewReader([]byte(`{"custom":{"S":"b"}}`)), unsafe.Pointer(&got)); err != codec.ErrUnexpected {
		t.Error(err)
	}
}

func TestAnyValue(t *testing.T) {
	for _, tc := range []struct {
		value any
		want  string
	}{
		{nil, `{"NULL":true}`}, {"x", `{"S":"x"}`}, {5, `{"N":"5"}`}, {new(5), `{"N":"5"}`}, {(*int)(nil), `{"NULL":true}`}, {[]string{"a"}, `{"L":[{"S":"a"}]}`},
		{someTime, `{"S":"2026-02-28T13:14:15.12Z"}`}, {someID, `{"S":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}`}, {bigInt("5"), `{"S":"5"}`},
		{str{"x"}, `{"M":{"S":{"S":"x"}}}`}, {&types.AttributeValueMemberS{Value: "x"}, `{"S":"x"}`},
	} {
		b, err := codec.AppendValue(nil, tc.value)
		if err != nil || string(b) != tc.want {
			t.Errorf("%#v: %s, %v, want %s", tc.value, b, err, tc.want)
		}
	}
	if b, err := codec.SDKDefaults.AppendValue(nil, someID); err != nil || string(b) != `{"B":"a6e4EJ2tEdGAtADAT9QwyA=="}` {
		t.Errorf("%s, %v", b, err)
	}
	if b, err := codec.AppendValue([]byte("x"), make(chan int)); err == nil || string(b) != "x" {
		t.Errorf("a channel became %q", b)
	}
	var n int
	if err := codec.DecodeValue(wire.NewReader([]byte(`{"N":"5"}`)), &n); err != nil || n != 5 {
		t.Errorf("%d, %v", n, err)
	}
	for _, bad := range []any{nil, 5, (*int)(nil)} {
		if err := codec.DecodeValue(wire.NewReader([]byte(`{"N":"5"}`)), bad); err == nil {
			t.Errorf("decoded into %#v", bad)
		}
	}
}

type str struct{ S string }

// The fast way to parse a time must find what the slow one finds, or leave it to that.
func FuzzTime(f *testing.F) {
	for _, s := range []string{
		"2026-01-02T03:04:05Z", "2024-02-29T23:59:59.123456789Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-02T24:00:00Z", "2026-01-02T03:60:00Z", "2026-01-02T03:04:60Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05.1234567890Z",
		"2026-01-02T03:04:05,5Z", "2026-01-02t03:04:05z", "2026-01-02T3:04:05Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05-07:30", "", "Z",
		"20a6-01-02T03:04:05Z", "2026-01-02T03:04:05.12a4Z", "\x002026-01-02T03:04:05Z",
	} {
		f.Add(s)
	}
	plan, err := codec.PlanOf(reflect.TypeFor[v[time.Time]]())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		item, err := wire.AppendS([]byte(`{"V":`), s)
		if err != nil {
			return
		}
		var got v[time.Time]
		err = plan.Decode(wire.NewReader(append(item, '}')), unsafe.Pointer(&got))
		var want time.Time
		wantErr := want.UnmarshalText([]byte(s))
		if (err != nil) != (wantErr != nil) || err == nil && !reflect.DeepEqual(got.V, want) {
			t.Errorf("%q: got %v, %v, want %v, %v", s, got.V, err, want, wantErr)
		}
	})
}

func TestAllocations(t *testing.T) {
	o := sampleOrder(7)
	plan, _ := planOf(t, o)
	buf := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buf, _ = plan.AppendMembers(buf[:0], unsafe.Pointer(o)) }); n != 0 {
		t.Errorf("%v allocations to encode, want none", n)
	}
	item := append(append([]byte("{"), buf...), '}')
	r := wire.NewReader(nil)
	var got order
	decode := func() {
		r.Reset(item)
		got = order{}
		if err := plan.Decode(r, unsafe.Pointer(&got)); err != nil {
			t.Fatal(err)
		}
	}
	all := bytes.Repeat(item, 500)
	page := func() {
		r = wire.NewReader(all)
		for range 500 {
			got = order{}
			if err := plan.Decode(r, unsafe.Pointer(&got)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := testing.AllocsPerRun(10, page); n > 60 { // two slices each, but many at once
		t.Errorf("%v allocations to decode 500 items, want at most 60", n)
	}
	alone := func() {
		r = wire.NewReader(nil)
		decode()
	}
	if n := testing.AllocsPerRun(100, alone); n != 4 { // the reader with its rooms, and two slices
		t.Errorf("%v allocations to decode one item, want 4", n)
	}
	if !reflect.DeepEqual(&got, o) {
		t.Errorf("got %+v", got)
	}
}

// Slices of one text may lie in one piece of memory. Each still is the caller's own, to append to and to write.
func TestSlicesOfOneTextAreApart(t *testing.T) {
	type lists struct {
		Texts   []string
		Numbers []int    `dynamodbav:",numberset"`
		Pairs   [][2]int `dynamodbav:"pairs"`
		Deep    [][]string
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	plan, err := codec.PlanOf(reflect.TypeFor[lists]())
	if err != nil {
		t.Fatal(err)
	}
	for _, longest := range []int{3, 8, 20} {
		var want []lists
		var text []byte
		for i := range 300 {
			var v lists
			for n := range 1 + rnd.IntN(longest) {
				v.Texts = append(v.Texts, fmt.Sprint(i, n))
				v.Numbers = append(v.Numbers, 1000*i+n)
				v.Pairs = append(v.Pairs, [2]int{i, n})
				v.Deep = append(v.Deep, v.Texts[:rnd.IntN(len(v.Texts))+1])
			}
			want = append(want, v)
			text = append(text, '{')
			if text, err = plan.AppendMembers(text, unsafe.Pointer(&v)); err != nil {
				t.Fatal(err)
			}
			text = append(text, '}')
		}
		for _, r := range []*wire.Reader{wire.NewReader(text), {Copy: true}} {
			r.Reset(text)
			got := make([]lists, len(want))
			for i := range got {
				if err := plan.Decode(r, unsafe.Pointer(&got[i])); err != nil {
					t.Fatal(err)
				}
			}
			for i := range got { // none of this may be seen by another
				_ = append(got[i].Texts, "x")
				_ = append(got[i].Numbers, -1)
				_ = append(got[i].Pairs, [2]int{-1, -1})
				_ = append(got[i].Deep, nil)
				_ = append(got[i].Deep[0], "y")
				clear(got[i].Texts[len(got[i].Texts):cap(got[i].Texts)])
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("lists of up to %d elements differ after appending to them", longest)
			}
		}
	}
}

// The fast way to write a number must write what the slow one writes.
func FuzzFloat(f *testing.F) {
	for _, x := range []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 0.29, 1.005, 99.99, -123456.78, 9999999999999.99, 10000000000000.01, 1e15, 1e21, 5e-324, 0.01, 0.001, 100, 1e300} {
		f.Add(x)
	}
	f.Fuzz(func(t *testing.T, x float64) {
		for _, x := range []float64{x, math.Round(x*100) / 100, math.Round(x*10) / 10, math.Round(x)} {
			got, err := codec.AppendValue(nil, x)
			want := `{"N":"` + strconv.FormatFloat(x, 'f', -1, 64) + `"}`
			if size := math.Abs(x); x != 0 && !(size >= 1e-130 && size < 1e126) {
				want = ""
			}
			if bad := want == ""; bad != (err != nil) || !bad && string(got) != want {
				t.Errorf("%g: got %s, %v, want %s", x, got, err, want)
			}
		}
	})
}

type (
	shout   string
	whisper string
)

func (s *shout) UnmarshalText(b []byte) error {
	*s = shout(strings.ToUpper(string(b)))
	return nil
}

func (s *whisper) UnmarshalDynamoDBAttributeValue(v types.AttributeValue) error {
	*s = whisper(strings.ToLower(v.(*types.AttributeValueMemberS).Value))
	return nil
}

// Strings are read in a fast way, but not those that have a way of their own.
func TestStringsWithMethodsUseThem(t *testing.T) {
	type texts struct {
		A string
		B shout
		C whisper
		D string
	}
	plan, err := codec.PlanOf(reflect.TypeFor[texts]())
	if err != nil {
		t.Fatal(err)
	}
	var got texts
	for range 2 { // the second time the order of the attributes is known
		r := wire.NewReader([]byte(`{"A":{"S":"Aa"},"B":{"S":"Bb"},"C":{"S":"Cc"},"D":{"S":"Dd"}}`))
		if err := plan.Decode(r, unsafe.Pointer(&got)); err != nil || fmt.Sprint(got) != "{Aa BB cc Dd}" {
			t.Errorf("decoded %v (%v)", got, err)
		}
	}
}

// hoarder keeps what its method gets, though it should not.
type hoarder struct{ text []byte }

func (h *hoarder) UnmarshalText(b []byte) error { h.text = b; return nil }
func (h hoarder) MarshalText() ([]byte, error)  { return h.text, nil }

func TestWhatMethodsGetMayBeKept(t *testing.T) {
	type item struct{ A, B hoarder }
	var got item
	plan, _ := planOf(t, &got)
	r := wire.NewCopier([]byte(`{"A":{"S":"kept"},"B":{"S":"and \"kept\""}}`))
	if err := plan.Decode(r, unsafe.Pointer(&got)); err != nil {
		t.Fatal(err)
	}
	overwrite(r)
	if string(got.A.text) != "kept" || string(got.B.text) != `and "kept"` {
		t.Errorf("kept %q and %q", got.A.text, got.B.text)
	}
}
