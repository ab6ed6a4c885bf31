package entable

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
	"github.com/entable/entable/internal/work"
)

// maxConflicts bounds how often a read-modify-write is repeated when another writer comes between.
const maxConflicts = 10

// The operations that write, by the names of their methods.
const (
	opPut         = "Put"
	opCreate      = "Create"
	opUpdate      = "Update"
	opPatch       = "Patch"
	opSaveChanges = "SaveChanges"
	opDelete      = "Delete"
	opRemove      = "Remove"
	opCheck       = "Check"
	opCopy        = "Copy"
)

// Write is one write of one item of any entity, for batches and transactions: [PutOp], [DeleteOp], [SaveOp],
// [CheckOp] and the [Update] builder, which entities make. It is an interface so that writes of different
// entities fit in one list; only this package implements it.
type Write interface {
	// entity is the entity that is written.
	entity() *entity
	// prepare runs everything that comes before the request: hooks, generated values, validation, keys.
	// It may be run again when another writer came between; c is nil when nothing may be read. The memory
	// of the request is from in, if that is not nil.
	prepare(ctx context.Context, c *route.Conn, in *room) (*request, error)
}

// maxBatchWrite is the service's limit of items in one BatchWriteItem.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
const maxBatchWrite = 25

// room is memory for the requests of a batch, allocated at once and used again.
type room struct {
	requests []request
	used     int
	seen     map[schema.ItemID]int // the batch's items
	buffer   []byte                // for encoded items
	item     []byte                // empty, with the capacity that is left
}

var rooms = sync.Pool{New: func() any { return &room{seen: map[schema.ItemID]int{}} }}

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
		m.requests, m.seen = nil, map[schema.ItemID]int{}
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
	key  schema.ItemKey
	by   settler        // the write that it was made of, if that has something to settle
	work unsafe.Pointer // the item of a put, or the instance of a delete
	item []byte         // the same, encoded
	keys int            // where the key ends in it
	expr *change.Expression
	// guards are the sentinel items of unique fields, written in one transaction with the item. One that must be certain is
	// sent so without them.
	guards  []schema.Guard
	certain bool
	// half is what the same transaction does at the other place where the item may be, or nil. looked says that the stored item was
	// looked for, and old is what was found; gives is what an update gives back that was made from it.
	half   *request
	looked bool
	old    *storedItem
	gives  *loaded
	// returns is what an update gives back.
	returns types.ReturnValue
	// mustExist: the update is of an item that is there; one that is not found is not looked for again.
	mustExist bool
	// changes are those of an update, and next is the version that a write makes, 0 for any.
	changes *change.List
	next    int64
	// assumed are the conditions that prepare has set by itself.
	assumed []change.Guard
	writeConfig
}

// settler is a write that hears what became of its request.
type settler interface {
	settle(ctx context.Context, r *request, stored loaded) error
	abandon(r *request)
}

// carriedOut returns the error of a request that has succeeded, and whose item cannot be read.
func (r *request) carriedOut(err error) error {
	if _, said := errors.AsType[doneError](err); said {
		return err
	}
	return &OpError{Op: r.op, Entity: r.e.Name, Key: r.key.Text(), Err: doneError{err}}
}

// settle hands the values to the caller after a success; stored is what an update gave back.
func (r *request) settle(ctx context.Context, stored loaded) error {
	if r.by == nil {
		return nil
	}
	return r.by.settle(ctx, r, stored)
}

// abandon undoes what prepare left in the caller's struct, after a failure.
func (r *request) abandon() {
	if r.by != nil {
		r.by.abandon(r)
	}
}

// again reports whether a write that failed with err did so only because the stored item is not what it was taken for, or
// because of a transaction of another writer, so that it should be prepared and sent again. An update then knows the item.
func (r *request) again(err error) bool {
	failed, ok := conditionFailed(err)
	switch {
	case !ok:
		return r.exact() && errors.Is(err, ErrConflict)
	case r.mustExist && len(failed.Item) == 0 || change.Hold(r.assumed, failed.Item):
		return false
	}
	if u, ok := r.by.(*update); ok {
		switch u.origin.seen = failed.Item; {
		case u.spread:
			u.origin.elsewhere, u.origin.seen = true, nil
		case failed.Item == nil:
			u.origin.seen = map[string]types.AttributeValue{}
		}
	}
	return true
}

// do sends one write by itself.
func do(ctx context.Context, w Write, op string) error {
	e := w.entity()
	if e == nil {
		return errUnregistered
	}
	if err := ctx.Err(); err != nil {
		return &OpError{Op: op, Entity: e.Name, Err: err}
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

// itemKey returns the primary key of the request's item. That of a put is made when it is asked for: the
// request itself has it in the item.
func (r *request) itemKey() schema.ItemKey {
	if r.key.Attrs == nil {
		r.key, _ = r.e.keyOf(r.work) // the item has been encoded with it
	}
	return r.key
}

// carry sends the prepared request of a write, and prepares and sends it again when another writer came
// between its reading and its writing.
//
// The SDK repeats a request whose answer was lost. Then the condition meets what the first attempt has made: such a write
// has succeeded.
func carry(ctx context.Context, c *route.Conn, w Write, r *request) error {
	tries := work.Tries{Most: maxConflicts, Eager: true} // the failure has brought what to send, as a rule
	var d route.Doubt
	c = d.Watch(c)
	for {
		stored, err := r.send(ctx, c)
		if err == nil && d.Lost() && r.repeats() {
			err = errRepeated
		}
		unknown := err != nil && r.unknown(&d, err)
		if failed, ok := conditionFailed(err); ok && (unknown || r.op == opCopy) && r.made(failed.Item) {
			stored, err = r.madeItem(ctx, failed.Item), nil
		}
		if err == nil {
			return r.settle(ctx, stored)
		}
		r.abandon()
		if unknown && (r.exact() || r.repeats()) || !r.again(err) || !tries.More(ctx) { // the next one would have another token, or do it twice
			return r.error(ctx, err, unknown)
		}
		next, err := w.prepare(ctx, c, nil)
		switch {
		case err != nil && unknown:
			return r.error(ctx, err, true)
		case err != nil || next == nil:
			return err
		}
		r = next
	}
}

// send makes the request. The result is what an update gave back.
func (r *request) send(ctx context.Context, c *route.Conn) (loaded, error) {
	if r.exact() {
		return r.sendGuarded(ctx, c)
	}
	switch r.verb {
	case verbPut:
		return loaded{}, c.Put(ctx, r.putInput(), r.item)
	case verbUpdate:
		sink := &oneItem{table: r.e.table, want: r.e, by: r.e.table.protector(ctx)}
		err := c.Update(ctx, r.updateInput(), sink)
		return sink.loaded, err
	case verbDelete:
		return loaded{}, c.Delete(ctx, r.deleteInput())
	}
	return loaded{}, usagef("%s: a condition check goes into a transaction", r.e.Name)
}

// putInput returns the input of a put, without the item.
func (r *request) putInput() *dynamodb.PutItemInput {
	return &dynamodb.PutItemInput{TableName: &r.e.Table.Name, ConditionExpression: r.expr.Condition(), ReturnValuesOnConditionCheckFailure: r.onRefusal(),
		ExpressionAttributeNames: r.expr.Names(), ExpressionAttributeValues: r.expr.Values()}
}

func (r *request) updateInput() *dynamodb.UpdateItemInput {
	return &dynamodb.UpdateItemInput{TableName: &r.e.Table.Name, Key: r.itemKey().Attrs, ReturnValues: r.returns, UpdateExpression: r.expr.Update(),
		ConditionExpression: r.expr.Condition(), ReturnValuesOnConditionCheckFailure: r.onRefusal(),
		ExpressionAttributeNames: r.expr.Names(), ExpressionAttributeValues: r.expr.Values()}
}

func (r *request) deleteInput() *dynamodb.DeleteItemInput {
	return &dynamodb.DeleteItemInput{TableName: &r.e.Table.Name, Key: r.itemKey().Attrs,
		ConditionExpression: r.expr.Condition(), ReturnValuesOnConditionCheckFailure: r.onRefusal(),
		ExpressionAttributeNames: r.expr.Names(), ExpressionAttributeValues: r.expr.Values()}
}

// onRefusal asks for the item that makes the condition of the request fail, if it has one.
func (r *request) onRefusal() types.ReturnValuesOnConditionCheckFailure {
	if r.expr.Condition() == nil {
		return ""
	}
	return types.ReturnValuesOnConditionCheckFailureAllOld
}

func (r *request) checkInput() *types.ConditionCheck {
	return &types.ConditionCheck{TableName: &r.e.Table.Name, Key: r.itemKey().Attrs, ConditionExpression: r.expr.Condition(),
		ExpressionAttributeNames: r.expr.Names(), ExpressionAttributeValues: r.expr.Values(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}
}

// exact reports whether the request is sent in a transaction, which has a token by which the service knows it again.
func (r *request) exact() bool { return len(r.guards) > 0 || r.certain || r.half != nil }

// unknown reports whether the request that failed may have been carried out.
func (r *request) unknown(d *route.Doubt, err error) bool {
	if r.exact() {
		return unknownTransaction(d, err)
	}
	return errors.Is(err, errRepeated) || d.Of(err, lostAnswer)
}

// unknownTransaction reports whether a transaction that failed may have been carried out: one that is repeated has a token, so
// that its refusals for what is stored hold.
func unknownTransaction(d *route.Doubt, err error) bool { return d.Of(err, lostAnswer) && early(err) }

// early reports whether a transaction may have failed before the service has looked at its token, which says nothing of what was sent
// before.
func early(err error) bool {
	_, failed := conditionFailed(err)
	_, taken := errors.AsType[*UniqueError](err)
	return !failed && !taken && (lostAnswer(err) || IsRetryable(err))
}

// conditionFailed gives the SDK's error of a failed condition, if err is one.
func conditionFailed(err error) (*types.ConditionalCheckFailedException, bool) {
	return errors.AsType[*types.ConditionalCheckFailedException](err)
}

// errRepeated is the error of an update whose first answer was lost, and which was carried out when the SDK sent it again.
const errRepeated = sentinel("it was sent again, and may be carried out twice, or what it gives back be its own result: Once makes an update exact")

// repeats reports whether the request, carried out a second time, may do something else than the first time. Its own version or
// conditions may prevent that: then it would have failed.
func (r *request) repeats() bool {
	return r.verb == verbUpdate && !r.exact() && r.next == 0 && (r.returns == types.ReturnValueAllOld || !r.changes.Repeats())
}

// made reports whether the stored item, nil for none, is what this request makes of it. An update is known by the version
// that it makes, of one that was read, and by what it sets; one that counts or appends is not, as another writer's would look the same. A
// delete leaves nothing that could show whose it was; where the caller has read the version, and asks for nothing else, it has what it is for.
func (r *request) made(item map[string]types.AttributeValue) bool {
	switch r.verb {
	case verbPut:
		sent, err := wire.ReadItem(r.item)
		if o, ok := r.by.(interface {
			same(sent, item map[string]types.AttributeValue) bool
		}); ok && err == nil && len(item) > 0 {
			return o.same(sent, item)
		}
		return err == nil && change.SameItem(sent, item)
	case verbDelete:
		return len(item) == 0 && r.next > 1 && r.given == 0
	case verbUpdate:
		return r.next > 1 && r.returns != types.ReturnValueAllOld && change.Same(r.e.versionIn(item), number(r.next)) && r.changes.Settled(item)
	}
	return false
}

// madeItem returns what the lost answer to the request gave back.
func (r *request) madeItem(ctx context.Context, item map[string]types.AttributeValue) loaded {
	if r.returns != types.ReturnValueAllNew {
		return loaded{}
	}
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return loaded{err: err}
	}
	return load(r.e.Table.Decode(wire.NewReader(raw), r.e.Entity, nil, r.e.table.protector(ctx)))
}

// error makes the error of the failed request, of which it may not be known whether it was carried out.
func (r *request) error(ctx context.Context, err error, unknown bool) error {
	if failed, ok := conditionFailed(err); ok {
		err = r.conditionError(ctx, failed.Item, err)
	} else if strings.Contains(err.Error(), exceedsSize) {
		err = r.tooLarge(err)
	}
	return &OpError{Op: r.op, Entity: r.e.Name, Key: r.itemKey().Text(), Unknown: unknown, Err: err}
}

// tooLarge returns the error of an update that makes the stored item too large.
func (r *request) tooLarge(err error) error {
	return &ItemTooLargeError{Entity: r.e.Name, Max: maxItemSize, Key: r.itemKey().Text(), Err: err}
}

func (r *request) conditionError(ctx context.Context, item map[string]types.AttributeValue, err error) *ConditionFailedError {
	c := &ConditionFailedError{Entity: r.e.Name, Err: err}
	switch {
	case r.op == opCreate && (len(item) > 0 || r.given == 0), r.op == opCopy:
		c.is = ErrExists
	case r.op != opCreate && len(item) == 0:
		c.is = ErrNotFound
	}
	if len(item) > 0 {
		c.Stored = r.e.stored(ctx, item)
	}
	u, updates := r.by.(*update)
	if (updates || r.verb == verbUpdate) && r.e.Table.Outdated(r.e.Entity, item) {
		c.why = usagef("the stored item is in an older shape: load it and Put it")
	} else if want := r.next - 1; r.op != opCreate && want >= 0 {
		have, err := strconv.ParseInt(r.e.versionIn(item).Value, 10, 64)
		if err == nil && have != want {
			c.why = &VersionError{r.e.Name, have, want}
		}
	}
	if r.changes != nil && c.why == nil && len(item) > 0 {
		c.why = r.e.encodeError(r.changes.OutOfRange(item))
	}
	if at := r.e.own(c.Stored); at != nil && u != nil && u.part != nil && c.why == nil {
		if name := u.part.Unlike(at); name != "" {
			c.why = usagef("attribute %q is not stored as it was read, which was in part: read the item whole, by Get or with Hydrate, or change it by Update or Patch", name)
		}
	}
	c.raced = r.held != nil && c.why == nil
	return c
}

// own returns where v is, if that is an item of the entity's type; else nil.
func (e *entity) own(v any) unsafe.Pointer {
	if reflect.TypeOf(v) != reflect.PointerTo(e.Type) {
		return nil
	}
	return e.Pointer(v)
}

func number(n int64) *types.AttributeValueMemberN {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// versionIn returns the version of a stored item, 0 for one that has none.
func (e *entity) versionIn(item map[string]types.AttributeValue) *types.AttributeValueMemberN {
	if n, ok := item[e.Version.Name].(*types.AttributeValueMemberN); ok {
		return n
	}
	return number(0)
}

// stored decodes the item that made a condition fail; what cannot be decoded is given raw.
func (e *entity) stored(ctx context.Context, item map[string]types.AttributeValue) any {
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return RawItem(item)
	}
	l := load(e.Table.Decode(wire.NewReader(raw), nil, nil, e.table.protector(ctx)))
	if l.err != nil {
		return RawItem(item)
	}
	return l.value
}

// id returns the identity of the request's item. That of a put is read off the encoded item, which does
// not change any more, unless there are numbers in the key.
func (r *request) id() schema.ItemID {
	if r.keys > 0 {
		if id, ok := r.e.Table.EncodedIdentity(r.item, r.keys); ok {
			return id
		}
	}
	return r.e.Table.Identity(r.itemKey().Attrs)
}
