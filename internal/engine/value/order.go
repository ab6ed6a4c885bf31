package value

import "strings"

// Compare orders two values of the same scalar kind: numbers by size, strings by their UTF-8 bytes,
// binaries by their unsigned bytes, false before true. ok is false when the service has no
// order for them, because the kinds differ or have none (NULL, sets, lists, maps).
func Compare(a, b Value) (order int, ok bool) {
	if a.kind != b.kind || a.kind < S || a.kind > BOOL {
		return 0, false
	}
	return strings.Compare(a.data, b.data), true
}

// Equal says whether a and b are the same value. It is ==, for callers who need a function.
func Equal(a, b Value) bool { return a == b }

// AppendOrdered appends bytes for an S, N or B whose byte order is the order of the values. Each
// encoding ends itself, so that several appended after one another order as the tuple does: a
// zero byte becomes 00 ff, and 00 01 ends the value.
func (v Value) AppendOrdered(dst []byte) []byte {
	return append(v.AppendOrderedPrefix(dst), 0x00, 0x01)
}

// AppendOrderedPrefix appends what AppendOrdered does, without the end. For S and B, the encodings
// that start with it are those of the values that start with v.
func (v Value) AppendOrderedPrefix(dst []byte) []byte {
	d := v.data
	for {
		i := strings.IndexByte(d, 0)
		if i < 0 {
			return append(dst, d...)
		}
		dst = append(append(dst, d[:i]...), 0x00, 0xff)
		d = d[i+1:]
	}
}
