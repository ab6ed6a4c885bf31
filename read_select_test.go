package entable_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

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
		table := s.NewTable()
		freights := registerFreights(table)
		whole := Freight{
			ID: "p", N: 1, Status: "sent", To: freightAddress{"Bern", "3000"}, Lines: []freightLine{{2, "pen"}, {3, "ink"}},
			Notes: map[string]int{"a": 1, "b": 2, "a.b": 3}, Weight: 1.5, Until: time.Unix(4e9, 0).UTC(),
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
			{[]string{"to.city", "to", "to.zip"}, func(p *Freight) { p.To = whole.To }},
			{[]string{"lines[1].qty", "lines[1]", "lines[1]", "lines[0].qty"}, func(p *Freight) { p.Lines = []freightLine{{Qty: 2}, {3, "ink"}} }},
			{[]string{"notes.b", "lines", "notes", "lines[0]"}, func(p *Freight) { p.Notes, p.Lines = whole.Notes, whole.Lines }},
			{[]string{"to.city", "lines[1].qty"}, func(p *Freight) { p.To.City, p.Lines = "Bern", []freightLine{{Qty: 3}} }},
			{[]string{"lines[0]", "notes.b"}, func(p *Freight) { p.Lines, p.Notes = whole.Lines[:1], map[string]int{"b": 2} }},
			{[]string{entable.Path("notes", "a.b"), entable.Path("weight.kg")}, func(p *Freight) { p.Notes, p.Weight = map[string]int{"a.b": 3}, 1.5 }},
			{[]string{entable.Path("lines", 1, "name"), entable.Path("to", "zip"), "status"}, func(p *Freight) {
				p.Lines, p.To.Zip, p.Status = []freightLine{{Name: "ink"}}, "3000", whole.Status
			}},
		} {
			want := key
			test.want(&want)
			got := enginetest.Collect(t, freights.Query(Freight{ID: "p"}).Select(test.paths...).All(t.Context()))
			if len(got) != 1 || fmt.Sprint(*got[0]) != fmt.Sprint(want) {
				t.Errorf("%q: read %s, want %v", test.paths, pointees(got), want)
			}
			scanned := enginetest.Collect(t, table.Scan().Segments(2).Select(test.paths...).All(t.Context()))
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

// Only becomes a condition on the sort key where prefixes allow it, and a filter where not.
func TestPlansOfOnly(t *testing.T) {
	table := entable.NewTable("only", entable.GSI("gsi1"))
	b := declareBlogs(table) // sort keys A, CN#…, PN#…
	loose := entable.Register[neighbour](table, entable.Name("Loose"), entable.PK("part", entable.Prefix("L")), entable.SK("key", entable.NoPrefix()))
	tight := entable.Register[Task](table, entable.PK("list", entable.Prefix("L2")), entable.SK("n"), entable.Index("gsi1", entable.PK("text"), entable.SK("n")))
	for _, test := range []struct {
		query *entable.ItemsQuery
		key   string
		value string
		limit bool
	}{
		{table.Query(Blog{ID: "1"}), "#pk = :pk", `":pk":{"S":"BI#1"}`, false},
		{table.Query(Blog{ID: "1"}).Only(b.posts), "#pk = :pk AND begins_with(#sk, :sk)", `":sk":{"S":"PN#"}`, false},
		{table.Query(Blog{ID: "1"}).Only(b.heads), "#pk = :pk AND #sk = :sk", `":sk":{"S":"A"}`, false},
		{table.Query(Blog{ID: "1"}).Only(b.posts, b.comments), "#pk = :pk AND #sk BETWEEN :lo AND :hi", `":hi":{"S":"PN$"},":lo":{"S":"CN#"}`, false},
		{table.Query(Blog{ID: "1"}).Only(b.heads, b.comments), "#pk = :pk AND #sk BETWEEN :lo AND :hi", `":hi":{"S":"CN$"},":lo":{"S":"A"}`, false},
		{table.Query(neighbour{Part: "1"}).Only(loose), "#pk = :pk", `":0":{"S":"Loose"}`, true},
		{table.QueryIndex("gsi1", Task{Text: "x"}).Only(tight), "#pk = :pk AND begins_with(#sk, :sk)", `":pk":{"S":"TT#x"}`, false},
	} {
		in, err := test.query.Input(t.Context())
		check(t, err)
		values := dynamoJSON(in.ExpressionAttributeValues)
		if *in.KeyConditionExpression != test.key || !strings.Contains(values, test.value) || (in.FilterExpression != nil) != test.limit {
			t.Errorf("plan %s, %s, filter %t; want %s, %s, %t", *in.KeyConditionExpression, values, in.FilterExpression != nil, test.key, test.value, test.limit)
		}
	}
	in, err := table.Query(neighbour{Part: "1"}).Only(loose).Input(t.Context())
	check(t, err)
	if got := fmt.Sprint(*in.FilterExpression, in.ExpressionAttributeNames["#0"]); got != "(#0 IN (:0)) OR (attribute_not_exists (#0))_type" {
		t.Errorf("the filter is %s", got)
	}
	other := registerTasks(entable.NewTable("other"))
	for _, test := range []struct {
		query *entable.ItemsQuery
		want  string
	}{
		{table.Query(Blog{ID: "1"}).Only(), `table "only": Only takes at least one entity`},
		{table.Query(Blog{ID: "1"}).Only(other), `table "only": Only takes entities that are registered on it`},
		{table.Query(Blog{ID: "1"}).Only(b.posts).Only(b.heads), `table "only": give Only once, with all entities`},
	} {
		if _, err := test.query.Input(t.Context()); err == nil || err.Error() != "entable: "+test.want {
			t.Errorf("error\n%v, want\nentable: %s", err, test.want)
		}
	}
}

func TestOnly(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		b := declareBlogs(s.NewTable())
		b.fill(t, "1", 4, 4)
		b.fill(t, "2", 1, 1)
		everything := enginetest.Collect(t, b.table.Query(Blog{ID: "1"}).All(t.Context()))
		is := func(item any, e entable.Registered) bool {
			switch item.(type) {
			case *Blog:
				return e == b.heads
			case *Post:
				return e == b.posts
			}
			return e == b.comments
		}
		for _, entities := range [][]entable.Registered{{b.heads}, {b.posts}, {b.comments}, {b.heads, b.posts}, {b.posts, b.comments}, {b.heads, b.posts, b.comments}} {
			for _, size := range []int{1, 3, 100} {
				var want []any
				for _, item := range everything {
					if slices.ContainsFunc(entities, func(e entable.Registered) bool { return is(item, e) }) {
						want = append(want, item)
					}
				}
				got := enginetest.Collect(t, b.table.Query(Post{Blog: "1"}).Only(entities...).PageSize(size).All(t.Context()))
				if !slices.Equal(texts(got), texts(want)) {
					t.Errorf("read %s, want %s", texts(got), texts(want))
				}
				got = enginetest.Collect(t, b.table.Query(Post{Blog: "1"}).Only(entities...).Limit(3).Reverse().All(t.Context()))
				slices.Reverse(want)
				if want = want[:min(3, len(want))]; !slices.Equal(texts(got), texts(want)) {
					t.Errorf("read %s, want the last %s", texts(got), texts(want))
				}
			}
		}
	})
}
