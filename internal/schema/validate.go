package schema

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"

	"github.com/entable/entable/internal/codec"
)

// Broken is a rule of a `validate` tag that a value breaks.
type Broken struct {
	Attribute   string // the path of the value inside the one that was checked, by stored names
	Rule, Param string
	Kind        string // the Go type
	Message     string // what the rule asks for
}

// Judged runs a validator on a value, by rules or, if they are "", by the tags inside it, and lists the rules that are broken. A rule
// that cannot be applied to a value, as gte to a bool in an interface, makes the validator panic: it counts as broken.
func (e *Entity) Judged(v reflect.Value, rules string, run func() error) (broken []Broken, err error) {
	if e.loops && endless(v, rules, 0) {
		return nil, errEndless
	}
	if err = recovered(run); err == nil {
		return nil, nil
	}
	if list, ok := errors.AsType[validator.ValidationErrors](err); ok {
		for _, b := range list {
			broken = append(broken, Broken{pathIn(v, b.StructNamespace()), b.Tag(), b.Param(), typeName(b.Type()), demand(b)})
		}
		return broken, err
	}
	if !isRuleError(err) {
		return nil, err
	}
	b, found := inapplicable(e.Table.Validate, v, 0)
	if !found {
		b, found = inapplicableTo(e.Table.Validate, v, rules)
	}
	if found {
		b.Message = invalid
		broken = append(broken, b)
	}
	return broken, err
}

// maxHops is how deep values nest that are followed: by far more than what is stored may, but fields that are not stored are validated too.
const maxHops = 10_000

var errEndless = errors.New("the value contains itself, where the validator would never come to an end: give a field on the way the tag `validate:\"-\"`")

// endless reports whether the validator would run in a ring, which ends the program. It follows what the validator does: the fields of
// structs, and the elements of what it dives into.
func endless(v reflect.Value, rules string, hops int) bool {
	for ; v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface; hops++ {
		if hops > maxHops {
			return true
		}
		v = v.Elem()
	}
	if hops++; hops > maxHops {
		return true
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Field(i)
			if kind := field.Kind(); kind < reflect.Array || kind == reflect.String {
				continue
			}
			f := v.Type().Field(i)
			rules := f.Tag.Get("validate")
			follows := (f.IsExported() || f.Anonymous) && rules != "-" && !strings.Contains(rules, "structonly") && !strings.Contains(rules, "nostructlevel")
			if follows && endless(field, rules, hops) {
				return true
			}
		}
	case reflect.Slice, reflect.Array, reflect.Map:
		_, below, dives := strings.Cut(","+rules, ",dive")
		switch {
		case !dives:
		case v.Kind() == reflect.Map:
			for it := v.MapRange(); it.Next(); {
				if endless(it.Value(), below, hops) {
					return true
				}
			}
		default:
			for i := range v.Len() {
				if endless(v.Index(i), below, hops) {
					return true
				}
			}
		}
	}
	return false
}

// ruleError is what the validator panics with.
type ruleError struct{ reason string }

func (e *ruleError) Error() string { return e.reason }

// recovered runs the validator. Its own panics are text, or those of package reflect; others are the user's.
func recovered(run func() error) (err error) {
	defer func() {
		switch reason := recover().(type) {
		case nil:
		case string:
			err = &ruleError{reason}
		case *reflect.ValueError:
			err = &ruleError{reason.Error()}
		default:
			panic(reason)
		}
	}()
	return run()
}

// inapplicable finds the rule that the validator cannot apply, in a struct or what it holds.
func inapplicable(v *validator.Validate, held reflect.Value, depth int) (b Broken, found bool) {
	if depth++; depth > maxHops { // where the validator has not been
		return b, false
	}
	switch held = settled(held); held.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range held.Len() {
			if b, found = inapplicable(v, held.Index(i), depth); found {
				return b.below(fmt.Sprintf("[%d]", i)), true
			}
		}
	case reflect.Map:
		for _, k := range held.MapKeys() {
			if b, found = inapplicable(v, held.MapIndex(k), depth); found {
				return b.below(fmt.Sprintf("[%v]", k)), true
			}
		}
	case reflect.Struct:
		for f := range held.Type().Fields() {
			if field := held.FieldByIndex(f.Index); f.IsExported() && held.Type() != TimeType {
				if b, found = inapplicable(v, field, depth); !found {
					b, found = inapplicableTo(v, field, OwnRules(f.Tag.Get("validate")))
				}
			}
			if name, embedded := codec.StoredName(f); found && !embedded {
				b = b.below(name)
			}
			if found {
				return b, true
			}
		}
	}
	return Broken{}, false
}

// inapplicableTo finds the rule of a field that the validator cannot apply to it; of one with elements, as far as that is about
// the field itself.
func inapplicableTo(v *validator.Validate, field reflect.Value, rules string) (b Broken, found bool) {
	fails := func(rules string) bool {
		return isRuleError(recovered(func() error { return v.Var(field.Interface(), rules) }))
	}
	if rules == "" || !fails(rules) {
		return b, false
	}
	b.Kind = typeName(typeOf(settled(field)))
	for rules != "" {
		rule, rest, _ := strings.Cut(rules, ",")
		if rule == "dive" {
			rule, rest = rules, ""
		}
		if fails(rule) || rest == "" {
			b.Rule, b.Param, _ = strings.Cut(rule, "=")
			break
		}
		rules = rest
	}
	return b, true
}

// below returns the broken rule as one of what holds the value.
func (b Broken) below(name string) Broken {
	if b.Attribute != "" && b.Attribute[0] != '[' {
		name += "."
	}
	b.Attribute = name + b.Attribute
	return b
}

func isRuleError(err error) bool {
	_, ok := errors.AsType[*ruleError](err)
	return ok
}

// OwnRules drops the rules of a tag that compare with other fields.
func OwnRules(tag string) string {
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

// ElementRules returns the rules of a tag, as OwnRules does, for elements so many levels below the field: each level has a "dive" in
// front, and maps may have rules for their keys.
func ElementRules(tag string, levels int) (rules, ofKeys string) {
	rules = OwnRules(tag)
	for range levels {
		var dives bool
		if _, rules, dives = strings.Cut(","+rules, ",dive"); !dives {
			return "", ""
		}
		rules, ofKeys = strings.TrimPrefix(rules, ","), ""
		if of, keyed := strings.CutPrefix(rules, "keys,"); keyed {
			ofKeys, rules, _ = strings.Cut(of, "endkeys")
			ofKeys, rules = strings.TrimSuffix(ofKeys, ","), strings.TrimPrefix(rules, ",")
		}
	}
	return rules, ofKeys
}

func typeName(t reflect.Type) string {
	if t == nil {
		return "nil"
	}
	return t.String()
}

func typeOf(v reflect.Value) reflect.Type {
	if !v.IsValid() {
		return nil
	}
	return v.Type()
}

// settled goes through pointers and interfaces.
func settled(v reflect.Value) reflect.Value {
	for hops := 0; v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface; hops++ {
		if hops > maxHops { // a pointer to itself
			return reflect.Value{}
		}
		v = v.Elem()
	}
	return v
}

// pathIn turns the validator's path from a value, by Go names, such as Order.Base.Lines[2].Qty, into that of what is stored,
// lines[2].qty: fields of embedded structs are the outer one's own.
func pathIn(v reflect.Value, path string) string {
	v = settled(v)
	if v.IsValid() && v.Kind() == reflect.Struct {
		path = strings.TrimPrefix(path, v.Type().Name()+".")
	}
	var out strings.Builder
	for path != "" {
		if path[0] == '[' {
			end := elementEnd(path)
			out.WriteString(path[:end])
			v, path = settled(element(v, path[1:end-1])), strings.TrimPrefix(path[end:], ".")
			continue
		}
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			end = len(path)
		}
		name, embedded := path[:end], false
		if v.IsValid() && v.Kind() == reflect.Struct {
			if f, ok := v.Type().FieldByName(name); ok {
				name, embedded = codec.StoredName(f)
				v, _ = v.FieldByIndexErr(f.Index)
				v = settled(v)
			}
		}
		if !embedded {
			if out.Len() > 0 {
				out.WriteByte('.')
			}
			out.WriteString(name)
		}
		path = strings.TrimPrefix(path[end:], ".")
	}
	return out.String()
}

// elementEnd returns where an index or a key in brackets ends, which may have brackets itself.
func elementEnd(path string) int {
	for i := 1; i < len(path); i++ {
		if path[i] == ']' && (i+1 == len(path) || path[i+1] == '.' || path[i+1] == '[') {
			return i + 1
		}
	}
	return len(path)
}

// element finds the element of a list or map that the validator has written as text.
func element(v reflect.Value, text string) reflect.Value {
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if fmt.Sprint(i) == text {
				return v.Index(i)
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if fmt.Sprint(k) == text {
				return v.MapIndex(k)
			}
		}
	}
	return reflect.Value{}
}
