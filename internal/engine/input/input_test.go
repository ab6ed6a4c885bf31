package input_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/entable/entable/internal/engine/input"
)

type sample struct {
	Name   *string `is:"required name"`
	Text   string
	Flag   *bool
	Small  *int32 `is:"range=1:3"`
	Large  *int64
	Choice *string  `is:"enum=A|B"`
	List   []string `is:"len=1:2"`
	Inner  *inner
	Inners []inner
	Key    input.Item
	Tables input.Map[[]inner] `is:"keys=table values=1:2"`
	Other  input.Refused
	Names  map[string]string
	Values input.Values
	hidden int
}

type inner struct {
	Value *string `is:"required"`
}

func TestBodiesAreDecoded(t *testing.T) {
	var got sample
	body := `{"Name":"n\u00e9\ud83d\ude00\"","Text":"","Flag":"yes","Small":2.9,"Large":9007199254740993,"List":["a",null],"Inner":{"Value":"v"},
		"Inners":[{"Value":"w"}],"Key":{"a":{"S":"b"}},"Other":{"x":[1]},"Tables":{"ttt":[{"Value":"x"}],"uuu":[]},"Names":{"#a":"b"},"Values":{":v":{"N":"1"}},
		"Unknown":{"deep":[[{}]]},"hidden":1,"Choice":null}`
	if err := input.Decode([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if *got.Name != "né😀\"" || !*got.Flag || *got.Small != 2 || *got.Large != 9007199254740993 || len(got.List) != 2 || *got.Inner.Value != "v" ||
		*got.Inners[0].Value != "w" || !got.Key.Given || got.Key.Len() != 1 || got.Tables[1].Key != "uuu" || got.Names["#a"] != "b" ||
		len(got.Values.Map) != 1 || got.hidden != 0 || got.Choice != nil {
		t.Errorf("got %+v", got)
	}
	if name := input.GivenRefused(&got); name != "Other" {
		t.Errorf("refused member %q", name)
	}
}

func TestConstraintsAreListed(t *testing.T) {
	for body, want := range map[string]string{
		`{}`:                         "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
		`{"Name":"abc"}`:             "",
		`{"Name":"a!"}`:              "2 validation errors detected: Value 'a!' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value 'a!' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 3",
		`{"Name":"abc","Small":4}`:   "1 validation error detected: Value '4' at 'small' failed to satisfy constraint: Member must have value less than or equal to 3",
		`{"Name":"abc","Choice":""}`: "1 validation error detected: Value '' at 'choice' failed to satisfy constraint: Member must satisfy enum value set: [A, B]",
		`{"Name":"abc","List":[]}`:   "1 validation error detected: Value '[]' at 'list' failed to satisfy constraint: Member must have length greater than or equal to 1",
		`{"Name":"abc","Inners":[{"Value":"a"},{}],"Inner":{}}`: "2 validation errors detected: Value null at 'inner.value' failed to satisfy constraint: Member must not be null; Value null at 'inners.2.member.value' failed to satisfy constraint: Member must not be null",
		`{"Name":"abc","Tables":{"a":[]}}`: "2 validation errors detected: Value '{a=[]}' at 'tables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater than or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]; " +
			"Value '{a=[]}' at 'tables' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 2, Member must have length greater than or equal to 1]",
	} {
		var in sample
		if err := input.Decode([]byte(body), &in); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := input.Check(&in); err != nil {
			got = err.(*input.Error).Message
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", body, got, want)
		}
	}
}

// What is decoded is JSON, and what is not JSON is told so without a message.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{}`, `{"Name":"x"}`, `{"Name":"\ud800"}`, `{"Name":1,}`, `{"Unknown":{"a":]}`, `{"Small":01}`, `{"Small":1e999}`, `{"Key":{"a":{"S":"b"}}}`, "{\"Name\":\"\xff\"}",
		`{"Tables":{"ttt":[{"Value":"x"}]}}`, `[{}]`, `{"Flag":tru}`, `{"Large":-}`, `{"Old":nul}`, `{"List":["a"`, `{"a":1}}`, "{\"Name\":\"\\",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in sample
		err := input.Decode(body, &in)
		if err == nil {
			if !json.Valid(body) {
				t.Errorf("decoded %q, which is not JSON", body)
			}
			_ = input.Check(&in)
			return
		}
		e, ok := errors.AsType[*input.Error](err)
		if !ok || e.Type != input.Serialization {
			t.Fatalf("error %v", err)
		}
		if e.Message != "" && !json.Valid(body) {
			t.Errorf("%q is not JSON, and the fault is %s", body, e.Message)
		}
	})
}
