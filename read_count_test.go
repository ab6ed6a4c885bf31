package entable_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// Count is the number of items that All gives, for every kind of query.
func TestCounts(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable(entable.GSI("gsi1"))
		tasks := registerTasks(table, entable.Index("gsi1", entable.PK("text"), entable.SK("n")))
		orders := entable.Register[Order](table, entable.PK("id", entable.PrefixOf(tasks)), entable.SK("year"))
		for n := range 12 {
			check(t, tasks.Put(t.Context(), &Task{List: "a", N: n, Text: []string{"x", "y"}[n%2]}))
			check(t, orders.Put(t.Context(), &Order{ID: "a", Year: n}))
		}
		q := func() *entable.Query[Task] { return tasks.Query(Task{List: "a"}) }
		x := expression.Name("text").Equal(expression.Value("x"))
		for name, query := range map[string]func() *entable.Query[Task]{
			"all":            q,
			"paged":          func() *entable.Query[Task] { return q().PageSize(5) },
			"limit":          func() *entable.Query[Task] { return q().Limit(5).PageSize(2) },
			"filter":         func() *entable.Query[Task] { return q().Filter(x).PageSize(5) },
			"selected":       func() *entable.Query[Task] { return q().Select("text") },
			"equal":          func() *entable.Query[Task] { return q().Equal(Task{N: 3}) },
			"less":           func() *entable.Query[Task] { return q().Less(Task{N: 3}) },
			"less, backward": func() *entable.Query[Task] { return q().Less(Task{N: 3}).Reverse().PageSize(1) },
			"greater":        func() *entable.Query[Task] { return q().Greater(Task{N: 3}) },
			"between":        func() *entable.Query[Task] { return q().Between(Task{N: 3}, Task{N: 5}) },
			"index":          func() *entable.Query[Task] { return tasks.QueryIndex("gsi1", Task{Text: "y"}).Greater(Task{N: 4}) },
			"nothing":        func() *entable.Query[Task] { return tasks.Query(Task{List: "none"}) },
		} {
			want := len(enginetest.Collect(t, query().All(t.Context())))
			got, err := query().Count(t.Context())
			check(t, err)
			if got != want {
				t.Errorf("%s: counted %d, want %d", name, got, want)
			}
		}
		page, err := q().Limit(5).Page(t.Context())
		check(t, err)
		if n, err := q().From(page.Cursor).Count(t.Context()); err != nil || n != 7 {
			t.Errorf("behind 5 of 12 counted %d (%v)", n, err)
		}
		if n, err := table.Query(Task{List: "a"}).Count(t.Context()); err != nil || n != 24 {
			t.Errorf("counted %d mixed items (%v)", n, err)
		}
		if n, err := table.Query(Task{List: "a"}).Only(orders).Limit(7).Count(t.Context()); err != nil || n != 7 {
			t.Errorf("counted %d of 7 orders (%v)", n, err)
		}
		// The service counts by itself where it can tell the items.
		s.Spy.Reset()
		_, err = q().Count(t.Context())
		check(t, err)
		if body := s.Spy.LastBody(); s.Spy.Sent("Query") != 1 || !strings.Contains(body, `"Select":"COUNT"`) {
			t.Errorf("%d requests, the last %s", s.Spy.Sent("Query"), body)
		}
		if _, err := tasks.QueryIndex("nope", Task{}).Count(t.Context()); err == nil {
			t.Error("a query of no index is counted")
		}
	})
}

// Types whose sort keys begin alike are counted apart, whatever tells them from each other.
func TestCountsOfTypesWithOnePrefix(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		type Post struct {
			Blog string `dynamodbav:"blog"`
			N    int    `dynamodbav:"n"`
			Tag  string `dynamodbav:"tag,omitempty"`
		}
		type Comment struct {
			Blog string `dynamodbav:"blog"`
			N    int    `dynamodbav:"n"`
			ID   string `dynamodbav:"id"`
			Tag  string `dynamodbav:"tag,omitempty"`
		}
		for name, c := range map[string]struct {
			table  entable.TableOption
			entity []entable.EntityOption
		}{
			"types":              {entable.Discriminator("_type"), nil},
			"types of one value": {entable.Discriminator("_type"), []entable.EntityOption{entable.TypeValue("Text")}},
			"keys alone":         {entable.NoDiscriminator(), nil},
		} {
			table := s.NewTable(c.table, entable.GSI("gsi1"))
			index := entable.Index("gsi1", entable.PK("tag", entable.Prefix("TAG")), entable.SK("n", entable.Prefix("N")))
			posts := entable.Register[Post](table, append(c.entity, index, entable.PK("blog", entable.Prefix("B")), entable.SK("n", entable.Prefix("P")))...)
			index = entable.Index("gsi1", entable.PK("tag", entable.PrefixOf(posts)), entable.SK("n", entable.Prefix("N")))
			comments := entable.Register[Comment](table, append(c.entity, index, entable.PK("blog", entable.PrefixOf(posts)), entable.SK("n", "id", entable.Prefix("P")))...)
			for n := range 3 {
				check(t, posts.Put(t.Context(), &Post{Blog: "a", N: n, Tag: "new"}))
				check(t, comments.Put(t.Context(), &Comment{Blog: "a", N: n, ID: "1", Tag: "new"}))
				check(t, comments.Put(t.Context(), &Comment{Blog: "a", N: n, ID: "2"}))
			}
			untyped, err := comments.ToItem(&Comment{Blog: "a", N: 9, ID: "3", Tag: "new"})
			check(t, err)
			delete(untyped, "_type")
			s.Store(table, untyped)
			for what, q := range map[string]*entable.Query[Post]{
				"table": posts.Query(Post{Blog: "a"}), "index": posts.QueryIndex("gsi1", Post{Tag: "new"}),
			} {
				n, err := q.Count(t.Context())
				if given := len(enginetest.Collect(t, q.All(t.Context()))); err != nil || n != 3 || given != n {
					t.Errorf("%s, %s: counted %d (%v), given %d, want 3", name, what, n, err, given)
				}
			}
		}
	})
}

// However it is counted, items of unknown types do not count, and hooks do not run.
func TestCountsBesideUnknownTypes(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		events, example := letters(t, s)
		ghost := key("EI#1", "ES#bb")
		ghost["_type"] = avS("Ghost")
		s.Store(events.Table(), ghost)
		ctx, log := hooked(t)
		for name, q := range map[string]*entable.Query[Event]{
			"by the service": events.Query(example),
			"by reading":     events.Query(example).Less(Event{Slug: "f"}),
		} {
			if n, err := q.Count(ctx); err != nil || n != 5 {
				t.Errorf("counted %d %s (%v)", n, name, err)
			}
		}
		if _, err := events.Table().Query(example).Count(ctx); !is[*entable.UnknownEntityError](err) {
			t.Errorf("error %v", err)
		}
		if n, err := events.Table().Query(example).RawUnknown().Count(ctx); err != nil || n != 6 {
			t.Errorf("counted %d with the unknown (%v)", n, err)
		}
		if len(log.calls) > 0 {
			t.Errorf("counting runs %q", log.calls)
		}
	})
}

func TestOne(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		tasks := registerTasks(table)
		for n := range 3 {
			check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
		}
		check(t, tasks.Put(t.Context(), &Task{List: "b", N: 7}))
		one, err := tasks.Query(Task{List: "b"}).One(t.Context())
		check(t, err)
		if one.N != 7 {
			t.Errorf("the only item is %v", *one)
		}
		mixed, err := table.Query(Task{List: "b"}).One(t.Context())
		check(t, err)
		if label(mixed) != label(one) {
			t.Errorf("the only item is %v", mixed)
		}
		one, err = tasks.Query(Task{List: "a"}).Filter(expression.Name("list").Equal(expression.Value("a"))).GreaterEqual(Task{N: 2}).PageSize(1).One(t.Context())
		check(t, err)
		if one.N != 2 {
			t.Errorf("the only item from 2 on is %v", *one)
		}
		for _, test := range []struct {
			list string
			want error
			text string
		}{
			{"none", entable.ErrNotFound, `entable: Query Task[pk="TL#none"]: item not found`},
			{"a", entable.ErrSeveral, `entable: Query Task[pk="TL#a"]: more than one item`},
		} {
			v, err := tasks.Query(Task{List: test.list}).One(t.Context())
			if v != nil || !errors.Is(err, test.want) || !entable.IsError(err) || err.Error() != test.text {
				t.Errorf("one of list %q: %v, %v, want %s", test.list, v, err, test.text)
			}
			if v, err := table.Query(Task{List: test.list}).One(t.Context()); v != nil || !errors.Is(err, test.want) {
				t.Errorf("one of mixed list %q: %v, %v", test.list, v, err)
			}
		}
		s.Spy.Reset()
		_, err = tasks.Query(Task{List: "a"}).One(t.Context())
		if n := s.Spy.Sent(""); n != 1 || !strings.Contains(s.Spy.LastBody(), `"Limit":2`) {
			t.Errorf("%d requests for %v: %s", n, err, s.Spy.LastBody())
		}
	})
}

// Items that are passed over do not take a request each.
func TestFewRequestsWhereItemsArePassedOver(t *testing.T) {
	s := onMemory(t)
	w := newRailway(s)
	for n := range 300 {
		check(t, w.trains.Put(t.Context(), &Train{Line: "a", At: day(n)}))
		check(t, w.stops.Put(t.Context(), &Station{Line: "a", N: n, Name: "p", Tag: "x", Until: 1}))
	}
	check(t, w.stops.Put(t.Context(), &Station{Line: "a", N: 300, Name: "p", Tag: "x"}))
	for name, first := range map[string]func() (string, error){
		"filter": func() (string, error) {
			v, err := w.trains.Query(Train{Line: "a"}).Filter(expression.Name("line").NotEqual(expression.Value("a")).Or(expression.Name("at").Equal(expression.Value(day(299))))).First(t.Context())
			return label(v), err
		},
		"expired": func() (string, error) {
			v, err := w.stops.Query(Station{Line: "a"}).First(t.Context())
			return label(v), err
		},
		"members": func() (string, error) {
			v, err := w.stopsOnly.Query(Station{Line: "a"}).Reverse().First(t.Context())
			return label(v), err
		},
		"scan": func() (string, error) {
			for v, err := range w.stops.Scan().Limit(1).All(t.Context()) {
				return label(v), err
			}
			return "", entable.ErrNotFound
		},
	} {
		s.Spy.Reset()
		v, err := first()
		if n := s.Spy.Sent(""); err != nil || n > 12 || !strings.Contains(v, "300") && name != "filter" {
			t.Errorf("%s: %d requests for %s (%v)", name, n, v, err)
		}
	}
	if n, err := w.stops.Query(Station{Line: "a"}).Count(t.Context()); err != nil || n != 1 {
		t.Errorf("counted %d with the expired items (%v)", n, err)
	}
	if got := enginetest.Collect(t, w.stops.QueryIndex("lsi1", Station{Line: "a"}).Consistent(true).All(t.Context())); fmt.Sprint(len(got)) != "1" || !strings.Contains(s.Spy.LastBody(), `"ConsistentRead":true`) {
		t.Errorf("the local index gives %s by %s", pointees(got), s.Spy.LastBody())
	}
}
