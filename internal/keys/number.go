package keys

import (
	"math"
	"strconv"
)

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// pow10 holds 10^0 to 10^19; 10^20 does not fit in a uint64.
var pow10 = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// magnitude returns |v|, also of the least int64.
func magnitude(v int64) uint64 {
	if v < 0 {
		return uint64(-(v + 1)) + 1
	}
	return uint64(v)
}

func intFits(v int64, width int) bool { return magnitude(v) < pow10[width] }

func uintFits(v uint64, width int) bool { return width >= len(pow10) || v < pow10[width] }

// AppendNumber appends the shortest text of an Int, a Uint, or a Float of so many bits: 0.1 of 32 bits is no 0.1 of 64.
func AppendNumber(dst []byte, v Value, bits int) []byte {
	switch v.Kind {
	case Int:
		return strconv.AppendInt(dst, v.I, 10)
	case Uint:
		return strconv.AppendUint(dst, v.U, 10)
	}
	return strconv.AppendFloat(dst, v.F, 'g', -1, bits)
}

// appendInt writes v, which fits in width digits. A negative v is "-" and the
// digits of 10^width+v: '-' sorts below the digits, and the sum grows with v.
func appendInt(dst []byte, v int64, width int) []byte {
	if v >= 0 {
		return appendDigits(dst, uint64(v), width)
	}
	return appendDigits(append(dst, '-'), pow10[width]-magnitude(v), width)
}

func appendDigits(dst []byte, u uint64, width int) []byte {
	var buf [20]byte
	for i := width - 1; i >= 0; i-- {
		buf[i] = '0' + byte(u%10)
		u /= 10
	}
	return append(dst, buf[:width]...)
}

func parseInt(text []byte, width int) (int64, bool) {
	if len(text) == 0 || text[0] != '-' {
		u, ok := parseDigits(text, width)
		return int64(u), ok && u <= math.MaxInt64
	}
	u, ok := parseDigits(text[1:], width)
	if !ok || u == 0 {
		return 0, false
	}
	m := pow10[width] - u // at least 1, and up to 10^19-1
	return -int64(m-1) - 1, m <= 1<<63
}

func parseDigits(text []byte, width int) (uint64, bool) {
	if len(text) != width {
		return 0, false
	}
	var u uint64
	for _, c := range text {
		if !isDigit(c) {
			return 0, false
		}
		d := uint64(c - '0')
		if u > (math.MaxUint64-d)/10 {
			return 0, false
		}
		u = u*10 + d
	}
	return u, true
}

// A float is the text EEEeD.DDDDDDDDDDDDDDDD: the decimal exponent plus 500 and
// the digits of the shortest decimal that reads back as the float, padded with
// zeros. These decimals are distinct and ordered like the floats, each lying in
// its own float's rounding interval. Zero, of either sign, is all zeros. A
// negative is "-" and the same text with each digit d as 9-d.
const (
	floatBias   = 500
	floatDigits = 17
	floatLen    = 3 + 1 + 1 + floatDigits
	zeroFloat   = "000e0.0000000000000000"
	maxMantissa = "1.7976931348623157" // of the greatest float, whose exponent is 308
)

// appendFloat writes a finite f.
func appendFloat(dst []byte, f float64) []byte {
	text := [floatLen]byte([]byte(zeroFloat))
	if f != 0 {
		var buf [32]byte
		shortest := strconv.AppendFloat(buf[:0], math.Abs(f), 'e', -1, 64) // d[.d…]e±dd[d]
		e := len(shortest) - 1
		for shortest[e] != 'e' {
			e--
		}
		exp := 0
		for _, c := range shortest[e+2:] {
			exp = exp*10 + int(c-'0')
		}
		if shortest[e+1] == '-' {
			exp = -exp
		}
		appendDigits(text[:0], uint64(exp+floatBias), 3)
		copy(text[4:], shortest[:e])
	}
	if f < 0 {
		dst = append(dst, '-')
		complement(&text)
	}
	return append(dst, text[:]...)
}

func complement(text *[floatLen]byte) {
	for i, c := range text {
		if isDigit(c) {
			text[i] = '0' + '9' - c
		}
	}
}

// parseFloat reads the decimal and accepts it if its float renders as text.
func parseFloat(text []byte) (float64, bool) {
	digits := text
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		digits = text[1:]
	}
	if len(digits) != floatLen {
		return 0, false
	}
	plain := [floatLen]byte(digits)
	if negative {
		complement(&plain)
	}
	exp, ok := parseDigits(plain[:3], 3)
	if !ok || exp > floatBias+308 || exp == floatBias+308 && string(plain[4:]) > maxMantissa {
		return 0, false // not a number, or one that strconv takes pains to report
	}
	var f float64
	if exp != 0 {
		var buf [32]byte
		decimal := append(append(buf[:0], plain[4:]...), 'e')
		decimal = strconv.AppendInt(decimal, int64(exp)-floatBias, 10)
		var err error
		if f, err = strconv.ParseFloat(string(decimal), 64); err != nil {
			return 0, false
		}
		if negative {
			f = -f
		}
	}
	var again [floatLen + 1]byte
	return f, string(appendFloat(again[:0], f)) == string(text)
}
