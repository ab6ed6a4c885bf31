package moved_test

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
)

// scatter writes n orders of a tenant, each at the old or the new place, some at both with what counts at the new one, and returns them in the order of their keys.
func scatter(t *testing.T, s *site, f form, tenant string, n int) []Order {
	t.Helper()
	rnd := trial.Rand(t)
	old, p, alone := s.run(f, before), s.run(f, moves), s.run(f, after)
	var out []Order
	var olds, news []entable.Write
	for i := range n {
		o := Order{Tenant: tenant, ID: fmt.Sprintf("%c#%03d", 'a'+i%3, i), Status: "open", N: i}
		at := rnd.IntN(5)
		if at < 3 {
			stale := o
			if at == 0 && old.at(t, o) != p.at(t, o) {
				stale.Note = "superseded"
			}
			olds = append(olds, old.orders.PutOp(&stale))
		}
		if at == 0 || at > 2 {
			now := o
			news = append(news, alone.orders.PutOp(&now)) // without moving what is at the other place
		}
		out = append(out, o)
	}
	check(t, entable.BatchWrite(t.Context(), olds))
	check(t, entable.BatchWrite(t.Context(), news))
	slices.SortFunc(out, func(a, b Order) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func values(list []*Order) (out []Order) {
	for _, v := range list {
		out = append(out, *v)
	}
	return out
}

// Queries give the items of both places in the order of the key, each once, whatever the range, limit, page size and cursor.
func TestQueriesMergeBothPlaces(t *testing.T) {
	size := 24
	if trial.Soak() {
		size = 60
	}
	each(t, func(t *testing.T, e *enginetest.Setup) {
		for _, f := range forms {
			s := newSite(e)
			all := scatter(t, s, f, "acme", size)
			scatter(t, s, f, "zeta", 5)
			p := s.run(f, moves)
			q := func() *entable.Query[Order] { return p.orders.Query(Order{Tenant: "acme"}).Consistent(true) }
			part := size / 6
			low, high := all[part], all[4*part]
			backward := slices.Clone(all)
			slices.Reverse(backward)
			for _, test := range []struct {
				name string
				q    func() *entable.Query[Order]
				want []Order
			}{
				{"all", q, all},
				{"backward", func() *entable.Query[Order] { return q().Reverse() }, backward},
				{"between", func() *entable.Query[Order] { return q().Between(low, high) }, all[part : 4*part+1]},
				{"less", func() *entable.Query[Order] { return q().Less(low) }, all[:part]},
				{"less or equal", func() *entable.Query[Order] { return q().LessEqual(low) }, all[:part+1]},
				{"greater", func() *entable.Query[Order] { return q().Greater(high) }, all[4*part+1:]},
				{"greater or equal, backward", func() *entable.Query[Order] { return q().GreaterEqual(high).Reverse() }, backward[:2*part]},
				{"prefix", func() *entable.Query[Order] { return q().Prefix(Order{ID: "b#"}) }, all[2*part : 4*part]},
				{"equal", func() *entable.Query[Order] { return q().Equal(low) }, all[part : part+1]},
				{"filter", func() *entable.Query[Order] {
					return q().Filter(expression.Name("n").LessThan(expression.Value(size / 2)))
				}, slices.DeleteFunc(slices.Clone(all), func(o Order) bool { return o.N >= size/2 })},
			} {
				name := f.name + ": " + test.name
				same(t, name, collect(t, test.q().All(t.Context())), test.want)
				same(t, name+", paged", collect(t, test.q().PageSize(3).All(t.Context())), test.want)
				same(t, name+", limited", collect(t, test.q().Limit(7).All(t.Context())), test.want[:min(7, len(test.want))])
				n, err := test.q().Count(t.Context())
				check(t, err)
				same(t, name+", counted", n, len(test.want))
				for _, step := range []func(*entable.Query[Order]) *entable.Query[Order]{
					func(q *entable.Query[Order]) *entable.Query[Order] { return q.Limit(4) },
					func(q *entable.Query[Order]) *entable.Query[Order] { return q.PageSize(5) },
				} {
					var got []Order
					for cursor := ""; ; {
						page, err := step(test.q()).From(cursor).Page(t.Context())
						check(t, err)
						got = append(got, values(page.Items)...)
						if cursor = page.Cursor; cursor == "" {
							break
						}
					}
					same(t, name+", by cursors", got, test.want)
				}
			}
			if f.name != "into the sort key" {
				for _, v := range []int{ahead, moves} { // which knows both places, wherever its own is
					n, err := s.run(f, v).orders.Query(Order{Tenant: "zeta"}).Count(t.Context())
					check(t, err)
					same(t, f.name, n, 5)
				}
			} else if _, err := s.run(f, ahead).orders.Query(Order{}).Count(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot query while items of Order may be at another place") {
				t.Errorf("error %v", err)
			}
		}
	})
}

// meanwhile is a client with which something happens ahead of each query that is sent.
type meanwhile struct {
	*dynamodb.Client
	do func()
}

func (m meanwhile) Query(ctx context.Context, in *dynamodb.QueryInput, opts ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	m.do()
	return m.Client.Query(ctx, in, opts...)
}

// While orders move, to the place of the program that reads or away from it, a query gives all of them once and in order, whatever
// moves between two of its requests, items or pages.
func TestQueriesBesideMoves(t *testing.T) {
	rnd, rounds := trial.Rand(t), trial.Size(3, 100)
	for _, f := range forms {
		for _, reader := range []int{ahead, moves} {
			for _, mover := range []int{ahead, moves} {
				if reader == ahead && f.name == "into the sort key" {
					continue // whose queries are refused
				}
				s := newSite(enginetest.OnMemory(t))
				by := s.run(f, mover)
				for range rounds {
					besideMoves(t, s, f, reader, by, rnd)
				}
			}
		}
	}
}

func besideMoves(t *testing.T, s *site, f form, reader int, by program, rnd *mathrand.Rand) {
	s.clear()
	all := scatter(t, s, f, "acme", 40)
	var mu sync.Mutex // queries of several partitions are sent side by side
	move := func() {
		mu.Lock()
		defer mu.Unlock()
		for _, o := range all {
			if rnd.IntN(12) == 0 {
				check(t, by.orders.Update(o).Set("note", "moved").Do(t.Context()))
			}
		}
	}
	chance := func(n int) bool {
		mu.Lock()
		defer mu.Unlock()
		return rnd.IntN(n) == 0
	}
	client := s.Client
	defer func() { s.Client = client }()
	if chance(2) {
		s.Client = meanwhile{s.SDK, func() {
			if chance(3) {
				move()
			}
		}}
	}
	p, size, limit := s.run(f, reader), 1+rnd.IntN(6), 1+rnd.IntN(5)
	q := p.orders.Query(Order{Tenant: "acme"}).Consistent(true)
	if chance(3) {
		q.PageSize(size)
	}
	want := slices.Clone(all)
	if chance(2) {
		q.Reverse()
		slices.Reverse(want)
	}
	ids := func(list []Order) (out []string) {
		for _, o := range list {
			out = append(out, o.ID)
		}
		return out
	}
	var got []Order
	if chance(2) {
		for v, err := range q.All(t.Context()) {
			check(t, err)
			if got = append(got, *v); chance(3) {
				move()
			}
		}
	} else {
		for cursor := ""; ; {
			page, err := q.Limit(limit).From(cursor).Page(t.Context())
			check(t, err)
			got = append(got, values(page.Items)...)
			if cursor = page.Cursor; cursor == "" {
				break
			}
			move()
		}
	}
	same(t, fmt.Sprint(f.name, ", ", reader, " reads"), ids(got), ids(want))
}

// What moves to where a query has read nothing that it gives, as the filter passes over it, is given all the same.
func TestQueriesPastPagesThatGiveNothing(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		for _, f := range forms {
			for _, reverse := range []bool{false, true} {
				s := newSite(e)
				old, p := s.run(f, before), s.run(f, moves)
				for _, id := range []string{"b1", "b2", "b8", "b9"} {
					check(t, p.orders.Put(t.Context(), &Order{Tenant: "a", ID: id}))
				}
				want := []string{"a", "b5", "c"}
				for _, id := range want {
					check(t, old.orders.Put(t.Context(), &Order{Tenant: "a", ID: id, N: 1}))
				}
				q := p.orders.Query(Order{Tenant: "a"}).Filter(expression.Name("n").Equal(expression.Value(1))).PageSize(1).Consistent(true)
				if reverse {
					q.Reverse()
					slices.Reverse(want)
				}
				var got []string
				for o, err := range q.All(t.Context()) {
					if check(t, err); len(got) == 0 {
						check(t, p.orders.Update(Order{Tenant: "a", ID: "b5"}).Set("note", "moved").Do(t.Context()))
					}
					got = append(got, o.ID)
				}
				same(t, fmt.Sprint(f.name, ", reverse ", reverse), got, want)
			}
		}
	})
}

// Reads by key look at both places, and where both have the item that of the entity's own counts.
func TestReadsByKeyLookAtBothPlaces(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		for _, f := range forms {
			s := newSite(e)
			all := scatter(t, s, f, "acme", 12)
			p := s.run(f, moves)
			none := Order{Tenant: "acme", ID: "none"}
			for _, strongly := range []bool{true, false} {
				for _, o := range all {
					got, err := p.orders.Get(t.Context(), o, entable.Consistent(strongly))
					check(t, err)
					same(t, f.name, *got, o)
				}
				_, err := p.orders.Get(t.Context(), none, entable.Consistent(strongly))
				wantErr(t, err, entable.ErrNotFound)
				got, err := p.orders.BatchGet(t.Context(), append([]Order{none}, all...), entable.Consistent(strongly))
				check(t, err)
				if got[0] != nil {
					t.Errorf("found %v", got[0])
				}
				same(t, f.name, values(got[1:]), all)
			}
			got, err := p.orders.TransactGet(t.Context(), append([]Order{none}, all...))
			check(t, err)
			if got[0] != nil {
				t.Errorf("found %v", got[0])
			}
			same(t, f.name, values(got[1:]), all)
		}
	})
}

// Scans and queries of indexes give what both places have once.
func TestScansAndIndexesGiveItemsOnce(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		for _, f := range forms {
			s := newSite(e, entable.GSI("gsi2", entable.KeysOnly()))
			all := scatter(t, s, f, "acme", 30)
			p := s.run(f, moves)
			byID := func(a, b Order) int { return strings.Compare(a.ID, b.ID) }
			got := collect(t, p.orders.Scan().Segments(2).Consistent(true).All(t.Context()))
			slices.SortFunc(got, byID)
			same(t, f.name+": scan", got, all)
			same(t, f.name+": index", collect(t, p.orders.QueryIndex("gsi1", Order{Status: "open"}).All(t.Context())), all)
			same(t, f.name+": whole items", collect(t, p.orders.QueryIndex("gsi2", Order{Status: "open"}).Hydrate().All(t.Context())), all)
			n, err := p.orders.QueryIndex("gsi1", Order{Status: "open"}).Count(t.Context())
			check(t, err)
			same(t, f.name+": counted", n, len(all))
			var mixed []Order
			for v, err := range p.table.Query(Order{Tenant: "acme"}).All(t.Context()) {
				check(t, err)
				mixed = append(mixed, *v.(*Order))
			}
			same(t, f.name+": mixed", mixed, all)
		}
	})
}

// onItsWay is a client whose reads of several items come while these are on their way: they find nothing.
type onItsWay struct{ *dynamodb.Client }

func (onItsWay) BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return &dynamodb.BatchGetItemOutput{}, nil
}

// An item that is at neither place when these are looked at, one after the other, is found all the same.
func TestItemsOnTheirWayAreFound(t *testing.T) {
	for _, f := range forms {
		e := enginetest.OnMemory(t)
		s := newSite(e)
		all := scatter(t, s, f, "acme", 120)
		s.Client = onItsWay{e.SDK}
		p := s.run(f, moves)
		for _, o := range all[:10] {
			if _, err := p.orders.Get(t.Context(), o); p.at(t, o) != s.run(f, before).at(t, o) {
				check(t, err)
			}
		}
		got, err := p.orders.BatchGet(t.Context(), all)
		check(t, err)
		for i, v := range got {
			if o := all[i]; v == nil && p.at(t, o) != s.run(f, before).at(t, o) || v != nil && v.N != o.N {
				t.Errorf("%s: found %v for %v", f.name, v, o)
			}
		}
	}
}
