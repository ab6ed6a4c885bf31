package expr

import (
	"slices"
	"strconv"
	"strings"

	"github.com/entable/entable/internal/engine/value"
)

// checker resolves placeholders and checks operands, from left to right and from inside out, while
// it turns the syntax tree into its final form.
type checker struct {
	param     param
	params    *Params
	heads     heads
	operators int
}

// operandKind says how an operand gets its value.
type operandKind uint8

const (
	fromPath operandKind = iota
	fromValue
	fromSize        // size(args[0])
	fromIfNotExists // if_not_exists(args[0], args[1])
	fromListAppend  // list_append(args[0], args[1])
	fromSum         // args[0] + args[1]
	fromDifference  // args[0] - args[1]
)

// operand is a resolved operand. known is the kind of its value if that does not depend on the item.
type operand struct {
	from  operandKind
	known value.Kind
	path  path
	value value.Value
	args  []*operand
}

// isPath serves rules that are about document paths only.
func (o *operand) isPath() bool { return o.from == fromPath }

func (c *checker) refuse(msg string) error { return c.param.refuse(msg) }

// path resolves the names of a path.
func (c *checker) path(n *node) (path, error) {
	p := make(path, len(n.steps))
	for i, s := range n.steps {
		switch s.kind {
		case tokNumber:
			p[i].index, _ = strconv.Atoi(s.text) // in range: shape.path
		case tokHash:
			name, ok := c.params.name(s.text)
			if !ok {
				return nil, c.refuse("An expression attribute name used in the document path is not defined; attribute name: " + s.text)
			}
			p[i].name = name
		default:
			p[i].name = s.text
		}
	}
	if len(p) > maxDepth {
		return nil, c.refuse("The document path has too many nesting levels; nesting levels: " + strconv.Itoa(len(p)))
	}
	c.heads.add(p)
	return p, nil
}

func (c *checker) operand(n *node) (*operand, error) {
	switch n.kind {
	case nodePath:
		p, err := c.path(n)
		return &operand{from: fromPath, path: p}, err
	case nodeValue:
		v, ok := c.params.value(n.text)
		if !ok {
			return nil, c.refuse("An expression attribute value used in expression is not defined; attribute value: " + n.text)
		}
		return &operand{from: fromValue, known: v.Kind(), value: v}, nil
	case nodeArith:
		return c.arithmetic(n)
	}
	return c.call(n)
}

func (c *checker) operands(list []*node) ([]*operand, error) {
	out := make([]*operand, len(list))
	for i, n := range list {
		var err error
		if out[i], err = c.operand(n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// call resolves a function that is an operand.
func (c *checker) call(n *node) (*operand, error) {
	args, err := c.callArgs(n)
	if err != nil {
		return nil, err
	}
	o := &operand{args: args}
	switch n.text {
	case "size":
		o.from, o.known = fromSize, value.N
		err = c.known(n, args, sizeKinds)
	case "if_not_exists":
		o.from = fromIfNotExists
		if err = c.distinct(n, args); err == nil {
			err = c.wantPath(n, args[0])
		}
	case "list_append":
		o.from, o.known = fromListAppend, value.L
		err = c.known(n, args, listKinds)
	}
	return o, err
}

// callArgs resolves the arguments of a function and counts them.
func (c *checker) callArgs(n *node) ([]*operand, error) {
	c.operators++
	args, err := c.operands(n.args)
	switch {
	case err != nil:
		return nil, err
	case len(args) != functions[n.text].args:
		return nil, c.refuse("Incorrect number of operands for operator or function; operator or function: " + n.text +
			", number of operands: " + strconv.Itoa(len(args)))
	}
	return args, nil
}

func (c *checker) arithmetic(n *node) (*operand, error) {
	c.operators++
	args, err := c.operands(n.args)
	if err == nil {
		err = c.known(n, args, numberKinds)
	}
	from := fromSum
	if n.text == "-" {
		from = fromDifference
	}
	return &operand{from: from, known: value.N, args: args}, err
}

// kindSet is a set of kinds.
type kindSet uint16

func kinds(list ...value.Kind) kindSet {
	s := kindSet(0)
	for _, k := range list {
		s |= 1 << k
	}
	return s
}

var (
	numberKinds  = kinds(value.N)
	listKinds    = kinds(value.L)
	stringKinds  = kinds(value.S)
	orderedKinds = kinds(value.S, value.N, value.B)
	prefixKinds  = kinds(value.S, value.B)
	sizeKinds    = kinds(value.S, value.B, value.SS, value.NS, value.BS, value.L, value.M)
	addKinds     = kinds(value.N, value.SS, value.NS, value.BS)
	deleteKinds  = kinds(value.SS, value.NS, value.BS)
)

func (s kindSet) has(k value.Kind) bool { return s&(1<<k) != 0 }

// known checks those operands whose kind is known without an item.
func (c *checker) known(n *node, args []*operand, allowed kindSet) error {
	for _, a := range args {
		if a.known != value.None && !allowed.has(a.known) {
			return c.wrongKind(n, a.known.String())
		}
	}
	return nil
}

func (c *checker) wrongKind(n *node, kind string) error {
	return c.refuse("Incorrect operand type for operator or function; operator or function: " + n.text + ", operand type: " + kind)
}

func (c *checker) wantPath(n *node, o *operand) error {
	if !o.isPath() {
		return c.refuse("Operator or function requires a document path; operator or function: " + n.text)
	}
	return nil
}

// distinct refuses an operator whose first operand comes again among the others.
func (c *checker) distinct(n *node, args []*operand) error {
	if !args[0].isPath() {
		return nil
	}
	for _, a := range args[1:] {
		if a.isPath() && slices.Equal(a.path, args[0].path) {
			return c.refuse("The first operand must be distinct from the remaining operands for this operator or function; operator: " +
				n.text + ", first operand: " + a.path.String())
		}
	}
	return nil
}

// condition resolves a condition.
func (c *checker) condition(n *node) (condition, error) {
	switch n.kind {
	case nodeCall:
		return c.predicate(n)
	case nodeAnd, nodeOr, nodeNot:
		return c.logical(n)
	}
	c.operators++
	args, err := c.operands(n.args)
	if err != nil {
		return nil, err
	}
	switch n.kind {
	case nodeBetween:
		return c.between(n, args)
	case nodeIn:
		if err := c.distinct(n, args); err != nil {
			return nil, err
		}
		if len(args)-1 > maxIn {
			return nil, c.refuse("The IN operator is provided with too many operands; number of operands: " + strconv.Itoa(len(args)-1))
		}
		return &membership{args}, nil
	}
	if n.text != "=" && n.text != "<>" {
		if err := c.known(n, args, orderedKinds); err != nil {
			return nil, err
		}
	}
	if err := c.distinct(n, args); err != nil {
		return nil, err
	}
	return &comparison{compareOps[n.text], args[0], args[1]}, nil
}

func (c *checker) logical(n *node) (condition, error) {
	c.operators++
	parts := make([]condition, len(n.args))
	for i, a := range n.args {
		var err error
		if parts[i], err = c.condition(a); err != nil {
			return nil, err
		}
	}
	switch n.kind {
	case nodeAnd:
		return &conjunction{parts[0], parts[1]}, nil
	case nodeOr:
		return &disjunction{parts[0], parts[1]}, nil
	}
	return &negation{parts[0]}, nil
}

func (c *checker) between(n *node, args []*operand) (condition, error) {
	if err := c.known(n, args, orderedKinds); err != nil {
		return nil, err
	}
	if err := c.distinct(n, args); err != nil {
		return nil, err
	}
	low, high := args[1].value, args[2].value
	if !low.IsNone() && !high.IsNone() {
		order, same := value.Compare(low, high)
		problem := ""
		switch {
		case !same:
			problem = "same data type for lower and upper bounds"
		case order > 0:
			problem = "upper bound to be greater than or equal to lower bound"
		}
		if problem != "" {
			return nil, c.refuse("The BETWEEN operator requires " + problem + "; lower bound operand: AttributeValue: " + javaText(low) +
				", upper bound operand: AttributeValue: " + javaText(high))
		}
	}
	return &interval{args[0], args[1], args[2]}, nil
}

// javaText returns how the service shows a scalar in a message.
func javaText(v value.Value) string {
	switch v.Kind() {
	case value.N:
		return "{N:" + v.NumberText() + "}"
	case value.B:
		n := strconv.Itoa(len(v.Str()))
		return "{B:java.nio.HeapByteBuffer[pos=0 lim=" + n + " cap=" + n + "]}"
	}
	return "{S:" + v.Str() + "}"
}

// predicate resolves a function that is a condition.
func (c *checker) predicate(n *node) (condition, error) {
	args, err := c.callArgs(n)
	if err == nil {
		err = c.distinct(n, args)
	}
	if err != nil {
		return nil, err
	}
	switch n.text {
	case "attribute_exists", "attribute_not_exists":
		return &existence{args[0].path, n.text == "attribute_exists"}, c.wantPath(n, args[0])
	case "attribute_type":
		return c.typeTest(n, args)
	case "begins_with":
		return &prefixTest{args[0], args[1]}, c.known(n, args, prefixKinds)
	}
	return &containment{args[0], args[1]}, nil
}

// typeNames is what attribute_type may ask for, in the order of DynamoDB Local's messages; the service's
// order differs from host to host.
var typeNames = []string{"N", "BS", "L", "B", "NULL", "M", "S", "SS", "NS", "BOOL"}

func (c *checker) typeTest(n *node, args []*operand) (condition, error) {
	names := "{" + strings.Join(typeNames, ",") + "}"
	if args[1].known == value.None {
		return nil, c.wrongKind(n, names)
	}
	if err := c.known(n, args[1:], stringKinds); err != nil {
		return nil, err
	}
	want := args[1].value.Str()
	if !slices.Contains(typeNames, want) {
		return nil, c.refuse("Invalid attribute type name found; type: " + want + ", valid types: " + names)
	}
	return &kindTest{args[0], value.KindOf(want)}, nil
}

// count makes the last check of an expression.
func (c *checker) count() error {
	if c.operators > maxOperators {
		// the service stops counting there
		return c.refuse("The expression contains too many operators; operator count: " + strconv.Itoa(maxOperators+1))
	}
	return nil
}
