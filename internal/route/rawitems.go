package route

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// RawItems receives the items of a response as they are, by their positions.
type RawItems struct{ Items [][]byte }

func (s *RawItems) Reset() { s.Items = nil }

func (s *RawItems) Item(_ string, i int, r *wire.Reader) error {
	raw, err := r.Skip()
	for len(s.Items) <= i {
		s.Items = append(s.Items, nil)
	}
	s.Items[i] = r.Kept(raw)
	return err
}

// At returns the item in a position; nil when there is none.
func (s *RawItems) At(i int) (map[string]types.AttributeValue, error) {
	if i >= len(s.Items) || s.Items[i] == nil {
		return nil, nil
	}
	item, err := wire.ReadItem(s.Items[i])
	if len(item) == 0 {
		return nil, err
	}
	return item, err
}
