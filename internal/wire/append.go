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
func AppendText(dst []byte, s string) ([]byte, error) { return AppendTextIn(dst, `"`, s, `"`) }

// AppendTextIn appends s as a JSON string like AppendText, in one go with what stands before it, which ends with the opening
// quote, and what stands after it, which begins with the closing one. After an error dst is as it was.
func AppendTextIn(dst []byte, before, s, after string) ([]byte, error) {
	high, found := scan(unsafeBytes(s))
	if high&highs != 0 && !utf8.ValidString(s) {
		return dst, ErrUTF8
	}
	dst = append(dst, before...)
	if found != 0 {
		dst = appendEscaped(dst, s)
	} else {
		dst = append(dst, s...)
	}
	return append(dst, after...), nil
}

// EndText makes what stands at dst[start:], behind an opening quote, the text of a JSON string, and appends what stands after it, which
// begins with the closing quote.
func EndText(dst []byte, start int, after string) ([]byte, error) {
	high, found := scan(dst[start:])
	if high&highs != 0 && !utf8.Valid(dst[start:]) {
		return dst, ErrUTF8
	}
	if found != 0 {
		dst = appendEscaped(dst[:start], string(dst[start:]))
	}
	return append(dst, after...), nil
}

// scan collects the bits of all bytes of a text, and what special finds in it.
func scan(b []byte) (high, found uint64) {
	if n := len(b); n >= 8 {
		for i := 0; i < n-8; i += 8 {
			w := binary.LittleEndian.Uint64(b[i:])
			high |= w
			found |= special(w)
		}
		w := binary.LittleEndian.Uint64(b[n-8:])
		high |= w
		found |= special(w)
	} else if n > 0 {
		high = short(b)
		found = special(high)
	}
	return high, found
}

// short returns a word that has all of 1 to 7 bytes in it, some of them twice, and spaces.
func short(b []byte) uint64 {
	n := len(b)
	if n >= 4 {
		return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<32
	}
	return 0x2020202020<<24 | uint64(b[0]) | uint64(b[n>>1])<<8 | uint64(b[n-1])<<16
}

// appendEscaped appends what stands between the quotes, byte by byte.
func appendEscaped(dst []byte, s string) []byte {
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
	return append(dst, s[plain:]...)
}

// AppendBase64 appends b as a JSON string of base64.
func AppendBase64(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"')
}

// AppendS appends a whole string value, {"S":"…"}.
func AppendS(dst []byte, s string) ([]byte, error) { return AppendTextIn(dst, `{"S":"`, s, `"}`) }

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
