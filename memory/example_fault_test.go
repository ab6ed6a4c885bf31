package memory_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/smithy-go"

	"github.com/entable/entable/memory"
)

// orders makes a database with a table, and gives a function that puts an item into it.
func orders(opts ...memory.Option) (db *memory.DB, put func(ctx context.Context, sk string) error) {
	db = memory.New(opts...)
	client := db.Client(quick)
	newTable(context.Background(), client, "orders")
	return db, func(ctx context.Context, sk string) error {
		_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("orders"), Item: item("a", sk)})
		return err
	}
}

// codeOf returns that of an error of the service.
func codeOf(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return fmt.Sprint(err)
}

// The first ten writes go well, then the service refuses some.
func ExampleFault_After() {
	ctx := context.Background()
	db, put := orders()
	defer db.Close()
	defer db.Inject(memory.InternalError().On("PutItem").After(10))()
	for n := range 12 {
		if err := put(ctx, fmt.Sprint(n)); err != nil {
			fmt.Println(n, codeOf(err))
		}
	}
	// Output:
	// 10 InternalServerError
	// 11 InternalServerError
}

// A service that is slower than the caller is patient. The request is then not done.
func ExampleDelay() {
	db, put := orders()
	defer db.Close()
	defer db.Inject(memory.Delay(time.Hour))()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	fmt.Println(errors.Is(put(ctx, "1"), context.DeadlineExceeded))
	items, err := db.Items("orders")
	fmt.Println(len(items), err)
	// Output:
	// true
	// 0 <nil>
}

func ExampleSlowReads() {
	db, put := orders()
	defer db.Close()
	defer db.Inject(memory.SlowReads(time.Hour))()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	fmt.Println(put(ctx, "1")) // writes are as quick as ever
	// Output: <nil>
}

// The connection breaks before anything is done; the client's retries get the write through.
func ExampleDropBefore() {
	db, put := orders()
	defer db.Close()
	defer db.Inject(memory.DropBefore().Times(2))()
	requests := db.Log()
	defer requests.Stop()
	fmt.Println(put(context.Background(), "1"))
	for _, r := range requests.Requests() {
		fmt.Println(r.Operation, r.WriteUnits)
	}
	// Output:
	// <nil>
	// PutItem 0
	// PutItem 0
	// PutItem 1
}

// Any error by its code.
func ExampleError() {
	db, put := orders()
	defer db.Close()
	for _, fault := range []memory.Fault{
		memory.Error("AccessDeniedException", "not yours"),
		memory.Conflict(),
		memory.Unavailable(),
	} {
		remove := db.Inject(fault)
		fmt.Println(codeOf(put(context.Background(), "1")))
		remove()
	}
	// Output:
	// AccessDeniedException
	// TransactionConflictException
	// ServiceUnavailableException
}

// Every batch is done by half.
func ExampleUnprocessedShare() {
	ctx := context.Background()
	db, _ := orders()
	defer db.Close()
	defer db.Inject(memory.UnprocessedShare(0.5))()
	var writes []types.WriteRequest
	for n := range 8 {
		writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: item("a", fmt.Sprint(n))}})
	}
	for len(writes) > 0 {
		out, err := db.Client().BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"orders": writes}})
		if err != nil {
			log.Fatal(err)
		}
		writes = out.UnprocessedItems["orders"]
		fmt.Println("left:", len(writes))
	}
	// Output:
	// left: 4
	// left: 2
	// left: 1
	// left: 0
}

// A read of an index behind a write may not see it, as with the service.
func ExampleDB_LagIndexes() {
	ctx := context.Background()
	db, put := orders()
	defer db.Close()
	client := db.Client()
	if _, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{
		TableName:            aws.String("orders"),
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS}},
		GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &types.CreateGlobalSecondaryIndexAction{
			IndexName:  aws.String("by-number"),
			KeySchema:  []types.KeySchemaElement{{AttributeName: aws.String("sk"), KeyType: types.KeyTypeHash}},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		}}},
	}); err != nil {
		log.Fatal(err)
	}
	count := func() {
		out, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String("orders"), IndexName: aws.String("by-number")})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(out.Count)
	}
	if err := db.LagIndexes("orders", 1); err != nil {
		log.Fatal(err)
	}
	if err := put(ctx, "1"); err != nil {
		log.Fatal(err)
	}
	count()
	if err := db.CatchUp("orders"); err != nil {
		log.Fatal(err)
	}
	count()
	// Output:
	// 0
	// 1
}

// Tables of another account or region.
func ExampleDB_In() {
	db, _ := orders()
	defer db.Close()
	other := db.In("eu-central-1", "another-account")
	for _, d := range []*memory.DB{db, other} {
		tables, err := d.Client().ListTables(context.Background(), &dynamodb.ListTablesInput{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(tables.TableNames)
	}
	// Output:
	// [orders]
	// []
}

// All clients meet the same tables, whatever their credentials and regions are: for a server.
func ExampleWithSharedTables() {
	db, _ := orders(memory.WithSharedTables())
	defer db.Close()
	tables, err := db.In("eu-central-1", "another-account").Client().ListTables(context.Background(), &dynamodb.ListTablesInput{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tables.TableNames)
	// Output: [orders]
}

// A table takes a while to be made.
func ExampleWithTableDelay() {
	db, put := orders(memory.WithTableDelay(10 * time.Second))
	defer db.Close()
	fmt.Println(codeOf(put(context.Background(), "1")))
	db.Clock().Advance(10 * time.Second)
	fmt.Println(put(context.Background(), "1"))
	// Output:
	// ResourceNotFoundException
	// <nil>
}

// A transaction that is repeated too late is carried out once more.
func ExampleWithTokenWindow() {
	ctx := context.Background()
	db, _ := orders(memory.WithTokenWindow(time.Minute))
	defer db.Close()
	count := func() {
		_, err := db.Client().TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String("message-1"),
			TransactItems: []types.TransactWriteItem{{Update: &types.Update{TableName: aws.String("orders"), Key: item("a", "1"),
				UpdateExpression:          aws.String("ADD n :one"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}}}}}})
		if err != nil {
			log.Fatal(err)
		}
		items, err := db.Items("orders")
		fmt.Println(items[0]["n"].(*types.AttributeValueMemberN).Value, err)
	}
	count()
	count()
	db.Clock().Advance(2 * time.Minute)
	count()
	// Output:
	// 1 <nil>
	// 1 <nil>
	// 2 <nil>
}

// Expired items go by themselves within a second, as the service's do within days; DB.Sweep removes them at once.
func ExampleWithExpiry() {
	db := memory.New(memory.WithExpiry(time.Second))
	defer db.Close() // ends the goroutine that removes them
	fmt.Println(db.Sweep())
	// Output: 0
}

// What a reader of the stream has to follow when a table grows.
func ExampleDB_SplitShards() {
	ctx := context.Background()
	db, put := orders()
	defer db.Close()
	table, err := db.Client().UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: aws.String("orders"),
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeKeysOnly}})
	if err != nil {
		log.Fatal(err)
	}
	if err := put(ctx, "1"); err != nil {
		log.Fatal(err)
	}
	if err := db.SplitShards("orders"); err != nil {
		log.Fatal(err)
	}
	stream, err := db.StreamsClient().DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: table.TableDescription.LatestStreamArn})
	if err != nil {
		log.Fatal(err)
	}
	for _, shard := range stream.StreamDescription.Shards {
		fmt.Println("closed:", shard.SequenceNumberRange.EndingSequenceNumber != nil, "split from another:", shard.ParentShardId != nil)
	}
	// Output:
	// closed: true split from another: false
	// closed: false split from another: true
	// closed: false split from another: true
}

// What a call reads and costs.
func ExampleRequestLog() {
	ctx := context.Background()
	db, put := orders()
	defer db.Close()
	if err := put(ctx, "1"); err != nil {
		log.Fatal(err)
	}
	requests := db.Log()
	defer requests.Stop()
	if _, err := db.Client().GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("orders"), Key: item("a", "1"), ConsistentRead: aws.Bool(true)}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(requests.ReadUnits(), requests.WriteUnits())
	for _, r := range requests.Requests() {
		fmt.Println(r.Operation, r.Permissions)
	}
	// Output:
	// 1 0
	// GetItem [dynamodb:GetItem table/orders]
}
