package entable

import (
	"context"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/wire"
)

// maxItemSize is the service's limit for one item, names included.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxItemSize = 400 * 1024

const (
	opPut    = "Put"
	opCreate = "Create"
)

// PutOp is a Put or Create as a [Write], see [Entity.PutOp] and [Entity.CreateOp].
type PutOp struct {
	e    *entity
	op   string
	ptr  unsafe.Pointer // the caller's struct
	opts []WriteOption
}

// PutOp is [Entity.Put] as a [Write] for batches and transactions. v is read when the write is sent,
// and gets its values when it has succeeded.
func (e *Entity[T]) PutOp(v *T, opts ...WriteOption) *PutOp {
	return &PutOp{e.e, opPut, unsafe.Pointer(v), opts}
}

// CreateOp is [Entity.Create] as a [Write] for transactions and batches.
func (e *Entity[T]) CreateOp(v *T, opts ...WriteOption) *PutOp {
	return &PutOp{e.e, opCreate, unsafe.Pointer(v), opts}
}

// Input returns the request that the write would send, without a client and without sending it. The
// hooks run on a copy; the caller's struct is not changed. Generated ids are made anew when the write
// is sent.
func (o *PutOp) Input(ctx context.Context) (*dynamodb.PutItemInput, error) {
	if o.ptr == nil {
		return nil, o.e.nilInstance(o.op)
	}
	_, copied := o.e.clone(o.ptr)
	r, err := (&PutOp{o.e, o.op, copied, o.opts}).prepare(ctx, nil, nil)
	if err != nil {
		return nil, err
	}
	return r.putInput(nil)
}

func (o *PutOp) entity() *entity { return o.e }

func (o *PutOp) prepare(ctx context.Context, c *conn, in *room) (*request, error) {
	e := o.e
	if o.ptr == nil {
		return nil, e.nilInstance(o.op)
	}
	r := in.request()
	r.e, r.op, r.verb, r.put, r.work = e, o.op, verbPut, o, o.ptr
	r.configure(e, o.opts)
	if o.op == opCreate {
		r.extra = len(r.conditions) > 0
		r.conditions = append(r.conditions, expression.AttributeNotExists(attr(e.table.pk.name)))
	}
	if err := o.fill(ctx, c, r, in); err != nil {
		r.abandon()
		return nil, err
	}
	return r, nil
}

// settle gives the caller the values that were stored.
func (o *PutOp) settle(ctx context.Context, r *request) error {
	if r.work != o.ptr {
		o.e.assign(o.ptr, r.work)
	}
	if r.skipHooks || !o.e.hooks.afterSave {
		return nil
	}
	return o.e.runAfterSave(ctx, o.e.at(o.ptr))
}

// fill runs the steps before a put, in the order that [Entity.Put] documents, on a copy if there is
// anything that may change it.
func (o *PutOp) fill(ctx context.Context, c *conn, r *request, in *room) error {
	e := o.e
	if e.changing {
		if err := o.change(ctx, c, r); err != nil {
			return err
		}
	}
	var err error
	r.item, err = in.appendItem(int(e.sizeHint.Load()), func(dst []byte) ([]byte, error) {
		dst, err := e.appendKeys(append(dst, '{'), r.work)
		if err != nil {
			return nil, err
		}
		r.keys = len(dst)
		return e.appendBody(dst, r.work)
	})
	if err != nil {
		return err
	}
	if n := int64(len(r.item) + len(r.item)/8); n != e.sizeHint.Load() {
		e.sizeHint.Store(n)
	}
	if err := e.checkSize(r.item, r); err != nil {
		return err
	}
	r.expr, err = e.build(nil, r.conditions)
	return err
}

// change runs the steps that may change the item, on a copy.
func (o *PutOp) change(ctx context.Context, c *conn, r *request) error {
	e := o.e
	var v any
	v, r.work = e.clone(o.ptr)
	if !r.skipHooks {
		if err := e.runBeforeSave(ctx, v); err != nil {
			return err
		}
	}
	if err := e.auto.fill(e.table.gen, r.work); err != nil {
		return &EncodeError{Entity: e.name, Err: err}
	}
	if err := e.validate(ctx, v); err != nil {
		return err
	}
	if e.version != nil {
		r.conditions = append(r.conditions, e.raiseVersion(r.work, o.op == opCreate)...)
	}
	if len(e.unique) == 0 {
		return nil
	}
	var err error
	if r.key, err = e.keyOf(r.work); err != nil {
		return err
	}
	return e.guardPut(ctx, c, r, &r.writeConfig, r.work)
}

// appendKeys appends the members of the item's primary key.
func (e *entity) appendKeys(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	dst, err := e.appendKey(dst, e.pk, ptr)
	if err == nil && e.sk != nil {
		dst, err = e.appendKey(append(dst, ','), e.sk, ptr)
	}
	return dst, err
}

// appendItem appends the item at ptr as DynamoDB JSON: the table's attributes, then the fields.
func (e *entity) appendItem(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	dst, err := e.appendKeys(append(dst, '{'), ptr)
	if err != nil {
		return nil, err
	}
	return e.appendBody(dst, ptr)
}

// appendBody appends the rest of the item behind its primary key.
func (e *entity) appendBody(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	var err error
	if len(e.head) > 0 {
		dst = append(append(dst, ','), e.head...)
	}
	for _, x := range e.indexes {
		if err := x.checkNativeValues(e, ptr); err != nil {
			return nil, err
		}
		if x.absent(ptr) {
			continue
		}
		for _, k := range x.keys() {
			if dst, err = e.appendKey(append(dst, ','), k, ptr); err != nil {
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
	if dst, err = e.appendRest(dst, ptr); err != nil {
		return nil, err
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

// checkInstanceSize is checkSize for the instance of an update, as far as it is one: one that was not
// loaded may lack what its index keys are made of.
func (e *entity) checkInstanceSize(ptr unsafe.Pointer, r *request) error {
	raw, err := e.appendItem(nil, ptr)
	if err != nil {
		return nil //nolint:nilerr // the update does not need it
	}
	return e.checkSize(raw, r)
}

// checkSize refuses an item above the limit. The JSON is never shorter than the size that counts
// (every name has quotes, every value its type and braces), so that most items need no second look.
func (e *entity) checkSize(item []byte, r *request) error {
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
		return &ItemTooLargeError{Entity: e.name, Size: size, Max: limit, Key: r.itemKey().text()}
	}
	return nil
}
