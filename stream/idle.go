package stream

import (
	"context"
	"sync"
	"time"
)

// idle knows since when nothing has come. What functions write may come in any shard: so a shard is at rest only if a response that was
// asked for after all records of all shards were handled had none. It is safe for concurrent use.
type idle struct {
	rested chan struct{} // says that a shard has come to rest

	mu    sync.Mutex // guards what follows
	turn  int        // raised when records have come, and when they were handled
	since time.Time  // the turn began
	rests map[string]int
}

func newIdle() idle {
	return idle{rested: make(chan struct{}, 1), since: time.Now(), rests: map[string]int{}}
}

// now returns the turn.
func (i *idle) now() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.turn
}

// work begins another turn.
func (i *idle) work() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.turn++
	i.since = time.Now()
}

// rest notes that a shard had nothing when it was asked in a turn.
func (i *idle) rest(shard string, turn int) {
	i.mu.Lock()
	i.rests[shard] = turn + 1
	i.mu.Unlock()
	select {
	case i.rested <- struct{}{}:
	default: // it is said already
	}
}

// sinceAll returns for how long all these shards are at rest, below 0 if they are not.
func (i *idle) sinceAll(shards map[string]bool) time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	for shard := range shards {
		if i.rests[shard] != i.turn+1 {
			return -1
		}
	}
	return time.Since(i.since)
}

// graced returns a context that ends by so much later than ctx, if there is so much.
func graced(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	if grace <= 0 {
		return ctx, func() {}
	}
	late, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(late, func() { timer.Stop() })
	})
	return late, func() {
		stop()
		cancel(nil)
	}
}
