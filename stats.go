package entable

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"
)

// Counts is what requests have cost.
type Counts struct {
	// Requests counts the calls of the client, Retries the further attempts that the SDK made for them.
	Requests, Retries int
	// Lean counts the requests of which the SDK has seen nothing, see [SDKRequests].
	Lean int
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
		Requests: c.Requests + o.Requests, Retries: c.Retries + o.Retries, Lean: c.Lean + o.Lean, Errors: c.Errors + o.Errors,
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

	partitions func() []Partition
}

// Partition is one of the partitions that a request was for.
type Partition struct {
	Table string
	// Index is that of a query of an index, else "".
	Index string
	// Key is the partition key's value: a text, the digits of a number, or the bytes of a binary. It is content of items.
	Key string
}

// Partitions returns the partitions that the request was for, each as often as it has items there; none for a scan and for queries
// of indexes with several key attributes. It may be called within the observer alone. Package hotkeys makes a report of them.
func (e Event) Partitions() []Partition {
	if e.partitions == nil {
		return nil
	}
	return e.partitions()
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
