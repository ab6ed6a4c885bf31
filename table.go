package entable

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
)

// Table is one DynamoDB table that entities of many types share. It owns the generic key attributes,
// the registry of entities with their key prefixes, and the settings that they inherit. Declare it
// once, at package initialisation, and register the entities on it. It is safe for concurrent use.
type Table struct {
	declared   *schema.Table // nil in a zero Table
	consistent consistency
	config     atomic.Pointer[tableConfig]
	conn       atomic.Pointer[route.Conn]

	mu   sync.Mutex  // keeps Configure and the first use apart
	used atomic.Bool // an operation has begun
}

// NewTable declares the table called name, which may be the ARN of a table, of another account too, with string keys "pk" and "sk", the discriminator "_type"
// and no index, unless options say otherwise. It sends nothing; see [Table.CreateTable]. It panics with a
// [*DeclarationError] when the declaration is wrong; [TryNewTable] returns it.
//
// Options: [PartitionKey], [SortKey], [NoSortKey], [Discriminator], [NoDiscriminator], [GSI], [LSI], [Lock],
// [Consistent], [MaxSize], [HideExpired], [SkipUnknown], [RawUnknown], [Validator], [Clock], [Entropy], [CursorKey], [Observe],
// [PlainRoute], [SDKRequests], [SDKDefaults], [Encryption], [HashKey], [Limit]. Those that are a [TableSetting] can be given later.
func NewTable(name string, opts ...TableOption) *Table {
	t, err := TryNewTable(name, opts...)
	if err != nil {
		panic(err)
	}
	return t
}

// TryNewTable does what [NewTable] does, but returns the error.
func TryNewTable(name string, opts ...TableOption) (*Table, error) {
	c := tableConfig{TableDecl: schema.TableDecl{
		Name:          name,
		PK:            schema.Attr{Name: "pk", Type: types.ScalarAttributeTypeS},
		SK:            schema.Attr{Name: "sk", Type: types.ScalarAttributeTypeS},
		Discriminator: "_type",
	}}
	err := apply(opts, func(o TableOption) { o.applyTable(&c) })
	if err = cmp.Or(err, c.err); err != nil {
		return nil, &DeclarationError{What: fmt.Sprintf("table %q", name), Err: err}
	}
	declared, err := schema.New(c.TableDecl)
	if err != nil {
		return nil, declarationError(err)
	}
	t := &Table{declared: declared, consistent: c.consistent}
	t.config.Store(&c)
	return t, nil
}

// Configure changes settings of the table: those that a program's configuration or a test gives where the table is declared at package
// initialisation. An option replaces what was given before by the same one, and all others stay. It is safe for concurrent use.
//
//	err := shop.Items.Configure(entable.CursorKey(key), entable.Observe(metrics), entable.Limit(reads, writes))
//
// [Encryption] and [HashKey] decide what is stored: they are taken until the first operation on the table has begun. The others are taken
// at any time; operations under way may keep what they began with. The error, a [*DeclarationError], is that of a wrong option, or of one that
// comes too late; then nothing is changed.
func (t *Table) Configure(opts ...TableSetting) error {
	if t.s() == undeclared {
		return errUndeclared
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c := *t.settings()
	c.HashKeys, c.stored = nil, false
	err := apply(opts, func(o TableSetting) { o.applyTable(&c) })
	err = cmp.Or(err, c.err)
	if err == nil && c.stored && t.used.Load() {
		err = usagef("Encryption and HashKey decide what is stored: give them to Configure before the first operation")
	}
	if err != nil {
		return &DeclarationError{What: fmt.Sprintf("table %q", t.Name()), Err: err}
	}
	if err := t.s().Configure(c.SettingsDecl); err != nil {
		return declarationError(err)
	}
	t.config.Store(&c)
	return nil
}

// use begins an operation: a Configure that has begun before is waited for, and later ones see it.
func (t *Table) use() {
	if !t.used.Load() {
		t.mu.Lock()
		t.used.Store(true)
		t.mu.Unlock()
	}
}

// errUndeclared is for a Table that NewTable has not made.
var errUndeclared = usagef("the Table is not declared: make it with entable.NewTable")

var noConfig = new(tableConfig)

// settings returns what options say of the table as it is now.
func (t *Table) settings() *tableConfig {
	if c := t.config.Load(); c != nil {
		return c
	}
	return noConfig
}

// Name returns the table's name.
func (t *Table) Name() string { return t.s().Name }

// undeclared is what a Table has that NewTable has not made: no name, no attribute, no entity.
var undeclared = new(schema.Table)

// s returns what is declared of the table.
func (t *Table) s() *schema.Table {
	if t == nil || t.declared == nil {
		return undeclared
	}
	return t.declared
}

// protector returns what encrypts and decrypts for one operation; nil where nothing is encrypted.
func (t *Table) protector(ctx context.Context) schema.Protector {
	if t.settings().protects == nil {
		return nil
	}
	t.use()
	return t.settings().protects(ctx)
}
