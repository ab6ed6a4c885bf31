package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"

	"github.com/entable/entable/internal/codec"
)

// defaultValidate is the validator of tables without their own, shared for its cache of types.
var defaultValidate = sync.OnceValue(newValidate)

func newValidate() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _ := codec.StoredName(f)
		return name
	})
	return v
}

// ruleSet is what the types of an entity say about validation.
type ruleSet struct {
	seen    map[reflect.Type]bool // types of every kind can contain themselves; true while in what such a type contains
	structs []reflect.Type        // that a value can hold
	tagged  []reflect.Type        // those of them that have rules
	any     bool                  // a value can break a rule: types without rules cost nothing
	loops   bool                  // a value can contain itself
}

func (r *ruleSet) add(t reflect.Type) {
	if inside, seen := r.seen[t]; seen {
		r.loops = r.loops || inside
		return
	}
	if r.seen == nil {
		r.seen = map[reflect.Type]bool{}
	}
	r.seen[t] = true
	defer func() { r.seen[t] = false }()
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		r.add(t.Elem())
	case reflect.Map:
		r.add(t.Key())
		r.add(t.Elem())
	case reflect.Interface:
		r.any, r.loops = true, true // what it holds is known only at run time
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
		if err := checkRules(v, t, tryRules); err != nil {
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
	good map[ruled]bool
}

// ruled is a type with rules, which many fields share.
type ruled struct {
	typ   reflect.Type
	rules string
}

func (r *tagReader) check(structs []reflect.Type) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range structs {
		if r.knows(t) {
			continue
		}
		if r.v == nil || r.read == 32 {
			r.v, r.read = newValidate(), 0
		}
		r.read++
		if err := checkRules(r.v, t, r.try); err != nil {
			return err
		}
	}
	return nil
}

// knows reports whether all fields of a struct have rules that are good for their types, and do not ask for other fields.
func (r *tagReader) knows(t reflect.Type) bool {
	for f := range t.Fields() {
		tag, tagged := f.Tag.Lookup("validate")
		if own := OwnRules(tag); tagged && (own != tag || !r.good[ruled{f.Type, own}]) {
			return false
		}
	}
	return true
}

// try does what tryRules does, once for the fields of a type that have the same rules.
func (r *tagReader) try(v *validator.Validate, t reflect.Type, rules string) error {
	if r.good[ruled{t, rules}] {
		return nil
	}
	err := tryRules(v, t, rules)
	if err == nil {
		if r.good == nil {
			r.good = map[ruled]bool{}
		}
		r.good[ruled{t, rules}] = true
	}
	return err
}

func checkRules(v *validator.Validate, t reflect.Type, try func(*validator.Validate, reflect.Type, string) error) error {
	empty := reflect.New(t).Interface()
	if err := readRules(func() error { return v.StructPartial(empty) }); err != nil { // of no fields
		return err
	}
	for f := range t.Fields() {
		tag := f.Tag.Get("validate")
		if tag == "" || !f.IsExported() {
			continue
		}
		err := readRules(func() error { return v.StructPartial(empty, f.Name) })
		if err == nil {
			err = try(v, f.Type, OwnRules(tag))
		}
		if err != nil {
			return fmt.Errorf("field %s.%s: %q: %w", t, f.Name, tag, err)
		}
	}
	return nil
}

// tryRules tries each rule of a field by itself on a zero value: one with a wrong parameter, or for another type, can be applied
// to none.
func tryRules(v *validator.Validate, t reflect.Type, rules string) error {
	return tryEach(v, t, strings.Split(rules, ","))
}

func tryEach(v *validator.Validate, t reflect.Type, rules []string) error {
	for i, rule := range rules {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		switch name, _, _ := strings.Cut(rule, "="); {
		case t.Kind() == reflect.Interface: // what it holds is known only at run time
			return nil
		case name == "dive" && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map):
			return tryElements(v, t, rules[i+1:])
		}
		for one := range strings.SplitSeq(rule, "|") {
			if err := readRules(func() error { return v.Var(reflect.Zero(t).Interface(), one) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// tryElements tries the rules behind a dive, of which those between keys and endkeys are for the keys of a map.
func tryElements(v *validator.Validate, t reflect.Type, rules []string) error {
	if end := slices.Index(rules, "endkeys"); end > 0 && rules[0] == "keys" && t.Kind() == reflect.Map {
		if err := tryEach(v, t.Key(), rules[1:end]); err != nil {
			return err
		}
		rules = rules[end+1:]
	}
	return tryEach(v, t.Elem(), rules)
}

// readRules runs the validator for the sake of its panics. Those that are not its own are of rules that do not like what is
// empty.
func readRules(run func() error) (err error) {
	defer func() { _ = recover() }()
	if err := recovered(run); isRuleError(err) {
		return err
	}
	return nil
}
