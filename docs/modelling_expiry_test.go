package docs_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

type Session struct {
	Token   string    `dynamodbav:"token" entable:"auto=uuid4"`
	User    string    `dynamodbav:"user"`
	Expires time.Time `dynamodbav:"expires" entable:"ttl"`
}

// Lease is a lock: whoever creates it holds it until it expires.
type Lease struct {
	Name    string    `dynamodbav:"name"`
	Holder  string    `dynamodbav:"holder" entable:"auto=uuid4"` // tells this holder from all others
	Expires time.Time `dynamodbav:"expires" entable:"ttl"`
}

// Handled is the mark of a request that was carried out.
type Handled struct {
	Key     string    `dynamodbav:"key"` // of the client's choice, the same in each attempt
	By      string    `dynamodbav:"by" entable:"auto=uuid4"`
	Payment string    `dynamodbav:"payment"`
	Expires time.Time `dynamodbav:"expires" entable:"ttl"`
}

type Balance struct {
	Account string `dynamodbav:"account"`
	Cents   int    `dynamodbav:"cents"`
}

// clock is the time of the world, and in tests can be moved.
var clock = memory.New().Clock()

var (
	Guarded  = entable.NewTable("guarded", entable.HideExpired(true), entable.Clock(clock.Now))
	Sessions = entable.Register[Session](Guarded, entable.PK("token"))
	Leases   = entable.Register[Lease](Guarded, entable.PK("name"))
	Handleds = entable.Register[Handled](Guarded, entable.PK("key"))
	Balances = entable.Register[Balance](Guarded, entable.PK("account"))

	leaseHolder  = entable.Field(Leases, func(l *Lease) *string { return &l.Holder })
	leaseExpires = entable.Field(Leases, func(l *Lease) *time.Time { return &l.Expires })
	balanceCents = entable.Field(Balances, func(b *Balance) *int { return &b.Cents })
)

func login(ctx context.Context, user string) (*Session, error) {
	session := &Session{User: user, Expires: clock.Now().Add(30 * time.Minute)}
	return session, Sessions.Create(ctx, session)
}

// userOf returns who a request is from, and prolongs the session.
func userOf(ctx context.Context, token string) (string, error) {
	session, err := Sessions.Get(ctx, Session{Token: token}, entable.Consistent(true))
	if err != nil {
		return "", err // matches entable.ErrNotFound when it has expired
	}
	if left, _ := Sessions.TimeLeft(session); left < 15*time.Minute {
		err = Sessions.Update(*session).Set("expires", clock.Now().Add(30*time.Minute)).Do(ctx)
	}
	return session.User, err
}

func Example_sessions() {
	ctx := start(Guarded)
	session, err := login(ctx, "ann")
	check(err)
	clock.Advance(20 * time.Minute)
	fmt.Println(userOf(ctx, session.Token))
	clock.Advance(20 * time.Minute)
	fmt.Println(userOf(ctx, session.Token))
	clock.Advance(time.Hour)
	_, err = userOf(ctx, session.Token)
	fmt.Println(errors.Is(err, entable.ErrNotFound))
	// Output:
	// ann <nil>
	// ann <nil>
	// true
}

// acquire returns nil without an error when somebody else holds the lease.
func acquire(ctx context.Context, name string) (*Lease, error) {
	lease := &Lease{Name: name, Expires: clock.Now().Add(time.Minute)}
	err := Leases.Create(ctx, lease)
	if errors.Is(err, entable.ErrExists) {
		return nil, nil
	}
	return lease, err
}

func prolong(ctx context.Context, lease *Lease) error {
	return Leases.Update(*lease).Apply(leaseExpires.Set(clock.Now().Add(time.Minute))).If(leaseHolder.Equal(lease.Holder)).Do(ctx)
}

func release(ctx context.Context, lease *Lease) error {
	return Leases.Delete(ctx, *lease, entable.If(leaseHolder.Equal(lease.Holder)))
}

// withdraw writes only as long as the lease is held.
func withdraw(ctx context.Context, lease *Lease, account string, cents int) error {
	return entable.Transact(ctx, []entable.Write{
		Leases.CheckOp(*lease, leaseHolder.Equal(lease.Holder)),
		Balances.Update(Balance{Account: account}).Subtract("cents", cents).If(balanceCents.GreaterEqual(cents)),
	})
}

func Example_lease() {
	ctx := start(Guarded)
	check(Balances.Put(ctx, &Balance{Account: "ann", Cents: 1000}))
	mine, err := acquire(ctx, "report")
	check(err)
	theirs, err := acquire(ctx, "report")
	fmt.Println(theirs, err)
	check(withdraw(ctx, mine, "ann", 100))
	check(prolong(ctx, mine))

	clock.Advance(2 * time.Minute) // it hangs for so long that the lease expires
	theirs, err = acquire(ctx, "report")
	fmt.Println(theirs != nil, err)
	fmt.Println(withdraw(ctx, mine, "ann", 100) != nil, release(ctx, mine) != nil)
	check(release(ctx, theirs))
	// Output:
	// <nil> <nil>
	// true <nil>
	// true true
}

// pay carries out a payment once, however often the client sends it, and returns its id.
func pay(ctx context.Context, key, account string, cents int) (payment string, err error) {
	mark := &Handled{Key: key, Payment: "payment of " + key, Expires: clock.Now().Add(24 * time.Hour)}
	err = entable.Transact(ctx, []entable.Write{
		Handleds.CreateOp(mark),
		Balances.Update(Balance{Account: account}).Subtract("cents", cents).If(balanceCents.GreaterEqual(cents)),
	})
	if failed, ok := errors.AsType[*entable.TransactionError](err); ok && !failed.Unknown {
		for _, reason := range failed.Reasons {
			if reason.Index == 0 && errors.Is(reason.Err, entable.ErrExists) { // done before
				done, err := Handleds.Get(ctx, *mark, entable.Consistent(true))
				if err != nil {
					return "", err
				}
				return done.Payment, nil
			}
		}
	}
	return mark.Payment, err
}

func Example_idempotency() {
	ctx := start(Guarded)
	check(Balances.Put(ctx, &Balance{Account: "ann", Cents: 1000}))
	for range 3 {
		fmt.Println(pay(ctx, "9b2c", "ann", 400))
	}
	left, err := Balances.Get(ctx, Balance{Account: "ann"})
	check(err)
	fmt.Println(left.Cents)
	// Output:
	// payment of 9b2c <nil>
	// payment of 9b2c <nil>
	// payment of 9b2c <nil>
	// 600
}

// The partition keys of all entities begin with the tenant.
type Invoice struct {
	Tenant string `dynamodbav:"tenant"`
	Number string `dynamodbav:"number"`
	Cents  int    `dynamodbav:"cents"`
}

type Payment struct {
	Tenant  string `dynamodbav:"tenant"`
	Invoice string `dynamodbav:"invoice"`
	ID      string `dynamodbav:"id" entable:"auto=ulid"`
}

var (
	Billing  = entable.NewTable("billing", entable.GSI("by-amount"))
	Invoices = entable.Register[Invoice](Billing, entable.PK("tenant", "number", entable.Prefix("T")),
		entable.Index("by-amount", entable.PK("tenant", entable.Prefix("T")), entable.SK("cents")))
	Payments = entable.Register[Payment](Billing, entable.PK("tenant", "invoice", entable.PrefixOf(Invoices)), entable.SK("id"))
)

func Example_tenants() {
	in, err := Payments.Query(Payment{Tenant: "acme", Invoice: "2026-7"}).Input(context.Background())
	check(err)
	fmt.Println(text(in.ExpressionAttributeValues[":pk"]))
	in, err = Invoices.QueryIndex("by-amount", Invoice{Tenant: "acme"}).Input(context.Background())
	check(err)
	fmt.Println(aws.ToString(in.IndexName), text(in.ExpressionAttributeValues[":pk"]))
	_, err = Invoices.Query(Invoice{Number: "2026-7"}).Input(context.Background())
	fmt.Println(err)
	// Output:
	// T#acme#2026-7
	// by-amount T#acme
	// entable: Invoice: cannot build key pk: attribute "tenant": text is empty
}
