package entable

import "reflect"

// RegisterType is TryRegister for a type that is made at run time.
func RegisterType(t *Table, typ reflect.Type, opts ...EntityOption) error {
	_, err := t.register(typ, opts)
	return err
}
