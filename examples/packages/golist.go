package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os/exec"
)

// listed is a package as `go list -json` prints it.
type listed struct {
	ImportPath   string
	Name         string
	Doc          string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	Imports      []string
}

// decode ranges over the packages in r, a stream of JSON objects. An error ends it.
func decode(r io.Reader) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		d := json.NewDecoder(r)
		for n := 1; ; n++ {
			var p listed
			err := d.Decode(&p)
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil && p.ImportPath == "" {
				err = errors.New("it has no ImportPath")
			}
			if err != nil {
				yield(p, fmt.Errorf("cannot read package %d of the list: %w", n, err))
				return
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// goList runs go list and ranges over the packages while it prints them. What it writes to standard
// error goes to stderr; when it fails, that is the error, whatever it printed before.
func goList(ctx context.Context, stderr io.Writer, pattern string) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		cmd := exec.CommandContext(ctx, "go", "list",
			"-json=ImportPath,Name,Doc,GoFiles,TestGoFiles,XTestGoFiles,Imports", pattern)
		cmd.Stderr = stderr
		pipe, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			yield(listed{}, fmt.Errorf("cannot run go list: %w", err))
			return
		}
		var bad error
		for p, err := range decode(pipe) {
			if err != nil {
				bad = err
				break
			}
			if !yield(p, nil) {
				cancel()
				_ = cmd.Wait() // the caller has what it wants
				return
			}
		}
		_, _ = io.Copy(io.Discard, pipe) // so that it can end by itself
		if err := cmd.Wait(); err != nil {
			bad = fmt.Errorf("cannot run go list %s: %w", pattern, err)
		}
		if bad != nil {
			yield(listed{}, bad)
		}
	}
}
