package main

import (
	"context"
	"io"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/entable/entable"
	"github.com/entable/entable/progress"
)

// readers is how many packages are compared with the table at once.
const readers = 8

// counts is what the graph has, and what of it had to be written.
type counts struct {
	packages, files, tests, imports atomic.Int64
	written                         atomic.Int64
}

func (c *counts) items() int64 {
	return c.packages.Load() + c.files.Load() + c.tests.Load() + c.imports.Load()
}

// loader brings the table up to date. A table that was just created is empty: nothing is read from it.
type loader struct {
	counts
	fresh  bool
	writer *entable.BatchWriter
}

// load writes packages as they come, in batches, and keeps a progress line. Of a package that the table
// has already, only what is different is sent. The first error ends it; the workers have stopped when
// it returns.
func load(ctx context.Context, list iter.Seq2[listed, error], fresh bool, messages io.Writer) (*counts, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l := &loader{fresh: fresh, writer: entable.NewBatchWriter(entable.Concurrency(readers))}
	var stats entable.Stats
	ctx = entable.WithStats(ctx, &stats)
	line := progress.New(messages, "load", progress.Options{Cost: func() (read, write float64) {
		total := stats.Total()
		return total.ReadUnits, total.WriteUnits
	}})
	defer line.End()
	todo := make(chan listed)
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			for p := range todo {
				if err := l.update(ctx, p); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	err := feed(ctx, list, todo, func() { line.Set(int(l.items())) })
	close(todo)
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err == nil {
		err = l.writer.Close(ctx)
	}
	line.Set(int(l.items()))
	return &l.counts, err
}

// feed gives the packages of list to the workers until one of them fails.
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

// update makes the items of one package those of the list.
func (l *loader) update(ctx context.Context, p listed) error {
	have := &PackageItems{}
	if !l.fresh {
		var err error
		if have, err = Tree.Get(ctx, Package{ImportPath: p.ImportPath}); err != nil {
			return err
		}
	}
	var old []Package
	if have.Package != nil {
		old = []Package{*have.Package}
	}
	want := p.items()
	var writes []entable.Write
	writes = differences(writes, Packages, old, []Package{*want.Package}, func(p Package) string { return p.ImportPath })
	writes = differences(writes, SourceFiles, have.Sources, want.Sources, func(f SourceFile) string { return f.File })
	writes = differences(writes, TestFiles, have.Tests, want.Tests, func(f TestFile) string { return f.File })
	writes = differences(writes, Imports, have.Imports, want.Imports, func(i Import) string { return i.Imported })
	l.packages.Add(1)
	l.files.Add(int64(len(want.Sources)))
	l.tests.Add(int64(len(want.Tests)))
	l.imports.Add(int64(len(want.Imports)))
	l.written.Add(int64(len(writes)))
	return l.writer.Write(ctx, writes...)
}

// differences adds the writes that make the stored items into the wanted ones.
func differences[T comparable](writes []entable.Write, e *entable.Entity[T], stored, wanted []T, key func(T) string) []entable.Write {
	byKey := make(map[string]T, len(stored))
	for _, s := range stored {
		byKey[key(s)] = s
	}
	for _, w := range wanted {
		s, found := byKey[key(w)]
		delete(byKey, key(w))
		switch {
		case !found:
			writes = append(writes, e.PutOp(&w))
		case s != w:
			writes = append(writes, e.SaveChangesOp(s, &w))
		}
	}
	for _, gone := range byKey {
		writes = append(writes, e.DeleteOp(gone))
	}
	return writes
}

// items returns the package as it is stored.
func (p *listed) items() PackageItems {
	items := PackageItems{Package: &Package{ImportPath: p.ImportPath, Name: p.Name, Doc: p.Doc}}
	for _, name := range p.GoFiles {
		items.Sources = append(items.Sources, SourceFile{Package: p.ImportPath, File: name})
	}
	for _, name := range p.TestGoFiles {
		items.Tests = append(items.Tests, TestFile{Package: p.ImportPath, File: name})
	}
	for _, name := range p.XTestGoFiles {
		items.Tests = append(items.Tests, TestFile{Package: p.ImportPath, File: name, External: true})
	}
	for _, path := range p.Imports {
		items.Imports = append(items.Imports, Import{Importer: p.ImportPath, Imported: path})
	}
	return items
}
