package aggregate

import (
	"fmt"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// The service's limits of a transaction, of the writes in it and of their items together, in bytes.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
const (
	MaxActions = 100
	MaxBytes   = 4 << 20
)

// Cost is what writes take of a transaction: their number, those of sentinels too, and the size of their items.
type Cost struct{ Actions, Bytes int }

// Fits reports whether the writes can be one transaction.
func (c Cost) Fits() bool { return c.Actions <= MaxActions && c.Bytes <= MaxBytes }

func (c Cost) plus(o Cost) Cost { return Cost{c.Actions + o.Actions, c.Bytes + o.Bytes} }

// spareBytes is what a write may add to an item that is not in it yet: generated values, and keys that are made of them.
const spareBytes = 1024

// Pack spreads writes over transactions, in their order, and returns what they take together. Writes that give and take one
// unique value are in one transaction, with the first of them: in two, the value would have two owners in between.
func (g *Group) Pack(writes []Write) (batches [][]Write, all Cost, err error) {
	groups, err := group(writes)
	if err != nil {
		return nil, all, err
	}
	var batch []Write
	var used Cost
	for _, one := range groups {
		if !one.cost.Fits() {
			return nil, all, g.Refuse("%d writes exchange unique values, %s: make it in steps", len(one.writes), one.cost)
		}
		all = all.plus(one.cost)
		if !used.plus(one.cost).Fits() {
			batches, batch, used = append(batches, batch), nil, Cost{}
		}
		batch, used = append(batch, one.writes...), used.plus(one.cost)
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches, all, nil
}

func (c Cost) String() string {
	return fmt.Sprintf("which take %d actions, those of unique fields among them, and %d bytes: a transaction has at most %d and %d",
		c.Actions, c.Bytes, MaxActions, MaxBytes)
}

// together are writes that have to be in one transaction.
type together struct {
	writes []Write
	cost   Cost
	into   *together // the earlier ones that they have been joined with
}

// group joins the writes that have a sentinel in common.
func group(writes []Write) ([]*together, error) {
	var groups []*together
	owner := map[schema.ItemID]*together{}
	for _, w := range writes {
		size, err := w.size()
		if err != nil {
			return nil, err
		}
		g := &together{writes: []Write{w}, cost: Cost{1, size}}
		if w.Entity.Other != nil { // its other place is cleared, and the service may count the item that is there
			g.cost = Cost{2, 2 * size}
		}
		groups = append(groups, g)
		sentinels, err := w.sentinels()
		if err != nil {
			return nil, err
		}
		for _, id := range sentinels {
			other := owner[id]
			if owner[id] = g.root(); other == nil {
				g.root().cost.Actions++
				continue
			}
			join(other.root(), g.root())
		}
	}
	kept := groups[:0]
	for _, g := range groups {
		if g.into == nil {
			kept = append(kept, g)
		}
	}
	return kept, nil
}

func (g *together) root() *together {
	for g.into != nil {
		g = g.into
	}
	return g
}

// join adds the writes of b to those of a, which are earlier.
func join(a, b *together) {
	if a == b {
		return
	}
	a.writes, a.cost, b.into = append(a.writes, b.writes...), a.cost.plus(b.cost), a
}

// sentinels lists the sentinels that the write touches, as far as they are known before it.
func (w Write) sentinels() (ids []schema.ItemID, err error) {
	guards, err := w.Entity.Guards(schema.ItemKey{}, nil, w.Before, w.After)
	for _, g := range guards {
		ids = append(ids, w.Entity.Table.Identity(g.Key))
	}
	return ids, err
}

// size bounds the size of the write's item. The service counts items, and does not say of which state.
func (w Write) size() (int, error) {
	ptr := w.After
	if ptr == nil {
		ptr = w.Before
	}
	item, _, err := w.Entity.AppendItem(nil, ptr, schema.Plain)
	if err != nil { // its key may not be complete
		item, err = w.Entity.AppendFields(nil, ptr)
	}
	if err != nil {
		return 0, err
	}
	n := len(item) + spareBytes
	if n*MaxActions > MaxBytes { // the JSON is never shorter than what counts
		if n, err = wire.ItemSize(item); err != nil {
			return 0, err
		}
		n += spareBytes
	}
	for _, f := range w.Entity.Plan.Fields() { // what is encrypted is not in it
		if s := w.Entity.SealingOf(f); s != nil && s.Encrypt {
			raw, err := f.AppendFrom(nil, ptr)
			if err != nil {
				return 0, wrong(w.Entity, err)
			}
			n += len(raw)
		}
	}
	return n, nil
}
