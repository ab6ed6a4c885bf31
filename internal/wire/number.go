package wire

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Number consumes a string that holds a number of the service and returns its text, which aliases the input as Text's
// does. Text that is no decimal number, such as NaN, is an error.
func (r *Reader) Number() (string, error) {
	text, err := r.Digits()
	if err == nil && r.Copy {
		text = unsafeString(r.copied(unsafeBytes(text)))
	}
	return text, err
}

// Digits consumes what Number does. The text aliases the input even if Copy is set: it is for the moment.
func (r *Reader) Digits() (string, error) {
	at := r.pos
	text, err := r.text()
	if err == nil && !isNumber(text) {
		r.pos = at
		return "", r.fail(numberError(string(text)).Error())
	}
	return unsafeString(text), err
}

// isNumber reports whether s is [+-] digits [. digits] [e [+-] digits], with a digit on at least one side of the point.
func isNumber[T string | []byte](s T) bool {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	digits := 0
	for i < len(s) && isDigit(s[i]) {
		i++
		digits++
	}
	if i < len(s) && s[i] == '.' {
		for i++; i < len(s) && isDigit(s[i]); i++ {
			digits++
		}
	}
	if digits == 0 {
		return false
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		if i++; i < len(s) && (s[i] == '-' || s[i] == '+') {
			i++
		}
		from := i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		if i == from {
			return false
		}
	}
	return i == len(s)
}

// SameNumber reports whether two texts are numbers of one value.
func SameNumber(a, b string) bool {
	var x, y [64]byte
	switch {
	case !isNumber(a) || !isNumber(b):
		return false
	case isPlain(a) && isPlain(b):
		return a == b
	}
	return string(appendCanonical(x[:0], a)) == string(appendCanonical(y[:0], b))
}

// The service's numbers have up to MaxDigits digits and, but for zero, a magnitude from MinNumber to below EndNumber.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
const (
	MaxDigits = 38
	MinNumber = 1e-130
	EndNumber = 1e126
)

// CheckNumber returns an [ErrNumber] if the service has not the number, which is one.
func CheckNumber(number string) error {
	if len(number) <= MaxDigits && !strings.ContainsAny(number, "eE") { // too short to be wrong
		return nil
	}
	var room [64]byte
	canonical := strings.TrimPrefix(string(appendCanonical(room[:0], number)), "-")
	digits, power, _ := strings.Cut(canonical, "e")
	if canonical == "0" {
		return nil
	}
	_, written, _ := strings.Cut(strings.ToLower(number), "e")
	e, err := strconv.Atoi(power)
	if first := len(digits) + e - 1; err != nil || len(strings.TrimLeft(written, "+-0")) > 9 || len(digits) > MaxDigits || first < -130 || first > 125 {
		return fmt.Errorf("%w: the service's have up to %d digits, from 1e-130 to below 1e126", numberError(number), MaxDigits)
	}
	return nil
}

// isPlain reports whether a number has no exponent, no plus sign and no zeros that add nothing: no two such texts are of one value.
func isPlain(number string) bool {
	digits := strings.TrimPrefix(number, "-")
	point := strings.IndexByte(digits, '.')
	switch last := digits[len(digits)-1]; {
	case point >= 0 && (last == '0' || last == '.'), point == 0, number == "-0":
		return false
	case digits[0] == '0' && len(digits) > 1 && point != 1:
		return false
	}
	return !strings.ContainsAny(digits, "+eE")
}

// appendCanonical appends the one text of a number's value: its digits from the first to the last that is not 0, with a minus
// sign if there is one, and the power of ten of the last. Zero has no digits.
func appendCanonical(dst []byte, number string) []byte {
	start, exponent, zeros, point := len(dst), 0, 0, false
	for i, c := range []byte(number) {
		switch {
		case c == '-' && i == 0:
			dst = append(dst, c)
		case c == '.':
			point = true
		case c == 'e' || c == 'E':
			e, _ := strconv.Atoi(number[i+1:])
			return endCanonical(dst, start, zeros, exponent+e)
		case isDigit(c):
			if point {
				exponent--
			}
			if c == '0' && (len(dst) == start || dst[len(dst)-1] == '-') {
				continue
			}
			if dst = append(dst, c); c == '0' {
				zeros++
			} else {
				zeros = 0
			}
		}
	}
	return endCanonical(dst, start, zeros, exponent)
}

func endCanonical(dst []byte, start, zeros, exponent int) []byte {
	dst = dst[:len(dst)-zeros]
	if len(dst) == start || len(dst) == start+1 && dst[start] == '-' {
		return append(dst[:start], '0')
	}
	return strconv.AppendInt(append(dst, 'e'), int64(exponent+zeros), 10)
}

func isDigit(c byte) bool { return c-'0' < 10 }

// ShortInt consumes a quoted integer of at most 18 digits and returns it. In front of anything else it consumes nothing and
// reports false; Number is then its slow twin.
func (r *Reader) ShortInt() (int64, bool) {
	d, i := r.data, r.pos
	if i >= len(d) || d[i] != '"' {
		return 0, false
	}
	n, end := IntAt(d, i+1)
	if end < 0 {
		return 0, false
	}
	r.pos = end + 1
	return n, true
}

// IntAt returns an integer of at most 18 digits that begins at i, behind a quote, and the offset of the quote behind it; -1 for
// all else.
func IntAt(d []byte, i int) (n int64, end int) {
	if i >= len(d) {
		return 0, -1
	}
	negative := d[i] == '-'
	if negative {
		i++
	}
	start := i
	for i < len(d) && isDigit(d[i]) && i-start < 19 {
		n = n*10 + int64(d[i]-'0') // at most 19 digits are added up: n may wrap, but is dropped then
		i++
	}
	if digits := i - start; digits == 0 || digits > 18 || i >= len(d) || d[i] != '"' {
		return 0, -1
	}
	if negative {
		n = -n
	}
	return n, i
}

// ShortFloat consumes a quoted decimal number without exponent and with at most 15 digits, and returns the nearest float64.
// In front of anything else it consumes nothing and reports false; Number and strconv.ParseFloat are then its slow twin.
//
// Both the digits as an integer, below 10^15 < 2^53, and the power of ten, at most 10^15, are exact as float64, so that the
// one division rounds once, correctly.
func (r *Reader) ShortFloat() (float64, bool) {
	d, i := r.data, r.pos
	if i >= len(d) || d[i] != '"' {
		return 0, false
	}
	f, end := FloatAt(d, i+1)
	if end < 0 {
		return 0, false
	}
	r.pos = end + 1
	return f, true
}

// FloatAt returns a number as ShortFloat does that begins at i, behind a quote, and the offset of the quote behind it; -1 for all
// else.
func FloatAt(d []byte, i int) (f float64, end int) {
	if i >= len(d) {
		return 0, -1
	}
	negative := d[i] == '-'
	if negative {
		i++
	}
	var n int64
	start, point := i, -1
	for ; i < len(d) && i-start < 17; i++ {
		if isDigit(d[i]) {
			n = n*10 + int64(d[i]-'0')
		} else if d[i] == '.' && point < 0 {
			point = i
		} else {
			break
		}
	}
	digits, fraction := i-start, 0
	if point >= 0 {
		digits--
		fraction = i - point - 1
	}
	if digits == 0 || digits > 15 || i >= len(d) || d[i] != '"' {
		return 0, -1
	}
	f = float64(n) / pow10[fraction]
	if negative {
		f = math.Copysign(f, -1)
	}
	return f, i
}

var pow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// literal consumes a JSON number, not in quotes, as the service sends counts and capacities.
func (r *Reader) literal() (string, error) {
	r.space()
	at := r.pos
	if err := r.skipNumber(); err != nil {
		return "", err
	}
	return unsafeString(r.data[at:r.pos]), nil
}
