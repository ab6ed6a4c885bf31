package codec

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/entable/entable/internal/wire"
)

// fillPointer handles a pointer to a value. withEmpty has dealt with nil when encode runs.
//
// What it points to is encoded without regard to whether it is empty, so that a pointer to 0 is 0 even with omitempty.
// Behind a second pointer attributevalue looks again, and so does this.
func (c *compiler) fillPointer(made *codec) error {
	elem := made.typ.Elem()
	if elem.Kind() == reflect.Pointer {
		if endless(elem) {
			return fmt.Errorf("type %s: it points to nothing but pointers, so that it has no value to store; use a struct with a pointer field", made.typ)
		}
		return c.fillPointerPointer(made)
	}
	if elem.Kind() == reflect.Interface {
		inner, err := c.codec(elem, made.opts)
		if err != nil {
			return err
		}
		pointTo(made, inner, func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) { return inner.encode(dst, p, depth) })
		return nil
	}
	// The same codec without the options about empty values, nil slices and maps apart: these are NULL in any case.
	inner, err := c.codec(elem, made.opts&^(omitEmpty|nullEmpty))
	if err != nil {
		return err
	}
	encode := func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) { return inner.encode(dst, p, depth) }
	if k := elem.Kind(); k == reflect.Slice || k == reflect.Map {
		present, err := c.present(elem, made.opts)
		if err != nil {
			return err
		}
		encode = func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) { return present.encode(dst, p, depth) }
	}
	pointTo(made, inner, encode)
	return nil
}

// endless reports whether a pointer type leads to itself by pointers only, as P *P does.
func endless(t reflect.Type) bool {
	seen := make(map[reflect.Type]bool)
	for ; t.Kind() == reflect.Pointer; t = t.Elem() {
		if seen[t] {
			return true
		}
		seen[t] = true
	}
	return false
}

// present returns a codec that encodes even a nil slice or map as the empty list, set or map.
func (c *compiler) present(t reflect.Type, o options) (*codec, error) {
	made := &codec{typ: t, opts: o}
	return made, c.fill(made)
}

func (c *compiler) fillPointerPointer(made *codec) error {
	elem := made.typ.Elem()
	inner, err := c.codec(elem, made.opts)
	if err != nil {
		return err
	}
	last, err := c.codec(elem.Elem(), made.opts)
	if err != nil {
		return err
	}
	omit := made.opts.has(omitEmpty) && made.opts.has(omitEmptyElem)
	pointTo(made, inner, func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		to := *(*unsafe.Pointer)(p)
		switch {
		case to != nil:
			return last.encode(dst, to, depth+hop)
		case omit:
			return dst, nil
		default:
			return wire.AppendNull(dst), nil
		}
	})
	return nil
}

// pointTo makes a pointer's codec of that of what it points to: encode runs on the latter.
func pointTo(made, inner *codec, encode func([]byte, unsafe.Pointer, int) ([]byte, error)) {
	made.encode = func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		if tooDeep(depth) {
			return dst, cannotEncode(made.typ, errDepth)
		}
		return encode(dst, *(*unsafe.Pointer)(p), depth+hop)
	}
	elem := made.typ.Elem()
	made.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
		to := (*unsafe.Pointer)(p)
		if k == wire.NULL {
			*to = nil
			_, err := r.Bool()
			return err
		}
		if *to == nil {
			*to = reflect.New(elem).UnsafePointer()
		}
		return inner.decode(r, k, *to)
	}
}
