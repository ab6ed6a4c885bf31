package entable

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// ToItem returns v as Put would store it, keys and discriminator included, without hooks, generated
// values and validation.
func (e *Entity[T]) ToItem(v *T) (map[string]types.AttributeValue, error) {
	raw, err := e.raw(v, "ToItem", false)
	if err != nil {
		return nil, err
	}
	return wire.ReadItem(raw)
}

// FromItem makes a T of a stored item. It checks the type as [Entity.Get] does; hooks do not run.
func (e *Entity[T]) FromItem(item map[string]types.AttributeValue) (*T, error) {
	if e.registered() == nil {
		return nil, errUnregistered
	}
	return e.fromItem(item, e.e.table.protector(context.Background()))
}

func (e *Entity[T]) fromItem(item map[string]types.AttributeValue, by schema.Protector) (*T, error) {
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return nil, &DecodeError{Entity: e.e.Name, Err: err}
	}
	l := load(e.e.Table.DecodeAs(wire.NewReader(raw), e.e.Entity, by))
	if u, ok := l.err.(*UnknownEntityError); ok {
		u.Want = e.e.Name
	}
	if l.err != nil {
		return nil, l.err
	}
	return l.value.(*T), nil
}

// ToMap returns what [Entity.ToItem] returns, as plain Go values: strings, bools, []byte, []any, map[string]any, slices
// for sets, and attributevalue.Number for numbers, so that none loses digits. It is for people and logs: fields that are `hidden` or
// encrypted are left out, and compressed ones are not.
func (e *Entity[T]) ToMap(v *T) (map[string]any, error) {
	raw, err := e.raw(v, "ToMap", true)
	if err != nil {
		return nil, err
	}
	item, err := wire.ReadItem(raw)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(item, func(name string, _ types.AttributeValue) bool { return slices.Contains(e.e.Withheld, name) })
	out := map[string]any{}
	err = attributevalue.UnmarshalMapWithOptions(item, &out, func(o *attributevalue.DecoderOptions) { o.UseNumber = true })
	if err != nil {
		return nil, &DecodeError{Entity: e.e.Name, Key: e.e.Table.KeyText(item), Err: err}
	}
	return out, nil
}

// FromMap does what [Entity.FromItem] does for plain Go values, as [Entity.ToMap] gives them.
func (e *Entity[T]) FromMap(m map[string]any) (*T, error) {
	item, err := attributevalue.MarshalMap(m)
	if err != nil {
		return nil, &DecodeError{Entity: e.Name(), Err: err}
	}
	if e.registered() == nil {
		return nil, errUnregistered
	}
	return e.fromItem(item, schema.Plain)
}

// Decode returns a stored item, as the SDK holds it, as a pointer to its registered type. An item that has
// only its keys gives the entity with its key fields set. Hooks do not run, and an expired item is decoded
// like any other.
//
// The error is a [*DecodeError], a [*KeyMismatchError], or an [*UnknownEntityError] for an item of no registered entity, whose
// Own is set where the item is the library's own: programs that read all items of a table past it, from a scan of their
// own, a stream or an export, pass over these.
func (t *Table) Decode(item map[string]types.AttributeValue) (any, error) {
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return nil, &DecodeError{Entity: t.s().Name, Key: t.s().KeyText(item), Err: err}
	}
	return t.decodeRaw(raw)
}

// DecodeJSON decodes an item as [Table.Decode] does from DynamoDB JSON, `{"pk": {"S": "CU#1"}, …}`, as events
// and exports hold it. The bytes stay the caller's.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
func (t *Table) DecodeJSON(item []byte) (any, error) { return t.decodeRaw(bytes.Clone(item)) }

// decodeRaw decodes the DynamoDB JSON of one item. What it returns may point into raw.
func (t *Table) decodeRaw(raw []byte) (any, error) {
	r := wire.NewReader(raw)
	l := load(t.s().Decode(r, nil, nil, t.protector(context.Background())))
	if l.err != nil {
		return nil, l.err
	}
	if err := r.End(); err != nil {
		return nil, &DecodeError{Entity: t.s().Name, Err: err}
	}
	return l.value, nil
}

// Elsewhere reports whether a stored item, or its primary key alone, is at the place that [Moved] names and not at its entity's own.
// It is false for what is of no registered entity.
func (t *Table) Elsewhere(item map[string]types.AttributeValue) bool {
	if !t.s().Directory().Moved {
		return false
	}
	raw, err := wire.AppendItem(nil, item)
	return err == nil && t.s().Decode(wire.NewReader(raw), nil, nil, t.protector(context.Background())).Other
}

// KeyOf returns the key of v, a registered struct or a pointer to one, as operations by key take it: a pointer
// to a new value of its type in which the fields of the primary key are set, and no others.
func (t *Table) KeyOf(v any) (any, error) {
	e, ptr, err := t.exampleOf(nil, "use KeyOf of one of these entities", v)
	if err != nil {
		return nil, err
	}
	if ptr, err = e.keyOnly(ptr); err != nil {
		return nil, err
	}
	return e.At(ptr), nil
}

// KeyOf returns the key of v as operations by key take it, see [Table.KeyOf].
func (e *Entity[T]) KeyOf(v *T) (*T, error) {
	switch {
	case e.registered() == nil:
		return nil, errUnregistered
	case v == nil:
		return nil, e.e.nilInstance("KeyOf")
	}
	key, err := e.e.keyOnly(unsafe.Pointer(v))
	return (*T)(key), err
}

// ToItem returns v, a registered struct or a pointer to one, as [Entity.ToItem] does.
func (t *Table) ToItem(v any) (map[string]types.AttributeValue, error) {
	e, ptr, err := t.exampleOf(nil, "use ToItem of one of these entities", v)
	if err != nil {
		return nil, err
	}
	raw, err := e.raw(ptr, false)
	if err != nil {
		return nil, err
	}
	return wire.ReadItem(raw)
}

// Size returns the number of bytes that v counts as a stored item, by the service's rules: what limits and
// capacity are computed from.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (e *Entity[T]) Size(v *T) (int, error) {
	raw, err := e.raw(v, "Size", false)
	if err != nil {
		return 0, err
	}
	return wire.ItemSize(raw)
}

func (e *Entity[T]) raw(v *T, op string, shown bool) ([]byte, error) {
	switch {
	case e.registered() == nil:
		return nil, errUnregistered
	case v == nil:
		return nil, e.e.nilInstance(op)
	}
	return e.e.raw(unsafe.Pointer(v), shown)
}

// raw encodes the item at ptr: as it is stored, or for people.
func (e *entity) raw(ptr unsafe.Pointer, shown bool) ([]byte, error) {
	by := e.table.protector(context.Background())
	if shown {
		by = schema.Plain
	}
	item, _, err := e.AppendItem(nil, ptr, by)
	return item, public(err)
}

// A field with the tag `entable:"rest"`, a map[string]any, receives the attributes of an item that the
// type does not have, and writes them back, so that a Put does not lose what another program has
// stored. What is read is a types.AttributeValue, which loses nothing; any Go value can be written.

// A field with the tag `entable:"ttl"`, a time.Time or an integer, is when its item expires. It is stored
// as the number of whole seconds since 1970 that the service wants; a zero field is left out, and the
// item stays. All entities of a table use the same attribute: the service knows one.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html

// ExpiresIn returns the time d from now, in whole seconds, for a `ttl` field.
func ExpiresIn(d time.Duration) time.Time {
	return time.Now().Add(d).Truncate(time.Second).UTC()
}

// Expired reports whether v has expired by the table's clock, see [Entity.TimeLeft]. The service may not have removed it yet.
func (e *Entity[T]) Expired(v *T) bool {
	left, ok := e.TimeLeft(v)
	return ok && left <= 0
}

// TimeLeft returns how long v has until it expires, negative afterwards; ok is false when it does not expire, or that is not known, as
// v holds a key alone or what was named with Select of an index without the `ttl` attribute.
// To extend it, write the `ttl` field anew: Update(key).Set("expires", entable.ExpiresIn(time.Hour)).
func (e *Entity[T]) TimeLeft(v *T) (left time.Duration, ok bool) {
	if e.registered() == nil || v == nil {
		return 0, false
	}
	at, ok := e.e.Expiry(unsafe.Pointer(v))
	if !ok {
		return 0, false
	}
	return at.Sub(e.e.Table.Settings().Gen.Clock()), true
}
