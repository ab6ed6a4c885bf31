package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/ddblocal"
	"github.com/entable/entable/memory"
)

// engineContestants returns the contestants of the engine's rows and why some are left out, if they are.
func engineContestants(ctx context.Context, match func(row string) bool) (all []contestant, leftOut error, err error) {
	if slices.ContainsFunc([]string{enginePut, engineGet, engineQuery500}, match) {
		endpoint, err := ddblocal.Start(ctx)
		if err != nil {
			leftOut = fmt.Errorf("%s, %s and %s are left out without DynamoDB Local: %w", enginePut, engineGet, engineQuery500, err)
		} else {
			for name, client := range map[string]*dynamodb.Client{inMemory: memory.New().Client(), ddbLocal: ddblocal.NewClient(endpoint)} {
				contestants, err := serverContestants(ctx, name, server{client, tableName})
				if err != nil {
					return nil, nil, err
				}
				all = append(all, contestants...)
			}
		}
	}
	if match(engineStart) {
		all = append(all, startContestant())
	}
	if match(engineStream) {
		contestants, err := streamContestants(ctx)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, contestants...)
	}
	all = slices.DeleteFunc(all, func(c contestant) bool { return !match(c.row) })
	return inOrder(all), leftOut, nil
}

// server is a table of a DynamoDB that is asked through the SDK's client.
type server struct {
	client *dynamodb.Client
	table  string
}

// serverContestants do the same work on any server. The network that lies before one of them is part of what it costs,
// as it is for a test suite that has the choice.
func serverContestants(ctx context.Context, name string, s server) ([]contestant, error) {
	if err := s.create(ctx); err != nil {
		return nil, err
	}
	items, err := attributeMaps()
	if err != nil {
		return nil, err
	}
	const small = "small"
	for i := range 500 {
		item := key(small, i)
		item["qty"] = &types.AttributeValueMemberN{Value: strconv.Itoa(i % 10)}
		item["status"] = &types.AttributeValueMemberS{Value: "pending"}
		if err := s.put(ctx, item); err != nil {
			return nil, err
		}
	}
	put, get := 0, 0
	var got map[string]types.AttributeValue
	var found []map[string]types.AttributeValue
	for _, item := range items { // for the gets
		if err := s.put(ctx, item); err != nil {
			return nil, err
		}
	}
	return []contestant{
		{enginePut, name, func(ctx context.Context) error {
			put++
			return s.put(ctx, items[put%len(items)])
		}, nil},
		{engineGet, name, func(ctx context.Context) (err error) {
			get++
			got, err = s.get(ctx, items[get%len(items)])
			return err
		}, func() any { return got }},
		{engineQuery500, name, func(ctx context.Context) error {
			out, err := s.client.Query(ctx, &dynamodb.QueryInput{
				TableName: &s.table, KeyConditionExpression: aws.String("pk = :pk"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: small}},
			})
			if err != nil {
				return err
			}
			found = out.Items
			return nil
		}, func() any { return found }},
	}, nil
}

// attributeMaps returns the workload's orders with their keys.
func attributeMaps() ([]map[string]types.AttributeValue, error) {
	var items []map[string]types.AttributeValue
	for _, o := range orders(100) {
		item, err := attributevalue.MarshalMap(stored{partition, sortKey(kinds[0], &o), kinds[0], o})
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func key(partition string, i int) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: partition},
		"sk": &types.AttributeValueMemberS{Value: fmt.Sprintf("%08d", i)},
	}
}

func (s server) create(ctx context.Context) error {
	_, err := s.client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:   &s.table,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
	})
	return err
}

func (s server) put(ctx context.Context, item map[string]types.AttributeValue) error {
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: item})
	return err
}

// get reads the stored form of item.
func (s server) get(ctx context.Context, item map[string]types.AttributeValue) (map[string]types.AttributeValue, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]},
	})
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

func startContestant() contestant {
	return contestant{row: engineStart, name: inMemory, run: func(ctx context.Context) error {
		db := memory.New()
		defer db.Close()
		return server{db.Client(), tableName}.create(ctx)
	}}
}
