package engine

import (
	"slices"
	"time"

	"github.com/entable/entable/internal/engine/value"
)

// An index is a secondary index. It has an entry for each item that has all of
// its key attributes, of lengths that keys may have (it is sparse), ordered by the index key and then by the
// table's key, which makes entries unique although index keys are not.
//
// The table's mu guards it.
type index struct {
	name  string
	local bool
	key   keySchema
	// projection is ALL, KEYS_ONLY or INCLUDE, nonKey the attributes that
	// INCLUDE names. projected lists, sorted, all attributes of an entry; it is
	// nil for ALL.
	projection string
	nonKey     []string
	projected  []string
	throughput throughput
	onDemand   *onDemandThroughput
	warm       *warmThroughput
	items      tree
	bytes      int64
	// readyAt is when the index has been backfilled; before, it cannot be read.
	readyAt time.Time
}

// place returns where the item of a table's key stands in the index.
func (ix *index) place(tableKey string, it value.Item) (string, bool) {
	if !ix.key.fits(it) {
		return "", false
	}
	b := ix.key.appendKey(make([]byte, 0, len(tableKey)+64), it)
	return string(append(b, tableKey...)), true
}

// project makes the index's entry for a record. It shares the record if all
// attributes are projected.
func (ix *index) project(rec *record) *record {
	if ix.projected == nil {
		return rec
	}
	return newRecord(rec.item.Pick(ix.projected))
}

// A change is what one write does to an index.
type change struct {
	ix               *index
	oldKey, key      string
	wasThere, isNow  bool
	oldEntry, newRec *record
}

func (ix *index) change(tableKey string, old, rec *record) change {
	c := change{ix: ix}
	if old != nil {
		if c.oldKey, c.wasThere = ix.place(tableKey, old.item); c.wasThere {
			if c.oldEntry = ix.items.get(c.oldKey); c.oldEntry == nil {
				c.oldEntry = ix.project(old) // the index is behind
			}
		}
	}
	if rec != nil {
		if c.key, c.isNow = ix.place(tableKey, rec.item); c.isNow {
			c.newRec = ix.project(rec)
		}
	}
	return c
}

func (c *change) apply() {
	ix := c.ix
	if c.wasThere {
		ix.bytes -= int64(c.oldEntry.size)
		if !c.isNow || c.key != c.oldKey {
			ix.items.delete(c.oldKey)
		}
	}
	if c.isNow {
		ix.bytes += int64(c.newRec.size)
		ix.items.set(c.key, c.newRec)
	}
}

// backfill enters every item of the table into the index.
func (ix *index) backfill(items tree) {
	ix.items, ix.bytes = newTree(), 0
	for key, rec := range items.scan(span{}, true) {
		c := ix.change(key, nil, rec)
		c.apply()
	}
}

// setProjected works out projected from the projection and the keys.
func (ix *index) setProjected(tableKey keySchema) {
	ix.projected = nil
	if ix.projection == projectAll {
		return
	}
	for _, a := range slices.Concat(tableKey.attrs(), ix.key.attrs()) {
		ix.projected = append(ix.projected, a.name)
	}
	if ix.projection == projectInclude {
		ix.projected = append(ix.projected, ix.nonKey...)
	}
	slices.Sort(ix.projected)
	ix.projected = slices.Compact(ix.projected)
}

const (
	projectAll     = "ALL"
	projectKeys    = "KEYS_ONLY"
	projectInclude = "INCLUDE"
)
