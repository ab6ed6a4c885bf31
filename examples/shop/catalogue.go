package main

import (
	"context"

	"github.com/entable/entable"
)

// Categories are those of the products.
var Categories = []string{"writing", "paper", "desk"}

// pageSize is how many entries a page has.
const pageSize = 12

// Offer is a product and what there is of it.
type Offer struct {
	*Product
	Left int `json:"left"`
}

// ProductsOf returns a page of a category, in the order of the names. What is left is a hint: an order looks again.
func (s *Shop) ProductsOf(ctx context.Context, category string, limit int, cursor string) (*entable.Page[Offer], error) {
	page, err := s.Products.QueryIndex("by-category", Product{Category: category}).Limit(limit).From(cursor).Page(ctx)
	if err != nil {
		return nil, err
	}
	offers, err := s.offers(ctx, page.Items)
	return &entable.Page[Offer]{Items: offers, Cursor: page.Cursor}, err
}

// Offer returns a product with what is left of it.
func (s *Shop) Offer(ctx context.Context, product string) (*Offer, error) {
	p, err := s.Products.Get(ctx, Product{ID: product})
	if err != nil {
		return nil, err
	}
	offers, err := s.offers(ctx, []*Product{p})
	if err != nil {
		return nil, err
	}
	return &offers[0], nil
}

func (s *Shop) offers(ctx context.Context, products []*Product) ([]Offer, error) {
	keys := make([]Stock, len(products))
	for i, p := range products {
		keys[i].Product = p.ID
	}
	stocks, err := s.Stocks.BatchGet(ctx, keys, entable.Consistent(false))
	if err != nil {
		return nil, err
	}
	offers := make([]Offer, len(products))
	for i, p := range products {
		offers[i].Product = p
		if stocks[i] != nil {
			offers[i].Left = stocks[i].Left
		}
	}
	return offers, nil
}

// AddProduct adds a product and the first of it.
func (s *Shop) AddProduct(ctx context.Context, p Product, received int) (*Product, error) {
	return &p, entable.Transact(ctx, []entable.Write{
		s.Products.CreateOp(&p),
		s.Stocks.CreateOp(&Stock{Product: p.ID, Received: received, Left: received}),
	})
}

// ChangeProduct replaces the description of a product, if it is still of that version.
func (s *Shop) ChangeProduct(ctx context.Context, p Product) (*Product, error) {
	if p.Version == 0 { // would be a new one, without a stock
		return nil, &entable.VersionError{Entity: s.Products.Name()}
	}
	return &p, s.Products.Put(ctx, &p)
}

// Receive adds to the stock of a product: Once, since a counter does not show whether it was added to already.
func (s *Shop) Receive(ctx context.Context, product string, n int) (*Stock, error) {
	return s.Stocks.Update(Stock{Product: product}).Apply(s.received.Add(n), s.left.Add(n)).Once().Updated(ctx)
}
