package engine

import (
	"iter"

	"github.com/entable/entable/internal/engine/value"
	"github.com/tidwall/btree"
)

// A record is one stored item, or one entry of an index that does not project
// all attributes. Records are never changed: a write replaces the record, so a
// reader may keep one after it has let go of the table's lock, and two reads saw
// the same state of an item if they saw the same pointer.
type record struct {
	item value.Item
	size int // item.Size(), which pages and capacity count on every read
}

func newRecord(it value.Item) *record { return &record{item: it, size: it.Size()} }

// An entry is a record at its place in a tree.
type entry struct {
	key string // see keySchema.appendKey
	rec *record
}

// A tree holds the entries of a table or an index in key order. It is
// copy-on-write: clone takes O(1), and the nodes that both sides share are
// copied when one of them first writes below them.
//
// The tree does no locking. Reads may run beside reads; set, delete and clone
// (which marks the nodes as shared) need the tree for themselves.
type tree struct{ bt *btree.BTreeG[entry] }

func newTree() tree {
	less := func(a, b entry) bool { return a.key < b.key }
	return tree{btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})}
}

func (t tree) len() int { return t.bt.Len() }

func (t tree) get(key string) *record {
	e, _ := t.bt.Get(entry{key: key})
	return e.rec
}

// set gives what stood at the key before, nil if nothing did.
func (t tree) set(key string, rec *record) (old *record) {
	e, _ := t.bt.Set(entry{key, rec})
	return e.rec
}

func (t tree) delete(key string) { t.bt.Delete(entry{key: key}) }

func (t tree) clone() tree { return tree{t.bt.Copy()} }

// A span is the part of a tree from low up to, but not including, high. An empty
// high means no upper end.
type span struct{ low, high string }

// scan goes over the entries of a span, in key order or against it.
func (t tree) scan(s span, forward bool) iter.Seq2[string, *record] {
	if forward {
		return func(yield func(string, *record) bool) {
			t.bt.Ascend(entry{key: s.low}, func(e entry) bool {
				return (s.high == "" || e.key < s.high) && yield(e.key, e.rec)
			})
		}
	}
	return func(yield func(string, *record) bool) {
		step := func(e entry) bool {
			if s.high != "" && e.key >= s.high {
				return true // at most one entry: Descend begins at the pivot itself
			}
			return e.key >= s.low && yield(e.key, e.rec)
		}
		if s.high == "" {
			t.bt.Reverse(step)
		} else {
			t.bt.Descend(entry{key: s.high}, step)
		}
	}
}

// after returns the smallest string above every string that begins with prefix, or
// "" if there is none.
func after(prefix []byte) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			end := append([]byte(nil), prefix[:i+1]...)
			end[i]++
			return string(end)
		}
	}
	return ""
}
