// Package cursor seals and opens the positions of a walk over pages, for a caller to go on from later.
package cursor

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// A cursor is one byte of version and the positions of its query, one for each segment of a scan. It is
// bound to the query by the query's identity: the table, index, partition, direction, entities with the forms of their sort keys,
// the places where items are, and the range of sort keys.
//
//	plain:  1, the first 12 bytes of SHA-256(identity, positions), positions
//	sealed: 2, 12 bytes of nonce, AES-GCM(positions), with version and identity authenticated
//
// A position is its state (start, behind a key, done) and, for a key, its length and DynamoDB JSON.
const (
	plain   = 1
	sealed  = 2
	sumSize = 12
	maxSize = 128 << 10 // for each position: eight key attributes, every byte escaped, in base64
)

const (
	stateStart = iota
	stateAfter
	stateDone
)

var encoding = base64.RawURLEncoding.Strict()

// Position is how far one stream of pages, a query or a segment of a scan, has been walked.
type Position struct {
	After map[string]types.AttributeValue // nil: the beginning
	Done  bool
}

// Keys seal cursors under the first of them, and open those under each. Without any, cursors are plain.
type Keys []cipher.AEAD

// NewKeys makes keys of 16, 24 or 32 bytes ready.
func NewKeys(all [][]byte) (Keys, error) {
	var out Keys
	for _, key := range all {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("CursorKey of %d bytes: use 16, 24 or 32", len(key))
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		out = append(out, aead)
	}
	return out, nil
}

// Walk is what a cursor belongs to.
type Walk struct {
	Keys Keys
	// Identity is what the cursor is bound to, for each version of cursors.
	Identity func(version byte) []byte
	// Key reads from an item the key that stream i starts behind, and refuses one that is not of the walk.
	Key func(item []byte, i int) (map[string]types.AttributeValue, error)
}

// Seal makes the cursor of a walk that stands at the positions; "" when all are done.
func (w *Walk) Seal(at []Position) (string, error) {
	var text []byte
	done := true
	for _, pos := range at {
		done = done && pos.Done
		switch {
		case pos.Done:
			text = append(text, stateDone)
		case len(pos.After) == 0:
			text = append(text, stateStart)
		default:
			raw, err := wire.AppendItem(nil, pos.After)
			if err != nil {
				return "", err
			}
			text = binary.AppendUvarint(append(text, stateAfter), uint64(len(raw)))
			text = append(text, raw...)
		}
	}
	if done {
		return "", nil
	}
	if len(w.Keys) == 0 {
		token := append([]byte{plain}, w.sum(text)...)
		return encoding.EncodeToString(append(token, text...)), nil
	}
	nonce := make([]byte, w.Keys[0].NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", err
	}
	token := append([]byte{sealed}, nonce...)
	return encoding.EncodeToString(w.Keys[0].Seal(token, nonce, text, w.Identity(sealed))), nil
}

func (w *Walk) sum(text []byte) []byte {
	h := sha256.New()
	id := w.Identity(plain)
	h.Write(binary.AppendUvarint(nil, uint64(len(id))))
	h.Write(id)
	h.Write(text)
	return h.Sum(nil)[:sumSize]
}

// Open gives the n positions of a cursor; those of the beginning for "".
func (w *Walk) Open(cursor string, n int) ([]Position, error) {
	if cursor == "" {
		return make([]Position, n), nil
	}
	text, err := w.text(cursor, n)
	if err != nil {
		return nil, err
	}
	return w.positions(text, n)
}

var errDamaged = errors.New("it is damaged, or belongs to another query or version")

// text opens and checks a cursor.
func (w *Walk) text(cursor string, n int) ([]byte, error) {
	if len(cursor)/n > maxSize || strings.ContainsAny(cursor, "\r\n") { // which base64 passes over
		return nil, errDamaged
	}
	token, err := encoding.DecodeString(cursor)
	if err != nil || len(token) == 0 {
		return nil, errDamaged
	}
	version, token := token[0], token[1:]
	switch {
	case version == plain && len(w.Keys) > 0:
		return nil, errors.New("it is not sealed, and the table has a cursor key")
	case version == sealed && len(w.Keys) == 0:
		return nil, errors.New("it is sealed, and the table has no cursor key")
	case version == plain && len(token) > sumSize && bytes.Equal(token[:sumSize], w.sum(token[sumSize:])):
		return token[sumSize:], nil
	case version == sealed:
		for _, k := range w.Keys {
			if len(token) <= k.NonceSize() {
				break
			}
			if text, err := k.Open(nil, token[:k.NonceSize()], token[k.NonceSize():], w.Identity(sealed)); err == nil {
				return text, nil
			}
		}
	}
	return nil, errDamaged
}

// positions reads the positions of an authentic cursor, and still takes nothing for granted: the
// keys must be of this table and index, and of the query's partition.
func (w *Walk) positions(text []byte, n int) ([]Position, error) {
	at := make([]Position, n)
	for i := range at {
		if len(text) == 0 {
			return nil, errDamaged
		}
		state := text[0]
		text = text[1:]
		switch state {
		case stateStart:
			continue
		case stateDone:
			at[i].Done = true
			continue
		case stateAfter:
		default:
			return nil, errDamaged
		}
		size, used := binary.Uvarint(text)
		if used <= 0 || size > uint64(len(text)-used) {
			return nil, errDamaged
		}
		raw := text[used : used+int(size)]
		text = text[used+int(size):]
		key, err := w.Key(raw, i)
		if err != nil {
			return nil, errDamaged
		}
		at[i].After = key
	}
	if len(text) > 0 {
		return nil, errDamaged
	}
	return at, nil
}
