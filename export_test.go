package entable

import (
	"reflect"
	"unsafe"
)

// RegisterType is TryRegister for a type that is made at run time.
func RegisterType(t *Table, typ reflect.Type, opts ...EntityOption) error {
	_, err := t.register(typ, func() (unsafe.Pointer, any) {
		v := reflect.New(typ)
		return v.UnsafePointer(), v.Interface()
	}, opts)
	return err
}
