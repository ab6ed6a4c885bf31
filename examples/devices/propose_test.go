package main

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

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
	for i := range 20 {
		runExample(t, client, CommandV2{DeviceID: uuid.New(), CommandID: uuid.New()}, time.Unix(int64(1e9+i*1e6), int64(i)))
	}
	checkProposal(t, client, Items.Name(),
		"pk=CC#{command_id} sk=A",
		"pk=CD#{device_id} sk=CCO#{command_id}",
		"pk=CD#{device_id} sk=CT#{timestamp:2006-01-02T15:04:05.000000000Z}",
	)
}
