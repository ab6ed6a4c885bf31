package entable_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
)

// pages is a query of any kind for walking: From and Limit and so on are its own.
type pages[I any] interface {
	Page(context.Context) (*entable.Page[I], error)
}

// walk follows the cursors of a query to the end. make makes the query that continues at a cursor.
func walk[I any, Q pages[I]](t *testing.T, limit int, make func(cursor string) Q) []I {
	t.Helper()
	var all []I
	cursor := ""
	for range 100 {
		page, err := make(cursor).Page(t.Context())
		check(t, err)
		if limit > 0 && len(page.Items) > limit || limit > 0 && len(page.Items) < limit && page.Cursor != "" {
			t.Errorf("a page of %d items with the cursor %q, limit %d", len(page.Items), page.Cursor, limit)
		}
		all = append(all, page.Items...)
		if cursor = page.Cursor; cursor == "" {
			return all
		}
	}
	t.Fatal("the cursors do not end")
	return nil
}

// Walking by cursors with any limit and page size gives exactly the list of one pass.
func TestCursorsGiveTheOnePassList(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		rnd := trial.Rand(t)
		table := s.NewTable(entable.GSI("gsi1"))
		tasks := registerTasks(table, entable.Index("gsi1", entable.PK("text"), entable.SK("list")))
		orders := entable.Register[Order](table, entable.PK("id", entable.PrefixOf(tasks)), entable.SK("year"))
		type Both struct {
			Tasks  []Task
			Orders []Order
		}
		both := entable.NewCollection[Both](tasks, orders)
		for n := range 11 {
			check(t, tasks.Put(t.Context(), &Task{List: "a", N: n - 3, Text: "x"}))
			check(t, tasks.Put(t.Context(), &Task{List: fmt.Sprint("b", n/3), N: n, Text: "x"})) // the index has equal keys
			check(t, orders.Put(t.Context(), &Order{ID: "a", Year: 2000 + n}))
		}
		even := expression.Name("n").In(expression.Value(-2), expression.Value(0), expression.Value(2), expression.Value(4), expression.Value(6))
		for _, reverse := range []bool{false, true} {
			for range 6 {
				limit, size := rnd.IntN(13), rnd.IntN(13)
				what := fmt.Sprintf("limit %d, page size %d, reverse %t", limit, size, reverse)

				refined := func(q *entable.Query[Task]) *entable.Query[Task] {
					if limit > 0 {
						q.Limit(limit)
					}
					if size > 0 {
						q.PageSize(size)
					}
					if reverse {
						q.Reverse()
					}
					return q
				}
				for name, make := range map[string]func() *entable.Query[Task]{
					"entity":    func() *entable.Query[Task] { return tasks.Query(Task{List: "a"}) },
					"condition": func() *entable.Query[Task] { return tasks.Query(Task{List: "a"}).Less(Task{N: 5}) },
					"filter":    func() *entable.Query[Task] { return tasks.Query(Task{List: "a"}).Filter(even) },
					"index":     func() *entable.Query[Task] { return tasks.QueryIndex("gsi1", Task{Text: "x"}) },
				} {
					once := make()
					if reverse {
						once.Reverse()
					}
					want := enginetest.Collect(t, once.All(t.Context()))
					got := walk(t, limit, refined(make()).From)
					if !slices.EqualFunc(got, want, func(a, b *Task) bool { return fmt.Sprint(*a) == fmt.Sprint(*b) }) {
						t.Errorf("%s, %s: walked\n%s, want\n%s", name, what, pointees(got), pointees(want))
					}
				}

				mixed := func(cursor string) *entable.ItemsQuery {
					q := table.Query(Task{List: "a"}).From(cursor)
					if limit > 0 {
						q.Limit(limit)
					}
					if size > 0 {
						q.PageSize(size)
					}
					if reverse {
						q.Reverse()
					}
					return q
				}
				once := table.Query(Task{List: "a"})
				if reverse {
					once.Reverse()
				}
				want := texts(enginetest.Collect(t, once.All(t.Context())))
				if got := texts(walk(t, limit, mixed)); !slices.Equal(got, want) || len(got) != 22 {
					t.Errorf("mixed, %s: walked\n%s, want\n%s", what, got, want)
				}
				group := func(cursor string) *entable.CollectionQuery[Both] {
					q := both.Query(Order{ID: "a"}).From(cursor)
					if limit > 0 {
						q.Limit(limit)
					}
					if size > 0 {
						q.PageSize(size)
					}
					if reverse {
						q.Reverse()
					}
					return q
				}
				if got := texts(walk(t, limit, group)); !slices.Equal(got, want) {
					t.Errorf("collection, %s: walked\n%s, want\n%s", what, got, want)
				}
			}
		}
	})
}

// From continues All and First too.
func TestRangingFromACursor(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		for n := range 7 {
			check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
		}
		page, err := tasks.Query(Task{List: "a"}).Limit(3).Page(t.Context())
		check(t, err)
		rest := enginetest.Collect(t, tasks.Query(Task{List: "a"}).From(page.Cursor).All(t.Context()))
		if len(rest) != 4 || rest[0].N != 3 {
			t.Errorf("behind the third item there is %s", pointees(rest))
		}
		even := expression.Name("n").NotEqual(expression.Value(3))
		first, err := tasks.Query(Task{List: "a"}).From(page.Cursor).Filter(even).PageSize(1).First(t.Context())
		check(t, err)
		if first.N != 4 {
			t.Errorf("first item behind the cursor that is not 3 is %d", first.N)
		}
		// The item that a cursor stands on may be gone.
		check(t, tasks.Delete(t.Context(), Task{List: "a", N: 2}))
		rest = enginetest.Collect(t, tasks.Query(Task{List: "a"}).From(page.Cursor).All(t.Context()))
		if len(rest) != 4 {
			t.Errorf("behind a deleted item there is %s", pointees(rest))
		}
	})
}

func TestForeignAndDamagedCursors(t *testing.T) {
	s := onMemory(t)
	table := s.NewTable(entable.GSI("gsi1"))
	tasks := registerTasks(table, entable.Index("gsi1", entable.PK("text")))
	orders := entable.Register[Order](table, entable.PK("id", entable.PrefixOf(tasks)), entable.SK("year"))
	other := registerTasks(s.NewTable())
	type Tasks struct{ Tasks []Task }
	collection := entable.NewCollection[Tasks](tasks)
	for n := range 5 {
		check(t, tasks.Put(t.Context(), &Task{List: "a", N: n, Text: "x"}))
		check(t, orders.Put(t.Context(), &Order{ID: "a", Year: n}))
	}
	page, err := tasks.Query(Task{List: "a"}).Limit(2).Page(t.Context())
	check(t, err)
	cursor := page.Cursor

	s.Spy.Reset()
	refused := func(name string, err error) {
		t.Helper()
		if !errors.Is(err, entable.ErrBadCursor) || !entable.IsError(err) {
			t.Errorf("%s: %v, want ErrBadCursor", name, err)
		}
	}
	for name, q := range map[string]*entable.Query[Task]{
		"another table":     other.Query(Task{List: "a"}),
		"another partition": tasks.Query(Task{List: "b"}),
		"another direction": tasks.Query(Task{List: "a"}).Reverse(),
		"another range":     tasks.Query(Task{List: "a"}).Greater(Task{N: 3}),
		"an index":          tasks.QueryIndex("gsi1", Task{Text: "x"}),
	} {
		_, err := q.From(cursor).Page(t.Context())
		refused(name, err)
		refused(name, drain(q.From(cursor).All(t.Context())))
	}
	_, err = orders.Query(Order{ID: "a"}).From(cursor).Page(t.Context())
	refused("another entity", err)
	_, err = table.Query(Order{ID: "a"}).From(cursor).Page(t.Context())
	refused("all entities", err)
	_, err = collection.Query(Task{List: "a"}).From(cursor).Page(t.Context())
	refused("a collection", err)

	for i := 1; i < len(cursor); i++ {
		_, err = tasks.Query(Task{List: "a"}).From(cursor[:i]).Page(t.Context())
		refused(fmt.Sprintf("cut at %d", i), err)
		for _, c := range []byte{'A', 'B', '_', '=', ' ', 0xff} {
			if damaged := cursor[:i] + string([]byte{c}) + cursor[i+1:]; damaged != cursor {
				_, err = tasks.Query(Task{List: "a"}).From(damaged).Page(t.Context())
				refused(fmt.Sprintf("%q at %d", c, i), err)
			}
		}
	}
	for _, text := range []string{"x", "null", "{}", "[]", `{"v":1}`, `{"v":2,"q":"","k":{}}`, strings.Repeat("[", 100_000)} {
		_, err = tasks.Query(Task{List: "a"}).From(base64.RawURLEncoding.EncodeToString([]byte(text))).Page(t.Context())
		refused(text[:min(len(text), 20)], err)
	}
	_, err = tasks.Query(Task{List: "a"}).From(cursor + cursor).Page(t.Context())
	refused("twice", err)
	if n := s.Spy.Sent(""); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	if want := "entable: invalid cursor of Task: it is damaged, or belongs to another query or version: start from the beginning"; err.Error() != want {
		t.Errorf("error %s, want %s", err, want)
	}
	_, err = tasks.Query(Task{List: "b"}).From(cursor).Page(t.Context())
	if want := "entable: invalid cursor of Task: it is damaged, or belongs to another query or version: start from the beginning"; err.Error() != want {
		t.Errorf("error %s, want %s", err, want)
	}

	// So do those of two ranges: the service refuses to start outside of one.
	ranged, err := tasks.Query(Task{List: "a"}).Greater(Task{N: 0}).Limit(1).Page(t.Context())
	check(t, err)
	_, err = tasks.Query(Task{List: "a"}).Greater(Task{N: 2}).From(ranged.Cursor).Page(t.Context())
	refused("the same condition on another value", err)

	// A cursor of the collection and one of the mixed query differ as well.
	mixed, err := table.Query(Task{List: "a"}).Limit(1).Page(t.Context())
	check(t, err)
	_, err = collection.Query(Task{List: "a"}).From(mixed.Cursor).Page(t.Context())
	refused("the mixed query", err)
}

// Limits go to the service only where they are exact: no item is read that is not given out.
func TestRequestsOfAPage(t *testing.T) {
	s := onMemory(t)
	tasks := registerTasks(s.NewTable())
	for n := range 10 {
		check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
	}
	for _, test := range []struct {
		query *entable.Query[Task]
		sent  int
		want  int // items
	}{
		{tasks.Query(Task{List: "a"}).Limit(10), 1, 10},
		{tasks.Query(Task{List: "a"}).Limit(4), 1, 4},
		{tasks.Query(Task{List: "a"}).Limit(4).PageSize(3), 2, 4},
		{tasks.Query(Task{List: "a"}).PageSize(3), 1, 3},
		{tasks.Query(Task{List: "a"}).Greater(Task{N: 3}).Limit(1), 1, 1},
		{tasks.Query(Task{List: "a"}).Limit(math.MaxInt), 1, 10},
		{tasks.Query(Task{List: "none"}), 1, 0},
	} {
		s.Spy.Reset()
		page, err := test.query.Page(t.Context())
		check(t, err)
		if n := s.Spy.Sent("Query"); n != test.sent || len(page.Items) != test.want {
			t.Errorf("%d requests for %d items, want %d for %d", n, len(page.Items), test.sent, test.want)
		}
	}
}

// Pages of the service end at 1 MB; a query goes on by itself.
func TestQueryOverFullPages(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		text := strings.Repeat("x", 300_000)
		for n := range 8 {
			check(t, tasks.Put(t.Context(), &Task{List: "a", N: n, Text: text}))
		}
		s.Spy.Reset()
		all := enginetest.Collect(t, tasks.Query(Task{List: "a"}).All(t.Context()))
		if len(all) != 8 || all[7].N != 7 || all[7].Text != text {
			t.Errorf("read %d items", len(all))
		}
		if n := s.Spy.Sent("Query"); n < 2 {
			t.Errorf("2.4 MB came in %d pages", n)
		}
	})
}
