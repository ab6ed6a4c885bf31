package schema

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
)

// fillKey sets the key fields of the item at ptr that its attributes have not set, from the stored key: of items
// of an index with few attributes, of a projection, or of a stream that has only keys. Most items have all,
// and cost no more than a look at the fields.
func (e *Entity) fillKey(stored *storedKey, ptr unsafe.Pointer) error {
	for i, k := range [...]*Key{e.PK, e.SK} {
		if k == nil || stored[i] == nil || k.set(ptr) {
			continue
		}
		if err := k.fill(stored[i], ptr); err != nil {
			return fmt.Errorf("key %s: %w", k.Attr.Name, err)
		}
	}
	return nil
}

// set reports whether every component has a value.
func (k *Key) set(ptr unsafe.Pointer) bool {
	for i := range k.comps {
		c := &k.comps[i]
		if c.plain {
			if s := (*string)(c.field.Address(ptr)); s == nil || *s == "" {
				return false
			}
		} else if v, ok := c.get(ptr); !c.part && (!ok || v.IsZero()) {
			return false
		}
	}
	return true
}

// fill sets the components that are zero from the key's text. A text that is not the entity's own form
// of a key says nothing: the item has its type by its discriminator.
func (k *Key) fill(raw []byte, ptr unsafe.Pointer) error {
	kind, text, err := wire.Scalar(raw)
	if err != nil || kind.String() != string(k.Attr.Type) {
		return err
	}
	if k.pattern == nil {
		return k.comps[0].fill(raw, kind, text, ptr)
	}
	vals, err := k.pattern.Parse(text, nil)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	for i := range k.comps {
		c := &k.comps[i]
		if v, ok := c.get(ptr); ok && !v.IsZero() || c.shard != nil || c.part || c.tail && vals[i].IsZero() {
			continue
		}
		stored, err := c.attributeOf(vals[i])
		if err != nil {
			return err
		}
		if err := c.field.DecodeValue(wire.NewReader(stored), c.holder(ptr)); err != nil {
			return err
		}
	}
	return nil
}

// fill sets the component from a key attribute that holds nothing but its value.
func (c *component) fill(raw []byte, kind wire.Kind, text string, ptr unsafe.Pointer) error {
	if kind == wire.N && c.storedAs() == types.ScalarAttributeTypeS {
		var err error
		if raw, err = wire.AppendS(nil, text); err != nil {
			return err
		}
	}
	return c.field.DecodeValue(wire.NewCopier(raw), c.holder(ptr))
}

// attributeOf returns the stored form of a component's value.
func (c *component) attributeOf(v keys.Value) ([]byte, error) {
	_, options, _ := strings.Cut(c.field.Tag.Get("dynamodbav"), ",")
	number := func(text string) ([]byte, error) {
		if slices.Contains(strings.Split(options, ","), "string") {
			return wire.AppendS(nil, text)
		}
		return wire.AppendN(nil, text)
	}
	switch v.Kind {
	case keys.Int, keys.Uint, keys.Float:
		return number(string(keys.AppendNumber(nil, v, c.Seg.Bits)))
	case keys.Bool:
		return wire.AppendBool(nil, v.I != 0), nil
	case keys.Bytes:
		return wire.AppendB(nil, v.B), nil
	case keys.Time:
		if c.storedAs() == types.ScalarAttributeTypeN {
			return wire.AppendInt(nil, v.T.Unix()), nil
		}
		return wire.AppendS(nil, v.T.Format(time.RFC3339Nano))
	}
	return wire.AppendS(nil, v.S)
}
