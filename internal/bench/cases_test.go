package main

import (
	"reflect"
	"testing"
)

// The benchmarks of this package's tests look into what the command's rows sum up. Run them with the Go tool, for example
//
//	go test -run '^$' -bench 'Decode/size|Scan' -cpu 1,2
//
// and compare two commits with make bench-compare.

// suites are the benchmarks' cases by the benchmarks' names.
var suites = []struct {
	name  string
	cases func() []benchCase
}{
	{"Decode", decodeCases}, {"Encode", encodeCases}, {"Cold", coldCases},
	{"Mixed", mixedCases}, {"Pages", pagesCases}, {"Scan", scanCases}, {"Parallel", parallelCases},
}

func BenchmarkDecode(b *testing.B)   { benchmark(b, decodeCases()) }
func BenchmarkEncode(b *testing.B)   { benchmark(b, encodeCases()) }
func BenchmarkCold(b *testing.B)     { benchmark(b, coldCases()) }
func BenchmarkMixed(b *testing.B)    { benchmark(b, mixedCases()) }
func BenchmarkPages(b *testing.B)    { benchmark(b, pagesCases()) }
func BenchmarkScan(b *testing.B)     { benchmark(b, scanCases()) }
func BenchmarkParallel(b *testing.B) { benchmark(b, parallelCases()) }

// benchCase is work that each contestant does in its way.
type benchCase struct {
	name  string
	build func(testing.TB) work
}

type work struct {
	contestants func() []contestant // new ones at each call, for one goroutine
	want        any                 // what all come to
	bytes       int                 // that one operation reads or writes, 0 where nobody asks
	items       int
	parallel    bool
	prepare     func() // before each operation, and not counted
}

func benchmark(b *testing.B, cases []benchCase) {
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			w := c.build(b)
			for i, c := range w.contestants() {
				b.Run(c.name, func(b *testing.B) { w.measure(b, i) })
			}
		})
	}
}

func (w *work) measure(b *testing.B, i int) {
	b.ReportAllocs()
	b.SetBytes(int64(w.bytes))
	if w.parallel {
		b.RunParallel(func(pb *testing.PB) {
			for c := w.contestants()[i]; pb.Next(); {
				if err := c.run(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	} else {
		c := w.contestants()[i]
		for b.Loop() {
			if w.prepare != nil {
				b.StopTimer()
				w.prepare()
				b.StartTimer()
			}
			if err := c.run(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	if w.items > 1 {
		b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(w.items), "ns/item")
	}
}

// What is measured works, and keeps working: each contestant of each case runs here.
func TestBenchmarkedContestantsComeToTheSameResult(t *testing.T) {
	for _, s := range suites {
		for _, c := range s.cases() {
			t.Run(s.name+"/"+c.name, func(t *testing.T) {
				w := c.build(t)
				for _, c := range w.contestants() {
					for range 2 { // the second run must not see the first one's
						if w.prepare != nil {
							w.prepare()
						}
						if err := c.run(t.Context()); err != nil {
							t.Fatalf("%s: %v", c.name, err)
						}
					}
					if got := normal(t, c.result()); !reflect.DeepEqual(got, w.want) {
						t.Errorf("%s: got\n%s\nwant\n%s", c.name, show(got), show(w.want))
					}
				}
			})
		}
	}
}
