package entable_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/trial"
)

// Account has unique fields of two types.
type Account struct {
	ID      string `dynamodbav:"id"`
	Email   string `dynamodbav:"email" entable:"unique"`
	Number  int    `dynamodbav:"number,omitempty" entable:"unique"`
	Name    string `dynamodbav:"name"`
	Version int    `dynamodbav:"version" entable:"version"`
}

// User is the same without a version.
type User struct {
	ID     string `dynamodbav:"id"`
	Email  string `dynamodbav:"email" entable:"unique"`
	Number int    `dynamodbav:"number,omitempty" entable:"unique"`
	Name   string `dynamodbav:"name"`
}

// sentinels reads a table past the library: the sentinels and who holds them, and what the items have.
func sentinels(t testing.TB, s *setup, table *entable.Table) (held, wanted map[string]string) {
	t.Helper()
	held, wanted = map[string]string{}, map[string]string{}
	in := &dynamodb.ScanInput{TableName: aws.String(table.Name()), ConsistentRead: aws.Bool(true)}
	for p := dynamodb.NewScanPaginator(s.SDK, in); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		check(t, err)
		for _, item := range page.Items {
			pk := item["pk"].(*types.AttributeValueMemberS).Value
			if owner, ok := item["owner"].(*types.AttributeValueMemberM); ok {
				held[pk] = owner.Value["pk"].(*types.AttributeValueMemberS).Value
				continue
			}
			entity := item["_type"].(*types.AttributeValueMemberS).Value
			if v, ok := item["email"].(*types.AttributeValueMemberS); ok && v.Value != "" {
				wanted["_unique#"+entity+"#email#"+v.Value] = pk
			}
			if v, ok := item["number"].(*types.AttributeValueMemberN); ok {
				n, err := strconv.Atoi(v.Value)
				check(t, err)
				wanted[fmt.Sprintf("_unique#%s#number#%019d", entity, n)] = pk
			}
		}
	}
	return held, wanted
}

func checkSentinels(t testing.TB, s *setup, table *entable.Table, what string) {
	t.Helper()
	held, wanted := sentinels(t, s, table)
	if !maps.Equal(held, wanted) {
		t.Fatalf("%s: the sentinels are %v, the items have %v", what, held, wanted)
	}
}

// A unique value is held by one item, through all writes and changes of the value.
func TestUniqueFields(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		accounts := entable.Register[Account](s.NewTable())
		ctx := t.Context()
		a, b := Account{ID: "a", Email: "a@x", Number: 1}, Account{ID: "b", Email: "b@x", Number: 2}
		save := func(v *Account, change func(*Account)) error {
			after := *v
			change(&after)
			err := accounts.SaveChanges(ctx, *v, &after)
			if err == nil {
				*v = after
			}
			return err
		}
		for i, step := range []struct {
			write func() error
			taken string // the attribute whose value is taken
		}{
			{func() error { return accounts.Create(ctx, &a) }, ""},
			{func() error { return accounts.Put(ctx, &b) }, ""},
			{func() error { return accounts.Create(ctx, &Account{ID: "c", Email: "a@x"}) }, "email"},
			{func() error { return accounts.Put(ctx, &Account{ID: "c", Email: "c@x", Number: 2}) }, "number"},
			{func() error { b.Email = "a@x"; err := accounts.Put(ctx, &b); b.Email = "b@x"; return err }, "email"},
			{func() error { return accounts.Put(ctx, &b) }, ""}, // nothing changes
			{func() error { b.Email = "b2@x"; return accounts.Put(ctx, &b) }, ""},
			{func() error { return accounts.Patch(&b).Set("email", "a@x").Do(ctx) }, "email"},
			{func() error { return accounts.Patch(&b).Set("email", "b3@x").Do(ctx) }, ""},
			{func() error { return accounts.Patch(&b).Add("number", 5).Do(ctx) }, ""},
			{func() error { return accounts.Update(b).Set("number", 1).Do(ctx) }, "number"},
			{func() error { return accounts.Update(Account{ID: "b", Email: "junk"}).Remove("number").Do(ctx) }, ""},
			{func() error { return accounts.Update(b).SetIfAbsent("number", 8).Do(ctx) }, ""},
			{func() error { return accounts.Update(b).Set("name", "b").Do(ctx) }, ""},
			{func() error {
				got, err := accounts.Update(b).Set("number", 9).Set("name", "nine").Updated(ctx)
				if err == nil {
					b = *got
				}
				return err
			}, ""},
			{func() error { return save(&b, func(v *Account) { v.Email = "a@x" }) }, "email"},
			{func() error { return save(&b, func(v *Account) { v.Email, v.Number = "b4@x", 0 }) }, ""},
			{func() error {
				return accounts.Update(Account{ID: "d", Number: 77}).Upsert().Set("email", "d@x").Do(ctx)
			}, ""},
			{func() error { return accounts.Update(Account{ID: "d"}).Upsert().Set("email", "a@x").Do(ctx) }, "email"},
			{func() error { return accounts.Update(Account{ID: "e"}).Upsert().Set("name", "e").Do(ctx) }, ""},
			{func() error { return accounts.Put(ctx, &Account{ID: "e", Email: "e@x", Version: 1}) }, ""}, // which had none
			{func() error { return accounts.Remove(ctx, &a) }, ""},
			{func() error { return save(&b, func(v *Account) { v.Email = "a@x" }) }, ""}, // it is free now
			{func() error { return accounts.Delete(ctx, Account{ID: "d"}) }, ""},
			{func() error { return accounts.Delete(ctx, Account{ID: "d"}) }, ""}, // it is not there
			{func() error {
				return entable.Transact(ctx, []entable.Write{accounts.CreateOp(&Account{ID: "f", Email: "f@x"}), accounts.DeleteOp(Account{ID: "e"})})
			}, ""},
			{func() error {
				return entable.BatchWrite(ctx, []entable.Write{accounts.PutOp(&Account{ID: "g", Email: "g@x"}), accounts.DeleteOp(Account{ID: "f"})})
			}, ""},
			{func() error { // what one gives up the other takes
				return entable.Transact(ctx, []entable.Write{accounts.Update(Account{ID: "g"}).Set("email", "a@x"), accounts.Update(b).Set("email", "g@x")})
			}, ""},
			{func() error { // and the one takes what nobody gives up
				return entable.Transact(ctx, []entable.Write{accounts.Update(Account{ID: "g"}).Set("email", "g@x"), accounts.Update(b).Set("number", 4)})
			}, "email"},
		} {
			err := step.write()
			taken, ok := errors.AsType[*entable.UniqueError](err)
			switch {
			case step.taken == "" && err != nil:
				t.Fatalf("step %d: %v", i, err)
			case step.taken != "" && (!ok || taken.Attribute != step.taken || !errors.Is(err, entable.ErrExists)):
				t.Fatalf("step %d: %v, want a *UniqueError of %s", i, err, step.taken)
			}
			checkSentinels(t, s, accounts.Table(), fmt.Sprintf("step %d", i))
		}
	})
}

// Random writes of few items with few values, at once: afterwards each value has the sentinel of its item.
func TestUniqueFieldsUnderRandomWrites(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		writers, each := 8, 25
		if s.Engine == "local" {
			writers, each = 3, 15
		}
		users := entable.Register[User](s.NewTable())
		ctx := t.Context()
		rnd := trial.Rand(t)
		var wg sync.WaitGroup
		for w := range writers {
			seed := rnd.IntN(1 << 30)
			wg.Go(func() {
				for i := range each {
					n := seed + w*7919 + i*104729
					id, email := fmt.Sprint(n%3), fmt.Sprintf("%d@x", n/3%4)
					if err := writeUser(ctx, users, n/12%8, id, email, n/96%3); err != nil && !entable.IsRetryable(err) && !errors.Is(err, entable.ErrExists) && !errors.Is(err, entable.ErrNotFound) &&
						!is[*entable.ConditionFailedError](err) {
						t.Errorf("write %d: %v", i, err)
						return
					}
				}
			})
		}
		wg.Wait()
		checkSentinels(t, s, users.Table(), "at the end")
	})
}

func writeUser(ctx context.Context, users *entable.Entity[User], how int, id, email string, number int) error {
	v := User{ID: id, Email: email, Number: number}
	switch how {
	case 0:
		return users.Create(ctx, &v)
	case 1:
		return users.Put(ctx, &v)
	case 2:
		return users.Patch(&v).Set("email", email+"x").Do(ctx)
	case 3:
		return users.Update(v).Set("email", email).Do(ctx)
	case 4:
		return users.Update(v).Upsert().Remove("email").Set("number", number+1).Do(ctx)
	case 5:
		got, err := users.Get(ctx, v)
		if err != nil {
			return nil
		}
		after := *got
		after.Email, after.Number = email, number
		return users.SaveChanges(ctx, *got, &after)
	case 6:
		return users.Remove(ctx, &v)
	}
	return entable.Transact(ctx, []entable.Write{users.PutOp(&v), users.DeleteOp(User{ID: "x" + id})})
}

func TestConcurrentCreatesOfOneUniqueValue(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		writers := 100
		if s.Engine == "local" {
			writers = 20
		}
		accounts := entable.Register[Account](s.NewTable())
		var created atomic.Int32
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				v := Account{ID: fmt.Sprint(i), Email: "one@x"}
				var err error
				if i%2 == 0 {
					err = accounts.Create(t.Context(), &v)
				} else {
					err = accounts.Put(t.Context(), &v)
				}
				switch {
				case err == nil:
					created.Add(1)
				case v.Version != 0:
					t.Errorf("after the failure the caller has %+v", v)
				case !errors.Is(err, entable.ErrExists) && !errors.Is(err, entable.ErrConflict):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if created.Load() != 1 {
			t.Errorf("%d items with one unique value were created, want 1", created.Load())
		}
		checkSentinels(t, s, accounts.Table(), "at the end")
	})
}

// A transaction of another on a sentinel is waited for.
func TestUniqueWriteDuringAnotherTransaction(t *testing.T) {
	s := onMemory(t)
	accounts := entable.Register[Account](s.NewTable())
	left := 2
	accounts.Table().Use(transactClient{wrapper{s.SDK}, func() error {
		if left--; left >= 0 {
			return &types.TransactionCanceledException{Message: aws.String("conflict"), CancellationReasons: []types.CancellationReason{
				{Code: aws.String("None")}, {Code: aws.String("TransactionConflict"), Message: aws.String("Transaction is ongoing for the item")},
			}}
		}
		return nil
	}})
	check(t, accounts.Create(t.Context(), &Account{ID: "1", Email: "a"}))
	if left != -1 {
		t.Errorf("%d attempts were made", 2-left)
	}
}

// transactClient can refuse transactions.
type transactClient struct {
	wrapper
	before func() error
}

func (c transactClient) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if err := c.before(); err != nil {
		return nil, err
	}
	return c.wrapper.TransactWriteItems(ctx, in, opts...)
}

// A writer that changes the value between the reading and the writing of another is noticed.
func TestUniqueValueThatChangesInBetween(t *testing.T) {
	s := onMemory(t)
	table := s.NewTable()
	users := entable.Register[User](table)
	for name, write := range map[string]func(*User) error{
		"put":    func(v *User) error { v.Email = "c@x"; return users.Put(t.Context(), v) },
		"update": func(v *User) error { return users.Update(*v).Set("email", "c@x").Do(t.Context()) },
		"remove": func(v *User) error { return users.Remove(t.Context(), v) },
	} {
		table.Use(s.SDK)
		v := User{ID: name, Email: name + "a@x"}
		check(t, users.Create(t.Context(), &v))
		raced := false
		table.Use(transactClient{wrapper{s.SDK}, func() error {
			if raced {
				return nil
			}
			raced = true
			ctx := entable.WithClient(t.Context(), s.SDK)
			return users.Update(v).Set("email", name+"b@x").Do(ctx)
		}})
		check(t, write(&v))
		checkSentinels(t, s, table, name)
		check(t, users.Delete(t.Context(), v))
	}
}

// A sentinel that names another item is not deleted with this one.
func TestSentinelOfAnotherItemStays(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		users := entable.Register[User](s.NewTable())
		a, b := User{ID: "a", Email: "a@x"}, User{ID: "b", Email: "b@x"}
		check(t, users.Create(t.Context(), &a))
		check(t, users.Create(t.Context(), &b))
		sentinel := s.Load(users.Table(), key("_unique#User#email#a@x", "A"))
		sentinel["owner"] = &types.AttributeValueMemberM{Value: key("UI#b", "A")}
		s.Store(users.Table(), sentinel)
		err := users.Remove(t.Context(), &a)
		if u, ok := errors.AsType[*entable.UniqueError](err); !ok || u.Attribute != "email" {
			t.Errorf("error %v", err)
		}
		if s.Load(users.Table(), key("_unique#User#email#a@x", "A")) == nil {
			t.Error("the sentinel is gone")
		}
	})
}

// In whatever order the writes of a transaction stand, its items exchange their unique values, one by several and several by one.
func TestTransactionsExchangeUniqueValues(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		users := entable.Register[User](s.NewTable())
		for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
			for _, u := range []User{{ID: "a", Email: "1", Number: 1}, {ID: "b", Email: "2", Number: 2}, {ID: "c", Email: "3", Number: 3}} {
				check(t, users.Put(t.Context(), &u))
			}
			now := []User{{ID: "a", Email: "2", Number: 3}, {ID: "b", Email: "1"}, {ID: "c", Number: 1}}
			writes := []entable.Write{users.PutOp(&now[0]), users.PutOp(&now[1]), users.PutOp(&now[2])}
			if err := entable.Transact(t.Context(), []entable.Write{writes[order[0]], writes[order[1]], writes[order[2]]}); err != nil {
				t.Fatalf("in the order %v: %v", order, err)
			}
			checkSentinels(t, s, users.Table(), fmt.Sprint("in the order ", order))
			for _, u := range now {
				check(t, users.Remove(t.Context(), &u))
			}
		}
	})
}
