package stream_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entable/entable/memory"
	"github.com/entable/entable/stream"
)

// A poll that began with what was new misses nothing where an iterator has expired before the first change came, and reads nothing
// that was there before.
func TestPollFromNowOnGoesOnWhereAnIteratorExpired(t *testing.T) {
	t.Parallel()
	m := openMarket(t)
	m.db.Clock().Stop()
	put := func(no int) {
		if err := m.sales.Put(context.WithoutCancel(t.Context()), &Sale{Shop: "a", No: no}); err != nil {
			t.Error(err)
		}
	}
	put(1)
	m.db.Clock().Advance(time.Hour)
	var asked, expired atomic.Int64
	m.db.Inject(memory.Delay(0).On("GetRecords").When(func(memory.Request) bool {
		switch asked.Add(1) {
		case 3, 7: // the end of the shard was read before, then 2 and 3
			put(int(expired.Add(1)) + 1)
			m.db.Clock().Advance(16 * time.Minute)
			put(int(expired.Add(1)) + 1)
		}
		return false
	}))
	var handed []int
	h := stream.NewHandler(m.table, stream.On(m.sales, func(_ context.Context, c stream.Change[Sale]) error {
		if handed = append(handed, c.Key.No); c.Key.No == 5 {
			m.disableStream(t)
		}
		return nil
	}))
	check(t, h.Poll(t.Context(), m.streams, stream.PollOptions{Latest: true, Interval: time.Millisecond, IdleTimeout: 5 * time.Second}))
	if got, want := fmt.Sprint(handed), "[2 3 4 5]"; got != want {
		t.Errorf("handed over %s, want %s", got, want)
	}
}

// What comes between two polls of which the first has had no change is not missed, and what was there before the first does not come.
func TestPollFromNowOnGoesOnAfterOneWithoutChanges(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"memory", "table"} {
		m := openMarket(t)
		m.db.Clock().Stop()
		o := stream.PollOptions{Latest: true, Checkpoints: stream.MemoryCheckpoints(), Interval: time.Millisecond}
		if name == "table" {
			o.Checkpoints = m.positions
		}
		put := func(no int) { check(t, m.sales.Put(t.Context(), &Sale{Shop: "a", No: no})) }
		put(1) // in a shard that is closed
		m.db.Clock().Advance(5 * time.Hour)
		put(2)
		m.db.Clock().Advance(time.Hour)
		var handed []int
		h := stream.NewHandler(m.table, stream.On(m.sales, func(_ context.Context, c stream.Change[Sale]) error {
			handed = append(handed, c.Key.No)
			return nil
		}))
		ctx, stop := context.WithCancel(t.Context())
		m.db.Inject(memory.Delay(0).On("GetRecords").When(func(memory.Request) bool { stop(); return false }))
		if err := h.Poll(ctx, m.streams, o); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		m.db.Inject()
		put(3)
		m.db.Clock().Advance(5 * time.Hour)
		put(4)
		m.disableStream(t)
		for range 2 {
			check(t, h.Poll(t.Context(), m.streams, o))
			if got, want := fmt.Sprint(handed), "[3 4]"; got != want {
				t.Errorf("%s: handed over %s, want %s", name, got, want)
			}
		}
	}
}

// failing keeps as many positions as it says, and no more.
type failing struct {
	stream.Checkpoints
	left int
}

func (f *failing) Save(ctx context.Context, arn, shard string, p stream.Position) error {
	if f.left--; f.left < 0 {
		return errors.New("no more")
	}
	return f.Checkpoints.Save(ctx, arn, shard, p)
}

// A poll that begins with what is new may end before it has saved this for all shards. The next one has it begin there all the same.
func TestPollFromNowOnGoesOnAfterOneThatEndedInItsBeginning(t *testing.T) {
	t.Parallel()
	for kept := 1; kept < 12; kept++ {
		m := openMarket(t)
		m.db.Clock().Stop()
		put := func(no int) {
			for shop := range 8 {
				check(t, m.sales.Put(t.Context(), &Sale{Shop: fmt.Sprint(shop), No: no}))
			}
		}
		put(1)
		check(t, m.db.SplitShards("market"))
		put(2)
		m.db.Clock().Advance(time.Hour)
		handed := map[int]int{}
		var mu sync.Mutex
		h := stream.NewHandler(m.table, stream.On(m.sales, func(_ context.Context, c stream.Change[Sale]) error {
			mu.Lock()
			defer mu.Unlock()
			handed[c.Key.No]++
			return nil
		}))
		some := &failing{stream.MemoryCheckpoints(), kept}
		o := stream.PollOptions{Latest: true, Checkpoints: some, Interval: time.Millisecond, IdleTimeout: time.Nanosecond}
		err := h.Poll(t.Context(), m.streams, o)
		if err == nil && kept < 3 {
			t.Fatalf("a poll that could keep %d positions has ended well", kept)
		}
		put(3)
		check(t, m.db.SplitShards("market"))
		put(4)
		o.Checkpoints = some.Checkpoints
		check(t, h.Poll(t.Context(), m.streams, o))
		if got, want := fmt.Sprint(handed), "map[3:8 4:8]"; got != want {
			t.Errorf("after %d positions: handed over %s, want %s", kept, got, want)
		}
	}
}
