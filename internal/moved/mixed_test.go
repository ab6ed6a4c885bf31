package moved_test

import (
	"context"
	"fmt"
	"iter"
	mathrand "math/rand/v2"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
)

// Note shares the new partitions of orders and does not move.
type Note struct {
	Tenant string `dynamodbav:"tenant"`
	ID     string `dynamodbav:"id"`
	N      int    `dynamodbav:"n"`
}

// withNotes registers notes beside orders. Their sort keys stand among those of the orders, where these leave room; else behind all.
func (p program) withNotes(f form) *entable.Entity[Note] {
	pk, sk := entable.PK("tenant", entable.PrefixOf(p.orders)), entable.SK("id", entable.Literal("note"), entable.Prefix("O"))
	switch f.name {
	case "shards":
		pk = entable.PK("tenant", entable.PrefixOf(p.orders), entable.Shards(11, "id"))
	case "shards of one width":
		pk = entable.PK("tenant", entable.PrefixOf(p.orders), entable.Shards(5, "id"))
	case "prefix":
		sk = entable.SK("id", entable.Literal("note"), entable.Prefix("ORDER"))
	case "sort key":
		sk = entable.SK("id", entable.Literal("note"), entable.Prefix("A"))
	case "layout":
		sk = entable.SK(entable.Template("order;{id}"))
	}
	return entable.Register[Note](p.table, pk, sk)
}

type ordersAndNotes struct {
	Orders []Order
	Notes  []Note
}

// mixedQuery is what queries of several types have in common.
type mixedQuery[Q any] interface {
	Filter(expression.ConditionBuilder) Q
	PageSize(int) Q
	Limit(int) Q
	Consistent(bool) Q
	Reverse() Q
	SkipUnknown(*int) Q
	From(string) Q
	All(context.Context) iter.Seq2[any, error]
	Page(context.Context) (*entable.Page[any], error)
}

// how a partition is read: all of it, or page by page of one item, or of one response.
type how struct {
	way     string
	reverse bool
	size    int // of a response
	key     Order
	do      func(got int) // behind each item, or page
}

var ways = []string{"all", "limited", "paged"}

func (h how) String() string { return fmt.Sprint(h.way, ", reverse ", h.reverse, ", by ", h.size) }

// reading reads with queries that make starts, and returns the names of what it gets.
func reading[Q mixedQuery[Q]](t *testing.T, h how, make func() Q) (ids []string) {
	t.Helper()
	give := func(v any) {
		switch v := v.(type) {
		case *Order:
			ids = append(ids, v.ID)
		case *Note:
			ids = append(ids, "note of "+v.ID)
		}
	}
	for cursor := ""; ; {
		q := make().PageSize(h.size).Consistent(true).From(cursor)
		if h.reverse {
			q = q.Reverse()
		}
		if h.way == "all" {
			for v, err := range q.All(t.Context()) {
				check(t, err)
				give(v)
				h.do(len(ids))
			}
			return ids
		}
		if h.way == "limited" {
			q = q.Limit(1)
		}
		page, err := q.Page(t.Context())
		check(t, err)
		for _, v := range page.Items {
			give(v)
		}
		if cursor = page.Cursor; cursor == "" {
			return ids
		}
		h.do(len(ids))
	}
}

// What moves to where a query of several types has read nothing that it gives is given all the same: behind a filter, and among
// items of types that are not asked for or not known. These are counted once.
func TestMixedQueriesPastPagesThatGiveNothing(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		for _, f := range []form{forms[0], forms[2], forms[4], forms[5]} {
			s := newSite(e)
			old, p, alone := s.run(f, before), s.run(f, moves), s.run(f, moves)
			notes := p.withNotes(f)
			orders, both := entable.NewCollection[tenantOrders](p.orders), entable.NewCollection[ordersAndNotes](p.orders, notes)
			one, tenant := expression.Name("n").Equal(expression.Value(1)), 0
			for kind, read := range map[string]func(q how) []string{
				"filter": func(q how) []string {
					return reading(t, q, func() *entable.ItemsQuery { return p.table.Query(q.key).Filter(one) })
				},
				"only": func(q how) []string {
					return reading(t, q, func() *entable.ItemsQuery { return p.table.Query(q.key).Only(p.orders) })
				},
				"collection": func(q how) []string {
					return reading(t, q, func() *entable.CollectionQuery[tenantOrders] { return orders.Query(q.key) })
				},
				"collection, filter": func(q how) []string {
					return reading(t, q, func() *entable.CollectionQuery[ordersAndNotes] { return both.Query(q.key).Filter(one) })
				},
				"unknown": func(q how) []string {
					skipped := 0
					ids := reading(t, q, func() *entable.ItemsQuery { return alone.table.Query(q.key).SkipUnknown(&skipped) })
					same(t, fmt.Sprint(f.name, ", ", q, ": unknown"), skipped, 4)
					return ids
				},
			} {
				for _, way := range ways {
					for _, reverse := range []bool{false, true} {
						tenant++
						key := Order{Tenant: fmt.Sprint("t", tenant)}
						for _, id := range []string{"b1", "b2", "b8", "b9"} {
							check(t, notes.Put(t.Context(), &Note{Tenant: key.Tenant, ID: id}))
						}
						want := []string{"a", "b5", "c"}
						for _, id := range want {
							check(t, old.orders.Put(t.Context(), &Order{Tenant: key.Tenant, ID: id, N: 1}))
						}
						got := read(how{way, reverse, 1, key, func(got int) {
							if got == 1 {
								check(t, p.orders.Update(Order{Tenant: key.Tenant, ID: "b5"}).Set("note", "moved").Do(t.Context()))
							}
						}})
						if reverse {
							slices.Reverse(want)
						}
						same(t, fmt.Sprint(f.name, ", ", kind, ", ", way, ", reverse ", reverse), got, want)
					}
				}
			}
		}
	})
}

// Beside orders that move, and notes that come and go, a query gives what is there all the time once, and all in order.
func TestMixedQueriesBesideMoves(t *testing.T) {
	rnd, rounds := trial.Rand(t), trial.Size(6, 100)
	for _, f := range forms {
		s := newSite(enginetest.OnMemory(t))
		p := s.run(f, moves)
		notes := p.withNotes(f)
		both := entable.NewCollection[ordersAndNotes](p.orders, notes)
		for range rounds {
			s.clear()
			all := scatter(t, s, f, "acme", 20)
			for i := range 10 {
				check(t, notes.Put(t.Context(), &Note{Tenant: "acme", ID: fmt.Sprintf("%c#%03d", 'a'+i%3, 2*i)}))
			}
			h := how{ways[rnd.IntN(3)], rnd.IntN(2) == 0, 1 + rnd.IntN(6), Order{Tenant: "acme"}, func(int) {
				for _, o := range all {
					if rnd.IntN(6) == 0 {
						check(t, p.orders.Update(o).Set("note", "moved").Do(t.Context()))
					}
				}
				come(t, notes, rnd)
			}}
			var got []string
			if rnd.IntN(2) == 0 {
				got = reading(t, h, func() *entable.ItemsQuery { return p.table.Query(h.key) })
			} else {
				got = reading(t, h, func() *entable.CollectionQuery[ordersAndNotes] { return both.Query(h.key) })
			}
			h.way, h.do = "all", func(int) {}
			now := reading(t, h, func() *entable.ItemsQuery { return p.table.Query(h.key) })
			known := slices.DeleteFunc(slices.Clone(got), func(id string) bool { return !slices.Contains(now, id) })
			if !slices.IsSortedFunc(known, func(a, b string) int { return slices.Index(now, a) - slices.Index(now, b) }) {
				t.Errorf("%s, %s: out of order: %v", f.name, h, got)
			}
			comes := func(id string) bool { return id[len(id)-1] == 'x' }
			same(t, fmt.Sprint(f.name, ", ", h), slices.DeleteFunc(got, comes), slices.DeleteFunc(now, comes))
		}
	}
}

// come lets a note come, or go.
func come(t *testing.T, notes *entable.Entity[Note], rnd *mathrand.Rand) {
	n := Note{Tenant: "acme", ID: fmt.Sprintf("%c#%03dx", 'a'+rnd.IntN(3), rnd.IntN(20))}
	if rnd.IntN(3) == 0 {
		check(t, notes.Delete(t.Context(), n))
		return
	}
	check(t, notes.Put(t.Context(), &n))
}
