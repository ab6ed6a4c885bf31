package change_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/trial"
)

// express spells an update and conditions, the caller's as they are.
func express(t testing.TB, u *change.Update, conditions ...change.Condition) *change.Expression {
	t.Helper()
	x, err := change.Express(u, conditions, func(c expression.ConditionBuilder) (*expression.Expression, error) {
		x, err := expression.NewBuilder().WithCondition(c).Build()
		return &x, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// filled puts names in the place of their placeholders.
func filled(text string, names map[string]string) string {
	for placeholder, name := range names {
		text = strings.ReplaceAll(text, placeholder, name)
	}
	return text
}

// twins makes expressions at random, each by this package and by the SDK.
type twins struct{ *rand.Rand }

func (r twins) name() string {
	return []string{"a", "b", "pk", "_type", "name.with dots", "ä"}[r.IntN(6)]
}

func (r twins) value() types.AttributeValue {
	if r.IntN(2) == 0 {
		return &types.AttributeValueMemberS{Value: "#0 :1"}
	}
	return &types.AttributeValueMemberN{Value: fmt.Sprint(r.IntN(100))}
}

func (r twins) condition(depth int) (change.Condition, expression.ConditionBuilder) {
	name := r.name()
	sdk := expression.NameNoDotSplit(name)
	switch n := r.IntN(8); {
	case n == 0:
		return change.Exists(name), expression.AttributeExists(sdk)
	case n == 1:
		return change.Absent(name), expression.AttributeNotExists(sdk)
	case n == 2:
		v := r.value()
		return change.Equal(name, v), sdk.Equal(expression.Value(v))
	case n == 3:
		v := r.value()
		return change.AtMost(name, v), sdk.LessThanEqual(expression.Value(v))
	case n == 4:
		texts := []string{"x", "y", "z"}[:1+r.IntN(3)]
		var more []expression.OperandBuilder
		for _, text := range texts[1:] {
			more = append(more, expression.Value(text))
		}
		return change.OneOf(name, texts), sdk.In(expression.Value(texts[0]), more...)
	case n == 5 || depth == 0: // the caller's
		c := []expression.ConditionBuilder{
			expression.Name("list[3].qty").GreaterThan(expression.Name("list[12]").Size()),
			expression.Not(expression.Name("m.x").Between(expression.Value(1), expression.Value(2))),
			sdk.BeginsWith("#0").Or(sdk.AttributeExists(), sdk.Contains(":0")),
		}[r.IntN(3)]
		return change.By(c), c
	}
	a, sdkA := r.condition(depth - 1)
	b, sdkB := r.condition(depth - 1)
	if r.IntN(2) == 0 {
		return a.And(b), sdkA.And(sdkB)
	}
	return a.Or(b), sdkA.Or(sdkB)
}

// change adds a change to both updates.
func (r twins) change(t *testing.T, u *change.Update, sdk expression.UpdateBuilder) expression.UpdateBuilder {
	attribute, v := r.name(), r.value()
	name := expression.NameNoDotSplit(attribute)
	value := expression.Value(v)
	switch r.IntN(5) {
	case 0:
		u.Set(attribute, v)
		return sdk.Set(name, value)
	case 1:
		u.Fill(attribute, v)
		return sdk.Set(name, expression.IfNotExists(name, value))
	case 2:
		u.Remove(attribute)
		return sdk.Remove(name)
	case 3:
		u.Raise(attribute)
		return sdk.Set(name, expression.Plus(expression.IfNotExists(name, expression.Value(0)), expression.Value(1)))
	}
	one := []struct {
		op    change.Op
		path  string
		value any
		sdk   func(expression.NameBuilder, expression.ValueBuilder) expression.UpdateBuilder
	}{
		{change.Set, "lines[2].qty", 7, func(n expression.NameBuilder, v expression.ValueBuilder) expression.UpdateBuilder {
			return sdk.Set(n, v)
		}},
		{change.Add, "tags", []string{"a"}, func(n expression.NameBuilder, v expression.ValueBuilder) expression.UpdateBuilder {
			return sdk.Add(n, v)
		}},
		{change.Delete, "tags", []string{"a"}, func(n expression.NameBuilder, v expression.ValueBuilder) expression.UpdateBuilder {
			return sdk.Delete(n, v)
		}},
		{change.Subtract, "big", attributevalue.Number("3"), func(n expression.NameBuilder, v expression.ValueBuilder) expression.UpdateBuilder {
			return sdk.Set(n, expression.Minus(expression.IfNotExists(n, expression.Value(0)), v))
		}},
		{change.Append, "words", []string{"w"}, func(n expression.NameBuilder, v expression.ValueBuilder) expression.UpdateBuilder {
			return sdk.Set(n, expression.ListAppend(expression.IfNotExists(n, expression.Value([]string{})), v))
		}},
		{change.Prepend, "words", []string{"w"}, func(n expression.NameBuilder, v expression.ValueBuilder) expression.UpdateBuilder {
			return sdk.Set(n, expression.ListAppend(v, expression.IfNotExists(n, expression.Value([]string{}))))
		}},
	}[r.IntN(6)]
	c, target := change.Change{Op: one.op, Path: one.path, Value: one.value}, resolve(t, one.path)
	if err := c.AddTo(u, target); err != nil {
		t.Fatal(err)
	}
	stored, err := c.Encode(target)
	if err != nil {
		t.Fatal(err)
	}
	return one.sdk(expression.Name(one.path), expression.Value(stored))
}

// Expressions are the same, to the letter, as those of the SDK's builders, also where a condition of the caller's stands among the
// library's.
func TestExpressionsAreSpelledAsTheSDKSpellsThem(t *testing.T) {
	r := twins{trial.Rand(t)}
	for range 3000 {
		var u *change.Update
		b := expression.NewBuilder()
		var sdkUpdate expression.UpdateBuilder
		if n := r.IntN(40); n > 5 {
			u = &change.Update{}
			for range 1 + n/2 {
				sdkUpdate = r.change(t, u, sdkUpdate)
			}
			b = b.WithUpdate(sdkUpdate)
		}
		var all []change.Condition
		var sdkAll []expression.ConditionBuilder
		for n := r.IntN(5); len(all) < n || u == nil && len(all) == 0; {
			c, sdk := r.condition(2)
			all, sdkAll = append(all, c), append(sdkAll, sdk)
		}
		if len(all) > 0 {
			b = b.WithCondition(change.All(sdkAll))
		}
		want, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		got := express(t, u, all...)
		if !reflect.DeepEqual([]any{got.Update(), got.Condition(), got.Names(), got.Values()}, []any{want.Update(), want.Condition(), want.Names(), want.Values()}) {
			t.Fatalf("got\n%v\nwant\n%v", show(got), show(&want))
		}
	}
}

func show(x interface {
	Update() *string
	Condition() *string
	Names() map[string]string
	Values() map[string]types.AttributeValue
}) string {
	var text strings.Builder
	text.WriteString(fmt.Sprintln(x.Names(), x.Values()))
	for _, part := range []*string{x.Update(), x.Condition()} {
		if part != nil {
			text.WriteString(*part + "\n")
		}
	}
	return text.String()
}
