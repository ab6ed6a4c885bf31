package entable_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/entable/entable"
)

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
		b := declareBlogs(s.newTable())
		b.fill(t, "1", 4, 4)
		b.fill(t, "2", 1, 1)
		everything := collect(t, b.table.Query(Blog{ID: "1"}).All(t.Context()))
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
				got := collect(t, b.table.Query(Post{Blog: "1"}).Only(entities...).PageSize(size).All(t.Context()))
				if !slices.Equal(texts(got), texts(want)) {
					t.Errorf("read %s, want %s", texts(got), texts(want))
				}
				got = collect(t, b.table.Query(Post{Blog: "1"}).Only(entities...).Limit(3).Reverse().All(t.Context()))
				slices.Reverse(want)
				if want = want[:min(3, len(want))]; !slices.Equal(texts(got), texts(want)) {
					t.Errorf("read %s, want the last %s", texts(got), texts(want))
				}
			}
		}
	})
}
