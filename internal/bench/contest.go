package main

import (
	"context"
	"math"
	"slices"
)

// contestant is one way to do the work of a row. All contestants of a row get the same response and must come to the
// same result, which a test compares.
type contestant struct {
	row, name string
	run       func(ctx context.Context) error
	// result is what the last run made: the decoded items, or the bytes that it sent or encoded. Floors have none.
	result func() any
}

// The rows, each a piece of work that users have.
const (
	query500     = "query500" // Query of 500 items in one page
	query20      = "query20"  // Query of 20, where building the request matters
	getItem      = "getitem"
	putItem      = "putitem"
	batchWrite25 = "batchwrite25" // BatchWriteItem of 25 items
	mixed500     = "mixed500"     // Query of 500 items of five types
	encode       = "encode"       // one item to what a request carries, without the request

	// Of the in-process DynamoDB; the first three through the SDK's client.
	enginePut        = "engine_put"
	engineGet        = "engine_get"
	engineQuery500   = "engine_query500"   // Query of 500 small items
	engineStart      = "engine_start"      // a database with one table
	engineGoroutines = "engine_goroutines" // reads and writes of two partitions
	engineBytes      = "engine_bytes"      // memory of a million items
	engineStream     = "engine_stream"     // writes to a table with a stream, and to one without

	engineGoroutinesSDK = "engine_goroutines_sdk" // the same through the SDK's client, without a goal
)

var rows = []string{
	query500, query20, getItem, putItem, batchWrite25, mixed500, encode,
	enginePut, engineGet, engineQuery500, engineStart, engineStream, engineGoroutines, engineGoroutinesSDK, engineBytes,
}

// transports are the responses of the rows, one transport for each contestant.
func transport(row string) *canned {
	switch row {
	case query500:
		return respond(queryBody(500, kinds[0]))
	case query20:
		return respond(queryBody(20, kinds[0]))
	case mixed500:
		return respond(queryBody(500, kinds[:]...))
	case getItem:
		return respond(getBody())
	default:
		return respond(emptyBody)
	}
}

// goal is a figure that entable is to reach: a quotient of two contestants' figures, or one contestant's own. Without
// the rows that it needs it is left out of the report.
type goal struct {
	name     string
	row      string // of both contestants, unless otherRow says else
	num, den string // contestants; without den the figure is num's own
	otherRow string // den's
	of       func(sample) float64
	op       string
	want     float64
}

// goals are the figures of the project's list of numbers to reach, in its order.
var goals = []goal{
	{name: "query500_vs_hand", row: query500, num: hand, den: entabled, of: nanoseconds, op: ">=", want: 9},
	{name: "query500_vs_guregu", row: query500, num: guregu, den: entabled, of: nanoseconds, op: ">=", want: 11},
	{name: "query500_allocs_vs_hand", row: query500, num: hand, den: entabled, of: allocs, op: ">=", want: 25},
	{name: "query20_vs_hand", row: query20, num: hand, den: entabled, of: nanoseconds, op: ">=", want: 6},
	{name: "getitem_vs_hand", row: getItem, num: hand, den: entabled, of: nanoseconds, op: ">=", want: 4.5},
	{name: "putitem_vs_hand", row: putItem, num: hand, den: entabled, of: nanoseconds, op: ">=", want: 4.5},
	{name: "batchwrite25_vs_hand", row: batchWrite25, num: hand, den: entabled, of: nanoseconds, op: ">=", want: 7},
	{name: "mixed500_vs_onetype", row: mixed500, num: entabled, den: entabled, otherRow: query500, of: nanoseconds, op: "<=", want: 1.15},
	{name: "encode_vs_marshalmap", row: encode, num: hand, den: entabled, of: nanoseconds, op: ">=", want: 6},
	{name: "encode_allocs", row: encode, num: entabled, of: allocs, op: "<=", want: 0},
	{name: "engine_put_vs_local", row: enginePut, num: ddbLocal, den: inMemory, of: nanoseconds, op: ">=", want: 20},
	{name: "engine_get_vs_local", row: engineGet, num: ddbLocal, den: inMemory, of: nanoseconds, op: ">=", want: 10},
	{name: "engine_query500_vs_local", row: engineQuery500, num: ddbLocal, den: inMemory, of: nanoseconds, op: ">=", want: 8},
	{name: "engine_start_ms", row: engineStart, num: inMemory, of: milliseconds, op: "<=", want: 1},
	{name: "engine_stream_cost", row: engineStream, num: streamed, den: inMemory, of: nanoseconds, op: "<=", want: 1.25},
	{name: "engine_bytes_per_item", row: engineBytes, num: inMemory, of: heldBytes, op: "<=", want: 500},
	{name: "engine_2_goroutines", row: engineGoroutines, num: oneGoroutine, den: twoGoroutines, of: nanoseconds, op: ">=", want: 1.7},
}

func nanoseconds(s sample) float64  { return s.ns }
func milliseconds(s sample) float64 { return s.ns / 1e6 }
func heldBytes(s sample) float64    { return s.held }

// allocs returns a whole number: the runtime allocates a little beside the contestant, far less than once in an operation.
func allocs(s sample) float64 { return math.Round(s.allocs) }

// inOrder sorts the contestants by their rows, for the report.
func inOrder(contestants []contestant) []contestant {
	slices.SortStableFunc(contestants, func(a, b contestant) int { return slices.Index(rows, a.row) - slices.Index(rows, b.row) })
	return contestants
}

// The contestants' names.
const (
	entabled   = "entable"
	hand       = "by hand"
	guregu     = "guregu"
	floorEmpty = "floor: empty response"
	floorRead  = "floor: read and checksum"
	floor16kB  = "floor: put of 16 kB"
	inMemory   = "memory"
	ddbLocal   = "DynamoDB Local"
	streamed   = "memory, with a stream"

	oneGoroutine  = "memory, 1 goroutine"
	twoGoroutines = "memory, 2 goroutines"
)
