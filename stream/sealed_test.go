package stream_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
	"github.com/entable/entable/seal"
	"github.com/entable/entable/stream"
)

// Patient has an attribute that is encrypted and one that is compressed.
type Patient struct {
	ID      string `dynamodbav:"id"`
	Finding string `dynamodbav:"finding" entable:"encrypt"`
	History string `dynamodbav:"history" entable:"zstd"`
}

func patients(t testing.TB, secret byte) (*entable.Table, *entable.Entity[Patient]) {
	t.Helper()
	keys, err := seal.Keys(seal.Key{ID: "k", Secret: bytes.Repeat([]byte{secret}, 32)})
	check(t, err)
	table := entable.NewTable("patients", entable.Encryption(seal.New(keys, seal.Options{})))
	return table, entable.Register[Patient](table, entable.PK("id"))
}

// Records of sealed attributes are opened from every source, both images; with another key they are an error, and never text.
func TestRecordsOfSealedAttributes(t *testing.T) {
	t.Parallel()
	table, entity := patients(t, 1)
	db := memory.New()
	t.Cleanup(db.Close)
	table.Use(db.Client())
	check(t, table.CreateTable(t.Context(), func(in *dynamodb.CreateTableInput) {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
	}))
	was := Patient{"1", "secret finding", strings.Repeat("history ", 100)}
	now := was
	now.Finding = "another secret"
	check(t, entity.Put(t.Context(), &was))
	check(t, entity.Put(t.Context(), &now))

	records := recordsOf(t, db, "patients")
	if len(records) != 2 {
		t.Fatalf("%d records", len(records))
	}
	json := func(image map[string]streams.AttributeValue) string {
		item, err := attributevalue.FromDynamoDBStreamsMap(image)
		check(t, err)
		raw, err := attributevalue.MarshalMapJSON(item)
		check(t, err)
		return string(raw)
	}
	r := records[1].Dynamodb
	images := `"Keys":` + json(r.Keys) + `,"OldImage":` + json(r.OldImage) + `,"NewImage":` + json(r.NewImage)
	change := `{"eventName":"MODIFY","dynamodb":{` + images + `}}`
	if strings.Contains(change, "secret") || strings.Contains(change, "history history") {
		t.Fatalf("the stream shows %s", change)
	}
	other, _ := patients(t, 2)
	for source, read := range map[string]func(*entable.Table) ([]*stream.Record, []error){
		"records": func(t *entable.Table) ([]*stream.Record, []error) { return results(stream.Records(t, records[1:])) },
		"lambda": func(t *entable.Table) ([]*stream.Record, []error) {
			return results(stream.Lambda(t, []byte("["+change+"]")))
		},
		"export": func(t *entable.Table) ([]*stream.Record, []error) {
			return results(stream.Export(t, strings.NewReader("{"+images+"}\n")))
		},
	} {
		list, errs := read(table)
		if len(errs) > 0 || len(list) != 1 || *list[0].New.(*Patient) != now || *list[0].Old.(*Patient) != was {
			t.Errorf("%s: %+v, %v", source, list, errs)
		}
		list, errs = read(other)
		if len(list) > 0 || len(errs) != 1 || strings.Contains(errs[0].Error(), "secret") {
			t.Errorf("%s with another key: %+v, %v", source, list, errs)
		}
		if _, ok := errors.AsType[*entable.DecodeError](errors.Join(errs...)); !ok {
			t.Errorf("%s with another key: error %v", source, errs)
		}
	}
}

// recordsOf reads all records of the one shard of a table's stream.
func recordsOf(t *testing.T, db *memory.DB, table string) []streams.Record {
	t.Helper()
	client := db.StreamsClient()
	list, err := client.ListStreams(t.Context(), &dynamodbstreams.ListStreamsInput{TableName: &table})
	check(t, err)
	arn := list.Streams[0].StreamArn
	d, err := client.DescribeStream(t.Context(), &dynamodbstreams.DescribeStreamInput{StreamArn: arn})
	check(t, err)
	at, err := client.GetShardIterator(t.Context(), &dynamodbstreams.GetShardIteratorInput{StreamArn: arn,
		ShardId: d.StreamDescription.Shards[0].ShardId, ShardIteratorType: streams.ShardIteratorTypeTrimHorizon})
	check(t, err)
	page, err := client.GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: at.ShardIterator})
	check(t, err)
	return page.Records
}
