package entable

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
)

// Entity is the type T registered on a table: its operations. It is safe for concurrent use; the
// instances passed to it are not, and belong to the call until it returns.
//
// A key is given as an example: a T with its key fields set. Its other fields do not count.
type Entity[T any] struct{ e *entity }

func (e *Entity[T]) registered() *entity {
	if e == nil { // a variable that is initialised later
		return nil
	}
	return e.e
}

// Name returns the entity's name, which is its discriminator; "" for the zero Entity.
func (e *Entity[T]) Name() string {
	if e.registered() == nil {
		return ""
	}
	return e.e.Name
}

// Table returns the table that the entity is registered on; nil for the zero Entity.
func (e *Entity[T]) Table() *Table {
	if e.registered() == nil {
		return nil
	}
	return e.e.table
}

// Use sets the entity's client, before the table's and the default one; nil takes it away. It is safe
// for concurrent use; operations under way keep theirs.
// It panics for the zero Entity.
func (e *Entity[T]) Use(c Client) {
	if e.registered() == nil {
		panic(errUnregistered)
	}
	e.e.conn.Store(route.New(c))
}

// entity is a registered type as its operations see it: what is declared of it, and what they keep with it.
type entity struct {
	*schema.Entity
	table      *Table
	consistent consistency
	skipHooks  bool
	hooks      hookSet
	shape      change.Shape // for the check of conditions
	changing   bool         // a put may change the item before it is encoded
	sizeHint   atomic.Int64 // the length of an encoded item
	conn       atomic.Pointer[route.Conn]
}

// ownerOf returns the entity that was declared as e, nil for nil.
func ownerOf(e *schema.Entity) *entity {
	if e == nil {
		return nil
	}
	return e.Owner.(*entity)
}

// What operations ask of what is declared of an entity, with public errors.

func (e *entity) keyOf(ptr unsafe.Pointer) (schema.ItemKey, error) {
	k, err := e.Entity.KeyOf(ptr)
	return k, public(err)
}

func (e *entity) keyOnly(ptr unsafe.Pointer) (unsafe.Pointer, error) {
	out, err := e.Entity.KeyOnly(ptr)
	return out, public(err)
}

func (e *entity) appendKeys(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	dst, err := e.Entity.AppendKeys(dst, ptr)
	return dst, public(err)
}

func (e *entity) appendItem(ctx context.Context, dst []byte, ptr unsafe.Pointer) (item []byte, keyEnd int, err error) {
	item, keyEnd, err = e.Entity.AppendItem(dst, ptr, e.table.protector(ctx))
	return item, keyEnd, public(err)
}

// now returns the time for what a write generates.
func (e *entity) now(ctx context.Context) time.Time {
	r := replayOf(ctx)
	if r == nil {
		return e.Auto.Now(e.Table.Settings().Gen)
	}
	r.times++
	at, _ := r.find(fmt.Sprint("time ", r.times), func() (any, error) { return e.Auto.Now(e.Table.Settings().Gen), nil })
	return at.(time.Time)
}

// nilInstance returns the error of an operation on a nil pointer.
func (e *entity) nilInstance(op string) error {
	return usagef("%s: %s of a nil *%s", e.Name, op, e.Type)
}

// run calls a hook of v, an instance of the entity, if its type has it.
func (e *entity) run(ctx context.Context, h *hook, v any) error {
	if !e.hooks.has(h) {
		return nil
	}
	if replayOf(ctx) != nil { // a hook's own writes are no part of it
		ctx = context.WithValue(ctx, replayKey{}, (*replay)(nil))
	}
	if err := h.call(ctx, v); err != nil {
		return &HookError{Entity: e.Name, Hook: h.name, Err: err}
	}
	return nil
}

// encodeError returns what a failed encoding is to the user: an [*EncodeError], or nil for no error.
func (e *entity) encodeError(err error) error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*schema.Fault](err); ok {
		return public(f)
	}
	return &EncodeError{Entity: e.Name, Err: err}
}

// loaded is one item of a response: a value of a registered type, or the error that it gave.
type loaded struct {
	entity *entity
	value  any // *T
	err    error
	// skipped counts the unknown items right before it that a query has passed over.
	skipped int32
	other   bool // it lies at the other place of its entity
}

// load makes what operations see of a decoded item.
func load(d schema.Decoded) loaded {
	l := loaded{entity: ownerOf(d.Entity), value: d.Value, other: d.Other}
	if d.Err != nil {
		l.err = public(d.Err)
	}
	return l
}

// public makes the error that users see of a fault, and leaves other errors as they are.
func public(err error) error {
	f, ok := err.(*schema.Fault)
	if !ok {
		return err
	}
	switch f.Kind {
	case schema.WrongDeclaration:
		return declarationError(f)
	case schema.WrongKey:
		return &KeyError{Entity: f.Entity, Key: f.Where, Err: f.Err}
	case schema.WrongValue:
		return &EncodeError{Entity: f.Entity, Err: f.Err}
	case schema.WrongItem:
		return &DecodeError{Entity: f.Entity, Key: f.Key, Err: public(f.Err)}
	case schema.WrongPlace:
		return &KeyMismatchError{Entity: f.Entity, Key: f.Key, Made: f.Made, Item: f.Item, Err: public(f.Err)}
	case schema.WrongSeal:
		return protectionError(f)
	case schema.UnknownItem:
		return &UnknownEntityError{Table: f.Entity, Type: f.Type, Key: f.Key, Item: f.Item, Own: f.Own}
	}
	return usageError(f.Reason)
}

// asSent returns what a write was made for: now, or, in a transaction that is called again with its token, what it was when that was sent.
func (e *entity) asSent(ctx context.Context, what string, ptr unsafe.Pointer, now map[string]types.AttributeValue) (map[string]types.AttributeValue, error) {
	r := replayOf(ctx)
	if r == nil {
		return now, nil
	}
	key, err := e.keyOf(ptr)
	if err != nil {
		return nil, err
	}
	found, err := r.find(what+e.Name+key.Text(), func() (any, error) { return now, nil })
	was, _ := found.(map[string]types.AttributeValue)
	return was, err
}
