package progress_test

import (
	"os"
	"time"

	"github.com/entable/entable/progress"
)

// How many there are to be is known on the way.
func ExampleLine() {
	var c clock // a real program leaves Clock out, and Always too
	line := progress.New(os.Stdout, "audit", progress.Options{Always: true, Clock: c.Now})
	line.Expect(2000)
	for page := range 20 {
		c.pass(50 * time.Millisecond)
		line.Set(100 * (page + 1)) // the Items of AuditProgress
		if page == 7 {
			line.Printf("an item of no registered type") // a finding, above the line
		}
	}
	line.End()
	// Output:
	// an item of no registered type
	// audit: 2,000 of about 2,000 items (100 %), 2,000/s, took 1s
}
