package memory

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/entable/entable/internal/engine"
	"github.com/entable/entable/internal/engine/value"
)

// Records returns the records of a table's stream that were made at a moment or later, all of them for the zero
// time, in the order of the writes over all shards: what a [DB.StreamsClient] reads shard by shard. Faults do not touch it. It
// fails for a table that never had a stream. If the table's stream was disabled, or the table deleted, the last stream's records
// are returned. They are the caller's.
//
// Hand them to the handler that is under test, or compare them with what the code under test should have written.
func (db *DB) Records(table string, since time.Time) ([]types.Record, error) {
	records, err := db.account.Records(table, since)
	if err != nil {
		return nil, err
	}
	list := make([]types.Record, len(records))
	for i := range records {
		list[i] = recordOf(&records[i])
	}
	return list, nil
}

// SplitShards closes the open shards of a table's stream and opens two children for each, which share its
// partitions: what the service does to a table that is written to much, and a reader has to follow. A shard is
// closed also after four hours, with one child.
func (db *DB) SplitShards(table string) error { return db.account.SplitShards(table) }

func recordOf(r *engine.StreamRecord) types.Record {
	out := types.Record{
		EventID: new(r.ID), EventName: types.OperationType(r.EventName), EventSource: new("aws:dynamodb"), EventVersion: new("1.1"),
		AwsRegion: new(r.Region),
		Dynamodb: &types.StreamRecord{
			ApproximateCreationDateTime: new(r.Created.Truncate(time.Second)), Keys: streamAttributes(r.Keys),
			SequenceNumber: new(r.SequenceNumber), SizeBytes: new(int64(r.Size)), StreamViewType: types.StreamViewType(r.View),
			NewImage: streamAttributes(r.New), OldImage: streamAttributes(r.Old),
		},
	}
	if r.ByService {
		out.UserIdentity = &types.Identity{PrincipalId: new("dynamodb.amazonaws.com"), Type: new("Service")}
	}
	return out
}

// streamAttributes gives nil for an image that is not there: images have their keys at least.
func streamAttributes(it value.Item) map[string]types.AttributeValue {
	if it.IsEmpty() {
		return nil
	}
	attrs := make(map[string]types.AttributeValue, it.Len())
	for name, v := range it.All() {
		attrs[name] = streamAttribute(v)
	}
	return attrs
}

// streamAttribute does what attributeOf does for the streams' own types.
func streamAttribute(v value.Value) types.AttributeValue {
	texts := func() []string {
		var list []string
		for e := range v.Elems() {
			if e.Kind() == value.N {
				list = append(list, e.NumberText())
			} else {
				list = append(list, e.Str())
			}
		}
		return list
	}
	switch v.Kind() {
	case value.S:
		return &types.AttributeValueMemberS{Value: v.Str()}
	case value.N:
		return &types.AttributeValueMemberN{Value: v.NumberText()}
	case value.B:
		return &types.AttributeValueMemberB{Value: []byte(v.Str())}
	case value.BOOL:
		return &types.AttributeValueMemberBOOL{Value: v.IsTrue()}
	case value.NULL:
		return &types.AttributeValueMemberNULL{Value: true}
	case value.SS:
		return &types.AttributeValueMemberSS{Value: texts()}
	case value.NS:
		return &types.AttributeValueMemberNS{Value: texts()}
	case value.BS:
		set := &types.AttributeValueMemberBS{}
		for _, text := range texts() {
			set.Value = append(set.Value, []byte(text))
		}
		return set
	case value.L:
		list := &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
		for e := range v.Elems() {
			list.Value = append(list.Value, streamAttribute(e))
		}
		return list
	case value.M:
		m := &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{}}
		for name, e := range v.Item().All() {
			m.Value[name] = streamAttribute(e)
		}
		return m
	}
	panic(fmt.Sprintf("BUG: attribute of kind %s", v.Kind()))
}
