package entable_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/entable/entable"
	"github.com/entable/entable/seal"
)

// secretive has what needs settings to be stored.
type secretive struct {
	ID    string    `dynamodbav:"id"`
	Email string    `dynamodbav:"email" entable:"encrypt,hash=emails,unique"`
	Made  time.Time `dynamodbav:"made" entable:"auto=now"`
}

func sealing(t testing.TB, secret byte) entable.Encrypter {
	t.Helper()
	keys, err := seal.Keys(seal.Key{ID: "k", Secret: bytes.Repeat([]byte{secret}, 32)})
	check(t, err)
	return seal.New(keys, seal.Options{})
}

// A table that is declared at package initialisation gets its secrets, clock and observer from main.
func TestConfigure(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		ctx := t.Context()
		table := s.Declare(entable.Encryption(nil), entable.HashKey("emails", nil))
		secrets := entable.Register[secretive](table, entable.PK("id"))
		if err := secrets.Create(ctx, &secretive{ID: "1"}); err == nil || s.Spy.Sent("") > 0 {
			t.Errorf("without settings: %v, %d requests", err, s.Spy.Sent(""))
		}
		table = s.Declare(entable.Encryption(nil), entable.HashKey("emails", nil)) // and one that was not used
		secrets = entable.Register[secretive](table, entable.PK("id"))
		t.Cleanup(func() { s.Drop(table) })

		noon, seen := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC), 0
		check(t, table.Configure(entable.Clock(func() time.Time { return noon }), entable.CursorKey(cursorKey(1))))
		check(t, table.Configure(entable.Encryption(sealing(t, 1)), entable.HashKey("emails", bytes.Repeat([]byte{2}, 32)),
			entable.Observe(func(context.Context, entable.Event) { seen++ })))
		check(t, table.Ensure(ctx))
		for _, id := range []string{"1", "2", "3"} {
			check(t, secrets.Create(ctx, &secretive{ID: id, Email: id + "@example.com"}))
		}
		if err := secrets.Create(ctx, &secretive{ID: "4", Email: "1@example.com"}); !is[*entable.UniqueError](err) {
			t.Errorf("the same address: %v", err)
		}
		got, err := secrets.Get(ctx, secretive{ID: "1"})
		check(t, err)
		if got.Email != "1@example.com" || !got.Made.Equal(noon) || seen < 5 {
			t.Errorf("got %+v, %d requests seen", got, seen)
		}
		page, err := table.Scan().Limit(1).Page(ctx)
		check(t, err)
		inside, err := base64.RawURLEncoding.DecodeString(page.Cursor)
		if check(t, err); bytes.Contains(inside, []byte(`{"pk":`)) {
			t.Errorf("the cursor shows the key: %q", inside)
		}

		// Later, what decides on what is stored stays, with all that comes with it; the others are taken.
		again := 0
		late := table.Configure(entable.Observe(func(context.Context, entable.Event) { again++ }), entable.Encryption(sealing(t, 9)))
		if !is[*entable.DeclarationError](late) || !strings.Contains(late.Error(), "before the first operation") {
			t.Errorf("too late: %v", late)
		}
		if err := table.Configure(entable.HashKey("emails", bytes.Repeat([]byte{7}, 32))); !is[*entable.DeclarationError](err) {
			t.Errorf("another hash key, too late: %v", err)
		}
		before := seen
		if _, err := secrets.Get(ctx, secretive{ID: "1"}); err != nil || again > 0 || seen != before+1 {
			t.Errorf("a refused Configure has changed something: %v, %d, %d", err, again, seen-before)
		}
		check(t, table.Configure(entable.Observe(func(context.Context, entable.Event) { again++ }), entable.Clock(nil)))
		check(t, secrets.Create(ctx, &secretive{ID: "5", Email: "5@example.com"}))
		if got, err := secrets.Get(ctx, secretive{ID: "5"}); err != nil || got.Made.Equal(noon) || again == 0 || seen != before+1 {
			t.Errorf("the second time: %+v, %v; %d seen by the new observer, %d by the old", got, err, again, seen-before-1)
		}
		check(t, table.Configure(entable.Limit(nil, rate.NewLimiter(0, 0))))
		if err := secrets.Delete(ctx, secretive{ID: "5"}); err == nil {
			t.Error("the limit is not kept")
		}
		check(t, table.Configure(entable.Limit(nil, nil)))
		check(t, secrets.Delete(ctx, secretive{ID: "5"}))
	})
}

func TestWrongSettings(t *testing.T) {
	table := entable.NewTable("settings")
	short := entable.CursorKey([]byte("short"))
	for name, test := range map[string]struct {
		table *entable.Table
		opts  []entable.TableSetting
		want  string
	}{
		"nil":        {table, []entable.TableSetting{nil}, `entable: table "settings": option 0 is nil: leave it out`},
		"cursor key": {table, []entable.TableSetting{short}, second(entable.TryNewTable("settings", short)).Error()},
		"hash key": {table, []entable.TableSetting{entable.HashKey("x", []byte("short"))},
			`entable: table "settings": HashKey("x"): 5 bytes are too few: use 32 random ones`},
		"twice": {table, []entable.TableSetting{entable.HashKey("x", make([]byte, 32)), entable.HashKey("x", make([]byte, 32))},
			`entable: table "settings": HashKey("x"): it is given twice`},
		"a name that no field has": {entable.NewTable("settings", entable.HashKey("emails", nil)), []entable.TableSetting{entable.HashKey("emial", make([]byte, 32))},
			`entable: table "settings": HashKey("emial"): no field can have it, as the table has the hash keys "emails": correct the name, or give HashKey("emial", nil) to NewTable`},
		"undeclared": {new(entable.Table), nil, "entable: the Table is not declared: make it with entable.NewTable"},
		"no table":   {nil, nil, "entable: the Table is not declared: make it with entable.NewTable"},
	} {
		if err := test.table.Configure(test.opts...); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	check(t, table.Configure())
}

// Until they are given, what needs the settings says so, and nothing is stored in plain text.
func TestSettingsThatAreNotGivenYet(t *testing.T) {
	s := onMemory(t)
	for name, test := range map[string]struct {
		has  []entable.TableOption
		want string
	}{
		"hash key":  {[]entable.TableOption{entable.Encryption(sealing(t, 1)), entable.HashKey("emails", nil)}, `the table's hash key "emails" is not given yet`},
		"encrypter": {[]entable.TableOption{entable.Encryption(nil), entable.HashKey("emails", make([]byte, 32))}, "there is nothing to encrypt or decrypt with"},
	} {
		table := s.NewTable(test.has...)
		secrets := entable.Register[secretive](table, entable.PK("id"))
		s.Spy.Reset()
		err := secrets.Put(t.Context(), &secretive{ID: "1", Email: "a@example.com"})
		if err == nil || !strings.Contains(err.Error(), test.want) || s.Spy.Sent("") > s.Spy.Sent("GetItem") {
			t.Errorf("%s: %v", name, err)
		}
		if name == "encrypter" && !is[*entable.ProtectionError](err) {
			t.Errorf("%s: %T", name, errors.Unwrap(err))
		}
	}
}
