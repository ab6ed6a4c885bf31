package main

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/entable/entable/internal/propose/proposetest"
	"github.com/entable/entable/memory"
)

func TestProposalsAreTheDeclarations(t *testing.T) {
	client := memory.New().Client()
	for i := range 20 {
		runExample(t, client, CommandV2{DeviceID: uuid.New(), CommandID: uuid.New()}, time.Unix(int64(1e9+i*1e6), int64(i)))
	}
	proposetest.Check(t, client, Items.Name(),
		"pk=CC#{command_id} sk=A",
		"pk=CD#{device_id} sk=CCO#{command_id}",
		"pk=CD#{device_id} sk=CT#{timestamp:2006-01-02T15:04:05.000000000Z}",
	)
}
