package explorer

import (
	"encoding/base64"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// keyText returns the value of a key attribute as addresses and pages have it: bytes in base64.
func keyText(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberB:
		return base64.StdEncoding.EncodeToString(v.Value)
	}
	return ""
}

// keyValue returns what keyText has made a text of.
func keyValue(a schema.Attr, text string) (types.AttributeValue, error) {
	if text == "" {
		return nil, badRequest("the key attribute %q is empty", a.Name)
	}
	switch a.Type {
	case types.ScalarAttributeTypeN:
		if _, err := wire.AppendN(nil, text); err != nil {
			return nil, badRequest("the key attribute %q is a number: %s", a.Name, err)
		}
		return &types.AttributeValueMemberN{Value: text}, nil
	case types.ScalarAttributeTypeB:
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, badRequest("the key attribute %q is in base64: %s", a.Name, err)
		}
		return &types.AttributeValueMemberB{Value: b}, nil
	}
	return &types.AttributeValueMemberS{Value: text}, nil
}

// key returns the primary key that the form names.
func (v *view) key() (map[string]types.AttributeValue, error) {
	d := v.h.declared
	key := map[string]types.AttributeValue{}
	pk, err := keyValue(d.PK, v.form.Get("pk"))
	if err != nil {
		return nil, err
	}
	key[d.PK.Name] = pk
	if d.SK.Exists() {
		if key[d.SK.Name], err = keyValue(d.SK, v.form.Get("sk")); err != nil {
			return nil, err
		}
	}
	return key, nil
}

func sortedNames(item map[string]types.AttributeValue) []string {
	return slices.Sorted(maps.Keys(item))
}
