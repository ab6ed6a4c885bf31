package main

import (
	"time"

	"github.com/google/uuid"

	"github.com/entable/entable"
)

// Status is where a command stands: pending, failed or complete.
type Status string

// Command is a command of the first kind, which knew no devices.
type Command struct {
	CommandID uuid.UUID `dynamodbav:"command_id"`
	Status    Status    `dynamodbav:"status" entable:"default=pending"`
	Retry     int       `dynamodbav:"retry"`
}

// CommandV2 is a command that was sent to a device.
type CommandV2 struct {
	DeviceID  uuid.UUID `dynamodbav:"device_id"`
	CommandID uuid.UUID `dynamodbav:"command_id" entable:"auto=uuid4"`
	Status    Status    `dynamodbav:"status" entable:"default=pending" validate:"oneof=pending failed complete"`
	Retry     int       `dynamodbav:"retry"`
}

// CommandV2Log is a line that a device wrote.
type CommandV2Log struct {
	DeviceID  uuid.UUID `dynamodbav:"device_id"`
	Timestamp time.Time `dynamodbav:"timestamp" entable:"auto=now"`
	Log       string    `dynamodbav:"log" validate:"required"`
}

// The registry. The comments show the keys that it gives the items; the prefixes are made from the
// names of types and attributes, in this order.
var (
	Items = entable.NewTable("dynamo-items-2", entable.NoDiscriminator())

	// pk=CC#{command_id} sk=A
	Commands = entable.Register[Command](Items)

	// pk=CD#{device_id} sk=CCO#{command_id}
	CommandsV2 = entable.Register[CommandV2](Items, entable.PK("device_id"), entable.SK("command_id"))

	// pk=CD#{device_id} sk=CT#{timestamp}: in the partition of the device's commands
	Logs = entable.Register[CommandV2Log](Items,
		entable.PK("device_id", entable.PrefixOf(CommandsV2)),
		entable.SK("timestamp"))
)

// Device is the item collection that CommandsV2 and Logs form: all that is stored of one device.
type Device struct {
	Commands []CommandV2
	Logs     []CommandV2Log
}

// Devices reads a Device with one query.
var Devices = entable.NewCollection[Device](CommandsV2, Logs)
