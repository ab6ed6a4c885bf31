package entable_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// operations are all that take a key or an instance, on a task.
func operations(ctx context.Context, tasks *entable.Entity[Task], v *Task) map[string]func() error {
	key := Task{}
	if v != nil {
		key = *v
	}
	return map[string]func() error{
		"Put":         func() error { return tasks.Put(ctx, v) },
		"Create":      func() error { return tasks.Create(ctx, v) },
		"Get":         func() error { _, err := tasks.Get(ctx, key); return err },
		"Delete":      func() error { return tasks.Delete(ctx, key) },
		"Query":       func() error { return drain(tasks.Query(key).All(ctx)) },
		"First":       func() error { _, err := tasks.Query(key).First(ctx); return err },
		"Page":        func() error { _, err := tasks.Query(key).Page(ctx); return err },
		"Table.Query": func() error { return drain(tasks.Table().Query(key).All(ctx)) },
	}
}

func TestEmptyKeyValuesAreRefusedBeforeAnyRequest(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		s.Spy.Reset()
		for name, op := range operations(t.Context(), tasks, &Task{N: 1}) {
			if err := op(); !is[*entable.KeyError](err) || !entable.IsError(err) {
				t.Errorf("%s with an empty key: %v, want a *KeyError", name, err)
			}
		}
		if n := s.Spy.Sent(""); n != 0 {
			t.Errorf("%d requests were sent", n)
		}
	})
}

func TestNilPointers(t *testing.T) {
	s := onMemory(t)
	tasks := registerTasks(s.NewTable())
	s.Spy.Reset()
	for _, name := range []string{"Put", "Create"} {
		err := operations(t.Context(), tasks, nil)[name]()
		if want := "entable: Task: " + name + " of a nil *entable_test.Task"; err == nil || err.Error() != want || !entable.IsError(err) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	var none *Task
	for _, test := range []struct {
		example any
		want    string
	}{
		{nil, "the example is nil: give a registered struct with its key fields set"},
		{none, "the example is nil: give a registered struct with its key fields set"},
		{5, "int is not registered on it"},
		{Order{ID: "1"}, "entable_test.Order is not registered on it"},
		{&none, "*entable_test.Task is not registered on it"},
		{[]Task{}, "[]entable_test.Task is not registered on it"},
		{map[string]string(nil), "map[string]string is not registered on it"},
	} {
		want := fmt.Sprintf("entable: table %q: %s", tasks.Table().Name(), test.want)
		for name, err := range map[string]error{
			"All":   drain(tasks.Table().Query(test.example).Limit(1).Reverse().All(t.Context())),
			"Index": drain(tasks.Table().QueryIndex("gsi1", test.example).All(t.Context())),
		} {
			if err == nil || err.Error() != want || !entable.IsError(err) {
				t.Errorf("%s(%v): error %v, want %s", name, test.example, err, want)
			}
		}
	}
	if n := s.Spy.Sent(""); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestMissingTable(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.Declare())
		ops := operations(t.Context(), tasks, &Task{List: "a", N: 1})
		for name, w := range map[string]entable.Write{
			"put": tasks.PutOp(&Task{List: "a"}), "update": tasks.Update(Task{List: "a"}).Set("text", "x"),
			"delete": tasks.DeleteOp(Task{List: "a"}), "check": tasks.CheckOp(Task{List: "a"}, expression.Name("text").AttributeExists()),
		} {
			ops["Transact a "+name] = func() error { return entable.Transact(t.Context(), []entable.Write{w}) }
		}
		for name, op := range ops {
			err := op()
			if !errors.Is(err, entable.ErrTableNotFound) || errors.Is(err, entable.ErrNotFound) || !entable.IsError(err) || entable.IsRetryable(err) {
				t.Errorf("%s: %v, want ErrTableNotFound", name, err)
			}
			if !is[*types.ResourceNotFoundException](err) {
				t.Errorf("%s: the SDK's own error is not in the chain of %v", name, err)
			}
			if !strings.Contains(err.Error(), strconv.Quote(tasks.Table().Name())) {
				t.Errorf("%s: %v does not name the table", name, err)
			}
		}
	})
}

func TestMissingClient(t *testing.T) {
	tasks := registerTasks(entable.NewTable("tasks"))
	ops := operations(t.Context(), tasks, &Task{List: "a", N: 1})
	ops["Create table"] = func() error { return tasks.Table().CreateTable(t.Context()) }
	for name, op := range ops {
		if err := op(); !errors.Is(err, entable.ErrNoClient) || !entable.IsError(err) {
			t.Errorf("%s: %v, want ErrNoClient", name, err)
		}
	}
	// A nil client is none.
	tasks.Use(nil)
	tasks.Table().Use((*dynamodb.Client)(nil))
	ctx := entable.WithClient(t.Context(), nil)
	if _, err := tasks.Get(ctx, Task{List: "a"}); !errors.Is(err, entable.ErrNoClient) {
		t.Errorf("nil clients: %v, want ErrNoClient", err)
	}
}

func TestCancelledContext(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s.Spy.Reset()
		for name, op := range operations(ctx, tasks, &Task{List: "a", N: 1}) {
			err := op()
			if !errors.Is(err, context.Canceled) || !entable.IsError(err) || entable.IsRetryable(err) {
				t.Errorf("%s: %v (retryable: %t), want context.Canceled", name, err, entable.IsRetryable(err))
			}
		}
		if item := s.Load(tasks.Table(), taskKey("a", 1)); item != nil {
			t.Errorf("%v was written", item)
		}
	})
}

func TestContextThatEndsBetweenPages(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		for n := range 4 {
			check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		read := 0
		var last error
		for _, err := range tasks.Query(Task{List: "a"}).PageSize(2).All(ctx) {
			if last = err; err == nil {
				read++
			}
			cancel()
		}
		if read != 2 || !errors.Is(last, context.Canceled) {
			t.Errorf("read %d items and the error %v", read, last)
		}
	})
}

func TestThrottlingAndOutages(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		for _, test := range []struct {
			status               int
			code                 string
			throttled, retryable bool
		}{
			{400, "ProvisionedThroughputExceededException", true, true},
			{400, "ThrottlingException", true, true},
			{400, "RequestLimitExceeded", true, true},
			{500, "InternalServerError", false, true},
			{503, "ServiceUnavailable", false, true},
			{503, "ServiceUnavailableException", false, true},
			{502, "UnheardOf", false, true},
			{502, enginetest.NoJSON, false, true},
			{400, "RequestThrottled", true, true},
			{400, "ReplicatedWriteConflictException", false, true},
			{400, "TransactionConflictException", false, true},
			{400, "AccessDeniedException", false, false},
			{400, "ValidationException", false, false},
		} {
			s.Spy.Refuse(test.status, test.code)
			for name, op := range operations(t.Context(), tasks, &Task{List: "a", N: 1}) {
				err := op()
				var opErr *entable.OpError
				if !errors.As(err, &opErr) {
					t.Fatalf("%s: %v, want an *OpError", name, err)
				}
				if errors.Is(err, entable.ErrConflict) != strings.HasSuffix(test.code, "ConflictException") {
					t.Errorf("%s: %v", name, err)
				}
				if errors.Is(err, entable.ErrThrottled) != test.throttled || entable.IsRetryable(err) != test.retryable {
					t.Errorf("%s with %s: throttled %t, retryable %t", name, test.code, errors.Is(err, entable.ErrThrottled), entable.IsRetryable(err))
				}
			}
		}
		s.Spy.Reset()
		if item := s.Load(tasks.Table(), taskKey("a", 1)); item != nil {
			t.Errorf("%v was written", item)
		}
	})
}

// A reset or a time-out of the client in the middle of an answer is retryable, the end of the caller's context is not.
func TestAnswersThatBreak(t *testing.T) {
	reset := &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	for _, test := range []struct {
		err       error
		retryable bool
	}{{reset, true}, {os.ErrDeadlineExceeded, true}, {io.ErrUnexpectedEOF, true}, {context.DeadlineExceeded, false}, {context.Canceled, false}} {
		synctest.Test(t, func(t *testing.T) { // a batch waits before it asks again
			s := onMemory(t)
			line := &cutter{next: s.SDK.Options().HTTPClient, cut: whole, err: test.err}
			tasks := registerTasks(s.NewTable())
			tasks.Use(s.Through(line, enginetest.Once))
			line.cut = func(length int) (int, bool) { return length / 2, true }
			for name, read := range reads(tasks) {
				if _, err := read(t.Context()); err == nil || entable.IsRetryable(err) != test.retryable {
					t.Errorf("%s: %v: retryable %t, want %t", name, err, entable.IsRetryable(err), test.retryable)
				}
			}
		})
	}
}

type brokenLine struct{}

func (brokenLine) Do(*http.Request) (*http.Response, error) { return nil, errors.New("broken line") }

func TestBrokenConnectionIsRetryable(t *testing.T) {
	s := onMemory(t)
	tasks := registerTasks(s.Declare())
	tasks.Use(s.Through(brokenLine{}, enginetest.Once))
	for name, op := range operations(t.Context(), tasks, &Task{List: "a", N: 1}) {
		if err := op(); !entable.IsError(err) || !entable.IsRetryable(err) || errors.Is(err, entable.ErrThrottled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The limit is the service's: an item of exactly 400 KB is taken by it and by us, one byte more by neither.
func TestLargestItem(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		task := Task{List: "a", N: 1, Extra: []any{map[string]any{"ä": 1.5, "none": nil, "yes": true, "bytes": []byte{1, 2}}}}
		check(t, tasks.Put(t.Context(), &task)) // to learn the size of the rest
		task.Text = strings.Repeat("x", 409_600)
		err := tasks.Put(t.Context(), &task)
		large, ok := errors.AsType[*entable.ItemTooLargeError](err)
		if !ok || large.Max != 409_600 || large.Entity != "Task" {
			t.Fatalf("an item above 400 KB: %v", err)
		}
		if want := fmt.Sprintf(`entable: Task[pk="TL#a" sk="TN#0000000000000000001"]: item of %d bytes is above the limit of 409600`, large.Size); err.Error() != want {
			t.Errorf("error\n%s, want\n%s", err, want)
		}
		if stored := s.Load(tasks.Table(), taskKey("a", 1)); stored["text"] != nil {
			t.Error("the refused item was written")
		}

		task.Text = task.Text[:len(task.Text)-(large.Size-large.Max)]
		check(t, tasks.Put(t.Context(), &task))
		got, err := tasks.Get(t.Context(), task)
		check(t, err)
		if got.Text != task.Text {
			t.Error("the largest item comes back changed")
		}

		s.Spy.Reset()
		task.Text += "x"
		if err := tasks.Create(t.Context(), &task); !is[*entable.ItemTooLargeError](err) || s.Spy.Sent("") != 0 {
			t.Errorf("one byte more: %v", err)
		}
		// The service agrees.
		item := s.Load(tasks.Table(), taskKey("a", 1))
		item["text"] = avS(task.Text)
		_, err = s.SDK.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(tasks.Table().Name()), Item: item})
		if err == nil {
			t.Error("the service takes an item of 409601 bytes")
		}
	})
}

func TestMaxSizeOfEntityAndTable(t *testing.T) {
	s := onMemory(t)
	table := s.NewTable(entable.MaxSize(1000))
	tasks := registerTasks(table)
	carts := entable.Register[Cart](table, entable.MaxSize(100))
	orders := entable.Register[Order](table, entable.MaxSize(500_000))
	for _, test := range []struct {
		name  string
		write func(text string) error
		max   int
	}{
		{"table", func(text string) error { return tasks.Put(t.Context(), &Task{List: "a", Text: text}) }, 1000},
		{"entity", func(text string) error { return carts.Put(t.Context(), &Cart{ID: text}) }, 100},
		{"service", func(text string) error { return orders.Put(t.Context(), &Order{ID: "1", Tags: []string{text}}) }, 409_600},
	} {
		if err := test.write("x"); err != nil {
			t.Errorf("%s: a small item: %v", test.name, err)
		}
		err := test.write(strings.Repeat("x", min(test.max, 2000)) + strings.Repeat("y", max(0, test.max-2000)))
		if large, ok := errors.AsType[*entable.ItemTooLargeError](err); !ok || large.Max != test.max {
			t.Errorf("%s: %v, want a limit of %d", test.name, err, test.max)
		}
	}
}

// What an update by key makes too large by itself is refused before the request, the rest by the service, in the same words.
func TestSizesOfUpdates(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table, ctx := s.NewTable(), t.Context()
		small := entable.Register[Doc](table, entable.MaxSize(200))
		tasks := registerTasks(table)
		long, huge := strings.Repeat("x", 300), strings.Repeat("x", 350<<10)
		for name, u := range map[string]interface{ Do(context.Context) error }{
			"Set":         small.Update(Doc{ID: "1"}).Set("editor", long).Upsert(),
			"two":         small.Update(Doc{ID: "1"}).Set("editor", long[:100]).Append("words", []string{long[:90]}),
			"Append":      small.Update(Doc{ID: "1"}).Append("words", []string{long}),
			"Prepend":     small.Update(Doc{ID: "1"}).Prepend("words", []string{long}),
			"an element":  small.Update(Doc{ID: "1"}).Set("words[0]", long),
			"Add":         tasks.Update(Task{List: "a"}).Add("tags", []string{huge, huge[1:]}).Upsert(),
			"an open one": tasks.Update(Task{List: "a"}).Set("extra", []string{huge, huge}).Upsert(),
		} {
			s.Spy.Reset()
			if err := u.Do(ctx); !is[*entable.ItemTooLargeError](err) || s.Spy.Sent("") > 0 {
				t.Errorf("%s: error %v after %d requests", name, err, s.Spy.Sent(""))
			}
		}
		check(t, small.Update(Doc{ID: "1"}).Set("editor", long[:100]).SetIfAbsent("title", "x").Remove("words").Upsert().Do(ctx))
		check(t, tasks.Put(ctx, &Task{List: "a", Text: huge}))
		grow := tasks.Update(Task{List: "a"}).Set("extra", huge)
		for name, err := range map[string]error{"Update": grow.Do(ctx), "Transact": entable.Transact(ctx, []entable.Write{grow})} {
			if !is[*entable.ItemTooLargeError](err) {
				t.Errorf("%s of an item that is too large with what is stored: %v", name, err)
			}
		}
	})
}
