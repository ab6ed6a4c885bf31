package entable

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
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
	for _, o := range e.table.reg.entities {
		if o.origin == e.origin && slices.ContainsFunc(o.unique, func(u *uniqueField) bool { return u.field.Name == f.Name }) {
			return nil, fmt.Errorf("%s is called %q too, and no item of one could have a unique value of the other: give one of them another name with entable.Name", o.typ, e.origin)
		}
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

// anySentinel is the key of a sentinel of any entity.
var anySentinel = func() *keys.Pattern {
	p, err := keys.Compile(sentinelPrefix, keys.DefaultSeparator, []keys.Segment{
		{Attr: "entity", Kind: keys.Text}, {Attr: "attribute", Kind: keys.Text}, {Attr: "value", Kind: keys.Text},
	})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return p
}()

// meetsSentinels reports whether an item of the entity can have the key of a sentinel.
func (e *entity) meetsSentinels() bool {
	if e.pk.pattern == nil {
		return false // sentinels need a string
	}
	if e.pk.matches(storedManifestKey) && (e.sk == nil || e.sk.pattern == nil || e.sk.matches("A")) {
		return true
	}
	if apart, _ := keys.Apart([]*keys.Pattern{e.pk.pattern}, []*keys.Pattern{anySentinel}); apart {
		return false
	}
	return e.sk == nil || e.sk.pattern == nil || e.sk.matches("A")
}

// guard is a sentinel item that is written or deleted with an item.
type guard struct {
	attr   string
	key    map[string]types.AttributeValue
	owner  map[string]types.AttributeValue
	from   map[string]types.AttributeValue // the owner that gives the value up in the same transaction, or nil
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
		{Kind: keys.Text, S: e.origin}, {Kind: keys.Text, S: u.field.Name}, value,
	})
	if err == nil && len(text) > maxPartitionKey {
		err = fmt.Errorf("a unique value makes a key of %d bytes, above the service's limit of %d", len(text), maxPartitionKey)
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
	if g.from != nil {
		*condition += " OR #owner = :from"
		values[":from"] = &types.AttributeValueMemberM{Value: g.from}
	}
	if g.delete {
		return types.TransactWriteItem{Delete: &types.Delete{TableName: &t.name, Key: g.key, ConditionExpression: condition,
			ExpressionAttributeNames: names, ExpressionAttributeValues: values}}
	}
	item := map[string]types.AttributeValue{sentinelOwner: owner}
	maps.Copy(item, g.key)
	if t.discriminator != "" {
		item[t.discriminator] = &types.AttributeValueMemberS{Value: sentinelPrefix}
	}
	return types.TransactWriteItem{Put: &types.Put{TableName: &t.name, Item: item, ConditionExpression: condition,
		ExpressionAttributeNames: names, ExpressionAttributeValues: values}}
}

// storedItem is an item that a write has read before, decoded and as it is stored.
type storedItem struct {
	oneItem
	attrs map[string]types.AttributeValue
}

func (s *storedItem) Reset() {
	s.attrs = nil
	s.oneItem.Reset()
}

func (s *storedItem) Item(table string, index int, r *wire.Reader) error {
	start := r.Offset()
	raw, err := r.Skip()
	if err != nil {
		return err
	}
	if s.attrs, err = wire.ReadItem(raw); err != nil {
		return err
	}
	r.Rewind(start)
	return s.oneItem.Item(table, index, r)
}

// attr is an attribute as it is stored; nil when it, or the item, is absent.
func (s *storedItem) attr(name string) types.AttributeValue {
	if s == nil {
		return nil
	}
	return s.attrs[name]
}

// at is the decoded item, or nil.
func (s *storedItem) at() unsafe.Pointer {
	if s == nil {
		return nil
	}
	return s.want.pointer(s.value)
}

// readStored reads the stored item with a key, consistently; nil when there is none.
func (e *entity) readStored(ctx context.Context, c *conn, key itemKey) (*storedItem, error) {
	s := &storedItem{oneItem: oneItem{table: e.table, want: e}}
	in := &dynamodb.GetItemInput{TableName: &e.table.name, Key: key.attrs, ConsistentRead: new(true)}
	if err := getItem(ctx, c, e.table.call(c, s), in, s); err != nil {
		return nil, &OpError{Op: opRead, Entity: e.name, Key: key.text(), Err: err}
	}
	if !s.found {
		return nil, nil
	}
	return s, s.err
}

// opRead is the operation in the errors of the read that comes before a write.
const opRead = "Get"

// unchanged is the condition that the unique values of the item are still those that were read.
func (r *request) unchanged(old *storedItem) []expression.ConditionBuilder {
	conditions := []expression.ConditionBuilder{r.assumeExists(old)}
	for _, u := range r.e.unique {
		if old != nil {
			was := old.attr(u.field.Name)
			r.assumed = append(r.assumed, assumption{u.field.Name, was})
			conditions = append(conditions, sameValue(u.field.Name, was))
		}
	}
	return conditions
}

// assumeExists is the condition that the item that was read is still there, or still is not.
func (r *request) assumeExists(old *storedItem) expression.ConditionBuilder {
	pk := r.e.table.pk.name
	r.assumed = append(r.assumed, assumption{pk, old.attr(pk)})
	if old == nil {
		return expression.AttributeNotExists(attr(pk))
	}
	return expression.AttributeExists(attr(pk))
}

// guardPut adds the sentinels of a put of the item at work.
func (e *entity) guardPut(ctx context.Context, c *conn, r *request, w *writeConfig, work unsafe.Pointer) error {
	if c == nil { // only the request's form is asked for
		return nil
	}
	var old *storedItem
	var err error
	if r.op != opCreate {
		if old, err = e.readStored(ctx, c, r.key); err != nil {
			return err
		}
		w.conditions = append(w.conditions, r.unchanged(old)...)
	}
	r.guards, err = e.guards(r.key, old.at(), work)
	return err
}

// guarded prepares a delete of an item with unique fields.
func (o *DeleteOp) guarded(ctx context.Context, c *conn, w writeConfig) (*request, error) {
	key, err := o.e.keyOf(o.ptr)
	if err != nil {
		return nil, err
	}
	old, err := o.e.readStored(ctx, c, key)
	if err != nil {
		return nil, err
	}
	r, err := o.plan(w, func(r *request) []expression.ConditionBuilder { return r.unchanged(old) })
	if err != nil {
		return nil, err
	}
	r.guards, err = o.e.guards(key, old.at(), nil)
	return r, err
}

// sendGuarded writes an item and its sentinels in one transaction. Its errors are those of a single
// write. What an update is to give back is read afterwards.
func (r *request) sendGuarded(ctx context.Context, c *conn) (loaded, error) {
	t := &transaction{writes: []Write{requestWrite{r}}, requests: []*request{r}}
	if err := t.send(ctx, c, ""); err != nil {
		return loaded{}, single(err)
	}
	if r.verb != verbUpdate || r.returns != types.ReturnValueAllNew {
		return loaded{}, nil
	}
	s, err := r.e.readStored(ctx, c, r.key)
	if err != nil {
		return loaded{err: err}, nil
	}
	if s == nil { // deleted since
		return loaded{}, nil
	}
	return s.loaded, nil
}

// single makes the error of a transaction one of a single write.
func single(err error) error {
	te, ok := errors.AsType[*TransactionError](err)
	switch {
	case !ok:
		return err
	case len(te.Reasons) == 0:
		return te.Err
	}
	first := te.Reasons[0].Err
	if failed, ok := errors.AsType[*ConditionFailedError](first); ok {
		return failed.Err
	}
	return first
}

// requestWrite is a prepared request as a Write.
type requestWrite struct{ r *request }

func (w requestWrite) entity() *entity                                         { return w.r.e }
func (w requestWrite) prepare(context.Context, *conn, *room) (*request, error) { return w.r, nil }
