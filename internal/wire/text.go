package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// SWAR: eight bytes are looked at in one 64-bit word. A mask has the top bit of a byte set where the byte has the wanted
// property; a borrow can set bits above the first such byte by mistake, never below it, so only the lowest set bit counts.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special marks bytes that end the plain part of a JSON string: quote, backslash and control characters.
func special(w uint64) uint64 {
	q, b := w^(ones*'"'), w^(ones*'\\')
	return ((q-ones)&^q | (b-ones)&^b | (w-ones*' ')&^w) & highs
}

// Text consumes a string and returns its unescaped text. It aliases the input unless Copy is set or it was escaped.
func (r *Reader) Text() (string, error) {
	b, err := r.text()
	if err != nil || len(b) == 0 {
		return "", err
	}
	if r.Copy {
		b = r.copied(b)
	}
	return unsafeString(b), nil
}

// copied copies bytes into the room for copies.
func (r *Reader) copied(b []byte) []byte {
	from := r.taken
	to := from + len(b)
	if to > len(r.room) {
		return r.copiedAnew(b)
	}
	r.taken = to // no pointer is stored: that costs much while the collector runs
	made := r.room[from:to:to]
	copy(made, b)
	return made
}

// copiedAnew copies bytes for which there is no room. New room is for as much as the rest of the text will need: at first a third
// of it, later as much as there was before.
func (r *Reader) copiedAnew(b []byte) []byte {
	const alone, least = maxAliased / 4, 1 << 10
	if len(b) >= alone {
		return bytes.Clone(b)
	}
	rest := len(r.data) - r.pos
	needed := rest / 3
	if r.used > 0 {
		needed = r.Expect(r.used, 0)
	}
	size := min(len(b)+max(needed, min(rest, least)), maxAliased)
	r.used += size
	r.room, r.taken = make([]byte, size), 0
	return r.copied(b)
}

// Kept returns bytes that alias the text, as they may be kept: a copy where strings are copied.
func (r *Reader) Kept(b []byte) []byte {
	if r.Copy {
		return r.copied(b)
	}
	return b
}

// unsafeString returns a string that shares b's bytes, which must not change from now on.
func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// unsafeBytes returns the bytes of s, only to be read.
func unsafeBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// TextBytes consumes a string and returns its unescaped bytes. They alias the input even if Copy is set: they are only to
// be read, and only for the moment, see Kept.
func (r *Reader) TextBytes() ([]byte, error) { return r.text() }

// text consumes a string and returns its unescaped bytes: part of the input, or new ones where it had escapes.
func (r *Reader) text() ([]byte, error) {
	d, i := r.data, r.pos
	if i >= len(d) || d[i] != '"' {
		r.space()
		if r.peek() != '"' {
			return nil, r.unexpected("a string")
		}
		i = r.pos
	}
	i++
	if end := PlainEnd(d, i); end >= 0 {
		r.pos = end + 1
		return d[i:end:end], nil
	}
	return r.textSlow(i)
}

// PlainEnd returns where the string ends that begins at i, behind its opening quote: the offset of the closing one. It is -1 where a
// string has escapes or is none, and near the end of the input.
func PlainEnd(d []byte, i int) int {
	start := i
	var high uint64 // collects the top bits of all bytes: 0 if the text is ASCII
	for i+8 <= len(d) {
		w := binary.LittleEndian.Uint64(d[i:])
		m := special(w)
		if m == 0 {
			high |= w
			i += 8
			continue
		}
		n := bits.TrailingZeros64(m) &^ 7
		high |= w & (1<<n - 1)
		i += n >> 3
		if d[i] == '"' && (high&highs == 0 || utf8.Valid(d[start:i])) {
			return i
		}
		break
	}
	return -1
}

// textSlow reads as text does, without its shortcuts, from the first byte after the quote on.
func (r *Reader) textSlow(start int) ([]byte, error) {
	d := r.data
	var out []byte // unescaped so far, nil before the first escape
	plain := start // what lies between here and r.pos is not yet in out
	for r.pos = start; r.pos < len(d); {
		switch c := d[r.pos]; {
		case c == '"':
			text := d[plain:r.pos:r.pos]
			if out != nil {
				text = append(out, text...)
			}
			r.pos++
			return text, nil
		case c == '\\':
			out = append(out, d[plain:r.pos]...)
			u, err := r.escape()
			if err != nil {
				return nil, err
			}
			out = utf8.AppendRune(out, u)
			plain = r.pos
		case c < ' ':
			return nil, r.fail("control character in string")
		case c < utf8.RuneSelf:
			r.pos++
		default:
			u, n := utf8.DecodeRune(d[r.pos:])
			if u == utf8.RuneError && n <= 1 {
				return nil, r.fail("invalid UTF-8")
			}
			r.pos += n
		}
	}
	return nil, r.fail("unexpected end in string")
}

// escape consumes a backslash and what follows it. Half a surrogate pair is an error: it has no UTF-8.
func (r *Reader) escape() (rune, error) {
	at := r.pos
	r.pos++
	c := r.peek()
	r.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		u, ok := r.hex4()
		if ok && utf16.IsSurrogate(u) {
			low := rune(utf8.RuneError)
			if r.Match(`\u`) {
				low, ok = r.hex4()
			}
			u = utf16.DecodeRune(u, low)
			ok = ok && u != utf8.RuneError
		}
		if ok {
			return u, nil
		}
	}
	r.pos = at
	return 0, r.fail("invalid escape in string")
}

func (r *Reader) hex4() (rune, bool) {
	if len(r.data)-r.pos < 4 {
		return 0, false
	}
	var u rune
	for _, c := range r.data[r.pos : r.pos+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		u = u<<4 | rune(c)
	}
	r.pos += 4
	return u, true
}

// Bytes consumes a string of base64 and appends the bytes that it stands for to dst.
func (r *Reader) Bytes(dst []byte) ([]byte, error) {
	at := r.pos
	text, err := r.text()
	if err != nil {
		return dst, err
	}
	out, err := base64.StdEncoding.AppendDecode(dst, text)
	if err != nil {
		r.pos = at
		return dst, r.fail("invalid base64")
	}
	return out, nil
}
