package entable_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entable/entable"
)

func day(n int) time.Time { return time.Date(2024, 1, 1+n, 0, 0, 0, 0, time.UTC) }

// Freight has nested parts, and rules and defaults that a partial item would break.
type Freight struct {
	ID     string         `dynamodbav:"id"`
	N      int            `dynamodbav:"n"`
	Status string         `dynamodbav:"status" entable:"default=new" validate:"required"`
	To     freightAddress `dynamodbav:"to"`
	Lines  []freightLine  `dynamodbav:"lines"`
	Notes  map[string]int `dynamodbav:"notes"`
	Weight float64        `dynamodbav:"weight.kg" validate:"gt=0"`
	Until  time.Time      `dynamodbav:"until" entable:"ttl"`
}

type freightAddress struct {
	City string `dynamodbav:"city" validate:"required"`
	Zip  string `dynamodbav:"zip"`
}

type freightLine struct {
	Qty  int    `dynamodbav:"qty"`
	Name string `dynamodbav:"name"`
}

func registerFreights(table *entable.Table) *entable.Entity[Freight] {
	return entable.Register[Freight](table, entable.PK("id"), entable.SK("n"), entable.HideExpired(true))
}

func TestSelect(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.newTable()
		freights := registerFreights(table)
		whole := Freight{
			ID: "p", N: 1, Status: "sent", To: freightAddress{"Bern", "3000"}, Lines: []freightLine{{2, "pen"}, {3, "ink"}},
			Notes: map[string]int{"a": 1, "b": 2}, Weight: 1.5, Until: time.Unix(4e9, 0).UTC(),
		}
		check(t, freights.Put(t.Context(), &whole))
		gone := whole
		gone.N, gone.Until = 0, time.Unix(1, 0)
		check(t, freights.Put(t.Context(), &gone))
		key := Freight{ID: "p", N: 1, Until: whole.Until}
		for _, test := range []struct {
			paths []string
			want  func(*Freight)
		}{
			{[]string{"id"}, func(*Freight) {}},
			{[]string{"status"}, func(p *Freight) { p.Status = whole.Status }},
			{[]string{"status", "status", "until"}, func(p *Freight) { p.Status = whole.Status }},
			{[]string{"to.city", "lines[1].qty"}, func(p *Freight) { p.To.City, p.Lines = "Bern", []freightLine{{Qty: 3}} }},
			{[]string{"lines[0]", "notes.b"}, func(p *Freight) { p.Lines, p.Notes = whole.Lines[:1], map[string]int{"b": 2} }},
		} {
			want := key
			test.want(&want)
			got := collect(t, freights.Query(Freight{ID: "p"}).Select(test.paths...).All(t.Context()))
			if len(got) != 1 || fmt.Sprint(*got[0]) != fmt.Sprint(want) {
				t.Errorf("%q: read %s, want %v", test.paths, pointees(got), want)
			}
			scanned := collect(t, table.Scan().Segments(2).Select(test.paths...).All(t.Context()))
			if len(scanned) != 1 || label(scanned[0]) != label(&want) {
				t.Errorf("%q: scanned %s, want %v", test.paths, texts(scanned), want)
			}
			mixed, err := table.Query(Freight{ID: "p"}).Select(test.paths...).First(t.Context())
			check(t, err)
			if label(mixed) != label(&want) {
				t.Errorf("%q: mixed: read %v, want %v", test.paths, mixed, want)
			}
		}
		if _, err := freights.Query(Freight{ID: "p"}).Select("stauts").Input(t.Context()); err == nil || !strings.Contains(err.Error(), `"stauts"`) {
			t.Errorf("an unknown path: %v", err)
		}
		in, err := freights.Query(Freight{ID: "p"}).Select("status").Input(t.Context())
		check(t, err)
		var names []string
		for part := range strings.SplitSeq(*in.ProjectionExpression, ", ") {
			names = append(names, in.ExpressionAttributeNames[part])
		}
		if want := []string{"_type", "pk", "sk", "until", "status"}; !slices.Equal(names, want) {
			t.Errorf("the projection is %q, want %q", names, want)
		}
	})
}
