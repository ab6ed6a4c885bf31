package expr_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/value"
)

// recorded is one line of testdata: an expression, the item it was put to, and the answer of DynamoDB Local, with
// the service's wording where the two are known to differ.
type recorded struct {
	Param  string            `json:"param"` // or UPDATED_OLD, UPDATED_NEW: what an update returns
	Text   string            `json:"text"`
	Names  map[string]string `json:"names"`
	Values json.RawMessage   `json:"values"`
	Item   json.RawMessage   `json:"item"`
	Want   string            `json:"want"` // true, false, the resulting item, or the error
}

// answer runs a case and words its outcome as want does.
func (c *recorded) answer() string {
	var values map[string]value.Value
	if c.Values != nil {
		var err error
		if values, err = expr.ParseValues(c.Values); err != nil {
			return err.Error()
		}
	}
	p, err := expr.NewParams(c.Names, values)
	if err != nil {
		return err.Error()
	}
	var item value.Item
	if c.Item != nil {
		if item, err = value.ParseItem(c.Item); err != nil {
			return "item: " + err.Error()
		}
	}
	out, err := run(c.Param, c.Text, p, item)
	if err != nil {
		return err.Error()
	}
	return out
}

func run(param, text string, p *expr.Params, item value.Item) (string, error) {
	switch param {
	case "ProjectionExpression":
		pr, err := expr.ParseProjection(text, p)
		if err == nil {
			err = p.Unused()
		}
		if err != nil {
			return "", err
		}
		return string(pr.Apply(item).AppendJSON(nil)), nil
	case "UpdateExpression", "UPDATED_OLD", "UPDATED_NEW":
		u, err := expr.ParseUpdate(text, p)
		if err == nil {
			err = p.Unused()
		}
		if err != nil {
			return "", err
		}
		after, err := u.Apply(item)
		if err != nil {
			return "", err
		}
		switch param {
		case "UPDATED_OLD":
			after = u.Touched(item)
		case "UPDATED_NEW":
			after = u.Touched(after)
		}
		return string(after.AppendJSON(nil)), nil
	case "KeyConditionExpression":
		k, err := expr.ParseKeyCondition(text, p)
		if err == nil {
			err = p.Unused()
		}
		if err != nil {
			return "", err
		}
		terms, err := k.Terms()
		if err == nil && len(terms) == 0 {
			return "no terms", nil
		}
		return "true", err
	}
	c, err := expr.ParseCondition(param, text, p)
	if err == nil {
		err = p.Unused()
	}
	if err != nil {
		return "", err
	}
	if c.Eval(item) {
		return "true", nil
	}
	return "false", nil
}

// twoConditions is what DynamoDB Local says of two conditions on one key. The service tells the parameter first.
const twoConditions = "KeyConditionExpressions must only contain one condition per key"

func TestRecordedAnswers(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded answers: %v", err)
	}
	if more := os.Getenv("ENTABLE_EXPR_CASES"); more != "" {
		files = append(files, more)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			var c recorded
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				t.Fatalf("%s:%d: %v", file, n, err)
			}
			want := c.Want
			if want == twoConditions {
				want = "Invalid KeyConditionExpression: " + want
			}
			if strings.HasPrefix(want, "{") {
				want = canonical(t, want)
			}
			if got := c.answer(); got != want {
				t.Errorf("%s:%d: %s %s %v\n item %s\n  got %s\n want %s", file, n, c.Text, c.Values, c.Names, c.Item, got, want)
			}
		}
		if lines.Err() != nil {
			t.Fatal(lines.Err())
		}
	}
}

// canonical brings a recorded item into the order of names that items are printed in.
func canonical(t *testing.T, item string) string {
	it, err := value.ParseItem([]byte(item))
	if err != nil {
		t.Fatalf("%s: %v", item, err)
	}
	return string(bytes.TrimSpace(it.AppendJSON(nil)))
}
