package entable

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// doubt finds out whether a write that failed may have happened all the same. The error alone does not
// say: the SDK tries several times and returns the last error, so that a write may be throttled in its
// second attempt after its first one was carried out and lost its answer. So the attempts are watched,
// where the client is the SDK's or hands options on to it.
type doubt struct {
	sdk      bool
	attempts atomic.Int32
	broken   atomic.Bool // an attempt ended without an answer, or in an error of the server
	answered atomic.Bool // an attempt was carried out
}

// watch gives a conn whose writes d watches.
func (d *doubt) watch(c *conn) *conn {
	_, d.sdk = c.Client.(*dynamodb.Client)
	w := *c
	w.Client = watched{c.Client, d}
	return &w
}

// of reports whether the write that gave err, or left parts of it undone when that is nil, may have
// happened in an attempt whose answer is not known.
func (d *doubt) of(err error) bool {
	switch {
	case d.sdk || d.attempts.Load() > 0:
		return d.broken.Load() || err != nil && d.answered.Load()
	case err == nil:
		return false
	}
	return classify(err) == "" && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || IsRetryable(err))
}

// watched is a client whose writes are watched.
type watched struct {
	Client
	doubt *doubt
}

func (w watched) with(opts []func(*dynamodb.Options)) []func(*dynamodb.Options) {
	return append(opts, func(o *dynamodb.Options) { o.HTTPClient = attempts{o.HTTPClient, w.doubt} })
}

func (w watched) PutItem(ctx context.Context, in *dynamodb.PutItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return w.Client.PutItem(ctx, in, w.with(opts)...)
}

func (w watched) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return w.Client.UpdateItem(ctx, in, w.with(opts)...)
}

func (w watched) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	return w.Client.DeleteItem(ctx, in, w.with(opts)...)
}

func (w watched) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	return w.Client.BatchWriteItem(ctx, in, w.with(opts)...)
}

func (w watched) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return w.Client.TransactWriteItems(ctx, in, w.with(opts)...)
}

// attempts is an HTTP client that notes what becomes of attempts.
type attempts struct {
	dynamodb.HTTPClient
	doubt *doubt
}

func (a attempts) Do(r *http.Request) (*http.Response, error) {
	response, err := a.HTTPClient.Do(r)
	a.doubt.attempts.Add(1)
	switch {
	case err != nil || response.StatusCode >= http.StatusInternalServerError:
		a.doubt.broken.Store(true)
	case response.StatusCode < http.StatusMultipleChoices:
		a.doubt.answered.Store(true)
	}
	return response, err
}
