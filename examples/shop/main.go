// Shop is a whole service on one table: an HTTP API, pages for browsers, and an outbox that follows the table's stream.
//
//	go run ./examples/shop
//	go run ./examples/shop -load 10000
//	go run ./examples/shop -endpoint http://localhost:8000 -table shop -create -demo
//	go run ./examples/shop -table shop -region eu-west-1
//
// Without flags the table lives in the process, with a few products. With -table it is one of the service, or with -endpoint of a
// server such as DynamoDB Local; it is created only with -create. Credentials are those of the environment (AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION); with -endpoint they may be missing.
//
// SHOP_SECRET, 32 characters at the least, is what cursors and forms are protected with; instances that share a table share it.
// SHOP_STAFF is the token of the staff's requests. Without them both are made up for the life of the process.
//
// With -load so many requests of made-up customers are sent, and then the whole table is checked: it exits with 1 if anything was
// lost, doubled or wrong.
package main

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/entable/entable"
)

// settings are the flags and the environment.
type settings struct {
	addr, endpoint, region, table      string
	create, demo, addIndexes, backfill bool
	outbox, https, verbose             bool
	load, clients                      int
	faults                             float64
	grace                              time.Duration
	secret, staff                      string
}

func main() {
	s := settings{secret: os.Getenv("SHOP_SECRET"), staff: os.Getenv("SHOP_STAFF")}
	s.flags(flag.CommandLine)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := s.run(ctx, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (s *settings) flags(f *flag.FlagSet) {
	f.StringVar(&s.addr, "addr", "127.0.0.1:8090", "`address` to listen on; port 0 takes a free one")
	f.StringVar(&s.endpoint, "endpoint", "", "`URL` of a DynamoDB server (default one in the process, or with -table the service)")
	f.StringVar(&s.region, "region", os.Getenv("AWS_REGION"), "`region` of the table")
	f.StringVar(&s.table, "table", "", "`name` of the table (default \"shop\")")
	f.BoolVar(&s.create, "create", false, "create the table if it is missing")
	f.BoolVar(&s.demo, "demo", false, "add a few products")
	f.BoolVar(&s.addIndexes, "add-indexes", false, "add to the table the indexes that it lacks, and exit")
	f.BoolVar(&s.backfill, "backfill", false, "give stored items the index keys that they lack, and exit")
	f.BoolVar(&s.outbox, "outbox", true, "handle the table's stream: in one of the instances")
	f.BoolVar(&s.https, "https", false, "browsers come by HTTPS, through a proxy: cookies are for that alone")
	f.BoolVar(&s.verbose, "v", false, "log requests to the table that failed, were repeated or slow")
	f.IntVar(&s.load, "load", 0, "send so many `requests`, check the table, and exit")
	f.IntVar(&s.clients, "clients", 16, "how many customers at once, with -load")
	f.Float64Var(&s.faults, "faults", 0, "`share` of the requests to a table in the process that fail, such as 0.02, with -load")
	f.DurationVar(&s.grace, "grace", 15*time.Second, "how long requests may take when it is shutting down")
}

// run does what the flags say until the context ends.
func (s *settings) run(ctx context.Context, out, errs io.Writer) error {
	log := s.logger(errs)
	a, err := s.open(ctx, log)
	if err != nil {
		return err
	}
	defer a.close()
	switch {
	case s.addIndexes:
		return a.shop.Table.AddIndexes(ctx)
	case s.backfill:
		_, err := backfill(ctx, a.shop.Model, errs)
		return err
	}
	if err := s.prepare(ctx, a); err != nil {
		return err
	}
	if s.load > 0 {
		if a.db != nil {
			a.db.Inject(randomFaults(s.faults)...)
		}
		return a.load(ctx, s.load, s.clients, out, errs)
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", s.addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "the shop is at http://%s/\n", listener.Addr())
	if s.local() && os.Getenv("SHOP_STAFF") == "" {
		fmt.Fprintln(out, "the staff's token is", a.server.staff)
	}
	return a.serve(ctx, listener)
}

// local reports whether the table lives in the process.
func (s *settings) local() bool { return s.endpoint == "" && s.table == "" }

// prepare brings the table into a state to serve from, or says what is missing.
func (s *settings) prepare(ctx context.Context, a *app) error {
	m := a.shop.Model
	if s.create || s.local() {
		if err := m.Table.Ensure(ctx, withStream); err != nil {
			return err
		}
	}
	if err := m.Table.Require(ctx); err != nil {
		return fmt.Errorf("%w\n-create creates the table, -add-indexes adds the indexes that it lacks", err)
	}
	if err := m.Table.Verify(ctx); err != nil {
		return err
	}
	if s.demo || s.local() && s.load == 0 {
		return a.shop.addDemo(ctx)
	}
	return nil
}

// open makes the parts of the program and puts them together. It sends nothing.
func (s *settings) open(ctx context.Context, log *slog.Logger) (*app, error) {
	if s.secret == "" {
		s.secret = rand.Text() + rand.Text()
		if !s.local() {
			log.WarnContext(ctx, "SHOP_SECRET is not set: cursors and forms end with this process")
		}
	}
	if len(s.secret) < 32 {
		return nil, errors.New("SHOP_SECRET has less than 32 characters")
	}
	cursorKey, err := hkdf.Key(sha256.New, []byte(s.secret), nil, "cursors", 32)
	if err != nil {
		return nil, err
	}
	formKey, err := hkdf.Key(sha256.New, []byte(s.secret), nil, "forms", 32)
	if err != nil {
		return nil, err
	}
	metrics := NewMetrics()
	model := Declare(cmp.Or(s.table, "shop"))
	if err := model.Table.Configure(entable.CursorKey(cursorKey), metrics.Observe(log)); err != nil {
		return nil, err
	}
	shop := &Shop{Model: model, now: time.Now, rounds: passwordRounds}
	if s.load > 0 {
		shop.rounds = 1000 // the load is about the table
	}
	a := &app{shop: shop, log: log, grace: s.grace}
	a.server = &Server{shop: shop, log: log, metrics: metrics, forms: forms{formKey}, staff: cmp.Or(s.staff, rand.Text()), https: s.https}
	if s.outbox {
		a.outbox = NewOutbox(shop, log, metrics)
	}
	return a, s.connect(a)
}

func (s *settings) logger(w io.Writer) *slog.Logger {
	level := slog.LevelInfo
	switch {
	case s.verbose:
		level = slog.LevelDebug
	case s.load > 0:
		level = slog.LevelError + 1 // faults are told of in the report
	}
	return slog.New(withRequestIDs{slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})})
}
