package entable_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// letters are five events "a" to "e" of one partition; each hook log is of one read.
func letters(t *testing.T, s *setup, opts ...entable.EntityOption) (*entable.Entity[Event], Event) {
	table := s.NewTable()
	events := entable.Register[Event](table, append(opts, entable.PK("id"), entable.SK("slug"))...)
	for _, slug := range []string{"a", "b", "c", "d", "e"} {
		check(t, events.Put(t.Context(), &Event{ID: "1", Slug: slug}))
	}
	return events, Event{ID: "1"}
}

// AfterLoad runs once for each item that a read gives out, in order, unless it is told not to.
func TestLoadHooksOfEveryRead(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		events, example := letters(t, s)
		quiet, _ := letters(t, s, entable.SkipHooks(true))
		type Group struct{ Events []Event }
		a, b := Event{ID: "1", Slug: "a"}, Event{ID: "1", Slug: "b"}
		reads := map[string]func(context.Context, *entable.Entity[Event], *bool) error{
			"Get": func(ctx context.Context, e *entable.Entity[Event], skip *bool) error {
				_, err := e.Get(ctx, b, readOptions(skip)...)
				return err
			},
			"BatchGet": func(ctx context.Context, e *entable.Entity[Event], skip *bool) error {
				var opts []entable.BatchGetOption
				if skip != nil {
					opts = append(opts, entable.SkipHooks(*skip))
				}
				_, err := e.BatchGet(ctx, []Event{a, {ID: "none", Slug: "x"}, b, a}, opts...)
				return err
			},
			"TransactGet": func(ctx context.Context, e *entable.Entity[Event], skip *bool) error {
				_, err := e.TransactGet(ctx, []Event{a, b, a}, readOptions(skip)...)
				return err
			},
			"Table.TransactGet": func(ctx context.Context, e *entable.Entity[Event], skip *bool) error {
				_, err := e.Table().TransactGet(ctx, []any{a, b}, readOptions(skip)...)
				return err
			},
			"Collection.Get": func(ctx context.Context, e *entable.Entity[Event], skip *bool) error {
				_, err := entable.NewCollection[Group](e).Get(ctx, example, readOptions(skip)...)
				return err
			},
			"Query": func(ctx context.Context, e *entable.Entity[Event], skip *bool) error {
				q := e.Query(example).PageSize(2)
				if skip != nil {
					q.SkipHooks(*skip)
				}
				return drain(q.All(ctx))
			},
			"Table.Query.Page": func(ctx context.Context, e *entable.Entity[Event], skip *bool) error {
				q := e.Table().Query(example).Limit(3)
				if skip != nil {
					q.SkipHooks(*skip)
				}
				_, err := q.Page(ctx)
				return err
			},
			"Scan": func(ctx context.Context, e *entable.Entity[Event], skip *bool) error {
				q := e.Scan().Segments(1)
				if skip != nil {
					q.SkipHooks(*skip)
				}
				return drain(q.All(ctx))
			},
			"Scan.Page": func(ctx context.Context, e *entable.Entity[Event], skip *bool) error {
				q := e.Table().Scan()
				if skip != nil {
					q.SkipHooks(*skip)
				}
				_, err := q.Page(ctx)
				return err
			},
		}
		for name, want := range map[string]string{
			"Get": "b", "BatchGet": "ab", "TransactGet": "ab", "Table.TransactGet": "ab", "Collection.Get": "abcde",
			"Query": "abcde", "Table.Query.Page": "abc", "Scan": "abcde", "Scan.Page": "abcde",
		} {
			for _, test := range []struct {
				events *entable.Entity[Event]
				skip   *bool
				runs   bool
			}{
				{events, nil, true}, {events, new(true), false}, {quiet, nil, false}, {quiet, new(false), true},
			} {
				ctx, log := hooked(t)
				got := ""
				log.load = func(e *Event) error { got += e.Slug; return nil }
				check(t, reads[name](ctx, test.events, test.skip))
				if test.runs && got != want || !test.runs && len(log.calls) > 0 {
					t.Errorf("%s, entity skips %t: loaded %q, want %q: %t", name, test.events == quiet, got, want, test.runs)
				}
			}
		}
		// Counting loads nothing, and hooks run only for what the caller gets to see.
		ctx, log := hooked(t)
		if n, err := events.Table().Query(example).Count(ctx); err != nil || n != 5 {
			t.Errorf("counted %d (%v)", n, err)
		}
		for range events.Query(example).All(ctx) {
			break
		}
		if len(log.calls) != 1 {
			t.Errorf("calls %q", log.calls)
		}
	})
}

func readOptions(skip *bool) []entable.ReadOption {
	if skip == nil {
		return nil
	}
	return []entable.ReadOption{entable.SkipHooks(*skip)}
}

// An error of AfterLoad in the middle of a page comes behind the items before it; the cursor that led to the
// page stays good, and a cursor of the items before goes on with the one at fault.
func TestErrorsOfLoadHooksInTheMiddleOfAPage(t *testing.T) {
	bad := errors.New("bad slug")
	eachSetup(t, func(t *testing.T, s *setup) {
		events, example := letters(t, s)
		ctx, log := hooked(t)
		log.load = func(e *Event) error {
			if e.Slug == "c" {
				return bad
			}
			return nil
		}
		slugs := func(items []*Event) (out string) {
			for _, v := range items {
				out += v.Slug
			}
			return out
		}
		fails := func(err error) {
			t.Helper()
			if h, ok := errors.AsType[*entable.HookError](err); !ok || h.Hook != "AfterLoad" || !errors.Is(err, bad) {
				t.Errorf("error %v", err)
			}
		}
		for _, size := range []int{1, 2, 10} {
			for name, items := range map[string]func(func(*Event, error) bool){
				"Query": events.Query(example).PageSize(size).All(ctx),
				"Scan":  events.Scan().PageSize(size).All(ctx),
			} {
				got, last := "", error(nil)
				for v, err := range items {
					if last = err; err != nil {
						if v != nil {
							t.Errorf("%s: %v beside the error", name, v)
						}
						continue
					}
					got += v.Slug
				}
				fails(last)
				if got != "ab" {
					t.Errorf("%s, page size %d: read %q before the error", name, size, got)
				}
			}
		}
		page, err := events.Query(example).Page(ctx)
		fails(err)
		if page != nil {
			t.Errorf("the page is %+v", page)
		}
		page, err = events.Query(example).Limit(2).Page(ctx)
		check(t, err)
		before := page.Cursor
		_, err = events.Query(example).From(before).Page(ctx)
		fails(err)
		page, err = events.Query(example).From(before).SkipHooks(true).Page(ctx)
		check(t, err)
		if got := slugs(page.Items); got != "cde" || page.Cursor != "" {
			t.Errorf("behind the cursor there is %q", got)
		}

		// A scan's progress stands before the page with the error.
		var last entable.ScanProgress
		fails(drain(events.Scan().PageSize(2).Progress(func(p entable.ScanProgress) { last = p }).All(ctx)))
		if got := slugs(enginetest.Collect(t, events.Scan().PageSize(2).From(last.Cursor).SkipHooks(true).All(ctx))); last.Items != 2 || got != "cde" {
			t.Errorf("progress %+v, behind it %q", last, got)
		}

		// Reads by key name the item; the others are there.
		keys := []Event{{ID: "1", Slug: "a"}, {ID: "1", Slug: "c"}, {ID: "1", Slug: "e"}}
		found, err := events.BatchGet(ctx, keys)
		fails(err)
		b, _ := errors.AsType[*entable.BatchError](err)
		if b == nil || len(b.Failures) != 1 || b.Failures[0].Index != 1 || b.Failures[0].Key != `pk="EI#1" sk="ES#c"` || found[0] == nil || found[1] != nil || found[2] == nil {
			t.Errorf("found %v, error %v", found, err)
		}
		together, err := events.TransactGet(ctx, keys)
		fails(err)
		if together != nil {
			t.Errorf("found %v beside the error", together)
		}
		if want := fmt.Sprintf("entable: Event: AfterLoad: %s", bad); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	})
}

// An item that cannot be decoded comes as an error in its place as well.
func TestUndecodableItemInTheMiddleOfAPage(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		for n := range 5 {
			check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
		}
		bad := taskKey("a", 2)
		bad["_type"], bad["list"], bad["n"] = avS("Task"), avS("a"), avS("two")
		s.Store(tasks.Table(), bad)
		const want = `entable: Task[pk="TL#a" sk="TN#0000000000000000002"]: attribute n: cannot decode S into int`
		for _, reverse := range []bool{false, true} {
			q := tasks.Query(Task{List: "a"})
			first := []int{0, 1}
			if reverse {
				q, first = q.Reverse(), []int{4, 3}
			}
			var got []int
			var last error
			for v, err := range q.All(t.Context()) {
				if last = err; err == nil {
					got = append(got, v.N)
				}
			}
			if last == nil || last.Error() != want || !slices.Equal(got, first) {
				t.Errorf("read %v, then %v", got, last)
			}
			page, err := q.Limit(2).Page(t.Context())
			check(t, err)
			if _, err = q.From(page.Cursor).Page(t.Context()); err == nil || err.Error() != want {
				t.Errorf("behind the cursor: %v", err)
			}
		}
		found, err := tasks.BatchGet(t.Context(), []Task{{List: "a", N: 1}, {List: "a", N: 2}, {List: "a", N: 3}})
		b, ok := errors.AsType[*entable.BatchError](err)
		if !ok || len(b.Failures) != 1 || b.Failures[0].Err.Error() != want || found[0] == nil || found[1] != nil || found[2] == nil {
			t.Errorf("found %v, error %v", found, err)
		}
		if _, err := tasks.TransactGet(t.Context(), []Task{{List: "a", N: 2}}); err == nil || err.Error() != want {
			t.Errorf("in a transaction: %v", err)
		}
	})
}
