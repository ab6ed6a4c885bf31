// Package entabletest helps to test programs that use entable.
package entabletest

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"testing"

	"github.com/entable/entable"
)

// The flag has a name of its own, since a flag that two packages define makes the test binary panic, and
// many define -update. Where the program has that one, it counts as well.
var update = flag.Bool("entable.update", false, "write entable's lock files anew")

// CheckLock compares the table's registry with the lock file at path, which is relative to the package of
// the test. The test fails with a list of the differences: what contradicts the lock, what it does not
// hold yet, and what is not registered any more. One line is enough:
//
//	func TestLock(t *testing.T) { entabletest.CheckLock(t, Items, "items.lock.json") }
//
// It has to run in a package that imports all packages with entities of the table.
//
// With the flag -entable.update (or -update, where the test program defines it) it writes the file: adds
// what is new, and marks what is gone as removed, so that its names and prefixes are never used again. A
// contradiction is never written; to start over with an empty table, delete the file. Embed the file and
// give it to the table with [entable.Lock]; an empty file will do for a start.
func CheckLock(t testing.TB, table *entable.Table, path string) {
	t.Helper()
	lock, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("cannot read the lock: %v", err)
		return
	}
	if !updating() {
		if err := table.CheckLock(lock); err != nil {
			t.Errorf("%v\nIf this is meant, run the test with -entable.update to extend %s.", err, path)
		}
		return
	}
	extended, err := table.ExtendLock(lock)
	if err != nil {
		t.Errorf("%v\nThe lock %s is left as it is.", err, path)
		return
	}
	if bytes.Equal(extended, bytes.ReplaceAll(lock, []byte("\r\n"), []byte("\n"))) {
		return
	}
	if err := os.WriteFile(path, extended, 0o644); err != nil {
		t.Errorf("cannot write the lock: %v", err)
		return
	}
	t.Logf("extended %s", path)
}

func updating() bool {
	if *update {
		return true
	}
	f := flag.Lookup("update")
	if f == nil {
		return false
	}
	g, ok := f.Value.(flag.Getter)
	if !ok {
		return false
	}
	on, _ := g.Get().(bool)
	return on
}
