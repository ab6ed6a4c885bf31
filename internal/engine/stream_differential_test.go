package engine_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/entable/entable/internal/engine"
	"github.com/entable/entable/internal/trial"
)

// Random writes go to the engine and to DynamoDB Local, and after each of them what the
// streams say of it has to be the same. A write that the two answer differently is left out: that
// is the matter of the other test. ENTABLE_SOAK=1 sends 20,000 writes, ENTABLE_SEED repeats a run.

func TestStreamsOfRandomWritesAreThoseOfDynamoDBLocal(t *testing.T) {
	endpoint := localEndpoint(t)
	writes, seed := trial.Size(300, 20_000), trial.Seed(t)
	compared := 0
	for round := range max(1, writes/perRound) {
		d := &streamDifferential{differential: differential{T: t, endpoint: endpoint, explained: map[string]int{},
			generator: &generator{Rand: rand.New(rand.NewPCG(seed, uint64(round)))}}}
		d.run(fmt.Sprintf("streams_%d_%d_", os.Getpid(), round), min(perRound, writes))
		compared += d.compared
		if t.Failed() {
			return
		}
	}
	t.Logf("%d records of %d writes", compared, writes)
	if compared < writes/4 {
		t.Errorf("only %d records", compared)
	}
}

type streamDifferential struct {
	differential
	engine, local *streamReader
	compared      int
}

func (d *streamDifferential) run(prefix string, writes int) {
	d.db = newDB(d.T, engine.Config{})
	d.engine = newStreamReader(d.T, func(op, body string) map[string]any {
		_, out := call(d.T, d.db, op, body)
		return out
	})
	d.local = newStreamReader(d.T, func(op, body string) map[string]any { return ask(d.T, d.endpoint, op, body) })
	for i, view := range []string{"NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"} {
		table, def := d.table(prefix + strconv.Itoa(i))
		def["StreamSpecification"] = object{"StreamEnabled": true, "StreamViewType": view}
		body := (&genRequest{body: def}).text()
		d.tables = append(d.tables, table)
		for _, r := range []*streamReader{d.engine, d.local} {
			if out := r.send("CreateTable", body); refusal(out) != "" {
				d.Fatalf("%s: %v", body, out)
			}
		}
	}
	for i := 0; i < writes && d.failures < maxFailures; {
		r := d.request()
		if slices.Contains([]string{"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}, r.operation) {
			d.compareStreams(r)
			i++
		}
	}
	for _, table := range d.tables {
		d.local.send("DeleteTable", fmt.Sprintf(`{"TableName":%q}`, table.name))
	}
}

func (d *streamDifferential) compareStreams(r *genRequest) {
	got, local := replyOf(d.engine.send(r.operation, r.text())), replyOf(d.local.send(r.operation, r.text()))
	differs := (got.Error == "") != (local.Error == "") || r.removes
	names := map[string]bool{}
	for _, touched := range r.touched {
		names[touched.table.name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		ours, locals := d.engine.news(name), d.local.news(name)
		d.compared += len(ours)
		if !differs && !sameNumbers(any(ours), any(locals)) {
			d.failures++
			d.Errorf("%s %s\n got   %v\n local %v", r.operation, r.text(), ours, locals)
		}
	}
	if differs {
		d.settle(r)
		for name := range names {
			d.local.news(name)
		}
	}
}

// A streamReader reads the streams of tables that have one shard each.
type streamReader struct {
	*testing.T
	send      func(op, body string) map[string]any
	iterators map[string]string // by table, once there are records
}

func newStreamReader(t *testing.T, send func(op, body string) map[string]any) *streamReader {
	return &streamReader{t, send, map[string]string{}}
}

// open gives an iterator in front of all records.
func (s *streamReader) open(table string) string {
	streams := asList(s.send("ListStreams", fmt.Sprintf(`{"TableName":%q}`, table))["Streams"])
	if len(streams) != 1 {
		s.Fatalf("streams of %s: %v", table, streams)
	}
	arn := streams[0].(map[string]any)["StreamArn"]
	shards := asList(s.send("DescribeStream", fmt.Sprintf(`{"StreamArn":%q}`, arn))["StreamDescription"].(map[string]any)["Shards"])
	it := s.send("GetShardIterator", fmt.Sprintf(`{"StreamArn":%q,"ShardId":%q,"ShardIteratorType":"TRIM_HORIZON"}`, arn, shards[0].(map[string]any)["ShardId"]))
	return it["ShardIterator"].(string)
}

// news reads the records that a table's stream has had since the last time, without what no two streams agree on, in
// the order of their texts: a batch's writes have no order.
func (s *streamReader) news(table string) []any {
	it := s.iterators[table]
	if it == "" {
		it = s.open(table)
	}
	out := s.send("GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, it))
	next, ok := out["NextShardIterator"].(string)
	if !ok {
		s.Fatalf("GetRecords: %v", out)
	}
	list := []any{}
	for _, r := range asList(out["Records"]) {
		r := r.(map[string]any)
		body := r["dynamodb"].(map[string]any)
		delete(body, "SequenceNumber")
		delete(body, "ApproximateCreationDateTime")
		list = append(list, map[string]any{"name": r["eventName"], "version": r["eventVersion"], "source": r["eventSource"], "dynamodb": body})
	}
	// DynamoDB Local takes an iterator in front of a shard's first record for one of trimmed records.
	if len(list) > 0 || s.iterators[table] != "" {
		s.iterators[table] = next
	}
	sortByText(list)
	return list
}
