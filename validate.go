package entable

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/schema"
)

// ValidationError reports an instance that breaks the `validate` tags of its type. It is found before
// any request; nothing is written.
type ValidationError struct {
	Entity string
	// Fields holds one entry for each broken rule, in the order of the fields, or for the rule that the validator cannot apply to
	// what an interface holds; none for a wrong tag of a type in an interface.
	Fields []FieldError
	// Err is the validator's own error, a validator.ValidationErrors, or what it panicked with.
	Err error
}

// FieldError is one broken rule.
type FieldError struct {
	// Attribute is the path of the attribute, by stored names: "lines[2].qty".
	Attribute string
	// JSON is the same path by the names that encoding/json has for the fields, as clients of an API know them; "" if it leaves one
	// of them out, with the tag `json:"-"`.
	JSON string
	// Rule and Param are the tag's: "oneof" and "pending failed complete".
	Rule, Param string
	// Kind is the Go type of the value.
	Kind string
	// Message says, to people and in English, what the rule asks for, as what follows the name of a field: "is required", "must have
	// at least 3 characters", and for a rule that it does not know, "is invalid". It shows neither the value nor anything of the program.
	Message string
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
	if len(parts) == 0 {
		parts = []string{fmt.Sprint(e.Err)}
	}
	return fmt.Sprintf("entable: %s: invalid: %s", e.Entity, strings.Join(parts, "; "))
}

func (e *ValidationError) Unwrap() error { return e.Err }
func (*ValidationError) entableError()   {}

// validate checks the item v, a pointer to the entity's type.
func (e *entity) validate(ctx context.Context, v any) error {
	if !e.Validates {
		return nil
	}
	return e.judge("", reflect.ValueOf(v), "", func() error { return e.Table.Validate.StructCtx(ctx, v) })
}

// judge runs the validator on the value at a path, by rules or by the tags inside it, and makes its error.
func (e *entity) judge(path string, v reflect.Value, rules string, run func() error) error {
	broken, err := e.Judged(v, rules, run)
	if err == nil {
		return nil
	}
	invalid := &ValidationError{Entity: e.Name, Err: err}
	for _, b := range broken {
		if path != "" && b.Attribute != "" && b.Attribute[0] != '[' {
			b.Attribute = "." + b.Attribute
		}
		b.Attribute = path + b.Attribute
		invalid.Fields = append(invalid.Fields, FieldError{b.Attribute, e.JSONPath(b.Attribute), b.Rule, b.Param, b.Kind, b.Message})
	}
	return invalid
}

// validateChange checks a single value against the rules of its field, and those inside it. Rules that look at
// other fields cannot be checked here and are left to the writes of instances.
func (e *entity) validateChange(ctx context.Context, c *change.Change, t change.Target) error {
	if !e.Validates || t.Type == nil {
		return nil
	}
	rules := ""
	if t.Leaf != nil {
		rules = schema.OwnRules(t.Leaf.Tag.Get("validate"))
	} else if f, levels := t.Around(); f != nil && c.Op != change.Remove {
		var ofKeys string
		rules, ofKeys = schema.ElementRules(f.Tag.Get("validate"), levels)
		if k := t.Key(); ofKeys != "" && k.IsValid() && c.Op != change.Delete {
			err := e.judge(change.Show(c.Path), k, ofKeys, func() error { return e.Table.Validate.VarCtx(ctx, k.Interface(), ofKeys) })
			if err != nil {
				return err
			}
		}
	}
	v := reflect.Zero(t.Type)
	if c.Op != change.Remove {
		var err error
		if v, err = c.Convert(t.Type); err != nil {
			return nil //nolint:nilerr // AddTo reports it
		}
	}
	switch k := v.Kind(); {
	case c.Op == change.Append, c.Op == change.Prepend, c.Op == change.Add && (k == reflect.Slice || k == reflect.Array): // elements, not the whole
		var dives bool
		if _, rules, dives = strings.Cut(","+rules, ",dive"); !dives {
			return nil
		}
		rules = "dive" + rules
	case c.Op == change.Add, c.Op == change.Subtract, c.Op == change.Delete:
		return nil
	}
	path, plain := change.Show(c.Path), reflect.Indirect(v)
	switch {
	case rules != "":
		return e.judge(path, v, rules, func() error { return e.Table.Validate.VarCtx(ctx, v.Interface(), rules) })
	case plain.Kind() == reflect.Struct && plain.Type() != schema.TimeType && c.Op != change.Remove:
		return e.judge(path, v, "", func() error { return e.Table.Validate.StructCtx(ctx, plain.Interface()) })
	}
	return nil
}
