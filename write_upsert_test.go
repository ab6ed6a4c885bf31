package entable_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable"
)

// Incident has all that an upsert has to fill in, and indexes of each kind.
type Incident struct {
	Queue    string    `dynamodbav:"queue"`
	ID       string    `dynamodbav:"id"`
	Token    uuid.UUID `dynamodbav:"token" entable:"auto=uuid4"`
	Serial   string    `dynamodbav:"serial" entable:"auto=ulid"`
	Created  time.Time `dynamodbav:"created" entable:"auto=iso8601"`
	Moved    int64     `dynamodbav:"moved" entable:"touch=epoch"`
	State    string    `dynamodbav:"state" entable:"default=open" validate:"oneof=open done"`
	Title    string    `dynamodbav:"title" validate:"required"`
	Owner    string    `dynamodbav:"owner,omitempty"`
	Priority int       `dynamodbav:"priority,omitempty"`
	Count    int       `dynamodbav:"count"`
	Expires  time.Time `dynamodbav:"expires,omitempty,unixtime" entable:"ttl"`
	Version  int64     `dynamodbav:"version" entable:"version"`
}

func declareIncidents(s *setup, opts ...entable.TableOption) *entable.Entity[Incident] {
	table := s.NewTable(append(opts, entable.GSI("state"), entable.GSI("serial"), entable.GSI("owner"), entable.GSI("ranked"), entable.GSI("moved"))...)
	return entable.Register[Incident](table, entable.PK("queue"), entable.SK("id"),
		entable.Index("state", entable.PK("state"), entable.SK("queue", "id")),
		entable.Index("serial", entable.PK("queue"), entable.SK("serial")),
		entable.Index("owner", entable.PK("owner"), entable.SK("state")),
		entable.Index("ranked", entable.PK("state"), entable.SK("priority", "created")),
		entable.Index("moved", entable.PK("state"), entable.SK("moved", "id")))
}

// checkSound checks that an item is what the library itself would have written.
func checkSound[T any](t *testing.T, e *entable.Entity[T], key T, want int) *T {
	t.Helper()
	for f, err := range e.Table().Audit(t.Context(), entable.AuditOptions{}) {
		t.Errorf("the audit finds %v, %v", f, err)
	}
	v, err := e.Get(t.Context(), key)
	check(t, err)
	again := *v
	if err := e.Put(t.Context(), &again); err != nil {
		t.Errorf("Put refuses the item: %v", err)
	}
	for f, err := range e.Table().Audit(t.Context(), entable.AuditOptions{}) {
		t.Errorf("after a Put the audit finds %v, %v", f, err)
	}
	n, err := e.Scan().Count(t.Context())
	if check(t, err); n != want {
		t.Errorf("%d items, want %d", n, want)
	}
	return v
}

// indexed counts the items of an incident's index.
func indexed(t *testing.T, incidents *entable.Entity[Incident], index string, key Incident) int {
	t.Helper()
	n, err := incidents.QueryIndex(index, key).Count(t.Context())
	check(t, err)
	return n
}

// A new item has all that a Put would have given it; of one that exists only what the update says changes.
func TestUpsertFillsIn(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		now := newClock()
		incidents := declareIncidents(s, entable.Clock(now.Now))
		ctx, key := t.Context(), Incident{Queue: "q", ID: "1"}
		send := map[string]func(u *entable.Update[Incident]) error{
			"alone":       func(u *entable.Update[Incident]) error { return u.Do(ctx) },
			"transaction": func(u *entable.Update[Incident]) error { return entable.Transact(ctx, []entable.Write{u}) },
			"batch":       func(u *entable.Update[Incident]) error { return entable.BatchWrite(ctx, []entable.Write{u}) },
		}
		n := 0
		for how, send := range send {
			key.ID = how
			n++
			upsert := func() *entable.Update[Incident] {
				return incidents.Update(key).Upsert().Set("title", "t").Add("count", 1)
			}
			check(t, send(upsert()))
			v := checkSound(t, incidents, key, n)
			if v.Token == uuid.Nil || len(v.Serial) != 26 || !v.Created.Equal(now.now) || v.State != "open" || v.Moved != now.now.Unix() || v.Version != 1 || v.Count != 1 {
				t.Errorf("%s: created %+v", how, v)
			}
			for index, want := range map[string]int{"state": n, "serial": n, "owner": 0, "ranked": 0, "moved": n} {
				if got := indexed(t, incidents, index, Incident{Queue: "q", State: "open", Owner: "o"}); got != want {
					t.Errorf("%s: %d items in index %s, want %d", how, got, index, want)
				}
			}

			was, err := incidents.Get(ctx, key) // after its Put
			check(t, err)
			was.State, was.Owner, was.Priority = "done", "o", 7
			check(t, incidents.Put(ctx, was))
			now.pass(time.Hour)
			check(t, send(upsert().Set("expires", now.now.Add(time.Hour))))
			v = checkSound(t, incidents, key, n)
			want := *was
			want.Moved, want.Count, want.Expires, want.Version = now.now.Unix(), 2, now.now.Add(time.Hour).Local(), was.Version+1
			if v.Created, want.Created = v.Created.UTC(), want.Created.UTC(); !v.Expires.Equal(want.Expires) {
				t.Errorf("%s: expires %s", how, v.Expires)
			}
			v.Expires, want.Expires = time.Time{}, time.Time{}
			if *v != want {
				t.Errorf("%s: of the stored item became\n%+v, want\n%+v", how, *v, want)
			}
			for index, want := range map[string]int{"state": 1, "serial": n, "owner": 1, "ranked": 1, "moved": 1} {
				if got := indexed(t, incidents, index, Incident{Queue: "q", State: "done", Owner: "o"}); got != want {
					t.Errorf("%s: %d items in index %s then, want %d", how, got, index, want)
				}
			}
			v, err = incidents.Get(ctx, key)
			check(t, err)
			v.State, v.Owner, v.Priority = "open", "", 0
			check(t, incidents.Put(ctx, v))
		}
	})
}

// A change of one part of an index key meets what is stored of the others.
func TestUpsertMovesIndexKeys(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		incidents := declareIncidents(s)
		ctx := t.Context()
		for i, test := range []struct {
			stored *Incident // nil for none
			change func(u *entable.Update[Incident]) *entable.Update[Incident]
			want   Incident
			index  string // that it is in then
			at     Incident
		}{
			{nil, func(u *entable.Update[Incident]) *entable.Update[Incident] { return u.Set("priority", 3) }, Incident{State: "open", Priority: 3}, "ranked", Incident{State: "open"}},
			{&Incident{State: "open"}, func(u *entable.Update[Incident]) *entable.Update[Incident] { return u.Set("priority", 3) }, Incident{State: "open", Priority: 3}, "ranked", Incident{State: "open"}},
			{&Incident{State: "done"}, func(u *entable.Update[Incident]) *entable.Update[Incident] { return u.Set("priority", 3) }, Incident{State: "done", Priority: 3}, "ranked", Incident{State: "done"}},
			{&Incident{State: "done", Priority: 4}, func(u *entable.Update[Incident]) *entable.Update[Incident] { return u.Add("priority", 3) }, Incident{State: "done", Priority: 7}, "ranked", Incident{State: "done"}},
			{&Incident{State: "done", Priority: 4}, func(u *entable.Update[Incident]) *entable.Update[Incident] { return u.Set("state", "open") }, Incident{State: "open", Priority: 4}, "ranked", Incident{State: "open"}},
			{&Incident{State: "done", Owner: "o"}, func(u *entable.Update[Incident]) *entable.Update[Incident] { return u.Set("state", "open") }, Incident{State: "open", Owner: "o"}, "owner", Incident{Owner: "o"}},
			{&Incident{State: "done"}, func(u *entable.Update[Incident]) *entable.Update[Incident] { return u.Set("owner", "o") }, Incident{State: "done", Owner: "o"}, "owner", Incident{Owner: "o"}},
			{&Incident{State: "done", Owner: "o"}, func(u *entable.Update[Incident]) *entable.Update[Incident] { return u.SetIfAbsent("owner", "x") }, Incident{State: "done", Owner: "o"}, "owner", Incident{Owner: "o"}},
			{&Incident{State: "done"}, func(u *entable.Update[Incident]) *entable.Update[Incident] { return u.SetIfAbsent("owner", "x") }, Incident{State: "done", Owner: "x"}, "owner", Incident{Owner: "x"}},
			{nil, func(u *entable.Update[Incident]) *entable.Update[Incident] {
				return u.Fetch().SetIfAbsent("owner", "x")
			}, Incident{State: "open", Owner: "x"}, "owner", Incident{Owner: "x"}},
			{&Incident{State: "done", Priority: 4}, func(u *entable.Update[Incident]) *entable.Update[Incident] { return u.Fetch().Add("priority", 3) }, Incident{State: "done", Priority: 7}, "ranked", Incident{State: "done"}},
			{&Incident{State: "done", Owner: "o"}, func(u *entable.Update[Incident]) *entable.Update[Incident] { return u.Remove("owner") }, Incident{State: "done"}, "state", Incident{State: "done"}},
		} {
			for _, together := range []bool{false, true} {
				key := Incident{Queue: "q", ID: fmt.Sprint(i, together)}
				if test.stored != nil {
					v := *test.stored
					v.Queue, v.ID, v.Title = key.Queue, key.ID, "stored"
					check(t, incidents.Put(ctx, &v))
				}
				u := test.change(incidents.Update(key).Upsert().Set("title", "t"))
				var err error
				if together {
					err = entable.Transact(ctx, []entable.Write{u})
				} else {
					err = u.Do(ctx)
				}
				check(t, err)
				v := checkSound(t, incidents, key, 1)
				if v.State != test.want.State || v.Priority != test.want.Priority || v.Owner != test.want.Owner || v.Title != "t" {
					t.Errorf("%d: stored %+v", i, v)
				}
				test.at.Queue = "q"
				if n := indexed(t, incidents, test.index, test.at); n != 1 {
					t.Errorf("%d: %d items in index %q at %+v", i, n, test.index, test.at)
				}
				check(t, incidents.Delete(ctx, key))
			}
		}
	})
}

// What a stored item lacks, because it is older than the field or its index, is filled in with its index keys.
func TestUpsertOfOlderItems(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		incidents := declareIncidents(s)
		ctx := t.Context()
		for i, edit := range []func(item map[string]types.AttributeValue){
			func(item map[string]types.AttributeValue) { delete(item, "state") },
			func(item map[string]types.AttributeValue) {
				for name := range item {
					if strings.HasPrefix(name, "statepk") || strings.HasPrefix(name, "statesk") {
						delete(item, name)
					}
				}
			},
			func(item map[string]types.AttributeValue) { delete(item, "serial"); delete(item, "serialsk") },
			func(item map[string]types.AttributeValue) { delete(item, "created"); delete(item, "version") },
		} {
			v := Incident{Queue: "q", ID: fmt.Sprint(i), Title: "stored", State: "done", Owner: "o", Priority: 2}
			check(t, incidents.Put(ctx, &v))
			item := s.Load(incidents.Table(), key("IQ#q", "II#"+v.ID))
			if len(item) == 0 {
				t.Fatal("no item")
			}
			edit(item)
			s.Store(incidents.Table(), item)
			check(t, incidents.Update(Incident{Queue: "q", ID: v.ID}).Upsert().Set("title", "t").Do(ctx))
			checkSound(t, incidents, v, 1)
			check(t, incidents.Delete(ctx, v))
		}
	})
}

// Natives has an index on its own attributes, and one that takes an attribute that nothing gives.
type Natives struct {
	ID   string `dynamodbav:"id"`
	Kind string `dynamodbav:"kind"`
	Zone string `dynamodbav:"zone"`
	N    int    `dynamodbav:"n"`
	Mail string `dynamodbav:"mail,omitempty" entable:"unique"`
}

// An upsert that could not make a whole item is refused before any request, with what is missing.
func TestUpsertRefuses(t *testing.T) {
	s := onMemory(t)
	table := s.NewTable(entable.GSI("native", entable.PartitionKey("kind", "S"), entable.MultiAttribute()), entable.GSI("zones"))
	natives := entable.Register[Natives](table, entable.Index("native"), entable.Index("zones", entable.PK("zone"), entable.SK("n")))
	incidents := declareIncidents(s)
	s.Spy.Reset()
	for _, test := range []struct {
		err  error
		want string
	}{
		{incidents.Update(Incident{Queue: "q", ID: "1"}).Upsert().Add("count", 1).Do(t.Context()), `Incident: invalid: attribute title: string value does not satisfy "required"`},
		{incidents.Update(Incident{Queue: "q", ID: "1"}).Upsert().Add("count", 1).Set("state", "").Set("title", "t").Do(t.Context()), `Incident: invalid: attribute state: string value does not satisfy "oneof=open done"`},
		{natives.Update(Natives{ID: "1"}).Upsert().Set("kind", "k").Set("zone", "z").Do(t.Context()), `Natives: the upsert does not give attribute "n", of which the key of index "zones" is made, so that a new item would not be in it: set it too, or give its field a default or omitempty`},
		{natives.Update(Natives{ID: "1"}).Upsert().Set("n", 1).Set("zone", "z").Do(t.Context()), `Natives: the upsert does not give attribute "kind", of which the key of index "native" is made, so that a new item would not be in it: set it too, or give its field a default or omitempty`},
		{natives.Update(Natives{ID: "1"}).Upsert().Fetch().Set("kind", "k").Set("n", 1).Do(t.Context()), `Natives: the upsert does not give attribute "zone", of which the key of index "zones" is made, so that a new item would not be in it: set it too, or give its field a default or omitempty`},
		{incidents.Patch(&Incident{Queue: "q", ID: "1"}).Upsert().Set("title", "t").Do(t.Context()), `Incident: Upsert is for updates by key: an instance that may be new is written with Put`},
	} {
		if test.err == nil || test.err.Error() != "entable: "+test.want {
			t.Errorf("error\n%v, want\nentable: %s", test.err, test.want)
		}
	}
	if n := s.Spy.Sent("UpdateItem"); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	if !is[*entable.ValidationError](incidents.Update(Incident{Queue: "q", ID: "1"}).Upsert().Set("owner", "o").Do(t.Context())) {
		t.Error("the error is no *ValidationError")
	}

	check(t, natives.Update(Natives{ID: "1"}).Upsert().Set("kind", "k").Set("zone", "z").Set("n", 0).Do(t.Context()))
	checkSound(t, natives, Natives{ID: "1"}, 1)
	check(t, natives.Update(Natives{ID: "1"}).Upsert().Fetch().Set("n", 5).Do(t.Context())) // the item has the rest
	if v := checkSound(t, natives, Natives{ID: "1"}, 1); v.N != 5 || v.Zone != "z" {
		t.Errorf("stored %+v", v)
	}
}

// The plan of an upsert says what is filled in; ids stay when the update is sent again.
func TestInputOfUpserts(t *testing.T) {
	s := onMemory(t)
	incidents := declareIncidents(s, entable.Clock(newClock().Now))
	u := incidents.Update(Incident{Queue: "q", ID: "1"}).Upsert().Set("title", "t")
	in, err := u.Input(t.Context())
	check(t, err)
	for _, part := range []string{
		"state = if_not_exists(state, {\"S\":\"open\"})", "created = if_not_exists(created, {\"S\":\"2025-03-01T12:00:00Z\"})",
		"serialsk = if_not_exists(serialsk, {\"S\":\"", "statepk = if_not_exists(statepk, {\"S\":\"IS#open\"})", "version = if_not_exists(version, {\"N\":\"0\"}) + {\"N\":\"1\"}",
	} {
		if text := expressionsOf(in); !strings.Contains(text, part) {
			t.Errorf("%s\ndoes not say %s", text, part)
		}
	}
	bodies := make([]any, 2)
	s.Spy.Refuse(500, "InternalServerError")
	for i := range bodies {
		if err := u.Do(t.Context()); err == nil {
			t.Fatal("no error")
		}
		check(t, json.Unmarshal([]byte(s.Spy.LastBody()), &bodies[i]))
	}
	same(t, "sent again", bodies[1], bodies[0])
}
