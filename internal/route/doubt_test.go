package route_test

import (
	"context"
	"crypto/tls"
	"errors"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
)

// attempts are what an HTTP client gives, one after the other: an error, or an answer with a status and a body.
type attempts []any

func (a *attempts) Do(*http.Request) (*http.Response, error) {
	next := (*a)[0]
	*a = (*a)[1:]
	if err, ok := next.(error); ok {
		return nil, err
	}
	status, body, _ := strings.Cut(next.(string), " ")
	code := map[string]int{"200": 200, "400": 400, "500": 500, "503": 503}[status]
	sum := strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(body))), 10)
	return &http.Response{StatusCode: code, Header: http.Header{"X-Amz-Crc32": {sum}}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// retries makes three attempts, whatever the error, and does not wait.
type retries struct{ *retry.Standard }

func (retries) IsErrorRetryable(error) bool                  { return true }
func (retries) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

// What may have happened in an attempt is unknown; what was refused, or never sent, has not happened.
func TestDoubt(t *testing.T) {
	const (
		ok         = "200 {}"
		throttle   = `400 {"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slower"}`
		throttle5  = `503 {"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slower"}`
		condition  = `400 {"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"no"}`
		serverSide = `500 {"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"oh"}`
		noJSON     = "503 <html>"
	)
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	read := &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	certificate := &tls.CertificateVerificationError{Err: errors.New("unknown authority")}
	for _, test := range []struct {
		name     string
		attempts attempts
		lost     bool
		says     string // is in the error
	}{
		{"done", attempts{ok}, false, ""},
		{"throttled, then done", attempts{throttle, throttle5, ok}, false, ""},
		{"never sent, then done", attempts{dial, certificate, ok}, false, ""},
		{"lost, then done", attempts{read, ok}, true, ""},
		{"cut, then done", attempts{io.ErrUnexpectedEOF, ok}, true, ""},
		{"half an answer, then done", attempts{`200 {`, ok}, true, ""},
		{"an error of the server, then done", attempts{serverSide, ok}, true, ""},
		{"something before the server, then done", attempts{noJSON, ok}, true, ""},
		{"throttled", attempts{throttle5, throttle5, throttle5}, false, "slower"},
		{"refused", attempts{condition, condition, condition}, false, "ConditionalCheckFailed"},
		{"never sent", attempts{dial, dial, dial}, false, "connection refused"},
		{"lost, then throttled", attempts{read, throttle, throttle}, true, "slower"},
	} {
		client := dynamodb.New(dynamodb.Options{Region: "x", HTTPClient: &test.attempts, Retryer: retries{retry.NewStandard()}, Credentials: aws.AnonymousCredentials{}})
		var d route.Doubt
		c := d.Watch(route.New(client))
		err := c.Delete(context.Background(), &dynamodb.DeleteItemInput{TableName: aws.String("table"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}}})
		if (err != nil) != (test.says != "") || err != nil && !strings.Contains(err.Error(), test.says) || len(test.attempts) > 0 {
			t.Errorf("%s: %v", test.name, err)
		}
		if d.Lost() != test.lost || d.Of(err, func(error) bool { panic("the attempts were seen") }) != test.lost {
			t.Errorf("%s: lost %t, want %t", test.name, d.Lost(), test.lost)
		}
	}
}
