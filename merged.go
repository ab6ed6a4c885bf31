package entable

import (
	"context"
	"slices"
	"sort"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/cursor"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/work"
)

// take goes past the next item.
func (g *pager) take() *loaded {
	l := &g.sink.items[g.next].loaded
	g.next, g.key = g.next+1, nil
	g.passed, g.behindLast = g.passed+g.behindLast+int(l.skipped), 0
	if g.pageEnds() {
		g.behindLast = g.sink.skipped
	}
	return l
}

// position returns where the walk goes on behind the last item that was given out.
func (g *pager) position() (cursor.Position, error) {
	switch g.next {
	case len(g.sink.items):
		return g.start, nil
	case 0:
		return g.before, nil
	}
	after, err := g.plan.KeyIn(g.sink.items[g.next-1].raw)
	return cursor.Position{After: after}, err
}

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

// fetch fetches pages until each of the shards has an item at hand, or is at its end or at a sort key, if there is one.
func (m *merged) fetch(ctx context.Context, pagers []*pager, to *schema.SortValue) error {
	errs := make([]error, len(pagers))
	var wg work.Crew
	for i, g := range pagers {
		if g.pageEnds() && !g.start.Done {
			g.out = m.out
			wg.Go(func() {
				if g.plan.home != nil && g.next > 0 {
					g.taken, errs[i] = g.behind()
				}
				for g.pageEnds() && !g.start.Done && errs[i] == nil && !m.past(g, g.start, to) {
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
	if err := m.fetch(ctx, m.pagers, nil); err != nil {
		return nil, false, err
	}
	first, err := m.first(m.pagers)
	if err != nil || first == nil {
		return nil, false, err
	}
	return m.give(ctx, first)
}

// past reports whether a position of a pager is at a sort key or behind it. It is not known where the sort keys are of another place.
func (m *merged) past(g *pager, at cursor.Position, key *schema.SortValue) bool {
	return key != nil && at.After != nil && g.oneOrder() && !m.before(m.plan.SortValueOf(at.After), key)
}

// first returns the shard that has the next item at hand; nil when all are at their end.
func (m *merged) first(pagers []*pager) (first *pager, err error) {
	for _, g := range pagers {
		if g.pageEnds() {
			continue
		}
		if err := g.place(); err != nil {
			return nil, m.plan.opError(err)
		}
		if first == nil || m.before(g.key, first.key) {
			first = g
		}
	}
	return first, nil
}

// place finds the key of the next item, by which it is merged.
func (g *pager) place() (err error) {
	if g.key == nil {
		g.key, err = g.plan.sortValueAt(&g.sink.items[g.next])
	}
	return err
}

// before reports whether a sort key comes before another in the order of the walk.
func (m *merged) before(a, b *schema.SortValue) bool {
	if m.plan.reverse {
		a, b = b, a
	}
	return a.Compare(b) < 0
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

// sortValueAt returns what an item is merged by: its sort key, or the one that it has at the entity's own place.
func (p *queryPlan) sortValueAt(it *pageItem) (*schema.SortValue, error) {
	if p.SK == nil || p.home == nil || it.value == nil {
		return p.SortValueIn(it.raw)
	}
	key, _, err := p.home.Takes(it.entity.Entity, it.entity.Pointer(it.value))
	return p.SortValue(key), err
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
		s.doubles = s.doubles || len(p.filters) > 0 || p.Want.HideExpired // the item at the own place may be passed over
		return ok || err != nil
	}
	return true
}

// moving walks the partitions of both places side by side. An item is given by the order of its key at the entity's own place,
// and once: from there if both have it. It may move, either way, while the walk goes on; so each part of the range is read at the
// other place, at the own, and at the other again:
//
//	others  a page, before the own place is read where its items would stand: what moves here is seen there or here
//	own     no further than the page in which the next item of the others would stand, though pages give nothing, because of
//	        a filter or since their items are of other types; its last page is read anew after each page of the others
//	late    the others again, after each page of the own: what has moved there since the first reading is seen then
//
// What comes up to the last item that was given has been given already, or has come to where the walk has been. Missed is only what
// moves there and back between two of these readings.
type moving struct {
	merged     // pagers are own and others
	own    int // how many are of the entity's own place
	late   []*pager
	all    []*pager          // pagers and late
	last   *schema.SortValue // of the item that was given last
}

func (p *queryPlan) moving(pagers []*pager) *moving {
	m := &moving{merged: merged{plan: p, pagers: pagers}, own: len(pagers) - len(p.others)}
	for _, g := range pagers[m.own:] {
		m.late = append(m.late, g.plan.pager(g.conn, g.req, g.start))
	}
	if m.all = slices.Concat(pagers, m.late); p.mark.After != nil {
		m.last = p.SortValueOf(p.mark.After)
	}
	return m
}

func (m *moving) item(ctx context.Context) (any, bool, error) {
	for m.plan.limit == 0 || m.out < m.plan.limit {
		if err := m.ready(ctx); err != nil {
			return nil, false, err
		}
		first, err := m.first(m.all)
		if err != nil || first == nil {
			m.countLast()
			return nil, false, err
		}
		if m.passes(first) {
			first.take()
			continue
		}
		m.last = first.key
		v, ok, err := m.give(ctx, first)
		m.countLast()
		return v, ok, err
	}
	return nil, false, nil
}

// passes reports whether the next item of a pager was given already, or has come to where the walk has been. Of one key are two
// items only where they do not move, in different shards.
func (m *moving) passes(g *pager) bool {
	it := &g.sink.items[g.next]
	if it.err != nil || m.last == nil {
		return false
	}
	return m.before(g.key, m.last) || it.entity != nil && it.entity.Other != nil && !m.before(m.last, g.key)
}

// over reports whether nothing is left.
func (m *moving) over() bool {
	return !slices.ContainsFunc(m.all, func(g *pager) bool {
		for !g.pageEnds() && g.place() == nil && m.passes(g) {
			g.take()
		}
		return !g.pageEnds() || !g.start.Done
	})
}

// countLast counts, when nothing is left, the unknown items that are the last ones.
func (m *moving) countLast() {
	if m.over() {
		for _, g := range m.pagers {
			g.passed, g.behindLast = g.passed+g.behindLast, 0
			g.countSkipped()
		}
	}
}

func (m *moving) ready(ctx context.Context) error {
	own, others := m.pagers[:m.own], m.pagers[m.own:]
	if m.wants(others, nil) {
		if err := m.rewind(own); err != nil {
			return err
		}
		if err := m.fetch(ctx, others, nil); err != nil {
			return err
		}
	}
	to, err := m.next(others)
	if err != nil {
		return err
	}
	again := m.wants(own, to)
	if err = m.fetch(ctx, own, to); err == nil && again {
		if err = m.rewind(m.late); err == nil {
			m.boundLate()
		}
	}
	if err != nil {
		return err
	}
	if to, err = m.next(m.pagers); err == nil {
		err = m.fetch(ctx, m.late, to)
	}
	return err
}

// next returns the key of the next item of some pagers; nil if there is none.
func (m *moving) next(pagers []*pager) (*schema.SortValue, error) {
	g, err := m.first(pagers)
	if g == nil {
		return nil, err
	}
	return g.key, nil
}

// boundLate lets the others be read again no further than the pages of the own place go, and a little more.
func (m *moving) boundLate() {
	var end *schema.SortValue
	for _, g := range m.pagers[:m.own] {
		if !g.start.Done && g.start.After != nil {
			if key := m.plan.SortValueOf(g.start.After); end == nil || m.before(key, end) {
				end = key
			}
		}
	}
	for i, g := range m.late {
		if g.most = 0; end == nil {
			continue
		}
		const more = 10
		known := m.pagers[m.own+i].sink.items[m.pagers[m.own+i].next:]
		g.most = more + sort.Search(len(known), func(i int) bool {
			key, err := g.plan.sortValueAt(&known[i])
			return err != nil || m.before(end, key)
		})
	}
}

// wants reports whether fetch would send a request.
func (m *moving) wants(pagers []*pager, to *schema.SortValue) bool {
	return slices.ContainsFunc(pagers, func(g *pager) bool { return g.pageEnds() && !g.start.Done && !m.past(g, g.start, to) })
}

// rewind lets pagers read on from behind the last item that each has taken.
func (m *moving) rewind(pagers []*pager) (err error) {
	for _, g := range pagers {
		if g.start, err = m.behind(g); err != nil {
			return err
		}
		g.sink.Reset()
		g.before, g.taken, g.next, g.key, g.behindLast = g.start, g.start, 0, nil, 0
	}
	return nil
}

// behind returns where a pager reads on. In a query of one entity all up to the last item has been given, whoever gave that; what
// is counted is read, too. So it is at another place with the same sort keys; with others, it is what the pager has taken itself.
func (m *moving) behind(g *pager) (cursor.Position, error) {
	at, err := g.behind()
	p := g.plan
	if p.home != nil && g.next == 0 {
		at = g.taken
	}
	if err != nil || at.Done || m.last == nil || m.plan.Want == nil || p.skipped != nil || p.SK == nil || !g.oneOrder() || m.past(g, at, m.last) {
		return at, err
	}
	return cursor.Position{After: m.key(p), Done: p.Sort.EndsAt(m.last.Text, p.reverse)}, nil
}

// oneOrder reports whether the items of a pager have the sort keys that they have at the entity's own place.
func (g *pager) oneOrder() bool { return g.plan.home == nil || g.plan.Want.OneOrder }

// key returns the key of the last item as one of a plan's partition.
func (m *moving) key(p *queryPlan) map[string]types.AttributeValue {
	key := map[string]types.AttributeValue{p.PK.Attr.Name: p.PK.AttributeValue(p.Partition)}
	if p.SK != nil {
		key[p.SK.Attr.Name] = p.SK.AttributeValue([]byte(m.last.Text))
	}
	return key
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
	n, done := len(m.pagers), m.over()
	out := slices.Repeat([]cursor.Position{{Done: done}}, n+1)
	for i := 0; i < n && !done; i++ { // none is at its end for good: items may come there
		var err error
		if out[i], err = m.behind(m.pagers[i]); err != nil {
			return nil, err
		}
	}
	if m.last != nil && !done {
		out[n].After = m.key(m.plan)
	}
	return out, nil
}

func (m *moving) end() {
	for _, g := range m.all {
		g.end()
	}
}
