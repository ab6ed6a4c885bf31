package schema_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/entable/entable/internal/schema"
)

type base struct {
	Owner string `dynamodbav:"owner" validate:"required"`
}

type box[T any] struct {
	Value T `dynamodbav:"value" validate:"required"`
}

type part2 struct {
	Qty int `dynamodbav:"qty" validate:"gt=0"`
}

type deep struct {
	Any any `dynamodbav:"any" validate:"omitempty,gte=1"`
}

type ruled struct {
	*base
	part2  `dynamodbav:"inner"`
	ID     string           `dynamodbav:"id"`
	Box    box[time.Month]  `dynamodbav:"box"`
	Boxes  []box[string]    `dynamodbav:"boxes" validate:"dive"`
	ByName map[string]part2 `dynamodbav:"by_name" validate:"dive"`
	Any    any              `dynamodbav:"any" validate:"omitempty,gte=1"`
	Fine   []string         `dynamodbav:"fine" validate:"dive,oneof=a b"`
	List   []any            `dynamodbav:"list" validate:"omitempty,dive,oneof=a b"`
	Deep   []deep           `dynamodbav:"deep" validate:"dive"`
	Must   any              `dynamodbav:"must" validate:"required"`
	Held   any              `dynamodbav:"held"`
	Hidden int              `dynamodbav:"-" validate:"lte=5"`
}

func validRuled() ruled {
	return ruled{base: &base{"o"}, part2: part2{1}, ID: "1", Fine: []string{"a"}, Box: box[time.Month]{1}, Must: 1}
}

// The paths of broken rules are those of what is stored, whatever embeds a field or is generic; a rule that cannot be applied
// to a value is broken.
func TestJudged(t *testing.T) {
	own := validator.New() // which knows no stored names
	for name, v := range map[string]*validator.Validate{"the package's": nil, "the user's": own} {
		d := decl()
		d.Validate = v
		e := register[ruled](t, newTable(t, d), schema.EntityDecl{PKs: pk(attrs("id")...)})
		for _, test := range []struct {
			change func(*ruled)
			want   []schema.Broken
		}{
			{func(*ruled) {}, nil},
			{func(v *ruled) { v.Owner = "" }, []schema.Broken{{Attribute: "owner", Rule: "required", Kind: "string"}}},
			{func(v *ruled) { v.Qty = 0 }, []schema.Broken{{Attribute: "inner.qty", Rule: "gt", Param: "0", Kind: "int"}}},
			{func(v *ruled) { v.Box.Value = 0 }, []schema.Broken{{Attribute: "box.value", Rule: "required", Kind: "time.Month"}}},
			{func(v *ruled) { v.Boxes = []box[string]{{"x"}, {}} }, []schema.Broken{{Attribute: "boxes[1].value", Rule: "required", Kind: "string"}}},
			{func(v *ruled) { v.ByName = map[string]part2{"a.b]c": {}} }, []schema.Broken{{Attribute: "by_name[a.b]c].qty", Rule: "gt", Param: "0", Kind: "int"}}},
			{func(v *ruled) { v.Hidden = 6 }, []schema.Broken{{Attribute: "Hidden", Rule: "lte", Param: "5", Kind: "int"}}},
			{func(v *ruled) { v.Any = 2 }, nil},
			{func(v *ruled) { v.Any = true }, []schema.Broken{{Attribute: "any", Rule: "gte", Param: "1", Kind: "bool"}}},
			{func(v *ruled) { v.Any = new(true) }, []schema.Broken{{Attribute: "any", Rule: "gte", Param: "1", Kind: "bool"}}},
			{func(v *ruled) { v.List = []any{"a", 1.5} }, []schema.Broken{{Attribute: "list", Rule: "dive,oneof", Param: "a b", Kind: "[]interface {}"}}},
			{func(v *ruled) { v.Deep = []deep{{}, {Any: true}} }, []schema.Broken{{Attribute: "deep[1].any", Rule: "gte", Param: "1", Kind: "bool"}}},
			{func(v *ruled) { v.Must = nil }, []schema.Broken{{Attribute: "must", Rule: "required", Kind: "interface {}"}}},
			{func(v *ruled) { v.Held = &box[any]{} }, []schema.Broken{{Attribute: "held.value", Rule: "required", Kind: "interface {}"}}},
		} {
			v := validRuled()
			test.change(&v)
			broken, err := e.Judged(reflect.ValueOf(&v), "", func() error { return e.Table.Validate.Struct(&v) })
			for i := range broken {
				broken[i].Message = "" // see TestMessages
			}
			if !reflect.DeepEqual(broken, test.want) || (err == nil) != (test.want == nil) {
				t.Errorf("%s validator: %+v, %v, want %+v", name, broken, err, test.want)
			}
		}
	}
}

// What a rule asks for is told in words that fit the value.
func TestMessages(t *testing.T) {
	type told struct {
		ID    string         `validate:"-"`
		Text  string         `validate:"omitempty,min=3,max=5"`
		One   string         `validate:"omitempty,len=1"`
		Kind  string         `validate:"omitempty,oneof=red 'dark blue' x"`
		Mail  string         `validate:"omitempty,email"`
		List  []int          `validate:"omitempty,min=2,unique"`
		Map   map[string]int `validate:"max=1"`
		N     int            `validate:"gte=0,lt=10"`
		Wait  time.Duration  `validate:"max=1m"`
		Past  time.Time      `validate:"omitempty,lt"`
		Other string         `validate:"omitempty,luhn_checksum"`
		Start string         `validate:"omitempty,startswith=SKU-"`
		Must  *int           `validate:"required"`
	}
	e := register[told](t, newTable(t, decl()), schema.EntityDecl{})
	for _, test := range []struct {
		change func(*told)
		want   string
	}{
		{func(v *told) { v.Text = "ab" }, "must have at least 3 characters"},
		{func(v *told) { v.Text = "abcdef" }, "must have at most 5 characters"},
		{func(v *told) { v.One = "ab" }, "must have exactly 1 character"},
		{func(v *told) { v.Kind = "green" }, "must be one of: red, dark blue, x"},
		{func(v *told) { v.Mail = "x" }, "must be an e-mail address"},
		{func(v *told) { v.List = []int{1} }, "must have at least 2 entries"},
		{func(v *told) { v.List = []int{1, 1} }, "must have no entry twice"},
		{func(v *told) { v.Map = map[string]int{"a": 1, "b": 2} }, "must have at most 1 entry"},
		{func(v *told) { v.N = -1 }, "must be at least 0"},
		{func(v *told) { v.N = 10 }, "must be less than 10"},
		{func(v *told) { v.Wait = time.Hour }, "must be at most 1m"},
		{func(v *told) { v.Past = time.Now().Add(time.Hour) }, "must be in the past"},
		{func(v *told) { v.Other = "secret" }, "is invalid"},
		{func(v *told) { v.Start = "X" }, "must start with SKU-"},
		{func(v *told) { v.Must = nil }, "is required"},
	} {
		v := told{Must: new(1)}
		test.change(&v)
		broken, err := e.Judged(reflect.ValueOf(&v), "", func() error { return e.Table.Validate.Struct(&v) })
		if len(broken) != 1 || broken[0].Message != test.want {
			t.Errorf("%+v, %v, want %q", broken, err, test.want)
		}
	}
}

// Paths are also known by the names that encoding/json has.
func TestJSONPath(t *testing.T) {
	type Inner struct {
		A int `dynamodbav:"a" json:"aa"`
		B int `dynamodbav:"b"`
		C int `json:"c"`
	}
	type Base struct {
		Owner  string `dynamodbav:"o" json:"owner"`
		Secret string `dynamodbav:"s" json:"-"`
	}
	type Named struct {
		Place string `dynamodbav:"p" json:"place"`
	}
	type Quiet struct {
		Noise int `dynamodbav:"noise" json:"noise"`
	}
	type paths struct {
		*Base
		Named `json:"named"`
		Quiet `json:"-"`
		ID    string             `dynamodbav:"id"`
		List  []*Inner           `dynamodbav:"l" json:"list"`
		Map   map[string][]Inner `dynamodbav:"m" json:"map"`
		Any   any                `dynamodbav:"x" json:"any"`
		Gone  Inner              `dynamodbav:"g" json:"-"`
	}
	e := register[paths](t, newTable(t, decl()), schema.EntityDecl{PKs: pk(attrs("id")...)})
	for stored, want := range map[string]string{
		"id": "ID", "o": "owner", "s": "", "p": "named.place", "noise": "", "l": "list", "l[2].a": "list[2].aa", "l[2].b": "list[2].B", "l[0].C": "list[0].c",
		"m[x.y]z][0].a": "map[x.y]z][0].aa", "m.k[0].a": "map.k[0].aa", "x.deep[1].er": "any.deep[1].er", "g.a": "", "unknown.a": "unknown.a", "": "",
	} {
		if got := e.JSONPath(stored); got != want {
			t.Errorf("%q is %q, want %q", stored, got, want)
		}
	}
}

// A panic of the user's own rule is the user's.
func TestPanicsOfOwnRules(t *testing.T) {
	d := decl()
	d.Validate = validator.New()
	type odd struct {
		ID string `validate:"odd"`
	}
	check(t, d.Validate.RegisterValidation("odd", func(f validator.FieldLevel) bool {
		if f.Field().String() == "panic" {
			panic(fmt.Errorf("mine"))
		}
		return len(f.Field().String())%2 == 1
	}))
	e := register[odd](t, newTable(t, d), schema.EntityDecl{})
	defer func() {
		if err, ok := recover().(error); !ok || err.Error() != "mine" {
			t.Errorf("recovered %v", err)
		}
	}()
	v := odd{"panic"}
	_, err := e.Judged(reflect.ValueOf(&v), "", func() error { return e.Table.Validate.Struct(&v) })
	t.Errorf("no panic, but %v", err)
}

// Rules that can be applied to no value of their field are refused at registration, those of nested types too.
func TestRulesThatNeverApply(t *testing.T) {
	type oneofFloat struct {
		ID string
		F  float64 `validate:"oneof=1 2"`
	}
	type gteBool struct {
		ID string
		B  bool `validate:"omitempty,gte=1"`
	}
	type minText struct {
		ID string
		N  *int `validate:"required,min=abc"`
	}
	type inElements struct {
		ID string
		L  [][]string `validate:"max=3,dive,max=3,dive,min=x"`
	}
	type inKeys struct {
		ID string
		M  map[bool]string `validate:"dive,keys,lt=3,endkeys,required"`
	}
	type inValues struct {
		ID string
		M  map[string]bool `validate:"dive,keys,max=3,endkeys,lt=3"`
	}
	type diveText struct {
		ID string
		S  string `validate:"dive,max=3"`
	}
	type alternatives struct {
		ID string
		S  string `validate:"email|len=x"`
	}
	type nested struct {
		ID string
		In *struct {
			B []bool `validate:"dive,gte=1"`
		}
	}
	type ofStruct struct {
		ID string
		In part2 `validate:"gte=1"`
	}
	type unknown struct {
		ID string `validate:"sparkle"`
	}
	type fine struct {
		ID    string            `validate:"required,max=3,alphanum|email"`
		At    time.Time         `validate:"required,gt"`
		D     time.Duration     `validate:"omitempty,min=1s"`
		L     []string          `validate:"required,min=1,unique,dive,required,oneof=a b 'c d'"`
		M     map[string]*part2 `validate:"omitempty,dive,keys,startswith=x,endkeys,required"`
		Any   any               `validate:"gte=1"`
		Anys  []any             `validate:"dive,oneof=a b"`
		Other int               `validate:"required_with=ID,gtfield=Next,excluded_if=ID x"`
		Next  int               `validate:"-"`
		P     **int             `validate:"omitnil,gt=3"`
		F     float64           `validate:"gte=1.5,lt=2"`
		U     uint8             `validate:"oneof=1 2"`
		Comma string            `validate:"excludesall=0x2C0x7C"`
		In    part2             `validate:"required"`
	}
	for _, test := range []struct {
		typ  reflect.Type
		want string
	}{
		{reflect.TypeFor[fine](), ""},
		{reflect.TypeFor[oneofFloat](), `oneofFloat: invalid validate tag: field schema_test.oneofFloat.F: "oneof=1 2": Bad field type float64`},
		{reflect.TypeFor[gteBool](), `gteBool: invalid validate tag: field schema_test.gteBool.B: "omitempty,gte=1": Bad field type bool`},
		{reflect.TypeFor[minText](), `minText: invalid validate tag: field schema_test.minText.N: "required,min=abc": strconv.ParseInt: parsing "abc": invalid syntax`},
		{reflect.TypeFor[inElements](), `inElements: invalid validate tag: field schema_test.inElements.L: "max=3,dive,max=3,dive,min=x": strconv.ParseInt: parsing "x": invalid syntax`},
		{reflect.TypeFor[inKeys](), `inKeys: invalid validate tag: field schema_test.inKeys.M: "dive,keys,lt=3,endkeys,required": Bad field type bool`},
		{reflect.TypeFor[inValues](), `inValues: invalid validate tag: field schema_test.inValues.M: "dive,keys,max=3,endkeys,lt=3": Bad field type bool`},
		{reflect.TypeFor[diveText](), `diveText: invalid validate tag: field schema_test.diveText.S: "dive,max=3": dive error! can't dive on a non slice or map`},
		{reflect.TypeFor[alternatives](), `alternatives: invalid validate tag: field schema_test.alternatives.S: "email|len=x": strconv.ParseInt: parsing "x": invalid syntax`},
		{reflect.TypeFor[nested](), `nested: invalid validate tag: field struct { B []bool "validate:\"dive,gte=1\"" }.B: "dive,gte=1": Bad field type bool`},
		{reflect.TypeFor[ofStruct](), `ofStruct: invalid validate tag: field schema_test.ofStruct.In: "gte=1": Bad field type schema_test.part2`},
		{reflect.TypeFor[unknown](), `unknown: invalid validate tag: Undefined validation function 'sparkle' on field 'ID'`},
	} {
		for _, v := range []*validator.Validate{nil, validator.New(validator.WithRequiredStructEnabled())} {
			d := decl()
			d.Validate = v
			_, err := newTable(t, d).Register(schema.EntityDecl{Type: test.typ})
			checkFault(t, err, schema.WrongDeclaration, test.want)
		}
	}
}

type (
	// hand has pointers that are not stored, and go in rings.
	hand struct {
		ID    string           `dynamodbav:"id" validate:"required"`
		Left  *hand            `dynamodbav:"-"`
		Loose *hand            `dynamodbav:"-" validate:"-"`
		Many  []*hand          `dynamodbav:"-"`
		Dived []*hand          `dynamodbav:"-" validate:"omitempty,dive"`
		By    map[string]*hand `dynamodbav:"-" validate:"omitempty,dive,keys,alpha,endkeys,required"`
		Any   any              `dynamodbav:"-"`
		Self  ringed           `dynamodbav:"-"`
		embraced
	}
	embraced struct {
		Inner *hand `dynamodbav:"-"`
	}
	ringed *ringed
)

// The validator follows pointers without end, and a program that runs out of stack cannot be saved.
func TestValuesThatContainThemselves(t *testing.T) {
	e := register[hand](t, newTable(t, decl()), schema.EntityDecl{})
	for name, test := range map[string]struct {
		tie     func(h, other *hand)
		endless bool
	}{
		"itself":          {func(h, _ *hand) { h.Left = h }, true},
		"by another":      {func(h, other *hand) { h.Left, other.Left = other, h }, true},
		"embedded":        {func(h, _ *hand) { h.Inner = h }, true},
		"in an interface": {func(h, _ *hand) { h.Any = h }, true},
		"in a list":       {func(h, _ *hand) { h.Dived = []*hand{h} }, true},
		"in a map":        {func(h, _ *hand) { h.By = map[string]*hand{"a": h} }, true},
		"a pointer":       {func(h, _ *hand) { p := new(ringed); *p = p; h.Self = p }, true},
		"shared":          {func(h, other *hand) { h.Left, h.Inner, h.Any, h.Dived = other, other, other, []*hand{other, other} }, false},
		"not validated":   {func(h, _ *hand) { h.Loose = h }, false},
		"not dived into":  {func(h, _ *hand) { h.Many = []*hand{h} }, false},
	} {
		h, other := hand{ID: "1"}, hand{ID: "2"}
		test.tie(&h, &other)
		err := judged(e, &h)
		if got := err != nil && strings.HasPrefix(err.Error(), "the value contains itself"); got != test.endless || !test.endless && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := hand{ID: "1"}
	for last, i := &long, 0; i < 4000; i++ {
		last.Left = &hand{ID: "x"}
		last = last.Left
	}
	check(t, judged(e, &long))
}

func judged(e *schema.Entity, v any) error {
	_, err := e.Judged(reflect.ValueOf(v), "", func() error { return e.Table.Validate.Struct(v) })
	return err
}
