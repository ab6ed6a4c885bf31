package schema

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
)

// storedKey is the primary key of an item as it is stored: the values of the two attributes, nil for one that the item,
// or the table, does not have.
type storedKey [2][]byte

// storedKeyAt reads the primary key of the item at r, which does not move.
func (t *Table) storedKeyAt(r *wire.Reader) (stored storedKey, err error) {
	names := [2]string{t.PK.Name, t.SK.Name}
	n := 2
	if !t.SK.Exists() {
		n = 1
	}
	err = r.FindAttrs(names[:n], stored[:n])
	return stored, err
}

// spells reports whether it is plain to see that the fields at ptr make the key that is stored, and so are set: makes is its slow
// twin.
func (e *Entity) spells(stored *storedKey, ptr unsafe.Pointer) bool {
	for i, k := range [...]*Key{e.PK, e.SK} {
		if k == nil {
			continue
		}
		if !k.spells(stored[i], ptr) {
			return false
		}
	}
	return true
}

// spells does what spelled does for a stored value.
func (k *Key) spells(stored []byte, ptr unsafe.Pointer) bool {
	n := len(k.front)
	if n == 0 {
		text, ok := plainText(stored)
		return ok && k.spelled(text, ptr)
	}
	if len(stored) <= n || string(stored[:n]) != k.front {
		return false
	}
	rest, ok := keys.CutText(unsafe.String(&stored[n], len(stored)-n), *(*string)(unsafe.Add(ptr, k.offset)))
	return ok && rest == `"}`
}

// makes reports whether the fields at ptr make the key that is stored: a Put of the instance then replaces the item, and
// does not write a second one. Nothing is allocated where they do, but for numbers in another form.
func (e *Entity) makes(stored *storedKey, ptr unsafe.Pointer) bool {
	for i, k := range [...]*Key{e.PK, e.SK} {
		if k != nil && stored[i] != nil && !k.makes(stored[i], ptr) {
			return false
		}
	}
	return true
}

func (k *Key) makes(stored []byte, ptr unsafe.Pointer) bool {
	if k.spells(stored, ptr) {
		return true
	}
	var scratch [128]byte
	text, err := k.AppendText(scratch[:0], ptr)
	return err == nil && k.equals(stored, text)
}

// plainText returns what stands between the quotes of a string as the service sends it, which is the string unless there is a
// backslash.
func plainText(stored []byte) (string, bool) {
	const opening, closing = `{"S":"`, `"}`
	n := len(stored) - len(closing)
	if n < len(opening) || string(stored[:len(opening)]) != opening || string(stored[n:]) != closing {
		return "", false
	}
	return unsafe.String(&stored[len(opening)], n-len(opening)), true
}

// spelled compares a key's text with the fields at ptr without rendering them. It is sure of what it says yes to; all else
// is rendered.
func (k *Key) spelled(text string, ptr unsafe.Pointer) bool {
	if !k.straight || !strings.HasPrefix(text, k.Lead()) {
		return false
	}
	text = text[len(k.Lead()):]
	for i := range k.comps {
		var ok bool
		if text, ok = k.comps[i].cut(text, ptr); !ok {
			return false
		}
		if i < len(k.comps)-1 {
			if text == "" || text[0] != k.separator[0] {
				return false
			}
			text = text[1:]
		}
	}
	return text == ""
}

// cut takes the field's value off the front of a key's text, if it is sure to be rendered so.
func (c *component) cut(text string, ptr unsafe.Pointer) (rest string, ok bool) {
	at := c.field.Address(ptr)
	switch {
	case at == nil || c.shard != nil || c.inner != nil || c.derived != nil:
	case c.plain:
		return keys.CutText(text, *(*string)(at))
	case c.Seg.Kind == keys.Time && c.Seg.Layout == "" && c.field.Type == TimeType && !c.field.UnixTime:
		return keys.CutTime(text, *(*time.Time)(at))
	case c.Seg.Kind == keys.Int:
		return keys.CutInt(text, reflect.NewAt(c.field.Type, at).Elem().Int(), cmp.Or(c.Seg.Width, 19))
	}
	return "", false
}

// equals compares a stored value with a key's text: byte by byte in the form that the service sends, else as values.
func (k *Key) equals(stored, text []byte) bool {
	if have, ok := plainText(stored); ok && k.pattern != nil && have == string(text) && strings.IndexByte(have, '\\') < 0 {
		return true
	}
	kind, have, err := wire.Scalar(stored)
	return err == nil && kind.String() == string(k.Attr.Type) && k.Attr.IDText(have) == k.Attr.IDText(string(text))
}

// madeBut renders the key of an item that may lack what a component is only computed from, the source of a shard, of a part
// of a time or of what is derived, as those of an index or a projection do: such an item says nothing about it, and it is taken from the stored key.
func (k *Key) madeBut(item map[string]types.AttributeValue, ptr unsafe.Pointer) ([]byte, error) {
	lacks := func(c *component) bool {
		return (c.shard != nil || c.part) && slices.ContainsFunc(c.roots(), func(f *codec.Field) bool {
			v, ok := f.Value(ptr)
			return item[f.Name] == nil && (!ok || v.IsZero())
		})
	}
	if !slices.ContainsFunc(k.comps, func(c component) bool { return lacks(&c) }) {
		return k.AppendText(nil, ptr)
	}
	vals, err := k.pattern.Parse(Text(item[k.Attr.Name]), nil)
	if err != nil {
		return nil, err
	}
	for i := range k.comps {
		if c := &k.comps[i]; !lacks(c) {
			if vals[i], err = c.value(ptr); err != nil {
				return nil, err
			}
		}
	}
	return k.pattern.Append(nil, vals)
}

// misplaced returns the fault of an item whose fields do not make the key that it is stored under, at either of the entity's
// places; nil when they do.
func (t *Table) misplaced(e *Entity, raw []byte, stored *storedKey, ptr unsafe.Pointer) (other bool, err error) {
	if e.makes(stored, ptr) {
		return false, nil
	}
	if e.Other != nil && e.Other.makes(stored, ptr) {
		return true, nil
	}
	item, err := wire.ReadItem(raw)
	if err != nil {
		return false, err
	}
	if err = e.fits(item, stored, ptr); err != nil && e.Other != nil && e.Other.fits(item, stored, ptr) == nil {
		return true, nil
	}
	return false, err
}

// fits returns the fault of an item, or a part of one, that cannot have the key that it is stored under.
func (e *Entity) fits(item map[string]types.AttributeValue, stored *storedKey, ptr unsafe.Pointer) error {
	var made []string
	fits := true
	for i, k := range [...]*Key{e.PK, e.SK} {
		if k == nil || stored[i] == nil {
			continue
		}
		text, err := k.madeBut(item, ptr)
		if err != nil {
			return &Fault{Kind: WrongPlace, Entity: e.Name, Key: e.Table.KeyText(item), Item: item, Err: e.keyFault(k.Attr.Name, err)}
		}
		fits = fits && k.equals(stored[i], text)
		made = append(made, attrsText(map[string]types.AttributeValue{k.Attr.Name: k.AttributeValue(text)}, k.Attr.Name))
	}
	if fits {
		return nil
	}
	return &Fault{Kind: WrongPlace, Entity: e.Name, Key: e.Table.KeyText(item), Made: strings.Join(made, " "), Item: item}
}
