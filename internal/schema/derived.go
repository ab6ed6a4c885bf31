package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
)

// DerivedDecl declares a text that keys are made of, and that a function makes of attributes.
type DerivedDecl struct {
	Name    string
	Sources []string
	Type    reflect.Type // of the items that Of takes
	Of      func(ptr unsafe.Pointer) string
}

// derived is a component that a function makes of attributes, its sources.
type derived struct {
	*DerivedDecl
	sources []*codec.Field
	used    bool
}

// text calls the function. It sees the sources alone: with what else it used, keys would go stale.
func (d *derived) text(ptr unsafe.Pointer) (text string, err error) {
	item := reflect.New(d.Type)
	d.copySources(item.UnsafePointer(), ptr)
	defer func() {
		if r := recover(); r != nil {
			text, err = "", fmt.Errorf("attribute %q: the function that derives it panics: %v", d.Name, r)
		}
	}()
	return d.Of(item.UnsafePointer()), nil
}

func (d *derived) copySources(to, from unsafe.Pointer) {
	for _, f := range d.sources {
		if v, ok := f.Value(from); ok {
			f.Reach(to).Set(v)
		}
	}
}

// component returns the derived text as a component of a key.
func (d *derived) component() component {
	d.used = true
	f := d.sources[0]
	return component{field: f, root: f, path: d.Name, derived: d, part: true, Seg: keys.Segment{Attr: d.Name, Derived: true}}
}

// roots lists the attributes that the component is made of.
func (c *component) roots() []*codec.Field {
	if c.derived != nil {
		return c.derived.sources
	}
	return []*codec.Field{c.root}
}

// findDerived takes over what is declared to be derived.
func (r *registration) findDerived() error {
	r.derived = map[string]*derived{}
	for i := range r.decl.Derived {
		d := &derived{DerivedDecl: &r.decl.Derived[i]}
		d.Sources = slices.Clone(d.Sources)
		what := fmt.Sprintf("Derived(%q)", d.Name)
		switch {
		case d.Name == "" || strings.ContainsAny(d.Name, "{}:"):
			return r.errorf(what, "give it a name without braces and colons")
		case d.Type != r.e.Type:
			return r.errorf(what, "its function takes a *%s, not a *%s", d.Type, r.e.Type)
		case r.e.Plan.Field(d.Name) != nil || r.derived[d.Name] != nil:
			return r.errorf(what, "the name is taken by an attribute or another Derived: give it another")
		case len(d.Sources) == 0 || d.Of == nil:
			return r.errorf(what, "name the attributes that it is made of, and give a function that does it")
		}
		for _, name := range d.Sources {
			f := r.e.Plan.Field(name)
			if f == nil {
				return r.errorf(what, "unknown attribute %q: %s has %s", name, r.e.Type, attrNames(r.e.Plan))
			}
			if s := r.e.SealingOf(f); s != nil {
				return r.errorf(what, "attribute %q %s, and a key shows what is derived from it: derive it from others", name, s.Text())
			}
			d.sources = append(d.sources, f)
		}
		r.derived[d.Name] = d
	}
	return nil
}

// checkDerived refuses what is derived for no key, and what an item of the table may lack although its primary key is made of it.
func (r *registration) checkDerived() error {
	for _, d := range r.decl.Derived {
		if !r.derived[d.Name].used {
			return r.errorf(fmt.Sprintf("Derived(%q)", d.Name), "it is in no key: name it in one, or leave it out")
		}
	}
	if len(r.decl.Derived) == 0 {
		return nil
	}
	var comps []component
	for _, e := range r.e.places() {
		comps = append(comps, e.PK.comps...)
		if e.SK != nil {
			comps = append(comps, e.SK.comps...)
		}
	}
	for _, c := range comps {
		if c.derived == nil {
			continue
		}
		if i := slices.IndexFunc(c.derived.sources, func(f *codec.Field) bool { return f.OmitEmpty }); i >= 0 {
			return r.errorf(r.fieldName(c.derived.sources[i]), "omitempty: the primary key is derived from it, and could not be checked in items without it")
		}
	}
	return nil
}
