package main

import (
	"context"
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
	updateItem   = "updateitem"    // one attribute of an item that must exist
	updateItemIf = "updateitem_if" // and under another condition, without a goal
	batchWrite25 = "batchwrite25"  // BatchWriteItem of 25 items
	batchGet100  = "batchget100"
	mixed500     = "mixed500" // Query of 500 items of five types
	encode       = "encode"   // one item to what a request carries, without the request

	// With a server in another process.
	socketGet  = "socket_get64" // 64 goroutines
	socketPut  = "socket_put64"
	socketScan = "socket_scan"

	// Of entable alone.
	keyCheck      = "keycheck" // decoding of 500 items
	queryTypes    = "types"    // query500 and mixed500
	amongEntities = "entities" // mixed500, among many registered entities
	queryPages    = "pages"
	scanSegments  = "segments"
	register1000  = "register1000"

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
	query500, query20, getItem, putItem, updateItem, updateItemIf, batchWrite25, batchGet100, mixed500, encode,
	socketGet, socketPut, socketScan, keyCheck, queryTypes, amongEntities, queryPages, scanSegments, register1000,
	enginePut, engineGet, engineQuery500, engineStart, engineStream, engineGoroutines, engineGoroutinesSDK, engineBytes,
}

// compared are the rows of the client, with those together whose figures are compared. Nothing else is alive while they take
// their turns: what is alive decides how often garbage is collected. With the responses and results of all rows, 39 MB, a turn saw
// one collection or none, as its length happened to be, which was half of a figure; with those of one row it sees about ten.
var compared = [][]string{
	{query500, mixed500}, {query20}, {getItem}, {putItem}, {updateItem, updateItemIf}, {batchWrite25}, {batchGet100}, {encode},
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
	case batchGet100:
		return respond(batchGetBody(100))
	default:
		return respond(emptyBody)
	}
}

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
	floorLean  = "floor: empty lean request"
	floor16kB  = "floor: put of 16 kB"
	floorApart = "floor: two goroutines that share nothing"
	inMemory   = "memory"
	ddbLocal   = "DynamoDB Local"
	streamed   = "memory, with a stream"

	checkedKeys      = "entable"
	uncheckedKeys    = "without looking at the keys"
	oneType          = "500 items of one type"
	fiveTypes        = "500 items of five types"
	tenEntities      = "10 entities"
	thousandEntities = "1000 entities"
	onePage          = "10 queries of 500 items"
	tenPages         = "1 query of 5000 items"
	oneSegment       = "1 segment"
	twoSegments      = "2 segments"

	oneGoroutine  = "memory, 1 goroutine"
	twoGoroutines = "memory, 2 goroutines"
)
