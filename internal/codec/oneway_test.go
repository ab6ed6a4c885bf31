package codec_test

import (
	"fmt"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// Types that write themselves and do not read what they write, or that read by what a new value lacks.
type (
	packing   struct{ N int }
	marshaled struct{ N int }
	textOnly  struct{ N int } // has its Marshaler's reader, but not that of its text
	promoted  struct{ *upper }
	byBinary  struct{ *halves }
	byValues  struct{ *unmarshaled }
	closed    struct{ n int }
	writable  interface{ Write([]byte) (int, error) }

	halves      struct{ A, B byte }
	unmarshaled struct{ N int }
)

func (packing) MarshalBinary() ([]byte, error) { return []byte("x"), nil }
func (marshaled) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	return &types.AttributeValueMemberN{Value: "1"}, nil
}
func (marshaled) UnmarshalText([]byte) error        { return nil }
func (textOnly) MarshalText() ([]byte, error)       { return []byte("x"), nil }
func (textOnly) UnmarshalBinary([]byte) error       { return nil }
func (h *halves) MarshalBinary() ([]byte, error)    { return []byte{h.A, h.B}, nil }
func (h *halves) UnmarshalBinary(data []byte) error { h.A = data[0]; return nil }
func (u *unmarshaled) UnmarshalDynamoDBAttributeValue(types.AttributeValue) error {
	u.N++
	return nil
}

// Values that could be stored and never be loaded are refused, wherever in an item their type is.
func TestOneWayTypesAreRefused(t *testing.T) {
	const (
		marshaler = `it is written by MarshalDynamoDBAttributeValue and not read by it; give it UnmarshalDynamoDBAttributeValue`
		text      = `it is written by MarshalText and not read by it; give it UnmarshalText`
		binary    = `it is written by MarshalBinary and not read by it; give it UnmarshalBinary`
		key       = `the keys of the map are written by MarshalText and not read by it; give codec_test.shouted UnmarshalText`
		methods   = `what an interface with methods holds can be written and not be read, as its type is not stored; use a concrete type or any`
		formless  = `it has no form in an item; use numbers or text, or leave the field out by the tag dynamodbav:"-"`
		hidden    = `none of its fields can be stored, as they are not exported; give it MarshalText and UnmarshalText, or leave the field out by the tag dynamodbav:"-"`
		embedded  = ` is that of an embedded pointer, which is nil when a value is read; embed what it points to`
	)
	type parcel struct {
		Weight any
		Owner  []*struct{ Label labelled }
	}
	for _, tc := range []struct {
		typ  reflect.Type
		want string // behind the name of the field
	}{
		{reflect.TypeFor[v[labelled]](), `type codec_test.labelled: ` + text},
		{reflect.TypeFor[v[shouted]](), `type codec_test.shouted: ` + text},
		{reflect.TypeFor[v[textOnly]](), `type codec_test.textOnly: ` + text},
		{reflect.TypeFor[v[*shouted]](), `type codec_test.shouted: ` + text},
		{reflect.TypeFor[v[[]shouted]](), `type codec_test.shouted: ` + text},
		{reflect.TypeFor[stringsOf[[]shouted]](), `type codec_test.shouted: ` + text},
		{reflect.TypeFor[v[[2]shouted]](), `type codec_test.shouted: ` + text},
		{reflect.TypeFor[v[map[string][]**shouted]](), `type codec_test.shouted: ` + text},
		{reflect.TypeFor[v[map[shouted]int]](), `type map[codec_test.shouted]int: ` + key},
		{reflect.TypeFor[v[parcel]](), `field codec_test.parcel.Owner: field struct { Label codec_test.labelled }.Label: type codec_test.labelled: ` + text},
		{reflect.TypeFor[v[packing]](), `type codec_test.packing: ` + binary},
		{reflect.TypeFor[v[marshaled]](), `type codec_test.marshaled: ` + marshaler},
		{reflect.TypeFor[v[fmt.Stringer]](), `type fmt.Stringer: ` + methods},
		{reflect.TypeFor[v[[]error]](), `type error: ` + methods},
		{reflect.TypeFor[v[*writable]](), `type codec_test.writable: ` + methods},
		{reflect.TypeFor[v[map[string]sync.Locker]](), `type sync.Locker: ` + methods},
		{reflect.TypeFor[v[complex64]](), `type complex64: ` + formless},
		{reflect.TypeFor[v[[]complex128]](), `type complex128: ` + formless},
		{reflect.TypeFor[v[map[string]uintptr]](), `type uintptr: ` + formless},
		{reflect.TypeFor[v[closed]](), `type codec_test.closed: ` + hidden},
		{reflect.TypeFor[v[[]*sync.Mutex]](), `type sync.Mutex: ` + hidden},
		{reflect.TypeFor[v[strings.Builder]](), `type strings.Builder: ` + hidden},
		{reflect.TypeFor[v[promoted]](), `type codec_test.promoted: its UnmarshalText` + embedded},
		{reflect.TypeFor[v[byBinary]](), `type codec_test.byBinary: its UnmarshalBinary` + embedded},
		{reflect.TypeFor[v[byValues]](), `type codec_test.byValues: its UnmarshalDynamoDBAttributeValue` + embedded},
	} {
		want := fmt.Sprintf("field %s.V: %s", tc.typ, tc.want)
		if _, err := codec.PlanOf(tc.typ); err == nil || err.Error() != want {
			t.Errorf("%v\ngot  %v\nwant %s", tc.typ, err, want)
		}
	}
	want := `type codec_test.marshaled: its items are written by MarshalDynamoDBAttributeValue and not read by it; give it UnmarshalDynamoDBAttributeValue`
	if _, err := codec.PlanOf(reflect.TypeFor[marshaled]()); err == nil || err.Error() != want {
		t.Errorf("an item with a Marshaler only: %v", err)
	}
}

// What the SDK's own encoding would make empty maps of is refused in it.
func TestTypesThatNeedTheirMethodsAreRefusedWithoutThem(t *testing.T) {
	const want = `none of its fields can be stored, as they are not exported; give it MarshalDynamoDBAttributeValue and UnmarshalDynamoDBAttributeValue, or leave the field out by the tag dynamodbav:"-"`
	for _, typ := range []reflect.Type{reflect.TypeFor[v[big.Int]](), reflect.TypeFor[v[[]*netip.Addr]](), reflect.TypeFor[v[map[string]upper]]()} {
		if _, err := codec.PlanOf(typ); err != nil {
			t.Error(err)
		}
		if _, err := codec.SDKDefaults.PlanOf(typ); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%v\ngot  %v\nwant … %s", typ, err, want)
		}
	}
}

// A method that is promoted from an embedded pointer would be called with nil.
func TestMethodsOfNilPointersDoNotRead(t *testing.T) {
	for _, how := range []encoded{byMethods, bySDK} {
		plan, p := how.planOf(t, &v[struct{ *readOnly }]{})
		for _, item := range []string{`{"V":{"S":"x"}}`, `{"V":{"B":"AA=="}}`} {
			if err := plan.Decode(wire.NewReader([]byte(item)), p.UnsafePointer()); err == nil {
				t.Errorf("%s was read", item)
			}
		}
	}
}

type readOnly struct{ N int }

func (r *readOnly) UnmarshalText(b []byte) error   { r.N = len(b); return nil }
func (r *readOnly) UnmarshalBinary(b []byte) error { r.N = len(b); return nil }

// What is not stored may be anything, and so may what reads itself.
func TestTypesThatAreNoOneWayAreNotRefused(t *testing.T) {
	type lock struct {
		sync.Mutex
		Not   fmt.Stringer `dynamodbav:"-"`
		Nor   shouted      `dynamodbav:"-"`
		inner closed
		Empty struct{}
		Blank struct{ _ int }
		Self  unmarshaled
		Any   []any
		Kept  types.AttributeValue
	}
	plan, err := codec.PlanOf(reflect.TypeFor[lock]())
	if err != nil {
		t.Fatal(err)
	}
	var l lock
	l.inner.n = 1
	item, err := plan.AppendMembers([]byte("{"), unsafe.Pointer(&l))
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Decode(wire.NewReader(append(item, '}')), unsafe.Pointer(&l)); err != nil || l.Self.N != 1 {
		t.Errorf("%d, %v", l.Self.N, err)
	}
}
