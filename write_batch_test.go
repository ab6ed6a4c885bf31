package entable_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/memory"
)

// Parts of all kinds go through one batch; the structs have their values afterwards.
func TestBatchWrite(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		numbers := s.NewTable(entable.PartitionKey("p", types.ScalarAttributeTypeN), entable.SortKey("s", types.ScalarAttributeTypeN))
		table := s.NewTable()
		parcels, counters, users := declareParcels(table), entable.Register[Counter](table), entable.Register[User](table)
		points := entable.Register[Point](numbers, entable.PK("x"), entable.SK("y"))
		ctx := t.Context()
		for i := range 10 {
			check(t, parcels.Put(ctx, &Parcel{ID: fmt.Sprint("old", i), Status: "new", Address: ParcelAddress{City: "x"}}))
		}
		var writes []entable.Write
		var created []*Counter
		for i := range 60 {
			writes = append(writes, parcels.PutOp(&Parcel{ID: fmt.Sprint(i), Status: "new", Address: ParcelAddress{City: "x"}}))
			writes = append(writes, points.PutOp(&Point{i, float64(i) * 1e30}))
			if i < 10 {
				created = append(created, &Counter{ID: fmt.Sprint(i)})
				writes = append(writes, parcels.DeleteOp(Parcel{ID: fmt.Sprint("old", i)}), counters.PutOp(created[i]),
					users.CreateOp(&User{ID: fmt.Sprint(i), Email: fmt.Sprint(i)}))
			}
		}
		check(t, entable.BatchWrite(ctx, writes, entable.Concurrency(3)))
		for i := range 60 {
			if _, err := parcels.Get(ctx, Parcel{ID: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
			if _, err := points.Get(ctx, Point{i, float64(i) * 1e30}); err != nil {
				t.Error(err)
			}
		}
		for i, c := range created {
			if got, err := counters.Get(ctx, *c); err != nil || c.Version != 1 || *got != *c {
				t.Errorf("counter %d: the caller has %+v, stored %+v, %v", i, c, got, err)
			}
			if _, err := parcels.Get(ctx, Parcel{ID: fmt.Sprint("old", i)}); !errors.Is(err, entable.ErrNotFound) {
				t.Errorf("parcel %d is not deleted: %v", i, err)
			}
		}
		checkUsers, _ := sentinels(t, s, table)
		if len(checkUsers) != 10 {
			t.Errorf("%d sentinels, want 10", len(checkUsers))
		}
		check(t, entable.BatchWrite(ctx, nil))
	})
}

// Point has number keys.
type Point struct {
	X int     `dynamodbav:"x"`
	Y float64 `dynamodbav:"y"`
}

// Plain requests go 25 at a time, others one by one.
func TestRequestsOfABatch(t *testing.T) {
	s := onMemory(t)
	table := s.NewTable()
	parcels, counters := declareParcels(table), entable.Register[Counter](table)
	var writes []entable.Write
	for i := range 51 {
		writes = append(writes, parcels.DeleteOp(Parcel{ID: fmt.Sprint(i)}))
	}
	writes = append(writes, counters.PutOp(&Counter{ID: "1"}), parcels.DeleteOp(Parcel{ID: "x"}, entable.If(expression.AttributeNotExists(expression.Name("pk")))),
		upsertParcel(parcels, "y").Set("count", 1))
	s.Spy.Reset()
	check(t, entable.BatchWrite(t.Context(), writes))
	for op, want := range map[string]int{"BatchWriteItem": 3, "PutItem": 1, "DeleteItem": 1, "UpdateItem": 1, "": 6} {
		if n := s.Spy.Sent(op); n != want {
			t.Errorf("%d requests %s, want %d", n, op, want)
		}
	}
}

// What fails is named, and everything else is written.
func TestFailuresOfABatch(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		counters := entable.Register[Counter](s.NewTable())
		ctx := t.Context()
		var writes []entable.Write
		items := make([]Counter, 30)
		for i := range items {
			items[i].ID = fmt.Sprint(i)
			if i%10 == 3 {
				items[i].Version = 9 // stale
			}
			writes = append(writes, counters.PutOp(&items[i]))
		}
		err := entable.BatchWrite(ctx, writes)
		b, ok := errors.AsType[*entable.BatchError](err)
		if !ok || b.Total != 30 || len(b.Failures) != 3 {
			t.Fatalf("error %v", err)
		}
		for n, f := range b.Failures {
			i := n*10 + 3
			if f.Index != i || f.Write != writes[i] || f.Entity != "Counter" || f.Key != fmt.Sprintf(`pk="CI#%d" sk="A"`, i) || f.Unknown || !is[*entable.ConditionFailedError](f.Err) {
				t.Errorf("failure %+v", f)
			}
		}
		for i := range items {
			_, err := counters.Get(ctx, items[i])
			if failed := i%10 == 3; failed != errors.Is(err, entable.ErrNotFound) || !failed && items[i].Version != 1 || failed && items[i].Version != 9 {
				t.Errorf("item %d: %v, the caller has %+v", i, err, items[i])
			}
		}
	})
}

// badLine is a database with faults, on which every wait takes no time inside a synctest bubble.
func badLine(t *testing.T, route enginetest.Route) *setup {
	way := enginetest.Way{Engine: enginetest.Memory, Route: route}
	return way.Open(t, func(o *dynamodb.Options) { o.RetryMaxAttempts = 3 })
}

// Ten thousand items written by eight goroutines over a bad line are all there once, or named.
func TestNothingLostNothingDoubled(t *testing.T) {
	for _, route := range enginetest.Routes {
		t.Run(string(route), func(t *testing.T) {
			rnd, batches := trial.Rand(t), 1
			if route == enginetest.Direct {
				batches = 5
			}
			synctest.Test(t, func(t *testing.T) {
				s := badLine(t, route)
				writeOverABadLine(t, s, rnd, batches)
			})
		})
	}
}

func writeOverABadLine(t *testing.T, s *setup, rnd *rand.Rand, batches int) {
	const goroutines, size = 8, 250
	events := entable.Register[Entry](s.NewTable(), entable.PK("source"), entable.SK("id"))
	var mu sync.Mutex
	chance := func(percent int) func(memory.Request) bool {
		return func(memory.Request) bool {
			mu.Lock()
			defer mu.Unlock()
			return rnd.IntN(100) < percent
		}
	}
	s.DB.Inject(memory.Throttle().When(chance(20)), memory.InternalError().When(chance(10)), memory.Unavailable().When(chance(5)),
		memory.DropBefore().When(chance(10)), memory.DropAfter().When(chance(10)), memory.Unprocessed(7).When(chance(40)),
		memory.Unprocessed(0).When(chance(5)))
	written, unknown := map[string]bool{}, map[string]bool{} // by id
	unwritten := map[string]bool{}
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for range batches {
				items := make([]Entry, size)
				writes := make([]entable.Write, size)
				for i := range items {
					items[i] = Entry{Source: fmt.Sprint(g), Text: "x"}
					writes[i] = events.PutOp(&items[i])
				}
				err := entable.BatchWrite(t.Context(), writes, entable.Attempts(3))
				failed := map[int]entable.BatchFailure{}
				if b, ok := errors.AsType[*entable.BatchError](err); ok {
					for _, f := range b.Failures {
						failed[f.Index] = f
					}
				} else if err != nil {
					t.Error(err)
				}
				mu.Lock()
				for i, item := range items {
					switch f, bad := failed[i]; {
					case item.ID == "":
						t.Error("an item has no id")
					case !bad:
						written[item.ID] = true
						if item.Status != "new" {
							t.Errorf("written, but the caller has %+v", item)
						}
					case f.Unknown:
						unknown[item.ID] = true
					default:
						unwritten[item.ID] = true
					}
					if _, bad := failed[i]; bad && item.Status != "" {
						t.Errorf("failed, but the caller has %+v", item)
					}
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	stored := map[string]bool{}
	items, err := s.DB.Items(events.Table().Name())
	check(t, err)
	for _, item := range items {
		id := item["id"].(*types.AttributeValueMemberS).Value
		if stored[id] || unwritten[id] || !written[id] && !unknown[id] {
			t.Errorf("%s is stored: before %t, named as not written %t", id, stored[id], unwritten[id])
		}
		stored[id] = true
	}
	for id := range written {
		if !stored[id] {
			t.Errorf("%s is lost", id)
		}
	}
	if n := len(written) + len(unknown) + len(unwritten); n != goroutines*batches*size {
		t.Errorf("%d items are accounted for", n)
	}
	t.Logf("%d written, %d unknown of which %d stored, %d not written", len(written), len(unknown), len(stored)-len(written), len(unwritten))
}

// Entry is written many times.
type Entry struct {
	Source string `dynamodbav:"source"`
	ID     string `dynamodbav:"id" entable:"auto=ulid"`
	Text   string `dynamodbav:"text"`
	Status string `dynamodbav:"status" entable:"default=new"`
}

// A batch over a line that only delays and throttles writes everything in the end.
func TestUnprocessedItemsAreSentAgain(t *testing.T) {
	for _, keys := range []string{"text", "numbers"} {
		t.Run(keys, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := badLine(t, enginetest.Direct)
				s.DB.Inject(memory.Unprocessed(5).On("BatchWriteItem"))
				var opts []entable.TableOption
				if keys == "numbers" {
					opts = []entable.TableOption{entable.PartitionKey("p", types.ScalarAttributeTypeN), entable.SortKey("s", types.ScalarAttributeTypeN)}
				}
				points := entable.Register[Point](s.NewTable(opts...), entable.PK("x"), entable.SK("y"))
				var writes []entable.Write
				for i := range 25 {
					writes = append(writes, points.PutOp(&Point{i, float64(i) * 1e25}))
				}
				check(t, entable.BatchWrite(t.Context(), writes))
				if items, _ := s.DB.Items(points.Table().Name()); len(items) != 25 {
					t.Errorf("%d items are stored, want 25", len(items))
				}

				// Without progress it ends, and says that nothing of the rest was written.
				s.DB.Inject(memory.Unprocessed(0).On("BatchWriteItem"))
				start := time.Now()
				err := entable.BatchWrite(t.Context(), []entable.Write{points.DeleteOp(Point{1, 1e25})}, entable.Attempts(4))
				b, ok := errors.AsType[*entable.BatchError](err)
				if !ok || !errors.Is(err, entable.ErrThrottled) || b.Failures[0].Unknown || time.Since(start) > time.Second {
					t.Errorf("error %v after %s", err, time.Since(start))
				}
				if want := `entable: batch: 1 of 1 writes failed, the first at 0, Point[`; !strings.HasPrefix(err.Error(), want) ||
					!strings.HasSuffix(err.Error(), "throttled: still unprocessed after 4 attempts without progress") {
					t.Errorf("error %s", err)
				}
			})
		})
	}
}

// When the context ends the batch returns at once: what is under way is unknown, what was answered is
// written or not, and the rest was not sent.
func TestCancelledBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := badLine(t, enginetest.Direct)
		entries := entable.Register[Entry](s.NewTable(), entable.PK("source"), entable.SK("id"))
		s.DB.Inject(memory.Delay(time.Minute).On("BatchWriteItem").After(2).Times(2), memory.Throttle().On("BatchWriteItem").After(4))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		items := make([]Entry, 25*7)
		var writes []entable.Write
		for i := range items {
			items[i] = Entry{Source: "s", ID: fmt.Sprintf("%03d", i)}
			writes = append(writes, entries.PutOp(&items[i]))
		}
		time.AfterFunc(10*time.Second, cancel)
		start := time.Now()
		err := entable.BatchWrite(ctx, writes, entable.Concurrency(2))
		if late := time.Since(start) - 10*time.Second; late < 0 || late > 100*time.Millisecond {
			t.Errorf("it returns %s after the cancellation", late)
		}
		b, ok := errors.AsType[*entable.BatchError](err)
		if !ok || !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
		written, unknown, unsent := 25*7-len(b.Failures), 0, 0
		for _, f := range b.Failures {
			if f.Unknown {
				unknown++
			} else {
				unsent++
			}
		}
		if written != 50 || unknown != 50 || unsent != 75 {
			t.Errorf("%d written, %d unknown, %d not sent", written, unknown, unsent)
		}
	})
}

// The outcome is unknown only when an attempt may have been carried out, whatever the last one says.
func TestUnknownOutcomes(t *testing.T) {
	for _, test := range []struct {
		name    string
		faults  []memory.Fault
		unknown bool
		stored  bool
	}{
		{"throttled", []memory.Fault{memory.Throttle()}, false, false},
		{"dropped before", []memory.Fault{memory.DropBefore()}, true, false},
		{"dropped after", []memory.Fault{memory.DropAfter()}, true, true},
		{"server error", []memory.Fault{memory.InternalError()}, true, false},
		{"dropped after then throttled", []memory.Fault{memory.DropAfter().Times(1), memory.Throttle().After(1)}, true, true},
		{"throttled then refused", []memory.Fault{memory.Throttle().Times(1), memory.Error("AccessDeniedException", "no")}, false, false},
		{"refused", []memory.Fault{memory.Error("AccessDeniedException", "no")}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, single := range []bool{false, true} {
					s := badLine(t, enginetest.Direct)
					table := s.NewTable()
					entries, counters := entable.Register[Entry](table, entable.PK("source"), entable.SK("id")), entable.Register[Counter](table)
					write := entable.Write(entries.PutOp(&Entry{Source: "s"}))
					if single {
						write = counters.Update(Counter{ID: "1"}).Upsert().Set("sum", 1)
					}
					s.DB.Inject(test.faults...)
					err := entable.BatchWrite(t.Context(), []entable.Write{write}, entable.Attempts(2))
					b, ok := errors.AsType[*entable.BatchError](err)
					if !ok || b.Failures[0].Unknown != test.unknown {
						t.Errorf("single %t: error %v, unknown %t, want %t", single, err, ok && b.Failures[0].Unknown, test.unknown)
					}
					if items, _ := s.DB.Items(table.Name()); len(items) == 1 != test.stored {
						t.Errorf("single %t: %d items are stored", single, len(items))
					}
				}
			})
		})
	}
}

// No more requests are under way than asked for, over all the callers of one writer.
func TestConcurrencyOfBatches(t *testing.T) {
	s := onMemory(t)
	entries := entable.Register[Entry](s.NewTable(), entable.PK("source"), entable.SK("id"))
	var now, most atomic.Int32
	entries.Table().Use(batchClient{wrapper{s.SDK}, func() func() {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		return func() { now.Add(-1) }
	}})
	w := entable.NewBatchWriter(entable.Concurrency(3))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 100 {
				if err := w.Write(t.Context(), entries.PutOp(&Entry{Source: fmt.Sprint(g), ID: fmt.Sprint(i)})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	check(t, w.Close(t.Context()))
	check(t, w.Close(t.Context()))
	if n := len(scanIDs(t, s, entries.Table())); n != 800 {
		t.Errorf("%d items are stored, want 800", n)
	}
	if most.Load() > 3 {
		t.Errorf("%d requests were under way, want 3", most.Load())
	}
}

// batchClient watches batch requests.
type batchClient struct {
	wrapper
	enter func() (leave func())
}

func (c batchClient) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	defer c.enter()()
	return c.wrapper.BatchWriteItem(ctx, in, opts...)
}

func scanIDs(t *testing.T, s *setup, table *entable.Table) (ids []string) {
	in := &dynamodb.ScanInput{TableName: aws.String(table.Name())}
	for p := dynamodb.NewScanPaginator(s.SDK, in); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		check(t, err)
		for _, item := range page.Items {
			ids = append(ids, item["id"].(*types.AttributeValueMemberS).Value)
		}
	}
	slices.Sort(ids)
	return ids
}

// A writer sends when it has enough, on Flush and on Close; the error of one write names all that were
// not written for it.
func TestBatchWriter(t *testing.T) {
	s := onMemory(t)
	entries := entable.Register[Entry](s.NewTable(), entable.PK("source"), entable.SK("id"))
	ctx := t.Context()
	w := entable.NewBatchWriter(entable.Concurrency(2))
	items := make([]Entry, 120)
	s.Spy.Reset()
	for i := range items {
		items[i] = Entry{Source: "s", ID: fmt.Sprint(i)}
		check(t, w.Write(ctx, entries.PutOp(&items[i])))
		if want := i / 49 * 2; i < 99 && s.Spy.Sent("BatchWriteItem") != min(want, 2) {
			t.Fatalf("%d requests after %d writes", s.Spy.Sent("BatchWriteItem"), i+1)
		}
	}
	check(t, w.Flush(ctx))
	if n := s.Spy.Sent("BatchWriteItem"); n != 5 {
		t.Errorf("%d requests, want 5", n)
	}
	check(t, w.Write(ctx, entries.PutOp(&items[0]), entries.PutOp(&items[1]), entries.PutOp(&Entry{})))
	err := w.Close(ctx)
	b, ok := errors.AsType[*entable.BatchError](err)
	if !ok || len(b.Failures) != 3 || b.Total != 3 || !is[*entable.KeyError](b.Failures[2].Err) {
		t.Fatalf("error %v", err)
	}
	for _, f := range b.Failures[:2] {
		if f.Err != entable.ErrNotSent || f.Unknown {
			t.Errorf("failure %+v", f)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	check(t, w.Write(ended, entries.PutOp(&items[0]))) // only collected
	if b, ok := errors.AsType[*entable.BatchError](w.Close(ended)); !ok || len(b.Failures) != 1 || !errors.Is(b, context.Canceled) {
		t.Errorf("error %v", b)
	}
	entries.Table().Use(nil)
	check(t, w.Write(ctx, entries.PutOp(&items[0])))
	if b, ok := errors.AsType[*entable.BatchError](w.Close(ctx)); !ok || len(b.Failures) != 1 || !errors.Is(b, entable.ErrNoClient) {
		t.Errorf("error %v", b)
	}
}

// slowly is a client of a service that processes one item of each batch.
type slowly struct{ *dynamodb.Client }

func (c slowly) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	left := map[string][]types.WriteRequest{}
	for table, writes := range in.RequestItems {
		in.RequestItems[table] = writes[:1]
		if len(writes) > 1 {
			left[table] = writes[1:]
		}
	}
	out, err := c.Client.BatchWriteItem(ctx, in, opts...)
	if err == nil {
		out.UnprocessedItems = left
	}
	return out, err
}

func (c slowly) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	left := map[string]types.KeysAndAttributes{}
	for table, k := range in.RequestItems {
		if len(k.Keys) > 1 {
			left[table] = types.KeysAndAttributes{Keys: k.Keys[1:]}
		}
		k.Keys = k.Keys[:1]
		in.RequestItems[table] = k
	}
	out, err := c.Client.BatchGetItem(ctx, in, opts...)
	if err == nil {
		out.UnprocessedKeys = left
	}
	return out, err
}

// Attempts counts those that change nothing: a batch that goes on slowly comes to its end.
func TestAttemptsWithProgressDoNotCount(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	tasks := registerTasks(s.NewTable())
	tasks.Use(slowly{s.SDK})
	var writes []entable.Write
	var keys []Task
	for n := range 6 {
		keys = append(keys, Task{List: "a", N: n})
		writes = append(writes, tasks.PutOp(&Task{List: "a", N: n}))
	}
	check(t, entable.BatchWrite(t.Context(), writes, entable.Attempts(2)))
	found, err := tasks.BatchGet(t.Context(), keys, entable.Attempts(2))
	check(t, err)
	if slices.Contains(found, nil) || len(found) != len(keys) {
		t.Errorf("found %v", found)
	}
}
