package aggregate

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/entable/entable/internal/schema"
)

// Group is how a struct holds the items of several entities. It is immutable.
type Group struct {
	Name    string
	Members []*schema.Entity // in the order of their fields
	fields  map[*schema.Entity]field
	byType  map[reflect.Type]*schema.Entity
}

// field is where a member's items go.
type field struct {
	index   []int
	slice   bool
	pointer bool
}

// NewGroup finds the fields of a struct that take the items of the members, which share a table.
func NewGroup(typ reflect.Type, members []*schema.Entity) (*Group, error) {
	g := &Group{Name: typ.Name(), fields: map[*schema.Entity]field{}, byType: map[reflect.Type]*schema.Entity{}}
	if g.Name == "" {
		g.Name = typ.String()
	}
	errorf := func(field, format string, args ...any) error {
		return &schema.Fault{Kind: schema.WrongDeclaration, Entity: "collection " + g.Name, Where: field, Reason: fmt.Sprintf(format, args...)}
	}
	if typ.Kind() != reflect.Struct {
		return nil, errorf("", "%s is not a struct", typ)
	}
	if len(members) == 0 {
		return nil, errorf("", "it has no members: give the registered entities")
	}
	for _, e := range members {
		if e == nil {
			return nil, errorf("", "a member is nil: declare the entities before the collection")
		}
		if first := members[0]; e.Table != first.Table {
			return nil, errorf("", "%s is on table %q and %s on %q: members share one table", first.Name, first.Table.Name, e.Name, e.Table.Name)
		}
		if other := g.byType[e.Type]; other != nil && other != e {
			return nil, errorf("", "%s and %s are both of %s: a collection has one member of a type", other.Name, e.Name, e.Type)
		}
		g.byType[e.Type] = e
	}
	if e := g.Apart(members[0], ""); e != nil && !slices.ContainsFunc(members[0].Indexes, func(x *schema.EntityIndex) bool {
		return g.Apart(members[0], x.Name) == nil
	}) {
		return nil, errorf("", "%s does not share the partition of %s: register it with entable.PK(…, entable.PrefixOf(…))", e.Name, members[0].Name)
	}
	for f := range typ.Fields() {
		if !f.IsExported() || f.Tag.Get("entable") == "-" {
			continue
		}
		to, item := fieldFor(f)
		e := g.byType[item]
		if e == nil {
			return nil, errorf("field "+f.Name, "%s takes the items of no member: use []T, []*T or *T of a member, or the tag `entable:\"-\"`", f.Type)
		}
		if g.Has(e) {
			return nil, errorf("field "+f.Name, "another field takes the items of %s", e.Name)
		}
		g.fields[e], g.Members = to, append(g.Members, e)
	}
	for _, e := range members {
		if !g.Has(e) {
			return nil, errorf("", "it has no field for the items of %s: add one of type []%s", e.Name, e.Type)
		}
	}
	return g, nil
}

// Refuse returns the fault of a call that cannot be carried out as written.
func (g *Group) Refuse(format string, args ...any) error {
	return &schema.Fault{Kind: schema.WrongUse, Reason: "collection " + g.Name + ": " + fmt.Sprintf(format, args...)}
}

// Has reports whether an entity is a member.
func (g *Group) Has(e *schema.Entity) bool {
	_, ok := g.fields[e]
	return ok
}

// Apart returns the first of the members, by name, that does not share the partitions of e in an index, or, for "", in the
// table.
func (g *Group) Apart(e *schema.Entity, index string) *schema.Entity {
	var out *schema.Entity
	for _, m := range g.byType {
		if !m.SharesPartitions(e, index) && (out == nil || m.Name < out.Name) {
			out = m
		}
	}
	return out
}

// fieldFor finds how a field takes items, and of which type.
func fieldFor(f reflect.StructField) (field, reflect.Type) {
	to, t := field{index: f.Index}, f.Type
	if t.Kind() == reflect.Slice {
		to.slice, t = true, t.Elem()
	}
	if t.Kind() == reflect.Pointer {
		to.pointer, t = true, t.Elem()
	}
	if !to.slice && !to.pointer {
		return to, nil
	}
	return to, t
}

// Add adds an item, a pointer to the type of a member, to the struct.
func (g *Group) Add(group reflect.Value, item any) error {
	v := reflect.ValueOf(item)
	e := g.byType[v.Type().Elem()]
	to := g.fields[e]
	if !to.pointer {
		v = v.Elem()
	}
	f := group.FieldByIndex(to.index)
	switch {
	case to.slice:
		f.Set(reflect.Append(f, v))
	case !f.IsNil():
		return g.Refuse("the partition holds several items of %s: make the field a []%s", e.Name, e.Type)
	default:
		f.Set(v)
	}
	return nil
}

// each gives the items of the struct, in the order of its fields, as they stand there: as values, or as pointers.
func (g *Group) each(group reflect.Value, yield func(*schema.Entity, reflect.Value)) {
	for _, e := range g.Members {
		to := g.fields[e]
		f := group.FieldByIndex(to.index)
		if !to.slice {
			yield(e, f)
			continue
		}
		for i := range f.Len() {
			yield(e, f.Index(i))
		}
	}
}

// Items lists the items of the struct, a pointer to which is given; nil has none, and neither have pointers in it that are nil.
func (g *Group) Items(group any) (list []Item) {
	v := reflect.ValueOf(group)
	if v.IsNil() {
		return nil
	}
	g.each(v.Elem(), func(e *schema.Entity, at reflect.Value) {
		switch {
		case at.Kind() != reflect.Pointer:
			list = append(list, Item{e, at.Addr().UnsafePointer()})
		case !at.IsNil():
			list = append(list, Item{e, at.UnsafePointer()})
		}
	})
	return list
}

// Separate puts deep copies in the place of the items of the struct, a pointer to which is given.
func (g *Group) Separate(group any) {
	v := reflect.ValueOf(group).Elem()
	for _, to := range g.fields {
		if f := v.FieldByIndex(to.index); to.slice && !f.IsNil() {
			own := reflect.MakeSlice(f.Type(), f.Len(), f.Len())
			reflect.Copy(own, f)
			f.Set(own)
		}
	}
	g.each(v, func(e *schema.Entity, at reflect.Value) {
		switch {
		case at.Kind() != reflect.Pointer:
			_, copied := e.DeepClone(at.Addr().UnsafePointer())
			e.Assign(at.Addr().UnsafePointer(), copied)
		case !at.IsNil():
			copied, _ := e.DeepClone(at.UnsafePointer())
			at.Set(reflect.ValueOf(copied))
		}
	})
}
