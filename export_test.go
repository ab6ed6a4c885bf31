package entable

import (
	"context"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// RegisterType is TryRegister for a type that is made at run time.
func RegisterType(t *Table, typ reflect.Type, opts ...EntityOption) error {
	_, err := t.register(typ, opts)
	return err
}

// ItemOf is Entity.ToItem for v, a registered struct or a pointer to one.
func ItemOf(t *Table, v any) (map[string]types.AttributeValue, error) {
	e, ptr, err := t.exampleOf(nil, "", v)
	if err != nil {
		return nil, err
	}
	raw, _, err := e.appendItem(context.Background(), nil, ptr)
	if err != nil {
		return nil, err
	}
	return wire.ReadItem(raw)
}
