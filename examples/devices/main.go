// Devices stores a device's command and a line of its log, two types in one partition, and reads them
// back as one Go struct.
//
//	go run ./examples/devices
//
// It prints, one JSON object a line: the two items as they are stored, in DynamoDB JSON; the collection
// as it is decoded; and the item of a third type, which shares the table but not the partition.
//
// The table lives in the process. With -endpoint http://localhost:8000 it is one of a server such as
// DynamoDB Local, and created there when it is missing.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable/memory"
)

func main() {
	cmd := CommandV2{DeviceID: uuid.New()}
	var at time.Time
	flag.Func("device", "`id` of the device (default a new one)", func(s string) (err error) {
		cmd.DeviceID, err = uuid.Parse(s)
		return err
	})
	flag.Func("command", "`id` of the command (default a new one)", func(s string) (err error) {
		cmd.CommandID, err = uuid.Parse(s)
		return err
	})
	flag.Func("at", "`time` of the log, such as 2026-01-02T15:04:05Z (default now)", func(s string) (err error) {
		at, err = time.Parse(time.RFC3339Nano, s)
		return err
	})
	endpoint := flag.String("endpoint", "", "`URL` of a DynamoDB server (default one in the process)")
	flag.Parse()

	client := memory.New().Client()
	if *endpoint != "" {
		client = connect(*endpoint)
	}
	if err := run(context.Background(), client, cmd, at, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// connect makes a client of a server that takes any credentials.
func connect(endpoint string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: &endpoint,
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

func run(ctx context.Context, client *dynamodb.Client, cmd CommandV2, at time.Time, out io.Writer) error {
	Items.Use(client)
	if err := Items.Ensure(ctx); err != nil {
		return err
	}

	// Put fills in the command's id and status, and the log's timestamp, unless they are set.
	if err := CommandsV2.Put(ctx, &cmd); err != nil {
		return err
	}
	log := CommandV2Log{DeviceID: cmd.DeviceID, Timestamp: at, Log: "command received"}
	if err := Logs.Put(ctx, &log); err != nil {
		return err
	}
	first := Command{CommandID: cmd.CommandID}
	if err := Commands.Put(ctx, &first); err != nil {
		return err
	}

	// A key is an example: a struct with its key fields set.
	device := CommandV2{DeviceID: cmd.DeviceID}
	if err := printStored(ctx, client, Devices.Query(device), out); err != nil {
		return err
	}
	dev, err := Devices.Get(ctx, device)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(dev); err != nil {
		return err
	}
	return printStored(ctx, client, Commands.Query(first), out)
}

// planner is a query of any kind; its request can be made without sending it.
type planner interface {
	Input(context.Context) (*dynamodb.QueryInput, error)
}

// printStored sends a query through the SDK alone and prints the items as the service has them.
func printStored(ctx context.Context, client *dynamodb.Client, q planner, out io.Writer) error {
	in, err := q.Input(ctx)
	if err != nil {
		return err
	}
	page, err := client.Query(ctx, in)
	if err != nil {
		return err
	}
	for _, item := range page.Items {
		if err := json.NewEncoder(out).Encode(wireForm(item)); err != nil {
			return err
		}
	}
	return nil
}

// wireForm returns an item in DynamoDB JSON. The items here have strings and numbers only.
func wireForm(item map[string]types.AttributeValue) map[string]any {
	form := make(map[string]any, len(item))
	for name, value := range item {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			form[name] = map[string]string{"S": v.Value}
		case *types.AttributeValueMemberN:
			form[name] = map[string]string{"N": v.Value}
		}
	}
	return form
}
