package memory_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/entable/entable/memory"
)

func enableStream(t *testing.T, client *dynamodb.Client) string {
	t.Helper()
	out, err := client.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("orders"),
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}})
	if err != nil {
		t.Fatal(err)
	}
	return *out.TableDescription.LatestStreamArn
}

// readAll follows a stream through its shards, as a consumer does.
func readAll(t *testing.T, client *dynamodbstreams.Client, arn string) (records []streams.Record) {
	t.Helper()
	ctx := t.Context()
	d, err := client.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	for _, shard := range d.StreamDescription.Shards {
		it, err := client.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{StreamArn: &arn, ShardId: shard.ShardId,
			ShardIteratorType: streams.ShardIteratorTypeTrimHorizon})
		if err != nil {
			t.Fatal(err)
		}
		for next := it.ShardIterator; next != nil; {
			out, err := client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: next, Limit: aws.Int32(2)})
			if err != nil {
				t.Fatal(err)
			}
			if records = append(records, out.Records...); len(out.Records) == 0 {
				break
			}
			next = out.NextShardIterator
		}
	}
	return records
}

// A real client of the streams reads what the database says that it wrote, value by value.
func TestTheStreamsClientReadsTheRecords(t *testing.T) {
	db, client := newDB(t)
	arn := enableStream(t, client)
	list, err := db.StreamsClient().ListStreams(t.Context(), &dynamodbstreams.ListStreamsInput{TableName: aws.String("orders")})
	if err != nil || len(list.Streams) != 1 || *list.Streams[0].StreamArn != arn {
		t.Fatalf("streams %+v, %v", list, err)
	}
	everything := item("a", "1")
	maps.Copy(everything, map[string]types.AttributeValue{
		"n": &types.AttributeValueMemberN{Value: "12345678901234567890123456789012345678"}, "b": &types.AttributeValueMemberB{Value: []byte{0, 255}},
		"t": &types.AttributeValueMemberBOOL{Value: true}, "z": &types.AttributeValueMemberNULL{Value: true},
		"ss": &types.AttributeValueMemberSS{Value: []string{"x", "y"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"1", "2"}},
		"bs": &types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}},
		"l":  &types.AttributeValueMemberL{Value: []types.AttributeValue{s("in"), &types.AttributeValueMemberL{Value: []types.AttributeValue{}}}},
		"m":  &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"k": s("v"), "e": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{}}}},
	})
	if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("orders"), Item: everything}); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		if err := put(t.Context(), client, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		if err := db.SplitShards("orders"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := db.Records("orders", time.Time{})
	if err != nil || len(got) != 5 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	if diff := cmp.Diff(readAll(t, db.StreamsClient(), arn), got, cmpopts.IgnoreUnexported(streams.Record{}, streams.StreamRecord{}, streams.Identity{},
		streams.AttributeValueMemberS{}, streams.AttributeValueMemberN{}, streams.AttributeValueMemberB{}, streams.AttributeValueMemberBOOL{},
		streams.AttributeValueMemberNULL{}, streams.AttributeValueMemberSS{}, streams.AttributeValueMemberNS{}, streams.AttributeValueMemberBS{},
		streams.AttributeValueMemberL{}, streams.AttributeValueMemberM{}), cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("the client's records (-) and the database's (+):\n%s", diff)
	}
}

func TestRecordsSinceAMoment(t *testing.T) {
	db, client := newDB(t)
	db.Clock().Stop()
	if _, err := db.Records("orders", time.Time{}); err == nil || !strings.Contains(err.Error(), "orders has no stream") {
		t.Errorf("without a stream: %v", err)
	}
	enableStream(t, client)
	_ = put(t.Context(), client, "1")
	db.Clock().Advance(time.Second)
	since := db.Clock().Now()
	_ = put(t.Context(), client, "2")
	records, err := db.Records("orders", since)
	if err != nil || len(records) != 1 || records[0].Dynamodb.Keys["sk"].(*streams.AttributeValueMemberS).Value != "2" {
		t.Errorf("records %+v, %v", records, err)
	}
	db.Clock().Advance(24 * time.Hour)
	if records, err = db.Records("orders", time.Time{}); err != nil || len(records) != 0 {
		t.Errorf("a day later: %+v, %v", records, err)
	}
}

// An expired item goes by itself, and its stream says that it was the service.
func TestExpiredItemsGoByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, client := newDB(t, memory.WithExpiry(time.Second))
		enableStream(t, client)
		if _, err := client.UpdateTimeToLive(t.Context(), &dynamodb.UpdateTimeToLiveInput{TableName: aws.String("orders"),
			TimeToLiveSpecification: &types.TimeToLiveSpecification{Enabled: aws.Bool(true), AttributeName: aws.String("ttl")}}); err != nil {
			t.Fatal(err)
		}
		it := item("a", "1")
		it["ttl"] = &types.AttributeValueMemberN{Value: fmt.Sprint(time.Now().Add(time.Hour).Unix())}
		if err := db.Seed("orders", it); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{1, 0} { // items after an hour, and two seconds later
			time.Sleep(time.Hour - time.Duration(1-want)*(time.Hour-2*time.Second))
			if items, _ := db.Items("orders"); len(items) != want {
				t.Errorf("%d items, want %d", len(items), want)
			}
		}
		records, err := db.Records("orders", time.Time{})
		if err != nil || len(records) != 2 {
			t.Fatalf("%d records, %v", len(records), err)
		}
		if by := records[1].UserIdentity; by == nil || *by.PrincipalId != "dynamodb.amazonaws.com" || *by.Type != "Service" {
			t.Errorf("removed by %+v", by)
		}
	})
}

func TestAccountsAndRegions(t *testing.T) {
	db, client := newDB(t)
	other := db.In("eu-west-1", "123456789012")
	createTable(t, other.Client(), "orders")
	if err := other.Seed("orders", item("a", "there")); err != nil {
		t.Fatal(err)
	}
	if items, _ := db.Items("orders"); len(items) != 0 {
		t.Errorf("here: %v", items)
	}
	d, err := other.Client().DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("orders")})
	if err != nil || *d.Table.TableArn != "arn:aws:dynamodb:eu-west-1:123456789012:table/orders" || *d.Table.ItemCount != 1 {
		t.Errorf("%+v, %v", d, err)
	}
	_ = put(t.Context(), client, "here")
	snapshot := db.Snapshot()
	for _, d := range []*memory.DB{db, other} {
		if _, err := d.Client().DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("orders")}); err != nil {
			t.Fatal(err)
		}
	}
	db.Restore(snapshot)
	for d, want := range map[*memory.DB]string{db: "here", other: "there"} {
		items, err := d.Items("orders")
		if err != nil || len(items) != 1 || items[0]["sk"].(*types.AttributeValueMemberS).Value != want {
			t.Errorf("%v, %v, want %s", items, err, want)
		}
	}
	shared := memory.New(memory.WithSharedTables())
	defer shared.Close()
	createTable(t, shared.In("eu-west-1", "a").Client(), "orders")
	if _, err := shared.In("us-east-1", "b").Items("orders"); err != nil {
		t.Errorf("shared: %v", err)
	}
}
