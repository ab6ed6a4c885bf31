package engine

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/base32"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// The protocol: AWS JSON 1.0 over HTTP.
//
// Behaviour:
//   - POST with a JSON body; the operation is in X-Amz-Target. GET answers a
//     health text, other methods and content types 404 with a bit of XML.
//   - Faults of the frame are judged in this order: JSON syntax, target,
//     authentication header. Signatures are not verified, only their form is,
//     so any credentials do.
//   - A response carries a request id and the CRC-32 of its body as sent. Bodies
//     are compressed when the client accepts gzip and it pays.
//   - Errors are {"__type": …, "message": …} with status 400 or 5xx.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html

const (
	targetPrefix   = "DynamoDB_20120810."
	contentType    = "application/x-amz-json-1.0"
	maxRequestBody = 16 << 20
	// The service compresses responses from a kilobyte on.
	minGzip = 1 << 10
)

// A response is an answer before it is put into HTTP.
type response struct {
	status      int
	contentType string
	body        []byte
	// noID marks the one answer without a request id: a body beyond the limit.
	noID bool
}

func (r response) header(gzipped bool) http.Header {
	h := make(http.Header, 6)
	h["Content-Length"] = []string{strconv.Itoa(len(r.body))}
	if r.contentType != "" {
		h["Content-Type"] = []string{r.contentType}
	}
	if r.noID {
		return h
	}
	h["X-Amzn-Requestid"] = []string{requestID()}
	h["X-Amz-Crc32"] = []string{strconv.FormatUint(uint64(crc32.ChecksumIEEE(r.body)), 10)}
	if gzipped {
		h["Content-Encoding"] = []string{"gzip"}
	}
	return h
}

// requestID is 52 random characters of an alphabet like the service's.
func requestID() string {
	var b [32]byte
	rand.Read(b[:])
	return base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])
}

// ServeHTTP answers one request, from any SDK.
func (db *DB) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r.Body, r.ContentLength)
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away in the middle of its request
	}
	resp, err := db.answer(r, body)
	if err != nil {
		panic(http.ErrAbortHandler) // a dropped connection, or a client that gave up
	}
	gzipped := compress(r, &resp)
	header := w.Header()
	maps.Copy(header, resp.header(gzipped))
	if r.Header.Get("Origin") != "" {
		header.Set("Access-Control-Allow-Origin", "*")
	}
	w.WriteHeader(resp.status)
	_, _ = w.Write(resp.body)
}

// Do answers one request without a network: an SDK client takes a DB as its HTTP
// client. The error is that of the request's context, or of a connection that a
// fault dropped.
func (db *DB) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = readBody(r.Body, r.ContentLength)
		r.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	resp, err := db.answer(r, body)
	if err != nil {
		return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: err}
	}
	gzipped := compress(r, &resp)
	return &http.Response{
		Status:        strconv.Itoa(resp.status) + " " + http.StatusText(resp.status),
		StatusCode:    resp.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        resp.header(gzipped),
		Body:          io.NopCloser(bytes.NewReader(resp.body)),
		ContentLength: int64(len(resp.body)),
		Request:       r,
	}, nil
}

// readBody reads at most one byte more than a request may have.
func readBody(body io.Reader, length int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(length, 0), maxRequestBody)) + bytes.MinRead)
	_, err := b.ReadFrom(io.LimitReader(body, maxRequestBody+1))
	return b.Bytes(), err
}

func compress(r *http.Request, resp *response) bool {
	if len(resp.body) < minGzip || !acceptsGzip(r.Header) {
		return false
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(resp.body)
	_ = z.Close()
	resp.body = b.Bytes()
	return true
}

func acceptsGzip(h http.Header) bool {
	for _, value := range h["Accept-Encoding"] {
		for part := range strings.SplitSeq(value, ",") {
			name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
			if strings.EqualFold(name, "gzip") && strings.ReplaceAll(quality, " ", "") != "q=0" {
				return true
			}
		}
	}
	return false
}

// answer judges the frame of a request and runs its operation. It fails only
// with errors of the connection.
func (db *DB) answer(r *http.Request, body []byte) (response, error) {
	if len(body) > maxRequestBody {
		return response{status: http.StatusRequestEntityTooLarge, noID: true}, nil
	}
	if r.Method == http.MethodGet {
		return response{status: http.StatusOK, body: []byte("healthy: dynamodb." + db.cfg.Region + ".amazonaws.com ")}, nil
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	kind = strings.TrimSpace(kind)
	if r.Method != http.MethodPost || (len(body) > 0 && kind != contentType && kind != "application/json") {
		return response{status: http.StatusNotFound, body: []byte("<UnknownOperationException/>\n")}, nil
	}
	if kind != contentType {
		kind = "application/json"
	}
	out, err := db.run(r.Context(), r, body)
	if e, ok := err.(*dropped); ok {
		return response{}, e
	}
	if ctxErr := r.Context().Err(); ctxErr != nil {
		return response{}, ctxErr
	}
	if err != nil {
		e := asError(err)
		return response{status: e.Status, contentType: kind, body: e.appendJSON(nil)}, nil
	}
	return response{status: http.StatusOK, contentType: kind, body: out}, nil
}

func (db *DB) run(ctx context.Context, r *http.Request, body []byte) ([]byte, error) {
	name, known := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	op := operations[name]
	switch {
	case !known || (op == nil && !outOfScope[name]):
		if len(body) > 0 && !validJSON(body) {
			return nil, serialization("")
		}
		return nil, &Error{Status: http.StatusBadRequest, Type: coralService + "UnknownOperationException"}
	case db.isClosed():
		return nil, &Error{Status: http.StatusServiceUnavailable, Type: coralService + "ServiceUnavailableException",
			Message: "the database is closed"}
	}
	if err := checkAuth(r); err != nil {
		if !validJSON(body) {
			return nil, serialization("")
		}
		return nil, err
	}
	if op == nil {
		return nil, notSupported(name)
	}
	return db.dispatch(ctx, name, op, body)
}

func coralError(name, msg string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: coralService + name, Message: msg}
}

// checkAuth checks the form of the signature, in the header or in the query.
func checkAuth(r *http.Request) error {
	auth := r.Header.Get("Authorization")
	var query url.Values
	if r.URL != nil && r.URL.RawQuery != "" {
		query = r.URL.Query()
	}
	inQuery := query.Has("X-Amz-Algorithm")
	switch {
	case auth != "" && inQuery:
		return coralError("InvalidSignatureException",
			"Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
	case inQuery:
		return checkQueryAuth(query)
	case !strings.HasPrefix(strings.TrimSpace(auth), "AWS4-"):
		return coralError("MissingAuthenticationTokenException", "Request is missing Authentication Token")
	}
	var msg strings.Builder
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if !strings.Contains(auth, name+"=") {
			msg.WriteString("Authorization header requires '" + name + "' parameter. ")
		}
	}
	if r.Header.Get("X-Amz-Date") == "" && r.Header.Get("Date") == "" {
		msg.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	if msg.Len() > 0 {
		return coralError("IncompleteSignatureException", msg.String()+"Authorization="+auth)
	}
	return nil
}

func checkQueryAuth(query url.Values) error {
	var msg strings.Builder
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"} {
		if query.Get(name) == "" {
			msg.WriteString("AWS query-string parameters must include '" + name + "'. ")
		}
	}
	if msg.Len() > 0 {
		return coralError("IncompleteSignatureException", msg.String()+"Re-examine the query-string parameters.")
	}
	return nil
}
