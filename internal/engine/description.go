package engine

import (
	"encoding/json"
	"maps"
	"strconv"
	"time"
)

// settings are the properties of a table that only DescribeTable and its like
// look at.
type settings struct {
	definitions definitions
	keySchema   []keySchemaElement
	indexKeys   map[string][]keySchemaElement // by index name

	onDemand         bool
	onDemandSince    time.Time
	throughput       throughput
	throughputRaised time.Time
	throughputCut    time.Time
	cuts             int64
	maxOnDemand      *onDemandThroughput
	stream           *streamSpecification
	streamLabel      string
	sse              *sseSpecification
	class            string
	protected        bool
	ttl              ttlSettings
	recovery         recovery
	policies         map[string]policy // by ARN; replaced, never changed
	revision         uint64            // of the newest policy
	warm             *warmThroughput
	tags             map[string]string
}

// clone copies what an UpdateTable may change in place.
func (s *settings) clone() settings {
	c := *s
	c.indexKeys = maps.Clone(s.indexKeys)
	return c
}

type streamSpecification struct {
	StreamEnabled  *bool   `is:"required"`
	StreamViewType *string `is:"enum=NEW_IMAGE|OLD_IMAGE|NEW_AND_OLD_IMAGES|KEYS_ONLY" json:",omitempty"`
}

type sseSpecification struct {
	Enabled        *bool
	SSEType        *string `is:"enum=AES256|KMS"`
	KMSMasterKeyId *string
}

// seconds is a moment as the service writes it: seconds since 1970, with
// milliseconds.
type seconds time.Time

func (s seconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(s).UnixMilli())/1000, 'f', 3, 64), nil
}

func since(t time.Time) *seconds {
	if t.IsZero() {
		return nil
	}
	return (*seconds)(&t)
}

// tableDescription is what the operations on tables answer with.
type tableDescription struct {
	AttributeDefinitions       []attributeDefinition `json:",omitempty"`
	TableName                  string
	KeySchema                  []keySchemaElement `json:",omitempty"`
	TableStatus                string
	CreationDateTime           *seconds `json:",omitempty"`
	ProvisionedThroughput      throughputDescription
	TableSizeBytes             int64
	ItemCount                  int
	TableArn                   string
	TableId                    string
	BillingModeSummary         *billingModeSummary        `json:",omitempty"`
	LocalSecondaryIndexes      []indexDescription         `json:",omitempty"`
	GlobalSecondaryIndexes     []indexDescription         `json:",omitempty"`
	StreamSpecification        *streamSpecification       `json:",omitempty"`
	LatestStreamLabel          string                     `json:",omitempty"`
	LatestStreamArn            string                     `json:",omitempty"`
	SSEDescription             *sseDescription            `json:",omitempty"`
	TableClassSummary          *tableClassSummary         `json:",omitempty"`
	OnDemandThroughput         *onDemandThroughput        `json:",omitempty"`
	TableThroughputModeSummary *throughputModeSummary     `json:",omitempty"`
	WarmThroughput             *warmThroughputDescription `json:",omitempty"`
	DeletionProtectionEnabled  bool
}

type throughputDescription struct {
	LastIncreaseDateTime   *seconds `json:",omitempty"`
	LastDecreaseDateTime   *seconds `json:",omitempty"`
	NumberOfDecreasesToday int64
	ReadCapacityUnits      int64
	WriteCapacityUnits     int64
}

type billingModeSummary struct {
	BillingMode                       string
	LastUpdateToPayPerRequestDateTime *seconds `json:",omitempty"`
}

type throughputModeSummary struct {
	TableThroughputMode               string
	LastUpdateToPayPerRequestDateTime *seconds `json:",omitempty"`
}

type sseDescription struct {
	Status          string
	SSEType         string
	KMSMasterKeyArn string `json:",omitempty"`
}

type warmThroughputDescription struct {
	ReadUnitsPerSecond, WriteUnitsPerSecond int64
	Status                                  string
}

// The warm throughput of a table on demand whose request does not say otherwise.
const (
	warmReads  = 12_000
	warmWrites = 4_000
)

// describe gives nil for a table that was never given one.
func (w *warmThroughput) describe() *warmThroughputDescription {
	if w == nil {
		return nil
	}
	d := &warmThroughputDescription{warmReads, warmWrites, active}
	if w.ReadUnitsPerSecond != nil {
		d.ReadUnitsPerSecond = *w.ReadUnitsPerSecond
	}
	if w.WriteUnitsPerSecond != nil {
		d.WriteUnitsPerSecond = *w.WriteUnitsPerSecond
	}
	return d
}

type tableClassSummary struct{ TableClass string }

type indexDescription struct {
	IndexName             string
	KeySchema             []keySchemaElement
	Projection            projection
	IndexStatus           string                     `json:",omitempty"`
	Backfilling           *bool                      `json:",omitempty"`
	ProvisionedThroughput *throughputDescription     `json:",omitempty"`
	OnDemandThroughput    *onDemandThroughput        `json:",omitempty"`
	WarmThroughput        *warmThroughputDescription `json:",omitempty"`
	IndexSizeBytes        int64
	ItemCount             int
	IndexArn              string
}

func (t throughput) describe() throughputDescription {
	var d throughputDescription
	if t.ReadCapacityUnits != nil {
		d.ReadCapacityUnits, d.WriteCapacityUnits = *t.ReadCapacityUnits, *t.WriteCapacityUnits
	}
	return d
}

// describe tells what DescribeTable tells, with a status that the caller chose.
// t.mu must be held.
func (t *table) describe(status string, now time.Time) *tableDescription {
	s := &t.settings
	d := &tableDescription{
		AttributeDefinitions:      s.definitions,
		TableName:                 t.name,
		KeySchema:                 s.keySchema,
		TableStatus:               status,
		CreationDateTime:          since(t.created),
		ProvisionedThroughput:     s.throughput.describe(),
		TableSizeBytes:            t.bytes,
		ItemCount:                 t.items.len(),
		TableArn:                  t.arn,
		TableId:                   t.id,
		StreamSpecification:       s.stream,
		OnDemandThroughput:        s.maxOnDemand,
		DeletionProtectionEnabled: s.protected,
		WarmThroughput:            s.warm.describe(),
	}
	d.ProvisionedThroughput.LastIncreaseDateTime = since(s.throughputRaised)
	d.ProvisionedThroughput.LastDecreaseDateTime = since(s.throughputCut)
	d.ProvisionedThroughput.NumberOfDecreasesToday = s.cuts
	if s.onDemand {
		d.BillingModeSummary = &billingModeSummary{"PAY_PER_REQUEST", since(s.onDemandSince)}
		d.TableThroughputModeSummary = &throughputModeSummary{"PAY_PER_REQUEST", since(s.onDemandSince)}
	} else if !s.onDemandSince.IsZero() {
		d.BillingModeSummary = &billingModeSummary{"PROVISIONED", since(s.onDemandSince)}
		d.TableThroughputModeSummary = &throughputModeSummary{"PROVISIONED", since(s.onDemandSince)}
	}
	if s.streamLabel != "" {
		d.LatestStreamLabel, d.LatestStreamArn = s.streamLabel, t.arn+"/stream/"+s.streamLabel
	}
	if s.sse != nil && s.sse.Enabled != nil && *s.sse.Enabled {
		d.SSEDescription = &sseDescription{Status: "ENABLED", SSEType: "KMS", KMSMasterKeyArn: deref(s.sse.KMSMasterKeyId)}
	}
	if s.class != "" {
		d.TableClassSummary = &tableClassSummary{s.class}
	}
	for _, ix := range t.indexes() {
		if ix.local {
			d.LocalSecondaryIndexes = append(d.LocalSecondaryIndexes, t.describeIndex(ix, status, now))
		} else {
			d.GlobalSecondaryIndexes = append(d.GlobalSecondaryIndexes, t.describeIndex(ix, status, now))
		}
	}
	return d
}

func (t *table) describeIndex(ix *index, status string, now time.Time) indexDescription {
	d := indexDescription{
		IndexName:      ix.name,
		KeySchema:      t.settings.indexKeys[ix.name],
		Projection:     projection{&ix.projection, ix.nonKey},
		IndexSizeBytes: ix.bytes,
		ItemCount:      ix.items.len(),
		IndexArn:       t.arn + "/index/" + ix.name,
	}
	if !ix.local {
		d.ProvisionedThroughput = new(ix.throughput.describe())
		d.OnDemandThroughput, d.WarmThroughput = ix.onDemand, ix.warm.describe()
		d.IndexStatus = active
		switch {
		case now.Before(ix.readyAt):
			d.IndexStatus, d.Backfilling = creating, new(true)
		case status == creating:
			d.IndexStatus = creating
		}
	}
	return d
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// marshal renders the answers that are not worth a renderer of their own.
func marshal(v any) ([]byte, error) { return json.Marshal(v) }
