package schema_test

import (
	"math"
	"reflect"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
)

type event struct {
	Of   string     `dynamodbav:"of"`
	At   time.Time  `dynamodbav:"at" entable:"auto=now"`
	Text string     `dynamodbav:"text" entable:"auto=now"`
	Last *time.Time `dynamodbav:"last" entable:"touch=now"`
	Sec  int64      `dynamodbav:"sec" entable:"auto=epoch"`
}

// Times of now rise with every write, though the clock stands still or goes back, also across goroutines; those of one write
// are one.
func TestNow(t *testing.T) {
	clock := time.FixedZone("x", 3600)
	ticks := []time.Time{noon.In(clock), noon, noon.Add(-time.Hour), noon.Add(1), noon.Add(time.Second)}
	d := decl()
	d.Gen = d.Gen.WithClock(func() time.Time {
		now := ticks[0]
		ticks = ticks[1:]
		return now
	})
	table := newTable(t, d)
	e := register[event](t, table, schema.EntityDecl{SKs: sk(attrs("at")...)})
	var retry event
	for i, want := range []time.Time{noon, noon.Add(1), noon.Add(2), noon.Add(3), noon.Add(time.Second)} {
		var v event
		check(t, e.Auto.Fill(table.Settings().Gen, e.Auto.Now(table.Settings().Gen), unsafe.Pointer(&v)))
		const layout = "2006-01-02T15:04:05.000000000Z"
		if v.At != want || v.Text != want.Format(layout) || *v.Last != want || v.Sec != want.Unix() {
			t.Errorf("write %d: %+v, want times of %s", i, v, want)
		}
		e.Auto.KeepIDs(unsafe.Pointer(&v), unsafe.Pointer(&retry))
	}
	if !retry.At.Equal(noon) || retry.Text != "" || retry.Last != nil {
		t.Errorf("kept for a retry: %+v, want the time in the key alone", retry)
	}

	table = newTable(t, decl())
	e = register[event](t, table, schema.EntityDecl{SKs: sk(attrs("at")...)})
	var mu sync.Mutex
	var wait sync.WaitGroup
	seen := map[time.Time]bool{}
	for range 8 {
		wait.Go(func() {
			var last time.Time
			for range 100 {
				var v event
				if err := e.Auto.Fill(table.Settings().Gen, e.Auto.Now(table.Settings().Gen), unsafe.Pointer(&v)); err != nil || !v.At.After(last) {
					t.Errorf("%v after %v: %v", v.At, last, err)
				}
				last = v.At
				mu.Lock()
				seen[v.At] = true
				mu.Unlock()
			}
		})
	}
	if wait.Wait(); len(seen) != 800 {
		t.Errorf("%d times of 800 writes", len(seen))
	}
}

// number in a Marshaler.
type counted struct{ N int }

func (c counted) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	return &types.AttributeValueMemberN{Value: "1"}, nil
}

func (c *counted) UnmarshalDynamoDBAttributeValue(types.AttributeValue) error { return nil }

// coded is text, but not when it is zero.
type coded struct{ S string }

func (c coded) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	if c.S == "" {
		return &types.AttributeValueMemberNULL{Value: true}, nil
	}
	return &types.AttributeValueMemberS{Value: c.S}, nil
}

func (c *coded) UnmarshalDynamoDBAttributeValue(v types.AttributeValue) error {
	return attributevalue.Unmarshal(v, &c.S)
}

type (
	isoTime struct {
		Of string    `dynamodbav:"of"`
		ID string    `dynamodbav:"id"`
		At time.Time `dynamodbav:"at" entable:"auto=iso8601"`
	}
	isoText struct {
		Of string `dynamodbav:"of"`
		At string `dynamodbav:"at" entable:"auto=iso8601"`
	}
	epoch struct {
		Of string `dynamodbav:"of"`
		At int64  `dynamodbav:"at" entable:"auto=epoch"`
	}
	unix struct {
		Of string    `dynamodbav:"of"`
		At time.Time `dynamodbav:"at,unixtime" entable:"auto=epoch"`
	}
	millis struct {
		Of string `dynamodbav:"of"`
		At int64  `dynamodbav:"at" entable:"auto=epoch_ms"`
	}
	first struct {
		At string `dynamodbav:"at" entable:"auto=iso8601"`
	}
	given struct {
		Of string    `dynamodbav:"of"`
		At time.Time `dynamodbav:"at"`
	}
	asUnix struct {
		Of string    `dynamodbav:"of"`
		At time.Time `dynamodbav:"at,unixtime" entable:"auto=now"`
	}
	asNumber struct {
		Of string `dynamodbav:"of"`
		At int64  `dynamodbav:"at" entable:"auto=now"`
	}
	byNumber struct {
		Of counted `dynamodbav:"of"`
	}
	byCode struct {
		Of coded `dynamodbav:"of"`
	}
)

// What a key can hardly hold is refused where it is declared.
func TestDeclarationsWithoutValues(t *testing.T) {
	const repeats = ` is the same for all writes of one second, and nothing else in key "sk" tells the items apart: ` +
		`one would replace the other; use auto=now or auto=ulid, or add an attribute to the key`
	refined := func(name string, width int, layout, by string) schema.Part {
		return schema.Part{Text: name, Width: width, Layout: layout, Refined: by}
	}
	const day = "2006-01-02"
	for _, test := range []struct {
		typ  reflect.Type
		sk   []schema.Part
		want string
	}{
		{reflect.TypeFor[isoTime](), attrs("at"), "isoTime: field At: iso8601" + repeats},
		{reflect.TypeFor[isoText](), attrs("at"), "isoText: field At: iso8601" + repeats},
		{reflect.TypeFor[epoch](), attrs("at"), "epoch: field At: epoch" + repeats},
		{reflect.TypeFor[unix](), attrs("at"), "unix: field At: epoch" + repeats},
		{reflect.TypeFor[unix](), append(attrs("at"), part(schema.LiteralPart, "x")), "unix: field At: epoch" + repeats},
		{reflect.TypeFor[first](), nil, `first: field At: iso8601 is the same for all writes of one second, and nothing else in key "pk" tells the items apart: ` +
			`one would replace the other; use auto=now or auto=ulid, or add an attribute to the key`},
		{reflect.TypeFor[isoTime](), attrs("at", "id"), ""},
		{reflect.TypeFor[first](), []schema.Part{part(schema.LiteralPart, "x")}, `first: field At: iso8601 is the same for all writes of one second, and nothing else in key "pk" tells the items apart: ` +
			`one would replace the other; use auto=now or auto=ulid, or add an attribute to the key`},
		{reflect.TypeFor[millis](), attrs("at"), ""},
		{reflect.TypeFor[event](), attrs("at"), ""},
		{reflect.TypeFor[given](), attrs("at"), ""},

		{reflect.TypeFor[given](), []schema.Part{refined("at", 0, day, "Layout(x)")}, ""},
		{reflect.TypeFor[event](), []schema.Part{refined("at", 0, day, "Layout(x)")}, `event: field At: Layout("2006-01-02") cannot hold the times that now makes: leave it out`},
		{reflect.TypeFor[event](), []schema.Part{refined("at", 0, "2006-01-02T15:04:05.000000Z", "Layout(x)")}, `event: field At: Layout("2006-01-02T15:04:05.000000Z") cannot hold the times that now makes: leave it out`},
		{reflect.TypeFor[isoTime](), append(attrs("id"), refined("at", 0, "2006-01-02T15:04", "Layout(x)")), `isoTime: field At: Layout("2006-01-02T15:04") cannot hold the times that iso8601 makes: leave it out`},
		{reflect.TypeFor[isoTime](), append(attrs("id"), refined("at", 0, "2006-01-02T15:04:05Z", "Layout(x)")), ""},

		{reflect.TypeFor[epoch](), append(attrs("of"), refined("at", 0, "", "Width(0)")), `epoch: SK: attribute "at": Width(0) says nothing: leave it out, or give digits or a layout`},
		{reflect.TypeFor[given](), []schema.Part{refined("at", 0, "", `Layout("")`)}, `given: SK: attribute "at": Layout("") says nothing: leave it out, or give digits or a layout`},
		{reflect.TypeFor[given](), []schema.Part{{Kind: schema.LiteralPart, Text: "X", Refined: "Width(3)", Width: 3}}, `given: SK: Width(3): it refines attributes, made by entable.Attr`},

		{reflect.TypeFor[millis](), []schema.Part{refined("at", 12, "", "Width(12)")}, `millis: field At: Width(12) cannot hold the times that epoch_ms makes: leave it out`},
		{reflect.TypeFor[millis](), []schema.Part{refined("at", 13, "", "Width(13)")}, ""},
		{reflect.TypeFor[epoch](), append(attrs("of"), refined("at", 10, "", "Width(10)")), ""},

		{reflect.TypeFor[asUnix](), nil, "asUnix: field At: tag `entable:\"auto=now\"`: unixtime stores whole seconds of now: leave it out, or use epoch"},
		{reflect.TypeFor[asNumber](), nil, "asNumber: field At: tag `entable:\"auto=now\"`: int64 cannot hold now: use time.Time or string"},

		{reflect.TypeFor[byNumber](), nil, "byNumber: field Of: schema_test.counted is not stored as a string and cannot be part of a key: let its MarshalDynamoDBAttributeValue make one, or use another type"},
		{reflect.TypeFor[byCode](), nil, ""},
	} {
		d := schema.EntityDecl{Type: test.typ}
		if test.sk != nil {
			d.SKs = sk(test.sk...)
		}
		_, err := newTable(t, decl()).Register(d)
		checkFault(t, err, schema.WrongDeclaration, test.want)
	}

	// Keys without attributes, and shards, tell nothing apart either, and are no mistake.
	_, err := newTable(t, decl()).Register(schema.EntityDecl{Type: reflect.TypeFor[isoTime](),
		PKs: pk(part(schema.LiteralPart, "only")), SKs: sk(part(schema.LiteralPart, "one"))})
	check(t, err)
	sharded := pk(append(attrs("at"), schema.Part{Kind: schema.ShardsPart, Text: "of", Shards: 4})...)
	_, err = newTable(t, decl()).Register(schema.EntityDecl{Type: reflect.TypeFor[isoText](), PKs: sharded})
	checkFault(t, err, schema.WrongDeclaration, `isoText: field At: iso8601 is the same for all writes of one second, and nothing else in key "pk" tells the items apart: `+
		`one would replace the other; use auto=now or auto=ulid, or add an attribute to the key`)

	// An index key tells nothing apart.
	d := decl()
	d.Indexes = []schema.IndexDecl{{Name: "gsi", PK: text("gpk"), SK: text("gsk")}}
	join := func(p schema.Part) []schema.JoinDecl {
		return []schema.JoinDecl{{Index: "gsi", Keys: append(pk(attrs("of")...), sk(p)...)}}
	}
	_, err = newTable(t, d).Register(schema.EntityDecl{Type: reflect.TypeFor[isoTime](), SKs: sk(attrs("id")...), Joins: join(schema.Part{Text: "at"})})
	check(t, err)
	_, err = newTable(t, d).Register(schema.EntityDecl{Type: reflect.TypeFor[isoTime](), SKs: sk(attrs("id")...), Joins: join(refined("at", 0, day, "Layout(x)"))})
	checkFault(t, err, schema.WrongDeclaration, `isoTime: field At: Layout("2006-01-02") cannot hold the times that iso8601 makes: leave it out`)
}

// What is stored as the end of time for "never" has not expired.
func TestExpiryAtTheEndOfTime(t *testing.T) {
	type lease[S any] struct {
		ID   string `dynamodbav:"id"`
		Ends S      `dynamodbav:"ends" entable:"ttl"`
	}
	d := decl()
	d.Gen = d.Gen.WithClock(func() time.Time { return noon })
	hides := func(e *schema.Entity, v any, want bool) {
		t.Helper()
		e.HideExpired = true
		at, ok := e.Expiry(e.Pointer(v))
		if got := e.Hides(v); got != want || !ok || at.After(noon) == want {
			t.Errorf("%+v expires at %s: hidden %t, want %t", v, at, got, want)
		}
	}
	signed := register[lease[int64]](t, newTable(t, d), schema.EntityDecl{Name: "Lease"})
	unsigned := register[lease[uint64]](t, newTable(t, d), schema.EntityDecl{Name: "Lease"})
	times := register[lease[time.Time]](t, newTable(t, d), schema.EntityDecl{Name: "Lease"})
	for ends, want := range map[int64]bool{
		math.MinInt64: true, 1: true, noon.Unix() - 1: true, noon.Unix(): true, noon.Unix() + 1: false, 1 << 62: false, math.MaxInt64 - 1<<35: false, math.MaxInt64: false,
	} {
		hides(signed, &lease[int64]{Ends: ends}, want)
		hides(times, &lease[time.Time]{Ends: time.Unix(ends, 0)}, want) // as it is read from N
		if ends > 0 {
			hides(unsigned, &lease[uint64]{Ends: uint64(ends)}, want)
		}
	}
	hides(unsigned, &lease[uint64]{Ends: math.MaxUint64}, false)
}
