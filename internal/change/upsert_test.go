package change_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/codec"
)

// shelves is an index with one key, which is made of fields of a shelf.
type shelves struct{ fields []*codec.Field }

func indexOn(t *testing.T, names ...string) shelves {
	var x shelves
	for _, name := range names {
		x.fields = append(x.fields, planOf[shelf](t).Field(name))
	}
	return x
}

func (x *shelves) CheckField(*codec.Field, reflect.Value) error { return nil }
func (x *shelves) IndexName() string                            { return "shelves" }
func (x *shelves) Fields() []*codec.Field                       { return x.fields }
func (x *shelves) Components() []*codec.Field                   { return x.fields }
func (x *shelves) KeyNames() []string                           { return []string{"gsi"} }

func (x *shelves) Needs(f *codec.Field) bool { return !f.OmitEmpty }

func (x *shelves) Absent(ptr unsafe.Pointer, known func(string) bool) bool {
	return slices.ContainsFunc(x.fields, func(f *codec.Field) bool {
		v, ok := f.Value(ptr)
		return (known == nil || known(f.Name)) && (!ok || f.OmitEmpty && v.IsZero())
	})
}

func (x *shelves) KeyValues(ptr unsafe.Pointer) ([]types.AttributeValue, error) {
	var parts []string
	for _, f := range x.fields {
		v, _ := f.Value(ptr)
		parts = append(parts, fmt.Sprint(v))
	}
	return []types.AttributeValue{&types.AttributeValueMemberS{Value: strings.Join(parts, "#")}}, nil
}

// What an upsert does to the key of an index depends on what it gives the components; a guard says of which stored items that is
// right. The attribute id is part of the primary key.
func TestUpsertsOfIndexKeys(t *testing.T) {
	for _, test := range []struct {
		name    string
		index   []string
		changes []change.Change
		want    string // the part of the request about the key and the guards, or the error
		right   string // a stored item of which it is right, besides none
		wrong   string // one of which it is not
	}{
		{"all known", []string{"id", "small"}, []change.Change{set("small", 5)}, `SET gsi = {"S":"1#5"}`, `{"small":{"N":"4"}}`, ""},
		{"filled", []string{"small", "id"}, []change.Change{ifAbsent("small", 5)}, `SET gsi = if_not_exists(gsi, {"S":"5#1"}) IF (attribute_not_exists (pk)) OR ((attribute_exists (small)) AND (attribute_exists (gsi)))`,
			`{"pk":{"S":"p"},"small":{"N":"4"},"gsi":{"S":"4#1"}}`, `{"pk":{"S":"p"},"small":{"N":"4"}}`},
		{"filled beside a sparse one", []string{"small", "kind"}, []change.Change{ifAbsent("small", 5)}, `IF (attribute_not_exists (pk)) OR (attribute_exists (small))`,
			`{"pk":{"S":"p"},"small":{"N":"4"}}`, `{"pk":{"S":"p"},"kind":{"S":"red"}}`},
		{"moved beside a filled one", []string{"n", "small"}, []change.Change{set("n", 7), ifAbsent("small", 5)}, `SET gsi = {"S":"7#5"} IF (attribute_not_exists (small)) OR (small = {"N":"5"})`,
			`{"pk":{"S":"p"},"small":{"N":"5.0"}}`, `{"pk":{"S":"p"},"small":{"N":"4"}}`},
		{"moved beside a sparse one", []string{"n", "kind"}, []change.Change{set("n", 7)}, `REMOVE gsi IF attribute_not_exists (kind)`,
			`{"pk":{"S":"p"},"n":{"N":"1"}}`, `{"pk":{"S":"p"},"kind":{"S":"red"}}`},
		{"counted", []string{"n"}, []change.Change{add("n", 7)}, `SET gsi = {"S":"7"} IF attribute_not_exists (n)`, `{"pk":{"S":"p"}}`, `{"pk":{"S":"p"},"n":{"N":"1"}}`},
		{"left", []string{"n", "small"}, []change.Change{remove("n"), ifAbsent("small", 5)}, `REMOVE gsi`, `{"pk":{"S":"p"},"small":{"N":"4"}}`, ""},
		{"not touched", []string{"kind", "id"}, []change.Change{set("small", 5)}, ``, `{"pk":{"S":"p"},"kind":{"S":"red"}}`, ""},
		{"missing", []string{"small", "n"}, []change.Change{set("n", 5)}, `the upsert does not give attribute "small", of which the key of index "shelves" is made, so that a new item would not be in it: ` +
			`set it too, or give its field a default or omitempty`, "", ""},
	} {
		now, fresh := shelf{ID: "1"}, shelf{ID: "1"}
		x := indexOn(t, test.index...)
		a := change.After{Indexes: []change.Index{&x}, Item: unsafe.Pointer(&now), Fresh: unsafe.Pointer(&fresh)}
		a.Know("id")
		for _, c := range test.changes {
			one := resolved(t, c)
			a.Changes.Add(one)
			if one.Replaces() {
				if err := a.Find(one.Root, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := a.Changes.Make(a.Fresh); err != nil {
			t.Fatal(err)
		}
		var u change.Update
		guards, err := a.AddNew(&u, &x, "pk", false)
		if err == nil {
			err = a.AddKeys(&u, false)
		}
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = said(t, u, guards)
		}
		if got != test.want {
			t.Errorf("%s: it says\n%s, want\n%s", test.name, got, test.want)
		}
		for item, right := range map[string]bool{"": true, test.right: true, test.wrong: false} {
			if item == "" && err != nil || item == "" && !right {
				continue
			}
			var stored map[string]types.AttributeValue
			if item != "" {
				stored = itemOf(t, item)
			}
			if change.Hold(guards, stored) != right {
				t.Errorf("%s: of %s the guards hold: %t", test.name, item, !right)
			}
		}
	}
}
