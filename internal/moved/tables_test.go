package moved_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// Reading has keys of all kinds.
type Reading struct {
	Site string `dynamodbav:"site" entable:"keyonly"`
	N    int    `dynamodbav:"n"`
	Text string `dynamodbav:"text,omitempty"`
}

// Tables without sort key, with a number for one, without types, with fields that stand in the key alone: all the same.
func TestOtherTables(t *testing.T) {
	site := func(prefix string) entable.KeySpec { return entable.PK("site", entable.Prefix(prefix)) }
	for name, test := range map[string]struct {
		table    []entable.TableOption
		old, now []entable.KeySpec
		list     bool // of one site
	}{
		"without sort key":           {[]entable.TableOption{entable.NoSortKey()}, []entable.KeySpec{entable.PK("site", "n", entable.Prefix("OLD"))}, []entable.KeySpec{entable.PK("site", "n", entable.Prefix("NEW"))}, false},
		"number":                     {[]entable.TableOption{entable.SortKey("sk", types.ScalarAttributeTypeN)}, []entable.KeySpec{site("OLD"), entable.SK("n")}, []entable.KeySpec{site("NEW"), entable.SK("n")}, true},
		"number, shards":             {[]entable.TableOption{entable.SortKey("sk", types.ScalarAttributeTypeN)}, []entable.KeySpec{entable.PK("site", entable.Prefix("S"), entable.Shards(11, "n")), entable.SK("n")}, []entable.KeySpec{entable.PK("site", entable.Prefix("S"), entable.Shards(22, "n")), entable.SK("n")}, true},
		"without types":              {[]entable.TableOption{entable.NoDiscriminator()}, []entable.KeySpec{site("OLD"), entable.SK("n")}, []entable.KeySpec{site("NEW"), entable.SK("n", entable.Prefix("X"))}, true},
		"without types, shards":      {[]entable.TableOption{entable.NoDiscriminator()}, []entable.KeySpec{entable.PK("site", entable.Prefix("S"), entable.Shards(11, "n")), entable.SK("n")}, []entable.KeySpec{entable.PK("site", entable.Prefix("S"), entable.Shards(22, "n")), entable.SK("n")}, true},
		"a width that holds no more": {nil, []entable.KeySpec{site("OLD"), entable.SK(entable.Attr("n").Width(1))}, []entable.KeySpec{site("NEW"), entable.SK("n")}, true},
	} {
		client := enginetest.OnMemory(t).Client
		open := func(own []entable.KeySpec, other ...entable.KeySpec) *entable.Entity[Reading] {
			table := entable.NewTable("readings", test.table...)
			table.Use(client)
			opts := []entable.EntityOption{}
			for _, k := range own {
				opts = append(opts, k)
			}
			if other != nil {
				opts = append(opts, entable.Moved(other...))
			}
			return entable.Register[Reading](table, opts...)
		}
		before, moves, after := open(test.old), open(test.now, test.old...), open(test.now)
		check(t, before.Table().CreateTable(t.Context()))
		var want []Reading
		for n := range 9 {
			v := Reading{"a", n + 1, ""}
			check(t, before.Put(t.Context(), &v))
			want = append(want, v)
		}
		for n := range 3 {
			v := Reading{"a", n + 10, "new"} // which the old width does not hold
			check(t, moves.Create(t.Context(), &v))
			want = append(want, v)
		}
		want[2].Text = "moved"
		check(t, moves.Update(want[2]).Set("text", "moved").Do(t.Context()))
		read := func(e *entable.Entity[Reading]) {
			t.Helper()
			got := map[int]Reading{}
			for _, v := range collect(t, e.Scan().All(t.Context())) {
				got[v.N] = v
			}
			same(t, name+": scanned", len(got), len(want))
			for _, w := range want {
				same(t, name+": scanned", got[w.N], w)
				v, err := e.Get(t.Context(), w)
				check(t, err)
				same(t, name+": read", *v, w)
				if !test.list {
					same(t, name, collect(t, e.Query(w).All(t.Context())), []Reading{w})
				}
			}
			if test.list {
				same(t, name, collect(t, e.Query(Reading{Site: "a"}).PageSize(2).All(t.Context())), want)
				same(t, name, collect(t, e.Query(Reading{Site: "a"}).GreaterEqual(Reading{N: 4}).Limit(7).All(t.Context())), want[3:10])
			}
		}
		read(moves)
		for f, err := range moves.Table().Audit(t.Context(), entable.AuditOptions{Repair: true}) {
			if err != nil || f.Kind != entable.OtherPlace || !f.Repaired {
				t.Errorf("%s: %s, %v, %v", name, f, f.Err, err)
			}
		}
		read(moves)
		read(after)
	}
}

// Entry is the other member of a collection of orders.
type Entry struct {
	Tenant string `dynamodbav:"tenant"`
	At     int    `dynamodbav:"at"`
	Text   string `dynamodbav:"text"`
}

// A collection whose members move together, or one of them, is read from both places, in order.
func TestCollectionsAtTwoPlaces(t *testing.T) {
	type Tenant struct {
		Orders  []Order
		Entries []Entry
	}
	each(t, func(t *testing.T, e *enginetest.Setup) {
		for _, both := range []bool{true, false} {
			s := newSite(e)
			open := func(version int) (*entable.Table, *entable.Entity[Order], *entable.Entity[Entry]) {
				table := entable.NewTable(s.name, s.opts...)
				table.Use(e.Client)
				old, now := entable.PK("tenant", entable.Prefix("OLD")), entable.PK("tenant", entable.Prefix("NEW"))
				if !both {
					now = old
				}
				// Each place has a sort key of its own, in another order of the two types.
				oldO, newO, oldE, newE := entable.SK("id", entable.Prefix("A")), entable.SK("id", entable.Prefix("Y")), entable.SK("at", entable.Prefix("B")), entable.SK("at", entable.Prefix("X"))
				orders, entries := []entable.EntityOption{now, newO}, []entable.EntityOption{newE}
				if version == before {
					orders, entries = []entable.EntityOption{old, oldO}, []entable.EntityOption{oldE}
				}
				if version == moves {
					where := []entable.KeySpec{oldO}
					if both {
						where = append(where, old)
					}
					orders = append(orders, entable.Moved(where...))
				}
				o := entable.Register[Order](table, orders...)
				shared := entable.PK("tenant", entable.PrefixOf(o))
				if entries = append(entries, shared); version == moves {
					where := []entable.KeySpec{oldE}
					if both {
						where = append(where, shared)
					}
					entries = append(entries, entable.Moved(where...))
				}
				return table, o, entable.Register[Entry](table, entries...)
			}
			_, oldOrders, oldEntries := open(before)
			table, orders, entries := open(moves)
			var want Tenant
			for n := range 20 {
				o, e := Order{Tenant: "a", ID: fmt.Sprintf("%02d", n), N: n}, Entry{"a", n, "x"}
				if n%3 == 0 {
					check(t, orders.Put(t.Context(), &o))
					check(t, entries.Put(t.Context(), &e))
				} else {
					check(t, oldOrders.Put(t.Context(), &o))
					check(t, oldEntries.Put(t.Context(), &e))
				}
				want.Orders, want.Entries = append(want.Orders, o), append(want.Entries, e)
			}
			tenants := entable.NewCollection[Tenant](orders, entries)
			got, err := tenants.Get(t.Context(), Order{Tenant: "a"})
			check(t, err)
			same(t, "collection", *got, want)
			if got, err = tenants.Get(t.Context(), Entry{Tenant: "a"}); err != nil {
				t.Fatal(err)
			}
			same(t, "collection, by an entry", *got, want)
			var all, expected []string
			for _, e := range want.Entries {
				expected = append(expected, fmt.Sprint(e))
			}
			for _, o := range want.Orders {
				expected = append(expected, fmt.Sprint(o))
			}
			for cursor := ""; ; {
				page, err := table.Query(Order{Tenant: "a"}).Limit(7).From(cursor).Page(t.Context())
				check(t, err)
				for _, v := range page.Items {
					switch v := v.(type) {
					case *Order:
						all = append(all, fmt.Sprint(*v))
					case *Entry:
						all = append(all, fmt.Sprint(*v))
					}
				}
				if cursor = page.Cursor; cursor == "" {
					break
				}
			}
			same(t, "mixed", all, expected)
			n, err := table.Query(Order{Tenant: "a"}).Only(entries).Count(t.Context())
			check(t, err)
			same(t, "only one type", n, 20)
			same(t, "one entity", collect(t, entries.Query(Entry{Tenant: "a"}).Reverse().Limit(2).All(t.Context())), []Entry{{"a", 19, "x"}, {"a", 18, "x"}})
		}
	})
}
