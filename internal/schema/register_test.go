package schema_test

import (
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
)

func TestWrongTables(t *testing.T) {
	for _, test := range []struct {
		change func(*schema.TableDecl)
		want   string
	}{
		{func(*schema.TableDecl) {}, ""},
		{func(d *schema.TableDecl) { d.Name = "a b" }, `table "a b": invalid name: use 3 to 255 letters, digits, '_', '-' and '.', or the ARN of a table`},
		{func(d *schema.TableDecl) { d.MaxSize = -1 }, `table "things": MaxSize is negative`},
		{func(d *schema.TableDecl) { d.SK.Name = "pk" }, `table "things": attribute "pk" is both the partition key and the sort key`},
		{func(d *schema.TableDecl) { d.PK.Type = "X" }, `table "things": the partition key "pk" has the invalid type "X": use S, N or B`},
		{func(d *schema.TableDecl) { d.Discriminator = "sk" }, `table "things": attribute "sk" is both the sort key and the discriminator`},
		{func(d *schema.TableDecl) {
			d.SK, d.Indexes = schema.Attr{}, []schema.IndexDecl{{Name: "lsi", Local: true, SK: text("l")}}
		}, `table "things": index "lsi": a table without sort key has no local indexes: use entable.GSI`},
		{func(d *schema.TableDecl) {
			d.Indexes = []schema.IndexDecl{{Name: "gsi", PK: text("g")}, {Name: "gsi", PK: text("h")}}
		}, `table "things": index "gsi" is declared twice`},
		{func(d *schema.TableDecl) { d.Lock = []byte("{") }, `table "things": cannot read the lock: line 1: unexpected end of JSON input: after a merge with conflicts, take the file of either side and extend it; else restore it`},
	} {
		d := decl()
		test.change(&d)
		_, err := schema.New(d)
		checkFault(t, err, schema.WrongDeclaration, test.want)
	}
}

type (
	plain struct {
		ID string `dynamodbav:"id"`
		N  int    `dynamodbav:"n"`
	}
	optional struct {
		ID *string `dynamodbav:"id"`
	}
	owned struct {
		ID string `dynamodbav:"id"`
		PK string `dynamodbav:"PK"`
	}
	empty  struct{ _ int }
	tagged struct {
		ID string `dynamodbav:"id" entable:"sparkle"`
	}
	moving struct {
		ID string `dynamodbav:"id"`
		At int64  `dynamodbav:"at" entable:"touch=epoch"`
	}
	colliding struct{ A, B, C, D string }
	halves    struct {
		ID   string  `dynamodbav:"id"`
		Half float64 `dynamodbav:"gpk,string"`
		Sort string  `dynamodbav:"gsk"`
	}
	inIndex struct {
		ID  string `dynamodbav:"id"`
		Key string `dynamodbav:"gpk"`
	}
)

// What is wrong with an entity is told in the order in which registration looks, and leaves nothing behind.
func TestWrongEntities(t *testing.T) {
	d := decl()
	d.Indexes = []schema.IndexDecl{{Name: "gsi", PK: text("gpk"), SK: text("gsk")}}
	table := newTable(t, d)
	register[plain](t, table, schema.EntityDecl{Name: "first", PKs: pk(append(attrs("id"), part(schema.PrefixPart, "FIRST"))...)})
	before := manifestText(t, table)
	type c = schema.EntityDecl
	for _, test := range []struct {
		decl schema.EntityDecl
		want string
	}{
		{c{Type: reflect.TypeFor[int]()}, `int: int is not a struct`},
		{c{Type: reflect.TypeFor[struct{ A string }]()}, `struct { A string }: the type has no name: give it one with entable.Name`},
		{c{Type: reflect.TypeFor[plain](), MaxSize: -1}, `plain: MaxSize is negative`},
		{c{Type: reflect.TypeFor[plain](), Upgrades: make([]func(map[string]types.AttributeValue) error, 1)}, `plain: Upgrades has a nil function`},
		{c{Type: reflect.TypeFor[halves](), Joins: []schema.JoinDecl{{Index: "gsi"}}},
			`halves: field Half: attribute "gpk" is the field itself, and a float that is stored as text cannot be a key: use an integer or text`},
		{c{Type: reflect.TypeFor[inIndex]()}, `inIndex: field Key: attribute "gpk" is reserved for index "gsi": store the field under another name with a dynamodbav tag, or say entable.Index for items that are in it`},
		{c{Type: reflect.TypeFor[plain](), Name: "first"}, `first: schema_test.plain is registered on table "things" already, as first: a second time it takes a name of its own, with entable.Name`},
		{c{Type: reflect.TypeFor[plain](), TypeValue: "_unique"}, `plain: the type "_unique" is that of the library's own items`},
		{c{Type: reflect.TypeFor[moving](), Name: "first"}, `first: the name is taken on table "things" by schema_test.plain: give this type another with entable.Name`},
		{c{Type: reflect.TypeFor[moving](), Was: []string{"a", "a"}}, `moving: Was("a"): give each earlier name once`},
		{c{Type: reflect.TypeFor[empty]()}, `empty: schema_test.empty has no exported field to store`},
		{c{Type: reflect.TypeFor[owned]()}, `owned: field PK: attribute "PK" is reserved for the table's partition key: store the field under another name with a dynamodbav tag`},
		{c{Type: reflect.TypeFor[optional]()}, `optional: field ID: a key field may not be optional: use string instead of *string`},
		{c{Type: reflect.TypeFor[moving](), PKs: pk(attrs("nix")...)}, `moving: PK: unknown attribute "nix": schema_test.moving has "id", "at"`},
		{c{Type: reflect.TypeFor[moving](), PKs: pk(part(schema.PrefixPart, "X"))}, `moving: PK: it names no attribute: name those that it is made of, as in "id", or give fixed text with entable.Literal`},
		{c{Type: reflect.TypeFor[moving](), PKs: pk(append(attrs("id"), part(schema.PrefixPart, ""))...)}, `moving: PK: Prefix is empty: use entable.NoPrefix()`},
		{c{Type: reflect.TypeFor[moving](), PKs: pk(append(attrs("id"), part(schema.PrefixPart, "FIRST"))...)}, `moving: PK: prefix "FIRST" is taken by the PK of first: choose another, or share its partitions with entable.PrefixOf`},
		{c{Type: reflect.TypeFor[moving](), PKs: pk(append(attrs("id"), part(schema.PrefixPart, "_unique"))...)}, `moving: PK: prefix "_unique" is reserved for unique fields: choose another`},
		{c{Type: reflect.TypeFor[moving](), PKs: pk(append(attrs("id"), schema.Part{Kind: schema.PrefixOfPart})...)}, `moving: PK: PrefixOf(nil): the entity is not registered yet; declare it before this one`},
		{c{Type: reflect.TypeFor[moving](), PKs: pk(append(attrs("id"), part(schema.WrongPart, "int"))...)}, `moving: PK: a part of type int: give attribute names, Attr, Literal, or a setting such as Prefix`},
		{c{Type: reflect.TypeFor[moving](), PKs: pk(append(attrs("id"), part(schema.PrefixPart, "X"), part(schema.PrefixPart, "Y"))...)}, `moving: PK: Prefix is given twice`},
		{c{Type: reflect.TypeFor[moving](), PKs: pk(append(attrs("id"), part(schema.SeparatorPart, "|"), part(schema.SeparatorPart, "/"))...)}, `moving: PK: Separator is given twice`},
		{c{Type: reflect.TypeFor[moving](), Name: "#1"}, `#1: PK: no prefix can be made of attribute "id": "#I" contains the separator: choose one with entable.Prefix("…")`},
		{c{Type: reflect.TypeFor[moving](), SKs: sk(schema.Part{Text: "id"}, schema.Part{Kind: schema.ShardsPart, Text: "id", Shards: 2})}, `moving: SK: Shards belongs to a PK`},
		{c{Type: reflect.TypeFor[moving](), Joins: []schema.JoinDecl{{Index: "other"}}}, `moving: index "other": table "things" does not declare it (it has "gsi"): add entable.GSI("other") to the table`},
		{c{Type: reflect.TypeFor[moving](), Joins: []schema.JoinDecl{{Index: "gsi", Keys: sk(attrs("id")...)}}}, `moving: index "gsi": give one PK and at most one SK`},
		{c{Type: reflect.TypeFor[colliding](), PKs: pk(append(attrs("A", "B", "C", "D"), part(schema.NoPrefixPart, ""))...)}, `colliding: an item can have the key of a unique field's sentinel, which starts with "_unique": give the key a prefix`},
		{c{Type: reflect.TypeFor[tagged]()}, "tagged: field ID: tag `entable:\"sparkle\"`: unknown option \"sparkle\": use "},
		{c{Type: reflect.TypeFor[moving](), SKs: sk(attrs("at")...)}, `moving: field At: every write changes it: it cannot be part of the key`},
	} {
		_, err := table.Register(test.decl)
		if want, cut := strings.CutSuffix(test.want, "use "); cut && err != nil && strings.HasPrefix(err.Error(), want) {
			continue // the list of options grows
		}
		checkFault(t, err, schema.WrongDeclaration, test.want)
	}
	if after := manifestText(t, table); after != before {
		t.Errorf("refused declarations are in the manifest:\n%s", after)
	}
	register[moving](t, table, schema.EntityDecl{PKs: pk(append(attrs("id"), part(schema.PrefixPart, "NEW"))...)})
}

// Default prefixes are the shortest that are free, in the order of registration.
func TestGeneratedPrefixes(t *testing.T) {
	type Command struct {
		CommandID string `dynamodbav:"command_id"`
	}
	type CommandV2 struct {
		DeviceID  string `dynamodbav:"device_id"`
		CommandID string `dynamodbav:"command_id"`
	}
	type CommandV2Log struct {
		DeviceID  string    `dynamodbav:"device_id"`
		Timestamp time.Time `dynamodbav:"timestamp"`
	}
	table := newTable(t, decl())
	commands := register[Command](t, table, schema.EntityDecl{})
	v2 := register[CommandV2](t, table, schema.EntityDecl{PKs: pk(attrs("device_id")...), SKs: sk(attrs("command_id")...)})
	logs := register[CommandV2Log](t, table, schema.EntityDecl{
		PKs: pk(append(attrs("device_id"), schema.Part{Kind: schema.PrefixOfPart, Of: v2})...), SKs: sk(attrs("timestamp")...),
	})
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		e    *schema.Entity
		ptr  unsafe.Pointer
		want string
	}{
		{commands, unsafe.Pointer(&Command{"1"}), `pk="CC#1" sk="A"`},
		{v2, unsafe.Pointer(&CommandV2{"d", "1"}), `pk="CD#d" sk="CCO#1"`},
		{logs, unsafe.Pointer(&CommandV2Log{"d", at}), `pk="CD#d" sk="CT#2024-05-01T12:00:00.000000000Z"`},
	} {
		key, err := test.e.KeyOf(test.ptr)
		check(t, err)
		if key.Text() != test.want {
			t.Errorf("%s: %s, want %s", test.e.Name, key.Text(), test.want)
		}
	}
	if v2.SharesPartitions(logs, "") != true || v2.SharesPartitions(commands, "") {
		t.Error("CommandV2 has its partitions with its logs, and not with Command")
	}
}

// Keys of number and binary tables are the values themselves.
func TestKeysOfOtherTypes(t *testing.T) {
	type measure struct {
		Sensor int     `dynamodbav:"sensor"`
		Value  float64 `dynamodbav:"value"`
	}
	d := decl()
	d.PK, d.SK = number("pk"), schema.Attr{}
	d.Discriminator = ""
	e := register[measure](t, newTable(t, d), schema.EntityDecl{})
	if got, want := encoded(t, e, measure{7, 1.5}), `{"pk":{"N":"7"},"sensor":{"N":"7"},"value":{"N":"1.5"}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	d.PK.Type = types.ScalarAttributeTypeB
	_, err := newTable(t, d).Register(schema.EntityDecl{Type: reflect.TypeFor[measure]()})
	checkFault(t, err, schema.WrongDeclaration, `measure: field Sensor: int cannot be the key "pk", which is binary`)
}
