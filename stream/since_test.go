package stream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/entable/entable/memory"
	"github.com/entable/entable/stream"
)

// openMarketBehind opens a market whose clock is behind by so much, which can be changed.
func openMarketBehind(t *testing.T, behind *atomic.Int64) *market {
	t.Helper()
	db := memory.New(memory.WithClock(func() time.Time { return time.Now().Add(-time.Duration(behind.Load())) }))
	t.Cleanup(db.Close)
	m := openMarketOn(t, "market", db.Client(func(o *dynamodb.Options) { o.Retryer = impatient() }))
	m.db, m.streams = db, db.StreamsClient(func(o *dynamodbstreams.Options) { o.Retryer = impatient() })
	return m
}

// beginning calls began when so many shards have been begun with.
type beginning struct {
	*dynamodbstreams.Client
	shards atomic.Int64
	began  func()
}

func (b *beginning) GetShardIterator(ctx context.Context, in *dynamodbstreams.GetShardIteratorInput, opts ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error) {
	out, err := b.Client.GetShardIterator(ctx, in, opts...)
	if b.shards.Add(-1) == 0 {
		b.began()
	}
	return out, err
}

// openShards counts the shards that are written to.
func (m *market) openShards(t *testing.T) (n int64) {
	t.Helper()
	list, err := m.streams.ListStreams(t.Context(), &dynamodbstreams.ListStreamsInput{TableName: aws.String("market")})
	check(t, err)
	s, err := m.streams.DescribeStream(t.Context(), &dynamodbstreams.DescribeStreamInput{StreamArn: list.Streams[0].StreamArn})
	check(t, err)
	for _, shard := range s.StreamDescription.Shards {
		if shard.SequenceNumberRange.EndingSequenceNumber == nil {
			n++
		}
	}
	return n
}

// Who began with what is written from now on goes on with that, in all shards: those that had nothing have no position.
func TestPollGoesOnFromThen(t *testing.T) {
	t.Parallel()
	for name, checkpoints := range map[string]func(*market) stream.Checkpoints{
		"memory": func(*market) stream.Checkpoints { return stream.MemoryCheckpoints() },
		"table":  func(m *market) stream.Checkpoints { return m.positions },
	} {
		for _, late := range []time.Duration{0, 40 * time.Minute} { // the clock of the program may be ahead
			t.Run(fmt.Sprint(name, " ", late), func(t *testing.T) {
				t.Parallel()
				var behind atomic.Int64
				behind.Store(int64(time.Hour))
				m := openMarketBehind(t, &behind)
				put := func(no int) {
					for shop := range 8 {
						if err := m.sales.Put(context.WithoutCancel(t.Context()), &Sale{Shop: fmt.Sprint(shop), No: no}); err != nil {
							t.Error(err)
						}
					}
				}
				put(1)
				check(t, m.db.SplitShards("market"))
				put(2)
				behind.Store(int64(late))

				ctx, interrupt := context.WithCancel(t.Context())
				var mu sync.Mutex
				handed := map[int][]string{}
				h := stream.NewHandler(m.table, stream.Failures(func(context.Context, *stream.RecordError) {}),
					stream.On(m.sales, func(_ context.Context, c stream.Change[Sale]) error {
						mu.Lock()
						defer mu.Unlock()
						handed[c.Key.No] = append(handed[c.Key.No], c.Key.Shop)
						interrupt()
						return nil
					}))
				client := &beginning{Client: m.streams, began: func() {
					if err := m.sales.Put(context.WithoutCancel(ctx), &Sale{Shop: "0", No: 3}); err != nil {
						t.Error(err)
					}
				}}
				client.shards.Store(m.openShards(t))
				o := stream.PollOptions{Latest: true, Interval: time.Millisecond, Checkpoints: checkpoints(m), Grace: time.Hour}
				if err := h.Poll(ctx, client, o); !errors.Is(err, context.Canceled) || len(handed) != 1 || len(handed[3]) != 1 {
					t.Fatalf("handed over %v, ended with %v", handed, err)
				}
				put(4)
				check(t, m.db.SplitShards("market"))
				put(5)
				o.IdleTimeout = time.Nanosecond
				for range 2 {
					check(t, h.Poll(t.Context(), m.streams, o))
					for no, times := range map[int]int{1: 0, 2: 0, 3: 1, 4: 8, 5: 8} {
						if len(handed[no]) != times || len(slices.Compact(slices.Sorted(slices.Values(handed[no])))) != times {
							t.Errorf("%d was handed over for %v, want %d", no, handed[no], times)
						}
					}
				}
			})
		}
	}
}
