package seal

import (
	"errors"
	"fmt"
)

var (
	// ErrForged is the error of a ciphertext that the key has not made for this place: it was changed, cut, or moved, or the key
	// is another one of the same ID.
	ErrForged = errors.New("the ciphertext was not made with this key for this place")
	// ErrMalformed is the error of bytes that are no ciphertext.
	ErrMalformed = errors.New("the ciphertext is malformed")
	// ErrUnknownKey is the error of an ID that the source does not know.
	ErrUnknownKey = errors.New("the key is unknown")
)

// Error is an error of [Sealer.Seal] or [Sealer.Open]. It matches [ErrForged], [ErrMalformed] or [ErrUnknownKey], or is that of the source.
type Error struct {
	id string
	// Err is the cause.
	Err error
}

func (e *Error) Error() string {
	if e.id == "" {
		return "seal: " + e.Err.Error()
	}
	return fmt.Sprintf("seal: key %q: %s", e.id, e.Err)
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// KeyID returns the ID of the key in question, "" where it is not known.
func (e *Error) KeyID() string { return e.id }
