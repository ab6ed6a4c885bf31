package entable_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// Chore and Memo lie in partitions of their own, and share those of an index: the work of one person.
type (
	Chore struct {
		ID    string `dynamodbav:"id"`
		Owner string `dynamodbav:"owner,omitempty"`
		Due   int    `dynamodbav:"due"`
	}
	Memo struct {
		ID    string `dynamodbav:"id"`
		Owner string `dynamodbav:"owner,omitempty"`
		Topic string `dynamodbav:"topic"`
		Page  int    `dynamodbav:"page"`
	}
	Work struct {
		Chores []Chore
		Memos  []*Memo
	}
	desk struct {
		table  *entable.Table
		chores *entable.Entity[Chore]
		memos  *entable.Entity[Memo]
		work   *entable.Collection[Work]
	}
)

func declareDesk(table *entable.Table) desk {
	d := desk{table: table}
	d.chores = entable.Register[Chore](table, entable.Index("gsi1", entable.PK("owner"), entable.SK("due")))
	d.memos = entable.Register[Memo](table, entable.Index("gsi1", entable.PK("owner", entable.PrefixOf(d.chores)), entable.SK("topic", "page")))
	d.work = entable.NewCollection[Work](d.chores, d.memos)
	return d
}

func (d desk) fill(t *testing.T) {
	t.Helper()
	for i, owner := range []string{"ann", "bob", "ann", "ann", ""} {
		check(t, d.chores.Put(t.Context(), &Chore{fmt.Sprint(i), owner, i}))
		check(t, d.memos.Put(t.Context(), &Memo{fmt.Sprint(i), owner, "t" + fmt.Sprint(i/3), i}))
	}
}

func TestCollectionOfAnIndexPartition(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		d := declareDesk(s.NewTable(entable.GSI("gsi1")))
		d.fill(t)
		for _, example := range []any{Chore{Owner: "ann"}, &Memo{Owner: "ann", ID: "not looked at"}} {
			v, err := d.work.QueryIndex("gsi1", example).PageSize(2).Group(t.Context())
			check(t, err)
			if got := fmt.Sprint(v.Chores, pointees(v.Memos)); got != "[{0 ann 0} {2 ann 2} {3 ann 3}]{0 ann t0 0} {2 ann t0 2} {3 ann t1 3} " {
				t.Errorf("the work of %v is %s", example, got)
			}
		}
		var walked []string
		for cursor, n := "", 0; n == 0 || cursor != ""; n++ {
			page, err := d.work.QueryIndex("gsi1", Memo{Owner: "ann"}).Reverse().Limit(4).From(cursor).Page(t.Context())
			check(t, err)
			for _, item := range page.Items {
				walked = append(walked, label(item))
			}
			cursor = page.Cursor
		}
		if got := strings.Join(walked, ""); strings.Join(strings.Split(got, "*entable_test."), " ") !=
			" Memo&{3 ann t1 3} Memo&{2 ann t0 2} Memo&{0 ann t0 0} Chore&{3 ann 3} Chore&{2 ann 2} Chore&{0 ann 0}" {
			t.Errorf("backward there is %q", walked)
		}
	})
}

// A range of sort keys runs across types, and from any type to any other.
func TestBetweenOfSeveralTypes(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		b := declareBlogs(s.NewTable())
		b.fill(t, "1", 3, 3) // A, CN#0 to CN#2, PN#0 to PN#2
		d := declareDesk(s.NewTable(entable.GSI("gsi1")))
		d.fill(t) // for ann CD#0, CD#2, CD#3, MT#t0#0, MT#t0#2, MT#t1#3
		type All struct {
			Head     *Blog
			Comments []Comment
			Posts    []Post
		}
		all := entable.NewCollection[All](b.heads, b.comments, b.posts)
		blog := func() *entable.ItemsQuery { return b.table.Query(Blog{ID: "1"}) }
		ann := func() *entable.ItemsQuery { return d.table.QueryIndex("gsi1", Chore{Owner: "ann"}) }
		for _, test := range []struct {
			name string
			got  func() ([]any, error)
			want string
		}{
			{"from one type to another", itemsOf(t, blog().Between(Comment{N: 1}, &Post{N: 1})), "Comment{1 1} Comment{1 2} Post{1 0} Post{1 1}"},
			{"one type", itemsOf(t, blog().Between(Comment{N: 1}, Comment{N: 2})), "Comment{1 1} Comment{1 2}"},
			{"one item", itemsOf(t, blog().Between(Post{N: 1}, Post{N: 1})), "Post{1 1}"},
			{"from a whole key", itemsOf(t, blog().Between(Blog{}, Comment{N: 0})), "Blog{1 title of 1} Comment{1 0}"},
			{"no lower bound", itemsOf(t, blog().Between(nil, Comment{N: 1})), "Blog{1 title of 1} Comment{1 0} Comment{1 1}"},
			{"no upper bound", itemsOf(t, blog().Between(Post{N: 1}, nil)), "Post{1 1} Post{1 2}"},
			{"backward", itemsOf(t, blog().Between(Comment{N: 2}, Post{N: 0}).Reverse()), "Post{1 0} Comment{1 2}"},
			{"paged", itemsOf(t, blog().Between(Comment{N: 1}, Post{N: 1}).PageSize(1).Limit(3)), "Comment{1 1} Comment{1 2} Post{1 0}"},
			{"before Only", itemsOf(t, blog().Between(Comment{N: 1}, Post{N: 1}).Only(b.posts)), "Post{1 0} Post{1 1}"},
			{"behind Only", itemsOf(t, blog().Only(b.comments, b.heads).Between(Comment{N: 1}, Post{N: 1})), "Comment{1 1} Comment{1 2}"},
			{"within Only", itemsOf(t, blog().Only(b.comments).Between(Comment{N: 1}, Comment{N: 1})), "Comment{1 1}"},
			{"of an index", itemsOf(t, ann().Between(Chore{Due: 2}, Memo{Topic: "t0", Page: 2})), "Chore{2 ann 2} Chore{3 ann 3} Memo{0 ann t0 0} Memo{2 ann t0 2}"},
			{"up to a leading part", itemsOf(t, ann().Between(Chore{Due: 3}, Memo{Topic: "t0"}, "due", "topic")), "Chore{3 ann 3} Memo{0 ann t0 0} Memo{2 ann t0 2}"},
			{"from a leading part", itemsOf(t, ann().Between(Memo{Topic: "t1"}, nil, "topic")), "Memo{3 ann t1 3}"},
			{"of a collection", itemsOf(t, all.Query(Blog{ID: "1"}).Between(Comment{N: 2}, Post{N: 0})), "Comment{1 2} Post{1 0}"},
			{"of an index collection", itemsOf(t, d.work.QueryIndex("gsi1", Memo{Owner: "ann"}).Between(nil, Chore{Due: 2})), "Chore{0 ann 0} Chore{2 ann 2}"},
		} {
			items, err := test.got()
			check(t, err)
			var got []string
			for _, item := range items {
				got = append(got, strings.TrimPrefix(label(item), "*entable_test."))
			}
			if joined := strings.ReplaceAll(strings.Join(got, " "), "&", ""); joined != test.want {
				t.Errorf("%s: read %s, want %s", test.name, joined, test.want)
			}
		}

		page, err := blog().Between(Comment{N: 1}, Post{N: 1}).Limit(2).Page(t.Context())
		check(t, err)
		if err := drain(blog().From(page.Cursor).All(t.Context())); !is[error](err) || !strings.Contains(err.Error(), "belongs to another query") {
			t.Errorf("a cursor of another range: %v", err)
		}
	})
}

func itemsOf[Q refinable[Q, any]](t *testing.T, q Q) func() ([]any, error) {
	return func() (out []any, err error) {
		for item, err := range q.All(t.Context()) {
			if err != nil {
				return nil, err
			}
			out = append(out, item)
		}
		return out, nil
	}
}

func TestBetweenOfANativeIndex(t *testing.T) {
	s := onMemory(t)
	table := s.NewTable(entable.GSI("by-season", entable.MultiAttribute(),
		entable.PartitionKey("sport", types.ScalarAttributeTypeS), entable.SortKey("season", types.ScalarAttributeTypeN)))
	matches := entable.Register[Match](table, entable.Index("by-season"))
	chores := entable.Register[Chore](table)
	for n := range 4 {
		check(t, matches.Put(t.Context(), &Match{ID: fmt.Sprint(n), Sport: "golf", Season: 2020 + n}))
	}
	golf := func() *entable.ItemsQuery { return table.QueryIndex("by-season", Match{Sport: "golf"}) }
	for _, test := range []struct {
		low, high any
		want      string
	}{
		{Match{Season: 2021}, Match{Season: 2022}, "12"},
		{nil, Match{Season: 2021}, "01"},
		{Match{Season: 2021}, nil, "123"},
	} {
		var got strings.Builder
		for _, item := range enginetest.Collect(t, golf().Between(test.low, test.high).All(t.Context())) {
			got.WriteString(item.(*Match).ID)
		}
		if got.String() != test.want {
			t.Errorf("between %v and %v: read %q, want %q", test.low, test.high, got.String(), test.want)
		}
	}
	_, err := golf().Between(Chore{Due: 1}, nil).Input(t.Context())
	checkUsage(t, err, `entable: table "`+table.Name()+`": index "by-season" is native: give examples of Match as bounds`)
	type Both struct {
		Matches []Match
		Chores  []Chore
	}
	if err := tryCollection[Both](matches, chores); err == nil {
		t.Error("a collection of entities that share nothing is accepted")
	}
}

func TestWrongRangesAndIndexCollections(t *testing.T) {
	d := declareDesk(entable.NewTable("desk", entable.GSI("gsi1"), entable.GSI("gsi2")))
	alone := entable.Register[Order](d.table)
	type Memos struct{ Memos []Memo }
	memos := entable.NewCollection[Memos](d.memos)
	query := func() *entable.ItemsQuery { return d.table.QueryIndex("gsi1", Chore{Owner: "ann"}) }
	var none *Memo
	for _, test := range []struct {
		input func() error
		want  string
	}{
		{inputError(query().Between(nil, nil)), `entable: table "desk": Between takes a low or a high example, or both`},
		{inputError(query().Between(none, nil)), `entable: table "desk": the example is nil: give a registered struct with its key fields set`},
		{inputError(query().Between(Memo{Topic: "a", Page: 1}, 7)), `entable: table "desk": int is not registered on it`},
		{inputError(query().Between(Memo{}, Chore{})), `entable: Memo: cannot build key gsi1sk: attribute "topic": text is empty`},
		{inputError(query().Between(Memo{Topic: "a"}, Chore{Due: 1})), `entable: Memo: cannot build key gsi1sk: attribute "page" is 0, which may be meant or not set: name the attributes that count behind the example: "topic", or "topic", "page"`},
		{inputError(query().Between(Memo{Topic: "a"}, Chore{Due: 1}, "topic", "do")), `entable: table "desk": no attribute of the sort key of Chore is named: it has "due"`},
		{inputError(query().Between(Memo{Topic: "a"}, Chore{Due: 1}, "topic", "due", "do")), `entable: table "desk": attribute "do" is in no sort key of the bounds`},
		{inputError(query().Between(Order{ID: "1"}, nil)), `entable: table "desk": no items of Order lie in the partitions of Chore`},
		{inputError(query().Between(nil, Chore{Due: 1}).Between(Chore{Due: 1}, nil)), `entable: table "desk": give one condition on the sort key`},
		{inputError(query().Only(d.memos).Between(Chore{Due: 1}, Chore{Due: 2})), `entable: table "desk": no sort keys of the entities in Only lie in the range of Between`},
		{inputError(d.table.Query(Chore{ID: "1"}).Between(nil, Memo{})), `entable: table "desk": no items of Memo lie in the partitions of Chore`},
		{inputError(d.work.Query(Chore{ID: "1"})), "entable: collection Work: Chore and Memo share the partitions of an index only: use QueryIndex"},
		{inputError(d.work.QueryIndex("gsi2", Chore{Owner: "ann"})), `entable: Chore: unknown index "gsi2": it has "gsi1"`},
		{inputError(memos.QueryIndex("gsi1", Chore{Owner: "ann"})), "entable: collection Memos: Chore is not a member: Memo are"},
		{inputError(memos.QueryIndex("gsi1", Memo{})), `entable: Memo: cannot build key gsi1pk: attribute "owner": text is empty`},
	} {
		checkUsage(t, test.input(), test.want)
	}
	type Mixed struct {
		Memos  []Memo
		Orders []Order
	}
	checkDeclaration(t, tryCollection[Mixed](d.memos, alone),
		"collection Mixed: Order does not share the partition of Memo: register it with entable.PK(…, entable.PrefixOf(…))")
}

func inputError[Q interface {
	Input(context.Context) (*dynamodb.QueryInput, error)
}](q Q) func() error {
	return func() error { _, err := q.Input(context.Background()); return err }
}

func checkUsage(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want || !entable.IsError(err) {
		t.Errorf("error\n%v, want\n%s", err, want)
	}
}

func TestDescribeNamesCollectionsOfIndexes(t *testing.T) {
	var text strings.Builder
	check(t, declareDesk(entable.NewTable("desk", entable.GSI("gsi1"))).table.Describe(&text, entable.Text))
	if want := `Table.QueryIndex("gsi1"), Collection.QueryIndex("gsi1")`; !strings.Contains(text.String(), want) {
		t.Errorf("the description does not say %s:\n%s", want, &text)
	}
}
