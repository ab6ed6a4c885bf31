package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable/internal/wire"
)

// asJSON makes bodies comparable: the order of names is random.
func asJSON(t *testing.T, body string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return v
}

func attrs(t testing.TB, item string) map[string]types.AttributeValue {
	t.Helper()
	m, err := wire.ReadItem([]byte(item))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Requests with raw items are those that the plain client sends for the same items.
func TestRequestsAreThoseOfThePlainClient(t *testing.T) {
	// carrier makes the items of an input: attribute values for the plain client, raw items for the other.
	type carrier func(item string) map[string]types.AttributeValue
	odd := map[string]types.AttributeValue{
		"m":  &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"x \"": str("é\n\x00\u2028<"), "": &types.AttributeValueMemberB{Value: []byte("{}")}}},
		"nl": &types.AttributeValueMemberNULL{Value: true},
		"l":  &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberL{Value: []types.AttributeValue{}}, str("")}},
		"bs": &types.AttributeValueMemberBS{Value: [][]byte{{}, {1, 2, 3}}},
	}
	send := map[string]func(context.Context, *dynamodb.Client, carrier, ...func(*dynamodb.Options)) error{
		"PutItem": func(ctx context.Context, c *dynamodb.Client, raw carrier, o ...func(*dynamodb.Options)) error {
			_, err := c.PutItem(ctx, &dynamodb.PutItemInput{
				TableName: aws.String("t"), Item: raw(itemA), ReturnValues: types.ReturnValueAllOld, ConditionExpression: aws.String("a = :v"),
				ExpressionAttributeValues: raw(`{":v":{"S":"x"},":w":{"L":[]}}`), ExpressionAttributeNames: map[string]string{"#n": "naïve \"n\""},
			}, o...)
			return err
		},
		"PutItem of attribute values": func(ctx context.Context, c *dynamodb.Client, raw carrier, o ...func(*dynamodb.Options)) error {
			_, err := c.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("t"), Item: odd, ExpressionAttributeValues: raw(`{}`)}, o...)
			return err
		},
		"GetItem": func(ctx context.Context, c *dynamodb.Client, raw carrier, o ...func(*dynamodb.Options)) error {
			_, err := c.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("t"), Key: raw(itemB), ConsistentRead: aws.Bool(true), AttributesToGet: []string{"a", "b"}}, o...)
			return err
		},
		"UpdateItem": func(ctx context.Context, c *dynamodb.Client, raw carrier, o ...func(*dynamodb.Options)) error {
			_, err := c.UpdateItem(ctx, &dynamodb.UpdateItemInput{
				TableName: aws.String("t"), Key: raw(itemB), UpdateExpression: aws.String("SET a = :v"), ExpressionAttributeValues: raw(`{":v":{"N":"1"}}`),
			}, o...)
			return err
		},
		"DeleteItem": func(ctx context.Context, c *dynamodb.Client, raw carrier, o ...func(*dynamodb.Options)) error {
			_, err := c.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String("t"), Key: raw(itemB), Expected: map[string]types.ExpectedAttributeValue{"a": {Value: str("x"), Exists: aws.Bool(true)}}}, o...)
			return err
		},
		"Query": func(ctx context.Context, c *dynamodb.Client, raw carrier, o ...func(*dynamodb.Options)) error {
			_, err := c.Query(ctx, &dynamodb.QueryInput{
				TableName: aws.String("t"), ExclusiveStartKey: raw(itemB), Limit: aws.Int32(7), ScanIndexForward: aws.Bool(false),
				KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: map[string]types.AttributeValue{":p": str("a")},
			}, o...)
			return err
		},
		"Scan": func(ctx context.Context, c *dynamodb.Client, raw carrier, o ...func(*dynamodb.Options)) error {
			_, err := c.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String("t"), ExclusiveStartKey: raw(itemB), Segment: aws.Int32(0), TotalSegments: aws.Int32(4)}, o...)
			return err
		},
		"BatchGetItem": func(ctx context.Context, c *dynamodb.Client, raw carrier, o ...func(*dynamodb.Options)) error {
			_, err := c.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
				"t": {Keys: []map[string]types.AttributeValue{raw(itemA), raw(itemB)}, ConsistentRead: aws.Bool(true)}, "u": {Keys: []map[string]types.AttributeValue{raw(itemB)}},
			}}, o...)
			return err
		},
		"BatchWriteItem": func(ctx context.Context, c *dynamodb.Client, raw carrier, o ...func(*dynamodb.Options)) error {
			_, err := c.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{
				"t": {{PutRequest: &types.PutRequest{Item: raw(itemA)}}, {DeleteRequest: &types.DeleteRequest{Key: raw(itemB)}}, {PutRequest: &types.PutRequest{Item: odd}}},
			}}, o...)
			return err
		},
		"TransactGetItems": func(ctx context.Context, c *dynamodb.Client, raw carrier, o ...func(*dynamodb.Options)) error {
			_, err := c.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
				{Get: &types.Get{TableName: aws.String("t"), Key: raw(itemA)}}, {Get: &types.Get{TableName: aws.String("t"), Key: raw(itemB)}},
			}}, o...)
			return err
		},
		"TransactWriteItems": func(ctx context.Context, c *dynamodb.Client, raw carrier, o ...func(*dynamodb.Options)) error {
			_, err := c.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
				ClientRequestToken: aws.String("token"),
				TransactItems: []types.TransactWriteItem{
					{Put: &types.Put{TableName: aws.String("t"), Item: raw(itemA), ExpressionAttributeValues: raw(`{":v":{"S":"x"}}`), ConditionExpression: aws.String("c")}},
					{Delete: &types.Delete{TableName: aws.String("t"), Key: raw(itemB)}},
					{Update: &types.Update{TableName: aws.String("t"), Key: raw(itemB), UpdateExpression: aws.String("u"), ReturnValuesOnConditionCheckFailure: "ALL_OLD"}},
					{ConditionCheck: &types.ConditionCheck{TableName: aws.String("t"), Key: raw(itemB), ConditionExpression: aws.String("c")}},
				},
			}, o...)
			return err
		},
	}
	for name, f := range send {
		t.Run(name, func(t *testing.T) {
			client, service := newClient(t, []reply{{body: `{}`}})
			if err := f(t.Context(), client, func(item string) map[string]types.AttributeValue { return attrs(t, item) }); err != nil {
				t.Fatal(err)
			}
			known := wire.Inspect(client)
			for _, call := range []*wire.Call{newCall(nil), known.NewCall(nil), known.NewCall(nil), known.NewCall(nil)} {
				raw := func(item string) map[string]types.AttributeValue { return call.Raw([]byte(item)) }
				if err := f(t.Context(), client, raw, call.Option); err != nil {
					t.Fatal(err)
				}
				n := len(service.requests) - 1
				if diff := cmp.Diff(asJSON(t, service.requests[0]), asJSON(t, service.requests[n])); diff != "" {
					t.Errorf("body of request %d (-plain +fast):\n%s", n, diff)
				}
				want, got := service.headers[0].Clone(), service.headers[n].Clone()
				for _, varies := range []string{"Authorization", "X-Amz-Date", "Amz-Sdk-Invocation-Id", "Content-Length"} {
					if got.Get(varies) == "" && want.Get(varies) != "" {
						t.Errorf("request %d has no %s", n, varies)
					}
					want.Del(varies)
					got.Del(varies)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("header of request %d (-plain +fast):\n%s", n, diff)
				}
			}
		})
	}
}

func TestBadRequestsAreErrors(t *testing.T) {
	bad := map[string]func(*wire.Call) map[string]types.AttributeValue{
		"text":            func(*wire.Call) map[string]types.AttributeValue { return attr("a", str("\xff")) },
		"name":            func(*wire.Call) map[string]types.AttributeValue { return attr("\xff", str("a")) },
		"no object":       func(c *wire.Call) map[string]types.AttributeValue { return c.Raw([]byte(`[]`)) },
		"nothing":         func(c *wire.Call) map[string]types.AttributeValue { return c.Raw(nil) },
		"of another call": func(*wire.Call) map[string]types.AttributeValue { return newCall(nil).Raw([]byte(`{}`)) },
		"no number":       func(c *wire.Call) map[string]types.AttributeValue { c.Raw([]byte(`{}`)); return attr("", bin(``)) },
		"number and more": func(c *wire.Call) map[string]types.AttributeValue { c.Raw([]byte(`{}`)); return attr("", bin("\x00x")) },
		"puts of a batch": func(c *wire.Call) map[string]types.AttributeValue {
			return c.RawPuts([][]byte{[]byte(`{}`), []byte(`{}`)})
		},
		"keys of a batch": func(c *wire.Call) map[string]types.AttributeValue {
			return c.RawKeys([][]byte{[]byte(`{}`), []byte(`{}`)})
		},
	}
	for name, make := range bad {
		client, service := newClient(t, []reply{{body: `{}`}})
		for range 10 {
			call := newCall(nil)
			_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("t"), Item: make(call)}, call.Option)
			if _, ok := errors.AsType[*smithy.SerializationError](err); !ok {
				t.Errorf("%s: error %v, want a SerializationError", name, err)
			}
		}
		if len(service.requests) != 0 {
			t.Errorf("%s: a request was sent", name)
		}
	}
}

func attr(name string, v types.AttributeValue) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{name: v}
}

func bin(s string) types.AttributeValue { return &types.AttributeValueMemberB{Value: []byte(s)} }

// Middleware sees a carrier where an item goes by as bytes. What it makes of that is an error of its own call, whatever the order
// of names, and never one of another call.
func TestChangedCarriersAreErrors(t *testing.T) {
	for name, change := range map[string]func(*dynamodb.PutItemInput){
		"an attribute more": func(in *dynamodb.PutItemInput) { in.Item["tenant"] = str("x") },
		"attributes more": func(in *dynamodb.PutItemInput) {
			in.Item["a"], in.Item["b"], in.Item["c"] = str("x"), str("x"), str("x")
		},
		"a copy with one more":     func(in *dynamodb.PutItemInput) { in.Item = maps.Clone(in.Item); in.Item["tenant"] = str("x") },
		"all bytes encrypted":      func(in *dynamodb.PutItemInput) { in.Item[""].(*types.AttributeValueMemberB).Value = []byte("?") },
		"bytes encrypted in place": func(in *dynamodb.PutItemInput) { in.Item[""].(*types.AttributeValueMemberB).Value[0] ^= 0x55 },
		"another value":            func(in *dynamodb.PutItemInput) { in.Item[""] = str("x") },
		"a map": func(in *dynamodb.PutItemInput) {
			in.Item[""] = &types.AttributeValueMemberM{Value: maps.Clone(in.Item)}
		},
		"the carrier under a name": func(in *dynamodb.PutItemInput) { in.Item = attr("a", &types.AttributeValueMemberM{Value: in.Item}) },
		"an item of its own":       func(in *dynamodb.PutItemInput) { in.Item = attr("pk", str("b")) },
		"no item":                  func(in *dynamodb.PutItemInput) { in.Item = nil },
		"the carrier among others": func(in *dynamodb.PutItemInput) {
			in.Item = map[string]types.AttributeValue{"a": str("x"), "": in.Item[""]}
		},
		"the carrier's value as one": func(in *dynamodb.PutItemInput) { in.Item = attr("", &types.AttributeValueMemberB{Value: []byte{1}}) },
	} {
		for range 10 { // the order of names is random
			client, service := newClient(t, []reply{{body: `{}`}})
			put := func(change func(*dynamodb.PutItemInput)) error {
				call := newCall(nil)
				in := &dynamodb.PutItemInput{TableName: aws.String("t"), Item: call.Raw([]byte(`{"pk":{"S":"a"}}`))}
				_, err := client.PutItem(t.Context(), in, call.Option, func(o *dynamodb.Options) {
					o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
						return s.Initialize.Add(middleware.InitializeMiddlewareFunc("change", func(
							ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
						) (middleware.InitializeOutput, middleware.Metadata, error) {
							change(in.Parameters.(*dynamodb.PutItemInput))
							return next.HandleInitialize(ctx, in)
						}), middleware.Before)
					})
				})
				return err
			}
			err := put(change)
			if name == "no item" {
				if err == nil || len(service.requests) != 0 { // by the SDK
					t.Errorf("%s: error %v, %d requests", name, err, len(service.requests))
				}
			} else if _, ok := errors.AsType[*smithy.SerializationError](err); !ok || !strings.Contains(err.Error(), "entable.PlainRoute()") || len(service.requests) != 0 {
				t.Errorf("%s: error %v, %d requests", name, err, len(service.requests))
			}
			service.requests = nil
			if err := put(func(*dynamodb.PutItemInput) {}); err != nil || len(service.requests) != 1 || !strings.Contains(service.requests[0], `"Item":{"pk":{"S":"a"}}`) {
				t.Fatalf("after %s: the next call sends %q, %v", name, service.requests, err)
			}
		}
	}
}

// One call may have many carriers, and calls at the same time have their own.
func TestManyCarriers(t *testing.T) {
	client, service := newClient(t, []reply{{body: `{}`}})
	call := newCall(nil)
	in := &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{}}
	var want []string
	for i := range 300 {
		item := fmt.Sprintf(`{"n":{"N":"%d"}}`, i)
		want = append(want, item)
		in.RequestItems["t"] = append(in.RequestItems["t"], types.WriteRequest{PutRequest: &types.PutRequest{Item: call.Raw([]byte(item))}})
		newCall(nil).Raw([]byte("another's"))
	}
	if _, err := client.BatchWriteItem(t.Context(), in, call.Option); err != nil {
		t.Fatal(err)
	}
	body := service.requests[0]
	for i, item := range want {
		at := strings.Index(body, item)
		if at < 0 {
			t.Fatalf("item %d is not in its place", i)
		}
		body = body[at:]
	}
}

// All puts into one table may be one carrier, beside other requests.
func TestOneCarrierForManyPuts(t *testing.T) {
	client, service := newClient(t, []reply{{body: `{}`}})
	items := map[string][][]byte{"t": nil, "u": {[]byte(`{"pk":{"S":"x"}}`)}}
	for i := range 300 {
		items["t"] = append(items["t"], fmt.Appendf(nil, `{"n":{"N":"%d"}}`, i))
	}
	gone := types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: map[string]types.AttributeValue{"pk": str("gone")}}}
	send := func(puts func(*wire.Call, [][]byte) []types.WriteRequest) {
		call, in := newCall(nil), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{}}
		for table, list := range items {
			in.RequestItems[table] = append(puts(call, list), gone)
		}
		if _, err := client.BatchWriteItem(t.Context(), in, call.Option); err != nil {
			t.Fatal(err)
		}
	}
	put := func(item map[string]types.AttributeValue) types.WriteRequest {
		return types.WriteRequest{PutRequest: &types.PutRequest{Item: item}}
	}
	send(func(c *wire.Call, list [][]byte) (all []types.WriteRequest) {
		for _, item := range list {
			all = append(all, put(c.Raw(item)))
		}
		return all
	})
	send(func(c *wire.Call, list [][]byte) []types.WriteRequest {
		return []types.WriteRequest{put(c.RawPuts(list))}
	})
	if diff := cmp.Diff(asJSON(t, service.requests[0]), asJSON(t, service.requests[1])); diff != "" {
		t.Errorf("body (-a carrier each +one carrier):\n%s", diff)
	}
}

// One carrier for all keys of a table makes the same body as the keys themselves.
func TestKeysOfABatch(t *testing.T) {
	client, service := newClient(t, []reply{{body: `{}`}})
	list := []map[string]types.AttributeValue{attr("pk", str("a")), attr("pk", str("b\n")), attr("pk", bin("c"))}
	send := func(call *wire.Call, keys ...map[string]types.AttributeValue) {
		in := &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
			"t": {Keys: keys, ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String("a")},
		}}
		if _, err := client.BatchGetItem(t.Context(), in, call.Option); err != nil {
			t.Error(err)
		}
	}
	for n := 1; n <= len(list); n++ {
		var encoded [][]byte
		for _, key := range list[:n] {
			raw, err := wire.AppendItem(nil, key)
			if err != nil {
				t.Fatal(err)
			}
			encoded = append(encoded, raw)
		}
		service.requests = nil
		send(newCall(nil), list[:n]...)
		call := newCall(nil)
		send(call, call.RawKeys(encoded))
		if diff := cmp.Diff(asJSON(t, service.requests[0]), asJSON(t, service.requests[1])); diff != "" {
			t.Errorf("%d keys, body (-attribute values +one carrier):\n%s", n, diff)
		}
	}
}

// newCall returns a call of a client that has not been inspected.
func newCall(s wire.Sink) *wire.Call { return (*wire.Client)(nil).NewCall(s) }

func fast(s wire.Sink) func(*dynamodb.Options) { return newCall(s).Option }
