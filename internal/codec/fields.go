package codec

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// attribute is a struct field that is stored, found directly in a struct or in those that it embeds.
type attribute struct {
	name   string
	tagged bool // the name comes from the tag
	opts   options
	field  reflect.StructField
	index  []int
	steps  []step // how to get from the outer struct to the struct that has the field
}

// step goes to an embedded struct at an offset, or, if elem is set, to what the pointer there points to.
type step struct {
	offset uintptr
	elem   reflect.Type
}

// attributesOf returns the attributes of a struct in the order of declaration. As with encoding/json and attributevalue,
// the fields of embedded structs count as the outer struct's own unless the embedding has a name in its tag. Of fields with
// one name the least deep wins, among these one whose name is tagged; if there are several, none counts.
//
// Two fields of one struct with the same name in their tags would both be lost by the last rule: that is an error.
func attributesOf(t reflect.Type) ([]attribute, error) {
	all, err := collect(t)
	if err != nil {
		return nil, err
	}
	byName := make(map[string][]int, len(all))
	for i := range all {
		byName[all[i].name] = append(byName[all[i].name], i)
	}
	if len(byName) == len(all) {
		slices.SortFunc(all, func(a, b attribute) int { return slices.Compare(a.index, b.index) })
		return all, nil
	}
	var visible []attribute
	for _, a := range all {
		var same []attribute
		for _, i := range byName[a.name] {
			same = append(same, all[i])
		}
		if w := winner(same); w != nil && slices.Equal(w.index, a.index) {
			visible = append(visible, a)
		} else if twin := sibling(same, a); twin != nil {
			return nil, fmt.Errorf("fields %s.%s and %s.%s are both attribute %q; rename one in its tag", t, a.field.Name, t, twin.field.Name, a.name)
		}
	}
	slices.SortFunc(visible, func(a, b attribute) int { return slices.Compare(a.index, b.index) })
	return slices.CompactFunc(visible, func(a, b attribute) bool { return slices.Equal(a.index, b.index) }), nil
}

// collect walks the embedded structs level by level. A type that is embedded twice on one level is listed twice, so that its
// fields hide each other; deeper ones of a type seen before are hidden anyway.
func collect(t reflect.Type) ([]attribute, error) {
	type embedded struct {
		typ   reflect.Type
		index []int
		steps []step
		twice bool
	}
	all := make([]attribute, 0, t.NumField())
	visited := make(map[reflect.Type]bool)
	level := []embedded{{typ: t}}
	for len(level) > 0 {
		var next []embedded
		for _, s := range level {
			if visited[s.typ] {
				continue
			}
			visited[s.typ] = true
			for i := range s.typ.NumField() {
				f := s.typ.Field(i)
				inner, isStruct := embeddedStruct(f)
				if !f.IsExported() && !isStruct {
					continue
				}
				name, o, ok, err := parseTag(s.typ, f)
				if err != nil {
					return nil, err
				}
				if !ok {
					continue
				}
				index := append(slices.Clip(s.index), i)
				if isStruct && name == "" {
					if j := slices.IndexFunc(next, func(e embedded) bool { return e.typ == inner }); j >= 0 {
						next[j].twice = true
						continue
					}
					st := step{offset: f.Offset}
					if f.Type.Kind() == reflect.Pointer {
						st.elem = inner
					}
					next = append(next, embedded{typ: inner, index: index, steps: append(slices.Clip(s.steps), st)})
					continue
				}
				a := attribute{name: cmp.Or(name, f.Name), tagged: name != "", opts: o, field: f, index: index, steps: s.steps}
				all = append(all, a)
				if s.twice {
					all = append(all, a)
				}
			}
		}
		level = next
	}
	return all, nil
}

// StoredName returns the name under which a field is stored, its own if it is not, and whether its fields are the outer struct's
// instead.
func StoredName(f reflect.StructField) (name string, embedded bool) {
	name, _, _ = strings.Cut(f.Tag.Get(tagKey), ",")
	_, isStruct := embeddedStruct(f)
	if name == "" || name == "-" {
		return f.Name, isStruct && name == ""
	}
	return name, false
}

// embeddedStruct returns the struct that an embedded field is or points to.
func embeddedStruct(f reflect.StructField) (reflect.Type, bool) {
	t := f.Type
	if t.Name() == "" && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t, f.Anonymous && t.Kind() == reflect.Struct
}

// winner returns the attribute that counts among those of one name, or nil.
func winner(same []attribute) *attribute {
	depth := len(slices.MinFunc(same, func(a, b attribute) int { return cmp.Compare(len(a.index), len(b.index)) }).index)
	var first, tagged *attribute
	plain := 0
	for i := range same {
		switch a := &same[i]; {
		case len(a.index) > depth:
		case a.tagged && tagged != nil:
			return nil
		case a.tagged:
			tagged = a
		default:
			first = a
			plain++
		}
	}
	if tagged != nil {
		return tagged
	}
	if plain > 1 {
		return nil
	}
	return first
}

// sibling returns another attribute of the outermost struct itself with the name of a.
func sibling(same []attribute, a attribute) *attribute {
	for i := range same {
		if b := &same[i]; len(a.index) == 1 && len(b.index) == 1 && b.index[0] != a.index[0] && a.tagged && b.tagged {
			return b
		}
	}
	return nil
}
