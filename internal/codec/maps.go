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
	text  bool   // MarshalText makes names
	unset string // what it makes of a key that is not set, if UnmarshalText does not read that
}

func (c *compiler) fillMap(made *codec) error {
	t := made.typ
	m := &mapping{codec: made}
	var err error
	if m.elem, err = c.codec(t.Elem(), made.opts.elem()); err != nil {
		return err
	}
	if m.plain, err = c.codec(t.Elem(), made.opts.encoding()); err != nil {
		return err
	}
	if err := m.setKey(c, t.Key()); err != nil {
		return err
	}
	made.encode, made.decode = m.encodeMap, m.decodeMap
	return nil
}

func (m *mapping) setKey(c *compiler, key reflect.Type) (err error) {
	m.text = has(key, textMarshalerType)
	basic := false
	switch key.Kind() {
	case reflect.Bool, reflect.String,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		basic = true
	}
	reads := has(key, textUnmarshalerType)
	switch {
	case m.text && reads:
		m.setUnset(key)
		return nil
	case !basic:
		return fmt.Errorf("type %s: the keys of a map must be text, numbers, booleans or TextMarshalers that are no pointers", m.typ)
	case reads:
		return nil
	}
	bare := &codec{typ: key}
	m.key = bare
	return c.fillKind(bare)
}

// setUnset asks the methods of a key type once, as withUnset does.
func (m *mapping) setUnset(key reflect.Type) {
	defer func() { _ = recover() }() // of a method that cannot stand a zero
	name, err := m.name(reflect.Zero(key))
	if err == nil && m.decodeKey(name, reflect.New(key)) != nil {
		m.unset = name
	}
}

var (
	errNoName    = errors.New("empty key")
	errUnsetName = errors.New("a key is not set")
	errNaN       = errors.New("a key is no number")
	errSameName  = errors.New("two keys have the same text")
)

// name returns the key as text: by MarshalText, else as fmt prints a plain value of its kind. A String method does not count,
// as nothing could read what it makes.
func (m *mapping) name(key reflect.Value) (name string, err error) {
	switch {
	case m.text:
		p := reflect.New(key.Type())
		p.Elem().Set(key)
		b, err := p.Interface().(encoding.TextMarshaler).MarshalText()
		if err == nil && m.unset != "" && string(b) == m.unset {
			err = errUnsetName
		}
		return string(b), err
	case key.CanInt():
		return strconv.FormatInt(key.Int(), 10), nil
	case key.CanUint():
		return strconv.FormatUint(key.Uint(), 10), nil
	case key.Kind() == reflect.Bool:
		return strconv.FormatBool(key.Bool()), nil
	case key.Kind() == reflect.Float32:
		name = fmt.Sprint(float32(key.Float()))
	case key.Kind() == reflect.Float64:
		name = fmt.Sprint(key.Float())
	default:
		return key.String(), nil
	}
	if f := key.Float(); f-f != 0 {
		err = errNaN
	}
	return name, err
}

// MapName returns the name that a map gives the entry with a key.
func MapName(key reflect.Value) (string, error) {
	t := key.Type()
	m := &mapping{text: has(t, textMarshalerType)}
	if m.text && has(t, textUnmarshalerType) {
		m.setUnset(t)
	}
	name, err := m.name(key)
	if err == nil && name == "" {
		err = errNoName
	}
	return name, err
}

// MapKey returns the key, in a map of type t, of the entry with a name. A name that no key is given is an error: an entry under it
// could not be read, or would be a second one of its key.
func MapKey(t reflect.Type, name string) (reflect.Value, error) {
	m, key := &mapping{codec: &codec{typ: t}}, reflect.New(t.Key())
	if key.Elem().Kind() == reflect.String && !has(t.Key(), textMarshalerType) && !has(t.Key(), textUnmarshalerType) {
		key.Elem().SetString(name)
		return key.Elem(), nil
	}
	err := m.setKey(&compiler{}, t.Key())
	if err == nil {
		err = m.decodeKey(name, key)
	}
	var own string
	if err == nil {
		own, err = m.name(key.Elem())
	}
	switch {
	case err != nil:
		return key.Elem(), fmt.Errorf("%.48q is the name of no key of %s", name, t)
	case own != name:
		return key.Elem(), fmt.Errorf("the key of %s that %.48q stands for is stored as %.48q", t, name, own)
	}
	return key.Elem(), nil
}

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
	for i := 1; i < len(entries); i++ {
		if entries[i].name == entries[i-1].name {
			return dst, cannotEncode(m.typ, fmt.Errorf("%w %.48q", errSameName, entries[i].name))
		}
	}

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
	held, names := v.Len(), 0
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
		names++
		more, err = r.More('}')
	}
	if err == nil && held == 0 && v.Len() < names { // attributevalue keeps one of them
		err = cannotDecode(wire.M, m.typ, ErrOneKey)
	}
	return err
}

// ErrOneKey is of a map in which several names stand for one key, as "1" and "01" do for an int.
var ErrOneKey = errors.New("two of its names are one key")

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
