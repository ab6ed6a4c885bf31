package enginetest

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Spy is an HTTP client that notes requests, and can answer them itself.
type Spy struct {
	next dynamodb.HTTPClient

	mu     sync.Mutex // guards what follows
	ops    []string   // the operation of each attempt, such as "PutItem"
	body   string     // of the last
	status int        // of the answer to all that follow; 0 lets them through
	answer string
	before []func(op, body string) (answer string)
}

// NoJSON is the code of a refusal by something before the service.
const NoJSON = "<html>"

// Do notes a request, and answers it or sends it on.
func (s *Spy) Do(r *http.Request) (*http.Response, error) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	text := string(body)
	r.Body = io.NopCloser(strings.NewReader(text))
	s.mu.Lock()
	s.ops, s.body = append(s.ops, op), text
	status, answer, before := s.status, s.answer, s.before
	s.mu.Unlock()
	if status != 0 {
		return answered(r, status, answer), nil
	}
	for _, f := range slices.Backward(before) {
		switch answer := f(op, text); {
		case strings.HasPrefix(answer, `{"__type"`):
			return answered(r, http.StatusBadRequest, answer), nil
		case answer != "":
			return answered(r, http.StatusOK, answer), nil
		}
	}
	return s.next.Do(r)
}

func answered(r *http.Request, status int, body string) *http.Response {
	header := http.Header{}
	if body != NoJSON {
		header.Set("Content-Type", "application/x-amz-json-1.0")
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

// Error returns the body of an error of the service, which may have more members, each after a comma.
func Error(code, more string) string {
	return `{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"refused"` + more + `}`
}

// Sent counts the attempts of an operation since [Spy.Reset], or all with "".
func (s *Spy) Sent(op string) (n int) {
	for _, sent := range s.Ops() {
		if op == "" || sent == op {
			n++
		}
	}
	return n
}

// Ops returns the operation of each attempt since [Spy.Reset], such as "PutItem".
func (s *Spy) Ops() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ops)
}

// LastBody returns the body of the last request.
func (s *Spy) LastBody() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.body
}

// Reset forgets requests, and lets the next through.
func (s *Spy) Reset() { s.reset(0, "") }

// Refuse forgets requests, and answers the next with an error of the service.
func (s *Spy) Refuse(status int, code string) {
	if code == NoJSON {
		s.reset(status, NoJSON)
	} else {
		s.reset(status, Error(code, ""))
	}
}

func (s *Spy) reset(status int, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ops, s.body, s.status, s.answer = nil, "", status, answer
}

// Before calls f ahead of each request that goes on, at the same time where requests are. An answer that is not "" takes the place of
// the service's, as an error where it has a type; then functions that were set earlier are not called.
func (s *Spy) Before(f func(op, body string) (answer string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = append(s.before, f)
}
