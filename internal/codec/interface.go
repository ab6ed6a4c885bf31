package codec

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

var attributeValueType = reflect.TypeFor[types.AttributeValue]()

// fillInterface handles interfaces: the SDK's own attribute values as themselves, others by what they hold. Only into an
// interface without methods a value can be decoded.
func fillInterface(c *codec) {
	if c.typ == attributeValueType {
		fillAttributeValue(c)
		return
	}
	empty := c.typ.NumMethod() == 0
	t, opts := c.typ, c.opts
	c.encode = func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		if tooDeep(depth) {
			return dst, cannotEncode(t, errDepth)
		}
		if empty {
			return appendAny(dst, *(*any)(p), opts, depth+hop)
		}
		return appendAny(dst, reflect.NewAt(t, p).Elem().Interface(), opts, depth+hop)
	}
	c.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
		if k == wire.NULL {
			reflect.NewAt(t, p).Elem().SetZero()
			_, err := r.Bool()
			return err
		}
		if held := reflect.NewAt(t, p).Elem().Elem(); held.Kind() == reflect.Pointer && !held.IsNil() {
			return decodeHeld(r, k, held, opts)
		}
		if !empty {
			return cannotDecode(k, t, nil)
		}
		if k == wire.S && opts.has(asString) {
			k = wire.N
		}
		v, err := readAny(r, k)
		if err == nil {
			*(*any)(p) = v
		}
		return err
	}
}

// decodeHeld decodes into what the pointer in an interface points to. Pointers may form a ring: they count as levels.
func decodeHeld(r *wire.Reader, k wire.Kind, held reflect.Value, o options) error {
	c, err := codecOf(held.Type().Elem(), o)
	if err != nil {
		return err
	}
	if err := r.Enter(); err != nil {
		return err
	}
	defer r.Leave()
	return c.decode(r, k, held.UnsafePointer())
}

func fillAttributeValue(c *codec) {
	c.encode = func(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		return appendAttributeValue(dst, attributeValueType, *(*types.AttributeValue)(p))
	}
	c.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) (err error) {
		*(*types.AttributeValue)(p), err = r.Payload(k)
		return err
	}
}

// appendAttributeValue appends what a value of type t is stored as.
func appendAttributeValue(dst []byte, t reflect.Type, v types.AttributeValue) ([]byte, error) {
	out, err := wire.AppendValue(dst, v)
	if err == nil {
		err = wire.CheckValue(v)
	}
	if err != nil {
		return dst, cannotEncode(t, err)
	}
	return out, nil
}

// appendAny appends what an interface holds, not nil, as a field of that type would be.
func appendAny(dst []byte, v any, o options, depth int) ([]byte, error) {
	var p unsafe.Pointer
	switch v := v.(type) { // the types that readAny makes, without reflection
	case string:
		p = unsafe.Pointer(&v)
	case float64:
		p = unsafe.Pointer(&v)
	case bool:
		p = unsafe.Pointer(&v)
	case map[string]any:
		if v == nil {
			v = map[string]any{}
		}
		p = unsafe.Pointer(&v)
	case []any:
		if v == nil {
			v = []any{}
		}
		p = unsafe.Pointer(&v)
	case types.AttributeValue:
		return appendAttributeValue(dst, attributeValueType, v)
	default:
		return appendHeld(dst, reflect.ValueOf(v), o, depth)
	}
	c, err := codecOf(reflect.TypeOf(v), o&^(omitEmpty|nullEmpty))
	if err != nil {
		return dst, err
	}
	return c.encode(dst, p, depth)
}

// appendHeld appends as appendAny does, for any type. What an interface holds may not be changed, so its methods get a copy.
func appendHeld(dst []byte, v reflect.Value, o options, depth int) ([]byte, error) {
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		if v.IsNil() {
			if o.has(omitEmpty) && o.has(omitEmptyElem) {
				return dst, nil
			}
			return wire.AppendNull(dst), nil
		}
		return appendPointedTo(dst, v, o, depth)
	}
	if k := t.Kind(); (k == reflect.Slice || k == reflect.Map) && v.IsNil() {
		v = emptyOfType(t)
	}
	c, err := codecOf(t, o&^(omitEmpty|nullEmpty))
	if err != nil {
		return dst, err
	}
	held := reflect.New(t)
	held.Elem().Set(v)
	return c.encode(dst, held.UnsafePointer(), depth)
}

// appendPointedTo appends what a pointer in an interface points to. Its methods go first, then it may be empty.
func appendPointedTo(dst []byte, v reflect.Value, o options, depth int) ([]byte, error) {
	elem := v.Type().Elem()
	if _, custom := customKind(elem, o); custom {
		o &^= omitEmpty | nullEmpty
	}
	c, err := codecOf(elem, o)
	if err != nil {
		return dst, err
	}
	return c.encode(dst, v.UnsafePointer(), depth)
}

func emptyOfType(t reflect.Type) reflect.Value {
	if t.Kind() == reflect.Map {
		return reflect.MakeMap(t)
	}
	return reflect.MakeSlice(t, 0, 0)
}

// readAny reads the content of a value into the type that attributevalue chooses for it: string, float64, []byte, bool,
// nil, map[string]any, []any, []string, []float64, [][]byte. A number that a float64 would change is an
// attributevalue.Number instead, and a set with such a number a []attributevalue.Number.
func readAny(r *wire.Reader, k wire.Kind) (any, error) {
	switch k {
	case wire.S:
		return wrap(r.Text())
	case wire.N:
		text, err := r.Number()
		if f, exact := exactFloat(text); exact && err == nil {
			return f, nil
		}
		return wrap(attributevalue.Number(text), err)
	case wire.B:
		return wrap(r.Bytes([]byte{}))
	case wire.BOOL:
		return wrap(r.Bool())
	case wire.NULL:
		_, err := r.Bool()
		return nil, err
	case wire.SS:
		return wrap(readSlice(r, r.Text))
	case wire.NS:
		return readNumbers(r)
	case wire.BS:
		return wrap(readSlice(r, func() ([]byte, error) { return r.Bytes([]byte{}) }))
	}
	if err := r.Enter(); err != nil {
		return nil, err
	}
	defer r.Leave()
	if k == wire.M {
		return readAnyMap(r)
	}
	i := -1
	return wrap(readSlice(r, func() (any, error) {
		i++
		v, err := readAnyValue(r)
		if err != nil {
			return nil, withinIndex(err, i)
		}
		return v, nil
	}))
}

// wrap drops the value of a failed read.
func wrap[T any](v T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

func readAnyValue(r *wire.Reader) (any, error) {
	k, err := r.OpenValue()
	if err != nil {
		return nil, err
	}
	v, err := readAny(r, k)
	if err != nil {
		return nil, err
	}
	return v, r.CloseValue()
}

func readAnyMap(r *wire.Reader) (any, error) {
	m := make(map[string]any)
	more, err := r.Open('{')
	for more && err == nil {
		var name string
		if name, err = r.Key(); err != nil {
			return nil, err
		}
		if m[name], err = readAnyValue(r); err != nil {
			return nil, within(err, name)
		}
		more, err = r.More('}')
	}
	return wrap(m, err)
}

func readNumbers(r *wire.Reader) (any, error) {
	texts, err := readSlice(r, r.Number)
	if err != nil {
		return nil, err
	}
	floats := make([]float64, len(texts))
	for i, text := range texts {
		var exact bool
		if floats[i], exact = exactFloat(text); !exact {
			numbers := make([]attributevalue.Number, len(texts))
			for i, text := range texts {
				numbers[i] = attributevalue.Number(text)
			}
			return numbers, nil
		}
	}
	return floats, nil
}

func readSlice[E any](r *wire.Reader, one func() (E, error)) ([]E, error) {
	list := []E{}
	more, err := r.Open('[')
	for more && err == nil {
		var e E
		if e, err = one(); err != nil {
			return nil, err
		}
		list = append(list, e)
		more, err = r.More(']')
	}
	return list, err
}

// exactFloat returns the number as a float64 if that, written out again, is the same number. Up to 15 digits always are.
func exactFloat(number string) (float64, bool) {
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, false
	}
	if len(number) <= 15 && !strings.ContainsAny(number, "eE") {
		return f, true
	}
	return f, wire.SameNumber(number, strconv.FormatFloat(f, 'e', -1, 64))
}

// AppendValue appends any Go value as one attribute value, like a field of its type without options. A nil v is NULL.
func AppendValue(dst []byte, v any) ([]byte, error) { return Methods.AppendValue(dst, v) }

// AppendValue appends as the function AppendValue does, in this encoding.
func (e Encoding) AppendValue(dst []byte, v any) ([]byte, error) {
	n := len(dst)
	out, err := appendRoot(dst, v, options(e))
	if err != nil {
		return out[:n], err
	}
	if len(out) == n {
		return out, cannotEncode(reflect.TypeOf(v), nil)
	}
	return out, nil
}

func appendRoot(dst []byte, v any, encoding options) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return wire.AppendNull(dst), nil
	case types.AttributeValue:
		return appendAttributeValue(dst, attributeValueType, v)
	}
	t := reflect.TypeOf(v)
	c, err := codecOf(t, encoding)
	if err != nil {
		return dst, err
	}
	root := reflect.New(t)
	root.Elem().Set(reflect.ValueOf(v))
	return c.encode(dst, root.UnsafePointer(), 0)
}

// DecodeValue reads one attribute value into what v, a pointer that is not nil, points to.
func DecodeValue(r *wire.Reader, v any) error { return Methods.DecodeValue(r, v) }

// DecodeValue reads as the function DecodeValue does, in this encoding.
func (e Encoding) DecodeValue(r *wire.Reader, v any) error {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("cannot decode into %T, want a pointer that is not nil", v)
	}
	c, err := codecOf(p.Type().Elem(), options(e))
	if err != nil {
		return err
	}
	return c.decodeWhole(r, p.UnsafePointer())
}

// decodeWhole reads an attribute value with its type tag.
func (c *codec) decodeWhole(r *wire.Reader, p unsafe.Pointer) error {
	k, err := r.OpenValue()
	if err != nil {
		return err
	}
	if err := c.decode(r, k, p); err != nil {
		return err
	}
	return r.CloseValue()
}
