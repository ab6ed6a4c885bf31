package route

import (
	"net/http"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Doubt finds out whether a write that failed may have happened all the same. The error alone does not
// say: the SDK tries several times and returns the last error, so that a write may be throttled in its
// second attempt after its first one was carried out and lost its answer. So the attempts are watched,
// where the client is the SDK's or hands options on to it.
type Doubt struct {
	sdk      bool
	attempts atomic.Int32
	broken   atomic.Bool // an attempt ended without an answer, or in an error of the server
	answered atomic.Bool // an attempt was carried out
}

// Watch returns a conn whose writes d watches.
func (d *Doubt) Watch(c *Conn) *Conn {
	_, d.sdk = c.Client.(*dynamodb.Client)
	w := *c
	w.doubt = d
	return &w
}

// watchAttempts is the option of a request that d watches.
func (d *Doubt) watchAttempts(o *dynamodb.Options) { o.HTTPClient = attempts{o.HTTPClient, d} }

// Of reports whether the write that gave err, or left parts of it undone when that is nil, may have
// happened in an attempt whose answer is not known. lost decides about the error of a client whose attempts could not be
// watched.
func (d *Doubt) Of(err error, lost func(error) bool) bool {
	switch {
	case d.sdk || d.attempts.Load() > 0:
		return d.broken.Load() || err != nil && d.answered.Load()
	case err == nil:
		return false
	}
	return lost(err)
}

// attempts is an HTTP client that notes what becomes of attempts.
type attempts struct {
	dynamodb.HTTPClient
	doubt *Doubt
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
