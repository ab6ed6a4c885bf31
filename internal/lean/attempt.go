package lean

import (
	"context"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// An Attempt is the first one of a request, and what the SDK gets of it if it takes over. It is used by one goroutine.
type Attempt struct {
	client  *Client
	http    dynamodb.HTTPClient
	target  target
	head    *head // nil if the request is the SDK's
	release func(error) error
	creds   aws.Credentials
	signs   bool          // the credentials can be used here
	offset  time.Duration // of the clock that signed it

	invocation string // the request's ID, once it is sent

	// What the SDK gets, and then nobody: see takeover.go.
	holdsToken, holdsCreds, holdsAnswer bool
	tokenErr, credsErr, answerErr       error
	answer                              *http.Response
	late                                lateContext

	// What the request points to.
	context requestContext
	url     url.URL
	body    body
	values  [maxHeaders]string
}

// A Request is what is to be sent.
type Request struct {
	Operation string // "PutItem"
	Resource  string // the ARN by which the table is named, or ""
	Body      []byte // unchanged until Send returns
}

// Begin asks for all that a request needs besides, or returns nil if nothing may be asked for any more. The HTTP client is that
// of c, or around it.
func (c *Client) Begin(ctx context.Context, http dynamodb.HTTPClient, r Request) *Attempt {
	if ctx.Err() != nil {
		return nil
	}
	a := &Attempt{client: c, http: http, target: target{operation: r.Operation, resource: r.Resource}, holdsToken: true}
	a.body.rest = r.Body
	if a.release, a.tokenErr = c.retryer.GetAttemptToken(ctx); a.tokenErr != nil {
		return a
	}
	a.holdsCreds = true
	if a.creds, a.credsErr = c.credentials.Retrieve(ctx); a.credsErr != nil {
		return a
	}
	if c.accounts {
		a.target.account = a.creds.AccountID
	}
	a.signs = a.creds.HasKeys() && isText(a.creds.SessionToken)
	if a.signs && !c.clock.wrong.Load() {
		a.head = (*c.targets.Load())[a.target].head
	}
	return a
}

// isText reports whether a session token is signed as it stands.
func isText(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] >= 0x7f {
			return false
		}
	}
	return true
}

// Known reports whether the request can be sent.
func (a *Attempt) Known() bool { return a.head != nil }

// Unknown reports whether learning could make that so.
func (a *Attempt) Unknown() bool {
	k := (*a.client.targets.Load())[a.target]
	return a.signs && k.head == nil && k.err == nil
}

// Send sends the request, and returns the answer if that has the status 200.
func (a *Attempt) Send(ctx context.Context) *http.Response {
	request := a.request(ctx)
	a.holdsAnswer = true
	a.answer, a.answerErr = a.http.Do(request)
	a.body.close()
	if a.answerErr != nil || a.answer == nil || a.answer.StatusCode != http.StatusOK || a.answer.Body == nil {
		return nil
	}
	return a.answer
}

// Right reports whether the body of an answer is what the service has sent, and the clock is right as far as the SDK would see.
func (a *Attempt) Right(body []byte) bool {
	header := a.answer.Header
	if !a.client.clock.agrees(header) {
		return false
	}
	if a.client.unchecked {
		return true
	}
	sum, err := strconv.ParseUint(header.Get("X-Amz-Crc32"), 10, 32)
	return err == nil && uint32(sum) == crc32.ChecksumIEEE(body)
}

// Done ends a request that has succeeded.
func (a *Attempt) Done() { _ = a.release(nil) } // the SDK ignores this error too

func (a *Attempt) request(ctx context.Context) *http.Request {
	h := a.head
	a.context = requestContext{ctx, h.values}
	r := h.request.WithContext(&a.context)
	a.url = *h.request.URL
	r.URL, r.Body, r.ContentLength = &a.url, &a.body, int64(len(a.body.rest))
	r.Header = make(http.Header, h.headers(a.creds.SessionToken != "")) // eight, the usual number, take half as much as nine
	used := 0
	set := func(name, value string) {
		a.values[used] = value
		r.Header[name] = a.values[used : used+1 : used+1]
		used++
	}
	for _, c := range h.constants {
		set(c.name, c.value)
	}
	a.offset = a.client.clock.offset()
	made := a.sign()
	if a.creds.SessionToken != "" {
		set(amzToken, a.creds.SessionToken)
	}
	set(amzDate, made[:len(timeFormat)])
	if h.invocation {
		a.invocation = made[len(timeFormat) : len(timeFormat)+uuidSize]
		set(invocation, a.invocation)
	}
	set(authorization, made[len(timeFormat)+uuidSize:])
	if h.attempts != "" {
		set(sdkRequest, a.attempts(ctx))
	}
	if _, traced := r.Header[traceID]; !traced {
		if trace, ok := lambdaTrace(); ok {
			set(traceID, trace)
		}
	}
	return r
}

// sign returns a date, a UUID, and what signs the request with that date.
func (a *Attempt) sign() string {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.made = time.Now().Add(a.offset).UTC().AppendFormat(s.made[:0], timeFormat)
	s.appendUUID()
	plan := &a.head.plain
	if a.creds.SessionToken != "" {
		plan = &a.head.token
	}
	date := s.made[:len(timeFormat)]
	s.appendAuthorization(plan, a.client.signingKey(a.creds.SecretAccessKey, date, a.head.region, a.head.service), &a.creds, date, a.body.rest)
	return string(s.made)
}

// attempts returns the header that counts attempts.
func (a *Attempt) attempts(ctx context.Context) string {
	text := a.head.attempts
	if max := a.client.retryer.MaxAttempts(); max != a.head.max {
		text = attemptsOf(max)
	}
	if deadline, ok := ctx.Deadline(); ok && a.offset > 0 {
		text += "; ttl=" + deadline.Add(a.offset).Format(timeFormat)
	}
	return text
}

// lambdaTrace returns the header by which Lambda finds functions that call themselves.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
func lambdaTrace() (string, bool) {
	if _, ok := os.LookupEnv("AWS_LAMBDA_FUNCTION_NAME"); !ok {
		return "", false
	}
	trace, ok := os.LookupEnv("_X_AMZN_TRACE_ID")
	return percentEncode(trace), ok
}

func percentEncode(s string) string {
	const plain, digits = "-=;:+&[]{}\"',", "0123456789ABCDEF"
	var out []byte
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(plain, c) >= 0:
			out = append(out, c)
		default:
			out = append(out, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(out)
}

// A requestContext tells HTTP clients besides what the SDK tells them.
type requestContext struct {
	context.Context
	values context.Context
}

func (c *requestContext) Value(key any) any {
	if v := c.values.Value(key); v != nil {
		return v
	}
	return c.Context.Value(key)
}

// A body is that of a request. HTTP clients may still read from it when they have returned; then it is empty.
type body struct {
	mu   sync.Mutex
	rest []byte
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *body) Close() error {
	b.close()
	return nil
}

func (b *body) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rest = nil
}
