// Package sample declares the table that the explorer's example shows: customers with their orders, products with their
// reviews, sessions that expire, and events in shards.
package sample

import (
	"time"

	"github.com/google/uuid"

	"github.com/entable/entable"
)

// Customer is who buys.
type Customer struct {
	CustomerID string            `dynamodbav:"customer_id"`
	Name       string            `dynamodbav:"name" validate:"required"`
	Email      string            `dynamodbav:"email" entable:"unique"`
	Password   []byte            `dynamodbav:"password_hash" entable:"hidden"`
	Addresses  []Address         `dynamodbav:"addresses"`
	Settings   map[string]string `dynamodbav:"settings"`
	Version    int               `dynamodbav:"version" entable:"version"`
}

// Address is where an order goes.
type Address struct {
	Street string `dynamodbav:"street"`
	City   string `dynamodbav:"city"`
}

// State is where an order stands.
type State string

// Order is what a customer has ordered.
type Order struct {
	CustomerID string    `dynamodbav:"customer_id"`
	OrderID    int       `dynamodbav:"order_id"`
	State      State     `dynamodbav:"state" entable:"default=placed"`
	Placed     time.Time `dynamodbav:"placed"`
	Total      float64   `dynamodbav:"total"`
	Note       string    `dynamodbav:"note,omitempty"`
	Version    int       `dynamodbav:"version" entable:"version"`
}

// Line is one product of an order.
type Line struct {
	CustomerID string `dynamodbav:"customer_id"`
	OrderID    int    `dynamodbav:"order_id"`
	Line       int    `dynamodbav:"line"`
	SKU        string `dynamodbav:"sku"`
	Quantity   int    `dynamodbav:"quantity"`
}

// Product is what can be ordered.
type Product struct {
	SKU   string   `dynamodbav:"sku"`
	Title string   `dynamodbav:"title"`
	Price float64  `dynamodbav:"price"`
	Tags  []string `dynamodbav:"tags,stringset"`
}

// Review is what a customer says of a product.
type Review struct {
	SKU        string    `dynamodbav:"sku"`
	Written    time.Time `dynamodbav:"written"`
	CustomerID string    `dynamodbav:"customer_id"`
	Stars      int       `dynamodbav:"stars"`
	Text       string    `dynamodbav:"text"`
}

// Session is a browser that is signed in.
type Session struct {
	SessionID  uuid.UUID `dynamodbav:"session_id"`
	CustomerID string    `dynamodbav:"customer_id"`
	Expires    time.Time `dynamodbav:"expires" entable:"ttl"`
}

// Event is something that has happened on a day. A day's events are spread over four partitions.
type Event struct {
	Day     string    `dynamodbav:"day"`
	At      time.Time `dynamodbav:"at"`
	EventID string    `dynamodbav:"event_id"`
	What    string    `dynamodbav:"what"`
}

// The registry.
var (
	Table = entable.NewTable("shop", entable.GSI("by-state"), entable.GSI("by-customer", entable.KeysOnly()))

	Customers = entable.Register[Customer](Table)

	Orders = entable.Register[Order](Table,
		entable.PK("customer_id", entable.PrefixOf(Customers)), entable.SK("order_id"),
		entable.Index("by-state", entable.PK("state"), entable.SK("placed")))

	Lines = entable.Register[Line](Table,
		entable.PK("customer_id", entable.PrefixOf(Customers)), entable.SK("order_id", "line"))

	Products = entable.Register[Product](Table)

	Reviews = entable.Register[Review](Table,
		entable.PK("sku", entable.PrefixOf(Products)), entable.SK("written"),
		entable.Index("by-customer", entable.PK("customer_id"), entable.SK("written")))

	Sessions = entable.Register[Session](Table,
		entable.Index("by-customer", entable.PK("customer_id", entable.PrefixOf(Reviews)), entable.SK("expires")))

	Events = entable.Register[Event](Table, entable.PK("day", entable.Shards(4, "event_id")), entable.SK("at"))
)
