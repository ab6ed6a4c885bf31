package engine_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/entable/entable/internal/engine"
)

func TestContinuousBackups(t *testing.T) {
	c := newClock()
	db := newDB(t, engine.Config{Now: c.Now})
	must(t, db, "CreateTable", things)
	status := func(operation, more string) string {
		_, out := call(t, db, operation, `{"TableName":"things"`+more+`}`)
		if msg := refusal(out); msg != "" {
			return msg
		}
		d := out["ContinuousBackupsDescription"].(map[string]any)
		p := d["PointInTimeRecoveryDescription"].(map[string]any)
		return fmt.Sprint(d["ContinuousBackupsStatus"], " ", p["PointInTimeRecoveryStatus"], " ", p["RecoveryPeriodInDays"], " ", p["EarliestRestorableDateTime"] != nil)
	}
	for _, step := range []struct{ operation, more, want string }{
		{"DescribeContinuousBackups", "", "ENABLED DISABLED <nil> false"},
		{"UpdateContinuousBackups", `,"PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true}`, "ENABLED ENABLED 35 true"},
		{"UpdateContinuousBackups", `,"PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true,"RecoveryPeriodInDays":7}`, "ENABLED ENABLED 7 true"},
		{"DescribeContinuousBackups", "", "ENABLED ENABLED 7 true"},
		{"UpdateContinuousBackups", `,"PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true,"RecoveryPeriodInDays":36}`,
			"ValidationException: 1 validation error detected: Value '36' at 'pointInTimeRecoverySpecification.recoveryPeriodInDays' failed to satisfy constraint: Member must have value less than or equal to 35"},
		{"UpdateContinuousBackups", `,"PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":false}`, "ENABLED DISABLED <nil> false"},
	} {
		if got := status(step.operation, step.more); got != step.want {
			t.Errorf("%s %s: %s, want %s", step.operation, step.more, got, step.want)
		}
	}
	must(t, db, "DeleteTable", `{"TableName":"things"}`)
	if got := status("DescribeContinuousBackups", ""); got != "TableNotFoundException: Table not found: things" {
		t.Error(got)
	}
}

func TestResourcePolicies(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", strings.Replace(streamed("NEW_IMAGE"), `{"`, `{"ResourcePolicy":"{\"Version\":\"1\"}","`, 1))
	stream := streamArn(t, db)
	table, _, _ := strings.Cut(stream, "/stream/")
	do := func(operation, arn, more string) string {
		_, out := call(t, db, operation, fmt.Sprintf(`{"ResourceArn":%q%s}`, arn, more))
		if msg := refusal(out); msg != "" {
			return msg
		}
		return fmt.Sprint(out["Policy"], " ", out["RevisionId"])
	}
	const missing = "PolicyNotFoundException: Resource-based policy not found for the provided ResourceArn: Requested policy was not found for the resource: "
	for _, step := range []struct{ operation, arn, more, want string }{
		{"GetResourcePolicy", table, "", `{"Version":"1"} 1`},
		{"GetResourcePolicy", stream, "", missing + stream},
		{"PutResourcePolicy", stream, `,"Policy":"{}","ExpectedRevisionId":"NO_POLICY"`, "<nil> 2"},
		{"PutResourcePolicy", stream, `,"Policy":"{ }","ExpectedRevisionId":"NO_POLICY"`, missing + stream},
		{"PutResourcePolicy", stream, `,"Policy":"{ }","ExpectedRevisionId":"2"`, "<nil> 3"},
		{"GetResourcePolicy", stream, "", `{ } 3`},
		{"PutResourcePolicy", table, `,"Policy":"no"`, "ValidationException: One or more parameter values were invalid: Invalid policy document: the policy is not valid JSON"},
		{"DeleteResourcePolicy", table, `,"ExpectedRevisionId":"7"`, missing + table},
		{"DeleteResourcePolicy", table, "", "<nil> 1"},
		{"DeleteResourcePolicy", table, "", "<nil> <nil>"},
		{"GetResourcePolicy", table, "", missing + table},
		{"GetResourcePolicy", table + "x", "", "ResourceNotFoundException: Requested resource not found: ResourcArn: " + table + "x not found"},
	} {
		if got := do(step.operation, step.arn, step.more); got != step.want {
			t.Errorf("%s %s\n got %s\nwant %s", step.operation, step.more, got, step.want)
		}
	}
}

func TestWarmThroughputIsKept(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", strings.Replace(things, `{"TableName"`, `{"WarmThroughput":{"ReadUnitsPerSecond":20000},"TableName"`, 1))
	warm := func() string {
		d := must(t, db, "DescribeTable", `{"TableName":"things"}`)["Table"].(map[string]any)
		return fmt.Sprint(d["WarmThroughput"], " ", d["GlobalSecondaryIndexes"].([]any)[0].(map[string]any)["WarmThroughput"])
	}
	if got, want := warm(), "map[ReadUnitsPerSecond:20000 Status:ACTIVE WriteUnitsPerSecond:4000] <nil>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	must(t, db, "UpdateTable", `{"TableName":"things","WarmThroughput":{"WriteUnitsPerSecond":5000},
		"GlobalSecondaryIndexUpdates":[{"Update":{"IndexName":"gix","WarmThroughput":{"WriteUnitsPerSecond":6000}}}]}`)
	if got, want := warm(), "map[ReadUnitsPerSecond:12000 Status:ACTIVE WriteUnitsPerSecond:5000] map[ReadUnitsPerSecond:12000 Status:ACTIVE WriteUnitsPerSecond:6000]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, out := call(t, db, "UpdateTable", `{"TableName":"things","GlobalSecondaryIndexUpdates":[{"Update":{"IndexName":"gix"}}]}`); !strings.Contains(refusal(out), "At least one of") {
		t.Errorf("an update of nothing: %v", out)
	}
}

func TestRequestsMayBeCompressed(t *testing.T) {
	db := newDB(t, engine.Config{})
	pack := map[string]func(io.Writer) io.WriteCloser{
		"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
	}
	for encoding, writer := range pack {
		send := func(body []byte) string {
			r := newRequest("CreateTable", "")
			r.Header.Set("Content-Encoding", encoding)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			_, text := do(t, db, r)
			return refusal(decode(t, string(text)))
		}
		var b bytes.Buffer
		w := writer(&b)
		fmt.Fprint(w, strings.Replace(things, `"things"`, `"`+encoding+`"`, 1))
		w.Close()
		if got := send(b.Bytes()); got != "" {
			t.Errorf("%s: %s", encoding, got)
		}
		if got := send(b.Bytes()[:b.Len()/2]); got != "SerializationException: " {
			t.Errorf("%s, broken off: %s", encoding, got)
		}
		if got := send([]byte(things)); got != "SerializationException: " {
			t.Errorf("%s, but plain: %s", encoding, got)
		}
	}
}

// Each operation that an SDK knows is answered: done, or refused with a reason.
func TestEveryOperationIsAnswered(t *testing.T) {
	db := newDB(t, engine.Config{})
	for _, client := range []any{&dynamodb.Client{}, &dynamodbstreams.Client{}} {
		for m := range reflect.TypeOf(client).Methods() {
			if m.Name == "Options" {
				continue
			}
			_, out := call(t, db, m.Name, `{}`)
			if got := refusal(out); strings.HasSuffix(got, "Exception: ") {
				t.Errorf("%s: %s", m.Name, got)
			}
		}
	}
	if _, out := call(t, db, "ExecuteStatement", `{}`); !strings.Contains(refusal(out), "ExecuteStatement is not supported") {
		t.Errorf("ExecuteStatement: %v", out)
	}
}

// No parameter that an SDK can send is ignored.
func TestParametersOfWhatIsMissingAreRefused(t *testing.T) {
	db := newDB(t, engine.Config{})
	for operation, names := range map[string][]string{
		"CreateTable": {"GlobalTableSettingsReplicationMode", "GlobalTableSourceArn", "VectorIndexes"},
		"UpdateTable": {"DisassociationProtectionEnabled", "GlobalTableSettingsReplicationMode", "GlobalTableWitnessUpdates", "MultiRegionConsistency",
			"ReplicaUpdates", "VectorIndexUpdates"},
	} {
		for _, name := range names {
			_, out := call(t, db, operation, strings.Replace(things, `{"TableName"`, fmt.Sprintf(`{%q:[{}],"TableName"`, name), 1))
			if got, want := refusal(out), "ValidationException: "+name+" is not supported by the in-process DynamoDB of entable"; got != want {
				t.Errorf("%s: %s, want %s", operation, got, want)
			}
		}
	}
}

func TestTheIndexCatchesUpWhenTheTableChanges(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", things)
	if err := db.Home().LagIndexes("things", 5); err != nil {
		t.Fatal(err)
	}
	must(t, db, "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"g":{"S":"g"},"h":{"N":"1"}}}`)
	s := db.Snapshot()
	count := func() any { return must(t, db, "Scan", `{"TableName":"things","IndexName":"gix"}`)["Count"] }
	if got := count(); got != 0.0 {
		t.Errorf("%v items in an index that is behind", got)
	}
	must(t, db, "UpdateTable", `{"TableName":"things","DeletionProtectionEnabled":false}`)
	if got := count(); got != 1.0 {
		t.Errorf("%v items after the table was updated", got)
	}
	db.Restore(s)
	if got := count(); got != 0.0 {
		t.Errorf("%v items after the snapshot was restored", got)
	}
	if err := db.Home().CatchUp("things"); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != 1.0 {
		t.Errorf("%v items after catching up", got)
	}
}
