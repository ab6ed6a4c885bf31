package main

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/entable/entable"
)

// Basket is a cart with its products.
type Basket struct {
	Lines   []*Line `json:"lines"`
	Total   Money   `json:"total"`
	Version int64   `json:"version"`
	// Gone are the products that are not sold any more.
	Gone []string `json:"gone,omitempty"`
}

// Basket returns what is in a customer's cart.
func (s *Shop) Basket(ctx context.Context, customer string) (*Basket, error) {
	cart, err := s.cart(ctx, customer)
	if err != nil {
		return nil, err
	}
	return s.basket(ctx, cart)
}

// cart returns a customer's cart, an empty one of version 0 where there is none yet.
func (s *Shop) cart(ctx context.Context, customer string) (*Cart, error) {
	cart, err := s.Carts.Get(ctx, Cart{Customer: customer})
	if errors.Is(err, entable.ErrNotFound) {
		return &Cart{Customer: customer}, nil
	}
	return cart, err
}

// basket reads the products of a cart. The lines are those of an order that is made of it now.
func (s *Shop) basket(ctx context.Context, cart *Cart) (*Basket, error) {
	ids := slices.Sorted(maps.Keys(cart.Lines))
	keys := make([]Product, len(ids))
	for i, id := range ids {
		keys[i].ID = id
	}
	products, err := s.Products.BatchGet(ctx, keys)
	if err != nil {
		return nil, err
	}
	b := &Basket{Version: cart.Version}
	for i, p := range products {
		if p == nil {
			b.Gone = append(b.Gone, ids[i])
			continue
		}
		line := &Line{Number: len(b.Lines) + 1, Product: p.ID, Name: p.Name, Price: p.Price, Quantity: cart.Lines[p.ID]}
		b.Lines, b.Total = append(b.Lines, line), b.Total+line.Cost()
	}
	return b, nil
}

// anyVersion is what a change says that does not depend on what the cart was.
const anyVersion = -1

// SetQuantity puts so much of a product into a customer's cart, 0 to take it out. Where the cart has to be of a version, another one is
// an [*entable.VersionError]; where not, a lost race is run again.
func (s *Shop) SetQuantity(ctx context.Context, customer, product string, quantity int, version int64) error {
	return s.changeCart(ctx, customer, version, func(lines map[string]int) error {
		if quantity == 0 {
			delete(lines, product)
			return nil
		}
		lines[product] = quantity
		_, err := s.Products.Get(ctx, Product{ID: product})
		return err
	})
}

// PutInto adds one of a product to a customer's cart.
func (s *Shop) PutInto(ctx context.Context, customer, product string) error {
	return s.changeCart(ctx, customer, anyVersion, func(lines map[string]int) error {
		lines[product]++
		_, err := s.Products.Get(ctx, Product{ID: product})
		return err
	})
}

func (s *Shop) changeCart(ctx context.Context, customer string, version int64, change func(map[string]int) error) error {
	once := func() error {
		cart, err := s.cart(ctx, customer)
		if err != nil {
			return err
		}
		if version != anyVersion && version != cart.Version {
			return &entable.VersionError{Entity: s.Carts.Name(), Have: cart.Version, Want: version}
		}
		if cart.Lines == nil {
			cart.Lines = map[string]int{}
		}
		if err := change(cart.Lines); err != nil {
			return err
		}
		return s.Carts.Put(ctx, cart)
	}
	if version != anyVersion {
		return once()
	}
	return entable.RetryOnConflict(ctx, once)
}
