package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable/internal/propose"
	"github.com/entable/entable/memory"
)

// checkProposal compares the keys of the kinds that are proposed for a table with those that its program has declared.
func checkProposal(t *testing.T, client *dynamodb.Client, table string, want ...string) {
	t.Helper()
	described, items, err := propose.Scan(t.Context(), client, table, 1000)
	if err != nil {
		t.Fatal(err)
	}
	p, err := propose.Propose(described, items)
	if err != nil {
		t.Fatal(err)
	}
	if p.Placed() != p.Items {
		t.Errorf("%d of %d items are placed: %+v", p.Placed(), p.Items, p.Unplaced)
	}
	var got []string
	for _, k := range p.Kinds {
		got = append(got, k.String())
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

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
	checkProposal(t, client, Table.Name(),
		"pk=PI#{import_path} sk=A",
		"pk=PI#{importer} sk=II#{imported} importedpk=II#{imported} importedsk=IIM#{importer}",
		"pk=PI#{package} sk=SF#{file}",
		"pk=PI#{package} sk=TF#{file}",
	)
}
