package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable/memory"
)

func TestStoredItemsAreServedAsTheyAre(t *testing.T) {
	db := memory.New()
	t.Cleanup(db.Close)
	var out bytes.Buffer
	if err := run(t.Context(), db.Client(), &out); err != nil {
		t.Fatal(err)
	}
	const want = `get: "C# course", opened 2026-01-31, and user 7 of Acme Inc
org Acme Inc, free plan
  issue 12: C# course
  issue 9: Broken door
  user ann@acme.org
page Home : Welcome
page Home ann: Welcome!
refused: entable: issue: cannot build key SK: attribute "no": the order of keys ISSUE#{no} is not that of its values, and no range of them can be asked for: give whole values, with Prefix where more attributes follow
owned by ann: 12
owned by ann: 9
inverted: ann is of Acme Inc
audited: 13 items
stored: 13 of 13 items as they were, 13 in all
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
