package forms_test

import (
	"context"
	"testing"

	"github.com/entable/entable"
)

// Entry is registered as two entities of one partition.
type Entry struct {
	Book string `dynamodbav:"book"`
	No   int    `dynamodbav:"no"`
	Text string `dynamodbav:"text"`
}

// Cover is what else lies there.
type Cover struct {
	Book string `dynamodbav:"book"`
}

// A collection with one member of a Go type that is registered twice takes and writes the items of that member, and no others.
func TestCollectionOfATypeThatIsRegisteredTwice(t *testing.T) {
	for name, discriminator := range map[string]entable.TableOption{"typed": entable.Discriminator("type"), "untyped": entable.NoDiscriminator()} {
		for engine, open := range engines {
			t.Run(name+" "+engine, func(t *testing.T) {
				ctx := t.Context()
				table := entable.NewTable("stored", append(upper[:2:2], discriminator)...)
				table.Use(open(t))
				must(t, table.CreateTable(ctx))
				defer func() { must(t, table.DeleteTable(context.WithoutCancel(ctx))) }()
				drafts := entable.Register[Entry](table, entable.Name("Draft"), pk("BOOK#{book}"), sk("DRAFT#{no}"))
				pages := entable.Register[Entry](table, entable.Name("Page"), pk("BOOK#{book}"), sk("PAGE#{no:03}"))
				entable.Register[Cover](table, pk("BOOK#{book}"), sk("COVER"))
				type book struct{ Pages []Entry }
				books := entable.NewCollection[book](pages)
				for no := range 3 {
					must(t, drafts.Put(ctx, &Entry{"b", no, "draft"}))
					must(t, pages.Put(ctx, &Entry{"b", no, "page"}))
				}
				loaded, err := books.Get(ctx, Entry{Book: "b"})
				must(t, err)
				if len(loaded.Pages) != 3 || loaded.Pages[2] != (Entry{"b", 2, "page"}) {
					t.Errorf("got %+v", loaded)
				}
				some, err := books.Query(Entry{Book: "b"}).Between(Entry{Book: "b", No: 1}, nil).Group(ctx)
				must(t, err)
				if len(some.Pages) != 2 {
					t.Errorf("between: %+v", some)
				}
				changed := books.Clone(loaded)
				changed.Pages[0].Text = "changed"
				changed.Pages = append(changed.Pages[:1], Entry{"b", 9, "new"})
				must(t, books.Save(ctx, loaded, changed))
				if now, err := books.Get(ctx, Entry{Book: "b"}); err != nil || len(now.Pages) != 2 || now.Pages[0].Text != "changed" || now.Pages[1].No != 9 {
					t.Errorf("saved %+v, %v", now, err)
				}
				must(t, books.Copy(ctx, Entry{Book: "b"}, Entry{Book: "c"}))
				for _, of := range []string{"b", "c"} {
					left := 0
					for v, err := range drafts.Query(Entry{Book: of}).All(ctx) {
						must(t, err)
						if left++; v.Text != "draft" {
							t.Errorf("a draft is %+v", v)
						}
					}
					if left != 3 {
						t.Errorf("%d drafts of %s, want 3", left, of)
					}
				}
				_, err = table.Query(Entry{Book: "b"}).First(ctx)
				refused(t, err, "is registered on it as Draft and as Page: use Query of one of these entities")
				one := &Entry{Book: "b", No: 1, Text: "x"}
				_, err = table.KeyOf(one)
				refused(t, err, "is registered on it as Draft and as Page: use KeyOf of one of these entities")
				_, err = table.ToItem(one)
				refused(t, err, "is registered on it as Draft and as Page: use ToItem of one of these entities")
				_, err = table.Query(Cover{Book: "b"}).Between(one, nil).First(ctx)
				refused(t, err, "is registered on it as Draft and as Page: say with Only, before Between, which it is")
				if last, err := table.Query(Cover{Book: "b"}).Only(pages).Between(one, nil).One(ctx); err != nil || last.(*Entry).No != 9 {
					t.Errorf("the page behind is %v, %v", last, err)
				}
				for _, e := range []*entable.Entity[Entry]{drafts, pages} {
					if key, err := e.KeyOf(one); err != nil || *key != (Entry{Book: "b", No: 1}) {
						t.Errorf("the key of %s is %v, %v", e.Name(), key, err)
					}
				}
			})
		}
	}
}

// What a method says of an example whose type is registered twice is something that can be done: with that method, or one that entities have.
func TestExamplesOfATypeThatIsRegisteredTwice(t *testing.T) {
	ctx, table := t.Context(), entable.NewTable("stored", upper...)
	drafts := entable.Register[Entry](table, entable.Name("Draft"), pk("BOOK#{book}"), sk("DRAFT#{no}"))
	pages := entable.Register[Entry](table, entable.Name("Page"), pk("BOOK#{book}"), sk("PAGE#{no:03}"))
	type shelf struct{ Covers []Cover }
	covers := entable.NewCollection[shelf](entable.Register[Cover](table, pk("BOOK#{book}"), sk("COVER")))
	of := func(_ any, err error) error { return err }
	const (
		member = "none of these is a member of the collection: give an example of one that is"
		bound  = "give a bound of another type, or use Between in the Query of one of these entities"
	)
	one := &Entry{Book: "b", No: 1}
	for _, test := range []struct {
		method string
		err    error
		want   string
	}{
		{"Table.Query", of(table.Query(one).First(ctx)), "use Query of one of these entities"},
		{"Table.QueryIndex", of(table.QueryIndex("gsi1", *one).First(ctx)), "use QueryIndex of one of these entities"},
		{"Table.BatchGet", of(table.BatchGet(ctx, []any{one})), "use BatchGet or TransactGet of one of these entities"},
		{"Table.TransactGet", of(table.TransactGet(ctx, []any{one})), "use BatchGet or TransactGet of one of these entities"},
		{"Table.KeyOf", of(table.KeyOf(one)), "use KeyOf of one of these entities"},
		{"Table.ToItem", of(table.ToItem(one)), "use ToItem of one of these entities"},
		{"Collection.Get", of(covers.Get(ctx, one)), member},
		{"Collection.Query", of(covers.Query(*one).First(ctx)), member},
		{"Collection.QueryIndex", of(covers.QueryIndex("gsi1", one).First(ctx)), member},
		{"Collection.Copy from", covers.Copy(ctx, one, Cover{Book: "c"}), member},
		{"Collection.Copy to", covers.Copy(ctx, Cover{Book: "c"}, one), member},
		{"Collection.Delete", covers.Delete(ctx, one), member},
		{"Between", of(table.Query(Cover{Book: "b"}).Between(one, nil).First(ctx)), "say with Only, before Between, which it is"},
		{"Between after Only of both", of(table.Query(Cover{Book: "b"}).Only(drafts, pages).Between(nil, one).First(ctx)), bound},
		{"Between of a collection", of(covers.Query(Cover{Book: "b"}).Between(one, nil).First(ctx)), bound},
	} {
		t.Run(test.method, func(t *testing.T) { refused(t, test.err, "is registered on it as Draft and as Page: "+test.want) })
	}
}
