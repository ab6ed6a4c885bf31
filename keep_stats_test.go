package entable_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/memory"
)

func TestStats(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		var mu sync.Mutex
		var events []entable.Event
		table := s.NewTable(entable.Observe(func(_ context.Context, e entable.Event) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, e)
		}))
		tasks := registerTasks(table)
		carts := entable.Register[Cart](table)
		events = nil
		var stats entable.Stats
		ctx := entable.WithStats(t.Context(), &stats)
		for n := range 6 {
			check(t, tasks.Put(ctx, &Task{List: "a", N: n, Text: strings.Repeat("x", 3000)}))
		}
		check(t, carts.Put(ctx, &Cart{ID: "1"}))
		_, err := tasks.Get(ctx, Task{List: "a", N: 1}, entable.Consistent(true))
		check(t, err)
		enginetest.Collect(t, tasks.Query(Task{List: "a"}).PageSize(4).Consistent(true).Less(Task{N: 5}).All(ctx))
		_, err = table.BatchGet(ctx, []any{Task{List: "a", N: 1}, Cart{ID: "1"}})
		check(t, err)
		_, err = tasks.TransactGet(ctx, []Task{{List: "a", N: 1}})
		check(t, err)
		enginetest.Collect(t, table.Scan().All(ctx))
		check(t, tasks.Delete(ctx, Task{List: "a", N: 5}))

		subject := func(entity, operation string) entable.Subject {
			return entable.Subject{Table: table.Name(), Entity: entity, Operation: operation}
		}
		got := stats.BySubject()
		for what, want := range map[entable.Subject]entable.Counts{
			subject("Task", "PutItem"):          {Requests: 6, WriteUnits: 18},
			subject("Cart", "PutItem"):          {Requests: 1, WriteUnits: 1},
			subject("Task", "GetItem"):          {Requests: 1, ReadUnits: 1},
			subject("Task", "Query"):            {Requests: 2, ReadUnits: 5, Examined: 6, Returned: 6},
			subject("", "BatchGetItem"):         {Requests: 1, ReadUnits: 1},
			subject("Task", "TransactGetItems"): {Requests: 1, ReadUnits: 2},
			subject("", "Scan"):                 {Requests: 1, ReadUnits: 2.5, Examined: 7, Returned: 7},
			subject("Task", "DeleteItem"):       {Requests: 1, WriteUnits: 3},
		} {
			c := got[what]
			if c.Duration <= 0 {
				t.Errorf("%v took no time", what)
			}
			c.Duration, c.Lean = 0, 0 // see TestStatsOfLeanRequests
			if c != want {
				t.Errorf("%v has %+v, want %+v", what, c, want)
			}
		}
		if total := stats.Total(); total.Requests != 14 || len(got) != 8 || len(events) != 14 {
			t.Errorf("%d subjects with %+v, %d events", len(got), total, len(events))
		}
		// What is not in the context is not counted.
		_, err = tasks.Get(t.Context(), Task{List: "a", N: 1})
		check(t, err)
		if stats.Total().Requests != 14 || len(events) != 15 {
			t.Errorf("%+v, %d events", stats.Total(), len(events))
		}
	})
}

// Requests of an operation on several entities or tables belong to none of them, and every table's observer
// hears of them.
func TestStatsOfMixedWrites(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		var first, second []entable.Subject
		observe := func(to *[]entable.Subject) entable.TableOption {
			var mu sync.Mutex
			return entable.Observe(func(_ context.Context, e entable.Event) {
				mu.Lock()
				defer mu.Unlock()
				*to = append(*to, e.Subject)
			})
		}
		one, two := s.NewTable(observe(&first)), s.NewTable(observe(&second))
		tasks, carts, others := registerTasks(one), entable.Register[Cart](one), registerTasks(two)
		for _, test := range []struct {
			name   string
			writes []entable.Write
			want   entable.Subject
			both   bool
			units  float64
		}{
			{"one entity", []entable.Write{tasks.PutOp(&Task{List: "a", N: 1}), tasks.PutOp(&Task{List: "a", N: 2})},
				entable.Subject{Table: one.Name(), Entity: "Task"}, false, 2},
			{"one table", []entable.Write{tasks.PutOp(&Task{List: "a", N: 1}), carts.PutOp(&Cart{ID: "1"}), tasks.PutOp(&Task{List: "a", N: 3})},
				entable.Subject{Table: one.Name()}, false, 3},
			{"two tables", []entable.Write{tasks.PutOp(&Task{List: "a", N: 1}), others.PutOp(&Task{List: "a", N: 1}), tasks.PutOp(&Task{List: "a", N: 4})},
				entable.Subject{}, true, 3},
		} {
			for _, op := range []struct {
				name   string
				write  func(context.Context, []entable.Write) error
				factor float64
			}{
				{"BatchWriteItem", func(ctx context.Context, w []entable.Write) error { return entable.BatchWrite(ctx, w) }, 1},
				{"TransactWriteItems", func(ctx context.Context, w []entable.Write) error { return entable.Transact(ctx, w) }, 2},
			} {
				var stats entable.Stats
				first, second = nil, nil
				check(t, op.write(entable.WithStats(t.Context(), &stats), test.writes))
				want := test.want
				want.Operation = op.name
				got := stats.BySubject()
				c := got[want]
				if s.Engine == "local" && op.factor > 1 && c.WriteUnits > 0 { // it does not add up the units of a transaction
					c.WriteUnits = test.units * op.factor
				}
				if len(got) != 1 || c.Requests != 1 || c.WriteUnits != test.units*op.factor {
					t.Errorf("%s: %+v, want %v units for %+v", test.name, got, test.units*op.factor, want)
				}
				if len(first) != 1 || first[0] != want || len(second) == 1 != test.both {
					t.Errorf("%s: the observers saw %v and %v", test.name, first, second)
				}
			}
		}
	})
}

// A request is lean if the SDK has had nothing to do with it: not the first of its operation, none that fails or is repeated,
// and none of a table, or of a client, that leaves it to the SDK.
func TestStatsOfLeanRequests(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	ctx := t.Context()
	retrying := dynamodb.New(s.SDK.Options())
	for name, test := range map[string]struct {
		client entable.Client
		opts   []entable.TableOption
		lean   bool
	}{
		"default":      {retrying, nil, true},
		"SDK requests": {retrying, []entable.TableOption{entable.SDKRequests()}, false},
		"plain route":  {retrying, []entable.TableOption{entable.PlainRoute()}, false},
		"wrapper":      {wrapper{retrying}, nil, false},
		"middleware":   {dynamodb.New(s.SDK.Options(), answering(func(any) any { return nil })), nil, false},
	} {
		table := s.NewTable(test.opts...)
		tasks := registerTasks(table)
		table.Use(test.client)
		count := func(do func(context.Context)) entable.Counts {
			var stats entable.Stats
			do(entable.WithStats(ctx, &stats))
			return stats.Total()
		}
		put := func(ctx context.Context) { check(t, tasks.Put(ctx, &Task{List: "a", N: 1})) }
		put(ctx)
		put(ctx)
		want := 0
		if test.lean {
			want = 1
		}
		if c := count(put); c.Lean != want || c.Requests != 1 {
			t.Errorf("%s: %+v", name, c)
		}
		if c := count(func(ctx context.Context) {
			if err := tasks.Create(ctx, &Task{List: "a", N: 1}); !errors.Is(err, entable.ErrExists) {
				t.Error(err)
			}
		}); c.Lean != 0 || c.Requests != 1 {
			t.Errorf("%s: a refused write: %+v", name, c)
		}
		remove := s.DB.Inject(memory.Throttle().On("PutItem").Times(1))
		if c := count(put); c.Lean != 0 || c.Requests != 1 || c.Retries != 1 {
			t.Errorf("%s: a repeated write: %+v", name, c)
		}
		remove()
	}
}

func TestStatsOfRetriesAndErrors(t *testing.T) {
	s := onMemory(t)
	table := s.NewTable()
	table.Use(dynamodb.New(s.SDK.Options(), func(o *dynamodb.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 3
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}))
	tasks := registerTasks(table)
	var stats entable.Stats
	ctx := entable.WithStats(t.Context(), &stats)
	remove := s.DB.Inject(memory.Throttle().On("PutItem").Times(2))
	check(t, tasks.Put(ctx, &Task{List: "a", N: 1}))
	remove()
	defer s.DB.Inject(memory.InternalError().On("PutItem"))()
	if err := tasks.Put(ctx, &Task{List: "a", N: 1}); err == nil {
		t.Error("no error")
	}
	if c := stats.Total(); c.Requests != 2 || c.Retries != 4 || c.Errors != 1 || c.WriteUnits != 1 {
		t.Errorf("counts %+v", c)
	}
	// A retried read gives each item once.
	defer s.DB.Inject(memory.DropAfter().On("Query").Times(1))()
	if got := enginetest.Collect(t, tasks.Query(Task{List: "a"}).All(ctx)); len(got) != 1 {
		t.Errorf("read %s", pointees(got))
	}
}

func TestLogOfRequestsHoldsNoContent(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	s := onMemory(t)
	table := s.NewTable(entable.Observe(func(ctx context.Context, e entable.Event) {
		logger.InfoContext(ctx, "dynamodb", "request", e)
	}))
	tasks := registerTasks(table)
	check(t, tasks.Put(t.Context(), &Task{List: "secretkey", N: 1, Text: "secrettext"}))
	if err := tasks.Create(t.Context(), &Task{List: "secretkey", N: 1}); !errors.Is(err, entable.ErrExists) {
		t.Error(err)
	}
	enginetest.Collect(t, tasks.Query(Task{List: "secretkey"}).All(t.Context()))
	text := log.String()
	for _, want := range []string{`"table":"` + table.Name() + `"`, `"entity":"Task"`, `"operation":"PutItem"`, `"operation":"Query"`, `"write_units":1`, `"read_units":0.5`, `"failed":true,"throttled":false`, `"examined":1`} {
		if !strings.Contains(text, want) {
			t.Errorf("the log has no %s:\n%s", want, text)
		}
	}
	if strings.Contains(text, "secret") {
		t.Errorf("the log shows an item:\n%s", text)
	}
}
