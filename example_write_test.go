package entable_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// A shop has orders, which are found by customer and state too, and customers with unique addresses.

type ShopOrder struct {
	ID       string   `dynamodbav:"id"`
	Customer string   `dynamodbav:"customer"`
	State    string   `dynamodbav:"state" entable:"default=open" validate:"oneof=open paid sent"`
	Total    int      `dynamodbav:"total"`
	Tags     []string `dynamodbav:"tags,stringset,omitempty"`
	Address  struct {
		City string `dynamodbav:"city"`
	} `dynamodbav:"address"`
	Version int `dynamodbav:"version" entable:"version"`
}

type ShopCustomer struct {
	ID    string `dynamodbav:"id"`
	Email string `dynamodbav:"email" entable:"unique"`
	Spent int    `dynamodbav:"spent"`
}

var (
	Shop       = entable.NewTable("shop", entable.GSI("gsi1"))
	ShopOrders = entable.Register[ShopOrder](Shop, entable.PK("id"),
		entable.Index("gsi1", entable.PK("customer"), entable.SK("state")))
	ShopCustomers = entable.Register[ShopCustomer](Shop)

	orderState = entable.Field(ShopOrders, func(o *ShopOrder) *string { return &o.State })
	orderTotal = entable.Field(ShopOrders, func(o *ShopOrder) *int { return &o.Total })
	orderCity  = entable.Field(ShopOrders, func(o *ShopOrder) *string { return &o.Address.City })
)

// openShop gives a context with an empty shop.
func openShop() context.Context {
	ctx := entable.WithClient(context.Background(), memory.New().Client())
	must(Shop.CreateTable(ctx))
	return ctx
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func ExampleEntity_Put_version() {
	ctx := openShop()
	order := ShopOrder{ID: "1", Customer: "ann"}
	must(ShopOrders.Put(ctx, &order))
	fmt.Println(order.State, order.Version) // filled in

	stale := order
	order.Total = 30
	must(ShopOrders.Put(ctx, &order))
	err := ShopOrders.Put(ctx, &stale)
	if failed, ok := errors.AsType[*entable.ConditionFailedError](err); ok {
		fmt.Println("stored is version", failed.Stored.(*ShopOrder).Version)
	}
	// Output:
	// open 1
	// stored is version 2
}

func ExampleEntity_Create() {
	ctx := openShop()
	must(ShopCustomers.Create(ctx, &ShopCustomer{ID: "ann", Email: "ann@example.com"}))
	err := ShopCustomers.Create(ctx, &ShopCustomer{ID: "bob", Email: "ann@example.com"})
	fmt.Println(errors.Is(err, entable.ErrExists))
	fmt.Println(err)
	// Output:
	// true
	// entable: Create ShopCustomer[pk="SID#bob" sk="A"]: attribute "email": another item has this value
}

func ExampleEntity_Update() {
	ctx := openShop()
	must(ShopOrders.Put(ctx, &ShopOrder{ID: "1", Customer: "ann", Total: 10}))
	order, err := ShopOrders.Update(ShopOrder{ID: "1"}).
		Add("total", 5).
		Add("tags", []string{"gift"}).
		Set("address.city", "Bonn").
		If(expression.Name("total").LessThan(expression.Value(100))).
		Updated(ctx)
	must(err)
	fmt.Println(order.Total, order.Tags, order.Address.City, order.Version)
	// Output: 15 [gift] Bonn 2
}

// The state is part of an index key together with the customer. The update has to know both.
func ExampleUpdate_Fetch() {
	ctx := openShop()
	must(ShopOrders.Put(ctx, &ShopOrder{ID: "1", Customer: "ann"}))
	key := ShopOrder{ID: "1"}
	fmt.Println(ShopOrders.Update(key).Set("state", "paid").Do(ctx))

	must(ShopOrders.Update(key).Set("state", "paid").Known("customer", "ann").Do(ctx)) // one request
	must(ShopOrders.Update(key).Set("state", "sent").Fetch().Do(ctx))                  // reads it first
	for order, err := range ShopOrders.QueryIndex("gsi1", ShopOrder{Customer: "ann"}).Equal(ShopOrder{State: "sent"}).All(ctx) {
		must(err)
		fmt.Println(order.ID, order.State)
	}
	// Output:
	// entable: ShopOrder: the update would leave the key of index "gsi1" stale, which is also made of "customer": set them too, give their present values with Known, or use Fetch
	// 1 sent
}

func ExampleUpdate_Input() {
	in, err := ShopOrders.Update(ShopOrder{ID: "1"}).Add("total", 5).Remove("tags").Input(context.Background())
	must(err)
	fmt.Println(*in.UpdateExpression)
	fmt.Println(*in.ConditionExpression)
	fmt.Println(in.ExpressionAttributeNames)
	// Output:
	// REMOVE #2
	// SET #1 = if_not_exists(#1, :1) + :2, #3 = if_not_exists(#3, :3) + :4
	//
	// (attribute_exists (#0)) AND (NOT (#1 > :0))
	// map[#0:pk #1:total #2:tags #3:version]
}

func ExampleEntity_Patch() {
	ctx := openShop()
	order := ShopOrder{ID: "1", Customer: "ann", Total: 10}
	must(ShopOrders.Put(ctx, &order))
	must(ShopOrders.Patch(&order).Set("state", "paid").Add("total", 2).Do(ctx))
	fmt.Println(order.State, order.Total, order.Version)
	// Output: paid 12 2
}

func ExampleEntity_SaveChanges() {
	ctx := openShop()
	must(ShopOrders.Put(ctx, &ShopOrder{ID: "1", Customer: "ann", Tags: []string{"gift"}}))
	order, err := ShopOrders.Get(ctx, ShopOrder{ID: "1"})
	must(err)
	before := *order
	order.Total, order.Tags = 7, nil
	in, err := ShopOrders.SaveChangesOp(before, order).Input(context.Background())
	must(err)
	fmt.Println(*in.UpdateExpression)
	must(ShopOrders.SaveChanges(ctx, before, order))
	fmt.Println(order.Version)
	must(ShopOrders.SaveChanges(ctx, *order, order)) // nothing differs, nothing is sent
	fmt.Println(order.Version)
	// Output:
	// REMOVE #2
	// SET #3 = :1, #1 = if_not_exists(#1, :2) + :3
	//
	// 2
	// 2
}

func ExampleField() {
	ctx := openShop()
	must(ShopOrders.Put(ctx, &ShopOrder{ID: "1", Customer: "ann", Total: 10}))
	order, err := ShopOrders.Update(ShopOrder{ID: "1"}).
		Apply(orderTotal.Add(5), orderCity.Set("Bonn")).
		If(orderState.Equal("open").And(orderTotal.Less(100))).
		Updated(ctx)
	must(err)
	fmt.Println(order.Total, order.Address.City)
	// Output: 15 Bonn
}

func ExampleEntity_Remove() {
	ctx := openShop()
	order := ShopOrder{ID: "1", Customer: "ann"}
	must(ShopOrders.Put(ctx, &order))
	must(ShopOrders.Update(order).Add("total", 1).Do(ctx))
	err := ShopOrders.Remove(ctx, &order) // of version 1, but 2 is stored
	_, failed := errors.AsType[*entable.ConditionFailedError](err)
	fmt.Println(failed)
	must(ShopOrders.Delete(ctx, order)) // whatever is there
	_, err = ShopOrders.Get(ctx, order)
	fmt.Println(errors.Is(err, entable.ErrNotFound))
	// Output:
	// true
	// true
}

func ExampleTransact() {
	ctx := openShop()
	ann := ShopCustomer{ID: "ann", Email: "ann@example.com"}
	order := ShopOrder{ID: "1", Customer: "ann", Total: 10}
	must(ShopCustomers.Create(ctx, &ann))
	pay := func() error {
		return entable.Transact(ctx, []entable.Write{
			ShopOrders.CreateOp(&order),
			ShopCustomers.Update(ann).Add("spent", order.Total),
		})
	}
	fmt.Println(pay())
	fmt.Println(pay())
	// Output:
	// <nil>
	// entable: transaction of 2 writes cancelled: write 0, ShopOrder[pk="SI#1" sk="A"]: item already exists
}

func ExampleBatchWrite() {
	ctx := openShop()
	var writes []entable.Write
	for i := range 100 {
		writes = append(writes, ShopCustomers.DeleteOp(ShopCustomer{ID: fmt.Sprint(i)}))
	}
	order := ShopOrder{ID: "1", Customer: "ann", Version: 8}
	writes = append(writes, ShopOrders.PutOp(&order))
	err := entable.BatchWrite(ctx, writes, entable.Concurrency(8))
	if failed, ok := errors.AsType[*entable.BatchError](err); ok {
		for _, f := range failed.Failures {
			fmt.Println(f.Index, f.Entity, f.Key, f.Unknown)
		}
	}
	// Output: 100 ShopOrder pk="SI#1" sk="A" false
}

func ExampleBatchWriter() {
	ctx := openShop()
	w := entable.NewBatchWriter()
	for i := range 1000 {
		must(w.Write(ctx, ShopOrders.CreateOp(&ShopOrder{ID: fmt.Sprint(i), Customer: "ann"})))
	}
	must(w.Close(ctx))
	n, err := ShopOrders.QueryIndex("gsi1", ShopOrder{Customer: "ann"}).Count(ctx)
	fmt.Println(n, err)
	// Output: 1000 <nil>
}

type ShopCart struct {
	ID      string    `dynamodbav:"id"`
	Expires time.Time `dynamodbav:"expires" entable:"ttl"`
}

func ExampleEntity_TimeLeft() {
	now := time.Date(2025, 1, 1, 12, 0, 0, 0, time.UTC)
	carts := entable.Register[ShopCart](entable.NewTable("carts", entable.Clock(func() time.Time { return now })))
	cart := ShopCart{ID: "1", Expires: now.Add(time.Hour)}
	fmt.Println(carts.TimeLeft(&cart))
	fmt.Println(carts.Expired(&cart))
	item, err := carts.ToItem(&cart)
	must(err)
	fmt.Printf("%T\n", item["expires"])
	// Output:
	// 1h0m0s true
	// false
	// *types.AttributeValueMemberN
}

func ExampleEntity_Size() {
	fmt.Println(ShopCustomers.Size(&ShopCustomer{ID: "ann", Email: "ann@example.com"}))
	// Output: 60 <nil>
}
