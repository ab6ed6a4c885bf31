package entable

import (
	"bytes"
	"encoding"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
)

// Limits of the service for the values of key attributes, in bytes.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const (
	maxPartitionKey = 2048
	maxSortKey      = 1024
)

// KeySpec declares how an entity builds a partition key or a sort key; [PK] and [SK] make it.
type KeySpec struct {
	sort  bool
	parts []any
}

// PK declares the partition key of an entity, or of one of its indexes inside [Index]. Its parts are,
// in the order in which the key is rendered:
//
//   - a string: the name of an attribute (the name under which a field is stored, not the Go name);
//   - [Attr]: the same with a width or a layout;
//   - [Literal]: fixed text;
//
// and, anywhere among them, settings of the whole key: [Prefix], [NoPrefix], [PrefixOf], [Separator],
// [Shards].
//
// The key is rendered as prefix, "#", component, "#", component, …; inside a component `#`, `%` and all
// that sorts below `%`, such as a space, are percent-encoded, so that different values never give the same
// key and the order of keys is that of values. Without a setting the prefix is
// generated, see [Register]; a key that starts with a Literal has no other prefix. In a table whose
// key attribute is a number or binary, the key is one attribute and has no prefix.
//
// Fields may be strings and named string types, integers, unsigned integers, floats, bools, []byte and
// byte arrays, [time.Time], and types with MarshalText such as uuid.UUID or an enum. The rendered
// keys have the order of the values. A key field may not be a pointer, and may not be empty when an
// item is written: an empty text, a zero time or a zero array (uuid.Nil) is a [*KeyError].
func PK(parts ...any) KeySpec { return KeySpec{parts: parts} }

// SK declares the sort key; see [PK] for the parts. An entity without one, on a table or index that
// has a sort key, gets the sort key "A".
func SK(parts ...any) KeySpec { return KeySpec{sort: true, parts: parts} }

func (k KeySpec) applyEntity(c *entityConfig) {
	if k.sort {
		c.sks = append(c.sks, k)
	} else {
		c.pks = append(c.pks, k)
	}
}

// AttrPart is a component of a key with its own width or layout; see [Attr].
type AttrPart struct {
	name   string
	width  int
	layout string
}

// Attr names an attribute as a component of a key, to be refined with [AttrPart.Width] or
// [AttrPart.Layout]. Attr("id") alone means the same as "id".
func Attr(name string) AttrPart { return AttrPart{name: name} }

// Width sets the number of digits of an integer component, overriding the default of 19 (20 for
// unsigned integers). Use it for short readable keys of a known range: Attr("year").Width(4). A value
// that needs more digits is a [*KeyError], never a longer text.
func (a AttrPart) Width(digits int) AttrPart {
	a.width = digits
	return a
}

// Layout sets the layout of a time component, overriding the default of nanoseconds
// ("2006-01-02T15:04:05.000000000Z"). It is one of the layouts that sort as the times do: "2006",
// "2006-01", "2006-01-02", "2006-01-02T15", "2006-01-02T15:04", "2006-01-02T15:04:05Z", and the last
// with .000Z, .000000Z or .000000000Z. Times are rendered in UTC. A time that the layout cannot hold
// exactly is a [*KeyError], never truncated: two times are never one key.
func (a AttrPart) Layout(layout string) AttrPart {
	a.layout = layout
	return a
}

type (
	literalPart   string
	prefixPart    struct{ text string }
	noPrefixPart  struct{}
	separatorPart string
	prefixOfPart  struct{ of Registered }
)

// Literal is fixed text as a segment of a key: SK(Literal("ORDER"), "year", "id"). At the start of a
// key it takes the place of the prefix and is reserved like one.
func Literal(text string) any { return literalPart(text) }

// Prefix sets the key's prefix, overriding the generated one; use it for prefixes that must not depend
// on registration order, or that exist in stored data. It is reserved on the table: a second key with
// the same prefix is refused, unless it shares it through [PrefixOf].
func Prefix(text string) any { return prefixPart{text} }

// NoPrefix turns the prefix off. Registration then has to prove in another way, from the sort key or the
// number of components, that no other entity can build the same key.
func NoPrefix() any { return noPrefixPart{} }

// PrefixOf shares the prefix and separator of another entity's key of the same kind (partition key,
// sort key, or the same index's). The components must be of the same kinds: both entities then live in
// the same partitions and form an item collection.
func PrefixOf(e Registered) any { return prefixOfPart{e} }

// Separator sets the text between prefix and components, overriding the default "#". It is one ASCII
// punctuation character except "%". Separators that sort above "%" keep keys unique and reversible,
// but not the order of text values that contain the separator or "%".
func Separator(s string) any { return separatorPart(s) }

// keyAttr is a key attribute of the table or of an index.
type keyAttr struct {
	name string
	typ  types.ScalarAttributeType
}

func (a keyAttr) exists() bool { return a.name != "" }

// key is a compiled KeySpec: how one entity builds one key attribute. It is immutable.
type key struct {
	attr      keyAttr
	sort      bool
	prefix    string
	separator string
	comps     []component
	pattern   *keys.Pattern // nil when the attribute is not a string
}

// component reads one field for a key.
type component struct {
	field *codec.Field
	seg   keys.Segment
	read  func(reflect.Value) (keys.Value, error)
	shard *shard // the component is the number of a shard, not a field's value
	plain bool   // the field is a string: read without reflection
}

// errZero is the error for a key field that has not been set.
func errZero(f *codec.Field) error {
	return fmt.Errorf("attribute %q: the field is not set (%s)", f.Name, f.Type)
}

func (c *component) value(ptr unsafe.Pointer) (keys.Value, error) {
	if c.shard != nil {
		n, err := c.shard.number(ptr)
		return keys.Value{Kind: keys.Int, I: int64(n)}, err
	}
	if c.plain {
		if s := (*string)(c.field.Address(ptr)); s != nil {
			return keys.Value{Kind: keys.Text, S: *s}, nil
		}
	}
	v, ok := c.field.Value(ptr)
	if !ok {
		return keys.Value{}, errZero(c.field)
	}
	if k := v.Kind(); (k == reflect.Array || k == reflect.Struct) && v.IsZero() {
		return keys.Value{}, errZero(c.field)
	}
	return c.read(v)
}

// maxComponents bounds the components of a key; more are refused.
const maxComponents = 16

// fewComponents is for how many components there is room at hand.
const fewComponents = 3

// values reads the first n components of the item at ptr.
func (k *key) values(ptr unsafe.Pointer, dst []keys.Value, n int) ([]keys.Value, error) {
	for i := range k.comps[:n] {
		v, err := k.comps[i].value(ptr)
		if err != nil {
			return nil, err
		}
		dst = append(dst, v)
	}
	return dst, nil
}

// appendText appends the key's value: rendered text for a string, the number's text, or the bytes.
func (k *key) appendText(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	var scratch [fewComponents]keys.Value
	vals, err := k.values(ptr, scratch[:0], len(k.comps))
	if err != nil {
		return nil, err
	}
	from := len(dst)
	switch {
	case k.pattern != nil:
		dst, err = k.pattern.Append(dst, vals)
	case k.attr.typ == types.ScalarAttributeTypeN:
		dst, err = k.appendNumber(dst, vals[0])
	default:
		dst = append(dst, vals[0].B...)
	}
	if err != nil {
		return nil, err
	}
	return dst, k.checkLength(len(dst) - from)
}

func (k *key) checkLength(n int) error {
	if k.attr.typ == types.ScalarAttributeTypeN {
		return nil
	}
	limit := maxPartitionKey
	if k.sort {
		limit = maxSortKey
	}
	if n > limit {
		return fmt.Errorf("%d bytes are above the service's limit of %d", n, limit)
	}
	if n == 0 {
		return fmt.Errorf("attribute %q: the value is empty", k.comps[0].field.Name)
	}
	return nil
}

// The service's numbers, but for zero, lie between these in magnitude.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
const (
	minNumber = 1e-130
	endNumber = 1e126
)

func (k *key) appendNumber(dst []byte, v keys.Value) ([]byte, error) {
	if size := math.Abs(v.F); v.Kind == keys.Float && size != 0 && !(size >= minNumber && size < endNumber) {
		return dst, fmt.Errorf("attribute %q: the service has no number %v", k.comps[0].field.Name, v.F)
	}
	return keys.AppendNumber(dst, v), nil
}

// attributeValue makes the SDK's value of a key's text.
func (k *key) attributeValue(text []byte) types.AttributeValue {
	switch k.attr.typ {
	case types.ScalarAttributeTypeN:
		return &types.AttributeValueMemberN{Value: string(text)}
	case types.ScalarAttributeTypeB:
		return &types.AttributeValueMemberB{Value: bytes.Clone(text)}
	default:
		return &types.AttributeValueMemberS{Value: string(text)}
	}
}

// appendMember appends `"pk":{"S":"…"}` for the item at ptr.
func (k *key) appendMember(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	from := len(dst)
	dst, err := k.appendText(dst, ptr) // where the member then goes: its escaped form may be longer
	if err != nil {
		return nil, err
	}
	end := len(dst)
	if dst, err = k.appendTextMember(dst, dst[from:end:end]); err != nil {
		return nil, err
	}
	return append(dst[:from], dst[end:]...), nil
}

func (k *key) appendTextMember(dst, text []byte) ([]byte, error) {
	dst = append(wire.AppendString(dst, k.attr.name), ':')
	switch k.attr.typ {
	case types.ScalarAttributeTypeN:
		return wire.AppendN(dst, unsafe.String(unsafe.SliceData(text), len(text)))
	case types.ScalarAttributeTypeB:
		return wire.AppendB(dst, text), nil
	default:
		return wire.AppendS(dst, unsafe.String(unsafe.SliceData(text), len(text)))
	}
}

// leading counts the components at the start of the key that the item at ptr has set, for queries by
// a leading part.
func (k *key) leading(ptr unsafe.Pointer) int {
	for i := range k.comps {
		v, ok := k.comps[i].field.Value(ptr)
		if !ok || v.IsZero() {
			return i
		}
	}
	return len(k.comps)
}

// absent reports whether a component is zero in a field that is left out when empty: the index then
// does not hold the item.
func (k *key) absent(ptr unsafe.Pointer) bool {
	for i := range k.comps {
		f := k.comps[i].field
		v, ok := f.Value(ptr)
		if !ok || f.OmitEmpty && v.IsZero() {
			return true
		}
	}
	return false
}

// covers reports whether text lies in the key's own part of all keys: that of its prefix.
func (k *key) covers(text string) bool {
	if k.pattern != nil && len(k.comps) == 0 {
		return k.matches(text)
	}
	return strings.HasPrefix(text, k.lead())
}

// lead is the text that every key starts with; "" if there is none.
func (k *key) lead() string {
	if k.pattern == nil {
		return ""
	}
	return k.pattern.Lead()
}

// provable is the pattern of what the proof of registration compares: the text, or the bytes in hex. Of numbers it knows
// nothing.
func (k *key) provable() (*keys.Pattern, error) {
	if k.attr.typ != types.ScalarAttributeTypeB {
		return k.pattern, nil
	}
	return keys.Compile("", keys.DefaultSeparator, []keys.Segment{k.comps[0].seg})
}

// matches reports whether text can be one of this key's. Every number and binary can.
func (k *key) matches(text string) bool { return k.pattern == nil || k.pattern.Match(text) }

// sameShape reports whether two keys have the same segments, so that equal values give equal keys.
func (k *key) sameShape(other *key) bool {
	if k.pattern == nil || other.pattern == nil {
		return k.pattern == other.pattern
	}
	a, b := k.pattern.Segments(), other.pattern.Segments()
	if len(a) != len(b) || k.prefix != other.prefix || k.separator != other.separator {
		return false
	}
	for i := range a {
		for _, s := range []*keys.Segment{&a[i], &b[i]} { // what does not change a text
			s.Attr, s.Bits, s.Size, s.Of = "", 0, 0, nil
		}
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

var (
	timeType          = reflect.TypeFor[time.Time]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
	avMarshalerType   = reflect.TypeFor[attributevalue.Marshaler]()
)

// componentOf finds how a field becomes part of a key. The value is the one that the attribute stores:
// an enum's text, a unixtime's whole seconds.
func componentOf(f *codec.Field) (component, error) {
	c := component{field: f, seg: keys.Segment{Attr: f.Name}}
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
		c.seg.Kind, c.read = keys.Text, marshaledText(f)
	case t == timeType:
		c.seg.Kind, c.read = keys.Time, readTime
		if f.UnixTime {
			c.read = readUnixTime
		}
	case implements(textMarshalerType):
		c.seg.Kind, c.read = keys.Text, readMarshaler
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
		c.seg.Kind, c.plain = keys.Text, true
		c.read = func(v reflect.Value) (keys.Value, error) {
			return keys.Value{Kind: keys.Text, S: v.String()}, nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		c.seg.Kind, c.seg.Bits = keys.Int, t.Bits()
		c.read = func(v reflect.Value) (keys.Value, error) { return keys.Value{Kind: keys.Int, I: v.Int()}, nil }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		c.seg.Kind, c.seg.Bits = keys.Uint, t.Bits()
		c.read = func(v reflect.Value) (keys.Value, error) { return keys.Value{Kind: keys.Uint, U: v.Uint()}, nil }
	case reflect.Float32, reflect.Float64:
		c.seg.Kind, c.seg.Bits = keys.Float, t.Bits()
		c.read = func(v reflect.Value) (keys.Value, error) {
			return keys.Value{Kind: keys.Float, F: v.Float()}, nil
		}
	case reflect.Bool:
		c.seg.Kind = keys.Bool
		c.read = readBool
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() != reflect.Uint8 {
			return c, notKeyable(t)
		}
		c.seg.Kind = keys.Bytes
		if t.Kind() == reflect.Array {
			c.seg.Size = t.Len()
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
			return keys.Value{}, fmt.Errorf("attribute %q: %s is not stored as a string and cannot be part of a key", f.Name, v.Type())
		}
		return keys.Value{Kind: keys.Text, S: s.Value}, nil
	}
}
