package engine_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/entable/entable/internal/engine"
)

// Whatever comes in, the handler answers, with JSON, without a panic or a 5xx, and
// the tables stay sound.
func FuzzHandler(f *testing.F) {
	for _, seed := range []struct{ operation, body string }{
		{"CreateTable", things},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"h":{"N":"1e2"},"m":{"M":{"l":{"L":[{"NULL":true},{"BS":["YQ=="]}]}}}}}`},
		{"UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"UpdateExpression":"SET #m.l[0] = if_not_exists(x, :v) ADD n :n","ExpressionAttributeNames":{"#m":"m"},"ExpressionAttributeValues":{":v":{"S":"y"},":n":{"N":"1"}},"ReturnValues":"ALL_NEW"}`},
		{"Query", `{"TableName":"things","IndexName":"gix","KeyConditionExpression":"g = :p AND h > :n","FilterExpression":"size(x) < :n","ExpressionAttributeValues":{":p":{"S":"g"},":n":{"N":"0"}},"Limit":1,"ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"S":"b"},"g":{"S":"g"},"h":{"N":"1"}}}`},
		{"Scan", `{"TableName":"things","Segment":1,"TotalSegments":1000000,"ProjectionExpression":"a.b[1]"}`},
		{"BatchWriteItem", `{"RequestItems":{"things":[{"DeleteRequest":{"Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}}]}}`},
		{"BatchGetItem", `{"RequestItems":{"things":{"Keys":[{"pk":{"S":"a"},"sk":{"S":"b"}}]}}}`},
		{"TransactWriteItems", `{"ClientRequestToken":"t","TransactItems":[{"Put":{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"c"}}}},{"ConditionCheck":{"TableName":"things","Key":{"pk":{"S":"x"},"sk":{"S":"c"}},"ConditionExpression":"attribute_not_exists(pk)"}}]}`},
		{"TransactGetItems", `{"TransactItems":[{"Get":{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}}]}`},
		{"UpdateTable", `{"TableName":"things","AttributeDefinitions":[{"AttributeName":"n","AttributeType":"N"}],"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"new","KeySchema":[{"AttributeName":"n","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}}]}`},
		{"UpdateTimeToLive", `{"TableName":"things","TimeToLiveSpecification":{"Enabled":true,"AttributeName":"h"}}`},
		{"ListTables", `{"Limit":1,"ExclusiveStartTableName":"aaa"}`},
		{"TagResource", `{"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/things","Tags":[{"Key":"a","Value":"b"}]}`},
		{"PutItem", strings.Repeat(`{"a":`, 1000)},
		{"PutItem", `{"TableName":"things","Item":` + strings.Repeat(`{"M":{"a":`, 500) + `{}`},
	} {
		f.Add(seed.operation, seed.body)
	}
	f.Fuzz(func(t *testing.T, operation, body string) {
		db := engine.New(engine.Config{})
		defer db.Close()
		must(t, db, "CreateTable", things)
		must(t, db, "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"g":{"S":"g"},"h":{"N":"1"},"l":{"S":"l"},"m":{"M":{"l":{"L":[{"S":"x"}]}}}}}`)
		r := newRequest("ListTables", body)
		r.Header["X-Amz-Target"] = []string{"DynamoDB_20120810." + operation}
		resp, err := db.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode >= http.StatusInternalServerError {
			t.Fatalf("status %d: %s", resp.StatusCode, text)
		}
		if len(text) > 0 {
			decode(t, string(text))
		}
		db.Sweep()
		if err := db.Check(); err != nil {
			t.Fatal(err)
		}
	})
}
