package schema_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/uuid"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

type Log struct {
	Org  string    `dynamodbav:"org"`
	No   int       `dynamodbav:"no"`
	At   time.Time `dynamodbav:"at"`
	Data struct {
		Email string `dynamodbav:"email"`
	} `dynamodbav:"data"`
}

type LogCopy Log
type LogTwin Log

func template(text string) schema.Part { return part(schema.TemplatePart, text) }

func TestWrongTemplates(t *testing.T) {
	for _, test := range []struct {
		pks, sks []schema.KeyDecl
		want     string
	}{
		{pk(template("ORG#{org}")), sk(template("{nix}")), `Log: SK: unknown attribute "nix": schema_test.Log has "org", "no", "at", "data"`},
		{pk(template("ORG#{data.nix}")), nil, `Log: PK: attribute "data.nix": struct { Email string "dynamodbav:\"email\"" } has no attribute "nix" but "email"`},
		{pk(template("ORG#{org.x}")), nil, `Log: PK: attribute "org.x": "org" is not stored as a map of fields`},
		{pk(template("ORG#{org}"), part(schema.PrefixPart, "X")), nil, `Log: PK: a Template is the whole key: give no other part`},
		{pk(template("{org}{no}")), nil, `Log: PK: attribute "org": nothing tells where it ends: put a fixed text behind it, or give it a fixed width`},
		{pk(template("{data}")), nil, `Log: field Data: struct { Email string "dynamodbav:\"email\"" } cannot be part of a key: use a string, number, bool, []byte, time.Time or a type with MarshalText`},
		{pk(template("A#{at:200601}")), sk(template("{at:2006-01-02}")), `Log: the key has only parts of "at", which do not tell items apart: give it an attribute as a whole`},
		{pk(template("A#{at:200601}")), sk(template("{org}")), ""},
		{pk(template("LOCK")), sk(template("A")), ""},
	} {
		_, err := newTable(t, decl()).Register(entityOf[Log](schema.EntityDecl{PKs: test.pks, SKs: test.sks}))
		checkFault(t, err, schema.WrongDeclaration, test.want)
	}
}

func TestPrefixesOfSortKeysRepeatWhereNothingCollides(t *testing.T) {
	comment := func(n string) []schema.KeyDecl { return sk(part(schema.PrefixPart, n), schema.Part{Text: "no"}) }
	table := newTable(t, decl())
	register[Log](t, table, schema.EntityDecl{PKs: pk(part(schema.PrefixPart, "USER"), schema.Part{Text: "org"}), SKs: comment("COMMENT")})
	posts := register[LogCopy](t, table, schema.EntityDecl{PKs: pk(part(schema.PrefixPart, "POST"), schema.Part{Text: "org"}), SKs: comment("COMMENT")})
	_, err := table.Register(entityOf[Event](schema.EntityDecl{PKs: pk(part(schema.PrefixPart, "POST"), schema.Part{Text: "org"}), SKs: comment("COMMENT")}))
	checkFault(t, err, schema.WrongDeclaration, `Event: PK: prefix "POST" is taken by the PK of LogCopy: choose another, or share its partitions with entable.PrefixOf`)
	_, err = table.Register(entityOf[LogTwin](schema.EntityDecl{PKs: pk(schema.Part{Kind: schema.PrefixOfPart, Of: posts}, schema.Part{Text: "org"}), SKs: comment("COMMENT")}))
	checkFault(t, err, schema.WrongDeclaration, `LogTwin: an item can have the same key as one of LogCopy, for example pk="POST#x" sk="COMMENT#0000000000000000000": give one of them a prefix of its own, or a sort key that tells them apart`)

	// The same declarations pass with their own lock, in the other order.
	d := decl()
	d.Lock = []byte(manifestText(t, table))
	again := newTable(t, d)
	register[LogCopy](t, again, schema.EntityDecl{PKs: pk(part(schema.PrefixPart, "POST"), schema.Part{Text: "org"}), SKs: comment("COMMENT")})
	register[Log](t, again, schema.EntityDecl{PKs: pk(part(schema.PrefixPart, "USER"), schema.Part{Text: "org"}), SKs: comment("COMMENT")})
}

func prefixOf(e *schema.Entity) schema.Part { return schema.Part{Kind: schema.PrefixOfPart, Of: e} }

// What shares the partition of a template names the attributes in its places: equal values give equal keys.
func TestPrefixOfTemplates(t *testing.T) {
	type owner struct {
		Name string    `dynamodbav:"name"`
		Nr   int       `dynamodbav:"nr"`
		Day  time.Time `dynamodbav:"day"`
		ID   uuid.UUID `dynamodbav:"id"`
	}
	type owned struct {
		Owner string    `dynamodbav:"owner"`
		Of    int       `dynamodbav:"of"`
		At    time.Time `dynamodbav:"at"`
		Ref   string    `dynamodbav:"ref"`
		No    int       `dynamodbav:"no"`
	}
	at := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
	id := uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
	table := newTable(t, decl())
	owners := register[owner](t, table, schema.EntityDecl{PKs: pk(template("O:{name}/{nr:04}|{day:2006-01-02}{{{id}")), SKs: sk(template("#META"))})
	items := register[owned](t, table, schema.EntityDecl{PKs: pk(append(attrs("owner", "of", "at", "ref"), prefixOf(owners))...), SKs: sk(template("ITEM#{no}"))})
	for _, got := range []string{
		encoded(t, owners, owner{Name: "a b#c", Nr: 7, Day: at, ID: id}),
		encoded(t, items, owned{Owner: "a b#c", Of: 7, At: at, Ref: id.String(), No: 3}),
	} {
		key, _, _ := strings.Cut(strings.TrimPrefix(got, "{"), ",")
		if want := `"pk":{"S":"O:a b#c/0007|2026-01-31{6ba7b810-9dad-11d1-80b4-00c04fd430c8"}`; key != want {
			t.Errorf("got %s, want %s", key, want)
		}
	}
	_, _, err := items.AppendItem(nil, unsafe.Pointer(&owned{Owner: "a/b", Of: 7, At: at, Ref: id.String(), No: 3}), nil)
	checkFault(t, err, schema.WrongKey, `owned: pk: attribute "owner": "a/b" cannot be read back from a key in which "/" ends it: the value may not contain that text`)
	_, _, err = items.AppendItem(nil, unsafe.Pointer(&owned{Owner: "a", Of: 7, At: at, Ref: "short", No: 3}), nil)
	checkFault(t, err, schema.WrongKey, `owned: pk: attribute "ref": text "short" is not 36 letters, digits and hyphens`)

	composed := register[Log](t, table, schema.EntityDecl{PKs: pk(attrs("org")...)})
	for _, test := range []struct {
		parts []schema.Part
		want  string
	}{
		{append(attrs("owner", "of", "at"), prefixOf(owners)), `Twin: PK: PrefixOf(owner): its key is the template O:{name}/{nr:04}|{day:2006-01-02}{{{id}: give just the names of the attributes in its places, of which there are 4`},
		{append(attrs("owner", "of", "at", "ref"), prefixOf(owners), part(schema.SeparatorPart, "|")), `Twin: PK: give one of Prefix, NoPrefix and PrefixOf (which brings its separator)`},
		{append(attrs("owner", "owner", "at", "ref"), prefixOf(owners)), `Twin: PK: PrefixOf(owner): attribute "owner" is text and cannot stand in the place of "nr", which is int`},
		{[]schema.Part{template("O:{owner}"), prefixOf(owners)}, `Twin: PK: PrefixOf(owner) brings the fixed text: name the attributes in its places instead of a Template`},
		{[]schema.Part{template("LO#{owner}"), prefixOf(composed)}, `Twin: PK: PrefixOf(Log) brings the fixed text: name the attributes in its places instead of a Template`},
	} {
		_, err := table.Register(entityOf[owned](schema.EntityDecl{Name: "Twin", PKs: pk(test.parts...), SKs: sk(template("X#{no}"))}))
		checkFault(t, err, schema.WrongDeclaration, test.want)
	}
}

func TestTemplatesAreLocked(t *testing.T) {
	declare := func(lock, text string) (*schema.Table, error) {
		d := decl()
		d.Lock = []byte(lock)
		table := newTable(t, d)
		_, err := table.Register(entityOf[Log](schema.EntityDecl{PKs: pk(template("ORG#{org}")), SKs: sk(template(text))}))
		return table, err
	}
	table, err := declare("", "{no:08}/{data.email}")
	check(t, err)
	lock := manifestText(t, table)
	if want := `"sk":{"template":true,"segments":[{"attribute":"no","kind":"int","format":"08"},{"literal":"/"},{"attribute":"data.email","kind":"text"}]}`; !strings.Contains(lock, want) {
		t.Errorf("%s lacks %s", lock, want)
	}
	_, err = declare(lock, "{no:08}/{data.email}")
	check(t, err)
	_, err = declare(lock, "{no}/{data.email}")
	if f, ok := errors.AsType[*schema.Fault](err); !ok || len(f.Drift) != 1 || f.Drift[0].Cure != `give it entable.Template("{no:08}/{data.email}")` {
		t.Errorf("another template: %v", err)
	}

	// What only the lock knows takes part in the proof.
	d := decl()
	d.Lock = []byte(lock)
	_, err = newTable(t, d).Register(entityOf[LogCopy](schema.EntityDecl{PKs: pk(template("ORG#{org}")), SKs: sk(template("00000001/{org}"))}))
	checkFault(t, err, schema.WrongDeclaration, `LogCopy: an item can have the same key as one of Log, which the lock knows, for example pk="ORG#x" sk="00000001/x": give it a prefix of its own, or, if it is the new name of Log, say entable.Was("Log")`)
}

type Digest struct {
	Sum  [4]byte `dynamodbav:"sum"`
	Name string  `dynamodbav:"name"`
}

func TestLocksKnowWhereArraysEnd(t *testing.T) {
	d := decl()
	declare := func() *schema.Table {
		table := newTable(t, d)
		register[Digest](t, table, schema.EntityDecl{PKs: pk(template("{sum}{name}")), SKs: sk(template("x"))})
		return table
	}
	d.Lock = []byte(manifestText(t, declare()))
	declare()
	_, err := newTable(t, d).Register(entityOf[Log](schema.EntityDecl{PKs: pk(template("DIGEST#{org}")), SKs: sk(template("x"))}))
	check(t, err)
	_, err = newTable(t, d).Register(entityOf[Log](schema.EntityDecl{PKs: pk(template("decade00#{org}")), SKs: sk(template("x"))}))
	if f, ok := errors.AsType[*schema.Fault](err); !ok || f.Kind != schema.WrongDeclaration {
		t.Errorf("what begins as an array of the lock: %v", err)
	}
}

type Gauge struct {
	At    float32 `dynamodbav:"at"`
	Place string  `dynamodbav:"place"`
}

// A float32 has the digits in keys that it has in attributes, and that other programs have stored.
func TestFloatsOf32BitsInKeys(t *testing.T) {
	declare := func(sort schema.Attr, parts ...schema.Part) string {
		d := decl()
		d.SK = sort
		e := register[Gauge](t, newTable(t, d), schema.EntityDecl{PKs: pk(template("G#{place}")), SKs: sk(parts...)})
		stored := encoded(t, e, Gauge{At: 0.1, Place: "x"})
		back := e.Table.Decode(wire.NewReader([]byte(stored)), e, nil, nil)
		if v, ok := back.Value.(*Gauge); !ok || *v != (Gauge{At: 0.1, Place: "x"}) {
			t.Errorf("%s reads back as %v, %v", stored, back.Value, back.Err)
		}
		return stored
	}
	for stored, want := range map[string]string{
		declare(text("sk"), template("{at}")):          `"sk":{"S":"0.1"}`,
		declare(number("at"), schema.Part{Text: "at"}): `"at":{"N":"0.1"}`,
		declare(number("sk"), schema.Part{Text: "at"}): `"sk":{"N":"0.1"}`,
	} {
		if !strings.Contains(stored, want) {
			t.Errorf("%s lacks %s", stored, want)
		}
	}
}

func TestDistinctEntities(t *testing.T) {
	d := decl()
	d.Discriminator = ""
	table := newTable(t, d)
	logs := register[Log](t, table, schema.EntityDecl{PKs: pk(template("{org}")), SKs: sk(template("{org}"))})
	other := schema.EntityDecl{PKs: pk(template("L")), SKs: sk(template("{org}"))}
	_, err := table.Register(entityOf[LogCopy](other))
	checkFault(t, err, schema.WrongDeclaration, `LogCopy: an item can have the same key as one of Log, for example pk="L" sk="L": give one of them a prefix of its own, or a sort key that tells them apart`)
	for _, wrong := range []struct {
		schema.DistinctDecl
		want string
	}{
		{schema.DistinctDecl{}, "LogCopy: Distinct(nil): the entity is not registered yet; declare it before this one"},
		{schema.DistinctDecl{Of: logs, Reason: " "}, "LogCopy: Distinct(Log): say why no item of one has the key of an item of the other"},
	} {
		other.Distinct = []schema.DistinctDecl{wrong.DistinctDecl}
		_, err := table.Register(entityOf[LogCopy](other))
		checkFault(t, err, schema.WrongDeclaration, wrong.want)
	}
	other.Distinct = []schema.DistinctDecl{{Of: logs, Reason: "no org is called L"}}
	other.TypeValue = "Log"
	_, err = table.Register(entityOf[LogCopy](other))
	checkFault(t, err, schema.WrongDeclaration, `LogCopy: it has the type "Log" of Log, and nothing but Distinct tells their keys apart`)
	other.TypeValue = ""
	register[LogCopy](t, table, other)
	if text := manifestText(t, table); !strings.Contains(text, `"distinct":[{"entity":"Log","reason":"no org is called L"}]`) {
		t.Errorf("the reason is not in the manifest: %s", text)
	}
	for _, test := range []struct {
		json string
		want *schema.Entity
	}{
		{`{"pk":{"S":"x"},"sk":{"S":"x"}}`, logs}, {`{"pk":{"S":"L"},"sk":{"S":"x"}}`, nil}, {`{"pk":{"S":"L"},"sk":{"S":"L"}}`, nil},
	} {
		if v := table.Judge(item(t, test.json), nil); v.Entity != test.want && !(v.Entity != nil && test.want != nil && v.Entity.Name == test.want.Name) {
			t.Errorf("%s is of %v", test.json, v.Entity)
		}
	}
}

func TestDistinctEntitiesWithoutSortKeys(t *testing.T) {
	d := decl()
	d.Discriminator, d.SK = "", schema.Attr{}
	table := newTable(t, d)
	logs := register[Log](t, table, schema.EntityDecl{PKs: pk(template("{org}"))})
	register[LogCopy](t, table, schema.EntityDecl{PKs: pk(template("L#{org}")), Distinct: []schema.DistinctDecl{{Of: logs, Reason: "no org begins so"}}})
	if v := table.Judge(item(t, `{"pk":{"S":"acme"},"org":{"S":"acme"},"no":{"N":"1"}}`), nil); v.Entity == nil || v.Entity.Name != "Log" {
		t.Errorf("an item of one entity is of %v", v.Entity)
	}
	if v := table.Judge(item(t, `{"pk":{"S":"L#acme"},"org":{"S":"acme"},"no":{"N":"1"}}`), nil); v.Entity != nil {
		t.Errorf("an item whose key both can have is of %s", v.Entity.Name)
	}
}

func TestTemplatesNeverRenderTheLibrarysOwnKeys(t *testing.T) {
	e := register[Log](t, newTable(t, decl()), schema.EntityDecl{PKs: pk(template("{org}")), SKs: sk(template("{no}"))})
	for _, org := range []string{"_unique#a#b#c", "_manifest#%"} {
		_, err := e.KeyOf(unsafe.Pointer(&Log{Org: org, No: 1}))
		checkFault(t, err, schema.WrongKey, `Log: pk: "`+org+`" is reserved for the library's own items`)
	}
	_, err := e.KeyOf(unsafe.Pointer(&Log{Org: "_uniqueness", No: 1}))
	check(t, err)
}

// The service takes 1024 bytes of a sort key, also of an index whose sort key is the table's partition key or a field.
func TestLengthsOfIndexKeys(t *testing.T) {
	d := decl()
	d.Indexes = []schema.IndexDecl{{Name: "inverted", PK: text("sk"), SK: text("pk")}, {Name: "by-name", PK: text("name"), SK: text("org")}}
	type Named struct {
		ID   string `dynamodbav:"id"`
		Name string `dynamodbav:"name,omitempty"`
		Org  string `dynamodbav:"org,omitempty"`
	}
	e := register[Named](t, newTable(t, d), schema.EntityDecl{PKs: pk(template("{id}")), SKs: sk(template("x")), Joins: []schema.JoinDecl{{Index: "by-name"}}})
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, test := range []struct {
		Named
		want string
	}{
		{Named{ID: long(1024), Name: long(2048), Org: long(1024)}, ""},
		{Named{ID: "x"}, ""},
		{Named{ID: long(1025)}, "Named: pk: 1025 bytes are above the service's limit of 1024"},
		{Named{ID: "x", Name: long(2049)}, "Named: name: 2049 bytes are above the service's limit of 2048"},
		{Named{ID: "x", Org: long(1025)}, "Named: org: 1025 bytes are above the service's limit of 1024"},
	} {
		_, _, err := e.AppendItem(nil, unsafe.Pointer(&test.Named), nil)
		checkFault(t, err, schema.WrongKey, test.want)
	}
}
