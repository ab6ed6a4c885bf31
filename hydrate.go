package entable

import (
	"context"
	"slices"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
	"github.com/entable/entable/internal/work"
)

// hydrates reports whether only the types of items are read from an index, and the items from the table.
func (p *queryPlan) hydrates() bool { return p.hydrate && !p.Whole() }

// hydrate reads the whole items of a page that an index holds parts of. What is not there any more is left out, as is an item
// that has moved within the index and is in the page twice. The bytes that stay with each item are those of the index, as
// cursors are made of them.
func (g *pager) hydrate(ctx context.Context) error {
	p := g.plan
	b := &batchGet{t: p.t, conn: g.conn, cfg: batchGetConfig{batchConfig: batchConfig{concurrency: defaultConcurrency, attempts: defaultAttempts}}}
	b.cfg.consistent = p.consistent
	keys := make([]*getKey, len(g.sink.items)) // nil: of an unknown type
	var distinct []*getKey
	seen := map[schema.ItemID]bool{}
	for i, it := range g.sink.items {
		if it.entity == nil {
			continue
		}
		key, err := p.PrimaryKey(it.raw)
		if err != nil {
			return err
		}
		encoded, err := key.Encoded()
		if err != nil {
			return err
		}
		keys[i] = &getKey{e: it.entity, key: encoded}
		if id := keys[i].id(); !seen[id] {
			seen[id] = true
			distinct = append(distinct, keys[i])
		}
	}
	work.InParallel(b.cfg.concurrency, b.chunks(distinct), func(chunk []*getKey) { b.get(ctx, chunk) })
	if p.Table.Directory().Moved {
		b.settle(ctx, g.since(keys, distinct))
	}
	whole := g.sink.items[:0]
	for i, it := range g.sink.items {
		k, keep := keys[i], true
		if k != nil {
			if k.err != nil {
				return k.err
			}
			skipped := it.skipped
			if it.loaded, keep = k.found, k.found.value != nil && !k.e.Hides(k.found.value); it.err != nil {
				it.loaded, keep = g.sink.resolve(it.loaded)
			}
			it.skipped, g.sink.doubles = skipped, g.sink.doubles || it.other
		}
		if keep {
			whole = append(whole, it)
		} else {
			g.sink.skipped += int(it.skipped)
		}
	}
	clear(g.sink.items[len(whole):])
	g.sink.items = whole
	return nil
}

// since returns those of the distinct keys under which nothing is any more, and makes them of both places: the items may have moved
// since the index was read.
func (g *pager) since(keys, distinct []*getKey) (gone []*getKey) {
	for i, k := range keys {
		if k == nil || k.e.Other == nil || k.lies() || !slices.Contains(distinct, k) {
			continue
		}
		d := g.plan.Table.Decode(wire.NewCopier(g.sink.items[i].raw), k.e.Entity, nil, schema.Plain)
		if d.Err != nil || d.Entity != k.e.Entity {
			continue
		}
		now := &getKey{e: k.e}
		if _, err := now.locate(nil, k.e.Pointer(d.Value)); err == nil && now.other != nil {
			k.key, k.other = now.key, now.other
			gone = append(gone, k)
		}
	}
	return gone
}
