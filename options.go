package entable

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/go-playground/validator/v10"
)

// TableOption sets up a table in [NewTable].
type TableOption interface{ applyTable(*tableConfig) }

// IndexOption sets up an index in [GSI].
type IndexOption interface{ applyIndex(*indexConfig) }

// EntityOption sets up an entity in [Register].
type EntityOption interface{ applyEntity(*entityConfig) }

// ReadOption refines one read by key, of a collection or in a transaction.
type ReadOption interface{ applyRead(*readConfig) }

// WriteOption refines one write.
type WriteOption interface{ applyWrite(*writeConfig) }

type tableConfig struct {
	pk, sk        keyAttr
	discriminator string
	indexes       []indexConfig
	consistent    consistency
	maxSize       int
	clock         func() time.Time
	entropy       io.Reader
	validate      *validator.Validate
	plainRoute    bool
	copyStrings   bool
	hideExpired   bool
	cursorKeys    [][]byte
	observe       func(context.Context, Event)
	lock          []byte
}

// indexConfig is an index of the table.
type indexConfig struct {
	name   string
	pk, sk keyAttr
	// local: the index has the table's partition key, and only sk is its own.
	local bool
	// native: the keys are attributes of the entities, hash and rng, and pk and sk are not used.
	native    bool
	hash, rng []keyAttr
}

// keyAttrs lists the attributes of the index's key.
func (c *indexConfig) keyAttrs() []keyAttr {
	if c.native {
		return slices.Concat(c.hash, c.rng)
	}
	return c.attrs()
}

// attrs lists the attributes that the table owns for the index.
func (c *indexConfig) attrs() []keyAttr {
	switch {
	case c.native:
		return nil
	case c.local:
		return []keyAttr{c.sk}
	case !c.sk.exists():
		return []keyAttr{c.pk}
	}
	return []keyAttr{c.pk, c.sk}
}

type entityConfig struct {
	name        string
	was         []string
	pks, sks    []KeySpec
	indexes     []indexSpec
	consistent  consistency
	maxSize     int
	skipHooks   bool
	hideExpired bool
	upgrades    []func(RawItem) error
}

type readConfig struct {
	consistent consistency
	skipHooks  *bool // overrides the entity's setting
}

// skips reports whether a read leaves the hooks of e out.
func (c readConfig) skips(e *entity) bool {
	if c.skipHooks != nil {
		return *c.skipHooks
	}
	return e.skipHooks
}

func (c readConfig) with(opts []ReadOption) readConfig {
	for _, o := range opts {
		o.applyRead(&c)
	}
	return c
}

type writeConfig struct {
	conditions []expression.ConditionBuilder
	skipHooks  bool
}

func newWriteConfig(e *entity, opts []WriteOption) writeConfig {
	var c writeConfig
	c.configure(e, opts)
	return c
}

func (c *writeConfig) configure(e *entity, opts []WriteOption) {
	c.skipHooks = e.skipHooks
	for _, o := range opts {
		o.applyWrite(c)
	}
}

// consistency is a read's setting at one of its levels; the zero value leaves it to the next level:
// operation, entity, table, eventual.
type consistency int8

const (
	unset consistency = iota
	eventual
	strong
)

func (c consistency) or(next consistency) consistency {
	if c != unset {
		return c
	}
	return next
}

// ConsistencyOption is what [Consistent] returns: an option of tables, entities and reads.
type ConsistencyOption struct{ c consistency }

// Consistent sets whether reads are strongly consistent, overriding the default of the next level:
// an operation's setting goes before the entity's, the entity's before the table's; without any,
// reads are eventually consistent, at half the price. For a query of mixed items or a collection the
// entity is that of the example. Global secondary indexes have no consistent
// reads: there the settings of entity and table do not count, and that of an operation is an error.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
func Consistent(on bool) ConsistencyOption {
	if on {
		return ConsistencyOption{strong}
	}
	return ConsistencyOption{eventual}
}

func (o ConsistencyOption) applyTable(c *tableConfig)   { c.consistent = o.c }
func (o ConsistencyOption) applyEntity(c *entityConfig) { c.consistent = o.c }
func (o ConsistencyOption) applyRead(c *readConfig)     { c.consistent = o.c }

// KeyAttributeOption is what [PartitionKey], [SortKey] and [NoSortKey] return: an option of tables
// and of indexes.
type KeyAttributeOption struct {
	sort bool
	attr keyAttr
}

// PartitionKey names the attribute that holds the partition key and sets its type, overriding the
// default: a string called "pk", in an index called after the index ("gsi1" has "gsi1pk").
func PartitionKey(name string, typ types.ScalarAttributeType) KeyAttributeOption {
	return KeyAttributeOption{attr: keyAttr{name, typ}}
}

// SortKey names the attribute that holds the sort key and sets its type, overriding the default: a
// string called "sk", in an index called after the index ("gsi1" has "gsi1sk").
func SortKey(name string, typ types.ScalarAttributeType) KeyAttributeOption {
	return KeyAttributeOption{sort: true, attr: keyAttr{name, typ}}
}

// NoSortKey declares a table or an index without a sort key: a partition holds one item.
func NoSortKey() KeyAttributeOption { return KeyAttributeOption{sort: true} }

func (o KeyAttributeOption) applyTable(c *tableConfig) { o.set(&c.pk, &c.sk) }

func (o KeyAttributeOption) applyIndex(c *indexConfig) {
	o.set(&c.pk, &c.sk)
	switch {
	case o.sort && o.attr.exists():
		c.rng = append(c.rng, o.attr)
	case !o.sort:
		c.hash = append(c.hash, o.attr)
	}
}

func (o KeyAttributeOption) set(pk, sk *keyAttr) {
	if o.sort {
		*sk = o.attr
	} else {
		*pk = o.attr
	}
}

type tableOption func(*tableConfig)

func (f tableOption) applyTable(c *tableConfig) { f(c) }

// Discriminator sets the name of the attribute that holds an item's type, overriding the default
// "_type". Its value is the entity's name.
func Discriminator(attribute string) TableOption {
	return tableOption(func(c *tableConfig) { c.discriminator = attribute })
}

// NoDiscriminator turns the discriminator off: items hold no type, and types are found from the keys.
// Use it for stored data that has none. Entities without prefixes cannot be told apart then.
func NoDiscriminator() TableOption { return Discriminator("") }

// GSI declares a global secondary index of the table, for entities to use with [Index]. Its key
// attributes are strings called name+"pk" and name+"sk", composed like the table's own keys;
// [PartitionKey], [SortKey] and [NoSortKey] set others, [Native] takes the entities' attributes. It
// projects all attributes. A table has at most 20.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
func GSI(name string, opts ...IndexOption) TableOption {
	c := indexConfig{
		name: name,
		pk:   keyAttr{name + "pk", types.ScalarAttributeTypeS},
		sk:   keyAttr{name + "sk", types.ScalarAttributeTypeS},
	}
	for _, o := range opts {
		o.applyIndex(&c)
	}
	return tableOption(func(t *tableConfig) { t.indexes = append(t.indexes, c) })
}

// LSI declares a local secondary index of the table: another order of the items of each partition,
// with consistent reads. Its sort key is a string attribute called name+"sk"; [SortKey] sets another.
// Entities use it with [Index] and an [SK]. It projects all attributes. A table has at most 5, and with
// one its partitions cannot grow over 10 GB.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html
func LSI(name string, opts ...IndexOption) TableOption {
	c := indexConfig{name: name, local: true, sk: keyAttr{name + "sk", types.ScalarAttributeTypeS}}
	for _, o := range opts {
		o.applyIndex(&c)
	}
	return tableOption(func(t *tableConfig) { t.indexes = append(t.indexes, c) })
}

// Native makes the keys of a global index attributes of the entities themselves, up to four
// [PartitionKey] and four [SortKey], in order:
//
//	entable.GSI("by-region", entable.Native(),
//		entable.PartitionKey("region", types.ScalarAttributeTypeS),
//		entable.SortKey("created", types.ScalarAttributeTypeS))
//
// Entities join with [Index] and no keys; they need fields stored under these names, of these types.
// There is no key to keep up, and no prefix to tell entities apart: items are told apart by their type
// when they are read.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.DesignPattern.MultiAttributeKeys.html
func Native() IndexOption { return indexOption(func(c *indexConfig) { c.native = true }) }

type indexOption func(*indexConfig)

func (f indexOption) applyIndex(c *indexConfig) { f(c) }

// Clock sets where generated timestamps and time-ordered ids take the time, overriding [time.Now];
// use it in tests. It must be safe for concurrent use.
func Clock(now func() time.Time) TableOption {
	return tableOption(func(c *tableConfig) { c.clock = now })
}

// Entropy sets where generated ids take their random bytes, overriding crypto/rand; use it in tests.
// Reads are serialised, so that r need not be safe for concurrent use.
func Entropy(r io.Reader) TableOption {
	return tableOption(func(c *tableConfig) { c.entropy = r })
}

// Validator sets the validator that checks `validate` tags on every write, overriding the package's
// own; use it for custom rules. It is not changed, and must be complete when the table is declared.
func Validator(v *validator.Validate) TableOption {
	return tableOption(func(c *tableConfig) { c.validate = v })
}

// PlainRoute makes every request go through the SDK's own inputs and outputs, instead of encoding
// items straight into the request's bytes and decoding them from the response's. It is several times
// slower; use it when the client has interceptors or middleware that look at items. The results are
// the same.
func PlainRoute() TableOption {
	return tableOption(func(c *tableConfig) { c.plainRoute = true })
}

// CopyStrings makes loaded strings copies of their own, and allocates each item and slice by itself. By
// default strings share the memory of the response page that they came in (up to 1 MB), and items and
// slices of a page that of their neighbours (up to 8 kB), which lives as long as one of them; use it when
// a few items of many pages are kept for long.
func CopyStrings() TableOption {
	return tableOption(func(c *tableConfig) { c.copyStrings = true })
}

// SizeOption is what [MaxSize] returns: an option of tables and entities.
type SizeOption int

// MaxSize sets the largest item in bytes that a write accepts, overriding the service's limit of
// 409,600 (which holds in any case); the entity's setting goes before the table's. The size is
// computed by the service's rules, before the request; a larger item is an [*ItemTooLargeError].
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func MaxSize(bytes int) SizeOption { return SizeOption(bytes) }

func (o SizeOption) applyTable(c *tableConfig)   { c.maxSize = int(o) }
func (o SizeOption) applyEntity(c *entityConfig) { c.maxSize = int(o) }

type entityOption func(*entityConfig)

func (f entityOption) applyEntity(c *entityConfig) { f(c) }

// Name sets the entity's name, overriding the name of the Go type. It is the discriminator's value,
// the first letter of generated prefixes and the name in errors: set it when a type is renamed and
// its stored items are not.
func Name(name string) EntityOption {
	return entityOption(func(c *entityConfig) { c.name = name })
}

type indexSpec struct {
	name string
	keys []KeySpec
}

// Index makes the entity's items visible in an index of the table. The keys are built like the
// table's, with prefixes of their own, and kept up on every write. When a component's field is empty
// and its tag says omitempty, the item is left out of the index.
func Index(name string, keys ...KeySpec) EntityOption {
	return entityOption(func(c *entityConfig) { c.indexes = append(c.indexes, indexSpec{name, keys}) })
}

type writeOption func(*writeConfig)

func (f writeOption) applyWrite(c *writeConfig) { f(c) }

// If makes a write depend on a condition on the stored item, in the SDK's expression language; several
// must all hold. When it does not, nothing is written and the error is a [*ConditionFailedError] with
// the stored item.
func If(condition expression.ConditionBuilder) WriteOption {
	return writeOption(func(c *writeConfig) { c.conditions = append(c.conditions, condition) })
}

// HooksOption is what [SkipHooks] returns: an option of entities, reads and writes.
type HooksOption bool

// SkipHooks sets whether an operation leaves its hooks out, overriding the entity's setting and the
// default: hooks run. Generated values, validation and versions are not hooks and stay.
func SkipHooks(on bool) HooksOption { return HooksOption(on) }

func (o HooksOption) applyEntity(c *entityConfig) { c.skipHooks = bool(o) }
func (o HooksOption) applyRead(c *readConfig)     { c.skipHooks = new(bool(o)) }
func (o HooksOption) applyWrite(c *writeConfig)   { c.skipHooks = bool(o) }

// ExpiredOption is what [HideExpired] returns: an option of tables and entities.
type ExpiredOption struct{}

// HideExpired makes reads pass over items whose `ttl` field lies in the past. The service removes such
// items within a few days, until then it returns them, which is also the default here. Get then says
// [ErrNotFound], queries leave them out.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ttl-expired-items.html
func HideExpired() ExpiredOption { return ExpiredOption{} }

func (ExpiredOption) applyTable(c *tableConfig)   { c.hideExpired = true }
func (ExpiredOption) applyEntity(c *entityConfig) { c.hideExpired = true }
