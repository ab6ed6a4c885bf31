package entable

import (
	"context"
	"slices"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/work"
)

// hydrate reads the whole items of a page that an index holds parts of, and puts them in their places. What is not there any
// more is taken out; the bytes that stay with each item are those of the index, as cursors are made of them.
func (g *pager) hydrate(ctx context.Context) error {
	p := g.plan
	b := &batchGet{t: p.t, conn: g.conn, cfg: batchGetConfig{batchConfig: batchConfig{concurrency: defaultConcurrency, attempts: defaultAttempts}}}
	var keys []*getKey
	at := map[*getKey]int{}
	seen := map[schema.ItemID]bool{}
	for i := range g.sink.items {
		it := &g.sink.items[i]
		if it.entity == nil || it.err != nil {
			continue
		}
		key, err := p.PrimaryKey(it.raw)
		if err != nil {
			return err
		}
		if id := p.Table.Identity(key.Attrs); !seen[id] {
			seen[id] = true
			k := &getKey{e: it.entity, key: key}
			keys, at[k] = append(keys, k), i
		}
	}
	work.InParallel(b.cfg.concurrency, b.chunks(keys), func(chunk []*getKey) { b.get(ctx, chunk) })
	gone := map[int]bool{}
	for _, k := range keys {
		it := &g.sink.items[at[k]]
		switch {
		case k.err != nil:
			return k.err
		case k.found.err != nil:
			it.err = k.found.err
		case k.found.value == nil || k.e.Hides(k.found.value):
			gone[at[k]] = true
		default:
			it.value = k.found.value
		}
	}
	i := -1
	g.sink.items = slices.DeleteFunc(g.sink.items, func(pageItem) bool {
		i++
		return gone[i]
	})
	return nil
}
