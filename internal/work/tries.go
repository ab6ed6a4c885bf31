// Package work repeats and spreads the work of operations: attempts with pauses between them, and bounded workers.
package work

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Tries counts the attempts of a loop, which calls More before each further one.
type Tries struct {
	Most   int   // attempts in all; 0: until the context ends
	Steady bool  // the pauses do not grow
	Eager  bool  // there is none before the second attempt
	Made   int   // attempts that were made; a caller that counts only those without progress sets it back to 0
	Ended  error // the context's, if it ended the loop
}

// More waits before another attempt, with full jitter over an exponentially growing time. It reports false when
// there were enough or the context has ended.
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
func (t *Tries) More(ctx context.Context) bool {
	if t.Made++; t.Made == t.Most {
		return false
	}
	if t.Eager && t.Made == 1 {
		t.Ended = ctx.Err()
		return t.Ended == nil
	}
	grown := 1
	if !t.Steady {
		grown = min(t.Made, 10)
	}
	const base, most = 20 * time.Millisecond, 5 * time.Second
	timer := time.NewTimer(rand.N(min(base<<grown, most)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		t.Ended = ctx.Err()
		return false
	}
}

// Error returns why there are no more attempts, the last of which ended with err, or, if that is nil, with a part that the
// service left unprocessed.
func (t *Tries) Error(err, unprocessed error) error {
	switch {
	case t.Ended != nil && err != nil:
		return fmt.Errorf("%w, after: %w", t.Ended, err)
	case t.Ended != nil:
		return t.Ended
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: still unprocessed after %d attempts without progress", unprocessed, t.Made)
}
