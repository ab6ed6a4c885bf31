package wire

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// AppendItem appends an item as a JSON object, its names sorted at every level.
//
// Text that is not valid UTF-8 and numbers that are none are errors, as are nil values and types that the SDK adds to the
// union later.
func AppendItem(dst []byte, m map[string]types.AttributeValue) ([]byte, error) {
	return appendMap(dst, m, 0)
}

// AppendValue appends one attribute value, under AppendItem's rules.
func AppendValue(dst []byte, v types.AttributeValue) ([]byte, error) {
	return appendValue(dst, v, 0)
}

func appendMap(dst []byte, m map[string]types.AttributeValue, depth int) ([]byte, error) {
	n := len(dst)
	dst = append(dst, '{')
	for i, name := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = AppendText(dst, name); err == nil {
			dst, err = appendValue(append(dst, ':'), m[name], depth)
		}
		if err != nil {
			return dst[:n], fmt.Errorf("attribute %q: %w", name, err)
		}
	}
	return append(dst, '}'), nil
}

func appendValue(dst []byte, v types.AttributeValue, depth int) ([]byte, error) {
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && p.IsNil() {
		return dst, fmt.Errorf("cannot write a nil %T", v)
	}
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return AppendS(dst, v.Value)
	case *types.AttributeValueMemberN:
		return AppendN(dst, v.Value)
	case *types.AttributeValueMemberB:
		return AppendB(dst, v.Value), nil
	case *types.AttributeValueMemberBOOL:
		return AppendBool(dst, v.Value), nil
	case *types.AttributeValueMemberNULL:
		if !v.Value {
			return append(dst, `{"NULL":false}`...), nil
		}
		return AppendNull(dst), nil
	case *types.AttributeValueMemberSS:
		return appendSet(dst, `{"SS":[`, v.Value, AppendText)
	case *types.AttributeValueMemberNS:
		return appendSet(dst, `{"NS":[`, v.Value, appendNumber)
	case *types.AttributeValueMemberBS:
		return appendSet(dst, `{"BS":[`, v.Value, func(dst, b []byte) ([]byte, error) { return AppendBase64(dst, b), nil })
	case *types.AttributeValueMemberL:
		return appendList(dst, v.Value, depth+1)
	case *types.AttributeValueMemberM:
		if depth == MaxDepth {
			return dst, errDepth
		}
		out, err := appendMap(append(dst, `{"M":`...), v.Value, depth+1)
		if err != nil {
			return dst, err
		}
		return append(out, '}'), nil
	}
	return dst, fmt.Errorf("cannot write an attribute value of type %T", v)
}

var errDepth = fmt.Errorf("lists and maps nest deeper than %d levels", MaxDepth)

func appendList(dst []byte, list []types.AttributeValue, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return dst, errDepth
	}
	return appendSet(dst, `{"L":[`, list, func(dst []byte, v types.AttributeValue) ([]byte, error) {
		return appendValue(dst, v, depth)
	})
}

// appendSet appends what opens the value, the elements, and what closes it.
func appendSet[E any](dst []byte, opening string, elems []E, one func([]byte, E) ([]byte, error)) ([]byte, error) {
	n := len(dst)
	dst = append(dst, opening...)
	for i, e := range elems {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = one(dst, e); err != nil {
			return dst[:n], fmt.Errorf("element %d: %w", i, err)
		}
	}
	return append(dst, `]}`...), nil
}

func appendNumber(dst []byte, number string) ([]byte, error) {
	if !isNumber(number) {
		return dst, numberError(number)
	}
	return AppendText(dst, number)
}

// ReadItem returns the attribute values of an item. They share no bytes with it. Of an attribute that occurs twice the last
// counts.
func ReadItem(item []byte) (map[string]types.AttributeValue, error) {
	r := Reader{data: item, Copy: true}
	m, err := r.Item()
	if err == nil {
		err = r.End()
	}
	return m, err
}

// ReadValue returns one attribute value. It shares no bytes with the input.
func ReadValue(value []byte) (types.AttributeValue, error) {
	r := Reader{data: value, Copy: true}
	v, err := r.Value()
	if err == nil {
		err = r.End()
	}
	return v, err
}

// Item consumes an item, or the content of a map.
func (r *Reader) Item() (map[string]types.AttributeValue, error) {
	m := make(map[string]types.AttributeValue)
	more, err := r.Open('{')
	for more && err == nil {
		var name string
		if name, err = r.Key(); err != nil {
			return nil, err
		}
		if m[name], err = r.Value(); err != nil {
			return nil, err
		}
		more, err = r.More('}')
	}
	return m, err
}

// Value consumes one attribute value.
func (r *Reader) Value() (types.AttributeValue, error) {
	k, err := r.OpenValue()
	if err != nil {
		return nil, err
	}
	v, err := r.Payload(k)
	if err != nil {
		return nil, err
	}
	return v, r.CloseValue()
}

// Payload consumes what stands between OpenValue, which returned k, and CloseValue.
func (r *Reader) Payload(k Kind) (v types.AttributeValue, err error) {
	switch k {
	case S:
		m := new(types.AttributeValueMemberS)
		m.Value, err = r.Text()
		v = m
	case N:
		m := new(types.AttributeValueMemberN)
		m.Value, err = r.Number()
		v = m
	case B:
		m := new(types.AttributeValueMemberB)
		m.Value, err = r.Bytes([]byte{})
		v = m
	case BOOL:
		m := new(types.AttributeValueMemberBOOL)
		m.Value, err = r.Bool()
		v = m
	case NULL:
		m := new(types.AttributeValueMemberNULL)
		m.Value, err = r.Bool()
		v = m
	case SS:
		m := new(types.AttributeValueMemberSS)
		m.Value, err = readList(r, r.Text)
		v = m
	case NS:
		m := new(types.AttributeValueMemberNS)
		m.Value, err = readList(r, r.Number)
		v = m
	case BS:
		m := new(types.AttributeValueMemberBS)
		m.Value, err = readList(r, func() ([]byte, error) { return r.Bytes([]byte{}) })
		v = m
	case L, M:
		return r.document(k)
	default:
		err = r.fail("attribute value without a type tag")
	}
	return v, err
}

func (r *Reader) document(k Kind) (v types.AttributeValue, err error) {
	if err := r.Enter(); err != nil {
		return nil, err
	}
	defer r.Leave()
	if k == L {
		m := new(types.AttributeValueMemberL)
		m.Value, err = readList(r, r.Value)
		return m, err
	}
	m := new(types.AttributeValueMemberM)
	m.Value, err = r.Item()
	return m, err
}

func readList[E any](r *Reader, one func() (E, error)) ([]E, error) {
	list := []E{}
	more, err := r.Open('[')
	for more && err == nil {
		var e E
		if e, err = one(); err != nil {
			return nil, err
		}
		list = append(list, e)
		more, err = r.More(']')
	}
	return list, err
}
