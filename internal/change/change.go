package change

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// Op is what a change does to its target.
type Op uint8

const (
	Set         Op = iota // to the value; a value that its tag leaves out when empty is removed
	SetIfAbsent           // to the value, if there is none
	Add                   // to a number, 0 if absent, or to a set
	Subtract              // from a number, 0 if absent
	Remove                // the target
	Append                // the elements of a list, behind those there
	Prepend               // the elements of a list, before those there
	Delete                // the elements of a set
)

// Change is one change of an update.
type Change struct {
	Op      Op
	Path    string
	Value   any  // what Op takes; none for Remove
	Checked bool // the value is the library's own, or was validated with its instance

	Stored types.AttributeValue // of a sealed attribute: what is stored of the value
}

// within says which attribute an error is about, unless it says so itself.
func (c *Change) within(err error) error {
	if _, says := err.(*codec.Error); says || err == nil {
		return err
	}
	return fmt.Errorf("attribute %s: %w", Show(c.Path), err)
}

// AddTo adds the change to an update expression.
func (c *Change) AddTo(u *Update, t Target) error {
	v, err := c.operand(t)
	if err != nil {
		return c.within(err)
	}
	does := func(text string, values ...types.AttributeValue) phrase {
		return phrase{text, t.Root.Name, t.steps, values}
	}
	switch {
	case v == nil:
		u.remove = append(u.remove, does("#"))
	case c.Op == Set:
		u.set = append(u.set, does("# = :", v))
	case c.Op == SetIfAbsent:
		u.set = append(u.set, does(fill, v))
	case c.Op == Append:
		u.set = append(u.set, does("# = list_append(if_not_exists(#, :), :)", emptyList(), v))
	case c.Op == Prepend:
		u.set = append(u.set, does("# = list_append(:, if_not_exists(#, :))", v, emptyList()))
	case c.Op == Delete:
		u.del = append(u.del, does("# :", v))
	case c.Op == Subtract:
		u.set = append(u.set, does("# = if_not_exists(#, :) - :", number("0"), v))
	case isNumber(v):
		u.set = append(u.set, does(plus, number("0"), v))
	default:
		u.add = append(u.add, does("# :", v))
	}
	if n, ok := v.(*types.AttributeValueMemberN); ok && (c.Op == Add || c.Op == Subtract) {
		c.bound(u, t, n.Value)
	}
	return nil
}

func isNumber(v types.AttributeValue) bool {
	_, ok := v.(*types.AttributeValueMemberN)
	return ok
}

// operand returns the value that the operation takes, nil if the change removes its target.
func (c *Change) operand(t Target) (types.AttributeValue, error) {
	if c.Op == Remove {
		return nil, nil
	}
	v, err := c.encode(t)
	if err == nil && v == nil && c.Op != Set {
		err = errors.New("the value is empty")
	}
	return v, err
}

// Encode returns the value as it would be stored, nil when the tag leaves it out, and checks that the operation takes it.
func (c *Change) Encode(t Target) (types.AttributeValue, error) {
	v, err := c.encode(t)
	return v, c.within(err)
}

func (c *Change) encode(t Target) (types.AttributeValue, error) {
	if c.Stored != nil {
		return c.Stored, nil
	}
	if t.unkeyed != nil {
		return nil, t.unkeyed
	}
	v, err := c.Convert(t.Type)
	if err != nil {
		return nil, err
	}
	raw, err := t.appendValue(make([]byte, 0, 64), v)
	if err == nil && len(raw) == 0 && (c.Op == Add || c.Op == Subtract) {
		raw, err = t.Root.Encoding.AppendValue(nil, v.Interface()) // a zero is left out where it is stored, but can be added
	}
	if err != nil || len(raw) == 0 {
		return nil, t.locate(err)
	}
	av, err := wire.ReadValue(raw)
	if err != nil {
		return nil, err
	}
	return av, c.fits(av, t)
}

// appendValue appends v as it is stored there, nothing if it is left out.
func (t Target) appendValue(dst []byte, v reflect.Value) ([]byte, error) {
	switch {
	case t.Leaf != nil:
		return t.Leaf.AppendValue(dst, v)
	case t.around != nil && t.Type != nil:
		return t.around.AppendElement(dst, v, t.below)
	}
	return t.Root.Encoding.AppendValue(dst, v.Interface())
}

// fits checks the operation against the stored kind.
func (c *Change) fits(av types.AttributeValue, t Target) error {
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
	case c.Op == Add && kind != "a number" && !set:
		return fmt.Errorf("cannot add to %s: it takes a number or a set", kind)
	case c.Op == Subtract && kind != "a number":
		return fmt.Errorf("cannot subtract from %s", kind)
	case c.Op == Delete && !set:
		return fmt.Errorf("cannot delete elements from %s: it takes a set", kind)
	case (c.Op == Append || c.Op == Prepend) && kind != "a list":
		return fmt.Errorf("cannot append to %s: it takes a list", kind)
	case set && len(t.steps) > 0 && c.Op == Add:
		return errors.New("the service adds only to sets at the top level of an item")
	}
	return nil
}

// Convert returns the value as one of type t: as it is, converted from another kind if t can hold it exactly, or, if t is a
// pointer, what that points to. A nil t takes anything.
func (c *Change) Convert(t reflect.Type) (reflect.Value, error) {
	v := reflect.ValueOf(c.Value)
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
		elem, err := c.Convert(t.Elem())
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
	return v, fmt.Errorf("cannot set it to a value of type %s: its type is %s", v.Type(), t)
}

// convertExactly converts between kinds that are one to a reader: integers of any width, floats, strings and named strings,
// as long as no value changes.
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
		f := out.Float()
		return out, f < 1<<63 && int64(f) == v.Int() // out of range, the conversion back depends on the machine
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
