package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/entable/entable"
)

// Lambda decodes the JSON with which a Lambda function is called for the changes of the table, in its order:
//
//   - the event of a stream of DynamoDB,
//     https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
//   - the event of a Kinesis data stream that the table writes to; the sequence numbers are those of Kinesis,
//     https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html
//   - an array of their records, as EventBridge Pipes gives it,
//   - a record alone, as the data of a Kinesis record holds it.
//
// A record that cannot be decoded is a [*RecordError] in its place, and the range goes on with the next. JSON of
// any other form is one [*entable.DecodeError]. The bytes must stay as they are until the range has ended.
func Lambda(table *entable.Table, event []byte, opts ...Option) iter.Seq2[*Record, error] {
	return newDecoder(table, opts).lambda(event)
}

func (d *decoder) lambda(event []byte) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		list, err := split(event)
		if err != nil {
			yield(nil, d.error(fmt.Errorf("cannot read the event: %w", err)))
			return
		}
		d.records(len(list), func(i int) (change, error) { return fromJSON(list[i]) })(yield)
	}
}

// split lists the records of an event.
func split(event []byte) (list []json.RawMessage, err error) {
	if bytes.HasPrefix(bytes.TrimSpace(event), []byte("[")) {
		err = json.Unmarshal(event, &list)
		return list, err
	}
	var e struct {
		Records  []json.RawMessage
		Dynamodb json.RawMessage `json:"dynamodb"`
		Kinesis  json.RawMessage `json:"kinesis"`
	}
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	switch {
	case e.Records != nil:
		return e.Records, nil
	case e.Dynamodb != nil, e.Kinesis != nil:
		return []json.RawMessage{event}, nil
	}
	return nil, errors.New("it has no Records, and is neither an array of records nor one record")
}

// event is a record in JSON. That of a Kinesis data stream has another one in its data.
type event struct {
	ID       string `json:"eventID"`
	Name     string `json:"eventName"`
	Source   string `json:"eventSource"`
	Format   string `json:"recordFormat"` // only from Kinesis
	Dynamodb *struct {
		At             json.Number `json:"ApproximateCreationDateTime"`
		Precision      string      `json:"ApproximateCreationDateTimePrecision"`
		Keys           json.RawMessage
		OldImage       json.RawMessage
		NewImage       json.RawMessage
		SequenceNumber string
	} `json:"dynamodb"`
	Identity struct {
		Type        string `json:"type"`
		PrincipalID string `json:"principalId"`
	} `json:"userIdentity"`
	Kinesis *struct {
		Data           []byte `json:"data"`
		SequenceNumber string `json:"sequenceNumber"`
	} `json:"kinesis"`
}

func fromJSON(raw []byte) (c change, err error) {
	var e event
	err = json.Unmarshal(raw, &e)
	c.ID = e.ID
	if e.Kinesis != nil {
		c.SequenceNumber = e.Kinesis.SequenceNumber
	} else if e.Dynamodb != nil {
		c.SequenceNumber = e.Dynamodb.SequenceNumber
	}
	if err != nil {
		return c, err
	}
	if e.Kinesis != nil {
		data := e.Kinesis.Data
		e = event{Format: "application/json"}
		if err := json.Unmarshal(data, &e); err != nil {
			return c, fmt.Errorf("cannot read the data of the Kinesis record: %w", err)
		}
		c.ID = e.ID
	}
	switch {
	case e.Source != "" && e.Source != "aws:dynamodb":
		return c, fmt.Errorf("it is a record of %q, want aws:dynamodb", e.Source)
	case e.Dynamodb == nil:
		return c, errors.New("the record has no change")
	}
	if c.Kind, err = kindOf(e.Name); err != nil {
		return c, err
	}
	c.Expired = expired(e.Identity.Type, e.Identity.PrincipalID)
	d := e.Dynamodb
	c.keys, c.old, c.new = text{d.Keys}, text{d.OldImage}, text{d.NewImage}
	c.At, err = e.at()
	return c, err
}

// at returns when the change was made: in seconds from DynamoDB; from Kinesis as it says itself, and in milliseconds
// where it does not, as before it could be chosen.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_EnableKinesisStreamingConfiguration.html
func (e *event) at() (time.Time, error) {
	unit := time.Second
	switch p := e.Dynamodb.Precision; {
	case p == "MILLISECOND", p == "" && e.Format != "":
		unit = time.Millisecond
	case p == "MICROSECOND":
		unit = time.Microsecond
	case p != "":
		return time.Time{}, fmt.Errorf("unknown ApproximateCreationDateTimePrecision %q, want MILLISECOND or MICROSECOND", p)
	}
	at, err := moment(e.Dynamodb.At, unit)
	if err != nil {
		err = fmt.Errorf("ApproximateCreationDateTime %s: %w", e.Dynamodb.At, err)
	}
	return at, err
}

// moment returns the time so many units after 1970; there is none without a number.
func moment(n json.Number, unit time.Duration) (time.Time, error) {
	if n == "" {
		return time.Time{}, nil
	}
	f, err := n.Float64()
	if err != nil {
		return time.Time{}, err
	}
	// Up to here, in the year 2255, a float64 holds every microsecond.
	const most = 1 << 53
	us := math.Round(f * float64(unit/time.Microsecond))
	if us < 0 || us > most {
		return time.Time{}, errors.New("no time between 1970 and 2255")
	}
	return time.UnixMicro(int64(us)).UTC(), nil
}
