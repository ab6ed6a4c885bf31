package schema

import "github.com/entable/entable/internal/manifest"

// checkTableLock compares the table's own declaration with the lock, before any entity.
func (t *Table) checkTableLock(what string) error {
	if t.Lock == nil {
		return nil
	}
	now := t.manifestTable()
	if list := t.Lock.Table.Contradictions(&now); len(list) > 0 {
		return &Fault{Kind: WrongDeclaration, Entity: what, Table: t.Name, Drift: list}
	}
	return nil
}

// findLocked finds what the lock knows of the entity, under any of its names.
func (r *registration) findLocked() error {
	if r.t.Lock == nil {
		return nil
	}
	for _, name := range append([]string{r.e.Name}, r.e.was...) {
		found := r.t.Lock.Entity(name)
		if found == nil {
			continue
		}
		if r.locked != nil && r.locked != found {
			return r.errorf("", "the lock has %s and %s, which are not one entity: register both, or copy the items of one", r.locked.Name, found.Name)
		}
		r.locked = found
	}
	if r.locked != nil {
		r.e.Origin = r.locked.OldestName()
	}
	return nil
}

// lockedKey returns what the lock has of a key, or nil.
func (r *registration) lockedKey(what string) *manifest.Key {
	if r.moving && r.locked != nil && len(r.locked.Moved) > 0 {
		return r.locked.Moved[0].Key(what)
	}
	return r.locked.Key(what)
}

// checkLocked refuses an entity that contradicts the lock.
func (r *registration) checkLocked() error {
	if r.t.Lock == nil {
		return nil
	}
	now := r.e.manifest()
	if list := r.t.Lock.EntityContradictions(r.locked, &now); len(list) > 0 {
		return &Fault{Kind: WrongDeclaration, Entity: r.e.Name, Table: r.t.Name, Drift: list}
	}
	return nil
}
