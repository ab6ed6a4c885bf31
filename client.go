package entable

import (
	"context"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/wire"
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

// TableClient is what [Table.Create] and its kin need besides. *dynamodb.Client has it.
type TableClient interface {
	CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	DeleteTable(context.Context, *dynamodb.DeleteTableInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteTableOutput, error)
}

// conn is a client with what is known about it.
type conn struct {
	Client
	// wire is set if items can be encoded into requests and decoded from responses without the SDK's types.
	wire *wire.Client
	// meter counts requests; nil when nobody wants to know.
	meter *meter
}

func newConn(c Client) *conn {
	if c == nil {
		return nil
	}
	sdk, ok := c.(*dynamodb.Client)
	if ok && sdk == nil {
		return nil
	}
	made := &conn{Client: c}
	if ok {
		made.wire = wire.Inspect(sdk)
	}
	return made
}

var defaultConn atomic.Pointer[conn]

// SetDefaultClient sets the client of every table and entity that has none of its own; nil takes it
// away. It is safe for concurrent use; operations under way keep theirs.
func SetDefaultClient(c Client) { defaultConn.Store(newConn(c)) }

type connKey struct{}

// WithClient returns a context whose operations use c, before the clients of entities and tables and
// the default. Use it for a request's own credentials, or in tests.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, connKey{}, newConn(c))
}

// Use sets the table's client, before the default one; nil takes it away. It is safe for concurrent
// use; operations under way keep theirs.
func (t *Table) Use(c Client) { t.conn.Store(newConn(c)) }

// connFor finds the client of an operation: context, entity, table, default. e may be nil.
func (t *Table) connFor(ctx context.Context, e *entity) (*conn, error) { return t.connAs(ctx, e, e) }

// connAs is connFor for an operation whose cost is counted for another entity than the client's, or for
// none.
func (t *Table) connAs(ctx context.Context, e, counted *entity) (*conn, error) {
	c, err := t.client(ctx, e)
	if err != nil {
		return nil, err
	}
	return metered(ctx, c, counted, t), nil
}

// client is connFor without counting.
func (t *Table) client(ctx context.Context, e *entity) (*conn, error) {
	c, _ := ctx.Value(connKey{}).(*conn)
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

// call starts a call of c for this table whose items go to sink; nil when it goes the plain route.
func (t *Table) call(c *conn, sink wire.Sink) *wire.Call {
	if !t.hooked(c) {
		return nil
	}
	return c.wire.NewCall(sink)
}

// hooked reports whether requests of this table through c take the fast route.
func (t *Table) hooked(c *conn) bool { return c.wire != nil && !t.plainRoute }
