package route_test

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable/internal/route"
)

// hangUp closes a connection after some bytes of an answer, at once with a reset or in good order.
func hangUp(bytes string, linger bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, bytes)
		if !linger {
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
		_ = conn.Close()
	}
}

func redirect(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}
}

// sockets are what servers and networks do below HTTP, or with it.
var sockets = map[string]http.HandlerFunc{
	"reset":                hangUp("", false),
	"end":                  hangUp("", true),
	"half a header":        hangUp("HTTP/1.1 200 OK\r\nContent-Le", true),
	"no HTTP":              hangUp("SSH-2.0\r\n\r\n", true),
	"half a body":          hangUp("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Cou", true),
	"reset in the body":    hangUp("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Cou", false),
	"half a chunk":         hangUp("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"C", true),
	"no length":            hangUp("HTTP/1.0 200 OK\r\nX-Amz-Crc32: 2745614147\r\n\r\n{}", true),
	"more than the length": hangUp("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amz-Crc32: 2745614147\r\n\r\n{}garbage", true),
	"301":                  redirect(301),
	"302":                  redirect(302),
	"303":                  redirect(303),
	"307":                  redirect(307),
	"308":                  redirect(308),
	"no place to go":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) },
}

var port = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// Over sockets, with the SDK's own HTTP client and one of a user's, lean requests end as the SDK's do.
func TestLeanRequestsOverSockets(t *testing.T) {
	if sum := crc32.ChecksumIEEE([]byte("{}")); sum != 2745614147 {
		t.Fatal(sum)
	}
	put := requests(mathrand.New(mathrand.NewPCG(1, 2)), "t")[0].do
	for name, handler := range sockets {
		for _, custom := range []bool{false, true} {
			play := func(without route.Ways) (out outcome) {
				var mu sync.Mutex
				var sent []string
				var odd []http.HandlerFunc
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					mu.Lock()
					sent = append(sent, fmt.Sprint(r.Method, r.URL, r.Header.Get("Amz-Sdk-Request")))
					var next http.HandlerFunc
					if len(odd) > 0 {
						next, odd = odd[0], odd[1:]
					}
					mu.Unlock()
					if next != nil {
						next(w, r)
						return
					}
					w.Header().Set("X-Amz-Crc32", "2745614147")
					_, _ = io.WriteString(w, "{}")
				}))
				defer server.Close()
				o := dynamodb.Options{
					Region: "eu-central-1", BaseEndpoint: &server.URL,
					Credentials: identity{aws.Credentials{AccessKeyID: "FIRST", SecretAccessKey: "secret"}},
					Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
						o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
					}),
				}
				if custom {
					o.HTTPClient = &http.Client{Transport: &http.Transport{}}
				}
				var cost route.Cost
				c := route.New(dynamodb.New(o)).For(func(_ context.Context, now route.Cost) { cost = now }, without)
				for range 2 {
					check(t, put(t.Context(), c))
				}
				if cost.Lean == without.Lean {
					t.Fatalf("lean %t", cost.Lean)
				}
				mu.Lock()
				sent, odd = nil, []http.HandlerFunc{handler}
				mu.Unlock()
				err := put(t.Context(), c)
				mu.Lock()
				defer mu.Unlock()
				out.Requests, out.Chain, out.Retries = sent, chain(err), cost.Retries
				if err != nil {
					out.Err = port.ReplaceAllString(err.Error(), "host")
				}
				return out
			}
			want, got := play(route.Ways{Lean: true}), play(route.Ways{})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, custom %t (-SDK's +lean):\n%s", name, custom, diff)
			}
		}
	}
}
