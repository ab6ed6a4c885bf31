package engine

import (
	"github.com/entable/entable/internal/engine/input"
)

// An operation decodes a request and answers it.
type operation func(db *DB, req request) ([]byte, error)

// A request is what an operation gets: a body, and for a batch perhaps how many of
// its parts it may do.
type request struct {
	body    []byte
	partial bool
	process int
}

// partialInput is the input of a batch, which can be done in part.
type partialInput interface{ processOnly(n int) }

// operations are those that the engine answers, by the name in X-Amz-Target.
var operations map[string]operation

// The map refers to methods that refer to the map through DB; init breaks the circle.
func init() {
	operations = map[string]operation{
		"BatchGetItem":       handle((*DB).batchGetItem),
		"BatchWriteItem":     handle((*DB).batchWriteItem),
		"CreateTable":        handle((*DB).createTable),
		"DeleteItem":         handle((*DB).deleteItem),
		"DeleteTable":        handle((*DB).deleteTable),
		"DescribeEndpoints":  handle((*DB).describeEndpoints),
		"DescribeLimits":     handle((*DB).describeLimits),
		"DescribeTable":      handle((*DB).describeTable),
		"DescribeTimeToLive": handle((*DB).describeTimeToLive),
		"GetItem":            handle((*DB).getItem),
		"ListTables":         handle((*DB).listTables),
		"ListTagsOfResource": handle((*DB).listTagsOfResource),
		"PutItem":            handle((*DB).putItem),
		"Query":              handle((*DB).query),
		"Scan":               handle((*DB).scan),
		"TagResource":        handle((*DB).tagResource),
		"TransactGetItems":   handle((*DB).transactGetItems),
		"TransactWriteItems": handle((*DB).transactWriteItems),
		"UntagResource":      handle((*DB).untagResource),
		"UpdateItem":         handle((*DB).updateItem),
		"UpdateTable":        handle((*DB).updateTable),
		"UpdateTimeToLive":   handle((*DB).updateTimeToLive),
	}
}

// outOfScope are operations of the service that the engine knows by name only.
var outOfScope = map[string]bool{
	"BatchExecuteStatement": true, "CreateBackup": true, "CreateGlobalTable": true, "DeleteBackup": true,
	"DeleteResourcePolicy": true, "DescribeBackup": true, "DescribeContinuousBackups": true,
	"DescribeContributorInsights": true, "DescribeExport": true, "DescribeGlobalTable": true,
	"DescribeGlobalTableSettings": true, "DescribeImport": true, "DescribeKinesisStreamingDestination": true,
	"DescribeTableReplicaAutoScaling": true, "DisableKinesisStreamingDestination": true,
	"EnableKinesisStreamingDestination": true, "ExecuteStatement": true, "ExecuteTransaction": true,
	"ExportTableToPointInTime": true, "GetResourcePolicy": true, "ImportTable": true, "ListBackups": true,
	"ListContributorInsights": true, "ListExports": true, "ListGlobalTables": true, "ListImports": true,
	"PutResourcePolicy": true, "RestoreTableFromBackup": true, "RestoreTableToPointInTime": true,
	"UpdateContinuousBackups": true, "UpdateContributorInsights": true, "UpdateGlobalTable": true,
	"UpdateGlobalTableSettings": true, "UpdateKinesisStreamingDestination": true,
	"UpdateTableReplicaAutoScaling": true, "SearchVectors": true, "StartBulkPutItems": true, "DescribeBulkOperation": true,
	"ListBulkOperations": true, "CancelBulkOperation": true,
}

// firstChecker is an input with checks that come even before the constraints of
// the model.
type firstChecker interface{ first() error }

// handle makes an operation of a method: types, then constraints, then legacy
// parameters, then the method.
func handle[In any](method func(*DB, *In) ([]byte, error)) operation {
	return func(db *DB, req request) ([]byte, error) {
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
		if name := input.GivenLegacy(in); name != "" {
			return nil, legacyParameter(name)
		}
		if p, ok := any(in).(partialInput); ok && req.partial {
			p.processOnly(req.process)
		}
		return method(db, in)
	}
}

func legacyParameter(name string) error {
	return validation("The legacy parameter " + name + " is not supported by the in-process DynamoDB of entable: " +
		"use the expression parameters instead")
}
