package entable

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// Counts is what requests have cost.
type Counts struct {
	// Requests counts the calls of the client, Retries the further attempts that the SDK made for them.
	Requests, Retries int
	// Errors counts the requests that failed.
	Errors int
	// ReadUnits and WriteUnits are the capacity units that the service reports as consumed.
	ReadUnits, WriteUnits float64
	// Examined and Returned count the items of queries and scans, before and after filters.
	Examined, Returned int
	// Duration is the time that the requests took in all, retries and waiting included.
	Duration time.Duration
}

func (c Counts) plus(o Counts) Counts {
	return Counts{
		Requests: c.Requests + o.Requests, Retries: c.Retries + o.Retries, Errors: c.Errors + o.Errors,
		ReadUnits: c.ReadUnits + o.ReadUnits, WriteUnits: c.WriteUnits + o.WriteUnits,
		Examined: c.Examined + o.Examined, Returned: c.Returned + o.Returned,
		Duration: c.Duration + o.Duration,
	}
}

// Subject is what counts belong to.
type Subject struct {
	// Table and Entity are names; each is empty for the requests of an operation on several.
	Table, Entity string
	// Operation is the service's: "PutItem", "Query".
	Operation string
}

// Event is one request, for an observer.
type Event struct {
	Subject
	Counts
	// Err is the request's error, or nil.
	Err error
}

// LogValue gives the event's fields for a log/slog logger. It holds no content of items.
func (e Event) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("table", e.Table), slog.String("entity", e.Entity), slog.String("operation", e.Operation),
		slog.Duration("duration", e.Duration), slog.Int("retries", e.Retries),
		slog.Float64("read_units", e.ReadUnits), slog.Float64("write_units", e.WriteUnits),
		slog.Int("examined", e.Examined), slog.Int("returned", e.Returned),
	}
	if e.Err != nil {
		attrs = append(attrs, slog.Bool("failed", true), slog.Bool("throttled", classify(e.Err) == ErrThrottled))
	}
	return slog.GroupValue(attrs...)
}

// Stats collects the counts of the operations whose context it is in, see [WithStats]. The zero value is
// ready. It is safe for concurrent use.
type Stats struct {
	mu     sync.Mutex
	counts map[Subject]Counts
}

// Total returns the sum of all counts.
func (s *Stats) Total() Counts {
	var total Counts
	for _, c := range s.BySubject() {
		total = total.plus(c)
	}
	return total
}

// BySubject returns a copy of the counts for each table, entity and operation.
func (s *Stats) BySubject() map[Subject]Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

func (s *Stats) add(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = map[Subject]Counts{}
	}
	s.counts[e.Subject] = s.counts[e.Subject].plus(e.Counts)
}

type statsKey struct{}

// WithStats returns a context whose operations are counted in s: the cost of one request of a service, or
// of one job.
func WithStats(ctx context.Context, s *Stats) context.Context {
	return context.WithValue(ctx, statsKey{}, s)
}

// Observe has f called after each request for the table, in the goroutine that made it: for metrics, or
// for a log, as in slog.InfoContext(ctx, "dynamodb", "request", event). Traces come from the SDK's own
// TracerProvider. f must be safe for concurrent use.
func Observe(f func(context.Context, Event)) TableOption {
	return tableOption(func(c *tableConfig) { c.observe = f })
}

// metered is c with what its requests are counted for, when somebody wants to know: for an entity, unless
// e is nil, and for a table, unless there are several.
func metered(ctx context.Context, c *conn, e *entity, tables ...*Table) *conn {
	stats, _ := ctx.Value(statsKey{}).(*Stats)
	var observers []func(context.Context, Event)
	for _, t := range tables {
		if t.observe != nil {
			observers = append(observers, t.observe)
		}
	}
	if stats == nil && len(observers) == 0 {
		return c
	}
	m := &meter{stats: stats, observers: observers}
	if len(tables) == 1 {
		m.subject.Table = tables[0].name
	}
	if e != nil {
		m.subject.Entity = e.name
	}
	counted := *c
	counted.meter = m
	return &counted
}

// meter counts the requests of one operation.
type meter struct {
	stats     *Stats
	observers []func(context.Context, Event)
	subject   Subject
}

// usage is what a response says of its cost.
type usage struct {
	metadata           middleware.Metadata
	capacity           []types.ConsumedCapacity
	examined, returned int32
	write              bool
}

func (m *meter) note(ctx context.Context, operation string, start time.Time, u usage, err error) {
	e := Event{Subject: m.subject, Err: err}
	e.Operation = operation
	e.Requests, e.Duration = 1, time.Since(start)
	e.Examined, e.Returned = int(u.examined), int(u.returned)
	if err != nil {
		e.Errors = 1
	}
	if attempts, ok := retry.GetAttemptResults(u.metadata); ok {
		e.Retries = max(0, len(attempts.Results)-1)
	} else if gaveUp, ok := errors.AsType[*retry.MaxAttemptsError](err); ok {
		e.Retries = gaveUp.Attempt - 1
	}
	for _, c := range u.capacity {
		if c.CapacityUnits == nil {
			continue
		}
		if u.write {
			e.WriteUnits += *c.CapacityUnits
		} else {
			e.ReadUnits += *c.CapacityUnits
		}
	}
	if m.stats != nil {
		m.stats.add(e)
	}
	for _, observe := range m.observers {
		observe(ctx, e)
	}
}

// measure makes a request and notes what it has cost.
func measure[O any](ctx context.Context, m *meter, operation string, call func() (*O, error), cost func(*O) usage) (*O, error) {
	start := time.Now()
	out, err := call()
	var u usage
	if out != nil {
		u = cost(out)
	}
	m.note(ctx, operation, start, u, err)
	return out, err
}

func capacityOf(c *types.ConsumedCapacity) []types.ConsumedCapacity {
	if c == nil {
		return nil
	}
	return []types.ConsumedCapacity{*c}
}

func (c *conn) PutItem(ctx context.Context, in *dynamodb.PutItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if c.meter == nil {
		return c.Client.PutItem(ctx, in, opts...)
	}
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	return measure(ctx, c.meter, "PutItem", func() (*dynamodb.PutItemOutput, error) { return c.Client.PutItem(ctx, in, opts...) },
		func(out *dynamodb.PutItemOutput) usage {
			return usage{metadata: out.ResultMetadata, capacity: capacityOf(out.ConsumedCapacity), write: true}
		})
}

func (c *conn) GetItem(ctx context.Context, in *dynamodb.GetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if c.meter == nil {
		return c.Client.GetItem(ctx, in, opts...)
	}
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	return measure(ctx, c.meter, "GetItem", func() (*dynamodb.GetItemOutput, error) { return c.Client.GetItem(ctx, in, opts...) },
		func(out *dynamodb.GetItemOutput) usage {
			return usage{metadata: out.ResultMetadata, capacity: capacityOf(out.ConsumedCapacity)}
		})
}

func (c *conn) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if c.meter == nil {
		return c.Client.UpdateItem(ctx, in, opts...)
	}
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	return measure(ctx, c.meter, "UpdateItem", func() (*dynamodb.UpdateItemOutput, error) { return c.Client.UpdateItem(ctx, in, opts...) },
		func(out *dynamodb.UpdateItemOutput) usage {
			return usage{metadata: out.ResultMetadata, capacity: capacityOf(out.ConsumedCapacity), write: true}
		})
}

func (c *conn) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	if c.meter == nil {
		return c.Client.DeleteItem(ctx, in, opts...)
	}
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	return measure(ctx, c.meter, "DeleteItem", func() (*dynamodb.DeleteItemOutput, error) { return c.Client.DeleteItem(ctx, in, opts...) },
		func(out *dynamodb.DeleteItemOutput) usage {
			return usage{metadata: out.ResultMetadata, capacity: capacityOf(out.ConsumedCapacity), write: true}
		})
}

func (c *conn) Query(ctx context.Context, in *dynamodb.QueryInput, opts ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	if c.meter == nil {
		return c.Client.Query(ctx, in, opts...)
	}
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	return measure(ctx, c.meter, "Query", func() (*dynamodb.QueryOutput, error) { return c.Client.Query(ctx, in, opts...) },
		func(out *dynamodb.QueryOutput) usage {
			return usage{metadata: out.ResultMetadata, capacity: capacityOf(out.ConsumedCapacity), examined: out.ScannedCount, returned: out.Count}
		})
}

func (c *conn) Scan(ctx context.Context, in *dynamodb.ScanInput, opts ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	if c.meter == nil {
		return c.Client.Scan(ctx, in, opts...)
	}
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	return measure(ctx, c.meter, "Scan", func() (*dynamodb.ScanOutput, error) { return c.Client.Scan(ctx, in, opts...) },
		func(out *dynamodb.ScanOutput) usage {
			return usage{metadata: out.ResultMetadata, capacity: capacityOf(out.ConsumedCapacity), examined: out.ScannedCount, returned: out.Count}
		})
}

func (c *conn) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	if c.meter == nil {
		return c.Client.BatchGetItem(ctx, in, opts...)
	}
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	return measure(ctx, c.meter, "BatchGetItem", func() (*dynamodb.BatchGetItemOutput, error) { return c.Client.BatchGetItem(ctx, in, opts...) },
		func(out *dynamodb.BatchGetItemOutput) usage {
			return usage{metadata: out.ResultMetadata, capacity: out.ConsumedCapacity}
		})
}

func (c *conn) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	if c.meter == nil {
		return c.Client.BatchWriteItem(ctx, in, opts...)
	}
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	return measure(ctx, c.meter, "BatchWriteItem", func() (*dynamodb.BatchWriteItemOutput, error) { return c.Client.BatchWriteItem(ctx, in, opts...) },
		func(out *dynamodb.BatchWriteItemOutput) usage {
			return usage{metadata: out.ResultMetadata, capacity: out.ConsumedCapacity, write: true}
		})
}

func (c *conn) TransactGetItems(ctx context.Context, in *dynamodb.TransactGetItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactGetItemsOutput, error) {
	if c.meter == nil {
		return c.Client.TransactGetItems(ctx, in, opts...)
	}
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	return measure(ctx, c.meter, "TransactGetItems", func() (*dynamodb.TransactGetItemsOutput, error) { return c.Client.TransactGetItems(ctx, in, opts...) },
		func(out *dynamodb.TransactGetItemsOutput) usage {
			return usage{metadata: out.ResultMetadata, capacity: out.ConsumedCapacity}
		})
}

func (c *conn) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if c.meter == nil {
		return c.Client.TransactWriteItems(ctx, in, opts...)
	}
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	return measure(ctx, c.meter, "TransactWriteItems", func() (*dynamodb.TransactWriteItemsOutput, error) {
		return c.Client.TransactWriteItems(ctx, in, opts...)
	},
		func(out *dynamodb.TransactWriteItemsOutput) usage {
			return usage{metadata: out.ResultMetadata, capacity: out.ConsumedCapacity, write: true}
		})
}
