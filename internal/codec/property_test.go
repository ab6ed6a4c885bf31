package codec_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/internal/wire"
)

// TestSameAsAttributeValue compares the codec with attributevalue on random values of random struct types: what is encoded,
// what it decodes to again, and what it decodes to in another type, each on the bytes and by way of attribute values. Its
// size is 5,000 values, or 100,000 with ENTABLE_SOAK=1; ENTABLE_SEED repeats a run.
func TestSameAsAttributeValue(t *testing.T) {
	rounds, seed := trial.Size(5_000, 100_000), trial.Seed(t)
	const valuesPerType = 5
	for i := range rounds / valuesPerType {
		how := []encoded{byMethods, bySDK}[i/12%2]
		g := generator{rand.New(rand.NewPCG(seed, uint64(i))), how.encoding}
		typ, other := g.structType(3), g.structType(3)
		if i%4 == 0 {
			typ = []reflect.Type{reflect.TypeFor[outer](), reflect.TypeFor[node](), reflect.TypeFor[Promoted]()}[i/4%3]
		}
		for range valuesPerType {
			v := reflect.New(typ)
			g.fill(v.Elem(), 5)
			if err := compareValue(v, other, how); err != nil {
				t.Fatalf("round %d: %v\ntype %v\nvalue %+v\nother %v", i, err, typ, v.Elem(), other)
			}
		}
	}
}

func compareValue(v reflect.Value, other reflect.Type, how encoded) error {
	plan, err := how.encoding.PlanOf(v.Type().Elem())
	if err != nil {
		return err
	}
	want, wantErr := how.marshal(v.Interface())
	members, err := plan.AppendMembers([]byte("{"), v.UnsafePointer())
	if errors.Is(err, wire.ErrNumber) { // attributevalue leaves it to the service to refuse Number("")
		return nil
	}
	if wantErr == nil { // attributevalue leaves sets to the service to refuse, too
		wantErr = refuseSets(&types.AttributeValueMemberM{Value: want})
	}
	if (err != nil) != (wantErr != nil) {
		return fmt.Errorf("encoding: error %v, attributevalue's %v", err, wantErr)
	}
	if err != nil {
		return nil
	}
	item := append(members, '}')
	got, err := wire.ReadItem(item)
	if err != nil {
		return fmt.Errorf("encoded %s: %w", item, err)
	}
	if !reflect.DeepEqual(got, want) {
		transcoded, err := wire.AppendItem(nil, want)
		return fmt.Errorf("encoded %s\nattributevalue %s %v", item, transcoded, err)
	}
	for _, t := range []reflect.Type{plan.Type(), other} {
		if err := compareDecoded(item, got, t, how); err != nil {
			return fmt.Errorf("%w\nitem %s", err, item)
		}
	}
	return nil
}

// refuseSets returns an error for a set that has an element twice, and makes NULL of those from which all elements were left out.
func refuseSets(v types.AttributeValue) error {
	once := map[string]bool{}
	add := func(elem string) error {
		if once[elem] {
			return fmt.Errorf("%q is twice in a set", elem)
		}
		once[elem] = true
		return nil
	}
	var errs []error
	switch v := v.(type) {
	case *types.AttributeValueMemberSS:
		for _, e := range v.Value {
			errs = append(errs, add(e))
		}
	case *types.AttributeValueMemberNS:
		for _, e := range v.Value {
			n, _ := new(big.Rat).SetString(e)
			errs = append(errs, add(n.String()))
		}
	case *types.AttributeValueMemberBS:
		for _, e := range v.Value {
			errs = append(errs, add(string(e)))
		}
	case *types.AttributeValueMemberL:
		for i, e := range v.Value {
			errs = append(errs, refuseSets(e))
			v.Value[i] = unlessEmptySet(e)
		}
	case *types.AttributeValueMemberM:
		for name, e := range v.Value {
			errs = append(errs, refuseSets(e))
			v.Value[name] = unlessEmptySet(e)
		}
	}
	return errors.Join(errs...)
}

func unlessEmptySet(v types.AttributeValue) types.AttributeValue {
	switch set := reflect.Indirect(reflect.ValueOf(v)).FieldByName("Value"); v.(type) {
	case *types.AttributeValueMemberSS, *types.AttributeValueMemberNS, *types.AttributeValueMemberBS:
		if set.Len() == 0 {
			return &types.AttributeValueMemberNULL{Value: true}
		}
	}
	return v
}

// compareDecoded decodes the item into a new t in three ways.
func compareDecoded(item []byte, m map[string]types.AttributeValue, t reflect.Type, how encoded) error {
	plan, err := how.encoding.PlanOf(t)
	if err != nil {
		return err
	}
	want := reflect.New(t)
	wantErr := how.unmarshal(m, want.Interface())
	transcoded, err := wire.AppendItem(nil, m)
	if err != nil {
		return fmt.Errorf("transcoding: %w", err)
	}
	for i, b := range [][]byte{item, transcoded, item} {
		got := reflect.New(t)
		r := wire.NewReader(b)
		if r.Copy = i == 2; r.Copy {
			r.Reset(bytes.Clone(b))
		}
		err := plan.Decode(r, got.UnsafePointer())
		if err == nil {
			err = r.End()
		}
		if r.Copy {
			overwrite(r)
		}
		if deviates(wantErr) || errors.Is(err, codec.ErrRoom) || errors.Is(err, codec.ErrOneKey) {
			continue
		}
		if (err != nil) != (wantErr != nil) {
			return fmt.Errorf("decoding into %v: error %v, attributevalue's %v", t, err, wantErr)
		}
		if err == nil && !same(got.Elem(), want.Elem()) {
			return fmt.Errorf("decoded %+v\nattributevalue %+v", got.Elem(), want.Elem())
		}
	}
	return nil
}

// overwrite does to the text of a reader what happens to it when its page is done.
func overwrite(r *wire.Reader) {
	text := r.Since(0)
	for i := range text {
		text[i] = 0xff
	}
}

// deviates recognises what attributevalue cannot read and the codec can: sets whose elements have methods, and numbers in
// a big.Int.
func deviates(err error) bool {
	if e, ok := errors.AsType[*attributevalue.UnmarshalTypeError](err); ok && e.Type.Kind() != reflect.Interface {
		p := reflect.PointerTo(e.Type)
		return p.Implements(reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()) ||
			p.Implements(reflect.TypeFor[interface{ UnmarshalBinary([]byte) error }]()) ||
			p.Implements(reflect.TypeFor[attributevalue.Unmarshaler]())
	}
	return errors.Is(err, errNoTemperature)
}

// same reports what reflect.DeepEqual does, but takes a Number in an interface for the float64 that attributevalue rounds it
// to.
func same(a, b reflect.Value) bool {
	if a.Kind() != b.Kind() || a.Type() != b.Type() {
		if !a.IsValid() || !b.IsValid() {
			return a.IsValid() == b.IsValid()
		}
		return rounded(a, b)
	}
	switch a.Kind() {
	case reflect.Interface, reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return same(a.Elem(), b.Elem())
	case reflect.Slice, reflect.Array:
		if a.Kind() == reflect.Slice && a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return false
		}
		for it := a.MapRange(); it.Next(); {
			if other := b.MapIndex(it.Key()); !other.IsValid() || !same(it.Value(), other) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range a.NumField() {
			if !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Chan:
		return a.IsNil() && b.IsNil()
	}
	return a.Equal(b)
}

func rounded(a, b reflect.Value) bool {
	switch a.Interface().(type) {
	case attributevalue.Number:
		f, err := strconv.ParseFloat(a.String(), 64)
		return err == nil && b.Kind() == reflect.Float64 && f == b.Float()
	case []attributevalue.Number:
		for i := range a.Len() {
			if b.Kind() != reflect.Slice || a.Len() != b.Len() || !rounded(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	}
	return false
}

// encoded is one of the ways in which items are stored, by attributevalue too.
type encoded struct{ encoding codec.Encoding }

var byMethods, bySDK = encoded{codec.Methods}, encoded{codec.SDKDefaults}

// marshal and unmarshal are attributevalue's. It panics where a value does not fit into an array or interface.
func (e encoded) marshal(v any) (m map[string]types.AttributeValue, err error) {
	defer recoverInto(&err)
	return attributevalue.MarshalMapWithOptions(v, func(o *attributevalue.EncoderOptions) { o.UseEncodingMarshalers = e == byMethods })
}

func (e encoded) unmarshal(m map[string]types.AttributeValue, v any) (err error) {
	defer recoverInto(&err)
	return attributevalue.UnmarshalMapWithOptions(m, v, func(o *attributevalue.DecoderOptions) { o.UseEncodingUnmarshalers = e == byMethods })
}

func recoverInto(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v", r)
	}
}
