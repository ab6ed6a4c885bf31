package entable

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unsafe"

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
	root   *codec.Field // the top-level attribute
	leaf   *codec.Field // the field itself, or nil for an element of a list or map
	typ    reflect.Type // the Go type there, or nil when it is open (any, a marshaler's)
	name   expression.NameBuilder
	nested bool
}

// quotePath makes a path of one attribute whose name may have dots and brackets.
func quotePath(name string) string { return "\x00" + name }

// resolve finds what a path names in the entity.
func (e *entity) resolve(path string) (target, error) {
	if name, ok := strings.CutPrefix(path, "\x00"); ok {
		f := e.plan.Field(name)
		if f == nil { // one of the attributes in the rest field
			return target{root: &codec.Field{Name: name}, name: attr(name), nested: true}, nil
		}
		return target{root: f, leaf: f, typ: f.Type, name: attr(name)}, nil
	}
	var t target
	plan := e.plan
	for i, segment := range strings.Split(path, ".") {
		name, indexes, err := splitIndexes(segment)
		if err != nil {
			return t, usagef("%s: invalid path %q: %s", e.name, path, err)
		}
		switch {
		case plan != nil:
			f := plan.Field(name)
			if f == nil {
				return t, usagef("%s: unknown attribute %q in path %q: %s has %s", e.name, name, path, plan.Type(), attrNames(plan))
			}
			t.leaf, t.typ = f, f.Type
		case t.typ != nil && t.typ.Kind() == reflect.Map:
			t.leaf, t.typ = nil, t.typ.Elem()
		case t.typ != nil:
			return t, usagef("%s: path %q: %s has no attributes", e.name, path, t.typ)
		}
		if i == 0 {
			t.root, t.name = t.leaf, attr(name+strings.Join(indexes, ""))
		} else {
			t.nested, t.name = true, t.name.AppendName(attr(name+strings.Join(indexes, "")))
		}
		for range indexes {
			t.nested, t.leaf = true, nil
			if t.typ == nil {
				continue
			}
			elem := deref(t.typ)
			if k := elem.Kind(); k != reflect.Slice && k != reflect.Array {
				return t, usagef("%s: path %q: %s is no list", e.name, path, t.typ)
			}
			t.typ = elem.Elem()
		}
		if plan, err = innerPlan(&t); err != nil {
			return t, &EncodeError{Entity: e.name, Err: err}
		}
	}
	return t, nil
}

// innerPlan is the plan of the struct at t, or nil. Where a type decides for itself how it is stored,
// everything below it is open.
func innerPlan(t *target) (*codec.Plan, error) {
	if t.typ == nil {
		return nil, nil
	}
	typ := deref(t.typ)
	switch {
	case typ.Kind() == reflect.Interface, typ.Implements(avMarshalerType), reflect.PointerTo(typ).Implements(avMarshalerType):
		t.typ = nil
	case typ.Kind() == reflect.Struct && typ != timeType && !reflect.PointerTo(typ).Implements(textMarshalerType):
		return codec.PlanOf(typ)
	}
	return nil, nil
}

func deref(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// splitIndexes takes "lines[2][0]" apart.
func splitIndexes(segment string) (name string, indexes []string, err error) {
	name, rest, has := strings.Cut(segment, "[")
	if name == "" {
		return "", nil, errors.New("a name is empty")
	}
	for has {
		digits, after, ok := strings.Cut(rest, "]")
		if n, convErr := strconv.Atoi(digits); !ok || convErr != nil || n < 0 || digits != strconv.Itoa(n) {
			return "", nil, errors.New("an index is not a number in brackets")
		}
		indexes = append(indexes, "["+digits+"]")
		if after == "" {
			break
		}
		if rest, has = strings.CutPrefix(after, "["); !has {
			return "", nil, errors.New("text follows an index")
		}
	}
	return name, indexes, nil
}

// addTo adds the change to an update expression.
func (c *change) addTo(u *expression.UpdateBuilder, e *entity, t target) error {
	if c.op == changeRemove {
		*u = u.Remove(t.name)
		return nil
	}
	v, err := c.encode(t)
	if err != nil {
		return &EncodeError{Entity: e.name, Err: fmt.Errorf("attribute %s: %w", t.path(c), err)}
	}
	if v == nil { // left out when empty
		if c.op == changeSet {
			*u = u.Remove(t.name)
			return nil
		}
		return &EncodeError{Entity: e.name, Err: fmt.Errorf("attribute %s: the value is empty", t.path(c))}
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

func (t target) path(c *change) string { return strings.TrimPrefix(c.path, "\x00") }

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
	case set && t.nested && c.op == changeAdd:
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

// applyTo does the change to the item at ptr, as far as that can be known from the item: a top-level
// attribute that is set, removed, added to or subtracted from.
func (c *change) applyTo(e *entity, ptr unsafe.Pointer) error {
	t, err := e.resolve(c.path)
	if err != nil {
		return err
	}
	if t.nested {
		return nil
	}
	f, ok := t.root.Value(ptr)
	if !ok {
		return nil
	}
	if c.op == changeRemove {
		f.SetZero()
		return nil
	}
	v, err := c.convert(t.typ)
	if err != nil {
		return &EncodeError{Entity: e.name, Err: fmt.Errorf("attribute %s: %w", t.path(c), err)}
	}
	switch c.op {
	case changeSet:
		f.Set(v)
	case changeSetIfAbsent:
		if f.IsZero() {
			f.Set(v)
		}
	case changeAdd, changeSubtract:
		return c.addLocally(f, v)
	}
	return nil
}

func (c *change) addLocally(f, v reflect.Value) error {
	sign := int64(1)
	if c.op == changeSubtract {
		sign = -1
	}
	switch {
	case f.CanInt():
		f.SetInt(f.Int() + sign*v.Int())
	case f.CanUint():
		f.SetUint(f.Uint() + uint64(sign)*v.Uint())
	}
	return nil
}

// validate checks a single value against the rules of its field. Rules that look at other fields
// cannot be checked here and are left to the writes of instances.
func (c *change) validate(ctx context.Context, e *entity, t target) error {
	if t.leaf == nil {
		return nil
	}
	rules := ownRules(t.leaf.Tag.Get("validate"))
	if rules == "" || c.op != changeSet && c.op != changeSetIfAbsent && c.op != changeRemove {
		return nil
	}
	v := reflect.Zero(t.leaf.Type)
	if c.op != changeRemove {
		var err error
		if v, err = c.convert(t.typ); err != nil {
			return nil //nolint:nilerr // encode reports it
		}
	}
	err := e.table.validate.VarCtx(ctx, v.Interface(), rules)
	if err == nil {
		return nil
	}
	invalid := &ValidationError{Entity: e.name, Err: err}
	if broken, ok := errors.AsType[validator.ValidationErrors](err); ok {
		for _, b := range broken {
			invalid.Fields = append(invalid.Fields, FieldError{
				Attribute: t.path(c), Rule: b.Tag(), Param: b.Param(), Kind: t.leaf.Type.String(),
			})
		}
	}
	return invalid
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
