package codec

import (
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/entable/entable/internal/wire"
)

// ErrUnexpected is what Decode returns when the item is not the one that Plan.Expect asked for.
var ErrUnexpected = errors.New("item is of another type")

// An Error says which attribute could not be decoded or encoded.
type Error struct {
	Path     string       // where in the item, such as lines[2].qty; empty for the item itself
	WireKind wire.Kind    // what was to be decoded; Invalid when encoding, or if the bytes are malformed
	GoType   reflect.Type // what it does not fit into; nil if the bytes are malformed
	Err      error        // the reason, if there is more to say
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString("attribute " + e.Path + ": ")
	}
	switch {
	case e.GoType == nil:
	case e.WireKind == wire.Invalid:
		b.WriteString("cannot encode " + e.GoType.String())
	default:
		b.WriteString("cannot decode " + e.WireKind.String() + " into " + e.GoType.String())
	}
	if e.Err != nil {
		if e.GoType != nil {
			b.WriteString(": ")
		}
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Within returns an error of the codec with the name of the attribute that it is in.
func Within(err error, name string) error { return within(err, name) }

// within puts a step in front of the path of err, while the decoder or encoder unwinds.
func within(err error, step string) error {
	e, ok := err.(*Error)
	if !ok {
		e = &Error{Err: err}
	}
	if e.Path != "" && e.Path[0] != '[' {
		step += "."
	}
	e.Path = step + e.Path
	return e
}

func withinIndex(err error, i int) error { return within(err, "["+strconv.Itoa(i)+"]") }

// cannotDecode says that a value of kind k does not fit into t.
func cannotDecode(k wire.Kind, t reflect.Type, reason error) error {
	if _, ok := errors.AsType[*wire.SyntaxError](reason); ok {
		return reason
	}
	return &Error{WireKind: k, GoType: t, Err: reason}
}

func cannotEncode(t reflect.Type, reason error) error { return &Error{GoType: t, Err: reason} }
