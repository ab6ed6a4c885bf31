package main

import (
	"errors"
	"slices"
	"testing"

	"github.com/guregu/dynamo/v2"

	"github.com/entable/entable/memory"
)

// A visit is an item of the tests of guregu/dynamo on the in-process DynamoDB. That mapper sends each Query with
// KeyConditions, which expressions have replaced.
type visit struct {
	User  string `dynamo:"user,hash"`
	At    int    `dynamo:"at,range"`
	Page  string `dynamo:"page" index:"by-page,hash"`
	Place string `dynamo:"place" localIndex:"by-place,range"`
	Hits  int    `dynamo:"hits"`
}

// visits is a table with the visits of two users at the moments 0 to 9.
func visits(t *testing.T) dynamo.Table {
	t.Helper()
	db := memory.New()
	t.Cleanup(db.Close)
	client := dynamo.NewFromIface(db.Client())
	if err := client.CreateTable("visits", visit{}).OnDemand(true).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	table := client.Table("visits")
	var all []any
	for i := range 10 {
		for _, user := range []string{"ann", "bob"} {
			all = append(all, visit{user, i, []string{"home", "shop"}[i%2], string(rune('j' - i)), i * i})
		}
	}
	if n, err := table.Batch().Write().Put(all...).Run(t.Context()); err != nil || n != len(all) {
		t.Fatalf("%d written, %v", n, err)
	}
	return table
}

func moments(list []visit) []int {
	var at []int
	for _, v := range list {
		at = append(at, v.At)
	}
	return at
}

func TestGureguQueriesByEveryOperator(t *testing.T) {
	table := visits(t)
	ann := func() *dynamo.Query { return table.Get("user", "ann") }
	for name, c := range map[string]struct {
		query *dynamo.Query
		want  []int
	}{
		"all":              {ann(), []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"equal":            {ann().Range("at", dynamo.Equal, 3), []int{3}},
		"less":             {ann().Range("at", dynamo.Less, 3), []int{0, 1, 2}},
		"less or equal":    {ann().Range("at", dynamo.LessOrEqual, 3), []int{0, 1, 2, 3}},
		"greater":          {ann().Range("at", dynamo.Greater, 7), []int{8, 9}},
		"greater or equal": {ann().Range("at", dynamo.GreaterOrEqual, 7), []int{7, 8, 9}},
		"between":          {ann().Range("at", dynamo.Between, 3, 5), []int{3, 4, 5}},
		"begins with":      {ann().Index("by-place").Range("place", dynamo.BeginsWith, "c"), []int{7}},
		"descending":       {ann().Range("at", dynamo.Less, 3).Order(dynamo.Descending), []int{2, 1, 0}},
		"limit":            {ann().Limit(2), []int{0, 1}},
		"filter":           {ann().Filter("hits BETWEEN ? AND ?", 5, 40), []int{3, 4, 5, 6}},
		"filter and limit": {ann().Filter("'page' = ?", "shop").Limit(2), []int{1, 3}},
		"consistent":       {ann().Range("at", dynamo.Equal, 3).Consistent(true), []int{3}},
		"local index":      {ann().Index("by-place").Limit(3), []int{9, 8, 7}},
		"none":             {table.Get("user", "nobody"), nil},
	} {
		var found []visit
		if err := c.query.All(t.Context(), &found); err != nil && !errors.Is(err, dynamo.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		if got := moments(found); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	var found []visit
	if err := ann().Range("at", dynamo.NotEqual, 3).All(t.Context(), &found); err == nil {
		t.Error("a key condition by NE holds")
	}
}

func TestGureguReadsCountsAndProjects(t *testing.T) {
	table := visits(t)
	ctx := t.Context()
	var one visit
	if err := table.Get("user", "bob").Range("at", dynamo.Equal, 4).One(ctx, &one); err != nil || one.Hits != 16 {
		t.Errorf("%+v, %v", one, err)
	}
	if err := table.Get("user", "bob").Range("at", dynamo.Equal, 40).One(ctx, &one); !errors.Is(err, dynamo.ErrNotFound) {
		t.Errorf("an absent item: %v", err)
	}
	for name, c := range map[string]struct {
		query *dynamo.Query
		want  int
	}{
		"partition": {table.Get("user", "ann"), 10}, "range": {table.Get("user", "ann").Range("at", dynamo.Less, 4), 4},
		"filter": {table.Get("user", "ann").Filter("hits > ?", 50), 2}, "index": {table.Get("page", "shop").Index("by-page"), 10},
	} {
		if n, err := c.query.Count(ctx); err != nil || n != c.want {
			t.Errorf("%s: %d, %v, want %d", name, n, err, c.want)
		}
	}
	var partly []visit
	if err := table.Get("user", "ann").Range("at", dynamo.Less, 2).Project("at").All(ctx, &partly); err != nil || !slices.Equal(partly, []visit{{At: 0}, {At: 1}}) {
		t.Errorf("%+v, %v", partly, err)
	}
	var cc dynamo.ConsumedCapacity
	if _, err := table.Get("user", "ann").ConsumedCapacity(&cc).Count(ctx); err != nil || cc.Total != 0.5 {
		t.Errorf("capacity %+v, %v", cc, err)
	}
}

func TestGureguPagesByItsCursor(t *testing.T) {
	table := visits(t)
	for name, query := range map[string]func() *dynamo.Query{
		"table": func() *dynamo.Query { return table.Get("user", "ann") },
		"index": func() *dynamo.Query { return table.Get("page", "home").Index("by-page") },
	} {
		var all []visit
		var cursor dynamo.PagingKey
		pages := 0
		for ; pages == 0 || cursor != nil; pages++ {
			var page []visit
			next, err := query().StartFrom(cursor).SearchLimit(3).AllWithLastEvaluatedKey(t.Context(), &page)
			if err != nil && !errors.Is(err, dynamo.ErrNotFound) {
				t.Fatal(err)
			}
			all, cursor = append(all, page...), next
		}
		if len(all) != 10 || pages != 4 {
			t.Errorf("%s: %d items on %d pages", name, len(all), pages)
		}
		var straight []visit
		if err := query().All(t.Context(), &straight); err != nil || !slices.Equal(all, straight) {
			t.Errorf("%s: %v in pages, %v at once, %v", name, moments(all), moments(straight), err)
		}
	}
}

func TestGureguScansInParallel(t *testing.T) {
	table := visits(t)
	ctx := t.Context()
	var all, some []visit
	if err := table.Scan().AllParallel(ctx, 4, &all); err != nil || len(all) != 20 {
		t.Errorf("%d items, %v", len(all), err)
	}
	if err := table.Scan().Filter("'page' = ?", "shop").All(ctx, &some); err != nil || len(some) != 10 {
		t.Errorf("%d items, %v", len(some), err)
	}
	if n, err := table.Scan().Index("by-page").Count(ctx); err != nil || n != 20 {
		t.Errorf("%d entries, %v", n, err)
	}
	all = nil
	keys, err := table.Scan().SearchLimit(3).AllParallelWithLastEvaluatedKeys(ctx, 2, &all)
	for err == nil && slices.ContainsFunc(keys, func(k dynamo.PagingKey) bool { return k != nil }) {
		keys, err = table.Scan().SearchLimit(3).AllParallelStartFrom(ctx, keys, &all)
	}
	if err != nil || len(all) != 20 {
		t.Errorf("%d items in pages, %v", len(all), err)
	}
}

func TestGureguWrites(t *testing.T) {
	table := visits(t)
	ctx := t.Context()
	var v visit
	if err := table.Update("user", "ann").Range("at", 1).Add("hits", 5).Set("place", "x").If("hits = ?", 1).Value(ctx, &v); err != nil || v.Hits != 6 || v.Place != "x" {
		t.Errorf("%+v, %v", v, err)
	}
	if err := table.Put(v).If("attribute_not_exists('user')").Run(ctx); !dynamo.IsCondCheckFailed(err) {
		t.Errorf("a put of what is there: %v", err)
	}
	if err := table.Delete("user", "ann").Range("at", 1).OldValue(ctx, &v); err != nil || v.Hits != 6 {
		t.Errorf("%+v, %v", v, err)
	}
}
