package audit

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/work"
)

// maxBatchGet is the service's limit of items in one BatchGetItem.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
const maxBatchGet = 100

// raced reports whether a request failed only because another writer came between.
func raced(err error) bool {
	if _, failed := errors.AsType[*types.ConditionalCheckFailedException](err); failed {
		return true
	}
	if _, conflict := errors.AsType[*types.TransactionConflictException](err); conflict {
		return true
	}
	canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return false
	}
	for _, r := range canceled.CancellationReasons {
		if r.Code == nil {
			continue
		}
		switch *r.Code {
		case "None", "ConditionalCheckFailed", "TransactionConflict":
		default:
			return false
		}
	}
	return true
}

// keyOf returns an item's primary key.
func (a *Audit) keyOf(item Item) map[string]types.AttributeValue {
	key := map[string]types.AttributeValue{a.Table.PK.Name: item[a.Table.PK.Name]}
	if a.Table.SK.Exists() {
		key[a.Table.SK.Name] = item[a.Table.SK.Name]
	}
	return key
}

// read reads one item, consistently; nil when there is none.
func (a *Audit) read(ctx context.Context, key map[string]types.AttributeValue) (Item, error) {
	var sink route.RawItems
	in := &dynamodb.GetItemInput{TableName: &a.Table.Name, Key: key, ConsistentRead: new(true)}
	err := a.Conn.Get(ctx, in, nil, &sink)
	if err != nil {
		return nil, err
	}
	item, err := sink.At(0)
	if err != nil {
		return nil, err
	}
	return item, nil
}

// ReadTogether reads items as they are at one moment; nil for those that do not exist.
func (a *Audit) ReadTogether(ctx context.Context, keys ...map[string]types.AttributeValue) ([]Item, error) {
	in := &dynamodb.TransactGetItemsInput{}
	for _, key := range keys {
		in.TransactItems = append(in.TransactItems, types.TransactGetItem{Get: &types.Get{TableName: &a.Table.Name, Key: key}})
	}
	var sink route.RawItems
	tries := work.Tries{Most: maxConflicts}
	for {
		err := a.Conn.TransactGet(ctx, in, &sink)
		if err == nil {
			break
		}
		if !raced(err) || !tries.More(ctx) {
			return nil, tries.Error(err, nil)
		}
	}
	items := make([]Item, len(keys))
	for i := range items {
		var err error
		if items[i], err = sink.At(i); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// readMany reads items, consistently, by their keys' texts.
func (a *Audit) readMany(ctx context.Context, keys map[string]map[string]types.AttributeValue) (map[string]Item, error) {
	found := map[string]Item{}
	var todo []map[string]types.AttributeValue
	for _, text := range slices.Sorted(maps.Keys(keys)) {
		todo = append(todo, keys[text])
	}
	var sink route.RawItems
	var tries work.Tries
	for len(todo) > 0 {
		n := min(len(todo), maxBatchGet)
		unprocessed, err := a.Conn.BatchGet(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
			a.Table.Name: {Keys: todo[:n], ConsistentRead: new(true)},
		}}, nil, &sink)
		if err != nil {
			return nil, err
		}
		for i := range sink.Items {
			item, err := sink.At(i)
			if err != nil {
				return nil, err
			}
			found[a.Table.KeyText(item)] = item
		}
		var left []map[string]types.AttributeValue
		for _, of := range unprocessed { // of the one table, whatever a client calls it
			left = append(left, of.Keys...)
		}
		todo = append(todo[n:], left...)
		if len(left) == 0 {
			tries.Made = 0
			continue
		}
		if !tries.More(ctx) {
			return nil, tries.Ended
		}
	}
	return found, nil
}
