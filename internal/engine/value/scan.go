package value

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads the tokens of one JSON text. Its errors carry no message, as the service's do for
// bodies that are no JSON.
type scanner struct {
	in  []byte
	pos int
}

var errSyntax = malformed("")

// peek gives the first byte of the next token without taking it, or 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.in) {
		switch c := s.in[s.pos]; c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) literal(word string) bool {
	if s.peek(); len(s.in)-s.pos < len(word) || string(s.in[s.pos:s.pos+len(word)]) != word {
		return false
	}
	s.pos += len(word)
	return true
}

// null takes a null if one comes next.
func (s *scanner) null() bool { return s.peek() == 'n' && s.literal("null") }

// end checks that nothing follows.
func (s *scanner) end() *Error {
	if s.peek() != 0 || s.pos < len(s.in) {
		return errSyntax
	}
	return nil
}

// members calls f for each member of the object that comes next, after its name and colon. Names
// are appended to dst, which f gets and gives back; f takes the member's value.
func (s *scanner) members(dst []byte, f func(dst []byte, nameAt int) ([]byte, *Error)) ([]byte, *Error) {
	if !s.take('{') {
		return dst, errSyntax
	}
	if s.take('}') {
		return dst, nil
	}
	for {
		at := len(dst)
		var err *Error
		if dst, err = s.string(dst); err != nil {
			return dst, err
		}
		if !s.take(':') {
			return dst, errSyntax
		}
		if dst, err = f(dst, at); err != nil {
			return dst, err
		}
		switch {
		case s.take('}'):
			return dst, nil
		case !s.take(','):
			return dst, errSyntax
		}
	}
}

// elements calls f for each element of the array that comes next; f takes it.
func (s *scanner) elements(f func() *Error) *Error {
	if !s.take('[') {
		return errSyntax
	}
	if s.take(']') {
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		switch {
		case s.take(']'):
			return nil
		case !s.take(','):
			return errSyntax
		}
	}
}

// string appends the text of the string that comes next.
func (s *scanner) string(dst []byte) ([]byte, *Error) {
	if !s.take('"') {
		return dst, errSyntax
	}
	start, ascii := s.pos, byte(0)
	for s.pos < len(s.in) {
		for len(s.in)-s.pos >= 8 && plain(binary.LittleEndian.Uint64(s.in[s.pos:])) {
			s.pos += 8
		}
		if s.pos == len(s.in) {
			break
		}
		switch c := s.in[s.pos]; {
		case c == '"':
			part := s.in[start:s.pos]
			s.pos++
			if ascii >= utf8.RuneSelf && !utf8.Valid(part) {
				return dst, errSyntax
			}
			return append(dst, part...), nil
		case c == '\\':
			part := s.in[start:s.pos]
			if ascii >= utf8.RuneSelf && !utf8.Valid(part) {
				return dst, errSyntax
			}
			dst = append(dst, part...)
			var ok bool
			if dst, ok = s.escape(dst); !ok {
				return dst, errSyntax
			}
			start = s.pos
		case c < ' ':
			return dst, errSyntax
		default:
			ascii |= c
			s.pos++
		}
	}
	return dst, errSyntax
}

// plain says whether all of eight bytes are ASCII that stands for itself in a string.
func plain(w uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, backslash := w^(ones*'"'), w^(ones*'\\')
	return (w|(w-ones*' ')|(quote-ones)|(backslash-ones))&tops == 0
}

// escape appends what the escape sequence at the scanner's place stands for. Half a surrogate pair
// becomes U+FFFD.
func (s *scanner) escape(dst []byte) ([]byte, bool) {
	s.pos++
	if s.pos >= len(s.in) {
		return dst, false
	}
	c := s.in[s.pos]
	s.pos++
	switch c {
	case '"', '\\', '/':
		return append(dst, c), true
	case 'b':
		return append(dst, '\b'), true
	case 'f':
		return append(dst, '\f'), true
	case 'n':
		return append(dst, '\n'), true
	case 'r':
		return append(dst, '\r'), true
	case 't':
		return append(dst, '\t'), true
	case 'u':
		r, ok := s.hex4(s.pos)
		if !ok {
			return dst, false
		}
		s.pos += 4
		if utf16.IsSurrogate(r) && s.pos+1 < len(s.in) && s.in[s.pos] == '\\' && s.in[s.pos+1] == 'u' {
			if low, ok := s.hex4(s.pos + 2); ok {
				if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
					s.pos += 6
					return utf8.AppendRune(dst, full), true
				}
			}
		}
		return utf8.AppendRune(dst, r), true
	}
	return dst, false
}

func (s *scanner) hex4(at int) (rune, bool) {
	if at+4 > len(s.in) {
		return 0, false
	}
	r := rune(0)
	for _, c := range s.in[at : at+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// number takes the number that comes next and says whether it is written as an integer.
func (s *scanner) number() (integer bool, err *Error) {
	s.peek()
	digits := func() bool {
		start := s.pos
		for s.pos < len(s.in) && s.in[s.pos] >= '0' && s.in[s.pos] <= '9' {
			s.pos++
		}
		return s.pos > start
	}
	at := func(set string) bool {
		for i := range len(set) {
			if s.pos < len(s.in) && s.in[s.pos] == set[i] {
				s.pos++
				return true
			}
		}
		return false
	}
	at("-")
	if !at("0") && !digits() {
		return false, errSyntax
	}
	integer = true
	if at(".") {
		integer = false
		if !digits() {
			return false, errSyntax
		}
	}
	if at("eE") {
		integer = false
		at("+-")
		if !digits() {
			return false, errSyntax
		}
	}
	return integer, nil
}

// skip takes the next value, whatever it is. It keeps its place in nested ones as bits on a stack, so that
// hostile nesting costs no more than its length.
func (s *scanner) skip() *Error {
	var stack []byte
	for {
		switch c := s.peek(); c {
		case '{', '[':
			s.pos++
			if s.take(c + 2) {
				break
			}
			stack = append(stack, c+2)
			if c == '{' {
				if err := s.skipName(); err != nil {
					return err
				}
			}
			continue
		case '"':
			if _, err := s.string(nil); err != nil {
				return err
			}
		case 't', 'f', 'n':
			if !s.literal("true") && !s.literal("false") && !s.literal("null") {
				return errSyntax
			}
		default:
			if _, err := s.number(); err != nil {
				return err
			}
		}
		for len(stack) > 0 && s.take(stack[len(stack)-1]) {
			stack = stack[:len(stack)-1]
		}
		if len(stack) == 0 {
			return nil
		}
		if !s.take(',') {
			return errSyntax
		}
		if stack[len(stack)-1] == '}' {
			if err := s.skipName(); err != nil {
				return err
			}
		}
	}
}

func (s *scanner) skipName() *Error {
	if _, err := s.string(nil); err != nil {
		return err
	}
	if !s.take(':') {
		return errSyntax
	}
	return nil
}
