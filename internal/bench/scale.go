package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

func segmentsContestants() []contestant {
	return []contestant{
		segmentsContestant(oneSegment, 1), segmentsContestant(twoSegments, 2), apartContestant(),
	}
}

// amongContestants decode with few and with many registered types. Types that are made at run time stay alive until the
// process ends.
func amongContestants() []contestant {
	return []contestant{amongContestant(10), amongContestant(manyEntities)}
}

// amongContestant decodes 500 items of five of the registered types, which lie evenly among all.
func amongContestant(registered int) contestant {
	const n = 500
	var items []byte
	for i, o := range orders(n) {
		name := manyName((i%5*(registered/5) + i%5) % registered)
		items = append(items, strings.Replace(itemJSON(&o, name), `"sk":{"S":"M#`, `"sk":{"S":"`+name+`#`, 1)...)
	}
	table, err := schemaOf(makeTypes(reflect.TypeFor[Order](), registered))
	found := make([]any, n)
	return contestant{amongEntities, strconv.Itoa(registered) + " entities", func(context.Context) error {
		if err != nil {
			return err
		}
		return decodeItems(table, nil, items, found)
	}, func() any {
		var all []Order
		text, err := json.Marshal(found) // the types differ from an order's in their tags alone
		if err == nil {
			err = json.Unmarshal(text, &all)
		}
		if err != nil {
			return err
		}
		return all
	}}
}

// decodeItems decodes items of a table as a query does.
func decodeItems(table *schema.Table, want *schema.Entity, items []byte, found []any) error {
	r, slabs := wire.NewReader(items), schema.Slabs{}
	for i := range found {
		d := table.Decode(r, want, &slabs, nil)
		if d.Err != nil {
			return d.Err
		}
		found[i] = d.Value
	}
	return nil
}

// typesMade numbers the types made at run time: none is made twice, so that each is new to every cache.
var typesMade atomic.Int64

// makeType returns a type that is like t and the structs in its lists, and equal to none that was made before.
func makeType(t reflect.Type) reflect.Type {
	var fields []reflect.StructField
	for _, f := range reflect.VisibleFields(t) {
		if f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct {
			f.Type = reflect.SliceOf(makeType(f.Type.Elem()))
		}
		f.Tag += reflect.StructTag(fmt.Sprintf(` made:"%d"`, typesMade.Add(1)))
		fields = append(fields, f)
	}
	return reflect.StructOf(fields)
}

// makeTypes returns n types like t.
func makeTypes(t reflect.Type, n int) []reflect.Type {
	types := make([]reflect.Type, n)
	for i := range types {
		types[i] = makeType(t)
	}
	return types
}

// manyName returns the discriminator and the prefix of the i-th of them.
func manyName(i int) string { return fmt.Sprintf("M%03d", i) }

// typesContestants query items of one type, and of five.
func typesContestants() []contestant {
	one, five := entableQuery(queryTypes, orderEntity(transport(query500).client())), entableMixed(transport(mixed500))
	one.name, five.row, five.name = oneType, queryTypes, fiveTypes
	return []contestant{one, five}
}

// pagesContestants read ten pages, by one query and by one each.
func pagesContestants() []contestant {
	const pages = 10
	return []contestant{
		pagesContestant(onePage, newInTurn(pages), pages), pagesContestant(tenPages, newPaged(pages*perPage, 1), 1),
	}
}

func pagesContestant(name string, pages http.RoundTripper, queries int) contestant {
	orders := orderEntity(clientOver(pages))
	return tallied(queryPages, name, func(ctx context.Context) iter.Seq2[*Order, error] {
		return func(yield func(*Order, error) bool) {
			for range queries {
				for o, err := range orders.Query(Order{CustomerID: customerID}).All(ctx) {
					if !yield(o, err) {
						return
					}
				}
			}
		}
	})
}

// tallied looks at each of many items and keeps none: what a caller keeps is no matter of the reader's.
func tallied(row, name string, all func(context.Context) iter.Seq2[*Order, error]) contestant {
	var found tally
	return contestant{row, name, func(ctx context.Context) error {
		found = tally{}
		for o, err := range all(ctx) {
			if err != nil {
				return err
			}
			if err := found.add(o); err != nil {
				return err
			}
		}
		return nil
	}, func() any { return found }}
}

func segmentsContestant(name string, segments int) contestant {
	return scanContestant(name, segmentItems, segments)
}

func scanContestant(name string, items, segments int) contestant {
	orders := orderEntity(clientOver(newPaged(items, segments)))
	return tallied(scanSegments, name, orders.Scan().Segments(segments).All)
}

// apartContestant scans two tables of half the items at once, each with a client of its own: what the machine allows.
func apartContestant() contestant {
	first, second := scanContestant("", segmentItems/2, 1), scanContestant("", segmentItems/2, 1)
	return contestant{scanSegments, floorApart, func(ctx context.Context) error {
		var wg sync.WaitGroup
		var errFirst error
		wg.Go(func() { errFirst = first.run(ctx) })
		errSecond := second.run(ctx)
		wg.Wait()
		return errors.Join(errFirst, errSecond)
	}, func() any { return [2]any{first.result(), second.result()} }}
}

const (
	segmentItems = 20 * perPage
	manyEntities = 1000
)

// keyContestants decode the items of a query of 500: one as entable does, and one as the items of a table whose keys are the
// fields themselves, so that pk and sk are attributes that nobody knows.
func keyContestants() []contestant {
	var items []byte
	for _, o := range orders(500) {
		items = append(items, itemJSON(&o, kinds[0])...)
	}
	contestantOf := func(name string, table *schema.Table, pk, sk []schema.Part) contestant {
		entity, err := registerSchema(table, reflect.TypeFor[Order](), kinds[0], pk, sk)
		found := make([]any, 500)
		return contestant{keyCheck, name, func(context.Context) error {
			if err != nil {
				return err
			}
			return decodeItems(table, entity, items, found)
		}, func() any {
			all := make([]*Order, len(found))
			for i, v := range found {
				all[i] = v.(*Order)
			}
			return all
		}}
	}
	attr := func(name string) schema.Part { return schema.Part{Kind: schema.AttrPart, Text: name} }
	prefix := func(text string) schema.Part { return schema.Part{Kind: schema.PrefixPart, Text: text} }
	return []contestant{
		contestantOf(checkedKeys, tableOf("pk", "sk"), []schema.Part{attr("customer"), prefix("C")}, []schema.Part{attr("order"), prefix("O")}),
		contestantOf(uncheckedKeys, tableOf("customer", "order"), []schema.Part{attr("customer")}, []schema.Part{attr("order")}),
	}
}

// tableOf returns a table with these key attributes.
func tableOf(pk, sk string) *schema.Table {
	table, err := schema.New(schema.TableDecl{
		Name: tableName, Discriminator: "_type",
		PK: schema.Attr{Name: pk, Type: types.ScalarAttributeTypeS}, SK: schema.Attr{Name: sk, Type: types.ScalarAttributeTypeS},
	})
	if err != nil {
		panic(err)
	}
	return table
}

func registerSchema(table *schema.Table, t reflect.Type, name string, pk, sk []schema.Part) (*schema.Entity, error) {
	return table.Register(schema.EntityDecl{
		Type: t, Name: name, PKs: []schema.KeyDecl{{Parts: pk}}, SKs: []schema.KeyDecl{{Sort: true, Parts: sk}},
	})
}

// schemaOf returns a table with entities of the types, which are in one partition.
func schemaOf(all []reflect.Type) (*schema.Table, error) {
	table := tableOf("pk", "sk")
	partition := schema.Part{Kind: schema.PrefixPart, Text: "C"}
	for i, t := range all {
		name := manyName(i)
		e, err := registerSchema(table, t, name,
			[]schema.Part{{Kind: schema.AttrPart, Text: "customer"}, partition},
			[]schema.Part{{Kind: schema.AttrPart, Text: "order"}, {Kind: schema.PrefixPart, Text: name}})
		if err != nil {
			return nil, err
		}
		if i == 0 {
			partition = schema.Part{Kind: schema.PrefixOfPart, Of: e}
		}
	}
	return table, nil
}

// registered is what a thousand entities are like, whose registration is measured.
type registered struct {
	CustomerID string  `dynamodbav:"customer"`
	OrderID    string  `dynamodbav:"order"`
	Status     string  `dynamodbav:"status"`
	Total      float64 `dynamodbav:"total"`
}

// measureRegistration registers a thousand entities in each round, of types that are new to the process.
func measureRegistration(rounds int) ([]sample, error) {
	samples := make([]sample, rounds)
	for i := range samples {
		types := makeTypes(reflect.TypeFor[registered](), manyEntities)
		var err error
		samples[i], err = take(context.Background(), contestant{run: func(context.Context) error {
			_, err := schemaOf(types)
			return err
		}}, 1)
		if err != nil {
			return nil, err
		}
	}
	return samples, nil
}
