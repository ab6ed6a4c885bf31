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
	Expected                            input.Map[expectedAttributeValue]
	ConditionalOperator                 *string `is:"enum=OR|AND"`
}

func (ac *Account) deleteItem(in *deleteItemInput) ([]byte, error) {
	w, err := ac.begin(&action{
		tableName: *in.TableName, item: &in.Key, returnOld: deref(in.ReturnValuesOnConditionCheckFailure) == "ALL_OLD",
		texts: expressionTexts{
			condition: in.ConditionExpression, names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
			legacy: legacyParameters{expected: in.Expected, conditionalOperator: in.ConditionalOperator}.ifGiven(),
		},
		frames: true, onlyOld: true, returnValues: in.ReturnValues,
		kind: deleteAction,
	})
	if err != nil {
		return nil, err
	}
	return w.answerOld(in.ReturnValues, in.ReturnItemCollectionMetrics, in.ReturnConsumedCapacity)
}
