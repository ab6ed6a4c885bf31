package entable_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"
	"golang.org/x/time/rate"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
	"github.com/entable/entable/seal"
)

// With both sources fixed, a test knows what is generated.
func ExampleClock() {
	table := entable.NewTable("devices",
		entable.Clock(func() time.Time { return time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC) }),
		entable.Entropy(strings.NewReader(strings.Repeat("entropy", 100))))
	fmt.Println(table.Generate(entable.ISO8601))
	fmt.Println(table.Generate(entable.UUID4))
	fmt.Println(table.Generate(entable.ULID))
	// Output:
	// 2026-05-01T08:00:00Z
	// 656e7472-6f70-4965-ae74-726f7079656e
	// 01KQH8TF00EHS6YW3SCNQ78WKF
}

func ExampleEntropy() {
	table := entable.NewTable("devices", entable.Entropy(bytes.NewReader(make([]byte, 16))))
	fmt.Println(table.Generate(entable.UUID4))
	// Output: 00000000-0000-4000-8000-000000000000
}

// A value that a hook needs before fields are generated.
func ExampleGenerate() {
	fmt.Println(len(entable.Generate(entable.ULID)))
	earlier, later := entable.Generate(entable.ULID), entable.Generate(entable.ULID)
	fmt.Println(earlier < later)
	// Output:
	// 26
	// true
}

func ExampleExpiresIn() {
	carts := entable.Register[ShopCart](entable.NewTable("carts"))
	cart := ShopCart{ID: "1", Expires: entable.ExpiresIn(24 * time.Hour)}
	left, ok := carts.TimeLeft(&cart)
	fmt.Println(left.Round(time.Minute), ok, carts.Expired(&cart))
	// Output: 24h0m0s true false
}

func ExampleMaxSize() {
	customers := entable.Register[Customer](entable.NewTable("shop", entable.MaxSize(1024)))
	customers.Use(memory.New().Client())
	fmt.Println(customers.Put(context.Background(), &Customer{ID: "ann", Name: strings.Repeat("Ann", 400)}))
	// Output: entable: Customer[pk="CI#ann" sk="A"]: item of 1233 bytes is above the limit of 1024
}

func ExampleConsistent() {
	table := entable.NewTable("shop", entable.Consistent(true)) // all reads, unless they say otherwise
	customers := entable.Register[Customer](table)
	in, err := customers.GetInput(context.Background(), Customer{ID: "ann"})
	must(err)
	fmt.Println(*in.ConsistentRead)
	query, err := customers.Query(Customer{ID: "ann"}).Consistent(false).Input(context.Background())
	must(err)
	fmt.Println(query.ConsistentRead == nil || !*query.ConsistentRead)
	// Output:
	// true
	// true
}

// A rule of your own for the `validate` tag.
func ExampleValidator() {
	rules := validator.New()
	must(rules.RegisterValidation("oneof", func(f validator.FieldLevel) bool { return f.Field().String() == "refunded" }))
	orders := entable.Register[ShopOrder](entable.NewTable("shop", entable.Validator(rules)), entable.PK("id"))
	orders.Use(memory.New().Client())
	err := orders.Put(context.Background(), &ShopOrder{ID: "1", State: "lost"})
	_, invalid := errors.AsType[*entable.ValidationError](err)
	fmt.Println(invalid)
	// Output: true
}

// Metrics and logs. slog.InfoContext(ctx, "dynamodb", "request", event) writes all of it.
func ExampleObserve() {
	ctx := context.Background()
	customers := entable.Register[Customer](entable.NewTable("shop", entable.Observe(func(_ context.Context, event entable.Event) {
		fmt.Println(event.Operation, event.Table, event.Entity, event.WriteUnits, event.Err, len(event.Partitions()))
	})))
	customers.Table().Use(memory.New().Client())
	must(customers.Table().CreateTable(ctx))
	must(customers.Put(ctx, &Customer{ID: "ann", Name: "Ann"}))
	// Output: PutItem shop Customer 1 <nil> 1
}

// A backfill takes no more than a part of the table's capacity.
func ExampleLimit() {
	table := entable.NewTable("shop", entable.Limit(rate.NewLimiter(500, 500), rate.NewLimiter(100, 100))) // units a second
	table.Use(memory.New().Client())
	customers := entable.Register[Customer](table)
	must(table.CreateTable(context.Background()))
	fmt.Println(customers.Put(context.Background(), &Customer{ID: "ann", Name: "Ann"}))
	// Output: <nil>
}

// What would wait past the end of its context fails at once, and is not sent.
func ExampleWithLimit() {
	ctx, recipes := openRecipes()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ctx = entable.WithLimit(ctx, rate.NewLimiter(rate.Every(time.Hour), 1), nil) // of one job, or one tenant
	_, err := recipes.Get(ctx, Recipe{ID: "1"}, entable.Consistent(true))
	fmt.Println(err)
	_, err = recipes.Get(ctx, Recipe{ID: "1"}, entable.Consistent(true))
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// <nil>
	// true
}

func ExampleStats_BySubject() {
	ctx, recipes := openRecipes()
	var stats entable.Stats
	ctx = entable.WithStats(ctx, &stats)
	must(recipes.Put(ctx, &Recipe{ID: "2", Author: "ann"}))
	_, err := recipes.Get(ctx, Recipe{ID: "2"})
	must(err)
	for subject, counts := range stats.BySubject() {
		fmt.Println(subject.Entity, subject.Operation, counts.Requests, counts.ReadUnits, counts.WriteUnits)
	}
	// Unordered output:
	// Recipe PutItem 1 0 2
	// Recipe GetItem 1 0.5 0
}

// For a client with middleware that looks at items, or that has to see every request.
func ExamplePlainRoute() {
	for _, option := range []entable.TableOption{entable.PlainRoute(), entable.SDKRequests()} {
		ctx, recipes := openRecipes(option)
		r, err := recipes.Get(ctx, Recipe{ID: "1"}) // the same, in more time
		must(err)
		fmt.Println(r.Ingredients)
	}
	// Output:
	// [{flour 500}]
	// [{flour 500}]
}

func ExampleSDKRequests() {
	for _, options := range [][]entable.TableOption{nil, {entable.SDKRequests()}} {
		ctx, recipes := openRecipes(options...)
		var stats entable.Stats
		for range 3 {
			_, err := recipes.Get(entable.WithStats(ctx, &stats), Recipe{ID: "1"})
			must(err)
		}
		fmt.Println(stats.Total().Requests, "requests,", stats.Total().Lean, "without the SDK's middleware")
	}
	// Output:
	// 3 requests, 2 without the SDK's middleware
	// 3 requests, 0 without the SDK's middleware
}

// Patient has an address that only the program can read.
type Patient struct {
	ID    string `dynamodbav:"id"`
	Email string `dynamodbav:"email,omitempty" entable:"encrypt,hash=emails"`
}

// clinic declares patients, who are found by their addresses all the same.
func clinic(key string) *entable.Entity[Patient] {
	secret, hashSecret := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32) // from where secrets are kept
	keys, err := seal.Keys(seal.Key{ID: key, Secret: secret})
	must(err)
	table := entable.NewTable("clinic", entable.GSI("by-email"),
		entable.Encryption(seal.New(keys, seal.Options{})), entable.HashKey("emails", hashSecret))
	return entable.Register[Patient](table, entable.Index("by-email", entable.PK("email")))
}

func ExampleEncryption() {
	patients := clinic("2026-11") // NewTable("clinic", Encryption(seal.New(keys, seal.Options{})), …)
	item, err := patients.ToItem(&Patient{ID: "7", Email: "ann@example.com"})
	must(err)
	fmt.Printf("%T\n", item["email"])
	patient, err := patients.FromItem(item)
	must(err)
	fmt.Println(patient.Email)
	shown, err := patients.ToMap(patient) // for people and logs
	must(err)
	fmt.Println(shown["id"], shown["email"])
	// Output:
	// *types.AttributeValueMemberB
	// ann@example.com
	// 7 <nil>
}

func ExampleHashKey() {
	ctx, patients := context.Background(), clinic("2026-11") // NewTable("clinic", HashKey("emails", hashSecret), …)
	patients.Table().Use(memory.New().Client())
	must(patients.Table().CreateTable(ctx))
	must(patients.Put(ctx, &Patient{ID: "7", Email: "ann@example.com"}))
	patient, err := patients.QueryIndex("by-email", Patient{Email: "ann@example.com"}).One(ctx)
	must(err)
	fmt.Println(patient.ID, patient.Email)
	// Output: 7 ann@example.com
}
