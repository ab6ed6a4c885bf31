package twin_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/memory"
)

// What may become of an attempt.
const (
	fine = iota
	dropBefore
	dropAfter
	throttle
	conflict
	internal  // not carried out
	internal2 // carried out
	cut
	cancelBefore
	cancelAfter
	unprocessed
	faults
)

var faultNames = []string{"fine", "dropBefore", "dropAfter", "throttle", "conflict", "internal", "internal after", "cut", "cancelBefore", "cancelAfter", "unprocessed"}

// loses tells the faults after which nobody knows whether the attempt was carried out.
func loses(fault int) bool {
	switch fault {
	case dropBefore, dropAfter, internal, internal2, cut, cancelBefore, cancelAfter:
		return true
	}
	return false
}

// line is an HTTP client that does one request at a time and follows a plan.
type line struct {
	next dynamodb.HTTPClient
	kind atomic.Int32 // of the request that is under way

	mu      sync.Mutex
	n       int
	plan    map[int]int    // by the number of the attempt
	between map[int]func() // what another program does before it
	cancel  context.CancelFunc
	hit     []int
	came    int // how many of the functions were called
}

func (l *line) faults() (out []memory.Fault) {
	for kind, f := range map[int]memory.Fault{
		throttle: memory.Throttle(), conflict: memory.Conflict(), internal: memory.InternalError(), unprocessed: memory.Unprocessed(1),
	} {
		out = append(out, f.When(func(memory.Request) bool { return int(l.kind.Load()) == kind }))
	}
	return out
}

func (l *line) Do(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.n
	l.n++
	if f := l.between[at]; f != nil {
		l.came++
		f()
	}
	kind := l.plan[at]
	if kind != fine {
		l.hit = append(l.hit, kind)
	}
	switch kind {
	case dropBefore:
		return nil, io.ErrUnexpectedEOF
	case cancelBefore:
		l.cancel()
		return nil, r.Context().Err()
	}
	l.kind.Store(int32(kind))
	response, err := l.next.Do(r)
	l.kind.Store(fine)
	if err != nil {
		return nil, err
	}
	switch kind {
	case dropAfter:
		return nil, io.ErrUnexpectedEOF
	case cancelAfter:
		l.cancel()
		return nil, r.Context().Err()
	case internal2:
		return &http.Response{StatusCode: http.StatusInternalServerError, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Request: r,
			Body: io.NopCloser(bytes.NewReader([]byte(`{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"oh"}`)))}, nil
	case cut:
		body, _ := io.ReadAll(response.Body)
		response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), broken{}))
	}
	return response, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
