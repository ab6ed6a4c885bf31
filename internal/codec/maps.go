package codec

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/entable/entable/internal/wire"
)

// mapping is the codec of a map. Names are sorted when encoding.
type mapping struct {
	*codec
	key   *codec // decodes text as a key of that type; nil if UnmarshalText does
	elem  *codec
	plain *codec
}

func (c *compiler) fillMap(made *codec) error {
	t := made.typ
	m := &mapping{codec: made}
	var err error
	if m.elem, err = c.codec(t.Elem(), made.opts.elem()); err != nil {
		return err
	}
	if m.plain, err = c.codec(t.Elem(), 0); err != nil {
		return err
	}
	if err := m.setKey(c, t.Key()); err != nil {
		return err
	}
	made.encode, made.decode = m.encodeMap, m.decodeMap
	return nil
}

func (m *mapping) setKey(c *compiler, key reflect.Type) (err error) {
	if reflect.PointerTo(key).Implements(textUnmarshalerType) {
		return nil
	}
	switch key.Kind() {
	case reflect.Bool, reflect.String,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
	default:
		return fmt.Errorf("type %s: the keys of a map must be text, numbers, booleans or TextMarshalers that are no pointers", m.typ)
	}
	bare := &codec{typ: key}
	m.key = bare
	return c.fillKind(bare)
}

var errNoName = errors.New("empty key")

// name returns the key as text, as attributevalue does: by MarshalText, else as fmt prints it, which may use its String.
func (m *mapping) name(key reflect.Value) (string, error) {
	if key.Type() == stringType {
		return key.String(), nil
	}
	if t, ok := key.Interface().(encoding.TextMarshaler); ok {
		b, err := t.MarshalText()
		return string(b), err
	}
	return fmt.Sprint(key.Interface()), nil
}

var stringType = reflect.TypeFor[string]()

func (m *mapping) encodeMap(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
	if depth += level; tooDeep(depth) {
		return dst, cannotEncode(m.typ, errDepth)
	}
	v := reflect.NewAt(m.typ, p).Elem()
	type entry struct {
		name string
		elem reflect.Value
	}
	entries := make([]entry, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		name, err := m.name(it.Key())
		if err == nil && name == "" {
			err = errNoName
		}
		if err != nil {
			return dst, cannotEncode(m.typ, err)
		}
		entries = append(entries, entry{name, it.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })

	elem := reflect.New(m.typ.Elem())
	dst = append(dst, `{"M":{`...)
	start := len(dst)
	for i := range entries {
		at := len(dst)
		if at > start {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = wire.AppendText(dst, entries[i].name); err != nil {
			return dst, cannotEncode(m.typ, err)
		}
		dst = append(dst, ':')
		begin := len(dst)
		elem.Elem().Set(entries[i].elem)
		if dst, err = m.elem.encode(dst, elem.UnsafePointer(), depth); err != nil {
			return dst, within(err, entries[i].name)
		}
		if len(dst) == begin {
			dst = dst[:at]
		}
	}
	return append(dst, '}', '}'), nil
}

// decodeMap adds the entries to the map, which is made if it is nil.
func (m *mapping) decodeMap(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
	v := reflect.NewAt(m.typ, p).Elem()
	switch k {
	case wire.M:
	case wire.NULL:
		v.SetZero()
		_, err := r.Bool()
		return err
	default:
		return cannotDecode(k, m.typ, nil)
	}
	if err := r.Enter(); err != nil {
		return err
	}
	defer r.Leave()
	if v.IsNil() {
		v.Set(reflect.MakeMap(m.typ))
	}
	key, elem := reflect.New(m.typ.Key()), reflect.New(m.typ.Elem())
	more, err := r.Open('{')
	for more && err == nil {
		var name string
		if name, err = r.Key(); err != nil {
			return err
		}
		if err := m.decodeKey(name, key); err != nil {
			return within(err, name)
		}
		elem.Elem().SetZero()
		if err := m.plain.decodeWhole(r, elem.UnsafePointer()); err != nil {
			return within(err, name)
		}
		v.SetMapIndex(key.Elem(), elem.Elem())
		more, err = r.More('}')
	}
	return err
}

// decodeKey sets the key to what the name stands for.
func (m *mapping) decodeKey(name string, key reflect.Value) (err error) {
	key.Elem().SetZero()
	switch t := m.typ.Key(); {
	case m.key == nil:
		err = key.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(name))
	case t.Kind() == reflect.String:
		key.Elem().SetString(name)
	case t.Kind() == reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(name)
		key.Elem().SetBool(b)
	default:
		r := wire.NewReader(wire.AppendString(nil, name))
		err = m.key.decode(r, wire.N, key.UnsafePointer())
	}
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*wire.SyntaxError](err); ok { // of the reader of the name, at an offset that tells nothing
		return cannotDecode(wire.M, m.typ, errKey)
	}
	return cannotDecode(wire.M, m.typ, fmt.Errorf("%w: %w", errKey, err))
}

var errKey = errors.New("invalid key")
