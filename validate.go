package entable

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
)

// ValidationError reports an instance that breaks the `validate` tags of its type. It is found before
// any request; nothing is written.
type ValidationError struct {
	Entity string
	// Fields holds one entry for each broken rule, in the order of the fields.
	Fields []FieldError
	// Err is the validator's own error, a validator.ValidationErrors.
	Err error
}

// FieldError is one broken rule.
type FieldError struct {
	// Attribute is the path of the attribute, by stored names: "lines[2].qty".
	Attribute string
	// Rule and Param are the tag's: "oneof" and "pending failed complete".
	Rule, Param string
	// Kind is the Go type of the value.
	Kind string
}

func (f FieldError) String() string {
	rule := f.Rule
	if f.Param != "" {
		rule += "=" + f.Param
	}
	return fmt.Sprintf("attribute %s: %s value does not satisfy %q", f.Attribute, f.Kind, rule)
}

func (e *ValidationError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.String()
	}
	return fmt.Sprintf("entable: %s: invalid: %s", e.Entity, strings.Join(parts, "; "))
}

func (e *ValidationError) Unwrap() error { return e.Err }
func (*ValidationError) entableError()   {}

// defaultValidate is the validator of tables without their own, shared for its cache of types.
var defaultValidate = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(storedName)
	return v
})

// storedName gives the name under which a field is stored.
func storedName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("dynamodbav"), ",")
	if name == "" || name == "-" {
		return f.Name
	}
	return name
}

// validate checks the item v, a pointer to the entity's type.
func (e *entity) validate(ctx context.Context, v any) error {
	if !e.validates {
		return nil
	}
	err := e.table.validate.StructCtx(ctx, v)
	if err == nil {
		return nil
	}
	broken, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		return &ValidationError{Entity: e.name, Err: err}
	}
	invalid := &ValidationError{Entity: e.name, Err: err}
	for _, b := range broken {
		_, path, _ := strings.Cut(b.Namespace(), ".") // the namespace starts with the type's name
		invalid.Fields = append(invalid.Fields, FieldError{
			Attribute: path,
			Rule:      b.Tag(),
			Param:     b.Param(),
			Kind:      b.Type().String(),
		})
	}
	return invalid
}

// hasValidateTag reports whether a value of type t can break a rule, so that types without rules cost
// nothing.
func hasValidateTag(t reflect.Type) bool { return findValidateTag(t, map[reflect.Type]bool{}) }

func findValidateTag(t reflect.Type, seen map[reflect.Type]bool) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return findValidateTag(t.Elem(), seen)
	case reflect.Map:
		return findValidateTag(t.Key(), seen) || findValidateTag(t.Elem(), seen)
	case reflect.Interface:
		return true // what it holds is known only at run time
	case reflect.Struct:
		if seen[t] {
			return false
		}
		seen[t] = true
		for f := range t.Fields() {
			if _, ok := f.Tag.Lookup("validate"); ok || findValidateTag(f.Type, seen) {
				return true
			}
		}
	}
	return false
}
