package stream_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/entable/entable"
	"github.com/entable/entable/stream"
)

// Chore is registered as two entities.
type Chore struct {
	List string `dynamodbav:"list"`
	N    int    `dynamodbav:"n"`
	Note string `dynamodbav:"note"`
}

// Items of a Go type that is registered twice have the keys of their own entity, whatever the source.
func TestRecordsOfATypeThatIsRegisteredTwice(t *testing.T) {
	table := entable.NewTable("chores")
	mine := entable.Register[Chore](table, entable.Name("Mine"), entable.PK("list"), entable.SK("n"))
	theirs := entable.Register[Chore](table, entable.Name("Theirs"), entable.PK("list", entable.PrefixOf(mine)), entable.SK("n", entable.Prefix("T")))
	v, want := Chore{"a", 1, "note"}, Chore{List: "a", N: 1}
	for _, e := range []*entable.Entity[Chore]{mine, theirs} {
		item, err := e.ToItem(&v)
		check(t, err)
		keys := map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]}
		list, errs := results(stream.Records(table, []streams.Record{
			{EventName: streams.OperationTypeInsert, Dynamodb: &streams.StreamRecord{Keys: toStreams(keys), NewImage: toStreams(item)}},
			{EventName: streams.OperationTypeRemove, Dynamodb: &streams.StreamRecord{Keys: toStreams(keys)}},
		}))
		if len(list) != 2 || len(errs) > 0 || *list[0].New.(*Chore) != v || *list[0].Key.(*Chore) != want || *list[1].Key.(*Chore) != want {
			t.Errorf("%s: records %+v, %v", e.Name(), list, errs)
		}
		line, err := json.Marshal(map[string]any{"Item": map[string]any{
			"pk": map[string]string{"S": keys["pk"].(*types.AttributeValueMemberS).Value}, "sk": map[string]string{"S": keys["sk"].(*types.AttributeValueMemberS).Value},
			"_type": map[string]string{"S": e.Name()}, "list": map[string]string{"S": "a"}, "n": map[string]string{"N": "1"}, "note": map[string]string{"S": "note"},
		}})
		check(t, err)
		list, errs = results(stream.Export(table, bytes.NewReader(line)))
		if len(list) != 1 || len(errs) > 0 || *list[0].New.(*Chore) != v || *list[0].Key.(*Chore) != want {
			t.Errorf("%s: exported %+v, %v", e.Name(), list, errs)
		}
	}
}
