package route_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable/internal/route"
)

// A world is all that a client meets, and what can be seen of the client there.
type world struct {
	replies []reply // of the next requests; then all is well
	ahead   time.Duration
	cancel  context.CancelFunc // of the request's context
	creds   func(n int) (aws.Credentials, error)
	refuses error // attempts, where the retryer is the user's

	Requests []string // what was sent: who signed it, the attempt, whether it is the request of the one before
	Asked    []string // of the provider, the retryer and its limiter
	last     string
	retrieve int
}

// reply answers a request.
type reply func(w *world, r *http.Request) (*http.Response, error)

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	signer, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), "/")
	id := r.Header.Get("Amz-Sdk-Invocation-Id") + string(body)
	w.Requests = append(w.Requests, fmt.Sprintf("%s %s %s by %s, again %t", r.Method, r.URL, r.Header.Get("Amz-Sdk-Request"), signer, id == w.last))
	w.last = id
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	answer, err := good(`{}`, w.ahead), error(nil)
	if date, _ := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date")); date.Sub(time.Now().Add(w.ahead)).Abs() > 5*time.Minute {
		return answered(400, `{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"Signature expired"}`, w.ahead), nil
	}
	if len(w.replies) > 0 {
		next := w.replies[0]
		w.replies = w.replies[1:]
		answer, err = next(w, r)
	}
	return answer, err
}

func (w *world) ask(format string, args ...any) {
	w.Asked = append(w.Asked, fmt.Sprintf(format, args...))
}

func (w *world) Retrieve(context.Context) (aws.Credentials, error) {
	w.retrieve++
	w.ask("credentials")
	return w.creds(w.retrieve)
}

// limiter is a quota of retries that tells what is asked of it.
type limiter struct{ w *world }

func (l limiter) GetToken(_ context.Context, cost uint) (func() error, error) {
	l.w.ask("quota of %d", cost)
	return func() error { l.w.ask("quota back"); return nil }, nil
}

func (l limiter) AddTokens(n uint) error { l.w.ask("quota grows by %d", n); return nil }

// own is a retryer of a user's, which tells what is asked of it.
type own struct {
	*retry.Standard
	w *world
}

func (o own) GetAttemptToken(context.Context) (func(error) error, error) {
	o.w.ask("attempt token")
	if o.w.refuses != nil {
		return nil, o.w.refuses
	}
	return func(err error) error { o.w.ask("attempt ends: %v", err); return nil }, nil
}

// outcome is all that a caller can see.
type outcome struct {
	Requests, Asked []string
	Err             string
	Chain           []string
	Retries         int
	Waited          time.Duration
	Items           []string
}

// chain lists the types of an error and of all below it.
func chain(err error) (types []string) {
	if err == nil {
		return nil
	}
	types = append(types, fmt.Sprintf("%T", err))
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		types = append(types, chain(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, e := range e.Unwrap() {
			types = append(types, chain(e)...)
		}
	}
	return types
}

func refuse(status int, code string) reply {
	return func(w *world, _ *http.Request) (*http.Response, error) {
		return answered(status, `{"__type":"com.amazonaws.dynamodb.v20120810#`+code+`","message":"no"}`, w.ahead), nil
	}
}

func broken(err error) reply {
	return func(*world, *http.Request) (*http.Response, error) { return nil, err }
}

// altered changes a good answer.
func altered(change func(*world, *http.Response)) reply {
	return func(w *world, _ *http.Request) (*http.Response, error) {
		answer := good(`{"Count":0,"ConsumedCapacity":null}`, w.ahead)
		change(w, answer)
		return answer, nil
	}
}

// body is one that does something when it is read to its end, or closed.
type body struct {
	io.Reader
	end, close error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF && b.end != nil {
		err = b.end
	}
	return n, err
}
func (b *body) Close() error { return b.close }

func half(text string, end error) io.ReadCloser { return &body{strings.NewReader(text), end, nil} }

var reset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// scripts are what can happen to a request, by name. Each reply is to one attempt.
var scripts = map[string][]reply{
	"all is well":         nil,
	"400":                 {refuse(400, "ConditionalCheckFailedException")},
	"400, unknown":        {refuse(400, "Unheard")},
	"400, no table":       {refuse(400, "ResourceNotFoundException")},
	"400, cancelled":      {refuse(400, "TransactionCanceledException")},
	"400, no JSON":        {func(w *world, _ *http.Request) (*http.Response, error) { return answered(400, "<html>", w.ahead), nil }},
	"403":                 {refuse(403, "AccessDeniedException")},
	"413":                 {refuse(413, "RequestTooLarge")},
	"expired":             {refuse(400, "ExpiredTokenException"), refuse(400, "ExpiredTokenException")},
	"unrecognised client": {refuse(400, "UnrecognizedClientException")},
	"500":                 {refuse(500, "InternalServerError")},
	"500 twice":           {refuse(500, "InternalServerError"), refuse(500, "InternalServerError")},
	"500 for ever":        {refuse(500, "InternalServerError"), refuse(500, "InternalServerError"), refuse(500, "InternalServerError"), refuse(500, "InternalServerError")},
	"503":                 {refuse(503, "ServiceUnavailable")},
	"503 by a proxy":      {func(w *world, _ *http.Request) (*http.Response, error) { return answered(503, "busy", w.ahead), nil }},
	"throttled":           {refuse(400, "ThrottlingException")},
	"throttled for ever":  {refuse(400, "ProvisionedThroughputExceededException"), refuse(400, "ProvisionedThroughputExceededException"), refuse(400, "ProvisionedThroughputExceededException"), refuse(400, "ThrottlingException")},
	"conflict":            {refuse(400, "TransactionInProgressException")},
	"reset":               {broken(reset)},
	"reset for ever":      {broken(reset), broken(reset), broken(reset), broken(reset)},
	"no connection":       {broken(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})},
	"certificate":         {broken(&tls.CertificateVerificationError{Err: errors.New("unknown authority")})},
	"odd error":           {broken(errors.New("odd"))},
	"time-out":            {broken(&net.DNSError{Err: "slow", IsTimeout: true})},
	"reset in the body":   {altered(func(_ *world, r *http.Response) { r.Body = half(`{"Cou`, reset) })},
	"cut body":            {altered(func(_ *world, r *http.Response) { r.Body = half(`{"Cou`, io.ErrUnexpectedEOF) })},
	"cut bodies":          {altered(func(_ *world, r *http.Response) { r.Body = half(``, reset) }), altered(func(_ *world, r *http.Response) { r.Body = half(`{`, io.ErrUnexpectedEOF) }), altered(func(_ *world, r *http.Response) { r.Body = half(`{`, reset) })},
	"body not closed":     {altered(func(_ *world, r *http.Response) { r.Body.(*body).close = reset })},
	"wrong checksum":      {altered(func(_ *world, r *http.Response) { r.Header.Set("X-Amz-Crc32", "17") })},
	"wrong checksums": {altered(func(_ *world, r *http.Response) { r.Header.Set("X-Amz-Crc32", "17") }), altered(func(_ *world, r *http.Response) { r.Header.Set("X-Amz-Crc32", "18") }),
		altered(func(_ *world, r *http.Response) { r.Header.Set("X-Amz-Crc32", "19") })},
	"odd checksum":    {altered(func(_ *world, r *http.Response) { r.Header.Set("X-Amz-Crc32", "crc") })},
	"no checksum":     {altered(func(_ *world, r *http.Response) { r.Header.Del("X-Amz-Crc32") })},
	"no length":       {altered(func(_ *world, r *http.Response) { r.ContentLength = -1 })},
	"wrong length":    {altered(func(_ *world, r *http.Response) { r.ContentLength = 3 })},
	"no date":         {altered(func(_ *world, r *http.Response) { r.Header.Del("Date") })},
	"odd date":        {altered(func(_ *world, r *http.Response) { r.Header.Set("Date", "tomorrow") })},
	"no JSON":         {func(w *world, _ *http.Request) (*http.Response, error) { return good(`{"Count":`, w.ahead), nil }},
	"another type":    {func(w *world, _ *http.Request) (*http.Response, error) { return good(`[]`, w.ahead), nil }},
	"an empty answer": {func(w *world, _ *http.Request) (*http.Response, error) { return good(``, w.ahead), nil }},
	"201":             {func(w *world, _ *http.Request) (*http.Response, error) { return answered(201, `{}`, w.ahead), nil }},
	"301": {func(w *world, _ *http.Request) (*http.Response, error) {
		r := answered(301, `moved`, w.ahead)
		r.Header.Set("Location", "https://elsewhere.example.com/")
		return r, nil
	}},
	"307": {func(w *world, _ *http.Request) (*http.Response, error) {
		r := answered(307, `moved`, w.ahead)
		r.Header.Set("Location", "https://elsewhere.example.com/")
		return r, nil
	}},
	"cancelled on the way": {func(w *world, r *http.Request) (*http.Response, error) { w.cancel(); return nil, r.Context().Err() }},
	"cancelled with an answer": {func(w *world, r *http.Request) (*http.Response, error) {
		w.cancel()
		return refuse(500, "InternalServerError")(w, r)
	}},
	"cancelled in the body": {altered(func(w *world, r *http.Response) { w.cancel(); r.Body = half(`{"Cou`, context.Canceled) })},
	"cancelled while it waits": {func(w *world, r *http.Request) (*http.Response, error) {
		time.AfterFunc(50*time.Millisecond, w.cancel)
		return refuse(500, "InternalServerError")(w, r)
	}},
	"slower than the context": {func(_ *world, r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}},
	"the clock jumps": {func(w *world, r *http.Request) (*http.Response, error) {
		w.ahead += time.Hour
		return refuse(500, "InternalServerError")(w, r)
	}},
}

// retryers are kinds of retryers, which take 100 ms before the second attempt, 200 before the third.
var retryers = map[string]func(w *world, s *retry.Standard) aws.Retryer{
	"standard": func(_ *world, s *retry.Standard) aws.Retryer { return s },
	"wrapped":  func(_ *world, s *retry.Standard) aws.Retryer { return retry.AddWithErrorCodes(s, "Unheard") },
	"own":      func(w *world, s *retry.Standard) aws.Retryer { return own{s, w} },
}

// play makes requests in a world of their own, after two which find nothing odd there, and returns what could be seen of the last.
func play(t *testing.T, without route.Ways, retryer string, prepare func(*world), do func(context.Context, *route.Conn) error) (out outcome) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{creds: func(int) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "FIRST", SecretAccessKey: "secret"}, nil
		}}
		standard := retry.NewStandard(func(o *retry.StandardOptions) {
			o.RateLimiter = limiter{w}
			o.Backoff = retry.BackoffDelayerFunc(func(attempt int, err error) (time.Duration, error) {
				w.ask("delay after %d: %v", attempt, err)
				return time.Duration(attempt) * 100 * time.Millisecond, nil
			})
		})
		var cost route.Cost
		client := dynamodb.New(dynamodb.Options{
			Region: "eu-central-1", Credentials: w, HTTPClient: &http.Client{Transport: w}, Retryer: retryers[retryer](w, standard),
		})
		c := route.New(client).For(func(_ context.Context, now route.Cost) { cost = now }, without)
		for range 2 {
			if err := do(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		if cost.Lean == without.Lean {
			t.Fatalf("before it begins: lean %t", cost.Lean)
		}
		w.Requests, w.Asked, w.last, w.retrieve = nil, nil, "", 0
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		w.cancel = cancel
		prepare(w)
		start := time.Now()
		err := do(ctx, c)
		out = outcome{Requests: w.Requests, Asked: w.Asked, Chain: chain(err), Retries: cost.Retries, Waited: time.Since(start)}
		if err != nil {
			out.Err = err.Error()
		}
	})
	return out
}

// Whatever happens, a request whose first attempt is lean ends as the SDK's does: the number of requests and what they are, the
// error and all below it, attempts, waiting, and what the provider, the retryer and the quota are asked.
func TestLeanFailuresAreTheSDKs(t *testing.T) {
	rnd := mathrand.New(mathrand.NewPCG(1, 2))
	all := requests(rnd, "t")
	for name, script := range scripts {
		for retryer := range retryers {
			for _, r := range all {
				prepare := func(w *world) { w.replies = script }
				want := play(t, route.Ways{Lean: true}, retryer, prepare, r.do)
				got := play(t, route.Ways{}, retryer, prepare, r.do)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s, %s, %s (-SDK's +lean):\n%s", name, retryer, r.op, diff)
				}
			}
		}
	}
}

// events are what happens to the world rather than to a request.
var events = map[string]func(*world){
	"no credentials": func(w *world) {
		w.creds = func(n int) (aws.Credentials, error) {
			if n == 1 {
				return aws.Credentials{}, errors.New("no credentials")
			}
			return aws.Credentials{AccessKeyID: "SECOND", SecretAccessKey: "secret"}, nil
		}
	},
	"credentials that time out": func(w *world) {
		w.creds = func(n int) (aws.Credentials, error) {
			if n == 1 {
				return aws.Credentials{}, &net.DNSError{Err: "slow", IsTimeout: true}
			}
			return aws.Credentials{AccessKeyID: "SECOND", SecretAccessKey: "secret"}, nil
		}
	},
	"credentials that outlast the context": func(w *world) {
		w.creds = func(int) (aws.Credentials, error) {
			time.Sleep(2 * time.Minute)
			return aws.Credentials{}, context.DeadlineExceeded
		}
	},
	"cancelled with good credentials": func(w *world) {
		w.creds = func(int) (aws.Credentials, error) {
			w.cancel()
			return aws.Credentials{AccessKeyID: "SECOND", SecretAccessKey: "secret"}, nil
		}
	},
	"empty credentials": func(w *world) {
		w.creds = func(int) (aws.Credentials, error) { return aws.Credentials{}, nil }
	},
	"an odd token": func(w *world) {
		w.creds = func(int) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "SECOND", SecretAccessKey: "secret", SessionToken: " a  b "}, nil
		}
	},
	"rotation in mid-flight": func(w *world) {
		w.replies = []reply{refuse(500, "InternalServerError"), broken(reset)}
		w.creds = func(n int) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: fmt.Sprint("KEY", n), SecretAccessKey: fmt.Sprint(n), SessionToken: fmt.Sprint("T", n%2)}, nil
		}
	},
	"another account": func(w *world) {
		w.replies = []reply{refuse(500, "InternalServerError")}
		w.creds = func(int) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "SECOND", SecretAccessKey: "secret", AccountID: "111122223333"}, nil
		}
	},
	"cancelled before":          func(w *world) { w.cancel() },
	"our clock is an hour slow": func(w *world) { w.ahead = time.Hour },
	"our clock is an hour fast": func(w *world) { w.ahead = -time.Hour },
	"our clock is a bit slow":   func(w *world) { w.ahead = 2 * time.Minute },
	"no attempt token":          func(w *world) { w.refuses = errors.New("too many attempts") },
}

func TestLeanRequestsInOtherWorlds(t *testing.T) {
	all := requests(mathrand.New(mathrand.NewPCG(1, 2)), "t")
	for name, prepare := range events {
		for retryer := range retryers {
			for _, r := range all {
				want := play(t, route.Ways{Lean: true}, retryer, prepare, r.do)
				got := play(t, route.Ways{}, retryer, prepare, r.do)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s, %s, %s (-SDK's +lean):\n%s", name, retryer, r.op, diff)
				}
			}
		}
	}
}

// Over many requests, while the service's clock jumps and others use the client as well, lean requests are refused no more often
// than the SDK's, but for one when others have taught the SDK the time.
func TestLeanRequestsKeepTheTime(t *testing.T) {
	put := requests(mathrand.New(mathrand.NewPCG(1, 2)), "t")[0].do
	for name, test := range map[string]struct {
		jumps  []time.Duration
		others bool // make a request after each jump
		more   int  // lean requests that are refused more often
	}{
		"once":                   {[]time.Duration{time.Hour}, false, 0},
		"to and fro":             {[]time.Duration{time.Hour, -time.Hour, 0, 3 * time.Minute, 0, time.Hour}, false, 0},
		"in small steps":         {[]time.Duration{time.Minute, 3 * time.Minute, 6 * time.Minute, 9 * time.Minute, 0}, false, 0},
		"while others work, too": {[]time.Duration{time.Hour, 0, -time.Hour}, true, 3},
	} {
		requestsOf := func(without route.Ways) (n int) {
			var plain *route.Conn
			prepare := func(w *world) {}
			out := play(t, without, "standard", prepare, func(ctx context.Context, c *route.Conn) error {
				w := worldOf(c)
				if w.cancel == nil { // before it begins
					return put(ctx, c)
				}
				plain = route.New(c.Client).For(nil, route.Ways{Lean: true})
				for _, jump := range test.jumps {
					w.ahead = jump
					if test.others {
						if err := put(ctx, plain); err != nil {
							return err
						}
					}
					for range 5 {
						if err := put(ctx, c); err != nil {
							return fmt.Errorf("after a jump to %v: %w", jump, err)
						}
					}
				}
				return nil
			})
			if out.Err != "" {
				t.Errorf("%s: %s", name, out.Err)
			}
			return len(out.Requests)
		}
		want, got := requestsOf(route.Ways{Lean: true}), requestsOf(route.Ways{})
		if got != want+test.more {
			t.Errorf("%s: %d requests, the SDK makes %d, and lean ones may be %d more", name, got, want, test.more)
		}
	}
}

func worldOf(c *route.Conn) *world {
	return c.Client.(*dynamodb.Client).Options().HTTPClient.(*http.Client).Transport.(*world)
}

// A write whose lean attempt has lost its answer is in doubt as any other.
func TestLeanAttemptsAreWatched(t *testing.T) {
	all := requests(mathrand.New(mathrand.NewPCG(1, 2)), "t")
	for name, script := range scripts {
		for _, r := range all {
			doubts := map[bool]string{}
			for _, lean := range []bool{true, false} {
				play(t, route.Ways{Lean: !lean}, "standard", func(w *world) { w.replies = script }, func(ctx context.Context, c *route.Conn) error {
					var d route.Doubt
					err := r.do(ctx, d.Watch(c))
					doubts[lean] = fmt.Sprint(d.Lost(), d.Of(err, func(error) bool { panic("the attempts were seen") }))
					return err
				})
			}
			if doubts[true] != doubts[false] {
				t.Errorf("%s, %s: doubt %s, without lean attempts %s", name, r.op, doubts[true], doubts[false])
			}
		}
	}
}
