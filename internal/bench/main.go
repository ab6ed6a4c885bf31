// Command bench measures entable beside the SDK by hand and guregu/dynamo on one workload: a real client whose
// transport answers from memory, so that everything but the network is counted.
//
// Then it measures the in-process DynamoDB beside AWS's DynamoDB Local, where Java is there to run that.
//
// It prints a table and, last, one line for each goal: ratio NAME VALUE goal OP NUMBER quartiles FIRST THIRD. Only these ratios carry over
// from one machine to another. With -markdown it measures nothing, and makes tables of what runs have printed into files.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"text/tabwriter"
	"time"
)

func main() {
	if asServer() {
		return
	}
	rounds := flag.Int("rounds", 21, "how often each contestant takes its turn; those that take seconds, a third of that")
	each := flag.Duration("each", 60*time.Millisecond, "length of a turn")
	row := flag.String("row", "", "measure the rows that match this expression only")
	tables := flag.Bool("markdown", false, "print the tables of PERFORMANCE.md from the outputs of runs, in the files that are given")
	flag.Parse()
	err := error(nil)
	if *tables {
		err = printMarkdown(os.Stdout, flag.Args())
	} else {
		err = run(context.Background(), os.Stdout, *row, sizes{*rounds, *each, scannedItems, socketRequests})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// sizes say how much is measured.
type sizes struct {
	rounds           int
	each             time.Duration
	scanned          int // items of the scan over a socket
	requestsOverEach int // of the 64 goroutines
}

// slow returns how often those take their turns that take seconds.
func (s sizes) slow() int { return (s.rounds + 2) / 3 }

// results are the contestants that were measured, and their samples.
type results struct {
	contestants []contestant
	samples     [][]sample
}

// add keeps no more of a contestant than its names: its responses and results are to be gone before the next ones begin.
func (r *results) add(c contestant, samples []sample) {
	r.contestants, r.samples = append(r.contestants, contestant{row: c.row, name: c.name}), append(r.samples, samples)
}

// measure lets those of the contestants whose rows match take their turns.
func (r *results) measure(ctx context.Context, all []contestant, match func(string) bool, rounds, turns int, each time.Duration) error {
	all = slices.DeleteFunc(all, func(c contestant) bool { return !match(c.row) })
	samples, err := measure(ctx, all, rounds, turns, each)
	for i, s := range samples {
		r.add(all[i], s)
	}
	return err
}

// measureClosely does it for those that differ by less than what turns do.
func (r *results) measureClosely(ctx context.Context, all []contestant, match func(string) bool, rounds, runs int) error {
	all = slices.DeleteFunc(all, func(c contestant) bool { return !match(c.row) })
	samples, err := measureClosely(ctx, all, rounds, runs)
	for i, s := range samples {
		r.add(all[i], s)
	}
	return err
}

// besideTurns is how many turns those take in a round that keep both processors busy: whoever else uses either of them is in their
// figures, so that it takes several to see one without.
const besideTurns = 5

func run(ctx context.Context, w io.Writer, row string, s sizes) error {
	rows, err := regexp.Compile(row)
	if err != nil {
		return err
	}
	match := rows.MatchString
	var all results
	for _, rows := range compared {
		of := func(row string) bool { return slices.Contains(rows, row) && match(row) }
		if err := all.measure(ctx, allContestants(transport), of, s.rounds, 1, s.each); err != nil {
			return err
		}
	}
	if err := all.measure(ctx, segmentsContestants(), match, s.slow(), besideTurns, s.each); err != nil {
		return err
	}
	if err := all.measureSockets(ctx, match, s); err != nil {
		return err
	}
	for _, c := range []struct {
		contestants func() []contestant
		runs        int
	}{{keyContestants, 150}, {typesContestants, 150}, {amongContestants, 150}, {pagesContestants, 30}} {
		if err := all.measureClosely(ctx, c.contestants(), match, s.rounds, c.runs); err != nil {
			return err
		}
	}
	if match(register1000) {
		samples, err := measureRegistration(s.rounds)
		if err != nil {
			return err
		}
		all.add(contestant{row: register1000, name: entabled}, samples)
	}
	leftOut, err := all.measureEngine(ctx, match, s)
	if err != nil {
		return err
	}
	if leftOut != nil {
		if _, err := fmt.Fprintln(w, leftOut); err != nil {
			return err
		}
	}
	if err := printTable(w, all.contestants, all.samples); err != nil {
		return err
	}
	return printGoals(w, all.contestants, all.samples)
}

func (r *results) measureSockets(ctx context.Context, match func(string) bool, s sizes) error {
	if !slices.ContainsFunc([]string{socketGet, socketPut, socketScan}, match) {
		return nil
	}
	url, stop, err := startServer(ctx, s.scanned)
	if err != nil {
		return err
	}
	err = r.measure(ctx, socketContestants(url, s.requestsOverEach), match, s.slow(), 1, s.each)
	return errors.Join(err, stop())
}

// measureEngine measures the databases. They come last: with their heap and a second process beside them, the clients would look
// slower.
func (r *results) measureEngine(ctx context.Context, match func(string) bool, s sizes) (leftOut, err error) {
	engines, leftOut, err := engineContestants(ctx, match)
	if err != nil {
		return nil, err
	}
	if err := r.measure(ctx, engines, match, s.rounds, 1, s.each); err != nil {
		return nil, err
	}
	if match(engineGoroutines) || match(engineGoroutinesSDK) { // by themselves, because of the items that they hold
		pairs, err := goroutineContestants(ctx, besideItems)
		if err != nil {
			return nil, err
		}
		if err := r.measure(ctx, pairs, match, s.slow(), besideTurns, s.each); err != nil {
			return nil, err
		}
	}
	if match(engineBytes) {
		held, err := measureMemory(ctx, heldItems)
		if err != nil {
			return nil, err
		}
		r.add(contestant{row: engineBytes, name: inMemory}, []sample{held})
	}
	return leftOut, nil
}

func allContestants(at func(row string) *canned) []contestant {
	return inOrder(slices.Concat(entableContestants(at), handContestants(at), gureguContestants(at), floorContestants(at)))
}

func printTable(w io.Writer, contestants []contestant, samples [][]sample) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "row\tcontestant\tµs\tCPU µs\tallocs\tkB\tspread\t\n")
	for i, c := range contestants {
		ns := column(samples[i], func(s sample) float64 { return s.ns })
		fmt.Fprintf(table, "%s\t%s\t%.1f\t%.1f\t%.0f\t%.1f\t±%.0f %%\t\n", c.row, c.name, median(ns)/1e3,
			median(column(samples[i], processor))/1e3,
			median(column(samples[i], func(s sample) float64 { return s.allocs })),
			median(column(samples[i], func(s sample) float64 { return s.bytes }))/1e3,
			100*(slices.Max(ns)-slices.Min(ns))/2/median(ns))
	}
	return table.Flush()
}

func column(samples []sample, of func(sample) float64) []float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	return values
}
