package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entable/entable/internal/engine/input"
)

// UpdateTable
//
// Behaviour:
//   - Changes throughput, billing mode, GSIs, stream, encryption, class or deletion
//     protection. The response says UPDATING; the change is complete once DescribeTable
//     says ACTIVE: with the next request, unless Config.TableDelay says otherwise.
//   - One GSI can be created or deleted at a time. A new one is CREATING with
//     Backfilling until then, cannot be read, and then has all items; its key attributes
//     are in the request's AttributeDefinitions.
//   - AttributeDefinitions are added to those of the table, which cannot be given other
//     types; what no key uses any more is dropped.
//   - Throughput has to change: the same values again are a ValidationException.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html

type updateTableInput struct {
	AttributeDefinitions        []attributeDefinition
	TableName                   *string `is:"table"`
	BillingMode                 *string `is:"enum=PROVISIONED|PAY_PER_REQUEST"`
	ProvisionedThroughput       *throughput
	GlobalSecondaryIndexUpdates []globalSecondaryIndexUpdate
	StreamSpecification         *streamSpecification
	SSESpecification            *sseSpecification
	TableClass                  *string `is:"enum=STANDARD|STANDARD_INFREQUENT_ACCESS"`
	DeletionProtectionEnabled   *bool
	OnDemandThroughput          *onDemandThroughput
	WarmThroughput              *warmThroughput

	DisassociationProtectionEnabled    input.Refused
	GlobalTableSettingsReplicationMode input.Refused
	GlobalTableWitnessUpdates          input.Refused
	MultiRegionConsistency             input.Refused
	ReplicaUpdates                     input.Refused
	VectorIndexUpdates                 input.Refused
}

type globalSecondaryIndexUpdate struct {
	Update *updateIndexAction
	Create *globalSecondaryIndex
	Delete *deleteIndexAction
}

type updateIndexAction struct {
	IndexName             *string `is:"required name"`
	ProvisionedThroughput *throughput
	OnDemandThroughput    *onDemandThroughput
	WarmThroughput        *warmThroughput
}

type deleteIndexAction struct {
	IndexName *string `is:"required name"`
}

func (in *updateTableInput) first() error { return checkTableName(in.TableName) }

func (ac *Account) updateTable(in *updateTableInput) ([]byte, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	t, err := ac.describedTable(*in.TableName)
	if err != nil {
		return nil, err
	}
	ac.mu.Lock() // a stream may be opened
	defer ac.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	now := ac.cfg.Now()
	if status := t.status(now); status != active {
		return nil, clientError("ResourceInUseException", "Attempt to change a resource which is still in use: Table is being "+
			strings.ToLower(status)+": "+t.name)
	}
	u := tableUpdate{account: ac, table: t, in: in, now: now, settings: t.settings.clone(), indexes: slices.Clone(t.indexes())}
	if err := u.plan(); err != nil {
		return nil, err
	}
	u.commit(now.Add(ac.cfg.TableDelay))
	return marshal(struct{ TableDescription *tableDescription }{u.describe()})
}

// check judges the request alone.
func (in *updateTableInput) check() error {
	if in.ProvisionedThroughput == nil && in.BillingMode == nil && len(in.GlobalSecondaryIndexUpdates) == 0 &&
		in.StreamSpecification == nil && in.SSESpecification == nil && in.TableClass == nil &&
		in.DeletionProtectionEnabled == nil && in.OnDemandThroughput == nil && in.WarmThroughput == nil {
		return validation("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates " +
			"or SSESpecification or ReplicaUpdates is required")
	}
	if deref(in.BillingMode) == "PROVISIONED" && in.ProvisionedThroughput == nil {
		return badValue("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
	}
	if in.ProvisionedThroughput != nil {
		if err := in.ProvisionedThroughput.checkBounds(); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	online := 0
	for i := range in.GlobalSecondaryIndexUpdates {
		g := &in.GlobalSecondaryIndexUpdates[i]
		name := g.name()
		switch {
		case name == "":
			return badValue("One of " + indexActions + " must not be null")
		case g.several():
			return badValue("Only one of " + indexActions + " can be specified")
		case seen[name]:
			return badValue("Only one global secondary index update per index is allowed simultaneously. Index: " + name)
		}
		seen[name] = true
		if g.Update == nil {
			online++
		}
	}
	if online > 1 {
		return clientError("LimitExceededException",
			"Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table")
	}
	return nil
}

const indexActions = "GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete"

func (g *globalSecondaryIndexUpdate) several() bool {
	return g.Update != nil && (g.Create != nil || g.Delete != nil) || g.Create != nil && g.Delete != nil
}

func (g *globalSecondaryIndexUpdate) name() string {
	switch {
	case g.Update != nil:
		return *g.Update.IndexName
	case g.Create != nil:
		return *g.Create.IndexName
	case g.Delete != nil:
		return *g.Delete.IndexName
	}
	return ""
}

// A tableUpdate is worked out on copies of what it changes, so that a request is
// done as a whole or not at all.
type tableUpdate struct {
	account  *Account
	table    *table
	in       *updateTableInput
	now      time.Time
	settings settings
	indexes  []*index
	created  *index
}

func (u *tableUpdate) plan() error {
	s, in := &u.settings, u.in
	if err := u.planBilling(); err != nil {
		return err
	}
	for i := range in.GlobalSecondaryIndexUpdates {
		if err := u.planIndex(&in.GlobalSecondaryIndexUpdates[i]); err != nil {
			return err
		}
	}
	if err := u.planStream(); err != nil {
		return err
	}
	if in.SSESpecification != nil {
		s.sse = in.SSESpecification
	}
	if in.TableClass != nil {
		s.class = *in.TableClass
	}
	if in.DeletionProtectionEnabled != nil {
		s.protected = *in.DeletionProtectionEnabled
	}
	if in.OnDemandThroughput != nil {
		s.maxOnDemand = in.OnDemandThroughput
	}
	if in.WarmThroughput != nil {
		s.warm = in.WarmThroughput
	}
	return nil
}

func (u *tableUpdate) planStream() error {
	spec := u.in.StreamSpecification
	if err := spec.check(); spec == nil || err != nil {
		return err
	}
	switch enabled := u.table.stream != nil; {
	case *spec.StreamEnabled && enabled:
		return validation("Table already has an enabled stream")
	case !*spec.StreamEnabled && !enabled:
		return validation("Table has no stream to disable")
	}
	return nil
}

func (u *tableUpdate) planBilling() error {
	s, in := &u.settings, u.in
	onDemand := s.onDemand
	if in.BillingMode != nil {
		onDemand = *in.BillingMode == "PAY_PER_REQUEST"
	}
	switch {
	case onDemand && in.ProvisionedThroughput != nil:
		return badValue("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	case !onDemand && s.onDemand:
		if err := u.checkIndexThroughput(); err != nil {
			return err
		}
	case in.ProvisionedThroughput != nil:
		if err := u.changeThroughput(*in.ProvisionedThroughput); err != nil {
			return err
		}
	}
	if in.ProvisionedThroughput != nil {
		s.throughput = *in.ProvisionedThroughput
	}
	if onDemand && !s.onDemand {
		s.onDemandSince, s.throughput = u.now, throughput{}
		for i, ix := range u.indexes {
			u.indexes[i] = ix.withThroughput(throughput{})
		}
	}
	s.onDemand = onDemand
	return nil
}

// checkIndexThroughput demands throughput of every GSI when a table becomes
// provisioned.
func (u *tableUpdate) checkIndexThroughput() error {
	var missing []string
	for _, ix := range u.indexes {
		given := slices.ContainsFunc(u.in.GlobalSecondaryIndexUpdates, func(g globalSecondaryIndexUpdate) bool {
			return g.name() == ix.name
		})
		if !ix.local && !given {
			missing = append(missing, ix.name)
		}
	}
	if len(missing) > 0 {
		return badValue("ProvisionedThroughput must be specified for index: " + strings.Join(missing, ","))
	}
	return nil
}

func (u *tableUpdate) changeThroughput(to throughput) error {
	s := &u.settings
	if err := checkChange(s.throughput, to); err != nil {
		return err
	}
	if *to.ReadCapacityUnits > *s.throughput.ReadCapacityUnits || *to.WriteCapacityUnits > *s.throughput.WriteCapacityUnits {
		s.throughputRaised = u.now
	}
	if *to.ReadCapacityUnits < *s.throughput.ReadCapacityUnits || *to.WriteCapacityUnits < *s.throughput.WriteCapacityUnits {
		s.throughputCut = u.now
		s.cuts++
	}
	return nil
}

func checkChange(from, to throughput) error {
	if from.ReadCapacityUnits == nil || *from.ReadCapacityUnits != *to.ReadCapacityUnits || *from.WriteCapacityUnits != *to.WriteCapacityUnits {
		return nil
	}
	return validation(fmt.Sprintf("The provisioned throughput for the table will not change. The requested value equals the current value. "+
		"Current ReadCapacityUnits provisioned for the table: %d. Requested ReadCapacityUnits: %d. "+
		"Current WriteCapacityUnits provisioned for the table: %d. Requested WriteCapacityUnits: %d. "+
		"Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
		*from.ReadCapacityUnits, *to.ReadCapacityUnits, *from.WriteCapacityUnits, *to.WriteCapacityUnits))
}

func (u *tableUpdate) planIndex(g *globalSecondaryIndexUpdate) error {
	i := slices.IndexFunc(u.indexes, func(ix *index) bool { return ix.name == g.name() && !ix.local })
	switch {
	case g.Create != nil:
		return u.planCreate(g.Create)
	case i < 0:
		return resourceNotFound()
	case g.Delete != nil:
		u.indexes = slices.Delete(u.indexes, i, i+1)
		delete(u.settings.indexKeys, g.name())
		u.settings.definitions = u.usedDefinitions(u.settings.definitions)
		return nil
	}
	return u.planThroughput(i, g.Update)
}

// planThroughput changes the throughput settings of an index, of which there has to be one.
func (u *tableUpdate) planThroughput(i int, in *updateIndexAction) error {
	ix := u.indexes[i]
	switch p := in.ProvisionedThroughput; {
	case p == nil && in.OnDemandThroughput == nil && in.WarmThroughput == nil:
		return badValue("At least one of ProvisionedThroughput, OnDemandThroughput or WarmThroughput is required for index: " + ix.name)
	case p != nil && u.settings.onDemand:
		return badValue("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	case p != nil:
		if err := checkChange(ix.throughput, *p); err != nil {
			return err
		}
		ix = ix.withThroughput(*p)
	default:
		ix = ix.withThroughput(ix.throughput)
	}
	if in.OnDemandThroughput != nil {
		ix.onDemand = in.OnDemandThroughput
	}
	if in.WarmThroughput != nil {
		ix.warm = in.WarmThroughput
	}
	u.indexes[i] = ix
	return nil
}

func (u *tableUpdate) planCreate(in *globalSecondaryIndex) error {
	s := &u.settings
	switch {
	case s.onDemand && in.ProvisionedThroughput != nil:
		return badValue("ProvisionedThroughput should not be specified for index: " + *in.IndexName + " when BillingMode is PAY_PER_REQUEST")
	case !s.onDemand && in.ProvisionedThroughput == nil:
		return badValue("ProvisionedThroughput must be specified for index: " + *in.IndexName)
	}
	if slices.ContainsFunc(u.indexes, func(ix *index) bool { return ix.name == *in.IndexName }) {
		return validation("Attempting to create an index which already exists")
	}
	if err := definitions(u.in.AttributeDefinitions).defined(in.KeySchema); err != nil {
		return err
	}
	if err := u.checkRedefined(in); err != nil {
		return err
	}
	defs := slices.Clone(s.definitions)
	for _, d := range u.in.AttributeDefinitions {
		if _, known := defs.kind(*d.AttributeName); !known {
			defs = append(defs, d)
		}
	}
	ix, err := newGlobalIndex(in, defs, u.table.key)
	if err != nil {
		return err
	}
	u.indexes = append(u.indexes, ix)
	s.definitions = u.usedDefinitions(defs)
	s.indexKeys[ix.name] = in.KeySchema
	u.created = ix
	return checkIndexes(u.indexes, s.definitions, u.table.key)
}

// checkRedefined refuses a new index on an attribute of another type than it has in a key already.
func (u *tableUpdate) checkRedefined(in *globalSecondaryIndex) error {
	for _, d := range u.in.AttributeDefinitions {
		kind, known := u.settings.definitions.kind(*d.AttributeName)
		if !known || kind.String() == *d.AttributeType {
			continue
		}
		return badValue("Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. " +
			"Existing schema: " + u.schemaWith(*d.AttributeName) + " New schema: " + schemaText(in.KeySchema, u.in.AttributeDefinitions))
	}
	return nil
}

// schemaWith shows the first key of the table that has the attribute.
func (u *tableUpdate) schemaWith(name string) string {
	schema := u.settings.keySchema
	for _, ix := range u.indexes {
		if !u.table.key.has(name) && ix.key.has(name) {
			schema = u.settings.indexKeys[ix.name]
			break
		}
	}
	return schemaText(schema, u.settings.definitions)
}

// schemaText shows a key as the service does.
func schemaText(schema []keySchemaElement, defs definitions) string {
	var parts []string
	for _, e := range schema {
		kind, _ := defs.kind(*e.AttributeName)
		parts = append(parts, fmt.Sprintf("key{%s:%s:%s}", *e.AttributeName, kind, *e.KeyType))
	}
	return "Schema:[SchemaElement: " + strings.Join(parts, ", ") + "]"
}

func (u *tableUpdate) usedDefinitions(defs definitions) definitions {
	return slices.DeleteFunc(slices.Clone(defs), func(d attributeDefinition) bool {
		return !u.table.key.has(*d.AttributeName) &&
			!slices.ContainsFunc(u.indexes, func(ix *index) bool { return ix.key.has(*d.AttributeName) })
	})
}

// commit puts the planned state in place. A new index is filled right away and
// hidden until the table's time as UPDATING is over.
func (u *tableUpdate) commit(till time.Time) {
	t := u.table
	t.keepUp(0)
	if u.created != nil {
		u.created.readyAt = till
		u.created.backfill(t.items)
	}
	t.settings = u.settings
	t.setIndexes(u.indexes)
	if spec := u.in.StreamSpecification; spec != nil {
		var s *stream
		if *spec.StreamEnabled {
			s = u.account.openStream(t, *spec.StreamViewType, u.now)
		}
		t.setStream(s, u.now)
	}
	t.setBusy(updating, till)
}

func (u *tableUpdate) describe() *tableDescription {
	d := u.table.describe(updating, u.now)
	for i := range d.GlobalSecondaryIndexes {
		g := &d.GlobalSecondaryIndexes[i]
		if u.created != nil && g.IndexName == u.created.name {
			g.IndexStatus, g.Backfilling = creating, new(false)
		}
	}
	return d
}

// withThroughput returns the index with other throughput. It shares the tree: the
// caller replaces the one by the other.
func (ix *index) withThroughput(to throughput) *index {
	other := *ix
	other.throughput = to
	return &other
}
