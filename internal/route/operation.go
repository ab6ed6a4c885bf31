package route

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/entable/entable/internal/wire"
)

// operation is one of the service's operations: how a client carries it out, and where its requests and
// answers speak of their cost.
type operation[I, O any] struct {
	name  string
	write bool
	call  func(Client, context.Context, *I, ...func(*dynamodb.Options)) (*O, error)
	ask   func(*I) *types.ReturnConsumedCapacity
	cost  func(*O) usage
}

// send makes one request: on the fast route, unless call is nil; counted, if somebody wants to know; limited, if it has limits, of which
// it takes so many units at first; and with an eye on its attempts, if it is a write that may be in doubt.
func (o *operation[I, O]) send(ctx context.Context, c *Conn, call *wire.Call, in *I, units float64, b body) (*O, error) {
	if c.meter == nil && c.limits == nil {
		out, _, err := o.attempt(ctx, c, call, in)
		return out, naming(err, in)
	}
	*o.ask(in) = types.ReturnConsumedCapacityTotal
	if c.limits != nil {
		if err := c.limits.take(ctx, o.write, units); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	out, lean, err := o.attempt(ctx, c, call, in)
	var u usage
	if out != nil {
		u = o.cost(out)
	}
	u.lean = lean
	if c.limits != nil {
		c.limits.settle(o.write, units, &u)
	}
	if c.meter != nil {
		cost := u.of(o.name, o.write, time.Since(start), err)
		cost.in, cost.body = in, b
		c.meter(ctx, cost)
	}
	return out, naming(err, in)
}

// naming says in the error of a table that is not found which one the request was for; the service does not.
func naming(err error, in any) error {
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); !missing {
		return err
	}
	var tables []string
	switch in := in.(type) {
	case *dynamodb.PutItemInput:
		tables = []string{*in.TableName}
	case *dynamodb.GetItemInput:
		tables = []string{*in.TableName}
	case *dynamodb.UpdateItemInput:
		tables = []string{*in.TableName}
	case *dynamodb.DeleteItemInput:
		tables = []string{*in.TableName}
	case *dynamodb.QueryInput:
		tables = []string{*in.TableName}
	case *dynamodb.ScanInput:
		tables = []string{*in.TableName}
	case *dynamodb.TransactGetItemsInput:
		for _, i := range in.TransactItems {
			tables = append(tables, *i.Get.TableName)
		}
	case *dynamodb.TransactWriteItemsInput:
		for _, i := range in.TransactItems {
			tables = append(tables, tableOf(i))
		}
	case *dynamodb.BatchGetItemInput:
		tables = slices.Sorted(maps.Keys(in.RequestItems))
	case *dynamodb.BatchWriteItemInput:
		tables = slices.Sorted(maps.Keys(in.RequestItems))
	}
	if len(tables) == 0 {
		return err
	}
	slices.Sort(tables)
	tables = slices.Compact(tables)
	return fmt.Errorf("table %q: %w", strings.Join(tables, `", "`), err)
}

func tableOf(w types.TransactWriteItem) string {
	switch {
	case w.Put != nil:
		return *w.Put.TableName
	case w.Update != nil:
		return *w.Update.TableName
	case w.Delete != nil:
		return *w.Delete.TableName
	}
	return *w.ConditionCheck.TableName
}

// Meter is told of each request, in the goroutine that made it.
type Meter func(context.Context, Cost)

// Cost is what one request has cost.
type Cost struct {
	// Operation is the service's: "PutItem".
	Operation string
	// Lean says that the SDK has had nothing to do with it.
	Lean bool
	// Retries counts the further attempts that the SDK made.
	Retries               int
	ReadUnits, WriteUnits float64
	Examined, Returned    int // items of queries and scans, before and after filters
	Took                  time.Duration
	Err                   error
	in                    any // what the request was made of
	body                  body
}

// of returns the cost of a request whose answer says u.
func (u usage) of(operation string, write bool, took time.Duration, err error) Cost {
	c := Cost{Operation: operation, Lean: u.lean, Examined: int(u.examined), Returned: int(u.returned), Took: took, Err: err}
	if attempts, ok := retry.GetAttemptResults(u.metadata); ok {
		c.Retries = max(0, len(attempts.Results)-1)
	} else if gaveUp, ok := errors.AsType[*retry.MaxAttemptsError](err); ok {
		c.Retries = gaveUp.Attempt - 1
	}
	units := &c.ReadUnits
	if write {
		units = &c.WriteUnits
	}
	for _, consumed := range u.capacity {
		if consumed.CapacityUnits != nil {
			*units += *consumed.CapacityUnits
		}
	}
	return c
}

// usage is what an answer says of its cost.
type usage struct {
	metadata           middleware.Metadata
	capacity           []types.ConsumedCapacity
	examined, returned int32
	lean               bool
}

// usageOf returns the usage of a request for one table.
func usageOf(metadata middleware.Metadata, capacity *types.ConsumedCapacity) usage {
	u := usage{metadata: metadata}
	if capacity != nil {
		u.capacity = []types.ConsumedCapacity{*capacity}
	}
	return u
}

var putItem = operation[dynamodb.PutItemInput, dynamodb.PutItemOutput]{
	name: "PutItem", write: true, call: Client.PutItem,
	ask:  func(in *dynamodb.PutItemInput) *types.ReturnConsumedCapacity { return &in.ReturnConsumedCapacity },
	cost: func(out *dynamodb.PutItemOutput) usage { return usageOf(out.ResultMetadata, out.ConsumedCapacity) },
}

var getItem = operation[dynamodb.GetItemInput, dynamodb.GetItemOutput]{
	name: "GetItem", call: Client.GetItem,
	ask:  func(in *dynamodb.GetItemInput) *types.ReturnConsumedCapacity { return &in.ReturnConsumedCapacity },
	cost: func(out *dynamodb.GetItemOutput) usage { return usageOf(out.ResultMetadata, out.ConsumedCapacity) },
}

var updateItem = operation[dynamodb.UpdateItemInput, dynamodb.UpdateItemOutput]{
	name: "UpdateItem", write: true, call: Client.UpdateItem,
	ask:  func(in *dynamodb.UpdateItemInput) *types.ReturnConsumedCapacity { return &in.ReturnConsumedCapacity },
	cost: func(out *dynamodb.UpdateItemOutput) usage { return usageOf(out.ResultMetadata, out.ConsumedCapacity) },
}

var deleteItem = operation[dynamodb.DeleteItemInput, dynamodb.DeleteItemOutput]{
	name: "DeleteItem", write: true, call: Client.DeleteItem,
	ask:  func(in *dynamodb.DeleteItemInput) *types.ReturnConsumedCapacity { return &in.ReturnConsumedCapacity },
	cost: func(out *dynamodb.DeleteItemOutput) usage { return usageOf(out.ResultMetadata, out.ConsumedCapacity) },
}

var queryItems = operation[dynamodb.QueryInput, dynamodb.QueryOutput]{
	name: "Query", call: Client.Query,
	ask: func(in *dynamodb.QueryInput) *types.ReturnConsumedCapacity { return &in.ReturnConsumedCapacity },
	cost: func(out *dynamodb.QueryOutput) usage {
		u := usageOf(out.ResultMetadata, out.ConsumedCapacity)
		u.examined, u.returned = out.ScannedCount, out.Count
		return u
	},
}

var scanItems = operation[dynamodb.ScanInput, dynamodb.ScanOutput]{
	name: "Scan", call: Client.Scan,
	ask: func(in *dynamodb.ScanInput) *types.ReturnConsumedCapacity { return &in.ReturnConsumedCapacity },
	cost: func(out *dynamodb.ScanOutput) usage {
		u := usageOf(out.ResultMetadata, out.ConsumedCapacity)
		u.examined, u.returned = out.ScannedCount, out.Count
		return u
	},
}

var batchGetItem = operation[dynamodb.BatchGetItemInput, dynamodb.BatchGetItemOutput]{
	name: "BatchGetItem", call: Client.BatchGetItem,
	ask: func(in *dynamodb.BatchGetItemInput) *types.ReturnConsumedCapacity { return &in.ReturnConsumedCapacity },
	cost: func(out *dynamodb.BatchGetItemOutput) usage {
		return usage{metadata: out.ResultMetadata, capacity: out.ConsumedCapacity}
	},
}

var batchWriteItem = operation[dynamodb.BatchWriteItemInput, dynamodb.BatchWriteItemOutput]{
	name: "BatchWriteItem", write: true, call: Client.BatchWriteItem,
	ask: func(in *dynamodb.BatchWriteItemInput) *types.ReturnConsumedCapacity {
		return &in.ReturnConsumedCapacity
	},
	cost: func(out *dynamodb.BatchWriteItemOutput) usage {
		return usage{metadata: out.ResultMetadata, capacity: out.ConsumedCapacity}
	},
}

var transactGetItems = operation[dynamodb.TransactGetItemsInput, dynamodb.TransactGetItemsOutput]{
	name: "TransactGetItems", call: Client.TransactGetItems,
	ask: func(in *dynamodb.TransactGetItemsInput) *types.ReturnConsumedCapacity {
		return &in.ReturnConsumedCapacity
	},
	cost: func(out *dynamodb.TransactGetItemsOutput) usage {
		return usage{metadata: out.ResultMetadata, capacity: out.ConsumedCapacity}
	},
}

var transactWriteItems = operation[dynamodb.TransactWriteItemsInput, dynamodb.TransactWriteItemsOutput]{
	name: "TransactWriteItems", write: true, call: Client.TransactWriteItems,
	ask: func(in *dynamodb.TransactWriteItemsInput) *types.ReturnConsumedCapacity {
		return &in.ReturnConsumedCapacity
	},
	cost: func(out *dynamodb.TransactWriteItemsOutput) usage {
		return usage{metadata: out.ResultMetadata, capacity: out.ConsumedCapacity}
	},
}
