package input

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner walks one JSON text that is held in memory.
//
// It never recurses on the input's nesting (skip counts brackets), so hostile
// bodies cost time linear in their length and no stack. All methods report
// failure by ok == false; the caller answers such a body with the service's
// bare SerializationException.
type scanner struct {
	b []byte
	i int
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// peek skips white space and returns the first byte of what follows, or 0 at
// the end of the text (a NUL byte is never valid JSON, so 0 is unambiguous).
func (s *scanner) peek() byte {
	s.space()
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *scanner) accept(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.i++
	return true
}

func (s *scanner) literal(word string) bool {
	if !bytes.HasPrefix(s.b[s.i:], []byte(word)) {
		return false
	}
	s.i += len(word)
	return true
}

// rawString consumes a string and returns what stands between its quotes, and
// whether that contains escapes.
func (s *scanner) rawString() (raw []byte, escaped, ok bool) {
	if !s.accept('"') {
		return nil, false, false
	}
	start := s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			raw = s.b[start:s.i]
			s.i++
			return raw, escaped, true
		case c == '\\':
			escaped = true
			s.i += 2
		case c < ' ':
			return nil, false, false
		default:
			s.i++
		}
	}
	return nil, false, false
}

func (s *scanner) string() (string, bool) {
	text, ok := s.bytes()
	return string(text), ok
}

// bytes does what string does, without the copy: what it returns may point into the text.
func (s *scanner) bytes() ([]byte, bool) {
	raw, escaped, ok := s.rawString()
	if !ok || !utf8.Valid(raw) {
		return nil, false
	}
	if !escaped {
		return raw, true
	}
	return unescape(raw)
}

func unescape(raw []byte) ([]byte, bool) {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			i++
			continue
		}
		if i+1 >= len(raw) {
			return nil, false
		}
		c := raw[i+1]
		i += 2
		switch c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, ok := hex4(raw[i:])
			if !ok {
				return nil, false
			}
			i += 4
			if utf16.IsSurrogate(r) {
				low, ok := rune(0), false
				if i+6 <= len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
					low, ok = hex4(raw[i+2:])
				}
				if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
					return nil, false
				}
				i += 6
			}
			out = utf8.AppendRune(out, r)
		default:
			return nil, false
		}
	}
	return out, true
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
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
		r = r<<4 | rune(c)
	}
	return r, true
}

// number consumes a JSON number and reports whether it is written without
// fraction and exponent.
func (s *scanner) number() (text []byte, integer, ok bool) {
	start := s.i
	digits := func() bool {
		from := s.i
		for s.i < len(s.b) && '0' <= s.b[s.i] && s.b[s.i] <= '9' {
			s.i++
		}
		return s.i > from
	}
	if s.i < len(s.b) && s.b[s.i] == '-' {
		s.i++
	}
	lead := s.i
	if !digits() || (s.b[lead] == '0' && s.i > lead+1) {
		return nil, false, false
	}
	integer = true
	if s.i < len(s.b) && s.b[s.i] == '.' {
		integer = false
		s.i++
		if !digits() {
			return nil, false, false
		}
	}
	if s.i < len(s.b) && (s.b[s.i] == 'e' || s.b[s.i] == 'E') {
		integer = false
		s.i++
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if !digits() {
			return nil, false, false
		}
	}
	return s.b[start:s.i], integer, true
}

// skip consumes one value of any kind and returns its bytes. It matches
// brackets and strings only; whoever decodes the bytes checks the rest.
func (s *scanner) skip() ([]byte, bool) {
	c := s.peek()
	start := s.i
	switch c {
	case '{', '[':
		return s.skipNested()
	case '"':
		_, _, ok := s.rawString()
		return s.b[start:s.i], ok
	case 't':
		return s.b[start:min(start+4, len(s.b))], s.literal("true")
	case 'f':
		return s.b[start:min(start+5, len(s.b))], s.literal("false")
	case 'n':
		return s.b[start:min(start+4, len(s.b))], s.literal("null")
	default:
		text, _, ok := s.number()
		return text, ok
	}
}

func (s *scanner) skipNested() ([]byte, bool) {
	start, depth := s.i, 0
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '{', '[':
			depth++
			s.i++
		case '}', ']':
			depth--
			s.i++
			if depth == 0 {
				return s.b[start:s.i], true
			}
		case '"':
			if _, _, ok := s.rawString(); !ok {
				return nil, false
			}
		default:
			s.i++
		}
	}
	return nil, false
}

// members calls f for each member of the object at the scanner, with the
// scanner at the member's value. f must consume the value and may not keep the name.
func (s *scanner) members(f func(name []byte) error) error {
	if !s.accept('{') {
		return errSyntax
	}
	if s.accept('}') {
		return nil
	}
	for {
		name, ok := s.bytes()
		if !ok || !s.accept(':') {
			return errSyntax
		}
		if err := f(name); err != nil {
			return err
		}
		if s.accept('}') {
			return nil
		}
		if !s.accept(',') {
			return errSyntax
		}
	}
}

// elements calls f for each element of the array at the scanner.
func (s *scanner) elements(f func() error) error {
	if !s.accept('[') {
		return errSyntax
	}
	if s.accept(']') {
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		if s.accept(']') {
			return nil
		}
		if !s.accept(',') {
			return errSyntax
		}
	}
}
