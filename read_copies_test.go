package entable_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
)

type branched struct {
	ID   string `dynamodbav:"id"`
	No   int    `dynamodbav:"no"`
	Even bool   `dynamodbav:"even"`
}

// A copied query is one of its own: filters, limits and the rest that is set on it are not the other's.
func TestCopiesOfQueries(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		items := entable.Register[branched](table, entable.PK("id"), entable.SK("no"))
		for no := range 6 {
			check(t, items.Put(t.Context(), &branched{ID: "1", No: no + 1, Even: no%2 == 1}))
		}
		numbers := func(q *entable.Query[branched]) (list []int) {
			t.Helper()
			for v, err := range q.All(t.Context()) {
				check(t, err)
				list = append(list, v.No)
			}
			return list
		}
		expect := func(what string, q *entable.Query[branched], want ...int) {
			t.Helper()
			if got := numbers(q); !slices.Equal(got, want) {
				t.Errorf("%s gives %v, want %v", what, got, want)
			}
		}
		even := expression.Equal(expression.Name("even"), expression.Value(true))
		q := items.Query(branched{ID: "1"})
		short, filtered := *q, *q
		expect("a copy with a limit", short.Limit(2), 1, 2)
		expect("a copy with a filter", filtered.Filter(even), 2, 4, 6)
		low, high := filtered, filtered
		low.Filter(expression.LessThan(expression.Name("even"), expression.Value(false))) // never true
		expect("a copy of the copy in reverse", high.Reverse(), 6, 4, 2)
		expect("the other copy", &filtered, 2, 4, 6)
		expect("the query itself", q, 1, 2, 3, 4, 5, 6)

		scan := items.Scan()
		one := *scan
		if n, err := one.Limit(1).Count(t.Context()); err != nil || n != 1 {
			t.Errorf("a copy of a scan counts %d, %v", n, err)
		}
		if n, err := scan.Count(t.Context()); err != nil || n != 6 {
			t.Errorf("the scan counts %d, %v", n, err)
		}
		mixed := table.Query(branched{ID: "1"})
		last := *mixed
		if v, err := last.Reverse().First(t.Context()); err != nil || v.(*branched).No != 6 {
			t.Errorf("a copy of a mixed query gives %v, %v first", v, err)
		}
		if v, err := mixed.First(t.Context()); err != nil || v.(*branched).No != 1 {
			t.Errorf("the mixed query gives %v, %v first", v, err)
		}
	})
}
