package engine

import (
	"slices"
	"strconv"
)

// Consumed capacity.
//
// Behaviour:
//   - A read unit is 4 KB of consistently read data, half a unit of eventually
//     consistent; pages round up the sum of what they read, before any filter.
//   - A write unit is 1 KB of the bigger one of the item before and after. A change
//     of an index costs its entry's size in the same way, and twice when the index
//     key changes: the old entry is deleted, the new one put. A write that leaves an
//     entry as it is costs its index nothing.
//   - Transactions cost double.
//   - TOTAL reports the sum of all, INDEXES also the parts.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

type consumption struct {
	tableName string
	// reads and writes are of the table itself.
	reads, writes float64
	indexes       []indexConsumption
}

type indexConsumption struct {
	name          string
	local         bool
	reads, writes float64
}

const (
	readUnit  = 4 << 10
	writeUnit = 1 << 10
)

// readUnits counts what reading size bytes in one go costs.
func readUnits(size int, consistent bool) float64 {
	units := float64(max(1, (size+readUnit-1)/readUnit))
	if !consistent {
		units /= 2
	}
	return units
}

func writeUnits(size int) float64 { return float64(max(1, (size+writeUnit-1)/writeUnit)) }

func sizeOf(rec *record) int {
	if rec == nil {
		return 0
	}
	return rec.size
}

// write counts a write of the table. It may be called on nil, when nobody asked.
func (c *consumption) write(old, rec *record) {
	if c != nil {
		c.writes += writeUnits(max(sizeOf(old), sizeOf(rec)))
	}
}

// writeIndex counts what a write does to one index.
func (c *consumption) writeIndex(ch *change) {
	if c == nil {
		return
	}
	units := 0.0
	switch {
	case ch.wasThere && ch.isNow && ch.key != ch.oldKey:
		units = writeUnits(ch.oldEntry.size) + writeUnits(ch.newRec.size)
	case ch.wasThere && ch.isNow && ch.oldEntry.item == ch.newRec.item:
	case ch.wasThere || ch.isNow:
		units = writeUnits(max(sizeOf(ch.oldEntry), sizeOf(ch.newRec)))
	}
	if units > 0 {
		c.index(ch.ix).writes += units
	}
}

func (c *consumption) index(ix *index) *indexConsumption {
	i := slices.IndexFunc(c.indexes, func(ic indexConsumption) bool { return ic.name == ix.name })
	if i < 0 {
		i = len(c.indexes)
		c.indexes = append(c.indexes, indexConsumption{name: ix.name, local: ix.local})
	}
	return &c.indexes[i]
}

func (c *consumption) double() {
	c.reads *= 2
	c.writes *= 2
	for i := range c.indexes {
		c.indexes[i].reads *= 2
		c.indexes[i].writes *= 2
	}
}

// A capacityReport is ReturnConsumedCapacity.
type capacityReport string

const (
	reportTotal   = capacityReport("TOTAL")
	reportIndexes = capacityReport("INDEXES")
)

func (r *capacityReport) wanted() bool {
	return r != nil && (*r == reportTotal || *r == reportIndexes)
}

// appendJSON renders a ConsumedCapacity. split adds the units read and written,
// which only transactions report.
func (c *consumption) appendJSON(dst []byte, report capacityReport, split bool) []byte {
	reads, writes := c.reads, c.writes
	for _, ic := range c.indexes {
		reads += ic.reads
		writes += ic.writes
	}
	dst = appendString(append(dst, `{"TableName":`...), c.tableName)
	dst = appendUnits(append(dst, ','), reads, writes, split)
	if report == reportIndexes {
		dst = appendUnits(append(dst, `,"Table":{`...), c.reads, c.writes, split)
		dst = append(dst, '}')
		dst = c.appendIndexes(dst, `,"LocalSecondaryIndexes":{`, true, split)
		dst = c.appendIndexes(dst, `,"GlobalSecondaryIndexes":{`, false, split)
	}
	return append(dst, '}')
}

func (c *consumption) appendIndexes(dst []byte, lead string, local, split bool) []byte {
	first := true
	for _, ic := range c.indexes {
		if ic.local != local {
			continue
		}
		if first {
			dst = append(dst, lead...)
		} else {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendString(dst, ic.name), ':', '{')
		dst = append(appendUnits(dst, ic.reads, ic.writes, split), '}')
	}
	if !first {
		dst = append(dst, '}')
	}
	return dst
}

func appendUnits(dst []byte, reads, writes float64, split bool) []byte {
	dst = appendNumber(append(dst, `"CapacityUnits":`...), reads+writes)
	if split && reads > 0 {
		dst = appendNumber(append(dst, `,"ReadCapacityUnits":`...), reads)
	}
	if split && writes > 0 {
		dst = appendNumber(append(dst, `,"WriteCapacityUnits":`...), writes)
	}
	return dst
}

func appendNumber(dst []byte, f float64) []byte {
	return strconv.AppendFloat(dst, f, 'f', 1, 64)
}
