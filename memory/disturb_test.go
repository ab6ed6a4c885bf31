package memory_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable/memory"
)

func writes(partitions ...string) *dynamodb.BatchWriteItemInput {
	var list []types.WriteRequest
	for i, pk := range partitions {
		list = append(list, types.WriteRequest{PutRequest: &types.PutRequest{Item: item(pk, fmt.Sprint(i))}})
	}
	return &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"orders": list}}
}

func TestAHotPartitionIsThrottledAlone(t *testing.T) {
	db, client := newDB(t)
	ctx := t.Context()
	db.Inject(memory.Throttle().Partition(s("hot")))
	query := func(pk string) error {
		_, err := client.Query(ctx, &dynamodb.QueryInput{TableName: aws.String("orders"), KeyConditionExpression: aws.String("#p = :p"),
			ExpressionAttributeNames: map[string]string{"#p": "pk"}, ExpressionAttributeValues: map[string]types.AttributeValue{":p": s(pk)}})
		return err
	}
	for _, c := range []struct {
		what string
		do   func(pk string) error
	}{
		{"put", func(pk string) error {
			_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("orders"), Item: item(pk, "1")})
			return err
		}},
		{"get", func(pk string) error {
			_, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("orders"), Key: item(pk, "1")})
			return err
		}},
		{"query", query},
		{"batch", func(pk string) error {
			_, err := client.BatchWriteItem(ctx, writes(pk, pk))
			return err
		}},
	} {
		if err := c.do("cold"); err != nil {
			t.Errorf("%s of another partition: %v", c.what, err)
		}
		if err := c.do("hot"); code(err) != "ProvisionedThroughputExceededException" {
			t.Errorf("%s of the hot partition: %v", c.what, err)
		}
	}
	out, err := client.BatchWriteItem(ctx, writes("hot", "cold", "hot", "cold"))
	if err != nil || len(out.UnprocessedItems["orders"]) != 2 {
		t.Errorf("a mixed batch: %+v, %v", out, err)
	}
	keys := &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"orders": {Keys: []map[string]types.AttributeValue{item("hot", "1"), item("cold", "1")}}}}
	if out, err := client.BatchGetItem(ctx, keys); err != nil || len(out.UnprocessedKeys["orders"].Keys) != 1 || len(out.Responses["orders"]) != 1 {
		t.Errorf("a mixed batch of keys: %+v, %v", out, err)
	}
	_, err = client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("orders"), Item: item("cold", "5")}},
		{Put: &types.Put{TableName: aws.String("orders"), Item: item("hot", "5")}},
	}})
	if want := "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ProvisionedThroughputExceeded]"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a transaction: %v", err)
	}
}

// Whoever asks again for what was left undone gets ahead with each request, and in the end through.
func TestBatchesAreDoneInShares(t *testing.T) {
	db, client := newDB(t)
	db.Inject(memory.UnprocessedShare(0.9))
	var left []int
	for in := writes("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"); len(in.RequestItems) > 0; {
		out, err := client.BatchWriteItem(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		in = &dynamodb.BatchWriteItemInput{RequestItems: out.UnprocessedItems}
		left = append(left, len(out.UnprocessedItems["orders"]))
	}
	if want := []int{10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}; !slices.Equal(left, want) {
		t.Errorf("left %v, want %v", left, want)
	}
	if items, _ := db.Items("orders"); len(items) != 12 {
		t.Errorf("%d items", len(items))
	}
}

func TestSlowReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, client := newDB(t)
		db.Inject(memory.SlowReads(time.Minute))
		start := time.Now()
		if err := put(t.Context(), client, "1"); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("a write took %v", got)
		}
		if _, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("orders")}); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got != time.Minute {
			t.Errorf("a read took %v", got)
		}
	})
}

// The index is behind by the last writes, until more follow or it is told to catch up.
func TestAnIndexIsBehindItsTable(t *testing.T) {
	db, client := newDB(t)
	ctx := t.Context()
	if _, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: aws.String("orders"),
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("g"), AttributeType: types.ScalarAttributeTypeS}},
		GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &types.CreateGlobalSecondaryIndexAction{IndexName: aws.String("gix"),
			KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("g"), KeyType: types.KeyTypeHash}}, Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}}}}}); err != nil {
		t.Fatal(err)
	}
	seen := func() (list []string) {
		out, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String("orders"), IndexName: aws.String("gix")})
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range out.Items {
			list = append(list, it["sk"].(*types.AttributeValueMemberS).Value+it["g"].(*types.AttributeValueMemberS).Value)
		}
		slices.Sort(list)
		return list
	}
	write := func(sk, g string) {
		it := item("a", sk)
		it["g"] = s(g)
		out, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("orders"), Item: it, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal})
		if err != nil || *out.ConsumedCapacity.CapacityUnits < 2 {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	expect := func(want ...string) {
		t.Helper()
		if got := seen(); !slices.Equal(got, want) {
			t.Errorf("the index has %v, want %v", got, want)
		}
	}
	if err := db.LagIndexes("orders", 2); err != nil {
		t.Fatal(err)
	}
	write("1", "x")
	write("1", "y")
	expect()
	write("2", "z")
	expect("1x")
	if err := db.CatchUp("orders"); err != nil {
		t.Fatal(err)
	}
	expect("1y", "2z")
	if _, err := client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String("orders"), Key: item("a", "1")}); err != nil {
		t.Fatal(err)
	}
	expect("1y", "2z")
	if err := db.LagIndexes("orders", 0); err != nil {
		t.Fatal(err)
	}
	expect("2z")
	write("3", "now")
	expect("2z", "3now")
}

func TestTheLogTellsCostsAndPermissions(t *testing.T) {
	db, client := newDB(t)
	ctx := t.Context()
	log := db.Log()
	_ = put(ctx, client, "1")
	if err := transact(ctx, client); err != nil {
		t.Fatal(err)
	}
	get := func(report types.ReturnConsumedCapacity) *types.ConsumedCapacity {
		out, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("orders"), Key: item("a", "1"), ReturnConsumedCapacity: report})
		if err != nil || len(out.Item) != 2 {
			t.Fatalf("%+v, %v", out, err)
		}
		return out.ConsumedCapacity
	}
	if c := get(""); c != nil {
		t.Errorf("capacity %+v that nobody asked for", c)
	}
	if c := get(types.ReturnConsumedCapacityTotal); c == nil || *c.CapacityUnits != 0.5 || c.Table != nil {
		t.Errorf("total capacity %+v", c)
	}
	if c := get(types.ReturnConsumedCapacityIndexes); c == nil || c.Table == nil {
		t.Errorf("capacity of the parts %+v", c)
	}
	_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("orders"), Item: item("a", "1"), ConditionExpression: aws.String("attribute_not_exists(pk)")})
	if code(err) != "ConditionalCheckFailedException" {
		t.Fatal(err)
	}
	_, _ = client.Query(ctx, &dynamodb.QueryInput{TableName: aws.String("orders"), IndexName: aws.String("none"), KeyConditionExpression: aws.String("pk = :p"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": s("a")}})
	log.Stop()
	_ = put(ctx, client, "2")
	var got []string
	for _, r := range log.Requests() {
		got = append(got, fmt.Sprint(r.Operation, " ", r.ReadUnits, " ", r.WriteUnits, " ", r.Error))
	}
	want := []string{"PutItem 0 1 ", "TransactWriteItems 0 4 ", "GetItem 0.5 0 ", "GetItem 0.5 0 ", "GetItem 0.5 0 ",
		"PutItem 0 0 ConditionalCheckFailedException", "Query 0 0 ValidationException"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"dynamodb:GetItem table/orders", "dynamodb:PutItem table/orders", "dynamodb:Query table/orders/index/none"}, log.Permissions()); diff != "" {
		t.Error(diff)
	}
	keys := map[string]bool{}
	for _, r := range log.Requests() {
		keys[fmt.Sprint(r.Operation, r.LeadingKeys)] = true
	}
	for _, want := range []string{"PutItemmap[dynamodb:PutItem table/orders:[a]]", "GetItemmap[dynamodb:GetItem table/orders:[a]]", "Querymap[]"} {
		if !keys[want] { // there is no such index
			t.Errorf("%s is not in %v", want, keys)
		}
	}
	if r, w := log.ReadUnits(), log.WriteUnits(); r != 1.5 || w != 5 {
		t.Errorf("%v read units, %v write units", r, w)
	}
	if n := len(log.Operations()); n != 7 {
		t.Errorf("%d operations", n)
	}
}

// A transaction that is repeated too late is done again.
func TestTokensAreForgotten(t *testing.T) {
	for window, opts := range map[time.Duration][]memory.Option{10 * time.Minute: nil, time.Minute: {memory.WithTokenWindow(time.Minute)}} {
		db, client := newDB(t, opts...)
		db.Clock().Stop()
		once := func(ctx context.Context) {
			_, err := client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String("token"), TransactItems: []types.TransactWriteItem{
				{Update: &types.Update{TableName: aws.String("orders"), Key: item("a", "1"), UpdateExpression: aws.String("ADD n :one"),
					ExpressionAttributeValues: map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}}}}}})
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []string{"1", "1", "2"} {
			once(t.Context())
			items, _ := db.Items("orders")
			if got := items[0]["n"].(*types.AttributeValueMemberN).Value; got != want {
				t.Errorf("window %v: n is %s, want %s", window, got, want)
			}
			db.Clock().Advance(window/2 + 1)
		}
	}
}
