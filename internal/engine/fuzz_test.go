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
		{"Query", `{"TableName":"things","KeyConditions":{"pk":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"a"}]},"sk":{"ComparisonOperator":"BETWEEN","AttributeValueList":[{"S":"a"},{"S":"b"}]}},"QueryFilter":{"m":{"ComparisonOperator":"NOT_CONTAINS","AttributeValueList":[{"N":"1"}]}}}`},
		{"UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"AttributeUpdates":{"m":{"Action":"ADD","Value":{"L":[]}},"":{"Action":"DELETE"}},"Expected":{"l":{"Exists":false},"g":{"ComparisonOperator":"IN","AttributeValueList":[{"S":"g"}]}},"ConditionalOperator":"OR"}`},
		{"DescribeStream", `{"StreamArn":"arn:aws:dynamodb:us-east-1:000000000000:table/things/stream/x","Limit":1}`},
		{"GetRecords", `{"ShardIterator":"arn:aws:dynamodb:us-east-1:000000000000:table/things/stream/x|1|c2hhcmR8MXwx"}`},
		{"GetShardIterator", `{"StreamArn":"arn:aws:dynamodb:us-east-1:000000000000:table/things/stream/x","ShardId":"shardId-00000000000000000000-0","ShardIteratorType":"AT_SEQUENCE_NUMBER","SequenceNumber":"100000000000000000001"}`},
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
		log := db.StartLog()
		defer log.Stop()
		resp, err := db.Do(newRequest(operation, body))
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
