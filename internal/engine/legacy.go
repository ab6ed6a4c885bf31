package engine

import (
	"strings"

	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/input"
	"github.com/entable/entable/internal/engine/value"
)

// Legacy parameters: KeyConditions, QueryFilter, ScanFilter, Expected, AttributeUpdates, AttributesToGet and
// ConditionalOperator.
//
// Behaviour:
//   - They mean what expressions can say too, and are made into the same. A request has the ones or the others, but
//     for KeyConditions, which may stand beside a FilterExpression or a ProjectionExpression.
//   - An entry is about one attribute by its name; there are no paths. All operands have one type, which fits the
//     operator.
//   - NE holds for an absent attribute, NOT_CONTAINS does not.
//   - Expected compares with one Value (EQ), wants the attribute to be absent (Exists is false), or has an operator.
//   - ConditionalOperator joins the entries of a filter or of Expected, by AND if it is missing, and needs two.
//   - AttributeUpdates put, add (to numbers, sets and lists) or delete (attributes, or elements of sets). Deletes make
//     no item where there is none.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html

type condition struct {
	AttributeValueList []input.Value
	ComparisonOperator *string `is:"required enum=IN|NULL|BETWEEN|LT|NOT_CONTAINS|EQ|GT|NOT_NULL|NE|LE|BEGINS_WITH|GE|CONTAINS"`
}

type expectedAttributeValue struct {
	Value              input.Value
	Exists             *bool
	ComparisonOperator *string `is:"enum=IN|NULL|BETWEEN|LT|NOT_CONTAINS|EQ|GT|NOT_NULL|NE|LE|BEGINS_WITH|GE|CONTAINS"`
	AttributeValueList []input.Value
}

type attributeValueUpdate struct {
	Value  input.Value
	Action *string `is:"enum=ADD|PUT|DELETE"`
}

// legacyParameters are those of a request, as far as its operation has them.
type legacyParameters struct {
	attributesToGet         []string
	queryFilter, scanFilter input.Map[condition]
	keyConditions           input.Map[condition]
	attributeUpdates        input.Map[attributeValueUpdate]
	expected                input.Map[expectedAttributeValue]
	conditionalOperator     *string
}

// ifGiven gives the parameters, or nil if none is there.
func (l legacyParameters) ifGiven() *legacyParameters {
	if len(l.given(true)) == 0 {
		return nil
	}
	some := l // so that only a request that has some pays for them
	return &some
}

// given names the parameters that are there: KeyConditions only if the request has a KeyConditionExpression too, since they
// may stand beside all other expressions.
func (l *legacyParameters) given(keyExpression bool) []string {
	var names []string
	for _, p := range []struct {
		name  string
		given bool
	}{
		{"AttributesToGet", l.attributesToGet != nil},
		{"QueryFilter", l.queryFilter != nil},
		{"ScanFilter", l.scanFilter != nil},
		{"AttributeUpdates", l.attributeUpdates != nil},
		{"Expected", l.expected != nil},
		{"ConditionalOperator", l.conditionalOperator != nil},
		{"KeyConditions", l.keyConditions != nil && keyExpression},
	} {
		if p.given {
			names = append(names, p.name)
		}
	}
	return names
}

// checkMix refuses a request that has parameters of both kinds.
func (x *expressionTexts) checkMix() error {
	legacy := x.legacy.given(x.keyCondition != nil)
	if len(legacy) == 0 {
		return nil
	}
	var names []string
	for _, p := range []struct {
		name string
		text *string
	}{
		{"ProjectionExpression", x.projection}, {"FilterExpression", x.filter}, {"KeyConditionExpression", x.keyCondition},
		{"UpdateExpression", x.update}, {"ConditionExpression", x.condition},
	} {
		if p.text != nil {
			names = append(names, p.name)
		}
	}
	if names == nil {
		return nil
	}
	return validation("Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {" +
		strings.Join(legacy, ", ") + "} Expression parameters: {" + strings.Join(names, ", ") + "}")
}

// into makes the parameters into what expressions are made into.
func (l *legacyParameters) into(out *expressions) error {
	either := deref(l.conditionalOperator) == "OR"
	var err error
	if l.attributesToGet != nil {
		if out.projection, err = expr.NewProjection(l.attributesToGet); err != nil {
			return err
		}
	}
	if filter := append(l.queryFilter, l.scanFilter...); filter != nil {
		if out.filter, err = newCondition(comparisonsOf, filter, either); err != nil {
			return err
		}
	}
	if out.legacyFilter = l.queryFilter != nil; l.expected != nil {
		if out.condition, err = newCondition(expectations, l.expected, either); err != nil {
			return err
		}
	}
	if l.attributeUpdates != nil {
		if out.update, err = newUpdate(l.attributeUpdates); err != nil {
			return err
		}
	}
	if l.keyConditions != nil {
		list, err := comparisonsOf(l.keyConditions)
		if err != nil {
			return err
		}
		if out.keyCondition, err = expr.NewKeyTerms(list); err != nil {
			return err
		}
	}
	return l.checkOperator()
}

// checkOperator refuses a ConditionalOperator that has nothing to join.
func (l *legacyParameters) checkOperator() error {
	if l.conditionalOperator == nil {
		return nil
	}
	switch len(l.queryFilter) + len(l.scanFilter) + len(l.expected) {
	case 0:
		return validation("ConditionalOperator cannot be used without Filter or Expected")
	case 1:
		return validation("ConditionalOperator can only be used when Filter or Expected has two or more elements")
	}
	return nil
}

func newCondition[T any](read func(input.Map[T]) ([]expr.Comparison, error), list input.Map[T], either bool) (*expr.Condition, error) {
	comparisons, err := read(list)
	if err != nil {
		return nil, err
	}
	return expr.NewCondition(comparisons, either)
}

func comparisonsOf(list input.Map[condition]) ([]expr.Comparison, error) {
	out := make([]expr.Comparison, len(list))
	for i, c := range list {
		operands, err := operandsOf(c.Value.AttributeValueList)
		if err != nil {
			return nil, err
		}
		if c.Key == "" {
			return nil, validation("Empty attribute name")
		}
		out[i] = expr.Comparison{Attribute: c.Key, Operator: *c.Value.ComparisonOperator, Operands: operands}
	}
	return out, nil
}

func operandsOf(values []input.Value) ([]value.Value, error) {
	operands := make([]value.Value, len(values))
	for i, v := range values {
		switch {
		case v.Err != nil:
			return nil, v.Err
		case !v.Given: // null
			return nil, validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
		}
		operands[i] = v.Value
	}
	return operands, nil
}

func expectations(list input.Map[expectedAttributeValue]) ([]expr.Comparison, error) {
	out := make([]expr.Comparison, len(list))
	for i := range list {
		c, err := list[i].Value.comparison(list[i].Key)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

func (e *expectedAttributeValue) comparison(attribute string) (expr.Comparison, error) {
	c := expr.Comparison{Attribute: attribute}
	refuse := func(msg string) (expr.Comparison, error) { return c, badValue(msg + " for Attribute: " + attribute) }
	operator := deref(e.ComparisonOperator)
	switch {
	case attribute == "":
		return c, validation("Empty attribute name")
	case e.AttributeValueList != nil && e.Value.Given:
		return refuse("Value and AttributeValueList cannot be used together")
	case operator != "" && e.Exists != nil:
		return refuse("Exists and ComparisonOperator cannot be used together")
	case operator != "" && operator != "NULL" && operator != "NOT_NULL" && e.AttributeValueList == nil && !e.Value.Given:
		return refuse("Value or AttributeValueList must be used with ComparisonOperator: " + operator)
	case operator == "" && e.AttributeValueList != nil:
		return refuse("AttributeValueList can only be used with a ComparisonOperator")
	case operator == "" && !e.Value.Given && e.Exists == nil:
		return refuse("Value must be provided when Exists is null")
	case operator == "" && !e.Value.Given && *e.Exists:
		return refuse("Value must be provided when Exists is true")
	case operator == "" && e.Value.Given && e.Exists != nil && !*e.Exists:
		return refuse("Value cannot be used when Exists is false")
	}
	values := e.AttributeValueList
	if e.Value.Given {
		values = []input.Value{e.Value}
	}
	var err error
	c.Operands, err = operandsOf(values)
	switch {
	case operator != "":
		c.Operator = operator
	case e.Value.Given:
		c.Operator = "EQ"
	default:
		c.Operator = "NULL"
	}
	return c, err
}

func newUpdate(list input.Map[attributeValueUpdate]) (*expr.Update, error) {
	updates := make([]expr.AttributeUpdate, len(list))
	for i := range list {
		u := &list[i].Value
		if u.Value.Err != nil {
			return nil, u.Value.Err
		}
		updates[i] = expr.AttributeUpdate{Attribute: list[i].Key, Action: "PUT", Value: u.Value.Value}
		if u.Action != nil {
			updates[i].Action = *u.Action
		}
	}
	return expr.NewUpdate(updates)
}
