package schema

import (
	"fmt"
	"maps"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// Copied returns a stored item of e as it is stored in the partition that the fields of the item at to, of the entity of, name.
// The fields that the partition key is made of become those of that partition, and all keys are made anew; every other
// attribute stays as it is, also those that the type does not have.
func (e *Entity) Copied(item map[string]types.AttributeValue, of *Entity, to unsafe.Pointer, by Protector) (map[string]types.AttributeValue, error) {
	refuse := func(format string, args ...any) error {
		return misuse("%s[%s] cannot be copied to another partition: %s", e.Name, e.Table.KeyText(item), fmt.Sprintf(format, args...))
	}
	if e.Table.Outdated(e, item) {
		return nil, refuse("it is in an older shape: load it and Put it")
	}
	ptr, err := e.Table.decodeItem(e, item, by)
	if err != nil {
		return nil, &Fault{Kind: WrongItem, Entity: e.Name, Key: e.Table.KeyText(item), Err: err}
	}
	if !e.Table.keyFits(e, ptr, item) && !e.Table.keyFits(e.Other, ptr, item) {
		return nil, refuse("its fields do not make its key, see Table.Audit")
	}
	for _, u := range e.Unique {
		if text, err := u.Sentinel(e, ptr); err != nil || text != "" {
			return nil, refuse("attribute %q is unique, and can be of one item only", u.Field.Name)
		}
	}
	partition, err := e.PK.join(of.PK, to, ptr)
	if err != nil {
		return nil, refuse("%s", err)
	}
	if now, err := e.PK.partitions(ptr); err != nil || string(now[0]) != partition {
		return nil, refuse("its fields do not make the partition %s=%q", e.PK.Attr.Name, partition)
	}
	return e.rekeyed(item, ptr, by)
}

// join sets the fields of the item at ptr that the partition key is made of to what they are in the partition that another
// entity's item is in, whose key has the same shape, and returns the text of that partition.
func (k *Key) join(other *Key, to, ptr unsafe.Pointer) (string, error) {
	partitions, err := other.partitions(to)
	if err != nil {
		return "", err
	}
	text := string(partitions[0])
	stored, err := wire.AppendValue(nil, k.AttributeValue(partitions[0]))
	if err != nil {
		return "", err
	}
	if k.pattern == nil {
		kind, value, err := wire.Scalar(stored)
		if err == nil {
			err = k.comps[0].fill(stored, kind, value, ptr)
		}
		return text, err
	}
	vals, err := k.pattern.Parse(text, nil)
	if err != nil {
		return text, fmt.Errorf("%s=%q is none of its partitions", k.Attr.Name, text)
	}
	for i := range k.comps {
		c := &k.comps[i]
		if c.shard != nil || c.part {
			continue
		}
		if c.tail && vals[i].IsZero() {
			c.field.Reach(c.holder(ptr)).SetZero()
			continue
		}
		stored, err := c.attributeOf(vals[i])
		if err == nil {
			err = c.field.DecodeValue(wire.NewReader(stored), c.holder(ptr))
		}
		if err != nil {
			return text, err
		}
	}
	return text, nil
}

// rekeyed returns the item with the keys, and the fields of the partition key, of the one at ptr.
func (e *Entity) rekeyed(item map[string]types.AttributeValue, ptr unsafe.Pointer, by Protector) (map[string]types.AttributeValue, error) {
	key, err := e.KeyOf(ptr)
	if err != nil {
		return nil, err
	}
	out := maps.Clone(item)
	for i := range e.PK.comps {
		c := &e.PK.comps[i]
		switch alone, _ := e.Alone(c.root.Name); {
		case c.tail && c.inner == nil && c.field.OmitEmpty && c.zero(ptr):
			delete(out, c.root.Name)
		case c.shard == nil && !c.part && (out[c.root.Name] != nil || c.tail && c.inner == nil && !alone):
			value, err := c.stored(ptr)
			if err != nil {
				return nil, e.valueFault(err)
			}
			out[c.root.Name] = within(out[c.root.Name], innerNames(c), value)
		}
	}
	for _, g := range e.Kept {
		values, err := g.KeyValues(ptr)
		absent := g.Absent(ptr, nil)
		if err != nil && !absent {
			return nil, err
		}
		for i, name := range g.KeyNames() {
			if absent {
				delete(out, name)
			} else {
				out[name] = values[i]
			}
		}
	}
	return out, e.Rebind(out, key.Attrs, by)
}

// stored returns the field's value in the item at ptr as it is stored, also a zero that its tag leaves out.
func (c *component) stored(ptr unsafe.Pointer) (types.AttributeValue, error) {
	raw, err := c.field.AppendFrom(nil, c.holder(ptr))
	if err == nil && len(raw) == 0 {
		v, readErr := c.value(ptr)
		if readErr != nil {
			return nil, readErr
		}
		raw, err = c.attributeOf(v)
	}
	if err != nil {
		return nil, err
	}
	return wire.ReadValue(raw)
}

// within returns a map, or a map in it, with another value under the names that lead to it; without names, the value.
func within(in types.AttributeValue, names []string, value types.AttributeValue) types.AttributeValue {
	if len(names) == 0 {
		return value
	}
	m, ok := in.(*types.AttributeValueMemberM)
	if !ok {
		return in
	}
	own := maps.Clone(m.Value)
	own[names[0]] = within(own[names[0]], names[1:], value)
	return &types.AttributeValueMemberM{Value: own}
}
