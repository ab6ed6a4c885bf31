package change_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/wire"
)

func listOf(t testing.TB, changes ...change.Change) *change.List {
	t.Helper()
	l := &change.List{}
	for _, c := range changes {
		if o, err := l.Add(resolved(t, c)); err != nil || o != nil {
			t.Fatalf("%s overlaps with %v, %v", c.Path, o, err)
		}
	}
	return l
}

func add(path string, value any) change.Change {
	return change.Change{Op: change.Add, Path: path, Value: value}
}

func appending(path string, value any) change.Change {
	return change.Change{Op: change.Append, Path: path, Value: value}
}

// request returns what a list asks for: the update, its conditions, and its values in their order.
func request(t *testing.T, l *change.List, item map[string]types.AttributeValue, known bool) (string, []change.Guard) {
	t.Helper()
	var u change.Update
	guards, err := l.AddTo(&u, item, known)
	if err != nil {
		return err.Error(), nil
	}
	return said(t, u, guards), guards
}

// said is an update with its guards as text, names and values in place.
func said(t *testing.T, u change.Update, guards []change.Guard) string {
	t.Helper()
	var all []change.Condition
	for i, g := range guards {
		if i == 0 {
			all = append(all, g.Condition)
		} else {
			all[0] = all[0].And(g.Condition)
		}
	}
	x := express(t, &u, all...)
	var text string
	if x.Update() != nil {
		text = strings.TrimSpace(*x.Update())
	}
	if x.Condition() != nil {
		text += " IF " + *x.Condition()
	}
	names, values := x.Names(), x.Values()
	for _, p := range slices.Backward(slices.Sorted(maps.Keys(names))) {
		text = strings.ReplaceAll(text, p, names[p])
	}
	for _, p := range slices.Backward(slices.Sorted(maps.Keys(values))) {
		text = strings.ReplaceAll(text, p, jsonOf(t, values[p]))
	}
	return strings.TrimSpace(text)
}

// itemOf returns an item from DynamoDB JSON.
func itemOf(t *testing.T, json string) map[string]types.AttributeValue {
	t.Helper()
	item, err := wire.ReadItem([]byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return item
}

// A request asks at first for what the changes mean where all is there; the guards tell when it is not. The item that comes
// back then makes a request that works.
func TestListAddTo(t *testing.T) {
	const noNull = ` <> {"NULL":true}`
	for _, test := range []struct {
		name    string
		changes []change.Change
		first   string
		root    string // the attribute that stands against it
		was     string // what it is
		then    string // the request then, "" for the same
	}{
		{"a number", []change.Change{add("n", 1)}, `SET n = if_not_exists(n, {"N":"0"}) + {"N":"1"} IF NOT (n > {"N":"9223372036854775806"})`, "n", `{"N":"1"}`, ""},
		{"an open number", []change.Change{add("any", 1)}, `SET any = if_not_exists(any, {"N":"0"}) + {"N":"1"} IF any` + noNull, "any", null, `SET any = {"N":"1"} IF any = {"NULL":true}`},
		{"a set", []change.Change{add("tags", []string{"a"})}, `ADD tags {"SS":["a"]} IF tags` + noNull, "tags", null, `SET tags = {"SS":["a"]} IF tags = {"NULL":true}`},
		{"a list", []change.Change{appending("words", []string{"a"})}, `SET words = list_append(if_not_exists(words, {"L":[]}), {"L":[{"S":"a"}]}) IF words` + noNull, "words", null, `SET words = {"L":[{"S":"a"}]} IF words = {"NULL":true}`},
		{"elements out of a set", []change.Change{{Op: change.Delete, Path: "tags", Value: []string{"a"}}}, `DELETE tags {"SS":["a"]} IF tags` + noNull, "tags", null, `REMOVE tags IF tags = {"NULL":true}`},
		{"if absent", []change.Change{ifAbsent("kind", "x")}, `SET kind = if_not_exists(kind, {"S":"x"}) IF kind` + noNull, "kind", null, `SET kind = {"S":"x"} IF kind = {"NULL":true}`},
		{"a part", []change.Change{set("meta.k", line{}), set("meta.l", line{})}, `SET meta.k = {"M":{"sku":{"S":""}}}, meta.l = {"M":{"sku":{"S":""}}} IF attribute_type (meta, {"S":"M"})`, "meta", null, "attribute meta.k: " + makeIt("meta")},
		{"a part of nothing", []change.Change{set("first.qty", 1)}, `SET first.qty = {"N":"1"} IF attribute_type (first, {"S":"M"})`, "first", "", "attribute first.qty: " + makeIt("first")},
		{"a part out of nothing", []change.Change{remove("first.qty")}, `REMOVE first.qty IF attribute_type (first, {"S":"M"})`, "first", "", `REMOVE first IF attribute_not_exists (first)`},
		{"a part that is made", []change.Change{ifAbsent("first", line{SKU: "x"}), add("first.qty", 1)}, `SET first.qty = if_not_exists(first.qty, {"N":"0"}) + {"N":"1"} IF (attribute_type (first, {"S":"M"})) AND (NOT (first.qty > {"N":"9223372036854775806"}))`, "first", "", `SET first = {"M":{"qty":{"N":"1"},"sku":{"S":"x"}}} IF attribute_not_exists (first)`},
		{"an element", []change.Change{set("words[2]", "x"), set("n", 1)}, `SET words[2] = {"S":"x"}, n = {"N":"1"} IF attribute_type (words, {"S":"L"})`, "words", `{"S":"x"}`, `attribute words[2]: the path leads nowhere in the item: "words" is stored as S`},
		{"inside an element", []change.Change{set("lines[0].qty", 5)}, `SET lines[0].qty = {"N":"5"} IF attribute_type (lines[0], {"S":"M"})`, "lines", `{"L":[{"M":{}}]}`, ""},
		{"NULL inside", []change.Change{appending("grid[1]", []int{5})}, `SET grid[1] = list_append(if_not_exists(grid[1], {"L":[]}), {"L":[{"N":"5"}]}) IF (attribute_type (grid, {"S":"L"})) AND (grid[1]` + noNull + `)`,
			"grid", `{"L":[` + null + `,` + null + `]}`, `SET grid = {"L":[{"NULL":true},{"L":[{"N":"5"}]}]} IF grid = {"L":[{"NULL":true},{"NULL":true}]}`},
		{"the rest", []change.Change{appending(change.Quote("x.y"), []string{"a"})}, `SET x.y = list_append(if_not_exists(x.y, {"L":[]}), {"L":[{"S":"a"}]}) IF x.y` + noNull, "x.y", null, `SET x.y = {"L":[{"S":"a"}]} IF x.y = {"NULL":true}`},
	} {
		l := listOf(t, test.changes...)
		got, guards := request(t, l, nil, false)
		if got != test.first {
			t.Errorf("%s: the first request is\n%s, want\n%s", test.name, got, test.first)
		}
		item := map[string]types.AttributeValue{}
		if test.was != "" {
			item[test.root] = stored(t, test.was)
		}
		if holds := change.Hold(guards, item); holds != (test.then == "") {
			t.Errorf("%s: the guards hold: %t", test.name, holds)
		}
		want := test.then
		if want == "" {
			want = test.first
		}
		if got, guards = request(t, l, item, true); got != want || !change.Hold(guards, item) {
			t.Errorf("%s: the next request is\n%s, want\n%s", test.name, got, want)
		}
	}
}

func TestListRefusesOverlaps(t *testing.T) {
	for _, test := range []struct {
		a, b change.Change
		want bool
	}{
		{set("first", line{}), set("first.qty", 1), true},
		{ifAbsent("first", line{}), set("first.qty", 1), false},
		{ifAbsent("first", line{}), ifAbsent("first.sku", "x"), false},
		{ifAbsent("first", line{}), ifAbsent("first", line{}), true},
		{ifAbsent("first", line{}), remove("first"), true},
		{ifAbsent("first.sku", "x"), set("first", line{}), true},
	} {
		for range 2 {
			l := listOf(t, test.a)
			b := resolved(t, test.b)
			if o, err := l.Add(b); err != nil || (o != nil) != test.want {
				t.Errorf("%s after %s: %v, want an overlap %t", test.b.Path, test.a.Path, o, test.want)
			}
			test.a, test.b = test.b, test.a
		}
	}
}

// What does the same when it is done twice may be sent twice.
func TestListRepeats(t *testing.T) {
	for _, test := range []struct {
		c    change.Change
		want bool
	}{
		{set("n", 1), true},
		{set("first.qty", 1), true},
		{set("lines[0].qty", 1), true},
		{set("words[0]", "x"), false},
		{ifAbsent("n", 1), true},
		{remove("n"), true},
		{remove("words[0]"), false},
		{add("n", 1), false},
		{add("tags", []string{"a"}), true},
		{change.Change{Op: change.Subtract, Path: "n", Value: 1}, false},
		{change.Change{Op: change.Prepend, Path: "words", Value: []string{"a"}}, false},
		{change.Change{Op: change.Delete, Path: "tags", Value: []string{"a"}}, true},
		{appending("words", []string{"a"}), false},
	} {
		l := listOf(t, set("kind", "x"), test.c)
		request(t, l, nil, false)
		if l.Repeats() != test.want {
			t.Errorf("%d %s repeats: %t", test.c.Op, test.c.Path, l.Repeats())
		}
	}
	l := listOf(t, appending("words", []string{"a"}))
	request(t, l, map[string]types.AttributeValue{"words": stored(t, null)}, true)
	if !l.Repeats() {
		t.Error("a list that is set to what it becomes does not repeat")
	}
}

// A new item has nothing that the changes are about.
func TestListMake(t *testing.T) {
	var s shelf
	l := listOf(t, add("n", 2), ifAbsent("small", 5), appending("words", []string{"a"}), ifAbsent("first", line{SKU: "x"}), add("first.qty", 3), remove("meta.k"), set(change.Quote("rest"), 1))
	if err := l.Make(unsafe.Pointer(&s)); err != nil || s.N != 2 || s.Small != 5 || len(s.Words) != 1 || s.First.SKU != "x" || s.First.Qty != 3 || s.Meta != nil {
		t.Errorf("%v, %+v", err, s)
	}
	if err := listOf(t, set("first.qty", 2)).Make(unsafe.Pointer(&s)); errorText(err) != "attribute first.qty: "+makeIt("first") {
		t.Errorf("a path through nothing: %v", err)
	}
}

// What is said to be small is so in JSON, however much of it is escaped.
func TestWhatIsSmallIsSo(t *testing.T) {
	set := func(path string, value any) change.Change {
		return change.Change{Op: change.Set, Path: path, Value: value}
	}
	const enough = 10_000
	for _, test := range []struct {
		changes []change.Change
		small   bool // for what is enough for it
	}{
		{[]change.Change{set("id", "a"), add("n", 7), set("first", nil)}, true},
		{[]change.Change{set("id", strings.Repeat("\x01", 1000))}, true},
		{[]change.Change{set("a.b", "x"), set("any.\"x", 1), set("any.y", true), set("lines[2].qty", 5)}, true},
		{[]change.Change{appending("words", []string{"a"})}, false},
		{[]change.Change{add("tags", []string{"a"})}, false},
	} {
		l, item, u := &change.List{}, map[string]types.AttributeValue{}, change.Update{}
		for _, c := range test.changes {
			if c.Path == "a.b" {
				c.Path = change.Quote(c.Path)
			}
			if _, err := l.Add(resolved(t, c)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.AddTo(&u, nil, false); err != nil {
			t.Fatal(err)
		}
		if err := l.Least(item); err != nil {
			t.Fatal(err)
		}
		raw, err := wire.AppendItem(nil, item)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(raw) {
			if l.IsSmall(&u, n) {
				t.Fatalf("%d bytes are no more than %d: %s", len(raw), n, raw)
			}
		}
		if l.IsSmall(&u, enough) != test.small {
			t.Errorf("%s: small: %t", raw, !test.small)
		}
	}
	l := listOf(t, change.Change{Op: change.SetIfAbsent, Path: "kind", Value: kind("red")})
	var u change.Update
	null := stored(t, `{"NULL":true}`)
	if _, err := l.AddTo(&u, map[string]types.AttributeValue{"kind": null}, true); err != nil || l.IsSmall(&u, enough) {
		t.Errorf("what a known item has is said to be small, %v", err)
	}
}
