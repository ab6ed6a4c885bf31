package manifest_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/entable/entable/internal/manifest"
	"github.com/entable/entable/internal/trial"
)

func TestLocksReservePrefixes(t *testing.T) {
	lock, err := manifest.ParseLock(shop(nil).JSON())
	if err != nil {
		t.Fatal(err)
	}
	order, line := lock.Entity("Purchase"), lock.Entity("Line")
	if order == nil || order != lock.Entity("Order") || line == nil || lock.Entity("Invoice") != nil {
		t.Fatalf("found %v and %v", order, line)
	}
	for _, test := range []struct {
		prefix  string
		asks    *manifest.Entity
		repeats bool
		want    string
	}{
		{"PY", nil, false, "Order"},
		{"PY", line, false, "Order"},
		{"PY", order, false, ""},
		{"PY", line, true, ""},  // a sort key's prefix may be too
		{"PI", line, false, ""}, // both have it
		{"PI", order, false, ""},
		{"PI", nil, false, "Line"},
		{"LINE", order, false, "Line"},
		{"LINE", order, true, ""}, // fixed text may be the same
		{"NEW", nil, false, ""},
		{"", nil, false, ""},
	} {
		if got := lock.Foreign(test.prefix, test.asks, test.repeats); got != test.want {
			t.Errorf("%q, repeats %v: got %q, want %q", test.prefix, test.repeats, got, test.want)
		}
	}
}

func TestEmptyLocksReserveNothing(t *testing.T) {
	for _, text := range []string{"", " \n"} {
		lock, err := manifest.ParseLock([]byte(text))
		if lock != nil || err != nil || lock.Foreign("PY", nil, false) != "" {
			t.Errorf("%q: got %v, %v", text, lock, err)
		}
	}
}

// A file that is no JSON any more is so after a merge, as a rule.
func TestBrokenLocksSayWhereAndWhatToDo(t *testing.T) {
	const cure = ": after a merge with conflicts, take the file of either side and extend it; else restore it"
	whole := string(shop(nil).JSON())
	for text, want := range map[string]string{
		"{":                             "line 1: unexpected end of JSON input",
		whole[:len(whole)/2]:            fmt.Sprintf("line %d: unexpected end of JSON input", 1+strings.Count(whole[:len(whole)/2], "\n")),
		"{\n<<<<<<< HEAD\n" + whole[1:]: "line 2: invalid character '<' looking for beginning of object key string",
		"\ufeff" + whole:                "line 1: invalid character 'ï' looking for beginning of value",
		whole + whole:                   fmt.Sprintf("line %d: invalid character '{' after top-level value", 1+strings.Count(whole, "\n")),
	} {
		if _, err := manifest.ParseLock([]byte(text)); message(err) != "cannot read the lock: "+want+cure {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// What an extension has more stays; in a lock it is marked, and comes back when it is declared again.
func TestExtendedMarksWhatIsGone(t *testing.T) {
	all := shop(nil)
	less := shop(func(table *manifest.Table, _, order *manifest.Entity) {
		table.Indexes = table.Indexes[:2]
		order.Indexes, order.Unique, order.TTL, order.Version, order.Schema = order.Indexes[:1], nil, "", "", 0
	})
	less = manifest.New(less.Table, less.Entities[1:])
	kept := all.Extended(less, false)
	if string(kept.JSON()) != string(all.JSON()) {
		t.Errorf("kept:\n%s\nwant\n%s", kept.JSON(), all.JSON())
	}
	marked := all.Extended(less, true)
	line, order := marked.Entities[0], marked.Entities[1]
	got := fmt.Sprint(marked.Table.Indexes[0].Removed, marked.Table.Indexes[1].Removed, line.Removed, order.Removed,
		order.Indexes[0].Removed, order.Indexes[1].Removed, order.Indexes[2].Removed, order.Unique[0].Removed)
	if want := "true false true false true true false true"; got != want {
		t.Errorf("marked %s, want %s:\n%s", got, want, marked.JSON())
	}
	if order.TTL != "" || order.Version != "" || order.Schema != 0 {
		t.Errorf("a lock keeps ttl %q, version %q, schema %d", order.TTL, order.Version, order.Schema)
	}
	if back := marked.Extended(all, true); string(back.JSON()) != string(all.JSON()) {
		t.Errorf("back:\n%s\nwant\n%s", back.JSON(), all.JSON())
	}
}

func TestExtendedKeepsTheOldestName(t *testing.T) {
	renamed := func(origin, name string, was ...string) *manifest.Manifest {
		return shop(func(_ *manifest.Table, _, order *manifest.Entity) {
			order.Name, order.Was, order.Origin = name, was, origin
		})
	}
	for _, test := range []struct {
		was, is *manifest.Manifest
		want    string
	}{
		{renamed("", "Order"), renamed("Order", "Buy", "Order"), "Order"},
		{renamed("Order", "Buy", "Order"), renamed("Buy", "Deal", "Buy", "Order"), "Order"},
		{renamed("Order", "Buy", "Order"), renamed("Buy", "Order", "Buy"), ""},
	} {
		m := test.was.Extended(test.is, true)
		for _, e := range m.Entities {
			if e.Name != "Line" && e.Origin != test.want {
				t.Errorf("%s, once %s: origin %q, want %q", e.Name, strings.Join(e.Was, ", "), e.Origin, test.want)
			}
		}
	}
}

// Two versions of a program add to what a third left: the order does not matter, and nothing that went in is changed.
func TestExtensionIsTheSameInEitherOrder(t *testing.T) {
	rnd := trial.Rand(t)
	for range 200 {
		first, a, b := version(rnd), version(rnd), version(rnd)
		before := fmt.Sprintf("%s%s%s", first.JSON(), a.JSON(), b.JSON())
		for _, mark := range []bool{false, true} {
			one, other := first.Extended(a, mark).Extended(b, mark), first.Extended(b, mark).Extended(a, mark)
			if !mark && string(one.JSON()) != string(other.JSON()) {
				t.Fatalf("%s\nthe other way\n%s", one.JSON(), other.JSON())
			}
			for _, m := range []*manifest.Manifest{first, a, b} {
				if list := one.Contradictions(m); len(list) > 0 {
					t.Fatalf("the extension contradicts a part of it: %+v", list)
				}
				if again := one.Extended(m, false); !mark && string(again.JSON()) != string(one.JSON()) {
					t.Fatalf("a part of it extends it:\n%s", again.JSON())
				}
			}
			if text := parse(t, one).JSON(); string(text) != string(one.JSON()) {
				t.Fatalf("it is parsed as\n%s", text)
			}
		}
		if after := fmt.Sprintf("%s%s%s", first.JSON(), a.JSON(), b.JSON()); after != before {
			t.Fatalf("an extension changed what it was made of:\n%s", after)
		}
	}
}

// version returns a part of the shop.
func version(rnd *rand.Rand) *manifest.Manifest {
	some := func() bool { return rnd.IntN(2) == 0 }
	m := shop(func(table *manifest.Table, _, order *manifest.Entity) {
		table.Indexes = table.Indexes[rnd.IntN(3):]
		order.Indexes, order.Unique = order.Indexes[rnd.IntN(3):], order.Unique[rnd.IntN(2):]
		if some() {
			order.TTL = ""
		}
		if some() {
			order.Version = ""
		}
		order.Schema = rnd.IntN(3)
	})
	if some() {
		i := rnd.IntN(2)
		m = manifest.New(m.Table, m.Entities[i:i+1])
	}
	return m
}
