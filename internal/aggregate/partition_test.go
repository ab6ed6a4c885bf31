package aggregate_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/memory"
)

// lines is a basket of n lines, of which each has a blob.
func lines(id string, n, blob int) *Basket {
	b := &Basket{Cart: &Cart{ID: id, Owner: "ann"}}
	for i := range n {
		b.Lines = append(b.Lines, Line{Cart: id, ID: fmt.Sprintf("%06d", i), Product: "pen", Qty: i, Blob: make([]byte, blob)})
	}
	return b
}

// foreign puts an item of a type that is not registered into a partition.
func (s *shop) foreign(id, name string) {
	s.put(map[string]types.AttributeValue{"pk": str("CI#" + id), "sk": str("X#" + name), "_type": str("Other"), "of": str(id)})
}

func TestPutWritesAllItems(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *shop) {
		b := lines("1", 230, 10)
		b.Cart.Code = "c"
		b.Notes = append(b.Notes, &Note{Cart: "1", Text: "t"}, nil)
		check(t, s.baskets.Put(t.Context(), b))
		if b.Cart.Version != 1 || b.Cart.State != "open" || b.Notes[0].At.IsZero() {
			t.Errorf("the values of the write are %+v %+v", b.Cart, b.Notes[0])
		}
		_, now := s.load("1")
		if len(now.Lines) != 230 || now.Lines[229].Qty != 229 || now.Cart.Code != "c" || len(now.Notes) != 1 {
			t.Errorf("stored %d lines of %+v", len(now.Lines), now.Cart)
		}
		now.Lines[1].ID = now.Lines[0].ID
		s.sent()
		if err := s.baskets.Put(t.Context(), now); err == nil || !strings.Contains(err.Error(), "twice") || s.sent() != "" {
			t.Errorf("error %v", err)
		}
	})
}

// A failure of Put names each item that is not written.
func TestPutSaysWhatIsNotWritten(t *testing.T) {
	s := onMemory(t)
	b := lines("1", 300, 10)
	b.Notes = append(b.Notes, &Note{Cart: "1", At: day, Text: ""}) // the last of all
	b.Lines[150].Product = ""                                      // no index key can be made of it
	err := s.baskets.Put(t.Context(), b)
	failed, ok := errors.AsType[*entable.BatchError](err)
	if !ok || failed.Total != 302 {
		t.Fatalf("error %v", err)
	}
	left := map[string]bool{}
	for i, f := range failed.Failures {
		if i > 0 && f.Index != failed.Failures[i-1].Index+1 {
			t.Errorf("index %d behind %d", f.Index, failed.Failures[i-1].Index)
		}
		if f.Index == 151 == errors.Is(f.Err, entable.ErrNotSent) {
			t.Errorf("%d: %v", f.Index, f.Err)
		}
		left[fmt.Sprint(f.Index)] = true
	}
	if stored := len(s.stored()); stored+len(left) != 302 || !left["301"] || stored != 100 {
		t.Errorf("%d stored, %d left", stored, len(left))
	}
	b.Lines[150].Product, b.Notes[0].Text = "ink", "t"
	check(t, s.baskets.Put(t.Context(), b))
	if n := len(s.stored()); n != 302 {
		t.Errorf("%d are stored", n)
	}
}

func TestDeleteOfAPartition(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *shop) {
		for _, id := range []string{"1", "2"} {
			b := lines(id, 120, 10)
			b.Cart.Code = "code" + id
			b.Notes = append(b.Notes, &Note{Cart: id, Text: "t"})
			check(t, s.baskets.Put(t.Context(), b))
		}
		s.put(map[string]types.AttributeValue{"pk": str("CI#1"), "sk": str("LL#bad"), "_type": str("Line"), "cart": str("1"), "line": str("bad"), "qty": str("no number")})
		s.foreign("1", "x")
		err := s.baskets.Delete(t.Context(), Cart{ID: "1"})
		if u, ok := errors.AsType[*entable.UnknownEntityError](err); !ok || u.Type != "Other" {
			t.Errorf("error %v", err)
		}
		var seen []entable.PartitionProgress
		check(t, s.baskets.Delete(t.Context(), &Line{Cart: "1"}, entable.SkipUnknown(), entable.Concurrency(1),
			entable.Progress(func(p entable.PartitionProgress) { seen = append(seen, p) })))
		if len(seen) != 1 || seen[0].Skipped != 1 || seen[0].Pages != 1 {
			t.Errorf("progress %+v", seen)
		}
		now := s.stored()
		if len(now) != 124 || now["CI#1 X#x"] == nil { // the other cart with its sentinel, and the foreign item
			t.Errorf("%d items are left", len(now))
		}
		check(t, s.baskets.Delete(t.Context(), Cart{ID: "1"}, entable.RawUnknown()))
		if now := s.stored(); len(now) != 123 {
			t.Errorf("%d items are left", len(now))
		}
		check(t, s.carts.Put(t.Context(), &Cart{ID: "3", Code: "code1"})) // it is free again
		check(t, s.baskets.Delete(t.Context(), Cart{ID: "none"}))
	})
}

func TestCopyOfAPartition(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *shop) {
		b := lines("1", 120, 10)
		b.Lines[0].Tags = []string{"x"}
		b.Notes = append(b.Notes, &Note{Cart: "1", Text: "t", Extra: map[string]any{"more": []string{"kept"}}})
		check(t, s.baskets.Put(t.Context(), b))
		check(t, s.carts.Patch(b.Cart).Set("state", "paid").Do(t.Context()))
		s.put(map[string]types.AttributeValue{"pk": str("CI#1"), "sk": str("LL#z"), "_type": str("Line"), "cart": str("1"), "line": str("z"), "product": str("ink"),
			"qty": &types.AttributeValueMemberN{Value: "7"}, "gsi1pk": str("LP#stale"), "gsi1sk": str("LC#1"), "unknown": str("kept"), "tags": &types.AttributeValueMemberNULL{Value: true}})
		var seen entable.PartitionProgress
		check(t, s.baskets.Copy(t.Context(), Cart{ID: "1"}, &Line{Cart: "2"}, entable.Progress(func(p entable.PartitionProgress) { seen = p })))
		if seen.Items != 123 {
			t.Errorf("progress %+v", seen)
		}
		now := s.stored()
		if len(now) != 246 {
			t.Fatalf("%d items are stored", len(now))
		}
		z := now["CI#2 LL#z"]
		if _, null := z["tags"].(*types.AttributeValueMemberNULL); text(z["unknown"]) != "kept" || text(z["cart"]) != "2" || text(z["gsi1pk"]) != "LP#ink" ||
			text(z["gsi1sk"]) != "LC#2#0000000000000000007" || !null || text(z["qty"]) != "7" {
			t.Errorf("copied %v", texts(t, map[string]map[string]types.AttributeValue{"z": z}))
		}
		_, two := s.load("2")
		if two.Cart.Version != 2 || !two.Cart.Changed.Equal(b.Cart.Changed) || two.Cart.State != "paid" || two.Lines[0].Tags[0] != "x" || len(two.Notes[0].Extra) != 1 || !two.Notes[0].At.Equal(b.Notes[0].At) {
			t.Errorf("copied %+v %+v", two.Cart, two.Notes[0])
		}
		for f, err := range s.table.Audit(t.Context(), entable.AuditOptions{}) {
			if !strings.Contains(f.Key, "CI#1") || err != nil {
				t.Errorf("%v %v", f, err)
			}
		}
		check(t, s.baskets.Copy(t.Context(), Cart{ID: "1"}, Cart{ID: "2"})) // all is there
		check(t, s.lines.Update(Line{Cart: "2", ID: "000005"}).Set("blob", []byte("other")).Do(t.Context()))
		err := s.baskets.Copy(t.Context(), Cart{ID: "1"}, Cart{ID: "2"})
		if !errors.Is(err, entable.ErrExists) || !strings.Contains(err.Error(), "LL#000005") {
			t.Errorf("error %v", err)
		}
		if got := s.stored()["CI#2 LL#000005"]["blob"].(*types.AttributeValueMemberB).Value; string(got) != "other" {
			t.Errorf("another item is overwritten: %q", got)
		}
	})
}

func TestCopyRefuses(t *testing.T) {
	s := onMemory(t)
	b := basket("1")
	check(t, s.baskets.Put(t.Context(), b))
	b.Cart.Code = ""
	s.foreign("3", "x")
	s.put(map[string]types.AttributeValue{"pk": str("CI#4"), "sk": str("LL#a"), "_type": str("Line"), "cart": str("5"), "line": str("a"), "product": str("p"), "qty": &types.AttributeValueMemberN{Value: "7"}})
	for _, c := range []struct {
		from, to any
		opts     []entable.PartitionOption
		want     string
	}{
		{Cart{ID: "1"}, Cart{ID: "2"}, nil, `entable: Cart[pk="CI#1" sk="A"] cannot be copied to another partition: attribute "code" is unique, and can be of one item only`},
		{Cart{ID: "1"}, Line{Cart: "1"}, nil, "entable: collection Basket: Copy of a partition to itself"},
		{Cart{ID: "1"}, Cart{}, nil, `entable: Cart: cannot build key pk: attribute "id": text is empty`},
		{Cart{ID: "3"}, Cart{ID: "2"}, []entable.PartitionOption{entable.RawUnknown()}, "entable: collection Basket: Copy: items of unknown types cannot be copied, as their keys are not known: register them, or use SkipUnknown"},
		{Cart{ID: "3"}, Cart{ID: "2"}, nil, `entable: table "` + s.table.Name() + `": item [pk="CI#3" sk="X#x"] is of type "Other", which is not registered`},
		{Cart{ID: "4"}, Cart{ID: "2"}, nil, `entable: Line[pk="CI#4" sk="LL#a"] cannot be copied to another partition: its fields do not make its key, see Table.Audit`},
		{Cart{ID: "3"}, Cart{ID: "2"}, []entable.PartitionOption{nil}, "entable: option 0 is nil: leave it out"},
	} {
		if err := s.baskets.Copy(t.Context(), c.from, c.to, c.opts...); err == nil || err.Error() != c.want || !entable.IsError(err) {
			t.Errorf("error\n%v, want\n%s", err, c.want)
		}
	}
	check(t, s.baskets.Copy(t.Context(), Cart{ID: "3"}, Cart{ID: "2"}, entable.SkipUnknown()))
}

// What ends an operation on a partition is finished by the same call.
func TestPartitionsGoOnAfterAFailure(t *testing.T) {
	t.Parallel()
	const n = 110 // two pages
	for name, fault := range map[string]memory.Fault{"refused": memory.Error("LimitExceededException", "no"), "not sent": memory.DropBefore(), "lost": memory.DropAfter(),
		"throttled": memory.Throttle(), "unprocessed": memory.Unprocessed(3)} {
		t.Run(name, func(t *testing.T) {
			s := onMemory(t)
			check(t, s.baskets.Put(t.Context(), lines("1", n, 10_000)))
			again := func(op string, do func() error) {
				remove := s.DB.Inject(fault.On("PutItem", "BatchWriteItem", "Query").After(5).Times(7))
				defer remove()
				tries := 1
				for ; do() != nil; tries++ {
					if tries == 50 {
						t.Fatalf("%s does not end: %v", op, do())
					}
				}
				if tries == 1 && name == "refused" {
					t.Errorf("%s: no failure", op)
				}
			}
			again("Copy", func() error { return s.baskets.Copy(t.Context(), Cart{ID: "1"}, Cart{ID: "2"}) })
			if all := len(s.stored()); all != 2*(n+1) {
				t.Errorf("%d items behind Copy", all)
			}
			again("Delete", func() error { return s.baskets.Delete(t.Context(), Cart{ID: "1"}) })
			now := s.stored()
			for key := range now {
				if !strings.HasPrefix(key, "CI#2") {
					t.Errorf("left %s", key)
				}
			}
			if len(now) != n+1 {
				t.Errorf("%d items behind Delete", len(now))
			}
		})
	}
}

func TestPartitionsHonourTheContext(t *testing.T) {
	s := onMemory(t)
	check(t, s.baskets.Put(t.Context(), lines("1", 200, 30_000)))
	ctx, cancel := context.WithCancel(t.Context())
	pages := 0
	stop := entable.Progress(func(entable.PartitionProgress) {
		if pages++; pages == 2 {
			cancel()
		}
	})
	if err := s.baskets.Copy(ctx, Cart{ID: "1"}, Cart{ID: "2"}, stop); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	copied := len(s.stored()) - 201
	if copied == 0 || copied > 100 {
		t.Errorf("%d are copied", copied)
	}
	if err := s.baskets.Delete(ctx, Cart{ID: "1"}); !errors.Is(err, context.Canceled) || len(s.stored()) != 201+copied {
		t.Errorf("error %v", err)
	}
	if err := s.baskets.Put(ctx, lines("3", 3, 2)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// Event and Head are in partitions that are spread over shards, by their hour; Place has its partition inside a struct.
type (
	Event struct {
		Device string    `dynamodbav:"device"`
		Hour   int       `dynamodbav:"hour"`
		At     time.Time `dynamodbav:"at"`
		Text   string    `dynamodbav:"text"`
	}
	Place struct {
		Where struct {
			City string `dynamodbav:"city"`
			Zip  int    `dynamodbav:"zip,omitempty"`
		} `dynamodbav:"where"`
		No int `dynamodbav:"no"`
	}
)

func TestPartitionsWithShardsAndPaths(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *shop) {
		table := entable.NewTable(s.table.Name())
		table.Use(s.SDK)
		events := entable.Register[Event](table, entable.PK("device", entable.Shards(5, "hour")), entable.SK("at"))
		places := entable.Register[Place](table, entable.PK(entable.Template("PLACE#{where.city}")), entable.SK(entable.Template("{no:04}#{where.city}")))
		type Day struct{ Events []*Event }
		type City struct{ Places []Place }
		days, cities := entable.NewCollection[Day](events), entable.NewCollection[City](places)

		d := &Day{}
		for i := range 60 {
			d.Events = append(d.Events, &Event{"d", i / 3, day.Add(time.Duration(i) * time.Second), "x"})
		}
		check(t, days.Save(t.Context(), nil, d))
		check(t, days.Copy(t.Context(), Event{Device: "d"}, Event{Device: "e"}))
		got, err := days.Get(t.Context(), Event{Device: "e"})
		check(t, err)
		for i, e := range got.Events {
			if *e != (Event{"e", i / 3, d.Events[i].At, "x"}) {
				t.Errorf("copied %+v", e)
			}
		}
		before := days.Clone(got)
		for _, e := range got.Events {
			e.Text = "y"
		}
		check(t, days.Save(t.Context(), before, got))
		check(t, days.Delete(t.Context(), Event{Device: "d"}))
		if n := len(s.stored()); n != 60 || len(got.Events) != 60 {
			t.Errorf("%d are stored, %d copied", n, len(got.Events))
		}

		s.put(map[string]types.AttributeValue{"pk": str("PLACE#rome"), "sk": str("0007#rome"), "_type": str("Place"), "no": &types.AttributeValueMemberN{Value: "7"},
			"where": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"city": str("rome"), "hidden": str("kept")}}})
		from, to := Place{}, Place{}
		from.Where.City, to.Where.City = "rome", "oslo"
		check(t, cities.Copy(t.Context(), from, to))
		is := s.stored()["PLACE#oslo 0007#oslo"]
		if m, ok := is["where"].(*types.AttributeValueMemberM); !ok || text(m.Value["city"]) != "oslo" || text(m.Value["hidden"]) != "kept" || len(m.Value) != 2 {
			t.Errorf("copied %v", is)
		}
	})
}

// sampler is an HTTP client that keeps nothing of a request.
type sampler struct {
	next dynamodb.HTTPClient
	mu   sync.Mutex
	each func() // with the mutex
}

func (s *sampler) Do(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	if s.each != nil {
		s.each()
	}
	s.mu.Unlock()
	return s.next.Do(r)
}

// A partition of any size takes no more memory than a page. The database is in the process and grows, or shrinks, with what is
// written: what is above the line from its state before to that behind is the operation's.
func TestPartitionsTakeConstantMemory(t *testing.T) {
	items, blob := 2_000, 15_000
	if trial.Soak() {
		items, blob = 50_000, 1_000
	}
	const limit = 12 << 20 // a third of the items
	s := onMemory(t)
	live := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	line := &sampler{next: s.SDK.Options().HTTPClient}
	s.table.Use(s.Through(line, enginetest.Once))
	measure := func(what string, requests int, do func() error) {
		var samples []float64
		n := 0
		line.each = func() {
			if n++; n%(requests/8) == 0 {
				samples = append(samples, live())
			}
		}
		start := live()
		check(t, do())
		line.each = nil
		end, over := live(), 0.0
		for i, now := range samples {
			at := float64((i+1)*(requests/8)) / float64(n)
			over = max(over, now-start-at*(end-start))
		}
		t.Logf("%s: %d requests, from %.1f MB to %.1f MB, at most %.1f MB above the line", what, n, start/1e6, end/1e6, over/1e6)
		if over > limit || len(samples) < 5 {
			t.Errorf("%s: %.1f MB above the line, in %d samples", what, over/1e6, len(samples))
		}
	}
	b := lines("1", items, 0)
	shared := make([]byte, blob)
	for i := range b.Lines {
		b.Lines[i].Blob = shared
	}
	measure("Put", items/25, func() error { return s.baskets.Put(t.Context(), b) })
	measure("Copy", items, func() error { return s.baskets.Copy(t.Context(), Cart{ID: "1"}, Cart{ID: "2"}) })
	measure("Delete", items/25, func() error { return s.baskets.Delete(t.Context(), Cart{ID: "1"}) })
	n, err := s.lines.Query(Line{Cart: "2"}).Count(t.Context())
	if check(t, err); n != items {
		t.Errorf("%d are copied", n)
	}
	runtime.KeepAlive(b)
}
