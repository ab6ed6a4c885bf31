package forms_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/entable/entable"
)

// Claim has a version, keys of an index that are made of several attributes, and a rule.
type Claim struct {
	Depot   string `dynamodbav:"depot"`
	No      int    `dynamodbav:"no"`
	State   string `dynamodbav:"state"`
	Agent   string `dynamodbav:"agent"`
	Note    string `dynamodbav:"note" validate:"required"`
	Version int64  `dynamodbav:"version" entable:"version"`
	Part    bool   `entable:"partial"`
}

type claimDepot struct{ Claims []Claim }

// eachProjected runs a test with a table that has an index of the projection, on each engine by each route.
func eachProjected(t *testing.T, projection entable.IndexOption, test func(t *testing.T, table *entable.Table)) {
	for engine, open := range engines {
		for route, options := range map[string][]entable.TableOption{"fast": nil, "plain": {entable.PlainRoute()}} {
			t.Run(engine+" "+route, func(t *testing.T) {
				table := entable.NewTable("stored", append(with(typed("type"), entable.GSI("GSI1", text("GSI1PK"), sorted("GSI1SK"), projection)), options...)...)
				table.Use(open(t))
				must(t, table.CreateTable(t.Context()))
				defer func() { must(t, table.DeleteTable(context.WithoutCancel(t.Context()))) }()
				test(t, table)
			})
		}
	}
}

func declareClaims(table *entable.Table) *entable.Entity[Claim] {
	return entable.Register[Claim](table, pk("DEPOT#{depot}"), sk("CLAIM#{no:03}"), entable.Index("GSI1", pk("DAY#{depot}"), sk("{state}#{agent}")))
}

// A write that goes by a version which was not read is refused before any request, and changes nothing.
func TestWritesOfItemsReadWithoutTheirVersion(t *testing.T) {
	eachProjected(t, entable.Include("type", "state"), func(t *testing.T, table *entable.Table) {
		claims := declareClaims(table)
		depots := entable.NewCollection[claimDepot](claims)
		must(t, claims.Put(t.Context(), &Claim{Depot: "d", No: 1, State: "open", Agent: "ann", Note: "n"}))
		first, err := claims.Get(t.Context(), Claim{Depot: "d", No: 1})
		must(t, err)
		part, err := claims.QueryIndex("GSI1", *first).Partial().One(t.Context())
		must(t, err)
		changed, before := *part, claimDepot{[]Claim{*part}}
		changed.State = "done"
		after := claimDepot{[]Claim{changed}}

		var sent entable.Stats
		ctx := entable.WithStats(t.Context(), &sent)
		patch := func() *entable.Update[Claim] { return claims.Patch(part).Set("state", "done") }
		for name, write := range map[string]func() error{
			"Patch":          func() error { return patch().Do(ctx) },
			"Updated":        func() error { _, err := patch().Updated(ctx); return err },
			"Input":          func() error { _, err := patch().Input(ctx); return err },
			"SaveChanges":    func() error { return claims.SaveChanges(ctx, *part, &changed) },
			"Remove":         func() error { return claims.Remove(ctx, part) },
			"Transact":       func() error { return entable.Transact(ctx, []entable.Write{patch()}) },
			"BatchWrite":     func() error { return entable.BatchWrite(ctx, []entable.Write{claims.RemoveOp(part)}) },
			"Save":           func() error { return depots.Save(ctx, &before, &after) },
			"Save, deleting": func() error { return depots.Save(ctx, &before, &claimDepot{}) },
		} {
			const want = `Claim: the item was read in part, without "version", by which its writes tell that nobody else has changed it: ` +
				`let the index hold that, or read the item whole, by Get or with Hydrate`
			if err := write(); err == nil || !strings.Contains(err.Error(), want) || !entable.IsError(err) {
				t.Errorf("%s: %v, want %s", name, err, want)
			}
		}
		if n := sent.Total().Requests; n > 0 {
			t.Errorf("%d requests were sent", n)
		}
		if now, err := claims.Get(t.Context(), *first); err != nil || *now != *first {
			t.Errorf("stored %+v, was %+v (%v)", now, first, err)
		}

		must(t, claims.Update(*part).Set("note", "by key").IfVersion(1).Do(ctx)) // which says what it goes by
		selected, err := claims.Query(*part).Select("state").One(ctx)
		must(t, err)
		must(t, claims.Patch(selected).Set("state", "done").Do(ctx)) // Select reads the version, too
		must(t, claims.Delete(ctx, *part))
	})
}

// What was not read is nothing that a write goes by: not for the keys of an index, and not for the rules of the type.
func TestWritesOfItemsReadWithTheirVersion(t *testing.T) {
	eachProjected(t, entable.Include("type", "version"), func(t *testing.T, table *entable.Table) {
		ctx, claims := t.Context(), declareClaims(table)
		first := Claim{Depot: "d", No: 1, State: "open", Agent: "ann", Note: "n"}
		must(t, claims.Put(ctx, &first))
		read := func() *Claim {
			t.Helper()
			v, err := claims.QueryIndex("GSI1", first).Partial().One(ctx)
			must(t, err)
			if v.Note != "" || v.Agent != "" || !v.Part {
				t.Fatalf("read %+v", v)
			}
			return v
		}
		expect := func(v *Claim, err error, state string) {
			t.Helper()
			must(t, err)
			want := first
			want.State, want.Version = state, v.Version
			now, err := claims.QueryIndex("GSI1", first).Hydrate().Equal(want).One(ctx) // the key of the index is right
			must(t, err)
			if *now != want || *v != want {
				t.Errorf("stored %+v, the caller has %+v, want %+v", now, v, want)
			}
		}
		v := read()
		expect(v, claims.Patch(v).Set("state", "held").Do(ctx), "held")
		before := read()
		v = new(*before)
		v.State = "sold"
		expect(v, claims.SaveChanges(ctx, *before, v), "sold")
		before = read()
		v = new(*before)
		v.State = "gone"
		must(t, entable.Transact(ctx, []entable.Write{claims.SaveChangesOp(*before, v)}))
		whole, err := claims.Get(ctx, first)
		expect(whole, err, "gone")

		// A race that is lost is no less lost.
		v = read()
		must(t, claims.Update(first).Set("state", "won").Fetch().Do(ctx))
		_, lost := errors.AsType[*entable.ConditionFailedError](claims.Patch(v).Set("state", "lost").Do(ctx))
		if !lost {
			t.Error("the race was not lost")
		}

		depots := entable.NewCollection[claimDepot](claims)
		must(t, depots.Save(ctx, &claimDepot{[]Claim{*read()}}, &claimDepot{}))
		if _, err := claims.Get(ctx, first); !errors.Is(err, entable.ErrNotFound) {
			t.Errorf("it is still there: %v", err)
		}
	})
}

// A whole item without a version is deleted by a Save if it is just what it was, which a part cannot tell.
func TestSaveThatDeletesAPartIsRefused(t *testing.T) {
	eachProjected(t, entable.Include("type"), func(t *testing.T, table *entable.Table) {
		ctx := t.Context()
		parcels := entable.Register[Parcel](table, pk("DEPOT#{depot}"), sk("PARCEL#{no:03}"), entable.Index("GSI1", pk("DAY#{depot}"), sk("P")))
		must(t, parcels.Put(ctx, &Parcel{Depot: "d", No: 1, State: "in"}))
		type depot struct{ Parcels []Parcel }
		depots := entable.NewCollection[depot](parcels)
		before, err := depots.QueryIndex("GSI1", Parcel{Depot: "d"}).Partial().Group(ctx)
		must(t, err)
		var sent entable.Stats
		err = depots.Save(entable.WithStats(ctx, &sent), before, &depot{})
		refused(t, err, "Parcel: an item was read in part, of which nothing tells that it is still the same: read the items whole, with Hydrate, to delete one")
		if n := sent.Total().Requests; n > 0 {
			t.Errorf("%d requests were sent", n)
		}
	})
}

// Stay has a key with the number of a shard, from an attribute that the key does not hold.
type Stay struct {
	Depot string `dynamodbav:"depot"`
	Day   string `dynamodbav:"day"`
	No    int    `dynamodbav:"no"`
	Part  bool   `entable:"partial"`
}

// A key cannot be made of an item that was read without what it is computed from: it would be the key of another item, or of none.
func TestKeysOfItemsReadWithoutTheirSources(t *testing.T) {
	eachProjected(t, entable.Include("type"), func(t *testing.T, table *entable.Table) {
		stays := entable.Register[Stay](table, entable.PK("depot", entable.Shards(8, "day")), entable.SK("no"), entable.Index("GSI1", pk("DAY#{depot}"), sk("S")))
		first := Stay{Depot: "d", No: 1, Day: "monday"}
		must(t, stays.Put(t.Context(), &first))
		part, err := stays.QueryIndex("GSI1", first).Partial().One(t.Context())
		must(t, err)
		var sent entable.Stats
		ctx := entable.WithStats(t.Context(), &sent)
		for name, use := range map[string]func() error{
			"Get":         func() error { _, err := stays.Get(ctx, *part); return err },
			"BatchGet":    func() error { _, err := stays.BatchGet(ctx, []Stay{*part}); return err },
			"TransactGet": func() error { _, err := stays.TransactGet(ctx, []Stay{*part}); return err },
			"Delete":      func() error { return stays.Delete(ctx, *part) },
			"Remove":      func() error { return stays.Remove(ctx, part) },
			"Update":      func() error { return stays.Update(*part).Set("day", "x").Do(ctx) },
			"Patch":       func() error { return stays.Patch(part).Set("day", "x").Do(ctx) },
			"KeyOf":       func() error { _, err := table.KeyOf(part); return err },
			"Transact":    func() error { return entable.Transact(ctx, []entable.Write{stays.DeleteOp(*part)}) },
			"BatchWrite":  func() error { return entable.BatchWrite(ctx, []entable.Write{stays.DeleteOp(*part)}) },
		} {
			refused(t, use(), `Stay: the item was read in part, without "day", of which its key is made: let the index hold that, or read the item whole`)
			_ = name
		}
		if n := sent.Total().Requests; n > 0 {
			t.Errorf("%d requests were sent", n)
		}
		selected, err := stays.Query(*part).Select("no").One(ctx) // which reads that, too, as all shards are asked
		must(t, err)
		must(t, stays.Remove(ctx, selected))
		if _, err := stays.Get(ctx, first); !errors.Is(err, entable.ErrNotFound) {
			t.Errorf("it is still there: %v", err)
		}
	})
}

// Bay has a key with the number of a shard, from an attribute that the key holds as well.
type Bay struct {
	Depot string `dynamodbav:"depot"`
	No    int    `dynamodbav:"no"`
	State string `dynamodbav:"state"`
	Part  bool   `entable:"partial"`
}

// What the key holds has been read, also where it is zero: at the own place and at the one where items were.
func TestKeysOfItemsReadWithTheirSources(t *testing.T) {
	day := entable.Index("GSI1", pk("DAY#{depot}"), sk("B"))
	shards, no := entable.PK("depot", entable.Prefix("BAY"), entable.Shards(8, "no")), entable.SK("no")
	for name, options := range map[string][]entable.EntityOption{
		"sharded": {shards, no, day},
		"moved":   {entable.PK("depot", entable.Prefix("NEW")), no, day, entable.Moved(shards, no)},
	} {
		for engine, open := range engines {
			for route, plain := range map[string][]entable.TableOption{"fast": nil, "plain": {entable.PlainRoute()}} {
				t.Run(name+" "+engine+" "+route, func(t *testing.T) {
					index, client := entable.GSI("GSI1", text("GSI1PK"), sorted("GSI1SK"), entable.Include("type")), open(t)
					older, table := entable.NewTable("stored", with(typed("type"), index)...), entable.NewTable("stored", append(with(typed("type"), index), plain...)...)
					older.Use(client)
					table.Use(client)
					must(t, table.CreateTable(t.Context()))
					defer func() { must(t, table.DeleteTable(context.WithoutCancel(t.Context()))) }()
					checkBays(t, entable.Register[Bay](older, shards, no, day), entable.Register[Bay](table, options...))
				})
			}
		}
	}
}

func checkBays(t *testing.T, older, bays *entable.Entity[Bay]) {
	ctx := t.Context()
	for no := range 2 {
		for name, read := range map[string]func() (*Bay, error){
			"index":  func() (*Bay, error) { return bays.QueryIndex("GSI1", Bay{Depot: "d"}).Partial().One(ctx) },
			"select": func() (*Bay, error) { return bays.Query(Bay{Depot: "d"}).Select("state").One(ctx) },
		} {
			first := Bay{Depot: "d", No: no, State: "free"}
			must(t, older.Put(ctx, &first))
			v, err := read()
			must(t, err)
			if got, err := bays.Get(ctx, *v); err != nil || *got != first {
				t.Errorf("%s: Get of %d: %+v, %v", name, no, got, err)
			}
			if got, err := bays.BatchGet(ctx, []Bay{*v}); err != nil || got[0] == nil || *got[0] != first {
				t.Errorf("%s: BatchGet of %d: %+v, %v", name, no, got, err)
			}
			if err := bays.Patch(v).Set("state", "taken").Do(ctx); err != nil || v.State != "taken" {
				t.Errorf("%s: Patch of %d: %+v, %v", name, no, v, err)
			}
			v, err = read()
			must(t, err)
			must(t, bays.Remove(ctx, v))
			if left, err := bays.Scan().Count(ctx); err != nil || left != 0 {
				t.Errorf("%s: %d of %d are left, %v", name, left, no, err)
			}
		}
	}
}

// Lease expires.
type Lease struct {
	Depot   string    `dynamodbav:"depot"`
	Expires time.Time `dynamodbav:"expires" entable:"ttl"`
	State   string    `dynamodbav:"state"`
	Part    bool      `entable:"partial"`
}

// What was read of an item says when it expires, or the read is refused: Expired would be false of one that has.
func TestExpiryOfParts(t *testing.T) {
	const refusal = `does not hold "expires", and without it Expired and TimeLeft of Lease would say that its items stay: use Hydrate, or include it, or name what you need with Select, such as "PK" for the key`
	for engine, open := range engines {
		for name, test := range map[string]struct {
			holds entable.IndexOption
			sk    entable.KeySpec
			want  string
		}{
			"nothing":    {entable.Include("type", "state"), sk("LEASE"), refusal},
			"attribute":  {entable.Include("type", "expires"), sk("LEASE"), ""},
			"in the key": {entable.Include("type"), sk("LEASE#{expires}"), ""},
		} {
			for route, plain := range map[string][]entable.TableOption{"fast": nil, "plain": {entable.PlainRoute()}} {
				t.Run(engine+" "+name+" "+route, func(t *testing.T) {
					ctx := t.Context()
					table := entable.NewTable("stored", append(with(typed("type"), entable.GSI("GSI1", text("GSI1PK"), test.holds)), plain...)...)
					table.Use(open(t))
					must(t, table.CreateTable(ctx))
					defer func() { must(t, table.DeleteTable(context.WithoutCancel(ctx))) }()
					leases := entable.Register[Lease](table, pk("DEPOT#{depot}"), test.sk, entable.Index("GSI1", pk("ALL#{depot}")))
					type depot struct{ Leases []*Lease }
					of := Lease{Depot: "d", Expires: entable.ExpiresIn(-time.Hour)}
					must(t, leases.Put(ctx, &of))
					for by, read := range map[string]func() (*Lease, error){
						"query": func() (*Lease, error) { return leases.QueryIndex("GSI1", of).Partial().One(ctx) },
						"scan":  func() (*Lease, error) { return leases.Scan().Index("GSI1").Partial().One(ctx) },
						"mixed": func() (*Lease, error) {
							v, err := table.QueryIndex("GSI1", of).Partial().One(ctx)
							lease, _ := v.(*Lease)
							return lease, err
						},
						"collection": func() (*Lease, error) {
							all, err := entable.NewCollection[depot](leases).QueryIndex("GSI1", of).Partial().Group(ctx)
							if err != nil {
								return nil, err
							}
							return all.Leases[0], nil
						},
					} {
						v, err := read()
						if test.want != "" {
							refused(t, err, test.want)
							continue
						}
						must(t, err)
						if !leases.Expired(v) {
							t.Errorf("%s: %+v has not expired", by, v)
						}
					}
					for by, q := range map[string]*entable.Query[Lease]{"hydrate": leases.QueryIndex("GSI1", of).Hydrate(), "select": leases.Query(of).Select("depot")} {
						v, err := q.One(ctx)
						must(t, err)
						if !leases.Expired(v) {
							t.Errorf("%s: %+v has not expired", by, v)
						}
					}
					if v, err := leases.QueryIndex("GSI1", of).Select("PK").One(ctx); err != nil || v.Depot != "d" {
						t.Errorf("named: %+v, %v", v, err)
					}
				})
			}
		}
	}
}
