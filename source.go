package entable

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/entable/entable/internal/wire"
)

// Decode makes a value of its registered type of a stored item, as the SDK holds it. An item that has only
// its keys gives the entity with its key fields set. Hooks do not run. The error is an
// [*UnknownEntityError] or a [*DecodeError].
func (t *Table) Decode(item map[string]types.AttributeValue) (any, error) {
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return nil, &DecodeError{Entity: t.name, Key: t.keyText(item), Err: err}
	}
	return t.decodeRaw(raw)
}

// decodeRaw decodes the DynamoDB JSON of one item.
func (t *Table) decodeRaw(raw []byte) (any, error) {
	r := wire.NewReader(raw)
	l := t.decode(r, nil, nil)
	if l.err != nil {
		return nil, l.err
	}
	if err := r.End(); err != nil {
		return nil, &DecodeError{Entity: t.name, Err: err}
	}
	return l.value, nil
}

// ChangeKind says what happened to an item.
type ChangeKind string

// The kinds of changes, as the service names them.
const (
	Inserted ChangeKind = "INSERT"
	Modified ChangeKind = "MODIFY"
	Removed  ChangeKind = "REMOVE"
)

// ChangeRecord is one change of an item, from a stream.
type ChangeRecord struct {
	// ID is unique for the record; the service may deliver a record more than once.
	ID   string
	Kind ChangeKind
	// SequenceNumber orders the records of one item.
	SequenceNumber string
	// At is when the change was made, in whole seconds.
	At time.Time
	// Key is the entity with its key fields set, as a pointer to its registered type. It is nil, and Old
	// and New are too, for the records of the items that guard `unique` fields: pass over them.
	Key any
	// Old and New are the item before and after the change, or nil: for a kind of change that has none,
	// or when the stream does not carry them.
	Old, New any
	// Expired is set when the service removed the item because its time to live had passed.
	Expired bool
}

// DecodeStream decodes a record of the SDK's DynamoDB Streams client.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
func (t *Table) DecodeStream(record streams.Record) (*ChangeRecord, error) {
	if record.Dynamodb == nil {
		return nil, usagef("table %q: the stream record has no change", t.name)
	}
	raw := lambdaRecord{EventName: string(record.EventName)}
	if record.EventID != nil {
		raw.EventID = *record.EventID
	}
	if id := record.UserIdentity; id != nil && id.PrincipalId != nil && id.Type != nil {
		raw.UserIdentity.PrincipalID, raw.UserIdentity.Type = *id.PrincipalId, *id.Type
	}
	d := record.Dynamodb
	if d.SequenceNumber != nil {
		raw.Dynamodb.SequenceNumber = *d.SequenceNumber
	}
	for _, image := range []struct {
		to   *json.RawMessage
		from map[string]streams.AttributeValue
	}{{&raw.Dynamodb.Keys, d.Keys}, {&raw.Dynamodb.OldImage, d.OldImage}, {&raw.Dynamodb.NewImage, d.NewImage}} {
		if len(image.from) == 0 {
			continue
		}
		item, err := attributevalue.FromDynamoDBStreamsMap(image.from)
		if err == nil {
			*image.to, err = wire.AppendItem(nil, item)
		}
		if err != nil {
			return nil, &DecodeError{Entity: t.name, Err: err}
		}
	}
	change, err := t.change(&raw)
	if err == nil && d.ApproximateCreationDateTime != nil {
		change.At = *d.ApproximateCreationDateTime
	}
	return change, err
}

// lambdaRecord is a stream record in the JSON that Lambda functions get.
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
type lambdaRecord struct {
	EventID   string `json:"eventID"`
	EventName string `json:"eventName"`
	Dynamodb  struct {
		At             float64         `json:"ApproximateCreationDateTime"`
		Keys           json.RawMessage `json:"Keys"`
		NewImage       json.RawMessage `json:"NewImage"`
		OldImage       json.RawMessage `json:"OldImage"`
		SequenceNumber string          `json:"SequenceNumber"`
	} `json:"dynamodb"`
	UserIdentity struct {
		Type        string `json:"type"`
		PrincipalID string `json:"principalId"`
	} `json:"userIdentity"`
}

// DecodeLambda decodes the JSON of the event with which Lambda calls a function for a stream, in its
// order. It stops at the first record that cannot be decoded; the error says which.
func (t *Table) DecodeLambda(event []byte) ([]*ChangeRecord, error) {
	var e struct{ Records []lambdaRecord }
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, &DecodeError{Entity: t.name, Err: fmt.Errorf("cannot read the event: %w", err)}
	}
	out := make([]*ChangeRecord, len(e.Records))
	for i := range e.Records {
		change, err := t.change(&e.Records[i])
		if err != nil {
			return out[:i], fmt.Errorf("record %d (%s): %w", i, e.Records[i].EventID, err)
		}
		out[i] = change
	}
	return out, nil
}

func (t *Table) change(r *lambdaRecord) (*ChangeRecord, error) {
	c := &ChangeRecord{
		ID: r.EventID, Kind: ChangeKind(r.EventName), SequenceNumber: r.Dynamodb.SequenceNumber,
		Expired: r.UserIdentity.Type == "Service" && r.UserIdentity.PrincipalID == "dynamodb.amazonaws.com",
	}
	if r.Dynamodb.At > 0 {
		c.At = time.Unix(int64(r.Dynamodb.At), 0).UTC()
	}
	for _, image := range []struct {
		to   *any
		from json.RawMessage
	}{{&c.Old, r.Dynamodb.OldImage}, {&c.New, r.Dynamodb.NewImage}} {
		if len(image.from) == 0 {
			continue
		}
		v, err := t.decodeRaw(image.from)
		if ofLibrary(err) {
			return c, nil
		}
		if err != nil {
			return nil, err
		}
		*image.to = v
	}
	// The keys alone have no type: without prefixes only an image tells it.
	for _, v := range []any{c.New, c.Old} {
		if c.Key == nil && v != nil {
			c.Key = t.directory().keyOnly(v)
		}
	}
	switch {
	case c.Key != nil:
		return c, nil
	case len(r.Dynamodb.Keys) == 0:
		return nil, usagef("table %q: the stream record has no keys", t.name)
	}
	var err error
	if c.Key, err = t.decodeRaw(r.Dynamodb.Keys); err != nil && !ofLibrary(err) {
		return nil, err
	}
	return c, nil
}

// ofLibrary reports whether an item could not be decoded because it is the library's own: a sentinel.
func ofLibrary(err error) bool {
	u, ok := err.(*UnknownEntityError)
	return ok && u.Type == sentinelPrefix
}

// maxExportLine bounds a line of an export: an item of 400 KB, whose JSON escapes and type tags can make
// it several times as long.
const maxExportLine = 8 << 20

// DecodeExport ranges over the items of an export to S3 in DynamoDB JSON: the data files' lines, plain or
// as the service compresses them. Lines of incremental exports give the new image, and nothing for a
// removed item; the items that guard `unique` fields are left out. An item that cannot be decoded gives its error, and the range goes on with the next; an
// error of reading or of the form of a line ends it.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
func (t *Table) DecodeExport(r io.Reader) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		in := bufio.NewReader(r)
		if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
			z, err := gzip.NewReader(in)
			if err != nil {
				yield(nil, &DecodeError{Entity: t.name, Err: fmt.Errorf("cannot read the export: %w", err)})
				return
			}
			defer z.Close()
			in = bufio.NewReader(z)
		}
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, maxExportLine)
		for n := 1; lines.Scan(); n++ {
			item, err := exportedItem(lines.Bytes())
			if err != nil && !lines.Scan() && lines.Err() != nil {
				break // the line was cut off
			}
			if err != nil {
				yield(nil, &DecodeError{Entity: t.name, Err: fmt.Errorf("line %d of the export: %w", n, err)})
				return
			}
			if item == nil {
				continue
			}
			v, err := t.decodeRaw(item)
			if ofLibrary(err) {
				continue
			}
			if !yield(v, err) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(nil, &DecodeError{Entity: t.name, Err: fmt.Errorf("cannot read the export: %w", err)})
		}
	}
}

// exportedItem takes the item out of a line. It is a copy: strings of the decoded value point into it.
func exportedItem(line []byte) ([]byte, error) {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil, nil
	}
	var l struct {
		Item, NewImage, Keys json.RawMessage
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return nil, err
	}
	switch {
	case l.Item != nil:
		return l.Item, nil
	case l.NewImage != nil:
		return l.NewImage, nil
	case l.Keys != nil:
		return nil, nil
	}
	return nil, errors.New("it has no item")
}

// keyOnly is a copy of a registered value with only its key fields.
func (d *directory) keyOnly(v any) any {
	e := d.entityOfValue(v)
	if e == nil {
		return nil
	}
	ptr := e.newItem()
	for _, name := range e.keyAttrs {
		f := e.plan.Field(name)
		if from, ok := f.Value(e.pointer(v)); ok {
			f.Reach(ptr).Set(from)
		}
	}
	return e.at(ptr)
}
