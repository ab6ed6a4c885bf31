package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/entable/entable"
)

// Metrics are the counters of one instance, in the text form that Prometheus and its like collect.
type Metrics struct {
	mu     sync.Mutex
	values map[string]float64
}

func NewMetrics() *Metrics { return &Metrics{values: map[string]float64{}} }

func (m *Metrics) add(v float64, name, labels string, args ...any) {
	key := name + "{" + fmt.Sprintf(labels, args...) + "}"
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] += v
}

// slow is how long a request to the table may take until it is worth a line in the log.
const slow = 200 * time.Millisecond

// Observe counts the requests to the table, and logs those that failed or were slow, with the id of the request that they were for.
func (m *Metrics) Observe(log *slog.Logger) entable.TableSetting {
	return entable.Observe(func(ctx context.Context, e entable.Event) {
		const labels = "entity=%q,operation=%q"
		m.add(1, "shop_dynamodb_requests_total", labels, e.Entity, e.Operation)
		m.add(e.ReadUnits, "shop_dynamodb_read_units_total", labels, e.Entity, e.Operation)
		m.add(e.WriteUnits, "shop_dynamodb_write_units_total", labels, e.Entity, e.Operation)
		m.add(float64(e.Retries), "shop_dynamodb_retries_total", labels, e.Entity, e.Operation)
		m.add(float64(e.Errors), "shop_dynamodb_errors_total", labels, e.Entity, e.Operation)
		if e.Err != nil || e.Retries > 0 || e.Duration > slow {
			log.DebugContext(ctx, "dynamodb", "request", e)
		}
	})
}

// served counts an answer to a client.
func (m *Metrics) served(route string, status int, took time.Duration) {
	m.add(1, "shop_http_requests_total", "route=%q,status=\"%d\"", route, status)
	m.add(took.Seconds(), "shop_http_seconds_total", "route=%q", route)
}

// handled counts a change that the outbox was given.
func (m *Metrics) handled(kind string) { m.add(1, "shop_outbox_total", "kind=%q", kind) }

func (m *Metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	m.write(w)
}

func (m *Metrics) write(w io.Writer) {
	m.mu.Lock()
	values := maps.Clone(m.values)
	m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(w, "%s %g\n", key, values[key])
	}
}
