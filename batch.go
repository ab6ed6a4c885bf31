package entable

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/work"
)

// BatchWrite carries out many writes of any entities and tables of one client, in requests of up to 25
// items, several at once and in no order. It is no transaction: each write succeeds or fails for itself,
// and what was not written is in the [*BatchError]. Hooks, generated values, validation, versions and the
// size check are those of the single writes.
//
// The service takes no conditions in a batch. Writes with a condition, a version or unique fields, and
// updates, are therefore sent one by one, within the same bound of concurrency.
//
// An item may be in a batch once; a second write of it is refused before any request, and with it the
// batch: the other writes then fail with [ErrNotSent]. Items that the service leaves unprocessed are
// sent again, see [Attempts], until ctx ends. When ctx ends, the batch returns at once, and the error
// says which writes are unknown and which were not sent.
//
// Options: [Concurrency], [Attempts].
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
func BatchWrite(ctx context.Context, writes []Write, opts ...BatchOption) error {
	cfg, err := batchConfigOf(opts)
	if err != nil {
		return failAll(writes, err)
	}
	return cfg.write(ctx, writes)
}

func (cfg batchConfig) write(ctx context.Context, writes []Write) error {
	if len(writes) == 0 {
		return nil
	}
	c, err := connOf(ctx, writes)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return failAll(writes, err)
	}
	b := &batch{cfg: cfg, conn: c, writes: writes, maybe: make([]bool, len(writes))}
	b.room = newRoom(len(writes))
	defer b.room.release() // what a client was given has no part of it
	if err := b.prepare(ctx); err != nil {
		return err
	}
	b.run(ctx)
	return b.result()
}

func failAll(writes []Write, err error) *BatchError {
	e := &BatchError{Total: len(writes)}
	for i, w := range writes {
		f := BatchFailure{Index: i, Write: w, Err: err}
		if w != nil && w.entity() != nil {
			f.Entity = w.entity().Name
		}
		e.Failures = append(e.Failures, f)
	}
	return e
}

// batch is one BatchWrite. Each write belongs to one worker at a time, so that maybe needs no lock.
type batch struct {
	cfg      batchConfig
	conn     *route.Conn
	writes   []Write
	room     *room
	requests []*request
	maybe    []bool // an attempt that failed may have been carried out

	mu     sync.Mutex
	failed []BatchFailure // guarded by mu
}

// prepare makes the requests; an error means that nothing was sent.
func (b *batch) prepare(ctx context.Context) error {
	b.requests = make([]*request, len(b.writes))
	for i, w := range b.writes {
		r, err := w.prepare(ctx, b.conn, b.room)
		if err == nil && r != nil {
			b.requests[i] = r
			err = r.once(b.room.seen, i)
		}
		if err == nil && r != nil && r.verb == verbCheck {
			err = usagef("%s: a condition check goes into a transaction", r.e.Name)
		}
		if err != nil {
			for _, r := range b.requests {
				if r != nil {
					r.abandon()
				}
			}
			refused := failAll(b.writes, ErrNotSent)
			refused.Failures[i].Err = err
			return refused
		}
	}
	return nil
}

// batchable reports whether the service takes the request in a batch.
func (r *request) batchable() bool {
	return r.expr == nil && len(r.guards) == 0 && r.half == nil && (r.verb == verbPut || r.verb == verbDelete)
}

// run sends everything with a bounded number of workers.
func (b *batch) run(ctx context.Context) {
	var jobs [][]int
	chunk := make([]int, 0, min(len(b.requests), maxBatchWrite))
	for i, r := range b.requests {
		switch {
		case r == nil:
		case !r.batchable():
			jobs = append(jobs, []int{i})
		default:
			if chunk = append(chunk, i); len(chunk) == maxBatchWrite {
				jobs, chunk = append(jobs, chunk), nil
			}
		}
	}
	if len(chunk) > 0 {
		jobs = append(jobs, chunk)
	}
	work.InParallel(b.cfg.concurrency, jobs, func(job []int) { b.send(ctx, job) }) // after the end of ctx only noted as not sent
}

// send carries out one job: a chunk of requests that the service takes in a batch, or a single other one.
func (b *batch) send(ctx context.Context, job []int) {
	leave, err := b.cfg.enter(ctx)
	if err != nil {
		b.fail(job, err)
		return
	}
	defer leave()
	if i := job[0]; !b.requests[i].batchable() {
		b.sendSingle(ctx, i)
		return
	}
	tries := work.Tries{Most: b.cfg.attempts}
	for {
		var d route.Doubt
		left, err := b.sendChunk(ctx, d.Watch(b.conn), job)
		if err == nil {
			b.succeed(ctx, job, left)
			if len(left) < len(job) {
				tries.Made = 0 // progress
			}
			if job = left; len(job) == 0 {
				return
			}
		}
		for _, i := range job {
			b.maybe[i] = b.maybe[i] || d.Of(err, lostAnswer)
		}
		if err != nil && !IsRetryable(err) {
			b.fail(job, err)
			return
		}
		if !tries.More(ctx) {
			b.fail(job, tries.Error(err, ErrThrottled))
			return
		}
	}
}

// enter waits until another request may be under way, and returns what to call when it no longer is.
func (cfg *batchConfig) enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if cfg.slots == nil {
		return func() {}, nil
	}
	select {
	case cfg.slots <- struct{}{}:
		return func() { <-cfg.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// sendSingle carries out a write that the service does not take in a batch.
func (b *batch) sendSingle(ctx context.Context, i int) {
	err := carry(ctx, b.conn, b.writes[i], b.requests[i])
	if err == nil {
		return
	}
	failed, ok := errors.AsType[*OpError](err)
	b.maybe[i] = ok && failed.Unknown
	b.note(i, err)
}

func (b *batch) note(i int, err error) {
	r := b.requests[i]
	f := BatchFailure{Index: i, Write: b.writes[i], Entity: r.e.Name, Key: r.itemKey().Text(), Unknown: b.maybe[i], Err: err}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = append(b.failed, f)
}

func (b *batch) fail(job []int, err error) {
	for _, i := range job {
		b.requests[i].abandon()
		b.note(i, err)
	}
}

// succeed settles the writes of a job that are not left.
func (b *batch) succeed(ctx context.Context, job, left []int) {
	n := 0
	for _, i := range job {
		if n < len(left) && left[n] == i {
			n++
			continue
		}
		if err := b.requests[i].settle(ctx, loaded{}); err != nil {
			b.maybe[i] = false
			b.note(i, err)
		}
	}
}

// sendChunk makes one request and returns the writes that the service left unprocessed, in order.
func (b *batch) sendChunk(ctx context.Context, c *route.Conn, job []int) ([]int, error) {
	in := &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{}}
	puts := map[string][][]byte{} // by table
	for n, i := range job {
		r := b.requests[i]
		name := r.e.Table.Name
		if r.verb == verbDelete {
			w := types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: r.itemKey().Attrs}}
			in.RequestItems[name] = append(in.RequestItems[name], w)
			continue
		}
		items, ok := puts[name]
		if !ok {
			items = make([][]byte, 0, len(job)-n)
		}
		puts[name] = append(items, r.item)
	}
	answer, err := c.BatchWrite(ctx, in, puts)
	if err != nil {
		return nil, err
	}
	left, err := b.unprocessed(job, answer)
	for _, i := range job {
		b.maybe[i] = b.maybe[i] || err != nil // the others are written
	}
	return left, err
}

// unprocessed finds the writes of a job by the keys of what the service gave back.
func (b *batch) unprocessed(job []int, items map[string][]types.WriteRequest) ([]int, error) {
	if len(items) == 0 {
		return nil, nil
	}
	back := map[schema.ItemID]bool{}
	for table, requests := range items {
		for _, w := range requests {
			attrs := map[string]types.AttributeValue{}
			switch {
			case w.PutRequest != nil:
				attrs = w.PutRequest.Item
			case w.DeleteRequest != nil:
				attrs = w.DeleteRequest.Key
			}
			var id schema.ItemID // of none, where nothing was sent to such a table
			for _, i := range job {
				if t := b.requests[i].e.table; t.s().Name == table {
					id = t.s().Identity(attrs)
					break
				}
			}
			back[id] = true
		}
	}
	var left []int
	for _, i := range job {
		r := b.requests[i]
		if id := r.e.Table.Identity(r.itemKey().Attrs); back[id] {
			left = append(left, i)
			delete(back, id)
		}
	}
	if len(back) > 0 {
		return nil, usagef("the service left items unprocessed that were not sent")
	}
	return left, nil
}

// result collects the failures.
func (b *batch) result() error {
	if len(b.failed) == 0 {
		return nil
	}
	slices.SortFunc(b.failed, func(x, y BatchFailure) int { return x.Index - y.Index })
	return &BatchError{Total: len(b.writes), Failures: b.failed}
}

// BatchError reports the writes or reads of a batch that failed; all others were carried out.
type BatchError struct {
	// Total is the number of writes in the batch.
	Total int
	// Failures are in the order of the batch. When one write is refused before any request, nothing is
	// sent, and the others are here with [ErrNotSent].
	Failures []BatchFailure
}

// BatchFailure is one write that failed.
type BatchFailure struct {
	// Index is the position of the write, or of the key that was read, in the batch.
	Index int
	// Write is nil for a read.
	Write Write
	// Entity and Key name the item; Key is empty when it could not be built.
	Entity, Key string
	// Unknown is set when the request was sent and its answer is not known: the write may have happened.
	Unknown bool
	Err     error
}

func (e *BatchError) Error() string {
	f := e.Failures[max(0, slices.IndexFunc(e.Failures, func(f BatchFailure) bool { return !errors.Is(f.Err, ErrNotSent) }))]
	where := f.Entity
	if f.Key != "" {
		where += "[" + f.Key + "]"
	}
	what := "writes"
	if f.Write == nil {
		what = "reads"
	}
	return fmt.Sprintf("entable: batch: %d of %d %s failed, the first at %d, %s: %s", len(e.Failures), e.Total, what, f.Index, where, trim(f.Err, f.Entity))
}

// Unwrap returns the errors of the failures.
func (e *BatchError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = f.Err
	}
	return errs
}

// Is matches the sentinels that stand for an answer of the service.
func (e *BatchError) Is(target error) bool {
	s, ok := target.(sentinel)
	if !ok {
		return false
	}
	for _, f := range e.Failures {
		if s == classify(f.Err) {
			return true
		}
	}
	return false
}

func (*BatchError) entableError() {}

// BatchWriter collects writes and sends them in batches: when enough are collected for all its
// concurrent requests, and on Close. It is safe for concurrent use. Its errors are those of
// [BatchWrite]; the positions in them are those within the batch that failed.
type BatchWriter struct {
	cfg  batchConfig
	size int
	err  error // of an option

	mu      sync.Mutex // guards what follows
	pending []Write
}

// NewBatchWriter returns an empty writer. Close it, or the last writes are lost. Options: [Concurrency], [Attempts].
func NewBatchWriter(opts ...BatchOption) *BatchWriter {
	cfg, err := batchConfigOf(opts)
	cfg.slots = make(chan struct{}, cfg.concurrency)
	return &BatchWriter{cfg: cfg, size: cfg.concurrency * maxBatchWrite, err: err}
}

// Write adds writes, and sends what is collected when there is enough. A caller's struct may be used
// again when its write was sent, which is certain only after Flush or Close.
func (w *BatchWriter) Write(ctx context.Context, writes ...Write) error {
	if w.err != nil {
		return failAll(writes, w.err)
	}
	w.mu.Lock()
	w.pending = append(w.pending, writes...)
	var full []Write
	if len(w.pending) >= w.size {
		full, w.pending = w.pending, nil
	}
	w.mu.Unlock()
	return w.cfg.write(ctx, full)
}

// Flush sends what is collected.
func (w *BatchWriter) Flush(ctx context.Context) error {
	w.mu.Lock()
	all := w.pending
	w.pending = nil
	w.mu.Unlock()
	return w.cfg.write(ctx, all)
}

// Close sends what is collected. The writer can be used again.
func (w *BatchWriter) Close(ctx context.Context) error { return w.Flush(ctx) }
