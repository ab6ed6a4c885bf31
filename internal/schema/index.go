package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entable/entable/internal/codec"
)

// DerivesFrom reports whether an index key or a sentinel is made of a field.
func (e *Entity) DerivesFrom(f *codec.Field) bool {
	return slices.ContainsFunc(e.Kept, func(g *KeptKeys) bool { return slices.Contains(g.Fields(), f) }) ||
		slices.ContainsFunc(e.Unique, func(u *UniqueField) bool { return u.Field == f })
}

// SharesPartitions reports whether the items of two entities with equal partition-key fields lie in one
// partition of an index, or, for "", of the table.
func (e *Entity) SharesPartitions(other *Entity, index string) bool {
	if index == "" {
		return e.PK.sameShape(other.PK)
	}
	a, b := e.index(index), other.index(index)
	switch {
	case a == nil || b == nil:
		return false
	case a.MultiAttribute:
		return true
	}
	return a.pk.sameShape(b.pk)
}

// sortKeyIn returns the entity's sort key in an index, or, for "", in the table; nil if it has none of its own.
func (e *Entity) sortKeyIn(index string) *Key {
	if index == "" {
		return e.SK
	}
	if x := e.index(index); x != nil {
		return x.sk
	}
	return nil
}

// indexNames lists the entity's indexes for messages.
func (e *Entity) indexNames() string {
	if len(e.Indexes) == 0 {
		return "it is in no index"
	}
	var text strings.Builder
	text.WriteString("it has")
	for i, x := range e.Indexes {
		if i > 0 {
			text.WriteString(",")
		}
		fmt.Fprintf(&text, " %q", x.Name)
	}
	return text.String()
}
