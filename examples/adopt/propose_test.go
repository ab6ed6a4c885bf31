package main

import (
	"io"
	"slices"
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
	client := memory.New().Client()
	if err := run(t.Context(), client, io.Discard); err != nil {
		t.Fatal(err)
	}
	checkProposal(t, client, Items.Name(),
		"PK=AUDIT#{at:200601} SK={id}",
		"PK=CONFIG SK=limits", // one item says no more
		"PK=ISSUE::{issue} SK={at:2006-01-02 15:04:05.000000}",
		"PK=LOCK SK=migration",
		"PK=ORG#{name} SK=#META",
		"PK=ORG#{org} SK=ISSUE#{no} GSI1PK=OWNER#{owner} GSI1SK={opened:2006-01-02}",
		"PK=ORG#{org} SK=user|{user}",
		"PK=USER#{data.email} SK=SETTINGS",
		"PK=USER#{email} SK=SESSION#{began}",
	)
}
