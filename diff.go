package entable

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
)

// TableDifference is one point in which a table differs from what its registry needs.
type TableDifference struct {
	// What is the place: `partition key`, `index "gsi1"`, `ttl`.
	What string
	// Have is what the table has, Want what the registry needs; "" for nothing.
	Have, Want string
}

func (d TableDifference) String() string {
	have, want := d.Have, d.Want
	if have == "" {
		have = "nothing"
	}
	if want == "" {
		want = "nothing"
	}
	return fmt.Sprintf("%s: the table has %s, the registry needs %s", d.What, have, want)
}

// Diff compares the table with the registry: keys, the types of key attributes, indexes with their
// projections, expiry. An empty result says that the entities can be used. What the registry does not need,
// such as another index, is no difference, nor are billing, class, encryption and streams. An index or a table that is being
// created or deleted is one. The error matches [ErrTableNotFound] when there is no table; [Table.Require] makes one error of both.
func (t *Table) Diff(ctx context.Context) (list []TableDifference, err error) {
	differences, err := t.differences(ctx, "Diff")
	for _, d := range differences {
		list = append(list, TableDifference(d))
	}
	return list, err
}

func (t *Table) differences(ctx context.Context, op string) ([]schema.Difference, error) {
	c, tc, err := t.tableClient(ctx, op)
	if err != nil {
		return nil, err
	}
	d, err := t.describe(ctx, tc)
	if err != nil {
		return nil, &OpError{Op: op, Entity: t.s().Name, Err: err}
	}
	list := t.s().Differences(d)
	want := t.s().TTLAttribute()
	if want == "" {
		return list, nil
	}
	switch have, known, err := t.expiresBy(ctx, c.Client); {
	case err != nil:
		return nil, &OpError{Op: op, Entity: t.s().Name, Err: err}
	case known && have != want:
		list = append(list, schema.Difference{What: "ttl", Have: quoted(have), Want: quoted(want)})
	}
	return list, nil
}

// expiresBy returns the attribute by which items of the table expire, "" for none; it is not known to every client.
func (t *Table) expiresBy(ctx context.Context, c Client) (attribute string, known bool, err error) {
	ttl, ok := c.(interface {
		DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error)
	})
	if !ok {
		return "", false, nil
	}
	out, err := ttl.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &t.s().Name})
	if err != nil || out == nil {
		return "", false, err
	}
	if d := out.TimeToLiveDescription; d != nil && d.AttributeName != nil &&
		(d.TimeToLiveStatus == types.TimeToLiveStatusEnabled || d.TimeToLiveStatus == types.TimeToLiveStatusEnabling) {
		attribute = *d.AttributeName
	}
	return attribute, true, nil
}

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%q", s)
}
