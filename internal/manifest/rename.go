package manifest

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Renames lists the entities that only now has and that look like one that only the manifest has: their keys are the same, but
// for prefixes that both names have given them. Such an entity is most likely the other under a new name, whose stored items
// would not be found.
func (m *Manifest) Renames(now *Manifest) (list []Difference) {
	known, registered := m.byName(), now.byName()
	in := func(names map[string]*Entity, e *Entity) bool {
		return slices.ContainsFunc(e.names(), func(name string) bool { return names[name] != nil })
	}
	for i := range now.Entities {
		e := &now.Entities[i]
		if in(known, e) {
			continue
		}
		for j := range m.Entities {
			old := &m.Entities[j]
			if in(registered, old) || !old.soundsLike(e) {
				continue
			}
			list = append(list, Difference{Where: e.Name, What: "name", Was: fmt.Sprintf("%q, %s", old.Name, old.KeyTexts()), Is: fmt.Sprintf("%q, %s", e.Name, e.KeyTexts()),
				Effect: fmt.Sprintf("if it is the new name of %s, stored items are not found", old.Name),
				Cure:   fmt.Sprintf("say entable.Was(%q), or, if it is another entity, give its keys prefixes with entable.Prefix", old.Name)})
		}
	}
	return list
}

// KeyTexts returns the patterns of the primary key, for messages.
func (m *Entity) KeyTexts() string {
	if m.SK == nil {
		return m.PK.String()
	}
	return m.PK.String() + ", " + m.SK.String()
}

// soundsLike reports whether two entities differ in nothing that their names have not made.
func (m *Entity) soundsLike(o *Entity) bool {
	a, b := m.keys(), o.keys()
	if len(a) != len(b) || m.Version != o.Version || m.TTL != o.TTL {
		return false
	}
	renamed := false
	for i, k := range a {
		old, now := k.key, b[i].key
		if k.what != b[i].what || old.Separator != now.Separator || !slices.EqualFunc(old.Segments, now.Segments, Segment.equal) {
			return false
		}
		if old.Prefix == now.Prefix {
			continue
		}
		if !old.generatedFor(m.OldestName()) || !now.generatedFor(o.OldestName()) {
			return false
		}
		renamed = true
	}
	return renamed
}

// generatedFor reports whether the key's prefix can be one that an entity's name has given it.
func (k *Key) generatedFor(name string) bool {
	if len(k.Segments) == 0 || k.Segments[0].Attribute == "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(name)
	rest, ok := strings.CutPrefix(k.Prefix, string(unicode.ToUpper(first)))
	return ok && rest != "" && strings.HasPrefix(strings.Map(unicode.ToUpper, k.Segments[0].Attribute), rest)
}
