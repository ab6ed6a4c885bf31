package main

import (
	"fmt"
	"io"
	"math"
	"slices"
)

// goal is a figure that entable is to reach: times * (num - less) / (den + plus), each of them one contestant's; without den it is num's
// own, and without times one. Without the rows that it needs it is left out of the report.
type goal struct {
	name      string
	of        func(sample) float64
	num, less ref
	den, plus ref
	times     float64
	op        string
	want      float64
}

// ref names a contestant.
type ref struct{ row, name string }

// goals are the figures of the project's list of numbers to reach, in its order.
var goals = slices.Concat(
	[]goal{
		atLeast(12, "query500_vs_hand", nanoseconds, query500, hand, entabled),
		atLeast(14, "query500_vs_guregu", nanoseconds, query500, guregu, entabled),
		atLeast(200, "query500_allocs_vs_hand", allocs, query500, hand, entabled),
		{name: "query500_kb", of: kilobytes, num: ref{query500, entabled}, op: "<=", want: 330},
		{name: "query500_vs_floors", of: nanoseconds, num: ref{query500, entabled}, den: ref{query500, floorRead}, plus: ref{query500, floorLean}, op: "<=", want: 8},
		atLeast(6, "query20_vs_hand", nanoseconds, query20, hand, entabled),
		atLeast(4.5, "getitem_vs_hand", nanoseconds, getItem, hand, entabled),
		atLeast(4.5, "putitem_vs_hand", nanoseconds, putItem, hand, entabled),
		atLeast(3.5, "updateitem_vs_hand", nanoseconds, updateItem, hand, entabled),
		atLeast(7, "batchwrite25_vs_hand", nanoseconds, batchWrite25, hand, entabled),
		atLeast(9, "batchget100_vs_hand", nanoseconds, batchGet100, hand, entabled),
		atMost(1.05, "mixed500_vs_onetype", nanoseconds, queryTypes, fiveTypes, oneType),
		atLeast(11, "mixed500_vs_hand", nanoseconds, mixed500, hand, entabled),
		atLeast(12, "encode_vs_marshalmap", nanoseconds, encode, hand, entabled),
		{name: "encode_allocs", of: allocs, num: ref{encode, entabled}, op: "<=", want: 0},
	},
	socketGoals(1.8, 0.45, socketGet),
	socketGoals(1.8, 0.45, socketPut),
	socketGoals(3.5, 0.17, socketScan),
	[]goal{
		{name: "keycheck_of_query500", of: nanoseconds, num: ref{keyCheck, checkedKeys}, less: ref{keyCheck, uncheckedKeys}, den: ref{query500, entabled}, op: "<=", want: 0.02},
		atMost(1.1, "entities1000_vs_10", nanoseconds, amongEntities, thousandEntities, tenEntities),
		{name: "query5000_vs_500", of: nanoseconds, num: ref{queryPages, tenPages}, den: ref{queryPages, onePage}, times: 10, op: "<=", want: 10},
		{name: "query5000_bytes_vs_500", of: kilobytes, num: ref{queryPages, tenPages}, den: ref{queryPages, onePage}, times: 10, op: "<=", want: 10},
		{name: "register1000_ms", of: milliseconds, num: ref{register1000, entabled}, op: "<=", want: 50},
		atLeast(1.6, "scan_2_segments", nanoseconds, scanSegments, oneSegment, twoSegments),

		atLeast(20, "engine_put_vs_local", nanoseconds, enginePut, ddbLocal, inMemory),
		atLeast(10, "engine_get_vs_local", nanoseconds, engineGet, ddbLocal, inMemory),
		atLeast(8, "engine_query500_vs_local", nanoseconds, engineQuery500, ddbLocal, inMemory),
		{name: "engine_start_ms", of: milliseconds, num: ref{engineStart, inMemory}, op: "<=", want: 1},
		{name: "engine_bytes_per_item", of: heldBytes, num: ref{engineBytes, inMemory}, op: "<=", want: 500},
		atLeast(1.7, "engine_2_goroutines", nanoseconds, engineGoroutines, oneGoroutine, twoGoroutines),
	},
)

// atLeast returns the goal of a quotient of two contestants of a row.
func atLeast(want float64, name string, of func(sample) float64, row, num, den string) goal {
	return goal{name: name, of: of, num: ref{row, num}, den: ref{row, den}, op: ">=", want: want}
}

func atMost(want float64, name string, of func(sample) float64, row, num, den string) goal {
	g := atLeast(want, name, of, row, num, den)
	g.op = "<="
	return g
}

// socketGoals returns those of a row over a socket: how much faster it is than by hand, and how much of its CPU time it takes.
func socketGoals(faster, cpu float64, row string) []goal {
	goals := []goal{atLeast(faster, row+"_vs_hand", nanoseconds, row, hand, entabled)}
	if knowsCPU {
		goals = append(goals, atMost(cpu, row+"_cpu_vs_hand", processor, row, entabled, hand))
	}
	return goals
}

func nanoseconds(s sample) float64  { return s.ns }
func milliseconds(s sample) float64 { return s.ns / 1e6 }
func processor(s sample) float64    { return s.cpu }
func kilobytes(s sample) float64    { return s.bytes / 1e3 }
func heldBytes(s sample) float64    { return s.held }

// allocs returns a whole number: the runtime allocates a little beside the contestant, far less than once in an operation.
func allocs(s sample) float64 { return math.Round(s.allocs) }

// printGoals prints the goals whose rows were measured: the median over the rounds of what each round's figures give, and their
// quartiles.
func printGoals(w io.Writer, contestants []contestant, samples [][]sample) error {
	find := func(r ref) []sample {
		i := slices.IndexFunc(contestants, func(c contestant) bool { return ref{c.row, c.name} == r })
		if i < 0 {
			return nil
		}
		return samples[i]
	}
	for _, g := range goals {
		values := g.values(find)
		if values == nil {
			continue
		}
		first, middle, third := quartiles(values)
		if _, err := fmt.Fprintf(w, "ratio %s %s goal %s %v quartiles %s %s\n", g.name, short(middle), g.op, g.want, short(first), short(third)); err != nil {
			return err
		}
	}
	return nil
}

// values returns the figures of the rounds, nil if something that they are made of was not measured.
func (g *goal) values(find func(ref) []sample) []float64 {
	var of [4][]sample
	rounds := math.MaxInt
	for i, r := range []ref{g.num, g.less, g.den, g.plus} {
		if r == (ref{}) {
			continue
		}
		if of[i] = find(r); of[i] == nil {
			return nil
		}
		rounds = min(rounds, len(of[i]))
	}
	values := make([]float64, rounds)
	for round := range values {
		figure := func(i int) float64 {
			if of[i] == nil {
				return 0
			}
			return g.of(of[i][round])
		}
		if values[round] = figure(0) - figure(1); of[2] != nil {
			values[round] /= figure(2) + figure(3)
		}
		if g.times != 0 {
			values[round] *= g.times
		}
	}
	return values
}

// short prints about three significant digits, enough to see on which side of its goal a figure is.
func short(f float64) string {
	switch {
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	case f >= 1 || f == 0:
		return fmt.Sprintf("%.2f", f)
	}
	return fmt.Sprintf("%.3f", f)
}
