package propose

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

var (
	textType   = reflect.TypeFor[string]()
	wholeType  = reflect.TypeFor[int64]()
	floatType  = reflect.TypeFor[float64]()
	numberType = reflect.TypeFor[attributevalue.Number]()
	bytesType  = reflect.TypeFor[[]byte]()
	timeType   = reflect.TypeFor[time.Time]()
	uuidType   = reflect.TypeFor[uuid.UUID]()
	boolType   = reflect.TypeFor[bool]()
	anyType    = reflect.TypeFor[types.AttributeValue]() // holds every value as it is
	restType   = reflect.TypeFor[map[string]any]()
)

// maxFields is how many names a map may have of which each is only in a part of the maps, to be taken for a struct.
const maxFields = 12

// typing finds types; within are the paths of fields inside maps that keys are made of.
type typing struct {
	within  map[string]bool
	clocks  map[string]bool // the paths of times that keys show in a layout
	numeric map[string]bool // the attributes that are number keys
	values  codec.Encoding
}

// field returns the field for an attribute with these values, which is absent in other items if it is optional. It holds
// all of them exactly. The path is its name and those of the maps around it.
func (t typing) field(name, path string, values []types.AttributeValue, optional bool) (f reflect.StructField, ok bool) {
	typ, option := t.of(path, values)
	if optional && (typ.Kind() == reflect.Struct && typ != timeType || typ.Kind() == reflect.Array || slices.ContainsFunc(values, empty)) {
		typ = reflect.PointerTo(typ)
	}
	for _, typ := range []reflect.Type{typ, anyType} {
		tag := name
		if optional {
			tag += ",omitempty"
		}
		if option != "" && typ != anyType {
			tag += "," + option
		}
		f = reflect.StructField{Name: goName(name), Type: typ, Tag: reflect.StructTag("dynamodbav:" + strconv.Quote(tag))}
		if t.exact(f, name, values, optional) {
			return f, true
		}
	}
	return f, false
}

// of returns the type for values, and the option of its tag.
func (t typing) of(path string, values []types.AttributeValue) (typ reflect.Type, option string) {
	kind := reflect.Type(nil)
	null := false
	for _, v := range values {
		if _, is := v.(*types.AttributeValueMemberNULL); is {
			null = true
			continue
		}
		if one := reflect.TypeOf(v); kind == nil || kind == one {
			kind = one
			continue
		}
		return anyType, ""
	}
	if kind == nil {
		return anyType, ""
	}
	if null {
		values = slices.DeleteFunc(slices.Clone(values), func(v types.AttributeValue) bool { return reflect.TypeOf(v) != kind })
	}
	typ, option = t.ofKind(path, values)
	switch {
	case null && option != "":
		return anyType, ""
	case null:
		return reflect.PointerTo(typ), ""
	}
	return typ, option
}

// ofKind returns the type for values of one kind.
func (t typing) ofKind(path string, values []types.AttributeValue) (typ reflect.Type, option string) {
	switch values[0].(type) {
	case *types.AttributeValueMemberS:
		if t.clocks[path] {
			return timeType, ""
		}
		return textType, ""
	case *types.AttributeValueMemberN:
		if t.clocks[path] {
			return timeType, "unixtime"
		}
		if typ := numbers(values); typ != numberType || !t.numeric[path] {
			return typ, ""
		}
		return floatType, ""
	case *types.AttributeValueMemberB:
		if t.values == codec.SDKDefaults && allUUIDs(values) {
			return uuidType, ""
		}
		return bytesType, ""
	case *types.AttributeValueMemberBOOL:
		return boolType, ""
	case *types.AttributeValueMemberSS:
		return reflect.SliceOf(textType), "stringset"
	case *types.AttributeValueMemberNS:
		return reflect.SliceOf(numbers(values)), "numberset"
	case *types.AttributeValueMemberBS:
		return reflect.SliceOf(bytesType), "binaryset"
	case *types.AttributeValueMemberL:
		return t.list(path, values)
	case *types.AttributeValueMemberM:
		return t.maps(path, values)
	}
	return anyType, ""
}

func allUUIDs(values []types.AttributeValue) bool {
	return !slices.ContainsFunc(values, func(v types.AttributeValue) bool {
		b, ok := v.(*types.AttributeValueMemberB)
		if ok {
			_, ok = binaryUUID(b.Value)
		}
		return !ok
	})
}

// numbers returns the type for numbers: an int64 where all are whole.
func numbers(values []types.AttributeValue) reflect.Type {
	for _, v := range values {
		texts := []string{""}
		switch v := v.(type) {
		case *types.AttributeValueMemberN:
			texts[0] = v.Value
		case *types.AttributeValueMemberNS:
			texts = v.Value
		}
		if !wholes(texts) {
			return numberType
		}
	}
	return wholeType
}

// list returns the type for lists: of the one type that all elements have.
func (t typing) list(path string, values []types.AttributeValue) (reflect.Type, string) {
	var elems []types.AttributeValue
	for _, v := range values {
		elems = append(elems, v.(*types.AttributeValueMemberL).Value...)
	}
	if len(elems) == 0 {
		return reflect.SliceOf(anyType), ""
	}
	typ, option := t.of(path+".", elems)
	if option != "" || typ.Kind() == reflect.Pointer && typ.Elem().Kind() == reflect.Pointer {
		typ = anyType
	}
	return reflect.SliceOf(typ), ""
}

// maps returns the type for maps: a struct where the names are those of fields, else a map of one type of value.
func (t typing) maps(path string, values []types.AttributeValue) (reflect.Type, string) {
	members := map[string][]types.AttributeValue{}
	all := 0
	var flat []types.AttributeValue
	for _, v := range values {
		m := v.(*types.AttributeValueMemberM).Value
		all += len(m)
		for _, name := range slices.Sorted(maps.Keys(m)) {
			members[name] = append(members[name], m[name])
			flat = append(flat, m[name])
		}
	}
	if all == 0 {
		return reflect.MapOf(textType, anyType), ""
	}
	if typ := t.structOf(path, members, len(values)); typ != nil && (t.within[path] || fieldNames(members, all, len(values))) {
		return typ, ""
	}
	typ, option := t.of(path+".", flat)
	if option != "" {
		typ = anyType
	}
	return reflect.MapOf(textType, typ), ""
}

// fieldNames reports whether the names of maps are those of a struct's fields, and no values themselves: few, or most of
// them in most of the maps, and without digits.
func fieldNames(members map[string][]types.AttributeValue, all, n int) bool {
	if len(members) > maxFields && 2*all < n*len(members) {
		return false
	}
	numbered := 0
	for name := range members {
		if strings.IndexFunc(name, unicode.IsDigit) >= 0 || len(name) > 40 {
			numbered++
		}
	}
	return 2*numbered < len(members)
}

// structOf returns a struct for the members of n maps, nil if a name cannot be a field's.
func (t typing) structOf(path string, members map[string][]types.AttributeValue, n int) reflect.Type {
	var fields []reflect.StructField
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !taggable(name) {
			return nil
		}
		f, ok := t.field(name, path+"."+name, members[name], len(members[name]) < n)
		if !ok {
			return nil
		}
		fields = append(fields, f)
	}
	unique(fields)
	return reflect.StructOf(fields)
}

// taggable reports whether the name of an attribute can stand in a tag.
func taggable(name string) bool { return name != "" && name != "-" && !strings.ContainsRune(name, ',') }

// empty reports whether a value is one that omitempty leaves out.
func empty(v types.AttributeValue) bool {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value == ""
	case *types.AttributeValueMemberN:
		return v.Value == "0"
	case *types.AttributeValueMemberB:
		return len(v.Value) == 0
	case *types.AttributeValueMemberBOOL:
		return !v.Value
	case *types.AttributeValueMemberL:
		return len(v.Value) == 0
	case *types.AttributeValueMemberM:
		return len(v.Value) == 0
	}
	return false
}

// exact reports whether a field holds all the values as they are, and, if it is optional, nothing.
func (t typing) exact(f reflect.StructField, name string, values []types.AttributeValue, optional bool) bool {
	plan, err := t.values.PlanOf(reflect.StructOf([]reflect.StructField{f}))
	if err != nil {
		return false
	}
	if optional {
		if text, err := plan.AppendMembers(nil, reflect.New(plan.Type()).UnsafePointer()); err != nil || len(text) > 0 {
			return false
		}
	}
	for _, v := range values {
		want, err := wire.AppendItem(nil, Item{name: v})
		if err != nil {
			return false
		}
		ptr := reflect.New(plan.Type()).UnsafePointer()
		if plan.Decode(wire.NewReader(want), ptr) != nil {
			return false
		}
		got, err := plan.AppendMembers([]byte{'{'}, ptr)
		if err != nil {
			return false
		}
		if got, err = sorted(append(got, '}')); err != nil || !bytes.Equal(got, want) {
			return false
		}
	}
	return true
}

// sorted returns an item in DynamoDB's JSON with its names in order at every level, so that items can be compared.
func sorted(raw []byte) ([]byte, error) {
	item, err := wire.ReadItem(raw)
	if err != nil {
		return nil, err
	}
	return wire.AppendItem(nil, item)
}
