package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/oklog/ulid/v2"
	"github.com/segmentio/ksuid"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
)

// textWidths are the types whose texts all have one length, by which a template cuts them.
var textWidths = map[reflect.Type]int{
	reflect.TypeFor[uuid.UUID]():   36,
	reflect.TypeFor[ulid.ULID]():   26,
	reflect.TypeFor[ksuid.KSUID](): 27,
}

// addTemplate adds the fixed texts and components of a template.
func (r *registration) addTemplate(s *keySettings, p Part, what string) error {
	segments, err := keys.ParseTemplate(p.Text)
	if err != nil {
		return r.errorf(what, "%s", err)
	}
	s.template = true
	tail := false
	for i, seg := range segments {
		tail = tail || seg.Tail && i > 0
		if seg.Attr != "" {
			c, err := r.component(seg.Attr, what)
			if err != nil {
				return err
			}
			c.tail, c.Seg.Tail, c.Seg.Format = tail, seg.Tail, seg.Format
			switch {
			case c.derived != nil:
			case c.hash != "" && seg.Format != "":
				return r.errorf(what, "attribute %q stands in the key as a hash, which has no format", seg.Attr)
			case c.hash != "":
				c.Seg.Width = hashWidth
			case c.Seg.Kind == keys.Text:
				c.Seg.Width = textWidths[c.field.Type]
			case seg.Format == "":
				c.Seg.Width = 2 * c.Seg.Size
			}
			s.comps = append(s.comps, c)
			seg = c.Seg
		}
		s.segs = append(s.segs, seg)
	}
	return nil
}

// compileTemplate makes a key of a template.
func (r *registration) compileTemplate(k *Key, s keySettings, what string) (err error) {
	if k.pattern, err = keys.CompileTemplate(s.segs); err != nil {
		return r.errorf(what, "%s", err)
	}
	k.separator = ""
	if k.sparse = s.segs[0].Tail; k.sparse && (k.Attr == r.t.PK || k.Attr == r.t.SK) {
		return r.errorf(what, "the whole key is in brackets, but no item is without it: only a key of an index can be missing")
	}
	for i := range k.comps {
		k.comps[i].part = k.comps[i].part || k.pattern.Part(i)
	}
	apart, _ := keys.Apart([]*keys.Pattern{k.pattern}, []*keys.Pattern{anySentinel})
	k.guarded = what == partitionKey && (!apart || k.pattern.Match(StoredManifestKey))
	return nil
}

// shareTemplate makes a key of the attributes that stand in the places of another's template: equal values give equal keys.
func (r *registration) shareTemplate(k *Key, s keySettings, what string, shared *Key) error {
	plain := func(seg keys.Segment) bool { return seg.Literal == "" && seg.Width == 0 && seg.Layout == "" }
	if len(s.segs) != len(shared.comps) || slices.ContainsFunc(s.segs, func(seg keys.Segment) bool { return !plain(seg) }) || s.shard != nil {
		return r.errorf(what, "PrefixOf(%s): its key is the template %s: give just the names of the attributes in its places, of which there are %d",
			s.share.Name, shared.manifest(), len(shared.comps))
	}
	s.segs = nil
	next, tail := 0, false
	for i, seg := range shared.pattern.Segments() {
		tail = tail || seg.Tail && i > 0
		if seg.Literal == "" {
			c := &k.comps[next]
			if c.Seg.Kind != seg.Kind {
				return r.errorf(what, "PrefixOf(%s): attribute %q is %s and cannot stand in the place of %q, which is %s", s.share.Name, c.path, c.Seg.Kind, seg.Attr, seg.Kind)
			}
			c.Seg.Format, c.Seg.Width, c.Seg.Tail, c.tail = seg.Format, seg.Width, seg.Tail, tail
			if c.Seg.Kind == keys.Bytes && seg.Format == "" {
				c.Seg.Width = 2 * c.Seg.Size
			}
			seg = c.Seg
			next++
		}
		s.segs = append(s.segs, seg)
	}
	if err := r.compileTemplate(k, s, what); err != nil {
		return err
	}
	if !k.sameShape(shared) {
		return r.errorf(what, "PrefixOf(%s): the components differ: %s is not built like %s", s.share.Name, k.pattern, shared.pattern)
	}
	return nil
}

// component returns the component of an attribute, of a field inside one whose path has dots, or of what is derived.
func (r *registration) component(path, what string) (component, error) {
	if d := r.derived[path]; d != nil {
		return d.component(), r.checkSources(d, what)
	}
	root := r.e.Plan.Field(path)
	var inner []*codec.Field
	if root == nil {
		names := strings.Split(path, ".")
		if root = r.e.Plan.Field(names[0]); root == nil {
			return component{}, r.errorf(what, "unknown attribute %q: %s has %s", path, r.e.Type, attrNames(r.e.Plan))
		}
		var err error
		if inner, err = innerFields(root, names[1:]); err != nil {
			return component{}, r.errorf(what, "attribute %q: %s", path, err)
		}
	}
	leaf := root
	if len(inner) > 0 {
		leaf = inner[len(inner)-1]
	}
	c, err := componentOf(leaf)
	if err != nil {
		return c, r.errorf(r.fieldName(root), "%s", err)
	}
	c.root, c.inner, c.path, c.Seg.Attr, c.plain = root, inner, path, path, c.plain && inner == nil
	return c, r.sealComponent(&c, what)
}

// innerFields returns the fields on the way from a struct down along names.
func innerFields(root *codec.Field, names []string) (fields []*codec.Field, err error) {
	at := root
	for _, name := range names {
		t := at.Type
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || t == TimeType || root.Encoding.Opaque(t) || reflect.PointerTo(t).Implements(avMarshalerType) {
			return nil, fmt.Errorf("%q is not stored as a map of fields", at.Name)
		}
		plan, err := root.Encoding.PlanOf(t)
		if err != nil {
			return nil, err
		}
		if at = plan.Field(name); at == nil {
			return nil, fmt.Errorf("%s has no attribute %q but %s", t, name, attrNames(plan))
		}
		fields = append(fields, at)
	}
	return fields, nil
}

func innerNames(c *component) (names []string) {
	for _, f := range c.inner {
		names = append(names, f.Name)
	}
	return names
}

// onlyParts returns an attribute of a primary key that is made of parts of attributes alone; "" if it is not.
func (e *Entity) onlyParts() (path string) {
	for _, k := range [...]*Key{e.PK, e.SK} {
		if k == nil {
			continue
		}
		for i := range k.comps {
			if !k.comps[i].part {
				return ""
			}
			path = k.comps[i].path
		}
	}
	return path
}

// InKey reports whether a path, by its names, is that of a part of the primary key, in one, or around one.
func (e *Entity) InKey(path []string) bool {
	for _, p := range e.keyPaths {
		n := min(len(p), len(path))
		if slices.Equal(p[:n], path[:n]) {
			return true
		}
	}
	return false
}
