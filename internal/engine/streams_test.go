package engine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entable/entable/internal/engine"
	"github.com/entable/entable/internal/engine/value"
	"github.com/entable/entable/internal/trial"
)

// streamed is the table things with a stream.
func streamed(view string) string {
	return strings.Replace(things, `{"TableName"`, fmt.Sprintf(`{"StreamSpecification":{"StreamEnabled":true,"StreamViewType":%q},"TableName"`, view), 1)
}

func streamArn(t *testing.T, db *engine.DB) string {
	t.Helper()
	return must(t, db, "DescribeTable", `{"TableName":"things"}`)["Table"].(map[string]any)["LatestStreamArn"].(string)
}

// A shardOf is what DescribeStream tells of a shard.
type shardOf struct {
	ShardId, ParentShardId string
	SequenceNumberRange    struct{ StartingSequenceNumber, EndingSequenceNumber string }
}

func shardsOf(t *testing.T, db *engine.DB, arn string) []shardOf {
	t.Helper()
	out := must(t, db, "DescribeStream", fmt.Sprintf(`{"StreamArn":%q}`, arn))
	text, _ := json.Marshal(out["StreamDescription"])
	var d struct{ Shards []shardOf }
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d.Shards
}

func iteratorOf(t *testing.T, db *engine.DB, arn, shard, kind string) string {
	t.Helper()
	return must(t, db, "GetShardIterator", fmt.Sprintf(`{"StreamArn":%q,"ShardId":%q,"ShardIteratorType":%s}`, arn, shard, kind))["ShardIterator"].(string)
}

// recordsOf reads a shard from its oldest record to its end, or as far as it goes.
func recordsOf(t *testing.T, db *engine.DB, arn, shard string) (records []map[string]any) {
	t.Helper()
	for it := iteratorOf(t, db, arn, shard, `"TRIM_HORIZON"`); it != ""; {
		out := must(t, db, "GetRecords", fmt.Sprintf(`{"ShardIterator":%q,"Limit":3}`, it))
		for _, r := range asList(out["Records"]) {
			records = append(records, r.(map[string]any))
		}
		if it, _ = out["NextShardIterator"].(string); len(asList(out["Records"])) == 0 {
			break
		}
	}
	return records
}

// brief shows a record: what happened to which item, and what x was and is.
func brief(r map[string]any) string {
	d := r["dynamodb"].(map[string]any)
	text := func(image, name string) string {
		it, ok := d[image].(map[string]any)
		if !ok {
			return "-"
		}
		v, _ := it[name].(map[string]any)
		return fmt.Sprint(v["S"])
	}
	who := ""
	if id, ok := r["userIdentity"].(map[string]any); ok {
		who = fmt.Sprintf(" %v %v", id["Type"], id["PrincipalId"])
	}
	return fmt.Sprintf("%v %s %s>%s%s", r["eventName"], text("Keys", "sk"), text("OldImage", "x"), text("NewImage", "x"), who)
}

func briefly(records []map[string]any) string {
	var list []string
	for _, r := range records {
		list = append(list, brief(r))
	}
	return strings.Join(list, "; ")
}

func put(t *testing.T, db *engine.DB, sk, x string) {
	t.Helper()
	must(t, db, "PutItem", fmt.Sprintf(`{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":%q},"x":{"S":%q}}}`, sk, x))
}

func TestEachWriteThatChangesSomethingIsStreamed(t *testing.T) {
	c := newClock()
	db := newDB(t, engine.Config{Now: c.Now})
	must(t, db, "CreateTable", streamed("NEW_AND_OLD_IMAGES"))
	must(t, db, "UpdateTimeToLive", `{"TableName":"things","TimeToLiveSpecification":{"Enabled":true,"AttributeName":"ttl"}}`)
	put(t, db, "1", "a")
	put(t, db, "1", "a") // nothing
	put(t, db, "1", "b")
	must(t, db, "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"1"}},"UpdateExpression":"SET x = :x","ExpressionAttributeValues":{":x":{"S":"b"}}}`) // nothing
	must(t, db, "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"1"}},"UpdateExpression":"SET x = :x","ExpressionAttributeValues":{":x":{"S":"c"}}}`)
	must(t, db, "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"2"}}}`)
	must(t, db, "DeleteItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"none"}}}`) // nothing
	must(t, db, "DeleteItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"1"}}}`)
	must(t, db, "BatchWriteItem", `{"RequestItems":{"things":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"S":"3"},"x":{"S":"b3"},"ttl":{"N":"1767323046"}}}},
		{"DeleteRequest":{"Key":{"pk":{"S":"a"},"sk":{"S":"2"}}}}]}}`)
	must(t, db, "TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"things","Item":{"pk":{"S":"b"},"sk":{"S":"4"},"x":{"S":"t"}}}},
		{"ConditionCheck":{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"3"}},"ConditionExpression":"attribute_exists(pk)"}}]}`)
	if _, out := call(t, db, "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"9"}},"ConditionExpression":"attribute_exists(pk)"}`); refusal(out) == "" {
		t.Error("a condition held")
	}
	c.pass(time.Minute)
	db.Sweep()
	arn := streamArn(t, db)
	got := briefly(recordsOf(t, db, arn, shardsOf(t, db, arn)[0].ShardId))
	want := "INSERT 1 ->a; MODIFY 1 a>b; MODIFY 1 b>c; INSERT 2 -><nil>; REMOVE 1 c>-; INSERT 3 ->b3; REMOVE 2 <nil>>-; INSERT 4 ->t; " +
		"REMOVE 3 b3>- Service dynamodb.amazonaws.com"
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestAStreamShowsWhatItsViewTypeNames(t *testing.T) {
	for view, want := range map[string]string{
		"KEYS_ONLY":          "INSERT 1 ->- 6; MODIFY 1 ->- 6; REMOVE 1 ->- 6",
		"NEW_IMAGE":          "INSERT 1 ->a 14; MODIFY 1 ->bb 15; REMOVE 1 ->- 6",
		"OLD_IMAGE":          "INSERT 1 ->- 6; MODIFY 1 a>- 14; REMOVE 1 bb>- 15",
		"NEW_AND_OLD_IMAGES": "INSERT 1 ->a 14; MODIFY 1 a>bb 23; REMOVE 1 bb>- 15",
	} {
		db := newDB(t, engine.Config{})
		must(t, db, "CreateTable", streamed(view))
		put(t, db, "1", "a")
		put(t, db, "1", "bb")
		must(t, db, "DeleteItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"1"}}}`)
		arn := streamArn(t, db)
		var list []string
		for _, r := range recordsOf(t, db, arn, shardsOf(t, db, arn)[0].ShardId) {
			d := r["dynamodb"].(map[string]any)
			list = append(list, fmt.Sprint(brief(r), " ", d["SizeBytes"]))
			if d["StreamViewType"] != view {
				t.Errorf("view %v in a record, want %s", d["StreamViewType"], view)
			}
		}
		if got := strings.Join(list, "; "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", view, got, want)
		}
	}
}

func TestRecordsAreTrimmedAfterADay(t *testing.T) {
	c := newClock()
	db := newDB(t, engine.Config{Now: c.Now})
	must(t, db, "CreateTable", streamed("NEW_IMAGE"))
	arn := streamArn(t, db)
	put(t, db, "1", "a")
	first := shardsOf(t, db, arn)[0]
	at := fmt.Sprintf(`"AT_SEQUENCE_NUMBER","SequenceNumber":%q`, recordsOf(t, db, arn, first.ShardId)[0]["dynamodb"].(map[string]any)["SequenceNumber"])
	c.pass(23 * time.Hour)
	put(t, db, "2", "b")
	oldest := iteratorOf(t, db, arn, first.ShardId, at)
	if n := len(shardsOf(t, db, arn)); n != 2 {
		t.Fatalf("%d shards after 23 hours, want the first and its child", n)
	}
	if got := briefly(recordsOf(t, db, arn, first.ShardId)); got != "INSERT 1 ->a" {
		t.Errorf("after 23 hours: %s", got)
	}
	c.pass(time.Hour + time.Second)
	if got := briefly(recordsOf(t, db, arn, first.ShardId)); got != "" {
		t.Errorf("after 24 hours: %s", got)
	}
	for operation, body := range map[string]string{
		"GetShardIterator": fmt.Sprintf(`{"StreamArn":%q,"ShardId":%q,"ShardIteratorType":%s}`, arn, first.ShardId, at),
		"GetRecords":       fmt.Sprintf(`{"ShardIterator":%q}`, oldest),
	} {
		_, out := call(t, db, operation, body)
		if got := refusal(out); !strings.HasPrefix(got, "TrimmedDataAccessException") && !strings.HasPrefix(got, "ExpiredIteratorException") {
			t.Errorf("%s: %v", operation, out)
		}
	}
	child := shardsOf(t, db, arn)[1]
	if child.ParentShardId != first.ShardId {
		t.Errorf("parent %s, want %s", child.ParentShardId, first.ShardId)
	}
	if got := briefly(recordsOf(t, db, arn, child.ShardId)); got != "INSERT 2 ->b" {
		t.Errorf("in the child: %s", got)
	}
	c.pass(28 * time.Hour)
	for _, sh := range shardsOf(t, db, arn) {
		if sh.ShardId == first.ShardId || sh.ShardId == child.ShardId {
			t.Errorf("shard %s is still there", sh.ShardId)
		}
	}
}

func TestIteratorsAreOfFourKindsAndExpire(t *testing.T) {
	c := newClock()
	db := newDB(t, engine.Config{Now: c.Now})
	must(t, db, "CreateTable", streamed("NEW_IMAGE"))
	arn := streamArn(t, db)
	shard := shardsOf(t, db, arn)[0].ShardId
	for _, sk := range []string{"1", "2", "3"} {
		put(t, db, sk, "a")
	}
	second := recordsOf(t, db, arn, shard)[1]["dynamodb"].(map[string]any)["SequenceNumber"]
	latest := iteratorOf(t, db, arn, shard, `"LATEST"`)
	put(t, db, "4", "a")
	read := func(it string) string {
		var list []map[string]any
		for _, r := range asList(must(t, db, "GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, it))["Records"]) {
			list = append(list, r.(map[string]any))
		}
		return briefly(list)
	}
	for _, c := range []struct{ it, want string }{
		{iteratorOf(t, db, arn, shard, `"TRIM_HORIZON"`), "INSERT 1 ->a; INSERT 2 ->a; INSERT 3 ->a; INSERT 4 ->a"},
		{latest, "INSERT 4 ->a"},
		{iteratorOf(t, db, arn, shard, fmt.Sprintf(`"AT_SEQUENCE_NUMBER","SequenceNumber":%q`, second)), "INSERT 2 ->a; INSERT 3 ->a; INSERT 4 ->a"},
		{iteratorOf(t, db, arn, shard, fmt.Sprintf(`"AFTER_SEQUENCE_NUMBER","SequenceNumber":%q`, second)), "INSERT 3 ->a; INSERT 4 ->a"},
	} {
		if got := read(c.it); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	c.pass(15 * time.Minute)
	read(latest)
	c.pass(time.Millisecond)
	if _, out := call(t, db, "GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, latest)); !strings.HasPrefix(refusal(out), "ExpiredIteratorException") {
		t.Errorf("after 15 minutes: %v", out)
	}
}

// Partitions stay within a shard and its children, and nothing is lost between them.
func TestSplitShardsHaveParentsAndAllRecords(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", streamed("NEW_IMAGE"))
	arn := streamArn(t, db)
	want := 0
	for round := range 3 {
		for i := range 20 {
			must(t, db, "PutItem", fmt.Sprintf(`{"TableName":"things","Item":{"pk":{"S":"p%d"},"sk":{"S":"%d"}}}`, i, round))
			want++
		}
		if err := db.Home().SplitShards("things"); err != nil {
			t.Fatal(err)
		}
	}
	shards := shardsOf(t, db, arn)
	if len(shards) != 1+2+4+8 {
		t.Fatalf("%d shards", len(shards))
	}
	seen := map[string]string{} // the newest sequence number of each partition
	got := 0
	for i, sh := range shards {
		if (sh.ParentShardId == "") != (i == 0) || (sh.SequenceNumberRange.EndingSequenceNumber == "") != (i >= 7) {
			t.Errorf("shard %d: %+v", i, sh)
		}
		for _, r := range recordsOf(t, db, arn, sh.ShardId) {
			got++
			d := r["dynamodb"].(map[string]any)
			pk, number := fmt.Sprint(d["Keys"].(map[string]any)["pk"]), d["SequenceNumber"].(string)
			if number <= seen[pk] || number < sh.SequenceNumberRange.StartingSequenceNumber {
				t.Errorf("%s: %s after %s in %+v", pk, number, seen[pk], sh)
			}
			seen[pk] = number
		}
	}
	if got != want {
		t.Errorf("%d records, want %d", got, want)
	}
	children := must(t, db, "DescribeStream", fmt.Sprintf(`{"StreamArn":%q,"ShardFilter":{"Type":"CHILD_SHARDS","ShardId":%q}}`, arn, shards[0].ShardId))
	if n := len(asList(children["StreamDescription"].(map[string]any)["Shards"])); n != 2 {
		t.Errorf("%d children", n)
	}
	page := must(t, db, "DescribeStream", fmt.Sprintf(`{"StreamArn":%q,"Limit":4}`, arn))["StreamDescription"].(map[string]any)
	rest := must(t, db, "DescribeStream", fmt.Sprintf(`{"StreamArn":%q,"ExclusiveStartShardId":%q}`, arn, page["LastEvaluatedShardId"]))
	if n := len(asList(rest["StreamDescription"].(map[string]any)["Shards"])); n != len(shards)-4 {
		t.Errorf("%d shards on the second page", n)
	}
}

func TestStreamsAreEnabledAndDisabled(t *testing.T) {
	c := newClock()
	db := newDB(t, engine.Config{Now: c.Now})
	update := func(spec string) string {
		_, out := call(t, db, "UpdateTable", `{"TableName":"things","StreamSpecification":`+spec+`}`)
		return refusal(out)
	}
	list := func() int { return len(asList(must(t, db, "ListStreams", `{"TableName":"things"}`)["Streams"])) }
	must(t, db, "CreateTable", things)
	if got := list(); got != 0 {
		t.Errorf("%d streams", got)
	}
	for _, step := range []struct {
		spec, want string
	}{
		{`{"StreamEnabled":true}`, "ValidationException: One or more parameter values were invalid: StreamViewType is required when StreamEnabled is true"},
		{`{"StreamEnabled":false}`, "ValidationException: Table has no stream to disable"},
		{`{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}`, ""},
		{`{"StreamEnabled":true,"StreamViewType":"OLD_IMAGE"}`, "ValidationException: Table already has an enabled stream"},
	} {
		if got := update(step.spec); got != step.want {
			t.Errorf("%s: %s", step.spec, got)
		}
	}
	first := streamArn(t, db)
	put(t, db, "1", "a")
	if got := update(`{"StreamEnabled":false}`); got != "" {
		t.Fatal(got)
	}
	put(t, db, "2", "a") // into no stream
	if got := update(`{"StreamEnabled":true,"StreamViewType":"OLD_IMAGE"}`); got != "" {
		t.Fatal(got)
	}
	second := streamArn(t, db)
	if first == second || list() != 2 {
		t.Errorf("streams %s and %s, %d in the list", first, second, list())
	}
	old := shardsOf(t, db, first)[0]
	if old.SequenceNumberRange.EndingSequenceNumber == "" || briefly(recordsOf(t, db, first, old.ShardId)) != "INSERT 1 ->a" {
		t.Errorf("the disabled stream: %+v %s", old, briefly(recordsOf(t, db, first, old.ShardId)))
	}
	must(t, db, "DeleteTable", `{"TableName":"things"}`)
	status := must(t, db, "DescribeStream", fmt.Sprintf(`{"StreamArn":%q}`, second))["StreamDescription"].(map[string]any)["StreamStatus"]
	if status != "DISABLED" {
		t.Errorf("the stream of a deleted table is %v", status)
	}
	c.pass(24 * time.Hour)
	if got := list(); got != 0 {
		t.Errorf("%d streams a day later", got)
	}
	if _, out := call(t, db, "DescribeStream", fmt.Sprintf(`{"StreamArn":%q}`, second)); !strings.HasPrefix(refusal(out), "ResourceNotFoundException") {
		t.Errorf("a day later: %v", out)
	}
}

func TestSnapshotsHaveTheStreamsToo(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", streamed("NEW_IMAGE"))
	put(t, db, "1", "a")
	s := db.Snapshot()
	put(t, db, "2", "a")
	other := newDB(t, engine.Config{})
	other.Restore(s)
	put(t, other, "3", "a")
	db.Restore(s)
	put(t, db, "4", "a")
	for db, want := range map[*engine.DB]string{db: "INSERT 1 ->a; INSERT 4 ->a", other: "INSERT 1 ->a; INSERT 3 ->a"} {
		arn := streamArn(t, db)
		if got := briefly(recordsOf(t, db, arn, shardsOf(t, db, arn)[0].ShardId)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestAPageOfRecordsHasAMegabyte(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", streamed("NEW_IMAGE"))
	for i := range 20 {
		put(t, db, fmt.Sprint(i), strings.Repeat("x", 100<<10))
	}
	arn := streamArn(t, db)
	it := iteratorOf(t, db, arn, shardsOf(t, db, arn)[0].ShardId, `"TRIM_HORIZON"`)
	var counts []int
	for total := 0; total < 20; {
		out := must(t, db, "GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, it))
		n := len(asList(out["Records"]))
		total += n
		counts, it = append(counts, n), out["NextShardIterator"].(string)
	}
	if fmt.Sprint(counts) != "[11 9]" {
		t.Errorf("pages of %v records", counts)
	}
}

func TestAccountsAndRegionsAreApart(t *testing.T) {
	db := newDB(t, engine.Config{})
	shared := newDB(t, engine.Config{Shared: true})
	ask := func(db *engine.DB, key, region, operation, body string) map[string]any {
		r := newRequest(operation, body)
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "memory/20260101/us-east-1", key+"/20260101/"+region, 1))
		_, text := do(t, db, r)
		return decode(t, string(text))
	}
	for _, c := range []struct{ key, region, arn string }{
		{"memory", "us-east-1", "arn:aws:dynamodb:us-east-1:000000000000:table/things"},
		{"memory", "eu-west-1", "arn:aws:dynamodb:eu-west-1:000000000000:table/things"},
		{"123456789012", "eu-west-1", "arn:aws:dynamodb:eu-west-1:123456789012:table/things"},
	} {
		if names := asList(ask(db, c.key, c.region, "ListTables", `{}`)["TableNames"]); len(names) != 0 {
			t.Errorf("%s in %s has %v", c.key, c.region, names)
		}
		d, _ := ask(db, c.key, c.region, "CreateTable", things)["TableDescription"].(map[string]any)
		if d["TableArn"] != c.arn {
			t.Errorf("%s in %s: %v, want %s", c.key, c.region, d["TableArn"], c.arn)
		}
		if out := ask(shared, c.key, c.region, "CreateTable", things); (refusal(out) == "") != (c.key+c.region == "memoryus-east-1") {
			t.Errorf("shared: %v", out)
		}
	}
	if out := ask(db, "other", "us-east-1", "GetItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}`); !strings.HasPrefix(refusal(out), "ResourceNotFound") {
		t.Errorf("another account: %v", out)
	}
}

// Whatever is written by how many at once: the records of a stream, one after the other, make the items of the
// table, and each one's old image is what the ones before it have made.
func TestTheRecordsMakeTheTable(t *testing.T) {
	seed := trial.Seed(t)
	db := newDB(t, engine.Config{})
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	table, def := g.table("things")
	def["StreamSpecification"] = object{"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}
	must(t, db, "CreateTable", (&genRequest{body: def}).text())
	var writers sync.WaitGroup
	for i := range 4 {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, uint64(i+1))), tables: []*genTable{table}}
		writers.Go(func() {
			for n := range 500 {
				if r := g.request(); len(r.touched) > 0 {
					call(t, db, r.operation, r.text())
				}
				if i == 0 && n%100 == 99 {
					if err := db.Home().SplitShards("things"); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	writers.Wait()
	records, err := db.Home().Records("things", time.Time{})
	if err != nil || len(records) < 100 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	made := map[value.Item]value.Item{}
	for i, r := range records {
		if made[r.Keys] != r.Old {
			t.Fatalf("record %d of %s: the old image is %s, and was %s", i, r.Keys.AppendJSON(nil), r.Old.AppendJSON(nil), made[r.Keys].AppendJSON(nil))
		}
		if made[r.Keys] = r.New; r.New.IsEmpty() {
			delete(made, r.Keys)
		}
	}
	items, err := db.Home().Items("things")
	if err != nil || len(items) != len(made) {
		t.Errorf("%d items, and %d of the records, %v", len(items), len(made), err)
	}
	for _, it := range items {
		var names []string
		for _, k := range table.keys {
			names = append(names, k.name)
		}
		slices.Sort(names)
		if made[it.Pick(names)] != it {
			t.Errorf("%s is none of the records", it.AppendJSON(nil))
		}
	}
}
