package aggregate

import (
	"bytes"
	"maps"
	"slices"
	"unsafe"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// Difference lists the changes that make the item at a into the one at b, but for the fields to skip.
func Difference(e *schema.Entity, a, b unsafe.Pointer, skip func(*codec.Field) bool) ([]change.Change, error) {
	if err := e.CheckPair(a, b); err != nil {
		return nil, err
	}
	out, err := change.Difference(e.Plan, a, b, skip)
	if err != nil {
		return nil, wrong(e, err)
	}
	rest, err := restDifference(e, a, b)
	return append(out, rest...), err
}

// ByUser lists what Difference does, but for what every update sets by itself.
func ByUser(e *schema.Entity, a, b unsafe.Pointer) ([]change.Change, error) {
	return Difference(e, a, b, func(f *codec.Field) bool { return f == e.Version || e.Auto.Touches(f) })
}

func wrong(e *schema.Entity, err error) error {
	return &schema.Fault{Kind: schema.WrongValue, Entity: e.Name, Err: err}
}

// rest returns the attributes of the item at ptr that its type does not have.
func rest(e *schema.Entity, ptr unsafe.Pointer) map[string]any {
	if e.Rest == nil {
		return nil
	}
	return e.RestOf(ptr).Interface().(map[string]any)
}

// restDifference lists the changes that make the rest field at a into the one at b.
func restDifference(e *schema.Entity, a, b unsafe.Pointer) ([]change.Change, error) {
	before, after := rest(e, a), rest(e, b)
	var out []change.Change
	for _, name := range slices.Sorted(maps.Keys(after)) {
		now, err := e.AppendRestValue(nil, name, after[name])
		if err != nil {
			return nil, err
		}
		var was []byte
		if v, ok := before[name]; ok {
			if was, err = e.AppendRestValue(nil, name, v); err != nil {
				return nil, err
			}
		}
		if !bytes.Equal(was, now) {
			v, err := wire.ReadValue(now)
			if err != nil {
				return nil, wrong(e, err)
			}
			out = append(out, change.Change{Op: change.Set, Path: change.Quote(name), Value: v})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, kept := after[name]; !kept {
			out = append(out, change.Change{Op: change.Remove, Path: change.Quote(name)})
		}
	}
	return out, nil
}
