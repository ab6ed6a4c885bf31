package main

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// Of the last piece, one of many buyers gets an order. The others are told, and keep their carts.
func TestManyBuyersOfTheLastPiece(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("quill", 900, 1)
	var buyers sync.WaitGroup
	answers := make([]*answer, 8)
	tokens := make([]string, len(answers))
	for i := range answers {
		tokens[i] = s.signedUp(fmt.Sprintf("buyer%d", i))
		s.fill(tokens[i], "quill", 1).want(http.StatusOK)
	}
	for i := range answers {
		buyers.Go(func() {
			answers[i] = s.place(tokens[i], "the only order", object{})
		})
	}
	buyers.Wait()
	sold := 0
	for i, a := range answers {
		switch {
		case a.Code == http.StatusCreated:
			sold++
		case a.Code != http.StatusConflict || a.code() != "sold_out":
			t.Errorf("buyer %d is told %d %s", i, a.Code, a.Body)
		default:
			var basket Basket
			s.call(tokens[i], "GET", "/api/cart", nil).want(http.StatusOK, &basket)
			if len(basket.Lines) != 1 {
				t.Errorf("buyer %d has lost the cart: %+v", i, basket)
			}
		}
	}
	if sold != 1 {
		t.Errorf("it was sold %d times", sold)
	}
	s.handleAll(nil)
	if books := s.wantBooks(); books.Left != 0 || books.Orders != 1 {
		t.Errorf("the books have %+v", books)
	}
}

// A request that is sent several times, also at once, makes one order; another request makes another.
func TestRepeatedPostGivesTheSameOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("card", 120, 100)
	ann := s.signedUp("ann")
	s.fill(ann, "card", 3).want(http.StatusOK)
	var senders sync.WaitGroup
	orders := make([]Order, 8)
	for i := range orders {
		senders.Go(func() {
			a := s.place(ann, "request 1", object{"total": 360})
			if a.Code != http.StatusCreated && a.Code != http.StatusOK {
				t.Errorf("it answers %d: %s", a.Code, a.Body)
				return
			}
			a.want(a.Code, &orders[i])
		})
	}
	senders.Wait()
	for i := range orders {
		if orders[i].ID != orders[0].ID || orders[i].Total != 360 {
			t.Errorf("order %d is %+v, the first %+v", i, orders[i], orders[0])
		}
	}
	// The same key for another order is a mistake of the client, and another order needs another key.
	if a := s.place(ann, "request 1", object{"total": 120}).want(http.StatusUnprocessableEntity); a.code() != "idempotency_key" {
		t.Errorf("another total: %s", a.Body)
	}
	s.call(ann, "POST", "/api/orders", object{}).want(http.StatusBadRequest)
	if a := s.place(ann, "request 2", object{}).want(http.StatusConflict); a.code() != "empty_cart" {
		t.Errorf("the cart is not empty: %s", a.Body)
	}
	var second Order
	s.order(ann, "card", 1, "request 2").want(http.StatusCreated, &second)
	if second.ID == orders[0].ID {
		t.Error("a second request has got the first order")
	}
	// Keys are each customer's own.
	s.order(s.signedUp("bob"), "card", 1, "request 1").want(http.StatusCreated)
	s.handleAll(nil)
	if books := s.wantBooks(); books.Sold != 5 || books.Orders != 3 {
		t.Errorf("the books have %+v", books)
	}
}

// A request that is overtaken by itself, sent again, gives the order that was made meanwhile.
func TestRequestIsOvertakenByItself(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("card", 120, 100)
	ann := s.signedUp("ann")
	s.fill(ann, "card", 3).want(http.StatusOK)
	reached, release := s.held("TransactWriteItems")
	answered := make(chan *answer, 1)
	go func() {
		answered <- s.place(ann, "request 1", object{})
	}()
	<-reached
	var first, second Order
	s.place(ann, "request 1", object{}).want(http.StatusCreated, &second)
	release()
	(<-answered).want(http.StatusOK, &first)
	if first != second {
		t.Errorf("the orders are %+v and %+v", first, second)
	}
}

// Whatever becomes of the requests to the table, an order and its payment are made once, or not at all.
func TestOrdersUnderFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]memory.Fault{
		"refused":             memory.Throttle(),
		"the service fails":   memory.InternalError(),
		"the request is lost": memory.DropBefore(),
		"the answer is lost":  memory.DropAfter(),
		"another transaction": memory.Conflict(),
	} {
		for _, times := range []int{1, 2, 3, 5, 9, 40} { // the client makes 3 attempts and the shop 6 of these, so that 40 is more than one request of a customer
			t.Run(fmt.Sprint(name, " ", times), func(t *testing.T) {
				t.Parallel()
				s := open(t)
				s.stocked("card", 120, 10)
				ann := s.signedUp("ann")
				s.fill(ann, "card", 2).want(http.StatusOK)
				remove := s.db.Inject(fault.On("TransactWriteItems").Times(times))
				var order Order
				s.again(func() *answer { return s.place(ann, "request 1", object{}) }, &order)
				remove()
				remove = s.db.Inject(fault.On("TransactWriteItems").Times(times))
				var payment Payment
				s.again(func() *answer {
					return s.pay(ann, order, 240)
				}, &payment)
				remove()
				s.handleAll(nil)
				if books := s.wantBooks(); books.Sold != 2 || books.Orders != 1 || books.Paid != 1 || books.Amount != 240 {
					t.Errorf("the books have %+v", books)
				}
			})
		}
	}
}

// again sends a request until the shop has time for it, as clients do.
func (s *testShop) again(send func() *answer, into any) {
	s.t.Helper()
	for range 10 {
		a := send()
		if a.Code == http.StatusServiceUnavailable {
			if a.Header().Get("Retry-After") == "" {
				s.t.Error("it does not say when to try again")
			}
			continue
		}
		if a.Code != http.StatusOK {
			a.want(http.StatusCreated)
		}
		a.want(a.Code, into)
		return
	}
	s.t.Fatal("the shop never has time")
}

// An order whose answer was lost is there when it is asked for again, and the first answer says so already, since the shop looks.
func TestLostAnswerOfAnOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("card", 120, 10)
	ann := s.signedUp("ann")
	s.fill(ann, "card", 2).want(http.StatusOK)
	defer s.db.Inject(memory.DropAfter().On("TransactWriteItems").Times(3))() // all attempts of the client
	var first, second Order
	s.place(ann, "request 1", object{}).want(http.StatusOK, &first)
	s.place(ann, "request 1", object{}).want(http.StatusOK, &second)
	if first.ID == "" || first != second {
		t.Errorf("the orders are %+v and %+v", first, second)
	}
}

// An order is for what the customer has seen: another price, or another cart, is told.
func TestPriceAndCartMayChange(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("card", 120, 10)
	ann := s.signedUp("ann")
	s.fill(ann, "card", 2).want(http.StatusOK)
	s.call(staffToken, "PUT", "/api/products/card", object{"category": "paper", "name": "Card", "price": 150}, "If-Match", `"1"`).want(http.StatusOK)
	if a := s.place(ann, "request 1", object{"total": 240}).want(http.StatusConflict); a.code() != "prices_changed" {
		t.Errorf("it says %s", a.Body)
	}
	var order Order
	s.place(ann, "request 1", object{"total": 300}).want(http.StatusCreated, &order)
	// An order that was made of a cart that has changed since is refused, though it has the same lines once more.
	basket := &Basket{Lines: []*Line{{Number: 1, Product: "card", Name: "Card", Price: 150, Quantity: 2}}, Total: 300, Version: 1}
	s.fill(ann, "card", 2).want(http.StatusOK)
	stale := &Order{Customer: order.Customer, ID: "stale", State: Placed, Total: 300, Lines: 1, Placed: order.Placed}
	if err := s.shop.refused(entable.Transact(t.Context(), s.shop.writes(stale, basket, "another request")), basket); err != errCartChanged {
		t.Errorf("an order of a stale cart: %v", err)
	}
	s.handleAll(nil)
	if books := s.wantBooks(); books.Orders != 1 || books.Sold != 2 {
		t.Errorf("the books have %+v", books)
	}
}

// A customer sees no orders of others, by no address.
func TestOrdersAreTheCustomersOwn(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("card", 120, 100)
	ann, bob := s.signedUp("ann"), s.signedUp("bob")
	var order Order
	for _, key := range numbered("request ", 3) {
		s.order(ann, "card", 1, key).want(http.StatusCreated, &order)
		s.order(bob, "card", 1, key).want(http.StatusCreated)
	}
	s.call(bob, "GET", "/api/orders/"+order.ID, nil).want(http.StatusNotFound)
	s.pay(bob, order, 120).want(http.StatusNotFound)
	s.call("", "GET", "/api/orders/"+order.ID, nil).want(http.StatusUnauthorized)
	s.pay(ann, order, 119).want(http.StatusUnprocessableEntity)
	s.pay(ann, order, 120).want(http.StatusCreated)
	s.pay(ann, order, 120).want(http.StatusOK)

	var page struct {
		Items  []Order
		Cursor string
	}
	s.call(ann, "GET", "/api/orders?limit=2", nil).want(http.StatusOK, &page)
	if len(page.Items) != 2 || page.Items[0].ID != order.ID || page.Cursor == "" {
		t.Errorf("the newest orders are %+v", page)
	}
	cursor := page.Cursor
	s.call(bob, "GET", "/api/orders?cursor="+cursor, nil).want(http.StatusBadRequest)
	s.call(ann, "GET", "/api/orders?cursor="+cursor[1:], nil).want(http.StatusBadRequest)
	s.call(ann, "GET", "/api/messages?cursor="+cursor, nil).want(http.StatusBadRequest)
	s.call(ann, "GET", "/api/orders?limit=2&cursor="+cursor, nil).want(http.StatusOK, &page)
	if len(page.Items) != 1 || page.Items[0].ID >= order.ID {
		t.Errorf("behind them are %+v", page)
	}
}
