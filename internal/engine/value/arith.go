package value

import (
	"strconv"

	"github.com/cockroachdb/apd/v3"
)

// Add gives a+b, exactly. A result that needs more than 38 digits is refused with the message for an
// overflow, as the service does.
func Add(a, b Value) (Value, error) { return combine(a, b, false) }

// Sub gives a-b under the rules of Add.
func Sub(a, b Value) (Value, error) { return combine(a, b, true) }

// combine adds small integers as such, and everything else as big decimals. The operands differ by at
// most 256 orders of magnitude, so the exact sum is never long.
func combine(a, b Value, subtract bool) (Value, error) {
	x, y := unpack(a.data), unpack(b.data)
	if subtract && y.n > 0 {
		y.neg = !y.neg
	}
	if i, ok := x.int64(); ok {
		if j, ok := y.int64(); ok {
			return Int(i + j), nil // both below 10^18
		}
	}
	var p, q, sum apd.Decimal
	x.toBig(&p)
	y.toBig(&q)
	if _, err := apd.BaseContext.Add(&sum, &p, &q); err != nil {
		return Value{}, invalid(msgOverflow)
	}
	return fromBig(&sum)
}

func (d *decimal) toBig(z *apd.Decimal) {
	var text [len(d.digits)]byte
	for i := range d.n {
		text[i] = '0' + d.digits[i]
	}
	if d.n > 0 {
		z.Coeff.SetString(string(text[:d.n]), 10)
	}
	z.Negative = d.neg
	z.Exponent = int32(d.exp - max(d.n-1, 0))
}

func fromBig(z *apd.Decimal) (Value, error) {
	text := z.Coeff.String() + "E" + strconv.Itoa(int(z.Exponent))
	if z.Negative {
		text = "-" + text
	}
	var d decimal
	if err := d.parse(text); err != nil {
		if err.Message == msgPrecision {
			err.Message = msgOverflow
		}
		return Value{}, err
	}
	return d.value(), nil
}
