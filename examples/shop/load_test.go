package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/entable/entable/internal/ddblocal"
)

// Some requests of customers lose nothing, also where a tenth of the requests to the table fails.
func TestLoad(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]settings{
		"quiet":  {load: 400, clients: 8, outbox: true, grace: graceOfTests},
		"faults": {load: 400, clients: 8, outbox: true, grace: graceOfTests, faults: .1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			if err := s.run(t.Context(), &out, &errs); err != nil {
				t.Fatalf("%v\n%s%s", err, &errs, &out)
			}
			if !strings.Contains(out.String(), "400 requests") || !strings.Contains(out.String(), "nothing was lost") {
				t.Errorf("it reports:\n%s", &out)
			}
			if strings.ContainsAny(errs.String(), "\r\x1b") {
				t.Errorf("to what is no terminal it writes %q", &errs)
			}
		})
	}
}

// What is lost, doubled or wrong is found: each of these is.
func TestBooksShowWhatIsWrong(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*testShop, *Order) error{
		"has 0 lines": func(s *testShop, o *Order) error {
			return s.shop.Lines.Delete(s.t.Context(), Line{Order: o.ID, Number: 1})
		},
		"1 sold, 2 ordered": func(s *testShop, o *Order) error {
			return s.shop.Lines.Put(s.t.Context(), &Line{Order: o.ID, Number: 2, Product: "card", Price: 0, Quantity: 1})
		},
		"the receipt <nil>":    func(s *testShop, o *Order) error { return s.shop.Receipts.Delete(s.t.Context(), Receipt{Order: o.ID}) },
		"its payment is <nil>": func(s *testShop, o *Order) error { return s.shop.Payments.Delete(s.t.Context(), Payment{Order: o.ID}) },
		"is not there but has": func(s *testShop, o *Order) error { return s.shop.Orders.Delete(s.t.Context(), *o) },
		"sales of": func(s *testShop, o *Order) error {
			return s.shop.Sales.Update(Sales{Day: o.Placed.Format("2006-01-02")}).Add("orders", 1).Do(s.t.Context())
		},
		"11 received": func(s *testShop, o *Order) error {
			return s.shop.Stocks.Update(Stock{Product: "card"}).Add("received", 1).Do(s.t.Context())
		},
		"has no welcome": func(s *testShop, o *Order) error {
			return s.shop.Messages.Delete(s.t.Context(), Message{Customer: o.Customer, ID: o.Customer})
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.stocked("card", 120, 10)
			order := s.paidOrder(s.signedUp("ann"), "card", "request 1")
			s.handleAll(nil)
			s.wantBooks()
			if err := spoil(s, &order); err != nil {
				t.Fatal(err)
			}
			books, err := s.shop.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := books.report(&out); !errors.Is(err, errLost) || !strings.Contains(out.String(), want) {
				t.Errorf("the report is %v:\n%s", err, &out)
			}
		})
	}
}

// On AWS's DynamoDB Local: the table is created when that is told, and a load loses nothing.
func TestOnDynamoDBLocal(t *testing.T) {
	t.Parallel()
	s := settings{endpoint: ddblocal.Endpoint(t), table: "shop", load: 60, clients: 4, outbox: true, grace: graceOfTests}
	if err := s.run(t.Context(), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "-create") {
		t.Fatalf("without a table: %v", err)
	}
	s.create = true
	var out, errs bytes.Buffer
	if err := s.run(t.Context(), &out, &errs); err != nil {
		t.Fatalf("%v\n%s%s", err, &errs, &out)
	}
	fill := settings{endpoint: s.endpoint, table: "shop", backfill: true}
	if err := fill.run(t.Context(), io.Discard, &errs); err != nil || !strings.Contains(errs.String(), "0 repaired") {
		t.Errorf("the backfill: %v\n%s", err, &errs)
	}
	fill = settings{endpoint: s.endpoint, table: "shop", addIndexes: true}
	if err := fill.run(t.Context(), io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
}
