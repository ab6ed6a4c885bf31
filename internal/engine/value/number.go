package value

import "strconv"

// A number is kept as its base-100 digits, so that bytes compare as the numbers do:
//
//	zero      80
//	positive  80+x, then for each digit pair p (0..99): p+1
//	negative  7f-x, then for each digit pair p: ff-(p+1), then ff
//
// where x = 65 + the base-100 exponent of the first pair. The service's range, 1E-130 to 9.99…E+125,
// gives exponents -65 to 62, which is exactly what seven bits hold. Leading and trailing pairs of 00 are
// never kept. The ff that ends a negative number makes it sort above those with more digits. So the
// length of this form is also the size that the service charges: one byte, one more for each
// pair of digits, one more for a minus.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number
const (
	maxDigits   = 38
	maxExponent = 125
	minExponent = -130
	expBias     = 65
	zeroByte    = 0x80
	negativeEnd = 0xff
)

// decimal is a number taken apart: ±d.ddd × 10^exp. digits has no zero at either end; a zero has
// no digits.
type decimal struct {
	neg    bool
	n      int
	exp    int
	digits [2 * (maxDigits/2 + 1)]byte
}

// Number makes an N of its text, which may be anything that the service accepts: an optional sign,
// digits with at most one point, and an optional exponent.
func Number(text string) (Value, error) {
	var d decimal
	if err := d.parse(text); err != nil {
		return Value{}, err
	}
	return d.value(), nil
}

// Int makes an N of i. It does not allocate for small ones, such as the sizes that conditions ask for.
func Int(i int64) Value {
	if i >= 0 && i < int64(len(smallInts)) {
		return smallInts[i]
	}
	return newInt(i)
}

var smallInts = func() (list [256]Value) {
	for i := range list {
		list[i] = newInt(int64(i))
	}
	return list
}()

func newInt(i int64) Value {
	var d decimal
	d.setInt(i)
	return d.value()
}

func (d *decimal) setInt(i int64) {
	d.neg, d.n = i < 0, 0
	u := uint64(i)
	if d.neg {
		u = -u
	}
	var tmp [20]byte
	k := len(tmp)
	for ; u > 0; u /= 10 {
		k--
		tmp[k] = byte(u % 10)
	}
	d.exp = len(tmp) - k - 1
	d.n = copy(d.digits[:], tmp[k:])
	d.trim()
}

func (d *decimal) trim() {
	for d.n > 0 && d.digits[d.n-1] == 0 {
		d.n--
	}
	if d.n == 0 {
		d.neg, d.exp = false, 0
	}
}

// parse reads text. The order of its complaints is the service's: not a number, too big, too
// small, too many digits.
func (d *decimal) parse(text string) *Error {
	s := text
	if s != "" && (s[0] == '-' || s[0] == '+') {
		d.neg = s[0] == '-'
		s = s[1:]
	}
	var (
		seen, point  bool
		lead         bool // a digit other than 0 was seen
		zeros        int  // zeros since the last other digit
		digits       int  // significant digits, ends trimmed, even those that do not fit
		exp          = -1
		afterExp     string
		hasExp, over bool
	)
scan:
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			seen = true
			switch {
			case !lead && c == '0':
				if point {
					exp--
				}
				continue
			case c == '0':
				zeros++
			default:
				lead = true
				for ; zeros > 0; zeros-- {
					over = d.push(0, &digits) || over
				}
				over = d.push(c-'0', &digits) || over
			}
			if !point {
				exp++
			}
		case c == '.' && !point:
			point = true
		case c == 'e' || c == 'E':
			hasExp, afterExp = true, s[i+1:]
			break scan
		default:
			return badNumber(text)
		}
	}
	if !seen {
		return badNumber(text)
	}
	if hasExp {
		e, ok := parseExponent(afterExp)
		if !ok {
			return badNumber(text)
		}
		exp += e
	}
	if d.n == 0 {
		exp++ // zero has a digit too: the service holds the exponent that it is written with to the same range
	}
	d.exp = exp
	switch {
	case d.n == 0 && (!hasExp || exp >= minExponent && exp <= maxExponent):
		d.neg, d.exp = false, 0
	case exp > maxExponent:
		return invalid(msgOverflow)
	case exp < minExponent:
		return invalid(msgUnderflow)
	case over:
		return invalid(msgPrecision)
	}
	return nil
}

func (d *decimal) push(c byte, count *int) (over bool) {
	*count++
	if *count > maxDigits {
		return true
	}
	d.digits[d.n] = c
	d.n++
	return false
}

func badNumber(text string) *Error {
	e := invalid(msgNumber + ": " + text)
	if text == "" {
		e.Message, e.Newer = msgNumber, e.Message
	}
	return e
}

// parseExponent reads what follows an E, which for the service is an integer of 64 bits. Exponents beyond any legal
// number are cut down to one that is still out of range whatever the digits in front of it are.
func parseExponent(s string) (int, bool) {
	e, err := strconv.ParseInt(s, 10, 64)
	const limit = 1 << 20
	return int(max(-limit, min(e, limit))), err == nil
}

// value packs d, which must be in range.
func (d *decimal) value() Value {
	var buf [maxDigits/2 + 4]byte
	return Value{N, string(d.appendPacked(buf[:0]))}
}

func (d *decimal) appendPacked(dst []byte) []byte {
	if d.n == 0 {
		return append(dst, zeroByte)
	}
	var (
		exp100 = d.exp >> 1 // rounds down, below zero too
		i      = 0
		flip   byte
		head   = byte(zeroByte + expBias + exp100)
	)
	if d.neg {
		flip = 0xff
	}
	dst = append(dst, head^flip)
	if d.exp&1 == 0 { // the first pair has one digit only
		dst = append(dst, (d.digits[0]+1)^flip)
		i = 1
	}
	for ; i < d.n; i += 2 {
		p := d.digits[i] * 10
		if i+1 < d.n {
			p += d.digits[i+1]
		}
		dst = append(dst, (p+1)^flip)
	}
	if d.neg {
		dst = append(dst, negativeEnd)
	}
	return dst
}

// unpack does the inverse of value.
func unpack(s string) (d decimal) {
	if len(s) <= 1 {
		return d
	}
	var flip byte
	if d.neg = s[0] < zeroByte; d.neg {
		flip = 0xff
		s = s[:len(s)-1]
	}
	exp100 := int(s[0]^flip) - zeroByte - expBias
	for i := 1; i < len(s); i++ {
		p := (s[i] ^ flip) - 1
		if i > 1 || p >= 10 {
			d.digits[d.n] = p / 10
			d.n++
		}
		d.digits[d.n] = p % 10
		d.n++
	}
	d.exp = 2 * exp100
	if (s[1]^flip)-1 >= 10 {
		d.exp++
	}
	d.trim()
	return d
}

// AppendNumber appends the text of an N as the service prints it: without an exponent, without zeros
// that say nothing, and with a digit in front of the point.
func (v Value) AppendNumber(dst []byte) []byte {
	if v.kind != N {
		return dst
	}
	return appendNumberText(dst, v.data)
}

func appendNumberText(dst []byte, data string) []byte {
	d := unpack(data)
	if d.n == 0 {
		return append(dst, '0')
	}
	if d.neg {
		dst = append(dst, '-')
	}
	if d.exp < 0 {
		dst = append(dst, "0."...)
		for range -d.exp - 1 {
			dst = append(dst, '0')
		}
	}
	for i := range d.n {
		if i == d.exp+1 && i > 0 {
			dst = append(dst, '.')
		}
		dst = append(dst, '0'+d.digits[i])
	}
	for range d.exp + 1 - d.n {
		dst = append(dst, '0')
	}
	return dst
}

// NumberText returns the text that AppendNumber appends.
func (v Value) NumberText() string {
	var buf [64]byte
	return string(v.AppendNumber(buf[:0]))
}

// Int64 gives an N as an int64, and false if it is no N, has a fraction or does not fit.
func (v Value) Int64() (int64, bool) {
	if v.kind != N {
		return 0, false
	}
	d := unpack(v.data)
	return d.int64()
}

func (d *decimal) int64() (int64, bool) {
	if d.n == 0 {
		return 0, true
	}
	if d.exp < d.n-1 || d.exp > 17 {
		return 0, false
	}
	i := int64(0)
	for k := range d.exp + 1 {
		i *= 10
		if k < d.n {
			i += int64(d.digits[k])
		}
	}
	if d.neg {
		i = -i
	}
	return i, true
}
