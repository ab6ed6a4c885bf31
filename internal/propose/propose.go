package propose

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/schema"
)

// A Proposal is what is proposed for a table.
type Proposal struct {
	Table         Table
	Discriminator string // "" for none
	SDK           bool   // values are stored by the SDK's defaults, as far as that makes a difference
	Typed         bool   // the discriminator is declared as such; else it is a field of each kind
	Kinds         []*Kind
	Unplaced      []Unplaced
	Items         int
	Own           int // items of entable's own, which are passed over and in no other number
}

// Unplaced is items that are in no kind, or that do not come back from theirs as they were.
type Unplaced struct {
	Keys   []string // of up to three
	Items  int
	Reason string
}

// Placed counts the items that come back as they were.
func (p *Proposal) Placed() (n int) {
	for _, k := range p.Kinds {
		n += k.Items
	}
	return n
}

// Propose makes a proposal from a sample of a table's items.
func Propose(t Table, items []Item) (*Proposal, error) {
	if len(items) == 0 {
		return nil, errors.New("there are no items to propose anything from")
	}
	t.Complete(items)
	if t.PK.Name == "" {
		return nil, errors.New("cannot tell which attribute is the partition key: give -pk, and -sk where there is a sort key")
	}
	for _, name := range []string{t.PK.Name, t.SK.Name} {
		if i := slices.IndexFunc(items, func(i Item) bool { return name != "" && i[name] == nil }); i >= 0 {
			return nil, fmt.Errorf("item %d lacks the key attribute %q", i+1, name)
		}
	}
	all := len(items)
	items = slices.DeleteFunc(slices.Clone(items), func(i Item) bool { return isOwn(i, t.PK.Name) })
	if len(items) == 0 {
		return nil, errors.New("there are only items of entable's own, which keep values unique: there is nothing to propose")
	}
	s := newSample(&t, items)
	discriminator := s.discriminator()
	groups := s.groups(discriminator)
	typed := discriminator != "" && !slices.ContainsFunc(groups, func(g *group) bool { return g.value == "" })
	var best *Proposal
	if s.binaryIDs() {
		s.values = codec.SDKDefaults
		best = s.best(best, groups, discriminator, typed)
		s.values = codec.Methods
	}
	best = s.best(best, groups, discriminator, typed)
	best.Own = all - len(items)
	return best, nil
}

// isOwn reports whether an item is one that entable keeps besides the program's: of a unique value, or the manifest. Its key and
// its type say so.
func isOwn(item Item, pk string) bool {
	own := func(typ string) bool {
		for name, v := range item {
			if name != pk && schema.Text(v) == typ {
				return true
			}
		}
		return false
	}
	text := schema.Text(item[pk])
	return strings.HasPrefix(text, schema.SentinelPrefix+keys.DefaultSeparator) && own(schema.SentinelPrefix) ||
		text == schema.StoredManifestKey && own(schema.ManifestPrefix)
}

// best tries the ways to declare the groups until all items are placed, and returns the one that has placed most.
func (s *sample) best(best *Proposal, groups []*group, discriminator string, typed bool) *Proposal {
	for _, try := range []struct{ typed, ids bool }{{typed, false}, {typed, true}, {false, false}, {false, true}} {
		if best != nil && best.Placed() == best.Items {
			break
		}
		p := s.declare(groups, discriminator, try.typed, mode{ids: try.ids})
		if best == nil || p.Placed() > best.Placed() {
			best = p
		}
	}
	return best
}

// declare makes the declarations of all groups and tries them.
func (s *sample) declare(groups []*group, discriminator string, typed bool, m mode) *Proposal {
	p := &Proposal{Table: *s.table, Discriminator: discriminator, Typed: typed, Items: len(s.items), SDK: s.values == codec.SDKDefaults}
	c, err := newCheck(p)
	for _, g := range groups {
		if err == nil {
			s.place(c, g, m)
		}
	}
	if err == nil {
		s.join(c, m)
		err = c.verify(s.items)
	}
	if err != nil {
		p.Kinds, p.Unplaced = nil, []Unplaced{s.unplaced(allRows(groups), err)}
	}
	return p
}

func allRows(groups []*group) (rows []int) {
	for _, g := range groups {
		rows = append(rows, g.items...)
	}
	return rows
}

// maxMerges is how many kinds a group is put together with, one after the other, to be placed.
const maxMerges = 3

// place declares one group: by itself, or together with a kind of the same attributes that it could meet, or without the items
// that do not come back as they were.
func (s *sample) place(c *check, g *group, m mode) {
	failed, reason := s.try(c, g, m)
	if reason == nil {
		return
	}
	tried := 0
	for i := 0; i < len(c.p.Kinds) && tried < maxMerges; i++ {
		other := c.p.Kinds[i]
		if other.Value != g.value || !other.g.similar(g) && !other.g.requires(g) && !g.requires(other.g) {
			continue
		}
		tried++
		c.drop(i)
		if s.tryTails(c, other.g, g, m) {
			return
		}
		if other.g.similar(g) {
			if _, err := s.try(c, other.g.with(g), m); err == nil {
				return
			}
		}
		c.restore(i, other)
	}
	if rest := s.without(g, failed); 2*len(failed) < len(g.items) && len(failed) > 0 {
		if _, err := s.try(c, rest, m); err == nil {
			c.p.Unplaced = append(c.p.Unplaced, s.unplaced(failed, reason))
			return
		}
	}
	c.p.Unplaced = append(c.p.Unplaced, s.unplaced(g.items, reason))
}

// try declares one group, giving up what it must. It returns why it cannot be declared, and which items are to blame if it is
// some of them.
func (s *sample) try(c *check, g *group, m mode) (failed []int, reason error) {
	tries := []mode{m, {ids: true}, {ids: true, ownIndexes: true}, {ids: true, ownIndexes: true, ownKeys: true}}
	for _, t := range tries {
		k, err := s.build(g, c.p.Discriminator, c.p.Typed, t)
		if err != nil {
			return nil, err
		}
		some, err := c.place(k, s.items)
		if err == nil {
			return nil, nil
		}
		if reason == nil {
			failed, reason = some, err
		}
	}
	return failed, reason
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
