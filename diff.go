package entable

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
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

// Exists reports whether there is a table of this name, in whatever state and form.
func (t *Table) Exists(ctx context.Context) (bool, error) {
	_, tc, err := t.tableClient(ctx, "Exists")
	if err != nil {
		return false, err
	}
	switch _, err := t.describe(ctx, tc); {
	case classify(err) == ErrTableNotFound:
		return false, nil
	case err != nil:
		return false, &OpError{Op: "Exists", Entity: t.s().Name, Err: err}
	}
	return true, nil
}

// tableClient returns the client of an operation on the table as a whole.
func (t *Table) tableClient(ctx context.Context, op string) (*route.Conn, TableClient, error) {
	c, err := t.connFor(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	tc, ok := c.Client.(TableClient)
	if !ok {
		return nil, nil, usagef("%s of table %q: the client %T has no CreateTable, DescribeTable and DeleteTable", op, t.s().Name, c.Client)
	}
	return c, tc, nil
}

func (t *Table) describe(ctx context.Context, tc TableClient) (*types.TableDescription, error) {
	out, err := tc.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.s().Name})
	if err != nil {
		return nil, err
	}
	if out == nil || out.Table == nil {
		return nil, errors.New("DescribeTable gave nothing")
	}
	return out.Table, nil
}
