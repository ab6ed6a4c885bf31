package value_test

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/entable/entable/internal/engine/value"
)

func parse(t testing.TB, json string) value.Value {
	t.Helper()
	v, err := value.ParseValue([]byte(json))
	if err != nil {
		t.Fatalf("%s: %v", json, err)
	}
	return v
}

func TestSizeByTheServicesRules(t *testing.T) {
	for in, want := range map[string]int{
		`{"S":""}`: 0, `{"S":"aé"}`: 3, `{"B":"YWI="}`: 2, `{"BOOL":false}`: 1, `{"NULL":true}`: 1, `{"SS":["a","bc"]}`: 3, `{"NS":["1","-1"]}`: 5, `{"BS":["YQ=="]}`: 1,
		`{"L":[]}`: 3, `{"M":{}}`: 3, `{"L":[{"S":"a"},{"S":"bc"}]}`: 3 + 2 + 3, `{"M":{"ab":{"S":"c"},"d":{"BOOL":true}}}`: 3 + 2 + 3 + 1 + 1,
		`{"L":[{"L":[]},{"M":{"a":{"L":[{"N":"1"}]}}}]}`: 3 + 2 + 3 + 3 + 1 + 1 + 3 + 1 + 2,
	} {
		if got := parse(t, in).Size(); got != want {
			t.Errorf("%s: %d, want %d", in, got, want)
		}
	}
	it, err := value.ParseItem([]byte(`{"pk":{"S":"x"},"é":{"N":"12"}}`))
	if err != nil || it.Size() != 2+1+2+2 {
		t.Errorf("item: %d, %v", it.Size(), err)
	}
}

func TestEqualityIgnoresForm(t *testing.T) {
	same := [][2]string{
		{`{"N":"1"}`, `{"N":"1.0"}`}, {`{"NS":["1","2"]}`, `{"NS":["2.0","1e0"]}`},
		{`{"L":[{"M":{"a":{"SS":["x","y"]},"b":{"N":"0"}}}]}`, `{"L":[{"M":{"b":{"N":"-0"},"a":{"SS":["y","x"]}}}]}`},
	}
	for _, s := range same {
		if !value.Equal(parse(t, s[0]), parse(t, s[1])) {
			t.Errorf("%s differs from %s", s[0], s[1])
		}
	}
	for _, s := range [][2]string{{`{"S":"1"}`, `{"N":"1"}`}, {`{"S":"a"}`, `{"B":"YQ=="}`}, {`{"L":[]}`, `{"M":{}}`}, {`{"NULL":true}`, `{"S":""}`}, {`{"L":[{"S":"a"}]}`, `{"SS":["a"]}`}} {
		if value.Equal(parse(t, s[0]), parse(t, s[1])) {
			t.Errorf("%s equals %s", s[0], s[1])
		}
	}
}

func TestCompareOnlyWhereThereIsAnOrder(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		order int
		ok    bool
	}{
		{`{"S":"a"}`, `{"S":"B"}`, 1, true}, {`{"S":"é"}`, `{"S":"z"}`, 1, true}, {`{"N":"9"}`, `{"N":"10"}`, -1, true}, {`{"B":"/w=="}`, `{"B":"AA=="}`, 1, true},
		{`{"BOOL":false}`, `{"BOOL":true}`, -1, true}, {`{"S":"1"}`, `{"N":"1"}`, 0, false}, {`{"L":[]}`, `{"L":[]}`, 0, false}, {`{"SS":["a"]}`, `{"SS":["a"]}`, 0, false}, {`{"NULL":true}`, `{"NULL":true}`, 0, false},
	} {
		if order, ok := value.Compare(parse(t, c.a), parse(t, c.b)); order != c.order || ok != c.ok {
			t.Errorf("%s and %s: %d %v", c.a, c.b, order, ok)
		}
	}
}

func TestOrderedEncodingOfTuples(t *testing.T) {
	texts := []string{"", "\x00", "\x00\x00", "\x00\x01", "\x00\xff", "a", "a\x00", "a\x00b", "ab", "b", "\xff"}
	type pair struct{ a, b string }
	var pairs []pair
	for _, a := range texts {
		for _, b := range texts {
			pairs = append(pairs, pair{a, b})
		}
	}
	key := func(p pair) []byte {
		return value.Binary(p.b).AppendOrdered(value.Binary(p.a).AppendOrdered(nil))
	}
	for _, p := range pairs {
		for _, q := range pairs {
			want := cmp.Or(cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b))
			if got := bytes.Compare(key(p), key(q)); got != want {
				t.Fatalf("%q %q: %d, want %d", p, q, got, want)
			}
		}
		prefix := value.Binary(p.a).AppendOrderedPrefix(nil)
		if got := bytes.HasPrefix(value.Binary(p.b).AppendOrdered(nil), prefix); got != strings.HasPrefix(p.b, p.a) {
			t.Fatalf("prefix %q of %q: %v", p.a, p.b, got)
		}
	}
}

func TestItemWithAndWithout(t *testing.T) {
	model := map[string]value.Value{}
	var it value.Item
	names := []string{"m", "a", "z", "mm", "", "é"}
	for i := range 200 {
		name := names[i*7%len(names)]
		if i%3 == 2 {
			delete(model, name)
			it = it.Without(name)
		} else {
			v := value.String(strings.Repeat("x", i))
			model[name] = v
			it = it.With(name, v)
		}
		if it.Len() != len(model) {
			t.Fatalf("step %d: %d attributes, want %d", i, it.Len(), len(model))
		}
		last := ""
		for n, v := range it.All() {
			if got, ok := it.Get(n); model[n] != v || !ok || got != v || n < last {
				t.Fatalf("step %d: attribute %q", i, n)
			}
			last = n
		}
	}
	if _, ok := it.Get("nope"); ok {
		t.Error("found what is not there")
	}
	if got := it.With("q", value.Value{}); got != it {
		t.Error("None added an attribute")
	}
}

func TestPickTakesNamedAttributes(t *testing.T) {
	it := value.NewItem(value.Attr{"c", value.Int(3)}, value.Attr{"a", value.Int(1)}, value.Attr{"b", value.Int(2)})
	if got := string(it.Pick([]string{"", "a", "bb", "c", "d"}).AppendJSON(nil)); got != `{"a":{"N":"1"},"c":{"N":"3"}}` {
		t.Errorf("got %s", got)
	}
}

func TestSetAlgebra(t *testing.T) {
	set := func(e ...string) value.Value {
		if len(e) == 0 {
			return value.Value{}
		}
		v, err := value.StringSet(e...)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ a, b, union, difference []string }{
		{[]string{"a", "c"}, []string{"b"}, []string{"a", "b", "c"}, []string{"a", "c"}},
		{[]string{"a", "b", "c"}, []string{"b", "d"}, []string{"a", "b", "c", "d"}, []string{"a", "c"}},
		{[]string{"a"}, []string{"a"}, []string{"a"}, nil},
		{[]string{"b", "c"}, []string{"a", "b", "c", "d"}, []string{"a", "b", "c", "d"}, nil},
	} {
		a, b := set(c.a...), set(c.b...)
		if got := value.Union(a, b); got != set(c.union...) {
			t.Errorf("%v ∪ %v = %s", c.a, c.b, got.AppendJSON(nil))
		}
		if got := value.Difference(a, b); got != set(c.difference...) {
			t.Errorf("%v ∖ %v = %s", c.a, c.b, got.AppendJSON(nil))
		}
		for _, e := range []string{"", "a", "b", "c", "d", "e"} {
			if a.Contains(value.String(e)) != slices.Contains(c.a, e) || a.Contains(value.Binary(e)) {
				t.Errorf("%v contains %q: %v", c.a, e, a.Contains(value.String(e)))
			}
		}
	}
}

func TestListAccess(t *testing.T) {
	v := parse(t, `{"L":[{"S":"a"},{"N":"1"},{"L":[]}]}`)
	if v.Len() != 3 || !v.Contains(value.Int(1)) || v.Contains(value.Int(2)) {
		t.Errorf("list: %s", v.AppendJSON(nil))
	}
	var elems []value.Value
	for e := range v.Elems() {
		elems = append(elems, e)
	}
	for i, e := range elems {
		if got, ok := v.Index(i); !ok || got != e {
			t.Errorf("element %d", i)
		}
	}
	if _, ok := v.Index(3); ok || value.List(elems...) != v {
		t.Error("list is not its elements")
	}
}

func TestReadingAnAttributeDoesNotAllocate(t *testing.T) {
	it, err := value.ParseItem([]byte(`{"a":{"S":"x"},"b":{"N":"1"},"c":{"SS":["p","q"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	p := value.String("p")
	if n := testing.AllocsPerRun(100, func() {
		v, _ := it.Get("c")
		if !v.Contains(p) || it.Size() != 8 {
			t.Fatal("wrong item")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParseItem(b *testing.B) {
	in := []byte(`{"pk":{"S":"ORDER#0000000000000000042"},"sk":{"S":"A"},"_type":{"S":"Order"},"name":{"S":"somebody"},"note":{"S":"a text of about fifty characters, to be realistic"},"total":{"N":"199.95"},"count":{"N":"3"},"open":{"BOOL":true},"tags":{"SS":["a","b","c"]},"lines":{"L":[{"M":{"sku":{"S":"A-1"},"qty":{"N":"2"},"price":{"N":"9.99"}}},{"M":{"sku":{"S":"B-1"},"qty":{"N":"1"},"price":{"N":"5"}}}]}}`)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := value.ParseItem(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAddSmall(b *testing.B) {
	x, y := value.Int(41), value.Int(1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := value.Add(x, y); err != nil {
			b.Fatal(err)
		}
	}
}
