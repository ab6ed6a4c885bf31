package wire_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/entable/entable/internal/wire"
)

var ignore = cmp.Options{
	cmpopts.IgnoreTypes(middleware.Metadata{}),
	cmp.Exporter(func(t reflect.Type) bool { return strings.Contains(t.PkgPath(), "aws") }),
}

const (
	itemA = `{"pk":{"S":"a"},"n":{"N":"12.50"},"b":{"B":"AAEC"},"ok":{"BOOL":true},"no":{"NULL":true},"l":{"L":[{"S":"x"},{"M":{"k":{"N":"1"}}}]},"ss":{"SS":["p","q"]},"ns":{"NS":["1","2"]},"bs":{"BS":["AQ=="]}}`
	itemB = `{"pk":{"S":"b \"quoted\" \u00e9 é \ud83d\ude00"}}`
	// More than the items: what the service tells besides.
	besides = `"ConsumedCapacity":{"TableName":"t","CapacityUnits":1.5,"ReadCapacityUnits":0.5,"Table":{"CapacityUnits":1},"GlobalSecondaryIndexes":{"g":{"CapacityUnits":2}},"LocalSecondaryIndexes":null},"NewMember":{"deep":[1,{"a":null}]}`
	metrics = `"ItemCollectionMetrics":{"ItemCollectionKey":{"pk":{"S":"a"}},"SizeEstimateRangeGB":[0.5,1]}`
)

// operation runs one kind of request. items removes the items from the output in the order in which a sink gets them.
type operation struct {
	name  string
	call  func(context.Context, *dynamodb.Client, ...func(*dynamodb.Options)) (any, error)
	items func(out any) []collected
}

func one(m *map[string]types.AttributeValue) []collected {
	if *m == nil {
		return nil
	}
	c := []collected{{item: *m}}
	*m = map[string]types.AttributeValue{}
	return c
}

func list(table string, l *[]map[string]types.AttributeValue) (all []collected) {
	for i, m := range *l {
		if m != nil {
			all = append(all, collected{table, i, m})
		}
	}
	if *l != nil {
		*l = []map[string]types.AttributeValue{}
	}
	return all
}

var operations = []operation{
	{"GetItem", func(ctx context.Context, c *dynamodb.Client, o ...func(*dynamodb.Options)) (any, error) {
		return c.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("t"), Key: map[string]types.AttributeValue{"pk": str("a")}}, o...)
	}, func(out any) []collected { return one(&out.(*dynamodb.GetItemOutput).Item) }},
	{"Query", func(ctx context.Context, c *dynamodb.Client, o ...func(*dynamodb.Options)) (any, error) {
		return query(ctx, c, o...)
	}, func(out any) []collected { return list("", &out.(*dynamodb.QueryOutput).Items) }},
	{"Scan", func(ctx context.Context, c *dynamodb.Client, o ...func(*dynamodb.Options)) (any, error) {
		return c.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String("t")}, o...)
	}, func(out any) []collected { return list("", &out.(*dynamodb.ScanOutput).Items) }},
	{"PutItem", func(ctx context.Context, c *dynamodb.Client, o ...func(*dynamodb.Options)) (any, error) {
		return c.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("t"), Item: map[string]types.AttributeValue{"pk": str("a")}}, o...)
	}, func(out any) []collected { return one(&out.(*dynamodb.PutItemOutput).Attributes) }},
	{"UpdateItem", func(ctx context.Context, c *dynamodb.Client, o ...func(*dynamodb.Options)) (any, error) {
		return c.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: aws.String("t"), Key: map[string]types.AttributeValue{"pk": str("a")}}, o...)
	}, func(out any) []collected { return one(&out.(*dynamodb.UpdateItemOutput).Attributes) }},
	{"DeleteItem", func(ctx context.Context, c *dynamodb.Client, o ...func(*dynamodb.Options)) (any, error) {
		return c.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String("t"), Key: map[string]types.AttributeValue{"pk": str("a")}}, o...)
	}, func(out any) []collected { return one(&out.(*dynamodb.DeleteItemOutput).Attributes) }},
	{"BatchGetItem", func(ctx context.Context, c *dynamodb.Client, o ...func(*dynamodb.Options)) (any, error) {
		return c.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"t": {Keys: []map[string]types.AttributeValue{{"pk": str("a")}}}}}, o...)
	}, func(out any) (all []collected) {
		o := out.(*dynamodb.BatchGetItemOutput)
		for _, table := range []string{"t", "u", "v"} { // the order of the bodies below
			if l, ok := o.Responses[table]; ok {
				all = append(all, list(table, &l)...)
				o.Responses[table] = l
			}
		}
		return all
	}},
	{"TransactGetItems", func(ctx context.Context, c *dynamodb.Client, o ...func(*dynamodb.Options)) (any, error) {
		get := types.TransactGetItem{Get: &types.Get{TableName: aws.String("t"), Key: map[string]types.AttributeValue{"pk": str("a")}}}
		return c.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{get}}, o...)
	}, func(out any) (all []collected) {
		o := out.(*dynamodb.TransactGetItemsOutput)
		for i := range o.Responses {
			for _, c := range one(&o.Responses[i].Item) {
				all = append(all, collected{"", i, c.item})
			}
		}
		return all
	}},
	{"BatchWriteItem", func(ctx context.Context, c *dynamodb.Client, o ...func(*dynamodb.Options)) (any, error) {
		put := types.WriteRequest{PutRequest: &types.PutRequest{Item: map[string]types.AttributeValue{"pk": str("a")}}}
		return c.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"t": {put}}}, o...)
	}, func(any) []collected { return nil }},
	{"TransactWriteItems", func(ctx context.Context, c *dynamodb.Client, o ...func(*dynamodb.Options)) (any, error) {
		put := types.TransactWriteItem{Put: &types.Put{TableName: aws.String("t"), Item: map[string]types.AttributeValue{"pk": str("a")}}}
		return c.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
			TransactItems: []types.TransactWriteItem{put}, ClientRequestToken: aws.String("token"),
		}, o...)
	}, func(any) []collected { return nil }},
}

func operationNamed(name string) operation {
	for _, o := range operations {
		if o.name == name {
			return o
		}
	}
	panic("no operation " + name)
}

var responses = []struct{ op, body string }{
	{"GetItem", `{"Item":` + itemA + `,` + besides + `}`},
	{"GetItem", ` { "ConsumedCapacity" : null , "Item" : ` + itemB + ` } `},
	{"GetItem", `{"Item":{}}`},
	{"GetItem", `{"Item":null}`},
	{"GetItem", `{}`},
	{"GetItem", ``},
	{"Query", `{"Count":2,"ScannedCount":7,"Items":[` + itemA + `,` + itemB + `],"LastEvaluatedKey":{"pk":{"S":"b\n"},"sk":{"N":"7"},"x":{"B":"AA=="}},` + besides + `}`},
	{"Query", `{"LastEvaluatedKey":` + itemA + `,"Items":[ ` + itemA + ` , null , ` + itemB + ` ],"Count":3}`},
	{"Query", `{"Items":[],"Count":0,"ScannedCount":0}`},
	{"Query", `{"Items":null,"Count":0,"ScannedCount":0,"LastEvaluatedKey":null}`},
	{"Query", `{"Count":9,"ScannedCount":9}`},
	{"Query", ``},
	{"Scan", `{"Items":[` + itemB + `],"Count":1,` + besides + `}`},
	{"PutItem", `{}`},
	{"PutItem", `{"Attributes":` + itemA + `,` + besides + `,` + metrics + `}`},
	{"UpdateItem", `{"Attributes":` + itemA + `,` + metrics + `}`},
	{"DeleteItem", `{"Attributes":` + itemB + `,` + besides + `}`},
	{"BatchGetItem", `{"Responses":{"t":[` + itemA + `,` + itemB + `],"u":[],"v":[` + itemB + `]},"UnprocessedKeys":{"t":{"Keys":[{"pk":{"S":"z"}}],"ConsistentRead":true,"ExpressionAttributeNames":{"#a":"b"}}},"ConsumedCapacity":[{"TableName":"t","CapacityUnits":3}]}`},
	{"BatchGetItem", `{"Responses":{},"UnprocessedKeys":{}}`},
	{"BatchGetItem", `{"Responses":null}`},
	{"TransactGetItems", `{"Responses":[{"Item":` + itemA + `},{},null,{"Item":null},{"Other":1,"Item":` + itemB + `}],"ConsumedCapacity":[{"TableName":"t","CapacityUnits":3}]}`},
	{"TransactGetItems", `{"Responses":[]}`},
	{"BatchWriteItem", `{"UnprocessedItems":{"t":[{"PutRequest":{"Item":` + itemA + `}},{"DeleteRequest":{"Key":` + itemB + `}}]},"ItemCollectionMetrics":{"t":[{"ItemCollectionKey":{"pk":{"S":"a"}},"SizeEstimateRangeGB":[1,2.5]}]}}`},
	{"TransactWriteItems", `{"ConsumedCapacity":[{"TableName":"t","CapacityUnits":3,"WriteCapacityUnits":1e1}]}`},
}

// What a call of the fast route returns, with the sink's items put aside, is what a plain call returns; without a sink it is all the same.
func TestResponsesAreThoseOfThePlainClient(t *testing.T) {
	for _, tc := range responses {
		t.Run(tc.op, func(t *testing.T) {
			op := operationNamed(tc.op)
			client, _ := newClient(t, []reply{{body: tc.body}})
			plain, err := op.call(t.Context(), client)
			if err != nil {
				t.Fatalf("%s: plain client: %v", tc.body, err)
			}
			unsunk, err := op.call(t.Context(), client, fast(nil))
			if err != nil {
				t.Fatalf("%s: %v", tc.body, err)
			}
			if diff := cmp.Diff(plain, unsunk, ignore); diff != "" {
				t.Errorf("%s: without a sink (-plain +fast):\n%s", tc.body, diff)
			}
			sink := &collector{}
			quick, err := op.call(t.Context(), client, fast(sink))
			if err != nil {
				t.Fatalf("%s: %v", tc.body, err)
			}
			want := op.items(plain)
			if diff := cmp.Diff(want, sink.items, ignore, cmp.AllowUnexported(collected{})); diff != "" {
				t.Errorf("%s: items (-plain +fast):\n%s", tc.body, diff)
			}
			empty(quick)
			empty(plain)
			if diff := cmp.Diff(plain, quick, ignore); diff != "" {
				t.Errorf("%s: output (-plain +fast):\n%s", tc.body, diff)
			}
		})
	}
}

// empty lists of one length are alike: a list of the fast route is empty where the plain one was.
func empty(out any) {
	if o, ok := out.(*dynamodb.BatchGetItemOutput); ok {
		for table := range o.Responses {
			o.Responses[table] = []map[string]types.AttributeValue{}
		}
	}
}

func TestBadResponsesAreErrors(t *testing.T) {
	whole := `{"Count":1,"Items":[` + itemA + `]}`
	for _, body := range []string{
		whole[:len(whole)-1], whole[:len(whole)-3], whole[:40], whole[:1], whole + `x`, whole + whole, `[]`, `"x"`, `{"Items":{}}`, `{"Items":[1]}`,
		`{"Items":[{"a":{"S":1}}]}`, `{"Items":[{"a":{"S":"x","N":"1"}}]}`, `{"Items":[{"a":{}}]}`, `{"Items":[{"a":{"X":"x"}}]}`, `{"Items":[{"a":null}]}`,
		`{"Items":[{"a":{"S":"` + "\xff" + `"}}]}`, `{"Items":[{"a":{"N":"NaN"}}]}`, `{"Items":[{"a":{"B":"!"}}]}`, `{"Items":[{"a":` + strings.Repeat(`{"L":[`, 33) + strings.Repeat(`]}`, 33) + `}]}`,
		`{"Count":"1"}`, `{"Count":1.5}`, `{"Count":99999999999}`, `{"LastEvaluatedKey":{"a":{"S":"x","N":"1"}}}`, `{"LastEvaluatedKey":[]}`,
		`{"LastEvaluatedKey":{"a":` + strings.Repeat(`{"L":[`, 5000) + strings.Repeat(`]}`, 5000) + `}}`,
		`{"Unknown":` + strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000) + `}`, `{"Count":1,}`, `{"Items":[` + itemA + `,]}`, `{"ConsumedCapacity":{"CapacityUnits":"many"}}`,
	} {
		client, service := newClient(t, []reply{{body: body}})
		_, err := query(t.Context(), client, fast(&collector{}))
		if _, ok := errors.AsType[*wire.SyntaxError](err); !ok && !strings.Contains(body, `"N":"1"}}}`) {
			t.Errorf("%.80s: error %v, want a SyntaxError in it", body, err)
		}
		if err == nil {
			t.Errorf("%.80s: no error", body)
		}
		if len(service.requests) != 1 {
			t.Errorf("%.80s: %d requests, want no retry", body, len(service.requests))
		}
	}
}

func TestAttemptsStartAnew(t *testing.T) {
	good := reply{body: `{"Count":1,"Items":[` + itemB + `]}`}
	cases := map[string]reply{
		"server error": {status: 500, body: `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"oops"}`},
		"throttled":    {status: 400, body: `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}`},
	}
	for name, bad := range cases {
		t.Run(name, func(t *testing.T) {
			client, service := newClient(t, []reply{bad, good})
			plain, plainErr := query(t.Context(), client)
			retried := len(service.requests)

			client, service = newClient(t, []reply{bad, good})
			sink := &collector{}
			out, err := query(t.Context(), client, fast(sink))
			if len(service.requests) != retried {
				t.Fatalf("%d requests, plain client %d", len(service.requests), retried)
			}
			if (err != nil) != (plainErr != nil) {
				t.Fatalf("error %v, plain client %v", err, plainErr)
			}
			if err == nil && (len(sink.items) != len(plain.Items) || out.Count != plain.Count) {
				t.Fatalf("got %d items, count %d", len(sink.items), out.Count)
			}
			if sink.resets != retried {
				t.Errorf("%d resets for %d attempts", sink.resets, retried)
			}
		})
	}
}

// An answer that does not arrive whole is asked for again, which the plain client does not do.
func TestAnswersCutShortAreAskedForAgain(t *testing.T) {
	good := reply{body: `{"Count":1,"Items":[` + itemB + `]}`}
	for name, bad := range map[string]reply{
		"connection broken": {body: `{"Items":[` + itemA + `,` + itemA, readErr: io.ErrUnexpectedEOF},
		"reset":             {body: `{"Items":[` + itemA + `]}`, readErr: syscall.ECONNRESET},
		"wrong checksum":    {body: `{"Items":[` + itemA + `]}`, crc: "12345"},
	} {
		client, service := newClient(t, []reply{bad, good})
		sink := &collector{}
		out, err := query(t.Context(), client, fast(sink))
		if err != nil || len(sink.items) != 1 || out.Count != 1 || len(service.requests) != 2 {
			t.Errorf("%s: %d items by %d requests, error %v", name, len(sink.items), len(service.requests), err)
		}
	}
	client, service := newClient(t, []reply{{body: `{`, readErr: context.Canceled}, good})
	if _, err := query(t.Context(), client, fast(&collector{})); !errors.Is(err, context.Canceled) || len(service.requests) != 1 {
		t.Errorf("cancelled: %d requests, error %v", len(service.requests), err)
	}
}

// An interceptor may fail an attempt whose response was fine. The next one must not show the last key of the first.
func TestAttemptsForgetEarlierOutput(t *testing.T) {
	client, _ := newClient(t, []reply{
		{body: `{"Items":[` + itemA + `],"LastEvaluatedKey":{"pk":{"S":"a"}},"Count":1}`},
		{body: `{"Items":[` + itemB + `,` + itemB + `]}`},
	})
	failed := false
	sink := &collector{}
	out, err := query(t.Context(), client, fast(sink), func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
			return s.Deserialize.Add(middleware.DeserializeMiddlewareFunc("FailOnce", func(
				ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
			) (middleware.DeserializeOutput, middleware.Metadata, error) {
				out, md, err := next.HandleDeserialize(ctx, in)
				if !failed {
					failed = true
					err = temporary{}
				}
				return out, md, err
			}), middleware.Before)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if out.LastEvaluatedKey != nil || out.Count != 0 || len(sink.items) != 2 || sink.resets != 2 {
		t.Errorf("key %v, count %d, %d items, %d resets", out.LastEvaluatedKey, out.Count, len(sink.items), sink.resets)
	}
}

type temporary struct{}

func (temporary) Error() string   { return "try again" }
func (temporary) Temporary() bool { return true }

func TestLengthIsOnlyAHint(t *testing.T) {
	body := `{"Count":1,"Items":[` + itemA + `]}`
	long := `{"Items":[` + strings.Repeat(itemA+`,`, 20_000) + itemA + `]}`
	for _, length := range []int64{-1, 1, int64(len(body)) - 1, int64(len(body)) + 1, 1 << 40} {
		for _, b := range []string{body, long} {
			client, _ := newClient(t, []reply{{body: b, length: length}})
			sink := &collector{}
			if _, err := query(t.Context(), client, fast(sink)); err != nil || len(sink.items) != strings.Count(b, `"pk"`) {
				t.Errorf("length %d for %d bytes: %d items, error %v", length, len(b), len(sink.items), err)
			}
		}
	}
}

func TestGzipResponses(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, `{"Count":1,"Items":[`+itemA+`]}`)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	compressed := reply{body: b.String(), header: http.Header{"Content-Encoding": {"gzip"}}}
	sink := &collector{}
	client, service := newClient(t, []reply{compressed}, func(o *dynamodb.Options) { o.EnableAcceptEncodingGzip = true })
	out, err := query(t.Context(), client, fast(sink))
	if err != nil || out.Count != 1 || len(sink.items) != 1 || service.headers[0].Get("Accept-Encoding") != "gzip" {
		t.Fatalf("count %v, %d items, error %v", out, len(sink.items), err)
	}

	compressed.crc = "1"
	client, _ = newClient(t, []reply{compressed}, func(o *dynamodb.Options) { o.EnableAcceptEncodingGzip = true })
	if _, err := query(t.Context(), client, fast(sink)); err == nil {
		t.Error("no error for a wrong checksum")
	}

	cut := reply{body: b.String()[:b.Len()-9], header: compressed.header, crc: "none"}
	client, _ = newClient(t, []reply{cut}, func(o *dynamodb.Options) { o.EnableAcceptEncodingGzip = true })
	if _, err := query(t.Context(), client, fast(sink)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v for a stream cut short", err)
	}
}

// The SDK only logs a wrong checksum.
func TestWrongChecksumIsAnError(t *testing.T) {
	bad := []reply{{body: `{"Count":1,"Items":[` + itemA + `]}`, crc: "12345"}}
	client, _ := newClient(t, bad)
	if _, err := query(t.Context(), client); err != nil {
		t.Fatalf("plain client: %v", err)
	}
	_, err := query(t.Context(), client, fast(&collector{}))
	if _, ok := errors.AsType[*smithy.DeserializationError](err); !ok {
		t.Errorf("error %v, want a DeserializationError", err)
	}
	client, _ = newClient(t, bad, func(o *dynamodb.Options) { o.DisableValidateResponseChecksum = true })
	if _, err := query(t.Context(), client, fast(&collector{})); err != nil {
		t.Errorf("with the check switched off: %v", err)
	}
}

func TestServiceErrorsKeepTheirTypes(t *testing.T) {
	for _, r := range []reply{
		{status: 400, body: `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","Message":"The conditional request failed","Item":` + itemA + `}`},
		{status: 400, body: `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"m","CancellationReasons":[{"Code":"None"},{"Code":"ConditionalCheckFailed","Item":` + itemB + `}]}`},
		{status: 400, body: `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no table"}`},
		{status: 400, body: `{"__type":"com.amazon.coral.validate#ValidationException","message":"wrong"}`},
		{status: 500, body: `not json`},
	} {
		for _, op := range operations {
			client, _ := newClient(t, []reply{r})
			_, want := op.call(t.Context(), client)
			_, got := op.call(t.Context(), client, fast(&collector{}))
			wantAPI, _ := errors.AsType[smithy.APIError](want)
			gotAPI, _ := errors.AsType[smithy.APIError](got)
			if diff := cmp.Diff(wantAPI, gotAPI, ignore); diff != "" || got == nil || got.Error() != want.Error() {
				t.Errorf("%s: %s\ngot  %v\nwant %v\n%s", op.name, r.body, got, want, diff)
			}
		}
	}
}

func TestCancelledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	client, _ := newClient(t, []reply{{body: `{}`}})
	if _, err := query(ctx, client, fast(&collector{})); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	client, service := newClient(t, []reply{{body: `{"Items":[` + itemA, readErr: context.Canceled}})
	if _, err := query(ctx, client, fast(&collector{})); !errors.Is(err, context.Canceled) || len(service.requests) != 1 {
		t.Errorf("error %v after %d requests", err, len(service.requests))
	}
}

// A sink's error comes back as it is and does not cause another attempt, whatever it says of itself.
func TestSinkErrors(t *testing.T) {
	for _, op := range operations[:8] {
		for _, tc := range responses {
			if tc.op != op.name || !strings.Contains(tc.body, `"pk":{"S":"b`) && !strings.Contains(tc.body, `"BOOL"`) {
				continue
			}
			client, service := newClient(t, []reply{{body: tc.body}})
			_, err := op.call(t.Context(), client, fast(&collector{err: temporary{}}))
			if e, ok := errors.AsType[temporary](err); !ok || e != (temporary{}) || len(service.requests) != 1 {
				t.Errorf("%s: error %v after %d requests", tc.body, err, len(service.requests))
			}
		}
	}
}

type idle struct{ calls int }

func (*idle) Reset()                                 {}
func (s *idle) Item(string, int, *wire.Reader) error { s.calls++; return nil }

func TestItemsThatASinkDoesNotReadAreSkipped(t *testing.T) {
	client, _ := newClient(t, []reply{{body: `{"Items":[` + itemA + `, ` + itemB + `],"Count":2}`}})
	s := &idle{}
	if out, err := query(t.Context(), client, fast(s)); err != nil || s.calls != 2 || out.Count != 2 {
		t.Errorf("%d calls, error %v", s.calls, err)
	}
}

type otherProtocol struct{ smithyhttp.ClientProtocol }

func (otherProtocol) ID() smithy.ShapeID {
	return smithy.ShapeID{Namespace: "smithy.protocols", Name: "rpcv2Cbor"}
}

func TestOtherProtocolsAreLeftAlone(t *testing.T) {
	client, _ := newClient(t, []reply{{body: `{"Items":[` + itemA + `]}`}})
	other := dynamodb.New(client.Options(), func(o *dynamodb.Options) { o.Protocol = otherProtocol{o.Protocol} })
	if wire.Inspect(other) != nil {
		t.Error("another protocol can take the fast route")
	}
	sink := &collector{}
	out, err := query(t.Context(), other, fast(sink))
	if err != nil || len(out.Items) != 1 || len(sink.items) != 0 || sink.resets != 0 {
		t.Errorf("%d items in the output, %d in the sink, error %v", len(out.Items), len(sink.items), err)
	}
}

func TestOtherOperationsAreLeftAlone(t *testing.T) {
	client, _ := newClient(t, []reply{{body: `{"Table":{"TableName":"t","CreationDateTime":1.5e9,"ItemCount":3}}`}})
	want, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("t")})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("t")}, fast(&collector{}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Error(diff)
	}
}
