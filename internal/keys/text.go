package keys

import (
	"strings"
	"unicode/utf8"
)

// byteSet is a set of ASCII bytes, one bit each.
type byteSet [2]uint64

func (b *byteSet) add(c byte) { b[c>>6] |= 1 << (c & 63) }

func (b *byteSet) has(c byte) bool {
	return c < utf8.RuneSelf && b[c>>6]&(1<<(c&63)) != 0
}

// escapeSet returns the bytes that text encodes, which are the same in every
// place of a key.
//
// With the separator below '%' these are all bytes up to '%'. Each of them turns
// into '%', which sorts below all higher bytes and above the separator, and the hex
// digits keep their order among themselves. So every byte of a text is above the
// separator that ends it where another segment follows, and above the end of the
// key where none does: keys of other kinds of items that go on behind a text ("Acme")
// come right behind the key that ends with it, before all longer texts ("Acme Inc").
func escapeSet(separator byte) byteSet {
	var set byteSet
	if separator > '%' {
		set.add(separator)
		set.add('%')
		return set
	}
	for c := range byte('%' + 1) {
		set.add(c)
	}
	return set
}

const upperHex = "0123456789ABCDEF"

func appendEscaped(dst []byte, c byte) []byte {
	return append(dst, '%', upperHex[c>>4], upperHex[c&15])
}

// isEscape reports whether text, which starts with '%', starts with an escape
// in its one spelling.
func isEscape(text string) bool {
	return len(text) >= 3 && nibble(text[1]) < 16 && nibble(text[2]) < 16
}

func unescaped(text string) byte { return nibble(text[1])<<4 | nibble(text[2]) }

func nibble(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

func (s *segment) appendText(dst []byte, text string) ([]byte, error) {
	if text == "" {
		return dst, s.errorf("text is empty")
	}
	if !utf8.ValidString(text) {
		return dst, s.errorf("text %q is not valid UTF-8", text)
	}
	from := 0
	for i := range len(text) {
		if c := text[i]; s.escape.has(c) {
			dst = append(dst, text[from:i]...)
			dst = appendEscaped(dst, c)
			from = i + 1
		}
	}
	return append(dst, text[from:]...), nil
}

// parseText refuses everything that appendText does not write: a byte that
// should be encoded, and an escape for one that should not.
func (s *segment) parseText(text string, v *Value) bool {
	// Escapes stand for ASCII only, so that the value is valid if this is.
	if text == "" || !utf8.ValidString(text) {
		return false
	}
	escapes := 0
	for i := 0; i < len(text); i++ {
		if c := text[i]; c == '%' {
			if !isEscape(text[i:]) || !s.escape.has(unescaped(text[i:])) {
				return false
			}
			escapes++
			i += 2
		} else if s.escape.has(c) {
			return false
		}
	}
	if v == nil {
		return true
	}
	v.S = text
	if escapes > 0 {
		v.S = unescape(text, escapes)
	}
	return true
}

func unescape(text string, escapes int) string {
	var b strings.Builder
	b.Grow(len(text) - 2*escapes)
	for {
		i := strings.IndexByte(text, '%')
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		b.WriteByte(unescaped(text[i:]))
		text = text[i+3:]
	}
}
