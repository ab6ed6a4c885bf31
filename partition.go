package entable

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/aggregate"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

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
// registered types, members or not, in all its shards, at both places where they may be (see [Moved]), with the sentinels of their
// unique fields. It may be of any size: a page is read and deleted, then the next. Hooks do not run, as in [Entity.Delete]. Items
// that cannot be decoded are deleted by their keys, except for those of types with unique fields or Moved.
//
// An item of a type that is not registered ends it with an [*UnknownEntityError]; with [RawUnknown] it is deleted, with
// [SkipUnknown] it stays. After an error, or the end of ctx, the items of the pages before are deleted: Delete again to go on.
// Items that are written meanwhile may stay. Options: [SkipUnknown], [RawUnknown], [Progress], [Concurrency], [Attempts].
func (c *Collection[C]) Delete(ctx context.Context, key any, opts ...PartitionOption) error {
	q := c.Query(key)
	return visitAll(ctx, c.group, "Delete", &q.plan, opts, func(e *entity, raw []byte) (Write, error) {
		if len(e.Unique) == 0 && e.Other == nil {
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
// registered types, members or not, in all shards, from both places where they may be to their own (see [Moved]). They are copied
// as they are stored, with versions, times, ids and attributes that their types do not have; what the partition key is made of
// becomes that of to, and keys, those of indexes too, are made anew. Hooks and validation do not run. It may be of any size: a page
// is read and written, then the next.
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
	of, ptr, err := c.table.exampleOf(target.plan.Members, ofMember, to)
	q.plan.fail(err)
	by := c.table.protector(ctx)
	return visitAll(ctx, c.group, opCopy, &q.plan, opts, func(e *entity, raw []byte) (Write, error) {
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

// visit is a walk over the items of a partition that writes something for each.
type visit struct {
	*queryPlan
	cfg   partitionConfig
	conn  *route.Conn
	write func(*entity, []byte) (Write, error)
	done  PartitionProgress
	again bool // what is copied now may have been copied before
}

// visitAll walks over a partition, and where its items may lie besides, and carries out the writes that write makes of them.
func visitAll(ctx context.Context, g *aggregate.Group, op string, p *queryPlan, opts []PartitionOption, write func(*entity, []byte) (Write, error)) error {
	v := visit{queryPlan: p, cfg: partitionConfig{batchConfig: batchConfig{concurrency: defaultConcurrency, attempts: defaultAttempts}}, write: write}
	p.fail(apply(opts, func(o PartitionOption) { o.applyPartition(&v.cfg) }))
	if v.cfg.unknown == schema.RawUnknown && op == opCopy {
		p.fail(public(g.Refuse("Copy: items of unknown types cannot be copied, as their keys are not known: register them, or use SkipUnknown")))
	}
	others, err := p.Elsewhere(nil)
	if p.fail(public(err)); p.err != nil {
		return p.err
	}
	if v.conn, err = p.t.connFor(ctx, ownerOf(p.From)); err != nil {
		return err
	}
	p.op = op
	if err = v.elsewhere(ctx, others); err == nil {
		err = v.pages(ctx, p.Span, nil)
	}
	if v.again = true; err == nil { // an item may have moved there meanwhile, once
		err = v.elsewhere(ctx, others)
	}
	return err
}

func (v *visit) elsewhere(ctx context.Context, others []schema.Elsewhere) error {
	for i := range others {
		there := v.At(others[i])
		there.Partitions = [][]byte{others[i].Text}
		if err := v.pages(ctx, there, &others[i]); err != nil {
			return err
		}
	}
	return nil
}

// pages walks over the partition itself, or over one at the other place of an entity.
func (v *visit) pages(ctx context.Context, s schema.Span, at *schema.Elsewhere) error {
	for raws, err := range aggregate.Pages(ctx, v.conn, s) {
		for wave := range slices.Chunk(raws, v.cfg.wave()) {
			if err := v.writeAll(ctx, wave, at); err != nil {
				return err
			}
		}
		if err != nil {
			return v.opError(err)
		}
		if v.done.Pages++; v.cfg.progress != nil {
			v.cfg.progress(v.done)
		}
	}
	return nil
}

// visited is an item that a visit writes something for.
type visited struct {
	e    *entity
	raw  []byte
	home *getKey // its key at its own place, if it lies at the other and is to be copied
}

func (v *visit) writeAll(ctx context.Context, raws [][]byte, at *schema.Elsewhere) error {
	var list []visited
	var homes []*getKey
	for _, raw := range raws {
		it, err := v.look(ctx, raw, at)
		if err != nil {
			return err
		}
		if it.e == nil {
			continue
		}
		if list = append(list, it); it.home != nil {
			homes = append(homes, it.home)
		}
	}
	v.t.readHomes(ctx, v.conn, homes)
	var writes []Write
	for _, it := range list {
		if it.home != nil && it.home.err != nil {
			return it.home.err
		}
		if it.home != nil && it.home.lies() {
			continue // its own place has it, too
		}
		w, err := v.write(it.e, it.raw)
		if err != nil {
			return err
		}
		writes = append(writes, w)
	}
	if err := v.cfg.write(ctx, writes); err != nil {
		return v.opError(partlyError{fmt.Sprintf("%d items are done", v.done.Items), err})
	}
	if !v.again || v.op != opCopy {
		v.done.Items += len(writes)
	}
	return nil
}

// look finds out whose item it is; nobody's if it is passed over.
func (v *visit) look(ctx context.Context, raw []byte, at *schema.Elsewhere) (visited, error) {
	l := load(v.Table.Tell(wire.NewReader(raw)))
	_, unknown := l.err.(*UnknownEntityError)
	switch {
	case at != nil && (l.err != nil || l.entity.Entity != at.Entity):
		return visited{}, nil // no item of this partition
	case unknown && v.cfg.unknown == schema.SkipUnknown:
		v.done.Skipped++
		return visited{}, nil
	case unknown && v.cfg.unknown == schema.RawUnknown: // by the name of the table
		e := &entity{Entity: &schema.Entity{Table: v.Table, Name: v.Table.Name}, table: v.t}
		e.conn.Store(ownerOf(v.From).conn.Load())
		return visited{e: e, raw: raw}, nil
	case l.err != nil:
		return visited{}, l.err
	case l.entity.Other == nil:
		return visited{e: l.entity, raw: raw}, nil
	}
	return v.lookElsewhere(ctx, l.entity, raw, at)
}

// lookElsewhere does what look does for an item that may be at two places.
func (v *visit) lookElsewhere(ctx context.Context, e *entity, raw []byte, at *schema.Elsewhere) (visited, error) {
	l := load(v.Table.Decode(wire.NewReader(raw), e.Entity, nil, v.t.protector(ctx)))
	if l.err != nil || l.other != (at != nil) { // it is found where it is looked for
		return visited{}, l.err
	}
	it := visited{e: e, raw: raw}
	if at == nil {
		return it, nil
	}
	ptr := e.Pointer(l.value)
	_, ok, err := v.Takes(e.Entity, ptr)
	if !ok || err != nil {
		return visited{}, public(err)
	}
	if v.op == opCopy {
		key, err := e.encodedKey(ptr)
		it.home = &getKey{e: e, key: key}
		return it, err
	}
	return it, nil
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
	if err := o.e.checkSize(o.item, r); err != nil {
		return nil, err
	}
	none := o.e.none()
	if o.e.Other != nil {
		l := load(o.e.Table.Decode(wire.NewReader(o.item), o.e.Entity, nil, o.protector))
		if l.err != nil {
			return nil, l.err
		}
		if other, ok := o.e.OtherKey(o.e.Pointer(l.value), o.key); ok {
			if err := r.other(other, none); err != nil {
				return nil, err
			}
		}
	}
	var err error
	r.expr, err = o.e.build(nil, none)
	return r, err
}
