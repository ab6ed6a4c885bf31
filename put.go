package entable

import (
	"context"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// maxItemSize is the service's limit for one item, names included.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxItemSize = 400 * 1024

// put runs a Put or Create of v, whose memory is at ptr.
func (e *entity) put(ctx context.Context, op string, v any, ptr unsafe.Pointer, opts []WriteOption) error {
	c, err := e.table.connFor(ctx, e)
	if err != nil {
		return err
	}
	var w writeConfig
	for _, o := range opts {
		o.applyWrite(&w)
	}
	if op == opCreate {
		w.conditions = append(w.conditions, expression.AttributeNotExists(expression.NameNoDotSplit(e.table.pk.name)))
	}
	item, err := e.prepare(ctx, v, ptr)
	if err != nil {
		return err
	}
	in := &dynamodb.PutItemInput{TableName: &e.table.name}
	cond, err := w.condition(e)
	if err != nil {
		return err
	}
	if cond != nil {
		in.ConditionExpression = cond.Condition()
		in.ExpressionAttributeNames, in.ExpressionAttributeValues = cond.Names(), cond.Values()
		in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	if e.table.hooked(c) {
		in.Item = wire.RawItem(item)
		_, err = c.PutItem(ctx, in, wire.Hook(nil))
	} else if in.Item, err = wire.ReadItem(item); err == nil {
		_, err = c.PutItem(ctx, in)
	}
	if err != nil {
		return e.writeError(op, e.keyTextOf(ptr), err)
	}
	return nil
}

// prepare runs everything that comes before the request of a Put, and returns the encoded item.
func (e *entity) prepare(ctx context.Context, v any, ptr unsafe.Pointer) ([]byte, error) {
	if err := e.runBeforeSave(ctx, v); err != nil {
		return nil, err
	}
	if err := e.auto.fill(e.table.gen, ptr); err != nil {
		return nil, &EncodeError{Entity: e.name, Err: err}
	}
	if err := e.validate(ctx, v); err != nil {
		return nil, err
	}
	item, err := e.appendItem(make([]byte, 0, e.sizeHint.Load()), ptr)
	if err != nil {
		return nil, err
	}
	e.sizeHint.Store(int64(len(item) + len(item)/8))
	return item, e.checkSize(item, ptr)
}

// appendItem appends the item at ptr as DynamoDB JSON: the table's attributes, then the fields.
func (e *entity) appendItem(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	dst, err := e.appendKey(append(dst, '{'), e.pk, ptr)
	if err != nil {
		return nil, err
	}
	if e.sk != nil {
		if dst, err = e.appendKey(append(dst, ','), e.sk, ptr); err != nil {
			return nil, err
		}
	}
	if len(e.head) > 0 {
		dst = append(append(dst, ','), e.head...)
	}
	for _, x := range e.indexes {
		if x.pk.absent(ptr) || x.sk != nil && x.sk.absent(ptr) {
			continue
		}
		if dst, err = e.appendKey(append(dst, ','), x.pk, ptr); err != nil {
			return nil, err
		}
		if x.sk != nil {
			if dst, err = e.appendKey(append(dst, ','), x.sk, ptr); err != nil {
				return nil, err
			}
		}
	}
	head := len(dst)
	dst, err = e.plan.AppendMembers(append(dst, ','), ptr)
	if err != nil {
		return nil, &EncodeError{Entity: e.name, Err: err}
	}
	if len(dst) == head+1 { // no field to store: take the comma back
		dst = dst[:head]
	}
	return append(dst, '}'), nil
}

func (e *entity) appendKey(dst []byte, k *key, ptr unsafe.Pointer) ([]byte, error) {
	dst, err := k.appendMember(dst, ptr)
	if err != nil {
		return nil, &KeyError{Entity: e.name, Key: k.attr.name, Err: err}
	}
	return dst, nil
}

// checkSize refuses an item above the limit. The JSON is never shorter than the size that counts
// (every name has quotes, every value its type and braces), so that most items need no second look.
func (e *entity) checkSize(item []byte, ptr unsafe.Pointer) error {
	limit := maxItemSize
	for _, set := range []int{e.table.maxSize, e.maxSize} {
		if set > 0 {
			limit = min(set, maxItemSize)
		}
	}
	if len(item) <= limit {
		return nil
	}
	size, err := wire.ItemSize(item)
	if err != nil {
		return &EncodeError{Entity: e.name, Err: err}
	}
	if size > limit {
		return &ItemTooLargeError{Entity: e.name, Size: size, Max: limit, Key: e.keyTextOf(ptr)}
	}
	return nil
}

// keyTextOf is the key of the item at ptr for messages.
func (e *entity) keyTextOf(ptr unsafe.Pointer) string {
	k, err := e.keyOf(ptr)
	if err != nil {
		return ""
	}
	return k.text
}

// condition joins the conditions of a write, or returns nil.
func (w *writeConfig) condition(e *entity) (*expression.Expression, error) {
	if len(w.conditions) == 0 {
		return nil, nil
	}
	all := w.conditions[0]
	for _, c := range w.conditions[1:] {
		all = all.And(c)
	}
	x, err := expression.NewBuilder().WithCondition(all).Build()
	if err != nil {
		return nil, &EncodeError{Entity: e.name, Err: err}
	}
	return &x, nil
}

// writeError makes the error of a failed write.
func (e *entity) writeError(op, key string, err error) error {
	if failed, ok := conditionFailed(err); ok {
		c := &ConditionFailedError{Entity: e.name, Err: err, exists: op == opCreate}
		if len(failed.Item) > 0 {
			c.Stored = e.stored(failed.Item)
		}
		err = c
	}
	return &OpError{Op: op, Entity: e.name, Key: key, Err: err}
}

// stored decodes the item that made a condition fail; what cannot be decoded is given raw.
func (e *entity) stored(item map[string]types.AttributeValue) any {
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return RawItem(item)
	}
	l := e.table.decode(wire.NewReader(raw), nil)
	if l.err != nil {
		return RawItem(item)
	}
	return l.value
}

// delete runs a Delete of the key at ptr.
func (e *entity) delete(ctx context.Context, ptr unsafe.Pointer, opts []WriteOption) error {
	c, err := e.table.connFor(ctx, e)
	if err != nil {
		return err
	}
	k, err := e.keyOf(ptr)
	if err != nil {
		return err
	}
	var w writeConfig
	for _, o := range opts {
		o.applyWrite(&w)
	}
	cond, err := w.condition(e)
	if err != nil {
		return err
	}
	in := &dynamodb.DeleteItemInput{TableName: aws.String(e.table.name), Key: k.attrs}
	if cond != nil {
		in.ConditionExpression = cond.Condition()
		in.ExpressionAttributeNames, in.ExpressionAttributeValues = cond.Names(), cond.Values()
		in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	if _, err := c.DeleteItem(ctx, in); err != nil {
		return e.writeError("Delete", k.text, err)
	}
	return nil
}
