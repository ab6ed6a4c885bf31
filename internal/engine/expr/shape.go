package expr

import (
	"strconv"
)

// function is what the service knows of a function by its name alone.
type function struct {
	args      int
	update    bool // belongs to updates, not to conditions
	condition bool // is a condition, not an operand
	nested    bool // may be an operand of something else
}

var functions = map[string]function{
	"attribute_exists":     {args: 1, condition: true},
	"attribute_not_exists": {args: 1, condition: true},
	"attribute_type":       {args: 2, condition: true},
	"begins_with":          {args: 2, condition: true},
	"contains":             {args: 2, condition: true},
	"size":                 {args: 1, nested: true},
	"if_not_exists":        {args: 2, update: true, nested: true},
	"list_append":          {args: 2, update: true},
}

// shape checks a syntax tree from left to right and from outside in: functions that are unknown or in the wrong
// place, reserved words, and list indexes. It needs no placeholders.
type shape struct {
	param  param
	update bool
}

// condition checks a node that stands where a condition is expected.
func (s shape) condition(n *node) error {
	if n.kind == nodeCall {
		f, err := s.function(n)
		switch {
		case err != nil:
			return err
		case !f.condition:
			return s.misplaced(n)
		}
		return s.operands(n.args)
	}
	if n.kind == nodeAnd || n.kind == nodeOr || n.kind == nodeNot {
		for _, a := range n.args {
			if err := s.condition(a); err != nil {
				return err
			}
		}
		return nil
	}
	return s.operands(n.args)
}

// assigned checks the right side of a SET, where list_append may stand in addition to operands.
func (s shape) assigned(n *node) error {
	if n.kind != nodeCall {
		return s.operand(n)
	}
	if _, err := s.function(n); err != nil {
		return err
	}
	return s.operands(n.args)
}

func (s shape) operands(list []*node) error {
	for _, n := range list {
		if err := s.operand(n); err != nil {
			return err
		}
	}
	return nil
}

func (s shape) operand(n *node) error {
	switch n.kind {
	case nodePath:
		return s.path(n)
	case nodeCall:
		f, err := s.function(n)
		switch {
		case err != nil:
			return err
		case !f.nested:
			return s.misplaced(n)
		}
	}
	return s.operands(n.args)
}

// function looks the function up and checks that it belongs to this kind of expression.
func (s shape) function(n *node) (function, error) {
	f, ok := functions[n.text]
	switch {
	case !ok:
		return f, s.param.refuse("Invalid function name; function: " + n.text)
	case s.update && !f.update:
		return f, s.param.refuse("The function is not allowed in an update expression; function: " + n.text)
	case !s.update && f.update:
		return f, s.param.refuse("The function is not allowed in a condition expression; function: " + n.text)
	}
	return f, nil
}

func (s shape) misplaced(n *node) error {
	return s.param.refuse("The function is not allowed to be used this way in an expression; function: " + n.text)
}

func (s shape) path(n *node) error {
	for _, st := range n.steps {
		switch st.kind {
		case tokName:
			if isReserved(st.text) {
				return s.param.refuse("Attribute name is a reserved keyword; reserved keyword: " + st.text)
			}
		case tokNumber:
			if i, err := strconv.Atoi(st.text); err != nil || i > maxIndex {
				return s.param.refuse("List index is not within the allowable range; index: [" + st.text + "]")
			}
		}
	}
	return nil
}
