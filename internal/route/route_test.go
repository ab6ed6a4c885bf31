package route_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/wire"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fake is a client with one answer; methods that it lacks are those of a nil client.
type fake struct {
	route.Client
	put *dynamodb.PutItemInput
	get *dynamodb.GetItemOutput
	err error
}

func (f *fake) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	f.put = in
	units := 2.5
	return &dynamodb.PutItemOutput{ConsumedCapacity: &types.ConsumedCapacity{CapacityUnits: &units}}, f.err
}

func (f *fake) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return f.get, f.err
}

func (f *fake) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return nil, f.err
}

func (f *fake) BatchWriteItem(context.Context, *dynamodb.BatchWriteItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	return nil, f.err
}

// sink keeps the items that it gets.
type sink struct{ items []string }

func (s *sink) Reset() { s.items = nil }

func (s *sink) Item(_ string, _ int, r *wire.Reader) error {
	raw, err := r.Skip()
	s.items = append(s.items, string(raw))
	return err
}

const encoded = `{"pk":{"S":"CU#1"},"n":{"N":"7"}}`

func TestPlainRoute(t *testing.T) {
	f := &fake{}
	c := route.New(f)
	check(t, c.Put(t.Context(), &dynamodb.PutItemInput{}, []byte(encoded)))
	if v, ok := f.put.Item["n"].(*types.AttributeValueMemberN); !ok || v.Value != "7" || len(f.put.Item) != 2 {
		t.Errorf("put %v", f.put.Item)
	}
	if err := c.Put(t.Context(), &dynamodb.PutItemInput{}, []byte(`{"pk":`)); err == nil {
		t.Error("half an item was put")
	}
	f.get = &dynamodb.GetItemOutput{Item: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "CU#1"}}}
	s := &sink{items: []string{"of an earlier attempt"}}
	check(t, c.Get(t.Context(), &dynamodb.GetItemInput{}, []byte(`{"pk":{"S":"CU#1"}}`), s))
	if len(s.items) != 1 || s.items[0] != `{"pk":{"S":"CU#1"}}` {
		t.Errorf("got %q", s.items)
	}
}

// A client that answers nothing has no item and has written; but nobody knows whether a query goes on.
func TestNoOutput(t *testing.T) {
	c, s := route.New(&fake{}), &sink{}
	if err := c.Get(t.Context(), &dynamodb.GetItemInput{}, nil, s); err != nil || len(s.items) > 0 {
		t.Errorf("get: %q, %v", s.items, err)
	}
	if left, err := c.BatchWrite(t.Context(), &dynamodb.BatchWriteItemInput{}, nil); err != nil || left != nil {
		t.Errorf("batch: %v, %v", left, err)
	}
	if _, err := c.Query(t.Context(), &dynamodb.QueryInput{}, s); err == nil || err.Error() != "the client returned neither an output nor an error" {
		t.Errorf("query: %v", err)
	}
	if route.New(nil) != nil || route.New((*dynamodb.Client)(nil)) != nil {
		t.Error("no client has a conn")
	}
}

func TestMeter(t *testing.T) {
	var costs []route.Cost
	f := &fake{err: errors.New("refused")}
	c := route.New(f).For(func(_ context.Context, cost route.Cost) { costs = append(costs, cost) }, route.Ways{Fast: true})
	if err := c.Put(t.Context(), &dynamodb.PutItemInput{}, []byte(encoded)); err != f.err {
		t.Errorf("error %v", err)
	}
	if f.put.ReturnConsumedCapacity != types.ReturnConsumedCapacityTotal {
		t.Errorf("asked for capacity %q", f.put.ReturnConsumedCapacity)
	}
	if len(costs) != 1 || costs[0].Operation != "PutItem" || costs[0].WriteUnits != 2.5 || costs[0].ReadUnits != 0 || costs[0].Err != f.err {
		t.Errorf("costs %+v", costs)
	}
}
