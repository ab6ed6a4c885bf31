package main

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

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
