package entable_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

func TestScans(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable(entable.GSI("gsi1"))
		tasks := registerTasks(table, entable.Index("gsi1", entable.PK("text")))
		carts := entable.Register[Cart](table)
		var all, even []string
		for n := range 23 {
			task := Task{List: fmt.Sprint(n % 5), N: n}
			if n%2 == 0 {
				task.Text = "even"
				even = append(even, label(&task))
			}
			check(t, tasks.Put(t.Context(), &task))
			all = append(all, label(&task))
		}
		check(t, carts.Put(t.Context(), &Cart{ID: "1"}))
		text := expression.Name("text").Equal(expression.Value("even"))
		labels := func(q *entable.Scan[Task]) []string {
			var out []string
			for _, v := range enginetest.Collect(t, q.All(t.Context())) {
				out = append(out, label(v))
			}
			return sorted(out)
		}
		for _, segments := range []int{1, 4} {
			for _, size := range []int{1, 4, 1000} {
				scan := func() *entable.Scan[Task] { return tasks.Scan().Segments(segments).PageSize(size) }
				what := fmt.Sprintf("%d segments, page size %d", segments, size)
				if got := labels(scan()); !slices.Equal(got, sorted(all)) {
					t.Errorf("%s: scanned\n%s, want\n%s", what, got, all)
				}
				if got := labels(scan().Filter(text)); !slices.Equal(got, sorted(even)) {
					t.Errorf("%s: filtered\n%s, want\n%s", what, got, even)
				}
				if got := labels(scan().Index("gsi1")); !slices.Equal(got, sorted(even)) {
					t.Errorf("%s: the index holds\n%s, want\n%s", what, got, even)
				}
				if got := labels(scan().Limit(7)); len(got) != 7 || len(slices.Compact(got)) != 7 {
					t.Errorf("%s: limit 7: scanned %s", what, got)
				}
				if items := enginetest.Collect(t, table.Scan().Segments(segments).PageSize(size).All(t.Context())); len(items) != 24 {
					t.Errorf("%s: the table has %s", what, texts(items))
				}
			}
		}
	})
}

func TestScansPassOverSentinelsAndTreatUnknownTypesAsSet(t *testing.T) {
	for _, opts := range [][]entable.TableOption{nil, {entable.NoDiscriminator()}} {
		s := onMemory(t)
		table := s.NewTable(opts...)
		type Person struct {
			ID    string `dynamodbav:"id"`
			Email string `dynamodbav:"email" entable:"unique"`
		}
		people := entable.Register[Person](table)
		for n := range 5 {
			check(t, people.Create(t.Context(), &Person{fmt.Sprint(n), fmt.Sprintf("%d@example.org", n)}))
		}
		for _, segments := range []int{1, 3} {
			skipped := 0
			if got := enginetest.Collect(t, table.Scan().Segments(segments).SkipUnknown(&skipped).All(t.Context())); len(got) != 5 || skipped != 0 {
				t.Errorf("scanned %s, skipped %d", texts(got), skipped)
			}
			if got := enginetest.Collect(t, table.Scan().Segments(segments).RawUnknown().All(t.Context())); len(got) != 5 {
				t.Errorf("sentinels are given out raw: %s", texts(got))
			}
			if got := enginetest.Collect(t, people.Scan().Segments(segments).All(t.Context())); len(got) != 5 {
				t.Errorf("scanned %s", pointees(got))
			}
		}
		// Those among the entity's own keys are met by its scan; the others are not its concern.
		for _, k := range []map[string]types.AttributeValue{key("PI#ghost#0", "A"), key("PI#", "A"), key("PI#1", "B"), key("PIN#1", "A"), key("ghost", "A")} {
			k["_type"] = avS("Ghost")
			s.Store(table, k)
		}
		for _, segments := range []int{1, 3} {
			skipped := 0
			if got := enginetest.Collect(t, people.Scan().Segments(segments).SkipUnknown(&skipped).PageSize(2).All(t.Context())); len(got) != 5 || skipped != 2 {
				t.Errorf("scanned %s, skipped %d", pointees(got), skipped)
			}
			if err := drain(people.Scan().Segments(segments).All(t.Context())); !is[*entable.UnknownEntityError](err) {
				t.Errorf("error %v", err)
			}
			raws := 0
			for _, item := range enginetest.Collect(t, table.Scan().Segments(segments).RawUnknown().All(t.Context())) {
				if _, ok := item.(entable.RawItem); ok {
					raws++
				}
			}
			if raws != 5 {
				t.Errorf("%d raw items, want 5", raws)
			}
			if err := drain(table.Scan().Segments(segments).All(t.Context())); !is[*entable.UnknownEntityError](err) {
				t.Errorf("error %v", err)
			}
		}
		for _, k := range []map[string]types.AttributeValue{key("PI#ghost#0", "A"), key("PI#", "A")} {
			_, err := s.SDK.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(table.Name()), Key: k})
			check(t, err)
		}
		if got := enginetest.Collect(t, people.Scan().All(t.Context())); len(got) != 5 {
			t.Errorf("beside items of others: scanned %s", pointees(got))
		}
	}
}

// A scan goes on from each cursor of its progress, with no gap and no repeat.
func TestProgressOfScans(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		for n := range 17 {
			check(t, tasks.Put(t.Context(), &Task{List: fmt.Sprint(n % 7), N: n}))
		}
		for _, segments := range []int{1, 4} {
			scan := func() *entable.Scan[Task] { return tasks.Scan().Segments(segments).PageSize(2) }
			var given []int
			var marks []entable.ScanProgress
			var last entable.ScanProgress
			for task, err := range scan().Progress(func(p entable.ScanProgress) {
				if p.Items != len(given) || p.Pages != last.Pages+1 {
					t.Errorf("%d segments: progress %+v behind %+v and %d items", segments, p, last, len(given))
				}
				marks, last = append(marks, p), p
			}).All(t.Context()) {
				check(t, err)
				given = append(given, task.N)
			}
			if len(given) != 17 || last.Cursor != "" || last.Items != 17 {
				t.Errorf("%d segments: gave out %v, the last progress is %+v", segments, given, last)
			}
			for _, mark := range marks {
				if mark.Cursor == "" {
					continue
				}
				both := slices.Clone(given[:mark.Items])
				for _, task := range enginetest.Collect(t, scan().From(mark.Cursor).All(t.Context())) {
					both = append(both, task.N)
				}
				slices.Sort(both)
				if len(both) != 17 || len(slices.Compact(both)) != 17 {
					t.Errorf("%d segments: with what lies behind %+v there is %v", segments, mark, both)
				}
			}
			if _, err := tasks.Scan().Segments(segments + 1).From(marks[0].Cursor).Page(t.Context()); !errors.Is(err, entable.ErrBadCursor) {
				t.Errorf("the cursor of another number of segments: %v", err)
			}
		}
	})
}

// Leaving a loop ends the scan: no goroutine is left, and no request is made afterwards.
func TestBreakOutOfAScan(t *testing.T) {
	s := onMemory(t)
	tasks := registerTasks(s.NewTable())
	for n := range 40 {
		check(t, tasks.Put(t.Context(), &Task{List: fmt.Sprint(n), N: n}))
	}
	for _, segments := range []int{1, 4} {
		before := runtime.NumGoroutine()
		for range 20 {
			s.Spy.Reset()
			for range tasks.Scan().Segments(segments).PageSize(1).All(t.Context()) {
				break
			}
			sent := s.Spy.Sent("Scan")
			if sent > 2*segments+1 {
				t.Errorf("%d segments: %d requests for one item", segments, sent)
			}
			runtime.Gosched()
			if again := s.Spy.Sent("Scan"); again != sent {
				t.Errorf("%d segments: %d requests behind the break", segments, again-sent)
			}
		}
		for wait := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(wait); {
			runtime.Gosched()
		}
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("%d segments: %d goroutines, %d before", segments, n, before)
		}
	}
	s.Spy.Reset()
	for range tasks.Scan().PageSize(5).Limit(10).All(t.Context()) {
	}
	if n := s.Spy.Sent("Scan"); n != 2 {
		t.Errorf("10 items in pages of 5 took %d requests", n)
	}
	s.Spy.Reset()
	if got := enginetest.Collect(t, tasks.Scan().Limit(3).All(t.Context())); len(got) != 3 || s.Spy.Sent("Scan") != 1 || !strings.Contains(s.Spy.LastBody(), `"Limit":3`) {
		t.Errorf("3 items by %d requests, the last %s", s.Spy.Sent("Scan"), s.Spy.LastBody())
	}
}

func TestCancelledScans(t *testing.T) {
	s := onMemory(t)
	tasks := registerTasks(s.NewTable())
	for n := range 10 {
		check(t, tasks.Put(t.Context(), &Task{List: fmt.Sprint(n), N: n}))
	}
	for _, segments := range []int{1, 4} {
		ctx, cancel := context.WithCancel(t.Context())
		items, last := 0, error(nil)
		for _, err := range tasks.Scan().Segments(segments).PageSize(1).All(ctx) {
			if last = err; err == nil {
				items++
			}
			cancel()
		}
		if !errors.Is(last, context.Canceled) || !entable.IsError(last) || items == 0 || items == 10 {
			t.Errorf("%d segments: %d items, then %v", segments, items, last)
		}
		for range 50 { // whether a segment tells of it or not
			if err := drain(tasks.Scan().Segments(segments).All(ctx)); !errors.Is(err, context.Canceled) || !entable.IsError(err) {
				t.Errorf("%d segments: error %v", segments, err)
			}
		}
		// What was read completely is no failure, even if the context has ended since.
		ctx, cancel = context.WithCancel(t.Context())
		items = 0
		for _, err := range tasks.Scan().All(ctx) {
			check(t, err)
			if items++; items == 10 {
				cancel()
			}
		}
		cancel()
	}
}

func TestErrorsOfScans(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		tasks := registerTasks(table)
		for n := range 6 {
			check(t, tasks.Put(t.Context(), &Task{List: fmt.Sprint(n), N: n}))
		}
		bad := taskKey("x", 1)
		bad["_type"], bad["list"], bad["n"] = avS("Task"), avS("x"), avS("one")
		s.Store(table, bad)
		for _, segments := range []int{1, 3} {
			err := drain(tasks.Scan().Segments(segments).PageSize(2).All(t.Context()))
			if want := `entable: Task[pk="TL#x" sk="TN#0000000000000000001"]: attribute n: cannot decode S into int`; err == nil || err.Error() != want {
				t.Errorf("error\n%v, want\n%s", err, want)
			}
		}
	})
}

func TestMistakesInScans(t *testing.T) {
	table := entable.NewTable("tasks", entable.GSI("gsi1"), entable.LSI("lsi1"))
	tasks := registerTasks(table)
	for _, test := range []struct {
		scan *entable.Scan[Task]
		want string
	}{
		{tasks.Scan().Index("nope"), `Task: unknown index "nope": table "tasks": it has "gsi1", "lsi1"`},
		{tasks.Scan().Segments(0), "Task: invalid number of segments 0: use 1 to 1000000"},
		{tasks.Scan().Limit(0).Segments(-1), "Task: invalid limit 0: use 1 or more"},
		{tasks.Scan().Index("gsi1").Consistent(true), `Task: index "gsi1" has no consistent reads: query the table, or leave Consistent out`},
	} {
		if _, err := test.scan.Input(t.Context()); err == nil || err.Error() != "entable: "+test.want {
			t.Errorf("error\n%v, want\nentable: %s", err, test.want)
		}
	}
	in, err := tasks.Scan().Index("lsi1").Consistent(true).Segments(3).PageSize(4).Input(t.Context())
	check(t, err)
	if *in.IndexName != "lsi1" || !*in.ConsistentRead || *in.Segment != 0 || *in.TotalSegments != 3 || *in.Limit != 4 {
		t.Errorf("input %+v", in)
	}
}
