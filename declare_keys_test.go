package entable_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
)

// Level is an enum: an integer that is stored as text.
type Level int

const (
	Low Level = iota
	High
)

func (l Level) MarshalText() ([]byte, error) {
	switch l {
	case Low:
		return []byte("low"), nil
	case High:
		return []byte("high"), nil
	}
	return nil, fmt.Errorf("invalid level %d", int(l))
}

func (l *Level) UnmarshalText(text []byte) error {
	switch string(text) {
	case "low":
		*l = Low
	case "high":
		*l = High
	default:
		return fmt.Errorf("invalid level %q", text)
	}
	return nil
}

type Kind string

type keyed[T any] struct {
	Key  T      `dynamodbav:"id"`
	Note string `dynamodbav:"note"`
}

// keyOf is the partition key that a value of one field renders to. The request of a query shows it.
func keyOf[T any](t *testing.T, v T, opts ...any) (string, error) {
	t.Helper()
	table := entable.NewTable("keys")
	check(t, register[keyed[T]](table, entable.Name("Keyed"), entable.PK(append([]any{"id", entable.Prefix("K")}, opts...)...)))
	in, err := table.Query(keyed[T]{Key: v}).Input(t.Context())
	if err != nil {
		return "", err
	}
	return in.ExpressionAttributeValues[":pk"].(*types.AttributeValueMemberS).Value, nil
}

func TestKeysOfEveryFieldType(t *testing.T) {
	at := time.Date(2024, 2, 29, 12, 30, 0, 5, time.FixedZone("CET", 3600))
	for _, test := range []struct {
		name string
		key  func(*testing.T) (string, error)
		want string
	}{
		{"string", func(t *testing.T) (string, error) { return keyOf(t, "a b") }, "K#a%20b"},
		{"named string", func(t *testing.T) (string, error) { return keyOf(t, Kind("x")) }, "K#x"},
		{"escapes", func(t *testing.T) (string, error) { return keyOf(t, "a#b%c") }, "K#a%23b%25c"},
		{"uuid", func(t *testing.T) (string, error) { return keyOf(t, uuid.MustParse(deviceID)) }, "K#" + deviceID},
		{"enum", func(t *testing.T) (string, error) { return keyOf(t, High) }, "K#high"},
		{"zero enum", func(t *testing.T) (string, error) { return keyOf(t, Low) }, "K#low"},
		{"int", func(t *testing.T) (string, error) { return keyOf(t, 42) }, "K#0000000000000000042"},
		{"zero int", func(t *testing.T) (string, error) { return keyOf(t, 0) }, "K#0000000000000000000"},
		{"negative int", func(t *testing.T) (string, error) { return keyOf(t, int8(-1)) }, "K#-9999999999999999999"},
		{"least int", func(t *testing.T) (string, error) { return keyOf(t, int64(math.MinInt64)) }, "K#-0776627963145224192"},
		{"uint", func(t *testing.T) (string, error) { return keyOf(t, uint64(math.MaxUint64)) }, "K#18446744073709551615"},
		{"float", func(t *testing.T) (string, error) { return keyOf(t, 1234.5) }, "K#503e1.2345000000000000"},
		{"bool", func(t *testing.T) (string, error) { return keyOf(t, true) }, "K#true"},
		{"false", func(t *testing.T) (string, error) { return keyOf(t, false) }, "K#false"},
		{"bytes", func(t *testing.T) (string, error) { return keyOf(t, []byte{0, 0xff}) }, "K#00ff"},
		{"byte array", func(t *testing.T) (string, error) { return keyOf(t, [2]byte{1, 2}) }, "K#0102"},
		{"time", func(t *testing.T) (string, error) { return keyOf(t, at) }, "K#2024-02-29T11:30:00.000000005Z"},
		{"duration", func(t *testing.T) (string, error) { return keyOf(t, time.Second) }, "K#0000000001000000000"},
		{"width", func(t *testing.T) (string, error) {
			table := entable.NewTable("keys")
			check(t, register[keyed[int]](table, entable.Name("Keyed"), entable.PK(entable.Attr("id").Width(4), entable.Prefix("Y"))))
			in, err := table.Query(keyed[int]{Key: 24}).Input(t.Context())
			return dynamoJSON(in.ExpressionAttributeValues), err
		}, `{":pk":{"S":"Y#0024"}}`},
		{"separator", func(t *testing.T) (string, error) { return keyOf(t, "a#b|c", entable.Separator("|")) }, "K|a#b%7Cc"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.key(t)
			check(t, err)
			if got != test.want {
				t.Errorf("key %q, want %q", got, test.want)
			}
		})
	}
}

// A unixtime attribute stores whole seconds; its key must not tell instants apart that are stored alike.
func TestKeyOfUnixTimeIsThatOfTheStoredSecond(t *testing.T) {
	type Tick struct {
		At time.Time `dynamodbav:"at,unixtime"`
	}
	e := entable.Register[Tick](entable.NewTable("keys"), entable.PK("at"))
	in, err := e.Query(Tick{At: time.Unix(1700000000, 999)}).Input(t.Context())
	check(t, err)
	if got := dynamoJSON(in.ExpressionAttributeValues); got != `{":pk":{"S":"TA#2023-11-14T22:13:20.000000000Z"},":sk":{"S":"A"}}` {
		t.Errorf("key %s", got)
	}
}

func TestUnusableKeyValuesAreRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		key  func(*testing.T) (string, error)
		want string
	}{
		{"empty text", func(t *testing.T) (string, error) { return keyOf(t, "") }, `attribute "id": text is empty`},
		{"invalid UTF-8", func(t *testing.T) (string, error) { return keyOf(t, "a\xff") }, `attribute "id": text "a\xff" is not valid UTF-8`},
		{"zero uuid", func(t *testing.T) (string, error) { return keyOf(t, uuid.Nil) }, `attribute "id": the field is not set (uuid.UUID)`},
		{"zero time", func(t *testing.T) (string, error) { return keyOf(t, time.Time{}) }, `attribute "id": the field is not set (time.Time)`},
		{"year 10000", func(t *testing.T) (string, error) { return keyOf(t, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)) },
			`attribute "id": time 10000-01-01T00:00:00Z has a year outside 0000 to 9999`},
		{"no bytes", func(t *testing.T) (string, error) { return keyOf(t, []byte{}) }, `attribute "id": bytes are empty`},
		{"NaN", func(t *testing.T) (string, error) { return keyOf(t, math.NaN()) }, `attribute "id": float NaN is not finite`},
		{"bad enum", func(t *testing.T) (string, error) { return keyOf(t, Level(7)) }, `cannot marshal entable_test.Level: invalid level 7`},
		{"too long", func(t *testing.T) (string, error) { return keyOf(t, strings.Repeat("x", 2047)) },
			`2049 bytes are above the service's limit of 2048`},
		{"too long when escaped", func(t *testing.T) (string, error) { return keyOf(t, strings.Repeat("#", 683)) },
			`2051 bytes are above the service's limit of 2048`},
		{"too many digits", func(t *testing.T) (string, error) {
			table := entable.NewTable("keys")
			check(t, register[keyed[int]](table, entable.Name("Keyed"), entable.PK(entable.Attr("id").Width(4))))
			_, err := table.Query(keyed[int]{Key: 12345}).Input(t.Context())
			return "", err
		}, `attribute "id": 12345 does not fit in 4 digits`},
		{"finer than the layout", func(t *testing.T) (string, error) {
			table := entable.NewTable("keys")
			check(t, register[keyed[time.Time]](table, entable.Name("Keyed"), entable.PK(entable.Attr("id").Layout("2006-01-02"))))
			_, err := table.Query(keyed[time.Time]{Key: time.Date(2024, 1, 2, 3, 0, 0, 0, time.UTC)}).Input(t.Context())
			return "", err
		}, `attribute "id": time 2024-01-02T03:00:00Z does not fit layout "2006-01-02", which would drop a part of it; truncate the time in UTC, or use a longer layout`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.key(t)
			keyErr, ok := errors.AsType[*entable.KeyError](err)
			if !ok {
				t.Fatalf("key %q and error %v, want a *KeyError", got, err)
			}
			if want := "entable: Keyed: cannot build key pk: " + test.want; keyErr.Error() != want {
				t.Errorf("error\n%s, want\n%s", keyErr, want)
			}
		})
	}
}

// The longest keys that the service takes go through, one byte more does not.
func TestLongestKeys(t *testing.T) {
	type Long struct {
		P string `dynamodbav:"p"`
		S string `dynamodbav:"s"`
	}
	eachSetup(t, func(t *testing.T, s *setup) {
		longs := entable.Register[Long](s.NewTable(), entable.PK("p"), entable.SK("s"))
		long := Long{P: strings.Repeat("p", 2048-len("LP#")), S: strings.Repeat("s", 1024-len("LS#"))}
		check(t, longs.Put(t.Context(), &long))
		got, err := longs.Get(t.Context(), long)
		check(t, err)
		if *got != long {
			t.Error("the item is not the one written")
		}
		less := Long{P: long.P, S: strings.Repeat("r", 1024-len("LS#"))}
		for name, q := range map[string]*entable.Query[Long]{
			"Greater":      longs.Query(long).Greater(less),
			"GreaterEqual": longs.Query(long).GreaterEqual(long),
			"LessEqual":    longs.Query(long).LessEqual(long),
			"Between":      longs.Query(long).Between(less, long),
			"Prefix":       longs.Query(long).Prefix(long),
		} {
			if n := len(enginetest.Collect(t, q.All(t.Context()))); n != 1 {
				t.Errorf("%s finds %d items, want 1", name, n)
			}
		}
		if n := len(enginetest.Collect(t, longs.Query(long).Greater(long).All(t.Context()))); n != 0 {
			t.Errorf("Greater finds %d items, want none", n)
		}
		long.S += "s"
		if err := longs.Put(t.Context(), &long); !is[*entable.KeyError](err) {
			t.Errorf("a sort key of 1025 bytes: %v", err)
		}
	})
}

// Values that look like parts of other keys stay apart, and come back as they were.
func TestHostileTextInKeys(t *testing.T) {
	type Pair struct {
		A string `dynamodbav:"a"`
		B string `dynamodbav:"b"`
		C string `dynamodbav:"c"`
	}
	texts := []string{"#", "##", "%", "%23", "%2523", "a#b", "a", "b#c", "c", " ", "!", "\x00", "\x7f", "$", "\"", "\\", "é", "e\u0301", "\U0010ffff", "\u2028", "A", "PA", "</script>"}
	eachSetup(t, func(t *testing.T, s *setup) {
		pairs := entable.Register[Pair](s.NewTable(), entable.PK("a"), entable.SK("b", "c"))
		rnd := trial.Rand(t)
		seen := map[Pair]bool{}
		for range 60 {
			p := Pair{texts[rnd.IntN(len(texts))], texts[rnd.IntN(len(texts))], texts[rnd.IntN(len(texts))]}
			if err := pairs.Create(t.Context(), &p); (err == nil) == seen[p] {
				t.Fatalf("create %q: %v; created before: %t", p, err, seen[p])
			}
			seen[p] = true
		}
		for p := range seen {
			got, err := pairs.Get(t.Context(), p)
			check(t, err)
			if *got != p {
				t.Errorf("read %q, wrote %q", *got, p)
			}
			found := false
			for _, q := range enginetest.Collect(t, pairs.Query(Pair{A: p.A}).Prefix(Pair{B: p.B}).All(t.Context())) {
				if q.A != p.A || q.B != p.B {
					t.Errorf("the part %q of the partition %q gives %q", p.B, p.A, *q)
				}
				found = found || *q == p
			}
			if !found {
				t.Errorf("the part %q of the partition %q does not give %q", p.B, p.A, p)
			}
		}
	})
}

func TestTablesWithNumberAndBinaryKeys(t *testing.T) {
	type Reading struct {
		Sensor int     `dynamodbav:"sensor"`
		At     float64 `dynamodbav:"at"`
		Note   string  `dynamodbav:"note"`
	}
	type Blob struct {
		Hash [2]byte `dynamodbav:"hash"`
		Part []byte  `dynamodbav:"part"`
	}
	eachSetup(t, func(t *testing.T, s *setup) {
		for _, discriminator := range []entable.TableOption{entable.Discriminator("type"), entable.NoDiscriminator()} {
			numbers := s.NewTable(discriminator,
				entable.PartitionKey("p", types.ScalarAttributeTypeN), entable.SortKey("s", types.ScalarAttributeTypeN))
			readings := entable.Register[Reading](numbers, entable.SK("at"))
			for _, r := range []Reading{{-7, -1.5, "a"}, {-7, 0, "b"}, {-7, 2e30, "c"}, {0, 1, "d"}} {
				check(t, readings.Put(t.Context(), &r))
				got, err := readings.Get(t.Context(), r)
				check(t, err)
				if *got != r {
					t.Errorf("read %+v, wrote %+v", *got, r)
				}
			}
			q := func() *entable.Query[Reading] { return readings.Query(Reading{Sensor: -7}) }
			for _, test := range []struct {
				query *entable.Query[Reading]
				want  string
			}{
				{q(), "abc"},
				{q().Reverse(), "cba"},
				{q().Less(Reading{At: 0}), "a"},
				{q().LessEqual(Reading{At: 0}), "ab"},
				{q().Greater(Reading{At: -1.5}), "bc"},
				{q().GreaterEqual(Reading{At: -1.5}), "abc"},
				{q().Between(Reading{At: -2}, Reading{At: 1}), "ab"},
				{q().Equal(Reading{At: 2e30}), "c"},
			} {
				var got strings.Builder
				for _, r := range enginetest.Collect(t, test.query.All(t.Context())) {
					got.WriteString(r.Note)
				}
				if got.String() != test.want {
					t.Errorf("read %q, want %q", got.String(), test.want)
				}
			}
			for _, bad := range []float64{math.NaN(), math.Inf(1), 1e300} {
				r := Reading{1, bad, ""}
				if _, err := readings.Get(t.Context(), r); !is[*entable.KeyError](err) {
					t.Errorf("get %v: %v, want a *KeyError", bad, err)
				}
				if err := readings.Put(t.Context(), &r); !is[*entable.KeyError](err) {
					t.Errorf("put %v: %v, want a *KeyError", bad, err)
				}
			}

			binary := s.NewTable(discriminator,
				entable.PartitionKey("p", types.ScalarAttributeTypeB), entable.SortKey("s", types.ScalarAttributeTypeB))
			blobs := entable.Register[Blob](binary, entable.SK("part"))
			for _, part := range [][]byte{{0}, {0, 1}, {0xff}, {'#'}} {
				check(t, blobs.Put(t.Context(), &Blob{[2]byte{1}, part}))
			}
			var got strings.Builder
			for _, b := range enginetest.Collect(t, blobs.Query(Blob{Hash: [2]byte{1}}).Prefix(Blob{Part: []byte{0}}).All(t.Context())) {
				got.WriteString(fmt.Sprintf("%x ", b.Part))
			}
			if got.String() != "00 0001 " {
				t.Errorf("read parts %s", got.String())
			}
		}
	})
}

// In a table without a sort key a partition holds one item.
func TestTableWithoutSortKey(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable(entable.PartitionKey("id_", types.ScalarAttributeTypeS), entable.NoSortKey())
		e := entable.Register[keyed[string]](table, entable.Name("Keyed"))
		check(t, e.Put(t.Context(), &keyed[string]{"1", "a"}))
		check(t, e.Put(t.Context(), &keyed[string]{"1", "b"}))
		got, err := e.Get(t.Context(), keyed[string]{Key: "1"})
		check(t, err)
		if got.Note != "b" {
			t.Errorf("note %q, want b", got.Note)
		}
		if all := enginetest.Collect(t, e.Query(keyed[string]{Key: "1"}).All(t.Context())); len(all) != 1 {
			t.Errorf("query reads %d items, want 1", len(all))
		}
		item := s.Load(table, map[string]types.AttributeValue{"id_": avS("KI#1")})
		if got := dynamoJSON(item); got != `{"_type":{"S":"Keyed"},"id":{"S":"1"},"id_":{"S":"KI#1"},"note":{"S":"b"}}` {
			t.Errorf("stored %s", got)
		}
	})
}

// Scope holds key fields for many entities.
type Scope struct {
	Tenant string `dynamodbav:"tenant"`
	Region string `dynamodbav:"region"`
}

// Key fields may lie in embedded structs; one that is embedded by pointer may be missing, and is then not set.
func TestKeyFieldsInEmbeddedStructs(t *testing.T) {
	type ByValue struct {
		Scope
		ID string `dynamodbav:"id"`
	}
	type ByPointer struct {
		ID string `dynamodbav:"id"`
		*Scope
	}
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable(entable.GSI("gsi1"))
		values := entable.Register[ByValue](table, entable.SK("region", "id"))
		pointers := entable.Register[ByPointer](table, entable.PK("tenant"), entable.SK("id"), entable.Index("gsi1", entable.PK("region")))
		v := ByValue{Scope{"t", "eu"}, "1"}
		check(t, values.Put(t.Context(), &v))
		got, err := values.Query(v).Prefix(v).First(t.Context())
		check(t, err)
		if *got != v {
			t.Errorf("read %+v, wrote %+v", *got, v)
		}
		p := ByPointer{"1", &Scope{"t", "eu"}}
		check(t, pointers.Put(t.Context(), &p))
		gotP, err := pointers.Get(t.Context(), ByPointer{ID: "1", Scope: &Scope{Tenant: "t"}})
		check(t, err)
		if gotP.ID != "1" || *gotP.Scope != *p.Scope {
			t.Errorf("read %+v, wrote %+v", *gotP.Scope, *p.Scope)
		}
		if all := enginetest.Collect(t, pointers.QueryIndex("gsi1", p).All(t.Context())); len(all) != 1 {
			t.Errorf("the index holds %s", pointees(all))
		}

		s.Spy.Reset()
		_, err = pointers.Get(t.Context(), ByPointer{ID: "1"})
		if want := `entable: ByPointer: cannot build key pk: attribute "tenant": the field is not set (string)`; err == nil || err.Error() != want || !is[*entable.KeyError](err) {
			t.Errorf("error\n%v, want\n%s", err, want)
		}
		if err := pointers.Put(t.Context(), &ByPointer{ID: "1"}); !is[*entable.KeyError](err) || s.Spy.Sent("") != 0 {
			t.Errorf("put without the embedded struct: %v", err)
		}
	})
}
