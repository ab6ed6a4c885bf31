package entabletest_test

import (
	"testing"

	"github.com/entable/entable"
	"github.com/entable/entable/entabletest"
)

// Items is what a program declares, with the lock that it has embedded: entable.NewTable("items", entable.Lock(lock)).
var Items = entable.NewTable("items")

// This is the whole test. Run with -entable.update, it writes the file.
func ExampleCheckLock() {
	TestLock := func(t *testing.T) {
		entabletest.CheckLock(t, Items, "items.lock.json")
	}
	_ = TestLock
}
