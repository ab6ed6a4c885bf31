// Explorer shows a table in the browser.
//
//	go run ./examples/explorer
//	go run ./examples/explorer -endpoint http://localhost:8000 -table items
//	go run ./examples/explorer -table items -region eu-west-1
//
// Without flags it is a sample that lives in the process, with a registry. With -table it is any table, of which no registry is
// known: what kinds of items there are is guessed from a sample. Nothing is written to it, unless -write is given. Credentials
// are those of the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION); with -endpoint
// they may be missing.
//
// It listens on this machine alone, and prints the address. Whoever can reach it can read the table.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/examples/explorer/sample"
	"github.com/entable/entable/explorer"
	"github.com/entable/entable/memory"
)

// settings are the flags.
type settings struct {
	addr, endpoint, region, table string
	write                         bool
}

func main() {
	var s settings
	flag.StringVar(&s.addr, "addr", "127.0.0.1:8088", "`address` to listen on; port 0 takes a free one")
	flag.StringVar(&s.endpoint, "endpoint", "", "`URL` of a DynamoDB server")
	flag.StringVar(&s.region, "region", os.Getenv("AWS_REGION"), "`region` of the table")
	flag.StringVar(&s.table, "table", "", "`name` of a table to show instead of the sample")
	flag.BoolVar(&s.write, "write", false, "let items be changed and deleted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := s.run(ctx, func(url string) { fmt.Println("the table is at", url) }); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves the explorer until the context ends, and tells ready its URL.
func (s *settings) run(ctx context.Context, ready func(url string)) error {
	handler, err := s.handler(ctx)
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", s.addr)
	if err != nil {
		return err
	}
	ready("http://" + listener.Addr().String() + "/")
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *settings) handler(ctx context.Context) (http.Handler, error) {
	var opts []explorer.Option
	if s.write {
		opts = append(opts, explorer.AllowWrites())
	}
	if s.table != "" {
		return explorer.Guess(ctx, s.client(), s.table, opts...)
	}
	return explorer.New(sample.Table, opts...), fill(ctx, memory.New().Client())
}

// fill creates the sample's table and writes its data.
func fill(ctx context.Context, client *dynamodb.Client) error {
	sample.Table.Use(client)
	if err := sample.Table.CreateTable(ctx); err != nil {
		return err
	}
	return sample.Fill(ctx)
}

func (s *settings) client() *dynamodb.Client {
	o := dynamodb.Options{Region: cmp.Or(s.region, "us-east-1")}
	id, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	if s.endpoint != "" {
		o.BaseEndpoint = aws.String(s.endpoint)
		id, secret = cmp.Or(id, "local"), cmp.Or(secret, "local")
	}
	o.Credentials = credentials.NewStaticCredentialsProvider(id, secret, os.Getenv("AWS_SESSION_TOKEN"))
	return dynamodb.New(o)
}
