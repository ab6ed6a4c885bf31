package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/entable/entable/memory"
)

// goroutineContestants write and read the same items of two partitions, one partition after the other and both at once:
// with requests straight to the database's handler, and through the SDK's client.
//
// The goal is on the first pair, because the second one does not show the database. A request through the SDK leaves 28 kB
// of garbage, nearly all of it the SDK's, and the collector works on the processor that one goroutine leaves idle: that
// goroutine already keeps 1.3 processors busy, and the SDK alone, before a transport that does nothing, gains 1.3 to 1.6 from
// a second one.
//
// What the machine allows is said by the same work in two databases at once.
//
// The table holds other items, too, as many as beside says: what is alive decides how often garbage is collected, and a
// process with an empty database does so after every hundred requests of the SDK.
func goroutineContestants(ctx context.Context, beside int) ([]contestant, error) {
	db, err := filled(ctx, beside)
	if err != nil {
		return nil, err
	}
	other, err := filled(ctx, beside)
	if err != nil {
		return nil, err
	}
	s := server{db.Client(), tableName}
	direct := func(a, b *memory.DB) []contestant {
		callers := map[string]*caller{"a": newCaller(ctx, a, "a"), "b": newCaller(ctx, b, "b")}
		return goroutinePair(engineGoroutines, func(_ context.Context, partition string) error {
			for range 10 {
				if err := callers[partition].run(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	apart := direct(db, other)[1]
	apart.name = floorApart
	return slices.Concat(
		direct(db, db), []contestant{apart},
		goroutinePair(engineGoroutinesSDK, func(ctx context.Context, partition string) error {
			for i := range 50 {
				item := key(partition, i)
				if err := s.put(ctx, item); err != nil {
					return err
				}
				got, err := s.get(ctx, item)
				if err != nil {
					return err
				}
				if len(got) != len(item) {
					return fmt.Errorf("got %d attributes of %d", len(got), len(item))
				}
			}
			return nil
		})), nil
}

// filled returns a database whose table holds n items.
func filled(ctx context.Context, n int) (*memory.DB, error) {
	db := memory.New()
	if err := (server{db.Client(), tableName}).create(ctx); err != nil {
		return nil, err
	}
	return db, fill(ctx, db, tableName, n, heldItem)
}

// goroutinePair does the work of both partitions in one goroutine and in two.
func goroutinePair(row string, work func(ctx context.Context, partition string) error) []contestant {
	return []contestant{
		{row: row, name: oneGoroutine, run: func(ctx context.Context) error {
			if err := work(ctx, "a"); err != nil {
				return err
			}
			return work(ctx, "b")
		}},
		{row: row, name: twoGoroutines, run: func(ctx context.Context) error {
			var first error
			var wg sync.WaitGroup
			wg.Go(func() { first = work(ctx, "a") })
			second := work(ctx, "b")
			wg.Wait()
			if first != nil {
				return first
			}
			return second
		}},
	}
}

// caller writes and reads items of one partition with prepared requests. It is the body of all and the http.ResponseWriter,
// so that hardly anything but the handler is measured.
type caller struct {
	handler  http.Handler
	requests []callerRequest
	body     bytes.Reader
	header   http.Header
	status   int
	got      []byte
}

type callerRequest struct {
	*http.Request
	body, want []byte
}

func newCaller(ctx context.Context, h http.Handler, partition string) *caller {
	c := &caller{handler: h, header: http.Header{}}
	put, get := newRequest(ctx, "PutItem", nil), newRequest(ctx, "GetItem", nil)
	put.Body, get.Body = c, c
	for i := range 500 {
		item := fmt.Sprintf(`{"pk":{"S":%q},"sk":{"S":"%08d"}}`, partition, i)
		c.requests = append(c.requests,
			callerRequest{put, []byte(`{"TableName":"` + tableName + `","Item":` + item + `}`), []byte(`{}`)},
			callerRequest{get, []byte(`{"TableName":"` + tableName + `","Key":` + item + `}`), []byte(`{"Item":` + item + `}`)})
	}
	return c
}

func (c *caller) run() error {
	for _, r := range c.requests {
		c.body.Reset(r.body)
		r.ContentLength = int64(len(r.body))
		c.handler.ServeHTTP(c, r.Request)
		if c.status != http.StatusOK || !bytes.Equal(c.got, r.want) {
			return fmt.Errorf("%s: status %d: got %s, want %s", r.Header.Get("X-Amz-Target"), c.status, c.got, r.want)
		}
	}
	return nil
}

func (c *caller) Read(p []byte) (int, error) { return c.body.Read(p) }
func (c *caller) Close() error               { return nil }
func (c *caller) Header() http.Header        { return c.header }
func (c *caller) WriteHeader(status int)     { c.status = status }
func (c *caller) Write(p []byte) (int, error) {
	c.got = append(c.got[:0], p...)
	return len(p), nil
}
