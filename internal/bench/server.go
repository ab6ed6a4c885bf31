package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/entable/entable/memory"
)

// childItems makes the process a server, in a process of its own so that its CPU time is not the client's. It is the number of
// items that there are to scan. The command, and its tests, start themselves so.
const childItems = "ENTABLE_BENCH_SERVER"

// asServer serves, if the process is there for it, and reports whether it was.
func asServer() bool {
	items, ok := os.LookupEnv(childItems)
	if !ok {
		return false
	}
	if err := serve(context.Background(), os.Stdout, os.Stdin, items); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	return true
}

// startServer starts a server, which ends with stop or the context, and returns its URL.
func startServer(ctx context.Context, items int) (url string, stop func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	child := exec.CommandContext(ctx, self)
	child.Env = append(os.Environ(), childItems+"="+strconv.Itoa(items))
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := child.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := child.Start(); err != nil {
		return "", nil, err
	}
	stop = func() error { return errors.Join(in.Close(), child.Wait()) }
	if url, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		return "", nil, errors.Join(fmt.Errorf("cannot start the server: %w", err), stop())
	}
	return strings.TrimSpace(url), stop, nil
}

// serve serves a database until its input ends, and prints its URL when all items are there.
func serve(ctx context.Context, out io.Writer, in io.Reader, items string) error {
	n, err := strconv.Atoi(items)
	if err != nil {
		return err
	}
	db := memory.New(memory.WithSharedTables())
	defer db.Close()
	for table, n := range map[string]int{tableName: socketGoroutines, scannedTable: n} {
		if err := (server{db.Client(), table}).create(ctx); err != nil {
			return err
		}
		if err := fill(ctx, db, table, n, storedOrder); err != nil {
			return err
		}
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{Handler: db, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	if _, err := fmt.Fprintf(out, "http://%s\n", listener.Addr()); err != nil {
		return err
	}
	_, inputErr := io.Copy(io.Discard, in)
	closeErr := s.Close()
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return errors.Join(inputErr, closeErr)
}

// storedOrder returns the i-th order of the workload as the service sends it.
func storedOrder(i int) string {
	o := order(i)
	return itemJSON(&o, kinds[0])
}
