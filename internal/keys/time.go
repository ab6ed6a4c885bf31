package keys

import "time"

const fullTime = "2006-01-02T15:04:05.000000000Z"

// timeLayouts are the layouts of a time component. Each is of one length for
// all times of the years 0000 to 9999, and so ordered.
var timeLayouts = []string{
	"2006",
	"2006-01",
	"2006-01-02",
	"2006-01-02T15",
	"2006-01-02T15:04",
	"2006-01-02T15:04:05Z",
	"2006-01-02T15:04:05.000Z",
	"2006-01-02T15:04:05.000000Z",
	fullTime,
}

// floorTime is what a time may have in the places that its layout drops.
const floorTime = "0000-01-01T00:00:00.000000000"

// appendTime writes t, which is UTC and in the years 0000 to 9999. It is not
// exact if the layout drops a part of t.
func appendTime(dst []byte, t time.Time, layout string) (out []byte, exact bool) {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	var buf [len(fullTime)]byte
	b := appendDigits(buf[:0], uint64(year), 4)
	b = appendDigits(append(b, '-'), uint64(month), 2)
	b = appendDigits(append(b, '-'), uint64(day), 2)
	b = appendDigits(append(b, 'T'), uint64(hour), 2)
	b = appendDigits(append(b, ':'), uint64(minute), 2)
	b = appendDigits(append(b, ':'), uint64(second), 2)
	b = appendDigits(append(b, '.'), uint64(t.Nanosecond()), 9)
	n := len(layout)
	zulu := layout[n-1] == 'Z'
	if zulu {
		n--
	}
	dst = append(dst, b[:n]...)
	if zulu {
		dst = append(dst, 'Z')
	}
	return dst, string(b[n:]) == floorTime[n:]
}

// parseTime reads a time of a layout, strict about the calendar: no 30 February,
// no second 60.
func parseTime(text []byte, layout string) (time.Time, bool) {
	if len(text) != len(layout) {
		return time.Time{}, false
	}
	for i, c := range text {
		if isDigit(layout[i]) != isDigit(c) || !isDigit(c) && c != layout[i] {
			return time.Time{}, false
		}
	}
	full := [len(floorTime)]byte([]byte(floorTime))
	copy(full[:], text)
	if n := len(text); layout[n-1] == 'Z' && n <= len(full) {
		full[n-1] = floorTime[n-1]
	}
	month, day := number(full[5:7]), number(full[8:10])
	hour, minute, second := number(full[11:13]), number(full[14:16]), number(full[17:19])
	t := time.Date(number(full[:4]), time.Month(month), day, hour, minute, second, number(full[20:]), time.UTC)
	return t, int(t.Month()) == month && t.Day() == day && hour < 24 && minute < 60 && second < 60
}

// number reads digits that were checked before.
func number(digits []byte) int {
	n := 0
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n
}
