package seal

import (
	"bytes"
	"context"
	"fmt"
)

// KeySource has data keys of 32 bytes. It must be safe for concurrent use.
type KeySource interface {
	// DataKey returns the key to write with.
	DataKey(ctx context.Context) (DataKey, error)
	// Unwrap returns the secret of the key with an ID, of 32 bytes, from its wrapped form, which DataKey has returned with it; it is read
	// from a stored ciphertext, which anybody may have written who may write the table. An ID that it does not know is an error
	// that matches [ErrUnknownKey]. What it returns is the caller's.
	Unwrap(ctx context.Context, id string, wrapped []byte) (secret []byte, err error)
}

// DataKey is a key to write with.
type DataKey struct {
	// ID names the key, in up to 255 bytes. It is stored with each ciphertext, and can be seen there.
	ID string
	// Secret is the key itself: 32 bytes.
	Secret []byte
	// Wrapped is what the source makes Secret of again, up to 65,535 bytes; none if ID is enough. It is stored with each ciphertext.
	Wrapped []byte
}

// Key is a secret of a program's own.
type Key struct {
	// ID names the key, in 1 to 255 bytes. An ID must never stand for another secret.
	ID string
	// Secret are 32 random bytes.
	Secret []byte
}

// secretSize is the length of a key of AES-256.
const secretSize = 32

type keys struct {
	write   string
	secrets map[string][]byte
}

// Keys returns a source of given keys: write is used for what is written, read are others that stored items were written with. To rotate
// keys, first give the new one as one of read to all programs, then make it write; the old one can go when no item has it, which a scan
// that puts each item anew sees to. Secrets are copied.
func Keys(write Key, read ...Key) (KeySource, error) {
	k := &keys{write: write.ID, secrets: map[string][]byte{}}
	for _, key := range append([]Key{write}, read...) {
		switch {
		case key.ID == "" || len(key.ID) > maxID:
			return nil, fmt.Errorf("seal: invalid key ID %q: give it 1 to %d bytes", key.ID, maxID)
		case len(key.Secret) != secretSize:
			return nil, fmt.Errorf("seal: invalid secret of the key %q: it has %d bytes, want %d", key.ID, len(key.Secret), secretSize)
		case k.secrets[key.ID] != nil && !bytes.Equal(k.secrets[key.ID], key.Secret):
			return nil, fmt.Errorf("seal: the key %q is given twice, with two secrets", key.ID)
		}
		k.secrets[key.ID] = bytes.Clone(key.Secret)
	}
	return k, nil
}

func (k *keys) DataKey(context.Context) (DataKey, error) {
	return DataKey{ID: k.write, Secret: bytes.Clone(k.secrets[k.write])}, nil
}

func (k *keys) Unwrap(_ context.Context, id string, wrapped []byte) ([]byte, error) {
	secret := k.secrets[id]
	if secret == nil || len(wrapped) > 0 {
		return nil, ErrUnknownKey
	}
	return bytes.Clone(secret), nil
}
