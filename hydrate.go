package entable

import (
	"context"
	"errors"
	"slices"

	"github.com/entable/entable/internal/route"
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
		var err error
		if keys[i], err = p.keyOf(&g.sink.items[i]); err != nil {
			return err
		}
		if id := keys[i].id(); !seen[id] {
			seen[id] = true
			distinct = append(distinct, keys[i])
		}
	}
	work.InParallel(b.cfg.concurrency, b.chunks(distinct), func(chunk []*getKey) { b.get(ctx, chunk) })
	if p.Table.Directory().Moved {
		b.settle(ctx, g.since(keys, distinct))
	}
	return g.sink.sift(func(i int, it *pageItem) (keep bool, err error) {
		k, skipped := keys[i], it.skipped
		switch {
		case k == nil:
			return true, nil
		case k.err != nil:
			return false, k.err
		}
		if it.loaded, keep = k.found, k.found.value != nil && !k.e.Hides(k.found.value); it.err != nil {
			it.loaded, keep = g.sink.resolve(it.loaded)
		}
		it.skipped, g.sink.doubles = skipped, g.sink.doubles || it.other
		return keep, nil
	})
}

// sift takes out items that do not stay. Unknown items in front of one that does not are in front of the next.
func (s *pageItems) sift(keep func(i int, it *pageItem) (bool, error)) error {
	kept, behind := s.items[:0], s.skipped
	s.skipped = 0
	for i, it := range s.items {
		switch stays, err := keep(i, &it); {
		case err != nil:
			return err
		case stays:
			it.skipped, s.skipped = it.skipped+int32(s.skipped), 0
			kept = append(kept, it)
		default:
			s.skipped += int(it.skipped)
		}
	}
	clear(s.items[len(kept):])
	s.items, s.skipped = kept, s.skipped+behind
	return nil
}

// dropDoubles takes out of a page the items at another place that their entity's own place has too. In a query, one that has moved
// since then is none: it may not be seen any more where it is now.
func (g *pager) dropDoubles(ctx context.Context) error {
	homes := map[int]*getKey{}
	var all []*getKey
	for i, it := range g.sink.items {
		if !it.other || it.value == nil {
			continue
		}
		key, err := it.entity.encodedKey(it.entity.Pointer(it.value))
		home := &getKey{e: it.entity, key: key}
		if homes[i], all = home, append(all, home); err == nil && g.plan.home != nil {
			home.other, err = g.plan.keyOf(&g.sink.items[i])
			all = append(all, home.other)
		}
		if err != nil {
			return err
		}
	}
	g.plan.t.readHomes(ctx, g.conn, all)
	return g.sink.sift(func(i int, _ *pageItem) (bool, error) {
		home := homes[i]
		switch {
		case home == nil:
			return true, nil
		case home.other != nil:
			return !home.lies() || !home.other.lies(), errors.Join(home.err, home.other.err)
		}
		return !home.lies(), home.err
	})
}

// keyOf returns the key under which an item lies.
func (p *queryPlan) keyOf(it *pageItem) (*getKey, error) {
	key, err := p.PrimaryKey(it.raw)
	if err != nil {
		return nil, err
	}
	encoded, err := key.Encoded()
	return &getKey{e: it.entity, key: encoded}, err
}

// readHomes reads what lies at the own places of items that were found at the other.
func (t *Table) readHomes(ctx context.Context, conn *route.Conn, all []*getKey) {
	b := &batchGet{t: t, conn: conn, cfg: batchGetConfig{batchConfig{attempts: defaultAttempts}, readConfig{consistent: strong}}}
	for _, chunk := range b.chunks(all) {
		b.get(ctx, chunk)
	}
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
