package entable

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/cursor"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
)

// Table is one DynamoDB table that entities of many types share. It owns the generic key attributes,
// the registry of entities with their key prefixes, and the settings that they inherit. Declare it
// once, at package initialisation, and register the entities on it. It is safe for concurrent use.
type Table struct {
	declared   *schema.Table // nil in a zero Table
	consistent consistency
	without    route.Ways
	cursorKeys cursor.Keys
	observe    func(context.Context, Event)
	protects   func(context.Context) schema.Protector
	limit      *route.Limit
	conn       atomic.Pointer[route.Conn]
}

// NewTable declares the table called name, which may be the ARN of a table, of another account too, with string keys "pk" and "sk", the discriminator "_type"
// and no index, unless options say otherwise. It sends nothing; see [Table.CreateTable]. It panics with a
// [*DeclarationError] when the declaration is wrong; [TryNewTable] returns it.
//
// Options: [PartitionKey], [SortKey], [NoSortKey], [Discriminator], [NoDiscriminator], [GSI], [LSI], [Lock],
// [Consistent], [MaxSize], [HideExpired], [SkipUnknown], [RawUnknown], [Validator], [Clock], [Entropy], [CursorKey], [Observe],
// [PlainRoute], [SDKRequests], [SDKDefaults], [Encryption], [HashKey], [Limit].
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
		return nil, public(err)
	}
	aeads, err := cursor.NewKeys(c.cursorKeys)
	if err != nil {
		return nil, &DeclarationError{What: fmt.Sprintf("table %q", name), Err: err}
	}
	return &Table{
		declared: declared, consistent: c.consistent, without: c.without,
		cursorKeys: aeads, observe: c.observe, protects: c.protects, limit: route.NewLimit(schema.BareName(name), c.read, c.write),
	}, nil
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
	if t.protects == nil {
		return nil
	}
	return t.protects(ctx)
}
