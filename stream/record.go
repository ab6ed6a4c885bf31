package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// Kind says what happened to an item.
type Kind string

// The kinds of changes, as the service names them.
const (
	Insert Kind = "INSERT"
	Modify Kind = "MODIFY"
	Remove Kind = "REMOVE"
)

func kindOf(name string) (Kind, error) {
	switch k := Kind(name); k {
	case Insert, Modify, Remove:
		return k, nil
	}
	return "", fmt.Errorf("unknown kind of change %q, want %s, %s or %s", name, Insert, Modify, Remove)
}

// Record is one change of an item. Its values are pointers to registered types, or, where unknown types are
// wanted ([RawUnknown]), values of type [entable.RawItem].
type Record struct {
	// ID is unique for the change. The service may deliver a record more than once, under the same ID. It is
	// empty for a line of an export.
	ID string
	// Kind is empty where the source does not say it: see [Export].
	Kind Kind
	// SequenceNumber orders the records of one item, and is what Lambda takes as the identifier of a failed
	// record. It is empty for a line of an export.
	SequenceNumber string
	// At is when the change was made, in UTC: to the second in a stream of DynamoDB, to the millisecond or
	// microsecond in one of Kinesis and in an export. It is zero where the source does not say it.
	At time.Time
	// Key is the entity with the fields of its primary key set and no others, as operations by key take it.
	Key any
	// Old and New are the item before and after the change, or nil: for a kind of change that has none, or
	// when the stream does not carry them.
	Old, New any
	// Expired is set when the service removed the item because its time to live had passed.
	Expired bool
	// Moved is set for a record of the place that [entable.Moved] names. A [Remove] there is of an item that has moved to its entity's
	// own place, in one transaction with an [Insert] there, which has no Old, or was deleted: a consistent read by Key tells. The
	// service delivers the two in different shards, with nothing that they have in common, so they cannot be given as one change.
	Moved bool
}

func (r *Record) failed(index int, err error) *RecordError {
	return &RecordError{Index: index, ID: r.ID, SequenceNumber: r.SequenceNumber, Err: err}
}

// RecordError reports a record of an event or a stream that could not be decoded, or that a [Handler]'s function failed for.
type RecordError struct {
	// Index is the record's place in the event or slice, from 0.
	Index int
	// ID and SequenceNumber are the record's, as far as they could be read.
	ID, SequenceNumber string
	// Err is an [*entable.UnknownEntityError], with the whole item, an [*entable.DecodeError], or the function's.
	Err error
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("entable: record %d (sequence number %q): %s", e.Index, e.SequenceNumber, trim(e.Err))
}

func (e *RecordError) Unwrap() error { return e.Err }

// trim returns the text of err within one that names the module already.
func trim(err error) string { return strings.TrimPrefix(err.Error(), "entable: ") }

// Option says what becomes of items whose type is not registered on the table, such as those that a newer
// version of the program writes. Without one, each is an error in its place.
type Option func(*decoder)

// SkipUnknown goes past records of types that are not registered, and adds their number to *n, unless n is
// nil. A record of which one image is of a registered type is given, with the other one as an
// [entable.RawItem]. Where several shards are read at once, n is right when [Handler.Poll] has returned.
func SkipUnknown(n *int) Option {
	if n == nil {
		n = new(int)
	}
	var mu sync.Mutex
	count := func() {
		mu.Lock()
		defer mu.Unlock()
		*n++
	}
	return func(d *decoder) { d.raw, d.skip = false, count }
}

// RawUnknown gives items of types that are not registered as [entable.RawItem], their keys too.
func RawUnknown() Option {
	return func(d *decoder) { d.raw, d.skip = true, nil }
}

// decoder makes the records of a table.
type decoder struct {
	table *entable.Table
	raw   bool
	skip  func() // counts a record of an unknown type; nil: they are not skipped
	index int    // the place of the record that is given out
}

func newDecoder(table *entable.Table, opts []Option) *decoder {
	d := &decoder{table: table}
	for _, o := range opts {
		o(d)
	}
	return d
}

// change is a record whose items are not decoded yet.
type change struct {
	Record
	keys, old, new image
}

// image is an item of a change as its source holds it.
type image interface {
	missing() bool
	decode(*entable.Table) (any, error)
	key() map[string]types.AttributeValue // what a primary key can be made of, and perhaps more
}

type attributes map[string]types.AttributeValue

func (a attributes) missing() bool                        { return len(a) == 0 }
func (a attributes) decode(t *entable.Table) (any, error) { return t.Decode(a) }

func (a attributes) key() map[string]types.AttributeValue { return a }

// text is an item in DynamoDB JSON.
type text struct{ json.RawMessage }

// key reads what a primary key can be made of.
func (t text) key() map[string]types.AttributeValue {
	var values map[string]struct {
		S, N *string
		B    []byte
	}
	if json.Unmarshal(t.RawMessage, &values) != nil {
		return nil
	}
	key := map[string]types.AttributeValue{}
	for name, v := range values {
		switch {
		case v.S != nil:
			key[name] = &types.AttributeValueMemberS{Value: *v.S}
		case v.N != nil:
			key[name] = &types.AttributeValueMemberN{Value: *v.N}
		default:
			key[name] = &types.AttributeValueMemberB{Value: v.B}
		}
	}
	return key
}

// missing takes null and an empty object for no item: every item has a key.
func (t text) missing() bool {
	s := bytes.TrimSpace(t.RawMessage)
	if inner, ok := bytes.CutPrefix(s, []byte("{")); ok {
		return bytes.HasPrefix(bytes.TrimSpace(inner), []byte("}"))
	}
	return len(s) == 0 || string(s) == "null"
}

func (t text) decode(table *entable.Table) (any, error) { return table.DecodeJSON(t.RawMessage) }

// records ranges over n changes.
func (d *decoder) records(n int, at func(int) (change, error)) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		for i := range n {
			d.index = i
			c, err := at(i)
			var r *Record
			if err != nil {
				err = d.error(err)
			} else {
				r, err = d.record(&c)
			}
			if err != nil {
				err = &RecordError{Index: i, ID: c.ID, SequenceNumber: c.SequenceNumber, Err: err}
			}
			if (r != nil || err != nil) && !yield(r, err) {
				return
			}
		}
	}
}

// error returns that of a source that has not the expected form.
func (d *decoder) error(err error) error {
	return &entable.DecodeError{Entity: d.table.Name(), Err: err}
}

// record decodes a change. The result is nil for what is passed over: items of the library, and unknown ones
// where the caller wants it.
func (d *decoder) record(c *change) (*Record, error) {
	r := c.Record
	var typed any
	var source image // of what is typed
	var unknown *entable.UnknownEntityError
	for _, i := range []struct {
		to   *any
		from image
	}{{&r.New, c.new}, {&r.Old, c.old}, {&r.Key, c.keys}} {
		// The keys alone have no type in a table without prefixes: an image tells it.
		if i.from == nil || i.from.missing() || i.to == &r.Key && (typed != nil || unknown != nil) {
			continue
		}
		v, err := i.from.decode(d.table)
		u, _ := errors.AsType[*entable.UnknownEntityError](err)
		switch {
		case u != nil && u.Own, isCheckpoint(v):
			return nil, nil
		case u != nil:
			unknown, v = u, u.Item
		case err != nil:
			return nil, err
		case typed == nil:
			typed, source = v, i.from
		}
		*i.to = v
	}
	switch {
	case typed == nil && unknown == nil:
		return nil, d.error(errors.New("the record has no keys"))
	case unknown != nil && !d.raw && d.skip == nil:
		return nil, unknown
	case typed != nil:
		var err error
		if r.Key, err = d.table.KeyOf(typed); err != nil { // of a Go type that is registered several times: the key tells which it is
			r.Key, err = d.table.Decode(d.keyIn(source.key()))
		}
		if err == nil && c.keys != nil {
			r.Moved = d.table.Elsewhere(c.keys.key())
		}
		return &r, err
	case !d.raw:
		d.skip()
		return nil, nil
	}
	r.Key = d.keyIn(unknown.Item)
	return &r, nil
}

// keyIn returns the primary key of an item.
func (d *decoder) keyIn(item entable.RawItem) entable.RawItem {
	key := entable.RawItem{}
	for _, k := range d.table.CreateInput().KeySchema {
		name := aws.ToString(k.AttributeName)
		if v, ok := item[name]; ok {
			key[name] = v
		}
	}
	return key
}
