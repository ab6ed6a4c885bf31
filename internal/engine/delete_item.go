package engine

import "github.com/entable/entable/internal/engine/input"

// DeleteItem
//
// Behaviour:
//   - Deleting an item that is not there succeeds, unless a condition says no.
//   - ReturnValues is NONE or ALL_OLD.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html

type deleteItemInput struct {
	TableName                           *string         `is:"required table"`
	Key                                 input.Item      `is:"required"`
	ReturnConsumedCapacity              *capacityReport `is:"enum=INDEXES|TOTAL|NONE"`
	ReturnValues                        *string         `is:"enum=ALL_NEW|UPDATED_OLD|ALL_OLD|NONE|UPDATED_NEW"`
	ReturnItemCollectionMetrics         *string         `is:"enum=SIZE|NONE"`
	ReturnValuesOnConditionCheckFailure *string         `is:"enum=ALL_OLD|NONE"`
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           input.Values
	Expected                            input.Legacy
	ConditionalOperator                 input.Legacy
}

func (db *DB) deleteItem(in *deleteItemInput) ([]byte, error) {
	texts := expressionTexts{condition: in.ConditionExpression, names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues}
	if err := texts.checkUse("ConditionExpression"); err != nil {
		return nil, err
	}
	if in.Key.Err != nil {
		return nil, in.Key.Err
	}
	if err := checkReturnsOld(in.ReturnValues); err != nil {
		return nil, err
	}
	exprs, err := texts.parse()
	if err != nil {
		return nil, err
	}
	t, err := db.table(*in.TableName)
	if err != nil {
		return nil, err
	}
	w, err := t.delete(in.Key.Item)
	if err != nil {
		return nil, err
	}
	if err := t.checkPaths(exprs); err != nil {
		return nil, err
	}
	w.condition, w.returnOld = exprs.condition, deref(in.ReturnValuesOnConditionCheckFailure) == "ALL_OLD"
	used := w.consumption(in.ReturnConsumedCapacity)
	old, _, err := w.apply(used)
	if err != nil {
		return nil, err
	}
	return w.answerOld(old, in.ReturnValues, in.ReturnItemCollectionMetrics, used, in.ReturnConsumedCapacity), nil
}
