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
	"github.com/entable/entable/internal/wire"
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
	one.u.give = func(l loaded) { stored, _ = l.value.(*T) }
	err := do(ctx, &one, u.u.op)
	return stored, err
}

// Input returns the request that the update would send, without a client and without sending it.
// Hooks do not run.
func (u *Update[T]) Input() (*dynamodb.UpdateItemInput, error) {
	p, err := u.u.plan(nil, nil)
	if err != nil {
		return nil, err
	}
	return p.updateInput(), nil
}

func (u *Update[T]) entity() *entity { return u.u.e }

func (u *Update[T]) prepare(ctx context.Context, c *conn) (*request, error) {
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
	changes    []change
	known      []change
	conditions []expression.ConditionBuilder
	ifVersion  *int64
	upsert     bool
	fetch      bool
	skipHooks  *bool
	returns    types.ReturnValue
	give       func(loaded)
}

// prepare makes the request of one attempt.
func (u *update) prepare(ctx context.Context, c *conn) (*request, error) {
	e := u.e
	if u.key == nil || u.op == opSaveChanges && u.instance == nil {
		return nil, e.nilInstance(u.op)
	}
	one := *u // what this attempt adds is its own
	hooks := u.instance != nil && !e.skipHooks
	if u.skipHooks != nil {
		hooks = u.instance != nil && !*u.skipHooks
	}
	var work unsafe.Pointer
	if u.instance != nil {
		var err error
		if work, err = one.fromInstance(ctx, hooks); err != nil || work == nil {
			return nil, err
		}
	}
	r, err := one.plan(ctx, c)
	if err != nil {
		return nil, err
	}
	r.settle = func(ctx context.Context, stored loaded) error { return u.settle(ctx, stored, work, hooks) }
	return r, nil
}

// settle gives the values of a successful update to the caller.
func (u *update) settle(ctx context.Context, stored loaded, work unsafe.Pointer, hooks bool) error {
	if u.give != nil {
		u.give(stored)
	}
	if u.instance == nil {
		return stored.err
	}
	switch {
	case stored.err != nil:
		return stored.err
	case stored.value != nil && stored.entity == u.e:
		u.e.assign(u.instance, u.e.pointer(stored.value))
	default: // in a transaction, which gives nothing back: what was computed
		u.e.assign(u.instance, work)
	}
	if !hooks {
		return nil
	}
	return u.e.runAfterUpdate(ctx, u.e.at(u.instance))
}

// fromInstance turns the difference between the instance and its new values into changes. It returns
// the copy with the new values, or nil when SaveChanges has nothing to do.
func (u *update) fromInstance(ctx context.Context, hooks bool) (unsafe.Pointer, error) {
	e := u.e
	v, work := e.clone(u.instance)
	old := u.before
	if old == nil {
		old = u.instance
		for i := range u.changes {
			if err := u.changes[i].applyTo(e, work); err != nil {
				return nil, err
			}
		}
	}
	_, plain := e.clone(work) // before the hook and the generated values
	if hooks {
		if err := e.runBeforeUpdate(ctx, v); err != nil {
			return nil, err
		}
	}
	base := plain
	if u.before != nil {
		base = u.before
	}
	extra, err := e.difference(base, work)
	if err != nil {
		return nil, err
	}
	if u.before != nil && len(extra) == 0 {
		return nil, nil
	}
	if err := e.validate(ctx, v); err != nil && u.before != nil {
		return nil, err
	}
	u.changes = append(slices.Clone(u.changes), extra...)
	u.key, u.ifVersion = old, nil
	if e.version != nil {
		u.ifVersion = new(e.versionOf(old))
		e.setVersion(work, e.versionOf(old)+1)
	}
	if u.returns == "" {
		u.returns = types.ReturnValueAllNew
	}
	return work, nil
}

// difference lists the changes that make the item at a into the one at b.
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
		if f == e.version || bytes.Equal(before, after) {
			continue
		}
		c := change{op: changeRemove, path: quotePath(f.Name)}
		if len(after) > 0 {
			v, _ := f.Value(b)
			c = change{op: changeSet, path: quotePath(f.Name), value: v.Interface(), checked: true}
		}
		out = append(out, c)
	}
	rest, err := e.restDifference(a, b)
	return append(out, rest...), err
}

// plan makes the request from the key, the changes and the conditions.
func (u *update) plan(ctx context.Context, c *conn) (*request, error) {
	e := u.e
	r := &request{e: e, op: u.op, verb: verbUpdate, returns: u.returns, mustExist: !u.upsert, settle: settled, abandon: nothing}
	var err error
	if r.key, err = e.keyOf(u.key); err != nil {
		return nil, err
	}
	if len(u.changes) == 0 {
		return nil, usagef("%s: the update changes nothing", e.name)
	}
	s := &updateState{u: u, r: r, changed: map[string]*change{}}
	_, s.now = e.clone(u.key)
	if err := s.resolve(ctx); err != nil {
		return nil, err
	}
	if err := s.fill(); err != nil {
		return nil, err
	}
	if err := s.knownValues(ctx, c); err != nil {
		return nil, err
	}
	if err := s.indexKeys(); err != nil {
		return nil, err
	}
	if err := s.uniqueFields(ctx, c); err != nil {
		return nil, err
	}
	conditions := append(s.conditions, u.conditions...)
	if !u.upsert {
		conditions = append([]expression.ConditionBuilder{expression.AttributeExists(attr(e.table.pk.name))}, conditions...)
	} else if err := s.addUpsert(); err != nil {
		return nil, err
	}
	r.expr, err = e.build(&s.update, conditions)
	return r, err
}

// updateState is one request on its way.
type updateState struct {
	u          *update
	r          *request
	update     expression.UpdateBuilder
	conditions []expression.ConditionBuilder
	changed    map[string]*change // by top-level attribute
	roots      []string           // its keys, in order
	now        unsafe.Pointer     // the item as far as it is known: after the changes
	known      map[string]bool    // the attributes of now that are known
}

// resolve checks the changes and adds them to the expression.
func (s *updateState) resolve(ctx context.Context) error {
	e := s.u.e
	s.known = map[string]bool{}
	for _, k := range e.keyFields() {
		s.known[k] = true
	}
	for i := range s.u.changes {
		c := &s.u.changes[i]
		t, err := e.resolve(c.path)
		if err != nil {
			return err
		}
		if slices.Contains(e.keyFields(), t.root.Name) {
			return usagef("%s: attribute %q is part of the key and cannot be changed: delete the item and put another", e.name, t.root.Name)
		}
		if t.root == e.version {
			return usagef("%s: attribute %q is the version, which every write raises by itself", e.name, t.root.Name)
		}
		if !c.checked {
			if err := c.validate(ctx, e, t); err != nil {
				return err
			}
		}
		if err := c.addTo(&s.update, e, t); err != nil {
			return err
		}
		s.note(t, c)
	}
	return nil
}

// note remembers what a change does to a top-level attribute.
func (s *updateState) note(t target, c *change) {
	name := t.root.Name
	if _, again := s.changed[name]; !again {
		s.roots = append(s.roots, name)
	}
	s.changed[name] = c
	s.known[name] = !t.nested && c.applyTo(s.u.e, s.now) == nil && (c.op == changeSet || c.op == changeRemove)
}

// fill adds what moves with every update: touch fields and the version.
func (s *updateState) fill() error {
	e := s.u.e
	now := e.table.gen.clock().UTC()
	for i := range e.auto.fields {
		f := &e.auto.fields[i]
		if !f.always || s.changed[f.field.Name] != nil {
			continue
		}
		v, ok := f.field.Value(s.now)
		if !ok {
			continue
		}
		if err := f.set(e.table.gen, now, v); err != nil {
			return &EncodeError{Entity: e.name, Err: err}
		}
		c := &change{op: changeSet, path: quotePath(f.field.Name), value: v.Interface(), checked: true}
		if err := c.addTo(&s.update, e, target{root: f.field, leaf: f.field, name: attr(f.field.Name)}); err != nil {
			return err
		}
		s.changed[f.field.Name], s.known[f.field.Name] = c, true
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

// knownValues completes now for the index keys that the changes touch: from Known, from the instance, or
// from the stored item. Each value that is used becomes a condition.
func (s *updateState) knownValues(ctx context.Context, c *conn) error {
	e := s.u.e
	for i := range s.u.known {
		k := &s.u.known[i]
		t, err := e.resolve(k.path)
		if err != nil {
			return err
		}
		if err := k.applyTo(e, s.now); err != nil {
			return err
		}
		if err := s.assume(t.root, s.now); err != nil {
			return err
		}
	}
	source := s.u.before
	if source == nil {
		source = s.u.instance
	}
	missing := s.missing()
	if len(missing) == 0 && (len(e.unique) == 0 || !s.u.fetch) {
		return nil
	}
	if source == nil && s.u.fetch && c != nil {
		var err error
		if source, err = e.readStored(ctx, c, s.r.key); err != nil {
			return err
		}
		s.r.again = true
		if source == nil {
			if !s.u.upsert {
				return &OpError{Op: s.u.op, Entity: e.name, Key: s.r.key.text, Err: ErrNotFound}
			}
			_, source = e.clone(s.u.key)
		}
	}
	if source == nil {
		return nil
	}
	for _, f := range missing {
		if err := s.takeFrom(source, f); err != nil {
			return err
		}
	}
	return nil
}

// takeFrom takes the value of a field from a copy of the stored item, and applies the change that
// depends on it.
func (s *updateState) takeFrom(source unsafe.Pointer, f *codec.Field) error {
	if err := s.assume(f, source); err != nil {
		return err
	}
	from, ok := f.Value(source)
	to, ok2 := f.Value(s.now)
	if !ok || !ok2 {
		return nil
	}
	to.Set(from)
	if c := s.changed[f.Name]; c != nil {
		if err := c.applyTo(s.u.e, s.now); err != nil {
			s.known[f.Name] = false
			return nil //nolint:nilerr // indexKeys names the attribute that stays unknown
		}
	}
	return nil
}

// assume makes the value of a field in the item at ptr a condition.
func (s *updateState) assume(f *codec.Field, ptr unsafe.Pointer) error {
	if s.known[f.Name] {
		return nil
	}
	same, err := s.u.e.sameValue(f, ptr)
	if err != nil {
		return err
	}
	s.conditions = append(s.conditions, same)
	s.known[f.Name] = true
	return nil
}

// sameValue is the condition that the stored attribute has the value in the item at ptr.
func (e *entity) sameValue(f *codec.Field, ptr unsafe.Pointer) (expression.ConditionBuilder, error) {
	raw, err := f.AppendFrom(nil, ptr)
	if err != nil {
		return expression.ConditionBuilder{}, &EncodeError{Entity: e.name, Err: err}
	}
	if len(raw) == 0 {
		return expression.AttributeNotExists(attr(f.Name)), nil
	}
	v, err := wire.ReadValue(raw)
	if err != nil {
		return expression.ConditionBuilder{}, &EncodeError{Entity: e.name, Err: err}
	}
	return expression.Equal(attr(f.Name), expression.Value(v)), nil
}

// touched lists the indexes that have a changed component.
func (s *updateState) touched() []*entityIndex {
	var out []*entityIndex
	for _, x := range s.u.e.indexes {
		if slices.ContainsFunc(x.fields(), func(f *codec.Field) bool { return s.changed[f.Name] != nil }) || s.u.upsert {
			out = append(out, x)
		}
	}
	return out
}

// missing lists the components of touched index keys whose values are not known.
func (s *updateState) missing() []*codec.Field {
	var out []*codec.Field
	for _, x := range s.touched() {
		for _, f := range x.fields() {
			if !s.known[f.Name] && !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// indexKeys sets the keys of touched indexes, or removes them when the item leaves the index.
func (s *updateState) indexKeys() error {
	e := s.u.e
	for _, x := range s.touched() {
		if s.u.upsert && !s.anyKnown(x) {
			continue
		}
		var unknown []string
		for _, f := range x.fields() {
			if !s.known[f.Name] {
				unknown = append(unknown, fmt.Sprintf("%q", f.Name))
			}
		}
		if len(unknown) > 0 {
			return usagef("%s: the update would leave the key of index %q stale, which is also made of %s: "+
				"set them too, give their present values with Known, or use Fetch", e.name, x.name, strings.Join(unknown, ", "))
		}
		if x.absent(s.now) {
			for _, k := range x.keys() {
				s.update = s.update.Remove(attr(k.attr.name))
			}
			continue
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

// anyKnown reports whether an upsert says something about an index: else a created item is left out.
func (s *updateState) anyKnown(x *entityIndex) bool {
	return slices.ContainsFunc(x.fields(), func(f *codec.Field) bool { return s.changed[f.Name] != nil })
}

// uniqueFields adds the sentinels when a unique field is changed, which takes its stored value.
func (s *updateState) uniqueFields(ctx context.Context, c *conn) error {
	e := s.u.e
	changed := slices.ContainsFunc(e.unique, func(u *uniqueField) bool { return s.changed[u.field.Name] != nil })
	if !changed || c == nil {
		return nil
	}
	for _, u := range e.unique {
		if s.changed[u.field.Name] != nil && !s.known[u.field.Name] {
			return usagef("%s: attribute %q is unique and can only be set or removed as a whole", e.name, u.field.Name)
		}
	}
	old, err := e.readStored(ctx, c, s.r.key)
	if err != nil {
		return err
	}
	if old == nil && !s.u.upsert {
		return &OpError{Op: s.u.op, Entity: e.name, Key: s.r.key.text, Err: ErrNotFound}
	}
	same, err := e.unchanged(old)
	if err != nil {
		return err
	}
	s.conditions = append(s.conditions, same...)
	s.r.again = true
	now := s.now
	if old != nil { // the unique fields that do not change keep their sentinels
		for _, u := range e.unique {
			if s.changed[u.field.Name] == nil {
				to, _ := u.field.Value(now)
				from, _ := u.field.Value(old)
				to.Set(from)
			}
		}
	}
	s.r.guards, err = e.guards(s.r.key, old, now)
	return err
}

// addUpsert sets what an item must have when the update creates it: its type and its key fields.
func (s *updateState) addUpsert() error {
	e := s.u.e
	if e.table.discriminator != "" {
		s.update = s.update.Set(attr(e.table.discriminator), expression.Value(e.name))
	}
	for _, name := range e.keyFields() {
		f := e.plan.Field(name)
		raw, err := f.AppendFrom(nil, s.u.key)
		if err != nil {
			return &EncodeError{Entity: e.name, Err: err}
		}
		if len(raw) == 0 {
			continue
		}
		v, err := wire.ReadValue(raw)
		if err != nil {
			return &EncodeError{Entity: e.name, Err: err}
		}
		s.update = s.update.Set(attr(name), expression.Value(v))
	}
	return nil
}
