package codec

import (
	"encoding"
	"fmt"
	"math/big"
	"reflect"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

var (
	marshalerType         = reflect.TypeFor[attributevalue.Marshaler]()
	unmarshalerType       = reflect.TypeFor[attributevalue.Unmarshaler]()
	textAppenderType      = reflect.TypeFor[encoding.TextAppender]()
	textMarshalerType     = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshalerType   = reflect.TypeFor[encoding.TextUnmarshaler]()
	binaryMarshalerType   = reflect.TypeFor[encoding.BinaryMarshaler]()
	binaryUnmarshalerType = reflect.TypeFor[encoding.BinaryUnmarshaler]()
	bigIntType            = reflect.TypeFor[big.Int]()
)

// customKind reports whether a type has a method that encodes it, and what it then is stored as, if that is known.
func customKind(t reflect.Type, o options) (wire.Kind, bool) {
	switch {
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface:
		return wire.Invalid, false
	case has(t, marshalerType):
		return wire.Invalid, true
	case o.has(sdkDefaults):
	case has(t, textMarshalerType):
		return wire.S, true
	case has(t, binaryMarshalerType):
		return wire.B, true
	}
	return wire.Invalid, false
}

// withMethods puts the methods of a type, or of a pointer to it, in front of the codec. Every value can be pointed to here,
// also what a map or an interface holds.
func withMethods(c *codec) {
	if k := c.typ.Kind(); c.typ == timeType || k == reflect.Pointer || k == reflect.Interface {
		return
	}
	writes := withWriter(c)
	withReaders(c)
	if reads, err := newOneWay(c.opts).methods(c.typ); writes && reads && err == nil {
		withUnset(c)
	}
}

// withWriter puts the first of the methods that encode in front of the encoder, and reports whether there is one.
func withWriter(c *codec) bool {
	switch t := c.typ; {
	case has(t, marshalerType):
		withMarshaler(c)
	case c.opts.has(sdkDefaults):
		return false
	case has(t, textMarshalerType):
		withTextMarshaler(c)
	case has(t, binaryMarshalerType):
		withBinaryMarshaler(c)
	default:
		return false
	}
	c.verbatim = false
	return true
}

// withReaders puts the methods that decode in front of the decoder.
func withReaders(c *codec) {
	text := has(c.typ, textUnmarshalerType) && !readsByNil(c.typ, textUnmarshalerType)
	binary := has(c.typ, binaryUnmarshalerType) && !readsByNil(c.typ, binaryUnmarshalerType)
	if c.opts.has(sdkDefaults) { // what the kind itself is stored as is read by it
		text = text && c.typ.Kind() != reflect.String && !c.opts.has(asString)
		binary = binary && c.kind != wire.B
	}
	if text || binary {
		c.text, c.layout, c.way = false, nil, noWay
		withEncodingUnmarshaler(c, text, binary)
	}
	if has(c.typ, unmarshalerType) {
		c.text, c.layout, c.way = false, nil, noWay
		withUnmarshaler(c)
	}
}

// has reports whether a pointer to t, and so every value that the codec meets, has the methods.
func has(t, methods reflect.Type) bool { return reflect.PointerTo(t).Implements(methods) }

// pointerAs returns the pointer p to a t as an interface, without allocating.
func pointerAs[I any](t reflect.Type, p unsafe.Pointer) I { return reflect.NewAt(t, p).Interface().(I) }

func withMarshaler(c *codec) {
	t, encode := c.typ, c.encode
	c.encode = func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		av, err := pointerAs[attributevalue.Marshaler](t, p).MarshalDynamoDBAttributeValue()
		if err != nil {
			return dst, cannotEncode(t, err)
		}
		if av == nil { // attributevalue goes on as if there were no method
			return encode(dst, p, depth)
		}
		return appendAttributeValue(dst, t, av)
	}
}

func withTextMarshaler(c *codec) {
	t := c.typ
	appends := reflect.PointerTo(t).Implements(textAppenderType)
	c.encode = func(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		var text []byte
		var err error
		if n := len(dst); appends {
			// The free end of dst is a buffer for the text: it is written there, and then again, quoted, further on.
			var buf []byte
			if buf, err = pointerAs[encoding.TextAppender](t, p).AppendText(dst); err == nil {
				text, dst = buf[n:], buf
				dst, err = appendTextValue(dst, text)
				dst = append(dst[:n], dst[min(len(dst), n+len(text)):]...)
			}
		} else if text, err = pointerAs[encoding.TextMarshaler](t, p).MarshalText(); err == nil {
			dst, err = appendTextValue(dst, text)
		}
		if err != nil {
			return dst, cannotEncode(t, err)
		}
		return dst, nil
	}
}

func appendTextValue(dst, text []byte) ([]byte, error) {
	return wire.AppendS(dst, unsafe.String(unsafe.SliceData(text), len(text)))
}

func withBinaryMarshaler(c *codec) {
	t := c.typ
	c.encode = func(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		b, err := pointerAs[encoding.BinaryMarshaler](t, p).MarshalBinary()
		if err != nil {
			return dst, cannotEncode(t, err)
		}
		return wire.AppendB(dst, b), nil
	}
}

// withEncodingUnmarshaler reads S by UnmarshalText and B by UnmarshalBinary, as far as they count.
func withEncodingUnmarshaler(c *codec, text, binary bool) {
	t, decode := c.typ, c.decode
	c.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
		var b []byte
		var err error
		switch {
		case k == wire.S && text:
			if b, err = r.TextBytes(); err == nil {
				err = pointerAs[encoding.TextUnmarshaler](t, p).UnmarshalText(r.Kept(b)) // which some keep, though they should not
			}
		case k == wire.B && binary:
			if b, err = r.Bytes(nil); err == nil {
				err = pointerAs[encoding.BinaryUnmarshaler](t, p).UnmarshalBinary(b)
			}
		case k == wire.N && t == bigIntType:
			return decodeBigInt(r, c, p)
		default:
			return decode(r, k, p)
		}
		if err != nil {
			return cannotDecode(k, t, err)
		}
		return nil
	}
}

// withUnmarshaler gives any kind of value to the method, NULL too.
func withUnmarshaler(c *codec) {
	t := c.typ
	c.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
		av, err := r.Payload(k)
		if err == nil {
			err = pointerAs[attributevalue.Unmarshaler](t, p).UnmarshalDynamoDBAttributeValue(av)
		}
		if err != nil {
			return cannotDecode(k, t, err)
		}
		return nil
	}
}

// appendMarshaled appends the members of the map that a whole item's own Marshaler returns.
func appendMarshaled(dst []byte, t reflect.Type, p unsafe.Pointer) ([]byte, error) {
	av, err := pointerAs[attributevalue.Marshaler](t, p).MarshalDynamoDBAttributeValue()
	if err != nil {
		return dst, cannotEncode(t, err)
	}
	m, ok := av.(*types.AttributeValueMemberM)
	if !ok {
		return dst, cannotEncode(t, fmt.Errorf("its Marshaler returned %T, an item is a map", av))
	}
	n := len(dst)
	const opening, closing = `{"M":{`, `}}`
	if dst, err = appendAttributeValue(dst, t, m); err != nil {
		return dst, err
	}
	return append(dst[:n], dst[n+len(opening):len(dst)-len(closing)]...), nil
}

// decodeUnmarshaler gives a whole item to its own Unmarshaler.
func (p *Plan) decodeUnmarshaler(r *wire.Reader, ptr unsafe.Pointer) error {
	m, err := r.Item()
	if err != nil {
		return err
	}
	if s, ok := m[p.attr].(*types.AttributeValueMemberS); p.attr != "" && (!ok || s.Value != p.value) {
		return ErrUnexpected
	}
	u := pointerAs[attributevalue.Unmarshaler](p.typ, ptr)
	if err := u.UnmarshalDynamoDBAttributeValue(&types.AttributeValueMemberM{Value: m}); err != nil {
		return cannotDecode(wire.M, p.typ, err)
	}
	return nil
}
