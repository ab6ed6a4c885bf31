package expr

import (
	"github.com/entable/entable/internal/engine/value"
)

// Op is the operator of a key condition.
type Op uint8

// The operators that key conditions may have.
const (
	Equal Op = iota + 1
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
	Between
	BeginsWith
)

// KeyTerm is what a key condition says of one attribute. Low is the operand, or the lower bound of Between, whose
// upper bound is High.
type KeyTerm struct {
	Attribute string
	Op        Op
	Low, High value.Value
}

// KeyCondition is a parsed KeyConditionExpression: immutable, safe for concurrent use.
type KeyCondition struct {
	heads
	root condition
}

// ParseKeyCondition parses a KeyConditionExpression by the rules of all conditions. A condition that is
// none on keys (OR, functions, …) is found by Terms: the service parses all expressions of the request, and looks
// for unused placeholders, before it comes to that.
func ParseKeyCondition(text string, p *Params) (*KeyCondition, error) {
	c, err := ParseCondition("KeyConditionExpression", text, p)
	if err != nil {
		return nil, err
	}
	return &KeyCondition{c.heads, c.root}, nil
}

// Terms returns the conjuncts in the order of the text, each with the attribute on the left side, and at
// most one for an attribute. Whether the attributes are keys is left to the caller.
func (k *KeyCondition) Terms() ([]KeyTerm, error) { return appendTerms(nil, k.root) }

func appendTerms(terms []KeyTerm, c condition) ([]KeyTerm, error) {
	switch c := c.(type) {
	case *conjunction:
		terms, err := appendTerms(terms, c.a)
		if err != nil {
			return nil, err
		}
		return appendTerms(terms, c.b)
	case *comparison:
		if c.op != opNotEqual {
			return appendTerm(terms, keyOps[c.op], c.a, c.b)
		}
	case *interval:
		if c.a.from == fromValue {
			return nil, notFirst("BETWEEN")
		}
		return appendTerm(terms, Between, c.a, c.low, c.high)
	case *prefixTest:
		if c.a.from == fromValue {
			return nil, notFirst("begins_with")
		}
		return appendTerm(terms, BeginsWith, c.a, c.prefix)
	}
	return nil, &Error{"Invalid operator used in KeyConditionExpression: " + operatorName(c)}
}

// operatorName names the operators that key conditions may not have.
func operatorName(c condition) string {
	switch c := c.(type) {
	case *disjunction:
		return "OR"
	case *negation:
		return "NOT"
	case *comparison:
		return "<>"
	case *membership:
		return "IN"
	case *existence:
		if c.want {
			return "attribute_exists"
		}
		return "attribute_not_exists"
	case *kindTest:
		return "attribute_type"
	}
	return "contains"
}

func notFirst(operator string) error {
	return &Error{"Invalid condition in KeyConditionExpression: " + operator + " operator must have the key attribute as its first operand"}
}

var keyOps = map[compareOp]Op{opEqual: Equal, opLess: Less, opLessOrEqual: LessOrEqual, opGreater: Greater, opGreaterOrEqual: GreaterOrEqual}

// flipped is the operator for exchanged operands.
var flipped = map[Op]Op{Equal: Equal, Less: Greater, LessOrEqual: GreaterOrEqual, Greater: Less, GreaterOrEqual: LessOrEqual}

func appendTerm(terms []KeyTerm, op Op, operands ...*operand) ([]KeyTerm, error) {
	term := KeyTerm{Op: op}
	var values []value.Value
	for i, o := range operands {
		switch {
		case o.from == fromValue:
			values = append(values, o.value)
		case !o.isPath():
			return nil, &Error{"KeyConditionExpressions cannot contain nested operations"}
		case term.Attribute != "":
			return nil, &Error{"Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"}
		case len(o.path) > 1:
			return nil, &Error{"KeyConditionExpressions cannot have conditions on nested attributes"}
		default:
			if term.Attribute = o.path[0].name; i > 0 {
				term.Op = flipped[op]
			}
		}
	}
	if term.Attribute == "" {
		return nil, &Error{"Invalid condition in KeyConditionExpression: No key attribute specified"}
	}
	for _, t := range terms {
		if t.Attribute == term.Attribute {
			return nil, &Error{"Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key"}
		}
	}
	term.Low = values[0]
	if len(values) > 1 {
		term.High = values[1]
	}
	return append(terms, term), nil
}
