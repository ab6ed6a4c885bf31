package engine

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strings"
)

// decompress undoes a request's Content-Encoding: gzip, or deflate, which is zlib's format. It gives at most one byte
// more than a body may have. What is not in the format that the header names is no body.
func decompress(h http.Header, body []byte) ([]byte, error) {
	var r io.Reader
	var err error
	switch strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding"))) {
	case "gzip":
		r, err = gzip.NewReader(bytes.NewReader(body))
	case "deflate":
		r, err = zlib.NewReader(bytes.NewReader(body))
	default:
		return body, nil
	}
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(r, maxRequestBody+1))
	}
	if err != nil {
		return nil, serialization("")
	}
	return body, nil
}
