package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/ddblocal"
	"github.com/entable/entable/internal/wire"
	"github.com/entable/entable/memory"
)

func TestMain(m *testing.M) {
	if !asServer() {
		os.Exit(m.Run())
	}
}

// recording is transport with a record of what was sent.
func recording(row string) *canned {
	t := transport(row)
	t.sent = new(bytes.Buffer)
	return t
}

// want is what every contestant of the row has to come to, in the form of normal.
func want(row string) any {
	o := one
	switch row {
	case query500:
		return orders(500)
	case query20:
		return orders(20)
	case getItem:
		return o
	case putItem:
		return parse(itemJSON(&o, kinds[0]))
	case updateItem, updateItemIf:
		request := map[string]any{
			"Key":              parse(fmt.Sprintf(`{"pk":{"S":%q},"sk":{"S":%q}}`, partition, sortKey(kinds[0], &o))),
			"UpdateExpression": `SETstatus={"S":"shipped"}`, "ConditionExpression": "attribute_exists(pk)",
		}
		if row == updateItemIf {
			request["ConditionExpression"] = `(attribute_exists(pk))AND(status={"S":"pending"})`
		}
		return request
	case batchGet100:
		return orders(100)
	case keyCheck, queryTypes, queryPages, scanSegments, amongEntities:
		return nil // each has another one
	case socketGet:
		return orders(socketGoroutines)
	case socketPut:
		return putOrders()
	case batchWrite25:
		var all []any
		for _, o := range orders(25) {
			all = append(all, parse(itemJSON(&o, kinds[0])))
		}
		return all
	case mixed500:
		var all []any
		for i, o := range orders(500) {
			v := reflect.ValueOf(newOfKind(kinds[i%len(kinds)]))
			v.Elem().Set(reflect.ValueOf(o).Convert(v.Elem().Type()))
			all = append(all, v.Interface())
		}
		return all
	default:
		item := parse(itemJSON(&o, kinds[0])).(map[string]any)
		for _, name := range []string{"pk", "sk", "_type"} {
			delete(item, name) // the struct's own attributes are what all encode
		}
		return item
	}
}

// normal brings results of one meaning to one form. Encoded items become what their JSON says, whatever way they went
// into it; of a request only the items count.
func normal(t *testing.T, result any) any {
	t.Helper()
	switch r := result.(type) {
	case sentRequest:
		request := parse(string(r)).(map[string]any)
		if request["UpdateExpression"] != nil {
			return written(request)
		}
		if request["RequestItems"] == nil {
			return request["Item"]
		}
		var all []any
		for _, write := range request["RequestItems"].(map[string]any)[tableName].([]any) {
			all = append(all, write.(map[string]any)["PutRequest"].(map[string]any)["Item"])
		}
		return all
	case []byte:
		return parse("{" + string(r) + "}")
	case encodedItems:
		return parse(string(r))
	case map[string]types.AttributeValue:
		c := recording(putItem)
		if _, err := c.client().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: new(tableName), Item: r}); err != nil {
			t.Fatal(err)
		}
		return normal(t, c.lastRequest())
	case []*Order:
		all := make([]Order, len(r))
		for i, o := range r {
			all[i] = *o
		}
		return all
	}
	return result
}

// written returns the key and the expressions of a request, with the names and values in place of what stands for them.
func written(request map[string]any) any {
	var pairs []string
	for _, in := range []string{"ExpressionAttributeNames", "ExpressionAttributeValues"} {
		for placeholder, is := range request[in].(map[string]any) {
			text, ok := is.(string)
			if !ok {
				value, _ := json.Marshal(is)
				text = string(value)
			}
			pairs = append(pairs, placeholder, text)
		}
	}
	full := strings.NewReplacer(append(pairs, " ", "", "\n", "")...)
	out := map[string]any{"Key": request["Key"]}
	for _, name := range []string{"UpdateExpression", "ConditionExpression"} {
		out[name] = full.Replace(request[name].(string))
	}
	if c := out["ConditionExpression"].(string); strings.Count(c, "(") == 2 && strings.HasPrefix(c, "(") { // one in parentheses
		out["ConditionExpression"] = c[1 : len(c)-1]
	}
	return out
}

func parse(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return err
	}
	return v
}

func TestContestantsComeToTheSameResult(t *testing.T) {
	for _, c := range allContestants(recording) {
		t.Run(c.row+"/"+c.name, func(t *testing.T) { tryContestant(t, c, want(c.row)) })
	}
}

// tryContestant runs a contestant, which has to come to a result, unless it has none or nil is wanted.
func tryContestant(t *testing.T, c contestant, want any) {
	for range 2 { // the second run must not see the first one's
		if err := c.run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if c.result == nil || want == nil {
		return
	}
	if got := normal(t, c.result()); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", show(got), show(want))
	}
}

// The contestants of entable alone read other items in each of their places.
func TestScaledContestantsReadAll(t *testing.T) {
	many := func(n int) any { return orders(n) }
	wants := map[ref]any{
		{keyCheck, checkedKeys}: many(500), {keyCheck, uncheckedKeys}: many(500),
		{queryTypes, oneType}: want(query500), {queryTypes, fiveTypes}: want(mixed500),
		{amongEntities, tenEntities}: many(500), {amongEntities, thousandEntities}: many(500),
		{queryPages, onePage}: tallyOf(t, orders(10*perPage)), {queryPages, tenPages}: tallyOf(t, orders(10*perPage)),
		{scanSegments, oneSegment}: tallyOf(t, orders(segmentItems)), {scanSegments, twoSegments}: tallyOf(t, orders(segmentItems)),
		{scanSegments, floorApart}: [2]any{tallyOf(t, orders(segmentItems/2)), tallyOf(t, orders(segmentItems/2))},
	}
	for _, c := range slices.Concat(keyContestants(), typesContestants(), segmentsContestants(), amongContestants(), pagesContestants()) {
		t.Run(c.row+"/"+c.name, func(t *testing.T) {
			want := wants[ref{c.row, c.name}]
			if want == nil {
				t.Fatal("nobody says what it has to read")
			}
			tryContestant(t, c, want)
		})
	}
}

func TestContestantsOverASocketComeToTheSameResult(t *testing.T) {
	url, stop, err := startServer(t.Context(), 3000)
	if err != nil {
		t.Fatal(err)
	}
	all := tallyOf(t, orders(3000))
	for _, c := range socketContestants(url, 3) {
		t.Run(c.row+"/"+c.name, func(t *testing.T) {
			want := want(c.row)
			if c.row == socketScan {
				want = all
			}
			tryContestant(t, c, want)
		})
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func tallyOf(t *testing.T, of []Order) tally {
	t.Helper()
	var all tally
	for _, o := range of {
		if err := all.add(&o); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestRegistrationIsMeasured(t *testing.T) {
	samples, err := measureRegistration(1)
	if err != nil || len(samples) != 1 || samples[0].ns <= 0 {
		t.Errorf("%v, %v", samples, err)
	}
}

func TestServersComeToTheSameResult(t *testing.T) {
	table := "bench-" + time.Now().UTC().Format("20060102T150405.000000000")
	inProcess, err := serverContestants(t.Context(), inMemory, server{memory.New().Client(), table})
	if err != nil {
		t.Fatal(err)
	}
	client := ddblocal.Client(t)
	local, err := serverContestants(t.Context(), ddbLocal, server{client, table})
	if err != nil {
		t.Fatal(err)
	}
	defer client.DeleteTable(context.WithoutCancel(t.Context()), &dynamodb.DeleteTableInput{TableName: &table})
	for i, c := range inProcess {
		for range 3 {
			if err := errors.Join(c.run(t.Context()), local[i].run(t.Context())); err != nil {
				t.Fatal(err)
			}
		}
		if c.result == nil {
			continue
		}
		got, want := c.result(), local[i].result()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: DynamoDB Local gives\n%s\nmemory\n%s", c.row, show(want), show(got))
		}
	}
}

// They look at each response themselves.
func TestGoroutinesReadWhatTheyWrote(t *testing.T) {
	contestants, err := goroutineContestants(t.Context(), 50)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range contestants {
		for range 2 {
			if err := c.run(t.Context()); err != nil {
				t.Errorf("%s/%s: %v", c.row, c.name, err)
			}
		}
	}
}

func TestHeldItemsHaveTheirSize(t *testing.T) {
	for _, i := range []int{0, heldItems - 1} {
		size, err := wire.ItemSize([]byte(heldItem(i)))
		if err != nil || size != heldItemSize {
			t.Errorf("item %d: %d bytes, want %d (%v)", i, size, heldItemSize, err)
		}
	}
}

func TestMemoryOfItemsIsMeasured(t *testing.T) {
	held, err := measureMemory(t.Context(), 20_000)
	if err != nil {
		t.Fatal(err)
	}
	if held.held < heldItemSize {
		t.Errorf("%.0f bytes for an item of %d", held.held, heldItemSize)
	}
}

// show returns as much of v as helps to find a difference.
func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text[:min(len(text), 2000)])
}

func TestItemHasTheSizeThatIsDocumented(t *testing.T) {
	o := one
	item := itemJSON(&o, kinds[0])
	if attributes := len(parse(item).(map[string]any)); attributes != 14 {
		t.Errorf("%d attributes, want 14", attributes)
	}
	if size := len(queryBody(500, kinds[0])) / 500; size < 630 || size > 690 {
		t.Errorf("%d bytes an item, want about 650", size)
	}
}

func TestReportHasALineForEachGoalThatWasMeasured(t *testing.T) {
	contestants := []contestant{
		{row: query500, name: hand}, {row: query500, name: entabled}, {row: encode, name: entabled},
		{row: keyCheck, name: checkedKeys}, {row: keyCheck, name: uncheckedKeys},
		{row: query500, name: floorRead}, {row: query500, name: floorLean},
	}
	samples := [][]sample{
		{{ns: 900, allocs: 500.4}, {ns: 5000, allocs: 500}, {ns: 1000, allocs: 500}},
		{{ns: 100, allocs: 2, bytes: 3e5}, {ns: 500, allocs: 2.02, bytes: 3e5}, {ns: 100, allocs: 2, bytes: 3e5}},
		{{ns: 1}, {ns: 1, allocs: 0.01}, {ns: 1}},
		{{ns: 51}, {ns: 255}, {ns: 51}},
		{{ns: 50}, {ns: 250}, {ns: 50}},
		{{ns: 10}, {ns: 50}, {ns: 10}},
		{{ns: 10}, {ns: 50}, {ns: 10}},
	}
	var out strings.Builder
	if err := printGoals(&out, contestants, samples); err != nil {
		t.Fatal(err)
	}
	const want = "ratio query500_vs_hand 10.0 goal >= 12 quartiles 9.50 10.0\n" +
		"ratio query500_allocs_vs_hand 250.0 goal >= 200 quartiles 250.0 250.0\n" +
		"ratio query500_kb 300.0 goal <= 330 quartiles 300.0 300.0\n" +
		"ratio query500_vs_floors 5.00 goal <= 8 quartiles 5.00 5.00\n" +
		"ratio encode_allocs 0.00 goal <= 0 quartiles 0.00 0.00\n" +
		"ratio keycheck_of_query500 0.010 goal <= 0.02 quartiles 0.010 0.010\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}

func TestRunMeasuresTheRowsThatWereAskedFor(t *testing.T) {
	var out strings.Builder
	small := sizes{rounds: 1, each: time.Millisecond, scanned: 10, requestsOverEach: 1}
	if err := run(t.Context(), &out, "^(encode|socket_get64)$", small); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, encode) || !strings.Contains(text, "ratio "+socketGet) || strings.Contains(text, query20) {
		t.Errorf("got\n%s", text)
	}
}

// What a run prints is what makes the tables.
func TestMarkdownOfRuns(t *testing.T) {
	contestants := []contestant{{row: putItem, name: hand}, {row: putItem, name: entabled}, {row: getItem, name: floorEmpty}}
	var files []string
	for _, ns := range []float64{8e3, 8e3, 10e3} {
		var out strings.Builder
		samples := [][]sample{{{ns: 40e3, allocs: 370}}, {{ns: ns, allocs: 33, bytes: 7100}}, {{ns: 30e3}}}
		if err := errors.Join(printTable(&out, contestants, samples), printGoals(&out, contestants, samples)); err != nil {
			t.Fatal(err)
		}
		files = append(files, filepath.Join(t.TempDir(), "run.txt"))
		if err := os.WriteFile(files[len(files)-1], []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := printMarkdown(&out, files); err != nil {
		t.Fatal(err)
	}
	const want = `| row | contestant | µs | allocations | kB |
|---|---|---|---|---|
| putitem | by hand | 40.0 | 370 | 0.0 |
|  | entable | 8.0 | 33 | 7.1 |
| getitem | floor: empty response | 30.0 | 0 | 0.0 |

| ratio | median | runs | goal | reached in |
|---|---|---|---|---|
` + "| `putitem_vs_hand` | **5.00** | 4.00 to 5.00 | ≥ 4.5 | 2 of 3 |\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
	empty := filepath.Join(t.TempDir(), "empty.txt")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][]string{nil, {empty}, {empty + "x"}} {
		if err := printMarkdown(&out, wrong); err == nil {
			t.Errorf("%q make tables", wrong)
		}
	}
}

// BenchmarkContestants runs the contestants under the Go tool's own harness, for its profiles.
func BenchmarkContestants(b *testing.B) {
	for _, c := range allContestants(transport) {
		b.Run(c.row+"/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.run(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
