package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/entable/entable/internal/engine"
)

func TestTransactionsAreIdempotentForTenMinutes(t *testing.T) {
	c := newClock()
	db := newDB(t, engine.Config{Now: c.Now})
	accounts(t, db, 1)
	request := func(n int) string {
		return fmt.Sprintf(`{"ClientRequestToken":"token","ReturnConsumedCapacity":"TOTAL","TransactItems":[%s]}`, transfer(0, n, ""))
	}
	read := func() int {
		return balance(must(t, db, "GetItem", `{"TableName":"things","Key":{"pk":{"S":"bank"},"sk":{"S":"0"}}}`)["Item"])
	}
	first := must(t, db, "TransactWriteItems", request(1))
	if units := asList(first["ConsumedCapacity"])[0].(map[string]any)["WriteCapacityUnits"]; units == nil {
		t.Errorf("no writes in %v", first)
	}
	again := must(t, db, "TransactWriteItems", request(1))
	if units := asList(again["ConsumedCapacity"])[0].(map[string]any)["ReadCapacityUnits"]; units != 2.0 {
		t.Errorf("repeated: %v", again)
	}
	if got := read(); got != 101 {
		t.Errorf("balance %d after one transaction", got)
	}
	if _, out := call(t, db, "TransactWriteItems", request(2)); !strings.HasPrefix(refusal(out), "IdempotentParameterMismatchException") {
		t.Errorf("other request, same token: %v", out)
	}
	c.pass(10 * time.Minute)
	must(t, db, "TransactWriteItems", request(1))
	if got := read(); got != 102 {
		t.Errorf("balance %d after the token was forgotten", got)
	}
}

func TestAFailedTransactionLeavesItsTokenFree(t *testing.T) {
	db := newDB(t, engine.Config{})
	accounts(t, db, 1)
	put := `{"ClientRequestToken":"token","TransactItems":[{"Put":{"TableName":"things","Item":{"pk":{"S":"x"},"sk":{"S":"y"}},"ConditionExpression":"%s(pk)"}}]}`
	if status, _ := call(t, db, "TransactWriteItems", fmt.Sprintf(put, "attribute_exists")); status == 200 {
		t.Fatal("done although its condition failed")
	}
	must(t, db, "TransactWriteItems", fmt.Sprintf(put, "attribute_not_exists"))
}

func TestCancellationReasonsComeInOrder(t *testing.T) {
	db := newDB(t, engine.Config{})
	accounts(t, db, 1)
	_, out := call(t, db, "TransactWriteItems", `{"TransactItems":[
		{"Put":{"TableName":"things","Item":{"pk":{"S":"new"},"sk":{"S":"x"}}}},
		{"Put":{"TableName":"things","Item":{"pk":{"S":"bank"},"sk":{"S":"0"}},"ConditionExpression":"attribute_not_exists(pk)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}},
		{"Update":{"TableName":"things","Key":{"pk":{"S":"bank"},"sk":{"S":"1"}},"UpdateExpression":"SET a = lacking"}},
		{"Put":{"TableName":"things","Item":{"pk":{"N":"1"},"sk":{"S":"x"}}}},
		{"ConditionCheck":{"TableName":"things","Key":{"pk":{"S":"none"},"sk":{"S":"x"}},"ConditionExpression":"attribute_exists(pk)"}}]}`)
	want := []any{
		map[string]any{"Code": "None"},
		map[string]any{"Code": "ConditionalCheckFailed", "Message": "The conditional request failed",
			"Item": decode(t, `{"pk":{"S":"bank"},"sk":{"S":"0"},"g":{"S":"all"},"h":{"N":"100"}}`)},
		map[string]any{"Code": "ValidationError", "Message": "The provided expression refers to an attribute that does not exist in the item"},
		map[string]any{"Code": "None"}, // what comes behind a ValidationError is not judged
		map[string]any{"Code": "None"},
	}
	if !equal(out["CancellationReasons"], any(want)) {
		t.Errorf("got  %v\nwant %v", out["CancellationReasons"], want)
	}
	if got := must(t, db, "Scan", `{"TableName":"things"}`)["Count"]; got != 1.0 {
		t.Errorf("%v items after a cancelled transaction", got)
	}
}
