package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
)

// Moved keys. An entity whose items are, or may be, at two places has an Other: the same entity with the keys of the other
// place. Both places hold the same items under different keys:
//
//	Order        T#{tenant}#{32 shards by id}   O#{id}
//	its Other    T#{tenant}#{8 shards by id}    O#{id}
//
// What makes an item one item is the same at both: the attributes that stand in the key as wholes. So each key of one place is
// that of exactly one key of the other, whichever values they have (identity), and no key of one place is that of another
// item at the other (proveMoved). A value that the other place's key cannot hold has no item there.

// MovedDecl declares the other place of an entity's items; a key that is not given is the entity's own.
type MovedDecl struct{ PKs, SKs []KeyDecl }

// compileMoved compiles the keys of the other place.
func (r *registration) compileMoved() (err error) {
	const what = "Moved"
	if len(r.decl.Moved) == 0 {
		return nil
	}
	d, e := r.decl.Moved[0], r.e
	switch {
	case len(r.decl.Moved) > 1:
		return r.errorf(what, "items are at one other place at a time: move what is left of the first with Table.Audit, and leave its Moved out")
	case len(d.PKs)+len(d.SKs) == 0:
		return r.errorf(what, "it says no place: give the PK, the SK or both that the items had")
	case len(d.PKs) > 1 || len(d.SKs) > 1:
		return r.errorf(what, "PK and SK may be given once each")
	case len(d.SKs) == 1 && e.SK == nil:
		return r.errorf(what, "SK is given but table %q has no sort key", r.t.Name)
	}
	o := &Entity{PK: e.PK, SK: e.SK, main: e}
	r.moving = true
	defer func() { r.moving = false }()
	if len(d.PKs) == 1 {
		if o.PK, err = r.compileOther(partitionKey, d.PKs[0], e.PK, func(o *Entity) *Key { return o.other().PK }); err != nil {
			return err
		}
	}
	if len(d.SKs) == 1 {
		if o.SK, err = r.compileOther(sortKey, d.SKs[0], e.SK, func(o *Entity) *Key { return o.other().SK }); err != nil {
			return err
		}
	}
	for _, k := range []*Key{o.PK, o.SK} {
		if k == nil {
			continue
		}
		p, err := k.provable()
		if err != nil {
			return r.errorf(what, "%s", err)
		}
		if p != nil {
			o.patterns = append(o.patterns, p)
		}
	}
	e.Other, e.OneOrder = o, e.SK != nil && e.SK.same(o.SK)
	return r.checkIdentity()
}

// other returns the entity at its other place, or, if there is none, the entity.
func (e *Entity) other() *Entity {
	if e.Other != nil {
		return e.Other
	}
	return e
}

func (r *registration) compileOther(what string, decl KeyDecl, own *Key, same func(*Entity) *Key) (*Key, error) {
	fields := len(r.natural)
	k, err := r.compile(what, decl, own.Attr, same)
	if f, ok := err.(*Fault); ok && f.Where == what {
		f.Where = "Moved: " + what
	}
	if err == nil && (k.natural || own.natural && !own.same(k)) {
		err = r.errorf("Moved: "+what, "attribute %q is a field of %s, whose value is the key: it has the same at any place", k.Attr.Name, r.e.Type)
	}
	r.natural = r.natural[:fields]
	return k, err
}

// checkIdentity refuses places at which one item could be several, or several one.
func (r *registration) checkIdentity() error {
	e, o := r.e, r.e.Other
	here, made := e.wholes()
	there, madeThere := o.wholes()
	if !slices.Equal(here, there) {
		return r.errorf("Moved", "the key there is made of %s, and here of %s: items must be told apart by the same attributes at both places", quotedList(there), quotedList(here))
	}
	for _, path := range append(made, madeThere...) {
		if !slices.Contains(here, path) {
			return r.errorf("Moved", "a part of the key is made of %q, which does not stand in it as a whole: the places of an item could not be told from its key", path)
		}
	}
	if e.PK.same(o.PK) && (e.SK == nil || e.SK.same(o.SK)) {
		return r.errorf("Moved", "it is the place where the items are: leave it out")
	}
	return nil
}

func quotedList(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(out, ", ")
}

// wholes lists the attributes that stand in the primary key as wholes, and those that only something is made of: the number
// of a shard, a part of a time, what is derived.
func (e *Entity) wholes() (wholes, made []string) {
	for _, k := range [...]*Key{e.PK, e.SK} {
		if k == nil {
			continue
		}
		for i := range k.comps {
			if c := &k.comps[i]; c.derived != nil {
				made = append(made, c.derived.Sources...)
			} else if c.shard != nil || c.part {
				made = append(made, c.path)
			} else {
				wholes = append(wholes, c.path)
			}
		}
	}
	slices.Sort(wholes)
	return slices.Compact(wholes), made
}

// proveMoved shows that no item has at one place the key of another item at the other.
func (r *registration) proveMoved() error {
	e, o := r.e, r.e.Other
	if e.PK.sameButShards(o.PK) && (e.SK == nil || e.SK.sameButShards(o.SK)) {
		return nil // a key of both is that of one item
	}
	apart, examples := keys.Apart(e.patterns, o.patterns)
	if apart {
		return nil
	}
	text := "it cannot be shown that no item has at one place the key of another item at the other"
	if len(examples) > 0 {
		text = fmt.Sprintf("an item can have at one place the key of another item at the other, for example %q", examples)
	}
	return r.errorf("Moved", "%s: give the keys prefixes that tell the places apart", text)
}

// same reports whether two keys are made of the same attributes in the same way.
func (k *Key) same(o *Key) bool {
	return k.sameShape(o) && slices.EqualFunc(k.comps, o.comps, func(a, b component) bool { return a.path == b.path })
}

// sameButShards reports whether two keys have the same segments, but for the number of shards.
func (k *Key) sameButShards(o *Key) bool {
	if k.pattern == nil || o.pattern == nil {
		return k.pattern == o.pattern && len(k.comps) == 1 && len(o.comps) == 1 && k.comps[0].path == o.comps[0].path
	}
	a, b := k.pattern.Segments(), o.pattern.Segments()
	if len(a) != len(b) || k.prefix != o.prefix || k.separator != o.separator {
		return false
	}
	for i := range a {
		for _, s := range []*keys.Segment{&a[i], &b[i]} {
			if s.Of = nil; s.Shards > 0 {
				s.Attr, s.Width, s.Shards = "", 0, 1
			}
		}
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// finishOther makes the other place a copy of the complete entity with its own keys.
func (e *Entity) finishOther() {
	if o := e.Other; o != nil {
		pk, sk, patterns := o.PK, o.SK, o.patterns
		*o = *e
		o.PK, o.SK, o.patterns, o.Other, o.main = pk, sk, patterns, nil, e
	}
}

// places lists the entity, and the entity at its other place if it has one.
func (e *Entity) places() []*Entity {
	if e.Other == nil {
		return []*Entity{e}
	}
	return []*Entity{e, e.Other}
}

// itself returns the entity of which e is a place.
func (e *Entity) itself() *Entity {
	if e.main != nil {
		return e.main
	}
	return e
}

// hasKey reports whether an item of the entity can have this key at the place.
func (e *Entity) hasKey(pk, sk string) bool {
	return e.PK.matches(pk) && (e.SK == nil || e.SK.matches(sk))
}

// canHaveKey reports whether an item of the entity can have this key at any of its places.
func (e *Entity) canHaveKey(pk, sk string) bool {
	return e.hasKey(pk, sk) || e.Other != nil && e.Other.hasKey(pk, sk)
}

// placeOf returns the place that a stored key is of.
func (e *Entity) placeOf(stored *storedKey) *Entity {
	if e.Other == nil {
		return e
	}
	var texts [2]string
	for i := range stored {
		if stored[i] != nil {
			_, texts[i], _ = wire.Scalar(stored[i])
		}
	}
	if !e.hasKey(texts[0], texts[1]) && e.Other.hasKey(texts[0], texts[1]) {
		return e.Other
	}
	return e
}

// OtherKey returns the key of the item at ptr at the other place; not ok where there is none: the key holds no such values, or
// is the same as key, that at the entity's own.
func (e *Entity) OtherKey(ptr unsafe.Pointer, key ItemKey) (other ItemKey, ok bool) {
	if e.Other == nil {
		return other, false
	}
	other, err := e.Other.KeyOf(ptr)
	return other, err == nil && !e.Table.SameKey(other.Attrs, key.Attrs)
}

// SameKey reports whether two items, or their keys, have the same primary key.
func (t *Table) SameKey(a, b map[string]types.AttributeValue) bool {
	return len(a) > 0 && len(b) > 0 && t.Identity(a) == t.Identity(b)
}

// KeyIn returns the primary key in an item's attributes.
func (t *Table) KeyIn(item map[string]types.AttributeValue) map[string]types.AttributeValue {
	key := map[string]types.AttributeValue{t.PK.Name: item[t.PK.Name]}
	if t.SK.Exists() {
		key[t.SK.Name] = item[t.SK.Name]
	}
	return key
}

// Rekey makes the item, which is complete but for that, one with the entity's own primary key and with the index keys that its
// fields make.
func (e *Entity) Rekey(item map[string]types.AttributeValue, by Protector) error {
	ptr, err := e.Table.decodeItem(e, item, by)
	if err != nil {
		return e.valueFault(err)
	}
	key, err := e.KeyOf(ptr)
	if err != nil {
		return err
	}
	maps.Copy(item, key.Attrs)
	for _, g := range e.Kept {
		names := g.KeyNames()
		for _, name := range names {
			delete(item, name)
		}
		if g.Absent(ptr, nil) {
			continue
		}
		values, err := g.KeyValues(ptr)
		if err != nil {
			return err
		}
		for i, name := range names {
			item[name] = values[i]
		}
	}
	return nil
}

// Absent lists the attributes that an item of the entity could have and this one has not.
func (e *Entity) Absent(item map[string]types.AttributeValue) (names []string) {
	for _, f := range e.Plan.Fields() {
		if item[f.Name] == nil {
			names = append(names, f.Name)
		}
	}
	for _, g := range e.Kept {
		for _, name := range g.KeyNames() {
			if item[name] == nil && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
