package main

import (
	"testing"

	"github.com/google/uuid"
)

func TestFirstProgram(t *testing.T) {
	if err := run(t.Context()); err != nil {
		t.Fatal(err)
	}
	dev, err := Devices.Get(t.Context(), Command{DeviceID: uuid.New()})
	if err != nil || len(dev.Commands)+len(dev.Logs) != 0 {
		t.Errorf("another device has %v, %v", dev, err)
	}
}
