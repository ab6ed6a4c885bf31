// Command heat calculates how far a table's hottest partition key limits its writes, and what shards change.
//
// The service serves one partition with at most 1,000 write units a second and splits a table into as many partitions as
// its load needs; items of one partition-key value share a partition (unless the service splits them by sort key). So the
// hottest value limits the table: at the rate at which that value alone takes 1,000 units. With shards the value's items
// are spread over several partition keys; a shard is picked by a hash of the item, so that some are hotter than others.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
package main

import (
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"text/tabwriter"
)

const (
	writesPerPartition = 1000 // units a second
	values             = 1_000_000
	itemsPerValue      = 100_000 // of the hottest one, over which its writes go evenly
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "heat:", err)
		os.Exit(1)
	}
}

func run() error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "skew\thottest value\t1 shard\t4 shards\t16 shards\t64 shards\t\n")
	for _, skew := range []float64{0.6, 0.8, 1, 1.2} {
		share := hottest(skew)
		fmt.Fprintf(w, "%.1f\t%.4f %%\t", skew, 100*share)
		for _, shards := range []int{1, 4, 16, 64} {
			fmt.Fprintf(w, "%.0f/s\t", writesPerPartition/(share*largestShard(shards)))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// hottest returns the share of writes that the most written of all values takes, when the n-th takes 1/n^skew of it.
func hottest(skew float64) float64 {
	sum := 0.0
	for n := range values {
		sum += math.Pow(float64(n+1), -skew)
	}
	return 1 / sum
}

// largestShard returns the share of a value's items in the fullest of its shards.
func largestShard(shards int) float64 {
	count := make([]int, shards)
	most := 0
	for i := range itemsPerValue {
		h := fnv.New64a()
		fmt.Fprintf(h, "item-%d", i)
		s := h.Sum64() % uint64(shards)
		count[s]++
		most = max(most, count[s])
	}
	return float64(most) / itemsPerValue
}
