package engine_test

import (
	"regexp"
	"strings"
	"testing"
)

// A difference is a way in which DynamoDB Local and the service are known not to
// agree, and the page that decides it: the engine does as the service does.
type difference struct {
	ID      string `json:"id"`
	Local   string `json:"local"`
	Service string `json:"service"`
	Page    string `json:"page"`
}

func differences(t testing.TB) map[string]difference {
	t.Helper()
	var list []difference
	tt, ok := t.(*testing.T)
	if !ok {
		t.Fatal("differences need a test")
	}
	load(tt, "testdata/differences.json", &list)
	byID := map[string]difference{}
	for _, d := range list {
		byID[d.ID] = d
	}
	return byID
}

// A wording is a difference between errors: what DynamoDB Local says, and what the
// service says instead.
type wording struct {
	id             string
	local, service *regexp.Regexp
}

func words(id, local, service string) wording {
	return wording{id, regexp.MustCompile(local), regexp.MustCompile(service)}
}

var wordings = []wording{
	words("not-found", `Cannot do operations on a non-existent table$`, `Requested resource not found`),
	words("names", `Invalid table/index name`, `validation errors? detected|not found`),
	words("batch-wording", `(must have some requests set|null or no requests set|list of keys in RequestItems|batch write request list)`,
		`(requestItems parameter is required|validation error|)`),
	words("batch-wording", `Too many items requested`, `validation error`),
	words("constraints", `^ValidationException: `, `^ValidationException: [0-9]+ validation errors? detected: `),
	words("json-types", `^InternalFailure`, `^SerializationException`),
	words("start-key", `(Exclusive Start Key must have same size|Type mismatch for attribute to update|The provided starting key does not match)`,
		`(The provided starting key is|The provided key element does not match)`),
	words("keys", `(One of the required keys was not given|The number of conditions on the keys|Type mismatch for key$|Type mismatch for Index Key$|`+
		`Hash primary key values must be under|Size limit exceeded|Type mismatch for attribute to update|Cannot have null key)`,
		`^ValidationException: (One or more parameter values were invalid: (Missing the key|Type mismatch for|Size of hashkey|Aggregated size)|The provided key element)`),
	words("missed-key", `Query condition missed key schema element$`, `Query condition missed key schema element: |Query key condition not supported`),
	words("consistent-index", `Consistent read cannot be true when querying a GSI`, `Consistent reads are not supported`),
	words("return-values", `Return values set to invalid value`, `ReturnValues can only be ALL_OLD or NONE`),
	words("unused-parameters", `can only be specified when using expressions`, `can only be specified when using expressions`),
	words("transaction-reasons", `^(ValidationException|TransactionCanceledException): `,
		`^TransactionCanceledException: .*ValidationError`),
	words("idempotency", `^IdempotentParameterMismatchException`, `^IdempotentParameterMismatchException`),
	words("payload", `Transaction payload size`, `Transaction payload size`),
	words("table-wording", `(key schema must match the number|not specified in Attribute Definitions|No provisioned throughput|No Attribute Schema|`+
		`Cannot create preexisting|Nothing to update|action is null|Invalid global secondary index name|Subscriber limit)`, `.`),
	words("slow-tables", `^ResourceInUseException`, `.`),
	words("ttl-wording", `TimeToLive is active on a different|Names of key attributes`, `TimeToLive is active on a different|validation error`),
	words("tags", `^UnknownOperationException`, `.`),
	words("internal", `^InternalFailure`, `.`),
	words("on-demand-throughput", `.`, `Neither ReadCapacityUnits nor WriteCapacityUnits can be specified|should not be specified for index`),
	words("index-key-update", `The provided expression refers to an attribute that does not exist|Invalid attribute value type`,
		`Type mismatch for Index Key|incorrect data type`),
}

// explain finds the difference that makes the engine's answer right although it is
// not that of DynamoDB Local, or gives "".
func explain(operation string, local, got *reply) string {
	if got.Error != "" && local.Error != "" {
		if got.Error == local.Error {
			return "transaction-reasons" // the service's reasons end without a full stop
		}
		for _, w := range wordings {
			if w.local.MatchString(local.Error) && w.service.MatchString(got.Error) {
				return w.id
			}
		}
		return ""
	}
	text := got.String()
	switch {
	case got.Error != "" && strings.Contains(text, "Type mismatch for Index Key"):
		return "index-key-update"
	case got.Error != "" && strings.Contains(text, "ReadCapacityUnits"):
		return "on-demand-throughput"
	case strings.Contains(text, "validation error"):
		return "constraints"
	case strings.Contains(local.Error, "UnknownOperationException"):
		return "tags"
	case strings.Contains(local.Error, "InternalFailure"):
		return "internal"
	case strings.Contains(local.Error, "ResourceInUseException"):
		return "slow-tables"
	case got.Error != "" || local.Error != "":
		return ""
	case got.Answer["Count"] == 0.0 && local.Answer["Count"] == 0.0:
		return "empty-read"
	case strings.HasPrefix(operation, "Transact") && got.Answer["ConsumedCapacity"] != nil:
		return "transaction-capacity"
	case strings.Contains(text, "ItemCollectionMetrics"):
		return "collection-metrics"
	case strings.HasSuffix(operation, "Table"):
		return "table-description"
	}
	return ""
}

func TestDifferencesAreDocumented(t *testing.T) {
	known := differences(t)
	for _, w := range wordings {
		if _, ok := known[w.id]; !ok {
			t.Errorf("%s: unknown", w.id)
		}
	}
	for id, d := range known {
		if d.Local == "" || d.Service == "" || !strings.HasPrefix(d.Page, "https://") {
			t.Errorf("%s: incomplete", id)
		}
	}
}
