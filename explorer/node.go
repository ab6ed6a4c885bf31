package explorer

import (
	"encoding"
	"encoding/base64"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// node is a value as the pages show it: a text, or what is inside of it.
type node struct {
	Name   string
	Type   string // of the service, or of Go
	Text   string
	Cut    int // how many bytes of the text are left out
	Hidden bool
	Kids   []node
	More   int // how many kids are left out
}

// Whole reports whether the node is one value.
func (n node) Whole() bool { return n.Kids == nil }

// bounds are how much of a value is shown.
type bounds struct {
	text, kids int
	pkg        string // the package whose types need no qualifier
}

var (
	brief = bounds{text: 80, kids: 3}        // in a row of a list
	some  = bounds{text: 300, kids: 50}      // of an item in a list, unfolded
	much  = bounds{text: 20_000, kids: 2000} // of an item on its own page
)

func (b bounds) leaf(typ, text string) node {
	n := node{Type: typ}
	n.Text, n.Cut = cut(text, b.text)
	return n
}

// list makes a node of n kids.
func (b bounds) list(typ string, n int, kid func(i int) node) node {
	out := node{Type: typ, Kids: []node{}, More: max(0, n-b.kids)}
	for i := range min(n, b.kids) {
		out.Kids = append(out.Kids, kid(i))
	}
	return out
}

func (n node) named(name string) node {
	n.Name = name
	return n
}

func (b bounds) bytes(typ string, v []byte) node {
	n := b.leaf(typ, base64.StdEncoding.EncodeToString(v))
	n.Type += fmt.Sprintf(" (%d bytes)", len(v))
	return n
}

// attribute returns an attribute value.
func (b bounds) attribute(v types.AttributeValue) node {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return b.leaf("S", v.Value)
	case *types.AttributeValueMemberN:
		return b.leaf("N", v.Value)
	case *types.AttributeValueMemberB:
		return b.bytes("B", v.Value)
	case *types.AttributeValueMemberBOOL:
		return b.leaf("BOOL", strconv.FormatBool(v.Value))
	case *types.AttributeValueMemberNULL:
		return b.leaf("NULL", "null")
	case *types.AttributeValueMemberSS:
		return b.list("SS", len(v.Value), func(i int) node { return b.leaf("S", v.Value[i]) })
	case *types.AttributeValueMemberNS:
		return b.list("NS", len(v.Value), func(i int) node { return b.leaf("N", v.Value[i]) })
	case *types.AttributeValueMemberBS:
		return b.list("BS", len(v.Value), func(i int) node { return b.bytes("B", v.Value[i]) })
	case *types.AttributeValueMemberL:
		return b.list("L", len(v.Value), func(i int) node { return b.attribute(v.Value[i]) })
	case *types.AttributeValueMemberM:
		names := slices.Sorted(maps.Keys(v.Value))
		return b.list("M", len(names), func(i int) node { return b.attribute(v.Value[names[i]]).named(names[i]) })
	}
	return b.leaf("", "nothing")
}

// value returns a Go value. Methods of the user's that panic are said instead.
func (b bounds) value(v reflect.Value) (n node) {
	typ := typeName(v.Type(), b.pkg)
	defer func() {
		if p := recover(); p != nil {
			n = node{Type: typ, Text: fmt.Sprintf("cannot be shown: %v", p)}
		}
	}()
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return b.leaf(typ, "nil")
		}
		if av, ok := v.Interface().(types.AttributeValue); ok {
			return b.attribute(av)
		}
	}
	if text, ok := marshaled(v); ok {
		return b.leaf(typ, text)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		n = b.value(v.Elem())
		n.Type = typ
		return n
	case reflect.String:
		return b.leaf(typ, v.String())
	case reflect.Struct:
		return b.fields(typ, v)
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(fmt.Sprint(x), fmt.Sprint(y)) })
		return b.list(typ, len(keys), func(i int) node { return b.value(v.MapIndex(keys[i])).named(fmt.Sprint(keys[i])) })
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if !v.CanAddr() && v.Kind() == reflect.Array {
				return b.leaf(typ, fmt.Sprintf("%x", v.Interface()))
			}
			return b.bytes(typ, v.Bytes())
		}
		return b.list(typ, v.Len(), func(i int) node { return b.value(v.Index(i)) })
	}
	return b.leaf(typ, fmt.Sprint(v))
}

func (b bounds) fields(typ string, v reflect.Value) node {
	var fields []reflect.StructField
	for f := range v.Type().Fields() {
		if f.IsExported() {
			fields = append(fields, f)
		}
	}
	return b.list(typ, len(fields), func(i int) node { return b.value(v.FieldByIndex(fields[i].Index)).named(fields[i].Name) })
}

// marshaled returns the text of a value that makes one itself.
func marshaled(v reflect.Value) (string, bool) {
	if t, ok := v.Interface().(time.Time); ok {
		return t.Format(time.RFC3339Nano), true
	}
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok && v.CanAddr() {
		m, ok = v.Addr().Interface().(encoding.TextMarshaler)
	}
	if !ok {
		return "", false
	}
	text, err := m.MarshalText()
	if err != nil {
		return "cannot be shown: " + err.Error(), true
	}
	return string(text), true
}

// typeName returns the name of a type as code in a package has it.
func typeName(t reflect.Type, pkg string) string {
	name := t.String()
	if strings.HasPrefix(name, "struct {") {
		return "struct"
	}
	return strings.NewReplacer("*"+pkg+".", "*", "]"+pkg+".", "]", "interface {}", "any", "uint8", "byte").Replace(strings.TrimPrefix(name, pkg+"."))
}
