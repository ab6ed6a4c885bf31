package wire

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// ErrUTF8 reports text that JSON cannot carry. The SDK would send U+FFFD instead, which is not what the caller stored.
var ErrUTF8 = errors.New("text is not valid UTF-8")

// ErrNumber reports text that is no decimal number where the service wants one.
var ErrNumber = errors.New("invalid number")

func numberError(text string) error { return fmt.Errorf("%w %q", ErrNumber, text[:min(len(text), 48)]) }

// AppendString appends s as a JSON string. What is not UTF-8 becomes U+FFFD; AppendText refuses it.
func AppendString(dst []byte, s string) []byte {
	out, err := AppendText(dst, s)
	if err != nil {
		out, _ = AppendText(dst, string([]rune(s)))
	}
	return out
}

// AppendText appends s as a JSON string. It escapes only what JSON demands: quotes, backslashes, control characters.
func AppendText(dst []byte, s string) ([]byte, error) {
	i, high := 0, uint64(0)
	b := unsafeBytes(s)
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		if special(w) != 0 {
			break
		}
		high |= w
		i += 8
	}
	if i < len(b) && special(tail(b[i:])) != 0 {
		return appendEscaped(dst, s)
	}
	if i < len(b) {
		high |= tail(b[i:])
	}
	if high&highs != 0 && !utf8.ValidString(s) {
		return dst, ErrUTF8
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"'), nil
}

// tail returns the first eight bytes of b, which is not empty, with spaces after its end.
func tail(b []byte) uint64 {
	if len(b) >= 8 {
		return binary.LittleEndian.Uint64(b)
	}
	w := uint64(ones * ' ')
	for i := len(b) - 1; i >= 0; i-- {
		w = w<<8 | uint64(b[i])
	}
	return w
}

// appendEscaped is AppendText's twin without shortcuts.
func appendEscaped(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return dst, ErrUTF8
	}
	dst = append(dst, '"')
	plain := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[plain:i]...)
		plain = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			const hex = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, s[plain:]...)
	return append(dst, '"'), nil
}

// AppendBase64 appends b as a JSON string of base64.
func AppendBase64(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"')
}

// AppendS appends a whole string value, {"S":"…"}.
func AppendS(dst []byte, s string) ([]byte, error) {
	n := len(dst)
	out, err := AppendText(append(dst, `{"S":`...), s)
	if err != nil {
		return out[:n], err
	}
	return append(out, '}'), nil
}

// AppendN appends a whole number value, {"N":"…"}. Text that is no decimal number is an error.
func AppendN(dst []byte, number string) ([]byte, error) {
	if !isNumber(number) {
		return dst, numberError(number)
	}
	dst = append(dst, `{"N":"`...)
	dst = append(dst, number...)
	return append(dst, `"}`...), nil
}

// AppendInt appends a whole number value.
func AppendInt(dst []byte, n int64) []byte {
	dst = append(dst, `{"N":"`...)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, `"}`...)
}

// AppendB appends a whole binary value.
func AppendB(dst, b []byte) []byte {
	dst = AppendBase64(append(dst, `{"B":`...), b)
	return append(dst, '}')
}

// AppendBool appends a whole boolean value.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, `{"BOOL":true}`...)
	}
	return append(dst, `{"BOOL":false}`...)
}

// AppendNull appends the null value.
func AppendNull(dst []byte) []byte { return append(dst, `{"NULL":true}`...) }
