package entable_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

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
		if s.engine != "memory" {
			t.Skip("DynamoDB Local 1.25 has no indexes with several key attributes")
		}
		table := s.newTable(entable.GSI("by-season", entable.MultiAttribute(),
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
			for _, m := range collect(t, test.query.All(t.Context())) {
				got.WriteString(m.ID)
			}
			if got.String() != test.want {
				t.Errorf("%s: read %q, want %q", test.name, got.String(), test.want)
			}
		}
		walked := walk(t, 2, func(c string) *entable.Query[Match] { return golf().Reverse().Limit(2).From(c) })
		if !slices.EqualFunc(walked, collect(t, golf().Reverse().All(t.Context())), func(a, b *Match) bool { return *a == *b }) {
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
