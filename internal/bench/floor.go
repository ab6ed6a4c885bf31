package main

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Floors do what no client can avoid: a request with nothing in it, the SDK's and a lean one, and the reading of the bytes.
func floorContestants(at func(row string) *canned) []contestant {
	return []contestant{
		floorQuery(query500), floorLeanQuery(query500), floorBytes(query500, at(query500)),
		floorQuery(query20), floorLeanQuery(query20), floorBytes(query20, at(query20)),
		floorGet(),
		floorPut(putItem, floorEmpty, map[string]types.AttributeValue{}),
		floorPut(batchWrite25, floor16kB, map[string]types.AttributeValue{
			"all": &types.AttributeValueMemberS{Value: strings.Repeat("x", 16e3)},
		}),
	}
}

var noItems = []byte(`{"Count":0,"Items":[],"ScannedCount":0}`)

func floorQuery(row string) contestant {
	client := respond(noItems).client()
	condition := aws.String("#0 = :0")
	names := map[string]string{"#0": "pk"}
	values := map[string]types.AttributeValue{":0": &types.AttributeValueMemberS{Value: partition}}
	return contestant{row: row, name: floorEmpty, run: func(ctx context.Context) error {
		_, err := client.Query(ctx, &dynamodb.QueryInput{
			TableName: aws.String(tableName), KeyConditionExpression: condition,
			ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		})
		return err
	}}
}

func floorLeanQuery(row string) contestant {
	c := entableQuery(row, orderEntity(respond(noItems).client()))
	c.name, c.result = floorLean, nil
	return c
}

// floorBytes reads into a buffer that it keeps: a fresh one of each page's size would measure the allocator.
func floorBytes(row string, t *canned) contestant {
	client := &http.Client{Transport: t}
	var body []byte
	return contestant{row: row, name: floorRead, run: func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/", http.NoBody)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		body = slices.Grow(body[:0], int(resp.ContentLength))[:resp.ContentLength]
		if _, err := io.ReadFull(resp.Body, body); err != nil {
			return err
		}
		if sum := strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10); sum != resp.Header.Get("X-Amz-Crc32") {
			return fmt.Errorf("checksum %s", sum)
		}
		return resp.Body.Close()
	}}
}

func floorGet() contestant {
	client := respond(emptyBody).client()
	key := handKey(&one)
	return contestant{row: getItem, name: floorEmpty, run: func(ctx context.Context) error {
		_, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(tableName), Key: key})
		return err
	}}
}

func floorPut(row, name string, item map[string]types.AttributeValue) contestant {
	client := respond(emptyBody).client()
	return contestant{row: row, name: name, run: func(ctx context.Context) error {
		_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(tableName), Item: item})
		return err
	}}
}
