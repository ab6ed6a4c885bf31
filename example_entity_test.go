package entable_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// A shop's customers and their orders share partitions; orders are found by status through an index.

type Customer struct {
	ID   string `dynamodbav:"id"`
	Name string `dynamodbav:"name" validate:"required"`
}

type Purchase struct {
	CustomerID string `dynamodbav:"customer_id"`
	Number     int    `dynamodbav:"number"`
	Status     string `dynamodbav:"status" entable:"default=open"`
	Cents      int    `dynamodbav:"cents"`
}

type CustomerAccount struct {
	Customer  *Customer
	Purchases []Purchase
}

// shop declares the example's table, makes it in memory and fills it.
func shop(ctx context.Context) (*entable.Entity[Customer], *entable.Entity[Purchase]) {
	table := entable.NewTable("shop", entable.GSI("gsi1"))
	customers := entable.Register[Customer](table)
	purchases := entable.Register[Purchase](table,
		entable.PK("customer_id", entable.PrefixOf(customers)),
		entable.SK("number"),
		entable.Index("gsi1", entable.PK("status"), entable.SK("number")))
	table.Use(memory.New().Client())
	if err := table.CreateTable(ctx); err != nil {
		log.Fatal(err)
	}
	if err := customers.Put(ctx, &Customer{ID: "ann", Name: "Ann"}); err != nil {
		log.Fatal(err)
	}
	for n, status := range []string{"paid", "", "", "paid"} {
		if err := purchases.Put(ctx, &Purchase{CustomerID: "ann", Number: n + 1, Status: status, Cents: 500 * (n + 1)}); err != nil {
			log.Fatal(err)
		}
	}
	return customers, purchases
}

func ExampleRegister() {
	table := entable.NewTable("shop")
	customers := entable.Register[Customer](table) // the first field is the partition key, the sort key is "A"
	purchases := entable.Register[Purchase](table,
		entable.PK("customer_id", entable.PrefixOf(customers)), // the customer's partition
		entable.SK(entable.Attr("number").Width(6)))

	in, err := purchases.Query(Purchase{CustomerID: "ann"}).Equal(Purchase{Number: 7}).Input(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(dynamoJSON(in.ExpressionAttributeValues))

	// A wrong declaration names the type, the field and the cure.
	_, err = entable.TryRegister[Order](table, entable.SK("owner"))
	fmt.Println(err)
	// Output:
	// {":pk":{"S":"CI#ann"},":sk":{"S":"PN#000007"}}
	// entable: Order: field Owner: a key field may not be optional: use string instead of *string
}

func ExampleEntity_Put() {
	ctx := context.Background()
	customers, purchases := shop(ctx)

	purchase := Purchase{CustomerID: "bob", Number: 1, Cents: 900}
	if err := purchases.Put(ctx, &purchase); err != nil {
		log.Fatal(err)
	}
	fmt.Println(purchase.Status) // the default was filled in

	err := customers.Put(ctx, &Customer{ID: "bob"})
	fmt.Println(err)
	err = customers.Create(ctx, &Customer{ID: "ann", Name: "Another Ann"})
	fmt.Println(errors.Is(err, entable.ErrExists))
	// Output:
	// open
	// entable: Customer: invalid: attribute name: string value does not satisfy "required"
	// true
}

func ExampleEntity_Get() {
	ctx := context.Background()
	_, purchases := shop(ctx)

	purchase, err := purchases.Get(ctx, Purchase{CustomerID: "ann", Number: 2}, entable.Consistent(true))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(purchase.Status, purchase.Cents)

	_, err = purchases.Get(ctx, Purchase{CustomerID: "ann", Number: 99})
	fmt.Println(err)
	// Output:
	// open 1000
	// entable: Get Purchase[pk="CI#ann" sk="PN#0000000000000000099"]: item not found
}

func ExampleEntity_Query() {
	ctx := context.Background()
	_, purchases := shop(ctx)

	q := purchases.Query(Purchase{CustomerID: "ann"}).
		GreaterEqual(Purchase{Number: 2}).
		Filter(expression.Name("cents").GreaterThan(expression.Value(1000))).
		Reverse()
	for purchase, err := range q.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(purchase.Number, purchase.Cents)
	}
	// Output:
	// 4 2000
	// 3 1500
}

func ExampleQuery_Page() {
	ctx := context.Background()
	_, purchases := shop(ctx)

	cursor := ""
	for {
		page, err := purchases.Query(Purchase{CustomerID: "ann"}).Limit(3).From(cursor).Page(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(page.Items), "items, more:", page.Cursor != "")
		if cursor = page.Cursor; cursor == "" {
			return
		}
	}
	// Output:
	// 3 items, more: true
	// 1 items, more: false
}

func ExampleEntity_QueryIndex() {
	ctx := context.Background()
	_, purchases := shop(ctx)

	for purchase, err := range purchases.QueryIndex("gsi1", Purchase{Status: "paid"}).All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(purchase.Number)
	}
	// Output:
	// 1
	// 4
}

func ExampleTable_Query() {
	ctx := context.Background()
	customers, _ := shop(ctx)

	for item, err := range customers.Table().Query(Customer{ID: "ann"}).All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		switch v := item.(type) {
		case *Customer:
			fmt.Println("customer", v.Name)
		case *Purchase:
			fmt.Println("purchase", v.Number)
		}
	}
	// Output:
	// customer Ann
	// purchase 1
	// purchase 2
	// purchase 3
	// purchase 4
}

func ExampleCollection() {
	ctx := context.Background()
	customers, purchases := shop(ctx)

	accounts := entable.NewCollection[CustomerAccount](customers, purchases)
	account, err := accounts.Get(ctx, Customer{ID: "ann"}) // one query
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(account.Customer.Name, len(account.Purchases))
	// Output: Ann 4
}
