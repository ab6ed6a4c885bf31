package entable_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/entable/entable"
)

// A page with a limit knows that it is the last one: no empty page comes behind it, and no request is sent to find that out.
func TestTheLastPageIsKnown(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		w := newRailway(s, entable.GSI("keys", entable.KeysOnly()))
		lots := entable.Register[lotOf](w.table, entable.PK("line", entable.Prefix("LOT")), entable.SK("no"), entable.Index("keys", entable.PK("line"), entable.SK("no")))
		cargo := entable.Register[cargoOf](w.table, entable.PK("line", entable.Prefix("CARGO")), entable.SK("no"),
			entable.Moved(entable.PK("line", entable.Prefix("FREIGHT")), entable.SK("no")))
		kinds := map[string]func(limit int, cursor string) (int, string, error){
			"entity":     sizes(w.stops.Query(Station{Line: "a"})),
			"reversed":   sizes(w.stops.Query(Station{Line: "a"}).Reverse()),
			"range":      sizes(w.stops.Query(Station{Line: "a"}).GreaterEqual(Station{N: 0})),
			"index":      sizes(w.stops.QueryIndex("gsi1", Station{Tag: "x"})),
			"local":      sizes(w.stops.QueryIndex("lsi1", Station{Line: "a"})),
			"shards":     sizes(w.seats.Query(Seat{Line: "a"})),
			"mixed":      sizes(w.table.Query(Station{Line: "a"})),
			"collection": sizes(w.stopsOnly.Query(Station{Line: "a"})),
			"moved":      sizes(cargo.Query(cargoOf{Line: "a"})),
			"hydrated":   sizes(lots.QueryIndex("keys", lotOf{Line: "a"}).Hydrate()),
			"selected":   sizes(w.stops.Query(Station{Line: "a"}).Select("name")),
		}
		scans := map[string]func(limit int, cursor string) (int, string, error){
			"scan":          sizes(cargo.Scan()),
			"segments":      sizes(w.table.Scan().Segments(2)),
			"index scanned": sizes(w.table.Scan().Index("lsi1")),
		}
		for n := range 6 {
			for name, page := range kinds {
				for _, limit := range []int{1, 2, 3, 5, 6, math.MaxInt} {
					s.Spy.Reset()
					got := read(t, name, limit, page)
					want := max(1, (n+limit-1)/min(limit, 6))
					if limit > 6 {
						want = 1
					}
					if len(got) != want {
						t.Errorf("%s of %d items by %d: pages of %v", name, n, limit, got)
					}
					if most := want * map[string]int{"shards": 3, "moved": 3, "hydrated": 2}[name]; s.Spy.Sent("") != want && s.Spy.Sent("") > most {
						t.Errorf("%s of %d items by %d: %d requests", name, n, limit, s.Spy.Sent(""))
					}
				}
			}
			for name, page := range scans {
				total := 0
				for _, size := range read(t, name, 2, page) {
					total += size
				}
				if name == "scan" && total != n || total > 5*n {
					t.Errorf("%s: %d of %d items", name, total, n)
				}
			}
			check(t, w.stops.Put(t.Context(), &Station{Line: "a", N: n, Name: fmt.Sprint(n), Tag: "x"}))
			check(t, w.seats.Put(t.Context(), &Seat{Line: "a", ID: fmt.Sprint(n), N: n}))
			check(t, lots.Put(t.Context(), &lotOf{"a", n, "x"}))
			check(t, cargo.Put(t.Context(), &cargoOf{"a", n}))
			if n%2 == 0 { // at the other place
				c, err := cargo.ToItem(&cargoOf{"a", n})
				check(t, err)
				check(t, cargo.Delete(t.Context(), cargoOf{"a", n}))
				c["pk"] = avS("FREIGHT#a")
				s.Store(w.table, c)
			}
		}
	})
}

type cargoOf struct {
	Line string `dynamodbav:"line"`
	No   int    `dynamodbav:"no"`
}

type lotOf struct {
	Line string `dynamodbav:"line"`
	No   int    `dynamodbav:"no"`
	Text string `dynamodbav:"text"`
}

// sizes returns what reads a page of a query and says how many items it has.
func sizes[Q interface {
	Limit(int) Q
	From(string) Q
	Page(context.Context) (*entable.Page[I], error)
}, I any](q Q) func(int, string) (int, string, error) {
	return func(limit int, cursor string) (int, string, error) {
		page, err := q.Limit(limit).From(cursor).Page(context.Background())
		if err != nil {
			return 0, "", err
		}
		return len(page.Items), page.Cursor, nil
	}
}

func read(t *testing.T, name string, limit int, page func(int, string) (int, string, error)) (got []int) {
	t.Helper()
	for cursor := ""; ; {
		n, next, err := page(limit, cursor)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got = append(got, n)
		if cursor = next; cursor == "" {
			return got
		}
	}
}

// What stands behind a page and is passed over is not looked at twice: the page has a cursor, and none is lost or counted twice.
func TestPagesBeforeItemsThatArePassedOver(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		tasks := registerTasks(table)
		for n := range 4 {
			check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
		}
		item, err := tasks.ToItem(&Task{List: "a", N: 4})
		check(t, err)
		item["_type"] = avS("Ghost")
		s.Store(table, item)
		skipped := 0
		q := tasks.Query(Task{List: "a"}).SkipUnknown(&skipped).Limit(4)
		first, err := q.Page(t.Context())
		check(t, err)
		if len(first.Items) != 4 || first.Cursor == "" || s.Spy.Sent("Query") != 1 {
			t.Errorf("%d items, cursor %q, %d requests", len(first.Items), first.Cursor, s.Spy.Sent("Query"))
		}
		rest, err := q.From(first.Cursor).Page(t.Context())
		check(t, err)
		if len(rest.Items) != 0 || rest.Cursor != "" || skipped != 1 {
			t.Errorf("then %d items, cursor %q, %d skipped", len(rest.Items), rest.Cursor, skipped)
		}
		// Without SkipUnknown it is the next page's error, not that of this one.
		first, err = tasks.Query(Task{List: "a"}).Limit(4).Page(t.Context())
		check(t, err)
		_, err = tasks.Query(Task{List: "a"}).Limit(4).From(first.Cursor).Page(t.Context())
		if unknown, ok := errors.AsType[*entable.UnknownEntityError](err); !ok || unknown.Type != "Ghost" {
			t.Errorf("the page of the ghost: %v", err)
		}
	})
}
