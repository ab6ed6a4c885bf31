package forms_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/entable/entable"
)

// Route has attributes of which a Select can read a part.
type Route struct {
	Depot string           `dynamodbav:"depot"`
	No    int              `dynamodbav:"no"`
	State string           `dynamodbav:"state"`
	Start Place            `dynamodbav:"start"`
	Stops []string         `dynamodbav:"stops"`
	Loads map[string]Place `dynamodbav:"loads"`
	Tags  []string         `dynamodbav:"tags,stringset,omitempty"`
	Any   any              `dynamodbav:"any,omitempty"`
	Part  bool             `entable:"partial"`
}

type Place struct {
	Town string `dynamodbav:"town"`
	Zip  string `dynamodbav:"zip"`
}

// Voyage has a version, too.
type Voyage struct {
	Route
	Version int64 `dynamodbav:"version" entable:"version"`
	Part    bool  `entable:"partial"`
}

type routeDepot struct {
	Routes  []Route
	Voyages []Voyage
}

func declareRoutes(table *entable.Table) (*entable.Entity[Route], *entable.Entity[Voyage]) {
	return entable.Register[Route](table, pk("DEPOT#{depot}"), sk("ROUTE#{no:03}"), entable.Index("GSI1", pk("DAY#{depot}"), sk("R"))),
		entable.Register[Voyage](table, pk("DEPOT#{depot}"), sk("VOYAGE#{no:03}"), entable.Index("GSI1", pk("DAY#{depot}"), sk("V")))
}

func firstRoute() Route {
	return Route{Depot: "d", No: 1, State: "open", Start: Place{"Ulm", "89073"}, Stops: []string{"a", "b"}, Tags: []string{"x", "y"},
		Loads: map[string]Place{"l": {"Bonn", "53111"}, "m": {"Kiel", "24103"}}, Any: map[string]any{"a": "1", "b": "2"}}
}

// A list, a map or a set is written as a whole: where some of it was not read, that would be lost, with or without a version.
func TestChangesOfWhatWasReadInPart(t *testing.T) {
	eachProjected(t, entable.Include("type", "version", "start", "stops"), func(t *testing.T, table *entable.Table) {
		ctx := t.Context()
		routes, voyages := declareRoutes(table)
		depots := entable.NewCollection[routeDepot](routes, voyages)
		for _, test := range []struct {
			read, attribute string // "" for the index
			change          func(*Route)
			refused         bool
		}{
			{"start.town", "start", func(r *Route) { r.Start.Town = "Hof" }, true},
			{"stops[0]", "stops", func(r *Route) { r.Stops = append(r.Stops[:1:1], "new") }, true},
			{"loads.l", "loads", func(r *Route) { r.Loads = map[string]Place{"l": {"Hof", ""}} }, true},
			{"loads.l.town", "loads", func(r *Route) { r.Loads = nil }, true},
			{"any.a", "any", func(r *Route) { r.Any = map[string]any{"a": "new"} }, true},
			{"state", "tags", func(r *Route) { r.Tags = append(r.Tags, "new") }, true},
			{"state", "stops", func(r *Route) { r.Stops = append(r.Stops, "new") }, true},
			{"state", "start", func(r *Route) { r.Start.Town = "Hof" }, true},
			{"", "loads", func(r *Route) { r.Loads = map[string]Place{"l": {"Hof", ""}} }, true},
			{"start", "start", func(r *Route) { r.Start.Town = "Hof" }, false},
			{"stops", "stops", func(r *Route) { r.Stops = append(r.Stops, "new") }, false},
			{"tags", "tags", func(r *Route) { r.Tags = []string{"y"} }, false},
			{"loads", "loads", func(r *Route) { r.Loads = nil }, false},
			{"state start.town", "state", func(r *Route) { r.State = "new" }, false},
			{"", "start", func(r *Route) { r.Start.Town = "Hof" }, false},
			{"", "stops", func(r *Route) { r.Stops = nil }, false},
		} {
			name := fmt.Sprintf("%s of a part with %q", test.attribute, test.read)
			reset := func() {
				must(t, routes.Put(ctx, new(firstRoute())))
				v, err := voyages.Get(ctx, Voyage{Route: Route{Depot: "d", No: 1}})
				if err != nil {
					v = &Voyage{}
				}
				v.Route = firstRoute()
				must(t, voyages.Put(ctx, v))
			}
			all := depots.Query(Route{Depot: "d"})
			if test.read == "" {
				all = depots.QueryIndex("GSI1", Route{Depot: "d"}).Partial()
			} else {
				all.Select(strings.Fields(test.read)...)
			}
			for how, write := range map[string]func(before, after *routeDepot) error{
				"SaveChanges of a Route":  func(b, a *routeDepot) error { return routes.SaveChanges(ctx, b.Routes[0], &a.Routes[0]) },
				"SaveChanges of a Voyage": func(b, a *routeDepot) error { return voyages.SaveChanges(ctx, b.Voyages[0], &a.Voyages[0]) },
				"Transact": func(b, a *routeDepot) error {
					return entable.Transact(ctx, []entable.Write{routes.SaveChangesOp(b.Routes[0], &a.Routes[0]), voyages.SaveChangesOp(b.Voyages[0], &a.Voyages[0])})
				},
				"BatchWrite": func(b, a *routeDepot) error {
					return entable.BatchWrite(ctx, []entable.Write{voyages.SaveChangesOp(b.Voyages[0], &a.Voyages[0])})
				},
				"Save": func(b, a *routeDepot) error { return depots.Save(ctx, b, a) },
			} {
				reset()
				before, err := all.Group(ctx)
				must(t, err)
				after := depots.Clone(before)
				test.change(&after.Routes[0])
				test.change(&after.Voyages[0].Route)
				err = write(before, after)
				want := firstRoute()
				if test.refused {
					refused(t, err, fmt.Sprintf("attribute %q is not stored as it was read, which was in part: read the item whole, by Get or with Hydrate, "+
						"or change it by Update or Patch", test.attribute))
				} else if test.change(&want); err != nil {
					t.Errorf("%s: %s: %v", name, how, err)
				}
				for _, stored := range both(t, routes, voyages) {
					if first := firstRoute(); !reflect.DeepEqual(stored, want) && (test.refused || !reflect.DeepEqual(stored, first)) {
						t.Errorf("%s: %s: %v, stored %+v", name, how, err, stored)
					}
				}
			}
		}
	})
}

func both(t *testing.T, routes *entable.Entity[Route], voyages *entable.Entity[Voyage]) (list []Route) {
	t.Helper()
	r, err := routes.Get(t.Context(), Route{Depot: "d", No: 1})
	must(t, err)
	v, err := voyages.Get(t.Context(), Voyage{Route: Route{Depot: "d", No: 1}})
	must(t, err)
	return append(list, *r, v.Route)
}

// What was read as a whole and is only written otherwise than entable does can be changed; what has changed since is not lost.
func TestChangesOfWhatIsWrittenOtherwise(t *testing.T) {
	eachProjected(t, entable.Include("type"), func(t *testing.T, table *entable.Table) {
		ctx := t.Context()
		routes, _ := declareRoutes(table)
		must(t, routes.Put(ctx, new(firstRoute())))
		must(t, routes.Update(firstRoute()).Remove("start.zip").Do(ctx))
		read := func() (before, after Route) {
			t.Helper()
			v, err := routes.Query(firstRoute()).Select("start", "stops").One(ctx)
			must(t, err)
			return *v, *v
		}
		before, after := read()
		after.Start.Town = "Hof"
		var sent entable.Stats
		must(t, routes.SaveChanges(entable.WithStats(ctx, &sent), before, &after))
		if n := sent.Total().Requests; n != 2 || after.Start != (Place{"Hof", ""}) || after.State != "open" || after.Part {
			t.Errorf("%d requests, %+v", n, after)
		}
		before, after = read()
		after.Stops = []string{"late"}
		must(t, routes.Update(firstRoute()).Append("stops", []string{"first"}).Do(ctx))
		err := routes.SaveChanges(context.WithoutCancel(ctx), before, &after)
		refused(t, err, `attribute "stops" is not stored as it was read`)
		stored, ok := routes.StoredIn(err)
		if want := []string{"a", "b", "first"}; !ok || !reflect.DeepEqual(stored.Stops, want) {
			t.Errorf("the stored item is %+v, %t", stored, ok)
		}
	})
}
