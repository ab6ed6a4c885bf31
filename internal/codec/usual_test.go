package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/internal/wire"
)

// usualItem has attributes of all ways to read them, names that are too long for one comparison among them.
type usualItem struct {
	Text   string      `dynamodbav:"t"`
	Float  float64     `dynamodbav:"f"`
	Int    int         `dynamodbav:"i"`
	Int64  int64       `dynamodbav:"i64"`
	Int8   int8        `dynamodbav:"i8"`
	Uint   uint        `dynamodbav:"u"`
	Bool   bool        `dynamodbav:"b"`
	Named  usualStatus `dynamodbav:"named"`
	Quoted int         `dynamodbav:"quoted,string"`
	Any    any         `dynamodbav:"any"`
	usualInside
	Time           time.Time         `dynamodbav:"time"`
	AVeryLongNameX string            `dynamodbav:"a_very_long_name_x"`
	AVeryLongNameY string            `dynamodbav:"a_very_long_name_y"`
	Set            []string          `dynamodbav:"set,stringset"`
	List           []usualLine       `dynamodbav:"list"`
	Map            map[string]string `dynamodbav:"map"`
	Pointer        *string           `dynamodbav:"pointer"`
	Last           string            `dynamodbav:"last"`
}

type usualStatus string

type usualLine struct {
	X     int
	Text  string
	Lines []usualLine
}

type usualInside struct {
	Inside string `dynamodbav:"inside"`
}

const usualText = `{"pk":{"S":"A#1"},"sk":{"S":"B"},"_type":{"S":"usual"},"t":{"S":"text"},"f":{"N":"12.5"},"i":{"N":"-7"},"i64":{"N":"123456789012345678"},"i8":{"N":"5"},` +
	`"u":{"N":"6"},"b":{"BOOL":true},"named":{"S":"open"},"quoted":{"S":"12"},"any":{"L":[{"S":"x"},{"N":"1"}]},"inside":{"S":"in"},"time":{"S":"2026-01-02T03:04:05Z"},` +
	`"a_very_long_name_x":{"S":"é"},"a_very_long_name_y":{"S":""},"set":{"SS":["a","bb",""]},"list":{"L":[{"M":{"X":{"N":"1"},"Text":{"S":"a"}}},{"M":{"Text":{"S":"b"},"X":{"N":"2"}}},{"M":{"Lines":{"L":[{"M":{"Text":{"S":"c"}}},{"M":{}}]},"?":{"S":"d"},"x":{"N":"3"}}},{"NULL":true},{"M":{"X":{"N":"4"}}}]},` +
	`"map":{"M":{"k":{"S":"v"}}},"unknown":{"B":"AA=="},"pointer":{"S":"p"},"last":{"S":"the last one"}}`

// The usual way of reading and the other one are the same, whatever is in the text: white space, of which the usual way knows nothing,
// makes no difference.
func TestTheUsualWayIsTheSame(t *testing.T) {
	g := trial.Rand(t)
	bare, _ := planOf(t, &usualItem{})
	plans := map[string]*codec.Plan{
		"bare": bare, "expecting": bare.Expect("_type", "usual", "pk", "sk"), "expecting a field": bare.Expect("t", "text", "pk"),
		"expecting what is long": bare.Expect("a_type_with_a_long_name", "usual", "sk", "unknown"),
	}
	valid, rounds := 0, trial.Size(4_000, 400_000)
	for range rounds {
		text := changed(g, []byte(usualText))
		for name, plan := range plans {
			usual, notes, err := decodeUsual(plan, text)
			if !json.Valid(text) {
				if err == nil {
					t.Fatalf("%s: %s was decoded", name, text)
				}
				continue
			}
			var spaced bytes.Buffer
			if err := json.Indent(&spaced, text, " ", "\t"); err != nil {
				t.Fatal(err)
			}
			other, otherNotes, otherErr := decodeUsual(plan, spaced.Bytes())
			if (err == nil) != (otherErr == nil) || errors.Is(err, codec.ErrUnexpected) != errors.Is(otherErr, codec.ErrUnexpected) {
				t.Fatalf("%s: %s\nerror %v\nwith white space %v", name, text, err, otherErr)
			}
			if err != nil {
				continue
			}
			valid++
			if !reflect.DeepEqual(usual, other) || notes != otherNotes {
				t.Fatalf("%s: %s\ngives %+v, %q\nwith white space %+v, %q", name, text, usual, notes, other, otherNotes)
			}
		}
	}
	if valid < rounds/20 {
		t.Errorf("only %d texts were items", valid)
	}
}

// decodeUsual decodes a text of which the end is the end of the memory, and returns what was noted without white space.
func decodeUsual(plan *codec.Plan, text []byte) (*usualItem, [2]string, error) {
	var got usualItem
	r := wire.NewReader(bytes.Clone(text))
	r.Copy = len(text)%2 == 0
	err := plan.Decode(r, reflect.ValueOf(&got).UnsafePointer())
	if err == nil {
		err = r.End()
	}
	var notes [2]string
	for i := range notes {
		if raw := r.Noted(i, 0); raw != nil && err == nil {
			var b bytes.Buffer
			err = json.Compact(&b, raw)
			notes[i] = b.String()
		}
	}
	if r.Copy && err == nil {
		overwrite(r)
	}
	return &got, notes, err
}

// changed changes a text a little: bytes, members that are there twice or elsewhere, the end.
func changed(g *rand.Rand, text []byte) []byte {
	members := bytes.Split(text[1:len(text)-1], []byte(`},"`))
	for i := range members {
		members[i] = append([]byte(`"`), append(bytes.TrimPrefix(members[i], []byte(`"`)), '}')...)
	}
	members[len(members)-1] = bytes.TrimSuffix(members[len(members)-1], []byte(`}`))
	for range g.IntN(3) {
		i, j := g.IntN(len(members)), g.IntN(len(members))
		switch g.IntN(3) {
		case 0:
			members[i], members[j] = members[j], members[i]
		case 1:
			members[i] = members[j]
		case 2:
			members = append(members[:i:i], members[i+1:]...)
		}
	}
	out := append(append([]byte(`{`), bytes.Join(members, []byte(`,`))...), '}')
	for range g.IntN(3) {
		const others = `"\{}[]:, 0-.aeSNTtruefalse` + "\x00\xff\n"
		at := g.IntN(len(out))
		switch g.IntN(3) {
		case 0:
			out[at] = others[g.IntN(len(others))]
		case 1:
			out = append(out[:at:at], append([]byte{others[g.IntN(len(others))]}, out[at:]...)...)
		case 2:
			out = append(out[:at:at], out[at+1:]...)
		}
	}
	if g.IntN(8) == 0 {
		out = out[:g.IntN(len(out))]
	}
	return out
}
