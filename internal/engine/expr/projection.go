package expr

import (
	"github.com/entable/entable/internal/engine/value"
)

// Projection is a parsed ProjectionExpression: immutable, safe for concurrent use.
type Projection struct {
	heads
	root *tree
}

const projectionParam param = "ProjectionExpression"

// ParseProjection parses a ProjectionExpression.
func ParseProjection(text string, p *Params) (*Projection, error) {
	ps, err := newParser(projectionParam, text)
	if err != nil {
		return nil, err
	}
	list := ps.paths()
	if err := ps.finish(); err != nil {
		return nil, err
	}
	if err := (shape{param: projectionParam}).operands(list); err != nil {
		return nil, err
	}
	c := checker{param: projectionParam, params: p}
	root, _, err := growTree(projectionParam, len(list), func(i int) (path, error) { return c.path(list[i]) })
	if err != nil {
		return nil, err
	}
	return &Projection{c.heads, root}, nil
}

// Apply gives the parts of the item that the projection names. Lists are compacted: a projection of l[3] and l[5]
// gives a list of at most two elements. A list or map that nothing is left of is dropped.
func (p *Projection) Apply(item value.Item) value.Item { return p.root.pick(item) }

func (t *tree) pick(item value.Item) value.Item {
	var b value.Builder
	for _, br := range t.branches {
		if v, ok := item.Get(br.name); ok {
			if v, ok = br.sub.part(v); ok {
				b.Set(br.name, v)
			}
		}
	}
	return b.Item()
}

// part gives what the tree's paths reach in v.
func (t *tree) part(v value.Value) (value.Value, bool) {
	switch {
	case t.leaf >= 0:
		return v, true
	case t.branches[0].name != "":
		if v.Kind() != value.M {
			return v, false
		}
		it := t.pick(v.Item())
		return value.Map(it), !it.IsEmpty()
	}
	var elems []value.Value
	for _, br := range t.branches {
		if e, ok := v.Index(br.index); ok {
			if e, ok = br.sub.part(e); ok {
				elems = append(elems, e)
			}
		}
	}
	return value.List(elems...), len(elems) > 0
}
