package engine

import (
	"bytes"
	"compress/gzip"
	"context"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The protocol: AWS JSON 1.0 over HTTP.
//
// Behaviour:
//   - POST with a JSON body; the operation is in X-Amz-Target. GET answers a
//     health text, other methods and content types 404 with a bit of XML.
//   - Faults of the frame are judged in this order: JSON syntax, target,
//     authentication header. Signatures are not verified, only their form is,
//     so any credentials do.
//   - A request may be compressed, by gzip or deflate.
//   - A response carries a request id and the CRC-32 of its body as sent. Bodies
//     are compressed when the client accepts gzip and it pays. Answers about streams
//     have a Date, by the clock that their records have their times from.
//   - Errors are {"__type": …, "message": …} with status 400 or 5xx.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html

const (
	targetPrefix   = "DynamoDB_20120810."
	streamsPrefix  = "DynamoDBStreams_20120810."
	contentType    = "application/x-amz-json-1.0"
	maxRequestBody = 16 << 20
	// The service compresses responses from this size on.
	minGzip = 4 << 10
)

// A response is an answer before it is put into HTTP.
type response struct {
	status      int
	contentType string
	body        []byte
	// noID marks the one answer without a request id: a body beyond the limit.
	noID bool
	// date is that of answers about streams, by the clock that their records are dated by.
	date string
}

// setHeader sets the header fields. Their values lie in one array and the two that
// are made for this response in one text, so that a response costs few allocations.
func (r response) setHeader(h http.Header, gzipped bool) {
	var values [5]string
	used := 0
	set := func(name, value string) {
		values[used] = value
		h[name] = values[used : used+1 : used+1]
		used++
	}
	set("Content-Length", strconv.Itoa(len(r.body)))
	if r.contentType != "" {
		set("Content-Type", r.contentType)
	}
	if r.date != "" {
		h.Set("Date", r.date)
	}
	if r.noID {
		return
	}
	var buf [requestIDSize + 10]byte
	text := string(strconv.AppendUint(appendRequestID(buf[:0]), uint64(crc32.ChecksumIEEE(r.body)), 10))
	set("X-Amzn-Requestid", text[:requestIDSize])
	set("X-Amz-Crc32", text[requestIDSize:])
	if gzipped {
		set("Content-Encoding", "gzip")
	}
}

const requestIDSize = 52

// appendRequestID appends random characters of an alphabet like the service's. They
// tell requests apart and keep no secret.
func appendRequestID(dst []byte) []byte {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
	for left := requestIDSize; left > 0; left -= 12 {
		bits := rand.Uint64()
		for range min(left, 12) {
			dst = append(dst, alphabet[bits%32])
			bits /= 32
		}
	}
	return dst
}

// ServeHTTP answers one request, from any SDK.
func (db *DB) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	buf := bodies.Get().(*[]byte)
	body, err := readBody(*buf, r.Body, r.ContentLength)
	defer func() { keepBody(buf, body) }()
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away in the middle of its request
	}
	resp, err := db.answer(r, body)
	if err != nil {
		panic(http.ErrAbortHandler) // a dropped connection, or a client that gave up
	}
	gzipped := compress(r, &resp)
	header := w.Header()
	resp.setHeader(header, gzipped)
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
	buf := bodies.Get().(*[]byte)
	body := (*buf)[:0]
	defer func() { keepBody(buf, body) }()
	if r.Body != nil {
		var err error
		body, err = readBody(body, r.Body, r.ContentLength)
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
	status := "200 OK"
	if resp.status != http.StatusOK {
		status = strconv.Itoa(resp.status) + " " + http.StatusText(resp.status)
	}
	header := make(http.Header, 5)
	resp.setHeader(header, gzipped)
	a := new(answered)
	a.body.Reset(resp.body)
	a.Response = http.Response{
		Status:        status,
		StatusCode:    resp.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          &a.body,
		ContentLength: int64(len(resp.body)),
		Request:       r,
	}
	return &a.Response, nil
}

// answered is a response and its body in one allocation.
type answered struct {
	http.Response
	body bodyReader
}

type bodyReader struct{ bytes.Reader }

func (*bodyReader) Close() error { return nil }

// bodies are buffers for the bodies of requests. Nothing that outlives a request
// points into its body, so that the next one can have the buffer.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

// maxKeptBody keeps a rare big body from staying in memory.
const maxKeptBody = 64 << 10

// readBody appends what a request has to b[:0], at most one byte more than it may
// have. The length that it states is a hint only.
func readBody(b []byte, body io.Reader, length int64) ([]byte, error) {
	b = slices.Grow(b[:0], int(min(max(length, 0), maxRequestBody))+1) // one more to see the end
	for {
		n, err := body.Read(b[len(b):min(cap(b), maxRequestBody+1)])
		b = b[:len(b)+n]
		switch {
		case err == io.EOF:
			return b, nil
		case err != nil || len(b) > maxRequestBody:
			return b, err
		case len(b) == cap(b):
			b = slices.Grow(b, bytes.MinRead)
		}
	}
}

func keepBody(buf *[]byte, body []byte) {
	if cap(body) <= maxKeptBody {
		*buf = body
		bodies.Put(buf)
	}
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
	body, badEncoding := decompress(r.Header, body)
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
	if badEncoding != nil {
		return response{status: http.StatusBadRequest, contentType: kind, body: asError(badEncoding).appendJSON(nil)}, nil
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
	res := response{status: http.StatusOK, contentType: kind, body: out}
	if strings.HasPrefix(r.Header.Get("X-Amz-Target"), streamsPrefix) {
		res.date = db.cfg.Now().UTC().Format(http.TimeFormat)
	}
	return res, nil
}

func (db *DB) run(ctx context.Context, r *http.Request, body []byte) ([]byte, error) {
	name, op := operationOf(r.Header.Get("X-Amz-Target"))
	switch {
	case op == nil && !outOfScope[name]:
		if len(body) > 0 && !validJSON(body) {
			return nil, serialization("")
		}
		return nil, &Error{Status: http.StatusBadRequest, Type: coralService + "UnknownOperationException"}
	case db.closed.Load():
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
	req := request{body: body, host: r.Host, account: db.accountOf(r)}
	if req.host == "" {
		req.host = r.URL.Host
	}
	return db.dispatch(ctx, name, op, req)
}

// operationOf finds the operation that a request names, or tells the name of one that is known.
func operationOf(target string) (name string, op operation) {
	if name, ok := strings.CutPrefix(target, targetPrefix); ok {
		return name, operations[name]
	}
	if name, ok := strings.CutPrefix(target, streamsPrefix); ok {
		return name, streamOperations[name]
	}
	return "", nil
}

func (db *DB) accountOf(r *http.Request) *Account {
	key := accountKeyOf(r, &db.cfg)
	return db.Account(key.region, key.accessKey)
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
	for _, name := range []string{"Credential=", "Signature=", "SignedHeaders="} {
		if !strings.Contains(auth, name) {
			msg.WriteString("Authorization header requires '" + name[:len(name)-1] + "' parameter. ")
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
