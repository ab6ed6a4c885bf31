package work

import (
	"context"
	"iter"
	"sync/atomic"
)

// InParallel does all jobs, at most n of them at once, and returns when they are done. A single one needs
// no goroutine. After a panic no further one is begun.
func InParallel[J any](n int, jobs []J, do func(J)) {
	if len(jobs) == 1 {
		do(jobs[0])
		return
	}
	var next atomic.Int64
	var crew Crew
	for range min(n, len(jobs)) {
		crew.Go(func() {
			for i := next.Add(1); i <= int64(len(jobs)) && !crew.Failed(); i = next.Add(1) {
				do(jobs[i-1])
			}
		})
	}
	crew.Wait()
}

// Gather ranges over what n producers make, each in a goroutine of its own. Up to n things wait to be taken, so that producers go on
// meanwhile. A producer ends when send says that nobody wants more, which is so after a panic of one. Nothing is left running behind
// the range.
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
		var crew Crew
		for i := range n {
			crew.Go(func() {
				whole := false
				defer func() {
					if !whole {
						cancel()
					}
				}()
				produce(ctx, i, send)
				whole = true
			})
		}
		go func() {
			crew.wait.Wait()
			close(made)
		}()
		defer func() {
			cancel()
			for range made {
			}
			crew.Wait()
		}()
		for p := range made {
			if !yield(p) {
				return
			}
		}
	}
}
