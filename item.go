package entable

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// ToItem returns v as Put would store it, keys and discriminator included, without hooks, generated
// values and validation.
func (e *Entity[T]) ToItem(v *T) (map[string]types.AttributeValue, error) {
	raw, err := e.raw(v, "ToItem")
	if err != nil {
		return nil, err
	}
	return wire.ReadItem(raw)
}

// FromItem makes a T of a stored item. It checks the type as [Entity.Get] does; hooks do not run.
func (e *Entity[T]) FromItem(item map[string]types.AttributeValue) (*T, error) {
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return nil, &DecodeError{Entity: e.e.name, Err: err}
	}
	l := e.e.table.decode(wire.NewReader(raw), e.e, nil)
	if l.err == nil && l.entity != e.e {
		l.err = &UnknownEntityError{Table: e.e.table.name, Want: e.e.name, Type: l.entity.name, Key: e.e.table.keyText(item), Item: item}
	}
	if l.err != nil {
		return nil, l.err
	}
	return l.value.(*T), nil
}

// ToMap is [Entity.ToItem] with plain Go values: strings, bools, []byte, []any, map[string]any, slices
// for sets, and attributevalue.Number for numbers, so that none loses digits.
func (e *Entity[T]) ToMap(v *T) (map[string]any, error) {
	item, err := e.ToItem(v)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	err = attributevalue.UnmarshalMapWithOptions(item, &out, func(o *attributevalue.DecoderOptions) { o.UseNumber = true })
	if err != nil {
		return nil, &DecodeError{Entity: e.e.name, Key: e.e.table.keyText(item), Err: err}
	}
	return out, nil
}

// FromMap is [Entity.FromItem] for plain Go values, as [Entity.ToMap] gives them.
func (e *Entity[T]) FromMap(m map[string]any) (*T, error) {
	item, err := attributevalue.MarshalMap(m)
	if err != nil {
		return nil, &DecodeError{Entity: e.e.name, Err: err}
	}
	return e.FromItem(item)
}

// Size is the number of bytes that v counts as a stored item, by the service's rules: what limits and
// capacity are computed from.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (e *Entity[T]) Size(v *T) (int, error) {
	raw, err := e.raw(v, "Size")
	if err != nil {
		return 0, err
	}
	return wire.ItemSize(raw)
}

func (e *Entity[T]) raw(v *T, op string) ([]byte, error) {
	if v == nil {
		return nil, e.e.nilInstance(op)
	}
	return e.e.appendItem(nil, unsafe.Pointer(v))
}

// A field with the tag `entable:"rest"`, a map[string]any, receives the attributes of an item that the
// type does not have, and writes them back, so that a Put does not lose what another program has
// stored. What is read is a types.AttributeValue, which loses nothing; any Go value can be written.

var restType = reflect.TypeFor[map[string]any]()

func (e *entity) findRest() error {
	for f := range e.typ.Fields() {
		if !slices.Contains(tagOptions(f.Tag), "rest") {
			continue
		}
		switch {
		case f.Type != restType:
			return &DeclarationError{What: e.name, Field: "field " + f.Name, Reason: "tag `entable:\"rest\"`: the field must be a map[string]any"}
		case e.rest != nil:
			return &DeclarationError{What: e.name, Field: "field " + f.Name, Reason: "tag `entable:\"rest\"`: another field has it"}
		}
		e.rest = f.Index
	}
	return nil
}

func (e *entity) restOf(ptr unsafe.Pointer) reflect.Value {
	return reflect.NewAt(e.typ, ptr).Elem().FieldByIndex(e.rest)
}

// load decodes an item with a plan of the entity.
func (e *entity) load(p *codec.Plan, r *wire.Reader, ptr unsafe.Pointer) error {
	if e.rest == nil {
		return p.Decode(r, ptr)
	}
	rest := map[string]any{}
	err := p.DecodeRest(r, ptr, func(name string, value []byte) error {
		if e.table.reserved(name) != "" || name == schemaAttribute {
			return nil
		}
		v, err := wire.ReadValue(value)
		rest[name] = v
		return err
	})
	if err == nil && len(rest) > 0 {
		e.restOf(ptr).Set(reflect.ValueOf(rest))
	}
	return err
}

// appendRest appends the attributes of the rest field behind the others.
func (e *entity) appendRest(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	if e.rest == nil {
		return dst, nil
	}
	rest := e.restOf(ptr).Interface().(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		var err error
		if dst, err = e.appendRestValue(append(wire.AppendString(append(dst, ','), name), ':'), name, rest[name]); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func (e *entity) appendRestValue(dst []byte, name string, v any) ([]byte, error) {
	if e.table.reserved(name) != "" || e.plan.Field(name) != nil {
		return nil, &EncodeError{Entity: e.name, Err: usagef("attribute %q is in the rest field but is stored otherwise: take it out of the map", name)}
	}
	dst, err := codec.AppendValue(dst, v)
	if err != nil {
		return nil, &EncodeError{Entity: e.name, Err: err}
	}
	return dst, nil
}

// restDifference lists the changes that make the rest field at a into the one at b.
func (e *entity) restDifference(a, b unsafe.Pointer) ([]change, error) {
	if e.rest == nil {
		return nil, nil
	}
	before, after := e.restOf(a).Interface().(map[string]any), e.restOf(b).Interface().(map[string]any)
	var out []change
	for _, name := range slices.Sorted(maps.Keys(after)) {
		now, err := e.appendRestValue(nil, name, after[name])
		if err != nil {
			return nil, err
		}
		var was []byte
		if v, ok := before[name]; ok {
			if was, err = e.appendRestValue(nil, name, v); err != nil {
				return nil, err
			}
		}
		if !bytes.Equal(was, now) {
			v, err := wire.ReadValue(now)
			if err != nil {
				return nil, &EncodeError{Entity: e.name, Err: err}
			}
			out = append(out, change{op: changeSet, path: quotePath(name), value: v})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, kept := after[name]; !kept {
			out = append(out, change{op: changeRemove, path: quotePath(name)})
		}
	}
	return out, nil
}
