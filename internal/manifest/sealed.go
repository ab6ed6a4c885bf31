package manifest

import (
	"fmt"
	"slices"
)

// sealedContradictions lists the attributes that are stored otherwise now than items have them. One that no field has any more is
// none, nor is one that is sealed only now: its field reads what is stored with readplain, and refuses it aloud without.
func (m *Entity) sealedContradictions(now *Entity) (list []Difference) {
	for _, was := range m.Sealed {
		if !slices.Contains(now.Fields, was.Attribute) {
			continue
		}
		is := Sealed{How: "as it is"}
		if i := slices.IndexFunc(now.Sealed, func(s Sealed) bool { return s.Attribute == was.Attribute }); i >= 0 {
			is = now.Sealed[i]
		}
		if is.How == was.How || is.How == Encrypted && is.ReadsPlain {
			continue
		}
		tag := map[string]string{Encrypted: "encrypt", Compressed: "zstd"}[was.How]
		list = append(list, Difference{Where: fmt.Sprintf("%s: attribute %q", now.Name, was.Attribute), What: "sealing", Was: was.How, Is: is.How,
			Effect: "stored values cannot be read, and new ones lie open", Cure: fmt.Sprintf("give the field `entable:%q`, or store it under another name", tag)})
	}
	return list
}
