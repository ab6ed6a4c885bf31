package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entable/entable/internal/engine/input"
	"github.com/entable/entable/internal/engine/value"
)

// A Call is a request as faults see it.
type Call struct {
	Operation string
	Body      []byte // must not be changed

	account *Account
	action  int // the action of a transaction that a fault is about
}

// Tables lists the names of the tables that the request is about, in order.
func (c *Call) Tables() []string {
	var in struct {
		TableName     string
		RequestItems  map[string]json.RawMessage
		TransactItems []map[string]struct{ TableName string }
	}
	_ = json.Unmarshal(c.Body, &in) // what cannot be read has no tables
	names := map[string]bool{}
	add := func(name string) {
		if name != "" {
			names[input.TableName(name)] = true
		}
	}
	add(in.TableName)
	for name := range in.RequestItems {
		add(name)
	}
	for _, item := range in.TransactItems {
		for _, action := range item {
			add(action.TableName)
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// actions counts the actions of a transaction.
func (c *Call) actions() int {
	var in struct{ TransactItems []json.RawMessage }
	_ = json.Unmarshal(c.Body, &in)
	return len(in.TransactItems)
}

// An Effect is what a fault does to a request. Its zero parts do nothing.
type Effect struct {
	// Delay passes before anything else happens.
	Delay time.Duration
	// DropBefore and DropAfter cut the connection instead of answering: before the
	// operation is done, or after.
	DropBefore, DropAfter bool
	// Error answers the request without doing it.
	Error func(c *Call) *Error
	// Partial lets a batch do its first Process parts only, Share leaves that share of its parts undone, but does one at
	// least.
	Partial bool
	Process int
	Share   float64
}

// A Fault applies its effect to the requests that it matches: those of Operations
// (all, if empty) on Table (any, if "") and Partition (any, if None) for which When holds (nil: always), except
// the first Skip of them and, unless Times is 0, all after the next Times. If it has a Partition, an Error leaves the
// parts of a batch undone that are about it.
type Fault struct {
	Effect     Effect
	Operations []string
	Table      string
	Partition  value.Value
	When       func(c *Call) bool
	Skip       int
	Times      int
}

type faults struct {
	active atomic.Int32 // the length of list and logs: most requests see that there is none
	mu     sync.Mutex   // guards list, the counters in it, and logs
	list   []*armed
	logs   []*Log
}

func (f *faults) count() { f.active.Store(int32(len(f.list) + len(f.logs))) }

type armed struct {
	Fault
	matched int
}

// Inject adds faults. They apply in the order in which they were added: delays
// add up, and the first one that prevents the operation decides the answer.
func (db *DB) Inject(list ...Fault) (remove func()) {
	f := &db.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	var added []*armed
	for _, fault := range list {
		added = append(added, &armed{Fault: fault})
	}
	f.list = append(f.list, added...)
	f.count()
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.list = slices.DeleteFunc(f.list, func(a *armed) bool { return slices.Contains(added, a) })
		f.count()
	}
}

// matches says whether the fault is for the call, but for its counters.
func (a *armed) matches(c *Call) bool {
	return (len(a.Operations) == 0 || slices.Contains(a.Operations, c.Operation)) &&
		(a.Table == "" || slices.Contains(c.Tables(), a.Table)) &&
		(a.Partition.IsNone() || a.meets(c)) &&
		(a.When == nil || a.When(c))
}

func (a *armed) meets(c *Call) bool {
	action, ok := c.meets(a.Partition)
	if ok {
		c.action = action
	}
	return ok
}

// take counts a match and says whether the fault applies to it.
func (a *armed) take() bool {
	a.matched++
	return a.matched > a.Skip && (a.Times == 0 || a.matched <= a.Skip+a.Times)
}

// effects gives the effects on a call. Predicates run without the lock, so that
// they may use the database.
func (f *faults) effects(c *Call) []Fault {
	f.mu.Lock()
	list := slices.Clone(f.list)
	f.mu.Unlock()
	list = slices.DeleteFunc(list, func(a *armed) bool { return !a.matches(c) })
	f.mu.Lock()
	defer f.mu.Unlock()
	var effective []Fault
	for _, a := range list {
		if a.take() {
			effective = append(effective, a.Fault)
		}
	}
	return effective
}

// dispatch runs an operation with the faults that apply to it, and notes it in the logs.
func (db *DB) dispatch(ctx context.Context, name string, op operation, req request) ([]byte, error) {
	if db.faults.active.Load() == 0 {
		return op(req)
	}
	c := &Call{Operation: name, Body: bytes.Clone(req.body), account: req.account} // a predicate may keep it
	req.units = new(float64)
	out, err := db.disturbed(ctx, c, op, req)
	db.faults.log(c, db.cfg.Now(), *req.units, err)
	return out, err
}

func (db *DB) disturbed(ctx context.Context, c *Call, op operation, req request) ([]byte, error) {
	dropAfter := false
	for _, f := range db.faults.effects(c) {
		e := f.Effect
		if err := db.wait(ctx, e.Delay); err != nil {
			return nil, err
		}
		switch {
		case e.DropBefore:
			return nil, errDropped
		case e.Error != nil && c.isBatch() && !f.Partition.IsNone():
			req.partial.hot = isHot(f.Partition)
		case e.Error != nil:
			return nil, e.Error(c)
		case e.Partial:
			req.partial.limited, req.partial.limit = true, e.Process
		case e.Share > 0:
			req.partial.share = e.Share
		}
		dropAfter = dropAfter || e.DropAfter
	}
	out, err := op(req)
	if dropAfter {
		return nil, errDropped
	}
	return out, err
}

// wait passes time until the request or the database has ended. No lock is held.
func (db *DB) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-db.done:
		return errDropped
	}
}

// dropped is a connection that ended without an answer.
type dropped struct{}

func (*dropped) Error() string { return "connection reset by peer" }

var errDropped = &dropped{}

const throughputExceeded = "The level of configured provisioned throughput for the table was exceeded. " +
	"Consider increasing your provisioning level with the UpdateTable API."

// Throttled returns the error of a table that is out of capacity. A transaction is
// cancelled for that reason.
func Throttled(c *Call) *Error {
	if strings.HasPrefix(c.Operation, "Transact") {
		return canceledFor(c, reason{code: "ProvisionedThroughputExceeded", message: throughputExceeded})
	}
	return clientError("ProvisionedThroughputExceededException", throughputExceeded)
}

// Conflict returns the error of a request that meets a transaction on the same item.
func Conflict(c *Call) *Error {
	if strings.HasPrefix(c.Operation, "Transact") {
		return canceledFor(c, reason{code: "TransactionConflict", message: "Transaction is ongoing for the item"})
	}
	return clientError("TransactionConflictException", "Transaction is ongoing for the item")
}

// canceledFor cancels a transaction because of one action, the first if the fault is about none.
func canceledFor(c *Call, why reason) *Error {
	reasons := make([]reason, max(1, c.actions()))
	reasons[c.action] = why
	return canceled(reasons)
}

// InternalError returns a failure of the service; nobody knows whether the request was
// done (here it was not).
func InternalError(*Call) *Error {
	return &Error{Status: http.StatusInternalServerError, Type: dynamodb + "InternalServerError", Message: "Internal server error"}
}

// Unavailable returns the error of a service that cannot take the request now.
func Unavailable(*Call) *Error {
	return &Error{Status: http.StatusServiceUnavailable, Type: coralService + "ServiceUnavailableException",
		Message: "Service is temporarily unavailable."}
}
