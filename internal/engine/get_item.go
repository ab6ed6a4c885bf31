package engine

import (
	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/input"
)

// GetItem
//
// Behaviour:
//   - An item that is not there is an empty response, and costs what a small item
//     would have cost.
//   - All reads see the latest write; ConsistentRead only changes the price.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html

type getItemInput struct {
	TableName                *string    `is:"required table"`
	Key                      input.Item `is:"required"`
	AttributesToGet          []string   `is:"len=1:255"`
	ConsistentRead           bool
	ReturnConsumedCapacity   *capacityReport `is:"enum=INDEXES|TOTAL|NONE"`
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
}

func (ac *Account) getItem(in *getItemInput) ([]byte, error) {
	a := &action{
		tableName: *in.TableName, item: &in.Key,
		texts: expressionTexts{projection: in.ProjectionExpression, names: in.ExpressionAttributeNames,
			legacy: legacyParameters{attributesToGet: in.AttributesToGet}.ifGiven()},
	}
	w, err := ac.begin(a)
	if err != nil {
		return nil, err
	}
	rec := w.table.get(w.key)
	o := newObject(16 + 2*sizeOf(rec))
	if in.ReturnConsumedCapacity.wanted() {
		used := consumption{tableName: w.table.name, reads: readUnits(sizeOf(rec), in.ConsistentRead)}
		o.member("ConsumedCapacity")
		o.b = used.appendJSON(o.b, *in.ReturnConsumedCapacity, false)
	}
	if rec != nil {
		o.member("Item")
		o.b = rec.appendProjected(o.b, a.exprs.projection)
	}
	return o.close(), nil
}

func (t *table) get(key string) *record {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.items.get(key)
}

// appendProjected renders the attributes that p selects, or all without one.
func (r *record) appendProjected(dst []byte, p *expr.Projection) []byte {
	if p == nil {
		return r.item.AppendJSON(dst)
	}
	return p.Apply(r.item).AppendJSON(dst)
}
