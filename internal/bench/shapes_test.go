package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/schemas"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// document is an item of any size.
type document struct {
	ID     string  `dynamodbav:"id"`
	Status string  `dynamodbav:"status"`
	Note   string  `dynamodbav:"note"`
	Total  float64 `dynamodbav:"total"`
	Lines  []Line  `dynamodbav:"lines,omitempty"`
}

// newDocument is about half text and half lines, and has as many bytes of JSON as size says.
func newDocument(size int) document {
	d := document{ID: "d-1", Status: "new", Total: 1.5}
	for i := range size / 150 {
		d.Lines = append(d.Lines, one.Lines[i%3])
	}
	rest := size - len(mustJSON(d))
	d.Note = strings.Repeat("a long road ", rest/12+1)[:rest]
	return d
}

// halfOrder lacks half of an order's attributes, the lines among them.
type halfOrder struct {
	OrderID   string  `dynamodbav:"order"`
	Status    string  `dynamodbav:"status"`
	Address   string  `dynamodbav:"address"`
	Total     float64 `dynamodbav:"total"`
	CreatedAt string  `dynamodbav:"created"`
}

// nested is as deep as its first element.
type nested struct {
	Name  string   `dynamodbav:"name"`
	Level int      `dynamodbav:"level"`
	Inner []nested `dynamodbav:"inner,omitempty"`
}

func newNested(levels int) nested {
	n := nested{Name: "leaf"}
	for level := range levels - 1 {
		n = nested{Name: "node", Level: level, Inner: []nested{n, {Name: "leaf"}}}
	}
	return n
}

type sets struct {
	ID      string   `dynamodbav:"id"`
	Strings []string `dynamodbav:"strings,stringset"`
	Numbers []int    `dynamodbav:"numbers,numberset"`
	Bytes   [][]byte `dynamodbav:"bytes,binaryset"`
}

func newSets(n int) sets {
	s := sets{ID: "s-1"}
	for i := range n {
		s.Strings = append(s.Strings, fmt.Sprint("member-", i))
		s.Numbers = append(s.Numbers, 7919*i)
		s.Bytes = append(s.Bytes, fmt.Appendf(nil, "bytes of %03d", i))
	}
	return s
}

// shape is items of one type, to encode and to decode without a request around them.
type shape struct{ encode, decode benchCase }

func shapes() []shape {
	noted := func(note string) []Order {
		all := orders(20)
		for i := range all {
			all[i].Note, all[i].Address = note, note
		}
		return all
	}
	half := make([]halfOrder, 20)
	for i, o := range orders(20) {
		half[i] = halfOrder{o.OrderID, o.Status, o.Address, o.Total, o.CreatedAt.Format("2006-01-02T15:04:05Z")}
	}
	return []shape{
		newShape("items=1", orders(1)), newShape("items=20", orders(20)), newShape("items=500", orders(500)),
		newShape("size=100B", []document{newDocument(100)}), newShape("size=500B", []document{newDocument(500)}),
		newShape("size=5kB", []document{newDocument(5_000)}), newShape("size=100kB", []document{newDocument(100_000)}),
		newShape("deep", []nested{newNested(15)}), // each level is a list and a map; the service takes 32
		newShape("sets", []sets{newSets(50)}),
		newShapeOf("unknown", orders(20), half),
		newShape("escaped", noted("\"C:\\new\"\n\tsaid <Füße & Co>\r\n\u0001 \"again\"")),
		newShape("multibyte", noted("Grüße aus Köln, 東京都千代田区, Ελλάδα, привет, 🚀🚀🚀")),
	}
}

func newShape[T any](name string, items []T) shape { return newShapeOf(name, items, items) }

// newShapeOf encodes items, and decodes them into what is read.
func newShapeOf[S, T any](name string, items []S, read []T) shape {
	var all []any
	var list []string
	for _, item := range items {
		text := mustJSON(item)
		all, list = append(all, parse(text)), append(list, text)
	}
	page := strings.Join(list, ",")
	return shape{
		encode: benchCase{name, func(tb testing.TB) work {
			return work{bytes: len(page), items: len(items), want: all, contestants: func() []contestant {
				return []contestant{encodeEntable(tb, items), encodeHand(items), encodeMaps(items)}
			}}
		}},
		decode: benchCase{name, func(tb testing.TB) work {
			return work{bytes: len(page), items: len(items), want: read, contestants: func() []contestant {
				return []contestant{
					decodeEntable[T](tb, []byte("["+page+"]")),
					decodeHand[T]([]byte(`{"Items":[` + page + `]}`)),
					decodeMaps[T](tb, items),
				}
			}}
		}},
	}
}

func encodeCases() (all []benchCase) {
	for _, s := range shapes() {
		all = append(all, s.encode)
	}
	return all
}

func decodeCases() (all []benchCase) {
	for _, s := range shapes() {
		all = append(all, s.decode)
	}
	return all
}

func mustJSON(item any) string {
	m, err := attributevalue.MarshalMap(item)
	if err != nil {
		panic(err)
	}
	text, err := wire.AppendItem(nil, m)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// encodedItems are items in one JSON list.
type encodedItems []byte

func encodeEntable[T any](tb testing.TB, items []T) contestant {
	plan, err := codec.PlanOf(reflect.TypeFor[T]())
	if err != nil {
		tb.Fatal(err)
	}
	var list []byte
	return contestant{name: entabled, run: func(context.Context) (err error) {
		list = append(list[:0], '[')
		for i := range items {
			if i > 0 {
				list = append(list, ',')
			}
			list = append(list, '{')
			if list, err = plan.AppendMembers(list, unsafe.Pointer(&items[i])); err != nil {
				return err
			}
			list = append(list, '}')
		}
		list = append(list, ']')
		return nil
	}, result: func() any { return encodedItems(list) }}
}

// protocol is how the SDK's clients speak.
var protocol = respond(emptyBody).client().Options().Protocol

// encodeHand goes as far as entable, to the bytes of a request.
func encodeHand[T any](items []T) contestant {
	op := smithy.NewOperationSchema(schemas.BatchWriteItem, schemas.BatchWriteItemInput, schemas.BatchWriteItemOutput)
	var req *smithyhttp.Request
	return contestant{name: hand, run: func(ctx context.Context) error {
		writes := make([]types.WriteRequest, len(items))
		for i := range items {
			item, err := attributevalue.MarshalMap(&items[i])
			if err != nil {
				return err
			}
			writes[i].PutRequest = &types.PutRequest{Item: item}
		}
		req = smithyhttp.NewStackRequest().(*smithyhttp.Request)
		return protocol.SerializeRequest(ctx, op, &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{tableName: writes},
		}, req)
	}, result: func() any {
		body, _ := io.ReadAll(req.GetStream())
		return sentRequest(body)
	}}
}

const valuesOnly = "attributevalue" // without the SDK's part between values and bytes

func encodeMaps[T any](items []T) contestant {
	maps := make([]map[string]types.AttributeValue, len(items))
	return contestant{name: valuesOnly, run: func(context.Context) (err error) {
		for i := range items {
			if maps[i], err = attributevalue.MarshalMap(&items[i]); err != nil {
				return err
			}
		}
		return nil
	}, result: func() any {
		var list []byte
		for _, m := range maps {
			list, _ = wire.AppendItem(append(list, ','), m)
		}
		list[0] = '['
		return encodedItems(append(list, ']'))
	}}
}

func decodeEntable[T any](tb testing.TB, list []byte) contestant {
	plan, err := codec.PlanOf(reflect.TypeFor[T]())
	if err != nil {
		tb.Fatal(err)
	}
	var found []T
	return contestant{name: entabled, run: func(context.Context) error {
		found = nil
		r := wire.NewReader(list)
		more, err := r.Open('[')
		for more && err == nil {
			if len(found) == cap(found) {
				found = append(make([]T, 0, max(1, 2*len(found))), found...)
			}
			found = found[:len(found)+1]
			if err := plan.Decode(r, unsafe.Pointer(&found[len(found)-1])); err != nil {
				return err
			}
			more, err = r.More(']')
		}
		return err
	}, result: func() any { return found }}
}

// decodeHand comes from where entable does, from the bytes of a response.
func decodeHand[T any](body []byte) contestant {
	op := smithy.NewOperationSchema(schemas.Query, schemas.QueryInput, schemas.QueryOutput)
	var found []T
	return contestant{name: hand, run: func(ctx context.Context) error {
		found = nil
		var out dynamodb.QueryOutput
		resp := &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(body))}}
		if err := protocol.DeserializeResponse(ctx, op, nil, resp, &out); err != nil {
			return err
		}
		return attributevalue.UnmarshalListOfMaps(out.Items, &found)
	}, result: func() any { return found }}
}

func decodeMaps[T, S any](tb testing.TB, items []S) contestant {
	maps := make([]map[string]types.AttributeValue, len(items))
	for i := range items {
		var err error
		if maps[i], err = attributevalue.MarshalMap(&items[i]); err != nil {
			tb.Fatal(err)
		}
	}
	var found []T
	return contestant{name: valuesOnly, run: func(context.Context) error {
		found = nil
		return attributevalue.UnmarshalListOfMaps(maps, &found)
	}, result: func() any { return found }}
}
