// Package input reads the body of a request into an operation's input struct,
// with the service's type checks, and checks the constraints of the service's
// model, with the service's messages.
//
// The service judges a body in three steps, and so does this package's user:
//
//  1. Types. [Decode] answers a member of the wrong JSON type with a
//     SerializationException. Members that the operation does not have are
//     ignored, and a null counts as absent.
//  2. Constraints. [Check] then collects every broken constraint of the model
//     (required, length, range, pattern, enumeration) into one
//     ValidationException, "N validation errors detected: …", at most ten.
//  3. Everything else is the operation's: one message, first fault wins.
//
// An input struct's exported fields are the members. Field types: string, *string,
// bool, *bool, *int32 and *int64 (Integer and Long), [Item], [Value], [Refused], pointers to structs,
// [Values], map[string]string, and slices and [Map] of all those and of structs. The tag `is:"…"` lists constraints, separated by blanks:
//
//	bare          in the first place: faults do not show the value, as the service has it in a few places
//	required      Member must not be null
//	name          the pattern of names, and 3–255 characters
//	table         the pattern, and 1–255 characters, of a table's name or the name in its ARN
//	newtable      the pattern, and 3–255 characters
//	len=A:B       length of a text, in characters, list or map; either bound may be missing
//	each=A:B      the length of each text in a list
//	range=A:B     value of a number
//	enum=A|B|C    one of these texts
//	keys=table    the keys of a Map satisfy the rules of "table"
//	values=A:B    the length of each list in a Map
package input

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"

	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/value"
)

// errSyntax marks a body that is not JSON. It never leaves the package: Decode
// turns it into the service's SerializationException without a message.
var errSyntax = errors.New("not JSON")

// Item is a member of attribute values by name. The values are judged after
// types and constraints of the whole body, so a fault in them is kept in Err
// for the operation to report in its turn.
type Item struct {
	// Given says that the member is there, perhaps empty.
	Given bool
	value.Item
	Err error
}

// Value is a single attribute value, like [Item].
type Value struct {
	Given bool
	value.Value
	Err error
}

// Values is ExpressionAttributeValues: the values of an expression by placeholder.
type Values struct {
	Given bool
	Map   map[string]value.Value
	Err   error
}

// Refused is a member that the operation has and this engine has not: whether it is there is all that is kept of
// it, so that it is not ignored.
type Refused struct{ Given bool }

// GivenRefused names the first Refused member that the struct at in has got, or
// gives "".
func GivenRefused(in any) string {
	v := reflect.ValueOf(in).Elem()
	for _, i := range planOf(v.Type()).refused {
		if v.Field(i).Field(0).Bool() {
			return v.Type().Field(i).Name
		}
	}
	return ""
}

// Map is a member with arbitrary keys, in the order of the body.
type Map[T any] []Entry[T]

// Entry is one key and value of a [Map].
type Entry[T any] struct {
	Key   string
	Value T
}

// A plan decodes and checks one type of field; plans are compiled once per
// input struct.
type plan struct {
	decode func(s *scanner, v reflect.Value) error
	// members is set for structs, elem for lists and maps.
	members []member
	byName  map[string]int
	refused []int // fields that are Refused
	elem    *plan
	isMap   bool
}

type member struct {
	name  string
	label string // the name as messages write it: first letter in lower case
	index int
	plan  *plan
	rules []rule
	bare  bool // faults are told without the value
}

var plans sync.Map // reflect.Type -> *plan

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p, _ := plans.LoadOrStore(t, compile(t))
	return p.(*plan)
}

var (
	itemType   = reflect.TypeFor[Item]()
	valueType  = reflect.TypeFor[Value]()
	valuesType = reflect.TypeFor[Values]()
	refused    = reflect.TypeFor[Refused]()
)

func compile(t reflect.Type) *plan {
	switch {
	case t == itemType:
		return &plan{decode: decodeItem}
	case t == valueType:
		return &plan{decode: decodeValue}
	case t == valuesType:
		return &plan{decode: decodeValues}
	case t == refused:
		return &plan{decode: func(s *scanner, v reflect.Value) error {
			v.Field(0).SetBool(true)
			return s.ignore()
		}}
	}
	switch t.Kind() {
	case reflect.String:
		return &plan{decode: func(s *scanner, v reflect.Value) error {
			text, err := s.text()
			v.SetString(text)
			return err
		}}
	case reflect.Bool:
		return &plan{decode: decodeBool}
	case reflect.Int32, reflect.Int64:
		return &plan{decode: decodeInt}
	case reflect.Map:
		return &plan{decode: decodeNames}
	case reflect.Pointer:
		return compilePointer(t)
	case reflect.Slice:
		if name, ok := strings.CutPrefix(t.Name(), "Map["); ok && name != "" {
			return compileMap(t)
		}
		return compileList(t)
	case reflect.Struct:
		return compileStruct(t)
	}
	panic("BUG: input member of type " + t.String())
}

func compilePointer(t reflect.Type) *plan {
	p := *planOf(t.Elem())
	decode, isStruct := p.decode, t.Elem().Kind() == reflect.Struct
	p.decode = func(s *scanner, v reflect.Value) error {
		if c := s.peek(); isStruct && c != '{' && c != '[' {
			return s.mismatch(c, fieldType)
		}
		v.Set(reflect.New(t.Elem()))
		return decode(s, v.Elem())
	}
	return &p
}

func compileList(t reflect.Type) *plan {
	elem := planOf(t.Elem())
	if t.Elem() == itemType {
		elem = elem.parameterized('{')
	}
	return &plan{elem: elem, decode: func(s *scanner, v reflect.Value) error {
		if c := s.peek(); c != '[' {
			return s.listMismatch(c)
		}
		list := reflect.MakeSlice(t, 0, 4)
		err := s.elements(func() error {
			e := reflect.New(t.Elem()).Elem()
			if err := elem.decodeOrNull(s, e); err != nil {
				return err
			}
			list = reflect.Append(list, e)
			return nil
		})
		v.Set(list)
		return err
	}}
}

func compileMap(t reflect.Type) *plan {
	elem := planOf(t.Elem().Field(1).Type)
	if t.Elem().Field(1).Type.Kind() == reflect.Slice {
		elem = elem.parameterized('[')
	}
	of := javaName(t.Elem().Field(1).Type)
	return &plan{elem: elem, isMap: true, decode: func(s *scanner, v reflect.Value) error {
		if c := s.peek(); c != '{' {
			return s.mapMismatch(c, of)
		}
		list := reflect.MakeSlice(t, 0, 4)
		err := s.members(func(name []byte) error {
			e := reflect.New(t.Elem()).Elem()
			e.Field(0).SetString(string(name))
			if err := elem.decodeOrNull(s, e.Field(1)); err != nil {
				return err
			}
			list = reflect.Append(list, e)
			return nil
		})
		v.Set(list)
		return err
	}}
}

func compileStruct(t reflect.Type) *plan {
	p := &plan{byName: map[string]int{}}
	for f := range t.Fields() {
		if !f.IsExported() {
			continue
		}
		if f.Type == refused {
			p.refused = append(p.refused, f.Index[0])
		}
		p.byName[f.Name] = len(p.members)
		p.members = append(p.members, member{
			name:  f.Name,
			label: strings.ToLower(f.Name[:1]) + f.Name[1:],
			index: f.Index[0],
			plan:  planOf(f.Type),
			rules: parseRules(f.Tag.Get("is")),
			bare:  strings.HasPrefix(f.Tag.Get("is"), "bare "),
		})
	}
	of := t.Name()
	p.decode = func(s *scanner, v reflect.Value) error {
		if c := s.peek(); c != '{' {
			return s.structMismatch(c, of)
		}
		return s.members(func(name []byte) error {
			i, ok := p.byName[string(name)]
			if !ok {
				return s.ignore()
			}
			m := &p.members[i]
			return m.plan.decodeOrNull(s, v.Field(m.index))
		})
	}
	return p
}

// ignore consumes a value that nobody will decode.
func (s *scanner) ignore() error {
	if raw, ok := s.skip(); !ok || !json.Valid(raw) {
		return errSyntax
	}
	return nil
}

// parameterized returns p for a place where the service's reader works with a
// generic Java type, which shows when a scalar stands there.
func (p *plan) parameterized(open byte) *plan {
	q := *p
	q.decode = func(s *scanner, v reflect.Value) error {
		if c := s.peek(); c != open && c != '{' && c != '[' {
			return s.mismatch(c, parameterized)
		}
		return p.decode(s, v)
	}
	return &q
}

// decodeOrNull leaves v at its zero value, which means absent, for a null.
func (p *plan) decodeOrNull(s *scanner, v reflect.Value) error {
	if s.peek() == 'n' {
		if !s.literal("null") {
			return errSyntax
		}
		return nil
	}
	return p.decode(s, v)
}

func decodeItem(s *scanner, v reflect.Value) error {
	if c := s.peek(); c != '{' {
		return s.mapMismatch(c, javaAttribute)
	}
	it := v.Addr().Interface().(*Item)
	it.Given = true
	var n int
	it.Item, n, it.Err = value.ReadItem(s.b[s.i:])
	s.i += n
	return ifMalformed(it.Err)
}

func decodeValue(s *scanner, v reflect.Value) error {
	raw, ok := s.skip()
	if !ok {
		return errSyntax
	}
	val := v.Addr().Interface().(*Value)
	val.Given = true
	val.Value, val.Err = value.ParseValue(raw)
	return ifMalformed(val.Err)
}

func decodeValues(s *scanner, v reflect.Value) error {
	if c := s.peek(); c != '{' {
		return s.mapMismatch(c, javaAttribute)
	}
	raw, ok := s.skip()
	if !ok {
		return errSyntax
	}
	vals := v.Addr().Interface().(*Values)
	vals.Given = true
	vals.Map, vals.Err = expr.ParseValues(raw)
	return ifMalformed(vals.Err)
}

func decodeNames(s *scanner, v reflect.Value) error {
	if c := s.peek(); c != '{' {
		return s.mapMismatch(c, "java.lang.String")
	}
	names := map[string]string{}
	v.Set(reflect.ValueOf(names))
	return s.members(func(name []byte) error {
		if s.peek() == 'n' {
			if !s.literal("null") {
				return errSyntax
			}
			return nil
		}
		text, err := s.text()
		names[string(name)] = text
		return err
	})
}

// ifMalformed lets through the faults that belong to step 1.
func ifMalformed(err error) error {
	if e, ok := errors.AsType[*value.Error](err); ok && e.Type == value.SerializationException {
		return &Error{Type: Serialization, Message: e.Message}
	}
	return nil
}
