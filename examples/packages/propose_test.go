package main

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/entable/entable/internal/propose/proposetest"
	"github.com/entable/entable/memory"
)

func TestProposalsAreTheDeclarations(t *testing.T) {
	var list strings.Builder
	for i := range 60 {
		fmt.Fprintf(&list, `{"ImportPath": "test/p%d", "Name": "p%d", "Doc": "Package %d.", "GoFiles": ["a.go", "f%d.go"], "TestGoFiles": ["a_test.go"],
			"XTestGoFiles": ["x_test.go"], "Imports": ["fmt", "test/p%d"]}`, i, i/2, i, i, i/3)
	}
	client := memory.New().Client()
	if err := run(t.Context(), client, decode(strings.NewReader(list.String())), questions{}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	proposetest.Check(t, client, Table.Name(),
		"pk=PI#{import_path} sk=A",
		"pk=PI#{importer} sk=II#{imported} importedpk=II#{imported} importedsk=IIM#{importer}",
		"pk=PI#{package} sk=SF#{file}",
		"pk=PI#{package} sk=TF#{file}",
	)
}
