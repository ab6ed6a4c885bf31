package entable_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

type Status string

type Command struct {
	CommandID uuid.UUID `dynamodbav:"command_id"`
	Status    Status    `dynamodbav:"status" entable:"default=pending"`
	Retry     int       `dynamodbav:"retry"`
}
type CommandV2 struct {
	DeviceID  uuid.UUID `dynamodbav:"device_id"`
	CommandID uuid.UUID `dynamodbav:"command_id" entable:"auto=uuid4"`
	Status    Status    `dynamodbav:"status" entable:"default=pending" validate:"oneof=pending failed complete"`
	Retry     int       `dynamodbav:"retry"`
}
type CommandV2Log struct {
	DeviceID  uuid.UUID `dynamodbav:"device_id"`
	Timestamp time.Time `dynamodbav:"timestamp" entable:"auto=now"`
	Log       string    `dynamodbav:"log" validate:"required"`
}

// Device is the shape of the collection that CommandsV2 and Logs form.
type Device struct {
	Commands []CommandV2
	Logs     []CommandV2Log
}

// devices is the program of the first page of the documentation, on a table of the test's own.
type devices struct {
	items      *entable.Table
	commands   *entable.Entity[Command]
	commandsV2 *entable.Entity[CommandV2]
	logs       *entable.Entity[CommandV2Log]
	device     *entable.Collection[Device]
}

func declareDevices(items *entable.Table) devices {
	d := devices{items: items}
	d.commands = entable.Register[Command](items)
	d.commandsV2 = entable.Register[CommandV2](items, entable.PK("device_id"), entable.SK("command_id"))
	d.logs = entable.Register[CommandV2Log](items,
		entable.PK("device_id", entable.PrefixOf(d.commandsV2)),
		entable.SK("timestamp"))
	d.device = entable.NewCollection[Device](d.commandsV2, d.logs)
	return d
}

const (
	deviceID  = "3939ba91-7687-4df4-8ed3-db531a66f989"
	commandID = "186a3ca1-f1df-4975-a9dd-39f11015b4a1"
)

// The program of the documentation, line for line, but for the names of the table and of the variables' struct.
func (d devices) run(ctx context.Context, client entable.Client, id uuid.UUID) (order []string, err error) {
	d.items.Use(client)
	cmd := CommandV2{DeviceID: id}
	if err := d.commandsV2.Put(ctx, &cmd); err != nil {
		return nil, err
	}
	got, err := d.commandsV2.Get(ctx, CommandV2{DeviceID: cmd.DeviceID, CommandID: cmd.CommandID})
	if err != nil {
		return nil, err
	}
	if *got != cmd {
		return nil, fmt.Errorf("read %+v, wrote %+v", *got, cmd)
	}
	log := CommandV2Log{DeviceID: id, Log: "started"}
	if err := d.logs.Put(ctx, &log); err != nil {
		return nil, err
	}
	dev, err := d.device.Get(ctx, CommandV2{DeviceID: cmd.DeviceID})
	if err != nil {
		return nil, err
	}
	if len(dev.Commands) != 1 || dev.Commands[0] != cmd || len(dev.Logs) != 1 || !dev.Logs[0].Timestamp.Equal(log.Timestamp) {
		return nil, fmt.Errorf("collection %+v", dev)
	}
	for item, err := range d.items.Query(CommandV2{DeviceID: cmd.DeviceID}).All(ctx) {
		if err != nil {
			return nil, err
		}
		switch v := item.(type) {
		case *CommandV2:
			order = append(order, "command "+string(v.Status))
		case *CommandV2Log:
			order = append(order, "log "+v.Log)
		}
	}
	return order, nil
}

func TestDesignProgramRuns(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		d := declareDevices(s.NewTable())
		order, err := d.run(t.Context(), s.Client, uuid.New())
		check(t, err)
		if got := strings.Join(order, ", "); got != "command pending, log started" {
			t.Errorf("items in the order %q", got)
		}
	})
}

func TestDesignProgramStoresExactlyTheseItems(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		d := declareDevices(s.NewTable(entable.NoDiscriminator()))
		device, command := uuid.MustParse(deviceID), uuid.MustParse(commandID)

		check(t, d.commandsV2.Put(t.Context(), &CommandV2{DeviceID: device, CommandID: command}))
		got := dynamoJSON(s.Load(d.items, key("CD#"+deviceID, "CCO#"+commandID)))
		want := `{"command_id":{"S":"` + commandID + `"},"device_id":{"S":"` + deviceID + `"},` +
			`"pk":{"S":"CD#` + deviceID + `"},"retry":{"N":"0"},"sk":{"S":"CCO#` + commandID + `"},"status":{"S":"pending"}}`
		if got != want {
			t.Errorf("command is stored as\n%s, want\n%s", got, want)
		}

		check(t, d.commands.Put(t.Context(), &Command{CommandID: command}))
		got = dynamoJSON(s.Load(d.items, key("CC#"+commandID, "A")))
		want = `{"command_id":{"S":"` + commandID + `"},"pk":{"S":"CC#` + commandID + `"},"retry":{"N":"0"},"sk":{"S":"A"},"status":{"S":"pending"}}`
		if got != want {
			t.Errorf("plain command is stored as\n%s, want\n%s", got, want)
		}

		log := CommandV2Log{DeviceID: device, Log: "x"}
		check(t, d.logs.Put(t.Context(), &log))
		in, err := d.logs.Query(CommandV2Log{DeviceID: device}).Equal(log).Input(t.Context())
		check(t, err)
		got = dynamoJSON(in.ExpressionAttributeValues)
		if !regexp.MustCompile(`":pk":\{"S":"CD#` + deviceID + `"\},":sk":\{"S":"CT#\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"\}`).MatchString(got) {
			t.Errorf("log has the key %s", got)
		}
		// Without a discriminator the keys tell the types apart.
		order := enginetest.Collect(t, d.items.Query(CommandV2{DeviceID: device}).All(t.Context()))
		if len(order) != 2 {
			t.Fatalf("read %d items, want 2", len(order))
		}
		if _, ok := order[0].(*CommandV2); !ok {
			t.Errorf("first item is a %T", order[0])
		}
		if _, ok := order[1].(*CommandV2Log); !ok {
			t.Errorf("second item is a %T", order[1])
		}
	})
}
