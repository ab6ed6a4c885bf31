package engine

import (
	"github.com/entable/entable/internal/engine/input"
)

// BatchWriteItem
//
// Behaviour:
//   - 1 to 25 puts and deletes of a table, 25 over all tables, no key twice. There are
//     no conditions and nothing is returned of the items.
//   - Each write is one of its own: the batch is not atomic, but it is judged as a
//     whole before the first write.
//   - Faults on demand can leave writes undone; they come back as UnprocessedItems.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html

const maxBatchWrites = 25

type batchWriteItemInput struct {
	RequestItems                input.Map[[]writeRequest] `is:"required keys=table values=1:25"`
	ReturnConsumedCapacity      *capacityReport           `is:"enum=INDEXES|TOTAL|NONE"`
	ReturnItemCollectionMetrics *string                   `is:"enum=SIZE|NONE"`

	partial partial
}

func (in *batchWriteItemInput) only(p partial) { in.partial = p }

type writeRequest struct {
	DeleteRequest *deleteRequest
	PutRequest    *putRequest
}

type deleteRequest struct {
	Key input.Item `is:"required"`
}

type putRequest struct {
	Item input.Item `is:"required"`
}

func (ac *Account) batchWriteItem(in *batchWriteItemInput) ([]byte, error) {
	if len(in.RequestItems) == 0 {
		return nil, validation("The requestItems parameter is required for BatchWriteItem")
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	var writes [][]*write
	for i := range in.RequestItems {
		ws, err := ac.tableWrites(in.RequestItems[i].Key, in.RequestItems[i].Value)
		if err != nil {
			return nil, err
		}
		writes = append(writes, ws)
	}
	return in.apply(writes)
}

// check judges what can be judged without the tables.
func (in *batchWriteItemInput) check() error {
	writes := 0
	for _, entry := range in.RequestItems {
		for i := range entry.Value {
			w := &entry.Value[i]
			if (w.PutRequest == nil) == (w.DeleteRequest == nil) {
				return validation("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
			}
			if err := w.check(); err != nil {
				return err
			}
		}
		if writes += len(entry.Value); writes > maxBatchWrites {
			return validation("Too many items requested for the BatchWriteItem call")
		}
	}
	return nil
}

func (w *writeRequest) check() error {
	if w.DeleteRequest != nil {
		return w.DeleteRequest.Key.Err
	}
	if w.PutRequest.Item.Err != nil {
		return w.PutRequest.Item.Err
	}
	return checkItemSize(w.PutRequest.Item.Item)
}

// tableWrites makes the writes of one table. A key that is not as the schema says
// is told in fewer words here than by PutItem.
func (ac *Account) tableWrites(name string, requests []writeRequest) ([]*write, error) {
	t, err := ac.table(name)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var writes []*write
	for _, r := range requests {
		var w *write
		if r.DeleteRequest != nil {
			w, err = t.delete(r.DeleteRequest.Key.Item)
		} else if !t.key.complete(r.PutRequest.Item.Item) {
			err = validation(keyMismatch)
		} else {
			w, err = t.put(r.PutRequest.Item.Item)
		}
		switch {
		case err != nil:
			return nil, err
		case seen[w.key]:
			return nil, validation(duplicateKeys)
		}
		seen[w.key] = true
		writes = append(writes, w)
	}
	return writes, nil
}

func (in *batchWriteItemInput) apply(writes [][]*write) ([]byte, error) {
	var parts []batchPart
	for _, ws := range writes {
		for _, w := range ws {
			parts = append(parts, batchPart{w.table, w.keyItem})
		}
	}
	chosen, err := in.partial.choose(parts)
	if err != nil {
		return nil, err
	}
	var used []*consumption
	metrics, rest := newObject(16), newObject(16)
	for i, ws := range writes {
		c := &consumption{tableName: ws[0].table.name}
		var done []*write
		var left []writeRequest
		for j, w := range ws {
			if !chosen[j] {
				left = append(left, in.RequestItems[i].Value[j])
				continue
			}
			if _, _, err := w.apply(c); err != nil {
				return nil, err
			}
			done = append(done, w)
		}
		chosen = chosen[len(ws):]
		appendUnprocessed(rest, in.RequestItems[i].Key, left)
		used = append(used, c)
		if deref(in.ReturnItemCollectionMetrics) == "SIZE" && len(done) > 0 && ws[0].table.hasLocalIndex() {
			appendTableMetrics(metrics, in.RequestItems[i].Key, done)
		}
	}
	o := newObject(64)
	o.member("UnprocessedItems")
	o.b = append(o.b, rest.close()...)
	if len(metrics.b) > 1 {
		o.member("ItemCollectionMetrics")
		o.b = append(o.b, metrics.close()...)
	}
	if in.ReturnConsumedCapacity.wanted() {
		appendConsumptions(o, used, *in.ReturnConsumedCapacity, false)
	}
	return o.close(), nil
}

// appendUnprocessed adds the writes of a table that were not done, in the form of a request.
func appendUnprocessed(o *object, table string, left []writeRequest) {
	if len(left) == 0 {
		return
	}
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(appendString(o.b, table), ':', '[')
	for i, w := range left {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		if w.PutRequest != nil {
			o.b = w.PutRequest.Item.AppendJSON(append(o.b, `{"PutRequest":{"Item":`...))
		} else {
			o.b = w.DeleteRequest.Key.AppendJSON(append(o.b, `{"DeleteRequest":{"Key":`...))
		}
		o.b = append(o.b, '}', '}')
	}
	o.b = append(o.b, ']')
}

// appendTableMetrics adds the item collections that the writes of one table touched.
func appendTableMetrics(o *object, name string, writes []*write) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(appendString(o.b, name), ':', '[')
	seen := map[string]bool{}
	for _, w := range writes {
		one := string(w.appendCollectionMetrics(nil))
		if seen[one] {
			continue
		}
		if len(seen) > 0 {
			o.b = append(o.b, ',')
		}
		seen[one] = true
		o.b = append(o.b, one...)
	}
	o.b = append(o.b, ']')
}
