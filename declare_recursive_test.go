package entable_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/entable/entable"
)

type (
	recursiveMap   map[string]recursiveMap
	recursiveSlice []recursiveSlice
	recursivePtr   *recursivePtr
	recursiveOne   struct{ Two *recursiveTwo }
	recursiveTwo   struct{ Ones []recursiveOne }
)

// A type that contains itself, of whatever kind, is stored, left out or refused; registration ends.
func TestRecursiveTypes(t *testing.T) {
	register := func(t *testing.T, field reflect.StructField) error {
		field.Name = "Value"
		typ := reflect.StructOf([]reflect.StructField{{Name: "ID", Type: reflect.TypeFor[string]()}, field})
		return entable.RegisterType(entable.NewTable("recursive"), typ, entable.Name("Recursive"))
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[recursiveMap](), reflect.TypeFor[recursiveSlice](), reflect.TypeFor[recursiveOne](),
		reflect.TypeFor[*recursiveTwo](), reflect.TypeFor[[]map[string]recursiveOne](),
	} {
		if err := register(t, reflect.StructField{Type: typ}); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
	pointers := reflect.StructField{Type: reflect.TypeFor[recursivePtr]()}
	if _, refused := errors.AsType[*entable.DeclarationError](register(t, pointers)); !refused {
		t.Error("a pointer that leads to pointers only is accepted")
	}
	pointers.Tag = `dynamodbav:"-"`
	if err := register(t, pointers); err != nil {
		t.Errorf("a field that is left out: %v", err)
	}
}

func TestRecursiveTypesAreStored(t *testing.T) {
	type node struct {
		ID    string         `dynamodbav:"id"`
		Map   recursiveMap   `dynamodbav:"map"`
		Slice recursiveSlice `dynamodbav:"slice"`
		One   recursiveOne   `dynamodbav:"one"`
	}
	eachSetup(t, func(t *testing.T, s *setup) {
		nodes := entable.Register[node](s.NewTable())
		v := node{ID: "1", Map: recursiveMap{"a": {"b": {}}}, Slice: recursiveSlice{{}, {{}}},
			One: recursiveOne{Two: &recursiveTwo{Ones: []recursiveOne{{}, {}}}}}
		check(t, nodes.Put(t.Context(), &v))
		got, err := nodes.Get(t.Context(), node{ID: "1"})
		check(t, err)
		if !reflect.DeepEqual(*got, v) {
			t.Errorf("got %+v, want %+v", *got, v)
		}
	})
}
