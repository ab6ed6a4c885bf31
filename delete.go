package entable

import (
	"context"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

const (
	opDelete = "Delete"
	opRemove = "Remove"
	opCheck  = "Check"
)

// DeleteOp is a Delete, Remove or condition check as a [Write], see [Entity.DeleteOp],
// [Entity.RemoveOp] and [Entity.CheckOp].
type DeleteOp struct {
	e    *entity
	op   string
	ptr  unsafe.Pointer // the key, or the caller's struct
	opts []WriteOption
}

// DeleteOp is [Entity.Delete] as a [Write] for batches and transactions.
func (e *Entity[T]) DeleteOp(key T, opts ...WriteOption) *DeleteOp {
	return &DeleteOp{e.e, opDelete, unsafe.Pointer(&key), opts}
}

// RemoveOp is [Entity.Remove] as a [Write] for batches and transactions.
func (e *Entity[T]) RemoveOp(v *T, opts ...WriteOption) *DeleteOp {
	return &DeleteOp{e.e, opRemove, unsafe.Pointer(v), opts}
}

// CheckOp is a [Write] that writes nothing: the transaction that it is part of fails when the item with
// the key fields of key does not satisfy the condition.
func (e *Entity[T]) CheckOp(key T, condition expression.ConditionBuilder) *DeleteOp {
	return &DeleteOp{e.e, opCheck, unsafe.Pointer(&key), []WriteOption{If(condition)}}
}

// Remove deletes the item that v is an instance of; the BeforeDelete and AfterDelete hooks run on it. An
// entity with a version field deletes only the version that v holds, and fails with a
// [*ConditionFailedError] otherwise.
func (e *Entity[T]) Remove(ctx context.Context, v *T, opts ...WriteOption) error {
	return do(ctx, e.RemoveOp(v, opts...), opRemove)
}

// Input returns the request that the write would send, without a client and without sending it; hooks
// do not run.
func (o *DeleteOp) Input() (*dynamodb.DeleteItemInput, error) {
	if o.ptr == nil {
		return nil, o.e.nilInstance(o.op)
	}
	r, err := o.plan(newWriteConfig(o.e, o.opts), nil)
	if err != nil {
		return nil, err
	}
	return r.deleteInput(), nil
}

func (o *DeleteOp) entity() *entity { return o.e }

func (o *DeleteOp) prepare(ctx context.Context, c *conn, _ *room) (*request, error) {
	if o.ptr == nil {
		return nil, o.e.nilInstance(o.op)
	}
	w := newWriteConfig(o.e, o.opts)
	hooks := o.op == opRemove && !w.skipHooks
	one := *o
	if hooks { // on a copy: what the hook changes counts when the delete succeeds
		var v any
		v, one.ptr = o.e.clone(o.ptr)
		if err := o.e.runBeforeDelete(ctx, v); err != nil {
			return nil, err
		}
	}
	var r *request
	var err error
	if len(o.e.unique) > 0 && o.op != opCheck {
		r, err = one.guarded(ctx, c, w)
	} else {
		r, err = one.plan(w, nil)
	}
	if err != nil || !hooks {
		return r, err
	}
	r.settled = func(ctx context.Context, _ loaded) error {
		o.e.assign(o.ptr, one.ptr)
		return o.e.runAfterDelete(ctx, o.e.at(o.ptr))
	}
	return r, nil
}

// plan makes the request without hooks; more gives conditions of its own.
func (o *DeleteOp) plan(w writeConfig, more func(*request) []expression.ConditionBuilder) (*request, error) {
	r := &request{e: o.e, op: o.op, verb: verbDelete}
	if o.op == opCheck {
		r.verb = verbCheck
	}
	if o.op == opRemove && o.e.version != nil {
		w.conditions = append(w.conditions, o.e.sameVersion(o.ptr))
	}
	var err error
	if r.key, err = o.e.keyOf(o.ptr); err != nil {
		return nil, err
	}
	if more != nil {
		w.conditions = append(w.conditions, more(r)...)
	}
	r.expr, err = o.e.build(nil, w.conditions)
	return r, err
}
