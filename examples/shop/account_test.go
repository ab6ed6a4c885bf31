package main

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/entable/entable/memory"
)

// An e-mail address, and a user name, is of one customer, however it is written and however many ask for it at once.
func TestEmailAndUserNameAreUnique(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.signedUp("ann")
	for field, account := range map[string]object{
		"email": {"email": " ANN@example.com", "user": "other", "name": "Other", "password": "a long password"},
		"user":  {"email": "other@example.com", "user": "Ann", "name": "Other", "password": "a long password"},
	} {
		var p problem
		s.call("", "POST", "/api/customers", account).want(http.StatusConflict, &p)
		if p.Code != "taken" || p.Fields[field] == "" || len(p.Fields) != 1 {
			t.Errorf("%s: the problem is %+v", field, p)
		}
	}
	var senders sync.WaitGroup
	codes := make([]int, 8)
	for i := range codes {
		senders.Go(func() {
			account := object{"email": "bob@example.com", "user": numbered("bob", 8)[i], "name": "Bob", "password": "a long password"}
			codes[i] = s.call("", "POST", "/api/customers", account).Code
		})
	}
	senders.Wait()
	made := 0
	for _, code := range codes {
		switch code {
		case http.StatusCreated:
			made++
		case http.StatusConflict, http.StatusServiceUnavailable:
		default:
			t.Errorf("it answers %d", code)
		}
	}
	if made != 1 {
		t.Errorf("%d customers have got the address", made)
	}
}

func TestAccountsAreChecked(t *testing.T) {
	t.Parallel()
	s := open(t)
	var p problem
	s.call("", "POST", "/api/customers", object{"email": "nobody", "user": "a b", "name": "", "password": "a long password"}).want(http.StatusUnprocessableEntity, &p)
	if p.Fields["email"] == "" || p.Fields["user"] == "" || p.Fields["name"] == "" {
		t.Errorf("the problem is %+v", p)
	}
	s.call("", "POST", "/api/customers", object{"email": "a@example.com", "user": "ann", "name": "Ann", "password": "short"}).want(http.StatusUnprocessableEntity)
	s.call("", "POST", "/api/customers", object{"mail": "a@example.com"}).want(http.StatusBadRequest)
	s.signedUp("ann")
	for _, in := range []object{{"email": "ann@example.com", "password": "another password"}, {"email": "bob@example.com", "password": "a long password"}, {}} {
		s.call("", "POST", "/api/sessions", in).want(http.StatusUnauthorized)
	}
}

// Who changes a profile has read the newest one, also when two do at once.
func TestProfileIsChangedByVersion(t *testing.T) {
	t.Parallel()
	s := open(t)
	ann := s.signedUp("ann")
	s.signedUp("bob")
	get := s.call(ann, "GET", "/api/me", nil).want(http.StatusOK)
	tag := get.Header().Get("ETag")
	s.call(ann, "GET", "/api/me", nil, "If-None-Match", tag).want(http.StatusNotModified)
	s.call(ann, "PATCH", "/api/me", object{"name": "Ann B."}).want(http.StatusPreconditionRequired)
	s.call(ann, "PATCH", "/api/me", object{"name": "Ann B."}, "If-Match", "W/"+tag).want(http.StatusBadRequest)
	s.call(ann, "PATCH", "/api/me", object{"email": "bob@example.com"}, "If-Match", tag).want(http.StatusConflict)

	var c Customer
	changed := s.call(ann, "PATCH", "/api/me", object{"name": "Ann B.", "email": "Ann.B@example.com"}, "If-Match", tag).want(http.StatusOK, &c)
	if c.Name != "Ann B." || c.Email != "ann.b@example.com" || changed.Header().Get("ETag") == tag {
		t.Errorf("it is %+v, ETag %s", c, changed.Header().Get("ETag"))
	}
	s.call(ann, "PATCH", "/api/me", object{"name": "Ann C."}, "If-Match", tag).want(http.StatusPreconditionFailed)
	// The old address is free again, and she signs in with the new one.
	s.call("", "POST", "/api/customers", object{"email": "ann@example.com", "user": "ann2", "name": "Ann", "password": "a long password"}).want(http.StatusCreated)
	s.call("", "POST", "/api/sessions", object{"email": "ann.b@example.com", "password": "a long password"}).want(http.StatusCreated)
}

// A product is changed by version, and a cart where the client asks for it.
func TestStaleIfMatch(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("card", 120, 10)
	product := object{"category": "paper", "name": "Card", "price": 150}
	s.call(staffToken, "PUT", "/api/products/card", product).want(http.StatusPreconditionRequired)
	s.call(staffToken, "PUT", "/api/products/none", product, "If-Match", `"1"`).want(http.StatusNotFound)
	s.call(staffToken, "PUT", "/api/products/none", product, "If-Match", `"0"`).want(http.StatusPreconditionFailed)
	s.call(staffToken, "PUT", "/api/products/card", product, "If-Match", `"1"`).want(http.StatusOK)
	s.call(staffToken, "PUT", "/api/products/card", product, "If-Match", `"1"`).want(http.StatusPreconditionFailed)
	if tag := s.call("", "GET", "/api/products/card", nil).want(http.StatusOK).Header().Get("ETag"); tag != `"2"` {
		t.Errorf("the ETag is %s", tag)
	}
	// What is sold is no change of the description.
	ann := s.signedUp("ann")
	s.order(ann, "card", 1, "request 1").want(http.StatusCreated)
	s.call(staffToken, "PUT", "/api/products/card", product, "If-Match", `"2"`).want(http.StatusOK)

	tag := s.call(ann, "GET", "/api/cart", nil).want(http.StatusOK).Header().Get("ETag")
	s.fill(ann, "card", 1, "If-Match", tag).want(http.StatusOK)
	s.fill(ann, "card", 2, "If-Match", tag).want(http.StatusPreconditionFailed)
	s.fill(ann, "card", 3).want(http.StatusOK)
	s.fill(ann, "card", 100).want(http.StatusUnprocessableEntity)
	s.fill(ann, "none", 1).want(http.StatusNotFound)
}

// Of two programs that fill a cart at once, the one that comes too late puts its product to that of the other.
func TestCartIsFilledByTwo(t *testing.T) {
	t.Parallel()
	s := open(t)
	ann := s.signedUp("ann")
	s.stocked("card", 120, 10)
	s.stocked("pen", 350, 10)
	reached, release := s.held("PutItem")
	answered := make(chan *answer, 1)
	go func() { answered <- s.fill(ann, "card", 1) }()
	<-reached
	s.fill(ann, "pen", 1).want(http.StatusOK)
	release()
	var basket Basket
	(<-answered).want(http.StatusOK, &basket)
	if len(basket.Lines) != 2 || basket.Total != 470 {
		t.Errorf("the cart is %+v", basket)
	}
}

// A session ends half an hour after it was last used, though its item is still there, and when its customer signs out.
func TestSessionsExpire(t *testing.T) {
	t.Parallel()
	s := open(t)
	ann := s.signedUp("ann")
	for range 3 {
		s.db.Clock().Advance(20 * time.Minute)
		s.call(ann, "GET", "/api/me", nil).want(http.StatusOK) // prolongs it
	}
	s.db.Clock().Advance(31 * time.Minute)
	s.call(ann, "GET", "/api/me", nil).want(http.StatusUnauthorized)
	if items, err := s.db.Items("shop"); err != nil || s.db.Sweep() != 1 {
		t.Errorf("the table has no expired session among %d items, %v", len(items), err)
	}
	var session struct{ Token string }
	s.call("", "POST", "/api/sessions", object{"email": "ann@example.com", "password": "a long password"}).want(http.StatusCreated, &session)
	s.call(session.Token, "GET", "/api/me", nil).want(http.StatusOK)
	s.call(session.Token, "DELETE", "/api/session", nil).want(http.StatusNoContent)
	s.call(session.Token, "GET", "/api/me", nil).want(http.StatusUnauthorized)
}

// A registration whose answer was lost is not made twice, and her password is hers.
func TestLostAnswerOfARegistration(t *testing.T) {
	t.Parallel()
	s := open(t)
	account := object{"email": "ann@example.com", "user": "ann", "name": "Ann", "password": "a long password"}
	remove := s.db.Inject(memory.DropAfter().On("TransactWriteItems").Times(2))
	s.call("", "POST", "/api/customers", account).want(http.StatusCreated) // the third attempt of the client shows that it was done
	remove()
	s.call("", "POST", "/api/customers", account).want(http.StatusConflict)
	s.call("", "POST", "/api/sessions", object{"email": "ann@example.com", "password": "a long password"}).want(http.StatusCreated)
	s.handleAll(nil)
	if books := s.wantBooks(); books.Customers != 1 {
		t.Errorf("there are %d customers", books.Customers)
	}
}
