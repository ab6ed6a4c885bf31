package entable_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// Only what differs is sent: set, or removed when it is empty.
func TestSaveChangesSendsOnlyWhatDiffers(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Parcel)
		sends  string
	}{
		{"one value", func(p *Parcel) { p.Status = "sent" }, `SET #1 = :0 {"#0":"pk","#1":"status"} {":0":{"S":"sent"}}`},
		{"emptied", func(p *Parcel) { p.Tags, p.Extra = nil, nil }, `REMOVE #1, #2 {"#0":"pk","#1":"tags","#2":"extra"} null`},
		{"zero that is stored", func(p *Parcel) { p.Count = 0 }, `SET #1 = :0 {"#0":"pk","#1":"count"} {":0":{"N":"0"}}`},
		{"several", func(p *Parcel) { p.Note, p.Small, p.Dotted = new("x"), 1, 2 },
			`SET #1 = :0, #2 = :1, #3 = :2 {"#0":"pk","#1":"small","#2":"note","#3":"a.b"} {":0":{"N":"1"},":1":{"S":"x"},":2":{"N":"2"}}`},
		{"a whole struct", func(p *Parcel) { p.Address.Floor = 3 },
			`SET #1 = :0 {"#0":"pk","#1":"address"} {":0":{"M":{"city":{"S":"Bonn"},"floor":{"N":"3"},"zones":{"SS":["x"]}}}}`},
		{"what is stored alike", func(p *Parcel) { p.Seen, p.Count = p.Seen.Add(time.Nanosecond).UTC(), 6 }, `SET #1 = :0 {"#0":"pk","#1":"count"} {":0":{"N":"6"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			eachSetup(t, func(t *testing.T, s *setup) {
				parcels := declareParcels(s.NewTable())
				before := parcel()
				check(t, parcels.Put(t.Context(), &before))
				check(t, parcels.Update(before).Set("weight", 5).Do(t.Context())) // by another writer
				after, want := before, before
				after.Lines, after.Labels = parcel().Lines, parcel().Labels
				test.change(&after)
				test.change(&want)
				in, err := parcels.SaveChangesOp(before, &after).Input(t.Context())
				check(t, err)
				if got := updateText(in); got != test.sends || in.ReturnValues != types.ReturnValueAllNew {
					t.Errorf("request\n%s, want\n%s", got, test.sends)
				}
				s.Spy.Reset()
				check(t, parcels.SaveChanges(t.Context(), before, &after))
				if n := s.Spy.Sent(""); n != 1 {
					t.Errorf("%d requests were sent", n)
				}
				want.Weight, want.Seen = 5, before.Seen
				same(t, "after", after, want)
				got, err := parcels.Get(t.Context(), before)
				check(t, err)
				got.Cached = want.Cached
				same(t, "stored", *got, want)
			})
		})
	}
}

// When nothing differs nothing is sent, although versions and touched times would move.
func TestSaveChangesOfNothing(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		moves := entable.Register[Moving](s.NewTable())
		v := Moving{ID: "1", Text: "a"}
		check(t, moves.Put(t.Context(), &v))
		s.Spy.Reset()
		after := v
		after.Changed, after.Version = after.Changed.Add(time.Hour), 9 // not what SaveChanges is for
		unchanged := after
		check(t, moves.SaveChanges(t.Context(), v, &after))
		check(t, entable.BatchWrite(t.Context(), []entable.Write{moves.SaveChangesOp(v, &after)}))
		if s.Spy.Sent("") != 0 || after != unchanged {
			t.Errorf("%d requests were sent, the caller has %+v", s.Spy.Sent(""), after)
		}
	})
}

// What Input shows is what is sent.
func TestInputIsWhatIsSent(t *testing.T) {
	s := onMemory(t)
	now := newClock()
	table := s.NewTable(entable.Clock(now.Now))
	parcels, moves := declareParcels(table), entable.Register[Moving](table)
	var sent any
	table.Use(inputs{wrapper{s.SDK}, &sent})
	ctx, before, moved := t.Context(), parcel(), Moving{ID: "1"}
	check(t, parcels.Put(ctx, &before))
	check(t, moves.Put(ctx, &moved))
	after := before
	after.Status = "sent"
	yes := entable.If(expression.AttributeExists(expression.Name("pk")))
	put, remove, create := parcels.PutOp(&before, yes), moves.RemoveOp(&moved, yes), moves.CreateOp(&Moving{ID: "2"})
	save, patch, update := parcels.SaveChangesOp(before, &after), moves.Patch(&moved).Set("text", "x"), parcels.Update(before).Add("count", 1)
	for _, op := range []struct {
		name  string
		input func() (any, error)
		write func() error
	}{
		{"Put", func() (any, error) { return put.Input(ctx) }, func() error { return parcels.Put(ctx, &before, yes) }},
		{"Create", func() (any, error) { return create.Input(ctx) }, func() error { return moves.Create(ctx, &Moving{ID: "2"}) }},
		{"SaveChanges", func() (any, error) { return save.Input(t.Context()) }, func() error { return parcels.SaveChanges(ctx, before, &after) }},
		{"Patch", func() (any, error) { return patch.Input(t.Context()) }, func() error { return patch.Do(ctx) }},
		{"Update", func() (any, error) { return update.Input(t.Context()) }, func() error { return update.Do(ctx) }},
		{"Remove", func() (any, error) { return remove.Input(t.Context()) }, func() error { return moves.Remove(ctx, &moved, yes) }},
	} {
		in, err := op.input()
		check(t, err)
		check(t, op.write())
		if !reflect.DeepEqual(in, sent) {
			t.Errorf("%s: Input shows\n%+v, sent was\n%+v", op.name, in, sent)
		}
	}
}

// inputs keeps the last input of a write.
type inputs struct {
	wrapper
	last *any
}

func (c inputs) PutItem(ctx context.Context, in *dynamodb.PutItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	*c.last = in
	return c.wrapper.PutItem(ctx, in, opts...)
}

func (c inputs) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	*c.last = in
	return c.wrapper.UpdateItem(ctx, in, opts...)
}

func (c inputs) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	*c.last = in
	return c.wrapper.DeleteItem(ctx, in, opts...)
}

// SaveChanges can be combined with changes of its own: they are made to the stored values.
func TestSaveChangesKeepsWhatOthersHaveChanged(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		parcels := declareParcels(s.NewTable())
		before := parcel()
		check(t, parcels.Put(t.Context(), &before))
		check(t, parcels.Update(before).Set("count", 50).Do(t.Context()))
		after := before
		after.Status = "sent"
		check(t, parcels.SaveChanges(t.Context(), before, &after))
		if after.Status != "sent" || after.Count != 50 || after.Weight != before.Weight {
			t.Errorf("the caller has %+v", after)
		}
	})
}

// The version that counts is the one that was loaded, whatever the changed struct says.
func TestSaveChangesChecksTheVersionThatWasLoaded(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		counters := entable.Register[Counter](s.NewTable())
		v := Counter{ID: "1"}
		check(t, counters.Put(t.Context(), &v))
		loaded := v
		check(t, counters.Patch(&v).Add("sum", 1).Do(t.Context()))
		after := loaded
		after.Sum, after.Version = 9, v.Version
		if err := counters.SaveChanges(t.Context(), loaded, &after); !is[*entable.ConditionFailedError](err) {
			t.Errorf("error %v", err)
		}
		after = v
		after.Sum, after.Version = 9, 0
		check(t, counters.SaveChanges(t.Context(), v, &after))
		if after.Version != 3 {
			t.Errorf("the caller has %+v", after)
		}
	})
}

// Input runs no hook of an update, leaves the caller's structs alone, and gives the same text each time.
func TestInputChangesNothing(t *testing.T) {
	s := onMemory(t)
	items, ctx, log := docs(t, s)
	events := entable.Register[Event](items.Table(), entable.PK("id"), entable.SK("slug"))
	v := newDoc()
	check(t, items.Put(ctx, &v))
	after, was := v, v
	after.Title, after.Editor, after.Words = "new", "me", nil
	yes := expression.Name("count").Equal(expression.Value(1)).And(expression.Name("title").NotEqual(expression.Value("x")))
	s.Spy.Reset()
	for name, input := range map[string]func() (any, error){
		"Update": func() (any, error) {
			return items.Update(v).Set("meta.x", 1).Remove("words").Add("count", 2).If(yes).Input(t.Context())
		},
		"Patch": func() (any, error) {
			return items.Patch(&v).Set("title", "b").Append("words", []string{"x"}).If(yes).Input(t.Context())
		},
		"SaveChanges": func() (any, error) { return items.SaveChangesOp(was, &after).Input(t.Context()) },
		"Put":         func() (any, error) { return items.PutOp(&v, entable.If(yes)).Input(ctx) },
		"Remove":      func() (any, error) { return items.RemoveOp(&v, entable.If(yes)).Input(t.Context()) },
		"Delete":      func() (any, error) { return items.DeleteOp(v, entable.If(yes)).Input(t.Context()) },
		"Query": func() (any, error) {
			return items.Query(v).Filter(yes).Filter(expression.Name("editor").AttributeExists()).Select("title", "meta.x").Input(t.Context())
		},
		"Scan":        func() (any, error) { return items.Scan().Filter(yes).Select("title", "count").Input(t.Context()) },
		"Table.Query": func() (any, error) { return items.Table().Query(v).Only(items, events).Filter(yes).Input(t.Context()) },
	} {
		first, err := input()
		check(t, err)
		for range 50 {
			if again, err := input(); err != nil || !reflect.DeepEqual(first, again) {
				t.Fatalf("%s: another request\n%+v, was\n%+v (%v)", name, again, first, err)
			}
		}
	}
	if len(log.calls) > 0 || !reflect.DeepEqual(v, was) || s.Spy.Sent("") > 0 {
		t.Errorf("calls %q, %d requests, the caller has %+v, had %+v", log.calls, s.Spy.Sent(""), v, was)
	}
	invalid := Event{}
	if _, err := events.PutOp(&invalid).Input(t.Context()); err == nil || invalid.ID != "" {
		t.Errorf("after the error %v the caller has the id %q", err, invalid.ID)
	}
}

// Stamped has a hook that shows.
type Stamped struct {
	ID   string `dynamodbav:"id"`
	Text string `dynamodbav:"text"`
	By   string `dynamodbav:"by,omitempty"`
}

func (s *Stamped) BeforeUpdate(context.Context) error {
	s.By = "hook"
	return nil
}

func TestInputOfUpdatesLeavesHooksOut(t *testing.T) {
	items := entable.Register[Stamped](entable.NewTable("stamped"))
	before := Stamped{ID: "1", Text: "a"}
	after := before
	after.Text = "b"
	for name, update := range map[string]interface {
		Input(context.Context) (*dynamodb.UpdateItemInput, error)
	}{
		"Patch": items.Patch(&before).Set("text", "b"), "SaveChanges": items.SaveChangesOp(before, &after),
	} {
		in, err := update.Input(t.Context())
		check(t, err)
		if got, want := updateText(in), `SET #1 = :0 {"#0":"pk","#1":"text"} {":0":{"S":"b"}}`; strings.Join(strings.Fields(got), " ") != want {
			t.Errorf("%s: request\n%s, want\n%s", name, got, want)
		}
	}
}
