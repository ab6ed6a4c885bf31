package schema

import (
	"math/big"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Text returns the content of a key attribute, "" of a nil or what else cannot be one.
func Text(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		if v != nil {
			return v.Value
		}
	case *types.AttributeValueMemberN:
		if v != nil {
			return v.Value
		}
	case *types.AttributeValueMemberB:
		if v != nil {
			return string(v.Value)
		}
	}
	return ""
}

// IDText returns the text of a key attribute, but one text for all forms of a number: the service writes
// 1000000 where a float's own form is 1e+06.
func (a Attr) IDText(text string) string {
	if a.Type != types.ScalarAttributeTypeN || !strings.ContainsAny(text, ".eE") && !strings.HasPrefix(text, "-0") {
		return text
	}
	if r, ok := new(big.Rat).SetString(text); ok {
		return r.RatString()
	}
	return text
}

// Attr is a key attribute of the table or of an index.
type Attr struct {
	Name string
	Type types.ScalarAttributeType
}

func (a Attr) Exists() bool { return a.Name != "" }
