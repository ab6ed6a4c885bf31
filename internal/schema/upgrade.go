package schema

import (
	"fmt"
	"strconv"

	"github.com/entable/entable/internal/wire"
)

// SchemaAttribute holds the version of the shape that an item was written in, for entities with
// upgrades.
const SchemaAttribute = "_v"

// upgrade brings the item at r up to date. It returns r itself when there is nothing to do, and goes past
// the item when there is.
func (e *Entity) upgrade(r *wire.Reader) (*wire.Reader, error) {
	if len(e.Upgrades) == 0 {
		return r, nil
	}
	var value [1][]byte
	if err := r.FindAttrs([]string{SchemaAttribute}, value[:]); err != nil {
		return r, err
	}
	version := 0
	if value[0] != nil {
		kind, text, err := wire.Scalar(value[0])
		if err != nil || kind != wire.N {
			return r, fmt.Errorf("attribute %s: cannot read the version from %s", SchemaAttribute, value[0])
		}
		if version, err = strconv.Atoi(text); err != nil || version < 0 {
			return r, fmt.Errorf("attribute %s: invalid version %s", SchemaAttribute, text)
		}
	}
	if version >= len(e.Upgrades) {
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
	for ; version < len(e.Upgrades); version++ {
		if err := e.Upgrades[version](item); err != nil {
			return r, fmt.Errorf("cannot upgrade from version %d: %w", version, err)
		}
	}
	if raw, err = wire.AppendItem(nil, item); err != nil {
		return r, err
	}
	return wire.NewReader(raw), nil
}
