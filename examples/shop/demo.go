package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/entable/entable"
)

// addDemo adds a few products, where they are not there yet: enough of one category for several pages.
func (s *Shop) addDemo(ctx context.Context) error {
	products := []struct {
		Product
		received int
	}{
		{Product{ID: "fountain-pen", Category: "writing", Name: "Fountain pen", Text: "A steel nib, fine. Takes cartridges and a converter.", Price: 3490}, 20},
		{Product{ID: "pencil-2b", Category: "writing", Name: "Pencil 2B", Text: "Soft, cedar.", Price: 190}, 500},
		{Product{ID: "ink-blue", Category: "writing", Name: "Ink, blue", Text: "50 ml, washable.", Price: 890}, 60},
		{Product{ID: "last-quill", Category: "writing", Name: "The last quill", Text: "There is one. It is for who comes first.", Price: 12900}, 1},
		{Product{ID: "notebook-a5", Category: "paper", Name: "Notebook A5, ruled", Text: "192 pages, sewn.", Price: 1450}, 80},
		{Product{ID: "graph-paper", Category: "paper", Name: "Graph paper", Text: "50 sheets, 5 mm.", Price: 590}, 120},
		{Product{ID: "lamp", Category: "desk", Name: "Desk lamp", Text: "Warm white, dimmed by touch.", Price: 7900}, 15},
		{Product{ID: "slide-rule", Category: "desk", Name: "Slide rule", Text: "For when the network is down.", Price: 4200}, 7},
	}
	for n := 1; n <= 24; n++ {
		p := Product{ID: fmt.Sprintf("card-%02d", n), Category: "paper", Name: fmt.Sprintf("Postcard No. %02d", n), Text: "One of a series of 24.", Price: 120}
		products = append(products, struct {
			Product
			received int
		}{p, 40})
	}
	for _, p := range products {
		if _, err := s.AddProduct(ctx, p.Product, p.received); err != nil && !errors.Is(err, entable.ErrExists) {
			return err
		}
	}
	return nil
}
