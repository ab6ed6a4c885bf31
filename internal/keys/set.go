package keys

import "strings"

// Set holds the keys of kinds of items, to find those that a new kind could
// have keys in common with, without a look at all others. The zero Set is
// empty.
//
// Kinds are grouped by their form: for each key the separator and which of its
// segments are fixed text. Of two forms, those segments that both have fixed
// must be equal for a key in common; each group keeps its members by these
// texts, once for every other form that has been met. A registry has few forms.
type Set struct {
	groups []*group
}

// group is all kinds of one form.
type group struct {
	form    form
	members []member
	// byText holds the members by the texts of some of their fixed segments.
	byText map[form]map[string][]int
}

type member struct {
	id       int
	patterns []*Pattern
}

// form has a character for each segment, 'x' for fixed text, behind the
// separator of each key.
type form string

func formOf(patterns []*Pattern) form {
	var b strings.Builder
	for _, p := range patterns {
		b.WriteString(p.separator)
		for i := range p.segments {
			if p.segments[i].literal != "" {
				b.WriteByte('x')
			} else {
				b.WriteByte('0')
			}
		}
	}
	return form(b.String())
}

// common returns the form that has only those texts fixed that both have. It is
// not same when the separators differ, or the numbers of segments. These cannot
// be mistaken for each other, since a separator is no 'x' and no '0'.
func (f form) common(o form) (both form, same bool) {
	if len(f) != len(o) {
		return "", false
	}
	out := []byte(f)
	for i := range out {
		switch {
		case f[i] == o[i]:
		case (f[i] == 'x' || f[i] == '0') && (o[i] == 'x' || o[i] == '0'):
			out[i] = '0'
		default:
			return "", false
		}
	}
	return form(out), true
}

// texts returns the segments that are fixed in f.
func (f form) texts(patterns []*Pattern) string {
	var b strings.Builder
	at := 0
	for _, p := range patterns {
		at++ // the separator
		for i := range p.segments {
			if f[at] == 'x' {
				b.WriteString(p.segments[i].literal)
				b.WriteString(p.separator)
			}
			at++
		}
	}
	return b.String()
}

// oneSeparator reports whether the keys have the same separators, so that their
// forms decide: with other numbers of segments they have no key in common.
func oneSeparator(a, b []*Pattern) bool {
	for i := range a {
		if a[i].separator != b[i].separator {
			return false
		}
	}
	return true
}

// Add adds a kind. All kinds of a set have patterns for the same key attributes.
func (s *Set) Add(id int, patterns []*Pattern) {
	f := formOf(patterns)
	var g *group
	for _, o := range s.groups {
		if o.form == f {
			g = o
		}
	}
	if g == nil {
		g = &group{form: f, byText: map[form]map[string][]int{}}
		s.groups = append(s.groups, g)
	}
	g.members = append(g.members, member{id, patterns})
	for both, index := range g.byText {
		text := both.texts(patterns)
		index[text] = append(index[text], len(g.members)-1)
	}
}

// Meets finds a kind that is not [Apart] from patterns, but for those to be passed over, if that is not nil.
func (s *Set) Meets(patterns []*Pattern, pass func(id int) bool) (id int, examples []string, found bool) {
	f := formOf(patterns)
	for _, g := range s.groups {
		if !oneSeparator(patterns, g.members[0].patterns) {
			for _, m := range g.members {
				if pass != nil && pass(m.id) {
					continue
				}
				if apart, examples := Apart(patterns, m.patterns); !apart {
					return m.id, examples, true
				}
			}
			continue
		}
		both, same := f.common(g.form)
		if !same {
			continue
		}
		for _, i := range g.by(both)[both.texts(patterns)] {
			m := &g.members[i]
			if pass != nil && pass(m.id) {
				continue
			}
			if apart, examples := Apart(patterns, m.patterns); !apart {
				return m.id, examples, true
			}
		}
	}
	return 0, nil, false
}

func (g *group) by(both form) map[string][]int {
	if index := g.byText[both]; index != nil {
		return index
	}
	index := map[string][]int{}
	for i, m := range g.members {
		text := both.texts(m.patterns)
		index[text] = append(index[text], i)
	}
	g.byText[both] = index
	return index
}
