// Package trial says how tests with random values run: from which seed, and how long. Test files alone import it, those of the mapper
// and those of the in-process DynamoDB: it knows nothing of either.
package trial

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Seed returns what the random values of a test come from, and notes it, so that a failure says it: the number in ENTABLE_SEED, which
// repeats a run, or another one each time.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("ENTABLE_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("invalid ENTABLE_SEED: %v", err)
		}
	}
	t.Logf("ENTABLE_SEED=%d", seed)
	return seed
}

// Rand returns a source of random values that come from [Seed]. It is not safe for concurrent use: a goroutine takes a source of
// its own.
func Rand(t testing.TB) *rand.Rand {
	t.Helper()
	return rand.New(rand.NewPCG(Seed(t), 0))
}

// Soak reports whether the long forms of tests are asked for, with ENTABLE_SOAK=1.
func Soak() bool { return os.Getenv("ENTABLE_SOAK") != "" }

// Size returns how much a test does: the short form's number, or with [Soak] the long one's.
func Size(short, long int) int {
	if Soak() {
		return long
	}
	return short
}
