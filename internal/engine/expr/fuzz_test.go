package expr_test

import (
	"errors"
	"testing"

	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/value"
)

const fuzzItem = `{"a":{"S":"abc"},"b":{"N":"12.5"},"c":{"M":{"d":{"L":[{"N":"1"},{"S":"x"},{"M":{"e":{"BOOL":true}}}]}}},"d":{"L":[{"N":"1"},{"L":[]}]},"s":{"SS":["x","y"]},"n":{"NULL":true}}`

const fuzzValues = `{":s":{"S":"ab"},":n":{"N":"1"},":l":{"L":[{"S":"x"}]},":ss":{"SS":["x"]},":b":{"B":"YQ=="},":t":{"BOOL":true},":ty":{"S":"L"}}`

// fuzz runs an expression of one kind. Whatever the text, the outcome is a result or an *expr.Error.
func fuzz(f *testing.F, param string, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	it := item(f, fuzzItem)
	f.Fuzz(func(t *testing.T, text string) {
		p := params(t, map[string]string{"#a": "a", "#c": "c"}, fuzzValues)
		out, err := run(param, text, p, it)
		if err != nil {
			if !errors.As(err, new(*expr.Error)) || err.Error() == "" {
				t.Fatalf("%q: %T %v", text, err, err)
			}
			return
		}
		if len(out) > 0 && out[0] == '{' {
			if _, err := value.ParseItem([]byte(out)); err != nil {
				t.Fatalf("%q gives %s: %v", text, out, err)
			}
		}
	})
}

func FuzzCondition(f *testing.F) {
	fuzz(f, "FilterExpression", "#a = :s AND NOT (size(c.d) > :n OR b BETWEEN :n AND :n)", "attribute_type(c.d[1], :ty)", "begins_with(a, :s)", "contains(s, :s)", "((a)) = b", "a IN (:s, :n, (b))", "a[0")
}

func FuzzKeyCondition(f *testing.F) {
	fuzz(f, "KeyConditionExpression", "a = :s AND b > :n", "begins_with(a, :s)", "b BETWEEN :n AND :n", ":n < b", "a = :s OR b = :n")
}

func FuzzProjection(f *testing.F) {
	fuzz(f, "ProjectionExpression", "#a, c.d[2].e, c.d[0]", "d[1], d[0]", "a.b, a[0]", "a,")
}

func FuzzUpdate(f *testing.F) {
	fuzz(f, "UpdateExpression", "SET a = :s, b = b + :n, c.d[1] = if_not_exists(x, :n) REMOVE d[0] ADD s :ss", "DELETE s :ss", "SET d = list_append(d, :l), c.d[9] = :n, c.d[8] = :s", "SET a = (b - (:n))", "REMOVE c.d[0], c.d[1]")
}
