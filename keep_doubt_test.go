package entable_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/memory"
)

// opaque is a Client that does not pass options on, as one of another transport: its attempts cannot be seen.
type opaque struct {
	entable.Client
	err func() error
}

func (c opaque) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	return nil, c.err()
}

func (c opaque) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	return nil, c.err()
}

// Of a client whose attempts cannot be seen the error tells whether a write may have happened.
func TestUnknownOutcomesOfOtherClients(t *testing.T) {
	yes := expression.AttributeExists(expression.Name("pk"))
	for _, test := range []struct {
		name    string
		err     error
		unknown bool
	}{
		{"refused", &smithy.GenericAPIError{Code: "ValidationException", Message: "no"}, false},
		{"throttled", &types.ProvisionedThroughputExceededException{}, false},
		{"server error", &types.InternalServerError{}, true},
		{"cancelled", fmt.Errorf("sending: %w", context.Canceled), true},
		{"timed out", fmt.Errorf("sending: %w", context.DeadlineExceeded), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tasks := registerTasks(entable.NewTable("tasks"))
				tasks.Table().Use(opaque{err: func() error { return test.err }})
				err := entable.BatchWrite(t.Context(), []entable.Write{
					tasks.PutOp(&Task{List: "a", N: 1}), tasks.DeleteOp(Task{List: "a", N: 2}, entable.If(yes)),
				}, entable.Attempts(2))
				b, ok := errors.AsType[*entable.BatchError](err)
				if !ok || len(b.Failures) != 2 || !errors.Is(err, test.err) {
					t.Fatalf("error %v", err)
				}
				for _, f := range b.Failures {
					if f.Unknown != test.unknown {
						t.Errorf("%+v, want unknown %t", f, test.unknown)
					}
				}
			})
		})
	}

	// What comes behind the end of the context was not sent, and is not unknown.
	tasks := registerTasks(entable.NewTable("tasks"))
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	tasks.Table().Use(opaque{err: func() error { calls++; cancel(); return ctx.Err() }})
	var writes []entable.Write
	for n := range 60 {
		writes = append(writes, tasks.PutOp(&Task{List: "a", N: n}))
	}
	b, ok := errors.AsType[*entable.BatchError](entable.BatchWrite(ctx, writes, entable.Concurrency(1)))
	if !ok || calls != 1 || len(b.Failures) != 60 {
		t.Fatalf("%d calls, %v", calls, b)
	}
	for i, f := range b.Failures {
		if f.Unknown != (i < 25) || !errors.Is(f.Err, context.Canceled) {
			t.Errorf("failure %+v", f)
		}
	}
}

// A batch goes on where the SDK's retries gave up.
func TestBatchesGoOnAfterTheRetriesOfTheSDK(t *testing.T) {
	for _, fault := range []memory.Fault{memory.Throttle(), memory.InternalError(), memory.DropBefore(), memory.DropAfter()} {
		synctest.Test(t, func(t *testing.T) {
			s := badLine(t, enginetest.Direct)
			tasks := registerTasks(s.NewTable())
			s.DB.Inject(fault.On("BatchWriteItem").Times(7)) // of three attempts each
			start := time.Now()
			check(t, entable.BatchWrite(t.Context(), []entable.Write{tasks.PutOp(&Task{List: "a", N: 1})}))
			if time.Since(start) > time.Minute {
				t.Errorf("it took %s", time.Since(start))
			}
		})
	}
}

// An error of a hook behind a write of a batch is reported; the item is written, and that is known.
func TestErrorsOfHooksBehindWritesOfABatch(t *testing.T) {
	bad := errors.New("bad")
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		events := entable.Register[Event](table, entable.PK("id"), entable.SK("slug"))
		items := entable.Register[Doc](table)
		ctx, log := hooked(t)
		log.after = func(*Event) error { return bad }
		docLog := &docLog{updated: func(*Doc) error { return bad }}
		ctx = context.WithValue(ctx, docKey{}, docLog)
		doc := newDoc()
		check(t, items.Put(ctx, &doc))
		event := Event{ID: "1", Slug: "a"}
		err := entable.BatchWrite(ctx, []entable.Write{events.PutOp(&event), items.Patch(&doc).Set("title", "new")})
		b, ok := errors.AsType[*entable.BatchError](err)
		if !ok || len(b.Failures) != 2 || !errors.Is(err, bad) {
			t.Fatalf("error %v", err)
		}
		for _, f := range b.Failures {
			if f.Unknown || !is[*entable.HookError](f.Err) {
				t.Errorf("failure %+v", f)
			}
		}
		if event.State != "new" || doc.Title != "new" {
			t.Errorf("the caller has %+v and %+v", event, doc)
		}
		if _, err := events.Get(t.Context(), event); err != nil {
			t.Error(err)
		}
	})
}
