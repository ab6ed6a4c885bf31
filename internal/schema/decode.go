package schema

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
)

// Decoded is one item: a value of a registered type, or the fault that it has.
type Decoded struct {
	Entity *Entity
	Value  any // *T
	Err    error
	Other  bool // it lies at the entity's other place
}

// Decode reads the item at r into its registered type. want is the entity that the caller expects, or
// nil; it is a hint: the result can be of another. Its memory is from slabs, if these are not nil, and what is encrypted by opens.
//
// The common case is one pass: guess the type from those of the items before or from a discriminator nearby, and let the plan check on
// its way that the item has it, and note its key, which is compared with what the fields make. Everything
// else takes the slow path, which looks the discriminator and the keys up before it decodes. Both give the
// same result.
func (t *Table) Decode(r *wire.Reader, want *Entity, from *Slabs, by Protector) Decoded {
	start := r.Offset()
	d := t.Directory()
	if e := from.expected(); e != nil && want == nil {
		if ptr := from.newItem(e, r); t.loadGuessed(e, r, start, ptr) {
			from.saw(e)
			return Decoded{Entity: e, Value: e.At(ptr)}
		}
		from.missed()
		r.Rewind(start)
	}
	if e := t.guess(d, r, want, from); e != nil {
		if ptr := from.newItem(e, r); t.loadGuessed(e, r, start, ptr) {
			if want == nil {
				from.saw(e)
			}
			return Decoded{Entity: e, Value: e.At(ptr)}
		}
		r.Rewind(start)
	}
	e, name, stored, err := t.identify(d, r)
	if err != nil {
		return t.undecodable(r, start, want, err)
	}
	if e == nil {
		return t.unknown(r, start, name)
	}
	ptr, err := e.decode(r, &stored, by)
	if err != nil {
		return t.undecodable(r, start, e, err)
	}
	other, err := t.misplaced(e, r.Since(start), &stored, ptr)
	if err != nil {
		return Decoded{Entity: e, Err: err}
	}
	return Decoded{Entity: e, Value: e.At(ptr), Other: other}
}

// Tell finds the entity of the item at r, which may be a part of one, and goes past it.
func (t *Table) Tell(r *wire.Reader) Decoded {
	start := r.Offset()
	e, name, _, err := t.identify(t.Directory(), r)
	if err == nil && e == nil {
		return t.unknown(r, start, name)
	}
	if err == nil {
		_, err = r.Skip()
	}
	if err != nil {
		return t.undecodable(r, start, e, err)
	}
	return Decoded{Entity: e}
}

// loadGuessed decodes the item at r in one pass, and reports whether that was all there is to do.
func (t *Table) loadGuessed(e *Entity, r *wire.Reader, start int, ptr unsafe.Pointer) bool {
	if e.load(e.checked, r, ptr) != nil {
		return false
	}
	stored := storedKey{r.Noted(0, start), r.Noted(1, start)}
	if stored[0] == nil && !e.PK.natural { // the struct decodes itself
		end := r.Offset()
		r.Rewind(start)
		var err error
		if stored, err = t.storedKeyAt(r); err != nil {
			return false
		}
		r.Rewind(end)
	}
	return e.spells(&stored, ptr) || e.fillKey(&stored, ptr) == nil && e.makes(&stored, ptr)
}

// decode reads the item at r, which is stored under this key.
func (e *Entity) decode(r *wire.Reader, stored *storedKey, by Protector) (unsafe.Pointer, error) {
	now, err := e.opened(r, stored, by)
	if err != nil {
		return nil, err
	}
	if now, err = e.upgrade(now); err != nil {
		return nil, err
	}
	ptr := e.NewItem()
	if err := e.load(e.Plan, now, ptr); err != nil {
		return nil, e.discreet(err)
	}
	return ptr, e.placeOf(stored).fillKey(stored, ptr)
}

func (t *Table) guess(d *Directory, r *wire.Reader, want *Entity, from *Slabs) *Entity {
	if t.Discriminator == "" {
		return nil
	}
	e := want
	if e == nil {
		name, _ := r.GuessText(t.Discriminator)
		if e = from.typed(name); e == nil {
			if list := d.byName[name]; len(list) == 1 {
				e = list[0]
			}
		}
	}
	if e != nil && (len(e.Upgrades) > 0 || len(e.sealed) > 0) { // the version comes first, or the key
		return nil
	}
	return e
}

// identify finds the entity of the item at r: by its discriminator, or, if it has none, by its keys.
// The entity is nil when there is none; name is the discriminator then.
func (t *Table) identify(d *Directory, r *wire.Reader) (e *Entity, name string, stored storedKey, err error) {
	names := [3]string{t.PK.Name, t.SK.Name, t.Discriminator}
	var values [3][]byte
	if err := r.FindAttrs(names[:], values[:]); err != nil {
		return nil, "", stored, err
	}
	stored = storedKey(values[:2])
	typed := t.Discriminator != "" && values[2] != nil
	if typed {
		var kind wire.Kind
		if kind, name, err = wire.Scalar(values[2]); err != nil || kind != wire.S {
			return nil, "", stored, fmt.Errorf("attribute %s: cannot read the type from %s", t.Discriminator, values[2])
		}
		if list := d.byName[name]; len(list) < 2 {
			return d.named(name, "", ""), name, stored, nil
		}
	}
	var texts [2]string
	for i := range texts {
		if values[i] == nil {
			continue
		}
		if _, texts[i], err = wire.Scalar(values[i]); err != nil {
			return nil, "", stored, fmt.Errorf("attribute %s: cannot read the key from %s", names[i], values[i])
		}
	}
	if typed {
		return d.named(name, texts[0], texts[1]), name, stored, nil
	}
	return d.byKey(texts[0], texts[1]), "", stored, nil
}

// undecodable makes the error of a malformed item and goes past it. e may be nil.
func (t *Table) undecodable(r *wire.Reader, start int, e *Entity, err error) Decoded {
	f := &Fault{Kind: WrongItem, Entity: t.Name, Err: err}
	if e != nil {
		f.Entity = e.Name
	}
	r.Rewind(start)
	if raw, skipErr := r.Skip(); skipErr == nil {
		if item, err := wire.ReadItem(raw); err == nil {
			f.Key = t.KeyText(item)
		}
	}
	return Decoded{Entity: e, Err: f}
}

// unknown makes the error of an item of no registered type and goes past it.
func (t *Table) unknown(r *wire.Reader, start int, name string) Decoded {
	r.Rewind(start)
	raw, err := r.Skip()
	if err != nil {
		return Decoded{Err: &Fault{Kind: WrongItem, Entity: t.Name, Err: err}}
	}
	item, err := wire.ReadItem(raw)
	if err != nil {
		return Decoded{Err: &Fault{Kind: WrongItem, Entity: t.Name, Err: err}}
	}
	if name == "" && strings.HasPrefix(Text(item[t.PK.Name]), SentinelPrefix+keys.DefaultSeparator) {
		name = SentinelPrefix // a table without discriminators, or an item that has only its keys
	}
	return Decoded{Err: &Fault{Kind: UnknownItem, Entity: t.Name, Type: name, Key: t.KeyText(item), Item: item, Own: t.Owns(name, item)}}
}

// KeyText returns the primary key in an item's attributes, for messages: `pk="CU#1" sk="O#7"`.
func (t *Table) KeyText(item map[string]types.AttributeValue) string {
	return attrsText(item, t.PK.Name, t.SK.Name)
}

func attrsText(item map[string]types.AttributeValue, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		v, ok := item[name]
		if !ok {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		switch v.(type) {
		case *types.AttributeValueMemberS:
			fmt.Fprintf(&b, "%s=%q", name, Text(v))
		case *types.AttributeValueMemberN:
			fmt.Fprintf(&b, "%s=%s", name, Text(v))
		case *types.AttributeValueMemberB:
			fmt.Fprintf(&b, "%s=%x", name, Text(v))
		}
	}
	return b.String()
}

// DecodeAs decodes the item at r, which must be of the entity e. The fault of one of another entity comes with that.
func (t *Table) DecodeAs(r *wire.Reader, e *Entity, by Protector) Decoded {
	start := r.Offset()
	return t.As(t.Decode(r, e, nil, by), r, start, e)
}

// As returns what DecodeAs would of an item that r has read from start on.
func (t *Table) As(d Decoded, r *wire.Reader, start int, e *Entity) Decoded {
	if d.Entity != e && (d.Err == nil || d.Misplaced()) {
		other := t.unknown(r, start, d.Entity.Name)
		other.Entity = d.Entity
		return other
	}
	return d
}

// Misplaced reports whether the item's fault is that its fields make another key than it is stored under.
func (l *Decoded) Misplaced() bool {
	f, ok := l.Err.(*Fault)
	return ok && f.Kind == WrongPlace
}
