package change

import (
	"bytes"
	"slices"
	"unsafe"

	"github.com/entable/entable/internal/codec"
)

// Difference lists the changes that make the item at a into the one at b, but for the fields to skip and the rest.
func Difference(plan *codec.Plan, a, b unsafe.Pointer, skip func(*codec.Field) bool) ([]Change, error) {
	var out []Change
	for _, f := range plan.Fields() {
		before, err := f.AppendFrom(nil, a)
		if err != nil {
			return nil, err
		}
		after, err := f.AppendFrom(nil, b)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(before, after) || skip(f) {
			continue
		}
		c := Change{Op: Remove, Path: Quote(f.Name)}
		if len(after) > 0 {
			v, _ := f.Value(b)
			c = Change{Op: Set, Path: Quote(f.Name), Value: v.Interface()}
		}
		out = append(out, c)
	}
	return out, nil
}

// Override adds changes of whole attributes to others, in whose place they come.
func Override(changes, whole []Change) []Change {
	out := slices.DeleteFunc(slices.Clone(changes), func(c Change) bool {
		segments, err := Parse(c.Path)
		return err == nil && slices.ContainsFunc(whole, func(w Change) bool { return w.Path == Quote(segments[0].Name) })
	})
	return append(out, whole...)
}

// Names lists the attributes that changes are about.
func Names(changes []Change) (names []string) {
	for _, c := range changes {
		if segments, err := Parse(c.Path); err == nil {
			names = append(names, segments[0].Name)
		}
	}
	return names
}
