package entable

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"github.com/entable/entable/internal/aggregate"
	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/work"
)

// SaveOption refines one [Collection.Save]: [InBatches], [ClientToken].
type SaveOption interface{ applySave(*saveConfig) }

type saveConfig struct {
	token   tokenOption
	several bool
}

type inBatches struct{}

func (inBatches) applySave(c *saveConfig) { c.several = true }

// InBatches lets a [Collection.Save] that is too large for one transaction be several, one after the other: creates, updates,
// deletes, each in the order of the collection's fields, where writes that exchange a unique value are together. Each is carried
// out as a whole or not at all, and instances have their values when theirs has succeeded.
//
// After an error, Save with the same before and after finishes what is left, also in another process. It knows what is done by
// what is stored: a write whose item already is what it would make of it is not done again. So what another writer has made the
// same meanwhile counts as done; where that must not be, as with counters, save what fits in one transaction. What a hook sets
// anew each time is no longer the same.
func InBatches() SaveOption { return inBatches{} }

// Clone copies a collection's items so deeply that changing v leaves the copy as it is, for [Collection.Save] to compare with. It
// copies what is stored; fields of C that take no items, and of items that are not stored, are shared.
func (c *Collection[C]) Clone(v *C) *C {
	if v == nil {
		return nil
	}
	out := new(C)
	*out = *v
	c.cloneItems(reflect.ValueOf(out).Elem())
	return out
}

// Save writes what differs between before, the items of a partition as they were loaded (nil: none), and after, in one
// transaction: items that are new are created, those that are missing deleted, of the others changed attributes set, as by
// [Entity.Create], [Entity.Remove] and [Entity.SaveChanges], with their hooks, generated values, validation, unique fields and index
// keys. An item whose key has changed is deleted and created. When nothing differs, nothing is sent.
//
// All depends on nobody having changed those items: a new one must not be there; of one with a version field that must be
// before's, of another the attributes that are changed and, where it is deleted, all. A lost race, like what else the service has
// against it, is a [*TransactionError], which names each such item, with a [*ConditionFailedError] in it; nothing is written then.
// Load anew and decide again. Items that do not differ are not looked at.
//
// after gets generated values and versions when Save succeeds; before stays as it is. Items that were read in part, from an index
// without [Query.Hydrate], can be saved, but none of them deleted.
//
// A transaction has at most 100 writes, those of unique fields counted, and 4 MB of items; more is an error that says how many,
// before any request, unless [InBatches] lets it be several. Options: [InBatches], [ClientToken].
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
func (c *Collection[C]) Save(ctx context.Context, before, after *C, opts ...SaveOption) error {
	if after == nil {
		return c.usagef("Save of a nil *%s: to delete a partition use Delete", c.name)
	}
	var was []aggregate.Item
	if before != nil {
		was = c.items(reflect.ValueOf(before).Elem())
	}
	return c.save(ctx, was, c.items(reflect.ValueOf(after).Elem()), opts)
}

func (g *grouping) usagef(format string, args ...any) error {
	return usagef("collection %s: %s", g.name, fmt.Sprintf(format, args...))
}

// shared refuses to write the items of a collection that are together only in an index.
func (g *grouping) shared() error {
	if m := apart(g.order[0], g.byType, ""); m != nil {
		return g.usagef("%s and %s share the partitions of an index only, whose items are of many partitions: write them with their entities", g.order[0].Name, m.Name)
	}
	return nil
}

// refused makes the error that users see of items that cannot be written together.
func (g *grouping) refused(err error) error {
	if r, ok := err.(aggregate.Refusal); ok {
		return g.usagef("%s", r)
	}
	return public(err)
}

// items lists the items of the collection v in the order of its fields.
func (g *grouping) items(v reflect.Value) (list []aggregate.Item) {
	for _, e := range g.order {
		to := g.members[e]
		add := func(v reflect.Value) {
			if to.pointer && v.IsNil() {
				return
			}
			if to.pointer {
				v = v.Elem()
			}
			list = append(list, aggregate.Item{Entity: e.Entity, Ptr: v.Addr().UnsafePointer()})
		}
		f := v.FieldByIndex(to.index)
		if !to.slice {
			add(f)
			continue
		}
		for i := range f.Len() {
			add(f.Index(i))
		}
	}
	return list
}

// cloneItems puts copies in the place of the items of the collection v.
func (g *grouping) cloneItems(v reflect.Value) {
	for _, e := range g.order {
		to, f := g.members[e], v.FieldByIndex(g.members[e].index)
		if f.IsNil() {
			continue
		}
		places := []reflect.Value{f}
		if to.slice {
			own := reflect.MakeSlice(f.Type(), f.Len(), f.Len())
			reflect.Copy(own, f)
			f.Set(own)
			places = nil
			for i := range own.Len() {
				places = append(places, own.Index(i))
			}
		}
		for _, at := range places {
			switch {
			case !to.pointer:
				_, copied := e.DeepClone(at.Addr().UnsafePointer())
				e.Assign(at.Addr().UnsafePointer(), copied)
			case !at.IsNil():
				copied, _ := e.DeepClone(at.UnsafePointer())
				at.Set(reflect.ValueOf(copied))
			}
		}
	}
}

func (g *grouping) save(ctx context.Context, before, after []aggregate.Item, opts []SaveOption) error {
	var cfg saveConfig
	if err := apply(opts, func(o SaveOption) { o.applySave(&cfg) }); err != nil {
		return err
	}
	if err := g.shared(); err != nil {
		return err
	}
	writes, err := aggregate.Compare(before, after, func(e *schema.Entity, a, b unsafe.Pointer) (bool, error) {
		own := ownerOf(e)
		list, err := own.difference(a, b, own.keepsUp)
		return len(list) > 0, err
	})
	if err != nil {
		return g.refused(err)
	}
	batches, cost, err := aggregate.Pack(writes)
	switch {
	case err != nil:
		return g.refused(err)
	case len(batches) > 1 && !cfg.several:
		return g.usagef("Save has %d writes, %s: InBatches makes it several", len(writes), cost)
	case len(batches) > 1 && cfg.token != "":
		return g.usagef("ClientToken is of one transaction, and Save takes %d: with InBatches it can be repeated without", len(batches))
	}
	done := 0
	for _, batch := range batches {
		switch err := cfg.send(ctx, batch); {
		case err != nil && len(batches) > 1:
			return &OpError{Op: opSave, Entity: g.name, Err: partlyError{fmt.Sprintf("%d of %d writes are done", done, len(writes)), err}}
		case err != nil:
			return err
		}
		done += len(batch)
	}
	return nil
}

// partlyError is the error of an operation that has done a part.
type partlyError struct {
	done string
	err  error
}

func (e partlyError) Error() string { return e.done + ": " + trim(e.err, "") }
func (e partlyError) Unwrap() error { return e.err }

// send carries out one transaction of a Save.
func (cfg *saveConfig) send(ctx context.Context, batch []aggregate.Write) error {
	var opts []TransactOption
	if cfg.token != "" {
		opts = append(opts, cfg.token)
	}
	left := make([]Write, len(batch))
	for i, w := range batch {
		left[i] = newSaved(w)
	}
	tries := work.Tries{Most: maxConflicts, Eager: true}
	for {
		err := Transact(ctx, left, opts...)
		failed, ok := errors.AsType[*TransactionError](err)
		if !ok || len(failed.Reasons) == 0 {
			return err
		}
		rest := slices.Clone(left)
		for _, reason := range failed.Reasons {
			stored, ok := errors.AsType[*ConditionFailedError](reason.Err)
			w := left[reason.Index].(*saved)
			switch {
			case !ok:
				return err
			case cfg.several && w.made(stored):
				rest[reason.Index] = nil
			case !w.spell(stored):
				return err
			}
		}
		if left = slices.DeleteFunc(rest, func(w Write) bool { return w == nil }); len(left) == 0 {
			return nil
		}
		if !tries.More(ctx) {
			return err
		}
	}
}

// saved is a write of a Save.
type saved struct {
	aggregate.Write
	e    *entity
	op   Write
	held held
	last *request
}

func newSaved(w aggregate.Write) *saved {
	s := &saved{Write: w, e: ownerOf(w.Entity), held: held{before: w.Before}}
	switch {
	case w.Before == nil:
		s.op = &PutOp{s.e, opCreate, w.After, nil}
	case w.After == nil:
		_, copied := s.e.Clone(w.Before) // what a hook changes of it is nobody's
		s.op = &DeleteOp{s.e, opRemove, copied, []WriteOption{&s.held}}
	default:
		o := &SaveOp{}
		o.u.start(s.e, opSaveChanges, w.Before, w.After)
		o.u.before = w.Before
		o.u.configure([]WriteOption{&s.held})
		s.op = o
	}
	return s
}

func (s *saved) entity() *entity { return s.e }

func (s *saved) prepare(ctx context.Context, c *route.Conn, in *room) (*request, error) {
	r, err := s.op.prepare(ctx, c, in)
	s.last = r
	return r, err
}

// spell takes the stored item that the write has met, if that is what it was before and only written otherwise than entable
// does: it is the same to who reads it, and not to a condition.
func (s *saved) spell(met *ConditionFailedError) bool {
	item, ok := conditionFailed(met)
	if s.held.seen != nil || s.Before == nil || !ok || reflect.TypeOf(met.Stored) != reflect.PointerTo(s.e.Type) {
		return false
	}
	list, err := s.e.difference(s.Before, s.e.Pointer(met.Stored), func(*codec.Field) bool { return false })
	s.held.seen = item.Item
	return err == nil && len(list) == 0
}

// made reports whether the stored item that the write has met is what it makes, and gives it to the caller then.
func (s *saved) made(met *ConditionFailedError) bool {
	switch {
	case s.After == nil || met.Stored == nil:
		return s.After == nil && met.Stored == nil
	case reflect.TypeOf(met.Stored) != reflect.PointerTo(s.e.Type):
		return false
	}
	is, now := s.e.Pointer(met.Stored), s.last.work
	u, updated := s.last.by.(*update)
	if updated {
		now = u.work
		if v := s.e.Version; v != nil && s.e.VersionOf(is) != s.last.next {
			return false
		}
	}
	list, err := s.e.difference(now, is, func(f *codec.Field) bool { return f == s.e.Version || s.e.GeneratesAnew(f, s.After) })
	left := change.Names(list)
	if updated { // others may have changed the rest
		changed := change.Names(u.changes)
		left = slices.DeleteFunc(left, func(name string) bool { return !slices.Contains(changed, name) })
	}
	if err != nil || len(left) > 0 {
		return false
	}
	s.e.KeepUnstored(is, now)
	s.e.Assign(s.After, is)
	return true
}
