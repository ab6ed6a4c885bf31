package route

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/time/rate"

	"github.com/entable/entable/internal/wire"
)

// Requests are limited in capacity units, of which nobody knows beforehand how many a request takes. So an estimate is taken before it
// is sent, which may have to wait, and what the answer says is settled afterwards: what was too much is given back, and what was too
// little is a debt, for which later requests wait. A request of more units than the limiter lets through at once takes these, and goes
// into debt for the rest.

// Limit is the limiters of the requests for one table, or, without a name, for all. It is safe for concurrent use.
type Limit struct {
	table       string
	read, write bucket
}

// NewLimit returns the limit of a table; a nil limiter limits nothing, and two of them are none.
func NewLimit(table string, read, write *rate.Limiter) *Limit {
	if read == nil && write == nil {
		return nil
	}
	return &Limit{table: table, read: bucket{limiter: read}, write: bucket{limiter: write}}
}

func (l *Limit) of(write bool) *bucket {
	if write {
		return &l.write
	}
	return &l.read
}

// consumed returns the units that an answer says were consumed of the limit's table; not ok if it says nothing.
func (l *Limit) consumed(capacity []types.ConsumedCapacity) (units float64, ok bool) {
	for _, c := range capacity {
		if c.CapacityUnits == nil {
			continue
		}
		ok = true
		if l.table == "" || c.TableName == nil || *c.TableName == l.table {
			units += *c.CapacityUnits
		}
	}
	return units, ok
}

// bucket is a limiter of whole tokens, and the parts of units that are owed to it.
type bucket struct {
	limiter *rate.Limiter

	mu   sync.Mutex
	owed float64 // guarded by mu; in [0, 1)
}

// whole adds to what is owed, and returns the whole tokens of it.
func (b *bucket) whole(units float64) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.owed += units
	n := math.Floor(b.owed)
	b.owed -= n
	return int(n)
}

// Unsent is the error of a request that its limit did not let through before the end of its context.
type Unsent struct{ err error }

func (e *Unsent) Error() string { return "the request was not sent: " + e.err.Error() }
func (e *Unsent) Unwrap() error { return e.err }

var errNoBurst = errors.New("the burst of its rate limiter is 0, which lets nothing through")

// take waits for units, or for as many of them as there can be at once.
func (b *bucket) take(ctx context.Context, units float64) error {
	if b.limiter == nil {
		return nil
	}
	n := b.whole(units)
	now := n
	if b.limiter.Limit() != rate.Inf {
		if now = min(n, b.limiter.Burst()); b.limiter.Burst() <= 0 {
			return &Unsent{errNoBurst}
		}
	}
	if err := b.limiter.WaitN(ctx, now); err != nil {
		if ended := ctx.Err(); ended != nil {
			return &Unsent{ended}
		}
		return &Unsent{fmt.Errorf("%w: its rate limit lets it through after that", context.DeadlineExceeded)}
	}
	b.owe(n - now)
	return nil
}

// settle takes units without waiting, or gives them back.
func (b *bucket) settle(units float64) {
	if b.limiter != nil {
		b.owe(b.whole(units))
	}
}

// owe takes tokens whether there are any or not; fewer than none are given back.
func (b *bucket) owe(n int) {
	for n != 0 {
		k := min(n, b.limiter.Burst())
		if n > 0 && k <= 0 {
			return
		}
		b.limiter.ReserveN(time.Now(), k)
		n -= k
	}
}

// limited is the limits of a conn's requests.
type limited struct {
	limits []*Limit
	page   atomic.Uint64 // the bits of the units that the last page took
}

// take waits for the units of a request.
func (l *limited) take(ctx context.Context, write bool, units float64) error {
	for i, limit := range l.limits {
		if err := limit.of(write).take(ctx, units); err != nil {
			for _, taken := range l.limits[:i] {
				taken.of(write).settle(-units)
			}
			return err
		}
	}
	return nil
}

// settle corrects what was taken for a request by what its answer says.
func (l *limited) settle(write bool, taken float64, u *usage) {
	for _, limit := range l.limits {
		if units, ok := limit.consumed(u.capacity); ok {
			limit.of(write).settle(units - taken)
		}
	}
}

// Limited returns the conn for an operation whose requests have limits.
func (c *Conn) Limited(limits ...*Limit) *Conn {
	if len(limits) == 0 {
		return c
	}
	own := *c
	own.limits = &limited{limits: limits}
	return &own
}

// What requests are taken to cost, in units. Without a limit nobody asks.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

const writeUnit = 1 << 10 // bytes

// written returns the units of the write of an encoded item.
func (c *Conn) written(item []byte) float64 {
	if c.limits == nil {
		return 0
	}
	size, err := wire.ItemSize(item)
	if err != nil {
		size = len(item)
	}
	return max(1, math.Ceil(float64(size)/writeUnit))
}

// gotten returns the units of a read of n small items.
func gotten(n int, consistent *bool) float64 {
	if consistent != nil && *consistent {
		return float64(n)
	}
	return float64(n) / 2
}

// gottenOf returns the units of a batch of reads: by keys in the request, and by encoded ones.
func gottenOf(requests map[string]types.KeysAndAttributes, keys map[string][][]byte) (units float64) {
	for table, r := range requests {
		units += gotten(len(r.Keys)+len(keys[table]), r.ConsistentRead)
	}
	return units
}

// writtenOf returns the units of a batch of writes: of deletes, and of encoded items.
func (c *Conn) writtenOf(requests map[string][]types.WriteRequest, puts map[string][][]byte) (units float64) {
	if c.limits == nil {
		return 0
	}
	for _, list := range requests {
		units += float64(len(list))
	}
	for _, items := range puts {
		for _, item := range items {
			units += c.written(item)
		}
	}
	return units
}

// paged returns the units of the next page: as many as the last one took.
func (c *Conn) paged(consistent *bool) float64 {
	if c.limits == nil {
		return 0
	}
	return max(gotten(1, consistent), math.Float64frombits(c.limits.page.Load()))
}

// keep remembers what a page took.
func (c *Conn) keep(capacity *types.ConsumedCapacity) {
	if c.limits != nil && capacity != nil && capacity.CapacityUnits != nil {
		c.limits.page.Store(math.Float64bits(*capacity.CapacityUnits))
	}
}
