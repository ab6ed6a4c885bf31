package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync"
	"sync/atomic"
)

// writers is how many goroutines write. Each has one request under way.
const writers = 8

// counts is what has been written.
type counts struct {
	packages, files, tests, imports atomic.Int64
}

func (c *counts) items() int64 {
	return c.packages.Load() + c.files.Load() + c.tests.Load() + c.imports.Load()
}

// load writes packages as they come and keeps a progress line. The first error ends it; the writers
// have stopped when it returns.
func load(ctx context.Context, list iter.Seq2[listed, error], progress io.Writer) (*counts, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var written counts
	todo := make(chan listed)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for p := range todo {
				if err := write(ctx, p, &written); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	err := feed(ctx, list, todo, func() { fmt.Fprintf(progress, "\r%d items written", written.items()) })
	close(todo)
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	fmt.Fprintf(progress, "\r%d items written\n", written.items())
	return &written, err
}

// feed gives the packages of list to the writers until one of them fails.
func feed(ctx context.Context, list iter.Seq2[listed, error], todo chan<- listed, tick func()) error {
	n := 0
	for p, err := range list {
		if err != nil {
			return err
		}
		select {
		case todo <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
		if n++; n%20 == 0 {
			tick()
		}
	}
	return nil
}

// write writes all items of one package.
func write(ctx context.Context, p listed, written *counts) error {
	if err := Packages.Put(ctx, &Package{ImportPath: p.ImportPath, Name: p.Name, Doc: p.Doc}); err != nil {
		return err
	}
	written.packages.Add(1)
	for _, name := range p.GoFiles {
		if err := SourceFiles.Put(ctx, &SourceFile{Package: p.ImportPath, File: name}); err != nil {
			return err
		}
		written.files.Add(1)
	}
	for _, name := range p.TestGoFiles {
		if err := TestFiles.Put(ctx, &TestFile{Package: p.ImportPath, File: name}); err != nil {
			return err
		}
		written.tests.Add(1)
	}
	for _, name := range p.XTestGoFiles {
		if err := TestFiles.Put(ctx, &TestFile{Package: p.ImportPath, File: name, External: true}); err != nil {
			return err
		}
		written.tests.Add(1)
	}
	for _, path := range p.Imports {
		if err := Imports.Put(ctx, &Import{Importer: p.ImportPath, Imported: path}); err != nil {
			return err
		}
		written.imports.Add(1)
	}
	return nil
}
