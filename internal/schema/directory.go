package schema

import (
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Directory finds the entity of a type, a discriminator or a key, in constant time.
type Directory struct {
	All    []*Entity // in the order of registration
	byType map[reflect.Type][]*Entity
	byName map[string][]*Entity // by discriminators; several have one where their keys tell them apart
	// byLead finds candidates by the first parts of both keys, as far as they are fixed.
	byLead map[[2]string][]*Entity
	doubt  bool // some entities are only said to be apart
	Moved  bool // items of some entities may be at two places
}

func (t *Table) Directory() *Directory {
	if d := t.reg.found.Load(); d != nil {
		return d
	}
	t.reg.mu.Lock()
	defer t.reg.mu.Unlock()
	d := &Directory{
		All:    slices.Clone(t.reg.entities),
		byType: map[reflect.Type][]*Entity{},
		byName: map[string][]*Entity{},
		byLead: map[[2]string][]*Entity{},
	}
	for _, e := range t.reg.entities {
		d.byType[e.Type] = append(d.byType[e.Type], e)
		for _, name := range e.Names() {
			d.byName[name] = append(d.byName[name], e)
		}
		for _, place := range e.places() {
			lead := place.leads()
			d.byLead[lead] = append(d.byLead[lead], place)
		}
		d.Moved = d.Moved || e.Other != nil
		d.doubt = d.doubt || len(e.distinct) > 0
	}
	t.reg.found.Store(d)
	return d
}

// leads returns the first parts of both keys, as far as they are fixed.
func (e *Entity) leads() (lead [2]string) {
	for i, k := range []*Key{e.PK, e.SK} {
		if k == nil {
			continue
		}
		lead[i] = firstPart(k.Lead())
		if len(k.comps) > 0 && !endsPart(lead[i]) { // its keys may go on with the same part
			lead[i] = ""
		}
	}
	return lead
}

// firstPart returns text up to and with its first character that is no letter and no digit, or all of it.
func firstPart(text string) string {
	for i := range len(text) {
		if endsPart(text[:i+1]) {
			return text[:i+1]
		}
	}
	return text
}

// endsPart reports whether the last character of a part ends it.
func endsPart(part string) bool {
	if part == "" {
		return false
	}
	c := part[len(part)-1]
	return c < utf8.RuneSelf && !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z')
}

// byKey finds the entity whose keys pk and sk can be, or nil. The proof of registration makes it the
// only one; where that is only said of entities, a key that is of two is of none.
func (d *Directory) byKey(pk, sk string) *Entity {
	var found *Entity
	for _, p := range [...]string{firstPart(pk), ""} {
		for _, s := range [...]string{firstPart(sk), ""} {
			for _, e := range d.byLead[[2]string{p, s}] {
				fits := e.hasKey(pk, sk)
				switch e = e.itself(); {
				case !fits:
				case found != nil && found != e: // e comes again where the key's first part is empty
					return nil
				case !d.doubt:
					return e
				default:
					found = e
				}
			}
		}
	}
	return found
}

// named finds the entity of a discriminator, or nil. Of several it is the one whose keys these can be.
func (d *Directory) named(typ, pk, sk string) *Entity {
	list := d.byName[typ]
	if len(list) == 0 {
		return nil
	}
	for _, e := range list[:len(list)-1] {
		if e.canHaveKey(pk, sk) {
			return e
		}
	}
	return list[len(list)-1]
}

// ExampleOf finds the entity of an example, which is a registered struct or a pointer to one, and where its fields are. Its type may
// be registered as others, too: so the entity is given where it is known, and else those that it should be of, or nil, and what to do
// where there are several.
func (t *Table) ExampleOf(of *Entity, among map[*Entity]bool, cure string, example any) (*Entity, unsafe.Pointer, error) {
	v := reflect.ValueOf(example)
	if v.Kind() == reflect.Pointer && v.IsNil() || !v.IsValid() {
		return nil, nil, misuse("table %q: the example is nil: give a registered struct with its key fields set", t.Name)
	}
	if v.Kind() != reflect.Pointer {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		v = p
	}
	if of != nil {
		return of, v.UnsafePointer(), nil
	}
	list := t.Directory().byType[v.Type().Elem()]
	if slices.ContainsFunc(list, func(e *Entity) bool { return among[e] }) {
		list = slices.DeleteFunc(slices.Clone(list), func(e *Entity) bool { return !among[e] })
	}
	switch len(list) {
	case 0:
		return nil, nil, misuse("table %q: %s is not registered on it", t.Name, v.Type().Elem())
	case 1:
		return list[0], v.UnsafePointer(), nil
	default:
		names := make([]string, len(list))
		for i, e := range list {
			names[i] = e.Name
		}
		return nil, nil, misuse("table %q: %s is registered on it as %s: %s", t.Name, v.Type().Elem(), strings.Join(names, " and as "), cure)
	}
}

// NamesOf lists the names of entities, in order.
func NamesOf(members map[*Entity]bool) []string {
	var names []string
	for e := range members {
		names = append(names, e.Name)
	}
	slices.Sort(names)
	return names
}
