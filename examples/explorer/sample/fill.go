package sample

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/entable/entable"
)

var (
	names    = []string{"Ada Lovelace", "Grace Hopper", "Katherine Johnson", "Radia Perlman", "Barbara Liskov", "Annie Easley"}
	cities   = []string{"London", "New York", "Hampton", "Portsmouth", "Los Angeles", "Birmingham"}
	titles   = []string{"Fountain pen", "Graph paper", "Slide rule", "Desk lamp", "Ink, blue", "Notebook"}
	opinions = []string{"Does what it says.", "Broke after a week.", "My second one.", "A gift, and it was liked."}
	states   = []State{"placed", "paid", "shipped"}
)

// Start is when the first order was placed.
var Start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// Fill writes the sample's data into the table, the same on each run.
func Fill(ctx context.Context) error {
	r := rand.New(rand.NewPCG(1, 2))
	var writes []entable.Write
	for i, name := range names {
		c := &Customer{
			CustomerID: fmt.Sprintf("c-%d", 1001+i), Name: name, Email: fmt.Sprintf("user%d@example.com", i+1), Password: []byte("not shown"),
			Addresses: []Address{{fmt.Sprintf("%d High Street", 3+i), cities[i]}}, Settings: map[string]string{"language": "en", "theme": "dark"},
		}
		if err := Customers.Put(ctx, c); err != nil {
			return err
		}
		writes = append(writes, orders(r, c, 3+3*i)...)
		id, err := uuid.NewRandomFromReader(bytes{r})
		if err != nil {
			return err
		}
		writes = append(writes, Sessions.PutOp(&Session{id, c.CustomerID, Start.AddDate(10, 0, i)}))
	}
	for i, title := range titles {
		sku := fmt.Sprintf("sku-%d", 100+i)
		writes = append(writes, Products.PutOp(&Product{sku, title, float64(r.IntN(9000)) / 100, []string{"desk", "writing"}}))
		for j := range r.IntN(5) {
			writes = append(writes, Reviews.PutOp(&Review{
				sku, Start.Add(time.Duration(j*31+i) * time.Hour), fmt.Sprintf("c-%d", 1001+j), 1 + r.IntN(5), opinions[r.IntN(len(opinions))],
			}))
		}
	}
	for i := range 40 {
		at := Start.Add(time.Duration(i) * time.Minute)
		writes = append(writes, Events.PutOp(&Event{at.Format(time.DateOnly), at, fmt.Sprintf("e-%d", i), "page viewed"}))
	}
	return entable.BatchWrite(ctx, writes)
}

// orders returns the writes of n orders with their lines.
func orders(r *rand.Rand, c *Customer, n int) (writes []entable.Write) {
	for i := range n {
		o := &Order{CustomerID: c.CustomerID, OrderID: i + 1, State: states[r.IntN(len(states))], Placed: Start.Add(time.Duration(r.IntN(1e6)) * time.Second)}
		for j := range 1 + r.IntN(3) {
			l := &Line{c.CustomerID, o.OrderID, j + 1, fmt.Sprintf("sku-%d", 100+r.IntN(len(titles))), 1 + r.IntN(3)}
			o.Total += float64(l.Quantity) * 9.5
			writes = append(writes, Lines.PutOp(l))
		}
		writes = append(writes, Orders.PutOp(o))
	}
	return writes
}

// bytes makes a reader of numbers drawn at random.
type bytes struct{ r *rand.Rand }

func (b bytes) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b.r.Uint32())
	}
	return len(p), nil
}
