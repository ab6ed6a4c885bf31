package main

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/entable/entable/memory"
	"github.com/entable/entable/stream"
)

// paidOrder makes a paid order and returns it.
func (s *testShop) paidOrder(token, product, key string) (order Order) {
	s.t.Helper()
	s.order(token, product, 1, key).want(http.StatusCreated, &order)
	s.pay(token, order, order.Total).want(http.StatusCreated)
	return order
}

// A change that comes again, from the beginning of the stream, changes nothing more: one receipt, one message, one sale.
func TestChangesComeTwice(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("card", 120, 10)
	ann := s.signedUp("ann")
	order := s.paidOrder(ann, "card", "request 1")
	for range 3 {
		s.handleAll(stream.MemoryCheckpoints()) // which begins anew
	}
	if again := s.metric(`shop_outbox_total{kind="receipt again"}`); again != 2 {
		t.Errorf("the payment has come again %v times", again)
	}
	var file struct{ Receipt *Receipt }
	s.call(ann, "GET", "/api/orders/"+order.ID, nil).want(http.StatusOK, &file)
	if file.Receipt == nil || file.Receipt.Amount != 120 {
		t.Errorf("the receipt is %+v", file.Receipt)
	}
	var messages struct{ Items []Message }
	s.call(ann, "GET", "/api/messages", nil).want(http.StatusOK, &messages)
	if len(messages.Items) != 2 || messages.Items[0].Subject != "Your receipt" || messages.Items[1].Subject != "Welcome" {
		t.Errorf("the messages are %+v", messages.Items)
	}
	var sales Sales
	s.call(staffToken, "GET", "/api/days/"+order.Placed.Format(time.DateOnly), nil).want(http.StatusOK, &sales)
	if sales.Orders != 1 || sales.Amount != 120 {
		t.Errorf("the sales are %+v", sales)
	}
	s.wantBooks()
}

// What the outbox writes may fail and its answers be lost: nothing is doubled or left out.
func TestOutboxUnderFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]memory.Fault{
		"refused": memory.Throttle(), "the request is lost": memory.DropBefore(), "the answer is lost": memory.DropAfter(),
		"another transaction": memory.Conflict().On("TransactWriteItems"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.stocked("card", 120, 10)
			ann := s.signedUp("ann")
			for _, key := range numbered("request ", 3) {
				s.paidOrder(ann, "card", key)
			}
			// Of the writes each fifth is spared. The client makes three attempts, so that a change is handed over again.
			n := 0
			var mu sync.Mutex
			defer s.db.Inject(fault.When(func(r memory.Request) bool {
				mu.Lock()
				defer mu.Unlock()
				n++
				return (r.Operation == "PutItem" || r.Operation == "TransactWriteItems") && n%5 != 0
			}))()
			err := s.outbox.handler.Poll(t.Context(), s.db.StreamsClient(), stream.PollOptions{Interval: time.Millisecond, IdleTimeout: time.Millisecond, Attempts: 100})
			if err != nil {
				t.Fatal(err)
			}
			if books := s.wantBooks(); books.Receipts != 3 {
				t.Errorf("the books have %+v", books)
			}
		})
	}
}

// A poller that is told to end finishes the change that it is at and keeps its position, also when it is in the middle of a
// page; the next one, of another instance, goes on behind it.
func TestPollerIsInterrupted(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("card", 120, 10)
	ann := s.signedUp("ann")
	for _, key := range numbered("request ", 4) {
		s.paidOrder(ann, "card", key)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	transactions := 0
	defer s.db.Inject(memory.Delay(0).On("TransactWriteItems").When(func(memory.Request) bool {
		if transactions++; transactions == 2 {
			stop() // while the second receipt is being written
		}
		return false
	}))()
	s.outbox.Run(ctx, s.db.StreamsClient(), time.Millisecond)
	books, err := s.shop.Check(t.Context())
	if err != nil || books.Receipts != 2 {
		t.Fatalf("the books have %+v, %v; the second receipt was to be finished, and no third begun", books, err)
	}
	next := openOn(t, s.db)
	next.handleAll(next.shop.Positions)
	if books := next.wantBooks(); books.Receipts != 4 {
		t.Errorf("the books have %+v", books)
	}
	if again := next.metric(`shop_outbox_total{kind="receipt again"}`) + next.metric(`shop_outbox_total{kind="welcome again"}`); again != 0 {
		t.Errorf("%v changes were handled again: the position was not kept", again)
	}
	if handled := next.metric(`shop_outbox_total{kind="receipt"}`); handled != 2 {
		t.Errorf("it has handled %v, and 2 were left", handled)
	}
}
