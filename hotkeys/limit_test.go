package hotkeys_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// Crate is of any size.
type Crate struct {
	Route string `dynamodbav:"route"`
	ID    string `dynamodbav:"id"`
	Text  string `dynamodbav:"text"`
	Tag   string `dynamodbav:"tag,omitempty"`
}

// Whatever operation it is, a limiter ends with what the service says that was consumed.
func TestLimitsTakeWhatIsConsumed(t *testing.T) {
	enginetest.Each(t, enginetest.Apart, func(t *testing.T, s *enginetest.Setup) {
		frozen := func() *rate.Limiter { return rate.NewLimiter(1e-9, 1_000_000) }
		read, write, jobRead, jobWrite := frozen(), frozen(), frozen(), frozen()
		table := s.NewTable(entable.GSI("gsi1"), entable.Limit(read, write))
		crates := entable.Register[Crate](table, entable.PK("route"), entable.SK("id"), entable.Index("gsi1", entable.PK("tag"), entable.SK("id")))
		var stats entable.Stats
		ctx := entable.WithLimit(entable.WithStats(t.Context(), &stats), jobRead, jobWrite)
		crate := func(i int) *Crate {
			return &Crate{Route: "r", ID: fmt.Sprint(i), Text: strings.Repeat("x", 3000*i), Tag: "t"}
		}
		var batch []entable.Write
		var keys []Crate
		for i := range 30 {
			batch, keys = append(batch, crates.PutOp(crate(i))), append(keys, Crate{Route: "r", ID: fmt.Sprint(i)})
		}
		for _, step := range []struct {
			name string
			do   func() error
		}{
			{"Put", func() error { return crates.Put(ctx, crate(3)) }},
			{"Get", func() error {
				_, err := crates.Get(ctx, Crate{Route: "r", ID: "3"}, entable.Consistent(true))
				return err
			}},
			{"Update", func() error { return crates.Update(Crate{Route: "r", ID: "3"}).Set("text", "y").Do(ctx) }},
			{"Patch", func() error { return crates.Patch(crate(3)).Set("text", strings.Repeat("z", 9000)).Do(ctx) }},
			{"Delete", func() error { return crates.Delete(ctx, Crate{Route: "r", ID: "3"}) }},
			{"BatchWrite", func() error { return entable.BatchWrite(ctx, batch) }},
			{"BatchGet", func() error { _, err := crates.BatchGet(ctx, keys); return err }},
			{"Transact", func() error { return entable.Transact(ctx, batch[5:9]) }},
			{"TransactGet", func() error { _, err := crates.TransactGet(ctx, keys[3:9]); return err }},
			{"Query", func() error { _, err := crates.Query(keys[0]).PageSize(4).Count(ctx); return err }},
			{"QueryIndex", func() error {
				enginetest.Collect(t, crates.QueryIndex("gsi1", Crate{Tag: "t"}).PageSize(7).All(ctx))
				return nil
			}},
			{"Scan", func() error { enginetest.Collect(t, crates.Scan().PageSize(5).Segments(4).All(ctx)); return nil }},
			{"Audit", func() error {
				for _, err := range table.Audit(ctx, entable.AuditOptions{Segments: 2}) {
					if err != nil {
						return err
					}
				}
				return nil
			}},
		} {
			before := stats.Total()
			check(t, step.do())
			after := stats.Total()
			if after.ReadUnits+after.WriteUnits == before.ReadUnits+before.WriteUnits {
				t.Errorf("%s consumed nothing", step.name)
			}
			for _, l := range []struct {
				*rate.Limiter
				consumed float64
			}{{read, after.ReadUnits}, {write, after.WriteUnits}, {jobRead, after.ReadUnits}, {jobWrite, after.WriteUnits}} {
				if taken := 1_000_000 - l.Tokens(); math.Abs(taken-l.consumed) > 1 { // a part of a unit is owed
					t.Errorf("after %s %g units are taken, and %g were consumed", step.name, taken, l.consumed)
				}
			}
		}
	})
}

func TestLimitsDoNotOutlastTheirContext(t *testing.T) {
	enginetest.Each(t, enginetest.Apart, func(t *testing.T, s *enginetest.Setup) {
		slow := rate.NewLimiter(1e-9, 1)
		table := s.NewTable(entable.Limit(nil, slow))
		crates := entable.Register[Crate](table, entable.PK("route"), entable.SK("id"))
		check(t, crates.Put(t.Context(), &Crate{Route: "r", ID: "1", Text: strings.Repeat("x", 5000)})) // above the burst
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		s.Spy.Reset()
		for name, write := range map[string]func() error{
			"Put":    func() error { return crates.Put(ctx, &Crate{Route: "r", ID: "2"}) },
			"Update": func() error { return crates.Update(Crate{Route: "r", ID: "1"}).Set("text", "y").Do(ctx) },
			"Transact": func() error {
				return entable.Transact(ctx, []entable.Write{crates.PutOp(&Crate{Route: "r", ID: "2"})})
			},
			"Batch": func() error {
				return entable.BatchWrite(ctx, []entable.Write{crates.PutOp(&Crate{Route: "r", ID: "2"})})
			},
		} {
			err := write()
			op, _ := errors.AsType[*entable.OpError](err)
			te, _ := errors.AsType[*entable.TransactionError](err)
			if !errors.Is(err, context.DeadlineExceeded) || op != nil && op.Unknown || te != nil && te.Unknown || strings.Contains(fmt.Sprint(err), "unknown whether") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := s.Spy.Sent(""); n > 0 {
			t.Errorf("%d requests were sent", n)
		}
		if _, err := crates.Get(ctx, Crate{Route: "r", ID: "1"}); err != nil {
			t.Errorf("reads have no limit: %v", err)
		}
	})
}
