package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entable/entable/internal/engine"
)

// legacyTable has items p/0 to p/9, whose attribute a is of another kind in each, and absent in the last.
func legacyTable(t *testing.T) *engine.DB {
	t.Helper()
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", strings.NewReplacer(`"sk","AttributeType":"S"`, `"sk","AttributeType":"N"`).Replace(things))
	for i, a := range []string{`{"S":"abc"}`, `{"N":"5"}`, `{"SS":["a","b"]}`, `{"L":[{"S":"a"},{"N":"1"}]}`, `{"M":{"x":{"S":"a"}}}`, `{"BOOL":true}`,
		`{"NULL":true}`, `{"B":"YWJj"}`, `{"NS":["1","5"]}`, ""} {
		if a != "" {
			a = `,"a":` + a
		}
		must(t, db, "PutItem", fmt.Sprintf(`{"TableName":"things","Item":{"pk":{"S":"p"},"sk":{"N":"%d"}%s}}`, i, a))
	}
	return db
}

// numbers are the sort keys of the items of an answer, or its refusal.
func numbers(out map[string]any) string {
	if msg := refusal(out); msg != "" {
		return msg
	}
	var b strings.Builder
	for _, it := range asList(out["Items"]) {
		b.WriteString(it.(map[string]any)["sk"].(map[string]any)["N"].(string))
	}
	return b.String()
}

// The answers are those of DynamoDB Local.
func TestLegacyFiltersCompareByKind(t *testing.T) {
	db := legacyTable(t)
	const invalid = "ValidationException: One or more parameter values were invalid: "
	for _, c := range []struct{ condition, want string }{
		{`{"ComparisonOperator":"EQ","AttributeValueList":[{"L":[{"S":"a"},{"N":"1"}]}]}`, "3"},
		{`{"ComparisonOperator":"NE","AttributeValueList":[{"N":"5.0"}]}`, "023456789"},
		{`{"ComparisonOperator":"LE","AttributeValueList":[{"N":"5"}]}`, "1"},
		{`{"ComparisonOperator":"LT","AttributeValueList":[{"N":"5"}]}`, ""},
		{`{"ComparisonOperator":"GE","AttributeValueList":[{"B":"YWI="}]}`, "7"},
		{`{"ComparisonOperator":"GT","AttributeValueList":[{"S":"a"}]}`, "0"},
		{`{"ComparisonOperator":"CONTAINS","AttributeValueList":[{"S":"a"}]}`, "023"},
		{`{"ComparisonOperator":"NOT_CONTAINS","AttributeValueList":[{"S":"a"}]}`, "145678"},
		{`{"ComparisonOperator":"BEGINS_WITH","AttributeValueList":[{"S":"a"}]}`, "0"},
		{`{"ComparisonOperator":"IN","AttributeValueList":[{"N":"5"},{"N":"6"}]}`, "1"},
		{`{"ComparisonOperator":"BETWEEN","AttributeValueList":[{"S":"a"},{"S":"b"}]}`, "0"},
		{`{"ComparisonOperator":"NULL"}`, "9"},
		{`{"ComparisonOperator":"NOT_NULL"}`, "012345678"},
		{`{"ComparisonOperator":"BEGINS_WITH","AttributeValueList":[{"N":"5"}]}`, invalid + "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type"},
		{`{"ComparisonOperator":"IN","AttributeValueList":[{"N":"5"},{"S":"6"}]}`, invalid + "AttributeValues inside AttributeValueList must be of same type"},
		{`{"ComparisonOperator":"EQ","AttributeValueList":[]}`, invalid + "Invalid number of argument(s) for the EQ ComparisonOperator"},
		{`{"ComparisonOperator":"NULL","AttributeValueList":[{"S":"a"}]}`, invalid + "Invalid number of argument(s) for the NULL ComparisonOperator"},
		{`{"ComparisonOperator":"BETWEEN","AttributeValueList":[{"S":"b"},{"S":"a"}]}`,
			"ValidationException: The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"},
		{`{"ComparisonOperator":"EQ","AttributeValueList":[{"N":"x"}]}`, "ValidationException: The parameter cannot be converted to a numeric value: x"},
		{`{"ComparisonOperator":"X"}`, "ValidationException: 1 validation error detected: Value 'X' at 'scanFilter.a.member.comparisonOperator' failed to satisfy constraint: " +
			"Member must satisfy enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]"},
	} {
		if _, out := call(t, db, "Scan", `{"TableName":"things","ScanFilter":{"a":`+c.condition+`}}`); numbers(out) != c.want {
			t.Errorf("scan %s\n got %s\nwant %s", c.condition, numbers(out), c.want)
		}
		body := `{"TableName":"things","KeyConditions":{"pk":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"p"}]}},"QueryFilter":{"a":` + c.condition + `}}`
		want := strings.Replace(c.want, "scanFilter", "queryFilter", 1)
		if _, out := call(t, db, "Query", body); numbers(out) != want {
			t.Errorf("query %s\n got %s\nwant %s", c.condition, numbers(out), want)
		}
	}
}

func TestKeyConditions(t *testing.T) {
	db := legacyTable(t)
	for _, c := range []struct{ sk, want string }{
		{``, "0123456789"},
		{`"EQ","AttributeValueList":[{"N":"3"}]`, "3"},
		{`"LT","AttributeValueList":[{"N":"3"}]`, "012"},
		{`"LE","AttributeValueList":[{"N":"3"}]`, "0123"},
		{`"GT","AttributeValueList":[{"N":"7"}]`, "89"},
		{`"GE","AttributeValueList":[{"N":"7"}]`, "789"},
		{`"BETWEEN","AttributeValueList":[{"N":"3"},{"N":"5"}]`, "345"},
		{`"NE","AttributeValueList":[{"N":"3"}]`, "ValidationException: Attempted conditional constraint is not an indexable operation"},
		{`"EQ","AttributeValueList":[{"S":"3"}]`, "ValidationException: One or more parameter values were invalid: Condition parameter type does not match schema type"},
	} {
		sk := ""
		if c.sk != "" {
			sk = `,"sk":{"ComparisonOperator":` + c.sk + `}`
		}
		body := `{"TableName":"things","KeyConditions":{"pk":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"p"}]}` + sk + `}}`
		if _, out := call(t, db, "Query", body); numbers(out) != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.sk, numbers(out), c.want)
		}
	}
	// They may stand beside expressions, unlike the others.
	body := `{"TableName":"things","KeyConditions":{"pk":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"p"}]}},
		"FilterExpression":"a = :a","ExpressionAttributeValues":{":a":{"N":"5"}}}`
	if _, out := call(t, db, "Query", body); numbers(out) != "1" {
		t.Errorf("with a FilterExpression: %v", out)
	}
}

func TestLegacyFiltersAreJoined(t *testing.T) {
	db := legacyTable(t)
	const two = `"ScanFilter":{"a":{"ComparisonOperator":"NOT_NULL"},"sk":{"ComparisonOperator":"GT","AttributeValueList":[{"N":"7"}]}}`
	for body, want := range map[string]string{
		two:                                  "8",
		two + `,"ConditionalOperator":"AND"`: "8",
		two + `,"ConditionalOperator":"OR"`:  "0123456789",
		`"ScanFilter":{}`:                    "0123456789",
		`"ConditionalOperator":"OR"`:         "ValidationException: ConditionalOperator cannot be used without Filter or Expected",
		two + `,"FilterExpression":"attribute_exists(a)"`:                "ValidationException: Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {ScanFilter} Expression parameters: {FilterExpression}",
		`"AttributesToGet":["a","a"]`:                                    "ValidationException: One or more parameter values were invalid: Duplicate value in attribute name: a",
		`"AttributesToGet":["a"],"Select":"COUNT"`:                       "ValidationException: Cannot specify the AttributesToGet when choosing to get only the Count",
		`"AttributesToGet":["sk"],"Select":"SPECIFIC_ATTRIBUTES"`:        "0123456789",
		`"AttributesToGet":["sk"],"ExpressionAttributeNames":{"#a":"a"}`: "ValidationException: ExpressionAttributeNames can only be specified when using expressions",
	} {
		if _, out := call(t, db, "Scan", `{"TableName":"things",`+body+`}`); numbers(out) != want {
			t.Errorf("%s\n got %s\nwant %s", body, numbers(out), want)
		}
	}
	out := must(t, db, "GetItem", `{"TableName":"things","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"AttributesToGet":["a","sk","none"]}`)
	if want := decode(t, `{"a":{"N":"5"},"sk":{"N":"1"}}`); !equal(out["Item"], any(want)) {
		t.Errorf("got %v", out["Item"])
	}
	out = must(t, db, "BatchGetItem", `{"RequestItems":{"things":{"Keys":[{"pk":{"S":"p"},"sk":{"N":"1"}}],"AttributesToGet":["a"]}}}`)
	if got := fmt.Sprint(out["Responses"]); got != "map[things:[map[a:map[N:5]]]]" {
		t.Errorf("got %s", got)
	}
}

func TestExpected(t *testing.T) {
	const framed, failed, invalid = "ValidationException: 1 validation error detected: ", "ConditionalCheckFailedException: The conditional request failed",
		"ValidationException: 1 validation error detected: One or more parameter values were invalid: "
	for _, c := range []struct{ expected, more, want string }{
		{`"a":{"Value":{"N":"5"}}`, "", ""},
		{`"a":{"Value":{"N":"6"}}`, "", failed},
		{`"a":{"Exists":true,"Value":{"N":"5"}}`, "", ""},
		{`"b":{"Exists":false}`, "", ""},
		{`"a":{"Exists":false}`, "", failed},
		{`"a":{"ComparisonOperator":"GT","AttributeValueList":[{"N":"4"}]}`, "", ""},
		{`"a":{"ComparisonOperator":"GT","Value":{"N":"5"}}`, "", failed},
		{`"b":{"ComparisonOperator":"NULL"}`, "", ""},
		{`"a":{"Value":{"N":"6"}},"sk":{"Value":{"N":"1"}}`, `,"ConditionalOperator":"OR"`, ""},
		{`"a":{"Value":{"N":"6"}},"sk":{"Value":{"N":"1"}}`, "", failed},
		{`"a":{"Exists":true}`, "", invalid + "Value must be provided when Exists is true for Attribute: a"},
		{`"a":{}`, "", invalid + "Value must be provided when Exists is null for Attribute: a"},
		{`"a":{"Exists":false,"Value":{"N":"5"}}`, "", invalid + "Value cannot be used when Exists is false for Attribute: a"},
		{`"a":{"ComparisonOperator":"EQ"}`, "", invalid + "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a"},
		{`"a":{"ComparisonOperator":"EQ","Value":{"N":"5"},"AttributeValueList":[{"N":"5"}]}`, "", invalid + "Value and AttributeValueList cannot be used together for Attribute: a"},
		{`"a":{"ComparisonOperator":"EQ","Value":{"N":"5"},"Exists":true}`, "", invalid + "Exists and ComparisonOperator cannot be used together for Attribute: a"},
		{`"a":{"AttributeValueList":[{"N":"5"}]}`, "", invalid + "AttributeValueList can only be used with a ComparisonOperator for Attribute: a"},
		{`"a":{"Value":{"N":"5"}}`, `,"ConditionalOperator":"OR"`, framed + "ConditionalOperator can only be used when Filter or Expected has two or more elements"},
		{`"a":{"Value":{"N":"5"}}`, `,"ConditionExpression":"attribute_exists(a)"`,
			framed + "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}"},
	} {
		for operation, target := range map[string]string{"PutItem": `"Item"`, "DeleteItem": `"Key"`, "UpdateItem": `"Key"`} {
			db := legacyTable(t)
			body := fmt.Sprintf(`{"TableName":"things",%s:{"pk":{"S":"p"},"sk":{"N":"1"}},"Expected":{%s}%s}`, target, c.expected, c.more)
			if _, out := call(t, db, operation, body); refusal(out) != c.want {
				t.Errorf("%s %s\n got %s\nwant %s", operation, body, refusal(out), c.want)
			}
		}
	}
}

func TestAttributeUpdates(t *testing.T) {
	const invalid = "ValidationException: 1 validation error detected: One or more parameter values were invalid: "
	for _, c := range []struct{ sk, updates, want string }{
		{"1", `"a":{"Value":{"S":"x"}},"b":{"Action":"PUT","Value":{"L":[]}}`, `{"a":{"S":"x"},"b":{"L":[]}}`},
		{"1", `"a":{"Action":"ADD","Value":{"N":"2"}},"b":{"Action":"ADD","Value":{"N":"2"}}`, `{"a":{"N":"7"},"b":{"N":"2"}}`},
		{"2", `"a":{"Action":"ADD","Value":{"SS":["b","c"]}}`, `{"a":{"SS":["a","b","c"]}}`},
		{"2", `"a":{"Action":"DELETE","Value":{"SS":["b","c"]}}`, `{"a":{"SS":["a"]}}`},
		{"2", `"a":{"Action":"DELETE","Value":{"SS":["b","a"]}}`, `{}`},
		{"2", `"a":{"Action":"DELETE"}`, `{}`},
		{"3", `"a":{"Action":"ADD","Value":{"L":[{"S":"z"}]}}`, `{"a":{"L":[{"S":"a"},{"N":"1"},{"S":"z"}]}}`},
		{"none", `"a":{"Action":"ADD","Value":{"L":[{"S":"z"}]}}`, `{"a":{"L":[{"S":"z"}]}}`},
		{"none", `"a":{"Action":"DELETE"}`, `absent`},
		{"none", ``, `{}`},
		{"1", `"a":{"Action":"ADD","Value":{"S":"x"}}`, invalid + "ADD action is not supported for the type S"},
		{"1", `"a":{"Action":"DELETE","Value":{"S":"x"}}`, invalid + "DELETE action with value is not supported for the type S"},
		{"1", `"a":{"Action":"PUT"}`, invalid + "Only DELETE action is allowed when no attribute value is specified"},
		{"1", `"a":{"Action":"ADD","Value":{"SS":["x"]}}`, "ValidationException: Type mismatch for attribute to update"},
		{"1", `"pk":{"Value":{"S":"x"}}`, "ValidationException: One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"},
	} {
		db := legacyTable(t)
		key := fmt.Sprintf(`"Key":{"pk":{"S":"p"},"sk":{"N":%q}}`, strings.Replace(c.sk, "none", "99", 1))
		_, out := call(t, db, "UpdateItem", `{"TableName":"things",`+key+`,"AttributeUpdates":{`+c.updates+`}}`)
		got := refusal(out)
		if got == "" {
			it, ok := must(t, db, "GetItem", `{"TableName":"things",`+key+`}`)["Item"].(map[string]any)
			delete(it, "pk")
			delete(it, "sk")
			text, _ := marshal(it)
			if got = string(text); !ok {
				got = "absent"
			}
		}
		if got != c.want {
			t.Errorf("%s: %s\n got %s\nwant %s", c.sk, c.updates, got, c.want)
		}
	}
}
