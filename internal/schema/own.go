package schema

import (
	"bytes"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
)

// ManifestPrefix starts the key of the stored manifest and is its type. No entity can have it.
const ManifestPrefix = "_manifest"

// StoredManifestKey is the partition key of the stored manifest. No component renders a '%' without two
// digits behind it, so that no entity can build it.
const StoredManifestKey = ManifestPrefix + "#%"

// ownKey reports whether a partition key is that of an item of the library's own.
func ownKey(text []byte) bool {
	return string(text) == StoredManifestKey || bytes.HasPrefix(text, []byte(SentinelPrefix+keys.DefaultSeparator))
}

// Owns reports whether an item of no registered entity is the library's own: a sentinel or the manifest.
// typ is its discriminator; without one, in a table without or where an item has only its keys, the key
// tells, which no entity can have.
func (t *Table) Owns(typ string, item map[string]types.AttributeValue) bool {
	if typ != "" && t.Discriminator != "" {
		return typ == SentinelPrefix || typ == ManifestPrefix
	}
	return ownKey([]byte(Text(item[t.PK.Name])))
}
