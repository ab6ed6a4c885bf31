package memory_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/memory"
)

// A table's stream, for the handler that is under test.
func ExampleDB_Records() {
	ctx := context.Background()
	db := memory.New()
	defer db.Close()
	client := db.Client()
	newTable(ctx, client, "orders")
	if _, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: aws.String("orders"),
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewImage}}); err != nil {
		log.Fatal(err)
	}
	if _, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("orders"), Item: item("a", "1")}); err != nil {
		log.Fatal(err)
	}
	if _, err := client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String("orders"), Key: item("a", "1")}); err != nil {
		log.Fatal(err)
	}
	records, err := db.Records("orders", time.Time{})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range records {
		fmt.Println(r.EventName, *r.Dynamodb.SizeBytes)
	}
	// Output:
	// INSERT 12
	// REMOVE 6
}

// What the code under test sends, what that costs, and what its role has to be allowed.
func ExampleDB_Log() {
	ctx := context.Background()
	db := memory.New()
	defer db.Close()
	client := db.Client()
	newTable(ctx, client, "orders")
	requests := db.Log()
	defer requests.Stop()

	if _, err := client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("orders"), Item: item("a", "1")}},
		{ConditionCheck: &types.ConditionCheck{TableName: aws.String("orders"), Key: item("a", "0"), ConditionExpression: aws.String("attribute_not_exists(pk)")}},
	}}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(requests.Operations(), requests.WriteUnits())
	for _, p := range requests.Permissions() {
		fmt.Println(p)
	}
	// Output:
	// [TransactWriteItems] 4
	// dynamodb:ConditionCheckItem table/orders
	// dynamodb:PutItem table/orders
}

// One partition is out of capacity, and a batch comes back without its items.
func ExampleFault_Partition() {
	ctx := context.Background()
	db := memory.New()
	defer db.Close()
	client := db.Client()
	newTable(ctx, client, "orders")
	db.Inject(memory.Throttle().Partition(&types.AttributeValueMemberS{Value: "hot"}))

	out, err := client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"orders": {
		{PutRequest: &types.PutRequest{Item: item("hot", "1")}},
		{PutRequest: &types.PutRequest{Item: item("cold", "1")}},
	}}})
	fmt.Println(len(out.UnprocessedItems["orders"]), "unprocessed,", err)
	// Output: 1 unprocessed, <nil>
}

// Time passes at once.
func ExampleDB_Clock() {
	db := memory.New(memory.WithClock(func() time.Time { return time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC) }))
	defer db.Close()
	db.Clock().Advance(24 * time.Hour)
	fmt.Println(db.Clock().Now())
	// Output: 2026-01-03 00:00:00 +0000 UTC
}
