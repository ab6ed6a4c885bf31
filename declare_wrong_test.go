package entable_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

type (
	Order struct {
		ID    string   `dynamodbav:"id"`
		Year  int      `dynamodbav:"year"`
		Tags  []string `dynamodbav:"tags"`
		Owner *string  `dynamodbav:"owner"`
	}
	Cart struct {
		ID   string `dynamodbav:"id"`
		Year int    `dynamodbav:"year"`
	}
	box[T any] struct {
		ID T `dynamodbav:"id"`
	}
)

// table is a table for declarations, with an Order registered.
func declared(opts ...entable.TableOption) (*entable.Table, *entable.Entity[Order]) {
	table := entable.NewTable("shop", opts...)
	return table, entable.Register[Order](table)
}

// numbers is a table whose keys are numbers.
func numbers() *entable.Table {
	return entable.NewTable("numbers", entable.PartitionKey("pk", types.ScalarAttributeTypeN), entable.SortKey("sk", types.ScalarAttributeTypeN))
}

func TestWrongEntitiesAreRefused(t *testing.T) {
	other := entable.Register[Cart](entable.NewTable("other"))
	var unregistered *entable.Entity[Cart]
	for _, test := range []struct {
		name string
		err  func() error
		want string
	}{
		{"unknown attribute", func() error { return register[Order](entable.NewTable("shop"), entable.PK("ID")) },
			`Order: PK: unknown attribute "ID": entable_test.Order has "id", "year", "tags", "owner"`},
		{"unknown attribute in an index", func() error {
			return register[Order](entable.NewTable("shop", entable.GSI("gsi1")), entable.Index("gsi1", entable.PK("nope")))
		}, `Order: index "gsi1": PK: unknown attribute "nope": entable_test.Order has "id", "year", "tags", "owner"`},
		{"optional key field", func() error { return register[Order](entable.NewTable("shop"), entable.SK("owner")) },
			`Order: field Owner: a key field may not be optional: use string instead of *string`},
		{"optional first field", func() error { return register[box[*int]](entable.NewTable("shop"), entable.Name("Box")) },
			`Box: field ID: a key field may not be optional: use int instead of *int`},
		{"list as key", func() error { return register[Order](entable.NewTable("shop"), entable.PK("tags")) },
			`Order: field Tags: []string cannot be part of a key: use a string, number, bool, []byte, time.Time or a type with MarshalText`},
		{"big number as key", func() error { return register[box[big.Int]](entable.NewTable("shop"), entable.Name("Box")) },
			`Box: field ID: big.Int cannot be part of a key: use a string, number, bool, []byte, time.Time or a type with MarshalText`},
		{"number text as key", func() error {
			return register[box[attributevalue.Number]](entable.NewTable("shop"), entable.Name("Box"))
		},
			`Box: field ID: attributevalue.Number cannot be part of a key: use an integer, a float or a string`},
		{"prefix on a number", func() error {
			return register[Cart](numbers(), entable.PK("year", entable.Prefix("Y")), entable.SK("year"))
		},
			`Cart: PK: attribute "pk" is a number and cannot have a prefix or template: leave Prefix, PrefixOf, Separator and Template out`},
		{"two components in a number", func() error { return register[Cart](numbers(), entable.PK("year", "year"), entable.SK("year")) },
			`Cart: PK: attribute "pk" is a number: give exactly one attribute`},
		{"text in a number", func() error { return register[Cart](numbers(), entable.PK("year"), entable.SK("id")) },
			`Cart: field ID: string cannot be the key "sk", which is a number`},
		{"width in a number", func() error { return register[Cart](numbers(), entable.PK(entable.Attr("year").Width(4))) },
			`Cart: PK: attribute "pk" is a number and has no width or layout`},
		{"no sort key in a number", func() error { return register[Cart](numbers(), entable.PK("year")) },
			`Cart: SK: attribute "sk" is a number: give exactly one attribute`},
		{"number in a binary", func() error {
			return register[Cart](entable.NewTable("shop", entable.PartitionKey("pk", types.ScalarAttributeTypeB)), entable.PK("year"))
		}, `Cart: field Year: int cannot be the key "pk", which is binary`},
		{"sort key without one", func() error {
			return register[Order](entable.NewTable("shop", entable.NoSortKey()), entable.SK("year"))
		},
			`Order: SK is given but table "shop" has no sort key`},
		{"two partition keys", func() error { return register[Order](entable.NewTable("shop"), entable.PK("id"), entable.PK("year")) },
			`Order: PK and SK may be given once each`},
		{"same key as another", func() error {
			table, _ := declared()
			return register[Cart](table, entable.PK("id", entable.NoPrefix()))
		}, ``},
		{"same key through PrefixOf", func() error {
			table, orders := declared()
			return register[Cart](table, entable.PK("id", entable.PrefixOf(orders)))
		}, `Cart: an item can have the same key as one of Order, for example pk="OI#x" sk="A": give one of them a prefix of its own, or a sort key that tells them apart`},
		{"same key without prefixes", func() error {
			table := entable.NewTable("shop")
			entable.Register[Order](table, entable.PK("id", entable.NoPrefix()), entable.SK("id", entable.NoPrefix()))
			return register[Cart](table, entable.PK("id", entable.NoPrefix()), entable.SK("year", entable.NoPrefix()))
		}, `Cart: an item can have the same key as one of Order, for example pk="0000000000000000000" sk="0000000000000000000": give one of them a prefix of its own, or a sort key that tells them apart`},
		{"two types in binary keys", func() error {
			table := entable.NewTable("shop", entable.PartitionKey("pk", types.ScalarAttributeTypeB), entable.NoSortKey())
			entable.Register[box[[4]byte]](table, entable.Name("Digest"))
			entable.Register[box[[2]byte]](table, entable.Name("Short")) // of another length
			return register[box[[]byte]](table, entable.Name("Any"))
		}, `Any: an item can have the same key as one of Digest, for example pk=0x01000000: give one of them a prefix of its own, or a sort key that tells them apart`},
		{"keys that are not decided", func() error {
			type knot struct {
				Text string `dynamodbav:"text"`
			}
			type rope knot
			table := entable.NewTable("shop")
			check(t, register[knot](table, entable.PK(entable.Literal("K"), "text"), entable.SK("text", entable.NoPrefix())))
			return register[rope](table, entable.PK(entable.Literal("K"), entable.Literal("L")), entable.SK(entable.Literal("R")))
		}, `rope: it cannot be shown that no item has the same key as one of knot: give one of them another fixed text, or, if their keys exist and cannot change, say why that cannot be with entable.Distinct`},
		{"two types in number keys", func() error {
			table := numbers()
			entable.Register[Cart](table, entable.PK("year"), entable.SK("year"))
			return register[Order](table, entable.PK("year"), entable.SK("year"))
		}, `Order: an item can have the same key as one of Cart: give one of them a prefix of its own, or a sort key that tells them apart`},
		{"taken prefix", func() error {
			table, _ := declared()
			return register[Cart](table, entable.PK("id", entable.Prefix("OI")))
		}, `Cart: PK: prefix "OI" is taken by the PK of Order: choose another, or share its partitions with entable.PrefixOf`},
		{"literal that is a prefix", func() error {
			table, _ := declared()
			return register[Cart](table, entable.PK(entable.Literal("OI"), "id"))
		}, `Cart: PK: Literal "OI" is a prefix of Order: choose another, or begin that key with the same entable.Literal`},
		{"pointer", func() error { return register[*Order](entable.NewTable("shop")) }, `*entable_test.Order: it is a pointer: register entable_test.Order`},
		{"exhausted prefix", func() error {
			table := entable.NewTable("shop")
			entable.Register[Cart](table, entable.PK("id", entable.Prefix("OI")), entable.SK("year", entable.Prefix("OID")))
			return register[Order](table)
		}, `Order: PK: every prefix that can be made of attribute "id" is taken on table "shop": choose one with entable.Prefix("…")`},
		{"prefix with the separator", func() error {
			return register[Order](entable.NewTable("shop"), entable.PK("id", entable.Prefix("A#B")))
		},
			`Order: PK: invalid prefix "A#B": it contains the separator "#": leave that out, give several parts, or set another with entable.Separator`},
		{"empty prefix", func() error { return register[Order](entable.NewTable("shop"), entable.PK("id", entable.Prefix(""))) },
			`Order: PK: Prefix is empty: use entable.NoPrefix()`},
		{"prefix and no prefix", func() error {
			return register[Order](entable.NewTable("shop"), entable.PK("id", entable.Prefix("O"), entable.NoPrefix()))
		}, `Order: PK: give one of Prefix, NoPrefix and PrefixOf (which brings its separator)`},
		{"long separator", func() error {
			return register[Order](entable.NewTable("shop"), entable.PK("id", entable.Separator("::")))
		},
			`Order: PK: invalid separator "::": it must be one ASCII punctuation character other than "%"`},
		{"empty separator", func() error {
			return register[Order](entable.NewTable("shop"), entable.PK("id", entable.Separator("")))
		},
			`Order: PK: Separator is empty: use one ASCII punctuation character`},
		{"empty literal", func() error { return register[Order](entable.NewTable("shop"), entable.SK(entable.Literal(""), "id")) },
			`Order: SK: Literal is empty`},
		{"prefix of another table", func() error {
			table, _ := declared()
			return register[Cart](table, entable.PK("id", entable.PrefixOf(other)))
		}, `Cart: PK: PrefixOf(Cart): it is registered on table "other", not on "shop"`},
		{"prefix of nothing", func() error {
			return register[Order](entable.NewTable("shop"), entable.PK("id", entable.PrefixOf(unregistered)))
		},
			`Order: PK: PrefixOf(nil): the entity is not registered yet; declare it before this one`},
		{"prefix of a key built otherwise", func() error {
			table, orders := declared()
			return register[Cart](table, entable.PK("year", entable.PrefixOf(orders)), entable.SK("id"))
		}, `Cart: PK: PrefixOf(Order): the components differ: OI#{year} is not built like OI#{id}`},
		{"shared prefix of other shards", func() error {
			table := entable.NewTable("shop")
			orders := entable.Register[Order](table, entable.PK("year", entable.Shards(5, "id")), entable.SK("id"))
			return register[Cart](table, entable.PK("year", entable.PrefixOf(orders), entable.Shards(8, "id")), entable.SK("id"))
		}, `Cart: PK: PrefixOf(Order): the components differ: OY#{year}#{shard of id} is not built like OY#{year}#{shard of id}`},
		{"key without attribute", func() error { return register[Order](entable.NewTable("shop"), entable.PK(entable.Prefix("O"))) },
			`Order: PK: it names no attribute: name those that it is made of, as in "id", or give fixed text with entable.Literal`},
		{"partition key of fixed text", func() error { return register[Order](entable.NewTable("shop"), entable.PK(5)) },
			`Order: PK: a part of type int: give attribute names, Attr, Literal, or a setting such as Prefix`},
		{"width of a text", func() error {
			return register[Order](entable.NewTable("shop"), entable.PK(entable.Attr("id").Width(3)))
		},
			`Order: PK: attribute "id": invalid width 3: text takes no width`},
		{"unordered layout", func() error {
			return register[box[time.Time]](entable.NewTable("shop"), entable.Name("Box"), entable.PK(entable.Attr("id").Layout("02.01.2006")))
		}, `Box: PK: attribute "id": invalid layout "02.01.2006": time takes ["2006" "2006-01" "2006-01-02" "2006-01-02T15" "2006-01-02T15:04" "2006-01-02T15:04:05Z" "2006-01-02T15:04:05.000Z" "2006-01-02T15:04:05.000000Z" "2006-01-02T15:04:05.000000000Z"]`},
		{"reserved attribute", func() error {
			type Bad struct {
				ID string `dynamodbav:"id"`
				PK string `dynamodbav:"pk"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, `Bad: field PK: attribute "pk" is reserved for the table's partition key: store the field under another name with a dynamodbav tag`},
		{"reserved discriminator", func() error {
			type Bad struct {
				ID   string `dynamodbav:"id"`
				Type string `dynamodbav:"_type"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, `Bad: field Type: attribute "_type" is reserved for the discriminator: store the field under another name with a dynamodbav tag`},
		{"reserved index attribute", func() error {
			type Bad struct {
				ID string `dynamodbav:"gsi1sk"`
			}
			return register[Bad](entable.NewTable("shop", entable.GSI("gsi1")))
		}, `Bad: field ID: attribute "gsi1sk" is reserved for index "gsi1": store the field under another name with a dynamodbav tag, or say entable.Index for items that are in it`},
		{"undeclared index", func() error {
			table := entable.NewTable("shop", entable.GSI("gsi1"), entable.GSI("gsi2"))
			return register[Order](table, entable.Index("gsi3", entable.PK("id")))
		}, `Order: index "gsi3": table "shop" does not declare it (it has "gsi1", "gsi2"): add entable.GSI("gsi3") to the table`},
		{"undeclared index without any", func() error {
			return register[Order](entable.NewTable("shop"), entable.Index("gsi3", entable.PK("id")))
		},
			`Order: index "gsi3": table "shop" does not declare it (it has none): add entable.GSI("gsi3") to the table`},
		{"index without key", func() error {
			return register[Order](entable.NewTable("shop", entable.GSI("gsi1")), entable.Index("gsi1"))
		},
			`Order: index "gsi1": give one PK and at most one SK`},
		{"index twice", func() error {
			return register[Order](entable.NewTable("shop", entable.GSI("gsi1")), entable.Index("gsi1", entable.PK("id")), entable.Index("gsi1", entable.PK("id")))
		}, `Order: index "gsi1": it is given twice`},
		{"sort key on an index without one", func() error {
			return register[Order](entable.NewTable("shop", entable.GSI("gsi1", entable.NoSortKey())), entable.Index("gsi1", entable.PK("id"), entable.SK("year")))
		}, `Order: index "gsi1": SK is given but the index has no sort key`},
		{"registered twice", func() error {
			table, _ := declared()
			return register[Order](table)
		}, `Order: entable_test.Order is registered on table "shop" already, as Order: a second time it takes a name of its own, with entable.Name`},
		{"name taken", func() error {
			table, _ := declared()
			return register[Cart](table, entable.Name("Order"))
		}, `Order: the name is taken on table "shop" by entable_test.Order: give this type another with entable.Name`},
		{"no struct", func() error { return register[Kind](entable.NewTable("shop")) },
			`Kind: entable_test.Kind is not a struct`},
		{"no name", func() error {
			return register[struct {
				ID string `dynamodbav:"id"`
			}](entable.NewTable("shop"))
		}, "struct { ID string \"dynamodbav:\\\"id\\\"\" }: the type has no name: give it one with entable.Name"},
		{"generic type", func() error { return register[box[Kind]](entable.NewTable("shop")) },
			`box[github.com/entable/entable_test.Kind]: the name of a generic type changes when its arguments move: give it one with entable.Name`},
		{"no field", func() error { type Empty struct{ _ string }; return register[Empty](entable.NewTable("shop")) },
			`Empty: entable_test.Empty has no exported field to store`},
		{"name that is no text", func() error { return register[Order](entable.NewTable("shop"), entable.Name("a\xff")) },
			`a` + "\xff" + `: invalid name: text is not valid UTF-8`},
		{"negative size", func() error { return register[Order](entable.NewTable("shop"), entable.MaxSize(-1)) },
			`Order: MaxSize is negative`},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkDeclaration(t, test.err(), test.want)
		})
	}
}

func TestWrongTagsAreRefused(t *testing.T) {
	type plain struct{ X int }
	for _, test := range []struct {
		name string
		err  func() error
		want string
	}{
		{"unknown option", func() error {
			type Bad struct {
				ID string `entable:"atuo=uuid4"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, "Bad: field ID: tag `entable:\"atuo=uuid4\"`: unknown option \"atuo\": use auto=…, touch=…, default=…, version, ttl, unique, keyonly, rest, encrypt, zstd, hash=…, readplain or hidden"},
		{"unknown strategy", func() error {
			type Bad struct {
				ID string `entable:"auto=uuid"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, "Bad: field ID: tag `entable:\"auto=uuid\"`: unknown strategy \"uuid\": use uuid4, uuid7, ulid, ksuid, now, epoch, epoch_ms or iso8601"},
		{"id in a number", func() error {
			type Bad struct {
				ID int `entable:"auto=ulid"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, "Bad: field ID: tag `entable:\"auto=ulid\"`: int cannot hold a ulid: use string or ulid.ULID"},
		{"epoch in a text", func() error {
			type Bad struct {
				ID string
				At string `entable:"auto=epoch"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, "Bad: field At: tag `entable:\"auto=epoch\"`: string cannot hold epoch: use int64 or uint64"},
		{"epoch in a time", func() error {
			type Bad struct {
				ID string
				At time.Time `entable:"auto=epoch"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, "Bad: field At: tag `entable:\"auto=epoch\"`: a time.Time is not stored as epoch: use iso8601, epoch with `dynamodbav:\",unixtime\"`, or an int64"},
		{"iso8601 in a number", func() error {
			type Bad struct {
				ID string
				At int64 `entable:"touch=iso8601"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, "Bad: field At: tag `entable:\"touch=iso8601\"`: int64 cannot hold iso8601: use string or time.Time"},
		{"touch with an id", func() error {
			type Bad struct {
				ID string `entable:"touch=uuid4"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, "Bad: field ID: tag `entable:\"touch=uuid4\"`: touch=uuid4: use now, epoch, epoch_ms or iso8601"},
		{"default that does not parse", func() error {
			type Bad struct {
				ID string
				N  int8 `entable:"default=200"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, "Bad: field N: tag `entable:\"default=200\"`: default=200: strconv.ParseInt: parsing \"200\": value out of range"},
		{"default of a struct", func() error {
			type Bad struct {
				ID string
				P  plain `entable:"default=x"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, "Bad: field P: tag `entable:\"default=x\"`: default=x: entable_test.plain has no default: use a string, bool, number, or a type with UnmarshalText"},
		{"auto and default", func() error {
			type Bad struct {
				ID string `entable:"auto=ulid,default=x"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, "Bad: field ID: tag `entable:\"auto=ulid,default=x\"`: give one of auto, touch, default and version"},
		{"option twice", func() error {
			type Bad struct {
				ID string `entable:"default=x,default=y"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, "Bad: field ID: tag `entable:\"default=x,default=y\"`: option \"default\" is given twice"},
		{"unknown validation rule", func() error {
			type Bad struct {
				ID string `validate:"nosuchrule"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, "Bad: invalid validate tag: Undefined validation function 'nosuchrule' on field 'ID'"},
		{"unknown validation rule inside", func() error {
			type line struct {
				N int `validate:"nosuchrule"`
			}
			type Bad struct {
				ID    string
				Lines []line `validate:"dive"`
			}
			return register[Bad](entable.NewTable("shop"))
		}, "Bad: invalid validate tag: Undefined validation function 'nosuchrule' on field 'N'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkDeclaration(t, test.err(), test.want)
		})
	}
}

func TestWrongTablesAreRefused(t *testing.T) {
	str := types.ScalarAttributeTypeS
	tooMany := make([]entable.TableOption, 21)
	for i := range tooMany {
		tooMany[i] = entable.GSI(fmt.Sprintf("gsi%d", i))
	}
	for _, test := range []struct {
		name  string
		table string
		opts  []entable.TableOption
		want  string
	}{
		{"short name", "ab", nil, `table "ab": invalid name: use 3 to 255 letters, digits, '_', '-' and '.', or the ARN of a table`},
		{"space in the name", "a b c", nil, `table "a b c": invalid name: use 3 to 255 letters, digits, '_', '-' and '.', or the ARN of a table`},
		{"long name", strings.Repeat("x", 256), nil, `table "` + strings.Repeat("x", 256) + `": invalid name: use 3 to 255 letters, digits, '_', '-' and '.', or the ARN of a table`},
		{"one attribute twice", "shop", []entable.TableOption{entable.SortKey("pk", str)},
			`table "shop": attribute "pk" is both the partition key and the sort key`},
		{"discriminator on a key", "shop", []entable.TableOption{entable.Discriminator("sk")},
			`table "shop": attribute "sk" is both the sort key and the discriminator`},
		{"no partition key", "shop", []entable.TableOption{entable.PartitionKey("", str)},
			`table "shop": the partition key has no name`},
		{"key type", "shop", []entable.TableOption{entable.PartitionKey("pk", "BOOL")},
			`table "shop": the partition key "pk" has the invalid type "BOOL": use S, N or B`},
		{"index twice", "shop", []entable.TableOption{entable.GSI("gsi1"), entable.GSI("gsi1")},
			`table "shop": index "gsi1" is declared twice`},
		{"index name", "shop", []entable.TableOption{entable.GSI("x")},
			`table "shop": invalid index name "x": use 3 to 255 letters, digits, '_', '-' and '.'`},
		{"indexes sharing an attribute", "shop", []entable.TableOption{entable.GSI("gsi1"), entable.GSI("gsi2", entable.PartitionKey("gsi1pk", types.ScalarAttributeTypeN))},
			`table "shop": attribute "gsi1pk" is both the partition key of index "gsi1" and the partition key of index "gsi2"`},
		{"too many indexes", "shop", tooMany, `table "shop": 21 global and 0 local indexes are above the service's limits of 20 and 5`},
		{"negative size", "shop", []entable.TableOption{entable.MaxSize(-1)}, `table "shop": MaxSize is negative`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := entable.TryNewTable(test.table, test.opts...)
			checkDeclaration(t, err, test.want)
		})
	}
}

func TestDeclarationsPanicWithTheError(t *testing.T) {
	for name, declare := range map[string]func(){
		"NewTable":      func() { entable.NewTable("") },
		"Register":      func() { entable.Register[Order](entable.NewTable("shop"), entable.PK("nope")) },
		"NewCollection": func() { entable.NewCollection[Device]() },
	} {
		func() {
			defer func() {
				if err, ok := recover().(error); !ok || !is[*entable.DeclarationError](err) {
					t.Errorf("%s panics with %v, want a *DeclarationError", name, err)
				}
			}()
			declare()
		}()
	}
}
