package entable

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable/internal/codec"
)

// A version field, `entable:"version"`, locks an item optimistically: it is 1 after the first write,
// every write checks that the stored item has the version of the instance, and raises it.

func checkVersionField(f *codec.Field) error {
	switch f.Type.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint32, reflect.Uint64:
		return nil
	}
	return fmt.Errorf("%s cannot hold a version: use int64", f.Type)
}

// versionOf reads the version of the item at ptr.
func (e *entity) versionOf(ptr unsafe.Pointer) int64 {
	v, ok := e.version.Value(ptr)
	switch {
	case !ok:
		return 0
	case v.CanInt():
		return v.Int()
	default:
		return int64(v.Uint())
	}
}

func (e *entity) setVersion(ptr unsafe.Pointer, n int64) {
	if v := e.version.Reach(ptr); v.CanInt() {
		v.SetInt(n)
	} else {
		v.SetUint(uint64(n))
	}
}

// raiseVersion raises the version of the item at ptr and returns the condition that the stored item
// still has the one before. A new item starts at 1 whatever the instance says.
func (e *entity) raiseVersion(ptr unsafe.Pointer, create bool) []expression.ConditionBuilder {
	if create {
		e.setVersion(ptr, 1)
		return nil
	}
	same := e.sameVersion(ptr)
	e.setVersion(ptr, e.versionOf(ptr)+1)
	return []expression.ConditionBuilder{same}
}

// sameVersion is the condition that the stored item has the version of the item at ptr: none for 0.
func (e *entity) sameVersion(ptr unsafe.Pointer) expression.ConditionBuilder {
	return e.isVersion(e.versionOf(ptr))
}

func (e *entity) isVersion(n int64) expression.ConditionBuilder {
	if n == 0 {
		return expression.AttributeNotExists(attr(e.version.Name))
	}
	return expression.Equal(attr(e.version.Name), expression.Value(n))
}
