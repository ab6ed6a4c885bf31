package entable

import (
	"context"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/route"
)

// DeleteOp is a Delete or Remove as a [Write], see [Entity.DeleteOp] and [Entity.RemoveOp].
type DeleteOp struct {
	e    *entity
	op   string
	ptr  unsafe.Pointer // the key, or the caller's struct
	opts []WriteOption
}

// DeleteOp returns [Entity.Delete] as a [Write] for batches and transactions.
func (e *Entity[T]) DeleteOp(key T, opts ...WriteOption) *DeleteOp {
	return &DeleteOp{e.registered(), opDelete, unsafe.Pointer(&key), opts}
}

// RemoveOp returns [Entity.Remove] as a [Write] for batches and transactions.
func (e *Entity[T]) RemoveOp(v *T, opts ...WriteOption) *DeleteOp {
	return &DeleteOp{e.registered(), opRemove, unsafe.Pointer(v), opts}
}

// Remove deletes the item that v is an instance of; the BeforeDelete and AfterDelete hooks run on it. An
// entity with a version field deletes only the version that v holds, and fails with a
// [*ConditionFailedError] otherwise. Options: [If], [SkipHooks].
func (e *Entity[T]) Remove(ctx context.Context, v *T, opts ...WriteOption) error {
	return do(ctx, e.RemoveOp(v, opts...), opRemove)
}

// Input returns the request that the write would send, without a client and without sending it; hooks
// do not run.
func (o *DeleteOp) Input(ctx context.Context) (*dynamodb.DeleteItemInput, error) {
	switch {
	case o.e == nil:
		return nil, errUnregistered
	case o.ptr == nil:
		return nil, o.e.nilInstance(o.op)
	}
	var w writeConfig
	if err := w.configure(o.e.skipHooks, o.opts); err != nil {
		return nil, err
	}
	r, err := o.plan(ctx, nil, w)
	if err != nil {
		return nil, err
	}
	return r.deleteInput(), nil
}

func (o *DeleteOp) entity() *entity { return o.e }

func (o *DeleteOp) prepare(ctx context.Context, c *route.Conn, _ *room) (*request, error) {
	if o.ptr == nil {
		return nil, o.e.nilInstance(o.op)
	}
	var w writeConfig
	if err := w.configure(o.e.skipHooks, o.opts); err != nil {
		return nil, err
	}
	hooks := o.op == opRemove && !w.skipHooks
	one := *o
	if hooks { // on a copy: what the hook changes counts when the delete succeeds
		var v any
		v, one.ptr = o.e.Clone(o.ptr)
		if err := o.e.run(ctx, beforeDelete, v); err != nil {
			return nil, err
		}
	}
	r, err := one.plan(ctx, c, w)
	if err != nil || !hooks {
		return r, err
	}
	r.by, r.work = o, one.ptr
	return r, nil
}

// settle gives the caller what the hook before the delete has changed.
func (o *DeleteOp) settle(ctx context.Context, r *request, _ loaded) error {
	o.e.Assign(o.ptr, r.work)
	return o.e.run(ctx, afterDelete, o.e.At(o.ptr))
}

func (o *DeleteOp) abandon(*request) {}

// plan makes the request without hooks; c is nil when only its form is asked for.
func (o *DeleteOp) plan(ctx context.Context, c *route.Conn, w writeConfig) (*request, error) {
	r := &request{e: o.e, op: o.op, verb: verbDelete, writeConfig: w}
	if o.op == opRemove && o.e.Version != nil {
		if err := o.e.CheckVersion(o.ptr); err != nil {
			return nil, public(err)
		}
		r.conditions = append(r.conditions, o.e.sameVersion(o.ptr))
		r.next = o.e.VersionOf(o.ptr) + 1
	}
	var err error
	if r.key, err = o.e.keyOf(o.ptr); err != nil {
		return nil, err
	}
	if len(o.e.Unique) > 0 && c != nil {
		old, err := r.find(ctx, c, o.ptr)
		if err != nil {
			return nil, err
		}
		r.conditions = append(r.conditions, r.unchanged(old)...)
		if r.guards, err = o.e.guards(r.key, old, nil); err != nil {
			return nil, err
		}
	}
	still, err := w.held.Whole()
	if err != nil {
		return nil, public(err)
	}
	r.conditions = append(r.conditions, still...)
	return r, r.express(ctx, c, o.ptr)
}

// Delete deletes the item with the key fields of key, without hooks and in one request (an entity with
// unique fields takes a read and a transaction). It succeeds when there is no such item, unless [If]
// says otherwise. Options: [If].
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html
func (e *Entity[T]) Delete(ctx context.Context, key T, opts ...WriteOption) error {
	return do(ctx, e.DeleteOp(key, opts...), opDelete)
}
