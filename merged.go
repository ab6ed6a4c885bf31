package entable

import (
	"context"
	"math/big"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/cursor"
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
