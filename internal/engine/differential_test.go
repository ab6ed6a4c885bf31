package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/entable/entable/internal/engine"
	"github.com/entable/entable/internal/trial"
)

// Random requests go to the engine and to DynamoDB Local; the answers have to be the
// same, errors with their messages, but for the differences in
// testdata/differences.json. ENTABLE_SOAK=1 sends 200,000 of them, ENTABLE_REQUESTS
// any number; ENTABLE_SEED repeats a run.

// perRound is how many requests meet the same tables.
const perRound = 2_000

func TestRandomRequestsAreAnsweredAsByDynamoDBLocal(t *testing.T) {
	endpoint := localEndpoint(t)
	requests, seed := trial.Size(3_000, 200_000), trial.Seed(t)
	if n, err := strconv.Atoi(os.Getenv("ENTABLE_REQUESTS")); err == nil {
		requests = n
	}
	explained := map[string]int{}
	for round := range requests / min(perRound, requests) {
		d := &differential{T: t, endpoint: endpoint, explained: explained,
			generator: &generator{Rand: rand.New(rand.NewPCG(seed, uint64(round)))}}
		d.run(fmt.Sprintf("diff_%d_%d_", os.Getpid(), round), min(perRound, requests))
		if t.Failed() {
			break
		}
	}
	for _, id := range slices.Sorted(maps.Keys(explained)) {
		t.Logf("%6d × %s", explained[id], id)
	}
}

type differential struct {
	*testing.T
	*generator
	endpoint  string
	db        *engine.DB
	explained map[string]int
	failures  int
}

// maxFailures ends a run that has gone wrong.
const maxFailures = 20

func (d *differential) run(prefix string, requests int) {
	d.db = newDB(d.T, engine.Config{})
	for i := range 4 {
		table, def := d.table(prefix + strconv.Itoa(i))
		body := (&genRequest{body: def}).text()
		must(d.T, d.db, "CreateTable", body)
		if out := ask(d.T, d.endpoint, "CreateTable", body); refusal(out) != "" {
			d.Fatalf("%s: %v", body, out)
		}
		d.tables = append(d.tables, table)
	}
	for i := 0; i < requests && d.failures < maxFailures; i++ {
		d.compare(d.request())
	}
	if err := d.db.Check(); err != nil {
		d.Error(err)
	}
	for _, table := range d.tables {
		ask(d.T, d.endpoint, "DeleteTable", fmt.Sprintf(`{"TableName":%q}`, table.name))
	}
}

func (d *differential) compare(r *genRequest) {
	onEngine := func(op, body string) map[string]any {
		_, out := call(d.T, d.db, op, body)
		return out
	}
	onLocal := func(op, body string) map[string]any { return ask(d.T, d.endpoint, op, body) }
	got, local := d.answer(r, onEngine), d.answer(r, onLocal)
	same := got.String() == local.String()
	if !same {
		id := explain(r.operation, local, got)
		if items, _ := r.body["RequestItems"].(object); id == "" && len(items) > 1 && got.Error != "" && local.Error != "" {
			id = "listing-order" // of the tables
		}
		if id == "" && r.legacyEntries() && got.Error != "" && local.Error != "" {
			id = "listing-order" // of the entries
		}
		if id == "" && r.removes && got.Error == "" && local.Error == "" {
			id = "remove-only"
		}
		if which, _ := r.body["ReturnValues"].(string); id == "" && strings.HasPrefix(which, "UPDATED_") && updatedParts(local, got) {
			id = "updated-parts"
		}
		if id == "" {
			d.failures++
			d.Errorf("%s %s\n got   %s\n local %s\n%s", r.operation, r.text(), short(got.String()), short(local.String()), d.state(r))
		}
		d.explained[id]++
	}
	if !same || r.removes {
		d.settle(r)
	}
}

// answer sends a request, and reads to the last page if the request says so.
func (d *differential) answer(r *genRequest, send func(op, body string) map[string]any) *reply {
	reply := replyOf(send(r.operation, r.text()))
	out := reply.Answer
	if reply.Error != "" || out == nil {
		return reply
	}
	if out["ScannedCount"] == 0.0 || r.drain || slices.Contains([]string{"TransactWriteItems", "TransactGetItems"}, r.operation) {
		delete(out, "ConsumedCapacity")
	}
	if !r.drain {
		return reply
	}
	body := maps.Clone(r.body)
	for start := out["LastEvaluatedKey"]; start != nil; {
		body["ExclusiveStartKey"] = start
		page := replyOf(send(r.operation, (&genRequest{body: body}).text()))
		if page.Error != "" {
			return page
		}
		for _, name := range []string{"Count", "ScannedCount"} {
			out[name] = out[name].(float64) + page.Answer[name].(float64)
		}
		if items, ok := page.Answer["Items"].([]any); ok {
			out["Items"] = append(out["Items"].([]any), items...)
		}
		start = page.Answer["LastEvaluatedKey"]
	}
	delete(out, "LastEvaluatedKey")
	sortByText(out["Items"])
	return reply
}

// settle makes DynamoDB Local's items those of the engine, after a difference.
func (d *differential) settle(r *genRequest) {
	for _, touched := range r.touched {
		key := genRequest{body: object{"TableName": touched.table.name, "Key": touched.key}}
		_, out := call(d.T, d.db, "GetItem", key.text())
		if refusal(out) != "" {
			continue
		}
		if out["Item"] == nil {
			ask(d.T, d.endpoint, "DeleteItem", key.text())
			continue
		}
		put := genRequest{body: object{"TableName": touched.table.name, "Item": out["Item"]}}
		ask(d.T, d.endpoint, "PutItem", put.text())
	}
}

// state tells what the engine has of the items that a failed request touched.
func (d *differential) state(r *genRequest) string {
	var text strings.Builder
	for _, touched := range r.touched {
		key := genRequest{body: object{"TableName": touched.table.name, "Key": touched.key}}
		_, out := call(d.T, d.db, "GetItem", key.text())
		b, _ := json.Marshal(out)
		def := must(d.T, d.db, "DescribeTable", fmt.Sprintf(`{"TableName":%q}`, touched.table.name))
		indexes, _ := json.Marshal(touched.table.indexes)
		fmt.Fprintf(&text, " now   %s in %v %s %v\n", b, touched.table.keys, indexes, def["Table"].(map[string]any)["GlobalSecondaryIndexes"])
	}
	return text.String()
}
