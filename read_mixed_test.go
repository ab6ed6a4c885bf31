package entable_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// fillMixed writes a partition with items of three registered types and one that is not, as a service with
// a newer version would leave it. It returns the keys in their order, with the unknown ones marked.
func fillMixed(t *testing.T, s *setup, b blogs) (order []string, unknown []map[string]types.AttributeValue) {
	t.Helper()
	b.fill(t, "1", 5, 5)
	for _, sk := range []string{
		"00",                        // before all
		"CN#0000000000000000002x",   // between two comments
		"CN#0000000000000000002y",   //
		"M",                         // between comments and posts
		"PN#00000000000000000035",   // between two posts
		"\U0010ffff",                // behind all
		"CN#-9999999999999999999#z", // where a registered type could have been
	} {
		ghost := key("BI#1", sk)
		ghost["_type"], ghost["data"] = avS("Ghost"), avN("1")
		s.Store(b.table, ghost)
		unknown = append(unknown, ghost)
	}
	order = append(order, "00", "A")
	order = append(order, "CN#-9999999999999999999#z")
	for n := range 5 {
		order = append(order, fmt.Sprintf("CN#%019d", n))
		if n == 2 {
			order = append(order, "CN#0000000000000000002x", "CN#0000000000000000002y")
		}
	}
	order = append(order, "M")
	for n := range 5 {
		order = append(order, fmt.Sprintf("PN#%019d", n))
		if n == 3 {
			order = append(order, "PN#00000000000000000035")
		}
	}
	return append(order, "\U0010ffff"), unknown
}

// sortKey is the sort key of a mixed item.
func sortKey(item any) string {
	switch v := item.(type) {
	case *Blog:
		return "A"
	case *Comment:
		return fmt.Sprintf("CN#%019d", v.N)
	case *Post:
		return fmt.Sprintf("PN#%019d", v.N)
	case entable.RawItem:
		return v["sk"].(*types.AttributeValueMemberS).Value
	}
	return fmt.Sprintf("%T", item)
}

func TestMixedPartitionWithAnUnknownType(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		b := declareBlogs(s.NewTable())
		order, unknown := fillMixed(t, s, b)
		isUnknown := func(sk string) bool {
			return slices.ContainsFunc(unknown, func(item map[string]types.AttributeValue) bool {
				return sortKey(entable.RawItem(item)) == sk
			})
		}
		for _, size := range []int{1, 2, 3, 7, 100} {
			for _, reverse := range []bool{false, true} {
				what := fmt.Sprintf("page size %d, reverse %t", size, reverse)
				order := slices.Clone(order)
				if reverse {
					slices.Reverse(order)
				}
				query := func() *entable.ItemsQuery {
					q := b.table.Query(Blog{ID: "1"}).PageSize(size)
					if reverse {
						q.Reverse()
					}
					return q
				}

				// As raw items, in their places.
				var got []string
				for _, item := range enginetest.Collect(t, query().RawUnknown().All(t.Context())) {
					got = append(got, sortKey(item))
				}
				if !slices.Equal(got, order) {
					t.Errorf("%s: raw: read\n%q, want\n%q", what, got, order)
				}

				// Skipped and counted.
				skipped := 0
				got = nil
				for _, item := range enginetest.Collect(t, query().SkipUnknown(&skipped).All(t.Context())) {
					got = append(got, sortKey(item))
				}
				known := slices.DeleteFunc(slices.Clone(order), isUnknown)
				if !slices.Equal(got, known) || skipped != len(unknown) {
					t.Errorf("%s: skipped %d, read\n%q, want\n%q", what, skipped, got, known)
				}

				// An error in its place, behind everything that comes before.
				got = nil
				var last error
				for item, err := range query().All(t.Context()) {
					if last = err; err == nil {
						got = append(got, sortKey(item))
					}
				}
				at := slices.IndexFunc(order, isUnknown)
				u, ok := errors.AsType[*entable.UnknownEntityError](last)
				if !ok || !slices.Equal(got, order[:at]) {
					t.Fatalf("%s: error %v behind %q, want it behind %q", what, last, got, order[:at])
				}
				if u.Type != "Ghost" || u.Table != b.table.Name() || u.Want != "" || sortKey(u.Item) != order[at] {
					t.Errorf("%s: the error is %+v", what, u)
				}
				if want := fmt.Sprintf(`entable: table %q: item [pk="BI#1" sk=%q] is of type "Ghost", which is not registered`, b.table.Name(), order[at]); u.Error() != want {
					t.Errorf("%s: error\n%s, want\n%s", what, u, want)
				}
			}
		}

		// A query of one entity reads its part of the partition, and meets the unknown items there.
		skipped := 0
		posts := enginetest.Collect(t, b.posts.Query(Post{Blog: "1"}).SkipUnknown(&skipped).All(t.Context()))
		if len(posts) != 5 || skipped != 1 {
			t.Errorf("read %s, skipped %d", pointees(posts), skipped)
		}
		err := drain(b.posts.Query(Post{Blog: "1"}).All(t.Context()))
		if u, ok := errors.AsType[*entable.UnknownEntityError](err); !ok || u.Want != "Post" {
			t.Errorf("error %v", err)
		}
		if got := enginetest.Collect(t, b.posts.Query(Post{Blog: "1"}).Less(Post{N: 3}).All(t.Context())); len(got) != 3 {
			t.Errorf("below 3 there is %s", pointees(got))
		}

		// Skipped items do not count for the limit.
		page, err := b.table.Query(Blog{ID: "1"}).SkipUnknown(nil).Limit(5).Page(t.Context())
		check(t, err)
		if len(page.Items) != 5 || sortKey(page.Items[4]) != "CN#0000000000000000003" {
			t.Errorf("a page of %d items", len(page.Items))
		}
		first, err := b.table.Query(Blog{ID: "1"}).RawUnknown().First(t.Context())
		check(t, err)
		if sortKey(first) != "00" {
			t.Errorf("first is %v", first)
		}
	})
}

// Without discriminators the keys tell types apart, those of other prefixes, separators and native keys too.
func TestTypesFromKeys(t *testing.T) {
	type Pipe struct {
		ID string `dynamodbav:"id"`
		N  int    `dynamodbav:"n"`
	}
	eachSetup(t, func(t *testing.T, s *setup) {
		b := declareBlogs(s.NewTable(entable.NoDiscriminator()))
		pipes := entable.Register[Pipe](b.table, entable.PK("id", entable.PrefixOf(b.heads)), entable.SK("n", entable.Prefix("P"), entable.Separator("|")))
		bare := entable.Register[Cart](b.table, entable.PK("id", entable.NoPrefix()), entable.SK("year", entable.NoPrefix()))
		b.fill(t, "1", 1, 1)
		check(t, pipes.Put(t.Context(), &Pipe{"1", 5}))
		check(t, bare.Put(t.Context(), &Cart{"1", 7}))
		for _, sk := range []string{"PN#1", "PN#x", "P", "P|", "P|5", "PN#0000000000000000001#", "A#"} {
			s.Store(b.table, key("BI#1", sk)) // nearly a key
		}
		unknown, got := 0, []string(nil)
		for _, item := range enginetest.Collect(t, b.table.Query(Blog{ID: "1"}).SkipUnknown(&unknown).PageSize(2).All(t.Context())) {
			got = append(got, fmt.Sprintf("%T", item))
		}
		if want := "[*entable_test.Blog *entable_test.Comment *entable_test.Post *entable_test.Pipe]"; fmt.Sprint(got) != want || unknown != 7 {
			t.Errorf("read %v, %d unknown; want %s, 7 unknown", got, unknown, want)
		}
		cart, err := bare.Get(t.Context(), Cart{"1", 7})
		check(t, err)
		if *cart != (Cart{"1", 7}) {
			t.Errorf("read %v", *cart)
		}
		all := enginetest.Collect(t, b.table.Query(Cart{ID: "1"}).All(t.Context()))
		if len(all) != 1 {
			t.Errorf("read %v", all)
		}
		// An error without a discriminator has the key to go by.
		err = drain(b.table.Query(Blog{ID: "1"}).Reverse().All(t.Context()))
		if want := fmt.Sprintf(`entable: table %q: item [pk="BI#1" sk="P|5"] is of no registered entity`, b.table.Name()); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	})
}

// Entity reads filter by type also where several types share the range of sort keys.
func TestEntityQueryLeavesOtherTypesOut(t *testing.T) {
	type Left struct {
		ID string `dynamodbav:"id"`
		N  int    `dynamodbav:"n"`
	}
	type Right struct {
		ID string `dynamodbav:"id"`
		N  string `dynamodbav:"n"`
	}
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable(entable.GSI("gsi1"))
		left := entable.Register[Left](table, entable.SK("n"),
			entable.Index("gsi1", entable.PK("id", entable.Prefix("X")), entable.SK("n", entable.NoPrefix())))
		right := entable.Register[Right](table, entable.SK("n"),
			entable.Index("gsi1", entable.PK("id", entable.PrefixOf(left)), entable.SK("n", entable.NoPrefix())))
		for n := range 6 {
			check(t, left.Put(t.Context(), &Left{"1", n}))
			check(t, right.Put(t.Context(), &Right{"1", fmt.Sprintf("%019dx", n)}))
		}
		for _, limit := range []int{1, 3, 6, 10} {
			got := enginetest.Collect(t, left.QueryIndex("gsi1", Left{ID: "1"}).Limit(limit).PageSize(2).All(t.Context()))
			if len(got) != min(limit, 6) {
				t.Errorf("limit %d: read %s", limit, pointees(got))
			}
		}
		all := enginetest.Collect(t, table.QueryIndex("gsi1", Right{ID: "1"}).All(t.Context()))
		for i, item := range all {
			if _, ok := item.(*Left); ok != (i%2 == 0) {
				t.Errorf("item %d is a %T", i, item)
			}
		}
		if len(all) != 12 {
			t.Errorf("read %d items, want 12", len(all))
		}
	})
}
