package entable

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
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
// such as another index, is no difference, nor are billing, class, encryption and streams. The error
// matches [ErrTableNotFound] when there is no table.
func (t *Table) Diff(ctx context.Context) ([]TableDifference, error) {
	c, tc, err := t.tableClient(ctx, "Diff")
	if err != nil {
		return nil, err
	}
	d, err := t.describe(ctx, tc)
	if err != nil {
		return nil, &OpError{Op: "Diff", Entity: t.s().Name, Err: err}
	}
	list := t.compare(d)
	want := t.s().TTLAttribute()
	ttl, ok := c.Client.(interface {
		DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error)
	})
	if want == "" || !ok {
		return list, nil
	}
	out, err := ttl.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &t.s().Name})
	if err != nil {
		return nil, &OpError{Op: "Diff", Entity: t.s().Name, Err: err}
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

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%q", s)
}
