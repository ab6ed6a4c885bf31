package stream_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/entable/entable/internal/ddblocal"
	"github.com/entable/entable/stream"
)

// A job handles what there is, what its own functions write included, and ends; the next run goes on behind it.
func TestPollUntilNothingComes(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 16} {
		t.Run(fmt.Sprint(workers, " workers"), func(t *testing.T) {
			t.Parallel()
			m := openMarket(t)
			m.handlesAll(t, stream.PollOptions{Workers: workers, Interval: time.Millisecond, IdleTimeout: time.Nanosecond},
				func() { check(t, m.db.SplitShards("market")) })
		})
	}
}

func TestPollUntilNothingComesOnDynamoDBLocal(t *testing.T) {
	t.Parallel()
	endpoint := ddblocal.Endpoint(t)
	m := openMarketOn(t, "market-"+rand.Text(), ddblocal.NewClient(endpoint))
	t.Cleanup(func() { m.table.DeleteTable(context.Background()) })
	m.streams = dynamodbstreams.New(dynamodbstreams.Options{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: m.client.Options().Credentials})
	m.handlesAll(t, stream.PollOptions{Interval: 50 * time.Millisecond, IdleTimeout: time.Second}, func() {})
}

// handlesAll polls after each of some rounds of writes.
func (m *market) handlesAll(t *testing.T, o stream.PollOptions, between func()) {
	t.Helper()
	o.Checkpoints = m.positions
	var sales, totals atomic.Int64
	h := stream.NewHandler(m.table,
		stream.On(m.sales, func(ctx context.Context, c stream.Change[Sale]) error {
			sales.Add(1)
			return m.count(ctx, c)
		}),
		stream.On(m.totals, func(context.Context, stream.Change[Total]) error { totals.Add(1); return nil }))
	for round := range 3 {
		for no := range 5 {
			check(t, m.sales.Put(t.Context(), &Sale{Shop: fmt.Sprint(no), No: round, Amount: 10}))
			if no == 2 {
				between()
			}
		}
		check(t, h.Poll(t.Context(), m.streams, o))
		if want := int64(5 * (round + 1)); sales.Load() != want || totals.Load() != want {
			t.Fatalf("after round %d: %d sales and %d totals were handled, want %d", round, sales.Load(), totals.Load(), want)
		}
	}
}

// slowly answers with nothing a few times before it gives records, as the service may.
type slowly struct {
	*dynamodbstreams.Client
	empty atomic.Int64
}

func (s *slowly) GetRecords(ctx context.Context, in *dynamodbstreams.GetRecordsInput, opts ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error) {
	if s.empty.Add(-1) >= 0 {
		return &dynamodbstreams.GetRecordsOutput{NextShardIterator: in.ShardIterator}, nil
	}
	return s.Client.GetRecords(ctx, in, opts...)
}

// A shard that is closed has an end: responses without records in front of it are none.
func TestClosedShardsAreReadToTheirEnd(t *testing.T) {
	t.Parallel()
	m := openMarket(t)
	for no := range 4 {
		check(t, m.sales.Put(t.Context(), &Sale{Shop: "a", No: no}))
	}
	check(t, m.db.SplitShards("market"))
	var handed atomic.Int64
	h := stream.NewHandler(m.table, stream.On(m.sales, func(context.Context, stream.Change[Sale]) error { handed.Add(1); return nil }))
	client := &slowly{Client: m.streams}
	client.empty.Store(20)
	check(t, h.Poll(t.Context(), client, stream.PollOptions{Interval: time.Millisecond, IdleTimeout: time.Nanosecond}))
	if handed.Load() != 4 {
		t.Errorf("%d were handed over, want 4", handed.Load())
	}
}

// When the program ends, the change that is being handled can be finished.
func TestPollLetsAChangeBeFinished(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		grace time.Duration
		ended bool // what the function sees of its context
		want  string
	}{
		{0, true, "[1 1 2]"}, // it is handed over again
		{time.Hour, false, "[1 2]"},
	} {
		m := openMarket(t)
		for no := range 2 {
			check(t, m.sales.Put(t.Context(), &Sale{Shop: "a", No: no + 1}))
		}
		ctx, interrupt := context.WithCancel(t.Context())
		var handed []int
		h := stream.NewHandler(m.table, stream.Failures(func(context.Context, *stream.RecordError) {}),
			stream.On(m.sales, func(own context.Context, c stream.Change[Sale]) error {
				if handed = append(handed, c.Key.No); len(handed) > 1 {
					return nil
				}
				interrupt()
				if ended := own.Err() != nil; ended != test.ended {
					t.Errorf("with a grace of %s its context has ended: %t", test.grace, ended)
				}
				_, err := m.sales.Get(own, *c.Key)
				return err
			}))
		o := stream.PollOptions{Checkpoints: m.positions, Interval: time.Millisecond, Grace: test.grace}
		if err := h.Poll(ctx, m.streams, o); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
		o.IdleTimeout = time.Nanosecond
		check(t, h.Poll(t.Context(), m.streams, o))
		if fmt.Sprint(handed) != test.want {
			t.Errorf("with a grace of %s: handed over %v, want %s", test.grace, handed, test.want)
		}
	}
}

// A function that does not end is ended.
func TestGraceEnds(t *testing.T) {
	t.Parallel()
	m := openMarket(t)
	check(t, m.sales.Put(t.Context(), &Sale{Shop: "a"}))
	ctx, interrupt := context.WithCancelCause(t.Context())
	why := errors.New("the program ends")
	h := stream.NewHandler(m.table, stream.Failures(func(context.Context, *stream.RecordError) {}),
		stream.On(m.sales, func(own context.Context, _ stream.Change[Sale]) error {
			interrupt(why)
			<-own.Done()
			if !errors.Is(context.Cause(own), why) {
				t.Errorf("its context ends for %v", context.Cause(own))
			}
			return own.Err()
		}))
	err := h.Poll(ctx, m.streams, stream.PollOptions{Interval: time.Millisecond, Grace: time.Millisecond})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// full are checkpoints that take no position.
type full struct{ stream.Checkpoints }

var errFull = errors.New("there is no room")

func (full) Save(context.Context, string, string, stream.Position) error { return errFull }

// The end of a poll does not hide that its position was not saved.
func TestUnsavedPositionsAreTold(t *testing.T) {
	t.Parallel()
	m := openMarket(t)
	check(t, m.sales.Put(t.Context(), &Sale{Shop: "a"}))
	for name, interrupted := range map[string]bool{"interrupted": true, "idle": false} {
		ctx, interrupt := context.WithCancel(t.Context())
		h := stream.NewHandler(m.table, stream.On(m.sales, func(context.Context, stream.Change[Sale]) error {
			if interrupted {
				interrupt()
			}
			return nil
		}))
		err := h.Poll(ctx, m.streams, stream.PollOptions{Checkpoints: full{stream.MemoryCheckpoints()}, Interval: time.Millisecond, IdleTimeout: time.Nanosecond})
		interrupt()
		if !errors.Is(err, errFull) {
			t.Errorf("%s: ended with %v", name, err)
		}
	}
}

// withStream turns the stream on, as an edit of CreateTable.
func withStream(in *dynamodb.CreateTableInput) {
	in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
}
