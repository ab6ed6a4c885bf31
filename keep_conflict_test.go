package entable_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/entable/entable"
)

// tally is changed by many at once.
type tally struct {
	ID      string         `dynamodbav:"id"`
	Sum     int            `dynamodbav:"sum"`
	Notes   map[string]int `dynamodbav:"notes"`
	Version int64          `dynamodbav:"version" entable:"version"`
}

// Read, change and write by many at once: none of the changes is lost, none is made twice.
func TestRetryOnConflict(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tallies := entable.Register[tally](s.NewTable())
		all := entable.NewCollection[struct{ All []tally }](tallies)
		key := tally{ID: "1"}
		add := func(how int) func() error {
			return func() error {
				now, err := tallies.Get(t.Context(), key, entable.Consistent(true))
				if errors.Is(err, entable.ErrNotFound) {
					now, err = &tally{ID: "1"}, nil
				}
				if err != nil {
					return err
				}
				before := *now
				now.Sum++
				switch how {
				case 0:
					return tallies.Put(t.Context(), now)
				case 1:
					return tallies.SaveChanges(t.Context(), before, now)
				case 2:
					return entable.Transact(t.Context(), []entable.Write{tallies.PutOp(now)})
				}
				return all.Save(t.Context(), &struct{ All []tally }{[]tally{before}}, &struct{ All []tally }{[]tally{*now}})
			}
		}
		check(t, add(0)())
		var writers sync.WaitGroup
		for how := range 4 {
			writers.Go(func() {
				for range 3 {
					if err := entable.RetryOnConflict(t.Context(), add(how)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		writers.Wait()
		if now, err := tallies.Get(t.Context(), key); err != nil || now.Sum != 13 {
			t.Errorf("the sum is %+v, %v", now, err)
		}
	})
}

// Where another writer came first nothing is written, so f is called again; not where something may have been.
func TestWhatIsRetriedOnConflict(t *testing.T) {
	version := &entable.VersionError{Entity: "E", Have: 2, Want: 1}
	failed := &entable.ConditionFailedError{Entity: "E", Err: version}
	for name, test := range map[string]struct {
		err   error
		again bool
	}{
		"version":         {version, true},
		"wrapped":         {fmt.Errorf("no: %w", &entable.OpError{Op: "Put", Err: version}), true},
		"conflict":        {&entable.OpError{Op: "Put", Err: entable.ErrConflict}, true},
		"transaction":     {&entable.TransactionError{Reasons: []entable.TransactionReason{{Err: entable.ErrConflict}}, Err: errors.New("cancelled")}, true},
		"joined":          {errors.Join(errors.New("another"), version), true},
		"condition":       {&entable.ConditionFailedError{Entity: "E", Err: errors.New("no")}, false},
		"exists":          {entable.ErrExists, false},
		"throttled":       {&entable.OpError{Op: "Put", Err: entable.ErrThrottled}, false},
		"unknown":         {&entable.OpError{Op: "Put", Err: failed, Unknown: true}, false},
		"unknown, joined": {errors.Join(version, &entable.OpError{Op: "Put", Unknown: true, Err: errors.New("lost")}), false},
		"unknown at once": {&entable.TransactionError{Unknown: true, Err: version}, false},
		"batch":           {&entable.BatchError{Failures: []entable.BatchFailure{{Err: version}}}, false},
		"after a write":   {&entable.HookError{Entity: "E", Hook: "AfterSave", Err: version}, false},
		"another's":       {errors.New("no"), false},
		"success":         {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			ended := synctestCall(t, func(ctx context.Context) error {
				return entable.RetryOnConflict(ctx, func() error { calls++; return test.err })
			})
			want := 1
			if test.again {
				want = 10
			}
			if calls != want || ended != test.err {
				t.Errorf("called %d times, want %d; %v", calls, want, ended)
			}
		})
	}
}

// synctestCall makes a call whose pauses take no time.
func synctestCall(t *testing.T, call func(context.Context) error) (err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { err = call(t.Context()) })
	return err
}

func TestRetryOnConflictEndsWithItsContext(t *testing.T) {
	lost := &entable.VersionError{Entity: "E"}
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := entable.RetryOnConflict(ctx, func() error {
		if calls++; calls == 2 {
			cancel()
		}
		return lost
	})
	if calls != 2 || !errors.Is(err, context.Canceled) || !is[*entable.VersionError](err) {
		t.Errorf("called %d times: %v", calls, err)
	}
}

// A write that was carried out and whose answer is lost is not made again.
func TestLostAnswersAreNotRetriedOnConflict(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tallies := entable.Register[tally](s.NewTable())
		check(t, tallies.Put(t.Context(), &tally{ID: "1", Sum: 1}))
		calls := 0
		err := entable.RetryOnConflict(t.Context(), func() error {
			if calls++; calls > 1 {
				return nil
			}
			now, err := tallies.Get(t.Context(), tally{ID: "1"}, entable.Consistent(true))
			check(t, err)
			s.Spy.Refuse(500, "InternalServerError") // may have been carried out
			defer s.Spy.Reset()
			now.Sum++
			return tallies.Put(t.Context(), now)
		})
		if op, ok := errors.AsType[*entable.OpError](err); calls != 1 || !ok || !op.Unknown {
			t.Errorf("called %d times: %v", calls, err)
		}
	})
}

// A Save of items without a version loses a race, too: what was loaded is not what is stored.
func TestSavesAreRetriedOnConflict(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		lists := entable.NewCollection[struct{ Tasks []Task }](tasks)
		check(t, tasks.Put(t.Context(), &Task{List: "a", N: 1, Text: "x"}))
		calls := 0
		check(t, entable.RetryOnConflict(t.Context(), func() error {
			before, err := lists.Get(t.Context(), Task{List: "a"}, entable.Consistent(true))
			check(t, err)
			if calls++; calls == 1 { // another writer changes one and adds one
				check(t, tasks.Update(Task{List: "a", N: 1}).Set("text", "y").Do(t.Context()))
				check(t, tasks.Put(t.Context(), &Task{List: "a", N: 2, Text: "z"}))
			}
			after := lists.Clone(before)
			after.Tasks[0].Text += "!"
			if len(after.Tasks) == 1 {
				after.Tasks = append(after.Tasks, Task{List: "a", N: 2})
			}
			return lists.Save(t.Context(), before, after)
		}))
		got, err := lists.Get(t.Context(), Task{List: "a"})
		check(t, err)
		if calls != 2 || len(got.Tasks) != 2 || got.Tasks[0].Text != "y!" || got.Tasks[1].Text != "z" {
			t.Errorf("called %d times: %+v", calls, got)
		}
	})
}

// The item that stood against a write comes with the error, of whatever kind the write was.
func TestStoredIn(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		tallies, tasks := entable.Register[tally](table), registerTasks(table)
		check(t, tallies.Put(t.Context(), &tally{ID: "1", Sum: 7}))
		writes := map[string]error{
			"put":         tallies.Put(t.Context(), &tally{ID: "1"}),
			"create":      tallies.Create(t.Context(), &tally{ID: "1"}),
			"transaction": entable.Transact(t.Context(), []entable.Write{tasks.PutOp(&Task{List: "a"}), tallies.CreateOp(&tally{ID: "1"})}),
			"batch":       entable.BatchWrite(t.Context(), []entable.Write{tasks.PutOp(&Task{List: "a"}), tallies.CreateOp(&tally{ID: "1"})}),
		}
		for name, err := range writes {
			if stored, ok := tallies.StoredIn(fmt.Errorf("wrapped: %w", err)); !ok || stored.Sum != 7 || stored.Version != 1 {
				t.Errorf("%s: %+v, %t of %v", name, stored, ok, err)
			}
			if other, ok := tasks.StoredIn(err); ok || other != nil {
				t.Errorf("%s: of another entity: %+v", name, other)
			}
		}
		gone := tallies.Update(tally{ID: "2"}).Set("sum", 1).Do(t.Context())
		for _, err := range []error{nil, errors.New("no"), gone} {
			if stored, ok := tallies.StoredIn(err); ok || stored != nil {
				t.Errorf("%+v is stored in %v", stored, err)
			}
		}
	})
}
