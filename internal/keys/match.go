package keys

import (
	"bytes"
	"maps"
	"slices"
)

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

// matching looks for values of two items that give both the same keys, as far as
// these are aligned.
type matching struct {
	patterns [2][]*Pattern
	pairs    []pair
	values   map[slot]Value
	tries    int
}

func match(a, b []*Pattern) (m *matching, whole bool) {
	m = &matching{patterns: [2][]*Pattern{a, b}, values: map[slot]Value{}, tries: 2000}
	whole = true
	for i := range a {
		if !aligned(a[i], b[i]) {
			whole = false
			continue
		}
		for j := range a[i].segments {
			m.pairs = append(m.pairs, pair{{0, &a[i].segments[j]}, {1, &b[i].segments[j]}})
		}
	}
	return m, whole
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

// settle derives the values that follow from literals and from the values that
// are set. It reports false when they contradict each other.
func (m *matching) settle() bool {
	for known := -1; known != len(m.values); {
		known = len(m.values)
		for _, p := range m.pairs {
			for i, e := range p {
				text, ok := m.text(e)
				if !ok || text != "" && !m.set(p[1-i], text) || e.shards > 0 && !m.setShard(e) {
					return false
				}
			}
		}
	}
	return true
}

// setShard sets the number of a shard if that follows.
func (m *matching) setShard(e end) bool {
	of, known := m.values[slot{e.side, e.of.attr}]
	if !known {
		return true
	}
	v := Value{Kind: Int, I: int64(Shard(of, e.shards))}
	text, err := e.append(nil, &v)
	return err == nil && m.set(e, string(text))
}

// text returns what a segment renders; "" when its value is not known yet. It is
// not ok when the value does not fit the segment.
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
	if !e.parse(text, &v) || !e.fits(&v) {
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

// search gives values to what is free, until the keys are those of two items.
func (m *matching) search() (examples []string) {
	var free *end
	for _, p := range m.pairs {
		for _, e := range p {
			if text, _ := m.text(e); text == "" && (free == nil || free.kind == Text && e.kind != Text && e.shards == 0) {
				free = &e // a text can be much, and a shard follows
			}
		}
	}
	if free != nil {
		return m.branch(slot{free.side, free.attr})
	}
	texts := m.texts()
	if consistent(m.patterns[0], texts) && consistent(m.patterns[1], texts) {
		return texts
	}
	return nil
}

func (m *matching) texts() []string {
	out := make([]string, len(m.patterns[0]))
	for i, p := range m.patterns[0] {
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

// branch searches with one value of a free attribute after the other: those of
// all segments that have its text somewhere.
func (m *matching) branch(free slot) (examples []string) {
	var ends []end
	for _, p := range m.pairs {
		for i, e := range p {
			if e.literal == "" && (slot{e.side, e.attr}) == free {
				ends = append(ends, e, p[1-i])
			}
		}
	}
	for i := 0; ; i++ {
		for _, e := range ends {
			v, ok := e.value(i)
			if m.tries--; !ok || m.tries < 0 {
				return nil
			}
			trial := matching{m.patterns, m.pairs, maps.Clone(m.values), m.tries}
			text, err := e.append(nil, &v)
			if err == nil && trial.set(e, string(text)) && trial.settle() {
				examples = trial.search()
			}
			if m.tries = trial.tries; examples != nil {
				return examples
			}
		}
	}
}
