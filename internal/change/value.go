package change

import (
	"reflect"
	"strconv"

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
	if t.Leaf != nil {
		if raw, err := t.Leaf.AppendValue(nil, v); err != nil || len(raw) > 0 {
			return readValue(raw, err)
		}
	}
	return t.Element(v.Interface())
}

// Element returns a part of the target's value for an expression, as Operand does.
func (t Target) Element(v any) types.AttributeValue {
	if t.err != nil {
		return Unencoded{err: t.err}
	}
	return readValue(t.Root.Encoding.AppendValue(nil, v))
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

// EncodeValues encodes the values of an expression that are not yet.
func EncodeValues(values map[string]types.AttributeValue, in codec.Encoding) error {
	for i := range len(values) { // as the SDK numbers them
		alias := ":" + strconv.Itoa(i)
		u, ok := values[alias].(Unencoded)
		if !ok {
			continue
		}
		if u.err == nil {
			now := readValue(in.AppendValue(nil, u.Value))
			if u, ok = now.(Unencoded); !ok {
				values[alias] = now
			}
		}
		if u.err != nil {
			return u.err
		}
	}
	return nil
}
