package docs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/google/uuid"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
	"github.com/entable/entable/stream"
)

// The types of the first program, without the ids that differ on each run.

type Command struct {
	DeviceID  string `dynamodbav:"device_id"`
	CommandID string `dynamodbav:"command_id" entable:"auto=ulid"`
	Status    string `dynamodbav:"status" entable:"default=pending" validate:"oneof=pending failed complete"`
	Retries   int    `dynamodbav:"retries"`
}

type Log struct {
	DeviceID  string    `dynamodbav:"device_id"`
	Timestamp time.Time `dynamodbav:"timestamp" entable:"auto=now"`
	Text      string    `dynamodbav:"text" validate:"required"`
}

type Device struct {
	Commands []Command
	Logs     []Log
}

// Contact has what paths lead into.
type Contact struct {
	ID        string             `dynamodbav:"id"`
	Addresses map[string]Address `dynamodbav:"addresses"`
	Views     map[string]int     `dynamodbav:"views"`
}

type Address struct {
	City string `dynamodbav:"city"`
}

var (
	Items    = entable.NewTable("items", entable.CursorKey(newKey, oldKey))
	Commands = entable.Register[Command](Items, entable.PK("device_id"), entable.SK("command_id"))
	Logs     = entable.Register[Log](Items, entable.PK("device_id", entable.PrefixOf(Commands)), entable.SK("timestamp"))
	Devices  = entable.NewCollection[Device](Commands, Logs)
	Contacts = entable.Register[Contact](Items)

	status    = entable.Field(Commands, func(c *Command) *string { return &c.Status })
	addresses = entable.Field(Contacts, func(c *Contact) *map[string]Address { return &c.Addresses })

	newKey, oldKey = []byte("a key of 32 bytes from a secret."), []byte("the key of 32 bytes before that.")
)

func Example_reads() {
	ctx := start(Items)
	d, from := "d1", time.Now().Add(-time.Hour)
	cmd := Command{DeviceID: d}
	check(Commands.Put(ctx, &cmd))
	check(Logs.Put(ctx, &Log{DeviceID: d, Text: "an error"}))
	to := time.Now().Add(time.Hour)

	dev, err := Devices.Get(ctx, Command{DeviceID: d}) // a *Device
	check(err)
	for item, err := range Items.Query(Command{DeviceID: d}).All(ctx) { // in the order of the sort key
		check(err)
		switch v := item.(type) {
		case *Command:
			fmt.Println("command", v.Status)
		case *Log:
			fmt.Println("log", v.Text)
		}
	}

	q := Logs.Query(Log{DeviceID: d}).
		Between(Log{Timestamp: from}, Log{Timestamp: to}). // or Equal, Less, LessEqual, Greater, GreaterEqual, Prefix
		Filter(expression.Contains(expression.Name("text"), "error")).
		Reverse().Limit(20)
	for l, err := range q.All(ctx) { // *Log; pages are fetched as they are needed
		check(err)
		fmt.Println(l.Text)
	}
	last, err := q.First(ctx) // ErrNotFound when there is none
	check(err)
	page, err := q.Page(ctx) // page.Items, and page.Cursor for q.From
	check(err)
	in, err := q.Input(ctx) // the *dynamodb.QueryInput, without a client
	check(err)
	fmt.Println(len(dev.Logs), last.Text, len(page.Items), *in.TableName)

	for c, err := range Commands.Scan().Segments(4).All(ctx) { // four requests side by side, two pages each in memory
		check(err)
		fmt.Println(c.Status)
	}
	commands, err := Commands.BatchGet(ctx, []Command{cmd, {DeviceID: d, CommandID: "none"}}) // in the order of the keys, nil where there is none
	check(err)
	items, err := Items.TransactGet(ctx, []any{cmd, Log{DeviceID: d, Timestamp: from}}) // of several types, at one moment
	check(err)
	fmt.Println(commands[0].Status, commands[1], items[1])
	// Output:
	// command pending
	// log an error
	// an error
	// 1 an error 1 items
	// pending
	// pending <nil> <nil>
}

func Example_updates() {
	ctx := start(Items)
	cmd := Command{DeviceID: "d1"}
	check(Commands.Put(ctx, &cmd))

	check(Commands.Update(cmd).Set("status", "failed").Add("retries", 1).Do(ctx)) // by key: one request, no hooks
	check(Commands.Patch(&cmd).Set("status", "pending").Do(ctx))                  // of an instance, which then holds what is stored
	after := cmd
	after.Status = "failed"
	check(Commands.SaveChanges(ctx, cmd, &after)) // sends what differs; nothing, when nothing does

	stored, err := Commands.Update(cmd).Apply(status.Set("complete")).If(status.Equal("failed")).Updated(ctx) // checked by the compiler
	check(err)
	fmt.Println(stored.Status, stored.Retries)

	label, country := "at home [2]", "DE"
	home := entable.Entry(addresses, label) // of a map, whatever the key is; entable.Element(lines, 2) of a list
	city := entable.Within(home, func(a *Address) *string { return &a.City })
	check(Contacts.Put(ctx, &Contact{ID: "1", Addresses: map[string]Address{"work": {}}}))
	err = Contacts.Update(Contact{ID: "1"}).Apply(city.Set("Ulm")).Do(ctx)
	fmt.Println(err != nil) // there is no such address, or the SDK cannot name it

	check(Contacts.Update(Contact{ID: "1"}).SetIfAbsent("views", map[string]int{}).Add(entable.Path("views", country), 1).Do(ctx))
	contact, err := Contacts.Get(ctx, Contact{ID: "1"})
	check(err)
	fmt.Println(contact.Views)
	// Output:
	// complete 1
	// true
	// map[DE:1]
}

func Example_manyWrites() {
	ctx := start(Items)
	cmd, other := Command{DeviceID: "d1"}, Command{DeviceID: "d2"}
	check(Commands.Put(ctx, &other))

	check(entable.Transact(ctx, []entable.Write{Commands.CreateOp(&cmd), Commands.Update(other).Add("retries", 1)}))
	check(entable.BatchWrite(ctx, []entable.Write{Commands.DeleteOp(cmd), Commands.DeleteOp(other)})) // any number, in requests of 25
	n, err := Commands.Scan().Count(ctx)
	fmt.Println(n, err)
	// Output: 0 <nil>
}

func handle(ctx context.Context, event json.RawMessage) error {
	for record, err := range stream.Lambda(Items, event) {
		if err != nil {
			return err // a *stream.RecordError says which record; the range could go on with the next
		}
		switch c := record.New.(type) {
		case *Command: // record.Old is what it was; record.Expired, whether time to live removed it
			fmt.Println(c.Status)
		}
	}
	return nil
}

var (
	StreamTable = entable.NewTable("changes")
	Changing    = entable.Register[Command](StreamTable, entable.PK("device_id"), entable.SK("command_id"))

	Changes = stream.NewHandler(StreamTable, stream.SkipUnknown(nil),
		stream.On(Changing, func(ctx context.Context, c stream.Change[Command]) error {
			return index(ctx, c.Key, c.New) // c.Old is what it was; each is a *Command or nil
		}))

	Positions = stream.NewTableCheckpoints(StreamTable, "indexer")
)

func poll(ctx context.Context, client *dynamodbstreams.Client) error {
	return Changes.Poll(ctx, client, stream.PollOptions{Checkpoints: Positions})
}

func index(context.Context, *Command, *Command) error { return errors.New("not ready") }

func Example_streams() {
	event := `{"Records": [{"eventID": "1", "eventName": "INSERT", "dynamodb": {"SequenceNumber": "101",
		"Keys": {"pk": {"S": "CD#d1"}, "sk": {"S": "CC#c1"}},
		"NewImage": {"pk": {"S": "CD#d1"}, "sk": {"S": "CC#c1"}, "_type": {"S": "Command"}, "device_id": {"S": "d1"}, "command_id": {"S": "c1"}, "status": {"S": "pending"}}}}]}`
	check(handle(context.Background(), json.RawMessage(event)))
	answer, err := Changes.Lambda(context.Background(), json.RawMessage(event)) // lambda.Start(Changes.Lambda)
	fmt.Println(answer.BatchItemFailures, err)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	fmt.Println(poll(ctx, memory.New().StreamsClient()) != nil)
	// Output:
	// pending
	// [{101}] <nil>
	// true
}

func Example_withoutServer() {
	db := memory.New() // a DynamoDB in the process; each test can have its own
	defer db.Close()
	Items.Use(db.Client()) // a *dynamodb.Client whose requests do not leave the process
	check(Items.CreateTable(context.Background()))

	defer db.Inject(memory.Throttle().On("PutItem").After(10).Times(2))()
	snapshot := db.Snapshot()     // of all tables, in microseconds; db.Restore goes back to it
	db.Clock().Advance(time.Hour) // items expire, idempotency tokens are forgotten
	log := db.Log()               // notes requests: log.Operations(), log.ReadUnits(), log.Permissions()

	check(Commands.Put(context.Background(), &Command{DeviceID: uuid.NewString()}))
	fmt.Println(log.Operations(), log.WriteUnits())
	db.Restore(snapshot)
	Items.Use(nil)
	// Output: [PutItem] 1
}

// Import is one package's import of another.
type Import struct {
	Importer string `dynamodbav:"importer"`
	Imported string `dynamodbav:"imported"`
}

var (
	Graph   = entable.NewTable("go-packages", entable.GSI("imported"))
	Imports = entable.Register[Import](Graph,
		entable.PK("importer"), entable.SK("imported"),
		entable.Index("imported", entable.PK("imported"), entable.SK("importer")))
)

func Example_index() {
	ctx := start(Graph)
	check(Imports.Put(ctx, &Import{Importer: "log", Imported: "fmt"}))
	for i, err := range Imports.QueryIndex("imported", Import{Imported: "fmt"}).All(ctx) {
		check(err)
		fmt.Println(i.Importer)
	}
	// Output: log
}
