// Package bridge is how the packages on top of the public API see what is declared of a table, and send requests as its own
// operations do. The root gives these functions when it is initialised; a table is a *entable.Table, which cannot be named here.
package bridge

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
)

var (
	// Declared returns what is declared of a table.
	Declared func(table any) *schema.Table
	// Table returns a table of what was declared without the public API. Its entities can be read and not written.
	Table func(declared *schema.Table) any
	// Protector returns what encrypts and decrypts a table's attributes, nil for none.
	Protector func(ctx context.Context, table any) schema.Protector
	// Conn returns the way to a table's client, with the counters and observers that the context and the table have.
	Conn func(ctx context.Context, table any) (*route.Conn, error)
	// Input returns the request of a query, such as the public API would send. It takes items as an index
	// holds them.
	Input func(table any, span schema.Span, reverse bool) (*dynamodb.QueryInput, error)
)
