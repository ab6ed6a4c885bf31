package expr

import (
	"slices"

	"github.com/entable/entable/internal/engine/value"
)

// The parameters that expressions have replaced, made into what expressions are made into: the same evaluation, and
// only the checks and their words are other ones. Attribute names are names here, never paths.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html

// A Comparison is one entry of KeyConditions, QueryFilter, ScanFilter or Expected.
type Comparison struct {
	Attribute string
	Operator  string // a ComparisonOperator of the service
	Operands  []value.Value
}

// An operator takes a number of operands (atLeast one if that is negative) of some kinds.
type operator struct {
	operands int
	kinds    kindSet
}

const atLeastOne = -1

var (
	allKinds     = ^kindSet(0)
	containKinds = kinds(value.S, value.N, value.B, value.BOOL, value.NULL)
)

var operators = map[string]operator{
	"EQ": {1, allKinds}, "NE": {1, allKinds},
	"LE": {1, orderedKinds}, "LT": {1, orderedKinds}, "GE": {1, orderedKinds}, "GT": {1, orderedKinds},
	"CONTAINS": {1, containKinds}, "NOT_CONTAINS": {1, containKinds}, "BEGINS_WITH": {1, prefixKinds},
	"IN": {atLeastOne, orderedKinds}, "BETWEEN": {2, orderedKinds},
	"NULL": {0, 0}, "NOT_NULL": {0, 0},
}

var legacyCompareOps = map[string]compareOp{
	"EQ": opEqual, "NE": opNotEqual, "LT": opLess, "LE": opLessOrEqual, "GT": opGreater, "GE": opGreaterOrEqual,
}

var legacyKeyOps = map[string]Op{
	"EQ": Equal, "LT": Less, "LE": LessOrEqual, "GT": Greater, "GE": GreaterOrEqual, "BETWEEN": Between, "BEGINS_WITH": BeginsWith,
}

func badParameter(msg string) *Error {
	return &Error{"One or more parameter values were invalid: " + msg}
}

func (c *Comparison) check() error {
	op := operators[c.Operator]
	if n := len(c.Operands); n != op.operands && (op.operands != atLeastOne || n == 0) {
		return badParameter("Invalid number of argument(s) for the " + c.Operator + " ComparisonOperator")
	}
	for _, v := range c.Operands {
		switch {
		case !op.kinds.has(v.Kind()):
			return badParameter("ComparisonOperator " + c.Operator + " is not valid for " + v.Kind().String() + " AttributeValue type")
		case v.Kind() != c.Operands[0].Kind():
			return badParameter("AttributeValues inside AttributeValueList must be of same type")
		}
	}
	if c.Operator == "BETWEEN" {
		if order, _ := value.Compare(c.Operands[0], c.Operands[1]); order > 0 {
			return &Error{"The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"}
		}
	}
	return nil
}

// condition makes the node that the comparison stands for.
func (c *Comparison) condition() condition {
	at := path{{name: c.Attribute}}
	attr := &operand{from: fromPath, path: at}
	args := make([]*operand, len(c.Operands))
	for i, v := range c.Operands {
		args[i] = &operand{from: fromValue, known: v.Kind(), value: v}
	}
	switch c.Operator {
	case "NULL", "NOT_NULL":
		return &existence{at, c.Operator == "NOT_NULL"}
	case "CONTAINS":
		return &containment{attr, args[0]}
	case "NOT_CONTAINS": // what is not there does not contain, but is not found either
		return &conjunction{&existence{at, true}, &negation{&containment{attr, args[0]}}}
	case "BEGINS_WITH":
		return &prefixTest{attr, args[0]}
	case "IN":
		return &membership{append([]*operand{attr}, args...)}
	case "BETWEEN":
		return &interval{attr, args[0], args[1]}
	}
	return &comparison{legacyCompareOps[c.Operator], attr, args[0]}
}

// NewCondition makes the condition that comparisons stand for: all of them, or any. It is nil for none.
func NewCondition(list []Comparison, either bool) (*Condition, error) {
	var out *Condition
	for i := range list {
		if err := list[i].check(); err != nil {
			return nil, err
		}
		c := list[i].condition()
		switch {
		case out == nil:
			out = &Condition{root: c}
		case either:
			out.root = &disjunction{out.root, c}
		default:
			out.root = &conjunction{out.root, c}
		}
		out.add(path{{name: list[i].Attribute}})
	}
	return out, nil
}

// NewKeyTerms makes the terms that KeyConditions stand for.
func NewKeyTerms(list []Comparison) ([]KeyTerm, error) {
	terms := make([]KeyTerm, len(list))
	for i := range list {
		if err := list[i].check(); err != nil {
			return nil, err
		}
		op, ok := legacyKeyOps[list[i].Operator]
		if !ok {
			return nil, &Error{"Attempted conditional constraint is not an indexable operation"}
		}
		terms[i] = KeyTerm{Attribute: list[i].Attribute, Op: op, Low: list[i].Operands[0]}
		if op == Between {
			terms[i].High = list[i].Operands[1]
		}
	}
	if n := len(list); n != 1 && n != 2 {
		return nil, &Error{"Conditions can be of length 1 or 2 only"}
	}
	return terms, nil
}

// NewProjection makes the projection that AttributesToGet stands for.
func NewProjection(names []string) (*Projection, error) {
	p := &Projection{root: &tree{leaf: -1}}
	for i, name := range names {
		switch {
		case name == "":
			return nil, &Error{"Empty attribute name"}
		case slices.Contains(names[:i], name):
			return nil, badParameter("Duplicate value in attribute name: " + name)
		}
		p.heads.add(path{{name: name}})
		p.root.add(path{{name: name}}, i)
	}
	p.root.sort()
	return p, nil
}

// An AttributeUpdate is one entry of AttributeUpdates. Value may be None.
type AttributeUpdate struct {
	Attribute string
	Action    string // PUT, ADD or DELETE
	Value     value.Value
}

// NewUpdate makes the update that AttributeUpdates stand for. It is nil for none.
func NewUpdate(list []AttributeUpdate) (*Update, error) {
	if len(list) == 0 {
		return nil, nil
	}
	u := &Update{targets: &tree{leaf: -1}, legacy: true}
	for i, a := range list {
		v, err := a.verb()
		if err != nil {
			return nil, err
		}
		at := path{{name: a.Attribute}}
		act := action{verb: v, target: at}
		if v != removeVerb {
			act.operand = &operand{from: fromValue, known: a.Value.Kind(), value: a.Value}
		}
		u.actions = append(u.actions, act)
		u.heads.add(at)
		u.targets.add(at, i)
	}
	u.order = u.targets.leaves(nil)
	u.targets.sort()
	return u, nil
}

func (a *AttributeUpdate) verb() (verb, error) {
	kind := a.Value.Kind()
	switch {
	case a.Attribute == "":
		return 0, &Error{"Empty attribute name"}
	case kind == value.None && a.Action == "DELETE":
		return removeVerb, nil
	case kind == value.None:
		return 0, badParameter("Only DELETE action is allowed when no attribute value is specified")
	case a.Action == "DELETE" && !deleteKinds.has(kind):
		return 0, badParameter("DELETE action with value is not supported for the type " + kind.String())
	case a.Action == "ADD" && !addKinds.has(kind) && kind != value.L:
		return 0, badParameter("ADD action is not supported for the type " + kind.String())
	}
	return map[string]verb{"DELETE": deleteVerb, "ADD": addVerb, "PUT": setVerb}[a.Action], nil
}
