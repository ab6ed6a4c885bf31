package change

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// Shape is what the items of one type have, as far as a condition on them can be checked.
type Shape struct {
	Plan  *codec.Plan
	Kept  []string          // the attributes that the table itself keeps
	Lacks Why               // of attributes that the items do not have
	Seals map[string]string // fields that are not stored as their values, and how
	Open  bool              // items have attributes that are none of the plan's: a rest, or those of older shapes
	Mixed bool              // items of older shapes have values of other kinds
	any   bool              // nobody knows what items have
}

// Why says why something is not so of an attribute, or "".
type Why func(name string) string

// AnyShape returns the shape of items of types that nobody knows.
func AnyShape(lacks Why) Shape {
	plan, err := codec.Methods.PlanOf(reflect.TypeFor[struct{}]())
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return Shape{Plan: plan, Lacks: lacks, Open: true, any: true}
}

// Check returns what is wrong with a condition, as the SDK's builders give it: a name that the items of no shape have, or a
// value of a kind that what it is compared with never has. A value that cannot be stored is a *codec.Error with what it is compared
// with, or what [Target.Without] took. Of
//
//	(#0.#1 = :0) AND (begins_with (#2, :1))
//
// the terms are #0.#1 with :0 and #2 with :1. A term is right if it is for one of the shapes, or if there are none.
func Check(shapes []Shape, condition string, names map[string]string, values map[string]types.AttributeValue) error {
	var t term
	size := false
	for rest := condition; rest != ""; {
		var o operand
		switch c := rest[0]; {
		case c == '#':
			o.path, rest = cutAliases(rest, names)
			o.size, size = size, false
			t.operands = append(t.operands, o)
		case c == ':':
			var alias string
			alias, rest = cutWord(rest)
			o.value = values[alias]
			t.operands = append(t.operands, o)
		case isWord(c):
			var word string
			word, rest = cutWord(rest)
			switch {
			case word == "size":
				size = true
			case word == "OR" || word == "NOT" || word == "AND" && !(t.between && len(t.operands) < 3):
				if err := t.check(shapes); err != nil {
					return err
				}
				t = term{}
			default:
				t.call, t.between = word, word == "BETWEEN"
				t.orders = t.orders || t.between
			}
		case strings.HasPrefix(rest, "<>"):
			rest = rest[2:]
		default:
			t.orders = t.orders || c == '<' || c == '>'
			rest = rest[1:]
		}
	}
	return t.check(shapes)
}

// Compare orders shapes by their types.
func (s Shape) Compare(o Shape) int {
	return strings.Compare(s.Plan.Type().String(), o.Plan.Type().String())
}

// Find returns the name, for the SDK's expressions, of what a path names in the items of one of the shapes. Without shapes they
// may have any attribute; as in changes, [Quote] names those that are none of a type's own.
func Find(shapes []Shape, path string) (expression.NameBuilder, error) {
	segments, err := Parse(path)
	shapes = slices.Clone(shapes)
	for i := range shapes {
		if !strings.HasPrefix(path, nameMark) {
			shapes[i].Open = shapes[i].any || shapes[i].Plan.Marshals()
		}
		if err == nil && len(segments) == 1 && len(segments[0].At) == 0 {
			shapes[i].Seals = nil // it is read as a whole
		}
	}
	if err == nil && len(shapes) > 0 {
		t := term{operands: []operand{{path: segments}}}
		err = t.check(shapes)
	}
	if err != nil {
		return expression.NameBuilder{}, fmt.Errorf("path %q: %w", Show(path), err)
	}
	names := make([]string, len(segments))
	for i, s := range segments {
		names[i] = showSegments([]Segment{s})
	}
	return nameOf(names), nil
}

// All joins conditions that all must hold, of which there is at least one.
func All(conditions []expression.ConditionBuilder) expression.ConditionBuilder {
	if len(conditions) == 1 {
		return conditions[0]
	}
	return expression.And(conditions[0], conditions[1], conditions[2:]...)
}

func isWord(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// cutWord cuts a word, or a placeholder with its mark, off the front of a condition.
func cutWord(text string) (word, rest string) {
	n := 1
	for n < len(text) && isWord(text[n]) {
		n++
	}
	return text[:n], text[n:]
}

// cutAliases cuts a path of placeholders off the front of a condition.
func cutAliases(text string, names map[string]string) (path []Segment, rest string) {
	for {
		var s Segment
		var alias string
		alias, text = cutWord(text)
		s.Name = names[alias]
		s.At, text, _ = cutIndexes(text)
		path = append(path, s)
		if !strings.HasPrefix(text, ".#") {
			return path, text
		}
		text = text[1:]
	}
}

// term is a comparison or a function in a condition.
type term struct {
	call     string // the function, or a word between the operands
	between  bool
	orders   bool // it asks which of its operands is above another
	operands []operand
}

// operand is a path, its size, or a value.
type operand struct {
	path  []Segment
	size  bool
	value types.AttributeValue
}

func (t *term) check(shapes []Shape) error {
	for _, o := range t.operands {
		if err := t.unstorable(o.value); err != nil {
			return err
		}
	}
	var unknown *unknownError
	var wrong error
	for i := range shapes {
		err := t.fits(&shapes[i])
		if err == nil {
			return nil
		}
		one, ok := errors.AsType[*unknownError](err)
		switch {
		case !ok:
			wrong = err
		case unknown == nil || one.inner() && !unknown.inner():
			unknown = one
		case one.inner() == unknown.inner():
			unknown.merge(one)
		}
	}
	if wrong == nil && unknown != nil {
		wrong = unknown
	}
	return wrong
}

// unstorable returns why a value of the term cannot be stored. If that does not say where, it is where the term's path leads.
func (t *term) unstorable(v types.AttributeValue) error {
	var err error
	if u, ok := v.(Unencoded); ok {
		err = u.err
	} else if set := wire.CheckValue(v); set != nil {
		err = &codec.Error{Err: set}
	}
	e, ok := err.(*codec.Error)
	at := slices.IndexFunc(t.operands, func(o operand) bool { return o.path != nil })
	if !ok || e.Path != "" || at < 0 {
		return err
	}
	return &codec.Error{Path: showSegments(t.operands[at].path), GoType: e.GoType, Err: e.Err}
}

// fits checks the term for items of one shape.
func (t *term) fits(s *Shape) error {
	for _, o := range t.operands {
		if o.path == nil {
			continue
		}
		target, err := s.find(o.path)
		if err != nil {
			return err
		}
		if err := t.fitsTarget(s, target, o); err != nil {
			return fmt.Errorf("attribute %s: %w", showSegments(o.path), err)
		}
	}
	return nil
}

// fitsTarget checks the values of the term against what one of its paths names.
func (t *term) fitsTarget(s *Shape, target Target, o operand) error {
	if s.Mixed || strings.HasPrefix(t.call, "attribute_") {
		return nil
	}
	kind, has := target.kind(), "it is stored as"
	switch {
	case o.size:
		kind, has = wire.N, "its size is"
	case t.call == "contains":
		kind, has = target.contains(), "it holds"
	}
	if t.orders && !o.size && kind == wire.S && isNumeric(target.Type) {
		return fmt.Errorf("its values (%s) are stored as text, in whose order 10 comes before 9: compare it by Equal or In, or store it as a number, without the option string", target.Type)
	}
	for _, other := range t.operands {
		if k := kindOf(other.value); kind != wire.Invalid && k != wire.Invalid && k != wire.NULL && k != kind {
			return fmt.Errorf("%s %s (%s), and is compared with %s, which it never is: use a handle made by entable.Field, or give the value as entable.Value(v)",
				has, kind, target.Type, k)
		}
	}
	return nil
}

// find returns what a path names in items of the shape: nothing but its name, if it is none of the plan's attributes.
func (s *Shape) find(path []Segment) (Target, error) {
	root := s.Plan.Field(path[0].Name)
	why := s.Seals[path[0].Name]
	if s.Lacks != nil {
		why = cmp.Or(s.Lacks(path[0].Name), why)
	}
	if why != "" {
		return Target{}, fmt.Errorf("attribute %q %s, and nothing can be asked of it", path[0].Name, why)
	}
	switch {
	case root == nil && (s.Open || slices.Contains(s.Kept, path[0].Name)), root != nil && s.Plan.Marshals():
		return Target{Root: &codec.Field{Name: path[0].Name}}, nil
	case root == nil:
		return Target{}, &unknownError{path[0].Name, []*codec.Plan{s.Plan}, s.Kept}
	}
	t := Target{Root: root, Leaf: root, Type: root.Type}
	for i, segment := range path {
		if err := t.enter(segment, i == 0); err != nil {
			return t, err
		}
	}
	return t, nil
}

// kind returns what the target's values are stored as, unless they are empty: wire.Invalid if that is open.
func (t Target) kind() wire.Kind {
	switch {
	case t.Type == nil:
		return wire.Invalid
	case t.Leaf != nil:
		return t.Leaf.Kind()
	}
	return t.Root.Encoding.KindOf(t.Type)
}

// isNumeric reports whether the values of a type are numbers, whatever they are stored as, and have no form of their own.
func isNumeric(t reflect.Type) bool {
	switch t = deref(t); t {
	case reflect.TypeFor[big.Int](), reflect.TypeFor[big.Float](), reflect.TypeFor[big.Rat]():
		return true
	}
	return t.ConvertibleTo(reflect.TypeFor[float64]()) && !reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// contains returns the kind of what the target's values can contain.
func (t Target) contains() wire.Kind {
	switch k := t.kind(); k {
	case wire.S, wire.SS:
		return wire.S
	case wire.NS:
		return wire.N
	case wire.B, wire.BS:
		return wire.B
	case wire.L:
		return t.Root.Encoding.KindOf(deref(t.Type).Elem())
	}
	return wire.Invalid
}

func kindOf(v types.AttributeValue) wire.Kind {
	switch v.(type) {
	case *types.AttributeValueMemberS:
		return wire.S
	case *types.AttributeValueMemberN:
		return wire.N
	case *types.AttributeValueMemberB:
		return wire.B
	case *types.AttributeValueMemberBOOL:
		return wire.BOOL
	case *types.AttributeValueMemberNULL:
		return wire.NULL
	case *types.AttributeValueMemberM:
		return wire.M
	case *types.AttributeValueMemberL:
		return wire.L
	case *types.AttributeValueMemberSS:
		return wire.SS
	case *types.AttributeValueMemberNS:
		return wire.NS
	case *types.AttributeValueMemberBS:
		return wire.BS
	}
	return wire.Invalid
}

// showSegments returns a path for messages.
func showSegments(path []Segment) string {
	var text strings.Builder
	for i, s := range path {
		if i > 0 {
			text.WriteByte('.')
		}
		text.WriteString(s.Name)
		for _, at := range s.At {
			text.WriteString("[" + strconv.Itoa(at) + "]")
		}
	}
	return text.String()
}

// unknownError is a name that items do not have.
type unknownError struct {
	name string
	has  []*codec.Plan // the types that it was looked for in
	kept []string      // by the table itself, for a name at the top level
}

// inner reports whether all but the end of a path is there.
func (e *unknownError) inner() bool { return e.kept == nil }

func (e *unknownError) merge(o *unknownError) {
	for _, h := range o.has {
		if !slices.Contains(e.has, h) {
			e.has = append(e.has, h)
		}
	}
}

func (e *unknownError) Error() string {
	has := make([]string, len(e.has))
	for i, plan := range e.has {
		has[i] = fmt.Sprintf("%s has %s", plan.Type(), quoteAll(attributes(plan)))
	}
	text := fmt.Sprintf("unknown attribute %q: %s", e.name, strings.Join(has, "; "))
	if len(e.kept) > 0 {
		text += "; the table has " + quoteAll(e.kept)
	}
	return text
}

// attributes lists those of a plan's type.
func attributes(plan *codec.Plan) []string {
	var names []string
	for _, f := range plan.Fields() {
		names = append(names, f.Name)
	}
	return names
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = strconv.Quote(n)
	}
	return strings.Join(quoted, ", ")
}
