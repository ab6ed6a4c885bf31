package main

import (
	"math"
	"runtime"
	"testing"
)

// Unlike times, allocations are the same on every machine. The HTTP client and the transport make 17 of those of a request.
func TestAllocations(t *testing.T) {
	type contestantOf struct{ row, name string }
	made := map[contestantOf]float64{}
	for _, c := range allContestants(transport) {
		for range 2 { // until requests are lean
			if err := c.run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		made[contestantOf{c.row, c.name}] = testing.AllocsPerRun(10, func() {
			if err := c.run(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
	for _, test := range []struct {
		row  string
		most float64
	}{
		{query500, made[contestantOf{query500, hand}] / 200},
		{query500, 150},
		{getItem, 34},
		{putItem, 32},
		{updateItem, 59},
		{updateItemIf, 90},
		{batchGet100, 74},
		{encode, 0},
	} {
		if got := made[contestantOf{test.row, entabled}]; got > test.most {
			t.Errorf("%s: %v allocations, want at most %v", test.row, got, test.most)
		}
	}
}

// What a long response is read into is used again.
func TestBytesOfAQuery(t *testing.T) {
	for _, c := range allContestants(transport) {
		if c.row != query500 && c.row != mixed500 || c.name != entabled {
			continue
		}
		least := uint64(math.MaxUint64) // the collector may take what is not used
		for range 20 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if err := c.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			least = min(least, after.TotalAlloc-before.TotalAlloc)
		}
		if least > 330_000 {
			t.Errorf("%s: %d bytes are allocated", c.row, least)
		}
	}
}
