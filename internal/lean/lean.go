// Package lean makes the first attempt of a request without the SDK's middleware, where that attempt is the same in all that
// counts, and gives the SDK what it cannot settle itself.
package lean

// A request of the SDK costs ten times what its bytes do: it copies the options, builds a stack of forty middlewares, resolves
// the endpoint, signs ten headers. Almost all of that comes out the same each time.
//
//	Inspect   options.go   may the client's requests be made here at all? A closed list says so
//	Begin     attempt.go   an attempt token and credentials, as the SDK asks for them, before each request
//	Learn     learn.go     method, URL and headers (head.go), from two requests that the SDK makes and nobody sends
//	Send      attempt.go   date, signature (sign.go), the client's own HTTP client
//	          ── 200, and the checksum is right: the request is done
//	TakeOver  takeover.go  anything else: an ordinary call of the SDK, whose first attempt gets what has come already
//
// So the SDK judges all that is not a plain success: errors, retries, quota, back-off, clock skew, logs. No request is sent
// twice that the SDK would send once. For example, of a throttled put:
//
//	lean attempt   token 1, credentials, POST ──► 400 ThrottlingException
//	SDK's call     attempt 1: token 1, credentials and answer as above; waits; attempt 2: POST ──► 200
//
// The first request for an operation that a client makes is the SDK's, so that clients which live for one request learn
// nothing; the second one learns.

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Client is what is known of an SDK client whose first attempts can be made here. It is safe for concurrent use.
type Client struct {
	credentials aws.CredentialsProvider
	http        dynamodb.HTTPClient
	retryer     aws.RetryerV2
	tokens      dynamodb.IdempotencyTokenProvider
	region      string
	accounts    bool // endpoints may differ between accounts
	unchecked   bool // checksums are not compared
	clock       clock
	key         atomic.Pointer[signingKey]
	targets     atomic.Pointer[map[target]known] // replaced, never changed
	learning    sync.Mutex
}

// A target is what requests with one head have in common.
type target struct {
	operation string
	account   string // of the credentials
	resource  string // the ARN by which a table is named
}

// known is what is known of a target: that it has been seen, its head, or why there is none.
type known struct {
	head *head
	err  error
}

// maxTargets limits how many targets are learned. The requests for others are the SDK's.
const maxTargets = 1000

// Inspect returns what is known of a client, or nil if all its requests have to be the SDK's. It copies the client's options:
// ask once.
func Inspect(c *dynamodb.Client) *Client {
	o := c.Options()
	if Hindrance(o) != "" {
		return nil
	}
	made := &Client{
		credentials: o.Credentials, http: o.HTTPClient, retryer: o.Retryer.(aws.RetryerV2), region: o.Region,
		tokens:    o.IdempotencyTokenProvider,
		accounts:  o.AccountIDEndpointMode != aws.AccountIDEndpointModeDisabled,
		unchecked: o.DisableValidateResponseChecksum,
	}
	made.clock.ignored = o.DisableClockSkewCorrection
	made.targets.Store(&map[target]known{})
	return made
}

// HTTPClient returns the HTTP client of the SDK client.
func (c *Client) HTTPClient() dynamodb.HTTPClient { return c.http }

// Token returns a token for a transaction that has none.
func (c *Client) Token() (string, error) { return c.tokens.GetIdempotencyToken() }

func (c *Client) know(t target, k known) {
	next := maps.Clone(*c.targets.Load())
	next[t] = k
	c.targets.Store(&next)
}
