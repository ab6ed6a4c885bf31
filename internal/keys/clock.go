package keys

import (
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// clock is how a template writes times: in a layout of package time, or as a number. What a layout does to times, whether it
// drops a part of them, whether it keeps their order, which places hold digits, is found by asking it about a hundred times
// that differ in every part.
type clock struct {
	layout  string
	unit    time.Duration // of a number, else 0
	zoned   bool          // it shows the offset, and so times are rendered in their own zone instead of UTC
	part    bool          // it holds a part of the time only
	ordered bool
	shape   []class // of a layout of fixed width: what each byte can be; nil: it has none
}

// partly in front of a layout says that the time may have more than the layout holds.
const partly = "~"

// numbers are the formats that are no layouts. Of Unix times these are the digits from 2001-09-09 to 2286, so that their
// order is that of the times.
var numbers = map[string]struct {
	unit   time.Duration
	digits int
}{"unix": {time.Second, 10}, "unixms": {time.Millisecond, 13}}

// setClock reads the format of a time.
func (s *segment) setClock() error {
	layout, part := strings.CutPrefix(s.format, partly)
	if layout == "" {
		layout = time.RFC3339Nano // as the attribute is stored
	}
	c := &clock{layout: layout, part: part}
	s.clock = c
	if n, ok := numbers[layout]; ok {
		c.unit, c.ordered, s.fixed = n.unit, true, n.digits
		return nil
	}
	if err := c.ask(); err != "" {
		return s.errorf("invalid layout %q: %s", layout, err)
	}
	s.fixed = len(c.shape)
	return nil
}

// ask finds out what the layout does.
func (c *clock) ask() (wrong string) {
	noon := time.Date(2024, 5, 17, 12, 0, 0, 0, time.UTC)
	switch {
	case !utf8.ValidString(c.layout):
		return "it is not valid UTF-8"
	case noon.Format(c.layout) == c.layout:
		return "it shows no part of a time"
	}
	c.zoned = noon.Format(c.layout) != time.Date(2024, 5, 17, 12, 0, 0, 0, time.FixedZone("", 2*3600)).Format(c.layout)
	c.ordered = true
	east, west := time.FixedZone("", 5*3600+1800), time.FixedZone("", -7*3600)
	var seen [][256]bool
	last := ""
	for i, t := range probes() {
		if c.zoned {
			t = t.In([]*time.Location{time.UTC, east, west}[i%3])
		}
		text := t.Format(c.layout)
		if i == 0 {
			seen = make([][256]bool, len(text))
		}
		c.ordered = c.ordered && text >= last
		last = text
		if len(text) != len(seen) {
			seen = nil
		}
		for i := range seen {
			seen[i][text[i]] = true
		}
		back, ok := c.parse(text)
		if !ok {
			return "its times cannot be read again"
		}
		if t = t.Truncate(time.Second); !back.Truncate(time.Second).Equal(t) {
			c.part = true
		}
	}
	for i := range seen {
		c.shape = append(c.shape, c.place(&seen[i]))
	}
	return ""
}

// place returns what can stand at a place: digits where there were any, one character where there was only one, else all.
func (c *clock) place(seen *[256]bool) class {
	var bytes []byte
	for b, has := range seen {
		if has {
			bytes = append(bytes, byte(b))
		}
	}
	switch {
	case !slices.ContainsFunc(bytes, func(b byte) bool { return !isDigit(b) }):
		return classOf(decimals)
	case len(bytes) == 1 && !c.zoned:
		return classOf(string(bytes))
	}
	return everyByte
}

// probes returns times in ascending order that differ in every part.
var probes = sync.OnceValue(func() (list []time.Time) {
	at := func(year int, month time.Month, day, hour, minute, second, nano int) {
		list = append(list, time.Date(year, month, day, hour, minute, second, nano, time.UTC))
	}
	for _, year := range []int{987, 1969, 2001, 2010, 2038, 9876} {
		at(year, 6, 15, 0, 0, 0, 0)
	}
	for month := range time.Month(12) {
		for _, day := range []int{1, 9, 10, 28} {
			at(2024, month+1, day, 0, 0, 0, 0)
		}
	}
	for n := range 24 {
		at(2024, 2, 29, n, 0, 0, 0)
		at(2024, 2, 29, 13, n*59/23, 0, 0)
		at(2024, 2, 29, 13, 30, n*59/23, 0)
		at(2024, 2, 29, 13, 30, 17, n*43_478_260+n%2*7)
	}
	slices.SortFunc(list, time.Time.Compare)
	return slices.CompactFunc(list, time.Time.Equal)
})

func (s *segment) appendClock(dst []byte, t time.Time) ([]byte, error) {
	c := s.clock
	if err := s.checkTime(t.UTC()); err != nil {
		return dst, err
	}
	if !c.zoned {
		t = t.UTC()
	}
	from := len(dst)
	if c.unit > 0 {
		n := t.Unix()
		if c.unit == time.Millisecond {
			n = t.UnixMilli()
		}
		if n < int64(pow10[s.fixed-1]) || n >= int64(pow10[s.fixed]) {
			return dst, s.errorf("time %s is not %s as a Unix time: 2001-09-09 to 2286-11-20 are", t.Format(time.RFC3339Nano), plural(s.fixed, "digit"))
		}
		dst = appendDigits(dst, uint64(n), s.fixed)
	} else {
		dst = t.AppendFormat(dst, c.layout)
	}
	back, ok := c.parse(string(dst[from:]))
	switch {
	case !ok || s.fixed > 0 && len(dst)-from != s.fixed:
		return dst[:from], s.errorf("time %s cannot be read again from layout %q", t.Format(time.RFC3339Nano), c.layout)
	case !c.part && !back.Equal(t):
		return dst[:from], s.errorf("time %s does not fit layout %q, which would drop a part of it: truncate the time in UTC, or let the key hold that part only with {%s:%s%s}",
			t.Format(time.RFC3339Nano), c.layout, s.attr, partly, c.layout)
	}
	return dst, nil
}

// parse reads a time, or the beginning of the part that the layout holds; not what it does not write.
func (c *clock) parse(text string) (time.Time, bool) {
	if c.unit > 0 {
		n, ok := parseDigits([]byte(text), len(text))
		if !ok || len(text) < 2 || text[0] == '0' {
			return time.Time{}, false
		}
		if c.unit == time.Millisecond {
			return time.UnixMilli(int64(n)).UTC(), true
		}
		return time.Unix(int64(n), 0).UTC(), true
	}
	t, err := time.Parse(c.layout, text)
	var buf [64]byte
	return t, err == nil && string(t.AppendFormat(buf[:0], c.layout)) == text
}
