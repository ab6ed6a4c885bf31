package engine

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/input"
	"github.com/entable/entable/internal/engine/value"
)

// The three namespaces that the service's error types come from. SDKs only
// look at what follows the '#'.
const (
	coralService  = "com.amazon.coral.service#"
	coralValidate = "com.amazon.coral.validate#"
	dynamodb      = "com.amazonaws.dynamodb.v20120810#"
)

// Error is a request that was refused: what the body of an error response says.
type Error struct {
	Status  int
	Type    string // with its namespace
	Message string
	// Item is the stored item that failed a condition, when it was asked for.
	Item value.Item
	// Reasons are those of a TransactionCanceledException, one per action.
	Reasons []reason
	// upFront marks a fault that a transaction reports as its own, not as the
	// reason of one action.
	upFront bool
}

// A reason tells why one action of a transaction could not be done. The zero
// reason stands for an action that could.
type reason struct {
	code, message string
	item          value.Item
}

func (e *Error) Error() string {
	if e.Message == "" {
		return e.Type
	}
	return e.Type + ": " + e.Message
}

func validation(msg string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: coralValidate + "ValidationException", Message: msg}
}

// framed puts a ValidationException into the frame that broken constraints have. Since August 2026 the service
// reports faults of a request to write one item so that it can find without the table.
func framed(err error) error {
	e := asError(err)
	if !strings.HasSuffix(e.Type, "#ValidationException") {
		return e
	}
	return validation("1 validation error detected: " + e.Message)
}

// newer gives faults of values the words that the service has for them since 2026, in all operations but BatchWriteItem,
// Scan and, in most regions, transactions: texts are quoted, and values of expressions told without their placeholders.
func newer(err error) error {
	if e, ok := errors.AsType[*expr.ValueError](err); ok {
		err = e.Fault
	}
	if e, ok := errors.AsType[*value.Error](err); ok && e.Newer != "" {
		return validation(e.Newer)
	}
	return err
}

// badValue returns the frame of most faults in a parameter's value.
func badValue(msg string) *Error {
	return validation("One or more parameter values were invalid: " + msg)
}

func clientError(name, msg string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: dynamodb + name, Message: msg}
}

func serialization(msg string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: coralService + "SerializationException", Message: msg}
}

// The service names the table in the answers of table operations only.
func tableNotFound(name string) *Error {
	return clientError("ResourceNotFoundException", "Requested resource not found: Table: "+name+" not found")
}

func resourceNotFound() *Error {
	return clientError("ResourceNotFoundException", "Requested resource not found")
}

func conditionFailed(stored value.Item) *Error {
	e := clientError("ConditionalCheckFailedException", "The conditional request failed")
	e.Item = stored
	return e
}

// emptyKey returns a key attribute without content.
func emptyKey(what, rest string) *Error {
	e := validation("One or more parameter values are not valid. " + fmt.Sprintf(rest, what))
	e.upFront = true
	return e
}

// notSupported answers the operations that the engine knows by name only.
func notSupported(what string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: coralService + "UnknownOperationException",
		Message: what + " is not supported by the in-process DynamoDB of entable"}
}

// asError turns the errors of the packages below into responses. Anything else
// is a fault of the engine.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*input.Error](err); ok {
		if e.Type == input.Serialization {
			return serialization(e.Message)
		}
		return validation(e.Message)
	}
	if e, ok := errors.AsType[*value.Error](err); ok {
		if e.Type == value.SerializationException {
			return serialization(e.Message)
		}
		return validation(e.Message)
	}
	if e, ok := errors.AsType[*expr.Error](err); ok {
		return validation(e.Message)
	}
	if e, ok := errors.AsType[*expr.ValueError](err); ok {
		return validation(e.Error())
	}
	return &Error{Status: http.StatusInternalServerError, Type: dynamodb + "InternalServerError", Message: err.Error()}
}

func (e *Error) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"__type":`...)
	dst = appendString(dst, e.Type)
	if e.Message != "" {
		name := `,"message":`
		if e.Type == coralService+"SerializationException" || e.Reasons != nil {
			name = `,"Message":`
		}
		dst = append(dst, name...)
		dst = appendString(dst, e.Message)
	}
	if !e.Item.IsEmpty() {
		dst = e.Item.AppendJSON(append(dst, `,"Item":`...))
	}
	if e.Reasons != nil {
		dst = append(dst, `,"CancellationReasons":[`...)
		for i, r := range e.Reasons {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = r.appendJSON(dst)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func (r reason) appendJSON(dst []byte) []byte {
	if r.code == "" {
		return append(dst, `{"Code":"None"}`...)
	}
	dst = appendString(append(dst, `{"Code":`...), r.code)
	if !r.item.IsEmpty() {
		dst = r.item.AppendJSON(append(dst, `,"Item":`...))
	}
	dst = appendString(append(dst, `,"Message":`...), r.message)
	return append(dst, '}')
}
