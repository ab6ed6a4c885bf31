package entable

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable/internal/wire"
)

// schemaAttribute holds the version of the shape that an item was written in, for entities with
// upgrades.
const schemaAttribute = "_v"

// Upgrades declares how items of older shapes become items of today's: upgrades[0] takes those of
// version 0, written before the entity had upgrades, to version 1, and so on; len(upgrades) is today's
// version, stored in the attribute "_v". They run when an item is read, one after the other, on its
// attributes as they are stored, before it is decoded; the keys cannot be changed. The new shape is
// written when the item is next put.
//
// Updates of an item in an older shape are refused with a [*ConditionFailedError], since they would mix
// two shapes: load it and Put it first. An item of a newer version than today's, written by a newer
// program, is decoded as it is.
func Upgrades(upgrades ...func(RawItem) error) EntityOption {
	return entityOption(func(c *entityConfig) { c.upgrades = upgrades })
}

// upgrade brings the item at r up to date. It returns r itself when there is nothing to do, and goes past
// the item when there is.
func (e *entity) upgrade(r *wire.Reader) (*wire.Reader, error) {
	if len(e.upgrades) == 0 {
		return r, nil
	}
	var value [1][]byte
	if err := r.FindAttrs([]string{schemaAttribute}, value[:]); err != nil {
		return r, err
	}
	version := 0
	if value[0] != nil {
		kind, text, err := wire.Scalar(value[0])
		if err != nil || kind != wire.N {
			return r, fmt.Errorf("attribute %s: cannot read the version from %s", schemaAttribute, value[0])
		}
		if version, err = strconv.Atoi(text); err != nil || version < 0 {
			return r, fmt.Errorf("attribute %s: invalid version %s", schemaAttribute, text)
		}
	}
	if version >= len(e.upgrades) {
		return r, nil
	}
	raw, err := r.Skip()
	if err != nil {
		return r, err
	}
	item, err := wire.ReadItem(raw)
	if err != nil {
		return r, err
	}
	for ; version < len(e.upgrades); version++ {
		if err := e.upgrades[version](item); err != nil {
			return r, fmt.Errorf("cannot upgrade from version %d: %w", version, err)
		}
	}
	if raw, err = wire.AppendItem(nil, item); err != nil {
		return r, err
	}
	return wire.NewReader(raw), nil
}

// inShape is the condition that the stored item has today's shape, or, where an upsert may create it, that
// there is none.
func (e *entity) inShape(orNone bool) expression.ConditionBuilder {
	today := expression.Equal(attr(schemaAttribute), expression.Value(len(e.upgrades)))
	if !orNone {
		return today
	}
	return expression.Or(today, expression.AttributeNotExists(attr(e.table.pk.name)))
}
