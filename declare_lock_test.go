package entable_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/trial"
)

type (
	lockedOrder struct {
		ID      string    `dynamodbav:"id"`
		Year    int       `dynamodbav:"year"`
		Status  string    `dynamodbav:"status"`
		Region  string    `dynamodbav:"region"`
		At      time.Time `dynamodbav:"at"`
		Email   string    `dynamodbav:"email" entable:"unique"`
		Version int       `dynamodbav:"v" entable:"version"`
		Expires int64     `dynamodbav:"expires" entable:"ttl"`
	}
	lockedLine struct {
		ID    string `dynamodbav:"id"`
		N     int    `dynamodbav:"n"`
		Owner string `dynamodbav:"owner"`
	}
)

// registryOf is a registry, which variants of it change in one place.
type registryOf struct {
	table      []entable.TableOption
	name       string
	was        []string
	pk, sk     []any
	ipk, isk   []any
	order      func(*entable.Table, ...entable.EntityOption) error
	extra      []entable.EntityOption
	line       []entable.EntityOption
	lineFirst  bool
	withoutOne bool // the lines are not registered
	noIndex    bool
}

func newRegistryOf() *registryOf {
	return &registryOf{
		table: []entable.TableOption{entable.GSI("gsi1"), entable.LSI("lsi1"),
			entable.GSI("by-region", entable.MultiAttribute(), entable.PartitionKey("region", types.ScalarAttributeTypeS))},
		name: "Order",
		pk:   []any{"id", entable.Shards(4, "id")},
		sk:   []any{entable.Attr("year").Width(4), "status", entable.Literal("AT"), entable.Attr("at").Layout("2006-01-02")},
		ipk:  []any{"status"}, isk: []any{"at"},
		order: register[lockedOrder],
		line:  []entable.EntityOption{entable.Name("Line"), entable.PK("id"), entable.SK("n")},
	}
}

// declare registers the shop; the error is that of the first declaration that is refused.
func (s *registryOf) declare(opts ...entable.TableOption) (*entable.Table, error) {
	table, err := entable.TryNewTable("shop", append(s.table[:len(s.table):len(s.table)], opts...)...)
	if err != nil {
		return nil, err
	}
	return table, s.register(table)
}

func (s *registryOf) register(table *entable.Table) error {
	order := func() error {
		opts := append([]entable.EntityOption{entable.Name(s.name), entable.PK(s.pk...), entable.SK(s.sk...)}, s.extra...)
		if !s.noIndex {
			opts = append(opts, entable.Index("gsi1", entable.PK(s.ipk...), entable.SK(s.isk...)))
		}
		for _, w := range s.was {
			opts = append(opts, entable.Was(w))
		}
		return s.order(table, opts...)
	}
	line := func() error {
		if s.withoutOne {
			return nil
		}
		return register[lockedLine](table, s.line...)
	}
	if s.lineFirst {
		return errors.Join(line(), order())
	}
	return errors.Join(order(), line())
}

// changed makes lockedOrder of another type with the same options.
func changed[T any]() func(*entable.Table, ...entable.EntityOption) error { return register[T] }

// drifts are changes that would hide stored items or give them other keys.
var drifts = []struct {
	name   string
	change func(*registryOf)
	want   string // part of the error
	// lockOnly: another version of the program may do it, and the stored manifest cannot tell.
	lockOnly bool
}{
	{"partition key renamed", func(s *registryOf) {
		s.table = append(s.table, entable.PartitionKey("hash", types.ScalarAttributeTypeS))
	}, `table: partition key: was "pk" (S), is "hash" (S): stored items have the other and cannot be read or found: give the table entable.PartitionKey("pk", "S"), or create a new table and copy the items`, true},
	{"sort key renamed", func(s *registryOf) {
		s.table = append(s.table, entable.SortKey("range", types.ScalarAttributeTypeS))
	}, `table: sort key: was "sk" (S), is "range" (S)`, true},
	{"discriminator renamed", func(s *registryOf) { s.table = append(s.table, entable.Discriminator("kind")) },
		`table: discriminator: was "_type", is "kind": stored items have the other and cannot be read or found: give the table entable.Discriminator("_type")`, false},
	{"discriminator off", func(s *registryOf) { s.table = append(s.table, entable.NoDiscriminator()) },
		`table: discriminator: was "_type", is none`, false},
	{"index attribute renamed", func(s *registryOf) {
		s.table[0] = entable.GSI("gsi1", entable.PartitionKey("other", types.ScalarAttributeTypeS))
	}, `index "gsi1": partition key: was ["gsi1pk" (S)], is ["other" (S)]`, false},
	{"index sort attribute renamed", func(s *registryOf) {
		s.table[0] = entable.GSI("gsi1", entable.SortKey("other", types.ScalarAttributeTypeS))
	}, `index "gsi1": sort key: was ["gsi1sk" (S)], is ["other" (S)]`, false},
	{"index kind", func(s *registryOf) { s.table[1] = entable.GSI("lsi1") }, `index "lsi1": kind: was local, is global`, false},
	{"native key", func(s *registryOf) {
		s.table[2] = entable.GSI("by-region", entable.MultiAttribute(), entable.PartitionKey("status", types.ScalarAttributeTypeS))
	}, `index "by-region": partition key: was ["region" (S)], is ["status" (S)]`, false},
	{"prefix", func(s *registryOf) { s.pk = append(s.pk, entable.Prefix("X")) },
		`Order: PK: prefix: was "OI", is "X": stored items keep their keys and are not found under the new ones: give it entable.Prefix("OI")`, false},
	{"prefix off", func(s *registryOf) { s.pk = append(s.pk, entable.NoPrefix()) }, `Order: PK: prefix: was "OI", is none`, false},
	{"sort prefix", func(s *registryOf) { s.sk = append(s.sk, entable.Prefix("X")) }, `Order: SK: prefix: was "OY", is "X"`, false},
	{"separator", func(s *registryOf) { s.sk = append(s.sk, entable.Separator("/")) },
		`Order: SK: separator: was "#", is "/": stored items keep their keys and are not found under the new ones: give it entable.Separator("#")`, false},
	{"partition attribute", func(s *registryOf) { s.pk[0] = "region" }, `Order: PK: attribute: was {id}, is {region}`, false},
	{"order of components", func(s *registryOf) { s.sk[0], s.sk[1] = s.sk[1], s.sk[0] },
		`Order: SK: order of components: was OY#{year}#{status}#AT#{at}, is OY#{status}#{year}#AT#{at}`, false},
	{"component added", func(s *registryOf) { s.sk = append(s.sk, "region") },
		`Order: SK: components: was OY#{year}#{status}#AT#{at}, is OY#{year}#{status}#AT#{at}#{region}`, false},
	{"component removed", func(s *registryOf) { s.sk = s.sk[:2] }, `Order: SK: components: was OY#{year}#{status}#AT#{at}, is OY#{year}#{status}`, false},
	{"literal", func(s *registryOf) { s.sk[2] = entable.Literal("ON") }, `Order: SK: literal: was AT, is ON`, false},
	{"literal for an attribute", func(s *registryOf) { s.sk[2] = "region" }, `Order: SK: literal: was AT, is {region}`, false},
	{"width", func(s *registryOf) { s.sk[0] = entable.Attr("year").Width(5) },
		`Order: SK: width of "year": was 4, is 5: stored items keep their keys and are not found under the new ones: give it entable.Attr("year").Width(4)`, false},
	{"layout", func(s *registryOf) { s.sk[3] = entable.Attr("at").Layout("2006-01") },
		`Order: SK: layout of "at": was "2006-01-02", is "2006-01"`, false},
	{"shards", func(s *registryOf) { s.pk[1] = entable.Shards(8, "id") },
		`Order: PK: shards: was 4, is 8: stored items keep their keys and are not found under the new ones: give it entable.Shards(4, "id")`, false},
	{"shards by another", func(s *registryOf) { s.pk[1] = entable.Shards(4, "status") },
		`Order: PK: attribute: was {4 shards by id}, is {4 shards by status}`, false},
	{"shards off", func(s *registryOf) { s.pk = s.pk[:1] }, `Order: PK: components: was OI#{id}#{4 shards by id}, is OI#{id}`, false},
	{"kind of a component", func(s *registryOf) {
		s.order = changed[struct {
			ID     string    `dynamodbav:"id"`
			Year   uint      `dynamodbav:"year"`
			Status string    `dynamodbav:"status"`
			At     time.Time `dynamodbav:"at"`
		}]()
	}, `Order: SK: kind of "year": was int, is uint`, false},
	{"whole seconds", func(s *registryOf) {
		s.order = changed[struct {
			ID     string    `dynamodbav:"id"`
			Year   int       `dynamodbav:"year"`
			Status string    `dynamodbav:"status"`
			At     time.Time `dynamodbav:"at,unixtime"`
		}]()
	}, `Order: SK: kind of "at": was time, is unixtime`, false},
	{"index prefix", func(s *registryOf) { s.ipk = append(s.ipk, entable.Prefix("X")) },
		`Order: index "gsi1": PK: prefix: was "OS", is "X": stored items keep their keys in the index and are not found there under the new ones`, false},
	{"index component", func(s *registryOf) { s.ipk[0] = "region" }, `Order: index "gsi1": PK: attribute: was {status}, is {region}`, false},
	{"index sort component", func(s *registryOf) { s.isk[0] = "id" }, `Order: index "gsi1": SK: attribute: was {at}, is {id}`, false},
	{"version attribute", func(s *registryOf) {
		s.order = changed[struct {
			ID     string    `dynamodbav:"id"`
			Year   int       `dynamodbav:"year"`
			Status string    `dynamodbav:"status"`
			At     time.Time `dynamodbav:"at"`
			V      int       `dynamodbav:"revision" entable:"version"`
		}]()
	}, `Order: version: was "v", is "revision"`, false},
	{"ttl attribute", func(s *registryOf) {
		s.order = changed[struct {
			ID     string    `dynamodbav:"id"`
			Year   int       `dynamodbav:"year"`
			Status string    `dynamodbav:"status"`
			At     time.Time `dynamodbav:"at"`
			Until  int64     `dynamodbav:"until" entable:"ttl"`
		}]()
	}, `Order: ttl: was "expires", is "until": stored items would not expire`, false},
	{"kind of a unique field", func(s *registryOf) {
		s.order = changed[struct {
			ID     string    `dynamodbav:"id"`
			Year   int       `dynamodbav:"year"`
			Status string    `dynamodbav:"status"`
			At     time.Time `dynamodbav:"at"`
			Email  []byte    `dynamodbav:"email" entable:"unique"`
		}]()
	}, `Order: unique "email": kind: was text, is bytes: the values of stored items are not compared with new ones any more`, false},
	{"earlier name dropped", func(s *registryOf) { s.was = nil },
		`Order: names: was Order, Purchase, is Order: stored items of type "Purchase" are not read: keep it with entable.Was("Purchase")`, false},
	{"name taken back", func(s *registryOf) { s.name, s.was = "Purchase", nil },
		`stored items of type "Order" are not read: keep it with entable.Was("Order")`, false},
	{"two entities made one", func(s *registryOf) { s.was, s.withoutOne = append(s.was, "Line"), true }, `Order and Line`, false},
	{"prefix of another", func(s *registryOf) {
		s.withoutOne, s.name, s.was, s.pk = true, "Sale", nil, []any{"id", entable.Prefix("LI")}
	}, `prefix "LI" is reserved for Line by the lock: choose another, share its partitions with entable.PrefixOf, or, if this is its new name, say entable.Was("Line")`, true},
}

// lockOf is the lock of the shop in which Order was called Purchase.
func lockOf(t *testing.T) []byte {
	t.Helper()
	s := newRegistryOf()
	s.was = []string{"Purchase"}
	s.pk, s.sk, s.ipk, s.isk = append(s.pk, entable.Prefix("OI")), append(s.sk, entable.Prefix("OY")), append(s.ipk, entable.Prefix("OS")), append(s.isk, entable.Prefix("OA"))
	table, err := s.declare()
	check(t, err)
	return table.Manifest()
}

func TestLockRefusesWhatWouldHideItems(t *testing.T) {
	lock := lockOf(t)
	for _, test := range drifts {
		s := newRegistryOf()
		s.was = []string{"Purchase"}
		test.change(s)
		_, err := s.declare(entable.Lock(lock))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v\nwant %s", test.name, err, test.want)
			continue
		}
		if !is[*entable.DeclarationError](err) {
			t.Errorf("%s: error is a %T", test.name, err)
		}
	}
	if len(drifts) < 25 {
		t.Errorf("%d kinds of drift are tested", len(drifts))
	}
}

// Every difference is listed, not only the first.
func TestLockListsEveryDifference(t *testing.T) {
	s := newRegistryOf()
	s.was = []string{"Purchase"}
	s.pk, s.sk[0] = append(s.pk, entable.Prefix("X")), entable.Attr("year").Width(5)
	_, err := s.declare(entable.Lock(lockOf(t)))
	drift, ok := errors.AsType[*entable.DriftError](err)
	if !ok || len(drift.Differences) != 2 || drift.From != "lock" || drift.Table != "shop" {
		t.Fatalf("got %v", err)
	}
	want := `entable: Order: the registry of table "shop" departs from its lock:
	Order: PK: prefix: was "OI", is "X": stored items keep their keys and are not found under the new ones: give it entable.Prefix("OI")
	Order: SK: width of "year": was 4, is 5: stored items keep their keys and are not found under the new ones: give it entable.Attr("year").Width(4)`
	if err.Error() != want {
		t.Errorf("got %s\nwant %s", err, want)
	}
}

// allowed are changes that a lock accepts and is extended by.
var allowed = []struct {
	name   string
	change func(*registryOf)
	adds   string // what CheckLock says is missing; "" for nothing
}{
	{"nothing", func(*registryOf) {}, ""},
	{"other order", func(s *registryOf) { s.lineFirst = true }, ""},
	{"new name", func(s *registryOf) { s.name, s.was = "Sale", []string{"Purchase", "Order"} }, `Sale: name: was none, is "Sale", once "Order"`},
	{"new index of the table", func(s *registryOf) { s.table = append(s.table, entable.GSI("gsi2")) }, `table: index: was none, is "gsi2"`},
	{"entity joins an index", func(s *registryOf) {
		s.line = append(s.line, entable.Index("gsi1", entable.PK("owner"), entable.SK("n")))
	}, `Line: index "gsi1": was none, is declared`},
	{"new upgrades", func(s *registryOf) {
		s.extra = append(s.extra, entable.Upgrades(func(entable.RawItem) error { return nil }))
	}, `Order: upgrades: was none, is 1`},
	{"entity is gone", func(s *registryOf) { s.withoutOne = true },
		`Line: entity: was registered, is none: stored items of type "Line" are not read: register it, or its new name with entable.Was("Line"); if it is meant, extend the lock`},
	{"index is gone", func(s *registryOf) { s.noIndex = true }, `Order: index "gsi1": was declared, is none`},
}

func TestLockAcceptsWhatHidesNothing(t *testing.T) {
	lock := lockOf(t)
	for _, test := range allowed {
		s := newRegistryOf()
		s.was = []string{"Purchase"}
		test.change(s)
		table, err := s.declare(entable.Lock(lock))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		switch err := table.CheckLock(lock); {
		case test.adds == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.adds != "" && (err == nil || !strings.Contains(err.Error(), test.adds)):
			t.Errorf("%s: got %v\nwant %s", test.name, err, test.adds)
		}
		extended, err := table.ExtendLock(lock)
		check(t, err)
		if err := table.CheckLock(extended); err != nil {
			t.Errorf("%s: the extended lock is not accepted: %v", test.name, err)
		}
		if !bytes.Equal(extended, table.Manifest()) {
			t.Errorf("%s: the extended lock is not the manifest:\n%s", test.name, cmp.Diff(string(extended), string(table.Manifest())))
		}
	}
}

func TestNewEntitiesGetFreePrefixes(t *testing.T) {
	lock := lockOf(t)
	type Lid struct {
		ID string `dynamodbav:"id"`
	}
	table := entable.NewTable("shop", append(newRegistryOf().table, entable.Lock(lock))...)
	lids := entable.Register[Lid](table) // LI is the prefix of Line, which is not registered
	if got := keysOf(t, lids, Lid{ID: "1"}); got != "LID#1 A" {
		t.Errorf("keys %q, want LID#1 A", got)
	}
}

// A prefix of the lock is nobody else's, not as a literal either, and a literal of the lock is no prefix.
func TestLockReservesLiteralsAndPrefixes(t *testing.T) {
	type thing struct {
		ID string `dynamodbav:"id"`
	}
	before := entable.NewTable("shop")
	check(t, register[lockedLine](before, entable.Name("Line"), entable.PK("id", entable.Prefix("LINE")), entable.SK(entable.Literal("TEXT"), "n")))
	lock := before.Manifest()
	for _, test := range []struct {
		pk   entable.KeySpec
		want string
	}{
		{entable.PK("id", entable.Prefix("LINE")), `prefix "LINE" is reserved for Line by the lock`},
		{entable.PK(entable.Literal("LINE"), "id"), `prefix "LINE" is reserved for Line by the lock`},
		{entable.PK("id", entable.Prefix("TEXT")), `prefix "TEXT" is reserved for Line by the lock`},
		{entable.PK(entable.Literal("TEXT"), "id"), ""},
	} {
		err := register[thing](entable.NewTable("shop", entable.Lock(lock)), test.pk)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}

// The lock knows which name is the oldest, in whatever order they are given.
func TestLockKeepsTheOldestName(t *testing.T) {
	type user struct {
		ID    string `dynamodbav:"id"`
		Email string `dynamodbav:"email" entable:"unique"`
		Nick  string `dynamodbav:"nick"`
	}
	table := entable.NewTable("users", entable.GSI("gsi1"))
	check(t, register[user](table, entable.Name("Customer")))
	lock := table.Manifest()
	for _, was := range [][]entable.EntityOption{
		{entable.Name("Member"), entable.Was("Customer")}, {entable.Name("User"), entable.Was("Member"), entable.Was("Customer")},
	} {
		table = entable.NewTable("users", entable.GSI("gsi1"), entable.Lock(lock))
		check(t, register[user](table, append(was, entable.Index("gsi1", entable.PK("nick")))...))
		if text := string(table.Manifest()); !strings.Contains(text, `"origin": "Customer"`) || !strings.Contains(text, `"prefix": "CN"`) {
			t.Errorf("the manifest of %v is\n%s", was, text)
		}
		var err error
		lock, err = table.ExtendLock(lock)
		check(t, err)
	}
}

// A table without the lock, in which the earlier names are in another order, does not make it forget.
func TestExtendedLocksKeepTheOldestName(t *testing.T) {
	pk := entable.PK("a", entable.Prefix("H"))
	extend := func(lock []byte, opts ...entable.EntityOption) []byte {
		table := entable.NewTable("herbs")
		check(t, register[herb0](table, append(opts, pk)...))
		lock, err := table.ExtendLock(lock)
		check(t, err)
		return lock
	}
	lock := extend(nil, entable.Name("Mint"))
	lock = extend(lock, entable.Name("Basil"), entable.Was("Mint"))
	lock = extend(lock, entable.Name("Sage"), entable.Was("Basil"), entable.Was("Mint"))
	table := entable.NewTable("herbs", entable.GSI("gsi1"), entable.Lock(lock))
	check(t, register[herb0](table, entable.Name("Sage"), entable.Was("Basil"), entable.Was("Mint"), pk, entable.Index("gsi1", entable.PK("a"))))
	if text := string(table.Manifest()); !strings.Contains(text, `"origin": "Mint"`) || !strings.Contains(text, `"prefix": "MA"`) {
		t.Errorf("the manifest is\n%s", text)
	}
}

func TestCheckLockSeesEditsByHand(t *testing.T) {
	table, err := newRegistryOf().declare()
	check(t, err)
	lock := append(table.Manifest(), '\n')
	if err := table.CheckLock(lock); err == nil || !strings.Contains(err.Error(), "lock: text: was changed by hand or by an older version, is another") {
		t.Errorf("got %v", err)
	}
	if err := table.CheckLock(bytes.ReplaceAll(table.Manifest(), []byte("\n"), []byte("\r\n"))); err != nil {
		t.Errorf("with the line ends of Windows: %v", err)
	}
}

// Two branches have each added an entity, with the same generated prefix, and git has put both into the lock.
func TestLockOfTwoBranches(t *testing.T) {
	type Command struct {
		ID string `dynamodbav:"id"`
	}
	type Comment struct {
		ID string `dynamodbav:"id"`
	}
	one, two := entable.NewTable("shop"), entable.NewTable("shop")
	check(t, register[Command](one, entable.PK("id")))
	check(t, register[Comment](two, entable.PK("id")))
	first, second := string(one.Manifest()), string(two.Manifest())
	at := func(text string) (from, to int) {
		return strings.Index(text, "    {\n      \"name\""), strings.LastIndex(text, "\n  ]")
	}
	_, end := at(first)
	from, to := at(second)
	merged := entable.NewTable("shop", entable.Lock([]byte(first[:end]+",\n"+second[from:to]+first[end:])))
	checkDeclaration(t, register[Command](merged, entable.PK("id")), `Command: an item can have the same key as one of Comment, which the lock knows, for example pk="CI#x" sk="A": `+
		`the lock has both, as when two branches that have each added one are merged: take out of it the one of which no items are stored, and extend it anew`)
}

func TestWrongLocks(t *testing.T) {
	const shop = `{"version":1,"table":{"pk":{"name":"pk","type":"S"},"sk":{"name":"sk","type":"S"},"discriminator":"_type"},"entities":`
	for lock, want := range map[string]string{
		`{`:             `entable: table "shop": cannot read the lock: line 1: unexpected end of JSON input: after a merge with conflicts, take the file of either side and extend it; else restore it`,
		`{"version":2}`: `entable: table "shop": cannot read the lock: it has version 2, and this program knows 1: use a newer entable`,
		`{"version":1}`: `entable: table "shop": cannot read the lock: the table has no partition key`,
		shop + `[{"name":"A"},{"name":"B","was":["A"]}]}`: `entable: table "shop": cannot read the lock: two entities are called "A": take one of them out`,
		shop + `[{"name":"A"},{"name":"A"}]}`:             `entable: table "shop": cannot read the lock: two entities are called "A": take one of them out`,
		shop + `[{"name":""}]}`:                           `entable: table "shop": cannot read the lock: an entity has an empty name`,
		shop + `[{"name":"A","was":["B",""]}]}`:           `entable: table "shop": cannot read the lock: an entity has an empty name`,
	} {
		_, err := entable.TryNewTable("shop", entable.Lock([]byte(lock)))
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", lock, err, want)
		}
	}
	if _, err := entable.TryNewTable("shop", entable.Lock([]byte("\n"))); err != nil {
		t.Errorf("an empty lock: %v", err)
	}
}

func TestManifestText(t *testing.T) {
	s := newRegistryOf()
	s.was = []string{"Purchase"}
	table, err := s.declare()
	check(t, err)
	golden(t, "manifest.json", table.Manifest())
}

// The order in which indexes and unique fields are declared is nowhere in the manifest.
func TestManifestIsSorted(t *testing.T) {
	type account struct {
		A string `dynamodbav:"a" entable:"unique"`
		B string `dynamodbav:"b" entable:"unique"`
	}
	type turned struct {
		B string `dynamodbav:"b" entable:"unique"`
		A string `dynamodbav:"a" entable:"unique"`
	}
	name, pk := entable.Name("Account"), entable.PK("a")
	one, two := entable.Index("gsi1", entable.PK("a", entable.Prefix("X"))), entable.Index("gsi2", entable.PK("b", entable.Prefix("Y")))
	table, other := entable.NewTable("accounts", entable.GSI("gsi1"), entable.GSI("gsi2")), entable.NewTable("accounts", entable.GSI("gsi2"), entable.GSI("gsi1"))
	check(t, register[account](table, name, pk, one, two))
	check(t, register[turned](other, name, pk, two, one))
	if a, b := table.Manifest(), other.Manifest(); !bytes.Equal(a, b) {
		t.Errorf("got\n%s\nand\n%s", a, b)
	}
}

// golden compares a text with a file in testdata; ENTABLE_GOLDEN=1 writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if os.Getenv("ENTABLE_GOLDEN") != "" {
		check(t, os.MkdirAll("testdata", 0o755))
		check(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	check(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (ENTABLE_GOLDEN=1 writes it): -want +got\n%s", path, diff)
	}
}

// Random registries of the types below.
type (
	herb struct {
		A string `dynamodbav:"a"`
		B int    `dynamodbav:"b"`
		C string `dynamodbav:"aa"`
		D string `dynamodbav:"ab"`
	}
	herb0 herb
	herb1 herb
	herb2 herb
	herb3 herb
	herb4 herb
	herb5 herb
)

var herbs = []func(*entable.Table, ...entable.EntityOption) error{
	register[herb0], register[herb1], register[herb2], register[herb3], register[herb4], register[herb5],
}

// randomHerbs are the options of a registry in which names and attributes are alike, so that generated
// prefixes collide.
func randomHerbs(rnd *rand.Rand) [][]entable.EntityOption {
	attrs := []string{"a", "aa", "ab"}
	key := func() []any {
		parts := []any{attrs[rnd.IntN(len(attrs))]}
		if rnd.IntN(3) == 0 {
			parts = append(parts, entable.Attr("b").Width(1+rnd.IntN(19)))
		}
		if rnd.IntN(6) == 0 {
			parts = append(parts, entable.Prefix(fmt.Sprint("A", rnd.IntN(50))))
		}
		return parts
	}
	out := make([][]entable.EntityOption, len(herbs))
	for i := range out {
		out[i] = []entable.EntityOption{entable.Name(string(rune('A'+rnd.IntN(2))) + fmt.Sprint(i)), entable.PK(key()...), entable.SK(key()...)}
		if rnd.IntN(2) == 0 {
			out[i] = append(out[i], entable.Index("gsi1", entable.PK(key()...)))
		}
	}
	return out
}

// registerHerbs registers what can be, in an order; the others have run out of prefixes.
func registerHerbs(table *entable.Table, opts [][]entable.EntityOption, order []int) (accepted []int) {
	for _, i := range order {
		if herbs[i](table, opts[i]...) == nil {
			accepted = append(accepted, i)
		}
	}
	return accepted
}

// With a lock, every order of registration gives the keys of the first one, also when new entities come
// between.
func TestLockMakesOrderHarmless(t *testing.T) {
	t.Parallel()
	rnd := trial.Rand(t)
	for range trial.Size(300, 10_000) {
		opts := randomHerbs(rnd)
		first := entable.NewTable("herbs", entable.GSI("gsi1"))
		accepted := registerHerbs(first, opts, rnd.Perm(len(herbs)))
		lock := first.Manifest()
		if rnd.IntN(100) == 0 && !bytes.Equal(lock, first.Manifest()) {
			t.Fatal("two manifests of one registry differ")
		}
		rnd.Shuffle(len(accepted), func(i, j int) { accepted[i], accepted[j] = accepted[j], accepted[i] })
		again := entable.NewTable("herbs", entable.GSI("gsi1"), entable.Lock(lock))
		for _, i := range accepted {
			if err := herbs[i](again, opts[i]...); err != nil {
				t.Fatalf("order %v: %v\n%s", accepted, err, lock)
			}
		}
		if err := again.CheckLock(lock); err != nil {
			t.Fatalf("order %v: %v\n%s", accepted, err, lock)
		}
		if !bytes.Equal(again.Manifest(), lock) {
			t.Fatalf("order %v:\n%s", accepted, cmp.Diff(string(lock), string(again.Manifest())))
		}
		// A part of them is a lock for all.
		some := entable.NewTable("herbs", entable.GSI("gsi1"))
		part := registerHerbs(some, opts, rnd.Perm(len(herbs))[:3])
		all := entable.NewTable("herbs", entable.GSI("gsi1"), entable.Lock(some.Manifest()))
		registerHerbs(all, opts, rnd.Perm(len(herbs)))
		extended, err := all.ExtendLock(some.Manifest())
		if err != nil {
			t.Fatalf("%v of %v: %v", part, opts, err)
		}
		if !bytes.Equal(extended, all.Manifest()) {
			t.Fatal("the extended lock is not the manifest")
		}
	}
}
