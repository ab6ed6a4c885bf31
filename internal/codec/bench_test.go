package codec_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

type orderLine struct {
	SKU   string `dynamodbav:"sku"`
	Qty   int    `dynamodbav:"qty"`
	Price int    `dynamodbav:"price"`
}

// order has pk, sk and _type as attributes of its own, as a user without a mapper has.
type order struct {
	PK       string      `dynamodbav:"pk"`
	SK       string      `dynamodbav:"sk"`
	Type     string      `dynamodbav:"_type"`
	ID       string      `dynamodbav:"order_id"`
	Customer string      `dynamodbav:"customer_id"`
	Status   string      `dynamodbav:"status"`
	Currency string      `dynamodbav:"currency"`
	Note     string      `dynamodbav:"note"`
	Address  string      `dynamodbav:"address"`
	Total    float64     `dynamodbav:"total"`
	Count    int         `dynamodbav:"count"`
	Paid     bool        `dynamodbav:"paid"`
	Created  time.Time   `dynamodbav:"created"`
	Tags     []string    `dynamodbav:"tags,stringset"`
	Lines    []orderLine `dynamodbav:"lines"`
}

func sampleOrder(i int) *order {
	id := fmt.Sprintf("o-%06d", i)
	o := &order{
		PK: "CUSTOMER#c-000042", SK: "ORDER#" + id, Type: "order", ID: id, Customer: "c-000042", Status: "pending", Currency: "EUR",
		Note:    "please leave the parcel with the neighbour at no. 7",
		Address: "12 Example Street, 2nd floor, 80331 Munich, Bavaria, Germany (DE)",
		Total:   float64(i) + 0.99, Count: 3, Paid: i%2 == 0, Created: time.Date(2026, 1, 2, 3, 4, i%60, i*1000, time.UTC),
		Tags: []string{"express", "fragile", "gift"},
	}
	for j := range 3 {
		o.Lines = append(o.Lines, orderLine{SKU: fmt.Sprintf("sku-%04d", i+j), Qty: j + 1, Price: 1999 + j})
	}
	return o
}

// page returns the body of a Query's response with n orders.
func page(tb testing.TB, n int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"Count":%d,"Items":[`, n)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		m, err := attributevalue.MarshalMap(sampleOrder(i))
		if err != nil {
			tb.Fatal(err)
		}
		item, err := wire.AppendItem(nil, m)
		if err != nil {
			tb.Fatal(err)
		}
		b.Write(item)
	}
	fmt.Fprintf(&b, `],"ScannedCount":%d}`, n)
	return b.Bytes()
}

// transport answers each request with one body.
type transport struct {
	body []byte
	crc  string
}

func (t *transport) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
	}
	return &http.Response{
		StatusCode: 200, ProtoMajor: 1, ContentLength: int64(len(t.body)),
		Header: http.Header{"X-Amz-Crc32": {t.crc}, "Content-Type": {"application/x-amz-json-1.0"}},
		Body:   io.NopCloser(bytes.NewReader(t.body)),
	}, nil
}

func clientFor(body []byte) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		HTTPClient: &transport{body: body, crc: strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10)},
	})
}

// orders collects the items of a Query in one slice that grows.
type orders struct {
	plan *codec.Plan
	list []order
}

func (s *orders) Reset() { s.list = nil }

func (s *orders) Item(_ string, _ int, r *wire.Reader) error {
	if len(s.list) == cap(s.list) {
		s.list = append(make([]order, 0, max(16, 2*cap(s.list))), s.list...)
	}
	s.list = s.list[:len(s.list)+1]
	return s.plan.Decode(r, unsafe.Pointer(&s.list[len(s.list)-1]))
}

func queryInput() *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: aws.String("orders"), KeyConditionExpression: aws.String("pk = :p"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: "CUSTOMER#c-000042"}},
	}
}

func BenchmarkQuery500(b *testing.B) {
	body := page(b, 500)
	client := clientFor(body)
	empty := clientFor([]byte("{}"))
	plan, err := codec.PlanOf(reflect.TypeFor[order]())
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	known := wire.Inspect(client)
	b.Run("fast", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			s := &orders{plan: plan}
			if _, err := client.Query(ctx, queryInput(), known.NewCall(s).Option); err != nil || len(s.list) != 500 {
				b.Fatal(err, len(s.list))
			}
		}
	})
	b.Run("attributevalue", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			out, err := client.Query(ctx, queryInput())
			if err != nil {
				b.Fatal(err)
			}
			var list []order
			if err := attributevalue.UnmarshalListOfMaps(out.Items, &list); err != nil || len(list) != 500 {
				b.Fatal(err, len(list))
			}
		}
	})
	known = wire.Inspect(empty)
	b.Run("empty", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := empty.Query(ctx, queryInput(), known.NewCall(&orders{plan: plan}).Option); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecode500(b *testing.B) {
	body := page(b, 500)
	items := body[bytes.IndexByte(body, '[') : bytes.LastIndexByte(body, ']')+1]
	plan, err := codec.PlanOf(reflect.TypeFor[order]())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(items)))
	b.ReportAllocs()
	list := make([]order, 500)
	for b.Loop() {
		r := wire.NewReader(items)
		if _, err := r.Open('['); err != nil {
			b.Fatal(err)
		}
		for i := range list {
			list[i] = order{}
			if err := plan.Decode(r, unsafe.Pointer(&list[i])); err != nil {
				b.Fatal(err)
			}
			if _, err := r.More(']'); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	o := sampleOrder(7)
	plan, err := codec.PlanOf(reflect.TypeFor[order]())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]byte, 0, 4096)
		for b.Loop() {
			if buf, err = plan.AppendMembers(buf[:0], unsafe.Pointer(o)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("attributevalue", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := attributevalue.MarshalMap(o); err != nil {
				b.Fatal(err)
			}
		}
	})
}
