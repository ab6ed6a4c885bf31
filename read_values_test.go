package entable_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/entable/entable"
)

// Base is embedded by value, Deep by pointer.
type Base struct {
	BaseText string `dynamodbav:"base_text"`
}

type Deep struct {
	DeepInt int `dynamodbav:"deep_int"`
}

// shouting is stored as an S of its own.
type shouting struct{ text string }

func (s shouting) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	return &types.AttributeValueMemberS{Value: strings.ToUpper(s.text)}, nil
}

func (s *shouting) UnmarshalDynamoDBAttributeValue(v types.AttributeValue) error {
	text, ok := v.(*types.AttributeValueMemberS)
	if !ok {
		return fmt.Errorf("%T is no shout", v)
	}
	s.text = strings.ToLower(text.Value)
	return nil
}

type inner struct {
	A int            `dynamodbav:"a"`
	B []string       `dynamodbav:"b,omitempty"`
	C *inner         `dynamodbav:"c,omitempty"`
	M map[string]any `dynamodbav:"m,omitempty"`
}

// Everything has a field of every kind, with the tags that change how it is stored, but for those that the
// codec's documentation names: it differs from attributevalue there.
type Everything struct {
	ID string `dynamodbav:"id"`
	Base
	*Deep
	Bool      bool
	Int       int
	Int8      int8
	Int64     int64
	Uint64    uint64
	Float32   float32
	Float64   float64
	Text      string
	Named     Kind
	Bytes     []byte
	Array     [3]byte
	Ints      []int
	IntArray  [2]int
	Nested    inner
	Pointer   *inner
	Nil       *inner
	List      []inner
	Pointers  []*int
	Map       map[string]inner
	IntKeys   map[int]string
	NamedKeys map[Kind]bool
	Any       any
	AnyList   []any
	Time      time.Time
	StringSet []string        `dynamodbav:",stringset"`
	IntSet    []int           `dynamodbav:",numberset"`
	ByteSet   [][]byte        `dynamodbav:",binaryset"`
	MapSet    map[string]bool `dynamodbav:"-"`
	AsString  int             `dynamodbav:"as_string,string"`
	OmitInt   int             `dynamodbav:"omit_int,omitempty"`
	OmitText  string          `dynamodbav:"omit_text,omitempty"`
	OmitElem  []string        `dynamodbav:",omitemptyelem"`
	NullElem  []string        `dynamodbav:",nullemptyelem"`
	NullText  string          `dynamodbav:",nullempty"`
	Number    attributevalue.Number
	JSON      json.Number
	Duration  time.Duration
	UUID      uuid.UUID
	Level     Level
	Addr      netip.Addr
	Shout     shouting
	Weird     string `dynamodbav:"a.b#c \"d\""`
	hidden    string
}

func everything() []Everything {
	one, two := 1, -2
	full := Everything{
		ID: "full", Base: Base{"base"}, Deep: &Deep{4}, Bool: true, Int: math.MinInt, Int8: -128, Int64: 1<<63 - 1, Uint64: 1<<64 - 1,
		Float32: 1.1, Float64: 1e-20, Text: "é\x00\n\"\\</script>\u2028\U0010ffff", Named: "n", Bytes: []byte{0, 255}, Array: [3]byte{1, 2, 3},
		Ints: []int{3, 1, 2}, IntArray: [2]int{1, 2}, Nested: inner{A: 1, B: []string{"", "x"}, C: &inner{A: 2}}, Pointer: &inner{A: 3, M: map[string]any{"k": "v"}},
		List: []inner{{}, {A: 1}}, Pointers: []*int{&one, nil, &two}, Map: map[string]inner{"#": {}, "x y": {A: 9}}, IntKeys: map[int]string{-1: "a", 10: "b"},
		NamedKeys: map[Kind]bool{"k": true}, Any: map[string]any{"list": []any{"x", true, nil}, "n": 1.5}, AnyList: []any{"a", 1.0, nil, false},
		Time: time.Date(2024, 2, 29, 1, 2, 3, 4, time.UTC), StringSet: []string{"a", "b"}, IntSet: []int{1, -5},
		ByteSet: [][]byte{{1}, {2, 3}}, AsString: 42, OmitInt: 1, OmitText: "x", OmitElem: []string{"a", "", "b"}, NullElem: []string{"a", "", "b"}, NullText: "t",
		Number: "123456789012345678901234567890.12345678", JSON: "7.5", Duration: time.Minute, UUID: uuid.MustParse(deviceID), Level: High,
		Addr: netip.MustParseAddr("2001:db8::1"), Shout: shouting{"hello"},
		Weird: "w", hidden: "not stored",
	}
	return []Everything{
		{ID: "zero", Number: "0", JSON: "0", Addr: netip.MustParseAddr("::")},
		full,
	}
}

// What entable writes, attributevalue reads, and the other way round, by every route.
func TestValuesAreThoseOfAttributevalue(t *testing.T) {
	encode := func(o *attributevalue.EncoderOptions) { o.UseEncodingMarshalers = true }
	decode := func(o *attributevalue.DecoderOptions) { o.UseEncodingUnmarshalers = true }
	ignore := cmp.Options{
		cmp.AllowUnexported(shouting{}),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".hidden" }, cmp.Ignore()),
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	}
	eachSetup(t, func(t *testing.T, s *setup) {
		items := entable.Register[Everything](s.NewTable(entable.NoDiscriminator()))
		for _, v := range everything() {
			check(t, items.Put(t.Context(), &v))
			stored := s.Load(items.Table(), key("EI#"+v.ID, "A"))
			want, err := attributevalue.MarshalMapWithOptions(v, encode)
			check(t, err)
			maps.Copy(want, key("EI#"+v.ID, "A"))
			sortSets(stored)
			sortSets(want)
			if diff := cmp.Diff(dynamoJSON(want), dynamoJSON(stored)); diff != "" {
				t.Errorf("%s: attributevalue stores -, entable +\n%s", v.ID, diff)
			}

			var their Everything
			check(t, attributevalue.UnmarshalMapWithOptions(stored, &their, decode))
			reads := map[string]*Everything{}
			reads["Get"], err = items.Get(t.Context(), v)
			check(t, err)
			reads["Query"], err = items.Query(v).First(t.Context())
			check(t, err)
			mixed, err := items.Table().Query(&v).First(t.Context())
			check(t, err)
			reads["Table.Query"] = mixed.(*Everything)
			for name, ours := range reads {
				sortFields(ours)
				sortFields(&their)
				if diff := cmp.Diff(their, *ours, ignore); diff != "" {
					t.Errorf("%s of %s: attributevalue reads -, entable +\n%s", name, v.ID, diff)
				}
				if ours.hidden != "" {
					t.Errorf("%s: an unexported field is stored", name)
				}
			}
		}
	})
}

// sortSets gives sets one order: the service keeps none.
func sortSets(item map[string]types.AttributeValue) {
	for _, v := range item {
		switch v := v.(type) {
		case *types.AttributeValueMemberSS:
			slices.Sort(v.Value)
		case *types.AttributeValueMemberNS:
			slices.Sort(v.Value)
		case *types.AttributeValueMemberBS:
			slices.SortFunc(v.Value, slices.Compare)
		}
	}
}

func sortFields(v *Everything) {
	slices.Sort(v.StringSet)
	slices.Sort(v.IntSet)
	slices.SortFunc(v.ByteSet, slices.Compare)
}

// Numbers go through no float64: 38 digits come back as they were, and what overflows is an error.
func TestNumbersAreExact(t *testing.T) {
	type Precise struct {
		ID     string                `dynamodbav:"id"`
		Int    int64                 `dynamodbav:"int"`
		Number attributevalue.Number `dynamodbav:"number"`
		Big    *big.Int              `dynamodbav:"big"`
	}
	eachSetup(t, func(t *testing.T, s *setup) {
		items := entable.Register[Precise](s.NewTable())
		many, _ := new(big.Int).SetString("-99999999999999999999999999999999999999", 10)
		v := Precise{"1", 1<<63 - 1, "12345678901234567890123456789012345678", many}
		check(t, items.Put(t.Context(), &v))
		stored := s.Load(items.Table(), key("PI#1", "A"))
		if got := scalarText(stored["int"]) + " " + scalarText(stored["number"]) + " " + scalarText(stored["big"]); got !=
			"N 9223372036854775807 N 12345678901234567890123456789012345678 S -99999999999999999999999999999999999999" {
			t.Errorf("stored %s", got)
		}
		got, err := items.Get(t.Context(), v)
		check(t, err)
		if got.Int != v.Int || got.Number != v.Number || got.Big.Cmp(v.Big) != 0 {
			t.Errorf("read %+v", got)
		}
		for name, number := range map[string]string{"above": "9223372036854775808", "fraction": "1.5"} {
			item := key("PI#2", "A")
			item["_type"], item["id"], item["int"] = avS("Precise"), avS("2"), avN(number)
			s.Store(items.Table(), item)
			if v, err := items.Get(t.Context(), Precise{ID: "2"}); !is[*entable.DecodeError](err) {
				t.Errorf("%s: read %+v, %v", name, v, err)
			}
		}
	})
}

// Values that cannot be stored are errors before the request, with the attribute's path.
func TestValuesThatCannotBeStored(t *testing.T) {
	type Bad struct {
		ID   string    `dynamodbav:"id"`
		Text string    `dynamodbav:"text"`
		F    float64   `dynamodbav:"f"`
		List []inner   `dynamodbav:"list"`
		Any  any       `dynamodbav:"any"`
		At   time.Time `dynamodbav:"at"`
	}
	deep := &inner{}
	for range 40 {
		deep = &inner{C: deep}
	}
	eachSetup(t, func(t *testing.T, s *setup) {
		items := entable.Register[Bad](s.NewTable())
		s.Spy.Reset()
		for name, test := range map[string]struct {
			v    Bad
			path string
		}{
			"invalid UTF-8":       {Bad{ID: "1", Text: "\xff"}, "text"},
			"invalid UTF-8 below": {Bad{ID: "1", List: []inner{{}, {B: []string{"\xff"}}}}, "list[1].b[0]"},
			"NaN":                 {Bad{ID: "1", F: nan()}, "f"},
			"too deep":            {Bad{ID: "1", List: []inner{*deep}}, "list[0].c"},
		} {
			v := test.v
			err := items.Put(t.Context(), &v)
			if !is[*entable.EncodeError](err) || !entable.IsError(err) || !strings.Contains(err.Error(), test.path) {
				t.Errorf("%s: %v, want an *EncodeError of %s", name, err, test.path)
			}
		}
		if n := s.Spy.Sent(""); n != 0 {
			t.Errorf("%d requests were sent", n)
		}
	})
}

func nan() float64 {
	zero := 0.0
	return zero / zero
}

// Get and Query give values of their own: what a caller changes shows nowhere else.
func TestLoadedValuesAreTheCallers(t *testing.T) {
	s := onMemory(t)
	tasks := registerTasks(s.NewTable())
	check(t, tasks.Put(t.Context(), &Task{List: "a", N: 1, Tags: []string{"x"}, Extra: []any{"y"}}))
	a, err := tasks.Get(t.Context(), Task{List: "a", N: 1})
	check(t, err)
	a.Tags[0], a.Extra.([]any)[0] = "changed", "changed"
	b, err := tasks.Get(t.Context(), Task{List: "a", N: 1})
	check(t, err)
	if b.Tags[0] != "x" || b.Extra.([]any)[0] != "y" {
		t.Errorf("read %+v", *b)
	}
}
