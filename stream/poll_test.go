package stream_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/memory"
	"github.com/entable/entable/stream"
)

// Sale is what is counted, Total the count, and Counted says which changes are in it.
type Sale struct {
	Shop   string `dynamodbav:"shop"`
	No     int    `dynamodbav:"no"`
	Amount int64  `dynamodbav:"amount"`
}

type Total struct {
	Shop string `dynamodbav:"shop"`
	Sum  int64  `dynamodbav:"sum"`
}

type Counted struct {
	Shop  string `dynamodbav:"shop"`
	Event string `dynamodbav:"event"`
}

type market struct {
	db        *memory.DB
	client    *dynamodb.Client
	streams   *dynamodbstreams.Client
	table     *entable.Table
	sales     *entable.Entity[Sale]
	totals    *entable.Entity[Total]
	counted   *entable.Entity[Counted]
	positions *stream.TableCheckpoints
}

// impatient repeats many times, and soon.
func impatient() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff, o.RateLimiter = 20, time.Millisecond, ratelimit.None
	})
}

func openMarket(t *testing.T) *market {
	t.Helper()
	db := memory.New()
	t.Cleanup(db.Close)
	m := openMarketOn(t, "market", db.Client(func(o *dynamodb.Options) { o.Retryer = impatient() }))
	m.db, m.streams = db, db.StreamsClient(func(o *dynamodbstreams.Options) { o.Retryer = impatient() })
	return m
}

// openMarketOn opens a market on a server, whose streams have a client of their own.
func openMarketOn(t *testing.T, name string, client *dynamodb.Client) *market {
	t.Helper()
	m := &market{client: client, table: entable.NewTable(name)}
	m.table.Use(m.client)
	m.sales = entable.Register[Sale](m.table, entable.PK("shop", entable.Prefix("SHOP")), entable.SK("no", entable.Prefix("SALE")))
	m.totals = entable.Register[Total](m.table, entable.PK("shop", entable.PrefixOf(m.sales)), entable.SK(entable.Literal("TOTAL")))
	m.counted = entable.Register[Counted](m.table, entable.PK("shop", entable.PrefixOf(m.sales)), entable.SK("event", entable.Prefix("COUNTED")))
	m.positions = stream.NewTableCheckpoints(m.table, "totals")
	check(t, m.table.CreateTable(t.Context(), withStream))
	return m
}

// count adds a sale to the total of its shop, once.
func (m *market) count(ctx context.Context, c stream.Change[Sale]) error {
	amount := int64(0)
	if c.New != nil {
		amount += c.New.Amount
	}
	if c.Old != nil {
		amount -= c.Old.Amount
	}
	err := entable.Transact(ctx, []entable.Write{
		m.counted.CreateOp(&Counted{Shop: c.Key.Shop, Event: c.ID}),
		m.totals.Update(Total{Shop: c.Key.Shop}).Add("sum", amount).Upsert(),
	})
	if errors.Is(err, entable.ErrExists) {
		return nil // it was handed over before
	}
	return err
}

func (m *market) disableStream(t *testing.T) {
	t.Helper()
	_, err := m.client.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("market"),
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(false)}})
	check(t, err)
}

// Totals that a handler keeps are right, whatever fails, is repeated or is interrupted on the way. ENTABLE_SOAK=1 writes 100,000
// changes, ENTABLE_SEED repeats a run.
func TestPolledChangesCountOnce(t *testing.T) {
	t.Parallel()
	writes, seed := trial.Size(1_000, 100_000), trial.Seed(t)
	m := openMarket(t)
	var mu sync.Mutex
	rnd := rand.New(rand.NewPCG(seed, 1))
	chance := func(of int) bool {
		mu.Lock()
		defer mu.Unlock()
		return rnd.IntN(of) == 0
	}
	sometimes := func(of int) func(memory.Request) bool { return func(memory.Request) bool { return chance(of) } }
	m.db.Inject(
		memory.DropAfter().On("TransactWriteItems", "PutItem").When(sometimes(40)),
		memory.DropBefore().On("TransactWriteItems", "GetRecords").When(sometimes(40)),
		memory.InternalError().On("GetRecords", "GetShardIterator", "DescribeStream").When(sometimes(20)),
		memory.Throttle().On("PutItem", "TransactWriteItems").When(sometimes(60)),
	)

	const writers, shops = 4, 7
	want := make([]int64, shops)
	var written sync.WaitGroup
	for w := range writers {
		rnd := rand.New(rand.NewPCG(seed, uint64(2+w)))
		written.Go(func() {
			for i := range writes / writers {
				shop := rnd.IntN(shops)
				s := Sale{Shop: fmt.Sprint("s", shop), No: (w*10 + rnd.IntN(10)), Amount: int64(rnd.IntN(1000))}
				if err := m.sales.Put(t.Context(), &s); err != nil {
					t.Error(err)
				}
				if i == writes/writers/2 {
					if err := m.db.SplitShards("market"); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	go func() {
		written.Wait()
		m.disableStream(t)
	}()

	var handed, runs atomic.Int64
	for {
		ctx, interrupt := context.WithCancel(t.Context())
		h := stream.NewHandler(m.table, stream.Failures(func(context.Context, *stream.RecordError) {}),
			stream.On(m.sales, func(ctx context.Context, c stream.Change[Sale]) error {
				handed.Add(1)
				if chance(writes / 4) {
					interrupt()
				}
				if chance(50) {
					return errors.New("a failure of the handler's own")
				}
				return m.count(ctx, c)
			}))
		err := h.Poll(ctx, m.streams, stream.PollOptions{Checkpoints: m.positions, Interval: time.Millisecond})
		interrupt()
		runs.Add(1)
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	for s, err := range m.sales.Scan().All(t.Context()) {
		check(t, err)
		shop := 0
		_, err := fmt.Sscanf(s.Shop, "s%d", &shop)
		check(t, err)
		want[shop] += s.Amount
	}
	for shop, sum := range want {
		got, err := m.totals.Get(t.Context(), Total{Shop: fmt.Sprint("s", shop)})
		check(t, err)
		if got.Sum != sum {
			t.Errorf("shop %d has the total %d, want %d", shop, got.Sum, sum)
		}
	}
	t.Logf("%d changes handed over in %d runs", handed.Load(), runs.Load())
}

func TestPollEndsAtAChangeThatKeepsFailing(t *testing.T) {
	t.Parallel()
	m := openMarket(t)
	for no := range 3 {
		check(t, m.sales.Put(t.Context(), &Sale{Shop: "a", No: no, Amount: 1}))
	}
	m.disableStream(t)
	var handed []int
	poison := errors.New("cannot stand a 1")
	h := stream.NewHandler(m.table, stream.Failures(func(context.Context, *stream.RecordError) {}),
		stream.On(m.sales, func(_ context.Context, c stream.Change[Sale]) error {
			handed = append(handed, c.Key.No)
			if c.Key.No == 1 {
				return poison
			}
			return nil
		}))
	o := stream.PollOptions{Checkpoints: m.positions, Interval: time.Millisecond, Attempts: 2}
	err := h.Poll(t.Context(), m.streams, o)
	failed, ok := errors.AsType[*stream.RecordError](err)
	if !ok || !errors.Is(err, poison) || failed.SequenceNumber == "" {
		t.Fatalf("ended with %v", err)
	}
	var aside []*stream.RecordError
	o.Skip = func(_ context.Context, err *stream.RecordError) error {
		aside = append(aside, err)
		return nil
	}
	check(t, h.Poll(t.Context(), m.streams, o))
	if got, want := fmt.Sprint(handed), "[0 1 1 1 1 2]"; got != want {
		t.Errorf("handed over %s, want %s", got, want)
	}
	if len(aside) != 1 || aside[0].SequenceNumber != failed.SequenceNumber {
		t.Errorf("put aside %v, want the one that failed", aside)
	}
	check(t, h.Poll(t.Context(), m.streams, o))
	if len(handed) != 6 {
		t.Errorf("handed over again: %v", handed)
	}
}

func TestPollTellsOfLostRecords(t *testing.T) {
	t.Parallel()
	m := openMarket(t)
	put := func(no int) { check(t, m.sales.Put(t.Context(), &Sale{Shop: "a", No: no})) }
	put(1)
	positions := stream.MemoryCheckpoints()
	var handed []int
	ctx, interrupt := context.WithCancel(t.Context())
	h := stream.NewHandler(m.table, stream.On(m.sales, func(_ context.Context, c stream.Change[Sale]) error {
		handed = append(handed, c.Key.No)
		interrupt()
		return nil
	}))
	o := stream.PollOptions{Checkpoints: positions, Interval: time.Millisecond}
	if err := h.Poll(ctx, m.streams, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	m.db.Clock().Stop()
	put(2)
	m.db.Clock().Advance(25 * time.Hour)
	put(3)
	m.disableStream(t)
	err := h.Poll(t.Context(), m.streams, o)
	lost, ok := errors.AsType[*stream.LostRecordsError](err)
	if !ok || lost.After == "" || !strings.Contains(err.Error(), "AcceptLoss") {
		t.Fatalf("ended with %v", err)
	}
	o.AcceptLoss = true
	check(t, h.Poll(t.Context(), m.streams, o))
	if got, want := fmt.Sprint(handed), "[1 3]"; got != want {
		t.Errorf("handed over %s, want %s", got, want)
	}
}

// Two programs that poll for one consumer would do everything twice; the second write of a position tells.
func TestTwoPollsOfOneConsumerFindOut(t *testing.T) {
	t.Parallel()
	m := openMarket(t)
	check(t, m.sales.Put(t.Context(), &Sale{Shop: "a", No: 1}))
	m.disableStream(t)
	o := stream.PollOptions{Checkpoints: m.positions, Interval: time.Millisecond}
	rival := stream.NewHandler(m.table)
	rivalled := stream.NewHandler(m.table, stream.On(m.sales, func(ctx context.Context, _ stream.Change[Sale]) error {
		return rival.Poll(ctx, m.streams, stream.PollOptions{Checkpoints: m.positions.For("totals"), Interval: time.Millisecond})
	}))
	err := rivalled.Poll(t.Context(), m.streams, o)
	if err == nil || !strings.Contains(err.Error(), `another program polls as consumer "totals"`) {
		t.Errorf("ended with %v", err)
	}
}

func TestPollFromNowOn(t *testing.T) {
	t.Parallel()
	m := openMarket(t)
	check(t, m.sales.Put(t.Context(), &Sale{Shop: "a", No: 1}))
	var handed []int
	h := stream.NewHandler(m.table, stream.On(m.sales, func(_ context.Context, c stream.Change[Sale]) error {
		handed = append(handed, c.Key.No)
		return nil
	}))
	reading := make(chan struct{})
	var once sync.Once
	m.db.Inject(memory.Delay(0).On("GetRecords").When(func(memory.Request) bool {
		once.Do(func() { close(reading) })
		return false
	}))
	go func() {
		<-reading // from the end of the shard on
		if err := m.sales.Put(t.Context(), &Sale{Shop: "a", No: 2}); err != nil {
			t.Error(err)
		}
		m.disableStream(t)
	}()
	check(t, h.Poll(t.Context(), m.streams, stream.PollOptions{Latest: true, Interval: time.Millisecond}))
	if got, want := fmt.Sprint(handed), "[2]"; got != want {
		t.Errorf("handed over %s, want %s", got, want)
	}
}

// A poll that began with what was new goes on with the oldest record that is left where it accepts a loss, and loses no more.
func TestPollFromNowOnAcceptsLoss(t *testing.T) {
	t.Parallel()
	m := openMarket(t)
	m.db.Clock().Stop()
	put := func(no int) error {
		return m.sales.Put(context.WithoutCancel(t.Context()), &Sale{Shop: "a", No: no})
	}
	var handed []int
	h := stream.NewHandler(m.table, stream.On(m.sales, func(_ context.Context, c stream.Change[Sale]) error {
		if handed = append(handed, c.Key.No); c.Key.No != 1 {
			return nil
		}
		defer m.disableStream(t)
		defer m.db.Clock().Advance(23 * time.Hour) // so long does this one take
		err := put(2)
		m.db.Clock().Advance(2 * time.Hour)
		return errors.Join(err, put(3))
	}))
	reading := make(chan struct{})
	var once sync.Once
	m.db.Inject(memory.Delay(0).On("GetRecords").When(func(memory.Request) bool {
		once.Do(func() { close(reading) })
		return false
	}))
	go func() {
		<-reading
		if err := put(1); err != nil {
			t.Error(err)
		}
	}()
	check(t, h.Poll(t.Context(), m.streams, stream.PollOptions{Latest: true, AcceptLoss: true, Interval: time.Millisecond}))
	if got, want := fmt.Sprint(handed), "[1 3]"; got != want {
		t.Errorf("handed over %s, want %s", got, want)
	}
}

// What one program writes is of unknown types to another, which counts it in all shards at once.
func TestPollCountsUnknownTypes(t *testing.T) {
	t.Parallel()
	m := openMarket(t)
	for no := range 40 {
		check(t, m.sales.Put(t.Context(), &Sale{Shop: fmt.Sprint(no), No: no}))
		if no == 20 {
			check(t, m.db.SplitShards("market"))
		}
	}
	m.disableStream(t)
	other := entable.NewTable("market")
	other.Use(m.client)
	var skipped int
	var aside atomic.Int64
	check(t, stream.NewHandler(other, stream.SkipUnknown(&skipped)).Poll(t.Context(), m.streams, stream.PollOptions{Interval: time.Millisecond}))
	check(t, stream.NewHandler(other, stream.Failures(func(context.Context, *stream.RecordError) { aside.Add(1) })).Poll(t.Context(), m.streams,
		stream.PollOptions{Interval: time.Millisecond, Skip: func(context.Context, *stream.RecordError) error { return nil }}))
	if skipped != 40 || aside.Load() != 40 {
		t.Errorf("%d skipped, %d put aside, want 40 each", skipped, aside.Load())
	}
}

func TestPollWithoutAStream(t *testing.T) {
	t.Parallel()
	db := memory.New()
	t.Cleanup(db.Close)
	table := entable.NewTable("still")
	entable.Register[Task](table, entable.PK("list"), entable.SK("n"))
	err := stream.NewHandler(table).Poll(t.Context(), db.StreamsClient(), stream.PollOptions{})
	if err == nil || err.Error() != `entable: stream of table "still": it has none: enable it with a StreamSpecification, in an edit of CreateTable or an UpdateTable` {
		t.Errorf("a table without a stream: %v", err)
	}
}

// A function that panics does so in the goroutine of the poll, where the program can recover, and its change is handed over again.
func TestPanicsComeOutOfAPoll(t *testing.T) {
	t.Parallel()
	m := openMarket(t)
	check(t, m.sales.Put(t.Context(), &Sale{Shop: "a", No: 1, Amount: 1}))
	m.disableStream(t)
	poison, handed := errors.New("poison"), 0
	h := stream.NewHandler(m.table, stream.On(m.sales, func(context.Context, stream.Change[Sale]) error {
		if handed++; handed == 1 {
			panic(poison)
		}
		return nil
	}))
	o := stream.PollOptions{Checkpoints: m.positions, Interval: time.Millisecond}
	func() {
		defer func() {
			if err, ok := recover().(error); !ok || !errors.Is(err, poison) {
				t.Errorf("what comes out is %v", err)
			}
		}()
		err := h.Poll(t.Context(), m.streams, o)
		t.Errorf("ended with %v", err)
	}()
	check(t, h.Poll(t.Context(), m.streams, o))
	if handed != 2 {
		t.Errorf("handed over %d times", handed)
	}
}
