package stream_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/entable/entable"
	"github.com/entable/entable/stream"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

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

// Task is the other one.
type Task struct {
	List string `dynamodbav:"list"`
	N    int    `dynamodbav:"n"`
}

func declareLedgers(opts ...entable.TableOption) (*entable.Table, *entable.Entity[Ledger]) {
	table := entable.NewTable("ledgers", opts...)
	ledgers := entable.Register[Ledger](table, entable.PK("owner"), entable.SK(entable.Attr("day").Layout("2006-01-02"), entable.Prefix("LD")))
	entable.Register[Task](table, entable.PK("list"), entable.SK("n"))
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

// want is a record that a source should give.
type want struct {
	kind          stream.Kind
	key, old, new *Ledger
	at            time.Time
	expired       bool
}

// checkRecord compares what a source gave.
func checkRecord(t *testing.T, what string, r *stream.Record, w want) {
	t.Helper()
	if r.Kind != w.kind || r.Expired != w.expired || !r.At.Equal(w.at) || !r.At.IsZero() && r.At.Location() != time.UTC {
		t.Errorf("%s is %+v, want kind %q at %s, expired %t", what, *r, w.kind, w.at, w.expired)
	}
	checkLedger(t, "key of "+what, r.Key, w.key)
	checkLedger(t, "old image of "+what, r.Old, w.old)
	checkLedger(t, "new image of "+what, r.New, w.new)
}

// results gathers what a range gives.
func results(records func(func(*stream.Record, error) bool)) (list []*stream.Record, errs []error) {
	for r, err := range records {
		if err != nil {
			errs = append(errs, err)
		} else {
			list = append(list, r)
		}
	}
	return list, errs
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
