package entable_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
)

// Reading lies in a partition that is spread over shards by its sensor.
type Reading struct {
	Site   string  `dynamodbav:"site"`
	Sensor string  `dynamodbav:"sensor"`
	At     float64 `dynamodbav:"at"`
}

func TestShardsAreMergedInTheOrderOfTheSortKey(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		rnd := trial.Rand(t)
		composed := entable.Register[Reading](s.NewTable(entable.LSI("lsi1")), entable.PK("site", entable.Shards(4, "sensor")), entable.SK("at", "sensor"),
			entable.Index("lsi1", entable.SK("sensor")))
		number := entable.Register[Reading](s.NewTable(entable.SortKey("sk", types.ScalarAttributeTypeN)),
			entable.PK("site", entable.Shards(4, "sensor")), entable.SK("at"))
		var all []Reading
		for n := range 40 {
			r := Reading{"a", fmt.Sprint("s", n), float64(rnd.IntN(4000)-2000) / 8}
			if slices.ContainsFunc(all, func(o Reading) bool { return o.At == r.At }) {
				continue
			}
			all = append(all, r)
			check(t, composed.Put(t.Context(), &r))
			check(t, number.Put(t.Context(), &r))
			got, err := composed.Get(t.Context(), r)
			check(t, err)
			if *got != r {
				t.Errorf("read %v, wrote %v", *got, r)
			}
		}
		slices.SortFunc(all, func(a, b Reading) int { return cmp.Compare(a.At, b.At) })
		low, high := all[5], all[20]
		for name, readings := range map[string]*entable.Entity[Reading]{"composed": composed, "number": number} {
			query := func() *entable.Query[Reading] { return readings.Query(Reading{Site: "a"}) }
			for _, test := range []struct {
				name  string
				query *entable.Query[Reading]
				want  []Reading
			}{
				{"all", query(), all},
				{"paged", query().PageSize(2), all},
				{"limit", query().Limit(7), all[:7]},
				{"between", query().Between(low, high), all[5:21]},
				{"less", query().Less(Reading{At: high.At}).PageSize(3), all[:20]},
				{"backward", query().Reverse().PageSize(3), reversed(all)},
				{"backward limit", query().Reverse().Limit(9), reversed(all)[:9]},
				{"nothing", readings.Query(Reading{Site: "b"}), nil},
			} {
				got := enginetest.Collect(t, test.query.All(t.Context()))
				if !slices.EqualFunc(got, test.want, func(g *Reading, w Reading) bool { return *g == w }) {
					t.Errorf("%s, %s: read\n%s, want\n%v", name, test.name, pointees(got), test.want)
				}
			}
			if n, err := query().Count(t.Context()); err != nil || n != len(all) {
				t.Errorf("%s: counted %d of %d (%v)", name, n, len(all), err)
			}
			got := walk(t, 4, func(c string) *entable.Query[Reading] { return query().Reverse().Limit(4).From(c) })
			if !slices.EqualFunc(got, reversed(all), func(g *Reading, w Reading) bool { return *g == w }) {
				t.Errorf("%s: walked backward over\n%s", name, pointees(got))
			}
		}
		bySensor := enginetest.Collect(t, composed.QueryIndex("lsi1", Reading{Site: "a"}).Consistent(true).All(t.Context()))
		if len(bySensor) != len(all) || !slices.IsSortedFunc(bySensor, func(a, b *Reading) int { return strings.Compare(a.Sensor, b.Sensor) }) {
			t.Errorf("by sensor: %s", pointees(bySensor))
		}
		used := map[string]bool{}
		for _, r := range all {
			item, err := composed.ToItem(&r)
			check(t, err)
			used[item["pk"].(*types.AttributeValueMemberS).Value] = true
		}
		if len(used) != 4 || !used["RS#a#0"] || !used["RS#a#3"] {
			t.Errorf("the items lie in the partitions %v", used)
		}
		if err := composed.Put(t.Context(), &Reading{Site: "a", At: 1}); !is[*entable.KeyError](err) {
			t.Errorf("an item without what decides on its shard: %v", err)
		}
	})
}

func reversed[T any](list []T) []T {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}

// A walk over shards holds a page of each, and asks none that has an item at hand.
func TestRequestsOfShards(t *testing.T) {
	s := onMemory(t)
	w := newRailway(s)
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 60 {
		check(t, w.seats.Put(t.Context(), &Seat{Line: "a", ID: fmt.Sprint(rnd.IntN(1e6)), N: n}))
	}
	for _, test := range []struct {
		query *entable.Query[Seat]
		most  int
	}{
		{w.seats.Query(Seat{Line: "a"}), 3},
		{w.seats.Query(Seat{Line: "a"}).Limit(1), 3},
		{w.seats.Query(Seat{Line: "a"}).PageSize(10), 12},
	} {
		s.Spy.Reset()
		enginetest.Collect(t, test.query.All(t.Context()))
		if n := s.Spy.Sent("Query"); n > test.most || n < 3 {
			t.Errorf("%d requests, want up to %d", n, test.most)
		}
	}
	s.Spy.Reset()
	for range w.seats.Query(Seat{Line: "a"}).PageSize(1).All(t.Context()) {
		break
	}
	if n := s.Spy.Sent("Query"); n != 3 {
		t.Errorf("the first item took %d requests", n)
	}
}

func TestWrongShardsAreRefused(t *testing.T) {
	for _, test := range []struct {
		opt  entable.EntityOption
		want string
	}{
		{entable.PK("site", entable.Shards(1, "sensor")), "Reading: PK: Shards(1): use 2 to 256"},
		{entable.PK("site", entable.Shards(257, "sensor")), "Reading: PK: Shards(257): use 2 to 256"},
		{entable.PK("site", entable.Shards(4, "nope")), `Reading: PK: Shards: unknown attribute "nope": entable_test.Reading has "site", "sensor", "at"`},
		{entable.PK("site", entable.Shards(4, "at"), entable.Shards(4, "sensor")), "Reading: PK: Shards is given twice"},
		{entable.SK("at", entable.Shards(4, "sensor")), "Reading: SK: Shards belongs to a PK"},
		{entable.PK(entable.Shards(4, "sensor")), `Reading: PK: it names no attribute: name those that it is made of, as in "id", or give fixed text with entable.Literal`},
	} {
		checkDeclaration(t, register[Reading](entable.NewTable("shop"), test.opt), test.want)
	}
}

// The shard of a value, the FNV-1a hash of its text, must never change: stored items would not be found any more.
func TestShardsOfValuesStayWhatTheyAre(t *testing.T) {
	number := func(shard int, item func() (map[string]types.AttributeValue, error)) {
		t.Helper()
		attrs, err := item()
		check(t, err)
		pk := attrs["pk"].(*types.AttributeValueMemberS).Value
		if want := fmt.Sprintf("#%03d", shard); !strings.HasSuffix(pk, want) {
			t.Errorf("the partition is %s, want one that ends in %s", pk, want)
		}
	}
	table := entable.NewTable("shards")
	type texts struct {
		ID string `dynamodbav:"id"`
		Of string `dynamodbav:"of"`
	}
	type ints struct {
		ID string `dynamodbav:"id"`
		Of int64  `dynamodbav:"of"`
	}
	type times struct {
		ID string    `dynamodbav:"id"`
		Of time.Time `dynamodbav:"of"`
	}
	byText := entable.Register[texts](table, entable.PK("id", entable.Shards(200, "of")), entable.SK("of"))
	byInt := entable.Register[ints](table, entable.PK("id", entable.Shards(200, "of")), entable.SK("of"))
	byTime := entable.Register[times](table, entable.PK("id", entable.Shards(200, "of")), entable.SK("of"))
	for text, shard := range map[string]int{"a": 196, "b": 29, "order-1": 125} {
		number(shard, func() (map[string]types.AttributeValue, error) { return byText.ToItem(&texts{"1", text}) })
	}
	for n, shard := range map[int64]int{1: 68, -7: 37, 1 << 40: 28} {
		number(shard, func() (map[string]types.AttributeValue, error) { return byInt.ToItem(&ints{"1", n}) })
	}
	at := time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)
	number(190, func() (map[string]types.AttributeValue, error) { return byTime.ToItem(&times{"1", at}) })
}

// A key that today's type or shards cannot have is of an older version: that it does not fit is said, also of keys alone.
func TestKeysOfWiderTypesDoNotFit(t *testing.T) {
	t.Parallel()
	type seat struct {
		Line string `dynamodbav:"line"`
		N    int8   `dynamodbav:"n"`
	}
	table := entable.NewTable("seats")
	check(t, register[seat](table, entable.PK("line", entable.Prefix("L"), entable.Shards(3, "n")), entable.SK(entable.Attr("n").Width(3), entable.Prefix("N"))))
	item := key("L#a#9", "N#007")
	item["_type"] = avS("seat")
	if v, err := table.Decode(item); !errors.As(err, new(*entable.KeyMismatchError)) {
		t.Errorf("read %v, %v", v, err)
	}
	item["pk"] = avS("L#a#2")
	if v, err := table.Decode(item); err != nil || *v.(*seat) != (seat{"a", 7}) {
		t.Errorf("read %v, %v", v, err)
	}
	item["sk"] = avS("N#300")
	if v, err := table.Decode(item); err == nil || !strings.Contains(err.Error(), "key sk: attribute n: cannot decode N into int8") {
		t.Errorf("read %v, %v", v, err)
	}
}
