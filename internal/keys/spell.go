package keys

import (
	"strings"
	"time"
)

// The functions below compare the text of a component with a value, without rendering it. text is what stands in a JSON
// string, valid UTF-8, as it stands there. They return what follows, and ok only where they are sure that the component renders the value
// so, which holds of nearly all; Pattern.Append is their slow twin.

// CutText cuts off a text in which nothing is encoded, neither in keys with a separator below '%' nor in JSON.
func CutText(text, value string) (rest string, ok bool) {
	if value == "" || !strings.HasPrefix(text, value) {
		return "", false
	}
	n := len(value)
	if n < 8 {
		for i := range n {
			if c := value[i]; c <= '%' || c == '\\' {
				return "", false
			}
		}
		return text[n:], true
	}
	found := encoded(word(value[n-8:]))
	for i := 0; i < n-8; i += 8 {
		found |= encoded(word(value[i:]))
	}
	return text[n:], found == 0
}

// word returns the first eight bytes of s.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// encoded returns 0 if no byte of the word is up to '%', or a backslash.
func encoded(w uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	b := w ^ ones*'\\'
	return ((w-ones*('%'+1))&^w | (b-ones)&^b) & highs
}

// CutTime cuts off a time in the default layout.
func CutTime(text string, t time.Time) (rest string, ok bool) {
	if len(text) < len(fullTime) || t.IsZero() {
		return "", false
	}
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	ok = year >= 0 && digits(text[:4]) == int64(year) &&
		text[4] == '-' && digits(text[5:7]) == int64(month) && text[7] == '-' && digits(text[8:10]) == int64(day) &&
		text[10] == 'T' && digits(text[11:13]) == int64(hour) && text[13] == ':' && digits(text[14:16]) == int64(minute) &&
		text[16] == ':' && digits(text[17:19]) == int64(second) && text[19] == '.' && digits(text[20:29]) == int64(t.Nanosecond()) && text[29] == 'Z'
	return text[len(fullTime):], ok
}

// CutInt cuts off an integer that is not negative, in so many digits.
func CutInt(text string, v int64, width int) (rest string, ok bool) {
	if v < 0 || len(text) < width {
		return "", false
	}
	return text[width:], digits(text[:width]) == v && text[0] < '9'
}

// digits returns the number that up to 19 digits are, the first of these below 9; or -1.
func digits(text string) int64 {
	n := int64(0)
	for i := range len(text) {
		c := text[i] - '0'
		if c > 9 {
			return -1
		}
		n = n*10 + int64(c)
	}
	return n
}
