package engine

import (
	"crypto/rand"
	"fmt"
	"maps"
	"time"

	"github.com/entable/entable/internal/engine/input"
)

// CreateTable
//
// Behaviour:
//   - A name can be taken once; a table that is still there, even while it is
//     being deleted, answers ResourceInUseException.
//   - The response says CREATING. The table is usable once DescribeTable says
//     ACTIVE: with the next request, unless Config.TableDelay says otherwise.
//   - KeySchema has one HASH and at most one RANGE attribute, of type S, N or B.
//     Each key attribute of the table and its indexes is in
//     AttributeDefinitions, and nothing else is.
//   - At most 5 LSIs, which need a range key and share the table's hash key, and
//     at most 20 GSIs, whose keys may have up to four HASH and four RANGE attributes.
//   - BillingMode is PROVISIONED by default and then needs ProvisionedThroughput,
//     for GSIs too; PAY_PER_REQUEST refuses it.
//   - Encryption and throughput settings, warm or not, are reported back and have no effect.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html

type createTableInput struct {
	AttributeDefinitions      []attributeDefinition `is:"required"`
	TableName                 *string               `is:"newtable"`
	KeySchema                 []keySchemaElement    `is:"required len=1:2"`
	LocalSecondaryIndexes     []localSecondaryIndex
	GlobalSecondaryIndexes    []globalSecondaryIndex
	BillingMode               *string `is:"enum=PROVISIONED|PAY_PER_REQUEST"`
	ProvisionedThroughput     *throughput
	StreamSpecification       *streamSpecification
	SSESpecification          *sseSpecification
	Tags                      []tag
	TableClass                *string `is:"enum=STANDARD|STANDARD_INFREQUENT_ACCESS"`
	DeletionProtectionEnabled *bool
	OnDemandThroughput        *onDemandThroughput
	WarmThroughput            *warmThroughput
	ResourcePolicy            *string

	GlobalTableSettingsReplicationMode input.Refused
	GlobalTableSourceArn               input.Refused
	VectorIndexes                      input.Refused
}

type tag struct {
	Key   *string `is:"required len=1:128"` // characters
	Value *string `is:"required len=:256"`
}

func (in *createTableInput) first() error { return checkTableName(in.TableName) }

func (ac *Account) createTable(in *createTableInput) ([]byte, error) {
	t, err := ac.newTable(in)
	if err != nil {
		return nil, err
	}
	ac.mu.Lock()
	defer ac.mu.Unlock()
	now := ac.cfg.Now()
	tables := maps.Clone(ac.allTables())
	if old, ok := tables[t.name]; ok && !old.gone(now) {
		return nil, clientError("ResourceInUseException", "Table already exists: "+t.name)
	}
	t.setBusy(creating, now.Add(ac.cfg.TableDelay))
	if spec := in.StreamSpecification; spec != nil && *spec.StreamEnabled {
		t.setStream(ac.openStream(t, *spec.StreamViewType, now), now)
	}
	d := t.describe(creating, now) // before others can write to the table
	tables[t.name] = t
	ac.tables.Store(&tables)
	return marshal(struct{ TableDescription *tableDescription }{d})
}

// newTable checks the definition of a table and makes it.
func (ac *Account) newTable(in *createTableInput) (*table, error) {
	if err := in.checkBilling(); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := in.StreamSpecification.check(); err != nil {
		return nil, err
	}
	defs := definitions(in.AttributeDefinitions)
	key, err := in.tableKey(defs)
	if err != nil {
		return nil, err
	}
	indexes, err := in.indexes(defs, key)
	if err != nil {
		return nil, err
	}
	t := &table{
		name:    *in.TableName,
		arn:     ac.arn(*in.TableName),
		id:      newUUID(),
		created: ac.cfg.Now(),
		key:     key,
		items:   newTree(),
	}
	t.setIndexes(indexes)
	t.settings.init(in, t.created)
	if in.ResourcePolicy != nil {
		p, err := newPolicy(*in.ResourcePolicy, 1)
		if err != nil {
			return nil, err
		}
		t.settings.setPolicy(t.arn, p)
	}
	return t, nil
}

func (in *createTableInput) checkBilling() error {
	if deref(in.BillingMode) == "PAY_PER_REQUEST" {
		if in.ProvisionedThroughput != nil {
			return badValue("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
		}
		for i := range in.GlobalSecondaryIndexes {
			if in.GlobalSecondaryIndexes[i].ProvisionedThroughput != nil {
				return badValue("ProvisionedThroughput should not be specified for index: " +
					*in.GlobalSecondaryIndexes[i].IndexName + " when BillingMode is PAY_PER_REQUEST")
			}
		}
		return nil
	}
	if in.ProvisionedThroughput == nil {
		return badValue("ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	}
	return in.ProvisionedThroughput.checkBounds()
}

func (in *createTableInput) tableKey(defs definitions) (keySchema, error) {
	if len(in.KeySchema) > len(defs) {
		return keySchema{}, validation("Invalid KeySchema: Some index key attribute have no definition")
	}
	for i := range defs {
		for j := range i {
			if *defs[i].AttributeName == *defs[j].AttributeName {
				return keySchema{}, badValue("Duplicate AttributeName in AttributeDefinitions: " + *defs[i].AttributeName)
			}
		}
	}
	if err := defs.defined(in.KeySchema); err != nil {
		return keySchema{}, err
	}
	return defs.keySchema(in.KeySchema, 1)
}

func (in *createTableInput) indexes(defs definitions, key keySchema) ([]*index, error) {
	var all []*index
	if in.LocalSecondaryIndexes != nil && len(in.LocalSecondaryIndexes) == 0 {
		return nil, badValue("List of LocalSecondaryIndexes is empty")
	}
	if in.LocalSecondaryIndexes != nil && len(key.rng) == 0 {
		return nil, badValue("Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex")
	}
	for i := range in.LocalSecondaryIndexes {
		ix, err := newLocalIndex(&in.LocalSecondaryIndexes[i], defs, key)
		if err != nil {
			return nil, err
		}
		all = append(all, ix)
	}
	if in.GlobalSecondaryIndexes != nil && len(in.GlobalSecondaryIndexes) == 0 {
		return nil, badValue("List of GlobalSecondaryIndexes is empty")
	}
	for i := range in.GlobalSecondaryIndexes {
		g := &in.GlobalSecondaryIndexes[i]
		ix, err := newGlobalIndex(g, defs, key)
		if err != nil {
			return nil, err
		}
		if deref(in.BillingMode) != "PAY_PER_REQUEST" && g.ProvisionedThroughput == nil {
			return nil, badValue("ProvisionedThroughput is not specified for index: " + ix.name)
		}
		all = append(all, ix)
	}
	return all, checkIndexes(all, defs, key)
}

func (s *settings) init(in *createTableInput, now time.Time) {
	s.definitions, s.keySchema = in.AttributeDefinitions, in.KeySchema
	s.indexKeys = map[string][]keySchemaElement{}
	for i := range in.LocalSecondaryIndexes {
		s.indexKeys[*in.LocalSecondaryIndexes[i].IndexName] = in.LocalSecondaryIndexes[i].KeySchema
	}
	for i := range in.GlobalSecondaryIndexes {
		s.indexKeys[*in.GlobalSecondaryIndexes[i].IndexName] = in.GlobalSecondaryIndexes[i].KeySchema
	}
	if s.onDemand = deref(in.BillingMode) == "PAY_PER_REQUEST"; s.onDemand {
		s.onDemandSince = now
	}
	if in.ProvisionedThroughput != nil {
		s.throughput = *in.ProvisionedThroughput
	}
	s.maxOnDemand, s.sse, s.warm = in.OnDemandThroughput, in.SSESpecification, in.WarmThroughput
	s.class, s.protected = deref(in.TableClass), deref(in.DeletionProtectionEnabled)
	s.tags = map[string]string{}
	for _, t := range in.Tags {
		s.tags[*t.Key] = *t.Value
	}
}

// check judges a stream's settings by themselves.
func (spec *streamSpecification) check() error {
	switch {
	case spec == nil:
		return nil
	case *spec.StreamEnabled && spec.StreamViewType == nil:
		return badValue("StreamViewType is required when StreamEnabled is true")
	case !*spec.StreamEnabled && spec.StreamViewType != nil:
		return badValue("StreamViewType cannot be specified when StreamEnabled is false")
	}
	return nil
}

// setStream puts a stream in the place of the table's, or nil for none.
func (t *table) setStream(s *stream, now time.Time) {
	if t.stream != nil {
		t.stream.disable(now)
	}
	t.stream, t.settings.stream = s, nil
	if s != nil {
		t.settings.stream = &streamSpecification{new(true), new(s.view)}
		t.settings.streamLabel = s.label
	}
}

// checkTableName makes the check that the operations on tables make before any
// other; those on items leave it to the model's constraints.
func checkTableName(name *string) error {
	if name == nil {
		return validation("The parameter 'TableName' is required but was not present in the request")
	}
	return nil
}

func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
