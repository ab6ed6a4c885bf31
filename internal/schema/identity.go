package schema

import (
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// ItemID tells items apart: the table, and the members of the primary key as an encoded item has them,
// but with one form for all forms of a number. The service writes 1000000 where a float's own form is
// 1e+06.
type ItemID struct{ table, key string }

// EncodedIdentity reads the identity off an encoded item, whose primary key ends at keyEnd; the item must not change while
// the identity is used. It is not ok where a key is a number, which has many forms.
func (t *Table) EncodedIdentity(item []byte, keyEnd int) (id ItemID, ok bool) {
	if t.PK.Type == types.ScalarAttributeTypeN || t.SK.Type == types.ScalarAttributeTypeN {
		return ItemID{}, false
	}
	return ItemID{t.Name, unsafe.String(&item[1], keyEnd-1)}, true
}

// Identity returns the identity of the item with these attributes.
func (t *Table) Identity(item map[string]types.AttributeValue) ItemID {
	var scratch [256]byte
	id := scratch[:0]
	for _, a := range [...]Attr{t.PK, t.SK} {
		if v, ok := item[a.Name]; ok {
			id = a.appendID(id, Text(v))
		}
	}
	return ItemID{t.Name, string(id)}
}

// IdentityOfRead returns the identity of the item that r has read from start on. It is made in room, and void when that is used
// again.
func (t *Table) IdentityOfRead(room []byte, r *wire.Reader, start int) (ItemID, error) {
	stored := storedKey{r.Noted(0, start), r.Noted(1, start)}
	if stored[0] == nil || stored[1] == nil && t.SK.Exists() {
		end := r.Offset()
		r.Rewind(start)
		var err error
		if stored, err = t.storedKeyAt(r); err != nil {
			return ItemID{}, err
		}
		r.Rewind(end)
	}
	id := room
	for i, a := range [...]Attr{t.PK, t.SK} {
		if stored[i] == nil {
			continue
		}
		if text, ok := plainText(stored[i]); ok && a.Type == types.ScalarAttributeTypeS && strings.IndexByte(text, '\\') < 0 {
			id = append(a.appendName(id), stored[i]...) // it is encoded like this
			continue
		}
		_, text, err := wire.Scalar(stored[i])
		if err != nil {
			return ItemID{}, err
		}
		id = a.appendID(id, text)
	}
	return ItemID{t.Name, unsafe.String(unsafe.SliceData(id), len(id))}, nil
}

// appendID appends a key attribute to the key of an itemID.
func (a Attr) appendID(id []byte, text string) []byte {
	id = a.appendName(id)
	switch a.Type {
	case types.ScalarAttributeTypeN:
		return append(id, a.IDText(text)...)
	case types.ScalarAttributeTypeB:
		return wire.AppendB(id, []byte(text))
	}
	if encoded, err := wire.AppendS(id, text); err == nil {
		return encoded
	}
	return append(id, text...) // no key is stored like this
}

func (a Attr) appendName(id []byte) []byte {
	if len(id) > 0 {
		id = append(id, ',')
	}
	return append(wire.AppendString(id, a.Name), ':')
}
