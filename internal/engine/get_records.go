package engine

import (
	"fmt"
	"strconv"
)

// GetRecords
//
// Behaviour:
//   - Gives the records from an iterator on, at most 1,000 or Limit of them, and no more than
//     fill a megabyte, and the iterator behind them. There is none behind the last record of a
//     closed shard: its children go on.
//   - An iterator is refused when it is older than 15 minutes, and when its record has been
//     trimmed meanwhile.
//   - A record has the keys, and the images of the stream's view type. Its size is that of what
//     it has. Its time is in whole seconds.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html

type getRecordsInput struct {
	ShardIterator *string `is:"required len=1:2048"`
	Limit         *int32  `is:"range=1:"`
}

const (
	maxRecords     = 1000
	maxRecordBytes = 1 << 20
)

func (ac *Account) getRecords(in *getRecordsInput) ([]byte, error) {
	limit := maxRecords
	if in.Limit != nil {
		if limit = int(*in.Limit); limit > maxRecords {
			return nil, badValue("Limit should be less than or equal to 1000")
		}
	}
	it, ok := parseIterator(*in.ShardIterator)
	if !ok {
		return nil, validation("Invalid ShardIterator")
	}
	s, err := ac.stream(it.stream)
	if err != nil {
		return nil, err
	}
	records, next, err := s.read(it, limit)
	if err != nil {
		return nil, err
	}
	o := newObject(1 << 10)
	o.member("Records")
	o.b = append(o.b, '[')
	for i := range records {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		record := s.publish(&records[i])
		o.b = record.appendJSON(o.b)
	}
	o.b = append(o.b, ']')
	if next != nil {
		o.member("NextShardIterator")
		o.b = appendString(o.b, next.String())
	}
	return o.close(), nil
}

// read gives the records from an iterator on, and the iterator behind them: nil at the end of a closed shard. They are
// published when writers may go on: records never change.
func (s *stream) read(it iterator, limit int) (records []streamRecord, next *iterator, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.settle(now)
	if age := now.Sub(it.at); age > iteratorLife {
		return nil, nil, clientError("ExpiredIteratorException", fmt.Sprintf("Iterator expired. The iterator was created %s ago, "+
			"which is more than the tolerated %s.", age, iteratorLife))
	}
	sh, err := s.shard(it.shard)
	if err != nil {
		return nil, nil, err
	}
	if it.number <= sh.trimmed {
		return nil, nil, trimmedData()
	}
	it.at = now
	size := 0
	for r := range sh.from(it.number) {
		if len(records) == limit || size >= maxRecordBytes {
			return records, &it, nil
		}
		records = append(records, *r)
		size += sizeOf(r.old) + sizeOf(r.rec)
		it.number = r.number + 1
	}
	if sh.last != 0 {
		return records, nil, nil
	}
	return records, &it, nil
}

func (r *StreamRecord) appendJSON(dst []byte) []byte {
	o := &object{append(dst, '{')}
	text := func(name, value string) {
		o.member(name)
		o.b = appendString(o.b, value)
	}
	text("eventID", r.ID)
	text("eventName", r.EventName)
	text("eventVersion", "1.1")
	text("eventSource", "aws:dynamodb")
	text("awsRegion", r.Region)
	if r.ByService {
		o.member("userIdentity")
		o.b = append(o.b, `{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}`...)
	}
	o.member("dynamodb")
	o.b = append(o.b, '{')
	o.member("ApproximateCreationDateTime")
	o.b = strconv.AppendInt(o.b, r.Created.Unix(), 10)
	o.member("Keys")
	o.b = r.Keys.AppendJSON(o.b)
	if !r.New.IsEmpty() {
		o.member("NewImage")
		o.b = r.New.AppendJSON(o.b)
	}
	if !r.Old.IsEmpty() {
		o.member("OldImage")
		o.b = r.Old.AppendJSON(o.b)
	}
	text("SequenceNumber", r.SequenceNumber)
	o.int("SizeBytes", r.Size)
	text("StreamViewType", r.View)
	o.b = append(o.b, '}')
	return o.close()
}
