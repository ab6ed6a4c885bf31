package route

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// Doubt finds out whether a write that failed may have happened all the same, or one that succeeded twice. The outcome alone
// does not say: the SDK tries several times and returns the last one, so that a write may be throttled in its second attempt
// after its first one was carried out and lost its answer. So the attempts are watched, where the client is the SDK's or hands
// options on to it.
type Doubt struct {
	sdk      bool
	attempts atomic.Int32
	broken   atomic.Bool  // an attempt ended without an answer, or in an error of the server
	answered atomic.Int32 // how many attempts were carried out
}

// Watch returns a conn whose writes d watches.
func (d *Doubt) Watch(c *Conn) *Conn {
	_, d.sdk = c.Client.(*dynamodb.Client)
	w := *c
	w.doubt = d
	return &w
}

// watchAttempts sets, for one request, an HTTP client that d watches.
func (d *Doubt) watchAttempts(o *dynamodb.Options) { o.HTTPClient = attempts{o.HTTPClient, d} }

// Of reports whether the write that gave err, or left parts of it undone when that is nil, may have
// happened in an attempt whose answer is not known. lost decides about the error of a client whose attempts could not be
// watched.
func (d *Doubt) Of(err error, lost func(error) bool) bool {
	_, unsent := errors.AsType[*Unsent](err)
	switch {
	case unsent:
		return d.broken.Load()
	case d.sdk || d.attempts.Load() > 0:
		return d.Lost() || err != nil && d.answered.Load() > 0
	case err == nil:
		return false
	}
	return lost(err)
}

// Lost reports whether the answer to an attempt is not known. One that was answered and could not be read, as it was cut short, is
// followed by another one.
func (d *Doubt) Lost() bool { return d.broken.Load() || d.answered.Load() > 1 }

// attempts is an HTTP client that notes what becomes of attempts.
type attempts struct {
	dynamodb.HTTPClient
	doubt *Doubt
}

func (a attempts) Do(r *http.Request) (*http.Response, error) {
	response, err := a.HTTPClient.Do(r)
	a.doubt.attempts.Add(1)
	switch {
	case err != nil:
		if !neverSent(err) {
			a.doubt.broken.Store(true)
		}
	case response.StatusCode >= http.StatusInternalServerError:
		if !throttled(response) {
			a.doubt.broken.Store(true)
		}
	case response.StatusCode < http.StatusMultipleChoices:
		a.doubt.answered.Add(1)
	}
	return response, err
}

// neverSent reports whether an attempt failed before there was a connection that its request could go over.
func neverSent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// IsThrottle reports whether an error code of the service says that it has refused a request for its rate.
func IsThrottle(code string) bool {
	switch code {
	case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "RequestThrottled",
		"RequestThrottledException", "Throttling", "ThrottledException", "TooManyRequestsException", "BandwidthLimitExceeded", "SlowDown":
		return true
	}
	return false
}

// Code returns the code of the service's error, or "". A transaction that was cancelled for nothing but conflicts and rates has the code of
// one of these.
func Code(err error) (code string) {
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return code
	}
	why := code
	for _, reason := range cancelled.CancellationReasons {
		switch aws.ToString(reason.Code) {
		case "", "None":
		case "TransactionConflict":
			why = "TransactionConflictException"
		case "ThrottlingError", "ProvisionedThroughputExceeded":
			why = "ThrottlingException"
		default:
			return code
		}
	}
	return why
}

// maxErrorBody is as much as is read of the body of an error.
const maxErrorBody = 64 << 10

// throttled reports whether an answer says that the request was refused for its rate. It reads the body, and puts another one
// in its place.
func throttled(response *http.Response) bool {
	start, err := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
	rest := response.Body
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start), rest), rest}
	var answer struct {
		Type string `json:"__type"`
	}
	if err != nil || json.Unmarshal(start, &answer) != nil {
		return false
	}
	return IsThrottle(answer.Type[strings.LastIndexByte(answer.Type, '#')+1:])
}
