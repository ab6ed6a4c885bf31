package codec_test

import (
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

func TestErrorMessages(t *testing.T) {
	type line struct {
		Qty  int8              `dynamodbav:"qty"`
		Tags map[string][]bool `dynamodbav:"tags"`
	}
	type sheet struct {
		Lines []line             `dynamodbav:"lines"`
		At    time.Time          `dynamodbav:"at"`
		U     uint               `dynamodbav:"u"`
		F     float32            `dynamodbav:"f"`
		B     [2]byte            `dynamodbav:"b"`
		Pair  [2]string          `dynamodbav:"pair"`
		Odds  [1]int             `dynamodbav:"odds"`
		Years map[int]bool       `dynamodbav:"years"`
		Ids   map[uuid.UUID]bool `dynamodbav:"ids"`
		C     chan int
		Keys  map[int]string
		Up    upper
		When  time.Time `dynamodbav:",unixtime"`
	}
	for _, tc := range []struct{ item, want string }{
		{`{"LINES":{"L":[{"M":{"QTY":{"S":"x"}}}]}}`, `attribute LINES[0].QTY: cannot decode S into int8`},
		{`{"lines":{"L":[{"M":{}},{"M":{}},{"M":{"qty":{"S":"x"}}}]}}`, `attribute lines[2].qty: cannot decode S into int8`},
		{`{"lines":{"L":[{"M":{"qty":{"N":"300"}}}]}}`, `attribute lines[0].qty: cannot decode N into int8: 300 overflows`},
		{`{"lines":{"L":[{"M":{"qty":{"N":"99999999999999999999"}}}]}}`, `attribute lines[0].qty: cannot decode N into int8: 99999999999999999999 overflows`},
		{`{"lines":{"L":[{"M":{"qty":{"N":"1.5"}}}]}}`, `attribute lines[0].qty: cannot decode N into int8: 1.5 is not an integer`},
		{`{"lines":{"L":[{"M":{"tags":{"M":{"a.b":{"L":[{"BOOL":true},{"N":"1"}]}}}}}]}}`, `attribute lines[0].tags.a.b[1]: cannot decode N into bool`},
		{`{"lines":{"SS":["a"]}}`, `attribute lines[0]: cannot decode S into codec_test.line`},
		{`{"lines":{"M":{}}}`, `attribute lines: cannot decode M into []codec_test.line`},
		{`{"u":{"N":"-1"}}`, `attribute u: cannot decode N into uint: -1 overflows`},
		{`{"f":{"N":"1e39"}}`, `attribute f: cannot decode N into float32: 1e39 overflows`},
		{`{"pair":{"L":[{"S":"a"},{"S":"b"},{"S":"c"}]}}`, `attribute pair: cannot decode L into [2]string: there are more elements`},
		{`{"pair":{"SS":["a","b","c"]}}`, `attribute pair: cannot decode SS into [2]string: there are more elements`},
		{`{"odds":{"NS":["1","3"]}}`, `attribute odds: cannot decode NS into [1]int: there are more elements`},
		{`{"years":{"M":{"1999":{"BOOL":true},"01999":{"BOOL":false}}}}`, `attribute years: cannot decode M into map[int]bool: two of its names are one key`},
		{`{"ids":{"M":{"a0000000-0000-4000-8000-000000000001":{"BOOL":true},"A0000000-0000-4000-8000-000000000001":{"BOOL":false}}}}`,
			`attribute ids: cannot decode M into map[uuid.UUID]bool: two of its names are one key`},
		{`{"b":{"B":"AQID"}}`, `attribute b: cannot decode B into [2]uint8: 3 bytes`},
		{`{"at":{"S":"today"}}`, `attribute at: cannot decode S into time.Time: parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse "today" as "2006"`},
		{`{"at":{"N":"1.5"}}`, `attribute at: cannot decode N into time.Time: 1.5 is not an integer`},
		{`{"C":{"S":"x"}}`, `attribute C: cannot decode S into chan int`},
		{`{"Keys":{"M":{"x":{"S":"y"}}}}`, `attribute Keys.x: cannot decode M into map[int]string: invalid key`},
		{`{"Up":{"S":"!"}}`, `attribute Up: cannot decode S into codec_test.upper: starts with a bang`},
		{`{"u":{"N":"1"},"u":{"N":"2"}}`, `attribute u: occurs twice in the item`},
		{`{"lines":{"L":[{"M":{"qty":{"N":"x"}}}]}}`, `attribute lines[0].qty: invalid DynamoDB JSON at offset 32: invalid number "x"`},
		{`{"lines":{"L":[{"M":{"qty":{"N":"1","S":""}}}]}}`, `attribute lines[0].qty: invalid DynamoDB JSON at offset 35: attribute value with more than one type tag`},
		{`{"lines":{"L":[{"M":{"other":tru}}]}}`, `attribute lines[0].other: invalid DynamoDB JSON at offset 29: unexpected "t", want a boolean`},
		{`{"u":{"N":"1"}`, `invalid DynamoDB JSON at offset 14: unexpected end, want ',' or '}'`},
		{``, `invalid DynamoDB JSON at offset 0: unexpected end, want '{'`},
	} {
		plan, err := codec.PlanOf(reflect.TypeFor[sheet]())
		if err != nil {
			t.Fatal(err)
		}
		err = plan.Decode(wire.NewReader([]byte(tc.item)), unsafe.Pointer(new(sheet)))
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s\ngot  %v\nwant %s", tc.item, err, tc.want)
		}
	}

	circle := &node{Name: "a"}
	circle.Next = circle
	var self any
	self = &self
	for _, tc := range []struct {
		value any
		want  string
	}{
		{&v[[]float64]{[]float64{1, math.NaN()}}, `attribute V[1]: cannot encode float64: NaN is no number of the service`},
		{&v[*float64]{new(1e126)}, `attribute V: cannot encode float64: 1e+126 is no number of the service`},
		{&v[float64]{-9e-131}, `attribute V: cannot encode float64: -9e-131 is no number of the service`},
		{&v[any]{attributevalue.Number("1e126")}, `attribute V: cannot encode attributevalue.Number: invalid number "1e126": the service's have up to 38 digits, from 1e-130 to below 1e126`},
		{&v[types.AttributeValue]{&types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberN{Value: "1e-131"}}}},
			`attribute V: cannot encode types.AttributeValue: element 0: invalid number "1e-131": the service's have up to 38 digits, from 1e-130 to below 1e126`},
		{&v[float32]{float32(math.Inf(-1))}, `attribute V: cannot encode float32: -Inf is no number of the service`},
		{&v[named]{"\xff"}, `attribute V: cannot encode codec_test.named: text is not valid UTF-8`},
		{&v[map[string]int]{map[string]int{"\xff": 1}}, `attribute V: cannot encode map[string]int: text is not valid UTF-8`},
		{&v[map[string]int]{map[string]int{"": 1}}, `attribute V: cannot encode map[string]int: empty key`},
		{&v[types.AttributeValue]{&types.AttributeValueMemberN{Value: "x"}}, `attribute V: cannot encode types.AttributeValue: invalid number "x"`},
		{&v[time.Time]{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, `attribute V: cannot encode time.Time: Time.AppendText: year outside of range [0,9999]`},
		{&v[failing]{}, `attribute V: cannot encode codec_test.failing: unexpected EOF`},
		{&numbersOf[[]string]{[]string{"1"}}, `attribute V[0]: cannot encode string: a number set holds numbers only`},
		{&stringsOf[[]string]{[]string{"a", "b", "a"}}, `attribute V: cannot encode []string: elements 0 and 2 of the string set are equal: give each element once`},
		{&stringsOf[[2]upper]{[2]upper{{"A"}, {"A"}}}, `attribute V: cannot encode [2]codec_test.upper: elements 0 and 1 of the string set are equal: give each element once`},
		{&v[[]stringsOf[[]string]]{[]stringsOf[[]string]{{}, {[]string{"", ""}}}}, `attribute V[1].V: cannot encode []string: elements 0 and 1 of the string set are equal: give each element once`},
		{&numbersOf[[]attributevalue.Number]{[]attributevalue.Number{"1", "2", "1.0"}}, `attribute V: cannot encode []attributevalue.Number: elements 0 and 2 of the number set are equal: give each element once`},
		{&numbersOf[[]any]{[]any{1e21, 7, attributevalue.Number("1e21")}}, `attribute V: cannot encode []interface {}: elements 0 and 2 of the number set are equal: give each element once`},
		{&v[any]{[][]byte{{}, {1}, {1}}}, `attribute V: cannot encode [][]uint8: elements 1 and 2 of the binary set are equal: give each element once`},
		{&setWithout[[]string]{[]string{"", "a", "", "b", "a"}}, `attribute V: cannot encode []string: elements 1 and 4 of the string set are equal: give each element once`},
		{&v[twice]{}, `attribute V: cannot encode codec_test.twice: attribute "tags": elements 0 and 1 of the string set are equal: give each element once`},
		{&twice{}, `cannot encode codec_test.twice: attribute "tags": elements 0 and 1 of the string set are equal: give each element once`},
		{&v[types.AttributeValue]{&types.AttributeValueMemberSS{}}, `attribute V: cannot encode types.AttributeValue: the string set is empty, which no stored one can be: leave it out, or use NULL`},
		{circle, `attribute ` + strings.Repeat("Next.", 31) + `Next.Next: cannot encode codec_test.node: lists and maps nest deeper than 32 levels`},
	} {
		plan, p := planOf(t, tc.value)
		_, err := plan.AppendMembers(nil, p.UnsafePointer())
		if err == nil || err.Error() != tc.want {
			t.Errorf("%T\ngot  %v\nwant %s", tc.value, err, tc.want)
		}
	}
	if _, err := codec.AppendValue(nil, self); err == nil {
		t.Error("a value that holds itself was encoded")
	}
}

// twice makes a set that has an element twice.
type twice struct{}

func (twice) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	tags := &types.AttributeValueMemberSS{Value: []string{"a", "a"}}
	return &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"tags": tags}}, nil
}

func (*twice) UnmarshalDynamoDBAttributeValue(types.AttributeValue) error { return nil }

type failing struct{}

func (failing) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	return nil, io.ErrUnexpectedEOF
}

func (*failing) UnmarshalDynamoDBAttributeValue(types.AttributeValue) error { return nil }

func TestErrorsCanBeTakenApart(t *testing.T) {
	plan, _ := planOf(t, &v[[]upper]{})
	err := plan.Decode(wire.NewReader([]byte(`{"V":{"L":[{"S":"!"}]}}`)), unsafe.Pointer(new(v[[]upper])))
	e, ok := errors.AsType[*codec.Error](err)
	if !ok || e.Path != "V[0]" || e.WireKind != wire.S || e.GoType != reflect.TypeFor[upper]() || !errors.Is(err, errBang) {
		t.Errorf("got %#v", err)
	}
	err = plan.Decode(wire.NewReader([]byte(`{"V":{"L":[{"S":`)), unsafe.Pointer(new(v[[]upper])))
	if s, ok := errors.AsType[*wire.SyntaxError](err); !ok || s.Offset != 16 {
		t.Errorf("got %#v", err)
	}
}
