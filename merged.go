package entable

import (
	"context"
	"math/big"
	"strings"
	"sync"

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

// ready fetches pages until each shard has an item at hand or is at its end.
func (m *merged) ready(ctx context.Context) error {
	errs := make([]error, len(m.pagers))
	var wg sync.WaitGroup
	for i, g := range m.pagers {
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
	for _, g := range m.pagers {
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
	if err := m.ready(ctx); err != nil {
		return nil, false, err
	}
	var first *pager
	for _, g := range m.pagers {
		if g.pageEnds() {
			continue
		}
		if g.key == nil {
			var err error
			if g.key, err = m.plan.sortValueOf(g.sink.items[g.next].raw); err != nil {
				return nil, false, m.plan.opError(err)
			}
		}
		switch {
		case first == nil:
			first = g
		case m.plan.reverse && g.key.compare(first.key) > 0, !m.plan.reverse && g.key.compare(first.key) < 0:
			first = g
		}
	}
	if first == nil {
		return nil, false, nil
	}
	first.out = m.out // the limit counts over all shards
	m.out++
	return first.item(ctx)
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

func (p *queryPlan) sortValueOf(raw []byte) (*sortValue, error) {
	var out sortValue
	if p.SK == nil {
		return &out, nil
	}
	var value [1][]byte
	if err := wire.FindAttrs(raw, []string{p.SK.Attr.Name}, value[:]); err != nil || value[0] == nil {
		return &out, err
	}
	kind, text, err := wire.Scalar(value[0])
	out.text = text
	if err == nil && kind == wire.N {
		out.number, _ = new(big.Rat).SetString(text)
	}
	return &out, err
}
