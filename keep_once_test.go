package entable_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/memory"
)

// Tally has no version, so that nothing tells one update of it from two.
type Tally struct {
	ID    string         `dynamodbav:"id"`
	N     int            `dynamodbav:"n"`
	Words []string       `dynamodbav:"words"`
	Tags  []string       `dynamodbav:"tags,stringset,omitempty"`
	Parts map[string]int `dynamodbav:"parts"`
}

type tallyUpdate = *entable.Update[Tally]

// An update that the SDK has sent twice, because an answer was lost, may be done twice. That is no success where it makes a difference.
func TestRepeatedUpdates(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		line := losing(s)
		tallies := entable.Register[Tally](s.NewTable())
		ctx := t.Context()
		yes := expression.AttributeExists(expression.Name("n"))
		for name, test := range map[string]struct {
			update func(u tallyUpdate) tallyUpdate
			same   bool // to do it twice
		}{
			"set":              {func(u tallyUpdate) tallyUpdate { return u.Set("n", 5) }, true},
			"set if absent":    {func(u tallyUpdate) tallyUpdate { return u.SetIfAbsent("n", 5) }, true},
			"remove":           {func(u tallyUpdate) tallyUpdate { return u.Remove("n", "parts.a") }, true},
			"set a part":       {func(u tallyUpdate) tallyUpdate { return u.Set("parts.a", 5) }, true},
			"add to a set":     {func(u tallyUpdate) tallyUpdate { return u.Add("tags", []string{"b"}) }, true},
			"take from a set":  {func(u tallyUpdate) tallyUpdate { return u.DeleteFromSet("tags", []string{"a"}) }, true},
			"add":              {func(u tallyUpdate) tallyUpdate { return u.Add("n", 5) }, false},
			"add to a part":    {func(u tallyUpdate) tallyUpdate { return u.Add("parts.a", 5) }, false},
			"subtract":         {func(u tallyUpdate) tallyUpdate { return u.Subtract("n", 5) }, false},
			"append":           {func(u tallyUpdate) tallyUpdate { return u.Append("words", []string{"x"}) }, false},
			"prepend":          {func(u tallyUpdate) tallyUpdate { return u.Prepend("words", []string{"x"}) }, false},
			"add to the end":   {func(u tallyUpdate) tallyUpdate { return u.Set("words[9]", "x") }, false},
			"remove elements":  {func(u tallyUpdate) tallyUpdate { return u.Remove("words[0]") }, false},
			"add if":           {func(u tallyUpdate) tallyUpdate { return u.Add("n", 5).If(yes) }, false},
			"add to an upsert": {func(u tallyUpdate) tallyUpdate { return u.Upsert().Add("n", 5) }, false},
		} {
			v := Tally{ID: name, N: 1, Words: []string{"a", "b", "c"}, Tags: []string{"a", "z"}, Parts: map[string]int{"a": 1}}
			check(t, tallies.Put(ctx, &v))
			line.lose = 1
			err := test.update(tallies.Update(v)).Do(ctx)
			if line.lose != 0 || test.same != (err == nil) || err != nil && (!isUnknown(err) || !strings.Contains(err.Error(), "Once")) {
				t.Errorf("%s: error %v", name, err)
			}

			check(t, tallies.Put(ctx, &v))
			line.half = 1
			err = test.update(tallies.Update(v)).Do(ctx)
			if line.half != 0 || s.Route == enginetest.Direct && test.same != (err == nil) || err != nil && !isUnknown(err) {
				t.Errorf("%s: half of the answer gives error %v", name, err)
			}

			check(t, tallies.Put(ctx, &v))
			want, err := test.update(tallies.Update(v)).Updated(ctx)
			check(t, err)
			check(t, tallies.Put(ctx, &v))
			line.lose = 1
			got, err := test.update(tallies.Update(v)).Once().Updated(ctx)
			if err != nil || line.lose != 0 {
				t.Errorf("%s once: %v", name, err)
				continue
			}
			same(t, name+" once", *got, *want)
		}
	})
}

// What an update gives back of the item before it may be its own result when it was sent twice.
func TestRepeatedPrevious(t *testing.T) {
	s := onMemory(t)
	line := losing(s)
	tallies := entable.Register[Tally](s.NewTable())
	v := Tally{ID: "1", N: 1}
	check(t, tallies.Put(t.Context(), &v))
	line.lose = 1
	if was, err := tallies.Update(v).Set("n", 2).Previous(t.Context()); !isUnknown(err) {
		t.Errorf("the item before was %+v, %v", was, err)
	}
	_, err := tallies.Update(v).Set("n", 2).Once().Previous(t.Context())
	if want := "entable: Tally: Previous with Once: it takes a transaction, which gives nothing back"; err == nil || err.Error() != want {
		t.Errorf("error %v", err)
	}
}

// throttling refuses the first request as its spy says.
type throttling struct {
	enginetest.Spy
	next dynamodb.HTTPClient
}

func (h *throttling) Do(r *http.Request) (*http.Response, error) {
	if h.Sent("") == 0 {
		return h.Spy.Do(r)
	}
	return h.next.Do(r)
}

// An attempt that the service has refused was not carried out.
func TestRefusedAttemptsAreNotLost(t *testing.T) {
	s := onMemory(t)
	line := losing(s)
	tallies := entable.Register[Tally](s.NewTable())
	check(t, tallies.Put(t.Context(), &Tally{ID: "1"}))
	throttled := &throttling{next: line.next}
	line.next = throttled
	for _, answer := range []struct {
		status int
		code   string
	}{{http.StatusBadRequest, "ProvisionedThroughputExceededException"}, {http.StatusServiceUnavailable, "ThrottlingException"}} {
		throttled.Refuse(answer.status, answer.code)
		if err := tallies.Update(Tally{ID: "1"}).Add("n", 1).Do(t.Context()); err != nil || throttled.Sent("") != 1 {
			t.Errorf("%+v: %v", answer, err)
		}
	}
	got, err := tallies.Get(t.Context(), Tally{ID: "1"})
	if check(t, err); got.N != 2 {
		t.Errorf("the number is %d, want 2", got.N)
	}
}

// Once is for all updates: of instances, in batches, with unique fields, with counters that are made.
func TestOnce(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		line := losing(s)
		table := s.NewTable()
		tallies, counters := entable.Register[Tally](table), entable.Register[Counter](table)
		ctx := t.Context()
		v, c := Tally{ID: "1"}, Counter{ID: "1"}
		check(t, tallies.Put(ctx, &v))
		check(t, counters.Put(ctx, &c))

		line.lose = 1
		check(t, tallies.Patch(&v).Once().Append("words", []string{"a"}).Do(ctx))
		line.lose = 1
		check(t, counters.Patch(&c).Once().Add("sum", 1).Do(ctx))
		line.lose = 1
		check(t, entable.BatchWrite(ctx, []entable.Write{tallies.Update(v).Once().Append("words", []string{"b"})}))
		line.lose = 1
		check(t, tallies.Update(v).Once().SetIfAbsent("parts", map[string]int{}).Add("parts.x", 1).Do(ctx))
		line.lose = 1
		check(t, tallies.Update(Tally{ID: "2"}).Once().Upsert().Add("n", 1).Do(ctx))
		if fmt.Sprint(v.Words) != "[a]" || c != (Counter{"1", 1, 2}) {
			t.Errorf("the callers have %+v and %+v", v, c)
		}
		for id, want := range map[string]string{"1": "{1 0 [a b] [] map[x:1]}", "2": "{2 1 [] [] map[]}"} {
			got, err := tallies.Get(ctx, Tally{ID: id})
			if check(t, err); fmt.Sprint(*got) != want {
				t.Errorf("stored %v, want %s", *got, want)
			}
		}

		line.lose = 3
		err := tallies.Update(v).Once().Add("n", 1).Do(ctx)
		if !isUnknown(err) || line.lose != 0 {
			t.Errorf("all answers were lost: %v", err)
		}
		err = tallies.Update(Tally{ID: "none"}).Once().Add("n", 1).Do(ctx)
		if !errors.Is(err, entable.ErrNotFound) || isUnknown(err) {
			t.Errorf("of no item: %v", err)
		}
	})
}

// Voucher is generated in all ways, and has a value that no other may have.
type Voucher struct {
	ID      string    `dynamodbav:"id" entable:"auto=ulid"`
	Number  string    `dynamodbav:"number,omitempty" entable:"unique"`
	Made    time.Time `dynamodbav:"made" entable:"auto=iso8601"`
	Touched int64     `dynamodbav:"touched" entable:"touch=epoch_ms"`
	Sum     int       `dynamodbav:"sum"`
	Ref     string    `dynamodbav:"ref" entable:"auto=uuid4"`
}

// Posting is one of many that the time tells apart.
type Posting struct {
	Book string    `dynamodbav:"book"`
	At   time.Time `dynamodbav:"at" entable:"auto=now"`
	Text string    `dynamodbav:"text"`
}

// A transaction whose outcome is unknown can be repeated with its token: the contents are the same, whatever the time is then.
func TestTransactionsAreRepeated(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		line := losing(s)
		now := newClock()
		table := s.NewTable(entable.Clock(now.Now))
		vouchers := entable.Register[Voucher](table)
		entries := entable.Register[Posting](table, entable.PK("book"), entable.SK("at"))
		ctx := t.Context()
		token := rand.Text() // an account knows it for all tables
		old := Voucher{ID: "old", Number: "1"}
		check(t, vouchers.Put(ctx, &old))
		was := old
		one, two, log := Voucher{Number: "2"}, Voucher{ID: "two"}, []Posting{{Book: "b", Text: "x"}, {Book: "b", Text: "y"}}
		pay := func() error {
			return entable.Transact(ctx, []entable.Write{
				vouchers.CreateOp(&one), vouchers.PutOp(&two), entries.PutOp(&log[0]), entries.PutOp(&log[1]),
				vouchers.Update(Voucher{ID: "old"}).Add("sum", 5).Set("number", "3"), // which reads the number
				vouchers.Update(Voucher{ID: "upserted"}).Upsert().Add("sum", 7),
			}, entable.ClientToken(token))
		}
		line.lose, line.only = 3, "TransactWriteItems"
		err := pay()
		te, ok := errors.AsType[*entable.TransactionError](err)
		if !ok || !te.Unknown || !strings.Contains(err.Error(), "unknown whether") || len(te.Reasons) > 0 {
			t.Fatalf("all answers were lost: %v", err)
		}
		if one.ID == "" || !one.Made.IsZero() || two.Touched != 0 {
			t.Errorf("the callers have %+v and %+v", one, two)
		}
		first := now.now
		now.pass(time.Minute)
		check(t, pay())
		if !one.Made.Equal(first) || one.Touched != first.UnixMilli() || !log[1].At.After(log[0].At) {
			t.Errorf("the callers have %+v and %+v", one, log)
		}
		for _, v := range []Voucher{one, two} {
			stored, err := vouchers.Get(ctx, v)
			check(t, err)
			if stored.Made, v.Made = stored.Made.UTC(), v.Made.UTC(); *stored != v {
				t.Errorf("stored %+v, the caller has %+v", stored, v)
			}
		}
		stored, err := vouchers.Get(ctx, was)
		if check(t, err); stored.Sum != 5 || stored.Number != "3" {
			t.Errorf("stored %+v", stored)
		}
		if n, err := entries.Query(Posting{Book: "b"}).Count(ctx); err != nil || n != 2 {
			t.Errorf("%d entries, %v", n, err)
		}

		// What is known to have failed is generated anew.
		three := Voucher{ID: "three"}
		create := func(token string) error {
			return entable.Transact(ctx, []entable.Write{vouchers.PutOp(&three), vouchers.CreateOp(&Voucher{ID: "old"})}, entable.ClientToken(token))
		}
		if err := create(rand.Text()); err == nil || is[*types.IdempotentParameterMismatchException](err) {
			t.Errorf("error %v", err)
		} else if te, ok := errors.AsType[*entable.TransactionError](err); !ok || te.Unknown {
			t.Errorf("what was refused is unknown: %v", err)
		}
		check(t, vouchers.Delete(ctx, Voucher{ID: "old"}))
		now.pass(time.Minute)
		check(t, create(rand.Text()))
		if !three.Made.Equal(now.now) {
			t.Errorf("made at %s, want %s", three.Made, now.now)
		}
	})
}

// What Once gives back is read after the write: an error of that says that the write was carried out, and asks for no other.
func TestOnceCannotReadBack(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	tallies := entable.Register[Tally](s.NewTable())
	ctx := t.Context()
	check(t, tallies.Put(ctx, &Tally{ID: "1"}))
	refused, _ := answers("GetItem", `{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}`)
	s.Spy.Before(refused)
	got, err := tallies.Update(Tally{ID: "1"}).Once().Add("n", 1).Updated(ctx)
	if got != nil || !errors.Is(err, entable.ErrThrottled) || !strings.Contains(err.Error(), "Update Tally[") || !strings.Contains(err.Error(), "was carried out, but") {
		t.Errorf("got %v, %v", got, err)
	}
	if entable.IsRetryable(err) || isUnknown(err) {
		t.Errorf("the update is to be repeated: %v", err)
	}
	if v, err := tallies.Get(ctx, Tally{ID: "1"}); err != nil || v.N != 1 {
		t.Errorf("stored %+v, %v", v, err)
	}
}

// A transaction that was refused before it was sent is another one when it is repeated.
func TestTransactionsThatWereNotSent(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	vouchers := entable.Register[Voucher](s.NewTable())
	ctx := t.Context()
	token := entable.ClientToken(rand.Text())
	number := func() error {
		return entable.Transact(ctx, []entable.Write{vouchers.Update(Voucher{ID: "late"}).Set("number", "9")}, token)
	}
	if err := number(); !errors.Is(err, entable.ErrNotFound) {
		t.Errorf("error %v", err)
	}
	check(t, vouchers.Put(ctx, &Voucher{ID: "late"}))
	check(t, number())
}

// A transaction that was carried out, whose answer was lost and whose repetition is refused for a reason that has nothing to do with what is
// stored, is unknown: it is not sent again under another token, neither by the library nor by RetryOnConflict.
func TestTransactionsRefusedBehindALostAnswer(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]memory.Fault{"conflict": memory.Conflict(), "throttled": memory.Throttle()} {
		s := onMemory(t)
		line := losing(s)
		tallies := entable.Register[Tally](s.NewTable())
		for how, add := range map[string]func(Tally) error{
			"Once": func(v Tally) error { return tallies.Update(v).Add("n", 1).Once().Do(t.Context()) },
			"Transact": func(v Tally) error {
				return entable.Transact(t.Context(), []entable.Write{tallies.Update(v).Add("n", 1)})
			},
			"RetryOnConflict": func(v Tally) error {
				return entable.RetryOnConflict(t.Context(), func() error {
					return entable.Transact(t.Context(), []entable.Write{tallies.Update(v).Add("n", 1)})
				})
			},
		} {
			v := Tally{ID: how}
			check(t, tallies.Put(t.Context(), &v))
			line.lose = 1
			remove := s.DB.Inject(refusal.On("TransactWriteItems").After(1).Times(2))
			err := add(v)
			remove()
			te, _ := errors.AsType[*entable.TransactionError](err)
			if !isUnknown(err) && (te == nil || !te.Unknown) {
				t.Errorf("%s, %s: error %v", name, how, err)
			}
			if got, err := tallies.Get(t.Context(), v); err != nil || got.N != 1 {
				t.Errorf("%s, %s: stored %+v (%v)", name, how, got, err)
			}
		}
	}
}

// What was prepared anew, as it met another item than was expected, is the same when the transaction is repeated with its token.
func TestTransactionsThatWerePreparedAnewAreRepeated(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		line := losing(s)
		tallies := entable.Register[Tally](s.NewTable())
		ctx := t.Context()
		check(t, tallies.Put(ctx, &Tally{ID: "1"})) // its parts are NULL
		token := rand.Text()
		write := func() error {
			u := tallies.Update(Tally{ID: "1"}).SetIfAbsent("parts", map[string]int{}).Add("parts.a", 1)
			return entable.Transact(ctx, []entable.Write{u}, entable.ClientToken(token))
		}
		sent := 0
		s.Spy.Before(func(op, _ string) string {
			if op == "TransactWriteItems" {
				if sent++; sent == 1 { // it meets NULL, and the next ones lose their answers
					line.lose, line.only = 3, op
				}
			}
			return ""
		})
		line.next = s.Spy
		if te, ok := errors.AsType[*entable.TransactionError](write()); !ok || !te.Unknown {
			t.Fatalf("all answers were lost: %v", te)
		}
		check(t, write())
		if got, err := tallies.Get(ctx, Tally{ID: "1"}); err != nil || got.Parts["a"] != 1 {
			t.Errorf("stored %+v (%v)", got, err)
		}
	})
}
