// Packages loads the package graph of Go's standard library into one table and answers questions
// from it.
//
//	go run ./examples/packages -package net/http
//	go run ./examples/packages -importers fmt
//	go list -json std | go run ./examples/packages -stdin -importers fmt
//
// It runs go list for the graph or, with -stdin, reads what go list -json has printed for any
// packages. -package prints all that is stored of one package, from one query; -importers prints who
// imports a package, from an index. The last line sums up what was loaded: files are those that
// go list calls GoFiles.
//
// The table lives in the process. With -endpoint http://localhost:8000 it is one of a server such as
// DynamoDB Local, and created there when it is missing. When it is there, only what has changed since is
// sent.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// questions are what to answer once the graph is loaded: import paths, or "".
type questions struct{ packagePath, importersOf string }

func main() {
	var q questions
	flag.StringVar(&q.packagePath, "package", "", "print the items of the package with this import `path`")
	flag.StringVar(&q.importersOf, "importers", "", "print who imports the package with this import `path`")
	stdin := flag.Bool("stdin", false, "read the output of go list -json from standard input instead of running it")
	endpoint := flag.String("endpoint", "", "`URL` of a DynamoDB server (default one in the process)")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	list := goList(ctx, os.Stderr, "std")
	if *stdin {
		list = decode(os.Stdin)
	}
	client := memory.New().Client()
	if *endpoint != "" {
		client = connect(*endpoint)
	}
	if err := run(ctx, client, list, q, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// connect makes a client of a server that takes any credentials.
func connect(endpoint string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: &endpoint,
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

func run(ctx context.Context, client *dynamodb.Client, list iter.Seq2[listed, error], q questions, out, messages io.Writer) error {
	start := time.Now()
	Table.Use(client)
	err := Table.CreateTable(ctx)
	if err != nil && !errors.Is(err, entable.ErrTableExists) {
		return err
	}
	loaded, err := load(ctx, list, err == nil, messages)
	if err != nil {
		return err
	}
	if q.packagePath != "" {
		if err := printPackage(ctx, q.packagePath, out); err != nil {
			return err
		}
	}
	if q.importersOf != "" {
		if err := printImporters(ctx, q.importersOf, out); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "packages=%d files=%d imports=%d written=%d seconds=%.2f\n",
		loaded.packages.Load(), loaded.files.Load(), loaded.imports.Load(), loaded.written.Load(), time.Since(start).Seconds())
	return nil
}
