package entable

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
)

type keyAttribute struct {
	sort bool
	attr schema.Attr
}

// PartitionKey names the attribute that holds the partition key and sets its type, overriding the
// default: a string called "pk", in an index called after the index ("gsi1" has "gsi1pk").
func PartitionKey(name string, typ types.ScalarAttributeType) KeyAttribute {
	return keyAttribute{attr: schema.Attr{Name: name, Type: typ}}
}

// SortKey names the attribute that holds the sort key and sets its type, overriding the default: a
// string called "sk", in an index called after the index ("gsi1" has "gsi1sk").
func SortKey(name string, typ types.ScalarAttributeType) KeyAttribute {
	return keyAttribute{sort: true, attr: schema.Attr{Name: name, Type: typ}}
}

// NoSortKey declares a table or an index without a sort key: a partition holds one item.
func NoSortKey() KeyAttribute { return keyAttribute{sort: true} }

func (o keyAttribute) applyTable(c *tableConfig) { o.set(&c.PK, &c.SK) }

func (o keyAttribute) applyIndex(c *schema.IndexDecl) {
	o.set(&c.PK, &c.SK)
	switch {
	case o.sort && o.attr.Exists():
		c.Range = append(c.Range, o.attr)
	case !o.sort:
		c.Hash = append(c.Hash, o.attr)
	}
}

func (o keyAttribute) set(pk, sk *schema.Attr) {
	if o.sort {
		*sk = o.attr
	} else {
		*pk = o.attr
	}
}

// GSI declares a global secondary index of the table, for entities to use with [Index]. Its key
// attributes are strings called name+"pk" and name+"sk", composed like the table's own keys;
// the options [PartitionKey], [SortKey] and [NoSortKey] set others, [MultiAttribute] takes the entities' attributes. It
// projects all attributes, unless [KeysOnly] or [Include] says otherwise. Key attributes may be those that items have anyway: the
// table's keys, the discriminator, a field, an attribute of another index. A table has at most 20.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
func GSI(name string, opts ...IndexOption) TableOption {
	c := schema.IndexDecl{
		Name: name,
		PK:   schema.Attr{Name: name + "pk", Type: types.ScalarAttributeTypeS},
		SK:   schema.Attr{Name: name + "sk", Type: types.ScalarAttributeTypeS},
	}
	return indexOf(c, opts)
}

// LSI declares a local secondary index of the table: another order of the items of each partition,
// with consistent reads. Its sort key is a string attribute called name+"sk"; [SortKey] sets another.
// Entities use it with [Index] and an [SK]. It projects all attributes unless [KeysOnly] or [Include] says otherwise. A table has at most 5, and with
// one its partitions cannot grow over 10 GB.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html
func LSI(name string, opts ...IndexOption) TableOption {
	c := schema.IndexDecl{Name: name, Local: true, SK: schema.Attr{Name: name + "sk", Type: types.ScalarAttributeTypeS}}
	return indexOf(c, opts)
}

func indexOf(c schema.IndexDecl, opts []IndexOption) TableOption {
	err := apply(opts, func(o IndexOption) { o.applyIndex(&c) })
	return tableOption(func(t *tableConfig) {
		t.Indexes = append(t.Indexes, c)
		if err != nil && t.err == nil {
			t.err = fmt.Errorf("index %q: %w", c.Name, err)
		}
	})
}

// MultiAttribute makes the keys of a global index attributes of the entities themselves, up to four
// [PartitionKey] and four [SortKey], in order:
//
//	entable.GSI("by-region", entable.MultiAttribute(),
//		entable.PartitionKey("region", types.ScalarAttributeTypeS),
//		entable.SortKey("created", types.ScalarAttributeTypeS))
//
// Entities join with [Index] and no keys; they need fields stored under these names, of these types.
// There is no key to keep up, and no prefix to tell entities apart: items are told apart by their type
// when they are read.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.DesignPattern.MultiAttributeKeys.html
func MultiAttribute() IndexOption {
	return indexOption(func(c *schema.IndexDecl) { c.MultiAttribute = true })
}

// KeysOnly makes an index hold the keys of items alone, its own and the table's, overriding the default of whole items. Reads of
// it say Partial or Hydrate; see [Query.Hydrate]. Types are then found from the keys.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.Projections
func KeysOnly() IndexOption {
	return indexOption(func(c *schema.IndexDecl) { c.Projection = types.ProjectionTypeKeysOnly })
}

// Include makes an index hold some attributes besides the keys, up to 100 in all indexes of a table; see [KeysOnly].
func Include(attributes ...string) IndexOption {
	return indexOption(func(c *schema.IndexDecl) {
		c.Projection, c.Included = types.ProjectionTypeInclude, append(c.Included, attributes...)
	})
}

type indexOption func(*schema.IndexDecl)

func (f indexOption) applyIndex(c *schema.IndexDecl) { f(c) }
