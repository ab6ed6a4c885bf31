package stream

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/entable/entable/internal/work"
)

// shards are those of a stream as a poll knows them.
type shards struct {
	*poll
	at      map[string]Position
	running map[string]bool
	latest  map[string]bool // begin with what is written from now on
	ended   chan shardEnd
	idle    idle
}

type shardEnd struct {
	shard string
	at    Position
	err   error
}

// errIdle ends the readers of a poll for which nothing comes any more.
var errIdle = errors.New("nothing comes any more")

// run reads shards, parents before children, until all are done, one fails, or nothing comes; then it waits for the others.
func (p *poll) run(ctx context.Context) error {
	at, err := p.Checkpoints.Load(ctx, p.StreamARN)
	if err != nil {
		return err
	}
	s := &shards{poll: p, at: at, running: map[string]bool{}, latest: map[string]bool{}, ended: make(chan shardEnd), idle: newIdle()}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	first := p.Latest && len(at) == 0 || !s.began().IsZero()
	for {
		d, err := p.describe(ctx)
		if err == nil && first {
			first = false
			err = s.startLatest(ctx, d)
		}
		if err == nil {
			err = s.forget(ctx, d.shards)
		}
		if err == nil {
			s.start(ctx, d.shards)
			if len(s.running) == 0 && !d.open {
				return nil
			}
			if err = errIdle; !s.isIdle() || s.readsClosed(d.shards) {
				err = s.wait(ctx)
			}
		}
		if err != nil {
			failed := err != errIdle && ctx.Err() == nil //nolint:errorlint // itself
			stop(err)
			return s.end(err, failed)
		}
	}
}

// end waits for the readers. Where none has failed, a position that was not saved is told before the end of the context, or of the poll.
func (s *shards) end(err error, failed bool) error {
	for len(s.running) > 0 {
		end := <-s.ended
		delete(s.running, end.shard)
		if lost, ok := errors.AsType[unsavedError](end.err); ok && !failed {
			err, failed = lost.err, true
		}
	}
	if err == errIdle { //nolint:errorlint // itself
		return nil
	}
	return err
}

// began returns when a poll began with what was written from then on, as far as the positions still say it.
func (s *shards) began() (since time.Time) {
	for _, at := range s.at {
		if at.Since.After(since) {
			since = at.Since
		}
	}
	return since
}

// startLatest makes the poll begin with what is written from now on, whichever poll goes on: closed shards count as done. Where a poll
// before has ended in the middle of this, the other shards begin by its time.
func (s *shards) startLatest(ctx context.Context, d *description) error {
	fresh, since := len(s.at) == 0, s.began()
	if fresh {
		since = d.at
	}
	for _, shard := range d.shards {
		id := aws.ToString(shard.ShardId)
		if _, known := s.at[id]; known {
			continue
		}
		at := Position{Done: fresh && isClosed(shard), Since: since}
		if err := s.Checkpoints.Save(ctx, s.StreamARN, id, at); err != nil {
			return err
		}
		s.at[id], s.latest[id] = at, fresh && !at.Done
	}
	return nil
}

// forget removes the positions of shards that are gone.
func (s *shards) forget(ctx context.Context, list []types.Shard) error {
	there := map[string]bool{}
	for _, shard := range list {
		there[aws.ToString(shard.ShardId)] = true
	}
	for id := range s.at {
		if there[id] || s.running[id] {
			continue
		}
		if err := s.Checkpoints.Forget(ctx, s.StreamARN, id); err != nil {
			return err
		}
		delete(s.at, id)
	}
	return nil
}

// start begins with the shards whose parents are done, or gone.
func (s *shards) start(ctx context.Context, list []types.Shard) {
	there := map[string]bool{}
	for _, shard := range list {
		there[aws.ToString(shard.ShardId)] = true
	}
	for _, shard := range list {
		id, parent := aws.ToString(shard.ShardId), aws.ToString(shard.ParentShardId)
		if s.running[id] || s.at[id].Done || there[parent] && !s.at[parent].Done {
			continue
		}
		s.running[id] = true
		at, latest := s.at[id], s.latest[id]
		go func() {
			end := shardEnd{shard: id, at: at}
			defer func() {
				if t := work.Caught(recover()); t != nil {
					end.err = t
				}
				s.ended <- end
			}()
			end.at, end.err = s.read(ctx, id, at, latest)
		}()
	}
}

// wait waits until a shard has ended, nothing comes any more, or it is time to look for new ones.
func (s *shards) wait(ctx context.Context) error {
	timer := time.NewTimer(10 * s.Interval)
	defer timer.Stop()
	for {
		select {
		case end := <-s.ended:
			delete(s.running, end.shard)
			s.at[end.shard] = end.at
			return end.err
		case <-s.idle.rested:
			if s.isIdle() {
				return nil
			}
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// isIdle reports whether no shard has had anything for the IdleTimeout.
func (s *shards) isIdle() bool {
	return s.IdleTimeout > 0 && s.idle.sinceAll(s.running) >= s.IdleTimeout
}

// readsClosed reports whether a shard is being read that has an end.
func (s *shards) readsClosed(list []types.Shard) bool {
	return slices.ContainsFunc(list, func(shard types.Shard) bool { return isClosed(shard) && s.running[aws.ToString(shard.ShardId)] })
}

func isClosed(shard types.Shard) bool {
	return shard.SequenceNumberRange != nil && shard.SequenceNumberRange.EndingSequenceNumber != nil
}

// unsavedError is that of a position that was not saved.
type unsavedError struct{ err error }

func (e unsavedError) Error() string { return e.err.Error() }
func (e unsavedError) Unwrap() error { return e.err }

// read handles one shard from a position to its end.
func (s *shards) read(ctx context.Context, shard string, at Position, latest bool) (Position, error) {
	r := &shardReader{shards: s, shard: shard, at: at, saved: at, latest: latest}
	err := r.read(ctx)
	if lost := r.save(ctx); lost != nil && (err == nil || ctx.Err() != nil) {
		err = lost
	}
	return r.at, err
}

// shardReader reads one shard.
type shardReader struct {
	*shards
	shard     string
	at, saved Position
	latest    bool      // begin with what is written from now on
	from      time.Time // pass over what is older, as it was there before
	worth     bool      // something was handed over since the position was saved: a position's own record is not worth another one
}

func (r *shardReader) read(ctx context.Context) error {
	next, err := r.iterator(ctx)
	for err == nil && next != nil {
		var empty bool
		if next, empty, err = r.response(ctx, next); empty {
			err = pause(ctx, r.Interval)
		}
	}
	return err
}

// response asks for a response, handles its records, and returns where to go on, nil at the end of the shard.
func (r *shardReader) response(ctx context.Context, iterator *string) (next *string, empty bool, err error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	turn := r.idle.now()
	out, err := again(ctx, func() (*dynamodbstreams.GetRecordsOutput, error) {
		return r.client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator})
	})
	if _, old := errors.AsType[*types.ExpiredIteratorException](err); old {
		next, err = r.iterator(ctx)
		return next, false, err
	}
	if _, trimmed := errors.AsType[*types.TrimmedDataAccessException](err); trimmed {
		next, err = r.oldest(ctx, err)
		return next, false, err
	}
	if err == nil && len(out.Records) > 0 {
		r.idle.work()
		err = r.page(ctx, out.Records)
		r.idle.work()
	}
	switch {
	case err != nil:
		return nil, false, err
	case out.NextShardIterator == nil:
		r.at.Done, r.at.Since, r.worth = true, time.Time{}, true
		return nil, false, nil
	case len(out.Records) == 0:
		r.idle.rest(r.shard, turn)
	}
	return out.NextShardIterator, len(out.Records) == 0, nil
}

// page handles the records of a response and saves how far it came.
func (r *shardReader) page(ctx context.Context, records []types.Record) error {
	for i := range records {
		if err := ctx.Err(); err != nil {
			return err
		}
		d := records[i].Dynamodb
		if older := d != nil && d.ApproximateCreationDateTime != nil && d.ApproximateCreationDateTime.Before(r.from); !older {
			if err := r.record(ctx, records[i:i+1]); err != nil {
				return err
			}
			r.at.Since, r.from = time.Time{}, time.Time{}
		}
		if d != nil && d.SequenceNumber != nil {
			r.at.SequenceNumber = *d.SequenceNumber
		}
	}
	return r.save(ctx)
}

// record handles one record, several times if it fails.
func (r *shardReader) record(ctx context.Context, one []types.Record) error {
	for rec, err := range Records(r.h.table, one, r.h.options...) {
		failed, _ := errors.AsType[*RecordError](err)
		if err == nil {
			r.worth = true
			failed = r.attempt(ctx, rec)
		}
		if failed == nil {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.h.failed(ctx, failed)
		if r.Skip == nil {
			return failed
		}
		if err := r.Skip(ctx, failed); err != nil {
			return err
		}
		r.worth = true
	}
	return nil
}

func (r *shardReader) attempt(ctx context.Context, rec *Record) *RecordError {
	tries := work.Tries{Most: r.Attempts}
	late, cancel := graced(ctx, r.Grace)
	defer cancel()
	for {
		err := r.h.handle(late, rec)
		if err == nil {
			return nil
		}
		if !tries.More(ctx) {
			return rec.failed(0, err)
		}
	}
}

// save keeps the position if it is another than the one that is kept, also when the poll is ending.
func (r *shardReader) save(ctx context.Context) error {
	if r.at == r.saved || !r.worth {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := r.Checkpoints.Save(ctx, r.StreamARN, r.shard, r.at); err != nil {
		return unsavedError{err}
	}
	r.saved, r.worth = r.at, false
	return nil
}

// inexact is how much older the service's time of a record may be than the one at which it could be read: it is approximate, in seconds.
const inexact = time.Minute

// iterator returns where to go on reading. The newest end of a shard has no name that could be told again: who has seen no record
// behind it goes on with the oldest, and by the time.
func (r *shardReader) iterator(ctx context.Context) (*string, error) {
	in := &dynamodbstreams.GetShardIteratorInput{StreamArn: &r.StreamARN, ShardId: &r.shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
	switch {
	case r.at.SequenceNumber != "":
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, aws.String(r.at.SequenceNumber)
	case r.latest:
		in.ShardIteratorType = types.ShardIteratorTypeLatest
	case !r.at.Since.IsZero():
		r.from = r.at.Since.Add(-inexact)
	}
	out, err := again(ctx, func() (*dynamodbstreams.GetShardIteratorOutput, error) { return r.client.GetShardIterator(ctx, in) })
	if _, trimmed := errors.AsType[*types.TrimmedDataAccessException](err); trimmed {
		return r.oldest(ctx, err)
	}
	if err == nil && out.ShardIterator == nil {
		err = errors.New("the client gave no iterator and no error")
	}
	if err != nil {
		return nil, err
	}
	r.latest = false
	return out.ShardIterator, nil
}

// oldest goes on behind records that are gone.
func (r *shardReader) oldest(ctx context.Context, err error) (*string, error) {
	if !r.AcceptLoss {
		return nil, &LostRecordsError{Stream: r.StreamARN, Shard: r.shard, After: r.at.SequenceNumber, Err: err}
	}
	r.at, r.latest = Position{Since: r.at.Since}, false
	return r.iterator(ctx)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
