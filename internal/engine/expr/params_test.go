package expr_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/value"
)

func TestNewParamsRefusals(t *testing.T) {
	long := strings.Repeat("n", 255)
	for _, c := range []struct {
		names map[string]string
		want  string
	}{
		{nil, ""}, {map[string]string{"#a": "x", "#1": "y", "#_": "z", "#" + long[1:]: "l"}, ""},
		{map[string]string{}, "ExpressionAttributeNames must not be empty"},
		{map[string]string{"a": "b"}, `ExpressionAttributeNames contains invalid key: Syntax error; key: "a"`},
		{map[string]string{"#": "b"}, `ExpressionAttributeNames contains invalid key: Syntax error; key: "#"`},
		{map[string]string{"#a-b": "b"}, `ExpressionAttributeNames contains invalid key: Syntax error; key: "#a-b"`},
		{map[string]string{"#é": "b"}, `ExpressionAttributeNames contains invalid key: Syntax error; key: "#é"`},
		{map[string]string{"#" + long: "b"}, "ExpressionAttributeNames contains invalid key: The expression attribute map contains a key that is too long; size of key: 256"},
		{map[string]string{"#a": ""}, "ExpressionAttributeNames contains invalid value: Empty attribute name for key #a"},
		{map[string]string{"#a": strings.Repeat("n", 65536)}, "ExpressionAttributeNames contains invalid value: Attribute name is too large, must be less than 65536 bytes for key #a"},
	} {
		_, err := expr.NewParams(c.names, nil)
		if got := errorText(err); got != c.want {
			t.Errorf("%.60v: %s, want %s", c.names, got, c.want)
		}
	}
	if _, err := expr.NewParams(nil, map[string]value.Value{":v": value.String(strings.Repeat("x", 2<<20+1))}); errorText(err) != "ExpressionAttributeValues exceeds max size" {
		t.Errorf("big values: %v", err)
	}
}

func TestParseValuesRefusals(t *testing.T) {
	for in, want := range map[string]string{
		`{}`:                       "ExpressionAttributeValues must not be empty",
		`{"a":{"S":"b"}}`:          `ExpressionAttributeValues contains invalid key: Syntax error; key: "a"`,
		`{":":{"S":"b"}}`:          `ExpressionAttributeValues contains invalid key: Syntax error; key: ":"`,
		`{":a":{},"x":{"S":"c"}}`:  `ExpressionAttributeValues contains invalid key: Syntax error; key: "x"`,
		`{":a":{}}`:                "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :a",
		`{":b":{"N":"b"}}`:         "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: b for key :b",
		`{":b":{"SS":["a","a"]}}`:  "ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: Input collection [a, a] contains duplicates. for key :b",
		`{":b":{"S":"a","N":"1"}}`: "ExpressionAttributeValues contains invalid value: Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes for key :b",
		`[]`:                       "SerializationException: Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>",
		`{":a":{},":b":{"S":1}}`:   "SerializationException: NUMBER_VALUE cannot be converted to String",
	} {
		_, err := expr.ParseValues([]byte(in))
		if got := errorText(err); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
		if serialization := errors.As(err, new(*value.Error)); serialization != strings.HasPrefix(want, "Serialization") {
			t.Errorf("%s: error of type %T", in, err)
		}
	}
}

func TestUnusedNamesComeBeforeUnusedValues(t *testing.T) {
	p := params(t, map[string]string{"#a": "a", "#c": "c", "#b": "b"}, `{":a":{"S":"a"},":z":{"S":"z"},":y":{"S":"y"}}`)
	if err := p.Unused(); errorText(err) != "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b, #c}" {
		t.Error(err)
	}
	if _, err := expr.ParseProjection("#a, #b.#c", p); err != nil {
		t.Fatal(err)
	}
	if err := p.Unused(); errorText(err) != "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a, :y, :z}" {
		t.Error(err)
	}
	k, err := expr.ParseKeyCondition(":y = x OR :z = x AND :a = x", p)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Unused(); err != nil {
		t.Error(err)
	}
	if _, err := k.Terms(); errorText(err) != "Invalid operator used in KeyConditionExpression: OR" {
		t.Error(err)
	}
}

func TestServiceWinsOverDynamoDBLocal(t *testing.T) {
	for _, c := range []struct{ param, text, want string }{
		{"FilterExpression", "size = :a", "Invalid FilterExpression: Attribute name is a reserved keyword; reserved keyword: size"},
		{"ProjectionExpression", "cOnVert", "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: cOnVert"},
		{"UpdateExpression", "SET a.:a = :a", `Invalid UpdateExpression: Syntax error; token: ":a", near: ".:a ="`},
		{"UpdateExpression", "SET a = :big + :a", "Number overflow. Attempting to store a number with magnitude larger than supported range"},
		{"FilterExpression", "a = b AND c = 😀", "Invalid FilterExpression: Syntax error; token: \"\uFFFD\", near: \"= 😀\""},
		{"UpdateExpression", "SET a = a" + strings.Repeat(" ", 4096), "Invalid UpdateExpression: Expression size has exceeded the maximum allowed size;"},
		{"ConditionExpression", "a = :a" + strings.Repeat(" ", 4096), "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 4102"},
		{"KeyConditionExpression", "a = :a AND a = :a", "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key"},
	} {
		_, err := run(c.param, c.text, params(t, nil, valuesOf(c.text)), value.Item{})
		if got := errorText(err); got != c.want {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
}

// valuesOf defines :a, and :big if the text uses it.
func valuesOf(text string) string {
	if strings.Contains(text, ":big") {
		return `{":a":{"N":"1"},":big":{"N":"1E60"}}`
	}
	return `{":a":{"N":"1"}}`
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
