package entable

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/codec"
)

// FieldOf is a handle on the attribute of an entity that holds a field of type V: it makes conditions
// and changes with the right name and encoding, checked by the compiler. It is immutable and safe for
// concurrent use.
type FieldOf[T, V any] struct{ field }

// field is a FieldOf as far as it does not depend on the types: the compiler makes its methods once for all handles.
type field struct {
	e    *entity
	path string
	t    change.Target
}

// Change is one change of an update of T, made by a [FieldOf]; see [Update.Apply].
type Change[T any] struct {
	c   change.Change
	err error // of the handle
}

// Field returns the handle of a field of T: sel points to it, as in
//
//	status := entable.Field(Orders, func(o *Order) *Status { return &o.Status })
//
// Fields of nested structs can be pointed to as well. Declare handles once, at package initialisation:
// Field panics with a [*DeclarationError] when sel does not point into its argument, to a field that is
// stored.
func Field[T, V any](e *Entity[T], sel func(*T) *V) FieldOf[T, V] {
	if e.registered() == nil {
		panic(&DeclarationError{What: fmt.Sprintf("Field of %s", reflect.TypeFor[T]()), Err: errUnregistered})
	}
	path, ok := change.FieldPath(e.e.Plan.Encoding(), sel)
	if !ok {
		panic(noField[V](e.e))
	}
	t, err := e.e.resolve(path)
	if _, keyonly := e.e.Alone(path); keyonly {
		err = usagef("%s: attribute %q is in the key alone, and nothing can be asked of it", e.e.Name, path)
	}
	if err != nil {
		panic(&DeclarationError{What: e.e.Name, Field: path, Err: err})
	}
	return FieldOf[T, V]{field{e.e, path, t}}
}

func noField[V any](e *entity) error {
	return &DeclarationError{What: e.Name, Field: fmt.Sprintf("Field of type %s", reflect.TypeFor[V]()),
		Reason: "the function must return the address of a stored field of its argument"}
}

// resolve returns what a path names in the entity's items.
func (e *entity) resolve(path string) (change.Target, error) {
	t, err := change.Resolve(e.Plan, path, e.Rest != nil)
	if err != nil {
		return t, usagef("%s: %s", e.Name, err)
	}
	if t.Rest && e.Keeps(t.Root.Name) {
		return t, usagef("%s: attribute %q is kept by the table itself", e.Name, t.Root.Name)
	}
	return t, nil
}

// Path returns the path, as [Update.Set] and its like take it, of an attribute or of what steps lead to inside it: a text goes
// into a map or struct by its stored name, whatever characters it has, an integer to an element of a list. Text from users
// goes into paths only so:
//
//	Users.Update(key).Remove(entable.Path("addresses", label))
//
// The SDK's expressions cannot name what has brackets; such a path, like a step of another kind, is an error where it is used.
func Path(attribute string, steps ...any) string {
	var path strings.Builder
	path.WriteString(change.Quote(attribute))
	for _, s := range steps {
		switch v := reflect.ValueOf(s); {
		case v.Kind() == reflect.String:
			path.WriteString("." + change.Quote(v.String()))
		case v.CanInt():
			fmt.Fprintf(&path, "[%d]", v.Int())
		default:
			path.WriteString(".") // leads nowhere
		}
	}
	return path.String()
}

// Entry returns the handle of the entry of a map with a key, which may be any text: it is one name. The error of a key that has
// no text, or that the SDK's expressions cannot name, is that of the request that the handle becomes part of.
//
//	home := entable.Entry(addresses, "home")
//	Users.Update(key).Apply(entable.Within(home, func(a *Address) *string { return &a.City }).Set("Ulm"))
func Entry[T any, M ~map[K]V, K comparable, V any](f FieldOf[T, M], key K) FieldOf[T, V] {
	name, err := codec.MapName(reflect.ValueOf(key))
	return fieldAt[T, V](f.e, f.t, f.path+"."+change.Quote(name), err)
}

// Element returns the handle of an element of a list, the first of which is 0. Behind the last one there is none; what is set
// there becomes the last.
func Element[T any, S ~[]V, V any](f FieldOf[T, S], at int) FieldOf[T, V] {
	return fieldAt[T, V](f.e, f.t, fmt.Sprintf("%s[%d]", f.path, at), nil)
}

// Within returns the handle of a field of the struct that a handle is on, or points to. It panics as [Field] does.
func Within[T, S, V any](f FieldOf[T, S], sel func(*S) *V) FieldOf[T, V] {
	path, ok := change.FieldPath(f.t.Root.Encoding, sel)
	if !ok {
		panic(noField[V](f.e))
	}
	return fieldAt[T, V](f.e, f.t, f.path+"."+path, nil)
}

// fieldAt returns the handle of a path from within a target.
func fieldAt[T, V any](e *entity, within change.Target, path string, err error) FieldOf[T, V] {
	return FieldOf[T, V]{field{e, path, e.reach(within, path, err)}}
}

// reach returns what a path from within a target names, or, with the error, what stands for it.
func (e *entity) reach(within change.Target, path string, err error) change.Target {
	switch {
	case within.Err() != nil:
		return within
	case err != nil:
		return within.Without(usagef("%s: a key in path %q: %s", e.Name, change.Show(path), err))
	}
	t, err := e.resolve(path)
	if err != nil {
		return within.Without(err)
	}
	return t
}

// Name returns the attribute's name for the SDK's expression builders.
func (f field) Name() expression.NameBuilder { return f.t.Name() }

func valueOf[V any](v V) reflect.Value { return reflect.ValueOf(&v).Elem() }

// Equal returns the condition that the attribute has the value v; for a nil, that it has none. A zero that the tag leaves out (omitempty) is
// not stored: items without it meet none of the comparisons but NotEqual, so ask for Equal(0).Or(NotExists()).
func (f FieldOf[T, V]) Equal(v V) expression.ConditionBuilder { return f.t.Equal(valueOf(v)) }

// NotEqual returns the condition that the attribute has another value than v, or is absent; for a nil, that it has one.
func (f FieldOf[T, V]) NotEqual(v V) expression.ConditionBuilder { return f.t.NotEqual(valueOf(v)) }

// Less returns the condition that the attribute is below v.
//
// The service compares what is stored: numbers by their values, text and bytes byte by byte. So the order of numbers that are stored as
// text is not asked for: the request is refused. Times in text have their order if all have one offset, such as UTC, but not within a second.
func (f FieldOf[T, V]) Less(v V) expression.ConditionBuilder { return f.t.Less(valueOf(v)) }

// LessEqual returns the condition that the attribute is v or below, see [FieldOf.Less].
func (f FieldOf[T, V]) LessEqual(v V) expression.ConditionBuilder { return f.t.LessEqual(valueOf(v)) }

// Greater returns the condition that the attribute is above v, see [FieldOf.Less].
func (f FieldOf[T, V]) Greater(v V) expression.ConditionBuilder { return f.t.Greater(valueOf(v)) }

// GreaterEqual returns the condition that the attribute is v or above, see [FieldOf.Less].
func (f FieldOf[T, V]) GreaterEqual(v V) expression.ConditionBuilder {
	return f.t.GreaterEqual(valueOf(v))
}

// Between returns the condition that the attribute is not below low and not above high, see [FieldOf.Less].
func (f FieldOf[T, V]) Between(low, high V) expression.ConditionBuilder {
	return f.t.Between(valueOf(low), valueOf(high))
}

// In returns the condition that the attribute has one of the values, of which the service takes up to 100, or, with a nil, none.
func (f FieldOf[T, V]) In(first V, more ...V) expression.ConditionBuilder {
	return f.t.In(valueOf(append([]V{first}, more...)))
}

// Exists returns the condition that the item has the attribute. NULL, as which nil values are stored, counts as none.
func (f field) Exists() expression.ConditionBuilder {
	return f.t.Exists()
}

// NotExists returns the condition that the item does not have the attribute, or that it is NULL.
func (f field) NotExists() expression.ConditionBuilder {
	return f.t.NotExists()
}

// BeginsWith returns the condition that the attribute is a string that starts with the text.
func (f field) BeginsWith(text string) expression.ConditionBuilder {
	return f.t.Unless(expression.BeginsWith(f.t.Name(), text))
}

// Contains returns the condition that the attribute is a set or list with the element, or a string with that part.
func (f field) Contains(element any) expression.ConditionBuilder {
	return expression.Contains(f.t.Name(), f.t.Element(element))
}

// Size returns the attribute's size, to be compared: the length of a string in bytes, the number of elements
// of a set, list or map.
func (f field) Size() expression.SizeBuilder { return f.t.Name().Size() }

func (f FieldOf[T, V]) change(op change.Op, v any) Change[T] {
	return Change[T]{change.Change{Op: op, Path: f.path, Value: v}, f.t.Err()}
}

// Set sets the attribute, see [Update.Set].
func (f FieldOf[T, V]) Set(v V) Change[T] { return f.change(change.Set, v) }

// SetIfAbsent sets the attribute of an item that does not have it.
func (f FieldOf[T, V]) SetIfAbsent(v V) Change[T] { return f.change(change.SetIfAbsent, v) }

// Add adds to a number, or puts the elements of v into a set, see [Update.Add].
func (f FieldOf[T, V]) Add(v V) Change[T] { return f.change(change.Add, v) }

// Subtract subtracts from a number.
func (f FieldOf[T, V]) Subtract(v V) Change[T] { return f.change(change.Subtract, v) }

// Remove removes the attribute.
func (f FieldOf[T, V]) Remove() Change[T] { return f.change(change.Remove, nil) }

// Append puts the elements of v behind those of a list.
func (f FieldOf[T, V]) Append(v V) Change[T] { return f.change(change.Append, v) }

// Prepend puts the elements of v before those of a list.
func (f FieldOf[T, V]) Prepend(v V) Change[T] { return f.change(change.Prepend, v) }

// DeleteFromSet takes the elements of v out of a set.
func (f FieldOf[T, V]) DeleteFromSet(v V) Change[T] { return f.change(change.Delete, v) }
