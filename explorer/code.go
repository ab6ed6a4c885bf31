package explorer

import (
	"encoding"
	"fmt"
	"path"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/entable/entable/internal/schema"
)

// code writes Go: the literals of examples, and what has to stand before them.
type code struct {
	pkg    string // the package whose names need no qualifier
	before []string
}

func codeFor(e *schema.Entity) *code { return &code{pkg: packageOf(e)} }

// packageOf returns the name of the package that the entity's type is in.
func packageOf(e *schema.Entity) string {
	name, _, ok := strings.Cut(e.Type.String(), ".")
	if !ok {
		return path.Base(e.Type.PkgPath())
	}
	return name
}

// goName returns the name of the entity's type; of one that was made of a guess, what it would be called.
func goName(e *schema.Entity) string {
	if n := e.Type.Name(); n != "" {
		return n
	}
	var b strings.Builder
	up := true
	for _, r := range e.Name {
		switch letter := r < 128 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' && b.Len() > 0); {
		case !letter:
			up = true
		case up:
			b.WriteString(strings.ToUpper(string(r)))
			up = false
		default:
			b.WriteRune(r)
		}
	}
	if b.Len() == 0 {
		return "Item"
	}
	return b.String()
}

// variable returns the name that the entity's variable probably has.
func variable(e *schema.Entity) string {
	n := goName(e)
	switch {
	case strings.HasSuffix(n, "s") || strings.HasSuffix(n, "x"):
		return n + "es"
	case strings.HasSuffix(n, "y") && len(n) > 1 && !strings.ContainsRune("aeiou", rune(n[len(n)-2])):
		return n[:len(n)-1] + "ies"
	}
	return n + "s"
}

// example returns the literal of the example at ptr.
func (c *code) example(e *schema.Entity, ptr unsafe.Pointer) string {
	return goName(e) + c.members(reflect.NewAt(e.Type, ptr).Elem())
}

// members returns the fields of a struct that are not zero.
func (c *code) members(v reflect.Value) string {
	var parts []string
	for f := range v.Type().Fields() {
		if x := v.FieldByIndex(f.Index); f.IsExported() && !x.IsZero() {
			parts = append(parts, f.Name+": "+c.literal(x))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (c *code) literal(v reflect.Value) string {
	t := v.Type()
	name := typeName(t, c.pkg)
	switch t.Kind() {
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return fmt.Sprintf("%#v", basic(v))
	case reflect.Pointer:
		return "&" + c.literal(v.Elem())
	}
	if at, ok := v.Interface().(time.Time); ok {
		at = at.UTC()
		return fmt.Sprintf("time.Date(%d, %d, %d, %d, %d, %d, %d, time.UTC)", at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond())
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		if text, err := m.MarshalText(); err == nil {
			return c.parsed(name, string(text))
		}
	}
	switch t.Kind() {
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return fmt.Sprintf("%s(%q)", name, v.Bytes())
		}
	case reflect.Struct:
		return name + c.members(v)
	}
	return fmt.Sprintf("%#v", v.Interface())
}

// basic returns a value as one of the kind's own type, which has no methods.
func basic(v reflect.Value) any {
	switch {
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return decimal(v.Uint())
	case v.CanFloat():
		return v.Float()
	}
	return v.Bool()
}

// decimal is an uint64 that is written with decimal digits.
type decimal uint64

// GoString returns the digits.
func (u decimal) GoString() string { return strconv.FormatUint(uint64(u), 10) }

// parsed returns an expression for the value that a type makes of a text.
func (c *code) parsed(typ, text string) string {
	switch typ {
	case "uuid.UUID", "ulid.ULID":
		return typ[:4] + ".MustParse(" + strconv.Quote(text) + ")"
	}
	name := fmt.Sprintf("value%d", len(c.before)+1)
	c.before = append(c.before, fmt.Sprintf("var %s %s\nif err := %s.UnmarshalText([]byte(%q)); err != nil {\n\treturn err\n}\n", name, typ, name, text))
	return name
}

// with returns lines of code behind what has to stand before them.
func (c *code) with(lines string) string { return strings.Join(c.before, "") + lines }
