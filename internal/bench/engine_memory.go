package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"time"

	"github.com/entable/entable/memory"
)

const (
	heldItems     = 1_000_000
	heldItemSize  = 200 // as the service counts
	heldPartition = 1_000
	besideItems   = 100_000 // in the table of the goroutines' rows, 40 MB
)

// measureMemory fills a table with n items and returns what each of them takes of the heap: the item and its place in
// the table's index, with the gaps that the allocator leaves.
//
// The requests are written here and go straight to the database's handler: with a client before it, a million items
// would take longer than all other rows together.
func measureMemory(ctx context.Context, n int) (sample, error) {
	db := memory.New()
	defer db.Close()
	if err := (server{db.Client(), tableName}).create(ctx); err != nil {
		return sample{}, err
	}
	before := settledHeap()
	start := time.Now()
	if err := fill(ctx, db, tableName, n, heldItem); err != nil {
		return sample{}, err
	}
	elapsed := time.Since(start)
	after := settledHeap()
	runtime.KeepAlive(db)
	return sample{
		ns:     float64(elapsed) / float64(n),
		allocs: float64(after.Mallocs-before.Mallocs) / float64(n),
		bytes:  float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
		held:   (float64(after.HeapInuse) - float64(before.HeapInuse)) / float64(n),
	}, nil
}

// fill writes n items into a table.
func fill(ctx context.Context, db *memory.DB, table string, n int, item func(i int) string) error {
	var body bytes.Buffer
	for i := 0; i < n; i += 25 {
		body.Reset()
		body.WriteString(`{"RequestItems":{"` + table + `":[`)
		for j := i; j < min(n, i+25); j++ {
			if j > i {
				body.WriteByte(',')
			}
			body.WriteString(`{"PutRequest":{"Item":` + item(j) + `}}`)
		}
		body.WriteString(`]}}`)
		if err := send(ctx, db, "BatchWriteItem", &body); err != nil {
			return err
		}
	}
	return nil
}

// heldItem returns the i-th item: five attributes, the keys among them.
func heldItem(i int) string {
	pk, sk := fmt.Sprintf("CUSTOMER#%06d", i/heldPartition), fmt.Sprintf("ORDER#%010d", i)
	rest := "pk" + pk + "sk" + sk + "status" + "pending" + "qty" + "7." + "note" // a number of one digit counts two bytes
	return fmt.Sprintf(`{"pk":{"S":%q},"sk":{"S":%q},"status":{"S":"pending"},"qty":{"N":"7"},"note":{"S":%q}}`,
		pk, sk, strings.Repeat("x", heldItemSize-len(rest)))
}

func send(ctx context.Context, h http.Handler, operation string, body *bytes.Buffer) error {
	resp := httptest.NewRecorder()
	h.ServeHTTP(resp, newRequest(ctx, operation, body))
	if resp.Code != http.StatusOK {
		return fmt.Errorf("%s: status %d: %s", operation, resp.Code, resp.Body)
	}
	return nil
}

// newRequest returns a request as the SDK's client sends it, but for a signature that nobody checks.
func newRequest(ctx context.Context, operation string, body io.Reader) *http.Request {
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", body)
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	req.Header.Set("X-Amz-Date", "20260101T000000Z")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=memory/20260101/us-east-1/dynamodb/aws4_request, "+
		"SignedHeaders=host;x-amz-date;x-amz-target, Signature=0")
	return req
}

// settledHeap reads the heap's figures after two collections: the first one still keeps what it finds in pools.
func settledHeap() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}
