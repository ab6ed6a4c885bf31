package codec

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"unsafe"

	"github.com/entable/entable/internal/wire"
)

func fillBool(c *codec) {
	if c.kind == wire.BOOL {
		c.way = boolWay
	}
	c.encode = func(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		return wire.AppendBool(dst, *(*bool)(p)), nil
	}
	c.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) (err error) {
		switch k {
		case wire.BOOL:
			*(*bool)(p), err = r.Bool()
			return err
		case wire.NULL:
			return decodeNull[bool](r, p)
		}
		return cannotDecode(k, c.typ, nil)
	}
}

// decodeNull reads the content of a NULL and sets the value to zero.
func decodeNull[T any](r *wire.Reader, p unsafe.Pointer) error {
	*(*T)(p) = *new(T)
	_, err := r.Bool()
	return err
}

func fillString(c *codec) {
	c.text = true
	if isNumber(c.typ) {
		c.encode = encodeNumberText(c)
	} else {
		c.verbatim = true
		c.encode = func(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
			dst, err := wire.AppendS(dst, *(*string)(p))
			if err != nil {
				return dst, cannotEncode(c.typ, err)
			}
			return dst, nil
		}
	}
	c.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) (err error) {
		switch k {
		case wire.S:
			*(*string)(p), err = r.Text()
			return err
		case wire.N:
			*(*string)(p), err = r.Number()
			return err
		case wire.NULL:
			return decodeNull[string](r, p)
		}
		return cannotDecode(k, c.typ, nil)
	}
}

// isNumber reports whether t is text that stands for a number, such as attributevalue.Number and json.Number.
func isNumber(t reflect.Type) bool {
	return t.Kind() == reflect.String && t.Implements(reflect.TypeFor[interface {
		Float64() (float64, error)
		Int64() (int64, error)
		String() string
	}]())
}

func encodeNumberText(c *codec) func([]byte, unsafe.Pointer, int) ([]byte, error) {
	text := c.opts.has(asString)
	return func(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		var err error
		if text {
			dst, err = wire.AppendS(dst, *(*string)(p))
		} else {
			number := *(*string)(p)
			if dst, err = wire.AppendN(dst, number); err == nil {
				err = wire.CheckNumber(number)
			}
		}
		if err != nil {
			return dst, cannotEncode(c.typ, err)
		}
		return dst, nil
	}
}

// numberTag returns what a number starts with: by the option string it is stored as text.
func numberTag(c *codec) string {
	if c.opts.has(asString) {
		return `{"S":"`
	}
	return `{"N":"`
}

func fillInt(c *codec) {
	if c.typ.Bits() == 64 && c.kind == wire.N {
		c.way = intWay
	}
	switch c.typ.Kind() {
	case reflect.Int8:
		fillSigned[int8](c)
	case reflect.Int16:
		fillSigned[int16](c)
	case reflect.Int32:
		fillSigned[int32](c)
	case reflect.Int64:
		fillSigned[int64](c)
	default:
		fillSigned[int](c)
	}
}

func fillUint(c *codec) {
	switch c.typ.Kind() {
	case reflect.Uint8:
		fillUnsigned[uint8](c)
	case reflect.Uint16:
		fillUnsigned[uint16](c)
	case reflect.Uint32:
		fillUnsigned[uint32](c)
	case reflect.Uint64:
		fillUnsigned[uint64](c)
	default:
		fillUnsigned[uint](c)
	}
}

func fillSigned[T int | int8 | int16 | int32 | int64](c *codec) {
	tag := numberTag(c)
	c.encode = func(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		dst = strconv.AppendInt(append(dst, tag...), int64(*(*T)(p)), 10)
		return append(dst, '"', '}'), nil
	}
	c.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
		if k == wire.N {
			if n, ok := r.ShortInt(); ok && int64(T(n)) == n {
				*(*T)(p) = T(n)
				return nil
			} else if ok {
				return cannotDecode(k, c.typ, fmt.Errorf("%d overflows", n))
			}
		}
		text, null, err := numberIn(c, r, k)
		if null {
			*(*T)(p) = 0
		}
		if null || err != nil {
			return err
		}
		n, err := strconv.ParseInt(text, 10, c.typ.Bits())
		if err != nil {
			return cannotDecode(k, c.typ, numberError(text, err))
		}
		*(*T)(p) = T(n)
		return nil
	}
}

func fillUnsigned[T uint | uint8 | uint16 | uint32 | uint64](c *codec) {
	tag := numberTag(c)
	c.encode = func(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		dst = strconv.AppendUint(append(dst, tag...), uint64(*(*T)(p)), 10)
		return append(dst, '"', '}'), nil
	}
	c.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
		if k == wire.N {
			if n, ok := r.ShortInt(); ok && n >= 0 && int64(T(n)) == n {
				*(*T)(p) = T(n)
				return nil
			} else if ok {
				return cannotDecode(k, c.typ, fmt.Errorf("%d overflows", n))
			}
		}
		text, null, err := numberIn(c, r, k)
		if null {
			*(*T)(p) = 0
		}
		if null || err != nil {
			return err
		}
		n, err := strconv.ParseUint(text, 10, c.typ.Bits())
		if err != nil {
			return cannotDecode(k, c.typ, numberError(text, err))
		}
		*(*T)(p) = T(n)
		return nil
	}
}

// numberIn reads the text of a number for a numeric type, for the moment: an N, or with the option string an S. Of a NULL it
// reports so.
func numberIn(c *codec, r *wire.Reader, k wire.Kind) (text string, null bool, err error) {
	switch {
	case k == wire.N, k == wire.S && c.opts.has(asString):
		text, err = r.Digits()
		return text, false, err
	case k == wire.NULL:
		_, err = r.Bool()
		return "", true, err
	}
	return "", false, cannotDecode(k, c.typ, nil)
}

// numberError words what strconv found wrong with a number.
func numberError(text string, err error) error {
	text = strings.Clone(text[:min(len(text), 48)])
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%s overflows", text)
	}
	return fmt.Errorf("%s is not an integer", text)
}

func fillFloat(c *codec) {
	if c.typ.Bits() == 64 && c.kind == wire.N {
		c.way = floatWay
	}
	if c.typ.Kind() == reflect.Float32 {
		fillFloating[float32](c)
	} else {
		fillFloating[float64](c)
	}
}

func fillFloating[T float32 | float64](c *codec) {
	tag, bits := numberTag(c), c.typ.Bits()
	least, end := wire.MinNumber, wire.EndNumber
	if c.opts.has(asString) {
		least, end = 0, math.Inf(1)
	}
	c.encode = func(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		f := float64(*(*T)(p))
		if size := math.Abs(f); !(size >= least && size < end) && f != 0 {
			return dst, cannotEncode(c.typ, fmt.Errorf("%v is no number of the service", f))
		}
		dst = append(dst, tag...)
		if out, ok := appendCents(dst, f); ok && bits == 64 {
			dst = out
		} else {
			dst = strconv.AppendFloat(dst, f, 'f', -1, bits)
		}
		return append(dst, '"', '}'), nil
	}
	c.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
		if k == wire.N {
			if f, ok := r.ShortFloat(); ok {
				*(*T)(p) = T(f)
				return nil
			}
		}
		text, null, err := numberIn(c, r, k)
		if null {
			*(*T)(p) = 0
		}
		if null || err != nil {
			return err
		}
		f, err := strconv.ParseFloat(text, bits)
		if err != nil {
			return cannotDecode(k, c.typ, fmt.Errorf("%.48s overflows", text))
		}
		*(*T)(p) = T(f)
		return nil
	}
}

// appendCents appends a number with at most two decimal places and fewer than 16 digits, as strconv.AppendFloat would, or
// reports false. The shortest text for f is the one that this makes: no two decimals of up to 15 digits are read as the
// same float64, so that if n/100 is read as f, nothing shorter or other is.
func appendCents(dst []byte, f float64) ([]byte, bool) {
	n := int64(math.RoundToEven(f * 100))
	if f == 0 || n <= -1e15 || n >= 1e15 || float64(n)/100 != f {
		return dst, false
	}
	if n < 0 {
		dst = append(dst, '-')
		n = -n
	}
	dst = strconv.AppendInt(dst, n/100, 10)
	if n %= 100; n > 0 {
		if dst = append(dst, '.', byte('0'+n/10)); n%10 > 0 {
			dst = append(dst, byte('0'+n%10))
		}
	}
	return dst, true
}

// decodeBigInt reads a number into a big.Int, which attributevalue cannot: it stores it as text, and so does encode.
func decodeBigInt(r *wire.Reader, c *codec, p unsafe.Pointer) error {
	text, err := r.Digits()
	if err != nil {
		return err
	}
	if _, ok := (*big.Int)(p).SetString(text, 10); !ok {
		return cannotDecode(wire.N, c.typ, numberError(text, strconv.ErrSyntax))
	}
	return nil
}
