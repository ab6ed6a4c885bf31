package entable_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

func TestBatchGet(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		tasks := registerTasks(table)
		carts := entable.Register[Cart](table)
		var keys []Task
		for n := range 130 {
			if n%3 > 0 {
				check(t, tasks.Put(t.Context(), &Task{List: "a", N: n, Text: fmt.Sprint("text ", n)}))
			}
			keys = append(keys, Task{List: "a", N: n})
		}
		check(t, carts.Put(t.Context(), &Cart{ID: "a", Year: 5}))
		keys = append(keys, keys[7], keys[129], keys[0], keys[7]) // duplicates, also over chunks
		s.Spy.Reset()
		got, err := tasks.BatchGet(t.Context(), keys)
		check(t, err)
		if n := s.Spy.Sent("BatchGetItem"); n != 2 || len(got) != len(keys) {
			t.Fatalf("%d results by %d requests", len(got), n)
		}
		for i, v := range got {
			n := keys[i].N
			if (v != nil) != (n%3 > 0) || v != nil && (v.N != n || v.Text != fmt.Sprint("text ", n)) {
				t.Errorf("result %d of key %d is %v", i, n, v)
			}
		}
		if got[130] != got[7] || got[133] != got[7] || got[131] != got[129] {
			t.Error("a duplicate is not the same pointer")
		}
		mixed, err := table.BatchGet(t.Context(), []any{Task{List: "a", N: 1}, &Cart{ID: "a"}, Cart{ID: "none"}, &Task{List: "a", N: 1}}, entable.Consistent(true))
		check(t, err)
		if len(mixed) != 4 || label(mixed[0]) != label(got[1]) || label(mixed[1]) != label(&Cart{"a", 5}) || mixed[2] != nil || mixed[3] != mixed[0] {
			t.Errorf("mixed results %v", mixed)
		}
		if !strings.Contains(s.Spy.LastBody(), `"ConsistentRead":true`) {
			t.Errorf("the read is not consistent: %s", s.Spy.LastBody())
		}
		s.Spy.Reset()
		if none, err := tasks.BatchGet(t.Context(), nil); none != nil || err != nil || s.Spy.Sent("") > 0 {
			t.Errorf("no keys: %v, %v", none, err)
		}
		if _, err := tasks.BatchGet(t.Context(), []Task{{List: "a"}, {}}); !is[*entable.KeyError](err) || !strings.HasPrefix(err.Error(), "key 1: ") || !entable.IsError(err) || s.Spy.Sent("") > 0 {
			t.Errorf("an empty key: %v", err)
		}
		if _, err := table.BatchGet(t.Context(), []any{Task{List: "a"}, 7}); err == nil || !entable.IsError(err) {
			t.Errorf("a key of no entity: %v", err)
		}
	})
}

// Keys are told apart by their whole text, and numbers are equal whatever their form.
func TestBatchGetOfKeysThatLookAlike(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		type Pair struct {
			A string `dynamodbav:"a"`
			B string `dynamodbav:"b"`
		}
		pairs := entable.Register[Pair](s.NewTable(), entable.PK("a", entable.NoPrefix()), entable.SK("b", entable.NoPrefix()))
		keys := []Pair{{"a\x00b", "c"}, {"a", "b\x00c"}, {"1:a", "b"}, {"1", "a:b"}, {"a", "b"}}
		for _, p := range keys[:4] {
			check(t, pairs.Put(t.Context(), &p))
		}
		got, err := pairs.BatchGet(t.Context(), keys)
		check(t, err)
		for i, v := range got {
			if i < 4 && (v == nil || *v != keys[i]) || i == 4 && v != nil {
				t.Errorf("result %d is %v, want %v", i, v, keys[i])
			}
		}
		type Measure struct {
			Value float64 `dynamodbav:"value"`
			N     int64   `dynamodbav:"n"`
		}
		measures := entable.Register[Measure](s.NewTable(
			entable.PartitionKey("pk", types.ScalarAttributeTypeN), entable.SortKey("sk", types.ScalarAttributeTypeN)), entable.SK("n"))
		var numbers []Measure
		for i, f := range []float64{1e6, 1e19, 1e20, -1e19, 1e21, 1e-7, 0.1, 123456.75, 1e100, -1e-100, 0, 12345678901234567} {
			numbers = append(numbers, Measure{f, int64(i) - 5}, Measure{f, 1 << 62})
		}
		for _, m := range numbers {
			check(t, measures.Put(t.Context(), &m))
		}
		found, err := measures.BatchGet(t.Context(), append(numbers, numbers[3]))
		check(t, err)
		for i, v := range found[:len(numbers)] {
			if v == nil || *v != numbers[i] {
				t.Errorf("result %d is %v, want %v", i, v, numbers[i])
			}
		}
		together, err := measures.TransactGet(t.Context(), numbers)
		check(t, err)
		for i, v := range together {
			if v == nil || *v != numbers[i] {
				t.Errorf("result %d of the transaction is %v, want %v", i, v, numbers[i])
			}
		}
	})
}

func TestBatchGetAsksAgainForUnprocessedKeys(t *testing.T) {
	s := onMemory(t)
	tasks := registerTasks(s.NewTable())
	var keys []Task
	for n := range 150 {
		check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
		keys = append(keys, Task{List: "a", N: n})
	}
	complete := func(got []*Task, err error) {
		t.Helper()
		check(t, err)
		for i, v := range got {
			if v == nil || v.N != i {
				t.Errorf("result %d is %v", i, v)
			}
		}
	}
	remove := s.DB.Inject(memory.Unprocessed(40).On("BatchGetItem").Times(4))
	complete(tasks.BatchGet(t.Context(), keys, entable.Concurrency(1)))
	remove()
	remove = s.DB.Inject(memory.Throttle().On("BatchGetItem").Times(2), memory.DropAfter().On("BatchGetItem").Times(1))
	complete(tasks.BatchGet(t.Context(), keys))
	remove()

	// What stays unprocessed is reported, and the rest is given out.
	remove = s.DB.Inject(memory.Unprocessed(20).On("BatchGetItem").Times(1), memory.Unprocessed(0).On("BatchGetItem").After(1))
	got, err := tasks.BatchGet(t.Context(), keys[:30], entable.Attempts(2))
	failed, ok := errors.AsType[*entable.BatchError](err)
	if !ok || failed.Total != 30 || len(failed.Failures) != 10 || !errors.Is(err, entable.ErrThrottled) {
		t.Fatalf("error %v", err)
	}
	for _, f := range failed.Failures {
		if got[f.Index] != nil || f.Entity != "Task" || f.Key != fmt.Sprintf(`pk="TL#a" sk="TN#%019d"`, f.Index) || f.Write != nil {
			t.Errorf("failure %+v with the result %v", f, got[f.Index])
		}
		got[f.Index] = &Task{N: f.Index}
	}
	if at := slices.Index(got, nil); at >= 0 {
		t.Errorf("result %d is neither found nor failed", at)
	}
	remove()
	defer s.DB.Inject(memory.Throttle().On("BatchGetItem"))()
	if _, err := tasks.BatchGet(t.Context(), keys[:30], entable.Attempts(1)); !errors.Is(err, entable.ErrThrottled) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Spy.Reset()
	got, err = tasks.BatchGet(ctx, keys)
	if !errors.Is(err, context.Canceled) || !entable.IsError(err) || s.Spy.Sent("") != 0 || len(got) != 150 {
		t.Errorf("with a cancelled context: %d requests, %v", s.Spy.Sent(""), err)
	}
}

func TestBatchGetOfOtherTypes(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		tasks := registerTasks(table)
		check(t, tasks.Put(t.Context(), &Task{List: "a", N: 1}))
		other := taskKey("a", 2)
		other["_type"] = avS("Ghost")
		s.Store(table, other)
		got, err := tasks.BatchGet(t.Context(), []Task{{List: "a", N: 1}, {List: "a", N: 2}, {List: "a", N: 3}})
		u, ok := errors.AsType[*entable.UnknownEntityError](err)
		if !ok || u.Want != "Task" || u.Type != "Ghost" || got[0] == nil || got[1] != nil || got[2] != nil {
			t.Errorf("%v, %v", got, err)
		}
		if want := `entable: batch: 1 of 3 reads failed, the first at 1, Task[pk="TL#a" sk="TN#0000000000000000002"]: `; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error\n%v, want\n%s…", err, want)
		}
		if _, err := tasks.TransactGet(t.Context(), []Task{{List: "a", N: 1}, {List: "a", N: 2}}); !is[*entable.UnknownEntityError](err) {
			t.Errorf("in a transaction: %v", err)
		}
	})
}
