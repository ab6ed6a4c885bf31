package entable_test

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/entable/entable"
)

// madeTypes numbers the types made at run time: none is made twice, so that each is new to every cache.
var madeTypes atomic.Int64

func makeType() reflect.Type {
	return reflect.StructOf([]reflect.StructField{
		{Name: "ID", Type: reflect.TypeFor[string](), Tag: `dynamodbav:"id"`},
		{Name: "N", Type: reflect.TypeFor[int](), Tag: `dynamodbav:"n"`},
		{Name: "Status", Type: reflect.TypeFor[string](), Tag: `dynamodbav:"status" entable:"default=new" validate:"oneof=new old"`},
		{Name: fmt.Sprint("Own", madeTypes.Add(1)), Type: reflect.TypeFor[int]()},
	})
}

// BenchmarkRegisterThousand registers 1,000 entities, each of a type never seen before, with the proof that
// no two of them can build one key.
func BenchmarkRegisterThousand(b *testing.B) {
	const n = 1000
	for _, test := range []struct {
		name string
		keys func(first *entable.Entity[keyed[string]], i int) []entable.EntityOption
	}{
		{"own partitions", func(_ *entable.Entity[keyed[string]], i int) []entable.EntityOption {
			return []entable.EntityOption{entable.PK("id", entable.Prefix(fmt.Sprint("E", i)))}
		}},
		{"one partition", func(first *entable.Entity[keyed[string]], i int) []entable.EntityOption {
			return []entable.EntityOption{entable.PK("id", entable.PrefixOf(first)), entable.SK("n", entable.Prefix(fmt.Sprint("E", i)))}
		}},
		{"behind a component", func(first *entable.Entity[keyed[string]], i int) []entable.EntityOption {
			return []entable.EntityOption{entable.PK("id", entable.PrefixOf(first)), entable.SK("n", entable.NoPrefix(), entable.Literal(fmt.Sprint("E", i)))}
		}},
	} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				typs := make([]reflect.Type, n)
				for i := range typs {
					typs[i] = makeType()
				}
				table := entable.NewTable("thousand")
				b.StartTimer()
				first := registerParts(table)
				for i, typ := range typs {
					opts := append(test.keys(first, i), entable.Name(fmt.Sprint("E", i)))
					if err := entable.RegisterType(table, typ, opts...); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
