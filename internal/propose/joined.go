package propose

import (
	"slices"
)

// joins finds the indexes that the items are in. Each key of an index is by itself: made of attributes, or an attribute of the
// items, or one that they have anyway.
func (b *builder) joins(k *Kind) {
	there := map[string]bool{b.table.PK.Name: true, b.table.SK.Name: true, b.skip: true}
	for _, x := range b.table.Indexes {
		own := slices.DeleteFunc(slices.Concat(x.PK, x.SK), func(a Attr) bool { return there[a.Name] })
		if len(own) > 0 && !slices.ContainsFunc(own, func(a Attr) bool { return b.g.attrs[a.Name] > 0 }) {
			continue
		}
		j := Joined{Index: x.Name}
		for _, a := range own {
			key := b.indexKey(a, len(x.PK)+len(x.SK) > 2)
			key.sort = slices.Contains(x.SK, a)
			j.Keys = append(j.Keys, key)
			there[a.Name] = true
		}
		k.Indexes = append(k.Indexes, j)
	}
}

// indexKey finds the key of an index in an attribute: it is a field where a part of it is
// not explained, or which items lack it, or it has a name of its own and is one value.
func (b *builder) indexKey(a Attr, native bool) *Key {
	k := &Key{Attr: a, Own: true}
	b.numeric[a.Name] = a.Type == "N"
	if a.Type != "S" || native || b.ownIndexes {
		return k
	}
	var parts []part
	if b.g.attrs[a.Name] < len(b.g.items) {
		parts = b.brackets(a)
	} else {
		parts = explainKeys(b.texts(a.Name, b.g.items), b.sources)
	}
	if parts == nil || missing(parts) > 0 || !b.table.composed(a.Name) && lone(parts) {
		return k
	}
	k.Own, k.parts = false, parts
	for i := range parts {
		b.use(&parts[i])
	}
	return k
}
