package progress_test

import (
	"os"
	"time"

	"github.com/entable/entable/progress"
)

func Example() {
	var c clock // a real program leaves Clock out, and Always too
	line := progress.New(os.Stdout, "backfill", progress.Options{Total: 4000, Always: true, Clock: c.Now,
		Cost: func() (read, write float64) { return 500, 4000 }})
	for range 40 { // AuditOptions{Progress: func(p entable.AuditProgress) { line.Set(p.Items) }}
		c.pass(50 * time.Millisecond)
		line.Add(100)
	}
	line.End()
	// Output: backfill: 4,000 of about 4,000 items (100 %), 2,000/s, took 2s, 500 read and 4,000 write units
}
