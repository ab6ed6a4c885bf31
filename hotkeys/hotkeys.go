// Package hotkeys finds the partitions that requests consume most of: an observer of a table's requests, see entable.Observe.
//
//	hot := hotkeys.New(hotkeys.Options{})
//	table := entable.NewTable("orders", entable.Observe(hot.Observe))
//	...
//	for _, k := range hot.Report().Keys {
//		slog.Warn("hot partition", "key", k)
//	}
//
// A partition takes at most 3,000 read and 1,000 write units a second, whatever the table has.
//
// Memory is bounded: of more partitions than [Options].Keys the least used ones give way to new ones (the Space-Saving algorithm). What
// is reported of a partition is what it has consumed since there was room for it, which is at most [Key].Error less than all. A partition
// that has consumed more than 1/Keys of all has room for certain.
//
// Partition keys are contents of items. They stand in [Key].Key and [Report], for who asks for them; texts and logs of a Key show a hash.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
package hotkeys

import (
	"cmp"
	"container/heap"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/entable/entable"
)

// Options are the settings of [New]; those that are zero have their defaults.
type Options struct {
	// Window is how long the time is that a report is about, by default a minute.
	Window time.Duration
	// Keys is for how many partitions there is memory, by default 1000.
	Keys int
	// Top is how many partitions are reported, by default 10.
	Top int
	// Clock tells the time, by default time.Now.
	Clock func() time.Time
}

// Counter counts what requests consume, by partition, in windows of time. It is safe for concurrent use.
type Counter struct {
	Options

	mu   sync.Mutex // guards what follows
	now  window
	last Report // of the window before, if that is complete
}

// New returns a Counter.
func New(o Options) *Counter {
	if o.Window <= 0 {
		o.Window = time.Minute
	}
	if o.Keys <= 0 {
		o.Keys = 1000
	}
	if o.Top <= 0 {
		o.Top = 10
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Counter{Options: o}
}

// Key is what requests for one partition have consumed in a window.
type Key struct {
	entable.Partition
	// ReadUnits and WriteUnits are capacity units. Those of a request for several items are shared out evenly.
	ReadUnits, WriteUnits float64
	// Throttled counts the requests that the service refused for their rate. Each counts as a unit where partitions are compared.
	Throttled int
	// Error is how many units more it has consumed at most, before there was room for it.
	Error float64

	weight float64
	place  int // in the heap
}

// String returns the key without its value: `orders: 6dd8…: 120 read units, 3.5 write units, 2 throttled`.
func (k Key) String() string {
	where := k.Table
	if k.Index != "" {
		where += "/" + k.Index
	}
	return fmt.Sprintf("%s: %s: %g read units, %g write units, %d throttled", where, k.hash(), k.ReadUnits, k.WriteUnits, k.Throttled)
}

// GoString returns what String does.
func (k Key) GoString() string { return k.String() }

// LogValue gives what String does, as attributes.
func (k Key) LogValue() slog.Value {
	return slog.GroupValue(slog.String("table", k.Table), slog.String("index", k.Index), slog.String("key_hash", k.hash()),
		slog.Float64("read_units", k.ReadUnits), slog.Float64("write_units", k.WriteUnits), slog.Int("throttled", k.Throttled))
}

func (k Key) hash() string {
	sum := sha256.Sum256([]byte(k.Key))
	return fmt.Sprintf("%x", sum[:4])
}

// Report is what a window has seen.
type Report struct {
	// From and To are when it began and ended, or will end.
	From, To time.Time
	// ReadUnits and WriteUnits are those of all requests for partitions; scans are not among them.
	ReadUnits, WriteUnits float64
	// Keys are the partitions that have consumed most, in this order.
	Keys []Key
}

// Observe counts a request. It is for entable.Observe.
func (c *Counter) Observe(_ context.Context, e entable.Event) {
	partitions := e.Partitions()
	throttled := errors.Is(&entable.OpError{Err: e.Err}, entable.ErrThrottled)
	if len(partitions) == 0 || e.ReadUnits+e.WriteUnits == 0 && !throttled {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn()
	w := &c.now
	w.read += e.ReadUnits
	w.write += e.WriteUnits
	share := 1 / float64(len(partitions))
	for _, p := range partitions {
		k := w.key(p, c.Keys)
		k.ReadUnits += e.ReadUnits * share
		k.WriteUnits += e.WriteUnits * share
		k.weight += (e.ReadUnits + e.WriteUnits) * share
		if throttled {
			k.Throttled++
			k.weight++
		}
		heap.Fix(&w.heap, k.place)
	}
}

// Report returns what the last complete window has seen, or, before one is, the current one so far.
func (c *Counter) Report() Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn()
	if c.last.To.IsZero() {
		return c.now.report(c.Window, c.Top)
	}
	r := c.last
	r.Keys = slices.Clone(r.Keys)
	return r
}

// turn begins a new window when the current one is over.
func (c *Counter) turn() {
	at := c.Clock()
	over := at.Sub(c.now.from)
	switch {
	case c.now.from.IsZero():
	case over < c.Window:
		return
	case over < 2*c.Window:
		c.last, at = c.now.report(c.Window, c.Top), c.now.from.Add(c.Window)
	default: // nothing was seen in the last window
		at = c.now.from.Add(over.Truncate(c.Window))
		c.last = Report{From: at.Add(-c.Window), To: at}
	}
	c.now = window{from: at, keys: map[entable.Partition]*Key{}}
}

// window counts in one window of time.
type window struct {
	from        time.Time
	read, write float64
	keys        map[entable.Partition]*Key
	heap        lightest
}

// key returns the counter of a partition. Where there is no room, it takes that of the lightest one, with its weight, which may have been
// the new one's.
func (w *window) key(p entable.Partition, most int) *Key {
	if k := w.keys[p]; k != nil {
		return k
	}
	k := &Key{Partition: p}
	if len(w.heap) < most {
		heap.Push(&w.heap, k)
	} else {
		old := w.heap[0]
		delete(w.keys, old.Partition)
		k.weight, k.Error = old.weight, old.weight
		w.heap[0] = k
	}
	w.keys[p] = k
	return k
}

func (w *window) report(length time.Duration, top int) Report {
	r := Report{From: w.from, To: w.from.Add(length), ReadUnits: w.read, WriteUnits: w.write}
	for _, k := range w.heap {
		r.Keys = append(r.Keys, *k)
	}
	slices.SortFunc(r.Keys, func(a, b Key) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Index, b.Index), cmp.Compare(a.Key, b.Key))
	})
	r.Keys = slices.Clip(r.Keys[:min(top, len(r.Keys))])
	return r
}

// lightest is a heap with the key that weighs least at its top.
type lightest []*Key

func (h lightest) Len() int           { return len(h) }
func (h lightest) Less(i, j int) bool { return h[i].weight < h[j].weight }
func (h lightest) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *lightest) Push(x any) {
	k := x.(*Key)
	k.place = len(*h)
	*h = append(*h, k)
}

func (h *lightest) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
