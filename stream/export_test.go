package stream_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/entable/entable"
	"github.com/entable/entable/stream"
)

func TestExport(t *testing.T) {
	table, _ := declareLedgers()
	old := ledgerOfBob
	old.Sum = 1
	for _, name := range []string{"testdata/export.json", "testdata/export.json.gz"} {
		f, err := os.Open(name)
		check(t, err)
		defer f.Close()
		list, errs := results(stream.Export(table, f))
		if len(list) != 4 || len(errs) != 1 {
			t.Fatalf("%s: %d records and the errors %v", name, len(list), errs)
		}
		failed, ok := errors.AsType[*stream.LineError](errs[0])
		if !ok || failed.Line != 4 || failed.Error() != `entable: line 4 of the export: table "ledgers": item [pk="G#1" sk="A"] is of type "Ghost", which is not registered` {
			t.Errorf("%s: error %v", name, errs[0])
		}
		checkRecord(t, name+": first", list[0], want{key: ledgerKey(ledgerOfAnn), new: &ledgerOfAnn})
		if !reflect.DeepEqual(list[1].New, &Task{"a", 7}) || !reflect.DeepEqual(list[1].Key, &Task{"a", 7}) {
			t.Errorf("%s: second is %+v", name, *list[1])
		}
		checkRecord(t, name+": modified", list[2], want{stream.Modify, ledgerKey(ledgerOfBob), &old, &ledgerOfBob, time.UnixMicro(1731672060500000), false})
		checkRecord(t, name+": removed", list[3], want{stream.Remove, ledgerKey(ledgerOfCy), &ledgerOfCy, nil, time.UnixMicro(1731672120000000), false})
	}
}

// Lines of an incremental export without old images, and items of the library.
func TestExportLines(t *testing.T) {
	table, ledgers := declareLedgers()
	keys := `"Metadata":{"WriteTimestampMicros":{"N":"1731672060123456"}},"Keys":{"pk":{"S":"LO#ann"},"sk":{"S":"LD#2024-02-29"}}`
	image := `{"pk":{"S":"LO#ann"},"sk":{"S":"LD#2024-02-29"},"_type":{"S":"Ledger"},"owner":{"S":"ann"},"day":{"S":"2024-02-29T00:00:00Z"}}`
	at := time.UnixMicro(1731672060123456)
	for line, w := range map[string]want{
		`{` + keys + `,"NewImage":` + image + `}`:                 {key: ledgerKey(ledgerOfAnn), new: ledgerKey(ledgerOfAnn), at: at},
		`{` + keys + `,"NewImage":` + image + `,"OldImage":null}`: {key: ledgerKey(ledgerOfAnn), new: ledgerKey(ledgerOfAnn), at: at},
		`{` + keys + `}`: {kind: stream.Remove, key: ledgerKey(ledgerOfAnn), at: at},
		`{` + keys + `,"NewImage":{},"OldImage":{}}`: {kind: stream.Remove, key: ledgerKey(ledgerOfAnn), at: at},
		"\r\n \n{\"Item\":" + image + "}\r\n\n":      {key: ledgerKey(ledgerOfAnn), new: ledgerKey(ledgerOfAnn)},
	} {
		list, errs := results(stream.Export(table, strings.NewReader(line)))
		if len(errs) > 0 || len(list) != 1 {
			t.Errorf("%s: %v, %v", line, list, errs)
			continue
		}
		checkRecord(t, line, list[0], w)
	}
	own := `{"Keys":{"pk":{"S":"_manifest#%"},"sk":{"S":"A"}},"NewImage":{"pk":{"S":"_manifest#%"},"sk":{"S":"A"},"_type":{"S":"_manifest"}}}
{"Keys":{"pk":{"S":"_unique#Ledger#email#a"},"sk":{"S":"A"}}}
{"Item":{"pk":{"S":"_unique#Ledger#email#a"},"sk":{"S":"A"},"_type":{"S":"_unique"}}}`
	if list, errs := results(stream.Export(table, strings.NewReader(own), stream.RawUnknown())); len(list)+len(errs) > 0 {
		t.Errorf("the library's own items: %v, %v", list, errs)
	}
	ghost := `{"Item":{"pk":{"S":"G#1"},"sk":{"S":"A"},"_type":{"S":"Ghost"}}}`
	list, errs := results(stream.Export(table, strings.NewReader(ghost), stream.RawUnknown()))
	if len(errs) > 0 || len(list) != 1 || !reflect.DeepEqual(list[0].Key, entable.RawItem(key("G#1", "A"))) || len(list[0].New.(entable.RawItem)) != 3 {
		t.Errorf("unknown items as they are: %v, %v", list, errs)
	}

	// The largest line that the service can write is read.
	long := ledgerOfAnn
	long.Memo = strings.Repeat("\x01", 400_000)
	item, err := ledgers.ToItem(&long)
	check(t, err)
	text := fmt.Sprintf(`{"Item":{"pk":{"S":"LO#ann"},"sk":{"S":"LD#2024-02-29"},"_type":{"S":"Ledger"},"owner":{"S":"ann"},"day":{"S":"2024-02-29T00:00:00Z"},"memo":{"S":"%s"}}}`,
		strings.Repeat(`\u0001`, 400_000))
	list, errs = results(stream.Export(table, strings.NewReader(text)))
	if len(errs) > 0 || len(list) != 1 || list[0].New.(*Ledger).Memo != long.Memo || item["memo"] == nil {
		t.Errorf("a long line: %d records, %v", len(list), errs)
	}
}

// A line that is wrong does not stop those behind it; an error of reading ends the range.
func TestWrongExports(t *testing.T) {
	table, _ := declareLedgers()
	good := `{"Item":{"_type":{"S":"Task"},"pk":{"S":"TL#a"},"sk":{"S":"TN#0000000000000000001"},"list":{"S":"a"},"n":{"N":"1"}}}`
	for wrong, want := range map[string]string{
		`{}`: `ledgers: it has no item`,
		`{"itemCount":8,"dataFileS3Key":"x.json.gz"}`: `ledgers: it has no item`,
		`{"Item":`:                 `ledgers: unexpected end of JSON input`,
		`{"Item":5}`:               `ledgers: `,
		`$ion_1_0 {Item:{pk:"x"}}`: `ledgers: it is in Amazon Ion: export in DynamoDB JSON`,
		`{"Item":{"_type":{"S":"Task"},"pk":{"S":"TL#a"},"sk":{"S":"TN#1"},"n":{"S":"x"}}}`:                      `Task[pk="TL#a" sk="TN#1"]: attribute n: cannot decode S into int`,
		`{"Metadata":{"WriteTimestampMicros":{"N":"-1"}},"Keys":{"pk":{"S":"LO#a"},"sk":{"S":"LD#2024-01-01"}}}`: `ledgers: WriteTimestampMicros -1: no time`,
	} {
		list, errs := results(stream.Export(table, strings.NewReader(good+"\n\n"+wrong+"\n"+good)))
		if len(list) != 2 || len(errs) != 1 {
			t.Errorf("%s: %d records, %v", wrong, len(list), errs)
			continue
		}
		failed, ok := errors.AsType[*stream.LineError](errs[0])
		if !ok || failed.Line != 3 || !strings.HasPrefix(failed.Error(), "entable: line 3 of the export: "+want) || !entable.IsError(failed) {
			t.Errorf("%s: error\n%v, want\n%s", wrong, errs[0], want)
		}
	}
	whole, err := os.ReadFile("testdata/export.json.gz")
	check(t, err)
	for text, want := range map[string]string{
		string(whole[:len(whole)-20]): "unexpected EOF",
		"\x1f\x8bx":                   "unexpected EOF",
		good + "\n" + strings.Repeat("x", 16<<20) + "\n": "a line is longer than 16777216 bytes",
	} {
		list, errs := results(stream.Export(table, strings.NewReader(text)))
		if last := errs[len(errs)-1]; last.Error() != "entable: ledgers: cannot read the export: "+want || !entable.IsError(last) {
			t.Errorf("%.20q: %d records, %v, want\n%s", text, len(list), errs, want)
		}
	}
	lost := fmt.Errorf("connection lost: %w", io.EOF)
	for _, text := range []string{"", good, good + "\n"} {
		_, errs := results(stream.Export(table, io.MultiReader(strings.NewReader(text), iotest.ErrReader(lost))))
		if len(errs) != 1 || !errors.Is(errs[0], lost) {
			t.Errorf("a connection that is lost behind %d bytes: %v", len(text), errs)
		}
	}
	for range stream.Export(table, bytes.NewReader(whole)) {
		break
	}
	var z bytes.Buffer
	check(t, gzip.NewWriter(&z).Close())
	for _, empty := range []string{"", "\n\n", z.String()} {
		if list, errs := results(stream.Export(table, strings.NewReader(empty))); len(list)+len(errs) > 0 {
			t.Errorf("an empty export: %v, %v", list, errs)
		}
	}
}
