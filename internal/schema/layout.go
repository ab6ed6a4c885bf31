package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Layout is a table as the service has to be told of it.
type Layout struct {
	Key         []types.KeySchemaElement
	Definitions []types.AttributeDefinition
	Global      []types.GlobalSecondaryIndex
	Local       []types.LocalSecondaryIndex
}

// Layout returns that of the table.
func (t *Table) Layout() *Layout {
	l := &Layout{Key: keySchema([]Attr{t.PK}, []Attr{t.SK})}
	l.define(t.PK, t.SK)
	for _, x := range t.Indexes {
		switch {
		case x.Local:
			l.Local = append(l.Local, types.LocalSecondaryIndex{
				IndexName: new(x.Name), KeySchema: keySchema([]Attr{t.PK}, []Attr{x.SK}), Projection: x.Projected(),
			})
		case x.MultiAttribute:
			l.define(slices.Concat(x.Hash, x.Range)...)
			l.Global = append(l.Global, types.GlobalSecondaryIndex{
				IndexName: new(x.Name), KeySchema: keySchema(x.Hash, x.Range), Projection: x.Projected(),
			})
		default:
			l.Global = append(l.Global, types.GlobalSecondaryIndex{
				IndexName: new(x.Name), KeySchema: keySchema([]Attr{x.PK}, []Attr{x.SK}), Projection: x.Projected(),
			})
		}
		l.define(x.Attrs()...)
	}
	return l
}

func (l *Layout) define(attrs ...Attr) {
	for _, a := range attrs {
		if a.Exists() && !slices.ContainsFunc(l.Definitions, func(d types.AttributeDefinition) bool { return *d.AttributeName == a.Name }) {
			l.Definitions = append(l.Definitions, types.AttributeDefinition{AttributeName: new(a.Name), AttributeType: a.Type})
		}
	}
}

func keySchema(hash, rng []Attr) []types.KeySchemaElement {
	var schema []types.KeySchemaElement
	for _, a := range hash {
		schema = append(schema, types.KeySchemaElement{AttributeName: new(a.Name), KeyType: types.KeyTypeHash})
	}
	for _, a := range rng {
		if a.Exists() {
			schema = append(schema, types.KeySchemaElement{AttributeName: new(a.Name), KeyType: types.KeyTypeRange})
		}
	}
	return schema
}

// Defined lists the definitions of the attributes of a key.
func (l *Layout) Defined(key []types.KeySchemaElement) []types.AttributeDefinition {
	return slices.DeleteFunc(slices.Clone(l.Definitions), func(d types.AttributeDefinition) bool {
		return !slices.ContainsFunc(key, func(k types.KeySchemaElement) bool { return *k.AttributeName == *d.AttributeName })
	})
}

func (l *Layout) shape() (s Shape) {
	s.Add("", l.Definitions, l.Key)
	for _, g := range l.Global {
		s.AddIndex(global, g.IndexName, l.Definitions, g.KeySchema, g.Projection)
	}
	for _, x := range l.Local {
		s.AddIndex(local, x.IndexName, l.Definitions, x.KeySchema, x.Projection)
	}
	return s
}

// The kinds of indexes, with which the texts of their shapes begin.
const (
	global = "global"
	local  = "local"
)

// Difference is one point in which a table differs from what is declared.
type Difference struct{ What, Have, Want string }

// Differences lists what a table lacks of its layout, and what of it cannot be used now.
func (t *Table) Differences(d *types.TableDescription) (list []Difference) {
	want, have := t.Layout().shape(), ShapeOf(d)
	for _, part := range want {
		if h := have.Find(part.What); h != part.Text {
			list = append(list, Difference{part.What, h, part.Text})
		}
	}
	if sk := have.Find("sort key"); sk != "" && want.Find("sort key") == "" {
		list = append(list, Difference{"sort key", sk, ""})
	}
	if status := have.Find("status"); status != "" {
		list = append(list, Difference{"status", status, string(types.TableStatusActive)})
	}
	return list
}

// lacks reports whether the table lacks an index of a kind.
func (d Difference) lacks(kind string) bool {
	return d.Have == "" && strings.HasPrefix(d.Want, kind+" ")
}

// Cure says what to do.
func (d Difference) Cure() string {
	switch {
	case d.Have == d.Want+", "+string(types.IndexStatusCreating), d.What == "status" && d.Have == string(types.TableStatusCreating):
		return "wait until the service has made it"
	case d.lacks(global):
		return "Table.AddIndexes adds it"
	case d.lacks(local):
		return "it comes with its table alone: make a new table, or declare a GSI"
	case d.What == "ttl" && d.Have == "":
		return "Table.Ensure turns expiry on"
	}
	return "change the table, or the declaration"
}

// NextIndex returns a global index that a table lacks, nil if it lacks none, and what else differs.
func (t *Table) NextIndex(d *types.TableDescription) (next *types.CreateGlobalSecondaryIndexAction, others []Difference) {
	missing := map[string]bool{}
	for _, d := range t.Differences(d) {
		if d.lacks(global) {
			missing[d.What] = true
		} else {
			others = append(others, d)
		}
	}
	for _, g := range t.Layout().Global {
		if missing[fmt.Sprintf("index %q", *g.IndexName)] {
			return &types.CreateGlobalSecondaryIndexAction{IndexName: g.IndexName, KeySchema: g.KeySchema, Projection: g.Projection}, others
		}
	}
	return nil, others
}

// HasIndex reports whether a table has a global index, in whatever state.
func HasIndex(d *types.TableDescription, name string) bool {
	return slices.ContainsFunc(d.GlobalSecondaryIndexes, func(g types.GlobalSecondaryIndexDescription) bool { return aws.ToString(g.IndexName) == name })
}

// Creates reports whether a change of a table adds a global index.
func Creates(updates []types.GlobalSecondaryIndexUpdate, index string) bool {
	return slices.ContainsFunc(updates, func(u types.GlobalSecondaryIndexUpdate) bool {
		return u.Create != nil && aws.ToString(u.Create.IndexName) == index
	})
}

// IsActive reports whether nothing of a table is being changed.
func IsActive(d *types.TableDescription) bool {
	return d != nil && d.TableStatus == types.TableStatusActive &&
		!slices.ContainsFunc(d.GlobalSecondaryIndexes, func(g types.GlobalSecondaryIndexDescription) bool {
			return g.IndexStatus != types.IndexStatusActive
		})
}
