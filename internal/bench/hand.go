package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// handContestants do what a careful user of the SDK writes: its client, attributevalue and expression. Everybody's
// structs are the same, so that what is read into them is too; pk, sk and _type are decoded by none.
func handContestants(at func(row string) *canned) []contestant {
	return []contestant{
		handQuery(query500, at(query500).client()),
		handQuery(query20, at(query20).client()),
		handGet(at(getItem).client()),
		handPut(at(putItem)),
		handUpdate(updateItem, at(updateItem), expression.AttributeExists(expression.Name("pk"))),
		handUpdate(updateItemIf, at(updateItemIf), expression.AttributeExists(expression.Name("pk")).And(isPending)),
		handBatchWrite(at(batchWrite25)),
		handBatchGet(at(batchGet100).client()),
		handMixed(at(mixed500).client(), newOfKind),
		handEncode(),
	}
}

// handPages calls page with the items of each page of the partition.
func handPages(ctx context.Context, client *dynamodb.Client, page func([]map[string]types.AttributeValue) error) error {
	expr, err := expression.NewBuilder().
		WithKeyCondition(expression.Key("pk").Equal(expression.Value(partition))).
		Build()
	if err != nil {
		return err
	}
	pages := dynamodb.NewQueryPaginator(client, &dynamodb.QueryInput{
		TableName:                 aws.String(tableName),
		KeyConditionExpression:    expr.KeyCondition(),
		ExpressionAttributeNames:  expr.Names(),
		ExpressionAttributeValues: expr.Values(),
	})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		if err := page(out.Items); err != nil {
			return err
		}
	}
	return nil
}

func handQuery(row string, client *dynamodb.Client) contestant {
	var found []Order
	return contestant{row, hand, func(ctx context.Context) error {
		found = nil
		return handPages(ctx, client, func(items []map[string]types.AttributeValue) error {
			var page []Order
			if err := attributevalue.UnmarshalListOfMaps(items, &page); err != nil {
				return err
			}
			if found == nil {
				found = page // mostly there is one page, and nothing to copy
			} else {
				found = append(found, page...)
			}
			return nil
		})
	}, func() any { return found }}
}

// handMixed decodes each item twice: once to see what it is, and then into that.
func handMixed(client *dynamodb.Client, newOfKind func(string) any) contestant {
	var found []any
	return contestant{mixed500, hand, func(ctx context.Context) error {
		found = nil
		return handPages(ctx, client, func(items []map[string]types.AttributeValue) error {
			for _, item := range items {
				var kind struct {
					Type string `dynamodbav:"_type"`
				}
				if err := attributevalue.UnmarshalMap(item, &kind); err != nil {
					return err
				}
				v := newOfKind(kind.Type)
				if err := attributevalue.UnmarshalMap(item, v); err != nil {
					return err
				}
				found = append(found, v)
			}
			return nil
		})
	}, func() any { return found }}
}

func handKey(o *Order) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: partition},
		"sk": &types.AttributeValueMemberS{Value: sortKey(kinds[0], o)},
	}
}

func handGet(client *dynamodb.Client) contestant {
	var found Order
	return contestant{getItem, hand, func(ctx context.Context) error {
		found = Order{}
		out, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(tableName), Key: handKey(&one)})
		if err != nil {
			return err
		}
		return attributevalue.UnmarshalMap(out.Item, &found)
	}, func() any { return found }}
}

func handPut(t *canned) contestant {
	client := t.client()
	o := stored{partition, sortKey(kinds[0], &one), kinds[0], one}
	return contestant{putItem, hand, func(ctx context.Context) error {
		item, err := attributevalue.MarshalMap(&o)
		if err != nil {
			return err
		}
		_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(tableName), Item: item})
		return err
	}, t.lastRequest}
}

// isPending is the condition of who sets another status.
var isPending = expression.Name("status").Equal(expression.Value("pending"))

func handUpdate(row string, t *canned, condition expression.ConditionBuilder) contestant {
	client := t.client()
	return contestant{row, hand, func(ctx context.Context) error {
		expr, err := expression.NewBuilder().
			WithUpdate(expression.Set(expression.Name("status"), expression.Value("shipped"))).
			WithCondition(condition).
			Build()
		if err != nil {
			return err
		}
		_, err = client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: aws.String(tableName), Key: handKey(&one),
			UpdateExpression: expr.Update(), ConditionExpression: expr.Condition(),
			ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		return err
	}, t.lastRequest}
}

func handBatchGet(client *dynamodb.Client) contestant {
	all := orders(100)
	var found []Order
	return contestant{batchGet100, hand, func(ctx context.Context) error {
		found = nil
		keys := make([]map[string]types.AttributeValue, len(all))
		for i := range all {
			keys[i] = handKey(&all[i])
		}
		for left := map[string]types.KeysAndAttributes{tableName: {Keys: keys}}; len(left) > 0; {
			out, err := client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: left})
			if err != nil {
				return err
			}
			var page []Order
			if err := attributevalue.UnmarshalListOfMaps(out.Responses[tableName], &page); err != nil {
				return err
			}
			found, left = append(found, page...), out.UnprocessedKeys
		}
		return nil
	}, func() any { return found }}
}

func handBatchWrite(t *canned) contestant {
	client := t.client()
	var all []stored
	for _, o := range orders(25) {
		all = append(all, stored{partition, sortKey(kinds[0], &o), kinds[0], o})
	}
	return contestant{batchWrite25, hand, func(ctx context.Context) error {
		writes := make([]types.WriteRequest, len(all))
		for i := range all {
			item, err := attributevalue.MarshalMap(&all[i])
			if err != nil {
				return err
			}
			writes[i].PutRequest = &types.PutRequest{Item: item}
		}
		for left := map[string][]types.WriteRequest{tableName: writes}; len(left) > 0; {
			out, err := client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: left})
			if err != nil {
				return err
			}
			left = out.UnprocessedItems
		}
		return nil
	}, t.lastRequest}
}

func handEncode() contestant {
	var item map[string]types.AttributeValue
	return contestant{encode, hand, func(context.Context) (err error) {
		item, err = attributevalue.MarshalMap(&one)
		return err
	}, func() any { return item }}
}
