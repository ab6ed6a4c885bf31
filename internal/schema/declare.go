// Package schema holds what is declared of a table and its entities: key attributes and indexes, how keys are built,
// the registry and its proof that no two entities can build one key, the meaning of fields. It turns items into bytes
// and bytes into items, says which partition and range of sort keys a query means, and judges stored items.
//
// It knows no context, no client and no request. What is wrong with a declaration, a value or an item is a [Fault]; the
// root makes its public errors of them.
package schema

import (
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/go-playground/validator/v10"

	"github.com/entable/entable/internal/codec"
)

// UnknownItems is what reads do with items of types that are not registered: the zero value leaves it to the next level, and at
// the last means an error in the item's place.
type UnknownItems uint8

const (
	SkipUnknown UnknownItems = iota + 1
	RawUnknown               // given as they are, by reads of several types
)

// TableDecl is the declaration of a table.
type TableDecl struct {
	Name          string
	PK, SK        Attr   // sk without a name: none
	Discriminator string // "": none
	Indexes       []IndexDecl
	MaxSize       int // of an item, in bytes; 0: the service's limit
	HideExpired   bool
	Encoding      codec.Encoding // of the items
	Unknown       UnknownItems
	Validate      *validator.Validate // nil: the package's own
	Lock          []byte
	SettingsDecl
}

// SettingsDecl are the settings of a table, which may be given later than the rest.
type SettingsDecl struct {
	Gen      *Generator // nil: the process's
	Encrypts bool       // there is, or will be, a Protector for its operations
	BoundTo  []string   // the table that encrypted attributes belong to, if it is not this one
	HashKeys []HashKey
}

// HashKey is a key of hashes, by the name in tags; nil for one that is given later.
type HashKey struct {
	Name string
	Key  []byte
}

// IndexDecl is an index of the table.
type IndexDecl struct {
	Name   string
	PK, SK Attr
	// local: the index has the table's partition key, and only sk is its own.
	Local bool
	// native: the keys are attributes of the entities, hash and rng, and pk and sk are not used.
	MultiAttribute bool
	Hash, Range    []Attr
	Projection     types.ProjectionType // "": all
	Included       []string             // besides keys
}

// EntityDecl is the declaration of an entity.
type EntityDecl struct {
	Type        reflect.Type
	Name        string   // "": the type's
	TypeValue   string   // the discriminator; "": the name
	Was         []string // earlier names, the oldest first
	PKs, SKs    []KeyDecl
	Joins       []JoinDecl
	Derived     []DerivedDecl
	Distinct    []DistinctDecl
	Moved       []MovedDecl // where the items are besides
	MaxSize     int
	HideExpired *bool // nil: as the table says
	Upgrades    []func(map[string]types.AttributeValue) error
	// own makes what the executing side keeps with the entity, before anybody can find it.
	Own func(*Entity) any
}

// JoinDecl puts an entity into an index of the table.
type JoinDecl struct {
	Index string
	Keys  []KeyDecl
}

// DistinctDecl says of another entity, for a reason, that its items have other keys, where that cannot be proved.
type DistinctDecl struct {
	Of     *Entity
	Reason string
}

// KeyDecl declares how a key is built.
type KeyDecl struct {
	Sort  bool
	Parts []Part
}

// Part is a component of a key, or a setting of the whole key.
type Part struct {
	Kind    PartKind
	Text    string // the attribute, the fixed text, the prefix, the separator, the template; what a wrong part is
	Width   int
	Layout  string
	Refined string // what set the width or the layout, for messages; "" for nothing
	Shards  int
	Of      *Entity
}

type PartKind uint8

const (
	AttrPart PartKind = iota
	LiteralPart
	PrefixPart
	NoPrefixPart
	SeparatorPart
	PrefixOfPart
	ShardsPart
	TemplatePart
	WrongPart // neither the name of an attribute nor a part
)

// KeyAttrs lists the attributes of the index's key.
func (c *IndexDecl) KeyAttrs() []Attr {
	if c.MultiAttribute {
		return slices.Concat(c.Hash, c.Range)
	}
	return c.Attrs()
}

// Attrs lists the attributes that the table owns for the index.
func (c *IndexDecl) Attrs() []Attr {
	switch {
	case c.MultiAttribute:
		return nil
	case c.Local:
		return []Attr{c.SK}
	case !c.SK.Exists():
		return []Attr{c.PK}
	}
	return []Attr{c.PK, c.SK}
}
