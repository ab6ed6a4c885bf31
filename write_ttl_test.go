package entable_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// Session expires by a time, Lease by a number.
type Session struct {
	ID      string    `dynamodbav:"id"`
	Text    string    `dynamodbav:"text,omitempty"`
	Expires time.Time `dynamodbav:"expires" entable:"ttl"`
}

type Lease struct {
	ID      string `dynamodbav:"id"`
	Text    string `dynamodbav:"text,omitempty"`
	Expires int64  `dynamodbav:"expires" entable:"ttl"`
}

// The expiry is stored as a number of seconds on every way in, and left out when it is not set.
func TestExpiryIsStoredAsSeconds(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 600, time.FixedZone("CET", 3600))
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		sessions, leases := entable.Register[Session](table), entable.Register[Lease](table, entable.PK("id", entable.Prefix("L")))
		ctx := t.Context()
		for i, write := range []func(id string, at time.Time) error{
			func(id string, at time.Time) error { return sessions.Put(ctx, &Session{ID: id, Expires: at}) },
			func(id string, at time.Time) error { return sessions.Create(ctx, &Session{ID: id, Expires: at}) },
			func(id string, at time.Time) error {
				return sessions.Update(Session{ID: id}).Upsert().Set("expires", at).Do(ctx)
			},
			func(id string, at time.Time) error {
				v := Session{ID: id}
				check(t, sessions.Put(ctx, &v))
				return sessions.Patch(&v).Set("expires", at).Do(ctx)
			},
			func(id string, at time.Time) error {
				v := Session{ID: id}
				check(t, sessions.Put(ctx, &v))
				after := v
				after.Expires, after.Text = at, "x"
				return sessions.SaveChanges(ctx, v, &after)
			},
			func(id string, at time.Time) error {
				return entable.BatchWrite(ctx, []entable.Write{sessions.PutOp(&Session{ID: id, Expires: at})})
			},
			func(id string, at time.Time) error {
				return entable.Transact(ctx, []entable.Write{sessions.PutOp(&Session{ID: id, Expires: at})})
			},
		} {
			for _, expires := range []time.Time{at, {}} {
				id := fmt.Sprintf("%d-%t", i, expires.IsZero())
				check(t, write(id, expires))
				item := s.Load(table, key("SI#"+id, "A"))
				if expires.IsZero() {
					if _, ok := item["expires"]; ok {
						t.Errorf("write %d stores %s for a session that does not expire", i, dynamoJSON(item))
					}
					continue
				}
				n, ok := item["expires"].(*types.AttributeValueMemberN)
				if !ok || n.Value != fmt.Sprint(at.Unix()) {
					t.Errorf("write %d stores %s", i, dynamoJSON(item))
				}
				if got, err := sessions.Get(ctx, Session{ID: id}); err != nil || !got.Expires.Equal(at.Truncate(time.Second)) {
					t.Errorf("write %d: read %v, %v", i, got, err)
				}
			}
		}
		check(t, leases.Put(ctx, &Lease{ID: "1", Expires: at.Unix()}))
		check(t, leases.Update(Lease{ID: "1"}).Add("expires", 60).Do(ctx))
		if got, err := leases.Get(ctx, Lease{ID: "1"}); err != nil || got.Expires != at.Unix()+60 {
			t.Errorf("read %v, %v", got, err)
		}
		out, err := s.SDK.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: aws.String(table.Name())})
		check(t, err)
		if d := out.TimeToLiveDescription; d.TimeToLiveStatus == types.TimeToLiveStatusEnabled && *d.AttributeName != "expires" {
			t.Errorf("the table expires by %s", *d.AttributeName)
		}
	})
}

// Create turns expiry on for the attribute.
func TestCreateTurnsExpiryOn(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.Declare()
		entable.Register[Session](table)
		check(t, table.CreateTable(t.Context()))
		t.Cleanup(func() { s.Drop(table) })
		out, err := s.SDK.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String(table.Name())})
		check(t, err)
		if d := out.TimeToLiveDescription; d.AttributeName == nil || *d.AttributeName != "expires" {
			t.Errorf("expiry %+v", d)
		}
	})
}

// The request says what Create sends, for programs that create the table in another way.
func TestTimeToLiveInput(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *setup) {
		table := s.NewTable() // no entity expires yet
		if in := table.TimeToLiveInput(); in != nil {
			t.Errorf("nothing expires, but the request is %+v", in)
		}
		entable.Register[Lease](table)
		in := table.TimeToLiveInput()
		if in == nil || *in.TableName != table.Name() || *in.TimeToLiveSpecification.AttributeName != "expires" || !*in.TimeToLiveSpecification.Enabled {
			t.Fatalf("the request is %+v", in)
		}
		_, err := s.SDK.UpdateTimeToLive(t.Context(), in)
		check(t, err)
		if list, err := table.Diff(t.Context()); len(list) > 0 || err != nil {
			t.Errorf("different behind it: %v, %v", list, err)
		}
	})
}

func TestExpired(t *testing.T) {
	now := newClock()
	table := entable.NewTable("sessions", entable.Clock(now.Now))
	sessions, leases := entable.Register[Session](table), entable.Register[Lease](table, entable.PK("id", entable.Prefix("L")))
	for _, test := range []struct {
		at      time.Time
		left    time.Duration
		expires bool
		expired bool
	}{
		{time.Time{}, 0, false, false},
		{now.now.Add(time.Minute), time.Minute, true, false},
		{now.now, 0, true, true},
		{now.now.Add(-time.Hour), -time.Hour, true, true},
	} {
		v, l := Session{Expires: test.at}, Lease{}
		if !test.at.IsZero() {
			l.Expires = test.at.Unix()
		}
		left, ok := sessions.TimeLeft(&v)
		left2, ok2 := leases.TimeLeft(&l)
		if left != test.left || ok != test.expires || left2 != left || ok2 != ok {
			t.Errorf("%s: left %s %t and %s %t, want %s %t", test.at, left, ok, left2, ok2, test.left, test.expires)
		}
		if got, got2 := sessions.Expired(&v), leases.Expired(&l); got != test.expired || got2 != test.expired {
			t.Errorf("%s: expired %t and %t, want %t", test.at, got, got2, test.expired)
		}
	}
	if at := entable.ExpiresIn(time.Hour); time.Until(at) > time.Hour || time.Until(at) < time.Hour-2*time.Second || at.Nanosecond() != 0 || at.Location() != time.UTC {
		t.Errorf("an hour from now is %s", at)
	}
}

// An item of which some attributes were selected tells when it expires, whatever was selected.
func TestSelectedItemsTellWhenTheyExpire(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		sessions, leases := entable.Register[Session](table), entable.Register[Lease](table, entable.PK("id", entable.Prefix("L")))
		past, ctx := time.Now().Add(-time.Hour), t.Context()
		check(t, sessions.Put(ctx, &Session{ID: "a", Text: "x", Expires: past}))
		check(t, leases.Put(ctx, &Lease{ID: "a", Text: "x", Expires: past.Unix()}))
		session, err := sessions.Query(Session{ID: "a"}).Select("text").One(ctx)
		check(t, err)
		lease, err := leases.Scan().Select("text").One(ctx)
		check(t, err)
		mixed, err := table.Query(Session{ID: "a"}).Select("text").One(ctx)
		check(t, err)
		if !sessions.Expired(session) || !leases.Expired(lease) || !sessions.Expired(mixed.(*Session)) {
			t.Errorf("not expired: %v, %v, %v", session, lease, mixed)
		}
	})
}

// Reads pass over what has expired, by the table's clock; writes do not.
func TestHideExpired(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		now := newClock()
		table := s.NewTable(entable.Clock(now.Now), entable.HideExpired(true))
		sessions := entable.Register[Session](table)
		ctx := t.Context()
		v := Session{ID: "1", Expires: now.now.Add(time.Hour)}
		check(t, sessions.Put(ctx, &v))
		visible := func(want bool) {
			t.Helper()
			_, err := sessions.Get(ctx, v)
			if want != (err == nil) || !want && !errors.Is(err, entable.ErrNotFound) {
				t.Errorf("get: %v", err)
			}
			if n := len(enginetest.Collect(t, sessions.Query(v).All(ctx))); n == 1 != want {
				t.Errorf("the query gives %d items", n)
			}
			if n := len(enginetest.Collect(t, table.Query(v).All(ctx))); n == 1 != want {
				t.Errorf("the mixed query gives %d items", n)
			}
			if n := len(enginetest.Collect(t, sessions.Scan().All(ctx))); n == 1 != want {
				t.Errorf("the scan gives %d items", n)
			}
			if n, err := sessions.Query(v).Count(ctx); err != nil || n == 1 != want {
				t.Errorf("counted %d (%v)", n, err)
			}
			if found, err := sessions.BatchGet(ctx, []Session{v}); err != nil || found[0] != nil != want {
				t.Errorf("the batch gives %v (%v)", found, err)
			}
			if found, err := sessions.TransactGet(ctx, []Session{v}); err != nil || found[0] != nil != want {
				t.Errorf("the transaction gives %v (%v)", found, err)
			}
		}
		visible(true)
		now.pass(time.Hour - time.Second)
		visible(true)
		now.pass(time.Second) // it has no time left
		visible(false)
		now.pass(time.Hour)
		visible(false)
		check(t, sessions.Update(v).Set("expires", now.now.Add(time.Hour)).Do(ctx))
		visible(true)

		// Without the setting they are there until the service removes them.
		plain := entable.Register[Lease](s.NewTable(entable.Clock(now.Now)))
		check(t, plain.Put(ctx, &Lease{ID: "1", Expires: 1}))
		if _, err := plain.Get(ctx, Lease{ID: "1"}); err != nil {
			t.Error(err)
		}
	})
}

// Token is kept unique, versioned and expires.
type Token struct {
	ID      string    `dynamodbav:"id"`
	Owner   string    `dynamodbav:"owner_of" entable:"unique"`
	Expires time.Time `dynamodbav:"expires" entable:"ttl"`
	Version int       `dynamodbav:"version" entable:"version"`
}

// A Create succeeds where reads see no item, on every way in, and nowhere else.
func TestCreateOverAnExpiredItem(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		now, ctx := newClock(), t.Context()
		table := s.NewTable(entable.Clock(now.Now), entable.HideExpired(true))
		sessions := entable.Register[Session](table)
		tokens := entable.Register[Token](table, entable.PK("id", entable.Prefix("TK")))
		kept := entable.Register[Lease](table, entable.PK("id", entable.Prefix("L")), entable.HideExpired(false))
		for name, create := range map[string]func(id, text string) error{
			"create": func(id, text string) error { return sessions.Create(ctx, &Session{id, text, now.now.Add(time.Hour)}) },
			"transaction": func(id, text string) error {
				return entable.Transact(ctx, []entable.Write{sessions.CreateOp(&Session{id, text, now.now.Add(time.Hour)})})
			},
			"batch": func(id, text string) error {
				return entable.BatchWrite(ctx, []entable.Write{sessions.CreateOp(&Session{id, text, now.now.Add(time.Hour)})})
			},
		} {
			check(t, create(name, "first"))
			now.pass(time.Hour - time.Second)
			if err := create(name, "early"); !errors.Is(err, entable.ErrExists) {
				t.Errorf("%s: over an item that has a second left: %v", name, err)
			}
			now.pass(time.Second)
			if err := create(name, "second"); err != nil {
				t.Errorf("%s: over an expired item: %v", name, err)
			}
			if got, err := sessions.Get(ctx, Session{ID: name}); err != nil || got.Text != "second" {
				t.Errorf("%s: read %+v, %v", name, got, err)
			}
			check(t, sessions.Put(ctx, &Session{ID: name, Text: "stays"})) // never expires
			now.pass(time.Hour)
			if err := create(name, "third"); !errors.Is(err, entable.ErrExists) {
				t.Errorf("%s: over an item that does not expire: %v", name, err)
			}
		}
		if err := sessions.Create(ctx, &Session{ID: "create"}, entable.If(expression.Name("text").Equal(expression.Value("gone")))); !is[*entable.ConditionFailedError](err) {
			t.Errorf("under a condition: %v", err)
		}
		check(t, sessions.Put(ctx, &Session{"if", "gone", now.now}))
		check(t, sessions.Create(ctx, &Session{ID: "if"}, entable.If(expression.Name("text").Equal(expression.Value("gone")))))

		// Reads do not hide these, and so they exist.
		check(t, kept.Put(ctx, &Lease{ID: "1", Expires: 1}))
		if err := kept.Create(ctx, &Lease{ID: "1"}); !errors.Is(err, entable.ErrExists) {
			t.Errorf("over an expired item that is not hidden: %v", err)
		}
		stranger := key("SI#stranger", "A")
		stranger["_type"], stranger["expires"] = avS("Ghost"), avN("1")
		s.Store(table, stranger)
		if err := sessions.Create(ctx, &Session{ID: "stranger"}); !errors.Is(err, entable.ErrExists) {
			t.Errorf("over an item of another type: %v", err)
		}

		// Unique values go with the item, and the version starts anew.
		old := Token{ID: "1", Owner: "ann", Expires: now.now.Add(time.Hour)}
		check(t, tokens.Create(ctx, &old))
		check(t, tokens.Put(ctx, &old))
		now.pass(2 * time.Hour)
		next := Token{ID: "1", Owner: "bob", Expires: now.now.Add(time.Hour)}
		check(t, tokens.Create(ctx, &next))
		if next.Version != 1 {
			t.Errorf("the new item has version %d", next.Version)
		}
		check(t, tokens.Create(ctx, &Token{ID: "2", Owner: "ann"}))
		if err := tokens.Create(ctx, &Token{ID: "3", Owner: "bob"}); !is[*entable.UniqueError](err) {
			t.Errorf("the new item's unique value: %v", err)
		}
		if err := tokens.Create(ctx, &Token{ID: "1", Owner: "cat"}); !errors.Is(err, entable.ErrExists) {
			t.Errorf("over a token that lives: %v", err)
		}
		now.pass(2 * time.Hour)
		check(t, entable.Transact(ctx, []entable.Write{tokens.CreateOp(&Token{ID: "1", Owner: "cat"})}))
		check(t, tokens.Create(ctx, &Token{ID: "3", Owner: "bob"}))
	})
}

func TestWrongExpiryFields(t *testing.T) {
	type Text struct {
		ID      string `dynamodbav:"id"`
		Expires string `dynamodbav:"expires" entable:"ttl"`
	}
	type Two struct {
		ID string    `dynamodbav:"id"`
		A  time.Time `dynamodbav:"a" entable:"ttl"`
		B  time.Time `dynamodbav:"b" entable:"ttl"`
	}
	type Other struct {
		ID    string    `dynamodbav:"id"`
		Until time.Time `dynamodbav:"until" entable:"ttl"`
	}
	var got []string
	table := entable.NewTable("expiry")
	entable.Register[Session](table)
	for _, register := range []func() error{
		func() error { _, err := entable.TryRegister[Text](table); return err },
		func() error { _, err := entable.TryRegister[Two](entable.NewTable("two")); return err },
		func() error { _, err := entable.TryRegister[Other](table); return err },
	} {
		got = append(got, fmt.Sprint(register()))
	}
	want := []string{
		"entable: Text: field Expires: tag `entable:\"ttl\"`: string cannot hold a ttl: use time.Time or int64",
		"entable: Two: field B: tag `entable:\"ttl\"`: attribute \"a\" is the ttl already",
		"entable: Other: field Until: tag `entable:\"ttl\"`: the ttl of Session is attribute \"expires\": a table has one, use the same name",
	}
	if !slices.Equal(got, want) {
		t.Errorf("errors %q, want %q", got, want)
	}
}
