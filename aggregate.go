package entable

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/entable/entable/internal/aggregate"
	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/work"
)

type inBatches struct{}

func (inBatches) applySave(c *saveConfig) { c.several = true }

// InBatches lets a [Collection.Save] that is too large for one transaction be several, one after the other: creates, updates,
// deletes, each in the order of the collection's fields, where writes that exchange a unique value are together. Each is carried
// out as a whole or not at all, and instances have their values when theirs has succeeded.
//
// After an error, Save with the same before and after finishes what is left, also in another process. It knows what is done by
// what is stored: a write whose item already is what it would make of it is not done again. So what another writer has made the
// same meanwhile counts as done; where that must not be, as with counters, save what fits in one transaction. What a hook sets
// anew each time is no longer the same, and hooks do not run behind what is found done.
func InBatches() SaveOption { return inBatches{} }

// Clone copies a collection's items so deeply that changing v leaves the copy as it is, for [Collection.Save] to compare with. It
// copies what is stored; fields of C that take no items, and of items that are not stored, are shared.
func (c *Collection[C]) Clone(v *C) *C {
	if v == nil {
		return nil
	}
	out := new(*v)
	c.group.Separate(out)
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
// without [Query.Hydrate], can be saved, and deleted where they have a version.
//
// A transaction has at most 100 writes, those of unique fields counted, and 4 MB of items; more is an error that says how many,
// before any request, unless [InBatches] lets it be several. Options: [InBatches], [ClientToken],
// [SkipHooks], [SkipValidation].
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
func (c *Collection[C]) Save(ctx context.Context, before, after *C, opts ...SaveOption) error {
	if after == nil {
		return public(c.group.Refuse("Save of a nil *%s: to delete a partition use Delete", c.group.Name))
	}
	var cfg saveConfig
	if err := apply(opts, func(o SaveOption) { o.applySave(&cfg) }); err != nil {
		return err
	}
	return cfg.save(ctx, c.group, c.group.Items(before), c.group.Items(after))
}

func (cfg *saveConfig) save(ctx context.Context, g *aggregate.Group, before, after []aggregate.Item) error {
	writes, err := g.Compare(before, after)
	if err != nil {
		return public(err)
	}
	batches, cost, err := g.Pack(writes)
	switch {
	case err != nil:
		return public(err)
	case len(batches) > 1 && !cfg.several:
		return public(g.Refuse("Save has %d writes, %s: InBatches makes it several", len(writes), cost))
	case len(batches) > 1 && cfg.token != "":
		return public(g.Refuse("ClientToken is of one transaction, and Save takes %d: with InBatches it can be repeated without", len(batches)))
	}
	done := 0
	for _, batch := range batches {
		if err := cfg.send(ctx, batch); err != nil {
			if len(batches) > 1 {
				err = &OpError{Op: "Save", Entity: g.Name, Err: partlyError{fmt.Sprintf("%d of %d writes are done", done, len(writes)), err}}
			}
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
		opts = append(opts, tokenOption(cfg.token))
	}
	var left []Write
	for _, w := range batch {
		left = append(left, newSaved(w, cfg.each))
	}
	for tries := (work.Tries{Most: maxConflicts, Eager: true}); ; {
		err := Transact(ctx, left, opts...)
		failed, ok := errors.AsType[*TransactionError](err)
		if !ok || len(failed.Reasons) == 0 {
			return err
		}
		rest := slices.Clone(left)
		against := standing(failed.Reasons, func(reason TransactionReason) bool {
			done, again := left[reason.Index].(*saved).met(reason.Err, cfg.several)
			if done {
				rest[reason.Index] = nil
			}
			return done || again
		})
		if len(against) > 0 {
			failed.Reasons = against
			return err
		}
		left = slices.DeleteFunc(rest, func(w Write) bool { return w == nil })
		if len(left) > 0 && !tries.More(ctx) {
			return err
		}
	}
}

// saved is a write of a Save.
type saved struct {
	aggregate.Write
	e    *entity
	op   Write
	held aggregate.Held
	last *request
}

func newSaved(w aggregate.Write, opts []WriteOption) *saved {
	s := &saved{Write: w, e: ownerOf(w.Entity), held: aggregate.Held{Entity: w.Entity, Before: w.Before}}
	holding := append(slices.Clip(opts), writeOption(func(c *writeConfig) { c.held = &s.held }))
	switch {
	case w.Before == nil:
		s.op = &PutOp{s.e, opCreate, w.After, holding}
	case w.After == nil:
		_, copied := s.e.Clone(w.Before) // what a hook changes of it is nobody's
		s.op = &DeleteOp{s.e, opRemove, copied, holding}
	default:
		o := &SaveOp{}
		o.u.start(s.e, opSaveChanges, w.Before, w.After)
		o.u.before = w.Before
		o.u.configure(holding)
		s.op = o
	}
	return s
}

func (s *saved) entity() *entity { return s.e }

func (s *saved) prepare(ctx context.Context, c *route.Conn, in *room) (r *request, err error) {
	if s.Before != nil {
		if s.held.Seen, err = s.e.asSent(ctx, "held of ", s.Before, s.held.Seen); err != nil {
			return nil, err
		}
	}
	r, err = s.op.prepare(ctx, c, in)
	s.last = r
	return r, err
}

// met reports whether the write that failed is done, as the stored item that it has met is what it makes, which the caller gets
// then; or whether it can be sent again, as that is what it was before and only written otherwise.
func (s *saved) met(err error, resumed bool) (done, again bool) {
	by, ok := errors.AsType[*ConditionFailedError](err)
	failed, _ := conditionFailed(err)
	var is unsafe.Pointer
	if ok && by.Stored != nil {
		if is = s.e.own(by.Stored); is == nil {
			return false, false
		}
	}
	now, changed := s.last.work, []string(nil)
	if u, updated := s.last.by.(*update); updated {
		now, changed = u.work, change.Names(u.changes)
	}
	if !ok || !resumed || !s.Made(is, now, changed, s.last.next) {
		return false, ok && s.held.Spelled(failed.Item, is, changed)
	}
	if is != nil {
		s.e.KeepUnstored(is, now)
		s.e.Assign(s.After, is)
	}
	return true, false
}
