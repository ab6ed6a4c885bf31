package entable

import (
	"context"
	"fmt"
	"slices"

	"github.com/entable/entable/internal/work"
)

// mostRaces is how many races in a row a caller may lose.
const mostRaces = 10

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
	tries := work.Tries{Most: mostRaces}
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
		switch e := err.(type) {
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
	switch e := err.(type) {
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
		failed, is := err.(*ConditionFailedError)
		if is && failed.Entity == e.Name() {
			stored, is = failed.Stored.(*T)
		}
		return is && stored != nil
	})
	return stored, ok
}
