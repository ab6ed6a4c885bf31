package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/entable/entable"
)

// Shop is what the shop does, a file for each kind of use. It keeps nothing but the table: any number may run on one.
type Shop struct {
	*Model
	now    func() time.Time
	rounds int // of the hash of passwords
}

// attempts is how often a request to the table is made that might succeed next time. The SDK has made three of its own by then.
const attempts = 6

// again calls f until it succeeds, fails for good, or enough was tried. f must stand repetition: a request that has failed may have
// been carried out.
func again(ctx context.Context, f func() error) error {
	pause := 4 * time.Millisecond
	for attempt := 1; ; attempt++ {
		err := f()
		if err == nil || attempt == attempts || !entable.IsRetryable(err) {
			return err
		}
		select {
		case <-time.After(rand.N(pause)):
		case <-ctx.Done():
			return err
		}
		pause *= 2
	}
}
