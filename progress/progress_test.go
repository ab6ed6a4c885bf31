package progress_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
	"github.com/entable/entable/progress"
)

// clock is a clock that stands still.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLine(t *testing.T) {
	for _, tt := range []struct {
		o    progress.Options
		done int
		took time.Duration
		want string
	}{
		{progress.Options{}, 0, 0, "load: 0 items, took 0s"},
		{progress.Options{}, 12_345_678, 10 * time.Second, "load: 12,345,678 items, 1,234,568/s, took 10s"},
		{progress.Options{Unit: "pages", Total: 200}, 50, 2 * time.Second, "load: 50 of about 200 pages (25 %), 25/s, took 2s"},
		{progress.Options{Total: 200}, 201, time.Second, "load: 201 items, 201/s, took 1s"},
		{progress.Options{Total: 300}, 299, time.Second, "load: 299 of about 300 items (99 %), 299/s, took 1s"},
		{progress.Options{Cost: func() (float64, float64) { return 1233.5, 2 }}, 999, time.Second, "load: 999 items, 999/s, took 1s, 1,234 read and 2 write units"},
	} {
		var c clock
		var out bytes.Buffer
		tt.o.Clock, tt.o.Always = c.Now, true
		l := progress.New(&out, "load", tt.o)
		c.pass(tt.took)
		l.Set(tt.done)
		if out.Len() > 0 {
			t.Errorf("%q is written before the end, where there is no terminal", &out)
		}
		l.End()
		l.Add(1)
		l.End()
		if got := out.String(); got != tt.want+"\n" {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// What is printed stays where there is no terminal, too.
func TestPrintf(t *testing.T) {
	var out bytes.Buffer
	l := progress.New(&out, "audit", progress.Options{})
	l.Add(1)
	l.Printf("found %d", 1)
	l.End()
	l.Printf("found %d in all", 1)
	if got, want := out.String(), "found 1\nfound 1 in all\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Nothing is written to what is no terminal: a buffer, a file, a pipe.
func TestQuietWithoutTerminal(t *testing.T) {
	var buffer bytes.Buffer
	file, err := os.Create(t.TempDir() + "/out")
	check(t, err)
	defer file.Close()
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	for _, out := range []interface{ Write([]byte) (int, error) }{&buffer, file, w, nil} {
		l := progress.New(out, "load", progress.Options{})
		l.Add(1)
		l.End()
	}
	check(t, w.Close())
	info, err := file.Stat()
	check(t, err)
	var piped bytes.Buffer
	_, err = piped.ReadFrom(r)
	check(t, err)
	if buffer.Len() > 0 || info.Size() > 0 || piped.Len() > 0 {
		t.Errorf("written are %q, %d bytes and %q", &buffer, info.Size(), &piped)
	}
}

type Item struct {
	ID string `dynamodbav:"id"`
}

// What a real audit has done and consumed is what the line says, with many at once.
func TestAudit(t *testing.T) {
	db := memory.New()
	defer db.Close()
	table := entable.NewTable("items")
	table.Use(db.Client())
	items := entable.Register[Item](table, entable.PK("id"))
	check(t, table.CreateTable(t.Context()))
	var c clock
	var out bytes.Buffer
	var stats entable.Stats
	ctx := entable.WithStats(t.Context(), &stats)
	units := func() (read, write float64) {
		total := stats.Total()
		return total.ReadUnits, total.WriteUnits
	}
	loads := progress.New(&out, "load", progress.Options{Total: 100, Cost: units, Always: true, Clock: c.Now})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 25 {
				if err := items.Put(ctx, &Item{strings.Repeat("x", w*25+i+1)}); err != nil {
					t.Error(err)
				}
				loads.Add(1)
			}
		})
	}
	wg.Wait()
	c.pass(time.Minute)
	loads.End()

	stats = entable.Stats{}
	audit := progress.New(&out, "audit", progress.Options{Cost: units, Always: true, Clock: c.Now})
	for f, err := range table.Audit(ctx, entable.AuditOptions{Progress: func(p entable.AuditProgress) { audit.Set(p.Items) }}) {
		t.Error(f, err)
	}
	c.pass(2 * time.Second)
	audit.Expect(100)
	audit.End()
	if stats.Total().ReadUnits < 2 {
		t.Errorf("the audit has consumed %v", stats.Total())
	}
	want := "load: 100 of about 100 items (100 %), 2/s, took 1m0s, 0 read and 100 write units\n" +
		"audit: 100 of about 100 items (100 %), 50/s, took 2s, " + fmt.Sprint(int(stats.Total().ReadUnits+0.5)) + " read and 0 write units\n"
	if got := out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
