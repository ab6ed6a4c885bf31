package entable

import (
	"context"
	"reflect"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// Entity is the type T registered on a table: its operations. It is safe for concurrent use; the
// instances passed to it are not, and belong to the call until it returns.
//
// A key is given as an example: a T with its key fields set. Its other fields do not count.
type Entity[T any] struct{ e *entity }

// RawItem is a stored item as the SDK holds it.
type RawItem map[string]types.AttributeValue

// Register declares T, a struct, as an entity of table t and returns its operations. Fields are stored
// as the SDK's attributevalue package stores them, by their dynamodbav tags, beside the table's own
// attributes. The tag `entable` fills values in and gives fields a meaning: auto=…, touch=…, default=…,
// version, ttl, unique, rest; the package's documentation lists them.
//
// Without [PK] the first exported field is the partition key; without [SK] the sort key, where the
// table has one, is "A".
//
// A key without a setting of its own gets a generated prefix: the first letter of the entity's name
// and the characters of the key's first attribute, one after the other, in upper case, until the
// result is not taken on the table. So the order in which entities are registered decides prefixes:
// use [Prefix] for keys that must survive reordering.
//
// A nil table stands for [DefaultTable].
//
// Registration proves that no item of T can have the key of an item of another entity. It panics with
// a [*DeclarationError] when the declaration is wrong; [TryRegister] returns it. It is safe for
// concurrent use, but is meant for package initialisation, where the order is that of the source.
func Register[T any](t *Table, opts ...EntityOption) *Entity[T] {
	e, err := TryRegister[T](t, opts...)
	if err != nil {
		panic(err)
	}
	return e
}

// TryRegister is [Register] with the error returned. After an error the table is as it was before.
func TryRegister[T any](t *Table, opts ...EntityOption) (*Entity[T], error) {
	typ := reflect.TypeFor[T]()
	if t == nil {
		var err error
		if t, err = tryDefaultTable(); err != nil {
			return nil, err
		}
	}
	e, err := t.register(typ, opts)
	if err != nil {
		return nil, err
	}
	return &Entity[T]{e}, nil
}

func (e *Entity[T]) registered() *entity {
	if e == nil { // a variable that is initialised later
		return nil
	}
	return e.e
}

// Name returns the entity's name, which is its discriminator.
func (e *Entity[T]) Name() string { return e.e.name }

// Table returns the table that the entity is registered on.
func (e *Entity[T]) Table() *Table { return e.e.table }

// Use sets the entity's client, before the table's and the default one; nil takes it away. It is safe
// for concurrent use; operations under way keep theirs.
func (e *Entity[T]) Use(c Client) { e.e.conn.Store(newConn(c)) }

// Put writes v, in place of a stored item with the same key. In this order: the BeforeSave hook,
// generated values and defaults, validation, keys, the size check, the request, the AfterSave hook.
//
// v gets the generated values only when the write succeeds; after an error it is as it was, except
// for generated ids, which stay so that a retry writes the same item.
//
// Errors: [*HookError], [*ValidationError], [*KeyError], [*EncodeError] and [*ItemTooLargeError] before
// the request; [*ConditionFailedError] with [If]; else an [*OpError].
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
func (e *Entity[T]) Put(ctx context.Context, v *T, opts ...WriteOption) error {
	return do(ctx, e.PutOp(v, opts...), opPut)
}

// Create is [Entity.Put] for an item that must not exist: when the key is taken, nothing is written
// and the error matches [ErrExists], and is a [*ConditionFailedError] with the stored item.
func (e *Entity[T]) Create(ctx context.Context, v *T, opts ...WriteOption) error {
	return do(ctx, e.CreateOp(v, opts...), opCreate)
}

// Get reads the item with the key fields of key. The error matches [ErrNotFound] when there is none;
// it is an [*UnknownEntityError] when the stored item is of another type. The AfterLoad hook runs on
// the result.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
func (e *Entity[T]) Get(ctx context.Context, key T, opts ...ReadOption) (*T, error) {
	v, err := e.e.get(ctx, unsafe.Pointer(&key), opts)
	if err != nil {
		return nil, err
	}
	return v.(*T), nil
}

// Delete deletes the item with the key fields of key, without hooks and in one request (an entity with
// unique fields takes a read and a transaction). It succeeds when there is no such item, unless [If]
// says otherwise.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html
func (e *Entity[T]) Delete(ctx context.Context, key T, opts ...WriteOption) error {
	return do(ctx, e.DeleteOp(key, opts...), opDelete)
}

// at is the instance at ptr, as a pointer to the entity's type.
func (e *entity) at(ptr unsafe.Pointer) any { return reflect.NewAt(e.typ, ptr).Interface() }

// itemKey is the primary key of one item as a request holds it.
type itemKey struct {
	table *Table
	attrs map[string]types.AttributeValue
}

// text is the key for messages: `pk="CU#1" sk="O#7"`.
func (k itemKey) text() string { return k.table.keyText(k.attrs) }

// keyOf builds the primary key of the item at ptr.
func (e *entity) keyOf(ptr unsafe.Pointer) (itemKey, error) {
	k := itemKey{table: e.table, attrs: make(map[string]types.AttributeValue, 2)}
	for _, part := range [...]*key{e.pk, e.sk} {
		if part == nil {
			continue
		}
		var scratch [128]byte
		text, err := part.appendText(scratch[:0], ptr)
		if err != nil {
			return k, &KeyError{Entity: e.name, Key: part.attr.name, Err: err}
		}
		k.attrs[part.attr.name] = part.attributeValue(text)
	}
	return k, nil
}

// ownMembers are the attributes that every item of the entity has: its type, and the version of its shape.
func (e *entity) ownMembers() ([]byte, error) {
	var dst []byte
	if e.table.discriminator != "" {
		var err error
		if dst, err = wire.AppendS(append(wire.AppendString(nil, e.table.discriminator), ':'), e.name); err != nil {
			return nil, err
		}
	}
	if n := len(e.upgrades); n > 0 {
		if len(dst) > 0 {
			dst = append(dst, ',')
		}
		dst = wire.AppendInt(append(wire.AppendString(dst, schemaAttribute), ':'), int64(n))
	}
	return dst, nil
}
