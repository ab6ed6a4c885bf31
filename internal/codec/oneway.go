package codec

import (
	"encoding"
	"fmt"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// oneWay looks for types inside an item that can be written and not be read again. A plan of them is refused: the item would
// be stored, and could never be loaded. It visits each type once.
//
// Inside an interface the same types are let through. What is read into an interface is of a type that is chosen then.
type oneWay struct {
	seen  map[reflect.Type]bool
	pairs []methodPair // that count
}

func newOneWay(encoding options) oneWay {
	w := oneWay{make(map[reflect.Type]bool), pairs}
	if encoding.has(sdkDefaults) {
		w.pairs = pairs[:1]
	}
	return w
}

// attributes checks the types of a struct's attributes.
func (w oneWay) attributes(t reflect.Type, attrs []attribute) error {
	for _, a := range attrs {
		if err := w.check(a.field.Type); err != nil {
			return fmt.Errorf("field %s.%s: %w", t, a.field.Name, err)
		}
	}
	return nil
}

func (w oneWay) check(t reflect.Type) error {
	if w.seen[t] {
		return nil
	}
	w.seen[t] = true
	if done, err := w.methods(t); done || err != nil {
		return err
	}
	switch t.Kind() {
	case reflect.Interface:
		if t != attributeValueType && t.NumMethod() > 0 {
			return fmt.Errorf("type %s: what an interface with methods holds can be written and not be read, as its type is not stored; use a concrete type or any", t)
		}
	case reflect.Pointer:
		return w.check(t.Elem())
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 { // bytes, whatever methods one of them has
			return nil
		}
		return w.check(t.Elem())
	case reflect.Map:
		if key := t.Key(); has(key, textMarshalerType) && !has(key, textUnmarshalerType) {
			return fmt.Errorf("type %s: the keys of the map are written by MarshalText and not read by it; give %s UnmarshalText", t, key)
		}
		return w.check(t.Elem())
	case reflect.Struct:
		return w.structure(t)
	}
	if formless(t) {
		return fmt.Errorf("type %s: it has no form in an item; use numbers or text, or leave the field out by the tag %s:\"-\"", t, tagKey)
	}
	return nil
}

// formless reports whether a type has values that an item cannot hold.
func formless(t reflect.Type) bool {
	return t.Kind() == reflect.Complex64 || t.Kind() == reflect.Complex128 || t.Kind() == reflect.Uintptr
}

type methodPair struct {
	write, read         reflect.Type
	writeName, readName string
}

// pairs are the methods by which a type writes itself, in their order of precedence, and those that read it.
var pairs = []methodPair{
	{marshalerType, unmarshalerType, "MarshalDynamoDBAttributeValue", "UnmarshalDynamoDBAttributeValue"},
	{textMarshalerType, textUnmarshalerType, "MarshalText", "UnmarshalText"},
	{binaryMarshalerType, binaryUnmarshalerType, "MarshalBinary", "UnmarshalBinary"},
}

// methods checks the methods of a type. It is done if the type is read by them: what it is made of does not matter then.
func (w oneWay) methods(t reflect.Type) (done bool, err error) {
	if k := t.Kind(); k == reflect.Pointer || k == reflect.Interface {
		return false, nil
	}
	for _, p := range w.pairs {
		switch {
		case p.read == unmarshalerType && has(t, p.read): // reads whatever was written
		case !has(t, p.write):
			continue
		case !has(t, p.read):
			return false, fmt.Errorf("type %s: it is written by %s and not read by it; give it %s", t, p.writeName, p.readName)
		}
		if readsByNil(t, p.read) {
			return false, fmt.Errorf("type %s: its %s is that of an embedded pointer, which is nil when a value is read; embed what it points to", t, p.readName)
		}
		return true, nil
	}
	return false, nil
}

// readsByNil reports whether a struct is read by a method of a pointer that it embeds, and of which a new struct has none.
func readsByNil(t, read reflect.Type) (panics bool) {
	if t.Kind() != reflect.Struct {
		return false
	}
	embeds := false
	for f := range t.Fields() {
		embeds = embeds || f.Anonymous && f.Type.Kind() == reflect.Pointer && f.Type.Implements(read)
	}
	if !embeds {
		return false
	}
	defer func() { panics = recover() != nil }()
	switch u := reflect.New(t).Interface(); read {
	case unmarshalerType:
		_ = u.(attributevalue.Unmarshaler).UnmarshalDynamoDBAttributeValue(&types.AttributeValueMemberS{Value: "x"})
	case textUnmarshalerType:
		_ = u.(encoding.TextUnmarshaler).UnmarshalText([]byte("x"))
	case binaryUnmarshalerType:
		_ = u.(encoding.BinaryUnmarshaler).UnmarshalBinary([]byte("x"))
	}
	return false
}

// structure checks the types of the attributes of a struct that is stored as a map.
func (w oneWay) structure(t reflect.Type) error {
	if isTime(t) {
		return nil
	}
	attrs, err := attributesOf(t)
	if err != nil {
		return err
	}
	if len(attrs) == 0 && hidesFields(t) {
		p := w.pairs[min(1, len(w.pairs)-1)]
		return fmt.Errorf("type %s: none of its fields can be stored, as they are not exported; give it %s and %s, or leave the field out by the tag %s:\"-\"",
			t, p.writeName, p.readName, tagKey)
	}
	return w.attributes(t, attrs)
}

// hidesFields reports whether a struct has a field that is not exported, which would be lost.
func hidesFields(t reflect.Type) bool {
	for f := range t.Fields() {
		if !f.Anonymous && !f.IsExported() && f.Name != "_" && f.Type.Size() > 0 {
			return true
		}
	}
	return false
}
