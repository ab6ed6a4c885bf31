package schema

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
)

// How many of a key's components an example means. A comparison by a leading part leaves fields of the example zero, and
// zero is a value of numbers and bools: (deg 1, sub 0) is one temperature, or all from 1.0 up. What is read:
//
//   - the components that are named, if any are;
//   - else those up to the last that is set, the first in any case.
//
// What is behind may then be either only where that makes no difference, or it is an error that says how to name. An empty
// text, a zero time and a zero id are in no key, and so are fields that are not set.

// comparison is what an example is compared by.
type comparison struct {
	op     SortOp   // of Between, GreaterEqual for the low bound and LessEqual for the high one
	named  []string // the attributes that count; none: as the example says
	index  bool     // of an index, which leaves out items with an empty component that says omitempty
	native bool     // on an index of several attributes, where equality takes a leading part too
}

// from returns the comparison with one of the bounds of Between, and any other as it is.
func (q comparison) from(bound SortOp) comparison {
	if q.op == Between {
		q.op = bound
	}
	return q
}

// counts returns how many of the n components count in the example at ptr.
func (q comparison) counts(n int, at func(int) *component, ptr unsafe.Pointer) (int, error) {
	if len(q.named) > 0 {
		return q.countNamed(n, at)
	}
	set := 1
	for i := range n {
		if !at(i).zero(ptr) {
			set = i + 1
		}
	}
	if set == 1 && q.unset(at(0), ptr) { // an error where it is rendered
		return 1, nil
	}
	for i := range set - 1 {
		if q.unset(at(i), ptr) {
			return 0, fmt.Errorf("attribute %q: the field is not set, but %q behind it is: set both, or name the attributes that count behind the example",
				at(i).path, at(set-1).path)
		}
	}
	if q.op == Prefix && set == n-1 { // all components would be one item
		return set, nil
	}
	for i := set; i < n && !q.unset(at(i), ptr); i++ {
		if !q.least(at(i)) {
			return 0, q.ambiguous(n, at, set, i, ptr)
		}
	}
	if q.op == Equal && !q.native && set < n { // the one behind is not set
		return 0, at(set).errZero()
	}
	return set, nil
}

// unset reports whether no key has what the example has in this component.
func (q comparison) unset(c *component, ptr unsafe.Pointer) bool {
	switch {
	case !c.zero(ptr):
		return false
	case c.tail:
		return q.op == Prefix // the beginning of nothing
	}
	return !c.zeroCounts(ptr) || q.index && c.field.OmitEmpty && c.derived == nil
}

// least reports whether the component's zero is below its other values, and the example is compared from below: then what
// lies below or above it is the same with and without the zero.
func (q comparison) least(c *component) bool {
	return (q.op == Less || q.op == GreaterEqual) && (c.tail || c.Seg.Kind == keys.Uint || c.Seg.Kind == keys.Bool)
}

func (q comparison) ambiguous(n int, at func(int) *component, set, zero int, ptr unsafe.Pointer) error {
	names := quotedNames(n, at)
	return fmt.Errorf("attribute %q is %s, which may be meant or not set: name the attributes that count behind the example: %s, or %s",
		at(zero).path, at(zero).shown(ptr), strings.Join(names[:set], ", "), strings.Join(names[:zero+1], ", "))
}

func (q comparison) countNamed(n int, at func(int) *component) (int, error) {
	for i, name := range q.named {
		if i == n || name != at(i).path {
			return 0, fmt.Errorf("attribute %q: name the attributes that count in their order, from the first on: %s", name, strings.Join(quotedNames(n, at), ", "))
		}
	}
	return len(q.named), nil
}

func quotedNames(n int, at func(int) *component) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%q", at(i).path)
	}
	return names
}

// zero reports whether the field is zero, or cannot be reached; one of the fields of what is derived.
func (c *component) zero(ptr unsafe.Pointer) bool {
	if c.derived != nil {
		return slices.ContainsFunc(c.derived.sources, func(f *codec.Field) bool {
			v, ok := f.Value(ptr)
			return !ok || v.IsZero()
		})
	}
	v, ok := c.get(ptr)
	return !ok || v.IsZero()
}

// blank reports whether the component is what a tail that is not there has for it.
func (c *component) blank(ptr unsafe.Pointer) bool {
	if c.derived == nil {
		return c.zero(ptr)
	}
	text, err := c.derived.text(ptr)
	return err == nil && text == ""
}

// shown returns the value of a field for messages.
func (c *component) shown(ptr unsafe.Pointer) string {
	v, ok := c.get(ptr)
	switch {
	case c.derived != nil:
		return "made of zeros"
	case !ok || c.tail && v.IsZero():
		return "zero"
	}
	return fmt.Sprint(v)
}

// zeroCounts reports whether the field, which is zero, makes a component of a key.
func (c *component) zeroCounts(ptr unsafe.Pointer) bool {
	v, err := c.value(ptr)
	return err == nil && (v.Kind != keys.Text || v.S != "") && (v.Kind != keys.Bytes || len(v.B) > 0)
}

// zeros tells which components at ptr have their zero, for the message of an item that is not there: a field that was
// forgotten looks the same.
func (k *Key) zeros(ptr unsafe.Pointer) (out []string) {
	for i := range k.comps {
		if c := &k.comps[i]; c.shard == nil && c.zero(ptr) && (c.tail || c.zeroCounts(ptr)) {
			out = append(out, fmt.Sprintf("attribute %q of the key is %s", c.path, c.shown(ptr)))
		}
	}
	return out
}

// Zeros tells which components of the primary key at ptr are zero; "" for none.
func (e *Entity) Zeros(ptr unsafe.Pointer) string {
	list := e.PK.zeros(ptr)
	if e.SK != nil {
		list = append(list, e.SK.zeros(ptr)...)
	}
	return strings.Join(list, ", ")
}
