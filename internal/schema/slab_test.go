package schema_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/internal/wire"
)

// sort is one of many types: of each array another one.
type sort[T any] struct {
	Owner string   `dynamodbav:"owner"`
	ID    string   `dynamodbav:"id"`
	Note  string   `dynamodbav:"note"`
	Tags  []string `dynamodbav:"tags"`
}

func registerSort[T any](t *testing.T, table *schema.Table, name string) func(i int) string {
	e := register[sort[T]](t, table, schema.EntityDecl{Name: name, PKs: pk(attrs("owner")...), SKs: sk(part(schema.AttrPart, "id"), part(schema.PrefixPart, name))})
	return func(i int) string {
		return encoded(t, e, sort[T]{Owner: "o", ID: fmt.Sprint(i), Note: strings.Repeat("n", i%50), Tags: []string{name}})
	}
}

// A response is read as its items are read one by one, whatever types follow each other in it: those that are expected, others,
// more than there are slabs, and items that nobody knows or that are not as they should be.
func TestItemsOfAResponseAreReadAsAlone(t *testing.T) {
	rnd := trial.Rand(t)
	table := newTable(t, decl())
	sorts := []func(int) string{
		registerSort[[0]int](t, table, "A"), registerSort[[1]int](t, table, "B"), registerSort[[2]int](t, table, "C"),
		registerSort[[3]int](t, table, "D"), registerSort[[4]int](t, table, "E"), registerSort[[5]int](t, table, "F"),
		registerSort[[6]int](t, table, "G"), registerSort[[7]int](t, table, "H"), registerSort[[8]int](t, table, "I"),
		registerSort[[9]int](t, table, "J"),
	}
	odd := []func(string) string{
		func(item string) string { return strings.Replace(item, `"_type":{"S":"`, `"_type":{"S":"?`, 1) },
		func(item string) string { return strings.Replace(item, `"tags":{`, `"tags":{"M":{}},"more":{`, 1) },
		func(item string) string { return strings.Replace(item, `"id":{"S":"`, `"id":{"S":"9`, 1) },
		func(item string) string { return strings.Replace(item, `"_type"`, `"other"`, 1) },
		func(item string) string { return `{"map":{"M":{"_type":{"S":"A"}}},` + item[1:] },
	}
	for range 200 {
		var items []string
		cycle := rnd.Perm(len(sorts))[:1+rnd.IntN(len(sorts))]
		for i := range 100 {
			n := cycle[i%len(cycle)]
			if rnd.IntN(20) == 0 {
				n = rnd.IntN(len(sorts))
			}
			item := sorts[n](i)
			if rnd.IntN(20) == 0 {
				item = odd[rnd.IntN(len(odd))](item)
			}
			items = append(items, item)
		}
		r, slabs := wire.NewReader([]byte(strings.Join(items, ""))), schema.Slabs{}
		for i, item := range items {
			got := table.Decode(r, nil, &slabs, nil)
			want := table.Decode(wire.NewReader([]byte(item)), nil, nil, nil)
			if !reflect.DeepEqual(got.Value, want.Value) || got.Entity != want.Entity || fmt.Sprint(got.Err) != fmt.Sprint(want.Err) {
				t.Fatalf("item %d, %s:\ngot  %+v\nwant %+v", i, item, got, want)
			}
		}
	}
}
