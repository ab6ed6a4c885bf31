package engine

import "github.com/entable/entable/internal/engine/input"

// PutItem
//
// Behaviour:
//   - Stores the item in place of the one with the same key, if any; a condition is
//     evaluated against that one, or against an item without attributes.
//   - ReturnValues is NONE or ALL_OLD.
//   - The item is at most 400 KB, judged before the table is looked at.
//   - The key attributes are there with the right type and not empty; index key
//     attributes may be missing, but have the right type and are not empty.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html

type putItemInput struct {
	TableName                           *string         `is:"required table"`
	Item                                input.Item      `is:"required"`
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

func (ac *Account) putItem(in *putItemInput) ([]byte, error) {
	w, err := ac.begin(&action{
		tableName: *in.TableName, item: &in.Item, returnOld: deref(in.ReturnValuesOnConditionCheckFailure) == "ALL_OLD",
		texts: expressionTexts{
			condition: in.ConditionExpression, names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
			legacy: legacyParameters{expected: in.Expected, conditionalOperator: in.ConditionalOperator}.ifGiven(),
		},
		frames: true, onlyOld: true, returnValues: in.ReturnValues, sized: true,
		kind: putAction,
	})
	if err != nil {
		return nil, err
	}
	return w.answerOld(in.ReturnValues, in.ReturnItemCollectionMetrics, in.ReturnConsumedCapacity)
}

func checkReturnsOld(returnValues *string) error {
	if v := deref(returnValues); v != "" && v != "NONE" && v != "ALL_OLD" {
		return validation("ReturnValues can only be ALL_OLD or NONE")
	}
	return nil
}

// answerOld does the write of a PutItem or a DeleteItem and renders the response.
func (w *write) answerOld(returnValues, metrics *string, report *capacityReport) ([]byte, error) {
	used := w.consumption(report)
	old, _, err := w.apply(used)
	if err != nil {
		return nil, err
	}
	if deref(returnValues) != "ALL_OLD" {
		old = nil
	}
	o := newObject(2 + 2*sizeOf(old))
	if old != nil {
		o.member("Attributes")
		o.b = old.item.AppendJSON(o.b)
	}
	w.appendMetrics(o, metrics, used, report)
	return o.close(), nil
}

func (w *write) appendMetrics(o *object, metrics *string, used *consumption, report *capacityReport) {
	if used != nil {
		o.member("ConsumedCapacity")
		o.b = used.appendJSON(o.b, *report, false)
	}
	if deref(metrics) == "SIZE" {
		w.appendCollection(o)
	}
}
