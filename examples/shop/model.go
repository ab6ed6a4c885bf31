package main

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/entable/entable"
	"github.com/entable/entable/stream"
)

// Money is an amount in cents.
type Money int64

func (m Money) String() string { return fmt.Sprintf("€ %d.%02d", m/100, m%100) }

// Customer is who buys. Her cart, orders and messages are in her partition.
type Customer struct {
	ID       string    `dynamodbav:"id" json:"id" entable:"auto=ulid"`
	Email    string    `dynamodbav:"email" json:"email" entable:"unique" validate:"required,email,max=200"`
	User     string    `dynamodbav:"user" json:"user" entable:"unique" validate:"required,alphanum,min=3,max=30"`
	Name     string    `dynamodbav:"name" json:"name" validate:"required,max=100"`
	Password password  `dynamodbav:"password" json:"-" entable:"hidden"`
	Created  time.Time `dynamodbav:"created" json:"created" entable:"auto=now"`
	Version  int64     `dynamodbav:"version" json:"version" entable:"version"`
}

// BeforeSave makes texts that are compared the same however they were typed.
func (c *Customer) BeforeSave(context.Context) error {
	c.Email, c.User = strings.ToLower(strings.TrimSpace(c.Email)), strings.ToLower(strings.TrimSpace(c.User))
	return nil
}

// BeforeUpdate does the same when a profile is changed.
func (c *Customer) BeforeUpdate(ctx context.Context) error { return c.BeforeSave(ctx) }

// Session is a browser or program that is signed in, until it expires.
type Session struct {
	ID       string    `dynamodbav:"id"` // a hash of the token: who reads the table cannot sign in with it
	Customer string    `dynamodbav:"customer"`
	Expires  time.Time `dynamodbav:"expires" entable:"ttl"`
}

// Product is what is sold. What there is of it is apart, in Stock: that changes with each order, and this seldom.
type Product struct {
	ID       string `dynamodbav:"id" json:"id" validate:"hostname_rfc1123,max=50"` // stands in addresses
	Category string `dynamodbav:"category" json:"category" validate:"oneof=writing paper desk"`
	Name     string `dynamodbav:"name" json:"name" validate:"required,max=200"`
	Text     string `dynamodbav:"text" json:"text" validate:"max=4000"`
	Price    Money  `dynamodbav:"price" json:"price" validate:"min=1"`
	Version  int64  `dynamodbav:"version" json:"version" entable:"version"`
}

// Stock is what there is of a product: what was received is what is left and what was sold.
type Stock struct {
	Product  string `dynamodbav:"product" json:"product"`
	Received int    `dynamodbav:"received" json:"received"`
	Left     int    `dynamodbav:"left" json:"left"`
	Sold     int    `dynamodbav:"sold" json:"sold"`
}

// Cart is what a customer wants to order: how much of each product. It is emptied and never deleted, so that its version only
// rises, and an order that was made of an older one is refused.
type Cart struct {
	Customer string         `dynamodbav:"customer"`
	Lines    map[string]int `dynamodbav:"lines" json:"lines" validate:"max=30,dive,min=1,max=99"` // a transaction takes 100 writes, two for each line
	Version  int64          `dynamodbav:"version" entable:"version"`
}

// State is where an order stands.
type State string

const (
	Placed State = "placed"
	Paid   State = "paid"
)

// Order is what a customer has ordered.
type Order struct {
	Customer string    `dynamodbav:"customer" json:"customer"`
	ID       string    `dynamodbav:"id" json:"id"`
	State    State     `dynamodbav:"state" json:"state"`
	Total    Money     `dynamodbav:"total" json:"total"`
	Lines    int       `dynamodbav:"lines" json:"lines"`
	Placed   time.Time `dynamodbav:"placed" json:"placed"`
}

// Line is one product of an order, at the price that it had then.
type Line struct {
	Order    string `dynamodbav:"order" json:"-"`
	Number   int    `dynamodbav:"number" json:"number"`
	Product  string `dynamodbav:"product" json:"product"`
	Name     string `dynamodbav:"name" json:"name"`
	Price    Money  `dynamodbav:"price" json:"price"`
	Quantity int    `dynamodbav:"quantity" json:"quantity"`
}

// Cost returns what the line adds to the total.
func (l *Line) Cost() Money { return l.Price * Money(l.Quantity) }

// Payment is that of an order, which has one at the most.
type Payment struct {
	Order    string    `dynamodbav:"order" json:"order"`
	ID       string    `dynamodbav:"id" json:"id" entable:"auto=ulid"`
	Customer string    `dynamodbav:"customer" json:"-"`
	Amount   Money     `dynamodbav:"amount" json:"amount"`
	Made     time.Time `dynamodbav:"made" json:"made"`
}

// Receipt is what the outbox makes of a payment, once: see outbox.go.
type Receipt struct {
	Order  string `dynamodbav:"order" json:"-"`
	Number string `dynamodbav:"number" json:"number"`
	Amount Money  `dynamodbav:"amount" json:"amount"`
}

// Message is an e-mail to a customer, to be sent by whoever sends e-mails. Its id is that of what it is about.
type Message struct {
	Customer string `dynamodbav:"customer" json:"-"`
	ID       string `dynamodbav:"id" json:"id"`
	Subject  string `dynamodbav:"subject" json:"subject"`
	Text     string `dynamodbav:"text" json:"text"`
}

// Sales are those of a day, counted by the outbox.
type Sales struct {
	Day    string `dynamodbav:"day" json:"day"`
	Orders int    `dynamodbav:"orders" json:"orders"`
	Amount Money  `dynamodbav:"amount" json:"amount"`
}

// Request is the mark of a request that was carried out. It is written with the order that the request has made.
type Request struct {
	Customer string    `dynamodbav:"customer"`
	Key      string    `dynamodbav:"key"` // the client's
	Order    string    `dynamodbav:"order"`
	Expires  time.Time `dynamodbav:"expires" entable:"ttl"`
}

// Dossier is what is stored of one order besides the order itself, which is in its customer's partition.
type Dossier struct {
	Lines   []*Line  `json:"lines"`
	Payment *Payment `json:"payment,omitempty"`
	Receipt *Receipt `json:"receipt,omitempty"`
}

//go:embed shop.lock.json
var lock []byte

// Model is the registry of the shop's table.
type Model struct {
	Table     *entable.Table
	Customers *entable.Entity[Customer]
	Sessions  *entable.Entity[Session]
	Products  *entable.Entity[Product]
	Stocks    *entable.Entity[Stock]
	Carts     *entable.Entity[Cart]
	Orders    *entable.Entity[Order]
	Lines     *entable.Entity[Line]
	Payments  *entable.Entity[Payment]
	Receipts  *entable.Entity[Receipt]
	Messages  *entable.Entity[Message]
	Sales     *entable.Entity[Sales]
	Requests  *entable.Entity[Request]
	Dossiers  *entable.Collection[Dossier]
	Positions *stream.TableCheckpoints // how far the outbox has come

	received, left, sold entable.FieldOf[Stock, int]
	state                entable.FieldOf[Order, State]
}

// Declare declares the shop's table. It is a function because the name of the table is a setting of the program; what is wrong with the
// declarations stops it at its start all the same. What other settings the table has, main and the tests give with Configure.
func Declare(name string) *Model {
	table := entable.NewTable(name, entable.Lock(lock), entable.Consistent(true), entable.HideExpired(true), entable.SkipUnknown(),
		entable.GSI("by-email", entable.KeysOnly()), entable.GSI("by-category"), entable.GSI("by-day"))
	m := &Model{Table: table}

	// In the partition of a customer: CUSTOMER#{id}.
	m.Customers = entable.Register[Customer](table, entable.PK("id", entable.Prefix("CUSTOMER")),
		entable.Index("by-email", entable.PK("email", entable.Prefix("EMAIL"))))
	hers := entable.PK("customer", entable.PrefixOf(m.Customers))
	m.Carts = entable.Register[Cart](table, hers, entable.SK(entable.Literal("CART")))
	m.Orders = entable.Register[Order](table, hers, entable.SK("id", entable.Prefix("ORDER")),
		// Since the second version: see index.go.
		entable.Index("by-day", entable.PK(entable.Template("DAY#{placed:2006-01-02}")), entable.SK("placed", "id", entable.Prefix("ORDER"))))
	m.Messages = entable.Register[Message](table, hers, entable.SK("id", entable.Prefix("MESSAGE")))

	// In that of a product: PRODUCT#{id}.
	m.Products = entable.Register[Product](table, entable.PK("id", entable.Prefix("PRODUCT")),
		entable.Index("by-category", entable.PK("category", entable.Prefix("CATEGORY")), entable.SK("name", "id", entable.Prefix("PRODUCT"))))
	m.Stocks = entable.Register[Stock](table, entable.PK("product", entable.PrefixOf(m.Products)), entable.SK(entable.Literal("STOCK")))

	// In that of an order: ORDER#{order}.
	m.Lines = entable.Register[Line](table, entable.PK("order", entable.Prefix("ORDER")),
		entable.SK(entable.Attr("number").Width(3), entable.Prefix("LINE")))
	its := entable.PK("order", entable.PrefixOf(m.Lines))
	m.Payments = entable.Register[Payment](table, its, entable.SK(entable.Literal("PAYMENT")))
	m.Receipts = entable.Register[Receipt](table, its, entable.SK(entable.Literal("RECEIPT")))
	m.Dossiers = entable.NewCollection[Dossier](m.Lines, m.Payments, m.Receipts)

	// Each alone.
	m.Sessions = entable.Register[Session](table, entable.PK("id", entable.Prefix("SESSION")))
	m.Sales = entable.Register[Sales](table, entable.PK("day", entable.Prefix("SALES")))
	m.Requests = entable.Register[Request](table, entable.PK("customer", "key", entable.Prefix("REQUEST")))
	m.Positions = stream.NewTableCheckpoints(table, "outbox")

	m.received = entable.Field(m.Stocks, func(s *Stock) *int { return &s.Received })
	m.left = entable.Field(m.Stocks, func(s *Stock) *int { return &s.Left })
	m.sold = entable.Field(m.Stocks, func(s *Stock) *int { return &s.Sold })
	m.state = entable.Field(m.Orders, func(o *Order) *State { return &o.State })
	return m
}
