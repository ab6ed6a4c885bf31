package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A runReport is what a run has printed: the lines of its table and its ratios.
type runReport struct {
	figures map[ref]figures
	order   []ref
	ratios  map[string]float64
}

// figures are the columns of a contestant's line that a table of a document has.
type figures struct{ micros, allocs, kB string }

var (
	columns   = regexp.MustCompile(`\s{2,}`)
	ratioLine = regexp.MustCompile(`^ratio (\S+) (\S+) goal `)
)

func readReport(r io.Reader) (*runReport, error) {
	report := &runReport{figures: map[ref]figures{}, ratios: map[string]float64{}}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		if m := ratioLine.FindStringSubmatch(line); m != nil {
			value, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", line, err)
			}
			report.ratios[m[1]] = value
			continue
		}
		cells := columns.Split(strings.TrimSpace(line), -1)
		if len(cells) == 7 && slices.Contains(rows, cells[0]) {
			of := ref{cells[0], cells[1]}
			report.figures[of] = figures{cells[2], cells[4], cells[5]}
			report.order = append(report.order, of)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(report.ratios) == 0 {
		return nil, fmt.Errorf("there is no line that begins with %q", "ratio")
	}
	return report, nil
}

// printMarkdown prints two tables: the figures of the first of the runs in the files, and the ratios of all.
func printMarkdown(w io.Writer, files []string) error {
	if len(files) == 0 {
		return fmt.Errorf("give the files into which runs have printed: make bench >run1.txt")
	}
	var runs []*runReport
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		run, err := readReport(file)
		file.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		runs = append(runs, run)
	}
	_, err := io.WriteString(w, figuresTable(runs[0])+"\n"+ratiosTable(runs))
	return err
}

func figuresTable(run *runReport) string {
	var table strings.Builder
	table.WriteString("| row | contestant | µs | allocations | kB |\n|---|---|---|---|---|\n")
	row := ""
	for _, of := range run.order {
		f := run.figures[of]
		shown := of.row
		if shown == row {
			shown = ""
		}
		row = of.row
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n", shown, of.name, f.micros, f.allocs, f.kB)
	}
	return table.String()
}

// ratiosTable says for each goal what the runs gave, and how many of them reached it. What most runs missed is bold.
func ratiosTable(runs []*runReport) string {
	var table strings.Builder
	table.WriteString("| ratio | median | runs | goal | reached in |\n|---|---|---|---|---|\n")
	for _, g := range goals {
		var values []float64
		reached := 0
		for _, run := range runs {
			if v, ok := run.ratios[g.name]; ok {
				values = append(values, v)
				if g.reached(v) {
					reached++
				}
			}
		}
		if len(values) == 0 {
			continue
		}
		middle := short(median(values))
		if 5*reached < 4*len(values) {
			middle = "**" + middle + "**"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s to %s | %s %v | %d of %d |\n",
			g.name, middle, short(slices.Min(values)), short(slices.Max(values)), map[string]string{">=": "≥", "<=": "≤"}[g.op], g.want, reached, len(values))
	}
	return table.String()
}

// reached reports whether a value is what the goal asks for.
func (g *goal) reached(value float64) bool {
	if g.op == ">=" {
		return value >= g.want
	}
	return value <= g.want
}
