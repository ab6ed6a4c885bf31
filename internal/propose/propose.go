package propose

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Proposal is what is proposed for a table.
type Proposal struct {
	Table         Table
	Discriminator string // "" for none
	Typed         bool   // the discriminator is declared as such; else it is a field of each kind
	Own           map[string]bool
	Kinds         []*Kind
	Unplaced      []Unplaced
	Notes         []string
	Items         int
}

// Unplaced is items that are in no kind, or that do not come back from theirs as they were.
type Unplaced struct {
	Keys   []string // of up to three
	Items  int
	Reason string
}

// Placed counts the items that come back as they were.
func (p *Proposal) Placed() int {
	n := p.Items
	for _, u := range p.Unplaced {
		n -= u.Items
	}
	return n
}

// rounds is how often a proposal is made anew because an index has turned out not to be made of attributes.
const rounds = 8

// Propose makes a proposal from a sample of a table's items.
func Propose(t Table, items []Item) (*Proposal, error) {
	if len(items) == 0 {
		return nil, errors.New("there are no items to propose anything from")
	}
	t.Complete(items)
	if t.PK.Name == "" {
		return nil, errors.New("cannot tell which attribute is the partition key: give -pk, and -sk where there is a sort key")
	}
	if i := slices.IndexFunc(items, func(i Item) bool { return i[t.PK.Name] == nil || t.SK.Name != "" && i[t.SK.Name] == nil }); i >= 0 {
		return nil, fmt.Errorf("item %d has not the key attributes %q", i+1, strings.Trim(t.PK.Name+" "+t.SK.Name, " "))
	}
	s := newSample(&t, items)
	discriminator := s.discriminator()
	groups := s.groups(discriminator)
	typed := discriminator != "" && distinct(groups)
	own := map[string]bool{}
	var best *Proposal
	for range rounds {
		more := len(own)
		for _, ids := range []bool{false, true} {
			p := s.declare(groups, discriminator, typed, mode{ids: ids, own: own})
			if best == nil || p.Placed() > best.Placed() || len(p.Own) > len(best.Own) && p.Placed() == best.Placed() {
				best = p
			}
			if len(own) > more || p.Placed() == p.Items {
				break
			}
		}
		if len(own) == more {
			break
		}
	}
	return best, nil
}

// distinct reports whether every group has a discriminator value that no other has.
func distinct(groups []*group) bool {
	seen := map[string]bool{"": true}
	for _, g := range groups {
		if seen[g.value] {
			return false
		}
		seen[g.value] = true
	}
	return true
}

// declare makes the declarations of all groups and tries them. It adds to the mode the indexes whose keys must be fields, and
// has to be called again then.
func (s *sample) declare(groups []*group, discriminator string, typed bool, m mode) *Proposal {
	p := &Proposal{Table: *s.table, Discriminator: discriminator, Typed: typed, Own: maps.Clone(m.own), Items: len(s.items)}
	for _, x := range s.table.Indexes {
		skip := ""
		if typed {
			skip = discriminator
		}
		if reason := s.table.given(x, m.own[x.Name], skip); reason != "" {
			p.Notes = append(p.Notes, fmt.Sprintf("index %q is not declared: %s", x.Name, reason))
		}
	}
	c, err := newCheck(p)
	if err != nil {
		p.Unplaced = append(p.Unplaced, s.unplaced(allRows(groups), err))
		return p
	}
	for _, g := range groups {
		s.place(c, g, m)
	}
	return p
}

func allRows(groups []*group) (rows []int) {
	for _, g := range groups {
		rows = append(rows, g.items...)
	}
	return rows
}

// place declares one group, giving up what it must, or together with a kind of the same attributes that it could meet.
func (s *sample) place(c *check, g *group, m mode) {
	reason := s.try(c, g, m)
	for i := 0; reason != nil && i < len(c.p.Kinds); i++ {
		other := c.p.Kinds[i]
		if other.Value != g.value || !other.g.similar(g) || fresh(reason) {
			continue
		}
		c.drop(i)
		if s.try(c, other.g.with(g), m) == nil {
			return
		}
		c.restore(i, other)
	}
	if reason != nil {
		c.p.Unplaced = append(c.p.Unplaced, s.unplaced(g.items, reason))
	}
}

// A naturalIndex is an index whose keys have turned out to be fields, which changes the declaration of the table.
type naturalIndex string

func (x naturalIndex) Error() string {
	return fmt.Sprintf("the keys of index %q are attributes of the items", string(x))
}

func fresh(err error) bool {
	_, ok := errors.AsType[naturalIndex](err)
	return ok
}

// try declares one group, and returns why it cannot be.
func (s *sample) try(c *check, g *group, m mode) (reason error) {
	tries := []mode{m, m, m, m}
	tries[1].ids = true
	tries[2].ids, tries[2].apart = true, true
	tries[3].ids, tries[3].ownKeys = true, true
	for _, t := range tries {
		k, err := s.build(g, c.p.Discriminator, c.p.Typed, t)
		if err != nil {
			return err
		}
		if names := k.natural(m.own); len(names) > 0 {
			for _, name := range names {
				m.own[name] = true
			}
			return naturalIndex(names[0])
		}
		if err = c.place(k, s.items); err == nil {
			return nil
		}
		if reason == nil {
			reason = err
		}
	}
	return reason
}

// natural returns the indexes whose keys turned out to be fields.
func (k *Kind) natural(own map[string]bool) (names []string) {
	for _, j := range k.Indexes {
		if !own[j.Index] && slices.ContainsFunc(j.Keys, func(k *Key) bool { return k.Own }) {
			names = append(names, j.Index)
		}
	}
	return names
}

func (s *sample) unplaced(rows []int, reason error) Unplaced {
	u := Unplaced{Items: len(rows), Reason: reason.Error()}
	for _, i := range rows[:min(3, len(rows))] {
		text := fmt.Sprintf("%s=%q", s.table.PK.Name, plain(s.items[i][s.table.PK.Name]))
		if s.table.SK.Name != "" {
			text += fmt.Sprintf(" %s=%q", s.table.SK.Name, plain(s.items[i][s.table.SK.Name]))
		}
		u.Keys = append(u.Keys, text)
	}
	return u
}

// given returns why an index cannot be declared, "" if it can.
func (t *Table) given(x Index, own bool, discriminator string) string {
	for _, a := range slices.Concat(x.PK, x.SK) {
		if a == t.PK && x.Local {
			continue
		}
		switch {
		case a == t.PK, a == t.SK:
			return fmt.Sprintf("%q is a key of the table too", a.Name)
		case a.Name == discriminator:
			return fmt.Sprintf("%q is the discriminator too", a.Name)
		case own && x.Local:
			return fmt.Sprintf("%q is not made of other attributes in all kinds", a.Name)
		}
	}
	return ""
}
