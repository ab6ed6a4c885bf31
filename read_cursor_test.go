package entable_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/trial"
)

func cursorKey(n byte) []byte { return slices.Repeat([]byte{n}, 16) }

// Cursors under old keys are accepted as long as the table has the key; the newest seals.
func TestRotationOfCursorKeys(t *testing.T) {
	s := onMemory(t)
	created := s.NewTable()
	table := func(opts ...entable.TableOption) *entable.Entity[Task] {
		table := entable.NewTable(created.Name(), opts...)
		table.Use(s.Client)
		return registerTasks(table)
	}
	plain := table()
	first := table(entable.CursorKey(cursorKey(1)))
	both := table(entable.CursorKey(cursorKey(2), cursorKey(1)))
	second := table(entable.CursorKey(cursorKey(2)))
	for n := range 9 {
		check(t, plain.Put(t.Context(), &Task{List: "secret list", N: n}))
	}
	next := func(tasks *entable.Entity[Task], cursor string) (string, error) {
		page, err := tasks.Query(Task{List: "secret list"}).Limit(2).From(cursor).Page(t.Context())
		if err != nil {
			return "", err
		}
		return page.Cursor, nil
	}
	cursors := map[*entable.Entity[Task]]string{}
	for _, tasks := range []*entable.Entity[Task]{plain, first, both, second} {
		cursor, err := next(tasks, "")
		check(t, err)
		again, err := next(tasks, "")
		check(t, err)
		text, err := base64.RawURLEncoding.DecodeString(cursor)
		check(t, err)
		if sealed := tasks != plain; strings.Contains(string(text), "secret") == sealed || (cursor == again) == sealed {
			t.Errorf("sealed %t: the cursors are %q and %q", sealed, text, again)
		}
		cursors[tasks] = cursor
	}
	const unsealed, sealed, damaged = "it is not sealed, and the table has a cursor key", "it is sealed, and the table has no cursor key", "it is damaged, or belongs to another query or version"
	s.Spy.Reset()
	for _, test := range []struct {
		from, to *entable.Entity[Task]
		want     string
	}{
		{plain, plain, ""}, {plain, first, unsealed}, {first, plain, sealed}, {first, first, ""}, {first, both, ""}, {first, second, damaged},
		{both, second, ""}, {both, first, damaged}, {second, both, ""},
	} {
		s.Spy.Reset()
		_, err := next(test.to, cursors[test.from])
		if test.want == "" {
			check(t, err)
		} else if !errors.Is(err, entable.ErrBadCursor) || err.Error() != "entable: invalid cursor of Task: "+test.want+": start from the beginning" || s.Spy.Sent("") != 0 {
			t.Errorf("error %v, %d requests, want %s", err, s.Spy.Sent(""), test.want)
		}
	}
	for _, size := range []int{0, 1, 15, 17, 33} {
		_, err := entable.TryNewTable("cursors", entable.CursorKey(make([]byte, size)))
		checkDeclaration(t, err, fmt.Sprintf(`table "cursors": CursorKey of %d bytes: use 16, 24 or 32`, size))
	}
}

// A version that has the sort key in another form refuses what an older one has given out; one that has a new name for the entity, or
// one more entity, goes on.
func TestCursorsAreBoundToTheFormOfTheSortKey(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		name := s.NewTable(entable.GSI("gsi1")).Name()
		version := func(sort entable.KeySpec, opts ...entable.EntityOption) *entable.Entity[Task] {
			table := entable.NewTable(name, entable.GSI("gsi1"))
			table.Use(s.Client)
			opts = append(opts, entable.PK("list", entable.Prefix("L")), entable.SK("n", entable.Prefix("T")),
				entable.Index("gsi1", entable.PK("list", entable.Prefix("X")), sort))
			return entable.Register[Task](table, opts...)
		}
		was := version(entable.SK("n", "text", entable.Prefix("T")))
		turned, longer := version(entable.SK("text", "n", entable.Prefix("T"))), version(entable.SK("n", "text", entable.Prefix("TASK")))
		renamed := version(entable.SK("n", "text", entable.Prefix("T")), entable.Name("Job"), entable.Was("Task"))
		entable.Register[Order](renamed.Table(), entable.PK("id", entable.PrefixOf(renamed)), entable.SK("year"))
		for n := range 5 {
			check(t, was.Put(t.Context(), &Task{List: "a", N: n, Text: "x"}))
		}
		queries := map[string]func(e *entable.Entity[Task], cursor string) (string, error){
			"entity": func(e *entable.Entity[Task], cursor string) (string, error) {
				page, err := e.QueryIndex("gsi1", Task{List: "a"}).Limit(2).From(cursor).Page(t.Context())
				if err != nil {
					return "", err
				}
				return fmt.Sprint(page.Items[0].N, page.Cursor), nil
			},
			"only": func(e *entable.Entity[Task], cursor string) (string, error) {
				page, err := e.Table().QueryIndex("gsi1", Task{List: "a"}).Only(e).Limit(2).From(cursor).Page(t.Context())
				if err != nil {
					return "", err
				}
				return fmt.Sprint(page.Items[0].(*Task).N, page.Cursor), nil
			},
		}
		for what, next := range queries {
			first, err := next(was, "")
			check(t, err)
			cursor := first[1:]
			s.Spy.Reset()
			for _, e := range []*entable.Entity[Task]{turned, longer} {
				if _, err := next(e, cursor); !errors.Is(err, entable.ErrBadCursor) || s.Spy.Sent("") != 0 {
					t.Errorf("%s: %v, %d requests", what, err, s.Spy.Sent(""))
				}
			}
			second, err := next(was, cursor)
			check(t, err)
			again, err := next(renamed, cursor)
			check(t, err)
			if second != again || second[0] != '2' {
				t.Errorf("%s: with a new name the second page is %q, before %q", what, again, second)
			}
		}
	})
}

// The cursor of the longest keys in the most shards is still one.
func TestLongCursors(t *testing.T) {
	s := onMemory(t)
	type Long struct {
		Part string `dynamodbav:"part"`
		Sort string `dynamodbav:"sort"`
	}
	longs := entable.Register[Long](s.NewTable(entable.CursorKey(cursorKey(1))), entable.PK("part", entable.Shards(64, "sort")), entable.SK("sort"))
	part := strings.Repeat(`\`, 2000)
	for n := range 300 {
		check(t, longs.Put(t.Context(), &Long{part, strings.Repeat(`\`, 1000) + fmt.Sprint(n)}))
	}
	got := walk(t, 100, func(cursor string) *entable.Query[Long] {
		return longs.Query(Long{Part: part}).Limit(100).From(cursor)
	})
	if len(got) != 300 {
		t.Errorf("walked over %d items, want 300", len(got))
	}
}

// The service writes a number in another form than Go; the cursor is of the same partition all the same.
func TestCursorsOfNumberPartitions(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		type Measure struct {
			Value float64 `dynamodbav:"value"`
			N     int     `dynamodbav:"n"`
		}
		measures := entable.Register[Measure](s.NewTable(
			entable.PartitionKey("pk", types.ScalarAttributeTypeN), entable.SortKey("sk", types.ScalarAttributeTypeN)), entable.SK("n"))
		for _, value := range []float64{1e6, 1e19, -1e21, 1.5, 1e-7, -0.25, 12345678901234567890, 1e100, 0} {
			for n := range 5 {
				check(t, measures.Put(t.Context(), &Measure{value, n * 7}))
			}
			got := walk(t, 2, func(cursor string) *entable.Query[Measure] {
				return measures.Query(Measure{Value: value}).Limit(2).From(cursor)
			})
			if len(got) != 5 || got[4].N != 28 || got[4].Value != value {
				t.Errorf("%g: walked over %s", value, pointees(got))
			}
		}
	})
}

// mangle damages a cursor.
func mangle(rnd *rand.Rand, cursors []string) string {
	cursor := pick(rnd, cursors...)
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		panic(err)
	}
	switch rnd.IntN(8) {
	case 0: // characters
		at := rnd.IntN(len(cursor))
		return cursor[:at] + string(rune(rnd.IntN(256))) + cursor[at+1:]
	case 1:
		return cursor[:rnd.IntN(len(cursor))]
	case 2: // a splice of two cursors
		other := pick(rnd, cursors...)
		return cursor[:rnd.IntN(len(cursor))] + other[rnd.IntN(len(other)):]
	case 3:
		other, _ := base64.RawURLEncoding.DecodeString(pick(rnd, cursors...))
		at := rnd.IntN(min(len(raw), len(other)))
		raw = append(raw[:at:at], other[at:]...)
	case 4: // bytes too many or too few
		at, n := rnd.IntN(len(raw)), rnd.IntN(4)
		raw = slices.Concat(raw[:at], raw[min(at+n, len(raw)):])
	case 5:
		raw = slices.Insert(raw, rnd.IntN(len(raw)), byte(rnd.IntN(256)))
	default: // bits
		for range 1 + rnd.IntN(3) {
			raw[rnd.IntN(len(raw))] ^= 1 << rnd.IntN(8)
		}
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// No damaged cursor is accepted: none makes a request, and none panics.
func TestDamagedCursors(t *testing.T) {
	t.Parallel()
	rounds := trial.Size(20_000, 1_000_000)
	for _, opts := range [][]entable.TableOption{nil, {entable.CursorKey(cursorKey(1), cursorKey(2))}} {
		t.Run(fmt.Sprint(len(opts)), func(t *testing.T) {
			t.Parallel()
			rnd := trial.Rand(t)
			s := onMemory(t)
			w := newRailway(s, opts...)
			w.fill(t, rnd, 20)
			// Queries whose cursors are of use to none of the others.
			queries := map[string]func(cursor string) error{
				"stops": func(c string) error {
					_, err := w.stops.Query(Station{Line: "a"}).From(c).Page(t.Context())
					return err
				},
				"stops of b": func(c string) error {
					_, err := w.stops.Query(Station{Line: "b"}).From(c).Page(t.Context())
					return err
				},
				"backward": func(c string) error {
					return drain(w.stops.Query(Station{Line: "a"}).Reverse().From(c).All(t.Context()))
				},
				"trains": func(c string) error {
					_, err := w.trains.Query(Train{Line: "a"}).From(c).First(t.Context())
					return err
				},
				"seats": func(c string) error {
					_, err := w.seats.Query(Seat{Line: "a"}).From(c).Count(t.Context())
					return err
				},
				"index": func(c string) error {
					_, err := w.stops.QueryIndex("gsi1", Station{Tag: "x"}).From(c).Page(t.Context())
					return err
				},
				"mixed": func(c string) error {
					_, err := w.table.Query(Seat{Line: "a"}).From(c).Page(t.Context())
					return err
				},
				"scan": func(c string) error {
					_, err := w.table.Scan().Segments(3).From(c).Page(t.Context())
					return err
				},
			}
			names := []string{"stops", "stops of b", "backward", "trains", "seats", "index", "mixed", "scan"}
			byQuery := map[string][]string{}
			var all []string
			note := func(name, cursor string) {
				if cursor != "" {
					byQuery[name] = append(byQuery[name], cursor)
					all = append(all, cursor)
				}
			}
			for limit := 1; limit < 6; limit++ {
				for name, page := range map[string]func() (*entable.Page[*Station], error){
					"stops": func() (*entable.Page[*Station], error) {
						return w.stops.Query(Station{Line: "a"}).SkipUnknown(nil).Limit(limit).Page(t.Context())
					},
					"stops of b": func() (*entable.Page[*Station], error) {
						return w.stops.Query(Station{Line: "b"}).SkipUnknown(nil).Limit(limit).Page(t.Context())
					},
					"backward": func() (*entable.Page[*Station], error) {
						return w.stops.Query(Station{Line: "a"}).SkipUnknown(nil).Reverse().Limit(limit).Page(t.Context())
					},
					"index": func() (*entable.Page[*Station], error) {
						return w.stops.QueryIndex("gsi1", Station{Tag: "x"}).SkipUnknown(nil).Limit(limit).Page(t.Context())
					},
				} {
					p, err := page()
					check(t, err)
					note(name, p.Cursor)
				}
				seats, err := w.seats.Query(Seat{Line: "a"}).SkipUnknown(nil).Limit(limit).Page(t.Context())
				check(t, err)
				note("seats", seats.Cursor)
				trains, err := w.trains.Query(Train{Line: "a"}).SkipUnknown(nil).Limit(limit).Page(t.Context())
				check(t, err)
				note("trains", trains.Cursor)
				mixed, err := w.table.Query(Seat{Line: "a"}).SkipUnknown(nil).Limit(limit).Page(t.Context())
				check(t, err)
				note("mixed", mixed.Cursor)
				scan, err := w.table.Scan().SkipUnknown(nil).Segments(3).Limit(limit).Page(t.Context())
				check(t, err)
				note("scan", scan.Cursor)
			}
			s.Spy.Reset()
			for range rounds {
				name, cursor := pick(rnd, names...), ""
				if rnd.IntN(10) == 0 { // whole, but another query's
					if cursor = pick(rnd, all...); slices.Contains(byQuery[name], cursor) {
						continue
					}
				} else if cursor = mangle(rnd, all); cursor == "" || slices.Contains(byQuery[name], cursor) {
					continue
				}
				if err := queries[name](cursor); !errors.Is(err, entable.ErrBadCursor) || !entable.IsError(err) {
					t.Fatalf("%s: the cursor %q gives %v", name, cursor, err)
				}
			}
			if n := s.Spy.Sent(""); n != 0 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
}

// A cursor that stands where a range no longer lies is refused by the library, not by the service.
func TestCursorsAreBoundToTheRange(t *testing.T) {
	s := onMemory(t)
	tasks := registerTasks(s.NewTable())
	for n := range 9 {
		check(t, tasks.Put(t.Context(), &Task{List: "a", N: n}))
	}
	page, err := tasks.Query(Task{List: "a"}).Less(Task{N: 7}).Limit(5).Page(t.Context())
	check(t, err)
	s.Spy.Reset()
	for name, q := range map[string]*entable.Query[Task]{
		"no range": tasks.Query(Task{List: "a"}), "up to": tasks.Query(Task{List: "a"}).LessEqual(Task{N: 7}),
		"another bound": tasks.Query(Task{List: "a"}).Less(Task{N: 8}), "prefix": tasks.Query(Task{List: "a"}).Prefix(Task{N: 7}),
	} {
		if _, err := q.From(page.Cursor).Page(t.Context()); !errors.Is(err, entable.ErrBadCursor) || s.Spy.Sent("") > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	rest, err := tasks.Query(Task{List: "a"}).Less(Task{N: 7}).Select("n").PageSize(1).From(page.Cursor).Page(t.Context())
	check(t, err)
	if len(rest.Items) != 1 || rest.Items[0].N != 5 {
		t.Errorf("behind the cursor there is %s", pointees(rest.Items))
	}
}
