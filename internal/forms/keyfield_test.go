package forms_test

import (
	"context"
	"strings"
	"testing"

	"github.com/entable/entable"
)

// Slot has a field that is the key of an index itself.
type Slot struct {
	ID   string `dynamodbav:"id"`
	Room string `dynamodbav:"room"`
	N    int    `dynamodbav:"n"`
}

// What no key of an index can be is refused by updates as it is by a Put: by name, and before the request.
func TestUpdatesOfFieldsThatAreKeys(t *testing.T) {
	for engine, open := range engines {
		t.Run(engine, func(t *testing.T) {
			ctx := t.Context()
			table := entable.NewTable("stored", entable.GSI("rooms", entable.PartitionKey("room", "S"), entable.NoSortKey()))
			table.Use(open(t))
			slots := entable.Register[Slot](table, entable.Index("rooms"))
			must(t, table.CreateTable(ctx))
			defer func() { must(t, table.DeleteTable(context.WithoutCancel(ctx))) }()
			first := Slot{ID: "1", Room: "a"}
			must(t, slots.Put(ctx, &first))
			empty := first
			empty.Room = ""
			const none = `entable: Slot: cannot build key room: attribute "room" is a key of index "rooms" and empty: set it, or give it omitempty`
			for what, test := range map[string]struct {
				do   func() error
				want string
			}{
				"Put":         {func() error { return slots.Put(ctx, &empty) }, none},
				"Update":      {func() error { return slots.Update(first).Set("room", "").Do(ctx) }, none},
				"SetIfAbsent": {func() error { return slots.Update(first).SetIfAbsent("room", "").Do(ctx) }, none},
				"Upsert":      {func() error { return slots.Update(Slot{ID: "2"}).Set("room", "").Upsert().Do(ctx) }, none},
				"SaveChanges": {func() error { return slots.SaveChanges(ctx, first, &empty) }, none},
				"too long": {func() error { return slots.Update(first).Set("room", strings.Repeat("r", 2049)).Do(ctx) },
					`entable: Slot: cannot build key room: 2049 bytes are above the service's limit of 2048`},
				"another": {func() error { return slots.Update(first).Set("room", "b").Do(ctx) }, ""},
				"removed": {func() error { return slots.Update(first).Remove("room").Do(ctx) }, ""},
			} {
				if err := test.do(); (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
					t.Errorf("%s: got  %v\nwant %s", what, err, test.want)
				}
			}
		})
	}
}
