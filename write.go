package entable

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// Write is one write of one item of any entity, for batches and transactions: the PutOp, CreateOp,
// PatchOp, RemoveOp, DeleteOp and CheckOp of an entity, and its Update builder. It is an interface so
// that writes of different entities fit in one list; only this package implements it.
type Write interface {
	// entity is the entity that is written.
	entity() *entity
	// prepare runs everything that comes before the request: hooks, generated values, validation, keys.
	// It may be run again when another writer came between; c is nil when nothing may be read. The memory
	// of the request is from in, if that is not nil.
	prepare(ctx context.Context, c *conn, in *room) (*request, error)
}

// room is memory for the requests of a batch, allocated at once and used again.
type room struct {
	requests []request
	used     int
	seen     map[itemID]int // the batch's items
	buffer   []byte         // for encoded items
	item     []byte         // empty, with the capacity that is left
}

var rooms = sync.Pool{New: func() any { return &room{seen: map[itemID]int{}} }}

// maxPooledRequests keeps a few huge batches from staying for ever.
const maxPooledRequests = 4 * maxBatchWrite

// newRoom makes room for n requests.
func newRoom(n int) *room {
	m := rooms.Get().(*room)
	m.requests = slices.Grow(m.requests[:0], n)[:n] // zero: release has cleared what was used
	m.item = m.buffer
	return m
}

// release ends the use of the requests and their items.
func (m *room) release() {
	clear(m.requests[:m.used])
	clear(m.seen) // before the items that its keys are parts of are overwritten
	m.item = nil
	if m.used = 0; cap(m.requests) > maxPooledRequests {
		m.requests, m.seen = nil, map[itemID]int{}
	}
	rooms.Put(m)
}

func (m *room) request() *request {
	if m == nil || m.used == len(m.requests) {
		return new(request)
	}
	m.used++
	return &m.requests[m.used-1]
}

// roomItems is for how many items memory is allocated at once.
const roomItems = maxBatchWrite

// maxPooledItems keeps a few huge items from staying for ever.
const maxPooledItems = 64 << 10

// appendItem encodes an item, of about size bytes.
func (m *room) appendItem(size int, encode func(dst []byte) ([]byte, error)) ([]byte, error) {
	if m == nil {
		return encode(make([]byte, 0, size))
	}
	if cap(m.item) < size {
		m.item = make([]byte, 0, min(roomItems, 1+len(m.requests)-m.used)*size)
		if cap(m.buffer) < cap(m.item) && cap(m.item) <= maxPooledItems {
			m.buffer = m.item
		}
	}
	item, err := encode(m.item)
	if err != nil {
		return nil, err
	}
	m.item = item[len(item):]
	return item[:len(item):len(item)], nil
}

// verb is what a request does to its item.
type verb uint8

const (
	verbPut verb = iota
	verbUpdate
	verbDelete
	verbCheck
)

// request is a prepared write. It is sent alone, in a batch or in a transaction, and then settled or
// abandoned exactly once.
type request struct {
	e    *entity
	op   string
	verb verb
	key  itemKey
	put  *PutOp         // what a put was made of
	work unsafe.Pointer // the item of a put
	item []byte         // the same, encoded
	keys int            // where the key ends in it
	expr *expression.Expression
	// guards are the sentinel items of unique fields, written in one transaction with the item.
	guards []guard
	// returns is what an update gives back.
	returns types.ReturnValue
	// mustExist: a failed condition on an absent item means that it was not found.
	mustExist bool
	// extra: a Create has conditions of the caller's besides its own.
	extra bool
	// assumed are the stored values that prepare has read and made conditions.
	assumed []assumption
	// settled, if set, hands the values to the caller after a success; stored is what an update gave back.
	settled func(ctx context.Context, stored loaded) error
	writeConfig
}

// settle hands the values to the caller after a success; stored is what an update gave back.
func (r *request) settle(ctx context.Context, stored loaded) error {
	switch {
	case r.put != nil:
		return r.put.settle(ctx, r)
	case r.settled != nil:
		return r.settled(ctx, stored)
	}
	return nil
}

// abandon undoes what prepare left in the caller's struct, after a failure.
func (r *request) abandon() {
	if r.put != nil {
		r.e.auto.keepIDs(r.work, r.put.ptr)
	}
}

// assumption is an attribute's value as it was read before a write; nil: absent.
type assumption struct {
	name string
	was  types.AttributeValue
}

// again reports whether a write that failed with err did so only because another writer came between,
// after its reading or with a transaction of its own, so that it should be prepared and sent again.
func (r *request) again(err error) bool {
	failed, ok := conditionFailed(err)
	if !ok {
		return len(r.guards) > 0 && errors.Is(err, ErrConflict)
	}
	return slices.ContainsFunc(r.assumed, func(a assumption) bool {
		return !reflect.DeepEqual(failed.Item[a.name], a.was)
	})
}

// maxConflicts bounds how often a read-modify-write is repeated when another writer comes between.
const maxConflicts = 10

// do sends one write by itself.
func do(ctx context.Context, w Write, op string) error {
	e := w.entity()
	if err := ctx.Err(); err != nil {
		return &OpError{Op: op, Entity: e.name, Err: err}
	}
	c, err := e.table.connFor(ctx, e)
	if err != nil {
		return err
	}
	r, err := w.prepare(ctx, c, nil)
	if err != nil || r == nil {
		return err
	}
	return carry(ctx, c, w, r)
}

// itemKey is the primary key of the request's item. That of a put is made when it is asked for: the
// request itself has it in the item.
func (r *request) itemKey() itemKey {
	if r.key.attrs == nil {
		r.key, _ = r.e.keyOf(r.work) // the item has been encoded with it
	}
	return r.key
}

// carry sends the prepared request of a write, and prepares and sends it again when another writer came
// between its reading and its writing.
func carry(ctx context.Context, c *conn, w Write, r *request) error {
	for attempt := 1; ; attempt++ {
		stored, err := r.send(ctx, c)
		if err == nil {
			return r.settle(ctx, stored)
		}
		r.abandon()
		if !r.again(err) || attempt == maxConflicts {
			return r.error(err)
		}
		if pause(ctx, attempt) != nil {
			return r.error(err)
		}
		if r, err = w.prepare(ctx, c, nil); err != nil || r == nil {
			return err
		}
	}
}

// send makes the request. The result is what an update gave back.
func (r *request) send(ctx context.Context, c *conn) (loaded, error) {
	if len(r.guards) > 0 {
		return r.sendGuarded(ctx, c)
	}
	t := r.e.table
	switch r.verb {
	case verbPut:
		call := t.call(c, nil)
		in, err := r.putInput(call)
		if err != nil {
			return loaded{}, err
		}
		if call != nil {
			_, err = c.PutItem(ctx, in, call.Option)
		} else {
			_, err = c.PutItem(ctx, in)
		}
		return loaded{}, err
	case verbUpdate:
		return r.sendUpdate(ctx, c)
	case verbDelete:
		_, err := c.DeleteItem(ctx, r.deleteInput())
		return loaded{}, err
	}
	return loaded{}, usagef("%s: a condition check goes into a transaction", r.e.name)
}

func (r *request) sendUpdate(ctx context.Context, c *conn) (loaded, error) {
	in, sink := r.updateInput(), &oneItem{table: r.e.table, want: r.e}
	if r.e.table.hooked(c) {
		_, err := c.UpdateItem(ctx, in, c.wire.NewCall(sink).Option)
		return sink.loaded, err
	}
	out, err := c.UpdateItem(ctx, in)
	if err != nil || out == nil || len(out.Attributes) == 0 {
		return loaded{}, err
	}
	return sink.loaded, replay(sink, []map[string]types.AttributeValue{out.Attributes})
}

func (r *request) putInput(call *wire.Call) (*dynamodb.PutItemInput, error) {
	in := &dynamodb.PutItemInput{TableName: &r.e.table.name}
	if x := r.expr; x != nil {
		in.ConditionExpression = x.Condition()
		in.ExpressionAttributeNames, in.ExpressionAttributeValues = x.Names(), x.Values()
		in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	var err error
	in.Item, err = r.itemAttrs(call)
	return in, err
}

// itemAttrs is the item of a put, as the call's carrier or, without one, in the SDK's own form.
func (r *request) itemAttrs(call *wire.Call) (map[string]types.AttributeValue, error) {
	if call != nil {
		return call.Raw(r.item), nil
	}
	return wire.ReadItem(r.item)
}

func (r *request) updateInput() *dynamodb.UpdateItemInput {
	in := &dynamodb.UpdateItemInput{TableName: &r.e.table.name, Key: r.itemKey().attrs, ReturnValues: r.returns}
	in.UpdateExpression = r.expr.Update()
	in.ConditionExpression = r.expr.Condition()
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = r.expr.Names(), r.expr.Values()
	if in.ConditionExpression != nil {
		in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	return in
}

func (r *request) deleteInput() *dynamodb.DeleteItemInput {
	in := &dynamodb.DeleteItemInput{TableName: &r.e.table.name, Key: r.itemKey().attrs}
	if x := r.expr; x != nil {
		in.ConditionExpression = x.Condition()
		in.ExpressionAttributeNames, in.ExpressionAttributeValues = x.Names(), x.Values()
		in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	return in
}

// error makes the error of the failed request.
func (r *request) error(err error) error {
	if failed, ok := conditionFailed(err); ok {
		err = r.conditionError(failed.Item, err)
	}
	return &OpError{Op: r.op, Entity: r.e.name, Key: r.itemKey().text(), Err: err}
}

func (r *request) conditionError(item map[string]types.AttributeValue, err error) *ConditionFailedError {
	c := &ConditionFailedError{Entity: r.e.name, Err: err}
	switch {
	case r.op == opCreate && (len(item) > 0 || !r.extra):
		c.is = ErrExists
	case r.mustExist && len(item) == 0:
		c.is = ErrNotFound
	}
	if len(item) > 0 {
		c.Stored = r.e.stored(item)
	}
	return c
}

// stored decodes the item that made a condition fail; what cannot be decoded is given raw.
func (e *entity) stored(item map[string]types.AttributeValue) any {
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return RawItem(item)
	}
	l := e.table.decode(wire.NewReader(raw), nil, nil)
	if l.err != nil {
		return RawItem(item)
	}
	return l.value
}

// build makes the expression of a request from its parts; nil when there are none.
func (e *entity) build(update *expression.UpdateBuilder, conditions []expression.ConditionBuilder) (*expression.Expression, error) {
	if update == nil && len(conditions) == 0 {
		return nil, nil
	}
	b := expression.NewBuilder()
	if update != nil {
		b = b.WithUpdate(*update)
	}
	if len(conditions) > 0 {
		b = b.WithCondition(allOf(conditions))
	}
	x, err := b.Build()
	if err != nil {
		return nil, &EncodeError{Entity: e.name, Err: err}
	}
	return &x, nil
}

func allOf(conditions []expression.ConditionBuilder) expression.ConditionBuilder {
	all := conditions[0]
	for _, c := range conditions[1:] {
		all = all.And(c)
	}
	return all
}

// attr names a top-level attribute in an expression, whatever characters it has.
func attr(name string) expression.NameBuilder { return expression.NameNoDotSplit(name) }

// clone copies the item at ptr, with the structs that it embeds by pointer, as a value and its address.
func (e *entity) clone(ptr unsafe.Pointer) (any, unsafe.Pointer) {
	v := reflect.New(e.typ)
	v.Elem().Set(reflect.NewAt(e.typ, ptr).Elem())
	for _, index := range e.embedded {
		p, err := v.Elem().FieldByIndexErr(index)
		if err != nil || p.IsNil() {
			continue
		}
		p = reflect.NewAt(p.Type(), p.Addr().UnsafePointer()).Elem() // the embedded type may be unexported
		own := reflect.New(p.Type().Elem())
		own.Elem().Set(p.Elem())
		p.Set(own)
	}
	return v.Interface(), v.UnsafePointer()
}

// embeddedPointers lists the structs that a type embeds by pointer and whose fields are stored, outer
// ones first.
func embeddedPointers(p *codec.Plan) (list [][]int) {
	for _, f := range p.Fields() {
		for n := 1; n < len(f.Index); n++ {
			index := f.Index[:n:n]
			known := slices.ContainsFunc(list, func(have []int) bool { return slices.Equal(have, index) })
			if !known && p.Type().FieldByIndex(index).Type.Kind() == reflect.Pointer {
				list = append(list, index)
			}
		}
	}
	return list
}

// keyOnly makes an item with the key fields of the one at ptr.
func (e *entity) keyOnly(ptr unsafe.Pointer) (unsafe.Pointer, error) {
	out := e.newItem()
	for _, name := range e.keyAttrs {
		f := e.plan.Field(name)
		v, ok := f.Value(ptr)
		if !ok {
			return nil, &KeyError{Entity: e.name, Key: name, Err: errZero(f)}
		}
		f.Reach(out).Set(v)
	}
	return out, nil
}

// keepUnstored copies the fields that are not stored from one item to another.
func (e *entity) keepUnstored(to, from unsafe.Pointer) {
	for _, f := range e.unstored {
		reflect.NewAt(f.Type, unsafe.Add(to, f.Offset)).Elem().Set(reflect.NewAt(f.Type, unsafe.Add(from, f.Offset)).Elem())
	}
}

// assign sets the item at to to that at from.
func (e *entity) assign(to, from unsafe.Pointer) {
	reflect.NewAt(e.typ, to).Elem().Set(reflect.NewAt(e.typ, from).Elem())
}

// pause waits before another attempt: full jitter over an exponentially growing time.
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
func pause(ctx context.Context, attempt int) error {
	const base, most = 20 * time.Millisecond, 5 * time.Second
	timer := time.NewTimer(rand.N(min(base<<min(attempt, 10), most)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// nilInstance is the error of an operation on a nil pointer.
func (e *entity) nilInstance(op string) error {
	return usagef("%s: %s of a nil *%s", e.name, op, e.typ)
}

// unstoredFields lists the struct's own fields that are no attributes.
func (e *entity) unstoredFields() (list []reflect.StructField) {
	stored := map[int]bool{}
	for _, f := range e.plan.Fields() {
		stored[f.Index[0]] = true
	}
	for _, i := range e.rest {
		stored[i] = true
	}
	for i := range e.typ.NumField() {
		if f := e.typ.Field(i); !stored[i] {
			list = append(list, f)
		}
	}
	return list
}
