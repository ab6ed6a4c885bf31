// Package progress shows how far long work has come, in one line of a terminal: what is done, how fast, what remains and what it
// has cost.
//
//	backfill: 12,400 of about 200,000 items (6 %), 3,100/s, 1m0s left, 1,550 read and 800 write units
//
// Where the output is no terminal (a file, a pipe, the log of a build), nothing is written. The Progress of entable's AuditOptions
// and its option Progress tell how far an audit, a copy or a deletion has come; any loop can.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Options says what there is to show. The zero value counts items of which nobody knows how many there are.
type Options struct {
	// Unit is what is counted, "items" by default.
	Unit string
	// Total is how many there are to be, 0 if nobody knows. The ItemCount of the service's DescribeTable, which is up to six hours
	// old, is good enough: where more is done than that, it is no longer shown.
	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
	Total int
	// Cost, if not nil, says how many read and write capacity units were consumed so far: those of the Total of entable's Stats in the
	// context of the work.
	Cost func() (read, write float64)
	// Always writes the line where there is no terminal, too: once at the end.
	Always bool
	// Clock is for tests; nil is [time.Now].
	Clock func() time.Time
}

// interval is the time between two looks of the line.
const interval = 200 * time.Millisecond

// Line is a line of a terminal that is written anew as work goes on. It is safe for concurrent use.
type Line struct {
	w               io.Writer
	task            string
	o               Options
	terminal, quiet bool

	mu           sync.Mutex
	done         int
	start, shown time.Time
	width        int // of what stands there
	ended        bool
}

// New returns a line that begins with the name of a task. Its clock starts now. It writes to w if that is a terminal; errors of
// writing are of no interest to the work, and are passed over.
func New(w io.Writer, task string, o Options) *Line {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Unit == "" {
		o.Unit = "items"
	}
	terminal := isTerminal(w)
	return &Line{w: w, task: task, o: o, start: o.Clock(), terminal: terminal, quiet: !terminal && !o.Always}
}

// isTerminal reports whether somebody may look at what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Set says that done are done in all. It writes five times a second at most.
func (l *Line) Set(done int) { l.change(func() { l.done = done }) }

// Add says that n more are done.
func (l *Line) Add(n int) { l.change(func() { l.done += n }) }

// Expect sets Total, which may become known, or better known, on the way.
func (l *Line) Expect(total int) { l.change(func() { l.o.Total = total }) }

func (l *Line) change(count func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	count()
	if now := l.o.Clock(); l.terminal && !l.ended && now.Sub(l.shown) >= interval {
		l.shown = now
		l.write("\r", "")
	}
}

// End writes the line as it is at last, and ends it. What is done later is not shown.
func (l *Line) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended || l.quiet {
		return
	}
	l.ended = true
	if l.terminal {
		l.write("\r", "\n")
	} else {
		l.write("", "\n")
	}
}

// Printf writes a line that stays, such as a finding of an audit: above the moving one, or, where there is no terminal, by itself.
func (l *Line) Printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.width > 0 && !l.ended {
		fmt.Fprint(l.w, "\r", strings.Repeat(" ", l.width), "\r")
		l.width, l.shown = 0, time.Time{}
	}
	fmt.Fprintf(l.w, format+"\n", args...)
}

// write writes the line over what stood there.
func (l *Line) write(before, after string) {
	text := l.text()
	width := utf8.RuneCountInString(text)
	rest := strings.Repeat(" ", max(0, l.width-width))
	l.width = width
	fmt.Fprint(l.w, before, text, rest, after)
}

// text says how it stands.
func (l *Line) text() string {
	elapsed, total := l.o.Clock().Sub(l.start), l.o.Total
	known := total > 0 && l.done <= total
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", l.task, thousands(l.done))
	if known {
		fmt.Fprintf(&b, " of about %s", thousands(total))
	}
	b.WriteString(" " + l.o.Unit)
	if known {
		fmt.Fprintf(&b, " (%d %%)", int(float64(l.done)/float64(total)*100))
	}
	if rate := float64(l.done) / elapsed.Seconds(); elapsed > 0 && l.done > 0 {
		fmt.Fprintf(&b, ", %s/s", thousands(int(rate+0.5)))
		if known && !l.ended {
			left := time.Duration(float64(total-l.done) / rate * float64(time.Second))
			fmt.Fprintf(&b, ", %s left", left.Round(time.Second))
		}
	}
	if l.ended {
		fmt.Fprintf(&b, ", took %s", elapsed.Round(100*time.Millisecond))
	}
	if l.o.Cost != nil {
		read, write := l.o.Cost()
		fmt.Fprintf(&b, ", %s read and %s write units", thousands(int(read+0.5)), thousands(int(write+0.5)))
	}
	return b.String()
}

// thousands renders a number with a comma before each three digits.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
