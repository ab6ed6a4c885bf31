package stream_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/entable/entable"
	"github.com/entable/entable/stream"
)

// Song is one of an album's.
type Song struct {
	Album string `dynamodbav:"album"`
	Track int    `dynamodbav:"track"`
	Title string `dynamodbav:"title"`
}

func exampleTable() *entable.Table {
	table := entable.NewTable("music")
	entable.Register[Song](table, entable.PK("album"), entable.SK(entable.Attr("track").Width(2)))
	return table
}

// What a function does that Lambda calls for the changes of the table.
func ExampleLambda() {
	event := []byte(`{"Records": [{
		"eventID": "1", "eventName": "MODIFY",
		"dynamodb": {
			"SequenceNumber": "300000000000000000001",
			"Keys": {"pk": {"S": "SA#Blue"}, "sk": {"S": "ST#07"}},
			"OldImage": {"pk": {"S": "SA#Blue"}, "sk": {"S": "ST#07"}, "_type": {"S": "Song"}, "album": {"S": "Blue"}, "track": {"N": "7"}, "title": {"S": "Calfornia"}},
			"NewImage": {"pk": {"S": "SA#Blue"}, "sk": {"S": "ST#07"}, "_type": {"S": "Song"}, "album": {"S": "Blue"}, "track": {"N": "7"}, "title": {"S": "California"}}
		}}, {
		"eventID": "2", "eventName": "REMOVE",
		"dynamodb": {"SequenceNumber": "300000000000000000002", "Keys": {"pk": {"S": "POEM#1"}, "sk": {"S": "A"}}}
		}]}`)
	for record, err := range stream.Lambda(exampleTable(), event) {
		if failed, ok := errors.AsType[*stream.RecordError](err); ok {
			fmt.Println(failed.Index, failed.SequenceNumber, failed.Err)
			continue
		}
		if err != nil {
			panic(err)
		}
		switch song := record.New.(type) {
		case *Song:
			fmt.Printf("%s %+v: %s, was %s\n", record.Kind, *record.Key.(*Song), song.Title, record.Old.(*Song).Title)
		}
	}
	// Output:
	// MODIFY {Album:Blue Track:7 Title:}: California, was Calfornia
	// 1 300000000000000000002 entable: table "music": item [pk="POEM#1" sk="A"] is of no registered entity
}

func ExampleRecords() {
	// As the GetRecords of the SDK's client returns them.
	records := []streams.Record{{
		EventName: streams.OperationTypeRemove,
		Dynamodb: &streams.StreamRecord{SequenceNumber: aws.String("300000000000000000001"), Keys: map[string]streams.AttributeValue{
			"pk": &streams.AttributeValueMemberS{Value: "SA#Blue"}, "sk": &streams.AttributeValueMemberS{Value: "ST#07"},
		}},
	}}
	for record, err := range stream.Records(exampleTable(), records) {
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s %+v\n", record.Kind, record.Key)
	}
	// Output: REMOVE &{Album:Blue Track:7 Title:}
}

func ExampleExport() {
	file := strings.NewReader(`{"Item":{"pk":{"S":"SA#Blue"},"sk":{"S":"ST#07"},"_type":{"S":"Song"},"album":{"S":"Blue"},"track":{"N":"7"},"title":{"S":"California"}}}
{"Item":{"pk":{"S":"POEM#1"},"sk":{"S":"A"},"_type":{"S":"Poem"}}}`)
	unknown := 0
	for record, err := range stream.Export(exampleTable(), file, stream.SkipUnknown(&unknown)) {
		if err != nil {
			panic(err)
		}
		fmt.Printf("%T %+v\n", record.New, record.New)
	}
	fmt.Println(unknown, "of another type")
	// Output:
	// *stream_test.Song &{Album:Blue Track:7 Title:California}
	// 1 of another type
}
