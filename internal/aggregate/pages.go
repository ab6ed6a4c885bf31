package aggregate

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
)

// Pages ranges over the items of a partition as they are stored, a page at a time, those of its shards one after the other.
// They are read consistently. An error comes last.
func Pages(ctx context.Context, c *route.Conn, s schema.Span) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		for _, partition := range s.Partitions {
			one := s
			one.Partition = partition
			var after map[string]types.AttributeValue
			for {
				var sink route.RawItems
				in := &dynamodb.QueryInput{TableName: &s.Table.Name, ConsistentRead: new(true), ExclusiveStartKey: after,
					ExpressionAttributeNames: map[string]string{}, ExpressionAttributeValues: map[string]types.AttributeValue{}}
				in.KeyConditionExpression = new(one.KeyCondition(in.ExpressionAttributeNames, in.ExpressionAttributeValues))
				page, err := c.Query(ctx, in, &sink)
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(sink.Items, nil) {
					return
				}
				if after = page.Last; len(after) == 0 {
					break
				}
			}
		}
	}
}
