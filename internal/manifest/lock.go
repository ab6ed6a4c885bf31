package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Lock is a manifest made ready for registration.
type Lock struct {
	*Manifest
	named    map[string]*Entity // by each name that they have or had
	prefixes map[string]lockedPrefix
}

// lockedPrefix says which entities of the lock have a prefix.
type lockedPrefix struct {
	owners []*Entity
	shared bool // others may have it too: fixed text, or a prefix of keys that are not the table's partition key
}

// ParseLock returns the lock that text holds as JSON, and nil for an empty text.
func ParseLock(text []byte) (*Lock, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	m, err := Parse(text)
	if broken, ok := errors.AsType[*json.SyntaxError](err); ok {
		line := 1 + bytes.Count(text[:min(int(broken.Offset), len(text))], []byte("\n"))
		err = fmt.Errorf("line %d: %w: after a merge with conflicts, take the file of either side and extend it; else restore it", line, err)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the lock: %w", err)
	}
	l := &Lock{Manifest: m, named: m.byName(), prefixes: map[string]lockedPrefix{}}
	for i := range m.Entities {
		e := &m.Entities[i]
		for _, k := range e.reservedKeys() {
			text, shared := k.key.Prefix, k.what != "PK"
			if text == "" && len(k.key.Segments) > 0 {
				text, shared = k.key.Segments[0].Literal, true
			}
			if text == "" || k.key.Template {
				continue
			}
			p, known := l.prefixes[text]
			p.shared = shared && (p.shared || !known)
			p.owners = append(p.owners, e)
			l.prefixes[text] = p
		}
	}
	return l, nil
}

// Unix returns the text of a lock with the line ends with which it was written: where git checks files out with those of Windows, it is
// no other lock.
func Unix(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")) }

// reservedKeys lists the keys whose prefixes a lock reserves: also those of places where items are besides, or were.
func (m *Entity) reservedKeys() []namedKey {
	out := m.keys()
	for _, place := range m.Places() {
		out = append(out, place.keys()...)
	}
	return out
}

func (m *Manifest) byName() map[string]*Entity {
	out := map[string]*Entity{}
	for i := range m.Entities {
		for _, name := range m.Entities[i].names() {
			out[name] = &m.Entities[i]
		}
	}
	return out
}

// Entity returns the entity that has or had the name, or nil.
func (l *Lock) Entity(name string) *Entity { return l.named[name] }

// Foreign returns the name of the entity for which the lock reserves a prefix, or "" when locked, which asks, may have
// it. repeats: it asks for what may stand in several keys, and only prefixes that are the partition key's of another are
// reserved for that. A nil lock reserves nothing.
func (l *Lock) Foreign(prefix string, locked *Entity, repeats bool) string {
	if l == nil {
		return ""
	}
	p, ok := l.prefixes[prefix]
	if !ok || repeats && p.shared || slices.Contains(p.owners, locked) {
		return ""
	}
	return p.owners[0].Name
}

// Extended returns the manifest with all of now added: entities, indexes, names. What now does not have stays, as removed
// if mark is set. It must not be contradicted by now, so that each entity of now has all names that it had.
func (m *Manifest) Extended(now *Manifest, mark bool) *Manifest {
	table, entities := now.Table, []Entity{}
	table.Indexes = union(now.Table.Indexes, m.Table.Indexes, func(x *Index) (string, *bool) { return x.Name, &x.Removed }, mark)
	known, seen := m.byName(), map[*Entity]bool{}
	for i := range now.Entities {
		e := now.Entities[i]
		for _, name := range e.names() {
			if old := known[name]; old != nil && !seen[old] {
				seen[old] = true
				e.extend(old, mark)
			}
		}
		entities = append(entities, e)
	}
	for i := range m.Entities {
		if !seen[&m.Entities[i]] {
			e := m.Entities[i]
			e.Removed = mark
			entities = append(entities, e)
		}
	}
	return New(table, entities)
}

// extend adds what only old has, as removed if mark is set.
func (m *Entity) extend(old *Entity, mark bool) {
	m.extendPlaces(old, mark)
	m.Indexes = union(m.Indexes, old.Indexes, func(x *EntityIndex) (string, *bool) { return x.Name, &x.Removed }, mark)
	m.Unique = union(m.Unique, old.Unique, func(s *Segment) (string, *bool) { return s.Attribute, &s.Removed }, mark)
	m.Sealed = union(m.Sealed, old.Sealed, func(s *Sealed) (string, *bool) { return s.Attribute, &s.Removed }, mark)
	if m.Origin = old.OldestName(); m.Origin == m.Name {
		m.Origin = ""
	}
	if mark { // nothing of these is to be reserved
		return
	}
	m.TTL, m.Version = cmp.Or(m.TTL, old.TTL), cmp.Or(m.Version, old.Version)
	m.Schema = max(m.Schema, old.Schema)
}

// union returns a and what of b it does not have, in a slice of its own; parts gives the name of an element and
// where it is marked as removed, as those of b are if mark is set.
func union[T any](a, b []T, parts func(*T) (string, *bool), mark bool) []T {
	out := slices.Clone(a)
	for _, v := range b {
		name, removed := parts(&v)
		known := slices.ContainsFunc(a, func(have T) bool {
			other, _ := parts(&have)
			return other == name
		})
		if !known {
			*removed = mark
			out = append(out, v)
		}
	}
	return out
}
