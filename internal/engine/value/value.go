// Package value holds DynamoDB attribute values in one packed, canonical and immutable form.
//
// # The packed form
//
// A Value is its kind and a string of bytes; an Item is one string of bytes. Nothing is ever
// changed in place: a changed item is a new string. So values and items may be shared between
// goroutines, snapshots cost nothing, and a value that was read from an item keeps pointing into it.
//
//	S, B        the bytes themselves
//	N           base-100 digits whose byte order is the numeric order (number.go)
//	BOOL        one byte when true, none when false
//	NULL        nothing
//	SS, NS, BS  for each element, in order: uvarint length, bytes
//	L           for each element: kind, uvarint length, bytes
//	M, Item     for each attribute, in name order: uvarint name length, name, kind, uvarint length, bytes
//
// The form is canonical: two values are equal, however deeply nested, if and only if kind and bytes
// are. Sets and maps are kept sorted for that reason; the service promises no order, and this is
// the one that DynamoDB Local shows.
package value

import (
	"encoding/binary"
	"iter"
	"strings"
)

// Kind is the type of an attribute value.
type Kind uint8

// The kinds. None is the kind of the zero Value, which stands for no value at all.
const (
	None Kind = iota
	S
	N
	B
	BOOL
	NULL
	SS
	NS
	BS
	L
	M
)

var kindNames = [...]string{None: "", S: "S", N: "N", B: "B", BOOL: "BOOL", NULL: "NULL", SS: "SS", NS: "NS", BS: "BS", L: "L", M: "M"}

// String gives the name that the kind has on the wire.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return ""
}

// KindOf gives the kind of a wire name, or None.
func KindOf(name string) Kind {
	switch name {
	case "S":
		return S
	case "N":
		return N
	case "B":
		return B
	case "BOOL":
		return BOOL
	case "NULL":
		return NULL
	case "SS":
		return SS
	case "NS":
		return NS
	case "BS":
		return BS
	case "L":
		return L
	case "M":
		return M
	}
	return None
}

// IsSet says whether k is one of the three set kinds.
func (k Kind) IsSet() bool { return k >= SS && k <= BS }

// IsKey says whether k is a kind that key attributes may have: S, N or B.
func (k Kind) IsKey() bool { return k >= S && k <= B }

// Elem returns the kind of a set's elements, None for every other kind.
func (k Kind) Elem() Kind {
	if k.IsSet() {
		return k - SS + S
	}
	return None
}

// Value is one attribute value. It is immutable and comparable: == is deep equality in the
// service's sense (1 equals 1.0, sets are equal whatever order they came in).
type Value struct {
	kind Kind
	data string
}

// String makes an S.
func String(s string) Value { return Value{S, s} }

// Binary makes a B of the raw bytes in s.
func Binary(s string) Value { return Value{B, s} }

// Bool makes a BOOL.
func Bool(b bool) Value {
	if b {
		return Value{BOOL, "\x01"}
	}
	return Value{BOOL, ""}
}

// Null makes a NULL.
func Null() Value { return Value{NULL, ""} }

// List makes an L. A None among the elements is a bug of the caller.
func List(elems ...Value) Value {
	size := 0
	for _, e := range elems {
		size += len(e.data) + 1 + maxUvarint
	}
	b := make([]byte, 0, size)
	for _, e := range elems {
		b = appendValue(b, e)
	}
	return Value{L, string(b)}
}

// Concat makes a list of the elements of a and then those of b, which are lists.
func Concat(a, b Value) Value { return Value{L, a.data + b.data} }

// Map makes an M with the attributes of it.
func Map(it Item) Value { return Value{M, it.data} }

// Kind returns the value's type.
func (v Value) Kind() Kind { return v.kind }

// IsNone says whether v is the zero Value: no value.
func (v Value) IsNone() bool { return v.kind == None }

// Str gives the text of an S, the raw bytes of a B, and "" for every other kind.
func (v Value) Str() string {
	if v.kind == S || v.kind == B {
		return v.data
	}
	return ""
}

// IsTrue says whether v is the BOOL true.
func (v Value) IsTrue() bool { return v.kind == BOOL && v.data != "" }

// Item gives the attributes of an M, and an empty Item for every other kind.
func (v Value) Item() Item {
	if v.kind == M {
		return Item{v.data}
	}
	return Item{}
}

// Len returns the number of elements of a set, a list or a map; 0 for every other kind.
// It walks over the elements.
func (v Value) Len() int {
	n := 0
	switch {
	case v.kind.IsSet():
		for d := v.data; d != ""; n++ {
			_, d = cutText(d)
		}
	case v.kind == L:
		for d := v.data; d != ""; n++ {
			_, d = cutValue(d)
		}
	case v.kind == M:
		return Item{v.data}.Len()
	}
	return n
}

// Index gives element i of a list.
func (v Value) Index(i int) (Value, bool) {
	if v.kind != L || i < 0 {
		return Value{}, false
	}
	for d := v.data; d != ""; i-- {
		var e Value
		e, d = cutValue(d)
		if i == 0 {
			return e, true
		}
	}
	return Value{}, false
}

// Elems goes over the elements of a list, or of a set as values of its element kind.
func (v Value) Elems() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		switch {
		case v.kind == L:
			for d := v.data; d != ""; {
				var e Value
				if e, d = cutValue(d); !yield(e) {
					return
				}
			}
		case v.kind.IsSet():
			for d := v.data; d != ""; {
				var e string
				if e, d = cutText(d); !yield(Value{v.kind.Elem(), e}) {
					return
				}
			}
		}
	}
}

// Contains says whether e is an element of the list or set v.
func (v Value) Contains(e Value) bool {
	switch {
	case v.kind == L:
		for d := v.data; d != ""; {
			var x Value
			if x, d = cutValue(d); x == e {
				return true
			}
		}
	case v.kind.IsSet() && v.kind.Elem() == e.kind:
		for d := v.data; d != ""; {
			var x string
			x, d = cutText(d)
			if c := strings.Compare(x, e.data); c >= 0 {
				return c == 0
			}
		}
	}
	return false
}

// Clone returns v with bytes of its own, so that it no longer keeps the item alive that it was read from.
func (v Value) Clone() Value { return Value{v.kind, strings.Clone(v.data)} }

// The packed form is only ever made by this package, so the readers below do not look for damage;
// a damaged string would end in an index panic, never in an endless loop.

func cutText(d string) (text, rest string) {
	n, w := uvarint(d)
	return d[w : w+n], d[w+n:]
}

func cutValue(d string) (Value, string) {
	n, w := uvarint(d[1:])
	return Value{Kind(d[0]), d[1+w : 1+w+n]}, d[1+w+n:]
}

// uvarint reads a length. Nearly all of them fit in one byte.
func uvarint(d string) (n, width int) {
	if c := d[0]; c < 0x80 {
		return int(c), 1
	}
	for shift := 0; ; shift += 7 {
		c := d[width]
		width++
		n |= int(c&0x7f) << shift
		if c < 0x80 {
			return n, width
		}
	}
}

// maxUvarint is the most bytes that a length takes.
const maxUvarint = 5

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendValue(dst []byte, v Value) []byte {
	return appendText(append(dst, byte(v.kind)), v.data)
}
