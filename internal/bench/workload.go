package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Order is the item of all rows. With the table's own pk, sk and _type it has 14 attributes of the kinds that services
// store: six short strings, one of 50 and one of 65 characters, a float, an integer, a bool, a time, a set of three
// strings and a list of three maps of three; about 650 bytes as the service sends it. The dynamo tags say to
// guregu/dynamo what dynamodbav says to the others.
type Order struct {
	CustomerID string    `dynamodbav:"customer" dynamo:"customer"`
	OrderID    string    `dynamodbav:"order" dynamo:"order"`
	Status     string    `dynamodbav:"status" dynamo:"status"`
	Address    string    `dynamodbav:"address" dynamo:"address"`
	Note       string    `dynamodbav:"note" dynamo:"note"`
	Total      float64   `dynamodbav:"total" dynamo:"total"`
	Items      int       `dynamodbav:"items" dynamo:"items"`
	Gift       bool      `dynamodbav:"gift" dynamo:"gift"`
	CreatedAt  time.Time `dynamodbav:"created" dynamo:"created"`
	Tags       []string  `dynamodbav:"tags,stringset" dynamo:"tags,set"`
	Lines      []Line    `dynamodbav:"lines" dynamo:"lines"`
}

// Line is one of an order's three lines.
type Line struct {
	SKU   string  `dynamodbav:"sku" dynamo:"sku"`
	Qty   int     `dynamodbav:"qty" dynamo:"qty"`
	Price float64 `dynamodbav:"price" dynamo:"price"`
}

// The other types of the mixed collection have the shape of an order, so that a mixed query differs from a query of
// one type in nothing but having to find out what each item is.
type (
	Quote    Order
	Shipment Order
	Invoice  Order
	Refund   Order
)

// stored is an order with the table's own attributes, as someone without a mapper declares it to write it.
type stored struct {
	PK   string `dynamodbav:"pk" dynamo:"pk"`
	SK   string `dynamodbav:"sk" dynamo:"sk"`
	Type string `dynamodbav:"_type" dynamo:"_type"`
	Order
}

const (
	tableName  = "orders"
	customerID = "c-7f3b2a10"
	partition  = "C#" + customerID
)

// kinds are the discriminators of the mixed collection; the first one is that of the other rows.
var kinds = [...]string{"Order", "Quote", "Shipment", "Invoice", "Refund"}

// one is the order that is read, written and encoded alone.
var one = order(7)

func sortKey(kind string, o *Order) string { return kind[:1] + "#" + o.OrderID }

// order returns the i-th order of the workload, always the same.
func order(i int) Order {
	lines := make([]Line, 3)
	for l := range lines {
		lines[l] = Line{SKU: fmt.Sprintf("S-%04d", (i*31+l*977)%10000), Qty: 1 + (i+l)%9, Price: float64((i*37+l*1013)%50000) / 100}
	}
	return Order{
		CustomerID: customerID,
		OrderID:    orderID(i),
		Status:     []string{"pending", "shipped", "settled"}[i%3],
		Address:    text("Main Street ", i, 50),
		Note:       text("please leave it at the door of number ", i, 65),
		Total:      float64((i*7919)%1000000) / 100,
		Items:      3 + i%40,
		Gift:       i%4 == 0,
		CreatedAt:  time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 7919 * time.Second),
		Tags:       []string{"fragile", "priority", "sample"},
		Lines:      lines,
	}
}

func orderID(i int) string { return fmt.Sprintf("o-%08d", i) }

func text(start string, i, size int) string {
	s := start + strconv.Itoa(i) + " of the long road that goes round the harbour and back"
	return s[:size]
}

func orders(n int) []Order {
	all := make([]Order, n)
	for i := range all {
		all[i] = order(i)
	}
	return all
}

// itemJSON returns o as the service sends it. The order of the attributes is neither the struct's nor the alphabet's, but
// the same for all items, as it is in the service's responses. It is written by hand so that no contestant's encoder
// decides what the others have to read.
func itemJSON(o *Order, kind string) string {
	var lines []string
	for _, l := range o.Lines {
		lines = append(lines, fmt.Sprintf(`{"M":{"price":{"N":%q},"sku":{"S":%q},"qty":{"N":"%d"}}}`, number(l.Price), l.SKU, l.Qty))
	}
	return fmt.Sprintf(`{"tags":{"SS":["%s"]},"sk":{"S":%q},"gift":{"BOOL":%t},"status":{"S":%q},`+
		`"created":{"S":%q},"customer":{"S":%q},"total":{"N":%q},"_type":{"S":%q},"note":{"S":%q},"pk":{"S":%q},`+
		`"lines":{"L":[%s]},"items":{"N":"%d"},"order":{"S":%q},"address":{"S":%q}}`,
		strings.Join(o.Tags, `","`), sortKey(kind, o), o.Gift, o.Status,
		o.CreatedAt.Format(time.RFC3339Nano), o.CustomerID, number(o.Total), kind, o.Note, partition,
		strings.Join(lines, ","), o.Items, o.OrderID, o.Address)
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// queryBody returns the response to a query that finds the first n orders, with discriminators that take turns.
func queryBody(n int, kinds ...string) []byte {
	items := make([]string, n)
	for i, o := range orders(n) {
		items[i] = itemJSON(&o, kinds[i%len(kinds)])
	}
	return fmt.Appendf(nil, `{"Count":%d,"Items":[%s],"ScannedCount":%d}`, n, strings.Join(items, ","), n)
}

// batchGetBody returns the response to a request for the first n orders.
func batchGetBody(n int) []byte {
	items := make([]string, n)
	for i, o := range orders(n) {
		items[i] = itemJSON(&o, kinds[0])
	}
	return fmt.Appendf(nil, `{"Responses":{%q:[%s]},"UnprocessedKeys":{}}`, tableName, strings.Join(items, ","))
}

// newOfKind returns an empty value of the type that a discriminator stands for.
func newOfKind(kind string) any {
	switch kind {
	case kinds[0]:
		return new(Order)
	case kinds[1]:
		return new(Quote)
	case kinds[2]:
		return new(Shipment)
	case kinds[3]:
		return new(Invoice)
	default:
		return new(Refund)
	}
}

func getBody() []byte {
	return fmt.Appendf(nil, `{"Item":%s}`, itemJSON(&one, kinds[0]))
}

var emptyBody = []byte(`{}`)
