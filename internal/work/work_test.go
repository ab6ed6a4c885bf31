package work_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entable/entable/internal/work"
)

var (
	errSent        = errors.New("sent in vain")
	errUnprocessed = errors.New("unprocessed")
)

func TestTriesEndAfterTheMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries, n, start := work.Tries{Most: 4}, 1, time.Now()
		for tries.More(t.Context()) {
			n++
		}
		// Pauses are below 40, 80 and 160 ms.
		if took := time.Since(start); n != 4 || took >= 280*time.Millisecond {
			t.Errorf("%d attempts in %s", n, took)
		}
		if err := tries.Error(nil, errUnprocessed); !errors.Is(err, errUnprocessed) || err.Error() != "unprocessed: still unprocessed after 4 attempts without progress" {
			t.Errorf("error %v", err)
		}
		if err := tries.Error(errSent, errUnprocessed); err != errSent {
			t.Errorf("error %v", err)
		}
	})
}

func TestEagerTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tries, start := work.Tries{Most: 3, Eager: true}, time.Now()
		if !tries.More(ctx) || !time.Now().Equal(start) {
			t.Errorf("the second attempt comes after %s", time.Since(start))
		}
		if !tries.More(ctx) || time.Now().Equal(start) || tries.More(ctx) {
			t.Errorf("%d attempts in %s", tries.Made, time.Since(start))
		}
		cancel()
		if late := (work.Tries{Eager: true}); late.More(ctx) || late.Ended != context.Canceled {
			t.Errorf("behind the end: %v", late.Ended)
		}
	})
}

func TestTriesEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var tries work.Tries
		for tries.More(ctx) {
		}
		if !errors.Is(tries.Ended, context.DeadlineExceeded) || tries.Made < 10 {
			t.Errorf("ended by %v after %d attempts", tries.Ended, tries.Made)
		}
		err := tries.Error(errSent, errUnprocessed)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errSent) {
			t.Errorf("error %v", err)
		}
		if err := tries.Error(nil, errUnprocessed); err != context.DeadlineExceeded {
			t.Errorf("error %v", err)
		}
	})
}

func TestInParallel(t *testing.T) {
	for _, jobs := range []int{0, 1, 2, 50} {
		synctest.Test(t, func(t *testing.T) {
			var now, most, done atomic.Int32
			list := make([]int, jobs)
			work.InParallel(3, list, func(int) {
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				<-time.After(time.Second)
				now.Add(-1)
				done.Add(1)
			})
			if int(done.Load()) != jobs || int(most.Load()) != min(jobs, 3) {
				t.Errorf("%d jobs: %d done, %d at once", jobs, done.Load(), most.Load())
			}
		})
	}
}

// A bubble of synctest ends only when all its goroutines have: nothing is left behind a range, however it ends.
func TestGatherLeavesNothingBehind(t *testing.T) {
	endless := func(_ context.Context, i int, send func(int) bool) {
		for send(i) {
		}
	}
	for _, take := range []int{0, 1, 100} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			for range work.Gather(t.Context(), 4, endless) {
				if n++; n >= take {
					break
				}
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for range work.Gather(ctx, 4, endless) {
			cancel()
		}
	})
	synctest.Test(t, func(t *testing.T) {
		three := func(_ context.Context, i int, send func(int) bool) {
			for n := range 3 {
				send(3*i + n)
			}
		}
		if all := slices.Sorted(work.Gather(t.Context(), 2, three)); !slices.Equal(all, []int{0, 1, 2, 3, 4, 5}) {
			t.Errorf("gathered %v", all)
		}
	})
}

// What a job panics with comes out where the caller is, as it does of a single one, and nothing is left running.
func TestPanicsComeOut(t *testing.T) {
	thrown := func(do func()) (v any) {
		defer func() { v = recover() }()
		do()
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		var done atomic.Int32
		v := thrown(func() {
			work.InParallel(3, make([]int, 50), func(int) {
				if done.Add(1) == 5 {
					panic(errSent)
				}
				<-time.After(time.Second)
			})
		})
		err, ok := v.(error)
		if !ok || !errors.Is(err, errSent) || !strings.Contains(err.Error(), "TestPanicsComeOut") {
			t.Errorf("what came out is %v", v)
		}
		if n := done.Load(); n > 7 {
			t.Errorf("%d jobs were begun", n)
		}
	})
	for _, after := range []int{0, 3} {
		synctest.Test(t, func(t *testing.T) {
			v := thrown(func() {
				for range work.Gather(t.Context(), 3, func(_ context.Context, i int, send func(int) bool) {
					for n := 0; send(n); n++ {
						if i == 1 && n == after {
							panic("of a user's type")
						}
					}
				}) {
				}
				t.Error("the range went on behind")
			})
			if v == nil || !strings.HasPrefix(fmt.Sprint(v), "of a user's type\n\ngoroutine ") {
				t.Errorf("what came out is %v", v)
			}
		})
	}
}
