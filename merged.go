package entable

import (
	"context"
	"math/big"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/cursor"
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

// fetch fetches pages until each of the shards has an item at hand, or is at its end or at a sort key, if there is one.
func (m *merged) fetch(ctx context.Context, pagers []*pager, to *sortValue) error {
	errs := make([]error, len(pagers))
	var wg sync.WaitGroup
	for i, g := range pagers {
		if g.pageEnds() && !g.start.Done {
			g.out = m.out
			wg.Go(func() {
				for g.pageEnds() && !g.start.Done && errs[i] == nil && !m.past(g.start, to) {
					errs[i] = g.fetchBeside(ctx)
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

// past reports whether a position is at a sort key or behind it.
func (m *merged) past(at cursor.Position, key *sortValue) bool {
	return key != nil && at.After != nil && !m.before(m.plan.sortValueOf(at.After), key)
}

// first returns the shard that has the next item at hand; nil when all are at their end.
func (m *merged) first(pagers []*pager) (first *pager, err error) {
	for _, g := range pagers {
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

// sortValueOf returns what the item with a key of the table is merged by.
func (p *queryPlan) sortValueOf(key map[string]types.AttributeValue) *sortValue {
	if p.SK == nil {
		return &sortValue{}
	}
	return newSortValue(schema.Text(key[p.SK.Attr.Name]), p.SK.Attr.Type == types.ScalarAttributeTypeN)
}

func newSortValue(text string, number bool) *sortValue {
	v := &sortValue{text: text}
	if number {
		v.number, _ = new(big.Rat).SetString(text)
	}
	return v
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
// those of the own place that may have the same items, and these are read anew after it, from the last item that was given: also
// those that gave nothing, because of a filter or since their items are of other types. So that these are few, the own place is
// read no further than the other one. What then comes up to the last item that was given has been given already.
type moving struct {
	merged
	own  int        // pagers[:own] are of the entity's own place
	last *sortValue // of the item that was given last
	done bool
}

func (p *queryPlan) moving(pagers []*pager) *moving {
	m := &moving{merged: merged{plan: p, pagers: pagers}, own: len(pagers) - len(p.others)}
	if p.mark.After != nil {
		m.last = p.sortValueOf(p.mark.After)
	}
	return m
}

func (m *moving) item(ctx context.Context) (any, bool, error) {
	for m.plan.limit == 0 || m.out < m.plan.limit {
		if err := m.ready(ctx); err != nil {
			return nil, false, err
		}
		first, err := m.first(m.pagers)
		if err != nil || first == nil {
			for _, g := range m.pagers {
				g.settle()
			}
			m.done = err == nil
			return nil, false, err
		}
		it := &first.sink.items[first.next]
		if it.err == nil && it.entity != nil && it.entity.Other != nil && m.last != nil && !m.before(m.last, first.key) {
			first.next, first.key = first.next+1, nil
			first.goPast(&it.loaded)
			continue
		}
		m.last = first.key
		return m.give(ctx, first)
	}
	return nil, false, nil
}

func (m *moving) ready(ctx context.Context) error {
	own, others := m.pagers[:m.own], m.pagers[m.own:]
	if slices.ContainsFunc(others, func(g *pager) bool { return g.pageEnds() && !g.start.Done }) {
		for _, g := range own {
			if err := m.rewind(g); err != nil {
				return err
			}
		}
		if err := m.fetch(ctx, others, nil); err != nil {
			return err
		}
	}
	next, err := m.first(others)
	if err != nil {
		return err
	}
	var to *sortValue
	if next != nil {
		to = next.key
	}
	return m.fetch(ctx, own, to)
}

// rewind lets a pager of the own place read on from behind the last item that was taken.
func (m *moving) rewind(g *pager) (err error) {
	if g.start, err = m.behind(g); err == nil {
		g.sink.Reset()
		g.before, g.next, g.key, g.loose = g.start, 0, nil, 0
	}
	return err
}

// goPast counts the unknown items in front of an item that is taken, and those behind the last one of a page.
func (g *pager) goPast(l *loaded) {
	g.passed, g.loose = g.passed+g.loose+int(l.skipped), 0
	if g.pageEnds() {
		g.loosen(g.sink.skipped)
	}
}

// loosen counts unknown items behind the last item that was taken: later, where they are read anew beside another place.
func (g *pager) loosen(n int) {
	if len(g.plan.others) > 0 {
		g.loose += n
	} else {
		g.passed += n
	}
}

// settle counts what is not read anew any more.
func (g *pager) settle() {
	g.passed, g.loose = g.passed+g.loose, 0
	g.countSkipped()
}

// fetchBeside fetches a page. Beside another place, before stays where the walk is: what gave nothing is read anew, too.
func (g *pager) fetchBeside(ctx context.Context) error {
	if len(g.plan.others) == 0 {
		return g.fetch(ctx)
	}
	before, err := g.behind()
	if err == nil {
		err = g.fetch(ctx)
		g.before = before
	}
	return err
}

// behind returns where a pager reads on. In a query of one entity all up to the last item has been given, whoever gave that; unknown
// items, where they are counted, only up to the pager's own.
func (m *moving) behind(g *pager) (cursor.Position, error) {
	at, err := g.behind()
	p := g.plan
	if err != nil || at.Done || m.last == nil || p.home != nil || p.Want == nil || p.SK == nil || p.skipped != nil || m.past(at, m.last) {
		return at, err
	}
	return cursor.Position{After: m.key(p), Done: p.Sort.EndsAt(m.last.text, p.reverse)}, nil
}

// key returns the key of the last item as one of a plan's partition.
func (m *moving) key(p *queryPlan) map[string]types.AttributeValue {
	key := map[string]types.AttributeValue{p.PK.Attr.Name: p.PK.AttributeValue(p.Partition)}
	if p.SK != nil {
		key[p.SK.Attr.Name] = p.SK.AttributeValue([]byte(m.last.text))
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
	out := make([]cursor.Position, len(m.pagers)+1)
	m.done = m.done || !slices.ContainsFunc(m.pagers, func(g *pager) bool { return !g.pageEnds() || !g.start.Done })
	over := m.done
	for i := len(m.pagers) - 1; i >= 0; i-- {
		g, err := m.pagers[i], error(nil)
		if i == m.own-1 {
			over = m.done || !slices.ContainsFunc(out[m.own:len(m.pagers)], func(at cursor.Position) bool { return !at.Done })
		}
		if out[i].Done = m.done || g.pageEnds() && g.start.Done && (i >= m.own || over); out[i].Done {
			g.settle()
			continue
		}
		if out[i], err = m.behind(g); err != nil {
			return nil, err
		}
	}
	if m.last != nil && !m.done {
		out[len(m.pagers)].After = m.key(m.plan)
	}
	out[len(m.pagers)].Done = m.done
	return out, nil
}
