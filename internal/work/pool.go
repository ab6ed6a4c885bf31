package work

import (
	"context"
	"iter"
	"sync"
)

// InParallel does all jobs, at most n of them at once, and returns when they are done. A single one needs
// no goroutine.
func InParallel[J any](n int, jobs []J, do func(J)) {
	if len(jobs) == 1 {
		do(jobs[0])
		return
	}
	queue := make(chan J)
	var wg sync.WaitGroup
	for range min(n, len(jobs)) {
		wg.Go(func() {
			for job := range queue {
				do(job)
			}
		})
	}
	for _, job := range jobs {
		queue <- job // no worker leaves before the queue is closed
	}
	close(queue)
	wg.Wait()
}

// Gather ranges over what n producers make, each in a goroutine of its own. Up to n things wait to be taken, so that producers go on
// meanwhile. A producer ends when send says that nobody wants more. Nothing is left running behind the range.
func Gather[P any](ctx context.Context, n int, produce func(ctx context.Context, i int, send func(P) bool)) iter.Seq[P] {
	return func(yield func(P) bool) {
		ctx, cancel := context.WithCancel(ctx)
		made := make(chan P, n)
		send := func(p P) bool {
			select {
			case made <- p:
				return true
			case <-ctx.Done():
				return false
			}
		}
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { produce(ctx, i, send) })
		}
		go func() {
			wg.Wait()
			close(made)
		}()
		defer func() {
			cancel()
			for range made {
			}
		}()
		for p := range made {
			if !yield(p) {
				return
			}
		}
	}
}
