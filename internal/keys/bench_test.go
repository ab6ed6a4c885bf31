package keys_test

import (
	"testing"
	"time"

	"github.com/entable/entable/internal/keys"
)

type benchCase struct {
	name   string
	p      *keys.Pattern
	values []keys.Value
}

func benchCases(b *testing.B) []benchCase {
	return []benchCase{
		{"uuid", compile(b, "CD", "#", comp("id", keys.Text)), vals(text("0b7ee6a2-55c5-4a57-8d3e-6f5f2f7a9f01"))},
		{"text", compile(b, "CD", "#", comp("s", keys.Text), lit("L")), vals(text("Hello, world #7"))},
		{"int", compile(b, "CD", "#", comp("n", keys.Int)), vals(integer(-123456789))},
		{"float", compile(b, "CD", "#", comp("f", keys.Float)), vals(float(1234.5678))},
		{"time", compile(b, "CT", "#", laid("")), vals(instant(time.Unix(1700000000, 123456789)))},
		{"bytes", compile(b, "CD", "#", comp("x", keys.Bytes)), vals(binary(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))},
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range benchCases(b) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				buf, _ = c.p.Append(buf[:0], c.values)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, c := range benchCases(b) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			key := render(b, c.p, c.values...)
			var out []keys.Value
			for b.Loop() {
				out, _ = c.p.Parse(key, out[:0])
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, c := range benchCases(b) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			key := render(b, c.p, c.values...)
			for b.Loop() {
				c.p.Match(key)
			}
		})
	}
}

func BenchmarkCompileThousand(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		manyPatterns(b)
	}
}

// BenchmarkApartThousand compares 1,000 patterns pairwise.
func BenchmarkApartThousand(b *testing.B) {
	b.ReportAllocs()
	var rows [][]*keys.Pattern
	for _, p := range manyPatterns(b) {
		rows = append(rows, []*keys.Pattern{p})
	}
	for b.Loop() {
		for i, x := range rows {
			for _, y := range rows[:i] {
				keys.Apart(x, y)
			}
		}
	}
}

// BenchmarkApartSeparators compares keys that take a walk through automata.
func BenchmarkApartSeparators(b *testing.B) {
	b.ReportAllocs()
	x := []*keys.Pattern{compile(b, "", "#", comp("id", keys.Text)), compile(b, "", "#", comp("id", keys.Text), comp("at", keys.Time))}
	y := []*keys.Pattern{compile(b, "", "|", comp("id", keys.Text)), compile(b, "", "|", comp("id", keys.Text), comp("n", keys.Int))}
	for b.Loop() {
		keys.Apart(x, y)
	}
}
