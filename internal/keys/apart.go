package keys

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// Apart reports whether no item can have all keys of a and also all keys of b,
// which are the patterns of two kinds of items in the same key attributes. If
// not, examples are keys that both kinds of items build, or "" where none was
// found.
//
// An attribute that is a component of several keys of an item has one value in
// all of them, which can keep items apart whose single keys are not: {id}, {id}
// and LEFT, RIGHT, say. This is seen where the separators are the same.
func Apart(a, b []*Pattern) (ok bool, examples []string) {
	for i := range a { // the cheap ones first
		if leadsApart(a[i], b[i]) {
			return true, nil
		}
	}
	for i := range a {
		if a[i].separator == b[i].separator && !segmentsMeet(a[i], b[i]) {
			return true, nil
		}
	}
	examples = make([]string, len(a))
	for i := range a {
		if ok, examples[i] = Disjoint(a[i], b[i]); ok {
			return true, nil
		}
	}
	if consistent(a, examples) && consistent(b, examples) {
		return false, examples
	}
	m := matching{values: map[slot]Value{}}
	for i := range a {
		if a[i].separator != b[i].separator {
			return false, make([]string, len(a))
		}
		for j := range a[i].segments {
			m.pairs = append(m.pairs, pair{{0, &a[i].segments[j]}, {1, &b[i].segments[j]}})
		}
	}
	if !m.close() || !m.settle() {
		return true, nil
	}
	return false, m.examples(a)
}

// consistent reports whether one item can have all these keys: whether each
// attribute has one value in them.
func consistent(patterns []*Pattern, texts []string) bool {
	seen := map[string]Value{}
	for i, p := range patterns {
		vals, err := p.Parse(texts[i], nil)
		if err != nil {
			return false
		}
		for _, s := range p.declared {
			if s.Literal != "" {
				continue
			}
			if was, again := seen[s.Attr]; again && !sameValue(was, vals[0]) {
				return false
			}
			seen[s.Attr], vals = vals[0], vals[1:]
		}
	}
	return true
}

// slot is an attribute of the items of one side.
type slot struct {
	side int
	attr string
}

// end is a segment of one side.
type end struct {
	side int
	*segment
}

// pair is two segments whose texts are one.
type pair [2]end

// matching looks for values of two items that give both the same keys.
type matching struct {
	pairs  []pair
	values map[slot]Value
}

// close adds the pairs that follow: what has one text with a component has it
// with whatever else stands where this component stands in another key. It
// reports false if a pair cannot have one text.
func (m *matching) close() bool {
	for i := 0; i < len(m.pairs); i++ {
		for _, p := range m.pairs[:i] {
			for _, at := range [][2]int{{0, 0}, {0, 1}, {1, 0}, {1, 1}} {
				x, y := m.pairs[i][at[0]], p[at[1]]
				q := pair{m.pairs[i][1-at[0]], p[1-at[1]]}
				if x.literal != "" || y.literal != "" || x.side != y.side || x.attr != y.attr || !x.rendersLike(y.segment, q) {
					continue
				}
				if _, ok := meet(q[0].segment, q[1].segment); !ok {
					return false
				}
				if q[0] != q[1] && !slices.Contains(m.pairs, q) && !slices.Contains(m.pairs, pair{q[1], q[0]}) {
					m.pairs = append(m.pairs, q)
				}
			}
		}
	}
	return true
}

// rendersLike reports whether two components render one value as one text.
// Those of text do so, whatever they encode, if either text is that of a
// component of the pair p whose characters both write as they are.
func (s *segment) rendersLike(o *segment, p pair) bool {
	if s.kind != Text || s.escape == o.escape {
		return s.kind == o.kind && s.width == o.width && s.layout == o.layout && s.marked == o.marked
	}
	return slices.ContainsFunc(p[:], func(e end) bool {
		if e.literal != "" || e.kind == Text {
			return false
		}
		for _, c := range []byte(e.marks()) {
			if s.escape.has(c) != o.escape.has(c) {
				return false
			}
		}
		return true
	})
}

// marks holds all characters of a fixed layout that can be a separator.
func (s *segment) marks() string {
	switch s.kind {
	case Int:
		return "-"
	case Float:
		return "-."
	case Time:
		return strings.Trim(s.layout, decimals)
	}
	return ""
}

// settle derives the values that follow from literals and from the values that
// are set. It reports false when they contradict each other.
func (m *matching) settle() bool {
	for known := -1; known != len(m.values); {
		known = len(m.values)
		for _, p := range m.pairs {
			for i, e := range p {
				text, ok := m.text(e)
				if !ok || text != "" && !m.set(p[1-i], text) {
					return false
				}
			}
		}
	}
	return true
}

// text is what a segment renders; "" when its value is not known yet. It is not
// ok when the value does not fit the segment.
func (m *matching) text(e end) (text string, ok bool) {
	if e.literal != "" {
		return e.literal, true
	}
	v, known := m.values[slot{e.side, e.attr}]
	if !known {
		return "", true
	}
	b, err := e.append(nil, &v)
	return string(b), err == nil
}

// set gives a segment its text, if it can have it.
func (m *matching) set(e end, text string) bool {
	if e.literal != "" {
		return text == e.literal
	}
	v := Value{Kind: e.kind}
	if !e.parse(text, &v) {
		return false
	}
	at := slot{e.side, e.attr}
	was, known := m.values[at]
	if known {
		return sameValue(was, v)
	}
	m.values[at] = v
	return true
}

func sameValue(a, b Value) bool {
	return a.Kind == b.Kind && a.S == b.S && bytes.Equal(a.B, b.B) && a.I == b.I && a.U == b.U && a.F == b.F && a.T.Equal(b.T)
}

// examples gives values to what is free, and renders the keys; they are "" if
// no sample will do.
func (m *matching) examples(patterns []*Pattern) []string {
	out := make([]string, len(patterns))
	for _, p := range m.pairs {
		if text, _ := m.text(p[0]); text == "" && !m.try(p[0]) {
			return out
		}
	}
	for i, p := range patterns {
		for j := range p.segments {
			if j > 0 {
				out[i] += p.separator
			}
			text, _ := m.text(end{0, &p.segments[j]})
			out[i] += text
		}
	}
	return out
}

// try gives a segment the sample of some segment.
func (m *matching) try(e end) bool {
	for _, p := range m.pairs {
		for _, from := range p {
			trial := matching{m.pairs, maps.Clone(m.values)}
			if trial.set(e, from.sample) && trial.settle() {
				m.values = trial.values
				return true
			}
		}
	}
	return false
}
