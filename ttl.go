package entable

import (
	"context"
	"fmt"
	"reflect"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
)

// A field with the tag `entable:"ttl"`, a time.Time or an integer, is when its item expires. It is stored
// as the number of whole seconds since 1970 that the service wants; a zero field is left out, and the
// item stays. All entities of a table use the same attribute: the service knows one.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html

// ExpiresIn is the time d from now, in whole seconds, for a `ttl` field.
func ExpiresIn(d time.Duration) time.Time {
	return time.Now().Add(d).Truncate(time.Second).UTC()
}

func (e *entity) setTTL(f *codec.Field) error {
	if k := f.Type.Kind(); f.Type != timeType && k != reflect.Int && k != reflect.Int64 && k != reflect.Uint64 {
		return fmt.Errorf("%s cannot hold a ttl: use time.Time or int64", f.Type)
	}
	if e.ttl != nil {
		return fmt.Errorf("attribute %q is the ttl already", e.ttl.Name)
	}
	for _, o := range e.table.reg.entities {
		if o.ttl != nil && o.ttl.Name != f.Name {
			return fmt.Errorf("the ttl of %s is attribute %q: a table has one, use the same name", o.name, o.ttl.Name)
		}
	}
	e.ttl = f
	return nil
}

// expiry is when the item at ptr expires; ok is false when it does not.
func (e *entity) expiry(ptr unsafe.Pointer) (at time.Time, ok bool) {
	if e.ttl == nil {
		return time.Time{}, false
	}
	v, ok := e.ttl.Value(ptr)
	if !ok || v.IsZero() {
		return time.Time{}, false
	}
	switch {
	case v.CanInt():
		return time.Unix(v.Int(), 0), true
	case v.CanUint():
		return time.Unix(int64(v.Uint()), 0), true
	}
	at = v.Interface().(time.Time)
	return at, !at.IsZero()
}

// hides reports whether reads pass over v because it has expired.
func (e *entity) hides(v any) bool {
	if e == nil || !e.hideExpired {
		return false
	}
	at, ok := e.expiry(e.pointer(v))
	return ok && !at.After(e.table.gen.clock())
}

// Expired reports whether v has expired by the table's clock. The service may not have removed it yet.
func (e *Entity[T]) Expired(v *T) bool {
	left, ok := e.TimeLeft(v)
	return ok && left <= 0
}

// TimeLeft is how long v has until it expires, negative afterwards; ok is false when it does not expire.
// To extend it, write the `ttl` field anew: Update(key).Set("expires", entable.ExpiresIn(time.Hour)).
func (e *Entity[T]) TimeLeft(v *T) (left time.Duration, ok bool) {
	at, ok := e.e.expiry(unsafe.Pointer(v))
	if !ok {
		return 0, false
	}
	return at.Sub(e.e.table.gen.clock()), true
}

// ttlAttribute is the attribute by which the table's items expire, or "".
func (t *Table) ttlAttribute() string {
	t.reg.mu.Lock()
	defer t.reg.mu.Unlock()
	for _, e := range t.reg.entities {
		if e.ttl != nil {
			return e.ttl.Name
		}
	}
	return ""
}

type ttlClient interface {
	UpdateTimeToLive(context.Context, *dynamodb.UpdateTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTimeToLiveOutput, error)
}

func (t *Table) enableTTL(ctx context.Context, c *conn) error {
	name := t.ttlAttribute()
	if name == "" {
		return nil
	}
	tc, ok := c.Client.(ttlClient)
	if !ok {
		return usagef("cannot turn expiry on for table %q: the client %T has no UpdateTimeToLive", t.name, c.Client)
	}
	_, err := tc.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               &t.name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &name, Enabled: new(true)},
	})
	if err != nil {
		return &OpError{Op: "Create", Entity: t.name, Err: err}
	}
	return nil
}
