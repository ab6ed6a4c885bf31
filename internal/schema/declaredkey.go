package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
)

// keySettings are a keyDecl's parts, sorted out.
type keySettings struct {
	segs      []keys.Segment
	comps     []component
	prefix    *string
	noPrefix  bool
	share     *Entity
	separator string
	shard     *component
	template  bool
}

// compile builds one key of the entity, called what in messages, for attribute a; same finds the
// corresponding key of another.
func (r *registration) compile(what string, spec KeyDecl, a Attr, same func(*Entity) *Key) (*Key, error) {
	s, err := r.settings(spec, what)
	if err != nil {
		return nil, err
	}
	k := newKey(a)
	k.sort, k.comps, k.separator = r.t.sorts(a), s.comps, keys.DefaultSeparator
	if s.separator != "" {
		k.separator = s.separator
	}
	if s.isField(a) {
		return k, r.compileNatural(k, s, what)
	}
	if a.Type != types.ScalarAttributeTypeS {
		return k, r.checkNative(k, s, what)
	}
	if s.template {
		return k, r.compileTemplate(k, s, what)
	}
	var shared *Key
	if s.share != nil {
		if shared, err = r.shared(s, what, same); err != nil {
			return nil, err
		}
		if k.prefix, k.separator = shared.prefix, shared.separator; k.separator == "" {
			return k, r.shareTemplate(k, s, what, shared)
		}
	} else if k.prefix, err = r.prefix(s, k.separator, what, r.lockedKey(what)); err != nil {
		return nil, err
	}
	if k.pattern, err = keys.Compile(k.prefix, k.separator, s.segs); err != nil {
		return nil, r.errorf(what, "%s", err)
	}
	fixed := slices.IndexFunc(s.segs, func(s keys.Segment) bool { return s.Literal == "" })
	k.straight = k.separator == keys.DefaultSeparator && len(s.segs)-max(fixed, 0) == len(s.comps)
	k.findFront()
	if shared != nil && !k.sameShape(shared) {
		return nil, r.errorf(what, "PrefixOf(%s): the components differ: %s is not built like %s", s.share.Name, k.pattern, shared.pattern)
	}
	return k, nil
}

// findFront finds out whether the key is fixed text and then one string of the item itself.
func (k *Key) findFront() {
	if !k.straight || len(k.comps) != 1 {
		return
	}
	if c := &k.comps[0]; c.plain && c.shard == nil && c.inner == nil && c.derived == nil {
		if at, ok := c.field.Offset(); ok {
			k.front, k.offset = `{"S":"`+k.Lead(), at
		}
	}
}

// shared returns the key that a PrefixOf means.
func (r *registration) shared(s keySettings, what string, same func(*Entity) *Key) (*Key, error) {
	if s.share.Table != r.t {
		return nil, r.errorf(what, "PrefixOf(%s): it is registered on table %q, not on %q", s.share.Name, s.share.Table.Name, r.t.Name)
	}
	k := same(s.share)
	if k == nil {
		return nil, r.errorf(what, "PrefixOf(%s): it has no such key", s.share.Name)
	}
	return k, nil
}

func (r *registration) settings(spec KeyDecl, what string) (keySettings, error) {
	var s keySettings
	for _, p := range spec.Parts {
		if err := r.addPart(&s, p, what, spec.Sort); err != nil {
			return s, err
		}
	}
	if len(s.segs) == 0 {
		return s, r.errorf(what, "it names no attribute: name those that it is made of, as in \"id\", or give fixed text with entable.Literal")
	}
	if s.shard != nil {
		s.segs, s.comps = append(s.segs, s.shard.Seg), append(s.comps, *s.shard)
	}
	if s.template && s.share != nil {
		return s, r.errorf(what, "PrefixOf(%s) brings the fixed text: name the attributes in its places instead of a Template", s.share.Name)
	}
	if s.template && len(spec.Parts) > 1 {
		return s, r.errorf(what, "a Template is the whole key: give no other part")
	}
	if len(s.comps) > maxComponents {
		return s, r.errorf(what, "%d components are above the limit of %d", len(s.comps), maxComponents)
	}
	if s.share != nil && (s.prefix != nil || s.noPrefix || s.separator != "") || s.prefix != nil && s.noPrefix {
		return s, r.errorf(what, "give one of Prefix, NoPrefix and PrefixOf (which brings its separator)")
	}
	return s, nil
}

// given returns the name of a setting that has been given already, or "".
func (s *keySettings) given(kind PartKind) string {
	switch {
	case kind == PrefixPart && s.prefix != nil:
		return "Prefix"
	case kind == PrefixOfPart && s.share != nil:
		return "PrefixOf"
	case kind == SeparatorPart && s.separator != "":
		return "Separator"
	case kind == ShardsPart && s.shard != nil:
		return "Shards"
	}
	return ""
}

func (r *registration) addPart(s *keySettings, p Part, what string, sort bool) error {
	switch twice := s.given(p.Kind); {
	case twice != "":
		return r.errorf(what, "%s is given twice", twice)
	case p.Refined != "" && p.Kind != AttrPart:
		return r.errorf(what, "%s: it refines attributes, made by entable.Attr", p.Refined)
	case p.Refined != "" && p.Width == 0 && p.Layout == "":
		return r.errorf(what, "attribute %q: %s says nothing: leave it out, or give digits or a layout", p.Text, p.Refined)
	}
	switch p.Kind {
	case AttrPart:
		return r.addComponent(s, p, what)
	case TemplatePart:
		return r.addTemplate(s, p, what)
	case LiteralPart:
		if p.Text == "" {
			return r.errorf(what, "Literal is empty")
		}
		s.segs = append(s.segs, keys.Segment{Literal: p.Text})
	case PrefixPart:
		if p.Text == "" {
			return r.errorf(what, "Prefix is empty: use entable.NoPrefix()")
		}
		s.prefix = &p.Text
	case NoPrefixPart:
		s.noPrefix = true
	case SeparatorPart:
		if p.Text == "" {
			return r.errorf(what, "Separator is empty: use one ASCII punctuation character")
		}
		s.separator = p.Text
	case PrefixOfPart:
		if s.share = p.Of; s.share == nil {
			return r.errorf(what, "PrefixOf(nil): the entity is not registered yet; declare it before this one")
		}
	case ShardsPart:
		return r.addShards(s, p, what, sort)
	default:
		return r.errorf(what, "a part of type %s: give attribute names, Attr, Literal, or a setting such as Prefix", p.Text)
	}
	return nil
}

func (r *registration) addComponent(s *keySettings, p Part, what string) error {
	c, err := r.component(p.Text, what)
	if err != nil {
		return err
	}
	if c.hash != "" && p.Refined != "" {
		return r.errorf(what, "attribute %q stands in the key as a hash, which has no width or layout", p.Text)
	}
	c.Seg.Width, c.Seg.Layout = p.Width, p.Layout
	s.segs = append(s.segs, c.Seg)
	s.comps = append(s.comps, c)
	return nil
}

func attrNames(p *codec.Plan) string {
	var b strings.Builder
	for i, f := range p.Fields() {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", f.Name)
	}
	return b.String()
}

// checkNative checks a key in an attribute that is a number or binary: one component as it is.
func (r *registration) checkNative(k *Key, s keySettings, what string) error {
	kind := "a number"
	if k.Attr.Type == types.ScalarAttributeTypeB {
		kind = "binary"
	}
	if s.prefix != nil || s.share != nil || s.separator != "" || s.template {
		return r.errorf(what, "attribute %q is %s and cannot have a prefix or template: leave Prefix, PrefixOf, Separator and Template out", k.Attr.Name, kind)
	}
	if len(s.segs) != 1 || len(s.comps) != 1 {
		return r.errorf(what, "attribute %q is %s: give exactly one attribute", k.Attr.Name, kind)
	}
	if p := s.segs[0]; p.Width != 0 || p.Layout != "" {
		return r.errorf(what, "attribute %q is %s and has no width or layout", k.Attr.Name, kind)
	}
	c := s.comps[0]
	if c.derived != nil {
		return r.errorf(what, "attribute %q is %s, and what is derived is a text", k.Attr.Name, kind)
	}
	number := c.Seg.Kind == keys.Int || c.Seg.Kind == keys.Uint || c.Seg.Kind == keys.Float
	if kind == "a number" && !number || kind == "binary" && c.Seg.Kind != keys.Bytes {
		return r.errorf(r.fieldName(c.field), "%s cannot be the key %q, which is %s", c.field.Type, k.Attr.Name, kind)
	}
	return nil
}
