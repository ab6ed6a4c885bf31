package entable_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

func ExampleNewTable() {
	table := entable.NewTable("shop", entable.GSI("gsi1"), entable.HideExpired(true))
	in := table.CreateInput() // what a template, or CreateTable, has to make
	for _, key := range in.KeySchema {
		fmt.Println(*key.AttributeName, key.KeyType)
	}
	fmt.Println(*in.GlobalSecondaryIndexes[0].IndexName, in.BillingMode)
	// Output:
	// pk HASH
	// sk RANGE
	// gsi1 PAY_PER_REQUEST
}

// For tables whose name or indexes a program reads from its settings.
func ExampleTryNewTable() {
	_, err := entable.TryNewTable("my table")
	fmt.Println(err)
	// Output: entable: table "my table": invalid name: use 3 to 255 letters, digits, '_', '-' and '.', or the ARN of a table
}

// Small programs name their table in the environment, and Register takes nil.
func ExampleDefaultTable() {
	defer entable.DefaultTable().MakeDefault() // again: it is the one that ENTABLE_TABLE_NAME names
	table := entable.NewTable("shop")
	table.MakeDefault()
	customers := entable.Register[Customer](nil)
	fmt.Println(customers.Table() == table, entable.DefaultTable().Name())
	// Output: true shop
}

func ExampleTable_Use() {
	db := memory.New()
	defer db.Close()
	table := entable.NewTable("shop")
	customers := entable.Register[Customer](table)
	_, err := customers.Get(context.Background(), Customer{ID: "ann"})
	fmt.Println(errors.Is(err, entable.ErrNoClient))
	table.Use(db.Client()) // in production: dynamodb.NewFromConfig(cfg)
	fmt.Println(table.CreateTable(context.Background()))
	// Output:
	// true
	// <nil>
}

// A test that runs beside others gives each its own database, through the context.
func ExampleWithClient() {
	db := memory.New()
	defer db.Close()
	ctx := entable.WithClient(context.Background(), db.Client())
	must(Shop.CreateTable(ctx))
	fmt.Println(ShopOrders.Put(ctx, &ShopOrder{ID: "1", Customer: "ann"}))
	// Output: <nil>
}

func ExampleSetDefaultClient() {
	entable.SetDefaultClient(memory.New().Client())
	defer entable.SetDefaultClient(nil)
	fmt.Println(Shop.CreateTable(context.Background()))
	// Output: <nil>
}

func ExampleTable_CreateTable() {
	ctx, table := context.Background(), entable.NewTable("shop")
	table.Use(memory.New().Client())
	must(table.CreateTable(ctx, func(in *dynamodb.CreateTableInput) { in.DeletionProtectionEnabled = new(true) }))
	fmt.Println(errors.Is(table.CreateTable(ctx), entable.ErrTableExists))
	// Output: true
}

// At the start of a program: the table is there, and as the entities need it.
func ExampleTable_Ensure() {
	ctx, table := context.Background(), entable.NewTable("carts")
	table.Use(memory.New().Client())
	carts := entable.Register[ShopCart](table)
	fmt.Println(table.Ensure(ctx)) // makes it
	fmt.Println(table.Ensure(ctx))
	fmt.Println(*table.TimeToLiveInput().TimeToLiveSpecification.AttributeName, "is its time to live")
	fmt.Println(carts.Put(ctx, &ShopCart{ID: "1"}))
	// Output:
	// <nil>
	// <nil>
	// expires is its time to live
	// <nil>
}

// In production a template makes the table, and a program only looks.
func ExampleTable_Require() {
	ctx, client := context.Background(), memory.New().Client()
	before, table := entable.NewTable("carts"), entable.NewTable("carts", entable.GSI("by-user"))
	before.Use(client)
	table.Use(client)
	fmt.Println(errors.Is(table.Require(ctx), entable.ErrTableNotFound))
	must(before.CreateTable(ctx))
	err := table.Require(ctx)
	if drift, ok := errors.AsType[*entable.DriftError](err); ok {
		fmt.Println(drift.Differences[0].What+":", drift.Differences[0].Cure)
	}
	// Output:
	// true
	// index "by-user": Table.AddIndexes adds it
}

// A deployment adds the indexes that the next version reads.
func ExampleTable_AddIndexes() {
	ctx, client := context.Background(), memory.New().Client()
	before, table := entable.NewTable("carts"), entable.NewTable("carts", entable.GSI("by-user"))
	before.Use(client)
	table.Use(client)
	must(before.CreateTable(ctx))
	fmt.Println(table.AddIndexes(ctx), table.Require(ctx))
	// Output: <nil> <nil>
}

// The table is a variable of a package; its secrets, its observer and the clock of tests come later.
func ExampleTable_Configure() {
	ctx, table := context.Background(), entable.NewTable("carts")
	carts := entable.Register[ShopCart](table)
	requests := 0
	fmt.Println(table.Configure(
		entable.CursorKey([]byte("0123456789abcdef")),
		entable.Observe(func(context.Context, entable.Event) { requests++ })))
	table.Use(memory.New().Client())
	must(table.CreateTable(ctx))
	must(carts.Put(ctx, &ShopCart{ID: "1"}))
	fmt.Println(requests)
	fmt.Println(table.Configure(entable.CursorKey([]byte("short"))) != nil)
	// Output:
	// <nil>
	// 1
	// true
}

func ExampleTable_Diff() {
	ctx, client := context.Background(), memory.New().Client()
	before, table := entable.NewTable("carts"), entable.NewTable("carts", entable.GSI("by-user"))
	before.Use(client)
	table.Use(client)
	entable.Register[ShopCart](table)
	must(before.CreateTable(ctx))
	differences, err := table.Diff(ctx)
	must(err)
	for _, d := range differences {
		fmt.Println(d)
	}
	// Output:
	// index "by-user": the table has nothing, the registry needs global on "by-userpk" (S) and "by-usersk" (S), projecting ALL
	// ttl: the table has nothing, the registry needs "expires"
}

func ExampleTable_Exists() {
	ctx, table := context.Background(), entable.NewTable("test-4711")
	table.Use(memory.New().Client())
	must(table.CreateTable(ctx))
	fmt.Println(table.Exists(ctx))
	must(table.DeleteTable(ctx))
	fmt.Println(table.Exists(ctx))
	// Output:
	// true <nil>
	// false <nil>
}

// The lock of a table, in a test: entabletest.CheckLock does both.
func ExampleTable_CheckLock() {
	table := entable.NewTable("music", entable.GSI("by-genre"))
	entable.Register[Track](table, entable.PK("album"), entable.SK("n"))
	entable.Register[Customer](table) // is new
	fmt.Println(table.CheckLock(trackLock))
	extended, err := table.ExtendLock(trackLock)
	must(err)
	fmt.Println(table.CheckLock(extended))
	// Output:
	// entable: the registry of table "music" departs from its lock:
	// 	Customer: entity: was none, is registered: the lock does not hold it yet: extend the lock
	// <nil>
}

// From an SDK's scan, a stream or a backup.
func ExampleTable_Decode() {
	item, err := ShopCustomers.ToItem(&ShopCustomer{ID: "ann", Email: "ann@example.com"})
	must(err)
	v, err := Shop.Decode(item)
	must(err)
	switch v := v.(type) {
	case *ShopCustomer:
		fmt.Println("customer", v.Email)
	case *ShopOrder:
		fmt.Println("order", v.Total)
	}
	// Output: customer ann@example.com
}

func ExampleTable_DecodeJSON() {
	v, err := Shop.DecodeJSON([]byte(`{"pk": {"S": "SI#1"}, "sk": {"S": "A"}, "_type": {"S": "ShopOrder"}, "id": {"S": "1"}, "total": {"N": "12"}}`))
	must(err)
	fmt.Println(v.(*ShopOrder).Total)
	// Output: 12
}

// A message names an item by its key, and not by all that it had then.
func ExampleTable_KeyOf() {
	key, err := Shop.KeyOf(ShopOrder{ID: "1", Customer: "ann", Total: 12})
	must(err)
	fmt.Printf("%+v\n", *key.(*ShopOrder))
	// Output: {ID:1 Customer: State: Total:0 Tags:[] Address:{City:} Version:0}
}

func ExampleEntity_KeyOf() {
	key, err := ShopOrders.KeyOf(&ShopOrder{ID: "1", Customer: "ann", Total: 12})
	must(err)
	fmt.Println(key.ID, key.Total)
	// Output: 1 0
}

func ExampleDiscriminator() {
	customers := entable.Register[Customer](entable.NewTable("shop", entable.Discriminator("kind")))
	item, err := customers.ToItem(&Customer{ID: "ann", Name: "Ann"})
	must(err)
	fmt.Println(dynamoJSON(item))
	// Output: {"id":{"S":"ann"},"kind":{"S":"Customer"},"name":{"S":"Ann"},"pk":{"S":"CI#ann"},"sk":{"S":"A"}}
}

func ExampleNoDiscriminator() {
	table := entable.NewTable("shop", entable.NoDiscriminator())
	customers := entable.Register[Customer](table)
	item, err := customers.ToItem(&Customer{ID: "ann", Name: "Ann"})
	must(err)
	fmt.Println(dynamoJSON(item))
	v, err := table.Decode(item) // told from the prefixes of its keys
	fmt.Printf("%T %v\n", v, err)
	// Output:
	// {"id":{"S":"ann"},"name":{"S":"Ann"},"pk":{"S":"CI#ann"},"sk":{"S":"A"}}
	// *entable_test.Customer <nil>
}

// By default a UUID is text, as with the SDK's UseEncodingMarshalers.
func ExampleSDKDefaults() {
	for _, table := range []*entable.Table{entable.NewTable("devices"), entable.NewTable("devices", entable.SDKDefaults())} {
		commands := entable.Register[DeviceCommand](table, entable.PK("device_id"), entable.SK("command_id"))
		item, err := commands.ToItem(&DeviceCommand{DeviceID: uuid.Max, CommandID: uuid.Max})
		must(err)
		fmt.Printf("%T %s\n", item["device_id"], item["pk"].(*types.AttributeValueMemberS).Value)
	}
	// Output:
	// *types.AttributeValueMemberS DD#ffffffff-ffff-ffff-ffff-ffffffffffff
	// *types.AttributeValueMemberB DD#ffffffffffffffffffffffffffffffff
}
