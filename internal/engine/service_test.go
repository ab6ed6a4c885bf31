package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entable/entable/internal/engine"
)

// What the service itself answers where DynamoDB Local has words of its own. The
// facts are from suites that were run against the service:
//
// https://github.com/paritysuite/dynamodb-conformance
// https://github.com/architect/dynalite

func TestRefusalsAreWordedAsByTheService(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", things)
	many := func(n int, format string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(parts, ",")
	}
	key := `"Key":{"pk":{"S":"a"},"sk":{"S":"b"}}`
	cases := []struct{ operation, body, want string }{
		{"PutItem", `{"Item":{"pk":{"S":"a"}}}`, "ValidationException: 1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null"},
		{"PutItem", `{"TableName":"","Item":{"pk":{"S":"a"}}}`, "ValidationException: 1 validation error detected: Value '' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"PutItem", `{"TableName":"bad table!@#","Item":{"pk":{"S":"a"}}}`, "ValidationException: 1 validation error detected: Value 'bad table!@#' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		{"PutItem", `{"TableName":"` + strings.Repeat("a", 256) + `","Item":{"pk":{"S":"a"}}}`, "ValidationException: 1 validation error detected: Value '" + strings.Repeat("a", 256) + "' at 'tableName' failed to satisfy constraint: Member must have length less than or equal to 255"},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"bad":{"SS":[]}}}`, "ValidationException: 1 validation error detected: One or more parameter values were invalid: An string set  may not be empty"},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"bad":{"SS":["a","a"]}}}`, "ValidationException: 1 validation error detected: One or more parameter values were invalid: Input collection [\"a\", \"a\"] contains duplicates."},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"1"}},"ConditionExpression":"x = :v","ExpressionAttributeValues":{":v":{"SS":["b","a","b"]}}}`, "ValidationException: 1 validation error detected: One or more parameter values were invalid: Input collection [\"a\", \"b\", \"b\"] contains duplicates."},
		{"GetItem", `{"TableName":"things","Key":{"pk":{"BS":["/w==","AA==","AA=="]}}}`, "ValidationException: One or more parameter values were invalid: Input collection [\"AA==\",\"/w==\",\"AA==\"]of type BS contains duplicates."},
		{"Query", `{"TableName":"things","KeyConditionExpression":"pk = :v","ExpressionAttributeValues":{":v":{"NS":["2","1","2"]}}}`, "ValidationException: One or more parameter values were invalid: Input collection contains duplicates."},
		{"Query", `{"TableName":"things","KeyConditionExpression":"pk = :v","ExpressionAttributeValues":{":v":{"N":""}}}`, "ValidationException: The parameter cannot be converted to a numeric value: "},
		{"Query", `{"TableName":"things","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"a"}},"ExclusiveStartKey":{"pk":{"SS":["b","a","b"]}}}`, "ValidationException: One or more parameter values were invalid: Input collection [\"a\", \"b\", \"b\"] contains duplicates."},
		{"BatchGetItem", `{"RequestItems":{"things":{"Keys":[{"pk":{"N":""},"sk":{"S":"1"}}]}}}`, "ValidationException: The parameter cannot be converted to a numeric value: "},
		{"BatchWriteItem", `{"RequestItems":{"things":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"S":"1"},"x":{"SS":["b","a","b"]}}}}]}}`, "ValidationException: One or more parameter values were invalid: Input collection [b, a, b] contains duplicates."},
		{"Scan", `{"TableName":"things","FilterExpression":"x = :v","ExpressionAttributeValues":{":v":{"N":""}}}`, "ValidationException: ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value for key :v"},
		{"TransactWriteItems", `{"TransactItems":[{"ConditionCheck":{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"1"}},"ConditionExpression":"x = :v","ExpressionAttributeValues":{":v":{"NS":["2","1","2"]}}}}]}`, "ValidationException: ExpressionAttributeValues contains invalid value: Input collection contains duplicates for key :v"},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"bad":{"NULL":false}}}`, "ValidationException: 1 validation error detected: One or more parameter values were invalid: Null attribute value types must have the value of true"},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"}},"ExpressionAttributeValues":{":v":{"S":"u"}}}`, "ValidationException: 1 validation error detected: ExpressionAttributeValues can only be specified when using expressions"},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"}}}`, "ValidationException: One or more parameter values were invalid: Missing the key sk in the item"},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"N":"1"}}}`, "ValidationException: One or more parameter values were invalid: Type mismatch for key sk expected: S actual: N"},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":""}}}`, "ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: sk"},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"g":{"N":"1"}}}`, "ValidationException: One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: gix"},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"g":{"S":""}}}`, "ValidationException: One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: gix, IndexKey: g"},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"}},"ReturnValues":"ALL_NEW"}`, "ValidationException: ReturnValues can only be ALL_OLD or NONE"},
		{"PutItem", `{"TableName":"nothing","Item":{"pk":{"S":"a"}}}`, "ResourceNotFoundException: Requested resource not found"},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"}},"ReturnConsumedCapacity":"x","ReturnValues":"y","ReturnItemCollectionMetrics":"z"}`,
			"ValidationException: 3 validation errors detected: Value 'x' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]; " +
				"Value 'y' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]; " +
				"Value 'z' at 'returnItemCollectionMetrics' failed to satisfy constraint: Member must satisfy enum value set: [SIZE, NONE]"},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"}},"ExpressionAttributeNames":{"#a":"a"}}`, "ValidationException: 1 validation error detected: ExpressionAttributeNames can only be specified when using expressions"},
		{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"}},"ConditionExpression":""}`, "ValidationException: 1 validation error detected: Invalid ConditionExpression: The expression can not be empty;"},
		{"DeleteItem", `{"TableName":"things",` + key + `,"ConditionExpression":"a = :v"}`, "ValidationException: 1 validation error detected: Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :v"},
		{"UpdateItem", `{"TableName":"things",` + key + `,"UpdateExpression":"REMOVE a","ExpressionAttributeNames":{"#a":"a"}}`, "ValidationException: 1 validation error detected: Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"},
		{"Query", `{"TableName":"things","KeyConditionExpression":"pk = :v","ExpressionAttributeValues":{":v":{"S":"u"}},"Select":"SPECIFIC_ATTRIBUTES"}`, "ValidationException: 1 validation error detected: Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"},
		{"Query", `{"TableName":"things","KeyConditionExpression":"pk = :w","ExpressionAttributeValues":{":v":{"S":"u"}}}`, "ValidationException: Invalid KeyConditionExpression: An expression attribute value used in expression is not defined; attribute value: :w"},
		{"Scan", `{"TableName":"things","Select":"SPECIFIC_ATTRIBUTES"}`, "ValidationException: Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"},
		{"UpdateTable", `{"TableName":"things","AttributeDefinitions":[{"AttributeName":"h","AttributeType":"S"}],
			"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"new","KeySchema":[{"AttributeName":"h","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}}]}`,
			"ValidationException: One or more parameter values were invalid: Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. " +
				"Existing schema: Schema:[SchemaElement: key{g:S:HASH}, key{h:N:RANGE}] New schema: Schema:[SchemaElement: key{h:S:HASH}]"},
		{"UpdateTable", `{"TableName":"things","AttributeDefinitions":[{"AttributeName":"h","AttributeType":"N"}],
			"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"new","KeySchema":[{"AttributeName":"h","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}},"Delete":{"IndexName":"gix"}}]}`,
			"ValidationException: One or more parameter values were invalid: Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete can be specified"},
		{"UpdateTable", `{"TableName":"things","StreamSpecification":{"StreamEnabled":false}}`, "ValidationException: Table has no stream to disable"},
		{"GetItem", `{"TableName":"things","Key":{"pk":{"S":"a"}}}`, "ValidationException: The provided key element does not match the schema"},
		{"GetItem", `{"TableName":"things",` + key + `,"ProjectionExpression":"!!!"}`, `ValidationException: Invalid ProjectionExpression: Syntax error; token: "!", near: "!!"`},
		{"UpdateItem", `{"TableName":"things",` + key + `,"UpdateExpression":"SET pk = :v","ExpressionAttributeValues":{":v":{"S":"u"}}}`, "ValidationException: One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"},
		{"UpdateItem", `{"TableName":"things",` + key + `,"ExpressionAttributeValues":{":v":{"S":"u"}}}`, "ValidationException: 1 validation error detected: ExpressionAttributeValues can only be specified when using expressions"},
		{"UpdateItem", `{"TableName":"things",` + key + `,"UpdateExpression":"SET g = :v","ExpressionAttributeValues":{":v":{"N":"1"}}}`, "ValidationException: One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: gix"},
		{"Query", `{"TableName":"things","KeyConditionExpression":"sk = :v","ExpressionAttributeValues":{":v":{"S":"u"}}}`, "ValidationException: Query condition missed key schema element: pk"},
		{"Query", `{"TableName":"things","IndexName":"gix","ConsistentRead":true,"KeyConditionExpression":"g = :v","ExpressionAttributeValues":{":v":{"S":"u"}}}`, "ValidationException: Consistent reads are not supported on global secondary indexes"},
		{"Query", `{"TableName":"things"}`, "ValidationException: Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."},
		{"Query", `{"TableName":"things","Select":"X","KeyConditionExpression":"pk = :v","ExpressionAttributeValues":{":v":{"S":"u"}}}`, "ValidationException: 1 validation error detected: Value 'X' at 'select' failed to satisfy constraint: Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"},
		{"Query", `{"TableName":"things","Limit":0}`, "ValidationException: 1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"Scan", `{"TableName":"things","Limit":0}`, "ValidationException: 1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"Scan", `{"TableName":"things","Segment":0}`, "ValidationException: The TotalSegments parameter is required but was not present in the request when Segment parameter is present"},
		{"Scan", `{"TableName":"things","TotalSegments":4}`, "ValidationException: The Segment parameter is required but was not present in the request when parameter TotalSegments is present"},
		{"Scan", `{"TableName":"things","Segment":5,"TotalSegments":5}`, "ValidationException: The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 5 is not less than TotalSegments: 5"},
		{"BatchGetItem", `{"RequestItems":{}}`, "ValidationException: The requestItems parameter is required for BatchGetItem"},
		{"BatchGetItem", `{"RequestItems":{"things":{"Keys":[` + many(101, `{"pk":{"S":"%d"},"sk":{"S":"b"}}`) + `]}}}`, "ValidationException: 1 validation error detected: Value at 'RequestItems.things.member.Keys' failed to satisfy constraint: Member must have length less than or equal to 100"},
		{"BatchWriteItem", `{"RequestItems":{}}`, "ValidationException: The requestItems parameter is required for BatchWriteItem"},
		{"BatchWriteItem", `{"RequestItems":{"things":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"N":"1"}}}}]}}`, "ValidationException: The provided key element does not match the schema"},
		{"TransactWriteItems", `{"TransactItems":[]}`, "ValidationException: 1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"things","Item":{"pk":{"S":""},"sk":{"S":"b"}}}}]}`, "ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"},
		{"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"nothing","Item":{"pk":{"S":"a"}}}},{"ConditionCheck":{"TableName":"things",` + key + `,"ConditionExpression":"attribute_not_exists("}}]}`,
			`ValidationException: Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "("`},
		{"TransactGetItems", `{"TransactItems":[{"Get":{"TableName":"things","Key":{}}}]}`, "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError]"},
		{"CreateTable", `{"AttributeDefinitions":[]}`, "ValidationException: The parameter 'TableName' is required but was not present in the request"},
		{"CreateTable", `{"TableName":"ab","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`, "ValidationException: 1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"},
		{"CreateTable", `{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"pk","KeyType":"RANGE"}],"BillingMode":"PAY_PER_REQUEST"}`, "ValidationException: Invalid KeySchema: Some index key attribute have no definition"},
		{"CreateTable", `{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"},{"AttributeName":"b","AttributeType":"S"},{"AttributeName":"c","AttributeType":"S"}],` +
			`"KeySchema":[{"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"b","KeyType":"RANGE"},{"AttributeName":"c","KeyType":"RANGE"}]}`,
			"ValidationException: 1 validation error detected: Value '[KeySchemaElement(attributeName=a, keyType=HASH), KeySchemaElement(attributeName=b, keyType=RANGE), KeySchemaElement(attributeName=c, keyType=RANGE)]' at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2"},
		{"CreateTable", `{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"X"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`, "ValidationException: 1 validation error detected: Value 'X' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]"},
		{"CreateTable", `{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`, "ValidationException: One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"},
		{"DescribeTable", `{"TableName":"nothing"}`, "ResourceNotFoundException: Requested resource not found: Table: nothing not found"},
		{"DeleteTable", `{}`, "ValidationException: The parameter 'TableName' is required but was not present in the request"},
		{"ListTables", `{"Limit":101}`, "ValidationException: 1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100"},
		{"UpdateTable", `{"TableName":"things","GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"nope"}}]}`, "ResourceNotFoundException: Requested resource not found"},
		{"ExecuteStatement", `{}`, "UnknownOperationException: ExecuteStatement is not supported by the in-process DynamoDB of entable"},
	}
	for _, c := range cases {
		status, out := call(t, db, c.operation, c.body)
		if got := refusal(out); got != c.want || status != 400 {
			t.Errorf("%s %s\n got %d %s\nwant 400 %s", c.operation, short(c.body), status, got, c.want)
		}
	}
}

func TestBodiesOfTheWrongTypesAreRefused(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", things)
	cases := []struct{ operation, body, want string }{
		{"GetItem", `{"TableName":true}`, "TRUE_VALUE cannot be converted to String"},
		{"GetItem", `{"TableName":23}`, "NUMBER_VALUE cannot be converted to String"},
		{"GetItem", `{"TableName":34.56}`, "DECIMAL_VALUE cannot be converted to String"},
		{"GetItem", `{"TableName":[]}`, "Unrecognized collection type class java.lang.String"},
		{"GetItem", `{"TableName":{}}`, "Start of structure or map found where not expected"},
		{"GetItem", `{"Key":"a"}`, "Unexpected field type"},
		{"GetItem", `{"Key":[]}`, "Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"},
		{"GetItem", `{"Key":{"pk":"a"}}`, "Unexpected value type in payload"},
		{"GetItem", `{"Key":{"pk":{"S":1}}}`, "NUMBER_VALUE cannot be converted to String"},
		{"GetItem", `{"ConsistentRead":1}`, "NUMBER_VALUE cannot be converted to Boolean"},
		{"GetItem", `{"ConsistentRead":"23"}`, "Unexpected token received from parser"},
		{"GetItem", `{"ExpressionAttributeNames":[]}`, "Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>"},
		{"ListTables", `{"Limit":"23"}`, "STRING_VALUE cannot be converted to Integer"},
		{"ListTables", `{"Limit":true}`, "TRUE_VALUE cannot be converted to Integer"},
		{"CreateTable", `{"AttributeDefinitions":{}}`, "Start of structure or map found where not expected"},
		{"CreateTable", `{"AttributeDefinitions":"a"}`, "Unexpected field type"},
		{"CreateTable", `{"AttributeDefinitions":["a"]}`, "Unexpected value type in payload"},
		{"CreateTable", `{"AttributeDefinitions":[[]]}`, "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeDefinition"},
		{"CreateTable", `{"ProvisionedThroughput":"a"}`, "Unexpected field type"},
		{"CreateTable", `{"ProvisionedThroughput":{"ReadCapacityUnits":"a"}}`, "STRING_VALUE cannot be converted to Long"},
		{"GetItem", `{"TableName":"things"`, ""},
		{"GetItem", `{"TableName":1,`, ""},
		{"GetItem", `{"TableName":"things",}`, ""},
		{"GetItem", `{"TableName":"a"} {}`, ""},
		{"GetItem", ``, ""},
		{"GetItem", `[]`, ""},
	}
	for _, c := range cases {
		_, out := call(t, db, c.operation, c.body)
		if got, want := refusal(out), "SerializationException: "+c.want; got != want {
			t.Errorf("%s %s\n got %s\nwant %s", c.operation, c.body, got, want)
		}
	}
}
