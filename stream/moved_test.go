package stream_test

import (
	"encoding/json"
	"fmt"
	"testing"

	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/entable/entable"
	"github.com/entable/entable/stream"
)

// The record of an item at the place that Moved names says so, whatever the source; its key is that of the item at either place.
func TestRecordsOfMovedItems(t *testing.T) {
	old, now := entable.PK("list", entable.Prefix("OLD")), entable.PK("list", entable.Prefix("NEW"))
	table := entable.NewTable("moved")
	entable.Register[Task](table, now, entable.SK("n"), entable.Moved(old))
	before := entable.NewTable("moved")
	was := entable.Register[Task](before, old, entable.SK("n"))
	after := entable.NewTable("moved")
	is := entable.Register[Task](after, now, entable.SK("n"))
	v := Task{"a", 1}
	there, err := was.ToItem(&v)
	check(t, err)
	here, err := is.ToItem(&v)
	check(t, err)
	moved := []streams.Record{
		{EventName: streams.OperationTypeRemove, Dynamodb: &streams.StreamRecord{Keys: toStreams(key("OLD#a", "TN#0000000000000000001")), OldImage: toStreams(there)}},
		{EventName: streams.OperationTypeInsert, Dynamodb: &streams.StreamRecord{Keys: toStreams(key("NEW#a", "TN#0000000000000000001")), NewImage: toStreams(here)}},
	}
	list, errs := results(stream.Records(table, moved))
	if len(list) != 2 || len(errs) > 0 || !list[0].Moved || list[1].Moved || *list[0].Key.(*Task) != v || *list[0].Old.(*Task) != v {
		t.Errorf("records %+v, %v", list, errs)
	}
	for pk, want := range map[string]bool{"OLD#a": true, "NEW#a": false} {
		keys, err := json.Marshal(map[string]map[string]string{"pk": {"S": pk}, "sk": {"S": "TN#0000000000000000001"}})
		check(t, err)
		list, errs := results(stream.Lambda(table, fmt.Appendf(nil, `[{"eventName":"REMOVE","dynamodb":{"Keys":%s}}]`, keys)))
		if len(list) != 1 || len(errs) > 0 || list[0].Moved != want || *list[0].Key.(*Task) != v {
			t.Errorf("%s: %+v, %v", pk, list, errs)
		}
	}
}
