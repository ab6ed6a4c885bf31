package progress_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/entable/entable/progress"
)

// openTerminal returns the two ends of a pseudo-terminal.
func openTerminal(t *testing.T) (master, terminal *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	var unlocked, number int32
	for request, at := range map[uintptr]*int32{syscall.TIOCSPTLCK: &unlocked, syscall.TIOCGPTN: &number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(at))); errno != 0 {
			t.Skipf("no pseudo-terminals here: %v", errno)
		}
	}
	terminal, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { terminal.Close() })
	return master, terminal
}

// On a terminal the line is written over itself, five times a second at most, and nothing of a longer one stays behind it.
func TestTerminal(t *testing.T) {
	master, terminal := openTerminal(t)
	var c clock
	c.pass(time.Hour)
	l := progress.New(terminal, "copy", progress.Options{Total: 1000, Clock: c.Now})
	c.pass(time.Second)
	l.Set(100)
	l.Set(200) // too soon
	c.pass(time.Second)
	l.Printf("one is left out")
	l.Set(1000)
	l.End()
	var got strings.Builder
	buf := make([]byte, 1000)
	for strings.Count(got.String(), "\n") < 2 {
		n, err := master.Read(buf)
		check(t, err)
		got.Write(buf[:n])
	}
	want := []string{
		"copy: 100 of about 1,000 items (10 %), 100/s, 9s left",
		"", // wiped
		"one is left out\n",
		"copy: 1,000 of about 1,000 items (100 %), 500/s, 0s left",
		"copy: 1,000 of about 1,000 items (100 %), 500/s, took 2s",
	}
	// The terminal puts a \r in front of each \n.
	lines := strings.Split(strings.Trim(strings.ReplaceAll(got.String(), "\r\n", "\n"), "\r\n"), "\r")
	for i, line := range lines {
		if i >= len(want) || strings.TrimRight(line, " ") != want[i] {
			t.Fatalf("the terminal got %q, want %q", lines, want)
		}
	}
	if len(lines) != len(want) {
		t.Errorf("the terminal got %q, want %q", lines, want)
	}
}
