package engine

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// GetShardIterator
//
// Behaviour:
//   - An iterator is a place in a shard: TRIM_HORIZON its oldest record, LATEST behind its newest
//     one, AT_SEQUENCE_NUMBER and AFTER_SEQUENCE_NUMBER a record, which has to be the shard's.
//     A record that was trimmed is a TrimmedDataAccessException.
//   - An iterator can be used for 15 minutes, as often as one likes.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html

type getShardIteratorInput struct {
	StreamArn         *string `is:"required len=37:1024"`
	ShardId           *string `is:"required len=28:65"`
	ShardIteratorType *string `is:"required enum=TRIM_HORIZON|LATEST|AT_SEQUENCE_NUMBER|AFTER_SEQUENCE_NUMBER"`
	SequenceNumber    *string `is:"len=21:40"`
}

const iteratorLife = 15 * time.Minute

// An iterator is the next record of a shard, and when that was noted.
type iterator struct {
	stream, shard string
	number        uint64
	at            time.Time
}

func (it iterator) String() string {
	place := it.shard + "|" + strconv.FormatUint(it.number, 10) + "|" + strconv.FormatInt(it.at.UnixMilli(), 10)
	return it.stream + "|1|" + base64.StdEncoding.EncodeToString([]byte(place))
}

func parseIterator(text string) (iterator, bool) {
	parts := strings.Split(text, "|")
	if len(parts) != 3 || parts[1] != "1" {
		return iterator{}, false
	}
	place, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return iterator{}, false
	}
	fields := strings.Split(string(place), "|")
	if len(fields) != 3 {
		return iterator{}, false
	}
	number, err1 := strconv.ParseUint(fields[1], 10, 64)
	at, err2 := strconv.ParseInt(fields[2], 10, 64)
	return iterator{parts[0], fields[0], number, time.UnixMilli(at)}, err1 == nil && err2 == nil
}

func (ac *Account) getShardIterator(in *getShardIteratorInput) ([]byte, error) {
	kind := *in.ShardIteratorType
	bySequence := kind == "AT_SEQUENCE_NUMBER" || kind == "AFTER_SEQUENCE_NUMBER"
	switch {
	case bySequence && in.SequenceNumber == nil:
		return nil, badValue("Invalid SequenceNumber")
	case !bySequence && in.SequenceNumber != nil:
		return nil, badValue("SequenceNumber should not be passed for this iterator type")
	}
	s, err := ac.stream(*in.StreamArn)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.settle(now)
	sh, err := s.shard(*in.ShardId)
	if err != nil {
		return nil, err
	}
	it := iterator{s.arn, sh.id, sh.first, now}
	switch kind {
	case "TRIM_HORIZON":
		it.number = max(sh.first, sh.trimmed+1)
	case "LATEST":
		it.number = s.next
	default:
		if it.number, err = sh.find(*in.SequenceNumber, s.next); err != nil {
			return nil, err
		}
		if kind == "AFTER_SEQUENCE_NUMBER" {
			it.number++
		}
	}
	return marshal(struct{ ShardIterator string }{it.String()})
}

func (s *stream) shard(id string) (*shard, error) {
	i := slices.IndexFunc(s.shards, func(sh *shard) bool { return sh.id == id })
	if i < 0 {
		return nil, clientError("ResourceNotFoundException", "Requested resource not found: Shard: "+id+" in Stream: "+s.arn+" not found")
	}
	return s.shards[i], nil
}

// find gives the number of a record of the shard. next is that of the record after the stream's last.
func (sh *shard) find(sequence string, next uint64) (uint64, error) {
	number, ok := numberOf(sequence)
	if !ok || number < sh.first || number >= next || (sh.last != 0 && number > sh.last) {
		return 0, badValue("Invalid SequenceNumber")
	}
	if number <= sh.trimmed {
		return 0, trimmedData()
	}
	return number, nil
}

func trimmedData() error {
	return clientError("TrimmedDataAccessException", "The operation attempted to read past the oldest stream record in a shard.")
}
