package codec

import (
	"unsafe"

	"github.com/entable/entable/internal/wire"
)

// expecting returns a layout that decodes only items in which the attribute is this text, and notes others.
func (l *layout) expecting(attr, value string, noted []string) *layout {
	e := &layout{typ: l.typ, byName: make(map[string]*slot, len(l.slots)+1)}
	for _, s := range l.slots {
		c := &slot{
			name: s.name, prefix: s.prefix, kind: s.kind, codec: s.codec, comma: s.comma, index: s.index, hops: s.hops, offset: s.offset,
		}
		c.text = s.text
		c.setWay()
		e.slots = append(e.slots, c)
		e.byName[c.name] = c
	}
	e.required = e.byName[attr]
	if e.required == nil {
		e.required = newSlot(attr, &codec{kind: wire.S, decode: func(*wire.Reader, wire.Kind, unsafe.Pointer) error { return nil }})
		e.required.index = len(e.slots)
		e.slots = append(e.slots, e.required)
		e.byName[attr] = e.required
	}
	bare := e.required.codec.typ == nil
	e.required.codec, e.required.text = expect(e.required.codec, value), false
	if e.required.setWay(); bare {
		e.required.mustBe(value)
	}
	e.link()
	for i, name := range noted {
		if e.byName[name] != nil {
			continue
		}
		s := newSlot(name, nil)
		s.noted = i + 1
		e.byName[name] = s
	}
	return e
}

// expect returns a codec that first checks the text that is to be decoded.
func expect(c *codec, value string) *codec {
	checked := *c
	checked.way = noWay
	bare := c.typ == nil
	checked.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
		if k != wire.S {
			return ErrUnexpected
		}
		at := r.Offset()
		text, err := r.TextBytes()
		if err != nil {
			return err
		}
		if string(text) != value {
			return ErrUnexpected
		}
		if bare {
			return nil
		}
		r.Rewind(at)
		return c.decode(r, k, p)
	}
	return &checked
}
