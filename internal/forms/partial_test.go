package forms_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/entable/entable"
)

// Parcel says of itself when it was read in part.
type Parcel struct {
	Depot string `dynamodbav:"depot"`
	No    int    `dynamodbav:"no"`
	State string `dynamodbav:"state"`
	Note  string `dynamodbav:"note,omitempty"`
	Part  bool   `entable:"partial"`
}

// Label has nothing but what its key is made of.
type Label struct {
	Depot string `dynamodbav:"depot"`
	Text  string `dynamodbav:"text"`
}

func TestItemsReadInPartSaySo(t *testing.T) {
	for engine, open := range engines {
		for name, projection := range map[string]entable.IndexOption{"keys": entable.KeysOnly(), "some": entable.Include("type", "state")} {
			for route, options := range map[string][]entable.TableOption{"fast": nil, "plain": {entable.PlainRoute()}} {
				t.Run(engine+" "+name+" "+route, func(t *testing.T) {
					ctx := t.Context()
					table := entable.NewTable("stored", append(with(typed("type"), entable.GSI("GSI1", text("GSI1PK"), sorted("SK"), projection)), options...)...)
					table.Use(open(t))
					must(t, table.CreateTable(ctx))
					defer func() { must(t, table.DeleteTable(context.WithoutCancel(ctx))) }()
					parcels := entable.Register[Parcel](table, pk("DEPOT#{depot}"), sk("PARCEL#{no:03}"), entable.Index("GSI1", pk("DAY#{depot}")))
					labels := entable.Register[Label](table, pk("DEPOT#{depot}"), sk("LABEL#{text}"), entable.Index("GSI1", pk("DAY#{depot}")))
					checkParts(t, table, parcels, labels)
				})
			}
		}
	}
}

func checkParts(t *testing.T, table *entable.Table, parcels *entable.Entity[Parcel], labels *entable.Entity[Label]) {
	ctx := t.Context()
	first := Parcel{Depot: "d", No: 1, State: "in", Note: "fragile"}
	must(t, parcels.Put(ctx, &first))
	must(t, labels.Put(ctx, &Label{Depot: "d", Text: "up"}))
	query := func() *entable.Query[Parcel] { return parcels.QueryIndex("GSI1", Parcel{Depot: "d"}) }
	type depot struct {
		Parcels []Parcel
		Labels  []Label
	}
	stored := func() *Parcel {
		t.Helper()
		v, err := parcels.Get(ctx, first)
		must(t, err)
		return v
	}

	parts := map[string]func() (*Parcel, error){
		"query":  func() (*Parcel, error) { return query().Partial().One(ctx) },
		"select": func() (*Parcel, error) { return parcels.Query(first).Select("state").One(ctx) },
		"scan":   func() (*Parcel, error) { return parcels.Scan().Index("GSI1").Partial().One(ctx) },
		"selecting scan": func() (*Parcel, error) {
			return parcels.Scan().Select("no").One(ctx)
		},
		"mixed": func() (*Parcel, error) {
			for v, err := range table.QueryIndex("GSI1", Parcel{Depot: "d"}).Partial().All(ctx) {
				if p, ok := v.(*Parcel); ok || err != nil {
					return p, err
				}
			}
			return nil, entable.ErrNotFound
		},
		"collection": func() (*Parcel, error) {
			all, err := entable.NewCollection[depot](parcels, labels).QueryIndex("GSI1", Parcel{Depot: "d"}).Partial().Group(ctx)
			if err != nil || len(all.Parcels) != 1 || len(all.Labels) != 1 {
				return nil, fmt.Errorf("%+v: %w", all, err)
			}
			return &all.Parcels[0], nil
		},
	}
	const lost = "Parcel: the item was read in part, and what it lacks would be lost: read it whole, by Get or with Hydrate, or use Update or Patch"
	for name, read := range parts {
		v, err := read()
		must(t, err)
		if !v.Part || v.Note != "" {
			t.Errorf("%s: %+v is not said to be a part", name, v)
		}
		for op, write := range map[string]func() error{
			"Put":    func() error { return parcels.Put(ctx, v) },
			"Create": func() error { return parcels.Create(ctx, v) },
			"batch":  func() error { return entable.BatchWrite(ctx, []entable.Write{parcels.PutOp(v)}) },
			"Transact": func() error {
				return entable.Transact(ctx, []entable.Write{parcels.PutOp(v), labels.PutOp(&Label{"x", "y"})})
			},
			"ToItem": func() error { _, err := parcels.ToItem(v); return err },
		} {
			if err := write(); err == nil || !strings.Contains(err.Error(), lost) {
				t.Errorf("%s of an item of a %s: %v", op, name, err)
			}
		}
		whole := *stored()
		if err := parcels.SaveChanges(ctx, whole, v); err == nil || !strings.Contains(err.Error(), "one of the two items was read in part") {
			t.Errorf("SaveChanges of an item of a %s: %v", name, err)
		}
		// What changes a part leaves the rest alone.
		before := *v
		v.State = name
		must(t, parcels.SaveChanges(ctx, before, v))
		if v.Part || *v != *stored() || v.Note != first.Note || v.State != name {
			t.Errorf("SaveChanges after a %s: %+v, stored %+v", name, v, stored())
		}
		must(t, parcels.Put(ctx, v)) // it is whole now
		if v, err = read(); err == nil {
			err = parcels.Patch(v).Set("state", "in").Do(ctx)
		}
		must(t, err)
		if v.Part || *v != first || *stored() != first {
			t.Errorf("Patch after a %s: %+v, stored %+v", name, v, stored())
		}
	}

	for name, read := range map[string]func() (*Parcel, error){
		"hydrated": func() (*Parcel, error) { return query().Hydrate().One(ctx) },
		"queried":  func() (*Parcel, error) { return parcels.Query(first).One(ctx) },
		"scanned":  func() (*Parcel, error) { return parcels.Scan().One(ctx) },
	} {
		if v, err := read(); err != nil || *v != first {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
	label, err := labels.QueryIndex("GSI1", Label{Depot: "d"}).Partial().One(ctx)
	must(t, err)
	must(t, labels.Put(ctx, label)) // nothing that it lacks
	v, err := query().Partial().One(ctx)
	must(t, err)
	must(t, parcels.Remove(ctx, v))
	if _, err := parcels.Get(ctx, first); err == nil {
		t.Error("it is still there")
	}
}

func TestWrongPlacesToSayThatAnItemIsAPart(t *testing.T) {
	type number struct {
		ID   string `dynamodbav:"id"`
		Part int    `entable:"partial"`
	}
	type twice struct {
		ID   string `dynamodbav:"id"`
		Part bool   `entable:"partial"`
		Too  bool   `entable:"partial"`
	}
	type more struct {
		ID   string `dynamodbav:"id"`
		Part bool   `entable:"partial,default=true"`
	}
	type inner struct {
		Part bool `entable:"partial"`
	}
	type deep struct {
		ID string `dynamodbav:"id"`
		*inner
	}
	table := entable.NewTable("stored")
	for want, err := range map[string]error{
		"number: field Part: tag `entable:\"partial\"`: the field must be an exported bool with no other option": tryRegister[number](table),
		"twice: field Too: tag `entable:\"partial\"`: another field has it":                                      tryRegister[twice](table),
		"more: field Part: tag `entable:\"partial\"`: the field must be an exported bool with no other option":   tryRegister[more](table),
		"deep: field Part: tag `entable:\"partial\"`: the field must be one of the struct itself":                tryRegister[deep](table),
	} {
		refused(t, err, want)
	}
}

func tryRegister[T any](table *entable.Table) error {
	_, err := entable.TryRegister[T](table)
	return err
}

// What an index holds stands in the lock and in the stored manifest, and is compared with the table.
func TestProjectionsAreGuarded(t *testing.T) {
	for engine, open := range engines {
		t.Run(engine, func(t *testing.T) {
			ctx, client := t.Context(), open(t)
			declare := func(lock []byte, projection ...entable.IndexOption) (*entable.Table, error) {
				table, err := entable.TryNewTable("stored", with(typed("type"), entable.GSI("GSI1", append(projection, text("GSI1PK"), sorted("SK"))...), entable.Lock(lock))...)
				if err == nil {
					entable.Register[Parcel](table, pk("DEPOT#{depot}"), sk("PARCEL#{no:03}"), entable.Index("GSI1", pk("DAY#{depot}")))
					table.Use(client)
				}
				return table, err
			}
			some, err := declare(nil, entable.Include("state", "type"))
			must(t, err)
			must(t, some.CreateTable(ctx))
			defer func() { must(t, some.DeleteTable(context.WithoutCancel(ctx))) }()
			must(t, some.Verify(ctx))
			same, err := declare(some.Manifest(), entable.Include("type", "state")) // in another order
			must(t, err)
			must(t, same.Verify(ctx))
			must(t, same.CheckLock(some.Manifest()))

			const want = `index "GSI1": projection`
			_, err = declare(some.Manifest())
			refused(t, err, want)
			more, err := declare(nil)
			must(t, err)
			refused(t, more.Verify(ctx), want)
			refused(t, more.CheckLock(some.Manifest()), want)
			differences, err := more.Diff(ctx)
			if err != nil || len(differences) != 1 || differences[0].What != `index "GSI1"` {
				t.Errorf("%v, %v", differences, err)
			}

			// A lock from before the projection was declared is still one, and is brought up to date.
			now, err := declare(more.Manifest(), entable.Include("state", "type"))
			must(t, err)
			refused(t, now.CheckLock(more.Manifest()), want)
			lock, err := now.ExtendLock(more.Manifest())
			must(t, err)
			must(t, now.CheckLock(lock))
		})
	}
}

// A Select asks an index only for what it holds: of one that does not hold the types, keys tell them.
func TestSelectOfAnIndexWithoutTypes(t *testing.T) {
	for name, projection := range map[string]entable.IndexOption{"keys": entable.KeysOnly(), "some": entable.Include("state")} {
		t.Run(name, func(t *testing.T) {
			eachProjected(t, projection, func(t *testing.T, table *entable.Table) {
				ctx := t.Context()
				parcels := entable.Register[Parcel](table, pk("DEPOT#{depot}"), sk("PARCEL#{no:03}"), entable.Index("GSI1", pk("DAY#{depot}"), sk("{state}")))
				labels := entable.Register[Label](table, pk("DEPOT#{depot}"), sk("LABEL#{text}"), entable.Index("GSI1", pk("DAY#{depot}"), sk("{text}")))
				must(t, parcels.Put(ctx, &Parcel{Depot: "d", No: 1, State: "in", Note: "n"}))
				must(t, labels.Put(ctx, &Label{"d", "x"}))
				want := Parcel{Depot: "d", No: 1, Part: true}
				path := "PK"
				if name == "some" {
					path, want.State = "state", "in"
				}
				if v, err := parcels.QueryIndex("GSI1", want).Select(path).One(ctx); err != nil || *v != want {
					t.Errorf("query: %+v, %v", v, err)
				}
				if v, err := parcels.Scan().Index("GSI1").Select(path).One(ctx); err != nil || *v != want {
					t.Errorf("scan: %+v, %v", v, err)
				}
				type depot struct {
					Parcels []Parcel
					Labels  []Label
				}
				all, err := entable.NewCollection[depot](parcels, labels).QueryIndex("GSI1", want).Select(path).Group(ctx)
				if err != nil || len(all.Labels) != 1 || len(all.Parcels) != 1 || all.Parcels[0] != want {
					t.Errorf("collection: %+v, %v", all, err)
				}
			})
		})
	}
}
