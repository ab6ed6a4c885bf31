package memory

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Clock is the time of a database: of creation times, expiry, streams and their trimming, shard iterators, table states and
// idempotency tokens. It goes on by itself, from the time of the world or that of [WithClock], until it is stopped. It is safe for
// concurrent use.
//
//	db.Clock().Advance(10 * time.Minute) // idempotency tokens are forgotten
//	db.Clock().Advance(24 * time.Hour)   // stream records are trimmed
type Clock struct {
	base  func() time.Time
	mu    sync.Mutex // held to replace state, which every request reads
	state atomic.Pointer[clockState]
}

type clockState struct {
	ahead   time.Duration
	stopped bool
	at      time.Time // while it is stopped
}

func newClock(base func() time.Time) *Clock {
	if base == nil {
		base = time.Now
	}
	c := &Clock{base: base}
	c.state.Store(&clockState{})
	return c
}

// Now returns the database's time.
func (c *Clock) Now() time.Time {
	s := c.state.Load()
	if s.stopped {
		return s.at
	}
	return c.base().Add(s.ahead)
}

// Advance lets time pass at once. A negative duration panics: nothing in a database expects the past to come back.
func (c *Clock) Advance(d time.Duration) {
	if d < 0 {
		panic("memory: a clock cannot be put back")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := *c.state.Load()
	s.ahead += d
	s.at = s.at.Add(d)
	c.state.Store(&s)
}

// Stop holds the clock, so that only [Clock.Advance] moves it. Use it to make a test's times the same on each run.
func (c *Clock) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := *c.state.Load()
	s.at = c.Now()
	s.stopped = true
	c.state.Store(&s)
}
