// Package route is the one way to a client: it chooses how a request travels, tells what it has cost, and finds out what
// became of a write whose answer was lost.
package route

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/lean"
	"github.com/entable/entable/internal/wire"
)

// This file is the only way to a client. Requests take one of two routes:
//
//   - the fast route, through an SDK client whose bodies internal/wire writes and reads: items and keys
//     travel as the bytes that they were encoded into, and what an answer holds is decoded by the sink
//     while the SDK reads it;
//   - the plain route, through any other client, and where a table asks for it: items and keys are made
//     attribute values, and the items of the answer are made bytes again and replayed into the same sink.
//
// Callers need not know which: they give bytes and a sink. Both routes end in the same bytes. For example, a
// Get gives `{"pk":{"S":"CU#1"}}` and a sink for one item:
//
//	fast   GetItemInput{Key: a carrier of the bytes}   the sink is called within GetItem    output without item
//	plain  GetItemInput{Key: {"pk": AttributeValueS}}  GetItem returns the item as values   replay calls the sink
//
// An item that a fast answer still holds, because a middleware of the user's gave it in place of the
// service, is replayed too.

// errNoAnswer is for a client, such as a mock, that returns neither an output nor an error where the
// output says whether there is more. A missing answer to a Get is no item; one to a write is a success.
var errNoAnswer = errors.New("the client returned neither an output nor an error")

// Client is what the routes need of a client: the methods of *dynamodb.Client.
type Client interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	BatchWriteItem(context.Context, *dynamodb.BatchWriteItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error)
	TransactGetItems(context.Context, *dynamodb.TransactGetItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactGetItemsOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Conn is a client with what an operation knows about it. It is immutable and safe for concurrent use.
type Conn struct {
	// Client is for what has no method here; its requests are not counted.
	Client Client
	// wire is set if requests take the fast route.
	wire *wire.Client
	// lean is set if their first attempts are made without the SDK.
	lean *lean.Client
	// meter is told of each request; nil when nobody wants to know.
	meter Meter
	// doubt watches writes; nil when the error alone may say what became of them.
	doubt *Doubt
	// limits are those of the requests; nil for none.
	limits *limited
}

// New returns the conn of a client, nil for none.
func New(c Client) *Conn {
	if c == nil {
		return nil
	}
	sdk, ok := c.(*dynamodb.Client)
	if ok && sdk == nil {
		return nil
	}
	made := &Conn{Client: c}
	if ok {
		made.wire, made.lean = inspect(sdk)
	}
	return made
}

// Ways are ways that an operation does not take.
type Ways struct {
	Fast bool // the fast route
	Lean bool // the fast route without the SDK
}

// For returns the conn for an operation whose requests m is told of, unless it is nil, and which leaves ways out.
func (c *Conn) For(m Meter, without Ways) *Conn {
	without.Fast = without.Fast && c.wire != nil
	without.Lean = without.Lean && c.lean != nil
	if m == nil && without == (Ways{}) {
		return c
	}
	own := *c
	own.meter = m
	if without.Fast {
		own.wire = nil
	}
	if without.Lean {
		own.lean = nil
	}
	return &own
}

// begin starts a request whose items go to sink, if that is not nil; the call is nil on the plain route.
func (c *Conn) begin(sink wire.Sink) *wire.Call {
	if sink != nil {
		sink.Reset()
	}
	if c.wire == nil {
		return nil
	}
	return c.wire.NewCall(sink)
}

// carried returns an encoded item or key as a request holds it.
func carried(call *wire.Call, encoded []byte) (map[string]types.AttributeValue, error) {
	if call != nil {
		return call.Raw(encoded), nil
	}
	return wire.ReadItem(encoded)
}

func readItems(encoded [][]byte) ([]map[string]types.AttributeValue, error) {
	out := make([]map[string]types.AttributeValue, len(encoded))
	for i, raw := range encoded {
		var err error
		if out[i], err = wire.ReadItem(raw); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// replay gives items that came as attribute values to a sink.
func replay(sink wire.Sink, table string, items ...map[string]types.AttributeValue) error {
	for i, item := range items {
		if err := replayOne(sink, table, i, item); err != nil {
			return err
		}
	}
	return nil
}

func replayOne(sink wire.Sink, table string, i int, item map[string]types.AttributeValue) error {
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return err
	}
	return sink.Item(table, i, wire.NewReader(raw))
}

// Put writes an encoded item.
func (c *Conn) Put(ctx context.Context, in *dynamodb.PutItemInput, item []byte) (err error) {
	call := c.begin(nil)
	if in.Item, err = carried(call, item); err != nil {
		return err
	}
	_, err = putItem.send(ctx, c, call, in, c.written(item), body{one: item})
	return err
}

// Get reads the item with an encoded key, or with the input's key if that is nil; the sink gets none if
// there is none.
func (c *Conn) Get(ctx context.Context, in *dynamodb.GetItemInput, key []byte, sink wire.Sink) (err error) {
	call := c.begin(sink)
	if key != nil {
		if in.Key, err = carried(call, key); err != nil {
			return err
		}
	}
	out, err := getItem.send(ctx, c, call, in, gotten(1, in.ConsistentRead), body{one: key})
	if err != nil || out == nil || len(out.Item) == 0 {
		return err
	}
	return replay(sink, "", out.Item)
}

// Update gives the attributes that come back to the sink, unless that is nil.
func (c *Conn) Update(ctx context.Context, in *dynamodb.UpdateItemInput, sink wire.Sink) error {
	out, err := updateItem.send(ctx, c, c.begin(sink), in, 1, body{})
	if err != nil || out == nil || sink == nil || len(out.Attributes) == 0 {
		return err
	}
	return replay(sink, "", out.Attributes)
}

// Delete deletes an item.
func (c *Conn) Delete(ctx context.Context, in *dynamodb.DeleteItemInput) error {
	_, err := deleteItem.send(ctx, c, c.begin(nil), in, 1, body{})
	return err
}

// Page is what a page says besides its items.
type Page struct {
	Last  map[string]types.AttributeValue // the key that the next page starts behind; empty at the end
	Count int32
}

// Query gives the items of one page to the sink.
func (c *Conn) Query(ctx context.Context, in *dynamodb.QueryInput, sink wire.Sink) (Page, error) {
	out, err := queryItems.send(ctx, c, c.begin(sink), in, c.paged(in.ConsistentRead), body{})
	if err == nil && out == nil {
		err = errNoAnswer
	}
	if err != nil {
		return Page{}, err
	}
	c.keep(out.ConsumedCapacity)
	return Page{out.LastEvaluatedKey, out.Count}, replay(sink, "", out.Items...)
}

// Scan gives the items of one page to the sink.
func (c *Conn) Scan(ctx context.Context, in *dynamodb.ScanInput, sink wire.Sink) (Page, error) {
	out, err := scanItems.send(ctx, c, c.begin(sink), in, c.paged(in.ConsistentRead), body{})
	if err == nil && out == nil {
		err = errNoAnswer
	}
	if err != nil {
		return Page{}, err
	}
	c.keep(out.ConsumedCapacity)
	return Page{out.LastEvaluatedKey, out.Count}, replay(sink, "", out.Items...)
}

// BatchGet reads the items with the input's keys, and with encoded ones of tables of which the input has none, and returns the keys
// that were left unprocessed.
func (c *Conn) BatchGet(
	ctx context.Context, in *dynamodb.BatchGetItemInput, keys map[string][][]byte, sink wire.Sink,
) (unprocessed map[string]types.KeysAndAttributes, err error) {
	call, units := c.begin(sink), gottenOf(in.RequestItems, keys)
	for table, encoded := range keys {
		of := in.RequestItems[table]
		if call != nil {
			of.Keys = []map[string]types.AttributeValue{call.RawKeys(encoded)}
		} else if of.Keys, err = readItems(encoded); err != nil {
			return nil, err
		}
		in.RequestItems[table] = of
	}
	out, err := batchGetItem.send(ctx, c, call, in, units, body{many: keys})
	if err == nil && out == nil {
		err = errNoAnswer
	}
	if err != nil {
		return nil, err
	}
	for _, table := range slices.Sorted(maps.Keys(out.Responses)) {
		if err := replay(sink, table, out.Responses[table]...); err != nil {
			return nil, err
		}
	}
	return out.UnprocessedKeys, nil
}

// BatchWrite writes encoded items, by table, besides what the input has, and returns the writes that were left unprocessed.
func (c *Conn) BatchWrite(ctx context.Context, in *dynamodb.BatchWriteItemInput, puts map[string][][]byte) (map[string][]types.WriteRequest, error) {
	call, units := c.begin(nil), c.writtenOf(in.RequestItems, puts)
	for table, items := range puts {
		if call != nil {
			all := types.WriteRequest{PutRequest: &types.PutRequest{Item: call.RawPuts(items)}}
			in.RequestItems[table] = append(in.RequestItems[table], all)
			continue
		}
		read, err := readItems(items)
		if err != nil {
			return nil, err
		}
		for _, item := range read {
			in.RequestItems[table] = append(in.RequestItems[table], types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
		}
	}
	out, err := batchWriteItem.send(ctx, c, call, in, units, body{many: puts})
	if err != nil || out == nil {
		return nil, err
	}
	return out.UnprocessedItems, nil
}

// TransactGet gives the items to the sink by the positions of their keys in the input.
func (c *Conn) TransactGet(ctx context.Context, in *dynamodb.TransactGetItemsInput, sink wire.Sink) error {
	out, err := transactGetItems.send(ctx, c, c.begin(sink), in, float64(2*len(in.TransactItems)), body{})
	switch n := len(in.TransactItems); {
	case err != nil:
		return err
	case out == nil:
		return errNoAnswer
	case len(out.Responses) != n:
		return fmt.Errorf("the client answered for %d of %d items", len(out.Responses), n)
	}
	for i, response := range out.Responses {
		if len(response.Item) == 0 {
			continue
		}
		if err := replayOne(sink, "", i, response.Item); err != nil {
			return err
		}
	}
	return nil
}

// TransactWrite carries out the writes of the input. A put in it without an item is of the encoded item that
// item has for its position.
func (c *Conn) TransactWrite(ctx context.Context, in *dynamodb.TransactWriteItemsInput, item func(i int) []byte) error {
	call := c.begin(nil)
	if call != nil {
		call.Grow(len(in.TransactItems))
	}
	units := 0.
	for i, w := range in.TransactItems {
		if w.Put == nil || w.Put.Item != nil {
			units += 2
			continue
		}
		encoded := item(i)
		units += 2 * c.written(encoded)
		var err error
		if w.Put.Item, err = carried(call, encoded); err != nil {
			return err
		}
	}
	_, err := transactWriteItems.send(ctx, c, call, in, units, body{at: item})
	return err
}
