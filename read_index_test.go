package entable_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// Ticket is open while it has an owner; the index of owners is sparse.
type Ticket struct {
	ID       string    `dynamodbav:"id"`
	Owner    string    `dynamodbav:"owner,omitempty"`
	Due      time.Time `dynamodbav:"due"`
	Priority int       `dynamodbav:"priority,omitempty"`
}

func TestIndexQueries(t *testing.T) {
	due := func(day int) time.Time { return time.Date(2024, 1, day, 0, 0, 0, 0, time.UTC) }
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable(entable.GSI("gsi1"), entable.GSI("by-priority",
			entable.PartitionKey("prio", types.ScalarAttributeTypeN), entable.NoSortKey()))
		tickets := entable.Register[Ticket](table,
			entable.Index("gsi1", entable.PK("owner"), entable.SK(entable.Attr("due").Layout("2006-01-02"))),
			entable.Index("by-priority", entable.PK("priority")))
		for n, v := range []Ticket{
			{"1", "ann", due(3), 1}, {"2", "ann", due(1), 2}, {"3", "bob", due(2), 1}, {"4", "ann", due(2), 0}, {"5", "", due(1), 1}, {"6", "anna", due(1), 0},
		} {
			if err := tickets.Put(t.Context(), &v); err != nil {
				t.Fatal(n, err)
			}
		}
		ids := func(q *entable.Query[Ticket]) string {
			var got strings.Builder
			for _, v := range enginetest.Collect(t, q.All(t.Context())) {
				got.WriteString(v.ID)
			}
			return got.String()
		}
		ann := func() *entable.Query[Ticket] { return tickets.QueryIndex("gsi1", Ticket{Owner: "ann"}) }
		for _, test := range []struct {
			name  string
			query *entable.Query[Ticket]
			want  string
		}{
			{"order of the index", ann(), "241"},
			{"backwards", ann().Reverse(), "142"},
			{"range", ann().GreaterEqual(Ticket{Due: due(2)}), "41"},
			{"equal", ann().Equal(Ticket{Due: due(2)}), "4"},
			{"limit", ann().Limit(2).PageSize(1), "24"},
			{"nobody", tickets.QueryIndex("gsi1", Ticket{Owner: "an"}), ""},
		} {
			if got := ids(test.query); got != test.want {
				t.Errorf("%s: read %q, want %q", test.name, got, test.want)
			}
		}
		if got := enginetest.Collect(t, tickets.QueryIndex("by-priority", Ticket{Priority: 1}).All(t.Context())); len(got) != 3 {
			t.Errorf("read %s of priority 1", pointees(got))
		}

		// Items without a component are not in the index, and hold no attribute of it.
		want := `{"_type":{"S":"Ticket"},"due":{"S":"2024-01-01T00:00:00Z"},"id":{"S":"5"},"pk":{"S":"TI#5"},"prio":{"N":"1"},"priority":{"N":"1"},"sk":{"S":"A"}}`
		if got := dynamoJSON(s.Load(table, key("TI#5", "A"))); got != want {
			t.Errorf("stored\n%s, want\n%s", got, want)
		}
		want = `{"_type":{"S":"Ticket"},"due":{"S":"2024-01-02T00:00:00Z"},"gsi1pk":{"S":"TO#ann"},"gsi1sk":{"S":"TD#2024-01-02"},"id":{"S":"4"},"owner":{"S":"ann"},"pk":{"S":"TI#4"},"sk":{"S":"A"}}`
		if got := dynamoJSON(s.Load(table, key("TI#4", "A"))); got != want {
			t.Errorf("stored\n%s, want\n%s", got, want)
		}

		// A later Put takes an item out of an index, or moves it.
		check(t, tickets.Put(t.Context(), &Ticket{ID: "2", Due: due(1)}))
		check(t, tickets.Put(t.Context(), &Ticket{ID: "1", Owner: "bob", Due: due(3)}))
		if got := ids(ann()); got != "4" {
			t.Errorf("read %q of ann, want 4", got)
		}
		if got := ids(tickets.QueryIndex("gsi1", Ticket{Owner: "bob"})); got != "31" {
			t.Errorf("read %q of bob, want 31", got)
		}
	})
}

// A component that is not omitempty must be set: the item would be missing in the index unnoticed.
func TestIndexKeysOfUnsetFields(t *testing.T) {
	s := onMemory(t)
	table := s.NewTable(entable.GSI("gsi1"))
	carts := entable.Register[keyed[string]](table, entable.Name("Keyed"), entable.Index("gsi1", entable.PK("note")))
	s.Spy.Reset()
	err := carts.Put(t.Context(), &keyed[string]{Key: "1"})
	if !is[*entable.KeyError](err) || s.Spy.Sent("") != 0 {
		t.Fatalf("put without the index's component: %v", err)
	}
	if want := `entable: Keyed: cannot build key gsi1pk: attribute "note": text is empty: set it, or give it omitempty, which leaves the item out of the index`; err.Error() != want {
		t.Errorf("error\n%s, want\n%s", err, want)
	}
}

func TestIndexOfTheTableIsMissing(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		created := s.NewTable()
		table := entable.NewTable(created.Name(), append(s.Options, entable.GSI("gsi1"))...)
		table.Use(s.Client)
		carts := entable.Register[Cart](table, entable.Index("gsi1", entable.PK("year")))
		err := drain(carts.QueryIndex("gsi1", Cart{Year: 1}).All(t.Context()))
		if err == nil || !entable.IsError(err) || errors.Is(err, entable.ErrNotFound) {
			t.Errorf("error %v", err)
		}
	})
}

func TestCreateTable(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.Declare(entable.GSI("gsi1"), entable.GSI("gsi2", entable.NoSortKey()), entable.SortKey("s", types.ScalarAttributeTypeN))
		check(t, table.CreateTable(t.Context()))
		t.Cleanup(func() { s.Drop(table) })
		// It is ready at once, with its indexes.
		carts := entable.Register[Cart](table, entable.SK("year"), entable.Index("gsi1", entable.PK("year")), entable.Index("gsi2", entable.PK("id")))
		check(t, carts.Put(t.Context(), &Cart{ID: "1", Year: 2024}))
		for _, q := range []*entable.Query[Cart]{carts.QueryIndex("gsi1", Cart{Year: 2024}), carts.QueryIndex("gsi2", Cart{ID: "1"})} {
			if got := enginetest.Collect(t, q.All(t.Context())); len(got) != 1 {
				t.Errorf("read %s", pointees(got))
			}
		}

		err := table.CreateTable(t.Context())
		if !errors.Is(err, entable.ErrTableExists) || !entable.IsError(err) || entable.IsRetryable(err) {
			t.Errorf("create again: %v, want ErrTableExists", err)
		}
		if !is[*types.ResourceInUseException](err) {
			t.Errorf("the SDK's own error is not in the chain of %v", err)
		}
	})
}

func TestCreateInput(t *testing.T) {
	table := entable.NewTable("shop", entable.GSI("gsi1"), entable.GSI("gsi2", entable.PartitionKey("g", types.ScalarAttributeTypeN), entable.NoSortKey()))
	in := table.CreateInput()
	var text strings.Builder
	text.WriteString(fmt.Sprint(*in.TableName, " ", in.BillingMode))
	for _, k := range in.KeySchema {
		text.WriteString(fmt.Sprint(" ", *k.AttributeName, ":", k.KeyType))
	}
	for _, a := range in.AttributeDefinitions {
		text.WriteString(fmt.Sprint(" ", *a.AttributeName, ":", a.AttributeType))
	}
	for _, g := range in.GlobalSecondaryIndexes {
		text.WriteString(fmt.Sprint(" ", *g.IndexName, "("))
		for _, k := range g.KeySchema {
			text.WriteString(fmt.Sprint(*k.AttributeName, ":", k.KeyType, " "))
		}
		text.WriteString(fmt.Sprint(g.Projection.ProjectionType, ")"))
	}
	want := "shop PAY_PER_REQUEST pk:HASH sk:RANGE pk:S sk:S gsi1pk:S gsi1sk:S g:N gsi1(gsi1pk:HASH gsi1sk:RANGE ALL) gsi2(g:HASH ALL)"
	if text.String() != want {
		t.Errorf("input\n%s, want\n%s", text.String(), want)
	}
	if in == table.CreateInput() || in.TableName == table.CreateInput().TableName {
		t.Error("the input is shared with the table: a change would change the next")
	}
}

// A client without CreateTable cannot create tables, and says so.
func TestCreateTableNeedsAClientThatCan(t *testing.T) {
	s := onMemory(t)
	table := entable.NewTable("shop")
	table.Use(struct{ entable.Client }{s.SDK})
	err := table.CreateTable(t.Context())
	if want := `entable: CreateTable of table "shop": the client struct { entable.Client } has no CreateTable, DescribeTable and DeleteTable`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// Match is in an index by four of its own attributes.
type Match struct {
	ID     string  `dynamodbav:"id"`
	Sport  string  `dynamodbav:"sport,omitempty"`
	Season int     `dynamodbav:"season"`
	Round  int     `dynamodbav:"round"`
	City   string  `dynamodbav:"city"`
	Score  float64 `dynamodbav:"score"`
}

func TestNativeIndexQueries(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		if s.Engine != "memory" {
			t.Skip("DynamoDB Local 1.25 has no indexes with several key attributes")
		}
		table := s.NewTable(entable.GSI("by-season", entable.MultiAttribute(),
			entable.PartitionKey("sport", types.ScalarAttributeTypeS), entable.PartitionKey("season", types.ScalarAttributeTypeN),
			entable.SortKey("round", types.ScalarAttributeTypeN), entable.SortKey("city", types.ScalarAttributeTypeS)))
		matches := entable.Register[Match](table, entable.Index("by-season"))
		for _, m := range []Match{
			{"1", "golf", 2024, 1, "Bern", 1}, {"2", "golf", 2024, 1, "Basel", 2}, {"3", "golf", 2024, 2, "Bern", 3}, {"4", "golf", 2024, 10, "Chur", 4},
			{"5", "golf", 2025, 1, "Bern", 5}, {"6", "chess", 2024, 1, "Bern", 6}, {"7", "", 2024, 1, "Bern", 7}, {"8", "golf", 2024, -3, "Bern", 8},
		} {
			check(t, matches.Put(t.Context(), &m))
		}
		golf := func() *entable.Query[Match] {
			return matches.QueryIndex("by-season", Match{Sport: "golf", Season: 2024})
		}
		for _, test := range []struct {
			name  string
			query *entable.Query[Match]
			want  string
		}{
			{"all", golf(), "82134"},
			{"backward", golf().Reverse(), "43128"},
			{"limit", golf().Limit(2), "82"},
			{"paged", golf().PageSize(1), "82134"},
			{"round", golf().Equal(Match{Round: 1}), "21"},
			{"round and city", golf().Equal(Match{Round: 1, City: "Bern"}), "1"},
			{"less", golf().Less(Match{Round: 2}), "821"},
			{"less or equal", golf().LessEqual(Match{Round: 2}), "8213"},
			{"greater", golf().Greater(Match{Round: 1}), "34"},
			{"greater or equal", golf().GreaterEqual(Match{Round: 2}), "34"},
			{"between", golf().Between(Match{Round: 1}, Match{Round: 2}), "213"},
			{"between cities", golf().Between(Match{Round: 1, City: "A"}, Match{Round: 1, City: "Basel"}), "2"},
			{"prefix", golf().Prefix(Match{Round: 1, City: "B"}), "21"},
			{"another season", matches.QueryIndex("by-season", Match{Sport: "golf", Season: 2025}), "5"},
			{"none", matches.QueryIndex("by-season", Match{Sport: "golf", Season: 1}), ""},
		} {
			var got strings.Builder
			for _, m := range enginetest.Collect(t, test.query.All(t.Context())) {
				got.WriteString(m.ID)
			}
			if got.String() != test.want {
				t.Errorf("%s: read %q, want %q", test.name, got.String(), test.want)
			}
		}
		walked := walk(t, 2, func(c string) *entable.Query[Match] { return golf().Reverse().Limit(2).From(c) })
		if !slices.EqualFunc(walked, enginetest.Collect(t, golf().Reverse().All(t.Context())), func(a, b *Match) bool { return *a == *b }) {
			t.Errorf("walked over %s", pointees(walked))
		}
		if n, err := golf().Count(t.Context()); err != nil || n != 5 {
			t.Errorf("counted %d (%v)", n, err)
		}
		if _, err := matches.QueryIndex("by-season", Match{Season: 2024}).Input(t.Context()); !is[*entable.KeyError](err) {
			t.Errorf("a query without its first key: %v", err)
		}
		if _, err := golf().Between(Match{Round: 1, City: "A"}, Match{Round: 2, City: "B"}).Input(t.Context()); !is[*entable.KeyError](err) {
			t.Errorf("bounds that differ early: %v", err)
		}
	})
}
