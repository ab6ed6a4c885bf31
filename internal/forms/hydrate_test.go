package forms_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// between is a client with another writer between the read of an index and that of its items.
type between struct {
	*dynamodb.Client
	twice      bool // the first item of a page comes again at its end
	write      func()
	consistent []bool // of the reads of items
}

func (c *between) Query(ctx context.Context, in *dynamodb.QueryInput, opts ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := c.Client.Query(ctx, in, opts...)
	if err == nil && c.twice {
		out.Items = append(out.Items, out.Items[0])
	}
	if c.write != nil {
		c.write()
	}
	return out, err
}

func (c *between) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	for _, k := range in.RequestItems {
		c.consistent = append(c.consistent, aws.ToBool(k.ConsistentRead))
	}
	return c.Client.BatchGetItem(ctx, in, opts...)
}

// Note is what an index does not hold.
type Note struct {
	Book string `dynamodbav:"book"`
	ID   string `dynamodbav:"id"`
	Rank string `dynamodbav:"rank"`
	Text string `dynamodbav:"text"`

	Loaded int `dynamodbav:"-"`
}

func (n *Note) AfterLoad(context.Context) error {
	n.Loaded++
	return nil
}

// Hydrate gives each item once, as the table has it, whatever the part in the index looks like.
func TestHydrateBetweenWriters(t *testing.T) {
	ctx := t.Context()
	db := memory.New()
	t.Cleanup(db.Close)
	client := &between{Client: db.Client()}
	table := entable.NewTable("notes", entable.LSI("by-rank", entable.KeysOnly()), entable.LSI("all"))
	table.Use(client)
	wantsText := func(item entable.RawItem) error {
		item["text"] = &types.AttributeValueMemberS{Value: strings.ToLower(item["text"].(*types.AttributeValueMemberS).Value)}
		return nil
	}
	notes := entable.Register[Note](table, entable.PK("book"), entable.SK("id"), entable.Index("by-rank", entable.SK("rank")),
		entable.Index("all", entable.SK("rank")), entable.Upgrades(wantsText))
	must(t, table.CreateTable(ctx))
	for i, id := range []string{"a", "b", "c", "d"} {
		must(t, notes.Put(ctx, &Note{Book: "x", ID: id, Rank: string(rune('9' - i)), Text: "text " + id}))
	}
	query := func() *entable.Query[Note] { return notes.QueryIndex("by-rank", Note{Book: "x"}).Hydrate() }
	texts := func(skipped *int) string {
		t.Helper()
		var got []string
		for n, err := range query().SkipUnknown(skipped).Consistent(true).All(ctx) {
			must(t, err)
			if n.Loaded != 1 {
				t.Errorf("%s: %d hooks", n.ID, n.Loaded)
			}
			got = append(got, n.Text)
		}
		return strings.Join(got, ",")
	}
	if got := texts(nil); got != "text d,text c,text b,text a" {
		t.Errorf("hydrated: %q", got)
	}
	if len(client.consistent) != 1 || !client.consistent[0] {
		t.Errorf("consistent reads: %t", client.consistent)
	}
	if v, err := notes.QueryIndex("all", Note{Book: "x"}).Hydrate().First(ctx); err != nil || v.Text != "text d" || len(client.consistent) != 1 {
		t.Errorf("of an index with whole items: %+v, %v, %d reads", v, err, len(client.consistent))
	}
	client.twice = true
	if got := texts(nil); got != "text d,text c,text b,text a" {
		t.Errorf("with one item twice: %q", got)
	}
	client.write = func() {
		must(t, notes.Delete(ctx, Note{Book: "x", ID: "b"}))
		key, err := notes.GetInput(ctx, Note{Book: "x", ID: "c"})
		must(t, err)
		key.Key["_type"] = &types.AttributeValueMemberS{Value: "Newer"}
		_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("notes"), Item: key.Key})
		must(t, err)
	}
	skipped := 0
	if got := texts(&skipped); got != "text d,text a" || skipped != 1 {
		t.Errorf("after other writers: %q, %d skipped", got, skipped)
	}
}
