package schema

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"unsafe"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

var restType = reflect.TypeFor[map[string]any]()

func (e *Entity) findRest() error {
	if !e.mayHold("rest") {
		return nil
	}
	for _, f := range reflect.VisibleFields(e.Type) {
		if !slices.Contains(codec.TagOptions(f.Tag), "rest") {
			continue
		}
		wrong := ""
		switch {
		case f.Type != restType || !f.IsExported() || len(codec.TagOptions(f.Tag)) > 1:
			wrong = "the field must be an exported map[string]any with no other option"
		case e.behindPointer(f.Index):
			wrong = "the struct that has the field is embedded by pointer: embed it itself"
		case e.Rest != nil:
			wrong = "another field has it"
		}
		if wrong != "" {
			return declarationFault(e.Name, "field "+f.Name, "tag `entable:\"rest\"`: %s", wrong)
		}
		e.Rest = f.Index
	}
	return nil
}

// behindPointer reports whether a field is of a struct that is embedded by pointer.
func (e *Entity) behindPointer(index []int) bool {
	for n := 1; n < len(index); n++ {
		if e.Type.FieldByIndex(index[:n]).Type.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

func (e *Entity) RestOf(ptr unsafe.Pointer) reflect.Value {
	return reflect.NewAt(e.Type, ptr).Elem().FieldByIndex(e.Rest)
}

// load decodes an item with a plan of the entity.
func (e *Entity) load(p *codec.Plan, r *wire.Reader, ptr unsafe.Pointer) error {
	if e.Rest == nil {
		return p.Decode(r, ptr)
	}
	rest := map[string]any{}
	err := p.DecodeRest(r, ptr, func(name string, value []byte) error {
		if e.Keeps(name) {
			return nil
		}
		v, err := wire.ReadValue(value)
		rest[name] = v
		return err
	})
	if err == nil && len(rest) > 0 {
		e.RestOf(ptr).Set(reflect.ValueOf(rest))
	}
	return err
}

// Keeps reports whether an attribute is one that the library itself stores items with. One that differs in case is another.
func (e *Entity) Keeps(name string) bool { return slices.Contains(e.kept, name) }

// KeptNames lists the attributes that the library itself stores items with.
func (e *Entity) KeptNames() []string { return e.kept }

func (r *registration) findKept() {
	e := r.e
	add := func(name string) {
		if name != "" && !slices.Contains(e.kept, name) {
			e.kept = append(e.kept, name)
		}
	}
	add(e.Table.PK.Name)
	add(e.Table.SK.Name)
	add(e.Table.Discriminator)
	for i := range e.Table.Indexes {
		for _, a := range e.Table.Indexes[i].Attrs() {
			add(a.Name)
		}
	}
	if len(e.Upgrades) > 0 {
		add(SchemaAttribute)
	}
}

// appendRest appends the attributes of the rest field behind the others.
func (e *Entity) appendRest(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	if e.Rest == nil {
		return dst, nil
	}
	rest := e.RestOf(ptr).Interface().(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		var err error
		if dst, err = e.AppendRestValue(append(wire.AppendString(append(dst, ','), name), ':'), name, rest[name]); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func (e *Entity) AppendRestValue(dst []byte, name string, v any) ([]byte, error) {
	if e.Keeps(name) || e.Plan.Field(name) != nil {
		return nil, e.valueFault(fmt.Errorf("attribute %q is in the rest field but is stored otherwise: take it out of the map", name))
	}
	dst, err := e.Table.Encoding.AppendValue(dst, v)
	if err != nil {
		return nil, e.valueFault(codec.Within(err, name))
	}
	return dst, nil
}
