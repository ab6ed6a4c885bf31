package entable

import (
	"errors"
	"fmt"

	"github.com/entable/entable/internal/schema"
)

// ProtectionError reports an attribute that cannot be encrypted, decrypted, compressed or decompressed: its key is wrong, unknown or not to
// be had, or what is stored was changed, cut, moved here from elsewhere, or never encrypted. It shows nothing of the value.
type ProtectionError struct {
	Entity, Attribute string
	// KeyID names the key, "" where the Encrypter does not say it.
	KeyID string
	Err   error
}

func (e *ProtectionError) Error() string {
	return fmt.Sprintf("entable: %s: attribute %q: %s", e.Entity, e.Attribute, e.Err)
}

func (e *ProtectionError) Unwrap() error { return e.Err }
func (*ProtectionError) entableError()   {}

func protectionError(f *schema.Fault) error {
	e := &ProtectionError{Entity: f.Entity, Attribute: f.Where, Err: f.Err}
	var by interface{ KeyID() string }
	if errors.As(f.Err, &by) {
		e.KeyID = by.KeyID()
	}
	return e
}
