package schema_test

import (
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// size is an enum that is an int, with a text.
type size int

func (s size) MarshalText() ([]byte, error) { return []byte{"SML"[s]}, nil }
func (s *size) UnmarshalText(b []byte) error {
	*s = map[string]size{"S": 0, "M": 1, "L": 2}[string(b)]
	return nil
}

// backwards stores its bytes the other way round.
type backwards [2]byte

func (b backwards) MarshalBinary() ([]byte, error) { return []byte{b[1], b[0]}, nil }
func (b *backwards) UnmarshalBinary(raw []byte) error {
	b[0], b[1] = raw[1], raw[0]
	return nil
}

type shirt struct {
	ID   uuid.UUID `dynamodbav:"id"`
	Size size      `dynamodbav:"size"`
	Code backwards `dynamodbav:"code"`
}

// Keys are made of the values that are stored, and parse back into them, in every encoding.
func TestKeysOfEncodings(t *testing.T) {
	id := uuid.MustParse("00112233-4455-6677-8899-aabbccddeeff")
	for _, test := range []struct {
		encoding codec.Encoding
		want     string
		lock     string
	}{
		{codec.Methods,
			`{"pk":{"S":"SI#00112233-4455-6677-8899-aabbccddeeff"},"sk":{"S":"SS#L#0201"},"_type":{"S":"shirt"},` +
				`"id":{"S":"00112233-4455-6677-8899-aabbccddeeff"},"size":{"S":"L"},"code":{"B":"AgE="}}`, ""},
		{codec.SDKDefaults,
			`{"pk":{"S":"SI#00112233445566778899aabbccddeeff"},"sk":{"S":"SS#0000000000000000002#0102"},"_type":{"S":"shirt"},` +
				`"id":{"B":"ABEiM0RVZneImaq7zN3u/w=="},"size":{"N":"2"},"code":{"B":"AQI="}}`, "SDK defaults"},
	} {
		d := decl()
		d.Encoding = test.encoding
		table := newTable(t, d)
		e := register[shirt](t, table, schema.EntityDecl{SKs: sk(attrs("size", "code")...)})
		v := shirt{id, 2, backwards{1, 2}}
		got := encoded(t, e, v)
		if got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
		whole := item(t, got)
		for name, from := range map[string]map[string]types.AttributeValue{
			"the item": whole, "its key": {"pk": whole["pk"], "sk": whole["sk"], "_type": whole["_type"]},
		} {
			raw, err := wire.AppendItem(nil, from)
			check(t, err)
			back := table.Decode(wire.NewReader(raw), e, nil, nil)
			check(t, back.Err)
			if !reflect.DeepEqual(back.Value, &v) {
				t.Errorf("%s is read as %+v, want %+v", name, back.Value, v)
			}
		}
		if m := table.ManifestOf(); m.Table.Encoding != test.lock {
			t.Errorf("the manifest has %q", m.Table.Encoding)
		}
	}
}

// The keys of a native index are of the kinds that are stored.
func TestEncodingsInIndexes(t *testing.T) {
	d := decl()
	d.Encoding = codec.SDKDefaults
	d.Indexes = []schema.IndexDecl{{Name: "native", MultiAttribute: true,
		Hash:  []schema.Attr{{Name: "id", Type: types.ScalarAttributeTypeB}},
		Range: []schema.Attr{number("size")}}}
	_, err := newTable(t, d).Register(schema.EntityDecl{Type: reflect.TypeFor[shirt](), Joins: []schema.JoinDecl{{Index: "native"}}})
	check(t, err)
	d.Encoding = codec.Methods
	_, err = newTable(t, d).Register(schema.EntityDecl{Type: reflect.TypeFor[shirt](), Joins: []schema.JoinDecl{{Index: "native"}}})
	checkFault(t, err, schema.WrongDeclaration, `shirt: field ID: index "native" declares attribute "id" as B, but uuid.UUID is stored as S`)
}

// A field inside an attribute is encoded as the item is.
func TestEncodingsInside(t *testing.T) {
	type parcel struct {
		Of struct {
			ID uuid.UUID `dynamodbav:"id"`
		} `dynamodbav:"of"`
	}
	var v parcel
	v.Of.ID = uuid.MustParse("00112233-4455-6677-8899-aabbccddeeff")
	for encoding, want := range map[codec.Encoding]string{
		codec.Methods:     `{"pk":{"S":"P/00112233-4455-6677-8899-aabbccddeeff"},"sk":{"S":"A"},"_type":{"S":"parcel"},"of":{"M":{"id":{"S":"00112233-4455-6677-8899-aabbccddeeff"}}}}`,
		codec.SDKDefaults: `{"pk":{"S":"P/00112233445566778899aabbccddeeff"},"sk":{"S":"A"},"_type":{"S":"parcel"},"of":{"M":{"id":{"B":"ABEiM0RVZneImaq7zN3u/w=="}}}}`,
	} {
		d := decl()
		d.Encoding = encoding
		e := register[parcel](t, newTable(t, d), schema.EntityDecl{PKs: pk(template("P/{of.id}"))})
		if got := encoded(t, e, v); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
