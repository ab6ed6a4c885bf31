package schema

import (
	"errors"
	"reflect"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
)

// defaultValidate is the validator of tables without their own, shared for its cache of types.
var defaultValidate = sync.OnceValue(newValidate)

func newValidate() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(storedName)
	return v
}

// storedName gives the name under which a field is stored.
func storedName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("dynamodbav"), ",")
	if name == "" || name == "-" {
		return f.Name
	}
	return name
}

// ruleSet is what the types of an entity say about validation.
type ruleSet struct {
	seen    map[reflect.Type]bool // types of every kind can contain themselves
	structs []reflect.Type        // that a value can hold
	tagged  []reflect.Type        // those of them that have rules
	any     bool                  // a value can break a rule: types without rules cost nothing
}

func (r *ruleSet) add(t reflect.Type) {
	if r.seen[t] {
		return
	}
	if r.seen == nil {
		r.seen = map[reflect.Type]bool{}
	}
	r.seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		r.add(t.Elem())
	case reflect.Map:
		r.add(t.Key())
		r.add(t.Elem())
	case reflect.Interface:
		r.any = true // what it holds is known only at run time
	case reflect.Struct:
		r.structs = append(r.structs, t)
		has := false
		for f := range t.Fields() {
			_, tagged := f.Tag.Lookup("validate")
			has = has || tagged
			r.add(f.Type)
		}
		if has {
			r.any, r.tagged = true, append(r.tagged, t)
		}
	}
}

// check makes the validator read all tags. It does so when it first meets a type, and panics about a
// wrong one: that is to happen at registration.
func (r *ruleSet) check(v *validator.Validate) error {
	if v == defaultValidate() {
		return ruleReader.check(r.tagged)
	}
	for _, t := range r.structs {
		if err := checkRules(v, t); err != nil {
			return err
		}
	}
	return nil
}

// ruleReader reads the tags for [defaultValidate]. A validator copies its cache of types for each type that
// is new to it, so that a thousand types would cost it half a million steps; one that is thrown away in
// time costs next to nothing.
var ruleReader tagReader

type tagReader struct {
	mu   sync.Mutex
	v    *validator.Validate
	read int // types that v has read
}

func (r *tagReader) check(structs []reflect.Type) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range structs {
		if r.v == nil || r.read == 32 {
			r.v, r.read = newValidate(), 0
		}
		r.read++
		if err := checkRules(r.v, t); err != nil {
			return err
		}
	}
	return nil
}

func checkRules(v *validator.Validate, t reflect.Type) (err error) {
	defer func() {
		// The validator panics with text; anything else is a rule for whole structs that does not like an
		// empty one.
		if reason, ok := recover().(string); ok {
			err = errors.New(reason)
		}
	}()
	_ = v.StructPartial(reflect.New(t).Interface()) // of no fields
	return nil
}
