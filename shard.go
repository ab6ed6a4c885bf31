package entable

import (
	"context"
	"math/big"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
)

// maxShards bounds the queries that one query becomes.
const maxShards = 256

type shardsPart struct {
	n    int
	attr string
}

// Shards spreads a partition that is written too often for one over n partitions: the key gets a last
// component, a number from 0 to n-1 that is a hash of another attribute. Reads by key find it from that
// attribute, which must therefore be set, and belongs best to the sort key; queries ask all shards and
// merge their items in the order of the sort key. n can be 2 to 256 and cannot be changed for stored
// items.
//
//	entable.PK("tenant", entable.Shards(8, "order_id"))
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html
func Shards(n int, attribute string) any { return shardsPart{n, attribute} }

// shard is the last component of a sharded partition key.
type shard struct {
	n  int
	of component // what is hashed
}

// number is the shard of the item at ptr: the FNV-1a hash of the attribute as it would stand in a key.
func (s *shard) number(ptr unsafe.Pointer) (int, error) {
	v, err := s.of.value(ptr)
	if err != nil {
		return 0, err
	}
	return keys.Shard(v, s.n), nil
}

// addShards makes the component that Shards declares.
func (r *registration) addShards(s *keySettings, p shardsPart, what string, sort bool) error {
	if sort {
		return r.errorf(what, "Shards belongs to a PK")
	}
	if p.n < 2 || p.n > maxShards {
		return r.errorf(what, "Shards(%d): use 2 to %d", p.n, maxShards)
	}
	f := r.e.plan.Field(p.attr)
	if f == nil {
		return r.errorf(what, "Shards: unknown attribute %q: %s has %s", p.attr, r.e.typ, attrNames(r.e.plan))
	}
	of, err := componentOf(f)
	if err != nil {
		return r.errorf(r.fieldName(f), "%s", err)
	}
	s.shard = &component{
		field: f,
		seg:   keys.Segment{Attr: "shard of " + p.attr, Kind: keys.Int, Width: len(strconv.Itoa(p.n - 1)), Shards: p.n, Of: &of.seg},
		shard: &shard{n: p.n, of: of},
	}
	return nil
}

// shards is the number of partitions that a key's values are spread over.
func (k *key) shards() int {
	if n := len(k.comps); n > 0 && k.comps[n-1].shard != nil {
		return k.comps[n-1].shard.n
	}
	return 1
}

// partitions lists the texts of the partitions that hold the items with the key fields at ptr.
func (k *key) partitions(ptr unsafe.Pointer) ([][]byte, error) {
	if k.shards() == 1 {
		text, err := k.appendText(nil, ptr)
		return [][]byte{text}, err
	}
	vals, err := k.values(ptr, nil, len(k.comps)-1)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, k.shards())
	for i := range out {
		shard := keys.Value{Kind: keys.Int, I: int64(i)}
		if out[i], err = k.pattern.Append(nil, append(vals[:len(vals):len(vals)], shard)); err != nil {
			return nil, err
		}
		if err := k.checkLength(len(out[i])); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// walker gives out the items of a query, of one partition or merged from several shards.
type walker interface {
	// item returns the next item, or ok == false at the end or at the limit.
	item(ctx context.Context) (v any, ok bool, err error)
	// positions are where the walk goes on behind the last item that was given out.
	positions() ([]position, error)
	// pageEnds reports whether no item is at hand without another request.
	pageEnds() bool
}

func (g *pager) positions() ([]position, error) {
	at, err := g.position()
	return []position{at}, err
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
		if g.pageEnds() && !g.start.done {
			g.out = m.out
			wg.Go(func() {
				for g.pageEnds() && !g.start.done && errs[i] == nil {
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

func (m *merged) positions() ([]position, error) {
	out := make([]position, len(m.pagers))
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
		if g.pageEnds() && !g.start.done {
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
	if p.sk == nil {
		return &out, nil
	}
	var value [1][]byte
	if err := wire.FindAttrs(raw, []string{p.sk.attr.name}, value[:]); err != nil || value[0] == nil {
		return &out, err
	}
	kind, text, err := wire.Scalar(value[0])
	out.text = text
	if err == nil && kind == wire.N {
		out.number, _ = new(big.Rat).SetString(text)
	}
	return &out, err
}
