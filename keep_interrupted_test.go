package entable_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/memory"
)

// reads are all ways to read the tasks 0 to 9 of list "a"; each returns the numbers that it has read.
func reads(tasks *entable.Entity[Task]) map[string]func(context.Context) ([]int, error) {
	table, example := tasks.Table(), Task{List: "a"}
	keys, examples := make([]Task, 10), make([]any, 10)
	for n := range keys {
		keys[n] = Task{List: "a", N: n}
		examples[n] = &keys[n]
	}
	type Lists struct{ Tasks []Task }
	lists := entable.NewCollection[Lists](tasks)
	one := func(v any, err error) ([]int, error) {
		if task, ok := v.(*Task); ok && task != nil {
			return []int{task.N}, err
		}
		return nil, err
	}
	return map[string]func(context.Context) ([]int, error){
		"Get":   func(ctx context.Context) ([]int, error) { return one(tasks.Get(ctx, keys[3])) },
		"Query": func(ctx context.Context) ([]int, error) { return numbersOf(tasks.Query(example).PageSize(4).All(ctx)) },
		"First": func(ctx context.Context) ([]int, error) { return one(tasks.Query(example).First(ctx)) },
		"One":   func(ctx context.Context) ([]int, error) { return one(tasks.Query(example).Equal(keys[3]).One(ctx)) },
		"Count": func(ctx context.Context) ([]int, error) {
			n, err := tasks.Query(example).Count(ctx)
			return make([]int, n), err
		},
		"Table.Query": func(ctx context.Context) ([]int, error) { return numbersOf(table.Query(example).PageSize(4).All(ctx)) },
		"Scan":        func(ctx context.Context) ([]int, error) { return numbersOf(tasks.Scan().PageSize(4).All(ctx)) },
		"segments": func(ctx context.Context) ([]int, error) {
			return numbersOf(tasks.Scan().Segments(4).PageSize(2).All(ctx))
		},
		"Page": func(ctx context.Context) ([]int, error) {
			page, err := tasks.Query(example).Page(ctx)
			if err != nil {
				return nil, err
			}
			return numbersIn(page.Items), nil
		},
		"BatchGet": func(ctx context.Context) ([]int, error) {
			found, err := tasks.BatchGet(ctx, keys)
			return numbersIn(found), err
		},
		"TransactGet": func(ctx context.Context) ([]int, error) {
			found, err := table.TransactGet(ctx, examples)
			return numbersIn(found), err
		},
		"Collection": func(ctx context.Context) ([]int, error) {
			found, err := lists.Get(ctx, example)
			if err != nil {
				return nil, err
			}
			var all []int
			for _, task := range found.Tasks {
				all = append(all, task.N)
			}
			return all, nil
		},
	}
}

// numbersOf ranges over tasks until an error, and sorts what a scan gives in no order.
func numbersOf[I any](items func(func(I, error) bool)) (all []int, err error) {
	for v, err := range items {
		if err != nil {
			return all, err
		}
		all = append(all, numbersIn([]I{v})...)
	}
	slices.Sort(all)
	return all, nil
}

func numbersIn[I any](items []I) (all []int) {
	for _, v := range items {
		if task, ok := any(v).(*Task); ok && task != nil {
			all = append(all, task.N)
		}
	}
	return all
}

// writes are all ways to write one task.
func writes(tasks *entable.Entity[Task]) map[string]func(context.Context) error {
	v := Task{List: "a", N: 77, Text: "x"}
	after := v
	after.Text = "y"
	return map[string]func(context.Context) error{
		"Put":         func(ctx context.Context) error { return tasks.Put(ctx, new(v)) },
		"Create":      func(ctx context.Context) error { return tasks.Create(ctx, new(v)) },
		"Update":      func(ctx context.Context) error { return tasks.Update(v).Upsert().Set("text", "z").Do(ctx) },
		"Patch":       func(ctx context.Context) error { return tasks.Patch(new(v)).Set("text", "z").Do(ctx) },
		"SaveChanges": func(ctx context.Context) error { return tasks.SaveChanges(ctx, v, new(after)) },
		"Delete":      func(ctx context.Context) error { return tasks.Delete(ctx, v) },
		"Remove":      func(ctx context.Context) error { return tasks.Remove(ctx, new(v)) },
		"Transact":    func(ctx context.Context) error { return entable.Transact(ctx, []entable.Write{tasks.PutOp(new(v))}) },
		"BatchWrite":  func(ctx context.Context) error { return entable.BatchWrite(ctx, []entable.Write{tasks.PutOp(new(v))}) },
		"single in a batch": func(ctx context.Context) error {
			return entable.BatchWrite(ctx, []entable.Write{tasks.DeleteOp(v, entable.If(expression.AttributeExists(expression.Name("pk"))))})
		},
	}
}

// Whatever is under way ends when its context does, with an error that says so and does not ask to try again.
func TestOperationsEndWithTheirContext(t *testing.T) {
	for _, route := range enginetest.Routes {
		t.Run(string(route), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := badLine(t, route)
				tasks := registerTasks(s.NewTable())
				all := writes(tasks)
				for name, read := range reads(tasks) {
					all[name] = func(ctx context.Context) error { _, err := read(ctx); return err }
				}
				for n := range 10 {
					check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
				}
				defer s.DB.Inject(memory.Delay(time.Hour))()
				for name, op := range all {
					ctx, cancel := context.WithCancel(t.Context())
					time.AfterFunc(10*time.Second, cancel)
					start := time.Now()
					err := op(ctx)
					if late := time.Since(start) - 10*time.Second; late < 0 || late > 100*time.Millisecond {
						t.Errorf("%s ends %s after the cancellation", name, late)
					}
					if !errors.Is(err, context.Canceled) || !entable.IsError(err) || entable.IsRetryable(err) {
						t.Errorf("%s: error %v", name, err)
					}
				}
			})
		})
	}
}

// cutter is an HTTP client that cuts the answers to some requests short.
type cutter struct {
	next  dynamodb.HTTPClient
	clean bool  // the end looks like that of the answer
	err   error // how it breaks off otherwise; nil: as a connection that is closed

	mu  sync.Mutex
	cut func(length int) (at int, ok bool) // under mu
	// again lets the answer to a request that was cut before through.
	again bool
	seen  map[string]bool // under mu: the requests whose answers were cut
}

func (c *cutter) Do(r *http.Request) (*http.Response, error) {
	request, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(request))
	response, err := c.next.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body.Close()
	var end io.Reader = bytes.NewReader(nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.cut(len(body)); ok && !(c.again && c.seen[string(request)]) {
		if c.again {
			c.seen[string(request)] = true
		}
		if body = body[:at]; !c.clean {
			end = iotest.ErrReader(cmp.Or(c.err, io.ErrUnexpectedEOF))
		}
	}
	response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), end))
	return response, nil
}

// An answer that is cut anywhere is an error that says so, on every route: no read ends early without one.
func TestAnswersCutShort(t *testing.T) {
	rnd := trial.Rand(t)
	for _, route := range enginetest.Routes {
		for _, clean := range []bool{false, true} {
			t.Run(fmt.Sprint(route, " clean ", clean), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := badLine(t, route)
					line := &cutter{next: s.SDK.Options().HTTPClient, clean: clean, cut: whole}
					s.Client = route.Client(s.Through(line, enginetest.Once))
					tasks := registerTasks(s.NewTable())
					for n := range 10 {
						check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
					}
					first := 0
					if clean && route != enginetest.Direct {
						first = 1 // an empty answer is one without content to the SDK
					}
					line.cut = func(length int) (int, bool) { return first + rnd.IntN(length-first), true }
					for name, read := range reads(tasks) {
						for range 10 {
							got, err := read(t.Context())
							if err == nil || !entable.IsError(err) || len(got) > 0 || !clean && !entable.IsRetryable(err) {
								t.Fatalf("%s: read %v, error %v (retryable %t)", name, got, err, entable.IsRetryable(err))
							}
						}
					}
					for range 10 { // only the second page
						pages := 0
						line.cut = func(length int) (int, bool) { pages++; return first + rnd.IntN(length-first), pages == 2 }
						got, err := numbersOf(tasks.Query(Task{List: "a"}).PageSize(4).All(t.Context()))
						if err == nil || !slices.Equal(got, []int{0, 1, 2, 3}) {
							t.Errorf("read %v, error %v", got, err)
						}
					}
				})
			})
		}
	}
}

func whole(int) (int, bool) { return 0, false }

// An answer cut short is asked for again by the SDK's retries, and its items are given out once.
func TestAnswersCutShortAreAskedForAgain(t *testing.T) {
	rnd := trial.Rand(t)
	s := onMemory(t)
	line := &cutter{next: s.SDK.Options().HTTPClient, cut: whole}
	s.Client = dynamodb.New(s.SDK.Options(), func(o *dynamodb.Options) {
		o.HTTPClient = line
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			o.RateLimiter = unlimited{}
		})
	})
	tasks := registerTasks(s.NewTable())
	for n := range 10 {
		check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
	}
	for name, read := range reads(tasks) {
		want, err := read(t.Context())
		check(t, err)
		line.cut, line.again = func(length int) (int, bool) { return rnd.IntN(length), true }, true
		for range 10 {
			line.seen = map[string]bool{}
			got, err := read(t.Context())
			if err != nil || !slices.Equal(got, want) || len(line.seen) == 0 {
				t.Errorf("%s: read %v, want %v (%v), %d answers cut", name, got, want, err, len(line.seen))
			}
		}
		line.cut, line.again = whole, false
	}
}

// unlimited lets the SDK retry as often as it likes.
type unlimited struct{}

func (unlimited) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (unlimited) AddTokens(uint) error { return nil }

// A write whose answer was cut short has happened; a batch says that it does not know.
func TestWritesWhoseAnswersAreCutShort(t *testing.T) {
	for _, route := range enginetest.Routes {
		t.Run(string(route), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := badLine(t, route)
				line := &cutter{next: s.SDK.Options().HTTPClient, cut: whole}
				s.Client = route.Client(s.Through(line, enginetest.Once))
				tasks := registerTasks(s.NewTable())
				for n := range 3 {
					check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
				}
				line.cut = func(length int) (int, bool) { return length / 2, true }
				for name, write := range writes(tasks) {
					err := write(t.Context())
					if !entable.IsError(err) || !entable.IsRetryable(err) && name != "Patch" && name != "SaveChanges" && name != "single in a batch" {
						t.Errorf("%s: error %v", name, err)
					}
				}
				task := Task{List: "b", N: 1}
				batch := func() error {
					return entable.BatchWrite(t.Context(), []entable.Write{tasks.PutOp(&task), tasks.Update(Task{List: "b", N: 2}).Upsert().Set("text", "x")}, entable.Attempts(3))
				}
				b, ok := errors.AsType[*entable.BatchError](batch())
				if !ok || len(b.Failures) != 2 || !b.Failures[0].Unknown || !b.Failures[1].Unknown {
					t.Errorf("error %+v", b)
				}
				items, err := s.DB.Items(tasks.Table().Name())
				check(t, err)
				stored := 0
				for _, item := range items {
					if item["pk"].(*types.AttributeValueMemberS).Value == "TL#b" {
						stored++
					}
				}
				if stored != 2 {
					t.Errorf("%d of 2 items are stored", stored)
				}
				attempt := 0
				line.cut = func(length int) (int, bool) { attempt++; return 0, attempt == 1 }
				check(t, entable.BatchWrite(t.Context(), []entable.Write{tasks.PutOp(&task)}))
			})
		})
	}
}

// What a failed attempt of a batch of reads has given does not count: an item may be gone since. An
// interceptor may fail an attempt whose answer was fine.
func TestBatchGetForgetsFailedAttempts(t *testing.T) {
	s := onMemory(t)
	attempts := 0
	var tasks *entable.Entity[Task]
	failOnce := middleware.DeserializeMiddlewareFunc("FailOnce", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if attempts++; attempts == 1 {
			check(t, err)
			_, err = s.SDK.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String(tasks.Table().Name()), Key: taskKey("a", 1)})
			check(t, err)
			err = &types.InternalServerError{}
		}
		return out, metadata, err
	})
	tasks = registerTasks(s.NewTable())
	keys := []Task{{List: "a", N: 1}, {List: "a", N: 2}}
	for _, k := range keys {
		check(t, tasks.Put(t.Context(), &k))
	}
	tasks.Use(dynamodb.New(s.SDK.Options(), func(o *dynamodb.Options) {
		o.Retryer = retry.AddWithMaxBackoffDelay(retry.NewStandard(), time.Nanosecond)
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error { return stack.Deserialize.Add(failOnce, middleware.Before) })
	}))
	found, err := tasks.BatchGet(t.Context(), keys)
	if err != nil || attempts != 2 || found[0] != nil || found[1] == nil {
		t.Errorf("found %v by %d attempts (%v)", found, attempts, err)
	}
}
