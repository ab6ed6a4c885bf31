package engine

import (
	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/input"
)

// TransactGetItems
//
// Behaviour:
//   - 1 to 100 gets, no two of one item; all items are read at one moment, over all
//     tables.
//   - Responses has an entry for each get in its order, empty for an item that is not
//     there or has nothing of the projection.
//   - A key that does not match its schema cancels the transaction, with reasons.
//   - Capacity is double that of consistent reads.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html

type transactGetItemsInput struct {
	TransactItems          []transactGetItem `is:"required len=1:100"`
	ReturnConsumedCapacity *capacityReport   `is:"enum=INDEXES|TOTAL|NONE"`
}

type transactGetItem struct {
	Get *transactGet `is:"required"`
}

type transactGet struct {
	TableName                *string    `is:"required table"`
	Key                      input.Item `is:"required"`
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
}

func (ac *Account) transactGetItems(in *transactGetItemsInput) ([]byte, error) {
	projections := make([]*expr.Projection, len(in.TransactItems))
	for i := range in.TransactItems {
		g := in.TransactItems[i].Get
		texts := expressionTexts{projection: g.ProjectionExpression, names: g.ExpressionAttributeNames}
		if err := texts.checkUse(); err != nil {
			return nil, err
		}
		if g.Key.Err != nil {
			return nil, g.Key.Err
		}
		exprs, err := texts.parse()
		if err != nil {
			return nil, err
		}
		projections[i] = exprs.projection
	}
	tables, places, err := in.resolve(ac, projections)
	if err != nil {
		return nil, err
	}
	recs := make([]*record, len(places))
	unlock := lockTables(tables, (*table).rlock)
	for i, t := range tables {
		recs[i] = t.items.get(places[i])
	}
	unlock()
	return in.answer(tables, recs, projections), nil
}

// resolve finds the tables and the places of the keys in them.
func (in *transactGetItemsInput) resolve(ac *Account, projections []*expr.Projection) ([]*table, []string, error) {
	tables, places := make([]*table, len(in.TransactItems)), make([]string, len(in.TransactItems))
	reasons := make([]reason, len(in.TransactItems))
	failed := false
	type target struct {
		table *table
		key   string
	}
	seen := map[target]bool{}
	for i := range in.TransactItems {
		g := in.TransactItems[i].Get
		t, err := ac.table(*g.TableName)
		if err != nil {
			return nil, nil, err
		}
		key, err := t.checkKey(g.Key.Item)
		if err == nil {
			err = t.checkPaths(expressions{projection: projections[i]})
		}
		if err != nil {
			e := asError(err)
			if e.upFront {
				return nil, nil, e
			}
			reasons[i], failed = reason{code: "ValidationError", message: e.Message}, true
			continue
		}
		if seen[target{t, key}] {
			return nil, nil, validation("Transaction request cannot include multiple operations on one item")
		}
		seen[target{t, key}] = true
		tables[i], places[i] = t, key
	}
	if failed {
		return nil, nil, canceled(reasons)
	}
	return tables, places, nil
}

func (in *transactGetItemsInput) answer(tables []*table, recs []*record, projections []*expr.Projection) []byte {
	o := newObject(1 << 10)
	o.member("Responses")
	o.b = append(o.b, '[')
	used := newConsumptions()
	for i, rec := range recs {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		used.of(tables[i]).reads += readUnits(sizeOf(rec), true)
		o.b = append(o.b, '{')
		if rec != nil {
			it := rec.item
			if projections[i] != nil {
				it = projections[i].Apply(it)
			}
			if !it.IsEmpty() {
				o.b = it.AppendJSON(append(o.b, `"Item":`...))
			}
		}
		o.b = append(o.b, '}')
	}
	o.b = append(o.b, ']')
	if in.ReturnConsumedCapacity.wanted() {
		appendConsumptions(o, used.doubled(), *in.ReturnConsumedCapacity, true)
	}
	return o.close()
}
