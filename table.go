package entable

import (
	"context"
	"crypto/cipher"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/go-playground/validator/v10"
)

// Table is one DynamoDB table that entities of many types share. It owns the generic key attributes,
// the registry of entities with their key prefixes, and the settings that they inherit. Declare it
// once, at package initialisation, and register the entities on it. It is safe for concurrent use.
type Table struct {
	name          string
	pk, sk        keyAttr
	discriminator string
	indexes       []indexConfig
	consistent    consistency
	maxSize       int
	validate      *validator.Validate
	plainRoute    bool
	copyStrings   bool
	hideExpired   bool
	cursorAEADs   []cipher.AEAD
	observe       func(context.Context, Event)

	lock *lock // nil when there is none
	gen  *generator
	conn atomic.Pointer[conn]
	reg  registry
}

// NewTable declares the table called name, with string keys "pk" and "sk", the discriminator "_type"
// and no index, unless options say otherwise. It sends nothing; see [Table.Create]. It panics with a
// [*DeclarationError] when the declaration is wrong; [TryNewTable] returns it.
func NewTable(name string, opts ...TableOption) *Table {
	t, err := TryNewTable(name, opts...)
	if err != nil {
		panic(err)
	}
	return t
}

// TryNewTable is [NewTable] with the error returned.
func TryNewTable(name string, opts ...TableOption) (*Table, error) {
	c := tableConfig{
		pk:            keyAttr{"pk", types.ScalarAttributeTypeS},
		sk:            keyAttr{"sk", types.ScalarAttributeTypeS},
		discriminator: "_type",
	}
	for _, o := range opts {
		o.applyTable(&c)
	}
	if reason := c.check(name); reason != "" {
		return nil, &DeclarationError{What: fmt.Sprintf("table %q", name), Reason: reason}
	}
	if c.validate == nil {
		c.validate = defaultValidate()
	}
	aeads, err := cursorAEADs(c.cursorKeys)
	if err != nil {
		return nil, &DeclarationError{What: fmt.Sprintf("table %q", name), Err: err}
	}
	pinned, err := newLock(c.lock)
	if err != nil {
		return nil, &DeclarationError{What: fmt.Sprintf("table %q", name), Err: err}
	}
	t := &Table{
		name:          name,
		cursorAEADs:   aeads,
		observe:       c.observe,
		pk:            c.pk,
		sk:            c.sk,
		discriminator: c.discriminator,
		indexes:       c.indexes,
		consistent:    c.consistent,
		maxSize:       c.maxSize,
		validate:      c.validate,
		plainRoute:    c.plainRoute,
		copyStrings:   c.copyStrings,
		hideExpired:   c.hideExpired,
		gen:           newGenerator(c.clock, c.entropy),
		lock:          pinned,
	}
	if pinned != nil {
		if err := pinned.checkTable(t); err != nil {
			return nil, &DeclarationError{What: fmt.Sprintf("table %q", name), Err: err}
		}
	}
	return t, nil
}

// Quotas of the service.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
const (
	maxGSIs       = 20
	maxLSIs       = 5
	maxNativeKeys = 4
)

func (c *tableConfig) check(name string) string {
	if !validTableName(name) {
		return "invalid name: use 3 to 255 letters, digits, '_', '-' and '.'"
	}
	if c.maxSize < 0 {
		return "MaxSize is negative"
	}
	used := attrClaims{}
	if r := used.claim(c.pk, "the partition key"); r != "" {
		return r
	}
	if c.sk.exists() {
		if r := used.claim(c.sk, "the sort key"); r != "" {
			return r
		}
	}
	if c.discriminator != "" {
		if r := used.claim(keyAttr{c.discriminator, types.ScalarAttributeTypeS}, "the discriminator"); r != "" {
			return r
		}
	}
	local := 0
	for i := range c.indexes {
		x := &c.indexes[i]
		if x.local {
			local++
		}
		if slices.ContainsFunc(c.indexes[:i], func(o indexConfig) bool { return o.name == x.name }) {
			return fmt.Sprintf("index %q is declared twice", x.name)
		}
		if r := x.check(c, used); r != "" {
			return r
		}
	}
	if global := len(c.indexes) - local; global > maxGSIs || local > maxLSIs {
		return fmt.Sprintf("%d global and %d local indexes are above the service's limits of %d and %d", global, local, maxGSIs, maxLSIs)
	}
	return ""
}

func (x *indexConfig) check(c *tableConfig, used attrClaims) string {
	what := fmt.Sprintf("index %q", x.name)
	switch {
	case !validTableName(x.name):
		return fmt.Sprintf("invalid index name %q: use 3 to 255 letters, digits, '_', '-' and '.'", x.name)
	case x.local && !c.sk.exists():
		return what + ": a table without sort key has no local indexes: use entable.GSI"
	case x.local && (x.native || len(x.hash) > 0 || !x.sk.exists()):
		return what + ": a local index has the table's partition key and a sort key of its own: give at most SortKey"
	case x.native:
		return x.checkNative(what)
	case len(x.hash) > 1 || len(x.rng) > 1:
		return what + ": several key attributes need entable.Native()"
	}
	roles := []string{"the partition key of ", "the sort key of "}
	for i, a := range x.attrs() {
		if x.local {
			i = 1
		}
		if r := used.claim(a, roles[i]+what); r != "" {
			return r
		}
	}
	return ""
}

func (x *indexConfig) checkNative(what string) string {
	if n, m := len(x.hash), len(x.rng); n == 0 || n > maxNativeKeys || m > maxNativeKeys {
		return fmt.Sprintf("%s: a native index has one to %d PartitionKey and up to %d SortKey", what, maxNativeKeys, maxNativeKeys)
	}
	own := attrClaims{}
	for _, a := range slices.Concat(x.hash, x.rng) {
		if r := own.claim(a, "a key of "+what); r != "" {
			return r
		}
	}
	return ""
}

// attrClaims says what each attribute is used for.
type attrClaims map[string]string

func (used attrClaims) claim(a keyAttr, what string) string {
	switch owner, taken := used[a.name]; {
	case a.name == "":
		return what + " has no name"
	case !slices.Contains(a.typ.Values(), a.typ):
		return fmt.Sprintf("%s %q has the invalid type %q: use S, N or B", what, a.name, a.typ)
	case taken:
		return fmt.Sprintf("attribute %q is both %s and %s", a.name, owner, what)
	}
	used[a.name] = what
	return ""
}

func validTableName(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.') {
			return false
		}
	}
	return 3 <= len(s) && len(s) <= 255
}

// Name returns the table's name.
func (t *Table) Name() string { return t.name }

// reserved gives what the table uses an attribute for, or "". Case does not count: a field that is
// absent from an item is filled from an attribute whose name differs only in case, as attributevalue
// does it.
func (t *Table) reserved(attr string) string {
	switch {
	case strings.EqualFold(attr, t.pk.name):
		return "the table's partition key"
	case strings.EqualFold(attr, t.sk.name):
		return "the table's sort key"
	case strings.EqualFold(attr, t.discriminator):
		return "the discriminator"
	}
	for i := range t.indexes {
		for _, a := range t.indexes[i].attrs() {
			if strings.EqualFold(attr, a.name) {
				return fmt.Sprintf("index %q", t.indexes[i].name)
			}
		}
	}
	return ""
}

// CreateInput returns the request that creates the table as the registry needs it: keys, attribute
// definitions and indexes, billed on demand. Change it before sending it, or see [Table.Create].
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
func (t *Table) CreateInput() *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{
		TableName:   new(t.name),
		BillingMode: types.BillingModePayPerRequest,
		KeySchema:   keySchema([]keyAttr{t.pk}, []keyAttr{t.sk}),
	}
	define := func(attrs ...keyAttr) {
		for _, a := range attrs {
			if a.exists() && !slices.ContainsFunc(in.AttributeDefinitions, func(d types.AttributeDefinition) bool { return *d.AttributeName == a.name }) {
				in.AttributeDefinitions = append(in.AttributeDefinitions,
					types.AttributeDefinition{AttributeName: new(a.name), AttributeType: a.typ})
			}
		}
	}
	define(t.pk, t.sk)
	all := &types.Projection{ProjectionType: types.ProjectionTypeAll}
	for _, x := range t.indexes {
		switch {
		case x.local:
			in.LocalSecondaryIndexes = append(in.LocalSecondaryIndexes, types.LocalSecondaryIndex{
				IndexName: new(x.name), KeySchema: keySchema([]keyAttr{t.pk}, []keyAttr{x.sk}), Projection: all,
			})
		case x.native:
			define(slices.Concat(x.hash, x.rng)...)
			in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
				IndexName: new(x.name), KeySchema: keySchema(x.hash, x.rng), Projection: all,
			})
		default:
			in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
				IndexName: new(x.name), KeySchema: keySchema([]keyAttr{x.pk}, []keyAttr{x.sk}), Projection: all,
			})
		}
		define(x.attrs()...)
	}
	return in
}

func keySchema(hash, rng []keyAttr) []types.KeySchemaElement {
	var schema []types.KeySchemaElement
	for _, a := range hash {
		schema = append(schema, types.KeySchemaElement{AttributeName: new(a.name), KeyType: types.KeyTypeHash})
	}
	for _, a := range rng {
		if a.exists() {
			schema = append(schema, types.KeySchemaElement{AttributeName: new(a.name), KeyType: types.KeyTypeRange})
		}
	}
	return schema
}
