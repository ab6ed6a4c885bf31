// Command bench measures entable beside the SDK by hand and guregu/dynamo on one workload: a real client whose
// transport answers from memory, so that everything but the network is counted.
//
// Then it measures the in-process DynamoDB beside AWS's DynamoDB Local, where Java is there to run that.
//
// It prints a table and, last, one line for each goal: ratio NAME VALUE goal OP NUMBER quartiles FIRST THIRD. Only these ratios carry over
// from one machine to another.
package main

import (
	"context"
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
	rounds := flag.Int("rounds", 21, "how often each contestant takes its turn")
	each := flag.Duration("each", 60*time.Millisecond, "length of a turn")
	row := flag.String("row", "", "measure the rows that match this expression only")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *row, *rounds, *each); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, row string, rounds int, each time.Duration) error {
	match, err := regexp.Compile(row)
	if err != nil {
		return err
	}
	contestants := slices.DeleteFunc(allContestants(transport), func(c contestant) bool { return !match.MatchString(c.row) })
	samples, err := measure(ctx, contestants, rounds, each)
	if err != nil {
		return err
	}
	// The databases come after: with their heap and a second process beside them, the clients would look slower.
	engines, leftOut, err := engineContestants(ctx, match.MatchString)
	if err != nil {
		return err
	}
	more, err := measure(ctx, engines, rounds, each)
	if err != nil {
		return err
	}
	contestants, samples = append(contestants, engines...), append(samples, more...)
	if match.MatchString(engineGoroutines) || match.MatchString(engineGoroutinesSDK) { // by themselves, because of the items that they hold
		pairs, err := goroutineContestants(ctx, besideItems)
		if err != nil {
			return err
		}
		pairs = slices.DeleteFunc(pairs, func(c contestant) bool { return !match.MatchString(c.row) })
		more, err := measure(ctx, pairs, rounds, each)
		if err != nil {
			return err
		}
		contestants, samples = append(contestants, pairs...), append(samples, more...)
	}
	if match.MatchString(engineBytes) {
		held, err := measureMemory(ctx, heldItems)
		if err != nil {
			return err
		}
		contestants, samples = append(contestants, contestant{row: engineBytes, name: inMemory}), append(samples, []sample{held})
	}
	if leftOut != nil {
		if _, err := fmt.Fprintln(w, leftOut); err != nil {
			return err
		}
	}
	if err := printTable(w, contestants, samples); err != nil {
		return err
	}
	return printGoals(w, contestants, samples)
}

func allContestants(at func(row string) *canned) []contestant {
	return inOrder(slices.Concat(entableContestants(at), handContestants(at), gureguContestants(at), floorContestants(at)))
}

func printTable(w io.Writer, contestants []contestant, samples [][]sample) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "row\tcontestant\tµs\tallocs\tkB\tspread\t\n")
	for i, c := range contestants {
		ns := column(samples[i], func(s sample) float64 { return s.ns })
		fmt.Fprintf(table, "%s\t%s\t%.1f\t%.0f\t%.1f\t±%.0f %%\t\n", c.row, c.name, median(ns)/1e3,
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

// printGoals prints the goals whose rows were measured: the median over the rounds of what each round's figures give, and their
// quartiles.
func printGoals(w io.Writer, contestants []contestant, samples [][]sample) error {
	find := func(row, name string) []sample {
		i := slices.IndexFunc(contestants, func(c contestant) bool { return c.row == row && c.name == name })
		if i < 0 {
			return nil
		}
		return samples[i]
	}
	for _, g := range goals {
		num, den := find(g.row, g.num), find(g.denRow(), g.den)
		if num == nil || den == nil && g.den != "" {
			continue
		}
		var values []float64
		for i := range num {
			value := g.of(num[i])
			if g.den != "" {
				value /= g.of(den[i])
			}
			values = append(values, value)
		}
		first, middle, third := quartiles(values)
		if _, err := fmt.Fprintf(w, "ratio %s %s goal %s %v quartiles %s %s\n", g.name, short(middle), g.op, g.want, short(first), short(third)); err != nil {
			return err
		}
	}
	return nil
}

func (g *goal) denRow() string {
	if g.otherRow != "" {
		return g.otherRow
	}
	return g.row
}

// short prints three significant digits, enough to see on which side of its goal a figure is.
func short(f float64) string {
	digits := 2
	if f >= 10 {
		digits = 1
	}
	return fmt.Sprintf("%.*f", digits, f)
}
