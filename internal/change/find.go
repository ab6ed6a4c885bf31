package change

import (
	"reflect"
	"strings"
	"unsafe"

	"github.com/entable/entable/internal/codec"
)

// maxFieldDepth bounds the search in recursive types.
const maxFieldDepth = 6

// FieldPath returns the path of the stored field that sel points to in a struct of type S, or in one that S points to.
func FieldPath[S, V any](e codec.Encoding, sel func(*S) *V) (path string, ok bool) {
	probe := new(S)
	v := reflect.ValueOf(probe).Elem()
	for ; v.Kind() == reflect.Pointer; v = v.Elem() {
		v.Set(reflect.New(v.Type().Elem()))
	}
	if v.Kind() != reflect.Struct {
		return "", false
	}
	fillPointers(v, 0)
	plan, err := e.PlanOf(v.Type())
	if err != nil {
		return "", false
	}
	return findField(plan, v, unsafe.Pointer(sel(probe)), reflect.TypeFor[V](), 0)
}

// fillPointers makes the structs behind nil pointers, so that sel can go through them.
func fillPointers(v reflect.Value, depth int) {
	if v.Kind() != reflect.Struct || depth > maxFieldDepth {
		return
	}
	for _, f := range v.Fields() {
		if f.CanSet() && f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct {
			f.Set(reflect.New(f.Type().Elem()))
			fillPointers(f.Elem(), depth+1)
		}
		fillPointers(f, depth+1)
	}
}

// findField finds the path of the field of type want at an address.
func findField(plan *codec.Plan, v reflect.Value, at unsafe.Pointer, want reflect.Type, depth int) (string, bool) {
	for _, f := range plan.Fields() {
		fv, ok := f.Value(v.Addr().UnsafePointer())
		if !ok {
			continue
		}
		name := f.Name
		if strings.ContainsAny(name, ".[]"+nameMark) {
			name = Quote(name)
		}
		if fv.Addr().UnsafePointer() == at && f.Type == want {
			return name, true
		}
		for fv.Kind() == reflect.Pointer && !fv.IsNil() {
			fv = fv.Elem()
		}
		if fv.Kind() != reflect.Struct || depth > maxFieldDepth || fv.Type() == timeType {
			continue
		}
		inner, err := plan.Encoding().PlanOf(fv.Type())
		if err != nil {
			continue
		}
		if path, ok := findField(inner, fv, at, want, depth+1); ok {
			return name + "." + path, true
		}
	}
	return "", false
}
