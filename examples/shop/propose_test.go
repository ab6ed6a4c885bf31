package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/entable/entable/internal/propose/proposetest"
)

func TestProposalsAreTheDeclarations(t *testing.T) {
	t.Parallel()
	s := open(t)
	for i := range 12 {
		s.call(staffToken, "POST", "/api/products", object{"id": fmt.Sprint("p", i), "category": Categories[i%len(Categories)], "name": rand.Text(),
			"price": 100 + i, "received": 100}).want(http.StatusCreated)
	}
	for i := range 15 {
		token := s.signedUp(fmt.Sprint("user", i))
		for j := range 1 + i%3 {
			var order Order
			s.order(token, fmt.Sprint("p", (i+j)%12), 1+j, rand.Text()).want(http.StatusCreated, &order)
			if j == 0 {
				s.pay(token, order, order.Total).want(http.StatusCreated)
			}
			s.db.Clock().Advance(7 * time.Minute)
		}
		s.db.Clock().Advance(31 * time.Minute)
	}
	s.handleAll(s.shop.Positions)
	proposetest.Check(t, s.db.Client(), s.shop.Table.Name(),
		"pk=CUSTOMER#{customer} sk=CART",
		"pk=CUSTOMER#{customer} sk=MESSAGE#{id}",
		"pk=CUSTOMER#{customer} sk=ORDER#{id} by-daypk=DAY#{placed:2006-01-02} by-daysk=ORDER#{placed:2006-01-02T15:04:05.000000000Z}#{id}",
		"pk=CUSTOMER#{id} sk=A by-emailpk=EMAIL#{email} by-emailsk=A",
		"pk=ORDER#{order} sk=LINE#{number:03}",
		"pk=ORDER#{order} sk=PAYMENT",
		"pk=ORDER#{order} sk=RECEIPT",
		"pk=PRODUCT#{id} sk=A by-categorypk=CATEGORY#{category} by-categorysk=PRODUCT#{name}#{id}",
		"pk=PRODUCT#{product} sk=STOCK",
		"pk=REQUEST#{customer}#{key} sk=A",
		"pk=SALES#{day} sk=A",
		"pk=SESSION#{id} sk=A",
		"pk=StreamCheckpoint#{consumer}#{stream} sk=Shard#{shard}",
	)
}
