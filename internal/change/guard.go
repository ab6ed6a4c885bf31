package change

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// Guard is a condition on the stored item that the library sets by itself. The item that comes back with a failed condition
// tells whether it failed for this one.
type Guard struct {
	Condition Condition
	Holds     func(item map[string]types.AttributeValue) bool

	id string // the same for guards that are the same, or ""
}

// Is returns the guard that an attribute has a value; nil: that it is absent.
func Is(name string, v types.AttributeValue) Guard {
	g := Guard{Holds: func(item map[string]types.AttributeValue) bool { return Same(item[name], v) }}
	if v == nil {
		g.Condition = Absent(name)
	} else {
		g.Condition = Equal(name, v)
	}
	return g
}

// Has returns the guard that the item has attributes.
func Has(names ...string) Guard {
	g := Guard{Holds: func(item map[string]types.AttributeValue) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return item[name] == nil })
	}}
	for i, name := range names {
		c := Exists(name)
		if i > 0 {
			c = g.Condition.And(c)
		}
		g.Condition = c
	}
	return g
}

// Either returns the guard that one of two guards holds.
func Either(a, b Guard) Guard {
	return Guard{
		Condition: a.Condition.Or(b.Condition),
		Holds:     func(item map[string]types.AttributeValue) bool { return a.Holds(item) || b.Holds(item) },
	}
}

// Hold reports whether guards hold of an item, nil for none.
func Hold(guards []Guard, item map[string]types.AttributeValue) bool {
	return !slices.ContainsFunc(guards, func(g Guard) bool { return !g.Holds(item) })
}

var null = &types.AttributeValueMemberNULL{Value: true}

// isAbsent reports whether there is no value: NULL, as which nil pointers, slices and maps are stored, counts as none.
func isAbsent(v types.AttributeValue) bool {
	_, isNull := v.(*types.AttributeValueMemberNULL)
	return v == nil || isNull
}

// Exists returns the condition that the target has a value.
func (t Target) Exists() expression.ConditionBuilder {
	there := expression.AttributeExists(t.Name())
	if t.mayBeNull() {
		there = there.And(expression.NotEqual(t.Name(), expression.Value(null)))
	}
	return t.Unless(there)
}

// NotExists returns the condition that the target has no value.
func (t Target) NotExists() expression.ConditionBuilder {
	none := expression.AttributeNotExists(t.Name())
	if t.mayBeNull() {
		none = none.Or(expression.Equal(t.Name(), expression.Value(null)))
	}
	return t.Unless(none)
}

// Equal returns the condition that the target has the value v; one that is stored as NULL, or would be if it were not left out,
// is none.
func (t Target) Equal(v reflect.Value) expression.ConditionBuilder {
	is := t.Operand(v)
	if isAbsent(is) && t.mayBeNull() {
		return t.NotExists()
	}
	return expression.Equal(t.Name(), expression.Value(is))
}

// NotEqual returns the opposite of what Equal does.
func (t Target) NotEqual(v reflect.Value) expression.ConditionBuilder {
	is := t.Operand(v)
	if isAbsent(is) && t.mayBeNull() {
		return t.Exists()
	}
	return expression.NotEqual(t.Name(), expression.Value(is))
}

// valueOf returns v as a value of an expression. An error is kept in it: the request that it becomes part of fails with it.
func (t Target) valueOf(v reflect.Value) expression.ValueBuilder {
	return expression.Value(t.Operand(v))
}

// Less returns the condition that the target is below v; so do the others for their orders.
func (t Target) Less(v reflect.Value) expression.ConditionBuilder {
	return expression.LessThan(t.Name(), t.valueOf(v))
}

func (t Target) LessEqual(v reflect.Value) expression.ConditionBuilder {
	return expression.LessThanEqual(t.Name(), t.valueOf(v))
}

func (t Target) Greater(v reflect.Value) expression.ConditionBuilder {
	return expression.GreaterThan(t.Name(), t.valueOf(v))
}

func (t Target) GreaterEqual(v reflect.Value) expression.ConditionBuilder {
	return expression.GreaterThanEqual(t.Name(), t.valueOf(v))
}

func (t Target) Between(low, high reflect.Value) expression.ConditionBuilder {
	return expression.Between(t.Name(), t.valueOf(low), t.valueOf(high))
}

// In returns the condition that the target has one of the values of a slice, as to Equal.
func (t Target) In(values reflect.Value) expression.ConditionBuilder {
	of, none := make([]expression.OperandBuilder, values.Len()), false
	for i := range of {
		is := t.Operand(values.Index(i))
		of[i], none = expression.Value(is), none || isAbsent(is) && t.mayBeNull()
	}
	in := expression.In(t.Name(), of[0], of[1:]...)
	if none {
		return in.Or(t.NotExists())
	}
	return in
}

// Unless returns a condition, or, of a target that there is not, one that fails with the error.
func (t Target) Unless(c expression.ConditionBuilder) expression.ConditionBuilder {
	if t.err != nil {
		return expression.Equal(t.Name(), expression.Value(t.Operand(reflect.Value{})))
	}
	return c
}

// mayBeNull reports whether values of the target's type are stored as NULL when they are nil or, by their tag, empty.
func (t Target) mayBeNull() bool {
	if t.Type == nil || isOpen(t.Type) || t.Leaf != nil && t.Leaf.NullEmpty || t.around != nil && t.around.NullElement(t.below) {
		return true
	}
	switch t.Type.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return true
	case reflect.Struct, reflect.Array:
		return t.Root.Encoding.Opaque(t.Type) // one may say that it is not set
	}
	return false
}

// guards returns what must hold of the stored item for the service to do what the change means: to the service a NULL is a
// value, and a path must have a map or list that it leads through.
func (c Resolved) guards() []Guard {
	var out []Guard
	if n := len(c.steps); n > 0 {
		kind := wire.M
		if c.steps[n-1].name == "" {
			kind = wire.L
		}
		root, parent := c.Root.Name, c.steps[:n-1]
		out = append(out, Guard{
			Condition: Condition{phrase: phrase{"attribute_type (#, :)", root, parent, []types.AttributeValue{&types.AttributeValueMemberS{Value: kind.String()}}}},
			Holds: func(item map[string]types.AttributeValue) bool {
				return kindOf(find(item[root], parent)) == kind
			},
			id: kind.String() + pathText(root, parent),
		})
	}
	if c.Op == SetIfAbsent && !c.Checked || c.Op.uses() && c.mayBeNull() {
		out = append(out, Guard{
			Condition: Condition{phrase: phrase{"# <> :", c.Root.Name, c.steps, []types.AttributeValue{null}}},
			Holds: func(item map[string]types.AttributeValue) bool {
				v := find(item[c.Root.Name], c.steps)
				return v == nil || !isAbsent(v)
			},
		})
	}
	return out
}

// uses reports whether what the operation makes depends on what its target holds.
func (o Op) uses() bool { return o != Set && o != Remove && o != SetIfAbsent }

// find returns what the steps lead to inside v, or nil.
func find(v types.AttributeValue, steps []step) types.AttributeValue {
	for _, s := range steps {
		switch in := v.(type) {
		case *types.AttributeValueMemberM:
			v = in.Value[s.name]
		case *types.AttributeValueMemberL:
			if s.name != "" || s.at >= len(in.Value) {
				return nil
			}
			v = in.Value[s.at]
		default:
			return nil
		}
	}
	return v
}

// leadsNowhere returns the error of a path through the value was that meets no map or list.
func (c Resolved) leadsNowhere(was types.AttributeValue) error {
	for n := range c.steps {
		v, path := find(was, c.steps[:n]), pathText(c.Root.Name, c.steps[:n])
		switch v.(type) {
		case *types.AttributeValueMemberM, *types.AttributeValueMemberL:
			continue
		}
		if isAbsent(v) {
			return fmt.Errorf("the item has no %q: make it in the same update, with SetIfAbsent(%q, …)", path, path)
		}
		return fmt.Errorf("%w: %q is stored as %s", errNoPath, path, kindOf(v))
	}
	return errNoPath
}
