package aggregate_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/memory"
)

func basket(id string) *Basket {
	return &Basket{
		Cart:  &Cart{ID: id, Owner: "ann", Code: "code of " + id},
		Lines: []Line{{Cart: id, ID: "a", Product: "pen", Qty: 1, Tags: []string{"x", "y"}}, {Cart: id, ID: "b", Product: "ink", Qty: 2}},
		Notes: []*Note{{Cart: id, Text: "first"}},
	}
}

func TestSaveWritesWhatDiffers(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *shop) {
		s.save(basket("1"))
		before, b := s.load("1")
		if b.Cart.Version != 1 || b.Cart.State != "open" || len(b.Lines) != 2 || len(b.Notes) != 1 || b.Notes[0].At.IsZero() {
			t.Fatalf("created %+v %+v %+v", b.Cart, b.Lines, b.Notes)
		}
		s.sent()
		check(t, s.baskets.Save(t.Context(), before, b))
		if got := s.sent(); got != "" {
			t.Errorf("for no difference %s is sent", got)
		}

		b.Cart.Code, b.Cart.State = "new", "paid"
		b.Lines[0].Qty, b.Lines[0].Tags[0] = 5, "z"
		b.Lines = append(b.Lines[:1], Line{Cart: "1", Product: "cap"})
		b.Notes[0].Extra = map[string]any{"by": "bob"}
		b.Notes = append(b.Notes, &Note{Cart: "1", Text: "second"}, nil)
		changed := b.Cart.Changed
		check(t, s.baskets.Save(t.Context(), before, b))
		if got := s.sent(); !strings.HasSuffix(got, "TransactWriteItems") || strings.Count(got, "TransactWriteItems") != 1 {
			t.Errorf("%s is sent", got)
		}
		if b.Cart.Version != 2 || !b.Cart.Changed.After(changed) || b.Lines[1].ID == "" || b.Notes[1].At.IsZero() {
			t.Errorf("the values of the write are %+v %+v %+v", b.Cart, b.Lines, b.Notes[1])
		}
		if got := b.Cart.hooks; fmt.Sprint(got) != "[BeforeUpdate AfterUpdate]" {
			t.Errorf("hooks %v", got)
		}
		if before.Cart.Code != "code of 1" || before.Lines[0].Tags[0] != "x" || before.Cart.Version != 1 {
			t.Errorf("before is changed: %+v", before)
		}

		_, now := s.load("1")
		if now.Cart.Code != "new" || now.Cart.Version != 2 || len(now.Lines) != 2 || now.Lines[1].Product != "cap" && now.Lines[0].Product != "cap" {
			t.Errorf("stored %+v %+v", now.Cart, now.Lines)
		}
		if len(now.Notes) != 2 || len(now.Notes[0].Extra) != 1 || now.Notes[1].Text != "second" {
			t.Errorf("stored notes %+v %+v", now.Notes[0], now.Notes[1:])
		}
		for product, want := range map[string]int{"pen": 1, "ink": 0, "cap": 1} {
			found, err := s.lines.QueryIndex("gsi1", Line{Product: product}).Count(t.Context())
			if check(t, err); found != want {
				t.Errorf("%d lines of %s in the index, want %d", found, product, want)
			}
		}
		for finding, err := range s.table.Audit(t.Context(), entable.AuditOptions{}) {
			t.Errorf("%v %v", finding, err)
		}
		check(t, s.carts.Put(t.Context(), &Cart{ID: "2", Code: "code of 1"})) // it is free again
		if err := s.carts.Put(t.Context(), &Cart{ID: "3", Code: "new"}); !errors.Is(err, entable.ErrExists) {
			t.Errorf("a unique value is there twice: %v", err)
		}
	})
}

func TestSaveExchangesUniqueValues(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *shop) {
		s.save(basket("1"))
		before, _ := s.load("1")
		after := s.baskets.Clone(before)
		after.Cart = nil
		check(t, s.baskets.Save(t.Context(), before, after))
		check(t, s.carts.Put(t.Context(), &Cart{ID: "2", Code: "code of 1"}))
		if n := len(s.stored()); n != 5 { // lines, note, cart, sentinel
			t.Errorf("%d items are stored: %v", n, s.stored())
		}
	})
}

// What another writer has changed meanwhile is a conflict that names the item, if it has to do with what is saved.
func TestSaveRefusesWhatOthersChanged(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *shop) {
		for i, c := range []struct {
			name   string
			other  func(b *Basket) error
			change func(b *Basket)
			names  string // the items, "" for no conflict
			is     error
		}{
			{"a version", func(b *Basket) error { return s.carts.Update(*b.Cart).Set("owner", "eve").Fetch().Do(t.Context()) },
				func(b *Basket) { b.Cart.State = "paid"; b.Lines[0].Qty++ }, "Cart", nil},
			{"a changed attribute", func(b *Basket) error {
				return s.lines.Update(b.Lines[0]).Set("qty", 77).Known("product", "pen").Do(t.Context())
			},
				func(b *Basket) { b.Lines[0].Qty = 5; b.Lines[1].Qty = 6 }, "Line", nil},
			{"an attribute of its index key", func(b *Basket) error {
				return s.lines.Update(b.Lines[0]).Set("product", "tie").Known("qty", 1).Do(t.Context())
			},
				func(b *Basket) { b.Lines[0].Qty = 5 }, "Line", nil},
			{"another attribute", func(b *Basket) error { return s.lines.Update(b.Lines[0]).Set("blob", []byte("b")).Do(t.Context()) },
				func(b *Basket) { b.Lines[0].Qty = 5 }, "", nil},
			{"any attribute of one to delete", func(b *Basket) error { return s.lines.Update(b.Lines[0]).Set("blob", []byte("b")).Do(t.Context()) },
				func(b *Basket) { b.Lines = b.Lines[1:] }, "Line", nil},
			{"the version of one to delete", func(b *Basket) error { return s.carts.Update(*b.Cart).Set("owner", "eve").Fetch().Do(t.Context()) },
				func(b *Basket) { b.Cart = nil }, "Cart", nil},
			{"one that is gone", func(b *Basket) error { return s.lines.Delete(t.Context(), b.Lines[0]) },
				func(b *Basket) { b.Lines[0].Qty = 5 }, "Line", entable.ErrNotFound},
			{"one to delete is gone", func(b *Basket) error { return s.lines.Delete(t.Context(), b.Lines[0]) },
				func(b *Basket) { b.Lines = b.Lines[1:] }, "Line", entable.ErrNotFound},
			{"one that is new", func(b *Basket) error { return s.lines.Put(t.Context(), &Line{Cart: b.Cart.ID, ID: "n", Product: "p"}) },
				func(b *Basket) { b.Lines = append(b.Lines, Line{Cart: b.Cart.ID, ID: "n", Product: "p"}) }, "Line", entable.ErrExists},
			{"the rest", func(b *Basket) error {
				return s.notes.Update(*b.Notes[0]).Set(entable.Path("by"), "eve").Do(t.Context())
			},
				func(b *Basket) { b.Notes[0].Extra = map[string]any{"by": "ann"} }, "Note", nil},
			{"a unique value", func(b *Basket) error { return s.carts.Put(t.Context(), &Cart{ID: "taker", Code: "taken"}) },
				func(b *Basket) { b.Cart.Code = "taken"; b.Lines[0].Qty = 9 }, "Cart", entable.ErrExists},
		} {
			id := fmt.Sprint("basket", i)
			s.save(basket(id))
			before, b := s.load(id)
			check(t, c.other(before))
			c.change(b)
			was := s.stored()
			err := s.baskets.Save(t.Context(), before, b)
			if c.names == "" {
				check(t, err)
				_, now := s.load(id)
				if now.Lines[0].Qty != 5 || string(now.Lines[0].Blob) != "b" {
					t.Errorf("%s: stored %+v", c.name, now.Lines[0])
				}
				continue
			}
			failed, ok := errors.AsType[*entable.TransactionError](err)
			if !ok || failed.Unknown || len(failed.Reasons) != 1 || failed.Reasons[0].Entity != c.names || !strings.Contains(failed.Reasons[0].Key, id) {
				t.Errorf("%s: error %v", c.name, err)
				continue
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%s: %v is not %v", c.name, err, c.is)
			}
			if _, ok := errors.AsType[*entable.ConditionFailedError](err); !ok && c.name != "a unique value" {
				t.Errorf("%s: error %v", c.name, err)
			}
			if got := fmt.Sprint(len(s.stored())); got != fmt.Sprint(len(was)) || b.Cart != nil && b.Cart.Version != 1 {
				t.Errorf("%s: %s items are stored, %d were; version %v", c.name, got, len(was), b.Cart)
			}
			if now := s.stored(); fmt.Sprint(texts(t, now)) != fmt.Sprint(texts(t, was)) {
				t.Errorf("%s: a part is written", c.name)
			}
			if again := isMadeAgain(t, err); again == (c.name == "a unique value") {
				t.Errorf("%s: RetryOnConflict makes it again: %t", c.name, again)
			}
		}
	})
}

// isMadeAgain reports whether RetryOnConflict calls again what has returned err.
func isMadeAgain(t *testing.T, err error) (again bool) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	entable.RetryOnConflict(ctx, func() error {
		if calls++; calls > 1 {
			again = true
			cancel()
		}
		return err
	})
	return again
}

func texts(t *testing.T, items map[string]map[string]types.AttributeValue) map[string]string {
	out := map[string]string{}
	for key, it := range items {
		var m map[string]any
		check(t, attributevalue.UnmarshalMap(it, &m))
		out[key] = fmt.Sprint(m)
	}
	return out
}

// What is stored otherwise than entable writes it, and reads the same, is no conflict.
func TestSaveTakesOtherSpellings(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *shop) {
		line := func(id string) {
			s.put(map[string]types.AttributeValue{"pk": str("CI#1"), "sk": str("LL#" + id), "_type": str("Line"), "cart": str("1"), "line": str(id),
				"product": str("pen"), "gsi1pk": str("LP#pen"), "gsi1sk": str("LC#1#0000000000000000000"), "other": str("kept"),
				"tags": &types.AttributeValueMemberNULL{Value: true}, "gift": &types.AttributeValueMemberNULL{Value: true}}) // and no qty
		}
		yes := true
		for _, id := range []string{"a", "b", "c"} {
			line(id)
		}
		before, b := s.load("1")
		b.Lines[0].Tags, b.Lines[0].Gift, b.Lines[0].Qty = []string{"t"}, &yes, 3
		b.Lines = slices.Delete(b.Lines, 1, 2)
		check(t, s.baskets.Save(t.Context(), before, b))
		_, now := s.load("1")
		if len(now.Lines) != 2 || now.Lines[0].Qty != 3 || !*now.Lines[0].Gift || now.Lines[1].ID != "c" {
			t.Errorf("stored %+v", now.Lines)
		}
		if got := text(s.stored()["CI#1 LL#a"]["other"]); got != "kept" {
			t.Errorf("an attribute that the type does not have is %q", got)
		}
	})
}

func TestAChangedKeyIsADeleteAndACreate(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *shop) {
		s.save(basket("1"))
		before, b := s.load("1")
		b.Lines[0].ID = "z"
		check(t, s.baskets.Save(t.Context(), before, b))
		_, now := s.load("1")
		if len(now.Lines) != 2 || now.Lines[0].ID != "b" || now.Lines[1].ID != "z" || now.Lines[1].Qty != 1 {
			t.Errorf("stored %+v", now.Lines)
		}
	})
}

func TestSaveRefusesBeforeARequest(t *testing.T) {
	s := onMemory(t)
	s.save(basket("1"))
	many := func(n, bytes int) func(b *Basket) {
		return func(b *Basket) {
			for i := range n {
				b.Lines = append(b.Lines, Line{Cart: "1", ID: fmt.Sprint("m", i), Product: "p", Blob: make([]byte, bytes)})
			}
		}
	}
	for want, change := range map[string]func(b *Basket){
		"collection Basket: Line[pk=\"CI#1\" sk=\"LL#a\"] is twice among the items after: a partition has one item of a key":           func(b *Basket) { b.Lines[1].ID = "a" },
		"collection Basket: Note[pk=\"CI#2\" sk=\"NA#2024-01-01T00:00:00.000000000Z\"] is of another partition than Cart, pk=\"CI#1\"": func(b *Basket) { b.Notes = append(b.Notes, &Note{Cart: "2", At: day, Text: "t"}) },
		"collection Basket: Save has 100 writes, which take 101 actions, those of unique fields among them, and":                       func(b *Basket) { many(99, 0)(b); b.Cart = nil },
		"collection Basket: Save has 12 writes, which take 12 actions, those of unique fields among them, and 42":                      many(12, 350_000),
	} {
		before, b := s.load("1")
		s.sent()
		change(b)
		err := s.baskets.Save(t.Context(), before, b)
		if err == nil || !strings.HasPrefix(err.Error(), "entable: "+want) || !entable.IsError(err) || s.sent() != "" {
			t.Errorf("error %v, want\n%s", err, want)
		}
	}
	before, b := s.load("1")
	many(98, 0)(b)
	b.Cart = nil
	check(t, s.baskets.Save(t.Context(), before, b)) // 100 with its sentinel
}

// With InBatches any number is saved, and what a failure leaves is finished by the same call.
func TestSaveInBatches(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *shop) {
		b := basket("1")
		for i := range 150 {
			b.Lines = append(b.Lines, Line{Cart: "1", ID: fmt.Sprint("m", i), Product: "p"})
		}
		check(t, s.baskets.Save(t.Context(), nil, b, entable.InBatches()))
		if got := strings.Count(s.sent(), "TransactWriteItems"); got != 2 {
			t.Errorf("%d transactions", got)
		}
		before, b := s.load("1")
		for i := range b.Lines {
			b.Lines[i].Qty += 10
		}
		b.Lines = b.Lines[:100]
		for i := range 100 {
			b.Lines = append(b.Lines, Line{Cart: "1", Product: fmt.Sprint("q", i)})
		}
		b.Cart.State = "paid"
		check(t, s.baskets.Save(t.Context(), before, b, entable.InBatches()))
		_, now := s.load("1")
		if len(now.Lines) != 200 || now.Cart.Version != 2 {
			t.Errorf("%d lines of %+v", len(now.Lines), now.Cart)
		}
		check(t, s.baskets.Save(t.Context(), before, b, entable.InBatches())) // all is done
		if _, again := s.load("1"); len(again.Lines) != 200 || again.Cart.Version != 2 || b.Cart.Version != 2 {
			t.Errorf("again %d lines of %+v", len(again.Lines), again.Cart)
		}
		for finding, err := range s.table.Audit(t.Context(), entable.AuditOptions{}) {
			t.Errorf("%v %v", finding, err)
		}
	})
}

func TestSaveInBatchesGoesOn(t *testing.T) {
	for name, fault := range map[string]memory.Fault{
		"refused": memory.Conflict(), "throttled": memory.Throttle(), "not sent": memory.DropBefore(), "lost": memory.DropAfter(),
	} {
		for at := range 3 {
			if at == 1 && !trial.Soak() {
				continue // as the others
			}
			t.Run(fmt.Sprint(name, at), func(t *testing.T) {
				s := onMemory(t)
				b := basket("1")
				for i := range 150 {
					b.Lines = append(b.Lines, Line{Cart: "1", ID: fmt.Sprint("m", i), Product: "p"})
				}
				check(t, s.baskets.Save(t.Context(), nil, b, entable.InBatches()))
				before, b := s.load("1")
				b.Cart.Code = "new"
				for i := range b.Lines {
					b.Lines[i].Qty += 10
				}
				b.Lines = b.Lines[60:]
				for i := range 100 {
					b.Lines = append(b.Lines, Line{Cart: "1", Product: fmt.Sprint("q", i)})
				}
				b.Notes = append(b.Notes, &Note{Cart: "1", Text: "new"})
				defer s.DB.Inject(fault.On("TransactWriteItems").After(at).Times(1))()
				err := s.baskets.Save(t.Context(), before, b, entable.InBatches())
				if err == nil && at < 3 {
					t.Fatal("no failure")
				}
				if err != nil {
					failed, ok := errors.AsType[*entable.TransactionError](err)
					if !ok || failed.Unknown != (name == "lost" || name == "not sent") || !strings.Contains(err.Error(), "writes are done") {
						t.Errorf("error %v", err)
					}
					check(t, s.baskets.Save(t.Context(), before, b, entable.InBatches()))
				}
				_, now := s.load("1")
				if len(now.Lines) != 192 || len(now.Notes) != 2 || now.Cart.Code != "new" || now.Cart.Version != 2 || b.Cart.Version != 2 {
					t.Errorf("%d lines, %d notes of %+v; %+v", len(now.Lines), len(now.Notes), now.Cart, b.Cart)
				}
				for _, l := range now.Lines {
					if l.Product == "p" && l.Qty != 10 {
						t.Errorf("stored %+v", l)
					}
				}
				for finding, err := range s.table.Audit(t.Context(), entable.AuditOptions{}) {
					t.Errorf("%v %v", finding, err)
				}
				check(t, s.baskets.Save(t.Context(), now, b))
				s.sent()
				if check(t, s.baskets.Save(t.Context(), now, b)); s.sent() != "" {
					t.Error("what was recognised is not what the instances have")
				}
			})
		}
	}
}

// A token makes a lost answer of one transaction exact.
func TestSaveAgainWithAToken(t *testing.T) {
	s := onMemory(t)
	s.save(basket("1"))
	before, b := s.load("1")
	b.Lines[0].Qty++
	b.Lines = append(b.Lines, Line{Cart: "1", Product: "q"})
	defer s.DB.Inject(memory.DropAfter().On("TransactWriteItems").Times(1))()
	err := s.baskets.Save(t.Context(), before, b, entable.ClientToken("t"))
	if failed, ok := errors.AsType[*entable.TransactionError](err); !ok || !failed.Unknown {
		t.Fatalf("error %v", err)
	}
	check(t, s.baskets.Save(t.Context(), before, b, entable.ClientToken("t")))
	if _, now := s.load("1"); len(now.Lines) != 3 || now.Lines[1].Qty != 2 {
		t.Errorf("stored %+v", now.Lines)
	}
}

// A refusal that may come before the service has looked at a token does not tell what became of the call that it repeats.
func TestARepeatedTokenStaysUnknown(t *testing.T) {
	s := onMemory(t)
	s.save(basket("1"))
	before, b := s.load("1")
	b.Lines[0].Qty++
	b.Cart.Code = "new"
	ended, end := context.WithCancel(t.Context())
	end()
	for _, c := range []struct {
		name  string
		fault memory.Fault
		ctx   context.Context
	}{
		{"lost", memory.DropAfter(), t.Context()},
		{"throttled", memory.Throttle(), t.Context()},
		{"conflict", memory.Conflict(), t.Context()},
		{"not sent", memory.DropBefore(), t.Context()},
		{"error of the server", memory.InternalError(), t.Context()},
		{"ended", memory.Delay(0), ended},
	} {
		remove := s.DB.Inject(c.fault.On("TransactWriteItems"))
		err := s.baskets.Save(c.ctx, before, b, entable.ClientToken("t"))
		remove()
		failed, ok := errors.AsType[*entable.TransactionError](err)
		if !ok || !failed.Unknown || !strings.HasSuffix(err.Error(), "it is unknown whether the write was carried out)") || strings.Count(err.Error(), "entable: ") != 1 {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
	check(t, s.baskets.Save(t.Context(), before, b, entable.ClientToken("t")))
	if _, now := s.load("1"); now.Lines[0].Qty != 2 || now.Cart.Version != 2 || now.Cart.Code != "new" {
		t.Errorf("stored %+v %+v", now.Cart, now.Lines)
	}
}

type (
	// Job and Run are found together in an index only.
	Job struct {
		ID    string `dynamodbav:"id"`
		Owner string `dynamodbav:"owner"`
		Note  string `dynamodbav:"note,omitempty"`
		Part  bool   `dynamodbav:"-" entable:"partial"`
	}
	Run struct {
		ID    string `dynamodbav:"id"`
		Owner string `dynamodbav:"owner"`
		Part  bool   `dynamodbav:"-" entable:"partial"`
	}
	Work struct {
		Jobs []Job
		Runs []*Run
	}
	Jobs struct{ Jobs []*Job }
)

func TestSaveOfItemsFromAnIndex(t *testing.T) {
	s := onMemory(t)
	table := entable.NewTable(s.table.Name()+"-index", entable.GSI("gsi1", entable.KeysOnly()))
	table.Use(s.SDK)
	jobs := entable.Register[Job](table, entable.Index("gsi1", entable.PK("owner", entable.Prefix("O")), entable.SK("id", entable.Prefix("J"))))
	runs := entable.Register[Run](table, entable.Index("gsi1", entable.PK("owner", entable.PrefixOf(jobs)), entable.SK("id", entable.Prefix("R"))))
	check(t, table.CreateTable(t.Context()))
	works := entable.NewCollection[Work](jobs, runs)
	for what, err := range map[string]error{
		"Save": works.Save(t.Context(), nil, &Work{Jobs: []Job{{ID: "1", Owner: "ann"}}}),
		"Put":  works.Put(t.Context(), &Work{Jobs: []Job{{ID: "1", Owner: "ann"}}}),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "entable: collection Work: Job and Run share the partitions of an index only") {
			t.Errorf("%s: error %v", what, err)
		}
	}
	if err := works.Delete(t.Context(), Job{ID: "1"}); err == nil {
		t.Error("no error")
	}

	one := entable.NewCollection[Jobs](jobs)
	check(t, jobs.Put(t.Context(), &Job{ID: "1", Owner: "ann", Note: "kept"}))
	read := func() *Jobs {
		got, err := one.QueryIndex("gsi1", Job{Owner: "ann"}).Partial().Group(t.Context())
		check(t, err)
		return got
	}
	part := read()
	if !part.Jobs[0].Part || part.Jobs[0].Note != "" {
		t.Fatalf("read %+v", part.Jobs[0])
	}
	before := one.Clone(part)
	part.Jobs = nil
	if err := one.Save(t.Context(), before, part); err == nil { // what the index does not hold is not what was read
		t.Error("a part of an item is deleted")
	}
	part = read()
	before = one.Clone(part)
	part.Jobs[0].ID = "2"
	if err := one.Save(t.Context(), before, part); err == nil {
		t.Error("a part of an item is moved")
	}
	if got, err := jobs.Get(t.Context(), Job{ID: "1"}); err != nil || got.Note != "kept" {
		t.Errorf("stored %+v, %v", got, err)
	}
}

func TestSaveOfNothing(t *testing.T) {
	s := onMemory(t)
	if s.baskets.Clone(nil) != nil {
		t.Error("a clone of nothing")
	}
	check(t, s.baskets.Save(t.Context(), nil, &Basket{Notes: []*Note{nil}}))
	check(t, s.baskets.Put(t.Context(), &Basket{}))
	for want, err := range map[string]error{
		"entable: collection Basket: Save of a nil *Basket: to delete a partition use Delete": s.baskets.Save(t.Context(), nil, nil),
		"entable: collection Basket: Put of a nil *Basket":                                    s.baskets.Put(t.Context(), nil),
		"entable: option 0 is nil: leave it out":                                              s.baskets.Save(t.Context(), nil, &Basket{}, nil),
	} {
		if err == nil || err.Error() != want || !entable.IsError(err) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// A clone shares nothing that can be changed.
func TestCloneIsDeep(t *testing.T) {
	s := onMemory(t)
	yes := true
	b := basket("1")
	b.Lines[0].Gift, b.Lines[0].Blob = &yes, []byte("blob")
	b.Notes[0].Extra = map[string]any{"by": &types.AttributeValueMemberL{Value: []types.AttributeValue{str("ann")}}}
	c := s.baskets.Clone(b)
	b.Cart.Code, b.Lines[0].Tags[0], *b.Lines[0].Gift, b.Lines[0].Blob[0], b.Lines[1].Qty = "", "", false, 'B', 0
	b.Notes[0].Extra["by"].(*types.AttributeValueMemberL).Value[0] = str("eve")
	b.Notes[0].Extra["more"] = 1
	b.Notes = nil
	if c.Cart.Code != "code of 1" || c.Lines[0].Tags[0] != "x" || !*c.Lines[0].Gift || string(c.Lines[0].Blob) != "blob" || c.Lines[1].Qty != 2 ||
		len(c.Notes) != 1 || len(c.Notes[0].Extra) != 1 || text(c.Notes[0].Extra["by"].(*types.AttributeValueMemberL).Value[0]) != "ann" {
		t.Errorf("the clone is %+v %+v %+v", c.Cart, c.Lines, c.Notes[0])
	}
}

// Secret has an encrypted attribute, which is stored otherwise each time.
type Secret struct {
	Cart string `dynamodbav:"cart"`
	N    int    `dynamodbav:"n"`
	Text string `dynamodbav:"text" entable:"encrypt"`
}

type Secrets struct{ List []Secret }

// xor encrypts, for a test: with a random byte in front.
type xor struct{}

func (xor) Seal(_ context.Context, plain, bound []byte) ([]byte, error) {
	out := make([]byte, 1+len(bound)+len(plain))
	rand.Read(out[:1])
	copy(out[1:], bound)
	copy(out[1+len(bound):], plain)
	for i := range out[1:] {
		out[1+i] ^= out[0]
	}
	return out, nil
}

func (xor) Open(_ context.Context, sealed, bound []byte) ([]byte, error) {
	out := bytes.Clone(sealed)
	for i := range out[1:] {
		out[1+i] ^= out[0]
	}
	if !bytes.HasPrefix(out[1:], bound) {
		return nil, errors.New("it is another item's")
	}
	return out[1+len(bound):], nil
}

// What is encrypted is compared as it was read, and its plaintext is not sent.
func TestAggregatesOfEncryptedAttributes(t *testing.T) {
	s := onMemory(t)
	table := entable.NewTable(s.table.Name(), entable.Encryption(xor{}))
	table.Use(s.SDK)
	secrets := entable.Register[Secret](table, entable.PK("cart", entable.Prefix("CI")), entable.SK("n"))
	all := entable.NewCollection[Secrets](secrets)
	check(t, all.Save(t.Context(), nil, &Secrets{[]Secret{{"1", 1, "one"}, {"1", 2, "two"}, {"1", 3, "three"}}}))
	b, err := all.Get(t.Context(), Secret{Cart: "1"})
	check(t, err)
	before := all.Clone(b)
	b.List[0].Text, b.List = "changed", b.List[:2]
	defer s.DB.Inject(memory.Delay(0).When(func(r memory.Request) bool {
		if bytes.Contains(r.Body, []byte("three")) || bytes.Contains(r.Body, []byte("changed")) {
			t.Errorf("sent %s", r.Body)
		}
		return false
	}))()
	check(t, all.Save(t.Context(), before, b))
	stale := all.Clone(b)
	check(t, secrets.Put(t.Context(), &Secret{"1", 1, "by another"}))
	b.List[0].Text = "late"
	if err := all.Save(t.Context(), stale, b); err == nil {
		t.Error("another writer's value is overwritten")
	}
	for range 2 { // the second time all is there, encrypted otherwise
		check(t, all.Copy(t.Context(), Secret{Cart: "1"}, Secret{Cart: "2"}))
	}
	got, err := all.Get(t.Context(), Secret{Cart: "2"})
	if check(t, err); fmt.Sprint(got.List) != "[{2 1 by another} {2 2 two}]" {
		t.Errorf("copied %v", got.List)
	}
}

// Items that may be at two places are saved at their own.
func TestSaveMovesItems(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *shop) {
		declare := func(pk entable.KeySpec, more ...entable.EntityOption) *entable.Collection[struct{ Lines []Line }] {
			table := entable.NewTable(s.table.Name())
			table.Use(s.SDK)
			return entable.NewCollection[struct{ Lines []Line }](entable.Register[Line](table, append(more, pk, entable.SK("line"))...))
		}
		old, now := entable.PK("cart", entable.Prefix("OLD")), entable.PK("cart", entable.Prefix("NEW"))
		was, is := declare(old), declare(now, entable.Moved(old))
		type all = struct{ Lines []Line }
		check(t, was.Save(t.Context(), nil, &all{[]Line{{Cart: "1", ID: "a", Qty: 1}, {Cart: "1", ID: "b", Qty: 1}, {Cart: "1", ID: "c", Qty: 1}}}))
		b, err := is.Get(t.Context(), Line{Cart: "1"}, entable.Consistent(true))
		check(t, err)
		if len(b.Lines) != 3 {
			t.Fatalf("%d lines of %v", len(b.Lines), texts(t, s.stored()))
		}
		before := is.Clone(b)
		b.Lines[0].Qty = 2
		b.Lines = append(b.Lines[:2], Line{Cart: "1", ID: "d"})
		check(t, is.Save(t.Context(), before, b))
		stored := s.stored()
		if len(stored) != 3 || text(stored["NEW#1 LL#a"]["qty"]) != "2" || stored["OLD#1 LL#b"] == nil || stored["NEW#1 LL#d"] == nil {
			t.Errorf("stored %v", texts(t, stored))
		}
	})
}

// SkipHooks and SkipValidation hold for creates, updates and deletes alike.
func TestSaveSkipsHooksAndValidation(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *shop) {
		wrong := func() *Basket {
			return &Basket{Cart: &Cart{ID: "1", Owner: "ann", State: "lost"}, Notes: []*Note{{Cart: "1", At: day}}}
		}
		if err := s.baskets.Save(t.Context(), nil, wrong()); !isInvalid(err) {
			t.Fatalf("error %v", err)
		}
		b := wrong()
		check(t, s.baskets.Save(t.Context(), nil, b, entable.SkipValidation(), entable.SkipHooks(true)))
		before := s.baskets.Clone(b)
		b.Cart.State, b.Notes = "gone", nil
		if err := s.baskets.Save(t.Context(), before, b); !isInvalid(err) {
			t.Fatalf("error %v", err)
		}
		b.Cart.hooks = nil
		check(t, s.baskets.Save(t.Context(), before, b, entable.SkipValidation(), entable.SkipHooks(true)))
		if len(b.Cart.hooks) > 0 {
			t.Errorf("hooks %v ran", b.Cart.hooks)
		}
		if _, now := s.load("1"); now.Cart.State != "gone" || len(now.Notes) > 0 {
			t.Errorf("stored %+v %v", now.Cart, now.Notes)
		}
	})
}

func isInvalid(err error) bool {
	_, ok := errors.AsType[*entable.ValidationError](err)
	return ok
}
