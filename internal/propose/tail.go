package propose

import (
	"slices"
	"strings"
)

// Keys of one kind can end in several places: A#1 and A#1#B. They are found as kinds of their own, and put together where nothing
// but such a tail tells them apart: no label, and no attribute but those of the tail.

// join puts kinds together that differ in a tail of one of their keys.
func (s *sample) join(c *check, m mode) {
	for i := 0; i < len(c.p.Kinds); i++ {
		for j := 0; j < len(c.p.Kinds); j++ {
			if a, b := c.p.Kinds[i], c.p.Kinds[j]; i != j && s.joined(c, a, b, m) {
				i, j = -1, len(c.p.Kinds) // from the beginning, for a further tail
			}
		}
	}
}

// joined puts two kinds together, if the keys of the second are those of the first with a tail.
func (s *sample) joined(c *check, short, long *Kind, m mode) bool {
	k := slices.IndexFunc([]bool{short.PK.extends(long.PK), short.SK.extends(long.SK)}, func(is bool) bool { return is })
	if k < 0 || short.Value != long.Value || !short.g.similar(long.g) || s.natural[k] {
		return false
	}
	if a, b := short.key(1-k), long.key(1-k); a != nil && (a.String() != b.String() || a.tailed()) {
		return false
	}
	kinds := []*Kind{short, long}
	slices.SortFunc(kinds, func(a, b *Kind) int { return slices.Index(c.p.Kinds, b) - slices.Index(c.p.Kinds, a) })
	at := [2]int{slices.Index(c.p.Kinds, kinds[0]), slices.Index(c.p.Kinds, kinds[1])}
	c.drop(at[0])
	c.drop(at[1])
	if s.tryTail(c, short.g, long.g, k, m) {
		last := len(c.p.Kinds) - 1
		c.p.Kinds = slices.Insert(c.p.Kinds[:last], at[1], c.p.Kinds[last])
		return true
	}
	c.restore(at[1], kinds[1])
	c.restore(at[0], kinds[0])
	return false
}

// tryTail declares two groups as one kind whose k-th key has a tail in the items of the second.
func (s *sample) tryTail(c *check, short, long *group, k int, m mode) bool {
	g := short.with(long)
	g.levels[k] = append(short.endings(k), long.endings(k)...)
	if _, err := s.try(c, g, m); err != nil {
		return false
	}
	last := len(c.p.Kinds) - 1
	if key := c.p.Kinds[last].key(k); key != nil && key.tailed() {
		return true
	}
	c.drop(last)
	return false
}

// tryTails tries two groups, which cannot be two kinds, as one whose keys end in several places.
func (s *sample) tryTails(c *check, a, b *group, m mode) bool {
	for k := range 2 {
		if a.levels[1-k] != nil || b.levels[1-k] != nil || s.natural[k] {
			continue
		}
		if a.requires(b) && s.tryTail(c, a, b, k, m) || b.requires(a) && s.tryTail(c, b, a, k, m) {
			return true
		}
	}
	return false
}

func (k *Kind) key(n int) *Key {
	if n == 0 {
		return k.PK
	}
	return k.SK
}

// endings returns the items of the group by where their keys end.
func (g *group) endings(k int) [][]int {
	if g.levels[k] != nil {
		return slices.Clone(g.levels[k])
	}
	return [][]int{g.items}
}

// extends reports whether another key is this one with a tail.
func (k *Key) extends(o *Key) bool {
	return k != nil && o != nil && !k.Own && !o.Own && isTail(k.parts, o.parts) &&
		!slices.ContainsFunc(o.parts[len(k.parts):], func(p part) bool { return letters(p.fixed) > 0 })
}

func (k *Key) tailed() bool {
	return slices.ContainsFunc(k.parts, func(p part) bool { return p.tail })
}

// isTail reports whether the parts of a longer key begin with those of a shorter one and go on with a fixed text.
func isTail(short, long []part) bool {
	if len(short) >= len(long) || len(short) == 0 || short[len(short)-1].fixed != "" {
		return false
	}
	for i := range short {
		if !short[i].same(&long[i]) {
			return false
		}
	}
	return long[len(short)].fixed != ""
}

// same reports whether two parts are written the same.
func (p *part) same(o *part) bool {
	if p.cand == nil || o.cand == nil {
		return p.fixed == o.fixed && p.cand == o.cand
	}
	return p.cand.path == o.cand.path && p.cand.format == o.cand.format
}

// endings returns the parts of a key that ends in several places; nil if it cannot be read as such.
func (b *builder) endings(a Attr, levels [][]int) (parts []part) {
	for n, items := range levels {
		rows := make([]int, len(items))
		sources := make([][]source, len(items))
		for i, item := range items {
			rows[i], _ = slices.BinarySearch(b.g.items, item)
			sources[i] = b.sources[rows[i]]
		}
		these := explainKeys(b.texts(a.Name, items), sources)
		if these == nil || n > 0 && !isTail(parts, these) {
			return nil
		}
		for i := range these {
			p := &these[i]
			if p.tail = n > 0 && i == len(parts) || i < len(parts) && parts[i].tail; p.fixed != "" {
				continue
			}
			all := make([]string, len(b.g.items)) // "" where the tail is missing
			if i < len(parts) {
				copy(all, parts[i].texts)
			}
			for j, row := range rows {
				all[row] = p.texts[j]
			}
			p.texts = all
		}
		parts = these
	}
	return parts
}

// brackets returns the key of an index that is missing in some of the items: those in which all that it is made of is, or is zero.
// It is nil if that is not so.
func (b *builder) brackets(a Attr) (parts []part) {
	var rows, lacking []int
	var sources [][]source
	for row, i := range b.g.items {
		if b.items[i][a.Name] == nil {
			lacking = append(lacking, row)
			continue
		}
		rows, sources = append(rows, i), append(sources, b.sources[row])
	}
	if len(rows) == 0 {
		return nil
	}
	parts = explainKeys(b.texts(a.Name, rows), sources)
	if parts == nil || missing(parts) > 0 || !slices.ContainsFunc(parts, func(p part) bool { return p.cand != nil }) {
		return nil
	}
	for i := range parts {
		p := &parts[i]
		switch {
		case p.cand == nil:
			continue
		case p.cand.clock || !b.plainly(p.cand.path): // no field of such a type can be missing
			return nil
		}
		for _, row := range lacking {
			if slices.ContainsFunc(b.sources[row], func(s source) bool {
				return s.path == p.cand.path && strings.Trim(s.text, "0") != "" && s.text != "false"
			}) {
				return nil
			}
		}
	}
	parts[0].tail = true
	return parts
}

// plainly reports whether an attribute is not missing in some items and zero in others, which would take a pointer.
func (b *builder) plainly(path string) bool {
	missing, zero := false, false
	for _, i := range b.g.items {
		v := b.items[i][path]
		missing, zero = missing || v == nil, zero || v != nil && empty(v)
	}
	return !missing || !zero
}
