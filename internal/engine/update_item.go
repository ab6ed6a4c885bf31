package engine

import (
	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/input"
	"github.com/entable/entable/internal/engine/value"
)

// UpdateItem
//
// Behaviour:
//   - An item that is not there is made, with the key attributes and whatever the
//     expression sets; an expression that only removes makes none.
//   - All parts of the expression see the item as it was before.
//   - Key attributes cannot be updated, not even to the same value.
//   - ReturnValues: ALL_OLD and ALL_NEW are the whole item, UPDATED_OLD and
//     UPDATED_NEW the attributes (and elements) that the expression names. Nothing
//     to return means no Attributes.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html

type updateItemInput struct {
	TableName                           *string         `is:"required table"`
	Key                                 input.Item      `is:"required"`
	ReturnConsumedCapacity              *capacityReport `is:"enum=INDEXES|TOTAL|NONE"`
	ReturnValues                        *string         `is:"enum=ALL_NEW|UPDATED_OLD|ALL_OLD|NONE|UPDATED_NEW"`
	ReturnItemCollectionMetrics         *string         `is:"enum=SIZE|NONE"`
	ReturnValuesOnConditionCheckFailure *string         `is:"enum=ALL_OLD|NONE"`
	UpdateExpression                    *string
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           input.Values
	AttributeUpdates                    input.Map[attributeValueUpdate]
	Expected                            input.Map[expectedAttributeValue]
	ConditionalOperator                 *string `is:"enum=OR|AND"`
}

func (ac *Account) updateItem(in *updateItemInput) ([]byte, error) {
	a := &action{
		tableName: *in.TableName, item: &in.Key, returnOld: deref(in.ReturnValuesOnConditionCheckFailure) == "ALL_OLD",
		texts: expressionTexts{
			update: in.UpdateExpression, condition: in.ConditionExpression,
			names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
			legacy: legacyParameters{attributeUpdates: in.AttributeUpdates, expected: in.Expected, conditionalOperator: in.ConditionalOperator}.ifGiven(),
		},
		frames: true, kind: updateAction,
	}
	w, err := ac.begin(a)
	if err != nil {
		return nil, err
	}
	used := w.consumption(in.ReturnConsumedCapacity)
	old, rec, err := w.apply(used)
	if err != nil {
		return nil, err
	}
	o := newObject(2 + 2*sizeOf(rec))
	if attrs := updateReturns(deref(in.ReturnValues), a.exprs.update, old, rec); !attrs.IsEmpty() {
		o.member("Attributes")
		o.b = attrs.AppendJSON(o.b)
	}
	w.appendMetrics(o, in.ReturnItemCollectionMetrics, used, in.ReturnConsumedCapacity)
	return o.close(), nil
}

func updateReturns(which string, u *expr.Update, old, rec *record) value.Item {
	from := old
	if which == "ALL_NEW" || which == "UPDATED_NEW" {
		from = rec
	}
	switch {
	case from == nil || which == "" || which == "NONE":
		return value.Item{}
	case which == "ALL_OLD" || which == "ALL_NEW":
		return from.item
	case u == nil:
		return value.Item{}
	}
	return u.Touched(from.item)
}
