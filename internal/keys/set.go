package keys

import (
	"slices"
	"strings"
)

// Set holds the keys of kinds of items, to find those that a new kind could have keys in common with. The zero Set is empty.
//
// Kinds whose keys have the same shape, fixed texts and components in the same places, are apart if a fixed text differs. So they
// lie by their texts, and of a thousand of one shape a new one is compared only with those of its own texts.
type Set struct{ shapes []shape }

type shape struct {
	like    []*Pattern // the patterns of the first member
	members []member
	byTexts map[string][]member
}

type member struct {
	id       int
	patterns []*Pattern
}

// Add adds a kind. All kinds of a set have patterns for the same key attributes.
func (s *Set) Add(id int, patterns []*Pattern) {
	i := slices.IndexFunc(s.shapes, func(sh shape) bool { return slices.EqualFunc(sh.like, patterns, sameShape) })
	if i < 0 {
		i = len(s.shapes)
		s.shapes = append(s.shapes, shape{like: patterns, byTexts: map[string][]member{}})
	}
	sh, m, texts := &s.shapes[i], member{id, patterns}, fixedTexts(patterns)
	sh.members = append(sh.members, m)
	sh.byTexts[texts] = append(sh.byTexts[texts], m)
}

// Meets finds a kind that is not [Apart] from patterns, but for those to be passed over, if pass is not nil. One with an
// example goes before others.
func (s *Set) Meets(patterns []*Pattern, pass func(id int) bool) (id int, examples []string, found bool) {
	for i := range s.shapes {
		for _, m := range s.shapes[i].near(patterns) {
			apart, texts := Apart(patterns, m.patterns)
			if apart || found && texts == nil || pass != nil && pass(m.id) {
				continue
			}
			if id, examples, found = m.id, texts, true; texts != nil {
				return id, examples, true
			}
		}
	}
	return id, examples, found
}

// near returns the members whose fixed texts alone do not keep them apart from patterns, and perhaps more.
func (sh *shape) near(patterns []*Pattern) []member {
	if slices.EqualFunc(sh.like, patterns, sameShape) {
		return sh.byTexts[fixedTexts(patterns)]
	}
	return sh.members
}

// sameShape reports whether two keys have fixed texts and components in the same places. Templates all do.
func sameShape(a, b *Pattern) bool {
	return a.separator == b.separator && slices.EqualFunc(a.forms, b.forms, func(x, y form) bool { return (x.fixed == "") == (y.fixed == "") })
}

// fixedTexts returns what differs only where fixed texts of composed keys do.
func fixedTexts(patterns []*Pattern) string {
	var text strings.Builder
	for _, p := range patterns {
		for _, f := range p.forms {
			text.WriteString(f.fixed)
			text.WriteString(p.separator)
		}
	}
	return text.String()
}
