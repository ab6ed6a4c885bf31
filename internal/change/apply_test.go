package change_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/entable/entable/internal/change"
)

const (
	digits38 = "12345678901234567890123456789012345678"
	null     = `{"NULL":true}`
	number38 = attributevalue.Number(digits38)
	noFit    = "the operation does not fit what is stored"
)

// makeIt is the error of a path through what is not there.
func makeIt(path string) string {
	return fmt.Sprintf("the item has no %q: make it in the same update, with SetIfAbsent(%q, …)", path, path)
}

func TestResult(t *testing.T) {
	for _, test := range []struct {
		name  string
		op    change.Op
		path  string
		value any
		was   string // "" is absent
		want  string // the same, or an error
	}{
		{"set", change.Set, "kind", "red", `{"S":"blue"}`, `{"S":"red"}`},
		{"set to empty", change.Set, "kind", "", `{"S":"blue"}`, ``},
		{"set if absent", change.SetIfAbsent, "kind", "red", ``, `{"S":"red"}`},
		{"set if there", change.SetIfAbsent, "kind", "red", `{"S":"blue"}`, `{"S":"blue"}`},
		{"remove", change.Remove, "kind", nil, `{"S":"blue"}`, ``},
		{"remove what is absent", change.Remove, "kind", nil, ``, ``},

		{"add", change.Add, "n", 2, `{"N":"40"}`, `{"N":"42"}`},
		{"add to nothing", change.Add, "n", 2, ``, `{"N":"2"}`},
		{"add a zero to nothing", change.Add, "n", 0, ``, `{"N":"0"}`},
		{"subtract", change.Subtract, "n", 2, `{"N":"1"}`, `{"N":"-1"}`},
		{"subtract from nothing", change.Subtract, "n", 2, ``, `{"N":"-2"}`},
		{"add 38 digits", change.Add, "big", attributevalue.Number("1"), `{"N":"` + digits38 + `"}`, `{"N":"` + digits38[:37] + `9"}`},
		{"subtract 38 digits", change.Subtract, "big", number38, `{"N":"1"}`, `{"N":"-` + digits38[:37] + `7"}`},
		{"add decimals", change.Add, "big", attributevalue.Number("0.2"), `{"N":"0.1"}`, `{"N":"0.3"}`},
		{"add exponents", change.Add, "big", attributevalue.Number("1e-2"), `{"N":"2.5E2"}`, `{"N":"250.01"}`},
		{"add to a string", change.Add, "n", 2, `{"S":"x"}`, noFit},

		{"add to a set", change.Add, "tags", []string{"b", "c"}, `{"SS":["a","b"]}`, `{"SS":["a","b","c"]}`},
		{"add to no set", change.Add, "tags", []string{"b"}, ``, `{"SS":["b"]}`},
		{"add numbers to a set", change.Add, "numbers", []float64{2, 3}, `{"NS":["1","2.0"]}`, `{"NS":["1","2","3"]}`},
		{"add blobs to a set", change.Add, "blobs", [][]byte{{1}, {2}}, `{"BS":["AQ=="]}`, `{"BS":["AQ==","Ag=="]}`},
		{"add to another set", change.Add, "tags", []string{"b"}, `{"NS":["1"]}`, noFit},
		{"delete from a set", change.Delete, "tags", []string{"b", "x"}, `{"SS":["a","b"]}`, `{"SS":["a"]}`},
		{"delete a number", change.Delete, "numbers", []float64{100}, `{"NS":["1","1E2"]}`, `{"NS":["1"]}`},
		{"delete the last element", change.Delete, "blobs", [][]byte{{1}}, `{"BS":["AQ=="]}`, ``},
		{"delete from no set", change.Delete, "tags", []string{"b"}, ``, ``},
		{"delete from a list", change.Delete, "tags", []string{"b"}, `{"L":[]}`, noFit},

		{"append", change.Append, "words", []string{"b"}, `{"L":[{"S":"a"}]}`, `{"L":[{"S":"a"},{"S":"b"}]}`},
		{"prepend", change.Prepend, "words", []string{"b"}, `{"L":[{"S":"a"}]}`, `{"L":[{"S":"b"},{"S":"a"}]}`},
		{"append to nothing", change.Append, "words", []string{"b"}, ``, `{"L":[{"S":"b"}]}`},
		{"append to a set", change.Append, "words", []string{"b"}, `{"SS":["a"]}`, noFit},

		{"set in a map", change.Set, "first.qty", 2, `{"M":{"sku":{"S":"x"}}}`, `{"M":{"qty":{"N":"2"},"sku":{"S":"x"}}}`},
		{"set to empty in a map", change.Set, "first.qty", 0, `{"M":{"qty":{"N":"1"},"sku":{"S":"x"}}}`, `{"M":{"sku":{"S":"x"}}}`},
		{"add in a map", change.Add, "first.qty", 2, `{"M":{}}`, `{"M":{"qty":{"N":"2"}}}`},
		{"set in no map", change.Set, "first.qty", 2, ``, makeIt("first")},
		{"set in a string", change.Set, "first.qty", 2, `{"S":"x"}`, `the path leads nowhere in the item: "first" is stored as S`},
		{"set an element", change.Set, "words[1]", "x", `{"L":[{"S":"a"},{"S":"b"}]}`, `{"L":[{"S":"a"},{"S":"x"}]}`},
		{"set an element beyond the end", change.Set, "words[9]", "x", `{"L":[{"S":"a"}]}`, `{"L":[{"S":"a"},{"S":"x"}]}`},
		{"remove an element", change.Remove, "words[0]", nil, `{"L":[{"S":"a"},{"S":"b"}]}`, `{"L":[{"S":"b"}]}`},
		{"remove an element beyond the end", change.Remove, "words[9]", nil, `{"L":[{"S":"a"}]}`, `{"L":[{"S":"a"}]}`},
		{"set an element of no list", change.Set, "words[0]", "x", ``, makeIt("words")},
		{"set inside an element", change.Set, "lines[1].sku", "x", `{"L":[{"M":{}},{"M":{"sku":{"S":"a"}}}]}`, `{"L":[{"M":{}},{"M":{"sku":{"S":"x"}}}]}`},
		{"set inside an element beyond the end", change.Set, "lines[1].sku", "x", `{"L":[{"M":{}}]}`, makeIt("lines[1]")},
		{"set if NULL", change.SetIfAbsent, "words", []string{"a"}, null, `{"L":[{"S":"a"}]}`},
		{"add to NULL", change.Add, "n", 2, null, `{"N":"2"}`},
		{"subtract from NULL", change.Subtract, "n", 2, null, `{"N":"-2"}`},
		{"add to a NULL of a set", change.Add, "tags", []string{"b"}, null, `{"SS":["b"]}`},
		{"delete from NULL", change.Delete, "tags", []string{"b"}, null, ``},
		{"append to NULL", change.Append, "words", []string{"b"}, null, `{"L":[{"S":"b"}]}`},
		{"prepend to NULL", change.Prepend, "any.x[0]", []string{"b"}, `{"M":{"x":{"L":[` + null + `]}}}`, `{"M":{"x":{"L":[{"L":[{"S":"b"}]}]}}}`},
		{"set in NULL", change.Set, "meta.k.sku", "x", null, makeIt("meta")},
		{"set in a NULL within", change.Set, "any.x.y", "x", `{"M":{"x":` + null + `}}`, makeIt("any.x")},
		{"remove in NULL", change.Remove, "first.qty", nil, null, null},
		{"remove in nothing", change.Remove, "meta.k.qty", nil, `{"M":{}}`, `{"M":{}}`},
		{"set to empty in nothing", change.Set, "first.qty", 0, ``, ``},
		{"delete in nothing", change.Delete, "first.tags", []string{"a"}, ``, ``},
		{"remove in a string", change.Remove, "any.x", nil, `{"S":"x"}`, `the path leads nowhere in the item: "any" is stored as S`},

		{"deep", change.Append, "any.a[0].b", []int{2}, `{"M":{"a":{"L":[{"M":{"b":{"L":[{"N":"1"}]}}}]}}}`, `{"M":{"a":{"L":[{"M":{"b":{"L":[{"N":"1"},{"N":"2"}]}}}]}}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := change.Change{Op: test.op, Path: test.path, Value: test.value}
			was := stored(t, test.was)
			now, err := change.Result([]change.Resolved{resolved(t, c)}, was)
			got := jsonOf(t, now)
			if err != nil {
				got = strings.TrimPrefix(err.Error(), "attribute "+test.path+": ")
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if after := jsonOf(t, was); after != test.was {
				t.Errorf("the value before is now %s", after)
			}
		})
	}
}

func resolved(t testing.TB, c change.Change) change.Resolved {
	t.Helper()
	return change.Resolved{Change: &c, Target: resolve(t, c.Path)}
}

func set(path string, value any) change.Change {
	return change.Change{Op: change.Set, Path: path, Value: value}
}

func ifAbsent(path string, value any) change.Change {
	return change.Change{Op: change.SetIfAbsent, Path: path, Value: value}
}

func remove(path string) change.Change { return change.Change{Op: change.Remove, Path: path} }

// The positions of all changes are those before the update, in whatever order they are given.
func TestResultOfSeveral(t *testing.T) {
	abc := `{"L":[{"S":"a"},{"S":"b"},{"S":"c"}]}`
	for _, test := range []struct {
		name    string
		changes []change.Change
		was     string
		want    string
	}{
		{"remove and set", []change.Change{remove("words[0]"), set("words[1]", "x")}, abc, `{"L":[{"S":"x"},{"S":"c"}]}`},
		{"remove two", []change.Change{remove("words[0]"), remove("words[1]")}, abc, `{"L":[{"S":"c"}]}`},
		{"remove all", []change.Change{remove("words[2]"), remove("words[0]"), remove("words[1]")}, abc, `{"L":[]}`},
		{"inside elements", []change.Change{remove("lines[0]"), set("lines[1].sku", "x"), set("lines[1].qty", 0)}, `{"L":[{"M":{}},{"M":{"qty":{"N":"1"}}}]}`, `{"L":[{"M":{"sku":{"S":"x"}}}]}`},
		{"beyond the end", []change.Change{set("words[9]", "9"), set("words[7]", "7")}, abc, `{"L":[{"S":"a"},{"S":"b"},{"S":"c"},{"S":"7"},{"S":"9"}]}`},
		{"beyond the end and remove", []change.Change{set("words[9]", "9"), remove("words[0]")}, abc, `{"L":[{"S":"b"},{"S":"c"},{"S":"9"}]}`},
		{"remove beyond the end", []change.Change{set("words[9]", "9"), remove("words[3]")}, abc, `{"L":[{"S":"a"},{"S":"b"},{"S":"c"},{"S":"9"}]}`},
		{"remove far beyond the end", []change.Change{remove("words[8]"), set("words[3]", "3"), set("words[4]", "4")}, abc, `{"L":[{"S":"a"},{"S":"b"},{"S":"c"},{"S":"3"},{"S":"4"}]}`},
		{"lists in a list", []change.Change{remove("any[0][0]"), set("any[0][1]", "x"), remove("any[1]"), set("any[2][5]", "y")}, `{"L":[` + abc + `,` + abc + `,` + abc + `]}`,
			`{"L":[{"L":[{"S":"x"},{"S":"c"}]},{"L":[{"S":"a"},{"S":"b"},{"S":"c"},{"S":"y"}]}]}`},
		{"in a map", []change.Change{remove("first.sku"), set("first.qty", 1)}, `{"M":{"sku":{"S":"a"}}}`, `{"M":{"qty":{"N":"1"}}}`},
		{"make and set", []change.Change{ifAbsent("meta", map[string]line{"a": {}}), set("meta.k", line{SKU: "x"})}, null, `{"M":{"a":{"M":{"sku":{"S":""}}},"k":{"M":{"sku":{"S":"x"}}}}}`},
		{"make and add", []change.Change{ifAbsent("first", line{}), ifAbsent("first.sku", "x"), {Op: change.Add, Path: "first.qty", Value: 3}}, ``, `{"M":{"qty":{"N":"3"},"sku":{"S":""}}}`},
		{"make a list", []change.Change{ifAbsent("words", []string{}), set("words[3]", "x")}, ``, `{"L":[{"S":"x"}]}`},
		{"make what is there", []change.Change{ifAbsent("words", []string{"y"}), set("words[3]", "x")}, abc, `{"L":[{"S":"a"},{"S":"b"},{"S":"c"},{"S":"x"}]}`},
		{"make all on the way", []change.Change{ifAbsent("any", map[string]any{}), ifAbsent("any.a", map[string]any{}), ifAbsent("any.a.b", []any{}), set("any.a.b[0]", 1)}, ``, `{"M":{"a":{"M":{"b":{"L":[{"N":"1"}]}}}}}`},
		{"make and remove", []change.Change{ifAbsent("first", line{SKU: "x", Qty: 1}), remove("first.qty")}, null, `{"M":{"sku":{"S":"x"}}}`},
		{"one path leads nowhere", []change.Change{set("lines[0].sku", "x"), set("lines[1].sku", "y")}, `{"L":[{"M":{}}]}`, "attribute lines[1].sku: " + makeIt("lines[1]")},
	} {
		t.Run(test.name, func(t *testing.T) {
			var changes []change.Resolved
			for _, c := range test.changes {
				changes = append(changes, resolved(t, c))
			}
			was := stored(t, test.was)
			for range 2 { // in any order
				now, err := change.Result(changes, was)
				got := jsonOf(t, now)
				if err != nil {
					got = err.Error()
				}
				if got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
				if after := jsonOf(t, was); after != test.was {
					t.Errorf("the value before is now %s", after)
				}
				slices.Reverse(changes)
			}
		})
	}
}

func TestApply(t *testing.T) {
	word := func(s *shelf) *shelf { s.Words = []string{"a", "b"}; return s }
	for _, test := range []struct {
		op        change.Op
		path      string
		value     any
		was, want shelf
	}{
		{change.Set, "kind", "red", shelf{ID: "1"}, shelf{ID: "1", Kind: "red"}},
		{change.Set, "inner", "x", shelf{}, shelf{embedded: &embedded{"x"}}},
		{change.Remove, "inner", nil, shelf{}, shelf{}},
		{change.Remove, "inner", nil, shelf{embedded: &embedded{"x"}}, shelf{embedded: &embedded{}}},
		{change.Add, "n", 2, shelf{N: 1}, shelf{N: 3}},
		{change.Append, "words", []string{"c"}, *word(&shelf{}), shelf{Words: []string{"a", "b", "c"}}},
		{change.Remove, "words[0]", nil, *word(&shelf{}), shelf{Words: []string{"b"}}},
		{change.Set, "first.qty", 2, shelf{First: &line{SKU: "x"}}, shelf{First: &line{SKU: "x", Qty: 2}}},
		{change.Set, "first.qty", 2, shelf{}, shelf{}},                                // leads nowhere
		{change.Set, change.Quote("rest"), 2, shelf{}, shelf{}},                       // none of its own
		{change.Delete, "tags", []string{"a"}, shelf{}, shelf{}},                      // nothing to delete from
		{change.Set, "big", number38, shelf{}, shelf{Big: number38}},                  // exactly
		{change.Set, "a.b", "x", shelf{}, shelf{Dotted: "x"}},                         // quoted below
		{change.SetIfAbsent, "n", 5, shelf{N: 0}, shelf{N: 5}},                        // left out when zero
		{change.SetIfAbsent, "small", 5, shelf{}, shelf{}},                            // stored as zero
		{change.Prepend, "grid[1]", []int{1}, shelf{}, shelf{Grid: [2][]int{1: {1}}}}, // nil is NULL, as good as none
		{change.Set, "meta.k", line{SKU: "s"}, shelf{}, shelf{}},                      // no map
		{change.Set, "any", "x", shelf{Any: 1}, shelf{Any: any("x")}},                 // of another type
	} {
		path := test.path
		if path == "a.b" {
			path = change.Quote(path)
		}
		c := change.Change{Op: test.op, Path: path, Value: test.value}
		got := test.was
		if err := change.Apply([]change.Resolved{resolved(t, c)}, unsafe.Pointer(&got)); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+v, %v, want %+v", test.path, got, err, test.want)
		}
	}
}

// What an item is made of belongs to the caller, who sees no change before the write is done.
func TestApplySharesNothing(t *testing.T) {
	before := shelf{Words: []string{"a", "b"}, First: &line{SKU: "x"}, Meta: map[string]line{"k": {SKU: "y"}}}
	now := before
	var changes []change.Resolved
	for _, path := range []string{"words[0]", "first.sku", "meta.k.sku"} {
		changes = append(changes, resolved(t, change.Change{Op: change.Set, Path: path, Value: "new"}))
	}
	if err := change.Apply(changes, unsafe.Pointer(&now)); err != nil {
		t.Fatal(err)
	}
	if now.Words[0] != "new" || now.First.SKU != "new" || now.Meta["k"].SKU != "new" {
		t.Errorf("the copy is %+v", now)
	}
	if before.Words[0] != "a" || before.First.SKU != "x" || before.Meta["k"].SKU != "y" {
		t.Errorf("the item that was copied is %+v", before)
	}
}

// A result that the field cannot hold is an error, and the item stays.
func TestApplyThatDoesNotFit(t *testing.T) {
	s := shelf{Small: 127, Kind: "red"}
	c := change.Change{Op: change.Add, Path: "small", Value: 1}
	err := change.Apply([]change.Resolved{resolved(t, c)}, unsafe.Pointer(&s))
	if err == nil || !strings.HasPrefix(err.Error(), "attribute small: ") || s.Small != 127 {
		t.Errorf("got %v, and the item %+v", err, s)
	}
}

func TestStoredForm(t *testing.T) {
	plan := planOf[shelf](t)
	full := shelf{embedded: &embedded{"x"}, Kind: "red", Big: number38, Tags: []string{"a"}, First: &line{SKU: "s"}, Any: "x"}
	for name, want := range map[string]string{
		"inner": `{"S":"x"}`, "kind": `{"S":"red"}`, "n": ``, "small": `{"N":"0"}`, "big": `{"N":"` + digits38 + `"}`,
		"tags": `{"SS":["a"]}`, "first": `{"M":{"sku":{"S":"s"}}}`, "words": ``, "any": `{"S":"x"}`,
	} {
		f := plan.Field(name)
		v, err := change.StoredForm(f, unsafe.Pointer(&full))
		if err != nil || jsonOf(t, v) != want {
			t.Errorf("%s is stored as %s, %v, want %s", name, jsonOf(t, v), err, want)
		}
		back := shelf{Kind: "old", N: 9, Words: []string{"old"}}
		if err := change.SetStored(f, unsafe.Pointer(&back), v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		again, err := change.StoredForm(f, unsafe.Pointer(&back))
		if err != nil || jsonOf(t, again) != want {
			t.Errorf("%s comes back as %s, %v, want %s", name, jsonOf(t, again), err, want)
		}
	}
	if v, err := change.StoredForm(plan.Field("inner"), unsafe.Pointer(&shelf{})); v != nil || err != nil {
		t.Errorf("behind a nil pointer: %v, %v", v, err)
	}
}
