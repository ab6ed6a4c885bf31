package schema

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/entable/entable/internal/codec"
)

func checkVersionField(f *codec.Field) error {
	switch f.Type.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint32, reflect.Uint64:
		return nil
	}
	return fmt.Errorf("%s cannot hold a version: use int64", f.Type)
}

// VersionOf reads the version of the item at ptr.
func (e *Entity) VersionOf(ptr unsafe.Pointer) int64 {
	v, ok := e.Version.Value(ptr)
	switch {
	case !ok:
		return 0
	case v.CanInt():
		return v.Int()
	default:
		return int64(v.Uint())
	}
}

func (e *Entity) SetVersion(ptr unsafe.Pointer, n int64) {
	if v := e.Version.Reach(ptr); v.CanInt() {
		v.SetInt(n)
	} else {
		v.SetUint(uint64(n))
	}
}
