package value

import (
	"iter"
	"slices"
	"strings"
)

// Item is a set of named attribute values: an item of a table, or the inside of an M. It is
// immutable and comparable (== is deep equality), and its zero value has no attributes.
// Attributes are kept and listed in the byte order of their names.
type Item struct{ data string }

// Attr is one attribute of an item.
type Attr struct {
	Name  string
	Value Value
}

// NewItem makes an item of attrs; of several with the same name the last one counts.
func NewItem(attrs ...Attr) Item {
	compare := func(a, b Attr) int { return strings.Compare(a.Name, b.Name) }
	sorted, size := attrs, 0
	if !slices.IsSortedFunc(attrs, compare) {
		sorted = slices.Clone(attrs)
		slices.SortStableFunc(sorted, compare)
	}
	for _, a := range sorted {
		size += len(a.Name) + len(a.Value.data) + 2*maxUvarint
	}
	b := make([]byte, 0, size)
	for i, a := range sorted {
		if i+1 < len(sorted) && sorted[i+1].Name == a.Name {
			continue
		}
		b = appendAttr(b, a)
	}
	return Item{string(b)}
}

// IsEmpty says whether the item has no attributes.
func (it Item) IsEmpty() bool { return it.data == "" }

// Len returns the number of attributes. It walks over them.
func (it Item) Len() int {
	n := 0
	for d := it.data; d != ""; n++ {
		_, d = cutAttr(d)
	}
	return n
}

// Get gives the attribute of that name, or the zero Value and false. It does not allocate.
func (it Item) Get(name string) (Value, bool) {
	for d := it.data; d != ""; {
		var a Attr
		// That the names are in order would end a vain search sooner, but comparing for it
		// costs more than comparing for equality, where the lengths mostly tell.
		if a, d = cutAttr(d); a.Name == name {
			return a.Value, true
		}
	}
	return Value{}, false
}

// All goes over the attributes in name order.
func (it Item) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for d := it.data; d != ""; {
			var a Attr
			if a, d = cutAttr(d); !yield(a.Name, a.Value) {
				return
			}
		}
	}
}

// With returns the item with the attribute of that name set to v, or without it if v is None.
func (it Item) With(name string, v Value) Item {
	start, end := it.find(name)
	b := make([]byte, 0, len(it.data)+len(name)+len(v.data)+2*maxUvarint)
	b = append(b, it.data[:start]...)
	if !v.IsNone() {
		b = appendAttr(b, Attr{name, v})
	}
	return Item{string(append(b, it.data[end:]...))}
}

// Without returns the item without the attribute of that name.
func (it Item) Without(name string) Item {
	if start, end := it.find(name); start != end {
		return Item{it.data[:start] + it.data[end:]}
	}
	return it
}

// find gives the place of an attribute; start == end is where it would have to be inserted.
func (it Item) find(name string) (start, end int) {
	for d := it.data; d != ""; {
		a, rest := cutAttr(d)
		start, end = len(it.data)-len(d), len(it.data)-len(rest)
		if a.Name >= name {
			if a.Name == name {
				return start, end
			}
			return start, start
		}
		d = rest
	}
	return len(it.data), len(it.data)
}

// Pick returns the attributes of those names that the item has. names must be sorted.
func (it Item) Pick(names []string) Item {
	var b []byte
	for d := it.data; d != "" && len(names) > 0; {
		a, rest := cutAttr(d)
		for len(names) > 0 && names[0] < a.Name {
			names = names[1:]
		}
		if len(names) > 0 && names[0] == a.Name {
			b = append(b, d[:len(d)-len(rest)]...)
		}
		d = rest
	}
	return Item{string(b)}
}

// Clone returns an equal item with bytes of its own: what was read from a bigger one no longer keeps
// that alive.
func (it Item) Clone() Item { return Item{strings.Clone(it.data)} }

func cutAttr(d string) (a Attr, rest string) {
	a.Name, d = cutText(d)
	a.Value, d = cutValue(d)
	return a, d
}

func appendAttr(dst []byte, a Attr) []byte {
	return appendValue(appendText(dst, a.Name), a.Value)
}

// Builder makes an item attribute by attribute, in any order.
type Builder struct{ attrs []Attr }

// Set adds an attribute, or nothing if v is None. The last value of a name counts.
func (b *Builder) Set(name string, v Value) {
	if !v.IsNone() {
		b.attrs = append(b.attrs, Attr{name, v})
	}
}

// Item returns what was set so far.
func (b *Builder) Item() Item { return NewItem(b.attrs...) }
