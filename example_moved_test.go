package entable_test

import (
	"context"
	"fmt"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

type Consignment struct {
	Customer string `dynamodbav:"customer"`
	ID       string `dynamodbav:"id"`
	Status   string `dynamodbav:"status"`
}

func ExampleMoved() {
	ctx, client := context.Background(), memory.New().Client()
	eight, many := entable.PK("customer", entable.Shards(8, "id")), entable.PK("customer", entable.Shards(32, "id"))
	program := func(keys ...entable.EntityOption) (*entable.Table, *entable.Entity[Consignment]) { // a version of it
		table := entable.NewTable("consignments")
		table.Use(client)
		return table, entable.Register[Consignment](table, append(keys, entable.SK("id"))...)
	}
	table, consignments := program(eight)
	table.CreateTable(ctx)
	for _, id := range []string{"a", "b", "c"} {
		consignments.Put(ctx, &Consignment{"ann", id, "sent"})
	}

	_, ahead := program(eight, entable.Moved(many)) // looks at both places and writes as before
	table, moves := program(many, entable.Moved(eight))
	moves.Update(Consignment{Customer: "ann", ID: "b"}).Set("status", "there").Do(ctx) // moves it
	for _, version := range []*entable.Entity[Consignment]{ahead, moves} {             // which run at once
		for p, err := range version.Query(Consignment{Customer: "ann"}).All(ctx) {
			fmt.Println(p.ID, p.Status, err)
		}
	}

	for settled := false; !settled; { // when all are of that version, the rest is moved
		for f, err := range table.Audit(ctx, entable.AuditOptions{Repair: true, Settle: true, Progress: func(at entable.AuditProgress) {
			settled = len(at.Settled) > 0
		}}) {
			fmt.Println(f, err)
		}
	}
	_, last := program(many)
	n, err := last.Query(Consignment{Customer: "ann"}).Count(ctx)
	fmt.Println(n, err)
	// Output:
	// a sent <nil>
	// b there <nil>
	// c sent <nil>
	// a sent <nil>
	// b there <nil>
	// c sent <nil>
	// at the other place: Consignment[pk="CC#ann#2" sk="CI#c"]: its place is [pk="CC#ann#18" sk="CI#c"] (repaired) <nil>
	// at the other place: Consignment[pk="CC#ann#4" sk="CI#a"]: its place is [pk="CC#ann#12" sk="CI#a"] (repaired) <nil>
	// 3 <nil>
}

// What reads a table past the library, such as an export, may pass over what has not moved yet.
func ExampleTable_Elsewhere() {
	eight, many := entable.PK("customer", entable.Shards(8, "id")), entable.PK("customer", entable.Shards(32, "id"))
	before := entable.Register[Consignment](entable.NewTable("consignments"), eight, entable.SK("id"))
	table := entable.NewTable("consignments")
	now := entable.Register[Consignment](table, many, entable.SK("id"), entable.Moved(eight))
	for _, version := range []*entable.Entity[Consignment]{before, now} {
		item, err := version.ToItem(&Consignment{"ann", "b", "sent"})
		fmt.Println(table.Elsewhere(item), err)
	}
	// Output:
	// true <nil>
	// false <nil>
}
