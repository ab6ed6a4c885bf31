package entable_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

func TestTransactGet(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		tasks := registerTasks(table)
		carts := entable.Register[Cart](table)
		var keys []Task
		for n := range 100 {
			if n%4 > 0 {
				check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
			}
			keys = append(keys, Task{List: "a", N: n})
		}
		check(t, carts.Put(t.Context(), &Cart{ID: "c", Year: 7}))
		s.Spy.Reset()
		got, err := tasks.TransactGet(t.Context(), keys)
		check(t, err)
		if len(got) != 100 || s.Spy.Sent("TransactGetItems") != 1 {
			t.Fatalf("%d results by %d requests", len(got), s.Spy.Sent(""))
		}
		for n, v := range got {
			if (v != nil) != (n%4 > 0) || v != nil && v.N != n {
				t.Errorf("result %d is %v", n, v)
			}
		}
		mixed, err := table.TransactGet(t.Context(), []any{&Cart{ID: "c"}, Task{List: "a", N: 2}, Cart{ID: "none"}, Cart{ID: "c"}})
		check(t, err)
		if label(mixed[0]) != label(&Cart{"c", 7}) || label(mixed[1]) != label(got[2]) || mixed[2] != nil || mixed[3] != mixed[0] {
			t.Errorf("mixed results %v", mixed)
		}
		s.Spy.Reset()
		_, err = tasks.TransactGet(t.Context(), append(keys, Task{List: "a", N: 101}))
		if err == nil || !strings.HasSuffix(err.Error(), "101 keys are above the service's limit of 100 in a transaction") || !entable.IsError(err) || s.Spy.Sent("") > 0 {
			t.Errorf("101 keys: %v", err)
		}
		if none, err := tasks.TransactGet(t.Context(), nil); none != nil || err != nil || s.Spy.Sent("") > 0 {
			t.Errorf("no keys: %v, %v", none, err)
		}
	})
}

func TestErrorsOfTransactGet(t *testing.T) {
	s := onMemory(t)
	tasks := registerTasks(s.NewTable())
	keys := []Task{{List: "a", N: 1}}
	remove := s.DB.Inject(memory.Throttle().On("TransactGetItems"))
	_, err := tasks.TransactGet(t.Context(), keys)
	if !errors.Is(err, entable.ErrThrottled) || !entable.IsRetryable(err) {
		t.Errorf("throttled: %v", err)
	}
	if te, ok := errors.AsType[*entable.TransactionError](err); !ok || len(te.Reasons) != 1 || te.Reasons[0].Index != 0 || te.Reasons[0].Key != `pk="TL#a" sk="TN#0000000000000000001"` {
		t.Errorf("throttled: %v", err)
	}
	remove()
	remove = s.DB.Inject(memory.Conflict().On("TransactGetItems"))
	if _, err := tasks.TransactGet(t.Context(), keys); !errors.Is(err, entable.ErrConflict) || errors.Is(err, entable.ErrThrottled) {
		t.Errorf("conflict: %v", err)
	}
	remove()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tasks.TransactGet(ctx, keys); !errors.Is(err, context.Canceled) || !entable.IsError(err) {
		t.Errorf("cancelled: %v", err)
	}
	missing := registerTasks(s.Declare())
	if _, err := missing.TransactGet(t.Context(), keys); !errors.Is(err, entable.ErrTableNotFound) {
		t.Errorf("a table that is not there: %v", err)
	}
}
