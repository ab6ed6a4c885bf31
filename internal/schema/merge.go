package schema

import (
	"math/big"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// SortValue is a sort key that the items of several partitions are merged by: a text or bytes, or a number. All are equal where there
// is no sort key.
type SortValue struct {
	Text   string
	number *big.Rat
}

// Compare compares in the service's order.
func (v *SortValue) Compare(o *SortValue) int {
	if v.number != nil && o.number != nil {
		return v.number.Cmp(o.number)
	}
	return strings.Compare(v.Text, o.Text)
}

// SortValue returns that of a sort key's text.
func (s *Span) SortValue(text string) *SortValue {
	v := &SortValue{Text: text}
	if s.SK.Attr.Type == types.ScalarAttributeTypeN {
		v.number, _ = new(big.Rat).SetString(text)
	}
	return v
}

// SortValueOf returns that of the item with a key.
func (s *Span) SortValueOf(key map[string]types.AttributeValue) *SortValue {
	if s.SK == nil {
		return &SortValue{}
	}
	return s.SortValue(Text(key[s.SK.Attr.Name]))
}

// SortValueIn returns that of an item.
func (s *Span) SortValueIn(raw []byte) (*SortValue, error) {
	if s.SK == nil {
		return &SortValue{}, nil
	}
	var value [1][]byte
	if err := wire.FindAttrs(raw, []string{s.SK.Attr.Name}, value[:]); err != nil || value[0] == nil {
		return &SortValue{}, err
	}
	_, text, err := wire.Scalar(value[0])
	return s.SortValue(text), err
}
