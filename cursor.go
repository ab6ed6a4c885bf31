package entable

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
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// A cursor is one byte of version and the positions of its query, one for each segment of a scan. It is
// bound to the query by the query's identity: the table, index, partition, direction, entities and range
// of sort keys.
//
//	plain:  1, the first 12 bytes of SHA-256(identity, positions), positions
//	sealed: 2, 12 bytes of nonce, AES-GCM(positions), with version and identity authenticated
//
// A position is its state (start, behind a key, done) and, for a key, its length and DynamoDB JSON.
const (
	cursorPlain  = 1
	cursorSealed = 2
	cursorSum    = 12
	maxCursor    = 128 << 10 // for each position: eight key attributes, every byte escaped, in base64
)

const (
	positionStart = iota
	positionAfter
	positionDone
)

var cursorEncoding = base64.RawURLEncoding.Strict()

// CursorKey makes the cursors of the table's queries secret and proof against changes: encrypted with
// AES-GCM under the first key, of 16, 24 or 32 bytes. Cursors under the other keys are still accepted:
// to rotate, put a new key in front and drop the old one when the last cursor under it has been used.
// Without a key, cursors show the keys of items and can be forged; do not hand them to clients.
func CursorKey(key []byte, old ...[]byte) TableOption {
	return tableOption(func(c *tableConfig) { c.cursorKeys = append([][]byte{key}, old...) })
}

func cursorAEADs(all [][]byte) ([]cipher.AEAD, error) {
	var out []cipher.AEAD
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

// identity is what a cursor is bound to.
func (p *queryPlan) identity(version byte) []byte {
	want := ""
	if p.want != nil {
		want = p.want.name
	}
	// The range belongs to it because the service refuses to start outside of it.
	r := p.sort
	id := fmt.Appendf(nil, "%d %q %q %q %q %d %q %q %t %t %t %d %q %q", version, p.op, p.table.name, p.index, p.partition,
		r.op, r.lo, r.hi, r.loOpen, r.hiOpen, p.reverse, p.segments, want, memberNames(p.member))
	for _, v := range append(slices.Clone(p.native.equal), p.native.low, p.native.high) {
		id = fmt.Appendf(id, " %q", v.raw)
	}
	return id
}

// sealCursor makes the cursor of a walk that stands at the positions; "" when all are done.
func (p *queryPlan) sealCursor(at []position) (string, error) {
	var text []byte
	done := true
	for _, pos := range at {
		done = done && pos.done
		switch {
		case pos.done:
			text = append(text, positionDone)
		case len(pos.after) == 0:
			text = append(text, positionStart)
		default:
			raw, err := wire.AppendItem(nil, pos.after)
			if err != nil {
				return "", p.opError(err)
			}
			text = binary.AppendUvarint(append(text, positionAfter), uint64(len(raw)))
			text = append(text, raw...)
		}
	}
	if done {
		return "", nil
	}
	keys := p.table.cursorAEADs
	if len(keys) == 0 {
		token := append([]byte{cursorPlain}, p.cursorSum(text)...)
		return cursorEncoding.EncodeToString(append(token, text...)), nil
	}
	nonce := make([]byte, keys[0].NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", p.opError(err)
	}
	token := append([]byte{cursorSealed}, nonce...)
	return cursorEncoding.EncodeToString(keys[0].Seal(token, nonce, text, p.identity(cursorSealed))), nil
}

func (p *queryPlan) cursorSum(text []byte) []byte {
	h := sha256.New()
	id := p.identity(cursorPlain)
	h.Write(binary.AppendUvarint(nil, uint64(len(id))))
	h.Write(id)
	h.Write(text)
	return h.Sum(nil)[:cursorSum]
}

// openCursor gives the positions of the query's cursor, n of them; those of the beginning without one.
func (p *queryPlan) openCursor(n int) ([]position, error) {
	if p.cursor == "" {
		return make([]position, n), nil
	}
	text, err := p.cursorText(n)
	if err == nil {
		var at []position
		if at, err = p.readPositions(text, n); err == nil {
			return at, nil
		}
	}
	return nil, fmt.Errorf("%w of %s: %w", ErrBadCursor, p.name(), err)
}

var errCursor = errors.New("it is damaged, or belongs to another query")

// cursorText opens and checks a cursor.
func (p *queryPlan) cursorText(n int) ([]byte, error) {
	if len(p.cursor)/n > maxCursor {
		return nil, errCursor
	}
	token, err := cursorEncoding.DecodeString(p.cursor)
	if err != nil || len(token) == 0 {
		return nil, errCursor
	}
	keys := p.table.cursorAEADs
	version, token := token[0], token[1:]
	switch {
	case version == cursorPlain && len(keys) > 0:
		return nil, errors.New("it is not sealed, and the table has a cursor key")
	case version == cursorSealed && len(keys) == 0:
		return nil, errors.New("it is sealed, and the table has no cursor key")
	case version == cursorPlain && len(token) > cursorSum && bytes.Equal(token[:cursorSum], p.cursorSum(token[cursorSum:])):
		return token[cursorSum:], nil
	case version == cursorSealed:
		for _, k := range keys {
			if len(token) <= k.NonceSize() {
				break
			}
			if text, err := k.Open(nil, token[:k.NonceSize()], token[k.NonceSize():], p.identity(cursorSealed)); err == nil {
				return text, nil
			}
		}
	}
	return nil, errCursor
}

// readPositions reads the positions of an authentic cursor, and still takes nothing for granted: the
// keys must be of this table and index, and of the query's partition.
func (p *queryPlan) readPositions(text []byte, n int) ([]position, error) {
	at := make([]position, n)
	for i := range at {
		if len(text) == 0 {
			return nil, errCursor
		}
		state := text[0]
		text = text[1:]
		switch state {
		case positionStart:
			continue
		case positionDone:
			at[i].done = true
			continue
		case positionAfter:
		default:
			return nil, errCursor
		}
		size, used := binary.Uvarint(text)
		if used <= 0 || size > uint64(len(text)-used) {
			return nil, errCursor
		}
		raw := text[used : used+int(size)]
		text = text[used+int(size):]
		key, err := p.keyIn(raw)
		if err != nil || !p.inPartition(key, i) {
			return nil, errCursor
		}
		at[i].after = key
	}
	if len(text) > 0 {
		return nil, errCursor
	}
	return at, nil
}

// inPartition reports whether a key belongs to the query's partition, or its i-th shard.
func (p *queryPlan) inPartition(key map[string]types.AttributeValue, i int) bool {
	if i >= len(p.partitions) {
		return true // a scan; or a native index, where the service compares the key with the condition
	}
	return p.pk.attr.idText(avText(key[p.pk.attr.name])) == p.pk.attr.idText(string(p.partitions[i]))
}

// avText is the content of a key attribute.
func avText(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberB:
		return string(v.Value)
	}
	return ""
}
