package entable

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Waiting for a table: the service takes seconds, an emulator none.
const (
	firstTableWait = 20 * time.Millisecond
	maxTableWait   = 2 * time.Second
	tableWaitLimit = 10 * time.Minute
)

// Create creates the table with [Table.CreateInput], waits until it and its indexes are active, at
// most ten minutes or until ctx ends, and turns expiry on when an entity has a `ttl` field. edits change
// the request first: billing mode, table class, encryption, streams, projections.
//
//	err := Items.Create(ctx, func(in *dynamodb.CreateTableInput) {
//		in.TableClass = types.TableClassStandardInfrequentAccess
//	})
//
// The error matches [ErrTableExists] when there is such a table; see [Table.Diff] then.
func (t *Table) Create(ctx context.Context, edits ...func(*dynamodb.CreateTableInput)) error {
	c, tc, err := t.tableClient(ctx, "Create")
	if err != nil {
		return err
	}
	if _, err := tc.CreateTable(ctx, t.editedInput(edits)); err != nil {
		return &OpError{Op: "Create", Entity: t.name, Err: err}
	}
	err = t.wait(ctx, tc, func(d *types.TableDescription, err error) (bool, error) {
		if classify(err) == ErrTableNotFound { // just created, it may not be visible yet
			return false, nil
		}
		return active(d), err
	})
	if err != nil {
		return &OpError{Op: "Create", Entity: t.name, Err: fmt.Errorf("the table is created but not known to be active: %w", err)}
	}
	return t.enableTTL(ctx, c)
}

func (t *Table) editedInput(edits []func(*dynamodb.CreateTableInput)) *dynamodb.CreateTableInput {
	in := t.CreateInput()
	for _, edit := range edits {
		edit(in)
	}
	return in
}

// tableClient is the client of an operation on the table as a whole.
func (t *Table) tableClient(ctx context.Context, op string) (*conn, TableClient, error) {
	c, err := t.connFor(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	tc, ok := c.Client.(TableClient)
	if !ok {
		return nil, nil, usagef("%s of table %q: the client %T has no CreateTable, DescribeTable and DeleteTable", op, t.name, c.Client)
	}
	return c, tc, nil
}

// wait describes the table until done says so.
func (t *Table) wait(ctx context.Context, tc TableClient, done func(*types.TableDescription, error) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, tableWaitLimit)
	defer cancel()
	for wait := firstTableWait; ; wait = min(2*wait, maxTableWait) {
		d, err := t.describe(ctx, tc)
		ok, err := done(d, err)
		if ok || err != nil {
			return err
		}
		timer := time.NewTimer(wait/2 + rand.N(wait/2))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

func (t *Table) describe(ctx context.Context, tc TableClient) (*types.TableDescription, error) {
	out, err := tc.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.name})
	if err != nil {
		return nil, err
	}
	if out == nil || out.Table == nil {
		return nil, errors.New("DescribeTable gave nothing")
	}
	return out.Table, nil
}

func active(d *types.TableDescription) bool {
	return d != nil && d.TableStatus == types.TableStatusActive &&
		!slices.ContainsFunc(d.GlobalSecondaryIndexes, func(g types.GlobalSecondaryIndexDescription) bool {
			return g.IndexStatus != types.IndexStatusActive
		})
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
		return false, &OpError{Op: "Exists", Entity: t.name, Err: err}
	}
	return true, nil
}

// Delete deletes the table with all its items and waits until it is gone, at most ten minutes or until ctx
// ends. The error matches [ErrTableNotFound] when there is none.
func (t *Table) Delete(ctx context.Context) error {
	_, tc, err := t.tableClient(ctx, "Delete")
	if err != nil {
		return err
	}
	if _, err = tc.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &t.name}); err == nil {
		err = t.wait(ctx, tc, func(_ *types.TableDescription, err error) (bool, error) {
			if classify(err) == ErrTableNotFound {
				return true, nil
			}
			return false, err
		})
	}
	if err != nil {
		return &OpError{Op: "Delete", Entity: t.name, Err: err}
	}
	return nil
}

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
// such as another index, is no difference, nor are billing, class, encryption and streams. The error
// matches [ErrTableNotFound] when there is no table.
func (t *Table) Diff(ctx context.Context) ([]TableDifference, error) {
	c, tc, err := t.tableClient(ctx, "Diff")
	if err != nil {
		return nil, err
	}
	d, err := t.describe(ctx, tc)
	if err != nil {
		return nil, &OpError{Op: "Diff", Entity: t.name, Err: err}
	}
	list := t.compare(d)
	want := t.ttlAttribute()
	ttl, ok := c.Client.(interface {
		DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error)
	})
	if want == "" || !ok {
		return list, nil
	}
	out, err := ttl.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &t.name})
	if err != nil {
		return nil, &OpError{Op: "Diff", Entity: t.name, Err: err}
	}
	have := ""
	if d := out.TimeToLiveDescription; d != nil && d.AttributeName != nil &&
		(d.TimeToLiveStatus == types.TimeToLiveStatusEnabled || d.TimeToLiveStatus == types.TimeToLiveStatusEnabling) {
		have = *d.AttributeName
	}
	if have != want {
		list = append(list, TableDifference{"ttl", quoted(have), quoted(want)})
	}
	return list, nil
}

// compare lists what a description lacks of what CreateInput asks for.
func (t *Table) compare(d *types.TableDescription) (list []TableDifference) {
	want, have := t.shape(), shapeOf(d)
	for _, part := range want {
		i := slices.IndexFunc(have, func(h shapePart) bool { return h.what == part.what })
		h := ""
		if i >= 0 {
			h = have[i].text
		}
		if h != part.text {
			list = append(list, TableDifference{part.what, h, part.text})
		}
	}
	if have := have.find("sort key"); have != "" && want.find("sort key") == "" {
		list = append(list, TableDifference{"sort key", have, ""})
	}
	return list
}

// tableShape is what a table consists of, part by part, as texts that can be compared.
type tableShape []shapePart

type shapePart struct{ what, text string }

func (s tableShape) find(what string) string {
	for _, p := range s {
		if p.what == what {
			return p.text
		}
	}
	return ""
}

func (s *tableShape) add(what string, attrs []types.AttributeDefinition, schema []types.KeySchemaElement) {
	for _, role := range []struct {
		typ  types.KeyType
		name string
	}{{types.KeyTypeHash, "partition key"}, {types.KeyTypeRange, "sort key"}} {
		if text := schemaText(attrs, schema, role.typ); text != "" {
			*s = append(*s, shapePart{what + role.name, text})
		}
	}
}

// schemaText lists the attributes that have one role in a key: `"pk" (S)`.
func schemaText(attrs []types.AttributeDefinition, schema []types.KeySchemaElement, role types.KeyType) string {
	var parts []string
	for _, k := range schema {
		if k.KeyType != role || k.AttributeName == nil {
			continue
		}
		typ := types.ScalarAttributeType("")
		for _, a := range attrs {
			if a.AttributeName != nil && *a.AttributeName == *k.AttributeName {
				typ = a.AttributeType
			}
		}
		parts = append(parts, fmt.Sprintf("%q (%s)", *k.AttributeName, typ))
	}
	return strings.Join(parts, ", ")
}

func (s *tableShape) addIndex(kind string, name *string, attrs []types.AttributeDefinition, schema []types.KeySchemaElement, p *types.Projection) {
	text := kind + " on " + schemaText(attrs, schema, types.KeyTypeHash)
	if sk := schemaText(attrs, schema, types.KeyTypeRange); sk != "" {
		text += " and " + sk
	}
	if p != nil {
		text += ", projecting " + string(p.ProjectionType)
	}
	*s = append(*s, shapePart{fmt.Sprintf("index %q", aws.ToString(name)), text})
}

func (t *Table) shape() (s tableShape) {
	in := t.CreateInput()
	s.add("", in.AttributeDefinitions, in.KeySchema)
	for _, g := range in.GlobalSecondaryIndexes {
		s.addIndex("global", g.IndexName, in.AttributeDefinitions, g.KeySchema, g.Projection)
	}
	for _, l := range in.LocalSecondaryIndexes {
		s.addIndex("local", l.IndexName, in.AttributeDefinitions, l.KeySchema, l.Projection)
	}
	return s
}

func shapeOf(d *types.TableDescription) (s tableShape) {
	s.add("", d.AttributeDefinitions, d.KeySchema)
	for _, g := range d.GlobalSecondaryIndexes {
		s.addIndex("global", g.IndexName, d.AttributeDefinitions, g.KeySchema, g.Projection)
	}
	for _, l := range d.LocalSecondaryIndexes {
		s.addIndex("local", l.IndexName, d.AttributeDefinitions, l.KeySchema, l.Projection)
	}
	return s
}
