package expr

import (
	"strconv"
)

// nodeKind says what a node of the syntax tree is.
type nodeKind uint8

const (
	nodePath nodeKind = iota
	nodeValue
	nodeCall    // function(args…)
	nodeCompare // args[0] op args[1]
	nodeBetween // args[0] BETWEEN args[1] AND args[2]
	nodeIn      // args[0] IN (args[1], …)
	nodeAnd
	nodeOr
	nodeNot
	nodeArith // args[0] + or - args[1], in updates
)

// node is a piece of the syntax tree before anything is resolved.
type node struct {
	kind  nodeKind
	text  string // of a value: its placeholder; of a call: the function; of an operator: its text
	steps []rawStep
	args  []*node
	// grouped says that parentheses stand directly around it.
	grouped bool
}

// rawStep is one element of a path as it stands in the text: a name, a placeholder, or an index.
type rawStep struct {
	kind tokenKind
	text string
}

// parser is a recursive-descent parser for all kinds of expressions. The methods return as soon as err is set.
// Nesting costs one frame for each of the text's at most 4096 bytes, so the stack is bounded.
type parser struct {
	param     param
	text      string
	tokens    []token
	pos       int
	redundant bool // (( )) was seen
	err       error
}

func newParser(p param, text string) (*parser, error) {
	switch {
	case text == "":
		return nil, p.refuse("The expression can not be empty;")
	case len(text) > maxText:
		return nil, p.tooLong(len(text))
	}
	return &parser{param: p, text: text, tokens: lex(text)}, nil
}

// tooLong words the refusal of a text of n bytes: how many there are, the service tells for conditions alone.
func (p param) tooLong(n int) error {
	msg := "Expression size has exceeded the maximum allowed size;"
	if p != updateParam && p != projectionParam {
		msg += " expression size: " + strconv.Itoa(n)
	}
	return p.refuse(msg)
}

// finish checks that the text is at its end.
func (p *parser) finish() error {
	p.settle()
	if p.err == nil && p.peek().kind != tokEnd {
		p.fail()
	}
	return p.err
}

func (p *parser) peek() token { return p.tokens[p.pos] }

// fail reports the current token. The service shows the text from the token in front of it to the
// one behind it, and from or to the text's ends where there is none.
func (p *parser) fail() {
	if p.err != nil {
		return
	}
	from, to := 0, len(p.text)
	if p.pos > 0 {
		from = p.tokens[p.pos-1].start
	}
	if p.pos+1 < len(p.tokens) {
		to = p.tokens[p.pos+1].end
	}
	p.err = p.param.refuse(`Syntax error; token: "` + p.peek().text + `", near: "` + p.text[from:to] + `"`)
}

func (p *parser) accept(word string) bool {
	if p.err == nil && p.peek().is(word) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expect(word string) {
	if !p.accept(word) {
		p.fail()
	}
}

// path parses a document path.
func (p *parser) path() *node {
	n := &node{kind: nodePath}
	for {
		t := p.peek()
		if t.kind != tokName && t.kind != tokHash {
			p.fail()
			return n
		}
		n.steps = append(n.steps, rawStep{t.kind, t.text})
		p.pos++
		for p.accept("[") {
			if t := p.peek(); t.kind == tokNumber {
				n.steps = append(n.steps, rawStep{tokNumber, t.text})
				p.pos++
			} else {
				p.fail()
			}
			p.expect("]")
			if p.err != nil {
				return n
			}
		}
		if !p.accept(".") {
			return n
		}
	}
}

// atom parses an operand without parentheses around it: a value, a function call or a path.
func (p *parser) atom() *node {
	switch t := p.peek(); {
	case t.kind == tokColon:
		p.pos++
		return &node{kind: nodeValue, text: t.text}
	case t.kind == tokName && p.tokens[p.pos+1].is("("):
		p.pos += 2
		n := &node{kind: nodeCall, text: t.text, args: p.operands()}
		p.expect(")")
		return n
	}
	return p.path()
}

// operand parses an operand, which may stand in one pair of parentheses.
func (p *parser) operand() *node {
	if !p.accept("(") {
		return p.atom()
	}
	return p.close(p.operand())
}

// close takes the parenthesis that closes the one in front of n. If n is in a pair of its own, this one is redundant.
func (p *parser) close(n *node) *node {
	p.redundant = p.redundant || n.grouped
	n.grouped = true
	p.expect(")")
	return n
}

// settle reports redundant parentheses. The service does so when it is through with the operand, function or
// action that they are in, so that an error of syntax in there goes first, and one behind it does not.
func (p *parser) settle() {
	if p.err == nil && p.redundant {
		p.err = p.param.refuse("The expression has redundant parentheses;")
	}
}

// operands parses a list of at least one operand.
func (p *parser) operands() []*node {
	list := []*node{p.operand()}
	for p.accept(",") {
		list = append(list, p.operand())
	}
	return list
}

// paths parses a list of at least one path.
func (p *parser) paths() []*node {
	list := []*node{p.path()}
	for p.accept(",") {
		list = append(list, p.path())
	}
	return list
}

// A parenthesis at the start of a condition may enclose a condition or just the left operand of a comparison.
// So the methods below parse both; bare says that an operand alone is acceptable if a closing parenthesis follows, because
// the caller will look for an operator behind that.

// or parses conditions joined by OR.
func (p *parser) or(bare bool) *node {
	left := p.and(bare)
	for p.accept("OR") {
		left = &node{kind: nodeOr, text: "OR", args: []*node{left, p.and(false)}}
	}
	return left
}

func (p *parser) and(bare bool) *node {
	left := p.not(bare)
	for p.accept("AND") {
		left = &node{kind: nodeAnd, text: "AND", args: []*node{left, p.not(false)}}
	}
	return left
}

func (p *parser) not(bare bool) *node {
	if p.accept("NOT") {
		return &node{kind: nodeNot, text: "NOT", args: []*node{p.not(false)}}
	}
	return p.condition(bare)
}

// condition parses a comparison, a function call, or either in parentheses.
func (p *parser) condition(bare bool) *node {
	n := p.conditionOrOperand()
	if p.err == nil && n.isOperand() {
		n = p.comparison(n)
	}
	// what is no condition by itself must be the inside of a parenthesis
	if n.kind == nodePath || n.kind == nodeValue {
		if !bare || !p.peek().is(")") {
			p.fail()
		}
		return n
	}
	p.settle()
	return n
}

// comparison parses what follows the left operand, if that is an operator at all.
func (p *parser) comparison(left *node) *node {
	switch t := p.peek(); {
	case t.is("=") || t.is("<>") || t.is("<") || t.is("<=") || t.is(">") || t.is(">="):
		p.pos++
		p.settle()
		return &node{kind: nodeCompare, text: t.text, args: []*node{left, p.operand()}}
	case p.accept("BETWEEN"):
		p.settle()
		low := p.operand()
		p.settle()
		p.expect("AND")
		return &node{kind: nodeBetween, text: "BETWEEN", args: []*node{left, low, p.operand()}}
	case p.accept("IN"):
		p.settle()
		p.expect("(")
		n := &node{kind: nodeIn, text: "IN", args: []*node{left}}
		for more := true; more; more = p.accept(",") {
			n.args = append(n.args, p.operand())
			p.settle()
		}
		p.expect(")")
		return n
	}
	return left
}

// conditionOrOperand parses an atom, or a condition or an operand in parentheses.
func (p *parser) conditionOrOperand() *node {
	if !p.accept("(") {
		return p.atom()
	}
	n := p.close(p.or(true))
	if !n.isOperand() {
		p.settle()
	}
	return n
}

func (n *node) isOperand() bool {
	return n.kind == nodePath || n.kind == nodeValue || n.kind == nodeCall
}
