package main

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"
)

// sample is what one operation of a contestant costs in one round.
type sample struct {
	ns, cpu, allocs, bytes float64 // cpu in nanoseconds, of this process
	held                   float64 // bytes that stay in use, where that is what is measured
}

// measure runs all contestants for the given number of rounds and returns each one's samples, one a round.
//
// Machines are noisy, and the noise lasts: what a neighbour does, or the clock's frequency, holds for seconds. So the
// contestants take turns, each for a short time, and only figures of the same round are compared. Who comes after another
// inherits its heap and caches, which is worth up to half of a figure: the order is another one in each round.
//
// Of the turns that a contestant takes in a round, the quickest counts.
func measure(ctx context.Context, contestants []contestant, rounds, turns int, each time.Duration) ([][]sample, error) {
	samples := make([][]sample, len(contestants))
	loops := make([]int, len(contestants))
	for i, c := range contestants {
		var err error
		if loops[i], err = calibrate(ctx, c, each); err != nil {
			return nil, err
		}
	}
	for turn := range rounds * turns {
		for _, i := range rand.Perm(len(contestants)) {
			c := contestants[i]
			// Between turns the others have taken the caches and the branch predictor. Those of long runs are of no account.
			if loops[i] > 1 {
				if _, err := take(ctx, c, loops[i]/4+1); err != nil {
					return nil, err
				}
			}
			s, err := take(ctx, c, loops[i])
			if err != nil {
				return nil, err
			}
			if last := len(samples[i]) - 1; turn%turns == 0 {
				samples[i] = append(samples[i], s)
			} else if s.ns < samples[i][last].ns {
				samples[i][last] = s
			}
		}
	}
	return samples, nil
}

// calibrate returns how many runs take about as long as each says.
func calibrate(ctx context.Context, c contestant, each time.Duration) (int, error) {
	for n := 1; ; n *= 2 {
		s, err := take(ctx, c, n)
		if err != nil {
			return 0, err
		}
		if total := s.ns * float64(n); total >= float64(each)/4 {
			return max(1, int(float64(each)/s.ns)), nil
		}
	}
}

// take runs the contestant n times, beginning with a clean heap: it pays for the collection of its own garbage and of
// nobody else's.
func take(ctx context.Context, c contestant, n int) (sample, error) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	spent, start := cpuTime(), time.Now()
	for range n {
		if err := c.run(ctx); err != nil {
			return sample{}, err
		}
	}
	elapsed := time.Since(start)
	spent = cpuTime() - spent
	runtime.ReadMemStats(&after)
	return sample{
		ns:     float64(elapsed) / float64(n),
		cpu:    float64(spent) / float64(n),
		allocs: float64(after.Mallocs-before.Mallocs) / float64(n),
		bytes:  float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
	}, nil
}

// measureClosely compares contestants that differ by less than what turns do: they run alternately, one run each, and the quickest of
// the given number of runs in a round counts.
func measureClosely(ctx context.Context, contestants []contestant, rounds, runs int) ([][]sample, error) {
	samples := make([][]sample, len(contestants))
	for range rounds {
		for i, c := range contestants { // allocations
			s, err := take(ctx, c, 10)
			if err != nil {
				return nil, err
			}
			s.ns, s.cpu = math.Inf(1), math.Inf(1)
			samples[i] = append(samples[i], s)
		}
		for range runs {
			for _, i := range rand.Perm(len(contestants)) {
				spent, start := cpuTime(), time.Now()
				if err := contestants[i].run(ctx); err != nil {
					return nil, err
				}
				s := &samples[i][len(samples[i])-1]
				s.ns, s.cpu = min(s.ns, float64(time.Since(start))), min(s.cpu, float64(cpuTime()-spent))
			}
		}
	}
	return samples, nil
}

// quartiles returns the first quartile of some values, the median and the third quartile.
func quartiles(values []float64) (first, middle, third float64) {
	values = slices.Sorted(slices.Values(values))
	at := func(part float64) float64 {
		place := part * float64(len(values)-1)
		low, share := int(place), place-float64(int(place))
		return values[low] + share*(values[min(low+1, len(values)-1)]-values[low])
	}
	return at(0.25), at(0.5), at(0.75)
}

func median(values []float64) float64 {
	_, middle, _ := quartiles(values)
	return middle
}
