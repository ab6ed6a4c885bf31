package change

import (
	"reflect"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// StoredForm returns a field of the item at ptr as it would be stored, or nil when it is left out.
func StoredForm(f *codec.Field, ptr unsafe.Pointer) (types.AttributeValue, error) {
	raw, err := f.AppendFrom(nil, ptr)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	return wire.ReadValue(raw)
}

// SetStored sets a field of the item at ptr from its stored form; nil empties it. It shares nothing with the field's former
// value, which belongs to the caller. After an error the field is as it was.
func SetStored(f *codec.Field, ptr unsafe.Pointer, v types.AttributeValue) error {
	if v == nil {
		if field, ok := f.Value(ptr); ok {
			field.SetZero()
		}
		return nil
	}
	raw, err := wire.AppendValue(nil, v)
	if err != nil {
		return err
	}
	field := f.Reach(ptr)
	former := reflect.New(f.Type).Elem()
	former.Set(field)
	field.SetZero()
	if err := f.DecodeValue(wire.NewReader(raw), ptr); err != nil {
		field.Set(former)
		return err
	}
	return nil
}
