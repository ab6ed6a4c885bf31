package engine

import (
	"github.com/entable/entable/internal/engine/input"
)

// An operation decodes a request and answers it.
type operation func(req request) ([]byte, error)

// A request is what an operation gets: a body, whose it is and where it was sent, and
// for a batch perhaps how many of its parts it may do.
type request struct {
	body    []byte
	account *Account
	host    string
	partial partial
	// units gets what the request consumed, nil if nobody wants to know.
	units *float64
}

// hostInput is the input of an operation that answers with its own address.
type hostInput interface{ sentTo(host string) }

// partialInput is the input of a batch, which can be done in part.
type partialInput interface{ only(p partial) }

// operations are those that the engine answers, by the name in X-Amz-Target.
var operations = map[string]operation{
	"BatchGetItem":              handle((*Account).batchGetItem),
	"BatchWriteItem":            handle((*Account).batchWriteItem),
	"CreateTable":               handle((*Account).createTable),
	"DeleteItem":                handle((*Account).deleteItem),
	"DeleteTable":               handle((*Account).deleteTable),
	"UpdateContinuousBackups":   handle((*Account).updateContinuousBackups),
	"DescribeContinuousBackups": handle((*Account).describeContinuousBackups),
	"PutResourcePolicy":         handle((*Account).putResourcePolicy),
	"GetResourcePolicy":         handle((*Account).getResourcePolicy),
	"DeleteResourcePolicy":      handle((*Account).deleteResourcePolicy),
	"DescribeEndpoints":         handle((*Account).describeEndpoints),
	"DescribeLimits":            handle((*Account).describeLimits),
	"DescribeTable":             handle((*Account).describeTable),
	"DescribeTimeToLive":        handle((*Account).describeTimeToLive),
	"GetItem":                   handle((*Account).getItem),
	"ListTables":                handle((*Account).listTables),
	"ListTagsOfResource":        handle((*Account).listTagsOfResource),
	"PutItem":                   handle((*Account).putItem),
	"Query":                     handle((*Account).query),
	"Scan":                      handle((*Account).scan),
	"TagResource":               handle((*Account).tagResource),
	"TransactGetItems":          handle((*Account).transactGetItems),
	"TransactWriteItems":        handle((*Account).transactWriteItems),
	"UntagResource":             handle((*Account).untagResource),
	"UpdateItem":                handle((*Account).updateItem),
	"UpdateTable":               handle((*Account).updateTable),
	"UpdateTimeToLive":          handle((*Account).updateTimeToLive),
}

// streamOperations are those of DynamoDB Streams, which has a name of its own.
var streamOperations = map[string]operation{
	"DescribeStream":   handle((*Account).describeStream),
	"GetRecords":       handle((*Account).getRecords),
	"GetShardIterator": handle((*Account).getShardIterator),
	"ListStreams":      handle((*Account).listStreams),
}

// outOfScope are operations of the service that the engine knows by name only.
var outOfScope = map[string]bool{
	"BatchExecuteStatement": true, "CreateBackup": true, "CreateGlobalTable": true, "DeleteBackup": true,
	"DescribeBackup":              true,
	"DescribeContributorInsights": true, "DescribeExport": true, "DescribeGlobalTable": true,
	"DescribeGlobalTableSettings": true, "DescribeImport": true, "DescribeKinesisStreamingDestination": true,
	"DescribeTableReplicaAutoScaling": true, "DisableKinesisStreamingDestination": true,
	"EnableKinesisStreamingDestination": true, "ExecuteStatement": true, "ExecuteTransaction": true,
	"ExportTableToPointInTime": true, "ImportTable": true, "ListBackups": true,
	"ListContributorInsights": true, "ListExports": true, "ListGlobalTables": true, "ListImports": true,
	"RestoreTableFromBackup": true, "RestoreTableToPointInTime": true,
	"UpdateContributorInsights": true, "UpdateGlobalTable": true,
	"UpdateGlobalTableSettings": true, "UpdateKinesisStreamingDestination": true,
	"UpdateTableReplicaAutoScaling": true, "SearchVectors": true, "StartBulkPutItems": true, "DescribeBulkOperation": true,
	"ListBulkOperations": true, "CancelBulkOperation": true,
}

// IsOperation reports whether the service, or its streams, have an operation of that name, answered by the engine or not.
func IsOperation(name string) bool {
	return operations[name] != nil || streamOperations[name] != nil || outOfScope[name]
}

// firstChecker is an input with checks that come even before the constraints of
// the model.
type firstChecker interface{ first() error }

// handle makes an operation of a method: types, then constraints, then the
// method.
func handle[In any](method func(*Account, *In) ([]byte, error)) operation {
	return func(req request) ([]byte, error) {
		in := new(In)
		if err := input.Decode(req.body, in); err != nil {
			return nil, err
		}
		if f, ok := any(in).(firstChecker); ok {
			if err := f.first(); err != nil {
				return nil, err
			}
		}
		if err := input.Check(in); err != nil {
			return nil, err
		}
		if name := input.GivenRefused(in); name != "" {
			return nil, validation(name + " is not supported by the in-process DynamoDB of entable")
		}
		if p, ok := any(in).(partialInput); ok {
			p.only(req.partial)
		}
		if h, ok := any(in).(hostInput); ok {
			h.sentTo(req.host)
		}
		if r, ok := any(in).(reporter); ok && req.units != nil {
			out, units, err := metered(r, func() ([]byte, error) { return method(req.account, in) })
			*req.units = units
			return out, err
		}
		return method(req.account, in)
	}
}
