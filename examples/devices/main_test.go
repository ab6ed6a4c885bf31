package main

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/entable/entable/internal/ddblocal"
	"github.com/entable/entable/memory"
)

const (
	deviceID  = "3939ba91-7687-4df4-8ed3-db531a66f989"
	commandID = "186a3ca1-f1df-4975-a9dd-39f11015b4a1"
)

// engines are what -endpoint can choose: the database in the process, the same as a server, and AWS's.
var engines = []struct {
	name   string
	client func(*testing.T) *dynamodb.Client
}{
	{"memory", func(*testing.T) *dynamodb.Client { return memory.New().Client() }},
	{"endpoint", func(t *testing.T) *dynamodb.Client {
		server := httptest.NewServer(memory.New())
		t.Cleanup(server.Close)
		return connect(server.URL)
	}},
	{"DynamoDB Local", func(t *testing.T) *dynamodb.Client { return connect(ddblocal.Endpoint(t)) }},
}

// runExample returns the lines that the program prints.
func runExample(t *testing.T, client *dynamodb.Client, cmd CommandV2, at time.Time) []string {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), client, cmd, at, &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 4 {
		t.Fatalf("it prints %d lines, want 4:\n%s", len(lines), &out)
	}
	return lines
}

func TestPrintsStoredItemsAndCollection(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			cmd := CommandV2{DeviceID: uuid.MustParse(deviceID), CommandID: uuid.MustParse(commandID)}
			lines := runExample(t, engine.client(t), cmd, time.Date(2026, 1, 2, 15, 4, 5, 600, time.UTC))
			for i, want := range []string{
				`{"pk":{"S":"CD#` + deviceID + `"},"sk":{"S":"CCO#` + commandID + `"},
				  "command_id":{"S":"` + commandID + `"},"device_id":{"S":"` + deviceID + `"},
				  "retry":{"N":"0"},"status":{"S":"pending"}}`,
				`{"pk":{"S":"CD#` + deviceID + `"},"sk":{"S":"CT#2026-01-02T15:04:05.000000600Z"},
				  "device_id":{"S":"` + deviceID + `"},"timestamp":{"S":"2026-01-02T15:04:05.0000006Z"},
				  "log":{"S":"command received"}}`,
				`{"Commands":[{"DeviceID":"` + deviceID + `","CommandID":"` + commandID + `","Status":"pending","Retry":0}],
				  "Logs":[{"DeviceID":"` + deviceID + `","Timestamp":"2026-01-02T15:04:05.0000006Z","Log":"command received"}]}`,
				`{"pk":{"S":"CC#` + commandID + `"},"sk":{"S":"A"},
				  "command_id":{"S":"` + commandID + `"},"retry":{"N":"0"},"status":{"S":"pending"}}`,
			} {
				if diff := cmp.Diff(object(t, want), object(t, lines[i])); diff != "" {
					t.Errorf("line %d differs (-want +got):\n%s", i+1, diff)
				}
			}
		})
	}
}

func TestFillsInWhatFlagsDoNotSay(t *testing.T) {
	cmd := CommandV2{DeviceID: uuid.New()}
	lines := runExample(t, memory.New().Client(), cmd, time.Time{})
	var dev Device
	if err := json.Unmarshal([]byte(lines[2]), &dev); err != nil {
		t.Fatal(err)
	}
	if len(dev.Commands) != 1 || dev.Commands[0].DeviceID != cmd.DeviceID || dev.Commands[0].CommandID.Version() != 4 {
		t.Errorf("the commands are %+v, want one of device %s with a random id", dev.Commands, cmd.DeviceID)
	}
	if len(dev.Logs) != 1 || time.Since(dev.Logs[0].Timestamp).Abs() > time.Hour {
		t.Errorf("the logs are %+v, want one of now", dev.Logs)
	}
}

func TestRunsAgainOnAnExistingTable(t *testing.T) {
	client := memory.New().Client()
	cmd := CommandV2{DeviceID: uuid.MustParse(deviceID), CommandID: uuid.MustParse(commandID)}
	at := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	if diff := cmp.Diff(runExample(t, client, cmd, at), runExample(t, client, cmd, at)); diff != "" {
		t.Errorf("the second run prints something else (-first +second):\n%s", diff)
	}
}

func object(t *testing.T, text string) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}
