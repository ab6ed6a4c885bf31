package change_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/codec"
)

type kind string

type line struct {
	SKU  string   `dynamodbav:"sku"`
	Qty  int      `dynamodbav:"qty,omitempty"`
	Tags []string `dynamodbav:"tags,stringset,omitempty"`
}

type embedded struct {
	Inner string `dynamodbav:"inner,omitempty"`
}

// shelf has a field of each kind that changes tell apart.
type shelf struct {
	*embedded
	ID      string                `dynamodbav:"id"`
	Kind    kind                  `dynamodbav:"kind,omitempty"`
	N       int64                 `dynamodbav:"n,omitempty"`
	Small   int8                  `dynamodbav:"small"`
	U       uint                  `dynamodbav:"u"`
	F       float64               `dynamodbav:"f"`
	Big     attributevalue.Number `dynamodbav:"big,omitempty"`
	Tags    []string              `dynamodbav:"tags,stringset,omitempty"`
	Numbers []float64             `dynamodbav:"numbers,numberset,omitempty"`
	Blobs   [][]byte              `dynamodbav:"blobs,binaryset,omitempty"`
	Words   []string              `dynamodbav:"words,omitempty"`
	Lines   []*line               `dynamodbav:"lines,omitempty"`
	First   *line                 `dynamodbav:"first,omitempty"`
	Grid    [2][]int              `dynamodbav:"grid"`
	Meta    map[string]line       `dynamodbav:"meta,omitempty"`
	Any     any                   `dynamodbav:"any,omitempty"`
	At      time.Time             `dynamodbav:"at"`
	Dotted  string                `dynamodbav:"a.b"`
}

func planOf[T any](t testing.TB) *codec.Plan {
	t.Helper()
	plan, err := codec.PlanOf(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func resolve(t testing.TB, path string) change.Target {
	t.Helper()
	target, err := change.Resolve(planOf[shelf](t), path, true)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// text returns the update of an expression with its names in place.
func text(t *testing.T, u expression.UpdateBuilder) (update string, x expression.Expression) {
	t.Helper()
	x, err := expression.NewBuilder().WithUpdate(u).Build()
	if err != nil {
		t.Fatal(err)
	}
	update = *x.Update()
	for placeholder, name := range x.Names() {
		update = strings.ReplaceAll(update, placeholder, name)
	}
	return strings.TrimSpace(update), x
}

func TestResolve(t *testing.T) {
	plan := planOf[shelf](t)
	for _, test := range []struct {
		path string
		rest bool
		root string
		leaf string // its attribute
		typ  reflect.Type
		name string // for the expression, if it is not the path
	}{
		{path: "kind", root: "kind", leaf: "kind", typ: reflect.TypeFor[kind]()},
		{path: "inner", root: "inner", leaf: "inner", typ: reflect.TypeFor[string]()},
		{path: "first.qty", root: "first", leaf: "qty", typ: reflect.TypeFor[int]()},
		{path: "lines[1]", root: "lines", typ: reflect.TypeFor[*line]()},
		{path: "lines[1].tags", root: "lines", leaf: "tags", typ: reflect.TypeFor[[]string]()},
		{path: "grid[1][0]", root: "grid", typ: reflect.TypeFor[int]()},
		{path: "meta.key", root: "meta", typ: reflect.TypeFor[line]()},
		{path: "meta.key.sku", root: "meta", leaf: "sku", typ: reflect.TypeFor[string]()},
		{path: "any.deep[3].x", root: "any"},
		{path: "any[0]", root: "any"},
		{path: change.Quote("a.b"), root: "a.b", leaf: "a.b", typ: reflect.TypeFor[string](), name: "a.b"},
		{path: change.Quote("a.b"), rest: true, root: "a.b", leaf: "a.b", typ: reflect.TypeFor[string](), name: "a.b"},
		{path: change.Quote("x.y"), rest: true, root: "x.y", name: "x.y"},
	} {
		target, err := change.Resolve(plan, test.path, test.rest)
		if err != nil {
			t.Errorf("%q: %v", test.path, err)
			continue
		}
		leaf := ""
		if target.Leaf != nil {
			leaf = target.Leaf.Name
		}
		name, _ := text(t, expression.Remove(target.Name()))
		want := test.path
		if test.name != "" {
			want = test.name
		}
		if target.Root.Name != test.root || leaf != test.leaf || target.Type != test.typ || name != "REMOVE "+want || target.Rest != (test.root == "x.y") {
			t.Errorf("%q is %s, leaf %q, type %v, %s, rest %t", test.path, target.Root.Name, leaf, target.Type, name, target.Rest)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	lines := `change_test.line has "sku", "qty", "tags"`
	type small struct {
		A string     `dynamodbav:"a"`
		L []line     `dynamodbav:"l"`
		P **line     `dynamodbav:"p"`
		T *time.Time `dynamodbav:"t"`
	}
	plan := planOf[small](t)
	for _, test := range []struct {
		path string
		rest bool
		want string
	}{
		{"a[x]", false, `invalid path "a[x]": an index is not a number in brackets`},
		{"b", false, `path "b": unknown attribute "b": change_test.small has "a", "l", "p", "t"`},
		{"b", true, `path "b": unknown attribute "b": change_test.small has "a", "l", "p", "t"`},
		{change.Quote("b.c"), false, `path "b.c": unknown attribute "b.c": change_test.small has "a", "l", "p", "t"`},
		{change.Quote("b") + ".c", true, `path "b.c": unknown attribute "b": change_test.small has "a", "l", "p", "t"`},
		{"a.x", false, `path "a.x": string has no attributes`},
		{"a[0]", false, `path "a[0]": string is no list`},
		{"l.x", false, `path "l.x": []change_test.line has no attributes`},
		{"l[0].x", false, `path "l[0].x": unknown attribute "x": ` + lines},
		{"l[0][0]", false, `path "l[0][0]": change_test.line is no list`},
		{"p.x", false, `path "p.x": unknown attribute "x": ` + lines},
		{"p[0]", false, `path "p[0]": **change_test.line is no list`},
		{"t.wall", false, `path "t.wall": *time.Time has no attributes`},
	} {
		if _, err := change.Resolve(plan, test.path, test.rest); errorText(err) != test.want {
			t.Errorf("%q: %v, want %s", test.path, err, test.want)
		}
	}
}

func TestOverlaps(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"first", "first", true},
		{"first", "first.qty", true},
		{"first.sku", "first.qty", false},
		{"lines[0]", "lines[0].qty", true},
		{"lines[0]", "lines[1].qty", false},
		{"lines[0]", "lines", true},
		{"meta.a", "meta.b", false},
		{"first.qty", "lines[0].qty", false},
		{"kind", change.Quote("kind"), true},
		{change.Quote("x"), change.Quote("x"), true},
		{change.Quote("x"), change.Quote("y"), false},
	} {
		a, b := resolve(t, test.a), resolve(t, test.b)
		if a.Overlaps(b) != test.want || b.Overlaps(a) != test.want {
			t.Errorf("%q and %q: overlap %t, %t, want %t", test.a, test.b, a.Overlaps(b), b.Overlaps(a), test.want)
		}
	}
}

// A nil among values is none, as it is alone; a zero that the tag leaves out is compared in the form of the others.
func TestConditionsOnNilAndZero(t *testing.T) {
	type odd struct {
		Opt  *int     `dynamodbav:"opt"`
		Some []string `dynamodbav:"some,omitempty"`
		Code int      `dynamodbav:"code,string,omitempty"`
		N    int      `dynamodbav:"n,omitempty"`
	}
	of := func(path string) change.Target {
		target, err := change.Resolve(planOf[odd](t), path, false)
		if err != nil {
			t.Fatal(err)
		}
		return target
	}
	v := reflect.ValueOf
	for _, test := range []struct {
		c    expression.ConditionBuilder
		want string
		is   types.AttributeValue
	}{
		{of("opt").In(v([]*int{new(5), nil})), "(#0 IN (:0, :1)) OR ((attribute_not_exists (#0)) OR (#0 = :2))", &types.AttributeValueMemberN{Value: "5"}},
		{of("opt").In(v([]*int{new(5)})), "#0 IN (:0)", &types.AttributeValueMemberN{Value: "5"}},
		{of("some").In(v([][]string{nil})), "(#0 IN (:0)) OR ((attribute_not_exists (#0)) OR (#0 = :1))", &types.AttributeValueMemberNULL{Value: true}},
		{of("n").In(v([]int{0})), "#0 IN (:0)", &types.AttributeValueMemberN{Value: "0"}},
		{of("code").In(v([]int{0, 1})), "#0 IN (:0, :1)", &types.AttributeValueMemberS{Value: "0"}},
		{of("code").Equal(v(0)), "#0 = :0", &types.AttributeValueMemberS{Value: "0"}},
		{of("code").NotEqual(v(7)), "#0 <> :0", &types.AttributeValueMemberS{Value: "7"}},
	} {
		x, err := expression.NewBuilder().WithCondition(test.c).Build()
		if err != nil || *x.Condition() != test.want || !reflect.DeepEqual(x.Values()[":0"], test.is) {
			t.Errorf("got %s of %v, %v\nwant %s", *x.Condition(), x.Values()[":0"], err, test.want)
		}
	}
}
