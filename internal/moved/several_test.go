package moved_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// withMovedNotes registers notes that move with the orders, with sort keys of their own.
func (p program) withMovedNotes(f form, version int) *entable.Entity[Note] {
	pk := func(shards int) entable.KeySpec {
		if f.name == "shards" {
			return entable.PK("tenant", entable.PrefixOf(p.orders), entable.Shards(shards, "id"))
		}
		return entable.PK("tenant", entable.PrefixOf(p.orders))
	}
	sk := entable.SK("id", entable.Prefix("N"))
	if version == before {
		return entable.Register[Note](p.table, pk(3), sk)
	}
	return entable.Register[Note](p.table, pk(11), sk, entable.Moved(pk(3)))
}

// Several types that move share partitions at both places: a query of all goes on in each of them by its own keys.
func TestQueriesOfSeveralMovedTypes(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		for _, f := range []form{forms[0], forms[2]} {
			s := newSite(e)
			old, p := s.run(f, before), s.run(f, moves)
			oldNotes, notes := old.withMovedNotes(f, before), p.withMovedNotes(f, moves)
			both := entable.NewCollection[ordersAndNotes](p.orders, notes)
			want := []string{}
			for i := range 16 {
				id := fmt.Sprintf("%02d", i)
				write, writeNote := old.orders, oldNotes
				if i%3 == 0 {
					write, writeNote = p.orders, notes
				}
				check(t, write.Put(t.Context(), &Order{Tenant: "acme", ID: id}))
				check(t, writeNote.Put(t.Context(), &Note{Tenant: "acme", ID: id}))
				want = append(want, id)
				want = slices.Insert(want, i, "note of "+id)
			}
			for _, way := range ways {
				for _, reverse := range []bool{false, true} {
					wanted := slices.Clone(want)
					if reverse {
						slices.Reverse(wanted)
					}
					h := how{way, reverse, 4, Order{Tenant: "acme"}, func(int) {}}
					got := reading(t, h, func() *entable.ItemsQuery { return p.table.Query(h.key) })
					same(t, fmt.Sprint(f.name, ", ", h), got, wanted)
					got = reading(t, h, func() *entable.CollectionQuery[ordersAndNotes] { return both.Query(h.key) })
					same(t, fmt.Sprint(f.name, ", collection, ", h), got, wanted)
				}
			}
		}
	})
}

// Lease is hidden when it has ended.
type Lease struct {
	Tenant string    `dynamodbav:"tenant"`
	ID     string    `dynamodbav:"id"`
	Until  time.Time `dynamodbav:"until,omitempty,unixtime" entable:"ttl"`
}

// What a program that was not prepared has left at the old place is not given in place of the newer item, where a filter, or its end,
// passes over that.
func TestOlderStatesBehindFilters(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		for _, f := range []form{forms[2], forms[3], forms[4]} {
			s := newSite(e)
			old, p, alone := s.run(f, before), s.run(f, moves), s.run(f, after)
			check(t, old.orders.Put(t.Context(), &Order{Tenant: "acme", ID: "b", N: 1}))
			check(t, alone.orders.Put(t.Context(), &Order{Tenant: "acme", ID: "b", N: 2}))
			check(t, old.orders.Put(t.Context(), &Order{Tenant: "acme", ID: "c", N: 1}))
			older := expression.Name("n").Equal(expression.Value(1))
			for what, give := range map[string]func(context.Context) (int, error){
				"entity": func(ctx context.Context) (int, error) {
					return p.orders.Query(Order{Tenant: "acme"}).Filter(older).Count(ctx)
				},
				"all": func(ctx context.Context) (int, error) {
					return p.table.Query(Order{Tenant: "acme"}).Filter(older).Count(ctx)
				},
				"scan": func(ctx context.Context) (int, error) { return p.orders.Scan().Filter(older).Count(ctx) },
			} {
				n, err := give(t.Context())
				check(t, err)
				same(t, f.name+": "+what, n, 1)
			}
			now, err := p.orders.Query(Order{Tenant: "acme"}).Filter(older).One(t.Context())
			check(t, err)
			same(t, f.name, now.ID, "c")
		}
		s := newSite(e)
		was, now := entable.PK("tenant", entable.Prefix("T")), entable.PK("tenant", entable.Prefix("U"))
		leases := func(opts ...entable.EntityOption) *entable.Entity[Lease] {
			table := entable.NewTable(s.name, entable.HideExpired(true))
			table.Use(s.Client)
			return entable.Register[Lease](table, append(opts, entable.SK("id", entable.Prefix("L")))...)
		}
		ended := Lease{Tenant: "acme", ID: "1", Until: time.Now().Add(-time.Hour)}
		check(t, leases(was).Put(t.Context(), &Lease{Tenant: "acme", ID: "1", Until: time.Now().Add(time.Hour)}))
		check(t, leases(now).Put(t.Context(), &ended))
		both := leases(now, entable.Moved(was))
		if _, err := both.Get(t.Context(), ended); !errors.Is(err, entable.ErrNotFound) {
			t.Errorf("error %v", err)
		}
		same(t, "ended", len(collect(t, both.Query(ended).All(t.Context()))), 0)
	})
}

// A cursor of a version that has other places, or the same the other way round, is refused before anything is read.
func TestCursorsOfOtherVersions(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		for _, f := range forms[:5] { // the last has another order there, and is not queried
			s := newSite(e)
			for i := range 12 {
				version := before
				if i%2 == 0 {
					version = after
				}
				check(t, s.run(f, version).orders.Put(t.Context(), &Order{Tenant: "acme", ID: fmt.Sprintf("%02d", i)}))
			}
			for from, to := range map[int]int{before: ahead, ahead: moves, moves: ahead, after: moves} {
				one, two := s.run(f, from), s.run(f, to)
				page, err := one.orders.Query(Order{Tenant: "acme"}).Limit(3).Page(t.Context())
				mixed, errMixed := one.table.Query(Order{Tenant: "acme"}).Limit(3).Page(t.Context())
				if is[*entable.KeyMismatchError](err) || is[*entable.KeyMismatchError](errMixed) {
					continue // it takes an order of the other place for a damaged one
				}
				check(t, err)
				check(t, errMixed)
				again, err := one.orders.Query(Order{Tenant: "acme"}).From(page.Cursor).Limit(1).Page(t.Context())
				check(t, err)
				same(t, f.name, len(again.Items), 1)
				e.Spy.Reset()
				_, err = two.orders.Query(Order{Tenant: "acme"}).From(page.Cursor).Page(t.Context())
				_, errMixed = two.table.Query(Order{Tenant: "acme"}).From(mixed.Cursor).Page(t.Context())
				if !errors.Is(err, entable.ErrBadCursor) || !errors.Is(errMixed, entable.ErrBadCursor) || e.Spy.Sent("") != 0 {
					t.Errorf("%s: from version %d to %d: %v, %v, %d requests", f.name, from, to, err, errMixed, e.Spy.Sent(""))
				}
			}
		}
	})
}

// As long as an item that cannot be decoded lies at the old place, nobody says that all have moved.
func TestUndecodableItemsAreNotSettled(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		f := forms[2]
		s := newSite(e)
		old, p := s.run(f, before), s.run(f, moves)
		check(t, p.table.Verify(t.Context()))
		o := Order{Tenant: "acme", ID: "1", Status: "open"}
		item, err := old.orders.ToItem(&o)
		check(t, err)
		item["n"] = &types.AttributeValueMemberS{Value: "many"}
		_, err = e.SDK.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &s.name, Item: item})
		check(t, err)
		var settled []string
		for finding, err := range p.table.Audit(t.Context(), entable.AuditOptions{
			Repair: true, Settle: true, Progress: func(at entable.AuditProgress) { settled = at.Settled },
		}) {
			check(t, err)
			same(t, "found", finding.Kind, entable.Undecodable)
		}
		same(t, "settled", settled, nil)
		if err := s.run(f, after).table.Verify(t.Context()); err == nil {
			t.Error("a program without the old place is let in")
		}
		check(t, old.orders.Put(t.Context(), &o))
		audit(t, p, entable.AuditOptions{Repair: true, Settle: true})
		audit(t, p, entable.AuditOptions{Repair: true, Settle: true})
		check(t, s.run(f, after).table.Verify(t.Context()))
	})
}
