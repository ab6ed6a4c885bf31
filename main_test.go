package entable_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entable/entable/internal/wire"
)

func init() { wire.Hostile = true }

// TestMain fails when a goroutine is left running behind all tests: entable starts some for scans, batches and merged
// walks, and each operation ends its own.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := leftRunning(10 * time.Second); code == 0 && len(left) > 0 {
		fmt.Fprintf(os.Stderr, "%d goroutines are left behind the tests:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// lasting are functions of goroutines that live as long as the process: connections that the SDK's clients keep open, and the
// emulator with its output.
var lasting = []string{
	"net/http.(*persistConn).readLoop(",
	"net/http.(*persistConn).writeLoop(",
	"internal/ddblocal.startProcess.func",
	"os/exec.(*Cmd).Start.func",
	"os/signal.loop(",
}

// leftRunning returns the stacks of goroutines that are still there when those that are about to end have had time for it.
func leftRunning(wait time.Duration) (left []string) {
	for end, pause := time.Now().Add(wait), time.Millisecond; ; pause *= 2 {
		others := allStacks()[1:] // the first is this one
		left = slices.DeleteFunc(others, func(stack string) bool {
			return slices.ContainsFunc(lasting, func(f string) bool { return strings.Contains(stack, f) })
		})
		if len(left) == 0 || time.Now().After(end) {
			return left
		}
		<-time.After(pause)
	}
}

func allStacks() []string {
	for buf := make([]byte, 1<<20); ; buf = make([]byte, 2*len(buf)) {
		if n := runtime.Stack(buf, true); n < len(buf) {
			return strings.Split(strings.TrimSpace(string(buf[:n])), "\n\n")
		}
	}
}
