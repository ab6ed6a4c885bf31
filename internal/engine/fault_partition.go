package engine

import (
	"encoding/json"

	"github.com/entable/entable/internal/engine/input"
	"github.com/entable/entable/internal/engine/value"
)

// A hot partition: faults that hit the requests about one partition key.

// keyed is what names an item in a request, wherever it stands.
type keyed struct {
	TableName string
	Key, Item map[string]json.RawMessage
}

// batched is what a batch names of a table: keys to be read, or writes.
type batched struct {
	Keys   []map[string]json.RawMessage
	writes []map[string]keyed
}

func (b *batched) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return json.Unmarshal(text, &b.writes)
	}
	var reads struct{ Keys []map[string]json.RawMessage }
	err := json.Unmarshal(text, &reads)
	b.Keys = reads.Keys
	return err
}

// meets says whether the request is about the partition whose key is v, and which action of a transaction is the first
// one that is.
func (c *Call) meets(v value.Value) (action int, ok bool) {
	var in struct {
		keyed
		TransactItems []map[string]keyed
		RequestItems  map[string]batched
	}
	_ = json.Unmarshal(c.Body, &in) // what cannot be read is about nothing
	for i, actions := range in.TransactItems {
		for _, k := range actions {
			if c.isOf(v, k) {
				return i, true
			}
		}
	}
	for name, b := range in.RequestItems {
		for _, key := range b.Keys {
			if c.isOf(v, keyed{TableName: name, Key: key}) {
				return 0, true
			}
		}
		for _, w := range b.writes {
			for _, k := range w {
				if c.isOf(v, keyed{name, k.Key, k.Item}) {
					return 0, true
				}
			}
		}
	}
	return 0, c.isOf(v, in.keyed) || c.Operation == "Query" && c.queries(v)
}

func (c *Call) isOf(v value.Value, k keyed) bool {
	got, ok := c.partitionOf(k)
	return ok && got == v
}

// partitionOf returns the partition key of an item.
func (c *Call) partitionOf(k keyed) (v value.Value, ok bool) {
	t, err := c.account.table(k.TableName)
	if err != nil {
		return v, false
	}
	name := t.key.hash[0].name
	raw := k.Key[name]
	if raw == nil {
		raw = k.Item[name]
	}
	if raw == nil {
		return v, false
	}
	v, err = value.ParseValue(raw)
	return v, err == nil
}

// queries says whether the request is a Query of the partition, of the table or an index.
func (c *Call) queries(v value.Value) bool {
	got, ok := c.queriedPartition()
	return ok && got == v
}

// queriedPartition returns the partition key that a Query asks for, of the table or an index.
func (c *Call) queriedPartition() (v value.Value, ok bool) {
	var in queryInput
	if input.Decode(c.Body, &in) != nil || in.TableName == nil {
		return v, false
	}
	t, err := c.account.table(*in.TableName)
	if err != nil {
		return v, false
	}
	texts := in.texts()
	exprs, err := texts.parse()
	if err != nil {
		return v, false
	}
	key := t.key
	if in.IndexName != nil {
		ix, ok := t.index(*in.IndexName)
		if !ok {
			return v, false
		}
		key = ix.key
	}
	got, ok := term(exprs.keyCondition, key.hash[0].name)
	return got.Low, ok
}

// isBatch says whether the request's parts fail one by one.
func (c *Call) isBatch() bool {
	return c.Operation == "BatchGetItem" || c.Operation == "BatchWriteItem"
}

func isHot(v value.Value) func(t *table, key value.Item) bool {
	return func(t *table, key value.Item) bool {
		got, ok := key.Get(t.key.hash[0].name)
		return ok && got == v
	}
}
