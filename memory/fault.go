package memory

import (
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/engine"
)

// A Request is what [Fault.When] decides about.
type Request struct {
	// Operation is the operation's name, such as "PutItem".
	Operation string
	// Tables are the names of the tables that the request is about, in order.
	Tables []string
	// Body is the request as it came: the members of the operation's input as
	// DynamoDB JSON. It must not be changed.
	Body []byte
}

// A Fault is something that goes wrong on demand: a kind of failure, made by one of
// the functions below, narrowed by methods to the requests that it should hit.
// The methods return a changed copy. A fault does nothing until it is given to
// [DB.Inject].
//
//	memory.Throttle().On("PutItem", "UpdateItem").Table("orders").After(10).Times(2)
//
// fails the 11th and 12th write to the table orders. A fault that is not
// narrowed hits every request, always.
//
// An SDK client retries the failures that it holds to be temporary, so that with
// its default of three attempts Times(1) or Times(2) only slow a caller down.
type Fault struct{ fault engine.Fault }

// Throttle refuses requests with a ProvisionedThroughputExceededException, which
// SDKs retry. Transactions are cancelled with the reason
// ProvisionedThroughputExceeded.
func Throttle() Fault { return failing(engine.Throttled) }

// InternalError answers with the service's InternalServerError, status 500, which
// SDKs retry. The request is not done.
func InternalError() Fault { return failing(engine.InternalError) }

// Unavailable answers with a ServiceUnavailableException, status 503, which SDKs
// retry. The request is not done.
func Unavailable() Fault { return failing(engine.Unavailable) }

// Conflict makes requests meet a transaction on the same item: transactions are
// cancelled with the reason TransactionConflict, other requests get a
// TransactionConflictException.
func Conflict() Fault { return failing(engine.Conflict) }

// Error answers with an error of the given code, such as
// "LimitExceededException", with status 400.
func Error(code, message string) Fault {
	return failing(func(*engine.Call) *engine.Error {
		return &engine.Error{Status: http.StatusBadRequest, Type: "com.amazonaws.dynamodb.v20120810#" + code, Message: message}
	})
}

func failing(err func(*engine.Call) *engine.Error) Fault {
	return Fault{engine.Fault{Effect: engine.Effect{Error: err}}}
}

// Delay lets time pass before a request is done, or until its context ends; then
// it is not done. Delays of several faults add up.
func Delay(d time.Duration) Fault {
	return Fault{engine.Fault{Effect: engine.Effect{Delay: d}}}
}

// DropBefore cuts the connection before a request is done. The caller sees an
// error of the network, which SDKs retry.
func DropBefore() Fault {
	return Fault{engine.Fault{Effect: engine.Effect{DropBefore: true}}}
}

// DropAfter does a request and cuts the connection instead of answering. The
// caller sees the same as with [DropBefore] and retries: the test of whether its
// writes are idempotent.
func DropAfter() Fault {
	return Fault{engine.Fault{Effect: engine.Effect{DropAfter: true}}}
}

// SlowReads lets time pass before GetItem, BatchGetItem, Query, Scan and TransactGetItems, like [Delay].
func SlowReads(d time.Duration) Fault {
	return Delay(d).On("GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems")
}

// UnprocessedShare lets BatchGetItem and BatchWriteItem leave a share of the keys or writes of each request undone, 0.5 for
// half of them; one is always done, so that a caller who asks again gets ahead. The rest comes back as UnprocessedKeys or
// UnprocessedItems.
func UnprocessedShare(share float64) Fault {
	return Fault{engine.Fault{
		Effect:     engine.Effect{Share: min(1, max(0, share))},
		Operations: []string{"BatchGetItem", "BatchWriteItem"},
	}}
}

// Unprocessed lets BatchGetItem and BatchWriteItem do no more than the first n keys
// or writes of a request; the rest comes back as UnprocessedKeys or
// UnprocessedItems. Other operations are not affected.
func Unprocessed(n int) Fault {
	return Fault{engine.Fault{
		Effect:     engine.Effect{Partial: true, Process: max(0, n)},
		Operations: []string{"BatchGetItem", "BatchWriteItem"},
	}}
}

// On narrows the fault to operations, by the names that the service has for them, overriding the default of all. It panics at a name that
// is none, such as "Put": the fault would never apply.
func (f Fault) On(operations ...string) Fault {
	for _, name := range operations {
		if !engine.IsOperation(name) {
			panic(fmt.Sprintf("memory: On(%q): DynamoDB has no such operation: use the name of its API, such as \"PutItem\"", name))
		}
	}
	f.fault.Operations = operations
	return f
}

// Table narrows the fault to requests about one table, overriding the default of
// all. A batch or a transaction counts as a request about each of its tables.
func (f Fault) Table(name string) Fault {
	f.fault.Table = name
	return f
}

// Partition narrows the fault to requests about one partition: items whose table has this partition key, and queries of
// it, in the table or an index. It has to be an S, N or B.
//
// With a fault that refuses, such as [Throttle], it makes a hot partition: a transaction is cancelled because of the first action on it,
// and a batch comes back with the parts unprocessed that are about it, or is refused if all are.
func (f Fault) Partition(key types.AttributeValue) Fault {
	v, err := valueOf(key)
	if err != nil || !v.Kind().IsKey() {
		panic(fmt.Sprintf("memory: %T is no partition key", key))
	}
	f.fault.Partition = v
	return f
}

// When narrows the fault to requests for which the predicate holds. It is called
// without any lock, perhaps by several goroutines at once.
func (f Fault) When(predicate func(Request) bool) Fault {
	f.fault.When = func(c *engine.Call) bool {
		return predicate(Request{Operation: c.Operation, Tables: c.Tables(), Body: c.Body})
	}
	return f
}

// After spares the first n requests that the fault would hit, overriding the
// default 0.
func (f Fault) After(n int) Fault {
	f.fault.Skip = n
	return f
}

// Times ends the fault after it has hit n requests, overriding the default of no
// end. Each attempt of a client counts.
func (f Fault) Times(n int) Fault {
	f.fault.Times = n
	return f
}

// Inject adds faults to a database until remove is called. They apply in the order
// in which they were injected, and the first one that prevents a request decides
// its answer. One fault can be injected many times; each time it counts anew.
func (db *DB) Inject(faults ...Fault) (remove func()) {
	list := make([]engine.Fault, len(faults))
	for i, f := range faults {
		list[i] = f.fault
	}
	return db.engine.Inject(list...)
}
