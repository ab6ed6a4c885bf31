package entable_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/google/uuid"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// A device has commands and log lines. Both are read with one query.

type DeviceCommand struct {
	DeviceID  uuid.UUID `dynamodbav:"device_id"`
	CommandID uuid.UUID `dynamodbav:"command_id" entable:"auto=uuid4"`
	Status    string    `dynamodbav:"status" entable:"default=pending" validate:"oneof=pending failed complete"`
}

type DeviceLog struct {
	DeviceID  uuid.UUID `dynamodbav:"device_id"`
	Timestamp time.Time `dynamodbav:"timestamp" entable:"auto=now"`
	Text      string    `dynamodbav:"text" validate:"required"`
}

type DeviceItems struct {
	Commands []DeviceCommand
	Logs     []DeviceLog
}

var (
	DeviceTable    = entable.NewTable("devices")
	DeviceCommands = entable.Register[DeviceCommand](DeviceTable, entable.PK("device_id"), entable.SK("command_id"))
	DeviceLogs     = entable.Register[DeviceLog](DeviceTable, entable.PK("device_id", entable.PrefixOf(DeviceCommands)), entable.SK("timestamp"))
	Devices        = entable.NewCollection[DeviceItems](DeviceCommands, DeviceLogs)
)

func Example() {
	ctx := context.Background()
	DeviceTable.Use(memory.New().Client()) // in production: dynamodb.NewFromConfig(cfg)
	if err := DeviceTable.CreateTable(ctx); err != nil {
		log.Fatal(err)
	}

	device := uuid.New()
	if err := DeviceCommands.Put(ctx, &DeviceCommand{DeviceID: device}); err != nil {
		log.Fatal(err)
	}
	if err := DeviceLogs.Put(ctx, &DeviceLog{DeviceID: device, Text: "command received"}); err != nil {
		log.Fatal(err)
	}

	dev, err := Devices.Get(ctx, DeviceCommand{DeviceID: device})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(dev.Commands), dev.Commands[0].Status)
	fmt.Println(len(dev.Logs), dev.Logs[0].Text)
	// Output:
	// 1 pending
	// 1 command received
}
