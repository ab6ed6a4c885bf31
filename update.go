package entable

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
)

const (
	opUpdate      = "Update"
	opPatch       = "Patch"
	opSaveChanges = "SaveChanges"
)

// Update changes attributes of one item in one request. Its methods add changes and conditions and
// return it; [Update.Do] and its kin send it, and return the mistakes made in building it. It is also a
// [Write] for transactions. It is not for concurrent use.
//
// A path names an attribute by its stored name, or something in it: "status", "address.city",
// "lines[2].qty". The entity must have the attribute, and the value must fit its Go type; it is stored
// as Put would store it. Key attributes cannot be changed.
//
// `touch` and `version` fields move with every update, and the index keys that a changed attribute is
// part of are written anew. That takes the values of the key's other attributes: they come from the
// changes themselves, from [Update.Known], from the instance of a Patch, or from the stored item with
// [Update.Fetch]; otherwise the update is refused before any request.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
type Update[T any] struct{ u update }

// Update starts an update of the item with the key fields of key. It must exist, unless
// [Update.Upsert] is set: otherwise the error matches [ErrNotFound]. No hook runs.
func (e *Entity[T]) Update(key T) *Update[T] {
	return &Update[T]{update{e: e.e, op: opUpdate, key: unsafe.Pointer(&key)}}
}

// Patch starts an update of the item that v is an instance of. The hooks BeforeUpdate and AfterUpdate
// run, a version field must match the stored one, and after a success v holds the item as it is stored.
// After an error v is as it was. Attributes that T does not know stay.
func (e *Entity[T]) Patch(v *T) *Update[T] {
	return &Update[T]{update{e: e.e, op: opPatch, key: unsafe.Pointer(v), instance: unsafe.Pointer(v)}}
}

// PatchOp is [Entity.Patch]: an Update is a [Write].
func (e *Entity[T]) PatchOp(v *T) *Update[T] { return e.Patch(v) }

// Set sets an attribute. A value that its tag leaves out when empty is removed instead.
func (u *Update[T]) Set(path string, value any) *Update[T] { return u.add(changeSet, path, value) }

// SetIfAbsent sets an attribute that the item does not have.
func (u *Update[T]) SetIfAbsent(path string, value any) *Update[T] {
	return u.add(changeSetIfAbsent, path, value)
}

// Add adds to a number, which counts as 0 when it is absent, or puts elements into a set.
func (u *Update[T]) Add(path string, value any) *Update[T] { return u.add(changeAdd, path, value) }

// Subtract subtracts from a number, which counts as 0 when it is absent.
func (u *Update[T]) Subtract(path string, value any) *Update[T] {
	return u.add(changeSubtract, path, value)
}

// Remove removes attributes or elements of lists.
func (u *Update[T]) Remove(paths ...string) *Update[T] {
	for _, p := range paths {
		u.add(changeRemove, p, nil)
	}
	return u
}

// Append puts the elements of a slice behind those of a list, which counts as empty when it is absent.
func (u *Update[T]) Append(path string, elements any) *Update[T] {
	return u.add(changeAppend, path, elements)
}

// Prepend puts the elements of a slice before those of a list.
func (u *Update[T]) Prepend(path string, elements any) *Update[T] {
	return u.add(changePrepend, path, elements)
}

// DeleteFromSet takes elements out of a set.
func (u *Update[T]) DeleteFromSet(path string, elements any) *Update[T] {
	return u.add(changeDelete, path, elements)
}

// Apply adds changes that typed field handles have made, see [Field].
func (u *Update[T]) Apply(changes ...Change[T]) *Update[T] {
	for _, c := range changes {
		u.u.changes = append(u.u.changes, c.c)
	}
	return u
}

func (u *Update[T]) add(op changeOp, path string, value any) *Update[T] {
	u.u.changes = append(u.u.changes, change{op: op, path: path, value: value})
	return u
}

// If makes the update depend on a condition on the stored item; several must all hold. When it does
// not, nothing is written and the error is a [*ConditionFailedError] with the stored item.
func (u *Update[T]) If(condition expression.ConditionBuilder) *Update[T] {
	u.u.conditions = append(u.u.conditions, condition)
	return u
}

// IfVersion makes an update by key depend on the stored version, which is the condition that a Patch
// has by itself.
func (u *Update[T]) IfVersion(version int64) *Update[T] {
	u.u.ifVersion = &version
	return u
}

// Known gives the present value of an attribute that the update does not change but an index key
// needs. It becomes a condition: the update fails when the stored item has another value.
func (u *Update[T]) Known(attribute string, value any) *Update[T] {
	u.u.known = append(u.u.known, change{op: changeSet, path: attribute, value: value})
	return u
}

// Fetch makes the update read the item first, when an index key or a unique field needs values that are
// not known, and write under the condition that they have not changed. When another writer comes
// between, it is tried again, at most ten times.
func (u *Update[T]) Fetch() *Update[T] {
	u.u.fetch = true
	return u
}

// Upsert lets the update create the item when there is none, with the key fields of key.
func (u *Update[T]) Upsert() *Update[T] {
	u.u.upsert = true
	return u
}

// SkipHooks sets whether a Patch leaves its hooks out, see [SkipHooks].
func (u *Update[T]) SkipHooks(on bool) *Update[T] {
	u.u.skipHooks = &on
	return u
}

// Do sends the update.
func (u *Update[T]) Do(ctx context.Context) error { return do(ctx, u, u.u.op) }

// Updated sends the update and returns the item as it is stored afterwards.
func (u *Update[T]) Updated(ctx context.Context) (*T, error) {
	return u.returning(ctx, types.ReturnValueAllNew)
}

// Previous sends the update and returns the item as it was stored before, or nil when there was none.
func (u *Update[T]) Previous(ctx context.Context) (*T, error) {
	return u.returning(ctx, types.ReturnValueAllOld)
}

func (u *Update[T]) returning(ctx context.Context, what types.ReturnValue) (*T, error) {
	if u.u.instance != nil && what != types.ReturnValueAllNew {
		return nil, usagef("%s: a Patch gives the new values: use Update for the previous ones", u.u.e.name)
	}
	one := *u
	one.u.returns = what
	var stored *T
	one.u.give = func(v any) { stored, _ = v.(*T) }
	err := do(ctx, &one, u.u.op)
	return stored, err
}

// Input returns the request that the update would send, without a client and without sending it.
// Hooks do not run.
func (u *Update[T]) Input() (*dynamodb.UpdateItemInput, error) {
	one := u.u
	r, err := one.request(context.Background(), nil, false)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, one.changesNothing()
	}
	return r.updateInput(), nil
}

func (u *Update[T]) entity() *entity { return u.u.e }

func (u *Update[T]) prepare(ctx context.Context, c *conn, _ *room) (*request, error) {
	return u.u.prepare(ctx, c)
}

// SaveChanges writes what differs between before, as it was loaded, and after: changed attributes are
// set, emptied ones removed, all others stay as they are stored. When nothing differs, nothing is sent.
// Keys must be equal. Hooks, generated values, validation and versions are those of [Entity.Patch]; the
// condition on the version is before's. after gets the values of the write when it succeeds.
func (e *Entity[T]) SaveChanges(ctx context.Context, before T, after *T) error {
	return do(ctx, e.SaveChangesOp(before, after), opSaveChanges)
}

// SaveChangesOp is [Entity.SaveChanges] as a [Write] for transactions.
func (e *Entity[T]) SaveChangesOp(before T, after *T) *Update[T] {
	return &Update[T]{update{e: e.e, op: opSaveChanges, key: unsafe.Pointer(&before), instance: unsafe.Pointer(after), before: unsafe.Pointer(&before)}}
}

// update is an Update without its type.
type update struct {
	e          *entity
	op         string
	key        unsafe.Pointer // an item with the key fields set
	instance   unsafe.Pointer // the caller's struct: Patch and SaveChanges
	before     unsafe.Pointer // SaveChanges: as it was loaded
	work       unsafe.Pointer // of one attempt: a copy of the instance with the new values
	changes    []change
	known      []change
	conditions []expression.ConditionBuilder
	ifVersion  *int64
	upsert     bool
	fetch      bool
	skipHooks  *bool
	returns    types.ReturnValue
	give       func(stored any)
}

// prepare makes the request of one attempt.
func (u *update) prepare(ctx context.Context, c *conn) (*request, error) {
	hooks := u.instance != nil && !u.e.skipHooks
	if u.skipHooks != nil {
		hooks = u.instance != nil && !*u.skipHooks
	}
	one := *u // what this attempt adds is its own
	r, err := one.request(ctx, c, hooks)
	if err != nil {
		return nil, err
	}
	if r == nil {
		if u.give != nil {
			_, same := u.e.clone(u.instance)
			u.give(u.e.at(same))
		}
		return nil, nil
	}
	r.settled = func(ctx context.Context, stored loaded) error { return one.settle(ctx, stored, hooks) }
	return r, nil
}

// request makes the request, or nil when SaveChanges has nothing to send.
func (u *update) request(ctx context.Context, c *conn, hooks bool) (*request, error) {
	if u.key == nil || u.op == opSaveChanges && u.instance == nil {
		return nil, u.e.nilInstance(u.op)
	}
	if u.ifVersion != nil {
		switch {
		case u.e.version == nil:
			return nil, usagef("%s: IfVersion: it has no version field", u.e.name)
		case u.instance != nil:
			return nil, usagef("%s: IfVersion is for updates by key: a %s checks the version of its instance", u.e.name, u.op)
		}
	}
	if u.instance != nil {
		if any, err := u.fromInstance(ctx, hooks); err != nil || !any {
			return nil, err
		}
	}
	return u.plan(ctx, c)
}

// settle gives the values of a successful update to the caller.
func (u *update) settle(ctx context.Context, stored loaded, hooks bool) error {
	if stored.err != nil {
		return stored.err
	}
	if u.give != nil {
		u.give(stored.value)
	}
	if u.instance == nil {
		return nil
	}
	if stored.value != nil {
		now := u.e.pointer(stored.value)
		u.e.keepUnstored(now, u.work)
		u.e.assign(u.instance, now)
	} else { // in a transaction, which gives nothing back: what was computed
		u.e.assign(u.instance, u.work)
	}
	if !hooks {
		return nil
	}
	return u.e.runAfterUpdate(ctx, u.e.at(u.instance))
}

// fromInstance turns the difference between the instance and its new values into changes. It reports
// whether there are any for SaveChanges to send; a Patch has its own.
func (u *update) fromInstance(ctx context.Context, hooks bool) (bool, error) {
	e := u.e
	v, work := e.clone(u.instance)
	u.work = work
	for i := range u.changes {
		if err := u.changes[i].applyTo(e, work); err != nil {
			return false, err
		}
	}
	base := u.before
	if base == nil {
		_, base = e.clone(work) // before the hook
	}
	if hooks {
		if err := e.runBeforeUpdate(ctx, v); err != nil {
			return false, err
		}
	}
	extra, err := e.difference(base, work)
	if err != nil {
		return false, err
	}
	old := u.instance
	if u.before != nil {
		if old = u.before; len(extra)+len(u.changes) == 0 {
			return false, nil
		}
		if err := e.validate(ctx, v); err != nil {
			return false, err
		}
		for i := range extra {
			extra[i].checked = true
		}
	}
	u.changes = override(u.changes, extra)
	u.key = old
	if e.version != nil {
		u.ifVersion = new(e.versionOf(old))
		e.setVersion(work, e.versionOf(old)+1)
	}
	if u.returns == "" {
		u.returns = types.ReturnValueAllNew
	}
	return true, nil
}

// override adds changes of whole attributes to others, in whose place they come.
func override(changes, extra []change) []change {
	out := slices.DeleteFunc(slices.Clone(changes), func(c change) bool {
		segments, err := splitPath(c.path)
		return err == nil && slices.ContainsFunc(extra, func(x change) bool { return x.path == quotePath(segments[0].name) })
	})
	return append(out, extra...)
}

// difference lists the changes that make the item at a into the one at b, but for what every update
// sets by itself.
func (e *entity) difference(a, b unsafe.Pointer) ([]change, error) {
	var out []change
	for _, f := range e.plan.Fields() {
		before, err := f.AppendFrom(nil, a)
		if err != nil {
			return nil, &EncodeError{Entity: e.name, Err: err}
		}
		after, err := f.AppendFrom(nil, b)
		if err != nil {
			return nil, &EncodeError{Entity: e.name, Err: err}
		}
		if f == e.version || e.auto.touches(f) || bytes.Equal(before, after) {
			continue
		}
		c := change{op: changeRemove, path: quotePath(f.Name)}
		if len(after) > 0 {
			v, _ := f.Value(b)
			c = change{op: changeSet, path: quotePath(f.Name), value: v.Interface()}
		}
		out = append(out, c)
	}
	rest, err := e.restDifference(a, b)
	return append(out, rest...), err
}

// plan makes the request from the key, the changes and the conditions.
func (u *update) plan(ctx context.Context, c *conn) (*request, error) {
	e := u.e
	r := &request{e: e, op: u.op, verb: verbUpdate, returns: u.returns, mustExist: !u.upsert}
	var err error
	if r.key, err = e.keyOf(u.key); err != nil {
		return nil, err
	}
	if len(u.changes) == 0 {
		return nil, u.changesNothing()
	}
	s := &updateState{u: u, r: r, c: c, changed: map[string][]resolved{}, known: map[string]bool{}}
	if s.now, err = e.keyOnly(u.key); err != nil {
		return nil, err
	}
	for _, k := range e.keyFields() {
		s.known[k] = true
	}
	for _, step := range []func(context.Context) error{s.resolve, s.fill, s.useKnown, s.findMissing, s.indexKeys, s.uniqueFields} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	conditions := append(s.conditions, u.conditions...)
	if len(e.upgrades) > 0 {
		conditions = append(conditions, e.inShape(u.upsert))
	}
	if !u.upsert {
		conditions = append([]expression.ConditionBuilder{expression.AttributeExists(attr(e.table.pk.name))}, conditions...)
	} else if err := s.addUpsert(); err != nil {
		return nil, err
	}
	if u.instance != nil {
		if err := e.checkInstanceSize(u.work, r); err != nil {
			return nil, err
		}
	}
	r.expr, err = e.build(&s.update, conditions)
	return r, err
}

func (u *update) changesNothing() error { return usagef("%s: the update changes nothing", u.e.name) }

// updateState is one request on its way.
type updateState struct {
	u          *update
	r          *request
	c          *conn // nil when nothing may be read
	update     expression.UpdateBuilder
	conditions []expression.ConditionBuilder
	changed    map[string][]resolved // by top-level attribute
	now        unsafe.Pointer        // the item after the update: the attributes that are known
	known      map[string]bool
	stored     *storedItem // what was read; nil when there is no item
	hasRead    bool
}

// resolved is a change and what it names.
type resolved struct {
	*change
	target
}

// resolve checks the changes and adds them to the expression.
func (s *updateState) resolve(ctx context.Context) error {
	e := s.u.e
	for i := range s.u.changes {
		c := &s.u.changes[i]
		t, err := e.resolve(c.path)
		if err != nil {
			return err
		}
		name := t.root.Name
		if slices.Contains(e.keyFields(), name) {
			return usagef("%s: attribute %q is part of the key and cannot be changed: delete the item and put another", e.name, name)
		}
		if t.root == e.version {
			return usagef("%s: attribute %q is the version, which every write raises by itself", e.name, name)
		}
		for _, o := range s.changed[name] {
			if t.overlaps(o.target) {
				return usagef("%s: the paths %q and %q overlap: an update can change each once", e.name, showPath(o.path), showPath(c.path))
			}
		}
		if !c.checked {
			if err := c.validate(ctx, e, t); err != nil {
				return err
			}
		}
		if err := c.addTo(&s.update, e, t); err != nil {
			return err
		}
		s.changed[name] = append(s.changed[name], resolved{c, t})
		if len(t.steps) == 0 && (c.op == changeSet || c.op == changeRemove) && e.derivesFrom(t.root) {
			if err := s.after(t.root, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// derivesFrom reports whether an index key or a sentinel is made of a field.
func (e *entity) derivesFrom(f *codec.Field) bool {
	return slices.ContainsFunc(e.indexes, func(x *entityIndex) bool { return slices.Contains(x.fields(), f) }) ||
		slices.ContainsFunc(e.unique, func(u *uniqueField) bool { return u.field == f })
}

// after sets an attribute of now to what the changes make of the value was, nil if it is absent.
func (s *updateState) after(f *codec.Field, was types.AttributeValue) error {
	for _, c := range s.changed[f.Name] {
		var err error
		if was, err = c.result(c.target, was); err != nil {
			return &EncodeError{Entity: s.u.e.name, Err: fmt.Errorf("attribute %s: %w", showPath(c.path), err)}
		}
	}
	if err := setStored(f, s.now, was); err != nil {
		return &EncodeError{Entity: s.u.e.name, Err: err}
	}
	s.known[f.Name] = true
	return nil
}

// fill adds what moves with every update: touch fields and the version.
func (s *updateState) fill(context.Context) error {
	e := s.u.e
	now := e.table.gen.clock().UTC()
	for i := range e.auto.fields {
		f := &e.auto.fields[i]
		name := f.field.Name
		if !f.always || len(s.changed[name]) > 0 {
			continue
		}
		v := f.field.Reach(s.now)
		if err := f.set(e.table.gen, now, v); err != nil {
			return &EncodeError{Entity: e.name, Err: err}
		}
		if s.u.work != nil {
			f.field.Reach(s.u.work).Set(v)
		}
		c := &change{op: changeSet, path: quotePath(name), value: v.Interface()}
		t := target{root: f.field, leaf: f.field, typ: f.field.Type, name: attr(name)}
		if err := c.addTo(&s.update, e, t); err != nil {
			return err
		}
		s.changed[name], s.known[name] = []resolved{{c, t}}, true
	}
	if e.version == nil {
		return nil
	}
	name := attr(e.version.Name)
	s.update = s.update.Set(name, expression.Plus(expression.IfNotExists(name, expression.Value(0)), expression.Value(1)))
	if s.u.ifVersion != nil {
		s.conditions = append(s.conditions, e.isVersion(*s.u.ifVersion))
	}
	return nil
}

// useKnown takes the values of Known, each of which becomes a condition.
func (s *updateState) useKnown(context.Context) error {
	e := s.u.e
	for i := range s.u.known {
		k := &s.u.known[i]
		t, err := e.resolve(k.path)
		switch {
		case err != nil:
			return err
		case len(t.steps) > 0:
			return usagef("%s: Known(%q): give a whole attribute", e.name, k.path)
		case slices.Contains(e.keyFields(), t.root.Name):
			return usagef("%s: Known(%q): the attribute is part of the key, which is known", e.name, k.path)
		}
		was, err := k.encode(t)
		if err != nil {
			return &EncodeError{Entity: e.name, Err: fmt.Errorf("attribute %s: %w", k.path, err)}
		}
		if err := s.assume(t.root, was); err != nil {
			return err
		}
	}
	return nil
}

// findMissing completes now for the index keys that the changes touch: from the stored item, or from the
// instance. Each value that is used becomes a condition.
func (s *updateState) findMissing(ctx context.Context) error {
	e := s.u.e
	missing := s.missing()
	if len(missing) == 0 {
		return nil
	}
	if s.u.fetch && s.c != nil {
		if err := s.read(ctx); err != nil {
			return err
		}
		for _, f := range missing {
			if err := s.assumeStored(f); err != nil {
				return err
			}
		}
		return nil
	}
	source := s.u.before
	if source == nil {
		source = s.u.instance
	}
	if source == nil {
		return nil
	}
	for _, f := range missing {
		was, err := storedForm(f, source)
		if err != nil {
			return &EncodeError{Entity: e.name, Err: err}
		}
		condition := sameValue(f.Name, was)
		if v, ok := f.Value(source); ok && was != nil && v.IsZero() && !s.setsIfAbsent(f) {
			condition = condition.Or(expression.AttributeNotExists(attr(f.Name))) // which is read as zero too
		}
		s.conditions = append(s.conditions, condition)
		if err := s.after(f, was); err != nil {
			return err
		}
	}
	return nil
}

func (s *updateState) setsIfAbsent(f *codec.Field) bool {
	return slices.ContainsFunc(s.changed[f.Name], func(c resolved) bool { return c.op == changeSetIfAbsent })
}

// read reads the stored item, once. Its being there, or not, becomes a condition.
func (s *updateState) read(ctx context.Context) error {
	if s.hasRead {
		return nil
	}
	var err error
	if s.stored, err = s.u.e.readStored(ctx, s.c, s.r.key); err != nil {
		return err
	}
	s.hasRead = true
	if s.stored == nil && !s.u.upsert {
		return &OpError{Op: s.u.op, Entity: s.u.e.name, Key: s.r.key.text(), Err: ErrNotFound}
	}
	s.conditions = append(s.conditions, s.r.assumeExists(s.stored))
	return nil
}

// assumeStored is assume for the value that was read.
func (s *updateState) assumeStored(f *codec.Field) error {
	was := s.stored.attr(f.Name)
	s.r.assumed = append(s.r.assumed, assumption{f.Name, was})
	return s.assume(f, was)
}

// assume makes the present value of an attribute a condition, and completes now with what the update
// makes of it.
func (s *updateState) assume(f *codec.Field, was types.AttributeValue) error {
	s.conditions = append(s.conditions, sameValue(f.Name, was))
	return s.after(f, was)
}

// sameValue is the condition that the stored attribute has a value; nil: that it is absent.
func sameValue(name string, was types.AttributeValue) expression.ConditionBuilder {
	if was == nil {
		return expression.AttributeNotExists(attr(name))
	}
	return expression.Equal(attr(name), expression.Value(was))
}

// touched lists the indexes whose keys have to be written: those with a changed component, and for an
// upsert, which may create the item, those whose keys are known anyway.
func (s *updateState) touched() []*entityIndex {
	var out []*entityIndex
	for _, x := range s.u.e.indexes {
		if len(x.keys()) == 0 {
			continue
		}
		changed, known := false, true
		for _, f := range x.fields() {
			changed = changed || len(s.changed[f.Name]) > 0
			known = known && s.known[f.Name]
		}
		if changed || s.u.upsert && known {
			out = append(out, x)
		}
	}
	return out
}

// missing lists the components of touched index keys whose values are not known.
func (s *updateState) missing() []*codec.Field {
	var out []*codec.Field
	for _, x := range s.touched() {
		if s.leaves(x) {
			continue
		}
		for _, f := range x.fields() {
			if !s.known[f.Name] && !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// leaves reports whether the item is out of a sparse index after the update, whatever the attributes are
// that are not known.
func (s *updateState) leaves(x *entityIndex) bool {
	return slices.ContainsFunc(x.fields(), func(f *codec.Field) bool {
		v, ok := f.Value(s.now)
		return s.known[f.Name] && (!ok || f.OmitEmpty && v.IsZero())
	})
}

// indexKeys sets the keys of touched indexes, or removes them when the item leaves the index.
func (s *updateState) indexKeys(context.Context) error {
	e := s.u.e
	for _, x := range s.touched() {
		if s.leaves(x) {
			for _, k := range x.keys() {
				s.update = s.update.Remove(attr(k.attr.name))
			}
			continue
		}
		if err := s.stale(x); err != nil {
			return err
		}
		for _, k := range x.keys() {
			text, err := k.appendText(nil, s.now)
			if err != nil {
				return &KeyError{Entity: e.name, Key: k.attr.name, Err: err}
			}
			s.update = s.update.Set(attr(k.attr.name), expression.Value(k.attributeValue(text)))
		}
	}
	return nil
}

// stale is the error of an index key whose components are not all known.
func (s *updateState) stale(x *entityIndex) error {
	var unknown []string
	for _, f := range x.fields() {
		if name := fmt.Sprintf("%q", f.Name); !s.known[f.Name] && !slices.Contains(unknown, name) {
			unknown = append(unknown, name)
		}
	}
	switch {
	case len(unknown) == 0:
		return nil
	case s.u.fetch:
		return usagef("%s: the key of index %q depends on %s in the stored item, which is read when the update is sent", s.u.e.name, x.name, strings.Join(unknown, ", "))
	}
	return usagef("%s: the update would leave the key of index %q stale, which is also made of %s: "+
		"set them too, give their present values with Known, or use Fetch", s.u.e.name, x.name, strings.Join(unknown, ", "))
}

// uniqueFields adds the sentinels when a unique field is changed, which takes its stored value.
func (s *updateState) uniqueFields(ctx context.Context) error {
	e := s.u.e
	changed := slices.ContainsFunc(e.unique, func(u *uniqueField) bool { return len(s.changed[u.field.Name]) > 0 })
	if !changed || s.c == nil {
		return nil
	}
	if s.u.returns == types.ReturnValueAllOld {
		return usagef("%s: Previous of an update of a unique attribute: it takes a transaction, which gives nothing back", e.name)
	}
	if err := s.read(ctx); err != nil {
		return err
	}
	for _, u := range e.unique {
		if err := s.assumeStored(u.field); err != nil {
			return err
		}
	}
	var err error
	s.r.guards, err = e.guards(s.r.key, s.stored.at(), s.now)
	return err
}

// addUpsert sets what an item must have when the update creates it: its type and its key fields.
func (s *updateState) addUpsert() error {
	e := s.u.e
	if e.table.discriminator != "" {
		s.update = s.update.Set(attr(e.table.discriminator), expression.Value(e.name))
	}
	if len(e.upgrades) > 0 {
		s.update = s.update.Set(attr(schemaAttribute), expression.Value(len(e.upgrades)))
	}
	for _, name := range e.keyFields() {
		v, err := storedForm(e.plan.Field(name), s.u.key)
		if err != nil {
			return &EncodeError{Entity: e.name, Err: err}
		}
		if v != nil {
			s.update = s.update.Set(attr(name), expression.Value(v))
		}
	}
	return nil
}
