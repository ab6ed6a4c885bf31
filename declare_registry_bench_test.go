package entable_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

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

// readAmong registers many entities and returns a function that reads 500 items of five of them, which lie evenly among all.
func readAmong(t testing.TB, registered int) func() {
	var items []string
	for i := range 500 {
		n := i % 5 * (registered / 5)
		items = append(items, fmt.Sprintf(`{"pk":{"S":"P#x"},"sk":{"S":"E%03d#%019d"},"_type":{"S":"E%03d"},"part":{"S":"x"},"n":{"N":"%d"}}`, n, i, n, i))
	}
	table := entable.NewTable("many")
	table.Use(dynamodb.New(dynamodb.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		HTTPClient: answer(fmt.Sprintf(`{"Count":500,"Items":[%s]}`, strings.Join(items, ","))),
	}))
	check(t, registerMany(table, registerParts(table), 0, registered))
	return func() {
		n := 0
		for _, err := range table.Query(keyed[string]{Key: "x"}).All(t.Context()) {
			check(t, err)
			n++
		}
		if n != 500 {
			t.Fatalf("read %d items", n)
		}
	}
}

func BenchmarkReadAmong(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint("registered=", n), func(b *testing.B) {
			read := readAmong(b, n)
			b.ReportAllocs()
			for b.Loop() {
				read()
			}
		})
	}
}
