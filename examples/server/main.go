// Command server serves an in-process DynamoDB over HTTP, for any SDK in any language:
//
//	go run ./examples/server -addr 127.0.0.1:8000
//	aws dynamodb list-tables --endpoint-url http://127.0.0.1:8000
//
// Any region and credentials do, and each pair of access key and region has tables of its own, unless -shared
// is given. Streams are served at the same address. Expired items are removed within a second. The data is gone
// when the program ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/entable/entable/memory"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "address to listen on; port 0 takes a free one")
	shared := flag.Bool("shared", false, "let all access keys and regions meet the same tables")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	opts := []memory.Option{memory.WithExpiry(time.Second)}
	if *shared {
		opts = append(opts, memory.WithSharedTables())
	}
	if err := serve(ctx, *addr, func(url string) { fmt.Println("listening on", url) }, opts...); err != nil {
		log.Fatal(err)
	}
}

// serve serves a new database until the context ends, and tells ready its URL.
func serve(ctx context.Context, addr string, ready func(url string), opts ...memory.Option) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	ready("http://" + listener.Addr().String())
	db := memory.New(opts...)
	defer db.Close()
	server := &http.Server{Handler: db, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
