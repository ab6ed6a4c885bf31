package main

import (
	"context"
	"fmt"
	"io"
)

// printPackage reads a package's partition, items of four types, with one query.
func printPackage(ctx context.Context, path string, out io.Writer) error {
	items, err := Tree.Get(ctx, Package{ImportPath: path})
	if err != nil {
		return err
	}
	if items.Package == nil {
		return fmt.Errorf("package %s is not in the table", path)
	}
	fmt.Fprintf(out, "package %s // import %q\n", items.Package.Name, path)
	if items.Package.Doc != "" {
		fmt.Fprintln(out, items.Package.Doc)
	}
	fmt.Fprintf(out, "%d source files\n", len(items.Sources))
	for _, f := range items.Sources {
		fmt.Fprintf(out, "\t%s\n", f.File)
	}
	fmt.Fprintf(out, "%d test files\n", len(items.Tests))
	for _, f := range items.Tests {
		where := ""
		if f.External {
			where = " (external)"
		}
		fmt.Fprintf(out, "\t%s%s\n", f.File, where)
	}
	fmt.Fprintf(out, "%d imports\n", len(items.Imports))
	for _, i := range items.Imports {
		fmt.Fprintf(out, "\t%s\n", i.Imported)
	}
	return nil
}

// printImporters reads the import graph against its edges, from the index.
func printImporters(ctx context.Context, path string, out io.Writer) error {
	n := 0
	for i, err := range Imports.QueryIndex(byImported, Import{Imported: path}).All(ctx) {
		if err != nil {
			return err
		}
		n++
		fmt.Fprintln(out, i.Importer)
	}
	fmt.Fprintf(out, "%d packages import %s\n", n, path)
	return nil
}
