package schema

import (
	"reflect"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
)

// A key attribute need not be the table's own. It can be a field of the entity, which is then stored once; that of an index
// can also be what each item has anyway: the table's keys, the type, the key of another index.

// isField reports whether a key is nothing but the field that is stored as its attribute.
func (s *keySettings) isField(a Attr) bool {
	return len(s.segs) == 1 && len(s.comps) == 1 && s.comps[0].path == a.Name && s.comps[0].inner == nil && s.comps[0].derived == nil && s.segs[0].Format == "" && !s.segs[0].Tail
}

// compileNatural makes a key of the field that is its attribute.
func (r *registration) compileNatural(k *Key, s keySettings, what string) error {
	c := &k.comps[0]
	stored := c.storedAs()
	if sealing := r.e.SealingOf(c.root); sealing != nil {
		return r.errorf(what, "attribute %q is the field itself, which %s: make the key of another attribute", k.Attr.Name, sealing.Text())
	}
	switch {
	case s.prefix != nil || s.share != nil || s.separator != "" || s.segs[0].Layout != "" || s.segs[0].Width != 0 && !s.template:
		return r.errorf(what, "attribute %q is the field itself and stored as it is: leave all settings out", k.Attr.Name)
	case stored == types.ScalarAttributeTypeS && c.Seg.Kind == keys.Float:
		return r.errorf(r.fieldName(c.field), "attribute %q is the field itself, and a float that is stored as text cannot be a key: use an integer or text", k.Attr.Name)
	case stored != k.Attr.Type:
		return r.errorf(r.fieldName(c.field), "attribute %q is the field itself and of type %s, but %s is stored as %s", k.Attr.Name, k.Attr.Type, c.field.Type, stored)
	}
	k.natural = true
	r.natural = append(r.natural, c.path)
	if stored == types.ScalarAttributeTypeS {
		if c.Seg.Kind == keys.Text {
			s.segs[0].Width = textWidths[c.field.Type]
		}
		return r.compileTemplate(k, s, what)
	}
	if c.Seg.Kind == keys.Time { // in seconds
		c.Seg.Kind = keys.Int
		c.read = func(v reflect.Value) (keys.Value, error) {
			return keys.Value{Kind: keys.Int, I: v.Interface().(time.Time).Unix()}, nil
		}
	}
	return nil
}

// indexKey makes a key of an index: as it is declared, or of what items have anyway.
func (r *registration) indexKey(x *EntityIndex, what string, decl []KeyDecl, a Attr, same func(*Entity) *Key) (k *Key, err error) {
	there := r.there(a)
	switch {
	case there != nil && len(decl) > 0:
		return nil, r.errorf(what, "attribute %q is in the items anyway: leave it out", a.Name)
	case there != nil:
		return there, nil
	case len(decl) == 0:
		decl = []KeyDecl{{Parts: []Part{{Text: a.Name}}}}
	}
	if k, err = r.compile(what, decl[0], a, same); err != nil {
		return nil, err
	}
	if k.natural {
		x.fields = append(x.fields, k)
		return k, nil
	}
	r.keep(x, k)
	return k, nil
}

// keep adds a key to those that writes keep up: composed keys of an index together, each template by itself.
func (r *registration) keep(x *EntityIndex, k *Key) {
	if n := len(r.e.Kept); k.separator != "" && n > 0 {
		if last := r.e.Kept[n-1]; last.Index == x.Name && last.Keys[0].separator != "" {
			last.Keys = append(last.Keys, k)
			return
		}
	}
	r.e.Kept = append(r.e.Kept, &KeptKeys{of: r.e, Index: x.Name, Keys: []*Key{k}})
}

// has reports whether the entity's items have an attribute anyway.
func (r *registration) has(a Attr) bool { return r.there(a) != nil || r.e.Plan.Field(a.Name) != nil }

// keepFields adds the fields that are keys of an index themselves.
func (r *registration) keepFields(x *EntityIndex) {
	if len(x.fields) == 0 {
		return
	}
	r.e.Kept = append(r.e.Kept, &KeptKeys{of: r.e, Index: x.Name, there: x.fields})
}

// there returns the key in an attribute that the entity's items have anyway and that is no field, or nil.
func (r *registration) there(a Attr) *Key {
	for _, k := range []*Key{r.e.PK, r.e.SK} {
		if k != nil && k.Attr == a {
			return k
		}
	}
	if a.Name == r.t.Discriminator && a.Name != "" {
		k := newKey(a)
		k.pattern, _ = keys.CompileTemplate([]keys.Segment{{Literal: r.e.TypeValue}})
		return k
	}
	for _, g := range r.e.Kept {
		for _, k := range g.Keys {
			if k.Attr == a {
				return k
			}
		}
	}
	return nil
}

// findAlone finds the attributes that are written in the primary key alone.
func (r *registration) findAlone() error {
	e := r.e
	for _, k := range []*Key{e.PK, e.SK} {
		if k != nil && k.natural {
			e.alone = append(e.alone, k.Attr.Name)
		}
	}
	for _, name := range e.keyonly {
		if !e.readBack(name) {
			return r.errorf(r.fieldName(e.Plan.Field(name)), "keyonly: the field has to be a whole component of the primary key, from which it is read back")
		}
		if !slices.Contains(e.alone, name) {
			e.alone = append(e.alone, name)
		}
		if e.inKey == nil {
			e.inKey = map[string]string{}
		}
		e.inKey[name] = "stands in the key alone"
	}
	if len(e.alone) > 0 && e.Plan.Marshals() {
		return r.errorf("", "%s encodes itself, and would store %q in the key and beside it", e.Type, e.alone[0])
	}
	apart := slices.Clone(e.alone)
	for _, s := range e.sealed {
		apart = append(apart, s.Field.Name)
	}
	if e.encoding = e.Plan; len(apart) > 0 {
		e.encoding = e.Plan.Without(apart...)
	}
	return nil
}

// readBack reports whether an attribute can be read from the primary key.
func (e *Entity) readBack(name string) bool {
	for _, k := range []*Key{e.PK, e.SK} {
		if k != nil && slices.ContainsFunc(k.comps, func(c component) bool { return c.path == name && !c.part && c.shard == nil }) {
			return true
		}
	}
	return false
}

// HeldInKey says of a field that items have no attribute for where it is; "" of any other.
func (e *Entity) HeldInKey(name string) string { return e.inKey[name] }

// Alone reports whether an attribute is written in the primary key alone; keyonly, whether items have none of that name.
func (e *Entity) Alone(name string) (alone, keyonly bool) {
	return slices.Contains(e.alone, name), slices.Contains(e.keyonly, name)
}
