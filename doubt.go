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
// where the client is the SDK's.
type doubt struct {
	watched bool
	maybe   atomic.Bool
}

// watch gives a conn whose writes d watches.
func (d *doubt) watch(c *conn) *conn {
	if _, d.watched = c.Client.(*dynamodb.Client); !d.watched {
		return c
	}
	w := *c
	w.Client = watched{c.Client, d}
	return &w
}

// of reports whether the write that gave err may have happened.
func (d *doubt) of(err error) bool {
	if d.watched {
		return d.maybe.Load()
	}
	return classify(err) == "" && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || IsRetryable(err))
}

// watched is an SDK client whose writes are watched.
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

// attempts is an HTTP client that notes attempts without a clear refusal: a broken connection, an
// error of the server, or a success.
type attempts struct {
	dynamodb.HTTPClient
	doubt *doubt
}

func (a attempts) Do(r *http.Request) (*http.Response, error) {
	response, err := a.HTTPClient.Do(r)
	if err != nil || response.StatusCode >= http.StatusInternalServerError || response.StatusCode < http.StatusMultipleChoices {
		a.doubt.maybe.Store(true)
	}
	return response, err
}
