package engine

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/entable/entable/internal/engine/value"
)

func validJSON(b []byte) bool { return len(b) > 0 && json.Valid(b) }

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD; it can
// only come from the text of an error.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
			i++
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			i++
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
	return append(dst, '"')
}

// An object writes the members of one JSON object.
type object struct{ b []byte }

func newObject(capacity int) *object { return &object{append(make([]byte, 0, capacity), '{')} }

// member writes a name; the caller appends the value to b.
func (o *object) member(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

func (o *object) int(name string, n int) {
	o.member(name)
	o.b = strconv.AppendInt(o.b, int64(n), 10)
}

func (o *object) close() []byte { return append(o.b, '}') }

// appendStrings appends a map of strings as a JSON object, names in order.
func appendStrings(dst []byte, m map[string]string) []byte {
	dst = append(dst, '{')
	for i, name := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(append(appendString(dst, name), ':'), m[name])
	}
	return append(dst, '}')
}

// appendValues appends expression values as a JSON object, names in order.
func appendValues(dst []byte, m map[string]value.Value) []byte {
	dst = append(dst, '{')
	for i, name := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = m[name].AppendJSON(append(appendString(dst, name), ':'))
	}
	return append(dst, '}')
}
