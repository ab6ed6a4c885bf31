package expr

import (
	"strings"
	"unicode/utf16"

	"github.com/entable/entable/internal/engine/value"
)

// Condition is a parsed condition or filter: immutable, safe for concurrent use.
type Condition struct {
	heads
	root condition
}

// ParseCondition parses the text of the parameter of that name, ConditionExpression or FilterExpression.
func ParseCondition(parameter, text string, p *Params) (*Condition, error) {
	name := param(parameter)
	root, err := conditionTree(name, text)
	if err != nil {
		return nil, err
	}
	c := checker{param: name, params: p}
	cond, err := c.condition(root)
	if err == nil {
		err = c.count()
	}
	if err != nil {
		return nil, err
	}
	return &Condition{c.heads, cond}, nil
}

// conditionTree parses a condition as far as that goes without placeholders.
func conditionTree(name param, text string) (*node, error) {
	ps, err := newParser(name, text)
	if err != nil {
		return nil, err
	}
	root := ps.or(false)
	if err := ps.finish(); err != nil {
		return nil, err
	}
	return root, shape{param: name}.condition(root)
}

// Eval says whether the item meets the condition. Whatever the item holds, the answer is yes or no; Eval never
// fails, and does not allocate.
func (c *Condition) Eval(item value.Item) bool { return c.root.holds(item) }

// condition is a node of a condition in its final form. In all of them, an operand that the item lacks, or that
// is of a kind the operator has no use for, makes the answer no; only <>, NOT and attribute_not_exists can make that a yes.
type condition interface {
	holds(item value.Item) bool
}

type (
	conjunction struct{ a, b condition }
	disjunction struct{ a, b condition }
	negation    struct{ a condition }
	comparison  struct {
		op   compareOp
		a, b *operand
	}
	interval   struct{ a, low, high *operand }
	membership struct{ args []*operand } // the first among the others
	existence  struct {
		path path
		want bool
	}
	kindTest struct {
		a    *operand
		want value.Kind
	}
	prefixTest  struct{ a, prefix *operand }
	containment struct{ a, elem *operand }
)

type compareOp uint8

const (
	opEqual compareOp = iota
	opNotEqual
	opLess
	opLessOrEqual
	opGreater
	opGreaterOrEqual
)

var compareOps = map[string]compareOp{
	"=": opEqual, "<>": opNotEqual, "<": opLess, "<=": opLessOrEqual, ">": opGreater, ">=": opGreaterOrEqual,
}

func (c *conjunction) holds(it value.Item) bool { return c.a.holds(it) && c.b.holds(it) }
func (c *disjunction) holds(it value.Item) bool { return c.a.holds(it) || c.b.holds(it) }
func (c *negation) holds(it value.Item) bool    { return !c.a.holds(it) }

func (c *existence) holds(it value.Item) bool {
	_, ok := lookup(it, c.path)
	return ok == c.want
}

func (c *kindTest) holds(it value.Item) bool { return c.a.eval(it).Kind() == c.want }

func (c *comparison) holds(it value.Item) bool {
	a, b := c.a.eval(it), c.b.eval(it)
	switch c.op {
	case opEqual:
		return a == b && !a.IsNone()
	case opNotEqual:
		return a != b || a.IsNone()
	}
	return compare(c.op, a, b)
}

// compare answers the four ordered comparisons. Only strings, numbers and binaries have an order.
func compare(op compareOp, a, b value.Value) bool {
	if !a.Kind().IsKey() {
		return false
	}
	order, ok := value.Compare(a, b)
	if !ok {
		return false
	}
	switch op {
	case opLess:
		return order < 0
	case opLessOrEqual:
		return order <= 0
	case opGreater:
		return order > 0
	}
	return order >= 0
}

func (c *interval) holds(it value.Item) bool {
	a := c.a.eval(it)
	return compare(opGreaterOrEqual, a, c.low.eval(it)) && compare(opLessOrEqual, a, c.high.eval(it))
}

func (c *membership) holds(it value.Item) bool {
	a := c.args[0].eval(it)
	if a.IsNone() {
		return false
	}
	for _, e := range c.args[1:] {
		if e.eval(it) == a {
			return true
		}
	}
	return false
}

func (c *prefixTest) holds(it value.Item) bool {
	a, p := c.a.eval(it), c.prefix.eval(it)
	return a.Kind() == p.Kind() && prefixKinds.has(a.Kind()) && strings.HasPrefix(a.Str(), p.Str())
}

func (c *containment) holds(it value.Item) bool {
	a, e := c.a.eval(it), c.elem.eval(it)
	if prefixKinds.has(a.Kind()) {
		return a.Kind() == e.Kind() && strings.Contains(a.Str(), e.Str())
	}
	return a.Contains(e)
}

// eval gives the operand's value in the item, None if there is none. It serves conditions; updates have
// operands that can fail (apply.go).
func (o *operand) eval(it value.Item) value.Value {
	switch o.from {
	case fromValue:
		return o.value
	case fromPath:
		v, _ := lookup(it, o.path)
		return v
	}
	return sizeOf(o.args[0].eval(it))
}

// sizeOf returns what the size function gives: UTF-16 units of strings, bytes of binaries, elements of everything else, None
// for kinds that have no size.
func sizeOf(v value.Value) value.Value {
	switch {
	case v.Kind() == value.S:
		n := 0
		for _, r := range v.Str() {
			n += utf16.RuneLen(r)
		}
		return value.Int(int64(n))
	case v.Kind() == value.B:
		return value.Int(int64(len(v.Str())))
	case sizeKinds.has(v.Kind()):
		return value.Int(int64(v.Len()))
	}
	return value.Value{}
}

// lookup follows a path into an item.
func lookup(it value.Item, p path) (value.Value, bool) {
	v, ok := it.Get(p[0].name)
	for _, s := range p[1:] {
		if !ok {
			break
		}
		switch {
		case s.name == "":
			v, ok = v.Index(s.index)
		case v.Kind() == value.M:
			v, ok = v.Item().Get(s.name)
		default:
			v, ok = value.Value{}, false
		}
	}
	return v, ok
}
