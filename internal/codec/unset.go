package codec

import (
	"bytes"
	"reflect"
	"unsafe"

	"github.com/entable/entable/internal/wire"
)

// withUnset gives a type a value that is not set, if its methods write its zero value in a form that they do not read:
// uuid.NullUUID{} is the text "null", civil.Date{} "0000-00-00". The form is stored as NULL, or left out with omitempty, and NULL is
// read as the zero value without the method. The form itself is read so too, for items that others have stored.
//
// It asks the methods once, when the type is compiled.
func withUnset(c *codec) {
	form, ok := unreadableZero(c)
	if !ok {
		return
	}
	content := form[bytes.IndexByte(form, ':')+1 : len(form)-1]
	omit, encode, decode := c.opts.has(omitEmpty), c.encode, c.decode
	c.encode = func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		n := len(dst)
		dst, err := encode(dst, p, depth)
		switch {
		case err != nil || !bytes.Equal(dst[n:], form):
			return dst, err
		case omit:
			return dst[:n], nil
		}
		return wire.AppendNull(dst[:n]), nil
	}
	c.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
		if k == wire.NULL {
			reflect.NewAt(c.typ, p).Elem().SetZero()
			_, err := r.Bool()
			return err
		}
		at := r.Offset()
		err := decode(r, k, p)
		if err != nil && r.Offset() > at && bytes.Equal(r.Since(at), content) {
			reflect.NewAt(c.typ, p).Elem().SetZero()
			return nil
		}
		return err
	}
}

// unreadableZero returns the attribute value that the methods of a type make of its zero value, if they refuse to read it.
func unreadableZero(c *codec) (form []byte, ok bool) {
	defer func() {
		if recover() != nil { // a method that cannot stand a zero: none is written or read then
			form, ok = nil, false
		}
	}()
	form, err := c.encode(nil, reflect.New(c.typ).UnsafePointer(), 0)
	if err != nil || len(form) == 0 {
		return nil, false
	}
	return form, c.decodeWhole(wire.NewReader(form), reflect.New(c.typ).UnsafePointer()) != nil
}
