package memory

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/engine/value"
)

// itemOf converts an item of the SDK. The rules of items (sizes, empty keys) are
// left to the engine.
func itemOf(attrs map[string]types.AttributeValue) (value.Item, error) {
	var b value.Builder
	for name, av := range attrs {
		v, err := valueOf(av)
		if err != nil {
			return value.Item{}, fmt.Errorf("attribute %q: %w", name, err)
		}
		b.Set(name, v)
	}
	return b.Item(), nil
}

func valueOf(av types.AttributeValue) (value.Value, error) {
	switch av := av.(type) {
	case *types.AttributeValueMemberS:
		return value.String(av.Value), nil
	case *types.AttributeValueMemberN:
		return value.Number(av.Value)
	case *types.AttributeValueMemberB:
		return value.Binary(string(av.Value)), nil
	case *types.AttributeValueMemberBOOL:
		return value.Bool(av.Value), nil
	case *types.AttributeValueMemberNULL:
		return value.Null(), nil
	case *types.AttributeValueMemberSS:
		return value.StringSet(av.Value...)
	case *types.AttributeValueMemberNS:
		return value.NumberSet(av.Value...)
	case *types.AttributeValueMemberBS:
		elems := make([]string, len(av.Value))
		for i, e := range av.Value {
			elems[i] = string(e)
		}
		return value.BinarySet(elems...)
	case *types.AttributeValueMemberL:
		elems := make([]value.Value, len(av.Value))
		for i, e := range av.Value {
			var err error
			if elems[i], err = valueOf(e); err != nil {
				return value.Value{}, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return value.List(elems...), nil
	case *types.AttributeValueMemberM:
		it, err := itemOf(av.Value)
		return value.Map(it), err
	}
	return value.Value{}, fmt.Errorf("unknown attribute value %T", av)
}

func attrsOf(it value.Item) map[string]types.AttributeValue {
	attrs := make(map[string]types.AttributeValue, it.Len())
	for name, v := range it.All() {
		attrs[name] = attributeOf(v)
	}
	return attrs
}

func attributeOf(v value.Value) types.AttributeValue {
	switch v.Kind() {
	case value.S:
		return &types.AttributeValueMemberS{Value: v.Str()}
	case value.N:
		return &types.AttributeValueMemberN{Value: v.NumberText()}
	case value.B:
		return &types.AttributeValueMemberB{Value: []byte(v.Str())}
	case value.BOOL:
		return &types.AttributeValueMemberBOOL{Value: v.IsTrue()}
	case value.NULL:
		return &types.AttributeValueMemberNULL{Value: true}
	case value.M:
		return &types.AttributeValueMemberM{Value: attrsOf(v.Item())}
	case value.L:
		list := &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
		for e := range v.Elems() {
			list.Value = append(list.Value, attributeOf(e))
		}
		return list
	}
	return setOf(v)
}

func setOf(v value.Value) types.AttributeValue {
	var texts []string
	var bytes [][]byte
	for e := range v.Elems() {
		switch e.Kind() {
		case value.S:
			texts = append(texts, e.Str())
		case value.N:
			texts = append(texts, e.NumberText())
		default:
			bytes = append(bytes, []byte(e.Str()))
		}
	}
	switch v.Kind() {
	case value.SS:
		return &types.AttributeValueMemberSS{Value: texts}
	case value.NS:
		return &types.AttributeValueMemberNS{Value: texts}
	}
	return &types.AttributeValueMemberBS{Value: bytes}
}
