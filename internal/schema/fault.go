package schema

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/manifest"
)

// Fault says what is wrong with a declaration, a value or an item, in plain form: the root makes its public errors
// of it.
type Fault struct {
	Kind   FaultKind
	Entity string // or the table, or what else was declared
	Where  string // the Go field or the attribute at fault
	Reason string
	Key    string // the item's, for messages
	Made   string // the key that the item's fields make
	Type   string // the item's discriminator
	Item   map[string]types.AttributeValue
	Own    bool                  // the item is the library's own
	Table  string                // whose lock it is
	Drift  []manifest.Difference // from the lock
	Err    error                 // the cause
}

type FaultKind uint8

const (
	WrongDeclaration FaultKind = iota
	WrongKey                   // a value that cannot be part of a key
	WrongValue                 // a value that cannot be stored
	WrongItem                  // a stored item that does not fit its type
	UnknownItem                // a stored item of no registered type
	WrongPlace                 // a stored item whose fields make another key
	WrongSeal                  // an attribute that cannot be sealed or opened
	WrongUse                   // a call that cannot be carried out as written
)

func (f *Fault) Error() string {
	var text strings.Builder
	text.WriteString(f.Entity)
	for _, part := range []string{f.Where, f.Reason} {
		if part != "" {
			text.WriteString(": " + part)
		}
	}
	if f.Err != nil {
		text.WriteString(": " + f.Err.Error())
	}
	return text.String()
}

func (f *Fault) Unwrap() error { return f.Err }

func declarationFault(what, field, format string, args ...any) *Fault {
	return &Fault{Kind: WrongDeclaration, Entity: what, Where: field, Reason: fmt.Sprintf(format, args...)}
}

func misuse(format string, args ...any) *Fault {
	return &Fault{Kind: WrongUse, Reason: fmt.Sprintf(format, args...)}
}

func (e *Entity) keyFault(key string, err error) *Fault {
	return &Fault{Kind: WrongKey, Entity: e.Name, Where: key, Err: err}
}

func (e *Entity) valueFault(err error) *Fault {
	return &Fault{Kind: WrongValue, Entity: e.Name, Err: err}
}
