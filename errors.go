package entable

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/entable/entable/internal/manifest"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
)

// sentinel is the type of this package's plain errors, so that [IsError] knows them.
type sentinel string

func (s sentinel) Error() string { return "entable: " + string(s) }
func (sentinel) entableError()   {}

// Errors before a request is sent.
const (
	// ErrNoClient is returned by an operation that finds no client: none in the context
	// ([WithClient]), none on the entity or the table (Use), and no default ([SetDefaultClient]).
	ErrNoClient = sentinel("no DynamoDB client: call Table.Use, Entity.Use, SetDefaultClient or WithClient first")

	// ErrNotSent is the error of a write in a batch that was not sent because another one was refused
	// before any request.
	ErrNotSent = sentinel("not sent, because another write of the batch was refused")

	// ErrBadCursor is returned by a query whose cursor is damaged, or belongs to another query (another table, index, partition, range
	// of sort keys, direction or set of entities) or to a version of the program with other keys or places of these. Nothing is read.
	ErrBadCursor = sentinel("invalid cursor")
)

// Errors that the answer of the service stands for. Each is matched with [errors.Is]; the SDK's own
// error stays in the chain for [errors.As].
const (
	// ErrNotFound is returned by reads of a single item when there is none.
	ErrNotFound = sentinel("item not found")

	// ErrSeveral is returned by One when a query has more than one item.
	ErrSeveral = sentinel("more than one item")

	// ErrExists is matched by the [*ConditionFailedError] of a Create whose key is taken.
	ErrExists = sentinel("item already exists")

	// ErrTableNotFound is matched when the table does not exist in the account and region of the client, or is not active yet
	// (ResourceNotFoundException). Of a query, an index that the table lacks is the service's ValidationException.
	ErrTableNotFound = sentinel("table not found, or not active yet")

	// ErrTableExists is matched by the error of [Table.CreateTable] when there is such a table already, and by those of
	// other changes of a table that is being created, changed or deleted (ResourceInUseException): wait for that.
	ErrTableExists = sentinel("table already exists, or is being changed")

	// ErrConflict is matched by the error of a write that ran into a transaction on the same item, by the reason of a transaction,
	// also one that reads, that ran into any write of it, or, in a global table of multi-Region strong consistency, into a write to it
	// in another Region (ReplicatedWriteConflictException). The write had no effect; see [IsRetryable] and [RetryOnConflict].
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
	ErrConflict = sentinel("another write is on the item")

	// ErrThrottled is matched when the service refused a request for its rate and the SDK's retries
	// were used up. The request had no effect; see [IsRetryable].
	ErrThrottled = sentinel("throttled")
)

// IsError reports whether err is, or wraps, an error of this package: one of its sentinels or types.
// Errors that a caller's own hook or marshaler returned are wrapped in one.
func IsError(err error) bool {
	var e interface{ entableError() }
	return errors.As(err, &e)
}

// IsRetryable reports whether the same call may succeed later without a change: the service throttled
// it, was unavailable, or the connection broke. The SDK has retried by then (three attempts by
// default), so back off well before trying again. After a broken connection a write may have happened.
func IsRetryable(err error) bool {
	if _, done := errors.AsType[doneError](err); done {
		return false
	}
	if s := classify(err); s == ErrThrottled || s == ErrConflict || errors.Is(err, ErrThrottled) || errors.Is(err, ErrConflict) {
		return true
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "InternalServerError", "ServiceUnavailable", "ServiceUnavailableException", "TransactionInProgressException":
			return true
		}
	}
	var answer interface{ HTTPStatusCode() int }
	if errors.As(err, &answer) && answer.HTTPStatusCode() >= http.StatusInternalServerError || api != nil && api.ErrorFault() == smithy.FaultServer {
		return true
	}
	return api == nil && broken(err)
}

// doneError is an error behind a write that was carried out.
type doneError struct{ err error }

func (e doneError) Error() string {
	return "the write was carried out, but its item cannot be read: " + trim(e.err, "")
}
func (e doneError) Unwrap() error { return e.err }

// broken reports whether the connection broke, or was too slow for the client, before or within an answer.
func broken(err error) bool {
	var sent interface{ ConnectionError() bool }
	if errors.As(err, &sent) && sent.ConnectionError() || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	if _, reset := errors.AsType[*net.OpError](err); reset {
		return true
	}
	late, ok := errors.AsType[net.Error](err)
	return ok && late != context.DeadlineExceeded && late.Timeout() //nolint:errorlint // itself is the end of the caller's context; a client's time-out wraps it
}

// lostAnswer reports whether the error alone leaves open what became of a write.
func lostAnswer(err error) bool {
	refused := classify(err) != "" || errors.Is(err, ErrThrottled) || errors.Is(err, ErrConflict)
	return !refused && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || IsRetryable(err))
}

// DeclarationError reports a wrong declaration: of a table, an entity, a key, an index or a
// collection. NewTable, Register and NewCollection panic with it, their Try forms return it.
type DeclarationError struct {
	// What was declared: `table "items"`, "Order", "collection Device".
	What string
	// Field is the Go field or the attribute at fault, or empty.
	Field string
	// Reason says what is wrong and what to write instead.
	Reason string
	// Err is the cause, if there is one.
	Err error
}

func (e *DeclarationError) Error() string {
	var b strings.Builder
	b.WriteString("entable: ")
	b.WriteString(e.What)
	if e.Field != "" {
		b.WriteString(": ")
		b.WriteString(e.Field)
	}
	if e.Reason != "" {
		b.WriteString(": ")
		b.WriteString(e.Reason)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(strings.TrimPrefix(e.Err.Error(), "entable: "))
	}
	return b.String()
}

func (e *DeclarationError) Unwrap() error { return e.Err }
func (*DeclarationError) entableError()   {}

// declarationError makes one of schema's error of a declaration.
func declarationError(err error) error {
	f, ok := err.(*schema.Fault)
	if !ok {
		return err
	}
	e := &DeclarationError{What: f.Entity, Field: f.Where, Reason: f.Reason, Err: f.Err}
	if len(f.Drift) > 0 {
		e.Err = drift(f.Table, fromLock, f.Drift)
	}
	return e
}

// OpError says which operation on which item an error belongs to. Every error of an operation that
// has to do with a request is wrapped in one; match the cause with [errors.Is] and [errors.As].
type OpError struct {
	// Op is the operation, as its method is called: "Put", "Get", "Query".
	Op string
	// Entity is the entity's name, or the table's for operations on all entities.
	Entity string
	// Key is the item's key as `pk="…" sk="…"`, or empty.
	Key string
	// Unknown is set for a write of which it is not known whether it was carried out, or, with [Update.Once] not set, how
	// often: an answer was lost, and the stored item does not tell. Read the item before the write is repeated.
	Unknown bool
	Err     error
}

func (e *OpError) Error() string {
	where := e.Entity
	if e.Key != "" {
		where += "[" + e.Key + "]"
	}
	unknown := ""
	if e.Unknown {
		unknown = unknownText
	}
	return fmt.Sprintf("entable: %s %s: %s%s", e.Op, where, trim(e.Err, e.Entity), unknown)
}

// unknownText is behind the messages of writes that may have been carried out.
const unknownText = " (an answer was lost: it is unknown whether the write was carried out)"

// trim returns the text of err within one that names the package and the entity already.
func trim(err error, entity string) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "entable: "), entity+": ")
}

func (e *OpError) Unwrap() error { return e.Err }
func (*OpError) entableError()   {}

// Is matches the sentinels that stand for an answer of the service.
func (e *OpError) Is(target error) bool {
	s, ok := target.(sentinel)
	return ok && s == classify(e.Err)
}

// classify gives the sentinel for an error of the SDK, or "" if there is none.
func classify(err error) sentinel {
	code := route.Code(err)
	if route.IsThrottle(code) {
		return ErrThrottled
	}
	switch code {
	case "ResourceNotFoundException":
		return ErrTableNotFound
	case "ResourceInUseException":
		return ErrTableExists
	case "TransactionConflictException", "ReplicatedWriteConflictException":
		return ErrConflict
	}
	return ""
}

// KeyError reports a value that cannot be part of a key: an empty text, a number that does not fit
// the width, invalid UTF-8, or a key longer than the service takes (2048 bytes for a partition key,
// 1024 for a sort key). It is found before any request.
type KeyError struct {
	Entity string
	// Key is the table's or index's key attribute: "pk", "gsi1sk".
	Key string
	Err error
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("entable: %s: cannot build key %s: %s", e.Entity, e.Key, e.Err)
}

func (e *KeyError) Unwrap() error { return e.Err }
func (*KeyError) entableError()   {}

// ConditionFailedError reports a write that the service refused because its condition was false. For
// [Entity.Create] it matches [ErrExists]; for any other write of an item that is not there, [ErrNotFound]. A lost race for a
// version is a [*VersionError] in it.
type ConditionFailedError struct {
	Entity string
	// Stored is the item as it is stored now: the pointer to its registered type, or a [RawItem] when it
	// could not be decoded. It is nil when there is no such item.
	Stored any
	// Err is the SDK's error, a *types.ConditionalCheckFailedException.
	Err error

	is    sentinel // what it stands for, or ""
	why   error    // what stood against it, or nil
	raced bool     // the condition was that the item is as it was loaded
}

func (e *ConditionFailedError) Error() string {
	switch {
	case e.is != "":
		return "entable: " + e.Entity + ": " + string(e.is)
	case e.why != nil:
		return "entable: " + e.Entity + ": condition failed: " + trim(e.why, e.Entity)
	}
	return "entable: " + e.Entity + ": condition failed"
}

// Unwrap returns a [*VersionError], if there is one, and the SDK's error.
func (e *ConditionFailedError) Unwrap() []error {
	return slices.DeleteFunc([]error{e.why, e.Err}, func(err error) bool { return err == nil })
}
func (*ConditionFailedError) entableError() {}

// Is matches [ErrExists] and [ErrNotFound].
func (e *ConditionFailedError) Is(target error) bool { return e.is != "" && target == e.is }

// VersionError reports a write that lost the race for an item with a `version` field, in a [*ConditionFailedError]: read the
// item anew and decide again.
type VersionError struct {
	Entity string
	// Have is the version of the stored item, 0 when it has none or is gone; Want is the one that the write was for.
	Have, Want int64
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("entable: %s: the stored version is %d, that of the write %d", e.Entity, e.Have, e.Want)
}

func (*VersionError) entableError() {}

// ItemTooLargeError reports an item above the size limit. It is found before any request, but for an update by key of an
// item that is too large only with what is stored: that the service refuses, at its own limit.
type ItemTooLargeError struct {
	Entity string
	// Size is the item's size in bytes by the service's rules, Max the limit that it exceeds: the
	// service's 409,600 (400 KB) or the [MaxSize] of the table or entity. Of an update by key, Size counts the
	// key and what the update sets; it is 0 when the service has found it.
	Size, Max int
	// Key is the item's key as `pk="…" sk="…"`.
	Key string
	// Err is the service's error, or nil.
	Err error
}

// maxItemSize is the service's limit for one item, names included.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxItemSize = 400 * 1024

// exceedsSize is in the service's messages of items that are too large.
const exceedsSize = "tem size to update has exceeded the maximum allowed size"

func (e *ItemTooLargeError) Error() string {
	if e.Size == 0 {
		return fmt.Sprintf("entable: %s[%s]: the update makes an item above the limit of %d bytes", e.Entity, e.Key, e.Max)
	}
	return fmt.Sprintf("entable: %s[%s]: item of %d bytes is above the limit of %d", e.Entity, e.Key, e.Size, e.Max)
}

func (e *ItemTooLargeError) Unwrap() error { return e.Err }
func (*ItemTooLargeError) entableError()   {}

// UnknownEntityError reports a stored item that is not of the type asked for: its discriminator (or,
// without one, its key) belongs to no registered entity, or a read by key found another entity there.
type UnknownEntityError struct {
	// Table is the table's name.
	Table string
	// Want is the entity that was asked for, or empty for a read of mixed items.
	Want string
	// Type is the item's discriminator, or empty when it has none.
	Type string
	// Key is the item's key as `pk="…" sk="…"`.
	Key string
	// Item is the whole item.
	Item RawItem
	// Own is set for an item that is the library's own: the manifest of [Table.Verify], or what keeps a `unique`
	// field unique. Queries and scans pass over these; programs that read all items in another way should, too.
	Own bool
}

func (e *UnknownEntityError) Error() string {
	found := "of no registered entity"
	switch {
	case e.Own:
		found = "the library's own"
	case e.Type != "":
		found = fmt.Sprintf("of type %q", e.Type)
	}
	if e.Want != "" {
		return fmt.Sprintf("entable: %s[%s]: the stored item is %s", e.Want, e.Key, found)
	}
	if e.Type != "" && !e.Own {
		found += ", which is not registered"
	}
	return fmt.Sprintf("entable: table %q: item [%s] is %s", e.Table, e.Key, found)
}

func (*UnknownEntityError) entableError() {}

// RawItem is a stored item as the SDK holds it.
type RawItem map[string]types.AttributeValue

// DecodeError reports a stored item that does not fit its registered type.
type DecodeError struct {
	Entity string
	// Key is the item's key as `pk="…" sk="…"`.
	Key string
	// Err names the attribute's path and the kinds: "attribute lines[2].qty: cannot decode S into int".
	Err error
}

func (e *DecodeError) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("entable: %s: %s", e.Entity, trim(e.Err, e.Entity))
	}
	return fmt.Sprintf("entable: %s[%s]: %s", e.Entity, e.Key, trim(e.Err, e.Entity))
}

func (e *DecodeError) Unwrap() error { return e.Err }
func (*DecodeError) entableError()   {}

// KeyMismatchError reports a stored item whose fields make another key than the one that it is stored under: a Put of
// it would write a second item, and a Patch or Remove would not meet it. It is written by other programs or by hand, or the key
// was declared otherwise then. [Table.Audit] finds such items.
type KeyMismatchError struct {
	Entity string
	// Key is the key that the item is stored under, Made the one that its fields make, both as `pk="…" sk="…"`.
	Key, Made string
	// Item is the whole item, or what the read asked for of it.
	Item RawItem
	// Err says why the fields make no key, with an empty Made; else it is nil.
	Err error
}

func (e *KeyMismatchError) Error() string {
	made := fmt.Sprintf("the key [%s]", e.Made)
	if e.Err != nil {
		made = "no key: " + trim(e.Err, e.Entity)
	}
	return fmt.Sprintf("entable: %s[%s]: the item's fields make %s", e.Entity, e.Key, made)
}

func (e *KeyMismatchError) Unwrap() error { return e.Err }
func (*KeyMismatchError) entableError()   {}

// EncodeError reports a value that cannot be stored, found before any request.
type EncodeError struct {
	Entity string
	// Err names the attribute's path and the kinds.
	Err error
}

func (e *EncodeError) Error() string { return fmt.Sprintf("entable: %s: %s", e.Entity, e.Err) }
func (e *EncodeError) Unwrap() error { return e.Err }
func (*EncodeError) entableError()   {}

// errUnregistered is for an Entity, or a write of one, that Register has not made.
var errUnregistered = usagef("the Entity is not registered: make it with entable.Register, before what uses it")

// usageError is a call that cannot be carried out as written: a nil pointer, an unknown index.
type usageError string

func (e usageError) Error() string { return "entable: " + string(e) }
func (usageError) entableError()   {}

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// Difference is one point in which a registry departs from a manifest.
type Difference struct {
	// Where is the place: `table`, `Order`, `Order: index "gsi1": SK`.
	Where string
	// What is the property: "prefix", "order of components".
	What string
	// Was is the recorded value, Is the declared one.
	Was, Is string
	// Effect is what it would mean for stored items.
	Effect string
	// Cure is what to do.
	Cure string
}

func (d Difference) String() string {
	return fmt.Sprintf("%s: %s: was %s, is %s: %s: %s", d.Where, d.What, cmp.Or(d.Was, "none"), cmp.Or(d.Is, "none"), d.Effect, d.Cure)
}

// DriftError reports that a registry contradicts its lock, the manifest that is stored in its table, or the table itself.
type DriftError struct {
	// Table is the table's name.
	Table string
	// From is what the registry was compared with: "lock", "stored manifest", or "table" by [Table.Ensure].
	From        string
	Differences []Difference
}

func (e *DriftError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "entable: the registry of table %q departs from its %s:", e.Table, e.From)
	for _, d := range e.Differences {
		b.WriteString("\n\t" + d.String())
	}
	return b.String()
}

func (*DriftError) entableError() {}

const (
	fromLock   = "lock"
	fromStored = "stored manifest"
)

// drift returns a [*DriftError] that lists the differences, and nil when there is none.
func drift(table, from string, list []manifest.Difference) error {
	if len(list) == 0 {
		return nil
	}
	err := &DriftError{Table: table, From: from}
	for _, d := range list {
		err.Differences = append(err.Differences, Difference(d))
	}
	return err
}
