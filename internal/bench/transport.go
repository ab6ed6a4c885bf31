package main

import (
	"bytes"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// canned is a transport that reads each request and answers all of them with the same body, in memory: what remains of
// a call is what the client's side spends on it.
type canned struct {
	body   []byte
	header http.Header
	sent   *bytes.Buffer // where not nil, the last request's body
}

func respond(body []byte) *canned {
	return &canned{body: body, header: http.Header{
		"Content-Type":     {"application/x-amz-json-1.0"},
		"Content-Length":   {strconv.Itoa(len(body))},
		"X-Amz-Crc32":      {strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10)},
		"X-Amzn-Requestid": {"4KLMN5OPQR6STUV7WXYZ8ABCDE9FGHIJ0KLMNOPQRSTUVWXYZAAA"},
	}}
}

func (c *canned) RoundTrip(req *http.Request) (*http.Response, error) {
	to := io.Discard
	if c.sent != nil {
		c.sent.Reset()
		to = c.sent
	}
	if _, err := io.Copy(to, req.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: c.header.Clone(), ContentLength: int64(len(c.body)), Body: io.NopCloser(bytes.NewReader(c.body)),
		Request: req,
	}, nil
}

func (c *canned) client() *dynamodb.Client { return clientOver(c) }

// clientOver returns a real client in all but its transport.
func clientOver(transport http.RoundTripper) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("bench", "bench", ""),
		HTTPClient:  &http.Client{Transport: transport},
	})
}

type sentRequest string

// lastRequest returns the body of the last request, where it was recorded.
func (c *canned) lastRequest() any { return sentRequest(c.sent.String()) }
