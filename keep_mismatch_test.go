package entable_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

type placedLine struct {
	Order string `dynamodbav:"order"`
	No    string `dynamodbav:"no"`
	Note  string `dynamodbav:"note"`
}

// misplaced is an item that was written by hand: its fields make sk=ITEM#12, and it lies under sk=ITEM#13.
func misplaced() map[string]types.AttributeValue {
	item := key("ORDER#1", "ITEM#13")
	item["_type"], item["order"], item["no"], item["note"] = avS("placedLine"), avS("1"), avS("12"), avS("x")
	item["gsi1pk"], item["gsi1sk"] = avS("NOTE#x"), avS("NO#12")
	return item
}

func registerPlaced(t *testing.T, table *entable.Table) *entable.Entity[placedLine] {
	t.Helper()
	lines, err := entable.TryRegister[placedLine](table, entable.PK("order", entable.Prefix("ORDER")), entable.SK("no", entable.Prefix("ITEM")),
		entable.Index("gsi1", entable.PK("note", entable.Prefix("NOTE")), entable.SK("no", entable.Prefix("NO"))))
	check(t, err)
	return lines
}

func TestItemUnderAnotherKeyIsNeverHandedOut(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable(entable.GSI("gsi1"))
		lines := registerPlaced(t, table)
		check(t, lines.Put(t.Context(), &placedLine{Order: "1", No: "11", Note: "y"}))
		s.Store(table, misplaced())
		at := placedLine{Order: "1", No: "13"}
		one := func(v any, err error) error { return err }
		reads := map[string]func(context.Context) error{
			"Get":    func(ctx context.Context) error { return one(lines.Get(ctx, at)) },
			"Query":  func(ctx context.Context) error { return one(lines.Query(at).Page(ctx)) },
			"Select": func(ctx context.Context) error { return one(lines.Query(at).Equal(at).Select("no").Page(ctx)) },
			"index": func(ctx context.Context) error {
				return one(lines.QueryIndex("gsi1", placedLine{Note: "x"}).First(ctx))
			},
			"mixed":             func(ctx context.Context) error { return one(table.Query(at).Page(ctx)) },
			"Scan":              func(ctx context.Context) error { return one(lines.Scan().Page(ctx)) },
			"Table.Scan":        func(ctx context.Context) error { return one(table.Scan().Page(ctx)) },
			"BatchGet":          func(ctx context.Context) error { return one(lines.BatchGet(ctx, []placedLine{at})) },
			"TransactGet":       func(ctx context.Context) error { return one(lines.TransactGet(ctx, []placedLine{at})) },
			"Table.TransactGet": func(ctx context.Context) error { return one(table.TransactGet(ctx, []any{at})) },
			"FromItem":          func(context.Context) error { return one(lines.FromItem(misplaced())) },
			"Decode":            func(context.Context) error { return one(table.Decode(misplaced())) },
			"DecodeJSON":        func(context.Context) error { return one(table.DecodeJSON([]byte(dynamoJSON(misplaced())))) },
		}
		for name, read := range reads {
			err := read(t.Context())
			e, ok := errors.AsType[*entable.KeyMismatchError](err)
			if !ok || !entable.IsError(err) {
				t.Errorf("%s: got %v, want a KeyMismatchError", name, err)
				continue
			}
			if e.Entity != "placedLine" || e.Key != `pk="ORDER#1" sk="ITEM#13"` || e.Made != `pk="ORDER#1" sk="ITEM#12"` || e.Item["no"] == nil {
				t.Errorf("%s: got %+v", name, e)
			}
		}
		err := lines.Put(t.Context(), &placedLine{Order: "1", No: "13", Note: "y"}, entable.If(expression.Name("note").Equal(expression.Value("z"))))
		failed, ok := errors.AsType[*entable.ConditionFailedError](err)
		if !ok {
			t.Fatalf("got %v", err)
		}
		if _, raw := failed.Stored.(entable.RawItem); !raw {
			t.Errorf("a failed condition hands out %#v", failed.Stored)
		}
	})
}

type placedShard struct {
	Tenant string `dynamodbav:"tenant"`
	ID     string `dynamodbav:"id"`
	By     string `dynamodbav:"by"`
	Note   string `dynamodbav:"note"`
}

type placedParts struct {
	ID   string    `dynamodbav:"id"`
	Year int       `dynamodbav:"year"`
	At   time.Time `dynamodbav:"at"`
	Text string    `dynamodbav:"text"`
	Rate float64   `dynamodbav:"rate"`
	On   bool      `dynamodbav:"on"`
	Last string    `dynamodbav:"last"`
}

// Items that lack fields, values in every form that a key can have: the right ones are read, and those with one wrong part are
// not.
func TestRightKeysOfEveryKindAreRead(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		shards, err := entable.TryRegister[placedShard](table, entable.PK("tenant", entable.Shards(4, "by")), entable.SK("id"))
		check(t, err)
		parts, err := entable.TryRegister[placedParts](table, entable.PK("id"),
			entable.SK(entable.Literal("P"), "year", "at", entable.Literal("T"), "text", "rate", "on", "last"))
		check(t, err)
		for i := range 4 {
			check(t, shards.Put(t.Context(), &placedShard{Tenant: "t", ID: fmt.Sprint(i), By: fmt.Sprint(i), Note: "n"}))
		}
		all, err := shards.Query(placedShard{Tenant: "t"}).Select("note").Page(t.Context())
		check(t, err)
		if len(all.Items) != 4 || all.Items[0].ID == "" || all.Items[0].Note != "n" {
			t.Errorf("got %+v", all.Items)
		}
		at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
		for i, p := range []placedParts{
			{Year: 7, At: at, Text: "a", Rate: 1.5, On: true, Last: "z"},
			{Year: -7, At: at, Text: `a#"\%é <b>`, Rate: -1e100, Last: `\`},
			{Year: math.MaxInt, At: at.Truncate(time.Hour), Text: "\t", Last: "日本"},
		} {
			p.ID = fmt.Sprint(i)
			check(t, parts.Put(t.Context(), &p))
			got, err := parts.Query(p).One(t.Context())
			check(t, err)
			if got.Text != p.Text || got.Year != p.Year || !got.At.Equal(p.At) {
				t.Errorf("got %+v, want %+v", got, p)
			}
			item, err := parts.ToItem(&p)
			check(t, err)
			full, keyOnly := item, map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"], "_type": item["_type"]}
			if _, err := parts.FromItem(keyOnly); err != nil {
				t.Error(err)
			}
			for name, wrong := range map[string]types.AttributeValue{
				"year": avN("8"), "at": avS("2026-01-02T03:04:05.7Z"), "text": avS("b"), "rate": avN("2"), "last": avS("y"), "id": avS("q"),
			} {
				was := full[name]
				full[name] = wrong
				if _, err := parts.FromItem(full); !isMismatch(err) {
					t.Errorf("%s: got %v", name, err)
				}
				full[name] = was
			}
		}
		wrong, err := shards.ToItem(&placedShard{Tenant: "t", ID: "1", By: "1"})
		check(t, err)
		wrong["by"] = avS("2")
		if _, err := shards.FromItem(wrong); !isMismatch(err) {
			t.Errorf("a wrong shard: got %v", err)
		}
	})
}

func isMismatch(err error) bool {
	_, ok := errors.AsType[*entable.KeyMismatchError](err)
	return ok
}

type placedNumber struct {
	N    float64 `dynamodbav:"n"`
	B    []byte  `dynamodbav:"b"`
	Text string  `dynamodbav:"text"`
}

func TestNumberAndBinaryKeysAreCompared(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable(entable.PartitionKey("num", types.ScalarAttributeTypeN), entable.SortKey("bin", types.ScalarAttributeTypeB))
		items, err := entable.TryRegister[placedNumber](table, entable.PK("n"), entable.SK("b"))
		check(t, err)
		for _, n := range []float64{1, 1e6, 0.5, 1e-20} {
			v := placedNumber{N: n, B: []byte{1, 255}, Text: "x"}
			check(t, items.Put(t.Context(), &v))
			if _, err := items.Get(t.Context(), v); err != nil {
				t.Error(err)
			}
			item, err := items.ToItem(&v)
			check(t, err)
			was := item["n"]
			item["n"] = avN("3")
			if _, err := items.FromItem(item); !isMismatch(err) {
				t.Errorf("number: got %v", err)
			}
			item["n"], item["b"] = was, &types.AttributeValueMemberB{Value: []byte{2}}
			if _, err := items.FromItem(item); !isMismatch(err) {
				t.Errorf("binary: got %v", err)
			}
		}
	})
}

// An upgrade sees the item as it is stored; what it makes of the key's fields has to fit the key.
func TestUpgradedItemsAreCompared(t *testing.T) {
	s := onMemory(t)
	table := s.Declare()
	lines, err := entable.TryRegister[placedLine](table, entable.PK("order"), entable.SK("no"), entable.Upgrades(func(item entable.RawItem) error {
		item["no"] = item["number"]
		delete(item, "number")
		return nil
	}))
	check(t, err)
	item, err := lines.ToItem(&placedLine{Order: "1", No: "12"})
	check(t, err)
	item["number"] = item["no"]
	delete(item, "no")
	delete(item, "_v")
	got, err := lines.FromItem(item)
	check(t, err)
	if got.No != "12" {
		t.Errorf("got %+v", got)
	}
	item["number"] = avS("13")
	if _, err := lines.FromItem(item); !isMismatch(err) {
		t.Errorf("got %v", err)
	}
}
