// Command start is the first program of the README: two types, one partition, read back with one query.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
	"github.com/google/uuid"
)

type Command struct {
	DeviceID  uuid.UUID `dynamodbav:"device_id"`
	CommandID uuid.UUID `dynamodbav:"command_id" entable:"auto=uuid4"`
	Status    string    `dynamodbav:"status" entable:"default=pending" validate:"oneof=pending failed complete"`
}

type Log struct {
	DeviceID  uuid.UUID `dynamodbav:"device_id"`
	Timestamp time.Time `dynamodbav:"timestamp" entable:"auto=now"`
	Text      string    `dynamodbav:"text" validate:"required"`
}

type Device struct { // all that is stored of one device
	Commands []Command
	Logs     []Log
}

var (
	Items    = entable.NewTable("items")
	Commands = entable.Register[Command](Items, entable.PK("device_id"), entable.SK("command_id"))
	Logs     = entable.Register[Log](Items, entable.PK("device_id", entable.PrefixOf(Commands)), entable.SK("timestamp"))
	Devices  = entable.NewCollection[Device](Commands, Logs)
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	Items.Use(memory.New().Client()) // in production: dynamodb.NewFromConfig(cfg)
	if err := Items.CreateTable(ctx); err != nil {
		return err
	}
	cmd := Command{DeviceID: uuid.New()}
	if err := Commands.Put(ctx, &cmd); err != nil { // fills in CommandID and Status, validates, builds the keys, writes
		return err
	}
	if err := Logs.Put(ctx, &Log{DeviceID: cmd.DeviceID, Text: "command received"}); err != nil {
		return err
	}
	dev, err := Devices.Get(ctx, Command{DeviceID: cmd.DeviceID}) // one query, both types, grouped
	fmt.Printf("%+v\n", dev)
	return err
}
