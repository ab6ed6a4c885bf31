package codec_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/big"
	"net/netip"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// A testCase pairs a value with the item it is stored as. The table drives encoding, decoding, the way through attribute
// values, the comparison with attributevalue, and the fuzz seeds.
type testCase struct {
	where  string // file and line
	value  any    // a pointer to a struct
	item   string
	only   direction
	differ bool // attributevalue does otherwise, on purpose
	how    encoded
}

type direction int

const (
	both direction = iota
	encoding
	decoding
)

// is makes a case. Names of attributes are those of the fields unless tagged.
func is(value any, item string) testCase {
	_, file, line, _ := runtime.Caller(1)
	return testCase{where: fmt.Sprintf("%s:%d", filepath.Base(file), line), value: value, item: item}
}

func (c testCase) encoded() testCase { c.only = encoding; return c }
func (c testCase) decoded() testCase { c.only = decoding; return c }
func (c testCase) differs() testCase { c.differ = true; return c }
func (c testCase) sdk() testCase     { c.how = bySDK; return c }

// v holds one attribute; the tags of the others are what the cases are about.
type (
	v[T any]    struct{ V T }
	omit[T any] struct {
		V T `dynamodbav:",omitempty"`
	}
	null[T any] struct {
		V T `dynamodbav:",nullempty"`
	}
	omitElem[T any] struct {
		V T `dynamodbav:",omitemptyelem"`
	}
	nullElem[T any] struct {
		V T `dynamodbav:",nullemptyelem"`
	}
	omitBoth[T any] struct {
		V T `dynamodbav:",omitempty,omitemptyelem"`
	}
	asText[T any] struct {
		V T `dynamodbav:",string"`
	}
	stringsOf[T any] struct {
		V T `dynamodbav:",stringset"`
	}
	setWithout[T any] struct {
		V T `dynamodbav:",stringset,omitemptyelem"`
	}
	numbersOf[T any] struct {
		V T `dynamodbav:",numberset"`
	}
	binariesOf[T any] struct {
		V T `dynamodbav:",binaryset"`
	}
	unix[T any] struct {
		V T `dynamodbav:",unixtime"`
	}
)

var (
	someTime = time.Date(2026, 2, 28, 13, 14, 15, 120_000_000, time.UTC)
	someID   = uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
)

func bigInt(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 10)
	return n
}

var cases = []testCase{
	// Scalars.
	is(&v[string]{""}, `{"V":{"S":""}}`),
	is(&v[string]{"a \"b\" \\ / \n\t\x00\x1f é 😀 \u2028"}, `{"V":{"S":"a \"b\" \\ / \n\t\u0000\u001f é 😀 `+"\u2028"+`"}}`),
	is(&v[string]{"é😀\b\f/"}, `{"V":{"S":"\u00e9\ud83d\uDE00\b\f\/"}}`).decoded(),
	is(&v[string]{"12"}, `{"V":{"N":"12"}}`).decoded(),
	is(&v[named]{"x"}, `{"V":{"S":"x"}}`),
	is(&v[bool]{true}, `{"V":{"BOOL":true}}`),
	is(&v[bool]{}, `{"V":{"BOOL":false}}`),
	is(&v[int]{-7}, `{"V":{"N":"-7"}}`),
	is(&v[int]{7}, `{"V":{"N":"+007"}}`).decoded(),
	is(&v[int64]{math.MinInt64}, `{"V":{"N":"-9223372036854775808"}}`),
	is(&v[uint64]{math.MaxUint64}, `{"V":{"N":"18446744073709551615"}}`),
	is(&v[int64]{9007199254740993}, `{"V":{"N":"9007199254740993"}}`), // not a float64
	is(&v[int8]{-128}, `{"V":{"N":"-128"}}`),
	is(&v[uint8]{255}, `{"V":{"N":"255"}}`),
	is(&v[namedInt]{3}, `{"V":{"N":"3"}}`),
	is(&v[time.Duration]{time.Second}, `{"V":{"N":"1000000000"}}`),
	is(&v[float64]{0.1}, `{"V":{"N":"0.1"}}`),
	is(&v[float64]{1e21}, `{"V":{"N":"1000000000000000000000"}}`),
	is(&v[float64]{-1.5e-7}, `{"V":{"N":"-0.00000015"}}`),
	is(&v[float64]{1.5e10}, `{"V":{"N":"1.5E+10"}}`).decoded(),
	is(&v[float32]{0.1}, `{"V":{"N":"0.1"}}`),
	is(&v[float32]{math.MaxFloat32}, `{"V":{"N":"340282350000000000000000000000000000000"}}`).differs(), // attributevalue does not read what it writes
	is(&v[float32]{-math.MaxFloat32}, `{"V":{"N":"-340282350000000000000000000000000000000"}}`).differs(),
	is(&v[attributevalue.Number]{"12345678901234567890123456789012345678"}, `{"V":{"N":"12345678901234567890123456789012345678"}}`),
	is(&v[json.Number]{"1.50"}, `{"V":{"N":"1.50"}}`),
	is(&v[big.Int]{*bigInt("-123456789012345678901234567890")}, `{"V":{"S":"-123456789012345678901234567890"}}`),
	is(&v[*big.Int]{bigInt("123456789012345678901234567890")}, `{"V":{"S":"123456789012345678901234567890"}}`),
	is(&v[*big.Int]{bigInt("123456789012345678901234567890")}, `{"V":{"N":"123456789012345678901234567890"}}`).decoded().differs(),
	is(&v[[]byte]{[]byte{0, 1, 255}}, `{"V":{"B":"AAH/"}}`),
	is(&v[[]byte]{[]byte{}}, `{"V":{"B":""}}`),
	is(&v[[]byte]{}, `{"V":{"NULL":true}}`),
	is(&v[blob]{blob("ab")}, `{"V":{"B":"YWI="}}`),
	is(&v[[2]byte]{[2]byte{1, 2}}, `{"V":{"B":"AQI="}}`),
	is(&v[[]byte]{[]byte{1, 2}}, `{"V":{"L":[{"N":"1"},{"N":"2"}]}}`).decoded(),
	is(&v[chan int]{}, `{}`),

	// Times.
	is(&v[time.Time]{someTime}, `{"V":{"S":"2026-02-28T13:14:15.12Z"}}`),
	is(&v[time.Time]{}, `{"V":{"S":"0001-01-01T00:00:00Z"}}`),
	is(&v[time.Time]{someTime.In(time.FixedZone("", 5400))}, `{"V":{"S":"2026-02-28T14:44:15.12+01:30"}}`),
	is(&v[time.Time]{time.Unix(1e9, 0)}, `{"V":{"N":"1000000000"}}`).decoded(),
	is(&omit[time.Time]{}, `{"V":{"S":"0001-01-01T00:00:00Z"}}`), // a struct is never empty
	is(&v[date]{date(someTime)}, `{"V":{"S":"2026-02-28T13:14:15.12Z"}}`),
	is(&unix[date]{date(time.Unix(1e9, 0))}, `{"V":{"N":"1000000000"}}`),
	is(&unix[time.Time]{time.Unix(1e9, 0)}, `{"V":{"N":"1000000000"}}`).differs(),
	is(&unix[*time.Time]{new(time.Unix(1e9, 0))}, `{"V":{"N":"1000000000"}}`).differs(),
	is(&unix[time.Time]{someTime}, `{"V":{"S":"2026-02-28T13:14:15.12Z"}}`).decoded(),
	is(&v[attributevalue.UnixTime]{attributevalue.UnixTime(time.Unix(-1, 0))}, `{"V":{"N":"-1"}}`),

	// Pointers, interfaces, attribute values.
	is(&v[*int]{new(0)}, `{"V":{"N":"0"}}`),
	is(&v[*int]{}, `{"V":{"NULL":true}}`),
	is(&omit[*int]{}, `{}`),
	is(&omit[*int]{new(0)}, `{"V":{"N":"0"}}`),
	is(&omit[**int]{new(new(0))}, `{}`).encoded(), // as attributevalue has it
	is(&v[**int]{new(new(5))}, `{"V":{"N":"5"}}`),
	is(&v[*[]string]{new([]string(nil))}, `{"V":{"L":[]}}`).encoded(),
	is(&v[*map[string]int]{new(map[string]int(nil))}, `{"V":{"M":{}}}`).encoded(),
	is(&v[any]{}, `{"V":{"NULL":true}}`),
	is(&v[any]{"x"}, `{"V":{"S":"x"}}`),
	is(&v[any]{1.5}, `{"V":{"N":"1.5"}}`),
	is(&v[any]{true}, `{"V":{"BOOL":true}}`),
	is(&v[any]{[]byte("ab")}, `{"V":{"B":"YWI="}}`),
	is(&v[any]{[]any{"x", nil, map[string]any{"k": []any{}}}}, `{"V":{"L":[{"S":"x"},{"NULL":true},{"M":{"k":{"L":[]}}}]}}`),
	is(&v[any]{[]string{"a"}}, `{"V":{"SS":["a"]}}`).decoded(),
	is(&v[any]{[]float64{1, 2.5}}, `{"V":{"NS":["1","2.5"]}}`).decoded(),
	is(&v[any]{[][]byte{{1}}}, `{"V":{"BS":["AQ=="]}}`),
	is(&v[any]{attributevalue.Number("9007199254740993")}, `{"V":{"N":"9007199254740993"}}`).decoded().differs(),
	is(&v[any]{[]attributevalue.Number{"1", "9007199254740993"}}, `{"V":{"NS":["1","9007199254740993"]}}`).decoded().differs(),
	is(&v[any]{0.1}, `{"V":{"N":"0.1000000000000000000"}}`).decoded(),
	is(&v[any]{new(5)}, `{"V":{"N":"5"}}`).encoded(),
	is(&v[any]{bigInt("7")}, `{"V":{"S":"7"}}`).encoded(),
	is(&v[any]{[]string(nil)}, `{"V":{"L":[]}}`).encoded(),
	is(&v[any]{map[string]any(nil)}, `{"V":{"M":{}}}`).encoded(),
	is(&v[types.AttributeValue]{&types.AttributeValueMemberNS{Value: []string{"1"}}}, `{"V":{"NS":["1"]}}`).differs(),
	is(&v[types.AttributeValue]{}, `{"V":{"NULL":true}}`).encoded(),
	is(&v[map[string]types.AttributeValue]{map[string]types.AttributeValue{"a": &types.AttributeValueMemberS{Value: "x"}}}, `{"V":{"M":{"a":{"S":"x"}}}}`).differs(),

	// Lists, sets, maps.
	is(&v[[]int]{[]int{1, 2, 3}}, `{"V":{"L":[{"N":"1"},{"N":"2"},{"N":"3"}]}}`),
	is(&v[[]int]{}, `{"V":{"NULL":true}}`),
	is(&v[[]int]{[]int{}}, `{"V":{"L":[]}}`),
	is(&omit[[]int]{}, `{}`),
	is(&omit[[]int]{[]int{}}, `{"V":{"L":[]}}`),
	is(&null[int]{}, `{"V":{"NULL":true}}`),
	is(&null[string]{"x"}, `{"V":{"S":"x"}}`),
	is(&v[[3]string]{[3]string{"a", "b", ""}}, `{"V":{"L":[{"S":"a"},{"S":"b"},{"S":""}]}}`),
	is(&v[[]*string]{[]*string{new("a"), nil}}, `{"V":{"L":[{"S":"a"},{"NULL":true}]}}`),
	is(&omitElem[[]string]{[]string{"a", "", "b"}}, `{"V":{"L":[{"S":"a"},{"S":"b"}]}}`).encoded(),
	is(&nullElem[[]string]{[]string{"a", ""}}, `{"V":{"L":[{"S":"a"},{"NULL":true}]}}`),
	is(&omitElem[map[string]int]{map[string]int{"a": 0, "b": 1}}, `{"V":{"M":{"b":{"N":"1"}}}}`).encoded(),
	is(&omitBoth[**int]{new((*int)(nil))}, `{}`).encoded(),
	is(&v[[]string]{[]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}}, `{"V":{"L":[{"S":"a"},{"S":"b"},{"S":"c"},{"S":"d"},{"S":"e"},{"S":"f"},{"S":"g"},{"S":"h"},{"S":"i"},{"S":"j"}]}}`),
	is(&stringsOf[[]string]{[]string{"a", "b"}}, `{"V":{"SS":["a","b"]}}`),
	is(&stringsOf[[]string]{[]string{}}, `{"V":{"NULL":true}}`).encoded(),
	is(&setWithout[[]string]{[]string{"", "a"}}, `{"V":{"SS":["a"]}}`).encoded(),
	is(&setWithout[[]string]{[]string{"", ""}}, `{"V":{"NULL":true}}`).encoded().differs(),
	is(&stringsOf[[]uuid.UUID]{[]uuid.UUID{someID}}, `{"V":{"SS":["6ba7b810-9dad-11d1-80b4-00c04fd430c8"]}}`).differs(),
	is(&stringsOf[[2]string]{[2]string{"a", "b"}}, `{"V":{"SS":["a","b"]}}`),
	is(&numbersOf[[]int]{[]int{1, -2}}, `{"V":{"NS":["1","-2"]}}`),
	is(&numbersOf[[]*float64]{[]*float64{new(1.5)}}, `{"V":{"NS":["1.5"]}}`),
	is(&numbersOf[[]celsius]{[]celsius{{1.5}, {2}}}, `{"V":{"NS":["1.5","2"]}}`).differs(),
	is(&binariesOf[[][]byte]{[][]byte{{1}, {}}}, `{"V":{"BS":["AQ==",""]}}`),
	is(&v[[][]byte]{[][]byte{{1}, {2}}}, `{"V":{"BS":["AQ==","Ag=="]}}`),
	is(&binariesOf[[]packed]{[]packed{{1, 2}}}, `{"V":{"BS":["AQI="]}}`).differs(),
	is(&v[[]string]{[]string{"a"}}, `{"V":{"SS":["a"]}}`).decoded(),
	is(&stringsOf[[]string]{[]string{"a"}}, `{"V":{"L":[{"S":"a"}]}}`).decoded(),
	is(&asText[int]{5}, `{"V":{"S":"5"}}`),
	is(&asText[int]{5}, `{"V":{"N":"5"}}`).decoded(),
	is(&asText[attributevalue.Number]{"5"}, `{"V":{"S":"5"}}`),
	is(&asText[bool]{true}, `{"V":{"BOOL":true}}`),
	is(&asText[[]int]{[]int{5}}, `{"V":{"L":[{"N":"5"}]}}`),
	is(&v[map[string]int]{map[string]int{"b": 2, "a": 1, "": 0}}, ``).encoded(),
	is(&v[map[string]int]{map[string]int{"b": 2, "a \"": 1}}, `{"V":{"M":{"a \"":{"N":"1"},"b":{"N":"2"}}}}`),
	is(&v[map[string]int]{map[string]int{}}, `{"V":{"M":{}}}`),
	is(&v[map[string]int]{}, `{"V":{"NULL":true}}`),
	is(&v[map[int8]bool]{map[int8]bool{-1: true}}, `{"V":{"M":{"-1":{"BOOL":true}}}}`),
	is(&v[map[bool]string]{map[bool]string{true: "x"}}, `{"V":{"M":{"true":{"S":"x"}}}}`),
	is(&v[map[float64]string]{map[float64]string{1.5: "x"}}, `{"V":{"M":{"1.5":{"S":"x"}}}}`),
	is(&v[map[uuid.UUID]int]{map[uuid.UUID]int{someID: 1}}, `{"V":{"M":{"6ba7b810-9dad-11d1-80b4-00c04fd430c8":{"N":"1"}}}}`),
	is(&v[map[textKey][]int]{map[textKey][]int{{4}: {1}}}, `{"V":{"M":{"k4":{"L":[{"N":"1"}]}}}}`),
	is(&v[map[string]big.Int]{map[string]big.Int{"a": *bigInt("5")}}, `{"V":{"M":{"a":{"S":"5"}}}}`).differs(),

	// Methods.
	is(&v[uuid.UUID]{someID}, `{"V":{"S":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}}`),
	is(&v[uuid.UUID]{someID}, `{"V":{"B":"a6e4EJ2tEdGAtADAT9QwyA=="}}`).decoded(),
	is(&v[upper]{upper{"A\"B"}}, `{"V":{"S":"A\"B"}}`),
	is(&v[*upper]{&upper{"AB"}}, `{"V":{"S":"AB"}}`),
	is(&v[packed]{packed{1, 2}}, `{"V":{"B":"AQI="}}`),
	is(&v[celsius]{celsius{1.5}}, `{"V":{"N":"1.5"}}`),
	is(&v[celsius]{celsius{-1}}, `{"V":{"NULL":true}}`).decoded(),
	is(&v[*celsius]{}, `{"V":{"NULL":true}}`),
	is(&item{Name: "x"}, `{"custom":{"S":"x"}}`),
	is(&v[[]item]{[]item{{Name: "x"}}}, `{"V":{"L":[{"M":{"custom":{"S":"x"}}}]}}`),
	is(&labelled{A: 1}, `{"A":{"N":"1"}}`).differs(),
	is(&v[any]{labelled{A: 1}}, `{"V":{"S":"label"}}`).encoded(), // in an interface it is read as a string
	is(&v[any]{shouted("ab")}, `{"V":{"S":"AB"}}`).encoded(),
	is(&v[any]{[]shouted{"ab"}}, `{"V":{"L":[{"S":"AB"}]}}`).encoded(),
	is(&v[any]{complex(0, 1)}, ``).encoded().differs(),
	is(&v[struct{ upper }]{struct{ upper }{upper{"AB"}}}, `{"V":{"S":"AB"}}`).encoded(), // attributevalue reads types without names by their fields
	is(&v[struct{ upper }]{struct{ upper }{upper{"AB"}}}, `{"V":{"S":"AB"}}`).decoded().differs(),
	is(&v[whisper]{"ab"}, `{"V":{"S":"AB"}}`).decoded(), // written as it is, read by its own rules

	// What is not set, for types whose methods do not read what they make of that.
	is(&v[uuid.NullUUID]{uuid.NullUUID{UUID: someID, Valid: true}}, `{"V":{"S":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}}`),
	is(&v[uuid.NullUUID]{}, `{"V":{"NULL":true}}`).differs(),
	is(&v[uuid.NullUUID]{}, `{"V":{"S":"null"}}`).decoded().differs(),
	is(&omit[uuid.NullUUID]{}, `{}`).differs(),
	is(&v[*uuid.NullUUID]{new(uuid.NullUUID{})}, `{"V":{"NULL":true}}`).encoded().differs(),
	is(&v[[]uuid.NullUUID]{[]uuid.NullUUID{{}, {UUID: someID, Valid: true}}}, `{"V":{"L":[{"NULL":true},{"S":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}]}}`).differs(),
	is(&v[map[string]uuid.NullUUID]{map[string]uuid.NullUUID{"a": {}}}, `{"V":{"M":{"a":{"NULL":true}}}}`).differs(),
	is(&v[map[uuid.NullUUID]int]{map[uuid.NullUUID]int{{}: 1}}, ``).encoded(),
	is(&v[struct{ N uuid.NullUUID }]{}, `{"V":{"M":{"N":{"NULL":true}}}}`).differs(),
	is(&v[any]{uuid.NullUUID{}}, `{"V":{"NULL":true}}`).encoded().differs(),
	is(&v[day]{}, `{"V":{"NULL":true}}`).differs(),
	is(&v[day]{day{2026, 2}}, `{"V":{"S":"2026/2"}}`),
	is(&v[day]{}, `{"V":{"S":"0/0"}}`).decoded().differs(),
	is(&v[even]{}, `{"V":{"NULL":true}}`).differs(),
	is(&v[even]{even{4}}, `{"V":{"B":"BAQ="}}`),
	is(&v[level]{}, `{"V":{"NULL":true}}`).differs(),
	is(&v[level]{3}, `{"V":{"N":"3"}}`),
	is(&v[grade]{}, `{"V":{"NULL":true}}`).differs(),
	is(&v[netip.Addr]{}, `{"V":{"S":""}}`), // reads its own form of not being set
	is(&v[uuid.UUID]{}, `{"V":{"S":"00000000-0000-0000-0000-000000000000"}}`),

	// The SDK's own encoding: methods for text and bytes do not count.
	is(&v[uuid.UUID]{someID}, `{"V":{"B":"a6e4EJ2tEdGAtADAT9QwyA=="}}`).sdk(),
	is(&v[uuid.UUID]{}, `{"V":{"B":"AAAAAAAAAAAAAAAAAAAAAA=="}}`).sdk(),
	is(&v[uuid.UUID]{someID}, `{"V":{"S":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}}`).decoded().differs().sdk(),
	is(&v[*uuid.UUID]{&someID}, `{"V":{"B":"a6e4EJ2tEdGAtADAT9QwyA=="}}`).sdk(),
	is(&omit[*uuid.UUID]{}, `{}`).sdk(),
	is(&v[[]uuid.UUID]{[]uuid.UUID{someID}}, `{"V":{"L":[{"B":"a6e4EJ2tEdGAtADAT9QwyA=="}]}}`).sdk(),
	is(&binariesOf[[]uuid.UUID]{[]uuid.UUID{someID}}, `{"V":{"BS":["a6e4EJ2tEdGAtADAT9QwyA=="]}}`).sdk(),
	is(&v[map[uuid.UUID]uuid.UUID]{map[uuid.UUID]uuid.UUID{someID: someID}}, `{"V":{"M":{"6ba7b810-9dad-11d1-80b4-00c04fd430c8":{"B":"a6e4EJ2tEdGAtADAT9QwyA=="}}}}`).sdk(),
	is(&v[any]{someID}, `{"V":{"B":"a6e4EJ2tEdGAtADAT9QwyA=="}}`).encoded().sdk(),
	is(&v[uuid.NullUUID]{}, `{"V":{"M":{"UUID":{"B":"AAAAAAAAAAAAAAAAAAAAAA=="},"Valid":{"BOOL":false}}}}`).sdk(),
	is(&v[slog.Level]{slog.LevelWarn}, `{"V":{"N":"4"}}`).sdk(),
	is(&v[slog.Level]{slog.LevelWarn}, `{"V":{"S":"WARN"}}`).decoded().differs().sdk(),
	is(&v[slog.Level]{slog.LevelWarn}, `{"V":{"S":"WARN"}}`),
	is(&asText[slog.Level]{slog.LevelWarn}, `{"V":{"S":"4"}}`).sdk(),
	is(&omit[slog.Level]{}, `{}`).sdk(),
	is(&numbersOf[[]slog.Level]{[]slog.Level{4, 8}}, `{"V":{"NS":["4","8"]}}`).sdk(),
	is(&v[map[string]slog.Level]{map[string]slog.Level{"a": 4}}, `{"V":{"M":{"a":{"N":"4"}}}}`).sdk(),
	is(&v[struct{ L []*slog.Level }]{struct{ L []*slog.Level }{[]*slog.Level{new(slog.LevelWarn)}}}, `{"V":{"M":{"L":{"L":[{"N":"4"}]}}}}`).sdk(),
	is(&v[shouted]{"ab"}, `{"V":{"S":"ab"}}`).sdk(), // one way only by its method
	is(&v[shout]{"ab"}, `{"V":{"S":"ab"}}`).sdk(),
	is(&v[packed]{packed{1, 2}}, `{"V":{"M":{"A":{"N":"1"},"B":{"N":"2"}}}}`).sdk(),
	is(&v[packed]{packed{1, 2}}, `{"V":{"B":"AQI="}}`).decoded().differs().sdk(),
	is(&v[textKey]{textKey{4}}, `{"V":{"M":{"N":{"N":"4"}}}}`).sdk(),
	is(&v[map[textKey]int]{map[textKey]int{{4}: 1}}, `{"V":{"M":{"k4":{"N":"1"}}}}`).sdk(),
	is(&v[celsius]{celsius{1.5}}, `{"V":{"N":"1.5"}}`).sdk(), // a Marshaler counts
	is(&v[time.Time]{someTime}, `{"V":{"S":"2026-02-28T13:14:15.12Z"}}`).sdk(),
	is(&unix[time.Time]{time.Unix(1e9, 0)}, `{"V":{"N":"1000000000"}}`).sdk(),
	is(&unix[*time.Time]{new(time.Unix(1e9, 0))}, `{"V":{"N":"1000000000"}}`).sdk(),
	is(&v[netip.AddrPort]{}, `{"V":{"S":""}}`),

	// Keys of maps are read from what is written.
	is(&v[map[time.Duration]int]{map[time.Duration]int{time.Minute: 1}}, `{"V":{"M":{"60000000000":{"N":"1"}}}}`).differs(),
	is(&v[map[stringer]int]{map[stringer]int{"x": 1}}, `{"V":{"M":{"x":{"N":"1"}}}}`).differs(),
	is(&v[map[time.Month]bool]{map[time.Month]bool{time.May: true}}, `{"V":{"M":{"5":{"BOOL":true}}}}`).differs(),
	is(&v[map[float32]int]{map[float32]int{0.1: 1, 1e21: 2}}, `{"V":{"M":{"0.1":{"N":"1"},"1e+21":{"N":"2"}}}}`),
	is(&v[map[atPointer]int]{map[atPointer]int{{4}: 1}}, `{"V":{"M":{"p4":{"N":"1"}}}}`).differs(),
	is(&v[map[float64]int]{map[float64]int{math.NaN(): 1}}, ``).encoded(),
	is(&v[map[shortened]int]{map[shortened]int{{"aa"}: 1, {"ab"}: 2}}, ``).encoded(),
	is(&struct{ *unexported }{&unexported{B: 1}}, `{"B":{"N":"1"}}`).differs(),
	is(&v[*any]{new(any("x"))}, `{"V":{"S":"x"}}`).differs(),

	// Structs.
	is(&v[struct{ A, B int }]{struct{ A, B int }{1, 2}}, `{"V":{"M":{"A":{"N":"1"},"B":{"N":"2"}}}}`),
	is(&v[struct{}]{}, `{"V":{"M":{}}}`),
	is(&v[[]struct{ A int }]{[]struct{ A int }{{1}, {2}}}, `{"V":{"L":[{"M":{"A":{"N":"1"}}},{"M":{"A":{"N":"2"}}}]}}`),
	is(&node{Name: "a", Next: &node{Name: "b"}, Kids: []*node{{Name: "c"}}, By: map[string]node{"d": {Name: "e"}}},
		`{"Name":{"S":"a"},"Next":{"M":{"Name":{"S":"b"}}},"Kids":{"L":[{"M":{"Name":{"S":"c"}}}]},"By":{"M":{"d":{"M":{"Name":{"S":"e"}}}}}}`),
	is(&outer{Promoted: Promoted{P1: []string{"p"}, embedded: embedded{E1: "e"}}, EmbeddedPtr: &EmbeddedPtr{Q: "q", TS: date(time.Unix(5, 0))}, F0: "f", Set: []int{1}},
		`{"p1":{"SS":["p"]},"e1":{"S":"e"},"Q":{"S":"q"},"TS":{"N":"5"},"F0":{"S":"f"},"Set":{"NS":["1"]}}`),
	is(&outer{}, `{"p1":{"NULL":true},"e1":{"S":""},"F0":{"S":""},"Set":{"NULL":true}}`),
	is(&struct {
		A int `dynamodbav:"-"`
		b int
		C int `dynamodbav:"c-d.e \"f\""`
	}{C: 1}, `{"c-d.e \"f\"":{"N":"1"}}`),
	is(&v[string]{"x"}, ` { "V" : { "S" : "x" } } `).decoded(),
	is(&v[string]{"x"}, `{"v":{"S":"x"}}`).decoded(),
	is(&v[string]{"x"}, `{"other":{"X":[1,null,{"future":true}]},"V":{"S":"x"}}`).decoded().differs(),
	is(&v[string]{"exact"}, `{"v":{"S":"folded"},"V":{"S":"exact"},"ſ":{"S":"no"}}`).decoded().differs(),
	is(&v[string]{"exact"}, `{"V":{"S":"exact"},"v":{"S":"folded"}}`).decoded().differs(),
	is(&v[int]{7}, `{"v":{"S":"another"},"V":{"N":"7"}}`).decoded().differs(),
	is(&v[[]struct{ A []int }]{[]struct{ A []int }{{[]int{1}}}}, `{"V":{"L":[{"M":{"a":{"L":[{"N":"2"},{"M":{"x":{"S":""}}}]},"A":{"L":[{"N":"1"}]}}}]}}`).decoded().differs(),
	is(&v[map[string]int]{map[string]int{"a": 1}}, `{"v":{"M":{"z":{"N":"9"}}},"V":{"M":{"a":{"N":"1"}}}}`).decoded().differs(),
	is(&v[*struct{ V *int }]{&struct{ V *int }{new(1)}}, `{"V":{"M":{"v":{"N":"1"}}}}`).decoded(),
}

func planOf(t testing.TB, value any) (*codec.Plan, reflect.Value) {
	t.Helper()
	return byMethods.planOf(t, value)
}

func (e encoded) planOf(t testing.TB, value any) (*codec.Plan, reflect.Value) {
	t.Helper()
	p := reflect.ValueOf(value)
	plan, err := e.encoding.PlanOf(p.Type().Elem())
	if err != nil {
		t.Fatal(err)
	}
	return plan, p
}

func TestCasesEncode(t *testing.T) {
	for _, tc := range cases {
		if tc.only == decoding {
			continue
		}
		plan, p := tc.how.planOf(t, tc.value)
		b, err := plan.AppendMembers([]byte("prefix{"), p.UnsafePointer())
		if tc.item == "" {
			if err == nil || string(b) != "prefix{" {
				t.Errorf("%s: encoded %s, want an error", tc.where, b)
			}
			continue
		}
		if got := strings.TrimPrefix(string(b), "prefix") + "}"; err != nil || got != tc.item {
			t.Errorf("%s: error %v\ngot  %s\nwant %s", tc.where, err, got, tc.item)
			continue
		}
		want, err := tc.how.marshal(tc.value)
		if err != nil && !tc.differ {
			t.Errorf("%s: attributevalue: %v", tc.where, err)
		}
		got, err := wire.ReadItem([]byte(tc.item))
		if err != nil {
			t.Errorf("%s: %v", tc.where, err)
		}
		if !tc.differ && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: attributevalue makes it %v", tc.where, want)
		}
	}
}

func TestCasesDecode(t *testing.T) {
	for _, tc := range cases {
		if tc.only == encoding || tc.item == "" {
			continue
		}
		plan, p := tc.how.planOf(t, tc.value)
		for _, how := range []string{"aliasing", "copying", "transcoded", "sorted"} {
			data := []byte(tc.item)
			if how == "transcoded" || how == "sorted" {
				m, err := wire.ReadItem(data)
				if err != nil {
					continue // types of the future are skipped, not transcoded
				}
				if data, err = wire.AppendItem(nil, m); err != nil {
					t.Errorf("%s: %v", tc.where, err)
				}
			}
			got := reflect.New(plan.Type())
			r := wire.NewReader(data)
			r.Copy = how == "copying"
			err := plan.Decode(r, got.UnsafePointer())
			if r.Copy && err == nil {
				overwrite(r)
			}
			if err != nil || !reflect.DeepEqual(got.Interface(), tc.value) {
				t.Errorf("%s: %s: error %v\ngot  %+v\nwant %+v", tc.where, how, err, got.Elem(), p.Elem())
			}
			if err := r.End(); err != nil {
				t.Errorf("%s: %v", tc.where, err)
			}
		}
		if tc.differ {
			continue
		}
		got := reflect.New(plan.Type())
		m, err := wire.ReadItem([]byte(tc.item))
		if err != nil {
			t.Errorf("%s: %v", tc.where, err)
		}
		if err := tc.how.unmarshal(m, got.Interface()); err != nil || !reflect.DeepEqual(got.Interface(), tc.value) {
			t.Errorf("%s: attributevalue: error %v\ngot  %+v\nwant %+v", tc.where, err, got.Elem(), p.Elem())
		}
	}
}
