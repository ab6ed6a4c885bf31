package main

import "context"

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
	query500 = "query500" // Query of 500 items in one page
	query20  = "query20"  // Query of 20, where building the request matters
	getItem  = "getitem"
	putItem  = "putitem"
	mixed500 = "mixed500" // Query of 500 items of five types
	encode   = "encode"   // one item to what a request carries, without the request
)

var rows = []string{query500, query20, getItem, putItem, mixed500, encode}

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

// goal is a figure that entable is to reach: a quotient of two contestants' times or allocations, or one contestant's
// allocations. Without the rows that it needs it is left out of the report.
type goal struct {
	name     string
	row      string // of both contestants, unless otherRow says else
	num, den string // contestants; without den the figure is num's own
	otherRow string // den's
	allocs   bool
	op       string
	want     float64
}

// goals are the figures of the first table in the project's list of numbers to reach, in its order. The rows for
// batches and for the in-process DynamoDB are named before they exist.
var goals = []goal{
	{name: "query500_vs_hand", row: query500, num: hand, den: entabled, op: ">=", want: 9},
	{name: "query500_vs_guregu", row: query500, num: guregu, den: entabled, op: ">=", want: 11},
	{name: "query500_allocs_vs_hand", row: query500, num: hand, den: entabled, allocs: true, op: ">=", want: 25},
	{name: "query20_vs_hand", row: query20, num: hand, den: entabled, op: ">=", want: 4},
	{name: "getitem_vs_absent", row: getItem, num: entabled, den: floorEmpty, op: "<=", want: 1.10},
	{name: "putitem_vs_empty", row: putItem, num: entabled, den: floorEmpty, op: "<=", want: 1.08},
	{name: "batchwrite25_vs_hand", row: "batchwrite25", num: hand, den: entabled, op: ">=", want: 4},
	{name: "mixed500_vs_onetype", row: mixed500, num: entabled, den: entabled, otherRow: query500, op: "<=", want: 1.15},
	{name: "encode_vs_marshalmap", row: encode, num: hand, den: entabled, op: ">=", want: 6},
	{name: "encode_allocs", row: encode, num: entabled, allocs: true, op: "<=", want: 0},
	{name: "memory_putitem_vs_ddblocal", row: "memory_putitem", num: ddblocal, den: inMemory, op: ">=", want: 20},
	{name: "memory_getitem_vs_ddblocal", row: "memory_getitem", num: ddblocal, den: inMemory, op: ">=", want: 10},
	{name: "memory_query500_vs_ddblocal", row: "memory_query500", num: ddblocal, den: inMemory, op: ">=", want: 8},
}

// The contestants' names.
const (
	entabled   = "entable"
	hand       = "by hand"
	guregu     = "guregu"
	floorEmpty = "floor: empty response"
	floorRead  = "floor: read and checksum"
	inMemory   = "memory"
	ddblocal   = "DynamoDB Local"
)
