package entable

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable/internal/aggregate"
	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// PartitionOption refines one [Collection.Delete] or [Collection.Copy]: [SkipUnknown], [RawUnknown], [Progress], [Concurrency],
// [Attempts].
type PartitionOption interface{ applyPartition(*partitionConfig) }

type partitionConfig struct {
	batchConfig
	unknown  schema.UnknownItems
	progress func(PartitionProgress)
}

// UnknownSetting is an option of tables, for their reads, and of operations on whole partitions: [SkipUnknown], [RawUnknown].
type UnknownSetting interface {
	TableOption
	PartitionOption
}

type unknownSetting schema.UnknownItems

func (o unknownSetting) applyTable(c *tableConfig) { c.Unknown = schema.UnknownItems(o) }
func (o unknownSetting) applyPartition(c *partitionConfig) {
	c.unknown = schema.UnknownItems(o)
}

// PartitionProgress is how far an operation on a whole partition has come.
type PartitionProgress struct {
	// Items counts the items that were deleted or are copied, Skipped those of unknown types that were passed over.
	Items, Skipped int
	// Pages counts the response pages, of up to 1 MB, that are done.
	Pages int
}

type progressOption func(PartitionProgress)

func (f progressOption) applyPartition(c *partitionConfig) { c.progress = f }

// Progress sets f to be called after each page of a [Collection.Delete] or [Collection.Copy], in the goroutine of the call.
func Progress(f func(PartitionProgress)) PartitionOption { return progressOption(f) }

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
			return q.plan.rawWrite(e, opDelete, raw, nil)
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
	return eachPage(ctx, c.group, opCopy, &q.plan, opts, func(e *entity, raw []byte) (Write, error) {
		item, err := wire.ReadItem(raw)
		if err == nil {
			item, err = e.Copied(item, of.Entity, ptr, e.table.protector(ctx))
		}
		if err == nil {
			raw, err = wire.AppendItem(nil, item)
		}
		if err != nil {
			return nil, public(err)
		}
		return q.plan.rawWrite(e, opCopy, raw, raw)
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
		return p.rawWrite(e, opDelete, raw, nil)
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
}

// rawWrite returns the write of an item with the key of raw.
func (p *queryPlan) rawWrite(e *entity, op string, raw, item []byte) (Write, error) {
	key, err := p.PrimaryKey(raw)
	return &rawOp{e, op, key, item}, err
}

func (o *rawOp) entity() *entity { return o.e }

func (o *rawOp) prepare(_ context.Context, _ *route.Conn, in *room) (*request, error) {
	r := in.request()
	r.e, r.op, r.key, r.verb = o.e, o.op, o.key, verbDelete
	if o.item == nil {
		return r, nil
	}
	r.verb, r.item = verbPut, o.item
	err := o.e.checkSize(o.item, r)
	if err == nil {
		none := change.Is(o.e.Table.PK.Name, nil).Condition
		r.expr, err = o.e.build(nil, []expression.ConditionBuilder{none}, 0, 0)
	}
	return r, err
}
