package expr_test

import (
	"strings"
	"testing"

	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/value"
)

func item(t testing.TB, json string) value.Item {
	t.Helper()
	it, err := value.ParseItem([]byte(json))
	if err != nil {
		t.Fatalf("%s: %v", json, err)
	}
	return it
}

func params(t testing.TB, names map[string]string, values string) *expr.Params {
	t.Helper()
	var vals map[string]value.Value
	if values != "" {
		var err error
		if vals, err = expr.ParseValues([]byte(values)); err != nil {
			t.Fatalf("%s: %v", values, err)
		}
	}
	p, err := expr.NewParams(names, vals)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const order = `{"pk":{"S":"ORDER#42"},"sk":{"S":"A"},"status":{"S":"open"},"amount":{"N":"199.95"},"count":{"N":"3"},"tags":{"SS":["a","b"]},
	"parts":{"L":[{"M":{"sku":{"S":"A-1"},"qty":{"N":"2"}}},{"M":{"sku":{"S":"B-1"},"qty":{"N":"1"}}}]},"note":{"S":"a text of some length"}}`

const orderFilter = "#s = :open AND amount BETWEEN :low AND :high AND parts[1].qty < :high AND (contains(tags, :tag) OR size(note) > :low) AND NOT attribute_exists(gone)"

func TestEvalDoesNotAllocate(t *testing.T) {
	p := params(t, map[string]string{"#s": "status"}, `{":open":{"S":"open"},":low":{"N":"5"},":high":{"N":"200"},":tag":{"S":"z"}}`)
	c, err := expr.ParseCondition("FilterExpression", orderFilter, p)
	if err != nil {
		t.Fatal(err)
	}
	it := item(t, order)
	if n := testing.AllocsPerRun(100, func() {
		if !c.Eval(it) {
			t.Fatal("order does not pass the filter")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTopLevelAttributesOfExpressions(t *testing.T) {
	type attrs interface {
		Attributes() []string
		Nested() []string
	}
	check := func(what string, a attrs, err error, all, nested string) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		if got := strings.Join(a.Attributes(), " "); got != all {
			t.Errorf("%s: attributes %s, want %s", what, got, all)
		}
		if got := strings.Join(a.Nested(), " "); got != nested {
			t.Errorf("%s: nested %s, want %s", what, got, nested)
		}
	}
	p := params(t, map[string]string{"#x": "x.y"}, `{":v":{"N":"1"}}`)
	c, err := expr.ParseCondition("FilterExpression", "b.c = :v AND size(a[0]) > :v OR attribute_exists(b) AND #x = d", p)
	check("condition", c, err, "b a x.y d", "b a")
	k, err := expr.ParseKeyCondition("pk = :v AND sk > :v", p)
	check("key condition", k, err, "pk sk", "")
	pr, err := expr.ParseProjection("a.b, a.c, #x, d[1]", p)
	check("projection", pr, err, "d x.y a", "d a")
	u, err := expr.ParseUpdate("SET a.b = c[1] + d, e = :v REMOVE a.c, f ADD g :v", p)
	check("update", u, err, "a e f g", "a c")
}

func TestKeyConditionTerms(t *testing.T) {
	for _, c := range []struct {
		text, want string
	}{
		{"pk = :a", "pk 1 a-"},
		{":a = pk AND :b <= sk", "pk 1 a-,sk 5 b-"},
		{":a > pk", "pk 2 a-"}, {":a >= pk", "pk 3 a-"}, {":a < pk", "pk 4 a-"},
		{"(pk = :a) AND (sk BETWEEN :a AND :b)", "pk 1 a-,sk 6 ab"},
		{"begins_with(sk, :a) AND pk = :b", "sk 7 a-,pk 1 b-"},
		{"h1 = :a AND h2 = :a AND r1 = :b AND r2 < :b", "h1 1 a-,h2 1 a-,r1 1 b-,r2 2 b-"},
	} {
		k, err := expr.ParseKeyCondition(c.text, params(t, nil, `{":a":{"S":"a"},":b":{"S":"b"}}`))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		terms, err := k.Terms()
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		var got []string
		for _, term := range terms {
			high := "-"
			if !term.High.IsNone() {
				high = term.High.Str()
			}
			got = append(got, term.Attribute+" "+string('0'+byte(term.Op))+" "+term.Low.Str()+high)
		}
		if s := strings.Join(got, ","); s != c.want {
			t.Errorf("%s: %s, want %s", c.text, s, c.want)
		}
	}
}

func TestParsedExpressionsAreReusable(t *testing.T) {
	p := params(t, nil, `{":one":{"N":"1"},":l":{"L":[{"S":"x"}]}}`)
	u, err := expr.ParseUpdate("SET n = if_not_exists(n, :one) + :one, l = list_append(l, :l), l2[5] = :one, l2[3] = n REMOVE l2[0], gone", p)
	if err != nil {
		t.Fatal(err)
	}
	before := item(t, `{"n":{"N":"4"},"l":{"L":[]},"l2":{"L":[{"S":"a"},{"S":"b"}]},"gone":{"NULL":true}}`)
	want := `{"l":{"L":[{"S":"x"}]},"l2":{"L":[{"S":"b"},{"N":"4"},{"N":"1"}]},"n":{"N":"5"}}`
	for range 3 {
		after, err := u.Apply(before)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(after.AppendJSON(nil)); got != want {
			t.Fatalf("got %s", got)
		}
	}
}

// The service returns the parts that an update names, not the whole attributes as DynamoDB Local does. It takes
// the places in a list literally, after the update as before it.
func TestTouchedParts(t *testing.T) {
	const before = `{"a":{"M":{"b":{"S":"hi"},"c":{"L":[{"N":"1"},{"N":"2"},{"N":"3"}]}}},"d":{"S":"cat"}}`
	for _, c := range []struct{ text, old, updated string }{
		{"SET a.b = :v", `{"a":{"M":{"b":{"S":"hi"}}}}`, `{"a":{"M":{"b":{"N":"9"}}}}`},
		{"SET a.c[1] = :v, a.b = :v", `{"a":{"M":{"b":{"S":"hi"},"c":{"L":[{"N":"2"}]}}}}`, `{"a":{"M":{"b":{"N":"9"},"c":{"L":[{"N":"9"}]}}}}`},
		{"REMOVE a.c[1], a.c[3]", `{"a":{"M":{"c":{"L":[{"N":"2"}]}}}}`, `{"a":{"M":{"c":{"L":[{"N":"3"}]}}}}`},
		{"SET a.x = :v", `{}`, `{"a":{"M":{"x":{"N":"9"}}}}`},
		{"SET a.c[100] = :v", `{}`, `{}`},
		{"SET d = :v, e = :v", `{"d":{"S":"cat"}}`, `{"d":{"N":"9"},"e":{"N":"9"}}`},
		{"REMOVE d", `{"d":{"S":"cat"}}`, `{}`},
	} {
		var values string
		if strings.Contains(c.text, ":v") {
			values = `{":v":{"N":"9"}}`
		}
		for which, want := range map[string]string{"UPDATED_OLD": c.old, "UPDATED_NEW": c.updated} {
			if got, err := run(which, c.text, params(t, nil, values), item(t, before)); err != nil || got != want {
				t.Errorf("%s %s: %s, %v", which, c.text, got, err)
			}
		}
	}
}

func TestUpdatesCannotNestTooDeep(t *testing.T) {
	deep := strings.Repeat(`{"L":[`, 31) + strings.Repeat(`]}`, 31)
	for text, want := range map[string]string{"SET w = v": "", "SET w[0][0] = v": "Nesting Levels have exceeded supported limits"} {
		_, err := run("UpdateExpression", text, params(t, nil, ""), item(t, `{"v":`+deep+`,"w":{"L":[{"L":[]}]}}`))
		if got := errorText(err); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestOnlyRemoves(t *testing.T) {
	for text, want := range map[string]bool{"REMOVE a": true, "DELETE a :s": true, "REMOVE a DELETE b :s": true, "REMOVE a SET b = :s": false, "ADD a :s": false} {
		u, err := expr.ParseUpdate(text, params(t, nil, `{":s":{"SS":["x"]}}`))
		if err != nil || u.OnlyRemoves() != want {
			t.Errorf("%s: %v, %v", text, u.OnlyRemoves(), err)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	p := params(b, map[string]string{"#s": "status"}, `{":open":{"S":"open"},":low":{"N":"5"},":high":{"N":"200"},":tag":{"S":"z"}}`)
	c, err := expr.ParseCondition("FilterExpression", orderFilter, p)
	if err != nil {
		b.Fatal(err)
	}
	it := item(b, order)
	b.ReportAllocs()
	for b.Loop() {
		c.Eval(it)
	}
}

func BenchmarkParseCondition(b *testing.B) {
	p := params(b, map[string]string{"#s": "status"}, `{":open":{"S":"open"},":low":{"N":"5"},":high":{"N":"200"},":tag":{"S":"z"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := expr.ParseCondition("FilterExpression", orderFilter, p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	p := params(b, map[string]string{"#s": "status"}, `{":v":{"S":"closed"},":n":{"N":"1"}}`)
	u, err := expr.ParseUpdate("SET #s = :v, parts[1].qty = parts[1].qty + :n ADD amount :n", p)
	if err != nil {
		b.Fatal(err)
	}
	it := item(b, order)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := u.Apply(it); err != nil {
			b.Fatal(err)
		}
	}
}
