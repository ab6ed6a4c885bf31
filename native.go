package entable

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
)

// storedAs is the type of the attribute that the component's field is stored in, as far as it can be a
// key's.
func (c *component) storedAs() types.ScalarAttributeType {
	_, options, _ := strings.Cut(c.field.Tag.Get("dynamodbav"), ",")
	switch c.seg.Kind {
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

// nativeRange is a query's conditions on the attributes of a native index.
type nativeRange struct {
	equal  []nativeValue
	op     sortOp // on low and high; anySort for none
	low    nativeValue
	high   nativeValue
	native bool
}

type nativeValue struct {
	attr  keyAttr
	value types.AttributeValue
	raw   []byte
}

// stored is the attribute of the item at ptr as it is stored.
func (k *key) stored(ptr unsafe.Pointer) (nativeValue, error) {
	f := k.comps[0].field
	v, ok := f.Value(ptr)
	if !ok || k.attr.typ != types.ScalarAttributeTypeN && v.IsZero() {
		return nativeValue{}, errZero(f)
	}
	raw, err := f.AppendFrom(nil, ptr)
	if err != nil {
		return nativeValue{}, err
	}
	if len(raw) == 0 {
		return nativeValue{}, errZero(f)
	}
	value, err := wire.ReadValue(raw)
	return nativeValue{k.attr, value, raw}, err
}

// planNative starts the plan of a query of a native index.
func (p *queryPlan) planNative(x *entityIndex, ptr unsafe.Pointer) {
	p.native.native = true
	p.pk = x.hashes[0]
	for _, k := range x.hashes {
		v, err := k.stored(ptr)
		if err != nil {
			p.fail(&KeyError{Entity: p.from.name, Key: k.attr.name, Err: err})
			return
		}
		p.native.equal = append(p.native.equal, v)
		p.partition = append(p.partition, v.raw...)
	}
}

// whereNative sets the condition on the range attributes, from the left: equality on all that the
// examples set but the last, and the operation on that.
func (p *queryPlan) whereNative(x *entityIndex, op sortOp, low, high unsafe.Pointer) error {
	example := low
	if example == nil {
		example = high
	}
	n := 1
	for n < len(x.ranges) && x.ranges[n].leading(example) == 1 {
		n++
	}
	for i, k := range x.ranges[:n] {
		v, err := k.stored(example)
		if err != nil {
			return err
		}
		last := i == n-1
		if !last && op == between {
			other, err := k.stored(high)
			if err != nil {
				return err
			}
			if !bytes.Equal(v.raw, other.raw) {
				return fmt.Errorf("attribute %q: the bounds of Between differ before the last attribute", k.attr.name)
			}
		}
		switch {
		case !last, op == equal, op == prefix && k.attr.typ != types.ScalarAttributeTypeS:
			p.native.equal = append(p.native.equal, v)
		case op == between:
			p.native.op, p.native.low = op, v
			if p.native.high, err = k.stored(high); err != nil {
				return err
			}
		default:
			p.native.op, p.native.low = op, v
		}
	}
	p.sort.op = op
	return nil
}

// condition writes the key condition with its names and values.
func (r *nativeRange) condition(in *dynamodb.QueryInput) string {
	var b strings.Builder
	name := func(i int, v nativeValue) string {
		n := fmt.Sprintf("#k%d", i)
		in.ExpressionAttributeNames[n] = v.attr.name
		return n
	}
	for i, v := range r.equal {
		if i > 0 {
			b.WriteString(" AND ")
		}
		in.ExpressionAttributeValues[fmt.Sprintf(":k%d", i)] = v.value
		fmt.Fprintf(&b, "%s = :k%d", name(i, v), i)
	}
	if r.op == anySort || r.op == equal || r.low.value == nil {
		return b.String()
	}
	n := name(len(r.equal), r.low)
	in.ExpressionAttributeValues[":lo"] = r.low.value
	switch r.op {
	case prefix:
		fmt.Fprintf(&b, " AND begins_with(%s, :lo)", n)
	case between:
		in.ExpressionAttributeValues[":hi"] = r.high.value
		fmt.Fprintf(&b, " AND %s BETWEEN :lo AND :hi", n)
	default:
		fmt.Fprintf(&b, " AND %s %s :lo", n, map[sortOp]string{less: "<", lessEqual: "<=", greater: ">", greaterEqual: ">="}[r.op])
	}
	return b.String()
}

// checkNativeValues refuses an empty text in a key of a native index, as the service does: it is either
// left out by omitempty, and the item with it, or it has a value.
func (x *entityIndex) checkNativeValues(e *entity, ptr unsafe.Pointer) error {
	if !x.native {
		return nil
	}
	for _, k := range slices.Concat(x.hashes, x.ranges) {
		f := k.comps[0].field
		v, ok := f.Value(ptr)
		if ok && !f.OmitEmpty && k.attr.typ != types.ScalarAttributeTypeN && (v.Kind() == reflect.String || v.Kind() == reflect.Slice) && v.Len() == 0 {
			return &KeyError{Entity: e.name, Key: k.attr.name, Err: fmt.Errorf("attribute %q is a key of index %q and empty: set it, or give it omitempty", f.Name, x.name)}
		}
	}
	return nil
}
