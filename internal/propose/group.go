package propose

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/entable/entable/internal/codec"
)

// A group is items that look alike: of one discriminator value and one skeleton of both keys.
type group struct {
	value string // of the discriminator, "" without
	keys  [2]skeleton
	texts [2][]map[string]bool // what stands in each word, to see whether it varies
	items []int                // in the sample, ascending
	attrs map[string]int       // how many of the items have each attribute
	// levels are the items by where their keys end, where that is in several places.
	levels [2][][]int
}

// sample is the items with what is known of each.
type sample struct {
	table   *Table
	items   []Item
	sources [][]source
	keys    [][2]string // of items whose keys are texts
	all     []*group
	values  codec.Encoding // that is tried
	natural [2]bool        // whether the keys of the table are values of their own, as a user_id is
}

func newSample(t *Table, items []Item) *sample {
	s := &sample{table: t, items: items}
	owned := t.keyAttrs()
	for _, item := range items {
		s.sources = append(s.sources, sourcesOf(item, func(attr string) bool {
			a, key := owned[attr]
			return key && (t.composed(attr) || a == t.PK || a == t.SK)
		}))
		var k [2]string
		k[0], _ = scalar(item[t.PK.Name])
		k[1], _ = scalar(item[t.SK.Name])
		s.keys = append(s.keys, k)
	}
	for k, a := range []Attr{t.PK, t.SK} {
		s.natural[k] = a.Type != "S" || !t.composed(a.Name) && !s.labelled(k)
	}
	return s
}

// labelled reports whether a key tells kinds apart by labels at its front: items with other labels have other attributes.
func (s *sample) labelled(k int) bool {
	leads := map[string]*group{}
	for i, item := range s.items {
		o := skeletonOf(s.keys[i][k], nil)
		if len(o.words) < 2 || o.words[0].kind != fixedWord || o.between[1] == "" || len(leads) > maxTypes {
			return false
		}
		lead := o.words[0].text + o.between[1]
		if leads[lead] == nil {
			leads[lead] = &group{attrs: map[string]int{}}
		}
		g := leads[lead]
		g.items = append(g.items, i)
		for name := range item {
			g.attrs[name]++
		}
	}
	for _, g := range leads {
		for _, o := range leads {
			if !g.similar(o) {
				return true
			}
		}
	}
	return false
}

// skeletons returns those of an item's keys. A key attribute that has a name of its own, as user_id has, is one value.
func (s *sample) skeletons(i int, skip string) (out [2]skeleton) {
	sources := slices.DeleteFunc(slices.Clone(s.sources[i]), func(o source) bool { return o.path == skip })
	for k := range out {
		if !s.natural[k] {
			out[k] = skeletonOf(s.keys[i][k], sources)
			continue
		}
		out[k] = skeleton{[]word{{explained, ""}}, []string{"", ""}}
	}
	return out
}

// groups puts items that look alike together, the largest groups first.
func (s *sample) groups(discriminator string) []*group {
	byPattern := map[string]*group{}
	for i := range s.items {
		value, _ := scalar(s.items[i][discriminator])
		if discriminator == "" {
			value = ""
		}
		keys := s.skeletons(i, discriminator)
		id := strings.Join([]string{value, keys[0].pattern(), keys[1].pattern()}, "\n")
		g := byPattern[id]
		if g == nil {
			g = &group{value: value, keys: keys, attrs: map[string]int{}}
			for k := range keys {
				for range keys[k].words {
					g.texts[k] = append(g.texts[k], map[string]bool{})
				}
			}
			byPattern[id] = g
		}
		g.items = append(g.items, i)
		for k := range keys {
			for j, w := range keys[k].words {
				g.texts[k][j][w.text] = true
			}
		}
		for name := range s.items[i] {
			g.attrs[name]++
		}
	}
	var list []*group
	for _, g := range byPattern {
		list = append(list, g)
	}
	sortGroups(list)
	s.all = s.tails(s.merge(list))
	return s.all
}

// sortGroups puts the largest first, and of one size that which came first.
func sortGroups(list []*group) {
	slices.SortFunc(list, func(a, b *group) int {
		return cmp.Or(len(b.items)-len(a.items), cmp.Compare(a.items[0], b.items[0]))
	})
}

// with returns a new group of the items of both.
func (g *group) with(o *group) *group {
	all := &group{value: g.value, keys: g.keys, items: slices.Clone(g.items), attrs: maps.Clone(g.attrs)}
	all.items = append(all.items, o.items...)
	slices.Sort(all.items)
	for name, n := range o.attrs {
		all.attrs[name] += n
	}
	return all
}

// without returns a new group of the items that are not among rows.
func (s *sample) without(g *group, rows []int) *group {
	rest := &group{value: g.value, keys: g.keys, attrs: map[string]int{}}
	for _, i := range g.items {
		if slices.Contains(rows, i) {
			continue
		}
		rest.items = append(rest.items, i)
		for name := range s.items[i] {
			rest.attrs[name]++
		}
	}
	return rest
}

// take adds the items of another group. What differs in the skeletons becomes a value that no attribute explains.
func (g *group) take(o *group) {
	all := g.with(o)
	g.items, g.attrs = all.items, all.attrs
	for k := range g.keys {
		if len(g.keys[k].words) != len(o.keys[k].words) {
			continue
		}
		for j, w := range g.keys[k].words {
			if v := o.keys[k].words[j]; v.kind != w.kind || w.kind == fixedWord && v.text != w.text {
				g.keys[k].words[j].kind = unknown
			}
			for text := range o.texts[k][j] {
				g.texts[k][j][text] = true
			}
		}
	}
}
