package entable_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/trial"
)

// The railway is a world with everything that can make a walk go wrong: two types in one partition, items of
// unknown types among them, expired items, equal keys in indexes, and sharded partitions of two types.
type (
	Station struct {
		Line  string `dynamodbav:"line"`
		N     int    `dynamodbav:"n"`
		Name  string `dynamodbav:"name"`
		Tag   string `dynamodbav:"tag,omitempty"`
		Until int64  `dynamodbav:"until,omitempty" entable:"ttl"`
	}
	Train struct {
		Line string    `dynamodbav:"line"`
		At   time.Time `dynamodbav:"at"`
		Tag  string    `dynamodbav:"tag,omitempty"`
	}
	Seat struct {
		Line string `dynamodbav:"line"`
		ID   string `dynamodbav:"id"`
		N    int    `dynamodbav:"n"`
		Tag  string `dynamodbav:"tag,omitempty"`
	}
	Crew struct {
		Line string `dynamodbav:"line"`
		Name string `dynamodbav:"name"`
		Tag  string `dynamodbav:"tag,omitempty"`
	}
	railway struct {
		s      *setup
		table  *entable.Table
		stops  *entable.Entity[Station]
		trains *entable.Entity[Train]
		seats  *entable.Entity[Seat]
		crews  *entable.Entity[Crew]
		line   *entable.Collection[RailLine]
		depot  *entable.Collection[RailDepot]
		// stopsOnly shares its partitions with trains, which are no members.
		stopsOnly *entable.Collection[RailStations]
	}
	RailLine struct {
		Stops  []Station
		Trains []Train
	}
	RailDepot struct {
		Crews []Crew
		Seats []Seat
	}
	RailStations struct{ Stops []Station }
)

func newRailway(s *setup, opts ...entable.TableOption) *railway {
	w := &railway{s: s}
	opts = append(opts, entable.GSI("gsi1"), entable.LSI("lsi1"))
	if s.Engine == "memory" {
		opts = append(opts, entable.GSI("by-tag", entable.MultiAttribute(),
			entable.PartitionKey("tag", types.ScalarAttributeTypeS), entable.SortKey("n", types.ScalarAttributeTypeN)))
	}
	w.table = s.NewTable(opts...)
	stopOpts := []entable.EntityOption{entable.PK("line"), entable.SK("n"), entable.HideExpired(true),
		entable.Index("gsi1", entable.PK("tag"), entable.SK("name")), entable.Index("lsi1", entable.SK("name"))}
	if s.Engine == "memory" {
		stopOpts = append(stopOpts, entable.Index("by-tag"))
	}
	w.stops = entable.Register[Station](w.table, stopOpts...)
	w.trains = entable.Register[Train](w.table, entable.PK("line", entable.PrefixOf(w.stops)), entable.SK("at"),
		entable.Index("gsi1", entable.PK("tag", entable.PrefixOf(w.stops)), entable.SK("line")))
	w.seats = entable.Register[Seat](w.table, entable.PK("line", entable.Shards(3, "id")), entable.SK("n", "id", entable.Prefix("SE")))
	w.crews = entable.Register[Crew](w.table, entable.PK("line", entable.PrefixOf(w.seats), entable.Shards(3, "name")), entable.SK("name"))
	w.line = entable.NewCollection[RailLine](w.stops, w.trains)
	w.depot = entable.NewCollection[RailDepot](w.crews, w.seats)
	w.stopsOnly = entable.NewCollection[RailStations](w.stops)
	return w
}

func pick[T any](rnd *rand.Rand, from ...T) T { return from[rnd.IntN(len(from))] }

// fill writes about n items of each kind to the partition "a", and neighbours around it.
func (w *railway) fill(t *testing.T, rnd *rand.Rand, n int) {
	t.Helper()
	ctx := t.Context()
	tag := func() string { return pick(rnd, "x", "x", "y", "") }
	line := func() string { return pick(rnd, "a", "a", "a", "a", "b", "aa") }
	for range n {
		until := pick(rnd, 0, 0, 1, 4e9)
		check(t, w.stops.Put(ctx, &Station{line(), rnd.IntN(4*n) - n, pick(rnd, "p", "q", "q#", "r"), tag(), int64(until)}))
		check(t, w.trains.Put(ctx, &Train{line(), time.Unix(int64(rnd.IntN(4*n)), 0), tag()}))
		check(t, w.seats.Put(ctx, &Seat{line(), fmt.Sprint(rnd.IntN(3 * n)), rnd.IntN(5), tag()}))
		check(t, w.crews.Put(ctx, &Crew{line(), fmt.Sprint(rnd.IntN(3 * n)), tag()}))
		if rnd.IntN(3) == 0 {
			ghost := key(pick(rnd, "SL#a", "SL#b", "SLI#a#0", "SLI#a#2"), pick(rnd, "SN#", "TA#", "", "SE#", "CN#", "z")+fmt.Sprintf("%019d", rnd.IntN(4*n)))
			ghost["_type"] = avS("Ghost")
			if rnd.IntN(2) == 0 {
				ghost["gsi1pk"], ghost["gsi1sk"], ghost["lsi1sk"] = avS("ST#x"), avS("SNA#q"), avS("SNA#q")
			}
			w.s.Store(w.table, ghost)
		}
	}
}

// step is one use of a query: where it starts, how much it reads.
type step struct {
	cursor      string
	limit, size int
	skipped     *int
}

// reader is a query of any kind, as text.
type reader struct {
	name      string
	unordered bool
	all       func(context.Context, step) ([]string, error)
	page      func(context.Context, step) ([]string, string, error)
}

type refinable[Q, I any] interface {
	From(string) Q
	Limit(int) Q
	PageSize(int) Q
	SkipUnknown(*int) Q
	Filter(expression.ConditionBuilder) Q
	All(context.Context) iter.Seq2[I, error]
	Page(context.Context) (*entable.Page[I], error)
}

func readerOf[Q refinable[Q, I], I any](name string, fresh func() Q) reader {
	with := func(s step) Q {
		q := fresh().From(s.cursor)
		if s.limit > 0 {
			q.Limit(s.limit)
		}
		if s.size > 0 {
			q.PageSize(s.size)
		}
		if s.skipped != nil {
			q.SkipUnknown(s.skipped)
		}
		return q
	}
	return reader{
		name: name,
		all: func(ctx context.Context, s step) ([]string, error) {
			var out []string
			for item, err := range with(s).All(ctx) {
				if err != nil {
					return out, err
				}
				out = append(out, label(item))
			}
			return out, nil
		},
		page: func(ctx context.Context, s step) ([]string, string, error) {
			page, err := with(s).Page(ctx)
			if err != nil {
				return nil, "", err
			}
			var out []string
			for _, item := range page.Items {
				out = append(out, label(item))
			}
			return out, page.Cursor, nil
		},
	}
}

// query makes a random query of the railway.
func (w *railway) query(rnd *rand.Rand) reader {
	kinds := []string{"stops", "trains", "seats", "crews", "mixed", "only", "line", "depot", "stops of line", "mixed depot", "line of gsi", "gsi", "mixed gsi", "lsi", "scan", "scan all", "scan gsi"}
	if w.s.Engine == "memory" {
		kinds = append(kinds, "native")
	}
	kind, condition, a, b := pick(rnd, kinds...), rnd.IntN(7), rnd.IntN(40)-10, rnd.IntN(40)
	reverse, filter, raw, segments := rnd.IntN(2) == 0, rnd.IntN(4) == 0, rnd.IntN(2) == 0, pick(rnd, 1, 1, 2, 4)
	low, high := w.bounds(rnd, a, a+b, kind)
	only := pick(rnd, []entable.Registered{w.stops}, []entable.Registered{w.trains}, []entable.Registered{w.stops, w.trains})
	name := fmt.Sprintf("%s, condition %d of %d %d, reverse %t, filter %t, raw %t, %d segments", kind, condition, a, a+b, reverse, filter, raw, segments)
	switch kind {
	case "stops":
		return conditioned(name, func() *entable.Query[Station] { return w.stops.Query(Station{Line: "a"}) }, condition, Station{N: a}, Station{N: a + b}, reverse, filter)
	case "trains":
		at := func(n int) Train { return Train{At: time.Unix(int64(n), 0)} }
		return conditioned(name, func() *entable.Query[Train] { return w.trains.Query(Train{Line: "a"}) }, condition, at(a), at(a+b), reverse, filter)
	case "seats":
		return conditioned(name, func() *entable.Query[Seat] { return w.seats.Query(Seat{Line: "a"}) }, condition, Seat{N: 1 + a&1}, Seat{N: 4, ID: fmt.Sprint(b)}, reverse, filter)
	case "crews":
		return conditioned(name, func() *entable.Query[Crew] { return w.crews.Query(Crew{Line: "a"}) }, condition, Crew{Name: fmt.Sprint(20 + a)}, Crew{Name: "9"}, reverse, filter)
	case "gsi":
		return conditioned(name, func() *entable.Query[Station] { return w.stops.QueryIndex("gsi1", Station{Tag: "x"}) }, condition, Station{Name: "q"}, Station{Name: "q#"}, reverse, filter)
	case "lsi":
		return conditioned(name, func() *entable.Query[Station] { return w.stops.QueryIndex("lsi1", Station{Line: "a"}) }, condition, Station{Name: "q"}, Station{Name: "r"}, reverse, filter)
	case "native": // its keys cannot be filtered
		return conditioned(name, func() *entable.Query[Station] { return w.stops.QueryIndex("by-tag", Station{Tag: "x"}) }, condition, Station{N: a}, Station{N: a + b}, reverse, false)
	case "line":
		return collected(name, func() *entable.CollectionQuery[RailLine] { return w.line.Query(Station{Line: "a"}) }, low, high, reverse, filter)
	case "line of gsi":
		return collected(name, func() *entable.CollectionQuery[RailLine] { return w.line.QueryIndex("gsi1", Train{Tag: "x"}) }, low, high, reverse, filter)
	case "depot":
		return collected(name, func() *entable.CollectionQuery[RailDepot] { return w.depot.Query(Crew{Line: "a"}) }, low, high, reverse, filter)
	case "stops of line":
		return collected(name, func() *entable.CollectionQuery[RailStations] { return w.stopsOnly.Query(Station{Line: "a"}) }, low, high, reverse, filter)
	case "scan":
		r := readerOf(name, func() *entable.Scan[Seat] {
			q := w.seats.Scan().Segments(segments)
			if filter {
				q.Filter(tagged)
			}
			return q
		})
		r.unordered = segments > 1
		return r
	case "scan all", "scan gsi":
		r := readerOf(name, func() *entable.ItemsScan {
			q := w.table.Scan().Segments(segments)
			if kind == "scan gsi" {
				q.Index("gsi1")
			}
			if filter {
				q.Filter(tagged)
			}
			if raw {
				q.RawUnknown()
			}
			return q
		})
		r.unordered = segments > 1
		return r
	}
	return readerOf(name, func() *entable.ItemsQuery {
		var q *entable.ItemsQuery
		switch kind {
		case "mixed depot":
			q = w.table.Query(Seat{Line: "a"})
		case "mixed gsi":
			q = w.table.QueryIndex("gsi1", Train{Tag: "x"})
		case "only":
			q = w.table.Query(Train{Line: "a"}).Only(only...)
		default:
			q = w.table.Query(Train{Line: "a"})
		}
		if low != nil || high != nil {
			q.Between(low, high)
		}
		if reverse {
			q.Reverse()
		}
		if filter {
			q.Filter(tagged)
		}
		if raw {
			q.RawUnknown()
		}
		return q
	})
}

// bounds makes examples for Between, in order of their sort keys, some of them nil.
func (w *railway) bounds(rnd *rand.Rand, a, b int, kind string) (low, high any) {
	switch {
	case kind == "only" || rnd.IntN(2) == 0:
		return nil, nil
	case strings.HasSuffix(kind, "gsi"):
		low, high = Station{Name: pick(rnd, "p", "q#")}, Train{Line: pick(rnd, "a", "aa")}
	case strings.Contains(kind, "depot"):
		low, high = Crew{Name: fmt.Sprint(b)}, Seat{N: 1 + b&3}
	default:
		low, high = Station{N: a}, &Train{At: time.Unix(int64(b), 0)}
	}
	return pick(rnd, low, low, nil), pick(rnd, high, high, nil)
}

var tagged = expression.Name("tag").Equal(expression.Value("x"))

// conditioned is an entity's query with one of the conditions on its sort key.
func conditioned[T any](name string, fresh func() *entable.Query[T], condition int, low, high T, reverse, filter bool) reader {
	return readerOf(name, func() *entable.Query[T] {
		q := fresh()
		switch condition {
		case 1:
			q.Less(high)
		case 2:
			q.LessEqual(high)
		case 3:
			q.Greater(low)
		case 4:
			q.GreaterEqual(low)
		case 5:
			q.Between(low, high)
		case 6:
			q.Prefix(low)
		}
		if reverse {
			q.Reverse()
		}
		if filter {
			q.Filter(tagged)
		}
		return q
	})
}

func collected[C any](name string, fresh func() *entable.CollectionQuery[C], low, high any, reverse, filter bool) reader {
	return readerOf(name, func() *entable.CollectionQuery[C] {
		q := fresh()
		if low != nil || high != nil {
			q.Between(low, high)
		}
		if reverse {
			q.Reverse()
		}
		if filter {
			q.Filter(tagged)
		}
		return q
	})
}

// walk follows cursors with a random limit and page size at each step, sometimes to the end in one go, and
// compares what it meets with what one unlimited pass gives.
func (r reader) walk(t *testing.T, rnd *rand.Rand) {
	t.Helper()
	var skipped, walked int
	want, err := r.all(t.Context(), step{skipped: &skipped})
	if err != nil {
		t.Errorf("%s: %v", r.name, err)
		return
	}
	var got []string
	cursor, steps := "", ""
	for n := 0; n == 0 || cursor != ""; n++ {
		s := step{cursor: cursor, limit: rnd.IntN(1 + rnd.IntN(30)), size: rnd.IntN(1 + rnd.IntN(12)), skipped: &walked}
		if s.limit == 0 && s.size == 0 {
			s.limit = 3
		}
		steps += fmt.Sprintf(" %d/%d", s.limit, s.size)
		if n > 0 && rnd.IntN(10) == 0 {
			s.limit = 0
			rest, err := r.all(t.Context(), s)
			if err != nil {
				t.Errorf("%s: ranging from a cursor behind%s: %v", r.name, steps, err)
				return
			}
			got = append(got, rest...)
			break
		}
		items, next, err := r.page(t.Context(), s)
		switch {
		case err != nil:
			t.Errorf("%s: a page behind%s: %v", r.name, steps, err)
			return
		case s.limit > 0 && (len(items) > s.limit || len(items) < s.limit && next != ""):
			t.Errorf("%s: a page of %d items with the cursor %q behind%s", r.name, len(items), next, steps)
		case s.limit == 0 && len(items) == 0 && next != "":
			t.Errorf("%s: an empty page with a cursor behind%s", r.name, steps)
		case n > 1000:
			t.Errorf("%s: the cursors do not end", r.name)
			return
		}
		got, cursor = append(got, items...), next
	}
	if r.unordered {
		slices.Sort(want)
		slices.Sort(got)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: walked by%s\n%q, want\n%q", r.name, steps, got, want)
	}
	if walked != skipped {
		t.Errorf("%s: walked by%s past %d unknown items, want %d", r.name, steps, walked, skipped)
	}
}

// Walking with any limits and resuming from every cursor gives exactly the list of one unlimited pass.
func TestRandomWalks(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		rnd := trial.Rand(t)
		opts := []entable.TableOption{entable.CursorKey([]byte("0123456789abcdef"))}
		w := newRailway(s, opts[rnd.IntN(2):]...)
		w.fill(t, rnd, 25)
		walks := 60
		if s.Engine == "memory" {
			walks = 250
		}
		for range walks {
			w.query(rnd).walk(t, rnd)
		}
	})
}

func TestHundredThousandWalks(t *testing.T) {
	if !trial.Soak() {
		t.Skip("set ENTABLE_SOAK for it; TestRandomWalks is the short form")
	}
	t.Parallel()
	const workers, worlds, walks = 4, 50, 500
	for i := range workers {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			rnd := trial.Rand(t)
			for range worlds {
				s := onMemory(t)
				w := newRailway(s)
				w.fill(t, rnd, 5+rnd.IntN(40))
				for range walks {
					w.query(rnd).walk(t, rnd)
				}
				s.Drop(w.table)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// Ranging over a large partition holds no more than a page of it.
func TestMemoryOfAll(t *testing.T) {
	items, bound := trial.Size(50_000, 1_000_000), uint64(16<<20)
	s := onMemory(t)
	tasks := registerTasks(s.NewTable())
	text := strings.Repeat("x", 300)
	for from := 0; from < items; from += 1000 {
		var batch []map[string]types.AttributeValue
		for n := from; n < from+1000; n++ {
			item, err := tasks.ToItem(&Task{List: "a", N: n, Text: text})
			check(t, err)
			batch = append(batch, item)
		}
		check(t, s.DB.Seed(tasks.Table().Name(), batch...))
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most, n := heap(), uint64(0), 0
	for task, err := range tasks.Query(Task{List: "a"}).All(t.Context()) {
		check(t, err)
		if task.N != n {
			t.Fatalf("item %d is %d", n, task.N)
		}
		if n++; n%(items/20) == 0 {
			most = max(most, heap())
		}
	}
	if grown := int64(most) - int64(before); n != items || grown > int64(bound) {
		t.Errorf("ranging over %d items grew the heap by %d bytes", n, grown)
	}
}
