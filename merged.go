package entable

import (
	"context"
	"math/big"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/cursor"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

func (g *pager) positions() ([]cursor.Position, error) {
	at, err := g.position()
	return []cursor.Position{at}, err
}

func (g *pager) pageEnds() bool { return g.next == len(g.sink.items) }

// merged walks the shards of a partition side by side, in the order of the sort key. Each holds one page.
type merged struct {
	plan   *queryPlan
	pagers []*pager
	out    int
}

// fetch fetches pages until each of the shards has an item at hand or is at its end.
func (m *merged) fetch(ctx context.Context, pagers []*pager) error {
	errs := make([]error, len(pagers))
	var wg sync.WaitGroup
	for i, g := range pagers {
		if g.pageEnds() && !g.start.Done {
			g.out = m.out
			wg.Go(func() {
				for g.pageEnds() && !g.start.Done && errs[i] == nil {
					errs[i] = g.fetch(ctx)
				}
			})
		}
	}
	wg.Wait()
	for _, g := range pagers {
		g.countSkipped()
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *merged) item(ctx context.Context) (any, bool, error) {
	if m.plan.limit > 0 && m.out == m.plan.limit {
		return nil, false, nil
	}
	if err := m.fetch(ctx, m.pagers); err != nil {
		return nil, false, err
	}
	first, err := m.first()
	if err != nil || first == nil {
		return nil, false, err
	}
	return m.give(ctx, first)
}

// first returns the shard that has the next item at hand; nil when all are at their end.
func (m *merged) first() (first *pager, err error) {
	for _, g := range m.pagers {
		if g.pageEnds() {
			continue
		}
		if g.key == nil {
			if g.key, err = g.plan.sortValueAt(&g.sink.items[g.next]); err != nil {
				return nil, m.plan.opError(err)
			}
		}
		if first == nil || m.before(g.key, first.key) {
			first = g
		}
	}
	return first, nil
}

// before reports whether a sort key comes before another in the order of the walk.
func (m *merged) before(a, b *sortValue) bool {
	if m.plan.reverse {
		a, b = b, a
	}
	return a.compare(b) < 0
}

// give gives out the next item of a shard.
func (m *merged) give(ctx context.Context, from *pager) (any, bool, error) {
	from.out = m.out // the limit counts over all shards
	m.out++
	return from.item(ctx)
}

func (m *merged) end() {
	for _, g := range m.pagers {
		g.end()
	}
}

func (m *merged) positions() ([]cursor.Position, error) {
	out := make([]cursor.Position, len(m.pagers))
	for i, g := range m.pagers {
		var err error
		if out[i], err = g.position(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// pageEnds: a page of a merged walk ends when a shard has nothing at hand any more.
func (m *merged) pageEnds() bool {
	for _, g := range m.pagers {
		if g.pageEnds() && !g.start.Done {
			return true
		}
	}
	return false
}

// sortValue is a sort key that the shards are merged by: a text or bytes, or a number.
type sortValue struct {
	text   string
	number *big.Rat
}

func (v *sortValue) compare(o *sortValue) int {
	if v.number != nil && o.number != nil {
		return v.number.Cmp(o.number)
	}
	return strings.Compare(v.text, o.text)
}

// sortValueAt returns what an item is merged by: its sort key, or the one that it has at the entity's own place.
func (p *queryPlan) sortValueAt(it *pageItem) (*sortValue, error) {
	if p.SK == nil {
		return &sortValue{}, nil
	}
	if p.home != nil && it.value != nil {
		key, _, err := p.home.Takes(it.entity.Entity, it.entity.Pointer(it.value))
		return newSortValue(key, p.SK.Attr.Type == types.ScalarAttributeTypeN), err
	}
	var value [1][]byte
	if err := wire.FindAttrs(it.raw, []string{p.SK.Attr.Name}, value[:]); err != nil || value[0] == nil {
		return &sortValue{}, err
	}
	kind, text, err := wire.Scalar(value[0])
	return newSortValue(text, kind == wire.N), err
}

func newSortValue(text string, number bool) *sortValue {
	v := &sortValue{text: text}
	if number {
		v.number, _ = new(big.Rat).SetString(text)
	}
	return v
}

// dropDoubles takes out of a page of a scan or an index the items at another place that their entity's own place has too.
func (g *pager) dropDoubles(ctx context.Context) error {
	p := g.plan
	homes := map[int]*getKey{}
	var all []*getKey
	for i, it := range g.sink.items {
		if it.other && it.value != nil {
			key, err := it.entity.encodedKey(it.entity.Pointer(it.value))
			if err != nil {
				return err
			}
			homes[i] = &getKey{e: it.entity, key: key}
			all = append(all, homes[i])
		}
	}
	p.t.readHomes(ctx, g.conn, all)
	kept := g.sink.items[:0]
	for i, it := range g.sink.items {
		switch home := homes[i]; {
		case home == nil || !home.lies():
			kept = append(kept, it)
		case home.err != nil:
			return home.err
		}
	}
	clear(g.sink.items[len(kept):])
	g.sink.items = kept
	return nil
}

// readHomes reads what lies at the own places of items that were found at the other.
func (t *Table) readHomes(ctx context.Context, conn *route.Conn, all []*getKey) {
	b := &batchGet{t: t, conn: conn, cfg: batchGetConfig{batchConfig{attempts: defaultAttempts}, readConfig{consistent: strong}}}
	for _, chunk := range b.chunks(all) {
		b.get(ctx, chunk)
	}
}

// place takes an item by where it lies, and reports whether the stream that it came in is to give it.
func (s *pageItems) place(l *loaded) bool {
	p := s.plan
	switch {
	case p.home == nil && p.Index == "" && p.segments == 0:
		return false // another stream has it, if it belongs to the query
	case p.home == nil:
		s.doubles = true
	case l.entity == nil || l.entity.Entity != p.Want || l.err == nil && !l.other:
		return false
	case l.err == nil:
		_, ok, err := p.home.Takes(p.Want, l.entity.Pointer(l.value))
		if l.err = public(err); err != nil {
			l.value = nil
		}
		return ok || err != nil
	}
	return true
}

// moving walks the partitions of both places side by side. An item is given by the order of its key at the entity's own place,
// and once: from there if both have it. It may move there while the walk goes on. So a page of the other place is read before
// those of the own place that may have the same items, and these are read anew after it; what then comes behind the last item
// that was given has been given already.
type moving struct {
	merged
	own  int        // pagers[:own] are of the entity's own place
	last *sortValue // of the item that was given last
	done bool
}

func (p *queryPlan) moving(pagers []*pager) *moving {
	m := &moving{merged: merged{plan: p, pagers: pagers}, own: len(pagers) - len(p.others)}
	if p.mark.After != nil {
		m.last = &sortValue{}
		if p.SK != nil {
			m.last = newSortValue(schema.Text(p.mark.After[p.SK.Attr.Name]), p.SK.Attr.Type == types.ScalarAttributeTypeN)
		}
	}
	return m
}

func (m *moving) item(ctx context.Context) (any, bool, error) {
	for m.plan.limit == 0 || m.out < m.plan.limit {
		if err := m.ready(ctx); err != nil {
			return nil, false, err
		}
		first, err := m.first()
		if err != nil || first == nil {
			m.done = err == nil
			return nil, false, err
		}
		it := &first.sink.items[first.next]
		if it.err == nil && it.entity != nil && it.entity.Other != nil && m.last != nil && !m.before(m.last, first.key) {
			first.passed += int(it.skipped)
			first.next, first.key = first.next+1, nil
			continue
		}
		m.last = first.key
		return m.give(ctx, first)
	}
	return nil, false, nil
}

func (m *moving) ready(ctx context.Context) error {
	others := m.pagers[m.own:]
	if slices.ContainsFunc(others, func(g *pager) bool { return g.pageEnds() && !g.start.Done }) {
		for _, g := range m.pagers[:m.own] {
			if err := g.rewind(); err != nil {
				return err
			}
		}
		if err := m.fetch(ctx, others); err != nil {
			return err
		}
	}
	return m.fetch(ctx, m.pagers[:m.own])
}

// rewind lets the pager read on from behind the last item that was taken.
func (g *pager) rewind() (err error) {
	if g.start, err = g.behind(); err == nil {
		g.sink.Reset()
		g.before, g.next, g.key = g.start, 0, nil
	}
	return err
}

func (g *pager) behind() (cursor.Position, error) {
	if g.next == 0 {
		return g.before, nil
	}
	p := g.plan
	after, err := p.KeyIn(g.sink.items[g.next-1].raw)
	return cursor.Position{After: after, Done: p.SK != nil && p.Sort.EndsAt(schema.Text(after[p.SK.Attr.Name]), p.reverse)}, err
}

func (m *moving) positions() ([]cursor.Position, error) {
	out := make([]cursor.Position, len(m.pagers)+1)
	m.done = m.done || !slices.ContainsFunc(m.pagers, func(g *pager) bool { return !g.pageEnds() || !g.start.Done })
	over := m.done
	for i := len(m.pagers) - 1; i >= 0; i-- {
		g, err := m.pagers[i], error(nil)
		if i == m.own-1 {
			over = m.done || !slices.ContainsFunc(out[m.own:len(m.pagers)], func(at cursor.Position) bool { return !at.Done })
		}
		if out[i].Done = m.done || g.pageEnds() && g.start.Done && (i >= m.own || over); out[i].Done {
			continue
		}
		if out[i], err = g.behind(); err != nil {
			return nil, err
		}
	}
	if p := m.plan; m.last != nil && !m.done {
		mark := map[string]types.AttributeValue{p.PK.Attr.Name: p.PK.AttributeValue(p.Partition)}
		if p.SK != nil {
			mark[p.SK.Attr.Name] = p.SK.AttributeValue([]byte(m.last.text))
		}
		out[len(m.pagers)].After = mark
	}
	out[len(m.pagers)].Done = m.done
	return out, nil
}
