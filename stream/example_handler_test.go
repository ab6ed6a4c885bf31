package stream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
	"github.com/entable/entable/stream"
)

// A function that Lambda calls: lambda.Start(handler.Lambda) of github.com/aws/aws-lambda-go.
func ExampleHandler_Lambda() {
	table := entable.NewTable("music")
	songs := entable.Register[Song](table, entable.PK("album"), entable.SK(entable.Attr("track").Width(2)))
	handler := stream.NewHandler(table,
		stream.On(songs, func(_ context.Context, c stream.Change[Song]) error {
			if c.New.Title == "" {
				return fmt.Errorf("track %d has no title yet", c.Key.Track)
			}
			fmt.Println(c.Kind, c.New.Title)
			return nil
		}),
		stream.Failures(func(_ context.Context, err *stream.RecordError) { fmt.Println(err.Err) }))

	event := []byte(`{"Records": [
		{"eventID": "1", "eventName": "INSERT", "dynamodb": {"SequenceNumber": "101", "Keys": {"pk": {"S": "SA#Blue"}, "sk": {"S": "ST#01"}},
			"NewImage": {"pk": {"S": "SA#Blue"}, "sk": {"S": "ST#01"}, "_type": {"S": "Song"}, "album": {"S": "Blue"}, "track": {"N": "1"}, "title": {"S": "All I Want"}}}},
		{"eventID": "2", "eventName": "INSERT", "dynamodb": {"SequenceNumber": "102", "Keys": {"pk": {"S": "SA#Blue"}, "sk": {"S": "ST#02"}},
			"NewImage": {"pk": {"S": "SA#Blue"}, "sk": {"S": "ST#02"}, "_type": {"S": "Song"}, "album": {"S": "Blue"}, "track": {"N": "2"}, "title": {"S": ""}}}}]}`)
	res, err := handler.Lambda(context.Background(), event)
	if err != nil {
		panic(err)
	}
	answer, _ := json.Marshal(res)
	fmt.Println(string(answer))
	// Output:
	// INSERT All I Want
	// track 2 has no title yet
	// {"batchItemFailures":[{"itemIdentifier":"102"}]}
}

// A program that reads the stream itself and keeps its position in the table.
func ExampleHandler_Poll() {
	ctx := context.Background()
	db := memory.New()
	defer db.Close()
	table := entable.NewTable("music")
	songs := entable.Register[Song](table, entable.PK("album"), entable.SK(entable.Attr("track").Width(2)))
	positions := stream.NewTableCheckpoints(table, "announcer")

	table.Use(db.Client())
	err := table.CreateTable(ctx, func(in *dynamodb.CreateTableInput) {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
	})
	if err != nil {
		panic(err)
	}
	if err := songs.Put(ctx, &Song{Album: "Blue", Track: 1, Title: "All I Want"}); err != nil {
		panic(err)
	}

	ctx, stop := context.WithCancel(ctx)
	handler := stream.NewHandler(table, stream.On(songs, func(_ context.Context, c stream.Change[Song]) error {
		fmt.Println(c.Kind, c.New.Title)
		stop() // a service would go on
		return nil
	}))
	err = handler.Poll(ctx, db.StreamsClient(), stream.PollOptions{Checkpoints: positions, Interval: 100 * time.Millisecond})
	fmt.Println(err)
	// Output:
	// INSERT All I Want
	// entable: stream of table "music": context canceled
}
