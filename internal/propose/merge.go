package propose

import (
	"slices"
	"strings"
)

// How many different labels must stand in one place, in items that have the same attributes, to be taken for values: at the
// front of a key, and in capitals, more than elsewhere.
const (
	fewLabels     = 3
	frontLabels   = 6
	capitalLabels = 12
)

// merge puts groups together that differ only in what may be values: labels in small letters of which there are many, and
// values that an attribute explains in one group and not in the other, as after a change of that attribute.
func (s *sample) merge(list []*group) []*group {
	buckets := map[string][]*group{}
	var order []string
	for _, g := range list {
		id := strings.Join([]string{g.value, g.keys[0].shape(), g.keys[1].shape()}, "\n")
		if buckets[id] == nil {
			order = append(order, id)
		}
		buckets[id] = append(buckets[id], g)
	}
	var out []*group
	for _, id := range order {
		bucket := buckets[id]
		labels := labelsOf(bucket)
		var kept []*group
		for _, g := range bucket {
			if i := slices.IndexFunc(kept, func(k *group) bool { return k.similar(g) && k.agrees(g, labels) }); i >= 0 {
				kept[i].take(g)
			} else {
				kept = append(kept, g)
			}
		}
		out = append(out, kept...)
	}
	sortGroups(out)
	return out
}

// labelsOf counts the different labels in each place.
func labelsOf(bucket []*group) (n [2][]int) {
	for k := range n {
		for j := range bucket[0].keys[k].words {
			seen := map[string]bool{}
			for _, g := range bucket {
				if w := g.keys[k].words[j]; w.kind == fixedWord {
					seen[w.text] = true
				}
			}
			n[k] = append(n[k], len(seen))
		}
	}
	return n
}

// similar reports whether the items of two groups have the same attributes, some of which may be optional.
func (g *group) similar(o *group) bool {
	if g.requires(o) && o.requires(g) {
		return true
	}
	both := 0
	for name := range g.attrs {
		if o.attrs[name] > 0 {
			both++
		}
	}
	return 5*both >= 4*(len(g.attrs)+len(o.attrs)-both)
}

// requires reports whether o has all attributes that no item of g is without.
func (g *group) requires(o *group) bool {
	for name, n := range g.attrs {
		if n == len(g.items) && o.attrs[name] == 0 {
			return false
		}
	}
	return true
}

// agrees reports whether all words in which two groups differ may be values.
func (g *group) agrees(o *group, labels [2][]int) bool {
	for k := range g.keys {
		for j, a := range g.keys[k].words {
			b := o.keys[k].words[j]
			many := fewLabels
			switch {
			case a.kind == fixedWord && label(a.text) || b.kind == fixedWord && label(b.text):
				many = capitalLabels
			case j == 0:
				many = frontLabels
			}
			switch {
			case a.kind == b.kind && (a.kind != fixedWord || a.text == b.text):
			case a.kind == fixedWord || b.kind == fixedWord:
				if labels[k][j] < many {
					return false
				}
			case a.kind == unknown && g.constant(k, j), b.kind == unknown && o.constant(k, j):
				return false
			}
		}
	}
	return true
}

// constant reports whether all of several items have the same in a place.
func (g *group) constant(k, j int) bool { return len(g.items) > 1 && len(g.texts[k][j]) == 1 }

// tails puts groups together whose keys have the same labels in front and several shapes behind, in items of the same
// attributes: texts that hold separators, as paths do.
func (s *sample) tails(list []*group) []*group {
	for k := range 2 {
		var out []*group
		byLead := map[string][]*group{}
		taken := map[*group]bool{}
		for _, g := range list {
			id := strings.Join([]string{g.value, g.keys[k].lead(), g.keys[1-k].pattern()}, "\n")
			byLead[id] = append(byLead[id], g)
		}
		for _, g := range list {
			id := strings.Join([]string{g.value, g.keys[k].lead(), g.keys[1-k].pattern()}, "\n")
			if taken[g] {
				continue
			}
			alike := byLead[id]
			shapes := map[string]bool{}
			for _, o := range alike {
				shapes[o.keys[k].shape()] = true
			}
			if len(shapes) < fewLabels || slices.ContainsFunc(alike, func(o *group) bool { return !alike[0].similar(o) }) {
				out = append(out, g)
				continue
			}
			for _, o := range alike[1:] {
				g.take(o)
				taken[o] = true
			}
			out = append(out, g)
		}
		list = out
	}
	sortGroups(list)
	return list
}
