// Package proposetest checks what package propose makes of the tables of programs that have declared them.
package proposetest

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable/internal/propose"
)

// Check compares the keys of the kinds that are proposed for a table with those that its program has declared.
func Check(t testing.TB, client *dynamodb.Client, table string, want ...string) {
	t.Helper()
	described, items, err := propose.Scan(t.Context(), client, table, 1000, nil)
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
