package expr

import (
	"slices"

	"github.com/entable/entable/internal/engine/value"
)

// Update is a parsed UpdateExpression: immutable, safe for concurrent use.
type Update struct {
	heads
	actions []action
	targets *tree // leaves are indexes of actions
	order   []int // in which the actions are computed
	legacy  bool  // made from AttributeUpdates, whose faults have words of their own
}

// verb is the section of an update.
type verb uint8

const (
	setVerb verb = iota
	removeVerb
	addVerb
	deleteVerb
)

var verbs = map[string]verb{"SET": setVerb, "REMOVE": removeVerb, "ADD": addVerb, "DELETE": deleteVerb}

// action is one thing that an update does. REMOVE has no operand.
type action struct {
	verb    verb
	target  path
	operand *operand
}

// rawAction is an action before anything is resolved.
type rawAction struct {
	verb            verb
	target, operand *node
}

const updateParam param = "UpdateExpression"

// ParseUpdate parses an UpdateExpression.
func ParseUpdate(text string, p *Params) (*Update, error) {
	raw, err := updateTree(text)
	if err != nil {
		return nil, err
	}
	c := checker{param: updateParam, params: p}
	u := &Update{actions: make([]action, len(raw))}
	u.targets, u.order, err = growTree(updateParam, len(raw), func(i int) (p path, err error) {
		u.actions[i].verb = raw[i].verb
		u.actions[i].target, err = c.path(raw[i].target)
		return u.actions[i].target, err
	})
	if err != nil {
		return nil, err
	}
	for i, r := range slices.Backward(raw) { // as the service does
		if u.actions[i].operand, err = c.actionOperand(r); err != nil {
			return nil, err
		}
	}
	u.nested = c.heads.nested
	for _, a := range u.actions {
		u.all = addOnce(u.all, a.target[0].name)
	}
	return u, c.count()
}

// OnlyRemoves says whether nothing but REMOVE and DELETE actions are in the update. Such an update
// makes no item where there is none.
func (u *Update) OnlyRemoves() bool {
	return !slices.ContainsFunc(u.actions, func(a action) bool { return a.verb == setVerb || a.verb == addVerb })
}

// Legacy says whether the update was made from AttributeUpdates.
func (u *Update) Legacy() bool { return u.legacy }

// updateTree parses an update as far as that goes without placeholders.
func updateTree(text string) ([]rawAction, error) {
	ps, err := newParser(updateParam, text)
	if err != nil {
		return nil, err
	}
	raw, twice := ps.sections()
	if err := ps.finish(); err != nil {
		return nil, err
	}
	s := shape{param: updateParam, update: true}
	for _, a := range raw {
		if err := s.path(a.target); err != nil {
			return nil, err
		}
		if a.operand == nil {
			continue
		}
		if err := s.assigned(a.operand); err != nil {
			return nil, err
		}
	}
	if twice != "" {
		return nil, updateParam.refuse(`The "` + twice + `" section can only be used once in an update expression;`)
	}
	return raw, nil
}

// sections parses the sections of an update, and names the first that comes twice.
func (p *parser) sections() (list []rawAction, twice string) {
	seen := map[string]bool{}
	for p.err == nil && (len(seen) == 0 || p.peek().kind != tokEnd) {
		word := p.peek().word
		v, ok := verbs[word]
		if p.peek().kind != tokWord || !ok {
			p.fail()
			break
		}
		if seen[word] && twice == "" {
			twice = word
		}
		seen[word] = true
		p.pos++
		list = append(list, p.action(v))
		for p.accept(",") {
			list = append(list, p.action(v))
		}
	}
	return list, twice
}

func (p *parser) action(v verb) rawAction {
	a := rawAction{verb: v, target: p.path()}
	switch v {
	case setVerb:
		p.expect("=")
		a.operand = p.assigned()
	case addVerb, deleteVerb:
		if t := p.peek(); p.err == nil && t.kind == tokColon {
			p.pos++
			a.operand = &node{kind: nodeValue, text: t.text}
		} else {
			p.fail()
		}
	}
	p.settle()
	return a
}

// assigned parses the right side of a SET: an operand, or a sum or difference of two, which may be in parentheses as
// a whole.
func (p *parser) assigned() *node {
	left := p.sumOrOperand()
	if left.kind == nodeArith || p.err != nil {
		return left
	}
	for _, sign := range []string{"+", "-"} {
		if p.accept(sign) {
			p.settle()
			return &node{kind: nodeArith, text: sign, args: []*node{left, p.operand()}}
		}
	}
	return left
}

func (p *parser) sumOrOperand() *node {
	if p.err != nil || !p.accept("(") {
		return p.atom()
	}
	return p.close(p.assigned())
}

// actionOperand resolves and checks what an action sets, adds or deletes.
func (c *checker) actionOperand(r rawAction) (*operand, error) {
	if r.operand == nil {
		return nil, nil
	}
	o, err := c.operand(r.operand)
	if err != nil {
		return nil, err
	}
	switch {
	case r.verb == addVerb && !addKinds.has(o.known):
		return nil, c.wrongAction("ADD", o.known)
	case r.verb == deleteVerb && !deleteKinds.has(o.known):
		return nil, c.wrongAction("DELETE", o.known)
	}
	return o, nil
}

// kindWords are the names of kinds in the messages of ADD and DELETE.
var kindWords = map[value.Kind]string{
	value.S: "STRING", value.N: "NUMBER", value.B: "BINARY", value.BOOL: "BOOLEAN", value.NULL: "NULL", value.L: "LIST", value.M: "MAP",
}

func (c *checker) wrongAction(word string, k value.Kind) error {
	return c.refuse("Incorrect operand type for operator or function; operator: " + word + ", operand type: " + kindWords[k] +
		", typeSet: ALLOWED_FOR_" + word + "_OPERAND")
}
