package schema_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
)

// Reading has a field of each kind that can be part of a key behind a first one.
type Reading struct {
	Org   string    `dynamodbav:"org"`
	Deg   int       `dynamodbav:"deg"`
	Sub   int       `dynamodbav:"sub"`
	Count uint      `dynamodbav:"count"`
	Frac  float64   `dynamodbav:"frac"`
	Dry   bool      `dynamodbav:"dry"`
	At    time.Time `dynamodbav:"at"`
	Note  string    `dynamodbav:"note"`
	Level level     `dynamodbav:"level"`
	Rank  int       `dynamodbav:"rank,omitempty"`
}

// level is an enum whose zero has a text.
type level int

func (l level) MarshalText() ([]byte, error) { return []byte([]string{"low", "high"}[l]), nil }

func (l *level) UnmarshalText(text []byte) error {
	*l = level(strings.Index("low high", string(text)) / 4)
	return nil
}

const (
	eq   = schema.Equal
	lt   = schema.Less
	le   = schema.LessEqual
	gt   = schema.Greater
	ge   = schema.GreaterEqual
	pre  = schema.Prefix
	both = schema.Between
)

// Comparisons of leading parts: what counts in an example, and where a zero leaves that open.
func TestZerosInComparisons(t *testing.T) {
	for _, test := range []struct {
		sk    string // its components
		op    schema.SortOp
		v     Reading
		named string
		want  string // the condition, without the lead RD#, or the error behind "attribute"
	}{
		// Behind a first component, what could be a value is one only where it makes no difference.
		{"deg sub", le, Reading{Deg: 1}, "", `"sub" is 0, which may be meant or not set: name the attributes that count behind the example: "deg", or "deg", "sub"`},
		{"deg sub", eq, Reading{Deg: 1}, "", `"sub" is 0, `},
		{"deg sub", lt, Reading{Deg: 1}, "", `"sub" is 0, `},
		{"deg sub", gt, Reading{Deg: 1}, "", `"sub" is 0, `},
		{"deg sub", ge, Reading{Deg: 1}, "", `"sub" is 0, `},
		{"deg sub", both, Reading{Deg: 1}, "", `"sub" is 0, `},
		{"deg frac", le, Reading{Deg: 1}, "", `"frac" is 0, `},
		{"deg dry", le, Reading{Deg: 1}, "", `"dry" is false, `},
		{"deg count", le, Reading{Deg: 1}, "", `"count" is 0, `},
		{"deg level", le, Reading{Deg: 1}, "", `"level" is 0, `},
		{"deg sub count", pre, Reading{Deg: 1}, "", `"sub" is 0, `},
		{"deg count sub", lt, Reading{Deg: 1}, "", `"sub" is 0, which may be meant or not set: name the attributes that count behind the example: "deg", or "deg", "count", "sub"`},

		// Where it makes none.
		{"deg sub", pre, Reading{Deg: 1}, "", `begins_with 1#`},
		{"deg count", lt, Reading{Deg: 1}, "", `"" to < 1#`},
		{"deg count", ge, Reading{Deg: 1}, "", `1# to < $`},
		{"deg dry", ge, Reading{Deg: 1}, "", `1# to < $`},
		{"deg count note", lt, Reading{Deg: 1}, "", `"" to < 1#`},
		{"deg note sub", le, Reading{Deg: 1}, "", `"" to < 1$`},
		{"deg at", le, Reading{Deg: 1}, "", `"" to < 1$`},
		{"deg note", gt, Reading{Deg: 1}, "", `1$ to < $`},
		{"deg", le, Reading{}, "", `"" to 0`},
		{"deg", eq, Reading{}, "", `= 0`},
		{"deg sub", le, Reading{Sub: 2}, "", `"" to 0#2`},
		{"deg sub count", le, Reading{Deg: 1, Count: 3}, "", `"" to 1#0#3`},

		// What is in no key is not set, and nothing behind it counts.
		{"deg note sub", le, Reading{Deg: 1, Sub: 3}, "", `"note": the field is not set, but "sub" behind it is: set both, or name the attributes that count behind the example`},
		{"deg note", eq, Reading{Deg: 1}, "", `"note": `},
		{"deg at", eq, Reading{Deg: 1}, "", `"at": the field is not set (time.Time)`},
		{"note sub", le, Reading{}, "", `"note": text is empty`},
		{"sub note", le, Reading{Note: "n"}, "", `"" to 0#n`},

		// Named, they count and no others do.
		{"deg sub", le, Reading{Deg: 1}, "deg", `"" to < 1$`},
		{"deg sub", le, Reading{Deg: 1}, "deg sub", `"" to 1#0`},
		{"deg sub", eq, Reading{Deg: 1}, "deg", `begins_with 1#`},
		{"deg sub", eq, Reading{Deg: 1}, "deg sub", `= 1#0`},
		{"deg sub", lt, Reading{Deg: 1}, "deg", `"" to < 1#`},
		{"deg sub", lt, Reading{Deg: 1}, "deg sub", `"" to < 1#0`},
		{"deg sub", gt, Reading{Deg: 1}, "deg", `1$ to < $`},
		{"deg sub", gt, Reading{Deg: 1}, "deg sub", `> 1#0 to < $`},
		{"deg sub", ge, Reading{Deg: 1}, "deg", `1# to < $`},
		{"deg sub", ge, Reading{Deg: 1}, "deg sub", `1#0 to < $`},
		{"deg sub", both, Reading{Deg: 1}, "deg", `1# to < 1$`},
		{"deg sub", both, Reading{Deg: 1}, "deg sub", `1#0 to 1#0`},
		{"deg sub count", pre, Reading{Deg: 1}, "deg sub", `begins_with 1#0#`},
		{"deg sub", le, Reading{Deg: 1, Sub: 5}, "deg", `"" to < 1$`},
		{"deg level", eq, Reading{Deg: 1}, "deg level", `= 1#low`},
		{"deg note", pre, Reading{Deg: 1, Note: "n"}, "deg note", `begins_with 1#n`},
		{"deg sub", le, Reading{Deg: 1}, "sub", `"sub": name the attributes that count in their order, from the first on: "deg", "sub"`},
		{"deg sub", le, Reading{Deg: 1}, "deg sub sub", `"sub": name the attributes that count in their order, from the first on: "deg", "sub"`},
		{"deg sub", le, Reading{Deg: 1}, "degrees", `"degrees": name the attributes that count in their order, from the first on: "deg", "sub"`},
		{"deg note", le, Reading{Deg: 1}, "deg note", `"note": `},
	} {
		name := fmt.Sprintf("%s, %d of %+v by %q", test.sk, test.op, test.v, test.named)
		test.v.Org = "o"
		settings := append(attrs(strings.Fields(test.sk)...), part(schema.PrefixPart, "RD"))
		for i, p := range settings {
			if p.Text == "deg" || p.Text == "sub" || p.Text == "count" {
				settings[i].Width = 1
			}
		}
		// The keys of an index are compared by the same rules.
		d := decl()
		d.Indexes = []schema.IndexDecl{{Name: "gsi1", PK: text("gsi1pk"), SK: text("gsi1sk")}}
		e := register[Reading](t, newTable(t, d), schema.EntityDecl{PKs: pk(attrs("org")...), SKs: sk(settings...),
			Joins: []schema.JoinDecl{{Index: "gsi1", Keys: append(pk(attrs("org")...), sk(settings...)...)}}})
		for _, index := range []string{"", "gsi1"} {
			low, high := unsafe.Pointer(&test.v), unsafe.Pointer(nil)
			switch test.op {
			case lt, le:
				low, high = nil, low
			case both:
				high = low
			}
			s, err := schema.NewSpan(e, index, unsafe.Pointer(&test.v))
			check(t, err)
			s.Want = e
			got := ""
			if err := s.Where(test.op, low, high, strings.Fields(test.named)...); err != nil {
				_, got, _ = strings.Cut(err.Error(), "attribute ")
				if strings.HasPrefix(got, test.want) && (strings.HasSuffix(test.want, " ")) {
					continue
				}
			} else {
				got = rangeOf(&s)
			}
			if got != test.want {
				t.Errorf("%s, index %q:\n%s, want\n%s", name, index, got, test.want)
			}
			if test.op == eq || test.op == pre {
				continue
			}
			// A range of mixed items is bounded by the same rules.
			mixed, err := schema.NewSpan(e, index, unsafe.Pointer(&test.v))
			check(t, err)
			var from, to any
			switch test.op {
			case le:
				to = &test.v
			case ge:
				from = &test.v
			case both:
				from, to = &test.v, test.v
			default:
				continue
			}
			err = mixed.Between(from, to, strings.Fields(test.named)...)
			if refused := strings.HasPrefix(test.want, `"`) && !strings.HasPrefix(test.want, `""`); (err != nil) != refused {
				t.Errorf("%s, index %q, mixed: %v, want %s", name, index, err, test.want)
			}
		}
	}
}

// rangeOf returns the range of a span's sort keys, without the lead.
func rangeOf(s *schema.Span) string {
	text := condition(s)
	_, text, _ = strings.Cut(text, " AND ")
	for _, r := range [][2]string{
		{"gsi1sk", "sk"}, {`begins_with(sk, "RD#`, "begins_with "}, {`sk = "RD#`, "= "}, {`sk BETWEEN "RD#`, ""}, {`" AND "RD#`, " to "}, {`" AND "RD$`, " to $"}, {`")`, ""}, {`"`, ""},
	} {
		text = strings.ReplaceAll(text, r[0], r[1])
	}
	if s.Sort.Edge() != "" {
		text = strings.Replace(text, " to ", " to < ", 1)
	}
	if strings.Contains(text, "\x00") {
		text = "> " + strings.Replace(text, "\x00", "", 1)
	}
	if strings.HasPrefix(text, " to") {
		text = `""` + text
	}
	return text
}

// Items with an empty component that says omitempty are not in an index.
func TestZerosThatAreInNoIndex(t *testing.T) {
	d := decl()
	d.Indexes = []schema.IndexDecl{{Name: "gsi1", PK: text("gsi1pk"), SK: text("gsi1sk")}}
	e := register[Reading](t, newTable(t, d), schema.EntityDecl{PKs: pk(attrs("org")...), SKs: sk(attrs("deg")...),
		Joins: []schema.JoinDecl{{Index: "gsi1", Keys: append(pk(attrs("org")...), sk(append(attrs("note", "rank"), part(schema.PrefixPart, "RD"))...)...)}}})
	v := unsafe.Pointer(&Reading{Org: "o", Note: "n"})
	for _, op := range []schema.SortOp{le, ge, gt} {
		s, err := schema.NewSpan(e, "gsi1", v)
		check(t, err)
		low, high := v, unsafe.Pointer(nil)
		if op == le {
			low, high = nil, v
		}
		check(t, s.Where(op, low, high))
	}
	s, err := schema.NewSpan(e, "gsi1", v)
	check(t, err)
	checkFault(t, s.Where(eq, v, nil), schema.WrongKey, `things: gsi1sk: attribute "rank": the field is not set (int)`)
}

func TestZerosOfNativeIndexes(t *testing.T) {
	d := decl()
	d.Indexes = []schema.IndexDecl{{Name: "own", MultiAttribute: true, Hash: []schema.Attr{text("org")}, Range: []schema.Attr{number("deg"), number("sub"), number("rank")}}}
	e := register[Reading](t, newTable(t, d), schema.EntityDecl{Joins: []schema.JoinDecl{{Index: "own"}}})
	for _, test := range []struct {
		op        schema.SortOp
		low, high *Reading
		named     []string
		want      string
	}{
		{eq, &Reading{Org: "o", Deg: 1}, nil, nil, `attribute "sub" is 0, which may be meant or not set: name the attributes that count behind the example: "deg", or "deg", "sub"`},
		{le, nil, &Reading{Org: "o", Deg: 1}, nil, `attribute "sub" is 0, `},
		{eq, &Reading{Org: "o", Deg: 1}, nil, []string{"deg"}, `org = "o" AND deg = "1"`},
		{eq, &Reading{Org: "o", Deg: 1}, nil, []string{"deg", "sub"}, `org = "o" AND deg = "1" AND sub = "0"`},
		{le, nil, &Reading{Org: "o", Deg: 1}, []string{"deg", "sub"}, `org = "o" AND deg = "1" AND sub <= "0"`},
		{both, &Reading{Org: "o", Deg: 1, Sub: -1}, &Reading{Org: "o", Deg: 1}, []string{"deg", "sub"}, `org = "o" AND deg = "1" AND sub BETWEEN "-1" AND "0"`},
		{both, &Reading{Org: "o", Deg: 1, Sub: 1}, &Reading{Org: "o", Deg: 1, Sub: 2, Rank: 3}, nil, `the bounds of Between set different attributes: name those that count behind them`},
	} {
		s, err := schema.NewSpan(e, "own", unsafe.Pointer(&Reading{Org: "o"}))
		check(t, err)
		got := ""
		if err = s.Where(test.op, unsafe.Pointer(test.low), unsafe.Pointer(test.high), test.named...); err != nil {
			got = strings.TrimPrefix(err.Error(), "things: own: ")
		} else {
			names, values := map[string]string{}, map[string]types.AttributeValue{}
			_ = s.KeyCondition(names, values)
			got = condition(&s)
		}
		if got != test.want && !(strings.HasSuffix(test.want, " ") && strings.HasPrefix(got, test.want)) {
			t.Errorf("%d of %+v %+v by %q:\n%s, want\n%s", test.op, test.low, test.high, test.named, got, test.want)
		}
	}
}

func TestZerosOfAKeyAreTold(t *testing.T) {
	e := register[Reading](t, newTable(t, decl()), schema.EntityDecl{PKs: pk(attrs("org")...), SKs: sk(attrs("note", "deg", "dry")...)})
	if got, want := e.Zeros(unsafe.Pointer(&Reading{Org: "o", Note: "n"})), `attribute "deg" of the key is 0, attribute "dry" of the key is false`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := e.Zeros(unsafe.Pointer(&Reading{Org: "o", Note: "n", Deg: 1, Dry: true})); got != "" {
		t.Errorf("%s of a key without zeros", got)
	}
}
