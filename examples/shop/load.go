package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/entable/entable"
	"github.com/entable/entable/progress"
)

// errLost is the end of a load after which something was lost, doubled or wrong.
var errLost = errors.New("the books do not add up")

// load sends requests of made-up customers to an instance of its own, over HTTP, and then checks the table.
func (a *app) load(ctx context.Context, requests, clients int, out, errs io.Writer) error {
	if a.outbox == nil {
		return errors.New("-load checks receipts: it needs the outbox")
	}
	var stats entable.Stats
	serving, stop := context.WithCancel(entable.WithStats(ctx, &stats))
	defer stop()
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- a.serve(serving, listener) }()

	products, err := a.shop.addLoad(ctx, requests)
	if err != nil {
		return err
	}
	fmt.Fprintf(errs, "%d products, %d requests, %d customers at once\n", products, requests, clients)
	t := &trip{base: "http://" + listener.Addr().String(), http: &http.Client{Transport: transport()}, steps: map[string]*step{}, acks: map[string]*ack{}}
	t.left.Store(int64(requests))
	start := time.Now()
	err = t.run(ctx, clients, requests, errs)
	took := time.Since(start)
	t.http.CloseIdleConnections() // a server that shuts down waits for connections that were never used
	if err != nil {
		return err
	}
	books, err := a.settle(ctx, errs)
	if err != nil {
		return err
	}
	stop()
	if err := <-ended; err != nil {
		return err
	}
	if err := t.confirm(ctx, a.shop, books); err != nil {
		return err
	}
	t.report(out, took, clients, stats.Total())
	return books.report(out)
}

// addLoad adds products that are enough for most of the customers.
func (s *Shop) addLoad(ctx context.Context, requests int) (int, error) {
	const products = 30
	run := time.Now().UTC().Format("20060102150405")
	for i := range products {
		p := Product{ID: fmt.Sprintf("load-%s-%d", run, i), Category: Categories[i%len(Categories)], Name: fmt.Sprintf("Load %s %d", run, i), Price: Money(100 + 7*i)}
		err := again(ctx, func() error {
			_, err := s.AddProduct(ctx, p, 5+requests/40)
			if errors.Is(err, entable.ErrExists) {
				return nil // by an attempt before, whose answer was lost
			}
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return products, nil
}

// run has the customers do what they do, until all requests are sent or something is wrong.
func (t *trip) run(ctx context.Context, clients, requests int, errs io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	seed := rand.Uint64()
	fmt.Fprintln(errs, "seed", seed)
	var customers sync.WaitGroup
	for i := range clients {
		customers.Go(func() {
			if err := t.journeys(ctx, rand.New(rand.NewPCG(seed, uint64(i)))); err != nil {
				cancel(err)
			}
		})
	}
	line := progress.New(errs, "load", progress.Options{Unit: "requests", Total: requests})
	defer line.End()
	finished := make(chan struct{})
	go func() {
		customers.Wait()
		close(finished)
	}()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-finished:
			return context.Cause(ctx)
		case <-tick.C:
			line.Set(int(t.done.Load()))
		}
	}
}

// settle waits until the outbox has done what follows from the last payments, as long as it gets ahead.
func (a *app) settle(ctx context.Context, errs io.Writer) (*Books, error) {
	const patience = 40 // looks without a change
	line := progress.New(errs, "outbox", progress.Options{Unit: "receipts"})
	defer line.End()
	done, idle := -1, 0
	for {
		books, err := a.shop.Check(ctx)
		if err != nil {
			return nil, err
		}
		line.Expect(books.Paid)
		line.Set(books.Receipts)
		if idle++; len(books.Wrong) != done {
			done, idle = len(books.Wrong), 0
		}
		if len(books.Wrong) == 0 || idle == patience {
			return books, nil
		}
		select {
		case <-time.After(interval / 2):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// confirm looks whether all is there that customers were told of.
func (t *trip) confirm(ctx context.Context, s *Shop, books *Books) error {
	found := map[string]*Order{}
	for o, err := range s.Orders.Scan().Segments(4).All(ctx) {
		if err != nil {
			return err
		}
		found[o.ID] = o
	}
	for _, id := range slices.Sorted(maps.Keys(t.acks)) {
		said, o := t.acks[id], found[id]
		if o == nil || o.Total != said.total || said.paid && o.State != Paid {
			books.Wrong = append(books.Wrong, fmt.Sprintf("a customer was told of order %s: %+v, and it is %+v", id, *said, o))
		}
	}
	return nil
}

func (t *trip) report(out io.Writer, took time.Duration, clients int, cost entable.Counts) {
	n := t.done.Load()
	fmt.Fprintf(out, "%d requests of %d customers at once in %s: %.0f a second\n\n", n, clients, took.Round(time.Millisecond), float64(n)/took.Seconds())
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\trequests\trefused\trepeated\tfailed\t50 %\t90 %\t99 %\tlongest\t")
	all := &step{}
	for _, kind := range slices.Sorted(maps.Keys(t.steps)) {
		s := t.steps[kind]
		s.row(w, kind)
		all.took = append(all.took, s.took...)
		all.refused, all.repeated, all.failed = all.refused+s.refused, all.repeated+s.repeated, all.failed+s.failed
	}
	all.row(w, "all")
	w.Flush()
	fmt.Fprintf(out, "\nthe table: %d requests, %d repeated by the SDK, %d failed; %.0f read units, %.0f write units; %.2f and %.2f a request of a customer\n",
		cost.Requests, cost.Retries, cost.Errors, cost.ReadUnits, cost.WriteUnits, cost.ReadUnits/float64(max(n, 1)), cost.WriteUnits/float64(max(n, 1)))
}

func (s *step) row(w io.Writer, name string) {
	slices.Sort(s.took)
	at := func(share float64) time.Duration {
		if len(s.took) == 0 {
			return 0
		}
		return s.took[int(share*float64(len(s.took)-1))].Round(10 * time.Microsecond)
	}
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t\n", name, len(s.took), s.refused, s.repeated, s.failed, at(.5), at(.9), at(.99), at(1))
}

func (b *Books) report(out io.Writer) error {
	fmt.Fprintf(out, "the books: %d customers, %d orders, %d paid with %s and %d receipts; %d received, %d sold, %d left\n",
		b.Customers, b.Orders, b.Paid, b.Amount, b.Receipts, b.Received, b.Sold, b.Left)
	for i, wrong := range b.Wrong {
		if i == 20 {
			fmt.Fprintf(out, "… and %d more\n", len(b.Wrong)-i)
			break
		}
		fmt.Fprintln(out, "WRONG:", wrong)
	}
	if len(b.Wrong) > 0 {
		return fmt.Errorf("%w: %d things are wrong", errLost, len(b.Wrong))
	}
	fmt.Fprintln(out, "nothing was lost, doubled or wrong")
	return nil
}
