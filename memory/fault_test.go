package memory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/entable/entable/memory"
)

// once makes a client try everything once.
func once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }

func newDB(t *testing.T, opts ...memory.Option) (*memory.DB, *dynamodb.Client) {
	t.Helper()
	db := memory.New(opts...)
	t.Cleanup(db.Close)
	client := db.Client(once)
	newTable(t.Context(), client, "orders")
	return db, client
}

func put(ctx context.Context, client *dynamodb.Client, sk string) error {
	_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("orders"), Item: item("a", sk)})
	return err
}

func transact(ctx context.Context, client *dynamodb.Client) error {
	_, err := client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("orders"), Item: item("a", "1")}},
		{Put: &types.Put{TableName: aws.String("orders"), Item: item("a", "2")}},
	}})
	return err
}

func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

// A predicate may keep the body of a request, whatever the database does with its buffers.
func TestBodiesThatAFaultHasSeenStay(t *testing.T) {
	db, client := newDB(t)
	var bodies []string
	var kept [][]byte
	db.Inject(memory.Delay(0).When(func(r memory.Request) bool {
		bodies, kept = append(bodies, string(r.Body)), append(kept, r.Body)
		return false
	}))
	for i := range 20 {
		if err := put(t.Context(), client, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range kept {
		if string(kept[i]) != bodies[i] {
			t.Errorf("%s became %s", bodies[i], kept[i])
		}
	}
}

func TestEachFaultHasTheServicesError(t *testing.T) {
	for name, c := range map[string]struct {
		fault      memory.Fault
		want       string
		wantReason string // in a transaction
	}{
		"throttle":    {memory.Throttle(), "ProvisionedThroughputExceededException", "ProvisionedThroughputExceeded"},
		"internal":    {memory.InternalError(), "InternalServerError", ""},
		"unavailable": {memory.Unavailable(), "ServiceUnavailableException", ""},
		"conflict":    {memory.Conflict(), "TransactionConflictException", "TransactionConflict"},
		"error":       {memory.Error("RequestLimitExceeded", "too much"), "RequestLimitExceeded", ""},
	} {
		t.Run(name, func(t *testing.T) {
			db, client := newDB(t)
			remove := db.Inject(c.fault)
			if got := code(put(t.Context(), client, "1")); got != c.want {
				t.Errorf("put: %s, want %s", got, c.want)
			}
			err := transact(t.Context(), client)
			if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok != (c.wantReason != "") {
				t.Errorf("transaction: %v", err)
			} else if ok && (len(canceled.CancellationReasons) != 2 || *canceled.CancellationReasons[0].Code != c.wantReason || *canceled.CancellationReasons[1].Code != "None") {
				t.Errorf("reasons: %v", canceled.CancellationReasons)
			}
			items, err := db.Items("orders")
			if err != nil || len(items) != 0 {
				t.Errorf("%d items written: %v", len(items), err)
			}
			remove()
			if err := put(t.Context(), client, "1"); err != nil {
				t.Errorf("after the fault was removed: %v", err)
			}
		})
	}
}

func TestFaultsHitWhatTheyAreNarrowedTo(t *testing.T) {
	db, client := newDB(t)
	newTable(t.Context(), client, "other")
	hit := func(fault memory.Fault, want string) {
		t.Helper()
		defer db.Inject(fault)()
		var got strings.Builder
		for _, err := range []error{
			put(t.Context(), client, "1"), put(t.Context(), client, "2"), put(t.Context(), client, "3"), put(t.Context(), client, "4"),
			func() error {
				_, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("other")})
				return err
			}(),
			func() error {
				_, err := client.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
					"other": {Keys: []map[string]types.AttributeValue{item("a", "1")}}, "orders": {Keys: []map[string]types.AttributeValue{item("a", "1")}}}})
				return err
			}(),
		} {
			if err != nil {
				got.WriteString("x")
			} else {
				got.WriteString(".")
			}
		}
		if got.String() != want {
			t.Errorf("hit %s, want %s", got.String(), want)
		}
	}
	hit(memory.Throttle(), "xxxxxx")
	hit(memory.Throttle().On("Scan", "Query"), "....x.")
	hit(memory.Throttle().Table("orders"), "xxxx.x")
	hit(memory.Throttle().Table("other"), "....xx")
	hit(memory.Throttle().After(1).Times(2), ".xx...")
	hit(memory.Throttle().Table("orders").After(3), "...x.x")
	hit(memory.Throttle().When(func(r memory.Request) bool { return strings.Contains(string(r.Body), `"3"`) }), "..x...")
}

func TestADelayPassesBeforeARequestAndEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, client := newDB(t)
		db.Inject(memory.Delay(time.Second), memory.Delay(time.Second))
		start := time.Now()
		if err := put(t.Context(), client, "1"); err != nil || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		if err := put(ctx, client, "2"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("beyond the deadline: %v", err)
		}
		if items, _ := db.Items("orders"); len(items) != 1 {
			t.Errorf("%d items", len(items))
		}
	})
}

func TestClosingEndsDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, client := newDB(t)
		db.Inject(memory.Delay(time.Hour))
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := put(t.Context(), client, "1"); err == nil {
				t.Error("done by a closed database")
			}
		})
		synctest.Wait()
		start := time.Now()
		db.Close()
		wg.Wait()
		if passed := time.Since(start); passed != 0 {
			t.Errorf("ended after %v", passed)
		}
	})
}

func TestDroppedConnections(t *testing.T) {
	for name, c := range map[string]struct {
		fault memory.Fault
		items int
	}{"before": {memory.DropBefore(), 0}, "after": {memory.DropAfter(), 1}} {
		t.Run(name, func(t *testing.T) {
			db, client := newDB(t)
			server := httptest.NewServer(db)
			defer server.Close()
			remote := db.Client(once, func(o *dynamodb.Options) { o.BaseEndpoint, o.HTTPClient = &server.URL, http.DefaultClient })
			for _, client := range []*dynamodb.Client{client, remote} {
				remove := db.Inject(c.fault)
				if err := put(t.Context(), client, "1"); err == nil {
					t.Error("answered")
				}
				remove()
				if items, _ := db.Items("orders"); len(items) != c.items {
					t.Errorf("%d items, want %d", len(items), c.items)
				}
			}
		})
	}
}

// Dropped connections are retried by the SDK as those of a network are.
func TestDroppedConnectionsAreRetried(t *testing.T) {
	db, _ := newDB(t)
	client := db.Client(func(o *dynamodb.Options) {
		o.Retryer = retry.NewStandard(func(so *retry.StandardOptions) { so.MaxBackoff = time.Microsecond })
	})
	db.Inject(memory.DropBefore().Times(2))
	if err := put(t.Context(), client, "1"); err != nil {
		t.Error(err)
	}
}

func TestUnprocessedKeysComeBackWithTheirParameters(t *testing.T) {
	db, client := newDB(t)
	for i := range 3 {
		if err := put(t.Context(), client, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	db.Inject(memory.Unprocessed(2))
	out, err := client.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"orders": {
		Keys:                     []map[string]types.AttributeValue{item("a", "0"), item("a", "1"), item("a", "2")},
		ConsistentRead:           aws.Bool(true),
		ProjectionExpression:     aws.String("#s"),
		ExpressionAttributeNames: map[string]string{"#s": "sk"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	left := out.UnprocessedKeys["orders"]
	if len(out.Responses["orders"]) != 2 || len(left.Keys) != 1 || !*left.ConsistentRead || *left.ProjectionExpression != "#s" || left.ExpressionAttributeNames["#s"] != "sk" {
		t.Errorf("got %v and %+v", out.Responses, left)
	}
}

// A fault on an operation that there is not would never apply, and its test would pass for nothing.
func TestFaultOnNoOperation(t *testing.T) {
	memory.Throttle().On("PutItem", "GetRecords", "CreateBackup")
	for _, name := range []string{"Put", "putItem", ""} {
		func() {
			defer func() {
				if got, want := recover(), `memory: On(`+strconv.Quote(name)+`): DynamoDB has no such operation: use the name of its API, such as "PutItem"`; got != want {
					t.Errorf("%v, want %s", got, want)
				}
			}()
			memory.Throttle().On("GetItem", name)
		}()
	}
}
