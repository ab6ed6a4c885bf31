package entable_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

type Track struct {
	Album string `dynamodbav:"album"`
	N     int    `dynamodbav:"n"`
	Genre string `dynamodbav:"genre,omitempty"`
}

// trackLock is embedded from a file that entabletest.CheckLock keeps, in a program.
var trackLock = func() []byte {
	table := entable.NewTable("music", entable.GSI("by-genre"))
	entable.Register[Track](table, entable.PK("album"), entable.SK("n"))
	return table.Manifest()
}()

func ExampleLock() {
	table := entable.NewTable("music", entable.GSI("by-genre"), entable.Lock(trackLock))
	_, err := entable.TryRegister[Track](table, entable.PK("album", entable.Prefix("ALBUM")), entable.SK("n"))
	fmt.Println(err)
	// Output:
	// entable: Track: the registry of table "music" departs from its lock:
	// 	Track: PK: prefix: was "TA", is "ALBUM": stored items keep their keys and are not found under the new ones: give it entable.Prefix("TA")
}

func ExampleTable_Verify() {
	ctx := context.Background()
	client := memory.New().Client()
	open := func(sk string) *entable.Table {
		table := entable.NewTable("music")
		entable.Register[Track](table, entable.PK("album"), entable.SK(sk))
		table.Use(client)
		return table
	}
	if err := open("n").CreateTable(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(open("n").Verify(ctx)) // stores the manifest
	fmt.Println(open("n").Verify(ctx))
	fmt.Println(open("genre").Verify(ctx))
	// Output:
	// <nil>
	// <nil>
	// entable: the registry of table "music" departs from its stored manifest:
	// 	Track: SK: prefix: was "TN", is "TG": stored items keep their keys and are not found under the new ones: give it entable.Prefix("TN")
	// 	Track: SK: attribute: was {n}, is {genre}: stored items keep their keys and are not found under the new ones: build it from "n"
}

// An entity gains an index: the items that are stored already get their index keys.
func ExampleTable_Audit() {
	ctx := context.Background()
	client := memory.New().Client()
	before := entable.NewTable("music", entable.GSI("by-genre"))
	before.Use(client)
	tracks := entable.Register[Track](before, entable.PK("album"), entable.SK("n"))
	if err := before.CreateTable(ctx); err != nil {
		log.Fatal(err)
	}
	if err := tracks.Put(ctx, &Track{"Blue Train", 1, "jazz"}); err != nil {
		log.Fatal(err)
	}

	table := entable.NewTable("music", entable.GSI("by-genre"), entable.Lock(before.Manifest()))
	table.Use(client)
	entable.Register[Track](table, entable.PK("album"), entable.SK("n"), entable.Index("by-genre", entable.PK("genre"), entable.SK("album")))
	for f, err := range table.Audit(ctx, entable.AuditOptions{Repair: true}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(f)
	}
	// Output:
	// wrong index key: Track[pk="TA#Blue%20Train" sk="TN#0000000000000000001"]: by-genrepk is "", should be "TG#jazz" (repaired)
	// wrong index key: Track[pk="TA#Blue%20Train" sk="TN#0000000000000000001"]: by-genresk is "", should be "TA#Blue%20Train" (repaired)
}

func ExampleTable_Describe() {
	if err := DeviceTable.Describe(os.Stdout, entable.Mermaid); err != nil {
		log.Fatal(err)
	}
	// Output:
	// flowchart LR
	//   subgraph p0["DD#35;{device_id}"]
	//     p0e0["DeviceCommand<br/>DC#35;{command_id}"]
	//     p0e1["DeviceLog<br/>DT#35;{timestamp}"]
	//   end
}
