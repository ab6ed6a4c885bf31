package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
)

// registry knows a table's entities. Registration proves that no two of them can build one key.
type registry struct {
	mu       sync.Mutex
	entities []*Entity            // in registration order
	names    map[string][]*Entity // by each name and discriminator that they have or had
	taken    map[string]claim
	keys     keys.Set  // of the entities, by their places
	locked   *keys.Set // of the lock's entities, by their places in it; nil: not made yet
	// found is the table of who is who, made anew by the first read after a registration.
	found atomic.Pointer[Directory]
}

// name makes an entity known by its names.
func (g *registry) name(e *Entity) {
	if g.names == nil {
		g.names = map[string][]*Entity{}
	}
	for _, name := range append(e.Names(), e.Name) {
		if of := g.names[name]; len(of) == 0 || of[len(of)-1] != e {
			g.names[name] = append(of, e)
		}
	}
}

// named returns the entities that have or had one of these names, in registration order.
func (g *registry) named(names []string) []*Entity {
	var out []*Entity
	for _, name := range names {
		out = append(out, g.names[name]...)
	}
	slices.SortFunc(out, func(a, b *Entity) int { return a.number - b.number })
	return slices.Compact(out)
}

// Entity is what the registry knows of one registered type. It is immutable.
type Entity struct {
	Table       *Table
	Owner       any // what the executing side keeps with the entity
	Name        string
	TypeValue   string   // the discriminator of its items; other entities may have it too
	was         []string // earlier names, the oldest first
	Origin      string   // the oldest name: of sentinels and generated prefixes
	Type        reflect.Type
	number      int // among the table's entities
	Plan        *codec.Plan
	embedded    [][]int // structs embedded by pointer, which copies of an item do not share
	PK          *Key
	SK          *Key            // nil in a table without sort key
	patterns    []*keys.Pattern // of these two, for the proof
	Other       *Entity         // the same items at the other place where they may be, or nil: see moved.go
	main        *Entity         // of an Other: the entity
	OneOrder    bool            // its items have the same sort keys at both places
	distinct    []DistinctDecl  // entities that are not proved against
	KeyAttrs    []string        // the attributes that the primary key is made of, as wholes
	keyPaths    [][]string      // what it is made of, parts of attributes too: names from the outermost to the innermost
	Indexes     []*EntityIndex
	Kept        []*KeptKeys // of all indexes
	alone       []string    // attributes that are written in the primary key alone: they are it, or keyonly
	keyonly     []string
	inKey       map[string]string // the same with a reason
	encoding    *codec.Plan       // plan that does not write these, nor sealed fields
	MaxSize     int
	Auto        autoPlan
	Version     *codec.Field          // the field of the optimistic lock, or nil
	Unique      []*UniqueField        // fields that are kept unique
	TTL         *codec.Field          // when items expire, or nil
	Rest        []int                 // the field that takes unknown attributes, or nil
	sealed      []*Sealing            // the fields that are stored encrypted or compressed
	Withheld    []string              // the attributes that are not shown: hidden or encrypted ones
	hidden      []string              // those of them that say so
	kept        []string              // attributes that the library itself stores items with
	partial     []int                 // the field that says that an item was read in part, or nil
	unstored    []reflect.StructField // fields of the struct that are no attributes
	HideExpired bool
	Validates   bool
	loops       bool                                          // its values can contain themselves
	head        []byte                                        // the discriminator's member, ready to write
	checked     *codec.Plan                                   // plan that accepts only items with this entity's discriminator
	Upgrades    []func(map[string]types.AttributeValue) error // from each version of the shape to the next
}

// EntityIndex is an index of the table as one entity uses it.
type EntityIndex struct {
	*IndexDecl
	pk, sk *Key
	// hashes and ranges are the key fields of a native index.
	hashes, ranges []*Key
	fields         []*Key // that are fields of the entity
}

// KeptKeys are keys of an index that are kept up by every write, and stand or lack together: those that are composed, or one
// that is a template. What the item has anyway is none of them: the primary key, the type, a field, another index's key.
// An index whose keys are all there anyway has one without keys.
type KeptKeys struct {
	of    *Entity
	Index string
	Keys  []*Key
	there []*Key // those that are fields themselves
}

// IndexName returns the name of the index.
func (g *KeptKeys) IndexName() string { return g.Index }

// Components lists what Fields does, and the fields that are keys of the index themselves.
func (g *KeptKeys) Components() []*codec.Field {
	out := g.Fields()
	for _, k := range g.there {
		out = append(out, k.comps[0].field)
	}
	return out
}

// CheckField checks a value of a field that is a key of the index itself.
func (g *KeptKeys) CheckField(f *codec.Field, v reflect.Value) error {
	for _, k := range g.there {
		if k.comps[0].field == f {
			return k.checkNativeValue(g.of, g.Index, v)
		}
	}
	return nil
}

// KeyNames lists the attributes of the keys.
func (g *KeptKeys) KeyNames() []string {
	var out []string
	for _, k := range g.Keys {
		out = append(out, k.Attr.Name)
	}
	return out
}

// KeyValues returns the keys as the item at ptr makes them.
func (g *KeptKeys) KeyValues(ptr unsafe.Pointer) ([]types.AttributeValue, error) {
	var out []types.AttributeValue
	for _, k := range g.Keys {
		text, err := k.AppendText(nil, ptr)
		if err != nil {
			return nil, g.of.keyFault(k.Attr.Name, k.orOmit(err, ptr))
		}
		out = append(out, k.AttributeValue(text))
	}
	return out, nil
}

// Fields lists the attributes that the keys are made of.
func (g *KeptKeys) Fields() []*codec.Field {
	var out []*codec.Field
	for _, k := range g.Keys {
		for i := range k.comps {
			out = append(out, k.comps[i].roots()...)
		}
	}
	return out
}

// Absent reports whether the item at ptr is left out, by those of its attributes that are known; by all if known is nil.
func (g *KeptKeys) Absent(ptr unsafe.Pointer, known func(attribute string) bool) bool {
	knows := func(f *codec.Field) bool { return known == nil || known(f.Name) }
	for _, k := range g.Keys {
		blank := k.sparse
		for i := range k.comps {
			c := &k.comps[i]
			if v, ok := c.get(ptr); !c.tail && c.derived == nil && knows(c.root) && (!ok || c.field.OmitEmpty && v.IsZero()) {
				return true
			}
			blank = blank && !slices.ContainsFunc(c.roots(), func(f *codec.Field) bool { return !knows(f) }) && c.blank(ptr)
		}
		if blank {
			return true
		}
	}
	return false
}

// Needs reports whether an item without the attribute is not in the index.
func (g *KeptKeys) Needs(f *codec.Field) bool {
	needs := slices.ContainsFunc(g.there, func(k *Key) bool { return k.comps[0].field == f })
	for _, k := range g.Keys {
		needs = needs || !k.sparse && slices.ContainsFunc(k.comps, func(c component) bool { return c.root == f && !c.tail && c.derived == nil })
	}
	return needs && !f.OmitEmpty
}

// Pointer returns the address of an instance of the entity.
func (e *Entity) Pointer(v any) unsafe.Pointer { return reflect.ValueOf(v).UnsafePointer() }

// Names returns the discriminators of the entity's items, today's first.
func (e *Entity) Names() []string { return append([]string{e.TypeValue}, e.was...) }

// IndexNames lists the table's indexes for messages.
func (t *Table) IndexNames() string {
	if len(t.Indexes) == 0 {
		return "it has none"
	}
	names := make([]string, len(t.Indexes))
	for i, x := range t.Indexes {
		names[i] = fmt.Sprintf("%q", x.Name)
	}
	return "it has " + strings.Join(names, ", ")
}

// Index finds an index of the table, or nil.
func (t *Table) Index(name string) *IndexDecl {
	for i := range t.Indexes {
		if t.Indexes[i].Name == name {
			return &t.Indexes[i]
		}
	}
	return nil
}

func (e *Entity) index(name string) *EntityIndex {
	for _, x := range e.Indexes {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// meeting says that an item of e can have the key of one of another entity.
func (e *Entity) meeting(other string, examples []string) string {
	if examples == nil {
		return "it cannot be shown that no item has the same key as one of " + other
	}
	why := ""
	for _, k := range []*Key{e.PK, e.SK} {
		if k == nil || k.Attr.Type == types.ScalarAttributeTypeN {
			continue
		}
		format := " %s=%q"
		if k.Attr.Type == types.ScalarAttributeTypeB {
			format = " %s=0x%s"
		}
		if why == "" {
			why = ", for example"
		}
		why += fmt.Sprintf(format, k.Attr.Name, examples[0])
		examples = examples[1:]
	}
	return "an item can have the same key as one of " + other + why
}
