package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Shape is what a table consists of, part by part, as texts that can be compared.
type Shape []ShapePart

// ShapePart is a key or an index.
type ShapePart struct{ What, Text string }

// Find returns the text of a part, "" if there is none.
func (s Shape) Find(what string) string {
	for _, p := range s {
		if p.What == what {
			return p.Text
		}
	}
	return ""
}

// Add adds the key of the table or of an index.
func (s *Shape) Add(what string, attrs []types.AttributeDefinition, schema []types.KeySchemaElement) {
	for _, role := range []struct {
		typ  types.KeyType
		name string
	}{{types.KeyTypeHash, "partition key"}, {types.KeyTypeRange, "sort key"}} {
		if text := schemaText(attrs, schema, role.typ); text != "" {
			*s = append(*s, ShapePart{what + role.name, text})
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

// AddIndex adds an index.
func (s *Shape) AddIndex(kind string, name *string, attrs []types.AttributeDefinition, schema []types.KeySchemaElement, p *types.Projection) {
	text := kind + " on " + schemaText(attrs, schema, types.KeyTypeHash)
	if sk := schemaText(attrs, schema, types.KeyTypeRange); sk != "" {
		text += " and " + sk
	}
	if p != nil {
		text += ", projecting " + string(p.ProjectionType)
		if len(p.NonKeyAttributes) > 0 {
			text += " " + strings.Join(slices.Sorted(slices.Values(p.NonKeyAttributes)), ", ")
		}
	}
	*s = append(*s, ShapePart{fmt.Sprintf("index %q", aws.ToString(name)), text})
}

// ShapeOf returns the shape of a table as the service describes it.
func ShapeOf(d *types.TableDescription) (s Shape) {
	s.Add("", d.AttributeDefinitions, d.KeySchema)
	for _, g := range d.GlobalSecondaryIndexes {
		s.AddIndex("global", g.IndexName, d.AttributeDefinitions, g.KeySchema, g.Projection)
		if g.IndexStatus == types.IndexStatusCreating || g.IndexStatus == types.IndexStatusDeleting {
			s[len(s)-1].Text += ", " + string(g.IndexStatus)
		}
	}
	for _, l := range d.LocalSecondaryIndexes {
		s.AddIndex("local", l.IndexName, d.AttributeDefinitions, l.KeySchema, l.Projection)
	}
	switch d.TableStatus {
	case "", types.TableStatusActive, types.TableStatusUpdating: // can be read and written
	default:
		s = append(s, ShapePart{"status", string(d.TableStatus)})
	}
	return s
}
