package infra_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/infra"
	"github.com/entable/entable/memory"
	"github.com/entable/entable/stream"
)

type member struct {
	Club  string `dynamodbav:"club"`
	No    int    `dynamodbav:"no"`
	Email string `dynamodbav:"email" entable:"unique"`
	Until int64  `dynamodbav:"until" entable:"ttl"`
}

type court struct {
	Club  string `dynamodbav:"club"`
	No    int    `dynamodbav:"no"`
	State string `dynamodbav:"state,omitempty"`
	Rank  string `dynamodbav:"rank"`
	Day   string `dynamodbav:"day,omitempty"`
}

// paper has keys with characters that a pattern reads otherwise.
type paper struct {
	Club string `dynamodbav:"club"`
	Name string `dynamodbav:"name"`
}

// mover is at two places.
type mover struct {
	Club string `dynamodbav:"club"`
	No   int    `dynamodbav:"no"`
	Note string `dynamodbav:"note"`
}

// club is a table with what a policy has to take care of.
type club struct {
	table       *entable.Table
	members     *entable.Entity[member]
	courts      *entable.Entity[court]
	papers      *entable.Entity[paper]
	movers      *entable.Entity[mover]
	checkpoints *stream.TableCheckpoints
	db          *memory.DB
}

func newClub(t testing.TB, name string) *club {
	table := entable.NewTable(name, entable.GSI("by-state", entable.KeysOnly()), entable.LSI("by-rank"), entable.GSI("by-name"))
	c := &club{table: table, db: memory.New()}
	t.Cleanup(c.db.Close)
	c.members = entable.Register[member](table, entable.Name("club member"), entable.PK("club", entable.Prefix("CLUB")), entable.SK("no", entable.Prefix("M")))
	c.courts = entable.Register[court](table, entable.PK("club", entable.Prefix("COURT")), entable.SK("no"),
		entable.Index("by-state", entable.PK("state", entable.Prefix("STATE")), entable.SK("rank")),
		entable.Index("by-rank", entable.SK("rank", entable.Prefix("RANK"))))
	c.papers = entable.Register[paper](table, entable.PK(entable.Template("*{club}?$a")), entable.SK(entable.Template("P#{name}")),
		entable.Index("by-name", entable.PK(entable.Template("{name}")), entable.SK("club")))
	c.movers = entable.Register[mover](table, entable.PK("club", entable.Prefix("NEW")), entable.SK("no"), entable.Moved(entable.PK("club", entable.Prefix("OLD"))),
		entable.Index("by-state", entable.PK("note", entable.Prefix("NOTE")), entable.SK("no")))
	c.checkpoints = stream.NewTableCheckpoints(table, "worker")
	table.Use(c.db.Client())
	return c
}

// filled creates the table, with items.
func (c *club) filled(t testing.TB) {
	ctx := t.Context()
	check(t, c.table.CreateTable(ctx, func(in *dynamodb.CreateTableInput) {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
	}))
	check(t, entable.BatchWrite(ctx, []entable.Write{
		c.members.PutOp(&member{Club: "a", No: 1, Email: "m@x"}), c.members.PutOp(&member{Club: "a", No: 2, Email: "n@x"}),
		c.movers.PutOp(&mover{Club: "a", No: 1, Note: "n"}),
		c.courts.PutOp(&court{Club: "a", No: 1, State: "open", Rank: "r", Day: "d"}), c.papers.PutOp(&paper{Club: "a", Name: "p"}),
	}))
}

func all[T any](t testing.TB, ctx context.Context, list func(yield func(T, error) bool)) {
	t.Helper()
	n := 0
	for _, err := range list {
		check(t, err)
		n++
	}
	if n == 0 {
		t.Error("nothing was read")
	}
}

// programs are what the grants beside them allow, no more and no less.
var programs = []struct {
	name   string
	grants func(c *club) []infra.Grant
	run    func(t *testing.T, ctx context.Context, c *club)
	before func(t *testing.T, ctx context.Context, c *club) // nil: nothing
}{
	{"get", func(c *club) []infra.Grant { return []infra.Grant{infra.Allow(infra.Get, c.courts, c.papers)} }, func(t *testing.T, ctx context.Context, c *club) {
		_, err := c.courts.Get(ctx, court{Club: "a", No: 1})
		check(t, err)
		_, err = c.table.TransactGet(ctx, []any{court{Club: "a", No: 1}, paper{Club: "a", Name: "p"}})
		check(t, err)
	}, nil},
	{"batch get", func(c *club) []infra.Grant {
		return []infra.Grant{infra.Allow(infra.BatchGet, c.courts, c.members, c.papers)}
	}, func(t *testing.T, ctx context.Context, c *club) {
		_, err := c.table.BatchGet(ctx, []any{court{Club: "a", No: 1}, member{Club: "a", No: 1}, paper{Club: "a", Name: "p"}})
		check(t, err)
	}, nil},
	{"query", func(c *club) []infra.Grant { return []infra.Grant{infra.Allow(infra.Query, c.members, c.papers)} }, func(t *testing.T, ctx context.Context, c *club) {
		all(t, ctx, c.members.Query(member{Club: "a"}).All(ctx))
		all(t, ctx, c.table.Query(paper{Club: "a"}).All(ctx))
		_, err := c.members.Query(member{Club: "a"}).Count(ctx)
		check(t, err)
	}, nil},
	{"index", func(c *club) []infra.Grant {
		return []infra.Grant{infra.AllowIndex("by-state", infra.Query, c.courts), infra.Allow(infra.BatchGet, c.courts),
			infra.AllowIndex("by-rank", infra.Query, c.courts), infra.AllowIndex("by-name", infra.Query|infra.Scan, c.papers)}
	}, func(t *testing.T, ctx context.Context, c *club) {
		all(t, ctx, c.courts.QueryIndex("by-state", court{State: "open"}).Hydrate().All(ctx))
		all(t, ctx, c.courts.QueryIndex("by-rank", court{Club: "a"}).All(ctx))
		all(t, ctx, c.papers.QueryIndex("by-name", paper{Name: "p"}).All(ctx))
		all(t, ctx, c.papers.Scan().Index("by-name").All(ctx))
	}, nil},
	{"scan", func(c *club) []infra.Grant { return []infra.Grant{infra.Allow(infra.Scan, c.papers)} }, func(t *testing.T, ctx context.Context, c *club) {
		all(t, ctx, c.papers.Scan().Segments(2).All(ctx))
	}, nil},
	{"put", func(c *club) []infra.Grant { return []infra.Grant{infra.Allow(infra.Put, c.courts, c.papers)} }, func(t *testing.T, ctx context.Context, c *club) {
		check(t, c.courts.Put(ctx, &court{Club: "b", No: 1, State: "x", Rank: "y"}))
		check(t, c.papers.Create(ctx, &paper{Club: "b", Name: "x"}))
		check(t, entable.Transact(ctx, []entable.Write{c.courts.PutOp(&court{Club: "b", No: 1, State: "x", Rank: "z"}), c.papers.PutOp(&paper{Club: "b", Name: "y"})}))
	}, nil},
	{"put unique", func(c *club) []infra.Grant { return []infra.Grant{infra.Allow(infra.Put, c.members)} }, func(t *testing.T, ctx context.Context, c *club) {
		v := member{Club: "b", No: 3, Email: "o@x"}
		check(t, c.members.Create(ctx, &v))
		v.Email = "p@x"
		check(t, c.members.Put(ctx, &v))
	}, nil},
	{"update unique", func(c *club) []infra.Grant { return []infra.Grant{infra.Allow(infra.Update, c.members)} }, func(t *testing.T, ctx context.Context, c *club) {
		v := member{Club: "a", No: 1, Email: "m@x"}
		check(t, c.members.Patch(&v).Set("email", "q@x").Do(ctx))
	}, nil},
	{"update", func(c *club) []infra.Grant { return []infra.Grant{infra.Allow(infra.Update, c.courts)} }, func(t *testing.T, ctx context.Context, c *club) {
		v := court{Club: "a", No: 1, State: "open", Rank: "r", Day: "d"}
		check(t, c.courts.Patch(&v).Set("day", "e").Do(ctx))
		check(t, c.courts.Update(v).Set("day", "f").Once().Do(ctx))
		check(t, entable.Transact(ctx, []entable.Write{c.courts.Update(v).Set("day", "g")}))
		before := v
		v.Rank = "s"
		check(t, c.courts.SaveChanges(ctx, before, &v))
	}, nil},
	{"fetch", func(c *club) []infra.Grant { return []infra.Grant{infra.Allow(infra.Fetch, c.courts)} }, func(t *testing.T, ctx context.Context, c *club) {
		check(t, c.courts.Update(court{Club: "a", No: 1}).Set("state", "shut").Fetch().Do(ctx))
	}, nil},
	{"delete", func(c *club) []infra.Grant { return []infra.Grant{infra.Allow(infra.Delete, c.members, c.papers)} }, func(t *testing.T, ctx context.Context, c *club) {
		check(t, c.members.Delete(ctx, member{Club: "a", No: 1}))
		check(t, c.members.Remove(ctx, &member{Club: "a", No: 2, Email: "n@x"}))
		check(t, c.papers.Delete(ctx, paper{Club: "a", Name: "p"}))
	}, nil},
	{"batch write", func(c *club) []infra.Grant { return []infra.Grant{infra.Allow(infra.BatchWrite, c.courts, c.papers)} }, func(t *testing.T, ctx context.Context, c *club) {
		check(t, entable.BatchWrite(ctx, []entable.Write{c.courts.PutOp(&court{Club: "c", No: 1, State: "x", Rank: "y"}), c.papers.DeleteOp(paper{Club: "a", Name: "p"})}))
	}, nil},
	{"check", func(c *club) []infra.Grant {
		return []infra.Grant{infra.Allow(infra.Check, c.courts), infra.Allow(infra.Put, c.papers)}
	}, func(t *testing.T, ctx context.Context, c *club) {
		check(t, entable.Transact(ctx, []entable.Write{c.papers.PutOp(&paper{Club: "b", Name: "x"}),
			c.courts.CheckOp(court{Club: "a", No: 1}, expression.Name("day").Equal(expression.Value("d")))}))
	}, nil},
	{"items at two places", func(c *club) []infra.Grant {
		return []infra.Grant{infra.Allow(infra.Read|infra.Scan|infra.Write, c.movers), infra.AllowIndex("by-state", infra.Query, c.movers)}
	}, func(t *testing.T, ctx context.Context, c *club) {
		for no := range 4 {
			v := mover{Club: "a", No: no + 1, Note: "n"}
			_, err := c.movers.Get(ctx, v)
			check(t, err)
			_, err = c.movers.BatchGet(ctx, []mover{v, {Club: "a", No: 9}})
			check(t, err)
			_, err = c.movers.Query(mover{Club: "a"}).Page(ctx)
			check(t, err)
			all(t, ctx, c.movers.Scan().All(ctx))
			all(t, ctx, c.movers.QueryIndex("by-state", mover{Note: "n"}).Hydrate().All(ctx))
			check(t, entable.Transact(ctx, []entable.Write{c.movers.CheckOp(v, expression.AttributeExists(expression.Name("note")))}))
			switch no {
			case 0:
				check(t, c.movers.Put(ctx, &v))
			case 1:
				check(t, c.movers.Update(v).Set("note", "n").Do(ctx))
			case 2:
				check(t, c.movers.Delete(ctx, v))
			case 3:
				check(t, c.movers.Update(v).Set("note", "n").Fetch().Do(ctx))
				check(t, c.movers.Create(ctx, &mover{Club: "b", No: 1, Note: "n"}))
				check(t, entable.BatchWrite(ctx, []entable.Write{c.movers.PutOp(&mover{Club: "b", No: 2, Note: "n"}), c.movers.DeleteOp(v)}))
			}
		}
	}, func(t *testing.T, ctx context.Context, c *club) {
		for no := range 4 { // at the old place
			item, err := c.movers.ToItem(&mover{Club: "a", No: no + 1, Note: "n"})
			check(t, err)
			check(t, c.movers.Delete(ctx, mover{Club: "a", No: no + 1}))
			item["pk"] = &types.AttributeValueMemberS{Value: "OLD#a"}
			_, err = c.db.Client().PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(c.table.Name()), Item: item})
			check(t, err)
		}
	}},
	{"verify", func(*club) []infra.Grant { return []infra.Grant{infra.AllowTable(infra.Verify)} }, func(t *testing.T, ctx context.Context, c *club) {
		check(t, c.table.Verify(ctx))
		check(t, c.table.Verify(ctx))
	}, nil},
	{"compare", func(*club) []infra.Grant { return []infra.Grant{infra.AllowTable(infra.Compare)} }, func(t *testing.T, ctx context.Context, c *club) {
		if list, err := c.table.Diff(ctx); err != nil || len(list) > 0 {
			t.Errorf("%v, %v", list, err)
		}
		if there, err := c.table.Exists(ctx); err != nil || !there {
			t.Error(there, err)
		}
		check(t, c.table.Ensure(ctx))
		check(t, c.table.Require(ctx))
	}, nil},
	{"add indexes", func(*club) []infra.Grant { return []infra.Grant{infra.AllowTable(infra.AddIndexes)} }, func(t *testing.T, ctx context.Context, c *club) {
		check(t, c.table.AddIndexes(ctx))
	}, func(t *testing.T, ctx context.Context, c *club) {
		for _, g := range c.table.CreateInput().GlobalSecondaryIndexes {
			_, err := c.db.Client().UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: aws.String(c.table.Name()),
				GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: g.IndexName}}}})
			check(t, err)
		}
	}},
	{"drop and create", func(*club) []infra.Grant { return []infra.Grant{infra.AllowTable(infra.Create | infra.Drop)} }, func(t *testing.T, ctx context.Context, c *club) {
		check(t, c.table.DeleteTable(ctx))
		check(t, c.table.CreateTable(ctx))
	}, nil},
	{"ensure", func(*club) []infra.Grant { return []infra.Grant{infra.AllowTable(infra.Ensure)} }, func(t *testing.T, ctx context.Context, c *club) {
		check(t, c.table.Ensure(ctx))
		check(t, c.table.Ensure(ctx))
	}, func(t *testing.T, ctx context.Context, c *club) { check(t, c.table.DeleteTable(ctx)) }},
	{"audit", func(*club) []infra.Grant { return []infra.Grant{infra.AllowTable(infra.Audit)} }, func(t *testing.T, ctx context.Context, c *club) {
		all(t, ctx, c.table.Audit(ctx, entable.AuditOptions{Segments: 2}))
	}, damage},
	{"repair", func(*club) []infra.Grant { return []infra.Grant{infra.AllowTable(infra.Repair)} }, func(t *testing.T, ctx context.Context, c *club) {
		for f, err := range c.table.Audit(ctx, entable.AuditOptions{Repair: true}) {
			check(t, err)
			if !f.Repaired {
				t.Errorf("%+v", f)
			}
		}
	}, damage},
	{"stream", func(*club) []infra.Grant {
		return []infra.Grant{infra.AllowTable(infra.Stream | infra.Checkpoints)}
	}, func(t *testing.T, ctx context.Context, c *club) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		h := stream.NewHandler(c.table, stream.On(c.papers, func(context.Context, stream.Change[paper]) error {
			cancel()
			return nil
		}), stream.Else(func(context.Context, *stream.Record) error { return nil }))
		if err := h.Poll(ctx, c.db.StreamsClient(), stream.PollOptions{Checkpoints: c.checkpoints}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		check(t, c.checkpoints.Forget(context.WithoutCancel(ctx), "s", "t"))
	}, nil},
}

// damage takes an index key and a sentinel away, and adds a sentinel of a value that nobody has.
func damage(t *testing.T, ctx context.Context, c *club) {
	client, name := c.db.Client(), aws.String(c.table.Name())
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	key, err := c.courts.ToItem(&court{Club: "a", No: 1, State: "open", Rank: "r"})
	check(t, err)
	_, err = client.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: name, Key: map[string]types.AttributeValue{"pk": key["pk"], "sk": key["sk"]},
		UpdateExpression: aws.String("SET #a = :wrong"), ExpressionAttributeNames: map[string]string{"#a": "by-statepk"}, ExpressionAttributeValues: map[string]types.AttributeValue{":wrong": text("STATE#x")}})
	check(t, err)
	sentinel := func(value string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{"pk": text("_unique#club%20member#email#" + value), "sk": text("A")}
	}
	_, err = client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: name, Key: sentinel("m@x")})
	check(t, err)
	orphan := sentinel("nobody")
	orphan["_type"] = text("_unique")
	orphan["owner"] = &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"pk": text("CLUB#a"), "sk": text("M#9")}}
	_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: name, Item: orphan})
	check(t, err)
}

// Each program is allowed all that it does, and nothing of the policy can be taken away.
func TestPoliciesAreEnoughAndNoMore(t *testing.T) {
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			c := newClub(t, "club")
			c.filled(t)
			d, err := infra.Policy(c.table, p.grants(c)...)
			check(t, err)
			if p.before != nil {
				p.before(t, t.Context(), c)
			}
			log := c.db.Log()
			p.run(t, t.Context(), c)
			log.Stop()
			rules, requests := rulesOf(t, d), log.Requests()
			if list := denied(rules, requests); len(list) > 0 {
				t.Errorf("denied: %q\n%s", list, d.JSON())
			}
			for what, less := range without(rules) {
				if len(denied(less, requests)) == 0 {
					t.Errorf("nothing needs %s\n%q\n%s", what, log.Permissions(), d.JSON())
				}
			}
		})
	}
}

// One program that does everything has one policy, and what it was not granted it cannot do.
func TestPoliciesOfSeveralGrants(t *testing.T) {
	c := newClub(t, "club")
	c.filled(t)
	d, err := infra.Policy(c.table, infra.Allow(infra.Read|infra.Put|infra.Update, c.courts), infra.Allow(infra.Get, c.papers), infra.AllowTable(infra.Verify))
	check(t, err)
	rules, ctx := rulesOf(t, d), t.Context()
	did := func(f func() error) []string {
		log := c.db.Log()
		defer log.Stop()
		check(t, f())
		return denied(rules, log.Requests())
	}
	for name, may := range map[string]func() error{
		"verify": func() error { return c.table.Verify(ctx) },
		"get": func() error {
			_, err := c.table.TransactGet(ctx, []any{court{Club: "a", No: 1}, paper{Club: "a", Name: "p"}})
			return err
		},
		"put": func() error { return c.courts.Put(ctx, &court{Club: "a", No: 1, State: "x", Rank: "r"}) },
	} {
		if list := did(may); len(list) > 0 {
			t.Errorf("%s: denied %q", name, list)
		}
	}
	for name, may := range map[string]func() error{
		"another's item": func() error { _, err := c.members.Get(ctx, member{Club: "a", No: 1}); return err },
		"some of a batch": func() error {
			_, err := c.table.BatchGet(ctx, []any{court{Club: "a", No: 1}, paper{Club: "a", Name: "p"}})
			return err
		},
		"another operation": func() error { return c.papers.Put(ctx, &paper{Club: "a", Name: "q"}) },
		"another's query":   func() error { _, err := c.members.Query(member{Club: "a"}).Count(ctx); return err },
		"an index":          func() error { _, err := c.courts.QueryIndex("by-rank", court{Club: "a"}).Count(ctx); return err },
		"a scan":            func() error { _, err := c.courts.Scan().Count(ctx); return err },
		"a part of a change": func() error {
			return entable.Transact(ctx, []entable.Write{c.courts.PutOp(&court{Club: "a", No: 4, Rank: "r", State: "x"}), c.papers.PutOp(&paper{Club: "a", Name: "r"})})
		},
		"the table": func() error { _, err := c.table.Exists(ctx); return err },
	} {
		if list := did(may); len(list) == 0 {
			t.Errorf("%s is allowed\n%s", name, d.JSON())
		}
	}
}

// What IAM cannot tell is allowed, and said.
func TestPoliciesSayWhereTheyAreWide(t *testing.T) {
	type counter struct {
		N int `dynamodbav:"n"`
	}
	numbers := entable.NewTable("numbers", entable.PartitionKey("n", types.ScalarAttributeTypeN), entable.NoSortKey())
	counters := entable.Register[counter](numbers)
	type bare struct {
		ID string `dynamodbav:"id"`
		No int    `dynamodbav:"no"`
	}
	type twin bare
	type kanji bare
	type native struct {
		ID     string `dynamodbav:"id"`
		Region string `dynamodbav:"region"`
	}
	table := entable.NewTable("wide", entable.GSI("by-region", entable.MultiAttribute(), entable.PartitionKey("region", types.ScalarAttributeTypeS)))
	bares := entable.Register[bare](table, entable.PK("id", entable.NoPrefix()), entable.SK("no", entable.Prefix("BARE")))
	twins := entable.Register[twin](table, entable.PK("id", entable.PrefixOf(bares)), entable.SK("no", entable.Prefix("TWIN")))
	kanjis := entable.Register[kanji](table, entable.PK(entable.Template("漢#{id}")), entable.SK("no"))
	natives := entable.Register[native](table, entable.Index("by-region"))
	_ = twins
	for _, test := range []struct {
		table *entable.Table
		grant infra.Grant
		notes []string
	}{
		{numbers, infra.Allow(infra.Get, counters), []string{"the partition key of counter is no string: dynamodb:LeadingKeys has no pattern for it"}},
		{table, infra.Allow(infra.Get, bares), []string{"the partition key of bare has no fixed text: what is allowed of it is allowed of all partitions",
			"items of twin are in the partitions of bare, and what is allowed of one is allowed of all"}},
		{table, infra.Allow(infra.Get, kanjis), []string{"the partition key of kanji has characters that a policy cannot have: what is allowed of it is allowed of all partitions"}},
		{table, infra.Allow(infra.Scan|infra.Get, natives), []string{"a Scan sees the items of all entities: no condition can keep it to native"}},
		{table, infra.AllowIndex("by-region", infra.Query, natives), []string{`the keys of index "by-region" are attributes of the entities: queries of it are not kept to partitions`}},
		{table, infra.AllowTable(infra.Audit), []string{"an Audit reads all items"}},
	} {
		d, err := infra.Policy(test.table, test.grant)
		check(t, err)
		if !slices.Equal(d.Notes, test.notes) {
			t.Errorf("notes %q, want %q", d.Notes, test.notes)
		}
		if strings.Contains(string(d.JSON()), "LeadingKeys") != (test.notes[0][:6] == "a Scan") {
			t.Errorf("%q and\n%s", d.Notes, d.JSON())
		}
	}
}

func TestWrongGrants(t *testing.T) {
	c, other := newClub(t, "club"), newClub(t, "other")
	for want, grants := range map[string][]infra.Grant{
		`table "club": cannot make a policy that allows nothing: say what the program does`:                             nil,
		`table "club": cannot allow entities 0x0: give Get, Query, Put and the others that are about items`:             {infra.Allow(0, c.courts)},
		`table "club": cannot allow entities 0x100000: give Get, Query, Put and the others that are about items`:        {infra.Allow(infra.Verify, c.courts)},
		`table "club": cannot allow anything without an entity: say of which items it is`:                               {infra.Allow(infra.Get)},
		`table "club": cannot allow court: it is not registered on table "club"`:                                        {infra.Allow(infra.Get, other.courts)},
		`table "club": cannot allow *entable.Entity[github.com/entable/entable/infra_test.court]: it is not registered`: {infra.Allow(infra.Get, new(entable.Entity[court]))},
		`table "club": cannot allow index "by-name" 0x1: an index has Query and Scan`:                                   {infra.AllowIndex("by-name", infra.Get, c.papers)},
		`table "club": cannot allow index "by-name": court is not in it`:                                                {infra.AllowIndex("by-name", infra.Query, c.courts)},
		`table "club": cannot allow the table 0x1: give Verify, Audit and the others that are about tables`:             {infra.AllowTable(infra.Get)},
	} {
		if _, err := infra.Policy(c.table, grants...); err == nil || err.Error() != "entable: infra: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	table := entable.NewTable("arn:aws-cn:dynamodb:cn-north-1:123456789012:table/items")
	items := entable.Register[court](table)
	for want, grants := range map[string][]infra.Grant{
		table.Name():                           nil,
		"arn:aws:dynamodb:eu-west-1:1:table/x": {infra.ARN("arn:aws:dynamodb:eu-west-1:1:table/x")},
	} {
		d, err := infra.Policy(table, append(grants, infra.Allow(infra.Get, items))...)
		if err != nil || d.Statement[0].Resource != want {
			t.Errorf("%+v, %v", d, err)
		}
	}
	if _, err := infra.Policy(table, infra.AllowTable(infra.Checkpoints)); err == nil || !strings.Contains(err.Error(), "cannot allow Checkpoints") {
		t.Error(err)
	}
}
