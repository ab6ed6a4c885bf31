package stream

import (
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// since is when a consumer that began with PollOptions.Latest began: the zero time for one that did not. A shard that has no position yet
// is read from its oldest record on when the poll goes on, and what is older is passed over: there is no position at the end of a
// shard in which nothing has come. It is the service's time, to the second, as that of records is. It is safe for concurrent use.
type since struct {
	mu     sync.Mutex // guards what follows
	at     time.Time
	begins bool // with the next answer
}

func (s *since) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// begin takes the time of the first answer, before there is a request for records.
func (s *since) begin(out *dynamodbstreams.DescribeStreamOutput) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begins {
		return
	}
	at, ok := middleware.GetServerTime(out.ResultMetadata)
	if !ok {
		at = time.Now()
	}
	s.at, s.begins = at.UTC().Truncate(time.Second), false
}

// resume takes the time that is in the positions, if the consumer does not begin now.
func (s *since) resume(at map[string]Position, begins bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begins = begins
	for _, p := range at {
		if p.Since.After(s.at) {
			s.at = p.Since
		}
	}
}

// has reports whether a record was written since, and is not old. One that came behind the end of a shard was, whatever the clocks say.
func (s *since) has(r types.Record, old bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at.IsZero() || r.Dynamodb == nil || r.Dynamodb.ApproximateCreationDateTime == nil {
		return true
	}
	at := r.Dynamodb.ApproximateCreationDateTime.UTC().Truncate(time.Second)
	if !at.Before(s.at) {
		return true
	}
	if !old {
		s.at = at
	}
	return !old
}
