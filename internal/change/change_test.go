package change_test

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/wire"
)

// stored returns an attribute value from DynamoDB JSON, nil for "".
func stored(t testing.TB, json string) types.AttributeValue {
	t.Helper()
	if json == "" {
		return nil
	}
	v, err := wire.ReadValue([]byte(json))
	if err != nil {
		t.Fatalf("%s: %v", json, err)
	}
	return v
}

// jsonOf is the other way round.
func jsonOf(t testing.TB, v types.AttributeValue) string {
	t.Helper()
	if v == nil {
		return ""
	}
	json, err := wire.AppendValue(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(json)
}

func TestAddTo(t *testing.T) {
	for _, test := range []struct {
		op    change.Op
		path  string
		value any
		want  string // the update, and its values in their order
	}{
		{change.Set, "kind", "red", `SET kind = :0 {"S":"red"}`},
		{change.Set, "kind", "", `REMOVE kind`},
		{change.Set, "small", 0, `SET small = :0 {"N":"0"}`},
		{change.Set, "first", line{SKU: "a"}, `SET first = :0 {"M":{"sku":{"S":"a"}}}`},
		{change.Set, "first", nil, `REMOVE first`},
		{change.Set, "lines[2].qty", 7, `SET lines[2].qty = :0 {"N":"7"}`},
		{change.Set, "any.x", []int{1}, `SET any.x = :0 {"L":[{"N":"1"}]}`},
		{change.SetIfAbsent, "kind", kind("red"), `SET kind = if_not_exists(kind, :0) {"S":"red"}`},
		{change.Remove, "lines[0]", nil, `REMOVE lines[0]`},
		{change.Add, "big", attributevalue.Number("2"), `SET big = if_not_exists(big, :0) + :1 {"N":"0"} {"N":"2"}`},
		{change.Add, "n", 0, `SET n = if_not_exists(n, :0) + :1 {"N":"0"} {"N":"0"}`},
		{change.Subtract, "first.qty", 0, `SET first.qty = if_not_exists(first.qty, :0) - :1 {"N":"0"} {"N":"0"}`},
		{change.Add, "tags", []string{"a"}, `ADD tags :0 {"SS":["a"]}`},
		{change.Delete, "numbers", []float64{1.5}, `DELETE numbers :0 {"NS":["1.5"]}`},
		{change.Append, "words", []string{"a"}, `SET words = list_append(if_not_exists(words, :0), :1) {"L":[]} {"L":[{"S":"a"}]}`},
		{change.Prepend, "words", []string{"a"}, `SET words = list_append(:0, if_not_exists(words, :1)) {"L":[{"S":"a"}]} {"L":[]}`},
		{change.Set, change.Quote("rest.x"), &types.AttributeValueMemberBOOL{Value: true}, `SET rest.x = :0 {"BOOL":true}`},
	} {
		var u change.Update
		c := change.Change{Op: test.op, Path: test.path, Value: test.value}
		if err := c.AddTo(&u, resolve(t, test.path)); err != nil {
			t.Errorf("%s: %v", test.want, err)
			continue
		}
		x := express(t, &u)
		var got strings.Builder
		got.WriteString(filled(strings.TrimSpace(*x.Update()), x.Names()))
		values := x.Values()
		for _, name := range slices.Sorted(maps.Keys(values)) {
			got.WriteString(" " + jsonOf(t, values[name]))
		}
		if got.String() != test.want {
			t.Errorf("got %s, want %s", got.String(), test.want)
		}
	}
}

// A change that cannot be made is refused, whether it is sent or worked out here.
func TestRefusedChanges(t *testing.T) {
	for _, test := range []struct {
		op    change.Op
		path  string
		value any
		want  string
	}{
		{change.Set, "n", nil, "attribute n: cannot set it to nil: use Remove"},
		{change.Set, "n", "x", "attribute n: cannot set it to a value of type string: its type is int64"},
		{change.Set, "n", 1.5, "attribute n: cannot set it to a value of type float64: its type is int64"},
		{change.Set, "small", 128, "attribute small: cannot set it to a value of type int: its type is int8"},
		{change.Set, "u", -1, "attribute u: cannot set it to a value of type int: its type is uint"},
		{change.Set, "f", int64(1<<53 + 1), "attribute f: cannot set it to a value of type int64: its type is float64"},
		{change.Set, "f", int64(math.MaxInt64), "attribute f: cannot set it to a value of type int64: its type is float64"},
		{change.Set, "f", math.NaN(), "attribute f: cannot encode float64: NaN is no number of the service"},
		{change.Set, "kind", "\xff", "attribute kind: cannot encode change_test.kind: text is not valid UTF-8"},
		{change.Set, "tags", []string{"a", "b", "a"}, "attribute tags: cannot encode []string: elements 0 and 2 of the string set are equal: give each element once"},
		{change.Add, "numbers", []float64{0, math.Copysign(0, -1)}, "attribute numbers: cannot encode []float64: elements 0 and 1 of the number set are equal: give each element once"},
		{change.Delete, "blobs", [][]byte{{1}, {}, {}}, "attribute blobs: cannot encode [][]uint8: elements 1 and 2 of the binary set are equal: give each element once"},
		{change.Set, "lines[1].tags", []string{"a", "a"}, "attribute lines[1].tags: cannot encode []string: elements 0 and 1 of the string set are equal: give each element once"},
		{change.Append, "lines", []*line{{}, {Tags: []string{"a", "a"}}}, "attribute lines[1].tags: cannot encode []string: elements 0 and 1 of the string set are equal: give each element once"},
		{change.Set, "meta.x", line{Tags: []string{"a", "a"}}, "attribute meta.x.tags: cannot encode []string: elements 0 and 1 of the string set are equal: give each element once"},
		{change.Add, change.Quote("rest.x"), &types.AttributeValueMemberNS{Value: []string{"1", "1e0"}},
			"attribute rest.x: cannot encode types.AttributeValue: elements 0 and 1 of the number set are equal: give each element once"},
		{change.SetIfAbsent, "kind", "", "attribute kind: the value is empty"},
		{change.Add, "kind", "x", "attribute kind: cannot add to a string: it takes a number or a set"},
		{change.Add, "words", []string{"x"}, "attribute words: cannot add to a list: it takes a number or a set"},
		{change.Add, "first", line{}, "attribute first: cannot add to M: it takes a number or a set"},
		{change.Add, "tags", []string{}, "attribute tags: cannot add to NULL: it takes a number or a set"},
		{change.Add, "first.tags", []string{"x"}, "attribute first.tags: the service adds only to sets at the top level of an item"},
		{change.Subtract, "tags", []string{"x"}, "attribute tags: cannot subtract from a set"},
		{change.Append, "words", []string(nil), "attribute words: the value is empty"},
		{change.Append, "tags", []string{"x"}, "attribute tags: cannot append to a set: it takes a list"},
		{change.Prepend, "n", 1, "attribute n: cannot append to a number: it takes a list"},
		{change.Delete, "words", []string{"x"}, "attribute words: cannot delete elements from a list: it takes a set"},
		{change.Delete, "tags", []string{}, "attribute tags: cannot delete elements from NULL: it takes a set"},
		{change.Delete, "tags", []string(nil), "attribute tags: the value is empty"},
	} {
		c, target := change.Change{Op: test.op, Path: test.path, Value: test.value}, resolve(t, test.path)
		var u change.Update
		sent := c.AddTo(&u, target)
		_, here := change.Result([]change.Resolved{{Change: &c, Target: target}}, nil)
		if sent == nil || errorText(sent) != errorText(here) && target.IsWhole() {
			t.Errorf("%s: sent: %v, here: %v", test.want, sent, here)
		}
		if test.want != "" && errorText(sent) != test.want {
			t.Errorf("got %v, want %s", sent, test.want)
		}
	}
}

func TestConvert(t *testing.T) {
	seven := 7
	for _, test := range []struct {
		value any
		want  any
	}{
		{7, int64(7)}, {uint8(7), uint(7)}, {7, 7.0}, {int64(1 << 53), float64(1 << 53)}, {int64(math.MinInt64), float64(math.MinInt64)},
		{float32(0.5), 0.5}, {"red", kind("red")}, {kind("red"), "red"}, {"12", attributevalue.Number("12")},
		{7, &seven}, {int8(7), &seven}, {nil, (*int)(nil)}, {[]string{"a"}, []string{"a"}}, {7, 7},
	} {
		c := change.Change{Value: test.value}
		got, err := c.Convert(reflect.TypeOf(test.want))
		if err != nil || !reflect.DeepEqual(got.Interface(), test.want) {
			t.Errorf("%T %v as %T: %v, %v", test.value, test.value, test.want, got, err)
		}
	}
	c := change.Change{Value: 7}
	if got, err := c.Convert(nil); err != nil || got.Interface() != 7 {
		t.Errorf("as anything: %v, %v", got, err)
	}
}

func TestEncode(t *testing.T) {
	for _, test := range []struct {
		path  string
		value any
		want  string
	}{
		{"kind", "red", `{"S":"red"} <nil>`},
		{"kind", "", ` <nil>`},
		{"n", "red", ` attribute n: cannot set it to a value of type string: its type is int64`},
	} {
		c := change.Change{Path: test.path, Value: test.value}
		v, err := c.Encode(resolve(t, test.path))
		if got := strings.TrimRight(fmt.Sprint(jsonOf(t, v), " ", err), "\n"); got != test.want {
			t.Errorf("%s = %v: got %s, want %s", test.path, test.value, got, test.want)
		}
	}
}
