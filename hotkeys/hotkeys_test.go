package hotkeys_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entable/entable"
	"github.com/entable/entable/hotkeys"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/memory"
)

var check = enginetest.Check

// Each kind of request is counted for the partitions that it is for.
func TestRequestsCountForTheirPartitions(t *testing.T) {
	enginetest.Each(t, enginetest.Apart, func(t *testing.T, s *enginetest.Setup) {
		var hot *hotkeys.Counter
		table := s.NewTable(entable.GSI("gsi1"), entable.Observe(func(ctx context.Context, e entable.Event) {
			hot.Observe(ctx, e)
			if text := fmt.Sprintf("%v %+v", e, e) + slog.AnyValue(e).Resolve().String(); strings.Contains(text, "RR#") {
				t.Errorf("the event shows %s", text)
			}
		}))
		crates := entable.Register[Crate](table, entable.PK("route", entable.Prefix("RR")), entable.SK("id"),
			entable.Index("gsi1", entable.PK("tag", entable.Prefix("TAG")), entable.SK("id")))
		a, b := &Crate{Route: "a", ID: "1", Tag: "t"}, &Crate{Route: "b", ID: "1"}
		ctx := t.Context()
		both := "RR#a RR#b"
		for _, test := range []struct {
			name string
			do   func() error
			want string
		}{
			{"Put", func() error { return crates.Put(ctx, a) }, "RR#a"},
			{"Get", func() error { _, err := crates.Get(ctx, *a); return err }, "RR#a"},
			{"Update", func() error { return crates.Update(*a).Set("text", "x").Do(ctx) }, "RR#a"},
			{"BatchWrite", func() error { return entable.BatchWrite(ctx, []entable.Write{crates.PutOp(a), crates.PutOp(b)}) }, both},
			{"BatchGet", func() error { _, err := crates.BatchGet(ctx, []Crate{*a, *b}); return err }, both},
			{"Transact", func() error {
				return entable.Transact(ctx, []entable.Write{crates.PutOp(a), crates.Update(*b).Set("text", "x")})
			}, both},
			{"TransactGet", func() error { _, err := crates.TransactGet(ctx, []Crate{*a, *b}); return err }, both},
			{"Query", func() error { enginetest.Collect(t, crates.Query(*a).All(ctx)); return nil }, "RR#a"},
			{"QueryIndex", func() error { enginetest.Collect(t, crates.QueryIndex("gsi1", *a).All(ctx)); return nil }, "gsi1:TAG#t"},
			{"Scan", func() error { enginetest.Collect(t, crates.Scan().All(ctx)); return nil }, ""},
			{"Delete", func() error { return crates.Delete(ctx, *b) }, "RR#b"},
		} {
			hot = hotkeys.New(hotkeys.Options{})
			check(t, test.do())
			r := hot.Report()
			var got []string
			units := 0.
			for _, k := range r.Keys {
				name := k.Partition.Key
				if k.Index != "" {
					name = k.Index + ":" + name
				}
				got = append(got, name)
				units += k.ReadUnits + k.WriteUnits
				if k.Table != table.Name() || strings.Contains(fmt.Sprintf("%v %+v %#v", k, k, k)+slog.AnyValue(k).Resolve().String(), "#a") {
					t.Errorf("%s: %v", test.name, k)
				}
			}
			slices.Sort(got)
			if strings.Join(got, " ") != test.want || math.Abs(units-r.ReadUnits-r.WriteUnits) > .001 || units == 0 && test.want != "" {
				t.Errorf("%s: %q with %g of %g units, want %s", test.name, got, units, r.ReadUnits+r.WriteUnits, test.want)
			}
		}
	})
}

func TestThrottledRequestsCount(t *testing.T) {
	s := enginetest.OnMemory(t, enginetest.Once)
	hot := hotkeys.New(hotkeys.Options{})
	table := s.NewTable(entable.Observe(hot.Observe))
	crates := entable.Register[Crate](table, entable.PK("route"), entable.SK("id"))
	s.DB.Inject(memory.Throttle().On("PutItem").Times(3))
	for range 3 {
		if err := crates.Put(t.Context(), &Crate{Route: "a", ID: "1"}); err == nil {
			t.Error("it was not throttled")
		}
	}
	if keys := hot.Report().Keys; len(keys) != 1 || keys[0].Throttled != 3 || keys[0].WriteUnits != 0 {
		t.Errorf("reported %v", keys)
	}
}

// In bounded memory, no heavy partition is missing, and none is reported too low, or too high by more than its error.
func TestReportsAreBounded(t *testing.T) {
	r := trial.Rand(t)
	const keys = 50
	var event entable.Event
	hot := hotkeys.New(hotkeys.Options{Keys: keys, Top: keys})
	table := enginetest.OnMemory(t).NewTable(entable.Observe(func(ctx context.Context, e entable.Event) {
		event = e
		hot.Observe(ctx, e)
	}))
	crates := entable.Register[Crate](table, entable.PK("route", entable.Prefix("R")), entable.SK("id"))
	exact, total := map[string]float64{}, 0.
	for range 5000 {
		route := fmt.Sprint("noise", r.IntN(2000))
		if r.IntN(3) == 0 {
			route = fmt.Sprint("hot", r.IntN(5))
		}
		check(t, crates.Put(t.Context(), &Crate{Route: route, ID: "1", Text: strings.Repeat("x", r.IntN(3000))}))
		exact["R#"+route] += event.WriteUnits
		total += event.WriteUnits
	}
	found := map[string]bool{}
	for _, k := range hot.Report().Keys {
		found[k.Partition.Key] = true
		if true := exact[k.Partition.Key]; k.WriteUnits > true || k.WriteUnits+k.Error < true {
			t.Errorf("%s consumed %g, reported as %g and up to %g more", k.Partition.Key, true, k.WriteUnits, k.Error)
		}
	}
	for key, units := range exact {
		if units > total/keys && !found[key] {
			t.Errorf("%s consumed %g of %g, and is missing", key, units, total)
		}
	}
	if len(found) != keys {
		t.Errorf("%d are reported", len(found))
	}
}

func TestReportsAreOfCompleteWindows(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	hot := hotkeys.New(hotkeys.Options{Window: time.Minute, Top: 1, Clock: func() time.Time { return now }})
	table := enginetest.OnMemory(t).NewTable(entable.Observe(hot.Observe))
	crates := entable.Register[Crate](table, entable.PK("route", entable.Prefix("R")), entable.SK("id"))
	put := func(route string, n int) {
		for range n {
			check(t, crates.Put(t.Context(), &Crate{Route: route, ID: "1"}))
		}
	}
	says := func(want string) {
		t.Helper()
		r := hot.Report()
		var got strings.Builder
		got.WriteString(r.From.Format("15:04"))
		for _, k := range r.Keys {
			got.WriteString(fmt.Sprintf(" %s=%g", k.Partition.Key, k.WriteUnits))
		}
		if got.String() != want {
			t.Errorf("reported %s, want %s", got.String(), want)
		}
	}
	put("a", 3)
	put("b", 2)
	says("00:00 R#a=3")
	now = now.Add(61 * time.Second)
	put("b", 1)
	says("00:00 R#a=3")
	now = now.Add(time.Minute)
	says("00:01 R#b=1")
	now = now.Add(10 * time.Minute)
	says("00:11")
}
