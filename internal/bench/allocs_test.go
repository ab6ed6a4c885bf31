package main

import "testing"

// Unlike times, allocations are the same on every machine. What the SDK makes for a request without items is the floor of
// reads and writes of one item.
func TestAllocations(t *testing.T) {
	type contestantOf struct{ row, name string }
	made := map[contestantOf]float64{}
	for _, c := range allContestants(transport) {
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
		{query500, made[contestantOf{query500, hand}] / 25},
		{query500, made[contestantOf{query500, floorEmpty}] + 300},
		{getItem, made[contestantOf{getItem, floorEmpty}] + 15},
		{putItem, made[contestantOf{putItem, floorEmpty}] + 15},
		{encode, 0},
	} {
		if got := made[contestantOf{test.row, entabled}]; got > test.most {
			t.Errorf("%s: %v allocations, want at most %v", test.row, got, test.most)
		}
	}
}
