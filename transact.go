package entable

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/work"
)

// maxTransaction is the service's limit of items in a transaction, sentinels of unique fields included.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
const maxTransaction = 100

// TransactOption refines one transaction, of Transact or of [Collection.Save].
type TransactOption interface {
	SaveOption
	applyTransact(*transactConfig)
}

type transactConfig struct{ token string }

type tokenOption string

func (o tokenOption) applyTransact(c *transactConfig) { c.token = string(o) }
func (o tokenOption) applySave(c *saveConfig)         { c.token = string(o) }

// ClientToken makes a transaction idempotent over several calls, for ten minutes: sent again with the
// same token and the same contents it succeeds without being carried out again. It is up to 36
// characters. By default the SDK makes one for each call, which covers its own retries.
//
// A call that is repeated because its outcome was unknown sends the same contents when it is given the same: generated ids have
// stayed in the instances (and in upserts), and what the library itself adds is remembered in this process, of the last 10,000
// such calls at least: the time of generated timestamps, and the stored items that unique fields and Fetch have read. What hooks
// set is theirs to keep.
func ClientToken(token string) TransactOption { return tokenOption(token) }

// Transact carries out all writes or none, in one transaction of up to 100 items of any entities and
// tables of one client. Hooks, generated values, validation, versions, unique fields and the size check
// are those of the single writes; the caller's structs get their values only when all has succeeded.
//
// An error of the service is a [*TransactionError] that says for each write what stood against it. Options:
// [ClientToken].
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
func Transact(ctx context.Context, writes []Write, opts ...TransactOption) error {
	if len(writes) == 0 {
		return nil
	}
	c, err := connOf(ctx, writes)
	if err != nil {
		return err
	}
	var cfg transactConfig
	if err := apply(opts, func(o TransactOption) { o.applyTransact(&cfg) }); err != nil {
		return &TransactionError{Writes: writes, Err: err}
	}
	token := cfg.token + " of " + writes[0].entity().Table.Name
	tries := work.Tries{Most: maxConflicts}
	for {
		prepared, again := ctx, false
		if cfg.token != "" {
			var m *work.Moment
			m, again = moments.Of(token)
			prepared = context.WithValue(ctx, replayKey{}, &replay{m: m})
		}
		t, err := prepareTransaction(prepared, c, writes)
		switch {
		case err != nil && again: // what was sent before is as unknown as it was
			return &TransactionError{Writes: writes, Unknown: true, Err: single(err)}
		case err != nil:
			moments.Forget(token)
			return err
		}
		var d route.Doubt
		err = t.send(ctx, d.Watch(c), cfg.token)
		failed, ok := errors.AsType[*TransactionError](err)
		if ok {
			failed.Unknown = unknownTransaction(&d, err) || again && (early(err) || route.Code(err) == "IdempotentParameterMismatchException")
		}
		if !ok || !failed.Unknown {
			moments.Forget(token)
		}
		if err == nil {
			return t.settle(ctx)
		}
		t.abandon()
		if !t.onlyRaced(err) || !tries.More(ctx) {
			return err
		}
	}
}

// connOf finds the one client of all writes.
func connOf(ctx context.Context, writes []Write) (*route.Conn, error) {
	var conn *route.Conn
	var tables []*Table
	var last, common *entity
	for i, w := range writes {
		if w == nil {
			return nil, usagef("write %d is nil", i)
		}
		e := w.entity()
		switch {
		case e == nil:
			return nil, errUnregistered
		case e == last:
			continue
		}
		c, err := e.table.client(ctx, e)
		if err != nil {
			return nil, err
		}
		if conn != nil && !sameClient(conn.Client, c.Client) {
			return nil, usagef("the writes of %s and %s use different clients", writes[0].entity().Name, e.Name)
		}
		if common = e; last != nil {
			common = nil
		}
		if !slices.Contains(tables, e.table) {
			tables = append(tables, e.table)
		}
		conn, last = c, e
	}
	return connFor(ctx, conn, common, tables...), nil
}

// transaction is a prepared one: requests[i] is that of writes[i], nil where there is nothing to do.
type transaction struct {
	writes   []Write
	requests []*request
	owner    []int // for each item sent, the write that it belongs to
}

func prepareTransaction(ctx context.Context, c *route.Conn, writes []Write) (*transaction, error) {
	if err := ctx.Err(); err != nil {
		return nil, &TransactionError{Writes: writes, Err: err}
	}
	t := &transaction{writes: writes, requests: make([]*request, len(writes))}
	seen := map[schema.ItemID]int{}
	for i, w := range writes {
		r, err := w.prepare(ctx, c, nil)
		if err == nil && r != nil {
			t.requests[i] = r
			err = r.once(seen, i)
		}
		if err == nil && len(seen) > maxTransaction {
			err = tooMany(len(writes))
		}
		if err != nil {
			t.abandon()
			return nil, err
		}
	}
	err := t.joinGuards()
	if n := t.size(); err == nil && n > maxTransaction {
		err = tooMany(n)
	}
	if err != nil {
		t.abandon()
		return nil, err
	}
	return t, nil
}

func tooMany(items int) error {
	return usagef("%d items are above the service's limit of %d in a transaction, which counts those of unique fields too", items, maxTransaction)
}

// size counts the items that the transaction writes.
func (t *transaction) size() (n int) {
	for _, r := range t.requests {
		if r != nil {
			if n += 1 + len(r.guards); r.half != nil {
				n++
			}
		}
	}
	return n
}

// joinGuards makes one write of the two when an item takes over a unique value that another gives up,
// and refuses a value that two items take.
func (t *transaction) joinGuards() error {
	taken := map[schema.ItemID]*schema.Guard{}
	for _, r := range t.requests {
		for i := 0; r != nil && i < len(r.guards); i++ {
			g := &r.guards[i]
			if g.Delete {
				continue
			}
			id := r.e.Table.Identity(g.Key)
			if taken[id] != nil {
				return &UniqueError{Entity: r.e.Name, Attribute: g.Attr}
			}
			taken[id] = g
		}
	}
	for _, r := range t.requests {
		for i := 0; r != nil && i < len(r.guards); i++ {
			if g := &r.guards[i]; g.Delete && taken[r.e.Table.Identity(g.Key)] != nil {
				taken[r.e.Table.Identity(g.Key)].From = g.Owner
			}
		}
	}
	for _, r := range t.requests { // when nothing points into the lists any more
		if r != nil {
			r.guards = slices.DeleteFunc(r.guards, func(g schema.Guard) bool { return g.Delete && taken[r.e.Table.Identity(g.Key)] != nil })
		}
	}
	return nil
}

// once refuses a second write of one item.
func (r *request) once(seen map[schema.ItemID]int, i int) error {
	id := r.id()
	if first, twice := seen[id]; twice {
		return usagef("writes %d and %d are both of %s[%s]: an item can be written once", first, i, r.e.Name, r.itemKey().Text())
	}
	seen[id] = i
	return nil
}

func (t *transaction) abandon() {
	for _, r := range t.requests {
		if r != nil {
			r.abandon()
		}
	}
}

func (t *transaction) settle(ctx context.Context) error {
	var errs []error
	for _, r := range t.requests {
		if r != nil {
			errs = append(errs, r.settle(ctx, loaded{}))
		}
	}
	return errors.Join(errs...)
}

// send makes the request and the error of its failure.
func (t *transaction) send(ctx context.Context, c *route.Conn, token string) error {
	in := &dynamodb.TransactWriteItemsInput{}
	if token != "" {
		in.ClientRequestToken = &token
	}
	t.owner = nil
	for i, r := range t.requests {
		if r == nil {
			continue
		}
		in.TransactItems = append(in.TransactItems, r.transactItem())
		t.owner = append(t.owner, i)
		for _, g := range r.guards {
			in.TransactItems = append(in.TransactItems, r.e.Table.GuardWrite(&g))
			t.owner = append(t.owner, i)
		}
		if r.half != nil {
			in.TransactItems = append(in.TransactItems, r.half.transactItem())
			t.owner = append(t.owner, i)
		}
	}
	if len(in.TransactItems) == 0 {
		return nil
	}
	if err := c.TransactWrite(ctx, in, func(i int) []byte { return t.requests[t.owner[i]].item }); err != nil {
		return t.error(ctx, err)
	}
	return nil
}

// transactItem returns the request as part of a transaction; a put is without the item.
func (r *request) transactItem() types.TransactWriteItem {
	var out types.TransactWriteItem
	old := types.ReturnValuesOnConditionCheckFailureAllOld
	switch r.verb {
	case verbPut:
		in := r.putInput()
		out.Put = &types.Put{TableName: in.TableName, ConditionExpression: in.ConditionExpression,
			ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
			ReturnValuesOnConditionCheckFailure: old}
	case verbUpdate:
		in := r.updateInput()
		out.Update = &types.Update{TableName: in.TableName, Key: in.Key, UpdateExpression: in.UpdateExpression,
			ConditionExpression:      in.ConditionExpression,
			ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
			ReturnValuesOnConditionCheckFailure: old}
	case verbDelete:
		in := r.deleteInput()
		out.Delete = &types.Delete{TableName: in.TableName, Key: in.Key, ConditionExpression: in.ConditionExpression,
			ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
			ReturnValuesOnConditionCheckFailure: old}
	case verbCheck:
		out.ConditionCheck = r.checkInput()
	}
	return out
}

// TransactionError reports a transaction that was not carried out: nothing of it is written. Only when Unknown is set, that is
// not known.
type TransactionError struct {
	// Writes are the caller's; nil for a TransactGet.
	Writes []Write
	// Reasons has an entry for each write, or read, that stood in the way, in their order. It is empty when the
	// transaction failed as a whole.
	Reasons []TransactionReason
	// Unknown is set when it is not known whether the transaction was carried out: an answer was lost. With [ClientToken] the
	// same call can be repeated; until a repetition succeeds, or is refused for what is stored, it stays unknown.
	Unknown bool
	// Err is the SDK's error.
	Err error
}

// TransactionReason says why a transaction was cancelled.
type TransactionReason struct {
	// Index is the position of the write, or of the key that was read, in the caller's list.
	Index int
	// Entity and Key name the item.
	Entity, Key string
	// Code is the service's: "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", ….
	Code string
	// Err is a [*ConditionFailedError] with the stored item, a [*UniqueError], an error that matches
	// [ErrConflict] or [ErrThrottled], or the service's message.
	Err error
}

func (e *TransactionError) Error() string {
	unknown := ""
	if e.Unknown {
		unknown = unknownText
	}
	if len(e.Reasons) == 0 {
		return fmt.Sprintf("entable: transaction of %d writes: %s%s", len(e.Writes), e.Err, unknown)
	}
	what := "write"
	if e.Writes == nil {
		what = "read"
	}
	parts := make([]string, len(e.Reasons))
	for i, r := range e.Reasons {
		parts[i] = fmt.Sprintf("%s %d, %s[%s]: %s", what, r.Index, r.Entity, r.Key, trim(r.Err, r.Entity))
	}
	if e.Writes == nil {
		return "entable: transaction cancelled: " + strings.Join(parts, "; ")
	}
	return fmt.Sprintf("entable: transaction of %d writes cancelled: %s%s", len(e.Writes), strings.Join(parts, "; "), unknown)
}

// Unwrap returns the errors of the reasons, then the SDK's.
func (e *TransactionError) Unwrap() []error {
	errs := make([]error, 0, len(e.Reasons)+1)
	for _, r := range e.Reasons {
		errs = append(errs, r.Err)
	}
	return append(errs, e.Err)
}

// Is matches the sentinels that stand for an answer of the service.
func (e *TransactionError) Is(target error) bool {
	s, ok := target.(sentinel)
	return ok && s == classify(e.Err)
}

func (*TransactionError) entableError() {}

func (t *transaction) error(ctx context.Context, err error) error {
	te := &TransactionError{Writes: t.writes, Err: err}
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return te
	}
	guard, own := 0, 0 // positions among the guards of the write, and behind the reasons of its item itself
	for i, reason := range cancelled.CancellationReasons {
		if i >= len(t.owner) {
			break
		}
		if i > 0 && t.owner[i] == t.owner[i-1] {
			guard++
		} else {
			guard, own = 0, len(te.Reasons)
		}
		if reason.Code == nil || *reason.Code == "None" {
			continue
		}
		r, at := t.requests[t.owner[i]], len(te.Reasons)
		if guard == 0 {
			own++
		} else if guard > len(r.guards) { // before sentinels, which an item that is elsewhere has too
			at = own
		}
		te.Reasons = slices.Insert(te.Reasons, at, TransactionReason{Index: t.owner[i], Entity: r.e.Name, Key: r.itemKey().Text(),
			Code: *reason.Code, Err: r.reasonError(ctx, reason, guard, err)})
	}
	return te
}

// reasonError makes the error of one cancellation reason: of the item itself (guard 0), of a sentinel, or of the item at another
// place, behind these.
func (r *request) reasonError(ctx context.Context, reason types.CancellationReason, guard int, err error) error {
	switch {
	case reason.Message != nil && strings.Contains(*reason.Message, exceedsSize):
		return r.tooLarge(usageError(*reason.Message))
	case *reason.Code != "ConditionalCheckFailed":
		return cancellation(reason)
	case guard > 0 && guard <= len(r.guards):
		return &UniqueError{Entity: r.e.Name, Attribute: r.guards[guard-1].Attr}
	}
	return r.conditionError(ctx, reason.Item, &types.ConditionalCheckFailedException{Message: reason.Message, Item: reason.Item})
}

// cancellation makes the error of a reason that is no failed condition.
func cancellation(reason types.CancellationReason) error {
	switch *reason.Code {
	case "TransactionConflict":
		return ErrConflict
	case "ThrottlingError", "ProvisionedThroughputExceeded":
		return ErrThrottled
	}
	return usagef("%s: %s", *reason.Code, aws.ToString(reason.Message))
}

// onlyRaced reports whether a transaction failed only because another writer came between the reading
// and the writing of a read-modify-write. Otherwise such reasons, which its repetition would not meet, are left out of the error.
func (t *transaction) onlyRaced(err error) bool {
	te, ok := errors.AsType[*TransactionError](err)
	if !ok || len(te.Reasons) == 0 {
		return false
	}
	left := standing(te.Reasons, func(reason TransactionReason) bool {
		_, failed := errors.AsType[*ConditionFailedError](reason.Err)
		return failed && t.requests[reason.Index].again(reason.Err)
	})
	if len(left) > 0 {
		te.Reasons = left
	}
	return len(left) == 0
}

// standing returns the reasons without those of writes that can be made again, and then also without those of unique values: others may give them up.
func standing(all []TransactionReason, again func(TransactionReason) bool) []TransactionReason {
	anew := map[int]bool{}
	for _, reason := range all {
		if again(reason) {
			anew[reason.Index] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(reason TransactionReason) bool {
		_, taken := errors.AsType[*UniqueError](reason.Err)
		return anew[reason.Index] || taken && len(anew) > 0
	})
}

// CheckOp is a [Write] that writes nothing, see [Entity.CheckOp]. It is sent in transactions only.
type CheckOp struct {
	e         *entity
	key       unsafe.Pointer
	condition expression.ConditionBuilder
}

// CheckOp returns a [Write] that writes nothing: the transaction that it is part of fails when the item with
// the key fields of key does not satisfy the condition.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConditionCheck.html
func (e *Entity[T]) CheckOp(key T, condition expression.ConditionBuilder) *CheckOp {
	return &CheckOp{e.registered(), unsafe.Pointer(&key), condition}
}

// Input returns the part of a transaction that the check is, without a client and without sending it.
func (o *CheckOp) Input(ctx context.Context) (*types.ConditionCheck, error) {
	if o.e == nil {
		return nil, errUnregistered
	}
	r, err := o.prepare(ctx, nil, nil)
	if err != nil {
		return nil, err
	}
	return r.checkInput(), nil
}

func (o *CheckOp) entity() *entity { return o.e }

func (o *CheckOp) prepare(ctx context.Context, c *route.Conn, _ *room) (*request, error) {
	r := &request{e: o.e, op: opCheck, verb: verbCheck}
	r.conditions, r.given = []change.Condition{change.By(o.condition)}, 1
	var err error
	if r.key, err = o.e.keyOf(o.key); err != nil {
		return nil, err
	}
	return r, r.express(ctx, c, o.key)
}
