package entable_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"
	"github.com/oklog/ulid/v2"
	"github.com/segmentio/ksuid"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// Generated has a field for each strategy and type that can hold it.
type Generated struct {
	ID      string      `dynamodbav:"id"`
	UUID4   string      `dynamodbav:"uuid4" entable:"auto=uuid4"`
	UUID4ID uuid.UUID   `dynamodbav:"uuid4_id" entable:"auto=uuid4"`
	UUID7   string      `dynamodbav:"uuid7" entable:"auto=uuid7"`
	UUID7ID uuid.UUID   `dynamodbav:"uuid7_id" entable:"auto=uuid7"`
	ULID    string      `dynamodbav:"ulid" entable:"auto=ulid"`
	ULIDID  ulid.ULID   `dynamodbav:"ulid_id" entable:"auto=ulid"`
	KSUID   Kind        `dynamodbav:"ksuid" entable:"auto=ksuid"`
	KSUIDID ksuid.KSUID `dynamodbav:"ksuid_id" entable:"auto=ksuid"`
	Epoch   int64       `dynamodbav:"epoch" entable:"auto=epoch"`
	EpochU  uint        `dynamodbav:"epoch_u" entable:"auto=epoch"`
	EpochMS *int64      `dynamodbav:"epoch_ms" entable:"auto=epoch_ms"`
	Unix    time.Time   `dynamodbav:"unix,unixtime" entable:"auto=epoch"`
	ISO     string      `dynamodbav:"iso" entable:"auto=iso8601"`
	ISOTime time.Time   `dynamodbav:"iso_time" entable:"auto=iso8601"`
	Touched string      `dynamodbav:"touched" entable:"touch=iso8601"`
}

// formats are the stored forms of the generated attributes.
var formats = map[string]string{
	"uuid4":    `S [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`,
	"uuid4_id": `S [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`,
	"uuid7":    `S [0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`,
	"uuid7_id": `S [0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`,
	"ulid":     `S [0-9A-HJKMNP-TV-Z]{26}`,
	"ulid_id":  `S [0-9A-HJKMNP-TV-Z]{26}`,
	"ksuid":    `S [0-9A-Za-z]{27}`,
	"ksuid_id": `S [0-9A-Za-z]{27}`,
	"epoch":    `N \d{10}`,
	"epoch_u":  `N \d{10}`,
	"epoch_ms": `N \d{13}`,
	"unix":     `N \d{10}`,
	"iso":      `S \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`,
	"iso_time": `S \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`,
	"touched":  `S \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`,
}

func scalarText(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return "S " + v.Value
	case *types.AttributeValueMemberN:
		return "N " + v.Value
	}
	return fmt.Sprintf("%T", v)
}

func TestGeneratedValues(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		items := entable.Register[Generated](s.NewTable())
		from := time.Now().Truncate(time.Second)
		v := Generated{ID: "1"}
		check(t, items.Put(t.Context(), &v))
		stored := s.Load(items.Table(), key("GI#1", "A"))
		for name, format := range formats {
			if got := scalarText(stored[name]); !regexp.MustCompile("^" + format + "$").MatchString(got) {
				t.Errorf("%s is stored as %q, want %s", name, got, format)
			}
		}
		for name, at := range map[string]time.Time{
			"epoch": time.Unix(v.Epoch, 0), "epoch_u": time.Unix(int64(v.EpochU), 0), "epoch_ms": time.UnixMilli(*v.EpochMS), "unix": v.Unix, "iso_time": v.ISOTime,
			"ulid": ulid.Time(v.ULIDID.Time()), "uuid7": time.Unix(v.UUID7ID.Time().UnixTime()), "ksuid": v.KSUIDID.Time(),
		} {
			if at.Before(from) || at.After(time.Now().Add(time.Second)) {
				t.Errorf("%s is of %s, not of now", name, at)
			}
		}

		got, err := items.Get(t.Context(), v)
		check(t, err)
		if !got.ISOTime.Equal(v.ISOTime) || !got.Unix.Equal(v.Unix) || *got.EpochMS != *v.EpochMS || got.ULIDID != v.ULIDID || got.KSUIDID != v.KSUIDID {
			t.Errorf("read %+v, want %+v", got, v)
		}

		// Later writes generate nothing anew, but what is touched.
		again := *got
		check(t, items.Put(t.Context(), &again))
		later := s.Load(items.Table(), key("GI#1", "A"))
		for name := range formats {
			if name != "touched" && scalarText(later[name]) != scalarText(stored[name]) {
				t.Errorf("%s changed from %s to %s", name, scalarText(stored[name]), scalarText(later[name]))
			}
		}
	})
}

// Clock and Entropy make values repeatable; all timestamps of one write are one instant.
func TestClockAndEntropy(t *testing.T) {
	s := onMemory(t)
	now := time.Date(2024, 5, 6, 7, 8, 9, 123_456_789, time.FixedZone("CEST", 7200))
	table := s.NewTable(entable.Clock(func() time.Time { now = now.Add(time.Hour); return now }), entable.Entropy(bytes.NewReader(bytes.Repeat([]byte{0xab}, 1000))))
	items := entable.Register[Generated](table)
	v := Generated{ID: "1"}
	check(t, items.Put(t.Context(), &v))
	got := fmt.Sprint(v.UUID4, " ", v.UUID7ID, " ", v.ULID, " ", v.KSUID, " ", v.Epoch, " ", *v.EpochMS, " ", v.ISO, " ", v.ISOTime, " ", v.Unix.UTC(), " ", v.Touched)
	want := "abababab-abab-4bab-abab-abababababab 018f4c84-49a3-7bab-abab-abababababab 01HX688JD35ENTQAXBNENTQAXB 2g57fjnn7Z3NFuip0H4iUwDoaN9 " +
		"1714975689 1714975689123 2024-05-06T06:08:09Z 2024-05-06 06:08:09 +0000 UTC 2024-05-06 06:08:09 +0000 UTC 2024-05-06T06:08:09Z"
	if got != want {
		t.Errorf("generated\n%s, want\n%s", got, want)
	}
	touched := v.Touched
	check(t, items.Put(t.Context(), &v))
	if v.Touched == touched {
		t.Error("a later write does not touch")
	}
	if got := table.Generate(entable.ISO8601); got != "2024-05-06T08:08:09Z" {
		t.Errorf("Table.Generate gives %s", got)
	}

	// A source that fails is an error of the write, not a panic and not a bad id.
	dry := entable.Register[Generated](s.NewTable(entable.Entropy(bytes.NewReader(nil))))
	v = Generated{ID: "2"}
	s.Spy.Reset()
	err := dry.Put(t.Context(), &v)
	if want := `entable: Generated: attribute "uuid4": cannot read entropy: EOF`; err == nil || err.Error() != want || !entable.IsError(err) || s.Spy.Sent("") != 0 {
		t.Errorf("error %v, want %s", err, want)
	}
	if v != (Generated{ID: "2"}) {
		t.Errorf("the caller has %+v", v)
	}
}

// Explicit values win, whatever their precision.
func TestExplicitValuesWin(t *testing.T) {
	s := onMemory(t)
	items := entable.Register[Generated](s.NewTable())
	ms := int64(5)
	want := Generated{ID: "1", UUID4: "mine", ULID: "mine", Epoch: 7, EpochMS: &ms, ISO: "mine", ISOTime: time.Date(2024, 1, 1, 0, 0, 0, 5, time.UTC)}
	v := want
	check(t, items.Put(t.Context(), &v))
	got, err := items.Get(t.Context(), v)
	check(t, err)
	if got.UUID4 != "mine" || got.ULID != "mine" || got.Epoch != 7 || *got.EpochMS != 5 || got.ISO != "mine" || !got.ISOTime.Equal(want.ISOTime) {
		t.Errorf("read %+v", got)
	}
	if v.EpochMS != &ms || ms != 5 {
		t.Error("the caller's pointer is replaced")
	}
}

type Ids struct {
	Part string    `dynamodbav:"part"`
	ULID string    `dynamodbav:"ulid" entable:"auto=ulid"`
	UUID uuid.UUID `dynamodbav:"uuid" entable:"auto=uuid4"`
	K    string    `dynamodbav:"k" entable:"auto=ksuid"`
}

// silent is a client that accepts every write, to write fast.
type silent struct{ *dynamodb.Client }

func (silent) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return &dynamodb.PutItemOutput{}, nil
}

// 10,000 concurrent writes make no id twice, and each goroutine's ULIDs rise.
func TestGeneratedIDsUnderConcurrency(t *testing.T) {
	const goroutines, writes = 50, 200
	table := entable.NewTable("ids")
	table.Use(silent{})
	ids := entable.Register[Ids](table, entable.PK("part"), entable.SK("ulid"))
	all := make([][]Ids, goroutines)
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			for range writes {
				v := Ids{Part: "p"}
				if err := ids.Put(t.Context(), &v); err != nil {
					t.Error(err)
					return
				}
				all[g] = append(all[g], v)
			}
		})
	}
	group.Wait()
	seen := map[string]bool{}
	for _, list := range all {
		if !slices.IsSortedFunc(list, func(a, b Ids) int { return bytes.Compare([]byte(a.ULID), []byte(b.ULID)) }) {
			t.Error("the ULIDs of one goroutine do not rise")
		}
		for _, v := range list {
			seen[v.ULID], seen[v.UUID.String()], seen[v.K] = true, true, true
		}
	}
	if want := 3 * goroutines * writes; len(seen) != want {
		t.Errorf("%d different ids, want %d", len(seen), want)
	}
}

// ULIDs rise when the clock stands still or goes back.
func TestULIDsRiseWithoutTheClock(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	table := entable.NewTable("ids", entable.Clock(func() time.Time { return now }))
	last := ""
	for i := range 1000 {
		if i%100 == 50 {
			now = now.Add(-time.Second)
		}
		id := table.Generate(entable.ULID)
		if id <= last || len(id) != 26 {
			t.Fatalf("id %d is %s behind %s", i, id, last)
		}
		last = id
	}
	if at, err := ulid.ParseStrict(last); err != nil || at.Time() != 1_700_000_000_000 {
		t.Errorf("the last id is of %d, %v", at.Time(), err)
	}
}

func TestGenerate(t *testing.T) {
	for strategy, format := range map[entable.Strategy]string{
		entable.UUID4: formats["uuid4"], entable.UUID7: formats["uuid7"], entable.ULID: formats["ulid"], entable.KSUID: formats["ksuid"],
		entable.Epoch: `S \d{10}`, entable.EpochMS: `S \d{13}`, entable.ISO8601: formats["iso"],
		entable.Now: `S \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z`,
	} {
		if got := entable.Generate(strategy); !regexp.MustCompile("^" + format[2:] + "$").MatchString(got) {
			t.Errorf("%s gives %q", strategy, got)
		}
	}
	defer func() {
		if got := recover(); got != `entable: unknown strategy "uuid"` {
			t.Errorf("an unknown strategy panics with %v", got)
		}
	}()
	entable.Generate("uuid")
}

// Defaulted has a default for each kind of field that can have one.
type Defaulted struct {
	ID     string        `dynamodbav:"id"`
	Text   Kind          `dynamodbav:"text" entable:"default=a b"`
	Int    int8          `dynamodbav:"int" entable:"default=-5"`
	Uint   uint16        `dynamodbav:"uint" entable:"default=65535"`
	Float  float32       `dynamodbav:"float" entable:"default=1.5"`
	Bool   bool          `dynamodbav:"bool" entable:"default=true"`
	Wait   time.Duration `dynamodbav:"wait" entable:"default=1m30s"`
	Level  Level         `dynamodbav:"level" entable:"default=high"`
	Ptr    *string       `dynamodbav:"ptr" entable:"default=x"`
	IntPtr *int          `dynamodbav:"int_ptr" entable:"default=3"`
	UUID   uuid.UUID     `dynamodbav:"uuid" entable:"default=186a3ca1-f1df-4975-a9dd-39f11015b4a1"`
}

func TestDefaults(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		items := entable.Register[Defaulted](s.NewTable())
		var a, b Defaulted
		a.ID, b.ID = "1", "2"
		check(t, items.Put(t.Context(), &a))
		check(t, items.Put(t.Context(), &b))
		want := `{"_type":{"S":"Defaulted"},"bool":{"BOOL":true},"float":{"N":"1.5"},"id":{"S":"1"},"int":{"N":"-5"},"int_ptr":{"N":"3"},` +
			`"level":{"S":"high"},"pk":{"S":"DI#1"},"ptr":{"S":"x"},"sk":{"S":"A"},"text":{"S":"a b"},"uint":{"N":"65535"},` +
			`"uuid":{"S":"186a3ca1-f1df-4975-a9dd-39f11015b4a1"},"wait":{"N":"90000000000"}}`
		if got := dynamoJSON(s.Load(items.Table(), key("DI#1", "A"))); got != want {
			t.Errorf("stored\n%s, want\n%s", got, want)
		}
		if a.Ptr == b.Ptr || a.IntPtr == b.IntPtr {
			t.Error("two items share a default")
		}
		// Explicit values win; a pointer to a zero value is one.
		zero, empty := 0, ""
		c := Defaulted{ID: "3", Text: "mine", Int: 1, Ptr: &empty, IntPtr: &zero}
		check(t, items.Put(t.Context(), &c))
		if c.Text != "mine" || c.Int != 1 || *c.Ptr != "" || *c.IntPtr != 0 || c.Uint != 65535 {
			t.Errorf("the caller has %+v", c)
		}
		// Reads fill nothing in.
		item := key("DI#4", "A")
		item["_type"], item["id"] = avS("Defaulted"), avS("4")
		s.Store(items.Table(), item)
		got, err := items.Get(t.Context(), Defaulted{ID: "4"})
		check(t, err)
		if *got != (Defaulted{ID: "4"}) {
			t.Errorf("read %+v", got)
		}
	})
}

// A key may be built from generated values and from what BeforeSave sets.
func TestKeysFromGeneratedValues(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		ids := entable.Register[Ids](s.NewTable(), entable.PK("uuid"), entable.SK("ulid"))
		var v Ids
		check(t, ids.Create(t.Context(), &v))
		got, err := ids.Get(t.Context(), Ids{UUID: v.UUID, ULID: v.ULID})
		check(t, err)
		if *got != v {
			t.Errorf("read %+v, want %+v", got, v)
		}
		if _, err := ids.Get(t.Context(), Ids{}); errors.Is(err, entable.ErrNotFound) || !is[*entable.KeyError](err) {
			t.Errorf("a read by key generates none: %v", err)
		}
	})
}

type Jotting struct {
	Of   string    `dynamodbav:"of"`
	At   time.Time `dynamodbav:"at" entable:"auto=now"`
	Text string    `dynamodbav:"text"`
}

// Entries that are written at once are items of their own, in the order of their writes; one whose write failed keeps its time.
func TestNowTellsItemsApart(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		ctx := t.Context()
		clock := newClock()
		entries := entable.Register[Jotting](s.NewTable(entable.Clock(clock.Now)), entable.PK("of"), entable.SK("at"))
		var writes []entable.Write
		for i := range 30 {
			writes = append(writes, entries.PutOp(&Jotting{Of: "a", Text: fmt.Sprint(i)}))
		}
		for _, w := range writes[:3] {
			check(t, entable.Transact(ctx, []entable.Write{w}))
		}
		check(t, entable.BatchWrite(ctx, writes[3:], entable.Concurrency(1)))
		list := enginetest.Collect(t, entries.Query(Jotting{Of: "a"}).All(ctx))
		for i, e := range list {
			if e.Text != fmt.Sprint(i) || e.At.Location() != time.UTC || !e.At.Equal(clock.now.Add(time.Duration(i))) {
				t.Errorf("item %d is %+v", i, e)
			}
		}
		if len(list) != 30 {
			t.Fatalf("%d items of 30 writes", len(list))
		}
		late := Jotting{Of: "b"}
		s.Spy.Refuse(400, "ThrottlingException")
		if err := entries.Put(ctx, &late); err == nil {
			t.Error("no error")
		}
		s.Spy.Reset()
		was := late.At
		check(t, entries.Put(ctx, &late))
		if was.IsZero() || !late.At.Equal(was) {
			t.Errorf("the time was %v after a failure, and %v after the retry", was, late.At)
		}
	})
}

type Dated struct {
	ID      string    `dynamodbav:"id"`
	Made    time.Time `dynamodbav:"made" entable:"auto=now"`
	Changed time.Time `dynamodbav:"changed" entable:"touch=now"`
	N       int       `dynamodbav:"n"`
}

// All times of one write are one, those of the next write are above them.
func TestTimesOfOneWrite(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		ctx := t.Context()
		clock := newClock()
		stamped := entable.Register[Dated](s.NewTable(entable.Clock(clock.Now)))
		first, err := stamped.Update(Dated{ID: "1"}).Add("n", 1).Upsert().Updated(ctx)
		check(t, err)
		second, err := stamped.Update(Dated{ID: "1"}).Add("n", 1).Updated(ctx)
		check(t, err)
		third := *second
		check(t, stamped.Put(ctx, &third))
		if !first.Made.Equal(clock.now) || !first.Changed.Equal(first.Made) {
			t.Errorf("the first write has %+v, want twice %v", first, clock.now)
		}
		if !second.Made.Equal(first.Made) || !second.Changed.After(first.Changed) || !third.Made.Equal(first.Made) || !third.Changed.After(second.Changed) {
			t.Errorf("the times are %+v, then %+v, then %+v", first, second, third)
		}
	})
}
