// Package aggregate is what writing the items of a partition as one means: which writes turn one set of items into another,
// how they are spread over transactions, and how the items of a partition are walked over whatever they are. It writes
// nothing itself.
package aggregate

import (
	"unsafe"

	"github.com/entable/entable/internal/schema"
)

// Item is an instance of a registered type.
type Item struct {
	Entity *schema.Entity
	Ptr    unsafe.Pointer
}

// Write is what becomes of one item: it is created when there is none before, deleted when there is none after, else changed.
// The two, where both are, have one key.
type Write struct {
	Entity        *schema.Entity
	Before, After unsafe.Pointer
}

// Compare lists the writes that make the items after of those before: creates, changes, deletes, in the order of the items.
// All items have to be in one partition, or its shards, and none twice in a set. Of an item whose key is not complete, as a
// part of it is generated, nothing else can be known but that it is new.
func (g *Group) Compare(before, after []Item) ([]Write, error) {
	if m := g.Apart(g.Members[0], ""); m != nil {
		return nil, g.Refuse("%s and %s share the partitions of an index only, whose items are of many partitions: write them by themselves",
			g.Members[0].Name, m.Name)
	}
	c := comparison{Group: g, known: make(map[schema.ItemID]unsafe.Pointer, len(before)), seen: make(map[schema.ItemID]bool, len(after))}
	for _, it := range before {
		key, err := it.Entity.KeyOf(it.Ptr)
		if err != nil {
			return nil, err
		}
		id := it.Entity.Table.Identity(key.Attrs)
		if c.known[id] != nil {
			return nil, g.twice("before", it, key)
		}
		c.known[id] = it.Ptr
		if err := c.place(it); err != nil {
			return nil, err
		}
	}
	var creates, changes, deletes []Write
	for _, it := range after {
		w, err := c.find(it)
		switch {
		case err != nil:
			return nil, err
		case w.Before == nil:
			creates = append(creates, w)
			continue
		}
		if list, err := ByUser(w.Entity, w.Before, w.After); err != nil {
			return nil, err
		} else if len(list) > 0 {
			changes = append(changes, w)
		}
	}
	for _, it := range before {
		key, _ := it.Entity.KeyOf(it.Ptr)
		if !c.seen[it.Entity.Table.Identity(key.Attrs)] {
			deletes = append(deletes, Write{Entity: it.Entity, Before: it.Ptr})
		}
	}
	return append(append(creates, changes...), deletes...), nil
}

func (g *Group) twice(set string, it Item, key schema.ItemKey) error {
	return g.Refuse("%s[%s] is twice among the items %s: a partition has one item of a key", it.Entity.Name, key.Text(), set)
}

// comparison is one on its way.
type comparison struct {
	*Group
	known     map[schema.ItemID]unsafe.Pointer // the items before
	seen      map[schema.ItemID]bool           // those after
	first     *Item
	partition string // of the first
}

// find returns the write of an item after, for now as if it were changed where there is one before.
func (c *comparison) find(it Item) (Write, error) {
	w := Write{Entity: it.Entity, After: it.Ptr}
	key, err := it.Entity.KeyOf(it.Ptr)
	id := schema.ItemID{}
	if err == nil {
		id = it.Entity.Table.Identity(key.Attrs)
		w.Before = c.known[id]
	}
	if w.Before == nil && (err != nil || it.Entity.GeneratesKey(it.Ptr)) {
		if _, err := schema.NewSpan(it.Entity, "", it.Ptr); err != nil {
			return w, nil //nolint:nilerr // the create says what is wrong with it, if it does not generate it
		}
		return w, c.place(it)
	}
	if c.seen[id] {
		return w, c.twice("after", it, key)
	}
	c.seen[id] = true
	return w, c.place(it)
}

// place refuses an item of another partition than the first.
func (c *comparison) place(it Item) error {
	s, err := schema.NewSpan(it.Entity, "", it.Ptr)
	if err != nil {
		return err
	}
	partition := it.Entity.PK.Attr.IDText(string(s.Partition))
	switch {
	case c.first == nil:
		c.first, c.partition = &it, partition
	case c.partition != partition:
		name, _ := it.Entity.KeyOf(it.Ptr)
		return c.Refuse("%s[%s] is of another partition than %s, %s=%q", it.Entity.Name, name.Text(), c.first.Entity.Name, it.Entity.PK.Attr.Name, c.partition)
	}
	return nil
}
