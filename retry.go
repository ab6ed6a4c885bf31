package entable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"

	"github.com/aws/smithy-go"

	"github.com/entable/entable/internal/work"
)

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
		case "InternalServerError", "ServiceUnavailable", "ServiceUnavailableException", "TransactionInProgressException", "ReplicatedWriteConflictException":
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
	return "the write was carried out, but what is stored now cannot be read: " + trim(e.err, "")
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
	return classify(err) == "" && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || IsRetryable(err))
}

// RetryOnConflict calls f until it returns nil or an error other than that another writer came first; it calls it up to ten times, with growing,
// jittered pauses of 5 seconds at the most, and not again when ctx has ended. f reads, changes and writes:
//
//	err := entable.RetryOnConflict(ctx, func() error {
//		doc, err := Docs.Get(ctx, Doc{ID: id}, entable.Consistent(true))
//		if err != nil {
//			return err
//		}
//		doc.Text += more
//		return Docs.Put(ctx, doc) // of the version that was read
//	})
//
// It is called again after a [*VersionError], a lost race of [Collection.Save], and an error that matches [ErrConflict], alone or in a
// [*TransactionError]: then nothing was written. It is not called again where something was or may have been: after an error with Unknown
// set, a [*BatchError], or the error of a hook. Nor is it after another failed condition, which waiting does not change, or what
// [IsRetryable] reports besides. So f writes once, in one request or one transaction, and what it does before that can be done again.
//
// The error is that of the last call, and matches that of ctx too if this has ended it.
func RetryOnConflict(ctx context.Context, f func() error) error {
	tries := work.Tries{Most: maxConflicts}
	for {
		err := f()
		if err == nil || !lostRace(err) {
			return err
		}
		if !tries.More(ctx) {
			if tries.Ended != nil {
				err = fmt.Errorf("%w: %w", err, tries.Ended)
			}
			return err
		}
	}
}

// lostRace reports whether a call has done nothing, as another writer came first.
func lostRace(err error) bool {
	lost := false
	done := anyError(err, func(err error) bool {
		switch e := err.(type) { //nolint:errorlint // each error of the tree itself
		case *OpError:
			lost = lost || e.Is(ErrConflict)
			return e.Unknown
		case *TransactionError:
			lost = lost || e.Is(ErrConflict)
			return e.Unknown
		case *ConditionFailedError:
			lost = lost || e.raced
		case *VersionError:
			lost = true
		case sentinel:
			lost = lost || e == ErrConflict
		case *BatchError, *HookError, partlyError, doneError:
			return true
		}
		return false
	})
	return lost && !done
}

// anyError reports whether something is so of an error, or of one that it wraps.
func anyError(err error, is func(error) bool) bool {
	if is(err) {
		return true
	}
	switch e := err.(type) { //nolint:errorlint // each error of the tree itself
	case interface{ Unwrap() error }:
		next := e.Unwrap()
		return next != nil && anyError(next, is)
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), func(err error) bool { return err != nil && anyError(err, is) })
	}
	return false
}

// StoredIn returns the item of this entity that stood against a write, as it is stored: that of the first [*ConditionFailedError] of the entity
// in err, which may be one of a transaction, or of a batch. ok is false when there is none, or the item was not there or could not be decoded.
//
//	if stock, ok := Stocks.StoredIn(err); ok {
//		return fmt.Errorf("there are %d left", stock.Left)
//	}
func (e *Entity[T]) StoredIn(err error) (stored *T, ok bool) {
	if err == nil {
		return nil, false
	}
	ok = anyError(err, func(err error) bool {
		failed, is := err.(*ConditionFailedError) //nolint:errorlint // each error of the tree itself
		if is && failed.Entity == e.Name() {
			stored, is = failed.Stored.(*T)
		}
		return is && stored != nil
	})
	return stored, ok
}
