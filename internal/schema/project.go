package schema

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// KeyNames lists the attributes of the key that a query of this table or index starts behind.
func (s *Span) KeyNames() []string {
	names := []string{s.Table.PK.Name}
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(s.Table.SK.Name)
	if x := s.Table.Index(s.Index); x != nil {
		for _, a := range x.KeyAttrs() {
			add(a.Name)
		}
	}
	return names
}

// KeyIn reads from an item the key that a query starts behind.
func (s *Span) KeyIn(raw []byte) (map[string]types.AttributeValue, error) {
	names := s.KeyNames()
	values := make([][]byte, len(names))
	if err := wire.FindAttrs(raw, names, values); err != nil {
		return nil, err
	}
	key := make(map[string]types.AttributeValue, len(names))
	for i, name := range names {
		if values[i] == nil {
			return nil, fmt.Errorf("the item has no key attribute %q", name)
		}
		v, err := wire.ReadValue(values[i])
		if err != nil {
			return nil, err
		}
		key[name] = v
	}
	return key, nil
}

// OwnNames lists the attributes without which an item cannot be told, placed, hidden or written again, for a projection, as far as
// the index holds them; nil where there can be none: an upgrade of an older shape needs whole items.
func (s *Span) OwnNames() []string {
	names := s.KeyNames()
	if s.HoldsTypes() {
		names = append(names, s.Table.Discriminator)
	}
	for _, e := range s.Table.Directory().All {
		if s.Want != nil && s.Want != e {
			continue
		}
		if len(e.Upgrades) > 0 {
			return nil
		}
		for _, f := range slices.Concat([]*codec.Field{e.Version, e.TTL}, e.computedFrom(e.PK), e.computedFrom(e.SK)) {
			if f != nil && s.Table.holds(s.Table.Index(s.Index), f.Name) {
				names = append(names, f.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Passes reports whether the scan of an entity does not concern itself with an item of an unknown type,
// because it lies outside of what a query of the entity would read.
func (s *Span) Passes(item map[string]types.AttributeValue) bool {
	e := s.Want
	return e != nil && (!e.PK.Covers(Text(item[s.Table.PK.Name])) || e.SK != nil && !e.SK.Covers(Text(item[s.Table.SK.Name])))
}

// Outside reports whether the sort key of the item at r is one that the range does not include.
func (s *Span) Outside(r *wire.Reader) (bool, error) {
	var value [1][]byte
	if err := r.FindAttrs([]string{s.SK.Attr.Name}, value[:]); err != nil || value[0] == nil {
		return false, err
	}
	_, text, err := wire.Scalar(value[0])
	return !s.Sort.holds(text), err
}
