package change_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable/internal/change"
)

// drawer has elements with options, and keys of several types.
type drawer struct {
	Names  map[string]string          `dynamodbav:"names,omitemptyelem"`
	Words  []string                   `dynamodbav:"words,omitemptyelem"`
	Deep   map[string][]string        `dynamodbav:"deep,omitemptyelem"`
	Null   map[string]string          `dynamodbav:"null,nullemptyelem"`
	Counts map[string]int             `dynamodbav:"counts,nullemptyelem"`
	Plain  map[string]string          `dynamodbav:"plain"`
	ByNum  map[int]string             `dynamodbav:"bynum"`
	ByU8   map[uint8]int              `dynamodbav:"byu8"`
	ByBool map[bool]string            `dynamodbav:"bybool"`
	ByTime map[time.Time]int          `dynamodbav:"bytime"`
	ByF    map[float64][]int          `dynamodbav:"byf"`
	Inner  map[int8]map[string]string `dynamodbav:"inner"`
}

// One element is stored as it is in the whole, and under a name by which it is read again.
func TestElementsAreStoredAsInTheWhole(t *testing.T) {
	for _, test := range []struct {
		op    change.Op
		path  string
		value any
		want  string // what is sent, or an error
	}{
		{change.Set, "names.a", "", "REMOVE names.a"},
		{change.Set, "names.a", "x", `SET names.a = {"S":"x"}`},
		{change.SetIfAbsent, "names.a", "", "attribute names.a: the value is empty"},
		{change.Set, "words[1]", "", "REMOVE words[1]"},
		{change.Append, "words", []string{"", "x"}, `SET words = list_append(if_not_exists(words, {"L":[]}), {"L":[{"S":"x"}]})`},
		{change.Append, "deep.a", []string{"", "x"}, `SET deep.a = list_append(if_not_exists(deep.a, {"L":[]}), {"L":[{"S":"x"}]})`},
		{change.Set, "deep.a[0]", "", "REMOVE deep.a[0]"},
		{change.Set, "null.a", "", `SET null.a = {"NULL":true}`},
		{change.Set, "plain.a", "", `SET plain.a = {"S":""}`},

		{change.Set, "bynum.7", "x", `SET bynum.7 = {"S":"x"}`},
		{change.Set, "bynum.-7", "x", `SET bynum.-7 = {"S":"x"}`},
		{change.Set, "bynum.seven", "x", `attribute bynum.seven: "seven" is the name of no key of map[int]string`},
		{change.Set, "bynum.07", "x", `attribute bynum.07: the key of map[int]string that "07" stands for is stored as "7"`},
		{change.Remove, "bynum.07", nil, "REMOVE bynum.07"},
		{change.Add, "byu8.256", 1, `attribute byu8.256: "256" is the name of no key of map[uint8]int`},
		{change.SetIfAbsent, "bybool.TRUE", "x", `attribute bybool.TRUE: the key of map[bool]string that "TRUE" stands for is stored as "true"`},
		{change.Set, "bytime.today", 1, `attribute bytime.today: "today" is the name of no key of map[time.Time]int`},
		{change.Append, "byf." + change.Quote("1.50"), []int{1}, `attribute byf.1.50: the key of map[float64][]int that "1.50" stands for is stored as "1.5"`},
		{change.Set, "inner.999.a", "x", `attribute inner.999.a: "999" is the name of no key of map[int8]map[string]string`},
	} {
		target, err := change.Resolve(planOf[drawer](t), test.path, false)
		if err != nil {
			t.Fatal(err)
		}
		var u change.Update
		got := ""
		if err := (&change.Change{Op: test.op, Path: test.path, Value: test.value}).AddTo(&u, target); err != nil {
			got = err.Error()
		} else {
			got, _, _ = strings.Cut(said(t, u, nil), " IF ")
		}
		if got != test.want {
			t.Errorf("op %d of %s\n%s, want\n%s", test.op, test.path, got, test.want)
		}
	}
}

// A condition asks for an element in the form in which it is stored, and for any name.
func TestConditionsOnElements(t *testing.T) {
	of := func(path string) change.Target {
		target, err := change.Resolve(planOf[drawer](t), path, false)
		if err != nil {
			t.Fatal(err)
		}
		return target
	}
	for _, test := range []struct {
		condition expression.ConditionBuilder
		want      string
	}{
		{of("null.a").Equal(reflect.ValueOf("")), `attribute_not_exists (null.a) OR null.a = {"NULL":true}`},
		{of("null.a").Equal(reflect.ValueOf("x")), `null.a = {"S":"x"}`},
		{of("names.a").Equal(reflect.ValueOf("")), `names.a = {"S":""}`},
		{of("counts.a").NotExists(), `attribute_not_exists (counts.a) OR counts.a = {"NULL":true}`},
		{of("bynum.07").Equal(reflect.ValueOf("x")), `bynum.07 = {"S":"x"}`},
	} {
		x, err := expression.NewBuilder().WithCondition(test.condition).Build()
		if err != nil {
			t.Fatal(err)
		}
		got := filled(*x.Condition(), x.Names())
		for name, v := range x.Values() {
			got = strings.ReplaceAll(got, name, jsonOf(t, v))
		}
		if got = strings.NewReplacer("(attribute_not_exists (", "attribute_not_exists (", ")) OR (", ") OR ", "true})", "true}").Replace(got); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}
