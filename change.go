package entable

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/go-playground/validator/v10"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// changeOp is what a change does to its attribute.
type changeOp uint8

const (
	changeSet changeOp = iota
	changeSetIfAbsent
	changeAdd
	changeSubtract
	changeRemove
	changeAppend
	changePrepend
	changeDelete
)

// change is one change of an update.
type change struct {
	op      changeOp
	path    string
	value   any
	checked bool // the value is the library's own, or was validated with its instance
}

// target is what a path names.
type target struct {
	root  *codec.Field // the top-level attribute
	leaf  *codec.Field // the field itself, or nil for an element of a list or map
	typ   reflect.Type // the Go type there, or nil when it is open (any, a marshaler's)
	name  expression.NameBuilder
	steps []step // from the top-level attribute down; none for itself
	rest  bool   // the attribute is in the rest field; root has only its name
}

// step goes into a map, by name, or, when that is empty, into a list.
type step struct {
	name string
	at   int
}

// nameMark surrounds a name in a path that may have dots: paths that the library makes itself.
const nameMark = "\x00"

// quotePath makes a path of one name, whatever characters it has.
func quotePath(name string) string { return nameMark + name + nameMark }

// showPath is a path for messages.
func showPath(path string) string { return strings.ReplaceAll(path, nameMark, "") }

// segment is a name in a path and the positions in lists behind it: lines[2][0].
type segment struct {
	name string
	at   []int
}

func splitPath(path string) ([]segment, error) {
	var out []segment
	for rest := path; ; {
		var s segment
		if quoted, ok := strings.CutPrefix(rest, nameMark); ok {
			s.name, rest, _ = strings.Cut(quoted, nameMark)
		} else {
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			s.name, rest = rest[:end], rest[end:]
		}
		if s.name == "" {
			return nil, errors.New("a name is empty")
		}
		if strings.ContainsAny(s.name, "[]") {
			return nil, fmt.Errorf("the SDK's expressions cannot name %q, which has brackets", s.name)
		}
		for strings.HasPrefix(rest, "[") {
			digits, after, ok := strings.Cut(rest[1:], "]")
			n, err := strconv.Atoi(digits)
			if !ok || err != nil || n < 0 || digits != strconv.Itoa(n) {
				return nil, errors.New("an index is not a number in brackets")
			}
			s.at, rest = append(s.at, n), after
		}
		out = append(out, s)
		if rest == "" {
			return out, nil
		}
		var ok bool
		if rest, ok = strings.CutPrefix(rest, "."); !ok {
			return nil, errors.New("text follows an index")
		}
	}
}

// resolve finds what a path names in the entity.
func (e *entity) resolve(path string) (target, error) {
	segments, err := splitPath(path)
	if err != nil {
		return target{}, usagef("%s: invalid path %q: %s", e.name, showPath(path), err)
	}
	if name := segments[0].name; e.rest != nil && strings.HasPrefix(path, nameMark) && e.plan.Field(name) == nil {
		return target{root: &codec.Field{Name: name}, name: attr(name), rest: true}, nil
	}
	var t target
	for i, s := range segments {
		if err := t.descend(e, s.name, i == 0); err != nil {
			return t, usagef("%s: path %q: %s", e.name, showPath(path), err)
		}
		var text strings.Builder
		text.WriteString(s.name)
		for _, at := range s.at {
			if err := t.index(at); err != nil {
				return t, usagef("%s: path %q: %s", e.name, showPath(path), err)
			}
			text.WriteString("[" + strconv.Itoa(at) + "]")
		}
		if i == 0 {
			t.name = attr(text.String())
		} else {
			t.name = t.name.AppendName(attr(text.String()))
		}
	}
	return t, nil
}

// descend goes to the attribute called name in what t names so far.
func (t *target) descend(e *entity, name string, first bool) error {
	plan := e.plan
	if !first {
		t.steps = append(t.steps, step{name: name})
		if t.typ != nil && (isOpen(t.typ) || deref(t.typ).Kind() == reflect.Map) {
			t.leaf = nil
			if t.typ = deref(t.typ); t.typ.Kind() == reflect.Map && !isOpen(t.typ) {
				t.typ = t.typ.Elem()
			} else {
				t.typ = nil
			}
			return nil
		}
		if t.typ == nil {
			return nil
		}
		typ := deref(t.typ)
		if typ.Kind() != reflect.Struct || typ == timeType || reflect.PointerTo(typ).Implements(textMarshalerType) {
			return fmt.Errorf("%s has no attributes", t.typ)
		}
		var err error
		if plan, err = codec.PlanOf(typ); err != nil {
			return err
		}
	}
	f := plan.Field(name)
	if f == nil {
		return fmt.Errorf("unknown attribute %q: %s has %s", name, plan.Type(), attrNames(plan))
	}
	t.leaf, t.typ = f, f.Type
	if first {
		t.root = f
	}
	return nil
}

// index goes to an element of the list that t names so far.
func (t *target) index(at int) error {
	t.steps, t.leaf = append(t.steps, step{at: at}), nil
	switch {
	case t.typ == nil:
		return nil
	case isOpen(t.typ):
		t.typ = nil
		return nil
	}
	list := deref(t.typ)
	if k := list.Kind(); k != reflect.Slice && k != reflect.Array {
		return fmt.Errorf("%s is no list", t.typ)
	}
	t.typ = list.Elem()
	return nil
}

// isOpen reports whether a type decides for itself, or at run time, what is stored.
func isOpen(t reflect.Type) bool {
	t = deref(t)
	return t.Kind() == reflect.Interface || t.Implements(avMarshalerType) || reflect.PointerTo(t).Implements(avMarshalerType)
}

func deref(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// overlaps reports whether one of two targets lies in the other. The service refuses both in one update.
func (t target) overlaps(o target) bool {
	if t.root.Name != o.root.Name {
		return false
	}
	n := min(len(t.steps), len(o.steps))
	return slices.Equal(t.steps[:n], o.steps[:n])
}

// addTo adds the change to an update expression.
func (c *change) addTo(u *expression.UpdateBuilder, e *entity, t target) error {
	if c.op == changeRemove {
		*u = u.Remove(t.name)
		return nil
	}
	v, err := c.encode(t)
	if err != nil {
		return &EncodeError{Entity: e.name, Err: fmt.Errorf("attribute %s: %w", showPath(c.path), err)}
	}
	if v == nil { // left out when empty
		if c.op == changeSet {
			*u = u.Remove(t.name)
			return nil
		}
		return &EncodeError{Entity: e.name, Err: fmt.Errorf("attribute %s: the value is empty", showPath(c.path))}
	}
	value := expression.Value(v)
	switch c.op {
	case changeSet:
		*u = u.Set(t.name, value)
	case changeSetIfAbsent:
		*u = u.Set(t.name, expression.IfNotExists(t.name, value))
	case changeAppend, changePrepend:
		list := expression.IfNotExists(t.name, expression.Value(&types.AttributeValueMemberL{Value: []types.AttributeValue{}}))
		if c.op == changeAppend {
			*u = u.Set(t.name, expression.ListAppend(list, value))
		} else {
			*u = u.Set(t.name, expression.ListAppend(value, list))
		}
	case changeDelete:
		*u = u.Delete(t.name, value)
	case changeAdd:
		if _, number := v.(*types.AttributeValueMemberN); !number {
			*u = u.Add(t.name, value)
			return nil
		}
		*u = u.Set(t.name, expression.Plus(orZero(t.name), value))
	case changeSubtract:
		*u = u.Set(t.name, expression.Minus(orZero(t.name), value))
	}
	return nil
}

func orZero(n expression.NameBuilder) expression.SetValueBuilder {
	return expression.IfNotExists(n, expression.Value(0))
}

// encode makes the stored form of the value and checks that the change fits it; nil when the tag leaves
// it out.
func (c *change) encode(t target) (types.AttributeValue, error) {
	v, err := c.convert(t.typ)
	if err != nil {
		return nil, err
	}
	var raw []byte
	if t.leaf != nil && t.typ == t.leaf.Type {
		raw, err = t.leaf.AppendValue(nil, v)
	} else {
		raw, err = codec.AppendValue(nil, v.Interface())
	}
	if err == nil && len(raw) == 0 && (c.op == changeAdd || c.op == changeSubtract) {
		raw, err = codec.AppendValue(nil, v.Interface()) // a zero is left out where it is stored, but can be added
	}
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	av, err := wire.ReadValue(raw)
	if err != nil {
		return nil, err
	}
	return av, c.fits(av, t)
}

// fits checks the operation against the stored kind.
func (c *change) fits(av types.AttributeValue, t target) error {
	kind, set := "a list", false
	switch av.(type) {
	case *types.AttributeValueMemberN:
		kind = "a number"
	case *types.AttributeValueMemberS:
		kind = "a string"
	case *types.AttributeValueMemberSS, *types.AttributeValueMemberNS, *types.AttributeValueMemberBS:
		kind, set = "a set", true
	case *types.AttributeValueMemberL:
	default:
		kind = strings.TrimPrefix(fmt.Sprintf("%T", av), "*types.AttributeValueMember")
	}
	switch {
	case c.op == changeAdd && kind != "a number" && !set:
		return fmt.Errorf("cannot add to %s: it takes a number or a set", kind)
	case c.op == changeSubtract && kind != "a number":
		return fmt.Errorf("cannot subtract from %s", kind)
	case c.op == changeDelete && !set:
		return fmt.Errorf("cannot delete elements from %s: it takes a set", kind)
	case (c.op == changeAppend || c.op == changePrepend) && kind != "a list":
		return fmt.Errorf("cannot append to %s: it takes a list", kind)
	case set && len(t.steps) > 0 && c.op == changeAdd:
		return errors.New("the service adds only to sets at the top level of an item")
	}
	return nil
}

// convert makes the value one of type t: as it is, a constant of another kind that t can hold exactly,
// or, for a pointer, what it points to. A nil t takes anything.
func (c *change) convert(t reflect.Type) (reflect.Value, error) {
	v := reflect.ValueOf(c.value)
	switch {
	case !v.IsValid() && t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface):
		return reflect.Zero(t), nil
	case !v.IsValid():
		return v, errors.New("cannot set it to nil: use Remove")
	case t == nil || v.Type() == t:
		return v, nil
	case v.Type().AssignableTo(t):
		out := reflect.New(t).Elem()
		out.Set(v)
		return out, nil
	case t.Kind() == reflect.Pointer && v.Kind() != reflect.Pointer:
		elem, err := c.convert(t.Elem())
		if err != nil {
			return v, err
		}
		p := reflect.New(t.Elem())
		p.Elem().Set(elem)
		return p, nil
	}
	if out, ok := convertExactly(v, t); ok {
		return out, nil
	}
	return v, fmt.Errorf("cannot set it to a %s: it is a %s", v.Type(), t)
}

// convertExactly converts between kinds that are one to a reader: integers of any width, floats,
// strings and named strings, as long as no value changes.
func convertExactly(v reflect.Value, t reflect.Type) (reflect.Value, bool) {
	out := reflect.New(t).Elem()
	switch {
	case v.CanInt() && out.CanInt():
		if out.OverflowInt(v.Int()) {
			return v, false
		}
		out.SetInt(v.Int())
	case v.CanInt() && out.CanUint():
		if v.Int() < 0 || out.OverflowUint(uint64(v.Int())) {
			return v, false
		}
		out.SetUint(uint64(v.Int()))
	case v.CanInt() && out.CanFloat():
		out.SetFloat(float64(v.Int()))
		return out, int64(out.Float()) == v.Int()
	case v.CanUint() && out.CanUint():
		if out.OverflowUint(v.Uint()) {
			return v, false
		}
		out.SetUint(v.Uint())
	case v.CanFloat() && out.CanFloat():
		out.SetFloat(v.Float())
		return out, out.Float() == v.Float()
	case v.Kind() == reflect.String && out.Kind() == reflect.String:
		out.SetString(v.String())
	case v.Kind() == reflect.Slice && t.Kind() == reflect.Slice && v.Type().ConvertibleTo(t):
		return v.Convert(t), true
	default:
		return v, false
	}
	return out, true
}

// validate checks a single value against the rules of its field, and those inside it. Rules that look at
// other fields cannot be checked here and are left to the writes of instances.
func (c *change) validate(ctx context.Context, e *entity, t target) error {
	if !e.validates || t.typ == nil {
		return nil
	}
	rules := ""
	if t.leaf != nil {
		rules = ownRules(t.leaf.Tag.Get("validate"))
	}
	v := reflect.Zero(t.typ)
	if c.op != changeRemove {
		var err error
		if v, err = c.convert(t.typ); err != nil {
			return nil //nolint:nilerr // encode reports it
		}
	}
	switch c.op {
	case changeAppend, changePrepend: // elements, not the whole list
		var dives bool
		if _, rules, dives = strings.Cut(","+rules, ",dive"); !dives {
			return nil
		}
		rules = "dive" + rules
	case changeAdd, changeSubtract, changeDelete:
		return nil
	}
	var err error
	if plain := reflect.Indirect(v); rules == "" && plain.Kind() == reflect.Struct && plain.Type() != timeType && c.op != changeRemove {
		err = e.table.validate.StructCtx(ctx, plain.Interface())
	} else if rules != "" {
		err = e.table.validate.VarCtx(ctx, v.Interface(), rules)
	}
	if err == nil {
		return nil
	}
	invalid := &ValidationError{Entity: e.name, Err: err}
	broken, _ := errors.AsType[validator.ValidationErrors](err)
	for _, b := range broken {
		invalid.Fields = append(invalid.Fields, FieldError{
			Attribute: showPath(c.path) + inner(b), Rule: b.Tag(), Param: b.Param(), Kind: b.Type().String(),
		})
	}
	return invalid
}

// inner is where a rule is broken inside the value that was checked: "", ".city", "[2].qty".
func inner(b validator.FieldError) string {
	path := b.Namespace()
	if path == "" || path[0] == '[' {
		return path
	}
	_, path, _ = strings.Cut(path, ".") // starts with the type's name
	return "." + path
}

// ownRules drops the rules that compare with other fields.
func ownRules(tag string) string {
	if tag == "-" {
		return ""
	}
	var own []string
	for rule := range strings.SplitSeq(tag, ",") {
		name, _, _ := strings.Cut(rule, "=")
		if strings.HasSuffix(name, "field") || strings.HasPrefix(name, "required_") || strings.HasPrefix(name, "excluded_") || strings.HasPrefix(name, "skip_") {
			continue
		}
		own = append(own, rule)
	}
	return strings.Join(own, ",")
}

var _ attributevalue.Marshaler = failing{}

// failing is a value that cannot be encoded; the expression builder reports its error.
type failing struct{ err error }

func (f failing) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) { return nil, f.err }
