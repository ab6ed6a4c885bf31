package wire

import "strconv"

// ItemSize returns the size of an item as the service counts it against its limit of 400 KB:
//
//   - an attribute is the UTF-8 length of its name and its value
//   - S is its UTF-8 length, B its bytes, BOOL and NULL are 1
//   - N is 1 byte, 1 more if negative, and 1 for each two digits, counted in pairs from the decimal point, without the zeros
//     at both ends; at most 21. Zero is 1.
//   - a set is the sum of its elements
//   - a list or map is 3, and 1 for each element more than the element itself
//
// The documentation gives the rule for numbers as approximate; the exact one is what the service's own emulator does.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func ItemSize(item []byte) (int, error) {
	r := NewReader(item)
	n, err := r.membersSize(0)
	if err == nil {
		err = r.End()
	}
	return n, err
}

// membersSize returns the size of an object's members, with extra bytes for each.
func (r *Reader) membersSize(extra int) (int, error) {
	size := 0
	more, err := r.Open('{')
	for more && err == nil {
		var name []byte
		if name, err = r.Name(); err != nil {
			return 0, err
		}
		var n int
		if n, err = r.valueSize(); err != nil {
			return 0, err
		}
		size += len(name) + n + extra
		more, err = r.More('}')
	}
	return size, err
}

func (r *Reader) valueSize() (int, error) {
	k, err := r.OpenValue()
	if err != nil {
		return 0, err
	}
	n := 1
	switch k {
	case S, N, B:
		n, err = r.scalarSize(k)
	case BOOL, NULL:
		_, err = r.Bool()
	case SS:
		n, err = r.setSize(S)
	case NS:
		n, err = r.setSize(N)
	case BS:
		n, err = r.setSize(B)
	case L, M:
		if err := r.Enter(); err != nil {
			return 0, err
		}
		if k == M {
			n, err = r.membersSize(1)
		} else {
			n, err = r.listSize()
		}
		r.Leave()
		n += 3
	}
	if err != nil {
		return 0, err
	}
	return n, r.CloseValue()
}

func (r *Reader) scalarSize(k Kind) (int, error) {
	if k == N {
		number, err := r.Number()
		return numberSize(number), err
	}
	text, err := r.text()
	if k == B {
		if len(text)%4 != 0 {
			return 0, r.fail("invalid base64")
		}
		n := len(text) / 4 * 3
		for i := len(text) - 1; i >= 0 && text[i] == '='; i-- {
			n--
		}
		return n, err
	}
	return len(text), err
}

func (r *Reader) setSize(k Kind) (int, error) {
	size := 0
	more, err := r.Open('[')
	for more && err == nil {
		var n int
		if n, err = r.scalarSize(k); err != nil {
			return 0, err
		}
		size += n
		more, err = r.More(']')
	}
	return size, err
}

func (r *Reader) listSize() (int, error) {
	size := 0
	more, err := r.Open('[')
	for more && err == nil {
		var n int
		if n, err = r.valueSize(); err != nil {
			return 0, err
		}
		size += n + 1
		more, err = r.More(']')
	}
	return size, err
}

// numberSize takes a valid number. The service stores digits in base 100: a digit of weight 10^p lies in group p/2, rounded
// down, and the groups from the first to the last digit that is not 0 are kept.
func numberSize(s string) int {
	negative := 0
	if s != "" && s[0] == '-' {
		negative = 1
	}
	exponent, mantissa := 0, len(s)
	for i := range len(s) {
		if s[i] == 'e' || s[i] == 'E' {
			// So far out of the service's range any group will do, and the sums below stay within an int of 32 bits.
			exponent, _ = strconv.Atoi(s[i+1:])
			exponent = min(max(exponent, -1<<29), 1<<29)
			mantissa = i
			break
		}
	}
	point := mantissa
	for i := range mantissa {
		if s[i] == '.' {
			point = i
		}
	}
	first, last, seen := 0, 0, false
	for i := range mantissa {
		if c := s[i]; c < '1' || c > '9' {
			continue
		}
		weight := point - i + exponent
		if i < point {
			weight--
		}
		if !seen {
			first, seen = weight, true
		}
		last = weight
	}
	if !seen {
		return 1
	}
	return min(first>>1-last>>1+1+1+negative, 21)
}
