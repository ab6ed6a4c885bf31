package lean_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/lean"
)

// What follows fails with an SDK that has something new, and names it. Requests are then the SDK's, or have the new header
// too, so that nothing is wrong; but somebody has to see what it is for, and whether requests can do without it.

// A new field of the options makes all requests the SDK's.
func TestNoOptionIsNew(t *testing.T) {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[dynamodb.Options]()) {
		if !lean.KnowsOption(f.Name) {
			t.Errorf("dynamodb.Options has a new field, %s %s: see what it does to requests, and give it a rule in options.go", f.Name, f.Type)
		}
	}
}

// A new header is sent as the SDK sends it, if it is always the same, and else makes the requests the SDK's.
func TestNoHeaderIsNew(t *testing.T) {
	known := []string{
		"Accept-Encoding", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "Authorization", "Content-Type", "User-Agent", "X-Amz-Date",
		"X-Amz-Target",
	}
	var headers []string
	o := options()
	o.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		headers = slices.Sorted(maps.Keys(r.Header))
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"X-Amz-Crc32": {"2745614147"}}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
	})
	c := dynamodb.New(o)
	table, item := new("t"), map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}}
	for name, call := range map[string]func(context.Context) error{
		"PutItem": func(ctx context.Context) error {
			_, err := c.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: item})
			return err
		},
		"GetItem": func(ctx context.Context) error {
			_, err := c.GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: item})
			return err
		},
		"UpdateItem": func(ctx context.Context) error {
			_, err := c.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: table, Key: item})
			return err
		},
		"DeleteItem": func(ctx context.Context) error {
			_, err := c.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: table, Key: item})
			return err
		},
		"Query": func(ctx context.Context) error {
			_, err := c.Query(ctx, &dynamodb.QueryInput{TableName: table})
			return err
		},
		"Scan": func(ctx context.Context) error {
			_, err := c.Scan(ctx, &dynamodb.ScanInput{TableName: table})
			return err
		},
		"BatchGetItem": func(ctx context.Context) error {
			_, err := c.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"t": {Keys: []map[string]types.AttributeValue{item}}}})
			return err
		},
		"BatchWriteItem": func(ctx context.Context) error {
			_, err := c.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"t": {{PutRequest: &types.PutRequest{Item: item}}}}})
			return err
		},
		"TransactGetItems": func(ctx context.Context) error {
			_, err := c.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{{Get: &types.Get{TableName: table, Key: item}}}})
			return err
		},
		"TransactWriteItems": func(ctx context.Context) error {
			_, err := c.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Put: &types.Put{TableName: table, Item: item}}}})
			return err
		},
	} {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, h := range headers {
			if !slices.Contains(known, h) {
				t.Errorf("%s has a new header, %s: see what it is for, and whether it may differ between requests", name, h)
			}
		}
		for _, h := range known {
			if !slices.Contains(headers, h) {
				t.Errorf("%s lacks the header %s", name, h)
			}
		}
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }
