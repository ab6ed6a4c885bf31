package entable

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/entable/entable/internal/schema"
)

// Encrypter encrypts and decrypts attributes whose fields have the tag `entable:"encrypt"`; see [Encryption]. Package seal has one,
// for keys of a program's own or of a key service such as AWS KMS. It must be safe for concurrent use.
//
// bound says what the ciphertext belongs to: table, entity, primary key and attribute, as bytes that no other place has. It must be
// authenticated with the ciphertext, as the additional data of an AEAD is, and is not stored. Open must fail for any other bytes than
// Seal has returned, and for another bound. Neither may change or keep what it is given; what they return is the caller's.
//
// An error with a method KeyID() string tells which key was missing or wrong.
type Encrypter interface {
	Seal(ctx context.Context, plaintext, bound []byte) (ciphertext []byte, err error)
	Open(ctx context.Context, ciphertext, bound []byte) (plaintext []byte, err error)
}

// Encryption gives the table what encrypts the fields with the tag `entable:"encrypt"`; without it such a field cannot be registered.
// ctx is that of the operation. [Entity.ToItem], [Entity.FromItem], [Entity.Size], [Table.Decode] and [Table.DecodeJSON], and with them
// package stream, have none, and give context.Background().
//
// Ciphertexts are bound to the table's name, so that they cannot be moved to another one. A table that was restored from a backup under
// another name takes the name that its items were written under as boundTo, of which there is at most one.
//
// A nil Encrypter is one that [Table.Configure] gives later: until then, what is to be encrypted or decrypted is a [*ProtectionError].
func Encryption(by Encrypter, boundTo ...string) TableSetting {
	return tableSetting(func(c *tableConfig) {
		c.Encrypts, c.BoundTo, c.protects, c.stored = true, boundTo, nil, true
		if by != nil {
			c.protects = func(ctx context.Context) schema.Protector { return &protecting{ctx, by} }
		}
	})
}

// HashKey gives the table a key, of 32 bytes at least, for the hashes of encrypted fields with the tag `entable:"encrypt,hash=name"`: index
// keys and sentinels of unique values are made of HMAC-SHA-256 in place of what is encrypted. Equal values have equal hashes, which is
// what can be seen of them: use one key for what may be compared. Another key makes other index keys, which [Table.Audit] writes anew
// with Repair; until then queries do not find what it has not come to. A nil key is one that [Table.Configure] gives later: until then,
// a key that is made with it is a [*KeyError]. Registration refuses a field with another name than the table has, and so does Configure a
// key under another name, once the table has names or entities: name in [NewTable] what entities need that are registered later.
func HashKey(name string, key []byte) TableSetting {
	return tableSetting(func(c *tableConfig) {
		c.HashKeys, c.stored = append(c.HashKeys, schema.HashKey{Name: name, Key: key}), true
	})
}

// protecting encrypts and decrypts for one operation, whose context it has.
type protecting struct {
	ctx context.Context
	by  Encrypter
}

// Seal encrypts: once for a transaction that is prepared again under its token, as two ciphertexts of one value differ.
func (p *protecting) Seal(plaintext, bound []byte) ([]byte, error) {
	r := replayOf(p.ctx)
	if r == nil {
		return p.by.Seal(p.ctx, plaintext, bound)
	}
	name := fmt.Sprintf("sealed %x %x", bound, sha256.Sum256(plaintext))
	found, err := r.find(name, func() (any, error) { return p.by.Seal(p.ctx, plaintext, bound) })
	sealed, _ := found.([]byte)
	return sealed, err
}

func (p *protecting) Open(ciphertext, bound []byte) ([]byte, error) {
	return p.by.Open(p.ctx, ciphertext, bound)
}
