package stream

import (
	"errors"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/entable/entable"
)

// Records decodes what the SDK's client of DynamoDB Streams returns, in its order:
//
//	out, err := client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: at})
//	…
//	for record, err := range stream.Records(Items, out.Records) {
//
// A record that cannot be decoded is a [*RecordError] in its place, and the range goes on with the next.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
func Records(table *entable.Table, records []streams.Record, opts ...Option) iter.Seq2[*Record, error] {
	return newDecoder(table, opts).records(len(records), func(i int) (change, error) { return fromSDK(&records[i]) })
}

func fromSDK(r *streams.Record) (change, error) {
	c := change{Record: Record{ID: aws.ToString(r.EventID)}}
	d := r.Dynamodb
	if d == nil {
		return c, errors.New("the record has no change")
	}
	c.SequenceNumber, c.At = aws.ToString(d.SequenceNumber), aws.ToTime(d.ApproximateCreationDateTime).UTC()
	if id := r.UserIdentity; id != nil {
		c.Expired = expired(aws.ToString(id.Type), aws.ToString(id.PrincipalId))
	}
	var err error
	if c.Kind, err = kindOf(string(r.EventName)); err != nil {
		return c, err
	}
	for _, i := range []struct {
		to   *image
		from map[string]streams.AttributeValue
	}{{&c.keys, d.Keys}, {&c.old, d.OldImage}, {&c.new, d.NewImage}} {
		item, err := attributevalue.FromDynamoDBStreamsMap(i.from)
		if err != nil {
			return c, err
		}
		*i.to = attributes(item)
	}
	return c, nil
}

// expired reports whether it was the service itself that removed an item: another service may do so, too.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
func expired(identity, principal string) bool {
	return identity == "Service" && principal == "dynamodb.amazonaws.com"
}
