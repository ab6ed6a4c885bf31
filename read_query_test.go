package entable_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
)

// row is an item of one partition with a sort key of type K. Neighbours lie around it.
type row[K any] struct {
	Part string `dynamodbav:"part"`
	Key  K      `dynamodbav:"key"`
}

// ordered is a kind of sort key: how to make values and how to compare them.
type ordered[K any] struct {
	name    string
	make    func(*rand.Rand) K
	compare func(a, b K) int
	prefix  func(v, prefix K) bool // nil: equal
	unset   func(K) bool           // a value that no key can have
}

func (o ordered[K]) check(t *testing.T, table *entable.Table, rnd *rand.Rand) {
	t.Helper()
	rows := entable.Register[row[K]](table, entable.Name(o.name), entable.PK("part"), entable.SK("key"))
	var all []row[K]
	for range 25 {
		r := row[K]{"p", o.make(rnd)}
		if o.unset != nil && o.unset(r.Key) {
			continue
		}
		check(t, rows.Put(t.Context(), &r))
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b row[K]) int { return o.compare(a.Key, b.Key) })
	all = slices.CompactFunc(all, func(a, b row[K]) bool { return o.compare(a.Key, b.Key) == 0 })
	example := func() row[K] {
		for {
			if rnd.IntN(2) == 0 {
				return all[rnd.IntN(len(all))]
			}
			if r := (row[K]{"p", o.make(rnd)}); o.unset == nil || !o.unset(r.Key) {
				return r
			}
		}
	}
	for range 4 {
		a, b := example(), example()
		if o.compare(a.Key, b.Key) > 0 {
			a, b = b, a
		}
		prefix := o.prefix
		if prefix == nil {
			prefix = func(v, p K) bool { return o.compare(v, p) == 0 }
		}
		q := func() *entable.Query[row[K]] { return rows.Query(row[K]{Part: "p"}) }
		for _, test := range []struct {
			name  string
			query *entable.Query[row[K]]
			keep  func(K) bool
		}{
			{"all", q(), func(K) bool { return true }},
			{"equal", q().Equal(a), func(k K) bool { return o.compare(k, a.Key) == 0 }},
			{"less", q().Less(a), func(k K) bool { return o.compare(k, a.Key) < 0 }},
			{"less or equal", q().LessEqual(a), func(k K) bool { return o.compare(k, a.Key) <= 0 }},
			{"greater", q().Greater(a), func(k K) bool { return o.compare(k, a.Key) > 0 }},
			{"greater or equal", q().GreaterEqual(a), func(k K) bool { return o.compare(k, a.Key) >= 0 }},
			{"between", q().Between(a, b), func(k K) bool { return o.compare(a.Key, k) <= 0 && o.compare(k, b.Key) <= 0 }},
			{"prefix", q().Prefix(a), func(k K) bool { return prefix(k, a.Key) }},
		} {
			var want []row[K]
			for _, r := range all {
				if test.keep(r.Key) {
					want = append(want, r)
				}
			}
			if rnd.IntN(2) == 0 {
				test.query.Reverse()
				slices.Reverse(want)
			}
			if n := rnd.IntN(20); n > 0 && rnd.IntN(2) == 0 {
				test.query.Limit(n)
				want = want[:min(n, len(want))]
			}
			if rnd.IntN(2) == 0 {
				test.query.PageSize(1 + rnd.IntN(9))
			}
			got := enginetest.Collect(t, test.query.All(t.Context()))
			if !slices.EqualFunc(got, want, func(g *row[K], w row[K]) bool { return o.compare(g.Key, w.Key) == 0 }) {
				t.Errorf("%s: %s of %v and %v: read %s, want %v", o.name, test.name, a.Key, b.Key, pointees(got), want)
			}
		}
	}
}

// neighbour lies in a partition of other items, with any sort key.
type neighbour struct {
	Part string `dynamodbav:"part"`
	Key  string `dynamodbav:"key"`
}

func randomText(rnd *rand.Rand) string {
	alphabet := []string{"a", "b", "A", "#", "%", "%2", " ", "!", "$", "~", "\x00", "\x7f", "é", "日", "\U0010ffff", "0"}
	var b strings.Builder
	for range 1 + rnd.IntN(4) {
		b.WriteString(alphabet[rnd.IntN(len(alphabet))])
	}
	return b.String()
}

func randomInt(rnd *rand.Rand) int64 {
	edges := []int64{math.MinInt64, -1000, -10, -9, -1, 0, 1, 9, 10, math.MaxInt64}
	if rnd.IntN(2) == 0 {
		return edges[rnd.IntN(len(edges))]
	}
	return rnd.Int64N(200) - 100
}

// Every condition on every type of sort key gives what a naive filter over all rows gives.
func TestSortKeyConditions(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		rnd := trial.Rand(t)
		table := s.NewTable()
		ordered[int64]{name: "Integer", make: randomInt, compare: cmp.Compare[int64]}.check(t, table, rnd)
		ordered[uint32]{name: "Unsigned", make: func(r *rand.Rand) uint32 { return r.Uint32() >> r.IntN(32) }, compare: cmp.Compare[uint32]}.check(t, table, rnd)
		ordered[float64]{name: "Float", make: func(r *rand.Rand) float64 { return float64(randomInt(r)) * math.Pow(10, float64(r.IntN(200)-100)) }, compare: cmp.Compare[float64]}.check(t, table, rnd)
		ordered[string]{name: "Text", make: randomText, compare: strings.Compare, prefix: strings.HasPrefix}.check(t, table, rnd)
		ordered[[]byte]{
			name:    "Bytes",
			make:    func(r *rand.Rand) []byte { return []byte{byte(r.IntN(3)), byte(r.IntN(256))}[:1+r.IntN(2)] },
			compare: slices.Compare[[]byte],
			prefix:  func(v, p []byte) bool { return strings.HasPrefix(string(v), string(p)) },
		}.check(t, table, rnd)
		ordered[time.Time]{
			name: "Instant",
			make: func(r *rand.Rand) time.Time {
				zone := time.FixedZone("", 3600*(r.IntN(24)-12))
				return time.Unix(randomInt(r)%1e10+1.7e9, r.Int64N(1e9)).In(zone)
			},
			compare: time.Time.Compare,
		}.check(t, table, rnd)
		ordered[bool]{name: "Flag", make: func(r *rand.Rand) bool { return r.IntN(2) == 0 }, compare: func(a, b bool) int {
			return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
		}}.check(t, table, rnd)
	})
}

// triple is a composite sort key.
type triple struct {
	Part string `dynamodbav:"part"`
	A    int    `dynamodbav:"a"`
	B    string `dynamodbav:"b"`
	C    int8   `dynamodbav:"c"`
}

// compare compares the first n components.
func (t triple) compare(o triple, n int) int {
	c := []int{cmp.Compare(t.A, o.A), cmp.Compare(t.B, o.B), cmp.Compare(t.C, o.C)}
	return cmp.Or(c[:n]...)
}

// A composite key is compared by the components that are named, zeros among them.
func TestCompositeSortKeyConditions(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		rnd := trial.Rand(t)
		table := s.NewTable()
		around := entable.Register[neighbour](table, entable.Name("Around"), entable.PK("part", entable.Prefix("P")), entable.SK("key", entable.NoPrefix()))
		triples := entable.Register[triple](table, entable.Name("Triple"), entable.PK("part", entable.PrefixOf(around)),
			entable.SK(entable.Literal("T"), "a", "b", "c"))
		for _, k := range []string{"S", "T", "T\"", "T ", "U", "T!"} {
			check(t, around.Put(t.Context(), &neighbour{"p", k}))
		}
		some := func() triple {
			return triple{"p", rnd.IntN(5) - 2, []string{"a", "a!", "a b", "b", "a#"}[rnd.IntN(5)], int8(rnd.IntN(7) - 3)}
		}
		var all []triple
		for range 60 {
			v := some()
			check(t, triples.Put(t.Context(), &v))
			all = append(all, v)
		}
		slices.SortFunc(all, func(a, b triple) int { return a.compare(b, 3) })
		all = slices.Compact(all)
		for range 25 {
			a, b := some(), some()
			n := 1 + rnd.IntN(3)
			by := []string{"a", "b", "c"}[:n]
			q := func() *entable.Query[triple] { return triples.Query(triple{Part: "p"}) }
			for _, test := range []struct {
				name  string
				query *entable.Query[triple]
				keep  func(triple) bool
			}{
				{"all", q(), func(triple) bool { return true }},
				{"less", q().Less(a, by...), func(v triple) bool { return v.compare(a, n) < 0 }},
				{"less or equal", q().LessEqual(a, by...), func(v triple) bool { return v.compare(a, n) <= 0 }},
				{"greater", q().Greater(a, by...), func(v triple) bool { return v.compare(a, n) > 0 }},
				{"greater or equal", q().GreaterEqual(a, by...), func(v triple) bool { return v.compare(a, n) >= 0 }},
				{"prefix", q().Prefix(a, by...), func(v triple) bool { return v.compare(a, n) == 0 }},
				{"equal", q().Equal(a, by...), func(v triple) bool { return v.compare(a, n) == 0 }},
				{"between", q().Between(a, b, by...), func(v triple) bool { return v.compare(a, n) >= 0 && v.compare(b, n) <= 0 }},
			} {
				if test.name == "between" && a.compare(b, n) > 0 {
					continue
				}
				var want []triple
				for _, v := range all {
					if test.keep(v) {
						want = append(want, v)
					}
				}
				got := enginetest.Collect(t, test.query.PageSize(1+rnd.IntN(30)).All(t.Context()))
				if !slices.EqualFunc(got, want, func(g *triple, w triple) bool { return *g == w }) {
					t.Errorf("%s of %+v and %+v by %q: read %s, want %v", test.name, a, b, by, pointees(got), want)
				}
			}
		}
	})
}

// Between the wrong way round is an error before the request, not a silent empty result.
func TestBetweenTheWrongWayRound(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		for name, query := range map[string]func() error{
			"query": func() error {
				_, err := tasks.Query(Task{List: "a"}).Between(Task{N: 2}, Task{N: 1}).First(t.Context())
				return err
			},
			"mixed": func() error {
				_, err := tasks.Table().Query(Task{List: "a"}).Between(Task{N: 2}, Task{N: 1}).First(t.Context())
				return err
			},
		} {
			s.Spy.Reset()
			if err := query(); err == nil || !strings.HasSuffix(err.Error(), "the low bound of Between lies above the high one: exchange them") || !entable.IsError(err) || s.Spy.Sent("") > 0 {
				t.Errorf("%s between 2 and 1: %v", name, err)
			}
		}
	})
}

// A page that is empty after filtering does not end a query.
func TestFilterThatMatchesOnALatePage(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		for n := range 20 {
			check(t, tasks.Put(t.Context(), &Task{List: "a", N: n, Text: []string{"no", "yes"}[n/17]}))
		}
		q := func() *entable.Query[Task] {
			return tasks.Query(Task{List: "a"}).PageSize(3).Filter(expression.Name("text").Equal(expression.Value("yes")))
		}
		first, err := q().First(t.Context())
		check(t, err)
		if first.N != 17 {
			t.Errorf("first is %d, want 17", first.N)
		}
		if all := enginetest.Collect(t, q().All(t.Context())); len(all) != 3 {
			t.Errorf("read %s, want 17 to 19", pointees(all))
		}
		if all := enginetest.Collect(t, q().Limit(2).All(t.Context())); len(all) != 2 {
			t.Errorf("the limit of 2 gives %s", pointees(all))
		}
		page, err := q().Limit(2).Page(t.Context())
		check(t, err)
		if len(page.Items) != 2 || page.Items[1].N != 18 || page.Cursor == "" {
			t.Errorf("page of %s with the cursor %q", pointees(page.Items), page.Cursor)
		}
		// A page without a limit goes on to the first that has an item.
		page, err = q().Page(t.Context())
		check(t, err)
		if len(page.Items) != 1 || page.Items[0].N != 17 {
			t.Errorf("page of %s, want 17", pointees(page.Items))
		}
		both := q().Filter(expression.Name("text").Equal(expression.Value("no")))
		if _, err := both.First(t.Context()); !errors.Is(err, entable.ErrNotFound) {
			t.Errorf("filters that exclude each other: %v", err)
		}
		if _, err := q().Filter(expression.ConditionBuilder{}).First(t.Context()); err == nil || err.Error() != "entable: Task: Filter: the condition, or a part of it, is empty" {
			t.Errorf("an empty filter: %v", err)
		}
	})
}

func TestMistakesInQueries(t *testing.T) {
	table := entable.NewTable("tasks", entable.GSI("gsi1"), entable.GSI("gsi2"))
	tasks := registerTasks(table, entable.Index("gsi1", entable.PK("text")))
	carts := entable.Register[Cart](table)
	q := func() *entable.Query[Task] { return tasks.Query(Task{List: "a"}) }
	for _, test := range []struct {
		query interface {
			First(context.Context) (*Task, error)
		}
		want string
	}{
		{q().Limit(0), "Task: invalid limit 0: use 1 or more"},
		{q().Limit(-1).PageSize(-1), "Task: invalid limit -1: use 1 or more"},
		{q().PageSize(0), "Task: invalid page size 0: use 1 or more"},
		{q().Less(Task{N: 1}).Greater(Task{N: 2}), "Task: give one condition on the sort key"},
		{tasks.QueryIndex("gsi2", Task{Text: "a"}), `Task: unknown index "gsi2": it has "gsi1"`},
		{tasks.QueryIndex("gsi1", Task{Text: "a"}).Consistent(true), `Task: index "gsi1" has no consistent reads: query the table, or leave Consistent out`},
		{tasks.QueryIndex("gsi1", Task{Text: "a"}).Less(Task{N: 1}), "Task: the sort key has no attribute to compare"},
		{tasks.QueryIndex("gsi1", Task{List: "a"}), `Task: cannot build key gsi1pk: attribute "text": text is empty`},
	} {
		_, err := test.query.First(t.Context())
		if err == nil || err.Error() != "entable: "+test.want || !entable.IsError(err) {
			t.Errorf("error\n%v, want\nentable: %s", err, test.want)
		}
	}
	readings := entable.Register[Cart](numbers(), entable.PK("year"), entable.SK("year"))
	if _, err := readings.Query(Cart{Year: 1}).Prefix(Cart{Year: 2}).Input(t.Context()); err == nil || err.Error() != "entable: Cart: the sort key is a number and has no beginning: use Between" {
		t.Errorf("error %v", err)
	}
	if _, err := carts.QueryIndex("gsi1", Cart{ID: "1"}).Input(t.Context()); err == nil || err.Error() != `entable: Cart: unknown index "gsi1": it is in no index` {
		t.Errorf("error %v", err)
	}
	if _, err := carts.Query(Cart{ID: "1"}).Less(Cart{Year: 1}).Input(t.Context()); err == nil || err.Error() != "entable: Cart: the sort key has no attribute to compare" {
		t.Errorf("error %v", err)
	}
}

// A query that has been sent can be sent again, with the same result.
func TestQueryCanBeSentAgain(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		for n := range 5 {
			check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
		}
		q := tasks.Query(Task{List: "a"}).PageSize(2)
		if _, err := q.First(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if n := len(enginetest.Collect(t, q.All(t.Context()))); n != 5 {
				t.Errorf("read %d items, want 5", n)
			}
		}
		seq := q.All(t.Context())
		for range seq {
			break
		}
		if n := len(enginetest.Collect(t, seq)); n != 5 {
			t.Errorf("ranging again reads %d items, want 5", n)
		}
		s.Spy.Reset()
		for range seq {
			break
		}
		if n := s.Spy.Sent("Query"); n != 1 {
			t.Errorf("a loop left on the first page sent %d requests", n)
		}
	})
}
