package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entable/entable/internal/engine"
)

// The limits on sizes, at their edges. Those of pages are among the recordings.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html

const blobs = `{"TableName":"blobs","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],` +
	`"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`

// blob is an item of the given size.
func blob(key string, size int) string {
	return fmt.Sprintf(`{"pk":{"S":%q},"d":{"S":%q}}`, key, strings.Repeat("x", size-len("pk"+key+"d")))
}

func TestItemsMayHave400Kilobytes(t *testing.T) {
	const maxItem = 400 << 10
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", blobs)
	for _, c := range []struct {
		operation, body, want string
	}{
		{"PutItem", `{"TableName":"blobs","Item":` + blob("a", maxItem) + `}`, ""},
		{"PutItem", `{"TableName":"blobs","Item":` + blob("b", maxItem+1) + `}`, "ValidationException: Item size has exceeded the maximum allowed size"},
		{"UpdateItem", `{"TableName":"blobs","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET e = :e","ExpressionAttributeValues":{":e":{"S":""}}}`,
			"ValidationException: Item size to update has exceeded the maximum allowed size"},
		{"BatchWriteItem", `{"RequestItems":{"blobs":[{"PutRequest":{"Item":` + blob("c", maxItem+1) + `}}]}}`,
			"ValidationException: Item size has exceeded the maximum allowed size"},
	} {
		if _, out := call(t, db, c.operation, c.body); refusal(out) != c.want {
			t.Errorf("%s: %s, want %s", c.operation, refusal(out), c.want)
		}
	}
	if got := must(t, db, "DescribeTable", `{"TableName":"blobs"}`)["Table"].(map[string]any); got["TableSizeBytes"] != float64(maxItem) {
		t.Errorf("the table has %v bytes", got["TableSizeBytes"])
	}
}

func TestBatchesReadAtMost16Megabytes(t *testing.T) {
	const items, size = 60, 300 << 10
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", blobs)
	keys := make([]string, items)
	for i := range keys {
		key := fmt.Sprintf("%02d", i)
		must(t, db, "PutItem", `{"TableName":"blobs","Item":`+blob(key, size)+`}`)
		keys[i] = fmt.Sprintf(`{"pk":{"S":%q}}`, key)
	}
	read := func(keys []string) (int, []any) {
		out := must(t, db, "BatchGetItem", `{"RequestItems":{"blobs":{"ConsistentRead":true,"Keys":[`+strings.Join(keys, ",")+`]}}}`)
		rest, ok := out["UnprocessedKeys"].(map[string]any)["blobs"].(map[string]any)
		if ok && rest["ConsistentRead"] != true {
			t.Errorf("the rest is not to be read as the others: %v", rest)
		}
		unprocessed, _ := rest["Keys"].([]any)
		return len(out["Responses"].(map[string]any)["blobs"].([]any)), unprocessed
	}
	const fit = (16 << 20) / size
	got, rest := read(keys)
	if got != fit || len(rest) != items-fit {
		t.Fatalf("%d items and %d keys, want %d and %d", got, len(rest), fit, items-fit)
	}
	if got, rest = read(keys[fit:]); got != items-fit || len(rest) != 0 {
		t.Errorf("then %d items and %d keys", got, len(rest))
	}
}

func TestTransactionsHaveAtMost4Megabytes(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", blobs)
	transaction := func(items int) string {
		puts := make([]string, items)
		for i := range puts {
			puts[i] = `{"Put":{"TableName":"blobs","Item":` + blob(fmt.Sprintf("%02d", i), 350<<10) + `}}`
		}
		_, out := call(t, db, "TransactWriteItems", `{"TransactItems":[`+strings.Join(puts, ",")+`]}`)
		return refusal(out)
	}
	if got := transaction(11); got != "" {
		t.Errorf("a transaction of less than 4 MB: %s", got)
	}
	if got := transaction(12); !strings.HasPrefix(got, "ValidationException: ") {
		t.Errorf("a transaction of more than 4 MB: %q", got)
	}
}
