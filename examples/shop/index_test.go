package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// first declares orders as the first version of the shop did: without the index by-day.
func first() (*entable.Table, *entable.Entity[Order]) {
	table := entable.NewTable("shop", entable.Lock(lock), entable.SkipUnknown(), entable.GSI("by-email", entable.KeysOnly()), entable.GSI("by-category"))
	customers := entable.Register[Customer](table, entable.PK("id", entable.Prefix("CUSTOMER")), entable.Index("by-email", entable.PK("email", entable.Prefix("EMAIL"))))
	entable.Register[Session](table, entable.PK("id", entable.Prefix("SESSION")))
	return table, entable.Register[Order](table, entable.PK("customer", entable.PrefixOf(customers)), entable.SK("id", entable.Prefix("ORDER")))
}

// The index by-day, step by step: see index.go.
func TestIndexIsAddedLater(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db := memory.New()
	defer db.Close()
	table, orders := first()
	table.Use(db.Client())
	if err := table.Ensure(ctx, withStream); err != nil {
		t.Fatal(err)
	}
	placed := db.Clock().Now().UTC()
	for _, id := range numbered("order", 5) {
		if err := orders.Put(ctx, &Order{Customer: "ann", ID: id, State: Placed, Total: 120, Placed: placed}); err != nil {
			t.Fatal(err)
		}
	}

	// The second version does not start as long as the index is missing.
	model := Declare("shop")
	model.Table.Use(db.Client())
	s := settings{table: "shop"}
	a := &app{shop: &Shop{Model: model}}
	if err := s.prepare(ctx, a); err == nil || !strings.Contains(err.Error(), "-add-indexes") {
		t.Fatalf("without the index: %v", err)
	}
	for range 2 { // the second time there is nothing to do
		if err := model.Table.AddIndexes(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.prepare(ctx, a); err != nil {
		t.Fatal(err)
	}

	// It runs beside the first, and has the orders of its own in the index.
	second := openOn(t, db)
	second.stocked("card", 120, 10)
	second.order(second.signedUp("bob"), "card", 1, "request 1").want(http.StatusCreated)
	path := "/api/days/" + placed.Format("2006-01-02") + "/orders"
	var page struct{ Items []Order }
	second.call(staffToken, "GET", path, nil).want(http.StatusOK, &page)
	if len(page.Items) != 1 {
		t.Errorf("before the backfill there are %d", len(page.Items))
	}
	var report bytes.Buffer
	if n, err := backfill(ctx, model, &report); err != nil || n == 0 {
		t.Fatalf("%d were repaired, %v", n, err)
	}
	if n, err := backfill(ctx, model, &report); err != nil || n != 0 {
		t.Errorf("the second time %d were repaired, %v", n, err)
	}
	if strings.ContainsAny(report.String(), "\r\x1b") || strings.Count(report.String(), "\n") != 2 {
		t.Errorf("to what is no terminal it writes %q", report.String())
	}
	second.call(staffToken, "GET", path, nil).want(http.StatusOK, &page)
	if len(page.Items) != 6 || page.Items[0].Customer == "ann" || page.Items[5].ID != "order00" {
		t.Errorf("then there are %+v", page.Items)
	}
}
