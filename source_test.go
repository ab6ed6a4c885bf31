package entable_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/google/uuid"

	"github.com/entable/entable"
)

// Ledger is the entity of the recorded events and exports.
type Ledger struct {
	Owner string       `dynamodbav:"owner"`
	Day   time.Time    `dynamodbav:"day"`
	Sum   int64        `dynamodbav:"sum"`
	Memo  string       `dynamodbav:"memo,omitempty"`
	Seal  []byte       `dynamodbav:"seal,omitempty"`
	Parts []ledgerPart `dynamodbav:"parts,omitempty"`
	Open  bool         `dynamodbav:"open,omitempty"`
	Email string       `dynamodbav:"email,omitempty" entable:"unique"`
	Until time.Time    `dynamodbav:"until" entable:"ttl"`
}

type ledgerPart struct {
	Qty  int    `dynamodbav:"qty"`
	Name string `dynamodbav:"name"`
}

func declareLedgers() (*entable.Table, *entable.Entity[Ledger]) {
	table := entable.NewTable("ledgers")
	ledgers := entable.Register[Ledger](table, entable.PK("owner"), entable.SK(entable.Attr("day").Layout("2006-01-02"), entable.Prefix("LD")))
	registerTasks(table)
	return table, ledgers
}

// The values that the recorded items were made of.
var (
	ledgerOfAnn = Ledger{
		Owner: "ann", Day: time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), Sum: 12345678901234567, Memo: `grüße "☃"`,
		Seal: []byte{0, 1, 2, 255}, Parts: []ledgerPart{{2, "pen"}}, Open: true, Email: "ann@example.org",
	}
	ledgerOfBob = Ledger{Owner: "bob#", Day: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), Sum: 2}
	ledgerOfCy  = Ledger{Owner: "cy", Day: time.Date(2023, 12, 31, 0, 0, 0, 0, time.UTC), Sum: 3}
	ledgerOfDee = Ledger{Owner: "dee", Day: time.Date(2023, 12, 30, 0, 0, 0, 0, time.UTC)}
)

// ledger compares a decoded value; its expiry aside.
func checkLedger(t *testing.T, what string, got any, want *Ledger) {
	t.Helper()
	if want == nil {
		if got != nil {
			t.Errorf("%s is %v, want none", what, got)
		}
		return
	}
	l, ok := got.(*Ledger)
	if !ok {
		t.Errorf("%s is a %T, want %v", what, got, *want)
		return
	}
	copied := *l
	copied.Until = time.Time{}
	if !reflect.DeepEqual(copied, *want) {
		t.Errorf("%s is\n%+v, want\n%+v", what, copied, *want)
	}
}

func ledgerKey(l Ledger) *Ledger { return &Ledger{Owner: l.Owner, Day: l.Day} }

func TestRecordedItemsAreWhatTheLibraryStores(t *testing.T) {
	_, ledgers := declareLedgers()
	event, err := os.ReadFile("testdata/lambda_event.json")
	check(t, err)
	var e struct {
		Records []struct {
			Dynamodb struct{ NewImage json.RawMessage } `json:"dynamodb"`
		}
	}
	check(t, json.Unmarshal(event, &e))
	for i, v := range map[int]Ledger{0: ledgerOfAnn, 2: ledgerOfBob} {
		item, err := ledgers.ToItem(&v)
		check(t, err)
		var got, want any
		check(t, json.Unmarshal([]byte(dynamoJSON(item)), &want))
		check(t, json.Unmarshal(e.Records[i].Dynamodb.NewImage, &got))
		if !reflect.DeepEqual(got, want) {
			t.Errorf("record %d has the image\n%v, stored is\n%v", i, got, want)
		}
	}
}

func TestDecodeLambda(t *testing.T) {
	table, _ := declareLedgers()
	event, err := os.ReadFile("testdata/lambda_event.json")
	check(t, err)
	changes, err := table.DecodeLambda(event)
	check(t, err)
	old := ledgerOfBob
	old.Sum = 1
	for i, want := range []struct {
		kind          entable.ChangeKind
		key, old, new *Ledger
		at            int64
		expired       bool
	}{
		{entable.Inserted, ledgerKey(ledgerOfAnn), nil, &ledgerOfAnn, 1731672000, false},
		{entable.Inserted, nil, nil, nil, 1731672000, false}, // a sentinel
		{entable.Modified, ledgerKey(ledgerOfBob), &old, &ledgerOfBob, 1731672060, false},
		{entable.Removed, ledgerKey(ledgerOfCy), &ledgerOfCy, nil, 1731672120, true},
		{entable.Removed, &ledgerOfDee, nil, nil, 1731672180, false},
	} {
		if i >= len(changes) {
			t.Fatalf("%d records, want 5", len(changes))
		}
		c := changes[i]
		if c.Kind != want.kind || c.Expired != want.expired || c.At.Unix() != want.at || c.SequenceNumber != fmt.Sprint("442158450000000001745043909", 1+i) || c.ID == "" {
			t.Errorf("record %d is %+v", i, c)
		}
		checkLedger(t, fmt.Sprintf("key of record %d", i), c.Key, want.key)
		checkLedger(t, fmt.Sprintf("old image of record %d", i), c.Old, want.old)
		checkLedger(t, fmt.Sprintf("new image of record %d", i), c.New, want.new)
	}
	// Only the service itself expires items: another service may delete them, too.
	for identity, expired := range map[string]bool{
		`{"type":"Service","principalId":"dynamodb.amazonaws.com"}`:    true,
		`{"type":"Service","principalId":"lambda.amazonaws.com"}`:      false,
		`{"type":"AWSAccount","principalId":"dynamodb.amazonaws.com"}`: false,
		`null`: false,
	} {
		changes, err := table.DecodeLambda([]byte(`{"Records":[{"eventID":"1","eventName":"REMOVE","userIdentity":` + identity +
			`,"dynamodb":{"Keys":{"pk":{"S":"LO#a"},"sk":{"S":"LD#2024-01-01"}}}}]}`))
		check(t, err)
		if changes[0].Expired != expired {
			t.Errorf("%s: expired %t", identity, changes[0].Expired)
		}
	}
	for _, test := range []struct{ event, want string }{
		{`{`, `entable: ledgers: cannot read the event: unexpected end of JSON input`},
		{`{"Records":[{"eventID":"1","eventName":"INSERT"}]}`, `record 0 (1): entable: table "ledgers": the stream record has no keys`},
		{`{"Records":[{"eventID":"1","dynamodb":{"Keys":{"pk":{"S":"X#1"},"sk":{"S":"Y"}}}}]}`, `record 0 (1): entable: table "ledgers": item [pk="X#1" sk="Y"] is of no registered entity`},
		{`{"Records":[{"eventID":"2","dynamodb":{"Keys":{"pk":{"S":"LO#a"},"sk":{"S":"LD#2024-01-01"}},"NewImage":{"_type":{"S":"Ledger"},"pk":{"S":"LO#a"},"sk":{"S":"LD#2024-01-01"},"parts":{"L":[{"M":{}},{"M":{"qty":{"S":"x"}}}]}}}}]}`,
			`record 0 (2): entable: Ledger[pk="LO#a" sk="LD#2024-01-01"]: attribute parts[1].qty: cannot decode S into int`},
	} {
		_, err := table.DecodeLambda([]byte(test.event))
		if err == nil || err.Error() != test.want || !entable.IsError(err) {
			t.Errorf("error\n%v, want\n%s", err, test.want)
		}
	}
}

// toStreams makes an item of the streams' own types.
func toStreams(item map[string]types.AttributeValue) map[string]streams.AttributeValue {
	out := map[string]streams.AttributeValue{}
	for name, v := range item {
		out[name] = streamsValue(v)
	}
	return out
}

func streamsValue(v types.AttributeValue) streams.AttributeValue {
	switch v := v.(type) {
	case *types.AttributeValueMemberN:
		return &streams.AttributeValueMemberN{Value: v.Value}
	case *types.AttributeValueMemberB:
		return &streams.AttributeValueMemberB{Value: v.Value}
	case *types.AttributeValueMemberBOOL:
		return &streams.AttributeValueMemberBOOL{Value: v.Value}
	case *types.AttributeValueMemberM:
		return &streams.AttributeValueMemberM{Value: toStreams(v.Value)}
	case *types.AttributeValueMemberL:
		var list []streams.AttributeValue
		for _, e := range v.Value {
			list = append(list, streamsValue(e))
		}
		return &streams.AttributeValueMemberL{Value: list}
	}
	return &streams.AttributeValueMemberS{Value: v.(*types.AttributeValueMemberS).Value}
}

func TestDecodeStream(t *testing.T) {
	table, ledgers := declareLedgers()
	item, err := ledgers.ToItem(&ledgerOfAnn)
	check(t, err)
	keys := map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]}
	at := time.Unix(1731672000, 0)
	change, err := table.DecodeStream(streams.Record{
		EventID: aws.String("e"), EventName: streams.OperationTypeRemove,
		UserIdentity: &streams.Identity{Type: aws.String("Service"), PrincipalId: aws.String("dynamodb.amazonaws.com")},
		Dynamodb: &streams.StreamRecord{
			Keys: toStreams(keys), OldImage: toStreams(item), SequenceNumber: aws.String("7"), ApproximateCreationDateTime: &at,
		},
	})
	check(t, err)
	checkLedger(t, "key", change.Key, ledgerKey(ledgerOfAnn))
	checkLedger(t, "old image", change.Old, &ledgerOfAnn)
	if change.New != nil || change.ID != "e" || change.Kind != entable.Removed || change.SequenceNumber != "7" || !change.At.Equal(at) || !change.Expired {
		t.Errorf("change %+v", change)
	}
	change, err = table.DecodeStream(streams.Record{Dynamodb: &streams.StreamRecord{Keys: toStreams(keys)}})
	check(t, err)
	checkLedger(t, "key of a record with keys only", change.Key, ledgerKey(ledgerOfAnn))
	change, err = table.DecodeStream(streams.Record{Dynamodb: &streams.StreamRecord{Keys: toStreams(key("_unique#Ledger#email#x", "A"))}})
	check(t, err)
	if change.Key != nil {
		t.Errorf("a sentinel has the key %v", change.Key)
	}
	for _, record := range []streams.Record{{}, {Dynamodb: &streams.StreamRecord{}}, {Dynamodb: &streams.StreamRecord{Keys: toStreams(key("?", "?"))}}} {
		if _, err := table.DecodeStream(record); err == nil || !entable.IsError(err) {
			t.Errorf("%+v: error %v", record, err)
		}
	}
}

func TestDecodeExport(t *testing.T) {
	table, _ := declareLedgers()
	for _, name := range []string{"testdata/export.json", "testdata/export.json.gz"} {
		f, err := os.Open(name)
		check(t, err)
		defer f.Close()
		var items []any
		var errs []error
		for item, err := range table.DecodeExport(f) {
			if err != nil {
				errs = append(errs, err)
				continue
			}
			items = append(items, item)
		}
		if len(items) != 3 || len(errs) != 1 || !is[*entable.UnknownEntityError](errs[0]) {
			t.Fatalf("%s: %d items and the errors %v", name, len(items), errs)
		}
		checkLedger(t, name+": first", items[0], &ledgerOfAnn)
		if label(items[1]) != label(&Task{List: "a", N: 7}) {
			t.Errorf("%s: second is %v", name, items[1])
		}
		checkLedger(t, name+": third", items[2], &ledgerOfBob)
	}
	whole, err := os.ReadFile("testdata/export.json.gz")
	check(t, err)
	for range table.DecodeExport(bytes.NewReader(whole)) {
		break
	}
	for _, test := range []struct{ text, want string }{
		{string(whole[:len(whole)-20]), "entable: ledgers: cannot read the export: unexpected EOF"},
		{"\x1f\x8bx", "entable: ledgers: cannot read the export: unexpected EOF"},
		{"{}\n", "entable: ledgers: line 1 of the export: it has no item"},
		{"\n\n{\"Item\":\n", "entable: ledgers: line 3 of the export: unexpected end of JSON input"},
		{`{"Item":{"_type":{"S":"Task"},"pk":{"S":"TL#a"},"sk":{"S":"TN#1"},"n":{"S":"x"}}}`, `entable: Task[pk="TL#a" sk="TN#1"]: attribute n: cannot decode S into int`},
		{`{"Item":5}`, "entable: ledgers: "},
	} {
		var last error
		for _, last = range table.DecodeExport(strings.NewReader(test.text)) { //nolint:revive // the last one counts
		}
		if last == nil || !strings.HasPrefix(last.Error(), test.want) || !entable.IsError(last) {
			t.Errorf("%.20q: error\n%v, want\n%s", test.text, last, test.want)
		}
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	check(t, w.Close())
	for range table.DecodeExport(&z) {
		t.Error("an empty export has an item")
	}
}

// An error of decoding names the entity, the key, the path of the attribute, and the kinds.
func TestErrorsOfDecoding(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		type Purchase struct {
			Customer string       `dynamodbav:"customer"`
			N        int          `dynamodbav:"n"`
			Lines    []ledgerPart `dynamodbav:"lines"`
		}
		table := s.newTable()
		orders := entable.Register[Purchase](table, entable.Name("Order"), entable.PK("customer", entable.Prefix("CU")), entable.SK(entable.Attr("n").Width(1), entable.Prefix("O")))
		broken := key("CU#1", "O#7")
		broken["_type"], broken["customer"], broken["n"] = avS("Order"), avS("1"), avN("7")
		broken["lines"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{
			&types.AttributeValueMemberM{}, &types.AttributeValueMemberM{}, &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"qty": avS("two")}},
		}}
		s.store(table, broken)
		const want = `entable: Order[pk="CU#1" sk="O#7"]: attribute lines[2].qty: cannot decode S into int`
		at := Purchase{Customer: "1", N: 7}
		for name, read := range map[string]func() error{
			"Get":         func() error { _, err := orders.Get(t.Context(), at); return err },
			"Query":       func() error { return drain(orders.Query(at).All(t.Context())) },
			"Items":       func() error { _, err := table.Query(at).First(t.Context()); return err },
			"Scan":        func() error { _, err := orders.Scan().Page(t.Context()); return err },
			"TransactGet": func() error { _, err := orders.TransactGet(t.Context(), []Purchase{at}); return err },
			"BatchGet": func() error {
				_, err := orders.BatchGet(t.Context(), []Purchase{at})
				failed, ok := errors.AsType[*entable.BatchError](err)
				if !ok || len(failed.Failures) != 1 {
					return err
				}
				return failed.Failures[0].Err
			},
			"Decode": func() error { _, err := table.Decode(broken); return err },
		} {
			if err := read(); err == nil || err.Error() != want || !is[*entable.DecodeError](err) {
				t.Errorf("%s: error\n%v, want\n%s", name, err, want)
			}
		}
	})
}

// embeddedKey reaches its key field through a pointer.
type embeddedKey struct {
	*Keyed
	Note string `dynamodbav:"note"`
}

// Keyed is embedded by pointer.
type Keyed struct {
	ID uuid.UUID `dynamodbav:"id"`
}

// checkKeysOnly decodes an item that has nothing but its keys.
func checkKeysOnly[T any](t *testing.T, table *entable.Table, v T, opts ...entable.EntityOption) {
	t.Helper()
	e, err := entable.TryRegister[T](table, opts...)
	check(t, err)
	item, err := e.ToItem(&v)
	check(t, err)
	only := map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]}
	got, err := table.Decode(only)
	if err != nil {
		t.Errorf("%T: %v", v, err)
		return
	}
	again, err := e.ToItem(got.(*T))
	check(t, err)
	if !reflect.DeepEqual(again, item) {
		t.Errorf("%T: decoded\n%s, want\n%s", v, dynamoJSON(again), dynamoJSON(item))
	}
}

func TestKeysOnlyItemsOfEveryKeyKind(t *testing.T) {
	type pair[K any] struct {
		Key K      `dynamodbav:"key"`
		Two K      `dynamodbav:"two"`
		No  string `dynamodbav:"no,omitempty"`
	}
	type unix struct {
		Key time.Time `dynamodbav:"key,unixtime"`
		Two int       `dynamodbav:"two,string"`
	}
	composed := []entable.EntityOption{entable.PK(entable.Literal("L"), "key", entable.Separator("|")), entable.SK("two")}
	fresh := func() *entable.Table { return entable.NewTable("keys-only", entable.NoDiscriminator()) }
	named := append(composed, entable.Name("Pair"))
	checkKeysOnly(t, fresh(), pair[string]{Key: "a|#%é b", Two: "\x00#"}, named...)
	checkKeysOnly(t, fresh(), pair[uuid.UUID]{Key: uuid.New(), Two: uuid.New()}, named...)
	checkKeysOnly(t, fresh(), pair[time.Time]{Key: day(1).Add(1), Two: day(2)}, named...)
	checkKeysOnly(t, fresh(), pair[int]{Key: -5, Two: 7}, named...)
	checkKeysOnly(t, fresh(), pair[int8]{Key: -128}, named...)
	checkKeysOnly(t, fresh(), pair[uint64]{Key: 1<<64 - 1}, named...)
	checkKeysOnly(t, fresh(), pair[float64]{Key: -1.5e-300, Two: 3}, named...)
	checkKeysOnly(t, fresh(), pair[float32]{Key: 0.1}, named...)
	checkKeysOnly(t, fresh(), pair[bool]{Key: true, Two: false}, named...)
	checkKeysOnly(t, fresh(), pair[bool]{Key: false, Two: true}, named...)
	checkKeysOnly(t, fresh(), pair[[]byte]{Key: []byte{0, 255}, Two: []byte{1}}, named...)
	checkKeysOnly(t, fresh(), pair[[4]byte]{Key: [4]byte{1, 2, 3, 4}, Two: [4]byte{5}}, named...)
	checkKeysOnly(t, fresh(), pair[Level]{Key: High, Two: Low}, named...)
	checkKeysOnly(t, fresh(), pair[Status]{Key: "x", Two: "y"}, named...)
	checkKeysOnly(t, fresh(), unix{Key: time.Unix(1731672000, 0), Two: 12}, named...)
	checkKeysOnly(t, fresh(), Task{List: "a", N: 3}, entable.PK("list", entable.Shards(8, "n")), entable.SK(entable.Attr("n").Width(3)))
	checkKeysOnly(t, fresh(), embeddedKey{Keyed: &Keyed{uuid.New()}}, entable.Name("Embedded"))

	native := func(typ types.ScalarAttributeType) *entable.Table {
		return entable.NewTable("keys-only", entable.NoDiscriminator(), entable.PartitionKey("pk", typ), entable.SortKey("sk", typ))
	}
	number := []entable.EntityOption{entable.Name("Pair"), entable.SK("two")}
	checkKeysOnly(t, native(types.ScalarAttributeTypeN), pair[int64]{Key: 9007199254740993, Two: -1}, number...)
	checkKeysOnly(t, native(types.ScalarAttributeTypeN), pair[float64]{Key: 1e20, Two: 0.5}, number...)
	checkKeysOnly(t, native(types.ScalarAttributeTypeB), pair[[]byte]{Key: []byte{7}, Two: []byte{0}}, number...)
	type quoted struct {
		Key int `dynamodbav:"key,string"`
		Two int `dynamodbav:"two"`
	}
	checkKeysOnly(t, native(types.ScalarAttributeTypeN), quoted{Key: 12, Two: 13}, number...)
}

// What the first look at an item takes for its type may be something else.
func TestTypesThatAreGuessedWrongly(t *testing.T) {
	table := entable.NewTable("guess")
	tasks := registerTasks(table)
	orders := entable.Register[Order](table)
	task := func(extra map[string]any) map[string]types.AttributeValue {
		item, err := tasks.ToItem(&Task{List: "a", N: 1, Extra: extra})
		check(t, err)
		return item
	}
	deep := task(map[string]any{"_type": "Order", "a": map[string]any{"_type": "Ghost"}, "b": `"_type":{"S":"Order"}`})
	long := task(map[string]any{"a": strings.Repeat("x", 5000)})
	bare := task(map[string]any{"_type": "Order"})
	delete(bare, "_type")
	for name, item := range map[string]map[string]types.AttributeValue{"deep": deep, "long": long, "bare": bare} {
		v, err := table.Decode(item)
		if _, ok := v.(*Task); !ok {
			t.Errorf("%s: decoded %T (%v)", name, v, err)
		}
		if _, err := tasks.FromItem(item); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := orders.FromItem(item); !is[*entable.UnknownEntityError](err) {
			t.Errorf("%s: as an order: %v", name, err)
		}
	}
	for _, typ := range []types.AttributeValue{avN("1"), &types.AttributeValueMemberNULL{Value: true}, &types.AttributeValueMemberL{}} {
		item := task(nil)
		item["_type"] = typ
		if v, err := table.Decode(item); !is[*entable.DecodeError](err) || !strings.Contains(err.Error(), `[pk="TL#a" sk="TN#0000000000000000001"]: attribute _type: cannot read the type`) {
			t.Errorf("type %v: %v, %v", typ, v, err)
		}
	}
	if v, err := table.Decode(map[string]types.AttributeValue{"_type": avS("Task")}); err != nil || !slices.Equal(texts([]any{v}), texts([]any{&Task{}})) {
		t.Errorf("an item without keys: %v, %v", v, err)
	}
	if _, err := table.Decode(nil); !is[*entable.UnknownEntityError](err) {
		t.Errorf("no item: %v", err)
	}
	m, err := attributevalue.MarshalMap(map[string]any{"_type": "Task", "pk": nil})
	check(t, err)
	if _, err := table.Decode(m); !is[*entable.DecodeError](err) || err.Error() != "entable: Task: key pk: cannot use NULL as a scalar" {
		t.Errorf("a key that is NULL: %v", err)
	}
}
