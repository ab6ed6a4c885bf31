package entable_test

import (
	"context"
	"crypto/rand"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/memory"
)

// All writes of several entities and tables happen, or none; the structs have their values afterwards.
func TestTransact(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		one, two := s.NewTable(), s.NewTable(entable.GSI("gsi1"))
		parcels, counters, ships := declareParcels(one), entable.Register[Counter](one), declareShipments(two)
		ctx := t.Context()
		old, counter := parcel(), Counter{ID: "1", Sum: 1}
		old.ID = "old"
		check(t, parcels.Put(ctx, &old))
		check(t, counters.Put(ctx, &counter))
		check(t, counters.Put(ctx, &Counter{ID: "gone"}))
		yes := expression.Name("status").Equal(expression.Value("new"))
		v, ship, after := parcel(), Shipment{ID: "1", Carrier: "x"}, counter
		after.Sum = 5
		writes := func(condition expression.ConditionBuilder) []entable.Write {
			return []entable.Write{
				parcels.CreateOp(&v), ships.PutOp(&ship), counters.SaveChangesOp(counter, &after),
				parcels.CheckOp(Parcel{ID: "old"}, condition), counters.DeleteOp(Counter{ID: "gone"}),
				upsertParcel(parcels, "upserted").Set("count", 3),
			}
		}
		before := []any{v, ship, after}
		err := entable.Transact(ctx, writes(expression.Not(yes)))
		te, ok := errors.AsType[*entable.TransactionError](err)
		if !ok || len(te.Writes) != 6 || len(te.Reasons) != 1 || te.Reasons[0].Index != 3 || te.Reasons[0].Code != "ConditionalCheckFailed" || te.Reasons[0].Entity != "Parcel" {
			t.Fatalf("error %v", err)
		}
		if c, ok := te.Reasons[0].Err.(*entable.ConditionFailedError); !ok || c.Stored.(*Parcel).ID != "old" {
			t.Errorf("reason %v", te.Reasons[0].Err)
		}
		if !is[*types.TransactionCanceledException](err) {
			t.Error("the SDK's error is not in the chain")
		}
		if now := []any{v, ship, after}; !reflect.DeepEqual(now, before) {
			t.Errorf("after the failure the caller has %+v, had %+v", now, before)
		}
		if _, err := parcels.Get(ctx, v); !errors.Is(err, entable.ErrNotFound) {
			t.Errorf("a part is written: %v", err)
		}

		check(t, entable.Transact(ctx, writes(yes)))
		if ship.Version != 1 || after.Version != 2 {
			t.Errorf("the caller has %+v and %+v", ship, after)
		}
		if got, err := counters.Get(ctx, counter); err != nil || *got != after {
			t.Errorf("stored %+v, %v", got, err)
		}
		if _, err := counters.Get(ctx, Counter{ID: "gone"}); !errors.Is(err, entable.ErrNotFound) {
			t.Errorf("not deleted: %v", err)
		}
		if got, err := parcels.Get(ctx, Parcel{ID: "upserted"}); err != nil || got.Count != 3 {
			t.Errorf("stored %+v, %v", got, err)
		}
		check(t, entable.Transact(ctx, nil))
		s.Spy.Reset()
		check(t, entable.Transact(ctx, []entable.Write{counters.SaveChangesOp(after, new(after))}))
		if s.Spy.Sent("") != 0 {
			t.Error("a transaction of nothing was sent")
		}
	})
}

// A hundred items are the limit, and go.
func TestLargestTransaction(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		users := entable.Register[User](s.NewTable())
		var writes []entable.Write
		for i := range 33 {
			writes = append(writes, users.CreateOp(&User{ID: string(rune('A' + i)), Email: string(rune('A' + i)), Number: i + 1}))
		}
		writes = append(writes, users.DeleteOp(User{ID: "none"}))
		check(t, entable.Transact(t.Context(), writes))
		checkSentinels(t, s, users.Table(), "afterwards")
	})
}

// The same token and contents are carried out once.
func TestClientToken(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		parcels := declareParcels(s.NewTable())
		ctx, token := t.Context(), entable.ClientToken(rand.Text()) // tokens are the account's
		check(t, parcels.Put(ctx, new(parcel())))
		for range 3 {
			check(t, entable.Transact(ctx, []entable.Write{parcels.Update(Parcel{ID: "1"}).Add("count", 1)}, token))
		}
		if got, err := parcels.Get(ctx, Parcel{ID: "1"}); err != nil || got.Count != 6 {
			t.Errorf("stored %+v, %v", got, err)
		}
		err := entable.Transact(ctx, []entable.Write{parcels.Update(Parcel{ID: "1"}).Add("count", 2)}, token)
		if !is[*types.IdempotentParameterMismatchException](err) || !is[*entable.TransactionError](err) {
			t.Errorf("another transaction with the token: %v", err)
		}
	})
}

// Conflicts and throttling are told from failed conditions.
func TestReasonsOfTransactions(t *testing.T) {
	s := badLine(t, enginetest.Direct)
	parcels := declareParcels(s.NewTable())
	for _, test := range []struct {
		fault memory.Fault
		is    error
		want  string
	}{
		{memory.Conflict(), entable.ErrConflict, `entable: transaction of 2 writes cancelled: write 0, Parcel[pk="PI#1" sk="A"]: another write is on the item`},
		{memory.Throttle(), entable.ErrThrottled, `entable: transaction of 2 writes cancelled: write 0, Parcel[pk="PI#1" sk="A"]: throttled`},
	} {
		remove := s.DB.Inject(test.fault.On("TransactWriteItems"))
		v := parcel()
		err := entable.Transact(t.Context(), []entable.Write{parcels.PutOp(&v), parcels.DeleteOp(Parcel{ID: "2"})})
		if !errors.Is(err, test.is) || !entable.IsRetryable(err) || is[*entable.ConditionFailedError](err) || err.Error() != test.want {
			t.Errorf("error %v, want %s", err, test.want)
		}
		remove()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := entable.Transact(ctx, []entable.Write{parcels.DeleteOp(Parcel{ID: "2"})}); !errors.Is(err, context.Canceled) || !is[*entable.TransactionError](err) {
		t.Errorf("cancelled: %v", err)
	}
	err := entable.Transact(t.Context(), []entable.Write{upsertParcel(parcels, "2").Append("lines", []ParcelLine{{strings.Repeat("x", 500_000), 1}})})
	if !is[*entable.ItemTooLargeError](err) {
		t.Errorf("too large: %v", err)
	}
}

// A connection that breaks after the transaction does not carry it out twice: the SDK sends its token again.
func TestTransactionOverABrokenConnection(t *testing.T) {
	s := badLine(t, enginetest.Direct)
	parcels := declareParcels(s.NewTable())
	check(t, parcels.Put(t.Context(), new(parcel())))
	s.DB.Inject(memory.DropAfter().On("TransactWriteItems").Times(2))
	check(t, entable.Transact(t.Context(), []entable.Write{parcels.Update(Parcel{ID: "1"}).Add("count", 1)}))
	if got, err := parcels.Get(t.Context(), Parcel{ID: "1"}); err != nil || got.Count != 6 {
		t.Errorf("stored %+v, %v", got, err)
	}
}

// Tables on the plain and on the direct route mix in one batch and one transaction.
func TestRoutesMix(t *testing.T) {
	s := onMemory(t)
	plain, direct := declareParcels(s.NewTable(entable.PlainRoute())), entable.Register[Counter](s.NewTable())
	for name, write := range map[string]func([]entable.Write) error{
		"Transact": func(w []entable.Write) error { return entable.Transact(t.Context(), w) },
		"Batch":    func(w []entable.Write) error { return entable.BatchWrite(t.Context(), w) },
	} {
		check(t, write([]entable.Write{plain.PutOp(&Parcel{ID: name, Status: "new", Address: ParcelAddress{City: "x"}}), direct.CreateOp(&Counter{ID: name})}))
		if _, err := plain.Get(t.Context(), Parcel{ID: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := direct.Get(t.Context(), Counter{ID: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What another writer did to a sentinel's item between reading and writing is no failure of a transaction.
func TestRacedTransactionIsPreparedAgain(t *testing.T) {
	s := onMemory(t)
	users := entable.Register[User](s.NewTable())
	ctx := t.Context()
	check(t, users.Create(ctx, &User{ID: "1", Email: "a"}))
	left := 2
	users.Table().Use(transactClient{wrapper{s.SDK}, func() error {
		if left--; left >= 0 {
			item := key("UI#1", "A")
			item["id"], item["_type"], item["email"] = avS("1"), avS("User"), avS("")
			s.Store(users.Table(), item)
		}
		return nil
	}})
	check(t, entable.Transact(ctx, []entable.Write{users.PutOp(&User{ID: "1", Email: "b"})}))
	if got, err := users.Get(ctx, User{ID: "1"}); err != nil || got.Email != "b" {
		t.Errorf("stored %+v, %v", got, err)
	}
	if !errors.Is(users.Create(ctx, &User{ID: "2", Email: "b"}), entable.ErrExists) {
		t.Error("the value is not unique")
	}
}

// After a transaction that failed the structs are what they were, but for generated ids.
func TestIDsAfterFailedTransactions(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		entries, counters := entable.Register[Entry](table, entable.PK("source"), entable.SK("id")), entable.Register[Counter](table)
		entry, stale := Entry{Source: "s"}, Counter{ID: "1", Version: 4}
		writes := func() []entable.Write { return []entable.Write{entries.PutOp(&entry), counters.PutOp(&stale)} }
		if err := entable.Transact(t.Context(), writes()); !is[*entable.ConditionFailedError](err) {
			t.Fatalf("error %v", err)
		}
		id := entry.ID
		if len(id) != 26 || entry.Status != "" || stale.Version != 4 {
			t.Errorf("the caller has %+v and %+v", entry, stale)
		}
		stale.Version = 0
		check(t, entable.Transact(t.Context(), writes()))
		if entry.ID != id || entry.Status != "new" || stale.Version != 1 {
			t.Errorf("the caller has %+v and %+v", entry, stale)
		}
	})
}
