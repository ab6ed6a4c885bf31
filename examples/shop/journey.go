package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// errEnough ends a customer's journey: all requests were sent.
var errEnough = errors.New("all requests were sent")

// trip is what the customers of a load have in common.
type trip struct {
	base  string
	http  *http.Client
	left  atomic.Int64 // requests that may still be sent
	done  atomic.Int64
	mu    sync.Mutex
	steps map[string]*step
	acks  map[string]*ack
}

// step counts the requests of one kind.
type step struct {
	took                      []time.Duration
	refused, repeated, failed int // by what the shop answered, or did not
}

// ack is what the shop has told a customer of an order.
type ack struct {
	total Money
	paid  bool
}

// customer is one made-up customer.
type customer struct {
	*trip
	rand  *rand.Rand
	token string
}

// journeys sends customers on their way, one after the other, until all requests were sent.
func (t *trip) journeys(ctx context.Context, r *rand.Rand) error {
	for {
		c := &customer{trip: t, rand: r}
		if err := c.journey(ctx); errors.Is(err, errEnough) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// journey registers a customer, who looks around, fills her cart, orders, mostly pays, and looks at her orders.
func (c *customer) journey(ctx context.Context) error {
	name := fmt.Sprintf("c%d", c.rand.Uint64())
	secret := fmt.Sprintf("secret of %s", name)
	account := map[string]any{"email": name + "@example.com", "user": name, "name": "Customer " + name, "password": secret}
	// Refused when it is a repetition of one whose answer was lost: signing in shows which it is.
	if _, err := c.send(ctx, "register", "POST", "/api/customers", account, nil); err != nil {
		return err
	}
	var session struct{ Token string }
	ok, err := c.send(ctx, "sign in", "POST", "/api/sessions", map[string]any{"email": account["email"], "password": secret}, &session)
	if err != nil || !ok {
		return err
	}
	c.token = session.Token
	for range 1 + c.rand.IntN(3) {
		if err := c.shopping(ctx); err != nil {
			return err
		}
	}
	var list struct{ Items []Order }
	_, err = c.send(ctx, "list orders", "GET", "/api/orders?limit=3", nil, &list)
	return err
}

// shopping has her look around and fill her cart, and mostly order.
func (c *customer) shopping(ctx context.Context) error {
	category, cursor := Categories[c.rand.IntN(len(Categories))], ""
	var offers []Offer
	for range 2 {
		var page struct {
			Items  []Offer
			Cursor string
		}
		if _, err := c.send(ctx, "browse", "GET", "/api/products?limit=5&category="+category+"&cursor="+cursor, nil, &page); err != nil {
			return err
		}
		offers = append(offers, page.Items...)
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	if len(offers) == 0 {
		return nil
	}
	for range 1 + c.rand.IntN(4) {
		body := map[string]any{"quantity": 1 + c.rand.IntN(3)}
		if _, err := c.send(ctx, "cart", "PUT", "/api/cart/"+offers[c.rand.IntN(len(offers))].ID, body, nil); err != nil {
			return err
		}
	}
	if c.rand.IntN(5) == 0 {
		return nil // only looking
	}
	return c.order(ctx)
}

func (c *customer) order(ctx context.Context) error {
	key := fmt.Sprintf("order-%d", c.rand.Uint64())
	var order Order
	ok, err := c.send(ctx, "order", "POST", "/api/orders", map[string]any{}, &order, "Idempotency-Key", key)
	if err != nil || !ok {
		return err
	}
	c.note(order.ID, ack{total: order.Total})
	if c.rand.IntN(5) == 0 { // the browser's button was pressed twice
		var same Order
		if ok, err := c.send(ctx, "order again", "POST", "/api/orders", map[string]any{}, &same, "Idempotency-Key", key); err != nil {
			return err
		} else if ok && (same.ID != order.ID || same.Total != order.Total) {
			return fmt.Errorf("the request %s has made order %s and, sent again, order %s", key, order.ID, same.ID)
		}
	}
	if c.rand.IntN(10) == 0 {
		return nil // changed her mind
	}
	for range 1 + c.rand.IntN(6)/5 {
		var payment Payment
		ok, err = c.send(ctx, "pay", "POST", "/api/orders/"+order.ID+"/payment", map[string]any{"amount": order.Total}, &payment)
		if err != nil {
			return err
		}
		if ok {
			c.note(order.ID, ack{order.Total, true})
		}
	}
	var file struct {
		Order Order
		Lines []Line
	}
	if ok, err := c.send(ctx, "look at order", "GET", "/api/orders/"+order.ID, nil, &file); err != nil || !ok {
		return err
	}
	if len(file.Lines) != order.Lines {
		return fmt.Errorf("order %s has %d lines, and is shown with %d", order.ID, order.Lines, len(file.Lines))
	}
	return nil
}

func (t *trip) note(order string, a ack) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.acks[order] = &a
}

// tries is how often a request is sent that the shop has no time for, or whose answer was lost.
const tries = 10

// send sends a request, again if it may succeed next time, and reads the answer. ok is false when the shop refuses it.
func (c *customer) send(ctx context.Context, kind, method, path string, body, into any, header ...string) (ok bool, err error) {
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return false, err
		}
	}
	for try := 1; ; try++ {
		if c.trip.left.Add(-1) < 0 {
			return false, errEnough
		}
		req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(text))
		if err != nil {
			return false, err
		}
		req.Header.Set("Authorization", "Bearer "+c.token)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		start := time.Now()
		status, answer, err := c.exchange(req)
		c.count(kind, time.Since(start), status, try)
		switch {
		case err != nil && ctx.Err() != nil:
			return false, ctx.Err()
		case status >= 200 && status < 300:
			if into == nil {
				return true, nil
			}
			return true, json.Unmarshal(answer, into)
		case status == http.StatusConflict: // sold out, or taken by an attempt of her own
			return false, nil
		case err == nil && status != http.StatusServiceUnavailable:
			return false, fmt.Errorf("%s %s: %d %s", method, path, status, answer)
		case try == tries:
			return false, fmt.Errorf("%s %s: %d after %d tries, %w", method, path, status, tries, err)
		}
		select {
		case <-time.After(time.Duration(c.rand.Int64N(int64(try) * int64(10*time.Millisecond)))):
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

func (t *trip) exchange(req *http.Request) (status int, answer []byte, err error) {
	res, err := t.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

func (t *trip) count(kind string, took time.Duration, status, try int) {
	t.done.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.steps[kind]
	if s == nil {
		s = &step{}
		t.steps[kind] = s
	}
	s.took = append(s.took, took)
	switch {
	case status == http.StatusConflict:
		s.refused++
	case status == 0 || status >= 500:
		s.failed++
	}
	if try > 1 {
		s.repeated++
	}
}
