package schema

import (
	"reflect"
	"slices"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// At returns the instance at ptr, as a pointer to the entity's type.
func (e *Entity) At(ptr unsafe.Pointer) any { return reflect.NewAt(e.Type, ptr).Interface() }

// ItemKey is the primary key of one item as a request holds it.
type ItemKey struct {
	table *Table
	Attrs map[string]types.AttributeValue
}

// Text returns the key for messages: `pk="CU#1" sk="O#7"`.
func (k ItemKey) Text() string { return k.table.KeyText(k.Attrs) }

// Encoded returns the key as DynamoDB JSON, in the form of AppendKeys.
func (k ItemKey) Encoded() ([]byte, error) {
	dst := []byte{'{'}
	for _, a := range [...]Attr{k.table.PK, k.table.SK} {
		v, ok := k.Attrs[a.Name]
		if !ok {
			continue
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = wire.AppendValue(append(wire.AppendString(dst, a.Name), ':'), v); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// KeyOf builds the primary key of the item at ptr.
func (e *Entity) KeyOf(ptr unsafe.Pointer) (ItemKey, error) {
	k := ItemKey{table: e.Table, Attrs: make(map[string]types.AttributeValue, 2)}
	if err := e.checkKeyRead(ptr); err != nil {
		return k, err
	}
	for _, part := range [...]*Key{e.PK, e.SK} {
		if part == nil {
			continue
		}
		var scratch [128]byte
		text, err := part.AppendText(scratch[:0], ptr)
		if err != nil {
			return k, e.keyFault(part.Attr.Name, err)
		}
		k.Attrs[part.Attr.Name] = part.AttributeValue(text)
	}
	return k, nil
}

// ownMembers returns the attributes that every item of the entity has: its type, and the version of its shape.
func (e *Entity) ownMembers() ([]byte, error) {
	var dst []byte
	if e.Table.Discriminator != "" {
		var err error
		if dst, err = wire.AppendS(append(wire.AppendString(nil, e.Table.Discriminator), ':'), e.TypeValue); err != nil {
			return nil, err
		}
	}
	if n := len(e.Upgrades); n > 0 {
		if len(dst) > 0 {
			dst = append(dst, ',')
		}
		dst = wire.AppendInt(append(wire.AppendString(dst, SchemaAttribute), ':'), int64(n))
	}
	return dst, nil
}

// AppendKeys appends the members of the item's primary key.
func (e *Entity) AppendKeys(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	if err := e.checkKeyRead(ptr); err != nil {
		return nil, err
	}
	dst, err := e.appendKey(dst, e.PK, ptr)
	if err == nil && e.SK != nil {
		dst, err = e.appendKey(append(dst, ','), e.SK, ptr)
	}
	return dst, err
}

// AppendItem appends the item at ptr as DynamoDB JSON: the primary key, which ends at keyEnd, the table's other
// attributes, then the fields, the sealed ones last.
func (e *Entity) AppendItem(dst []byte, ptr unsafe.Pointer, by Protector) (item []byte, keyEnd int, err error) {
	if err := e.checkWhole(ptr); err != nil {
		return nil, 0, err
	}
	if dst, err = e.AppendKeys(append(dst, '{'), ptr); err != nil {
		return nil, 0, err
	}
	keyEnd = len(dst)
	item, err = e.appendBody(dst, ptr, by)
	return item, keyEnd, err
}

// appendBody appends the rest of the item behind its primary key.
func (e *Entity) appendBody(dst []byte, ptr unsafe.Pointer, by Protector) ([]byte, error) {
	var err error
	if len(e.head) > 0 {
		dst = append(append(dst, ','), e.head...)
	}
	for _, x := range e.Indexes {
		if err := x.checkNativeValues(e, ptr); err != nil {
			return nil, err
		}
	}
	for _, g := range e.Kept {
		if g.Absent(ptr, nil) {
			continue
		}
		for _, k := range g.Keys {
			if dst, err = k.appendMember(append(dst, ','), ptr); err != nil {
				return nil, e.keyFault(k.Attr.Name, k.orOmit(err, ptr))
			}
		}
	}
	head := len(dst)
	dst, err = e.encoding.AppendMembers(append(dst, ','), ptr)
	if err != nil {
		return nil, e.valueFault(e.discreet(err))
	}
	if len(dst) == head+1 { // no field to store: take the comma back
		dst = dst[:head]
	}
	if dst, err = e.appendRest(dst, ptr); err != nil {
		return nil, err
	}
	if dst, err = e.appendSealed(dst, ptr, by); err != nil {
		return nil, err
	}
	return append(dst, '}'), nil
}

func (e *Entity) appendKey(dst []byte, k *Key, ptr unsafe.Pointer) ([]byte, error) {
	dst, err := k.appendMember(dst, ptr)
	if err != nil {
		return nil, e.keyFault(k.Attr.Name, err)
	}
	return dst, nil
}

// AppendFields appends the item at ptr without its keys and its type.
func (e *Entity) AppendFields(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	dst = append(dst, '{')
	head := len(dst)
	dst, err := e.Plan.AppendMembers(dst, ptr)
	if err != nil {
		return nil, e.valueFault(err)
	}
	empty := len(dst) == head
	if dst, err = e.appendRest(dst, ptr); err != nil {
		return nil, err
	}
	if empty && len(dst) > head {
		dst = slices.Delete(dst, head, head+1) // the comma in front of the rest
	}
	return append(dst, '}'), nil
}
