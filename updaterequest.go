package entable

import (
	"context"
	"reflect"
	"slices"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/aggregate"
	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
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
	conditions []change.Condition
	ifVersion  *int64
	upsert     bool
	fetch      bool
	once       bool
	skipHooks  *bool
	unchecked  bool
	held       *aggregate.Held // of SaveChanges: before is what has to be stored
	part       *aggregate.Part // of one attempt: before was read in part
	err        error           // of an option
	returns    types.ReturnValue
	give       func(stored any)
	elsewhere  bool                            // of the next attempt: the item was not where it was looked for
	spread     bool                            // of one attempt: the item may be at two places
	origin     *update                         // of one attempt: what it was made from
	seen       map[string]types.AttributeValue // of the next attempt: the stored item that the last one met, empty for none
	fresh      unsafe.Pointer                  // the item that an upsert made last, if there was none
}

// The builders' methods are made anew for each entity, so what they do is done here.

//go:noinline
func (u *update) start(e *entity, op string, key, instance unsafe.Pointer) {
	*u = update{e: e, op: op, key: key, instance: instance}
}

func (u *update) configure(opts []WriteOption) {
	var w writeConfig
	u.err = w.configure(u.e != nil && u.e.skipHooks, opts)
	u.conditions, u.skipHooks, u.unchecked, u.held = w.conditions, &w.skipHooks, w.unchecked, w.held
}

//go:noinline
func (u *update) take(c change.Change, err error) {
	if u.changes = append(u.changes, c); err != nil {
		u.err = err
	}
}

//go:noinline
func (u *update) add(op change.Op, path string, value any) {
	u.take(change.Change{Op: op, Path: path, Value: value}, nil)
}

func (u *update) remove(paths []string) {
	for _, p := range paths {
		u.add(change.Remove, p, nil)
	}
}

//go:noinline
func (u *update) demand(condition expression.ConditionBuilder) {
	u.conditions = append(u.conditions, change.By(condition))
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
	update     change.Update
	conditions []change.Condition
	after      change.After
	now        time.Time   // of all timestamps of the write
	stored     *storedItem // what was read; nil when there is no item
	hasRead    bool
	moves      bool           // the item is at its other place
	other      schema.ItemKey // which is this
}

// useSeen takes the stored item that the attempt before this one has met.
func (s *updateState) useSeen(ctx context.Context) error {
	seen, err := s.u.e.asSent(ctx, "met by ", s.u.key, s.u.seen)
	if s.u.seen = seen; err != nil || seen == nil {
		return err
	}
	return s.read(ctx)
}

// resolve checks the changes.
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
		one := change.Resolved{Change: c, Target: t}
		o, err := s.after.Changes.Add(one)
		if err != nil {
			return e.refused(err)
		}
		if o != nil {
			return usagef("%s: the paths %q and %q overlap: an update can change each once", e.Name, change.Show(o.Path), change.Show(c.Path))
		}
		if !c.Checked && !s.u.unchecked {
			if err := e.validateChange(ctx, c, t); err != nil {
				return err
			}
		}
		if inKey || one.Replaces() && e.DerivesFrom(t.Root) {
			if err := s.after.Find(t.Root, nil); err != nil {
				return e.encodeError(err)
			}
		}
		if inKey { // it is around a part of the key, which has to stay
			if key, err := e.keyOf(s.after.Item); err != nil || key.Text() != s.r.key.Text() {
				return usagef("%s: attribute %q has a part of the key, which cannot be changed: delete the item and put another", e.Name, name)
			}
		}
	}
	return nil
}

// set adds a change of the library's own.
func (s *updateState) set(op change.Op, f *codec.Field, v reflect.Value) error {
	_, err := s.after.Changes.Add(change.Resolved{Change: &change.Change{Op: op, Path: change.Quote(f.Name), Value: v.Interface(), Checked: true}, Target: change.Whole(f)})
	return s.u.e.refused(err)
}

// touch adds the time to what moves with every update.
func (s *updateState) touch(context.Context) error {
	e := s.u.e
	for i := range e.Auto.Fields {
		f := &e.Auto.Fields[i]
		if !f.Always || s.after.Changes.Has(f.Field.Name) {
			continue
		}
		v := f.Field.Reach(s.after.Item)
		if err := f.Set(e.Table.Settings().Gen, s.now, v); err != nil {
			return e.encodeError(err)
		}
		if s.u.work != nil {
			f.Field.Reach(s.u.work).Set(v)
		}
		if err := s.set(change.Set, f.Field, v); err != nil {
			return err
		}
		s.after.Know(f.Field.Name)
	}
	return nil
}

// fillIn adds to an upsert what a Put would fill in, for an item that does not have it, and checks the item that it makes when
// there is none.
func (s *updateState) fillIn(ctx context.Context) error {
	if !s.u.upsert {
		return nil
	}
	e := s.u.e
	fresh, err := e.keyOnly(s.u.key)
	if err != nil {
		return err
	}
	if r := replayOf(ctx); r != nil && s.u.fresh == nil {
		first, err := r.find("upsert of "+e.Name+s.r.key.Text(), func() (any, error) { return s.generated() })
		if err != nil {
			return e.encodeError(err)
		}
		s.u.fresh = first.(unsafe.Pointer)
	}
	if s.u.fresh != nil {
		e.Auto.KeepIDs(s.u.fresh, fresh)
	}
	s.after.Fresh, s.u.origin.fresh = fresh, fresh
	for i := range e.Auto.Fields {
		f := &e.Auto.Fields[i]
		if f.Always || s.after.Changes.Has(f.Field.Name) || slices.Contains(e.KeyAttrs, f.Field.Name) {
			continue
		}
		v := f.Field.Reach(fresh)
		if v.IsZero() {
			if err := f.Set(e.Table.Settings().Gen, s.now, v); err != nil {
				return e.encodeError(err)
			}
		}
		switch stored, err := change.StoredForm(f.Field, fresh); {
		case err != nil:
			return e.encodeError(err)
		case stored != nil:
			if err := s.set(change.SetIfAbsent, f.Field, v); err != nil {
				return err
			}
		}
	}
	if err := s.after.Changes.Make(fresh); err != nil {
		return e.encodeError(err)
	}
	if e.Version != nil {
		e.SetVersion(fresh, 1)
	}
	if s.u.unchecked {
		return nil
	}
	return e.validate(ctx, e.At(fresh))
}

// generated returns an item with the key and the generated values, for others to take their ids from.
func (s *updateState) generated() (unsafe.Pointer, error) {
	item, err := s.u.e.keyOnly(s.u.key)
	if err == nil {
		err = s.u.e.Auto.Fill(s.u.e.Table.Settings().Gen, s.now, item)
	}
	return item, err
}

// express adds the changes to the expression.
func (s *updateState) express(context.Context) error {
	var item map[string]types.AttributeValue
	if s.stored != nil {
		item = s.stored.attrs
	}
	guards, err := s.after.Changes.AddTo(&s.update, item, s.hasRead)
	s.guard(guards...)
	if err = s.u.e.encodeError(err); err != nil && s.hasRead {
		return &OpError{Op: s.u.op, Entity: s.u.e.Name, Key: s.r.key.Text(), Err: err}
	}
	return err
}

// guard makes guards conditions. When one fails, the update is prepared again with the item that it met.
func (s *updateState) guard(guards ...change.Guard) {
	for _, g := range guards {
		s.conditions = append(s.conditions, g.Condition)
		s.r.assumed = append(s.r.assumed, g)
	}
}

// keepPart makes it a condition that lists, maps and sets that are changed in an item that was read in part are stored as they were read.
func (s *updateState) keepPart(ctx context.Context) error {
	if s.u.part == nil {
		return nil
	}
	var stored map[string]types.AttributeValue
	if s.stored != nil {
		stored = s.stored.attrs
	}
	g, err := s.u.part.Guard(stored, func(item map[string]types.AttributeValue) unsafe.Pointer { return s.u.e.own(s.u.e.stored(ctx, item)) })
	if err == nil {
		s.guard(g)
	}
	return public(err)
}

// raiseVersion adds the version, which moves with every update.
func (s *updateState) raiseVersion(context.Context) error {
	e := s.u.e
	if e.Version == nil {
		return nil
	}
	s.update.Raise(e.Version.Name)
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
		case e.shape.Seals[t.Root.Name] != "":
			return usagef("%s: Known(%q): the attribute %s, and cannot be compared: use Fetch", e.Name, k.Path, e.shape.Seals[t.Root.Name])
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

// findMissing completes the item for the index keys that the changes touch: from the stored item, or from the
// instance. Each value that is used becomes a condition.
func (s *updateState) findMissing(ctx context.Context) error {
	e := s.u.e
	missing := s.after.Missing()
	if len(missing) == 0 {
		return nil
	}
	unknown := s.u.instance != nil && e.IsPart(s.u.instance) || slices.ContainsFunc(missing, func(f *codec.Field) bool { return e.shape.Seals[f.Name] != "" })
	if s.hasRead || (s.u.fetch || unknown && s.u.instance != nil) && s.c != nil {
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
	if source == nil || unknown {
		return nil
	}
	for _, f := range missing {
		was, err := change.StoredForm(f, source)
		if err != nil {
			return e.encodeError(err)
		}
		if h := s.u.held; h != nil && h.Seen != nil {
			was = h.Seen[f.Name]
		}
		condition := change.Is(f.Name, was).Condition
		if v, ok := f.Value(source); ok && was != nil && v.IsZero() && !s.setsIfAbsent(f) {
			condition = condition.Or(change.Absent(f.Name)) // which is read as zero too
		}
		s.conditions = append(s.conditions, condition)
		if err := s.after.Find(f, was); err != nil {
			return e.encodeError(err)
		}
	}
	return nil
}

func (s *updateState) setsIfAbsent(f *codec.Field) bool {
	return slices.ContainsFunc(s.after.Changes.Of(f.Name), func(c change.Resolved) bool { return c.Op == change.SetIfAbsent })
}

// read reads the stored item, once. Its being there, or not, becomes a condition.
func (s *updateState) read(ctx context.Context) error {
	if s.hasRead {
		return nil
	}
	var err error
	if seen := s.u.seen; seen == nil || len(s.u.e.Unique) > 0 {
		s.stored, err = s.u.e.readStored(ctx, s.c, s.r.key)
	} else if len(seen) > 0 {
		s.stored = &storedItem{attrs: seen}
	}
	if err != nil {
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
	s.guard(change.Is(f.Name, was))
	return s.u.e.encodeError(s.after.Find(f, was))
}

// assume makes the present value of an attribute a condition, and completes the item with what the update
// makes of it.
func (s *updateState) assume(f *codec.Field, was types.AttributeValue) error {
	s.conditions = append(s.conditions, change.Is(f.Name, was).Condition)
	return s.u.e.encodeError(s.after.Find(f, was))
}

// upsertKeys sees to the index keys of an upsert whose components are not known.
func (s *updateState) upsertKeys(ctx context.Context) error {
	if !s.u.upsert {
		return nil
	}
	for _, x := range s.after.Indexes {
		if s.u.fetch && s.c != nil && s.after.Open(x) {
			if err := s.read(ctx); err != nil {
				return err
			}
		}
		if s.stored != nil {
			continue // it has them
		}
		guards, err := s.after.AddNew(&s.update, x, s.u.e.Table.PK.Name, s.hasRead)
		if err != nil {
			return s.u.e.refused(err)
		}
		s.guard(guards...)
	}
	return nil
}

// indexKeys sets the keys of the indexes that the update touches.
func (s *updateState) indexKeys(context.Context) error {
	return s.u.e.refused(s.after.AddKeys(&s.update, s.u.fetch))
}

// uniqueFields adds the sentinels when a unique field is changed, which takes its stored value.
func (s *updateState) uniqueFields(ctx context.Context) error {
	e := s.u.e
	changed := slices.ContainsFunc(e.Unique, func(u *schema.UniqueField) bool { return s.after.Changes.Has(u.Field.Name) })
	if !changed && !s.moves || s.c == nil {
		return nil
	}
	if s.u.returns == types.ReturnValueAllOld && !s.moves {
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
	s.r.guards, err = e.guards(s.r.key, s.stored, s.after.Item)
	return err
}

// addUpsert sets what an item must have when the update creates it: its type and its key fields.
func (s *updateState) addUpsert() error {
	e := s.u.e
	if e.Table.Discriminator != "" {
		s.update.Set(e.Table.Discriminator, &types.AttributeValueMemberS{Value: e.TypeValue})
	}
	if len(e.Upgrades) > 0 {
		s.update.Set(schema.SchemaAttribute, number(int64(len(e.Upgrades))))
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
			s.update.Set(name, v)
		}
	}
	return nil
}
