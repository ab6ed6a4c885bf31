package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/entable/entable"
)

// mixedCases query 500 items of several types. (The root package's benchmarks do so among many registered entities.)
func mixedCases() []benchCase {
	var all []benchCase
	for _, n := range []int{1, 5, 25} {
		all = append(all, mixedCase(n))
	}
	return all
}

func mixedCase(used int) benchCase {
	return benchCase{fmt.Sprint("types=", used), func(testing.TB) work {
		var items []string
		var want []any
		made := madeEntities{news: map[string]func() any{}}
		for i, o := range orders(500) {
			kind := madeName(i % used)
			items = append(items, strings.Replace(itemJSON(&o, kind), `"sk":{"S":"M#`, `"sk":{"S":"`+kind+`#`, 1))
			want = append(want, o)
		}
		body := fmt.Appendf(nil, `{"Count":500,"Items":[%s],"ScannedCount":500}`, strings.Join(items, ","))
		client := respond(body).client()
		made.table, made.first = orderTable(client)
		registerMade(&made)
		for i := range want {
			v := reflect.ValueOf(made.news[madeName(i%used)]())
			v.Elem().Set(reflect.ValueOf(want[i]).Convert(v.Elem().Type()))
			want[i] = v.Interface()
		}
		return work{bytes: len(body), items: 500, want: want, contestants: func() []contestant {
			return []contestant{
				entableMixedOf(made.table),
				handMixed(client, func(kind string) any { return made.news[kind]() }),
			}
		}}
	}}
}

// made are types of an order's shape, one for each two digits.
type made[A, B any] Order

type (
	d0 struct{}
	d1 struct{}
	d2 struct{}
	d3 struct{}
	d4 struct{}
)

// madeEntities are the entities of all these types, beside those of an order's table.
type madeEntities struct {
	table *entable.Table
	first *entable.Entity[Order]
	news  map[string]func() any // by discriminator
}

// madeName is the discriminator and the prefix of the i-th of them.
func madeName(i int) string { return fmt.Sprintf("M%02d", i) }

func registerMade(m *madeEntities) {
	made1[d0](m)
	made1[d1](m)
	made1[d2](m)
	made1[d3](m)
	made1[d4](m)
}

func made1[A any](m *madeEntities) {
	made2[A, d0](m)
	made2[A, d1](m)
	made2[A, d2](m)
	made2[A, d3](m)
	made2[A, d4](m)
}

func made2[A, B any](m *madeEntities) {
	name := madeName(len(m.news))
	m.news[name] = func() any { return new(made[A, B]) }
	entable.Register[made[A, B]](m.table, entable.Name(name),
		entable.PK("customer", entable.PrefixOf(m.first)), entable.SK("order", entable.Prefix(name)))
}
