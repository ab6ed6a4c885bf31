package entable_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// keysOf are the keys that a query for an example asks for: the partition and the range of sort keys.
func keysOf[T any](t *testing.T, e *entable.Entity[T], example T) string {
	t.Helper()
	in, err := e.Query(example).Input(t.Context())
	check(t, err)
	text := in.ExpressionAttributeValues[":pk"].(*types.AttributeValueMemberS).Value
	if sk, ok := in.ExpressionAttributeValues[":sk"].(*types.AttributeValueMemberS); ok {
		text += " " + sk.Value
	}
	return text
}

func TestGeneratedPrefixesInRegistrationOrder(t *testing.T) {
	type Command struct {
		ID   string `dynamodbav:"command_id"`
		Name string `dynamodbav:"name"`
	}
	type Customer struct {
		ID   string `dynamodbav:"command_id"`
		Code string `dynamodbav:"code"`
	}
	type Crate struct {
		ID string `dynamodbav:"command_id"`
	}
	type umlaut struct {
		ID string `dynamodbav:"éa"`
	}
	table := entable.NewTable("prefixes", entable.GSI("gsi1"))
	commands := entable.Register[Command](table, entable.SK("command_id", "name"))
	customers := entable.Register[Customer](table, entable.SK("code"), entable.Index("gsi1", entable.PK("code")))
	crates := entable.Register[Crate](table, entable.SK("command_id"))
	umlauts := entable.Register[umlaut](table)
	in, err := customers.QueryIndex("gsi1", Customer{Code: "7"}).Input(t.Context())
	check(t, err)
	for _, test := range []struct{ got, want string }{
		// One entity and attribute have one prefix, in whichever key.
		{keysOf(t, commands, Command{ID: "1"}), "CC#1 CC#"},
		// CC is taken by another entity, and CCO by the entity's other key.
		{keysOf(t, customers, Customer{ID: "1"}), "CCO#1 CCOD#"},
		{dynamoJSON(in.ExpressionAttributeValues), `{":pk":{"S":"CCOD#7"},":sk":{"S":"A"}}`},
		{keysOf(t, crates, Crate{ID: "1"}), "CCOM#1 CCOM#"},
		{keysOf(t, umlauts, umlaut{ID: "1"}), "UÉ#1 A"},
	} {
		if test.got != test.want {
			t.Errorf("keys %q, want %q", test.got, test.want)
		}
	}
}

// A refused registration leaves no prefix behind.
func TestRefusedRegistrationReservesNothing(t *testing.T) {
	type Command struct {
		ID string `dynamodbav:"id"`
	}
	table := entable.NewTable("prefixes")
	if _, err := entable.TryRegister[Command](table, entable.SK("nope")); err == nil {
		t.Fatal("an unknown attribute is accepted")
	}
	if got := keysOf(t, entable.Register[Command](table), Command{ID: "1"}); got != "CI#1 A" {
		t.Errorf("keys %q after a refused registration, want CI#1 A", got)
	}
}

// Two types with one name, from different packages say, never share a prefix unless they ask to.
func TestTypesOfOneNameDoNotSharePrefixes(t *testing.T) {
	table := entable.NewTable("prefixes", entable.NoDiscriminator())
	type Thing struct {
		ID string `dynamodbav:"id"`
	}
	first := entable.Register[Thing](table)
	func() {
		type Thing struct {
			ID    string `dynamodbav:"id"`
			Other string `dynamodbav:"other"`
		}
		if _, err := entable.TryRegister[Thing](table, entable.PK("id", entable.Prefix("TI")), entable.SK("other")); err == nil {
			t.Error("an explicit prefix of another type of that name is accepted")
		}
	}()
	func() {
		type Thing struct {
			ID    string `dynamodbav:"identity"`
			Other string `dynamodbav:"other"`
		}
		second := entable.Register[Thing](table)
		if got := keysOf(t, second, Thing{ID: "1"}); got != "TID#1 A" {
			t.Errorf("keys %q, want TID#1 A", got)
		}
	}()
	if got := keysOf(t, first, Thing{ID: "1"}); got != "TI#1 A" {
		t.Errorf("keys %q, want TI#1 A", got)
	}
}

func TestPrefixSettings(t *testing.T) {
	type Owner struct {
		ID string `dynamodbav:"id"`
	}
	type Pet struct {
		OwnerID string `dynamodbav:"owner_id"`
		ID      string `dynamodbav:"id"`
	}
	type Note struct {
		ID   string `dynamodbav:"id"`
		Year int    `dynamodbav:"year"`
	}
	type Memo struct {
		ID string `dynamodbav:"id"`
	}
	table := entable.NewTable("prefixes")
	owners := entable.Register[Owner](table, entable.PK("id", entable.Prefix("OWNER"), entable.Separator("|")), entable.SK(entable.Literal("profile")))
	pets := entable.Register[Pet](table, entable.PK("owner_id", entable.PrefixOf(owners)), entable.SK("id", entable.Prefix("PET")))
	notes := entable.Register[Note](table, entable.PK("id", entable.NoPrefix()), entable.SK(entable.Literal("NOTE"), "year", "id"))
	memos := entable.Register[Memo](table, entable.PK(entable.Literal("MEMO"), entable.Literal("x"), "id"))
	for _, test := range []struct{ got, want string }{
		{keysOf(t, owners, Owner{ID: "1"}), "OWNER|1 profile"},
		{keysOf(t, pets, Pet{OwnerID: "1|2"}), "OWNER|1%7C2 PET#"},
		{keysOf(t, notes, Note{ID: "1"}), "1 NOTE#"},
		{keysOf(t, memos, Memo{ID: "1"}), "MEMO#x#1 A"},
	} {
		if test.got != test.want {
			t.Errorf("keys %q, want %q", test.got, test.want)
		}
	}
}

func TestCompositeKeysAreQueriedByAnyLeadingPart(t *testing.T) {
	type Order struct {
		Shop   string `dynamodbav:"shop"`
		Year   int    `dynamodbav:"year"`
		Region string `dynamodbav:"region"`
		ID     string `dynamodbav:"id"`
	}
	eachSetup(t, func(t *testing.T, s *setup) {
		orders := entable.Register[Order](s.NewTable(),
			entable.PK("shop"), entable.SK(entable.Literal("ORDER"), entable.Attr("year").Width(4), "region", "id"))
		for _, o := range []Order{
			{"s", 2023, "eu", "a"}, {"s", 2024, "eu", "a1"}, {"s", 2024, "eu", "b"}, {"s", 2024, "eu2", "a"}, {"s", 2024, "us", "a"}, {"s", 2025, "eu", "a"},
		} {
			check(t, orders.Put(t.Context(), &o))
		}
		q := func() *entable.Query[Order] { return orders.Query(Order{Shop: "s"}) }
		for _, test := range []struct {
			name  string
			query *entable.Query[Order]
			want  string
		}{
			{"all", q(), "2023/eu/a 2024/eu/a1 2024/eu/b 2024/eu2/a 2024/us/a 2025/eu/a"},
			{"year", q().Prefix(Order{Year: 2024}), "2024/eu/a1 2024/eu/b 2024/eu2/a 2024/us/a"},
			{"year and region", q().Prefix(Order{Year: 2024, Region: "eu"}), "2024/eu/a1 2024/eu/b"},
			{"start of the last text", q().Prefix(Order{Year: 2024, Region: "eu", ID: "a"}), "2024/eu/a1"},
			{"below a year", q().Less(Order{Year: 2024}), "2023/eu/a"},
			{"up to a year", q().LessEqual(Order{Year: 2024}), "2023/eu/a 2024/eu/a1 2024/eu/b 2024/eu2/a 2024/us/a"},
			{"above a year", q().Greater(Order{Year: 2024}), "2025/eu/a"},
			{"from a year on", q().GreaterEqual(Order{Year: 2024}), "2024/eu/a1 2024/eu/b 2024/eu2/a 2024/us/a 2025/eu/a"},
			{"above a region", q().Greater(Order{Year: 2024, Region: "eu"}), "2024/eu2/a 2024/us/a 2025/eu/a"},
			{"between years", q().Between(Order{Year: 2023}, Order{Year: 2024, Region: "eu"}), "2023/eu/a 2024/eu/a1 2024/eu/b"},
			{"equal", q().Equal(Order{Year: 2024, Region: "us", ID: "a"}), "2024/us/a"},
			{"hole", q().Prefix(Order{Year: 2024, ID: "a"}, "year"), "2024/eu/a1 2024/eu/b 2024/eu2/a 2024/us/a"},
		} {
			var got []string
			for _, o := range enginetest.Collect(t, test.query.All(t.Context())) {
				got = append(got, fmt.Sprintf("%d/%s/%s", o.Year, o.Region, o.ID))
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("%s: read %q, want %q", test.name, got, test.want)
			}
		}
	})
}
