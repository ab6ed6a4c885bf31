package change

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// Unencoded is a Go value in an expression, to be encoded as items of a table are when it is known of which.
type Unencoded struct {
	types.AttributeValue // none: no other client knows what to send
	Value                any
	err                  error // why there is none
}

// Operand returns v, of the target's type, for an expression: as it would be stored, and also if it would be left out then. An
// error becomes that of the request.
func (t Target) Operand(v reflect.Value) types.AttributeValue {
	if t.err != nil {
		return Unencoded{err: t.err}
	}
	if t.Leaf != nil || t.around != nil {
		if raw, err := t.appendValue(nil, v); err != nil || len(raw) > 0 {
			return readValue(raw, t.locate(err))
		}
	}
	is := t.Element(v.Interface())
	if n, ok := is.(*types.AttributeValueMemberN); ok && t.Leaf != nil && t.Leaf.Kind() == wire.S {
		return &types.AttributeValueMemberS{Value: n.Value} // a zero with the option string
	}
	return is
}

// Element returns a part of the target's value for an expression, as Operand does.
func (t Target) Element(v any) types.AttributeValue {
	if t.err != nil {
		return Unencoded{err: t.err}
	}
	raw, err := t.Root.Encoding.AppendValue(nil, v)
	return readValue(raw, t.locate(err))
}

func readValue(raw []byte, err error) types.AttributeValue {
	var v types.AttributeValue
	if err == nil {
		v, err = wire.ReadValue(raw)
	}
	if err != nil {
		return Unencoded{err: err}
	}
	return v
}

// EncodeValues encodes the values of an expression that are not yet. Those that cannot be are left to Check.
func EncodeValues(values map[string]types.AttributeValue, in codec.Encoding) {
	for alias, v := range values {
		if u, ok := v.(Unencoded); ok && u.err == nil {
			values[alias] = readValue(in.AppendValue(nil, u.Value))
		}
	}
}
