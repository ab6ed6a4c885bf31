package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/entable/entable/memory"
	"github.com/entable/entable/stream"
)

// app is one instance of the shop.
type app struct {
	shop    *Shop
	server  *Server
	outbox  *Outbox // nil where another instance has it
	log     *slog.Logger
	client  *dynamodb.Client
	streams stream.Client
	db      *memory.DB // nil where the table is elsewhere
	close   func()
	grace   time.Duration
}

// connect gives the app the clients of its table.
func (s *settings) connect(a *app) error {
	if s.faults > 0 && !s.local() {
		return errors.New("-faults is for a table in the process")
	}
	if s.local() {
		a.db = memory.New(memory.WithExpiry(time.Minute))
		a.client, a.streams, a.close = a.db.Client(soon), a.db.StreamsClient(), a.db.Close
	} else {
		id, secret, region := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), cmp.Or(s.region, "us-east-1")
		var endpoint *string
		if s.endpoint != "" {
			endpoint = aws.String(s.endpoint)
			id, secret = cmp.Or(id, "local"), cmp.Or(secret, "local")
		}
		provider := credentials.NewStaticCredentialsProvider(id, secret, os.Getenv("AWS_SESSION_TOKEN"))
		http := &http.Client{Timeout: 5 * time.Second, Transport: transport()}
		a.client = dynamodb.New(dynamodb.Options{BaseEndpoint: endpoint, Region: region, Credentials: provider, HTTPClient: http})
		a.streams = dynamodbstreams.New(dynamodbstreams.Options{BaseEndpoint: endpoint, Region: region, Credentials: provider, HTTPClient: http})
		a.close = http.CloseIdleConnections
	}
	a.shop.Table.Use(a.client)
	return nil
}

// soon makes the pauses between a client's attempts short: a table in the process is not overloaded, it only says so.
func soon(o *dynamodb.Options) {
	o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) { s.MaxBackoff = time.Millisecond })
}

// transport returns one that keeps as many connections as there are requests at once.
func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 100
	return t
}

// randomFaults let a share of the requests to the table fail, in all the ways that there are.
func randomFaults(share float64) []memory.Fault {
	if share <= 0 {
		return nil
	}
	kinds := []memory.Fault{memory.DropAfter(), memory.DropBefore(), memory.Throttle(), memory.InternalError(), memory.Conflict().On("TransactWriteItems")}
	for i := range kinds {
		kinds[i] = kinds[i].Table("shop").When(func(memory.Request) bool { return rand.Float64() < share/float64(len(kinds)) })
	}
	return kinds
}

// serve answers requests and handles changes until the context ends. Then, one after the other: readiness says no, no new
// connections are taken, requests are answered to their end, and the outbox finishes the change that it is at and keeps its
// position. Requests that take longer than the grace are cut off, which is an error.
func (a *app) serve(ctx context.Context, listener net.Listener) error {
	running := context.WithoutCancel(ctx) // the end of ctx is no end of a request
	server := &http.Server{
		Handler:           a.server.Handler(),
		BaseContext:       func(net.Listener) context.Context { return running },
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       requestTime,
		WriteTimeout:      2 * requestTime,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	changes, stop := context.WithCancel(running)
	defer stop()
	var outbox sync.WaitGroup
	if a.outbox != nil {
		outbox.Go(func() { a.outbox.Run(changes, a.streams, interval) })
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()

	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		a.log.Info("shutting down")
		a.server.draining.Store(true)
		grace, cancel := context.WithTimeout(running, a.grace)
		defer cancel()
		if err = server.Shutdown(grace); err != nil {
			_ = server.Close() // cuts the connections, and with each the context of its request
		}
	}
	stop()
	outbox.Wait()
	return err
}
