package engine_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/entable/entable/internal/engine"
)

// newDB makes a database whose invariants are checked when the test ends.
func newDB(t testing.TB, cfg engine.Config) *engine.DB {
	t.Helper()
	db := engine.New(cfg)
	t.Cleanup(func() {
		if err := db.Check(); err != nil {
			t.Errorf("broken invariants:\n%v", err)
		}
		db.Close()
	})
	return db
}

// newRequest frames a body as an SDK would.
func newRequest(operation, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://memory.invalid/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	service := "DynamoDB"
	if slices.Contains([]string{"ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"}, operation) {
		service = "DynamoDBStreams"
	}
	r.Header.Set("X-Amz-Target", service+"_20120810."+operation)
	r.Header.Set("X-Amz-Date", "20260101T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=memory/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	return r
}

// call sends one request and gives the status and the decoded body.
func call(t testing.TB, db *engine.DB, operation, body string) (int, map[string]any) {
	t.Helper()
	resp, err := db.Do(newRequest(operation, body))
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatalf("%s: response is not JSON: %v\n%s", operation, err, text)
		}
	}
	return resp.StatusCode, out
}

// must is call for requests that have to succeed.
func must(t testing.TB, db *engine.DB, operation, body string) map[string]any {
	t.Helper()
	status, out := call(t, db, operation, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: %v", operation, body, out)
	}
	return out
}

// refusal gives the short type and the message of an error, or "".
func refusal(out map[string]any) string {
	kind, _ := out["__type"].(string)
	if kind == "" {
		return ""
	}
	_, kind, _ = strings.Cut(kind, "#")
	msg, _ := out["message"].(string)
	if msg == "" {
		msg, _ = out["Message"].(string)
	}
	return kind + ": " + msg
}

func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return out
}

func equal(a, b any) bool { return reflect.DeepEqual(a, b) }

// things is a table with string keys pk and sk, a GSI on g and h (N) that projects x,
// and an LSI on l that projects keys only.
const things = `{"TableName":"things","BillingMode":"PAY_PER_REQUEST",
	"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"},
		{"AttributeName":"g","AttributeType":"S"},{"AttributeName":"h","AttributeType":"N"},{"AttributeName":"l","AttributeType":"S"}],
	"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
	"GlobalSecondaryIndexes":[{"IndexName":"gix","KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"h","KeyType":"RANGE"}],
		"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["x"]}}],
	"LocalSecondaryIndexes":[{"IndexName":"lix","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"l","KeyType":"RANGE"}],
		"Projection":{"ProjectionType":"KEYS_ONLY"}}]}`
