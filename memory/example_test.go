package memory_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/memory"
)

// newTable makes a table with string keys pk and sk.
func newTable(ctx context.Context, client *dynamodb.Client, name string) {
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:   &name,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
}

func item(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: pk},
		"sk": &types.AttributeValueMemberS{Value: sk},
	}
}

// quick makes a client's retries quick.
func quick(o *dynamodb.Options) {
	o.Retryer = retry.NewStandard(func(so *retry.StandardOptions) { so.MaxBackoff = time.Millisecond })
}

func Example() {
	ctx := context.Background()
	db := memory.New()
	defer db.Close()
	client := db.Client()
	newTable(ctx, client, "music")

	for _, song := range []string{"Blue", "Green", "Red"} {
		if _, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("music"), Item: item("Artist", song)}); err != nil {
			log.Fatal(err)
		}
	}
	page, err := client.Query(ctx, &dynamodb.QueryInput{
		TableName:              aws.String("music"),
		KeyConditionExpression: aws.String("pk = :artist AND sk > :song"),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":artist": &types.AttributeValueMemberS{Value: "Artist"},
			":song":   &types.AttributeValueMemberS{Value: "Blue"},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, it := range page.Items {
		fmt.Println(it["sk"].(*types.AttributeValueMemberS).Value)
	}
	// Output:
	// Green
	// Red
}

// A write is refused twice; the client's retries get it through.
func ExampleDB_Inject() {
	ctx := context.Background()
	db := memory.New()
	defer db.Close()
	client := db.Client(quick)
	newTable(ctx, client, "orders")

	attempts := 0
	count := func(r memory.Request) bool {
		attempts++
		return true
	}
	db.Inject(memory.Throttle().On("PutItem").Table("orders").When(count).Times(2))
	_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("orders"), Item: item("a", "1")})
	fmt.Println("error:", err, "attempts:", attempts)
	// Output:
	// error: <nil> attempts: 3
}

// The connection breaks after the write is done. The client repeats the write, whose
// condition now fails: the caller has to find out that it was its own.
func ExampleDropAfter() {
	ctx := context.Background()
	db := memory.New()
	defer db.Close()
	client := db.Client(quick)
	newTable(ctx, client, "orders")

	db.Inject(memory.DropAfter().On("PutItem").Times(1))
	_, err := client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:           aws.String("orders"),
		Item:                item("a", "1"),
		ConditionExpression: aws.String("attribute_not_exists(pk)"),
	})
	_, failed := errors.AsType[*types.ConditionalCheckFailedException](err)
	fmt.Println("condition failed:", failed)
	items, err := db.Items("orders")
	fmt.Println("items:", len(items), err)
	// Output:
	// condition failed: true
	// items: 1 <nil>
}

// A batch is done in part; what is left has to be sent again.
func ExampleUnprocessed() {
	ctx := context.Background()
	db := memory.New()
	defer db.Close()
	client := db.Client()
	newTable(ctx, client, "orders")

	db.Inject(memory.Unprocessed(1).Times(1))
	writes := map[string][]types.WriteRequest{"orders": {
		{PutRequest: &types.PutRequest{Item: item("a", "1")}},
		{PutRequest: &types.PutRequest{Item: item("a", "2")}},
		{PutRequest: &types.PutRequest{Item: item("a", "3")}},
	}}
	for len(writes) > 0 {
		out, err := client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: writes})
		if err != nil {
			log.Fatal(err)
		}
		writes = out.UnprocessedItems
		fmt.Println("left:", len(writes["orders"]))
	}
	// Output:
	// left: 2
	// left: 0
}

func ExampleDB_Snapshot() {
	ctx := context.Background()
	db := memory.New()
	defer db.Close()
	newTable(ctx, db.Client(), "orders")
	if err := db.Seed("orders", item("a", "1"), item("a", "2")); err != nil {
		log.Fatal(err)
	}
	seeded := db.Snapshot()

	// Each test starts from the seeded tables, whatever the others did.
	other := memory.New()
	defer other.Close()
	other.Restore(seeded)
	_, err := other.Client().DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String("orders"), Key: item("a", "1")})
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range []*memory.DB{db, other} {
		items, err := d.Items("orders")
		fmt.Println(len(items), err)
	}
	// Output:
	// 2 <nil>
	// 1 <nil>
}

func ExampleDB_Dump() {
	ctx := context.Background()
	db := memory.New()
	defer db.Close()
	newTable(ctx, db.Client(), "orders")
	err := db.SeedJSON("orders", strings.NewReader(`
		{"sk":{"S":"2"},"pk":{"S":"b"},"total":{"N":"12.50"}}
		{"sk":{"S":"1"},"pk":{"S":"a"},"tags":{"SS":["y","x"]}}
	`))
	if err != nil {
		log.Fatal(err)
	}
	if err := db.Dump("orders", os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// {"pk":{"S":"a"},"sk":{"S":"1"},"tags":{"SS":["x","y"]}}
	// {"pk":{"S":"b"},"sk":{"S":"2"},"total":{"N":"12.5"}}
}

// Expired items stay until they are swept. The clock is the test's own.
func ExampleDB_Sweep() {
	ctx := context.Background()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	db := memory.New(memory.WithClock(func() time.Time { return now }))
	defer db.Close()
	client := db.Client()
	newTable(ctx, client, "sessions")
	_, err := client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               aws.String("sessions"),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("ttl"), Enabled: aws.Bool(true)},
	})
	if err != nil {
		log.Fatal(err)
	}
	session := item("a", "1")
	session["ttl"] = &types.AttributeValueMemberN{Value: fmt.Sprint(now.Add(time.Hour).Unix())}
	if err := db.Seed("sessions", session); err != nil {
		log.Fatal(err)
	}
	fmt.Println(db.Sweep())
	now = now.Add(2 * time.Hour)
	fmt.Println(db.Sweep())
	// Output:
	// 0
	// 1
}

// Any SDK can use the database over HTTP.
func ExampleDB_ServeHTTP() {
	db := memory.New()
	defer db.Close()
	server := httptest.NewServer(db) // or http.ListenAndServe("127.0.0.1:8000", db)
	defer server.Close()
	client := dynamodb.New(dynamodb.Options{
		BaseEndpoint: &server.URL,
		Region:       "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "any", SecretAccessKey: "any"}, nil
		}),
	})
	tables, err := client.ListTables(context.Background(), &dynamodb.ListTablesInput{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(tables.TableNames))
	// Output:
	// 0
}
