package stream_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
	"github.com/entable/entable/stream"
)

// poem is a change of a type that this program does not know.
var poem = []byte(`{"Records": [{"eventID": "1", "eventName": "REMOVE",
	"dynamodb": {"SequenceNumber": "300000000000000000001", "Keys": {"pk": {"S": "POEM#1"}, "sk": {"S": "A"}}}}]}`)

func ExampleRawUnknown() {
	for record, err := range stream.Lambda(exampleTable(), poem, stream.RawUnknown()) {
		fmt.Printf("%s %T %v\n", record.Kind, record.Key, err)
	}
	// Output: REMOVE entable.RawItem <nil>
}

func ExampleSkipUnknown() {
	passed := 0
	for range stream.Lambda(exampleTable(), poem, stream.SkipUnknown(&passed)) {
		fmt.Println("this is not reached")
	}
	fmt.Println(passed)
	// Output: 1
}

// What no function of a type takes.
func ExampleElse() {
	handler := stream.NewHandler(exampleTable(), stream.RawUnknown(), stream.Else(func(_ context.Context, r *stream.Record) error {
		fmt.Printf("%s %T\n", r.Kind, r.Key)
		return nil
	}))
	response, err := handler.Lambda(context.Background(), poem)
	fmt.Println(len(response.BatchItemFailures), err)
	// Output:
	// REMOVE entable.RawItem
	// 0 <nil>
}

// Without it, failures are logged by slog.Default.
func ExampleFailures() {
	handler := stream.NewHandler(exampleTable(), stream.Failures(func(_ context.Context, err *stream.RecordError) {
		fmt.Println(err.SequenceNumber, err.Err)
	}))
	response, err := handler.Lambda(context.Background(), poem)
	fmt.Println(response.BatchItemFailures[0].ItemIdentifier, err)
	// Output:
	// 300000000000000000001 entable: table "music": item [pk="POEM#1" sk="A"] is of no registered entity
	// 300000000000000000001 <nil>
}

// Those behind it are given all the same.
func ExampleRecordError() {
	for _, err := range stream.Lambda(exampleTable(), poem) {
		if failed, ok := errors.AsType[*stream.RecordError](err); ok {
			unknown, ok := errors.AsType[*entable.UnknownEntityError](failed)
			fmt.Println(failed.Index, failed.ID, ok, unknown.Key)
		}
	}
	// Output: 0 1 true pk="POEM#1" sk="A"
}

func ExampleLineError() {
	for _, err := range stream.Export(exampleTable(), strings.NewReader(`{"Item":{"pk":{"S":"POEM#1"},"sk":{"S":"A"}}}`)) {
		if failed, ok := errors.AsType[*stream.LineError](err); ok {
			fmt.Println(failed.Line, failed.Err)
		}
	}
	// Output: 1 entable: table "music": item [pk="POEM#1" sk="A"] is of no registered entity
}

// Nobody has read the stream for a day: what was made of its changes is made anew, and the poll goes on from now.
func ExampleLostRecordsError() {
	rebuild := func(err error) (stream.PollOptions, bool) {
		lost, ok := errors.AsType[*stream.LostRecordsError](err)
		if ok {
			fmt.Println("made anew: changes after", lost.After, "are lost")
		}
		return stream.PollOptions{AcceptLoss: ok}, ok
	}
	options, again := rebuild(&stream.LostRecordsError{Stream: "arn:…", Shard: "shardId-1", After: "300000000000000000001"}) // from Poll
	fmt.Println(options.AcceptLoss, again)
	// Output:
	// made anew: changes after 300000000000000000001 are lost
	// true true
}

// Each run of the program begins anew, which is right for what lives as long as it.
func ExampleMemoryCheckpoints() {
	ctx := context.Background()
	positions := stream.MemoryCheckpoints()
	fmt.Println(positions.Save(ctx, "arn:…", "shardId-1", stream.Position{SequenceNumber: "300000000000000000001"}))
	kept, err := positions.Load(ctx, "arn:…")
	fmt.Println(kept["shardId-1"].SequenceNumber, err)
	// Output:
	// <nil>
	// 300000000000000000001 <nil>
}

// Positions as items of the table itself, each consumer its own. Poll calls Load, Save and Forget.
func ExampleTableCheckpoints() {
	ctx, table := context.Background(), exampleTable()
	mails := stream.NewTableCheckpoints(table, "mails")
	search := mails.For("search")
	table.Use(memory.New().Client())
	if err := table.CreateTable(ctx); err != nil {
		panic(err)
	}
	if err := mails.Save(ctx, "arn:…", "shardId-1", stream.Position{SequenceNumber: "300000000000000000001"}); err != nil {
		panic(err)
	}
	for _, consumer := range []*stream.TableCheckpoints{mails, search} {
		kept, err := consumer.Load(ctx, "arn:…")
		fmt.Println(kept["shardId-1"].SequenceNumber, err)
	}
	fmt.Println(mails.Forget(ctx, "arn:…", "shardId-1")) // when the stream has no such shard any more
	// Output:
	// 300000000000000000001 <nil>
	//  <nil>
	// <nil>
}
