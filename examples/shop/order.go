package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/entable/entable"
)

var (
	errEmptyCart   = errors.New("the cart is empty")
	errCartChanged = errors.New("the cart has changed meanwhile: look at it once more")
	errTotal       = errors.New("prices have changed: look at the cart once more")
	errKeyReused   = errors.New("the idempotency key was used for an order of another total")
	errKey         = errors.New("give the order an idempotency key of 8 to 100 characters, and the same one when it is sent again")
	errUnpaid      = errors.New("the amount is not what the order costs")
)

// soldOutError says that there is less of a product than was ordered.
type soldOutError struct {
	Name string
	Left int
}

func (e *soldOutError) Error() string {
	if e.Left == 0 {
		return e.Name + " is sold out"
	}
	return fmt.Sprintf("%s: there are %d left", e.Name, e.Left)
}

// requestLength is how long a request can be sent again.
const requestLength = 24 * time.Hour

// Place makes an order of a customer's cart and empties it, in one transaction. Sent again with the same key, however often and to
// whichever instance, it gives the same order. seen is the total that the customer agreed to, 0 for any.
func (s *Shop) Place(ctx context.Context, customer, key string, seen Money) (order *Order, repeated bool, err error) {
	if len(key) < 8 || len(key) > 100 {
		return nil, false, errKey
	}
	err = again(ctx, func() (err error) {
		order, repeated, err = s.place(ctx, customer, key, seen)
		return err
	})
	return order, repeated, err
}

func (s *Shop) place(ctx context.Context, customer, key string, seen Money) (order *Order, repeated bool, err error) {
	cart, err := s.cart(ctx, customer) // before the mark is looked for, which comes with the cart's being emptied
	if err != nil {
		return nil, false, err
	}
	if order, err = s.placed(ctx, customer, key, seen); order != nil || err != nil {
		return order, true, err
	}
	basket, err := s.basket(ctx, cart)
	switch {
	case err != nil:
		return nil, false, err
	case len(basket.Gone) > 0:
		return nil, false, &soldOutError{Name: basket.Gone[0]}
	case len(basket.Lines) == 0:
		return nil, false, errEmptyCart
	case seen != 0 && seen != basket.Total:
		return nil, false, errTotal
	}
	order = &Order{
		Customer: customer, ID: s.Table.Generate(entable.ULID), State: Placed,
		Total: basket.Total, Lines: len(basket.Lines), Placed: s.now().UTC(),
	}
	err = entable.Transact(ctx, s.writes(order, basket, key))
	if err == nil {
		return order, false, nil
	}
	// Whatever was the matter, with the mark there the order was placed: by this call, whose answer was lost, or by another one of
	// the same request.
	if order, markErr := s.placed(ctx, customer, key, seen); order != nil && markErr == nil {
		return order, true, nil
	}
	return nil, false, s.refused(err, basket)
}

// placed returns the order that a request has made, or nil.
func (s *Shop) placed(ctx context.Context, customer, key string, seen Money) (*Order, error) {
	mark, err := s.Requests.Get(ctx, Request{Customer: customer, Key: key})
	if errors.Is(err, entable.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	order, err := s.Orders.Get(ctx, Order{Customer: customer, ID: mark.Order})
	if err == nil && seen != 0 && seen != order.Total {
		return nil, errKeyReused
	}
	return order, err
}

// writes returns those of one order: at most 3 and two for each line.
func (s *Shop) writes(order *Order, basket *Basket, key string) []entable.Write {
	writes := []entable.Write{
		s.Requests.CreateOp(&Request{Customer: order.Customer, Key: key, Order: order.ID, Expires: s.now().Add(requestLength)}),
		s.Carts.PutOp(&Cart{Customer: order.Customer, Version: basket.Version}),
		s.Orders.CreateOp(order),
	}
	for _, line := range basket.Lines {
		line.Order = order.ID
		writes = append(writes, s.Lines.CreateOp(line),
			s.Stocks.Update(Stock{Product: line.Product}).
				Apply(s.left.Subtract(line.Quantity), s.sold.Add(line.Quantity)).
				If(s.left.GreaterEqual(line.Quantity)))
	}
	return writes
}

// refused says what the transaction of a basket's order was refused for.
func (s *Shop) refused(err error, basket *Basket) error {
	if is[*entable.VersionError](err) {
		return errCartChanged
	}
	if stock, ok := s.Stocks.StoredIn(err); ok {
		line := slices.IndexFunc(basket.Lines, func(l *Line) bool { return l.Product == stock.Product })
		return &soldOutError{basket.Lines[line].Name, stock.Left}
	}
	return err
}

// OrdersOf returns a page of a customer's orders, the newest first.
func (s *Shop) OrdersOf(ctx context.Context, customer string, limit int, cursor string) (*entable.Page[*Order], error) {
	return s.Orders.Query(Order{Customer: customer}).Reverse().Limit(limit).From(cursor).Page(ctx)
}

// OrdersOn returns a page of all orders of a day, the newest first: what the index by-day was added for.
func (s *Shop) OrdersOn(ctx context.Context, day time.Time, limit int, cursor string) (*entable.Page[*Order], error) {
	return s.Orders.QueryIndex("by-day", Order{Placed: day}).Reverse().Limit(limit).From(cursor).Page(ctx)
}

// OrderFile is an order with all that belongs to it.
type OrderFile struct {
	*Order
	*Dossier
}

// File returns an order of a customer.
func (s *Shop) File(ctx context.Context, customer, id string) (*OrderFile, error) {
	order, err := s.Orders.Get(ctx, Order{Customer: customer, ID: id})
	if err != nil {
		return nil, err
	}
	dossier, err := s.Dossiers.Get(ctx, Line{Order: id})
	return &OrderFile{order, dossier}, err
}

// Pay pays an order. An order has one payment: sent again, it gives the one that was made.
func (s *Shop) Pay(ctx context.Context, customer, id string, amount Money) (payment *Payment, repeated bool, err error) {
	order, err := s.Orders.Get(ctx, Order{Customer: customer, ID: id})
	if err != nil {
		return nil, false, err
	}
	if amount != order.Total {
		return nil, false, errUnpaid
	}
	payment = &Payment{Order: id, Customer: customer, Amount: amount, Made: s.now().UTC()}
	err = again(ctx, func() error {
		err := entable.Transact(ctx, []entable.Write{
			s.Payments.CreateOp(payment),
			s.Orders.Update(*order).Apply(s.state.Set(Paid)).If(s.state.Equal(Placed)),
		})
		if err == nil {
			return nil
		}
		if made, getErr := s.Payments.Get(ctx, Payment{Order: id}); getErr == nil {
			payment, repeated = made, made.ID != payment.ID
			return nil
		}
		return err
	})
	return payment, repeated, err
}

// MessagesOf returns a page of a customer's messages, the newest first.
func (s *Shop) MessagesOf(ctx context.Context, customer string, limit int, cursor string) (*entable.Page[*Message], error) {
	return s.Messages.Query(Message{Customer: customer}).Reverse().Limit(limit).From(cursor).Page(ctx)
}

// SalesOn returns what the outbox has counted of a day.
func (s *Shop) SalesOn(ctx context.Context, day time.Time) (*Sales, error) {
	sales, err := s.Sales.Get(ctx, Sales{Day: day.Format(time.DateOnly)})
	if errors.Is(err, entable.ErrNotFound) {
		return &Sales{Day: day.Format(time.DateOnly)}, nil
	}
	return sales, err
}
