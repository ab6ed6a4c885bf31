package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/memory"
)

// streamContestants replace the same items again and again, each time by other ones, in a table without a stream and in one
// with the most that a stream can have. The requests go straight to the database's handler, so that nothing hides the difference.
func streamContestants(ctx context.Context) ([]contestant, error) {
	var all []contestant
	for _, name := range []string{inMemory, streamed} {
		db := memory.New()
		s := server{db.Client(), tableName}
		if err := s.create(ctx); err != nil {
			return nil, err
		}
		if name == streamed {
			if _, err := s.client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &s.table, StreamSpecification: &types.StreamSpecification{
				StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}}); err != nil {
				return nil, err
			}
		}
		puts := []*caller{newPuts(ctx, db, "one"), newPuts(ctx, db, "two")}
		runs := 0
		all = append(all, contestant{row: engineStream, name: name, run: func(context.Context) error {
			if runs++; runs%streamRuns == 0 {
				db.Clock().Advance(24 * time.Hour) // the records go
			}
			return puts[runs%len(puts)].run()
		}})
	}
	return all, nil
}

// streamRuns bounds the records that are held: 100,000.
const streamRuns = 200

// newPuts returns puts of 500 items of one partition whose texts hold the given one.
func newPuts(ctx context.Context, h http.Handler, text string) *caller {
	c := &caller{handler: h, header: http.Header{}}
	put := newRequest(ctx, "PutItem", nil)
	put.Body = c
	for i := range 500 {
		item := fmt.Sprintf(`{"pk":{"S":"a"},"sk":{"S":"%08d"},"status":{"S":%q},"qty":{"N":"7"},"note":{"S":"%0120d"}}`, i, text, i)
		c.requests = append(c.requests, callerRequest{put, []byte(`{"TableName":"` + tableName + `","Item":` + item + `}`), []byte(`{}`)})
	}
	return c
}
