package schema

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
)

// storedAs returns the type of the attribute that the component's field is stored in, as far as it can be a
// key's.
func (c *component) storedAs() types.ScalarAttributeType {
	_, options, _ := strings.Cut(c.field.Tag.Get("dynamodbav"), ",")
	switch c.Seg.Kind {
	case keys.Int, keys.Uint, keys.Float:
		if !slices.Contains(strings.Split(options, ","), "string") {
			return types.ScalarAttributeTypeN
		}
	case keys.Time:
		if c.field.UnixTime {
			return types.ScalarAttributeTypeN
		}
	case keys.Bytes:
		return types.ScalarAttributeTypeB
	case keys.Bool:
		return "BOOL"
	}
	return types.ScalarAttributeTypeS
}

type StoredKey struct {
	attr  Attr
	Value types.AttributeValue
	Raw   []byte
}

// stored returns the attribute of the item at ptr as it is stored.
func (k *Key) stored(ptr unsafe.Pointer) (StoredKey, error) {
	f := k.comps[0].field
	v, ok := f.Value(ptr)
	if !ok || k.Attr.Type != types.ScalarAttributeTypeN && v.IsZero() {
		return StoredKey{}, k.comps[0].errZero()
	}
	raw, err := f.AppendFrom(nil, ptr)
	if err != nil {
		return StoredKey{}, err
	}
	if len(raw) == 0 {
		return StoredKey{}, k.comps[0].errZero()
	}
	value, err := wire.ReadValue(raw)
	return StoredKey{k.Attr, value, raw}, err
}

// checkNativeValues refuses an empty or too long text in a key of an index, as the service does: an empty one is either
// left out by omitempty, and the item with it, or it has a value.
func (x *EntityIndex) checkNativeValues(e *Entity, ptr unsafe.Pointer) error {
	for _, k := range x.fields {
		if v, ok := k.comps[0].field.Value(ptr); ok {
			if err := k.checkNativeValue(e, x.Name, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *Key) checkNativeValue(e *Entity, index string, v reflect.Value) error {
	f := k.comps[0].field
	if k.Attr.Type == types.ScalarAttributeTypeN || v.Kind() != reflect.String && v.Kind() != reflect.Slice {
		return nil
	}
	switch n := v.Len(); {
	case n == 0 && !f.OmitEmpty:
		return e.keyFault(k.Attr.Name, fmt.Errorf("attribute %q is a key of index %q and empty: set it, or give it omitempty", f.Name, index))
	case n > 0:
		if err := k.checkLength(n); err != nil {
			return e.keyFault(k.Attr.Name, err)
		}
	}
	return nil
}

// multiRange is a query's conditions on the attributes of a native index.
type multiRange struct {
	Equal []StoredKey
	op    SortOp // on low and high; anySort for none
	Low   StoredKey
	High  StoredKey
	Given bool
}

// startMulti starts the span of an index whose keys are several attributes.
func (s *Span) startMulti(x *EntityIndex, ptr unsafe.Pointer) error {
	s.Multi.Given = true
	s.PK = x.hashes[0]
	for _, k := range x.hashes {
		v, err := k.stored(ptr)
		if err != nil {
			return s.From.keyFault(k.Attr.Name, err)
		}
		s.Multi.Equal = append(s.Multi.Equal, v)
		s.Partition = append(s.Partition, v.Raw...)
	}
	return nil
}

// whereMulti sets the condition on the range attributes, from the left: equality on all that count in the
// examples but the last, and the operation on that.
func (s *Span) whereMulti(x *EntityIndex, op SortOp, low, high unsafe.Pointer, named []string) error {
	q := comparison{op: op, named: named, index: true, native: true}
	n, example := 0, low
	for _, b := range []struct {
		at unsafe.Pointer
		op SortOp
	}{{low, GreaterEqual}, {high, LessEqual}} {
		if b.at == nil {
			continue
		}
		counted, err := q.from(b.op).counts(len(x.ranges), func(i int) *component { return &x.ranges[i].comps[0] }, b.at)
		if err != nil {
			return err
		}
		if n > 0 && n != counted {
			return fmt.Errorf("the bounds of Between set different attributes: name those that count behind them")
		}
		n = counted
	}
	if example == nil {
		example = high
	}
	for i, k := range x.ranges[:n] {
		v, err := k.stored(example)
		if err != nil {
			return err
		}
		last := i == n-1
		if !last && op == Between {
			other, err := k.stored(high)
			if err != nil {
				return err
			}
			if !bytes.Equal(v.Raw, other.Raw) {
				return fmt.Errorf("attribute %q: the bounds of Between differ before the last attribute", k.Attr.Name)
			}
		}
		switch {
		case !last, op == Equal, op == Prefix && k.Attr.Type != types.ScalarAttributeTypeS:
			s.Multi.Equal = append(s.Multi.Equal, v)
		case op == Between:
			s.Multi.op, s.Multi.Low = op, v
			if s.Multi.High, err = k.stored(high); err != nil {
				return err
			}
			if k.compare(Text(v.Value), Text(s.Multi.High.Value)) > 0 {
				return errReversed
			}
		default:
			s.Multi.op, s.Multi.Low = op, v
		}
	}
	s.Sort.Op = op
	return nil
}

// condition writes the key condition with its names and values.
func (r *multiRange) condition(names map[string]string, values map[string]types.AttributeValue) string {
	var b strings.Builder
	name := func(i int, v StoredKey) string {
		n := fmt.Sprintf("#k%d", i)
		names[n] = v.attr.Name
		return n
	}
	for i, v := range r.Equal {
		if i > 0 {
			b.WriteString(" AND ")
		}
		values[fmt.Sprintf(":k%d", i)] = v.Value
		fmt.Fprintf(&b, "%s = :k%d", name(i, v), i)
	}
	if r.op == AnySort || r.op == Equal || r.Low.Value == nil {
		return b.String()
	}
	n := name(len(r.Equal), r.Low)
	values[":lo"] = r.Low.Value
	switch r.op {
	case Prefix:
		fmt.Fprintf(&b, " AND begins_with(%s, :lo)", n)
	case Between:
		values[":hi"] = r.High.Value
		fmt.Fprintf(&b, " AND %s BETWEEN :lo AND :hi", n)
	default:
		fmt.Fprintf(&b, " AND %s %s :lo", n, map[SortOp]string{Less: "<", LessEqual: "<=", Greater: ">", GreaterEqual: ">="}[r.op])
	}
	return b.String()
}
