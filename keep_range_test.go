package entable_test

import (
	"errors"
	"testing"

	"github.com/entable/entable"
)

type Gauge struct {
	ID    string          `dynamodbav:"id"`
	Small int8            `dynamodbav:"small,omitempty"`
	Left  uint            `dynamodbav:"left,omitempty"`
	Sum   int64           `dynamodbav:"sum,omitempty"`
	Ratio float32         `dynamodbav:"ratio,omitempty"`
	By    map[string]int8 `dynamodbav:"by,omitempty"`
	Next  *int16          `dynamodbav:"next"`
}

// What an update counts stays what its field can hold: else nothing could read the item any more.
func TestCountedNumbersStayWhatTheirFieldsCanHold(t *testing.T) {
	full := Gauge{ID: "1", Small: 100, Left: 2, Sum: 1<<63 - 1, Ratio: 3e38, By: map[string]int8{"a": -100}, Next: new(int16(32767))}
	type gaugeUpdate = *entable.Update[Gauge]
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		gauges := entable.Register[Gauge](table)
		left := entable.Field(gauges, func(g *Gauge) *uint { return &g.Left })
		ctx := t.Context()
		for name, test := range map[string]struct {
			build func(gaugeUpdate) gaugeUpdate
			why   string // "" for what is carried out
		}{
			"up":             {func(u gaugeUpdate) gaugeUpdate { return u.Add("small", 28) }, "attribute small: 128 is out of range of int8"},
			"up to the end":  {func(u gaugeUpdate) gaugeUpdate { return u.Add("small", 27) }, ""},
			"down":           {func(u gaugeUpdate) gaugeUpdate { return u.Subtract("left", 3) }, "attribute left: -1 is out of range of uint"},
			"down to 0":      {func(u gaugeUpdate) gaugeUpdate { return u.Subtract("left", 2) }, ""},
			"by a handle":    {func(u gaugeUpdate) gaugeUpdate { return u.Apply(left.Subtract(3)).If(left.GreaterEqual(3)) }, "attribute left: -1 is out of range of uint"},
			"64 bits":        {func(u gaugeUpdate) gaugeUpdate { return u.Add("sum", 1) }, "attribute sum: 9223372036854775808 is out of range of int64"},
			"a float":        {func(u gaugeUpdate) gaugeUpdate { return u.Add("ratio", float32(1e38)) }, "attribute ratio: 400000000000000000000000000000000000000 is out of range of float32"},
			"an entry":       {func(u gaugeUpdate) gaugeUpdate { return u.Subtract("by.a", 100) }, "attribute by.a: -200 is out of range of int8"},
			"an entry there": {func(u gaugeUpdate) gaugeUpdate { return u.Subtract("by.a", 28) }, ""},
			"a new entry":    {func(u gaugeUpdate) gaugeUpdate { return u.Subtract("by.b", 100) }, ""},
			"a pointer":      {func(u gaugeUpdate) gaugeUpdate { return u.Add("next", 1) }, "attribute next: 32768 is out of range of int16"},
			"of several":     {func(u gaugeUpdate) gaugeUpdate { return u.Add("small", 1).Subtract("left", 9) }, "attribute left: -7 is out of range of uint"},
			"once":           {func(u gaugeUpdate) gaugeUpdate { return u.Once().Add("small", 100) }, "attribute small: 200 is out of range of int8"},
			"fetched":        {func(u gaugeUpdate) gaugeUpdate { return u.Fetch().Add("small", 100) }, "attribute small: 200 is out of range of int8"},
		} {
			for how, do := range map[string]func(gaugeUpdate) error{
				"alone":            func(u gaugeUpdate) error { return u.Do(ctx) },
				"in a transaction": func(u gaugeUpdate) error { return entable.Transact(ctx, []entable.Write{u}) },
				"in a batch":       func(u gaugeUpdate) error { return entable.BatchWrite(ctx, []entable.Write{u}) },
				"an upsert":        func(u gaugeUpdate) error { return u.Upsert().Do(ctx) },
			} {
				if how == "an upsert" && name != "up" && name != "64 bits" {
					continue // some would make no new item
				}
				v := full
				check(t, gauges.Put(ctx, &v))
				err := do(test.build(gauges.Update(v)))
				failed, refused := errors.AsType[*entable.ConditionFailedError](err)
				switch want := "entable: Gauge: condition failed: " + test.why; {
				case test.why == "" && err != nil, test.why != "" && (!refused || failed.Error() != want):
					t.Errorf("%s, %s: %v, want %s", name, how, err, want)
				case refused:
					if stored, ok := gauges.StoredIn(err); !ok || stored.Small != full.Small || !is[*entable.EncodeError](err) {
						t.Errorf("%s, %s: the stored item is %v in %v", name, how, stored, err)
					}
				}
				if _, err := gauges.Get(ctx, v); err != nil {
					t.Fatalf("%s, %s: the item cannot be read any more: %v", name, how, err)
				}
			}
		}
		// An absent number counts as 0; the instance of a Patch may be older than the item.
		empty, old := Gauge{ID: "2"}, Gauge{ID: "3", Small: 1}
		check(t, gauges.Put(ctx, &empty))
		check(t, gauges.Put(ctx, &Gauge{ID: "3", Small: 100}))
		for name, err := range map[string]error{
			"from nothing": gauges.Update(empty).Subtract("left", 1).Do(ctx),
			"an old patch": gauges.Patch(&old).Add("small", 100).Do(ctx),
		} {
			if !is[*entable.ConditionFailedError](err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := gauges.Patch(&old).Add("small", 127).Do(ctx); !is[*entable.EncodeError](err) || is[*entable.ConditionFailedError](err) {
			t.Errorf("of an instance that would not hold it: %v", err)
		}
	})
}
