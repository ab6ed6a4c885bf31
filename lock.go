package entable

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Lock pins the registry to a manifest that [Table.Manifest] gave before, usually a file that is checked in
// and embedded:
//
//	//go:embed items.lock.json
//	var lock []byte
//
//	var Items = entable.NewTable("items", entable.Lock(lock))
//
// Entities that the lock knows keep their prefixes, in whatever order they are registered; this matters most
// where several packages register on one table, since Go orders their initialisation by imports and paths
// only. New entities get the next free prefix. All prefixes and names of the lock are reserved, also those
// of entities that are not registered any more.
//
// New entities, indexes and attributes are accepted. A change after which stored items would not be found,
// or not be read, makes the registration fail with a [*DeclarationError] around a [*DriftError] that
// lists each difference. Renamed entities say so with [Was].
//
// The package entabletest keeps the file up to date. An empty lock pins nothing: start with an empty file.
func Lock(manifest []byte) TableOption {
	return tableOption(func(c *tableConfig) { c.lock = manifest })
}

// Was says that the entity was called so before: stored items with this discriminator are still read as
// this entity, new ones get today's name, and prefixes and unique values are those of the oldest name. Of
// several, give the oldest first, and also today's name if that is it. It takes effect where the items are:
// keep it as long as there is an item under the old name.
//
// A program that does not know the new name cannot read the new items. While two versions run side by side,
// keep the old name with [Name], and change it when no older version is left.
func Was(name string) EntityOption {
	return entityOption(func(c *entityConfig) { c.was = append(c.was, name) })
}

// Difference is one point in which a registry departs from a manifest.
type Difference struct {
	// Where is the place: `table`, `Order`, `Order: index "gsi1": SK`.
	Where string
	// What is the property: "prefix", "order of components".
	What string
	// Was is the recorded value, Is the declared one.
	Was, Is string
	// Effect is what it would mean for stored items.
	Effect string
	// Cure is what to do.
	Cure string
}

func (d Difference) String() string {
	return fmt.Sprintf("%s: %s: was %s, is %s: %s: %s", d.Where, d.What, cmp.Or(d.Was, "none"), cmp.Or(d.Is, "none"), d.Effect, d.Cure)
}

// DriftError reports that a registry contradicts its lock or the manifest that is stored in its table.
type DriftError struct {
	// Table is the table's name.
	Table string
	// From is what the registry was compared with: "lock" or "stored manifest".
	From        string
	Differences []Difference
}

func (e *DriftError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "entable: the registry of table %q departs from its %s:", e.Table, e.From)
	for _, d := range e.Differences {
		b.WriteString("\n\t" + d.String())
	}
	return b.String()
}

func (*DriftError) entableError() {}

const (
	fromLock   = "lock"
	fromStored = "stored manifest"
)

// lock is a manifest made ready for registration.
type lock struct {
	manifest *manifest
	byName   map[string]*manifestEntity // by each name that it has or had
	prefixes map[string]lockedPrefix
}

// lockedPrefix says which entities of the lock have a prefix.
type lockedPrefix struct {
	owners  []*manifestEntity
	literal bool // fixed text at the start of a key: others may start with the same
}

func newLock(text []byte) (*lock, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	m, err := parseManifest(text)
	if err != nil {
		return nil, fmt.Errorf("cannot read the lock: %w", err)
	}
	l := &lock{manifest: m, byName: m.byName(), prefixes: map[string]lockedPrefix{}}
	for i := range m.Entities {
		e := &m.Entities[i]
		for _, k := range e.keys() {
			text, literal := k.key.Prefix, false
			if text == "" && len(k.key.Segments) > 0 {
				text, literal = k.key.Segments[0].Literal, true
			}
			if text == "" {
				continue
			}
			p, known := l.prefixes[text]
			p.literal = literal && (p.literal || !known)
			p.owners = append(p.owners, e)
			l.prefixes[text] = p
		}
	}
	return l, nil
}

func (m *manifest) byName() map[string]*manifestEntity {
	out := map[string]*manifestEntity{}
	for i := range m.Entities {
		for _, name := range m.Entities[i].names() {
			out[name] = &m.Entities[i]
		}
	}
	return out
}

// checkTable compares the table's own declaration, before any entity.
func (l *lock) checkTable(t *Table) error {
	now := t.manifestTable()
	if list := l.manifest.Table.contradictions(&now); len(list) > 0 {
		return &DriftError{Table: t.name, From: fromLock, Differences: list}
	}
	return nil
}

// foreign is the entity of the lock for which a prefix is reserved, or "" when locked, who asks, may have
// it.
func (l *lock) foreign(prefix string, locked *manifestEntity, literal bool) string {
	if l == nil {
		return ""
	}
	p, ok := l.prefixes[prefix]
	if !ok || literal && p.literal || slices.Contains(p.owners, locked) {
		return ""
	}
	return p.owners[0].Name
}

// findLocked finds what the lock knows of the entity, under any of its names.
func (r *registration) findLocked() error {
	if r.t.lock == nil {
		return nil
	}
	for _, name := range append([]string{r.e.name}, r.e.was...) {
		found := r.t.lock.byName[name]
		if found == nil {
			continue
		}
		if r.locked != nil && r.locked != found {
			return r.errorf("", "the lock has %s and %s, which are not one entity: register both, or copy the items of one", r.locked.Name, found.Name)
		}
		r.locked = found
	}
	if r.locked != nil {
		r.e.origin = r.locked.origin()
	}
	return nil
}

// checkLocked refuses an entity that contradicts the lock.
func (r *registration) checkLocked() error {
	if r.t.lock == nil {
		return nil
	}
	now := r.e.manifest()
	list := r.t.lock.manifest.entityContradictions(r.locked, &now)
	if len(list) == 0 {
		return nil
	}
	return &DeclarationError{What: r.e.name, Err: &DriftError{Table: r.t.name, From: fromLock, Differences: list}}
}

// CheckLock compares the registry with a lock file, when all entities are registered. It returns a
// [*DriftError] that lists what contradicts the lock, and also what the lock knows and nobody registers
// any more, and what it does not know yet; nil when the lock is just what [Table.ExtendLock] would make
// of it. The table need not have the lock as an option. Tests call it through entabletest.CheckLock.
func (t *Table) CheckLock(lock []byte) error {
	old, now, err := t.readLock(lock)
	if err != nil {
		return err
	}
	list := old.contradictions(now)
	list = append(list, old.removals(now)...)
	list = append(list, old.additions(now)...)
	if len(list) == 0 && !bytes.Equal(old.extended(now, true).text(), lock) {
		list = append(list, Difference{Where: "lock", What: "text", Was: "changed by hand or by an older version", Is: "another",
			Effect: "nothing happens to stored items", Cure: "write the lock anew"})
	}
	if len(list) > 0 {
		return &DriftError{Table: t.name, From: fromLock, Differences: list}
	}
	return nil
}

// ExtendLock returns a lock file with what is registered now added to it, and what is not registered any
// more marked as removed, so that its prefixes and names are never used again. It refuses a
// contradiction with a [*DriftError]. An empty lock becomes [Table.Manifest].
func (t *Table) ExtendLock(lock []byte) ([]byte, error) {
	old, now, err := t.readLock(lock)
	if err != nil {
		return nil, err
	}
	if list := old.contradictions(now); len(list) > 0 {
		return nil, &DriftError{Table: t.name, From: fromLock, Differences: list}
	}
	return old.extended(now, true).text(), nil
}

// readLock reads a lock file, and the registry to compare with it. An empty file knows the table and no
// entity.
func (t *Table) readLock(text []byte) (old, now *manifest, err error) {
	now = t.manifest()
	if err := now.check(); err != nil {
		return nil, nil, &DeclarationError{What: fmt.Sprintf("table %q", t.name), Err: err}
	}
	l, err := newLock(text)
	if err != nil {
		return nil, nil, &DeclarationError{What: fmt.Sprintf("table %q", t.name), Err: err}
	}
	if l == nil {
		return &manifest{Version: manifestVersion, Table: now.Table}, now, nil
	}
	return l.manifest, now, nil
}

// extended is the manifest with all of now added: entities, indexes, names. What now does not have stays,
// as removed if mark is set. Neither is changed. It must not be contradicted by now, so that each entity of
// now has all names that it had.
func (m *manifest) extended(now *manifest, mark bool) *manifest {
	out := &manifest{Version: manifestVersion, Table: now.Table, Entities: []manifestEntity{}}
	out.Table.Indexes = union(now.Table.Indexes, m.Table.Indexes, func(x *manifestIndex) (string, *bool) { return x.Name, &x.Removed }, mark)
	known, seen := m.byName(), map[*manifestEntity]bool{}
	for i := range now.Entities {
		e := now.Entities[i]
		for _, name := range e.names() {
			if old := known[name]; old != nil && !seen[old] {
				seen[old] = true
				e.extend(old, mark)
			}
		}
		out.Entities = append(out.Entities, e)
	}
	for i := range m.Entities {
		if !seen[&m.Entities[i]] {
			e := m.Entities[i]
			e.Removed = mark
			out.Entities = append(out.Entities, e)
		}
	}
	out.sort()
	return out
}

// extend adds what only old has, as removed if mark is set.
func (m *manifestEntity) extend(old *manifestEntity, mark bool) {
	m.Indexes = union(m.Indexes, old.Indexes, func(x *manifestEntityIndex) (string, *bool) { return x.Name, &x.Removed }, mark)
	m.Unique = union(m.Unique, old.Unique, func(s *manifestSegment) (string, *bool) { return s.Attribute, &s.Removed }, mark)
	if m.Origin = old.origin(); m.Origin == m.Name {
		m.Origin = ""
	}
	if mark { // nothing of these is to be reserved
		return
	}
	m.TTL, m.Version = cmp.Or(m.TTL, old.TTL), cmp.Or(m.Version, old.Version)
	m.Schema = max(m.Schema, old.Schema)
}

// union is a and what of b it does not have, in a slice of its own; parts gives the name of an element and
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
