package engine

import (
	"fmt"
	"slices"

	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/input"
	"github.com/entable/entable/internal/engine/value"
)

// Query
//
// Behaviour:
//   - The key condition fixes every hash attribute by "=", and may narrow the range
//     attributes from the left: "=" on any number of them, then at most one other
//     comparison. Tables and LSIs have one attribute of each role.
//   - Items come in the order of their range attributes; ScanIndexForward=false
//     turns it round. Entries of an index with equal keys come in the order of their
//     place in the table.
//   - A page ends at Limit items or with the item that reaches 1 MB, both counted
//     before the filter; LastEvaluatedKey is then the key of the last item looked at.
//   - A filter cannot look at the key attributes of what is read, nor at what an index
//     does not project.
//   - ConsistentRead is refused on GSIs. A GSI gives only what it projects; an LSI
//     fetches what else is asked for from the table, at the price of a read each.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html

type queryInput struct {
	TableName                 *string  `is:"required table"`
	IndexName                 *string  `is:"name"`
	Select                    *string  `is:"enum=SPECIFIC_ATTRIBUTES|COUNT|ALL_ATTRIBUTES|ALL_PROJECTED_ATTRIBUTES"`
	AttributesToGet           []string `is:"len=1:255"`
	Limit                     *int32   `is:"bare range=1:"`
	ConsistentRead            bool
	KeyConditions             input.Map[condition]
	QueryFilter               input.Map[condition]
	ConditionalOperator       *string `is:"enum=OR|AND"`
	ScanIndexForward          *bool
	ExclusiveStartKey         input.Item
	ReturnConsumedCapacity    *capacityReport `is:"enum=INDEXES|TOTAL|NONE"`
	ProjectionExpression      *string
	FilterExpression          *string
	KeyConditionExpression    *string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues input.Values
}

func (in *queryInput) texts() expressionTexts {
	return expressionTexts{
		keyCondition: in.KeyConditionExpression, filter: in.FilterExpression, projection: in.ProjectionExpression,
		names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
		legacy: legacyParameters{
			attributesToGet: in.AttributesToGet, keyConditions: in.KeyConditions, queryFilter: in.QueryFilter,
			conditionalOperator: in.ConditionalOperator,
		}.ifGiven(),
	}
}

func (ac *Account) query(in *queryInput) ([]byte, error) {
	texts := in.texts()
	if err := texts.checkUse("FilterExpression", "KeyConditionExpression"); err != nil {
		return nil, err
	}
	in.ExclusiveStartKey.Err = newer(in.ExclusiveStartKey.Err)
	if err := checkStartKey(&in.ExclusiveStartKey); err != nil {
		return nil, err
	}
	if in.KeyConditionExpression == nil && in.KeyConditions == nil {
		return nil, validation("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	exprs, err := texts.parse()
	if err != nil {
		return nil, newer(err)
	}
	if err := texts.checkSelect(deref(in.Select), in.IndexName != nil); err != nil {
		return nil, framed(err)
	}
	t, err := ac.table(*in.TableName)
	if err != nil {
		return nil, err
	}
	r := &reading{
		table: t, forward: in.ScanIndexForward == nil || *in.ScanIndexForward, limit: int(deref(in.Limit)),
		filter: exprs.filter, legacyFilter: exprs.legacyFilter, projection: exprs.projection, consistent: in.ConsistentRead,
	}
	if err := r.useIndex(in.IndexName, ac.cfg.Now()); err != nil {
		return nil, err
	}
	if err := r.narrow(exprs.keyCondition); err != nil {
		return nil, err
	}
	if err := t.checkPaths(exprs); err != nil {
		return nil, err
	}
	if in.ExclusiveStartKey.Given {
		if err := r.startAfter(in.ExclusiveStartKey.Item, exprs.keyCondition); err != nil {
			return nil, err
		}
	}
	if err := r.checkFilter(); err != nil {
		return nil, err
	}
	if err := r.choose(deref(in.Select)); err != nil {
		return nil, err
	}
	return r.answer(r.read(), in.ReturnConsumedCapacity), nil
}

func term(terms []expr.KeyTerm, name string) (expr.KeyTerm, bool) {
	i := slices.IndexFunc(terms, func(t expr.KeyTerm) bool { return t.Attribute == name })
	if i < 0 {
		return expr.KeyTerm{}, false
	}
	return terms[i], true
}

// narrow matches the key condition to the schema and sets the span.
func (r *reading) narrow(terms []expr.KeyTerm) error {
	if n := len(r.key.attrs()); len(terms) > n {
		return validation(fmt.Sprintf("The number of query conditions (%d) exceeds the number of key attributes defined in the schema (%d)", len(terms), n))
	}
	used := 0
	parts := make([]value.Value, 0, maxKeyParts)
	for _, a := range r.key.hash {
		t, ok := term(terms, a.name)
		if several := len(r.key.hash) > 1 || len(r.key.rng) > 1; several && (!ok || t.Op != expr.Equal) {
			return validation("HASH key attributes " + a.name + " must have equality conditions specified in the query")
		}
		if !ok {
			return validation("Query condition missed key schema element: " + a.name)
		}
		if err := r.checkTerm(t, a, true); err != nil {
			return err
		}
		if t.Op != expr.Equal {
			return validation("Query key condition not supported")
		}
		parts = append(parts, t.Low)
		used++
	}
	prefix := r.key.appendPartition(nil, func(i int) value.Value { return parts[i] })
	r.span = span{string(prefix), after(prefix)}
	for _, a := range r.key.rng {
		t, ok := term(terms, a.name)
		if ok {
			used++
		}
		if open := !ok || t.Op != expr.Equal; open && used < len(terms) {
			return r.gap(terms, a)
		}
		if !ok {
			return nil
		}
		if err := r.checkTerm(t, a, false); err != nil {
			return err
		}
		if t.Op != expr.Equal {
			r.span = compared(prefix, r.span, t)
			return nil
		}
		r.exact = used == len(r.key.hash)+len(r.key.rng)
		prefix = t.Low.AppendOrdered(prefix)
		r.span = span{string(prefix), after(prefix)}
	}
	return nil
}

// gap returns the fault of a condition on a range attribute after one, a, that is not
// fixed by an equality, or of a condition on no key attribute at all.
func (r *reading) gap(terms []expr.KeyTerm, a keyAttr) error {
	for _, later := range slices.Backward(r.key.rng) {
		if _, ok := term(terms, later.name); ok && later.name != a.name {
			return validation("RANGE key attributes " + a.name + " must have equality conditions specified in the query " +
				"because a condition is present on key attribute " + later.name)
		}
	}
	return validation("Query condition missed key schema element: " + a.name)
}

// compared returns the part of a span, whose keys all begin with prefix, where the next
// attribute satisfies t.
func compared(prefix []byte, s span, t expr.KeyTerm) span {
	low := t.Low.AppendOrdered(slices.Clone(prefix))
	switch t.Op {
	case expr.Less:
		s.high = string(low)
	case expr.LessOrEqual:
		s.high = after(low)
	case expr.Greater:
		s.low = after(low)
	case expr.GreaterOrEqual:
		s.low = string(low)
	case expr.Between:
		s.low, s.high = string(low), after(t.High.AppendOrdered(slices.Clone(prefix)))
	case expr.BeginsWith:
		low = t.Low.AppendOrderedPrefix(slices.Clone(prefix))
		s.low, s.high = string(low), after(low)
	}
	return s
}

func (r *reading) checkTerm(t expr.KeyTerm, a keyAttr, isHash bool) error {
	operands := []value.Value{t.Low}
	if t.Op == expr.Between {
		operands = append(operands, t.High)
	}
	for _, v := range operands {
		if v.Kind() != a.kind {
			return badValue("Condition parameter type does not match schema type")
		}
		if what := emptyKind(v); what != "" {
			return emptyKeyOf(r.index, a, what)
		}
		if err := checkKeySize(v, isHash); err != nil {
			return err
		}
	}
	return nil
}

// startAfter continues after an ExclusiveStartKey, which has to lie in the
// partition and satisfy the condition on the range key, and not be the last that can do so.
func (r *reading) startAfter(start value.Item, terms []expr.KeyTerm) error {
	place, err := r.place(start)
	if err != nil {
		return err
	}
	outside, narrowed := place < r.span.low || (r.span.high != "" && place >= r.span.high), len(terms) > len(r.key.hash)
	switch {
	case narrowed && (outside || r.atEnd(place)):
		return validation("The provided starting key does not match the range key predicate")
	case outside:
		return validation("The provided starting key is outside query boundaries based on provided conditions")
	}
	r.resume(place)
	return nil
}

// checkFilter refuses filters on the keys of what is read, and on attributes that
// an index does not hold.
func (r *reading) checkFilter() error {
	if r.filter == nil {
		return nil
	}
	names := r.filter.Attributes()
	for _, a := range r.key.attrs() {
		if slices.Contains(names, a.name) {
			if r.legacyFilter {
				return validation("QueryFilter can only contain non-primary key attributes: Primary key attribute: " + a.name)
			}
			return validation("Filter Expression can only contain non-primary key attributes: Primary key attribute: " + a.name)
		}
	}
	if r.index != nil {
		if missing := r.index.missing(names); len(missing) > 0 {
			return badValue("Secondary index " + r.index.name + " does not project one or more filter attributes: " + list(missing))
		}
	}
	return nil
}
