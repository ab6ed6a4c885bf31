package audit

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
)

// superseded is the kind of an item at the other place of its entity whose own place has the item too.
const superseded = "superseded at the other place"

// lookHome tells whether an item at the other place is also at its entity's own, where the one counts that lies there.
func (a *Audit) lookHome(ctx context.Context, v *verdict) error {
	home, err := a.read(ctx, v.Home)
	if home != nil {
		v.Fixes, v.Claims = nil, nil
		v.findings = slices.DeleteFunc(v.findings, func(f Finding) bool { return f.Kind != schema.FoundElsewhere })
		v.findings[0].Kind = superseded
	}
	return err
}

// bringHome moves an item to its entity's own place, repaired and with its unique values, or removes it where that place has
// the item, if it is still what was read.
func (a *Audit) bringHome(ctx context.Context, v *verdict) error {
	key := a.keyOf(v.Item)
	last, err := a.removal(key, v)
	if err != nil {
		return err
	}
	if v.findings[0].Kind == superseded {
		return a.Conn.TransactWrite(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
			last, {ConditionCheck: &types.ConditionCheck{TableName: &a.Table.Name, Key: v.Home,
				ConditionExpression: new("attribute_exists(#pk)"), ExpressionAttributeNames: map[string]string{"#pk": a.Table.PK.Name}}},
		}}, nil)
	}
	item := maps.Clone(v.Item)
	if err := v.Entity.Rebind(item, v.Home, a.By); err != nil {
		return err
	}
	for name, value := range v.Fixes {
		if item[name] = value; value == nil {
			delete(item, name)
		}
	}
	writes := []types.TransactWriteItem{last, {Put: &types.Put{TableName: &a.Table.Name, Item: item,
		ConditionExpression: new("attribute_not_exists(#pk)"), ExpressionAttributeNames: map[string]string{"#pk": a.Table.PK.Name}}}}
	for _, c := range v.Claims {
		writes = append(writes, a.Table.GuardWrite(&schema.Guard{Attr: c.Unique.Field.Name, Key: a.Table.SentinelKey(c.Text), Owner: v.Home, From: key}))
	}
	err = a.Conn.TransactWrite(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes}, nil)
	if err == nil {
		v.Claims = nil
	}
	return err
}

// removal deletes an item that is just as it was read: what another program writes there meanwhile is not lost. An attribute
// that no version of the type knows, and that is added in between, is not seen.
func (a *Audit) removal(key map[string]types.AttributeValue, v *verdict) (out types.TransactWriteItem, err error) {
	var conditions []expression.ConditionBuilder
	for _, name := range slices.Sorted(maps.Keys(v.Item)) {
		conditions = append(conditions, same(name, v.Item[name]))
	}
	for _, name := range v.Entity.Absent(v.Item) {
		conditions = append(conditions, same(name, nil))
	}
	condition := conditions[0]
	if len(conditions) > 1 {
		condition = expression.And(conditions[0], conditions[1], conditions[2:]...)
	}
	x, err := expression.NewBuilder().WithCondition(condition).Build()
	if err != nil {
		return out, err
	}
	return types.TransactWriteItem{Delete: &types.Delete{TableName: &a.Table.Name, Key: key, ConditionExpression: x.Condition(),
		ExpressionAttributeNames: x.Names(), ExpressionAttributeValues: x.Values()}}, nil
}
