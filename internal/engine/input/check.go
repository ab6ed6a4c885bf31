package input

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxViolations is how many broken constraints the service lists at most.
const maxViolations = 10

// A rule is one constraint of the service's model on a member that is there;
// absent members only break "required".
type rule struct {
	required bool
	broken   func(v reflect.Value) (msg string, broken bool)
}

// Check collects the broken constraints of a struct that Decode has filled. The
// error is an *[Error].
func Check(in any) error {
	v := reflect.ValueOf(in).Elem()
	c := &checker{}
	c.members(planOf(v.Type()), v, "")
	if len(c.found) == 0 {
		return nil
	}
	plural := "s"
	if len(c.found) == 1 {
		plural = ""
	}
	return &Error{Type: Validation, Message: fmt.Sprintf("%d validation error%s detected: %s",
		len(c.found), plural, strings.Join(c.found, "; "))}
}

type checker struct{ found []string }

func (c *checker) add(v, at, msg string) {
	if len(c.found) < maxViolations {
		c.found = append(c.found, "Value"+v+" at '"+at+"' failed to satisfy constraint: "+msg)
	}
}

func (c *checker) members(p *plan, v reflect.Value, at string) {
	for i := range p.members {
		m := &p.members[i]
		f := v.Field(m.index)
		path := at + m.label
		if absent(f) {
			if len(m.rules) > 0 && m.rules[0].required {
				c.add(" null", path, "Member must not be null")
			}
			continue
		}
		for _, r := range m.rules {
			if r.broken == nil {
				continue
			}
			if msg, broken := r.broken(f); broken && m.bare {
				c.add("", at+m.name, msg)
			} else if broken {
				c.add(" "+show(f), path, msg)
			}
		}
		c.inside(m.plan, f, path)
	}
}

func (c *checker) inside(p *plan, v reflect.Value, at string) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case p.members != nil && v.Kind() == reflect.Struct:
		c.members(p, v, at+".")
	case p.isMap:
		for i := range v.Len() {
			c.element(p.elem, v.Index(i).Field(1), at+"."+v.Index(i).Field(0).String()+".member")
		}
	case p.elem != nil:
		for i := range v.Len() {
			c.element(p.elem, v.Index(i), at+"."+strconv.Itoa(i+1)+".member")
		}
	}
}

func (c *checker) element(p *plan, v reflect.Value, at string) {
	if p.members != nil || p.elem != nil {
		c.inside(p, v, at)
	}
}

func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return v.IsNil()
	case reflect.Struct:
		return !v.Field(0).Bool() // Given
	}
	return false
}

// show writes a value the way the service's messages do: as Java would.
func show(v reflect.Value) string {
	b := appendJava(nil, v)
	if len(b) > maxShown {
		b = append(b[:maxShown], "..."...)
	}
	return "'" + string(b) + "'"
}

// maxShown keeps a message in bounds that shows a whole request, which the
// service does not care for.
const maxShown = 8 << 10

func appendJava(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, "null"...)
		}
		return appendJava(b, v.Elem())
	case reflect.String:
		return append(b, v.String()...)
	case reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10)
	case reflect.Slice:
		return appendJavaList(b, v)
	case reflect.Struct:
		return appendJavaStruct(b, v)
	}
	return b
}

func appendJavaList(b []byte, v reflect.Value) []byte {
	isMap := strings.HasPrefix(v.Type().Name(), "Map[")
	brackets := "[]"
	if isMap {
		brackets = "{}"
	}
	b = append(b, brackets[0])
	for i := 0; i < v.Len() && len(b) < maxShown; i++ {
		if i > 0 {
			b = append(b, ", "...)
		}
		if e := v.Index(i); isMap {
			b = append(append(b, e.Field(0).String()...), '=')
			b = appendJava(b, e.Field(1))
		} else {
			b = appendJava(b, e)
		}
	}
	return append(b, brackets[1])
}

func appendJavaStruct(b []byte, v reflect.Value) []byte {
	if it, ok := v.Interface().(Item); ok {
		return it.AppendJSON(b)
	}
	t := v.Type()
	b = append(append(b, strings.ToUpper(t.Name()[:1])+t.Name()[1:]...), '(')
	for i := range t.NumField() {
		if i > 0 {
			b = append(b, ", "...)
		}
		name := t.Field(i).Name
		b = append(append(b, strings.ToLower(name[:1])+name[1:]...), '=')
		b = appendJava(b, v.Field(i))
	}
	return append(b, ')')
}

const namePattern = "[a-zA-Z0-9_.-]+"

func parseRules(tag string) []rule {
	var rules []rule
	for word := range strings.FieldsSeq(tag) {
		name, arg, _ := strings.Cut(word, "=")
		switch name {
		case "required":
			rules = append([]rule{{required: true}}, rules...)
		case "name":
			rules = append(rules, rule{broken: patternRule})
			rules = append(rules, bounds(lengthOf, "length", 3, 255)...)
		case "table":
			rules = append(rules, bounds(tableLength, "length", 1, 255)...)
			rules = append(rules, rule{broken: tableRule})
		case "newtable":
			rules = append(rules, bounds(tableLength, "length", 3, 255)...)
			rules = append(rules, rule{broken: patternRule})
		case "len":
			low, high := limits(arg)
			rules = append(rules, bounds(lengthOf, "length", low, high)...)
		case "range":
			low, high := limits(arg)
			rules = append(rules, bounds(intOf, "value", low, high)...)
		case "enum":
			rules = append(rules, enumRule(strings.Split(arg, "|")))
		case "bare": // see compileStruct
		case "keys":
			rules = append(rules, rule{broken: keysRule})
		case "each":
			low, high := limits(arg)
			rules = append(rules, eachRule(low, high))
		case "values":
			low, high := limits(arg)
			rules = append(rules, valuesRule(low, high))
		default:
			panic("BUG: unknown constraint " + word)
		}
	}
	return rules
}

const noLimit = -1

func limits(arg string) (low, high int64) {
	parse := func(s string) int64 {
		if s == "" {
			return noLimit
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			panic("BUG: constraint bound " + arg)
		}
		return n
	}
	l, h, _ := strings.Cut(arg, ":")
	return parse(l), parse(h)
}

func indirect(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Pointer {
		return v.Elem()
	}
	return v
}

func lengthOf(v reflect.Value) int64 {
	switch v = indirect(v); v.Kind() {
	case reflect.Struct:
		return 0
	case reflect.String:
		return int64(utf8.RuneCountInString(v.String()))
	}
	return int64(v.Len())
}
func intOf(v reflect.Value) int64 { return indirect(v).Int() }

func bounds(of func(reflect.Value) int64, what string, low, high int64) []rule {
	var rules []rule
	if low != noLimit {
		msg := fmt.Sprintf("Member must have %s greater than or equal to %d", what, low)
		rules = append(rules, rule{broken: func(v reflect.Value) (string, bool) { return msg, of(v) < low }})
	}
	if high != noLimit {
		msg := fmt.Sprintf("Member must have %s less than or equal to %d", what, high)
		rules = append(rules, rule{broken: func(v reflect.Value) (string, bool) { return msg, of(v) > high }})
	}
	return rules
}

func matchesName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return s != ""
}

func patternRule(v reflect.Value) (string, bool) {
	return "Member must satisfy regular expression pattern: " + namePattern, !matchesName(indirect(v).String())
}

func tableRule(v reflect.Value) (string, bool) {
	msg, _ := patternRule(v)
	name := TableName(indirect(v).String())
	return msg, name != "" && !matchesName(name)
}

func tableLength(v reflect.Value) int64 { return int64(len(TableName(indirect(v).String()))) }

// TableName gives the name in a table's ARN, or the name itself: since 2024 the
// service takes both everywhere.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
func TableName(nameOrARN string) string {
	if strings.HasPrefix(nameOrARN, "arn:") {
		if _, name, ok := strings.Cut(nameOrARN, ":table/"); ok {
			return name
		}
	}
	return nameOrARN
}

func enumRule(values []string) rule {
	msg := "Member must satisfy enum value set: [" + strings.Join(values, ", ") + "]"
	return rule{broken: func(v reflect.Value) (string, bool) {
		got := indirect(v).String()
		if slices.Contains(values, got) {
			return "", false
		}
		return msg, true
	}}
}

func keysRule(v reflect.Value) (string, bool) {
	for i := range v.Len() {
		if key := TableName(v.Index(i).Field(0).String()); len(key) < 3 || len(key) > 255 || !matchesName(key) {
			return "Map keys must satisfy constraint: [Member must have length less than or equal to 255, " +
				"Member must have length greater than or equal to 3, " +
				"Member must satisfy regular expression pattern: " + namePattern + "]", true
		}
	}
	return "", false
}

func eachRule(low, high int64) rule {
	msg := fmt.Sprintf("Member must satisfy constraint: [Member must have length less than or equal to %d, "+
		"Member must have length greater than or equal to %d]", high, low)
	return rule{broken: func(v reflect.Value) (string, bool) {
		for i := range v.Len() {
			if n := lengthOf(v.Index(i)); n < low || n > high {
				return msg, true
			}
		}
		return "", false
	}}
}

func valuesRule(low, high int64) rule {
	msg := fmt.Sprintf("Map value must satisfy constraint: [Member must have length less than or equal to %d, "+
		"Member must have length greater than or equal to %d]", high, low)
	return rule{broken: func(v reflect.Value) (string, bool) {
		for i := range v.Len() {
			if n := int64(v.Index(i).Field(1).Len()); n < low || n > high {
				return msg, true
			}
		}
		return "", false
	}}
}
