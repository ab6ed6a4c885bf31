package value_test

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/entable/entable/internal/engine/value"
	"github.com/entable/entable/internal/trial"
)

func TestNumberCanonicalText(t *testing.T) {
	const over = "Number overflow. Attempting to store a number with magnitude larger than supported range"
	const under = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
	const digits = "Attempting to store more than 38 significant digits in a Number"
	const nan = "The parameter cannot be converted to a numeric value"
	nines := strings.Repeat("9", 38)
	for _, c := range []struct{ in, want string }{
		{"0", "0"}, {"-0", "0"}, {"0.000", "0"}, {"0E125", "0"}, {"0.0e126", "0"}, {"0e-130", "0"}, {"1", "1"}, {"-1", "-1"}, {"+1", "1"}, {"10", "10"}, {"100", "100"},
		{"1.10", "1.1"}, {"00012.500", "12.5"}, {".5", "0.5"}, {"5.", "5"}, {"1e5", "100000"}, {"1E+5", "100000"}, {"-17.4E37", "-174" + strings.Repeat("0", 36)},
		{"0.00000000000000000001", "0.00000000000000000001"}, {"12345678901234567890123456789012345678", "12345678901234567890123456789012345678"},
		{"1234567890123456789012345678901234567800000000", "1234567890123456789012345678901234567800000000"},
		{"1E125", "1" + strings.Repeat("0", 125)}, {nines + "E88", nines + strings.Repeat("0", 88)}, {"1E-130", "0." + strings.Repeat("0", 129) + "1"},
		{"0.1E126", "1" + strings.Repeat("0", 125)}, {"10E-131", "0." + strings.Repeat("0", 129) + "1"}, {"0001.23", "1.23"}, {"100.001", "100.001"},
		{"1E126", over}, {"-1E126", over}, {"11e125", over}, {"1E-131", under}, {"0.9e-130", under}, {"1e999999999999999999", over}, {"1e-999999999999999999", under},
		{"0e126", over}, {"0e-131", under}, {"-0.0e127", over}, {"1e9223372036854775807", over},
		{"1" + nines, digits}, {"1." + nines, digits}, {strings.Repeat("1", 50) + "E200", over},
		{"", nan}, {"abc", nan + ": abc"}, {" 1", nan + ":  1"}, {"1 ", nan + ": 1 "}, {"NaN", nan + ": NaN"}, {"Infinity", nan + ": Infinity"}, {"1_0", nan + ": 1_0"}, {"0x10", nan + ": 0x10"},
		{".", nan + ": ."}, {"-", nan + ": -"}, {"1e", nan + ": 1e"}, {"1e9223372036854775808", nan + ": 1e9223372036854775808"}, {"1e+", nan + ": 1e+"}, {"1.2.3", nan + ": 1.2.3"}, {"e5", nan + ": e5"}, {"1e5.0", nan + ": 1e5.0"}, {"--1", nan + ": --1"},
	} {
		v, err := value.Number(c.in)
		got := v.NumberText()
		if err != nil {
			got = err.(*value.Error).Message
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
}

// The service charges for pairs of digits on both sides of the point, so 12 is smaller than 1.2.
func TestNumberSize(t *testing.T) {
	for in, want := range map[string]int{
		"0": 1, "1": 2, "-1": 3, "12": 2, "1.2": 3, "123": 3, "1234": 3, "12.34": 3, "123.4": 4, "1E125": 2, "11E124": 2, "1e-130": 2,
		strings.Repeat("1", 38): 20, "-" + strings.Repeat("1", 38): 21, strings.Repeat("1", 38) + "0": 21,
		"-" + strings.Repeat("1", 38) + "0": 21, "-1234567890123456789012345678901234567.8": 21,
		"11111" + strings.Repeat("0", 121): 4, "111111" + strings.Repeat("0", 120): 4, "1111111" + strings.Repeat("0", 119): 5,
	} {
		v, err := value.Number(in)
		if err != nil || v.Size() != want {
			t.Errorf("%s: size %d, want %d (%v)", in, v.Size(), want, err)
		}
	}
}

func randomNumber(r *rand.Rand) string {
	var b strings.Builder
	if r.IntN(2) == 0 {
		b.WriteByte('-')
	}
	n := 1 + r.IntN(38)
	if r.IntN(2) == 0 {
		n = 1 + r.IntN(4)
	}
	for range n {
		b.WriteByte('0' + byte(r.IntN(10)))
	}
	switch r.IntN(4) {
	case 0:
		b.WriteString("E" + strconv.Itoa(r.IntN(88)))
	case 1:
		b.WriteString("E-" + strconv.Itoa(r.IntN(130)))
	case 2:
		b.WriteString("E-" + strconv.Itoa(r.IntN(n+1)))
	}
	return b.String()
}

func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic("no number: " + s)
	}
	return r
}

func TestNumbersAgainstBig(t *testing.T) {
	r := trial.Rand(t)
	for range 20_000 {
		x, y := randomNumber(r), randomNumber(r)
		checkNumbers(t, x, y)
	}
}

func checkNumbers(t *testing.T, x, y string) {
	t.Helper()
	a, err := value.Number(x)
	if err != nil {
		t.Fatalf("%s: %v", x, err)
	}
	b, err := value.Number(y)
	if err != nil {
		t.Fatalf("%s: %v", y, err)
	}
	p, q := rat(x), rat(y)
	if rat(a.NumberText()).Cmp(p) != 0 {
		t.Fatalf("%s printed as %s", x, a.NumberText())
	}
	want := p.Cmp(q)
	if got, ok := value.Compare(a, b); !ok || got != want || bytes.Compare(a.AppendOrdered(nil), b.AppendOrdered(nil)) != want || (a == b) != (want == 0) {
		t.Fatalf("%s and %s compare as %d, want %d", x, y, got, want)
	}
	checkResult(t, x+" + "+y, new(big.Rat).Add(p, q), func() (value.Value, error) { return value.Add(a, b) })
	checkResult(t, x+" - "+y, new(big.Rat).Sub(p, q), func() (value.Value, error) { return value.Sub(a, b) })
}

// checkResult wants the exact result if it is in range and has at most 38 digits, and an error otherwise.
func checkResult(t *testing.T, what string, want *big.Rat, f func() (value.Value, error)) {
	t.Helper()
	got, err := f()
	fits := want.Sign() == 0
	if !fits {
		text := strings.Trim(strings.Replace(strings.TrimPrefix(want.FloatString(400), "-"), ".", "", 1), "0")
		abs := new(big.Rat).Abs(want)
		fits = len(text) <= 38 && abs.Cmp(rat("1E-130")) >= 0 && abs.Cmp(rat("1E126")) < 0
	}
	switch {
	case fits && err != nil:
		t.Fatalf("%s: %v", what, err)
	case fits && rat(got.NumberText()).Cmp(want) != 0:
		t.Fatalf("%s = %s", what, got.NumberText())
	case !fits && err == nil:
		t.Fatalf("%s = %s, want an error", what, got.NumberText())
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0", "-12.50", "1E-130", "9.99e125", "123456789012345678901234567890123456789", ".5", "1e", "00001000"} {
		f.Add(s, "1")
	}
	f.Fuzz(func(t *testing.T, x, y string) {
		a, errA := value.Number(x)
		_, errB := value.Number(y)
		if errA == nil {
			if again, err := value.Number(a.NumberText()); err != nil || again != a {
				t.Fatalf("%q printed as %s: %v", x, a.NumberText(), err)
			}
		}
		// big.Rat would spell out a huge exponent
		if errA == nil && errB == nil && len(x) < 100 && len(y) < 100 && !strings.Contains(x+y, "0e") && !strings.Contains(x+y, "0E") {
			checkNumbers(t, x, y)
		}
	})
}

func TestArithmeticRefusals(t *testing.T) {
	const over = "Number overflow. Attempting to store a number with magnitude larger than supported range"
	for _, c := range []struct{ a, b, want string }{
		{"9E125", "9E125", over}, {"1E50", "1", over}, {"1E38", "1", over}, {"1E37", "1", "10000000000000000000000000000000000001"},
		{"1.5E-130", "-1E-130", "Number underflow. Attempting to store a number with magnitude smaller than supported range"},
		{"1E125", "-1E125", "0"}, {"999999999999999999", "1", "1000000000000000000"},
	} {
		a, _ := value.Number(c.a)
		b, _ := value.Number(c.b)
		v, err := value.Add(a, b)
		got := v.NumberText()
		if err != nil {
			got = err.(*value.Error).Message
		}
		if got != c.want {
			t.Errorf("%s + %s: got %s", c.a, c.b, got)
		}
	}
}
