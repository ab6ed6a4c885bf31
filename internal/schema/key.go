package schema

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
)

// Limits of the service for the values of key attributes, in bytes.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const (
	maxPartitionKey = 2048
	maxSortKey      = 1024
)

// Key is a compiled KeySpec: how one entity builds one key attribute. It is immutable.
type Key struct {
	Attr      Attr
	opening   string // of a member: its name, and all up to the opening quote of a string
	sort      bool   // the attribute is a sort key, of the table or of an index
	prefix    string
	separator string // "" of a template
	comps     []component
	pattern   *keys.Pattern // nil when the attribute is not a string
	natural   bool          // the attribute is a field of the entity, and stored once
	guarded   bool          // a template that could render a key of the library's own: those are refused
	sparse    bool          // of an index: items whose components are all zero do not have it
	straight  bool          // the pattern has the default separator, and no fixed text behind a component
	front     string        // if that is one string of the item itself: what stands before its text in a stored value
	offset    uintptr       // of that string in the item
}

func newKey(a Attr) *Key {
	k := &Key{Attr: a, opening: string(wire.AppendString(nil, a.Name)) + ":"}
	if a.Type == types.ScalarAttributeTypeS {
		k.opening += `{"S":"`
	}
	return k
}

// maxComponents bounds the components of a key; more are refused.
const maxComponents = 16

// fewComponents is for how many components there is room at hand.
const fewComponents = 3

func (k *Key) component(i int) *component { return &k.comps[i] }

// values reads the first n components of the item at ptr.
func (k *Key) values(ptr unsafe.Pointer, dst []keys.Value, n int) ([]keys.Value, error) {
	for i := range k.comps[:n] {
		v, err := k.comps[i].value(ptr)
		if err != nil {
			return nil, err
		}
		dst = append(dst, v)
	}
	return dst, nil
}

// AppendText appends the key's value: rendered text for a string, the number's text, or the bytes.
func (k *Key) AppendText(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	var scratch [fewComponents]keys.Value
	vals, err := k.values(ptr, scratch[:0], len(k.comps))
	if err != nil {
		return nil, err
	}
	from := len(dst)
	switch {
	case k.pattern != nil:
		if dst, err = k.pattern.Append(dst, vals); err == nil && k.guarded && ownKey(dst[from:]) {
			err = fmt.Errorf("%q is reserved for the library's own items", dst[from:])
		}
	case k.Attr.Type == types.ScalarAttributeTypeN:
		dst, err = k.appendNumber(dst, vals[0])
	default:
		dst = append(dst, vals[0].B...)
	}
	if err != nil {
		return nil, err
	}
	return dst, k.checkLength(len(dst) - from)
}

// sorts reports whether an attribute is a sort key, of the table or of an index, of which the service takes less.
func (t *Table) sorts(a Attr) bool {
	return a == t.SK || slices.ContainsFunc(t.Indexes, func(x IndexDecl) bool { return a == x.SK })
}

func (k *Key) checkLength(n int) error {
	if k.Attr.Type == types.ScalarAttributeTypeN {
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
		return fmt.Errorf("attribute %q: the value is empty", k.comps[0].path)
	}
	return nil
}

func (k *Key) appendNumber(dst []byte, v keys.Value) ([]byte, error) {
	if size := math.Abs(v.F); v.Kind == keys.Float && size != 0 && !(size >= wire.MinNumber && size < wire.EndNumber) {
		return dst, fmt.Errorf("attribute %q: the service has no number %v", k.comps[0].path, v.F)
	}
	return keys.AppendNumber(dst, v, k.comps[0].Seg.Bits), nil
}

// AttributeValue makes the SDK's value of a key's text.
func (k *Key) AttributeValue(text []byte) types.AttributeValue {
	switch k.Attr.Type {
	case types.ScalarAttributeTypeN:
		return &types.AttributeValueMemberN{Value: string(text)}
	case types.ScalarAttributeTypeB:
		return &types.AttributeValueMemberB{Value: bytes.Clone(text)}
	default:
		return &types.AttributeValueMemberS{Value: string(text)}
	}
}

// appendMember appends `"pk":{"S":"…"}` for the item at ptr.
func (k *Key) appendMember(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	dst = append(dst, k.opening...)
	start := len(dst)
	dst, err := k.AppendText(dst, ptr)
	if err != nil {
		return nil, err
	}
	switch k.Attr.Type {
	case types.ScalarAttributeTypeN:
		return wire.AppendN(dst[:start], string(dst[start:]))
	case types.ScalarAttributeTypeB:
		return wire.AppendB(dst[:start], bytes.Clone(dst[start:])), nil
	default:
		return wire.EndText(dst, start, `"}`)
	}
}

// orOmit adds the cure to the error of an index key that has an empty component.
func (k *Key) orOmit(err error, ptr unsafe.Pointer) error {
	for i := range k.comps {
		if k.comps[i].zero(ptr) {
			return fmt.Errorf("%w: set it, or give it omitempty, which leaves the item out of the index", err)
		}
	}
	return err
}

// Covers reports whether text lies in the key's own part of all keys: that of its prefix.
func (k *Key) Covers(text string) bool {
	if k.pattern != nil && len(k.comps) == 0 {
		return k.matches(text)
	}
	return strings.HasPrefix(text, k.Lead())
}

// Lead returns the text that every key starts with; "" if there is none.
func (k *Key) Lead() string {
	if k.pattern == nil {
		return ""
	}
	return k.pattern.Lead()
}

// provable returns the pattern of what the proof of registration compares: the text, or the bytes in hex. Of numbers it knows
// nothing.
func (k *Key) provable() (*keys.Pattern, error) {
	if k.Attr.Type != types.ScalarAttributeTypeB {
		return k.pattern, nil
	}
	return keys.Compile("", keys.DefaultSeparator, []keys.Segment{k.comps[0].Seg})
}

// matches reports whether text can be one of this key's. Every number and binary can.
func (k *Key) matches(text string) bool {
	return k.pattern == nil || k.pattern.Match(text) && !(k.guarded && ownKey([]byte(text)))
}

// sameShape reports whether two keys have the same segments, so that equal values give equal keys.
func (k *Key) sameShape(other *Key) bool {
	if k.pattern == nil || other.pattern == nil {
		return k.pattern == other.pattern
	}
	a, b := k.pattern.Segments(), other.pattern.Segments()
	sameHash := func(a, b component) bool { return a.hash == b.hash }
	if len(a) != len(b) || !slices.EqualFunc(k.comps, other.comps, sameHash) || k.prefix != other.prefix || k.separator != other.separator {
		return false
	}
	for i := range a {
		for _, s := range []*keys.Segment{&a[i], &b[i]} { // what does not change a text
			if s.Bits, s.Size, s.Of = 0, 0, nil; !s.Derived {
				s.Attr = ""
			}
		}
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
