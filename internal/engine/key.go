package engine

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/entable/entable/internal/engine/value"
)

// A keyAttr is one attribute of a primary or index key.
type keyAttr struct {
	name string
	kind value.Kind
}

// A keySchema tells how a table or an index finds its items. Tables and LSIs
// have one hash attribute and at most one range attribute, GSIs up to four each.
type keySchema struct {
	hash, rng []keyAttr
	all       []keyAttr // both, hash attributes first
}

// attrs lists the schema's attributes, hash attributes first. It must not be changed.
func (k keySchema) attrs() []keyAttr { return k.all }

func (k keySchema) has(name string) bool {
	is := func(a keyAttr) bool { return a.name == name }
	return slices.ContainsFunc(k.hash, is) || slices.ContainsFunc(k.rng, is)
}

// of gives the key attributes of an item.
func (k keySchema) of(it value.Item) value.Item {
	attrs := make([]value.Attr, 0, len(k.hash)+len(k.rng))
	for _, a := range k.attrs() {
		v, _ := it.Get(a.name)
		attrs = append(attrs, value.Attr{Name: a.name, Value: v})
	}
	return value.NewItem(attrs...)
}

// complete says whether the item has every key attribute with the right type.
func (k keySchema) complete(it value.Item) bool {
	ok := func(a keyAttr) bool {
		v, found := it.Get(a.name)
		return found && v.Kind() == a.kind
	}
	for _, a := range k.hash {
		if !ok(a) {
			return false
		}
	}
	for _, a := range k.rng {
		if !ok(a) {
			return false
		}
	}
	return true
}

// fits says whether the item belongs into an index with this schema: it is complete, and no key is empty or too
// long. A write that would set such a key is refused, but an item may be older than its index.
func (k keySchema) fits(it value.Item) bool {
	if !k.complete(it) {
		return false
	}
	for i, a := range k.all {
		v, _ := it.Get(a.name)
		if emptyKind(v) != "" || checkKeySize(v, i < len(k.hash)) != nil {
			return false
		}
	}
	return true
}

// appendKey renders the place of an item in a tree:
//
//	hash of the hash attributes (8 bytes) · hash attributes · range attributes
//
// each attribute in the form of value.AppendOrdered, which ends itself, so that
// the order of the bytes is the order of the tuples. The leading hash spreads the
// partitions as the service does: a Scan sees them in an order that has nothing
// to do with their values, and a segment is a range of hashes.
//
// The item must have all key attributes.
func (k keySchema) appendKey(dst []byte, it value.Item) []byte {
	dst = k.appendPartition(dst, func(i int) value.Value {
		v, _ := it.Get(k.hash[i].name)
		return v
	})
	for _, a := range k.rng {
		v, _ := it.Get(a.name)
		dst = v.AppendOrdered(dst)
	}
	return dst
}

// place returns what appendKey appends, as a text of its own.
func (k keySchema) place(it value.Item) string {
	var buf [128]byte
	return string(k.appendKey(buf[:0], it))
}

// appendPartition renders the part of a key that all items of one partition share.
func (k keySchema) appendPartition(dst []byte, part func(i int) value.Value) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, hashSize)...)
	for i := range k.hash {
		dst = part(i).AppendOrdered(dst)
	}
	binary.BigEndian.PutUint64(dst[start:], hash(dst[start+hashSize:]))
	return dst
}

const hashSize = 8

// hash returns FNV-1a with a final mix, so that the high bits, which order the
// partitions, depend on all bytes.
func hash(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	h ^= h >> 32
	return h
}

// segment returns the span of the hashes that one segment of a parallel Scan covers.
func segment(i, total uint64) span {
	bound := func(i uint64) string {
		if i == 0 || i == total {
			return ""
		}
		at, _ := bits.Div64(i, 0, total) // 2^64·i/total
		return string(binary.BigEndian.AppendUint64(nil, at))
	}
	return span{bound(i), bound(i + 1)}
}
