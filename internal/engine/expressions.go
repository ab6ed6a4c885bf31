package engine

import (
	"strings"

	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/input"
)

// expressionTexts are the expression parameters of a request, as far as its
// operation has them; expressions are what they parse to.
type expressionTexts struct {
	update, condition, keyCondition, filter, projection *string
	names                                               map[string]string
	values                                              input.Values
	legacy                                              *legacyParameters // nil for none
}

type expressions struct {
	update       *expr.Update
	condition    *expr.Condition
	keyCondition []expr.KeyTerm
	filter       *expr.Condition
	projection   *expr.Projection
	legacyFilter bool // the filter is a QueryFilter
}

// checkUse refuses names and values that no expression can use. takesValues
// names the operation's expression parameters other than ProjectionExpression, as
// far as the message names them.
func (x *expressionTexts) checkUse(takesValues ...string) error {
	if x.legacy != nil {
		if err := x.checkMix(); err != nil {
			return err
		}
	}
	valued := x.update != nil || x.condition != nil || x.keyCondition != nil || x.filter != nil
	if x.names != nil && !valued && x.projection == nil {
		return validation("ExpressionAttributeNames can only be specified when using expressions")
	}
	if !x.values.Given || valued {
		return nil
	}
	const unusable = "ExpressionAttributeValues can only be specified when using expressions"
	switch len(takesValues) {
	case 0:
		return validation(unusable)
	case 1:
		return validation(unusable + ": " + takesValues[0] + " is null")
	}
	return validation(unusable + ": " + strings.Join(takesValues, " and ") + " are null")
}

// parse judges all expressions, in the order of the service, and what stands in their place.
func (x *expressionTexts) parse() (expressions, error) {
	var out expressions
	if x.legacy != nil {
		if err := x.legacy.into(&out); err != nil {
			return out, err
		}
	}
	if x.update == nil && x.condition == nil && x.keyCondition == nil && x.filter == nil && x.projection == nil {
		return out, nil
	}
	if x.values.Err != nil {
		return out, x.values.Err
	}
	p, err := expr.NewParams(x.names, x.values.Map)
	if err != nil {
		return out, err
	}
	if x.update != nil {
		if out.update, err = expr.ParseUpdate(*x.update, p); err != nil {
			return out, err
		}
	}
	if x.condition != nil {
		if out.condition, err = expr.ParseCondition("ConditionExpression", *x.condition, p); err != nil {
			return out, err
		}
	}
	var onKeys *expr.KeyCondition
	if x.keyCondition != nil {
		if onKeys, err = expr.ParseKeyCondition(*x.keyCondition, p); err != nil {
			return out, err
		}
	}
	if x.filter != nil {
		if out.filter, err = expr.ParseCondition("FilterExpression", *x.filter, p); err != nil {
			return out, err
		}
	}
	if x.projection != nil {
		if out.projection, err = expr.ParseProjection(*x.projection, p); err != nil {
			return out, err
		}
	}
	if err := p.Unused(); err != nil || onKeys == nil {
		return out, err
	}
	out.keyCondition, err = onKeys.Terms()
	return out, err
}
