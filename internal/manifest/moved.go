package manifest

import "slices"

// The places of an entity's items. PK and SK are where new items are written, Moved where others may be: a program that does
// not look there does not find them. A place that was left for good stays in the manifest, as removed, and its keys reserved.

// Place is a primary key under which items of an entity may be stored besides.
type Place struct {
	PK      Key  `json:"pk"`
	SK      *Key `json:"sk,omitempty"`
	Removed bool `json:"removed,omitempty"` // there are none any more
}

// own returns the place where the entity's new items are written.
func (m *Entity) own() Place { return Place{PK: m.PK, SK: m.SK} }

func (p Place) entity() *Entity { return &Entity{PK: p.PK, SK: p.SK} }

// Key returns the key that messages call what: PK or SK.
func (p Place) Key(what string) *Key { return p.entity().Key(what) }

func (p Place) String() string { return p.entity().KeyTexts() }

// same reports whether two places are one.
func (p Place) same(o Place) bool {
	if p.SK == nil || o.SK == nil {
		return p.SK == o.SK && len(p.PK.contradictions("", "", &o.PK)) == 0
	}
	return len(p.PK.contradictions("", "", &o.PK)) == 0 && len(p.SK.contradictions("", "", o.SK)) == 0
}

// Places lists the entity at each place of Moved.
func (m *Entity) Places() (list []*Entity) {
	for _, p := range m.Moved {
		list = append(list, p.entity())
	}
	return list
}

// at finds a place in Moved; -1: it is not there.
func (m *Entity) at(p Place) int { return slices.IndexFunc(m.Moved, p.same) }

// reads reports whether a program with this entity looks for items at a place.
func (m *Entity) reads(p Place) bool { return m.own().same(p) || m.at(p) >= 0 }

// left lists the places where old has items and where now does not look for them, besides that of its new items.
func (m *Entity) left(now *Entity) (list []Place) {
	for _, p := range m.Moved {
		if !p.Removed && !now.reads(p) {
			list = append(list, p)
		}
	}
	return list
}

// Abandoned lists where items of the manifest's entities may be and where now does not look for them.
func (m *Manifest) Abandoned(now *Manifest) (list []Difference) {
	known := m.byName()
	for i := range now.Entities {
		e := &now.Entities[i]
		for _, name := range e.names() {
			if old := known[name]; old != nil {
				for _, p := range old.left(e) {
					list = append(list, Difference{Where: e.Name, What: "other place", Was: p.String(),
						Effect: "items that are still there are not found", Cure: "keep entable.Moved until Table.Audit with Settle has found none there"})
				}
				break
			}
		}
	}
	return list
}

// returns lists that the entity writes to a place that was left for good.
func (m *Entity) returns(now *Entity) []Difference {
	i := m.at(now.own())
	if i < 0 || !m.Moved[i].Removed {
		return nil
	}
	return []Difference{{Where: now.Name, What: "primary key", Was: m.own().String(), Is: now.own().String(),
		Effect: "programs without entable.Moved do not find what is written there: all items were moved away", Cure: "run the newer version, or move the items to another place"}}
}

// extendPlaces adds the places that only old has, as removed if mark is set. Otherwise other versions may be running: a place
// counts from the moment on when a program has come that writes there, and a program that comes again with one that is known
// changes nothing.
func (m *Entity) extendPlaces(old *Entity, mark bool) {
	was := slices.Clone(old.Moved)
	switch {
	case mark:
		if p := old.own(); !m.reads(p) {
			p.Removed = true
			m.Moved = append(slices.Clip(m.Moved), p)
		}
		for _, p := range was {
			if !m.reads(p) {
				p.Removed = true
				m.Moved = append(slices.Clip(m.Moved), p)
			}
		}
		return
	case old.own().same(m.own()), old.at(m.own()) >= 0:
		m.PK, m.SK = old.PK, old.SK
	default:
		was = append([]Place{old.own()}, was...)
	}
	m.Moved = was
}

// Settled returns the manifest after an audit has found that no item of the entities called names is at the place where now
// looks for them besides.
func (m *Manifest) Settled(now *Manifest, names []string) *Manifest {
	out := New(m.Table, m.Entities)
	for i := range now.Entities {
		e := &now.Entities[i]
		if !slices.Contains(names, e.Name) {
			continue
		}
		for j := range out.Entities {
			old := &out.Entities[j]
			if !slices.Contains(old.names(), e.Name) {
				continue
			}
			places := append([]Place{old.own()}, old.Moved...)
			old.PK, old.SK, old.Moved = e.PK, e.SK, nil
			for _, p := range places {
				if !p.same(e.own()) {
					p.Removed = p.Removed || e.at(p) >= 0
					old.Moved = append(old.Moved, p)
				}
			}
		}
	}
	return out
}
