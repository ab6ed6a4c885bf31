package route_test

import (
	"context"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/route"
)

// rotating gives other credentials every few times, of three accounts.
type rotating struct{ n atomic.Int64 }

func (r *rotating) Retrieve(context.Context) (aws.Credentials, error) {
	n := r.n.Add(1) / 7
	return aws.Credentials{
		AccessKeyID: fmt.Sprint("KEY", n), SecretAccessKey: fmt.Sprint("secret", n), SessionToken: strings.Repeat("t", int(n%2)),
		AccountID: fmt.Sprint("11112222333", n%3),
	}, nil
}

// checking is an HTTP client that checks signatures, and throttles now and then. It goes on reading when it has answered.
type checking struct {
	t    *testing.T
	n    atomic.Int64
	late sync.WaitGroup
}

func (c *checking) Do(r *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	c.late.Go(func() {
		if more, err := io.ReadAll(r.Body); len(more) > 0 || err != nil {
			c.t.Errorf("more to read: %q, %v", more, err)
		}
	})
	header := r.Header.Get("Authorization")
	key, _, _ := strings.Cut(strings.TrimPrefix(header, "AWS4-HMAC-SHA256 Credential=KEY"), "/")
	m := signedBy.FindStringSubmatch(header)
	again := &http.Request{Method: r.Method, URL: new(*r.URL), Host: r.Host, Header: http.Header{}}
	for name := range strings.SplitSeq(m[1], ";") {
		switch name {
		case "host":
		case "content-length":
			again.ContentLength = r.ContentLength
		default:
			again.Header.Set(name, r.Header.Get(name))
		}
	}
	date, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return nil, err
	}
	creds := aws.Credentials{AccessKeyID: "KEY" + key, SecretAccessKey: "secret" + key}
	err = v4.NewSigner().SignHTTP(r.Context(), creds, again, hashOf(sent), "dynamodb", "eu-central-1", date)
	if got := again.Header.Get("Authorization"); err != nil || got != header {
		c.t.Errorf("authorization\n%s, want\n%s, %v", header, got, err)
	}
	var n int
	if _, err := fmt.Sscan(key, &n); err != nil || !strings.Contains(r.URL.Host, fmt.Sprint("11112222333", n%3)) {
		c.t.Errorf("credentials of another account at %s, %v", r.URL.Host, err)
	}
	if c.n.Add(1)%10 == 0 {
		return answered(400, `{"__type":"ThrottlingException"}`, 0), nil
	}
	return good(`{}`, 0), nil
}

// Goroutines share a client whose credentials change all the time; each request is signed as it is sent.
func TestLeanRequestsAtTheSameTime(t *testing.T) {
	http := &checking{t: t}
	c := route.New(dynamodb.New(dynamodb.Options{Region: "eu-central-1", Credentials: &rotating{}, HTTPClient: http, Retryer: aws.NopRetryer{}}))
	var lean, failed atomic.Int64
	c = c.For(func(_ context.Context, cost route.Cost) {
		if cost.Lean {
			lean.Add(1)
		}
		if cost.Err != nil {
			failed.Add(1)
		}
	}, route.Ways{})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			rnd := mathrand.New(mathrand.NewPCG(uint64(i), 0))
			for range 15 {
				for _, r := range requests(rnd, "t") {
					if err := r.do(t.Context(), c); err != nil && !strings.Contains(err.Error(), "ThrottlingException") {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	http.late.Wait()
	if all := http.n.Load(); all != 16*15*10 || failed.Load() != all/10 || lean.Load() < all/2 {
		t.Errorf("%d requests, %d failed, %d lean", all, failed.Load(), lean.Load())
	}
}
