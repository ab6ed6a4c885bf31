package schema

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"reflect"
	"time"

	"github.com/entable/entable/internal/keys"
)

// A component of an index key, or a unique value, that is made of an encrypted field is a keyed hash of its value: equal values
// have equal ones, which is what a query by equality needs, and nothing else can be seen of them. It depends on the key and the
// value alone, so that values of several entities meet in one partition.

// minHashKey is how long a key for hashes is at least: as long as the hash.
const minHashKey = sha256.Size

// hashWidth is the length of a hash's text.
var hashWidth = base64.RawURLEncoding.EncodedLen(sha256.Size)

// sealComponent makes a component of a sealed field what may stand in the key called what.
func (r *registration) sealComponent(c *component, what string) error {
	s := r.e.SealingOf(c.root)
	switch {
	case s == nil:
		return nil
	case what == partitionKey || what == sortKey:
		return r.errorf(what, "attribute %q %s, and a primary key shows what it is made of: make the key of another attribute", c.root.Name, s.Text())
	case !s.Encrypt:
		return nil
	case s.hash == "":
		return r.errorf(what, "attribute %q %s, and an index key shows what it is made of: give it hash=… too, for queries by equality", c.root.Name, s.Text())
	case c.inner != nil:
		return r.errorf(what, "attribute %q lies in %q, which %s: a hash is of a whole attribute", c.path, c.root.Name, s.Text())
	}
	c.hashed(s.hash, r.t)
	return nil
}

// hashed makes the component the hash of its value, under a key of the table.
func (c *component) hashed(name string, t *Table) {
	read, bits := c.read, c.Seg.Bits
	c.hash, c.plain = name, false
	c.Seg.Kind, c.Seg.Bits, c.Seg.Size = keys.Text, 0, 0
	c.read = func(v reflect.Value) (keys.Value, error) {
		if k := v.Kind(); (k == reflect.String || k == reflect.Slice) && v.Len() == 0 {
			return keys.Value{}, fmt.Errorf("attribute %q: the value is empty", c.path)
		}
		value, err := read(v)
		if err != nil {
			return value, err
		}
		key, err := t.Settings().hashKey(name)
		if err != nil {
			return keys.Value{}, err
		}
		sum := hmac.New(sha256.New, key)
		sum.Write(hashInput(value, bits))
		return keys.Value{Kind: keys.Text, S: base64.RawURLEncoding.EncodeToString(sum.Sum(nil))}, nil
	}
}

// hashInput returns what is hashed of a value: a letter for its kind and its shortest text.
func hashInput(v keys.Value, bits int) []byte {
	switch v.Kind {
	case keys.Text:
		return append([]byte{'S'}, v.S...)
	case keys.Bytes:
		return append([]byte{'B'}, v.B...)
	case keys.Time:
		return v.T.UTC().AppendFormat([]byte{'T'}, time.RFC3339Nano)
	case keys.Bool:
		return append([]byte{'L'}, byte('0'+v.I))
	}
	return keys.AppendNumber([]byte{'N'}, v, bits)
}
