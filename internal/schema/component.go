package schema

import (
	"encoding"
	"fmt"
	"math/big"
	"reflect"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
)

// component reads one field for a key.
type component struct {
	field   *codec.Field
	root    *codec.Field   // the attribute: the field itself, or the outermost struct that it is in
	inner   []*codec.Field // from inside root down to the field; nil: it is root
	path    string         // its name, or names with dots between them
	Seg     keys.Segment
	read    func(reflect.Value) (keys.Value, error)
	shard   *shard   // the component is the number of a shard, not a field's value
	plain   bool     // the field is a string of the item itself: read without reflection
	part    bool     // the key holds a part of the value only
	tail    bool     // it stands in a tail, which is not there if it is zero
	derived *derived // it is what a function makes of fields
	hash    string   // the key of the hash that the key holds of the value, "" for none
}

func (c *component) value(ptr unsafe.Pointer) (keys.Value, error) {
	if c.shard != nil {
		n, err := c.shard.number(ptr)
		return keys.Value{Kind: keys.Int, I: int64(n)}, err
	}
	if c.derived != nil {
		text, err := c.derived.text(ptr)
		return keys.Value{Kind: keys.Text, S: text}, err
	}
	if c.plain {
		if s := (*string)(c.field.Address(ptr)); s != nil {
			return keys.Value{Kind: keys.Text, S: *s}, nil
		}
	}
	v, ok := c.get(ptr)
	if c.tail && (!ok || v.IsZero()) {
		return keys.Value{Kind: c.Seg.Kind}, nil
	}
	if !ok {
		return keys.Value{}, c.errZero()
	}
	if k := v.Kind(); (k == reflect.Array || k == reflect.Struct) && v.IsZero() {
		return keys.Value{}, c.errZero()
	}
	return c.read(v)
}

// errZero returns the error for a key field that has not been set.
func (c *component) errZero() error {
	return fmt.Errorf("attribute %q: the field is not set (%s)", c.path, c.field.Type)
}

// get returns the field in the item at ptr, not ok behind a pointer that is nil.
func (c *component) get(ptr unsafe.Pointer) (v reflect.Value, ok bool) {
	if v, ok = c.root.Value(ptr); c.inner == nil {
		return v, ok
	}
	for _, f := range c.inner {
		for ok && v.Kind() == reflect.Pointer {
			v, ok = v.Elem(), !v.IsNil()
		}
		if !ok {
			return v, false
		}
		v, ok = f.Value(v.Addr().UnsafePointer())
	}
	return v, ok
}

// holder returns the struct that has the field in the item at ptr, and makes the pointers on the way that are nil.
func (c *component) holder(ptr unsafe.Pointer) unsafe.Pointer {
	for i := range c.inner {
		f := c.root
		if i > 0 {
			f = c.inner[i-1]
		}
		v := f.Reach(ptr)
		for ; v.Kind() == reflect.Pointer; v = v.Elem() {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
		}
		ptr = v.Addr().UnsafePointer()
	}
	return ptr
}

var (
	TimeType            = reflect.TypeFor[time.Time]()
	textMarshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	binaryMarshalerType = reflect.TypeFor[encoding.BinaryMarshaler]()
	avMarshalerType     = reflect.TypeFor[attributevalue.Marshaler]()
)

// componentOf finds how a field becomes part of a key. The value is the one that the attribute stores:
// an enum's text, a unixtime's whole seconds.
func componentOf(f *codec.Field) (component, error) {
	c := component{field: f, root: f, path: f.Name, Seg: keys.Segment{Attr: f.Name}}
	t := f.Type
	implements := func(iface reflect.Type) bool {
		return t.Implements(iface) || reflect.PointerTo(t).Implements(iface)
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return c, fmt.Errorf("a key field may not be optional: use %s instead of %s", t.Elem(), t)
	case t == reflect.TypeFor[big.Int]() || t == reflect.TypeFor[big.Float](): // as text they would not sort as numbers
		return c, notKeyable(t)
	case implements(avMarshalerType):
		c.Seg.Kind, c.read = keys.Text, marshaledText(f)
		return c, storesText(f)
	case t == TimeType:
		c.Seg.Kind, c.read = keys.Time, readTime
		if f.UnixTime {
			c.read = readUnixTime
		}
	case f.Encoding == codec.Methods && implements(textMarshalerType):
		c.Seg.Kind, c.read = keys.Text, readMarshaler
	case f.Encoding == codec.Methods && implements(binaryMarshalerType):
		c.Seg.Kind, c.read = keys.Bytes, readBinaryMarshaler
	default:
		return basicComponent(c)
	}
	return c, nil
}

func basicComponent(c component) (component, error) {
	t := c.field.Type
	switch t.Kind() {
	case reflect.String:
		if t == reflect.TypeFor[attributevalue.Number]() {
			return c, fmt.Errorf("%s cannot be part of a key: use an integer, a float or a string", t)
		}
		c.Seg.Kind, c.plain = keys.Text, true
		c.read = func(v reflect.Value) (keys.Value, error) {
			return keys.Value{Kind: keys.Text, S: v.String()}, nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		c.Seg.Kind, c.Seg.Bits = keys.Int, t.Bits()
		c.read = func(v reflect.Value) (keys.Value, error) { return keys.Value{Kind: keys.Int, I: v.Int()}, nil }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		c.Seg.Kind, c.Seg.Bits = keys.Uint, t.Bits()
		c.read = func(v reflect.Value) (keys.Value, error) { return keys.Value{Kind: keys.Uint, U: v.Uint()}, nil }
	case reflect.Float32, reflect.Float64:
		c.Seg.Kind, c.Seg.Bits = keys.Float, t.Bits()
		c.read = func(v reflect.Value) (keys.Value, error) {
			return keys.Value{Kind: keys.Float, F: v.Float()}, nil
		}
	case reflect.Bool:
		c.Seg.Kind = keys.Bool
		c.read = readBool
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() != reflect.Uint8 {
			return c, notKeyable(t)
		}
		c.Seg.Kind = keys.Bytes
		if t.Kind() == reflect.Array {
			c.Seg.Size = t.Len()
		}
		c.read = func(v reflect.Value) (keys.Value, error) { return keys.Value{Kind: keys.Bytes, B: v.Bytes()}, nil }
	default:
		return c, notKeyable(t)
	}
	return c, nil
}

func notKeyable(t reflect.Type) error {
	return fmt.Errorf("%s cannot be part of a key: use a string, number, bool, []byte, time.Time or a type with MarshalText", t)
}

func readBool(v reflect.Value) (keys.Value, error) {
	k := keys.Value{Kind: keys.Bool}
	if v.Bool() {
		k.I = 1
	}
	return k, nil
}

func readTime(v reflect.Value) (keys.Value, error) {
	return keys.Value{Kind: keys.Time, T: v.Interface().(time.Time)}, nil
}

// readUnixTime gives what a unixtime attribute stores: whole seconds.
func readUnixTime(v reflect.Value) (keys.Value, error) {
	t := v.Interface().(time.Time)
	return keys.Value{Kind: keys.Time, T: time.Unix(t.Unix(), 0)}, nil
}

func readMarshaler(v reflect.Value) (keys.Value, error) {
	m, ok := v.Addr().Interface().(encoding.TextMarshaler)
	if !ok {
		m = v.Interface().(encoding.TextMarshaler)
	}
	text, err := m.MarshalText()
	if err != nil {
		return keys.Value{}, fmt.Errorf("cannot marshal %s: %w", v.Type(), err)
	}
	return keys.Value{Kind: keys.Text, S: string(text)}, nil
}

func readBinaryMarshaler(v reflect.Value) (keys.Value, error) {
	m, ok := v.Addr().Interface().(encoding.BinaryMarshaler)
	if !ok {
		m = v.Interface().(encoding.BinaryMarshaler)
	}
	b, err := m.MarshalBinary()
	if err != nil {
		return keys.Value{}, fmt.Errorf("cannot marshal %s: %w", v.Type(), err)
	}
	return keys.Value{Kind: keys.Bytes, B: b}, nil
}

// marshaledText reads the S that an attributevalue.Marshaler stores.
func marshaledText(f *codec.Field) func(reflect.Value) (keys.Value, error) {
	return func(v reflect.Value) (keys.Value, error) {
		raw, err := f.AppendValue(nil, v)
		if err != nil {
			return keys.Value{}, err
		}
		av, err := wire.ReadValue(raw)
		if err != nil {
			return keys.Value{}, err
		}
		s, ok := av.(*types.AttributeValueMemberS)
		if !ok {
			return keys.Value{}, fmt.Errorf("attribute %q: %w", f.Name, notText(v.Type()))
		}
		return keys.Value{Kind: keys.Text, S: s.Value}, nil
	}
}

func notText(t reflect.Type) error {
	return fmt.Errorf("%s is not stored as a string and cannot be part of a key: let its MarshalDynamoDBAttributeValue make one, or use another type", t)
}

// storesText asks the Marshaler of a field's type for its zero value. What it cannot do or makes NULL of says nothing.
func storesText(f *codec.Field) (err error) {
	defer func() { _ = recover() }() // of a method that cannot stand a zero
	raw, err := f.AppendValue(nil, reflect.Zero(f.Type))
	if err != nil || len(raw) == 0 {
		return nil
	}
	v, err := wire.ReadValue(raw)
	if err != nil {
		return nil
	}
	switch v.(type) {
	case *types.AttributeValueMemberS, *types.AttributeValueMemberNULL:
		return nil
	}
	return notText(f.Type)
}
