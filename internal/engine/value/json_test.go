package value_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/entable/entable/internal/engine/value"
)

// The wording of each refusal was recorded from the service by the tests of public emulators, except where
// DynamoDB Local is the only witness (null elements, nesting).
func TestParseValueAnswersAsTheService(t *testing.T) {
	const (
		ser   = "SerializationException: "
		val   = "ValidationException: "
		param = val + "One or more parameter values were invalid: "
		empty = val + "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
		many  = val + "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
		nan   = val + "The parameter cannot be converted to a numeric value"
		nest  = val + "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
	)
	for _, c := range []struct{ in, want string }{
		{`{"S":"a"}`, ``}, {`{"S":""}`, ``}, {`{"B":""}`, ``}, {`{"B":"YQ=="}`, ``}, {`{"BOOL":true}`, ``}, {`{"BOOL":false}`, ``},
		{`{"NULL":true}`, ``}, {`{"L":[]}`, ``}, {`{"M":{}}`, ``}, {`{"SS":[""]}`, ``}, {`{"BS":[""]}`, ``},
		{`{"L":[{"S":"a"},{"N":"1"},{"L":[{"M":{"a":{"NULL":true}}}]}]}`, ``},
		{` { "S" : "a" } `, `{"S":"a"}`},
		{`{"S":"\u00e9\ud83d\ude00\n\"\\\/\u0001"}`, "{\"S\":\"é😀\\n\\\"\\\\/\\u0001\"}"},
		{`{"S":"\ud800x"}`, "{\"S\":\"\uFFFDx\"}"},
		{`{"M":{"b":{"S":"2"},"a":{"S":"1"},"b":{"S":"3"}}}`, `{"M":{"a":{"S":"1"},"b":{"S":"3"}}}`},
		{`{"SS":["b","a"]}`, `{"SS":["a","b"]}`}, {`{"NS":["3","-1","20"]}`, `{"NS":["-1","3","20"]}`}, {`{"BS":["Yg==","YQ=="]}`, `{"BS":["YQ==","Yg=="]}`},
		{`{"BOOL":"yes"}`, `{"BOOL":true}`}, {`{"BOOL":"0"}`, `{"BOOL":false}`}, {`{"NULL":"1"}`, `{"NULL":true}`},
		{`{"S":"a","S":"b"}`, `{"S":"b"}`}, {`{"S":"a","N":null}`, `{"S":"a"}`}, {`{"x":[1,{"a":"b"}],"S":"a"}`, `{"S":"a"}`},

		{`{}`, empty}, {`{"X":"a"}`, empty}, {`null`, empty}, {`{"S":null}`, empty}, {`{"L":[{}]}`, empty}, {`{"L":[null]}`, empty}, {`{"M":{"a":{}}}`, empty},
		{`{"S":"a","N":"1"}`, many}, {`{"M":{"a":{"S":"a","SS":["a"]}}}`, many},
		{`{"S":"a","N":""}`, nan}, {`{"S":"a","N":"b"}`, nan + ": b"}, {`{"NS":["1",""]}`, nan}, {`{"NS":["1","b"]}`, nan + ": b"},
		{`{"NULL":"no"}`, param + "Null attribute value types must have the value of true"}, {`{"NULL":false}`, param + "Null attribute value types must have the value of true"},
		{`{"SS":[]}`, param + "An string set  may not be empty"}, {`{"NS":[]}`, param + "An number set  may not be empty"}, {`{"BS":[]}`, param + "Binary sets should not be empty"},
		{`{"SS":["a","a"]}`, param + "Input collection [a, a] contains duplicates."}, {`{"SS":["c","a","c"]}`, param + "Input collection [c, a, c] contains duplicates."},
		{`{"NS":["1","1.0"]}`, val + "Input collection contains duplicates"},
		{`{"BS":["Yg==","Yg=="]}`, param + "Input collection [Yg==, Yg==]of type BS contains duplicates."},
		{`{"SS":[null]}`, param + "An string set may not have a null string as a member"},
		{`{"M":{"":{"S":"a"}}}`, val + "Empty attribute name"},

		{`"a"`, ser + "Unexpected value type in payload"}, {`23`, ser + "Unexpected value type in payload"}, {`true`, ser + "Unexpected value type in payload"},
		{`[]`, ser + "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"},
		{`{"S":true}`, ser + "TRUE_VALUE cannot be converted to String"}, {`{"S":false}`, ser + "FALSE_VALUE cannot be converted to String"},
		{`{"S":23}`, ser + "NUMBER_VALUE cannot be converted to String"}, {`{"N":-2147483648}`, ser + "NUMBER_VALUE cannot be converted to String"},
		{`{"N":34.56}`, ser + "DECIMAL_VALUE cannot be converted to String"}, {`{"S":[]}`, ser + "Unrecognized collection type class java.lang.String"},
		{`{"S":{}}`, ser + "Start of structure or map found where not expected"},
		{`{"BOOL":"23"}`, ser + "Unexpected token received from parser"}, {`{"BOOL":23}`, ser + "NUMBER_VALUE cannot be converted to Boolean"},
		{`{"NULL":34.56}`, ser + "DECIMAL_VALUE cannot be converted to Boolean"}, {`{"BOOL":[]}`, ser + "Unrecognized collection type class java.lang.Boolean"},
		{`{"BOOL":{}}`, ser + "Start of structure or map found where not expected"},
		{`{"B":true}`, ser + "only base-64-encoded strings are convertible to bytes"}, {`{"B":23}`, ser + "only base-64-encoded strings are convertible to bytes"},
		{`{"B":[]}`, ser + "Unrecognized collection type class java.nio.ByteBuffer"}, {`{"B":{}}`, ser + "Start of structure or map found where not expected"},
		{`{"B":"23456"}`, ser + "Base64 encoded length is expected a multiple of 4 bytes but found: 5"},
		{`{"B":"=+/="}`, ser + "Invalid last non-pad Base64 character dectected"}, {`{"B":"+/+="}`, ser + "Invalid last non-pad Base64 character dectected"},
		{`{"B":"YWJj\n\n\n\n"}`, ser + "Invalid last non-pad Base64 character dectected"},
		{`{"SS":"23"}`, ser + "Unexpected field type"}, {`{"NS":true}`, ser + "Unexpected field type"}, {`{"L":23}`, ser + "Unexpected field type"},
		{`{"BS":{}}`, ser + "Start of structure or map found where not expected"}, {`{"L":{}}`, ser + "Start of structure or map found where not expected"},
		{`{"SS":[23]}`, ser + "NUMBER_VALUE cannot be converted to String"}, {`{"BS":["23456"]}`, ser + "Base64 encoded length is expected a multiple of 4 bytes but found: 5"},
		{`{"L":["a"]}`, ser + "Unexpected value type in payload"}, {`{"L":[[]]}`, ser + "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"},
		{`{"M":"23"}`, ser + "Unexpected field type"}, {`{"M":[]}`, ser + "Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"},
		{`{"M":{"a":34.56}}`, ser + "Unexpected value type in payload"},
		// what is malformed goes before what is invalid
		{`{"L":[{"N":"x"},{"N":1}]}`, ser + "NUMBER_VALUE cannot be converted to String"},

		{``, ser}, {`{`, ser}, {`{"S"}`, ser}, {`{"S":"a"`, ser}, {`{"S":"a"}x`, ser}, {`{"S":"a",}`, ser}, {`{"S":"\x"}`, ser}, {`{"S":"\u12"}`, ser}, {"{\"S\":\"\n\"}", ser}, {"{\"S\":\"\xff\"}", ser},
		{`{"X":[1,]}`, ser}, {`{"X":{"a" 1}}`, ser}, {`{"X":01}`, ser}, {`{"X":tru}`, ser},

		{strings.Repeat(`{"L":[`, 31) + strings.Repeat(`]}`, 31), ``},
		{strings.Repeat(`{"L":[`, 32) + strings.Repeat(`]}`, 32), nest},
		{strings.Repeat(`{"M":{"a":`, 31) + `{"S":"a"}` + strings.Repeat(`}}`, 31), ``},
		{strings.Repeat(`{"M":{"a":`, 32) + `{"S":"a"}` + strings.Repeat(`}}`, 32), nest},
		{strings.Repeat(`{"L":[`, 100_000) + strings.Repeat(`]}`, 100_000), nest},
		{strings.Repeat(`{"L":[`, 100_000), ser},
	} {
		v, err := value.ParseValue([]byte(c.in))
		got := string(v.AppendJSON(nil))
		if err != nil {
			got = err.Error()
			if !errors.As(err, new(*value.Error)) {
				t.Errorf("%.60s: error of type %T", c.in, err)
			}
		}
		want := c.want
		if want == "" {
			want = c.in
		}
		if got != want {
			t.Errorf("%.80s:\n got %s\nwant %s", c.in, got, want)
		}
	}
}

func TestParseItemSortsAndRefuses(t *testing.T) {
	it, err := value.ParseItem([]byte(`{"b":{"N":"1"},"a":{"M":{"y":{"S":"` + strings.Repeat("z", 300) + `"},"x":{"S":"q"}}},"":null}`))
	if err == nil || err.Error() != "ValidationException: Empty attribute name" {
		t.Fatalf("empty name: %v %v", it, err)
	}
	it, err = value.ParseItem([]byte(`{"b":{"N":"1"},"a":{"M":{"y":{"S":"` + strings.Repeat("z", 300) + `"},"x":{"S":"q"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"a":{"M":{"x":{"S":"q"},"y":{"S":"` + strings.Repeat("z", 300) + `"}}},"b":{"N":"1"}}`
	if got := string(it.AppendJSON(nil)); got != want {
		t.Errorf("got %s", got)
	}
	for in, want := range map[string]string{
		`[]`:      "SerializationException: Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>",
		`"x"`:     "SerializationException: Unexpected field type",
		`{"a":1}`: "SerializationException: Unexpected value type in payload",
		`{"` + strings.Repeat("n", 65536) + `":{"S":"a"}}`: "ValidationException: Attribute name is too large, must be less than 65536 bytes",
	} {
		if _, err := value.ParseItem([]byte(in)); err == nil || err.Error() != want {
			t.Errorf("%.40s: %v, want %s", in, err, want)
		}
	}
}

func TestParseNamedReportsEachValue(t *testing.T) {
	var got []string
	err := value.ParseNamed([]byte(`{":a":{"S":"x"},":b":{},":c":{"N":"07"}}`), func(name string, v value.Value, invalid *value.Error) {
		if invalid != nil {
			got = append(got, name+" "+invalid.Message)
			return
		}
		got = append(got, name+string(v.AppendJSON(nil)))
	})
	want := `:a{"S":"x"}|:b Supplied AttributeValue is empty, must contain exactly one of the supported datatypes|:c{"N":"7"}`
	if s := strings.Join(got, "|"); err != nil || s != want {
		t.Errorf("got %s, %v", s, err)
	}
}

// Strings are read eight bytes at a time where they can be: what must not be skipped is found at each place.
func TestParseValueSeesEachByteOfAString(t *testing.T) {
	for length := range 20 {
		for at := range length {
			for in, want := range map[string]string{
				`\n`: "\n", `\"`: `"`, `\\`: `\`, "é": "é", "\x7f": "\x7f", " ": " ",
				"\x1f": "", "\x00": "", "\xff": "", "\x80": "", `\`: "",
			} {
				left, right := strings.Repeat("a", at), strings.Repeat("z", length-at-1)
				v, err := value.ParseValue([]byte(`{"S":"` + left + in + right + `"}`))
				switch {
				case want == "" && err == nil:
					t.Errorf("%q at %d of %d is taken", in, at, length)
				case want != "" && (err != nil || v != value.String(left+want+right)):
					t.Errorf("%q at %d of %d became %q, %v", in, at, length, v.Str(), err)
				}
			}
		}
	}
}

func TestReadItemTellsWhereTheItemEnds(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":{"S":"x"}},"more"`:   `{"a":{"S":"x"}}`,
		` { "a" : {"S":"x"} } }`:   ` { "a" : {"S":"x"} }`,
		`{"a":{},"b":{"S":"x"}}]]`: `{"a":{},"b":{"S":"x"}}`, // invalid, but well formed
		`{}{}`:                     `{}`,
	} {
		if _, n, _ := value.ReadItem([]byte(in)); in[:n] != want {
			t.Errorf("%s: ends after %s", in, in[:n])
		}
		if _, err := value.ParseItem([]byte(in)); err == nil || err.Error() != "SerializationException: " {
			t.Errorf("%s as a whole: %v", in, err)
		}
	}
}

func FuzzParseItem(f *testing.F) {
	f.Add([]byte(`{"a":{"S":"x"},"b":{"NS":["1","2"]},"c":{"M":{"l":{"L":[{"BOOL":true},{"B":"YQ=="}]}}}}`))
	f.Add([]byte(`{"a":{"X":{"y":[1,2,{"z":null}]},"N":"1e5"}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		it, err := value.ParseItem(in)
		if err != nil {
			return
		}
		if it.Depth() >= value.MaxDepth {
			t.Fatalf("depth %d", it.Depth())
		}
		out := it.AppendJSON(nil)
		again, err := value.ParseItem(out)
		if err != nil || again != it {
			t.Fatalf("%q became %q: %v", in, out, err)
		}
		if it.Size() < 0 || it.Len() < 0 {
			t.Fatal("negative size")
		}
	})
}
