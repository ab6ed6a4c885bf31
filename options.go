package entable

import (
	"cmp"
	"context"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/go-playground/validator/v10"

	"github.com/entable/entable/internal/aggregate"
	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/cursor"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
)

// TableOption sets up a table in [NewTable].
type TableOption interface{ applyTable(*tableConfig) }

// TableSetting is an option of [NewTable] that can also be given later, to [Table.Configure]: [Clock], [Entropy], [CursorKey], [Observe],
// [Limit], [Encryption], [HashKey], [PlainRoute], [SDKRequests].
type TableSetting interface {
	TableOption
	setting()
}

// IndexOption sets up an index in [GSI].
type IndexOption interface{ applyIndex(*schema.IndexDecl) }

// EntityOption sets up an entity in [Register].
type EntityOption interface{ applyEntity(*entityConfig) }

// ReadOption refines one read by key, of a collection or in a transaction.
type ReadOption interface{ applyRead(*readConfig) }

// WriteOption refines one write.
type WriteOption interface{ applyWrite(*writeConfig) }

// Setting is an option of tables and, over the table's, of entities: [MaxSize], [HideExpired].
type Setting interface {
	TableOption
	EntityOption
}

// ReadSetting is an option of tables, over that of entities, over that of reads: [Consistent].
type ReadSetting interface {
	Setting
	ReadOption
	BatchGetOption
}

// HooksSetting is an option of entities and, over the entity's, of reads and writes: [SkipHooks].
type HooksSetting interface {
	EntityOption
	ReadOption
	BatchGetOption
	WriteSetting
}

// WriteSetting is an option of single writes and of all those of a [Collection.Save]: [SkipHooks], [SkipValidation].
type WriteSetting interface {
	WriteOption
	SaveOption
}

// KeyAttribute is an option of tables and of their indexes: [PartitionKey], [SortKey], [NoSortKey].
type KeyAttribute interface {
	TableOption
	IndexOption
}

// apply applies options, and refuses one that is nil.
func apply[O any](opts []O, to func(O)) error {
	for i, o := range opts {
		if any(o) == nil {
			return usagef("option %d is nil: leave it out", i)
		}
		to(o)
	}
	return nil
}

// tableConfig is what options say of a table. That of a table is not changed: another takes its place.
type tableConfig struct {
	schema.TableDecl
	err        error // of an option
	consistent consistency
	without    route.Ways
	cursorKeys cursor.Keys
	observe    func(context.Context, Event)
	protects   func(context.Context) schema.Protector // nil: nothing
	stored     bool                                   // an option decides on what is stored
	limit      *route.Limit
}

type entityConfig struct {
	schema.EntityDecl
	consistent consistency
	skipHooks  bool
}

type readConfig struct {
	consistent consistency
	skipHooks  *bool // overrides the entity's setting
	unknown    schema.UnknownItems
}

// skips reports whether a read leaves the hooks out; inherited is the entity's setting.
func (c readConfig) skips(inherited bool) bool {
	if c.skipHooks != nil {
		return *c.skipHooks
	}
	return inherited
}

func readConfigOf(opts []ReadOption) (readConfig, error) {
	if len(opts) == 0 { // without an allocation
		return readConfig{}, nil
	}
	return applyReads(opts)
}

func applyReads(opts []ReadOption) (c readConfig, err error) {
	err = apply(opts, func(o ReadOption) { o.applyRead(&c) })
	return c, err
}

type writeConfig struct {
	conditions []change.Condition // those of the caller, and then the library's own
	given      int                // how many are the caller's
	skipHooks  bool
	unchecked  bool            // validation is left out
	held       *aggregate.Held // or nil
}

// configure applies options over the entity's setting.
func (c *writeConfig) configure(skipHooks bool, opts []WriteOption) error {
	c.skipHooks = skipHooks
	for i, o := range opts { // not through apply, which would cost each write an allocation
		if o == nil {
			return usagef("option %d is nil: leave it out", i)
		}
		o.applyWrite(c)
	}
	c.given = len(c.conditions)
	return nil
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

// Consistent sets whether reads are strongly consistent, overriding the default of the next level:
// an operation's setting goes before the entity's, the entity's before the table's; without any,
// reads are eventually consistent, at half the price. For a query of mixed items or a collection the
// entity is that of the example. Global secondary indexes have no consistent
// reads: there the settings of entity and table do not count, and that of an operation is an error.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
func Consistent(on bool) ReadSetting { return consistencyOf(on) }

func consistencyOf(on bool) consistency {
	if on {
		return strong
	}
	return eventual
}

func (o consistency) applyTable(c *tableConfig)   { c.consistent = o }
func (o consistency) applyEntity(c *entityConfig) { c.consistent = o }
func (o consistency) applyRead(c *readConfig)     { c.consistent = o }

type tableOption func(*tableConfig)

func (f tableOption) applyTable(c *tableConfig) { f(c) }

type tableSetting func(*tableConfig)

func (f tableSetting) applyTable(c *tableConfig) { f(c) }
func (tableSetting) setting()                    {}

// Discriminator sets the name of the attribute that holds an item's type, overriding the default
// "_type". Its value is the entity's name.
func Discriminator(attribute string) TableOption {
	return tableOption(func(c *tableConfig) { c.Discriminator = attribute })
}

// NoDiscriminator turns the discriminator off: items hold no type, and types are found from the keys.
// Use it for stored data that has none. Entities without prefixes cannot be told apart then.
func NoDiscriminator() TableOption { return Discriminator("") }

// Clock sets where generated timestamps and time-ordered ids take the time, overriding [time.Now];
// use it in tests. It must be safe for concurrent use.
func Clock(now func() time.Time) TableSetting {
	return tableSetting(func(c *tableConfig) { c.Gen = c.Gen.WithClock(now) })
}

// Entropy sets where generated ids take their random bytes, overriding crypto/rand; use it in tests.
// Reads are serialised, so that r need not be safe for concurrent use.
func Entropy(r io.Reader) TableSetting {
	return tableSetting(func(c *tableConfig) { c.Gen = c.Gen.WithEntropy(r) })
}

// Validator sets the validator that checks `validate` tags on every write, overriding the package's
// own; use it for custom rules. It is not changed, and must be complete when the table is declared.
func Validator(v *validator.Validate) TableOption {
	return tableOption(func(c *tableConfig) { c.Validate = v })
}

// PlainRoute makes every request go through the SDK's own inputs and outputs, instead of encoding
// items straight into the request's bytes and decoding them from the response's. It is several times
// slower; use it when the client has interceptors or middleware that look at items. The results are
// the same.
func PlainRoute() TableSetting {
	return tableSetting(func(c *tableConfig) { c.without.Fast = true })
}

// SDKDefaults stores the values of the table's items as the SDK's attributevalue package does by default, for data that is
// stored so. By default values are stored as it does with UseEncodingMarshalers: a type with MarshalText is an S. With this
// option its kind decides: a uuid.UUID, which is 16 bytes, is a B, and an enum that is an int is an N. Keys are built from the
// values that are stored: of such a UUID from its hexadecimal digits, of the enum from the number.
func SDKDefaults() TableOption {
	return tableOption(func(c *tableConfig) { c.Encoding = codec.SDKDefaults })
}

// SkipUnknown makes reads pass over items of types that are not registered, instead of the default, an [*UnknownEntityError]
// in the item's place: queries and scans, of one type too, collections, and [Table.BatchGet] and [Table.TransactGet], which
// give nil for them. So instances of a program live on while another version with a new type is deployed; what they compute
// of a partition as a whole may then lack something. Reads by key of one entity, such as [Entity.Get], report such an item in
// any case, as do writes that read it. The last of [SkipUnknown] and [RawUnknown] counts. [Collection.Delete] and
// [Collection.Copy] leave such items, if the option is theirs.
func SkipUnknown() UnknownSetting { return unknownSetting(schema.SkipUnknown) }

// RawUnknown makes reads of several types give items of types that are not registered as [RawItem]: queries and scans of the
// [Table], [CollectionQuery.All], [Table.BatchGet] and [Table.TransactGet]. [CollectionQuery.Group] leaves them out. Reads of one
// entity have no place for them, and report them as by default. [Collection.Delete] deletes such items, if the option is its own.
// See [SkipUnknown].
func RawUnknown() UnknownSetting { return unknownSetting(schema.RawUnknown) }

type sizeSetting int

// MaxSize sets the largest item in bytes that a write accepts, overriding the service's limit of
// 409,600 (which holds in any case); the entity's setting goes before the table's. The size is
// computed by the service's rules, before the request; a larger item is an [*ItemTooLargeError].
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func MaxSize(bytes int) Setting { return sizeSetting(bytes) }

func (o sizeSetting) applyTable(c *tableConfig)   { c.MaxSize = int(o) }
func (o sizeSetting) applyEntity(c *entityConfig) { c.MaxSize = int(o) }

type entityOption func(*entityConfig)

func (f entityOption) applyEntity(c *entityConfig) { f(c) }

// Name sets the entity's name, overriding the name of the Go type. It is the discriminator's value,
// the first letter of generated prefixes and the name in errors: set it when a type is renamed and
// its stored items are not.
func Name(name string) EntityOption {
	return entityOption(func(c *entityConfig) { c.Name = name })
}

// TypeValue sets the value of the discriminator in the entity's items, overriding its name: for stored data in which one value
// stands for several kinds of items whose keys differ, such as an item and its older versions. Each has a name of its own.
func TypeValue(value string) EntityOption {
	return entityOption(func(c *entityConfig) { c.TypeValue = value })
}

type writeOption func(*writeConfig)

func (f writeOption) applyWrite(c *writeConfig) { f(c) }

// If makes a write depend on a condition on the stored item, in the SDK's expression language; several
// must all hold. When it does not, nothing is written and the error is a [*ConditionFailedError] with
// the stored item.
func If(condition expression.ConditionBuilder) WriteOption {
	return writeOption(func(c *writeConfig) { c.conditions = append(c.conditions, change.By(condition)) })
}

// SkipValidation leaves out the check of `validate` tags in one write, for the migration of items that break rules which are
// younger than they. All else stays: generated values, keys, sizes, versions.
func SkipValidation() WriteSetting { return skipValidation{} }

type skipValidation struct{}

func (skipValidation) applyWrite(c *writeConfig) { c.unchecked = true }
func (o skipValidation) applySave(c *saveConfig) { c.each = append(c.each, o) }

type hooksSetting bool

// SkipHooks sets whether an operation leaves its hooks out, overriding the entity's setting and the
// default: hooks run. Generated values, validation and versions are not hooks and stay.
func SkipHooks(on bool) HooksSetting { return hooksSetting(on) }

func (o hooksSetting) applyEntity(c *entityConfig) { c.skipHooks = bool(o) }
func (o hooksSetting) applyRead(c *readConfig)     { c.skipHooks = new(bool(o)) }
func (o hooksSetting) applyWrite(c *writeConfig)   { c.skipHooks = bool(o) }
func (o hooksSetting) applySave(c *saveConfig)     { c.each = append(c.each, o) }

type expiredSetting bool

// HideExpired sets whether reads pass over items whose `ttl` field lies in the past; the entity's setting goes before the table's. The
// service removes such items within a few days, until then it returns them, which is also the default here. Get then says [ErrNotFound],
// queries leave them out, and [Entity.Create] takes their place; updates and upserts still meet them.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ttl-expired-items.html
func HideExpired(on bool) Setting { return expiredSetting(on) }

func (o expiredSetting) applyTable(c *tableConfig)   { c.HideExpired = bool(o) }
func (o expiredSetting) applyEntity(c *entityConfig) { c.HideExpired = new(bool(o)) }

// Upgrades declares how items of older shapes become items of today's: upgrades[0] takes those of
// version 0, written before the entity had upgrades, to version 1, and so on; len(upgrades) is today's
// version, stored in the attribute "_v". They run when an item is read, one after the other, on its
// attributes as they are stored, before it is decoded; the keys cannot be changed. The new shape is
// written when the item is next put.
//
// Updates of an item in an older shape are refused with a [*ConditionFailedError], since they would mix
// two shapes: load it and Put it first. An item of a newer version than today's, written by a newer
// program, is decoded as it is.
func Upgrades(upgrades ...func(RawItem) error) EntityOption {
	return entityOption(func(c *entityConfig) {
		c.Upgrades = nil
		for _, u := range upgrades {
			var one func(item map[string]types.AttributeValue) error // nil, which registration refuses, for nil
			if u != nil {
				one = func(item map[string]types.AttributeValue) error { return u(item) }
			}
			c.Upgrades = append(c.Upgrades, one)
		}
	})
}

// Observe sets f to be called after each request for the table, in the goroutine that made it: for metrics, or
// for a log, as in slog.InfoContext(ctx, "dynamodb", "request", event). Traces come from the SDK's own
// TracerProvider. f must be safe for concurrent use.
func Observe(f func(context.Context, Event)) TableSetting {
	return tableSetting(func(c *tableConfig) { c.observe = f })
}

const (
	defaultConcurrency = 4
	defaultAttempts    = 10
)

// BatchOption refines one batch, of writes or of reads.
type BatchOption interface {
	BatchGetOption
	PartitionOption
	applyBatch(*batchConfig)
}

type batchConfig struct {
	concurrency int
	attempts    int
	slots       chan struct{} // bounds the requests of several batches together, if set
}

func batchConfigOf(opts []BatchOption) (batchConfig, error) {
	c := batchConfig{concurrency: defaultConcurrency, attempts: defaultAttempts}
	err := apply(opts, func(o BatchOption) { o.applyBatch(&c) })
	return c, err
}

type batchOption func(*batchConfig)

func (f batchOption) applyBatch(c *batchConfig)         { f(c) }
func (f batchOption) applyPartition(c *partitionConfig) { f(&c.batchConfig) }

// Concurrency sets how many requests of a batch are under way at once, overriding the default of 4; use
// more for a table with much capacity.
func Concurrency(requests int) BatchOption {
	return batchOption(func(c *batchConfig) { c.concurrency = max(1, requests) })
}

// Attempts sets after how many requests in a row that the service has answered with nothing processed a batch gives up,
// overriding the default of 10. Between attempts the batch backs off, up to 5 seconds, with full jitter.
func Attempts(n int) BatchOption {
	return batchOption(func(c *batchConfig) { c.attempts = max(1, n) })
}

// BatchGetOption refines one BatchGet.
type BatchGetOption interface{ applyBatchGet(*batchGetConfig) }

type batchGetConfig struct {
	batchConfig
	readConfig
}

func (o consistency) applyBatchGet(c *batchGetConfig)  { c.consistent = o }
func (o hooksSetting) applyBatchGet(c *batchGetConfig) { o.applyRead(&c.readConfig) }
func (f batchOption) applyBatchGet(c *batchGetConfig)  { f(&c.batchConfig) }

// SaveOption refines one [Collection.Save]: [InBatches], [ClientToken], [SkipHooks], [SkipValidation].
type SaveOption interface{ applySave(*saveConfig) }

type saveConfig struct {
	token   string
	several bool
	each    []WriteOption
}

// PartitionOption refines one [Collection.Delete] or [Collection.Copy]: [SkipUnknown], [RawUnknown], [Progress], [Concurrency],
// [Attempts].
type PartitionOption interface{ applyPartition(*partitionConfig) }

type partitionConfig struct {
	batchConfig
	unknown  schema.UnknownItems
	progress func(PartitionProgress)
}

// UnknownSetting is an option of tables, for their reads, and of operations on whole partitions: [SkipUnknown], [RawUnknown].
type UnknownSetting interface {
	TableOption
	PartitionOption
}

type unknownSetting schema.UnknownItems

func (o unknownSetting) applyTable(c *tableConfig) { c.Unknown = schema.UnknownItems(o) }
func (o unknownSetting) applyPartition(c *partitionConfig) {
	c.unknown = schema.UnknownItems(o)
}

// PartitionProgress is how far an operation on a whole partition has come.
type PartitionProgress struct {
	// Items counts the items that were deleted or are copied, Skipped those of unknown types that were passed over.
	Items, Skipped int
	// Pages counts the response pages, of up to 1 MB, that are done.
	Pages int
}

type progressOption func(PartitionProgress)

func (f progressOption) applyPartition(c *partitionConfig) { c.progress = f }

// Progress sets f to be called after each page of a [Collection.Delete] or [Collection.Copy], in the goroutine of the call.
func Progress(f func(PartitionProgress)) PartitionOption { return progressOption(f) }

// CursorKey makes the cursors of the table's queries secret and proof against changes: encrypted with
// AES-GCM under the first key, of 16, 24 or 32 bytes. Cursors under the other keys are still accepted:
// to rotate, put a new key in front and drop the old one when the last cursor under it has been used.
// Without a key, cursors show the keys of items and can be forged; do not hand them to clients.
func CursorKey(key []byte, old ...[]byte) TableSetting {
	return tableSetting(func(c *tableConfig) {
		var err error
		c.cursorKeys, err = cursor.NewKeys(append([][]byte{key}, old...))
		c.err = cmp.Or(c.err, err)
	})
}
