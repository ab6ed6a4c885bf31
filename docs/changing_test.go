package docs_test

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/entabletest"
)

type Ticket struct {
	ID       string `dynamodbav:"id"`
	Customer string `dynamodbav:"customer"`
	State    string `dynamodbav:"state" entable:"default=open"`
}

type Comment struct {
	Ticket string    `dynamodbav:"ticket"`
	At     time.Time `dynamodbav:"at" entable:"auto=now"`
	Text   string    `dynamodbav:"text"`
}

//go:embed testdata/support.lock.json
var supportLock []byte

var (
	Support  = entable.NewTable("support", entable.Lock(supportLock), entable.SkipUnknown())
	Tickets  = entable.Register[Ticket](Support, entable.PK("id"))
	Comments = entable.Register[Comment](Support, entable.PK("ticket", entable.PrefixOf(Tickets)), entable.SK("at"))
)

func TestSupportLock(t *testing.T) { entabletest.CheckLock(t, Support, "testdata/support.lock.json") }

func Example_lock() {
	table := entable.NewTable("support", entable.Lock(supportLock))
	_, err := entable.TryRegister[Ticket](table, entable.PK("customer"), entable.SK("id"))
	fmt.Println(err)
	// Output:
	// entable: Ticket: the registry of table "support" departs from its lock:
	// 	Ticket: PK: attribute: was {id}, is {customer}: stored items keep their keys and are not found under the new ones: build it from "id"
	// 	Ticket: SK: prefix: was none, is "TID": stored items keep their keys and are not found under the new ones: give it entable.NoPrefix()
	// 	Ticket: SK: literal: was A, is {id}: stored items keep their keys and are not found under the new ones: give the part that it had
}

// ready is what a program does before it serves: the table fits, and no other version contradicts this one.
func ready(ctx context.Context, table *entable.Table) error {
	if err := table.Ensure(ctx); err != nil {
		return err
	}
	return table.Verify(ctx)
}

// Vote is new in the next version of the program.
type Vote struct {
	Ticket string `dynamodbav:"ticket"`
	User   string `dynamodbav:"user"`
}

func Example_newEntity() {
	ctx := start(Support)
	check(ready(ctx, Support)) // an instance of today's version
	check(Tickets.Create(ctx, &Ticket{ID: "7", Customer: "ann"}))

	// An instance of the next version, beside it.
	next := entable.NewTable("support", entable.Lock(supportLock), entable.SkipUnknown())
	tickets := entable.Register[Ticket](next, entable.PK("id"))
	votes := entable.Register[Vote](next, entable.PK("ticket", entable.PrefixOf(tickets)), entable.SK("user"))
	entable.Register[Comment](next, entable.PK("ticket", entable.PrefixOf(tickets)), entable.SK("at"))
	check(ready(ctx, next))
	check(votes.Create(ctx, &Vote{Ticket: "7", User: "bob"}))

	// Today's instance reads the partition, and starts anew.
	skipped := 0
	n, err := Support.Query(Ticket{ID: "7"}).SkipUnknown(&skipped).Count(ctx)
	fmt.Println(n, err)
	for item, err := range Support.Query(Ticket{ID: "7"}).RawUnknown().All(ctx) {
		check(err)
		fmt.Printf("%T\n", item)
	}
	check(ready(ctx, Support))
	// Output:
	// 1 <nil>
	// *docs_test.Ticket
	// entable.RawItem
}

// withIndex is the version of the program that has tickets in an index.
func withIndex() (*entable.Table, *entable.Entity[Ticket]) {
	table := entable.NewTable("support", entable.Lock(supportLock), entable.SkipUnknown(), entable.GSI("by-state"))
	tickets := entable.Register[Ticket](table, entable.PK("id"),
		entable.Index("by-state", entable.PK("state"), entable.SK("customer")))
	entable.Register[Comment](table, entable.PK("ticket", entable.PrefixOf(tickets)), entable.SK("at"))
	return table, tickets
}

// backfill gives the items that are stored already their keys in the index.
func backfill(ctx context.Context, table *entable.Table) (repaired int, err error) {
	options := entable.AuditOptions{Repair: true, Segments: 4}
	options.Progress = func(p entable.AuditProgress) { repaired = p.Repaired } // and keep p.Cursor for options.From
	for finding, err := range table.Audit(ctx, options) {
		if err != nil {
			return repaired, err
		}
		if !finding.Repaired {
			fmt.Println("left alone:", finding)
		}
	}
	return repaired, nil
}

func Example_newIndex() {
	ctx := start(Support)
	check(Tickets.Create(ctx, &Ticket{ID: "7", Customer: "ann"}))
	check(Comments.Create(ctx, &Comment{Ticket: "7", Text: "hello"}))

	next, tickets := withIndex()
	fmt.Println(next.Require(ctx))
	check(next.AddIndexes(ctx)) // or the template of package infra
	check(next.Require(ctx))

	fmt.Println(tickets.QueryIndex("by-state", Ticket{State: "open"}).Count(ctx))
	fmt.Println(backfill(ctx, next))
	fmt.Println(tickets.QueryIndex("by-state", Ticket{State: "open"}).Count(ctx))
	// Output:
	// entable: the registry of table "support" departs from its table:
	// 	table: index "by-state": was none, is global on "by-statepk" (S) and "by-statesk" (S), projecting ALL: operations that need it fail: Table.AddIndexes adds it
	// 0 <nil>
	// 2 <nil>
	// 1 <nil>
}

// Incident is what tickets are called from now on.
type Incident Ticket

func Example_rename() {
	ctx := start(Support)
	check(Tickets.Create(ctx, &Ticket{ID: "7", Customer: "ann"}))

	// First: the Go type has its new name, items keep the old one.
	first := entable.NewTable("support", entable.Lock(supportLock), entable.SkipUnknown())
	incidents := entable.Register[Incident](first, entable.PK("id"), entable.Name("Ticket"))
	check(incidents.Create(ctx, &Incident{ID: "8", Customer: "bob"}))
	fmt.Println(Tickets.Get(ctx, Ticket{ID: "8"}))

	// Then, when no instance is left that does not know it: new items have the new name.
	then := entable.NewTable("support", entable.Lock(supportLock), entable.SkipUnknown())
	incidents = entable.Register[Incident](then, entable.PK("id"), entable.Was("Ticket"))
	check(incidents.Create(ctx, &Incident{ID: "9", Customer: "cy"}))
	for _, id := range []string{"7", "8", "9"} {
		fmt.Println(incidents.Get(ctx, Incident{ID: id}))
	}
	_, err := Tickets.Get(ctx, Ticket{ID: "9"})
	fmt.Println(err)
	// Output:
	// &{8 bob open} <nil>
	// &{7 ann open} <nil>
	// &{8 bob open} <nil>
	// &{9 cy open} <nil>
	// entable: Ticket[pk="TI#9" sk="A"]: the stored item is of type "Incident"
}

// Person had a name at first.
type Person struct {
	ID   string `dynamodbav:"id"`
	Name string `dynamodbav:"name"`
}

// PersonExpanded has two names as well. It is stored under the name Person.
type PersonExpanded struct {
	ID      string `dynamodbav:"id"`
	Name    string `dynamodbav:"name"` // for instances of the version before
	First   string `dynamodbav:"first"`
	Last    string `dynamodbav:"last"`
	Version int    `dynamodbav:"version" entable:"version"`
}

func (p *PersonExpanded) BeforeSave(context.Context) error {
	p.Name = p.First + " " + p.Last
	return nil
}

func splitName(item entable.RawItem) error {
	name, ok := item["name"].(*types.AttributeValueMemberS)
	if !ok {
		return errors.New("it has no name")
	}
	first, last, _ := strings.Cut(name.Value, " ")
	item["first"], item["last"] = &types.AttributeValueMemberS{Value: first}, &types.AttributeValueMemberS{Value: last}
	return nil
}

var (
	People         = entable.Register[Person](entable.NewTable("people"), entable.PK("id"))
	PeopleExpanded = entable.Register[PersonExpanded](entable.NewTable("people"), entable.PK("id"), entable.Name("Person"),
		entable.Upgrades(splitName))
)

// rewrite stores all people in today's shape.
func rewrite(ctx context.Context) error {
	for p, err := range PeopleExpanded.Scan().Segments(4).All(ctx) {
		if err != nil {
			return err
		}
		if err := PeopleExpanded.Put(ctx, p); err != nil {
			if _, lost := errors.AsType[*entable.VersionError](err); !lost { // lost: somebody else has just written it
				return err
			}
		}
	}
	return nil
}

func Example_upgrades() {
	ctx := start(People.Table())
	check(People.Put(ctx, &Person{ID: "1", Name: "Ann Lee"}))

	ann, err := PeopleExpanded.Get(ctx, PersonExpanded{ID: "1"}) // upgraded as it is read
	check(err)
	fmt.Println(ann.First, ann.Last)
	err = PeopleExpanded.Update(PersonExpanded{ID: "1"}).Set("last", "Kim").Do(ctx)
	fmt.Println(err)

	check(rewrite(ctx))
	ann, err = PeopleExpanded.Get(ctx, PersonExpanded{ID: "1"})
	check(err)
	ann.Last = "Kim"
	check(PeopleExpanded.Put(ctx, ann))
	old, err := People.Get(ctx, Person{ID: "1"}) // an instance of the version before
	check(err)
	fmt.Println(old.Name)
	// Output:
	// Ann Lee
	// entable: Update Person[pk="PI#1" sk="A"]: condition failed: the stored item is in an older shape: load it and Put it
	// Ann Kim
}

// Parcel is one of a tenant's; a partition of all parcels of a tenant has become too busy.
type Parcel struct {
	Tenant string `dynamodbav:"tenant"`
	ID     string `dynamodbav:"id" entable:"auto=ulid"`
	State  string `dynamodbav:"state" entable:"default=new"`
}

// The four versions of a program that changes a key, of which two that follow each other may run at once.
var parcelVersions = [][]entable.EntityOption{
	{entable.PK("tenant", entable.Prefix("PARCELS")), entable.SK("id")},
	{entable.PK("tenant", entable.Prefix("PARCELS")), entable.SK("id"), // looks ahead
		entable.Moved(entable.PK("tenant", entable.Prefix("PARCELS"), entable.Shards(8, "id")))},
	{entable.PK("tenant", entable.Prefix("PARCELS"), entable.Shards(8, "id")), entable.SK("id"), // moves
		entable.Moved(entable.PK("tenant", entable.Prefix("PARCELS")))},
	{entable.PK("tenant", entable.Prefix("PARCELS"), entable.Shards(8, "id")), entable.SK("id")}, // when all have moved
}

// parcels is one instance of a version.
func parcels(ctx context.Context, version int) *entable.Entity[Parcel] {
	e := entable.Register[Parcel](entable.NewTable("parcels"), parcelVersions[version-1]...)
	check(e.Table().Verify(ctx))
	return e
}

func Example_moved() {
	ctx := start(entable.NewTable("parcels"))
	first := parcels(ctx, 1)
	old := Parcel{Tenant: "acme"}
	check(first.Create(ctx, &old))

	second := parcels(ctx, 2) // beside the first
	third := parcels(ctx, 3)  // beside the second, when there is no first any more
	check(second.Create(ctx, &Parcel{Tenant: "acme"}))
	check(third.Update(old).Set("state", "sent").Do(ctx)) // moves it
	parcel, err := second.Get(ctx, old)
	check(err)
	fmt.Println(parcel.State)

	for range 2 { // when there is no second any more: the first audit moves the rest, the second finds none and notes it
		for finding, err := range third.Table().Audit(ctx, entable.AuditOptions{Repair: true, Settle: true}) {
			check(err)
			fmt.Println(finding.Kind, finding.Repaired)
		}
	}
	fmt.Println(parcels(ctx, 4).Query(Parcel{Tenant: "acme"}).Count(ctx))
	// Output:
	// sent
	// at the other place true
	// 2 <nil>
}
