package schema

import (
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// Directory finds the entity of a type, a discriminator or a key, in constant time.
type Directory struct {
	ByType map[reflect.Type]*Entity
	byName map[string]*Entity
	// byLead finds candidates by the first segments of both keys, as far as they are fixed.
	byLead     map[[2]string][]*Entity
	separators string
}

func (t *Table) Directory() *Directory {
	if d := t.reg.found.Load(); d != nil {
		return d
	}
	t.reg.mu.Lock()
	defer t.reg.mu.Unlock()
	d := &Directory{
		ByType: map[reflect.Type]*Entity{},
		byName: map[string]*Entity{},
		byLead: map[[2]string][]*Entity{},
	}
	for _, e := range t.reg.entities {
		d.ByType[e.Type] = e
		for _, name := range e.Names() {
			d.byName[name] = e
		}
		var lead [2]string
		for i, k := range []*Key{e.PK, e.SK} {
			if k == nil {
				continue
			}
			lead[i] = firstSegment(k.Lead(), k.separator)
			if !strings.Contains(d.separators, k.separator) {
				d.separators += k.separator
			}
		}
		d.byLead[lead] = append(d.byLead[lead], e)
	}
	t.reg.found.Store(d)
	return d
}

// firstSegment returns text up to and with the first separator, or all of it.
func firstSegment(text, separators string) string {
	if i := strings.IndexAny(text, separators); i >= 0 {
		return text[:i+1]
	}
	return text
}

// byKey finds the entity whose keys pk and sk can be, or nil. The proof of registration makes it the
// only one.
func (d *Directory) byKey(pk, sk string) *Entity {
	pkLeads, skLeads := d.leads(pk), d.leads(sk)
	for _, p := range pkLeads {
		for _, s := range skLeads {
			for _, e := range d.byLead[[2]string{p, s}] {
				if e.PK.matches(pk) && (e.SK == nil || e.SK.matches(sk)) {
					return e
				}
			}
		}
	}
	return nil
}

// leads returns the first segments that text has under each separator of the table, and "" for keys
// without fixed text.
func (d *Directory) leads(text string) []string {
	leads := make([]string, 0, 4)
	for i := range len(d.separators) {
		if s := firstSegment(text, d.separators[i:i+1]); !slices.Contains(leads, s) {
			leads = append(leads, s)
		}
	}
	return append(leads, "")
}

// ExampleOf finds the entity of an example, which is a registered struct or a pointer to one, and
// where its fields are.
func (t *Table) ExampleOf(example any) (*Entity, unsafe.Pointer, error) {
	v := reflect.ValueOf(example)
	if v.Kind() == reflect.Pointer && v.IsNil() || !v.IsValid() {
		return nil, nil, misuse("table %q: the example is nil: give a registered struct with its key fields set", t.Name)
	}
	if v.Kind() != reflect.Pointer {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		v = p
	}
	e := t.Directory().ByType[v.Type().Elem()]
	if e == nil {
		return nil, nil, misuse("table %q: %s is not registered on it", t.Name, v.Type().Elem())
	}
	return e, v.UnsafePointer(), nil
}
