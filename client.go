package entable

import (
	"context"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/time/rate"

	"github.com/entable/entable/internal/bridge"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
)

// Client is what this package needs of a DynamoDB client: the methods of *dynamodb.Client, with its
// signatures. A *dynamodb.Client itself is served fastest; a wrapper, a DAX client or a mock works
// too, which is the only reason for an interface. It gets methods as the package needs them: a wrapper
// that embeds a *dynamodb.Client has them all.
type Client interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	BatchWriteItem(context.Context, *dynamodb.BatchWriteItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error)
	TransactGetItems(context.Context, *dynamodb.TransactGetItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactGetItemsOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// TableClient is what [Table.CreateTable] and its kin need besides. *dynamodb.Client has it.
type TableClient interface {
	CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	DeleteTable(context.Context, *dynamodb.DeleteTableInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteTableOutput, error)
}

var defaultConn atomic.Pointer[route.Conn]

// SetDefaultClient sets the client of every table and entity that has none of its own; nil takes it
// away. It is safe for concurrent use; operations under way keep theirs.
func SetDefaultClient(c Client) { defaultConn.Store(route.New(c)) }

type connKey struct{}

// WithClient returns a context whose operations use c, before the clients of entities and tables and
// the default. Use it for a request's own credentials, or in tests.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, connKey{}, route.New(c))
}

// Limit limits what requests for the table consume, in read and write capacity units a second; a nil limiter limits nothing. Each request of
// each operation, audits included, waits for what it is taken to cost, by its items' sizes, or by the page before it, and settles
// afterwards what the service says that it has consumed, indexes included. A request of more units than the limiter's burst goes through
// when the burst is there, and later ones wait for the rest.
//
// A request that would have to wait past the end of its context fails at once, with an error that matches [context.DeadlineExceeded], and
// is not sent. One that fails has taken what it was taken to cost. A limiter may serve several tables and programs' parts. [WithLimit]
// comes on top.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
func Limit(read, write *rate.Limiter) TableSetting {
	return tableSetting(func(c *tableConfig) { c.limit = route.NewLimit(schema.BareName(c.Name), read, write) })
}

type limitKey struct{}

// WithLimit returns a context whose operations are limited as by [Limit], together, on whatever table: those of one job, or of one tenant.
func WithLimit(ctx context.Context, read, write *rate.Limiter) context.Context {
	return context.WithValue(ctx, limitKey{}, route.NewLimit("", read, write))
}

// Use sets the table's client, before the default one; nil takes it away. It is safe for concurrent
// use; operations under way keep theirs.
func (t *Table) Use(c Client) { t.conn.Store(route.New(c)) }

// SDKRequests makes the SDK's client send every request. By default, the first attempt of a request is made without the SDK's
// middleware, with the client's own credentials and HTTP client, if nobody has put anything into the client that sees requests
// on their way: middleware, interceptors, tracers, meters, logs, a signer, an endpoint resolver. The request is the same, and all
// answers but plain successes are the SDK's to judge. [Counts] tells which requests went so.
func SDKRequests() TableSetting {
	return tableSetting(func(c *tableConfig) { c.without.Lean = true })
}

// connFor finds the client of an operation: context, entity, table, default. e may be nil.
func (t *Table) connFor(ctx context.Context, e *entity) (*route.Conn, error) {
	return t.connAs(ctx, e, e)
}

// connAs does what connFor does for an operation whose cost is counted for another entity than the client's, or for
// none.
func (t *Table) connAs(ctx context.Context, e, counted *entity) (*route.Conn, error) {
	c, err := t.client(ctx, e)
	if err != nil {
		return nil, err
	}
	return connFor(ctx, c, counted, t), nil
}

// client does what connFor does for an operation that goes on to others.
func (t *Table) client(ctx context.Context, e *entity) (*route.Conn, error) {
	if t.s() == undeclared {
		return nil, errUndeclared
	}
	c, _ := ctx.Value(connKey{}).(*route.Conn)
	if c == nil && e != nil {
		c = e.conn.Load()
	}
	if c == nil {
		c = t.conn.Load()
	}
	if c == nil {
		c = defaultConn.Load()
	}
	if c == nil {
		return nil, ErrNoClient
	}
	return c, nil
}

// connFor returns the conn of an operation on e, or on several entities if that is nil, in tables. It takes the ways
// that all tables allow.
func connFor(ctx context.Context, c *route.Conn, e *entity, tables ...*Table) *route.Conn {
	var without route.Ways
	for _, t := range tables {
		t.use()
		c := t.settings()
		without.Fast = without.Fast || c.without.Fast
		without.Lean = without.Lean || c.without.Lean
	}
	return limited(ctx, c.For(meterOf(ctx, e, tables), without), tables)
}

// meterOf counts the requests of an operation on e, or on several entities if that is nil, in tables; nil when
// nobody wants to know.
func meterOf(ctx context.Context, e *entity, tables []*Table) route.Meter {
	stats, _ := ctx.Value(statsKey{}).(*Stats)
	var observers []func(context.Context, Event)
	for _, t := range tables {
		if f := t.settings().observe; f != nil {
			observers = append(observers, f)
		}
	}
	if stats == nil && len(observers) == 0 {
		return nil
	}
	var subject Subject
	if len(tables) == 1 {
		subject.Table = tables[0].s().Name
	}
	if e != nil {
		subject.Entity = e.Name
	}
	return func(ctx context.Context, c route.Cost) {
		event := Event{Subject: subject, Err: c.Err, Counts: Counts{
			Requests: 1, Retries: c.Retries, ReadUnits: c.ReadUnits, WriteUnits: c.WriteUnits,
			Examined: c.Examined, Returned: c.Returned, Duration: c.Took,
		}}
		event.Operation = c.Operation
		if c.Lean {
			event.Lean = 1
		}
		if c.Err != nil {
			event.Errors = 1
		}
		if stats != nil {
			stats.add(event)
		}
		if len(observers) > 0 {
			event.partitions = partitionsOf(c, tables)
		}
		for _, observe := range observers {
			observe(ctx, event)
		}
	}
}

// partitionsOf returns what lists the partitions of a request that was counted.
func partitionsOf(c route.Cost, tables []*Table) func() []Partition {
	return func() (out []Partition) {
		for _, p := range c.Partitions(func(table string) string {
			i := slices.IndexFunc(tables, func(t *Table) bool { return t.s().Name == table })
			return tables[max(i, 0)].s().PK.Name
		}) {
			out = append(out, Partition(p))
		}
		return out
	}
}

// limited returns the conn of an operation with the limits of its context and its tables.
func limited(ctx context.Context, c *route.Conn, tables []*Table) *route.Conn {
	var all []*route.Limit
	if own, _ := ctx.Value(limitKey{}).(*route.Limit); own != nil {
		all = append(all, own)
	}
	for _, t := range tables {
		if l := t.settings().limit; l != nil {
			all = append(all, l)
		}
	}
	return c.Limited(all...)
}

func init() {
	bridge.Declared = func(t any) *schema.Table { return t.(*Table).s() }
	bridge.Table = func(d *schema.Table) any {
		t := &Table{declared: d}
		for _, e := range d.Directory().All {
			e.Owner = &entity{Entity: e, table: t}
		}
		return t
	}
	bridge.Protector = func(ctx context.Context, t any) schema.Protector { return t.(*Table).protector(ctx) }
	bridge.Conn = func(ctx context.Context, t any) (*route.Conn, error) { return t.(*Table).connFor(ctx, nil) }
}

// sameClient compares clients. Values of a type that Go cannot compare count as the same: to tell such
// clients apart, give them as pointers.
func sameClient(a, b Client) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && (!reflect.ValueOf(a).Comparable() || a == b)
}
