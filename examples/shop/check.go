package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Books are what the table holds, added up.
type Books struct {
	Customers, Orders, Paid, Receipts int
	Received, Left, Sold              int
	Amount                            Money // of what is paid
	// Wrong is what does not add up.
	Wrong []string
}

// audit is a check of the books under way.
type audit struct {
	Books
	orders   map[string]*Order
	lines    map[string][]*Line
	payments map[string]*Payment
	receipts map[string]*Receipt
	messages map[string]int // by customer and id
	stocks   map[string]*Stock
	ordered  map[string]int // of each product
	marks    map[string]int // of each order
	sales    map[string]*Sales
}

// Check reads the whole table and adds up: each order has its lines, and they make its total; a payment is of the total, and it has one
// receipt and one message; what was received of a product is what is left and what orders have; the sales of the days are those of
// the payments. While customers buy it would compare what is not of one moment.
func (s *Shop) Check(ctx context.Context) (*Books, error) {
	a := &audit{
		orders: map[string]*Order{}, lines: map[string][]*Line{}, payments: map[string]*Payment{}, receipts: map[string]*Receipt{},
		messages: map[string]int{}, stocks: map[string]*Stock{}, ordered: map[string]int{}, marks: map[string]int{}, sales: map[string]*Sales{},
	}
	var customers []string
	for item, err := range s.Table.Scan().Segments(4).All(ctx) {
		if err != nil {
			return nil, err
		}
		if c, ok := item.(*Customer); ok {
			customers = append(customers, c.ID)
			continue
		}
		a.take(item)
	}
	a.Customers = len(customers)
	for _, id := range customers {
		if a.messages[id+" "+id] != 1 {
			a.wrong("customer %s has no welcome", id)
		}
	}
	a.addUp()
	slices.Sort(a.Wrong)
	return &a.Books, nil
}

func (a *audit) wrong(format string, args ...any) {
	a.Wrong = append(a.Wrong, fmt.Sprintf(format, args...))
}

func (a *audit) take(item any) {
	switch v := item.(type) {
	case *Order:
		a.orders[v.ID] = v
	case *Line:
		a.lines[v.Order] = append(a.lines[v.Order], v)
		a.ordered[v.Product] += v.Quantity
	case *Payment:
		a.payments[v.Order] = v
	case *Receipt:
		a.receipts[v.Order] = v
	case *Message:
		a.messages[v.Customer+" "+v.ID]++
	case *Stock:
		a.stocks[v.Product] = v
	case *Request:
		a.marks[v.Order]++
	case *Sales:
		a.sales[v.Day] = v
	}
}

func (a *audit) addUp() {
	days := map[string]Sales{}
	for id, o := range a.orders {
		a.Orders++
		a.order(id, o)
		if p := a.payments[id]; p != nil {
			day := p.Made.UTC().Format(time.DateOnly)
			sum := days[day]
			days[day] = Sales{Day: day, Orders: sum.Orders + 1, Amount: sum.Amount + p.Amount}
		}
	}
	for kind, ids := range map[string][]string{
		"lines":     slices.Collect(maps.Keys(a.lines)),
		"a payment": slices.Collect(maps.Keys(a.payments)),
		"a receipt": slices.Collect(maps.Keys(a.receipts)),
		"a mark":    slices.Collect(maps.Keys(a.marks)),
	} {
		for _, id := range ids {
			if a.orders[id] == nil {
				a.wrong("order %s is not there but has %s", id, kind)
			}
		}
	}
	for product, stock := range a.stocks {
		a.Received, a.Left, a.Sold = a.Received+stock.Received, a.Left+stock.Left, a.Sold+stock.Sold
		if stock.Left < 0 || stock.Left+stock.Sold != stock.Received || stock.Sold != a.ordered[product] {
			a.wrong("product %s: %d received, %d left, %d sold, %d ordered", product, stock.Received, stock.Left, stock.Sold, a.ordered[product])
		}
	}
	for day, want := range days {
		if have := a.sales[day]; have == nil || *have != want {
			a.wrong("sales of %s are %+v, payments are %+v", day, have, want)
		}
	}
	for day := range a.sales {
		if _, ok := days[day]; !ok {
			a.wrong("there are sales of %s and no payments", day)
		}
	}
}

// order checks one order with all that belongs to it.
func (a *audit) order(id string, o *Order) {
	var total Money
	for _, line := range a.lines[id] {
		total += line.Cost()
	}
	if len(a.lines[id]) != o.Lines || total != o.Total {
		a.wrong("order %s has %d lines of %s, and should have %d of %s", id, len(a.lines[id]), total, o.Lines, o.Total)
	}
	if a.marks[id] > 1 {
		a.wrong("order %s was made by %d requests", id, a.marks[id])
	}
	payment, receipt := a.payments[id], a.receipts[id]
	if (o.State == Paid) != (payment != nil) {
		a.wrong("order %s is %s, its payment is %+v", id, o.State, payment)
	}
	if payment == nil {
		if receipt != nil {
			a.wrong("order %s has a receipt and no payment", id)
		}
		return
	}
	a.Paid++
	a.Amount += payment.Amount
	if payment.Amount != o.Total {
		a.wrong("order %s costs %s, and %s were paid", id, o.Total, payment.Amount)
	}
	if receipt == nil || receipt.Amount != payment.Amount || a.messages[o.Customer+" "+payment.ID] != 1 {
		a.wrong("order %s: the payment of %s has the receipt %+v and %d messages", id, payment.Amount, receipt, a.messages[o.Customer+" "+payment.ID])
	}
	if receipt != nil {
		a.Receipts++
	}
}
