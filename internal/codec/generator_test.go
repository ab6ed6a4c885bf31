package codec_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// Types with methods and options, out of which the property test builds structs.
type (
	named    string
	namedInt int16
	stringer string
	blob     []byte
	date     time.Time // no methods: attributevalue formats it itself
	upper    struct{ s string }
	packed   struct{ A, B byte }
	celsius  struct{ Degrees float64 }
	textKey  struct{ N int }
	embedded struct {
		E1 string `dynamodbav:"e1"`
		E2 *int   `dynamodbav:"e2,omitempty"`
		F0 int    // hidden by a field of the outer struct
	}
	Promoted struct {
		P1 []string `dynamodbav:"p1,stringset"`
		embedded
	}
	node struct {
		Name string
		Next *node           `dynamodbav:",omitempty"`
		Kids []*node         `dynamodbav:",omitempty"`
		By   map[string]node `dynamodbav:",omitempty"`
	}
	outer struct {
		Promoted
		*EmbeddedPtr
		F0  string
		Set []int `dynamodbav:",numberset"`
	}
	EmbeddedPtr struct {
		Q  string
		TS date `dynamodbav:",unixtime"`
	}
)

func (s stringer) String() string { return "<" + string(s) + ">" }

func (u upper) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(u.s)), nil }
func (u *upper) UnmarshalText(b []byte) error {
	if len(b) > 0 && b[0] == '!' {
		return errBang
	}
	u.s = string(b)
	return nil
}

func (p packed) MarshalBinary() ([]byte, error) { return []byte{p.A, p.B}, nil }
func (p *packed) UnmarshalBinary(b []byte) error {
	if len(b) != 2 {
		return errors.New("not two bytes")
	}
	p.A, p.B = b[0], b[1]
	return nil
}

func (c celsius) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	return &types.AttributeValueMemberN{Value: strconv.FormatFloat(c.Degrees, 'f', -1, 64)}, nil
}

func (c *celsius) UnmarshalDynamoDBAttributeValue(av types.AttributeValue) error {
	switch av := av.(type) {
	case *types.AttributeValueMemberN:
		f, err := strconv.ParseFloat(av.Value, 64)
		c.Degrees = f
		return err
	case *types.AttributeValueMemberNULL:
		c.Degrees = -1
		return nil
	}
	return errNoTemperature
}

var (
	errNoTemperature = errors.New("no temperature")
	errBang          = errors.New("starts with a bang")
)

func (k textKey) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "k%d", k.N), nil }
func (k *textKey) UnmarshalText(b []byte) error {
	_, err := fmt.Sscanf(string(b), "k%d", &k.N)
	return err
}

// generator makes random types and values.
type generator struct {
	*rand.Rand
	encoding codec.Encoding
}

var leafTypes = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[string](), reflect.TypeFor[named](), reflect.TypeFor[stringer](),
	reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32](), reflect.TypeFor[int64](), reflect.TypeFor[namedInt](),
	reflect.TypeFor[uint](), reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64](),
	reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[attributevalue.Number](), reflect.TypeFor[json.Number](),
	reflect.TypeFor[[]byte](), reflect.TypeFor[blob](), reflect.TypeFor[[4]byte](), reflect.TypeFor[[]named](), reflect.TypeFor[[][]byte](),
	reflect.TypeFor[time.Time](), reflect.TypeFor[date](), reflect.TypeFor[attributevalue.UnixTime](), reflect.TypeFor[time.Duration](),
	reflect.TypeFor[uuid.UUID](), reflect.TypeFor[big.Int](), reflect.TypeFor[upper](), reflect.TypeFor[packed](), reflect.TypeFor[celsius](),
	reflect.TypeFor[any](), reflect.TypeFor[embedded](), reflect.TypeFor[Promoted](), reflect.TypeFor[node](), reflect.TypeFor[outer](),
	reflect.TypeFor[chan int](),
}

var keyTypes = []reflect.Type{
	reflect.TypeFor[string](), reflect.TypeFor[named](), reflect.TypeFor[int](), reflect.TypeFor[uint8](), reflect.TypeFor[bool](),
	reflect.TypeFor[float64](), reflect.TypeFor[textKey](), reflect.TypeFor[uuid.UUID](),
}

// hasPointerMethods reports whether t is or holds a big.Int, whose methods attributevalue does not find in a map.
func hasPointerMethods(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return hasPointerMethods(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if hasPointerMethods(f.Type) {
				return true
			}
		}
	}
	return t == reflect.TypeFor[big.Int]()
}

func (g generator) typ(depth int) reflect.Type {
	if depth == 0 || g.IntN(3) > 0 {
		leaf := leafTypes[g.IntN(len(leafTypes))]
		if _, err := g.encoding.PlanOf(reflect.StructOf([]reflect.StructField{{Name: "F", Type: leaf}})); err != nil {
			return reflect.TypeFor[uuid.UUID]() // without methods nothing is left of the other
		}
		return leaf
	}
	switch g.IntN(7) {
	case 0, 1:
		switch elem := g.typ(depth - 1); {
		case elem.Kind() == reflect.Interface: // attributevalue drops what is behind such a pointer
		case elem.Kind() == reflect.Pointer && elem.NumMethod() > 0: // attributevalue calls methods of nil
		default:
			return reflect.PointerTo(elem)
		}
		return reflect.TypeFor[**int]()
	case 2:
		return reflect.SliceOf(g.typ(depth - 1))
	case 3:
		return reflect.ArrayOf(g.IntN(4), g.typ(depth-1))
	case 4:
		elem := g.typ(depth - 1)
		if hasPointerMethods(elem) {
			elem = reflect.PointerTo(elem)
		}
		return reflect.MapOf(keyTypes[g.IntN(len(keyTypes))], elem)
	default:
		return g.structType(depth - 1)
	}
}

func (g generator) structType(depth int) reflect.Type {
	fields := make([]reflect.StructField, 1+g.IntN(6))
	for i := range fields {
		t := g.typ(depth)
		if t == reflect.TypeFor[[]named]() {
			t = reflect.SliceOf(leafTypes[g.IntN(25)])
		}
		fields[i] = reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: t, Tag: g.tag(i, t)}
	}
	return reflect.StructOf(fields)
}

func (g generator) tag(i int, t reflect.Type) reflect.StructTag {
	if g.IntN(3) == 0 {
		return ""
	}
	tag := ""
	if g.IntN(2) == 0 {
		tag = []string{"id", "naïve \"name\"", "a", "b-c", "x.y", "F0"}[g.IntN(5)] + strconv.Itoa(i)
	}
	for _, o := range []string{"omitempty|nullempty", "omitemptyelem|nullemptyelem", "string", "stringset|numberset|binaryset", "unixtime"} {
		if strings.HasSuffix(o, "set") && hasMethods(t) {
			continue // attributevalue cannot read such sets
		}
		if o == "unixtime" && t != reflect.TypeFor[date]() && (g.encoding == codec.Methods || t != reflect.TypeFor[time.Time]()) {
			continue // attributevalue forgets the option for time.Time if it uses encoding marshalers
		}
		if g.IntN(4) == 0 {
			choices := strings.Split(o, "|")
			tag += "," + choices[g.IntN(len(choices))]
		}
	}
	return reflect.StructTag(`dynamodbav:` + strconv.Quote(tag))
}

// fill sets v to a random value. Integers and floats are often extreme, texts often awkward, all is often empty.
func (g generator) fill(v reflect.Value, depth int) {
	if isNumber := v.Type() == reflect.TypeFor[attributevalue.Number]() || v.Type() == reflect.TypeFor[json.Number](); !isNumber && (g.IntN(8) == 0 || depth < 0) {
		return
	}
	if p := v.Addr().Interface(); g.known(p) {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(g.text())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(g.Uint64()) >> (64 - 1 - g.IntN(v.Type().Bits())))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(g.Uint64() >> (64 - 1 - g.IntN(v.Type().Bits())))
	case reflect.Float32:
		v.SetFloat(float64(math.Float32frombits(g.Uint32()&^(1<<30)) + float32(g.IntN(2))))
	case reflect.Float64:
		v.SetFloat(g.float())
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		g.fill(v.Elem(), depth-1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), g.IntN(5), 5))
		for i := range v.Len() {
			g.fill(v.Index(i), depth-1)
		}
	case reflect.Array:
		for i := range v.Len() {
			g.fill(v.Index(i), depth-1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range g.IntN(4) {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			g.fill(key, 1)
			g.fill(elem, depth-1)
			v.SetMapIndex(key, elem)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() || v.Type().Field(i).Anonymous {
				g.fill(reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem(), depth-1)
			}
		}
	case reflect.Interface:
		if a := g.any(depth - 1); a != nil {
			v.Set(reflect.ValueOf(a))
		}
	}
}

func (g generator) known(p any) bool {
	switch p := p.(type) {
	case *time.Time:
		*p = g.time()
	case *date:
		*p = date(g.time())
	case *attributevalue.UnixTime:
		*p = attributevalue.UnixTime(g.time())
	case *attributevalue.Number:
		*p = attributevalue.Number(g.number())
	case *json.Number:
		*p = json.Number(g.number())
	case *big.Int:
		p.SetString(strings.Repeat(strconv.FormatUint(g.Uint64(), 10), 1+g.IntN(3)), 10)
	case *upper:
		p.s = strings.ToUpper(g.text())
	default:
		return false
	}
	return true
}

// hasMethods reports whether the elements of a slice or array type encode themselves.
func hasMethods(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if k := t.Kind(); k != reflect.Slice && k != reflect.Array {
		return false
	}
	for t = t.Elem(); t.Kind() == reflect.Pointer; {
		t = t.Elem()
	}
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[attributevalue.Marshaler]()) || p.Implements(reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()) ||
		p.Implements(reflect.TypeFor[interface{ MarshalBinary() ([]byte, error) }]())
}

var textParts = []string{"", "a", "x y", "\"", "\\", "/", "\n", "\x00", "\x1f", "\x7f", "é", "€", "😀", "\u2028", "<&>", "12", "-7", "true", "2024-02-29T12:00:00Z", "k5", "0123456789abcdef"}

func (g generator) text() string {
	var b strings.Builder
	for range g.IntN(5) {
		b.WriteString(textParts[g.IntN(len(textParts))])
	}
	return b.String()
}

func (g generator) float() float64 {
	switch g.IntN(4) {
	case 0:
		return float64(g.IntN(2000)-1000) / 100
	case 1:
		return float64(g.Int64())
	case 2:
		return g.NormFloat64()
	}
	f := math.Float64frombits(g.Uint64())
	if size := math.Abs(f); size >= wire.MinNumber && size < wire.EndNumber {
		return f
	}
	return 9.99e125
}

func (g generator) number() string {
	digits := strconv.FormatUint(g.Uint64(), 10) + strconv.FormatUint(g.Uint64(), 10)
	digits = digits[:1+g.IntN(len(digits)-1)]
	switch g.IntN(5) {
	case 0:
		return "-" + digits
	case 1:
		return digits + "." + digits
	case 2:
		return digits + "e-" + strconv.Itoa(g.IntN(90))
	case 3:
		return strconv.Itoa(g.IntN(1000))
	}
	return digits
}

var zones = []*time.Location{time.UTC, time.FixedZone("", 3600), time.FixedZone("", -5*3600-1800), time.Local}

func (g generator) time() time.Time {
	t := time.Unix(g.Int64N(200e9)-50e9, 0) // the years 385 to 6700
	switch g.IntN(3) {
	case 0:
		t = t.Add(time.Duration(g.Int64N(1e9)))
	case 1:
		t = t.Add(time.Duration(g.Int64N(1e3)) * time.Millisecond)
	}
	return t.In(zones[g.IntN(len(zones))])
}

// any makes values that attributevalue reads back exactly.
func (g generator) any(depth int) any {
	n := 12
	if depth <= 0 {
		n = 9
	}
	switch g.IntN(n) {
	case 0:
		return g.text()
	case 1:
		return g.float()
	case 2:
		return g.IntN(2) == 0
	case 3:
		return []byte(g.text())
	case 4:
		return int32(g.Uint32())
	case 5:
		return new(int16(g.IntN(3)))
	case 6:
		return g.time()
	case 7:
		return celsius{g.NormFloat64()}
	case 8:
		return nil
	case 9:
		return []any{g.any(depth - 1), g.any(depth - 1)}
	case 10:
		return map[string]any{"a": g.any(depth - 1), "b\"": g.any(depth - 1)}
	}
	return embedded{E1: g.text(), F0: g.IntN(9)}
}
