package entable

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// update is an Update without its type.
type update struct {
	e          *entity
	op         string
	key        unsafe.Pointer // an item with the key fields set
	instance   unsafe.Pointer // the caller's struct: Patch and SaveChanges
	before     unsafe.Pointer // SaveChanges: as it was loaded
	work       unsafe.Pointer // of one attempt: a copy of the instance with the new values
	changes    []change.Change
	known      []change.Change
	conditions []expression.ConditionBuilder
	ifVersion  *int64
	upsert     bool
	fetch      bool
	skipHooks  *bool
	unchecked  bool
	err        error // of an option
	returns    types.ReturnValue
	give       func(stored any)
}

// The builders' methods are made anew for each entity, so what they do is done here.

//go:noinline
func (u *update) start(e *entity, op string, key, instance unsafe.Pointer) {
	*u = update{e: e, op: op, key: key, instance: instance}
}

func (u *update) configure(opts []WriteOption) {
	var w writeConfig
	u.err = w.configure(u.e != nil && u.e.skipHooks, opts)
	u.conditions, u.skipHooks, u.unchecked = w.conditions, &w.skipHooks, w.unchecked
}

//go:noinline
func (u *update) take(c change.Change) { u.changes = append(u.changes, c) }

//go:noinline
func (u *update) add(op change.Op, path string, value any) {
	u.take(change.Change{Op: op, Path: path, Value: value})
}

func (u *update) remove(paths []string) {
	for _, p := range paths {
		u.add(change.Remove, p, nil)
	}
}

//go:noinline
func (u *update) demand(condition expression.ConditionBuilder) {
	u.conditions = append(u.conditions, condition)
}

//go:noinline
func (u *update) knows(attribute string, value any) {
	u.known = append(u.known, change.Change{Op: change.Set, Path: attribute, Value: value})
}

func (u *update) entity() *entity { return u.e }

// updateState is one request on its way.
type updateState struct {
	u          *update
	r          *request
	c          *route.Conn // nil when nothing may be read
	update     expression.UpdateBuilder
	conditions []expression.ConditionBuilder
	changed    map[string][]change.Resolved // by top-level attribute
	now        unsafe.Pointer               // the item after the update: the attributes that are known
	known      map[string]bool
	stored     *storedItem // what was read; nil when there is no item
	hasRead    bool
}

// resolve checks the changes and adds them to the expression.
func (s *updateState) resolve(ctx context.Context) error {
	e := s.u.e
	for i := range s.u.changes {
		c := &s.u.changes[i]
		t, err := e.resolve(c.Path)
		if err != nil {
			return err
		}
		name := t.Root.Name
		inKey := e.InKey(t.Names())
		if inKey && (slices.Contains(e.KeyAttrs, name) || !t.IsWhole() || c.Op != change.Set) {
			return usagef("%s: attribute %q is part of the key and cannot be changed: delete the item and put another", e.Name, change.Show(c.Path))
		}
		if t.Root == e.Version {
			return usagef("%s: attribute %q is the version, which every write raises by itself", e.Name, name)
		}
		for _, o := range s.changed[name] {
			if t.Overlaps(o.Target) {
				return usagef("%s: the paths %q and %q overlap: an update can change each once", e.Name, change.Show(o.Path), change.Show(c.Path))
			}
		}
		if !c.Checked && !s.u.unchecked {
			if err := e.validateChange(ctx, c, t); err != nil {
				return err
			}
		}
		if err := e.encodeError(c.AddTo(&s.update, t)); err != nil {
			return err
		}
		one := change.Resolved{Change: c, Target: t}
		s.changed[name] = append(s.changed[name], one)
		if inKey || one.Replaces() && e.DerivesFrom(t.Root) {
			if err := s.after(t.Root, nil); err != nil {
				return err
			}
		}
		if inKey { // it is around a part of the key, which has to stay
			if key, err := e.keyOf(s.now); err != nil || key.Text() != s.r.key.Text() {
				return usagef("%s: attribute %q has a part of the key, which cannot be changed: delete the item and put another", e.Name, name)
			}
		}
	}
	return nil
}

// after sets an attribute of now to what the changes make of the value was, nil if it is absent.
func (s *updateState) after(f *codec.Field, was types.AttributeValue) error {
	now, err := change.Result(s.changed[f.Name], was)
	if err == nil {
		err = change.SetStored(f, s.now, now)
	}
	if err != nil {
		return s.u.e.encodeError(err)
	}
	s.known[f.Name] = true
	return nil
}

// least encodes what the item has at least after the update, whatever is stored. What is put into parts of an attribute stands
// in a list, which takes no more than what they are in.
func (s *updateState) least() ([]byte, error) {
	item := maps.Clone(s.r.key.Attrs)
	for name, changes := range s.changed {
		var parts []types.AttributeValue
		for _, c := range changes {
			v, err := c.Puts()
			if err != nil {
				return nil, s.u.e.encodeError(err)
			}
			if c.IsWhole() {
				item[name] = v
			} else if v != nil {
				parts = append(parts, v)
			}
		}
		if len(parts) > 0 {
			item[name] = &types.AttributeValueMemberL{Value: parts}
		}
	}
	maps.DeleteFunc(item, func(_ string, v types.AttributeValue) bool { return v == nil })
	raw, err := wire.AppendItem(nil, item)
	return raw, s.u.e.encodeError(err)
}

// fill adds what moves with every update: touch fields and the version.
func (s *updateState) fill(context.Context) error {
	e := s.u.e
	now := e.Auto.Now(e.Table.Gen)
	for i := range e.Auto.Fields {
		f := &e.Auto.Fields[i]
		name := f.Field.Name
		if !f.Always || len(s.changed[name]) > 0 {
			continue
		}
		v := f.Field.Reach(s.now)
		if err := f.Set(e.Table.Gen, now, v); err != nil {
			return e.encodeError(err)
		}
		if s.u.work != nil {
			f.Field.Reach(s.u.work).Set(v)
		}
		c := &change.Change{Op: change.Set, Path: change.Quote(name), Value: v.Interface()}
		t := change.Whole(f.Field)
		if err := e.encodeError(c.AddTo(&s.update, t)); err != nil {
			return err
		}
		s.changed[name], s.known[name] = []change.Resolved{{Change: c, Target: t}}, true
	}
	if e.Version == nil {
		return nil
	}
	name := attr(e.Version.Name)
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
		t, err := e.resolve(k.Path)
		switch {
		case err != nil:
			return err
		case !t.IsWhole():
			return usagef("%s: Known(%q): give a whole attribute", e.Name, k.Path)
		case slices.Contains(e.KeyAttrs, t.Root.Name):
			return usagef("%s: Known(%q): the attribute is part of the key, which is known", e.Name, k.Path)
		}
		was, err := k.Encode(t)
		if err != nil {
			return e.encodeError(err)
		}
		if err := s.assume(t.Root, was); err != nil {
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
		was, err := change.StoredForm(f, source)
		if err != nil {
			return e.encodeError(err)
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
	return slices.ContainsFunc(s.changed[f.Name], func(c change.Resolved) bool { return c.Op == change.SetIfAbsent })
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
		return &OpError{Op: s.u.op, Entity: s.u.e.Name, Key: s.r.key.Text(), Err: ErrNotFound}
	}
	s.conditions = append(s.conditions, s.r.assumeExists(s.stored))
	return nil
}

// assumeStored does what assume does for the value that was read.
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

// touched lists the indexes whose keys have to be written: those with a changed component, and for an
// upsert, which may create the item, those whose keys are known anyway.
func (s *updateState) touched() []*schema.KeptKeys {
	var out []*schema.KeptKeys
	for _, x := range s.u.e.Kept {
		changed, known := false, true
		for _, f := range x.Fields() {
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
		for _, f := range x.Fields() {
			if !s.known[f.Name] && !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// leaves reports whether the item is out of a sparse index after the update, whatever the attributes are
// that are not known.
func (s *updateState) leaves(x *schema.KeptKeys) bool { return x.Absent(s.now, s.known) }

// indexKeys sets the keys of touched indexes, or removes them when the item leaves the index.
func (s *updateState) indexKeys(context.Context) error {
	e := s.u.e
	for _, x := range s.touched() {
		if s.leaves(x) {
			for _, k := range x.Keys {
				s.update = s.update.Remove(attr(k.Attr.Name))
			}
			continue
		}
		if err := s.stale(x); err != nil {
			return err
		}
		for _, k := range x.Keys {
			text, err := k.AppendText(nil, s.now)
			if err != nil {
				return &KeyError{Entity: e.Name, Key: k.Attr.Name, Err: err}
			}
			s.update = s.update.Set(attr(k.Attr.Name), expression.Value(k.AttributeValue(text)))
		}
	}
	return nil
}

// stale returns the error of an index key whose components are not all known.
func (s *updateState) stale(x *schema.KeptKeys) error {
	var unknown []string
	for _, f := range x.Fields() {
		if name := fmt.Sprintf("%q", f.Name); !s.known[f.Name] && !slices.Contains(unknown, name) {
			unknown = append(unknown, name)
		}
	}
	switch {
	case len(unknown) == 0:
		return nil
	case s.u.fetch:
		return usagef("%s: the key of index %q depends on %s in the stored item, which is read when the update is sent", s.u.e.Name, x.Index, strings.Join(unknown, ", "))
	}
	return usagef("%s: the update would leave the key of index %q stale, which is also made of %s: "+
		"set them too, give their present values with Known, or use Fetch", s.u.e.Name, x.Index, strings.Join(unknown, ", "))
}

// uniqueFields adds the sentinels when a unique field is changed, which takes its stored value.
func (s *updateState) uniqueFields(ctx context.Context) error {
	e := s.u.e
	changed := slices.ContainsFunc(e.Unique, func(u *schema.UniqueField) bool { return len(s.changed[u.Field.Name]) > 0 })
	if !changed || s.c == nil {
		return nil
	}
	if s.u.returns == types.ReturnValueAllOld {
		return usagef("%s: Previous of an update of a unique attribute: it takes a transaction, which gives nothing back", e.Name)
	}
	if err := s.read(ctx); err != nil {
		return err
	}
	for _, u := range e.Unique {
		if err := s.assumeStored(u.Field); err != nil {
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
	if path := e.InnerKey(); path != "" {
		return usagef("%s: Upsert: the key attribute %q lies inside another, which an update cannot make: use Put", e.Name, path)
	}
	if e.Table.Discriminator != "" {
		s.update = s.update.Set(attr(e.Table.Discriminator), expression.Value(e.TypeValue))
	}
	if len(e.Upgrades) > 0 {
		s.update = s.update.Set(attr(schema.SchemaAttribute), expression.Value(len(e.Upgrades)))
	}
	for _, name := range e.KeyAttrs {
		if alone, _ := e.Alone(name); alone {
			continue
		}
		v, err := change.StoredForm(e.Plan.Field(name), s.u.key)
		if err != nil {
			return e.encodeError(err)
		}
		if v != nil {
			s.update = s.update.Set(attr(name), expression.Value(v))
		}
	}
	return nil
}
