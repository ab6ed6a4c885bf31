package entable_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/entable/entable"
)

// songsOf prints the titles that a query gives.
func songsOf(ctx context.Context, q *entable.Query[Song]) {
	var titles []string
	for song, err := range q.All(ctx) {
		must(err)
		titles = append(titles, song.Title)
	}
	fmt.Println(strings.Join(titles, ", "))
}

// Conditions on the sort key are examples too.
func ExampleQuery_Between() {
	ctx := context.Background()
	songs, stop := exampleSongs(ctx)
	defer stop()
	album := func() *entable.Query[Song] { return songs.Query(Song{Album: "Kind of Blue"}) }
	songsOf(ctx, album().Between(Song{Track: 2}, Song{Track: 3}))
	songsOf(ctx, album().LessEqual(Song{Track: 2}))
	songsOf(ctx, album().Less(Song{Track: 2}))
	songsOf(ctx, album().Greater(Song{Track: 4}))
	// Output:
	// Freddie Freeloader, Blue in Green
	// So What, Freddie Freeloader
	// So What
	// Flamenco Sketches
}

// The leading components, or the beginning of a text that is the last one.
func ExampleQuery_Prefix() {
	ctx := context.Background()
	songs, stop := exampleSongs(ctx)
	defer stop()
	table := songs.Table()
	byGenre := entable.Register[Track](table, entable.PK("album"), entable.SK("genre", "n"))
	must(byGenre.Put(ctx, &Track{"Blue", 1, "folk"}))
	must(byGenre.Put(ctx, &Track{"Blue", 2, "folk"}))
	must(byGenre.Put(ctx, &Track{"Blue", 3, "pop"}))
	n, err := byGenre.Query(Track{Album: "Blue"}).Prefix(Track{Genre: "folk"}).Count(ctx)
	fmt.Println(n, err)
	// Output: 2 <nil>
}

func ExampleQuery_One() {
	ctx := context.Background()
	songs, stop := exampleSongs(ctx)
	defer stop()
	song, err := songs.Query(Song{Album: "Kind of Blue"}).Equal(Song{Track: 4}).One(ctx)
	must(err)
	fmt.Println(song.Title)
	_, err = songs.Query(Song{Album: "Kind of Blue"}).One(ctx)
	fmt.Println(errors.Is(err, entable.ErrSeveral))
	_, err = songs.Query(Song{Album: "Blue Train"}).One(ctx)
	fmt.Println(errors.Is(err, entable.ErrNotFound))
	// Output:
	// All Blues
	// true
	// true
}

// Each request reads few items, whatever a filter drops of them.
func ExampleQuery_PageSize() {
	ctx := context.Background()
	songs, stop := exampleSongs(ctx)
	defer stop()
	var stats entable.Stats
	songsOf(entable.WithStats(ctx, &stats), songs.Query(Song{Album: "Kind of Blue"}).PageSize(2))
	fmt.Println(stats.Total().Requests, "requests")
	// Output:
	// So What, Freddie Freeloader, Blue in Green, All Blues, Flamenco Sketches
	// 3 requests
}

// openNewerTravels gives a context with a journey to which a newer version of the program has added a note.
func openNewerTravels() context.Context {
	ctx := openTravels()
	newer := entable.NewTable("travels")
	trips := entable.Register[Trip](newer)
	entable.Register[Leg](newer, entable.PK("trip", entable.PrefixOf(trips)), entable.SK("no"))
	notes := entable.Register[Song](newer, entable.Name("Note"), entable.PK("album", entable.PrefixOf(trips)), entable.SK("track"))
	must(notes.Put(ctx, &Song{Album: "7", Track: 1, Title: "Take a map"}))
	return ctx
}

func ExampleItemsQuery_SkipUnknown() {
	ctx := openNewerTravels()
	_, err := Travels.Query(Trip{ID: "7"}).Count(ctx)
	fmt.Println(err)
	var skipped int
	n, err := Travels.Query(Trip{ID: "7"}).SkipUnknown(&skipped).Count(ctx)
	fmt.Println(n, skipped, err)
	// Output:
	// entable: table "travels": item [pk="TI#7" sk="NT#0000000000000000001"] is of type "Note", which is not registered
	// 4 1 <nil>
}

func ExampleItemsQuery_RawUnknown() {
	ctx := openNewerTravels()
	for item, err := range Travels.Query(Trip{ID: "7"}).RawUnknown().All(ctx) {
		must(err)
		fmt.Printf("%T\n", item)
	}
	// Output:
	// *entable_test.Trip
	// *entable_test.Leg
	// *entable_test.Leg
	// *entable_test.Leg
	// entable.RawItem
}

// The partition is deleted with what this version of the program does not know; by default that is an error.
func ExampleRawUnknown() {
	ctx := openNewerTravels()
	fmt.Println(Journeys.Delete(ctx, Trip{ID: "7"}))
	fmt.Println(Journeys.Delete(ctx, Trip{ID: "7"}, entable.RawUnknown()))
	// Output:
	// entable: table "travels": item [pk="TI#7" sk="NT#0000000000000000001"] is of type "Note", which is not registered
	// <nil>
}

// A table on which the instances of two versions of the program run side by side.
func ExampleSkipUnknown() {
	ctx := openNewerTravels()
	table := entable.NewTable("travels", entable.SkipUnknown())
	entable.Register[Trip](table)
	n, err := table.Query(Trip{ID: "7"}).Count(ctx)
	fmt.Println(n, err)
	// Output: 1 <nil>
}

// Items of any types from one sort key to another.
func ExampleItemsQuery_Between() {
	ctx := openTravels()
	for item, err := range Travels.Query(Trip{ID: "7"}).Between(Leg{No: 2}, nil).All(ctx) {
		must(err)
		fmt.Printf("%T\n", item)
	}
	// Output:
	// *entable_test.Leg
	// *entable_test.Leg
}

func ExampleItemsQuery_Only() {
	ctx := openTravels()
	n, err := Travels.Query(Trip{ID: "7"}).Only(Legs).Count(ctx)
	fmt.Println(n, err)
	// Output: 3 <nil>
}

// A part of a collection.
func ExampleCollectionQuery_Group() {
	ctx := openTravels()
	journey, err := Journeys.Query(Trip{ID: "7"}).Between(Leg{No: 1}, Leg{No: 2}).Group(ctx)
	must(err)
	fmt.Println(journey.Trip, journey.Legs)
	// Output: <nil> [{7 1 Bern} {7 2 Turin}]
}

// Registration that must not panic, such as in a test or a tool.
func ExampleTryNewCollection() {
	_, err := entable.TryNewCollection[Journey](Trips)
	fmt.Println(err)
	// Output: entable: collection Journey: field Legs: []entable_test.Leg takes the items of no member: use []T, []*T or *T of a member, or the tag `entable:"-"`
}

// The whole table is read, and paid for: every item of every type.
func ExampleTable_Scan() {
	ctx := openTravels()
	counts := map[string]int{}
	for item, err := range Travels.Scan().Segments(2).All(ctx) {
		must(err)
		counts[fmt.Sprintf("%T", item)]++
	}
	fmt.Println(counts)
	// Output: map[*entable_test.Leg:3 *entable_test.Trip:1]
}

// A partition with more than a transaction's 100 writes is saved in several, which can be taken up again.
func ExampleInBatches() {
	ctx := openTravels()
	journey := &Journey{Trip: &Trip{ID: "9", Title: "Round the world"}}
	for no := range 150 {
		journey.Legs = append(journey.Legs, Leg{"9", no + 1, "somewhere"})
	}
	fmt.Println(Journeys.Save(ctx, nil, journey))
	fmt.Println(Journeys.Save(ctx, nil, journey, entable.InBatches()))
	// Output:
	// entable: collection Journey: Save has 151 writes, which take 151 actions, those of unique fields among them, and 174738 bytes: a transaction has at most 100 and 4194304: InBatches makes it several
	// <nil>
}

// A message that is delivered twice is carried out once: its id is the token.
func ExampleClientToken() {
	ctx := openShop()
	must(ShopCustomers.Create(ctx, &ShopCustomer{ID: "ann", Email: "ann@example.com"}))
	for range 2 {
		must(entable.Transact(ctx, []entable.Write{ShopCustomers.Update(ShopCustomer{ID: "ann"}).Add("spent", 10)}, entable.ClientToken("message-4711")))
	}
	ann, err := ShopCustomers.Get(ctx, ShopCustomer{ID: "ann"})
	must(err)
	fmt.Println(ann.Spent)
	// Output: 10
}

// The order is made only for a customer who is there.
func ExampleEntity_CheckOp() {
	ctx := openShop()
	email := entable.Field(ShopCustomers, func(c *ShopCustomer) *string { return &c.Email })
	place := func(customer string) error {
		return entable.Transact(ctx, []entable.Write{
			ShopOrders.CreateOp(&ShopOrder{ID: "1", Customer: customer}),
			ShopCustomers.CheckOp(ShopCustomer{ID: customer}, email.Exists()),
		})
	}
	must(ShopCustomers.Create(ctx, &ShopCustomer{ID: "ann", Email: "ann@example.com"}))
	fmt.Println(place("ann"))
	fmt.Println(errors.Is(place("bob"), entable.ErrNotFound))
	// Output:
	// <nil>
	// true
}

// RemoveOp deletes the version that the instance holds; DeleteOp, whatever is there.
func ExampleEntity_RemoveOp() {
	ctx := openShop()
	order := ShopOrder{ID: "1", Customer: "ann"}
	must(ShopOrders.Put(ctx, &order))
	fmt.Println(entable.Transact(ctx, []entable.Write{ShopOrders.RemoveOp(&order)}))
	_, err := ShopOrders.Get(ctx, order)
	fmt.Println(errors.Is(err, entable.ErrNotFound))
	// Output:
	// <nil>
	// true
}

// A batch gives up sooner where the table has no capacity left.
func ExampleAttempts() {
	ctx := openShop()
	orders, err := ShopOrders.BatchGet(ctx, []ShopOrder{{ID: "1"}, {ID: "2"}}, entable.Attempts(3), entable.Concurrency(2))
	fmt.Println(len(orders), err)
	// Output: 2 <nil>
}

func ExampleBatchWriter_Flush() {
	ctx := openShop()
	w := entable.NewBatchWriter(entable.Concurrency(2))
	must(w.Write(ctx, ShopCustomers.PutOp(&ShopCustomer{ID: "ann", Email: "ann@example.com"})))
	must(w.Flush(ctx)) // now, whatever is collected
	ann, err := ShopCustomers.Get(ctx, ShopCustomer{ID: "ann"})
	must(err)
	fmt.Println(ann.Email)
	must(w.Close(ctx))
	// Output: ann@example.com
}
