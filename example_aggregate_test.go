package entable_test

import (
	"context"
	"fmt"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// A trip has legs: one partition.

type Trip struct {
	ID      string `dynamodbav:"id"`
	Title   string `dynamodbav:"title"`
	Version int    `dynamodbav:"version" entable:"version"`
}

type Leg struct {
	Trip string `dynamodbav:"trip"`
	No   int    `dynamodbav:"no"`
	City string `dynamodbav:"city"`
}

// Journey is all that is stored of one trip.
type Journey struct {
	Trip *Trip
	Legs []Leg
}

var (
	Travels  = entable.NewTable("travels")
	Trips    = entable.Register[Trip](Travels)
	Legs     = entable.Register[Leg](Travels, entable.PK("trip", entable.PrefixOf(Trips)), entable.SK("no"))
	Journeys = entable.NewCollection[Journey](Trips, Legs)
)

// openTravels gives a context with one journey.
func openTravels() context.Context {
	ctx := entable.WithClient(context.Background(), memory.New().Client())
	must(Travels.CreateTable(ctx))
	must(Journeys.Put(ctx, &Journey{
		Trip: &Trip{ID: "7", Title: "South"},
		Legs: []Leg{{"7", 1, "Bern"}, {"7", 2, "Turin"}, {"7", 3, "Genoa"}},
	}))
	return ctx
}

// What differs is written in one transaction, if nobody else has changed it.
func ExampleCollection_Save() {
	ctx := openTravels()
	journey, err := Journeys.Get(ctx, Trip{ID: "7"})
	must(err)
	before := Journeys.Clone(journey)

	journey.Trip.Title = "South by train"
	journey.Legs[1].City = "Milan"
	journey.Legs = append(journey.Legs[:2], Leg{"7", 4, "Pisa"})
	must(Journeys.Save(ctx, before, journey))

	now, err := Journeys.Get(ctx, Trip{ID: "7"})
	must(err)
	fmt.Println(*now.Trip, now.Legs)

	err = Journeys.Save(ctx, before, journey) // before is no longer what is stored
	fmt.Println(err)
	// Output:
	// {7 South by train 2} [{7 1 Bern} {7 2 Milan} {7 4 Pisa}]
	// entable: transaction of 4 writes cancelled: write 0, Leg[pk="TI#7" sk="LN#0000000000000000004"]: item already exists; write 1, Trip[pk="TI#7" sk="A"]: condition failed: the stored version is 2, that of the write 1; write 2, Leg[pk="TI#7" sk="LN#0000000000000000002"]: condition failed; write 3, Leg[pk="TI#7" sk="LN#0000000000000000003"]: item not found
}

// A whole partition is copied to another, a page at a time.
func ExampleCollection_Copy() {
	ctx := openTravels()
	must(Journeys.Copy(ctx, Trip{ID: "7"}, Trip{ID: "8"}, entable.Progress(func(p entable.PartitionProgress) {
		fmt.Println(p.Items, "items are copied")
	})))
	journey, err := Journeys.Get(ctx, Trip{ID: "8"})
	must(err)
	fmt.Println(*journey.Trip, journey.Legs)
	// Output:
	// 4 items are copied
	// {8 South 1} [{8 1 Bern} {8 2 Turin} {8 3 Genoa}]
}
