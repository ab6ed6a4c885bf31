package engine_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/entable/entable/internal/engine"
)

func do(t *testing.T, db *engine.DB, r *http.Request) (*http.Response, []byte) {
	t.Helper()
	resp, err := db.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

func TestResponsesCarryTheServicesHeaders(t *testing.T) {
	db := newDB(t, engine.Config{})
	ids := map[string]bool{}
	for _, operation := range []string{"ListTables", "DescribeTable", "Nonsense"} {
		resp, body := do(t, db, newRequest(operation, `{}`))
		if got, want := resp.Header.Get("X-Amz-Crc32"), strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10); got != want {
			t.Errorf("%s: checksum %s, want %s", operation, got, want)
		}
		if got := resp.Header.Get("Content-Type"); got != "application/x-amz-json-1.0" {
			t.Errorf("%s: content type %q", operation, got)
		}
		id := resp.Header.Get("X-Amzn-RequestId")
		if len(id) != 52 || ids[id] {
			t.Errorf("%s: request id %q", operation, id)
		}
		ids[id] = true
		if got := resp.Header.Get("Content-Length"); got != strconv.Itoa(len(body)) {
			t.Errorf("%s: content length %s of %d", operation, got, len(body))
		}
	}
}

func TestLongResponsesAreCompressedWhenTheClientTakesIt(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", things)
	must(t, db, "PutItem", fmt.Sprintf(`{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"x":{"S":%q}}}`, strings.Repeat("x", 5000)))
	must(t, db, "PutItem", fmt.Sprintf(`{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"short"},"x":{"S":%q}}}`, strings.Repeat("x", 4000)))
	short := newRequest("GetItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"short"}}}`)
	short.Header.Set("Accept-Encoding", "gzip")
	if resp, _ := do(t, db, short); resp.Header.Get("Content-Encoding") != "" {
		t.Error("a response below 4 KB is compressed")
	}
	get := `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}`
	_, plainBody := do(t, db, newRequest("GetItem", get))
	for accept, compressed := range map[string]bool{"gzip": true, "gzip;q=0": false, "deflate, GZIP;q=0.5": true, "identity": false} {
		r := newRequest("GetItem", get)
		r.Header.Set("Accept-Encoding", accept)
		resp, body := do(t, db, r)
		if got := resp.Header.Get("Content-Encoding") == "gzip"; got != compressed {
			t.Errorf("Accept-Encoding %s: compressed %v", accept, got)
			continue
		}
		// The checksum is that of the bytes on the wire.
		if got := resp.Header.Get("X-Amz-Crc32"); got != strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10) {
			t.Errorf("Accept-Encoding %s: wrong checksum", accept)
		}
		if compressed {
			z, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(body, plainBody) {
			t.Errorf("Accept-Encoding %s: other body", accept)
		}
	}
}

func TestFaultsOfTheFrame(t *testing.T) {
	db := newDB(t, engine.Config{})
	cases := []struct {
		name   string
		change func(r *http.Request)
		body   string
		status int
		want   string // the error's type and message, or the body
	}{
		{"health", func(r *http.Request) { r.Method = http.MethodGet }, "", 200, "healthy: dynamodb.us-east-1.amazonaws.com "},
		{"method", func(r *http.Request) { r.Method = http.MethodPut }, "{}", 404, "<UnknownOperationException/>\n"},
		{"content type", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, "{}", 404, "<UnknownOperationException/>\n"},
		{"no target", func(r *http.Request) { r.Header.Del("X-Amz-Target") }, "{}", 400, "UnknownOperationException: "},
		{"other service", func(r *http.Request) { r.Header.Set("X-Amz-Target", "Kinesis_20131202.ListStreams") }, "{}", 400, "UnknownOperationException: "},
		{"unknown operation", func(r *http.Request) { r.Header.Set("X-Amz-Target", "DynamoDB_20120810.Nonsense") }, "{}", 400, "UnknownOperationException: "},
		{"no JSON before target", func(r *http.Request) { r.Header.Del("X-Amz-Target") }, "{", 400, "SerializationException: "},
		{"no signature", func(r *http.Request) { r.Header.Del("Authorization") }, "{}", 400, "MissingAuthenticationTokenException: Request is missing Authentication Token"},
		{"other signature", func(r *http.Request) { r.Header.Set("Authorization", "Basic abc") }, "{}", 400, "MissingAuthenticationTokenException: Request is missing Authentication Token"},
		{"empty signature", func(r *http.Request) { r.Header.Set("Authorization", "AWS4-"); r.Header.Del("X-Amz-Date") }, "{}", 400,
			"IncompleteSignatureException: Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. " +
				"Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-"},
		{"two signatures", func(r *http.Request) { r.URL.RawQuery = "X-Amz-Algorithm=x" }, "{}", 400,
			"InvalidSignatureException: Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."},
		{"signature in the query", func(r *http.Request) { r.Header.Del("Authorization"); r.URL.RawQuery = "X-Amz-Algorithm=x" }, "{}", 400,
			"IncompleteSignatureException: AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. " +
				"AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."},
		{"too long", func(*http.Request) {}, strings.Repeat(" ", 16<<20+1), 413, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRequest("ListTables", c.body)
			c.change(r)
			resp, body := do(t, db, r)
			got := string(body)
			if strings.HasPrefix(got, "{") {
				got = refusal(decode(t, got))
			}
			if resp.StatusCode != c.status || got != c.want {
				t.Errorf("got %d %s\nwant %d %s", resp.StatusCode, got, c.status, c.want)
			}
		})
	}
}

// A request may state no length, or a wrong one, and its body may come in pieces.
func TestBodiesAreReadToTheirEnd(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", things)
	for i, length := range []int64{-1, 0, 1, 100, 1 << 40} {
		for j, body := range []io.Reader{
			strings.NewReader(`{"TableName":"things"}` + strings.Repeat(" ", 2000*i)),
			iotest.OneByteReader(strings.NewReader(`{"TableName":"things"}`)),
			iotest.DataErrReader(strings.NewReader(`{"TableName":"things"}`)),
		} {
			r := newRequest("DescribeTable", "")
			r.Body, r.ContentLength = io.NopCloser(body), length
			if resp, out := do(t, db, r); resp.StatusCode != http.StatusOK {
				t.Errorf("length %d, body %d: %s", length, j, out)
			}
		}
	}
}

func TestABodyThatBreaksOffIsNoRequest(t *testing.T) {
	db := newDB(t, engine.Config{})
	r := newRequest("ListTables", "")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{}`), iotest.ErrReader(io.ErrUnexpectedEOF)))
	if _, err := db.Do(r); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
}

func TestTheHandlerServesHTTP(t *testing.T) {
	db := newDB(t, engine.Config{})
	server := httptest.NewServer(db)
	defer server.Close()
	out := ask(t, server.URL, "CreateTable", things)
	if msg := refusal(out); msg != "" {
		t.Fatal(msg)
	}
	if got := ask(t, server.URL, "ListTables", `{}`); !equal(got["TableNames"], []any{"things"}) {
		t.Errorf("tables %v", got)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = newRequest("ListTables", "").Header
	r.Header.Set("Origin", "http://example.com")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("a browser may not read the answer")
	}
}

func TestAClosedDatabaseRefuses(t *testing.T) {
	db := engine.New(engine.Config{})
	db.Close()
	db.Close()
	if status, out := call(t, db, "ListTables", `{}`); status != http.StatusServiceUnavailable {
		t.Errorf("status %d: %v", status, out)
	}
}
