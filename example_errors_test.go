package entable_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// Anything else is of a caller's own.
func ExampleIsError() {
	ctx := openShop()
	_, err := ShopOrders.Get(ctx, ShopOrder{ID: "1"})
	fmt.Println(entable.IsError(err), entable.IsError(fmt.Errorf("show order: %w", err)))
	fmt.Println(entable.IsError(context.Canceled))
	// Output:
	// true true
	// false
}

// The SDK has retried by then: a caller waits much longer, or answers "later" itself.
func ExampleIsRetryable() {
	db := memory.New()
	ctx := entable.WithClient(context.Background(), db.Client(func(o *dynamodb.Options) { o.RetryMaxAttempts = 1 })) // by default three
	must(Shop.CreateTable(ctx))
	stop := db.Inject(memory.Throttle())
	_, err := ShopOrders.Get(ctx, ShopOrder{ID: "1"})
	fmt.Println(entable.IsRetryable(err), errors.Is(err, entable.ErrThrottled))
	stop()
	_, err = ShopOrders.Get(ctx, ShopOrder{ID: "1"})
	fmt.Println(entable.IsRetryable(err), errors.Is(err, entable.ErrNotFound))
	// Output:
	// true true
	// false true
}

func ExampleDeclarationError() {
	_, err := entable.TryRegister[Track](entable.NewTable("music"), entable.PK("albun"), entable.SK("n"))
	if wrong, ok := errors.AsType[*entable.DeclarationError](err); ok {
		fmt.Printf("%s: %q: %s\n", wrong.What, wrong.Field, wrong.Reason)
	}
	// Output: Track: "PK": unknown attribute "albun": entable_test.Track has "album", "n", "genre"
}

func ExampleOpError() {
	ctx := openShop()
	_, err := ShopOrders.Get(ctx, ShopOrder{ID: "1"})
	if op, ok := errors.AsType[*entable.OpError](err); ok {
		fmt.Println(op.Op, op.Entity, op.Key, op.Unknown)
		fmt.Println(op.Err == entable.ErrNotFound)
	}
	// Output:
	// Get ShopOrder pk="SI#1" sk="A" false
	// true
}

// The error has the stored item, so that nobody needs to read it.
func ExampleConditionFailedError() {
	ctx := openShop()
	must(ShopOrders.Put(ctx, &ShopOrder{ID: "1", Customer: "ann", State: "paid"}))
	err := ShopOrders.Delete(ctx, ShopOrder{ID: "1"}, entable.If(orderState.Equal("open")))
	if failed, ok := errors.AsType[*entable.ConditionFailedError](err); ok {
		fmt.Println("the order is", failed.Stored.(*ShopOrder).State)
	}
	err = ShopOrders.Create(ctx, &ShopOrder{ID: "1", Customer: "bob"})
	fmt.Println(errors.Is(err, entable.ErrExists))
	// Output:
	// the order is paid
	// true
}

func ExampleVersionError() {
	ctx := openShop()
	order := ShopOrder{ID: "1", Customer: "ann"}
	must(ShopOrders.Put(ctx, &order))
	must(ShopOrders.Update(order).Add("total", 5).Do(ctx))
	err := ShopOrders.Patch(&order).Set("total", 7).Do(ctx)
	if lost, ok := errors.AsType[*entable.VersionError](err); ok {
		fmt.Println("read it anew: stored is version", lost.Have, "and not", lost.Want)
	}
	// Output: read it anew: stored is version 2 and not 1
}

func ExampleValidationError() {
	err := ShopOrders.Put(openShop(), &ShopOrder{ID: "1", State: "lost"})
	if invalid, ok := errors.AsType[*entable.ValidationError](err); ok {
		for _, f := range invalid.Fields {
			fmt.Println(f.Attribute, f.Rule, f.Param)
		}
	}
	// Output: state oneof open paid sent
}

func ExampleUniqueError() {
	ctx := openShop()
	must(ShopCustomers.Create(ctx, &ShopCustomer{ID: "ann", Email: "ann@example.com"}))
	err := ShopCustomers.Put(ctx, &ShopCustomer{ID: "bob", Email: "ann@example.com"})
	if taken, ok := errors.AsType[*entable.UniqueError](err); ok {
		fmt.Println("taken:", taken.Attribute)
	}
	// Output: taken: email
}

// A key field is empty, too long, or does not fit its width.
func ExampleKeyError() {
	_, err := ShopOrders.Get(openShop(), ShopOrder{Customer: "ann"})
	if wrong, ok := errors.AsType[*entable.KeyError](err); ok {
		fmt.Println(wrong.Entity, wrong.Key, wrong.Err)
	}
	// Output: ShopOrder pk attribute "id": text is empty
}

func ExampleEncodeError() {
	ctx, recipes := openRecipes()
	err := recipes.Update(Recipe{ID: "1"}).Set("servings", "four").Do(ctx)
	if wrong, ok := errors.AsType[*entable.EncodeError](err); ok {
		fmt.Println(wrong.Entity, wrong.Err)
	}
	// Output: Recipe attribute servings: cannot set it to a value of type string: its type is int
}

// Another program has stored what does not fit the type.
func ExampleDecodeError() {
	_, err := ShopOrders.FromItem(entable.RawItem{
		"pk": &types.AttributeValueMemberS{Value: "SI#1"}, "sk": &types.AttributeValueMemberS{Value: "A"},
		"_type": &types.AttributeValueMemberS{Value: "ShopOrder"}, "id": &types.AttributeValueMemberS{Value: "1"},
		"total": &types.AttributeValueMemberS{Value: "ten"},
	})
	if wrong, ok := errors.AsType[*entable.DecodeError](err); ok {
		fmt.Println(wrong.Entity, wrong.Key, wrong.Err)
	}
	// Output: ShopOrder pk="SI#1" sk="A" attribute total: cannot decode S into int
}

// Somebody has changed the field and not the key that is made of it.
func ExampleKeyMismatchError() {
	_, err := ShopOrders.FromItem(entable.RawItem{
		"pk": &types.AttributeValueMemberS{Value: "SI#1"}, "sk": &types.AttributeValueMemberS{Value: "A"},
		"_type": &types.AttributeValueMemberS{Value: "ShopOrder"}, "id": &types.AttributeValueMemberS{Value: "2"},
	})
	if moved, ok := errors.AsType[*entable.KeyMismatchError](err); ok {
		fmt.Println("stored under", moved.Key, "made", moved.Made)
	}
	// Output: stored under pk="SI#1" sk="A" made pk="SI#2" sk="A"
}

// The key that an item was encrypted with is not among those to read with any more.
func ExampleProtectionError() {
	item, err := clinic("2025-11").ToItem(&Patient{ID: "7", Email: "ann@example.com"})
	must(err)
	_, err = clinic("2026-11").FromItem(item)
	if closed, ok := errors.AsType[*entable.ProtectionError](err); ok {
		fmt.Println(closed.Entity, closed.Attribute, "needs the key", closed.KeyID)
	}
	// Output: Patient email needs the key 2025-11
}

func ExampleHookError() {
	ctx, recipes := openRecipes()
	err := recipes.Put(ctx, &Recipe{ID: "2", Servings: -1})
	if refused, ok := errors.AsType[*entable.HookError](err); ok {
		fmt.Println(refused.Hook, refused.Err)
	}
	// Output: BeforeSave a recipe is for somebody
}

func ExampleItemTooLargeError() {
	ctx, recipes := openRecipes()
	err := recipes.Put(ctx, &Recipe{ID: "2", Author: "ann", Steps: []string{strings.Repeat("stir ", 100_000)}})
	if large, ok := errors.AsType[*entable.ItemTooLargeError](err); ok {
		fmt.Println(large.Size, "bytes are above", large.Max)
	}
	// Output: 500100 bytes are above 409600
}

// A newer version of the program stores purchases, of which this one knows nothing.
func ExampleUnknownEntityError() {
	ctx, client := context.Background(), memory.New().Client()
	newer, table := entable.NewTable("shop"), entable.NewTable("shop")
	newer.Use(client)
	table.Use(client)
	customers := entable.Register[Customer](table)
	purchases := entable.Register[Purchase](newer, entable.PK("customer_id", entable.PrefixOf(entable.Register[Customer](newer))), entable.SK("number"))
	must(table.CreateTable(ctx))
	must(customers.Put(ctx, &Customer{ID: "ann", Name: "Ann"}))
	must(purchases.Put(ctx, &Purchase{CustomerID: "ann", Number: 1}))

	for item, err := range table.Query(Customer{ID: "ann"}).All(ctx) {
		if unknown, ok := errors.AsType[*entable.UnknownEntityError](err); ok {
			fmt.Println(unknown.Type, unknown.Key)
			continue
		}
		fmt.Println(*item.(*Customer))
	}
	// Output:
	// {ann Ann}
	// Purchase pk="CI#ann" sk="PN#0000000000000000001"
}

// Each write that stood in the way is named with its reason.
func ExampleTransactionError() {
	ctx := openShop()
	must(ShopOrders.Put(ctx, &ShopOrder{ID: "1", Customer: "ann", State: "paid"}))
	err := entable.Transact(ctx, []entable.Write{
		ShopCustomers.CreateOp(&ShopCustomer{ID: "ann", Email: "ann@example.com"}),
		ShopOrders.DeleteOp(ShopOrder{ID: "1"}, entable.If(orderState.Equal("open"))),
	})
	if cancelled, ok := errors.AsType[*entable.TransactionError](err); ok {
		for _, reason := range cancelled.Reasons {
			fmt.Println(reason.Index, reason.Entity, reason.Code, reason.Err)
		}
	}
	// Output: 1 ShopOrder ConditionalCheckFailed entable: ShopOrder: condition failed
}

// All other writes of the batch were carried out.
func ExampleBatchError() {
	ctx := openShop()
	must(ShopOrders.Put(ctx, &ShopOrder{ID: "2", Customer: "ann"}))
	err := entable.BatchWrite(ctx, []entable.Write{
		ShopOrders.PutOp(&ShopOrder{ID: "1", Customer: "ann"}),
		ShopOrders.CreateOp(&ShopOrder{ID: "2", Customer: "bob"}),
	})
	if failed, ok := errors.AsType[*entable.BatchError](err); ok {
		fmt.Println(len(failed.Failures), "of", failed.Total)
		for _, f := range failed.Failures {
			fmt.Println(f.Index, f.Key, errors.Is(f.Err, entable.ErrExists))
		}
	}
	// Output:
	// 1 of 2
	// 1 pk="SI#2" sk="A" true
}

// The table lacks the index that a new version of the program needs.
func ExampleDriftError() {
	ctx, client := context.Background(), memory.New().Client()
	before, table := entable.NewTable("music"), entable.NewTable("music", entable.GSI("by-genre"))
	before.Use(client)
	table.Use(client)
	must(before.CreateTable(ctx))
	if drift, ok := errors.AsType[*entable.DriftError](table.Ensure(ctx)); ok {
		for _, d := range drift.Differences {
			fmt.Printf("%s: %s: was %q, is %q\n", drift.From, d.What, d.Was, d.Is)
		}
	}
	// Output: table: index "by-genre": was "", is "global on \"by-genrepk\" (S) and \"by-genresk\" (S), projecting ALL"
}

// An item outlives its time until the service removes it, within days.
func ExampleHideExpired() {
	ctx := context.Background()
	db := memory.New()
	table := entable.NewTable("carts", entable.HideExpired(true), entable.Clock(db.Clock().Now))
	table.Use(db.Client())
	carts := entable.Register[ShopCart](table)
	must(table.CreateTable(ctx))
	must(carts.Put(ctx, &ShopCart{ID: "1", Expires: db.Clock().Now().Add(-time.Minute)}))
	_, err := carts.Get(ctx, ShopCart{ID: "1"})
	fmt.Println(errors.Is(err, entable.ErrNotFound))
	fmt.Println(carts.Create(ctx, &ShopCart{ID: "1", Expires: db.Clock().Now().Add(time.Hour)})) // takes its place
	// Output:
	// true
	// <nil>
}

// An expression knows attributes by their stored names; Value encodes as the table does.
func ExampleIf() {
	ctx := openShop()
	must(ShopOrders.Put(ctx, &ShopOrder{ID: "1", Customer: "ann", Total: 10}))
	err := ShopOrders.Delete(ctx, ShopOrder{ID: "1"}, entable.If(expression.Name("total").Equal(entable.Value(0))))
	fmt.Println(err)
	// Output: entable: Delete ShopOrder[pk="SI#1" sk="A"]: condition failed
}

func ExampleRetryOnConflict() {
	ctx, db := context.Background(), memory.New()
	defer db.Close()
	table := entable.NewTable("notes")
	table.Use(db.Client())
	must(table.CreateTable(ctx))
	notes := entable.Register[tally](table)
	must(notes.Put(ctx, &tally{ID: "1"}))

	var all sync.WaitGroup
	for _, name := range []string{"ann", "bob"} {
		all.Go(func() {
			must(entable.RetryOnConflict(ctx, func() error {
				note, err := notes.Get(ctx, tally{ID: "1"}, entable.Consistent(true))
				if err != nil {
					return err
				}
				if note.Notes == nil {
					note.Notes = map[string]int{}
				}
				note.Notes[name]++
				return notes.Put(ctx, note)
			}))
		})
	}
	all.Wait()
	note, err := notes.Get(ctx, tally{ID: "1"})
	fmt.Println(note.Notes, note.Version, err)
	// Output: map[ann:1 bob:1] 3 <nil>
}

func ExampleEntity_StoredIn() {
	ctx, db := context.Background(), memory.New()
	defer db.Close()
	table := entable.NewTable("shelves")
	table.Use(db.Client())
	must(table.CreateTable(ctx))
	shelves := entable.Register[tally](table)
	must(shelves.Put(ctx, &tally{ID: "pens", Sum: 2}))

	sum := entable.Field(shelves, func(t *tally) *int { return &t.Sum })
	err := entable.Transact(ctx, []entable.Write{
		shelves.Update(tally{ID: "pens"}).Apply(sum.Subtract(3)).If(sum.GreaterEqual(3)),
	})
	if shelf, ok := shelves.StoredIn(err); ok {
		fmt.Printf("there are %d left\n", shelf.Sum)
	}
	// Output: there are 2 left
}
