package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entable/entable/memory"
)

// running is an instance that listens.
type running struct {
	*testShop
	url   string
	stop  context.CancelFunc
	ended chan error
}

func (s *testShop) serve(grace time.Duration) *running {
	s.t.Helper()
	var lc net.ListenConfig
	listener, err := lc.Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	a := &app{shop: s.shop, server: s.Server, outbox: s.outbox, log: s.log, client: s.db.Client(), streams: s.db.StreamsClient(), grace: grace}
	ctx, stop := context.WithCancel(context.WithoutCancel(s.t.Context()))
	r := &running{testShop: s, url: "http://" + listener.Addr().String(), stop: stop, ended: make(chan error, 1)}
	go func() { r.ended <- a.serve(ctx, listener) }()
	return r
}

// held stops the next request of an operation until it is released, and no other.
func (s *testShop) held(operation string) (reached <-chan struct{}, release func()) {
	arrived, released := make(chan struct{}), make(chan struct{})
	var held atomic.Bool
	s.db.Inject(memory.Delay(0).On(operation).When(func(memory.Request) bool {
		if held.CompareAndSwap(false, true) {
			close(arrived)
			<-released
		}
		return false
	}))
	return arrived, sync.OnceFunc(func() { close(released) })
}

const graceOfTests = time.Minute

type result struct {
	status int
	err    error
}

func post(url, token string) <-chan result {
	done := make(chan result, 1)
	go func() {
		req, err := http.NewRequest(http.MethodPost, url, strings.NewReader("{}"))
		if err != nil {
			done <- result{0, err}
			return
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Idempotency-Key", "request 1")
		req.Close = true
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			done <- result{0, err}
			return
		}
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		done <- result{res.StatusCode, err}
	}()
	return done
}

// A request that is being answered when the shop shuts down is answered, and new ones are not taken.
func TestShutdownWithRequestsInFlight(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("card", 120, 5)
	ann := s.signedUp("ann")
	s.fill(ann, "card", 1).want(http.StatusOK)
	reached, release := s.held("TransactWriteItems")
	r := s.serve(time.Minute)
	answered := post(r.url+"/api/orders", ann)
	<-reached
	r.stop()
	for !s.draining.Load() { // until the signal has come through
		runtime.Gosched()
	}
	s.call("", "GET", "/readyz", nil).want(http.StatusServiceUnavailable)
	select {
	case err := <-r.ended:
		t.Fatalf("it has ended before the answer: %v", err)
	case got := <-answered:
		t.Fatalf("it has answered %+v before the table did", got)
	default:
	}
	release()
	if got := <-answered; got.status != http.StatusCreated || got.err != nil {
		t.Errorf("the answer is %+v", got)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("it has ended with %v", err)
	}
	if got := <-post(r.url+"/api/orders", ann); got.err == nil {
		t.Errorf("a request after the end has got %+v", got)
	}
	s.handleAll(s.shop.Positions)
	s.wantBooks()
}

// A request that takes longer than the grace is cut off. The order is made or not, and the client finds out by asking again.
func TestShutdownDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("card", 120, 5)
	ann := s.signedUp("ann")
	s.fill(ann, "card", 1).want(http.StatusOK)
	reached, release := s.held("TransactWriteItems")
	defer release()
	r := s.serve(time.Millisecond)
	answered := post(r.url+"/api/orders", ann)
	<-reached
	r.stop()
	if err := <-r.ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it has ended with %v", err)
	}
	release()
	if got := <-answered; got.status == http.StatusCreated {
		t.Errorf("the answer is %+v", got)
	}
	next := openOn(t, s.db)
	var order Order
	next.again(func() *answer { return next.place(ann, "request 1", object{}) }, &order)
	next.handleAll(next.shop.Positions)
	if books := next.wantBooks(); books.Orders != 1 {
		t.Errorf("the books have %+v", books)
	}
}

// A log line of a request to the table has the id of the request that it was for.
func TestLogHasRequestIDs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(withRequestIDs{slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})})
	s := open(t)
	model := Declare("shop")
	if err := model.Table.Configure(s.metrics.Observe(log)); err != nil {
		t.Fatal(err)
	}
	model.Table.Use(s.db.Client(soon))
	s.log = log
	s.shop.Model = model
	remove := s.db.Inject(memory.Throttle().On("GetItem"))
	s.call("", "GET", "/api/products/card", nil, "X-Request-Id", "id-of-it").want(http.StatusServiceUnavailable)
	remove()
	for _, want := range []string{"request.operation=GetItem", "msg=\"request failed\"", "msg=request method=GET path=/api/products/card status=503"} {
		found := false
		for line := range strings.SplitSeq(out.String(), "\n") {
			found = found || strings.Contains(line, want) && strings.Contains(line, "request_id=id-of-it")
		}
		if !found {
			t.Errorf("no line has %s with the id:\n%s", want, &out)
		}
	}
	for line := range strings.SplitSeq(out.String(), "\n") {
		if strings.Contains(line, "PRODUCT#card") && !strings.Contains(line, "request failed") {
			t.Errorf("the log shows a key: %s", line)
		}
	}
}
