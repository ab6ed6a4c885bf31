package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
	"github.com/entable/entable/stream"
)

// testShop is a shop with a database and a clock of its own, so that tests run side by side.
type testShop struct {
	*Server
	t       *testing.T
	db      *memory.DB
	handler http.Handler
	outbox  *Outbox
}

const staffToken = "the staff's token"

func open(t *testing.T) *testShop {
	t.Helper()
	db := memory.New()
	t.Cleanup(db.Close)
	return openOn(t, db)
}

// openOn opens an instance of the shop on a database that may have its table.
func openOn(t *testing.T, db *memory.DB) *testShop {
	t.Helper()
	log, metrics := slog.New(slog.DiscardHandler), NewMetrics()
	model := Declare("shop")
	settings := []entable.TableSetting{entable.Clock(db.Clock().Now), entable.CursorKey([]byte("0123456789abcdef")), metrics.Observe(log)}
	if err := model.Table.Configure(settings...); err != nil {
		t.Fatal(err)
	}
	model.Table.Use(db.Client(soon))
	if err := model.Table.Ensure(t.Context(), withStream); err != nil {
		t.Fatal(err)
	}
	shop := &Shop{Model: model, now: db.Clock().Now, rounds: 1}
	s := &Server{shop: shop, log: log, metrics: metrics, forms: forms{[]byte("key")}, staff: staffToken}
	return &testShop{Server: s, t: t, db: db, handler: s.Handler(), outbox: NewOutbox(shop, log, metrics)}
}

// answer is that of the API.
type answer struct {
	*httptest.ResponseRecorder
	t *testing.T
}

// call sends a request to the API. Headers are names and values.
func (s *testShop) call(token, method, path string, body any, header ...string) *answer {
	s.t.Helper()
	var text io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		text = bytes.NewReader(b)
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, text)
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a := &answer{httptest.NewRecorder(), s.t}
	s.handler.ServeHTTP(a, r)
	return a
}

// want checks the status, and reads the body into something if it is given.
func (a *answer) want(status int, into ...any) *answer {
	a.t.Helper()
	if a.Code != status {
		a.t.Fatalf("it answers %d, want %d: %s", a.Code, status, a.Body)
	}
	for _, v := range into {
		if err := json.Unmarshal(a.Body.Bytes(), v); err != nil {
			a.t.Fatalf("%v: %s", err, a.Body)
		}
	}
	return a
}

// code is that of a problem.
func (a *answer) code() string {
	var p problem
	_ = json.Unmarshal(a.Body.Bytes(), &p)
	return p.Code
}

type object = map[string]any

// signedUp registers a customer and signs her in.
func (s *testShop) signedUp(user string) (token string) {
	s.t.Helper()
	account := object{"email": user + "@example.com", "user": user, "name": "Name of " + user, "password": "a long password"}
	s.call("", "POST", "/api/customers", account).want(http.StatusCreated)
	var session struct{ Token string }
	s.call("", "POST", "/api/sessions", object{"email": account["email"], "password": "a long password"}).want(http.StatusCreated, &session)
	return session.Token
}

// stocked adds a product with so many pieces.
func (s *testShop) stocked(id string, price, pieces int) {
	s.t.Helper()
	s.call(staffToken, "POST", "/api/products", object{"id": id, "category": "paper", "name": "Product " + id, "price": price, "received": pieces}).want(http.StatusCreated)
}

// order orders some of a product.
func (s *testShop) order(token, product string, quantity int, key string) *answer {
	s.t.Helper()
	s.fill(token, product, quantity).want(http.StatusOK)
	return s.place(token, key, object{})
}

// fill puts so much of a product into a cart.
func (s *testShop) fill(token, product string, quantity int, header ...string) *answer {
	s.t.Helper()
	return s.call(token, "PUT", "/api/cart/"+product, object{"quantity": quantity}, header...)
}

// place orders what is in a cart.
func (s *testShop) place(token, key string, body object) *answer {
	s.t.Helper()
	return s.call(token, "POST", "/api/orders", body, "Idempotency-Key", key)
}

// pay pays an order.
func (s *testShop) pay(token string, order Order, amount Money) *answer {
	s.t.Helper()
	return s.call(token, "POST", "/api/orders/"+order.ID+"/payment", object{"amount": amount})
}

// handleAll hands all that is in the stream to the outbox.
func (s *testShop) handleAll(checkpoints stream.Checkpoints) {
	s.t.Helper()
	o := stream.PollOptions{Checkpoints: checkpoints, Interval: time.Millisecond, IdleTimeout: time.Millisecond}
	if err := s.outbox.handler.Poll(s.t.Context(), s.db.StreamsClient(), o); err != nil {
		s.t.Fatal(err)
	}
}

// wantBooks checks that nothing in the table is wrong, and returns the sums.
func (s *testShop) wantBooks() *Books {
	s.t.Helper()
	books, err := s.shop.Check(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, wrong := range books.Wrong {
		s.t.Error(wrong)
	}
	return books
}

// metric returns a counter.
func (s *testShop) metric(key string) float64 {
	s.metrics.mu.Lock()
	defer s.metrics.mu.Unlock()
	return s.metrics.values[key]
}

func numbered(prefix string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s%02d", prefix, i)
	}
	return names
}
