package seal

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

const (
	form       = 1
	maxID      = 255
	maxWrapped = 1<<16 - 1
	saltSize   = 12
	nonceSize  = 12
	tagSize    = 16
	derivation = "entable/seal AES-256-GCM 1"
)

// Sealer encrypts and decrypts. It is an entable.Encrypter, and safe for concurrent use.
type Sealer struct{ keys *ring }

// New returns a Sealer with the keys of a source.
func New(source KeySource, o Options) *Sealer { return &Sealer{newRing(source, o)} }

// Seal returns plaintext, encrypted and bound to what bound says. The errors are those of the source.
func (s *Sealer) Seal(ctx context.Context, plaintext, bound []byte) ([]byte, error) {
	k, err := s.keys.write(ctx)
	if err != nil {
		return nil, &Error{Err: err}
	}
	head := make([]byte, 0, 4+len(k.ID)+len(k.Wrapped)+saltSize+nonceSize+len(plaintext)+tagSize)
	head = append(head, form, byte(len(k.ID)))
	head = append(head, k.ID...)
	head = binary.BigEndian.AppendUint16(head, uint16(len(k.Wrapped)))
	head = append(head, k.Wrapped...)
	n := len(head)
	head = head[:n+saltSize+nonceSize]
	rand.Read(head[n:]) // never fails
	aead, err := aeadOf(k.Secret, head[n:n+saltSize])
	if err != nil {
		return nil, &Error{k.ID, err}
	}
	return aead.Seal(head, head[n+saltSize:], plaintext, additional(head, bound)), nil
}

// Open returns the plaintext of a ciphertext that Seal has made for the same bound. Every other one is an [*Error].
func (s *Sealer) Open(ctx context.Context, ciphertext, bound []byte) ([]byte, error) {
	p, ok := parse(ciphertext)
	if !ok {
		return nil, &Error{Err: ErrMalformed}
	}
	secret, err := s.keys.read(ctx, p.id, p.wrapped)
	if err != nil {
		return nil, &Error{p.id, err}
	}
	salt, nonce := p.random[:saltSize], p.random[saltSize:]
	aead, err := aeadOf(secret, salt)
	if err != nil {
		return nil, &Error{p.id, err}
	}
	plaintext, err := aead.Open(nil, nonce, p.sealed, additional(p.head, bound))
	if err != nil {
		return nil, &Error{p.id, ErrForged}
	}
	return plaintext, nil
}

// aeadOf returns the cipher of one ciphertext.
func aeadOf(secret, salt []byte) (cipher.AEAD, error) {
	if len(secret) != secretSize {
		return nil, fmt.Errorf("the secret has %d bytes, want %d", len(secret), secretSize)
	}
	key, err := hkdf.Key(sha256.New, secret, salt, derivation, secretSize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// additional returns what is authenticated with a ciphertext: its head, with its length in front, and what it is bound to.
func additional(head, bound []byte) []byte {
	out := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(head)+len(bound)), uint32(len(head)))
	return append(append(out, head...), bound...)
}

// parts are those of a ciphertext.
type parts struct {
	id      string
	wrapped []byte
	random  []byte
	head    []byte // all in front of sealed
	sealed  []byte // with the tag
}

func parse(ciphertext []byte) (p parts, ok bool) {
	rest := ciphertext
	cut := func(n int) []byte {
		if len(rest) < n {
			rest, ok = nil, false
			return make([]byte, n)
		}
		out := rest[:n:n]
		rest = rest[n:]
		return out
	}
	ok = true
	start := cut(2)
	ok = ok && start[0] == form
	p.id = string(cut(int(start[1])))
	p.wrapped = bytes.Clone(cut(int(binary.BigEndian.Uint16(cut(2)))))
	p.random = cut(saltSize + nonceSize)
	p.sealed = rest
	p.head = ciphertext[:len(ciphertext)-len(rest)]
	return p, ok && len(rest) >= tagSize
}
