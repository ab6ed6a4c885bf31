package wire_test

import (
	"bytes"
	"context"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// reply is one answer of a fake service. The zero values are the ordinary case: status 200, a right checksum and length.
type reply struct {
	status  int
	body    string
	length  int64 // 0: that of the body
	crc     string
	header  http.Header
	readErr error // after the body
}

// service answers requests in order, the last reply again and again, and keeps their bodies.
type service struct {
	mu       sync.Mutex
	replies  []reply
	requests []string
	headers  []http.Header
}

func (s *service) Do(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, string(body))
	s.headers = append(s.headers, req.Header)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	r := s.replies[min(len(s.requests), len(s.replies))-1]
	header := http.Header{}
	maps.Copy(header, r.header)
	if r.crc == "" {
		r.crc = strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(r.body))), 10)
	}
	if r.crc != "none" {
		header.Set("X-Amz-Crc32", r.crc)
	}
	if r.length == 0 {
		r.length = int64(len(r.body))
	}
	if r.status == 0 {
		r.status = 200
	}
	var from io.Reader = bytes.NewReader([]byte(r.body))
	if r.readErr != nil {
		from = io.MultiReader(from, failing{r.readErr})
	}
	return &http.Response{
		StatusCode: r.status, ProtoMajor: 1, ProtoMinor: 1, Header: header, ContentLength: r.length,
		Body: &closable{Reader: from}, Request: req,
	}, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// closable refuses to be read after it was closed, as net/http's bodies do.
type closable struct {
	io.Reader
	closed bool
}

func (c *closable) Read(b []byte) (int, error) {
	if c.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	return c.Reader.Read(b)
}

func (c *closable) Close() error {
	c.closed = true
	return nil
}

func newClient(t testing.TB, replies []reply, optFns ...func(*dynamodb.Options)) (*dynamodb.Client, *service) {
	t.Helper()
	s := &service{replies: replies}
	c := dynamodb.New(dynamodb.Options{
		Region:      "eu-central-1",
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient:  s,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 3
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	}, optFns...)
	if wire.Inspect(c) == nil {
		t.Fatal("the client cannot take the fast route")
	}
	return c, s
}

// collector keeps what a sink gets.
type collector struct {
	resets int
	items  []collected
	err    error
}

type collected struct {
	table string
	index int
	item  map[string]types.AttributeValue
}

func (c *collector) Reset() {
	c.resets++
	c.items = nil
}

func (c *collector) Item(table string, index int, r *wire.Reader) error {
	if c.err != nil {
		return c.err
	}
	item, err := r.Skip()
	if err != nil {
		return err
	}
	m, err := wire.ReadItem(item)
	if err != nil {
		return err
	}
	c.items = append(c.items, collected{table, index, m})
	return nil
}

func query(ctx context.Context, c *dynamodb.Client, optFns ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return c.Query(ctx, &dynamodb.QueryInput{TableName: aws.String("t")}, optFns...)
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
