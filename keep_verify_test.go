package entable_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/entable/entable"
)

var storedManifest = key("_manifest#%", "A")

// declareAs declares the registry for a table that exists.
func (s *registryOf) declareAs(t *testing.T, setup *setup, name string) *entable.Table {
	t.Helper()
	table := entable.NewTable(name, append(setup.Options[:len(setup.Options):len(setup.Options)], s.table...)...)
	table.Use(setup.Client)
	check(t, s.register(table))
	return table
}

func TestVerifyStoresTheManifestOnce(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable(entable.GSI("gsi1"))
		check(t, register[lockedLine](table, entable.Index("gsi1", entable.PK("owner"))))
		check(t, table.Verify(t.Context()))
		first := s.Load(table, storedManifest)
		if first["_revision"] == nil || first["_type"].(*types.AttributeValueMemberS).Value != "_manifest" {
			t.Fatalf("stored %v", first)
		}
		s.Spy.Reset()
		check(t, table.Verify(t.Context()))
		if n, reads := s.Spy.Sent(""), s.Spy.Sent("GetItem"); n != 1 || reads != 1 {
			t.Errorf("%d requests, %d reads, when nothing changed", n, reads)
		}
		// It is no item of an entity.
		for v, err := range table.Scan().All(t.Context()) {
			t.Errorf("a scan gives %v, %v", v, err)
		}
	})
}

// potted registers a T with prefixes of its own.
func potted[T any](prefix string) func(*entable.Table, ...entable.EntityOption) error {
	return func(table *entable.Table, _ ...entable.EntityOption) error {
		return register[T](table, entable.PK("a", entable.Prefix(prefix)), entable.SK("b", entable.Prefix(prefix+"B")))
	}
}

func TestVerifyIsExtendedByWhatIsNew(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		name := s.NewTable(entable.NoDiscriminator()).Name()
		open := func(types ...func(*entable.Table, ...entable.EntityOption) error) *entable.Table {
			table := entable.NewTable(name, append(s.Options[:len(s.Options):len(s.Options)], entable.NoDiscriminator())...)
			table.Use(s.Client)
			for _, r := range types {
				check(t, r(table))
			}
			return table
		}
		older, newer := open(potted[herb0]("H0"), potted[herb1]("H1")), open(potted[herb0]("H0"), potted[herb2]("H2"))
		check(t, older.Verify(t.Context()))
		check(t, newer.Verify(t.Context()))
		check(t, older.Verify(t.Context())) // and the older still runs
		text := s.Load(older, storedManifest)["_manifest"].(*types.AttributeValueMemberS).Value
		for _, name := range []string{"herb0", "herb1", "herb2"} {
			if !strings.Contains(text, `"name":"`+name+`"`) {
				t.Errorf("%s is lost: %s", name, text)
			}
		}
		for v, err := range older.Scan().All(t.Context()) {
			t.Errorf("a scan gives %v, %v", v, err)
		}
	})
}

// Without a lock, a rename changes generated prefixes: Verify tells, unless Was keeps them or prefixes are given.
func TestVerifyTellsARename(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	before := s.NewTable()
	check(t, register[herb0](before, entable.Name("Herb"), entable.PK("a"), entable.SK("b")))
	check(t, before.Verify(t.Context()))
	open := func(opts ...entable.EntityOption) error {
		table := entable.NewTable(before.Name())
		table.Use(s.Client)
		check(t, register[herb0](table, opts...))
		return table.Verify(t.Context())
	}
	err := open(entable.Name("Plant"), entable.PK("a"), entable.SK("b"))
	want := fmt.Sprintf(`entable: the registry of table %q departs from its stored manifest:
	Plant: name: was "Herb", HA#{a}, HB#{b}, is "Plant", PA#{a}, PB#{b}: if it is the new name of Herb, stored items are not found: say entable.Was("Herb"), or, if it is another entity, give its keys prefixes with entable.Prefix`, before.Name())
	if !is[*entable.DriftError](err) || err.Error() != want {
		t.Errorf("error\n%v, want\n%s", err, want)
	}
	check(t, before.Verify(t.Context())) // nothing was written
	check(t, open(entable.Name("Weed"), entable.PK("a", entable.Prefix("WEED")), entable.SK("b", entable.Prefix("W"))))
	check(t, open(entable.Name("Plant"), entable.Was("Herb"), entable.PK("a"), entable.SK("b")))
}

// What an older version does not have stays in the stored manifest, and nothing is written for it.
func TestVerifyKeepsWhatOlderVersionsLack(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	type (
		older struct {
			A string `dynamodbav:"a"`
		}
		newer struct {
			A string `dynamodbav:"a"`
			E string `dynamodbav:"e" entable:"unique"`
			V int    `dynamodbav:"v" entable:"version"`
			T int64  `dynamodbav:"t" entable:"ttl"`
		}
	)
	name := s.NewTable(entable.GSI("gsi1"), entable.GSI("gsi2")).Name()
	open := func(register func(*entable.Table, ...entable.EntityOption) error, indexes []string, opts ...entable.EntityOption) *entable.Table {
		var of []entable.TableOption
		for _, x := range indexes {
			of = append(of, entable.GSI(x))
			opts = append(opts, entable.Index(x, entable.PK("a")))
		}
		table := entable.NewTable(name, of...)
		table.Use(s.Client)
		check(t, register(table, append(opts, entable.Name("Thing"))...))
		return table
	}
	now := open(register[newer], []string{"gsi1", "gsi2"}, entable.Upgrades(func(entable.RawItem) error { return nil }))
	check(t, now.Verify(t.Context()))
	before := dynamoJSON(s.Load(now, storedManifest))
	s.Spy.Reset()
	check(t, open(register[older], []string{"gsi1"}).Verify(t.Context()))
	check(t, now.Verify(t.Context()))
	if after := dynamoJSON(s.Load(now, storedManifest)); after != before || s.Spy.Sent("PutItem") != 0 {
		t.Errorf("an older version makes it\n%s\nof\n%s", after, before)
	}
}

// A long manifest is stored compressed, and read again.
func TestVerifyStoresLongManifests(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	table := s.NewTable()
	check(t, registerMany(table, registerParts(table), 0, 1000))
	check(t, table.Verify(t.Context()))
	if _, ok := s.Load(table, storedManifest)["_manifest"].(*types.AttributeValueMemberB); !ok {
		t.Error("it is not compressed")
	}
	s.Spy.Reset()
	check(t, table.Verify(t.Context()))
	if s.Spy.Sent("") != 1 {
		t.Errorf("%d requests when nothing changed", s.Spy.Sent(""))
	}
	other := entable.NewTable(table.Name())
	other.Use(s.Client)
	check(t, register[herb0](other, entable.Name("E007"), entable.PK("a")))
	if err := other.Verify(t.Context()); !is[*entable.DriftError](err) {
		t.Errorf("got %v", err)
	}
}

// The read is consistent: an instance that starts right behind another sees its manifest.
func TestVerifyReadsConsistently(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	table := s.NewTable()
	check(t, register[herb0](table))
	check(t, table.Verify(t.Context()))
	s.Spy.Reset()
	check(t, table.Verify(t.Context()))
	if !strings.Contains(s.Spy.LastBody(), `"ConsistentRead":true`) {
		t.Errorf("sent %s", s.Spy.LastBody())
	}
}

func TestVerifyRefusesContradictions(t *testing.T) {
	t.Parallel()
	for _, test := range drifts {
		if test.lockOnly {
			continue
		}
		s := onMemory(t)
		plain := newRegistryOf()
		plain.was = []string{"Purchase"}
		table := s.NewTable(plain.table...)
		check(t, plain.register(table))
		check(t, table.Verify(t.Context()))
		before := dynamoJSON(s.Load(table, storedManifest))

		changed := newRegistryOf()
		changed.was = []string{"Purchase"}
		test.change(changed)
		err := changed.declareAs(t, s, table.Name()).Verify(t.Context())
		drift, ok := errors.AsType[*entable.DriftError](err)
		// Without the lock, the prefixes are made from the oldest name.
		want, _, _ := strings.Cut(strings.NewReplacer("OI", "PI", "OY", "PY", `"OS"`, `"PS"`).Replace(test.want), ", is ")
		if !ok || drift.From != "stored manifest" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v\nwant %s", test.name, err, want)
		}
		if after := dynamoJSON(s.Load(table, storedManifest)); after != before {
			t.Errorf("%s: the stored manifest was changed to %s", test.name, after)
		}
		check(t, table.Verify(t.Context()))
	}
	for _, test := range allowed {
		s := onMemory(t)
		plain := newRegistryOf()
		table := s.NewTable(plain.table...)
		check(t, plain.register(table))
		check(t, table.Verify(t.Context()))
		changed := newRegistryOf()
		test.change(changed)
		changed.was = nil
		if changed.name == "Sale" {
			changed.was = []string{"Order"}
		}
		if err := changed.declareAs(t, s, table.Name()).Verify(t.Context()); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// Instances of two versions start together, and some of a third that contradicts them.
func TestVerifyByManyInstancesAtOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *setup) {
		name := s.NewTable().Name()
		versions := [][]func(*entable.Table, ...entable.EntityOption) error{
			{potted[herb0]("H0"), potted[herb1]("H1"), potted[herb3]("H3")}, {potted[herb0]("H0"), potted[herb2]("H2"), potted[herb4]("H4")},
		}
		check(t, func() error { // what the third version contradicts
			table := entable.NewTable(name)
			table.Use(s.Client)
			return errors.Join(register[herb5](table, entable.SK("a")), table.Verify(t.Context()))
		}())
		var wg sync.WaitGroup
		start := make(chan struct{})
		errs := make([]error, 64)
		for i := range errs {
			table := entable.NewTable(name)
			table.Use(s.Client)
			if i%16 == 15 {
				check(t, register[herb5](table, entable.SK("ab")))
			} else {
				for _, r := range versions[i%2] {
					check(t, r(table))
				}
			}
			wg.Go(func() {
				<-start
				errs[i] = table.Verify(context.WithoutCancel(t.Context()))
			})
		}
		close(start)
		wg.Wait()
		for i, err := range errs {
			if i%16 == 15 != is[*entable.DriftError](err) || i%16 != 15 && err != nil {
				t.Errorf("instance %d: %v", i, err)
			}
		}
		table := entable.NewTable(name)
		item := s.Load(table, storedManifest)
		text := item["_manifest"].(*types.AttributeValueMemberS).Value
		for _, r := range []string{"herb0", "herb1", "herb2", "herb3", "herb4", "herb5"} {
			if strings.Count(text, `"name":"`+r+`"`) != 1 {
				t.Errorf("%s is lost or twice: %s", r, text)
			}
		}
		if revision := item["_revision"].(*types.AttributeValueMemberN).Value; revision != "3" {
			t.Errorf("%s writes, want one for each version", revision)
		}
	})
}

// Another instance writes between the read and the write of one: neither loses what the other has.
func TestVerifyKeepsWhatComesBetween(t *testing.T) {
	t.Parallel()
	for name, stored := range map[string]bool{"the first": false, "a later one": true} {
		s := onMemory(t)
		table := s.NewTable()
		check(t, potted[herb0]("H0")(table))
		if stored {
			check(t, table.Verify(t.Context()))
		}
		other := entable.NewTable(table.Name())
		other.Use(s.SDK)
		check(t, errors.Join(potted[herb0]("H0")(other), potted[herb1]("H1")(other)))
		check(t, potted[herb2]("H2")(table))
		s.Spy.Before(once("PutItem", func() { check(t, other.Verify(t.Context())) }))
		check(t, table.Verify(t.Context()))
		text := s.Load(table, storedManifest)["_manifest"].(*types.AttributeValueMemberS).Value
		for _, herb := range []string{"herb0", "herb1", "herb2"} {
			if !strings.Contains(text, `"name":"`+herb+`"`) {
				t.Errorf("%s: %s is lost: %s", name, herb, text)
			}
		}
	}
}

// An error that is no lost race ends it, at once and as it is.
func TestVerifyReportsErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		op       string
		requests int
	}{{"GetItem", 1}, {"PutItem", 2}} {
		for _, code := range []string{"AccessDeniedException", "ProvisionedThroughputExceededException"} {
			s := onMemory(t)
			table := s.NewTable()
			check(t, register[herb0](table))
			s.Spy.Before(refusing(test.op, code, ""))
			s.Spy.Reset()
			err := table.Verify(t.Context())
			api, ok := errors.AsType[smithy.APIError](err)
			if op, _ := errors.AsType[*entable.OpError](err); !ok || api.ErrorCode() != code || op == nil || op.Op != "Verify" {
				t.Errorf("%s, %s: got %v", test.op, code, err)
			}
			if n := s.Spy.Sent(""); n != test.requests || s.Load(table, storedManifest) != nil {
				t.Errorf("%s, %s: %d requests, stored %v", test.op, code, n, s.Load(table, storedManifest))
			}
		}
	}
}

func TestVerifyGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := onMemory(t)
		table := s.NewTable()
		check(t, register[herb0](table))
		s.Spy.Before(refusing("PutItem", "ConditionalCheckFailedException", ""))
		s.Spy.Reset()
		err := table.Verify(t.Context())
		want := fmt.Sprintf(`entable: Verify %s[pk="_manifest#%%" sk="A"]: another instance wrote first, 32 times: ConditionalCheckFailedException: refused`, table.Name())
		if err == nil || err.Error() != want || s.Spy.Sent("") != 64 {
			t.Errorf("got %v after %d requests", err, s.Spy.Sent(""))
		}

		ctx, cancel := context.WithCancel(t.Context())
		s.Spy.Before(once("PutItem", cancel))
		if err := table.Verify(ctx); !errors.Is(err, context.Canceled) || !is[*entable.OpError](err) {
			t.Errorf("canceled: got %v", err)
		}
	})
}

// Without a discriminator two types may have one name, but not in a manifest that they are found in by name.
func TestManifestsNeedNamesOfOneEntity(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	for kind, second := range map[string]func(*entable.Table, ...entable.EntityOption) error{
		"by the option": func(table *entable.Table, opts ...entable.EntityOption) error {
			return register[herb1](table, append(opts, entable.Name("herb0"))...)
		},
		"of types": func(table *entable.Table, opts ...entable.EntityOption) error {
			type herb0 struct {
				A string `dynamodbav:"a"`
			}
			return register[herb0](table, opts...)
		},
	} {
		table := s.NewTable(entable.NoDiscriminator())
		check(t, errors.Join(register[herb0](table, entable.PK("a", entable.Prefix("H0"))), second(table, entable.PK("a", entable.Prefix("H1")))))
		s.Spy.Reset()
		_, extended := table.ExtendLock(nil)
		for what, err := range map[string]error{"Verify": table.Verify(t.Context()), "CheckLock": table.CheckLock(nil), "ExtendLock": extended} {
			want := fmt.Sprintf(`entable: table %q: two entities are called "herb0": give one another name with entable.Name`, table.Name())
			if err == nil || err.Error() != want || !is[*entable.DeclarationError](err) {
				t.Errorf("%s, names %s: got %v", what, kind, err)
			}
		}
		if s.Spy.Sent("") != 0 {
			t.Errorf("names %s: %d requests", kind, s.Spy.Sent(""))
		}
	}
}

// Versions that give the earlier names in another order, or are called by the first one again, leave the origin as it is.
func TestVerifyKeepsTheOldestName(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	name := s.NewTable().Name()
	for _, test := range []struct {
		name   string
		was    []string
		origin string // as it is stored
	}{
		{"Mint", nil, ""},
		{"Basil", []string{"Mint"}, `"origin":"Mint"`},
		{"Sage", []string{"Basil", "Mint"}, `"origin":"Mint"`},
		{"Sage", []string{"Mint", "Basil"}, `"origin":"Mint"`},
		{"Mint", []string{"Basil", "Sage"}, ""},
	} {
		opts := []entable.EntityOption{entable.Name(test.name), entable.PK("a", entable.Prefix("H"))}
		for _, was := range test.was {
			opts = append(opts, entable.Was(was))
		}
		table := entable.NewTable(name)
		table.Use(s.Client)
		check(t, register[herb0](table, opts...))
		check(t, table.Verify(t.Context()))
		text := s.Load(table, storedManifest)["_manifest"].(*types.AttributeValueMemberS).Value
		if !strings.Contains(text, test.origin) || test.origin == "" && strings.Contains(text, "origin") {
			t.Errorf("%s, once %q: stored %s", test.name, test.was, text)
		}
	}
}

// The first unique field of an entity whose earlier names are in another order: its sentinels would be named otherwise
// than those of a version that has them in order.
func TestVerifyRefusesUniqueFieldsOfAnotherOrigin(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	type unique struct {
		A string `dynamodbav:"a"`
		E string `dynamodbav:"e" entable:"unique"`
	}
	name := s.NewTable().Name()
	verify := func(register func(*entable.Table, ...entable.EntityOption) error, opts ...entable.EntityOption) error {
		table := entable.NewTable(name)
		table.Use(s.Client)
		check(t, register(table, append(opts, entable.PK("a", entable.Prefix("H")))...))
		return table.Verify(t.Context())
	}
	check(t, verify(register[herb0], entable.Name("Mint")))
	check(t, verify(register[herb0], entable.Name("Basil"), entable.Was("Mint")))
	for range 2 {
		err := verify(register[unique], entable.Name("Sage"), entable.Was("Basil"), entable.Was("Mint"))
		if !is[*entable.DriftError](err) || !strings.Contains(err.Error(), `Sage: oldest name: was "Mint", is "Basil"`) || !strings.HasSuffix(err.Error(), `give entable.Was("Mint") first`) {
			t.Errorf("got %v", err)
		}
	}
	check(t, verify(register[unique], entable.Name("Sage"), entable.Was("Mint"), entable.Was("Basil")))
	// The first name again.
	err := verify(register[unique], entable.Name("Mint"), entable.Was("Basil"), entable.Was("Sage"))
	if !is[*entable.DriftError](err) || !strings.HasSuffix(err.Error(), `give entable.Was("Mint") first`) {
		t.Errorf("got %v", err)
	}
	check(t, verify(register[unique], entable.Name("Mint"), entable.Was("Mint"), entable.Was("Basil"), entable.Was("Sage")))
}

// Without discriminators two entities may have one name, but then their unique values would be one set.
func TestUniqueFieldsNeedNamesOfOneEntity(t *testing.T) {
	t.Parallel()
	type seat struct {
		ID   string `dynamodbav:"id"`
		Seat string `dynamodbav:"seat" entable:"unique"`
	}
	type stool seat
	table := entable.NewTable("seats", entable.NoDiscriminator())
	check(t, register[seat](table))
	err := register[stool](table, entable.Name("seat"))
	want := "entable: seat: field Seat: tag `entable:\"unique\"`: " + `entable_test.seat is called "seat" too, and no item of one could have a unique value of the other: give one of them another name with entable.Name`
	if fmt.Sprint(err) != want {
		t.Errorf("got %v", err)
	}
	check(t, register[stool](table))
}

func TestVerifyRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	table := s.NewTable()
	check(t, register[herb0](table))
	unknown := strings.Replace(string(table.Manifest()), `"version"`, `"more": 1, "version"`, 1)
	for _, text := range []string{`{`, `{"version":7}`, `{"version":0}`, unknown, string(table.Manifest()) + "x"} {
		item := key("_manifest#%", "A")
		item["_manifest"], item["_revision"] = avS(text), avN("1")
		s.Store(table, item)
		err := table.Verify(t.Context())
		if err == nil || !strings.Contains(err.Error(), "cannot read the stored manifest") {
			t.Errorf("%s: got %v", text, err)
		}
		if got := s.Load(table, storedManifest)["_manifest"]; got.(*types.AttributeValueMemberS).Value != text {
			t.Errorf("it was replaced by %v", got)
		}
	}
}

func TestVerifyRefusesDamagedManifests(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	table := s.NewTable()
	check(t, register[herb0](table))
	for want, attrs := range map[string]map[string]types.AttributeValue{
		"attribute _revision is missing": {"_manifest": avS(string(table.Manifest()))},
		"attribute _manifest is missing": {"_revision": avN("1")},
		"gzip: invalid header":           {"_revision": avN("1"), "_manifest": &types.AttributeValueMemberB{Value: []byte("no gzip at all")}},
	} {
		item := key("_manifest#%", "A")
		maps.Copy(item, attrs)
		s.Store(table, item)
		before := dynamoJSON(s.Load(table, storedManifest))
		if err := table.Verify(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if after := dynamoJSON(s.Load(table, storedManifest)); after != before {
			t.Errorf("%s: it was replaced by %s", want, after)
		}
	}
}

func TestVerifyNeedsStringKeys(t *testing.T) {
	s := onMemory(t)
	table := s.Declare(entable.PartitionKey("pk", types.ScalarAttributeTypeN))
	err := table.Verify(t.Context())
	if err == nil || !strings.Contains(err.Error(), "needs a partition key that is a string") || s.Spy.Sent("") != 0 {
		t.Errorf("got %v", err)
	}
}

func TestManifestKeyIsReserved(t *testing.T) {
	for name, opt := range map[string]entable.EntityOption{
		"prefix":  entable.PK("a", entable.Prefix("_manifest")),
		"literal": entable.PK(entable.Literal("_manifest"), "a"),
	} {
		err := register[herb0](entable.NewTable("herbs"), opt)
		if err == nil || !strings.Contains(err.Error(), `prefix "_manifest" is reserved for the manifest: choose another`) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Items under an earlier name are read, counted and kept unique as before.
func TestRenamedEntityReadsItsOldItems(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		type user struct {
			ID    string `dynamodbav:"id"`
			Email string `dynamodbav:"email" entable:"unique"`
		}
		old := s.NewTable()
		users := entable.Register[user](old, entable.Name("Customer"), entable.SK("id"))
		check(t, users.Put(t.Context(), &user{"1", "a@b"}))

		table := entable.NewTable(old.Name(), append(s.Options[:len(s.Options):len(s.Options)], entable.Lock(old.Manifest()))...)
		table.Use(s.Client)
		renamed := entable.Register[user](table, entable.Name("User"), entable.Was("Customer"), entable.SK("id"))
		got, err := renamed.Get(t.Context(), user{ID: "1"})
		check(t, err)
		if got.Email != "a@b" {
			t.Errorf("got %v", got)
		}
		if n, err := renamed.Query(user{ID: "1"}).Count(t.Context()); n != 1 || err != nil {
			t.Errorf("count %d, %v", n, err)
		}
		if err := renamed.Put(t.Context(), &user{"2", "a@b"}); !is[*entable.UniqueError](err) {
			t.Errorf("a unique value of an old item is taken: %v", err)
		}
		check(t, renamed.Put(t.Context(), got))
		item := s.Load(table, key("CI#1", "CI#1"))
		if typ := item["_type"].(*types.AttributeValueMemberS).Value; typ != "User" {
			t.Errorf("written as %s", typ)
		}
		n := 0
		for _, err := range table.Audit(t.Context(), entable.AuditOptions{}) {
			check(t, err)
			n++
		}
		if n != 0 {
			t.Errorf("%d findings", n)
		}
	})
}

func TestWasIsChecked(t *testing.T) {
	for _, test := range []struct {
		opts []entable.EntityOption
		want string
	}{
		{[]entable.EntityOption{entable.Was("")}, `entable: herb1: Was(""): give each earlier name once`},
		{[]entable.EntityOption{entable.Was("herb1")}, `entable: herb1: Was("herb1"): give each earlier name once`},
		{[]entable.EntityOption{entable.Was("x"), entable.Was("x")}, `entable: herb1: Was("x"): give each earlier name once`},
		{[]entable.EntityOption{entable.Was("herb0")}, `entable: herb1: the name "herb0" is that of herb0, now or before: stored items would be of two types`},
		{[]entable.EntityOption{entable.Was("old")}, `entable: herb1: the name "old" is that of herb0, now or before: stored items would be of two types`},
	} {
		table := entable.NewTable("herbs")
		check(t, register[herb0](table, entable.Was("old")))
		if err := register[herb1](table, test.opts...); err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}
