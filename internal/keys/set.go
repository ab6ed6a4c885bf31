package keys

// Set holds the keys of kinds of items, to find those that a new kind could have keys in common with. The zero Set is empty.
type Set struct {
	members []member
}

type member struct {
	id       int
	patterns []*Pattern
}

// Add adds a kind. All kinds of a set have patterns for the same key attributes.
func (s *Set) Add(id int, patterns []*Pattern) { s.members = append(s.members, member{id, patterns}) }

// Meets finds a kind that is not [Apart] from patterns, but for those to be passed over, if pass is not nil. One with an
// example goes before others.
func (s *Set) Meets(patterns []*Pattern, pass func(id int) bool) (id int, examples []string, found bool) {
	for _, m := range s.members {
		apart, texts := Apart(patterns, m.patterns)
		if apart || found && texts == nil || pass != nil && pass(m.id) {
			continue
		}
		id, examples, found = m.id, texts, true
		if texts != nil {
			break
		}
	}
	return id, examples, found
}
