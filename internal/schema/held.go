package schema

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maxIncluded is the service's limit of attributes that an index includes besides keys.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
const maxIncluded = 100

// Projected returns what the index holds of the items.
func (c *IndexDecl) Projected() *types.Projection {
	return &types.Projection{ProjectionType: cmp.Or(c.Projection, types.ProjectionTypeAll), NonKeyAttributes: c.Included}
}

// whole reports whether the index holds items as wholes.
func (c *IndexDecl) whole() bool {
	return c == nil || cmp.Or(c.Projection, types.ProjectionTypeAll) == types.ProjectionTypeAll
}

func (c *IndexDecl) checkProjection(what string) string {
	switch {
	case c.Projection == types.ProjectionTypeInclude && len(c.Included) == 0:
		return what + ": Include names no attribute: use KeysOnly"
	case len(c.Included) > maxIncluded:
		return fmt.Sprintf("%s: %d included attributes are above the service's limit of %d", what, len(c.Included), maxIncluded)
	case len(c.Included) > 0 && c.Projection != types.ProjectionTypeInclude:
		return what + ": give one of KeysOnly and Include"
	}
	for i, name := range c.Included {
		if name == "" || slices.Contains(c.Included[:i], name) {
			return fmt.Sprintf("%s: Include(%q): give each attribute once", what, name)
		}
	}
	return ""
}

// holds reports whether the items in an index have an attribute.
func (t *Table) holds(c *IndexDecl, name string) bool {
	return c.whole() || name == t.PK.Name || name == t.SK.Name || slices.Contains(c.Included, name) ||
		slices.ContainsFunc(c.KeyAttrs(), func(a Attr) bool { return a.Name == name })
}

// Whole reports whether the items that are read are wholes.
func (s *Span) Whole() bool { return s.Table.Index(s.Index).whole() }

// HoldsTypes reports whether the items that are read have the discriminator.
func (s *Span) HoldsTypes() bool {
	return s.Table.Discriminator != "" && s.Table.holds(s.Table.Index(s.Index), s.Table.Discriminator)
}

// Lacks says of an attribute why the items that are read do not have it, those of e or, if that is nil, of any type; "" where they can.
func (s *Span) Lacks(e *Entity) func(name string) string {
	c := s.Table.Index(s.Index)
	return func(name string) string {
		switch {
		case e != nil && e.inKey[name] != "":
			return e.inKey[name]
		case s.Table.holds(c, name):
			return ""
		}
		return fmt.Sprintf("is not held by index %q", c.Name)
	}
}

// Parts is what a reader has said of items of which an index holds parts.
type Parts uint8

const (
	NoParts   Parts = iota // nothing: they are refused
	ToldParts              // they are wanted, and shall be told from whole ones
	AnyParts               // they are counted only, or their attributes are named
)

// CheckPartial refuses to read parts of items where nobody has said that they are wanted, or where they cannot be read: an
// older shape has to be upgraded, an item that expires has to be hidden or can be asked about it, and one that shall be told needs a
// place for that.
func (s *Span) CheckPartial(said Parts) error {
	c := s.Table.Index(s.Index)
	if c.whole() {
		return nil
	}
	if said == NoParts {
		return misuse("%s: index %q does not hold whole items: say Hydrate for these, or Partial for what it holds", s.Name(), c.Name)
	}
	for _, e := range s.Table.Directory().All {
		switch {
		case s.Want != nil && s.Want != e || e.index(c.Name) == nil:
		case len(e.Upgrades) > 0:
			return misuse("%s: %s has upgrades, which take whole items: use Hydrate", s.Name(), e.Name)
		case said == ToldParts && e.partial == nil && e.inPart(c):
			return misuse("%s: index %q does not hold all of %s, and nothing would tell its items from whole ones: give it a bool field with the tag `entable:\"partial\"`, or use Hydrate, or Select", s.Name(), c.Name, e.Name)
		case e.TTL == nil || s.Table.holds(c, e.TTL.Name) || e.keyHolds(e.TTL.Name):
		case e.HideExpired:
			return misuse("%s: index %q does not hold %q, by which expired items are hidden: use Hydrate, or include it", s.Name(), c.Name, e.TTL.Name)
		case said == ToldParts:
			return misuse("%s: index %q does not hold %q, and without it Expired and TimeLeft of %s would say that its items stay: use Hydrate, or include it, or name what you need with Select, such as %q for the key", s.Name(), c.Name, e.TTL.Name, e.Name, s.Table.PK.Name)
		}
	}
	return nil
}

// PrimaryKey returns the primary key of an item of an index.
func (s *Span) PrimaryKey(raw []byte) (ItemKey, error) {
	attrs, err := s.KeyIn(raw)
	k := ItemKey{table: s.Table, Attrs: map[string]types.AttributeValue{}}
	for _, a := range []Attr{s.Table.PK, s.Table.SK} {
		if v := attrs[a.Name]; v != nil {
			k.Attrs[a.Name] = v
		}
	}
	return k, err
}
