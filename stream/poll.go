package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/work"
)

// Client is the part of the SDK's [dynamodbstreams.Client] that a stream is read by.
type Client interface {
	ListStreams(context.Context, *dynamodbstreams.ListStreamsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.ListStreamsOutput, error)
	DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error)
	GetShardIterator(context.Context, *dynamodbstreams.GetShardIteratorInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error)
	GetRecords(context.Context, *dynamodbstreams.GetRecordsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error)
}

// PollOptions are the settings of [Handler.Poll]. The zero value reads the table's newest stream from its oldest record on, and
// keeps positions in memory.
type PollOptions struct {
	// StreamARN names the stream, by default the newest of the table.
	StreamARN string
	// Checkpoints keep the positions, by default [MemoryCheckpoints]: then each run begins anew.
	Checkpoints Checkpoints
	// Latest begins with what is written from now on, where there is no position for any shard of the stream yet. This moment is
	// saved before the first change, so that nothing that comes then is missed: a poll that goes on from there, as the one before
	// has ended, or could not ask for 15 minutes, reads what the shards have, without what is older. It goes by the service's times,
	// which are approximate, so that changes of the minute before may be among what it hands over.
	Latest bool
	// Interval is the pause after a response without records, by default one second. The service serves five reads of a shard a
	// second, for all readers together.
	Interval time.Duration
	// Workers is how many responses are asked for and handled at once, each of another shard, by default 16.
	Workers int
	// IdleTimeout ends the poll, without an error, when for so long no shard has had a record and none is being handled: for jobs that
	// handle what there is, and for tests. Shards that are closed are read to their end before. The service shows a change a moment
	// after the write, and may answer without records in front of others: give it several times the Interval, and some seconds. Package
	// memory shows a change at once: there any time will do. By default the poll goes on.
	IdleTimeout time.Duration
	// Grace is how much later than ctx the context of the functions ends: so that the change that is being handled can be finished, and
	// its position saved, when the program ends. No other change is begun then. By default they end together.
	Grace time.Duration
	// Attempts is how often a record is handed to its function before the failure counts, by default 10, with growing pauses
	// between them.
	Attempts int
	// Skip is called for a record that failed so often, or that cannot be decoded, to put it aside: when it returns nil, the
	// next one is handled. By default the poll ends with the [*RecordError].
	Skip func(ctx context.Context, err *RecordError) error
	// AcceptLoss goes on with the oldest record that is left where records were trimmed before they were handled. By default
	// the poll ends with a [*LostRecordsError].
	AcceptLoss bool
}

// LostRecordsError reports records that the service trimmed, after 24 hours, before they were handled. Whoever derives data from the
// changes has to make it anew; then PollOptions.AcceptLoss lets the poll go on.
type LostRecordsError struct {
	Stream, Shard string
	// After is the last record that was handled.
	After string
	Err   error
}

func (e *LostRecordsError) Error() string {
	return fmt.Sprintf("entable: stream %s, shard %s: records behind %q are gone: derive anew what is made of them, then poll with AcceptLoss: %s", e.Stream, e.Shard, e.After, e.Err)
}

func (e *LostRecordsError) Unwrap() error { return e.Err }

// Poll reads the table's stream and has its changes handled, until ctx ends, a failure ends it, or, which is no error, the stream is
// disabled and all of it was handled, or nothing has come for the IdleTimeout. Its error is that of ctx where this has ended it, unless a
// position could not be saved.
//
// The changes of one item are handled in their order: a shard begins when the one that it was split from is done. Several shards are
// handled at once. A position is saved after each response that had records, and when the poll ends. One program at a time may poll
// for one consumer. What a function panics with comes out of Poll. Requests that are throttled or fail with the service are repeated ten times.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
func (h *Handler) Poll(ctx context.Context, client Client, o PollOptions) error {
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Workers <= 0 {
		o.Workers = 16
	}
	if o.Attempts <= 0 {
		o.Attempts = 10
	}
	if o.Checkpoints == nil {
		o.Checkpoints = MemoryCheckpoints()
	}
	p := &poll{PollOptions: o, h: h, client: client, slots: make(chan struct{}, o.Workers)}
	if p.StreamARN == "" {
		var err error
		if p.StreamARN, err = p.newest(ctx); err != nil {
			return p.error(err)
		}
	}
	err := p.run(ctx)
	if t, ok := err.(*work.Thrown); ok { // of a function of the user's
		panic(t)
	}
	return p.error(err)
}

// poll is a Poll under way.
type poll struct {
	PollOptions
	h      *Handler
	client Client
	slots  chan struct{} // one for each response that is asked for or handled
}

// error names the table in an error that does not say where it comes from.
func (p *poll) error(err error) error {
	_, record := errors.AsType[*RecordError](err)
	_, lost := errors.AsType[*LostRecordsError](err)
	if err == nil || record || lost {
		return err
	}
	return fmt.Errorf("entable: stream of table %q: %w", p.h.table.Name(), err)
}

// newest finds the table's newest stream: a label is the time at which it was enabled.
func (p *poll) newest(ctx context.Context) (string, error) {
	var arn, label string
	in := &dynamodbstreams.ListStreamsInput{TableName: aws.String(p.h.table.Name())}
	for {
		out, err := again(ctx, func() (*dynamodbstreams.ListStreamsOutput, error) { return p.client.ListStreams(ctx, in) })
		if err != nil {
			return "", err
		}
		for _, s := range out.Streams {
			if l := aws.ToString(s.StreamLabel); l > label {
				arn, label = aws.ToString(s.StreamArn), l
			}
		}
		if in.ExclusiveStartStreamArn = out.LastEvaluatedStreamArn; in.ExclusiveStartStreamArn == nil {
			break
		}
	}
	if arn == "" {
		return "", errors.New("it has none: enable it with a StreamSpecification, in an edit of CreateTable or an UpdateTable")
	}
	return arn, nil
}

// description is what a stream has at a time, by the service's clock.
type description struct {
	shards []types.Shard
	open   bool // it is still being written to
	at     time.Time
}

func (p *poll) describe(ctx context.Context) (*description, error) {
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: &p.StreamARN}
	all := &description{}
	for {
		out, err := again(ctx, func() (*dynamodbstreams.DescribeStreamOutput, error) { return p.client.DescribeStream(ctx, in) })
		switch {
		case err != nil:
			return nil, err
		case out.StreamDescription == nil:
			return nil, errors.New("the client gave no description and no error")
		}
		if all.at.IsZero() {
			var known bool
			if all.at, known = middleware.GetServerTime(out.ResultMetadata); !known {
				all.at = time.Now()
			}
		}
		d := out.StreamDescription
		all.shards = append(all.shards, d.Shards...)
		if in.ExclusiveStartShardId = d.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			all.open = d.StreamStatus == types.StreamStatusEnabled || d.StreamStatus == types.StreamStatusEnabling
			return all, nil
		}
	}
}

// again repeats a request that the service did not take on.
func again[T any](ctx context.Context, request func() (*T, error)) (*T, error) {
	tries := work.Tries{Most: 10}
	for {
		out, err := request()
		_, throttled := errors.AsType[*types.LimitExceededException](err)
		switch {
		case err == nil && out == nil:
			return nil, errors.New("the client gave no answer and no error")
		case err == nil:
			return out, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !throttled && !entable.IsRetryable(err), !tries.More(ctx):
			return nil, err
		}
	}
}
