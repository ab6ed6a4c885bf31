package input

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// ErrorType is the service's class of a fault in a body.
type ErrorType string

// The two classes that a body can fail with.
const (
	Serialization ErrorType = "SerializationException"
	Validation    ErrorType = "ValidationException"
)

// Error is a body that the service would refuse, in the service's words.
type Error struct {
	Type    ErrorType
	Message string
}

func (e *Error) Error() string { return string(e.Type) + ": " + e.Message }

func mismatch(msg string) error { return &Error{Type: Serialization, Message: msg} }

// Decode reads body into the struct at into, which must be a pointer to a zero
// struct. The error is an *[Error].
func Decode(body []byte, into any) error {
	v := reflect.ValueOf(into).Elem()
	s := &scanner{b: body}
	err := errSyntax
	if s.peek() == '{' {
		err = planOf(v.Type()).decode(s, v)
	}
	if err == nil && s.peek() == 0 && s.i == len(body) {
		return nil
	}
	// A body that is not JSON at all is told so before any wrong type in it.
	if e, ok := errors.AsType[*Error](err); ok && json.Valid(body) {
		return e
	}
	return &Error{Type: Serialization}
}

// The messages below are the service's own, which shows its Java classes
// through them. They were recorded against the service by other emulators'
// test suites (dynalite's assertType); DynamoDB Local answers such requests
// with InternalFailure, or converts the value.

const (
	notExpected   = "Start of structure or map found where not expected"
	javaModel     = "com.amazonaws.dynamodb.v20120810."
	javaAttribute = javaModel + "AttributeValue"
	parameterized = "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class " +
		"(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base of loader 'bootstrap')"
)

func javaName(t reflect.Type) string {
	switch {
	case t == itemType || t == valueType:
		return javaAttribute
	case t.Kind() == reflect.String:
		return "java.lang.String"
	case t.Kind() == reflect.Slice:
		return "java.util.List<" + javaName(t.Elem()) + ">"
	case t.Kind() == reflect.Pointer:
		return javaName(t.Elem())
	}
	return javaModel + strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
}

func (s *scanner) text() (string, error) {
	switch c := s.peek(); c {
	case '"':
		text, ok := s.string()
		if !ok {
			return "", errSyntax
		}
		return text, nil
	default:
		return "", s.scalarMismatch(c, "String")
	}
}

// scalarMismatch tells what stands where a scalar of the Java class is wanted.
func (s *scanner) scalarMismatch(c byte, class string) error {
	switch c {
	case '"':
		return mismatch("STRING_VALUE cannot be converted to " + class)
	case 't':
		return mismatch("TRUE_VALUE cannot be converted to " + class)
	case 'f':
		return mismatch("FALSE_VALUE cannot be converted to " + class)
	case '[':
		return mismatch("Unrecognized collection type class java.lang." + class)
	case '{':
		return mismatch(notExpected)
	}
	_, integer, ok := s.number()
	switch {
	case !ok:
		return errSyntax
	case integer:
		return mismatch("NUMBER_VALUE cannot be converted to " + class)
	default:
		return mismatch("DECIMAL_VALUE cannot be converted to " + class)
	}
}

func decodeBool(s *scanner, v reflect.Value) error {
	switch c := s.peek(); c {
	case 't', 'f':
		v.SetBool(c == 't')
		if !s.literal("true") && !s.literal("false") {
			return errSyntax
		}
		return nil
	case '"':
		text, ok := s.string()
		if !ok {
			return errSyntax
		}
		switch strings.ToUpper(text) {
		case "TRUE", "YES", "1":
			v.SetBool(true)
		case "FALSE", "NO", "0":
			v.SetBool(false)
		default:
			return mismatch("Unexpected token received from parser")
		}
		return nil
	default:
		return s.scalarMismatch(c, "Boolean")
	}
}

// decodeInt takes fractions too and drops them, as the service does.
func decodeInt(s *scanner, v reflect.Value) error {
	c := s.peek()
	if c != '-' && (c < '0' || c > '9') {
		if v.Kind() == reflect.Int64 {
			return s.scalarMismatch(c, "Long")
		}
		return s.scalarMismatch(c, "Integer")
	}
	text, integer, ok := s.number()
	if !ok {
		return errSyntax
	}
	if n, err := strconv.ParseInt(string(text), 10, v.Type().Bits()); integer && err == nil {
		v.SetInt(n)
		return nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return errSyntax
	}
	v.SetInt(int64(max(math.MinInt32, min(math.MaxInt32, math.Floor(f)))))
	return nil
}

const (
	fieldType   = "Unexpected field type"
	payloadType = "Unexpected value type in payload"
)

// mismatch returns the fault msg, unless not even a JSON value starts with c.
func (s *scanner) mismatch(c byte, msg string) error {
	switch {
	case c == '"', c == '{', c == '[', c == 't', c == 'f', c == '-', '0' <= c && c <= '9':
		return mismatch(msg)
	}
	return errSyntax
}

func (s *scanner) listMismatch(c byte) error {
	if c == '{' {
		return mismatch(notExpected)
	}
	return s.mismatch(c, fieldType)
}

func (s *scanner) mapMismatch(c byte, of string) error {
	if c == '[' {
		return mismatch("Unrecognized collection type java.util.Map<java.lang.String, " + of + ">")
	}
	return s.mismatch(c, fieldType)
}

func (s *scanner) structMismatch(c byte, of string) error {
	if c == '[' {
		return mismatch("Unrecognized collection type class " + javaModel + strings.ToUpper(of[:1]) + of[1:])
	}
	return s.mismatch(c, payloadType)
}
