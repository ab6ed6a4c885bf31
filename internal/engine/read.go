package engine

import (
	"slices"
	"strings"
	"time"

	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/input"
	"github.com/entable/entable/internal/engine/value"
)

// maxPage is how many bytes of items, measured before the filter, end a page. The
// item that crosses the limit is still part of the page.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
const maxPage = 1 << 20

// A reading is one page of a Query or a Scan, of a table or of an index.
type reading struct {
	table *table
	index *index // nil for the table itself
	// key is the schema of what is read.
	key     keySchema
	span    span
	forward bool
	limit   int // items to look at, 0 for no limit
	filter  *expr.Condition
	// legacyFilter says that the filter is a QueryFilter.
	legacyFilter bool
	projection   *expr.Projection
	countOnly    bool
	// fetch says that an LSI does not hold all attributes that are asked for, so
	// that each item is read from the table too.
	fetch      bool
	consistent bool
	// exact says that the condition fixes the last range attribute too.
	exact bool
}

// A page is what one reading saw.
type page struct {
	records []*record // of the table or the index
	fetched []*record // of the table, if fetch is set
	more    bool      // a further page may have items
}

// read collects the page under the lock of the table; everything else happens to
// the records afterwards, since those never change.
func (r *reading) read() page {
	var p page
	r.table.mu.RLock()
	defer r.table.mu.RUnlock()
	tree := r.table.items
	if r.index != nil {
		tree = r.index.items
	}
	size := 0
	for key, rec := range tree.scan(r.span, r.forward) {
		if size >= maxPage {
			p.more = true
			break
		}
		p.records = append(p.records, rec)
		size += rec.size
		if r.fetch {
			p.fetched = append(p.fetched, r.table.items.get(string(r.table.key.appendKey(nil, rec.item))))
		}
		// A page that the limit ends says that there may be more, even at the end: the
		// service does not look ahead. But it knows that nothing comes after the very
		// bound of the key condition.
		if len(p.records) == r.limit {
			p.more = !r.atEnd(key)
			break
		}
	}
	return p
}

// atEnd says whether a key of the table is the last that the span can have. A
// condition that fixes the range key says so of no page.
func (r *reading) atEnd(key string) bool {
	switch {
	case r.exact:
		return false
	case r.forward:
		return r.span.high != "" && r.span.high == after([]byte(key))
	}
	return r.span.low == key
}

// answer renders the response for a page.
func (r *reading) answer(p page, report *capacityReport) []byte {
	size, count := 0, 0
	for _, rec := range p.records {
		size += rec.size
	}
	o := newObject(512)
	if !r.countOnly {
		o.member("Items")
		o.b = append(o.b, '[')
	}
	for i, rec := range p.records {
		seen := rec.size
		if r.fetch {
			rec = p.fetched[i]
		}
		if r.filter != nil && !r.filter.Eval(rec.item) {
			continue
		}
		if count++; r.countOnly {
			continue
		}
		if count > 1 {
			o.b = append(o.b, ',')
		}
		at := len(o.b)
		o.b = rec.appendProjected(o.b, r.projection)
		if count == 1 && r.filter == nil {
			o.b = slices.Grow(o.b, responseSize(size, seen, len(o.b)-at))
		}
	}
	if !r.countOnly {
		o.b = append(o.b, ']')
	}
	o.int("Count", count)
	o.int("ScannedCount", len(p.records))
	if p.more {
		o.member("LastEvaluatedKey")
		last := p.records[len(p.records)-1]
		o.b = last.item.Pick(r.startKeyNames()).AppendJSON(o.b)
	}
	if report.wanted() {
		o.member("ConsumedCapacity")
		o.b = r.consumption(p, size).appendJSON(o.b, *report, false)
	}
	return o.close()
}

// responseSize guesses how long a page of size bytes becomes as JSON from one item's
// bytes and JSON. Most items are alike, and the odd one should not cost much memory.
func responseSize(size, itemSize, itemJSON int) int {
	const most, end = 4, 256 // times the size; bytes after the items
	return min(size*(itemJSON+1)/itemSize, size*most) + end
}

func (r *reading) consumption(p page, size int) *consumption {
	used := &consumption{tableName: r.table.name}
	units := readUnits(size, r.consistent)
	if r.index == nil {
		used.reads = units
		return used
	}
	used.index(r.index).reads = units
	for _, rec := range p.fetched {
		used.reads += readUnits(rec.size, r.consistent)
	}
	return used
}

// startKeyNames returns the attributes of ExclusiveStartKey and LastEvaluatedKey,
// sorted: the table's key, and the index's if one is read.
func (r *reading) startKeyNames() []string {
	var names []string
	for _, a := range slices.Concat(r.table.key.attrs(), r.key.attrs()) {
		names = append(names, a.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

const badStartKey = "The provided starting key is invalid"

// place checks an ExclusiveStartKey and renders its place in the tree.
func (r *reading) place(start value.Item) (string, error) {
	names := r.startKeyNames()
	if start.Len() != len(names) {
		return "", validation(badStartKey)
	}
	for _, name := range names {
		if _, ok := start.Get(name); !ok {
			return "", validation(badStartKey)
		}
	}
	if r.index != nil {
		for _, a := range r.key.attrs() {
			if v, _ := start.Get(a.name); v.Kind() != a.kind {
				return "", validation(keyMismatch)
			}
		}
	}
	key, err := r.table.checkKey(r.table.key.of(start))
	if err == nil && r.index != nil {
		err = r.key.checkValues(start, r.index)
	}
	if err != nil {
		return "", validation(badStartKey + ": " + asError(err).Message)
	}
	if r.index == nil {
		return key, nil
	}
	place, _ := r.index.place(key, start)
	return place, nil
}

// resume lets the span begin after (or, backwards, end before) a place.
func (r *reading) resume(place string) {
	if !r.forward {
		r.span.high = place
		return
	}
	r.span.low = place + "\x00" // the smallest key above it
}

// useIndex finds the index that is to be read, if any.
func (r *reading) useIndex(name *string, now time.Time) error {
	r.key = r.table.key
	if name == nil {
		return nil
	}
	ix, ok := r.table.index(*name)
	if !ok {
		return validation("The table does not have the specified index: " + *name)
	}
	if now.Before(ix.readyAt) {
		return validation("Cannot read from backfilling global secondary index: " + *name)
	}
	if !ix.local && r.consistent {
		return validation("Consistent reads are not supported on global secondary indexes")
	}
	r.index, r.key = ix, ix.key
	return nil
}

// Select says which attributes are wanted.
const (
	selectAll       = "ALL_ATTRIBUTES"
	selectProjected = "ALL_PROJECTED_ATTRIBUTES"
	selectSpecific  = "SPECIFIC_ATTRIBUTES"
	selectCount     = "COUNT"
)

// checkSelect judges Select against the other parameters of the request alone.
func (x *expressionTexts) checkSelect(sel string, indexed bool) error {
	by, projected := "ProjectionExpression", x.projection != nil
	if x.legacy != nil && x.legacy.attributesToGet != nil {
		by, projected = "AttributesToGet", true
	}
	switch {
	case sel == selectCount && projected:
		return validation("Cannot specify the " + by + " when choosing to get only the Count")
	case sel == selectAll && projected:
		return validation("Cannot specify the " + by + " when choosing to get ALL_ATTRIBUTES")
	case sel == selectProjected && projected:
		return validation("Cannot specify the " + by + " when choosing to get ALL_PROJECTED_ATTRIBUTES")
	case sel == selectProjected && !indexed:
		return validation("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	case sel == selectSpecific && !projected:
		return validation("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	}
	return nil
}

// choose works out which attributes are read from where. Only an LSI can reach
// into its table for attributes that it does not project.
func (r *reading) choose(sel string) error {
	r.countOnly = sel == selectCount
	switch {
	case r.index == nil || r.index.projected == nil:
		return nil
	case sel == selectAll && !r.index.local:
		return badValue("Select type ALL_ATTRIBUTES is not supported for global secondary index " +
			r.index.name + " because its projection type is not ALL")
	case sel == selectAll:
		r.fetch = true
	case r.projection != nil:
		missing := r.index.missing(r.projection.Attributes())
		if len(missing) > 0 && !r.index.local {
			return badValue("Global secondary index " + r.index.name + " does not project " + list(missing))
		}
		r.fetch = len(missing) > 0
	}
	return nil
}

// missing returns those of the names that the index does not project.
func (ix *index) missing(names []string) []string {
	if ix.projected == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		_, ok := slices.BinarySearch(ix.projected, name)
		return ok
	})
}

// checkStartKey judges the values of an ExclusiveStartKey by themselves. Faults
// of numbers and sets are reported without the frame, as the service does.
func checkStartKey(start *input.Item) error {
	if start.Err == nil {
		return nil
	}
	e := asError(start.Err)
	for _, bare := range bareFaults {
		if bare(e.Message) {
			return e
		}
	}
	return validation(badStartKey + ": " + e.Message)
}

// bareFaults recognise the faults that the service reports without the frame of
// the starting key.
var bareFaults = []func(string) bool{
	contains("contains duplicates"), contains("number set"), contains("numeric value"),
	contains("significant digits"), contains("number with magnitude"),
}

func contains(part string) func(string) bool {
	return func(s string) bool { return strings.Contains(s, part) }
}
