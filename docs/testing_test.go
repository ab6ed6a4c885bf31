package docs_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
	"github.com/entable/entable/stream"
)

// The program under test: wallets, and transfers between them.

type Wallet struct {
	Owner   string `dynamodbav:"owner"`
	Cents   int    `dynamodbav:"cents" validate:"min=0"`
	Version int    `dynamodbav:"version" entable:"version"`
}

type Transfer struct {
	From  string    `dynamodbav:"from"`
	ID    string    `dynamodbav:"id" entable:"auto=ulid"`
	To    string    `dynamodbav:"to"`
	Cents int       `dynamodbav:"cents" validate:"min=1"`
	At    time.Time `dynamodbav:"at" entable:"auto=now"`
}

var (
	Bank      = entable.NewTable("bank", entable.GSI("by-receiver"))
	Wallets   = entable.Register[Wallet](Bank, entable.PK("owner"))
	Transfers = entable.Register[Transfer](Bank, entable.PK("from", entable.PrefixOf(Wallets)), entable.SK("id"),
		entable.Index("by-receiver", entable.PK("to"), entable.SK("id")))

	walletCents = entable.Field(Wallets, func(w *Wallet) *int { return &w.Cents })
)

// transfer moves money. Called again with the same struct and token after an error, it does so once in all.
func transfer(ctx context.Context, t *Transfer, token string) error {
	return entable.Transact(ctx, []entable.Write{
		Transfers.CreateOp(t),
		Wallets.Update(Wallet{Owner: t.From}).Apply(walletCents.Subtract(t.Cents)).If(walletCents.GreaterEqual(t.Cents)),
		Wallets.Update(Wallet{Owner: t.To}).Apply(walletCents.Add(t.Cents)),
	}, entable.ClientToken(token))
}

// open gives a test a database of its own, with the table in it.
func open(t *testing.T) (context.Context, *memory.DB) {
	t.Helper()
	db := memory.New()
	t.Cleanup(db.Close)
	ctx := entable.WithClient(t.Context(), db.Client(quick))
	err := Bank.CreateTable(ctx, func(in *dynamodb.CreateTableInput) {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []Wallet{{Owner: "ann", Cents: 1000}, {Owner: "bob"}} {
		if err := Wallets.Create(ctx, &w); err != nil {
			t.Fatal(err)
		}
	}
	return ctx, db
}

// quick makes the pauses between a client's attempts short.
func quick(o *dynamodb.Options) {
	o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) { s.MaxBackoff = time.Millisecond })
}

// total is what all wallets hold: it never changes.
func total(t *testing.T, ctx context.Context) (sum int) {
	t.Helper()
	for w, err := range Wallets.Scan().Consistent(true).All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		sum += w.Cents
	}
	return sum
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	ctx, _ := open(t)
	if err := transfer(ctx, &Transfer{From: "ann", To: "bob", Cents: 300}, rand.Text()); err != nil {
		t.Fatal(err)
	}
	bob, err := Wallets.Get(ctx, Wallet{Owner: "bob"})
	if err != nil || bob.Cents != 300 {
		t.Errorf("bob has %+v, %v", bob, err)
	}
}

// Whatever request fails, in whatever way, money is neither lost nor made.
func TestTransferUnderFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]memory.Fault{
		"refused":             memory.Throttle(),
		"the service fails":   memory.InternalError(),
		"the request is lost": memory.DropBefore(),
		"the answer is lost":  memory.DropAfter(),
		"another transaction": memory.Conflict(),
	} {
		for times := 1; times < 6; times++ { // the client makes three attempts: from 3 on the first call fails
			t.Run(fmt.Sprint(name, times), func(t *testing.T) {
				t.Parallel()
				ctx, db := open(t)
				defer db.Inject(fault.On("TransactWriteItems").Times(times))()

				move, token := &Transfer{From: "ann", To: "bob", Cents: 300}, rand.Text()
				err := transfer(ctx, move, token)
				for entable.IsRetryable(err) {
					err = transfer(ctx, move, token) // a service would back off
				}
				if err != nil {
					t.Fatal(err)
				}
				ann, err := Wallets.Get(ctx, Wallet{Owner: "ann"})
				if err != nil || ann.Cents != 700 || total(t, ctx) != 1000 {
					t.Errorf("ann has %+v, all have %d; %v", ann, total(t, ctx), err)
				}
			})
		}
	}
}

func TestTransfersAtOnce(t *testing.T) {
	t.Parallel()
	ctx, _ := open(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			err := transfer(ctx, &Transfer{From: "ann", To: "bob", Cents: 100}, rand.Text())
			if err != nil && !entable.IsError(err) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if sum := total(t, ctx); sum != 1000 {
		t.Errorf("all have %d", sum)
	}
}

func TestCostOfTransfer(t *testing.T) {
	t.Parallel()
	ctx, db := open(t)
	log := db.Log()
	defer log.Stop()
	var stats entable.Stats
	err := transfer(entable.WithStats(ctx, &stats), &Transfer{From: "ann", To: "bob", Cents: 300}, rand.Text())
	if err != nil {
		t.Fatal(err)
	}
	if cost := stats.Total(); cost.Requests != 1 || cost.WriteUnits != 8 { // twice three items and one of the index
		t.Errorf("it costs %d requests and %v units", cost.Requests, cost.WriteUnits)
	}
	if got, want := log.Permissions(), []string{"dynamodb:PutItem table/bank", "dynamodb:UpdateItem table/bank"}; !slices.Equal(got, want) {
		t.Errorf("it needs %v", got)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	db := memory.New(memory.WithClock(func() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) }))
	defer db.Close()
	table := entable.NewTable("sessions", entable.Clock(db.Clock().Now), entable.HideExpired(true))
	sessions := entable.Register[Session](table)
	ctx := entable.WithClient(t.Context(), db.Client())
	if err := table.CreateTable(ctx); err != nil {
		t.Fatal(err)
	}
	session := &Session{User: "ann", Expires: db.Clock().Now().Add(time.Hour)}
	if err := sessions.Create(ctx, session); err != nil {
		t.Fatal(err)
	}
	db.Clock().Advance(2 * time.Hour)
	if _, err := sessions.Get(ctx, *session); !errors.Is(err, entable.ErrNotFound) {
		t.Errorf("an hour later: %v", err)
	}
	if n := db.Sweep(); n != 1 { // what the service does within a few days
		t.Errorf("%d items were removed", n)
	}
}

// The index is behind, as the service's are for a moment.
func TestReceivedTransfersCome(t *testing.T) {
	t.Parallel()
	ctx, db := open(t)
	if err := db.LagIndexes("bank", 10); err != nil {
		t.Fatal(err)
	}
	if err := transfer(ctx, &Transfer{From: "ann", To: "bob", Cents: 300}, rand.Text()); err != nil {
		t.Fatal(err)
	}
	received := Transfers.QueryIndex("by-receiver", Transfer{To: "bob"})
	if n, err := received.Count(ctx); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if err := db.CatchUp("bank"); err != nil {
		t.Fatal(err)
	}
	if n, err := received.Count(ctx); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestManyTestsFromOneState(t *testing.T) {
	t.Parallel()
	_, seeded := open(t)
	state := seeded.Snapshot()
	for _, cents := range []int{1, 999, 1000} {
		t.Run(fmt.Sprint(cents), func(t *testing.T) {
			t.Parallel()
			db := memory.New()
			defer db.Close()
			db.Restore(state)
			ctx := entable.WithClient(t.Context(), db.Client())
			if err := transfer(ctx, &Transfer{From: "ann", To: "bob", Cents: cents}, rand.Text()); err != nil {
				t.Error(err)
			}
		})
	}
}

// notifier tells receivers of their money, once a transfer.
type notifier struct{ told map[string]int }

func (n *notifier) handler() *stream.Handler {
	return stream.NewHandler(Bank, stream.SkipUnknown(nil), stream.On(Transfers, func(_ context.Context, c stream.Change[Transfer]) error {
		if c.Kind == stream.Insert {
			n.told[c.New.To] += c.New.Cents
		}
		return nil
	}))
}

func TestReceiversAreTold(t *testing.T) {
	t.Parallel()
	ctx, db := open(t)
	if err := transfer(ctx, &Transfer{From: "ann", To: "bob", Cents: 300}, rand.Text()); err != nil {
		t.Fatal(err)
	}
	n := &notifier{told: map[string]int{}}
	pollAll(t, ctx, db, n.handler())
	if n.told["bob"] != 300 {
		t.Errorf("told: %v", n.told)
	}
}

// pollAll hands what is in the stream to a handler.
func pollAll(t *testing.T, ctx context.Context, db *memory.DB, h *stream.Handler) {
	t.Helper()
	o := stream.PollOptions{Interval: time.Millisecond, IdleTimeout: time.Millisecond} // a moment is enough: nothing is late here
	if err := h.Poll(ctx, db.StreamsClient(), o); err != nil {
		t.Fatal(err)
	}
}

// server returns a client of the DynamoDB that ENDPOINT names, or skips the test.
func server(t *testing.T) *dynamodb.Client {
	t.Helper()
	endpoint := os.Getenv("ENDPOINT")
	if endpoint == "" {
		t.Skip("ENDPOINT is not set: http://127.0.0.1:8000 for DynamoDB Local")
	}
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: &endpoint,
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

func TestOnServer(t *testing.T) {
	client := server(t)
	table := entable.NewTable("test-" + rand.Text())
	wallets := entable.Register[Wallet](table)
	table.Use(client)
	if err := table.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // the test's context has ended
		defer cancel()
		if err := table.DeleteTable(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := wallets.Create(t.Context(), &Wallet{Owner: "ann"}); err != nil {
		t.Error(err)
	}
}
