package entable

import (
	"context"
	"maps"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/aggregate"
	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/wire"
)

// Update changes attributes of one item in one request. Its methods add changes and conditions and
// return it; [Update.Do] and its kin send it, and return the mistakes made in building it. It is also a
// [Write] for transactions. It is not for concurrent use.
//
// A path names an attribute by its stored name, or something in it: "status", "address.city",
// "lines[2].qty". The entity must have the attribute, and the value must fit its Go type; it is stored
// as Put would store it. Key attributes cannot be changed.
//
// NULL, as which nil slices, maps and pointers are stored, counts as absent. What a path leads through must be there, or be
// made in the same update: SetIfAbsent("counts", map[string]int{}) and Add("counts.a", 1). When the stored item is not what the
// request was made for, it is sent once more, for the item that came back with the refusal.
//
// `touch` and `version` fields move with every update, and the index keys that a changed attribute is
// part of are written anew. That takes the values of the key's other attributes: they come from the
// changes themselves, from [Update.Known], from the instance of a Patch, or from the stored item with
// [Update.Fetch]; otherwise the update is refused before any request.
// In its documentation Self stands for the update itself, and Item for a *T.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
type Update[T any] struct{ updating[*Update[T], *T] }

// updating is an Update as far as it does not depend on the fields of its type, but only on pointers: the compiler makes
// its methods once for all entities. Self is the Update, of which it is the beginning, and Item what it gives.
type updating[Self, Item any] struct{ u update }

// Update starts an update of the item with the key fields of key. It must exist, unless
// [Update.Upsert] is set: otherwise the error matches [ErrNotFound]. No hook runs.
func (e *Entity[T]) Update(key T) *Update[T] {
	u := &Update[T]{}
	u.u.start(e.registered(), opUpdate, unsafe.Pointer(&key), nil)
	return u
}

// Patch starts an update of the item that v is an instance of. The hooks BeforeUpdate and AfterUpdate
// run, a version field must match the stored one, and after a success v holds the item as it is stored.
// After an error v is as it was. Attributes that T does not know stay.
func (e *Entity[T]) Patch(v *T) *Update[T] {
	u := &Update[T]{}
	u.u.start(e.registered(), opPatch, unsafe.Pointer(v), unsafe.Pointer(v))
	return u
}

// Apply adds changes that typed field handles have made, see [Field].
func (u *Update[T]) Apply(changes ...Change[T]) *Update[T] {
	for _, c := range changes {
		u.u.take(c.c, c.err)
	}
	return u
}

// Set sets an attribute. A value that its tag leaves out when empty is removed instead.
func (u *updating[Self, Item]) Set(path string, value any) Self {
	u.u.add(change.Set, path, value)
	return selfOf[Self](unsafe.Pointer(u))
}

// SetIfAbsent sets an attribute that the item does not have.
func (u *updating[Self, Item]) SetIfAbsent(path string, value any) Self {
	u.u.add(change.SetIfAbsent, path, value)
	return selfOf[Self](unsafe.Pointer(u))
}

// Add adds to a number, which counts as 0 when it is absent, or puts elements into a set. What would take the stored number out of the
// range of its Go type, so that it could not be read any more, fails with a [*ConditionFailedError].
func (u *updating[Self, Item]) Add(path string, value any) Self {
	u.u.add(change.Add, path, value)
	return selfOf[Self](unsafe.Pointer(u))
}

// Subtract subtracts from a number, which counts as 0 when it is absent; an unsigned one stays 0 or more, see Add.
func (u *updating[Self, Item]) Subtract(path string, value any) Self {
	u.u.add(change.Subtract, path, value)
	return selfOf[Self](unsafe.Pointer(u))
}

// Remove removes attributes, parts of them or elements of lists, if they are there.
func (u *updating[Self, Item]) Remove(paths ...string) Self {
	u.u.remove(paths)
	return selfOf[Self](unsafe.Pointer(u))
}

// Append puts the elements of a slice behind those of a list, which counts as empty when it is absent.
func (u *updating[Self, Item]) Append(path string, elements any) Self {
	u.u.add(change.Append, path, elements)
	return selfOf[Self](unsafe.Pointer(u))
}

// Prepend puts the elements of a slice before those of a list.
func (u *updating[Self, Item]) Prepend(path string, elements any) Self {
	u.u.add(change.Prepend, path, elements)
	return selfOf[Self](unsafe.Pointer(u))
}

// DeleteFromSet takes elements out of a set.
func (u *updating[Self, Item]) DeleteFromSet(path string, elements any) Self {
	u.u.add(change.Delete, path, elements)
	return selfOf[Self](unsafe.Pointer(u))
}

// If makes the update depend on a condition on the stored item; several must all hold. When it does
// not, nothing is written and the error is a [*ConditionFailedError] with the stored item.
func (u *updating[Self, Item]) If(condition expression.ConditionBuilder) Self {
	u.u.demand(condition)
	return selfOf[Self](unsafe.Pointer(u))
}

// IfVersion makes an update by key depend on the stored version, which is the condition that a Patch
// has by itself.
func (u *updating[Self, Item]) IfVersion(version int64) Self {
	u.u.ifVersion = new(version)
	return selfOf[Self](unsafe.Pointer(u))
}

// Known gives the present value of an attribute that the update does not change but an index key
// needs. It becomes a condition: the update fails when the stored item has another value.
func (u *updating[Self, Item]) Known(attribute string, value any) Self {
	u.u.knows(attribute, value)
	return selfOf[Self](unsafe.Pointer(u))
}

// Fetch makes the update read the item first, when an index key or a unique field needs values that are
// not known, and write under the condition that they have not changed. When another writer comes
// between, it is tried again, at most ten times.
func (u *updating[Self, Item]) Fetch() Self {
	u.u.fetch = true
	return selfOf[Self](unsafe.Pointer(u))
}

// Upsert lets an update by key create the item when there is none, with the key fields of key and all that [Entity.Put] would
// fill in: generated values, defaults and index keys. A stored item gets of these only what it lacks. What the new item would be is
// checked before the request: by the `validate` tags of the whole type, and for components of index keys that nothing gives.
func (u *updating[Self, Item]) Upsert() Self {
	u.u.upsert = true
	return selfOf[Self](unsafe.Pointer(u))
}

// Once makes the update exact where the SDK repeats a request whose answer was lost, so that what it adds, subtracts or appends is
// so once: it is sent in a transaction with a token of its own, by which the service knows the repetition, for ten minutes. That
// takes twice the write units. A transaction gives nothing back: what [Update.Updated] and a Patch return is read afterwards, and
// may have changes of later writers, or be nil if one has removed the item; an error of that read says that the update was
// carried out, and is not [IsRetryable]. [Update.Previous] is an error. An error whose Unknown is set means that all answers were lost:
// Do, called again, has another token. In [Transact] it changes nothing; there [ClientToken] covers calls that are repeated.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-apis-txwriteitems
func (u *updating[Self, Item]) Once() Self {
	u.u.once = true
	return selfOf[Self](unsafe.Pointer(u))
}

// SkipHooks sets whether a Patch leaves its hooks out, see [SkipHooks].
func (u *updating[Self, Item]) SkipHooks(on bool) Self {
	u.u.skipHooks = &on
	return selfOf[Self](unsafe.Pointer(u))
}

// SkipValidation leaves validation out, see [SkipValidation].
func (u *updating[Self, Item]) SkipValidation() Self {
	u.u.unchecked = true
	return selfOf[Self](unsafe.Pointer(u))
}

// Do sends the update.
func (u *updating[Self, Item]) Do(ctx context.Context) error { return do(ctx, &u.u, u.u.op) }

// Updated sends the update and returns the item as it is stored afterwards.
func (u *updating[Self, Item]) Updated(ctx context.Context) (Item, error) {
	return stored[Item](ctx, &u.u, types.ReturnValueAllNew)
}

// Previous sends the update and returns the item as it was stored before, or nil when there was none.
func (u *updating[Self, Item]) Previous(ctx context.Context) (Item, error) {
	return stored[Item](ctx, &u.u, types.ReturnValueAllOld)
}

// Input returns the request that the update would send, without a client and without sending it.
// Hooks do not run.
func (u *updating[Self, Item]) Input(ctx context.Context) (*dynamodb.UpdateItemInput, error) {
	return u.u.input(ctx)
}

func (u *updating[Self, Item]) entity() *entity { return u.u.e }

func (u *updating[Self, Item]) prepare(ctx context.Context, c *route.Conn, _ *room) (*request, error) {
	return u.u.prepare(ctx, c, nil)
}

// stored sends an update and returns the item that comes back.
func stored[Item any](ctx context.Context, u *update, what types.ReturnValue) (Item, error) {
	var item Item
	if u.e != nil && u.instance != nil && what != types.ReturnValueAllNew {
		return item, usagef("%s: a Patch gives the new values: use Update for the previous ones", u.e.Name)
	}
	one := *u
	one.returns = what
	one.give = func(v any) { item, _ = v.(Item) }
	err := do(ctx, &one, u.op)
	return item, err
}

// SaveChanges writes what differs between before, as it was loaded, and after: changed attributes are set, emptied ones removed, all others
// stay as they are stored. When nothing differs, nothing is sent. A copied struct shares slices, maps and pointers: replace them in after,
// since what is changed in place is changed in before too. Keys must be equal. Hooks, generated values and versions are those of
// [Entity.Patch]; after is validated as a whole; the condition on the version is before's. after gets the values of the write when it
// succeeds. In an item that was read in part, see [Query.Partial], a changed list, map or set must be stored as it was read: what was not
// read of it is not lost, but makes the write fail.
//
// Options: [If], [SkipHooks], [SkipValidation].
func (e *Entity[T]) SaveChanges(ctx context.Context, before T, after *T, opts ...WriteOption) error {
	return do(ctx, e.SaveChangesOp(before, after, opts...), opSaveChanges)
}

// SaveOp is a SaveChanges as a [Write], see [Entity.SaveChangesOp].
type SaveOp struct{ u update }

// SaveChangesOp returns [Entity.SaveChanges] as a [Write] for transactions.
func (e *Entity[T]) SaveChangesOp(before T, after *T, opts ...WriteOption) *SaveOp {
	o := &SaveOp{}
	o.u.start(e.registered(), opSaveChanges, unsafe.Pointer(&before), unsafe.Pointer(after))
	o.u.before = unsafe.Pointer(&before)
	o.u.configure(opts)
	return o
}

// Input returns the request that the write would send, without a client and without sending it. Hooks do not run. When
// nothing differs, there is none, which is an error.
func (o *SaveOp) Input(ctx context.Context) (*dynamodb.UpdateItemInput, error) { return o.u.input(ctx) }

func (o *SaveOp) entity() *entity { return o.u.e }

func (o *SaveOp) prepare(ctx context.Context, c *route.Conn, _ *room) (*request, error) {
	return o.u.prepare(ctx, c, nil)
}

func (u *update) input(ctx context.Context) (*dynamodb.UpdateItemInput, error) {
	if u.e == nil {
		return nil, errUnregistered
	}
	one := *u
	one.origin = &one
	r, err := one.request(ctx, nil, false)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, one.changesNothing()
	}
	return r.updateInput(), nil
}

// prepare makes the request of one attempt.
func (u *update) prepare(ctx context.Context, c *route.Conn, _ *room) (*request, error) {
	hooks := u.instance != nil && !u.e.skipHooks
	if u.skipHooks != nil {
		hooks = u.instance != nil && !*u.skipHooks
	}
	one := *u // what this attempt adds is its own
	one.origin, u.seen = u, nil
	r, err := one.request(ctx, c, hooks)
	if err != nil {
		return nil, err
	}
	if r == nil {
		if u.give != nil {
			_, same := u.e.Clone(u.instance)
			u.give(u.e.At(same))
		}
		return nil, nil
	}
	r.by, r.skipHooks = &one, !hooks
	return r, nil
}

// request makes the request, or nil when SaveChanges has nothing to send.
func (u *update) request(ctx context.Context, c *route.Conn, hooks bool) (*request, error) {
	if u.key == nil || u.op == opSaveChanges && u.instance == nil {
		return nil, u.e.nilInstance(u.op)
	}
	if u.err != nil {
		return nil, u.err
	}
	if u.ifVersion != nil {
		switch {
		case u.e.Version == nil:
			return nil, usagef("%s: IfVersion: it has no version field", u.e.Name)
		case u.instance != nil:
			return nil, usagef("%s: IfVersion is for updates by key: %s checks the version of its instance", u.e.Name, u.op)
		}
	}
	if u.upsert && u.instance != nil {
		return nil, usagef("%s: Upsert is for updates by key: an instance that may be new is written with Put", u.e.Name)
	}
	if u.instance != nil {
		if any, err := u.fromInstance(ctx, hooks); err != nil || !any {
			return nil, err
		}
	}
	return u.plan(ctx, c)
}

// settle gives the values of a successful update to the caller.
func (u *update) settle(ctx context.Context, r *request, stored loaded) error {
	err := stored.err
	if err == nil && u.give != nil && stored.value == nil && r.returns == types.ReturnValueAllNew && !r.exact() {
		err = usagef("the client answered without it")
	}
	switch {
	case err != nil:
		return r.carriedOut(err)
	case u.give != nil:
		u.give(stored.value)
	}
	if u.instance == nil {
		return nil
	}
	if stored.value != nil {
		now := u.e.Pointer(stored.value)
		u.e.KeepUnstored(now, u.work)
		u.e.Assign(u.instance, now)
	} else { // in a transaction, which gives nothing back: what was computed
		u.e.Assign(u.instance, u.work)
	}
	if r.skipHooks {
		return nil
	}
	return u.e.run(ctx, afterUpdate, u.e.At(u.instance))
}

func (u *update) abandon(*request) {}

// fromInstance turns the difference between the instance and its new values into changes. It reports
// whether there are any for SaveChanges to send; a Patch has its own.
func (u *update) fromInstance(ctx context.Context, hooks bool) (bool, error) {
	e := u.e
	v, work := e.Clone(u.instance)
	u.work = work
	if err := e.apply(u.changes, work); err != nil {
		return false, err
	}
	part, err := aggregate.ChangedPart(e.Entity, u.before, work) // by the caller: what the hook sets need not be read
	if err != nil {
		return false, public(err)
	}
	u.part = part
	base := u.before
	if base == nil {
		_, base = e.Clone(work) // before the hook
	}
	if hooks {
		if err := e.run(ctx, beforeUpdate, v); err != nil {
			return false, err
		}
	}
	extra, err := aggregate.ByUser(e.Entity, base, work)
	if err != nil {
		return false, public(err)
	}
	old := u.instance
	if u.before != nil {
		if old = u.before; len(extra)+len(u.changes) == 0 {
			return false, nil
		}
		if !u.unchecked && !e.IsPart(old) { // the changes of a part are checked one by one
			if err := e.validate(ctx, v); err != nil {
				return false, err
			}
			for i := range extra {
				extra[i].Checked = true
			}
		}
	}
	if err := e.CheckVersion(old); err != nil {
		return false, public(err)
	}
	u.changes = change.Override(u.changes, extra)
	u.key = old
	if e.Version != nil {
		u.ifVersion = new(e.VersionOf(old))
		e.SetVersion(work, e.VersionOf(old)+1)
	}
	if u.returns == "" {
		u.returns = types.ReturnValueAllNew
	}
	return true, nil
}

// apply does changes to the item at ptr.
func (e *entity) apply(changes []change.Change, ptr unsafe.Pointer) error {
	resolved := make([]change.Resolved, len(changes))
	for i := range changes {
		t, err := e.resolve(changes[i].Path)
		if err != nil {
			return err
		}
		resolved[i] = change.Resolved{Change: &changes[i], Target: t}
	}
	return e.encodeError(change.Apply(resolved, ptr))
}

// plan makes the request from the key, the changes and the conditions.
func (u *update) plan(ctx context.Context, c *route.Conn) (*request, error) {
	e := u.e
	r := &request{e: e, op: u.op, verb: verbUpdate, returns: u.returns, mustExist: !u.upsert, certain: u.once}
	if u.once && u.returns == types.ReturnValueAllOld {
		return nil, usagef("%s: Previous with Once: it takes a transaction, which gives nothing back", e.Name)
	}
	var err error
	if r.key, err = e.keyOf(u.key); err != nil {
		return nil, err
	}
	if len(u.changes) == 0 {
		return nil, u.changesNothing()
	}
	s := &updateState{u: u, r: r, c: c, now: e.now(ctx)}
	if s.after.Item, err = e.keyOnly(u.key); err != nil {
		return nil, err
	}
	s.after.Know(e.KeyAttrs...)
	if by := e.table.protector(ctx); e.shape.Seals != nil {
		s.after.Changes.Sealing = change.Sealing{How: e.shape.Seals, ByKey: u.instance == nil, Seal: e.Sealer(u.key, by), Open: e.Opener(u.key, by)}
	}
	for _, x := range e.Kept {
		s.after.Indexes = append(s.after.Indexes, x)
	}
	steps := []func(context.Context) error{s.look, s.useSeen, s.resolve, s.touch, s.fillIn, s.express, s.raiseVersion, s.useKnown, s.upsertKeys,
		s.findMissing, s.indexKeys, s.uniqueFields, s.keepPart}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	if r.held = u.held; u.held != nil {
		still, err := u.held.Changed(change.Names(u.changes))
		if err != nil {
			return nil, public(err)
		}
		s.conditions = append(s.conditions, still...)
	}
	conditions := append(s.conditions, u.conditions...)
	if len(e.Upgrades) > 0 {
		conditions = append(conditions, e.inShape(u.upsert))
	}
	if !u.upsert {
		conditions = append([]change.Condition{change.Exists(e.Table.PK.Name)}, conditions...)
	} else if err := s.addUpsert(); err != nil {
		return nil, err
	}
	if u.instance != nil {
		err = e.checkInstanceSize(ctx, u.work, r)
	} else {
		err = s.checkLeast()
	}
	if err != nil {
		return nil, err
	}
	if r.changes = &s.after.Changes; u.ifVersion != nil {
		r.next = *u.ifVersion + 1
	}
	if s.moves {
		return r, s.move(ctx, conditions)
	}
	r.expr, err = e.build(&s.update, conditions...)
	return r, err
}

func (u *update) changesNothing() error { return usagef("%s: the update changes nothing", u.e.Name) }

// keyRoom is the longest that a key is in JSON.
const keyRoom = 6*(2048+1024+2*255) + 64

// checkLeast refuses an update after which the item is above the limit whatever is stored.
func (s *updateState) checkLeast() error {
	if s.after.Changes.IsSmall(&s.update, s.u.e.limit()-keyRoom) {
		return nil
	}
	item := maps.Clone(s.r.key.Attrs)
	if err := s.after.Changes.Least(item); err != nil {
		return s.u.e.encodeError(err)
	}
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return s.u.e.encodeError(err)
	}
	return s.u.e.checkSize(raw, s.r)
}
