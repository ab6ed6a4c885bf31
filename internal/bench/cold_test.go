package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// madeTypes numbers the types made at run time: none is made twice, so that each is new to every cache.
var madeTypes atomic.Int64

// makeType returns a type that is like t and the structs in its lists, and equal to none that was made before.
func makeType(t reflect.Type) reflect.Type {
	var fields []reflect.StructField
	for _, f := range reflect.VisibleFields(t) {
		if f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct {
			f.Type = reflect.SliceOf(makeType(f.Type.Elem()))
		}
		f.Tag += reflect.StructTag(fmt.Sprintf(` made:"%d"`, madeTypes.Add(1)))
		fields = append(fields, f)
	}
	return reflect.StructOf(fields)
}

// coldCases use a type for the first time: what a program pays once for each. (The root package's benchmarks register
// entities of such types.)
func coldCases() []benchCase {
	item := []byte(mustJSON(one))
	text, _ := json.Marshal(&one)
	var v reflect.Value // of a new type at each turn
	empty := func() { v = reflect.New(makeType(reflect.TypeFor[Order]())) }
	asJSON := func() any {
		text, _ := json.Marshal(v.Interface())
		return parse(string(text))
	}
	filled := func() {
		empty()
		if err := json.Unmarshal(text, v.Interface()); err != nil {
			panic(err)
		}
	}
	return []benchCase{
		{"decode", func(tb testing.TB) work {
			m, err := wire.ReadItem(item)
			if err != nil {
				tb.Fatal(err)
			}
			return work{prepare: empty, want: parse(string(text)), contestants: func() []contestant {
				return []contestant{
					{name: entabled, run: func(context.Context) error {
						plan, err := codec.PlanOf(v.Type().Elem())
						if err != nil {
							return err
						}
						return plan.Decode(wire.NewReader(item), v.UnsafePointer())
					}, result: asJSON},
					{name: valuesOnly, run: func(context.Context) error {
						return attributevalue.UnmarshalMap(m, v.Interface())
					}, result: asJSON},
				}
			}}
		}},
		{"encode", func(testing.TB) work {
			var got []byte
			var m map[string]types.AttributeValue
			return work{prepare: filled, want: parse(string(item)), contestants: func() []contestant {
				return []contestant{
					{name: entabled, run: func(context.Context) error {
						plan, err := codec.PlanOf(v.Type().Elem())
						if err != nil {
							return err
						}
						got, err = plan.AppendMembers(got[:0], v.UnsafePointer())
						return err
					}, result: func() any { return got }},
					{name: valuesOnly, run: func(context.Context) (err error) {
						m, err = attributevalue.MarshalMap(v.Interface())
						return err
					}, result: func() any { return m }},
				}
			}}
		}},
	}
}
