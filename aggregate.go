package entable

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/aggregate"
	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
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
// without [Query.Hydrate], can be saved, but none of them deleted.
//
// A transaction has at most 100 writes, those of unique fields counted, and 4 MB of items; more is an error that says how many,
// before any request, unless [InBatches] lets it be several. Options: [InBatches], [ClientToken].
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
		left = append(left, newSaved(w))
	}
	for tries := (work.Tries{Most: maxConflicts, Eager: true}); ; {
		err := Transact(ctx, left, opts...)
		failed, ok := errors.AsType[*TransactionError](err)
		if !ok || len(failed.Reasons) == 0 {
			return err
		}
		rest := slices.Clone(left)
		for _, reason := range failed.Reasons {
			switch done, again := left[reason.Index].(*saved).met(reason.Err, cfg.several); {
			case done:
				rest[reason.Index] = nil
			case !again:
				return err
			}
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

func newSaved(w aggregate.Write) *saved {
	s := &saved{Write: w, e: ownerOf(w.Entity), held: aggregate.Held{Entity: w.Entity, Before: w.Before}}
	holding := []WriteOption{writeOption(func(c *writeConfig) { c.held = &s.held })}
	switch {
	case w.Before == nil:
		s.op = &PutOp{s.e, opCreate, w.After, nil}
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
		if reflect.TypeOf(by.Stored) != reflect.PointerTo(s.e.Type) {
			return false, false
		}
		is = s.e.Pointer(by.Stored)
	}
	now, changed := s.last.work, []string(nil)
	if u, updated := s.last.by.(*update); updated {
		now, changed = u.work, change.Names(u.changes)
	}
	if !ok || !resumed || !s.Made(is, now, changed, s.last.next) {
		return false, ok && s.held.Spelled(failed.Item, is)
	}
	if is != nil {
		s.e.KeepUnstored(is, now)
		s.e.Assign(s.After, is)
	}
	return true, false
}

// Put writes all items of v as [Entity.Put] does, in place of stored ones with the same keys; other items of the partition stay.
// It may be any number: they are written in the order of C's fields, 25 at a time in [Concurrency] requests side by side, and
// no more than these are encoded at once.
//
// It is no transaction. At the first failure no further items are sent, and the error is a [*BatchError] that names what is not
// written: what failed, and behind it the rest, with [ErrNotSent]. Put again to go on: items without versions are only written
// once more. Two items of one key, or of different partitions, are an error before any request. Options: [Concurrency],
// [Attempts].
func (c *Collection[C]) Put(ctx context.Context, v *C, opts ...BatchOption) error {
	if v == nil {
		return public(c.group.Refuse("Put of a nil *%s", c.group.Name))
	}
	cfg, err := batchConfigOf(opts)
	if err != nil {
		return err
	}
	items := c.group.Items(v)
	if _, err := c.group.Compare(nil, items); err != nil {
		return public(err)
	}
	return cfg.putAll(ctx, items)
}

func (cfg *batchConfig) putAll(ctx context.Context, items []aggregate.Item) error {
	ops := func(items []aggregate.Item) (writes []Write) {
		for _, it := range items {
			writes = append(writes, &PutOp{ownerOf(it.Entity), opPut, it.Ptr, nil})
		}
		return writes
	}
	from := 0
	for wave := range slices.Chunk(items, cfg.wave()) {
		if err := cfg.write(ctx, ops(wave)); err != nil {
			return notAll(err, from, len(wave), ops(items[from+len(wave):]))
		}
		from += len(wave)
	}
	return nil
}

// wave returns how many writes the requests of a batch that are under way at once have.
func (cfg *batchConfig) wave() int { return cfg.concurrency * maxBatchWrite }

// notAll makes the error of a part of n writes, from one on, that of all, the rest of which is not sent.
func notAll(err error, from, n int, rest []Write) error {
	e, ok := err.(*BatchError)
	if !ok {
		return err
	}
	for i := range e.Failures {
		e.Failures[i].Index += from
	}
	for _, f := range failAll(rest, ErrNotSent).Failures {
		f.Index += from + n
		e.Failures = append(e.Failures, f)
	}
	e.Total = from + n + len(rest)
	return e
}

// Delete deletes the whole partition that the partition-key fields of key, a member or a pointer to one, name: the items of all
// registered types, members or not, in all its shards, with the sentinels of their unique fields. It may be of any size: a page is
// read and deleted, then the next. Hooks do not run, as in [Entity.Delete]. Items that cannot be decoded are deleted by their keys,
// except for those of types with unique fields.
//
// An item of a type that is not registered ends it with an [*UnknownEntityError]; with [RawUnknown] it is deleted, with
// [SkipUnknown] it stays. After an error, or the end of ctx, the items of the pages before are deleted: Delete again to go on.
// Items that are written meanwhile may stay. Options: [SkipUnknown], [RawUnknown], [Progress], [Concurrency], [Attempts].
func (c *Collection[C]) Delete(ctx context.Context, key any, opts ...PartitionOption) error {
	q := c.Query(key)
	return eachPage(ctx, c.group, "Delete", &q.plan, opts, func(e *entity, raw []byte) (Write, error) {
		if len(e.Unique) == 0 {
			return q.plan.rawWrite(e, opDelete, raw, nil, nil)
		}
		l := load(e.Table.Decode(wire.NewReader(raw), e.Entity, nil, e.table.protector(ctx)))
		if l.err != nil {
			return nil, l.err
		}
		return &DeleteOp{e, opDelete, e.Pointer(l.value), nil}, nil
	})
}

// Copy copies the whole partition that the partition-key fields of from name to the one that those of to name: the items of all
// registered types, members or not, in all shards. They are copied as they are stored, with versions, times, ids and attributes
// that their types do not have; what the partition key is made of becomes that of to, and keys, those of indexes too, are made
// anew. Hooks and validation do not run. It may be of any size: a page is read and written, then the next.
//
// Nothing that lies in the partition of to is overwritten: another item with the key of a copy ends Copy with an error that matches
// [ErrExists]; one that is the copy is left as it is. So after an error, or the end of ctx, Copy again to go on. It is no snapshot:
// what is written to from meanwhile may be missing in the copy, or be copied in two states.
//
// An item ends Copy with an error that names it if it has a unique value, which can be of one item only, or is in an older shape
// (see [Upgrades]). So does one of a type that is not registered, as nobody knows which of its attributes are keys; with
// [SkipUnknown] it is left out, and counted for [Progress]. Options: [SkipUnknown], [Progress], [Concurrency], [Attempts].
func (c *Collection[C]) Copy(ctx context.Context, from, to any, opts ...PartitionOption) error {
	q, target := c.Query(from), c.Query(to)
	q.plan.fail(target.plan.err)
	if q.plan.err == nil && slices.Equal(q.plan.Partition, target.plan.Partition) {
		q.plan.err = public(c.group.Refuse("Copy of a partition to itself"))
	}
	of, ptr, err := c.table.exampleOf(to)
	q.plan.fail(err)
	by := c.table.protector(ctx)
	return eachPage(ctx, c.group, opCopy, &q.plan, opts, func(e *entity, raw []byte) (Write, error) {
		item, err := wire.ReadItem(raw)
		if err == nil {
			item, err = e.Copied(item, of.Entity, ptr, by)
		}
		if err == nil {
			raw, err = wire.AppendItem(nil, item)
		}
		if err != nil {
			return nil, public(err)
		}
		return q.plan.rawWrite(e, opCopy, raw, raw, by)
	})
}

// eachPage walks over a partition and carries out the writes that write makes of its items.
func eachPage(ctx context.Context, g *aggregate.Group, op string, p *queryPlan, opts []PartitionOption, write func(*entity, []byte) (Write, error)) error {
	cfg := partitionConfig{batchConfig: batchConfig{concurrency: defaultConcurrency, attempts: defaultAttempts}}
	p.fail(apply(opts, func(o PartitionOption) { o.applyPartition(&cfg) }))
	if cfg.unknown == schema.RawUnknown && op == opCopy {
		p.fail(public(g.Refuse("Copy: items of unknown types cannot be copied, as their keys are not known: register them, or use SkipUnknown")))
	}
	others, err := p.Elsewhere(nil)
	if p.fail(public(err)); len(others) > 0 {
		p.fail(public(g.Refuse("%s: items of %s may be at another place: move what is left there with Table.Audit, and leave entable.Moved out", op, others[0].Name)))
	}
	if p.err != nil {
		return p.err
	}
	conn, err := p.t.connFor(ctx, ownerOf(p.From))
	if err != nil {
		return err
	}
	p.op = op
	var done PartitionProgress
	for raws, err := range aggregate.Pages(ctx, conn, p.Span) {
		for wave := range slices.Chunk(raws, cfg.wave()) {
			var writes []Write
			for _, raw := range wave {
				w, err := cfg.one(p, raw, write)
				if err != nil {
					return err
				}
				if w == nil {
					done.Skipped++
				} else {
					writes = append(writes, w)
				}
			}
			if err := cfg.write(ctx, writes); err != nil {
				return p.opError(partlyError{fmt.Sprintf("%d items are done", done.Items), err})
			}
			done.Items += len(writes)
		}
		if err != nil {
			return p.opError(err)
		}
		if done.Pages++; cfg.progress != nil {
			cfg.progress(done)
		}
	}
	return nil
}

// one makes the write of an item of a partition; nil for one that is passed over.
func (cfg *partitionConfig) one(p *queryPlan, raw []byte, write func(*entity, []byte) (Write, error)) (Write, error) {
	l := load(p.Table.Tell(wire.NewReader(raw)))
	_, unknown := l.err.(*UnknownEntityError)
	switch {
	case unknown && cfg.unknown == schema.SkipUnknown:
		return nil, nil
	case unknown && cfg.unknown == schema.RawUnknown: // by the name of the table
		e := &entity{Entity: &schema.Entity{Table: p.Table, Name: p.Table.Name}, table: p.t}
		e.conn.Store(ownerOf(p.From).conn.Load())
		return p.rawWrite(e, opDelete, raw, nil, nil)
	case l.err != nil:
		return nil, l.err
	}
	return write(l.entity, raw)
}

// rawOp writes an item as it is stored, where there is none, or deletes it.
type rawOp struct {
	e    *entity
	op   string
	key  schema.ItemKey
	item []byte // nil: delete

	protector schema.Protector
}

// rawWrite returns the write of an item with the key of raw.
func (p *queryPlan) rawWrite(e *entity, op string, raw, item []byte, by schema.Protector) (Write, error) {
	key, err := p.PrimaryKey(raw)
	return &rawOp{e: e, op: op, key: key, item: item, protector: by}, err
}

func (o *rawOp) entity() *entity                                { return o.e }
func (o *rawOp) settle(context.Context, *request, loaded) error { return nil }
func (o *rawOp) abandon(*request)                               {}

func (o *rawOp) same(sent, item map[string]types.AttributeValue) bool {
	return aggregate.SameCopy(o.e.Entity, sent, item, o.protector)
}

func (o *rawOp) prepare(_ context.Context, _ *route.Conn, in *room) (*request, error) {
	r := in.request()
	r.e, r.op, r.key, r.verb = o.e, o.op, o.key, verbDelete
	if o.item == nil {
		return r, nil
	}
	r.verb, r.item, r.by = verbPut, o.item, o
	err := o.e.checkSize(o.item, r)
	if err == nil {
		none := change.Is(o.e.Table.PK.Name, nil).Condition
		r.expr, err = o.e.build(nil, []expression.ConditionBuilder{none}, 0, 0)
	}
	return r, err
}
