package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/entable/entable"
	"github.com/entable/entable/progress"
)

// The index by-day came with the second version of the shop, when there were orders already. Step by step:
//
//  1. shop -add-indexes adds it to the table: the second version does not start without.
//  2. The second version is deployed. It writes the keys of the index, and nobody reads it yet.
//  3. No instance of the first version is left: those write orders without these keys.
//  4. shop -backfill gives the orders that are stored already their keys.
//  5. Now the orders of a day are complete, and GET /api/days/{day}/orders can be told to others.
//
// The tests go through it.

// backfill gives stored items the index keys that they should have. It may run beside the shop, and again after it was interrupted.
func backfill(ctx context.Context, m *Model, errs io.Writer) (repaired int, err error) {
	line := progress.New(errs, "backfill", progress.Options{})
	defer line.End()
	left := 0
	options := entable.AuditOptions{Repair: true, Segments: 4}
	options.Progress = func(a entable.AuditProgress) {
		repaired = a.Repaired
		line.Set(a.Items)
	}
	start := time.Now()
	for finding, err := range m.Table.Audit(ctx, options) {
		if err != nil {
			return repaired, err
		}
		if !finding.Repaired {
			left++
			line.Printf("left alone: %s", finding)
		}
	}
	line.End()
	line.Printf("%d repaired in %s, %d left alone", repaired, time.Since(start).Round(time.Millisecond), left)
	if left > 0 {
		return repaired, fmt.Errorf("%d findings were left alone", left)
	}
	return repaired, nil
}
