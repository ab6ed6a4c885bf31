package entable

import (
	"strings"

	"github.com/entable/entable/internal/keys"
)

// manifestPrefix starts the key of the stored manifest and is its type. No entity can have it.
const manifestPrefix = "_manifest"

// storedManifestKey is the partition key of the stored manifest. No component renders a '%' without two digits
// behind it, so that no entity can build it.
const storedManifestKey = manifestPrefix + "#%"

// owns reports whether an item of no registered entity is the library's own: a sentinel or the manifest.
// typ is its discriminator; in a table without, the key tells, which no entity can have.
func (t *Table) owns(typ string, item RawItem) bool {
	if t.discriminator != "" {
		return typ == sentinelPrefix || typ == manifestPrefix
	}
	text := avText(item[t.pk.name])
	return text == storedManifestKey || strings.HasPrefix(text, sentinelPrefix+keys.DefaultSeparator)
}
