package codec_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// targets are what arbitrary bytes are decoded into.
var targets = []reflect.Type{
	reflect.TypeFor[v[any]](), reflect.TypeFor[order](), reflect.TypeFor[node](), reflect.TypeFor[outer](),
	reflect.TypeFor[struct {
		V int
		A float32                 `dynamodbav:"a"`
		B *bool                   `dynamodbav:"b"`
		C []uint8                 `dynamodbav:"c"`
		D map[string][]int        `dynamodbav:"d"`
		E time.Time               `dynamodbav:"e"`
		F uuid.UUID               `dynamodbav:"f"`
		G attributevalue.Number   `dynamodbav:"g"`
		H [3]string               `dynamodbav:"h"`
		I map[int16]*celsius      `dynamodbav:"i"`
		J uint                    `dynamodbav:"j,string"`
		K [][]byte                `dynamodbav:"k"`
		L date                    `dynamodbav:"l"`
		M struct{ X, Y *upper }   `dynamodbav:"m"`
		N []packed                `dynamodbav:"n"`
		O map[bool]map[string]any `dynamodbav:"o"`
	}](),
}

// FuzzDecode decodes arbitrary bytes: it must not panic, and where the bytes are an item at all, the result must be that of
// a naive decoder, encoding/json and attributevalue.
func FuzzDecode(f *testing.F) {
	for i, tc := range cases {
		f.Add([]byte(tc.item), uint8(i))
		f.Add([]byte(tc.item), uint8(len(targets)-1))
		f.Add([]byte(tc.item), uint8(0x80+i%len(targets)))
	}
	f.Add([]byte(`{"V":{"N":"1"},"a":{"N":"3.4028236e38"},"b":{"BOOL":true},"c":{"B":"AA=="},"e":{"S":"2024-02-30T00:00:00Z"},"i":{"M":{"-5":{"N":"1"}}},"j":{"S":"5"},"m":{"M":{"x":{"S":"!"}}}}`), uint8(4))
	for _, c := range []string{"\x00", "\"", "{", ",", "\x00\"V\":"} { // in place of a name
		f.Add([]byte(`{`+c+`{"S":"x"}}`), uint8(0))
		f.Add([]byte(`{"V":{"S":"x"},`+c+`{"S":"x"}}`), uint8(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		typ, how := targets[int(which&0x7f)%len(targets)], byMethods
		if which >= 0x80 {
			how = bySDK
		}
		plan, err := how.encoding.PlanOf(typ)
		if err != nil {
			if how == byMethods {
				t.Fatal(err)
			}
			return // nothing is left of its types
		}
		got := reflect.New(typ)
		r := wire.NewReader(bytes.Clone(data))
		r.Copy = len(data)%2 == 0
		err = plan.Decode(r, got.UnsafePointer())
		if err == nil {
			err = r.End()
		}
		if r.Copy && err == nil {
			overwrite(r)
		}
		if err == nil && (!json.Valid(data) || !utf8.Valid(data)) {
			t.Fatalf("decoded what is not JSON: %q", data)
		}
		m, naive := naiveItem(data)
		switch {
		case naive == errNaive || ambiguous(data):
			return // an unknown attribute may have been skipped
		case naive != nil && err == nil:
			t.Fatalf("decoded what is no item: %v\n%s", naive, data)
		case naive != nil:
			return
		}
		want := reflect.New(typ)
		wantErr := how.unmarshal(m, want.Interface())
		if deviates(wantErr) || errors.Is(err, errBang) || errors.Is(wantErr, errBang) {
			return
		}
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("error %v, attributevalue's %v\n%s", err, wantErr, data)
		}
		if err == nil && !same(got.Elem(), want.Elem()) {
			t.Fatalf("got  %+v\nwant %+v\n%s", got.Elem(), want.Elem(), data)
		}
	})
}

var (
	errNaive    = errors.New("not an attribute value")
	naiveNumber = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)
)

// naiveItem reads an item by way of encoding/json.
func naiveItem(data []byte) (map[string]types.AttributeValue, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var doc map[string]any
	if err := d.Decode(&doc); err != nil || !json.Valid(data) {
		return nil, errors.New("not JSON")
	}
	if doc == nil {
		return nil, errors.New("null")
	}
	return naiveMap(doc, 0)
}

func naiveMap(doc map[string]any, depth int) (map[string]types.AttributeValue, error) {
	m := make(map[string]types.AttributeValue)
	for k, v := range doc {
		av, err := naiveValue(v, depth)
		if err != nil {
			return nil, err
		}
		m[k] = av
	}
	return m, nil
}

func naiveValue(v any, depth int) (types.AttributeValue, error) {
	tagged, ok := v.(map[string]any)
	if !ok || len(tagged) != 1 || depth > wire.MaxDepth {
		return nil, errNaive
	}
	for tag, v := range tagged {
		s, isText := v.(string)
		b, isBool := v.(bool)
		list, isList := v.([]any)
		object, isObject := v.(map[string]any)
		switch {
		case tag == "S" && isText:
			return &types.AttributeValueMemberS{Value: s}, nil
		case tag == "N" && isText && naiveNumber.MatchString(s):
			return &types.AttributeValueMemberN{Value: s}, nil
		case tag == "B" && isText:
			if b, err := base64.StdEncoding.DecodeString(s); err == nil {
				return &types.AttributeValueMemberB{Value: b}, nil
			}
		case tag == "BOOL" && isBool:
			return &types.AttributeValueMemberBOOL{Value: b}, nil
		case tag == "NULL" && isBool:
			return &types.AttributeValueMemberNULL{Value: b}, nil
		case tag == "M" && isObject && depth < wire.MaxDepth:
			m, err := naiveMap(object, depth+1)
			return &types.AttributeValueMemberM{Value: m}, err
		case tag == "L" && isList && depth < wire.MaxDepth:
			l := &types.AttributeValueMemberL{}
			for _, v := range list {
				av, err := naiveValue(v, depth+1)
				if err != nil {
					return nil, err
				}
				l.Value = append(l.Value, av)
			}
			return l, nil
		case tag == "SS" || tag == "NS" || tag == "BS":
			return naiveSet(tag, list, isList)
		}
	}
	return nil, errNaive
}

func naiveSet(tag string, list []any, ok bool) (types.AttributeValue, error) {
	var texts []string
	var blobs [][]byte
	for _, v := range list {
		av, err := naiveValue(map[string]any{tag[:1]: v}, 0)
		switch av := av.(type) {
		case *types.AttributeValueMemberS:
			texts = append(texts, av.Value)
		case *types.AttributeValueMemberN:
			texts = append(texts, av.Value)
		case *types.AttributeValueMemberB:
			blobs = append(blobs, av.Value)
		default:
			return nil, err
		}
	}
	switch {
	case !ok:
		return nil, errNaive
	case tag == "SS":
		return &types.AttributeValueMemberSS{Value: texts}, nil
	case tag == "NS":
		return &types.AttributeValueMemberNS{Value: texts}, nil
	}
	return &types.AttributeValueMemberBS{Value: blobs}, nil
}

// ambiguous reports JSON that the naive decoder changes or reads in random order: names that differ in case only or not at
// all, and half surrogates.
func ambiguous(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	type object struct {
		names  map[string]bool
		isName bool
	}
	var open []*object
	for {
		tok, err := d.Token()
		if err != nil {
			return false
		}
		var top *object
		if len(open) > 0 {
			top = open[len(open)-1]
		}
		switch tok := tok.(type) {
		case json.Delim:
			switch tok {
			case '{', '[':
				if top != nil {
					top.isName = true
				}
				o := &object{isName: true}
				if tok == '{' {
					o.names = make(map[string]bool)
				}
				open = append(open, o)
			default:
				open = open[:len(open)-1]
			}
			continue
		case string:
			if strings.ContainsRune(tok, utf8.RuneError) {
				return true
			}
			if top != nil && top.names != nil && top.isName {
				for name := range top.names {
					if strings.EqualFold(name, tok) {
						return true
					}
				}
				top.names[tok] = true
				top.isName = false
				continue
			}
		}
		if top != nil {
			top.isName = true
		}
	}
}

// Whatever the bytes, decoding allocates at most a multiple of their number, here for elements of some size.
func TestMemoryIsBoundedByTheInput(t *testing.T) {
	type wide struct {
		Text [8]string
		L    []wide
		M    map[string]*wide
		Any  any
	}
	plan, err := codec.PlanOf(reflect.TypeFor[wide]())
	if err != nil {
		t.Fatal(err)
	}
	for _, unit := range []string{`{"M":{}},`, `{"M":{"L":{"L":[{"M":{}}]}}},`, `{"M":{"Any":{"L":[]}}},`, `{"M":{"M":{"M":{"a":{"M":{}}}}}},`, `{"NULL":true},`} {
		n := 300_000 / len(unit)
		data := []byte(`{"L":{"L":[` + strings.Repeat(unit, n) + `{"NULL":true}]}}`)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := plan.Decode(wire.NewReader(data), reflect.New(plan.Type()).UnsafePointer()); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) / uint64(len(data)); got > 100 {
			t.Errorf("%s: %d bytes for each byte", unit, got)
		}
	}
}

// Names that are no attributes are remembered, but not without end.
func TestUnknownNamesDoNotPileUp(t *testing.T) {
	plan, err := codec.PlanOf(reflect.TypeFor[v[string]]())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		data := []byte(`{"` + strings.Repeat("u", i) + `x":{"S":"?"},"V":{"S":"ok"},"` + strings.Repeat("w", i) + `":{"L":[]}}`)
		var got v[string]
		if err := plan.Decode(wire.NewReader(data), reflect.ValueOf(&got).UnsafePointer()); err != nil || got.V != "ok" {
			t.Fatalf("%s: %q, %v", data, got.V, err)
		}
	}
}
