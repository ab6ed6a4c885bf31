package codec

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"unsafe"

	"github.com/entable/entable/internal/wire"
)

// A Plan encodes and decodes the values of one struct type as items. It is safe for concurrent use.
type Plan struct {
	typ    reflect.Type
	enc    Encoding
	layout *layout
	stored *layout // what is written: all of layout but for what Without leaves out
	fields []*Field
	byName map[string]*Field

	marshals   bool // *T is a Marshaler
	unmarshals bool // *T is an Unmarshaler

	attr, value string // what Expect asked for
}

type planResult struct {
	plan *Plan
	err  error
}

var plans sync.Map // planResult per planKey; the first one stays

type planKey struct {
	typ      reflect.Type
	encoding Encoding
}

// PlanOf returns the plan of a struct type, compiled once. Types that cannot be items, types in them that could be written and
// not be read again, wrong tags, and names that are taken twice are errors which name the type and the field; they are kept
// too.
func PlanOf(t reflect.Type) (*Plan, error) { return Methods.PlanOf(t) }

// PlanOf returns what the function PlanOf does, for items of this encoding.
func (e Encoding) PlanOf(t reflect.Type) (*Plan, error) {
	key := planKey{t, e}
	if v, ok := plans.Load(key); ok {
		res := v.(planResult)
		return res.plan, res.err
	}
	p, err := newPlan(t, options(e))
	v, _ := plans.LoadOrStore(key, planResult{p, err})
	res := v.(planResult)
	return res.plan, res.err
}

func newPlan(t reflect.Type, encoding options) (*Plan, error) {
	if t == nil || t.Kind() != reflect.Struct || isTime(t) {
		return nil, fmt.Errorf("type %v cannot be an item; use a struct with a field for each attribute", t)
	}
	l, err := layoutOf(t, encoding)
	if err != nil {
		return nil, err
	}
	p := &Plan{typ: t, enc: Encoding(encoding), layout: l, stored: l, byName: make(map[string]*Field, len(l.attrs))}
	p.marshals = reflect.PointerTo(t).Implements(marshalerType)
	p.unmarshals = reflect.PointerTo(t).Implements(unmarshalerType)
	switch {
	case p.marshals && !p.unmarshals:
		return nil, fmt.Errorf("type %s: its items are written by MarshalDynamoDBAttributeValue and not read by it; give it UnmarshalDynamoDBAttributeValue", t)
	case !p.unmarshals:
		if err := newOneWay(encoding).attributes(t, l.attrs); err != nil {
			return nil, err
		}
	}
	for i, a := range l.attrs {
		f := &Field{
			Name: a.name, Index: a.index, Type: a.field.Type, Tag: a.field.Tag,
			Encoding: p.enc, OmitEmpty: a.opts.has(omitEmpty), NullEmpty: a.opts.has(nullEmpty), UnixTime: a.opts.has(unixTime),
			slot: l.slots[i],
		}
		p.fields = append(p.fields, f)
		p.byName[f.Name] = f
	}
	return p, nil
}

// layoutOf compiles the top level of a struct: without the struct's own methods and the rules for empty values.
func layoutOf(t reflect.Type, encoding options) (*layout, error) {
	compileMu.Lock()
	defer compileMu.Unlock()
	c := compiler{done: make(map[codecKey]*codec)}
	l, err := c.layout(t, encoding)
	if err != nil {
		return nil, err
	}
	for k, v := range c.done {
		codecs.LoadOrStore(k, codecResult{codec: v})
	}
	return l, nil
}

// Type returns the struct type.
func (p *Plan) Type() reflect.Type { return p.typ }

// Encoding returns that of the plan's items.
func (p *Plan) Encoding() Encoding { return p.enc }

// Marshals reports whether the type encodes its items itself, so that they need not have the plan's attributes.
func (p *Plan) Marshals() bool { return p.marshals }

// Fields returns the top-level attributes in the order of declaration, those of embedded structs in their place. The slice
// is the plan's own.
func (p *Plan) Fields() []*Field { return p.fields }

// Field returns the field of an attribute, or nil.
func (p *Plan) Field(attr string) *Field { return p.byName[attr] }

// AppendMembers appends the attributes of the struct at ptr as members of a JSON object, without the braces: nothing if all
// are omitted. After an error dst has its old length.
func (p *Plan) AppendMembers(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	n := len(dst)
	var err error
	if p.marshals {
		dst, err = appendMarshaled(dst, p.typ, ptr)
	} else {
		dst, err = p.stored.appendMembers(dst, ptr, 0)
	}
	if err != nil {
		return dst[:n], err
	}
	return dst, nil
}

// Decode reads the item in front of which r stands into the struct at ptr. Attributes that the struct lacks are checked
// and skipped; what the item lacks keeps its value, and maps keep their entries, so that a zero struct becomes exactly the
// item. Names that differ from an attribute's in case only are taken for it, unless that is in the item too.
//
// After an error the struct is partly filled.
func (p *Plan) Decode(r *wire.Reader, ptr unsafe.Pointer) error { return p.DecodeRest(r, ptr, nil) }

// DecodeRest reads as Decode does, and gives each attribute that the struct lacks to rest, if that is not nil: its name, and
// its value as it stands in the item, which aliases it. Those that Expect has the reader note do not go there.
func (p *Plan) DecodeRest(r *wire.Reader, ptr unsafe.Pointer, rest func(name string, value []byte) error) error {
	at := r.Offset()
	var err error
	if p.unmarshals {
		err = p.decodeUnmarshaler(r, ptr)
	} else {
		err = p.layout.decode(r, ptr, rest)
	}
	if err != nil && p.attr != "" && errors.Is(err, ErrUnexpected) {
		r.Rewind(at)
		return ErrUnexpected
	}
	return err
}

// Expect returns a plan which decodes only items that have the attribute attr with this text. In front of others Decode
// leaves the reader where it was and returns ErrUnexpected; the struct may then be partly filled. That lets the type of an
// item be guessed and checked in one pass. The reader notes the values of up to two attributes
// that the struct lacks, in this order, unless the struct decodes itself.
func (p *Plan) Expect(attr, value string, noted ...string) *Plan {
	e := *p
	e.attr, e.value = attr, value
	e.layout = p.layout.expecting(attr, value, noted)
	return &e
}

// Without returns a plan which does not write some attributes, and reads them where they are. A struct that encodes itself
// writes what it likes.
func (p *Plan) Without(attrs ...string) *Plan {
	less := *p
	less.stored = &layout{typ: p.layout.typ}
	for _, s := range p.layout.slots {
		if !slices.Contains(attrs, s.name) {
			less.stored.slots = append(less.stored.slots, s)
		}
	}
	return &less
}

// A Field is one top-level attribute of a struct.
type Field struct {
	Name      string // of the attribute
	Index     []int  // of the field, as reflect.Value.FieldByIndex takes it
	Type      reflect.Type
	Tag       reflect.StructTag
	Encoding  Encoding // of the item
	OmitEmpty bool
	NullEmpty bool
	UnixTime  bool

	slot *slot
}

// Value returns the field in the struct at ptr. It can be set. It reports false if an embedded pointer on the way is nil.
func (f *Field) Value(ptr unsafe.Pointer) (reflect.Value, bool) {
	p := f.slot.field(ptr)
	if p == nil {
		return reflect.Value{}, false
	}
	return reflect.NewAt(f.Type, p).Elem(), true
}

// Kind returns what the field's values are stored as, unless they are empty: wire.Invalid if that is open.
func (f *Field) Kind() wire.Kind { return f.slot.codec.kind }

// KindOf returns what the values of a type are stored as in this encoding where no tag says otherwise, unless they are empty:
// wire.Invalid if that is open.
func (e Encoding) KindOf(t reflect.Type) wire.Kind { return usualKind(t, options(e)) }

// Opaque reports whether values of a type are stored by its own methods, so that nothing in them can be named.
func (e Encoding) Opaque(t reflect.Type) bool {
	k, custom := customKind(t, options(e))
	return custom && k != wire.Invalid
}

// Offset returns where the field is from the beginning of its struct; not ok if embedded pointers lie between.
func (f *Field) Offset() (at uintptr, ok bool) { return f.slot.offset, f.slot.hops == nil }

// Address returns where the field is in the struct at ptr, nil behind an embedded pointer that is nil.
func (f *Field) Address(ptr unsafe.Pointer) unsafe.Pointer { return f.slot.field(ptr) }

// Reach returns the field as Value does, and makes the embedded pointers on the way that are nil.
func (f *Field) Reach(ptr unsafe.Pointer) reflect.Value {
	return reflect.NewAt(f.Type, f.slot.makeField(ptr)).Elem()
}

// AppendValue appends v, of the field's type, as an attribute value as this field would be stored: nothing if it would be
// omitted. After an error dst has its old length.
func (f *Field) AppendValue(dst []byte, v reflect.Value) ([]byte, error) {
	if v.Type() != f.Type {
		return dst, within(fmt.Errorf("cannot use %s, want %s", v.Type(), f.Type), f.Name)
	}
	if !v.CanAddr() {
		held := reflect.New(f.Type)
		held.Elem().Set(v)
		v = held.Elem()
	}
	return f.append(dst, v.Addr().UnsafePointer())
}

// AppendElement appends v as AppendValue does, where it lies so many levels down in the lists and maps of the field: it is
// omitted, or NULL, by omitemptyelem and nullemptyelem.
func (f *Field) AppendElement(dst []byte, v reflect.Value, levels int) ([]byte, error) {
	c, err := codecOf(v.Type(), f.elem(levels))
	if err != nil {
		return dst, err
	}
	held := reflect.New(v.Type())
	held.Elem().Set(v)
	out, err := c.encode(dst, held.UnsafePointer(), 0)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// NullElement reports whether empty elements, so many levels down in the field, are stored as NULL.
func (f *Field) NullElement(levels int) bool { return f.elem(levels).has(nullEmpty) }

func (f *Field) elem(levels int) options {
	o := f.slot.codec.opts
	for range levels {
		o = o.elem()
	}
	return o
}

// AppendFrom appends the field's value in the struct at ptr, as AppendValue does. Behind an embedded pointer that is nil
// there is nothing to append.
func (f *Field) AppendFrom(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	p := f.slot.field(ptr)
	if p == nil {
		return dst, nil
	}
	return f.append(dst, p)
}

func (f *Field) append(dst []byte, p unsafe.Pointer) ([]byte, error) {
	out, err := f.slot.codec.encode(dst, p, 0)
	if err != nil {
		return out[:len(dst)], within(err, f.Name)
	}
	return out, nil
}

// DecodeValue reads the attribute value in front of which r stands into the field of the struct at ptr.
func (f *Field) DecodeValue(r *wire.Reader, ptr unsafe.Pointer) error {
	if err := f.slot.codec.decodeWhole(r, f.slot.makeField(ptr)); err != nil {
		return within(err, f.Name)
	}
	return nil
}
