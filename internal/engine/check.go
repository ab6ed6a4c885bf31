package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Check walks the whole database and tells every invariant that does not hold:
//
//   - an item stands at the place that its key attributes give;
//   - the size of a record is the size of its item, and the sums of a table and an
//     index are those of their records;
//   - an item is within the limits, and its key and index key attributes have their
//     types;
//   - an index has exactly one entry for each item that has all of its key
//     attributes in lengths that keys may have, at the right place, with the projected attributes; an index that
//     projects everything shares the table's record.
//
// It locks each table while it looks at it. Tests run it after everything they do.
func (db *DB) Check() error {
	var tables []*table
	for _, ac := range db.allAccounts() {
		tables = slices.AppendSeq(tables, maps.Values(ac.allTables()))
	}
	var errs []error
	for _, t := range tables {
		t.mu.RLock()
		for err := range t.violations() {
			errs = append(errs, fmt.Errorf("table %s: %w", t.name, err))
		}
		t.mu.RUnlock()
	}
	return errors.Join(errs...)
}

func (t *table) violations() func(yield func(error) bool) {
	return func(yield func(error) bool) {
		report := func(format string, args ...any) { yield(fmt.Errorf(format, args...)) }
		sum, count := int64(0), 0
		for key, rec := range t.items.scan(span{}, true) {
			count++
			sum += int64(rec.size)
			if place, err := t.checkItem(rec.item); err != nil {
				if len(t.indexes()) == 0 { // an item may be older than an index that it does not fit
					report("item at %q: %w", key, err)
				}
			} else if place != key {
				report("item at %q belongs to %q", key, place)
			}
			if rec.size != rec.item.Size() || rec.size > maxItemSize {
				report("item at %q: size %d, recorded %d", key, rec.item.Size(), rec.size)
			}
		}
		if count != t.items.len() || sum != t.bytes {
			report("%d items of %d bytes, recorded %d of %d", count, sum, t.items.len(), t.bytes)
		}
		for _, ix := range t.indexes() {
			if ix.local || len(t.behind) == 0 {
				ix.check(t, report)
			}
		}
	}
}

func (ix *index) check(t *table, report func(format string, args ...any)) {
	want := 0
	for key, rec := range t.items.scan(span{}, true) {
		place, ok := ix.place(key, rec.item)
		if !ok {
			continue
		}
		want++
		switch entry := ix.items.get(place); {
		case entry == nil:
			report("index %s: no entry at %q", ix.name, place)
		case entry.item != ix.project(rec).item || entry.size != entry.item.Size():
			report("index %s: wrong entry at %q", ix.name, place)
		case ix.projected == nil && entry != rec:
			report("index %s: the entry at %q is a copy", ix.name, place)
		}
	}
	sum, count := int64(0), 0
	for _, rec := range ix.items.scan(span{}, true) {
		count++
		sum += int64(rec.size)
	}
	if count != want || count != ix.items.len() || sum != ix.bytes {
		report("index %s: %d entries of %d bytes, recorded %d of %d, and there are %d items for it",
			ix.name, count, sum, ix.items.len(), ix.bytes, want)
	}
}
