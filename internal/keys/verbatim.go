package keys

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The components of templates render values as other programs have stored them:
//
//	text   as it is; with the format uuid, ulid or ksuid, letters, digits and hyphens of that length
//	int    in decimal, "-7" and "12"; with the format 08, not negative and of 8 digits; uint as int
//	float  in decimal, as many digits as it takes: 0.1, 100000000000000000000000
//	bool   false, true
//	time   see clock.go
//	bytes  lower-case hex; with the format uuid, the text of the UUID that they are

// idLengths are the formats of texts, and their lengths.
var idLengths = map[string]int{"uuid": 36, "ulid": 26, "ksuid": 27}

// idBytes are what the texts of ids consist of.
const idBytes = decimals + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"

// hyphens are the bytes of a UUID in front of which a hyphen stands, and its ends.
var hyphens = []int{0, 4, 6, 8, 10, 16}

// completeVerbatim reads the format.
func (s *segment) completeVerbatim() error {
	if s.bits == 0 {
		s.bits = 64
	}
	s.width = maxDigits(s.kind)
	s.setRange()
	digits, err := strconv.Atoi(s.format)
	switch {
	case s.kind == Time:
		return s.setClock()
	case s.kind == Bool:
		s.ordered = true // by the first letter
	case s.kind == Bytes:
		s.size = cmp.Or(s.size, s.fixed/2)
		s.fixed = 2 * s.size
	}
	switch {
	case s.format == "":
	case s.kind == Bytes && s.format == "uuid" && (s.size == 0 || s.size == 16):
		s.fixed, s.size = 36, 16
	case s.kind == Text && idLengths[s.format] > 0:
		s.fixed = idLengths[s.format]
	case (s.kind == Int || s.kind == Uint) && s.format[0] == '0' && err == nil && 1 <= digits && digits <= s.width:
		s.fixed, s.width, s.least = digits, digits, 0
		if digits < len(pow10) {
			s.most = min(s.most, pow10[digits]-1)
		}
	case s.kind == Int || s.kind == Uint:
		return s.errorf("invalid format %q: %s takes a number of digits, 01 to 0%d", s.format, s.kind, s.width)
	case s.kind == Text:
		return s.errorf("invalid format %q: text takes uuid, ulid or ksuid", s.format)
	default:
		return s.errorf("invalid format %q: %s takes none", s.format, s.kind)
	}
	return nil
}

func (s *segment) appendVerbatim(dst []byte, v *Value) ([]byte, error) {
	switch s.kind {
	case Text:
		switch {
		case v.S == "":
			return dst, s.errorf("text is empty")
		case !utf8.ValidString(v.S):
			return dst, s.errorf("text %q is not valid UTF-8", v.S)
		case s.fixed > 0 && !isID(v.S, s.fixed):
			return dst, s.errorf("text %q is not %s", v.S, s.describe())
		}
		return append(dst, v.S...), nil
	case Bytes:
		if len(v.B) == 0 {
			return dst, s.errorf("bytes are empty")
		}
		if s.format == "" {
			return hex.AppendEncode(dst, v.B), nil
		}
		if len(v.B) != s.size {
			return dst, s.errorf("%d bytes are no UUID", len(v.B))
		}
		for i, from := range hyphens[1:] {
			if dst = hex.AppendEncode(dst, v.B[hyphens[i]:from]); from < s.size {
				dst = append(dst, '-')
			}
		}
		return dst, nil
	case Bool:
		if v.I != 0 && v.I != 1 {
			return dst, s.errorf("bool %d is neither 0 nor 1", v.I)
		}
		return strconv.AppendBool(dst, v.I == 1), nil
	case Float:
		if v.F-v.F != 0 {
			return dst, s.errorf("float %v is not finite", v.F)
		}
		return s.appendShortest(dst, v.F), nil
	case Time:
		return s.appendClock(dst, v.T)
	case Uint:
		if v.U > s.most {
			return dst, s.errorf("%d does not fit in %s", v.U, plural(s.width, "digit"))
		}
		if s.fixed > 0 {
			return appendDigits(dst, v.U, s.fixed), nil
		}
		return strconv.AppendUint(dst, v.U, 10), nil
	}
	if !s.fits(v) {
		return dst, s.errorf("%d does not fit in %s without a sign", v.I, plural(s.width, "digit"))
	}
	if s.fixed > 0 {
		return appendDigits(dst, uint64(v.I), s.fixed), nil
	}
	return strconv.AppendInt(dst, v.I, 10), nil
}

// appendShortest writes a float in decimal, with the digits that it takes among those of its size. The zeros are one number.
func (s *segment) appendShortest(dst []byte, f float64) []byte {
	return strconv.AppendFloat(dst, f+0, 'f', -1, s.bits)
}

// endsEarly reports whether a text would be cut too early: the text that ends it begins in it.
func (s *segment) endsEarly(text []byte) bool {
	if bytes.Contains(text, []byte(s.until)) {
		return true
	}
	for i := max(0, len(text)-len(s.until)+1); i < len(text); i++ {
		begun := len(text) - i
		if string(text[i:]) == s.until[:begun] && strings.HasPrefix(s.until, s.until[begun:]) {
			return true
		}
	}
	return false
}

func isID(text string, length int) bool {
	return len(text) == length && strings.Trim(text, idBytes) == ""
}

// parseVerbatim does what parse does.
func (s *segment) parseVerbatim(text string, v *Value) bool {
	var scratch Value
	if v == nil {
		v = &scratch
	}
	v.Kind = s.kind
	switch s.kind {
	case Text:
		v.S = text
		return text != "" && utf8.ValidString(text) && (s.fixed == 0 || isID(text, s.fixed))
	case Bytes:
		if v == &scratch {
			v = nil
		}
		if s.format == "" {
			return parseHex(text, v)
		}
		return parseUUID(text, v)
	case Bool:
		if text == "true" {
			v.I = 1
		}
		return v.I == 1 || text == "false"
	case Time:
		t, ok := s.clock.parse(text)
		v.T = t
		return ok && (s.clock.part || !t.IsZero())
	}
	var buf [32]byte
	var err error
	switch {
	case s.fixed > 0 && s.kind == Int:
		u, ok := parseDigits([]byte(text), s.fixed)
		v.I = int64(u)
		return ok && u <= s.most
	case s.fixed > 0:
		var ok bool
		v.U, ok = parseDigits([]byte(text), s.fixed)
		return ok
	case s.kind == Int:
		v.I, err = strconv.ParseInt(text, 10, 64)
		return err == nil && string(strconv.AppendInt(buf[:0], v.I, 10)) == text
	case s.kind == Uint:
		v.U, err = strconv.ParseUint(text, 10, 64)
		return err == nil && string(strconv.AppendUint(buf[:0], v.U, 10)) == text
	}
	v.F, err = strconv.ParseFloat(text, s.bits)
	return err == nil && v.F-v.F == 0 && string(s.appendShortest(buf[:0], v.F)) == text
}

// parseUUID does what parse does with the text of a UUID, which is of its length.
func parseUUID(text string, v *Value) bool {
	var buf [32]byte
	digits := buf[:0]
	for i := range len(text) {
		if i != 8 && i != 13 && i != 18 && i != 23 {
			digits = append(digits, text[i])
		} else if text[i] != '-' {
			return false
		}
	}
	return parseHex(string(digits), v)
}

func (s *segment) describeVerbatim() string {
	switch {
	case s.kind == Text && s.fixed > 0:
		return fmt.Sprintf("%d letters, digits and hyphens", s.fixed)
	case s.kind == Text:
		return "a text"
	case s.fixed > 0 && (s.kind == Int || s.kind == Uint):
		return plural(s.fixed, "digit")
	case s.kind == Time:
		return fmt.Sprintf("a time of layout %q", s.format)
	}
	return map[Kind]string{Int: "an int without padding", Uint: "a uint without padding", Float: "a float", Bool: "a bool", Bytes: "bytes in hex"}[s.kind]
}
