package engine

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/entable/entable/internal/engine/value"
)

// A table holds items and their indexes.
//
// mu guards everything that is not marked as fixed. Writers decide outside the
// lock where they can and hold it for the tree operations only. Whoever needs
// several tables locks them in the order of their names.
type table struct {
	// Fixed when the table is created.
	name, arn, id string
	created       time.Time
	key           keySchema

	_     gap
	mu    lock
	items tree
	bytes int64 // sum of the items' sizes
	// lag is how many writes the global indexes are behind, and behind are those writes.
	lag    int
	behind []lateChange
	// stream is nil while none is enabled.
	stream *stream
	_      gap

	// all are the indexes. The slice is replaced, never changed, so that requests
	// can be judged outside the lock; the trees in the indexes need it.
	all atomic.Pointer[[]*index]
	// settings are what DescribeTable tells beyond the above.
	settings settings
	// work is what the table was last busy with, nil if it never was. Every request
	// looks at it, outside the lock; it is replaced under it.
	work atomic.Pointer[work]
}

// gap keeps what each write changes apart from what each request reads: otherwise one goroutine's writes take the other's reads
// out of its processor's cache, which fetches two lines of 64 bytes at a time.
type gap [128]byte

// work is that a table is creating, updating or deleting until some time.
type work struct {
	state string
	till  time.Time
}

// The states of a table or an index.
const (
	active   = "ACTIVE"
	creating = "CREATING"
	updating = "UPDATING"
	deleting = "DELETING"
)

func (t *table) setBusy(state string, till time.Time) { t.work.Store(&work{state, till}) }

func (t *table) status(now time.Time) string {
	if w := t.work.Load(); w != nil && now.Before(w.till) {
		return w.state
	}
	return active
}

// deleted says whether the table is DELETING, or was.
func (t *table) deleted() bool {
	w := t.work.Load()
	return w != nil && w.state == deleting
}

// gone says whether the table has been deleted and its time as DELETING is over.
func (t *table) gone(now time.Time) bool {
	w := t.work.Load()
	return w != nil && w.state == deleting && !now.Before(w.till)
}

func (t *table) indexes() []*index { return *t.all.Load() }

func (t *table) setIndexes(all []*index) { t.all.Store(&all) }

func (t *table) index(name string) (*index, bool) {
	for _, ix := range t.indexes() {
		if ix.name == name {
			return ix, true
		}
	}
	return nil, false
}

// store replaces what is stored under key for a user.
func (t *table) store(key string, old, rec *record, used *consumption) {
	t.change(key, old, rec, used, byUser)
}

// change replaces what is stored under key and keeps the indexes and the stream up. old and rec
// are nil for an absent item. used may be nil. t.mu must be held for writing.
func (t *table) change(key string, old, rec *record, used *consumption, by writer) {
	switch {
	case rec != nil:
		t.items.set(key, rec)
	case old != nil:
		t.items.delete(key)
	}
	t.stored(key, old, rec, used, by)
}

// stored does what change does beside the table's own tree.
func (t *table) stored(key string, old, rec *record, used *consumption, by writer) {
	t.bytes += int64(sizeOf(rec)) - int64(sizeOf(old))
	used.write(old, rec)
	for _, ix := range t.indexes() {
		c := ix.change(key, old, rec)
		used.writeIndex(&c)
		if ix.local || t.lag == 0 {
			c.apply()
		}
	}
	if t.lag > 0 {
		t.later(key, old, rec)
	}
	if t.stream != nil && !same(old, rec) {
		t.stream.add(key, old, rec, by)
	}
}

// same says whether a write left an item as it was.
func same(old, rec *record) bool {
	if old == nil || rec == nil {
		return old == rec
	}
	return old.item == rec.item
}

func (t *table) hasLocalIndex() bool {
	return slices.ContainsFunc(t.indexes(), func(ix *index) bool { return ix.local })
}

// Rules of keys and items, in the service's words.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const (
	maxItemSize = 400 << 10
	maxHashSize = 2048
	maxSortSize = 1024
)

const keyMismatch = "The provided key element does not match the schema"

// checkKey judges the Key of a request and renders its place in the tree.
func (t *table) checkKey(key value.Item) (string, error) {
	if key.Len() != len(t.key.hash)+len(t.key.rng) {
		return "", validation(keyMismatch)
	}
	for _, a := range t.key.attrs() {
		v, ok := key.Get(a.name)
		if !ok || v.Kind() != a.kind {
			return "", validation(keyMismatch)
		}
	}
	if err := t.key.checkValues(key, nil); err != nil {
		return "", err
	}
	return t.key.place(key), nil
}

// checkItem judges the keys of an item that is to be put.
func (t *table) checkItem(it value.Item) (string, error) {
	for _, a := range t.key.attrs() {
		v, ok := it.Get(a.name)
		if !ok {
			return "", badValue("Missing the key " + a.name + " in the item")
		}
		if v.Kind() != a.kind {
			return "", badValue(fmt.Sprintf("Type mismatch for key %s expected: %s actual: %s", a.name, a.kind, v.Kind()))
		}
	}
	if err := t.key.checkValues(it, nil); err != nil {
		return "", err
	}
	return t.key.place(it), t.checkIndexKeys(it)
}

// checkValues judges the values of a key, which an item has: of the table's if ix is nil.
func (k keySchema) checkValues(it value.Item, ix *index) error {
	for i, a := range k.attrs() {
		v, _ := it.Get(a.name)
		if what := emptyKind(v); what != "" {
			return emptyKeyOf(ix, a, what)
		}
		if err := checkKeySize(v, i < len(k.hash)); err != nil {
			return err
		}
	}
	return nil
}

// checkIndexKeys judges the index keys that an item has which is to be put; an
// absent one only keeps the item out of the index.
func (t *table) checkIndexKeys(it value.Item) error {
	return t.checkTouched(it, nil, false)
}

// checkTouched judges the index keys among the updated attributes, or all of them
// if names is nil. What an update leaves alone is not judged again: an item may be
// older than an index. The words for an empty one tell whether an expression has made it.
func (t *table) checkTouched(it value.Item, names []string, byExpression bool) error {
	for _, ix := range t.indexes() {
		for i, a := range ix.key.attrs() {
			v, ok := it.Get(a.name)
			if !ok || (ix.local && i == 0) || (names != nil && !slices.Contains(names, a.name)) {
				continue
			}
			if v.Kind() != a.kind {
				return badValue(fmt.Sprintf("Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s",
					a.name, a.kind, v.Kind(), ix.name))
			}
			switch what := emptyKind(v); {
			case what != "" && byExpression:
				return emptyKey(what, "The update expression attempted to update a secondary index key to a value that is "+
					"not supported. The AttributeValue for a key attribute cannot contain an empty %s value.")
			case what != "":
				return emptyKeyOf(ix, a, what)
			}
			if err := checkKeySize(v, i < len(ix.key.hash)); err != nil {
				return err
			}
		}
	}
	return nil
}

// A pathUser is an expression that can look into attributes.
type pathUser interface{ Nested() []string }

// checkPaths refuses expressions that look into key attributes, which have no
// inside.
func (t *table) checkPaths(x expressions) error {
	var nested []string
	add := func(given bool, u pathUser) {
		if given {
			nested = append(nested, u.Nested()...)
		}
	}
	add(x.update != nil, x.update)
	add(x.condition != nil, x.condition)
	add(x.filter != nil, x.filter)
	add(x.projection != nil, x.projection)
	if len(nested) == 0 {
		return nil
	}
	const scalars = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
	for _, a := range t.key.attrs() {
		if slices.Contains(nested, a.name) {
			return validation(scalars + "Key: " + a.name)
		}
	}
	for _, ix := range t.indexes() {
		for _, a := range ix.key.attrs() {
			if slices.Contains(nested, a.name) {
				return validation(scalars + "IndexKey: " + a.name)
			}
		}
	}
	return nil
}

func emptyKind(v value.Value) string {
	switch {
	case v.Str() != "" || v.Kind() == value.N:
		return ""
	case v.Kind() == value.B:
		return "binary"
	}
	return "string"
}

// emptyKeyOf refuses an empty value of a key attribute, of the table if ix is nil.
func emptyKeyOf(ix *index, a keyAttr, what string) *Error {
	const empty = "The AttributeValue for a key attribute cannot contain an empty %s value. "
	if ix == nil {
		return emptyKey(what, empty+"Key: "+a.name)
	}
	return emptyKey(what, "A value specified for a secondary index key is not supported. "+empty+"IndexName: "+ix.name+", IndexKey: "+a.name)
}

func checkKeySize(v value.Value, isHash bool) error {
	switch n := len(v.Str()); {
	case isHash && n > maxHashSize:
		return badValue("Size of hashkey has exceeded the maximum size limit of2048 bytes")
	case !isHash && n > maxSortSize:
		return badValue("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}
