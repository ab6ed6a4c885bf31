package change_test

import (
	"io"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/trial"
)

type rank int

func (r rank) MarshalText() ([]byte, error) { return []byte(strings.Repeat("I", int(r))), nil }
func (r *rank) UnmarshalText(b []byte) error {
	*r = rank(len(b))
	return nil
}

type place struct {
	City string    `dynamodbav:"city"`
	Of   uuid.UUID `dynamodbav:"of"`
}

type user struct {
	ID      uuid.UUID            `dynamodbav:"id"`
	Name    string               `dynamodbav:"name"`
	Age     int                  `dynamodbav:"age"`
	Rank    rank                 `dynamodbav:"rank"`
	Code    int                  `dynamodbav:"code,string"`
	Born    time.Time            `dynamodbav:"born,unixtime"`
	Seen    *time.Time           `dynamodbav:"seen"`
	Home    place                `dynamodbav:"home"`
	Places  []place              `dynamodbav:"places"`
	ByName  map[string]place     `dynamodbav:"by_name"`
	Friends []uuid.UUID          `dynamodbav:"friends"`
	Groups  []uuid.UUID          `dynamodbav:"groups,stringset"`
	Tags    []string             `dynamodbav:"tags,stringset"`
	Any     any                  `dynamodbav:"any"`
	Anys    map[string]any       `dynamodbav:"anys"`
	Dotted  string               `dynamodbav:"a.b"`
	Lists   map[string][]float64 `dynamodbav:"lists"`
}

type pet struct {
	Name int    `dynamodbav:"name"`
	Kind string `dynamodbav:"kind"`
}

func shapeOf[T any](t *testing.T, e codec.Encoding) change.Shape {
	t.Helper()
	plan, err := e.PlanOf(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	return change.Shape{Plan: plan, Kept: []string{"pk", "_type"}}
}

func check(t *testing.T, shapes []change.Shape, c expression.ConditionBuilder) string {
	t.Helper()
	x, err := expression.NewBuilder().WithCondition(c).Build()
	if err != nil {
		t.Fatal(err)
	}
	change.EncodeValues(x.Values(), shapes[0].Plan.Encoding())
	return errorText(change.Check(shapes, *x.Condition(), x.Names(), x.Values()))
}

func own(v any) expression.ValueBuilder { return expression.Value(change.Unencoded{Value: v}) }

const never = "which it never is: use a handle made by entable.Field, or give the value as entable.Value(v)"

func TestCheck(t *testing.T) {
	id, now := uuid.New(), time.Now()
	n, v := expression.Name, expression.Value
	const order = "its values (int) are stored as text, in whose order 10 comes before 9: compare it by Equal or In, or store it as a number, without the option string"
	const has = `change_test.user has "id", "name", "age", "rank", "code", "born", "seen", "home", "places", "by_name", "friends", "groups", "tags", "any", "anys", "a.b", "lists"; the table has "pk", "_type"`
	for _, test := range []struct {
		name string
		c    expression.ConditionBuilder
		want string // the error
	}{
		{"string", n("name").Equal(v("x")), ""},
		{"typo", n("nome").Equal(v("x")), `unknown attribute "nome": ` + has},
		{"case", n("Name").Equal(v("x")), `unknown attribute "Name": ` + has},
		{"typo behind others", n("name").Equal(v("x")).And(n("age").GreaterThan(v(1)), expression.Not(n("ago").LessThan(v(2)))), `unknown attribute "ago": ` + has},
		{"typo in a function", expression.AttributeNotExists(n("x")), `unknown attribute "x": ` + has},
		{"typo in a size", n("x").Size().LessThan(v(1)), `unknown attribute "x": ` + has},
		{"typo on the right", v(1).Equal(n("x")), `unknown attribute "x": ` + has},
		{"the table's own", n("_type").Equal(v("x")).And(n("pk").BeginsWith("x")), ""},
		{"nested", n("home.city").Equal(v("x")), ""},
		{"nested typo", n("home.town").Equal(v("x")), `unknown attribute "town": change_test.place has "city", "of"`},
		{"element", n("places[1].city").Equal(v("x")), ""},
		{"element typo", n("places[1].town").Equal(v("x")), `unknown attribute "town": change_test.place has "city", "of"`},
		{"entry", n("by_name.whatever.city").Equal(v("x")), ""},
		{"entry typo", n("by_name.whatever.town").Equal(v("x")), `unknown attribute "town": change_test.place has "city", "of"`},
		{"in a string", n("name.x").Equal(v("x")), "string has no attributes"},
		{"no list", n("name[0]").Equal(v("x")), "string is no list"},
		{"open", n("any.x[3].y").Equal(v("x")).Or(n("anys.x.y").Equal(v(1))), ""},
		{"a dot in a name", expression.NameNoDotSplit("a.b").Equal(v("x")), ""},

		{"uuid by the SDK", n("id").Equal(v(id)), "attribute id: it is stored as S (uuid.UUID), and is compared with B, " + never},
		{"uuid by the SDK on the left", v(id).NotEqual(n("id")), "attribute id: it is stored as S (uuid.UUID), and is compared with B, " + never},
		{"uuid", n("id").Equal(own(id)), ""},
		{"uuid as text", n("id").Equal(v(id.String())), ""},
		{"uuid in", n("id").In(own(id), v(id)), "attribute id: it is stored as S (uuid.UUID), and is compared with B, " + never},
		{"uuid between", n("id").Between(own(id), v(id)), "attribute id: it is stored as S (uuid.UUID), and is compared with B, " + never},
		{"nested uuid", n("home.of").Equal(v(id)), "attribute home.of: it is stored as S (uuid.UUID), and is compared with B, " + never},
		{"element uuid", n("friends[0]").Equal(v(id)), "attribute friends[0]: it is stored as S (uuid.UUID), and is compared with B, " + never},
		{"list of uuid", n("friends").Contains(string(id[:])), ""},
		{"list of uuid by the SDK", expression.Contains(n("friends"), id), "attribute friends: it holds S ([]uuid.UUID), and is compared with B, " + never},
		{"set of uuid by the SDK", expression.Contains(n("groups"), id), "attribute groups: it holds S ([]uuid.UUID), and is compared with B, " + never},
		{"enum by the SDK", n("rank").Equal(v(rank(2))), "attribute rank: it is stored as S (change_test.rank), and is compared with N, " + never},
		{"enum", n("rank").Equal(own(rank(2))), ""},
		{"number as text", n("code").Equal(v(7)), "attribute code: it is stored as S (int), and is compared with N, " + never},
		{"order of numbers as text", n("code").LessThan(own("7")), "attribute code: " + order},
		{"order of numbers as text on the left", v("7").LessThanEqual(n("code")), "attribute code: " + order},
		{"order beside a number", n("age").GreaterThan(n("code")), "attribute code: " + order},
		{"numbers as text between", n("code").Between(v("1"), v("9")), "attribute code: " + order},
		{"not equal as text", n("code").NotEqual(v("7")).And(n("age").LessThan(v(7))), ""},
		{"size of a number as text", n("code").Size().LessThan(v(7)), ""},
		{"order of a text of its own", n("rank").LessThan(own(rank(2))), ""},
		{"unixtime", n("born").LessThan(v(now)), "attribute born: it is stored as N (time.Time), and is compared with S, " + never},
		{"time", n("seen").LessThan(v(now)), ""},
		{"nil", n("seen").Equal(v(nil)), ""},
		{"a list for a set", n("tags").Equal(v([]string{"a"})), "attribute tags: it is stored as SS ([]string), and is compared with L, " + never},
		{"element of a set", n("tags").Contains("a"), ""},
		{"part of a string", n("name").Contains("a"), ""},
		{"beginning", n("name").BeginsWith("a"), ""},
		{"beginning of a number", n("age").BeginsWith("1"), "attribute age: it is stored as N (int), and is compared with S, " + never},
		{"size", n("tags").Size().GreaterThan(v(1)), ""},
		{"size as text", n("tags").Size().GreaterThan(v("1")), "attribute tags: its size is N ([]string), and is compared with S, " + never},
		{"type", expression.AttributeType(n("id"), expression.Binary), ""},
		{"two attributes", n("name").Equal(n("a")), `unknown attribute "a": ` + has},
		{"elements", n("lists.x[0]").Equal(v("1")), "attribute lists.x[0]: it is stored as N (float64), and is compared with S, " + never},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := check(t, []change.Shape{shapeOf[user](t, codec.Methods)}, test.c); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// Big numbers are stored as text without an option.
func TestCheckOfBigNumbers(t *testing.T) {
	type ledger struct {
		Sum *big.Int `dynamodbav:"sum"`
	}
	shapes := []change.Shape{shapeOf[ledger](t, codec.Methods)}
	sum := expression.Name("sum")
	if got := check(t, shapes, sum.GreaterThanEqual(expression.Value("9"))); !strings.HasPrefix(got, "attribute sum: its values (*big.Int) are stored as text") {
		t.Errorf("got %s", got)
	}
	if got := check(t, shapes, sum.Equal(own(big.NewInt(9)))); got != "" {
		t.Errorf("got %s", got)
	}
}

func TestCheckOfOtherShapes(t *testing.T) {
	id := uuid.New()
	n, v := expression.Name, expression.Value
	sdk := shapeOf[user](t, codec.SDKDefaults)
	open, mixed := shapeOf[user](t, codec.Methods), shapeOf[user](t, codec.Methods)
	open.Open, mixed.Mixed = true, true
	both := []change.Shape{shapeOf[pet](t, codec.Methods), shapeOf[user](t, codec.Methods)}
	for _, test := range []struct {
		name   string
		shapes []change.Shape
		c      expression.ConditionBuilder
		want   string
	}{
		{"defaults: uuid by the SDK", []change.Shape{sdk}, n("id").Equal(v(id)), ""},
		{"defaults: uuid", []change.Shape{sdk}, n("id").Equal(own(id)), ""},
		{"defaults: enum", []change.Shape{sdk}, n("rank").Equal(own(rank(2))), ""},
		{"defaults: uuid as text", []change.Shape{sdk}, n("id").Equal(v(id.String())), "attribute id: it is stored as B (uuid.UUID), and is compared with S, " + never},
		{"open: any name", []change.Shape{open}, n("more.x").Equal(v(1)), ""},
		{"open: its own names", []change.Shape{open}, n("home.town").Equal(v("x")), `unknown attribute "town": change_test.place has "city", "of"`},
		{"older shapes: any kind", []change.Shape{mixed}, n("id").Equal(v(id)), ""},
		{"either: of one", both, n("kind").Equal(v("x")).Or(n("age").Equal(v(3))), ""},
		{"either: as one has it", both, n("name").Equal(v("x")).Or(n("name").Equal(v(3))), ""},
		{"either: as none has it", both, n("name").Equal(v(true)), "attribute name: it is stored as S (string), and is compared with BOOL, " + never},
		{"either: of none", both, n("kin").Equal(v("x")), `unknown attribute "kin": change_test.pet has "name", "kind"; change_test.user has "id", "name", "age", "rank", "code", "born", "seen", "home", "places", "by_name", "friends", "groups", "tags", "any", "anys", "a.b", "lists"; the table has "pk", "_type"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := check(t, test.shapes, test.c); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	open := shapeOf[pet](t, codec.Methods)
	open.Open = true
	both := []change.Shape{shapeOf[pet](t, codec.Methods), shapeOf[user](t, codec.Methods)}
	for _, test := range []struct {
		path, want string // the name in an expression, or the error
		shapes     []change.Shape
	}{
		{path: "kind", want: "kind", shapes: both},
		{path: "places[2].city", want: "places[2].city", shapes: both},
		{path: change.Quote("a.b"), want: "a.b", shapes: both},
		{path: "by_name." + change.Quote("x.y") + ".city", want: "by_name.x.y.city", shapes: both},
		{path: "home.town", want: `path "home.town": unknown attribute "town": change_test.place has "city", "of"`, shapes: both},
		{path: "a[x]", want: `path "a[x]": an index is not a number in brackets`, shapes: both},
		{path: "more", want: `path "more": unknown attribute "more": change_test.pet has "name", "kind"; the table has "pk", "_type"`, shapes: []change.Shape{open}},
		{path: change.Quote("more"), want: "more", shapes: []change.Shape{open}},
		{path: "anything.at[3].all", want: "anything.at[3].all"},
	} {
		name, err := change.Find(test.shapes, test.path)
		got := errorText(err)
		if err == nil {
			got, _ = text(t, expression.Remove(name))
			got = strings.TrimPrefix(got, "REMOVE ")
		}
		if got != test.want {
			t.Errorf("%q: got %s, want %s", test.path, got, test.want)
		}
	}
}

// A value that cannot be stored is an error with the path that it is compared with, also where nothing is known of the items.
func TestCheckOfValuesThatCannotBeStored(t *testing.T) {
	n, v := expression.Name, expression.Value
	twice := &types.AttributeValueMemberSS{Value: []string{"a", "b", "a"}}
	inside := &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"x": &types.AttributeValueMemberL{Value: []types.AttributeValue{
		&types.AttributeValueMemberNS{Value: []string{"1", "1.0"}}}}}}
	for _, test := range []struct {
		condition expression.ConditionBuilder
		want      string
	}{
		{n("a").Equal(own(make(chan int))), "attribute a: cannot encode chan int"},
		{own(make(chan int)).Equal(n("a.b[1]")), "attribute a.b[1]: cannot encode chan int"},
		{n("kind").Equal(v(resolve(t, "kind").Element(make(chan int)))), "attribute kind: cannot encode chan int"},
		{n("x").In(v(1), v(resolve(t, "lines[2].sku").Operand(reflect.ValueOf("\xff")))), "attribute lines[2].sku: cannot encode string: text is not valid UTF-8"},
		{n("x").Equal(v(resolve(t, "kind").Without(io.EOF).Element(1))), "EOF"},
		{n("tags").Equal(v(twice)), "attribute tags: elements 0 and 2 of the string set are equal: give each element once"},
		{n("id").Equal(v("1")).And(expression.Not(n("tags").NotEqual(own(twice)))), "attribute tags: cannot encode types.AttributeValue: elements 0 and 2 of the string set are equal: give each element once"},
		{n("any").Equal(v(inside)), `attribute any: attribute "x": element 0: elements 0 and 1 of the number set are equal: give each element once`},
		{n("blobs").Equal(own([][]byte{{1}, {1}})), "attribute blobs: cannot encode [][]uint8: elements 0 and 1 of the binary set are equal: give each element once"},
		{n("blobs").Equal(v(&types.AttributeValueMemberBS{})), "attribute blobs: the binary set is empty, which no stored one can be: leave it out, or use NULL"},
	} {
		x, err := expression.NewBuilder().WithCondition(test.condition).Build()
		if err != nil {
			t.Fatal(err)
		}
		change.EncodeValues(x.Values(), codec.Methods)
		for _, shapes := range [][]change.Shape{nil, {shapeOf[user](t, codec.Methods)}} {
			if got := errorText(change.Check(shapes, *x.Condition(), x.Names(), x.Values())); got != test.want {
				t.Errorf("%d shapes: got %s, want %s", len(shapes), got, test.want)
			}
		}
	}
}

// Conditions of any shape that are right pass, and are refused when one of their terms is made wrong, wherever it stands.
func TestCheckOfRandomConditions(t *testing.T) {
	r := trial.Rand(t)
	shapes := []change.Shape{shapeOf[user](t, codec.Methods)}
	n, v := expression.Name, expression.Value
	good := []func() expression.ConditionBuilder{
		func() expression.ConditionBuilder { return n("name").Equal(v("x")) },
		func() expression.ConditionBuilder { return v(1).LessThanEqual(n("age")) },
		func() expression.ConditionBuilder { return n("places[3].city").Between(v("a"), v("b")) },
		func() expression.ConditionBuilder { return n("age").In(v(1), v(2), v(3)) },
		func() expression.ConditionBuilder { return n("home.city").BeginsWith("x") },
		func() expression.ConditionBuilder { return expression.Contains(n("tags"), "x") },
		func() expression.ConditionBuilder { return n("tags").Size().GreaterThan(n("age")) },
		func() expression.ConditionBuilder { return expression.AttributeNotExists(n("anys.x.y[0]")) },
		func() expression.ConditionBuilder { return expression.AttributeType(n("id"), expression.Null) },
		func() expression.ConditionBuilder { return n("_type").NotEqual(v(nil)) },
	}
	wrong := []func() expression.ConditionBuilder{
		func() expression.ConditionBuilder { return n("nme").Equal(v("x")) },
		func() expression.ConditionBuilder { return n("name").Equal(v(1)) },
		func() expression.ConditionBuilder { return n("places[3].town").Between(v("a"), v("b")) },
		func() expression.ConditionBuilder { return n("age").Between(v(1), v("2")) },
		func() expression.ConditionBuilder { return n("age").In(v(1), v(2), v("3")) },
		func() expression.ConditionBuilder { return expression.AttributeExists(n("x")) },
		func() expression.ConditionBuilder { return expression.AttributeType(n("x"), expression.Null) },
		func() expression.ConditionBuilder { return n("name").Size().GreaterThan(n("ag")) },
		func() expression.ConditionBuilder { return expression.Contains(n("tags"), 1) },
		func() expression.ConditionBuilder { return n("age").BeginsWith("x") },
	}
	var tree func(depth int, bad *bool) expression.ConditionBuilder
	tree = func(depth int, bad *bool) expression.ConditionBuilder {
		switch k := r.IntN(6); {
		case depth == 0 || k < 2:
			if *bad && (depth == 0 || r.IntN(4) == 0) {
				*bad = false
				return wrong[r.IntN(len(wrong))]()
			}
			return good[r.IntN(len(good))]()
		case k == 2:
			return expression.Not(tree(depth-1, bad))
		case k == 3:
			return expression.Or(tree(depth-1, bad), tree(depth-1, bad))
		case k == 4:
			return expression.And(tree(depth-1, bad), tree(depth-1, bad), tree(depth-1, bad))
		default:
			return tree(depth-1, bad).And(tree(depth-1, bad))
		}
	}
	for range 2000 {
		bad := false
		if got := check(t, shapes, tree(4, &bad)); got != "" {
			t.Fatalf("a right condition is refused: %s", got)
		}
		bad = true
		c := tree(4, &bad)
		if bad { // it has found no place
			continue
		}
		if got := check(t, shapes, c); got == "" {
			x, _ := expression.NewBuilder().WithCondition(c).Build()
			t.Fatalf("a wrong condition passes: %s %v", *x.Condition(), x.Names())
		}
	}
}
