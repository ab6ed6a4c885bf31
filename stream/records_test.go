package stream_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/ddblocal"
	"github.com/entable/entable/stream"
)

func key(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}}
}

func TestRecords(t *testing.T) {
	table, ledgers := declareLedgers()
	item, err := ledgers.ToItem(&ledgerOfAnn)
	check(t, err)
	keys := toStreams(map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]})
	at := time.Date(2024, 11, 15, 13, 0, 0, 0, time.FixedZone("CET", 3600))
	list, errs := results(stream.Records(table, []streams.Record{
		{
			EventID: aws.String("e"), EventName: streams.OperationTypeRemove,
			UserIdentity: &streams.Identity{Type: aws.String("Service"), PrincipalId: aws.String("dynamodb.amazonaws.com")},
			Dynamodb: &streams.StreamRecord{
				Keys: keys, OldImage: toStreams(item), SequenceNumber: aws.String("7"), ApproximateCreationDateTime: &at,
			},
		},
		{},
		{EventName: streams.OperationTypeModify, Dynamodb: &streams.StreamRecord{Keys: keys, NewImage: map[string]streams.AttributeValue{}}},
		{EventName: streams.OperationTypeInsert, Dynamodb: &streams.StreamRecord{Keys: toStreams(key("_unique#Ledger#email#x", "A"))}},
		{EventName: streams.OperationTypeInsert, Dynamodb: &streams.StreamRecord{Keys: toStreams(key("_manifest#%", "A"))}},
		{EventName: streams.OperationTypeInsert, Dynamodb: &streams.StreamRecord{}},
		{EventName: streams.OperationTypeInsert, Dynamodb: &streams.StreamRecord{Keys: toStreams(key("?", "?")), SequenceNumber: aws.String("9")}},
		{EventName: "MOVE", Dynamodb: &streams.StreamRecord{Keys: keys}},
		{EventName: streams.OperationTypeInsert, Dynamodb: &streams.StreamRecord{Keys: map[string]streams.AttributeValue{"pk": nil}}},
	}))
	if len(list) != 2 {
		t.Fatalf("%d records, errors %v", len(list), errs)
	}
	checkRecord(t, "whole record", list[0], want{stream.Remove, ledgerKey(ledgerOfAnn), &ledgerOfAnn, nil, at, true})
	if list[0].ID != "e" || list[0].SequenceNumber != "7" {
		t.Errorf("record %+v", *list[0])
	}
	checkRecord(t, "keys only", list[1], want{kind: stream.Modify, key: ledgerKey(ledgerOfAnn)})
	var at2 []int
	for _, err := range errs {
		failed, ok := errors.AsType[*stream.RecordError](err)
		if !ok || !entable.IsError(err) || (failed.SequenceNumber == "9") != (failed.Index == 6) {
			t.Fatalf("error %v", err)
		}
		at2 = append(at2, failed.Index)
	}
	if !slices.Equal(at2, []int{1, 5, 6, 7, 8}) {
		t.Errorf("errors at %v: %v", at2, errs)
	}
}

// Items of unknown types are errors, passed over and counted, or given as they are.
func TestUnknownTypes(t *testing.T) {
	table, ledgers := declareLedgers()
	known, err := ledgers.ToItem(&ledgerOfAnn)
	check(t, err)
	ghost := key("G#1", "A")
	ghost["_type"], ghost["x"] = &types.AttributeValueMemberS{Value: "Ghost"}, &types.AttributeValueMemberN{Value: "1"}
	renamed := key("LO#ann", "LD#2024-02-29")
	renamed["_type"] = &types.AttributeValueMemberS{Value: "Journal"}
	record := func(keys, old, now map[string]types.AttributeValue) streams.Record {
		return streams.Record{EventName: streams.OperationTypeModify, Dynamodb: &streams.StreamRecord{
			Keys: toStreams(keys), OldImage: toStreams(old), NewImage: toStreams(now),
		}}
	}
	ledgerKeys := key("LO#ann", "LD#2024-02-29")
	records := []streams.Record{
		record(key("G#1", "A"), ghost, ghost),
		record(key("G#1", "A"), nil, nil),
		record(ledgerKeys, renamed, known),
		record(ledgerKeys, nil, renamed),
		record(ledgerKeys, known, known),
	}
	list, errs := results(stream.Records(table, records))
	if len(list) != 1 || len(errs) != 4 {
		t.Fatalf("%v, %v", list, errs)
	}
	for _, err := range errs {
		if _, ok := errors.AsType[*entable.UnknownEntityError](err); !ok {
			t.Errorf("error %v", err)
		}
	}
	n := 10
	list, errs = results(stream.Records(table, records, stream.SkipUnknown(&n)))
	if len(list) != 2 || len(errs) > 0 || n != 13 {
		t.Fatalf("%v, %v, %d passed over", list, errs, n)
	}
	if !reflect.DeepEqual(list[0].Old, entable.RawItem(renamed)) {
		t.Errorf("old image %v", list[0].Old)
	}
	checkLedger(t, "new image", list[0].New, &ledgerOfAnn)
	checkLedger(t, "key", list[0].Key, ledgerKey(ledgerOfAnn))
	if list, errs = results(stream.Records(table, records, stream.SkipUnknown(nil))); len(list) != 2 || len(errs) > 0 {
		t.Errorf("not counted: %v, %v", list, errs)
	}
	list, errs = results(stream.Records(table, records, stream.RawUnknown()))
	if len(list) != 5 || len(errs) > 0 {
		t.Fatalf("%v, %v", list, errs)
	}
	for i, w := range []stream.Record{
		{Key: entable.RawItem(key("G#1", "A")), Old: entable.RawItem(ghost), New: entable.RawItem(ghost)},
		{Key: entable.RawItem(key("G#1", "A"))},
		{Key: ledgerKey(ledgerOfAnn), Old: entable.RawItem(renamed)},
		{Key: entable.RawItem(ledgerKeys), New: entable.RawItem(renamed)},
	} {
		w.Kind = stream.Modify
		if i == 2 {
			w.New = list[i].New
		}
		if !reflect.DeepEqual(*list[i], w) {
			t.Errorf("record %d is\n%+v, want\n%+v", i, *list[i], w)
		}
	}
}

// A program's writes come out of the stream of a real table: its own items, and none of the library's.
func TestStreamOfTable(t *testing.T) {
	endpoint := ddblocal.Endpoint(t)
	ctx := t.Context()
	client := ddblocal.NewClient(endpoint)
	table := entable.NewTable("stream-" + rand.Text())
	ledgers := entable.Register[Ledger](table, entable.PK("owner"), entable.SK(entable.Attr("day").Layout("2006-01-02"), entable.Prefix("LD")))
	table.Use(client)
	check(t, table.CreateTable(ctx, func(in *dynamodb.CreateTableInput) {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
	}))
	t.Cleanup(func() { table.DeleteTable(context.Background()) })
	check(t, table.Verify(ctx))
	ann := ledgerOfAnn
	check(t, ledgers.Put(ctx, &ann))
	check(t, ledgers.Patch(&ann).Set("email", "ann@example.net").Do(ctx))
	check(t, ledgers.Remove(ctx, &ann))

	before, after := ledgerOfAnn, ledgerOfAnn
	after.Email = "ann@example.net"
	want := []want{
		{kind: stream.Insert, new: &before}, {kind: stream.Modify, old: &before, new: &after}, {kind: stream.Remove, old: &after},
	}
	raw := readStream(t, endpoint, client, table)
	list, errs := results(stream.Records(table, raw))
	if len(errs) > 0 || len(list) != len(want) || len(raw) <= len(list) {
		t.Fatalf("%d records of %d, errors %v", len(list), len(raw), errs)
	}
	for i, w := range want {
		w.key, w.at = ledgerKey(ledgerOfAnn), list[i].At
		checkRecord(t, fmt.Sprint("record ", i), list[i], w)
		if list[i].ID == "" || list[i].SequenceNumber == "" || list[i].At.IsZero() {
			t.Errorf("record %+v", *list[i])
		}
	}
}

// readStream reads the one shard of a table's stream to its end.
func readStream(t *testing.T, endpoint string, client *dynamodb.Client, table *entable.Table) (records []streams.Record) {
	t.Helper()
	ctx := t.Context()
	d, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(table.Name())})
	check(t, err)
	sc := dynamodbstreams.New(dynamodbstreams.Options{
		BaseEndpoint: &endpoint, Region: client.Options().Region, Credentials: client.Options().Credentials,
	})
	s, err := sc.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: d.Table.LatestStreamArn})
	check(t, err)
	for _, shard := range s.StreamDescription.Shards {
		it, err := sc.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
			StreamArn: d.Table.LatestStreamArn, ShardId: shard.ShardId, ShardIteratorType: streams.ShardIteratorTypeTrimHorizon,
		})
		check(t, err)
		for at := it.ShardIterator; at != nil; {
			out, err := sc.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: at})
			check(t, err)
			if len(out.Records) == 0 {
				break
			}
			records, at = append(records, out.Records...), out.NextShardIterator
		}
	}
	return records
}
