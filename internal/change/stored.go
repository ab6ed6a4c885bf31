package change

import (
	"maps"
	"reflect"
	"slices"
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

// Do does the changes to a stored item.
func (l *List) Do(item map[string]types.AttributeValue) error {
	for name, changes := range l.byName {
		now, err := Result(changes, item[name])
		if err != nil {
			return err
		}
		if item[name] = now; now == nil {
			delete(item, name)
		}
	}
	return nil
}

// Unchanged returns the guard that a stored item is just as it was, and has not got any of the attributes absent.
func Unchanged(item map[string]types.AttributeValue, absent []string) Guard {
	all := make([]Condition, 0, len(item)+len(absent))
	for _, name := range slices.Sorted(maps.Keys(item)) {
		all = append(all, Is(name, item[name]).Condition)
	}
	for _, name := range absent {
		all = append(all, Is(name, nil).Condition)
	}
	return Guard{Condition: Condition{join: " AND ", parts: all}, Holds: func(now map[string]types.AttributeValue) bool { return SameItem(now, item) }}
}
