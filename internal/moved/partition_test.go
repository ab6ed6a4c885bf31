package moved_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/memory"
)

// tenantOrders is the partition of a tenant.
type tenantOrders struct{ Orders []Order }

// spread stores orders of a tenant at both places: some at the old, some at the new, and the third ones, which differ, at both.
// It returns what is read of them by a program with a version.
func (s *site) spread(f form, version int, tenant string, n int) map[string]Order {
	s.T.Helper()
	old, now := s.run(f, before), s.run(f, after)
	read := map[string]Order{}
	var olds, news []entable.Write
	for i := range n {
		o := Order{Tenant: tenant, ID: fmt.Sprintf("%03d", i), Status: "open", N: i, Tags: []string{"a", "b"}}
		older := o
		older.Note = "older"
		newer := o
		newer.Note = "newer"
		if i%3 != 0 {
			olds = append(olds, old.orders.PutOp(&older))
		}
		if i%3 != 1 {
			news = append(news, now.orders.PutOp(&newer))
		}
		oneKey := old.at(s.T, o) == now.at(s.T, o)
		if read[o.ID] = newer; i%3 == 1 || i%3 == 2 && version == ahead && !oneKey {
			read[o.ID] = older
		}
	}
	check(s.T, entable.BatchWrite(s.T.Context(), olds))
	check(s.T, entable.BatchWrite(s.T.Context(), news))
	return read
}

// wantStored compares all that is stored of a tenant with orders at the places of a version.
func (s *site) wantStored(what string, p program, tenant string, want map[string]Order) {
	s.T.Helper()
	got, at := map[string]string{}, map[string]string{}
	for key, item := range s.items() {
		if text(item["tenant"]) == tenant {
			got[key] = text(item["note"])
		}
	}
	for _, o := range want {
		o.Tenant = tenant
		at[p.at(s.T, o)] = o.Note
	}
	if !maps.Equal(got, at) {
		s.T.Errorf("%s: stored are %v, want %v", what, got, at)
	}
}

func eachPlace(t *testing.T, test func(t *testing.T, f form, version int)) {
	for _, f := range forms {
		for _, version := range []int{ahead, moves} {
			if f.name == "into the sort key" && version == ahead {
				continue // one partition has the orders of all tenants, whose new ones a query does not know
			}
			t.Run(fmt.Sprintf("%s/%d", f.name, version), func(t *testing.T) { test(t, f, version) })
		}
	}
}

func TestPartitionsOfBothPlaces(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		eachPlace(t, func(t *testing.T, f form, version int) {
			s := newSite(e)
			ctx, p := t.Context(), s.run(f, version)
			tenants := entable.NewCollection[tenantOrders](p.orders)
			want := s.spread(f, version, "a", 30)
			s.spread(f, version, "bystander", 6)
			before := s.keys()
			for range 2 { // the second finds all done
				var done entable.PartitionProgress
				check(t, tenants.Copy(ctx, Order{Tenant: "a"}, Order{Tenant: "b"}, entable.Progress(func(p entable.PartitionProgress) { done = p })))
				if done.Items != len(want) {
					t.Errorf("%d are copied, want %d", done.Items, len(want))
				}
				s.wantStored("the copy", p, "b", want)
			}
			check(t, tenants.Delete(ctx, Order{Tenant: "b"}))
			same(t, "what was there before", s.keys(), before)
			check(t, tenants.Delete(ctx, Order{Tenant: "a"}))
			s.wantStored("what is deleted", p, "a", nil)
			if n := len(s.keys()); n != 8 {
				t.Errorf("%d items of the others are stored, want 8", n)
			}
		})
	})
}

// An item is not copied over one that lies at the other place.
func TestCopyMeetsItemsAtBothPlaces(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		eachPlace(t, func(t *testing.T, f form, version int) {
			s := newSite(e)
			ctx, p := t.Context(), s.run(f, version)
			tenants := entable.NewCollection[tenantOrders](p.orders)
			for _, there := range []int{before, after} {
				check(t, p.orders.Put(ctx, &Order{Tenant: "a", ID: "1", Note: "a's"}))
				check(t, s.run(f, there).orders.Put(ctx, &Order{Tenant: "b", ID: "1", Note: "b's"}))
				wantErr(t, tenants.Copy(ctx, Order{Tenant: "a"}, Order{Tenant: "b"}), entable.ErrExists)
				s.wantStored("b", s.run(f, there), "b", map[string]Order{"1": {ID: "1", Note: "b's"}})
				s.clear()
			}
		})
	})
}

// What another program moves between the pages is copied and deleted all the same.
func TestPartitionsWhoseItemsMoveMeanwhile(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, f form, version int) {
		for _, op := range []string{"Copy", "Delete"} {
			for at := 1; ; at++ {
				s := newSite(enginetest.OnMemory(t))
				ctx, p := t.Context(), s.run(f, version)
				want := s.spread(f, version, "a", 9)
				queries, moved := 0, false
				var mu sync.Mutex
				s.DB.Inject(memory.Delay(0).On("Query").When(func(memory.Request) bool {
					mu.Lock()
					defer mu.Unlock()
					if queries++; queries == at {
						moved = true
						s.moveAll(ctx, f, "a")
					}
					return false
				}))
				tenants := entable.NewCollection[tenantOrders](p.orders)
				if op == "Copy" {
					check(t, tenants.Copy(ctx, Order{Tenant: "a"}, Order{Tenant: "b"}))
				} else {
					check(t, tenants.Delete(ctx, Order{Tenant: "a"}))
				}
				s.DB.Inject()
				if op == "Copy" {
					s.wantStored(fmt.Sprint("the copy, moved at query ", at), p, "b", want)
				} else {
					s.wantStored(fmt.Sprint("what is deleted, moved at query ", at), p, "a", nil)
				}
				if !moved {
					break
				}
			}
		}
	})
}

// moveAll moves what only the old place has to the new one, past entable and unchanged, in transactions.
func (s *site) moveAll(ctx context.Context, f form, tenant string) {
	old, now := s.run(f, before), s.run(f, after)
	items := s.items()
	for _, key := range slices.Sorted(maps.Keys(items)) {
		item := items[key]
		if text(item["tenant"]) != tenant {
			continue
		}
		v, err := old.orders.FromItem(item)
		if err != nil {
			continue // it lies at the new place
		}
		if items[now.at(s.T, *v)] == nil {
			check(s.T, entable.Transact(ctx, []entable.Write{old.orders.DeleteOp(*v), now.orders.CreateOp(v)}))
		}
	}
}

// Of a partition that held what are several now, only the items of one are copied and deleted.
func TestPartitionsThatWereParts(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		f := form{"parts", []entable.KeySpec{entable.PK("tenant", entable.Prefix("T")), entable.SK("id", "status", entable.Prefix("O"))},
			[]entable.KeySpec{entable.PK("tenant", "status", entable.Prefix("TS")), entable.SK("id", entable.Prefix("O"))}}
		s := newSite(e)
		old, p := s.run(f, before), s.run(f, moves)
		for _, status := range []string{"open", "paid"} {
			for _, id := range []string{"1", "2"} {
				check(t, old.orders.Put(t.Context(), &Order{Tenant: "a", ID: id, Status: status, Note: "n"}))
			}
		}
		tenants := entable.NewCollection[tenantOrders](p.orders)
		check(t, tenants.Copy(t.Context(), Order{Tenant: "a", Status: "paid"}, Order{Tenant: "b", Status: "paid"}))
		s.wantStored("the copy", p, "b", map[string]Order{"1": {ID: "1", Status: "paid", Note: "n"}, "2": {ID: "2", Status: "paid", Note: "n"}})
		check(t, tenants.Delete(t.Context(), Order{Tenant: "a", Status: "paid"}))
		s.wantStored("what is left", old, "a", map[string]Order{"1": {ID: "1", Status: "open", Note: "n"}, "2": {ID: "2", Status: "open", Note: "n"}})
	})
}
