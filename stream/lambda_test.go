package stream_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/stream"
)

func lambdaEvent(t testing.TB) []byte {
	t.Helper()
	event, err := os.ReadFile("testdata/lambda_event.json")
	check(t, err)
	return event
}

func TestRecordedItemsAreWhatTheLibraryStores(t *testing.T) {
	_, ledgers := declareLedgers()
	var e struct {
		Records []struct {
			Dynamodb struct{ NewImage json.RawMessage } `json:"dynamodb"`
		}
	}
	check(t, json.Unmarshal(lambdaEvent(t), &e))
	for i, v := range map[int]Ledger{0: ledgerOfAnn, 2: ledgerOfBob} {
		item, err := ledgers.ToItem(&v)
		check(t, err)
		got, err := attributevalue.UnmarshalMapJSON(e.Records[i].Dynamodb.NewImage)
		check(t, err)
		if !reflect.DeepEqual(got, item) {
			t.Errorf("record %d has the image\n%v, stored is\n%v", i, got, item)
		}
	}
}

// The same changes come as an event, as an array, alone, and through Kinesis.
func TestLambda(t *testing.T) {
	table, _ := declareLedgers()
	event := lambdaEvent(t)
	var e struct{ Records []json.RawMessage }
	check(t, json.Unmarshal(event, &e))
	array, err := json.Marshal(e.Records)
	check(t, err)
	var alone []*stream.Record
	for _, r := range e.Records {
		list, errs := results(stream.Lambda(table, r))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		alone = append(alone, list...)
	}
	forms := map[string][]*stream.Record{"one by one": alone}
	for name, text := range map[string][]byte{"event": event, "array": append([]byte(" \n"), array...)} {
		list, errs := results(stream.Lambda(table, text))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		forms[name] = list
	}
	old := ledgerOfBob
	old.Sum = 1
	for name, list := range forms {
		if len(list) != 4 {
			t.Fatalf("%s: %d records, want 4: one is the library's own", name, len(list))
		}
		for i, w := range []want{
			{stream.Insert, ledgerKey(ledgerOfAnn), nil, &ledgerOfAnn, time.Unix(1731672000, 0), false},
			{stream.Modify, ledgerKey(ledgerOfBob), &old, &ledgerOfBob, time.UnixMilli(1731672060500), false},
			{stream.Remove, ledgerKey(ledgerOfCy), &ledgerOfCy, nil, time.Unix(1731672120, 0), true},
			{stream.Remove, &ledgerOfDee, nil, nil, time.Unix(1731672180, 0), false},
		} {
			checkRecord(t, fmt.Sprintf("%s: record %d", name, i), list[i], w)
			if n := []string{"1", "3", "4", "5"}[i]; list[i].SequenceNumber != "442158450000000001745043909"+n || list[i].ID == "" {
				t.Errorf("%s: record %d is %+v", name, i, *list[i])
			}
		}
	}
}

// record is the JSON of a record of the ledger of ann, with more members.
func record(more string) string {
	return `{"eventID":"1","eventName":"MODIFY","dynamodb":{"SequenceNumber":"7","Keys":{"pk":{"S":"LO#ann"},"sk":{"S":"LD#2024-02-29"}}` + more + `}`
}

func TestOnlyTheServiceExpires(t *testing.T) {
	table, _ := declareLedgers()
	for identity, expired := range map[string]bool{
		`{"type":"Service","principalId":"dynamodb.amazonaws.com"}`:    true,
		`{"type":"Service","principalId":"lambda.amazonaws.com"}`:      false,
		`{"type":"AWSAccount","principalId":"dynamodb.amazonaws.com"}`: false,
		`null`: false,
	} {
		list, errs := results(stream.Lambda(table, []byte(record(`},"userIdentity":`+identity))))
		if len(errs) > 0 || len(list) != 1 || list[0].Expired != expired {
			t.Errorf("%s: %v, %v", identity, list, errs)
		}
	}
}

// An image that is null or has no attributes is none, however it is written.
func TestMissingImages(t *testing.T) {
	table, _ := declareLedgers()
	for _, none := range []string{`null`, `{}`, "{ \n\t }", "{" + strings.Repeat(" ", 100) + "}"} {
		list, errs := results(stream.Lambda(table, []byte(record(`,"OldImage":`+none+`,"NewImage":`+none+`}`))))
		if len(errs) > 0 || len(list) != 1 {
			t.Errorf("%q: %v, %v", none, list, errs)
			continue
		}
		checkRecord(t, none, list[0], want{kind: stream.Modify, key: ledgerKey(ledgerOfAnn)})
		_, errs = results(stream.Lambda(table, []byte(`[{"eventName":"INSERT","dynamodb":{"Keys":`+none+`}}]`)))
		if len(errs) != 1 || errs[0].Error() != `entable: record 0 (sequence number ""): ledgers: the record has no keys` {
			t.Errorf("keys %q: %v", none, errs)
		}
	}
}

func TestTimes(t *testing.T) {
	table, _ := declareLedgers()
	kinesis := `,"recordFormat":"application/json"`
	for _, test := range []struct {
		more string
		want time.Time
	}{
		{`}`, time.Time{}},
		{`,"ApproximateCreationDateTime":null}`, time.Time{}},
		{`,"ApproximateCreationDateTime":1731672060}`, time.Unix(1731672060, 0)},
		{`,"ApproximateCreationDateTime":1.73167206E9}`, time.Unix(1731672060, 0)},
		{`,"ApproximateCreationDateTime":1731672060.123456}`, time.UnixMicro(1731672060123456)},
		{`,"ApproximateCreationDateTime":1731672060123,"ApproximateCreationDateTimePrecision":"MILLISECOND"}` + kinesis, time.UnixMilli(1731672060123)},
		{`,"ApproximateCreationDateTime":1731672060123}` + kinesis, time.UnixMilli(1731672060123)},
		{`,"ApproximateCreationDateTime":1731672060123456,"ApproximateCreationDateTimePrecision":"MICROSECOND"}` + kinesis, time.UnixMicro(1731672060123456)},
	} {
		list, errs := results(stream.Lambda(table, []byte(record(test.more))))
		if len(errs) > 0 || len(list) != 1 || !list[0].At.Equal(test.want) {
			t.Errorf("%s: %v, %v, want %s", test.more, list, errs, test.want)
		}
	}
	for more, want := range map[string]string{
		`,"ApproximateCreationDateTime":1,"ApproximateCreationDateTimePrecision":"NANOSECOND"}`: `unknown ApproximateCreationDateTimePrecision "NANOSECOND", want MILLISECOND or MICROSECOND`,
		`,"ApproximateCreationDateTime":1731672060123}`:                                         `ApproximateCreationDateTime 1731672060123: no time between 1970 and 2255`,
		`,"ApproximateCreationDateTime":-1}`:                                                    `ApproximateCreationDateTime -1: no time between 1970 and 2255`,
		`,"ApproximateCreationDateTime":1e999}`:                                                 `ApproximateCreationDateTime 1e999: `,
	} {
		_, errs := results(stream.Lambda(table, []byte(record(more))))
		if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), `entable: record 0 (sequence number "7"): ledgers: `+want) {
			t.Errorf("%s: %v, want %s", more, errs, want)
		}
	}
}

// The event of a Kinesis data stream holds the change in the data, and has a sequence number of its own.
func TestKinesisEvent(t *testing.T) {
	table, _ := declareLedgers()
	wrap := func(data string) string {
		return `{"eventID":"shardId-0:9","eventName":"aws:kinesis:record","eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"9","data":"` +
			base64.StdEncoding.EncodeToString([]byte(data)) + `"}}`
	}
	own := `{"eventID":"2","eventName":"INSERT","dynamodb":{"Keys":{"pk":{"S":"_manifest#%"},"sk":{"S":"A"}}}}`
	event := `{"Records":[` + wrap(record(`,"ApproximateCreationDateTime":1731672060123},"eventSource":"aws:dynamodb"`)) + `,` + wrap(own) + `,` + wrap("plain") + `]}`
	list, errs := results(stream.Lambda(table, []byte(event)))
	if len(list) != 1 || len(errs) != 1 {
		t.Fatalf("%v, %v", list, errs)
	}
	checkRecord(t, "record", list[0], want{kind: stream.Modify, key: ledgerKey(ledgerOfAnn), at: time.UnixMilli(1731672060123)})
	if list[0].ID != "1" || list[0].SequenceNumber != "9" {
		t.Errorf("record %+v", *list[0])
	}
	failed, ok := errors.AsType[*stream.RecordError](errs[0])
	if !ok || failed.Index != 2 || failed.SequenceNumber != "9" || !strings.Contains(failed.Error(), "cannot read the data of the Kinesis record: ") {
		t.Errorf("error %v", errs[0])
	}
}

// What is no event at all is one error.
func TestWrongEvents(t *testing.T) {
	table, _ := declareLedgers()
	for event, want := range map[string]string{
		``:                          `unexpected end of JSON input`,
		`{`:                         `unexpected end of JSON input`,
		`[`:                         `unexpected end of JSON input`,
		`null`:                      `it has no Records, and is neither an array of records nor one record`,
		`{}`:                        `it has no Records, and is neither an array of records nor one record`,
		`{"Records":null}`:          `it has no Records, and is neither an array of records nor one record`,
		`{"detail-type":"x"}`:       `it has no Records, and is neither an array of records nor one record`,
		`5`:                         `json: cannot unmarshal`,
		`"x"`:                       `json: cannot unmarshal`,
		`{"Records":{"eventID":1}}`: `json: cannot unmarshal`,
		`{"Records":[]} x`:          `invalid character 'x' after top-level value`,
	} {
		list, errs := results(stream.Lambda(table, []byte(event)))
		if len(list) > 0 || len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), "entable: ledgers: cannot read the event: "+want) || !entable.IsError(errs[0]) {
			t.Errorf("%s: %v, %v, want %s", event, list, errs, want)
		}
	}
	if list, errs := results(stream.Lambda(table, []byte(`{"Records":[]}`))); len(list)+len(errs) > 0 {
		t.Errorf("an event without records: %v, %v", list, errs)
	}
}

// One record that is wrong does not stop those behind it, and the error says which it is.
func TestWrongRecords(t *testing.T) {
	table, _ := declareLedgers()
	good := record(`}`)
	for wrong, want := range map[string]string{
		`5`:                                    `ledgers: json: cannot unmarshal number`,
		`null`:                                 `ledgers: the record has no change`,
		`{"eventName":"INSERT"}`:               `ledgers: the record has no change`,
		`{"eventName":"INSERT","dynamodb":{}}`: `ledgers: the record has no keys`,
		`{"eventName":"MOVE","dynamodb":{}}`:   `ledgers: unknown kind of change "MOVE", want INSERT, MODIFY or REMOVE`,
		`{"eventSource":"aws:sqs","body":"x"}`: `ledgers: it is a record of "aws:sqs", want aws:dynamodb`,
		`{"eventName":"INSERT","dynamodb":{"Keys":5}}`:                                                   `ledgers: `,
		`{"eventName":"INSERT","dynamodb":{"Keys":{"pk":{"S":"X#1"},"sk":{"S":"Y"}}}}`:                   `table "ledgers": item [pk="X#1" sk="Y"] is of no registered entity`,
		record(`,"NewImage":{"_type":{"S":"Ghost"},"pk":{"S":"G#1"},"sk":{"S":"A"}}}`):                   `table "ledgers": item [pk="G#1" sk="A"] is of type "Ghost", which is not registered`,
		record(`,"NewImage":{"_type":{"S":"Ledger"},"parts":{"L":[{"M":{}},{"M":{"qty":{"S":"x"}}}]}}}`): `Ledger: attribute parts[1].qty: cannot decode S into int`,
	} {
		list, errs := results(stream.Lambda(table, []byte(`[`+good+`,`+wrong+`,`+good+`]`)))
		if len(list) != 2 || len(errs) != 1 {
			t.Errorf("%s: %v, %v", wrong, list, errs)
			continue
		}
		failed, ok := errors.AsType[*stream.RecordError](errs[0])
		if !ok || failed.Index != 1 || !strings.HasPrefix(failed.Error(), fmt.Sprintf("entable: record 1 (sequence number %q): %s", failed.SequenceNumber, want)) || !entable.IsError(failed) {
			t.Errorf("%s: error\n%v, want\n%s", wrong, errs[0], want)
		}
	}
}

// The caller may stop at any record, and range again.
func TestStopAndRangeAgain(t *testing.T) {
	table, _ := declareLedgers()
	records := stream.Lambda(table, []byte(`[`+record(`}`)+`,5,`+record(`}`)+`]`))
	for stop := range 3 {
		n := 0
		for range records {
			if n++; n > stop {
				break
			}
		}
		if n != stop+1 {
			t.Errorf("%d records before the stop at %d", n, stop+1)
		}
	}
}

// The keys of a table of numbers have no prefixes; an image tells the type, and is not needed for the only one.
func TestKeysWithoutPrefixes(t *testing.T) {
	type reading struct {
		Sensor int    `dynamodbav:"sensor"`
		Text   string `dynamodbav:"text"`
	}
	table := entable.NewTable("readings", entable.NoSortKey(), entable.PartitionKey("pk", types.ScalarAttributeTypeN))
	entable.Register[reading](table)
	keys := `{"eventName":"REMOVE","dynamodb":{"Keys":{"pk":{"N":"7"}}`
	for image, old := range map[string]any{
		``: nil,
		`,"OldImage":{"pk":{"N":"7"},"sensor":{"N":"7"},"_type":{"S":"reading"},"text":{"S":"x"}}`: &reading{7, "x"},
	} {
		list, errs := results(stream.Lambda(table, []byte(keys+image+`}}`)))
		if len(errs) > 0 || len(list) != 1 || !reflect.DeepEqual(list[0].Key, &reading{Sensor: 7}) || !reflect.DeepEqual(list[0].Old, old) {
			t.Errorf("%s: %v, %v", image, list, errs)
		}
	}
}

func FuzzLambda(f *testing.F) {
	table, _ := declareLedgers()
	f.Add(lambdaEvent(f))
	f.Add([]byte(`[` + record(`,"NewImage":{}}`) + `,5,null]`))
	f.Add([]byte(`{"kinesis":{"data":"e30="}}`))
	f.Fuzz(func(t *testing.T, event []byte) {
		for r, err := range stream.Lambda(table, event, stream.RawUnknown()) {
			if (r == nil) == (err == nil) || err != nil && !entable.IsError(err) || r != nil && r.Key == nil {
				t.Errorf("%v, %v", r, err)
			}
		}
	})
}
