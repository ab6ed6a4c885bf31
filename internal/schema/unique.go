package schema

import (
	"fmt"
	"maps"
	"slices"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
)

// SentinelPrefix starts the keys of sentinels. No entity can have it.
const SentinelPrefix = "_unique"

// SentinelOwner is the attribute of a sentinel that holds the key of the item with the value.
const SentinelOwner = "owner"

// UniqueField is a field that is kept unique.
type UniqueField struct {
	Field     *codec.Field
	component component
	pattern   *keys.Pattern
}

func uniqueFieldOf(e *Entity, f *codec.Field) (*UniqueField, error) {
	if e.Table.PK.Type != types.ScalarAttributeTypeS {
		return nil, fmt.Errorf("unique needs a table whose partition key is a string")
	}
	for _, o := range e.Table.reg.entities {
		if o.Origin == e.Origin && slices.ContainsFunc(o.Unique, func(u *UniqueField) bool { return u.Field.Name == f.Name }) {
			return nil, fmt.Errorf("%s is called %q too, and no item of one could have a unique value of the other: give one of them another name with entable.Name", o.Type, e.Origin)
		}
	}
	c, err := componentOf(f)
	if err != nil {
		return nil, err
	}
	if s := e.SealingOf(f); s != nil && s.Encrypt {
		c.hashed(s.hash, e.Table)
	}
	pattern, err := keys.Compile(SentinelPrefix, keys.DefaultSeparator, []keys.Segment{
		{Attr: "entity", Kind: keys.Text}, {Attr: "attribute", Kind: keys.Text}, c.Seg,
	})
	return &UniqueField{Field: f, component: c, pattern: pattern}, err
}

// anySentinel is the key of a sentinel of any entity.
var anySentinel = func() *keys.Pattern {
	p, err := keys.Compile(SentinelPrefix, keys.DefaultSeparator, []keys.Segment{
		{Attr: "entity", Kind: keys.Text}, {Attr: "attribute", Kind: keys.Text}, {Attr: "value", Kind: keys.Text},
	})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return p
}()

// meetsSentinels reports whether an item of the entity can have the key of a sentinel.
func (e *Entity) meetsSentinels() bool {
	if e.PK.pattern == nil || e.PK.guarded {
		return false // sentinels need a string; no item of it is written that has the key of one
	}
	if e.PK.matches(StoredManifestKey) && (e.SK == nil || e.SK.pattern == nil || e.SK.matches("A")) {
		return true
	}
	if apart, _ := keys.Apart([]*keys.Pattern{e.PK.pattern}, []*keys.Pattern{anySentinel}); apart {
		return false
	}
	return e.SK == nil || e.SK.pattern == nil || e.SK.matches("A")
}

// Guard is a sentinel item that is written or deleted with an item.
type Guard struct {
	Attr   string
	Key    map[string]types.AttributeValue
	Owner  map[string]types.AttributeValue
	From   map[string]types.AttributeValue // the owner that gives the value up in the same transaction, or nil
	Delete bool
}

// Sentinel returns the sentinel's key for the value of the item at ptr; "" for an empty value, which is not
// unique.
func (u *UniqueField) Sentinel(e *Entity, ptr unsafe.Pointer) (string, error) {
	if v, ok := u.Field.Value(ptr); !ok || v.IsZero() {
		return "", nil
	}
	value, err := u.component.value(ptr)
	if err != nil {
		return "", e.keyFault(u.Field.Name, err)
	}
	text, err := u.pattern.Append(nil, []keys.Value{
		{Kind: keys.Text, S: e.Origin}, {Kind: keys.Text, S: u.Field.Name}, value,
	})
	if err == nil && len(text) > maxPartitionKey {
		err = fmt.Errorf("a unique value makes a key of %d bytes, above the service's limit of %d", len(text), maxPartitionKey)
	}
	if err != nil {
		return "", e.keyFault(u.Field.Name, err)
	}
	return string(text), nil
}

// SentinelKey returns the primary key of a sentinel.
func (t *Table) SentinelKey(text string) map[string]types.AttributeValue {
	key := map[string]types.AttributeValue{t.PK.Name: &types.AttributeValueMemberS{Value: text}}
	if t.SK.Exists() {
		switch t.SK.Type {
		case types.ScalarAttributeTypeN:
			key[t.SK.Name] = &types.AttributeValueMemberN{Value: "0"}
		case types.ScalarAttributeTypeB:
			key[t.SK.Name] = &types.AttributeValueMemberB{Value: []byte{0}}
		default:
			key[t.SK.Name] = &types.AttributeValueMemberS{Value: "A"}
		}
	}
	return key
}

// Guards compares the unique values of the stored item at old (nil: none), whose key is from, with those at now (nil: the
// item is deleted), whose key is key, and returns the sentinels to delete and to write.
func (e *Entity) Guards(key ItemKey, from map[string]types.AttributeValue, old, now unsafe.Pointer) ([]Guard, error) {
	var out []Guard
	moves := e.Other != nil && !e.Table.SameKey(key.Attrs, from)
	for _, u := range e.Unique {
		var before, after string
		var err error
		if old != nil {
			if before, err = u.Sentinel(e, old); err != nil {
				return nil, err
			}
		}
		if now != nil {
			if after, err = u.Sentinel(e, now); err != nil {
				return nil, err
			}
		}
		if before == after && (!moves || after == "") {
			continue
		}
		if after != "" {
			g := Guard{Attr: u.Field.Name, Key: e.Table.SentinelKey(after), Owner: key.Attrs}
			if moves {
				g.From = from
			}
			out = append(out, g)
		}
		if before != "" && before != after {
			out = append(out, Guard{Attr: u.Field.Name, Key: e.Table.SentinelKey(before), Owner: from, Delete: true})
		}
	}
	return out, nil
}

// UniqueOf returns the field that the sentinel with a key is for; nil when no registered entity has it.
func (t *Table) UniqueOf(sentinel string) (*Entity, *UniqueField) {
	vals, err := anySentinel.Parse(sentinel, make([]keys.Value, 0, 3))
	if err != nil {
		return nil, nil
	}
	for _, e := range t.Directory().All { // several may have one name where there is no discriminator
		for _, u := range e.Unique {
			if e.Origin == vals[0].S && u.Field.Name == vals[1].S {
				return e, u
			}
		}
	}
	return nil, nil
}

// GuardWrite returns the part of a transaction that writes the sentinel unless another item holds it, or that deletes it if this one does.
func (t *Table) GuardWrite(g *Guard) types.TransactWriteItem {
	owner := &types.AttributeValueMemberM{Value: g.Owner}
	names := map[string]string{"#pk": t.PK.Name, "#owner": SentinelOwner}
	values := map[string]types.AttributeValue{":owner": owner}
	condition := new("attribute_not_exists(#pk) OR #owner = :owner")
	if g.From != nil {
		*condition += " OR #owner = :from"
		values[":from"] = &types.AttributeValueMemberM{Value: g.From}
	}
	if g.Delete {
		return types.TransactWriteItem{Delete: &types.Delete{TableName: &t.Name, Key: g.Key, ConditionExpression: condition,
			ExpressionAttributeNames: names, ExpressionAttributeValues: values}}
	}
	item := map[string]types.AttributeValue{SentinelOwner: owner}
	maps.Copy(item, g.Key)
	if t.Discriminator != "" {
		item[t.Discriminator] = &types.AttributeValueMemberS{Value: SentinelPrefix}
	}
	return types.TransactWriteItem{Put: &types.Put{TableName: &t.Name, Item: item, ConditionExpression: condition,
		ExpressionAttributeNames: names, ExpressionAttributeValues: values}}
}
