package entable_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/entable/entable"
)

// Blog is a collection's head, Post and Comment lie in its partition.
type (
	Blog struct {
		ID    string `dynamodbav:"id"`
		Title string `dynamodbav:"title"`
	}
	Post struct {
		Blog string `dynamodbav:"blog"`
		N    int    `dynamodbav:"n"`
	}
	Comment struct {
		Blog string `dynamodbav:"blog"`
		N    int    `dynamodbav:"n"`
	}
	blogs struct {
		table    *entable.Table
		heads    *entable.Entity[Blog]
		posts    *entable.Entity[Post]
		comments *entable.Entity[Comment]
	}
)

func declareBlogs(table *entable.Table, opts ...entable.EntityOption) blogs {
	b := blogs{table: table}
	b.heads = entable.Register[Blog](table, opts...)
	b.comments = entable.Register[Comment](table, entable.PK("blog", entable.PrefixOf(b.heads)), entable.SK("n"))
	b.posts = entable.Register[Post](table, entable.PK("blog", entable.PrefixOf(b.heads)), entable.SK("n"))
	return b
}

// fill writes the head of a blog, and posts and comments.
func (b blogs) fill(t *testing.T, id string, posts, comments int) {
	t.Helper()
	check(t, b.heads.Put(t.Context(), &Blog{ID: id, Title: "title of " + id}))
	for n := range posts {
		check(t, b.posts.Put(t.Context(), &Post{Blog: id, N: n}))
	}
	for n := range comments {
		check(t, b.comments.Put(t.Context(), &Comment{Blog: id, N: n}))
	}
}

func TestCollectionGroupsByFieldShape(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		b := declareBlogs(s.NewTable())
		b.fill(t, "1", 3, 2)
		b.fill(t, "10", 1, 1)

		type Values struct {
			Head     *Blog
			Comments []Comment
			Posts    []*Post
			Extra    map[string]int `entable:"-"`
			note     string
		}
		c := entable.NewCollection[Values](b.heads, b.posts, b.comments)
		for _, example := range []any{Blog{ID: "1"}, &Post{Blog: "1"}, Comment{Blog: "1", N: 7}} {
			v, err := c.Get(t.Context(), example)
			check(t, err)
			if v.Head == nil || v.Head.Title != "title of 1" || fmt.Sprint(v.Comments) != "[{1 0} {1 1}]" ||
				len(v.Posts) != 3 || *v.Posts[0] != (Post{"1", 0}) || *v.Posts[2] != (Post{"1", 2}) || v.Extra != nil || v.note != "" {
				t.Errorf("collection of %v is %+v", example, v)
			}
		}

		empty, err := c.Get(t.Context(), Blog{ID: "none"})
		check(t, err)
		if empty.Head != nil || empty.Comments != nil || empty.Posts != nil {
			t.Errorf("collection of an empty partition is %+v", empty)
		}

		// Items of registered types that are no members are left out.
		type Half struct{ Posts []Post }
		half, err := entable.NewCollection[Half](b.posts).Query(Post{Blog: "1"}).PageSize(1).Reverse().Group(t.Context())
		check(t, err)
		if fmt.Sprint(half.Posts) != "[{1 2} {1 1} {1 0}]" {
			t.Errorf("posts backwards are %v", half.Posts)
		}

		first, err := c.Query(Blog{ID: "1"}).Reverse().First(t.Context())
		check(t, err)
		if p, ok := first.(*Post); !ok || p.N != 2 {
			t.Errorf("last item is %v, want the third post", first)
		}
		page, err := c.Query(Blog{ID: "1"}).Limit(2).Page(t.Context())
		check(t, err)
		if len(page.Items) != 2 || page.Cursor == "" {
			t.Errorf("page has %d items and the cursor %q", len(page.Items), page.Cursor)
		}
		rest, err := c.Query(Blog{ID: "1"}).From(page.Cursor).Group(t.Context())
		check(t, err)
		if rest.Head != nil || len(rest.Comments)+len(rest.Posts) != 4 {
			t.Errorf("behind the page there is %+v", rest)
		}
	})
}

func TestSecondItemInASingleField(t *testing.T) {
	s := onMemory(t)
	b := declareBlogs(s.NewTable())
	b.fill(t, "1", 2, 0)
	type One struct{ Post *Post }
	v, err := entable.NewCollection[One](b.posts).Get(t.Context(), Post{Blog: "1"})
	want := "entable: collection One: the partition holds several items of Post: make the field a []entable_test.Post"
	if v != nil || err == nil || err.Error() != want || !entable.IsError(err) {
		t.Errorf("collection %v and error %v, want %s", v, err, want)
	}
}

func TestCollectionOfTheWrongExample(t *testing.T) {
	b := declareBlogs(entable.NewTable("blogs"))
	type Posts struct{ Posts []Post }
	type Both struct {
		Posts    []Post
		Comments []Comment
	}
	posts := entable.NewCollection[Posts](b.posts)
	both := entable.NewCollection[Both](b.posts, b.comments)
	var none *Post
	for _, test := range []struct {
		err  func() error
		want string
	}{
		{func() error { _, err := posts.Get(t.Context(), Blog{ID: "1"}); return err }, "entable: collection Posts: Blog is not a member: Post are"},
		{func() error { _, err := both.Get(t.Context(), &Blog{ID: "1"}); return err }, "entable: collection Both: Blog is not a member: Comment, Post are"},
		{func() error { _, err := posts.Get(t.Context(), none); return err }, `entable: table "blogs": the example is nil: give a registered struct with its key fields set`},
		{func() error { _, err := posts.Get(t.Context(), nil); return err }, `entable: table "blogs": the example is nil: give a registered struct with its key fields set`},
		{func() error { _, err := posts.Get(t.Context(), "1"); return err }, `entable: table "blogs": string is not registered on it`},
		{func() error { _, err := posts.Get(t.Context(), new(new(Post))); return err }, `entable: table "blogs": *entable_test.Post is not registered on it`},
		{func() error { _, err := posts.Get(t.Context(), Order{ID: "1"}); return err }, `entable: table "blogs": entable_test.Order is not registered on it`},
		{func() error { _, err := posts.Get(t.Context(), Post{}); return err }, `entable: Post: cannot build key pk: attribute "blog": text is empty`},
		{func() error { _, err := posts.Query(Post{}).Limit(1).First(t.Context()); return err }, `entable: Post: cannot build key pk: attribute "blog": text is empty`},
	} {
		err := test.err()
		if err == nil || err.Error() != test.want || !entable.IsError(err) {
			t.Errorf("error\n%v, want\n%s", err, test.want)
		}
	}
}

// embedded is what a user may make of an entity: a type of their own around it.
type embedded struct{ *entable.Entity[Post] }

func TestWrongCollectionsAreRefused(t *testing.T) {
	b := declareBlogs(entable.NewTable("blogs"))
	far := entable.Register[Post](entable.NewTable("far"))
	apart := entable.Register[Order](b.table)
	var unregistered *entable.Entity[Post]
	type Posts struct{ Posts []Post }
	type PostsAndOrders struct {
		Posts  []Post
		Orders []Order
	}
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"partition not shared", tryCollection[PostsAndOrders](b.posts, apart),
			"collection PostsAndOrders: Order does not share the partition of Post: register it with entable.PK(…, entable.PrefixOf(…))"},
		{"no members", tryCollection[Posts](), "collection Posts: it has no members: give the registered entities"},
		{"nil", tryCollection[Posts](nil), "collection Posts: a member is nil: declare the entities before the collection"},
		{"not registered", tryCollection[Posts](unregistered), "collection Posts: a member is nil: declare the entities before the collection"},
		{"two tables", tryCollection[Posts](b.comments, far), `collection Posts: Comment is on table "blogs" and Post on "far": members share one table`},
		{"no field", tryCollection[Posts](b.posts, b.comments), "collection Posts: it has no field for the items of Comment: add one of type []entable_test.Comment"},
		{"field of no member", tryCollection[PostsAndOrders](b.posts),
			"collection PostsAndOrders: field Orders: []entable_test.Order takes the items of no member: use []T, []*T or *T of a member, or the tag `entable:\"-\"`"},
		{"two fields", tryCollection[struct {
			A []Post
			B *Post
		}](b.posts), "collection struct { A []entable_test.Post; B *entable_test.Post }: field B: another field takes the items of Post"},
		{"plain value", tryCollection[struct{ A Post }](b.posts),
			"collection struct { A entable_test.Post }: field A: entable_test.Post takes the items of no member: use []T, []*T or *T of a member, or the tag `entable:\"-\"`"},
		{"no struct", tryCollection[[]Post](b.posts), "collection []entable_test.Post: []entable_test.Post is not a struct"},
		{"pointer", tryCollection[*Posts](b.posts), "collection *entable_test.Posts: *entable_test.Posts is not a struct"},
		{"embedded entity", tryCollection[Posts](embedded{b.posts}), ""},
		{"embedded nothing", tryCollection[Posts](&embedded{}), "collection Posts: a member is nil: declare the entities before the collection"},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkDeclaration(t, test.err, test.want)
		})
	}
}

func tryCollection[C any](members ...entable.Registered) error {
	_, err := entable.TryNewCollection[C](members...)
	return err
}

func TestCollectionStopsAtUnknownItems(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		b := declareBlogs(s.NewTable())
		b.fill(t, "1", 1, 1)
		ghost := key("BI#1", "Z")
		ghost["_type"] = avS("Ghost")
		s.Store(b.table, ghost)
		type All struct {
			Head     *Blog
			Posts    []Post
			Comments []Comment
		}
		c := entable.NewCollection[All](b.heads, b.posts, b.comments)
		_, err := c.Get(t.Context(), Blog{ID: "1"})
		unknown, ok := errors.AsType[*entable.UnknownEntityError](err)
		if !ok || unknown.Type != "Ghost" {
			t.Fatalf("error %v, want an *UnknownEntityError of Ghost", err)
		}
		skipped := 0
		v, err := c.Query(Blog{ID: "1"}).SkipUnknown(&skipped).Group(t.Context())
		check(t, err)
		if skipped != 1 || v.Head == nil || len(v.Posts) != 1 || len(v.Comments) != 1 {
			t.Errorf("skipped %d, read %+v", skipped, v)
		}
	})
}
