package entable

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
)

// Unique fields, `entable:"unique"`: for each value there is a sentinel item in the table whose key is
// made of the entity, the attribute and the value, and which names the item that holds the value. It is
// written and deleted in one transaction with that item.

// sentinelPrefix starts the keys of sentinels. No entity can have it.
const sentinelPrefix = "_unique"

// sentinelOwner is the attribute of a sentinel that holds the key of the item with the value.
const sentinelOwner = "owner"

// UniqueError reports a write whose unique value another item has. Nothing is written. It matches
// [ErrExists].
type UniqueError struct {
	Entity    string
	Attribute string
}

func (e *UniqueError) Error() string {
	return fmt.Sprintf("entable: %s: attribute %q: another item has this value", e.Entity, e.Attribute)
}

func (*UniqueError) entableError() {}

// Is matches [ErrExists].
func (e *UniqueError) Is(target error) bool { return target == ErrExists }

// uniqueField is a field that is kept unique.
type uniqueField struct {
	field     *codec.Field
	component component
	pattern   *keys.Pattern
}

func uniqueFieldOf(e *entity, f *codec.Field) (*uniqueField, error) {
	if e.table.pk.typ != types.ScalarAttributeTypeS {
		return nil, fmt.Errorf("unique needs a table whose partition key is a string")
	}
	c, err := componentOf(f)
	if err != nil {
		return nil, err
	}
	pattern, err := keys.Compile(sentinelPrefix, keys.DefaultSeparator, []keys.Segment{
		{Attr: "entity", Kind: keys.Text}, {Attr: "attribute", Kind: keys.Text}, c.seg,
	})
	return &uniqueField{field: f, component: c, pattern: pattern}, err
}

// guard is a sentinel item that is written or deleted with an item.
type guard struct {
	attr   string
	key    map[string]types.AttributeValue
	owner  map[string]types.AttributeValue
	delete bool
}

// sentinel is the sentinel's key for the value of the item at ptr; "" for an empty value, which is not
// unique.
func (u *uniqueField) sentinel(e *entity, ptr unsafe.Pointer) (string, error) {
	if v, ok := u.field.Value(ptr); !ok || v.IsZero() {
		return "", nil
	}
	value, err := u.component.value(ptr)
	if err != nil {
		return "", &KeyError{Entity: e.name, Key: u.field.Name, Err: err}
	}
	text, err := u.pattern.Append(nil, []keys.Value{
		{Kind: keys.Text, S: e.name}, {Kind: keys.Text, S: u.field.Name}, value,
	})
	if err == nil && len(text) > maxPartitionKey {
		err = fmt.Errorf("a unique value of %d bytes makes a key above the service's limit of %d", len(text), maxPartitionKey)
	}
	if err != nil {
		return "", &KeyError{Entity: e.name, Key: u.field.Name, Err: err}
	}
	return string(text), nil
}

// sentinelKey is the primary key of a sentinel.
func (t *Table) sentinelKey(text string) map[string]types.AttributeValue {
	key := map[string]types.AttributeValue{t.pk.name: &types.AttributeValueMemberS{Value: text}}
	if t.sk.exists() {
		switch t.sk.typ {
		case types.ScalarAttributeTypeN:
			key[t.sk.name] = &types.AttributeValueMemberN{Value: "0"}
		case types.ScalarAttributeTypeB:
			key[t.sk.name] = &types.AttributeValueMemberB{Value: []byte{0}}
		default:
			key[t.sk.name] = &types.AttributeValueMemberS{Value: "A"}
		}
	}
	return key
}

// guards compares the unique values of the stored item at old (nil: none) with those at now (nil: the
// item is deleted), and returns the sentinels to delete and to write.
func (e *entity) guards(key itemKey, old, now unsafe.Pointer) ([]guard, error) {
	var out []guard
	for _, u := range e.unique {
		var before, after string
		var err error
		if old != nil {
			if before, err = u.sentinel(e, old); err != nil {
				return nil, err
			}
		}
		if now != nil {
			if after, err = u.sentinel(e, now); err != nil {
				return nil, err
			}
		}
		if before == after {
			continue
		}
		if after != "" {
			out = append(out, guard{attr: u.field.Name, key: e.table.sentinelKey(after), owner: key.attrs})
		}
		if before != "" {
			out = append(out, guard{attr: u.field.Name, key: e.table.sentinelKey(before), owner: key.attrs, delete: true})
		}
	}
	return out, nil
}

// transactItem writes the sentinel unless another item holds it, or deletes it if this one does.
func (g *guard) transactItem(t *Table) types.TransactWriteItem {
	owner := &types.AttributeValueMemberM{Value: g.owner}
	names := map[string]string{"#pk": t.pk.name, "#owner": sentinelOwner}
	values := map[string]types.AttributeValue{":owner": owner}
	condition := new("attribute_not_exists(#pk) OR #owner = :owner")
	if g.delete {
		return types.TransactWriteItem{Delete: &types.Delete{TableName: &t.name, Key: g.key, ConditionExpression: condition,
			ExpressionAttributeNames: names, ExpressionAttributeValues: values}}
	}
	item := map[string]types.AttributeValue{sentinelOwner: owner}
	for name, v := range g.key {
		item[name] = v
	}
	if t.discriminator != "" {
		item[t.discriminator] = &types.AttributeValueMemberS{Value: sentinelPrefix}
	}
	return types.TransactWriteItem{Put: &types.Put{TableName: &t.name, Item: item, ConditionExpression: condition,
		ExpressionAttributeNames: names, ExpressionAttributeValues: values}}
}

// readStored reads the stored item with a key, consistently; nil when there is none.
func (e *entity) readStored(ctx context.Context, c *conn, key itemKey) (unsafe.Pointer, error) {
	sink := &oneItem{table: e.table, want: e}
	in := &dynamodb.GetItemInput{TableName: &e.table.name, Key: key.attrs, ConsistentRead: new(true)}
	if err := e.table.getItem(ctx, c, in, sink); err != nil {
		return nil, &OpError{Op: "Get", Entity: e.name, Key: key.text, Err: err}
	}
	if !sink.found {
		return nil, nil
	}
	if sink.err != nil {
		return nil, sink.err
	}
	return e.pointer(sink.value), nil
}

// unchanged is the condition that the unique values of the stored item are still those at old.
func (e *entity) unchanged(old unsafe.Pointer) ([]expression.ConditionBuilder, error) {
	if old == nil {
		return []expression.ConditionBuilder{expression.AttributeNotExists(attr(e.table.pk.name))}, nil
	}
	conditions := []expression.ConditionBuilder{expression.AttributeExists(attr(e.table.pk.name))}
	for _, u := range e.unique {
		same, err := e.sameValue(u.field, old)
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, same)
	}
	return conditions, nil
}

// guardPut adds the sentinels of a put of the item at work.
func (e *entity) guardPut(ctx context.Context, c *conn, r *request, w *writeConfig, work unsafe.Pointer) error {
	if c == nil { // only the request's form is asked for
		return nil
	}
	var old unsafe.Pointer
	if r.op != opCreate {
		var err error
		if old, err = e.readStored(ctx, c, r.key); err != nil {
			return err
		}
		conditions, err := e.unchanged(old)
		if err != nil {
			return err
		}
		w.conditions = append(w.conditions, conditions...)
		r.again = true
	}
	var err error
	r.guards, err = e.guards(r.key, old, work)
	return err
}

// guarded prepares a delete of an item with unique fields.
func (o *DeleteOp) guarded(ctx context.Context, c *conn, w writeConfig, hooks bool) (*request, error) {
	key, err := o.e.keyOf(o.ptr)
	if err != nil {
		return nil, err
	}
	old, err := o.e.readStored(ctx, c, key)
	if err != nil {
		return nil, err
	}
	conditions, err := o.e.unchanged(old)
	if err != nil {
		return nil, err
	}
	w.conditions = append(w.conditions, conditions...)
	r, err := o.plan(w)
	if err != nil {
		return nil, err
	}
	r.again = true
	if old != nil {
		if r.guards, err = o.e.guards(key, old, nil); err != nil {
			return nil, err
		}
	}
	o.settleHooks(r, hooks)
	return r, nil
}

// sendGuarded writes an item and its sentinels in one transaction. Its errors are those of a single
// write.
func (r *request) sendGuarded(ctx context.Context, c *conn) error {
	t := &transaction{writes: []Write{requestWrite{r}}, requests: []*request{r}}
	err := t.send(ctx, c, "")
	te, ok := errors.AsType[*TransactionError](err)
	if !ok || len(te.Reasons) == 0 {
		if ok {
			return te.Err
		}
		return err
	}
	first := te.Reasons[0].Err
	if failed, ok := errors.AsType[*ConditionFailedError](first); ok {
		return failed.Err
	}
	return first
}

// requestWrite is a prepared request as a Write.
type requestWrite struct{ r *request }

func (w requestWrite) entity() *entity                                  { return w.r.e }
func (w requestWrite) prepare(context.Context, *conn) (*request, error) { return w.r, nil }
