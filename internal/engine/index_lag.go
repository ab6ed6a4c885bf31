package engine

import "fmt"

// Global indexes that are behind their table, on demand: the service brings them up to date a moment after the write, and
// a read of the index may come in between.

// A lateChange is a write that the global indexes have not seen yet.
type lateChange struct {
	key      string
	old, rec *record
}

// LagIndexes keeps the last writes of a table from its global indexes until more follow, or CatchUp is called. 0 ends that.
func (ac *Account) LagIndexes(tableName string, writes int) error {
	t, err := ac.table(tableName)
	if err != nil {
		return fmt.Errorf("table %s: %w", tableName, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lag = max(0, writes)
	t.keepUp(t.lag)
	return nil
}

// CatchUp lets the global indexes of a table see all writes so far.
func (ac *Account) CatchUp(tableName string) error {
	t, err := ac.table(tableName)
	if err != nil {
		return fmt.Errorf("table %s: %w", tableName, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keepUp(0)
	return nil
}

// later notes a write for the global indexes. t.mu must be held.
func (t *table) later(key string, old, rec *record) {
	t.behind = append(t.behind, lateChange{key, old, rec})
	t.keepUp(t.lag)
}

// keepUp lets the global indexes see all but the last writes. t.mu must be held.
func (t *table) keepUp(last int) {
	for len(t.behind) > last {
		late := t.behind[0]
		t.behind = t.behind[1:]
		for _, ix := range t.indexes() {
			if !ix.local {
				c := ix.change(late.key, late.old, late.rec)
				c.apply()
			}
		}
	}
}
