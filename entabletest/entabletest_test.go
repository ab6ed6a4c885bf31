package entabletest_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entable/entable"
	"github.com/entable/entable/entabletest"
)

type item struct {
	ID string `dynamodbav:"id"`
}

type part struct {
	ID string `dynamodbav:"id"`
}

// recorder takes what CheckLock says.
type recorder struct {
	testing.TB
	text   strings.Builder
	failed bool
}

func (r *recorder) Helper() {}

func (r *recorder) Logf(format string, args ...any) { fmt.Fprintf(&r.text, format, args...) }

func (r *recorder) Errorf(format string, args ...any) {
	r.failed = true
	fmt.Fprintf(&r.text, format, args...)
}

func declare(t *testing.T, registrations ...func(*entable.Table, ...entable.EntityOption) error) *entable.Table {
	t.Helper()
	table := entable.NewTable("items")
	for _, r := range registrations {
		if err := r(table); err != nil {
			t.Fatal(err)
		}
	}
	return table
}

func register[T any](prefix ...any) func(*entable.Table, ...entable.EntityOption) error {
	return func(table *entable.Table, opts ...entable.EntityOption) error {
		_, err := entable.TryRegister[T](table, append(opts, entable.PK(append(prefix[:len(prefix):len(prefix)], "id")...))...)
		return err
	}
}

// lock checks a table, with or without the flag.
func lock(t *testing.T, update bool, table *entable.Table, path string) *recorder {
	t.Helper()
	if err := flag.Set("entable.update", fmt.Sprint(update)); err != nil {
		t.Fatal(err)
	}
	defer flag.Set("entable.update", "false")
	r := &recorder{TB: t}
	entabletest.CheckLock(r, table, path)
	return r
}

func TestCheckLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "items.lock.json")
	both := declare(t, register[item](), register[part]())
	one := declare(t, register[item]())
	other := declare(t, register[item](entable.Prefix("X")))
	for _, step := range []struct {
		update bool
		table  *entable.Table
		want   string // part of the failure; "" for none
	}{
		{false, one, "item: entity: was none, is registered: the lock does not hold it yet: extend the lock\nIf this is meant, run the test with -entable.update"},
		{true, one, ""},
		{false, one, ""},
		{false, both, "part: entity: was none, is registered"},
		{true, both, ""},
		{false, both, ""},
		{false, one, `part: entity: was registered, is none: stored items of type "part" are not read`},
		{false, other, `item: PK: prefix: was "II", is "X"`},
		{true, other, `item: PK: prefix: was "II", is "X"`}, // a contradiction is never written
		{true, one, ""}, // part is removed
		{false, one, ""},
		{false, both, "part: entity: was none, is registered"}, // and may come back
		{true, both, ""},
		{false, both, ""},
	} {
		r := lock(t, step.update, step.table, path)
		if r.failed != (step.want != "") || !strings.Contains(r.text.String(), step.want) {
			t.Fatalf("update %t: got %q, want %q", step.update, r.text.String(), step.want)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != string(both.Manifest()) {
		t.Errorf("the lock is\n%s", text)
	}
}

// git may check the file out with the line ends of Windows: then it is no other lock, and not written.
func TestCheckLockWithLineEndsOfWindows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "items.lock.json")
	table := declare(t, register[item]())
	text := strings.ReplaceAll(string(table.Manifest()), "\n", "\r\n")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, update := range []bool{false, true} {
		if r := lock(t, update, table, path); r.failed || r.text.String() != "" {
			t.Errorf("update %t: %s", update, &r.text)
		}
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != text {
		t.Errorf("the file was written anew: %v", err)
	}
}
