package engine

import (
	"fmt"

	"github.com/entable/entable/internal/engine/input"
)

// Scan
//
// Behaviour:
//   - Partitions come in the order of a hash of their key, which says nothing about
//     the values and stays the same between requests; items within a partition come
//     in the order of their range key.
//   - Segment i of n is the i-th n-th of the hashes: each partition is in exactly one
//     segment, whatever is written meanwhile.
//   - Pages end as those of a Query do.
//   - A filter may look at key attributes. What an index does not project is absent for
//     a filter, unless all attributes are fetched from the table.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html

type scanInput struct {
	TableName                 *string  `is:"required table"`
	IndexName                 *string  `is:"name"`
	AttributesToGet           []string `is:"len=1:255"`
	Limit                     *int32   `is:"range=1:"`
	Select                    *string  `is:"enum=SPECIFIC_ATTRIBUTES|COUNT|ALL_ATTRIBUTES|ALL_PROJECTED_ATTRIBUTES"`
	ScanFilter                input.Map[condition]
	ConditionalOperator       *string `is:"enum=OR|AND"`
	ExclusiveStartKey         input.Item
	ReturnConsumedCapacity    *capacityReport `is:"enum=INDEXES|TOTAL|NONE"`
	TotalSegments             *int32          `is:"range=1:1000000"`
	Segment                   *int32          `is:"range=0:999999"`
	ProjectionExpression      *string
	FilterExpression          *string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues input.Values
	ConsistentRead            bool
}

func (ac *Account) scan(in *scanInput) ([]byte, error) {
	texts := expressionTexts{
		filter: in.FilterExpression, projection: in.ProjectionExpression,
		names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
		legacy: legacyParameters{
			attributesToGet: in.AttributesToGet, scanFilter: in.ScanFilter, conditionalOperator: in.ConditionalOperator,
		}.ifGiven(),
	}
	if err := texts.checkUse("FilterExpression"); err != nil {
		return nil, err
	}
	if err := checkStartKey(&in.ExclusiveStartKey); err != nil {
		return nil, err
	}
	if err := in.checkSegments(); err != nil {
		return nil, err
	}
	exprs, err := texts.parse()
	if err != nil {
		return nil, err
	}
	if err := texts.checkSelect(deref(in.Select), in.IndexName != nil); err != nil {
		return nil, err
	}
	t, err := ac.table(*in.TableName)
	if err != nil {
		return nil, err
	}
	r := &reading{
		table: t, forward: true, limit: int(deref(in.Limit)),
		filter: exprs.filter, projection: exprs.projection, consistent: in.ConsistentRead,
	}
	if err := r.useIndex(in.IndexName, ac.cfg.Now()); err != nil {
		return nil, err
	}
	if in.TotalSegments != nil {
		r.span = segment(uint64(*in.Segment), uint64(*in.TotalSegments))
	}
	if in.ExclusiveStartKey.Given {
		if err := r.scanAfter(in); err != nil {
			return nil, err
		}
	}
	if err := t.checkPaths(exprs); err != nil {
		return nil, err
	}
	if err := r.choose(deref(in.Select)); err != nil {
		return nil, err
	}
	return r.answer(r.read(), in.ReturnConsumedCapacity), nil
}

func (in *scanInput) checkSegments() error {
	switch {
	case in.Segment != nil && in.TotalSegments == nil:
		return validation("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case in.Segment == nil && in.TotalSegments != nil:
		return validation("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case in.Segment != nil && *in.Segment >= *in.TotalSegments:
		return validation(fmt.Sprintf("The Segment parameter is zero-based and must be less than parameter TotalSegments: "+
			"Segment: %d is not less than TotalSegments: %d", *in.Segment, *in.TotalSegments))
	}
	return nil
}

// scanAfter continues after an ExclusiveStartKey, which has to lie in the segment.
func (r *reading) scanAfter(in *scanInput) error {
	place, err := r.place(in.ExclusiveStartKey.Item)
	if err != nil {
		if e := asError(err); r.index == nil && e.Message == badStartKey {
			return validation(badStartKey + ": " + keyMismatch)
		}
		return err
	}
	if place < r.span.low || (r.span.high != "" && place >= r.span.high) {
		return validation(fmt.Sprintf("%s: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "+
			"TotalSegments: %d Segment: %d", badStartKey, *in.TotalSegments, *in.Segment))
	}
	r.resume(place)
	return nil
}
