// Package expr parses, checks and evaluates DynamoDB expressions: conditions and filters, key
// conditions, projections and updates.
//
// # How a text is checked
//
// The service finds one error at a time, in this order, and so does this package:
//
//  1. the text: empty, too long, a token that does not fit, redundant parentheses (parse.go)
//  2. from left to right, outside in: unknown or misplaced functions, reserved words, list indexes out of range,
//     sections used twice (shape.go)
//  3. from left to right, inside out: undefined placeholders, paths too deep, numbers and types of operands
//     (check.go, update.go)
//  4. the expression as a whole: too many operators, overlapping paths
//
// Parsed expressions are immutable, safe for concurrent use, and do not keep the Params they were parsed with.
//
// # Where DynamoDB Local differs
//
//   - SIZE and CONVERT are not reserved there.
//   - a.:v is a path there that ends in an internal error; here it is an error of syntax.
//   - Its list of type names for attribute_type has internal names that the service does not show.
//   - It names unused placeholders in the order of a Java hash set, as the service does, differently on each host;
//     here they are sorted.
//   - A sum of more than 38 digits is a number overflow in the service, and a precision error there.
//   - Two conditions on one key are told there without "Invalid KeyConditionExpression: ".
//   - Values cannot be used there as soon as they have a megabyte or so together, however often, and may be a level deeper.
//   - UPDATED_OLD and UPDATED_NEW return the whole attribute there when a part of it was updated.
//   - "Attempting to store more than 38 significant digits" and "cannot be converted to a numeric value" are
//     the service's words; malformed values are a SerializationException, not an internal error (package value).
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
package expr

import (
	"slices"
	"strconv"
	"strings"
)

// Limits of the service.
const (
	maxText      = 4096 // bytes of one expression
	maxOperators = 300  // operators and functions of one condition
	maxIn        = 100  // operands of one IN
	maxDepth     = 32   // elements of one path
	maxIndex     = 1<<31 - 1
	maxKey       = 255     // bytes of a placeholder
	maxParams    = 2 << 20 // bytes of all names and values of a request, with their placeholders
	maxName      = 65535   // bytes of an attribute name
)

// Error is an expression that the service would refuse. Message is the whole text of its
// ValidationException.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

// param is the name of an expression parameter, for messages.
type param string

func (p param) refuse(msg string) error {
	return &Error{"Invalid " + string(p) + ": " + msg}
}

// step is one element of a path: an attribute or member name, or the index of a list element if
// name is empty. The service has no empty names.
type step struct {
	name  string
	index int
}

// path is a document path with its placeholders resolved.
type path []step

// String returns the form in which messages show paths: [a, [0], b].
func (p path) String() string {
	var b strings.Builder
	b.WriteByte('[')
	for i, s := range p {
		if i > 0 {
			b.WriteString(", ")
		}
		if s.name != "" {
			b.WriteString(s.name)
		} else {
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		}
	}
	b.WriteByte(']')
	return b.String()
}

// heads collects the top-level attributes of paths, in order of appearance, each once.
type heads struct{ all, nested []string }

func (h *heads) add(p path) {
	h.all = addOnce(h.all, p[0].name)
	if len(p) > 1 {
		h.nested = addOnce(h.nested, p[0].name)
	}
}

func addOnce(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// Attributes lists the top-level attributes that the expression names, in order of appearance, each once.
// The caller must not change the list.
func (h *heads) Attributes() []string { return h.all }

// Nested lists those of Attributes that the expression looks into with . or [ ], which the service
// forbids for key attributes.
func (h *heads) Nested() []string { return h.nested }
