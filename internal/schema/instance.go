package schema

import (
	"maps"
	"reflect"
	"slices"
	"unsafe"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// Clone copies the item at ptr, with the structs that it embeds by pointer, as a value and its address.
func (e *Entity) Clone(ptr unsafe.Pointer) (any, unsafe.Pointer) {
	v := reflect.New(e.Type)
	v.Elem().Set(reflect.NewAt(e.Type, ptr).Elem())
	for _, index := range e.embedded {
		p, err := v.Elem().FieldByIndexErr(index)
		if err != nil || p.IsNil() {
			continue
		}
		p = reflect.NewAt(p.Type(), p.Addr().UnsafePointer()).Elem() // the embedded type may be unexported
		own := reflect.New(p.Type().Elem())
		own.Elem().Set(p.Elem())
		p.Set(own)
	}
	return v.Interface(), v.UnsafePointer()
}

// DeepClone copies the item at ptr so that nothing that is stored of it is shared. What is not stored is shared, and so is what
// cannot be stored: writing it is an error.
func (e *Entity) DeepClone(ptr unsafe.Pointer) (any, unsafe.Pointer) {
	v, out := e.Clone(ptr)
	for _, f := range e.Plan.Fields() {
		field, ok := f.Value(out)
		if k := f.Type.Kind(); k <= reflect.Complex128 || k == reflect.String || !ok || field.IsZero() {
			continue // there is nothing in it that could be changed
		}
		raw, err := f.AppendFrom(nil, ptr)
		if err != nil || len(raw) == 0 {
			continue
		}
		former := reflect.New(f.Type).Elem()
		former.Set(field)
		field.SetZero()
		if f.DecodeValue(wire.NewReader(raw), out) != nil {
			field.Set(former)
		}
	}
	if e.Rest == nil {
		return v, out
	}
	rest := e.RestOf(out)
	own := maps.Clone(rest.Interface().(map[string]any))
	for name, value := range own {
		raw, err := e.AppendRestValue(nil, name, value)
		if err != nil {
			continue
		}
		if value, err := wire.ReadValue(raw); err == nil {
			own[name] = value
		}
	}
	rest.Set(reflect.ValueOf(own))
	return v, out
}

// embeddedPointers lists the structs that a type embeds by pointer and whose fields are stored, outer
// ones first.
func embeddedPointers(p *codec.Plan) (list [][]int) {
	for _, f := range p.Fields() {
		for n := 1; n < len(f.Index); n++ {
			index := f.Index[:n:n]
			known := slices.ContainsFunc(list, func(have []int) bool { return slices.Equal(have, index) })
			if !known && p.Type().FieldByIndex(index).Type.Kind() == reflect.Pointer {
				list = append(list, index)
			}
		}
	}
	return list
}

// KeyOnly makes an item with the key fields of the one at ptr.
func (e *Entity) KeyOnly(ptr unsafe.Pointer) (unsafe.Pointer, error) {
	if err := e.checkKeyRead(ptr); err != nil {
		return nil, err
	}
	out := e.NewItem()
	for _, k := range [...]*Key{e.PK, e.SK} {
		if k == nil {
			continue
		}
		for i := range k.comps {
			c := &k.comps[i]
			if c.derived != nil {
				c.derived.copySources(out, ptr)
				continue
			}
			switch v, ok := c.get(ptr); {
			case ok:
				c.field.Reach(c.holder(out)).Set(v)
			case !c.tail:
				return nil, e.keyFault(c.path, c.errZero())
			}
		}
	}
	return out, nil
}

// KeepUnstored copies the fields that are not stored from one item to another.
func (e *Entity) KeepUnstored(to, from unsafe.Pointer) {
	for _, f := range e.unstored {
		reflect.NewAt(f.Type, unsafe.Add(to, f.Offset)).Elem().Set(reflect.NewAt(f.Type, unsafe.Add(from, f.Offset)).Elem())
	}
}

// Assign sets the item at to to that at from.
func (e *Entity) Assign(to, from unsafe.Pointer) {
	reflect.NewAt(e.Type, to).Elem().Set(reflect.NewAt(e.Type, from).Elem())
}

// unstoredFields lists the fields that are no attributes: those of the struct, and of the structs that it embeds.
func (e *Entity) unstoredFields() (list []reflect.StructField) {
	set := [][]int{e.Rest, e.partial} // what is read sets these too
	for _, f := range e.Plan.Fields() {
		set = append(set, f.Index)
	}
	var find func(t reflect.Type, at []int, offset uintptr)
	find = func(t reflect.Type, at []int, offset uintptr) {
		for f := range t.Fields() {
			index := append(at[:len(at):len(at)], f.Index...)
			f.Offset += offset
			switch {
			case !slices.ContainsFunc(set, func(s []int) bool { return len(s) >= len(index) && slices.Equal(s[:len(index)], index) }):
				list = append(list, f)
			case f.Anonymous && f.Type.Kind() == reflect.Struct && !slices.ContainsFunc(set, func(s []int) bool { return slices.Equal(s, index) }):
				find(f.Type, index, f.Offset)
			}
		}
	}
	find(e.Type, nil, 0)
	return list
}
