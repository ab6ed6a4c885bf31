package wire_test

import (
	"os"
	"testing"

	"github.com/entable/entable/internal/wire"
)

// TestMain runs the tests a second time with bodies that are overwritten when they are given back.
func TestMain(m *testing.M) {
	if os.Getenv("ENTABLE_HOSTILE") != "" && !wire.Hostile {
		panic("the flag -X of the Makefile names no variable")
	}
	code := m.Run()
	if !wire.Hostile && code == 0 {
		wire.Hostile = true
		code = m.Run()
	}
	os.Exit(code)
}
