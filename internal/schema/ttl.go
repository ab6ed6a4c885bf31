package schema

import (
	"fmt"
	"math"
	"reflect"
	"time"
	"unsafe"

	"github.com/entable/entable/internal/codec"
)

func (e *Entity) setTTL(f *codec.Field) error {
	if k := f.Type.Kind(); f.Type != TimeType && k != reflect.Int && k != reflect.Int64 && k != reflect.Uint64 {
		return fmt.Errorf("%s cannot hold a ttl: use time.Time or int64", f.Type)
	}
	if e.TTL != nil {
		return fmt.Errorf("attribute %q is the ttl already", e.TTL.Name)
	}
	for _, o := range e.Table.reg.entities {
		if o.TTL != nil && o.TTL.Name != f.Name {
			return fmt.Errorf("the ttl of %s is attribute %q: a table has one, use the same name", o.Name, o.TTL.Name)
		}
	}
	e.TTL = f
	return nil
}

// lastSecond is the last one since 1970 that package time counts on with. What is stored as later, such as the largest int64 for "never",
// would be long past to it.
const lastSecond = math.MaxInt64 - 1<<36

// Expiry returns when the item at ptr expires; ok is false when it does not.
func (e *Entity) Expiry(ptr unsafe.Pointer) (at time.Time, ok bool) {
	if e.TTL == nil {
		return time.Time{}, false
	}
	v, ok := e.TTL.Value(ptr)
	if !ok || v.IsZero() {
		return time.Time{}, false
	}
	switch {
	case v.CanInt():
		return time.Unix(min(v.Int(), lastSecond), 0), true
	case v.CanUint():
		return time.Unix(int64(min(v.Uint(), lastSecond)), 0), true
	}
	if at = v.Interface().(time.Time); at.Unix() > lastSecond {
		at = time.Unix(lastSecond, 0)
	}
	return at, !at.IsZero()
}

// Hides reports whether reads pass over v because it has expired.
func (e *Entity) Hides(v any) bool {
	if e == nil || !e.HideExpired {
		return false
	}
	at, ok := e.Expiry(e.Pointer(v))
	return ok && !at.After(e.Table.Settings().Gen.Clock())
}

// TTLAttribute returns the attribute by which the table's items expire, or "".
func (t *Table) TTLAttribute() string {
	t.reg.mu.Lock()
	defer t.reg.mu.Unlock()
	for _, e := range t.reg.entities {
		if e.TTL != nil {
			return e.TTL.Name
		}
	}
	return ""
}
