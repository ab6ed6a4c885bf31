package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/entable/entable/memory"
)

// The pages of a category have each product once, in the order of their names.
func TestCatalogueIsPaged(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, id := range numbered("card", 25) {
		s.stocked(id, 120, 3)
	}
	var seen []string
	cursor := ""
	for pages := 0; ; pages++ {
		var page struct {
			Items  []Offer
			Cursor string
		}
		s.call("", "GET", "/api/products?category=paper&limit=10&cursor="+cursor, nil).want(http.StatusOK, &page)
		for _, o := range page.Items {
			seen = append(seen, o.ID)
			if o.Left != 3 {
				t.Errorf("of %s there are %d", o.ID, o.Left)
			}
		}
		if cursor = page.Cursor; cursor == "" || pages == 5 {
			break
		}
		if strings.Contains(cursor, "card") {
			t.Error("the cursor shows a key")
		}
	}
	if strings.Join(seen, " ") != strings.Join(numbered("card", 25), " ") {
		t.Errorf("the pages have %v", seen)
	}
	s.call("", "GET", "/api/products?category=paper&limit=0", nil).want(http.StatusBadRequest)
	s.call("", "GET", "/api/products?category=paper&cursor=none", nil).want(http.StatusBadRequest)
	s.call("", "GET", "/api/products?category=", nil).want(http.StatusBadRequest)
}

func TestStaffOnly(t *testing.T) {
	t.Parallel()
	s := open(t)
	ann := s.signedUp("ann")
	product := object{"id": "card", "category": "paper", "name": "Card", "price": 120, "received": 1}
	for _, token := range []string{"", ann, staffToken + "x"} {
		s.call(token, "POST", "/api/products", product).want(http.StatusForbidden)
		s.call(token, "GET", "/api/days/2026-01-02", nil).want(http.StatusForbidden)
	}
	s.call(staffToken, "POST", "/api/products", product).want(http.StatusCreated)
	s.call(staffToken, "POST", "/api/products", product).want(http.StatusConflict)
	s.call(staffToken, "POST", "/api/products/card/stock", object{"received": 4}).want(http.StatusOK)
	s.call(staffToken, "POST", "/api/products/none/stock", object{"received": 4}).want(http.StatusNotFound)
	s.call(staffToken, "GET", "/api/days/yesterday", nil).want(http.StatusBadRequest)
	s.staff = "" // no staff: nobody is
	s.call("", "POST", "/api/products", product).want(http.StatusForbidden)
}

// What is counted is counted once, also when the answer was lost.
func TestReceivingIsExact(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("card", 120, 1)
	remove := s.db.Inject(memory.DropAfter().On("TransactWriteItems", "UpdateItem").Times(2))
	defer remove()
	var stock Stock
	s.call(staffToken, "POST", "/api/products/card/stock", object{"received": 4}).want(http.StatusOK, &stock)
	if stock != (Stock{"card", 5, 5, 0}) {
		t.Errorf("the stock is %+v", stock)
	}
}

// A request that does not work now says so, and shows nothing of the table.
func TestTableDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.call("", "GET", "/readyz", nil).want(http.StatusOK)
	defer s.db.Inject(memory.Unavailable())()
	for _, path := range []string{"/api/products/card", "/api/products?category=paper"} {
		a := s.call("", "GET", path, nil).want(http.StatusServiceUnavailable)
		if a.code() != "try_again" || strings.Contains(a.Body.String(), "PRODUCT") {
			t.Errorf("it says %s", a.Body)
		}
	}
	s.call("", "GET", "/readyz", nil).want(http.StatusServiceUnavailable)
	s.call("", "GET", "/healthz", nil).want(http.StatusOK)
	page := s.call("", "GET", "/", nil).want(http.StatusServiceUnavailable)
	if !strings.Contains(page.Body.String(), "try again in a moment") {
		t.Errorf("the page says %s", page.Body)
	}
}

// Requests are counted by their pattern and answered with an id; requests to the table are counted with their cost.
func TestMetricsAndRequestIDs(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("card", 120, 1)
	s.call("", "GET", "/api/products/card", nil, "X-Request-Id", "from-a-proxy").want(http.StatusOK)
	a := s.call("", "GET", "/api/products/none", nil, "X-Request-Id", "two\nlines").want(http.StatusNotFound)
	if id := a.Header().Get("X-Request-Id"); id == "" || strings.Contains(id, "two") {
		t.Errorf("the id is %q", id)
	}
	metrics := s.call("", "GET", "/metrics", nil).want(http.StatusOK).Body.String()
	for _, want := range []string{
		`shop_http_requests_total{route="GET /api/products/{product}",status="200"} 1`,
		`shop_http_requests_total{route="GET /api/products/{product}",status="404"} 1`,
		`shop_dynamodb_requests_total{entity="Product",operation="GetItem"} 2`,
		`shop_dynamodb_write_units_total{`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics have no %s:\n%s", want, metrics)
		}
	}
}

func TestRequestsOfSize(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.call("", "POST", "/api/customers", object{"name": strings.Repeat("x", maxBody)}).want(http.StatusRequestEntityTooLarge)
	s.call("", "GET", "/api/products/"+strings.Repeat("x", 3000), nil).want(http.StatusBadRequest)
	s.call("", "GET", "/api/none", nil).want(http.StatusNotFound)
}
