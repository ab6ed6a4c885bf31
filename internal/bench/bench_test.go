package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/ddblocal"
	"github.com/entable/entable/internal/wire"
	"github.com/entable/entable/memory"
)

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

func parse(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return err
	}
	return v
}

func TestContestantsComeToTheSameResult(t *testing.T) {
	for _, c := range allContestants(recording) {
		t.Run(c.row+"/"+c.name, func(t *testing.T) {
			for range 2 { // the second run must not see the first one's
				if err := c.run(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if c.result == nil {
				return
			}
			got, want := normal(t, c.result()), want(c.row)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got\n%v\nwant\n%v", show(got), show(want))
			}
		})
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
	contestants := []contestant{{row: query500, name: hand}, {row: query500, name: entabled}, {row: encode, name: entabled}}
	samples := [][]sample{
		{{ns: 900, allocs: 50.4}, {ns: 5000, allocs: 50}, {ns: 1000, allocs: 50}},
		{{ns: 100, allocs: 2}, {ns: 500, allocs: 2.02}, {ns: 100, allocs: 2}},
		{{ns: 1}, {ns: 1, allocs: 0.01}, {ns: 1}},
	}
	var out strings.Builder
	if err := printGoals(&out, contestants, samples); err != nil {
		t.Fatal(err)
	}
	const want = "ratio query500_vs_hand 10.0 goal >= 9 quartiles 9.50 10.0\n" +
		"ratio query500_allocs_vs_hand 25.0 goal >= 25 quartiles 25.0 25.0\n" +
		"ratio encode_allocs 0.00 goal <= 0 quartiles 0.00 0.00\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}

func TestRunMeasuresTheRowsThatWereAskedFor(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out, "^encode$", 1, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, encode) || strings.Contains(text, query20) {
		t.Errorf("got\n%s", text)
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
