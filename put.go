package entable

import (
	"context"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/wire"
)

// PutOp is a Put or Create as a [Write], see [Entity.PutOp] and [Entity.CreateOp].
type PutOp struct {
	e    *entity
	op   string
	ptr  unsafe.Pointer // the caller's struct
	opts []WriteOption
}

// PutOp returns [Entity.Put] as a [Write] for batches and transactions. v is read when the write is sent,
// and gets its values when it has succeeded.
func (e *Entity[T]) PutOp(v *T, opts ...WriteOption) *PutOp {
	return &PutOp{e.registered(), opPut, unsafe.Pointer(v), opts}
}

// CreateOp returns [Entity.Create] as a [Write] for transactions and batches.
func (e *Entity[T]) CreateOp(v *T, opts ...WriteOption) *PutOp {
	return &PutOp{e.registered(), opCreate, unsafe.Pointer(v), opts}
}

// Input returns the request that the write would send, without a client and without sending it. The
// hooks run on a copy; the caller's struct is not changed. Generated ids are made anew when the write
// is sent.
func (o *PutOp) Input(ctx context.Context) (*dynamodb.PutItemInput, error) {
	switch {
	case o.e == nil:
		return nil, errUnregistered
	case o.ptr == nil:
		return nil, o.e.nilInstance(o.op)
	}
	_, copied := o.e.Clone(o.ptr)
	r, err := (&PutOp{o.e, o.op, copied, o.opts}).prepare(ctx, nil, nil)
	if err != nil {
		return nil, err
	}
	in := r.putInput()
	in.Item, err = wire.ReadItem(r.item)
	return in, err
}

func (o *PutOp) entity() *entity { return o.e }

func (o *PutOp) prepare(ctx context.Context, c *route.Conn, in *room) (*request, error) {
	e := o.e
	if o.ptr == nil {
		return nil, e.nilInstance(o.op)
	}
	r := in.request()
	r.e, r.op, r.verb, r.by, r.work = e, o.op, verbPut, o, o.ptr
	if err := r.configure(e.skipHooks, o.opts); err != nil {
		return nil, err
	}
	if o.op == opCreate {
		r.conditions = append(r.conditions, e.vacant())
	}
	if err := o.fill(ctx, c, r, in); err != nil {
		r.abandon()
		return nil, err
	}
	return r, nil
}

// settle gives the caller the values that were stored.
func (o *PutOp) settle(ctx context.Context, r *request, _ loaded) error {
	if r.work != o.ptr {
		o.e.Assign(o.ptr, r.work)
	}
	if r.skipHooks || !o.e.hooks.has(afterSave) {
		return nil
	}
	return o.e.run(ctx, afterSave, o.e.At(o.ptr))
}

// abandon keeps generated ids in the caller's struct, so that the same item is written when it is put again.
func (o *PutOp) abandon(r *request) { o.e.Auto.KeepIDs(r.work, o.ptr) }

// fill runs the steps before a put, in the order that [Entity.Put] documents, on a copy if there is
// anything that may change it.
func (o *PutOp) fill(ctx context.Context, c *route.Conn, r *request, in *room) error {
	e := o.e
	if e.changing {
		if err := o.change(ctx, c, r); err != nil {
			return err
		}
	}
	var err error
	r.item, err = in.appendItem(int(e.sizeHint.Load()), func(dst []byte) (item []byte, err error) {
		item, r.keys, err = e.appendItem(ctx, dst, r.work)
		return item, err
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
	return r.express(ctx, c, r.work)
}

// change runs the steps that may change the item, on a copy.
func (o *PutOp) change(ctx context.Context, c *route.Conn, r *request) error {
	e := o.e
	var v any
	v, r.work = e.Clone(o.ptr)
	if !r.skipHooks {
		if err := e.run(ctx, beforeSave, v); err != nil {
			return err
		}
	}
	if len(e.Auto.Fields) > 0 {
		if err := e.Auto.Fill(e.Table.Settings().Gen, e.now(ctx), r.work); err != nil {
			return &EncodeError{Entity: e.Name, Err: err}
		}
	}
	if !r.unchecked {
		if err := e.validate(ctx, v); err != nil {
			return err
		}
	}
	if e.Version != nil {
		r.conditions = append(r.conditions, e.raiseVersion(r.work, o.op == opCreate)...)
		r.next = e.VersionOf(r.work)
	}
	if len(e.Unique) == 0 {
		return nil
	}
	var err error
	if r.key, err = e.keyOf(r.work); err != nil {
		return err
	}
	return e.guardPut(ctx, c, r, &r.writeConfig, r.work)
}

// checkInstanceSize does what checkSize does for the instance of an update, as far as it is one: one that was not
// loaded may lack what its index keys are made of.
func (e *entity) checkInstanceSize(ctx context.Context, ptr unsafe.Pointer, r *request) error {
	raw, _, err := e.appendItem(ctx, nil, ptr)
	if err != nil {
		return nil //nolint:nilerr // the update does not need it
	}
	return e.checkSize(raw, r)
}

// checkSize refuses an item above the limit. The JSON is never shorter than the size that counts
// (every name has quotes, every value its type and braces), so that most items need no second look.
func (e *entity) checkSize(item []byte, r *request) error {
	limit := e.limit()
	if len(item) <= limit {
		return nil
	}
	size, err := wire.ItemSize(item)
	if err != nil {
		return &EncodeError{Entity: e.Name, Err: err}
	}
	if size > limit {
		return &ItemTooLargeError{Entity: e.Name, Size: size, Max: limit, Key: r.itemKey().Text()}
	}
	return nil
}

// limit returns the largest size that an item may have.
func (e *entity) limit() int {
	limit := maxItemSize
	for _, set := range [...]int{e.Table.MaxSize, e.MaxSize} {
		if set > 0 {
			limit = min(set, maxItemSize)
		}
	}
	return limit
}

// guardPut adds the sentinels of a put of the item at work.
func (e *entity) guardPut(ctx context.Context, c *route.Conn, r *request, w *writeConfig, work unsafe.Pointer) error {
	if c == nil { // only the request's form is asked for
		return nil
	}
	var old *storedItem
	var err error
	if r.op != opCreate || e.HideExpired && e.TTL != nil {
		if old, err = r.find(ctx, c, work); err != nil {
			return err
		}
		w.conditions = append(w.conditions, r.unchanged(old)...)
	}
	r.guards, err = e.guards(r.key, old, work)
	return err
}

// Put writes v, in place of a stored item with the same key. In this order: the BeforeSave hook,
// generated values and defaults, validation, keys, the size check, the request, the AfterSave hook.
//
// v gets the generated values only when the write succeeds; after an error it is as it was, except
// for generated ids and times in the key, which stay so that a retry writes the same item.
//
// Options: [If], [SkipHooks], [SkipValidation].
//
// Errors: [*HookError], [*ValidationError], [*KeyError], [*EncodeError] and [*ItemTooLargeError] before
// the request; [*ConditionFailedError] with [If]; else an [*OpError].
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
func (e *Entity[T]) Put(ctx context.Context, v *T, opts ...WriteOption) error {
	return do(ctx, e.PutOp(v, opts...), opPut)
}

// Create does what [Entity.Put] does for an item that must not exist: when the key is taken, nothing is written
// and the error matches [ErrExists], and is a [*ConditionFailedError] with the stored item. An expired item that
// [HideExpired] hides is none: the new one takes its place and its unique values, with version 1, under the condition that
// it has not been extended meanwhile.
func (e *Entity[T]) Create(ctx context.Context, v *T, opts ...WriteOption) error {
	return do(ctx, e.CreateOp(v, opts...), opCreate)
}
