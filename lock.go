package entable

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/entable/entable/internal/manifest"
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
// lists each difference. Renamed entities say so with [Was], those whose primary key changes with [Moved]; the lock then has both keys.
//
// The package entabletest keeps the file up to date. An empty lock pins nothing: start with an empty file.
func Lock(manifest []byte) TableOption {
	return tableOption(func(c *tableConfig) { c.Lock = manifest })
}

// Was says that the entity was called so before: stored items with this discriminator are still read as
// this entity, new ones get today's name, and prefixes and unique values are those of the oldest name. Of
// several, give the oldest first, and also today's name if that is it. It takes effect where the items are:
// keep it as long as there is an item under the old name.
//
// A program that does not know the new name cannot read the new items. While two versions run side by side,
// keep the old name with [Name], and change it when no older version is left.
func Was(name string) EntityOption {
	return entityOption(func(c *entityConfig) { c.Was = append(c.Was, name) })
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
	list := slices.Concat(old.Contradictions(now), old.Removals(now), old.Additions(now))
	if len(list) == 0 && !bytes.Equal(old.Extended(now, true).JSON(), manifest.Unix(lock)) {
		list = append(list, manifest.Difference{Where: "lock", What: "text", Was: "changed by hand or by an older version", Is: "another",
			Effect: "nothing happens to stored items", Cure: "write the lock anew"})
	}
	return drift(t.s().Name, fromLock, list)
}

// ExtendLock returns a lock file with what is registered now added to it, and what is not registered any
// more marked as removed, so that its prefixes and names are never used again. It refuses a
// contradiction with a [*DriftError]. An empty lock becomes [Table.Manifest].
func (t *Table) ExtendLock(lock []byte) ([]byte, error) {
	old, now, err := t.readLock(lock)
	if err != nil {
		return nil, err
	}
	if err := drift(t.s().Name, fromLock, old.Contradictions(now)); err != nil {
		return nil, err
	}
	return old.Extended(now, true).JSON(), nil
}

// readLock reads a lock file, and the registry to compare with it. An empty file knows the table and no
// entity.
func (t *Table) readLock(text []byte) (old, now *manifest.Manifest, err error) {
	now = t.s().ManifestOf()
	if err := now.Check(); err != nil {
		return nil, nil, &DeclarationError{What: fmt.Sprintf("table %q", t.s().Name), Err: err}
	}
	l, err := manifest.ParseLock(text)
	if err != nil {
		return nil, nil, &DeclarationError{What: fmt.Sprintf("table %q", t.s().Name), Err: err}
	}
	if l == nil {
		return manifest.New(now.Table, nil), now, nil
	}
	return l.Manifest, now, nil
}
