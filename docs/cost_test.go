package docs_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

type Part struct {
	Bin   string `dynamodbav:"bin"`
	No    int    `dynamodbav:"no"`
	Owner string `dynamodbav:"owner,omitempty"`
	Text  string `dynamodbav:"text"`
}

// Listing is a part that queries of an index may read in part.
type Listing struct {
	Bin   string `dynamodbav:"bin"`
	No    int    `dynamodbav:"no"`
	Owner string `dynamodbav:"owner,omitempty"`
	Text  string `dynamodbav:"text"`
	Part  bool   `entable:"partial"`
}

// Marked is a part with a value that no other has.
type Marked struct {
	ID   string `dynamodbav:"id"`
	Mark string `dynamodbav:"mark,omitempty" entable:"unique"`
	Text string `dynamodbav:"text"`
}

type Versioned struct {
	ID      string `dynamodbav:"id"`
	Version int    `dynamodbav:"version" entable:"version"`
}

var (
	Depot   = entable.NewTable("depot", entable.GSI("by-owner"), entable.GSI("keys", entable.KeysOnly()))
	Parts   = entable.Register[Part](Depot, entable.PK("bin"), entable.SK("no"))
	Indexed = entable.Register[Part](Depot, entable.Name("Indexed"), entable.PK("bin"), entable.SK("no"),
		entable.Index("by-owner", entable.PK("owner"), entable.SK("no")))
	Listed = entable.Register[Listing](Depot, entable.Name("Listed"), entable.PK("bin"), entable.SK("no"),
		entable.Index("keys", entable.PK("owner"), entable.SK("no")))
	Spread     = entable.Register[Part](Depot, entable.Name("Spread"), entable.PK("bin", entable.Shards(8, "no")), entable.SK("no"))
	Markeds    = entable.Register[Marked](Depot, entable.PK("id"))
	Versioneds = entable.Register[Versioned](Depot, entable.PK("id"))
	PartsText  = entable.Field(Parts, func(p *Part) *string { return &p.Text })
)

// drain reads all items of a query or a scan.
func drain[T any](all func(func(T, error) bool)) (err error) {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// operations are the rows of the table in docs/cost.md, with what is there before.
var operations = map[string]func(ctx context.Context) error{
	"`Get`": func(ctx context.Context) error { _, err := Parts.Get(ctx, Part{Bin: "a", No: 1}); return err },
	"`Get` with `Consistent(true)`": func(ctx context.Context) error {
		_, err := Parts.Get(ctx, Part{Bin: "a", No: 1}, entable.Consistent(true))
		return err
	},
	"`BatchGet` of 100": func(ctx context.Context) error {
		keys := make([]Part, 100)
		for i := range keys {
			keys[i] = Part{Bin: "a", No: i}
		}
		_, err := Parts.BatchGet(ctx, keys)
		return err
	},
	"`TransactGet` of 2": func(ctx context.Context) error {
		_, err := Parts.TransactGet(ctx, []Part{{Bin: "a", No: 1}, {Bin: "a", No: 2}})
		return err
	},
	"`Query`, `Table.Query`, `Collection.Get`, `QueryIndex`": func(ctx context.Context) error {
		return drain(Parts.Query(Part{Bin: "a"}).Less(Part{No: 10}).All(ctx))
	},
	"`Query` with a `Filter` that keeps one": func(ctx context.Context) error {
		q := Parts.Query(Part{Bin: "a"}).Less(Part{No: 10}).Filter(expression.Name("text").Equal(expression.Value("3")))
		return drain(q.All(ctx))
	},
	"`Query` with `Select` of one attribute": func(ctx context.Context) error {
		return drain(Parts.Query(Part{Bin: "a"}).Less(Part{No: 10}).Select("no").All(ctx))
	},
	"`First`": func(ctx context.Context) error { _, err := Parts.Query(Part{Bin: "a"}).First(ctx); return err },
	"`Count`": func(ctx context.Context) error {
		_, err := Parts.Query(Part{Bin: "a"}).Less(Part{No: 10}).Count(ctx)
		return err
	},
	"`Query` of 8 `Shards`": func(ctx context.Context) error { return drain(Spread.Query(Part{Bin: "a"}).All(ctx)) },
	"`QueryIndex` with `Hydrate`": func(ctx context.Context) error {
		return drain(Listed.QueryIndex("keys", Listing{Owner: "ann"}).Hydrate().All(ctx))
	},
	"`QueryIndex` with `Partial`": func(ctx context.Context) error {
		return drain(Listed.QueryIndex("keys", Listing{Owner: "ann"}).Partial().All(ctx))
	},
	"`Put`, `Create`":     func(ctx context.Context) error { return Parts.Create(ctx, &Part{Bin: "b", Text: "new"}) },
	"`Put` into an index": func(ctx context.Context) error { return Indexed.Put(ctx, &Part{Bin: "b", Owner: "bob"}) },
	"`Put` that moves the item in an index": func(ctx context.Context) error {
		return Indexed.Put(ctx, &Part{Bin: "a", No: 1, Owner: "bob"})
	},
	"`Create` with a `unique` value": func(ctx context.Context) error { return Markeds.Create(ctx, &Marked{ID: "b", Mark: "y"}) },
	"`Put` with a `version`": func(ctx context.Context) error {
		return Versioneds.Put(ctx, &Versioned{ID: "a", Version: 1})
	},
	"`Put` with a `unique` value that stays": func(ctx context.Context) error {
		return Markeds.Put(ctx, &Marked{ID: "a", Mark: "x", Text: "changed"})
	},
	"`Update`, `Patch`, `SaveChanges`": func(ctx context.Context) error {
		return Parts.Update(Part{Bin: "a", No: 1}).Apply(PartsText.Set("changed")).Do(ctx)
	},
	"`SaveChanges` of nothing": func(ctx context.Context) error {
		return Parts.SaveChanges(ctx, Part{Bin: "a", No: 1}, &Part{Bin: "a", No: 1})
	},
	"`Update` of a `unique` value with `Fetch`": func(ctx context.Context) error {
		return Markeds.Update(Marked{ID: "a"}).Set("mark", "z").Fetch().Do(ctx)
	},
	"`Update` with `Once`": func(ctx context.Context) error {
		return Parts.Update(Part{Bin: "a", No: 1}).Apply(PartsText.Set("changed")).Once().Do(ctx)
	},
	"`Update` with `Once` and `Updated`": func(ctx context.Context) error {
		_, err := Parts.Update(Part{Bin: "a", No: 1}).Apply(PartsText.Set("changed")).Once().Updated(ctx)
		return err
	},
	"`Delete`, `Remove`":             func(ctx context.Context) error { return Parts.Delete(ctx, Part{Bin: "a", No: 1}) },
	"`Delete` with a `unique` value": func(ctx context.Context) error { return Markeds.Delete(ctx, Marked{ID: "a"}) },
	"`BatchWrite` of 100 puts": func(ctx context.Context) error {
		var writes []entable.Write
		for i := range 100 {
			writes = append(writes, Parts.PutOp(&Part{Bin: "b", No: i}))
		}
		return entable.BatchWrite(ctx, writes)
	},
	"`Transact` of 2 puts": func(ctx context.Context) error {
		return entable.Transact(ctx, []entable.Write{Parts.PutOp(&Part{Bin: "b", No: 1}), Parts.PutOp(&Part{Bin: "b", No: 2})})
	},
	"`Transact` of a put and a `CheckOp`": func(ctx context.Context) error {
		return entable.Transact(ctx, []entable.Write{Parts.PutOp(&Part{Bin: "b", No: 1}), Parts.CheckOp(Part{Bin: "a", No: 1}, PartsText.Exists())})
	},
	"`Scan` of 223 items":       func(ctx context.Context) error { return drain(Parts.Scan().All(ctx)) },
	"`Verify`, nothing new":     Depot.Verify,
	"`Ensure`, nothing missing": func(ctx context.Context) error { return Depot.Ensure(ctx) },
}

// stocked returns a database with parts: 100 in bin a of each kind, but ten for the index.
func stocked(t *testing.T) *memory.DB {
	t.Helper()
	db := memory.New()
	t.Cleanup(db.Close)
	ctx := entable.WithClient(t.Context(), db.Client())
	check(Depot.CreateTable(ctx))
	check(Depot.Verify(ctx))
	w := entable.NewBatchWriter()
	for i := range 100 {
		check(w.Write(ctx, Parts.PutOp(&Part{Bin: "a", No: i, Text: strconv.Itoa(i)})))
		check(w.Write(ctx, Spread.PutOp(&Part{Bin: "a", No: i})))
	}
	for i := range 10 {
		check(w.Write(ctx, Listed.PutOp(&Listing{Bin: "a", No: i, Owner: "ann"}), Indexed.PutOp(&Part{Bin: "a", No: i, Owner: "ann"})))
	}
	check(w.Close(ctx))
	check(Markeds.Create(ctx, &Marked{ID: "a", Mark: "x"}))
	check(Versioneds.Create(ctx, &Versioned{ID: "a"}))
	return db
}

// The table of the guide is what the operations cost.
func TestCostsOfTheGuide(t *testing.T) {
	rows := map[string]string{}
	for line := range strings.Lines(read(t, "docs/cost.md")) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) == 8 && strings.HasPrefix(cells[1], " `") {
			rows[strings.TrimSpace(cells[1])] = strings.Join(strings.Fields(strings.Join(cells[2:5], " ")), " ")
		}
	}
	state := stocked(t).Snapshot()
	for name, run := range operations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := memory.New()
			defer db.Close()
			db.Restore(state)
			log := db.Log()
			defer log.Stop()
			if err := run(entable.WithClient(t.Context(), db.Client())); err != nil {
				t.Fatal(err)
			}
			got := number(float64(len(log.Requests()))) + " " + number(log.ReadUnits()) + " " + number(log.WriteUnits())
			if rows[name] != got {
				t.Errorf("it costs %q, and docs/cost.md says %q", got, rows[name])
			}
		})
	}
	for name := range rows {
		if operations[name] == nil {
			t.Errorf("docs/cost.md has %s, which is not tested", name)
		}
	}
}

// number returns a number as the table has it.
func number(n float64) string {
	if n == 0 {
		return "–"
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

func Example_stats() {
	ctx := start(Bank)
	check(Wallets.Create(ctx, &Wallet{Owner: "ann", Cents: 1000}))
	check(Wallets.Create(ctx, &Wallet{Owner: "bob"}))

	var stats entable.Stats
	err := transfer(entable.WithStats(ctx, &stats), &Transfer{From: "ann", To: "bob", Cents: 300}, rand.Text())
	check(err)
	for subject, cost := range stats.BySubject() {
		fmt.Println(subject.Operation, cost.Requests, cost.Retries, cost.WriteUnits)
	}
	// Output: TransactWriteItems 1 0 8
}
