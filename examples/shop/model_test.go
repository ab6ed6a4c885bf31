package main

import (
	"testing"

	"github.com/entable/entable/entabletest"
)

// No change of the source changes a key.
func TestLock(t *testing.T) { entabletest.CheckLock(t, Declare("shop").Table, "shop.lock.json") }
