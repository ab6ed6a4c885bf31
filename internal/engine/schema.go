package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entable/entable/internal/engine/value"
)

// The members that describe keys and indexes, as CreateTable and UpdateTable
// take them and as DescribeTable reports them.

type attributeDefinition struct {
	AttributeName *string `is:"required len=1:255"`
	AttributeType *string `is:"required enum=B|N|S"`
}

type keySchemaElement struct {
	AttributeName *string `is:"required len=1:255"`
	KeyType       *string `is:"required enum=HASH|RANGE"`
}

type projection struct {
	ProjectionType   *string  `is:"enum=ALL|INCLUDE|KEYS_ONLY" json:",omitempty"`
	NonKeyAttributes []string `is:"len=1:20 each=1:255" json:",omitempty"`
}

type throughput struct {
	ReadCapacityUnits  *int64 `is:"required range=1:"`
	WriteCapacityUnits *int64 `is:"required range=1:"`
}

type onDemandThroughput struct {
	MaxReadRequestUnits  *int64 `json:",omitempty"`
	MaxWriteRequestUnits *int64 `json:",omitempty"`
}

type warmThroughput struct {
	ReadUnitsPerSecond  *int64 `is:"range=1:"`
	WriteUnitsPerSecond *int64 `is:"range=1:"`
}

type localSecondaryIndex struct {
	IndexName  *string            `is:"required name"`
	KeySchema  []keySchemaElement `is:"required len=1:2"`
	Projection *projection        `is:"required"`
}

type globalSecondaryIndex struct {
	IndexName             *string            `is:"required name"`
	KeySchema             []keySchemaElement `is:"required len=1:8"`
	Projection            *projection        `is:"required"`
	ProvisionedThroughput *throughput
	OnDemandThroughput    *onDemandThroughput
	WarmThroughput        *warmThroughput
}

// Limits of tables and indexes.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
const (
	maxLocalIndexes    = 5
	maxGlobalIndexes   = 20
	maxKeyParts        = 4 // hash attributes of a GSI, and again range attributes
	maxNonKeyInTable   = 100
	maxThroughputUnits = 1_000_000_000_000
)

// definitions are AttributeDefinitions by name.
type definitions []attributeDefinition

func (d definitions) names() []string {
	names := make([]string, len(d))
	for i := range d {
		names[i] = *d[i].AttributeName
	}
	return names
}

func (d definitions) kind(name string) (value.Kind, bool) {
	for i := range d {
		if *d[i].AttributeName == name {
			return value.KindOf(*d[i].AttributeType), true
		}
	}
	return value.None, false
}

func elementNames(schema []keySchemaElement) []string {
	names := make([]string, len(schema))
	for i := range schema {
		names[i] = *schema[i].AttributeName
	}
	return names
}

func list(names []string) string { return "[" + strings.Join(names, ", ") + "]" }

// defined checks that each key attribute has a definition.
func (d definitions) defined(schema []keySchemaElement) error {
	names := elementNames(schema)
	for _, name := range names {
		if _, ok := d.kind(name); !ok {
			return badValue("Some index key attributes are not defined in AttributeDefinitions. Keys: " +
				list(names) + ", AttributeDefinitions: " + list(d.names()))
		}
	}
	return nil
}

// keySchema reads a KeySchema whose attributes are all defined, with at most
// parts attributes of each role.
func (d definitions) keySchema(schema []keySchemaElement, parts int) (keySchema, error) {
	if len(schema) == 2 && *schema[0].AttributeName == *schema[1].AttributeName {
		return keySchema{}, validation("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	}
	if *schema[0].KeyType != "HASH" {
		return keySchema{}, validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	}
	if parts == 1 && len(schema) == 2 && *schema[1].KeyType != "RANGE" {
		return keySchema{}, validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	}
	var key keySchema
	for i := range schema {
		kind, _ := d.kind(*schema[i].AttributeName)
		attr := keyAttr{*schema[i].AttributeName, kind}
		switch {
		case key.has(attr.name):
			return keySchema{}, validation("Invalid KeySchema: Two elements in the KeySchema have the same name: " + attr.name)
		case *schema[i].KeyType == "RANGE":
			key.rng = append(key.rng, attr)
		case len(key.rng) > 0:
			return keySchema{}, validation("Invalid KeySchema: All HASH key elements must precede the RANGE key elements")
		default:
			key.hash = append(key.hash, attr)
		}
	}
	if len(key.hash) > parts || len(key.rng) > parts {
		return keySchema{}, badValue(fmt.Sprintf("A KeySchema can have at most %d HASH and %d RANGE key attributes", parts, parts))
	}
	key.all = slices.Concat(key.hash, key.rng)
	return key, nil
}

// projectionOf checks a Projection and fills in the index's.
func (ix *index) setProjection(p *projection, table keySchema) error {
	if p.ProjectionType == nil {
		return badValue("Unknown ProjectionType: null")
	}
	ix.projection, ix.nonKey = *p.ProjectionType, p.NonKeyAttributes
	if ix.projection != projectInclude && p.NonKeyAttributes != nil {
		return badValue("ProjectionType is " + ix.projection + ", but NonKeyAttributes is specified")
	}
	if ix.projection == projectInclude && p.NonKeyAttributes == nil {
		return badValue("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
	}
	for i, name := range ix.nonKey {
		if slices.Contains(ix.nonKey[:i], name) {
			return badValue("Duplicate value in attribute name: " + name)
		}
	}
	ix.setProjected(table)
	return nil
}

func newLocalIndex(in *localSecondaryIndex, defs definitions, table keySchema) (*index, error) {
	if err := defs.defined(in.KeySchema); err != nil {
		return nil, err
	}
	key, err := defs.keySchema(in.KeySchema, 1)
	if err != nil {
		return nil, err
	}
	if len(key.rng) == 0 {
		return nil, badValue("Index KeySchema does not have a range key for index: " + *in.IndexName)
	}
	if key.hash[0] != table.hash[0] {
		return nil, badValue("Index KeySchema does not have the same leading hash key as table KeySchema for index: " +
			*in.IndexName + ". index hash key: " + key.hash[0].name + ", table hash key: " + table.hash[0].name)
	}
	ix := &index{name: *in.IndexName, local: true, key: key, items: newTree()}
	return ix, ix.setProjection(in.Projection, table)
}

func newGlobalIndex(in *globalSecondaryIndex, defs definitions, table keySchema) (*index, error) {
	if err := defs.defined(in.KeySchema); err != nil {
		return nil, err
	}
	key, err := defs.keySchema(in.KeySchema, maxKeyParts)
	if err != nil {
		return nil, err
	}
	ix := &index{name: *in.IndexName, key: key, items: newTree(), onDemand: in.OnDemandThroughput, warm: in.WarmThroughput}
	if in.ProvisionedThroughput != nil {
		ix.throughput = *in.ProvisionedThroughput
	}
	return ix, ix.setProjection(in.Projection, table)
}

// checkIndexes checks what concerns all indexes of a table together.
func checkIndexes(indexes []*index, defs definitions, table keySchema) error {
	local, global, nonKey := 0, 0, 0
	for i, ix := range indexes {
		if slices.ContainsFunc(indexes[:i], func(other *index) bool { return other.name == ix.name }) {
			return badValue("Duplicate index name: " + ix.name)
		}
		if ix.local {
			local++
		} else {
			global++
		}
		nonKey += len(ix.nonKey)
	}
	switch {
	case local > maxLocalIndexes:
		return badValue("Number of LocalSecondaryIndexes exceeds per-table limit of 5")
	case global > maxGlobalIndexes:
		return badValue("GlobalSecondaryIndex count exceeds the per-table limit of 20")
	case nonKey > maxNonKeyInTable:
		return badValue(fmt.Sprintf("Number of attributes in the NonKeyAttributes of all indexes exceeds the limit of %d", maxNonKeyInTable))
	}
	return checkUsed(indexes, defs, table)
}

// checkUsed refuses definitions that no key uses.
func checkUsed(indexes []*index, defs definitions, table keySchema) error {
	used := func(name string) bool {
		return table.has(name) || slices.ContainsFunc(indexes, func(ix *index) bool { return ix.key.has(name) })
	}
	names := defs.names()
	if !slices.ContainsFunc(names, func(name string) bool { return !used(name) }) {
		return nil
	}
	if len(indexes) == 0 {
		return badValue("Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	return badValue("Some AttributeDefinitions are not used. AttributeDefinitions: " + list(names) +
		", keys used: " + list(slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !used(name) })))
}

func (t *throughput) checkBounds() error {
	if *t.ReadCapacityUnits > maxThroughputUnits {
		return validation(fmt.Sprintf("Given value %d for ReadCapacityUnits is out of bounds", *t.ReadCapacityUnits))
	}
	if *t.WriteCapacityUnits > maxThroughputUnits {
		return validation(fmt.Sprintf("Given value %d for WriteCapacityUnits is out of bounds", *t.WriteCapacityUnits))
	}
	return nil
}
