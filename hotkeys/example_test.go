package hotkeys_test

import (
	"context"
	"fmt"

	"golang.org/x/time/rate"

	"github.com/entable/entable"
	"github.com/entable/entable/hotkeys"
	"github.com/entable/entable/memory"
)

func Example() {
	ctx := context.Background()
	db := memory.New()
	defer db.Close()
	hot := hotkeys.New(hotkeys.Options{Top: 1})
	table := entable.NewTable("crates", entable.Observe(hot.Observe))
	table.Use(db.Client())
	if err := table.CreateTable(ctx); err != nil {
		panic(err)
	}
	crates := entable.Register[Crate](table, entable.PK("route", entable.Prefix("R")), entable.SK("id"))
	for i := range 10 {
		if err := crates.Put(ctx, &Crate{Route: fmt.Sprint("Oslo-", i/8), ID: fmt.Sprint(i)}); err != nil {
			panic(err)
		}
	}
	for _, k := range hot.Report().Keys {
		fmt.Println(k.Key, k.WriteUnits) // what is for the log
		fmt.Println(k)                   // is without the key's content
	}
	// Output:
	// R#Oslo-0 8
	// crates: d97025b4: 0 read units, 8 write units, 0 throttled
}

// A job that must leave capacity to others is limited by its context.
func Example_limit() {
	db := memory.New()
	defer db.Close()
	table := entable.NewTable("crates")
	table.Use(db.Client())
	if err := table.CreateTable(context.Background()); err != nil {
		panic(err)
	}
	crates := entable.Register[Crate](table, entable.PK("route"), entable.SK("id"))
	write := rate.NewLimiter(100, 50) // units a second, and at once
	ctx := entable.WithLimit(context.Background(), nil, write)
	for i := range 3 {
		if err := crates.Put(ctx, &Crate{Route: "Oslo", ID: fmt.Sprint(i)}); err != nil {
			panic(err)
		}
	}
	fmt.Println(write.Tokens() < 50)
	// Output: true
}
