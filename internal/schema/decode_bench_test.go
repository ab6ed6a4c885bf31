package schema_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

type benchOrder struct {
	Customer string    `dynamodbav:"customer"`
	ID       string    `dynamodbav:"id"`
	Status   string    `dynamodbav:"status"`
	Note     string    `dynamodbav:"note"`
	Total    float64   `dynamodbav:"total"`
	Count    int       `dynamodbav:"count"`
	Paid     bool      `dynamodbav:"paid"`
	At       time.Time `dynamodbav:"at"`
	Tags     []string  `dynamodbav:"tags"`
}

type benchReading struct {
	Device string    `dynamodbav:"device"`
	At     time.Time `dynamodbav:"at"`
	Value  float64   `dynamodbav:"value"`
}

// BenchmarkDecode500 decodes the items of a query's answer, keys checked: items of nine attributes with texts in their
// keys, and small ones with a time.
func BenchmarkDecode500(b *testing.B) {
	table, err := schema.New(schema.TableDecl{
		Name: "items", Discriminator: "_type",
		PK: schema.Attr{Name: "pk", Type: types.ScalarAttributeTypeS}, SK: schema.Attr{Name: "sk", Type: types.ScalarAttributeTypeS},
	})
	if err != nil {
		b.Fatal(err)
	}
	register := func(typ reflect.Type, pk, sk string) *schema.Entity {
		part := func(name string) []schema.Part { return []schema.Part{{Kind: schema.AttrPart, Text: name}} }
		e, err := table.Register(schema.EntityDecl{Type: typ, PKs: []schema.KeyDecl{{Parts: part(pk)}}, SKs: []schema.KeyDecl{{Sort: true, Parts: part(sk)}}})
		if err != nil {
			b.Fatal(err)
		}
		return e
	}
	order := register(reflect.TypeFor[benchOrder](), "customer", "id")
	reading := register(reflect.TypeFor[benchReading](), "device", "at")
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for _, c := range []struct {
		name string
		e    *schema.Entity
		item func(int) any
	}{
		{"texts", order, func(i int) any {
			return &benchOrder{"c-1024", fmt.Sprintf("o-%06d", i), "shipped", strings.Repeat("note ", 20), 12.5, i, true, at, []string{"a", "b"}}
		}},
		{"small", reading, func(i int) any { return &benchReading{"d-17", at.Add(time.Duration(i)), 20.5} }},
	} {
		var items []byte
		for i := range 500 {
			if items, _, err = c.e.AppendItem(items, c.e.Pointer(c.item(i)), nil); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, slabs := wire.NewReader(items), schema.Slabs{}
				for range 500 {
					if d := table.Decode(r, c.e, &slabs, nil); d.Err != nil {
						b.Fatal(d.Err)
					}
				}
			}
		})
	}
}
